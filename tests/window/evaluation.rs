//! Testing the model, and looking at what it misclassifies.

use std::{fs, path::Path};

use digitpad::{data::Dataset, store::settings::Settings};
use egui::{Key, Modifiers, Pos2, Rect};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::driver::{ONE, Window, button, says, settings};

/// The test files of a data set of MNIST's first test images.
fn write_test_files(folder: &Path, count: usize) {
    let examples = Dataset::mnist_test().expect("is built in").take(count);
    let count = (count as u32).to_be_bytes();
    let mut images = [[0, 0, 8, 3], count, [0, 0, 0, 28], [0, 0, 0, 28]].concat();
    images.extend(examples.images());
    let mut labels = [[0, 0, 8, 1], count].concat();
    labels.extend(examples.labels());
    fs::write(folder.join("t10k-images-idx3-ubyte"), images).expect("writes");
    fs::write(folder.join("t10k-labels-idx1-ubyte"), labels).expect("writes");
}

fn tested(settings: Settings, size: [f32; 2], pixels_per_point: f32) -> Window {
    let mut window = Window::with_model(settings, None, size, pixels_per_point);
    window.click("Test");
    window.await_that("it is tested", |harness| {
        says(harness, "misclassified, loss")
    });
    window
}

/// The labels of the pictures in sight.
fn pictures(window: &Window) -> Vec<String> {
    let nodes = window.harness.root().children_recursive();
    let labels = nodes.filter_map(|node| node.accesskit_node().label());
    labels
        .filter(|label| label.starts_with("Picture "))
        .collect()
}

#[test]
fn a_click_tests_and_a_cell_opens_its_pictures() {
    let mut window = tested(settings(), [1100.0, 700.0], 1.0);
    assert!(
        window.says("of 10,000 misclassified"),
        "all of MNIST's test set"
    );
    assert!(
        window.says("taken for no digit"),
        "the built-in model can tell what is none"
    );
    assert!(
        window.says("The built-in model on MNIST's test set."),
        "whose it is"
    );
    let curve = window.value("Reliability curve");
    assert!(
        curve.starts_with("Calibration error (ECE)"),
        "in figures: {curve}"
    );
    let recall = window.value("Recall of 8");
    assert!(recall.starts_with('9'), "most 8s are read: {recall}");
    assert!(
        window.value("Precision of 8").ends_with(" %"),
        "and few others as 8"
    );
    let seen = pictures(&window);
    assert!(seen.len() >= 6, "the worst errors are in sight: {seen:?}");
    let is_wrong = |label: &String| {
        let kind: Vec<&str> = label
            .split(": ")
            .nth(1)
            .unwrap_or_default()
            .split(" read as ")
            .collect();
        kind[0] != kind[1]
    };
    assert!(seen.iter().all(is_wrong), "each of them is one: {seen:?}");

    let right = window.value("7 read as 7");
    assert!(right.contains(" of 1028, 9"), "nearly all 7s: {right}");
    window.click("Rates");
    window.click("7 read as 7");
    let seen = pictures(&window);
    assert!(
        seen.iter().all(|label| label.ends_with("7 read as 7")),
        "those of the cell: {seen:?}"
    );
    assert!(window.says("the least sure first"), "in order");
    window.click("All errors");
    assert!(window.says("Worst errors"), "and back");
    window.click("7 read as 7");
    window.press(Modifiers::NONE, Key::Escape);
    assert!(window.says("Worst errors"), "by the keyboard as well");
}

#[test]
fn a_picture_goes_to_the_pad_with_its_bars_and_back() {
    let mut window = Window::new(settings());
    window.draw(ONE);
    window.await_answer('1');
    let middle = window.on_pad((0.5, 0.5));
    window.click("Test");
    window.await_that("it is tested", |harness| {
        says(harness, "misclassified, loss")
    });
    // Where the pad was, the pen draws nothing now, and no key clears what is not seen.
    window.frame_with(vec![button(middle, true), button(middle, false)]);
    window.press(Modifiers::NONE, Key::Delete);
    window.press(Modifiers::NONE, Key::Escape);
    assert_eq!(
        window.harness.state().state().ink().strokes().len(),
        1,
        "the drawing is safe"
    );
    // The worst of all may be no digit to the model, and then the answer says so.
    let shown = pictures(&window);
    let is_confident = |label: &&String| window.value(label).starts_with('9');
    let label = shown
        .iter()
        .find(is_confident)
        .expect("misclassified, and sure of it");
    let read = label.chars().last().expect("ends in a digit");
    let value = window.value(label);
    window.harness.get_by_label(label).focus();
    window.harness.step();
    window.press(Modifiers::NONE, Key::Enter);
    window.await_answer(read);
    let pad = window.value("Drawing pad");
    assert!(
        pad.starts_with("The picture Test image"),
        "the pad says what it is: {pad}"
    );
    let answer = window.value("Prediction");
    assert!(
        answer.ends_with(&value),
        "as sure as in the gallery: {answer}, {value}"
    );
    window.press(Modifiers::COMMAND, Key::Num2);
    assert_eq!(pictures(&window), shown, "the gallery is as it was");
    window.press(Modifiers::COMMAND, Key::Num1);
    window.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(
        window.value("Drawing pad"),
        "1 stroke",
        "undo brings the drawing back"
    );
}

#[test]
fn folders_and_ink_files_of_ones_own_are_tested_on() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    write_test_files(folder.path(), 40);
    let ink = folder.path().join("ink.jsonl");
    let line = "{\"label\":1,\"strokes\":[[[50,0],[50,100]]]}\n{\"label\":\"A\",\"strokes\":[[[0,0],[9,9]]]}\n";
    fs::write(&ink, line).expect("writes");
    let mut window = tested(settings(), [1100.0, 700.0], 1.0);
    for (choice, path, examples) in [
        ("A folder", folder.path(), "of 40 misclassified"),
        ("An ink file", &*ink, "of 1 misclassified"),
    ] {
        window.click("Test on");
        window.click(choice);
        assert!(
            window.says("Other pictures are chosen. Press Test now"),
            "{choice}: the figures are of what was tested before"
        );
        window.click("Choose…");
        window.type_path(path, "Choose");
        window.await_that(choice, |harness| says(harness, examples));
    }
    window.drop_file(folder.path());
    window.await_that("a dropped folder is tested on", |harness| {
        says(harness, "of 40 misclassified")
    });
    window.drop_file(&ink);
    window.await_that("so is a dropped ink file", |harness| {
        says(harness, "of 1 misclassified")
    });
    assert!(
        window.says("the drawings in ink.jsonl (1 that is no labeled digit is left out)"),
        "what was not used is said"
    );
    assert!(window.says("Not one was misclassified."), "a stick is a 1");
    let table = folder.path().join("table.csv");
    window.click("Save table…");
    window.type_path(&table, "Save");
    window.await_that("the table is saved", |harness| {
        says(harness, "Saved the table")
    });
    let table = fs::read_to_string(table).expect("is there");
    assert!(
        table.contains("\n1,0,1,0,0,0,0,0,0,0,0,1\n"),
        "one 1, read:\n{table}"
    );
}

#[test]
fn noise_is_added_to_what_is_tested_on() {
    let mut window = tested(settings(), [1100.0, 700.0], 1.0);
    let plain = pictures(&window);
    window.click("Noise");
    window.click("Salt and pepper");
    window.await_that("it is tested anew", |harness| {
        says(
            harness,
            "on MNIST's test set with 15\u{a0}% salt and pepper.",
        )
    });
    assert_eq!(window.value("Noise"), "salt-and-pepper:0.15", "it is on");
    assert!(
        window.says("without noise"),
        "what it was before stands beside it"
    );
    assert_ne!(pictures(&window), plain, "other errors are in the gallery");
    window.click("No noise");
    window.await_that("and without", |harness| {
        says(harness, "The built-in model on MNIST's test set.")
    });
    assert_eq!(pictures(&window), plain, "as it was");
}

#[test]
fn a_finished_training_is_tested_by_itself() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let settings = crate::training::training_settings(folder.path(), 1);
    let mut window = tested(settings, [1100.0, 700.0], 1.0);
    window.click("Train");
    window.await_that("the new model is tested", |harness| {
        says(harness, "The trained model, run 1 on MNIST's test set.")
    });
}

#[test]
fn everything_has_its_place_at_every_size() {
    let cases = [
        ([640.0, 480.0], 1.0, true, false),
        ([800.0, 600.0], 1.0, false, true),
        ([1100.0, 700.0], 1.0, true, true),
        ([1100.0, 700.0], 1.0, false, true),
        ([2560.0, 1440.0], 1.0, true, true),
        ([2560.0, 1440.0], 2.0, true, true),
    ];
    for (size, pixels_per_point, training_panel, fits) in cases {
        let settings = Settings {
            training_panel,
            ..settings()
        };
        let mut window = tested(settings, size, pixels_per_point);
        window.harness.step();
        let whole = Rect::from_min_size(Pos2::ZERO, size.into());
        let mut labels = ["Test now", "Noise", "Counts"].map(str::to_owned).to_vec();
        for digit in 0..10 {
            labels.push(format!("Recall of {digit}"));
            labels.push(format!("Precision of {digit}"));
            labels.extend((0..10).map(|read| format!("{digit} read as {read}")));
        }
        if fits {
            labels.push("Reliability curve".to_owned());
            let edge = window
                .harness
                .get_by_label("Reliability curve")
                .rect()
                .top();
            let is_whole =
                |label: &String| window.harness.get_by_label(label).rect().bottom() < edge;
            let whole: Vec<String> = pictures(&window).into_iter().filter(is_whole).collect();
            assert!(
                whole.len() >= 2,
                "some pictures are wholly in sight in {size:?}"
            );
            labels.extend(whole);
        }
        let place = |label: &String| (label.clone(), window.harness.get_by_label(label).rect());
        let places: Vec<(String, Rect)> = labels.iter().map(place).collect();
        for (index, (label, place)) in places.iter().enumerate() {
            let is_within = whole.expand(0.5).contains_rect(*place);
            assert!(
                is_within || !fits,
                "{label} at {place:?} is within {size:?}"
            );
            assert!(
                place.width() >= 14.0 && place.height() >= 14.0,
                "{label} at {place:?} in {size:?}"
            );
            for (other, elsewhere) in &places[..index] {
                let common = place.shrink(0.5).intersects(elsewhere.shrink(0.5));
                assert!(
                    !common,
                    "{label} at {place:?} hides {other} at {elsewhere:?} in {size:?}"
                );
            }
        }
    }
}
