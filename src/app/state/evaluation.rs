//! How good the model at work is, as the window knows it.

use std::{path::PathBuf, sync::Arc};

use super::{Picture, State, Tab};
use crate::{
    app::action::Effect,
    data::noise::Noise,
    evaluation::{Measurement, Reading, Selection, confusion_csv, evaluation_set::Source},
    model::file::Model,
    worker::evaluator::{EvaluatorMessage, EvaluatorOutcome, EvaluatorProgress},
};

/// Something that a person did in the view that tests the model.
#[derive(Clone, Debug, PartialEq)]
pub enum EvaluationAction {
    /// The fields changed.
    Changed(EvaluationForm),
    /// This noise is to be added to the pictures from now on, or none. What was tested already is tested
    /// anew with it as soon as it is settled: not while a slider is still pulled.
    AddNoise {
        /// The noise.
        noise: Option<Noise>,
        /// Whether it stays so for now.
        is_settled: bool,
    },
    /// Test the model at work.
    Begin,
    /// End the test under way.
    Cancel,
    /// Look at these pictures.
    Select(Selection),
    /// Show the picture of this index in place of the drawing.
    Show(usize),
}

/// What kind of pictures to test on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SourceKind {
    /// The test set of the built-in MNIST.
    #[default]
    Mnist,
    /// The test set of a folder.
    Folder,
    /// An ink file.
    Ink,
}

impl SourceKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Mnist, Self::Folder, Self::Ink];

    /// What the choice says.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mnist => "MNIST test set",
            Self::Folder => "A folder",
            Self::Ink => "An ink file",
        }
    }
}

/// What the cells of the confusion matrix say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CellUnit {
    /// How many pictures there are.
    #[default]
    Counts,
    /// Which part of the row's pictures they are.
    Rates,
}

/// The fields of the view that tests the model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EvaluationForm {
    /// What to test on.
    pub source: SourceKind,
    /// The folder as typed or chosen.
    pub folder: String,
    /// The ink file as typed or chosen.
    pub ink: String,
    /// What is added to the pictures.
    pub noise: Option<Noise>,
    /// What the cells say.
    pub unit: CellUnit,
}

/// What the evaluator is doing. Each measurement has a number, so that a stale message can be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EvaluationStatus {
    /// Nothing.
    #[default]
    Idle,
    /// It measures.
    Running {
        /// The measurement's number.
        number: u64,
    },
    /// It was told to end.
    Ending {
        /// The measurement's number.
        number: u64,
        /// Whether to begin anew when it has ended, because the model changed meanwhile.
        again: bool,
    },
}

/// What came of a test, and whose it is.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The pictures, what was made of them, and the figures.
    pub measurement: Arc<Measurement>,
    /// Where the pictures were asked for.
    pub source: Source,
    /// The model that was measured.
    pub model: Arc<Model>,
    /// What it was called then.
    pub model_name: String,
    /// Its number, to tell it from others.
    pub number: u64,
}

/// What came of the last test without noise, to compare with.
#[derive(Clone, Debug)]
struct NoiseFreeAccuracy {
    source: Source,
    model: Arc<Model>,
    accuracy: f64,
}

/// The view that tests the model, as far as it is no matter of drawing.
#[derive(Clone, Debug, Default)]
pub struct Measuring {
    /// What the fields are set to.
    pub form: EvaluationForm,
    /// What the evaluator is doing.
    pub state: EvaluationStatus,
    /// How far it is; `None` until the pictures are there.
    pub progress: Option<EvaluatorProgress>,
    /// The last test that was done.
    pub measured: Option<Measured>,
    /// Which of its pictures are looked at.
    pub selection: Selection,
    /// What is measured now, for when it is done.
    asked: Option<(Source, Arc<Model>, String)>,
    noiseless: Option<NoiseFreeAccuracy>,
    numbers: u64,
}

impl Measuring {
    /// The number of the measurement that the evaluator is at work on, if it is.
    pub fn active_number(&self) -> Option<u64> {
        match self.state {
            EvaluationStatus::Running { number } | EvaluationStatus::Ending { number, .. } => {
                Some(number)
            }
            EvaluationStatus::Idle => None,
        }
    }

    /// The accuracy, 0..=1, of the same model on the same pictures without noise; `None` where that is not
    /// known, or what is shown is without noise itself.
    pub fn accuracy_without_noise(&self) -> Option<f64> {
        let measured = self.measured.as_ref()?;
        measured.measurement.noise()?;
        let known = self.noiseless.as_ref()?;
        let is_same = known.source == measured.source && Arc::ptr_eq(&known.model, &measured.model);
        is_same.then_some(known.accuracy)
    }

    /// Whether the last test is of the pictures that the fields name.
    pub fn is_of_source(&self) -> bool {
        let measured = self.measured.as_ref().map(|measured| &measured.source);
        measured.is_some_and(|of| self.source().as_ref() == Ok(of))
    }

    /// What the fields name; what is missing is said.
    fn source(&self) -> Result<Source, &'static str> {
        let form = &self.form;
        match (form.source, form.folder.trim(), form.ink.trim()) {
            (SourceKind::Mnist, _, _) => Ok(Source::Mnist),
            (SourceKind::Folder, "", _) => {
                Err("Choose the folder first, or test on the MNIST test set.")
            }
            (SourceKind::Folder, folder, _) => Ok(Source::Folder(PathBuf::from(folder))),
            (SourceKind::Ink, _, "") => {
                Err("Choose the ink file first, or test on the MNIST test set.")
            }
            (SourceKind::Ink, _, ink) => Ok(Source::Ink(PathBuf::from(ink))),
        }
    }
}

impl State {
    /// Does what a person asked for in the view that tests the model.
    pub(super) fn apply_evaluation(&mut self, action: EvaluationAction, out: &mut Vec<Effect>) {
        match action {
            EvaluationAction::Changed(form) => self.change_evaluation_form(form),
            EvaluationAction::AddNoise { noise, is_settled } => {
                let measuring = &mut self.measuring;
                measuring.form.noise = noise;
                let is_tested = measuring.measured.is_some() || measuring.active_number().is_some();
                if is_settled && is_tested && self.measuring.source().is_ok() {
                    self.measure(out);
                }
            }
            EvaluationAction::Begin => self.measure(out),
            EvaluationAction::Cancel => self.cancel_evaluation(false, out),
            EvaluationAction::Select(selection) => self.measuring.selection = selection,
            EvaluationAction::Show(index) => self.show_evaluated_image(index),
        }
    }

    /// Changes the room of the window that is looked at. A first look at the test has it made, where
    /// that takes no file.
    pub(super) fn switch_tab(&mut self, tab: Tab, out: &mut Vec<Effect>) {
        self.tab = tab;
        let is_usual = self.measuring.form.source == SourceKind::Mnist;
        let is_free =
            self.training.state.active_run().is_none() && self.measuring.active_number().is_none();
        if tab == Tab::Evaluate && is_usual && is_free && !self.is_evaluation_current() {
            self.measure(out);
        }
    }

    /// Whether the last test is of the model that is at work now, on the pictures and with the noise that are set.
    pub fn is_evaluation_current(&self) -> bool {
        let model = self.models.in_use();
        let measured = self.measuring.measured.as_ref();
        measured.is_some_and(|measured| {
            Arc::ptr_eq(&measured.model, model)
                && self.measuring.is_of_source()
                && measured.measurement.noise() == self.measuring.form.noise
        })
    }

    /// The last test's confusion matrix for other programs, as CSV.
    pub fn confusion_table(&self) -> Option<String> {
        let measured = self.measuring.measured.as_ref()?;
        Some(confusion_csv(measured.measurement.figures()))
    }

    /// A training left a new model: it is tested if that is what is looked at.
    pub(super) fn evaluate_if_shown(&mut self, out: &mut Vec<Effect>) {
        if self.tab == Tab::Evaluate && self.measuring.source().is_ok() {
            self.measure(out);
        }
    }

    fn change_evaluation_form(&mut self, form: EvaluationForm) {
        let chose_folder =
            form.source == SourceKind::Folder && self.measuring.form.source != form.source;
        self.measuring.form = form;
        if chose_folder && self.measuring.form.folder.is_empty() {
            // Whoever trains on a folder most likely tests on the same.
            self.measuring.form.folder = self.training.form.folder.clone();
        }
    }

    /// A path was chosen, so it is tested on at once.
    pub(super) fn test_on(&mut self, source: SourceKind, path: String, out: &mut Vec<Effect>) {
        let form = &mut self.measuring.form;
        form.source = source;
        match source {
            SourceKind::Folder => form.folder = path,
            SourceKind::Ink => form.ink = path,
            SourceKind::Mnist => {}
        }
        self.measure(out);
    }

    fn measure(&mut self, out: &mut Vec<Effect>) {
        if self.measuring.active_number().is_some() {
            return self.cancel_evaluation(true, out);
        }
        let source = match self.measuring.source() {
            Ok(source) => source,
            Err(text) => return self.notices.error(text),
        };
        let model = Arc::clone(self.models.in_use());
        let name = match self.models.snapshot() {
            Some(snapshot) => format!("the training, after epoch {}", snapshot.epoch),
            None => self.models.chosen().name(),
        };
        let measuring = &mut self.measuring;
        measuring.numbers += 1;
        let number = measuring.numbers;
        measuring.state = EvaluationStatus::Running { number };
        measuring.progress = None;
        measuring.asked = Some((source.clone(), Arc::clone(&model), name));
        let noise = measuring.form.noise;
        out.push(Effect::Evaluate {
            number,
            model,
            source,
            noise,
        });
    }

    fn cancel_evaluation(&mut self, again: bool, out: &mut Vec<Effect>) {
        if let Some(number) = self.measuring.active_number() {
            self.measuring.state = EvaluationStatus::Ending { number, again };
            out.push(Effect::CancelEvaluation);
        }
    }

    /// Takes in how far the measurement is.
    pub fn on_evaluation_progress(&mut self, progress: Option<EvaluatorProgress>) {
        if self.measuring.active_number().is_some() {
            self.measuring.progress = progress;
        }
    }

    /// Takes in how a measurement ended; what an earlier one still has to say is passed over.
    pub fn on_evaluator_message(&mut self, message: EvaluatorMessage) -> Vec<Effect> {
        let mut effects = Vec::new();
        let EvaluatorMessage { number, ending } = message;
        let measuring = &mut self.measuring;
        if measuring.active_number() != Some(number) {
            return effects;
        }
        let again = matches!(
            measuring.state,
            EvaluationStatus::Ending { again: true, .. }
        );
        measuring.state = EvaluationStatus::Idle;
        measuring.progress = None;
        let asked = measuring.asked.take();
        if again {
            self.measure(&mut effects);
            return effects;
        }
        match (ending, asked) {
            (EvaluatorOutcome::Measured(measurement), Some((source, model, model_name))) => {
                let figures = measurement.figures();
                log::info!(
                    target: "digitpad",
                    "tested {model_name} on {}: accuracy {}, ECE {}",
                    measurement.name(), figures.evaluation.accuracy, figures.reliability.ece
                );
                if measurement.noise().is_none() {
                    measuring.noiseless = Some(NoiseFreeAccuracy {
                        source: source.clone(),
                        model: Arc::clone(&model),
                        accuracy: figures.evaluation.accuracy,
                    });
                }
                measuring.measured = Some(Measured {
                    measurement,
                    source,
                    model,
                    model_name,
                    number,
                });
            }
            (EvaluatorOutcome::Failed(reason), _) => self.notices.error(reason),
            (EvaluatorOutcome::Canceled | EvaluatorOutcome::Measured(_), _) => {}
        }
        effects
    }

    /// Puts a picture of the last test in place of the drawing.
    fn show_evaluated_image(&mut self, index: usize) {
        let Some(measured) = &self.measuring.measured else {
            return;
        };
        let Some(reading) = measured.measurement.readings().get(index) else {
            return;
        };
        let picture = Picture {
            name: evaluated_image_name(index, reading),
            bitmap: measured.measurement.bitmap(index),
        };
        self.tab = Tab::Draw;
        self.show_picture(picture);
    }
}

/// "Test image 1,234: a 4", counted from 1.
fn evaluated_image_name(index: usize, reading: &Reading) -> String {
    let article = if reading.truth.value() == 8 {
        "an"
    } else {
        "a"
    };
    format!("Test image {}: {article} {}", index + 1, reading.truth)
}
