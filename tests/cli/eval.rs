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
    // Mislabelled ink: a stick that is said to be an 8 is misread for certain.
    let ink = folder.write("ink.jsonl", INK.replace("\"label\":1", "\"label\":8"));
    let cases = [
        (["--data", &data], "of a data set"),
        (["--ink", &ink], "of ink"),
    ];
    for (source, reason) in cases {
        let path = folder.text("misread.png");
        let [option, value] = source;
        let evaluation = json_of(&["eval", option, value, "--errors", &path, "--json"]);
        check_figures(&evaluation);
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
        "the sticks are misread: {wrong}"
    );
}

#[test]
fn drawings_are_measured_by_source() {
    let folder = Folder::new();
    let ink = folder.write("ink.jsonl", INK);
    let evaluation = json_of(&["eval", "--ink", &ink, "--json"]);
    check_evaluation(&evaluation, 3);
    check_figures(&evaluation);
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
    for part in ["calibration error (ECE) ", "precision "] {
        assert!(text.contains(part), "{part} too:\n{text}");
    }
}
