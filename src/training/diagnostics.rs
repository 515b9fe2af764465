//! Hints on the settings of a training, from its metrics.

use std::fmt;

use super::{
    EpochRecord,
    config::{Optimizer, TrainingConfig},
};
use crate::{error::Cause, format::percent, model::Activation};

/// The highest accuracy of a network that learns nothing, 0..=1. The most frequent digit is 11.4 % of MNIST.
const CHANCE: f64 = 0.125;
/// The epochs at [`CHANCE`] that make a standstill.
const STUCK_EPOCHS: usize = 2;
/// The epochs since the lowest validation loss that make overfitting.
const OVERFITTING_EPOCHS: usize = 3;
/// The validation loss of overfitting, as a multiple of the lowest.
const OVERFITTING_RATIO: f64 = 1.1;

/// The fall of the training accuracy that makes a hint, 0..=1. From epoch to epoch it fluctuates by less than 0.01.
const FALL: f64 = 0.05;

/// A network that reads fewer of its training images does not fit them, 0..=1.
const FITTING: f64 = 0.8;
/// The epochs over which the accuracy of underfitting does not rise.
const LEVEL_EPOCHS: usize = 3;
/// A smaller rise than this, 0..=1, is none.
const RISE: f64 = 0.01;
/// Ten digits pass through a layer of so many units, if they are used well.
const NARROWEST: usize = 8;

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
    /// The accuracy falls.
    Falling {
        /// The epoch with the highest training accuracy.
        best_epoch: usize,
        /// Its training accuracy, 0..=1.
        highest: f64,
        /// Training accuracy of the last epoch, 0..=1.
        accuracy: f64,
        /// The likely cause.
        cause: Cause,
    },
    /// The accuracy no longer rises, on training and validation images alike.
    Underfitting {
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
        /// Whether a part of the training images is left out.
        has_more_images: bool,
    },
}

impl Cause {
    /// The likely cause of a divergence, or of an accuracy that falls.
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
        let layers = config.model.filters().len() + config.model.hidden().len();
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
            Self::Depth(layers)
        } else if let Some(units) = narrowest(config).filter(|&units| units < NARROWEST) {
            Self::Narrow(units)
        } else if matches!(config.optimizer, Optimizer::Sgd { .. }) {
            Self::LowLearningRate(rate)
        } else {
            Self::HighLearningRate(rate)
        }
    }
}

/// The units of the narrowest hidden layer.
fn narrowest(config: &TrainingConfig) -> Option<usize> {
    config.model.hidden().iter().copied().min()
}

/// Whether the L2 penalty moves a weight past zero, farther away than it was.
fn overshoots(config: &TrainingConfig) -> bool {
    2.0 * config.l2 * config.learning_rate >= 2.0
}

/// The hints after the last of these epochs.
pub fn diagnose(config: &TrainingConfig, history: &[EpochRecord]) -> Vec<Hint> {
    let hint = falling(config, history)
        .or_else(|| stuck_at_chance(config, history))
        .or_else(|| underfitting(config, history))
        .or_else(|| overfitting(config, history));
    Vec::from_iter(hint)
}

fn falling(config: &TrainingConfig, history: &[EpochRecord]) -> Option<Hint> {
    let last = history.last()?;
    let best = history
        .iter()
        .max_by(|a, b| a.accuracy.total_cmp(&b.accuracy))?;
    // Augmentation that grows lowers the training accuracy alone.
    let is_validation_worse =
        last.validation_accuracy < best.validation_accuracy || last.validation_accuracy.is_none();
    let falls = last.accuracy < best.accuracy - FALL && is_validation_worse;
    falls.then(|| Hint::Falling {
        best_epoch: best.epoch,
        highest: best.accuracy,
        accuracy: last.accuracy,
        cause: Cause::of_divergence(config),
    })
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

fn underfitting(config: &TrainingConfig, history: &[EpochRecord]) -> Option<Hint> {
    let last = history.last()?;
    let first = &history[history.len().checked_sub(LEVEL_EPOCHS + 1)?];
    let is_level = last.accuracy < first.accuracy + RISE;
    // Augmented training images are harder than the validation images.
    let fits = last
        .accuracy
        .max(last.validation_accuracy.unwrap_or_default())
        >= FITTING;
    (is_level && !fits && last.accuracy >= CHANCE).then(|| Hint::Underfitting {
        accuracy: last.accuracy,
        cause: Cause::of_stagnation(config),
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
    // A network at chance has learned nothing, not even its training images.
    let learns = last.accuracy >= CHANCE;
    // Augmented training images usually have a higher loss than the validation images.
    let is_memorized = last.loss < best.loss && last.loss < validation_loss;
    (is_late && rises && learns && is_memorized).then_some(Hint::Overfitting {
        best_epoch: best.epoch,
        has_early_stopping: config.patience > 0,
        has_more_images: config.data_fraction < 1.0,
    })
}

/// A sentence without its full stop.
impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StuckAtChance { accuracy, cause } => write!(
                f,
                "the accuracy of {} is no better than chance: {cause}",
                percent(*accuracy, 0)
            ),
            Self::Underfitting { accuracy, cause } => write!(
                f,
                "underfitting: the training accuracy stays at {}: {cause}",
                percent(*accuracy, 0)
            ),
            Self::Falling {
                best_epoch,
                highest,
                accuracy,
                cause,
            } => write!(
                f,
                "the accuracy fell from {} in epoch {best_epoch} to {}: {cause}",
                percent(*highest, 0),
                percent(*accuracy, 0)
            ),
            Self::Overfitting {
                best_epoch,
                has_early_stopping,
                has_more_images,
            } => {
                let cause = if *has_more_images {
                    "more training images, "
                } else {
                    ""
                };
                let remedy = if *has_early_stopping {
                    "dropout, weight decay or augmentation"
                } else {
                    "early stopping, dropout or augmentation"
                };
                write!(
                    f,
                    "overfitting after epoch {best_epoch}, by validation loss: try {cause}{remedy}"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests;
