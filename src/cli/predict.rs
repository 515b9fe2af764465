//! `digitpad predict`: the digits of pictures and ink files.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use clap::Args;
use serde::Serialize;

use super::{Exit, Run, Streams, args::ModelArgs, load_model, report_error, write_json};
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
    fn run(&self, Streams { out, err }: Streams) -> Result<Exit, CliError> {
        let model = load_model(self.model.weights.as_deref())?;
        let mut exit = Exit::Done;
        for file in &self.files {
            match self.predict_file(&model, file, out) {
                Ok(()) => {}
                // The other predictions could not be written either.
                Err(error @ CliError::Output(_)) => return Err(error),
                Err(error) => exit = Exit::Partly(report_error(&error, err)),
            }
        }
        Ok(exit)
    }
}

impl PredictArgs {
    fn predict_file(
        &self,
        model: &Model,
        path: &Path,
        out: &mut dyn Write,
    ) -> Result<(), CliError> {
        let bytes = read(path)?;
        let name = path.display().to_string();
        let mut print = |record, bitmap: Option<&Bitmap>| {
            let prediction = predict(model, bitmap)?;
            if self.json {
                write_json(
                    out,
                    &PredictionLine::new(&name, record, prediction.as_ref()),
                )
            } else {
                let number = record.map_or_else(String::new, |number| format!(":{number}"));
                Ok(writeln!(
                    out,
                    "{}{number}: {}",
                    excerpt(&name),
                    text(prediction.as_ref())
                )?)
            }
        };
        match FileKind::of_content(&bytes) {
            Some(FileKind::Picture) => {
                let bitmap =
                    picture::bitmap_from_bytes(&bytes, &format!("the picture {}", excerpt(&name)))?;
                print(None, Some(&bitmap))
            }
            Some(FileKind::Ink) => {
                let mut records = ink::file::from_bytes(&bytes, &name)?
                    .into_iter()
                    .enumerate();
                records.try_for_each(|(index, record)| {
                    print(Some(index + 1), ink::to_bitmap(&record.ink).as_ref())
                })
            }
            _ => Err(Refusal::new(
                format!("read a drawing from {}", excerpt(&name)),
                content_of(&bytes),
                "a picture (PNG, JPEG, BMP, WebP, GIF, PNM or TIFF) or an ink file (JSON Lines)",
                "choose a file of one of these kinds",
            )
            .into()),
        }
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

impl<'a> PredictionLine<'a> {
    fn new(file: &'a str, record: Option<usize>, prediction: Option<&'a Prediction>) -> Self {
        Self {
            file,
            record,
            digit: prediction.map(|prediction| prediction.digit().value()),
            is_digit: prediction.map(Prediction::is_digit),
            confidence: prediction.map(Prediction::confidence),
            probabilities: prediction.map(Prediction::probabilities),
        }
    }
}

fn text(prediction: Option<&Prediction>) -> String {
    let Some(prediction) = prediction else {
        return "nothing drawn".to_owned();
    };
    let confidence = format::percent(f64::from(prediction.confidence()), 2);
    match prediction.verdict() {
        Verdict::Confident(digit) | Verdict::Likely(digit) => format!("{digit} ({confidence})"),
        Verdict::Ambiguous(digit, other) => format!("{digit} or {other}? ({confidence})"),
        Verdict::NonDigit(nearest) => format!("not a digit (nearest: {nearest})"),
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
            let line = PredictionLine::new("f", Some(2), prediction.as_ref());
            let json = serde_json::to_value(line).expect("serializes");
            let expected = serde_json::json!({
                "file": "f", "record": 2, "digit": null, "is_digit": null, "confidence": null,
                "probabilities": null
            });
            assert_eq!(json, expected, "{reason}");
            assert_eq!(text(prediction.as_ref()), "nothing drawn", "{reason}");
        }
    }
}
