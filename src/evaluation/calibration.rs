//! How far a model's confidence can be relied on: of what it is 90 % sure of, 90 % should be right.

use serde::Serialize;

/// How many bins of confidence there are, each 1/15 wide: as many as Guo et al. (2017) use.
pub const BINS: usize = 15;

/// The answers whose confidence is above the bin's lower edge and at most its upper edge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Bin {
    /// How many answers fall into it.
    pub count: usize,
    /// Their mean confidence, 0..=1; 0 without any.
    pub confidence: f64,
    /// The part of them that is right, 0..=1; 0 without any.
    pub accuracy: f64,
}

impl Bin {
    /// The confidences that belong to the bin at `index`: above the first and up to the second.
    pub fn edges(index: usize) -> [f64; 2] {
        [index, index + 1].map(|edge| edge as f64 / BINS as f64)
    }

    /// Which bin a confidence belongs to. What is no number, or no confidence, goes to the nearest.
    fn index_of(confidence: f64) -> usize {
        // The cast takes NaN and what is below 0 to 0.
        ((confidence * BINS as f64).ceil() as usize).clamp(1, BINS) - 1
    }
}

/// A reliability diagram: accuracy against confidence, in bins of equal width.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Reliability {
    /// The bins, from confidence 0 to 1.
    pub bins: [Bin; BINS],
    /// The expected calibration error, 0..=1: Σ (nₘ / n) · |accuracyₘ − confidenceₘ| over the bins,
    /// where nₘ of the n answers fall into bin m. An empty bin adds nothing; without answers it is 0.
    ///
    /// Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks, ICML 2017, equation 3;
    /// after Naeini, Cooper, Hauskrecht: Obtaining Well Calibrated Probabilities Using Bayesian
    /// Binning, AAAI 2015.
    pub ece: f64,
    /// The mean confidence of all answers, 0..=1; 0 without any.
    pub mean_confidence: f64,
}

impl Reliability {
    /// From each answer's confidence, 0..=1, and whether it is right.
    pub fn of(answers: impl Iterator<Item = (f32, bool)>) -> Self {
        let mut bins = [Bin::default(); BINS];
        for (confidence, is_right) in answers {
            let confidence = f64::from(confidence);
            let bin = &mut bins[Bin::index_of(confidence)];
            bin.count += 1;
            bin.confidence += confidence;
            bin.accuracy += f64::from(u8::from(is_right));
        }
        let count: usize = bins.iter().map(|bin| bin.count).sum();
        let whole = count.max(1) as f64;
        // What is in the bins are sums as yet.
        let gap: f64 = bins
            .iter()
            .map(|bin| (bin.accuracy - bin.confidence).abs())
            .sum();
        let confidence: f64 = bins.iter().map(|bin| bin.confidence).sum();
        for bin in &mut bins {
            let own = bin.count.max(1) as f64;
            bin.confidence /= own;
            bin.accuracy /= own;
        }
        Self {
            bins,
            ece: gap / whole,
            mean_confidence: confidence / whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[test]
    fn answers_fall_into_the_bin_below_or_at_its_upper_edge() {
        let third = 1.0 / 3.0;
        let cases = [
            (0.0, 0, "the lowest edge has no bin below it"),
            (0.01, 0, "the first"),
            (1.0 / 15.0, 0, "an upper edge belongs to its bin"),
            (0.067, 1, "just above it"),
            (third, 4, "the upper edge of the fifth"),
            (0.5, 7, "the middle of the middle one"),
            (0.95, 14, "the last"),
            (1.0, 14, "certainty"),
            (1.000_001, 14, "rounded up beyond it"),
            (-0.5, 0, "no confidence"),
            (f64::NAN, 0, "no number"),
        ];
        for (confidence, index, reason) in cases {
            assert_eq!(Bin::index_of(confidence), index, "{confidence}: {reason}");
        }
    }

    #[test]
    fn the_error_of_small_tables() {
        type Case = (&'static [(f32, bool)], f64, &'static str);
        let cases: [Case; 6] = [
            (&[], 0.0, "no answers are no division by zero"),
            (&[(1.0, true)], 0.0, "certain and right"),
            (&[(1.0, false)], 1.0, "certain and wrong"),
            (
                &[(0.5, true), (0.5, false)],
                0.0,
                "half of the halves are right",
            ),
            (
                &[(0.75, true), (0.25, true)],
                0.5,
                "two bins: 0.25 and 0.75 too little, half each",
            ),
            (
                &[
                    (0.75, true),
                    (0.75, true),
                    (0.75, true),
                    (0.75, false),
                    (1.0, false),
                ],
                0.2,
                "what is right as often as said adds nothing, a fifth is wrong for certain",
            ),
        ];
        for (answers, expected, reason) in cases {
            let reliability = Reliability::of(answers.iter().copied());
            assert!(
                (reliability.ece - expected).abs() < 1e-12,
                "{reason}: {}",
                reliability.ece
            );
            let count: usize = reliability.bins.iter().map(|bin| bin.count).sum();
            assert_eq!(count, answers.len(), "each counts once: {reason}");
        }
    }

    /// What `tests/reference/calibration.py` writes.
    #[derive(Deserialize)]
    struct Case {
        name: String,
        confidences: Vec<f32>,
        right: Vec<bool>,
        counts: Vec<usize>,
        mean_confidences: Vec<f64>,
        accuracies: Vec<f64>,
        ece: f64,
    }

    #[test]
    fn another_implementation_finds_the_same() {
        let text = include_str!("../../tests/reference/calibration.json");
        let cases: Vec<Case> = serde_json::from_str(text).expect("is as the program writes it");
        assert!(cases.len() >= 4, "several kinds of answers");
        for case in cases {
            let answers = case
                .confidences
                .iter()
                .copied()
                .zip(case.right.iter().copied());
            let found = Reliability::of(answers);
            // Both sum in 64 bits, in another order: a few units in the last of sixteen places.
            let is_close = |one: f64, other: f64| (one - other).abs() < 1e-12;
            assert!(
                is_close(found.ece, case.ece),
                "{}: {}",
                case.name,
                found.ece
            );
            for (index, bin) in found.bins.iter().enumerate() {
                assert_eq!(bin.count, case.counts[index], "{}, bin {index}", case.name);
                assert!(
                    is_close(bin.confidence, case.mean_confidences[index])
                        && is_close(bin.accuracy, case.accuracies[index]),
                    "{}, bin {index}: {bin:?}",
                    case.name
                );
            }
        }
    }
}
