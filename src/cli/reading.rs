//! What a drawing shows, as text and as JSON: the same in every command.

use serde::Serialize;

use crate::{
    bitmap::{CLASSES, Digit},
    format,
    recognition::{
        Prediction, Verdict,
        number::{Constraints, Misfit, NumberFormat, Reading},
    },
};

/// The fields of a reading.
#[derive(Serialize)]
pub(super) struct ReadingFields {
    digit: Option<u8>,
    is_digit: Option<bool>,
    confidence: Option<f32>,
    probabilities: Option<[f32; CLASSES]>,
    number: Option<String>,
    digits: Vec<DigitFields>,
}

/// One digit of a reading.
#[derive(Serialize)]
struct DigitFields {
    digit: u8,
    is_digit: bool,
    confidence: f32,
    probabilities: [f32; CLASSES],
    #[serde(rename = "box")]
    bounds: Option<BoxFields>,
}

/// A box in the input's own units.
#[derive(Serialize)]
pub(super) struct BoxFields {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

impl BoxFields {
    pub(super) fn new([x, y, width, height]: [f64; 4]) -> Self {
        Self {
            x,
            y,
            width,
            height,
        }
    }
}

impl ReadingFields {
    /// Of a reading with these constraints. `box_of` has the box of each digit.
    pub(super) fn new(
        reading: &Reading,
        constraints: Constraints,
        box_of: impl Fn(usize) -> Option<BoxFields>,
    ) -> Self {
        let digit_fields = |index, digit: Digit, is_digit, prediction: &Prediction| {
            let probabilities = *prediction.probabilities();
            DigitFields {
                digit: digit.value(),
                is_digit,
                confidence: probabilities[digit.index()],
                probabilities,
                bounds: box_of(index),
            }
        };
        let single = match reading {
            Reading::Single { prediction, .. } | Reading::SeveralDigits { prediction, .. } => {
                Some(prediction)
            }
            Reading::Blank | Reading::Number(_) => None,
        };
        let mut fields = Self {
            digit: single.map(|prediction| prediction.digit().value()),
            is_digit: Some(false),
            confidence: single.map(Prediction::confidence),
            probabilities: single.map(|prediction| *prediction.probabilities()),
            number: None,
            digits: Vec::new(),
        };
        match reading {
            Reading::Blank => fields.is_digit = None,
            Reading::SeveralDigits { .. } => {}
            Reading::Single { prediction, .. } => {
                let (digit, is_digit) = (prediction.digit(), prediction.is_digit());
                fields.is_digit = Some(is_digit);
                fields.number = is_digit.then(|| digit.to_string());
                fields.digits = vec![digit_fields(0, digit, is_digit, prediction)];
            }
            Reading::Number(number) => {
                fields.confidence = Some(number.confidence());
                fields.number = Some(number.text());
                let digits = number.digits.iter().enumerate();
                fields.digits = digits
                    .map(|(index, one)| {
                        digit_fields(index, one.digit, one.is_digit, &one.prediction)
                    })
                    .collect();
            }
        }
        fields.number = fields
            .number
            .filter(|_| missed(reading, constraints).is_none());
        fields
    }
}

/// The number that a drawing should be; `None` if the reading is one, or if anything is read.
fn missed(reading: &Reading, constraints: Constraints) -> Option<String> {
    let Constraints { length, format, .. } = constraints;
    let name = match (format, length) {
        (Some(NumberFormat::Date), _) => "a date".to_owned(),
        (_, Some(1)) => "one digit".to_owned(),
        (Some(NumberFormat::Card), None) => "a card number".to_owned(),
        (Some(NumberFormat::Card), Some(length)) => format!("a card number of {length} digits"),
        (None, _) => format!("a number of {} digits", length.unwrap_or_default()),
    };
    reading.misses(constraints).then_some(name)
}

/// A reading with these constraints, for people.
pub(super) fn text(reading: &Reading, constraints: Constraints) -> String {
    let missed = missed(reading, constraints);
    missed.map_or_else(String::new, |missed| format!("not {missed}: ")) + &shown(reading)
}

fn shown(reading: &Reading) -> String {
    let percent = |confidence| format::probability(confidence, 2);
    let prediction = match reading {
        Reading::Blank => return "nothing drawn".to_owned(),
        Reading::SeveralDigits { .. } => return "more than one digit".to_owned(),
        Reading::Number(number) => {
            let fails = match number.misfit() {
                Some(Misfit::CheckDigit) => " fails the check",
                Some(Misfit::Length | Misfit::Date) | None => "",
            };
            let beside = match number.non_digits() {
                0 => String::new(),
                count => format!(", non-digits beside it: {count}"),
            };
            let confidence = percent(number.confidence());
            return format!("{} ({confidence}){fails}{beside}", number.spaced_text());
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
        let fields = ReadingFields::new(&Reading::Blank, Constraints::default(), |_| None);
        let json = serde_json::to_value(fields).expect("serializes");
        let expected = serde_json::json!({
            "digit": null, "is_digit": null, "confidence": null, "probabilities": null,
            "number": null, "digits": []
        });
        assert_eq!(json, expected, "no ink");
    }
}
