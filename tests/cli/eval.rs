//! `digitpad eval`.

use digitpad::bitmap::CLASSES;
use serde_json::Value;

use crate::support::{Folder, INK, json_of, printed};

/// Checks that the parts of an evaluation agree.
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
}

/// Checks that precision, recall and calibration agree with the confusion matrix.
fn check_metrics(evaluation: &Value) {
    let confusion: Vec<Vec<u64>> =
        serde_json::from_value(evaluation["confusion"].clone()).expect("a table of counts");
    for digit in 0..CLASSES {
        let column: u64 = confusion.iter().map(|row| row[digit]).sum();
        let row: u64 = confusion[digit].iter().sum();
        for (name, total) in [("precision", column), ("recall", row)] {
            let expected = (total > 0).then(|| confusion[digit][digit] as f64 / total as f64);
            assert_eq!(
                evaluation[name][digit].as_f64(),
                expected,
                "{name} of {digit}"
            );
        }
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
fn the_error_sheet_is_written() {
    let folder = Folder::with_data_set();
    let data = folder.text("");
    // Mislabeled ink: a stick labeled 8 is certainly misclassified.
    let ink = folder.write("ink.jsonl", INK.replace("\"label\":1", "\"label\":8"));
    for [option, source] in [["--data", &data], ["--ink", &ink]] {
        let path = folder.text("errors.png");
        let evaluation = json_of(&["eval", option, source, "--errors", &path, "--json"]);
        check_metrics(&evaluation);
        assert!(
            evaluation["rejected"].is_u64(),
            "{option}: the rejected digits: {evaluation}"
        );
        let picture = image::open(&path).expect(option);
        assert!(
            picture.width() >= 60 && picture.height() >= 60,
            "{option}: a tile at least"
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
fn ink_is_evaluated_with_its_non_digits() {
    let folder = Folder::new();
    let ink = folder.write("ink.jsonl", INK);
    let evaluation = json_of(&["eval", "--ink", &ink, "--json"]);
    check_evaluation(&evaluation, 3);
    check_metrics(&evaluation);
    assert_eq!(evaluation["unlabeled"], 1, "skipped");
    assert_eq!(evaluation["blank"], 0, "none is skipped");
    assert_eq!(evaluation["non_digits"]["examples"], 1, "another label");
    let text = printed(&["eval", "--ink", &ink]);
    for part in [
        "calibration error (ECE) ",
        "rejected as non-digits: 0\n",
        "precision ",
        "skipped: 1 unlabeled, 0 blank\n",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
}

#[test]
fn non_digits_are_counted_by_rejection() {
    let folder = Folder::new();
    let hash = r##"{"label": "#", "strokes": [[[3, 0], [2, 10]], [[7, 0], [6, 10]], [[0, 3], [10, 3]], [[0, 7], [10, 7]]]}"##;
    let letter = r#"{"label": "l", "strokes": [[[5, 0], [5, 10]]]}"#;
    let signs = folder.write("signs.jsonl", format!("{hash}\n{hash}\n{letter}\n"));
    let alone = json_of(&["eval", "--ink", &signs, "--json"]);
    assert!(alone.get("accuracy").is_none(), "there are no digits");
    let expected = serde_json::json!({"examples": 3, "rejected": 2});
    assert_eq!(
        alone["non_digits"], expected,
        "# is rejected, l looks like a 1"
    );

    let digits = folder.write("digits.jsonl", INK);
    let both = json_of(&["eval", "--ink", &digits, "--ink", &signs, "--json"]);
    assert_eq!(both["examples"], 3, "the digits of one file");
    assert_eq!(both["rejected"], 0, "no digit is rejected");
    assert_eq!(
        both["non_digits"]["examples"], 4,
        "the non-digits of both files"
    );
    let text = printed(&["eval", "--ink", &signs]);
    for part in [
        "no single digits in signs.jsonl",
        "non-digits: 66.67\u{a0}% of 3 rejected",
    ] {
        assert!(text.contains(part), "{part}:\n{text}");
    }
}

#[test]
fn noise_is_added_to_images_and_to_ink() {
    let folder = Folder::with_data_set();
    let data = folder.text("");
    let ink = folder.write(
        "ink.jsonl",
        INK.replace("\"label\":\"x\"", "\"label\":\"K\""),
    );
    for (option, path) in [("--data", &data), ("--ink", &ink)] {
        let with = |noise: &str| json_of(&["eval", option, path, "--noise", noise, "--json"]);
        let plain = json_of(&["eval", option, path, "--json"]);
        let (none, strong) = (with("gaussian:0"), with("salt-and-pepper:1"));
        let loss = |evaluation: &Value| evaluation["loss"].as_f64().expect("a number");
        // With noise, a drawing's pixels are rounded to bytes.
        assert!(
            (loss(&none) - loss(&plain)).abs() < 0.01,
            "{option}: no strength changes nothing"
        );
        assert!(
            loss(&strong) > loss(&plain) + 0.1,
            "{option}: the loss rises: {} and {}",
            loss(&strong),
            loss(&plain)
        );
        let source = strong["source"].as_str().expect("a text");
        assert!(
            source.ends_with("with salt-and-pepper:1"),
            "{option}: the source names it: {source}"
        );
        assert_eq!(
            with("salt-and-pepper:1"),
            strong,
            "{option}: the same each time"
        );
    }
}

#[test]
fn the_error_sheet_shows_numbers_that_are_not_read_rightly() {
    let folder = Folder::new();
    // A 1 and a 7 beside each other.
    let number =
        r#"{"label":"17","spacing":"wide","strokes":[[[0,0],[0,100]],[[80,0],[140,0],[100,100]]]}"#;
    let right = folder.write("right.jsonl", number);
    let wrong = folder.write("wrong.jsonl", number.replace("17", "18"));
    let size = |ink: &str| {
        let path = folder.text("errors.png");
        let evaluation = json_of(&["eval", "--ink", ink, "--errors", &path, "--json"]);
        let picture = image::open(&path).expect("a picture");
        std::fs::remove_file(path).expect("it was written");
        (evaluation["numbers"]["read"].clone(), picture.width())
    };
    let (read, blank) = size(&right);
    assert_eq!(read, 1, "the 1 and the 7");
    let (read, shown) = size(&wrong);
    assert_eq!(read, 0, "there is no 8");
    assert!(shown > 3 * blank, "a number is wider than the blank tile");
}
