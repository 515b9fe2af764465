//! `digitpad predict`: the digits of pictures and ink files.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use serde::Serialize;

use super::{
    Exit, Run, Streams, args::ModelArgs, drawings::Drawings, load_model, report_error, write_json,
};
use crate::{
    bitmap::{Bitmap, CLASSES},
    error::{CliError, excerpt},
    format,
    ink::{Bounds, file::InkRecord},
    model::file::Model,
    recognition::{
        self, Prediction, Verdict,
        number::{Number, NumberDigit, NumberReader},
    },
};

pub(super) const EXAMPLES: &str = "\
Examples:
  digitpad predict digit.png
  digitpad predict --weights mine.safetensors scans/*.png
  digitpad predict drawings.jsonl.gz --json
  cat digit.png | digitpad predict -

With --json, prints one object per line: file, digit, is_digit, confidence and probabilities. \
An ink file gives one object per drawing, in order, with its position (record, from 1). \
If is_digit is false, digit is the nearest digit. \
With --numbers, a drawing of several digits has its number, and digits with their boxes, in place of digit. \
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
    /// Read drawings of several digits as numbers
    #[arg(long)]
    numbers: bool,
}

/// What a drawing shows.
enum Reading {
    Blank,
    Digit(Prediction),
    Number(Number),
}

/// One digit of a number.
#[derive(Serialize)]
struct DigitLine<'a> {
    digit: u8,
    confidence: f32,
    probabilities: &'a [f32; CLASSES],
    /// Left, top, width and height, in sides of the square that the drawing lies in.
    #[serde(rename = "box")]
    bounds: [f32; 4],
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
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    digits: Vec<DigitLine<'a>>,
}

impl Run for PredictArgs {
    fn run(&self, Streams { out, err }: Streams) -> Result<Exit, CliError> {
        let model = Arc::new(load_model(self.model.weights.as_deref())?);
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
        model: &Arc<Model>,
        path: &Path,
        out: &mut dyn Write,
    ) -> Result<(), CliError> {
        let name = path.display().to_string();
        let mut print = |record, reading: &Reading| {
            if self.json {
                write_json(out, &PredictionLine::new(&name, record, reading))
            } else {
                let number = record.map_or_else(String::new, |number| format!(":{number}"));
                Ok(writeln!(
                    out,
                    "{}{number}: {}",
                    excerpt(&name),
                    text(reading)
                )?)
            }
        };
        match Drawings::read(path)? {
            Drawings::Picture(bitmap) => print(None, &read_bitmap(model, Some(&bitmap))?),
            Drawings::Ink(records) => {
                let mut records = records.iter().enumerate();
                records.try_for_each(|(index, record)| {
                    print(Some(index + 1), &self.read_record(model, record)?)
                })
            }
        }
    }

    fn read_record(&self, model: &Arc<Model>, record: &InkRecord) -> Result<Reading, CliError> {
        if self.numbers {
            let number = NumberReader::new(Arc::clone(model)).read(&record.ink)?;
            if number.has_several_digits() {
                return Ok(Reading::Number(number));
            }
        }
        read_bitmap(model, record.bitmap().as_ref())
    }
}

/// A blank drawing has no prediction.
fn read_bitmap(model: &Model, bitmap: Option<&Bitmap>) -> Result<Reading, CliError> {
    match bitmap.filter(|bitmap| !bitmap.is_blank()) {
        Some(bitmap) => Ok(Reading::Digit(recognition::predict(model, bitmap)?)),
        None => Ok(Reading::Blank),
    }
}

impl<'a> PredictionLine<'a> {
    fn new(file: &'a str, record: Option<usize>, reading: &'a Reading) -> Self {
        let mut line = Self {
            file,
            record,
            digit: None,
            is_digit: None,
            confidence: None,
            probabilities: None,
            number: None,
            digits: Vec::new(),
        };
        match reading {
            Reading::Blank => {}
            Reading::Digit(prediction) => {
                line.digit = Some(prediction.digit().value());
                line.is_digit = Some(prediction.is_digit());
                line.confidence = Some(prediction.confidence());
                line.probabilities = Some(prediction.probabilities());
            }
            Reading::Number(number) => {
                line.is_digit = Some(false);
                line.confidence = Some(number.confidence());
                line.number = Some(number.text());
                line.digits = number.digits.iter().map(DigitLine::new).collect();
            }
        }
        line
    }
}

impl<'a> DigitLine<'a> {
    fn new(digit: &'a NumberDigit) -> Self {
        let bounds = digit.ink.bounds();
        Self {
            digit: digit.prediction.digit().value(),
            confidence: digit.prediction.confidence(),
            probabilities: digit.prediction.probabilities(),
            bounds: bounds.map_or([0.0; 4], |Bounds { min, max }| {
                [min.x, min.y, max.x - min.x, max.y - min.y]
            }),
        }
    }
}

fn text(reading: &Reading) -> String {
    let percent = |confidence| format::percent(f64::from(confidence), 2);
    let prediction = match reading {
        Reading::Blank => return "nothing drawn".to_owned(),
        Reading::Number(number) => {
            return format!("{} ({})", number.text(), percent(number.confidence()));
        }
        Reading::Digit(prediction) => prediction,
    };
    let confidence = percent(prediction.confidence());
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
            let reading = read_bitmap(&model, bitmap.as_ref()).expect("nothing is computed");
            let line = PredictionLine::new("f", Some(2), &reading);
            let json = serde_json::to_value(line).expect("serializes");
            let expected = serde_json::json!({
                "file": "f", "record": 2, "digit": null, "is_digit": null, "confidence": null,
                "probabilities": null
            });
            assert_eq!(json, expected, "{reason}");
            assert_eq!(text(&reading), "nothing drawn", "{reason}");
        }
    }
}
