use std::{fs, path::Path};

use candle_core::Tensor;
use tempfile::TempDir;

use super::*;
use crate::{
    bitmap::PIXELS,
    data::DataSource,
    error::InputError,
    model::{Activation, MlpConfig, device::DeviceChoice},
    store::checkpoints,
    training::config::Preset,
    worker::{
        Waker,
        test_support::{TestWaker, wait_until},
    },
};

const TRAIN: usize = 8;
const TEST: usize = 4;
/// The number of training examples. The others are for validation.
const TRAINED_ON: usize = 6;

/// A folder of four IDX files, in which the picture of a digit is a square of its brightness.
fn data_folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder for the test");
    for (name, count) in [("train", TRAIN), ("t10k", TEST)] {
        let be = |number: usize| (number as u32).to_be_bytes();
        let mut images = [be(0x803), be(count), be(28), be(28)].concat();
        let mut labels = [be(0x801), be(count)].concat();
        for digit in 0..count as u8 {
            images.extend([20 * digit + 50; PIXELS]);
            labels.push(digit);
        }
        for (kind, bytes) in [("images-idx3", images), ("labels-idx1", labels)] {
            let path = folder.path().join(format!("{name}-{kind}-ubyte"));
            fs::write(path, bytes).expect("writes");
        }
    }
    folder
}

fn config(epochs: usize) -> TrainingConfig {
    TrainingConfig {
        model: MlpConfig::new(vec![4], Activation::Relu).expect("a tiny network"),
        epochs,
        batch_size: 2,
        validation_split: 0.25,
        seed: 3,
        ..Preset::Keras.config()
    }
}

/// One waker for all.
fn wakers(test_waker: &TestWaker) -> Wakers {
    Wakers {
        gauge: test_waker.waker(),
        fact: test_waker.waker(),
    }
}

fn spawn(test_waker: &TestWaker, epochs: usize, folder: &Path) -> Trainer {
    Trainer::spawn(7, job(config(epochs), folder), None, wakers(test_waker))
}

fn job(config: TrainingConfig, folder: &Path) -> TrainingJob {
    TrainingJob {
        start: Start::Fresh(Box::new(config)),
        data: DataSource::Folder(folder.to_path_buf()).into(),
        corrections: None,
        device: DeviceChoice::Cpu,
    }
}

/// All facts until the last one.
fn to_the_end(trainer: &Trainer, test_waker: &TestWaker) -> Vec<TrainerFact> {
    let mut facts = Vec::new();
    test_waker.wait_for(|| {
        for TrainerMessage { run, fact } in trainer.drain() {
            assert_eq!(run, 7, "each fact names its run");
            facts.push(fact);
        }
        let is_last = |fact| matches!(fact, &TrainerFact::Finished(_) | &TrainerFact::Failed(_));
        facts.last().is_some_and(is_last).then_some(())
    });
    facts
}

fn images_seen(trainer: &Trainer) -> usize {
    trainer
        .progress()
        .map_or(0, |progress| progress.images_seen)
}

fn finished(facts: Vec<TrainerFact>) -> TrainedModel {
    match facts.into_iter().last() {
        Some(TrainerFact::Finished(trained)) => *trained,
        other => panic!("the last fact is {other:?}"),
    }
}

fn logits(mlp: &Mlp) -> Vec<f32> {
    let image = Tensor::ones((1, PIXELS), candle_core::DType::F32, &Device::Cpu).expect("fits");
    let logits = mlp.forward(&image).expect("candle computes it");
    logits
        .flatten_all()
        .and_then(|row| row.to_vec1())
        .expect("ten numbers")
}

#[test]
fn facts_come_in_order_with_weights_of_their_own() {
    let (folder, test_waker) = (data_folder(), TestWaker::new());
    let trainer = spawn(&test_waker, 3, folder.path());
    let facts = to_the_end(&trainer, &test_waker);
    let [
        TrainerFact::DataReady,
        TrainerFact::Started(plan),
        epochs @ ..,
        TrainerFact::TestStarted {
            model,
            epoch: Some(3),
            is_stopped: false,
        },
        TrainerFact::Finished(trained),
    ] = &facts[..]
    else {
        panic!("another order: {facts:?}");
    };
    let sizes = (
        plan.epochs,
        plan.training_examples,
        plan.validation_examples,
    );
    assert_eq!(sizes, (3, TRAINED_ON, TRAIN - TRAINED_ON), "as configured");
    let mut seen = Vec::new();
    for (number, fact) in (1..).zip(epochs) {
        let TrainerFact::EpochFinished { record, snapshot } = fact else {
            panic!("no epoch: {fact:?}");
        };
        assert_eq!(record.epoch, number, "counted from 1");
        assert_eq!(snapshot.metadata.seed, Some(3), "the metadata has the seed");
        seen.push(logits(&snapshot.mlp));
    }
    assert_eq!(seen.len(), 3, "each epoch once");
    assert!(!trained.is_stopped(), "to its end");
    assert_eq!(seen[2], logits(&trained.model.mlp), "the last is the model");
    assert_eq!(
        seen[2],
        logits(&model.mlp),
        "which is there before its test"
    );
    assert_ne!(seen[0], seen[1], "the first was not trained any further");
    let progress = trainer.progress().expect("there was a batch");
    let images = (progress.images_seen, progress.images_total);
    assert_eq!(
        images,
        (3 * TRAINED_ON, 3 * TRAINED_ON),
        "the gauge's last value"
    );
}

#[test]
fn a_stop_takes_effect_within_a_batch() {
    let folder = data_folder();
    let control = Arc::new(Control::default());
    let live = Arc::new(Mutex::new(Live::default()));
    let (sender, facts) = sync_channel(FACTS_CAPACITY);
    let gauge: Waker = Arc::new({
        let (control, live) = (Arc::clone(&control), Arc::clone(&live));
        // Asks for the stop as the first batch ends.
        move || {
            if lock(&live).progress.is_some() {
                control.stop();
            }
        }
    });
    let reporter = Reporter {
        run: 7,
        facts: sender,
        live: Gauge::new(Arc::clone(&live), Arc::clone(&gauge)),
        wakers: Wakers {
            gauge,
            fact: Arc::new(|| ()),
        },
    };
    work(
        &job(config(10_000), folder.path()),
        None,
        &control,
        reporter,
    );
    let trained = finished(facts.try_iter().map(|message| message.fact).collect());
    assert!(trained.is_stopped(), "before its end");
    assert!(trained.history.is_empty(), "within the first epoch");
    assert!(trained.test.is_some(), "the stopped model is tested");
    let images_seen = lock(&live).progress.map(|progress| progress.images_seen);
    assert_eq!(images_seen, Some(2), "no batch after the first");
}

/// A command to a paused training.
type Then = fn(Trainer, &TestWaker);

#[test]
fn a_paused_training_waits_for_the_next_command() {
    let cases: [(Then, &str); 3] = [
        (
            |trainer, test_waker| {
                trainer.resume();
                let trained = finished(to_the_end(&trainer, test_waker));
                assert!(!trained.is_stopped(), "to its end");
                assert_eq!(trained.history.len(), 2, "every epoch");
            },
            "resumed",
        ),
        (
            |trainer, test_waker| {
                trainer.stop();
                let trained = finished(to_the_end(&trainer, test_waker));
                assert!(trained.is_stopped(), "before its first batch");
            },
            "stopped",
        ),
        (|trainer, _| drop(trainer), "dropped"),
    ];
    let folder = data_folder();
    for (then, reason) in cases {
        let test_waker = TestWaker::shut();
        let trainer = spawn(&test_waker, 2, folder.path());
        test_waker.wait();
        // The thread is blocked in the waker, before the training starts.
        trainer.pause();
        test_waker.open_gate();
        let mut facts = Vec::new();
        test_waker.wait_for(|| {
            facts.extend(trainer.drain());
            (facts.len() == 2).then_some(())
        });
        assert_eq!(trainer.progress(), None, "{reason}: no batch while paused");
        then(trainer, &test_waker);
        assert!(test_waker.has_no_worker(), "{reason}: the thread ended");
    }
}

#[test]
fn dropping_the_trainer_frees_a_training_blocked_by_a_full_channel() {
    let (folder, test_waker) = (data_folder(), TestWaker::new());
    let trainer = spawn(&test_waker, 10_000, folder.path());
    // Two facts come before the first epoch, so the channel is full at the end of this epoch.
    let epochs = FACTS_CAPACITY - 1;
    wait_until(|| images_seen(&trainer) >= epochs * TRAINED_ON);
    drop(trainer);
    assert!(test_waker.has_no_worker(), "the thread ended");
}

#[test]
fn facts_wait_for_a_slow_receiver() {
    let (folder, test_waker) = (data_folder(), TestWaker::new());
    let epochs = 2 * FACTS_CAPACITY;
    let trainer = spawn(&test_waker, epochs, folder.path());
    wait_until(|| images_seen(&trainer) >= (FACTS_CAPACITY - 1) * TRAINED_ON);
    let facts = to_the_end(&trainer, &test_waker);
    assert_eq!(facts.len(), epochs + 4, "none is lost");
}

/// The error of a training that fails.
fn failure(job: TrainingJob) -> Arc<WorkerError<TrainingError>> {
    let test_waker = TestWaker::new();
    let trainer = Trainer::spawn(7, job, None, wakers(&test_waker));
    match to_the_end(&trainer, &test_waker).pop() {
        Some(TrainerFact::Failed(failure)) => failure.0,
        other => panic!("a failure, not {other:?}"),
    }
}

#[test]
fn failures_are_typed() {
    let folder = data_folder();
    let missing = failure(job(config(1), &folder.path().join("missing")));
    let is_missing = match &*missing {
        WorkerError::Work(TrainingError::Input(InputError::Io(error))) => error.is_not_found(),
        _ => false,
    };
    assert!(is_missing, "no folder: {missing:?}");
    let mut wild = config(1);
    wild.learning_rate = -1.0;
    let refused = failure(job(wild, folder.path()));
    assert!(
        matches!(
            &*refused,
            WorkerError::Work(TrainingError::Input(InputError::Refused(_)))
        ),
        "out of range: {refused:?}"
    );
}

#[test]
fn a_panic_is_a_failure_with_its_message_and_the_next_training_runs() {
    let (folder, test_waker) = (data_folder(), TestWaker::new());
    let inner = test_waker.waker();
    let calls = std::sync::atomic::AtomicUsize::new(0);
    // The first call comes after the data is read.
    let fact: Waker = Arc::new(move || {
        let call = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        assert!(call > 0, "the owner's own defect");
        inner();
    });
    let wakers_of_panic = Wakers {
        gauge: test_waker.waker(),
        fact,
    };
    let trainer = Trainer::spawn(7, job(config(2), folder.path()), None, wakers_of_panic);
    match to_the_end(&trainer, &test_waker).pop() {
        Some(TrainerFact::Failed(failure)) => match &*failure.0 {
            WorkerError::Panic(panic) => {
                assert_eq!(panic.message, "the owner's own defect", "its message");
            }
            other => panic!("a panic, not {other:?}"),
        },
        other => panic!("a failure, not {other:?}"),
    }
    drop(trainer);
    let trainer = spawn(&test_waker, 2, folder.path());
    let trained = finished(to_the_end(&trainer, &test_waker));
    assert_eq!(trained.history.len(), 2, "the next training runs");
}

#[test]
fn the_built_in_data_is_unpacked_in_the_thread() {
    let test_waker = TestWaker::new();
    let job = TrainingJob {
        start: Start::Fresh(Box::new(config(1))),
        data: TrainingData::default(),
        corrections: None,
        device: DeviceChoice::Cpu,
    };
    let trainer = Trainer::spawn(7, job, None, wakers(&test_waker));
    let plan = test_waker.wait_for(|| {
        trainer
            .drain()
            .into_iter()
            .find_map(|message| match message.fact {
                TrainerFact::Started(plan) => Some(plan),
                _ => None,
            })
    });
    let sizes = (plan.training_examples, plan.validation_examples);
    assert_eq!(sizes, (45_000, 15_000), "a quarter validates");
    drop(trainer);
    assert!(
        test_waker.has_no_worker(),
        "the thread ended in the midst of it"
    );
}

#[test]
fn a_training_without_a_graphics_card_reports_the_processor() {
    if DeviceChoice::Cuda.is_built() {
        // It may find a card.
        return;
    }
    let (test_waker, folder) = (TestWaker::new(), data_folder());
    let job = TrainingJob {
        start: Start::Fresh(Box::new(config(1))),
        data: DataSource::Folder(folder.path().to_path_buf()).into(),
        corrections: None,
        device: DeviceChoice::Cuda,
    };
    let trainer = Trainer::spawn(7, job, None, wakers(&test_waker));
    let facts = to_the_end(&trainer, &test_waker);
    assert!(
        matches!(facts[0], TrainerFact::Note(_)),
        "a note: {facts:?}"
    );
    finished(facts);
}

#[test]
fn corrections_change_the_model_and_a_missing_file_does_not() {
    let (folder, test_waker) = (data_folder(), TestWaker::new());
    let file = folder.path().join("corrections.jsonl");
    let trained = |corrections| {
        let mut job = job(config(3), folder.path());
        job.corrections = corrections;
        let trainer = Trainer::spawn(7, job, None, wakers(&test_waker));
        logits(&finished(to_the_end(&trainer, &test_waker)).model.mlp)
    };
    let without = trained(None);
    assert_eq!(trained(Some(file.clone())), without, "no correction");
    let line = r#"{"label": 1, "strokes": [[[0.5, 0.1], [0.5, 0.9]]]}"#;
    fs::write(&file, line).expect("writes");
    assert_ne!(trained(Some(file)), without, "one correction");
}

fn resumed(checkpoint: Arc<Checkpoint>) -> TrainingJob {
    TrainingJob {
        data: checkpoint.source().clone(),
        start: Start::Resume(checkpoint),
        corrections: None,
        device: DeviceChoice::Cpu,
    }
}

#[test]
fn an_interrupted_training_resumes_to_the_same_end() {
    let (folder, store) = (data_folder(), tempfile::tempdir().expect("a folder"));
    let path = checkpoints::checkpoint_in(&store.path().join("not/yet/there"));
    let spawn = |job, test_waker: &TestWaker| {
        Trainer::spawn(7, job, Some(path.clone()), wakers(test_waker))
    };
    let epochs = 400;
    let test_waker = TestWaker::new();
    let whole = finished(to_the_end(
        &spawn(job(config(epochs), folder.path()), &test_waker),
        &test_waker,
    ));
    assert!(!path.exists(), "nothing is left of a training that ended");
    let test_waker = TestWaker::new();
    let trainer = spawn(job(config(epochs), folder.path()), &test_waker);
    wait_until(|| images_seen(&trainer) > 2 * TRAINED_ON && path.exists());
    drop(trainer);
    let found = checkpoints::find(&path).expect("it can be read");
    let checkpoint = Arc::new(found.expect("it is there"));
    let done = checkpoint.history().len();
    let test_waker = TestWaker::new();
    let trainer = spawn(resumed(checkpoint), &test_waker);
    let facts = to_the_end(&trainer, &test_waker);
    let resumed = facts.iter().find_map(|fact| match fact {
        TrainerFact::Resumed(history) => Some(history.len()),
        _ => None,
    });
    assert_eq!(resumed, Some(done), "it says what was done");
    let is_stored = |fact: &TrainerFact| matches!(fact, TrainerFact::CheckpointStored);
    assert!(facts.iter().any(is_stored), "it could be resumed again");
    let trained = finished(facts);
    assert_eq!(
        logits(&trained.model.mlp),
        logits(&whole.model.mlp),
        "the same model"
    );
    assert!(!path.exists(), "and nothing is left");
}

/// An interrupted training, stored at `path`.
fn interrupted_at(path: &Path, folder: &Path, seed: u64) -> Arc<Checkpoint> {
    let config = TrainingConfig {
        seed,
        ..config(400)
    };
    let test_waker = TestWaker::new();
    let job = job(config, folder);
    let trainer = Trainer::spawn(7, job, Some(path.to_path_buf()), wakers(&test_waker));
    wait_until(|| images_seen(&trainer) > 2 * TRAINED_ON && path.exists());
    drop(trainer);
    Arc::new(found(path).expect("it was interrupted"))
}

fn found(path: &Path) -> Option<Checkpoint> {
    checkpoints::find(path).expect("the file can be read")
}

#[test]
fn only_the_given_checkpoint_is_deleted() {
    let (folder, store) = (data_folder(), tempfile::tempdir().expect("a folder"));
    let path = checkpoints::checkpoint_in(store.path());
    let first = interrupted_at(&path, folder.path(), 1);
    // Meanwhile another window trained and was closed.
    let second = interrupted_at(&path, folder.path(), 2);
    assert_ne!(first, second, "another one");
    checkpoints::discard(&path, &first).expect("can be removed");
    assert_eq!(found(&path).as_ref(), Some(&*second), "the other stays");
    checkpoints::discard(&path, &first).expect("it is gone already");
    checkpoints::discard(&path, &second).expect("can be removed");
    assert_eq!(found(&path), None, "both are gone");
}

#[test]
fn a_resumed_training_backs_up_another_checkpoint() {
    let (folder, store) = (data_folder(), tempfile::tempdir().expect("a folder"));
    let path = checkpoints::checkpoint_in(store.path());
    let first = interrupted_at(&path, folder.path(), 1);
    let second = interrupted_at(&path, folder.path(), 2);
    let resumed =
        CheckpointStore::open(path.clone(), Some(&first)).expect("no other window uses it");
    drop(resumed);
    assert_eq!(found(&path).as_ref(), Some(&*first), "it is at its place");
    CheckpointStore::open(path.clone(), Some(&first))
        .expect("again")
        .clear();
    assert_eq!(found(&path).as_ref(), Some(&*second), "the other waited");
}

#[test]
fn each_change_of_the_checkpoint_state_is_reported() {
    let (folder, store) = (data_folder(), tempfile::tempdir().expect("a folder"));
    let path = checkpoints::checkpoint_in(store.path());
    let test_waker = TestWaker::new();
    let job = job(config(5000), folder.path());
    let trainer = Trainer::spawn(7, job, Some(path.clone()), wakers(&test_waker));
    let until = |is_it: fn(&TrainerFact) -> bool| {
        test_waker.wait_for(|| {
            let mut facts = trainer.drain().into_iter();
            facts.find(|message| is_it(&message.fact))
        });
    };
    until(|fact| matches!(fact, TrainerFact::CheckpointStored));
    // Nothing can be written in the place of a folder.
    fs::remove_file(&path).expect("removes");
    wait_until(|| fs::create_dir(&path).is_ok() || fs::remove_file(&path).is_err());
    until(|fact| matches!(fact, TrainerFact::CheckpointFailed(_)));
    fs::remove_dir(&path).expect("removes");
    until(|fact| matches!(fact, TrainerFact::CheckpointStored));
}
