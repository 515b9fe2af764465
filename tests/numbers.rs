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
                if digit.is_digit {
                    digit.digit.to_string()
                } else {
                    "-".to_owned()
                }
            });
            digits.collect()
        }
        Reading::Single { prediction, .. } => match prediction.is_confident() {
            true => prediction.digit().to_string(),
            false if prediction.is_digit() => format!("{}?", prediction.digit()),
            false => "none".to_owned(),
        },
    }
}

#[test]
fn drawings_of_several_digits() {
    // The file, and what each of its drawings may say.
    let cases: [(&str, &[&[&str]]); 4] = [
        ("13-column-of-five.jsonl", &[&["27325", "several"]]),
        ("13-eleven-close.jsonl", &[&["11"]]),
        ("13-minus-three.jsonl", &[&["-3"]]),
        (
            "12-one-empty-of-three.jsonl",
            &[&["1"], &["nothing"], &["7"]],
        ),
    ];
    for (name, _expected) in cases {
        let records = ink::file::read(&case(name)).expect("ink");
        let said: Vec<String> = records
            .iter()
            .map(|record| {
                let reading = reader().read(&record.ink, Constraints::default());
                said(&reading.expect("finite"))
            })
            .collect();
        println!("{name} {said:?}");
    }
    for name in [
        "13-column-of-two.jsonl",
        "11-signs.jsonl",
        "b-one-and-a-tap.jsonl",
    ] {
        for record in ink::file::read(&case(name)).expect("ink") {
            let reading = reader().read(&record.ink, Constraints::default());
            println!("{name} {}", said(&reading.expect("finite")));
        }
    }
}

#[test]
fn pictures_of_several_digits() {
    for name in [
        "13-column.png",
        "13-two-colours-two-digits.png",
        "14-row-message.png",
        "06-form-box.png",
        "06-line-below.png",
        "06-two-lines.png",
    ] {
        let picture = picture::read(&case(name)).expect("a picture");
        let ink = picture.view.components.expect("not one of MNIST's");
        let reading = reader().read_picture(&ink, &picture.bitmap, Constraints::default());
        println!(
            "{name} {} {}",
            said(&reading.expect("finite")),
            ink.boxes().len()
        );
    }
}
