//! What is typed, and the training that it resolves to.

use std::ffi::OsString;

use super::*;
use crate::cli::{Invocation, Task, args::parse};

fn task(typed: &str) -> TrainTask {
    let words = format!("digitpad train --out w {typed}");
    let words = words.split(' ').filter(|word| !word.is_empty());
    match parse(words.map(OsString::from)) {
        Ok(Invocation::Task(Task::Train(task))) => *task,
        _ => panic!("{typed} is a training"),
    }
}

fn resolve(typed: &str) -> TrainingConfig {
    match task(typed).start {
        TrainStart::New { start, .. } => start.config().clone(),
        TrainStart::Resume(_) => panic!("{typed} is a new training"),
    }
}

#[test]
fn what_is_typed_replaces_what_the_preset_says() {
    let preset = Preset::Keras.config();
    assert_eq!(resolve(""), preset, "nothing typed");
    let typed = resolve("--epochs 3 --batch-size 64 --learning-rate 0.01 --seed 9");
    assert_eq!(
        (typed.epochs, typed.batch_size, typed.seed),
        (3, 64, 9),
        "whole numbers"
    );
    assert_eq!(typed.learning_rate, 0.01, "a fraction");
    assert_eq!(typed.model, preset.model, "what was not typed stays");
    let typed = resolve("--hidden 256,128");
    assert_eq!(typed.model.hidden(), [256, 128], "the layers");
    assert_eq!(
        typed.model.activation(),
        preset.model.activation(),
        "not the activation"
    );
    let typed = resolve("--activation tanh");
    assert_eq!(
        typed.model.hidden(),
        preset.model.hidden(),
        "not the layers"
    );
    assert_eq!(typed.model.activation(), Activation::Tanh, "the activation");
    assert_eq!(
        resolve("--hidden none").model.hidden(),
        [0; 0],
        "a linear network"
    );
}

#[test]
fn every_knob_can_be_typed() {
    type Look = fn(&TrainingConfig) -> String;
    let cases: [(&str, Look, &str); 24] = [
        (
            "--optimizer nesterov",
            |c| c.optimizer.to_string(),
            "nesterov",
        ),
        ("--schedule cosine", |c| c.schedule.to_string(), "cosine"),
        (
            "--loss mean-squared-error",
            |c| c.loss.to_string(),
            "mean-squared-error",
        ),
        (
            "--label-smoothing 0.1",
            |c| c.label_smoothing.to_string(),
            "0.1",
        ),
        ("--clip 1", |c| c.clip_norm.to_string(), "1"),
        ("--l1 0.01", |c| c.l1.to_string(), "0.01"),
        ("--l2 0.01", |c| c.l2.to_string(), "0.01"),
        ("--dropout 0.2", |c| c.dropout.to_string(), "0.2"),
        ("--ema 0.99", |c| c.ema.to_string(), "0.99"),
        ("--patience 3", |c| c.patience.to_string(), "3"),
        (
            "--data-fraction 0.5",
            |c| c.data_fraction.to_string(),
            "0.5",
        ),
        (
            "--validation-split 0.1",
            |c| c.validation_split.to_string(),
            "0.1",
        ),
        (
            "--augment 1",
            |c| c.augmentation.rotation_deg.to_string(),
            "12",
        ),
        (
            "--generated-digits 90",
            |c| c.synthetic_digits.to_string(),
            "90",
        ),
        ("--gce-q 0.5", |c| c.gce_q.to_string(), "0.5"),
        ("--non-digits 80", |c| c.non_digits.to_string(), "80"),
        (
            "--deslant 0.9",
            |c| c.model.preprocessing().deslant.to_string(),
            "0.9",
        ),
        (
            "--even-width 0.6",
            |c| c.model.preprocessing().width_normalization.to_string(),
            "0.6",
        ),
        (
            "--median 1",
            |c| c.model.preprocessing().median_px.to_string(),
            "1",
        ),
        (
            "--gaussian 0.5",
            |c| c.model.preprocessing().gaussian_px.to_string(),
            "0.5",
        ),
        (
            "--threshold 0.5",
            |c| c.model.preprocessing().threshold.to_string(),
            "0.5",
        ),
        (
            "--hidden 121 --shared-fields",
            |c| c.convolutional.to_string(),
            "true",
        ),
        (
            "--preset best --shared-fields false",
            |c| c.convolutional.to_string(),
            "false",
        ),
        (
            "--weight-decay 0.02",
            |c| c.optimizer.weight_decay().to_string(),
            "0.02",
        ),
    ];
    for (typed, look, expected) in cases {
        assert_eq!(look(&resolve(typed)), expected, "{typed}");
    }
}

#[test]
fn a_training_resumes_with_its_own_recipe_and_data() {
    let task = task("--resume a.checkpoint");
    let TrainStart::Resume(file) = task.start else {
        panic!("it is no new training")
    };
    assert_eq!(file.as_os_str(), "a.checkpoint", "from this file");
    assert_eq!(
        task.checkpoint.as_os_str(),
        "w.checkpoint",
        "and goes on beside the weights"
    );
    for more in [
        "--epochs 3",
        "--data x",
        "--preset quick",
        "--config a.toml",
    ] {
        let words = format!("digitpad train --out w --resume c {more}");
        let parsed = parse(words.split(' ').map(OsString::from));
        assert!(parsed.is_err(), "{more} would change it");
    }
}
