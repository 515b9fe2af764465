//! `digitpad predict`: the digits of pictures and ink files.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use serde::Serialize;

use super::{
    Exit, Runnable, Streams, args::ModelArgs, drawings::Drawings, load_model, paths::CommandPaths,
    write_json,
};
use crate::{
    bitmap::{CLASSES, Digit},
    error::{CliError, Refusal, excerpt},
    format,
    ink::file::InkRecord,
    model::file::Model,
    picture::ReadPicture,
    recognition::{
        Prediction, Verdict,
        number::{Constraints, NumberFormat, NumberReader, Reading},
    },
};

pub(super) const EXAMPLES: &str = "\
Examples:
  digitpad predict digit.png
  digitpad predict --weights mine.safetensors scans/*.png
  digitpad predict drawings.jsonl.gz --json
  cat digit.png | digitpad predict -

With --json, prints one object per line: file, number, confidence and digits, a list with digit, is_digit, confidence, \
probabilities and box (x, y, width and height in the input's own units) of each. A single character also has its \
digit, is_digit and probabilities beside these; if is_digit is false, digit is the nearest digit. \
An ink file gives one object per drawing, in order, with its position (record, from 1). \
Errors about single files go to standard error; the other files are still predicted.";

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
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
    /// The number of digits in each drawing. A drawing of another number of digits is no such number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    length: Option<u8>,
    /// Read numbers whose last digit is a check digit (Luhn), as on cards
    #[arg(long)]
    luhn: bool,
    /// Read dates: six or eight digits of a day, a month and a year in a usual order
    #[arg(long, conflicts_with = "luhn")]
    date: bool,
    /// Read every drawing as a single digit, even if it plainly shows more
    #[arg(long, conflicts_with_all = ["numbers", "length", "luhn", "date"])]
    single: bool,
}

/// One digit of a reading.
#[derive(Serialize)]
struct DigitLine {
    digit: u8,
    is_digit: bool,
    confidence: f32,
    probabilities: [f32; CLASSES],
    #[serde(rename = "box")]
    bounds: Option<BoxLine>,
}

/// A box in the input's own units.
#[derive(Serialize)]
struct BoxLine {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

/// The reading of a drawing: a line of `--json`.
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
    number: Option<String>,
    digits: Vec<DigitLine>,
}

impl Runnable for PredictArgs {
    fn paths(&self) -> CommandPaths {
        CommandPaths::default().reads("--weights", &self.model.weights)
    }

    fn run(&self, streams: Streams) -> Result<Exit, CliError> {
        self.check_length()?;
        let model = Arc::new(load_model(self.model.weights.as_deref())?);
        streams.for_each(&self.files, |file, out| {
            self.predict_file(&model, file, out)
        })
    }
}

impl PredictArgs {
    /// Refuses a length that the format of the numbers excludes.
    fn check_length(&self) -> Result<(), Refusal> {
        let Some(length) = self.length else {
            return Ok(());
        };
        let (attempted, fits, expected) = if self.date {
            ("read dates", matches!(length, 6 | 8), "6 or 8")
        } else {
            let attempted = "read numbers with a check digit";
            (attempted, !self.luhn || length > 1, "at least 2")
        };
        if fits {
            return Ok(());
        }
        let found = format!("--length {length}");
        let remedy = "correct the length or leave it out";
        Err(Refusal::new(attempted, found, expected, remedy))
    }

    /// The number that every drawing should be; `None` if the reading is one, or if anything is read.
    fn missed(&self, reading: &Reading) -> Option<String> {
        let Constraints { length, format, .. } = self.constraints();
        let fits = match reading {
            Reading::Blank => true,
            Reading::Number(number) => length.is_none_or(|length| length == number.length()),
            Reading::Single { .. } | Reading::SeveralDigits { .. } => {
                format.is_none() && length.is_none_or(|length| length == 1)
            }
        };
        let name = match (format, length) {
            (Some(NumberFormat::Date), _) => "a date".to_owned(),
            (_, Some(1)) => "one digit".to_owned(),
            (Some(NumberFormat::Card), None) => "a number with a check digit".to_owned(),
            (Some(NumberFormat::Card), Some(length)) => {
                format!("a number of {length} digits with a check digit")
            }
            (None, _) => format!("a number of {} digits", length.unwrap_or_default()),
        };
        (!fits).then_some(name)
    }

    fn predict_file(
        &self,
        model: &Arc<Model>,
        path: &Path,
        out: &mut dyn Write,
    ) -> Result<(), CliError> {
        let name = path.display().to_string();
        let mut print = |record, reading: &Reading, boxes: &dyn Fn(usize) -> Option<BoxLine>| {
            let missed = self.missed(reading);
            if self.json {
                let mut line = PredictionLine::new(&name, record, reading, boxes);
                line.number = line.number.filter(|_| missed.is_none());
                write_json(out, &line)
            } else {
                let number = record.map_or_else(String::new, |number| format!(":{number}"));
                let missed = missed.map_or_else(String::new, |missed| format!("not {missed}: "));
                let (name, text) = (excerpt(&name), text(reading));
                Ok(writeln!(out, "{name}{number}: {missed}{text}")?)
            }
        };
        match Drawings::read(path)? {
            Drawings::Picture(picture) => {
                let reading = self.read_picture(model, &picture)?;
                let boxes = |digit: usize| {
                    let ink = picture.view.components.as_ref()?;
                    let bounds = match &reading {
                        Reading::Number(number) => number.digits[digit].bounds,
                        _ => ink.all_bounds()?,
                    };
                    Some(BoxLine::new(ink.in_picture(&bounds)))
                };
                print(None, &reading, &boxes)
            }
            Drawings::Ink(records) => {
                let mut records = records.iter().enumerate();
                records.try_for_each(|(index, record)| {
                    let reading = self.read_record(model, record)?;
                    let boxes = |digit: usize| {
                        let bounds = match &reading {
                            Reading::Number(number) => number.digits[digit].bounds,
                            _ => record.ink.bounds()?,
                        };
                        Some(BoxLine::new(record.units.of(&bounds)))
                    };
                    print(Some(index + 1), &reading, &boxes)
                })
            }
        }
    }

    fn read_picture(&self, model: &Arc<Model>, picture: &ReadPicture) -> Result<Reading, CliError> {
        let mut reader = NumberReader::new(Arc::clone(model));
        Ok(match &picture.view.components {
            Some(ink) => reader.read_picture(ink, &picture.bitmap, self.constraints())?,
            None => reader.read_bitmap(&picture.bitmap)?,
        })
    }

    fn read_record(&self, model: &Arc<Model>, record: &InkRecord) -> Result<Reading, CliError> {
        let mut reader = NumberReader::new(Arc::clone(model));
        if let Some(picture) = &record.picture {
            return Ok(reader.read_bitmap(picture)?);
        }
        Ok(reader.read(&record.ink, self.constraints())?)
    }

    fn constraints(&self) -> Constraints {
        let format = if self.luhn {
            Some(NumberFormat::Card)
        } else {
            self.date.then_some(NumberFormat::Date)
        };
        let length = if self.single {
            Some(1)
        } else {
            self.length.map(usize::from)
        };
        Constraints {
            length,
            format,
            is_character: !self.numbers && length.is_none() && format.is_none(),
        }
    }
}

impl BoxLine {
    fn new([x, y, width, height]: [f64; 4]) -> Self {
        Self {
            x,
            y,
            width,
            height,
        }
    }
}

impl<'a> PredictionLine<'a> {
    /// `boxes` has the box of each digit.
    fn new(
        file: &'a str,
        record: Option<usize>,
        reading: &'a Reading,
        boxes: &dyn Fn(usize) -> Option<BoxLine>,
    ) -> Self {
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
            Reading::Single { prediction, .. } => {
                let (digit, is_digit) = (prediction.digit(), prediction.is_digit());
                line.set_single(prediction);
                line.number = is_digit.then(|| digit.to_string());
                line.digits = vec![DigitLine::new(digit, is_digit, prediction, boxes(0))];
            }
            Reading::SeveralDigits { prediction, .. } => {
                line.set_single(prediction);
                line.is_digit = Some(false);
            }
            Reading::Number(number) => {
                line.is_digit = Some(false);
                line.confidence = Some(number.confidence());
                line.number = Some(number.text());
                let digits = number.digits.iter().enumerate();
                line.digits = digits
                    .map(|(index, one)| {
                        DigitLine::new(one.digit, one.is_digit, &one.prediction, boxes(index))
                    })
                    .collect();
            }
        }
        line
    }

    fn set_single(&mut self, prediction: &'a Prediction) {
        self.digit = Some(prediction.digit().value());
        self.is_digit = Some(prediction.is_digit());
        self.confidence = Some(prediction.confidence());
        self.probabilities = Some(prediction.probabilities());
    }
}

impl DigitLine {
    fn new(digit: Digit, is_digit: bool, prediction: &Prediction, bounds: Option<BoxLine>) -> Self {
        let probabilities = *prediction.probabilities();
        Self {
            digit: digit.value(),
            is_digit,
            confidence: probabilities[digit.index()],
            probabilities,
            bounds,
        }
    }
}

fn text(reading: &Reading) -> String {
    let percent = |confidence| format::probability(confidence, 2);
    let prediction = match reading {
        Reading::Blank => return "nothing drawn".to_owned(),
        Reading::SeveralDigits { .. } => return "more than one digit".to_owned(),
        Reading::Number(number) => {
            let beside = match number.non_digits() {
                0 => String::new(),
                count => format!(", non-digits beside it: {count}"),
            };
            let confidence = percent(number.confidence());
            return format!("{} ({confidence}){beside}", number.text());
        }
        Reading::Single { prediction, .. } => prediction,
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
        let reading = Reading::Blank;
        let line = PredictionLine::new("f", Some(2), &reading, &|_| None);
        let json = serde_json::to_value(line).expect("serializes");
        let expected = serde_json::json!({
            "file": "f", "record": 2, "digit": null, "is_digit": null, "confidence": null,
            "probabilities": null, "number": null, "digits": []
        });
        assert_eq!(json, expected, "no ink");
        assert_eq!(text(&reading), "nothing drawn", "no ink");
    }
}
