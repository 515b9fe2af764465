//! `--resume` after an interrupted training.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use digitpad::training::checkpoint::Checkpoint;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use safetensors::SafeTensors;

use crate::support::{Folder, code, json_of, run, start, stderr};

/// The number of times that the program is killed.
const KILLS: usize = 50;
/// Enough epochs for all kills.
const EPOCHS: &str = "1000";

/// Every option with a state. The network and the data are small: an epoch takes milliseconds.
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

/// The images seen at the time of the checkpoint. `None` without a checkpoint.
fn images_seen(folder: &Folder, name: &str) -> Option<usize> {
    let bytes = fs::read(folder.path(name)).ok()?;
    let checkpoint = Checkpoint::from_bytes(&bytes, name).expect("the file is always complete");
    Some(checkpoint.progress().images_seen)
}

#[test]
fn a_training_survives_being_killed_at_any_moment() {
    let folder = Folder::with_data_set();
    let whole = run(&folder.training("whole.safetensors", &SETTINGS));
    assert_eq!(code(&whole), 0, "without interruption: {}", stderr(&whole));
    let first = folder.training("killed.safetensors", &SETTINGS);
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
            &first
        };
        let mut child = start(arguments);
        // The test does not read the output. It fits the buffers of the pipes.
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
        "the backup is reported: {}",
        stderr(&output)
    );
    let backup = fs::read_to_string(folder.path("w.safetensors.checkpoint.old"));
    assert_eq!(
        backup.expect("the backup exists"),
        "an interrupted training",
        "the content is unchanged"
    );
    assert!(!folder.path(name).exists(), "the new checkpoint is deleted");
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
