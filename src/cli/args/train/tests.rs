//! Command lines and the trainings that they describe.

use std::ffi::OsString;

use super::*;
use crate::{
    cli::{Invocation, Task, args::parse},
    model::Activation,
};

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
fn options_override_the_preset() {
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
fn every_hyperparameter_has_an_option() {
    for hyperparameter in hyperparameter::ALL {
        let (values, others) = match (hyperparameter.key, &hyperparameter.kind) {
            ("model.convolutional", _) => ("1,2".to_owned(), ""),
            ("data_fraction", _) => ("0.5".to_owned(), ""),
            ("optimizer.nesterov", _) => ("true".to_owned(), "--optimizer sgd"),
            ("optimizer.momentum", _) => ("0.5".to_owned(), "--optimizer sgd"),
            ("optimizer.rho", _) => ("0.5".to_owned(), "--optimizer rmsprop"),
            ("optimizer.weight_decay", _) => ("0.5".to_owned(), "--optimizer adamw"),
            ("schedule.every_epochs", _) => ("3".to_owned(), "--schedule step"),
            ("schedule.factor", _) => ("0.5".to_owned(), "--schedule step"),
            ("schedule.end", _) => ("0.5".to_owned(), "--schedule cosine"),
            ("schedule.warm_up" | "schedule.start", _) => {
                ("0.5".to_owned(), "--schedule one-cycle")
            }
            (_, Kind::Layers { .. }) => ("7,8".to_owned(), ""),
            (_, Kind::Integer { max, .. }) => (max.to_string(), ""),
            (_, Kind::Real { max, .. }) => (max.to_string(), ""),
            (_, Kind::Switch { .. }) => ("true".to_owned(), ""),
            (_, Kind::Choice { options, get, .. }) => {
                let default = get(&TrainingConfig::default());
                let mut others = options().into_iter().map(|choice| choice.name);
                (
                    others.rfind(|name| *name != default).expect("an option"),
                    "",
                )
            }
        };
        let typed = format!("{others} --{} {values}", hyperparameter.option());
        let value = hyperparameter.value(&resolve(&typed));
        let expected = hyperparameter.parse(&values).expect("a value");
        let expected = match (&hyperparameter.kind, expected) {
            (Kind::Real { .. }, toml::Value::Integer(whole)) => toml::Value::Float(whole as f64),
            (_, expected) => expected,
        };
        assert_eq!(value, Some(expected), "{typed}");
        let without = hyperparameter.value(&resolve(others));
        assert_ne!(value, without, "{typed} is not the default");
    }
}

#[test]
fn options_have_the_names_of_the_field() {
    let cases = [
        ("--deslant 0.9", "model.preprocessing.deslant", "0.9"),
        ("--median 1", "model.preprocessing.median_px", "1"),
        (
            "--augmentation-rotation 3",
            "augmentation.rotation_deg",
            "3.0",
        ),
        ("--augment 1", "augmentation.rotation_deg", "12.0"),
        (
            "--augment 1 --augmentation-rotation 3",
            "augmentation.rotation_deg",
            "3.0",
        ),
        ("--convolutional 5,50 --hidden 64", "model.hidden", "[64]"),
        (
            "--preset best --convolutional none",
            "model.hidden",
            "[320]",
        ),
        ("--hidden none", "model.hidden", "[]"),
        (
            "--optimizer sgd --momentum 0.9 --nesterov",
            "optimizer.nesterov",
            "true",
        ),
        (
            "--preset best --weight-decay 0",
            "optimizer.weight_decay",
            "0.0",
        ),
    ];
    for (typed, key, expected) in cases {
        let hyperparameter = hyperparameter::by_key(key).expect("an entry");
        let value = hyperparameter.value(&resolve(typed));
        assert_eq!(
            value.map(|value| value.to_string()).as_deref(),
            Some(expected),
            "{typed}"
        );
    }
    let words = "digitpad train --out w --momentum 0.9";
    let parsed = parse(words.split(' ').map(OsString::from));
    assert!(parsed.is_err(), "Adam has no momentum");
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
        "the new checkpoint is beside the weights"
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
