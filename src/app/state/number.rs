//! The number on the pad, and the digit of it that is selected.

use super::pad::Answer;
use crate::{
    bitmap::Bitmap,
    recognition::number::{Number, NumberDigit},
};

/// A number that the pad shows.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownNumber {
    number: Number,
    /// The network's input of each digit, after preprocessing.
    inputs: Vec<Bitmap>,
    selected: usize,
    /// The revision of the pad that it was read from.
    revision: u64,
}

impl ShownNumber {
    /// Selects the digit that was written last, or the same as before if the drawing is the same.
    pub(super) fn new(
        number: Number,
        inputs: Vec<Bitmap>,
        revision: u64,
        before: Option<&Self>,
    ) -> Self {
        let same = before.filter(|before| {
            before.revision == revision && before.number.digits.len() == number.digits.len()
        });
        let written = |index: &usize| number.digits[*index].strokes.last().copied();
        let last = (0..number.digits.len()).max_by_key(written);
        let selected = same.map_or(last.unwrap_or(0), |same| same.selected);
        Self {
            number,
            inputs,
            selected,
            revision,
        }
    }

    /// The number.
    pub fn number(&self) -> &Number {
        &self.number
    }

    /// The index of the selected digit.
    pub fn selected(&self) -> usize {
        self.selected
    }

    /// The selected digit.
    pub fn digit(&self) -> &NumberDigit {
        &self.number.digits[self.selected]
    }

    /// Selects another digit, if there is one of this index.
    pub(super) fn select(&mut self, index: usize) {
        if index < self.number.digits.len() {
            self.selected = index;
        }
    }

    /// The answer for the selected digit.
    pub(super) fn answer(&self) -> Answer {
        let digit = self.digit();
        Answer {
            bitmap: self.inputs[self.selected].clone(),
            prediction: digit.prediction.clone(),
            shows_several: false,
            is_mark: !digit.is_digit,
            misses: self.number.misfit().is_some(),
        }
    }
}
