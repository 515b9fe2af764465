//! Hints on the settings of a training, from its metrics.

use std::fmt;

use super::{
    EpochRecord,
    config::{Optimizer, TrainingConfig},
};
use crate::model::Activation;

/// The highest accuracy of a network that learns nothing, 0..=1. The most frequent digit is 11.4 % of MNIST.
const CHANCE: f64 = 0.125;
/// The epochs at [`CHANCE`] that make a standstill.
const STUCK_EPOCHS: usize = 2;
/// The epochs since the lowest validation loss that make overfitting.
const OVERFITTING_EPOCHS: usize = 3;
/// The validation loss of overfitting, as a multiple of the lowest.
const OVERFITTING_RATIO: f64 = 1.1;

/// A loss that became NaN or infinite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Divergence {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The likely cause.
    pub cause: Cause,
}

/// A hint on the settings of a training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Hint {
    /// The network is no better than chance.
    StuckAtChance {
        /// Training accuracy of the last epoch, 0..=1.
        accuracy: f64,
        /// The likely cause.
        cause: Cause,
    },
    /// The validation loss rises while the training loss falls.
    Overfitting {
        /// The epoch with the lowest validation loss.
        best_epoch: usize,
        /// Whether early stopping is on.
        has_early_stopping: bool,
    },
}

/// A hyperparameter with an unsuitable value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cause {
    /// This learning rate is too high.
    HighLearningRate(f64),
    /// This learning rate is too low.
    LowLearningRate(f64),
    /// This momentum is too high.
    Momentum(f64),
    /// The L1 or L2 penalty is too high.
    Penalty,
    /// This dropout is too high.
    Dropout(f64),
    /// The gradient vanishes in this activation over this many layers.
    Depth(Activation, usize),
}

impl Cause {
    /// The key of the hyperparameter in a configuration file.
    pub fn key(self) -> &'static str {
        match self {
            Self::HighLearningRate(_) | Self::LowLearningRate(_) => "learning_rate",
            Self::Momentum(_) => "optimizer.momentum",
            Self::Penalty => "l2",
            Self::Dropout(_) => "dropout",
            Self::Depth(..) => "model.activation",
        }
    }

    /// The likely cause of a divergence.
    pub(super) fn of_divergence(config: &TrainingConfig) -> Self {
        let rate = config.learning_rate;
        if overshoots(config) {
            return Self::Penalty;
        }
        match config.optimizer {
            Optimizer::Sgd { momentum, .. } if momentum > 0.95 && rate <= 0.01 => {
                Self::Momentum(momentum)
            }
            _ => Self::HighLearningRate(rate),
        }
    }

    /// The likely cause of a standstill.
    fn of_stagnation(config: &TrainingConfig) -> Self {
        let rate = config.learning_rate;
        let usual = config.optimizer.default_learning_rate();
        // Equal steps add up to 1 / (1 - momentum) times one step.
        let momentum = match config.optimizer {
            Optimizer::Sgd { momentum, .. } => momentum,
            _ => 0.0,
        };
        let layers = config.model.hidden().len();
        let activation = config.model.activation();
        let bends = matches!(activation, Activation::Sigmoid | Activation::Tanh);
        if overshoots(config) || config.l1 > 0.01 || config.l2 > 0.1 {
            Self::Penalty
        } else if rate < usual / 30.0 {
            Self::LowLearningRate(rate)
        } else if rate / (1.0 - momentum) > usual * 10.0 {
            Self::HighLearningRate(rate)
        } else if config.dropout > 0.7 {
            Self::Dropout(config.dropout)
        } else if bends && layers > 3 {
            Self::Depth(activation, layers)
        } else if matches!(config.optimizer, Optimizer::Sgd { .. }) {
            Self::LowLearningRate(rate)
        } else {
            Self::HighLearningRate(rate)
        }
    }
}

/// Whether the L2 penalty moves a weight past zero, farther away than it was.
fn overshoots(config: &TrainingConfig) -> bool {
    2.0 * config.l2 * config.learning_rate >= 2.0
}

/// The hints after the last of these epochs.
pub fn diagnose(config: &TrainingConfig, history: &[EpochRecord]) -> Vec<Hint> {
    let stuck = stuck_at_chance(config, history);
    stuck
        .into_iter()
        .chain(overfitting(config, history))
        .collect()
}

fn stuck_at_chance(config: &TrainingConfig, history: &[EpochRecord]) -> Option<Hint> {
    let first = history.len().checked_sub(STUCK_EPOCHS)?;
    let guesses = |record: &EpochRecord| {
        let validation = record.validation_accuracy.unwrap_or_default();
        record.accuracy < CHANCE && validation < CHANCE
    };
    let accuracy = history.last()?.accuracy;
    history[first..].iter().all(guesses).then(|| {
        let cause = Cause::of_stagnation(config);
        Hint::StuckAtChance { accuracy, cause }
    })
}

fn overfitting(config: &TrainingConfig, history: &[EpochRecord]) -> Option<Hint> {
    let last = history.last()?;
    let losses = history
        .iter()
        .filter_map(|record| Some((record, record.validation_loss?)));
    let (best, lowest) = losses.min_by(|(_, a), (_, b)| a.total_cmp(b))?;
    let validation_loss = last.validation_loss?;
    let is_late = last.epoch >= best.epoch + OVERFITTING_EPOCHS;
    let rises = validation_loss > lowest * OVERFITTING_RATIO;
    // Augmented training images usually have a higher loss than the validation images.
    let is_memorized = last.loss < best.loss && last.loss < validation_loss;
    (is_late && rises && is_memorized).then_some(Hint::Overfitting {
        best_epoch: best.epoch,
        has_early_stopping: config.patience > 0,
    })
}

/// A sentence without its full stop.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HighLearningRate(rate) => write!(
                f,
                "the learning rate {rate} is probably too high; try a tenth of it, or gradient clipping"
            ),
            Self::LowLearningRate(rate) => write!(
                f,
                "the learning rate {rate} is probably too low; try ten times as much"
            ),
            Self::Momentum(momentum) => {
                write!(f, "the momentum {momentum} is probably too high; try 0.9")
            }
            Self::Penalty => write!(
                f,
                "the L1 or L2 penalty is probably too high; try a tenth of it"
            ),
            Self::Dropout(rate) => {
                write!(f, "the dropout {rate} is probably too high; try 0.3")
            }
            Self::Depth(activation, layers) => write!(
                f,
                "the gradient of {activation} vanishes over {layers} layers; try relu, or fewer layers"
            ),
        }
    }
}

/// A sentence without its full stop.
impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { epoch, cause } = self;
        write!(
            f,
            "the loss became NaN or infinite in epoch {epoch}: {cause}"
        )
    }
}

/// A sentence without its full stop.
impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StuckAtChance { accuracy, cause } => write!(
                f,
                "the accuracy of {:.0} % is no better than chance: {cause}",
                accuracy * 100.0
            ),
            Self::Overfitting {
                best_epoch,
                has_early_stopping,
            } => {
                let first = best_epoch + 1;
                let remedy = if *has_early_stopping {
                    "dropout, weight decay or augmentation"
                } else {
                    "early stopping, dropout or augmentation"
                };
                write!(f, "overfitting from epoch {first} on: try {remedy}")
            }
        }
    }
}

#[cfg(test)]
mod tests;
