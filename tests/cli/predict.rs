//! `digitpad predict`: predictions of pictures and drawings.

use std::io::Write as _;

use digitpad::{
    bitmap::{Bitmap, CLASSES, SIDE},
    model::file::Model,
    recognition,
};
use serde_json::Value;

use crate::support::{Folder, INK, code, json_lines, mnist, printed, run, start, stderr, stdout};

/// For each digit, a test picture that the built-in model recognizes with high confidence.
fn clear_pictures() -> Vec<&'static [u8]> {
    let model = Model::built_in().expect("fits");
    let examples = &mnist().test;
    let is_clear = |digit: usize, index: usize| {
        let bitmap = Bitmap::from_bytes(examples.image(index));
        let prediction = recognition::predict(&model, &bitmap).expect("computes");
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
fn pictures_of_digits_are_recognized() {
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
    assert!(text.contains("7.png: 7 ("), "the text output: {text}");
}

#[test]
fn drawings_are_predicted_in_order() {
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
    assert!(
        text.contains("ink.jsonl:1: 1 ("),
        "the text output:\n{text}"
    );
}

/// Checks the predictions of ink from a pipe. Their file name is the argument.
fn check_through_a_pipe(name: &str) {
    let mut child = start(&["predict", name, "--json"]);
    let mut input = child.stdin.take().expect("standard input is a pipe");
    input.write_all(INK.as_bytes()).expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let lines = stdout(&output).lines().count();
    assert_eq!(lines, 5, "all drawings: {}", stderr(&output));
    assert!(
        stdout(&output).starts_with(&format!(r#"{{"file":"{name}","#)),
        "the file name is the argument"
    );
}

#[test]
fn standard_input_is_a_file_like_any_other() {
    check_through_a_pipe("-");
}

#[cfg(unix)]
#[test]
fn a_pipe_with_a_path_is_a_file_like_any_other() {
    check_through_a_pipe("/dev/stdin");
}

#[test]
fn an_invalid_file_does_not_prevent_other_predictions() {
    let folder = Folder::new();
    let ink = folder.write("ink.jsonl", INK);
    let prose = folder.write("prose.png", "no picture");
    let missing = folder.text("missing.png");
    let output = run(&["predict", "--json", &prose, &ink, &missing, &ink]);
    assert_eq!(code(&output), 2, "some failed");
    assert_eq!(
        stdout(&output).lines().count(),
        10,
        "the others have predictions"
    );
    let said = stderr(&output);
    assert_eq!(
        said.lines().count(),
        2,
        "an error for each that failed: {said}"
    );
    assert!(
        said.contains(&prose) && said.contains(&missing),
        "both are named: {said}"
    );
}

#[test]
fn a_number_is_read_where_it_is_asked_for() {
    let folder = Folder::new();
    // A 1 and a 7 beside each other, and a 1 alone.
    let ink = folder.write(
        "numbers.jsonl",
        "{\"strokes\": [[[0, 0], [1, 50], [0, 100]], [[40, 0], [90, 0], [60, 100]]]}\n\
         {\"strokes\": [[[0, 0], [1, 50], [0, 100]]]}\n",
    );
    let numbers = json_lines(&["predict", &ink, "--json", "--numbers"]);
    assert_eq!(numbers[0]["number"], "17", "{}", numbers[0]);
    assert_eq!(numbers[0]["digit"], Value::Null, "not one digit");
    let digits = numbers[0]["digits"].as_array().expect("a list");
    let number_of = |value: &Value| value.as_f64().expect("a number");
    let boxes: Vec<[f64; 4]> = digits
        .iter()
        .map(|digit| ["x", "y", "width", "height"].map(|side| number_of(&digit["box"][side])))
        .collect();
    let expected = [[0.0, 0.0, 1.0, 100.0], [40.0, 0.0, 50.0, 100.0]];
    for (found, expected) in boxes.iter().flatten().zip(expected.as_flattened()) {
        // Points are f32 in between.
        assert!(
            (found - expected).abs() < 1e-3,
            "the file's units: {boxes:?}"
        );
    }
    for digit in digits {
        assert_eq!(digit["is_digit"], true, "{digit}");
        check_probabilities(digit);
    }
    assert_eq!(numbers[1]["digit"], 1, "one digit stays one");
    assert_eq!(numbers[1]["number"], "1", "and is a number of one digit");
    let words = ["predict", &ink, "--json", "--length", "2"];
    assert_eq!(
        json_lines(&words)[0]["number"],
        "17",
        "two digits are asked for"
    );
    let missed = |text: &str| text.lines().filter(|line| line.contains(": not a")).count();
    for (options, count, reason) in [
        (
            &["--length", "2"][..],
            1,
            "the second drawing has one digit",
        ),
        (&["--length", "3"], 2, "none has three digits"),
        (&["--date"], 2, "a date has six or eight digits"),
        (&["--luhn"], 2, "17 fails the check, and one digit has none"),
        (&["--numbers"], 0, "any number"),
    ] {
        let words = [&["predict", &ink], options].concat();
        assert_eq!(missed(&printed(&words)), count, "{reason}");
        let lines = json_lines(&[&words[..], &["--json"]].concat());
        let unread = lines.iter().filter(|line| line["number"].is_null()).count();
        assert_eq!(unread, count, "{reason}: {lines:?}");
    }
    let sure = json_lines(&["predict", &ink, "--json", "--luhn"]);
    let read = |line: &Value| -> Vec<u64> {
        let digits = line["digits"].as_array().expect("a list").iter();
        digits.filter_map(|digit| digit["digit"].as_u64()).collect()
    };
    assert_eq!(read(&sure[0]), [1, 7], "a sure reading stays: {}", sure[0]);
    for options in [["--date", "--length=3"], ["--luhn", "--length=1"]] {
        let output = run(&[&["predict", &ink][..], &options].concat());
        assert_eq!(code(&output), 2, "{options:?} contradict each other");
    }
    let plain = json_lines(&["predict", &ink, "--json"]);
    assert_eq!(plain[0]["number"], "17", "plainly a number");
    assert_eq!(plain[1]["digit"], 1, "one digit is");
    let single = json_lines(&["predict", &ink, "--json", "--single"]);
    assert_eq!(
        single[0]["digits"].as_array().map(Vec::len),
        Some(1),
        "one character"
    );
}
