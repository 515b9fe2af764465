//! How well energy scores separate digits from non-digits.

use digitpad::{
    bitmap::CLASSES,
    model::calibration::{sorted_energy_scores, threshold_accepting},
};

/// The energy scores of digits and of non-digits, ascending.
pub(crate) struct EnergyScores {
    digits: Vec<f32>,
    non_digits: Vec<f32>,
}

impl EnergyScores {
    /// `None` unless there are both.
    pub(crate) fn new<'a>(
        digits: impl IntoIterator<Item = &'a [f32; CLASSES]>,
        non_digits: impl IntoIterator<Item = &'a [f32; CLASSES]>,
    ) -> Option<Self> {
        let scores = Self {
            digits: sorted_energy_scores(digits),
            non_digits: sorted_energy_scores(non_digits),
        };
        (!scores.digits.is_empty() && !scores.non_digits.is_empty()).then_some(scores)
    }

    /// The area under the receiver operating characteristic: the probability that a digit has a higher
    /// score than a non-digit.
    pub(crate) fn auroc(&self) -> f64 {
        // The Mann-Whitney statistic; a tie counts half.
        let wins = self.digits.iter().map(|&digit| {
            let below = self.non_digits.partition_point(|&score| score < digit);
            let not_above = self.non_digits.partition_point(|&score| score <= digit);
            (below + not_above) as f64 / 2.0
        });
        wins.sum::<f64>() / (self.digits.len() * self.non_digits.len()) as f64
    }

    /// The fraction of the non-digits that is rejected by the highest threshold that accepts this fraction
    /// of the digits.
    pub(crate) fn rejected_accepting(&self, fraction: f64) -> f64 {
        let threshold = threshold_accepting(fraction, &self.digits);
        let is_rejected = |&score: &f32| Some(score) < threshold;
        self.non_digits.partition_point(is_rejected) as f64 / self.non_digits.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logits with about this energy score.
    fn logits(score: f32) -> [f32; CLASSES] {
        let mut logits = [-100.0; CLASSES];
        logits[0] = score;
        logits
    }

    /// The scores of digits and of non-digits, the expected area, and the reason.
    type Case<'a> = (&'a [f32], &'a [f32], Option<f64>, &'a str);

    #[test]
    fn the_area_counts_pairs() {
        let cases: [Case; 5] = [
            (&[1.0, 0.0], &[-1.0], Some(1.0), "all above"),
            (&[-1.0], &[0.0, 1.0], Some(0.0), "all below"),
            (&[0.0], &[-1.0, 1.0], Some(0.5), "one of each"),
            (&[0.0], &[0.0], Some(0.5), "a tie is half"),
            (&[], &[0.0], None, "no digits"),
        ];
        for (digits, non_digits, expected, reason) in cases {
            let [digits, non_digits]: [Vec<_>; 2] =
                [digits, non_digits].map(|scores| scores.iter().map(|&s| logits(s)).collect());
            let scores = EnergyScores::new(&digits, &non_digits);
            let area = scores.map(|scores| scores.auroc());
            assert_eq!(area, expected, "{reason}");
        }
    }

    #[test]
    fn the_threshold_accepts_the_requested_fraction() {
        let digits: Vec<_> = (0..100).map(|index| logits(index as f32)).collect();
        let non_digits = [-1.0, 0.5, 1.5, 50.0].map(logits);
        let scores = EnergyScores::new(&digits, &non_digits).expect("there are both");
        for (fraction, rejected) in [
            (1.0, 0.25),
            (0.99, 0.5),
            (0.98, 0.75),
            (0.5, 0.75),
            (0.0, 1.0),
        ] {
            assert_eq!(
                scores.rejected_accepting(fraction),
                rejected,
                "accepting {fraction}"
            );
        }
    }
}
