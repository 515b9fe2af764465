//! Weights, measured.

use digitpad::bitmap::CLASSES;
use serde_json::Value;

use crate::support::{Folder, INK, json_of, printed};

/// Whether an evaluation's parts are there and fit each other.
pub(crate) fn check_evaluation(evaluation: &Value, examples: u64) {
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

/// Whether precision, recall and calibration are there and fit the confusion table.
fn check_figures(evaluation: &Value) {
    let confusion: Vec<Vec<u64>> =
        serde_json::from_value(evaluation["confusion"].clone()).expect("a table of counts");
    assert_eq!(
        evaluation["recall"], evaluation["per_class"],
        "one figure, two names"
    );
    for digit in 0..CLASSES {
        let read: u64 = confusion.iter().map(|row| row[digit]).sum();
        let stated = evaluation["precision"][digit].as_f64();
        assert_eq!(
            stated.is_some(),
            read > 0,
            "only where something was read so: {digit}"
        );
        let part = confusion[digit][digit] as f64 / read.max(1) as f64;
        assert!(
            (stated.unwrap_or(0.0) - part).abs() < 1e-9,
            "by column: {digit}"
        );
    }
    let bins = evaluation["reliability"].as_array().expect("bins");
    let number = |bin: &Value, name: &str| bin[name].as_f64().expect("a number");
    assert_eq!(bins.len(), 15, "of equal width");
    let count: f64 = bins.iter().map(|bin| number(bin, "count")).sum();
    assert_eq!(
        Some(count),
        evaluation["examples"].as_f64(),
        "each counts once"
    );
    let gap = |bin: &Value| {
        let gap = number(bin, "accuracy") - number(bin, "confidence");
        number(bin, "count") / count * gap.abs()
    };
    let ece: f64 = bins.iter().map(gap).sum();
    let stated = evaluation["ece"].as_f64().expect("a number");
    assert!(
        (stated - ece).abs() < 1e-9,
        "the bins' mean gap: {stated}, {ece}"
    );
}

#[test]
fn what_was_misread_is_drawn() {
    let folder = Folder::with_data_set();
    let data = folder.text("");
    // Mislabeled ink: a stick that is said to be an 8 is misclassified for certain.
    let ink = folder.write("ink.jsonl", INK.replace("\"label\":1", "\"label\":8"));
    let cases = [
        (["--data", &data], "of a data set"),
        (["--ink", &ink], "of ink"),
    ];
    for (source, reason) in cases {
        let path = folder.text("misclassified.png");
        let [option, value] = source;
        let evaluation = json_of(&["eval", option, value, "--errors", &path, "--json"]);
        check_figures(&evaluation);
        assert!(
            evaluation["refused"].is_u64(),
            "{reason}: how many are taken for no digit: {evaluation}"
        );
        let picture = image::open(&path).expect(reason);
        assert!(
            picture.width() >= 60 && picture.height() >= 60,
            "{reason}: a tile at least"
        );
        std::fs::remove_file(path).expect("it was written");
    }
    let wrong = json_of(&["eval", "--ink", &ink, "--json"]);
    assert!(
        wrong["accuracy"].as_f64() < Some(0.5),
        "the sticks are misclassified: {wrong}"
    );
}

#[test]
fn drawings_are_measured_by_source() {
    let folder = Folder::new();
    let ink = folder.write("ink.jsonl", INK);
    let evaluation = json_of(&["eval", "--ink", &ink, "--json"]);
    check_evaluation(&evaluation, 3);
    check_figures(&evaluation);
    for (field, count) in [("unlabeled", 1), ("blank", 0)] {
        assert_eq!(evaluation[field], count, "{field}");
    }
    let others = &evaluation["non_digits"];
    assert_eq!(others["examples"], 1, "what has another label: {others}");
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
        text.contains("left out: 1 without a label"),
        "for a person:\n{text}"
    );
    for part in [
        "calibration error (ECE) ",
        "taken for no digit: 0\n",
        "precision ",
    ] {
        assert!(text.contains(part), "{part} too:\n{text}");
    }
}

#[test]
fn what_is_no_digit_is_measured_by_how_much_is_refused() {
    let folder = Folder::new();
    let hash = r##"{"label": "#", "strokes": [[[3, 0], [2, 10]], [[7, 0], [6, 10]], [[0, 3], [10, 3]], [[0, 7], [10, 7]]]}"##;
    let letter = r#"{"label": "l", "strokes": [[[5, 0], [5, 10]]]}"#;
    let signs = folder.write("signs.jsonl", format!("{hash}\n{hash}\n{letter}\n"));
    let figures = &json_of(&["eval", "--ink", &signs, "--json"]);
    assert!(figures.get("accuracy").is_none(), "nothing to read rightly");
    assert_eq!(figures["auroc"], Value::Null, "nothing to compare with");
    let others = &figures["non_digits"];
    assert_eq!(others["examples"], 3, "all of them");
    assert_eq!(others["plain"]["examples"], 2, "l is written like a 1");
    assert_eq!(others["plain"]["refused"], 2, "# is like no digit");
    assert_eq!(others["by_sign"]["l"]["refused"], 0, "l is taken for a 1");

    let digits = folder.write("digits.jsonl", INK);
    let both = json_of(&["eval", "--ink", &digits, "--ink", &signs, "--json"]);
    assert_eq!(both["examples"], 3, "the digits of one file");
    assert_eq!(both["auroc"], 1.0, "each digit has more evidence than #");
    assert_eq!(
        both["rejected_accepting_99"], 1.0,
        "so that no threshold has to choose"
    );
    assert_eq!(both["refused"], 0, "no digit is refused");
    let text = printed(&["eval", "--ink", &signs]);
    assert!(
        text.contains("100.00\u{a0}% of 2 refused"),
        "for a person:\n{text}"
    );
}

#[test]
fn of_none_there_is_no_part() {
    let folder = Folder::new();
    // A scribble that is called a 3, and an l: nothing that the model is sure of, and no plain sign.
    let scribble = r#"{"label": 3, "strokes": [[[0, 0], [9, 1], [0, 2], [9, 3], [0, 4], [9, 5], [0, 6], [9, 7], [0, 8], [9, 9]]]}"#;
    let letter = r#"{"label": "l", "strokes": [[[5, 0], [5, 10]]]}"#;
    let ink = folder.write("ink.jsonl", format!("{scribble}\n{letter}\n"));
    let figures = json_of(&["eval", "--ink", &ink, "--json"]);
    assert_eq!(
        figures["sure"]["examples"], 0,
        "it is sure of none: {figures}"
    );
    assert_eq!(figures["sure"]["accuracy"], Value::Null, "no part of none");
    let text = printed(&["eval", "--ink", &ink]);
    for line in [
        "sure of 0, – of these rightly",
        "plain signs: – of 0 refused",
    ] {
        assert!(text.contains(line), "{line}:\n{text}");
    }
}

#[test]
fn the_hands_of_all_folds_are_all_hands() {
    let folder = Folder::new();
    let ink = folder.write("ink.jsonl", INK);
    let examples = |part: &str| -> u64 {
        let words = ["eval", "--ink", &ink, "--fold", part, "--json"];
        match crate::support::code(&crate::support::run(&words)) {
            0 => json_of(&words)["examples"].as_u64().unwrap_or(0),
            _ => 0,
        }
    };
    assert_eq!(examples("0/2") + examples("1/2"), 3, "each in one part");
}

#[test]
fn noise_is_added_to_images_and_to_ink_alike() {
    let folder = Folder::with_data_set();
    let data = folder.text("");
    let ink = folder.write(
        "ink.jsonl",
        INK.replace("\"label\":\"x\"", "\"label\":\"K\""),
    );
    for (option, path) in [("--data", &data), ("--ink", &ink)] {
        let with = |noise: &str| json_of(&["eval", option, path, "--noise", noise, "--json"]);
        let plain = json_of(&["eval", option, path, "--json"]);
        let (none, strong) = (with("gaussian:0"), with("salt-and-pepper:0.6"));
        let loss = |evaluation: &Value| evaluation["loss"].as_f64().expect("a number");
        // A drawing's grays are rounded to bytes where noise is added.
        assert!(
            (loss(&none) - loss(&plain)).abs() < 0.01,
            "{option}: no strength changes nothing"
        );
        assert!(
            loss(&strong) > loss(&plain) + 0.1,
            "{option}: it is seen in the loss: {} and {}",
            loss(&strong),
            loss(&plain)
        );
        let source = strong["source"].as_str().expect("a text");
        assert!(
            source.ends_with("with salt-and-pepper:0.6"),
            "{option}: it is said: {source}"
        );
        assert_eq!(
            with("salt-and-pepper:0.6"),
            strong,
            "{option}: the same each time"
        );
    }
}
