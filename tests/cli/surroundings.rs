//! Help, an output that is closed or full, and no display.

#[cfg(target_os = "linux")]
use std::fs;
use std::io::{BufRead as _, BufReader};

#[cfg(target_os = "linux")]
use crate::support::command;
use crate::support::{Folder, code, printed, start, stderr};

#[test]
fn help_lists_the_commands() {
    let cases: [(&[&str], &[&str]); 6] = [
        (
            &["--help"],
            &[
                "train",
                "eval",
                "predict",
                "info",
                "--weights",
                "Examples:",
                "Exit code",
            ],
        ),
        (
            &["train", "--help"],
            &["--preset", "keras", "tanh", "Ctrl-C", "Examples:"],
        ),
        (
            &["eval", "--help"],
            &["--idx <IMAGES> <LABELS>", "--ink", "confusion", "Examples:"],
        ),
        (
            &["predict", "--help"],
            &["PNG", "probabilities", "standard input", "Examples:"],
        ),
        (&["info", "--help"], &["metadata", "Examples:"]),
        (&["--version"], &[env!("CARGO_PKG_VERSION")]),
    ];
    for (arguments, parts) in cases {
        let text = printed(arguments);
        for part in parts {
            assert!(text.contains(part), "{arguments:?} names {part}:\n{text}");
        }
    }
}

#[test]
fn a_closed_output_is_not_an_error() {
    let folder = Folder::new();
    let stick = "{\"strokes\":[[[50,0],[50,100]]]}\n";
    // The output is larger than the buffer of a pipe.
    let ink = folder.write("ink.jsonl", stick.repeat(2000));
    let mut child = start(&["predict", "--json", &ink]);
    let mut line = String::new();
    let mut reader = BufReader::new(child.stdout.take().expect("standard output is a pipe"));
    reader.read_line(&mut line).expect("a line comes");
    drop(reader);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(
        (code(&output), stderr(&output).as_str()),
        (0, ""),
        "it ends quietly"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_an_error() {
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("Linux has it");
    let output = command(&["info"]).stdout(full).output().expect("starts");
    assert_eq!(code(&output), 1, "1: not the user's error");
    assert!(
        stderr(&output).contains("standard output"),
        "the error names it: {}",
        stderr(&output)
    );
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_display_the_command_line_is_named() {
    let output = command(&[] as &[&str])
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("WAYLAND_SOCKET")
        .output()
        .expect("starts");
    let said = stderr(&output);
    assert_eq!(code(&output), 2, "2: bad environment or usage: {said}");
    for part in [
        "digitpad: could not open the window",
        "command line",
        "--help",
    ] {
        assert!(said.contains(part), "the sentence names {part}: {said}");
    }
}
