//! What of all that is no digit is refused.

use std::{collections::BTreeMap, io::Write};

use serde::Serialize;

use crate::{
    bitmap::CLASSES,
    data::ink_set::{HELD_OUT_SYMBOLS, NON_DIGIT_SYMBOLS, is_among},
    error::CliError,
    format,
    model::{
        calibration::{sorted_energy_scores, threshold_accepting},
        file::Model,
    },
    recognition::Prediction,
};

/// How much was refused of what is no digit.
#[derive(Debug, Serialize)]
pub(super) struct NonDigitMetrics {
    /// All of it.
    #[serde(flatten)]
    all: Refused,
    /// Signs that look like no digit, whoever writes them.
    plain: Refused,
    /// Those of them that the built-in model and the presets never met.
    unknown: Refused,
    by_sign: BTreeMap<String, Refused>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Refused {
    examples: usize,
    refused: usize,
}

impl Refused {
    fn count(&mut self, is_refused: bool) {
        self.examples += 1;
        self.refused += usize::from(is_refused);
    }

    /// `None` of none.
    fn part(self) -> Option<f64> {
        (self.examples > 0).then(|| self.refused as f64 / self.examples as f64)
    }
}

impl NonDigitMetrics {
    /// Of signs and their logits; `None` without any.
    pub(super) fn of(others: &[(&str, &[f32; CLASSES])], model: &Model) -> Option<Self> {
        if others.is_empty() {
            return None;
        }
        let mut figures = Self {
            all: Refused::default(),
            plain: Refused::default(),
            unknown: Refused::default(),
            by_sign: BTreeMap::new(),
        };
        for &(sign, logits) in others {
            let prediction = Prediction::of_logits(logits, &model.metadata.calibration);
            let is_refused = !prediction.is_digit();
            figures.all.count(is_refused);
            if is_among(sign, NON_DIGIT_SYMBOLS) {
                figures.plain.count(is_refused);
            }
            if is_among(sign, HELD_OUT_SYMBOLS) {
                figures.unknown.count(is_refused);
            }
            let of_sign = figures.by_sign.entry(sign.to_owned()).or_default();
            of_sign.count(is_refused);
        }
        Some(figures)
    }

    pub(super) fn write_text(&self, out: &mut dyn Write) -> Result<(), CliError> {
        for (what, figures) in [
            ("no digits", self.all),
            ("of them plain signs", self.plain),
            ("of them signs never learned", self.unknown),
        ] {
            let part = format::percent_or_dash(figures.part(), 2);
            writeln!(out, "{what}: {part} of {} refused", figures.examples)?;
        }
        for (sign, figures) in &self.by_sign {
            let part = format::percent_or_dash(figures.part(), 2);
            writeln!(out, "  {sign}: {part} of {}", figures.examples)?;
        }
        Ok(())
    }
}

/// The evidence of digits and of plain signs, which tells them apart at one threshold or another; each rising.
pub(super) struct Evidence {
    digits: Vec<f32>,
    signs: Vec<f32>,
}

impl Evidence {
    /// `None` unless there are both.
    pub(super) fn of(
        digits: &[[f32; CLASSES]],
        others: &[(&str, &[f32; CLASSES])],
    ) -> Option<Self> {
        let signs = others
            .iter()
            .filter(|(sign, _)| is_among(sign, NON_DIGIT_SYMBOLS))
            .map(|(_, logits)| *logits);
        let all = Self {
            digits: sorted_energy_scores(digits),
            signs: sorted_energy_scores(signs),
        };
        (!all.digits.is_empty() && !all.signs.is_empty()).then_some(all)
    }

    /// The probability that a digit has more evidence than a plain sign.
    pub(super) fn auroc(&self) -> f64 {
        // The Mann-Whitney statistic; a tie counts half.
        let wins = self.digits.iter().map(|&own| {
            let below = self.signs.partition_point(|&sign| sign < own);
            let not_above = self.signs.partition_point(|&sign| sign <= own);
            (below + not_above) as f64 / 2.0
        });
        wins.sum::<f64>() / (self.digits.len() * self.signs.len()) as f64
    }

    /// What part of the plain signs is refused where the threshold is the highest that keeps this part of the
    /// digits.
    pub(super) fn rejected_accepting(&self, part: f64) -> f64 {
        let threshold = threshold_accepting(part, &self.digits);
        let refused = self.signs.partition_point(|&sign| Some(sign) < threshold);
        refused as f64 / self.signs.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logits whose evidence is about `value`.
    fn of(value: f32) -> [f32; CLASSES] {
        let mut logits = [-100.0; CLASSES];
        logits[0] = value;
        logits
    }

    type Case<'a> = (
        &'a [[f32; CLASSES]],
        &'a [&'a [f32; CLASSES]],
        Option<f64>,
        &'a str,
    );

    fn evidence_of(digits: &[[f32; CLASSES]], signs: &[&[f32; CLASSES]]) -> Option<Evidence> {
        let others: Vec<_> = signs.iter().map(|&logits| ("K", logits)).collect();
        Evidence::of(digits, &others)
    }

    #[test]
    fn the_area_counts_pairs() {
        let (low, middle, high) = (of(-1.0), of(0.0), of(1.0));
        let cases: [Case; 5] = [
            (&[high, middle], &[&low], Some(1.0), "all above"),
            (&[low], &[&middle, &high], Some(0.0), "all below"),
            (&[middle], &[&low, &high], Some(0.5), "one of each"),
            (&[middle], &[&middle], Some(0.5), "a tie is half"),
            (&[], &[&middle], None, "no digits"),
        ];
        for (digits, signs, expected, reason) in cases {
            let area = evidence_of(digits, signs).map(|evidence| evidence.auroc());
            assert_eq!(area, expected, "{reason}");
        }
        let only_like_digits = [("l", &middle)];
        assert!(
            Evidence::of(&[high], &only_like_digits).is_none(),
            "no plain sign"
        );
    }

    #[test]
    fn the_threshold_keeps_the_part_that_is_asked_for() {
        let digits: Vec<_> = (0..100).map(|index| of(index as f32)).collect();
        let signs = [-1.0, 0.5, 1.5, 50.0].map(of);
        let evidence = evidence_of(&digits, &signs.each_ref()).expect("there are both");
        for (part, refused) in [
            (1.0, 0.25),
            (0.99, 0.5),
            (0.98, 0.75),
            (0.5, 0.75),
            (0.0, 1.0),
        ] {
            assert_eq!(evidence.rejected_accepting(part), refused, "keeping {part}");
        }
    }
}
