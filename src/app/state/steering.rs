//! Trainings that are begun, resumed and steered.

use std::sync::Arc;

use super::{State, corrections, form::TrainingForm, paths::folder_text, training::TrainingState};
use crate::{
    app::action::Effect,
    data::DataSource,
    model::device::DeviceChoice,
    training::{Start, checkpoint::Checkpoint},
};

impl State {
    /// Begins a training as the form has it.
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
        let (preset, uses_corrections) = (form.preset.to_string(), form.uses_corrections);
        let run = self.training.begin(preset, config.clone());
        log::info!(target: "digitpad", "training run {run} begins: {} on {data:?}", config.model);
        let device = self.settings.device;
        out.push(Effect::Train {
            run,
            start: Start::Fresh(Box::new(config)),
            uses_corrections: uses_corrections && data == DataSource::Mnist,
            data: data.into(),
            device,
        });
    }

    /// Goes on with the training that was interrupted, with its settings in the form.
    pub(super) fn resume_checkpoint(&mut self, out: &mut Vec<Effect>) {
        if self.training.state.active_run().is_some() {
            return;
        }
        let Some(checkpoint) = self.training.interrupted.take() else {
            return;
        };
        let name = if let Some(model) = checkpoint.base_model() {
            corrections::lesson_for(model)
        } else {
            self.use_settings_of(&checkpoint);
            self.training.form.preset.to_string()
        };
        let run = self.training.begin(name, checkpoint.config().clone());
        log::info!(target: "digitpad", "training run {run} goes on: {checkpoint:?}");
        out.push(Effect::Train {
            run,
            data: checkpoint.source().clone(),
            start: Start::Resume(checkpoint),
            uses_corrections: false,
            device: DeviceChoice::Auto,
        });
    }

    /// Sets the form as it was for a training.
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

    /// Pauses, resumes or stops the training under way, or skips its test, where that makes sense.
    pub(super) fn steer(&mut self, out: &mut Vec<Effect>, effect: Effect) {
        let next = match (&self.training.state, &effect) {
            (&TrainingState::Running { run }, Effect::Pause) => TrainingState::Paused { run },
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
        out.push(Effect::Answer(Arc::clone(self.models.answering())));
    }
}
