//! Evaluations of models whose predictions are known.

use std::fs;

use candle_core::{Device, Var};

use super::*;
use crate::{
    bitmap::{Bitmap, SIDE},
    data::{DataSource, noise::Noise},
    error::{EvaluationError, InputError},
    model::{Activation, Layer, MlpConfig},
};

const PLAIN: Calibration = Calibration {
    temperature: 1.0,
    reject_threshold: None,
};

/// A linear network that predicts the position of an image's brightest of the first ten pixels; the logit
/// is 8 times its brightness.
fn reader() -> Mlp {
    let mut weight = vec![0.0_f32; PIXELS * CLASSES];
    for digit in 0..CLASSES {
        weight[digit * CLASSES + digit] = 8.0;
    }
    let layer = Layer {
        weight: Var::from_vec(weight, (PIXELS, CLASSES), &Device::Cpu).expect("a tensor"),
        bias: Var::from_vec(vec![0.0_f32; CLASSES], CLASSES, &Device::Cpu).expect("a tensor"),
    };
    let config = MlpConfig::new(Vec::new(), Activation::Relu).expect("linear");
    Mlp::from_layers(config, vec![layer]).expect("of that shape")
}

/// An untrained network with these hidden layers.
fn untrained(hidden: &[usize]) -> Mlp {
    Mlp::new(&MlpConfig::relu([], hidden.to_vec()), 0, &Device::Cpu).expect("fits")
}

/// Images of these digits that [`reader`] predicts as these digits, more confidently the brighter they
/// are: `(truth, predicted, brightness)`.
fn set(rows: &[(u8, u8, u8)]) -> EvaluationSet {
    let mut images = vec![0; rows.len() * PIXELS];
    for (index, &(_, predicted, brightness)) in rows.iter().enumerate() {
        images[index * PIXELS + usize::from(predicted)] = brightness;
    }
    let labels = rows.iter().map(|row| row.0).collect();
    EvaluationSet::from_examples("ten", Examples::new(images, labels).expect("fit"))
}

fn evaluated_with(calibration: &Calibration, set: EvaluationSet) -> Evaluation {
    let evaluation = evaluate(&reader(), calibration, set, &mut |_| true);
    evaluation.expect("computes").expect("it is not stopped")
}

pub(super) fn evaluated(rows: &[(u8, u8, u8)]) -> Evaluation {
    evaluated_with(&PLAIN, set(rows))
}

fn digits(labels: &[usize]) -> impl Iterator<Item = Digit> {
    labels.iter().map(|&label| Digit::ALL[label])
}

fn cell(truth: usize, predicted: usize) -> Selection {
    Selection::Cell {
        truth: Digit::ALL[truth],
        predicted: Digit::ALL[predicted],
    }
}

#[test]
fn metrics_of_a_small_table() {
    let mut two = [0.0; CLASSES];
    two[2] = 3.0;
    let logits = [two, two, [0.0; CLASSES]];
    let metrics = Metrics::new(&logits, digits(&[2, 5, 0]), &PLAIN);
    // In Python: log(9 + e³) − 3, log(9 + e³) and log(10), averaged.
    let sum = (9.0 + 3.0_f64.exp()).ln();
    let loss = ((sum - 3.0) + sum + 10.0_f64.ln()) / 3.0;
    assert!((metrics.loss - loss).abs() < 1e-12, "mean cross-entropy");
    assert!((metrics.accuracy - 2.0 / 3.0).abs() < 1e-12, "two of three");
    assert_eq!(metrics.confusion[5][2], 1, "the 5 is predicted as 2");
    assert_eq!(metrics.confusion[2][2], 1, "the 2 is correct");
    assert_eq!(metrics.precision[2], Some(0.5), "one of two");
    assert_eq!(metrics.recall[2], Some(1.0), "the only 2");
    assert_eq!(
        (metrics.precision[5], metrics.recall[5]),
        (None, Some(0.0)),
        "5 is never predicted"
    );
    assert_eq!(
        (metrics.precision[9], metrics.recall[9]),
        (None, None),
        "9 neither occurs nor is predicted"
    );
    let warm = Calibration {
        temperature: 2.0,
        ..PLAIN
    };
    let warm = Metrics::new(&logits, digits(&[2, 5, 0]), &warm);
    assert_eq!(warm.loss, metrics.loss, "the loss is at temperature 1");
    assert_ne!(
        warm.reliability, metrics.reliability,
        "the confidence is not"
    );
}

#[test]
fn metrics_without_examples_are_zero() {
    let metrics = Metrics::new(&[], digits(&[]), &PLAIN);
    assert_eq!(
        (metrics.examples, metrics.loss, metrics.accuracy),
        (0, 0.0, 0.0),
        "zeros, not NaN"
    );
    assert_eq!(mean_squared_error(&[], digits(&[])), 0.0, "likewise");
}

#[test]
fn the_squared_error_is_a_mean_over_examples_and_classes() {
    let mut certain = [0.0; CLASSES];
    certain[3] = 1000.0;
    // The second has 0.1 for each class: (0.9² + 9 · 0.1²) / 10 = 0.09.
    let logits = [certain, [0.0; CLASSES]];
    let found = mean_squared_error(&logits, digits(&[3, 0]));
    assert!((found - 0.045).abs() < 1e-9, "half of it: {found}");
}

#[test]
fn each_image_is_in_its_cell_by_descending_loss() {
    let evaluation = evaluated(&[
        (4, 4, 255),
        (4, 9, 100),
        (4, 9, 255),
        (9, 9, 50),
        (7, 1, 180),
        (9, 9, 200),
        (4, 9, 255),
    ]);
    let cases: [(Selection, &[usize], &str); 6] = [
        (
            Selection::Misclassified,
            &[2, 6, 4, 1],
            "the most confident first, the first of equals first",
        ),
        (cell(4, 9), &[2, 6, 1], "one kind of error"),
        (cell(7, 1), &[4], "another"),
        (cell(4, 4), &[0], "correct"),
        (cell(9, 9), &[3, 5], "the least confident first"),
        (cell(0, 0), &[], "none"),
    ];
    for (selection, expected, reason) in cases {
        assert_eq!(evaluation.indices(selection), expected, "{reason}");
    }
    assert_eq!(evaluation.set().name(), "ten", "the name of the set");
    let metrics = evaluation.metrics();
    assert_eq!(metrics.confusion[4][9], 3, "three 4s are predicted as 9");
    assert!(
        (metrics.accuracy - 3.0 / 7.0).abs() < 1e-12,
        "three of seven"
    );
    let bitmap = evaluation.set().bitmap(3);
    assert_eq!(bitmap.to_bytes()[9], 50, "the image itself");
    assert_eq!(bitmap.pixels().len(), SIDE * SIDE, "all of it");
}

#[test]
fn rejected_digits_are_counted_if_the_model_can_reject() {
    let rows = [(4, 4, 255), (4, 9, 255), (4, 4, 10), (7, 1, 0)];
    let cases = [
        (None, None, "the model cannot reject"),
        (Some(2.0), Some(0), "all scores are above"),
        (Some(5.0), Some(2), "the two dim images are below"),
        (Some(10.0), Some(4), "all scores are below"),
    ];
    for (reject_threshold, expected, reason) in cases {
        let calibration = Calibration {
            reject_threshold,
            ..PLAIN
        };
        let evaluation = evaluated_with(&calibration, set(&rows));
        let metrics = evaluation.metrics();
        assert_eq!(metrics.rejected, expected, "{reason}");
        assert_eq!(
            metrics.accuracy, 0.5,
            "{reason}: by the most probable digit"
        );
    }
}

#[test]
fn metrics_and_results_agree() {
    let rows: Vec<(u8, u8, u8)> = (0..60)
        .map(|i: u8| (i % 10, (i % 10).pow(2) % 10, i * 4))
        .collect();
    let evaluation = evaluated(&rows);
    let (results, metrics) = (evaluation.results(), evaluation.metrics());
    let loss = |result: &ExampleResult| -f64::from(result.truth_probability()).ln();
    let mean = results.iter().map(loss).sum::<f64>() / 60.0;
    // A probability is an f32, the loss an f64.
    assert!((mean - metrics.loss).abs() < 1e-5, "one loss: {mean}");
    let correct = results.iter().filter(|result| result.is_correct()).count();
    let accuracy = correct as f64 / 60.0;
    assert!((metrics.accuracy - accuracy).abs() < 1e-12, "one accuracy");
    let pairs = (0..CLASSES).flat_map(|truth| (0..CLASSES).map(move |other| cell(truth, other)));
    let listed: usize = pairs.map(|cell| evaluation.indices(cell).len()).sum();
    assert_eq!(listed, 60, "each image is in one cell");
    assert_eq!(
        evaluation.indices(Selection::Misclassified).len(),
        60 - correct,
        "all others"
    );
}

#[test]
fn cancellation_is_checked_before_each_batch() {
    let examples = Examples::new(vec![0; 1100 * PIXELS], vec![0; 1100]).expect("blank");
    for hidden in [&[4][..], &[1280, 640]] {
        let mlp = untrained(hidden);
        let mut asked = Vec::new();
        let all = logits(&mlp, &examples, &mut |done| {
            asked.push(done);
            true
        });
        assert_eq!(all.expect("computes").len(), 1100, "{hidden:?}: all");
        assert_eq!(asked, [0, 500, 1000], "{hidden:?}");
        let some = logits(&mlp, &examples, &mut |done| done < 500);
        assert_eq!(some.expect("computes").len(), 500, "{hidden:?}: one batch");
    }
    let huge = untrained(&[8000, 1000]);
    let work = batch_size(&huge) * huge.config().multiplications();
    assert!(work <= MAX_BATCH_WORK, "no more work for a huge network");
    let set = EvaluationSet::from_examples("blank", examples);
    let stopped = evaluate(&reader(), &PLAIN, set, &mut |done| done < 500);
    assert!(stopped.expect("computes").is_none(), "a part is no result");
}

#[test]
fn an_evaluation_with_infinite_logits_is_refused_on_demand() {
    assert!(
        evaluated(&[(1, 1, 9)]).require_finite().is_ok(),
        "finite logits"
    );
    let mlp = untrained(&[]);
    let mut weight = vec![0.0_f32; PIXELS * CLASSES];
    weight[0] = f32::NAN;
    let weight = candle_core::Tensor::from_vec(weight, (PIXELS, CLASSES), &Device::Cpu);
    mlp.layers()[0]
        .weight
        .set(&weight.expect("a tensor"))
        .expect("fits");
    let evaluation = evaluate(&mlp, &PLAIN, set(&[(1, 1, 9)]), &mut |_| true);
    let error = evaluation
        .expect("computes")
        .expect("whole")
        .require_finite();
    assert!(
        matches!(error, Err(ModelError::Input(InputError::Refused(_)))),
        "NaN"
    );
}

type IsExpected = fn(&EvaluationError) -> bool;

const STICK: &str = r#""strokes":[[[50,0],[50,100]]]"#;

#[test]
fn sources_are_loaded_and_errors_name_their_cause() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = |name: &str| folder.path().join(name);
    let ink = format!("{{\"label\":1,{STICK}}}\n{{\"label\":\"A\",{STICK}}}\n{{{STICK}}}\n");
    fs::write(path("ink.jsonl"), ink).expect("writes");
    fs::write(path("unlabeled.jsonl"), format!("{{{STICK}}}\n")).expect("writes");
    let images = [[0, 0, 8, 3], [0; 4], [0, 0, 0, 28], [0, 0, 0, 28]].concat();
    fs::write(path("t10k-images-idx3-ubyte"), images).expect("writes");
    let labels = [[0, 0, 8, 1], [0; 4]].concat();
    fs::write(path("t10k-labels-idx1-ubyte"), labels).expect("writes");
    let ink = |name: &str| DataSource::Ink(path(name));

    let set = EvaluationSet::load_ink(&[path("ink.jsonl"), path("ink.jsonl")], &|| true);
    let set = set.expect("reads").expect("it is not stopped");
    assert_eq!(
        (set.name(), set.len(), set.image_count()),
        ("ink.jsonl, ink.jsonl", 2, 4),
        "a digit and a non-digit of each file"
    );
    assert_eq!(set.truth(0).value(), 1, "the label");
    assert_eq!(
        (set.skipped().unlabeled, set.skipped().blank),
        (2, 0),
        "skipped"
    );

    let cases: [(DataSource, IsExpected, &str); 4] = [
        (
            ink("unlabeled.jsonl"),
            |error| matches!(error, EvaluationError::Input(InputError::Refused(_))),
            "no label",
        ),
        (
            ink("none.jsonl"),
            |error| matches!(error, EvaluationError::Input(InputError::Io(_))),
            "no file",
        ),
        (
            DataSource::Folder(path("none")),
            |error| matches!(error, EvaluationError::Input(InputError::Io(_))),
            "no folder",
        ),
        (
            DataSource::Folder(folder.path().to_owned()),
            |error| matches!(error, EvaluationError::Input(InputError::Refused(_))),
            "empty files",
        ),
    ];
    for (source, is_expected, reason) in cases {
        let error = EvaluationSet::load(&source, &|| true).expect_err(reason);
        assert!(is_expected(&error), "{reason}: {error:?}");
    }
    let stopped = EvaluationSet::load(&ink("ink.jsonl"), &|| false);
    assert!(stopped.expect("is no error").is_none(), "it is stopped");
}

#[test]
fn non_digits_are_counted_apart() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("ink.jsonl");
    let line = |label: &str| format!("{{\"label\":{label},{STICK}}}\n");
    fs::write(&path, line("1") + &line("\"A\"") + &line("\"B\"")).expect("writes");
    let set = EvaluationSet::load(&DataSource::Ink(path), &|| true);
    let set = set.expect("reads").expect("it is not stopped");
    // A stick has no ink in its first row, so that all logits are 0 and the score is ln 10.
    for (reject_threshold, rejected) in [(None, 0), (Some(2.0), 0), (Some(3.0), 2)] {
        let calibration = Calibration {
            reject_threshold,
            ..PLAIN
        };
        let evaluation = evaluated_with(&calibration, set.clone());
        let expected = Rejections {
            examples: 2,
            rejected,
        };
        assert_eq!(
            evaluation.non_digits(),
            Some(expected),
            "{reject_threshold:?}"
        );
        assert_eq!(evaluation.metrics().examples, 1, "the digit only");
    }
    assert_eq!(evaluated(&[(1, 1, 9)]).non_digits(), None, "no non-digits");
}

#[test]
fn the_csv_has_counts_recalls_and_precisions() {
    let evaluation = evaluated(&[(4, 4, 255), (4, 9, 255), (9, 9, 255), (9, 9, 255)]);
    let text = evaluation.metrics().to_csv();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 12, "heading, digits, precisions:\n{text}");
    assert_eq!(lines[0], "true,0,1,2,3,4,5,6,7,8,9,recall", "the heading");
    assert_eq!(lines[5], "4,0,0,0,0,1,0,0,0,0,1,0.5", "one of two 4s");
    assert_eq!(lines[1], "0,0,0,0,0,0,0,0,0,0,0,", "there is no 0");
    assert_eq!(
        lines[11], "precision,,,,,1,,,,,0.6666666666666666,",
        "two of three 9s"
    );
    assert!(
        lines.iter().all(|line| line.split(',').count() == 12),
        "as many fields in each line:\n{text}"
    );
}

#[test]
fn noise_is_on_each_image_that_is_evaluated_and_shown() {
    let examples = Examples::new(vec![128; 2 * PIXELS], vec![4, 4]).expect("fit");
    let drawings = vec![(Bitmap::from_bytes(&[128; PIXELS]), Digit::ALL[4]); 2];
    let noise = Noise::SaltAndPepper(0.5);
    let sets = [
        EvaluationSet::from_examples("gray", examples),
        EvaluationSet::from_drawings("gray", drawings),
    ];
    let mut images = Vec::new();
    for set in sets {
        let clean = evaluated_with(&PLAIN, set.clone());
        assert_eq!(clean.set().noise(), None, "without noise");
        let noisy = evaluated_with(&PLAIN, set.with_noise(Some(noise)));
        assert_eq!(noisy.set().noise(), Some(noise), "with noise");
        for index in [0, 1] {
            let image = noisy.set().bitmap(index);
            assert_ne!(image, clean.set().bitmap(index), "the gallery shows it");
            let logits = reader().logits(image.pixels().to_vec());
            let prediction = Prediction::from_logits(&logits.expect("computes")[0], &PLAIN);
            let result = &noisy.results()[index];
            assert_eq!(
                result.prediction, prediction,
                "the shown image is evaluated"
            );
            images.push(image);
        }
    }
    assert_ne!(images[0], images[1], "each image has its own noise");
    assert_eq!(images[..2], images[2..], "the same from each source");
}
