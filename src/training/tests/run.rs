//! What the loop promises: events in order, the same for a seed, an end when asked.

use super::*;
use crate::{
    data::augment::Augmentation,
    training::control::{Signal, tests::Script},
};

#[test]
fn it_learns_and_tells_what_it_does_in_order() {
    let mut events = Vec::new();
    let control = Control::default();
    let trained = train(
        &config(),
        &dataset(),
        &Device::Cpu,
        &control,
        &mut |event| events.push(event),
    )
    .expect("trains")
    .expect("is not abandoned");
    let [TrainingEvent::Started(plan), rest @ ..] = &events[..] else {
        panic!("begins with its plan")
    };
    let expected = Plan {
        epochs: 12,
        training_examples: 184,
        validation_examples: 46,
    };
    assert_eq!(*plan, expected, "a fifth is for validation");
    // 184 examples are five batches of 32 and one of 24.
    let kinds: Vec<&str> = rest
        .iter()
        .filter_map(|event| match event {
            TrainingEvent::Batch(_) => Some("batch"),
            TrainingEvent::EpochFinished { .. } => Some("epoch"),
            TrainingEvent::Checkpoint(_) => Some("checkpoint"),
            _ => None,
        })
        .collect();
    let Some(TrainingEvent::Learned {
        mlp,
        epoch: Some(12),
        is_stopped: false,
    }) = rest.last()
    else {
        panic!("ends with what it has learned: {:?}", rest.last());
    };
    assert_eq!(
        parameters(mlp),
        parameters(&trained.model.mlp),
        "which is what is kept"
    );
    let epoch = [
        "batch",
        "batch",
        "batch",
        "batch",
        "batch",
        "batch",
        "epoch",
        "checkpoint",
    ];
    assert_eq!(
        kinds,
        epoch.repeat(12),
        "the last short batch is kept, then the epoch ends"
    );
    let seen: Vec<usize> = rest
        .iter()
        .filter_map(|e| {
            if let TrainingEvent::Batch(p) = e {
                Some(p.images_seen)
            } else {
                None
            }
        })
        .collect();
    assert_eq!(
        seen[4..7],
        [160, 184, 216],
        "images are counted through all epochs"
    );
    assert_eq!(seen.last(), Some(&(184 * 12)), "to the last one");
    assert_eq!(trained.history.len(), 12, "a record for each epoch");
    assert_eq!(trained.ending, Ending::Completed, "it ran to its end");
    assert_eq!(trained.epoch, Some(12), "and kept what the last epoch left");
    let test = trained.test.expect("there are test examples");
    assert!(test.accuracy > 0.95, "{}: bars are easy", test.accuracy);
    assert_eq!(
        trained.model.metadata.test_accuracy,
        Some(test.accuracy),
        "written down"
    );
    assert!(
        trained.history[11].loss < trained.history[0].loss / 2.0,
        "the loss fell"
    );
}

#[test]
fn the_same_seed_gives_the_same_weights_and_another_does_not() {
    let varied = Augmentation::HANDWRITING.scaled(0.3);
    for (augmentation, reason) in [(Augmentation::default(), "plain"), (varied, "varied")] {
        let config = config::TrainingConfig {
            epochs: 2,
            augmentation,
            ..config()
        };
        let first = parameters(&train_alone(&config).model.mlp);
        let again = parameters(&train_alone(&config).model.mlp);
        assert_eq!(first, again, "{reason}: bit by bit");
        let other = config::TrainingConfig { seed: 1, ..config };
        assert_ne!(
            first,
            parameters(&train_alone(&other).model.mlp),
            "{reason}: another seed"
        );
    }
}

#[test]
fn a_stop_is_answered_within_a_batch_and_leaves_a_model() {
    let control = Control::default();
    let mut batches = 0;
    let trained = train(
        &config(),
        &dataset(),
        &Device::Cpu,
        &control,
        &mut |event| {
            if let TrainingEvent::Batch(_) = event {
                batches += 1;
                if batches == 9 {
                    control.stop();
                }
            }
        },
    );
    let trained = trained.expect("trains").expect("a stop is no abandon");
    assert_eq!(batches, 9, "none after the one that stopped it");
    assert!(trained.is_stopped(), "it says so");
    assert_eq!(
        trained.epoch,
        Some(1),
        "with the weights of the epoch that was validated"
    );
    assert_eq!(trained.history.len(), 1, "one epoch was whole");
    assert!(trained.test.is_some(), "what it reached is known");
}

/// More to validate with than goes through the network at once.
fn validated_at_length() -> (config::TrainingConfig, Dataset) {
    let config = config::TrainingConfig {
        epochs: 2,
        batch_size: 200,
        validation_split: 0.75,
        ..config()
    };
    // 400 examples are two batches, 1,200 are validated with in three parts; as many are tested with.
    (config, Dataset::new("bars", bars(1600), bars(1200)))
}

/// What came of a training whose control acts at a certain look at it.
struct Scripted {
    trained: Option<TrainedModel>,
    batches: usize,
    last: Option<Checkpoint>,
    looks: usize,
}

fn scripted(script: Script) -> Scripted {
    let (config, dataset) = validated_at_length();
    let control = Control::scripted(script);
    let (mut batches, mut last) = (0, None);
    let trained = train(
        &config,
        &dataset,
        &Device::Cpu,
        &control,
        &mut |event| match event {
            TrainingEvent::Batch(_) => batches += 1,
            TrainingEvent::Checkpoint(checkpoint) => last = Some(*checkpoint),
            _ => {}
        },
    );
    Scripted {
        trained: trained.expect("trains"),
        batches,
        last,
        looks: control.looks(),
    }
}

/// The looks of an epoch: before each of its two batches, and before each of the three parts of its
/// validation.
const EPOCH: [&str; 5] = ["batch", "batch", "validation", "validation", "validation"];
/// Those of the test: three parts of the validation examples again, which calibrate, and three of the test
/// examples.
const TEST_LOOKS: usize = 6;

#[test]
fn nothing_is_learnt_or_validated_after_a_stop_wherever_it_comes() {
    let undisturbed = scripted(Script::default());
    let looks = 2 * EPOCH.len() + TEST_LOOKS;
    assert_eq!(undisturbed.looks, looks, "it is asked so often");
    for look in 1..=2 * EPOCH.len() {
        let stopped = scripted(Script::at(look, Control::stop));
        let trained = stopped.trained.expect("a stop leaves a model");
        let (epoch, within) = ((look - 1) / EPOCH.len(), (look - 1) % EPOCH.len());
        let reason = format!("before a {} of epoch {}", EPOCH[within], epoch + 1);
        assert_eq!(stopped.batches, epoch * 2 + within.min(2), "{reason}");
        // Of a network that knows nothing there are only the first parts.
        let tested = if look == 1 { 4 } else { TEST_LOOKS };
        assert_eq!(stopped.looks, look + tested, "{reason}: then it is tested");
        assert!(trained.is_stopped(), "{reason}: it says so");
        assert_eq!(trained.history.len(), epoch, "{reason}: whole epochs");
        let kept = (epoch > 0).then_some(epoch);
        assert_eq!(trained.epoch, kept, "{reason}: the best so far");
        assert_eq!(
            trained.test.is_some(),
            look > 1,
            "{reason}: and it is tested"
        );
        let Some(checkpoint) = stopped.last else {
            assert_eq!(look, 1, "{reason}: there was nothing to lose");
            continue;
        };
        let (_, dataset) = validated_at_length();
        let control = Control::default();
        let resumed = resume(&checkpoint, &dataset, &Device::Cpu, &control, &mut |_| {});
        let resumed = resumed.expect("goes on").expect("to its end");
        let whole = undisturbed.trained.as_ref().expect("is not abandoned");
        assert_eq!(
            parameters(&resumed.model.mlp),
            parameters(&whole.model.mlp),
            "{reason}: and can go on as if nothing had been"
        );
        let losses = |trained: &TrainedModel| -> Vec<_> {
            trained
                .history
                .iter()
                .map(|record| record.validation_loss)
                .collect()
        };
        assert_eq!(
            losses(&resumed),
            losses(whole),
            "{reason}: with its figures"
        );
    }
}

#[test]
fn a_test_that_is_skipped_leaves_the_model_without_its_figures() {
    let learning = 2 * EPOCH.len();
    for look in learning + 1..=learning + TEST_LOOKS {
        let skipped = scripted(Script::at(look, Control::skip));
        let trained = skipped.trained.expect("the model is kept");
        assert_eq!(trained.ending, Ending::Completed, "it had learned all");
        assert_eq!(trained.history.len(), 2, "every epoch");
        assert_eq!(trained.test, None, "look {look}: no figures of a part");
        assert_eq!(
            trained.model.metadata.test_accuracy, None,
            "look {look}: nowhere"
        );
        // Of the calibration and of the test there is at most the first part each.
        assert!(skipped.looks - look <= 3, "look {look}: {}", skipped.looks);
        let temperature = trained.model.metadata.calibration.temperature;
        assert!(
            temperature != 1.0,
            "look {look}: it is calibrated: {temperature}"
        );
        let gone = scripted(Script::at(look, Control::abandon));
        assert!(gone.trained.is_none(), "look {look}: nobody waits");
        assert!(gone.looks - look <= 3, "look {look}: so it ends");
    }
}

#[test]
fn a_pause_holds_wherever_it_comes_and_changes_nothing() {
    let whole = scripted(Script::default());
    let whole = whole.trained.expect("is not abandoned");
    for look in 1..=EPOCH.len() {
        let (config, dataset) = validated_at_length();
        let control = Control::scripted(Script::at(look, Control::pause));
        let paused = std::thread::scope(|scope| {
            let training =
                scope.spawn(|| train(&config, &dataset, &Device::Cpu, &control, &mut |_| {}));
            while control.signal() != Signal::Pause {
                std::thread::yield_now();
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
            assert_eq!(control.looks(), look, "it waits at look {look}");
            control.resume();
            training.join().expect("ends")
        });
        let paused = paused.expect("trains").expect("to its end");
        assert_eq!(
            parameters(&paused.model.mlp),
            parameters(&whole.model.mlp),
            "look {look}: the same weights"
        );
    }
}

#[test]
fn an_abandoned_training_leaves_nothing() {
    let control = Control::default();
    let mut events = 0;
    let trained = train(&config(), &dataset(), &Device::Cpu, &control, &mut |_| {
        events += 1;
        control.abandon();
    });
    assert!(trained.expect("is no failure").is_none(), "no model");
    assert_eq!(events, 1, "and no event after");
}

#[test]
fn what_cannot_be_trained_is_refused_before_it_begins() {
    let mut events = 0;
    let empty = Dataset::new("nothing", bars(0), bars(5));
    let control = Control::default();
    let result = train(&config(), &empty, &Device::Cpu, &control, &mut |_| {
        events += 1;
    });
    assert!(
        matches!(result, Err(TrainingError::Refused(_))),
        "nothing to learn from"
    );
    let wild = config::TrainingConfig {
        batch_size: 0,
        ..config()
    };
    let result = train(&wild, &dataset(), &Device::Cpu, &control, &mut |_| {
        events += 1;
    });
    assert!(
        matches!(result, Err(TrainingError::Refused(_))),
        "a batch of nothing"
    );
    assert_eq!(events, 0, "not a word of a start");
}

#[test]
fn without_validation_or_test_examples_there_are_no_such_figures() {
    let config = config::TrainingConfig {
        epochs: 1,
        validation_split: 0.0,
        ..config()
    };
    let dataset = Dataset {
        test: bars(0),
        ..dataset()
    };
    let control = Control::default();
    let trained = train(&config, &dataset, &Device::Cpu, &control, &mut |_| {});
    let trained = trained.expect("trains").expect("is not abandoned");
    assert_eq!(trained.history[0].validation_loss, None, "no validation");
    assert_eq!(trained.test, None, "no test");
    assert_eq!(
        trained.model.metadata.test_accuracy, None,
        "and none is claimed"
    );
}

#[test]
fn generated_digits_are_learnt_beside_the_others() {
    let config = config::TrainingConfig {
        epochs: 1,
        synthetic_digits: 30,
        ..config()
    };
    let control = Control::default();
    let mut plan = None;
    let trained = train(&config, &dataset(), &Device::Cpu, &control, &mut |event| {
        if let TrainingEvent::Started(started) = event {
            plan = Some(started);
        }
    });
    assert!(trained.expect("trains").is_some(), "it is not abandoned");
    let plan = plan.expect("it began");
    assert_eq!(plan.training_examples, 184 + 30, "more to learn from");
    assert_eq!(
        plan.validation_examples, 46,
        "but validated with the data set's own"
    );
}
