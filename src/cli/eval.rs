//! `digitpad eval`: evaluates a model on labeled images.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{Ending, load_model, open_device, write_json};
use crate::{
    bitmap::CLASSES,
    data::{DataSource, noise::Noise, read_idx_pair},
    error::CliError,
    evaluation::{
        Evaluation, Metrics, Rejections,
        error_sheet::error_sheet,
        evaluate,
        evaluation_set::{EvaluationSet, SkippedRecords},
    },
    format,
    model::device::DeviceChoice,
    picture::save_rgb_png,
};

/// Evaluate a model on labeled images.
#[derive(Debug)]
pub struct EvalTask {
    /// The weight file; `None` is the built-in model.
    pub weights: Option<PathBuf>,
    /// Where the images come from.
    pub source: EvalSource,
    /// Where to write the error sheet.
    pub errors: Option<PathBuf>,
    /// The noise on the images.
    pub noise: Option<Noise>,
    /// The device of the network.
    pub device: DeviceChoice,
    /// Whether to print JSON.
    pub json: bool,
}

/// Where labeled images come from.
#[derive(Debug)]
pub enum EvalSource {
    /// The test set of a data set.
    Data(DataSource),
    /// A pair of files in MNIST's format.
    Idx {
        /// The images.
        images: PathBuf,
        /// Their labels.
        labels: PathBuf,
    },
    /// Ink files.
    Ink(Vec<PathBuf>),
}

impl EvalSource {
    fn load(&self) -> Result<Option<EvaluationSet>, CliError> {
        Ok(match self {
            Self::Data(source) => EvaluationSet::load(source, &|| true)?,
            Self::Idx { images, labels } => {
                let examples = read_idx_pair(images, labels)?;
                Some(EvaluationSet::from_examples(
                    images.display().to_string(),
                    examples,
                ))
            }
            Self::Ink(files) => EvaluationSet::load_ink(files, &|| true)?,
        })
    }
}

/// The JSON output.
#[derive(Serialize)]
struct Report<'a> {
    source: String,
    /// Absent without digits.
    #[serde(flatten)]
    metrics: Option<&'a Metrics>,
    /// `null` without non-digits.
    non_digits: Option<Rejections>,
    #[serde(flatten)]
    skipped: SkippedRecords,
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
    let Some(set) = task.source.load()? else {
        return Ok(Ending::Interrupted);
    };
    let set = set.with_noise(task.noise);
    let calibration = &model.metadata.calibration;
    let Some(evaluation) = evaluate(&model.mlp, calibration, set, &mut |_| true)? else {
        return Ok(Ending::Interrupted);
    };
    let evaluation = evaluation.require_finite()?;
    if let Some(path) = &task.errors {
        save_error_sheet(&evaluation, path)?;
    }
    let report = Report::new(&evaluation);
    if task.json {
        write_json(out, &report)?;
    } else {
        out.write_all(report.to_text().as_bytes())?;
    }
    Ok(Ending::Done)
}

fn save_error_sheet(evaluation: &Evaluation, path: &Path) -> Result<(), CliError> {
    let sheet = error_sheet(evaluation);
    let size = [sheet.width(), sheet.height()].map(|side| side as usize);
    Ok(save_rgb_png(sheet.as_raw(), size, path)?)
}

impl<'a> Report<'a> {
    fn new(evaluation: &'a Evaluation) -> Self {
        let set = evaluation.set();
        let metrics = evaluation.metrics();
        Self {
            source: match set.noise() {
                Some(noise) => format!("{} with {noise}", set.name()),
                None => set.name().to_owned(),
            },
            metrics: (metrics.examples > 0).then_some(metrics),
            non_digits: evaluation.non_digits(),
            skipped: set.skipped(),
        }
    }

    fn to_text(&self) -> String {
        let mut parts = Vec::new();
        if let Some(metrics) = self.metrics {
            let Metrics {
                examples,
                loss,
                accuracy,
                ..
            } = metrics;
            parts.push(format!(
                "{examples} examples of {}\nloss {loss:.4}, accuracy {}, calibration error (ECE) {}\n",
                self.source,
                format::percent(*accuracy, 2),
                format::percent(metrics.reliability.ece, 2)
            ));
            if let Some(rejected) = metrics.rejected {
                parts.push(format!("rejected as non-digits: {rejected}\n"));
            }
            parts.push(format!("\n{}", confusion_text(metrics)));
        } else {
            parts.push(format!("no digits in {}\n", self.source));
        }
        if let Some(Rejections { examples, rejected }) = self.non_digits {
            let part = format::percent(rejected as f64 / examples as f64, 2);
            parts.push(format!("non-digits: {part} of {examples} rejected\n"));
        }
        let SkippedRecords { unlabeled, blank } = self.skipped;
        if self.skipped != SkippedRecords::default() {
            parts.push(format!("skipped: {unlabeled} unlabeled, {blank} blank\n"));
        }
        parts.concat()
    }
}

/// The confusion matrix, with each digit's recall beside its row and its precision below its column.
fn confusion_text(metrics: &Metrics) -> String {
    let mut lines = vec!["     true   predicted as 0 … 9, then recall".to_owned()];
    for digit in 0..CLASSES {
        let cells = metrics.confusion[digit].map(|count| format!("{count:>6}"));
        let recall = format::percent_or_dash(metrics.recall[digit], 2);
        lines.push(format!("{digit:>9} {} {recall:>10}", cells.join(" ")));
    }
    let precisions = metrics
        .precision
        .map(|part| part.map_or_else(|| "–".to_owned(), |part| format::percent_number(part, 1)))
        .map(|text| format!("{text:>6}"));
    lines.push(format!("precision {}\n", precisions.join(" ")));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{bitmap::Digit, model::calibration::Calibration};

    #[test]
    fn a_digit_without_examples_has_no_recall_and_no_precision() {
        let [mut three, mut eight] = [[0.0; CLASSES]; 2];
        three[3] = 9.0;
        eight[8] = 9.0;
        let logits = [three, three, three, eight];
        let truths = [Digit::ALL[3]; 4].into_iter();
        let metrics = Metrics::new(&logits, truths, &Calibration::default());
        let text = confusion_text(&metrics);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 12, "heading, digits, precisions:\n{text}");
        assert!(
            lines[4].ends_with("75.00\u{a0}%"),
            "three of four 3s:\n{text}"
        );
        assert!(lines[9].ends_with('–'), "there is no 8:\n{text}");
        let precisions: Vec<&str> = lines[11].split_whitespace().skip(1).collect();
        let expected = ["–", "–", "–", "100.0", "–", "–", "–", "–", "0.0", "–"];
        assert_eq!(
            precisions, expected,
            "what is predicted as 8 is wrong:\n{text}"
        );
    }
}
