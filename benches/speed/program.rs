//! The duration of whole processes.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use crate::figures::{self, Measured};

pub(crate) fn run() {
    figures::table(
        "Whole processes (minimum-maximum of the runs)",
        &["command", "median"],
    );
    let folder = tempfile::tempdir().expect("a folder for the weights");
    let weights = folder.path().join("weights.safetensors");
    let weights = weights.to_str().expect("a plain path");
    for (arguments, runs) in [
        (&["eval"][..], 11),
        (&["train", "--preset", "keras", "--out", weights], 5),
    ] {
        let measured: Measured = (0..runs).map(|_| whole(arguments, folder.path())).collect();
        let shown: Vec<&str> = arguments
            .iter()
            .map(|argument| {
                if *argument == weights {
                    "FILE"
                } else {
                    argument
                }
            })
            .collect();
        figures::row(&[
            format!("`digitpad {}`", shown.join(" ")),
            measured.spread_secs(),
        ]);
    }
}

/// The seconds from the start to the end of the program.
fn whole(arguments: &[&str], folder: &Path) -> f64 {
    let start = Instant::now();
    let status = Command::new(env!("CARGO_BIN_EXE_digitpad"))
        .args(arguments)
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("it starts");
    assert!(status.success(), "{arguments:?} ends with {status}");
    start.elapsed().as_secs_f64()
}
