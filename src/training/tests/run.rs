//! The training loop: events in order, the same result for a seed, an end after a signal.

use std::sync::mpsc::channel;

use super::*;
use crate::{data::augment::Augmentation, error::InputError, training::control::tests::Script};

#[test]
fn a_training_learns_and_reports_events_in_order() {
    let mut events = Vec::new();
    let control = Control::default();
    let trained = train(&config(), &dataset(), &control, &mut |event| {
        events.push(event);
    })
    .expect("trains")
    .expect("is not abandoned");
    let [TrainingEvent::Started(plan), rest @ ..] = &events[..] else {
        panic!("starts with its plan")
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
    let Some(TrainingEvent::TestStarted {
        mlp,
        epoch: Some(12),
        is_stopped: false,
    }) = rest.last()
    else {
        panic!("ends with the test: {:?}", rest.last());
    };
    assert_eq!(
        parameters(mlp),
        parameters(&trained.model.mlp),
        "those of the result"
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
        "a short last batch, then the epoch ends"
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
    assert_eq!(
        trained.stop_reason,
        StopReason::Completed,
        "it ran to its end"
    );
    assert_eq!(trained.epoch, Some(12), "the weights of the last epoch");
    let test = trained.test.expect("there are test examples");
    assert!(test.accuracy > 0.95, "{}: bars are easy", test.accuracy);
    assert_eq!(
        trained.model.metadata.test_accuracy,
        Some(test.accuracy),
        "in the metadata"
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
fn a_stop_takes_effect_within_a_batch_and_returns_a_model() {
    let control = Control::default();
    let mut batches = 0;
    let trained = train(&config(), &dataset(), &control, &mut |event| {
        if let TrainingEvent::Batch(_) = event {
            batches += 1;
            if batches == 9 {
                control.stop();
            }
        }
    });
    let trained = trained.expect("trains").expect("a stop is no abandon");
    assert_eq!(batches, 9, "none after the one that stopped it");
    assert!(trained.is_stopped(), "it says so");
    assert_eq!(
        trained.epoch,
        Some(1),
        "with the weights of the validated epoch"
    );
    assert_eq!(trained.history.len(), 1, "one epoch was whole");
    assert!(trained.test.is_some(), "it is tested");
}

/// More validation examples than one part of an evaluation.
fn long_validation() -> (config::TrainingConfig, Dataset) {
    let config = config::TrainingConfig {
        epochs: 2,
        batch_size: 200,
        validation_split: 0.75,
        ..config()
    };
    // 400 examples are two batches. Validation and test have 1,200 examples each, in three parts.
    (config, Dataset::new("bars", bars(1600), bars(1200)))
}

/// The result of a training whose control acts by itself.
struct Scripted {
    trained: Option<TrainedModel>,
    batches: usize,
    last: Option<Checkpoint>,
    polls: usize,
}

fn scripted(script: Script) -> Scripted {
    let (config, dataset) = long_validation();
    let control = Control::scripted(script);
    let (mut batches, mut last) = (0, None);
    let trained = train(&config, &dataset, &control, &mut |event| match event {
        TrainingEvent::Batch(_) => batches += 1,
        TrainingEvent::Checkpoint(checkpoint) => last = Some(*checkpoint),
        _ => {}
    });
    Scripted {
        trained: trained.expect("trains"),
        batches,
        last,
        polls: control.polls(),
    }
}

/// The polls of an epoch: before each of its two batches and of the three parts of its validation.
const EPOCH: [&str; 5] = ["batch", "batch", "validation", "validation", "validation"];
/// The polls after the last epoch: three parts of calibration and three of the test.
const TEST_POLLS: usize = 6;

#[test]
fn a_stop_ends_training_and_validation_wherever_it_comes() {
    let undisturbed = scripted(Script::default());
    let polls = 2 * EPOCH.len() + TEST_POLLS;
    assert_eq!(undisturbed.polls, polls, "it asks so often");
    for poll in 1..=2 * EPOCH.len() {
        let stopped = scripted(Script::at(poll, Control::stop));
        let trained = stopped.trained.expect("a stop leaves a model");
        let (epoch, within) = ((poll - 1) / EPOCH.len(), (poll - 1) % EPOCH.len());
        let reason = format!("before a {} of epoch {}", EPOCH[within], epoch + 1);
        assert_eq!(stopped.batches, epoch * 2 + within.min(2), "{reason}");
        // An untrained network is evaluated on the first parts only.
        let tested = if poll == 1 { 4 } else { TEST_POLLS };
        assert_eq!(stopped.polls, poll + tested, "{reason}: then it is tested");
        assert!(trained.is_stopped(), "{reason}: it says so");
        assert_eq!(trained.history.len(), epoch, "{reason}: whole epochs");
        let best = (epoch > 0).then_some(epoch);
        assert_eq!(trained.epoch, best, "{reason}: the best so far");
        assert_eq!(
            trained.test.is_some(),
            poll > 1,
            "{reason}: and it is tested"
        );
        let Some(checkpoint) = stopped.last else {
            assert_eq!(poll, 1, "{reason}: it had no state yet");
            continue;
        };
        let (_, dataset) = long_validation();
        let resumed = completed(&resumed_start(&checkpoint), &dataset).expect("resumes");
        let whole = undisturbed.trained.as_ref().expect("is not abandoned");
        assert_eq!(
            parameters(&resumed.model.mlp),
            parameters(&whole.model.mlp),
            "{reason}: the pause changes nothing"
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
fn a_skipped_test_leaves_the_model_without_test_metrics() {
    let training = 2 * EPOCH.len();
    for poll in training + 1..=training + TEST_POLLS {
        let skipped = scripted(Script::at(poll, Control::skip_test));
        let trained = skipped.trained.expect("the model is there");
        assert_eq!(trained.stop_reason, StopReason::Completed, "all epochs");
        assert_eq!(trained.history.len(), 2, "every epoch");
        assert_eq!(trained.test, None, "poll {poll}: no metrics of a part");
        assert_eq!(
            trained.model.metadata.test_accuracy, None,
            "poll {poll}: nowhere"
        );
        // At most the first parts of calibration and test follow.
        assert!(skipped.polls - poll <= 3, "poll {poll}: {}", skipped.polls);
        let temperature = trained.model.metadata.calibration.temperature;
        assert!(
            temperature != 1.0,
            "poll {poll}: it is calibrated: {temperature}"
        );
        let gone = scripted(Script::at(poll, Control::abandon));
        assert!(gone.trained.is_none(), "poll {poll}: no result");
        assert!(gone.polls - poll <= 3, "poll {poll}: it ends at once");
    }
}

#[test]
fn a_pause_holds_wherever_it_comes_and_changes_nothing() {
    let whole = scripted(Script::default());
    let whole = whole.trained.expect("is not abandoned");
    for poll in 1..=EPOCH.len() {
        let (config, dataset) = long_validation();
        let (waits, messages) = channel();
        let script = Script::at(poll, Control::pause).telling(waits.clone());
        let control = Control::scripted(script);
        let paused = std::thread::scope(|scope| {
            let training = scope.spawn(|| {
                let trained = train(&config, &dataset, &control, &mut |_| {});
                // Ends the test if the training does not wait.
                waits.send(()).expect("the test receives it");
                trained
            });
            messages.recv().expect("the training waits");
            assert_eq!(control.polls(), poll, "it waits at poll {poll}");
            control.resume();
            training.join().expect("ends")
        });
        let paused = paused.expect("trains").expect("to its end");
        assert_eq!(
            parameters(&paused.model.mlp),
            parameters(&whole.model.mlp),
            "poll {poll}: the same weights"
        );
    }
}

#[test]
fn steps_and_slow_motion_show_every_batch_and_change_nothing() {
    type Act = fn(&Control);
    const RATE: f64 = 0.1;
    let (config, dataset) = long_validation();
    // Plain gradient descent changes a weight by the learning rate times its gradient.
    let config = config::TrainingConfig {
        optimizer: config::Optimizer::Sgd { momentum: 0.0 },
        learning_rate: RATE,
        ..config
    };
    let whole = completed(&fresh_start(&config), &dataset).expect("trains");
    let cases: [(Act, Act, Act, &str); 2] = [
        (
            Control::pause,
            Control::step,
            Control::resume,
            "single steps",
        ),
        (
            |control| control.set_slow(true),
            // The second batch waits for its second.
            |_| (),
            |control| control.set_slow(false),
            "slow motion",
        ),
    ];
    for (begin, go_on, end, reason) in cases {
        let (waits, messages) = channel();
        let control = Control::scripted(Script::at(1, begin).telling(waits.clone()));
        control.inspect(true);
        let mut snapshots = Vec::new();
        let trained = std::thread::scope(|scope| {
            let training = scope.spawn(|| {
                let trained = train(&config, &dataset, &control, &mut |event| {
                    if let TrainingEvent::LiveSnapshot { mlp, layers } = event {
                        snapshots.push((mlp.copy().expect("fits"), layers));
                    }
                });
                // Ends the test if the training does not wait.
                waits.send(()).expect("the test receives it");
                trained
            });
            let waited = messages.recv_timeout(std::time::Duration::from_secs(30));
            for act in [go_on, go_on, end] {
                act(&control);
                // The next wait, or the end.
                let _ = messages.recv_timeout(std::time::Duration::from_secs(30));
            }
            assert!(waited.is_ok(), "{reason}: the training waits");
            training.join().expect("ends")
        });
        let trained = trained.expect("trains").expect("to its end");
        assert_eq!(
            parameters(&trained.model.mlp),
            parameters(&whole.model.mlp),
            "{reason}: the same weights"
        );
        let [(before, _), (after, layers), ..] = &snapshots[..] else {
            panic!("{reason}: {} batches are shown", snapshots.len());
        };
        assert_eq!(layers.len(), before.layers().len(), "{reason}: all layers");
        let mean_size = |values: Tensor| -> f64 {
            let mean = values.abs().and_then(|values| values.mean_all());
            let mean: f32 = mean.and_then(|mean| mean.to_scalar()).expect("a number");
            mean.into()
        };
        for ((step, before), after) in layers.iter().zip(before.layers()).zip(after.layers()) {
            let change = (after.weight.as_tensor() - before.weight.as_tensor()).expect("fits");
            let size = mean_size(before.weight.as_tensor().clone());
            let expected = [mean_size(change) / size, RATE * step.gradient / size];
            // The weights have seven digits, and their changes are a hundredth of them.
            for expected in expected {
                let error = (step.update / expected - 1.0).abs();
                assert!(error < 1e-3, "{reason}: {step:?}, not {expected}");
            }
        }
    }
}

#[test]
fn an_abandoned_training_has_no_result() {
    let control = Control::default();
    let mut events = 0;
    let trained = train(&config(), &dataset(), &control, &mut |_| {
        events += 1;
        control.abandon();
    });
    assert!(trained.expect("is no failure").is_none(), "no model");
    assert_eq!(events, 1, "and no event after");
}

#[test]
fn unusable_data_and_settings_are_refused_before_the_first_event() {
    let mut events = 0;
    let empty = Dataset::new("nothing", bars(0), bars(5));
    let control = Control::default();
    let result = train(&config(), &empty, &control, &mut |_| {
        events += 1;
    });
    assert!(
        matches!(result, Err(TrainingError::Input(InputError::Refused(_)))),
        "no training examples"
    );
    let wild = config::TrainingConfig {
        batch_size: 0,
        ..config()
    };
    let result = train(&wild, &dataset(), &control, &mut |_| {
        events += 1;
    });
    assert!(
        matches!(result, Err(TrainingError::Input(InputError::Refused(_)))),
        "an empty batch"
    );
    assert_eq!(events, 0, "no event");
}

#[test]
fn without_validation_or_test_examples_there_are_no_such_metrics() {
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
    let trained = train(&config, &dataset, &control, &mut |_| {});
    let trained = trained.expect("trains").expect("is not abandoned");
    assert_eq!(trained.history[0].validation_loss, None, "no validation");
    assert_eq!(trained.test, None, "no test");
    assert_eq!(
        trained.model.metadata.test_accuracy, None,
        "the metadata has none"
    );
}

#[test]
fn synthetic_digits_join_the_training() {
    let config = config::TrainingConfig {
        epochs: 1,
        synthetic_digits: 30,
        ..config()
    };
    let control = Control::default();
    let mut plan = None;
    let trained = train(&config, &dataset(), &control, &mut |event| {
        if let TrainingEvent::Started(started) = event {
            plan = Some(started);
        }
    });
    assert!(trained.expect("trains").is_some(), "it is not abandoned");
    let plan = plan.expect("the training starts");
    assert_eq!(plan.training_examples, 184 + 30, "more to learn from");
    assert_eq!(
        plan.validation_examples, 46,
        "but validated with the data set's own"
    );
}
