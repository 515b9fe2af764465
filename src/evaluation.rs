//! Evaluation: the metrics of a model on labeled images, and the result of each image.

pub mod error_sheet;
pub mod evaluation_set;
pub mod numbers;
pub mod reliability;

use std::{fmt::Write as _, ops::Range};

use serde::Serialize;

use self::{evaluation_set::EvaluationSet, reliability::Reliability};
use crate::{
    bitmap::{CLASSES, Digit, PIXELS},
    data::Examples,
    error::ModelError,
    model::{
        Mlp,
        calibration::Calibration,
        softmax::{cross_entropy, squared_error},
    },
    recognition::{self, Prediction},
};

/// The most images per forward pass: enough to fill the processor, and their activations fit its caches.
const MAX_BATCH: usize = 500;
/// The most multiplications per forward pass. One pass takes 0.02 s on two cores of 50 GFLOP/s
/// each, so that a request to stop is answered within a tenth of a second.
const MAX_BATCH_WORK: usize = 1_000_000_000;

/// Images per forward pass.
pub(crate) fn batch_size(mlp: &Mlp) -> usize {
    (MAX_BATCH_WORK / mlp.config().multiplications()).clamp(1, MAX_BATCH)
}

/// The metrics of one pass over labeled digits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Metrics {
    /// The number of examples.
    pub examples: usize,
    /// Mean cross-entropy at temperature 1, in nats; 0 without examples.
    pub loss: f64,
    /// The fraction of correct predictions, 0..=1; 0 without examples.
    pub accuracy: f64,
    /// Counts by true digit (row) and predicted digit (column).
    pub confusion: [[usize; CLASSES]; CLASSES],
    /// Of the images predicted as each digit, the fraction that is this digit; `None` without any.
    pub precision: [Option<f64>; CLASSES],
    /// Of the images of each digit, the fraction predicted as this digit; `None` without any.
    pub recall: [Option<f64>; CLASSES],
    /// Accuracy against confidence.
    #[serde(flatten)]
    pub reliability: Reliability,
    /// Digits that the model rejects as non-digits; `None` if the model cannot reject. The other metrics
    /// count a rejected digit by its most probable class.
    pub rejected: Option<usize>,
}

impl Metrics {
    /// The metrics of these logits, one row per true digit.
    pub fn new(
        logits: &[[f32; CLASSES]],
        truths: impl Iterator<Item = Digit>,
        calibration: &Calibration,
    ) -> Self {
        let rows = logits.iter();
        let results = rows.zip(truths).map(|(logits, truth)| {
            let prediction = Prediction::from_logits(logits, calibration);
            ExampleResult { truth, prediction }
        });
        Self::of_results(logits, &results.collect::<Vec<_>>(), calibration)
    }

    fn of_results(
        logits: &[[f32; CLASSES]],
        results: &[ExampleResult],
        calibration: &Calibration,
    ) -> Self {
        let mut confusion = [[0; CLASSES]; CLASSES];
        let mut loss = 0.0;
        for (logits, ExampleResult { truth, prediction }) in logits.iter().zip(results) {
            loss += cross_entropy(&logits.map(f64::from), truth.index());
            confusion[truth.index()][prediction.digit().index()] += 1;
        }
        let mean = |sum: f64| sum / results.len().max(1) as f64;
        let correct = |digit: usize| confusion[digit][digit];
        let fraction = |digit, total: usize| {
            let correct = correct(digit) as f64;
            (total > 0).then(|| correct / total as f64)
        };
        let column = |digit: usize| confusion.iter().map(|row| row[digit]).sum();
        let row = |digit: usize| confusion[digit].iter().sum();
        let is_rejected = |result: &&ExampleResult| !result.prediction.is_digit();
        let rejected = || results.iter().filter(is_rejected).count();
        Self {
            examples: results.len(),
            loss: mean(loss),
            accuracy: mean((0..CLASSES).map(correct).sum::<usize>() as f64),
            confusion,
            precision: std::array::from_fn(|digit| fraction(digit, column(digit))),
            recall: std::array::from_fn(|digit| fraction(digit, row(digit))),
            reliability: Reliability::new(
                results
                    .iter()
                    .map(|result| (result.prediction.confidence(), result.is_correct())),
            ),
            rejected: calibration.reject_threshold.map(|_| rejected()),
        }
    }

    /// The confusion matrix as CSV: a heading, one row per true digit with its counts and its recall, and
    /// the precisions. Unknown values are empty.
    pub fn to_csv(&self) -> String {
        let join = |cells: &[String]| cells.join(",");
        let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        let mut text = format!("true,{},recall\n", join(&Digit::ALL.map(|d| d.to_string())));
        for (digit, row) in self.confusion.iter().enumerate() {
            let counts = join(&row.map(|count| count.to_string()));
            // Writing to a string never fails.
            let _ = writeln!(text, "{digit},{counts},{}", number(self.recall[digit]));
        }
        let _ = writeln!(text, "precision,{},", join(&self.precision.map(number)));
        text
    }
}

/// The mean over examples and classes of (p − t)², where p is the softmax and t is 1 for the true class;
/// 0 without examples.
pub fn mean_squared_error(logits: &[[f32; CLASSES]], truths: impl Iterator<Item = Digit>) -> f64 {
    let rows = logits.iter().zip(truths);
    let errors = rows.map(|(logits, truth)| squared_error(logits.map(f64::from), truth.index()));
    errors.sum::<f64>() / logits.len().max(1) as f64
}

/// How many images the model rejects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Rejections {
    /// The number of images.
    pub examples: usize,
    /// Those that the model rejects.
    pub rejected: usize,
}

/// The prediction of one labeled image.
#[derive(Clone, Debug, PartialEq)]
pub struct ExampleResult {
    /// The true digit.
    pub truth: Digit,
    /// The model's prediction.
    pub prediction: Prediction,
}

impl ExampleResult {
    /// Whether the most probable digit is the true one.
    pub fn is_correct(&self) -> bool {
        self.prediction.digit() == self.truth
    }

    /// The probability of the true digit, 0..=1.
    pub fn truth_probability(&self) -> f32 {
        self.prediction.probabilities()[self.truth.index()]
    }
}

/// A part of the evaluated images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Selection {
    /// All misclassified images.
    #[default]
    Misclassified,
    /// The images of one cell of the confusion matrix.
    Cell {
        /// The true digit.
        truth: Digit,
        /// The predicted digit.
        predicted: Digit,
    },
}

/// The evaluation of a model on a set of labeled images.
#[derive(Clone, Debug)]
pub struct Evaluation {
    set: EvaluationSet,
    results: Vec<ExampleResult>,
    metrics: Metrics,
    non_digits: Option<Rejections>,
    is_finite: bool,
    /// Indices by descending loss.
    misclassified: Vec<usize>,
    /// Indices by descending loss, by true digit and predicted digit.
    cells: Vec<Vec<usize>>,
}

/// Evaluates a network on a set. `continues` is asked before each batch with the number of finished
/// images. `None` if it ended the evaluation early.
///
/// # Errors
/// When candle fails.
pub fn evaluate(
    mlp: &Mlp,
    calibration: &Calibration,
    set: EvaluationSet,
    continues: &mut dyn FnMut(usize) -> bool,
) -> Result<Option<Evaluation>, ModelError> {
    let count = set.image_count();
    let logits = batched_logits(mlp, count, &|range| set.pixels(range), continues)?;
    Ok((logits.len() == count).then(|| Evaluation::new(set, &logits, calibration)))
}

/// The logits of each example. `continues` is as in [`evaluate`]; if it ends the pass early, the logits of
/// the finished examples are returned.
///
/// # Errors
/// When candle fails.
pub fn logits(
    mlp: &Mlp,
    examples: &Examples,
    continues: &mut dyn FnMut(usize) -> bool,
) -> Result<Vec<[f32; CLASSES]>, ModelError> {
    let pixels = |range: Range<usize>| {
        let bytes = &examples.images()[range.start * PIXELS..range.end * PIXELS];
        bytes.iter().map(|&byte| f32::from(byte) / 255.0).collect()
    };
    batched_logits(mlp, examples.len(), &pixels, continues)
}

fn batched_logits(
    mlp: &Mlp,
    count: usize,
    pixels: &dyn Fn(Range<usize>) -> Vec<f32>,
    continues: &mut dyn FnMut(usize) -> bool,
) -> Result<Vec<[f32; CLASSES]>, ModelError> {
    let mut logits: Vec<[f32; CLASSES]> = Vec::with_capacity(count);
    while logits.len() < count && continues(logits.len()) {
        let batch = logits.len()..count.min(logits.len() + batch_size(mlp));
        logits.extend(mlp.logits(pixels(batch))?);
    }
    Ok(logits)
}

impl Evaluation {
    fn new(set: EvaluationSet, logits: &[[f32; CLASSES]], calibration: &Calibration) -> Self {
        let is_finite = recognition::are_finite(logits);
        let (logits, of_non_digits) = logits.split_at(set.len());
        let result = |(index, logits): (usize, &[f32; CLASSES])| {
            let (truth, prediction) = (
                set.truth(index),
                Prediction::from_logits(logits, calibration),
            );
            ExampleResult { truth, prediction }
        };
        let results: Vec<ExampleResult> = logits.iter().enumerate().map(result).collect();
        let metrics = Metrics::of_results(logits, &results, calibration);
        let non_digits = (!of_non_digits.is_empty()).then(|| Rejections {
            examples: of_non_digits.len(),
            rejected: of_non_digits
                .iter()
                .filter(|logits| calibration.rejects(logits))
                .count(),
        });
        let losses: Vec<f32> = logits
            .iter()
            .zip(&results)
            .map(|(logits, result)| cross_entropy(&calibration.scale(logits), result.truth.index()))
            .collect();
        let mut order: Vec<usize> = (0..results.len()).collect();
        // The sort is stable: among equals, the first stays first.
        order.sort_by(|&a, &b| losses[b].total_cmp(&losses[a]));
        let mut cells = vec![Vec::new(); CLASSES * CLASSES];
        let mut misclassified = Vec::new();
        for index in order {
            let result = &results[index];
            cells[cell_index(result.truth, result.prediction.digit())].push(index);
            if !result.is_correct() {
                misclassified.push(index);
            }
        }
        Self {
            set,
            results,
            metrics,
            non_digits,
            is_finite,
            misclassified,
            cells,
        }
    }

    /// The evaluation, if all logits are finite.
    ///
    /// # Errors
    /// If a logit is NaN or infinite.
    pub fn require_finite(self) -> Result<Self, ModelError> {
        if self.is_finite {
            Ok(self)
        } else {
            Err(recognition::not_finite())
        }
    }

    /// The evaluated images.
    pub fn set(&self) -> &EvaluationSet {
        &self.set
    }

    /// The result of each labeled digit, in the order of the set.
    pub fn results(&self) -> &[ExampleResult] {
        &self.results
    }

    /// The metrics of all labeled digits.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// As [`Evaluation::metrics`], without the images.
    pub fn into_metrics(self) -> Metrics {
        self.metrics
    }

    /// How many of the set's non-digits are rejected; `None` without any.
    pub fn non_digits(&self) -> Option<Rejections> {
        self.non_digits
    }

    /// The indices of the selected images, by descending loss.
    pub fn indices(&self, selection: Selection) -> &[usize] {
        match selection {
            Selection::Misclassified => &self.misclassified,
            Selection::Cell { truth, predicted } => &self.cells[cell_index(truth, predicted)],
        }
    }
}

fn cell_index(truth: Digit, predicted: Digit) -> usize {
    truth.index() * CLASSES + predicted.index()
}

#[cfg(test)]
mod tests;
