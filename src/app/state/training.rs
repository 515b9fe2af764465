//! Where a training is, as the window knows it.

use std::{fmt::Write as _, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{form::TrainingForm, models::Snapshot};
use crate::{
    dataset::glimpse::Glimpse,
    training::{
        EpochRecord, Plan, Progress,
        checkpoint::Checkpoint,
        config::{Preset, TrainingConfig},
        evaluation::Evaluation,
        sanity::{self, Divergence},
    },
    worker::{
        file_tasks::Photograph,
        trainer::{BatchCurve, DataSource},
    },
};

/// The training images of the MNIST that is built in.
const MNIST_EXAMPLES: usize = 60_000;

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

/// How fast this computer trains.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    /// Images a second, times the parameters of the network: the work of a step grows with both.
    pub parameters_per_sec: f64,
}

impl Pace {
    /// The least time, in seconds, that a pace is measured over.
    const LEAST_SECS: f64 = 1.0;

    /// What the progress of a training shows; `None` in its first second.
    fn measured(config: &TrainingConfig, progress: &Progress) -> Option<Self> {
        let parameters = config.model.parameter_count() as f64;
        (progress.elapsed_secs >= Self::LEAST_SECS).then(|| Self {
            parameters_per_sec: progress.images_per_sec() * parameters,
        })
    }
}

/// A first look at the data that is to be learnt from.
#[derive(Clone, Debug, Default)]
pub struct DataLook {
    asked: Option<DataSource>,
    seen: Option<Result<Arc<Glimpse>, String>>,
}

impl DataLook {
    /// What was seen of it, or why nothing was: the whole sentence. `None` while nothing is known.
    pub fn of(&self, source: &DataSource) -> Option<&Result<Arc<Glimpse>, String>> {
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
    pub(super) fn answer(&mut self, source: &DataSource, seen: Result<Glimpse, String>) {
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
    /// The preset that its settings began with.
    pub preset: Preset,
    /// How far the run is; `None` until its first batch.
    pub progress: Option<Progress>,
    /// The figures of its batches.
    pub batches: BatchCurve,
    /// The finished epochs of the last run.
    pub history: Vec<EpochRecord>,
    /// What the figures of the last run say of its settings, each a whole sentence.
    pub remarks: Vec<String>,
    /// The figures on the test set when the last run is finished and there was one.
    pub test: Option<Evaluation>,
    /// What a first look at the data showed.
    pub data: DataLook,
    /// The picture that was taken of the curves last.
    pub photograph: Option<Arc<Photograph>>,
    /// The newest weights of the run under way.
    pub snapshot: Option<Snapshot>,
    /// A training that was interrupted before the window was closed: whether it shall go on is asked.
    pub interrupted: Option<Arc<Checkpoint>>,
    runs: u64,
}

impl Default for Training {
    fn default() -> Self {
        let form = TrainingForm::default();
        Self {
            preset: form.preset,
            form,
            state: TrainingState::default(),
            plan: None,
            config: None,
            progress: None,
            batches: BatchCurve::default(),
            history: Vec::new(),
            remarks: Vec::new(),
            test: None,
            data: DataLook::default(),
            photograph: None,
            snapshot: None,
            interrupted: None,
            runs: 0,
        }
    }
}

impl Training {
    /// Forgets the last run and gives the next one's number, counted from 1.
    pub fn begin(&mut self, preset: Preset, config: TrainingConfig) -> u64 {
        self.runs += 1;
        let run = self.runs;
        self.state = TrainingState::Running { run };
        self.plan = None;
        self.preset = preset;
        self.config = Some(config);
        self.progress = None;
        self.batches = BatchCurve::default();
        self.history.clear();
        self.remarks.clear();
        self.test = None;
        self.snapshot = None;
        run
    }
    /// About how many seconds the training will take that the form describes; `None` where the number of
    /// images is not known, or the form is not valid.
    pub fn expected_secs(&self, pace: Pace) -> Option<f64> {
        let config = self.form.config().ok()?;
        let source = self.form.source()?;
        let images = match (self.data.of(&source), source) {
            (Some(Ok(glimpse)), _) => glimpse.train_len(),
            (_, DataSource::Mnist) => MNIST_EXAMPLES,
            (_, DataSource::Folder(_)) => return None,
        };
        let learnt = images as f64 * (1.0 - config.validation_split) * config.data_fraction;
        let each_epoch = learnt + (config.generated_digits + config.non_digits) as f64;
        let parameters = config.model.parameter_count() as f64;
        let secs = each_epoch * config.epochs as f64 * parameters / pace.parameters_per_sec;
        secs.is_finite().then_some(secs)
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

    /// How fast the training under way is; `None` in its first second.
    pub(super) fn pace(&self) -> Option<Pace> {
        Pace::measured(self.config.as_ref()?, self.progress.as_ref()?)
    }

    /// The finished epoch with the least validation loss; without validation there is none.
    pub fn best_epoch(&self) -> Option<&EpochRecord> {
        best_of(&self.history)
    }

    /// Takes in a finished epoch.
    pub(super) fn push(&mut self, record: EpochRecord) {
        self.history.push(record);
        self.look_at_figures(None);
    }

    /// Says what the figures tell, and that the training ended because its loss was no number any more.
    pub(super) fn look_at_figures(&mut self, divergence: Option<&Divergence>) {
        let Some(config) = &self.config else { return };
        let seen = sanity::observe(config, &self.history);
        self.remarks = seen
            .iter()
            .map(|seen| sentence(&seen.to_string()))
            .collect();
        if let Some(divergence) = divergence {
            let text =
                format!("The training ended: {divergence}. The best epoch's weights are kept.");
            self.remarks.insert(0, text);
        }
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
