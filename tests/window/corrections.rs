//! Saving drawings as corrections, and training on them.

use std::{path::Path, slice};

use digitpad::{
    bitmap::Digit,
    ink::file::{self, Label},
    store::corrections::file_in,
    store::settings::Settings,
};
use egui::{Event, Key, Modifiers, vec2};
use egui_kittest::kittest::Queryable as _;

use crate::driver::{SEVEN, Window, button, says, settings};

/// Draws a 7 and waits for the prediction.
fn draw(window: &mut Window) {
    window.draw(SEVEN);
    window.await_that("a prediction", |harness| {
        harness.state().state().pad.answer().is_some()
    });
}

/// Draws a 7 and saves it as a 4.
fn save(window: &mut Window, notice: &str) {
    draw(window);
    window.click("Probability of 4");
    window.await_that("it is saved", |harness| says(harness, notice));
    assert!(window.says("Empty. Draw"), "the pad is cleared");
}

fn labels(data_folder: &Path) -> Vec<Option<Label>> {
    let records = file::read_if_exists(&file_in(data_folder)).expect("it is ink");
    records.into_iter().map(|record| record.label).collect()
}

#[test]
fn a_click_on_a_bar_saves_the_drawing_for_the_next_training() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut window = Window::with_model(settings(), None, [1100.0, 2400.0], 1.0);
    window.harness.state_mut().use_data_folder(folder.path());
    window.click("Settings tab");
    window.click("Data");
    assert!(!window.says("Corrections"), "there are none yet");
    save(&mut window, "Saved as a 4: 1 correction.");
    let four = Some(Label::Digit(Digit::ALL[4]));
    assert_eq!(labels(folder.path()), slice::from_ref(&four), "in the file");
    save(&mut window, "Saved as a 4: 2 corrections.");
    window.press(Modifiers::COMMAND, Key::Z);
    window.await_that("undo removes it", |harness| {
        says(harness, "Removed the correction: a 4.")
    });
    assert_eq!(window.value("Drawing pad"), "1 stroke", "as it was drawn");
    assert_eq!(
        labels(folder.path()),
        slice::from_ref(&four),
        "not in the file"
    );
    window.click("Save as a non-digit");
    window.await_that("it is saved", |harness| {
        says(harness, "Saved as a non-digit: 2 corrections.")
    });
    assert!(
        window.says("Train on your 2 corrections"),
        "the settings show them"
    );
    window.click("Delete the last correction");
    window.await_that("one is gone", |harness| {
        says(harness, "Train on your correction")
    });
    assert_eq!(labels(folder.path()), [four], "in the file as well");
    assert_eq!(window.value("Drawing pad"), "1 stroke", "and on the pad");
    let form = |window: &Window| {
        window
            .harness
            .state()
            .state()
            .training
            .form
            .uses_corrections
    };
    assert!(form(&window), "trainings use them");
    window.click("Corrections");
    assert!(!form(&window), "until switched off");
    window.click("Folder");
    assert!(
        window.says("Only with MNIST: your correction"),
        "not for a folder"
    );
    assert!(
        window.says("Delete the last correction"),
        "the file stays editable"
    );
    window.click("Train tab");
    window.click("Fine-tune on your correction");
    window.await_that("fine-tuning starts nevertheless", |harness| {
        says(harness, "Fine-tuning of ")
    });
    window.click("Stop");
}

#[test]
fn a_click_that_closes_a_menu_saves_nothing() {
    for (menu, row) in [
        ("Noise", "Probability of 9"),
        ("View", "Save as a non-digit"),
    ] {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let mut window = Window::with_model(settings(), None, [1100.0, 700.0], 1.0);
        window.harness.state_mut().use_data_folder(folder.path());
        draw(&mut window);
        window.click(menu);
        let place = window.harness.get_by_label(row).rect().left_center() + vec2(6.0, 0.0);
        window.frame_with(vec![Event::PointerMoved(place), button(place, true)]);
        window.frame_with(vec![button(place, false)]);
        assert_eq!(window.value("Drawing pad"), "1 stroke", "{menu} is closed");
        window.click("Probability of 4");
        window.await_that("now it is saved", |harness| {
            says(harness, "Saved as a 4: 1 correction")
        });
        let four = Some(Label::Digit(Digit::ALL[4]));
        assert_eq!(labels(folder.path()), [four], "and nothing before");
    }
}

#[test]
fn the_hint_shows_when_there_is_a_prediction_and_moves_nothing() {
    let hint = "Wrong? Click the right digit, or";
    for (size, training_panel) in [([760.0, 520.0], false), ([1100.0, 700.0], true)] {
        let settings = Settings {
            training_panel,
            ..settings()
        };
        let mut window = Window::with_model(settings, None, size, 1.0);
        let bars = |window: &Window| {
            let label = |digit| format!("Probability of {digit}");
            let rects = (0..10).map(|digit| window.harness.get_by_label(&label(digit)).rect());
            rects.collect::<Vec<_>>()
        };
        let before = bars(&window);
        window.draw(SEVEN);
        window.await_answer('7');
        assert_eq!(bars(&window), before, "the bars stay in {size:?}");
        assert!(window.says(hint), "the hint in {size:?}");
        window.click("Probability of 4");
        window.await_that("without a data folder, an error", |harness| {
            says(harness, "DIGITPAD_DATA_DIR")
        });
        assert_eq!(window.value("Drawing pad"), "1 stroke", "nothing is lost");
        window.click("Clear");
        assert!(
            !window.says(hint),
            "without ink there is nothing to correct"
        );
    }
}
