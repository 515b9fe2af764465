//! The training thread. It sends facts through a bounded channel and keeps its latest progress in a slot.

use std::{
    fmt,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};

use candle_core::Device;

use super::{
    FACTS_CAPACITY, Gauge, JoinOnDrop, Wakers, WorkerError, WorkerPriority, lock, run_work,
};
use crate::{
    data::{Corrections, Dataset, TrainingData},
    error::{self, InputError, ModelError, StoreError, TrainingError},
    model::{
        Mlp,
        device::{DeviceChoice, OpenDevice},
        file::{Metadata, Model},
    },
    store::checkpoints::CheckpointStore,
    training::{
        self, BatchCurve, EpochRecord, LayerStep, Plan, Progress, Start, TrainedModel,
        TrainingEvent, checkpoint::Checkpoint, config::TrainingConfig, control::Control,
    },
};

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
    fn read(&self) -> Result<Dataset, InputError> {
        let mut data = self.data.clone();
        if let Some(path) = &self.corrections {
            data.corrections = Corrections::read(path)?;
        }
        data.absolute().read()
    }
}

/// A fact about a run.
#[derive(Debug)]
pub struct TrainerMessage {
    /// The number of the run, as in [`Trainer::spawn`].
    pub run: u64,
    /// The fact.
    pub fact: TrainerFact,
}

/// The facts of a training, in this order. The last fact is [`TrainerFact::Finished`] or [`TrainerFact::Failed`].
#[derive(Debug)]
pub enum TrainerFact {
    /// The training runs on another device than the chosen one. The text gives the reason.
    Note(String),
    /// The data set is read.
    DataReady,
    /// The training starts.
    Started(Plan),
    /// It resumes a checkpoint with these finished epochs.
    Resumed(Vec<EpochRecord>),
    /// An epoch ended.
    EpochFinished {
        /// Its metrics.
        record: EpochRecord,
        /// A copy of the model.
        snapshot: Arc<Model>,
    },
    /// The last batch is done, and the test starts. Omitted for an untrained network.
    TestStarted {
        /// A copy of the resulting model.
        model: Arc<Model>,
        /// The epoch that ended with these weights; `None` within an epoch.
        epoch: Option<usize>,
        /// Whether the user stopped the training.
        is_stopped: bool,
    },
    /// The training ended.
    Finished(Box<TrainedModel>),
    /// The training failed.
    Failed(TrainingFailure),
    /// A checkpoint is stored, for the first time or after an error.
    CheckpointStored,
    /// A checkpoint could not be stored. The training continues.
    CheckpointFailed(StoreError),
}

/// Why a training failed, shared and equal only to itself. Displays the error with its causes.
#[derive(Clone, Debug)]
pub struct TrainingFailure(pub Arc<WorkerError<TrainingError>>);

impl From<WorkerError<TrainingError>> for TrainingFailure {
    fn from(error: WorkerError<TrainingError>) -> Self {
        Self(Arc::new(error))
    }
}

impl PartialEq for TrainingFailure {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for TrainingFailure {}

impl fmt::Display for TrainingFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&error::chain(&*self.0))
    }
}

/// The latest state of a training.
#[derive(Clone, Default)]
struct Live {
    progress: Option<Progress>,
    curve: BatchCurve,
    snapshot: Option<Arc<Model>>,
    layers: Vec<LayerStep>,
}

/// The handle of a training. Dropping it abandons the training.
pub struct Trainer {
    control: Arc<Control>,
    live: Arc<Mutex<Live>>,
    // Dropped before the thread is joined, which wakes a trainer that waits at a full channel.
    facts: Receiver<TrainerMessage>,
    _thread: Option<JoinOnDrop>,
}

impl Trainer {
    /// Starts a training. All errors arrive as [`TrainerFact::Failed`].
    ///
    /// The thread alone owns the data set, and frees its 55 MB and more at the end. `checkpoint` is the file of the
    /// checkpoints. A finished training deletes it.
    pub fn spawn(run: u64, job: TrainingJob, checkpoint: Option<PathBuf>, wakers: Wakers) -> Self {
        let control = Arc::new(Control::default());
        let live = Arc::new(Mutex::new(Live::default()));
        let (sender, facts) = sync_channel(FACTS_CAPACITY);
        let reporter = Reporter {
            run,
            facts: sender,
            live: Gauge::new(Arc::clone(&live), Arc::clone(&wakers.gauge)),
            wakers,
        };
        let unstarted = reporter.clone();
        let spawned = JoinOnDrop::spawn("digitpad-trainer", WorkerPriority::Background, {
            let control = Arc::clone(&control);
            move || work(&job, checkpoint, &control, reporter)
        });
        let thread = spawned
            .map_err(|error| unstarted.tell(TrainerFact::Failed(WorkerError::Thread(error).into())))
            .ok();
        Self {
            control,
            live,
            facts,
            _thread: thread,
        }
    }

    /// Waits before the next batch.
    pub fn pause(&self) {
        self.control.pause();
    }

    /// Ends a pause.
    pub fn resume(&self) {
        self.control.resume();
    }

    /// Trains on one batch in a pause.
    pub fn step(&self) {
        self.control.step();
    }

    /// Starts or ends slow motion: one batch a second.
    pub fn set_slow(&self, is_slow: bool) {
        self.control.set_slow(is_slow);
    }

    /// Whether to tell what the steps do to each layer. It costs the training some percent.
    pub fn inspect(&self, inspects: bool) {
        self.control.inspect(inspects);
    }

    /// Ends the training after its batch, also in a pause. The test follows.
    pub fn stop(&self) {
        self.control.stop();
    }

    /// Skips the test, or the rest of it.
    pub fn skip_test(&self) {
        self.control.skip_test();
    }

    /// The progress; `None` before the first batch.
    pub fn progress(&self) -> Option<Progress> {
        lock(&self.live).progress
    }

    /// The metrics of the batches so far.
    pub fn curve(&self) -> BatchCurve {
        lock(&self.live).curve.clone()
    }

    /// The latest copy of the model within an epoch; each once.
    pub fn take_live_snapshot(&self) -> Option<Arc<Model>> {
        lock(&self.live).snapshot.take()
    }

    /// What the last inspected step did to each layer; empty without one.
    pub fn layers(&self) -> Vec<LayerStep> {
        lock(&self.live).layers.clone()
    }

    /// The facts since the last call, in order.
    pub fn drain(&self) -> Vec<TrainerMessage> {
        self.facts.try_iter().take(FACTS_CAPACITY).collect()
    }
}

impl Drop for Trainer {
    /// Ends the thread. The drop of its field joins it.
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

/// The side of the thread.
#[derive(Clone)]
struct Reporter {
    run: u64,
    facts: SyncSender<TrainerMessage>,
    live: Gauge<Live>,
    wakers: Wakers,
}

impl Reporter {
    fn tell(&self, fact: TrainerFact) {
        let wake = match fact {
            TrainerFact::EpochFinished { .. } => &self.wakers.gauge,
            _ => &self.wakers.fact,
        };
        // Without a handle, there is no receiver.
        let _ = self.facts.send(TrainerMessage {
            run: self.run,
            fact,
        });
        wake();
    }
}

/// Trains and sends all facts. An abandoned training ends without a last fact.
fn work(job: &TrainingJob, checkpoint: Option<PathBuf>, control: &Control, mut reporter: Reporter) {
    let last = match run_work(|| train(job, checkpoint, control, &mut reporter)) {
        Ok(Some(trained)) => TrainerFact::Finished(Box::new(trained)),
        Ok(None) => return,
        Err(error) => TrainerFact::Failed(error.into()),
    };
    reporter.tell(last);
}

fn train(
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
    let store = checkpoint.map(|path| CheckpointStore::open(path, job.start.checkpoint()));
    let store = store.transpose().unwrap_or_else(|error| {
        reporter.tell(TrainerFact::CheckpointFailed(error));
        None
    });
    if store.as_ref().is_some_and(CheckpointStore::has_checkpoint) {
        reporter.tell(TrainerFact::CheckpointStored);
    }
    let mut listener = Listener {
        config: job.start.config(),
        dataset: &dataset,
        store: store.as_ref(),
        is_stored: false,
        reporter,
        failed: None,
    };
    let mut on_event = |event| {
        if listener.failed.is_none() {
            listener.on_event(event);
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
    if let Some(store) = store.filter(|_| has_ended) {
        store.clear();
    }
    trained
}

/// Forwards the events of a training.
struct Listener<'a> {
    config: &'a TrainingConfig,
    dataset: &'a Dataset,
    store: Option<&'a CheckpointStore>,
    /// Whether the last fact about checkpoints was that one is stored.
    is_stored: bool,
    reporter: &'a mut Reporter,
    /// The error of a copy of the weights.
    failed: Option<ModelError>,
}

impl Listener<'_> {
    fn on_event(&mut self, event: TrainingEvent) {
        if !self.is_stored && self.store.is_some_and(CheckpointStore::is_written) {
            self.is_stored = true;
            self.reporter.tell(TrainerFact::CheckpointStored);
        }
        match event {
            TrainingEvent::Started(plan) => self.reporter.tell(TrainerFact::Started(plan)),
            TrainingEvent::Resumed(history) => self.reporter.tell(TrainerFact::Resumed(history)),
            TrainingEvent::Batch(progress) => self.reporter.live.change(|live| {
                live.progress = Some(progress);
                live.curve.push(&progress);
            }),
            TrainingEvent::LiveSnapshot { mlp, layers } => {
                if let Some(model) = self.copied(&mlp, None) {
                    self.reporter.live.change(|live| {
                        live.snapshot = Some(model);
                        if !layers.is_empty() {
                            live.layers = layers;
                        }
                    });
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
            TrainingEvent::Checkpoint(checkpoint) => self.store(checkpoint),
        }
    }

    fn store(&mut self, checkpoint: Box<Checkpoint>) {
        let Some(store) = self.store else { return };
        store.replace(checkpoint);
        if let Some(error) = store.take_error() {
            self.is_stored = false;
            self.reporter
                .tell(TrainerFact::CheckpointFailed(error.into()));
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

/// A copy of the model for other threads.
fn snapshot(
    mlp: &Mlp,
    validation_accuracy: Option<f64>,
    config: &TrainingConfig,
    dataset: &Dataset,
) -> Result<Arc<Model>, ModelError> {
    let metadata = Metadata {
        dataset: Some(dataset.name.clone()),
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
