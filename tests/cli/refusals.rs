//! Invalid input, and its errors.

use clap::ValueEnum as _;
use std::fs;

use digitpad::model::{device::DeviceChoice, file::Model};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::support::{Folder, code, run, stderr, stdout};

/// The weight file of the built-in model.
fn built_in_bytes() -> Vec<u8> {
    let model = Model::built_in().expect("fits");
    model.to_bytes().expect("serializes")
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
    let built_in = built_in_bytes();
    let (_, header) = SafeTensors::read_metadata(&built_in).expect("reads");
    let mut metadata = header.metadata().clone().expect("has metadata");
    metadata.insert("hidden".to_owned(), "16".to_owned());
    metadata.insert("activation".to_owned(), "relu".to_owned());
    safetensors::serialize(views, Some(metadata)).expect("serializes")
}

/// Runs commands that must fail, and checks their errors.
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
fn invalid_arguments_are_named() {
    let folder = Folder::new();
    let file = folder.write("file", "");
    let out = folder.text("out.safetensors");
    check_refusals(&[
        (&["--color"], &["--color", "--help"], "an unknown option"),
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
            &["nan"],
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
        "a refused training replaces nothing"
    );
}

#[test]
fn a_training_that_cannot_save_does_not_start() {
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
        (
            &["train", "--out", &out, "--checkpoint", &out],
            &[&out, "--checkpoint"],
            "one file for two things",
        ),
    ]);
}

#[test]
fn invalid_files_are_named() {
    let folder = Folder::new();
    let text = folder.write("text.safetensors", "these are no weights");
    let built_in = built_in_bytes();
    let cut = folder.write("cut.safetensors", &built_in[..built_in.len() / 2]);
    let shapes = folder.write("shapes.safetensors", weights_of_inputs(100));
    let fits = folder.write("fits.safetensors", weights_of_inputs(784));
    let prose = folder.write("prose.png", "no picture");
    let broken = folder.write("broken.png", b"\x89PNG\r\n\x1a\nand then nothing");
    let empty = folder.write("empty.jsonl", "");
    let lines = folder.write("lines.jsonl", "\n\n");
    let half = folder.write("half.jsonl", r#"{"strokes":[[[0,0],[1,"#);
    let nameless = folder.write("nameless.jsonl", r#"{"strokes":[[[0,0],[9,9]]]}"#);
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
            &["eval", "--ink", &nameless],
            &[&nameless, "0 to 9"],
            "nothing that says what was meant",
        ),
        (&["eval", "--ink", &missing], &[&missing], "missing ink"),
        (
            &["eval", "--data", &missing],
            &[&missing],
            "a missing folder",
        ),
        (
            &["eval", "--data", &data],
            &["t10k-images-idx3-ubyte"],
            "a folder of something else",
        ),
        (
            &["eval", "--idx", &prose, &empty],
            &[&prose],
            "no IDX files",
        ),
    ]);
}

#[test]
fn a_device_that_is_not_there_is_refused() {
    let folder = Folder::new();
    let out = folder.text("weights.safetensors");
    let cases: [(&[&str], &[&str], &str); 3] = [
        (
            &["eval", "--device", "gpu"],
            &["--device", "auto"],
            "no name of a device",
        ),
        (
            &["eval", "--device", "cuda"],
            &["cuda", "cpu or auto"],
            "not built for it, or no card",
        ),
        (
            &["train", "--out", &out, "--device", "metal"],
            &["metal", "cpu or auto"],
            "the same for a training",
        ),
    ];
    // With such a graphics card, the command succeeds.
    let is_refused = |case: &&(&[&str], &[&str], &str)| {
        let device = case
            .0
            .last()
            .and_then(|name| DeviceChoice::from_str(name, false).ok());
        device.is_none_or(|device| device.open().is_err())
    };
    let cases: Vec<_> = cases.iter().filter(is_refused).copied().collect();
    check_refusals(&cases);
}
