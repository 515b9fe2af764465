//! Two trainings with one checkpoint file, in processes of their own.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, mpsc::channel},
};

use digitpad::{
    data::DataSource,
    error::{FileError, StoreError},
    model::device::DeviceChoice,
    store::checkpoints,
    training::{Start, config::TrainingConfig},
    worker::{
        Wakers,
        file_tasks::{FileOutcome, FileTask, FileTasks},
        trainer::{Trainer, TrainerFact, TrainingJob},
    },
};

use crate::{
    stop::Training,
    support::{Folder, code, run, start, stderr},
};

/// A training whose checkpoint is that of a window with this data folder.
fn in_data_folder(folder: &Folder) -> (PathBuf, Vec<String>) {
    let checkpoint = checkpoints::checkpoint_in(&folder.path(""));
    let path = checkpoint.to_str().expect("it is text");
    let more = ["--epochs", "10000", "--checkpoint", path];
    (checkpoint.clone(), folder.training("w.safetensors", &more))
}

#[test]
fn the_second_training_is_told_and_changes_nothing() {
    let folder = Folder::with_data_set();
    let (checkpoint, arguments) = in_data_folder(&folder);
    let mut first = Training::new(start(&arguments)).until("epoch 2/");
    let resuming = [
        "train",
        "--resume",
        checkpoint.to_str().expect("it is text"),
        "--out",
        &folder.text("other.safetensors"),
    ];
    let other_checkpoint = ["--checkpoint", &folder.text("other.checkpoint")];
    let seconds = [
        (arguments.clone(), "training.checkpoint"),
        (resuming.map(str::to_owned).to_vec(), "training.checkpoint"),
        (
            folder.training("w.safetensors", &other_checkpoint),
            "w.safetensors",
        ),
    ];
    for (second, file) in seconds {
        let output = run(&second);
        assert_eq!(code(&output), 2, "it is refused: {second:?}");
        let said = stderr(&output);
        assert_eq!(said.lines().count(), 1, "on one line: {said}");
        assert!(said.contains(file), "its file: {said}");
    }
    let has_checkpoint = first.runs_until(|| checkpoint.exists());
    assert!(has_checkpoint, "the first training continues");
    first.kill();
    checkpoints::load(&checkpoint).expect("the first training can be resumed");
    let backups = fs::read_dir(folder.path("")).expect("lists").flatten();
    let backups = backups.filter(|entry| entry.file_name().to_string_lossy().contains(".old"));
    assert_eq!(backups.count(), 0, "no checkpoint was moved");
    assert!(
        !folder.path("other.safetensors").exists(),
        "nothing is written"
    );
    // The lock of a killed process is free.
    Training::new(start(&arguments)).until("is now").kill();
}

#[test]
fn a_window_leaves_the_checkpoint_of_the_command_line_alone() {
    let folder = Folder::with_data_set();
    let (checkpoint, arguments) = in_data_folder(&folder);
    let mut first = Training::new(start(&arguments)).until("epoch 2/");
    let (sender, calls) = channel();
    let wake = || -> Arc<dyn Fn() + Send + Sync> {
        let sender = sender.clone();
        Arc::new(move || {
            // The receiver may be gone.
            let _ = sender.send(());
        })
    };
    let files = FileTasks::new(wake());
    let find = || {
        files.submit(FileTask::FindCheckpoint(checkpoint.clone()));
        loop {
            if let Some(outcome) = files.drain().pop() {
                break outcome;
            }
            calls.recv().expect("the worker wakes its owner");
        }
    };
    let found = find();
    assert!(
        matches!(found, FileOutcome::Checkpoint(Ok(None))),
        "it is not interrupted: {found:?}"
    );
    let job = TrainingJob {
        start: Start::Fresh(Box::new(TrainingConfig {
            epochs: 2,
            ..TrainingConfig::default()
        })),
        data: DataSource::Folder(folder.path("")).into(),
        corrections: None,
        device: DeviceChoice::Cpu,
    };
    let wakers = Wakers {
        gauge: wake(),
        fact: wake(),
    };
    let trainer = Trainer::spawn(1, job, Some(checkpoint.clone()), wakers);
    let mut facts = Vec::new();
    let is_last =
        |fact: &TrainerFact| matches!(fact, TrainerFact::Finished(_) | TrainerFact::Failed(_));
    while !facts.iter().any(is_last) {
        calls.recv().expect("the worker wakes its owner");
        facts.extend(trainer.drain().into_iter().map(|message| message.fact));
    }
    let is_locked = |fact: &TrainerFact| matches!(fact, TrainerFact::CheckpointFailed(StoreError::Locked(path)) if *path == checkpoint);
    assert!(facts.iter().any(is_locked), "the window is told: {facts:?}");
    let has_checkpoint = first.runs_until(|| checkpoint.exists());
    assert!(has_checkpoint, "the first training continues");
    first.kill();
    match find() {
        FileOutcome::Checkpoint(Ok(Some(found))) => {
            assert_eq!(found.config().epochs, 10_000, "that of the first training");
        }
        FileOutcome::Checkpoint(Err(FileError::Store(error))) => panic!("{error}"),
        other => panic!("a checkpoint, not {other:?}"),
    }
}
