//! What a training's figures say about its settings: that it went wrong, or may be going wrong, and which
//! hyperparameter is the likely cause.

use std::fmt;

use super::{
    EpochRecord,
    config::{Optimizer, TrainingConfig, hyperparameter},
};
use crate::model::Activation;

/// The accuracy of guessing, 0..=1, and how far from it a network that learns nothing may be: no digit of
/// MNIST is more than 11.4 % of it.
const CHANCE: f64 = 0.125;
/// Epochs in a row after which no better than chance is no beginning any more.
const STUCK_EPOCHS: usize = 2;
/// Epochs since the least validation loss after which it climbs rather than wavers.
const CLIMBING_EPOCHS: usize = 3;
/// How far above its least value a validation loss that climbs is.
const CLIMB: f64 = 1.1;

/// A loss that was no finite number any more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Divergence {
    /// The epoch in which it happened, from 1.
    pub epoch: usize,
    /// What is likely to have caused it.
    pub cause: Cause,
}

/// Something about a training under way that its owner should know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Hint {
    /// It reads no more than one who guesses does.
    StuckAtChance {
        /// Accuracy on the training examples in the last epoch, 0..=1.
        accuracy: f64,
        /// What is likely to have caused it.
        cause: Cause,
    },
    /// The loss on the validation examples climbs while that on the training examples falls: it learns them
    /// by heart.
    Overfitting {
        /// The epoch with the least validation loss.
        best_epoch: usize,
        /// Whether a patience ends the training and keeps that epoch.
        has_early_stopping: bool,
    },
}

/// A hyperparameter that is likely to be set wrongly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cause {
    /// The learning rate is too high: it is this.
    HighLearningRate(f64),
    /// The learning rate is too low: it is this.
    LowLearningRate(f64),
    /// The momentum is too high: it is this.
    Momentum(f64),
    /// The penalty on the weights is so high that they are nothing, or overshoot.
    Penalty,
    /// So much is dropped out, this part, that too little is left.
    Dropout(f64),
    /// Sigmoid and tanh pass hardly any gradient on through this many layers.
    Depth(Activation, usize),
}

impl Cause {
    /// Where the hyperparameter is in a configuration file.
    pub fn key(self) -> &'static str {
        match self {
            Self::HighLearningRate(_) | Self::LowLearningRate(_) => {
                hyperparameter::LEARNING_RATE.key
            }
            Self::Momentum(_) => hyperparameter::MOMENTUM.key,
            Self::Penalty => hyperparameter::L2.key,
            Self::Dropout(_) => hyperparameter::DROPOUT.key,
            Self::Depth(..) => "model.activation",
        }
    }

    /// What a loss that is no number is likely to come from.
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

    /// What learning nothing is likely to come from.
    fn of_stagnation(config: &TrainingConfig) -> Self {
        let rate = config.learning_rate;
        let usual = config.optimizer.default_learning_rate();
        // Steps that point the same way add up to this many times as long a one: 1 / (1 - momentum).
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

/// Whether a step against a weight's penalty takes it farther from zero than it was.
fn overshoots(config: &TrainingConfig) -> bool {
    2.0 * config.l2 * config.learning_rate >= 2.0
}

/// What there is to be pointed out after the last of these epochs.
pub fn diagnose(config: &TrainingConfig, history: &[EpochRecord]) -> Vec<Hint> {
    let stuck = stuck_at_chance(config, history);
    let climbs = overfitting(config, history);
    stuck.into_iter().chain(climbs).collect()
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
    let (best, least) = losses.min_by(|(_, a), (_, b)| a.total_cmp(b))?;
    let validation_loss = last.validation_loss?;
    let is_late = last.epoch >= best.epoch + CLIMBING_EPOCHS;
    // What is known by heart is read better than what is not; varied images seldom are.
    let is_by_heart = last.loss < best.loss && last.loss < validation_loss;
    let climbs = is_late && validation_loss > least * CLIMB && is_by_heart;
    climbs.then_some(Hint::Overfitting {
        best_epoch: best.epoch,
        has_early_stopping: config.patience > 0,
    })
}

/// A sentence with its remedy, without the full stop.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HighLearningRate(rate) => write!(
                f,
                "the learning rate of {rate} is probably too high; try a tenth of it, or clip the gradients"
            ),
            Self::LowLearningRate(rate) => write!(
                f,
                "the learning rate of {rate} is probably too low; try ten times as much"
            ),
            Self::Momentum(momentum) => write!(
                f,
                "the momentum of {momentum} is probably too high; try 0.9"
            ),
            Self::Penalty => write!(
                f,
                "the penalty on the weights is probably too high; try a tenth of it"
            ),
            Self::Dropout(part) => write!(
                f,
                "so much is dropped out, {part}, that too little is left to learn with; try 0.3"
            ),
            Self::Depth(activation, layers) => write!(
                f,
                "{activation} passes hardly any gradient on through {layers} layers; try relu, or fewer layers"
            ),
        }
    }
}

/// "the loss was no finite number any more in epoch 3: the learning rate …".
impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { epoch, cause } = self;
        write!(
            f,
            "the loss was no finite number any more in epoch {epoch}: {cause}"
        )
    }
}

impl Hint {
    /// The same when the training is over, and nothing can be done about it any more.
    pub fn after_training(&self) -> String {
        match self {
            Self::StuckAtChance { .. } => self.to_string(),
            Self::Overfitting {
                best_epoch,
                has_early_stopping,
            } => {
                let next = if *has_early_stopping {
                    "that epoch is kept; next time try"
                } else {
                    "next time set a patience, which keeps the best epoch, or try"
                };
                format!(
                    "the validation loss climbed after epoch {best_epoch} while the training loss fell: it learned \
                     the examples by heart; {next} dropout, weight decay or augmentation"
                )
            }
        }
    }
}

/// A sentence without its full stop, for a training under way.
impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StuckAtChance { accuracy, cause } => write!(
                f,
                "it reads {:.0} % of the digits, as one does who guesses: {cause}",
                accuracy * 100.0
            ),
            Self::Overfitting {
                best_epoch,
                has_early_stopping,
            } => {
                let now = if *has_early_stopping {
                    "the patience will end it; try dropout, weight decay or augmentation"
                } else {
                    "stop here, or try dropout, weight decay, augmentation, or a patience"
                };
                write!(
                    f,
                    "the validation loss has climbed since epoch {best_epoch} while the training loss fell: it \
                     learns the examples by heart; {now}"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests;
