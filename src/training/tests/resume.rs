//! An interrupted training goes on as if nothing had happened.

use std::sync::Arc;

use super::*;
use crate::{
    data::augment::Augmentation,
    training::{
        config::{Loss, Optimizer},
        fine_tune::BaseModel,
        schedule::Schedule,
    },
};

/// A training that uses all that has a state of its own.
fn with_all() -> TrainingConfig {
    TrainingConfig {
        epochs: 3,
        optimizer: Optimizer::adam_w(0.01),
        schedule: Schedule::ONE_CYCLE,
        loss: Loss::MeanSquaredError,
        label_smoothing: 0.05,
        clip_norm: 1.0,
        l1: 1e-6,
        l2: 1e-5,
        dropout: 0.2,
        ema: 0.9,
        patience: 2,
        augmentation: Augmentation::HANDWRITING.scaled(0.2),
        synthetic_digits: 10,
        non_digits: 10,
        ..config()
    }
}

/// Trains until a number of batches is done, then stops; what the stop hands out, through its bytes.
fn interrupted(config: &TrainingConfig, from: Option<&Checkpoint>, batches: usize) -> Checkpoint {
    let control = Control::default();
    let mut last = None;
    let mut done = 0;
    let mut on_event = |event| match event {
        TrainingEvent::Batch(_) => {
            done += 1;
            if done == batches {
                control.stop();
            }
        }
        TrainingEvent::Checkpoint(checkpoint) => last = Some(*checkpoint),
        _ => {}
    };
    let trained = match from {
        Some(checkpoint) => resume(
            checkpoint,
            &dataset(),
            &Device::Cpu,
            &control,
            &mut on_event,
        ),
        None => train(config, &dataset(), &Device::Cpu, &control, &mut on_event),
    };
    assert!(trained.expect("trains").is_some(), "it is not abandoned");
    through_bytes(&last.expect("a stop leaves a checkpoint"))
}

fn through_bytes(checkpoint: &Checkpoint) -> Checkpoint {
    let bytes = checkpoint.to_bytes().expect("fits in memory");
    let read = Checkpoint::from_bytes(&bytes, "a test").expect("it is whole");
    assert_eq!(read, *checkpoint, "as it was written");
    read
}

fn resumed(checkpoint: &Checkpoint) -> TrainedModel {
    let control = Control::default();
    let trained = resume(checkpoint, &dataset(), &Device::Cpu, &control, &mut |_| {});
    trained.expect("trains").expect("is not abandoned")
}

#[test]
fn a_lesson_is_resumed_as_a_lesson() {
    for dataset in [dataset(), dataset_with_own()] {
        check_lesson(&dataset);
    }
}

fn check_lesson(dataset: &Dataset) {
    let config = with_all();
    let base_model = BaseModel::new(
        Arc::new(train_alone(&config).model),
        "first model".to_owned(),
    );
    let lesson = |control: &Control, on_event: &mut (dyn FnMut(TrainingEvent) + Send)| {
        let taught = teach(
            &base_model,
            &config,
            dataset,
            &Device::Cpu,
            control,
            on_event,
        );
        taught.expect("trains").expect("is not abandoned")
    };
    let whole = lesson(&Control::default(), &mut |_| {});
    let (control, mut last) = (Control::default(), None);
    lesson(&control, &mut |event| match event {
        TrainingEvent::Batch(progress) if progress.epoch == 2 => control.stop(),
        TrainingEvent::Checkpoint(checkpoint) => last = Some(*checkpoint),
        _ => {}
    });
    let checkpoint = through_bytes(&last.expect("a stop leaves a checkpoint"));
    assert_eq!(checkpoint.base_model(), Some("first model"), "it is known");
    let control = Control::default();
    let trained = resume(&checkpoint, dataset, &Device::Cpu, &control, &mut |_| {});
    let trained = trained.expect("trains").expect("is not abandoned").model;
    let same = parameters(&trained.mlp) == parameters(&whole.model.mlp);
    assert!(same, "the same weights");
    assert_eq!(trained.metadata, whole.model.metadata, "and what is known");
}

#[test]
fn a_resumed_training_gives_the_same_weights_bit_by_bit() {
    let sgd = TrainingConfig {
        optimizer: Optimizer::NESTEROV,
        epochs: 2,
        ..config()
    };
    let shared = TrainingConfig {
        model: MlpConfig::new(vec![121, 16], Activation::Relu).expect("a small network"),
        convolutional: true,
        ..with_all()
    };
    let cases = [
        (with_all(), "with all"),
        (sgd, "plain"),
        (shared, "shared fields, with all"),
    ];
    for (config, reason) in cases {
        let whole = train_alone(&config);
        // Within the first epoch, at its end, and in the midst of later ones; then again and again.
        for batches in [1, 3, 6, 7, 10] {
            let checkpoint = interrupted(&config, None, batches);
            let trained = resumed(&checkpoint);
            let same = parameters(&trained.model.mlp) == parameters(&whole.model.mlp);
            assert!(same, "{reason}: interrupted after {batches} batches");
            assert_eq!(trained.test, whole.test, "{reason}: and what it reaches");
            assert_eq!(trained.epoch, whole.epoch, "{reason}: of the same epoch");
            let figures = |model: &TrainedModel| -> Vec<_> {
                let of =
                    |record: &EpochRecord| (record.loss, record.accuracy, record.validation_loss);
                model.history.iter().map(of).collect()
            };
            assert_eq!(
                figures(&trained),
                figures(&whole),
                "{reason}: with its history"
            );
        }
        let mut checkpoint = interrupted(&config, None, 1);
        for batches in [2, 1, 3, 5] {
            checkpoint = interrupted(&config, Some(&checkpoint), batches);
        }
        let again = parameters(&resumed(&checkpoint).model.mlp);
        assert!(
            again == parameters(&whole.model.mlp),
            "{reason}: five times"
        );
    }
}

#[test]
fn a_resumed_training_says_what_was_done() {
    let checkpoint = interrupted(&with_all(), None, 10);
    let mut events = Vec::new();
    let control = Control::default();
    let mut on_event = |event| {
        events.push(event);
        control.abandon();
    };
    let trained = resume(
        &checkpoint,
        &dataset(),
        &Device::Cpu,
        &control,
        &mut on_event,
    );
    assert!(
        trained.expect("begins").is_none(),
        "it is abandoned at once"
    );
    let [
        TrainingEvent::Started(plan),
        TrainingEvent::Resumed(history),
        ..,
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(plan.epochs, 3, "the plan is the whole training's");
    assert_eq!(
        history,
        checkpoint.history(),
        "and the epochs before are told"
    );
    assert_eq!(checkpoint.progress().epoch, 2, "it is in the second");
}

#[test]
fn other_data_are_refused() {
    let checkpoint = interrupted(&config(), None, 3);
    let mut images = bars(230).images().to_vec();
    images[0] = 77;
    let changed = Examples::new(images, bars(230).labels().to_vec()).expect("sizes agree");
    let others = [
        (Dataset::new("bars", bars(231), bars(50)), "one more"),
        (Dataset::new("bars", changed, bars(50)), "another picture"),
    ];
    for (dataset, reason) in others {
        let control = Control::default();
        let result = resume(&checkpoint, &dataset, &Device::Cpu, &control, &mut |_| {});
        assert!(matches!(result, Err(TrainingError::Refused(_))), "{reason}");
    }
}

#[test]
fn a_damaged_checkpoint_is_refused_whatever_the_damage() {
    let bytes = interrupted(&with_all(), None, 8)
        .to_bytes()
        .expect("fits in memory");
    let read = |bytes: &[u8]| Checkpoint::from_bytes(bytes, "a test");
    assert!(read(&bytes).is_ok(), "whole it is read");
    for len in (0..bytes.len()).step_by(997) {
        assert!(read(&bytes[..len]).is_err(), "cut off after {len} bytes");
    }
    for place in (0..bytes.len()).step_by(1009) {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x10;
        // A digit of the hash or a space of the header may change without a consequence; no content may.
        if let Ok(checkpoint) = read(&damaged) {
            assert_eq!(checkpoint, read(&bytes).expect("is whole"), "byte {place}");
        }
    }
    assert!(read(b"{}").is_err(), "something else");
}

#[test]
fn a_checkpoint_of_other_settings_is_told_as_a_checkpoint() {
    let before = br#"loss = \""#;
    let mut bytes = interrupted(&with_all(), None, 8)
        .to_bytes()
        .expect("fits in memory");
    let place = bytes
        .windows(before.len())
        .position(|part| part == before)
        .expect("its loss is named");
    bytes[place + before.len()] = b'k';
    let refusal = Checkpoint::from_bytes(&bytes, "a test").expect_err("no such loss");
    assert!(
        refusal.found.contains("kean-squared-error"),
        "what it holds is told: {}",
        refusal.found
    );
    assert!(
        refusal.found.contains("cross-entropy"),
        "and what would fit: {}",
        refusal.found
    );
    assert!(
        !refusal.remedy.contains("mend"),
        "nobody mends a checkpoint: {}",
        refusal.remedy
    );
}

#[test]
fn a_stop_before_the_first_batch_loses_nothing() {
    let stopped = |from: Option<&Checkpoint>| {
        let control = Control::default();
        control.stop();
        let (mut last, mut says_learnt) = (None, false);
        let mut on_event = |event| match event {
            TrainingEvent::Checkpoint(checkpoint) => last = Some(*checkpoint),
            TrainingEvent::Learned { .. } => says_learnt = true,
            _ => {}
        };
        let device = &Device::Cpu;
        let trained = match from {
            Some(checkpoint) => resume(checkpoint, &dataset(), device, &control, &mut on_event),
            None => train(&with_all(), &dataset(), device, &control, &mut on_event),
        };
        let trained = trained.expect("no failure").expect("a stop is no abandon");
        (last, says_learnt, trained)
    };
    let (nothing, says_learnt, trained) = stopped(None);
    assert_eq!(
        (nothing, says_learnt, trained.is_blank),
        (None, false, true),
        "of a new training there is nothing yet"
    );
    let checkpoint = interrupted(&with_all(), None, 8);
    let (again, says_learnt, trained) = stopped(Some(&checkpoint));
    assert!(
        says_learnt && !trained.is_blank,
        "an old one has learned before"
    );
    let calibration = trained.model.metadata.calibration;
    assert!(
        calibration.reject_threshold.is_some(),
        "and still knows what is no digit, though none were generated"
    );
    let again = again.expect("and is handed out again");
    assert_eq!(
        again, checkpoint,
        "as it was, though its digits were not generated"
    );
}
