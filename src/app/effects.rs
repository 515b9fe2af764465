//! What the state asks for, done: the workers behind it, and the window.

use std::{sync::Arc, time::Duration};

use egui::{Context, ViewportCommand};

use super::{
    action::{Effect, PathPurpose},
    state::State,
};
use crate::worker::{
    Waker,
    file_tasks::{Dialog, FileTasks},
    predictor::{PredictionRequest, Predictor},
    trainer::Trainer,
};

/// The threads behind the window.
#[derive(Debug)]
pub(super) struct Workers {
    pub(super) predictor: Predictor,
    pub(super) trainer: Option<Trainer>,
    pub(super) files: FileTasks,
}

/// How long what a training reports may wait to be drawn: ten frames a second are enough for figures,
/// and where the processor draws too, each frame is one that does not train.
const TRAINING_FRAME: Duration = Duration::from_millis(100);

impl Workers {
    /// Starts the threads; they have the window drawn when there is something new.
    pub(super) fn new(ctx: &Context, state: &State) -> Self {
        let ctx = ctx.clone();
        let waker: Waker = Arc::new(move || ctx.request_repaint());
        Self {
            predictor: Predictor::spawn(Arc::clone(state.models.answering()), Arc::clone(&waker)),
            trainer: None,
            files: FileTasks::new(waker),
        }
    }

    /// Does what the state asks for.
    pub(super) fn run(&mut self, ctx: &Context, state: &mut State, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Predict(ink, revision) => {
                    self.predictor.request(PredictionRequest { ink, revision });
                }
                Effect::PredictPicture(bitmap, revision) => {
                    self.predictor.request_bitmap(bitmap, revision);
                }
                Effect::Answer(model) => self.predictor.set_model(model),
                Effect::Train(run, config, data, device) => {
                    // The last run is done, so its thread is joined at once.
                    let ctx = ctx.clone();
                    let waker = Arc::new(move || ctx.request_repaint_after(TRAINING_FRAME));
                    self.trainer = Some(Trainer::spawn(run, *config, data, device, waker));
                }
                Effect::Pause => self.steer(Trainer::pause),
                Effect::Resume => self.steer(Trainer::resume),
                Effect::Stop => self.steer(Trainer::stop),
                Effect::OpenDialog(purpose) => {
                    if let Some(dialog) = dialog_for(purpose, state) {
                        self.files.open_dialog(dialog);
                    }
                }
                Effect::File(task) => self.files.submit(task),
                Effect::Close => ctx.send_viewport_cmd(ViewportCommand::Close),
            }
        }
    }

    fn steer(&self, steer: impl FnOnce(&Trainer)) {
        if let Some(trainer) = &self.trainer {
            steer(trainer);
        }
    }
}

fn dialog_for(purpose: PathPurpose, state: &State) -> Option<Dialog> {
    Some(match purpose {
        PathPurpose::LoadWeights => Dialog::LoadWeights,
        PathPurpose::SaveWeights(id) => {
            Dialog::SaveWeights(Arc::clone(&state.models.entry(id)?.model))
        }
        PathPurpose::OpenDrawing => Dialog::OpenDrawing,
        PathPurpose::SaveDrawing => Dialog::SaveDrawing(state.ink().clone()),
        PathPurpose::DataFolder => Dialog::ChooseFolder,
    })
}
