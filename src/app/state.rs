//! All that the window knows, and how it changes. Knows no window: actions and news come in, effects
//! go out.

pub mod corrections;
pub mod evaluation;
pub mod form;
pub mod models;
pub mod notices;
pub mod runs;
pub mod training;

mod closing;
mod news;
mod paths;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, sync::Arc, time::Duration};

pub use self::{closing::Closing, paths::PathPrompt};
use self::{
    evaluation::Measuring,
    models::{ModelId, Models, Origin},
    notices::Notices,
    paths::FileDialog,
    runs::Runs,
    training::Training,
};
use super::action::{Action, Effect, PathPurpose};
use crate::{
    bitmap::Bitmap,
    data::noise::Noise,
    ink::{Ink, Point, edit::InkEditor},
    model::file::Model,
    recognition::Prediction,
    store::{
        corrections::CorrectionTask,
        settings::{SavedForm, Settings},
    },
    worker::file_tasks::FileTask,
};

/// What the network saw last and made of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What it saw.
    pub bitmap: Bitmap,
    /// What it made of it.
    pub prediction: Prediction,
}

/// A picture from a file, which is read in place of the drawing until something is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// The file's name.
    pub name: String,
    /// What the network sees of it.
    pub bitmap: Bitmap,
}

/// What the middle of the window is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// To draw, and to see what the network makes of it.
    #[default]
    Draw,
    /// To see how good the model at work is on many pictures.
    Test,
}

/// What the window knows.
#[derive(Clone, Debug)]
pub struct State {
    /// What is kept for the next start.
    pub settings: Settings,
    /// The models at hand.
    pub models: Models,
    /// The training panel.
    pub training: Training,
    /// The noise that is added to what the network sees of the drawing.
    pub noise: Option<Noise>,
    /// The finished trainings.
    pub runs: Runs,
    /// The view that tests the model.
    pub measuring: Measuring,
    /// What is looked at.
    pub stage: Tab,
    /// What is to be said.
    pub notices: Notices,
    /// The path field, while it is open.
    pub path_prompt: Option<PathPrompt>,
    /// The last path that was typed for each purpose.
    typed: Vec<PathPrompt>,
    /// Whether the window is to be closed.
    pub closing: Closing,
    editor: InkEditor,
    picture: Option<Picture>,
    answer: Option<Answer>,
    /// Counts what there was to recognize; what is older than `blank_since` is of no interest.
    revision: u64,
    blank_since: u64,
    /// The time since the window opened.
    now: Duration,
    dialog: FileDialog,
    /// The revision of the drawing that is being kept to learn from.
    saving_correction: Option<u64>,
}

impl State {
    /// The state at the start, and what has to be done first.
    pub fn new(settings: Settings, shipped: Model, loaded: Option<(PathBuf, Model)>) -> Self {
        let mut models = Models::new(Arc::new(shipped));
        if let Some((path, model)) = loaded {
            models.add(Origin::File(path), Arc::new(model));
        }
        let mut training = Training::default();
        training.form = settings.training.form();
        Self {
            settings,
            models,
            training,
            noise: None,
            runs: Runs::default(),
            measuring: Measuring::default(),
            stage: Tab::default(),
            notices: Notices::default(),
            path_prompt: None,
            typed: Vec::new(),
            closing: Closing::No,
            editor: InkEditor::default(),
            picture: None,
            answer: None,
            revision: 0,
            blank_since: 0,
            now: Duration::ZERO,
            dialog: FileDialog::of(PathPurpose::OpenDrawing, Duration::ZERO),
            saving_correction: None,
        }
    }

    /// The drawing.
    pub fn ink(&self) -> &Ink {
        self.editor.ink()
    }

    /// A number that changes whenever the ink does.
    pub fn ink_revision(&self) -> u64 {
        self.editor.revision()
    }

    /// Whether there is a step to take back.
    pub fn can_undo(&self) -> bool {
        self.editor.can_undo()
    }

    /// Whether there is an undo to take back.
    pub fn can_redo(&self) -> bool {
        self.editor.can_redo()
    }

    /// The picture that is read in place of the drawing.
    pub fn picture(&self) -> Option<&Picture> {
        self.picture.as_ref()
    }

    /// Whether there is nothing to recognize.
    pub fn is_blank(&self) -> bool {
        self.picture.is_none() && self.editor.ink().is_empty()
    }

    /// What the network saw and made of it; `None` while there is nothing to recognize.
    pub fn answer(&self) -> Option<&Answer> {
        self.answer.as_ref()
    }

    /// What is to be kept for the next start, with the window's inner size in points.
    pub fn settings_to_save(&self, window_size: [f32; 2]) -> Settings {
        Settings {
            window_size,
            training: SavedForm::of(&self.training.form),
            ..self.settings.clone()
        }
    }

    /// Does what a person asked for.
    pub fn apply(&mut self, action: Action) -> Vec<Effect> {
        let mut effects = Vec::new();
        let out = &mut effects;
        match action {
            Action::PenDown(point) => self.edit(out, |editor| editor.begin(point)),
            Action::PenMoved(point) => self.extend(point, out),
            Action::PenUp => self.editor.end(),
            Action::Undo => self.undo(out),
            Action::Redo => self.edit(out, InkEditor::redo),
            Action::Clear => self.edit(out, InkEditor::clear),
            Action::SaveCorrection(digit) => self.save_correction(digit, out),
            Action::RemoveLastCorrection => {
                out.push(Effect::Corrections(CorrectionTask::RemoveLast));
            }
            Action::AskPath(purpose) => self.ask_path(purpose, out),
            Action::PathEdited(text) => {
                if let Some(prompt) = &mut self.path_prompt {
                    prompt.text = text;
                    prompt.replaces = false;
                }
            }
            Action::PathAccepted => self.accept_path(out),
            Action::PathCancelled => self.path_prompt = None,
            Action::FileDropped(path) => out.push(Effect::File(match self.stage {
                Tab::Draw => FileTask::OpenAny(path),
                Tab::Test => FileTask::TestOnAny(path),
            })),
            Action::ChooseModel(id) => self.choose_model(id, out),
            Action::FormChanged(form) => self.training.form = *form,
            Action::PresetChosen(preset) => self.training.form.choose(preset),
            Action::SaveCurvesImage(curves_image) => {
                self.training.curves_image = Some(curves_image);
                self.ask_path(PathPurpose::SaveCurvesImage, out);
            }
            Action::Run(action) => self.apply_to_run(action, out),
            Action::PreviewData => {
                if let Some(source) = self.training.form.source()
                    && self.training.data.request(&source)
                {
                    out.push(Effect::File(FileTask::PreviewData(source)));
                }
            }
            Action::ChooseDevice(device) => self.settings.device = device,
            Action::Train => self.train(out),
            Action::FineTune => self.fine_tune(out),
            Action::Pause => self.steer(out, Effect::Pause),
            Action::Resume => self.steer(out, Effect::Resume),
            Action::Stop => self.steer(out, Effect::Stop),
            Action::SkipTest => self.steer(out, Effect::SkipTest),
            Action::ResumeCheckpoint => self.resume_checkpoint(out),
            Action::DeleteCheckpoint => {
                let interrupted = self.training.resumable.take();
                out.extend(interrupted.map(Effect::DeleteCheckpoint));
            }
            Action::KeepCheckpoint => self.training.resumable = None,
            Action::Watch(watch) => self.watch(watch, out),
            Action::AddNoise(noise) => {
                self.noise = noise;
                out.push(Effect::AddNoise(noise));
            }
            Action::Dismiss(id) => self.notices.dismiss(id),
            Action::ChooseTheme(theme) => self.settings.theme = theme,
            Action::ShowTraining(show) => self.settings.training_panel = show,
            Action::Enter(stage) => self.enter(stage, out),
            Action::Measuring(action) => self.apply_evaluation(action, out),
            Action::CloseAnyway => {
                self.closing = Closing::Confirmed;
                out.push(Effect::Close);
            }
            Action::KeepOpen => self.closing = Closing::No,
        }
        effects
    }

    /// Goes on with the stroke under the pen. Where there is none any more, because a picture came in between, that
    /// stays.
    fn extend(&mut self, point: Point, out: &mut Vec<Effect>) {
        if self.changes(|editor| editor.extend(point)) {
            self.drawing_changed(out);
        }
    }

    /// Changes the drawing. A picture in its place goes, whatever the change is.
    fn edit(&mut self, out: &mut Vec<Effect>, change: impl FnOnce(&mut InkEditor)) {
        let changes = self.changes(change);
        if self.picture.take().is_some() || changes {
            self.drawing_changed(out);
        }
    }

    /// Whether this changes the ink.
    fn changes(&mut self, change: impl FnOnce(&mut InkEditor)) -> bool {
        let before = self.editor.revision();
        change(&mut self.editor);
        self.editor.revision() != before
    }

    fn drawing_changed(&mut self, out: &mut Vec<Effect>) {
        self.revision += 1;
        if self.editor.ink().is_empty() {
            self.blank_since = self.revision;
            self.answer = None;
        }
        // A blank pad is told too, so that a new model does not answer what was there before.
        out.push(Effect::Predict(self.editor.ink().clone(), self.revision));
    }

    fn choose_model(&mut self, id: ModelId, out: &mut Vec<Effect>) {
        self.stop_watching();
        self.models.choose(id);
        self.use_chosen_model(out);
    }

    /// Whoever chooses a model while a training is watched does not want to watch it now.
    fn stop_watching(&mut self) {
        if self.models.snapshot().is_some() {
            self.settings.watch = false;
        }
    }

    fn use_chosen_model(&mut self, out: &mut Vec<Effect>) {
        log::info!(target: "digitpad", "the answers are from: {}", self.models.chosen().name());
        out.push(Effect::Answer(Arc::clone(self.models.answering())));
    }
}
