//! Which metrics give which hint.

use super::*;
use crate::model::MlpConfig;

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
    ];
    for (history, expected, reason) in cases {
        let climbs = expected.map(|best_epoch| Hint::Overfitting {
            best_epoch,
            has_early_stopping: false,
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
    for has_early_stopping in [false, true] {
        let hint = Hint::Overfitting {
            best_epoch: 5,
            has_early_stopping,
        };
        let text = hint.to_string();
        assert!(
            text.contains("epoch 6"),
            "the first one after the best: {text}"
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
