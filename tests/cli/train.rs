//! `digitpad train`: its files and its output.

use std::fs;

use digitpad::model::file::Model;
use safetensors::SafeTensors;
use serde_json::json;

use crate::{
    eval::check_evaluation,
    support::{Folder, code, json_of, printed, run, stderr, stdout},
};

#[test]
fn trained_weights_are_described_and_evaluated() {
    let folder = Folder::with_data_set();
    let weights = folder.text("w.safetensors");
    let before = folder.count();
    let output = run(&folder.training("w.safetensors", &["--epochs", "3", "--seed", "5"]));
    assert_eq!(code(&output), 0, "it trains: {}", stderr(&output));
    assert_eq!(folder.count(), before + 1, "only the weights are new");
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
        "the reason of the end:\n{said}"
    );

    let info = json_of(&["info", &weights, "--json"]);
    assert_eq!(info["layers"], json!([784, 24, 10]), "the layers");
    assert_eq!(info["parameters"], 785 * 24 + 25 * 10, "weights and biases");
    assert_eq!(info["activation"], "relu", "the preset's");
    assert_eq!(info["metadata"]["seed"], 5, "the seed");
    assert_eq!(
        info["metadata"]["training_config"]["epochs"], 3,
        "the training configuration"
    );
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
        "something was learned from 320 examples: {accuracy}"
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
    assert!(text.starts_with("100 examples"), "the text output:\n{text}");
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

#[test]
fn kernels_are_stored_with_16_bits() {
    let folder = Folder::with_data_set();
    let (data, weights) = (folder.text(""), folder.text("w.safetensors"));
    let output = run(&[
        "train",
        "--data",
        &data,
        "--out",
        &weights,
        "--hidden",
        "20",
        "--convolutional",
        "2,3",
        "--epochs",
        "3",
        "--seed",
        "5",
        "--half",
        "--json",
    ]);
    assert_eq!(code(&output), 0, "it trains: {}", stderr(&output));
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("is JSON");
    let bytes = fs::read(&weights).expect("the weights were written");
    let tensors = SafeTensors::deserialize(&bytes).expect("it is safetensors");
    let weight = tensors.tensor("layers.1.weight").expect("is there");
    assert_eq!(weight.shape(), [3, 2, 5, 5], "the kernels");
    assert_eq!(weight.dtype(), safetensors::Dtype::F16, "of 16 bits");
    let measured = json_of(&["eval", "--weights", &weights, "--data", &data, "--json"]);
    let [told, found] = [&report["test"], &measured].map(|it| it["accuracy"].as_f64());
    assert_eq!(
        found, told,
        "and it reads what it read before it was rounded"
    );
}

#[test]
fn corrections_join_the_training() {
    let folder = Folder::with_data_set();
    let line = r#"{"label": 1, "strokes": [[[0.5, 0.1], [0.5, 0.9]]]}"#;
    let corrections = folder.write("corrections.jsonl", line);
    let options = |path: &str| ["--epochs", "1", "--corrections", path].map(str::to_owned);
    let trained = |path: &str| {
        let options = options(path);
        let words: Vec<&str> = options.iter().map(String::as_str).collect();
        run(&folder.training("w.safetensors", &words))
    };
    let output = trained(&corrections);
    assert_eq!(code(&output), 0, "it trains: {}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("training on 1 correction\n"), "{said}");
    // Four fifths of 400, and the correction repeated up to 1 % of them.
    assert!(said.contains("training on 323 examples"), "{said}");
    let missing = folder.text("missing.jsonl");
    let output = trained(&missing);
    assert_eq!(code(&output), 2, "bad input: {}", stderr(&output));
    let said = stderr(&output);
    assert!(
        said.contains(&missing) && said.contains("could not read"),
        "{said}"
    );
    let output = trained(&folder.write("blank.jsonl", line.replace("label", "name")));
    assert_eq!(code(&output), 2, "no correction: {}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("no labeled drawing"), "{said}");
    let unlabeled = folder.write("unlabeled.jsonl", line.replace("label", "name"));
    let output = run(&folder.training("w.safetensors", &["--ink", &unlabeled]));
    assert_eq!(code(&output), 2, "no labeled digit");
    let said = stderr(&output);
    assert!(said.contains("no labeled digit"), "{said}");
}

#[test]
fn fine_tuning_starts_from_a_file_or_the_built_in_model() {
    let folder = Folder::with_data_set();
    let first = folder.text("first.safetensors");
    let output = run(&folder.training("first.safetensors", &["--epochs", "1"]));
    assert_eq!(code(&output), 0, "it trains: {}", stderr(&output));
    let go_on = |options: &[&str]| run(&folder.training("next.safetensors", options));
    let output = go_on(&["--from", &first]);
    assert_eq!(
        code(&output),
        0,
        "fine-tuning succeeds: {}",
        stderr(&output)
    );
    let info = json_of(&["info", &folder.text("next.safetensors"), "--json"]);
    let base_model = info["metadata"]["base_model"].as_str().expect("is text");
    assert!(base_model.contains("first.safetensors"), "{base_model}");
    let recipe = &info["metadata"]["training_config"];
    assert_eq!(recipe["epochs"], 3, "the epochs of fine-tuning: {recipe}");
    let mut model = Model::load(first.as_ref()).expect("loads");
    model.metadata.training_config = Some("of a later version".into());
    let later = folder.write("later", model.to_bytes().expect("serializes"));
    let said = |file: &str, options: &[&str]| {
        let output = go_on(&[&["--from", file], options].concat());
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        stderr(&output)
    };
    let note = "cannot be read";
    assert!(
        said(&later, &["--epochs", "1"]).contains(note),
        "it is said"
    );
    assert!(
        !said(&first, &["--epochs", "1"]).contains(note),
        "it is read"
    );
    let own = ["--preset", "keras", "--epochs", "1"];
    assert!(!said(&later, &own).contains(note), "it is not needed");
    let info = stdout(&run(&["info", &later]));
    assert!(info.contains("cannot read it"), "{info}");
    let built_in = Model::built_in().expect("loads").mlp.config().to_string();
    let cases: [(&[&str], &str, &str); 3] = [
        (
            &["--from", &first, "--activation", "tanh"],
            "784-24-10 Tanh",
            "another network",
        ),
        (&["--from", "no-such-file"], "no-such-file", "no file"),
        (
            &["--from", "built-in"],
            &built_in,
            "the built-in model has another architecture",
        ),
    ];
    for (options, part, reason) in cases {
        let output = go_on(options);
        let said = stderr(&output);
        assert_eq!(code(&output), 2, "{reason}: {said}");
        assert!(said.contains(part), "{reason}: {said}");
    }
}
