//! A training step: one batch, one update of the parameters.

pub(super) mod autograd;
pub(super) mod cpu;

use super::{
    batch::Batch,
    config::{Loss, Optimizer},
    dropout::Dropout,
};
use crate::error::TrainingError;

/// An implementation of the training step: candle's autograd on any device, or the faster ones on the CPU, which compute
/// the same numbers.
pub(super) trait Step: Send {
    /// Trains the network on one batch.
    fn step(
        &mut self,
        batch: Batch,
        settings: &StepSettings,
    ) -> Result<BatchMetrics, TrainingError>;

    /// The state of the optimizer.
    fn state(&self) -> Result<OptimizerState, TrainingError>;

    /// Restores the state of the optimizer, which is that of a network of this shape.
    fn restore(&mut self, state: &OptimizerState) -> Result<(), TrainingError>;
}

/// The settings that may change from step to step.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StepSettings {
    pub(super) optimizer: Optimizer,
    pub(super) learning_rate: f64,
    pub(super) loss: Loss,
    /// The part of the target that is spread evenly over all classes.
    pub(super) label_smoothing: f64,
    /// Whether there is a non-digit class, whose logit is always 0.
    pub(super) rejects: bool,
    /// The factor of Σ |weight| in the loss.
    pub(super) l1: f64,
    /// The factor of Σ weight² in the loss.
    pub(super) l2: f64,
    /// The greatest norm of the gradient; 0 is no limit.
    pub(super) clip_norm: f64,
    /// The dropout of the hidden layers.
    pub(super) dropout: Dropout,
}

/// The metrics of a batch before its update.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct BatchMetrics {
    /// The sum of the examples' losses.
    pub(super) loss_sum: f64,
    /// The number of correct predictions.
    pub(super) correct: usize,
}

impl BatchMetrics {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            loss_sum: self.loss_sum + other.loss_sum,
            correct: self.correct + other.correct,
        }
    }
}

/// The state of an optimizer: weight and bias of each layer in turn. What an optimizer does not use is 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct OptimizerState {
    /// Finished steps.
    pub(super) steps: u32,
    /// The first moment of Adam, or the velocity of SGD.
    pub(super) first: Vec<Vec<f32>>,
    /// The second moment of Adam, or the mean square of `RMSprop`.
    pub(super) second: Vec<Vec<f32>>,
}
