//! The training loop: the order of the examples, the random numbers, the steps and the progress.

use std::time::{Duration, Instant};

use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use super::{
    BatchMetrics, CorrectionReport, EpochRecord, LayerStep, Plan, Progress, Step, StepSettings,
    StopReason, TrainingEvent,
    average::Average,
    batch::Batch,
    checkpoint::{Checkpoint, CheckpointState, TrainingInput, values},
    config::{Loss, TrainingConfig},
    control::{Control, Signal},
    dropout::Dropout,
    layer_step::Inspection,
    source::{ImageSource, ImagesSeen, StoredImages, augment, shuffler},
    step::{autograd::Autograd, cpu::CpuStep},
};
use crate::{
    data::{Examples, Target, TrainingSet},
    error::{Cause, Divergence, ModelError, Refusal, TrainingError},
    evaluation::{self, Metrics, mean_squared_error},
    model::{Mlp, calibration::Calibration},
};

/// The longest time between two checkpoints.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(30);
/// The shortest time between two live snapshots.
const LIVE_SNAPSHOT_INTERVAL: Duration = Duration::from_millis(200);
/// The time from an inspection to the next one, in inspections: they take at most a tenth of the time.
const INSPECTION_INTERVAL: u32 = 10;

/// A training in progress.
pub(super) struct TrainingRun<'a> {
    config: &'a TrainingConfig,
    control: &'a Control,
    input: &'a TrainingInput,
    training: &'a TrainingSet,
    source: ImageSource,
    /// Whether the step reads sparse images.
    reads_sparse: bool,
    mlp: Mlp,
    step: Box<dyn Step>,
    average: Option<Average>,
    /// The order of the examples in the current epoch.
    order: Vec<u32>,
    rng: ChaCha8Rng,
    progress: Progress,
    /// Examples of the current epoch that were seen, and their metrics.
    seen: usize,
    sums: BatchMetrics,
    batches: usize,
    /// Seconds since the start of the training, at the start of the epoch.
    epoch_start_secs: f64,
    history: Vec<EpochRecord>,
    best: Option<Best>,
    last_checkpoint: Instant,
    last_live_snapshot: Instant,
    next_inspection: Instant,
}

/// The network after the best epoch so far: the one with the lowest validation loss or, without validation, the lowest
/// loss.
struct Best {
    epoch: usize,
    mlp: Mlp,
}

/// The result of a run.
pub(super) struct RunResult {
    pub(super) mlp: Mlp,
    /// The epoch that ended with these weights; `None` within an epoch.
    pub(super) epoch: Option<usize>,
    pub(super) history: Vec<EpochRecord>,
    pub(super) stop_reason: StopReason,
    /// Whether there was not even one batch.
    pub(super) is_untrained: bool,
    /// The calibration and the report of a fine-tuning on corrections.
    pub(super) corrected: Option<(Calibration, CorrectionReport)>,
}

/// How the batches of an epoch ended.
enum Batches {
    Done,
    /// By a signal.
    Interrupted,
    /// The loss is NaN or infinite.
    Diverged,
}

/// The training step for a network, and whether it reads sparse images.
pub(super) fn step(
    mlp: &Mlp,
    config: &TrainingConfig,
) -> Result<(Box<dyn Step>, bool), TrainingError> {
    let is_cpu = mlp.device().is_cpu();
    let step: Box<dyn Step> = if is_cpu {
        Box::new(CpuStep::new(mlp.clone(), config.batch_size))
    } else {
        Box::new(Autograd::new(mlp.clone())?)
    };
    Ok((step, is_cpu && config.model.filters().is_empty()))
}

impl<'a> TrainingRun<'a> {
    /// Prepares the first epoch.
    pub(super) fn new(
        config: &'a TrainingConfig,
        input: &'a TrainingInput,
        training: &'a TrainingSet,
        control: &'a Control,
        mlp: Mlp,
    ) -> Result<Self, TrainingError> {
        let (step, reads_sparse) = step(&mlp, config)?;
        let average = match config.ema {
            decay if decay > 0.0 => Some(Average::new(&mlp, decay)?),
            _ => None,
        };
        Ok(Self {
            config,
            control,
            input,
            training,
            source: ImageSource::new(config, training, reads_sparse, control),
            reads_sparse,
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
            sums: BatchMetrics::default(),
            batches: 0,
            epoch_start_secs: 0.0,
            history: Vec::new(),
            best: None,
            last_checkpoint: Instant::now(),
            last_live_snapshot: Instant::now(),
            next_inspection: Instant::now(),
        })
    }

    /// Continues from a checkpoint of the same configuration and data. [`TrainingRun::new`] took its networks.
    pub(super) fn resume(&mut self, checkpoint: &Checkpoint) -> Result<(), TrainingError> {
        let is_stopped = self.control.signal().ends_training();
        // After a stop signal, not all synthetic digits were generated. No batch needs them.
        if !is_stopped && self.training.len() != checkpoint.order.len() {
            return Err(Refusal::new(
                "resume the training",
                format!("{} training examples", self.training.len()),
                format!("{}, as at its start", checkpoint.order.len()),
                "resume it with the version of Digitpad that started it, or start a new training",
            )
            .into());
        }
        let device = self.mlp.device();
        let network = |parameters| checkpoint.network(parameters, device);
        let state = &checkpoint.state;
        self.step.restore(&checkpoint.optimizer)?;
        self.average = match &checkpoint.average {
            Some(parameters) => Some(Average::resumed(
                network(parameters)?,
                self.config.ema,
                state.average_updates,
            )),
            None => None,
        };
        self.best = match (state.best_epoch, &checkpoint.best) {
            (Some(epoch), Some(parameters)) => Some(Best {
                epoch,
                mlp: network(parameters)?,
            }),
            _ => None,
        };
        self.order.clone_from(&checkpoint.order);
        self.rng.set_word_pos(state.shuffler_words.into());
        self.history.clone_from(&state.history);
        self.progress = state.progress;
        self.seen = state.seen;
        self.sums = BatchMetrics {
            loss_sum: state.loss_sum,
            correct: state.correct,
        };
        self.batches = state.batches;
        self.epoch_start_secs = state.epoch_start_secs;
        Ok(())
    }

    /// Reports a checkpoint of this moment.
    fn checkpoint(&mut self, on_event: &mut dyn FnMut(TrainingEvent)) -> Result<(), TrainingError> {
        if self.progress.images_seen == 0 {
            return Ok(());
        }
        self.last_checkpoint = Instant::now();
        let average = self.average.as_ref();
        let optimizer = self.step.state()?;
        let checkpoint = Checkpoint {
            config: self.config.clone(),
            state: CheckpointState {
                seen: self.seen,
                loss_sum: self.sums.loss_sum,
                correct: self.sums.correct,
                batches: self.batches,
                epoch_start_secs: self.epoch_start_secs,
                average_updates: average.map_or(0, Average::updates),
                optimizer_steps: optimizer.steps,
                threads: rayon::current_num_threads(),
                shuffler_words: self.rng.get_word_pos() as u64,
                best_epoch: self.best.as_ref().map(|best| best.epoch),
                progress: self.progress,
                input: self.input.clone(),
                history: self.history.clone(),
            },
            order: self.order.clone(),
            parameters: values(&self.mlp)?,
            average: average.map(Average::mlp).map(values).transpose()?,
            best: self
                .best
                .as_ref()
                .map(|best| values(&best.mlp))
                .transpose()?,
            optimizer,
        };
        on_event(TrainingEvent::Checkpoint(Box::new(checkpoint)));
        Ok(())
    }

    /// Trains to the end. `None` after [`Control::abandon`].
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
        let stop_reason = loop {
            if self.history.len() >= self.config.epochs {
                break StopReason::Completed;
            }
            if self.is_patience_exhausted() {
                break StopReason::EarlyStopping;
            }
            if self.history.len() == self.progress.epoch {
                self.begin_epoch();
            }
            let batches = self.batches(on_event)?;
            let record = match batches {
                // ReLU turns NaN into 0, so that the loss may stay finite.
                Batches::Done if !self.has_finite_weights()? => break self.diverged()?,
                Batches::Done => self.end_epoch(validation)?,
                Batches::Interrupted => None,
                Batches::Diverged => break self.diverged()?,
            };
            let Some(record) = record else {
                if self.control.signal() == Signal::Abandon {
                    return Ok(None);
                }
                self.checkpoint(on_event)?;
                break StopReason::Stopped;
            };
            if record.validation_loss.is_some_and(|loss| !loss.is_finite()) {
                break self.diverged()?;
            }
            self.update_best(&record)?;
            self.history.push(record.clone());
            on_event(TrainingEvent::EpochFinished {
                record,
                mlp: self.current().clone(),
            });
            self.checkpoint(on_event)?;
        };
        Ok(Some(self.result(stop_reason)))
    }

    fn has_finite_weights(&self) -> Result<bool, ModelError> {
        for parameter in self.mlp.parameters() {
            let sum: f32 = parameter.as_tensor().sum_all()?.to_scalar()?;
            if !sum.is_finite() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The network to validate and to show: the moving average, if there is one.
    fn current(&self) -> &Mlp {
        self.average.as_ref().map_or(&self.mlp, Average::mlp)
    }

    fn begin_epoch(&mut self) {
        self.progress.epoch += 1;
        self.order.shuffle(&mut self.rng);
        self.seen = 0;
        self.sums = BatchMetrics::default();
        self.epoch_start_secs = self.progress.elapsed_secs;
    }

    /// Trains on the remaining examples of the epoch.
    fn batches(
        &mut self,
        on_event: &mut dyn FnMut(TrainingEvent),
    ) -> Result<Batches, TrainingError> {
        while self.seen < self.order.len() {
            if self.control.wait_before_batch().ends_training() {
                return Ok(Batches::Interrupted);
            }
            let start = Instant::now();
            let count = self.config.batch_size.min(self.order.len() - self.seen);
            let mut layers = Vec::new();
            let shows_every_batch = self.control.shows_every_batch();
            let is_due = self.last_live_snapshot.elapsed() >= LIVE_SNAPSHOT_INTERVAL;
            let can_inspect = shows_every_batch || is_due && start >= self.next_inspection;
            let inspected = (can_inspect && self.control.inspects()).then_some(&mut layers);
            let figures = self.train_batch(count, inspected)?;
            if !figures.loss_sum.is_finite() {
                return Ok(Batches::Diverged);
            }
            self.advance(count, figures);
            self.progress.elapsed_secs += start.elapsed().as_secs_f64();
            on_event(TrainingEvent::Batch(self.progress));
            if is_due || self.control.shows_every_batch() {
                let mlp = self.current().clone();
                on_event(TrainingEvent::LiveSnapshot { mlp, layers });
                self.last_live_snapshot = Instant::now();
            }
            if self.last_checkpoint.elapsed() >= CHECKPOINT_INTERVAL {
                self.checkpoint(on_event)?;
            }
        }
        Ok(Batches::Done)
    }

    /// One step on the next `count` examples. Tells what it does to each layer, if that is asked.
    fn train_batch(
        &mut self,
        count: usize,
        inspected: Option<&mut Vec<LayerStep>>,
    ) -> Result<BatchMetrics, TrainingError> {
        let members = &self.order[self.seen..self.seen + count];
        let examples: Vec<usize> = members.iter().map(|&index| index as usize).collect();
        let settings = self.settings();
        self.progress.learning_rate = settings.learning_rate;
        let every: Vec<usize>;
        let augmented;
        let (images, members) = match &self.source {
            ImageSource::Fixed(images) => (images.get(), &examples[..]),
            ImageSource::Augmented(training) => {
                let seen = ImagesSeen {
                    seen: self.progress.images_seen,
                    total: self.progress.images_total,
                };
                let images = augment(self.config, training, &examples, seen);
                augmented = StoredImages::new(images.into(), self.reads_sparse);
                every = (0..count).collect();
                (augmented.get(), &every[..])
            }
        };
        let target = |&index: &usize| self.training.target(index);
        let targets: Vec<Target> = examples.iter().map(target).collect();
        let batch = Batch {
            images,
            members,
            targets: &targets,
        };
        let started = Instant::now();
        let inspection = match &inspected {
            Some(_) => Some(Inspection::begin(&self.mlp, batch, &settings)?),
            None => None,
        };
        let figures = self.step.step(batch, &settings)?;
        if let (Some(layers), Some(inspection)) = (inspected, inspection) {
            *layers = inspection.end(&self.mlp)?;
            self.next_inspection = Instant::now() + INSPECTION_INTERVAL * started.elapsed();
        }
        if let Some(average) = &mut self.average {
            average.update(&self.mlp).map_err(ModelError::from)?;
        }
        Ok(figures)
    }

    fn settings(&self) -> StepSettings {
        let config = self.config;
        let factor = config.schedule.factor(self.progress.done());
        StepSettings {
            optimizer: config.optimizer,
            learning_rate: config.learning_rate * factor,
            loss: config.loss,
            label_smoothing: config.label_smoothing,
            rejects: self.training.has_non_digits(),
            l1: config.l1,
            l2: config.l2,
            clip_norm: config.clip_norm,
            dropout: Dropout::new(config.dropout, config.seed, self.batches as u64),
        }
    }

    /// Counts a finished batch.
    fn advance(&mut self, count: usize, figures: BatchMetrics) {
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

    /// Validates the network after the last batch of an epoch. `None` after a signal to stop.
    fn end_epoch(&mut self, validation: &Examples) -> Result<Option<EpochRecord>, TrainingError> {
        let start = Instant::now();
        let mut waited = Duration::ZERO;
        let logits = evaluation::logits(self.current(), validation, &mut |_| {
            let asked = Instant::now();
            let signal = self.control.wait_while_paused();
            waited += asked.elapsed();
            !signal.ends_training()
        })?;
        if logits.len() < validation.len() {
            return Ok(None);
        }
        let truths = || (0..logits.len()).map(|index| validation.label(index));
        let metrics = Metrics::new(&logits, truths(), &Calibration::default());
        let loss = match self.config.loss {
            Loss::CrossEntropy => metrics.loss,
            Loss::MeanSquaredError => mean_squared_error(&logits, truths()),
        };
        let is_validated = !validation.is_empty();
        self.progress.elapsed_secs += start.elapsed().saturating_sub(waited).as_secs_f64();
        Ok(Some(EpochRecord {
            epoch: self.progress.epoch,
            loss: self.progress.loss,
            accuracy: self.progress.accuracy,
            validation_loss: is_validated.then_some(loss),
            validation_accuracy: is_validated.then_some(metrics.accuracy),
            learning_rate: self.progress.learning_rate,
            elapsed_secs: self.progress.elapsed_secs - self.epoch_start_secs,
        }))
    }

    /// Copies the network after the best epoch so far.
    fn update_best(&mut self, record: &EpochRecord) -> Result<(), ModelError> {
        let loss = |record: &EpochRecord| record.validation_loss.unwrap_or(record.loss);
        let lowest = self.best_record().map(loss);
        if lowest.is_none_or(|lowest| loss(record) < lowest) {
            self.best = Some(Best {
                epoch: record.epoch,
                mlp: self.current().copy()?,
            });
        }
        Ok(())
    }

    fn best_record(&self) -> Option<&EpochRecord> {
        self.history.get(self.best.as_ref()?.epoch - 1)
    }

    fn is_patience_exhausted(&self) -> bool {
        let patience = self.config.patience;
        let is_exhausted = |best: &Best| self.history.len() - best.epoch >= patience;
        patience > 0 && self.best.as_ref().is_some_and(is_exhausted)
    }

    /// The end after a loss that is NaN or infinite.
    ///
    /// # Errors
    /// When no epoch is finished.
    fn diverged(&self) -> Result<StopReason, TrainingError> {
        let divergence = Divergence {
            epoch: self.progress.epoch,
            cause: Cause::of_divergence(self.config),
        };
        match self.best {
            Some(_) => Ok(StopReason::Diverged(divergence)),
            None => Err(TrainingError::Diverged(divergence)),
        }
    }

    /// Chooses between the best and the last weights.
    fn result(self, stop_reason: StopReason) -> RunResult {
        let is_validated = |record: &EpochRecord| record.validation_loss.is_some();
        let wants_best = match stop_reason {
            StopReason::Completed => self.config.patience > 0,
            StopReason::Stopped => self.best_record().is_some_and(is_validated),
            StopReason::EarlyStopping | StopReason::Diverged(_) => true,
        };
        let is_between_epochs = self.history.len() == self.progress.epoch;
        let last = self.history.last().map(|record| record.epoch);
        let current = self.current().clone();
        let (mlp, epoch) = match self.best.filter(|_| wants_best) {
            Some(best) => (best.mlp, Some(best.epoch)),
            None => (current, last.filter(|_| is_between_epochs)),
        };
        RunResult {
            mlp,
            epoch,
            history: self.history,
            stop_reason,
            is_untrained: self.progress.images_seen == 0,
            corrected: None,
        }
    }
}
