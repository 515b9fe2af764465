//! Command lines and the trainings that they describe.

use clap::Parser as _;

use super::*;
use crate::{
    cli::args::{CommandArgs, ProgramArgs},
    model::Activation,
};

/// The arguments of a training, with `--out w`.
pub(in crate::cli) fn parse(typed: &str) -> Result<TrainArgs, clap::Error> {
    let words = format!("digitpad train --out w {typed}");
    let words = words.split(' ').filter(|word| !word.is_empty());
    match ProgramArgs::try_parse_from(words)?.command {
        Some(CommandArgs::Train(train)) => Ok(*train),
        _ => panic!("{typed} is a training"),
    }
}

fn resolve(typed: &str) -> TrainingConfig {
    let arguments = parse(typed).expect(typed);
    let (start, _) = arguments.start().expect(typed);
    start.config().clone()
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
            ("optimizer.momentum", _) => ("0.5".to_owned(), "--optimizer sgd"),
            ("optimizer.rho", _) => ("0.5".to_owned(), "--optimizer rmsprop"),
            ("optimizer.weight_decay", _) => ("0.5".to_owned(), "--optimizer adamw"),
            ("schedule.end", _) => ("0.5".to_owned(), "--schedule cosine"),
            ("schedule.warm_up" | "schedule.start", _) => {
                ("0.5".to_owned(), "--schedule one-cycle")
            }
            (_, HyperparameterKind::Layers { .. }) => ("7,8".to_owned(), ""),
            (_, HyperparameterKind::Integer { max, .. }) => (max.to_string(), ""),
            (_, HyperparameterKind::Real { max, .. }) => (max.to_string(), ""),
            (_, HyperparameterKind::Choice { options, get, .. }) => {
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
            (HyperparameterKind::Real { .. }, toml::Value::Integer(whole)) => {
                toml::Value::Float(whole as f64)
            }
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
            "--optimizer sgd --momentum 0.9",
            "optimizer.momentum",
            "0.9",
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
    let arguments = parse("--momentum 0.9").expect("the option exists");
    let refused = arguments.hyperparameters.resolve(TrainingConfig::default());
    assert!(refused.is_err(), "Adam has no momentum");
}

#[test]
fn a_training_resumes_with_its_own_recipe_and_data() {
    let arguments = parse("--resume a.checkpoint").expect("valid");
    assert_eq!(arguments.resume, Some("a.checkpoint".into()), "this file");
    let checkpoint = arguments.checkpoint();
    assert_eq!(checkpoint.as_os_str(), "w.checkpoint", "beside the weights");
    for more in ["--epochs 3", "--data x", "--preset quick", "--config a"] {
        let parsed = parse(&format!("--resume c {more}"));
        assert!(parsed.is_err(), "{more} would change it");
    }
}
