//! A training that is stopped from the keyboard.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::Command,
};

use serde_json::Value;

use crate::{
    eval::check_evaluation,
    support::{Folder, code, json_of, start},
};

#[test]
fn ctrl_c_keeps_what_was_learnt() {
    let folder = Folder::with_data_set();
    let weights = folder.write("w.safetensors", "what was there before");
    let mut child = start(&folder.training("w.safetensors", &["--epochs", "10000", "--json"]));
    let mut errors = BufReader::new(child.stderr.take().expect("standard error is a pipe"));
    let mut said = String::new();
    while !said.contains("epoch 2/") {
        assert_ne!(
            errors.read_line(&mut said).expect("text"),
            0,
            "it goes on: {said}"
        );
    }
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.expect("kill starts").success(), "the signal is sent");
    errors.read_to_string(&mut said).expect("text");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(code(&output), 130, "as a shell says of Ctrl-C: {said}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("the report is JSON");
    assert_eq!(report["stopped"], true, "it says so");
    let epochs = report["history"].as_array().map_or(0, Vec::len);
    assert!(
        (2..10_000).contains(&epochs),
        "what was done is told: {epochs}"
    );
    let data = folder.text("");
    let evaluation = json_of(&["eval", "--weights", &weights, "--data", &data, "--json"]);
    check_evaluation(&evaluation, 100);
}
