//! A training under way: its order of examples, its random numbers, its step, and where it is.

use std::time::Instant;

use rand::{SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::{
    BatchFigures, EpochRecord, Plan, Progress, Step, StepSettings, TrainingEvent, autograd,
    batch::{Batch, SparseImages},
    config::TrainingConfig,
    control::{Control, Wish},
    evaluation::evaluate,
    fused,
};
use crate::{
    bitmap::PIXELS,
    dataset::{Examples, TrainingSet},
    error::TrainingError,
    model::Mlp,
};

/// A training under way.
pub(super) struct Run<'a> {
    config: &'a TrainingConfig,
    control: &'a Control,
    source: Source,
    targets: &'a [u8],
    rejects: bool,
    step: Box<dyn Step>,
    /// The order in which the examples are seen in this epoch.
    order: Vec<usize>,
    rng: ChaCha8Rng,
    progress: Progress,
}

impl<'a> Run<'a> {
    /// Makes ready; `mlp` is what learns.
    pub(super) fn new(
        config: &'a TrainingConfig,
        training: &'a TrainingSet,
        control: &'a Control,
        mlp: &Mlp,
    ) -> Result<Self, TrainingError> {
        let step: Box<dyn Step> = if mlp.device().is_cpu() {
            Box::new(fused::Fused::new(mlp.clone(), config.batch_size))
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
            targets: training.targets(),
            rejects: training.has_non_digits(),
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
    pub(super) fn epochs(
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
            rejects: self.rejects,
        };
        let targets: Vec<u8> = members.iter().map(|&index| self.targets[index]).collect();
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
                targets: &targets,
            },
            &settings,
        )
    }

    /// A new variation of each member. Each has a generator of its own, so that it is the same
    /// whichever thread makes it.
    fn variations(&self, examples: &TrainingSet, members: &[usize]) -> Vec<[u8; PIXELS]> {
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
    Varied(TrainingSet),
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
