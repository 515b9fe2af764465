//! What a training says while it runs.

use serde::{Deserialize, Serialize};

use super::checkpoint::Checkpoint;
use crate::model::Mlp;

/// What a training says while it runs.
#[derive(Clone, Debug)]
pub enum TrainingEvent {
    /// The first event: what there is to do.
    Started(Plan),
    /// The second one where an interrupted training goes on: the epochs that it had finished.
    Resumed(Vec<EpochRecord>),
    /// After every batch; a gauge, which may be missed.
    Batch(Progress),
    /// The network as it is in the midst of an epoch, some times a second; a gauge. Whoever keeps it must
    /// take a [`Mlp::copy`] before returning.
    LiveSnapshot(Mlp),
    /// After every whole epoch; a fact.
    EpochFinished {
        /// Its figures.
        record: EpochRecord,
        /// The network, or the running mean of its weights where there is one: whoever keeps it must
        /// take a [`Mlp::copy`] before returning.
        mlp: Mlp,
    },
    /// Nothing more is learned, whether by itself or because of a stop; what follows is the test of this
    /// network, which is the one that is kept. Left out where not even one batch was learned.
    Learned {
        /// The network: whoever keeps it must take a [`Mlp::copy`] before returning.
        mlp: Mlp,
        /// The epoch at whose end it was so; `None` if it is from within one.
        epoch: Option<usize>,
        /// Whether somebody stopped it before its last epoch ended.
        is_stopped: bool,
    },
    /// All that is needed to go on from here: after every epoch, at least every 30 seconds, and when a stop
    /// was asked for. Whoever writes it down must not take long over it.
    Checkpoint(Box<Checkpoint>),
}

/// How much a training has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Epochs in all.
    pub epochs: usize,
    /// Examples it learns from, each once an epoch.
    pub training_examples: usize,
    /// Examples it is validated with after each epoch; may be 0.
    pub validation_examples: usize,
}

/// Where a training is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// The epoch under way, from 1.
    pub epoch: usize,
    /// Images seen since the start, in all epochs.
    pub images_seen: usize,
    /// Images to be seen in all.
    pub images_total: usize,
    /// Mean loss since the epoch began.
    pub loss: f64,
    /// Accuracy since the epoch began, 0..=1.
    pub accuracy: f64,
    /// Loss of the last batches, a running mean over about [`Progress::SMOOTHED_BATCHES`]: a curve that is
    /// not too shaky.
    pub smoothed_loss: f64,
    /// Accuracy of the last batches, likewise; 0..=1.
    pub smoothed_accuracy: f64,
    /// The learning rate of the last step.
    pub learning_rate: f64,
    /// Seconds spent on batches since the start, without pauses.
    pub elapsed_secs: f64,
}

impl Progress {
    /// The batches over which the smoothed figures are a mean, about.
    pub const SMOOTHED_BATCHES: f64 = 50.0;

    /// Images learned from in a second, so far.
    pub fn images_per_sec(&self) -> f64 {
        self.images_seen as f64 / self.elapsed_secs.max(1e-9)
    }

    /// Seconds to the end at this pace.
    pub fn remaining_secs(&self) -> f64 {
        (self.images_total - self.images_seen) as f64 / self.images_per_sec()
    }

    /// The part that is done, 0..=1.
    pub fn done(&self) -> f64 {
        self.images_seen as f64 / self.images_total.max(1) as f64
    }

    /// Takes in the mean figures of batch number `batch`, counted from 1. Until enough of them were seen it
    /// is the mean of all.
    pub(super) fn smooth(&mut self, batch: usize, loss: f64, accuracy: f64) {
        let weight = 1.0 / Self::SMOOTHED_BATCHES.min(batch as f64);
        self.smoothed_loss += (loss - self.smoothed_loss) * weight;
        self.smoothed_accuracy += (accuracy - self.smoothed_accuracy) * weight;
    }
}

/// The figures of a finished epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Which one, from 1.
    pub epoch: usize,
    /// Mean loss over the epoch, while the weights changed; without penalties on the weights.
    pub loss: f64,
    /// Accuracy over the epoch, while the weights changed; 0..=1.
    pub accuracy: f64,
    /// The same loss on the validation examples at the epoch's end, without label smoothing; `None` without
    /// any.
    pub validation_loss: Option<f64>,
    /// Accuracy on them.
    pub validation_accuracy: Option<f64>,
    /// The learning rate of the epoch's last step.
    #[serde(default)]
    pub learning_rate: f64,
    /// Seconds that the epoch took, validation included, pauses not.
    pub elapsed_secs: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smoothed_figures_are_a_mean_that_forgets() {
        let mut progress = Progress::default();
        for (index, loss) in [4.0, 2.0, 3.0].into_iter().enumerate() {
            progress.smooth(index + 1, loss, loss / 10.0);
        }
        assert!(
            (progress.smoothed_loss - 3.0).abs() < 1e-12,
            "the mean of the first"
        );
        for batch in 4..1000 {
            progress.smooth(batch, 1.0, 0.5);
        }
        assert!(
            (progress.smoothed_loss - 1.0).abs() < 1e-6,
            "the past is forgotten"
        );
        assert!(
            (progress.smoothed_accuracy - 0.5).abs() < 1e-6,
            "so is the accuracy's"
        );
    }
}
