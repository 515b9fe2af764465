//! A training under way: its order of examples, its random numbers, its step, and where it is.

mod interruption;
mod targets;
mod timing;

use std::time::{Duration, Instant};

use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use super::{
    BatchFigures, EpochRecord, Plan, Progress, Step, StepSettings, TrainingEvent,
    average::Average,
    batch::Batch,
    config::TrainingConfig,
    control::{Control, Signal},
    diagnostics::{Cause, Divergence},
    dropout::Dropout,
    evaluation,
    outcome::Ending,
    source::{Source, shuffler, variations},
    step::{
        autograd::Autograd,
        cpu::{CpuStep, Shared},
    },
};
use crate::{
    data::{Examples, TrainingSet},
    error::{ModelError, TrainingError},
    model::Mlp,
};

/// The most time between two checkpoints.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(30);
/// The time between two glances at the network that is learning.
const LIVE_SNAPSHOT_INTERVAL: Duration = Duration::from_millis(200);

/// The networks that a run starts with.
pub(super) struct Networks {
    /// The network to train.
    pub(super) mlp: Mlp,
    /// The network whose outputs it distills.
    pub(super) teacher: Option<Mlp>,
}

/// A training under way.
pub(super) struct Run<'a> {
    config: &'a TrainingConfig,
    control: &'a Control,
    training: &'a TrainingSet,
    source: Source,
    /// The base model of a fine-tuning with corrections: its outputs are the targets of all other examples.
    teacher: Option<Mlp>,
    mlp: Mlp,
    step: Box<dyn Step>,
    average: Option<Average>,
    /// The order in which the examples are seen in this epoch.
    order: Vec<u32>,
    rng: ChaCha8Rng,
    progress: Progress,
    /// Examples of the epoch that were seen, and their figures.
    seen: usize,
    sums: BatchFigures,
    batches: usize,
    /// Seconds since the start, when the epoch began.
    epoch_start_secs: f64,
    history: Vec<EpochRecord>,
    best: Option<Best>,
    checkpointed: Instant,
    last_live_snapshot: Instant,
}

/// The network at the end of the best epoch so far: that with the least validation loss, or, where nothing is
/// validated, the least loss.
pub(super) struct Best {
    pub(super) epoch: usize,
    pub(super) validation_loss: Option<f64>,
    pub(super) mlp: Mlp,
}

/// What a run leaves.
pub(super) struct RunResult {
    /// The network that is to be kept.
    pub(super) mlp: Mlp,
    /// The epoch at whose end it was so.
    pub(super) epoch: Option<usize>,
    pub(super) history: Vec<EpochRecord>,
    pub(super) ending: Ending,
    /// Whether there was not even one batch.
    pub(super) is_blank: bool,
}

/// How an epoch's batches ended.
enum Batches {
    Done,
    /// By a stop, or because nobody waits for the result.
    Interrupted,
    /// The loss was no finite number.
    Diverged,
}

impl<'a> Run<'a> {
    /// Prepares the first epoch. With a teacher, distills its outputs on all examples but the corrections, which
    /// prevents forgetting ("Learning without Forgetting", Li and Hoiem 2016).
    pub(super) fn new(
        config: &'a TrainingConfig,
        training: &'a TrainingSet,
        control: &'a Control,
        networks: Networks,
    ) -> Result<Self, TrainingError> {
        let Networks { mlp, teacher } = networks;
        let fields = config.fields().map_err(TrainingError::Refused)?;
        let step: Box<dyn Step> = match (mlp.device().is_cpu(), fields.is_empty()) {
            (true, true) => Box::new(CpuStep::new(mlp.clone(), config.batch_size)),
            (true, false) => Box::new(Shared::new(mlp.clone(), fields)?),
            (false, _) => Box::new(Autograd::new(mlp.clone(), &fields)?),
        };
        let average = match config.ema {
            decay if decay > 0.0 => Some(Average::new(&mlp, decay)?),
            _ => None,
        };
        Ok(Self {
            config,
            control,
            training,
            source: Source::new(config, training, control),
            teacher,
            mlp,
            step,
            average,
            order: (0..training.len() as u32).collect(),
            rng: shuffler(config.seed),
            progress: Progress {
                images_total: training.len() * config.epochs,
                ..Progress::default()
            },
            seen: 0,
            sums: BatchFigures::default(),
            batches: 0,
            epoch_start_secs: 0.0,
            history: Vec::new(),
            best: None,
            checkpointed: Instant::now(),
            last_live_snapshot: Instant::now(),
        })
    }

    /// Trains until an end; `None` when it was abandoned.
    pub(super) fn epochs(
        mut self,
        validation: &Examples,
        on_event: &mut dyn FnMut(TrainingEvent),
    ) -> Result<Option<RunResult>, TrainingError> {
        on_event(TrainingEvent::Started(Plan {
            epochs: self.config.epochs,
            training_examples: self.training.len(),
            validation_examples: validation.len(),
        }));
        if self.progress.images_seen > 0 {
            on_event(TrainingEvent::Resumed(self.history.clone()));
        }
        let ending = loop {
            if self.history.len() >= self.config.epochs {
                break Ending::Completed;
            }
            if self.is_patience_exhausted() {
                break Ending::StoppedEarly;
            }
            if self.history.len() == self.progress.epoch {
                self.begin_epoch();
            }
            let record = match self.batches(on_event)? {
                // ReLU makes 0 of what is no number, so that the loss need not show it.
                Batches::Done if !self.has_numbers()? => break self.diverged()?,
                Batches::Done => self.end_epoch(validation)?,
                Batches::Interrupted => None,
                Batches::Diverged => break self.diverged()?,
            };
            let Some(record) = record else {
                if self.control.signal() == Signal::Abandon {
                    return Ok(None);
                }
                self.checkpoint(on_event)?;
                break Ending::Stopped;
            };
            if record.validation_loss.is_some_and(|loss| !loss.is_finite()) {
                break self.diverged()?;
            }
            self.update_best(&record)?;
            self.history.push(record.clone());
            on_event(TrainingEvent::EpochFinished {
                record,
                mlp: self.shown().clone(),
            });
            self.checkpoint(on_event)?;
        };
        Ok(Some(self.learned(ending)))
    }

    /// Whether all that was learned are finite numbers.
    fn has_numbers(&self) -> Result<bool, ModelError> {
        for parameter in self.mlp.parameters() {
            let sum: f32 = parameter.as_tensor().sum_all()?.to_scalar()?;
            if !sum.is_finite() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The network that is validated and shown.
    fn shown(&self) -> &Mlp {
        self.average.as_ref().map_or(&self.mlp, Average::mlp)
    }

    fn begin_epoch(&mut self) {
        self.progress.epoch += 1;
        self.order.shuffle(&mut self.rng);
        self.seen = 0;
        self.sums = BatchFigures::default();
        self.epoch_start_secs = self.progress.elapsed_secs;
    }

    /// Learns from the examples of the epoch that were not seen yet.
    fn batches(
        &mut self,
        on_event: &mut dyn FnMut(TrainingEvent),
    ) -> Result<Batches, TrainingError> {
        while self.seen < self.order.len() {
            if self.control.wait_while_paused().ends_training() {
                return Ok(Batches::Interrupted);
            }
            let start = Instant::now();
            let count = self.config.batch_size.min(self.order.len() - self.seen);
            let figures = self.learn(count)?;
            if !figures.loss_sum.is_finite() {
                return Ok(Batches::Diverged);
            }
            self.advance(count, figures);
            self.progress.elapsed_secs += start.elapsed().as_secs_f64();
            on_event(TrainingEvent::Batch(self.progress));
            if self.last_live_snapshot.elapsed() >= LIVE_SNAPSHOT_INTERVAL {
                on_event(TrainingEvent::LiveSnapshot(self.shown().clone()));
                self.last_live_snapshot = Instant::now();
            }
            if self.checkpointed.elapsed() >= CHECKPOINT_INTERVAL {
                self.checkpoint(on_event)?;
            }
        }
        Ok(Batches::Done)
    }

    /// One step, on the next `count` examples.
    fn learn(&mut self, count: usize) -> Result<BatchFigures, TrainingError> {
        let members = &self.order[self.seen..self.seen + count];
        let examples: Vec<usize> = members.iter().map(|&index| index as usize).collect();
        let settings = self.settings();
        self.progress.learning_rate = settings.learning_rate;
        let every: Vec<usize>;
        let varied;
        let (images, members) = match &self.source {
            Source::Fixed(images) => (images, &examples[..]),
            Source::Varied(training) => {
                let place = (self.progress.images_seen, self.progress.images_total);
                varied = variations(self.config, training, &examples, place);
                every = (0..count).collect();
                (&varied, &every[..])
            }
        };
        let mut batch = Batch {
            images,
            members,
            targets: &[],
        };
        let targets = self.targets(&examples, batch)?;
        batch.targets = &targets;
        let figures = self.step.step(batch, &settings)?;
        if let Some(average) = &mut self.average {
            average.update(&self.mlp).map_err(ModelError::from)?;
        }
        Ok(figures)
    }

    fn settings(&self) -> StepSettings {
        let config = self.config;
        let factor = config.schedule.factor(self.progress.done(), config.epochs);
        StepSettings {
            optimizer: config.optimizer,
            learning_rate: config.learning_rate * factor,
            loss: config.loss,
            label_smoothing: config.label_smoothing,
            gce_q: config.gce_q,
            rejects: self.training.has_non_digits(),
            l1: config.l1,
            l2: config.l2,
            clip_norm: config.clip_norm,
            dropout: Dropout::new(config.dropout, config.seed, self.batches as u64),
        }
    }

    /// Counts a batch that was learned from.
    fn advance(&mut self, count: usize, figures: BatchFigures) {
        self.sums = self.sums.plus(figures);
        self.seen += count;
        self.batches += 1;
        let progress = &mut self.progress;
        progress.images_seen += count;
        progress.loss = self.sums.loss_sum / self.seen as f64;
        progress.accuracy = self.sums.correct as f64 / self.seen as f64;
        let (loss, correct) = (figures.loss_sum, figures.correct as f64);
        progress.smooth(self.batches, loss / count as f64, correct / count as f64);
    }

    /// The figures of the epoch whose batches are done; `None` when it was stopped or abandoned meanwhile.
    fn end_epoch(&mut self, validation: &Examples) -> Result<Option<EpochRecord>, TrainingError> {
        let start = Instant::now();
        let mut waited = Duration::ZERO;
        let logits = evaluation::logits(self.shown(), validation, &mut |_| {
            let asked = Instant::now();
            let signal = self.control.wait_while_paused();
            waited += asked.elapsed();
            !signal.ends_training()
        })?;
        if logits.len() < validation.len() {
            return Ok(None);
        }
        let figures = evaluation::figures(&logits, validation, self.config.loss);
        self.progress.elapsed_secs += start.elapsed().saturating_sub(waited).as_secs_f64();
        Ok(Some(EpochRecord {
            epoch: self.progress.epoch,
            loss: self.progress.loss,
            accuracy: self.progress.accuracy,
            validation_loss: figures.map(|(loss, _)| loss),
            validation_accuracy: figures.map(|(_, accuracy)| accuracy),
            learning_rate: self.progress.learning_rate,
            elapsed_secs: self.progress.elapsed_secs - self.epoch_start_secs,
        }))
    }

    /// Keeps the network if the epoch is the best so far.
    fn update_best(&mut self, record: &EpochRecord) -> Result<(), ModelError> {
        let loss = |record: &EpochRecord| record.validation_loss.unwrap_or(record.loss);
        let of_best = |best: &Best| self.history.get(best.epoch - 1).map(loss);
        let least = self.best.as_ref().and_then(of_best);
        if least.is_none_or(|least| loss(record) < least) {
            self.best = Some(Best {
                epoch: record.epoch,
                validation_loss: record.validation_loss,
                mlp: self.shown().copy()?,
            });
        }
        Ok(())
    }

    fn is_patience_exhausted(&self) -> bool {
        let patience = self.config.patience;
        let waited = |best: &Best| self.history.len() - best.epoch;
        patience > 0
            && self
                .best
                .as_ref()
                .is_some_and(|best| waited(best) >= patience)
    }

    /// The end after a loss that is no finite number.
    ///
    /// # Errors
    /// When there is no epoch to go back to.
    fn diverged(&self) -> Result<Ending, TrainingError> {
        let divergence = Divergence {
            epoch: self.progress.epoch,
            cause: Cause::of_divergence(self.config),
        };
        match self.best {
            Some(_) => Ok(Ending::Diverged(divergence)),
            None => Err(TrainingError::Diverged(divergence.to_string())),
        }
    }

    /// Chooses the network that is kept.
    fn learned(self, ending: Ending) -> RunResult {
        let is_validated = |best: &Best| best.validation_loss.is_some();
        let wants_best = match ending {
            Ending::Completed => self.config.patience > 0,
            Ending::Stopped => self.best.as_ref().is_some_and(is_validated),
            Ending::StoppedEarly | Ending::Diverged(_) => true,
        };
        let at_end = self.history.len() == self.progress.epoch;
        let last = self.history.last().map(|record| record.epoch);
        let (mlp, epoch) = match self.best.filter(|_| wants_best) {
            Some(best) => (best.mlp, Some(best.epoch)),
            None => (
                self.average
                    .map_or(self.mlp, |average| average.mlp().clone()),
                last.filter(|_| at_end),
            ),
        };
        RunResult {
            mlp,
            epoch,
            history: self.history,
            ending,
            is_blank: self.progress.images_seen == 0,
        }
    }
}
