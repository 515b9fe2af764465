//! A step of training: what it takes, and what it gives.

pub(super) mod autograd;
pub(super) mod convolution;
pub(super) mod cpu;

use super::{
    batch::Batch,
    config::{Loss, Optimizer},
    dropout::Dropout,
};
use crate::error::TrainingError;

/// One way to compute a step of training: the general one, on candle's autograd, or the faster one
/// that gives the same numbers.
pub(super) trait Step: Send {
    /// Learns from one batch.
    fn step(
        &mut self,
        batch: Batch,
        settings: &StepSettings,
    ) -> Result<BatchFigures, TrainingError>;

    /// What the optimizer remembers.
    fn state(&self) -> Result<OptimizerState, TrainingError>;

    /// Goes on from what an optimizer remembered of a network of this shape.
    fn restore(&mut self, state: &OptimizerState) -> Result<(), TrainingError>;
}

/// What may change from step to step.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StepSettings {
    /// How the gradient becomes a step.
    pub(super) optimizer: Optimizer,
    /// The learning rate.
    pub(super) learning_rate: f64,
    /// What is made small.
    pub(super) loss: Loss,
    /// The part of the target that is spread evenly over all digits.
    pub(super) label_smoothing: f64,
    /// The gradient of a generated digit is multiplied by this power of the probability that it is read as wanted.
    pub(super) gce_q: f64,
    /// Whether the softmax has an eleventh class, whose logit is always 0: that there is no digit.
    pub(super) rejects: bool,
    /// The penalty on the weights' sizes.
    pub(super) l1: f64,
    /// The penalty on their squares.
    pub(super) l2: f64,
    /// The length that a longer gradient is cut to; 0 leaves it.
    pub(super) clip_norm: f64,
    /// What is left out of the hidden layers.
    pub(super) dropout: Dropout,
}

/// What a step saw before it changed the weights.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct BatchFigures {
    /// The sum of the examples' losses.
    pub(super) loss_sum: f64,
    /// How many were read rightly.
    pub(super) correct: usize,
}

impl BatchFigures {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            loss_sum: self.loss_sum + other.loss_sum,
            correct: self.correct + other.correct,
        }
    }
}

/// What an optimizer remembers: for each parameter, in the order of [`Mlp::parameters`], as many values as
/// the parameter has, shared ones once. What the optimizer has no use for is zero.
///
/// [`Mlp::parameters`]: crate::model::Mlp::parameters
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct OptimizerState {
    /// Steps done.
    pub(super) steps: u32,
    /// Adam's first moment, or the velocity of gradient descent.
    pub(super) first: Vec<Vec<f32>>,
    /// Adam's second moment, or the mean square of `RMSprop`.
    pub(super) second: Vec<Vec<f32>>,
}
