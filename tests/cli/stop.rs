//! Trainings that are stopped by a signal or killed, and go on.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Output, Stdio},
    time::SystemTime,
};

use digitpad::{
    files::write_atomically,
    store::checkpoints,
    training::{
        checkpoint::Checkpoint,
        config::{Preset, TrainingConfig},
    },
};
use safetensors::SafeTensors;
use serde_json::Value;

use crate::{
    eval::check_evaluation,
    support::{Folder, code, command, json_of, run, start, stderr},
};

/// A running training and what it has said so far.
pub(crate) struct Training {
    child: Child,
    errors: BufReader<ChildStderr>,
    said: String,
}

impl Training {
    pub(crate) fn new(mut child: Child) -> Self {
        let errors = child.stderr.take().expect("standard error is a pipe");
        Self {
            child,
            errors: BufReader::new(errors),
            said: String::new(),
        }
    }

    /// Waits until it says these words. `false` if it ends before.
    fn says(&mut self, words: &str) -> bool {
        while !self.said.contains(words) {
            if self.errors.read_line(&mut self.said).expect("text") == 0 {
                return false;
            }
        }
        true
    }

    /// Waits until it says these words.
    pub(crate) fn until(mut self, words: &str) -> Self {
        assert!(self.says(words), "the training continues: {}", self.said);
        self
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let kill = Command::new("kill").args([signal, &id]).status();
        assert!(kill.expect("kill starts").success(), "the signal is sent");
    }

    /// Sends a signal. Returns the result and all that was said.
    pub(crate) fn stopped_by(mut self, signal: &str) -> (Output, String) {
        self.signal(signal);
        self.errors.read_to_string(&mut self.said).expect("text");
        (self.child.wait_with_output().expect("it ends"), self.said)
    }

    /// Waits for the condition. Returns false if the training ends before.
    pub(crate) fn runs_until(&mut self, condition: impl Fn() -> bool) -> bool {
        while !condition() {
            if !self.is_running() {
                return false;
            }
        }
        true
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("can be asked").is_none()
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("can be killed");
        self.child.wait().expect("ends");
    }
}

/// When a file was written; `None` if there is none.
fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

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

/// The temporary files of a folder that are being written, or that a killed run left.
fn temporary_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("lists").flatten();
    let paths = entries.map(|entry| entry.path());
    let is_temporary = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "tmp");
    paths.filter(is_temporary).collect()
}

#[test]
fn a_signal_saves_the_network() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        let folder = Folder::with_data_set();
        let weights = folder.write("w.safetensors", "what was there before");
        let arguments = folder.training("w.safetensors", &["--epochs", "10000", "--json"]);
        let training = Training::new(start(&arguments)).until("epoch 2/");
        let (output, said) = training.stopped_by(signal);
        assert_eq!(code(&output), 130, "{signal}: {said}");
        let report: Value = serde_json::from_slice(&output.stdout).expect("the report is JSON");
        assert_eq!(report["stopped"], true, "{signal}: the report says so");
        let epochs = report["history"].as_array().map_or(0, Vec::len);
        assert!(
            (2..10_000).contains(&epochs),
            "{signal}: the report has the finished epochs: {epochs}"
        );
        let data = folder.text("");
        let evaluation = json_of(&["eval", "--weights", &weights, "--data", &data, "--json"]);
        check_evaluation(&evaluation, 100);
    }
}

/// nohup ignores SIGHUP for the program that it starts.
#[cfg(target_os = "linux")]
#[test]
fn a_training_outlives_its_terminal_where_that_is_wished() {
    let folder = Folder::with_data_set();
    let arguments = folder.training("w.safetensors", &["--epochs", "10000"]);
    let child = Command::new("sh")
        .args(["-c", r#"trap "" HUP; exec "$0" "$@""#])
        .arg(env!("CARGO_BIN_EXE_digitpad"))
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut training = Training::new(child.expect("sh starts")).until("epoch 2/");
    training.signal("-HUP");
    training = training.until("epoch 300/");
    training.kill();
}

#[test]
fn ctrl_c_before_the_first_batch_leaves_the_weight_file_unchanged() {
    let folder = Folder::with_data_set();
    folder.write("w.safetensors", "what was there before");
    // The number of examples is the last output before the synthetic digits, which take far longer than a signal.
    let line = r#"{"label": 1, "strokes": [[[0.5, 0.1], [0.5, 0.9]]]}"#;
    let corrections = folder.write("corrections.jsonl", line);
    let more = [
        "--synthetic-digits",
        "500000",
        "--non-digits",
        "500000",
        "--corrections",
        &corrections,
    ];
    let arguments = folder.training("w.safetensors", &more);
    let training = Training::new(start(&arguments)).until("1 correction");
    let (output, said) = training.stopped_by("-INT");
    assert_eq!(code(&output), 130, "the exit status of Ctrl-C: {said}");
    assert!(said.contains("unchanged"), "it says so: {said}");
    let weights = fs::read_to_string(folder.path("w.safetensors"));
    assert_eq!(weights.expect("is there"), "what was there before");
}

#[test]
fn a_checkpoint_of_another_training_becomes_a_backup() {
    let folder = Folder::with_data_set();
    let stopped = |out: &str| {
        let arguments = folder.training(out, &["--epochs", "10000"]);
        let training = Training::new(start(&arguments)).until("epoch 2/");
        let (_, said) = training.stopped_by("-INT");
        assert!(
            said.contains("to resume: digitpad train --resume"),
            "{said}"
        );
        let checkpoint = folder.path(&format!("{out}.checkpoint"));
        fs::read(checkpoint).expect("is there")
    };
    let (first, second) = (stopped("a"), stopped("b"));
    folder.write("b.checkpoint.old", "a third");
    let (from, out) = (folder.text("a.checkpoint"), folder.text("b"));
    let words = ["train", "--resume", &from, "--out", &out, "--half"];
    let training = Training::new(start(&words)).until("resumed after");
    let (output, said) = training.stopped_by("-INT");
    assert_eq!(code(&output), 130, "the exit status of Ctrl-C: {said}");
    assert!(said.contains("--half"), "with the same options: {said}");
    let output = run(&folder.training("b", &["--epochs", "1"]));
    assert_eq!(code(&output), 0, "a new training: {}", stderr(&output));
    let read = |name: &str| fs::read(folder.path(name)).expect(name);
    assert!(read("a.checkpoint") == first, "the resumed one stays");
    assert_eq!(read("b.checkpoint.old"), b"a third", "so does a backup");
    assert!(
        read("b.checkpoint.old-2") == second,
        "the one that was there"
    );
    assert!(folder.path("b.checkpoint.old-3").exists(), "the one since");
    assert!(!folder.path("b.checkpoint").exists(), "the training ended");
}

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
/// Enough epochs for all kills.
const EPOCHS: &str = "1000";
/// The number of times that a training is killed.
const KILLS: usize = 30;

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
    let checkpoint = Path::new(&checkpoint);
    let mut seen = 0;
    for kill in 0..KILLS {
        let is_begun = checkpoint.exists();
        let mut training = Training::new(start(if is_begun { &goes_on } else { &first }));
        // Kills at the start, after some epochs, during a save, and after a save.
        let before = modified(checkpoint);
        let runs_on = match kill % 4 {
            0 => training.says("training on"),
            1 => training.says("epoch ") && training.says("\nepoch "),
            2 => {
                let saves = || !temporary_files(&folder.path("")).is_empty();
                training.says("epoch ") && training.runs_until(saves)
            }
            _ => training.runs_until(|| modified(checkpoint) != before),
        };
        if !runs_on {
            break;
        }
        training.kill();
        if checkpoint.exists() {
            let found: Checkpoint = checkpoints::load(checkpoint).expect("is always complete");
            let now = found.progress().images_seen;
            assert!(now >= seen, "kill {kill}: {now} images after {seen}");
            seen = now;
        }
    }
    assert!(seen > 0, "it was killed after a checkpoint");
    if checkpoint.exists() {
        let report = json_of(&[goes_on, vec!["--json".to_owned()]].concat());
        assert_eq!(report["stopped"], false, "to its end");
        let epochs = report["history"].as_array().map(Vec::len);
        assert_eq!(epochs, EPOCHS.parse().ok(), "every epoch");
    }
    let same = tensors(&folder, "killed.safetensors") == tensors(&folder, "whole.safetensors");
    assert!(same, "the same weights, bit by bit");
    assert!(!checkpoint.exists(), "it is not needed any more");
    let left = temporary_files(&folder.path(""));
    assert!(left.is_empty(), "no temporary file is left: {left:?}");
}

/// With these sizes, the last bits of the weights depend on the number of threads on an x86 processor.
#[test]
fn a_training_resumes_with_its_number_of_threads() {
    let folder = Folder::with_data_set();
    let settings = ["--batch-size", "32", "--epochs", "300"];
    let with_threads = |threads: &str, arguments: &[String]| {
        let mut command = command(arguments);
        command.env("RAYON_NUM_THREADS", threads);
        command
    };
    let to_the_end = |mut command: Command| {
        let output = command.output().expect("the program starts");
        assert_eq!(code(&output), 0, "{}", stderr(&output));
    };
    to_the_end(with_threads(
        "3",
        &folder.training("whole.safetensors", &settings),
    ));
    let mut begun = with_threads("3", &folder.training("a.safetensors", &settings));
    let begun = begun.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut begun = Training::new(begun.expect("the program starts")).until("epoch 3/");
    let (from, out) = (
        folder.text("a.safetensors.checkpoint"),
        folder.text("a.safetensors"),
    );
    let is_saved = || Path::new(&from).exists();
    assert!(begun.runs_until(is_saved), "a checkpoint is written");
    begun.kill();
    let goes_on = ["train", "--resume", &from, "--out", &out].map(str::to_owned);
    to_the_end(with_threads("1", &goes_on));
    let same = tensors(&folder, "a.safetensors") == tensors(&folder, "whole.safetensors");
    assert!(same, "the same weights, bit by bit");
}

/// The size of the file that a killed process writes.
const SAVED_BYTES: usize = 4 << 20;
/// The environment variable with its path.
const SAVED_FILE: &str = "DIGITPAD_TEST_SAVED_FILE";

/// The process that is killed below.
#[test]
#[ignore = "runs until it is killed"]
fn saves_a_file_again_and_again() {
    let path = std::env::var_os(SAVED_FILE).expect("the path");
    for byte in (0..=u8::MAX).cycle() {
        write_atomically(Path::new(&path), &vec![byte; SAVED_BYTES]).expect("writes");
    }
}

#[test]
fn a_save_that_is_killed_leaves_the_old_or_the_new_file() {
    const MOMENTS: usize = 50;
    let folder = Folder::new();
    let path = folder.path("saved");
    for moment in 0..MOMENTS {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "stop::saves_a_file_again_and_again", "--ignored"])
            .env(SAVED_FILE, &path)
            .stdout(Stdio::null())
            .spawn()
            .expect("starts");
        let before = temporary_files(&folder.path(""));
        // The size of the temporary file tells how far the save is.
        let is_reached = |file: &PathBuf| {
            let len = fs::metadata(file).map_or(0, |metadata| metadata.len() as usize);
            !before.contains(file) && len * MOMENTS >= SAVED_BYTES * moment
        };
        while !temporary_files(&folder.path("")).iter().any(is_reached) {
            let exit = child.try_wait().expect("can be asked");
            assert_eq!(exit, None, "it saves until it is killed");
        }
        child.kill().expect("can be killed");
        child.wait().expect("ends");
        if let Ok(content) = fs::read(&path) {
            assert_eq!(
                content.len(),
                SAVED_BYTES,
                "moment {moment}: the whole file"
            );
            let is_one = content.iter().all(|byte| *byte == content[0]);
            assert!(is_one, "moment {moment}: the content of one save");
        }
    }
    write_atomically(&path, b"a later run").expect("writes");
    assert_eq!(fs::read(&path).expect("reads"), b"a later run");
    assert_eq!(folder.count(), 1, "it removed what the killed runs left");
}

/// A network that works, with weights too large for 16 bits.
#[test]
fn weights_too_large_for_16_bits_are_written_by_resuming() {
    let folder = Folder::with_data_set();
    let train = |out: &str, more: &[&str]| run(&folder.training(out, more));
    let output = train("base", &["--epochs", "1"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let base = folder.text("base");
    let model = digitpad::model::file::Model::load(Path::new(&base)).expect("loads");
    // The softmax does not change when all logits grow alike.
    let bias = &model.mlp.layers()[1].bias;
    let larger = (bias.as_tensor() + 1e5).expect("adds");
    bias.set(&larger).expect("sets");
    model.save(Path::new(&base)).expect("saves");
    let output = train("w", &["--from", &base, "--preset", "keras", "--half"]);
    let said = stderr(&output);
    assert_eq!(code(&output), 2, "refused: {said}");
    let (_, command) = said
        .split_once("to resume: digitpad ")
        .expect("it says how");
    let command = command.lines().next().expect("a line");
    let resumed = run(&command.split(' ').collect::<Vec<_>>());
    assert_eq!(code(&resumed), 0, "{command}: {}", stderr(&resumed));
    let info = json_of(&["info", &folder.text("w"), "--json"]);
    let epochs = TrainingConfig::default().epochs;
    assert_eq!(
        info["metadata"]["training_config"]["epochs"], epochs,
        "{info}"
    );
    assert_eq!(Preset::Keras.config().epochs, epochs, "those of the preset");
}
