//! Measurements of models whose answers are known.

use std::fs;

use candle_core::{Device, Var};

use super::{evaluation_set::Source, *};
use crate::{
    bitmap::SIDE,
    data::Examples,
    error::chain,
    model::{Dense, Mlp, MlpConfig, file::Metadata},
};

/// A linear network that takes the position of a picture's brightest of the first ten pixels for
/// its digit; twice as bright is twice as sure.
fn reader() -> Model {
    let mut weight = vec![0.0_f32; PIXELS * CLASSES];
    for digit in 0..CLASSES {
        weight[digit * CLASSES + digit] = 8.0;
    }
    let layer = Dense {
        weight: Var::from_vec(weight, (PIXELS, CLASSES), &Device::Cpu).expect("a tensor"),
        bias: Var::from_vec(vec![0.0_f32; CLASSES], CLASSES, &Device::Cpu).expect("a tensor"),
    };
    let config = MlpConfig::new(Vec::new(), crate::model::Activation::Relu).expect("linear");
    Model {
        mlp: Mlp::from_layers(config, vec![layer]).expect("of that shape"),
        metadata: Metadata::default(),
    }
}

/// Pictures that [`reader`] reads as `read`, more surely the brighter they are, but that show `truth`.
fn evaluation_set(rows: &[(u8, u8, u8)]) -> EvaluationSet {
    let mut images = vec![0; rows.len() * PIXELS];
    for (index, &(_, read, brightness)) in rows.iter().enumerate() {
        images[index * PIXELS + usize::from(read)] = brightness;
    }
    let labels = rows.iter().map(|row| row.0).collect();
    EvaluationSet::of_examples("ten", Examples::new(images, labels).expect("fit"))
}

pub(super) fn measured(rows: &[(u8, u8, u8)]) -> Measurement {
    let measured = Measurement::of(
        &reader(),
        evaluation_set(rows),
        &Control::default(),
        &mut |_| {},
    );
    measured.expect("computes").expect("nobody abandons it")
}

fn cell(truth: u8, read: u8) -> Selection {
    let digit = |value| Digit::new(value).expect("a digit");
    Selection::Cell {
        truth: digit(truth),
        read: digit(read),
    }
}

#[test]
fn each_picture_is_in_its_cell_and_the_worst_come_first() {
    let rows = [
        (4, 4, 255),
        (4, 9, 100),
        (4, 9, 255),
        (9, 9, 50),
        (7, 1, 180),
        (9, 9, 200),
        (4, 9, 255),
    ];
    let measurement = measured(&rows);
    let cases: [(Selection, &[usize], &str); 6] = [
        (
            Selection::Misclassified,
            &[2, 6, 4, 1],
            "the surest first, the first of equals first",
        ),
        (cell(4, 9), &[2, 6, 1], "one kind of error"),
        (cell(7, 1), &[4], "another"),
        (cell(4, 4), &[0], "read rightly"),
        (cell(9, 9), &[3, 5], "the least sure first"),
        (cell(0, 0), &[], "none"),
    ];
    for (selection, expected, reason) in cases {
        assert_eq!(measurement.indices(selection), expected, "{reason}");
    }
    assert_eq!(measurement.name(), "ten", "as they are called");
    let evaluation = &measurement.figures().evaluation;
    assert_eq!(evaluation.confusion[4][9], 3, "three 4s were taken for a 9");
    assert!(
        (evaluation.accuracy - 3.0 / 7.0).abs() < 1e-12,
        "three of seven"
    );
    let shown = measurement.bitmap(3);
    assert_eq!(shown.to_bytes()[9], 50, "the picture itself is there");
    assert_eq!(shown.pixels().len(), SIDE * SIDE, "whole");
}

#[test]
fn what_is_taken_for_no_digit_is_counted_where_the_model_can_tell() {
    let rows = [(4, 4, 255), (4, 9, 255), (4, 4, 10), (7, 1, 0)];
    let cases = [
        (None, None, "it cannot tell"),
        (Some(2.0), Some(0), "all have evidence enough"),
        (Some(5.0), Some(2), "the two dim ones have too little"),
        (Some(10.0), Some(4), "all have too little"),
    ];
    for (reject_threshold, expected, reason) in cases {
        let mut model = reader();
        model.metadata.calibration.reject_threshold = reject_threshold;
        let measured = Measurement::of(
            &model,
            evaluation_set(&rows),
            &Control::default(),
            &mut |_| {},
        );
        let measurement = measured.expect("computes").expect("nobody abandons it");
        let figures = measurement.figures();
        assert_eq!(figures.refused, expected, "{reason}");
        assert_eq!(figures.evaluation.accuracy, 0.5, "{reason}: the best guess");
    }
}

#[test]
fn figures_and_readings_agree() {
    let rows: Vec<(u8, u8, u8)> = (0..60)
        .map(|i: u8| (i % 10, (i % 10).pow(2) % 10, i * 4))
        .collect();
    let measurement = measured(&rows);
    let readings = measurement.readings();
    let mean: f64 = readings.iter().map(Reading::cross_entropy).sum::<f64>() / 60.0;
    let figures = measurement.figures();
    // The readings have 32 bits, the evaluation 64.
    assert!(
        (mean - figures.evaluation.loss).abs() < 1e-5,
        "one loss: {mean}"
    );
    let right = readings.iter().filter(|reading| reading.is_right()).count();
    assert!(
        (figures.evaluation.accuracy - right as f64 / 60.0).abs() < 1e-12,
        "one accuracy"
    );
    let listed: usize = Digit::ALL
        .iter()
        .flat_map(|truth| Digit::ALL.iter().map(move |read| (*truth, *read)))
        .map(|(truth, read)| measurement.indices(Selection::Cell { truth, read }).len())
        .sum();
    assert_eq!(listed, 60, "each is in one cell");
    assert_eq!(
        measurement.indices(Selection::Misclassified).len(),
        60 - right,
        "the rest is wrong"
    );
}

#[test]
fn a_reading_that_is_hopeless_has_a_loss_that_is_a_number() {
    let mut logits = [0.0; CLASSES];
    logits[3] = 1000.0;
    let reading = Reading::of_logits(&logits, Digit::ALL[5], &Calibration::default());
    assert_eq!(reading.truth_probability(), 0.0, "it has no number");
    let loss = reading.cross_entropy();
    assert!(
        loss.is_finite() && loss > 80.0,
        "the largest there is: {loss}"
    );
}

#[test]
fn an_abandoned_measurement_has_no_result_and_a_whole_one_tells_its_progress() {
    let control = Control::default();
    let rows = vec![(1, 1, 200); 1200];
    let mut heard = Vec::new();
    let whole = Measurement::of(&reader(), evaluation_set(&rows), &control, &mut |count| {
        heard.push(count);
    });
    assert!(whole.expect("computes").is_some(), "it is done");
    assert_eq!(heard, [500, 1000, 1200], "each part");
    let mut stop_early = |_| control.abandon();
    let ended = Measurement::of(&reader(), evaluation_set(&rows), &control, &mut stop_early);
    assert!(ended.expect("computes").is_none(), "after the first part");
}

#[test]
fn sources_are_read_and_what_does_not_do_is_said() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = |name: &str| folder.path().join(name);
    let stroke = r#""strokes":[[[50,0],[50,100]]]"#;
    let ink = format!("{{\"label\":1,{stroke}}}\n{{\"label\":\"A\",{stroke}}}\n{{{stroke}}}\n");
    fs::write(path("ink.jsonl"), ink).expect("writes");
    fs::write(
        path("letters.jsonl"),
        format!("{{\"label\":\"A\",{stroke}}}\n"),
    )
    .expect("writes");
    fs::write(
        path("t10k-images-idx3-ubyte"),
        [[0, 0, 8, 3], [0; 4], [0, 0, 0, 28], [0, 0, 0, 28]].concat(),
    )
    .expect("writes");
    fs::write(
        path("t10k-labels-idx1-ubyte"),
        [[0, 0, 8, 1], [0; 4]].concat(),
    )
    .expect("writes");
    let control = Control::default();
    let drawings = EvaluationSet::load(&Source::Ink(path("ink.jsonl")), &control);
    let drawings = drawings.expect("reads").expect("nobody abandons it");
    assert_eq!(
        (drawings.name(), drawings.len()),
        ("ink.jsonl", 1),
        "the one digit"
    );
    assert_eq!(drawings.truth(0).value(), 1, "as it is labeled");
    let left_out = SkippedRecords {
        not_digits: 1,
        unlabeled: 1,
        blank: 0,
    };
    assert_eq!(drawings.left_out(), left_out, "the rest is counted");
    let cases = [
        (
            Source::Ink(path("letters.jsonl")),
            "none labeled with a digit",
            "no digit",
        ),
        (Source::Ink(path("none.jsonl")), "could not read", "no file"),
        (Source::Folder(path("none")), "could not read", "no folder"),
        (
            Source::Folder(folder.path().to_owned()),
            "found 0 of them",
            "empty files",
        ),
    ];
    for (source, part, reason) in cases {
        let error = EvaluationSet::load(&source, &control).expect_err(reason);
        let said = chain(&error);
        assert!(said.contains(part), "{reason}: {said}");
    }
    control.abandon();
    let abandoned = EvaluationSet::load(&Source::Ink(path("ink.jsonl")), &control);
    assert!(
        abandoned.expect("is no error").is_none(),
        "nobody waits for it"
    );
}

#[test]
fn the_table_for_other_programs_has_counts_and_parts() {
    let measurement = measured(&[(4, 4, 255), (4, 9, 255), (9, 9, 255), (9, 9, 255)]);
    let text = confusion_csv(measurement.figures());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines.len(),
        12,
        "a heading, ten digits, the precisions:\n{text}"
    );
    assert_eq!(lines[0], "shown,0,1,2,3,4,5,6,7,8,9,recall", "the heading");
    assert_eq!(lines[5], "4,0,0,0,0,1,0,0,0,0,1,0.5", "one of two 4s");
    assert_eq!(lines[1], "0,0,0,0,0,0,0,0,0,0,0,", "no 0 was shown");
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
fn noise_is_on_each_picture_that_is_measured_with_and_looked_at() {
    let examples = Examples::new(vec![128; 2 * PIXELS], vec![4, 4]).expect("fit");
    let drawings = vec![(Bitmap::from_bytes(&[128; PIXELS]), Digit::ALL[4]); 2];
    let noise = Noise::SaltAndPepper(0.5);
    let sources = [
        EvaluationSet::of_examples("gray", examples),
        EvaluationSet::of_drawings("gray", drawings),
    ];
    let measured = |evaluation_set: EvaluationSet| {
        let measured = Measurement::of(&reader(), evaluation_set, &Control::default(), &mut |_| {});
        measured.expect("computes").expect("nobody abandons it")
    };
    let mut pictures = Vec::new();
    for evaluation_set in sources {
        let plain = measured(evaluation_set.clone());
        assert_eq!(plain.noise(), None, "without noise");
        let noisy = measured(evaluation_set.with_noise(Some(noise)));
        assert_eq!(noisy.noise(), Some(noise), "it says so");
        for index in [0, 1] {
            let seen = noisy.bitmap(index);
            assert_ne!(seen, plain.bitmap(index), "to be seen in the gallery");
            let logits = reader()
                .mlp
                .logits(seen.pixels().to_vec())
                .expect("computes");
            let reading = Reading::of_logits(&logits[0], Digit::ALL[4], &Calibration::default());
            assert_eq!(noisy.readings()[index], reading, "what is seen was read");
            pictures.push(seen);
        }
    }
    assert_ne!(pictures[0], pictures[1], "each has its own");
    assert_eq!(pictures[..2], pictures[2..], "whatever it comes from");
}
