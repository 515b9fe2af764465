//! Which metrics give which hint.

use super::*;
use crate::{model::MlpConfig, training::config::Preset};

fn history(figures: &[(f64, f64, f64)]) -> Vec<EpochRecord> {
    let record = |(index, &(loss, validation_loss, accuracy))| EpochRecord {
        epoch: index + 1,
        loss,
        accuracy,
        validation_loss: Some(validation_loss),
        validation_accuracy: Some(accuracy),
        learning_rate: 0.001,
        elapsed_secs: 1.0,
    };
    figures.iter().enumerate().map(record).collect()
}

#[test]
fn a_standstill_names_the_hyperparameter() {
    type Change = fn(&mut TrainingConfig);
    let cases: [(Change, &str, &str); 7] = [
        (
            |c| c.learning_rate = 1.0,
            "learning_rate",
            "far too high for Adam",
        ),
        (|c| c.learning_rate = 1e-7, "learning_rate", "far too low"),
        (|c| c.l1 = 0.5, "l1 or l2", "nothing is left of the weights"),
        (|c| c.l2 = 1.0, "l1 or l2", "likewise"),
        (
            |c| c.dropout = 0.9,
            "dropout",
            "nothing is left of the outputs",
        ),
        (
            |c| c.model = MlpConfig::new(vec![32; 8], Activation::Sigmoid).expect("small"),
            "model.activation",
            "eight sigmoids",
        ),
        (
            |c| c.optimizer = Optimizer::SGD,
            "learning_rate",
            "slow by nature",
        ),
    ];
    let stuck = history(&[(2.4, 2.3, 0.11), (2.3, 2.3, 0.098)]);
    let fast = TrainingConfig {
        optimizer: Optimizer::MOMENTUM,
        learning_rate: 0.1,
        ..TrainingConfig::default()
    };
    let blamed = diagnose(&fast, &stuck);
    let too_high = Cause::HighLearningRate(0.1);
    assert!(
        matches!(blamed[..], [Hint::StuckAtChance { cause, .. }] if cause == too_high),
        "steps of 0.1 that add up to steps of 1: {blamed:?}"
    );
    for (change, key, reason) in cases {
        let mut config = TrainingConfig::default();
        change(&mut config);
        match diagnose(&config, &stuck)[..] {
            [Hint::StuckAtChance { accuracy, cause }] => {
                assert_eq!(accuracy, 0.098, "{reason}: the last epoch's");
                let is_key = key == cause.key() || key.contains(" or ") && cause == Cause::Penalty;
                assert!(is_key, "{reason}: {cause:?}");
            }
            ref other => panic!("{reason}: {other:?}"),
        }
    }
    let config = TrainingConfig::default();
    let cases = [
        (history(&[]), "nothing is known"),
        (history(&[(2.3, 2.3, 0.1)]), "one epoch is too few"),
        (
            history(&[(2.3, 2.3, 0.1), (1.9, 1.8, 0.3)]),
            "the loss falls",
        ),
    ];
    for (history, reason) in cases {
        assert_eq!(diagnose(&config, &history), [], "{reason}");
    }
}

#[test]
fn a_falling_accuracy_names_the_learning_rate() {
    let config = TrainingConfig {
        learning_rate: 0.1,
        ..Preset::Keras.config()
    };
    let cause = Cause::HighLearningRate(0.1);
    // `digitpad train --preset keras --learning-rate 0.1 --seed 0`
    let measured = [
        (1.3035, 1.2337, 0.6138, 0.6149),
        (1.4072, 1.7399, 0.5240, 0.3497),
        (1.4573, 1.3655, 0.4721, 0.4724),
    ];
    let record = |(loss, validation_loss, accuracy, validation_accuracy): (f64, f64, f64, f64)| {
        let [record] = &history(&[(loss, validation_loss, accuracy)])[..] else {
            panic!("one record");
        };
        EpochRecord {
            validation_accuracy: Some(validation_accuracy),
            ..record.clone()
        }
    };
    let epochs: Vec<EpochRecord> = (1..)
        .zip(measured.map(record))
        .map(|(epoch, record)| EpochRecord { epoch, ..record })
        .collect();
    assert_eq!(diagnose(&config, &epochs[..1]), [], "the first epoch");
    for (last, accuracy) in [(1, 0.5240), (2, 0.4721)] {
        let expected = Hint::Falling {
            best_epoch: 1,
            highest: 0.6138,
            accuracy,
            cause,
        };
        let hints = diagnose(&config, &epochs[..=last]);
        assert_eq!(hints, [expected], "epoch {}", last + 1);
    }
    let to_chance = history(&[(0.5, 0.5, 0.9), (2.3, 2.3, 0.1), (2.3, 2.3, 0.1)]);
    let hints = diagnose(&config, &to_chance);
    assert!(
        matches!(hints[..], [Hint::Falling { best_epoch: 1, .. }]),
        "a fall to chance is a fall: {hints:?}"
    );
    let mut grown = history(&[(0.3, 0.1, 0.95), (0.5, 0.09, 0.85)]);
    grown[0].validation_accuracy = Some(0.97);
    grown[1].validation_accuracy = Some(0.98);
    assert_eq!(diagnose(&config, &grown), [], "augmentation that grows");
    let wavers = history(&[(0.3, 0.3, 0.95), (0.3, 0.3, 0.91)]);
    assert_eq!(diagnose(&config, &wavers), [], "a small change");
}

#[test]
fn underfitting_names_the_hyperparameter() {
    let level = history(&[
        (1.5, 1.5, 0.4),
        (1.3, 1.3, 0.51),
        (1.3, 1.3, 0.515),
        (1.3, 1.3, 0.51),
        (1.3, 1.3, 0.515),
    ]);
    let narrow = |hidden: &[usize]| TrainingConfig {
        model: MlpConfig::new(hidden.to_vec(), Activation::Relu).expect("small"),
        ..TrainingConfig::default()
    };
    let fast = TrainingConfig {
        learning_rate: 0.1,
        ..narrow(&[128])
    };
    let cases = [
        (narrow(&[2]), Cause::Narrow(2)),
        (narrow(&[64, 1]), Cause::Narrow(1)),
        (fast, Cause::HighLearningRate(0.1)),
    ];
    for (config, cause) in cases {
        let accuracy = 0.515;
        let expected = Hint::Underfitting { accuracy, cause };
        assert_eq!(diagnose(&config, &level), [expected], "{}", cause.key());
    }
    let config = narrow(&[2]);
    assert_eq!(
        diagnose(&config, &level[..4]),
        [],
        "it rose in the first of four epochs"
    );
    let rising = history(&[
        (1.5, 1.5, 0.4),
        (1.4, 1.4, 0.5),
        (1.3, 1.3, 0.6),
        (1.2, 1.2, 0.7),
    ]);
    assert_eq!(diagnose(&config, &rising), [], "it still rises");
    let mut augmented = level;
    augmented[4].validation_accuracy = Some(0.95);
    assert_eq!(diagnose(&config, &augmented), [], "hard training images");
}

#[test]
fn a_rising_validation_loss_differs_from_a_fluctuating_one() {
    let config = TrainingConfig::default();
    let falling = [(0.5, 0.4, 0.9), (0.3, 0.30, 0.92), (0.2, 0.29, 0.94)];
    let more = |figures: &[(f64, f64, f64)]| history(&[&falling[..], figures].concat());
    let cases = [
        (
            more(&[(0.1, 0.31, 0.9), (0.08, 0.33, 0.9), (0.06, 0.36, 0.9)]),
            Some(3),
            "it rises",
        ),
        (
            more(&[(0.1, 0.35, 0.9), (0.08, 0.4, 0.9)]),
            None,
            "for two epochs only",
        ),
        (
            more(&[(0.1, 0.3, 0.9), (0.08, 0.3, 0.9), (0.07, 0.3, 0.9)]),
            None,
            "it fluctuates",
        ),
        (
            more(&[(0.3, 0.4, 0.9), (0.4, 0.4, 0.9), (0.5, 0.5, 0.9)]),
            None,
            "both rise",
        ),
        (
            history(&[
                (0.5, 0.03, 0.9),
                (0.4, 0.04, 0.9),
                (0.3, 0.04, 0.9),
                (0.2, 0.04, 0.9),
            ]),
            None,
            "the training images are augmented and have the higher loss",
        ),
        (
            history(&[
                (2.32, 2.31, 0.11),
                (2.31, 2.9, 0.13),
                (2.31, 2.9, 0.13),
                (2.31, 2.9, 0.11),
            ]),
            None,
            "a network at chance",
        ),
    ];
    for (history, expected, reason) in cases {
        let climbs = expected.map(|best_epoch| Hint::Overfitting {
            best_epoch,
            has_early_stopping: false,
            has_more_images: false,
        });
        assert_eq!(
            diagnose(&config, &history),
            Vec::from_iter(climbs),
            "{reason}"
        );
    }
}

#[test]
fn overfitting_names_a_remedy_that_is_not_in_use() {
    let rising = history(&[
        (0.5, 0.4, 0.9),
        (0.3, 0.5, 0.9),
        (0.2, 0.6, 0.9),
        (0.1, 0.7, 0.9),
    ]);
    for (has_early_stopping, has_more_images) in [(false, true), (true, false)] {
        let config = TrainingConfig {
            patience: usize::from(has_early_stopping),
            data_fraction: if has_more_images { 0.01 } else { 1.0 },
            ..TrainingConfig::default()
        };
        let hint = Hint::Overfitting {
            best_epoch: 1,
            has_early_stopping,
            has_more_images,
        };
        assert_eq!(diagnose(&config, &rising), [hint], "as configured");
        let text = hint.to_string();
        assert!(text.contains("after epoch 1"), "the best one: {text}");
        assert_eq!(
            text.contains("more training images"),
            has_more_images,
            "{text}"
        );
        assert_eq!(
            text.contains("early stopping"),
            !has_early_stopping,
            "{text}"
        );
    }
}

#[test]
fn a_divergence_names_the_hyperparameter_that_stands_out() {
    let cases = [
        (Optimizer::SGD, 5.0, 0.0, "learning_rate", "too high a rate"),
        (
            Optimizer::Sgd { momentum: 0.99 },
            0.01,
            0.0,
            "optimizer.momentum",
            "a usual rate with much momentum",
        ),
        (Optimizer::SGD, 1.0, 1.0, "l2", "the penalty overshoots"),
    ];
    for (optimizer, learning_rate, l2, key, reason) in cases {
        let config = TrainingConfig {
            optimizer,
            learning_rate,
            l2,
            ..TrainingConfig::default()
        };
        assert_eq!(Cause::of_divergence(&config).key(), key, "{reason}");
    }
}
