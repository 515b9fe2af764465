//! The general step: candle's forward pass and autograd, on any device.

use candle_core::{D, Tensor, Var};

use super::{BatchFigures, Step, config::TrainingConfig};
use crate::{
    bitmap::PIXELS,
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
    learning_rate: f64,
    steps: i32,
}

/// A parameter with the running means of its gradient and of its gradient's square.
struct Moments {
    parameter: Var,
    first: Tensor,
    second: Tensor,
}

impl Autograd {
    pub(super) fn new(mlp: Mlp, config: &TrainingConfig) -> Result<Self, ModelError> {
        let parameters = mlp.layers().iter().flat_map(|dense| [&dense.weight, &dense.bias]);
        let moments = parameters.map(|parameter| {
            let zeros = parameter.zeros_like()?;
            Ok(Moments { parameter: parameter.clone(), first: zeros.clone(), second: zeros })
        });
        let moments: Result<_, ModelError> = moments.collect();
        Ok(Self { moments: moments?, mlp, learning_rate: config.learning_rate, steps: 0 })
    }

    fn learn(&mut self, images: &[f32], labels: &[u8]) -> candle_core::Result<BatchFigures> {
        let device = self.mlp.device();
        let images = Tensor::from_slice(images, (labels.len(), PIXELS), device)?;
        let labels = Tensor::from_slice(labels, labels.len(), device)?;
        let logits = self.mlp.forward(&images).map_err(candle_core::Error::wrap)?;
        let correct = logits.argmax(D::Minus1)?.to_dtype(labels.dtype())?.eq(&labels)?;
        let correct = correct.to_dtype(candle_core::DType::U32)?.sum_all()?.to_scalar::<u32>()?;
        let loss = candle_nn::loss::cross_entropy(&logits, &labels)?;
        let gradients = loss.backward()?;
        self.steps += 1;
        let bias1 = 1.0 - BETA1.powi(self.steps);
        let bias2 = 1.0 - BETA2.powi(self.steps);
        let rate = self.learning_rate * bias2.sqrt() / bias1;
        for Moments { parameter, first, second } in &mut self.moments {
            let Some(gradient) = gradients.get(parameter) else { continue };
            *first = ((&*first * BETA1)? + (gradient * (1.0 - BETA1))?)?;
            *second = ((&*second * BETA2)? + (gradient.sqr()? * (1.0 - BETA2))?)?;
            let change = ((&*first * rate)? / (second.sqrt()? + EPSILON)?)?;
            parameter.set(&(parameter.as_tensor() - change)?)?;
        }
        let loss_sum = f64::from(loss.to_scalar::<f32>()?) * labels.dims1()? as f64;
        Ok(BatchFigures { loss_sum, correct: correct as usize })
    }
}

impl Step for Autograd {
    fn step(&mut self, images: &[f32], labels: &[u8]) -> Result<BatchFigures, TrainingError> {
        Ok(self.learn(images, labels).map_err(ModelError::from)?)
    }
}
