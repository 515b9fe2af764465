//! The training panel: the current training, its metrics, and the actions on it.

use std::sync::Arc;

use super::{
    Place, State, comparison::ModelComparison, files::folder_text, form::TrainingForm,
    models::Snapshot,
};
pub use crate::worker::file_tasks::CurvesImage;
use crate::{
    app::action::Effect,
    data::{DataSource, preview::DatasetPreview},
    error::{self, Divergence},
    model::{device::DeviceChoice, file::Model},
    store::run_library::{RunKind, RunLibraryTask},
    training::{
        BatchCurve, EpochRecord, LayerStep, Plan, Progress, Start, StopReason, TrainedModel,
        checkpoint::Checkpoint, config::TrainingConfig,
    },
    worker::{
        explainer::ExplanationView,
        trainer::{TrainerFact, TrainerMessage, TrainingFailure},
    },
};

/// The state of the trainer. Runs have numbers, which tell facts of earlier runs apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TrainingState {
    /// Before the first training.
    #[default]
    Idle,
    /// A training runs.
    Running {
        /// The run's number.
        run: u64,
    },
    /// A training is paused.
    Paused {
        /// The run's number.
        run: u64,
    },
    /// A training finishes its batch after a stop signal.
    Stopping {
        /// The run's number.
        run: u64,
    },
    /// A trained network is being tested. It is in use already.
    Testing {
        /// The run's number.
        run: u64,
        /// Whether the user stopped it.
        stopped: bool,
        /// Whether the user skipped the test.
        is_skipped: bool,
    },
    /// A training finished.
    Finished {
        /// The run's number.
        run: u64,
        /// Whether the user stopped it.
        stopped: bool,
    },
    /// A training failed.
    Failed {
        /// The run's number.
        run: u64,
        /// Why.
        failure: TrainingFailure,
    },
}

impl TrainingState {
    /// The number of the current run.
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

/// A preview of the training data.
#[derive(Clone, Debug, Default)]
pub struct DataPreview {
    source: Option<DataSource>,
    result: Option<Result<Arc<DatasetPreview>, String>>,
}

impl DataPreview {
    /// The preview of a source, or the error as a sentence. `None` before the result.
    pub fn of(&self, source: &DataSource) -> Option<&Result<Arc<DatasetPreview>, String>> {
        self.result.as_ref().filter(|_| self.is_requested(source))
    }

    /// Whether the last request was for this source.
    pub fn is_requested(&self, source: &DataSource) -> bool {
        self.source.as_ref() == Some(source)
    }

    /// Requests a preview. Returns whether it is a new request.
    pub(super) fn request(&mut self, source: &DataSource) -> bool {
        if self.is_requested(source) {
            return false;
        }
        self.source = Some(source.clone());
        self.result = None;
        true
    }

    /// Takes a result, unless another source was requested since.
    pub(super) fn set(&mut self, source: &DataSource, result: Result<DatasetPreview, String>) {
        if self.is_requested(source) {
            self.result = Some(result.map(Arc::new));
        }
    }
}

/// The state of the training panel.
#[derive(Clone, Debug)]
pub struct Training {
    /// The settings.
    pub form: TrainingForm,
    /// The state of the trainer.
    pub state: TrainingState,
    /// The size of the current training; `None` before its data is read.
    pub plan: Option<Plan>,
    /// The configuration of the last run.
    pub config: Option<TrainingConfig>,
    /// How the last run started.
    pub kind: RunKind,
    /// The run that trained its base model, if one did.
    pub(super) base_run: Option<u64>,
    /// The progress of the current run; `None` before its first batch.
    pub progress: Option<Progress>,
    /// The metrics of its batches.
    pub batches: BatchCurve,
    /// What the last inspected step did to each layer; empty without one.
    pub layers: Vec<LayerStep>,
    /// Whether the training is in slow motion: one batch a second. It holds for the next one, too.
    pub is_slow: bool,
    /// The finished epochs of the last run.
    pub history: Vec<EpochRecord>,
    /// How the loss of the last run diverged, if it did.
    pub divergence: Option<Divergence>,
    /// The id of its record, once it is finished.
    pub record: Option<u64>,
    /// Its comparison with the model before it.
    pub(super) comparison: Option<ModelComparison>,
    /// The preview of the data.
    pub data: DataPreview,
    /// The newest copy of the network of the current run.
    pub snapshot: Option<Snapshot>,
    /// Whether a resumable checkpoint of the current run is stored.
    pub has_checkpoint: bool,
    /// The resumable checkpoint of an earlier session.
    pub resumable: Option<Arc<Checkpoint>>,
    /// Whether a question offers to resume it.
    pub asks_to_resume: bool,
    /// The number of stored corrections; `None` if they are unreadable.
    pub correction_count: Option<usize>,
    runs: u64,
}

impl Default for Training {
    fn default() -> Self {
        let form = TrainingForm::default();
        Self {
            kind: RunKind::Preset(form.preset),
            form,
            base_run: None,
            state: TrainingState::default(),
            plan: None,
            config: None,
            progress: None,
            batches: BatchCurve::default(),
            layers: Vec::new(),
            is_slow: false,
            history: Vec::new(),
            divergence: None,
            record: None,
            comparison: None,
            data: DataPreview::default(),
            snapshot: None,
            has_checkpoint: false,
            resumable: None,
            asks_to_resume: false,
            correction_count: Some(0),
            runs: 0,
        }
    }
}

impl Training {
    /// Resets the metrics of the last run. Returns the number of the next one, from 1.
    fn begin(&mut self, kind: RunKind, config: TrainingConfig) -> u64 {
        self.runs += 1;
        let run = self.runs;
        self.state = TrainingState::Running { run };
        self.plan = None;
        self.kind = kind;
        self.base_run = None;
        self.config = Some(config);
        self.progress = None;
        self.batches = BatchCurve::default();
        self.layers.clear();
        self.history.clear();
        self.divergence = None;
        self.record = None;
        self.comparison = None;
        self.snapshot = None;
        self.has_checkpoint = false;
        // The new training replaces the checkpoint.
        self.resumable = None;
        self.asks_to_resume = false;
        run
    }

    /// The batches of the current epoch so far, and all of them. `None` before the first.
    pub fn batch(&self) -> Option<[usize; 2]> {
        let (plan, size) = (self.plan?, self.config.as_ref()?.batch_size);
        let epochs_before = self.progress?.epoch.checked_sub(1)?;
        let seen = self.progress?.images_seen - epochs_before * plan.training_examples;
        Some([seen, plan.training_examples].map(|examples| examples.div_ceil(size)))
    }

    /// The current epoch, from 1.
    pub(super) fn epoch(&self) -> usize {
        self.progress.map_or(1, |progress| progress.epoch)
    }
}

impl State {
    /// Starts a training with the settings of the form.
    pub(super) fn train(&mut self, out: &mut Vec<Effect>) {
        if self.training.state.active_run().is_some() {
            return;
        }
        let form = &self.training.form;
        let config = match form.config() {
            Ok(config) => config,
            Err(refusal) => return self.notices.error(refusal.to_string()),
        };
        let Some(data) = form.source() else {
            let text = "Choose the folder of the data set first, or train on MNIST.";
            return self.notices.error(text);
        };
        let (kind, uses_corrections) = (RunKind::Preset(form.preset), form.uses_corrections);
        let run = self.begin(kind, config.clone());
        log::info!(target: "digitpad", "training run {run} starts: {} on {data:?}", config.model);
        let device = self.settings.device;
        out.push(Effect::Train {
            run,
            start: Start::Fresh(Box::new(config)),
            uses_corrections: uses_corrections && data == DataSource::Mnist,
            data: data.into(),
            device,
        });
    }

    /// Resumes the found checkpoint. The form shows its settings.
    pub(super) fn resume_checkpoint(&mut self, out: &mut Vec<Effect>) {
        if self.training.state.active_run().is_some() {
            return;
        }
        let Some(checkpoint) = self.training.resumable.take() else {
            return;
        };
        let kind = if let Some(base) = checkpoint.base_model() {
            RunKind::FineTuning(base.to_owned())
        } else {
            self.use_settings_of(&checkpoint);
            RunKind::Preset(self.training.form.preset)
        };
        let run = self.begin(kind, checkpoint.config().clone());
        log::info!(target: "digitpad", "training run {run} resumes: {checkpoint:?}");
        out.push(Effect::Train {
            run,
            data: checkpoint.source().clone(),
            start: Start::Resume(checkpoint),
            uses_corrections: false,
            device: DeviceChoice::Auto,
        });
    }

    pub(super) fn delete_checkpoint(&mut self, out: &mut Vec<Effect>) {
        self.training.asks_to_resume = false;
        let interrupted = self.training.resumable.take();
        out.extend(interrupted.map(Effect::DeleteCheckpoint));
    }

    /// Shows the settings of a checkpoint in the form.
    fn use_settings_of(&mut self, checkpoint: &Checkpoint) {
        let before = &self.training.form;
        let mut form = TrainingForm::of(before.preset, checkpoint.config().clone());
        form.uses_corrections = before.uses_corrections;
        if let DataSource::Folder(folder) = &checkpoint.source().base {
            form.from_folder = true;
            form.folder = folder_text(folder);
        }
        self.training.form = form;
    }

    /// Begins a training and shows its curves.
    pub(super) fn begin(&mut self, kind: RunKind, config: TrainingConfig) -> u64 {
        self.runs.show_current();
        self.training.begin(kind, config)
    }

    /// Pauses, resumes, steps or stops the current training, or skips its test, if its state allows it.
    pub(super) fn steer(&mut self, out: &mut Vec<Effect>, effect: Effect) {
        let next = match (&self.training.state, &effect) {
            (&TrainingState::Running { run }, Effect::Pause)
            | (&TrainingState::Paused { run }, Effect::Step) => TrainingState::Paused { run },
            (&TrainingState::Paused { run }, Effect::Resume) => TrainingState::Running { run },
            (&(TrainingState::Running { run } | TrainingState::Paused { run }), Effect::Stop) => {
                TrainingState::Stopping { run }
            }
            (
                &TrainingState::Testing {
                    run,
                    stopped,
                    is_skipped: false,
                },
                Effect::SkipTest,
            ) => TrainingState::Testing {
                run,
                stopped,
                is_skipped: true,
            },
            _ => return,
        };
        self.training.state = next;
        out.push(effect);
    }

    pub(super) fn watch(&mut self, watch: bool, out: &mut Vec<Effect>) {
        self.settings.watch = watch;
        let active = self.training.state.active_run().is_some();
        self.models
            .watch(self.training.snapshot.clone().filter(|_| watch && active));
        out.push(Effect::UseModel(Arc::clone(self.models.in_use())));
    }
}

impl State {
    /// Takes in how far the training is.
    pub fn on_progress(&mut self, progress: Option<Progress>) {
        if self.training.state.active_run().is_some() && progress.is_some() {
            self.training.progress = progress;
        }
    }

    /// Handles a message of the trainer. Ignores messages of an earlier run.
    pub fn on_trainer_message(&mut self, message: TrainerMessage) -> Vec<Effect> {
        let TrainerMessage { run, fact } = message;
        let mut effects = Vec::new();
        if self.training.state.active_run() != Some(run) {
            return effects;
        }
        match fact {
            TrainerFact::Note(note) => self.notices.info(note),
            TrainerFact::DataReady => {}
            TrainerFact::Started(plan) => self.training.plan = Some(plan),
            TrainerFact::Resumed(history) => self.training.history = history,
            TrainerFact::CheckpointStored => self.training.has_checkpoint = true,
            TrainerFact::CheckpointFailed(error) => {
                self.training.has_checkpoint = false;
                self.notices.error(format!(
                    "The training continues, but is not resumable: {}",
                    error::chain(&error)
                ));
            }
            TrainerFact::EpochFinished { record, snapshot } => {
                let snapshot = Snapshot {
                    epoch: record.epoch,
                    model: snapshot,
                };
                self.training.history.push(record);
                self.show_snapshot(snapshot, &mut effects);
            }
            TrainerFact::TestStarted {
                model,
                epoch,
                is_stopped,
            } => {
                self.training.state = TrainingState::Testing {
                    run,
                    stopped: is_stopped,
                    is_skipped: false,
                };
                let epoch = epoch.unwrap_or_else(|| self.training.epoch());
                self.show_snapshot(Snapshot { epoch, model }, &mut effects);
            }
            TrainerFact::Finished(trained) => self.finish(run, *trained, &mut effects),
            TrainerFact::Failed(failure) => {
                self.training.snapshot = None;
                if self.models.snapshot().is_some() {
                    self.models.watch(None);
                    effects.push(Effect::UseModel(Arc::clone(self.models.in_use())));
                }
                self.notices.error(format!("The training ended: {failure}"));
                self.training.state = TrainingState::Failed { run, failure };
            }
        }
        self.update_closing_question();
        effects
    }

    /// Takes in the figures of the batches.
    pub fn on_batch_curve(&mut self, batches: BatchCurve) {
        if self.training.state.active_run().is_some() {
            self.training.batches = batches;
        }
    }

    /// Whether the place *Why* shows what the training does to each layer.
    pub fn inspects_training(&self) -> bool {
        let sees_inside = self.explanation.seen.contains(&ExplanationView::Inside);
        self.place == Place::Why && sees_inside && self.models.snapshot().is_some()
    }

    /// Takes in what a step did to each layer.
    pub fn on_layers(&mut self, layers: Vec<LayerStep>) {
        if self.training.state.active_run().is_some() {
            self.training.layers = layers;
        }
    }

    /// Takes in the weights of the training under way, from the midst of an epoch.
    pub fn on_live_snapshot(&mut self, model: Arc<Model>) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.training.state.active_run().is_some() {
            let epoch = self.training.epoch();
            self.show_snapshot(Snapshot { epoch, model }, &mut effects);
        }
        effects
    }

    /// Stores the newest live snapshot. Uses it for predictions while the training is watched.
    fn show_snapshot(&mut self, snapshot: Snapshot, out: &mut Vec<Effect>) {
        self.training.snapshot = Some(snapshot.clone());
        if self.settings.watch {
            out.push(Effect::UseModel(Arc::clone(&snapshot.model)));
            self.models.watch(Some(snapshot));
        }
    }

    fn finish(&mut self, run: u64, mut trained: TrainedModel, out: &mut Vec<Effect>) {
        let stopped = trained.is_stopped();
        let divergence = match trained.stop_reason {
            StopReason::Diverged(divergence) => Some(divergence),
            StopReason::Completed | StopReason::EarlyStopping | StopReason::Stopped => None,
        };
        log::info!(
            target: "digitpad",
            "training run {run} ends after {} epochs{}: test accuracy {:?}",
            trained.history.len(),
            if stopped { ", stopped" } else { "" },
            trained.test.as_ref().map(|test| test.accuracy)
        );
        self.training.snapshot = None;
        if trained.is_untrained {
            // An untrained network must not be used.
            self.training.state = TrainingState::Idle;
            self.notices
                .info("Stopped before the first batch. The model in use stays");
            return;
        }
        self.training.state = TrainingState::Finished { run, stopped };
        let Some(config) = self.training.config.clone() else {
            return;
        };
        let corrections = trained.corrections.take();
        let name = self.next_run_name();
        let record = self.runs.add(name, &self.training, config, &trained);
        self.training.record = Some(record.id);
        self.training.history = trained.history;
        self.training.divergence = divergence;
        let model = Arc::new(trained.model);
        self.models
            .add_run(record.id, &record.name, Arc::clone(&model), false);
        if let Some(divergence) = divergence {
            let text = format!("{} ended early: {divergence}", record.name);
            self.notices.error(text);
        } else {
            self.announce(&record, corrections, out);
        }
        self.use_chosen_model(out);
        self.evaluate_if_shown(out);
        out.push(Effect::Library(RunLibraryTask::Save(
            Box::new(record),
            model,
        )));
    }
}

/// A sentence: starts with a capital letter and ends with a full stop.
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
