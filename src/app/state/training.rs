//! Where a training is, as the window knows it.

use std::sync::Arc;

use super::{form::TrainingForm, models::Snapshot};
use crate::training::{
    EpochRecord, Plan, Progress, checkpoint::Checkpoint, evaluation::Evaluation,
};

/// What the trainer is doing. Each run has a number, so that news of an earlier one can be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TrainingState {
    /// Nothing was trained yet.
    #[default]
    Idle,
    /// It learns.
    Running {
        /// The run's number.
        run: u64,
    },
    /// It waits to be resumed.
    Paused {
        /// The run's number.
        run: u64,
    },
    /// It was told to stop and tests what it has learnt.
    Stopping {
        /// The run's number.
        run: u64,
    },
    /// It is done.
    Finished {
        /// The run's number.
        run: u64,
        /// Whether it was stopped before its last epoch ended.
        stopped: bool,
    },
    /// It did not come to an end.
    Failed {
        /// The run's number.
        run: u64,
        /// Why.
        reason: String,
    },
}

impl TrainingState {
    /// The number of the run that is under way, if one is.
    pub fn active_run(&self) -> Option<u64> {
        match *self {
            Self::Running { run } | Self::Paused { run } | Self::Stopping { run } => Some(run),
            Self::Idle | Self::Finished { .. } | Self::Failed { .. } => None,
        }
    }
}

/// The training panel's side of the state.
#[derive(Clone, Debug, Default)]
pub struct Training {
    /// What the fields are set to.
    pub form: TrainingForm,
    /// What the trainer is doing.
    pub state: TrainingState,
    /// How much the run has to do; `None` until its data is there.
    pub plan: Option<Plan>,
    /// How far the run is; `None` until its first batch.
    pub progress: Option<Progress>,
    /// The finished epochs of the last run.
    pub history: Vec<EpochRecord>,
    /// The figures on the test set when the last run is finished and there was one.
    pub test: Option<Evaluation>,
    /// The newest weights of the run under way.
    pub snapshot: Option<Snapshot>,
    /// A training that was interrupted before the window was closed: whether it shall go on is asked.
    pub interrupted: Option<Arc<Checkpoint>>,
    runs: u64,
}

impl Training {
    /// Forgets the last run and gives the next one's number, counted from 1.
    pub fn begin(&mut self) -> u64 {
        self.runs += 1;
        let run = self.runs;
        self.state = TrainingState::Running { run };
        self.plan = None;
        self.progress = None;
        self.history.clear();
        self.test = None;
        self.snapshot = None;
        run
    }
}
