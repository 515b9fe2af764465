//! What a model's logits are worth: how sure they are, and below what they mean no digit.

use serde::Serialize;

use crate::bitmap::CLASSES;

/// How logits become probabilities, and when they mean that there is no digit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Calibration {
    /// What the logits are divided by before the softmax, above 0. It makes "90 %" right nine times
    /// in ten (Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", 2017).
    pub temperature: f32,
    /// The [`evidence`] below which a picture shows no digit; `None` where the network has not learnt
    /// to tell.
    pub reject_below: Option<f32>,
}

impl Default for Calibration {
    /// The logits as they are, and every picture a digit.
    fn default() -> Self {
        Self {
            temperature: 1.0,
            reject_below: None,
        }
    }
}

/// The logarithm of the odds that a picture shows a digit, for a network that has learnt from some that
/// show none: ln Σ exp(logit).
///
/// In training an eleventh class, no digit, has the logit 0, so that its probability is
/// 1 / (1 + Σ exp(logit)). The network itself keeps ten outputs.
pub fn evidence(logits: &[f32; CLASSES]) -> f32 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = logits.iter().map(|logit| (logit - largest).exp()).sum();
    sum.ln() + largest
}

#[cfg(test)]
mod tests {
    use super::*;

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
