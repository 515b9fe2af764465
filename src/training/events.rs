//! Events during a training, and its result.

use serde::{Deserialize, Serialize};

use super::{CorrectionReport, LayerStep, checkpoint::Checkpoint};
use crate::{
    error::Divergence,
    evaluation::Metrics,
    model::{Mlp, file::Model},
};

/// An event of a training. Its network is the one under training: a receiver that keeps it must take a [`Mlp::copy`]
/// before it returns.
#[derive(Clone, Debug)]
pub enum TrainingEvent {
    /// The first event.
    Started(Plan),
    /// The second event of a resumed training: the epochs that it finished before.
    Resumed(Vec<EpochRecord>),
    /// After every batch; a gauge.
    Batch(Progress),
    /// The network within an epoch, a few times a second, and after every batch of slow motion; a gauge.
    LiveSnapshot {
        /// The network, or the moving average of its weights.
        mlp: Mlp,
        /// What the last step did to each layer. Empty unless [`Control::inspect`](super::control::Control::inspect) asks
        /// for it.
        layers: Vec<LayerStep>,
    },
    /// After every epoch.
    EpochFinished {
        /// Its metrics.
        record: EpochRecord,
        /// The network, or the moving average of its weights.
        mlp: Mlp,
    },
    /// After the last batch, before the test. Omitted for an untrained network.
    TestStarted {
        /// The network of the result.
        mlp: Mlp,
        /// The epoch that ended with these weights; `None` within an epoch.
        epoch: Option<usize>,
        /// Whether a stop signal ended the training.
        is_stopped: bool,
    },
    /// After every epoch, at least every 30 seconds, and after a stop signal. The training waits for the receiver.
    Checkpoint(Box<Checkpoint>),
}

/// The size of a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its epochs.
    pub epochs: usize,
    /// Training examples of an epoch.
    pub training_examples: usize,
    /// Validation examples of an epoch; may be 0.
    pub validation_examples: usize,
}

/// The progress of a training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// The current epoch, from 1.
    pub epoch: usize,
    /// Images seen since the start, in all epochs.
    pub images_seen: usize,
    /// Images of all epochs.
    pub images_total: usize,
    /// Mean loss of the current epoch.
    pub loss: f64,
    /// Accuracy of the current epoch, 0..=1.
    pub accuracy: f64,
    /// Loss as a moving average over about [`Progress::SMOOTHED_BATCHES`] batches.
    pub smoothed_loss: f64,
    /// Accuracy as such a moving average, 0..=1.
    pub smoothed_accuracy: f64,
    /// The learning rate of the last step.
    pub learning_rate: f64,
    /// Seconds of training and validation since the start, without pauses.
    pub elapsed_secs: f64,
}

impl Progress {
    /// About the number of batches in the moving averages.
    pub const SMOOTHED_BATCHES: f64 = 50.0;

    /// Training images per second, so far.
    pub fn images_per_sec(&self) -> f64 {
        self.images_seen as f64 / self.elapsed_secs.max(1e-9)
    }

    /// Seconds to the end at this speed.
    pub fn remaining_secs(&self) -> f64 {
        (self.images_total - self.images_seen) as f64 / self.images_per_sec()
    }

    /// The finished part of the training, 0..=1.
    pub fn done(&self) -> f64 {
        self.images_seen as f64 / self.images_total.max(1) as f64
    }

    /// Adds the mean metrics of a batch, numbered from 1. The first batches count equally.
    pub(super) fn smooth(&mut self, batch: usize, loss: f64, accuracy: f64) {
        let weight = 1.0 / Self::SMOOTHED_BATCHES.min(batch as f64);
        self.smoothed_loss += (loss - self.smoothed_loss) * weight;
        self.smoothed_accuracy += (accuracy - self.smoothed_accuracy) * weight;
    }
}

/// The metrics of a finished epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochRecord {
    /// Its number, from 1.
    pub epoch: usize,
    /// Mean training loss while the weights changed, without L1 and L2 penalties.
    pub loss: f64,
    /// Training accuracy while the weights changed, 0..=1.
    pub accuracy: f64,
    /// Loss on the validation examples after the epoch, without label smoothing; `None` without such examples.
    pub validation_loss: Option<f64>,
    /// Accuracy on the validation examples, 0..=1.
    pub validation_accuracy: Option<f64>,
    /// The learning rate of the last step.
    pub learning_rate: f64,
    /// Seconds of training and validation, without pauses.
    pub elapsed_secs: f64,
}

/// The result of a training.
#[derive(Debug)]
pub struct TrainedModel {
    /// The model, with its metrics in the metadata.
    pub model: Model,
    /// The finished epochs.
    pub history: Vec<EpochRecord>,
    /// The metrics on the test set; `None` without test examples and after a skipped test.
    pub test: Option<Metrics>,
    /// Why the training ended.
    pub stop_reason: StopReason,
    /// The epoch that ended with these weights, from 1; `None` within an epoch.
    pub epoch: Option<usize>,
    /// Whether the training stopped before its first batch.
    pub is_untrained: bool,
    /// What a fine-tuning on corrections achieved; `None` after another training.
    pub corrections: Option<CorrectionReport>,
}

impl TrainedModel {
    /// Whether a stop signal ended the training.
    pub fn is_stopped(&self) -> bool {
        self.stop_reason == StopReason::Stopped
    }
}

/// Why a training ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum StopReason {
    /// After its last epoch. The weights are those of the last epoch; with early stopping, of the best.
    Completed,
    /// The patience of early stopping ended. The weights are those of the best epoch.
    EarlyStopping,
    /// By a stop signal. The weights are those of the best epoch; without validation examples, and in the first epoch,
    /// the current ones.
    Stopped,
    /// The loss became NaN or infinite. The weights are those of the best epoch.
    Diverged(Divergence),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smoothed_metrics_are_a_moving_average() {
        let mut progress = Progress::default();
        for (index, loss) in [4.0, 2.0, 3.0].into_iter().enumerate() {
            progress.smooth(index + 1, loss, loss / 10.0);
        }
        // Rounding errors of a few additions.
        assert!(
            (progress.smoothed_loss - 3.0).abs() < 1e-12,
            "the mean of the first batches"
        );
        for batch in 4..1000 {
            progress.smooth(batch, 1.0, 0.5);
        }
        // (1 - 1/50)^950 of the first batches is left.
        for (found, expected) in [
            (progress.smoothed_loss, 1.0),
            (progress.smoothed_accuracy, 0.5),
        ] {
            assert!((found - expected).abs() < 1e-6, "{found} forgets the past");
        }
    }
}
