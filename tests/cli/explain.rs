//! `digitpad explain`: explanations of pictures and drawings.

use digitpad::bitmap::SIDE;
use serde_json::Value;

use crate::support::{Folder, code, json_lines, json_of, mnist, printed, run, stderr};

/// A 7 with a bar, a blank line, and a 1 of two samples.
const DRAWINGS: &str = r#"{"strokes":[[[0,0],[30,1],[60,0],[40,50],[20,100]],[[15,50],[55,48]]]}

{"strokes":[[[50,0],[50,100]]]}
"#;

/// The arguments that explain a file in a view.
fn explain<'a>(file: &'a str, view: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["explain", file, "--view", view], more].concat()
}

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        value => value.as_f64().into_iter().collect(),
    }
}

#[test]
fn evidence_of_a_picture_adds_up() {
    let folder = Folder::new();
    let side = SIDE as u32;
    let pixels = mnist().test.image(0).to_vec();
    let picture = image::GrayImage::from_raw(side, side, pixels).expect("the size fits");
    picture.save(folder.path("7.png")).expect("it is written");
    let file = folder.text("7.png");
    let answer = json_of(&explain(&file, "evidence", &["--against", "2", "--json"]));
    assert_eq!(answer["digit"], 7, "the first test image: {answer}");
    assert_eq!(answer["against"], 2, "as asked");
    assert_eq!(answer["method"], "exact", "of the built-in model");
    let pixels = numbers(&answer["pixels"]);
    assert_eq!(pixels.len(), SIDE * SIDE, "all pixels");
    let number = |key: &str| answer[key].as_f64().expect("a number");
    let error = number("margin") - number("rest") - pixels.iter().sum::<f64>();
    assert!(error.abs() < 1e-4, "off by {error}");
    let out = folder.text("evidence.png");
    let text = printed(&["explain", &file, "--out", &out]);
    assert!(
        text.contains("7 (") && text.contains("rather than"),
        "{text}"
    );
    let picture = image::open(&out).expect("a picture").into_rgb8();
    // The right panel has parts for both digits.
    let colors = |is: fn(&[u8; 3]) -> bool| picture.pixels().filter(|pixel| is(&pixel.0)).count();
    assert!(colors(|[r, _, b]| b.saturating_sub(*r) > 60) > 100, "blue");
    assert!(
        colors(|[r, _, b]| r.saturating_sub(*b) > 60) > 100,
        "orange"
    );
}

#[test]
fn activations_end_in_the_logits() {
    let folder = Folder::new();
    let ink = folder.write("ink.jsonl", DRAWINGS);
    let answer = json_of(&explain(&ink, "activations", &["--record", "1", "--json"]));
    let layers = answer["layers"].as_array().expect("a list");
    let logits = numbers(&layers.last().expect("an output layer")["outputs"]);
    assert_eq!(logits.len(), 10, "one for each digit");
    let of = |key: &str| logits[answer[key].as_u64().expect("a digit") as usize];
    let error = of("digit") - of("against") - answer["margin"].as_f64().expect("a number");
    // Two forward passes in f32.
    assert!(error.abs() < 1e-3, "off by {error}");
}

#[test]
fn the_nearest_training_images_are_listed() {
    let folder = Folder::new();
    let ink = folder.write("ink.jsonl", DRAWINGS);
    let out = folder.text("out.png");
    let more = ["--record", "2", "--json", "--out", &out];
    let answer = json_of(&explain(&ink, "neighbors", &more));
    assert!(image::open(&out).is_ok(), "a picture");
    let near = answer["neighbors"].as_array().expect("a list");
    assert_eq!(near.len(), 8, "eight");
    let distances: Vec<f64> = near
        .iter()
        .flat_map(|near| numbers(&near["distance"]))
        .collect();
    assert!(distances.is_sorted(), "the nearest first: {distances:?}");
    let ones = near.iter().filter(|near| near["label"] == 1).count();
    assert!(ones >= 6, "a stick looks like 1s: {answer}");
    for near in near {
        let index = near["index"].as_u64().expect("an index") as usize;
        let label = u64::from(mnist().train.label(index).value());
        assert_eq!(near["label"].as_u64(), Some(label), "of the training set");
    }
}

#[test]
fn each_drawing_is_explained_by_its_pieces() {
    let folder = Folder::new();
    let ink = folder.write("ink.jsonl", DRAWINGS);
    let held = json_lines(&explain(&ink, "occlusion", &["--json"]));
    assert_eq!(held.len(), 2, "one for each drawing");
    let predicted = json_lines(&["predict", &ink, "--json"]);
    for (index, (answer, predicted)) in held.iter().zip(&predicted).enumerate() {
        assert_eq!(answer["record"], index + 1, "in order");
        for key in ["digit", "is_digit", "confidence"] {
            assert_eq!(answer[key], predicted[key], "{key} is that of predict");
        }
        assert_eq!(answer["normalization"], "held", "by default");
        let count = answer["pieces"].as_array().expect("a list").len();
        assert!((8..=24).contains(&count), "{count} pieces");
    }
    let more = ["--json", "--renormalize", "--record", "2"];
    let anew = json_of(&explain(&ink, "occlusion", &more));
    assert_eq!(anew["record"], 2, "only this one");
    assert_eq!(anew["normalization"], "anew", "as asked");
    assert_ne!(
        anew["pieces"], held[1]["pieces"],
        "another mode, other values"
    );
}

#[test]
fn a_bent_drawing_is_read_as_the_other_digit() {
    let folder = Folder::new();
    let ink = folder.write("ink.jsonl", DRAWINGS);
    let out = folder.text("out.png");
    let more = ["--record", "1", "--json", "--out", &out];
    let answer = json_of(&explain(&ink, "counterfactual", &more));
    assert!(image::open(&out).is_ok(), "a picture");
    let bending = &answer["bending"];
    assert_eq!(bending["digit"], answer["against"], "{answer}");
    // The claim holds in another run of the program.
    let strokes = bending["strokes"].to_string();
    let bent = folder.write("bent.jsonl", format!("{{\"strokes\":{strokes}}}"));
    let predicted = json_of(&["predict", &bent, "--json"]);
    assert_eq!(predicted["digit"], answer["against"], "{predicted}");
    assert_eq!(predicted["is_digit"], true, "accepted: {predicted}");
}

#[test]
fn the_answer_is_that_of_predict() {
    let folder = Folder::new();
    // A 1 and a 7 beside each other, five digits below each other, a circled 7 and other signs, and pictures.
    let pair = r#"{"strokes":[[[0,0],[1,50],[0,100]],[[40,0],[90,0],[60,100]]]}"#;
    let mut files = vec![folder.write("pair.jsonl", format!("{pair}\n{DRAWINGS}"))];
    for case in ["13-column-of-five.jsonl", "11-signs.jsonl", "13-column.png"] {
        files.push(format!("{}/tests/cases/{case}", env!("CARGO_MANIFEST_DIR")));
    }
    let mut rejected = 0;
    for file in files {
        let predicted = json_lines(&["predict", &file, "--json"]);
        let explained = json_lines(&["explain", &file, "--json"]);
        assert_eq!(predicted.len(), explained.len(), "each drawing of {file}");
        for (predicted, explained) in predicted.iter().zip(&explained) {
            for (key, value) in predicted.as_object().expect("an object") {
                assert_eq!(&explained[key], value, "{key} of {file}");
            }
            rejected += usize::from(explained["is_digit"] == false);
        }
        let text = printed(&["explain", &file]);
        let answers: Vec<&str> = text.lines().filter(|it| !it.starts_with("  ")).collect();
        let predicted = printed(&["predict", &file]);
        assert_eq!(answers, predicted.lines().collect::<Vec<_>>(), "{file}");
    }
    assert!(rejected >= 6, "{rejected}: numbers, signs");
}

#[test]
fn a_digit_of_a_number_is_explained_by_itself() {
    let folder = Folder::new();
    let one = r"[[0,0],[1,50],[0,100]]";
    let seven = r"[[40,0],[90,0],[60,100]]";
    let ink = |strokes: &str| format!("{{\"strokes\":[{strokes}]}}");
    let pair = folder.write("17.jsonl", ink(&format!("{one},{seven}")));
    let alone = folder.write("7.jsonl", ink(seven));
    for view in ["evidence", "occlusion"] {
        let of_pair = json_of(&explain(&pair, view, &["--digit", "2", "--json"]));
        let of_seven = json_of(&explain(&alone, view, &["--json"]));
        assert_eq!(
            (&of_pair["number"], &of_pair["position"]),
            (&"17".into(), &2.into())
        );
        assert_eq!(of_pair["margin"], of_seven["margin"], "{view} of the 7");
    }
    let dotted = folder.write(
        "1.7.jsonl",
        ink(&format!("{one},[[25,98],[26,99]],{seven}")),
    );
    let of_dotted = json_of(&explain(
        &dotted,
        "evidence",
        &["--numbers", "--digit", "2", "--json"],
    ));
    assert_eq!(of_dotted["number"], "17", "with a dot: {of_dotted}");
    let of_seven = json_of(&explain(&alone, "evidence", &["--json"]));
    assert_eq!(
        of_dotted["margin"], of_seven["margin"],
        "the dot is not counted"
    );
    let output = run(&["explain", &pair, "--digit", "3"]);
    assert_eq!(code(&output), 2, "there is no third digit");
}

#[test]
fn what_cannot_be_explained_is_refused() {
    let folder = Folder::new();
    let ink = folder.write("ink.jsonl", DRAWINGS);
    let picture = image::GrayImage::from_fn(40, 40, |x, _| image::Luma([u8::from(x < 20) * 255]));
    picture.save(folder.path("p.png")).expect("it is written");
    let (picture, out) = (folder.text("p.png"), folder.text("out.png"));
    let cases: [(&str, &str, &[&str], &str); 6] = [
        (&picture, "occlusion", &[], "a picture has no strokes"),
        (&picture, "counterfactual", &[], "a picture has no strokes"),
        (
            &ink,
            "evidence",
            &["--record", "3"],
            "there are two drawings",
        ),
        (
            &ink,
            "evidence",
            &["--out", &out],
            "one picture for two drawings",
        ),
        (
            &ink,
            "evidence",
            &["--record", "2", "--against", "1"],
            "a 1 rather than a 1",
        ),
        (
            &ink,
            "evidence",
            &["--out", &ink],
            "the output is the input",
        ),
    ];
    for (file, view, more, reason) in cases {
        let output = run(&explain(file, view, more));
        assert_eq!(code(&output), 2, "{reason}: {}", stderr(&output));
        assert_eq!(stderr(&output).lines().count(), 1, "{reason}");
    }
    assert!(!folder.path("out.png").exists(), "nothing is written");
}
