//! What a training step does to each layer: the sizes of its gradient and of its update.

use candle_core::Tensor;

use super::{
    batch::Batch,
    step::{StepSettings, autograd},
};
use crate::{error::ModelError, model::Mlp};

/// What the step on one batch did to a layer. Means over its weights, so that large layers do not look stronger.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerStep {
    /// The mean absolute gradient of the batch's mean loss by a weight, with penalties, before clipping.
    pub gradient: f64,
    /// The mean absolute change of a weight, divided by the mean absolute weight before it.
    pub update: f64,
}

/// A step under inspection. It only reads the network.
pub(super) struct Inspection {
    /// Mean absolute gradients of the layers.
    gradients: Vec<f64>,
    /// The weights of the layers before the step.
    weights: Vec<Tensor>,
}

impl Inspection {
    /// Computes the gradient of a batch that the network is about to learn from.
    pub(super) fn begin(
        mlp: &Mlp,
        batch: Batch,
        settings: &StepSettings,
    ) -> Result<Self, ModelError> {
        let (_, gradients) = autograd::gradients(mlp, batch, settings)?;
        let gradients = gradients.iter().step_by(2).map(mean_size);
        let weights = weights(mlp).map(Tensor::copy);
        Ok(Self {
            gradients: gradients.collect::<Result<_, _>>()?,
            weights: weights.collect::<Result<_, _>>()?,
        })
    }

    /// Compares the weights with those before the step.
    pub(super) fn end(self, mlp: &Mlp) -> Result<Vec<LayerStep>, ModelError> {
        let layers = self.gradients.into_iter().zip(&self.weights);
        let layers = layers.zip(weights(mlp)).map(|((gradient, before), after)| {
            Ok(LayerStep {
                gradient,
                update: mean_size(&(after - before)?)? / mean_size(before)?,
            })
        });
        layers.collect()
    }
}

fn weights(mlp: &Mlp) -> impl Iterator<Item = &Tensor> {
    mlp.layers().iter().map(|layer| layer.weight.as_tensor())
}

fn mean_size(values: &Tensor) -> candle_core::Result<f64> {
    Ok(f64::from(values.abs()?.mean_all()?.to_scalar::<f32>()?))
}
