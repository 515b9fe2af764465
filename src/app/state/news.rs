//! Messages of the workers, and their effects.

use std::sync::Arc;

use super::{
    Answer, State,
    models::{Origin, Snapshot},
    training::TrainingState,
};
use crate::{
    app::action::Effect,
    error,
    model::file::Model,
    training::{Progress, StopReason, TrainedModel},
    worker::{
        predictor::{PredictionOutcome, PredictionResponse},
        trainer::{BatchCurve, TrainerFact, TrainerMessage},
    },
};

impl State {
    /// Shows a prediction.
    pub fn on_prediction(&mut self, response: PredictionResponse) {
        if response.revision < self.blank_since {
            return;
        }
        match response.outcome {
            PredictionOutcome::Blank => self.answer = None,
            PredictionOutcome::Recognized { bitmap, prediction } => {
                self.answer = Some(Answer { bitmap, prediction });
            }
            PredictionOutcome::Failed(error) => {
                self.answer = None;
                self.notices.error(error::chain(&error));
            }
        }
    }

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
            // An untrained network must not be used.
            self.training.state = TrainingState::Idle;
            self.notices
                .info("Stopped before the first batch. The model in use stays");
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
}
