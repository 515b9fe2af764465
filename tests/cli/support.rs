//! The program as a process, and a folder for its files.

use std::{
    ffi::OsStr,
    fs,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    sync::OnceLock,
};

use digitpad::{
    bitmap::SIDE,
    data::{Dataset, Examples},
};
use serde_json::Value;
use tempfile::TempDir;

/// A 1, a dot without a writer, a larger 1, a blank line, a letter, and a 7.
pub(crate) const INK: &str = r#"{"label":1,"writer":"aa-1","strokes":[[[50,0],[50,100]]]}
{"strokes":[[[3,3]]]}
{"label":1,"writer":"bb-7","strokes":[[[500,0],[500,500],[500,1000]]]}

{"label":"A","writer":"bb-7","strokes":[[[0,100],[50,0],[100,100]],[[25,50],[75,50]]]}
{"label":7,"strokes":[[[0,0],[60,0],[20,100]]]}
"#;

/// MNIST, unpacked once.
pub(crate) fn mnist() -> &'static Dataset {
    static MNIST: OnceLock<Dataset> = OnceLock::new();
    MNIST.get_or_init(|| Dataset::mnist().expect("MNIST is built in"))
}

pub(crate) fn command(arguments: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_digitpad"));
    command
        .args(arguments)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null());
    command
}

pub(crate) fn run(arguments: &[impl AsRef<OsStr>]) -> Output {
    command(arguments).output().expect("the program starts")
}

/// Starts a run. The test reads its output during the run.
pub(crate) fn start(arguments: &[impl AsRef<OsStr>]) -> Child {
    let mut command = command(arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().expect("the program starts")
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().expect("it was not killed")
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("the output is text")
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("the errors are text")
}

/// The output of a run that must succeed.
pub(crate) fn printed(arguments: &[impl AsRef<OsStr>]) -> String {
    let output = run(arguments);
    assert_eq!(code(&output), 0, "it succeeds: {}", stderr(&output));
    stdout(&output)
}

/// The JSON lines of a run that must succeed.
pub(crate) fn json_lines(arguments: &[impl AsRef<OsStr>]) -> Vec<Value> {
    let text = printed(arguments);
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .collect()
}

/// The only JSON object of a run that must succeed.
pub(crate) fn json_of(arguments: &[impl AsRef<OsStr>]) -> Value {
    let mut lines = json_lines(arguments);
    assert_eq!(lines.len(), 1, "one object on one line");
    lines.remove(0)
}

/// A folder of files for one test.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder for the test"))
    }

    /// A data set of MNIST's first examples: 400 to train on, 100 to test with.
    pub(crate) fn with_data_set() -> Self {
        let folder = Self::new();
        folder.write_idx("train", &mnist().train.take(400));
        folder.write_idx("t10k", &mnist().test.take(100));
        folder
    }

    fn write_idx(&self, part: &str, examples: &Examples) {
        let (side, count) = (SIDE as u32, examples.len() as u32);
        let file = |numbers: &[u32], bytes: &[u8]| {
            let header = numbers.iter().flat_map(|number| number.to_be_bytes());
            header.chain(bytes.iter().copied()).collect::<Vec<u8>>()
        };
        let images = file(&[0x0803, count, side, side], examples.images());
        self.write(&format!("{part}-images-idx3-ubyte"), images);
        self.write(
            &format!("{part}-labels-idx1-ubyte"),
            file(&[0x0801, count], examples.labels()),
        );
    }

    /// The number of files and folders.
    pub(crate) fn count(&self) -> usize {
        fs::read_dir(self.0.path()).expect("lists").count()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The path of a file of the folder as an argument. With "", the folder itself.
    pub(crate) fn text(&self, name: &str) -> String {
        let path = if name.is_empty() {
            self.0.path().to_owned()
        } else {
            self.path(name)
        };
        path.into_os_string()
            .into_string()
            .expect("the path is text")
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::write(self.path(name), content).expect("the file is written");
        self.text(name)
    }

    /// The arguments of a short training on the folder's data set.
    pub(crate) fn training(&self, out: &str, more: &[&str]) -> Vec<String> {
        let (data, out) = (self.text(""), self.text(out));
        let words = ["train", "--data", &data, "--out", &out, "--hidden", "24"];
        words.iter().chain(more).map(ToString::to_string).collect()
    }
}
