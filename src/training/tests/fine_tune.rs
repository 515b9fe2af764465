//! Models that go on learning.

use std::sync::Arc;

use super::*;
use crate::{
    model::{calibration::Calibration, file::Model},
    training::{config::Optimizer, fine_tune::BaseModel},
};

/// A model that was trained so.
fn trained(config: &TrainingConfig) -> BaseModel {
    BaseModel::new(
        Arc::new(train_alone(config).model),
        "first model".to_owned(),
    )
}

fn shared() -> TrainingConfig {
    TrainingConfig {
        model: MlpConfig::new(vec![121, 16], Activation::Relu).expect("a small network"),
        convolutional: true,
        epochs: 1,
        ..config()
    }
}

fn taught(base_model: &BaseModel, config: &TrainingConfig) -> Result<TrainedModel, TrainingError> {
    let control = Control::default();
    let dataset = dataset();
    let taught = teach(
        base_model,
        config,
        &dataset,
        &Device::Cpu,
        &control,
        &mut |_| {},
    );
    taught.map(|taught| taught.expect("it is not abandoned"))
}

#[test]
fn a_lesson_begins_with_the_models_weights_and_leaves_the_model_alone() {
    for config in [config(), shared()] {
        let base_model = trained(&config);
        let before = parameters(&base_model.model().mlp);
        let still = TrainingConfig {
            optimizer: Optimizer::SGD,
            learning_rate: 1e-9,
            epochs: 1,
            ..config.clone()
        };
        let after = parameters(&taught(&base_model, &still).expect("trains").model.mlp);
        let largest = before.iter().zip(&after).map(|(a, b)| (a - b).abs());
        let largest = largest.fold(0.0, f32::max);
        assert!(largest < 1e-6, "{largest} is more than such steps change");
        let lesson = taught(&base_model, &base_model.fine_tuning())
            .expect("trains")
            .model;
        assert_ne!(
            parameters(&lesson.mlp),
            before,
            "a lesson changes something"
        );
        assert_eq!(
            parameters(&base_model.model().mlp),
            before,
            "but not the model"
        );
        let base_model = lesson.metadata.base_model.as_deref();
        assert_eq!(base_model, Some("first model"), "the file tells");
    }
}

/// What a model makes of images.
fn read(model: &Model, images: &[u8]) -> Vec<Vec<f32>> {
    let pixels = images.iter().map(|&value| f32::from(value) / 255.0);
    let logits = model.mlp.logits(pixels.collect()).expect("computes");
    logits.iter().map(|logits| logits.to_vec()).collect()
}

/// How far the readings of the bars move in a gentle lesson on these data.
fn moved_by(base_model: &BaseModel, config: &TrainingConfig, dataset: &Dataset) -> f32 {
    let gentle = TrainingConfig {
        optimizer: Optimizer::SGD,
        learning_rate: 0.1,
        epochs: 5,
        ..config.clone()
    };
    let control = Control::default();
    let taught = teach(
        base_model,
        &gentle,
        dataset,
        &Device::Cpu,
        &control,
        &mut |_| {},
    );
    let taught = taught.expect("trains").expect("it is not abandoned").model;
    let [before, after] =
        [base_model.model(), &Arc::new(taught)].map(|it| read(it, bars(50).images()));
    let moved = before.iter().flatten().zip(after.iter().flatten());
    moved.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn labels_are_learnt_unless_there_are_drawings_of_ones_own() {
    for config in [config(), shared()] {
        // It misclassifies some, and is to go on to.
        let base_model = trained(&TrainingConfig {
            epochs: 2,
            ..config.clone()
        });
        let mut dataset = dataset();
        let by_labels = moved_by(&base_model, &config, &dataset);
        assert!(by_labels > 0.1, "{by_labels}: a training goes on");
        // White paper, which no weight of the first layer is learned from.
        dataset.corrections.digits = Examples::new(vec![0; PIXELS], vec![3]).expect("sizes agree");
        let with_corrections = moved_by(&base_model, &config, &dataset);
        assert!(
            with_corrections < by_labels / 4.0,
            "{with_corrections} instead of {by_labels}: all else is to be read as before"
        );
    }
}

#[test]
fn ones_own_drawings_are_learnt_and_all_else_stays_as_it_was_read() {
    for config in [config(), shared()] {
        let base_model = trained(&TrainingConfig {
            epochs: 20,
            ..config.clone()
        });
        let before = read(base_model.model(), bars(50).images());
        let mut dataset = dataset();
        let mut image = vec![0; PIXELS];
        image
            .chunks_exact_mut(28)
            .for_each(|row| row[14..17].fill(200));
        dataset.corrections.digits = Examples::new(image.clone(), vec![3]).expect("sizes agree");
        let lesson = TrainingConfig {
            learning_rate: 0.003,
            epochs: 40,
            ..config
        };
        let control = Control::default();
        let taught = teach(
            &base_model,
            &lesson,
            &dataset,
            &Device::Cpu,
            &control,
            &mut |_| {},
        );
        let taught = taught.expect("trains").expect("it is not abandoned").model;
        let digit = |logits: &Vec<f32>| {
            let most = |a: &usize, b: &usize| logits[*a].total_cmp(&logits[*b]);
            (0..10).max_by(most)
        };
        assert_eq!(digit(&read(&taught, &image)[0]), Some(3), "it is learned");
        let after = read(&taught, bars(50).images());
        let same = before
            .iter()
            .zip(&after)
            .filter(|(a, b)| digit(a) == digit(b));
        assert!(same.count() >= 48, "and hardly anything else");
    }
}

#[test]
fn a_lesson_is_as_the_model_has_learnt_but_short_and_in_small_steps() {
    let learned = TrainingConfig {
        learning_rate: 0.02,
        dropout: 0.1,
        non_digits: 5,
        ..shared()
    };
    let base_model = trained(&learned);
    let lesson = base_model.fine_tuning();
    assert_eq!(lesson.model, learned.model, "the same network");
    let same = (lesson.convolutional, lesson.dropout, lesson.non_digits);
    assert_eq!(same, (true, 0.1, 5), "as it has learned");
    assert!(
        lesson.learning_rate < learned.learning_rate,
        "in small steps"
    );
    let again = BaseModel::new(
        Arc::new(taught(&base_model, &lesson).expect("trains").model),
        "taught model".to_owned(),
    );
    assert_eq!(again.fine_tuning(), lesson, "the next lesson is as long");
    assert_eq!(
        again.name(),
        "first model",
        "and is called as the first was"
    );
    let mut foreign = (**base_model.model()).clone();
    foreign.metadata.training_config = None;
    let foreign = BaseModel::new(Arc::new(foreign), "foreign model".to_owned());
    let lesson = foreign.fine_tuning();
    assert_eq!(lesson.validate(), Ok(()), "whatever is not known");
    let same = (&lesson.model, lesson.convolutional);
    assert_eq!(same, (&learned.model, false), "nothing needs to be shared");
    assert!(
        lesson.non_digits > 0,
        "what it refuses it goes on to refuse"
    );
}

#[test]
fn what_is_not_the_models_network_is_refused() {
    let plain = trained(&TrainingConfig {
        convolutional: false,
        ..shared()
    });
    let cases = [
        (config(), "784-24-10", "another network"),
        (shared(), "place to place", "weights that are not shared"),
    ];
    for (config, part, reason) in cases {
        let error = taught(&plain, &config).expect_err(reason).to_string();
        assert!(error.contains("first model"), "{reason}: {error}");
        assert!(error.contains(part), "{reason}: {error}");
    }
}

#[test]
fn what_logits_are_worth_stays_known_where_no_hands_tell() {
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
        let taught = taught(&base_model, config).expect("trains");
        taught.model.metadata.calibration
    };
    assert_eq!(
        calibration(&base_model.fine_tuning()),
        known,
        "as it was found"
    );
    let without = TrainingConfig {
        non_digits: 0,
        ..base_model.fine_tuning()
    };
    let found = calibration(&without).reject_threshold;
    assert_eq!(found, None, "what is refused was not learned any more");
}

#[test]
fn drawings_of_ones_own_are_few_of_what_is_learnt_and_the_file_tells_of_them() {
    let dataset = dataset_with_own();
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
        let trained = train(&config, &dataset, &Device::Cpu, &control, &mut on_event);
        (
            examples,
            trained.expect("trains").expect("is not abandoned"),
        )
    };
    let (all, trained) = examples(1.0);
    assert_eq!(
        all,
        184 + 2,
        "each as often as makes one in a hundred, or once"
    );
    assert_eq!(examples(0.1).0, 18 + 2, "of what is learned from");
    assert_eq!(
        trained.model.metadata.corrections_used,
        Some(2),
        "it is told"
    );
    let refuses = trained
        .model
        .metadata
        .calibration
        .reject_threshold
        .is_some();
    assert!(refuses, "one was no digit");
    assert_eq!(train_alone(&config()).model.metadata.corrections_used, None);
}
