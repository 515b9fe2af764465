//! The thread that trains. It tells facts in a bounded channel, none of them lost, and shows its
//! progress in a slot that holds the latest.

mod curve;

use std::{
    fmt,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::{Duration, Instant},
};

use candle_core::Device;

pub use self::curve::{BatchCurve, BatchPoint};
use super::{FACTS_CAPACITY, JoinOnDrop, Wakers, WorkerPriority, catch_panic, lock};
use crate::{
    data::{Corrections, Dataset, TrainingData},
    error::{self, DatasetError, ModelError, TrainingError},
    files::latest::LatestFile,
    model::{
        Mlp,
        device::{DeviceChoice, OpenDevice},
        file::{Metadata, Model},
    },
    store::checkpoints::Kept,
    training::{
        self, EpochRecord, Plan, Progress, Start, TrainedModel, TrainingEvent,
        checkpoint::Checkpoint, config::TrainingConfig, control::Control,
    },
};

/// Batches are far more frequent than frames: the owner is woken for progress at most this often.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(33);

/// A training to do.
#[derive(Clone, Debug)]
pub struct TrainingJob {
    /// How it starts.
    pub start: Start,
    /// Its examples.
    pub data: TrainingData,
    /// The file of corrections to train on as well. The trainer reads it.
    pub corrections: Option<PathBuf>,
    /// The device that computes it.
    pub device: DeviceChoice,
}

impl TrainingJob {
    /// The data set, with the corrections that are stored now.
    fn read(&self) -> Result<Dataset, DatasetError> {
        let mut data = self.data.clone();
        if let Some(path) = &self.corrections {
            data.corrections = Corrections::read(path)?;
        }
        data.absolute().read()
    }
}

/// A fact, and the run that it belongs to.
#[derive(Debug)]
pub struct TrainerMessage {
    /// The run's number, as it was given to [`Trainer::spawn`].
    pub run: u64,
    /// What happened.
    pub fact: TrainerFact,
}

/// What happens in a training, in this order. [`TrainerFact::Finished`] or [`TrainerFact::Failed`] is
/// the last, and exactly one of them comes.
#[derive(Debug)]
pub enum TrainerFact {
    /// Something that a person should know: it computes elsewhere than was hoped for.
    Note(String),
    /// The examples are unpacked or read.
    DataReady,
    /// The training begins.
    Started(Plan),
    /// It goes on from where an earlier one was interrupted, which had finished these epochs.
    Resumed(Vec<EpochRecord>),
    /// An epoch ended.
    EpochFinished {
        /// Its figures.
        record: EpochRecord,
        /// The model at its end, with weights of its own, which the training does not change.
        snapshot: Arc<Model>,
    },
    /// Nothing more is learned; what was is tested. Left out where not even one batch was learned.
    TestStarted {
        /// The model that is kept, which answers as it will.
        model: Arc<Model>,
        /// The epoch at whose end it was so; `None` if it is from within one.
        epoch: Option<usize>,
        /// Whether somebody stopped it before its last epoch ended.
        is_stopped: bool,
    },
    /// The training ended, by itself or because it was stopped.
    Finished(Box<TrainedModel>),
    /// It could not go on: the whole sentence.
    Failed(String),
    /// What is needed to go on after a crash is written, for the first time or again.
    Kept,
    /// What is needed to go on after a crash cannot be written, but the training goes on: the whole sentence.
    NotKept(String),
}

/// The handle of a training. Dropping it abandons the training.
pub struct Trainer {
    control: Arc<Control>,
    progress: Arc<Mutex<Option<Progress>>>,
    curve: Arc<Mutex<BatchCurve>>,
    live_snapshot: Arc<Mutex<Option<Arc<Model>>>>,
    // Goes before the thread is joined: a trainer that waits for room in a full channel is freed so.
    facts: Receiver<TrainerMessage>,
    _thread: Option<JoinOnDrop>,
}

impl Trainer {
    /// Starts to train. Everything that goes wrong comes as a [`TrainerFact::Failed`].
    ///
    /// The examples are held by the thread alone, so that their 55 MB and more are gone with it. What is
    /// needed to go on after a crash is kept in the file `checkpoint`, where one is named, until the training
    /// has ended; what lies there of another training is set aside.
    pub fn spawn(run: u64, job: TrainingJob, checkpoint: Option<PathBuf>, wakers: Wakers) -> Self {
        let control = Arc::new(Control::default());
        let progress = Arc::new(Mutex::new(None));
        let curve = Arc::new(Mutex::new(BatchCurve::default()));
        let live_snapshot = Arc::new(Mutex::new(None));
        let (sender, facts) = sync_channel(FACTS_CAPACITY);
        let reporter = Reporter {
            run,
            facts: sender,
            progress: Arc::clone(&progress),
            curve: Arc::clone(&curve),
            live_snapshot: Arc::clone(&live_snapshot),
            wakers,
            woken: None,
        };
        let unstarted = reporter.clone();
        let spawned = JoinOnDrop::spawn("digitpad-trainer", WorkerPriority::Background, {
            let control = Arc::clone(&control);
            move || work(&job, checkpoint, &control, reporter)
        });
        if let Err(error) = &spawned {
            unstarted.tell(TrainerFact::Failed(format!(
                "could not start to train: {error}"
            )));
        }
        Self {
            control,
            progress,
            curve,
            live_snapshot,
            facts,
            _thread: spawned.ok(),
        }
    }

    /// Waits before the next batch.
    pub fn pause(&self) {
        self.control.pause();
    }

    /// Goes on after a pause.
    pub fn resume(&self) {
        self.control.resume();
    }

    /// Ends after the batch at hand, paused or not; [`TrainerFact::TestStarted`] follows where anything
    /// was learned, and, after a test, [`TrainerFact::Finished`].
    pub fn stop(&self) {
        self.control.stop();
    }

    /// Leaves out that test, or the rest of it.
    pub fn skip_test(&self) {
        self.control.skip_test();
    }

    /// Where the training is; `None` before its first batch.
    pub fn progress(&self) -> Option<Progress> {
        *lock(&self.progress)
    }

    /// The figures of the batches so far.
    pub fn curve(&self) -> BatchCurve {
        lock(&self.curve).clone()
    }

    /// The model as it was a moment ago in the midst of an epoch, with weights of its own; each once.
    pub fn take_live_snapshot(&self) -> Option<Arc<Model>> {
        lock(&self.live_snapshot).take()
    }

    /// The facts since the last time, in order.
    pub fn drain(&self) -> Vec<TrainerMessage> {
        self.facts.try_iter().take(FACTS_CAPACITY).collect()
    }
}

impl Drop for Trainer {
    /// Ends the thread, which is joined when the fields go.
    fn drop(&mut self) {
        self.control.abandon();
    }
}

impl fmt::Debug for Trainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trainer")
            .field("control", &self.control)
            .field("progress", &self.progress())
            .finish_non_exhaustive()
    }
}

/// The thread's side of the handle.
#[derive(Clone)]
struct Reporter {
    run: u64,
    facts: SyncSender<TrainerMessage>,
    progress: Arc<Mutex<Option<Progress>>>,
    curve: Arc<Mutex<BatchCurve>>,
    live_snapshot: Arc<Mutex<Option<Arc<Model>>>>,
    wakers: Wakers,
    /// When the owner was last woken for progress.
    woken: Option<Instant>,
}

impl Reporter {
    fn tell(&self, fact: TrainerFact) {
        let wake = match fact {
            TrainerFact::EpochFinished { .. } => &self.wakers.gauge,
            _ => &self.wakers.fact,
        };
        // It fails only when the handle is gone, and then nobody wants to know.
        let _ = self.facts.send(TrainerMessage {
            run: self.run,
            fact,
        });
        wake();
    }

    fn show(&mut self, progress: Progress) {
        *lock(&self.progress) = Some(progress);
        lock(&self.curve).push(&progress);
        if self
            .woken
            .is_none_or(|woken| woken.elapsed() >= PROGRESS_INTERVAL)
        {
            self.woken = Some(Instant::now());
            (self.wakers.gauge)();
        }
    }
}

/// The thread: from the data to the last fact. An abandoned training ends without one.
fn work(job: &TrainingJob, checkpoint: Option<PathBuf>, control: &Control, mut reporter: Reporter) {
    let last = match catch_panic(|| learn(job, checkpoint, control, &mut reporter)) {
        Ok(Ok(Some(trained))) => TrainerFact::Finished(Box::new(trained)),
        Ok(Ok(None)) => return,
        Ok(Err(error)) => TrainerFact::Failed(error::chain(&error)),
        Err(panic) => TrainerFact::Failed(panic),
    };
    reporter.tell(last);
}

fn learn(
    job: &TrainingJob,
    checkpoint: Option<PathBuf>,
    control: &Control,
    reporter: &mut Reporter,
) -> Result<Option<TrainedModel>, TrainingError> {
    let OpenDevice { device, note } = job.device.open_or_cpu();
    if let Some(note) = note {
        reporter.tell(TrainerFact::Note(note));
    }
    let dataset = job.read()?;
    reporter.tell(TrainerFact::DataReady);
    let kept = checkpoint.and_then(|path| match Kept::begin(path, job.start.checkpoint()) {
        Ok(file) => Some(file),
        Err(error) => {
            reporter.tell(TrainerFact::NotKept(error::chain(&error)));
            None
        }
    });
    if kept.as_ref().is_some_and(Kept::holds_training) {
        reporter.tell(TrainerFact::Kept);
    }
    let mut listener = Listener {
        config: job.start.config(),
        dataset: &dataset,
        kept: kept.as_ref().map(Kept::file),
        is_kept: false,
        reporter,
        failed: None,
    };
    let mut on_event = |event| {
        if listener.failed.is_none() {
            listener.hear(event);
        }
        if listener.failed.is_some() {
            control.abandon();
        }
    };
    let trained = training::run(&job.start, &dataset, &device, control, &mut on_event);
    if let Some(error) = listener.failed {
        return Err(error.into());
    }
    let has_ended = matches!(trained, Ok(Some(_)) | Err(TrainingError::Diverged(_)));
    if let Some(kept) = kept.filter(|_| has_ended) {
        kept.end();
    }
    trained
}

/// Passes on what a training says.
struct Listener<'a> {
    config: &'a TrainingConfig,
    dataset: &'a Dataset,
    kept: Option<&'a LatestFile>,
    /// Whether it was told that something is in it.
    is_kept: bool,
    reporter: &'a mut Reporter,
    /// Why a copy of the weights could not be made.
    failed: Option<ModelError>,
}

impl Listener<'_> {
    fn hear(&mut self, event: TrainingEvent) {
        if !self.is_kept && self.kept.is_some_and(LatestFile::is_written) {
            self.is_kept = true;
            self.reporter.tell(TrainerFact::Kept);
        }
        match event {
            TrainingEvent::Started(plan) => self.reporter.tell(TrainerFact::Started(plan)),
            TrainingEvent::Resumed(history) => self.reporter.tell(TrainerFact::Resumed(history)),
            TrainingEvent::Batch(progress) => self.reporter.show(progress),
            TrainingEvent::LiveSnapshot(mlp) => {
                if let Some(model) = self.copied(&mlp, None) {
                    *lock(&self.reporter.live_snapshot) = Some(model);
                }
            }
            TrainingEvent::EpochFinished { record, mlp } => {
                if let Some(snapshot) = self.copied(&mlp, record.validation_accuracy) {
                    self.reporter
                        .tell(TrainerFact::EpochFinished { record, snapshot });
                }
            }
            TrainingEvent::TestStarted {
                mlp,
                epoch,
                is_stopped,
            } => {
                if let Some(model) = self.copied(&mlp, None) {
                    self.reporter.tell(TrainerFact::TestStarted {
                        model,
                        epoch,
                        is_stopped,
                    });
                }
            }
            TrainingEvent::Checkpoint(checkpoint) => self.keep(checkpoint),
        }
    }

    fn keep(&mut self, checkpoint: Box<Checkpoint>) {
        let Some(file) = self.kept else { return };
        file.replace(move || checkpoint.to_bytes().map_err(std::io::Error::other));
        if let Some(error) = file.take_error() {
            self.is_kept = false;
            self.reporter
                .tell(TrainerFact::NotKept(error::chain(&error)));
        }
    }

    fn copied(&mut self, mlp: &Mlp, validation_accuracy: Option<f64>) -> Option<Arc<Model>> {
        match snapshot(mlp, validation_accuracy, self.config, self.dataset) {
            Ok(model) => Some(model),
            Err(error) => {
                self.failed = Some(error);
                None
            }
        }
    }
}

/// The model as it is, for others to read while its weights go on changing.
fn snapshot(
    mlp: &Mlp,
    validation_accuracy: Option<f64>,
    config: &TrainingConfig,
    dataset: &Dataset,
) -> Result<Arc<Model>, ModelError> {
    let metadata = Metadata {
        dataset: dataset.name.clone(),
        training_config: serde_json::to_value(config).ok(),
        seed: Some(config.seed),
        validation_accuracy,
        ..Metadata::default()
    };
    Ok(Arc::new(Model {
        mlp: mlp.copy_to(&Device::Cpu)?,
        metadata,
    }))
}

#[cfg(test)]
mod tests;
