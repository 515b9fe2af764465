//! Saving drawings as corrections, and training on them.

use std::{path::Path, slice};

use digitpad::{
    app::App,
    bitmap::Digit,
    ink::file::{self, Label},
    store::{
        corrections::{CorrectionLabel, file_in},
        settings::Settings,
    },
};
use egui::{Event, Key, Modifiers};
use egui_kittest::{Harness, kittest::Queryable as _};

use crate::driver::{SEVEN, Window, button, says, settings};

/// Draws a 7 and waits for the prediction.
fn draw(window: &mut Window) {
    window.draw(SEVEN);
    window.await_that("a prediction", |harness| {
        harness.state().state().pad.answer().is_some()
    });
}

/// Chooses a label in the menu of the control that corrects.
fn correct(window: &mut Window, label: &str) {
    window.click("Correct the prediction");
    window.click(label);
}

fn await_notice(window: &mut Window, text: &str) {
    window.await_that(text, |harness| says(harness, text));
}

fn labels(data_folder: &Path) -> Vec<Option<Label>> {
    let records = file::read_if_exists(&file_in(data_folder)).expect("it is ink");
    records.into_iter().map(|record| record.label).collect()
}

fn is_on_pad(window: &Window, label: Option<usize>) -> bool {
    let known = window.harness.state().state().correction();
    known == label.map(|digit| CorrectionLabel(Some(Digit::ALL[digit])))
}

#[test]
fn a_correction_keeps_the_drawing_and_is_undone_and_redone() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut window = Window::with_model(settings(), None, [1100.0, 700.0], 1.0);
    window.harness.state_mut().use_data_folder(folder.path());
    draw(&mut window);
    let bar = window
        .harness
        .get_by_label("Probability of 4")
        .rect()
        .center();
    window.frame_with(vec![Event::PointerMoved(bar), button(bar, true)]);
    window.frame_with(vec![button(bar, false)]);
    assert!(
        labels(folder.path()).is_empty(),
        "a click on a bar saves nothing"
    );
    correct(&mut window, "Save as 4");
    await_notice(&mut window, "Saved as a 4: 1 correction.");
    let [four, nine] = [4, 9].map(|digit| Some(Label::Digit(Digit::ALL[digit])));
    assert_eq!(labels(folder.path()), slice::from_ref(&four), "in the file");
    assert_eq!(window.value("Drawing pad"), "1 stroke", "the drawing stays");
    assert!(window.says("saved as a 4"), "with its label");
    let middle = |label: &str| window.harness.get_by_label(label).rect().center().y;
    let off = (middle("Fine-tune now") - middle("Dismiss")).abs();
    assert!(off < 0.5, "the buttons of the line are off by {off}");
    window.press(Modifiers::NONE, Key::Num9);
    await_notice(&mut window, "Saved as a 9: 1 correction.");
    assert_eq!(
        labels(folder.path()),
        slice::from_ref(&nine),
        "by a key: another label"
    );
    let undo = |harness: &Harness<'static, App>| {
        let buttons = harness.query_all_by_label("Undo");
        buttons
            .max_by(|a, b| a.rect().top().total_cmp(&b.rect().top()))
            .expect("it is there")
            .click();
    };
    undo(&window.harness);
    await_notice(&mut window, "Saved as a 4: 1 correction.");
    window.press(Modifiers::COMMAND, Key::Z);
    await_notice(&mut window, "Removed the correction: a 4.");
    assert!(labels(folder.path()).is_empty(), "not in the file");
    assert_eq!(window.value("Drawing pad"), "1 stroke", "the drawing stays");
    window.press(Modifiers::COMMAND, Key::Y);
    window.press(Modifiers::COMMAND, Key::Y);
    window.await_that("redo brings both back", |harness| {
        harness.state().state().correction() == Some(CorrectionLabel(Some(Digit::ALL[9])))
            && harness.state().state().training.correction_count == Some(1)
    });
    await_notice(&mut window, "Saved as a 9: 1 correction.");
    assert_eq!(labels(folder.path()), [nine], "in the file again");
    window.press(Modifiers::NONE, Key::N);
    await_notice(&mut window, "Saved as a non-digit: 1 correction.");
    window.click("Clear");
    assert!(is_on_pad(&window, None), "the next drawing is none");
    window.click("Fine-tune now");
    window.await_that("fine-tuning starts", |harness| {
        says(harness, "Fine-tuning of ")
    });
    window.click("Stop");
}

#[test]
fn a_drawing_of_an_earlier_session_has_its_correction_and_a_later_one_replaces_it() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut window = Window::new(settings());
    window.harness.state_mut().use_data_folder(folder.path());
    draw(&mut window);
    window.press(Modifiers::NONE, Key::Num4);
    window.await_that("it is saved", |harness| {
        harness.state().state().correction().is_some()
    });
    // The history has it.
    window.click("Clear");
    window.await_that("it is recorded", |harness| {
        !harness.state().state().history.list.is_empty()
    });
    drop(window);
    let mut window = Window::new(settings());
    window.harness.state_mut().use_data_folder(folder.path());
    let [four, nine] = [4, 9].map(|digit| Some(CorrectionLabel(Some(Digit::ALL[digit]))));
    window.await_that("it is back, with its label", |harness| {
        let state = harness.state().state();
        state.can_correct() && state.correction() == four
    });
    window.press(Modifiers::NONE, Key::Num9);
    window.await_that("another label", |harness| {
        harness.state().state().correction() == nine
    });
    let nine = Some(Label::Digit(Digit::ALL[9]));
    assert_eq!(labels(folder.path()), [nine], "the last one counts");
}

#[test]
fn the_gallery_relabels_deletes_and_tests() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut window = Window::with_model(settings(), None, [1100.0, 700.0], 1.0);
    window.harness.state_mut().use_data_folder(folder.path());
    for (key, left) in [(Key::Num4, 0.0), (Key::Num7, 0.05)] {
        let points: Vec<_> = SEVEN.iter().map(|&(x, y)| (x + left, y)).collect();
        window.draw(&points);
        window.await_answer('7');
        window.press(Modifiers::NONE, key);
        window.await_that("it is saved", |harness| {
            harness.state().state().correction().is_some()
        });
        window.click("Clear");
    }
    window.draw(SEVEN);
    window.await_answer('7');
    window.click("All corrections…");
    await_notice(&mut window, "Built-in reads 1 of 2 as labeled");
    let tile = |window: &Window, name: &str| {
        let tiles = window.harness.query_all_by_label_contains(name);
        tiles.into_iter().next().expect("a tile").click();
    };
    tile(&window, "Correction 1: 4, read as 7");
    window.harness.run_steps(2);
    window.click("Save as 7");
    await_notice(&mut window, "Built-in reads 2 of 2 as labeled");
    tile(&window, "Correction 1: 7, read as 7");
    window.harness.run_steps(2);
    window.click("Delete");
    await_notice(&mut window, "Built-in reads 1 of 1 as labeled");
    window.click("Close");
    window.click("Restore");
    await_notice(&mut window, "Saved as a 7: 2 corrections.");
    window.click("All corrections…");
    await_notice(&mut window, "Built-in reads 2 of 2 as labeled");
    window.click("Test on my drawings");
    await_notice(&mut window, "100.00\u{a0}% accuracy");
}

#[test]
fn a_picture_is_corrected() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut window = Window::with_model(settings(), None, [1100.0, 700.0], 1.0);
    window.harness.state_mut().use_data_folder(folder.path());
    window.drop_file(Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fuzz/seeds/picture/mnist.png"
    )));
    window.await_that("a prediction", |harness| {
        harness.state().state().pad.answer().is_some()
    });
    correct(&mut window, "Save as 4");
    await_notice(&mut window, "Saved as a 4: 1 correction.");
    window.click("All corrections…");
    await_notice(&mut window, "of 1 as labeled");
}

#[test]
fn the_control_shows_when_there_is_a_prediction_and_moves_nothing() {
    let control = "Correct the prediction";
    for (size, training_panel) in [
        ([480.0, 360.0], false),
        ([760.0, 520.0], false),
        ([1100.0, 700.0], true),
    ] {
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
        let place = window.harness.get_by_label(control).rect();
        assert!(
            place.right() < size[0] && place.bottom() <= before[0].top(),
            "in sight: {place:?}"
        );
        window.press(Modifiers::NONE, Key::Num4);
        window.await_that("without a data folder, an error", |harness| {
            says(harness, "DIGITPAD_DATA_DIR")
        });
        assert_eq!(window.value("Drawing pad"), "1 stroke", "nothing is lost");
        window.click("Clear");
        assert!(
            window.harness.query_by_label(control).is_none(),
            "without ink there is nothing to correct"
        );
    }
}
