//! The one training loop. It blocks, tells what happens through events, and asks before every
//! batch whether to go on.

mod autograd;
mod batch;
pub mod config;
pub mod control;
pub mod evaluation;
mod fused;
mod run;
pub mod schedule;

use candle_core::Device;
use serde::Serialize;

use self::{
    batch::Batch,
    config::TrainingConfig,
    control::{Control, Wish},
    evaluation::{Evaluation, evaluate},
    run::Run,
};
use crate::{
    dataset::{Dataset, Examples},
    error::{ModelError, Refusal, TrainingError},
    model::{
        Mlp,
        file::{Metadata, Model},
    },
};

/// What a training says while it runs.
#[derive(Clone, Debug)]
pub enum TrainingEvent {
    /// The first event: what there is to do.
    Started(Plan),
    /// After every batch; a gauge, which may be missed.
    Batch(Progress),
    /// After every whole epoch; a fact.
    EpochFinished {
        /// Its figures.
        record: EpochRecord,
        /// The network that is being trained: whoever keeps it must take a [`Mlp::copy`] before
        /// returning.
        mlp: Mlp,
    },
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
    /// Seconds spent on batches since the start, without pauses.
    pub elapsed_secs: f64,
}

impl Progress {
    /// Images learnt from in a second, so far.
    pub fn images_per_sec(&self) -> f64 {
        self.images_seen as f64 / self.elapsed_secs.max(1e-9)
    }

    /// Seconds to the end at this pace.
    pub fn remaining_secs(&self) -> f64 {
        (self.images_total - self.images_seen) as f64 / self.images_per_sec()
    }
}

/// The figures of a finished epoch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EpochRecord {
    /// Which one, from 1.
    pub epoch: usize,
    /// Mean loss over the epoch, while the weights changed.
    pub loss: f64,
    /// Accuracy over the epoch, while the weights changed; 0..=1.
    pub accuracy: f64,
    /// Loss on the validation examples at the epoch's end; `None` without any.
    pub validation_loss: Option<f64>,
    /// Accuracy on them.
    pub validation_accuracy: Option<f64>,
    /// Seconds that the epoch took, validation included, pauses not.
    pub elapsed_secs: f64,
}

/// What a training leaves.
#[derive(Debug)]
pub struct TrainedModel {
    /// The model, with its figures in the metadata.
    pub model: Model,
    /// The finished epochs.
    pub history: Vec<EpochRecord>,
    /// The figures on the test set; `None` when it has no examples.
    pub test: Option<Evaluation>,
    /// Whether it was stopped before its last epoch ended.
    pub stopped: bool,
}

/// One way to compute a step of training: the general one, on candle's autograd, or the faster one
/// that gives the same numbers.
trait Step: Send {
    /// Learns from one batch.
    fn step(
        &mut self,
        batch: Batch,
        settings: &StepSettings,
    ) -> Result<BatchFigures, TrainingError>;
}

/// What may change from step to step.
#[derive(Clone, Copy, Debug)]
struct StepSettings {
    /// Adam's learning rate.
    learning_rate: f64,
    /// AdamW's decoupled decay of the weights; the biases have none.
    weight_decay: f64,
    /// The part of the target that is spread evenly over all digits.
    label_smoothing: f64,
}

/// What a step saw before it changed the weights.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct BatchFigures {
    /// The sum of the examples' losses.
    loss_sum: f64,
    /// How many were read rightly.
    correct: usize,
}

impl BatchFigures {
    fn plus(self, other: Self) -> Self {
        Self {
            loss_sum: self.loss_sum + other.loss_sum,
            correct: self.correct + other.correct,
        }
    }
}

/// Trains a new network on a data set's training examples and tests it on its test examples.
///
/// The network that comes of it is in the processor's memory, whatever device it was trained on.
///
/// It is deterministic for a seed, a configuration and a number of threads. `None` when it was
/// abandoned.
///
/// # Errors
/// When the configuration is out of range, there is nothing to learn from, or candle fails.
pub fn train(
    config: &TrainingConfig,
    dataset: &Dataset,
    device: &Device,
    control: &Control,
    on_event: &mut (dyn FnMut(TrainingEvent) + Send),
) -> Result<Option<TrainedModel>, TrainingError> {
    config.validate().map_err(TrainingError::Refused)?;
    let (training, validation) = dataset.train.split_tail(config.validation_split);
    if training.is_empty() {
        return Err(TrainingError::Refused(Refusal::new(
            "train",
            format!("no training examples in {}", dataset.name),
            "at least one",
            "choose another data set or a smaller validation split",
        )));
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .thread_name(|index| format!("training-{index}"))
        .build()
        .map_err(|error| ModelError::Compute(Box::new(error)))?;
    pool.install(|| {
        let training = with_generated(training, config, control);
        let mlp = Mlp::new(&config.model, config.seed, device)?;
        let run = Run::new(config, &training, control, &mlp)?;
        let Some(history) = run.epochs(&mlp, &validation, on_event)? else {
            return Ok(None);
        };
        let Some(test) = evaluate(&mlp, &dataset.test, control)? else {
            return Ok(None);
        };
        let test = (test.examples > 0).then_some(test);
        // Whoever gets it reads single images, which an accelerator is no help with.
        let mlp = if device.is_cpu() {
            mlp
        } else {
            mlp.copy_to(&Device::Cpu)?
        };
        let metadata = Metadata {
            dataset: dataset.name.clone(),
            recipe: serde_json::to_string(config).unwrap_or_default(),
            seed: Some(config.seed),
            validation_accuracy: history.last().and_then(|record| record.validation_accuracy),
            test_loss: test.as_ref().map(|test| test.loss),
            test_accuracy: test.as_ref().map(|test| test.accuracy),
        };
        let stopped = history.len() < config.epochs;
        Ok(Some(TrainedModel {
            model: Model { mlp, metadata },
            history,
            test,
            stopped,
        }))
    })
}

/// Adds the generated digits that the configuration asks for, some at a time, so that a stop is
/// answered at once; then fewer will do, because none will be learnt from.
fn with_generated(training: Examples, config: &TrainingConfig, control: &Control) -> Examples {
    const AT_ONCE: usize = 200;
    let count = config.generated_digits;
    if count == 0 {
        return training;
    }
    let mut parts = vec![training];
    for start in (0..count).step_by(AT_ONCE) {
        if matches!(control.wish(), Wish::Stop | Wish::Abandon) {
            break;
        }
        let range = start..count.min(start + AT_ONCE);
        parts.push(Examples::generated(range, config.seed));
    }
    Examples::joined(&parts)
}

#[cfg(test)]
mod tests;
