//! How good a network is on examples whose digits are known.

use serde::Serialize;

use super::{config::Loss, control::Control};
use crate::{
    bitmap::{CLASSES, Digit, PIXELS},
    data::Examples,
    error::ModelError,
    model::Mlp,
};

/// The most examples that go through the network at once: enough to fill the processor, few enough that
/// activations stay in its caches.
const CHUNK: usize = 500;
/// The most parameters times examples that go through it at once, so that what is wished for meanwhile is
/// answered within a tenth of a second: 0.02 s on two cores that reach 50 GFLOP/s each.
const CHUNK_WORK: usize = 1_000_000_000;

/// How many examples go through a network at once.
pub(super) fn chunk_of(mlp: &Mlp) -> usize {
    (CHUNK_WORK / mlp.config().parameter_count()).clamp(1, CHUNK)
}

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

/// Runs the network over examples; `None` when it was told to leave it on the way.
///
/// # Errors
/// When candle fails.
pub fn evaluate(
    mlp: &Mlp,
    examples: &Examples,
    control: &Control,
) -> Result<Option<Evaluation>, ModelError> {
    let logits = logits(mlp, examples, &mut |read| control.continues_testing(read))?;
    let is_whole = logits.len() == examples.len();
    Ok(is_whole.then(|| Evaluation::of_logits(logits.iter().zip(truths(examples)))))
}

/// The logits of each example, or of the first ones until it shall not go on: that is asked before every
/// part, with the number of those read so far.
///
/// # Errors
/// When candle fails.
pub(super) fn logits(
    mlp: &Mlp,
    examples: &Examples,
    goes_on: &mut dyn FnMut(usize) -> bool,
) -> Result<Vec<[f32; CLASSES]>, ModelError> {
    let mut logits: Vec<[f32; CLASSES]> = Vec::with_capacity(examples.len());
    for images in examples.images().chunks(chunk_of(mlp) * PIXELS) {
        if !goes_on(logits.len()) {
            break;
        }
        let pixels = images.iter().map(|&byte| f32::from(byte) / 255.0);
        logits.extend(mlp.logits(pixels.collect())?);
    }
    Ok(logits)
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

    #[test]
    fn it_is_asked_before_every_part_and_large_networks_have_small_parts() {
        let examples = Examples::new(vec![0; 1100 * PIXELS], vec![0; 1100]).expect("blank");
        let cases: [(&[usize], &[usize], &str); 2] = [
            (&[4], &[0, 500, 1000], "a small network"),
            (&[1280, 640], &[0, 500, 1000], "a large network"),
        ];
        for (hidden, expected, reason) in cases {
            let mlp = mlp(hidden);
            let mut asked = Vec::new();
            let all = logits(&mlp, &examples, &mut |read| {
                asked.push(read);
                true
            });
            assert_eq!(all.expect("computes").len(), 1100, "{reason}: all are read");
            assert_eq!(asked, expected, "{reason}");
            let some = logits(&mlp, &examples, &mut |read| read < 500);
            assert_eq!(some.expect("computes").len(), 500, "{reason}: so many");
        }
        let huge = mlp(&[8000, 1000]);
        let work = chunk_of(&huge) * huge.config().parameter_count();
        assert!(
            work <= CHUNK_WORK,
            "a part is no more work for a huge network"
        );
    }

    fn mlp(hidden: &[usize]) -> Mlp {
        let config = crate::model::MlpConfig::relu(hidden.to_vec());
        Mlp::new(&config, 0, &candle_core::Device::Cpu).expect("fits")
    }
}
