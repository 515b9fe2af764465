//! Several digits in one drawing or picture: cases that programs like this one got wrong, all of them synthetic.

use std::{path::PathBuf, sync::Arc};

use digitpad::{
    ink,
    model::file::Model,
    picture,
    recognition::number::{Constraints, NumberReader, Reading},
};

fn case(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/cases", name]
        .iter()
        .collect()
}

fn reader() -> NumberReader {
    NumberReader::new(Arc::new(Model::built_in().expect("the built-in model")))
}

/// What a reading says: the digits, with `?` for doubt and `-` for what is not a digit.
fn said(reading: &Reading) -> String {
    match reading {
        Reading::Blank => "nothing".to_owned(),
        Reading::SeveralDigits { .. } => "several".to_owned(),
        Reading::Number(number) => {
            let digits = number.digits.iter().map(|digit| {
                let is_digit = digit.is_digit;
                is_digit.then(|| digit.digit.to_string())
            });
            digits.map(|digit| digit.unwrap_or("-".into())).collect()
        }
        Reading::Single { prediction, .. } if prediction.is_confident() => {
            prediction.digit().to_string()
        }
        Reading::Single { prediction, .. } if prediction.is_digit() => {
            format!("{}?", prediction.digit())
        }
        Reading::Single { .. } => "none".to_owned(),
    }
}

/// What a reading of each drawing says.
fn drawings_say(name: &str, constraints: Constraints) -> Vec<String> {
    let mut reader = reader();
    let records = ink::file::read(&case(name)).expect("ink");
    let said = records.iter().map(|record| {
        let reading = reader.read(&record.ink, constraints);
        said(&reading.expect("finite"))
    });
    said.collect()
}

#[test]
fn drawings_of_several_digits_are_numbers() {
    let cases: [(&str, &[&str], &str); 5] = [
        ("13-column-of-five.jsonl", &["25384"], "a column, not a 1"),
        (
            "13-column-of-two.jsonl",
            &["77", "32", "23"],
            "columns of two",
        ),
        ("13-eleven-close.jsonl", &["11"], "two close lines"),
        ("13-minus-three.jsonl", &["-3"], "a sign is no digit"),
        (
            "12-one-empty-of-three.jsonl",
            &["1", "nothing", "7"],
            "a drawing without strokes",
        ),
    ];
    for (name, expected, reason) in cases {
        let said = drawings_say(name, Constraints::default());
        assert_eq!(said, expected, "{name}: {reason}");
    }
}

#[test]
fn a_plain_number_is_read_where_one_character_is_expected() {
    let cases: [(&str, &[&str], &str); 5] = [
        ("13-column-of-five.jsonl", &["25384"], "a column, not a 1"),
        (
            "13-column-of-two.jsonl",
            &["77", "32", "23"],
            "columns of two",
        ),
        (
            "13-minus-three.jsonl",
            &["none"],
            "a sign is not a part of a digit",
        ),
        (
            "12-one-empty-of-three.jsonl",
            &["1", "nothing", "7"],
            "single digits",
        ),
        (
            "00-baseline-own-digits.jsonl",
            &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
            "single digits of one or more strokes",
        ),
    ];
    for (name, expected, reason) in cases {
        assert_eq!(
            drawings_say(name, Constraints::CHARACTER),
            expected,
            "{name}: {reason}"
        );
    }
    for (name, expected) in [
        ("13-column.png", "25384"),
        ("13-two-colours-two-digits.png", "74"),
        ("14-row-message.png", "258"),
    ] {
        let picture = picture::read(&case(name)).expect("a picture");
        let ink = picture.view.components.expect("not one of MNIST's");
        let reading = reader().read_picture(&ink, &picture.bitmap, Constraints::CHARACTER);
        assert_eq!(said(&reading.expect("finite")), expected, "{name}");
    }
}

#[test]
fn signs_with_a_closed_stroke_are_not_zeros() {
    for constraints in [Constraints::default(), Constraints::CHARACTER] {
        let said = drawings_say("11-signs.jsonl", constraints);
        assert_eq!(
            said, ["none"; 5],
            "a house, a clock, a circled 7, φ, a θ with a wave"
        );
    }
}

/// What a picture says.
fn picture_says(name: &str) -> String {
    let picture = picture::read(&case(name)).expect("a picture");
    let reader = &mut reader();
    let reading = match picture.view.components {
        Some(ink) => reader.read_picture(&ink, &picture.bitmap, Constraints::default()),
        None => reader.read_bitmap(&picture.bitmap),
    };
    said(&reading.expect("finite"))
}

#[test]
fn pictures_of_digits_with_printed_lines_and_of_several_digits() {
    let cases = [
        ("13-column.png", "25384"),
        ("14-row-message.png", "258"),
        ("06-form-box.png", "1"),
        ("06-line-below.png", "2"),
        ("06-two-lines.png", "3"),
        ("06-two-colours-one-digit.png", "2"),
        ("13-two-colours-two-digits.png", "74"),
    ];
    for (name, expected) in cases {
        assert_eq!(picture_says(name), expected, "{name}");
    }
}

#[test]
fn pictures_in_any_light_and_on_any_paper() {
    let cases = [
        ("04-lined-paper.png", "3"),
        ("04-squared-paper-pencil.png", "3"),
        ("05-hard-shadow.png", "0"),
        ("05-hard-shadow-diagonal.png", "2"),
        ("05-light-patch-beside.png", "3"),
        ("05-sheet-on-table-2.png", "2"),
        ("05-sheet-on-table-3.png", "3"),
        ("05-table-on-two-sides.png", "3"),
        ("07-dim-on-black.png", "3"),
        ("07-pale-pencil.png", "3"),
        ("16-cut-out-grey-edges.png", "0"),
        ("16-gradient-ink.png", "0"),
        ("16-half-transparent-white.png", "3"),
    ];
    for (name, expected) in cases {
        assert_eq!(picture_says(name), expected, "{name}");
    }
    for blank in ["11-empty-scan-black-rim.png", "11-empty-sheet-on-table.png"] {
        assert!(picture::read(&case(blank)).is_err(), "{blank} is blank");
    }
}
