//! Trainings that are killed, and go on as if nothing had happened.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use digitpad::training::checkpoint::Checkpoint;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use safetensors::SafeTensors;

use crate::support::{Folder, code, json_of, run, start, stderr};

/// How often the program is killed.
const KILLS: usize = 50;
/// Enough epochs that not all are over before the last kill.
const EPOCHS: &str = "1000";

/// All that has a state of its own, in a network and on data so small that an epoch takes milliseconds.
const SETTINGS: [&str; 16] = [
    "--epochs",
    EPOCHS,
    "--data-fraction",
    "0.5",
    "--optimizer",
    "adamw",
    "--schedule",
    "one-cycle",
    "--dropout",
    "0.1",
    "--ema",
    "0.99",
    "--augment",
    "0.1",
    "--seed",
    "4",
];

/// The tensors of a weight file, by name.
fn tensors(folder: &Folder, name: &str) -> Vec<(String, Vec<u8>)> {
    let bytes = fs::read(folder.path(name)).expect("the weights were written");
    let read = SafeTensors::deserialize(&bytes).expect("it is safetensors");
    let all = read.tensors().into_iter();
    let mut all: Vec<_> = all
        .map(|(name, view)| (name, view.data().to_vec()))
        .collect();
    all.sort();
    all
}

/// Where the training was when its checkpoint was written; none before its first.
fn images_seen(folder: &Folder, name: &str) -> Option<usize> {
    let bytes = fs::read(folder.path(name)).ok()?;
    let checkpoint = Checkpoint::from_bytes(&bytes, name).expect("it is whole at every moment");
    Some(checkpoint.progress().images_seen)
}

#[test]
fn a_training_survives_being_killed_at_any_moment() {
    let folder = Folder::with_data_set();
    let whole = run(&folder.training("whole.safetensors", &SETTINGS));
    assert_eq!(code(&whole), 0, "undisturbed: {}", stderr(&whole));
    let began = folder.training("killed.safetensors", &SETTINGS);
    let (checkpoint, out) = (
        folder.text("killed.safetensors.checkpoint"),
        folder.text("killed.safetensors"),
    );
    let goes_on: Vec<String> = ["train", "--resume", &checkpoint, "--out", &out]
        .map(str::to_owned)
        .into();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut seen = 0;
    for kill in 0..KILLS {
        let name = "killed.safetensors.checkpoint";
        let arguments = if folder.path(name).exists() {
            &goes_on
        } else {
            &began
        };
        let mut child = start(arguments);
        // Nobody reads what it says: the pipes are far from full.
        let deadline = Instant::now() + Duration::from_millis(rng.random_range(20..160));
        while Instant::now() < deadline && child.try_wait().expect("can be asked").is_none() {
            thread::sleep(Duration::from_millis(1));
        }
        if let Some(status) = child.try_wait().expect("can be asked") {
            assert!(
                status.success(),
                "kill {kill}: it ended by itself, and well"
            );
            break;
        }
        child.kill().expect("can be killed");
        child.wait().expect("ends");
        if let Some(now) = images_seen(&folder, name) {
            assert!(now >= seen, "kill {kill}: {now} images after {seen}");
            seen = now;
        }
    }
    if folder.path("killed.safetensors.checkpoint").exists() {
        let report = json_of(&[goes_on, vec!["--json".to_owned()]].concat());
        assert_eq!(report["stopped"], false, "to its end");
        let epochs = report["history"].as_array().map(Vec::len);
        assert_eq!(
            epochs,
            EPOCHS.parse().ok(),
            "every epoch, those before the kills too"
        );
    }
    let same = tensors(&folder, "killed.safetensors") == tensors(&folder, "whole.safetensors");
    assert!(same, "the same weights, bit by bit");
    for name in [
        "killed.safetensors.checkpoint",
        "whole.safetensors.checkpoint",
    ] {
        assert!(!folder.path(name).exists(), "{name} is not needed any more");
    }
}

#[test]
fn the_next_training_backs_up_a_checkpoint() {
    let folder = Folder::with_data_set();
    let name = "w.safetensors.checkpoint";
    folder.write(name, "an interrupted training");
    let output = run(&folder.training("w.safetensors", &["--epochs", "1"]));
    assert_eq!(code(&output), 0, "it trains: {}", stderr(&output));
    assert!(
        stderr(&output).contains("is now"),
        "it says so: {}",
        stderr(&output)
    );
    let aside = fs::read_to_string(folder.path("w.safetensors.checkpoint.old"));
    assert_eq!(
        aside.expect("is kept"),
        "an interrupted training",
        "as it was"
    );
    assert!(!folder.path(name).exists(), "and the new one is gone");
}

#[test]
fn an_invalid_checkpoint_is_refused() {
    let folder = Folder::with_data_set();
    let file = folder.write("c", "something else");
    let out = folder.text("w.safetensors");
    let output = run(&["train", "--resume", &file, "--out", &out]);
    assert_eq!(code(&output), 2, "it can be mended");
    assert!(
        stderr(&output).contains("read the checkpoint"),
        "{}",
        stderr(&output)
    );
    assert!(!folder.path("w.safetensors").exists(), "nothing is written");
}
