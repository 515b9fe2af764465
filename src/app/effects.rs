//! What the state asks for, done: the workers behind it, and the window.

use std::{path::PathBuf, sync::Arc, time::Duration};

use egui::{Context, ViewportCommand};

use super::{
    action::{Effect, PathPurpose},
    state::State,
};
use crate::store::{corrections::CorrectionTask, run_library::RunLibraryTask};
use crate::worker::{
    Waker, Wakers,
    evaluator::Evaluator,
    file_tasks::{Dialog, FileTask, FileTasks},
    predictor::{PredictionRequest, Predictor},
    trainer::{Trainer, TrainingJob},
};

/// The threads behind the window.
#[derive(Debug)]
pub(super) struct Workers {
    pub(super) predictor: Predictor,
    pub(super) trainer: Option<Trainer>,
    pub(super) evaluator: Option<Evaluator>,
    pub(super) files: FileTasks,
    /// Where what is needed to go on with a training is kept; `None` keeps nothing.
    checkpoint: Option<PathBuf>,
    /// The folder of the library of finished trainings; `None` keeps none.
    library: Option<PathBuf>,
    /// The file of the drawings that are kept to learn from; `None` keeps none.
    corrections: Option<PathBuf>,
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
            evaluator: None,
            files: FileTasks::new(waker),
            checkpoint: None,
            library: None,
            corrections: None,
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
                Effect::AddNoise(noise) => self.predictor.set_noise(noise),
                Effect::Train {
                    run,
                    start,
                    data,
                    uses_corrections,
                    device,
                } => {
                    let job = TrainingJob {
                        start,
                        data,
                        corrections: self.corrections.clone().filter(|_| uses_corrections),
                        device,
                    };
                    self.train(ctx, run, job);
                }
                Effect::DeleteCheckpoint(checkpoint) => {
                    if let Some(path) = self.checkpoint.clone() {
                        self.files
                            .submit(FileTask::DeleteCheckpoint(path, checkpoint));
                    }
                }
                Effect::Pause => self.steer(Trainer::pause),
                Effect::Resume => self.steer(Trainer::resume),
                Effect::Stop => self.steer(Trainer::stop),
                Effect::SkipTest => self.steer(Trainer::skip_test),
                Effect::Measure(number, model, source, noise) => {
                    // The last measurement is done, so its thread is joined at once.
                    let ctx = ctx.clone();
                    let waker = Arc::new(move || ctx.request_repaint());
                    self.evaluator = Some(Evaluator::spawn(number, model, source, noise, waker));
                }
                Effect::CancelEvaluation => {
                    if let Some(evaluator) = &self.evaluator {
                        evaluator.cancel();
                    }
                }
                Effect::OpenDialog(purpose) => {
                    if let Some(dialog) = dialog_for(purpose, state) {
                        self.files.open_dialog(dialog);
                    }
                }
                Effect::File(task) => self.files.submit(task),
                Effect::Library(task) => {
                    if let Some(folder) = &self.library {
                        self.files.submit(FileTask::Library(folder.clone(), task));
                    }
                }
                Effect::Corrections(task) => match &self.corrections {
                    Some(path) => self.files.submit(FileTask::Corrections(path.clone(), task)),
                    None => state.report_no_data_folder(),
                },
                Effect::Close => ctx.send_viewport_cmd(ViewportCommand::Close),
            }
        }
    }

    fn train(&mut self, ctx: &Context, run: u64, job: TrainingJob) {
        // The last run is done, so its thread is joined at once.
        let (soon, at_once) = (ctx.clone(), ctx.clone());
        let wakers = Wakers {
            gauge: Arc::new(move || soon.request_repaint_after(TRAINING_FRAME)),
            fact: Arc::new(move || at_once.request_repaint()),
        };
        let checkpoint = self.checkpoint.clone();
        self.trainer = Some(Trainer::spawn(run, job, checkpoint, wakers));
    }

    /// Keeps what is needed to go on with a training in this file, and looks whether one was interrupted.
    pub(super) fn store_checkpoints_in(&mut self, path: PathBuf) {
        self.files.submit(FileTask::FindCheckpoint(path.clone()));
        self.checkpoint = Some(path);
    }

    /// Keeps finished trainings in this folder, and looks what is in it.
    pub(super) fn store_runs_in(&mut self, folder: PathBuf) {
        let task = FileTask::Library(folder.clone(), RunLibraryTask::List);
        self.files.submit(task);
        self.library = Some(folder);
    }

    /// Keeps drawings to learn from in this file, and counts what is in it.
    pub(super) fn store_corrections_in(&mut self, path: PathBuf) {
        self.files
            .submit(FileTask::Corrections(path.clone(), CorrectionTask::Count));
        self.corrections = Some(path);
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
        PathPurpose::TestFolder => Dialog::ChooseTestFolder,
        PathPurpose::TestInk => Dialog::ChooseTestInk,
        PathPurpose::SaveConfusion => Dialog::SaveTable("confusion.csv", state.confusion_table()?),
        PathPurpose::SaveCurves => Dialog::SaveTable("training.csv", state.training.table()),
        PathPurpose::SaveCurvesImage => {
            Dialog::SaveCurvesImage(Arc::clone(state.training.curves_image.as_ref()?))
        }
        PathPurpose::LoadSettings => Dialog::LoadSettings,
        PathPurpose::SaveSettings => {
            Dialog::SaveSettings(Box::new(state.training.form.config().ok()?))
        }
    })
}
