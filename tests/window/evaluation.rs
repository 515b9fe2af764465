//! The evaluation tab.

use std::{fs, path::Path};

use digitpad::{data::Dataset, store::settings::Settings};
use egui::{Key, Modifiers, Order, Pos2, Rect, vec2};
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
    window.await_that("it is evaluated", |harness| {
        says(harness, "misclassified, loss")
    });
    window
}

/// The labels of the visible images.
fn images(window: &Window) -> Vec<String> {
    let nodes = window.harness.root().children_recursive();
    let labels = nodes.filter_map(|node| node.accesskit_node().label());
    labels.filter(|label| label.starts_with("Image ")).collect()
}

#[test]
fn a_click_evaluates_and_a_cell_shows_its_images() {
    let mut window = tested(settings(), [1100.0, 700.0], 1.0);
    assert!(
        window.says("of 10,000 misclassified"),
        "all of MNIST's test set"
    );
    assert!(
        window.says("rejected as non-digits"),
        "the built-in model can reject"
    );
    assert!(
        window.says("Built-in on MNIST's test set."),
        "the model and the source"
    );
    let curve = window.value("Reliability curve");
    assert!(
        curve.starts_with("Calibration error (ECE)"),
        "as a number: {curve}"
    );
    let recall = window.value("Recall of 8");
    assert!(recall.starts_with('9'), "most 8s are correct: {recall}");
    assert!(
        window.value("Precision of 8").ends_with(" %"),
        "a percentage"
    );
    let seen = images(&window);
    assert!(seen.len() >= 6, "the worst errors are visible: {seen:?}");
    let is_wrong = |label: &String| {
        let digits: Vec<&str> = label.rsplit(' ').take(3).collect();
        digits[0] != digits[2].trim_end_matches(',')
    };
    assert!(seen.iter().all(is_wrong), "each is an error: {seen:?}");

    let right = window.value("True 7, predicted 7");
    assert!(right.contains(" of 1028, 9"), "nearly all 7s: {right}");
    window.click("Rates");
    window.click("True 7, predicted 7");
    let seen = images(&window);
    assert!(
        seen.iter()
            .all(|label| label.ends_with("true 7, predicted 7")),
        "the images of the cell: {seen:?}"
    );
    assert!(window.says("by descending loss"), "in order");
    window.click("All errors");
    assert!(window.says("Worst errors"), "and back");
    window.click("True 7, predicted 7");
    window.press(Modifiers::NONE, Key::Escape);
    assert!(window.says("Worst errors"), "by the keyboard as well");
}

#[test]
fn an_image_is_shown_on_the_pad() {
    let mut window = Window::new(settings());
    window.draw(ONE);
    window.await_answer('1');
    let middle = window.on_pad((0.5, 0.5));
    window.click("Test");
    window.await_that("it is evaluated", |harness| {
        says(harness, "misclassified, loss")
    });
    // The hidden pad takes neither strokes nor keys.
    window.frame_with(vec![button(middle, true), button(middle, false)]);
    window.press(Modifiers::NONE, Key::Delete);
    window.press(Modifiers::NONE, Key::Escape);
    assert_eq!(
        window.harness.state().state().pad.ink().strokes().len(),
        1,
        "the drawing is unchanged"
    );
    // The answer to a rejected image has no digit.
    let shown = images(&window);
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
        "the pad names it: {pad}"
    );
    let answer = window.value("Prediction");
    // The gallery rounds to whole percents.
    let percents = |text: &str| {
        let number = text.split_whitespace().rev().nth(1);
        number.and_then(|it| it.parse::<f32>().ok()).map(f32::round)
    };
    assert!(
        percents(&answer).is_some() && percents(&answer) == percents(&value),
        "the confidence of the gallery: {answer}, {value}"
    );
    window.press(Modifiers::COMMAND, Key::Num3);
    assert_eq!(images(&window), shown, "the gallery is as it was");
    window.press(Modifiers::COMMAND, Key::Num1);
    window.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(
        window.value("Drawing pad"),
        "1 stroke",
        "undo brings the drawing back"
    );
}

#[test]
fn folders_and_ink_files_are_evaluated() {
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
            window.says("The source changed. Press Test now"),
            "{choice}: the metrics are of the previous source"
        );
        window.click("Choose…");
        window.type_path(path, "Choose");
        window.await_that(choice, |harness| says(harness, examples));
    }
    window.drop_file(folder.path());
    window.await_that("a dropped folder is evaluated", |harness| {
        says(harness, "of 40 misclassified")
    });
    window.drop_file(&ink);
    window.await_that("a dropped ink file is evaluated", |harness| {
        says(harness, "of 1 misclassified")
    });
    assert!(
        window.says("of 1 non-digits rejected") && window.says("on ink.jsonl."),
        "the non-digit is counted apart"
    );
    assert!(window.says("No image is misclassified."), "a stick is a 1");
    let table = folder.path().join("table.csv");
    window.click("Save table…");
    window.type_path(&table, "Save");
    window.await_that("the table is saved", |harness| {
        says(harness, "Saved the confusion matrix")
    });
    let table = fs::read_to_string(table).expect("is there");
    assert!(
        table.contains("\n1,0,1,0,0,0,0,0,0,0,0,1\n"),
        "one 1, read:\n{table}"
    );
}

#[test]
fn noise_is_added_to_the_images() {
    let mut window = tested(settings(), [1100.0, 700.0], 1.0);
    let plain = images(&window);
    window.click("Noise");
    window.click("Salt and pepper");
    window.await_that("it is evaluated again", |harness| {
        says(
            harness,
            "on MNIST's test set with 15\u{a0}% salt and pepper.",
        )
    });
    assert_eq!(window.value("Noise"), "salt-and-pepper:0.15", "it is on");
    assert!(window.says("without noise"), "the baseline is beside it");
    assert_ne!(images(&window), plain, "other images are misclassified");
    window.click("No noise");
    window.await_that("and without", |harness| {
        says(harness, "Built-in on MNIST's test set.")
    });
    assert_eq!(images(&window), plain, "as before");
}

#[test]
fn a_trained_model_is_evaluated_by_itself() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let settings = crate::training::training_settings(folder.path(), 1);
    let mut window = tested(settings, [1100.0, 700.0], 1.0);
    window.click("Train");
    window.await_that("the new model is evaluated", |harness| {
        says(harness, "Run 1 on MNIST's test set.")
    });
}

#[test]
fn the_layout_fits_every_window_size() {
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
            labels.extend((0..10).map(|read| format!("True {digit}, predicted {read}")));
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
            let whole: Vec<String> = images(&window).into_iter().filter(is_whole).collect();
            assert!(
                whole.len() >= 2,
                "some images are wholly visible at {size:?}"
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

#[test]
fn at_most_one_help_is_shown() {
    let mut window = tested(settings(), [1100.0, 700.0], 1.0);
    let helps = |window: &Window| {
        let is_shown = |memory: &egui::Memory| {
            let layers = memory.areas().visible_layer_ids();
            let helps = layers.iter().filter(|it| it.order == Order::Tooltip);
            helps.count()
        };
        window.harness.ctx.memory(is_shown)
    };
    let bars = window.harness.query_all_by_label_contains("Confidence ");
    let bar = bars.last().expect("a bar").rect();
    let figure = window.harness.get_by_label("Reliability curve").rect();
    window.focus("Larger");
    window.harness.run_steps(8);
    assert_eq!(helps(&window), 1, "that of the focus");
    // The pointer comes through the heading of the figure.
    for pos in [figure.left_top() + vec2(4.0, 4.0), bar.center()] {
        window.harness.hover_at(pos);
        window.harness.run_steps(8);
        assert_eq!(helps(&window), 1, "at {pos}");
    }
    assert!(window.says("The mean confidence is"), "that of the bar");
}
