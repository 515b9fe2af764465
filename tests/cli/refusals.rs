//! Invalid input, and its errors.

use clap::ValueEnum as _;
use std::fs;

use digitpad::model::{device::DeviceChoice, file::Model};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::support::{Folder, INK, code, command, run, stderr, stdout};

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
    metadata.remove("convolutional");
    metadata.remove("hash");
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
        (
            &["missing.JPG"],
            &["digitpad predict missing.JPG"],
            "a picture in place of a command",
        ),
        (
            &[&file],
            &["digitpad predict"],
            "an existing file of any kind",
        ),
        (
            &["mine.safetensors"],
            &["digitpad --weights mine.safetensors"],
            "a weight file in place of a command",
        ),
        (
            &["--weights", "w", "my.toml"],
            &["digitpad train --config my.toml"],
            "a configuration in place of a command",
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
            &["12,x", "32,128"],
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
    ]);
}

#[test]
fn no_output_of_a_training_is_its_input() {
    let folder = Folder::with_data_set();
    let data = folder.text("");
    let out = folder.text("out.safetensors");
    let ink = folder.write("ink.jsonl", INK);
    let corrections = folder.write("corrections.jsonl", INK);
    let config = folder.write("a.toml", "epochs = 1\n");
    let weights = folder.write("w.safetensors", built_in_bytes());
    let images = folder.text("t10k-images-idx3-ubyte");
    let train: &[&[&str]] = &[
        &["--ink", &ink],
        &["--corrections", &corrections],
        &["--config", &config],
        &["--from", &weights],
        &["--data", &data, "--ink", &images],
    ];
    for options in train {
        let input = options[options.len() - 1];
        for output in [
            &["--out", input][..],
            &["--out", &out, "--checkpoint", input],
        ] {
            let words = [&["train"], *options, output].concat();
            check_refusals(&[(&words, &[input], "an input as output")]);
        }
    }
    for name in ["ink.jsonl", "corrections.jsonl"] {
        let content = fs::read_to_string(folder.path(name)).expect(name);
        assert_eq!(content, INK, "{name} is unchanged");
    }
    let read = |path: &str| fs::read(path).expect(path);
    assert_eq!(read(&config), b"epochs = 1\n", "so is the configuration");
    assert!(read(&weights) == built_in_bytes(), "so are the weights");
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn an_output_is_no_other_path_of_its_command() {
    let folder = Folder::with_data_set();
    let data = folder.text("");
    let out = folder.text("out.safetensors");
    let ink = folder.write("ink.jsonl", INK);
    let config = folder.write("a.toml", "epochs = 1\n");
    let weights = folder.write("w.safetensors", built_in_bytes());
    let images = folder.text("t10k-images-idx3-ubyte");
    let labels = folder.text("t10k-labels-idx1-ubyte");
    let default = folder.write("out.safetensors.checkpoint", INK);
    let stopped = ["--epochs", "1", "--checkpoint", &ink];
    let packed = folder.text("train-labels-idx1-ubyte.gz");
    let lock = folder.write("out.safetensors.lock", INK);
    let jpeg = folder.text("sheet.jpg");
    let cases: [(&[&str], &[&str], &str); 20] = [
        (
            &["train", "--data", &data, "--out", &images],
            &["--data"],
            "a file of the data",
        ),
        (
            &["train", "--ink", &default, "--out", &out],
            &["--ink"],
            "the default checkpoint file",
        ),
        (
            &["train", "--resume", &ink, "--out", &ink],
            &["--resume"],
            "a checkpoint as weights",
        ),
        (
            &["train", "--out", &out, "--checkpoint", &out],
            &["--out"],
            "one file for two outputs",
        ),
        (
            &["train", "--out", &out, "--checkpoint", &config],
            &[&config, "a checkpoint"],
            "a checkpoint onto another file",
        ),
        (
            &["eval", "--ink", &ink, "--errors", &ink],
            &["--ink"],
            "ink as error sheet",
        ),
        (
            &["eval", "--weights", &weights, "--errors", &weights],
            &["--weights"],
            "weights as error sheet",
        ),
        (
            &["eval", "--idx", &images, &labels, "--errors", &labels],
            &["--idx"],
            "labels as error sheet",
        ),
        (
            &["eval", "--data", &data, "--errors", &labels],
            &["--data"],
            "a file of the data as error sheet",
        ),
        (
            &["eval", "--errors", &folder.text("no/such/folder/e.png")],
            &["could not write"],
            "a missing folder, noticed before the evaluation",
        ),
        (
            &["eval", "--ink", &ink, "--errors", "-"],
            &["--errors", "a file"],
            "standard output",
        ),
        (
            &["train", "--out", "-"],
            &["--out", "a file"],
            "standard output",
        ),
        (
            &["train", "--data", &data, "--out", &packed],
            &["--data"],
            "a file that would be read in place of the data's",
        ),
        (
            &["train", "--out", &out, "--checkpoint", &lock],
            &[&lock],
            "the lock of an output as another output",
        ),
        (
            &["train", "--ink", &lock, "--out", &out],
            &[&lock],
            "the lock of an output as an input",
        ),
        (
            &["eval", "--ink", &ink, "--errors", &jpeg],
            &[".png"],
            "a JPEG",
        ),
        (
            &["explain", &ink, "--record", "1", "--out", &jpeg],
            &[".png"],
            "a JPEG",
        ),
        (&["info", "-"], &["standard input"], "standard input"),
        (
            &["eval", "--ink", "-"],
            &["standard input", "--ink"],
            "standard input",
        ),
        (
            &["train", "--config", "-", "--out", &out],
            &["standard input", "--config"],
            "standard input",
        ),
    ];
    check_refusals(&cases);
    let output = run(&folder.training("out.safetensors", &stopped));
    assert_eq!(code(&output), 2, "ink as checkpoint: {}", stderr(&output));
    for name in [
        "ink.jsonl",
        "out.safetensors.checkpoint",
        "out.safetensors.lock",
    ] {
        let content = fs::read_to_string(folder.path(name)).expect(name);
        assert_eq!(content, INK, "{name} is unchanged");
    }
    let read = |path: &str| fs::read(path).expect(path);
    assert_eq!(read(&config), b"epochs = 1\n", "so is the configuration");
    assert!(read(&weights) == built_in_bytes(), "so are the weights");
    assert_eq!(read(&labels).len(), 108, "so are the labels");
    assert!(
        !folder.path("out.safetensors").exists(),
        "nothing is written"
    );
}

#[cfg(unix)]
#[test]
fn a_link_without_target_or_a_device_is_never_replaced() {
    let folder = Folder::new();
    let ink = folder.write("ink.jsonl", INK);
    for (link, target) in [("share", "/no/such/share/w"), ("device", "/dev/null")] {
        std::os::unix::fs::symlink(target, folder.path(link)).expect("links");
        let path = folder.text(link);
        check_refusals(&[
            (&["train", "--out", &path], &[&path], target),
            (
                &["train", "--out", &folder.text("w"), "--checkpoint", &path],
                &[&path],
                target,
            ),
            (
                &["eval", "--ink", &ink, "--errors", &path],
                &[&path],
                target,
            ),
        ]);
        let found = fs::read_link(folder.path(link)).expect("is a link");
        assert_eq!(found.to_str(), Some(target), "the link stays");
    }
    check_refusals(&[(
        &["train", "--out", "/dev/stdout"],
        &["/dev/stdout"],
        "a device",
    )]);
}

/// Whatever standard output and error are, and by whatever name.
#[cfg(unix)]
#[test]
fn an_open_file_of_the_program_is_never_replaced() {
    let folder = Folder::new();
    let (log, ink) = (
        folder.write("log", "before\n"),
        folder.write("i.jsonl", INK),
    );
    for output in ["/dev/stdout", "/dev/stderr", "/dev/fd/1", "/dev/fd/2", &log] {
        for words in [
            ["train", "--epochs", "1", "--out", output],
            ["eval", "--ink", &ink, "--errors", output],
        ] {
            let append = || {
                fs::OpenOptions::new()
                    .append(true)
                    .open(&log)
                    .expect("opens")
            };
            let [out, err] = [append(), append()];
            let status = command(&words).stdout(out).stderr(err).status();
            assert_eq!(status.expect("starts").code(), Some(2), "{words:?}");
            let text = fs::read_to_string(&log).expect("reads");
            let said = text
                .strip_prefix("before\n")
                .expect("the file is as it was");
            assert_eq!(said.lines().count(), 1, "{words:?}: one line: {said}");
            fs::write(&log, "before\n").expect("writes");
            if output.starts_with("/dev") {
                let piped = run(&words);
                let said = stderr(&piped);
                assert_eq!((code(&piped), said.lines().count()), (2, 1), "{said}");
                assert!(!said.contains("a link"), "a pipe is no link: {said}");
            }
        }
    }
}

/// Names can hold line breaks and commands to the terminal.
#[cfg(unix)]
#[test]
fn names_cannot_steer_the_terminal() {
    let folder = Folder::with_data_set();
    let name = "x\n\u{1b}[31mred";
    let out = folder.text(name);
    let checkpoint = format!("{out}.checkpoint");
    let ink = folder.write(&format!("{name}.jsonl"), INK);
    let weights = folder.write(&format!("{name}.safetensors"), built_in_bytes());
    let data = folder.text("");
    let cases: [(&[&str], &str); 12] = [
        (&["train", "--preset", name], "a value of clap's"),
        (&["train", "--hidden", name], "a value of ours"),
        (&[name], "a command"),
        (&["--weights", &out], "no weights"),
        (&["info", &weights], "weights"),
        (&["predict", &ink, &out], "ink"),
        (&["explain", &ink], "ink, explained"),
        (&["eval", "--ink", &ink], "ink, evaluated"),
        (&["eval", "--data", &out], "no folder"),
        (
            &[
                "train", "--data", &data, "--hidden", "2", "--epochs", "1", "--out", &out,
            ],
            "a training",
        ),
        (
            &["train", "--resume", &checkpoint, "--out", "w"],
            "no checkpoint",
        ),
        (
            &["train", "--out", "w", "--config", &ink],
            "no configuration",
        ),
    ];
    for (words, reason) in cases {
        let output = run(words);
        let said = stdout(&output) + &stderr(&output);
        assert!(!said.contains('\u{1b}'), "{reason}: {said:?}");
        assert!(!said.contains("x\n"), "{reason}: {said:?}");
    }
    assert!(folder.path(name).exists(), "the weights have that name");
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
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
            &["eval", "--ink", &broken],
            &[&broken, "a picture"],
            "a picture as ink",
        ),
        (
            &["explain", &half, "--record", "0"],
            &["--record", "from 1"],
            "drawings count from 1",
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

#[test]
fn an_invalid_checkpoint_is_refused() {
    let folder = Folder::with_data_set();
    let file = folder.write("c", "something else");
    let out = folder.text("w.safetensors");
    // It has no content on the disk, and would not fit in memory.
    let sparse = folder.write("d", "");
    let large = fs::File::options().write(true).open(&sparse);
    let set = large.and_then(|file| file.set_len(1 << 36));
    set.expect("the file system has sparse files");
    let endless = if cfg!(unix) { "/dev/zero" } else { "none" };
    for (file, reason) in [
        (file.as_str(), "another file"),
        (&sparse, "a huge file"),
        (endless, "an endless file"),
    ] {
        check_refusals(&[(&["train", "--resume", file, "--out", &out], &[file], reason)]);
    }
    assert!(!folder.path("w.safetensors").exists(), "nothing is written");
}
