//! The general step: candle's forward pass and autograd, on any device.

use candle_core::{D, DType, Tensor, Var};

use super::{BatchFigures, Step, StepSettings, batch::Batch};
use crate::{
    bitmap::{CLASSES, PIXELS},
    error::{ModelError, TrainingError},
    model::Mlp,
};

/// Adam's decay of the first moment, as Kingma and Ba (2015) propose and Keras has it.
pub(super) const BETA1: f64 = 0.9;
/// Adam's decay of the second moment, likewise.
pub(super) const BETA2: f64 = 0.999;
/// What keeps Adam's division finite; Keras's default.
pub(super) const EPSILON: f64 = 1e-7;

/// A network with Adam's state for each of its parameters.
pub(super) struct Autograd {
    mlp: Mlp,
    moments: Vec<Moments>,
    steps: i32,
}

/// A parameter with the running means of its gradient and of its gradient's square.
struct Moments {
    parameter: Var,
    first: Tensor,
    second: Tensor,
}

impl Autograd {
    pub(super) fn new(mlp: Mlp) -> Result<Self, ModelError> {
        let parameters = mlp
            .layers()
            .iter()
            .flat_map(|dense| [&dense.weight, &dense.bias]);
        let moments = parameters.map(|parameter| {
            let zeros = parameter.zeros_like()?;
            Ok(Moments {
                parameter: parameter.clone(),
                first: zeros.clone(),
                second: zeros,
            })
        });
        let moments: Result<_, ModelError> = moments.collect();
        Ok(Self {
            moments: moments?,
            mlp,
            steps: 0,
        })
    }

    fn learn(
        &mut self,
        batch: Batch,
        settings: &StepSettings,
    ) -> candle_core::Result<BatchFigures> {
        let device = self.mlp.device();
        let count = batch.members.len();
        let images = Tensor::from_vec(batch.to_dense(), (count, PIXELS), device)?;
        let wanted = Tensor::from_slice(batch.targets, count, device)?;
        let mut logits = self
            .mlp
            .forward(&images)
            .map_err(candle_core::Error::wrap)?;
        if settings.rejects {
            logits = logits.pad_with_zeros(D::Minus1, 0, 1)?;
        }
        let correct = logits
            .argmax(D::Minus1)?
            .to_dtype(wanted.dtype())?
            .eq(&wanted)?;
        let correct = correct
            .to_dtype(DType::U32)?
            .sum_all()?
            .to_scalar::<u32>()?;
        let classes = CLASSES + usize::from(settings.rejects);
        let targets = smoothed(batch.targets, classes, settings.label_smoothing);
        let targets = Tensor::from_vec(targets, (count, classes), device)?;
        let log_probabilities = candle_nn::ops::log_softmax(&logits, D::Minus1)?;
        let loss_sum = (targets * log_probabilities)?.sum_all()?.neg()?;
        let gradients = (&loss_sum / count as f64)?.backward()?;
        self.steps += 1;
        let correction = (1.0 - BETA2.powi(self.steps)).sqrt() / (1.0 - BETA1.powi(self.steps));
        let rate = settings.learning_rate * correction;
        for Moments {
            parameter,
            first,
            second,
        } in &mut self.moments
        {
            let Some(gradient) = gradients.get(parameter) else {
                continue;
            };
            *first = ((&*first * BETA1)? + (gradient * (1.0 - BETA1))?)?;
            *second = ((&*second * BETA2)? + (gradient.sqr()? * (1.0 - BETA2))?)?;
            let change = ((&*first * rate)? / (second.sqrt()? + EPSILON)?)?;
            let is_weight = parameter.rank() == 2;
            let decay = if is_weight {
                settings.weight_decay
            } else {
                0.0
            };
            let kept = (parameter.as_tensor() * (1.0 - settings.learning_rate * decay))?;
            parameter.set(&(kept - change)?)?;
        }
        let loss_sum = f64::from(loss_sum.to_scalar::<f32>()?);
        Ok(BatchFigures {
            loss_sum,
            correct: correct as usize,
        })
    }
}

/// `[n, classes]`: the distribution of each target, `smoothing` of which is spread over all classes.
fn smoothed(targets: &[u8], classes: usize, smoothing: f64) -> Vec<f32> {
    let off_target = smoothing as f32 / classes as f32;
    let mut distributions = vec![off_target; targets.len() * classes];
    for (row, &target) in distributions.chunks_exact_mut(classes).zip(targets) {
        row[usize::from(target)] += 1.0 - smoothing as f32;
    }
    distributions
}

impl Step for Autograd {
    fn step(
        &mut self,
        batch: Batch,
        settings: &StepSettings,
    ) -> Result<BatchFigures, TrainingError> {
        Ok(self.learn(batch, settings).map_err(ModelError::from)?)
    }
}
