//! `digitpad eval`: how good a model is on labeled digits.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{Ending, ink_eval, load_model, open_device, text, write_json};
use crate::{
    bitmap::CLASSES,
    data::{Dataset, Examples, ink_set::Fold, noise::Noise, read_idx_pair},
    error::{CliError, DatasetError, ModelError},
    evaluation::{
        Figures, Measurement,
        calibration::{BINS, Bin},
        error_sheet::Sheet,
        evaluation_set::EvaluationSet,
    },
    format,
    model::{device::DeviceChoice, file::Model},
    picture::save_rgb_png,
    training::{control::Control, evaluation::Evaluation},
};

/// Measure a model on labeled digits.
#[derive(Debug)]
pub struct EvalTask {
    /// The weight file; `None` is the shipped model.
    pub weights: Option<PathBuf>,
    /// Where the digits come from.
    pub source: EvalSource,
    /// Where to write a picture of what was misclassified.
    pub errors: Option<PathBuf>,
    /// What is added to the images first.
    pub noise: Option<Noise>,
    /// What to compute on.
    pub device: DeviceChoice,
    /// Whether to print JSON.
    pub json: bool,
}

/// Where labeled digits come from.
#[derive(Debug)]
pub enum EvalSource {
    /// The test set of the built-in MNIST.
    Mnist,
    /// The test set of a folder in MNIST's format.
    Folder(PathBuf),
    /// Two files.
    Idx {
        /// The images.
        images: PathBuf,
        /// Their labels.
        labels: PathBuf,
    },
    /// Ink files, or some of the hands in them.
    Ink(Vec<PathBuf>, Option<Fold>),
}

/// What `--json` prints, but for what only ink has.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    source: &'a str,
    #[serde(flatten)]
    evaluation: &'a Evaluation,
    /// The part of each digit's examples that was read rightly: its recall.
    per_class: [Option<f64>; CLASSES],
    precision: [Option<f64>; CLASSES],
    recall: [Option<f64>; CLASSES],
    ece: f64,
    reliability: &'a [Bin; BINS],
    /// How many were taken for no digit; `null` where the model cannot tell.
    refused: Option<usize>,
    #[serde(skip)]
    figures: &'a Figures,
}

impl<'a> Report<'a> {
    pub(super) fn new(source: &'a str, figures: &'a Figures) -> Self {
        let recall = figures.classes.map(|class| class.recall);
        Self {
            source,
            evaluation: &figures.evaluation,
            per_class: recall,
            precision: figures.classes.map(|class| class.precision),
            recall,
            ece: figures.reliability.ece,
            reliability: &figures.reliability.bins,
            refused: figures.refused,
            figures,
        }
    }

    pub(super) fn write_text(&self, out: &mut dyn Write) -> Result<(), CliError> {
        let Evaluation {
            examples,
            loss,
            accuracy,
            ..
        } = self.evaluation;
        writeln!(out, "{examples} examples of {}", self.source)?;
        writeln!(
            out,
            "loss {loss:.4}, accuracy {}, calibration error (ECE) {}",
            format::percent(*accuracy, 2),
            format::percent(self.ece, 2)
        )?;
        if let Some(refused) = self.refused {
            writeln!(out, "taken for no digit: {refused}")?;
        }
        Ok(write!(out, "\n{}", text::confusion(self.figures))?)
    }
}

pub(super) fn run(
    task: &EvalTask,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Ending, CliError> {
    let device = open_device(task.device, err)?.device;
    let mut model = load_model(task.weights.as_deref())?;
    if !device.is_cpu() {
        model.mlp = model.mlp.copy_to(&device)?;
    }
    let (source, examples) = match &task.source {
        EvalSource::Ink(files, fold) => {
            return ink_eval::run(&model, files, *fold, task, out);
        }
        EvalSource::Mnist => ("mnist".to_owned(), Dataset::mnist_test()?),
        EvalSource::Folder(folder) => Dataset::test_of_folder(folder)?,
        EvalSource::Idx { images, labels } => pair(images, labels)?,
    };
    let name = with_noise(source, task.noise);
    let evaluation_set = EvaluationSet::of_examples(name, examples).with_noise(task.noise);
    let Some(measurement) = measured(&model, evaluation_set)? else {
        return Ok(Ending::Interrupted);
    };
    if let Some(path) = &task.errors {
        save_errors(&measurement, path)?;
    }
    let report = Report::new(measurement.name(), measurement.figures());
    if task.json {
        write_json(out, &report)?;
    } else {
        report.write_text(out)?;
    }
    Ok(Ending::Done)
}

/// What the pictures are called in a report.
pub(super) fn with_noise(source: String, noise: Option<Noise>) -> String {
    match noise {
        Some(noise) => format!("{source} with {noise}"),
        None => source,
    }
}

/// Writes a picture of what the model misclassifies.
pub(super) fn write_errors(
    model: &Model,
    evaluation_set: EvaluationSet,
    path: &Path,
) -> Result<(), CliError> {
    match measured(model, evaluation_set)? {
        Some(measurement) => save_errors(&measurement, path),
        None => Ok(()),
    }
}

fn measured(
    model: &Model,
    evaluation_set: EvaluationSet,
) -> Result<Option<Measurement>, ModelError> {
    // Nobody else holds the lever, so it is never abandoned.
    Measurement::of(model, evaluation_set, &Control::default(), &mut |_| {})
}

fn save_errors(measurement: &Measurement, path: &Path) -> Result<(), CliError> {
    let sheet = Sheet::from_errors(measurement);
    Ok(save_rgb_png(
        &sheet.pixels,
        [sheet.width, sheet.height],
        path,
    )?)
}

fn pair(images: &Path, labels: &Path) -> Result<(String, Examples), DatasetError> {
    Ok((images.display().to_string(), read_idx_pair(images, labels)?))
}
