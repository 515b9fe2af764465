//! One line of an ink file: its text, and what it says.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, IgnoredAny, SeqAccess, Visitor},
};

use super::{InkRecord, Label};
use crate::{
    bitmap::Digit,
    ink::{Ink, Point, Stroke},
};

/// How much of the unit square the longer side of a fitted character takes.
const FITTED_SIDE: f64 = 0.8;

#[derive(Deserialize)]
struct ReadLine {
    label: Option<RawLabel>,
    writer: Option<String>,
    strokes: Vec<Vec<RawPoint>>,
}

/// What a line says, to be written; its order is the file's.
#[derive(Serialize)]
struct WriteLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<RawLabel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    writer: Option<&'a str>,
    strokes: Vec<Vec<[f32; 2]>>,
}

#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum RawLabel {
    Number(serde_json::Number),
    Text(String),
}

/// The first two numbers of a list, in the file's unit.
struct RawPoint {
    x: f64,
    y: f64,
}

impl<'de> Deserialize<'de> for RawPoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Coordinates;

        impl<'de> Visitor<'de> for Coordinates {
            type Value = RawPoint;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a point [x, y]")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<RawPoint, A::Error> {
                let x = list
                    .next_element()?
                    .ok_or_else(|| Error::invalid_length(0, &self))?;
                let y = list
                    .next_element()?
                    .ok_or_else(|| Error::invalid_length(1, &self))?;
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(RawPoint { x, y })
            }
        }

        deserializer.deserialize_seq(Coordinates)
    }
}

/// Reads a line; what is wrong with it comes back in words that go before "in line 7".
pub(super) fn parse(line: &[u8]) -> Result<InkRecord, String> {
    let raw: ReadLine = serde_json::from_slice(line).map_err(|error| {
        let text = error.to_string();
        // The position names "line 1", which the file's own line number would contradict.
        let what = text.split(" at line ").next().unwrap_or(&text);
        format!("\"{what}\" at column {}", error.column())
    })?;
    Ok(InkRecord {
        label: raw.label.map(label).transpose()?,
        writer: raw.writer,
        ink: fit(&raw.strokes).ok_or("no point")?,
    })
}

/// Adds the line of a record, with its line break.
pub(super) fn append(record: &InkRecord, text: &mut Vec<u8>) -> serde_json::Result<()> {
    let strokes = record.ink.strokes().iter();
    let line = WriteLine {
        label: record.label.as_ref().map(|label| match label {
            Label::Digit(digit) => RawLabel::Number(digit.value().into()),
            Label::Other(text) => RawLabel::Text(text.clone()),
        }),
        writer: record.writer.as_deref(),
        strokes: strokes
            .map(|stroke| {
                stroke
                    .points()
                    .iter()
                    .map(|point| [point.x, point.y])
                    .collect()
            })
            .collect(),
    };
    serde_json::to_writer(&mut *text, &line)?;
    text.push(b'\n');
    Ok(())
}

fn label(raw: RawLabel) -> Result<Label, String> {
    match raw {
        RawLabel::Number(number) => number
            .as_u64()
            .and_then(|value| u8::try_from(value).ok())
            .and_then(Digit::new)
            .map(Label::Digit)
            .ok_or_else(|| format!("the label {number}, which is no digit,")),
        // A digit in quotes is the same digit.
        RawLabel::Text(text) => Ok(match text.as_bytes() {
            [byte @ b'0'..=b'9'] => {
                Digit::new(byte - b'0').map_or(Label::Other(text), Label::Digit)
            }
            _ => Label::Other(text),
        }),
    }
}

/// Strokes in unit-square coordinates: those that are in it already as they are, others fitted into
/// it. Empty strokes are left out; `None` where nothing is left.
fn fit(strokes: &[Vec<RawPoint>]) -> Option<Ink> {
    let range = |of: fn(&RawPoint) -> f64| {
        let values = strokes.iter().flatten().map(of);
        values.fold(None, |range, value| {
            let (low, high) = range.unwrap_or((value, value));
            Some((value.min(low), value.max(high)))
        })
    };
    let (left, right) = range(|point| point.x)?;
    let (top, bottom) = range(|point| point.y)?;
    let is_in_unit_square = left >= 0.0 && top >= 0.0 && right <= 1.0 && bottom <= 1.0;
    // Halves, because the difference of two f64 may exceed what f64 holds.
    let half_side = (right / 2.0 - left / 2.0).max(bottom / 2.0 - top / 2.0);
    let (x, y) = (f64::midpoint(left, right), f64::midpoint(top, bottom));
    let fitted = |value: f64, middle: f64| {
        let from_middle = (value / 2.0 - middle / 2.0) / half_side.max(f64::MIN_POSITIVE);
        (0.5 + from_middle * FITTED_SIDE) as f32
    };
    let place = |point: &RawPoint| {
        if is_in_unit_square {
            Point::new(point.x as f32, point.y as f32)
        } else {
            Point::new(fitted(point.x, x), fitted(point.y, y))
        }
    };
    let ink: Ink = strokes
        .iter()
        .filter_map(|points| Stroke::new(points.iter().map(place).collect()))
        .collect();
    (!ink.is_empty()).then_some(ink)
}
