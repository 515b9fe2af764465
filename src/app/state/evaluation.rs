//! The state of the evaluation tab.

use std::{path::PathBuf, sync::Arc};

use super::{Place, State, notices::Claim};
use crate::{
    app::action::{Action, Effect},
    data::{DataSource, noise::Noise},
    error,
    evaluation::{Evaluation, ExampleResult, Selection},
    ink::edit::Picture,
    model::file::Model,
    worker::evaluator::{EvaluatorMessage, EvaluatorOutcome, EvaluatorProgress},
};

/// An action of the user in the evaluation tab.
#[derive(Clone, Debug, PartialEq)]
pub enum EvaluationAction {
    /// The form changed.
    Changed(EvaluationForm),
    /// The noise on the images changed. A settled change repeats the last evaluation with the new noise.
    AddNoise {
        /// The noise.
        noise: Option<Noise>,
        /// False while a slider is dragged.
        is_settled: bool,
    },
    /// Evaluate the model in use.
    Begin,
    /// Cancel the running evaluation.
    Cancel,
    /// Show these images in the gallery.
    Select(Selection),
    /// Show the image of this index on the pad.
    Show(usize),
}

/// The kind of source to evaluate on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SourceKind {
    /// The test set of the built-in MNIST.
    #[default]
    Mnist,
    /// The test set of a folder.
    Folder,
    /// An ink file.
    Ink,
    /// The user's corrections.
    Corrections,
}

impl SourceKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Mnist, Self::Folder, Self::Ink, Self::Corrections];

    /// The label of the choice.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mnist => "MNIST test set",
            Self::Folder => "A folder",
            Self::Ink => "An ink file",
            Self::Corrections => "My corrections",
        }
    }
}

/// The unit of the confusion matrix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CellUnit {
    /// The number of images.
    #[default]
    Counts,
    /// The fraction of the row's images.
    Rates,
}

/// The form of the evaluation tab.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EvaluationForm {
    /// The choice of the evaluation set.
    pub source: SourceKind,
    /// The folder's path.
    pub folder: String,
    /// The ink file's path.
    pub ink: String,
    /// The noise on the images.
    pub noise: Option<Noise>,
    /// The unit of the confusion matrix.
    pub unit: CellUnit,
}

/// The state of the evaluator. Each evaluation has a number, which identifies outdated messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EvaluationStatus {
    /// Nothing.
    #[default]
    Idle,
    /// An evaluation runs.
    Running {
        /// Its number.
        number: u64,
    },
    /// An evaluation is being canceled.
    Ending {
        /// Its number.
        number: u64,
        /// Whether another evaluation starts afterward.
        again: bool,
    },
}

/// An evaluation that is done, with its model.
#[derive(Clone, Debug)]
pub struct CompletedEvaluation {
    /// The images, their results and the metrics.
    pub evaluation: Arc<Evaluation>,
    /// Where the images came from.
    pub source: DataSource,
    /// The evaluated model.
    pub model: Arc<Model>,
    /// The model's name at that time.
    pub model_name: String,
    /// The number of the evaluation.
    pub number: u64,
}

/// The request of the running evaluation.
#[derive(Clone, Debug)]
struct Request {
    source: DataSource,
    model: Arc<Model>,
    model_name: String,
}

/// The accuracy of the last evaluation without noise, as a baseline.
#[derive(Clone, Debug)]
struct NoiseFreeAccuracy {
    source: DataSource,
    model: Arc<Model>,
    accuracy: f64,
}

/// The evaluation tab.
#[derive(Clone, Debug, Default)]
pub struct EvaluationPanel {
    /// The form.
    pub form: EvaluationForm,
    /// The state of the evaluator.
    pub status: EvaluationStatus,
    /// The progress of the running evaluation; `None` while its images are loaded.
    pub progress: Option<EvaluatorProgress>,
    /// The last evaluation.
    pub completed: Option<CompletedEvaluation>,
    /// The images in the gallery.
    pub selection: Selection,
    /// The file of the corrections; `None` stores none.
    pub corrections: Option<PathBuf>,
    request: Option<Request>,
    noise_free: Option<NoiseFreeAccuracy>,
    last_number: u64,
}

impl EvaluationPanel {
    /// The number of the running evaluation.
    pub fn active_number(&self) -> Option<u64> {
        match self.status {
            EvaluationStatus::Running { number } | EvaluationStatus::Ending { number, .. } => {
                Some(number)
            }
            EvaluationStatus::Idle => None,
        }
    }

    /// The accuracy, 0..=1, of the same model on the same images without noise. `None` if it is unknown or
    /// the last evaluation is without noise.
    pub fn accuracy_without_noise(&self) -> Option<f64> {
        let completed = self.completed.as_ref()?;
        completed.evaluation.set().noise()?;
        let known = self.noise_free.as_ref()?;
        let is_same =
            known.source == completed.source && Arc::ptr_eq(&known.model, &completed.model);
        is_same.then_some(known.accuracy)
    }

    /// Whether the last evaluation has the source of the form.
    pub fn has_source_of_form(&self) -> bool {
        let source = self.completed.as_ref().map(|completed| &completed.source);
        source.is_some_and(|source| self.source().as_ref() == Ok(source))
    }

    /// The source of the form, or the message that a path is missing.
    fn source(&self) -> Result<DataSource, &'static str> {
        let form = &self.form;
        match (form.source, form.folder.trim(), form.ink.trim()) {
            (SourceKind::Mnist, _, _) => Ok(DataSource::Mnist),
            (SourceKind::Folder, "", _) => {
                Err("Choose a folder first, or select the MNIST test set.")
            }
            (SourceKind::Folder, folder, _) => Ok(DataSource::Folder(PathBuf::from(folder))),
            (SourceKind::Ink, _, "") => {
                Err("Choose an ink file first, or select the MNIST test set.")
            }
            (SourceKind::Ink, _, ink) => Ok(DataSource::Ink(PathBuf::from(ink))),
            (SourceKind::Corrections, ..) => {
                let file = self.corrections.as_ref();
                let file = file.ok_or("There is no folder for corrections.")?;
                Ok(DataSource::Ink(file.clone()))
            }
        }
    }
}

impl State {
    /// Applies an action of the evaluation tab.
    pub(super) fn apply_evaluation(&mut self, action: EvaluationAction, out: &mut Vec<Effect>) {
        match action {
            EvaluationAction::Changed(form) => self.change_evaluation_form(form),
            EvaluationAction::AddNoise { noise, is_settled } => {
                let panel = &mut self.evaluation;
                panel.form.noise = noise;
                let is_repeated = panel.completed.is_some() || panel.active_number().is_some();
                if is_settled && is_repeated && panel.source().is_ok() {
                    self.evaluate(out);
                }
            }
            EvaluationAction::Begin => self.evaluate(out),
            EvaluationAction::Cancel => self.cancel_evaluation(false, out),
            EvaluationAction::Select(selection) => self.evaluation.selection = selection,
            EvaluationAction::Show(index) => self.show_evaluated_image(index, out),
        }
    }

    /// Goes to a place. The first visit of *Test* evaluates the model on MNIST, which needs no file.
    pub(super) fn go_to(&mut self, place: Place, out: &mut Vec<Effect>) {
        self.place = place;
        let is_mnist = self.evaluation.form.source == SourceKind::Mnist;
        let is_free =
            self.training.state.active_run().is_none() && self.evaluation.active_number().is_none();
        if place == Place::Test && is_mnist && is_free && !self.is_evaluation_current() {
            self.evaluate(out);
        }
    }

    /// Whether the last evaluation is of the model in use, with the source and the noise of the form.
    pub fn is_evaluation_current(&self) -> bool {
        let model = self.models.in_use();
        self.evaluation.completed.as_ref().is_some_and(|completed| {
            Arc::ptr_eq(&completed.model, model)
                && self.evaluation.has_source_of_form()
                && completed.evaluation.set().noise() == self.evaluation.form.noise
        })
    }

    /// The confusion matrix of the last evaluation, as CSV.
    pub fn confusion_table(&self) -> Option<String> {
        let completed = self.evaluation.completed.as_ref()?;
        Some(completed.evaluation.metrics().to_csv())
    }

    /// Evaluates the new model of a training if the evaluation tab is open.
    pub(super) fn evaluate_if_shown(&mut self, out: &mut Vec<Effect>) {
        if self.place == Place::Test && self.evaluation.source().is_ok() {
            self.evaluate(out);
        }
    }

    fn change_evaluation_form(&mut self, form: EvaluationForm) {
        let selects_folder =
            form.source == SourceKind::Folder && self.evaluation.form.source != form.source;
        self.evaluation.form = form;
        if selects_folder && self.evaluation.form.folder.is_empty() {
            // The folder of the training is the most likely choice.
            self.evaluation.form.folder = self.training.form.folder.clone();
        }
    }

    /// Evaluates on a path that the user chose.
    pub(super) fn test_on(&mut self, source: SourceKind, path: String, out: &mut Vec<Effect>) {
        let form = &mut self.evaluation.form;
        form.source = source;
        match source {
            SourceKind::Folder => form.folder = path,
            SourceKind::Ink => form.ink = path,
            SourceKind::Mnist | SourceKind::Corrections => {}
        }
        self.evaluate(out);
    }

    fn evaluate(&mut self, out: &mut Vec<Effect>) {
        if self.evaluation.active_number().is_some() {
            return self.cancel_evaluation(true, out);
        }
        let is_of_corrections = self.evaluation.form.source == SourceKind::Corrections;
        if is_of_corrections && self.training.correction_count == Some(0) {
            let text = "There is no correction yet. Draw a digit, and say what it is under Wrong?";
            return self.notices.error(text);
        }
        let source = match self.evaluation.source() {
            Ok(source) => source,
            Err(text) => return self.notices.error(text),
        };
        let model = Arc::clone(self.models.in_use());
        let model_name = match self.models.snapshot() {
            Some(snapshot) => format!("This training, epoch {}", snapshot.epoch),
            None => self.models.chosen().name.clone(),
        };
        let panel = &mut self.evaluation;
        panel.last_number += 1;
        let number = panel.last_number;
        panel.status = EvaluationStatus::Running { number };
        panel.progress = None;
        panel.request = Some(Request {
            source: source.clone(),
            model: Arc::clone(&model),
            model_name,
        });
        let noise = panel.form.noise;
        out.push(Effect::Evaluate {
            number,
            model,
            source,
            noise,
        });
    }

    fn cancel_evaluation(&mut self, again: bool, out: &mut Vec<Effect>) {
        if let Some(number) = self.evaluation.active_number() {
            self.evaluation.status = EvaluationStatus::Ending { number, again };
            out.push(Effect::CancelEvaluation);
        }
    }

    /// Updates the progress of the running evaluation.
    pub fn on_evaluation_progress(&mut self, progress: Option<EvaluatorProgress>) {
        if self.evaluation.active_number().is_some() {
            self.evaluation.progress = progress;
        }
    }

    /// Takes the outcome of an evaluation. Ignores outdated messages.
    pub fn on_evaluator_message(&mut self, message: EvaluatorMessage) -> Vec<Effect> {
        let mut effects = Vec::new();
        let EvaluatorMessage { number, outcome } = message;
        let panel = &mut self.evaluation;
        if panel.active_number() != Some(number) {
            return effects;
        }
        let again = matches!(panel.status, EvaluationStatus::Ending { again: true, .. });
        panel.status = EvaluationStatus::Idle;
        panel.progress = None;
        let request = panel.request.take();
        if again {
            self.evaluate(&mut effects);
            return effects;
        }
        match (outcome, request) {
            (EvaluatorOutcome::Completed(evaluation), Some(request)) => {
                self.complete_evaluation(number, evaluation, request);
            }
            (EvaluatorOutcome::Failed(error), _) => self.notices.error(error::chain(&error)),
            (EvaluatorOutcome::Canceled | EvaluatorOutcome::Completed(_), _) => {}
        }
        effects
    }

    fn complete_evaluation(&mut self, number: u64, evaluation: Arc<Evaluation>, request: Request) {
        let Request {
            source,
            model,
            model_name,
        } = request;
        let (set, metrics) = (evaluation.set(), evaluation.metrics());
        log::info!(
            target: "digitpad",
            "evaluated {model_name} on {}: accuracy {}, ECE {}",
            set.name(), metrics.accuracy, metrics.reliability.ece
        );
        if set.noise().is_none() {
            self.evaluation.noise_free = Some(NoiseFreeAccuracy {
                source: source.clone(),
                model: Arc::clone(&model),
                accuracy: metrics.accuracy,
            });
        }
        self.evaluation.completed = Some(CompletedEvaluation {
            evaluation,
            source,
            model,
            model_name,
            number,
        });
    }

    /// Shows an image of the last evaluation on the pad.
    fn show_evaluated_image(&mut self, index: usize, out: &mut Vec<Effect>) {
        let Some(completed) = &self.evaluation.completed else {
            return;
        };
        let Some(result) = completed.evaluation.results().get(index) else {
            return;
        };
        let name = evaluated_image_name(index, result);
        let picture = Picture::new(name, completed.evaluation.set().bitmap(index));
        self.leave_drawing(out);
        self.place = Place::Draw;
        self.show_picture(picture);
        // The evaluation may have read it without noise.
        if self.noise.is_some() {
            let text = "The network sees this image with the noise of the pad";
            self.notices.offer(text, "No noise", Action::AddNoise(None));
            self.notices.claim(Claim::NoisyPicture);
        }
    }
}

/// "Test image 1,234: a 4", counted from 1.
fn evaluated_image_name(index: usize, result: &ExampleResult) -> String {
    let article = if result.truth.value() == 8 { "an" } else { "a" };
    format!("Test image {}: {article} {}", index + 1, result.truth)
}
