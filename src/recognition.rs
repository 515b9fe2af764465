//! From a bitmap to what the network thinks of it.

use crate::{
    bitmap::{Bitmap, CLASSES, Digit},
    error::ModelError,
    model::Mlp,
};

/// What a network makes of one bitmap.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    probabilities: [f32; CLASSES],
}

impl Prediction {
    /// The softmax of ten logits. The largest is subtracted first, so that none overflows.
    pub fn of_logits(logits: &[f32; CLASSES]) -> Self {
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let powers = logits.map(|logit| (logit - largest).exp());
        let sum: f32 = powers.iter().sum();
        Self {
            probabilities: powers.map(|power| power / sum),
        }
    }

    /// The probability of each digit; together 1.
    pub fn probabilities(&self) -> &[f32; CLASSES] {
        &self.probabilities
    }

    /// The most probable digit.
    pub fn digit(&self) -> Digit {
        Digit::of_largest(&self.probabilities)
    }

    /// The probability of the most probable digit, 0..=1.
    pub fn confidence(&self) -> f32 {
        self.probabilities[self.digit().index()]
    }
}

/// Runs the network on one bitmap.
///
/// # Errors
/// When candle fails.
pub fn predict(mlp: &Mlp, bitmap: &Bitmap) -> Result<Prediction, ModelError> {
    let logits = mlp.logits(bitmap.pixels().to_vec())?;
    Ok(Prediction::of_logits(&logits[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softmax_of_a_table_of_logits() {
        let mut sure = [0.0; CLASSES];
        sure[3] = 1000.0;
        let mut two = [-1e30; CLASSES];
        two[4] = 5.0;
        two[9] = 5.0;
        let cases = [
            ([0.0; CLASSES], 0, 0.1, "nothing is known"),
            (sure, 3, 1.0, "no overflow"),
            (two, 4, 0.5, "the first of two equals"),
        ];
        for (logits, digit, confidence, reason) in cases {
            let prediction = Prediction::of_logits(&logits);
            assert_eq!(prediction.digit().value(), digit, "{reason}");
            assert!(
                (prediction.confidence() - confidence).abs() < 1e-6,
                "{reason}"
            );
            let sum: f32 = prediction.probabilities().iter().sum();
            assert!((sum - 1.0).abs() < 1e-6, "{reason}: together 1");
        }
    }
}
