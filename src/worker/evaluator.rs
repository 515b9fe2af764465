//! The thread that evaluates a model. A slot holds its progress; its only message is its outcome.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};

use super::{Gauge, JoinOnDrop, Waker, WorkerError, WorkerPriority, lock, run_work};
use crate::{
    data::{DataSource, noise::Noise},
    error::EvaluationError,
    evaluation::{Evaluation, evaluate, evaluation_set::EvaluationSet},
    model::file::Model,
};

/// The progress of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvaluatorProgress {
    /// The finished images.
    pub done: usize,
    /// All images.
    pub total: usize,
}

/// The outcome of an evaluation.
#[derive(Debug)]
pub struct EvaluatorMessage {
    /// The number that [`Evaluator::spawn`] was given.
    pub number: u64,
    /// The outcome.
    pub outcome: EvaluatorOutcome,
}

/// How an evaluation ended. Each evaluation has exactly one outcome.
#[derive(Debug)]
pub enum EvaluatorOutcome {
    /// It is complete.
    Completed(Arc<Evaluation>),
    /// It was canceled.
    Canceled,
    /// It failed.
    Failed(WorkerError<EvaluationError>),
}

/// The handle of an evaluation. Dropping it cancels the evaluation.
pub struct Evaluator {
    is_canceled: Arc<AtomicBool>,
    progress: Arc<Mutex<Option<EvaluatorProgress>>>,
    outcome: Receiver<EvaluatorMessage>,
    _thread: Option<JoinOnDrop>,
}

impl Evaluator {
    /// Starts an evaluation with this noise on the images. All errors, even that of a thread that does not
    /// start, arrive as [`EvaluatorOutcome::Failed`].
    pub fn spawn(
        number: u64,
        model: Arc<Model>,
        source: DataSource,
        noise: Option<Noise>,
        waker: Waker,
    ) -> Self {
        let is_canceled = Arc::new(AtomicBool::new(false));
        let progress = Arc::new(Mutex::new(None));
        // With room for the only message, sending never waits.
        let (sender, outcome) = sync_channel(1);
        let mut task = EvaluationTask {
            model,
            source,
            noise,
            is_canceled: Arc::clone(&is_canceled),
            progress: Gauge::new(Arc::clone(&progress), Arc::clone(&waker)),
        };
        let report = move |outcome| {
            // Sending fails only if the handle is gone.
            let _ = SyncSender::send(&sender, EvaluatorMessage { number, outcome });
            waker();
        };
        let spawned = JoinOnDrop::spawn("digitpad-evaluator", WorkerPriority::Interactive, {
            let report = report.clone();
            move || report(task.run())
        });
        let thread = spawned.map_err(|error| {
            report(EvaluatorOutcome::Failed(WorkerError::Thread(error)));
        });
        Self {
            is_canceled,
            progress,
            outcome,
            _thread: thread.ok(),
        }
    }

    /// Cancels the evaluation. [`EvaluatorOutcome::Canceled`] follows, unless it is done before.
    pub fn cancel(&self) {
        self.is_canceled.store(true, Ordering::Relaxed);
    }

    /// The progress; `None` while the images are loaded.
    pub fn progress(&self) -> Option<EvaluatorProgress> {
        *lock(&self.progress)
    }

    /// The outcome, once.
    pub fn take(&self) -> Option<EvaluatorMessage> {
        self.outcome.try_recv().ok()
    }
}

impl Drop for Evaluator {
    /// Cancels the evaluation; the thread is joined when the fields are dropped.
    fn drop(&mut self) {
        self.cancel();
    }
}

impl fmt::Debug for Evaluator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evaluator")
            .field("is_canceled", &self.is_canceled)
            .field("progress", &self.progress())
            .finish_non_exhaustive()
    }
}

/// The thread's side of the handle.
struct EvaluationTask {
    model: Arc<Model>,
    source: DataSource,
    noise: Option<Noise>,
    is_canceled: Arc<AtomicBool>,
    progress: Gauge<Option<EvaluatorProgress>>,
}

impl EvaluationTask {
    fn run(&mut self) -> EvaluatorOutcome {
        match run_work(|| self.evaluate()) {
            Ok(Some(evaluation)) => EvaluatorOutcome::Completed(Arc::new(evaluation)),
            Ok(None) => EvaluatorOutcome::Canceled,
            Err(error) => EvaluatorOutcome::Failed(error),
        }
    }

    fn evaluate(&mut self) -> Result<Option<Evaluation>, EvaluationError> {
        let Some(set) = EvaluationSet::load(&self.source, &|| self.continues())? else {
            return Ok(None);
        };
        let set = set.with_noise(self.noise);
        let total = set.image_count();
        let model = Arc::clone(&self.model);
        let evaluation = evaluate(&model.mlp, &model.metadata.calibration, set, &mut |done| {
            self.show(EvaluatorProgress { done, total });
            self.continues()
        })?;
        self.show(EvaluatorProgress { done: total, total });
        Ok(evaluation.map(Evaluation::require_finite).transpose()?)
    }

    fn continues(&self) -> bool {
        !self.is_canceled.load(Ordering::Relaxed)
    }

    fn show(&mut self, progress: EvaluatorProgress) {
        self.progress.change(|latest| *latest = Some(progress));
    }
}

#[cfg(test)]
mod tests;
