//! `digitpad eval`: how good a model is on labelled digits.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{Ending, ink_eval, load_model, open_device, text, write_json};
use crate::{
    bitmap::CLASSES,
    dataset::{Dataset, Examples, read_idx_pair},
    error::{CliError, DatasetError},
    model::device::DeviceChoice,
    training::{
        control::Control,
        evaluation::{Evaluation, evaluate},
    },
};

/// Measure a model on labelled digits.
#[derive(Debug)]
pub struct EvalTask {
    /// The weight file; `None` is the shipped model.
    pub weights: Option<PathBuf>,
    /// Where the digits come from.
    pub source: EvalSource,
    /// What to compute on.
    pub device: DeviceChoice,
    /// Whether to print JSON.
    pub json: bool,
}

/// Where labelled digits come from.
#[derive(Debug)]
pub enum EvalSource {
    /// The test set of the built-in MNIST.
    Mnist,
    /// The test set of a folder with four files.
    Folder(PathBuf),
    /// Two files.
    Idx {
        /// The images.
        images: PathBuf,
        /// Their labels.
        labels: PathBuf,
    },
    /// An ink file.
    Ink(PathBuf),
}

/// What `--json` prints, but for what only ink has.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    source: &'a str,
    #[serde(flatten)]
    evaluation: &'a Evaluation,
    per_class: [Option<f64>; CLASSES],
}

impl<'a> Report<'a> {
    pub(super) fn new(source: &'a str, evaluation: &'a Evaluation) -> Self {
        Self {
            source,
            evaluation,
            per_class: text::per_class(evaluation),
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
            "loss {loss:.4}, accuracy {}\n",
            text::percent(*accuracy)
        )?;
        Ok(write!(out, "{}", text::confusion(self.evaluation))?)
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
        EvalSource::Ink(file) => return ink_eval::run(&model, file, task.json, out),
        EvalSource::Mnist => test_part(Dataset::mnist()?),
        EvalSource::Folder(folder) => test_part(Dataset::from_folder(folder)?),
        EvalSource::Idx { images, labels } => pair(images, labels)?,
    };
    // Nobody else holds the lever, so it is never abandoned.
    let Some(evaluation) = evaluate(&model.mlp, &examples, &Control::default())? else {
        return Ok(Ending::Interrupted);
    };
    let report = Report::new(&source, &evaluation);
    if task.json {
        write_json(out, &report)?;
    } else {
        report.write_text(out)?;
    }
    Ok(Ending::Done)
}

fn test_part(dataset: Dataset) -> (String, Examples) {
    (dataset.name, dataset.test)
}

fn pair(images: &Path, labels: &Path) -> Result<(String, Examples), DatasetError> {
    Ok((images.display().to_string(), read_idx_pair(images, labels)?))
}
