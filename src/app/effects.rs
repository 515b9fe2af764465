//! What the state asks for, done: the workers behind it, and the window.

use std::sync::Arc;

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
    waker: WakerOf,
}

/// A waker that can be shown in a log.
struct WakerOf(Waker);

impl std::fmt::Debug for WakerOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Waker")
    }
}

impl Workers {
    /// Starts the threads; they have the window drawn when there is something new.
    pub(super) fn new(ctx: &Context, state: &State) -> Self {
        let ctx = ctx.clone();
        let waker: Waker = Arc::new(move || ctx.request_repaint());
        Self {
            predictor: Predictor::spawn(Arc::clone(state.models.answering()), Arc::clone(&waker)),
            trainer: None,
            files: FileTasks::new(Arc::clone(&waker)),
            waker: WakerOf(waker),
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
                Effect::Train(run, config, data) => {
                    // The last run is done, so its thread is joined at once.
                    let waker = Arc::clone(&self.waker.0);
                    self.trainer = Some(Trainer::spawn(run, *config, data, waker));
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
