//! The one training loop. It blocks, tells what happens through events, and asks before every
//! batch whether to go on.

pub mod config;
pub mod control;
pub mod evaluation;
mod autograd;

use std::time::Instant;

use candle_core::Device;
use rand::{SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use self::{
    config::TrainingConfig,
    control::{Control, Wish},
    evaluation::{Evaluation, evaluate},
};
use crate::{
    bitmap::PIXELS,
    dataset::{Dataset, Examples},
    error::{Refusal, TrainingError},
    model::{
        Mlp,
        file::{Metadata, Model},
    },
};

/// What a training says while it runs.
#[derive(Clone, Debug)]
pub enum TrainingEvent<'a> {
    /// The first event: what there is to do.
    Started(Plan),
    /// After every batch; a gauge, which may be missed.
    Batch(Progress),
    /// After every whole epoch; a fact. The network goes on learning afterwards: [`Mlp::copy`] keeps
    /// it as it is now.
    EpochFinished(EpochRecord, &'a Mlp),
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
#[derive(Clone, Copy, Debug, PartialEq)]
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

/// One way to compute a step of training: the network's own, on candle's autograd, or a faster one
/// that gives the same numbers.
trait Step {
    /// Learns from one batch.
    ///
    /// `images` `[n, 784]` row by row, 0 is paper and 1 is ink; `labels` `n` digits.
    fn step(&mut self, images: &[f32], labels: &[u8]) -> Result<BatchFigures, TrainingError>;
}

/// What a step saw before it changed the weights.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct BatchFigures {
    /// The sum of the examples' losses.
    loss_sum: f64,
    /// How many were read rightly.
    correct: usize,
}

/// Trains a new network on a data set's training examples and tests it on its test examples.
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
    on_event: &mut dyn FnMut(TrainingEvent<'_>),
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
    let mlp = Mlp::new(&config.model, config.seed, device)?;
    let mut run = Run {
        config,
        training: &training,
        control,
        step: Box::new(autograd::Autograd::new(mlp.clone(), config)?),
        order: (0..training.len()).collect(),
        rng: ChaCha8Rng::seed_from_u64(config.seed),
        progress: Progress {
            epoch: 0,
            images_seen: 0,
            images_total: training.len() * config.epochs,
            loss: 0.0,
            accuracy: 0.0,
            elapsed_secs: 0.0,
        },
    };
    // The weights were drawn from the first stream.
    run.rng.set_stream(1);
    on_event(TrainingEvent::Started(Plan {
        epochs: config.epochs,
        training_examples: training.len(),
        validation_examples: validation.len(),
    }));
    let mut history: Vec<EpochRecord> = Vec::new();
    while history.len() < config.epochs && run.epoch(on_event)? == Wish::Run {
        let Some(record) = run.record(&mlp, &validation)? else { return Ok(None) };
        history.push(record.clone());
        on_event(TrainingEvent::EpochFinished(record, &mlp));
    }
    let stopped = history.len() < config.epochs;
    let Some(test) = evaluate(&mlp, &dataset.test, control)? else { return Ok(None) };
    let test = (test.examples > 0).then_some(test);
    let metadata = Metadata {
        dataset: dataset.name.clone(),
        recipe: serde_json::to_string(config).unwrap_or_default(),
        seed: Some(config.seed),
        validation_accuracy: history.last().and_then(|record| record.validation_accuracy),
        test_loss: test.as_ref().map(|test| test.loss),
        test_accuracy: test.as_ref().map(|test| test.accuracy),
    };
    Ok(Some(TrainedModel { model: Model { mlp, metadata }, history, test, stopped }))
}

/// A training under way.
struct Run<'a> {
    config: &'a TrainingConfig,
    training: &'a Examples,
    control: &'a Control,
    step: Box<dyn Step>,
    order: Vec<usize>,
    rng: ChaCha8Rng,
    progress: Progress,
}

impl Run<'_> {
    /// Learns from every example once, in a new order; says why it ended.
    fn epoch(
        &mut self,
        on_event: &mut dyn FnMut(TrainingEvent<'_>),
    ) -> Result<Wish, TrainingError> {
        self.progress.epoch += 1;
        self.order.shuffle(&mut self.rng);
        let mut sums = BatchFigures::default();
        let mut seen = 0;
        let mut images = Vec::with_capacity(self.config.batch_size * PIXELS);
        let mut labels = Vec::with_capacity(self.config.batch_size);
        for batch in self.order.chunks(self.config.batch_size) {
            let wish = self.control.await_turn();
            if wish != Wish::Run {
                return Ok(wish);
            }
            let start = Instant::now();
            images.clear();
            labels.clear();
            for &index in batch {
                let image = self.training.image(index);
                images.extend(image.iter().map(|&byte| f32::from(byte) / 255.0));
                labels.push(self.training.label(index).value());
            }
            let figures = self.step.step(&images, &labels)?;
            sums.loss_sum += figures.loss_sum;
            sums.correct += figures.correct;
            seen += batch.len();
            self.progress.images_seen += batch.len();
            self.progress.loss = sums.loss_sum / seen as f64;
            self.progress.accuracy = sums.correct as f64 / seen as f64;
            self.progress.elapsed_secs += start.elapsed().as_secs_f64();
            on_event(TrainingEvent::Batch(self.progress));
        }
        Ok(Wish::Run)
    }

    /// Validates and sums up the epoch that just ended.
    fn record(
        &mut self,
        mlp: &Mlp,
        validation: &Examples,
    ) -> Result<Option<EpochRecord>, TrainingError> {
        let start = Instant::now();
        let Some(evaluation) = evaluate(mlp, validation, self.control)? else { return Ok(None) };
        let evaluation = (evaluation.examples > 0).then_some(evaluation);
        Ok(Some(EpochRecord {
            epoch: self.progress.epoch,
            loss: self.progress.loss,
            accuracy: self.progress.accuracy,
            validation_loss: evaluation.as_ref().map(|e| e.loss),
            validation_accuracy: evaluation.as_ref().map(|e| e.accuracy),
            elapsed_secs: start.elapsed().as_secs_f64(),
        }))
    }
}
