//! The training step by candle's autograd, on any device.

use candle_core::{D, DType, Tensor, Var};

use super::{BatchMetrics, OptimizerState, Step, StepSettings};
use crate::{
    bitmap::{CLASSES, PIXELS},
    data::Target,
    error::{ModelError, TrainingError},
    model::Mlp,
    training::{
        batch::Batch,
        config::{Loss, Optimizer},
    },
};

/// Added to the norm of the gradient before the division, as in PyTorch.
pub(in crate::training) const CLIP_EPSILON: f64 = 1e-6;

/// A network and its optimizer state.
pub(in crate::training) struct Autograd {
    mlp: Mlp,
    /// Weight and bias of each layer in turn.
    moments: Vec<OptimizedParameter>,
    steps: u32,
}

/// A parameter and its optimizer state, as [`OptimizerState`] describes it.
struct OptimizedParameter {
    parameter: Var,
    first: Tensor,
    second: Tensor,
}

impl Autograd {
    pub(in crate::training) fn new(mlp: Mlp) -> Result<Self, ModelError> {
        let moments = |parameter: &Var| {
            let zeros = parameter.zeros_like()?;
            Ok::<_, ModelError>(OptimizedParameter {
                parameter: parameter.clone(),
                first: zeros.clone(),
                second: zeros,
            })
        };
        Ok(Self {
            moments: mlp.parameters().map(moments).collect::<Result<_, _>>()?,
            mlp,
            steps: 0,
        })
    }

    fn train(
        &mut self,
        batch: Batch,
        settings: &StepSettings,
    ) -> candle_core::Result<BatchMetrics> {
        let (metrics, gradients) = gradients(&self.mlp, batch, settings)?;
        let gradients = clipped(gradients, settings.clip_norm)?;
        self.steps += 1;
        for (moments, gradient) in self.moments.iter_mut().zip(&gradients) {
            moments.step(gradient, settings, self.steps)?;
        }
        Ok(metrics)
    }
}

/// The metrics of a batch, and the gradient of its mean loss by each parameter, with the penalties, before clipping.
pub(in crate::training) fn gradients(
    mlp: &Mlp,
    batch: Batch,
    settings: &StepSettings,
) -> candle_core::Result<(BatchMetrics, Vec<Tensor>)> {
    let device = mlp.device();
    let count = batch.members.len();
    let logits = logits(mlp, batch, settings)?;
    let labels: Vec<u8> = batch.targets.iter().map(|target| target.class).collect();
    let labels = Tensor::from_vec(labels, count, device)?;
    let correct = logits
        .argmax(D::Minus1)?
        .to_dtype(labels.dtype())?
        .eq(&labels)?;
    let correct = correct
        .to_dtype(DType::U32)?
        .sum_all()?
        .to_scalar::<u32>()?;
    let classes = CLASSES + usize::from(settings.rejects);
    let targets = distributions(batch.targets, classes, settings.label_smoothing);
    let targets = Tensor::from_vec(targets, (count, classes), device)?;
    let log_probabilities = candle_nn::ops::log_softmax(&logits, D::Minus1)?;
    let losses = match settings.loss {
        Loss::CrossEntropy => (targets * &log_probabilities)?.sum(D::Minus1)?.neg()?,
        Loss::MeanSquaredError => {
            let errors = (log_probabilities.exp()? - targets)?.sqr()?;
            (errors.sum(D::Minus1)? / classes as f64)?
        }
    };
    let mean = (losses.sum_all()? / count as f64)?;
    let gradients = penalized(mlp, mean, settings)?.backward()?;
    let gradient = |parameter: &Var| match gradients.get(parameter) {
        Some(gradient) => Ok(gradient.clone()),
        None => parameter.zeros_like(),
    };
    let gradients: candle_core::Result<_> = mlp.parameters().map(gradient).collect();
    let metrics = BatchMetrics {
        loss_sum: f64::from(losses.sum_all()?.to_scalar::<f32>()?),
        correct: correct as usize,
    };
    Ok((metrics, gradients?))
}

/// `[n, 10]`, or `[n, 11]` with the non-digit class.
fn logits(mlp: &Mlp, batch: Batch, settings: &StepSettings) -> candle_core::Result<Tensor> {
    let device = mlp.device();
    let count = batch.members.len();
    let images = Tensor::from_vec(batch.to_dense(), (count, PIXELS), device)?;
    let dropout = settings.dropout;
    let mut drop_out = |layer: usize, outputs: Tensor| {
        if dropout.is_none() {
            return Ok(outputs);
        }
        let width = outputs.dim(D::Minus1)?;
        let mut factors = vec![0.0; count * width];
        for (row, factors) in factors.chunks_exact_mut(width).enumerate() {
            dropout.factors(layer, row, 0, factors);
        }
        outputs * Tensor::from_vec(factors, (count, width), device)?
    };
    let logits = mlp.forward_changed(&images, &mut drop_out);
    let logits = logits.map_err(candle_core::Error::wrap)?;
    if settings.rejects {
        return logits.pad_with_zeros(D::Minus1, 0, 1);
    }
    Ok(logits)
}

/// The loss with the L1 and L2 penalties.
fn penalized(mlp: &Mlp, mut loss: Tensor, settings: &StepSettings) -> candle_core::Result<Tensor> {
    for weight in mlp.parameters().step_by(2) {
        if settings.l1 > 0.0 {
            loss = (loss + (weight.abs()?.sum_all()? * settings.l1)?)?;
        }
        if settings.l2 > 0.0 {
            loss = (loss + (weight.sqr()?.sum_all()? * settings.l2)?)?;
        }
    }
    Ok(loss)
}

/// Scales the gradients so that their common norm is at most `max_norm`; 0 is no limit.
fn clipped(gradients: Vec<Tensor>, max_norm: f64) -> candle_core::Result<Vec<Tensor>> {
    if max_norm <= 0.0 {
        return Ok(gradients);
    }
    let mut squares = 0.0;
    for gradient in &gradients {
        let sum = gradient.to_dtype(DType::F64)?.sqr()?.sum_all()?;
        squares += sum.to_scalar::<f64>()?;
    }
    let factor = max_norm / (squares.sqrt() + CLIP_EPSILON);
    if factor >= 1.0 {
        return Ok(gradients);
    }
    gradients.iter().map(|gradient| gradient * factor).collect()
}

impl OptimizedParameter {
    /// One step of the optimizer, number `steps` from 1 on.
    fn step(
        &mut self,
        gradient: &Tensor,
        settings: &StepSettings,
        steps: u32,
    ) -> candle_core::Result<()> {
        let rate = settings.learning_rate;
        let change = match settings.optimizer {
            Optimizer::Sgd { momentum } => {
                self.first = ((&self.first * momentum)? + gradient)?;
                (&self.first * rate)?
            }
            Optimizer::RmsProp { decay, epsilon } => {
                self.second = mean(&self.second, &gradient.sqr()?, decay)?;
                ((gradient * rate)? / (self.second.sqrt()? + epsilon)?)?
            }
            Optimizer::Adam {
                beta1,
                beta2,
                epsilon,
                ..
            } => {
                self.first = mean(&self.first, gradient, beta1)?;
                self.second = mean(&self.second, &gradient.sqr()?, beta2)?;
                let rate = rate * adam_correction(beta1, beta2, steps);
                ((&self.first * rate)? / (self.second.sqrt()? + epsilon)?)?
            }
        };
        let is_weight = self.parameter.rank() == 2;
        let decay = if is_weight {
            settings.optimizer.weight_decay()
        } else {
            0.0
        };
        let kept = (self.parameter.as_tensor() * (1.0 - rate * decay))?;
        self.parameter.set(&(kept - change)?)
    }
}

/// An exponential moving average with a new value.
fn mean(mean: &Tensor, value: &Tensor, decay: f64) -> candle_core::Result<Tensor> {
    (mean * decay)? + (value * (1.0 - decay))?
}

/// The factor of Adam's learning rate that corrects the bias of both moments, which start at 0.
pub(in crate::training) fn adam_correction(beta1: f64, beta2: f64, steps: u32) -> f64 {
    (1.0 - beta2.powi(steps as i32)).sqrt() / (1.0 - beta1.powi(steps as i32))
}

/// `[n, classes]`: the target distributions. A label gets label smoothing; teacher logits become their softmax.
fn distributions(targets: &[Target], classes: usize, smoothing: f64) -> Vec<f32> {
    let off_target = smoothing as f32 / classes as f32;
    let mut distributions = vec![off_target; targets.len() * classes];
    for (row, &target) in distributions.chunks_exact_mut(classes).zip(targets) {
        let Some(teacher_logits) = target.teacher_logits else {
            row[usize::from(target.class)] += 1.0 - smoothing as f32;
            continue;
        };
        // The logit of the non-digit class is 0.
        let powers = (0..classes).map(|class| {
            teacher_logits
                .get(class)
                .map_or(1.0, |x| f64::from(*x).exp())
        });
        let powers: Vec<f64> = powers.collect();
        let sum: f64 = powers.iter().sum();
        for (part, power) in row.iter_mut().zip(powers) {
            *part = (power / sum) as f32;
        }
    }
    distributions
}

impl Step for Autograd {
    fn step(
        &mut self,
        batch: Batch,
        settings: &StepSettings,
    ) -> Result<BatchMetrics, TrainingError> {
        Ok(self.train(batch, settings).map_err(ModelError::from)?)
    }

    fn state(&self) -> Result<OptimizerState, TrainingError> {
        let values = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f32>();
        let mut state = OptimizerState {
            steps: self.steps,
            ..OptimizerState::default()
        };
        for OptimizedParameter { first, second, .. } in &self.moments {
            state.first.push(values(first).map_err(ModelError::from)?);
            state.second.push(values(second).map_err(ModelError::from)?);
        }
        Ok(state)
    }

    fn restore(&mut self, state: &OptimizerState) -> Result<(), TrainingError> {
        self.steps = state.steps;
        let states = state.first.iter().zip(&state.second);
        for (moments, (first, second)) in self.moments.iter_mut().zip(states) {
            let shape = moments.parameter.shape();
            let device = moments.parameter.device();
            let tensor = |values: &Vec<f32>| Tensor::from_slice(values, shape, device);
            let first = tensor(first).map_err(ModelError::from)?;
            let second = tensor(second).map_err(ModelError::from)?;
            (moments.first, moments.second) = (first, second);
        }
        Ok(())
    }
}
