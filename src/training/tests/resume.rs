//! A resumed training ends as the uninterrupted one.

use std::sync::Arc;

use super::*;
use crate::{
    bitmap::PIXELS,
    data::{Corrections, augment::Augmentation},
    error::InputError,
    training::{
        config::{Loss, Optimizer},
        fine_tune::BaseModel,
        schedule::Schedule,
    },
};

/// A training with everything that has a state.
fn with_all_state() -> TrainingConfig {
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

/// Trains for a number of batches, then stops. The last checkpoint, through its bytes.
fn interrupted(start: &Start, batches: usize) -> Checkpoint {
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
    let trained = run(start, &dataset(), &Device::Cpu, &control, &mut on_event);
    assert!(trained.expect("trains").is_some(), "it is not abandoned");
    through_bytes(&last.expect("a stop reports a checkpoint"))
}

fn through_bytes(checkpoint: &Checkpoint) -> Checkpoint {
    let bytes = checkpoint.to_bytes().expect("fits in memory");
    let read = Checkpoint::from_bytes(&bytes, "a test").expect("it is whole");
    assert_eq!(read, *checkpoint, "as it was written");
    read
}

fn resumed(checkpoint: &Checkpoint) -> TrainedModel {
    completed(&resumed_start(checkpoint), &dataset()).expect("trains")
}

#[test]
fn a_fine_tuning_is_resumed_as_a_fine_tuning() {
    let config = with_all_state();
    let base = BaseModel::new(
        Arc::new(train_alone(&config).model),
        "first model".to_owned(),
    );
    let start = Start::From(base, Box::new(config));
    let dataset = dataset();
    let fine_tune =
        |start: &Start, control: &Control, on_event: &mut (dyn FnMut(TrainingEvent) + Send)| {
            let trained = run(start, &dataset, &Device::Cpu, control, on_event);
            trained.expect("trains").expect("is not abandoned").model
        };
    let whole = fine_tune(&start, &Control::default(), &mut |_| {});
    let (control, mut last) = (Control::default(), None);
    fine_tune(&start, &control, &mut |event| match event {
        TrainingEvent::Batch(progress) if progress.epoch == 2 => control.stop(),
        TrainingEvent::Checkpoint(checkpoint) => last = Some(*checkpoint),
        _ => {}
    });
    let checkpoint = through_bytes(&last.expect("a stop reports a checkpoint"));
    assert_eq!(checkpoint.base_model(), Some("first model"), "its base");
    let start = resumed_start(&checkpoint);
    let resumed = fine_tune(&start, &Control::default(), &mut |_| {});
    let same = parameters(&resumed.mlp) == parameters(&whole.mlp);
    assert!(same, "the same weights");
    assert_eq!(resumed.metadata, whole.metadata, "the same metadata");
}

#[test]
fn a_resumed_training_gives_the_same_weights_bit_by_bit() {
    let sgd = TrainingConfig {
        optimizer: Optimizer::MOMENTUM,
        epochs: 2,
        ..config()
    };
    let convolutional = TrainingConfig {
        model: MlpConfig::relu([1, 2], [9]),
        ..with_all_state()
    };
    let cases = [
        (with_all_state(), "with all"),
        (sgd, "plain"),
        (convolutional, "convolutional, with all"),
    ];
    for (config, reason) in cases {
        let whole = train_alone(&config);
        // Within the first epoch, at its end, and within later ones; then repeatedly.
        for batches in [1, 3, 6, 7, 10] {
            let checkpoint = interrupted(&fresh_start(&config), batches);
            let trained = resumed(&checkpoint);
            let same = parameters(&trained.model.mlp) == parameters(&whole.model.mlp);
            assert!(same, "{reason}: interrupted after {batches} batches");
            assert_eq!(trained.test, whole.test, "{reason}: the same test");
            assert_eq!(trained.epoch, whole.epoch, "{reason}: of the same epoch");
            let metrics = |model: &TrainedModel| -> Vec<_> {
                let of =
                    |record: &EpochRecord| (record.loss, record.accuracy, record.validation_loss);
                model.history.iter().map(of).collect()
            };
            assert_eq!(
                metrics(&trained),
                metrics(&whole),
                "{reason}: with its history"
            );
        }
        let mut checkpoint = interrupted(&fresh_start(&config), 1);
        for batches in [2, 1, 3, 5] {
            checkpoint = interrupted(&resumed_start(&checkpoint), batches);
        }
        let again = parameters(&resumed(&checkpoint).model.mlp);
        assert!(
            again == parameters(&whole.model.mlp),
            "{reason}: five times"
        );
    }
}

#[test]
fn a_resumed_training_reports_its_finished_epochs() {
    let checkpoint = interrupted(&fresh_start(&with_all_state()), 10);
    let mut events = Vec::new();
    let control = Control::default();
    let mut on_event = |event| {
        events.push(event);
        control.abandon();
    };
    let start = resumed_start(&checkpoint);
    let trained = run(&start, &dataset(), &Device::Cpu, &control, &mut on_event);
    assert!(
        trained.expect("starts").is_none(),
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
    assert_eq!(history, checkpoint.history(), "and the epochs before");
    assert_eq!(checkpoint.progress().epoch, 2, "it is in the second");
}

#[test]
fn other_data_is_refused() {
    type Change = fn(&mut Dataset);
    /// The examples with changed images and labels.
    fn changed(examples: &Examples, change: impl Fn(&mut [u8], &mut [u8])) -> Examples {
        let (mut images, mut labels) = (examples.images().to_vec(), examples.labels().to_vec());
        change(&mut images, &mut labels);
        Examples::new(images, labels).expect("the sizes agree")
    }
    let cases: [(Change, &str); 9] = [
        (|data| data.train = bars(231), "one example more"),
        (
            |data| data.train = changed(&data.train, |images, _| images[0] ^= 1),
            "one pixel",
        ),
        (
            |data| {
                data.train = changed(&data.train, |images, _| {
                    for (index, image) in images.chunks_exact_mut(PIXELS).enumerate() {
                        if index % 16 > 0 {
                            image.fill(0);
                        }
                    }
                });
            },
            "15 of 16 images are blank",
        ),
        (
            |data| data.train = changed(&data.train, |_, labels| labels.swap(0, 1)),
            "two training labels",
        ),
        (
            |data| data.test = changed(&data.test, |_, labels| labels.swap(0, 1)),
            "two test labels",
        ),
        (
            |data| data.test = changed(&data.test, |images, _| images[9] ^= 1),
            "a pixel of a test image",
        ),
        (|data| data.ink.digits = bars(1), "ink"),
        (|data| data.ink.non_digits = vec![0; PIXELS], "a non-digit"),
        (|data| data.calibration = bars(1), "a calibration digit"),
    ];
    let checkpoint = interrupted(&fresh_start(&config()), 3);
    for (change, reason) in cases {
        let mut other = dataset();
        change(&mut other);
        let result = completed(&resumed_start(&checkpoint), &other);
        let is_refused = matches!(result, Err(TrainingError::Input(InputError::Refused(_))));
        assert!(is_refused, "{reason}");
    }
}

#[test]
fn a_resumed_training_has_the_threads_of_its_start() {
    let mut checkpoint = interrupted(&fresh_start(&config()), 3);
    assert_eq!(checkpoint.threads(), rayon::current_num_threads());
    for threads in [1, 3] {
        checkpoint.state.threads = threads;
        let again = interrupted(&resumed_start(&checkpoint), 1);
        assert_eq!(again.threads(), threads, "as at its start");
    }
}

#[test]
fn only_a_header_of_a_checkpoint_is_read_further() {
    /// A file that must not be read after its header.
    struct Endless(usize);
    impl std::io::Read for Endless {
        fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
            bytes.fill(0);
            self.0 += bytes.len();
            Ok(bytes.len())
        }
    }
    impl std::io::Seek for Endless {
        fn seek(&mut self, _: std::io::SeekFrom) -> std::io::Result<u64> {
            panic!("no tensor is read");
        }
    }
    let mut file = Endless(0);
    let read = Checkpoint::read(&mut file, 1 << 40, "a test");
    assert!(read.is_err(), "zeros are no checkpoint");
    assert!(file.0 < 100, "{} bytes are read", file.0);
    let bytes = interrupted(&fresh_start(&config()), 3)
        .to_bytes()
        .expect("fits in memory");
    for header_len in [u64::MAX, 1 << 40, (4 << 20) + 1] {
        let mut other = bytes.clone();
        other[..8].copy_from_slice(&header_len.to_le_bytes());
        let mut file = std::io::Cursor::new(other);
        let read = Checkpoint::read(&mut file, 1 << 50, "a test");
        assert!(read.is_err(), "a header of {header_len} bytes");
        assert_eq!(file.position(), 8, "nothing more is read");
    }
}

#[test]
fn the_longest_history_and_many_corrections_fit() {
    let mut checkpoint = interrupted(&fresh_start(&config()), 3);
    let epochs = 10_000;
    let record = |epoch| EpochRecord {
        epoch,
        loss: 0.123_456_789_012_345_67,
        accuracy: 0.987_654_321_098_765_4,
        validation_loss: Some(0.123_456_789_012_345_67),
        validation_accuracy: Some(0.987_654_321_098_765_4),
        learning_rate: 0.000_123_456_789_012_345_67,
        elapsed_secs: 1.234_567_890_123_456_7,
    };
    checkpoint.config.epochs = epochs;
    checkpoint.state.history = (1..epochs).map(record).collect();
    checkpoint.state.best_epoch = None;
    checkpoint.best = None;
    let progress = &mut checkpoint.state.progress;
    progress.epoch = epochs;
    progress.images_total = epochs * checkpoint.order.len();
    progress.images_seen = (epochs - 1) * checkpoint.order.len() + checkpoint.state.seen;
    let line = "{\"label\":1,\"strokes\":[[[0.5,0.1],[0.5,0.9]]]}\n";
    let corrections = Corrections::from_lines(line.repeat(200_000));
    checkpoint.state.input.source.corrections = corrections;
    through_bytes(&checkpoint);
}

#[test]
fn a_damaged_checkpoint_is_refused() {
    let bytes = interrupted(&fresh_start(&with_all_state()), 8)
        .to_bytes()
        .expect("fits in memory");
    let read = |bytes: &[u8]| Checkpoint::from_bytes(bytes, "a test");
    assert!(read(&bytes).is_ok(), "the whole file");
    for len in (0..bytes.len()).step_by(997) {
        assert!(read(&bytes[..len]).is_err(), "cut off after {len} bytes");
    }
    for place in (0..bytes.len()).step_by(1009) {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x10;
        // A space of the header may change; no content may.
        if let Ok(checkpoint) = read(&damaged) {
            assert_eq!(checkpoint, read(&bytes).expect("is whole"), "byte {place}");
        }
    }
    assert!(read(b"{}").is_err(), "something else");
}

#[test]
fn a_state_that_no_training_reaches_is_refused() {
    type Change = fn(&mut Checkpoint);
    let cases: [(Change, &str); 15] = [
        (|c| c.state.threads = 0, "no threads"),
        (|c| c.state.threads = 1025, "more than any computer has"),
        (|c| c.order[0] = c.order[1], "an example twice"),
        (|c| c.order[0] = 1_000_000, "an unknown example"),
        (|c| c.state.progress.epoch += 1, "an epoch without history"),
        (|c| c.state.progress.epoch -= 2, "history of later epochs"),
        (|c| c.state.seen += 1, "more images than were seen"),
        (|c| c.state.progress.images_seen += 1, "more seen images"),
        (|c| c.state.progress.images_total += 1, "more images"),
        (
            |c| {
                c.config.epochs = 1;
                c.state.progress.images_total = c.order.len();
            },
            "an epoch after the last",
        ),
        (|c| c.state.best_epoch = Some(0), "epochs count from 1"),
        (|c| c.state.best_epoch = Some(2), "a best epoch in progress"),
        (|c| c.parameters[0][0] = f32::NAN, "a NaN weight"),
        (
            |c| c.optimizer.first[1].truncate(3),
            "a parameter of another size",
        ),
        (|c| c.average = None, "no moving average"),
    ];
    let whole = interrupted(&fresh_start(&with_all_state()), 10);
    let place = (whole.progress().epoch, whole.history().len());
    assert_eq!(place, (2, 1), "within the second epoch");
    for (change, reason) in cases {
        let mut changed = whole.clone();
        change(&mut changed);
        let bytes = changed.to_bytes().expect("fits in memory");
        assert!(
            Checkpoint::from_bytes(&bytes, "a test").is_err(),
            "{reason}"
        );
    }
    let mut many = whole.clone();
    many.state.threads = 1024;
    through_bytes(&many);
    let other_format = whole.to_bytes().expect("fits in memory");
    let other_format = replaced(
        &other_format,
        b"digitpad-checkpoint-1",
        b"digitpad-checkpoint-0",
    );
    let refusal = Checkpoint::from_bytes(&other_format, "a test").expect_err("another format");
    assert!(refusal.found.contains("digitpad-checkpoint-0"), "{refusal}");
}

/// The bytes with a part replaced by another of the same length.
fn replaced(bytes: &[u8], part: &[u8], other: &[u8]) -> Vec<u8> {
    assert_eq!(part.len(), other.len(), "offsets stay");
    let mut parts = bytes.windows(part.len());
    let place = parts.position(|found| found == part).expect("it is there");
    let mut bytes = bytes.to_vec();
    bytes[place..place + part.len()].copy_from_slice(other);
    bytes
}

#[test]
fn the_same_checkpoint_gives_the_same_bytes() {
    let checkpoint = interrupted(&fresh_start(&with_all_state()), 8);
    let bytes = checkpoint.to_bytes().expect("fits in memory");
    for _ in 0..8 {
        // The order of a hash map changes from one to the next.
        let again = checkpoint.to_bytes().expect("fits in memory");
        assert!(again == bytes, "whenever they are made");
    }
}

#[test]
fn a_checkpoint_of_other_settings_is_refused_as_a_checkpoint() {
    let bytes = interrupted(&fresh_start(&with_all_state()), 8)
        .to_bytes()
        .expect("fits in memory");
    let bytes = replaced(&bytes, br#"loss = \"m"#, br#"loss = \"k"#);
    let refusal = Checkpoint::from_bytes(&bytes, "a test").expect_err("no such loss");
    for part in ["kean-squared-error", "cross-entropy"] {
        assert!(refusal.found.contains(part), "{part} in {}", refusal.found);
    }
    let of_damage = Checkpoint::from_bytes(b"{}", "a test").expect_err("no checkpoint");
    assert_eq!(
        refusal.remedy, of_damage.remedy,
        "users do not edit checkpoints"
    );
}

#[test]
fn a_stop_before_the_first_batch_loses_nothing() {
    let stopped = |start: &Start| {
        let control = Control::default();
        control.stop();
        let (mut last, mut is_tested) = (None, false);
        let mut on_event = |event| match event {
            TrainingEvent::Checkpoint(checkpoint) => last = Some(*checkpoint),
            TrainingEvent::TestStarted { .. } => is_tested = true,
            _ => {}
        };
        let trained = run(start, &dataset(), &Device::Cpu, &control, &mut on_event);
        let trained = trained.expect("no failure").expect("a stop is no abandon");
        (last, is_tested, trained)
    };
    let (nothing, is_tested, trained) = stopped(&fresh_start(&with_all_state()));
    assert_eq!(
        (nothing, is_tested, trained.is_untrained),
        (None, false, true),
        "a new training has no state yet"
    );
    let checkpoint = interrupted(&fresh_start(&with_all_state()), 8);
    let (again, is_tested, trained) = stopped(&resumed_start(&checkpoint));
    assert!(is_tested && !trained.is_untrained, "a resumed one has");
    let calibration = trained.model.metadata.calibration;
    assert!(
        calibration.reject_threshold.is_some(),
        "it still rejects non-digits, though none were generated"
    );
    let again = again.expect("it reports a checkpoint");
    assert_eq!(again, checkpoint, "the same one");
}
