//! Where a training is, as the window knows it.

use std::{fmt::Write as _, sync::Arc};

use super::{form::TrainingForm, models::Snapshot};
pub use crate::worker::file_tasks::CurvesImage;
use crate::{
    data::{DataSource, preview::DatasetPreview},
    training::{
        EpochRecord, Plan, Progress,
        checkpoint::Checkpoint,
        config::TrainingConfig,
        diagnostics::{self, Divergence, Hint},
        evaluation::Evaluation,
    },
    worker::trainer::{BatchCurve, TrainingFailure},
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
    /// It was told to stop, and is still at what was at hand.
    Stopping {
        /// The run's number.
        run: u64,
    },
    /// It learns no more, and tests what it has learned, which answers already.
    Testing {
        /// The run's number.
        run: u64,
        /// Whether it was stopped before its last epoch ended.
        stopped: bool,
        /// Whether it was told to leave out the rest of the test.
        is_skipped: bool,
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
        failure: TrainingFailure,
    },
}

impl TrainingState {
    /// The number of the run that is under way, if one is.
    pub fn active_run(&self) -> Option<u64> {
        match *self {
            Self::Running { run }
            | Self::Paused { run }
            | Self::Stopping { run }
            | Self::Testing { run, .. } => Some(run),
            Self::Idle | Self::Finished { .. } | Self::Failed { .. } => None,
        }
    }
}

/// A first look at the data that is to be learned from.
#[derive(Clone, Debug, Default)]
pub struct DataPreview {
    asked: Option<DataSource>,
    seen: Option<Result<Arc<DatasetPreview>, String>>,
}

impl DataPreview {
    /// What was seen of it, or why nothing was: the whole sentence. `None` while nothing is known.
    pub fn of(&self, source: &DataSource) -> Option<&Result<Arc<DatasetPreview>, String>> {
        self.seen.as_ref().filter(|_| self.is_asked(source))
    }

    /// Whether it was asked to look at that source last.
    pub fn is_asked(&self, source: &DataSource) -> bool {
        self.asked.as_ref() == Some(source)
    }

    /// Whether somebody has to look at it now.
    pub(super) fn ask(&mut self, source: &DataSource) -> bool {
        if self.is_asked(source) {
            return false;
        }
        self.asked = Some(source.clone());
        self.seen = None;
        true
    }

    /// Takes in what was seen, unless another source is asked for by now.
    pub(super) fn answer(&mut self, source: &DataSource, seen: Result<DatasetPreview, String>) {
        if self.is_asked(source) {
            self.seen = Some(seen.map(Arc::new));
        }
    }
}

/// The training panel's side of the state.
#[derive(Clone, Debug)]
pub struct Training {
    /// What the fields are set to.
    pub form: TrainingForm,
    /// What the trainer is doing.
    pub state: TrainingState,
    /// How much the run has to do; `None` until its data is there.
    pub plan: Option<Plan>,
    /// How the last run is trained; `None` before the first one.
    pub config: Option<TrainingConfig>,
    /// The name of the preset that its settings began with, or what lesson it is.
    pub preset: String,
    /// How far the run is; `None` until its first batch.
    pub progress: Option<Progress>,
    /// The figures of its batches.
    pub batches: BatchCurve,
    /// The finished epochs of the last run.
    pub history: Vec<EpochRecord>,
    /// The hints on the settings of the last run.
    pub hints: Vec<Hint>,
    /// How the loss of the last run diverged, if it did.
    pub divergence: Option<Divergence>,
    /// The figures on the test set when the last run is finished and there was one.
    pub test: Option<Evaluation>,
    /// The validation accuracy, 0..=1, of the network that the last run left.
    pub validation_accuracy: Option<f64>,
    /// What a first look at the data showed.
    pub data: DataPreview,
    /// The picture of the curves that is to be saved.
    pub curves_image: Option<Arc<CurvesImage>>,
    /// The newest weights of the run under way.
    pub snapshot: Option<Snapshot>,
    /// Whether a resumable checkpoint of the current run is stored.
    pub has_checkpoint: bool,
    /// A training that was interrupted before the window was closed: whether it shall go on is asked.
    pub interrupted: Option<Arc<Checkpoint>>,
    /// How many drawings of one's own are kept to learn from, 0 until it is told; `None` where they cannot be read.
    pub correction_count: Option<usize>,
    runs: u64,
}

impl Default for Training {
    fn default() -> Self {
        let form = TrainingForm::default();
        Self {
            preset: form.preset.to_string(),
            form,
            state: TrainingState::default(),
            plan: None,
            config: None,
            progress: None,
            batches: BatchCurve::default(),
            history: Vec::new(),
            hints: Vec::new(),
            divergence: None,
            test: None,
            validation_accuracy: None,
            data: DataPreview::default(),
            curves_image: None,
            snapshot: None,
            has_checkpoint: false,
            interrupted: None,
            correction_count: Some(0),
            runs: 0,
        }
    }
}

impl Training {
    /// Forgets the last run and gives the next one's number, counted from 1.
    pub fn begin(&mut self, preset: String, config: TrainingConfig) -> u64 {
        self.runs += 1;
        let run = self.runs;
        self.state = TrainingState::Running { run };
        self.plan = None;
        self.preset = preset;
        self.config = Some(config);
        self.progress = None;
        self.batches = BatchCurve::default();
        self.history.clear();
        self.hints.clear();
        self.divergence = None;
        self.test = None;
        self.validation_accuracy = None;
        self.snapshot = None;
        self.has_checkpoint = false;
        run
    }

    /// The epoch under way, from 1.
    pub(super) fn epoch(&self) -> usize {
        self.progress.map_or(1, |progress| progress.epoch)
    }

    /// The figures of the finished epochs for other programs, as CSV; what is not known is empty.
    pub fn table(&self) -> String {
        let mut text =
            "epoch,loss,accuracy,validation_loss,validation_accuracy,learning_rate,seconds\n"
                .to_owned();
        let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        for record in &self.history {
            // A string takes all that is written to it.
            let _ = writeln!(
                text,
                "{},{},{},{},{},{},{}",
                record.epoch,
                record.loss,
                record.accuracy,
                number(record.validation_loss),
                number(record.validation_accuracy),
                record.learning_rate,
                record.elapsed_secs,
            );
        }
        text
    }

    /// The finished epoch with the least validation loss; without validation there is none.
    pub fn best_epoch(&self) -> Option<&EpochRecord> {
        best_of(&self.history)
    }

    /// Adds a finished epoch.
    pub(super) fn push(&mut self, record: EpochRecord) {
        self.history.push(record);
        if let Some(config) = &self.config {
            self.hints = diagnostics::diagnose(config, &self.history);
        }
    }

    /// The hints on the settings of the last run, each a sentence.
    pub fn hint_texts(&self) -> Vec<String> {
        let divergence = self.divergence.map(|divergence| {
            format!("The training ended: {divergence}. The weights of the best epoch are in use.")
        });
        let hints = self.hints.iter().map(|hint| sentence(&hint.to_string()));
        divergence.into_iter().chain(hints).collect()
    }
}

/// The epoch with the least validation loss.
pub fn best_of(history: &[EpochRecord]) -> Option<&EpochRecord> {
    let with_loss = history
        .iter()
        .filter_map(|record| Some((record, record.validation_loss.filter(|x| x.is_finite())?)));
    Some(with_loss.min_by(|(_, a), (_, b)| a.total_cmp(b))?.0)
}

/// Begins with a capital and ends with a full stop, as what the library says does not.
pub(super) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let Some(first) = chars.next() else {
        return String::new();
    };
    let mut text: String = first.to_uppercase().chain(chars).collect();
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}
