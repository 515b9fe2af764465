//! The command line, run as a process.

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::OnceLock,
};

use digitpad::{
    bitmap::{Bitmap, CLASSES, SIDE},
    dataset::{Dataset, Examples},
    model::file::Model,
    recognition,
};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde_json::{Value, json};
use tempfile::TempDir;

/// MNIST, unpacked once.
fn mnist() -> &'static Dataset {
    static MNIST: OnceLock<Dataset> = OnceLock::new();
    MNIST.get_or_init(|| Dataset::mnist().expect("MNIST is built in"))
}

fn command(arguments: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_digitpad"));
    command
        .args(arguments)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null());
    command
}

fn run(arguments: &[impl AsRef<OsStr>]) -> Output {
    command(arguments).output().expect("the program starts")
}

/// Starts a run whose output the test reads meanwhile.
fn start(arguments: &[impl AsRef<OsStr>]) -> Child {
    let mut command = command(arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().expect("the program starts")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it was not killed")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("the output is text")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("the errors are text")
}

/// What a run printed that must succeed.
fn printed(arguments: &[impl AsRef<OsStr>]) -> String {
    let output = run(arguments);
    assert_eq!(code(&output), 0, "it succeeds: {}", stderr(&output));
    stdout(&output)
}

/// The JSON objects, one a line, of a run that must succeed.
fn json_lines(arguments: &[impl AsRef<OsStr>]) -> Vec<Value> {
    let text = printed(arguments);
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .collect()
}

/// The one JSON object of a run that must succeed.
fn json_of(arguments: &[impl AsRef<OsStr>]) -> Value {
    let mut lines = json_lines(arguments);
    assert_eq!(lines.len(), 1, "one object on one line");
    lines.remove(0)
}

/// A folder of files for one test.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder for the test"))
    }

    /// A data set of MNIST's first examples: 400 to train on, 100 to test with.
    fn with_data_set() -> Self {
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

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The path of a file in it, or of itself, as an argument.
    fn text(&self, name: &str) -> String {
        let path = if name.is_empty() {
            self.0.path().to_owned()
        } else {
            self.path(name)
        };
        path.into_os_string()
            .into_string()
            .expect("the path is text")
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::write(self.path(name), content).expect("the file is written");
        self.text(name)
    }

    /// A training on its data set that takes a moment.
    fn training(&self, out: &str, more: &[&str]) -> Vec<String> {
        let (data, out) = (self.text(""), self.text(out));
        let words = ["train", "--data", &data, "--out", &out, "--hidden", "24"];
        words.iter().chain(more).map(ToString::to_string).collect()
    }
}

#[test]
fn help_shows_the_way() {
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

/// A weight file with Digitpad's metadata for 784-16-10 whose first layer has `inputs` inputs.
fn weights_of_inputs(inputs: usize) -> Vec<u8> {
    let shapes = [
        ("layers.0.weight", vec![16, inputs]),
        ("layers.0.bias", vec![16]),
        ("layers.1.weight", vec![10, 16]),
        ("layers.1.bias", vec![10]),
    ];
    let zeros = vec![0; 4 * 16 * inputs];
    let views = shapes.iter().map(|(name, shape)| {
        let bytes = &zeros[..4 * shape.iter().product::<usize>()];
        (
            *name,
            TensorView::new(Dtype::F32, shape.clone(), bytes).expect("the size fits"),
        )
    });
    let shipped = Model::shipped()
        .expect("fits")
        .to_bytes()
        .expect("serialises");
    let (_, header) = SafeTensors::read_metadata(&shipped).expect("reads");
    let mut metadata = header.metadata().clone().expect("has metadata");
    metadata.insert("hidden".to_owned(), "16".to_owned());
    metadata.insert("activation".to_owned(), "relu".to_owned());
    safetensors::serialize(views, Some(metadata)).expect("serialises")
}

/// Runs what must be refused, and checks how that is said.
fn check_refusals(cases: &[(&[&str], &[&str], &str)]) {
    for (arguments, parts, reason) in cases {
        let output = run(arguments);
        let said = stderr(&output);
        assert_eq!(code(&output), 2, "{reason}: {said}");
        assert_eq!(stdout(&output), "", "{reason}: nothing on standard output");
        for part in *parts {
            assert!(said.contains(part), "{reason} names {part}: {said}");
        }
        if said.starts_with("digitpad: ") {
            assert_eq!(
                said.lines().count(),
                1,
                "{reason}: one sentence, said once: {said}"
            );
        } else {
            assert!(said.starts_with("error: "), "{reason} is a misuse: {said}");
        }
    }
}

#[test]
fn arguments_that_do_not_do_are_named() {
    let folder = Folder::new();
    let file = folder.write("file", "");
    let out = folder.text("out.safetensors");
    check_refusals(&[
        (&["--colour"], &["--colour", "--help"], "an unknown option"),
        (&["trian"], &["trian", "train"], "an unknown command"),
        (
            &["--weights", "w", "eval"],
            &["--weights"],
            "an option that is not its command's",
        ),
        (&["predict"], &["<FILE>"], "no file"),
        (&["eval", "--idx", "a"], &["--idx", "2"], "one file of two"),
        (
            &["eval", "--data", "a", "--ink", "b"],
            &["--data", "--ink"],
            "two sources",
        ),
        (&["train"], &["--out"], "nowhere to put the weights"),
        (
            &["train", "--out", &out, "--hidden", "12,x"],
            &["12,x", "256,128"],
            "no number",
        ),
        (
            &["train", "--out", &out, "--hidden", "9000"],
            &["9000", "8192"],
            "too wide",
        ),
        (
            &["train", "--out", &out, "--epochs", "0"],
            &["epochs", "1"],
            "no epoch",
        ),
        (
            &["train", "--out", &out, "--epochs", "x"],
            &["--epochs", "x"],
            "no number of epochs",
        ),
        (
            &["train", "--out", &out, "--batch-size", "0"],
            &["batch size"],
            "an empty batch",
        ),
        (
            &["train", "--out", &out, "--learning-rate", "-1"],
            &["learning rate"],
            "backwards",
        ),
        (
            &["train", "--out", &out, "--learning-rate", "nan"],
            &["NaN"],
            "no number",
        ),
        (
            &["train", "--out", &out, "--activation", "step"],
            &["step", "relu"],
            "an activation",
        ),
        (
            &["train", "--out", &out, "--preset", "kreas"],
            &["kreas", "keras"],
            "a preset",
        ),
        (
            &["train", "--out", &file, "--epochs", "0"],
            &["epochs"],
            "a file that is there",
        ),
    ]);
    assert!(
        !folder.path("out.safetensors").exists(),
        "a refused training writes nothing"
    );
    assert_eq!(
        fs::read(&file).expect("is there"),
        b"",
        "nor replaces anything"
    );
}

#[test]
fn a_training_that_could_not_end_well_does_not_begin() {
    let folder = Folder::new();
    folder.write("file", "");
    let out = folder.text("out.safetensors");
    let deep = folder.text("no/such/folder/w.safetensors");
    let within_file = folder.text("file/w.safetensors");
    let data = folder.text("");
    check_refusals(&[
        (
            &["train", "--out", &out, "--data", &data],
            &["train-images-idx3-ubyte"],
            "no data",
        ),
        (
            &["train", "--out", &deep],
            &[&deep, "could not write"],
            "a folder that is missing",
        ),
        (
            &["train", "--out", &within_file],
            &[&within_file, "could not write"],
            "a file as folder",
        ),
        (
            &["train", "--out", &data],
            &[&data, "could not write"],
            "a folder as the file",
        ),
    ]);
}

#[test]
fn files_that_do_not_fit_are_named() {
    let folder = Folder::new();
    let text = folder.write("text.safetensors", "these are no weights");
    let shipped = Model::shipped()
        .expect("fits")
        .to_bytes()
        .expect("serialises");
    let cut = folder.write("cut.safetensors", &shipped[..shipped.len() / 2]);
    let shapes = folder.write("shapes.safetensors", weights_of_inputs(100));
    let fits = folder.write("fits.safetensors", weights_of_inputs(784));
    let prose = folder.write("prose.png", "no picture");
    let broken = folder.write("broken.png", b"\x89PNG\r\n\x1a\nand then nothing");
    let empty = folder.write("empty.jsonl", "");
    let lines = folder.write("lines.jsonl", "\n\n");
    let half = folder.write("half.jsonl", r#"{"strokes":[[[0,0],[1,"#);
    let letters = folder.write(
        "letters.jsonl",
        r#"{"label":"A","strokes":[[[0,0],[9,9]]]}"#,
    );
    let missing = folder.text("missing");
    let data = folder.text("");
    assert_eq!(code(&run(&["info", &fits])), 0, "784 inputs do fit");
    check_refusals(&[
        (
            &["eval", "--weights", &missing],
            &[&missing, "could not read"],
            "missing weights",
        ),
        (
            &["predict", "--weights", &text, &prose],
            &[&text, "safetensors"],
            "text as weights",
        ),
        (
            &["info", &cut],
            &[&cut, "safetensors"],
            "half of a weight file",
        ),
        (
            &["info", &shapes],
            &["layers.0.weight", "[16, 100]", "[16, 784]"],
            "other shapes",
        ),
        (&["info", &data], &[&data], "a folder as weights"),
        (
            &["predict", &missing],
            &[&missing, "could not read"],
            "a missing picture",
        ),
        (
            &["predict", &prose],
            &[&prose, "PNG", "JSON Lines"],
            "neither picture nor ink",
        ),
        (&["predict", &broken], &[&broken], "a broken picture"),
        (
            &["predict", &empty],
            &[&empty, "an empty file"],
            "an empty file",
        ),
        (
            &["predict", &half],
            &[&half, "line 1"],
            "half a line of ink",
        ),
        (&["predict", &data], &[&data], "a folder as a picture"),
        (
            &["eval", "--ink", &empty],
            &[&empty, "ink"],
            "an ink file without ink",
        ),
        (
            &["eval", "--ink", &lines],
            &[&lines, "ink"],
            "blank lines only",
        ),
        (
            &["eval", "--ink", &letters],
            &[&letters, "0 to 9"],
            "no digit to measure with",
        ),
        (&["eval", "--ink", &missing], &[&missing], "missing ink"),
        (
            &["eval", "--data", &missing],
            &[&missing],
            "a missing folder",
        ),
        (
            &["eval", "--data", &data],
            &["train-images-idx3-ubyte"],
            "a folder of something else",
        ),
        (
            &["eval", "--idx", &prose, &empty],
            &[&prose],
            "no IDX files",
        ),
    ]);
}

/// Whether an evaluation's parts are there and fit each other.
fn check_evaluation(evaluation: &Value, examples: u64) {
    assert_eq!(
        evaluation["examples"], examples,
        "all of them: {evaluation}"
    );
    assert!(
        evaluation["loss"].as_f64().is_some_and(|loss| loss > 0.0),
        "a loss"
    );
    let confusion: Vec<Vec<u64>> =
        serde_json::from_value(evaluation["confusion"].clone()).expect("a table of counts");
    assert_eq!(confusion.len(), CLASSES, "a row for each digit");
    assert!(
        confusion.iter().all(|row| row.len() == CLASSES),
        "a column for each digit"
    );
    assert_eq!(
        confusion.iter().flatten().sum::<u64>(),
        examples,
        "each example counts once"
    );
    let right: u64 = (0..CLASSES).map(|digit| confusion[digit][digit]).sum();
    let stated = evaluation["accuracy"].as_f64().expect("a number");
    assert!(
        (stated - right as f64 / examples as f64).abs() < 1e-9,
        "the diagonal's part"
    );
    for (digit, row) in confusion.iter().enumerate() {
        let count: u64 = row.iter().sum();
        let stated = evaluation["per_class"][digit].as_f64();
        assert_eq!(
            stated.is_some(),
            count > 0,
            "only where there is one: {digit}"
        );
        let part = row[digit] as f64 / count.max(1) as f64;
        assert!(
            (stated.unwrap_or(0.0) - part).abs() < 1e-9,
            "truth by row: {digit}"
        );
    }
}

#[test]
fn trained_weights_are_described_and_measured() {
    let folder = Folder::with_data_set();
    let weights = folder.text("w.safetensors");
    let files = |path: &Path| fs::read_dir(path).expect("lists").count();
    let before = files(folder.0.path());
    let output = run(&folder.training("w.safetensors", &["--epochs", "3", "--seed", "5"]));
    assert_eq!(code(&output), 0, "it trains: {}", stderr(&output));
    assert_eq!(
        files(folder.0.path()),
        before + 1,
        "only the weights are new"
    );
    let lines = stderr(&output);
    for part in [
        "320 examples",
        "epoch 1/3: ",
        "epoch 3/3: ",
        "validation loss",
    ] {
        assert!(
            lines.contains(part),
            "standard error tells of {part}:\n{lines}"
        );
    }
    assert!(
        !lines.contains(['\r', '\x1b']),
        "no bar without a terminal:\n{lines}"
    );
    let said = stdout(&output);
    assert!(
        said.contains("accuracy") && said.contains(&weights),
        "the end is told:\n{said}"
    );

    let info = json_of(&["info", &weights, "--json"]);
    assert_eq!(info["layers"], json!([784, 24, 10]), "the layers");
    assert_eq!(info["parameters"], 785 * 24 + 25 * 10, "weights and biases");
    assert_eq!(info["activation"], "relu", "the preset's");
    assert_eq!(info["metadata"]["seed"], 5, "the seed");
    assert_eq!(info["metadata"]["recipe"]["epochs"], 3, "the recipe");
    let text = printed(&["info", &weights]);
    for part in ["784", "24", "relu", "19090", "seed: 5"] {
        assert!(text.contains(part), "info shows {part}:\n{text}");
    }

    let data = folder.text("");
    let by_folder = json_of(&["eval", "--weights", &weights, "--data", &data, "--json"]);
    check_evaluation(&by_folder, 100);
    let accuracy = by_folder["accuracy"].as_f64().expect("a number");
    assert!(
        accuracy > 0.4,
        "something was learnt from 320 examples: {accuracy}"
    );
    assert_eq!(
        info["metadata"]["test_accuracy"], by_folder["accuracy"],
        "as when it was trained"
    );
    let [images, labels] =
        ["images-idx3", "labels-idx1"].map(|kind| folder.text(&format!("t10k-{kind}-ubyte")));
    let by_pair = json_of(&[
        "eval",
        "--weights",
        &weights,
        "--idx",
        &images,
        &labels,
        "--json",
    ]);
    assert_eq!(
        by_pair["confusion"], by_folder["confusion"],
        "the same files"
    );
    let text = printed(&["eval", "--weights", &weights, "--data", &data]);
    assert!(text.starts_with("100 examples"), "for a person:\n{text}");
}

#[test]
fn the_same_seed_gives_the_same_weights() {
    let folder = Folder::with_data_set();
    let train = |name: &str, seed: &str| {
        let arguments = folder.training(name, &["--epochs", "2", "--seed", seed, "--json"]);
        let report = json_of(&arguments);
        let bytes = fs::read(folder.path(name)).expect("the weights were written");
        let tensors = SafeTensors::deserialize(&bytes).expect("it is safetensors");
        let mut tensors: Vec<(String, Vec<u8>)> = tensors
            .tensors()
            .into_iter()
            .map(|(name, view)| (name, view.data().to_vec()))
            .collect();
        tensors.sort();
        (report, tensors)
    };
    let (first, first_tensors) = train("a.safetensors", "1");
    let (second, second_tensors) = train("b.safetensors", "1");
    let (_, other_tensors) = train("c.safetensors", "2");
    assert!(first_tensors == second_tensors, "bit for bit");
    assert!(first_tensors != other_tensors, "another seed gives others");
    assert_eq!(first["test"], second["test"], "and so the same figures");

    assert_eq!(
        first["config"]["seed"], 1,
        "the report holds the configuration"
    );
    assert_eq!(
        first["history"].as_array().map(Vec::len),
        Some(2),
        "a record an epoch"
    );
    assert_eq!(first["stopped"], false, "it ran to its end");
    assert_eq!(
        first["path"],
        folder.text("a.safetensors"),
        "where the weights are"
    );
    assert!(
        first["seconds"]
            .as_f64()
            .is_some_and(|seconds| seconds > 0.0),
        "how long it took"
    );
    let (weights, data) = (folder.text("b.safetensors"), folder.text(""));
    let measured = json_of(&["eval", "--weights", &weights, "--data", &data, "--json"]);
    check_evaluation(&measured, 100);
    assert_eq!(
        measured["confusion"], first["test"]["confusion"],
        "as measured after training"
    );
}

/// For each digit a test picture that the shipped model reads with confidence.
fn clear_pictures() -> Vec<&'static [u8]> {
    let model = Model::shipped().expect("fits");
    let examples = &mnist().test;
    let is_clear = |digit: usize, index: usize| {
        let bitmap = Bitmap::from_bytes(examples.image(index));
        let prediction = recognition::predict(&model.mlp, &bitmap).expect("computes");
        prediction.digit().index() == digit && prediction.confidence() > 0.99
    };
    let clear = |digit| {
        let mut indices = 0..examples.len();
        indices.find(|&i| examples.label(i).index() == digit && is_clear(digit, i))
    };
    (0..CLASSES)
        .map(|digit| &examples.image(clear(digit).expect("one is clear"))[..])
        .collect()
}

fn check_probabilities(answer: &Value) {
    let probabilities: Vec<f64> =
        serde_json::from_value(answer["probabilities"].clone()).expect("numbers");
    assert_eq!(probabilities.len(), CLASSES, "one for each digit");
    assert!(
        (probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-4,
        "together 1: {answer}"
    );
    let digit = answer["digit"].as_u64().expect("a digit") as usize;
    assert_eq!(
        answer["confidence"].as_f64(),
        Some(probabilities[digit]),
        "the digit's own"
    );
    assert!(
        probabilities.iter().all(|&p| p <= probabilities[digit]),
        "none is larger: {answer}"
    );
}

#[test]
fn pictures_are_read_as_what_they_show() {
    let folder = Folder::new();
    let side = SIDE as u32;
    let files: Vec<String> = clear_pictures()
        .into_iter()
        .enumerate()
        .map(|(digit, pixels)| {
            let picture = image::GrayImage::from_raw(side, side, pixels.to_vec());
            let name = format!("{digit}.png");
            picture
                .expect("the size fits")
                .save(folder.path(&name))
                .expect("it is written");
            folder.text(&name)
        })
        .collect();
    let words = ["predict", "--json"]
        .into_iter()
        .chain(files.iter().map(String::as_str));
    let answers = json_lines(&words.collect::<Vec<_>>());
    assert_eq!(answers.len(), CLASSES, "an answer a picture");
    for (digit, answer) in answers.iter().enumerate() {
        assert_eq!(answer["file"], files[digit], "in order");
        assert_eq!(answer["digit"], digit, "{answer}");
        check_probabilities(answer);
    }
    let text = printed(&["predict", &files[7]]);
    assert!(text.contains("7.png: 7 ("), "for a person: {text}");
}

/// A stick, a dot of nobody, a stick in another size, a blank line, a letter, and a 7.
const INK: &str = r#"{"label":1,"writer":"aa-1","strokes":[[[50,0],[50,100]]]}
{"strokes":[[[3,3]]]}
{"label":1,"writer":"bb-7","strokes":[[[500,0],[500,500],[500,1000]]]}

{"label":"A","writer":"bb-7","strokes":[[[0,100],[50,0],[100,100]],[[25,50],[75,50]]]}
{"label":7,"strokes":[[[0,0],[60,0],[20,100]]]}
"#;

#[test]
fn drawings_are_answered_in_order() {
    let folder = Folder::new();
    let ink = folder.write("ink.jsonl", INK);
    let answers = json_lines(&["predict", &ink, "--json"]);
    assert_eq!(answers.len(), 5, "one for each drawing");
    for (index, answer) in answers.iter().enumerate() {
        assert_eq!(answer["file"], ink, "of this file");
        assert_eq!(answer["record"], index + 1, "in order");
        check_probabilities(answer);
    }
    assert_eq!(answers[0]["digit"], 1, "a stick is a 1");
    let text = printed(&["predict", &ink]);
    assert!(text.contains("ink.jsonl:1: 1 ("), "for a person:\n{text}");
}

#[test]
fn standard_input_is_a_file_like_any_other() {
    let mut child = start(&["predict", "-", "--json"]);
    let mut input = child.stdin.take().expect("standard input is a pipe");
    input.write_all(INK.as_bytes()).expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(
        stdout(&output).lines().count(),
        5,
        "all drawings: {}",
        stderr(&output)
    );
    assert!(
        stdout(&output).starts_with(r#"{"file":"-","#),
        "under the name that was typed"
    );
}

#[test]
fn drawings_are_measured_by_source() {
    let folder = Folder::new();
    let ink = folder.write("ink.jsonl", INK);
    let evaluation = json_of(&["eval", "--ink", &ink, "--json"]);
    check_evaluation(&evaluation, 3);
    for (field, count) in [("not_digits", 1), ("unlabelled", 1), ("blank", 0)] {
        assert_eq!(evaluation[field], count, "{field}");
    }
    let sources = evaluation["by_source"].as_object().expect("an object");
    let names: Vec<&String> = sources.keys().collect();
    assert_eq!(
        names,
        ["aa", "bb", "unknown"],
        "what stands before the dash"
    );
    assert!(
        sources.values().all(|source| source["examples"] == 1),
        "one each: {evaluation}"
    );
    assert_eq!(sources["aa"]["accuracy"], 1.0, "a stick is a 1");
    let text = printed(&["eval", "--ink", &ink]);
    assert!(
        text.contains("left out: 1 labelled as no digit"),
        "for a person:\n{text}"
    );
}

#[test]
fn a_file_that_fails_does_not_keep_the_others_from_an_answer() {
    let folder = Folder::new();
    let ink = folder.write("ink.jsonl", INK);
    let prose = folder.write("prose.png", "no picture");
    let missing = folder.text("missing.png");
    let output = run(&["predict", "--json", &prose, &ink, &missing, &ink]);
    assert_eq!(code(&output), 2, "some failed");
    assert_eq!(
        stdout(&output).lines().count(),
        10,
        "the others are answered"
    );
    let said = stderr(&output);
    assert_eq!(
        said.lines().count(),
        2,
        "a sentence for each that failed: {said}"
    );
    assert!(
        said.contains(&prose) && said.contains(&missing),
        "both are named: {said}"
    );
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let folder = Folder::new();
    let stick = "{\"strokes\":[[[50,0],[50,100]]]}\n";
    // Its answers are more than a pipe holds.
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
    assert_eq!(code(&output), 1, "not in the user's hands");
    assert!(
        stderr(&output).contains("standard output"),
        "it is said: {}",
        stderr(&output)
    );
}

#[cfg(unix)]
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
    assert_eq!(code(&output), 2, "no display is the user's to mend: {said}");
    for part in [
        "digitpad: could not open the window",
        "command line",
        "--help",
    ] {
        assert!(said.contains(part), "the sentence names {part}: {said}");
    }
}
