//! Calibration: how logits become probabilities, and when the model rejects an image as a non-digit.

use serde::{Deserialize, Serialize};

use super::softmax::log_sum_exp;
use crate::bitmap::CLASSES;

/// How logits become probabilities, and when an image is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// The divisor of the logits before the softmax, above 0. With a fitted temperature, predictions of
    /// 90 % confidence are correct nine times in ten (Guo, Pleiss, Sun and Weinberger, "On calibration
    /// of modern neural networks", 2017).
    pub temperature: f32,
    /// The [`energy_score`] below which an image is rejected as a non-digit. `None` if the network was
    /// trained without non-digits.
    pub reject_threshold: Option<f32>,
}

impl Default for Calibration {
    /// Temperature 1, and no image is rejected.
    fn default() -> Self {
        Self {
            temperature: 1.0,
            reject_threshold: None,
        }
    }
}

impl Calibration {
    /// The logits divided by the temperature.
    pub fn scale(&self, logits: &[f32; CLASSES]) -> [f32; CLASSES] {
        logits.map(|logit| logit / self.temperature)
    }

    /// Whether the energy score is below the threshold.
    pub fn rejects(&self, logits: &[f32; CLASSES]) -> bool {
        let is_below = |threshold| energy_score(logits) < threshold;
        self.reject_threshold.is_some_and(is_below)
    }
}

/// The energy score of an image: the log-sum-exp of its logits (Liu, Wang, Owens and Li, "Energy-based
/// out-of-distribution detection", 2020; theirs has the opposite sign).
///
/// Training with non-digits adds an eleventh class with the constant logit 0. The score is then the
/// log-odds that the image is a digit. The network itself keeps ten outputs.
pub fn energy_score(logits: &[f32; CLASSES]) -> f32 {
    log_sum_exp(logits)
}

/// The [`energy_score`] of each image, ascending.
pub fn sorted_energy_scores<'a>(logits: impl IntoIterator<Item = &'a [f32; CLASSES]>) -> Vec<f32> {
    let mut scores: Vec<f32> = logits.into_iter().map(energy_score).collect();
    scores.sort_by(f32::total_cmp);
    scores
}

/// The highest threshold that accepts at least this fraction of the digits, 0..=1. `scores` are the
/// digits' [`sorted_energy_scores`]. `None` without digits.
pub fn threshold_accepting(fraction: f64, scores: &[f32]) -> Option<f32> {
    // The addend undoes the rounding of 1 − fraction: 1 − 0.99 is slightly above 0.01.
    let rejected = ((1.0 - fraction) * scores.len() as f64 + 1e-9) as usize;
    scores.get(rejected).or(scores.last()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_accept_the_requested_fraction() {
        let scores: Vec<f32> = (0..200).map(|number| number as f32).collect();
        for (fraction, expected, reason) in [
            (1.0, 0.0, "all"),
            (0.995, 1.0, "all but one"),
            (0.99, 2.0, "all but two, although 1 − 0.99 > 0.01"),
            (0.9926, 1.0, "1.48 rounds down to one"),
            (0.0, 199.0, "at least the last one"),
        ] {
            assert_eq!(
                threshold_accepting(fraction, &scores),
                Some(expected),
                "{reason}"
            );
        }
        assert_eq!(threshold_accepting(0.99, &[]), None, "no digits");
    }

    #[test]
    fn energy_scores_of_a_table_of_logits() {
        let mut one = [-100.0; CLASSES];
        one[4] = 3.0;
        let cases = [
            ([0.0; CLASSES], 10.0_f32.ln(), "ten equal classes"),
            (one, 3.0, "one class dominates: its own logit"),
            ([-800.0; CLASSES], 10.0_f32.ln() - 800.0, "no underflow"),
            ([800.0; CLASSES], 10.0_f32.ln() + 800.0, "no overflow"),
        ];
        for (logits, expected, reason) in cases {
            let found = energy_score(&logits);
            // One f32 step at 800 is 6e-5.
            assert!((found - expected).abs() < 1e-4, "{reason}: {found}");
        }
        let sorted = sorted_energy_scores(&[[2.0; CLASSES], one, [0.0; CLASSES]]);
        assert!(sorted.is_sorted(), "ascending: {sorted:?}");
        assert_eq!(sorted.len(), 3, "one score per image");
    }

    #[test]
    fn a_high_temperature_brings_logits_together() {
        let calibration = Calibration {
            temperature: 4.0,
            reject_threshold: None,
        };
        let logits = std::array::from_fn(|digit| 2.0 * digit as f32);
        let expected = std::array::from_fn(|digit| 0.5 * digit as f32);
        assert_eq!(calibration.scale(&logits), expected, "divided by 4");
    }

    #[test]
    fn an_image_is_rejected_below_the_threshold_only() {
        let logits = [0.0; CLASSES];
        let score = energy_score(&logits);
        for (reject_threshold, expected, reason) in [
            (None, false, "the model cannot reject"),
            (Some(score - 0.01), false, "above the threshold"),
            (Some(score), false, "at the threshold"),
            (Some(score + 0.01), true, "below the threshold"),
        ] {
            let calibration = Calibration {
                temperature: 5.0,
                reject_threshold,
            };
            assert_eq!(calibration.rejects(&logits), expected, "{reason}");
        }
    }
}
