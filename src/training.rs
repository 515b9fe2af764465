//! The one training loop. It blocks, tells what happens through events, and asks before every
//! batch whether to go on.

mod autograd;
mod batch;
pub mod config;
pub mod control;
pub mod evaluation;
mod fused;
pub mod schedule;

use std::time::Instant;

use candle_core::Device;
use rand::{SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use self::{
    batch::{Batch, SparseImages},
    config::TrainingConfig,
    control::{Control, Wish},
    evaluation::{Evaluation, evaluate},
};
use crate::{
    bitmap::PIXELS,
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
        let mlp = Mlp::new(&config.model, config.seed, device)?;
        let run = Run::new(config, &training, control, &mlp)?;
        let Some(history) = run.epochs(&mlp, &validation, on_event)? else {
            return Ok(None);
        };
        let Some(test) = evaluate(&mlp, &dataset.test, control)? else {
            return Ok(None);
        };
        let test = (test.examples > 0).then_some(test);
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

/// A training under way.
struct Run<'a> {
    config: &'a TrainingConfig,
    control: &'a Control,
    source: Source,
    labels: &'a [u8],
    step: Box<dyn Step>,
    /// The order in which the examples are seen in this epoch.
    order: Vec<usize>,
    rng: ChaCha8Rng,
    progress: Progress,
}

impl<'a> Run<'a> {
    fn new(
        config: &'a TrainingConfig,
        training: &'a Examples,
        control: &'a Control,
        mlp: &Mlp,
    ) -> Result<Self, TrainingError> {
        let step: Box<dyn Step> = if mlp.device().is_cpu() {
            Box::new(fused::Fused::new(mlp.clone()))
        } else {
            Box::new(autograd::Autograd::new(mlp.clone())?)
        };
        let source = if config.augmentation.is_none() {
            Source::AsTheyAre(SparseImages::of_images(training.images().as_chunks().0))
        } else {
            Source::Varied(training.clone())
        };
        let images_total = training.len() * config.epochs;
        Ok(Self {
            config,
            control,
            source,
            labels: training.labels(),
            step,
            order: (0..training.len()).collect(),
            rng: generator(config.seed, SHUFFLE),
            progress: Progress {
                images_total,
                ..Progress::default()
            },
        })
    }

    /// Trains until the last epoch or a stop; `None` when it was abandoned.
    fn epochs(
        mut self,
        mlp: &Mlp,
        validation: &Examples,
        on_event: &mut dyn FnMut(TrainingEvent),
    ) -> Result<Option<Vec<EpochRecord>>, TrainingError> {
        on_event(TrainingEvent::Started(Plan {
            epochs: self.config.epochs,
            training_examples: self.order.len(),
            validation_examples: validation.len(),
        }));
        let mut history = Vec::new();
        while history.len() < self.config.epochs {
            let start_secs = self.progress.elapsed_secs;
            match self.epoch(on_event)? {
                Wish::Abandon => return Ok(None),
                Wish::Stop => break,
                Wish::Run | Wish::Pause => {}
            }
            let start = Instant::now();
            let Some(figures) = evaluate(mlp, validation, self.control)? else {
                return Ok(None);
            };
            self.progress.elapsed_secs += start.elapsed().as_secs_f64();
            let figures = (figures.examples > 0).then_some(figures);
            let record = EpochRecord {
                epoch: self.progress.epoch,
                loss: self.progress.loss,
                accuracy: self.progress.accuracy,
                validation_loss: figures.as_ref().map(|figures| figures.loss),
                validation_accuracy: figures.as_ref().map(|figures| figures.accuracy),
                elapsed_secs: self.progress.elapsed_secs - start_secs,
            };
            history.push(record.clone());
            on_event(TrainingEvent::EpochFinished {
                record,
                mlp: mlp.clone(),
            });
        }
        Ok(Some(history))
    }

    /// Learns from every example once, in a new order; says what was wished for at its end.
    fn epoch(&mut self, on_event: &mut dyn FnMut(TrainingEvent)) -> Result<Wish, TrainingError> {
        self.progress.epoch += 1;
        self.order.shuffle(&mut self.rng);
        let mut sums = BatchFigures::default();
        let mut seen = 0;
        let order = std::mem::take(&mut self.order);
        for members in order.chunks(self.config.batch_size) {
            let wish = self.control.await_turn();
            if wish != Wish::Run {
                return Ok(wish);
            }
            let start = Instant::now();
            sums = sums.plus(self.learn(members)?);
            seen += members.len();
            self.progress.images_seen += members.len();
            self.progress.loss = sums.loss_sum / seen as f64;
            self.progress.accuracy = sums.correct as f64 / seen as f64;
            self.progress.elapsed_secs += start.elapsed().as_secs_f64();
            on_event(TrainingEvent::Batch(self.progress));
        }
        self.order = order;
        Ok(Wish::Run)
    }

    /// One step, on some of the examples.
    fn learn(&mut self, members: &[usize]) -> Result<BatchFigures, TrainingError> {
        let Progress {
            images_seen,
            images_total,
            ..
        } = self.progress;
        let done = images_seen as f64 / images_total as f64;
        let settings = StepSettings {
            learning_rate: self.config.learning_rate * self.config.schedule.factor(done),
            weight_decay: self.config.weight_decay,
            label_smoothing: self.config.label_smoothing,
        };
        let labels: Vec<u8> = members.iter().map(|&index| self.labels[index]).collect();
        let every: Vec<usize>;
        let varied;
        let (images, members) = match &self.source {
            Source::AsTheyAre(images) => (images, members),
            Source::Varied(examples) => {
                varied = SparseImages::of_images(&self.variations(examples, members));
                every = (0..members.len()).collect();
                (&varied, &every[..])
            }
        };
        self.step.step(
            Batch {
                images,
                members,
                labels: &labels,
            },
            &settings,
        )
    }

    /// A new variation of each member. Each has a generator of its own, so that it is the same
    /// whichever thread makes it.
    fn variations(&self, examples: &Examples, members: &[usize]) -> Vec<[u8; PIXELS]> {
        let first = FIRST_VARIATION + self.progress.images_seen as u64;
        let vary = |(&member, stream)| {
            let mut rng = generator(self.config.seed, stream);
            self.config
                .augmentation
                .apply(examples.image(member), &mut rng)
        };
        let streams = (0..members.len())
            .into_par_iter()
            .map(|index| first + index as u64);
        members
            .par_iter()
            .zip(streams)
            .with_min_len(8)
            .map(vary)
            .collect()
    }
}

/// Where a step's images come from.
enum Source {
    /// Every time the same.
    AsTheyAre(SparseImages),
    /// Every time varied.
    Varied(Examples),
}

/// The stream of a seed's generator that shuffles; the first makes the weights.
const SHUFFLE: u64 = 1;
/// The stream that varies the first image; each later image has the next one.
const FIRST_VARIATION: u64 = 2;

fn generator(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

#[cfg(test)]
mod tests;
