//! Runs effects: the workers behind the window.

use std::{path::PathBuf, sync::Arc, time::Duration};

use egui::{Context, ViewportCommand};

use super::{action::Effect, state::State};
use crate::{
    model::file::Model,
    store::{corrections::CorrectionTask, history::HistoryTask, run_library::RunLibraryTask},
    worker::{
        Waker, Wakers,
        evaluator::Evaluator,
        explainer::Explainer,
        file_tasks::{FileTask, FileTasks},
        predictor::Predictor,
        trainer::{Trainer, TrainingJob},
    },
};

/// The workers of the window.
#[derive(Debug)]
pub(super) struct Workers {
    pub(super) predictor: Predictor,
    pub(super) trainer: Option<Trainer>,
    pub(super) evaluator: Option<Evaluator>,
    /// The explainer, after the first visit of *Why*.
    pub(super) explainer: Option<Explainer>,
    pub(super) files: FileTasks,
    /// The checkpoint of the window's training; `None` stores none.
    checkpoint: Option<PathBuf>,
    /// The folder of the run library; `None` stores no runs.
    library: Option<PathBuf>,
    /// The file of the corrections; `None` stores none.
    corrections: Option<PathBuf>,
    /// The file of the history; `None` stores none.
    history: Option<PathBuf>,
}

/// The longest delay before a training's progress is drawn. Ten frames a second are enough, and a
/// frame takes time from the training.
const TRAINING_FRAME: Duration = Duration::from_millis(100);

/// Wakes the window by a repaint.
fn repaint(ctx: &Context) -> Waker {
    let ctx = ctx.clone();
    Arc::new(move || ctx.request_repaint())
}

impl Workers {
    /// Starts the threads. They wake the window after each result.
    pub(super) fn new(ctx: &Context, state: &State) -> Self {
        Self {
            predictor: Predictor::spawn(Arc::clone(state.models.in_use()), repaint(ctx)),
            trainer: None,
            evaluator: None,
            explainer: None,
            files: FileTasks::new(repaint(ctx)),
            checkpoint: None,
            library: None,
            corrections: None,
            history: None,
        }
    }

    /// Runs effects.
    pub(super) fn run(
        &mut self,
        ctx: &Context,
        state: &mut State,
        effects: impl IntoIterator<Item = Effect>,
    ) {
        for effect in effects {
            match effect {
                Effect::Predict(request) => self.predictor.request(request),
                Effect::UseModel(model) => self.predictor.set_model(model),
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
                    self.steer(|trainer| trainer.set_slow(state.training.is_slow));
                }
                Effect::DeleteCheckpoint(checkpoint) => {
                    if let Some(path) = self.checkpoint.clone() {
                        self.files
                            .submit(FileTask::DeleteCheckpoint(path, checkpoint));
                    }
                }
                Effect::Pause => self.steer(Trainer::pause),
                Effect::Resume => self.steer(Trainer::resume),
                Effect::Step => self.steer(Trainer::step),
                Effect::Stop => self.steer(Trainer::stop),
                Effect::SkipTest => self.steer(Trainer::skip_test),
                Effect::Evaluate {
                    number,
                    model,
                    source,
                    noise,
                } => {
                    // The previous evaluation has ended, so the join of its thread does not wait.
                    let waker = repaint(ctx);
                    self.evaluator = Some(Evaluator::spawn(number, model, source, noise, waker));
                }
                Effect::CancelEvaluation => {
                    if let Some(evaluator) = &self.evaluator {
                        evaluator.cancel();
                    }
                }
                Effect::Explain(request) => {
                    let explainer = self
                        .explainer
                        .get_or_insert_with(|| Explainer::spawn(repaint(ctx)));
                    explainer.request(*request);
                }
                Effect::OpenDialog(request) => {
                    self.files.open_dialog(request);
                }
                Effect::File(task) => self.files.submit(task),
                Effect::Library(task) => {
                    if let Some(folder) = &self.library {
                        self.files.submit(FileTask::Library(folder.clone(), task));
                    }
                }
                Effect::Corrections(task) => match &self.corrections {
                    Some(path) => self
                        .files
                        .submit(FileTask::Corrections(path.clone(), Box::new(task))),
                    None => state.report_no_data_folder(),
                },
                Effect::ListCorrections(model) => {
                    if let Some(path) = self.corrections.clone() {
                        self.files.submit(FileTask::ListCorrections(path, model));
                    }
                }
                Effect::CompareModels { run, models } => {
                    if let Some(path) = self.corrections.clone() {
                        self.files
                            .submit(FileTask::CompareModels { path, run, models });
                    }
                }
                Effect::History(task, model) => self.access_history(task, model),
                Effect::Close => ctx.send_viewport_cmd(ViewportCommand::Close),
            }
        }
    }

    /// Accesses the history, if it is stored.
    pub(super) fn access_history(&self, task: HistoryTask, model: Arc<Model>) {
        if let Some(path) = self.history.clone() {
            self.files.submit(FileTask::History(path, task, model));
        }
    }

    fn train(&mut self, ctx: &Context, run: u64, job: TrainingJob) {
        let late = ctx.clone();
        let wakers = Wakers {
            gauge: Arc::new(move || late.request_repaint_after(TRAINING_FRAME)),
            fact: repaint(ctx),
        };
        let checkpoint = self.checkpoint.clone();
        // The previous run has ended, so the join of its thread does not wait.
        self.trainer = Some(Trainer::spawn(run, job, checkpoint, wakers));
    }

    /// Stores the training's checkpoint in this file, and looks for one that the last session left.
    pub(super) fn store_checkpoints_in(&mut self, path: PathBuf) {
        self.files.submit(FileTask::FindCheckpoint(path.clone()));
        self.checkpoint = Some(path);
    }

    /// Stores finished runs in this folder, and lists those that are there.
    pub(super) fn store_runs_in(&mut self, folder: PathBuf) {
        let task = FileTask::Library(folder.clone(), RunLibraryTask::List);
        self.files.submit(task);
        self.library = Some(folder);
    }

    /// Stores corrections in this file, and counts those that are there.
    pub(super) fn store_corrections_in(&mut self, path: PathBuf) {
        let task = FileTask::Corrections(path.clone(), Box::new(CorrectionTask::List));
        self.files.submit(task);
        self.corrections = Some(path);
    }

    /// Stores drawings in this file, and lists those that are there.
    pub(super) fn store_history_in(&mut self, path: PathBuf, model: Arc<Model>) {
        self.history = Some(path);
        self.access_history(HistoryTask::List, model);
    }

    fn steer(&self, steer: impl FnOnce(&Trainer)) {
        if let Some(trainer) = &self.trainer {
            steer(trainer);
        }
    }
}
