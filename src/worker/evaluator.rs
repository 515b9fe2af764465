//! The thread that measures a model. It shows how far it is in a slot, and its last word is the
//! measurement, why there is none, or that it was told to end.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::{Duration, Instant},
};

use super::{JoinOnDrop, Waker, WorkerPriority, catch_panic, lock};
use crate::{
    data::noise::Noise,
    error::{self, EvaluationError},
    evaluation::{
        Measurement,
        evaluation_set::{EvaluationSet, Source},
    },
    files::kind::refuse_device,
    model::file::Model,
    training::control::Control,
};

/// Chunks are more frequent than frames: the owner is woken for progress at most this often.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(33);

/// How far a measurement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvaluatorProgress {
    /// Pictures read so far.
    pub read: usize,
    /// Pictures to be read in all.
    pub total: usize,
}

/// How a measurement ended, and which one it was.
#[derive(Debug)]
pub struct EvaluatorMessage {
    /// The number that was given to [`Evaluator::spawn`].
    pub number: u64,
    /// How it ended.
    pub ending: EvaluatorOutcome,
}

/// How a measurement ended; each gives exactly one.
#[derive(Debug)]
pub enum EvaluatorOutcome {
    /// It is done.
    Measured(Arc<Measurement>),
    /// It was told to end.
    Canceled,
    /// It could not be done: the whole sentence.
    Failed(String),
}

/// The handle of a measurement. Dropping it abandons the measurement.
pub struct Evaluator {
    control: Arc<Control>,
    progress: Arc<Mutex<Option<EvaluatorProgress>>>,
    endings: Receiver<EvaluatorMessage>,
    _thread: Option<JoinOnDrop>,
}

impl Evaluator {
    /// Starts to measure, with this noise on the pictures or with none. Everything that goes wrong comes as a
    /// [`EvaluatorOutcome::Failed`].
    pub fn spawn(
        number: u64,
        model: Arc<Model>,
        source: Source,
        noise: Option<Noise>,
        waker: Waker,
    ) -> Self {
        let control = Arc::new(Control::default());
        let progress = Arc::new(Mutex::new(None));
        // There is one message, so that sending never waits.
        let (sender, endings) = sync_channel(1);
        let reporter = Reporter {
            number,
            endings: sender,
            progress: Arc::clone(&progress),
            waker,
            woken: None,
        };
        let unstarted = reporter.clone();
        let spawned = JoinOnDrop::spawn("digitpad-evaluator", WorkerPriority::Interactive, {
            let control = Arc::clone(&control);
            move || work(&model, (&source, noise), &control, reporter)
        });
        if let Err(error) = &spawned {
            unstarted.tell(EvaluatorOutcome::Failed(format!(
                "could not start to test the model: {error}"
            )));
        }
        Self {
            control,
            progress,
            endings,
            _thread: spawned.ok(),
        }
    }

    /// Ends it as soon as can be; [`EvaluatorOutcome::Canceled`] follows, unless it is done before.
    pub fn cancel(&self) {
        self.control.abandon();
    }

    /// How far it is; `None` until the pictures are there.
    pub fn progress(&self) -> Option<EvaluatorProgress> {
        *lock(&self.progress)
    }

    /// How it ended, once.
    pub fn take(&self) -> Option<EvaluatorMessage> {
        self.endings.try_recv().ok()
    }
}

impl Drop for Evaluator {
    /// Ends the thread, which is joined when the fields go.
    fn drop(&mut self) {
        self.control.abandon();
    }
}

impl fmt::Debug for Evaluator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evaluator")
            .field("control", &self.control)
            .field("progress", &self.progress())
            .finish_non_exhaustive()
    }
}

/// The thread's side of the handle.
#[derive(Clone)]
struct Reporter {
    number: u64,
    endings: SyncSender<EvaluatorMessage>,
    progress: Arc<Mutex<Option<EvaluatorProgress>>>,
    waker: Waker,
    /// When the owner was last woken for progress.
    woken: Option<Instant>,
}

impl Reporter {
    fn tell(&self, ending: EvaluatorOutcome) {
        // It fails only when the handle is gone, and then nobody wants to know.
        let _ = self.endings.send(EvaluatorMessage {
            number: self.number,
            ending,
        });
        (self.waker)();
    }

    fn show(&mut self, progress: EvaluatorProgress) {
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

/// Where the pictures come from, and what is added to them.
type Pictures<'a> = (&'a Source, Option<Noise>);

fn work(model: &Model, pictures: Pictures, control: &Control, mut reporter: Reporter) {
    let ending = match catch_panic(|| measure(model, pictures, control, &mut reporter)) {
        Ok(Ok(Some(measurement))) => EvaluatorOutcome::Measured(Arc::new(measurement)),
        Ok(Ok(None)) => EvaluatorOutcome::Canceled,
        Ok(Err(error)) => EvaluatorOutcome::Failed(error::chain(&error)),
        Err(panic) => EvaluatorOutcome::Failed(panic.to_string()),
    };
    reporter.tell(ending);
}

fn measure(
    model: &Model,
    (source, noise): Pictures,
    control: &Control,
    reporter: &mut Reporter,
) -> Result<Option<Measurement>, EvaluationError> {
    if let Source::Ink(path) = source {
        refuse_device(path).map_err(EvaluationError::Refused)?;
    }
    let Some(evaluation_set) = EvaluationSet::load(source, control)? else {
        return Ok(None);
    };
    let evaluation_set = evaluation_set.with_noise(noise);
    let total = evaluation_set.len();
    let mut show = |read| reporter.show(EvaluatorProgress { read, total });
    show(0);
    Ok(Measurement::of(model, evaluation_set, control, &mut show)?)
}

#[cfg(test)]
mod tests;
