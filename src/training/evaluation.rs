//! How good a network is on examples whose digits are known.

use serde::Serialize;

use super::{
    config::Loss,
    control::{Control, Wish},
};
use crate::{
    bitmap::{CLASSES, Digit, PIXELS},
    dataset::Examples,
    error::ModelError,
    model::Mlp,
};

/// Examples that go through the network at once: large enough to fill the processor, small
/// enough that activations stay in its caches.
const CHUNK: usize = 500;

/// The figures of one pass over examples.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// How many examples there were.
    pub examples: usize,
    /// Mean cross-entropy, in nats; 0 without examples.
    pub loss: f64,
    /// The part that was read rightly, 0..=1; 0 without examples.
    pub accuracy: f64,
    /// How often a digit (row) was read as a digit (column).
    pub confusion: [[usize; CLASSES]; CLASSES],
}

impl Evaluation {
    /// Nothing seen yet.
    fn empty() -> Self {
        Self {
            examples: 0,
            loss: 0.0,
            accuracy: 0.0,
            confusion: [[0; CLASSES]; CLASSES],
        }
    }

    /// From logits and what the digits were.
    pub fn of_logits<'a>(logits: impl Iterator<Item = (&'a [f32; CLASSES], Digit)>) -> Self {
        let mut evaluation = Self::empty();
        let mut sum = 0.0;
        for (logits, truth) in logits {
            sum += cross_entropy(logits, truth);
            evaluation.examples += 1;
            evaluation.confusion[truth.index()][Digit::of_largest(logits).index()] += 1;
        }
        let count = evaluation.examples.max(1) as f64;
        let right: usize = (0..CLASSES)
            .map(|digit| evaluation.confusion[digit][digit])
            .sum();
        evaluation.loss = sum / count;
        evaluation.accuracy = right as f64 / count;
        evaluation
    }
}

/// −ln of the softmax's value for the truth, in nats.
fn cross_entropy(logits: &[f32; CLASSES], truth: Digit) -> f64 {
    let logits = logits.map(f64::from);
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits.iter().map(|logit| (logit - largest).exp()).sum();
    sum.ln() + largest - logits[truth.index()]
}

/// Runs the network over examples; `None` when it was abandoned on the way.
///
/// # Errors
/// When candle fails.
pub fn evaluate(
    mlp: &Mlp,
    examples: &Examples,
    control: &Control,
) -> Result<Option<Evaluation>, ModelError> {
    let logits = logits(mlp, examples, control)?;
    Ok(logits.map(|logits| Evaluation::of_logits(logits.iter().zip(truths(examples)))))
}

/// The logits of each example; `None` when it was abandoned on the way.
///
/// # Errors
/// When candle fails.
pub(super) fn logits(
    mlp: &Mlp,
    examples: &Examples,
    control: &Control,
) -> Result<Option<Vec<[f32; CLASSES]>>, ModelError> {
    let mut logits: Vec<[f32; CLASSES]> = Vec::with_capacity(examples.len());
    for images in examples.images().chunks(CHUNK * PIXELS) {
        if control.wish() == Wish::Abandon {
            return Ok(None);
        }
        let pixels = images.iter().map(|&byte| f32::from(byte) / 255.0);
        logits.extend(mlp.logits(pixels.collect())?);
    }
    Ok(Some(logits))
}

fn truths(examples: &Examples) -> impl Iterator<Item = Digit> {
    (0..examples.len()).map(|index| examples.label(index))
}

/// The mean of a loss, and the accuracy, 0..=1; `None` without examples.
pub(super) fn figures(
    logits: &[[f32; CLASSES]],
    examples: &Examples,
    loss: Loss,
) -> Option<(f64, f64)> {
    let evaluation = Evaluation::of_logits(logits.iter().zip(truths(examples)));
    let mean = match loss {
        Loss::CrossEntropy => evaluation.loss,
        Loss::MeanSquaredError => {
            let errors = logits.iter().zip(truths(examples));
            let sum: f64 = errors
                .map(|(logits, truth)| squared_error(logits, truth))
                .sum();
            sum / logits.len().max(1) as f64
        }
    };
    (evaluation.examples > 0).then_some((mean, evaluation.accuracy))
}

/// The mean over the classes of (p − t)², where p is the softmax and t is 1 for the truth.
fn squared_error(logits: &[f32; CLASSES], truth: Digit) -> f64 {
    let logits = logits.map(f64::from);
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers = logits.map(|logit| (logit - largest).exp());
    let sum: f64 = powers.iter().sum();
    let errors = powers.iter().enumerate().map(|(class, power)| {
        let target = f64::from(u8::from(class == truth.index()));
        (power / sum - target).powi(2)
    });
    errors.sum::<f64>() / CLASSES as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_a_small_table() {
        let mut right = [0.0; CLASSES];
        right[2] = 3.0;
        let rows = [(right, 2), (right, 5), ([0.0; CLASSES], 0)];
        let digit = |value| Digit::new(value).expect("a digit");
        let evaluation =
            Evaluation::of_logits(rows.iter().map(|(logits, truth)| (logits, digit(*truth))));
        // In Python: log(9 + e³) − 3, log(9 + e³) and log(10), averaged.
        let sum = (9.0 + 3.0_f64.exp()).ln();
        let expected = ((sum - 3.0) + sum + 10.0_f64.ln()) / 3.0;
        assert!(
            (evaluation.loss - expected).abs() < 1e-12,
            "mean cross-entropy"
        );
        assert!(
            (evaluation.accuracy - 2.0 / 3.0).abs() < 1e-12,
            "two of three"
        );
        assert_eq!(evaluation.confusion[5][2], 1, "the 5 was read as 2");
        assert_eq!(evaluation.confusion[2][2], 1, "the 2 was read");
    }

    #[test]
    fn the_squared_error_is_a_mean_over_the_classes() {
        let examples = Examples::new(vec![0; 2 * PIXELS], vec![3, 0]).expect("two blank images");
        let mut sure = [0.0; CLASSES];
        sure[3] = 1000.0;
        // The second is 0.1 for each class: (0.9² + 9 · 0.1²) / 10 = 0.09.
        let logits = [sure, [0.0; CLASSES]];
        let (loss, accuracy) =
            figures(&logits, &examples, Loss::MeanSquaredError).expect("there are examples");
        assert!((loss - 0.045).abs() < 1e-9, "half of it: {loss}");
        assert_eq!(accuracy, 1.0, "the first of equals is 0");
        let none = Examples::new(Vec::new(), Vec::new()).expect("nothing");
        assert_eq!(
            figures(&[], &none, Loss::CrossEntropy),
            None,
            "nothing is known"
        );
    }

    #[test]
    fn no_examples_are_no_division_by_zero() {
        let evaluation = Evaluation::of_logits(std::iter::empty());
        assert_eq!(
            (evaluation.loss, evaluation.accuracy),
            (0.0, 0.0),
            "zeros, not NaN"
        );
    }
}
