//! What the workers report, and what follows from it.

use std::{sync::Arc, time::Duration};

use super::{
    Answer, Picture, State, Tab,
    models::{Origin, Snapshot},
    training::TrainingState,
};
use crate::{
    app::action::{Effect, PathPurpose},
    error,
    model::file::Model,
    training::{Progress, StopReason, TrainedModel},
    worker::{
        file_tasks::FileOutcome,
        predictor::{PredictionOutcome, PredictionResponse},
        trainer::{BatchCurve, TrainerFact, TrainerMessage},
    },
};

/// A dialog that is canceled sooner than this was hardly seen by anybody: there is none to be had.
const UNSEEN_DIALOG: Duration = Duration::from_millis(700);
/// A dialog that is open for longer may be one that never comes.
const SLOW_DIALOG: Duration = Duration::from_secs(4);

impl State {
    /// Takes in what the network made of a drawing.
    pub fn on_prediction(&mut self, response: PredictionResponse) {
        if response.revision < self.blank_since {
            return;
        }
        match response.outcome {
            PredictionOutcome::Blank => self.answer = None,
            PredictionOutcome::Recognized { bitmap, prediction } => {
                self.answer = Some(Answer { bitmap, prediction });
            }
            PredictionOutcome::Failed(text) => {
                self.answer = None;
                self.notices.error(text);
            }
        }
    }

    /// Takes in how far the training is.
    pub fn on_progress(&mut self, progress: Option<Progress>) {
        if self.training.state.active_run().is_some() && progress.is_some() {
            self.training.progress = progress;
        }
    }

    /// Takes in what happened in the training; what an earlier run still has to say is passed over.
    pub fn on_trainer_message(&mut self, message: TrainerMessage) -> Vec<Effect> {
        let TrainerMessage { run, fact } = message;
        let mut effects = Vec::new();
        if self.training.state.active_run() != Some(run) {
            return effects;
        }
        match fact {
            TrainerFact::Note(note) => self.notices.news(note),
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
                self.training.push(record);
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
                    effects.push(Effect::Answer(Arc::clone(self.models.answering())));
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

    /// Takes in the weights of the training under way, from the midst of an epoch.
    pub fn on_live_snapshot(&mut self, model: Arc<Model>) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.training.state.active_run().is_some() {
            let epoch = self.training.epoch();
            self.show_snapshot(Snapshot { epoch, model }, &mut effects);
        }
        effects
    }

    /// Remembers the newest weights, and lets them answer where the training is watched.
    fn show_snapshot(&mut self, snapshot: Snapshot, out: &mut Vec<Effect>) {
        self.training.snapshot = Some(snapshot.clone());
        if self.settings.watch {
            out.push(Effect::Answer(Arc::clone(&snapshot.model)));
            self.models.watch(Some(snapshot));
        }
    }

    fn finish(&mut self, run: u64, trained: TrainedModel, out: &mut Vec<Effect>) {
        let stopped = trained.is_stopped();
        let divergence = match trained.stop_reason {
            StopReason::Diverged(divergence) => Some(divergence),
            StopReason::Completed | StopReason::EarlyStopping | StopReason::Stopped => None,
        };
        if let Some(divergence) = divergence.filter(|_| !self.settings.training_panel) {
            self.notices
                .error(format!("The training ended: {divergence}"));
        }
        log::info!(
            target: "digitpad",
            "training run {run} ends after {} epochs{}: test accuracy {:?}",
            trained.history.len(),
            if stopped { ", stopped" } else { "" },
            trained.test.as_ref().map(|test| test.accuracy)
        );
        self.training.snapshot = None;
        if trained.is_untrained {
            // An untrained network knows nothing: it must not answer.
            self.training.state = TrainingState::Idle;
            self.notices
                .news("Stopped before anything was learned; the model at work stays");
            return;
        }
        self.training.state = TrainingState::Finished { run, stopped };
        let record = self.add_run(&trained);
        self.training.history = trained.history;
        self.training.divergence = divergence;
        self.training.test = trained.test;
        self.training.validation_accuracy = trained.model.metadata.validation_accuracy;
        let id = self
            .models
            .add(Origin::Trained(run), Arc::new(trained.model));
        self.use_chosen_model(out);
        self.evaluate_if_shown(out);
        if let Some(record) = record {
            self.save_run(record, id, out);
        }
    }

    /// Takes in the time since the window opened, and whether a file dialog is open; says after how
    /// long something changes by itself.
    pub fn tick(&mut self, now: Duration, dialog_is_open: bool) -> Option<Duration> {
        self.now = now;
        self.dialog.is_open = dialog_is_open;
        let news = self.notices.expire(now);
        if !dialog_is_open || self.dialog.offered_path {
            return news;
        }
        let wait = (self.dialog.since + SLOW_DIALOG).saturating_sub(now);
        if wait.is_zero() {
            self.dialog.offered_path = true;
            self.prompt_for_path(self.dialog.purpose);
            return news;
        }
        Some(news.map_or(wait, |news| news.min(wait)))
    }

    /// Takes in what came of a file task or a dialog.
    pub fn on_file_outcome(&mut self, outcome: FileOutcome) -> Vec<Effect> {
        let mut effects = Vec::new();
        match outcome {
            FileOutcome::Canceled => self.on_dialog_canceled(),
            FileOutcome::WeightsLoaded { path, model } => {
                self.on_dialog_answered(PathPurpose::LoadWeights);
                self.notices
                    .news(format!("Loaded the weights in {}", path.display()));
                self.stop_watching();
                self.models.add(Origin::File(path), model);
                self.use_chosen_model(&mut effects);
            }
            FileOutcome::WeightsSaved { path, model } => {
                if let Some(id) = self.models.id_of(&model) {
                    self.on_dialog_answered(PathPurpose::SaveWeights(id));
                    self.models.mark_saved(id);
                }
                self.notices
                    .news(format!("Saved the weights to {}", path.display()));
            }
            FileOutcome::InkOpened { path, ink, count } => {
                self.on_dialog_answered(PathPurpose::OpenDrawing);
                self.stage = Tab::Draw;
                if count > 1 {
                    let path = path.display();
                    self.notices
                        .news(format!("Opened the first of {count} drawings in {path}"));
                }
                self.edit(&mut effects, |editor| editor.replace(ink));
            }
            FileOutcome::PictureOpened { path, bitmap } => {
                self.on_dialog_answered(PathPurpose::OpenDrawing);
                self.stage = Tab::Draw;
                let name = path.file_name().unwrap_or(path.as_os_str());
                let name = name.to_string_lossy().into_owned();
                self.show_picture(Picture { name, bitmap }, &mut effects);
            }
            FileOutcome::DrawingSaved { path } => {
                self.on_dialog_answered(PathPurpose::SaveDrawing);
                self.notices
                    .news(format!("Saved the drawing to {}", path.display()));
            }
            FileOutcome::TestFolderChosen(path) => {
                self.on_dialog_answered(PathPurpose::TestFolder);
                self.use_path(PathPurpose::TestFolder, path, &mut effects);
            }
            FileOutcome::TestInkChosen(path) => {
                self.on_dialog_answered(PathPurpose::TestInk);
                self.use_path(PathPurpose::TestInk, path, &mut effects);
            }
            FileOutcome::TableSaved { path } => {
                self.on_dialog_answered(PathPurpose::SaveConfusion);
                self.on_dialog_answered(PathPurpose::SaveCurves);
                self.notices
                    .news(format!("Saved the table to {}", path.display()));
            }
            FileOutcome::CurvesImageSaved { path } => {
                self.on_dialog_answered(PathPurpose::SaveCurvesImage);
                self.notices
                    .news(format!("Saved the picture to {}", path.display()));
            }
            FileOutcome::SettingsLoaded { path, config } => {
                self.on_dialog_answered(PathPurpose::LoadSettings);
                self.training.form.set_config(*config);
                self.notices
                    .news(format!("Loaded the settings in {}", path.display()));
            }
            FileOutcome::SettingsSaved { path } => {
                self.on_dialog_answered(PathPurpose::SaveSettings);
                self.notices
                    .news(format!("Saved the settings to {}", path.display()));
            }
            FileOutcome::DataPreviewed(source, seen) => self.training.data.set(&source, seen),
            FileOutcome::FolderChosen(path) => {
                self.on_dialog_answered(PathPurpose::DataFolder);
                self.use_path(PathPurpose::DataFolder, path, &mut effects);
            }
            FileOutcome::CheckpointFound(checkpoint) => {
                // A training that was begun meanwhile has set it aside.
                if self.training.state.active_run().is_none() {
                    self.training.resumable = Some(checkpoint);
                }
            }
            FileOutcome::NoCheckpoint => {}
            FileOutcome::Exists(path) => self.ask_to_replace(&path),
            FileOutcome::Library(outcome) => self.on_run_library_outcome(outcome, &mut effects),
            FileOutcome::Corrections(outcome) => self.on_correction_outcome(outcome, &mut effects),
            FileOutcome::Failed(text) => {
                self.reset_loading_runs();
                self.notices.error(text);
            }
        }
        self.update_closing_question();
        effects
    }

    /// The drawing makes room; undo brings it back.
    pub(super) fn show_picture(&mut self, picture: Picture, out: &mut Vec<Effect>) {
        self.editor.clear();
        self.revision += 1;
        self.blank_since = self.revision;
        self.answer = None;
        out.push(Effect::PredictPicture(
            picture.bitmap.clone(),
            self.revision,
        ));
        self.picture = Some(picture);
    }

    fn on_dialog_canceled(&mut self) {
        self.dialog.is_open = false;
        if self.now < self.dialog.since + UNSEEN_DIALOG {
            self.prompt_for_path(self.dialog.purpose);
        } else {
            self.on_dialog_answered(self.dialog.purpose);
        }
    }

    /// A path field that was offered beside a slow dialog is not needed any more.
    fn on_dialog_answered(&mut self, purpose: PathPurpose) {
        self.path_prompt.take_if(|prompt| prompt.purpose == purpose);
    }
}
