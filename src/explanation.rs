//! Explanations: why a model gives a drawing this digit, and what would change its answer.
//!
//! Each view computes what it shows with the model itself, and can be checked against ordinary predictions.

pub mod counterfactual;
pub mod evidence;
pub mod map;
pub mod neighbors;
pub mod occlusion;
pub mod units;

#[cfg(test)]
mod honesty;
#[cfg(test)]
mod test_support;

use crate::bitmap::{CLASSES, Digit};

/// The predicted digit and another one, whose logits an explanation compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The digit with the largest logit.
    pub winner: Digit,
    /// The digit that it is compared with; never the winner.
    pub rival: Digit,
}

impl Comparison {
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

/// The end of a scale for these values: the smallest of 0.01, 0.02, 0.05, 0.1, … that no value exceeds in size. Its few
/// steps keep the scale still while a drawing changes.
pub fn scale_limit(values: impl IntoIterator<Item = f32>) -> f32 {
    let sizes = values.into_iter().map(f32::abs);
    let largest = sizes.fold(0.01, f32::max).min(f32::MAX / 10.0);
    let decade = 10.0_f32.powf(largest.log10().floor());
    let steps = [1.0, 2.0, 5.0].map(|step| step * decade);
    let fits = |step: &&f32| largest <= **step;
    *steps.iter().find(fits).unwrap_or(&(10.0 * decade))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_compares_two_digits() {
        let mut logits = [0.0; CLASSES];
        (logits[7], logits[1], logits[4]) = (5.0, 3.0, -2.0);
        let cases = [
            (None, 1, 2.0, "the second by default"),
            (Digit::new(4), 4, 7.0, "the chosen one"),
            (Digit::new(7), 1, 2.0, "no digit rivals itself"),
        ];
        for (rival, expected, margin, reason) in cases {
            let comparison = Comparison::new(&logits, rival);
            assert_eq!(comparison.winner.value(), 7, "{reason}");
            assert_eq!(comparison.rival.value(), expected, "{reason}");
            assert_eq!(comparison.margin(&logits), margin, "{reason}");
        }
        let equal = Comparison::new(&[f32::NEG_INFINITY; CLASSES], None);
        assert_ne!(
            equal.winner, equal.rival,
            "two digits even of invalid logits"
        );
    }

    #[test]
    fn scales_have_few_ends() {
        let cases: [(&[f32], f32, &str); 7] = [
            (&[], 0.01, "no value"),
            (&[0.0, -0.001], 0.01, "hardly any"),
            (&[0.5, -0.9], 1.0, "both signs count"),
            (&[2.0], 2.0, "not exceeded"),
            (&[2.1], 5.0, "the next end"),
            (&[-37.0], 50.0, "tens"),
            (&[6e4], 1e5, "the next decade"),
        ];
        for (values, expected, reason) in cases {
            let found = scale_limit(values.iter().copied());
            assert!((found / expected - 1.0).abs() < 1e-5, "{reason}: {found}");
        }
    }
}
