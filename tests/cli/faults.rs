//! Faults of the system, made to happen: outputs that are closed, full or gone, no threads, no display.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::Child,
};
#[cfg(target_os = "linux")]
use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use crate::support::{Folder, INK, code, command, printed, start, stderr, stdout};
#[cfg(target_os = "linux")]
use crate::{stop::Training, support::run};

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

/// Reads the first line that a command prints.
fn first_line(child: &mut Child) -> (String, impl Sized + use<>) {
    let mut reader = BufReader::new(child.stdout.take().expect("standard output is a pipe"));
    let mut line = String::new();
    reader.read_line(&mut line).expect("a line comes");
    (line, reader)
}

#[test]
fn a_closed_output_is_not_an_error() {
    let folder = Folder::new();
    let stick = "{\"strokes\":[[[50,0],[50,100]]]}\n";
    // The output is larger than the buffer of a pipe.
    let ink = folder.write("ink.jsonl", stick.repeat(2000));
    let mut child = start(&["predict", "--json", &ink]);
    drop(first_line(&mut child));
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(
        (code(&output), stderr(&output).as_str()),
        (0, ""),
        "it ends quietly"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_cannot_be_written_is_an_error() {
    for arguments in [&["info"][..], &["--help"], &["train", "--help"], &["-V"]] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full");
        let output = command(arguments)
            .stdout(full.expect("Linux has it"))
            .output()
            .expect("starts");
        let said = stderr(&output);
        assert_eq!(code(&output), 1, "{arguments:?}: not the user's error");
        assert_eq!(said.lines().count(), 1, "{arguments:?}: one line: {said}");
        assert!(said.contains("standard output"), "it is named: {said}");
    }
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

#[test]
fn standard_input_needs_no_folder_for_temporary_files() {
    let mut command = command(&["predict", "-"]);
    let folder = Folder::new();
    let ink = fs::File::open(folder.write("ink.jsonl", INK)).expect("opens");
    for variable in ["TMPDIR", "TMP", "TEMP"] {
        command.env(variable, folder.path("missing"));
    }
    let output = command.stdin(ink).output().expect("starts");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(stdout(&output).lines().count(), 5, "all drawings");
}

#[cfg(target_os = "linux")]
#[test]
fn the_number_of_threads_has_a_limit() {
    let folder = Folder::new();
    let ink = folder.write("ink.jsonl", INK);
    let mut child = command(&["predict", &ink, "-"])
        .env("RAYON_NUM_THREADS", "10000")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    // It has all its threads when it predicts, and then waits for standard input.
    let (line, reader) = first_line(&mut child);
    assert!(line.contains("ink.jsonl:1"), "{line}");
    let threads = fs::read_dir(format!("/proc/{}/task", child.id())).expect("lists");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let count = threads.count();
    // Those of rayon and those of candle.
    assert!(count <= 2 * cores.max(64), "{count} threads");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(INK.as_bytes()).expect("it reads");
    drop(input);
    drop(reader);
    assert!(child.wait().expect("ends").success(), "it ends");
}

/// A command of a user who may start no further thread. `None` where such a user cannot run the program.
#[cfg(target_os = "linux")]
fn without_threads(folder: &Folder, arguments: &[String]) -> Option<Command> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let path = folder.path("");
    let is_root = fs::metadata("/proc/self").expect("Linux has it").uid() == 0;
    let limited = |arguments: &[String]| {
        let mut command = Command::new("prlimit");
        command.arg("--nproc=1:1");
        if is_root {
            // The limit does not hold for root. No other process has this user.
            let user = (3_000_000 + std::process::id()).to_string();
            command.args(["setpriv", "--clear-groups", "--reuid", &user]);
            command.args(["--regid", &user]);
        }
        command.arg(env!("CARGO_BIN_EXE_digitpad")).args(arguments);
        command
    };
    if is_root {
        let everybody = fs::Permissions::from_mode(0o777);
        fs::set_permissions(path, everybody).expect("sets the mode");
    }
    let version = limited(&["--version".to_owned()]).output();
    let can_run = version.is_ok_and(|output| output.status.success());
    if !can_run {
        eprintln!("skipped: no user without threads can run the program");
    }
    can_run.then(|| limited(arguments))
}

#[cfg(target_os = "linux")]
#[test]
fn where_threads_are_refused_one_thread_computes() {
    let folder = Folder::with_data_set();
    let (data, ink) = (folder.text(""), folder.write("ink.jsonl", INK));
    let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    let cases: [Vec<String>; 3] = [
        words(&["eval", "--data", &data]),
        words(&["predict", &ink]),
        folder.training("w", &["--epochs", "2", "--synthetic-digits", "300"]),
    ];
    for arguments in cases {
        let Some(mut command) = without_threads(&folder, &arguments) else {
            return;
        };
        let output = command.output().expect("starts");
        assert_eq!(code(&output), 0, "{arguments:?}: {}", stderr(&output));
    }
    assert!(folder.path("w").exists(), "the weights are written");
}

/// A disk of this size. `None` where none can be mounted.
#[cfg(target_os = "linux")]
struct SmallDisk(Folder);

#[cfg(target_os = "linux")]
impl SmallDisk {
    fn mount(bytes: usize) -> Option<Self> {
        let disk = Self(Folder::new());
        let options = format!("size={bytes}");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(disk.0.path(""))
            .output();
        let is_mounted = mounted.is_ok_and(|output| output.status.success());
        if !is_mounted {
            eprintln!("skipped: no small disk can be mounted");
        }
        is_mounted.then_some(disk)
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Without a disk, there is nothing to unmount.
        let _ = Command::new("umount").arg(self.0.path("")).output();
    }
}

/// The weights of 784-24-10 take 76 kB.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_too_small_for_the_weights_is_noticed_at_the_start() {
    let Some(disk) = SmallDisk::mount(48 << 10) else {
        return;
    };
    let folder = Folder::with_data_set();
    let (data, out) = (folder.text(""), disk.0.text("w"));
    let output = run(&["train", "--data", &data, "--hidden", "24", "--out", &out]);
    let said = stderr(&output);
    assert_eq!(code(&output), 1, "a fault of the system: {said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(
        said.contains(&out) && !said.contains(".digitpad-"),
        "the target: {said}"
    );
    assert!(!said.contains("training on"), "it does not start: {said}");
    assert_eq!(disk.0.count(), 0, "nothing is left on the disk");
}

/// A training whose weights cannot be written at its end, though they could at its start.
#[cfg(target_os = "linux")]
fn check_write_that_fails_at_the_end(
    out: &Path,
    expected: i32,
    fail: impl FnOnce(),
    mend: impl FnOnce(),
) {
    let folder = Folder::with_data_set();
    let (out, checkpoint) = (out.to_str().expect("text"), folder.text("checkpoint"));
    let data = folder.text("");
    let mut words = vec!["train", "--data", &data, "--out", out, "--hidden", "24"];
    words.extend(["--epochs", "10000", "--checkpoint", &checkpoint, "--half"]);
    let training = Training::new(start(&words)).until("epoch 2/");
    fail();
    let (output, said) = training.stopped_by("-INT");
    assert_eq!(code(&output), expected, "{said}");
    let line = said
        .lines()
        .find_map(|line| line.strip_prefix("to resume: digitpad "));
    let resume: Vec<&str> = line.expect("it says how to go on").split(' ').collect();
    assert_eq!(resume.last(), Some(&"--half"), "with the same options");
    mend();
    let training = Training::new(start(&resume)).until("resumed after");
    let (output, said) = training.stopped_by("-INT");
    assert_eq!(code(&output), 130, "{said}");
    assert_eq!(code(&run(&["info", out])), 0, "the weights are written");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_at_the_end_loses_nothing() {
    let Some(disk) = SmallDisk::mount(256 << 10) else {
        return;
    };
    let rest = disk.0.path("rest");
    let fill = || {
        let full = fs::write(&rest, vec![0; 512 << 10]);
        assert!(full.is_err(), "the disk is full");
    };
    let clear = || fs::remove_file(&rest).expect("deletes");
    check_write_that_fails_at_the_end(&disk.0.path("w"), 1, fill, clear);
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_goes_away_loses_nothing() {
    let folder = Folder::new();
    let [out, away] = ["out", "away"].map(|name| folder.path(name));
    fs::create_dir(&out).expect("creates");
    let rename = |from: &Path, to: &Path| fs::rename(from, to).expect("renames");
    check_write_that_fails_at_the_end(
        &out.join("w"),
        2,
        || rename(&out, &away),
        || rename(&away, &out),
    );
}
