//! `digitpad eval`: evaluates a model on labeled images.

use std::{
    io::{self, Write},
    path::PathBuf,
    sync::Arc,
};

use clap::Args;
use serde::Serialize;

use super::{
    Exit, Runnable, Streams, args::ModelArgs, load_model, open_device, paths::CommandPaths,
    write_json,
};
use crate::{
    bitmap::CLASSES,
    data::{DataSource, noise::Noise, read_idx_pair},
    error::{CliError, excerpt},
    evaluation::{
        Evaluation, Metrics, Rejections,
        error_sheet::error_sheet,
        evaluate,
        evaluation_set::{EvaluationSet, SkippedRecords},
        numbers::{NumberCounts, NumberMetrics, read_numbers},
    },
    format,
    model::device::DeviceChoice,
    picture::save_rgb_png,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  digitpad eval
  digitpad eval --weights mine.safetensors --data fashion-mnist/
  digitpad eval --idx images-idx3-ubyte.gz labels-idx1-ubyte.gz --json
  digitpad eval --ink digits.jsonl.gz --ink signs.jsonl.gz
  digitpad eval --ink digits.jsonl.gz --errors misclassified.png
  digitpad eval --ink numbers.jsonl.gz --errors numbers.png
  digitpad eval --weights mine.safetensors --noise salt-and-pepper:0.1
  digitpad eval --ink digits.jsonl.gz --noise gaussian:0.2

With --json, one object: source, examples, loss, accuracy, confusion (ten rows, one per true digit), \
precision and recall of each digit, ece (the expected calibration error), reliability (its 15 bins of \
confidence: count, mean confidence, accuracy), rejected (digits rejected as non-digits), non_digits (of \
ink with other labels: examples, rejected), numbers (of ink whose label has several digits: examples, \
divided into as many digits as written, read rightly, and not read as a number; together, by_length and \
by_spacing), and the ink records skipped: unlabeled, blank. Without \
digits, the metrics of digits are absent.";

#[derive(Debug, Args)]
pub(super) struct EvalArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// A folder with the two test files of a data set in the MNIST format
    #[arg(long, value_name = "FOLDER", group = "source")]
    data: Option<PathBuf>,
    /// A file of images and the file of their labels, in the MNIST format (IDX)
    #[arg(long, num_args = 2, value_names = ["IMAGES", "LABELS"], group = "source")]
    idx: Vec<PathBuf>,
    /// An ink file (JSON Lines, may be gzip-compressed); may be repeated
    #[arg(long, value_name = "FILE", group = "source")]
    ink: Vec<PathBuf>,
    /// A PNG file to write: the misclassified images by descending loss, each with its true digit, its
    /// predicted digit and the confidence; below them, the numbers that are not read rightly, with the
    /// bracket and the reading of each digit
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
    /// Noise on each input of the network: salt-and-pepper:X or gaussian:X, X from 0 to 1
    #[arg(long, value_name = "KIND:X")]
    noise: Option<Noise>,
    /// The device to compute on
    #[arg(long, value_name = "NAME", value_enum, default_value_t)]
    device: DeviceChoice,
    /// Print the results as one JSON object
    #[arg(long)]
    json: bool,
}

impl EvalArgs {
    fn load(&self) -> Result<Option<EvaluationSet>, CliError> {
        // clap allows one of the three.
        if let [images, labels] = &*self.idx {
            let examples = read_idx_pair(images, labels)?;
            let name = images.display().to_string();
            return Ok(Some(EvaluationSet::from_examples(name, examples)));
        }
        Ok(if self.ink.is_empty() {
            EvaluationSet::load(&self.source(), &|| true)?
        } else {
            EvaluationSet::load_ink(&self.ink, &|| true)?
        })
    }

    /// The source without `--idx` and `--ink`.
    fn source(&self) -> DataSource {
        let folder = self.data.clone();
        folder.map_or(DataSource::Mnist, DataSource::Folder)
    }
}

/// The JSON output.
#[derive(Serialize)]
struct EvalReport<'a> {
    source: String,
    /// Absent without digits.
    #[serde(flatten)]
    metrics: Option<&'a Metrics>,
    /// `null` without non-digits.
    non_digits: Option<Rejections>,
    /// `null` without numbers.
    numbers: Option<&'a NumberMetrics>,
    #[serde(flatten)]
    skipped: SkippedRecords,
}

impl Runnable for EvalArgs {
    fn paths(&self) -> CommandPaths {
        CommandPaths::default()
            .reads("--weights", &self.model.weights)
            .reads_data("--data", &self.source().files())
            .reads("--idx", &self.idx)
            .reads("--ink", &self.ink)
            .draws("--errors", &self.errors)
    }

    fn run(&self, Streams { out, err }: Streams) -> Result<Exit, CliError> {
        let device = open_device(self.device, err)?.device;
        let mut model = load_model(self.model.weights.as_deref())?;
        if !device.is_cpu() {
            model.mlp = model.mlp.copy_to(&device)?;
        }
        let Some(set) = self.load()? else {
            return Ok(Exit::Interrupted);
        };
        let set = set.with_noise(self.noise);
        let model = Arc::new(model);
        let calibration = &model.metadata.calibration;
        let Some(evaluation) = evaluate(&model.mlp, calibration, set, &mut |_| true)? else {
            return Ok(Exit::Interrupted);
        };
        let evaluation = evaluation.require_finite()?;
        let numbers = read_numbers(&model, evaluation.set().numbers())?;
        if let Some(path) = &self.errors {
            let sheet = error_sheet(&evaluation, &numbers);
            let size = [sheet.width(), sheet.height()].map(|side| side as usize);
            save_rgb_png(sheet.as_raw(), size, path)?;
        }
        let numbers = NumberMetrics::new(&numbers);
        let report = EvalReport::new(&evaluation, numbers.as_ref());
        if self.json {
            write_json(out, &report)?;
        } else {
            report.write_text(out)?;
        }
        Ok(Exit::Done)
    }
}

impl<'a> EvalReport<'a> {
    fn new(evaluation: &'a Evaluation, numbers: Option<&'a NumberMetrics>) -> Self {
        let set = evaluation.set();
        let metrics = evaluation.metrics();
        Self {
            source: match set.noise() {
                Some(noise) => format!("{} with {noise}", set.name()),
                None => set.name().to_owned(),
            },
            metrics: (metrics.examples > 0).then_some(metrics),
            non_digits: evaluation.non_digits(),
            numbers,
            skipped: set.skipped(),
        }
    }

    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let source = excerpt(&self.source);
        match self.metrics {
            None => writeln!(out, "no single digits in {source}")?,
            Some(metrics) => {
                let (examples, loss) = (metrics.examples, metrics.loss);
                let [accuracy, ece] = [metrics.accuracy, metrics.reliability.ece]
                    .map(|part| format::percent(part, 2));
                writeln!(out, "{examples} examples of {source}")?;
                writeln!(
                    out,
                    "loss {loss:.4}, accuracy {accuracy}, calibration error (ECE) {ece}"
                )?;
                if let Some(rejected) = metrics.rejected {
                    writeln!(out, "rejected as non-digits: {rejected}")?;
                }
                write!(out, "\n{}", confusion_text(metrics))?;
            }
        }
        if let Some(Rejections { examples, rejected }) = self.non_digits {
            let part = format::percent(rejected as f64 / examples as f64, 2);
            writeln!(out, "non-digits: {part} of {examples} rejected")?;
        }
        if let Some(numbers) = self.numbers {
            write!(out, "{}", numbers_text(numbers))?;
        }
        let SkippedRecords { unlabeled, blank } = self.skipped;
        if unlabeled + blank > 0 {
            writeln!(out, "skipped: {unlabeled} unlabeled, {blank} blank")?;
        }
        Ok(())
    }
}

/// A table: a row each for all numbers, each length and each spacing.
fn numbers_text(metrics: &NumberMetrics) -> String {
    let mut lines = vec![format!("{:>24} numbers  divided     read   unread", "")];
    let mut add = |name: &str, counts: &NumberCounts| {
        let part = |count: usize| format::percent(count as f64 / counts.examples as f64, 2);
        lines.push(format!(
            "{:>24} {:>7} {:>8} {:>8} {:>8}",
            excerpt(name),
            counts.examples,
            part(counts.divided),
            part(counts.read),
            part(counts.unread)
        ));
    };
    add("all", &metrics.together);
    for (length, counts) in &metrics.by_length {
        add(&format!("{length} digits"), counts);
    }
    for (spacing, counts) in &metrics.by_spacing {
        add(spacing, counts);
    }
    lines.join("\n") + "\n"
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
