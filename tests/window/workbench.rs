//! The files, curves and run table of the training panel.

use std::{fs, path::Path};

use digitpad::training::config::{Optimizer, TrainingConfig};
use egui::{Color32, ColorImage, Key, Modifiers, ViewportCommand, vec2};
use egui_kittest::kittest::Queryable as _;

use crate::{
    driver::{SEVEN, Window, says, settings},
    fields::{form, opened, set},
    training::training_settings,
};

#[test]
fn settings_are_saved_loaded_and_dropped_and_errors_name_the_line() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("mine.toml");
    let mut window = opened(&["Training steps"]);
    set(&mut window, "Epochs", "3");
    window.click("Save settings…");
    window.type_path(&path, "Save");
    window.await_that("it is saved", |harness| {
        says(harness, "Saved the training settings")
    });
    let text = fs::read_to_string(&path).expect("it is written");
    let saved = TrainingConfig::from_toml(&text, "mine.toml").expect("it is whole");
    assert_eq!(saved.epochs, 3, "as it was set");

    let mut again = opened(&[]);
    again.click("Load settings…");
    again.type_path(&path, "Load");
    again.await_that("it is loaded", |harness| {
        says(harness, "Loaded the training settings")
    });
    assert_eq!(form(&again).config(), Ok(saved), "all of it");

    let refused = |window: &mut Window, text: &str, words: &[&str]| {
        let wrong = folder.path().join("wrong.toml");
        fs::write(&wrong, text).expect("writes");
        let before = form(window).clone();
        window.drop_file(&wrong);
        window.await_that("it is refused", |harness| says(harness, words[0]));
        for word in words {
            assert!(window.says(word), "says {word}");
        }
        assert_eq!(*form(window), before, "and nothing is lost");
    };
    refused(
        &mut again,
        "seed = 1\nepochs = 0",
        &["line 2", "epochs = 0", "1 to 10000"],
    );
    refused(&mut again, "\n\nepoch = 4", &["line 3", "epoch"]);

    let good = folder.path().join("good.toml");
    fs::write(
        &good,
        "epochs = 2\n[optimizer]\nkind = \"sgd\"\nmomentum = 0.9",
    )
    .expect("writes");
    again.drop_file(&good);
    again.await_that("what is dropped is loaded", |harness| {
        harness.state().state().training.form.draft.epochs == 2
    });
    assert_eq!(form(&again).draft.optimizer, Optimizer::MOMENTUM, "whole");
}

/// A window after two trainings, with its run library in a folder.
fn trained_twice(folder: &Path) -> Window {
    let mut window = Window::with_model(training_settings(folder, 3), None, [1100.0, 2400.0], 1.0);
    let data = folder.join("data");
    window.harness.state_mut().use_data_folder(&data);
    assert!(
        !window.says("as your last such training"),
        "no run tells the time"
    );
    for run in 1..=2 {
        window.click("Train");
        window.await_that("the run is saved", |harness| {
            let runs = harness.state().state().runs.list();
            runs.len() == run && runs.iter().all(|run| run.is_stored)
        });
    }
    window
}

#[test]
fn runs_are_saved_loaded_and_deleted() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut window = trained_twice(folder.path());
    assert!(window.says("Model: Run 2"), "the second");
    assert!(
        window.says("as your last such training"),
        "the time estimate"
    );
    window.click("Runs tab");
    assert!(
        window.says("layers 16, epochs 3"),
        "the differences are shown"
    );
    let menu = |name: &str| window.harness.get_by_label(name).rect();
    let [one, two] = ["Menu of Run 1", "Menu of Run 2"].map(menu);
    assert_eq!(one.left(), two.left(), "the menus are below each other");
    window.harness.get_by_label_contains("Run 1, Keras").click();
    window.harness.step();
    window.harness.step();
    assert!(window.says("Model: Run 1"), "is back");
    let closes = window.close();
    assert!(
        !closes.contains(&egui::ViewportCommand::CancelClose),
        "closing loses no stored run"
    );
    let ids: Vec<u64> = window
        .harness
        .state()
        .state()
        .runs
        .list()
        .iter()
        .map(|run| run.record.id)
        .collect();
    drop(window);

    let mut next = Window::with_model(settings(), None, [1100.0, 2400.0], 1.0);
    let data = folder.path().join("data");
    fs::write(data.join("runs").join("7.json"), "{").expect("writes");
    next.harness.state_mut().use_data_folder(&data);
    next.await_that("the earlier runs are listed", |harness| {
        harness.state().state().runs.list().len() == 2
    });
    next.await_that("the damaged file is reported", |harness| {
        says(harness, "7.json: found invalid content")
    });
    next.click("Dismiss");
    next.click("Learn");
    assert!(
        next.harness.query_by_label("Loss curves").is_some(),
        "the curves of the newest run are there"
    );
    next.click("Draw");
    next.click("Runs tab");
    next.harness.get_by_label_contains("Run 1, Keras").click();
    next.await_that("its model answers, by the same name", |harness| {
        says(harness, "Model: Run 1")
    });
    next.click("Menu of Run 1");
    next.click("Rename");
    next.harness
        .get_by_label("Name of the run")
        .type_text("Run 1 again");
    next.harness.step();
    next.press(Modifiers::NONE, Key::Enter);
    next.await_that("it has another name", |harness| {
        says(harness, "Model: Run 1 again")
    });
    next.click("Menu of Run 1 again");
    next.click("Delete…");
    next.await_that("a wrong click costs nothing", |harness| {
        says(harness, "Delete this run?")
    });
    next.click("Delete");
    next.await_that("it is gone", |_| {
        !data.join("runs").join(format!("{}.json", ids[1])).exists()
    });
    let left = next.harness.state().state().runs.list().len();
    assert_eq!(left, 1, "from the table too");
}

#[test]
fn curves_show_values_and_are_exported_as_a_table() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut window = trained_twice(folder.path());
    assert!(
        window.value("Loss curves").contains("answers"),
        "the epoch that answers is said"
    );
    window.click("Larger curves");
    window.click("Close the panel");
    window.click("Logarithmic");
    assert!(
        window
            .harness
            .query_by_label("Learning rate curves")
            .is_none(),
        "on demand"
    );
    window.click("Learning rate");
    assert!(
        window
            .harness
            .query_by_label("Learning rate curves")
            .is_some(),
        "now it is there"
    );
    let path = folder.path().join("curves.csv");
    window.click("Export…");
    window.click("Table (CSV)…");
    window.type_path(&path, "Save");
    window.await_that("it is written", |harness| {
        says(harness, "Saved the training curves")
    });
    let table = fs::read_to_string(&path).expect("it is there");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 4, "a heading and three epochs: {table}");
    assert!(lines[0].starts_with("epoch,loss,accuracy"), "{table}");
    assert!(lines[3].starts_with("3,"), "{table}");
}

#[test]
fn a_legend_wraps_in_a_narrow_window() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut window = trained_twice(folder.path());
    window.click("Larger curves");
    window.click("Close the panel");
    window.harness.set_size(vec2(480.0, 2400.0));
    window.harness.run_steps(3);
    for name in ["Earlier runs", "Learning rate"] {
        window.click(name);
    }
    for part in ["training", "validation", "batches"] {
        for entry in window.harness.query_all_by_label_contains(part) {
            let rect = entry.rect();
            assert!(rect.right() <= 480.0 - 16.0, "{part} at {rect:?}");
        }
    }
}

#[test]
fn the_image_of_the_curves_is_a_crop_of_a_screenshot() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    for size in [[1100.0, 2400.0], [640.0, 1500.0]] {
        let settings = training_settings(folder.path(), 2);
        let mut window = Window::with_model(settings, None, size, 1.0);
        window.click("Train");
        window.await_that("it is trained", |harness| says(harness, "on the test set"));
        window.click("Close the panel");
        window.click("Learn");
        window.click("Export…");
        window.click("Image (PNG)…");
        let screenshot = (0..8).find_map(|_| {
            window.harness.step();
            let is_screenshot = |command| match command {
                ViewportCommand::Screenshot(callback) => Some(callback),
                _ => None,
            };
            window.commands().into_iter().find_map(is_screenshot)
        });
        // Each pixel has its own color, so that the color gives the position.
        let [width, height] = size.map(|side| side as usize);
        let pixel = |index: usize| {
            let (x, y) = (index % width, index / width);
            Color32::from_rgb(
                (x % 256) as u8,
                (y % 256) as u8,
                (x / 256 + y / 256 * 16) as u8,
            )
        };
        let pixels = (0..width * height).map(pixel).collect();
        let image = ColorImage::new([width, height], pixels);
        screenshot
            .expect("the window asks for a screenshot")
            .complete(std::sync::Arc::new(image));
        let path = folder.path().join("curves.png");
        window.type_path(&path, "Save");
        window.await_that("it is written", |_| path.exists());
        let image = image::open(&path).expect("it is a picture").to_rgb8();
        let expected = [(size[0] - 16.0).min(800.0) as u32, 760];
        assert_eq!(
            <[u32; 2]>::from(image.dimensions()),
            expected,
            "in {size:?}"
        );
        let corner = [0, 1].map(|axis| (size[axis] as u32 - expected[axis]) / 2);
        let [x, y] = corner;
        let color = [x % 256, y % 256, x / 256 + y / 256 * 16].map(|value| value as u8);
        assert_eq!(image.get_pixel(0, 0).0, color, "the middle of {size:?}");
        fs::remove_file(&path).expect("it was written");
    }
}

#[test]
fn the_evaluation_adds_and_removes_noise() {
    let mut window = Window::new(settings());
    window.draw(SEVEN);
    window.await_answer('7');
    window.click("Noise");
    window.click("Salt and pepper");
    assert_eq!(window.value("Noise"), "salt-and-pepper:0.15", "it is on");
    let sees = window.value("Input of the network");
    assert_eq!(sees, "28 by 28 pixels, with noise", "and to be seen");
    window.harness.run();
    assert_eq!(
        window.value("Noise"),
        "salt-and-pepper:0.15",
        "and it stays as it is"
    );
    window.click("No noise");
    assert_eq!(window.value("Noise"), "off", "and off");
    window.await_answer('7');
}
