//! The evaluation of numbers: into how many digits they are divided, and whether these are read rightly.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;

use super::evaluation_set::LabeledNumber;
use crate::{
    error::ModelError,
    model::file::Model,
    recognition::number::{Constraints, Number, NumberReader, Reading},
};

/// How a labeled number is read.
#[derive(Clone, Debug)]
pub struct ReadNumber<'a> {
    /// The drawing and its label.
    pub labeled: &'a LabeledNumber,
    /// The best division into digits, whether they can be read or not.
    pub division: Number,
    /// The digits as text; `None` if the drawing is not read as a number.
    pub text: Option<String>,
}

impl ReadNumber<'_> {
    /// Whether all digits are right.
    pub fn is_right(&self) -> bool {
        self.text.as_ref() == Some(&self.labeled.text)
    }
}

/// Reads labeled numbers, in their order.
///
/// # Errors
/// As [`logits`](crate::recognition::logits).
pub fn read_numbers<'a>(
    model: &Arc<Model>,
    numbers: &'a [LabeledNumber],
) -> Result<Vec<ReadNumber<'a>>, ModelError> {
    let read = |labeled: &'a LabeledNumber| {
        let mut reader = NumberReader::new(Arc::clone(model));
        let division = reader.number(&labeled.ink, Constraints::default())?;
        let text = match reader.read(&labeled.ink, Constraints::default())? {
            Reading::Number(number) => Some(number.text()),
            _ => None,
        };
        Ok(ReadNumber {
            labeled,
            division,
            text,
        })
    };
    numbers.iter().map(read).collect()
}

/// How numbers are read.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NumberMetrics {
    /// All of them.
    #[serde(flatten)]
    pub together: NumberCounts,
    /// By the number of digits.
    pub by_length: BTreeMap<usize, NumberCounts>,
    /// By the spacing that the ink file says.
    pub by_spacing: BTreeMap<String, NumberCounts>,
}

/// Counts of some numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NumberCounts {
    /// How many there are.
    pub examples: usize,
    /// Divided into as many digits as written, whether they are read or not.
    pub divided: usize,
    /// All digits are right.
    pub read: usize,
    /// Not read as a number.
    pub unread: usize,
}

impl NumberMetrics {
    /// `None` without numbers.
    pub fn new(numbers: &[ReadNumber]) -> Option<Self> {
        let mut metrics = Self::default();
        for number in numbers {
            let LabeledNumber { text, spacing, .. } = number.labeled;
            let add = |counts: &mut NumberCounts| {
                counts.examples += 1;
                counts.divided += usize::from(number.division.text().len() == text.len());
                counts.read += usize::from(number.is_right());
                counts.unread += usize::from(number.text.is_none());
            };
            add(&mut metrics.together);
            add(metrics.by_length.entry(text.len()).or_default());
            if let Some(spacing) = spacing {
                add(metrics.by_spacing.entry(spacing.clone()).or_default());
            }
        }
        (!numbers.is_empty()).then_some(metrics)
    }
}
