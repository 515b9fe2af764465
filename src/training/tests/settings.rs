//! The effects of hyperparameters beyond a single step.

use super::*;
use crate::{
    error::{Cause, Divergence},
    evaluation::{evaluate, evaluation_set::EvaluationSet},
    model::{calibration::Calibration, preprocess::Preprocessing},
    training::{config::Optimizer, schedule::Schedule},
};

fn events_of(config: &TrainingConfig) -> (TrainedModel, Vec<TrainingEvent>) {
    let mut events = Vec::new();
    let control = Control::default();
    let mut on_event = |event| events.push(event);
    let trained = train(config, &dataset(), &control, &mut on_event);
    (trained.expect("trains").expect("is not abandoned"), events)
}

#[test]
fn early_stopping_restores_the_best_epoch() {
    // So much dropout at so high a learning rate soon raises the loss.
    let config = TrainingConfig {
        epochs: 200,
        learning_rate: 0.1,
        dropout: 0.5,
        patience: 3,
        ..config()
    };
    let trained = train_alone(&config);
    assert_eq!(trained.stop_reason, StopReason::EarlyStopping, "by itself");
    let best = trained.epoch.expect("of an epoch");
    assert_eq!(
        trained.history.len(),
        best + 3,
        "three epochs after the best"
    );
    let loss = |record: &EpochRecord| record.validation_loss.expect("there are examples");
    let least = trained
        .history
        .iter()
        .map(loss)
        .fold(f64::INFINITY, f64::min);
    assert_eq!(loss(&trained.history[best - 1]), least, "the least loss");
    let (_, validation) = dataset().train.split_tail(config.validation_split);
    let set = EvaluationSet::from_examples("validation", validation);
    let calibration = Calibration::default();
    let again = evaluate(&trained.model.mlp, &calibration, set, &mut |_| true);
    let again = again.expect("computes").expect("it is not stopped");
    assert!(
        (again.metrics().loss - least).abs() < 1e-9,
        "the weights of that epoch"
    );
}

#[test]
fn the_average_is_shown_validated_and_saved() {
    let config = TrainingConfig {
        epochs: 3,
        ema: 0.9,
        ..config()
    };
    let (trained, events) = events_of(&config);
    let plain = train_alone(&TrainingConfig { ema: 0.0, ..config });
    assert_ne!(
        parameters(&trained.model.mlp),
        parameters(&plain.model.mlp),
        "the average is saved"
    );
    let losses = |model: &TrainedModel| -> Vec<f64> {
        model.history.iter().map(|record| record.loss).collect()
    };
    assert_eq!(losses(&trained), losses(&plain), "the training is the same");
    let shown = events.iter().rev().find_map(|event| match event {
        TrainingEvent::EpochFinished { mlp, .. } => Some(parameters(mlp)),
        _ => None,
    });
    assert_eq!(shown, Some(parameters(&trained.model.mlp)), "and shown");
}

#[test]
fn the_training_fraction_is_the_first_part_of_the_data() {
    let config = TrainingConfig {
        epochs: 1,
        data_fraction: 0.25,
        ..config()
    };
    let (_, events) = events_of(&config);
    let Some(TrainingEvent::Started(plan)) = events.first() else {
        panic!("starts with its plan")
    };
    let sizes = (plan.training_examples, plan.validation_examples);
    assert_eq!(sizes, (46, 46), "a quarter of 184, validated with all");
}

#[test]
fn calibration_needs_enough_examples() {
    let temperature = |validation_split| {
        let config = TrainingConfig {
            epochs: 1,
            validation_split,
            ..config()
        };
        train_alone(&config).model.metadata.calibration.temperature
    };
    assert_eq!(temperature(0.2), 1.0, "46 of them");
    assert_ne!(temperature(0.6), 1.0, "138 do");
}

#[test]
fn sorted_digits_are_not_split() {
    let mixed = dataset().train;
    let mut order: Vec<usize> = (0..mixed.len()).collect();
    order.sort_by_key(|&index| mixed.labels()[index]);
    let images = order
        .iter()
        .flat_map(|&index| *mixed.image(index))
        .collect();
    let labels = order.iter().map(|&index| mixed.labels()[index]).collect();
    let sorted = Examples::new(images, labels).expect("sizes agree");
    let dataset = Dataset::new("sorted", sorted, bars(50));
    let run = |validation_split, data_fraction| {
        let config = TrainingConfig {
            epochs: 1,
            validation_split,
            data_fraction,
            ..config()
        };
        let control = Control::default();
        train(&config, &dataset, &control, &mut |_| {})
    };
    for (split, part) in [(0.2, 1.0), (0.0, 0.5)] {
        let refusal = run(split, part).expect_err("the last digits are missing");
        assert!(refusal.to_string().contains("sorted"), "{refusal}");
    }
    assert!(run(0.0, 1.0).is_ok(), "all of them are shuffled");
}

#[test]
fn a_diverged_training_restores_the_best_epoch() {
    let wild = TrainingConfig {
        optimizer: Optimizer::SGD,
        schedule: Schedule::OneCycle {
            warm_up: 1.0,
            start: 0.0,
        },
        model: MlpConfig::new(vec![24; 8], Activation::Relu).expect("a small network"),
        epochs: 1000,
        learning_rate: 10.0,
        l2: 1.0,
        ..config()
    };
    let trained = train_alone(&wild);
    assert!(
        matches!(trained.stop_reason, StopReason::Diverged(_)),
        "{:?}",
        trained.stop_reason
    );
    let finite = parameters(&trained.model.mlp).iter().all(|w| w.is_finite());
    assert!(
        finite && trained.epoch.is_some(),
        "the weights of an epoch are restored"
    );
    let unseen = train_alone(&TrainingConfig {
        validation_split: 0.0,
        ..wild.clone()
    });
    let losses = unseen.history.iter().map(|record| record.loss);
    let least = losses.min_by(f64::total_cmp);
    let kept = unseen
        .history
        .iter()
        .find(|r| Some(r.epoch) == unseen.epoch);
    assert_eq!(
        kept.map(|record| record.loss),
        least,
        "without validation, those of the least training loss"
    );
    let at_once = TrainingConfig {
        schedule: Schedule::Constant,
        ..wild
    };
    let control = Control::default();
    let result = train(&at_once, &dataset(), &control, &mut |_| {});
    match result {
        Err(TrainingError::Diverged(Divergence { epoch: 1, cause })) => {
            assert_eq!(cause, Cause::Penalty, "the cause");
        }
        other => panic!("no epoch is finished: {other:?}"),
    }
}

#[test]
fn nan_weights_are_never_saved_even_with_a_finite_loss() {
    // ReLU turns NaN into 0, and sixteen layers of it give a loss of ln 10.
    let deep = TrainingConfig {
        model: MlpConfig::new(vec![128; 16], Activation::Relu).expect("a network"),
        optimizer: Optimizer::RMS_PROP,
        learning_rate: 10.0,
        epochs: 20,
        ..config()
    };
    let control = Control::default();
    let trained = train(&deep, &dataset(), &control, &mut |_| {});
    let kept = match trained {
        Ok(trained) => parameters(&trained.expect("is not abandoned").model.mlp),
        Err(TrainingError::Diverged(_)) => Vec::new(),
        Err(other) => panic!("{other}"),
    };
    assert!(kept.iter().all(|weight| weight.is_finite()), "all of them");
}

#[test]
fn preprocessing_is_trained_with_and_saved_in_the_model() {
    let filters = Preprocessing {
        threshold: 0.9,
        ..Preprocessing::default()
    };
    // The bars have a value of 200 of 255: this threshold removes them.
    let blank = TrainingConfig {
        epochs: 2,
        model: config()
            .model
            .with_preprocessing(filters)
            .expect("in range"),
        ..config()
    };
    let trained = train_alone(&blank);
    let accuracy = trained.test.expect("there are test examples").accuracy;
    assert!(accuracy < 0.2, "{accuracy}: all images are blank");
    let bytes = trained.model.to_bytes().expect("fits in memory");
    let read = Model::from_bytes(&bytes, "a test").expect("it is whole");
    assert_eq!(
        read.mlp.config(),
        &blank.model,
        "the filters are in the file"
    );
    let blurred = Preprocessing {
        gaussian_px: 0.5,
        ..Preprocessing::default()
    };
    for augmentation in [
        crate::data::augment::Augmentation::default(),
        crate::data::augment::Augmentation::HANDWRITING.scaled(0.1),
    ] {
        let config = TrainingConfig {
            model: config()
                .model
                .with_preprocessing(blurred)
                .expect("in range"),
            augmentation,
            ..config()
        };
        let accuracy = train_alone(&config)
            .test
            .expect("there are test examples")
            .accuracy;
        assert!(accuracy > 0.9, "{accuracy}: bars are easy, blurred too");
    }
}
