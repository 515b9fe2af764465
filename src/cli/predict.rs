//! `digitpad predict`: the digits of pictures and ink files.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use clap::Args;
use serde::Serialize;

use super::{Exit, Run, args::ModelArgs, load_model, report_error, write_json};
use crate::{
    bitmap::{Bitmap, CLASSES},
    error::{CliError, InputError, Refusal, excerpt},
    files::{
        kind::{FileKind, content_of},
        limits::INK_BYTES,
        read_bounded, read_standard_input,
    },
    format, ink,
    model::file::Model,
    picture,
    recognition::{self, Prediction, Verdict},
};

pub(super) const EXAMPLES: &str = "\
Examples:
  digitpad predict digit.png
  digitpad predict --weights mine.safetensors scans/*.png
  digitpad predict drawings.jsonl.gz --json
  cat digit.png | digitpad predict -

With --json, prints one object per line: file, digit, is_digit, confidence and probabilities. \
An ink file gives one object per drawing, in order, with its number (record, from 1). \
If is_digit is false, digit is the nearest digit. \
Errors about single files go to standard error; the other files are still predicted.";

#[derive(Debug, Args)]
pub(super) struct PredictArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Pictures or ink files; "-" is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
}

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

impl Run for PredictArgs {
    fn run(
        &self,
        out: &mut (dyn Write + Send),
        err: &mut (dyn Write + Send),
    ) -> Result<Exit, CliError> {
        let model = load_model(self.model.weights.as_deref())?;
        let json = self.json;
        let mut exit = Exit::Done;
        for file in &self.files {
            let mut printer = PredictionPrinter { json, out };
            match predict_input(&model, file, &mut printer) {
                Ok(()) => {}
                // The other predictions could not be written either.
                Err(error @ CliError::Output(_)) => return Err(error),
                Err(error) => exit = Exit::Partly(report_error(&error, err)),
            }
        }
        Ok(exit)
    }
}

fn predict_input(
    model: &Model,
    path: &Path,
    printer: &mut PredictionPrinter<'_>,
) -> Result<(), CliError> {
    let bytes = read(path)?;
    let name = path.display().to_string();
    match FileKind::of_content(&bytes) {
        Some(FileKind::Picture) => {
            let bitmap =
                picture::bitmap_from_bytes(&bytes, &format!("the picture {}", excerpt(&name)))?;
            printer.print(&name, None, predict(model, Some(&bitmap))?.as_ref())
        }
        Some(FileKind::Ink) => {
            let records = ink::file::from_bytes(&bytes, &name)?;
            for (index, record) in records.iter().enumerate() {
                let bitmap = ink::to_bitmap(&record.ink);
                let prediction = predict(model, bitmap.as_ref())?;
                printer.print(&name, Some(index + 1), prediction.as_ref())?;
            }
            Ok(())
        }
        _ => Err(Refusal::new(
            format!("read a drawing from {}", excerpt(name)),
            content_of(&bytes),
            "a picture (PNG, JPEG, BMP, WebP, GIF, PNM or TIFF) or an ink file (JSON Lines)",
            "choose a file of one of these kinds",
        )
        .into()),
    }
}

/// The bytes of a file or, for "-", of standard input.
fn read(path: &Path) -> Result<Vec<u8>, InputError> {
    if path.as_os_str() == "-" {
        return read_standard_input(INK_BYTES, "read a drawing from standard input");
    }
    let attempted = format!("read a drawing from {}", excerpt(path.display()));
    read_bounded(path, INK_BYTES, &attempted)
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
        Ok(writeln!(self.out, "{}{record}: {text}", excerpt(file))?)
    }
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
