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

/// The line of a record, with its line break.
pub(super) fn of(record: &InkRecord) -> String {
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
    serde_json::to_string(&line).expect("numbers and text are JSON") + "\n"
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_many_kinds_are_read() {
        let digit = |value| Digit::new(value).map(Label::Digit);
        let other = |text: &str| Some(Label::Other(text.to_owned()));
        let cases = [
            (
                r#"{"label": 3, "strokes": [[[0, 0], [1, 1]]]}"#,
                digit(3),
                2,
                "as described",
            ),
            (
                r#"{"strokes": [[[0, 0]]]}"#,
                None,
                1,
                "label and writer may be missing",
            ),
            (
                r#"{"label": null, "writer": null, "strokes": [[[0, 0]]]}"#,
                None,
                1,
                "or null",
            ),
            (
                r#"{"label": "A", "strokes": [[[0, 0]]]}"#,
                other("A"),
                1,
                "no digit",
            ),
            (
                r#"{"label": "12", "strokes": [[[0, 0]]]}"#,
                other("12"),
                1,
                "two digits are none",
            ),
            (
                r#"{"label": "7", "strokes": [[[0, 0]]]}"#,
                digit(7),
                1,
                "a digit in quotes",
            ),
            (
                r#"{"strokes": [[[0, 0, 17, "x"]], []], "t": {}}"#,
                None,
                1,
                "more than is needed",
            ),
        ];
        for (line, label, points, reason) in cases {
            let record = parse(line.as_bytes()).expect(reason);
            assert_eq!(record.label, label, "{reason}");
            assert_eq!(record.ink.point_count(), points, "{reason}");
        }
    }

    #[test]
    fn malformed_lines_are_refused_in_words() {
        let cases = [
            ("{", "EOF while parsing"),
            ("[]", "invalid"),
            (r#"{"label": 3}"#, "missing field `strokes`"),
            (r#"{"strokes": []}"#, "no point"),
            (r#"{"strokes": [[]]}"#, "no point"),
            (r#"{"strokes": [[[1]]]}"#, "a point [x, y]"),
            (r#"{"strokes": [[["a", 1]]]}"#, "invalid type"),
            (r#"{"strokes": [[[1e999, 1]]]}"#, "number out of range"),
            (
                r#"{"label": 10, "strokes": [[[1, 1]]]}"#,
                "the label 10, which is no digit",
            ),
            (r#"{"label": -1, "strokes": [[[1, 1]]]}"#, "the label -1"),
            (r#"{"label": 2.5, "strokes": [[[1, 1]]]}"#, "the label 2.5"),
            (r#"{"label": [], "strokes": [[[1, 1]]]}"#, "RawLabel"),
        ];
        for (line, words) in cases {
            let message = parse(line.as_bytes()).expect_err(line);
            assert!(message.contains(words), "{line}: {message}");
            assert!(
                !message.contains("at line"),
                "the file's line is named elsewhere: {message}"
            );
        }
    }

    #[test]
    fn any_unit_is_fitted_into_the_unit_square() {
        let p = Point::new;
        let cases: [(&str, &[Point], &str); 6] = [
            (
                "[[0, 0], [1000, 500]]",
                &[p(0.1, 0.3), p(0.9, 0.7)],
                "aspect kept, with a margin",
            ),
            (
                "[[-3, 7], [-3, 9]]",
                &[p(0.5, 0.1), p(0.5, 0.9)],
                "negative ones too",
            ),
            (
                "[[123, 456]]",
                &[p(0.5, 0.5)],
                "a tap has no size of its own",
            ),
            (
                "[[5, 5], [5, 5]]",
                &[p(0.5, 0.5), p(0.5, 0.5)],
                "nor has a pen at rest",
            ),
            (
                "[[0.25, 0], [1, 0.5]]",
                &[p(0.25, 0.0), p(1.0, 0.5)],
                "in the square already",
            ),
            (
                "[[-1e308, 0], [1e308, 0]]",
                &[p(0.1, 0.5), p(0.9, 0.5)],
                "the largest numbers",
            ),
        ];
        for (points, expected, reason) in cases {
            let line = format!(r#"{{"strokes": [{points}]}}"#);
            let record = parse(line.as_bytes()).expect(reason);
            let found = record.ink.strokes()[0].points();
            assert_eq!(found.len(), expected.len(), "{reason}");
            for (a, b) in found.iter().zip(expected) {
                let off = (a.x - b.x).abs().max((a.y - b.y).abs());
                assert!(off < 1e-6, "{reason}: {a:?} is not {b:?}");
            }
        }
    }
}
