//! Drawings that a person keeps, and trainings that learn from them.

use std::{path::Path, slice};

use digitpad::{
    app::settings::Settings,
    bitmap::Digit,
    ink::file::{self, Label},
    worker::hand::file_in,
};
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

use crate::{
    driver::{SEVEN, Window, says, settings},
    training::training_settings,
};

/// Draws a 7 and keeps it as a 4.
fn keep(window: &mut Window, notice: &str) {
    window.draw(SEVEN);
    window.await_that("it is read", |harness| {
        harness.state().state().answer().is_some()
    });
    window.click("Probability of 4");
    window.await_that("it is kept", |harness| says(harness, notice));
    assert!(window.says("Empty. Draw"), "and makes room for the next");
}

fn labels(data_folder: &Path) -> Vec<Option<Label>> {
    let records = file::read_if_any(&file_in(data_folder)).expect("it is ink");
    records.into_iter().map(|record| record.label).collect()
}

#[test]
fn a_click_on_a_bar_keeps_the_drawing_for_the_next_training() {
    let (data, folder) = (tempfile::tempdir(), tempfile::tempdir());
    let data = data.expect("a folder for the test");
    let folder = folder.expect("a folder for the test");
    let trains = training_settings(data.path(), 2);
    let mut window = Window::with_model(trains, None, [1100.0, 2400.0], 1.0);
    window.harness.state_mut().keep_trainings_in(folder.path());
    window.click("Settings");
    window.click("Data");
    assert!(!window.says("Your drawings"), "there are none yet");
    keep(&mut window, "Kept as a 4, the first of your drawings.");
    let four = Some(Label::Digit(Digit::ALL[4]));
    assert_eq!(labels(folder.path()), slice::from_ref(&four), "in the file");
    window.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(
        window.value("Drawing pad"),
        "1 stroke",
        "undo brings it back"
    );
    window.click("Clear");
    keep(&mut window, "Kept as a 4, 2 of your drawings by now.");
    assert!(
        window.says("Learn from the 2 drawings that you kept"),
        "the settings tell"
    );
    window.click("Forget the last");
    window.await_that("one is gone", |harness| {
        says(harness, "Learn from the drawing that you kept")
    });
    assert_eq!(labels(folder.path()), [four], "in the file as well");
    window.click("Train");
    window.await_that("it is trained", |harness| says(harness, "Test accuracy"));
    let form = |window: &Window| window.harness.state().state().training.form.learns_hand;
    assert!(form(&window), "it learnt from them");
    window.click("Your drawings");
    assert!(!form(&window), "until it is told not to");
}

#[test]
fn what_can_be_kept_is_said_where_it_is_and_nothing_moves_for_it() {
    let hint = "Wrong? Click the digit it is.";
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
        assert!(window.says(hint), "it is said in {size:?}");
        window.click("Probability of 4");
        window.await_that("where there is no folder, that is said", |harness| {
            says(harness, "DIGITPAD_DATA_DIR")
        });
        assert_eq!(window.value("Drawing pad"), "1 stroke", "nothing is lost");
        window.click("Clear");
        assert!(!window.says(hint), "without ink there is nothing to keep");
    }
}
