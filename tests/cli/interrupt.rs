//! Ctrl-C during a training.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Output},
};

use serde_json::Value;

use crate::{
    eval::check_evaluation,
    support::{Folder, code, json_of, start},
};

/// Waits until a training prints these words, and presses Ctrl-C. Returns its result and its errors.
fn interrupted_at(words: &str, mut child: Child) -> (Output, String) {
    let mut errors = BufReader::new(child.stderr.take().expect("standard error is a pipe"));
    let mut said = String::new();
    while !said.contains(words) {
        assert_ne!(
            errors.read_line(&mut said).expect("text"),
            0,
            "the training continues: {said}"
        );
    }
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.expect("kill starts").success(), "the signal is sent");
    errors.read_to_string(&mut said).expect("text");
    (child.wait_with_output().expect("it ends"), said)
}

#[test]
fn ctrl_c_saves_the_network() {
    let folder = Folder::with_data_set();
    let weights = folder.write("w.safetensors", "what was there before");
    let child = start(&folder.training("w.safetensors", &["--epochs", "10000", "--json"]));
    let (output, said) = interrupted_at("epoch 2/", child);
    assert_eq!(code(&output), 130, "the exit status of Ctrl-C: {said}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("the report is JSON");
    assert_eq!(report["stopped"], true, "the report says so");
    let epochs = report["history"].as_array().map_or(0, Vec::len);
    assert!(
        (2..10_000).contains(&epochs),
        "the report has the finished epochs: {epochs}"
    );
    let data = folder.text("");
    let evaluation = json_of(&["eval", "--weights", &weights, "--data", &data, "--json"]);
    check_evaluation(&evaluation, 100);
}

#[test]
fn ctrl_c_before_the_first_batch_leaves_the_weight_file_unchanged() {
    let folder = Folder::with_data_set();
    folder.write("w.safetensors", "what was there before");
    // The note about it is the last output before the synthetic digits, which take far longer than a signal.
    folder.write("w.safetensors.checkpoint", "an interrupted training");
    let drawings = ["--synthetic-digits", "500000", "--non-digits", "500000"];
    let child = start(&folder.training("w.safetensors", &drawings));
    let (output, said) = interrupted_at("is now", child);
    assert_eq!(code(&output), 130, "the exit status of Ctrl-C: {said}");
    assert!(said.contains("unchanged"), "it says so: {said}");
    let weights = fs::read_to_string(folder.path("w.safetensors"));
    assert_eq!(weights.expect("is there"), "what was there before");
}

#[test]
fn resuming_one_checkpoint_backs_up_another() {
    let folder = Folder::with_data_set();
    let training = folder.training("w.safetensors", &["--epochs", "10000"]);
    let (_, said) = interrupted_at("epoch 2/", start(&training));
    assert!(
        said.contains("to resume: digitpad train --resume"),
        "{said}"
    );
    let beside = folder.path("w.safetensors.checkpoint");
    fs::rename(&beside, folder.path("first run.checkpoint")).expect("renames");
    folder.write("w.safetensors.checkpoint", "another");
    folder.write("w.safetensors.checkpoint.old", "a third");
    let (from, out) = (
        folder.text("first run.checkpoint"),
        folder.text("w.safetensors"),
    );
    let words = ["train", "--resume", &from, "--out", &out, "--half"];
    let (output, said) = interrupted_at("resumed after", start(&words));
    assert_eq!(code(&output), 130, "the exit status of Ctrl-C: {said}");
    for (name, content) in [
        ("w.safetensors.checkpoint.old", "a third"),
        ("w.safetensors.checkpoint.old-2", "another"),
    ] {
        let content_now = fs::read_to_string(folder.path(name));
        assert_eq!(
            content_now.expect("the file exists"),
            content,
            "{name}: {said}"
        );
    }
    assert!(said.contains("--half"), "with the same options: {said}");
}
