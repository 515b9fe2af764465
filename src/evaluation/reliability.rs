//! Reliability: a model's accuracy at each level of its confidence.

use serde::Serialize;

/// The number of confidence bins, of equal width; as in Guo et al. (2017).
pub const BINS: usize = 15;

/// The predictions whose confidence is above the bin's lower edge and at most its upper edge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Bin {
    /// The number of predictions.
    pub count: usize,
    /// Their mean confidence, 0..=1; 0 without any.
    pub confidence: f64,
    /// The fraction of correct predictions, 0..=1; 0 without any.
    pub accuracy: f64,
}

impl Bin {
    /// The lower and the upper edge of the bin at `index`.
    pub fn edges(index: usize) -> [f64; 2] {
        [index, index + 1].map(|edge| edge as f64 / BINS as f64)
    }

    /// The bin of a confidence. NaN goes to the first bin, other values out of range to the nearest.
    fn index_of(confidence: f64) -> usize {
        // The cast turns NaN and negative values into 0.
        ((confidence * BINS as f64).ceil() as usize).clamp(1, BINS) - 1
    }
}

/// A reliability diagram: accuracy against confidence, in bins of equal width.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Reliability {
    /// The bins, from confidence 0 to 1.
    #[serde(rename = "reliability")]
    pub bins: [Bin; BINS],
    /// The expected calibration error, 0..=1: Σ (nₘ / n) · |accuracyₘ − confidenceₘ| over the bins,
    /// where nₘ of the n predictions are in bin m; 0 without predictions.
    ///
    /// Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks, ICML 2017, equation 3;
    /// after Naeini, Cooper, Hauskrecht: Obtaining Well Calibrated Probabilities Using Bayesian
    /// Binning, AAAI 2015.
    pub ece: f64,
}

impl Reliability {
    /// From each prediction's confidence, 0..=1, and whether it is correct.
    pub fn new(predictions: impl Iterator<Item = (f32, bool)>) -> Self {
        let mut bins = [Bin::default(); BINS];
        for (confidence, is_correct) in predictions {
            let confidence = f64::from(confidence);
            let bin = &mut bins[Bin::index_of(confidence)];
            bin.count += 1;
            bin.confidence += confidence;
            bin.accuracy += f64::from(u8::from(is_correct));
        }
        let count: usize = bins.iter().map(|bin| bin.count).sum();
        // The bins still hold sums, not means.
        let gaps = bins.iter().map(|bin| (bin.accuracy - bin.confidence).abs());
        let ece = gaps.sum::<f64>() / count.max(1) as f64;
        for bin in &mut bins {
            let count = bin.count.max(1) as f64;
            bin.confidence /= count;
            bin.accuracy /= count;
        }
        Self { bins, ece }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[test]
    fn a_confidence_at_an_edge_belongs_to_the_bin_below() {
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
            (1.000_001, 14, "rounding above 1"),
            (-0.5, 0, "out of range"),
            (f64::NAN, 0, "NaN"),
        ];
        for (confidence, index, reason) in cases {
            assert_eq!(Bin::index_of(confidence), index, "{confidence}: {reason}");
        }
    }

    #[test]
    fn the_calibration_error_of_small_tables() {
        type Case = (&'static [(f32, bool)], f64, &'static str);
        let cases: [Case; 6] = [
            (&[], 0.0, "no predictions"),
            (&[(1.0, true)], 0.0, "certain and correct"),
            (&[(1.0, false)], 1.0, "certain and wrong"),
            (
                &[(0.5, true), (0.5, false)],
                0.0,
                "confidence 0.5, accuracy 0.5",
            ),
            (
                &[(0.75, true), (0.25, true)],
                0.5,
                "two bins with gaps 0.25 and 0.75",
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
                "only the certain error counts, a fifth of all",
            ),
        ];
        for (predictions, expected, reason) in cases {
            let reliability = Reliability::new(predictions.iter().copied());
            assert!(
                (reliability.ece - expected).abs() < 1e-12,
                "{reason}: {}",
                reliability.ece
            );
            let count: usize = reliability.bins.iter().map(|bin| bin.count).sum();
            assert_eq!(count, predictions.len(), "each counts once: {reason}");
        }
    }

    /// A case that `tests/reference/calibration.py` wrote.
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
    fn a_reference_implementation_agrees() {
        let text = include_str!("../../tests/reference/calibration.json");
        let cases: Vec<Case> = serde_json::from_str(text).expect("the reference file is valid");
        assert!(cases.len() >= 4, "several kinds of predictions");
        for case in cases {
            let predictions = case
                .confidences
                .iter()
                .copied()
                .zip(case.right.iter().copied());
            let found = Reliability::new(predictions);
            // Both sum in f64, in different order: a few units in the last place.
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
