//! The stored checkpoints of trainings.

use super::*;
use crate::store::checkpoints;

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

#[test]
fn the_checkpoint_of_another_window_is_untouched() {
    let (folder, store) = (data_folder(), tempfile::tempdir().expect("a folder"));
    let path = checkpoints::checkpoint_in(store.path());
    let other = CheckpointStore::open(path.clone(), None).expect("no other window uses it");
    fs::write(&path, "another window's").expect("writes");
    let found = checkpoints::find(&path);
    assert!(
        matches!(found, Ok(None)),
        "it was not interrupted: {found:?}"
    );
    let test_waker = TestWaker::new();
    let job = job(config(2), folder.path());
    let trainer = Trainer::spawn(7, job, Some(path.clone()), wakers(&test_waker));
    let facts = to_the_end(&trainer, &test_waker);
    let has_failed = |fact: &TrainerFact| matches!(fact, TrainerFact::CheckpointFailed(_));
    assert!(
        facts.iter().any(has_failed),
        "the failure is reported: {facts:?}"
    );
    let is_stored = |fact: &TrainerFact| matches!(fact, TrainerFact::CheckpointStored);
    assert!(!facts.iter().any(is_stored), "nothing could be resumed");
    let content = fs::read_to_string(&path).expect("is there");
    assert_eq!(content, "another window's", "the content is unchanged");
    drop(other);
    checkpoints::find(&path).expect_err("without the lock, it is read and is invalid");
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
