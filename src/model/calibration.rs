//! What a model's logits are worth: how sure they are, and below what they mean no digit.

use serde::{Deserialize, Serialize};

use crate::bitmap::CLASSES;

/// How logits become probabilities, and when they mean that there is no digit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// What the logits are divided by before the softmax, above 0. It makes "90 %" right nine times
    /// in ten (Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", 2017).
    pub temperature: f32,
    /// The [`evidence`] below which a picture shows no digit; `None` where the network has not learned
    /// to tell.
    pub reject_threshold: Option<f32>,
}

impl Default for Calibration {
    /// The logits as they are, and every picture a digit.
    fn default() -> Self {
        Self {
            temperature: 1.0,
            reject_threshold: None,
        }
    }
}

/// The logarithm of the odds that a picture shows a digit, for a network that has learned from some that
/// show none: ln Σ exp(logit).
///
/// In training an eleventh class, no digit, has the logit 0, so that its probability is
/// 1 / (1 + Σ exp(logit)). The network itself keeps ten outputs.
pub fn evidence(logits: &[f32; CLASSES]) -> f32 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = logits.iter().map(|logit| (logit - largest).exp()).sum();
    sum.ln() + largest
}

/// The [`evidence`] of each, rising.
pub fn sorted_energy_scores<'a>(logits: impl IntoIterator<Item = &'a [f32; CLASSES]>) -> Vec<f32> {
    let mut all: Vec<f32> = logits.into_iter().map(evidence).collect();
    all.sort_by(f32::total_cmp);
    all
}

/// The highest threshold at which at least this part, 0..=1, of the digits are still taken for digits, by their
/// [`sorted_energy_scores`]; `None` without digits.
pub fn threshold_accepting(part: f64, digits: &[f32]) -> Option<f32> {
    // What is whole but for the rounding of 1 - part is whole.
    let lost = ((1.0 - part) * digits.len() as f64 + 1e-9) as usize;
    digits.get(lost).or(digits.last()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_keeps_the_part_that_it_says() {
        let digits: Vec<f32> = (0..200).map(|number| number as f32).collect();
        for (part, expected, reason) in [
            (1.0, 0.0, "all"),
            (0.995, 1.0, "all but one"),
            (
                0.99,
                2.0,
                "all but two, though 1 - 0.99 is a little more than 0.01",
            ),
            (0.9926, 1.0, "one and a half cannot be lost"),
            (0.0, 199.0, "as few as may be"),
        ] {
            assert_eq!(
                threshold_accepting(part, &digits),
                Some(expected),
                "{reason}"
            );
        }
        assert_eq!(threshold_accepting(0.99, &[]), None, "there is nothing");
    }

    #[test]
    fn evidence_of_a_table_of_logits() {
        let mut one = [-100.0; CLASSES];
        one[4] = 3.0;
        let cases = [
            ([0.0; CLASSES], 10.0_f32.ln(), "ten to one"),
            (one, 3.0, "one class alone: its own logit"),
            ([-800.0; CLASSES], 10.0_f32.ln() - 800.0, "no underflow"),
        ];
        for (logits, expected, reason) in cases {
            let found = evidence(&logits);
            assert!((found - expected).abs() < 1e-4, "{reason}: {found}");
        }
    }
}
