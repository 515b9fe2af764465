//! Fine-tuning.

use std::sync::Arc;

use super::*;
use crate::{
    model::calibration::Calibration,
    training::{config::Optimizer, fine_tune::BaseModel},
};

/// A model with this training.
fn trained(config: &TrainingConfig) -> BaseModel {
    BaseModel::new(
        Arc::new(train_alone(config).model),
        "first model".to_owned(),
    )
}

fn convolutional() -> TrainingConfig {
    TrainingConfig {
        model: MlpConfig::relu([2, 3], []),
        epochs: 1,
        ..config()
    }
}

fn fine_tune(
    base_model: &BaseModel,
    config: &TrainingConfig,
) -> Result<TrainedModel, TrainingError> {
    fine_tune_on(&dataset(), base_model, config)
}

fn fine_tune_on(
    dataset: &Dataset,
    base_model: &BaseModel,
    config: &TrainingConfig,
) -> Result<TrainedModel, TrainingError> {
    let start = Start::From(base_model.clone(), Box::new(config.clone()));
    completed(&start, dataset)
}

#[test]
fn fine_tuning_starts_with_the_base_models_weights_and_does_not_change_it() {
    for config in [config(), convolutional()] {
        let base_model = trained(&config);
        let before = parameters(&base_model.model().mlp);
        let still = TrainingConfig {
            optimizer: Optimizer::SGD,
            learning_rate: 1e-9,
            epochs: 1,
            ..config.clone()
        };
        let after = parameters(&fine_tune(&base_model, &still).expect("trains").model.mlp);
        let largest = before.iter().zip(&after).map(|(a, b)| (a - b).abs());
        let largest = largest.fold(0.0, f32::max);
        assert!(largest < 1e-6, "{largest} is more than such steps change");
        let fine_tuned = fine_tune(&base_model, &base_model.fine_tuning())
            .expect("trains")
            .model;
        assert_ne!(parameters(&fine_tuned.mlp), before, "new weights");
        assert_eq!(
            parameters(&base_model.model().mlp),
            before,
            "the base model is unchanged"
        );
        let base_model = fine_tuned.metadata.base_model.as_deref();
        assert_eq!(base_model, Some("first model"), "the metadata name it");
    }
}

#[test]
fn fine_tuning_uses_the_base_models_settings_with_a_smaller_learning_rate() {
    let learned = TrainingConfig {
        learning_rate: 0.02,
        dropout: 0.1,
        non_digits: 5,
        ..convolutional()
    };
    let base_model = trained(&learned);
    let fine_tuned = base_model.fine_tuning();
    assert_eq!(fine_tuned.model, learned.model, "the same network");
    let same = (fine_tuned.dropout, fine_tuned.non_digits);
    assert_eq!(same, (0.1, 5), "its own settings");
    assert!(
        fine_tuned.learning_rate < learned.learning_rate,
        "a smaller one"
    );
    let again = BaseModel::new(
        Arc::new(fine_tune(&base_model, &fine_tuned).expect("trains").model),
        "fine_tuned model".to_owned(),
    );
    assert_eq!(
        again.fine_tuning(),
        fine_tuned,
        "fine-tuning again is the same"
    );
    assert_eq!(
        again.name(),
        "fine_tuned model",
        "the model that is trained, not its base model"
    );
    let mut foreign = (**base_model.model()).clone();
    foreign.metadata.training_config = None;
    let foreign = BaseModel::new(Arc::new(foreign), "foreign model".to_owned());
    let fine_tuned = foreign.fine_tuning();
    assert_eq!(
        fine_tuned.validate(),
        Ok(()),
        "valid without a configuration in the metadata"
    );
    assert_eq!(fine_tuned.model, learned.model, "the same network");
    assert!(fine_tuned.non_digits > 0, "it still rejects non-digits");
}

#[test]
fn another_architecture_is_refused() {
    let base_model = trained(&convolutional());
    let cases = [
        (config(), "784-24-10", "another network"),
        (
            TrainingConfig {
                model: MlpConfig::relu([], [242, 48]),
                ..convolutional()
            },
            "784-242-48-10",
            "fully connected layers of as many units",
        ),
    ];
    for (config, part, reason) in cases {
        let error = fine_tune(&base_model, &config)
            .expect_err(reason)
            .to_string();
        assert!(error.contains("first model"), "{reason}: {error}");
        assert!(error.contains(part), "{reason}: {error}");
    }
}

#[test]
fn without_held_out_writers_the_calibration_stays() {
    let first = TrainingConfig {
        non_digits: 5,
        ..config()
    };
    let mut model = (**trained(&first).model()).clone();
    let known = Calibration {
        temperature: 1.25,
        reject_threshold: Some(-3.5),
    };
    model.metadata.calibration = known;
    let base_model = BaseModel::new(Arc::new(model), "calibrated model".to_owned());
    let calibration = |config: &TrainingConfig| {
        let fine_tuned = fine_tune(&base_model, config).expect("trains");
        fine_tuned.model.metadata.calibration
    };
    assert_eq!(
        calibration(&base_model.fine_tuning()),
        known,
        "that of the base model"
    );
    let without = TrainingConfig {
        non_digits: 0,
        ..base_model.fine_tuning()
    };
    let found = calibration(&without).reject_threshold;
    assert_eq!(found, None, "without non-digits, no reject threshold");
}

#[test]
fn corrections_are_one_in_a_hundred_and_the_metadata_count_them() {
    let dataset = dataset_with_corrections();
    let examples = |fraction| {
        let config = TrainingConfig {
            data_fraction: fraction,
            epochs: 1,
            ..config()
        };
        let mut examples = 0;
        let mut on_event = |event| {
            if let TrainingEvent::Started(plan) = event {
                examples = plan.training_examples;
            }
        };
        let control = Control::default();
        let trained = train(&config, &dataset, &control, &mut on_event);
        (
            examples,
            trained.expect("trains").expect("is not abandoned"),
        )
    };
    let (all, trained) = examples(1.0);
    assert_eq!(all, 184 + 2, "one in a hundred, or each once");
    assert_eq!(examples(0.1).0, 18 + 2, "of the training fraction");
    assert_eq!(trained.model.metadata.corrections_used, Some(2), "both");
    let refuses = trained
        .model
        .metadata
        .calibration
        .reject_threshold
        .is_some();
    assert!(refuses, "one is a non-digit");
    assert_eq!(train_alone(&config()).model.metadata.corrections_used, None);
}
