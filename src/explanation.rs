//! Explanations: why a model gives a drawing this digit, and what would change its answer.
//!
//! Each view computes what it shows with the model itself, and can be checked against ordinary predictions.

pub mod evidence;
pub mod map;
pub mod neighbors;
pub mod units;

#[cfg(test)]
mod test_support;

use crate::bitmap::{CLASSES, Digit};

/// The predicted digit and another one, whose logits an explanation compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contrast {
    /// The digit with the largest logit.
    pub winner: Digit,
    /// The digit that it is compared with; never the winner.
    pub rival: Digit,
}

impl Contrast {
    /// The winner of these logits against `rival`. Without a rival, or if it is the winner itself, against the digit with
    /// the second largest logit.
    pub fn new(logits: &[f32; CLASSES], rival: Option<Digit>) -> Self {
        let winner = Digit::of_largest(logits);
        let second = || {
            let mut others = *logits;
            others[winner.index()] = f32::NEG_INFINITY;
            // Infinite logits leave the first digit, which may be the winner.
            let second = Digit::of_largest(&others);
            let next = Digit::ALL[(winner.index() + 1) % CLASSES];
            if second == winner { next } else { second }
        };
        Self {
            winner,
            rival: rival
                .filter(|&rival| rival != winner)
                .unwrap_or_else(second),
        }
    }

    /// The logit of the winner minus that of the rival. At the calibration's temperature T, the winner is
    /// exp(margin / T) times as probable as the rival.
    pub fn margin(self, logits: &[f32; CLASSES]) -> f32 {
        logits[self.winner.index()] - logits[self.rival.index()]
    }

    /// The weights of the logits whose sum is the margin: 1, −1 and 0.
    fn weights(self) -> [f32; CLASSES] {
        let mut weights = [0.0; CLASSES];
        weights[self.winner.index()] = 1.0;
        weights[self.rival.index()] = -1.0;
        weights
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contrast_compares_two_digits() {
        let mut logits = [0.0; CLASSES];
        (logits[7], logits[1], logits[4]) = (5.0, 3.0, -2.0);
        let cases = [
            (None, 1, 2.0, "the second by default"),
            (Digit::new(4), 4, 7.0, "the chosen one"),
            (Digit::new(7), 1, 2.0, "no digit rivals itself"),
        ];
        for (rival, expected, margin, reason) in cases {
            let contrast = Contrast::new(&logits, rival);
            assert_eq!(contrast.winner.value(), 7, "{reason}");
            assert_eq!(contrast.rival.value(), expected, "{reason}");
            assert_eq!(contrast.margin(&logits), margin, "{reason}");
        }
        let equal = Contrast::new(&[f32::NEG_INFINITY; CLASSES], None);
        assert_ne!(
            equal.winner, equal.rival,
            "two digits even of invalid logits"
        );
    }
}
