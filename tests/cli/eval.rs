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
