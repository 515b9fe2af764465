//! The thread that trains. It tells facts in a bounded channel, none of them lost, and shows its
//! progress in a slot that holds the latest.

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

use super::{FACTS_CAPACITY, Joined, Waker, caught, lock};
use crate::{
    dataset::Dataset,
    error::{self, DatasetError, ModelError, TrainingError},
    model::{
        Mlp,
        device::{DeviceChoice, OpenDevice},
        file::{Metadata, Model},
    },
    training::{
        EpochRecord, Plan, Progress, TrainedModel, TrainingEvent, config::TrainingConfig,
        control::Control, train,
    },
};

/// Batches are far more frequent than frames: the owner is woken for progress at most this often.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(33);

/// Where the examples come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataSource {
    /// The built-in MNIST.
    Mnist,
    /// A folder that holds the four files.
    Folder(PathBuf),
}

impl DataSource {
    fn read(&self) -> Result<Dataset, DatasetError> {
        match self {
            Self::Mnist => Dataset::mnist(),
            Self::Folder(folder) => Dataset::from_folder(folder),
        }
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
    /// An epoch ended.
    EpochFinished {
        /// Its figures.
        record: EpochRecord,
        /// The model at its end, with weights of its own, which the training does not change.
        snapshot: Arc<Model>,
    },
    /// The training ended, by itself or because it was stopped.
    Finished(Box<TrainedModel>),
    /// It could not go on: the whole sentence.
    Failed(String),
}

/// The handle of a training. Dropping it abandons the training.
pub struct Trainer {
    control: Arc<Control>,
    progress: Arc<Mutex<Option<Progress>>>,
    // Goes before the thread is joined: a trainer that waits for room in a full channel is freed so.
    facts: Receiver<TrainerMessage>,
    _thread: Option<Joined>,
}

impl Trainer {
    /// Starts to train. Everything that goes wrong comes as a [`TrainerFact::Failed`].
    ///
    /// The examples are held by the thread alone, so that their 55 MB and more are gone with it.
    pub fn spawn(
        run: u64,
        config: TrainingConfig,
        data: DataSource,
        device: DeviceChoice,
        waker: Waker,
    ) -> Self {
        let control = Arc::new(Control::default());
        let progress = Arc::new(Mutex::new(None));
        let (sender, facts) = sync_channel(FACTS_CAPACITY);
        let reporter = Reporter {
            run,
            facts: sender,
            progress: Arc::clone(&progress),
            waker,
            woken: None,
        };
        let unstarted = reporter.clone();
        let spawned = Joined::spawn("digitpad-trainer", {
            let control = Arc::clone(&control);
            move || {
                step_back();
                work(&config, &data, device, &control, reporter);
            }
        });
        if let Err(error) = &spawned {
            unstarted.tell(TrainerFact::Failed(format!(
                "could not start to train: {error}"
            )));
        }
        Self {
            control,
            progress,
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

    /// Ends after the batch at hand, paused or not; [`TrainerFact::Finished`] follows.
    pub fn stop(&self) {
        self.control.stop();
    }

    /// Where the training is; `None` before its first batch.
    pub fn progress(&self) -> Option<Progress> {
        *lock(&self.progress)
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
    waker: Waker,
    /// When the owner was last woken for progress.
    woken: Option<Instant>,
}

impl Reporter {
    fn tell(&self, fact: TrainerFact) {
        // It fails only when the handle is gone, and then nobody wants to know.
        let _ = self.facts.send(TrainerMessage {
            run: self.run,
            fact,
        });
        (self.waker)();
    }

    fn show(&mut self, progress: Progress) {
        *lock(&self.progress) = Some(progress);
        if self
            .woken
            .is_none_or(|woken| woken.elapsed() >= PROGRESS_INTERVAL)
        {
            self.woken = Some(Instant::now());
            (self.waker)();
        }
    }
}

/// Lets every other thread go first that wants the processor, the window's above all: a training takes
/// all that is left over, and the threads that it starts do as well.
fn step_back() {
    /// Others get three times as much where there is not enough for both.
    #[cfg(target_os = "linux")]
    const NICENESS: i32 = 5;
    // On Linux it is a thread's own, and none of a process is meant by `None`.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        log::debug!("the training keeps the window's priority: {error}");
    }
}

/// The thread: from the data to the last fact. An abandoned training ends without one.
fn work(
    config: &TrainingConfig,
    data: &DataSource,
    device: DeviceChoice,
    control: &Control,
    mut reporter: Reporter,
) {
    let last = match caught(|| learn(config, data, device, control, &mut reporter)) {
        Ok(Ok(Some(trained))) => TrainerFact::Finished(Box::new(trained)),
        Ok(Ok(None)) => return,
        Ok(Err(error)) => TrainerFact::Failed(error::chain(&error)),
        Err(panic) => TrainerFact::Failed(panic),
    };
    reporter.tell(last);
}

fn learn(
    config: &TrainingConfig,
    data: &DataSource,
    device: DeviceChoice,
    control: &Control,
    reporter: &mut Reporter,
) -> Result<Option<TrainedModel>, TrainingError> {
    let OpenDevice { device, note } = device.open_or_cpu();
    if let Some(note) = note {
        reporter.tell(TrainerFact::Note(note));
    }
    let dataset = data.read()?;
    reporter.tell(TrainerFact::DataReady);
    let mut uncopied = None;
    let mut on_event = |event: TrainingEvent| match event {
        TrainingEvent::Started(plan) => reporter.tell(TrainerFact::Started(plan)),
        TrainingEvent::Batch(progress) => reporter.show(progress),
        TrainingEvent::EpochFinished { record, mlp } => {
            match snapshot(&mlp, &record, config, &dataset) {
                Ok(snapshot) => reporter.tell(TrainerFact::EpochFinished { record, snapshot }),
                Err(error) => {
                    control.abandon();
                    uncopied = Some(error);
                }
            }
        }
    };
    let trained = train(config, &dataset, &device, control, &mut on_event)?;
    match uncopied {
        Some(error) => Err(error.into()),
        None => Ok(trained),
    }
}

/// The model at the end of an epoch, in the processor's memory, for others to read while its weights go on changing.
fn snapshot(
    mlp: &Mlp,
    record: &EpochRecord,
    config: &TrainingConfig,
    dataset: &Dataset,
) -> Result<Arc<Model>, ModelError> {
    let metadata = Metadata {
        dataset: dataset.name.clone(),
        recipe: serde_json::to_string(config).unwrap_or_default(),
        seed: Some(config.seed),
        validation_accuracy: record.validation_accuracy,
        ..Metadata::default()
    };
    Ok(Arc::new(Model {
        mlp: mlp.copy_to(&Device::Cpu)?,
        metadata,
    }))
}

#[cfg(test)]
mod tests;
