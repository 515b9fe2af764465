//! `digitpad predict`: the digits of pictures and ink files.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{Ending, load_model, report_error, write_json};
use crate::{
    bitmap::{Bitmap, CLASSES},
    error::{CliError, IoError, Refusal},
    files::{
        is_device,
        kind::{FileKind, first_bytes},
    },
    format, ink,
    model::file::Model,
    picture,
    recognition::{self, Prediction, Verdict},
};

/// Predict the digits of pictures and ink files.
#[derive(Debug)]
pub struct PredictTask {
    /// The weight file; `None` is the built-in model.
    pub weights: Option<PathBuf>,
    /// The inputs, in order.
    pub inputs: Vec<Input>,
    /// Whether to print JSON.
    pub json: bool,
}

/// A source of drawings.
#[derive(Clone, Debug)]
pub enum Input {
    /// A picture or an ink file.
    File(PathBuf),
    /// Standard input: a picture or an ink file.
    Standard,
}

/// The largest input from standard input or a pipe.
const SPOOL_LIMIT: u64 = 256 << 20;

/// The prediction of a drawing: a line of `--json`.
#[derive(Serialize)]
struct PredictionLine<'a> {
    file: &'a str,
    /// The number of the drawing in an ink file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<usize>,
    digit: Option<u8>,
    is_digit: Option<bool>,
    confidence: Option<f32>,
    probabilities: Option<&'a [f32; CLASSES]>,
}

pub(super) fn run(
    task: &PredictTask,
    out: &mut dyn Write,
    err: &mut (dyn Write + Send),
) -> Result<Ending, CliError> {
    let model = load_model(task.weights.as_deref())?;
    let mut ending = Ending::Done;
    for input in &task.inputs {
        let mut printer = PredictionPrinter {
            json: task.json,
            out: &mut *out,
        };
        match predict_input(&model, input, &mut printer) {
            Ok(()) => {}
            // The other predictions could not be written either.
            Err(error @ CliError::Output(_)) => return Err(error),
            Err(error) => ending = Ending::Partly(report_error(&error, err)),
        }
    }
    Ok(ending)
}

fn predict_input(
    model: &Model,
    input: &Input,
    printer: &mut PredictionPrinter<'_>,
) -> Result<(), CliError> {
    match input {
        Input::File(path) => {
            let name = path.display().to_string();
            if !is_device(path) {
                return predict_file(model, path, &name, printer);
            }
            let pipe = File::open(path).map_err(|source| IoError::new("read", path, source))?;
            let (_folder, path) = spool(pipe, path)?;
            predict_file(model, &path, &name, printer)
        }
        Input::Standard => {
            let (_folder, path) = spool(io::stdin().lock(), Path::new(STANDARD_INPUT))?;
            predict_file(model, &path, "-", printer)
        }
    }
}

fn predict_file(
    model: &Model,
    path: &Path,
    name: &str,
    printer: &mut PredictionPrinter<'_>,
) -> Result<(), CliError> {
    let start = first_bytes(path).map_err(|source| IoError::new("read", path, source))?;
    match FileKind::of_content(&start) {
        Some(FileKind::Picture) => {
            let bitmap = picture::bitmap_from_path(path)?;
            printer.print(name, None, predict(model, Some(&bitmap))?.as_ref())
        }
        Some(FileKind::Ink) => {
            let records = ink::file::read(path)?;
            for (index, record) in records.iter().enumerate() {
                let bitmap = ink::to_bitmap(&record.ink);
                printer.print(
                    name,
                    Some(index + 1),
                    predict(model, bitmap.as_ref())?.as_ref(),
                )?;
            }
            Ok(())
        }
        _ => {
            let found = if start.is_empty() {
                "an empty file"
            } else {
                "another kind of file"
            };
            Err(Refusal::new(
                format!("read a drawing from {}", path.display()),
                found,
                "a picture (PNG, JPEG, BMP, WebP, GIF, PNM or TIFF) or an ink file (JSON Lines)",
                "choose a file of one of these kinds",
            )
            .into())
        }
    }
}

/// A blank drawing has no prediction.
fn predict(model: &Model, bitmap: Option<&Bitmap>) -> Result<Option<Prediction>, CliError> {
    let drawn = bitmap.filter(|bitmap| !bitmap.is_blank());
    Ok(drawn
        .map(|bitmap| recognition::predict(model, bitmap))
        .transpose()?)
}

struct PredictionPrinter<'a> {
    json: bool,
    out: &'a mut dyn Write,
}

impl PredictionPrinter<'_> {
    fn print(
        &mut self,
        file: &str,
        record: Option<usize>,
        prediction: Option<&Prediction>,
    ) -> Result<(), CliError> {
        if self.json {
            let line = PredictionLine {
                file,
                record,
                digit: prediction.map(|prediction| prediction.digit().value()),
                is_digit: prediction.map(Prediction::is_digit),
                confidence: prediction.map(Prediction::confidence),
                probabilities: prediction.map(Prediction::probabilities),
            };
            return write_json(self.out, &line);
        }
        let record = record
            .map(|number| format!(":{number}"))
            .unwrap_or_default();
        let text = match prediction {
            Some(prediction) => {
                let confidence = format::percent(f64::from(prediction.confidence()), 2);
                match prediction.verdict() {
                    Verdict::Confident(digit) | Verdict::Likely(digit) => {
                        format!("{digit} ({confidence})")
                    }
                    Verdict::Ambiguous(digit, other) => {
                        format!("{digit} or {other}? ({confidence})")
                    }
                    Verdict::NonDigit(nearest) => format!("not a digit (nearest: {nearest})"),
                }
            }
            None => "nothing drawn".to_owned(),
        };
        Ok(writeln!(self.out, "{file}{record}: {text}")?)
    }
}

/// The name of standard input in errors.
const STANDARD_INPUT: &str = "standard input";

/// Copies a stream into a temporary file with the file name of `name`, because the readers need files. The returned
/// folder removes the file on drop.
fn spool(input: impl Read, name: &Path) -> Result<(tempfile::TempDir, PathBuf), IoError> {
    let failed = |source| IoError::new("read", name, source);
    let folder = tempfile::tempdir().map_err(failed)?;
    let path = folder.path().join(name.file_name().unwrap_or_default());
    let mut file = File::create(&path).map_err(failed)?;
    // The reader notices the byte beyond the limit.
    io::copy(&mut input.take(SPOOL_LIMIT + 1), &mut file).map_err(failed)?;
    Ok((folder, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_drawing_has_no_prediction() {
        let model = load_model(None).expect("the built-in model loads");
        for (bitmap, reason) in [(None, "no stroke"), (Some(Bitmap::blank()), "no ink")] {
            let prediction = predict(&model, bitmap.as_ref()).expect("nothing is computed");
            for (json, expected) in [
                (
                    true,
                    r#"{"file":"f","record":2,"digit":null,"is_digit":null,"confidence":null,"probabilities":null}"#,
                ),
                (false, "f:2: nothing drawn"),
            ] {
                let mut out = Vec::new();
                let mut printer = PredictionPrinter {
                    json,
                    out: &mut out,
                };
                printer
                    .print("f", Some(2), prediction.as_ref())
                    .expect("memory takes all");
                assert_eq!(
                    String::from_utf8_lossy(&out).trim_end(),
                    expected,
                    "{reason}"
                );
            }
        }
    }
}
