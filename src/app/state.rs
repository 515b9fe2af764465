//! The state of the window, without the window: actions and workers' messages come in, effects go out.

pub mod comparison;
pub mod corrections;
pub mod evaluation;
pub mod explanation;
pub mod form;
pub mod history;
pub mod models;
pub mod notices;
pub mod number;
pub mod pad;
pub mod runs;
pub mod training;

mod files;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

pub use self::files::PathPrompt;
use self::{
    corrections::CorrectionGallery,
    evaluation::EvaluationPanel,
    explanation::ExplanationPanel,
    files::Files,
    form::TrainingForm,
    history::History,
    models::{ModelId, Models, Origin},
    notices::{Claim, Notices},
    pad::Pad,
    runs::Runs,
    training::Training,
};
use super::action::{Action, Effect};
use crate::{
    data::noise::Noise,
    error::Refusal,
    ink::{Point, edit::InkEditor},
    model::file::Model,
    recognition::number::Constraints,
    store::settings::{ModelInUse, Settings, WeightFile},
    training::config::Preset,
    worker::file_tasks::{FileContent, FilePurpose, FileTask},
};

/// A place of the window, chosen in the header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// Draw digits and see predictions.
    #[default]
    Draw,
    /// Look into the network and see why it answers so.
    Why,
    /// Evaluate the model in use on many images.
    Test,
    /// Look at the curves of trainings and compare runs.
    Learn,
}

/// The steps of closing the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// It stays open.
    No,
    /// It asks, because unsaved work would be lost.
    Asking,
    /// It closes, even if unsaved work is lost.
    Confirmed,
}

/// The state of the window.
#[derive(Clone, Debug)]
pub struct State {
    /// The settings that the window saves when it closes.
    pub settings: Settings,
    /// The pad.
    pub pad: Pad,
    /// The models of this session.
    pub models: Models,
    /// The training panel.
    pub training: Training,
    /// The gallery of corrections.
    pub corrections: CorrectionGallery,
    /// The last drawings.
    pub history: History,
    /// The noise on the network's input.
    pub noise: Option<Noise>,
    /// What is known of the number on the pad.
    pub known: Constraints,
    /// The run library.
    pub runs: Runs,
    /// The evaluation tab.
    pub evaluation: EvaluationPanel,
    /// The place *Why*.
    pub explanation: ExplanationPanel,
    /// The place that is shown.
    pub place: Place,
    /// The step of the guided tour, while it is shown.
    pub tour: Option<usize>,
    /// The notices that are shown.
    pub notices: Notices,
    /// The path field, while it is open.
    pub path_prompt: Option<PathPrompt>,
    /// Whether the window is closing.
    pub closing: Closing,
    files: Files,
    /// The time since the window opened.
    now: Duration,
}

impl State {
    /// The state at the start. A loaded model is used instead of the built-in one.
    pub fn new(
        settings: Settings,
        built_in: Model,
        loaded: Option<(WeightFile, Arc<Model>)>,
    ) -> Self {
        let mut models = Models::new(Arc::new(built_in));
        if let Some((file, model)) = loaded {
            models.add_file(file, model);
        }
        let mut training = Training::default();
        training.form = TrainingForm::from_saved(settings.training.clone());
        Self {
            settings,
            pad: Pad::default(),
            models,
            training,
            corrections: CorrectionGallery::default(),
            history: History::default(),
            noise: None,
            known: Constraints::default(),
            runs: Runs::default(),
            evaluation: EvaluationPanel::default(),
            explanation: ExplanationPanel::default(),
            place: Place::default(),
            tour: None,
            notices: Notices::default(),
            path_prompt: None,
            closing: Closing::No,
            files: Files::default(),
            now: Duration::ZERO,
        }
    }

    /// The settings to save.
    pub fn settings_to_save(&self) -> Settings {
        Settings {
            training: self.training.form.saved(),
            ..self.settings.clone()
        }
    }

    /// Opens the weight file of the session before again. Its run is loaded once the runs are listed.
    pub fn reopen_weights(&self) -> Option<Effect> {
        match &self.settings.model_in_use {
            ModelInUse::File(file) if self.models.is_new() => {
                Some(Effect::File(FileTask::ReopenWeights(file.clone())))
            }
            _ => None,
        }
    }

    /// Offers the guided tour at the first start.
    pub fn offer_tour(&mut self) {
        if !std::mem::replace(&mut self.settings.tour_offered, true) {
            let text = "New here? A tour of six steps leads through the window";
            self.notices.offer(text, "Take the tour", Action::StartTour);
        }
    }

    /// Applies an action.
    pub fn apply(&mut self, action: Action) -> Vec<Effect> {
        let mut effects = Vec::new();
        let out = &mut effects;
        match action {
            Action::PenDown(point) => self.pad.edit(|editor| editor.begin(point)),
            Action::PenMoved(point) => self.pad.edit(|editor| editor.extend(point)),
            Action::PenUp => self.pad.lift(),
            Action::PenCanceled => self.pad.edit(InkEditor::cancel),
            Action::Erase(point) => self.erase(point),
            Action::SwitchEraser => self.pad.switch_eraser(),
            Action::SwitchErased => self.settings.eraser = self.settings.eraser.other(),
            Action::NextPenWidth => self.settings.pen_width = self.settings.pen_width.next(),
            Action::SwitchGuides => self.settings.guides = !self.settings.guides,
            Action::Replay => self.pad.replay(self.now),
            Action::ShowDrawing(index) => self.show_drawing(index, out),
            Action::SwitchPadShape => self.switch_pad_shape(),
            Action::Constrain(known) => self.constrain(known),
            Action::SelectDigit(index) => self.select_digit(index),
            Action::SelectPart(part) => self.select_part(part, out),
            Action::TakeDigit(index) => self.take_digit(index),
            Action::BackToPicture => self.back_to_picture(),
            Action::Undo => self.undo(out),
            Action::Redo => self.redo(out),
            Action::Clear => self.clear(out),
            Action::SaveCorrection(digit) => self.save_correction(digit, out),
            Action::Corrections(action) => self.apply_to_corrections(action, out),
            Action::AskPath(purpose) => self.ask_path(purpose, out),
            Action::SaveWeights(id) => self.ask_to_save_weights(id, out),
            Action::SaveCurvesImage(image) => {
                let content = FileContent::CurvesImage(image);
                self.request_file(FilePurpose::SaveCurvesImage, Some(content), out);
            }
            Action::EditPath(text) => self.edit_path(text),
            Action::AcceptPath => self.accept_path(out),
            Action::CancelPath => self.path_prompt = None,
            Action::DropFile(path) => self.drop_file(path, out),
            Action::PastePicture(picture) => self.paste(&picture, out),
            Action::ChooseModel(id) => self.choose_model(id, out),
            Action::ChangeForm(form) => self.training.form = *form,
            Action::Refuse(refusal) => self.refuse(&refusal),
            Action::ChoosePreset(preset) => self.choose_preset(preset),
            Action::Run(action) => self.apply_to_run(action, out),
            Action::PreviewData => self.preview_data(out),
            Action::ChooseDevice(device) => self.settings.device = device,
            Action::Train => self.train(out),
            Action::FineTune => self.fine_tune(out),
            Action::Pause => self.steer(out, Effect::Pause),
            Action::Resume => self.steer(out, Effect::Resume),
            Action::Step => self.steer(out, Effect::Step),
            Action::SlowMotion(is_slow) => self.training.is_slow = is_slow,
            Action::Stop => self.steer(out, Effect::Stop),
            Action::SkipTest => self.steer(out, Effect::SkipTest),
            Action::ResumeCheckpoint => self.resume_checkpoint(out),
            Action::DeleteCheckpoint => self.delete_checkpoint(out),
            Action::AskToResume(asks) => self.training.asks_to_resume = asks,
            Action::Watch(watch) => self.watch(watch, out),
            Action::AddNoise(noise) => self.add_noise(noise, out),
            Action::Dismiss => self.notices.dismiss(),
            Action::ChooseTheme(theme) => self.settings.theme = theme,
            Action::ShowTraining(show) => self.settings.training_panel = show,
            Action::GoTo(place) => self.go_to(place, out),
            Action::StartTour => self.start_tour(out),
            Action::SetUpOverfitting => self.set_up_overfitting(),
            Action::ShowTourStep(step) => self.tour = step,
            Action::Evaluation(action) => self.apply_evaluation(action, out),
            Action::Explanation(action) => self.apply_explanation(action, out),
            Action::CloseAnyway => self.close_anyway(out),
            Action::KeepOpen => self.closing = Closing::No,
        }
        self.withdraw_outdated();
        effects
    }

    /// Says why a value was refused. The next valid value withdraws it.
    fn refuse(&mut self, refusal: &Refusal) {
        self.notices.error(refusal.to_string());
        let form = Box::new(self.training.form.clone());
        self.notices.claim(Claim::Form(form));
    }

    fn preview_data(&mut self, out: &mut Vec<Effect>) {
        if let Some(source) = self.training.form.source()
            && self.training.data.request(&source)
        {
            out.push(Effect::File(FileTask::PreviewData(source)));
        }
    }

    fn erase(&mut self, point: Point) {
        let Settings {
            eraser, pen_width, ..
        } = self.settings;
        self.pad.erase(eraser, pen_width, point);
    }

    fn clear(&mut self, out: &mut Vec<Effect>) {
        self.leave_drawing(out);
        let shape = self.settings.pad_shape;
        self.pad.exchange(shape, InkEditor::clear);
    }

    fn constrain(&mut self, known: Constraints) {
        self.known = known;
        self.pad.predict_again();
    }

    fn select_digit(&mut self, index: usize) {
        self.pad.select_digit(index);
        self.explain_again();
    }

    fn add_noise(&mut self, noise: Option<Noise>, out: &mut Vec<Effect>) {
        self.noise = noise;
        out.push(Effect::AddNoise(noise));
    }

    fn start_tour(&mut self, out: &mut Vec<Effect>) {
        self.tour = Some(0);
        self.go_to(Place::Draw, out);
    }

    fn close_anyway(&mut self, out: &mut Vec<Effect>) {
        self.closing = Closing::Confirmed;
        out.push(Effect::Close);
    }

    fn switch_pad_shape(&mut self) {
        let shape = self.settings.pad_shape.other();
        self.settings.pad_shape = shape;
        self.pad.fit(shape);
        self.pad.predict_again();
    }

    /// Withdraws the offer to undo a correction once the pad has other content, and a notice that is no longer true.
    fn withdraw_outdated(&mut self) {
        if self.pad.corrections().is_empty() {
            self.notices.withdraw(&Action::Undo);
        }
        let claim = self.notices.shown().and_then(|shown| shown.claim.as_ref());
        let is_true = claim.is_none_or(|claim| match claim {
            Claim::InUse { run, name } => {
                let chosen = self.models.chosen();
                let is_used = chosen.origin == Origin::Run(*run) && chosen.name == *name;
                is_used && self.runs.of(*run).is_some()
            }
            Claim::NoisyPicture => self.noise.is_some() && self.pad.picture().is_some(),
            Claim::Form(form) => **form == self.training.form,
            Claim::FileFailed => self.files.has_failed(),
        });
        if !is_true {
            self.notices.dismiss();
        }
    }

    fn choose_model(&mut self, id: ModelId, out: &mut Vec<Effect>) {
        self.stop_watching();
        self.models.choose(id);
        if let Origin::Run(run) = self.models.chosen().origin {
            self.runs.show(run);
        }
        self.use_chosen_model(out);
    }

    /// Sets the form to a preset. Changed settings come back by a click.
    fn choose_preset(&mut self, preset: Preset) {
        let form = &mut self.training.form;
        let before = form.clone();
        form.choose(preset);
        if before.is_changed() {
            let claim = Claim::Form(Box::new(form.clone()));
            let before = Action::ChangeForm(Box::new(before));
            let text = format!("All settings are those of {}", preset.label());
            self.notices.offer(text, "Undo the preset", before);
            self.notices.claim(claim);
        }
    }

    /// Sets the form to the tour's example of overfitting. The settings before come back by a click.
    fn set_up_overfitting(&mut self) {
        if self.training.state.active_run().is_some() {
            let text =
                "A training is running. Set the example up when it has ended, or stop it first";
            return self.notices.info(text);
        }
        let form = &mut self.training.form;
        let overfitting = form.overfitting();
        let before = std::mem::replace(form, overfitting);
        let text = format!(
            "Set up in the training panel: {}. Press Train",
            form.description()
        );
        let claim = Claim::Form(Box::new(form.clone()));
        let undo = Action::ChangeForm(Box::new(before));
        self.notices.offer(text, "Undo the settings", undo);
        self.notices.claim(claim);
        self.settings.training_panel = true;
    }

    /// Stops watching a training: the user wants another model.
    fn stop_watching(&mut self) {
        if self.models.snapshot().is_some() {
            self.settings.watch = false;
        }
    }

    fn use_chosen_model(&mut self, out: &mut Vec<Effect>) {
        let chosen = self.models.chosen();
        log::info!(target: "digitpad", "model in use: {}", chosen.name);
        self.settings.model_in_use = chosen.origin.stored();
        out.push(Effect::UseModel(Arc::clone(self.models.in_use())));
        self.list_corrections(out);
        self.list_history(out);
    }

    /// Whether closing now would end a training or lose a trained model.
    pub fn has_unsaved_work(&self) -> bool {
        self.training.state.active_run().is_some() || self.models.unsaved().next().is_some()
    }

    /// Whether a question has the keyboard.
    pub fn has_prompt(&self) -> bool {
        self.path_prompt.is_some() || self.has_modal()
    }

    /// Whether something over the window hides even the path field.
    pub fn has_modal(&self) -> bool {
        self.corrections.is_open || self.has_question()
    }

    /// Whether a question waits for an answer.
    pub fn has_question(&self) -> bool {
        self.closing == Closing::Asking
            || self.training.asks_to_resume
            || self.runs.asked().is_some()
    }

    /// Withdraws the closing question once nothing would be lost.
    fn update_closing_question(&mut self) {
        if self.closing == Closing::Asking && !self.has_unsaved_work() {
            self.closing = Closing::No;
        }
    }

    /// Whether the window may close now. Otherwise it asks.
    pub fn close_requested(&mut self) -> bool {
        let may_close = self.closing == Closing::Confirmed || !self.has_unsaved_work();
        if !may_close {
            self.closing = Closing::Asking;
            log::debug!(target: "digitpad", "asks before it closes");
        }
        may_close
    }
}
