//! Numbers on the pad.

use digitpad::store::settings::{PadShape, Settings};
use egui::{Event, Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

use crate::driver::{ONE, SEVEN, Window, button, settings};

/// A shape at another place of the pad, in the pad's units.
fn placed(shape: &[(f32, f32)], scale: f32, (left, top): (f32, f32)) -> Vec<(f32, f32)> {
    let moved = shape
        .iter()
        .map(|&(x, y)| (left + scale * x, top + scale * y));
    moved.collect()
}

/// A window with a 7 and a 1 beside each other.
fn seventy_one() -> Window {
    let mut window = Window::new(settings());
    window.draw(&placed(SEVEN, 0.7, (-0.05, 0.1)));
    window.await_answer('7');
    window.draw(&placed(ONE, 0.7, (0.35, 0.1)));
    await_number(&mut window, "71");
    window
}

fn await_number(window: &mut Window, text: &str) {
    window.await_that(&format!("the number {text}"), |harness| {
        let shown = harness.state().state().pad.number();
        shown.is_some_and(|shown| shown.number().text() == text)
    });
    let value = window.value("Prediction");
    assert!(
        value.starts_with(text),
        "{value}: the answer is the number {text}"
    );
}

fn selected(window: &Window) -> usize {
    let number = window.harness.state().state().pad.number();
    number.expect("a number").selected()
}

fn strokes(window: &Window) -> usize {
    window.harness.state().state().pad.ink().strokes().len()
}

#[test]
fn the_bars_are_those_of_the_selected_digit() {
    let mut window = seventy_one();
    assert_eq!(selected(&window), 1, "the last one written");
    let is_sure = |bar: &str| bar.starts_with('9') || bar.starts_with('>');
    assert!(is_sure(&window.bars()[1]), "{:?}", window.bars());
    window.click("Digit 1 of 2");
    assert_eq!(selected(&window), 0, "a click in the answer");
    assert!(is_sure(&window.bars()[7]), "{:?}", window.bars());
    window.harness.get_by_label("Drawing pad").focus();
    window.harness.step();
    window.press(Modifiers::NONE, Key::ArrowRight);
    assert_eq!(selected(&window), 1, "the right arrow");
    window.press(Modifiers::NONE, Key::ArrowLeft);
    assert_eq!(selected(&window), 0, "the left arrow");
}

#[test]
fn a_tap_on_a_reading_selects_and_a_stroke_from_it_draws() {
    let mut window = seventy_one();
    // Below the 7, whose bracket is there.
    let reading = window.on_pad((0.29, 0.75));
    window.frame_with(vec![button(reading, true), button(reading, false)]);
    assert_eq!(
        (selected(&window), strokes(&window)),
        (0, 2),
        "a tap draws nothing"
    );
    let end = reading + egui::vec2(30.0, 10.0);
    window.frame_with(vec![
        button(reading, true),
        Event::PointerMoved(end),
        button(end, false),
    ]);
    assert_eq!(strokes(&window), 3, "a stroke may begin there");
}

#[test]
fn digits_of_a_number_are_undone_and_erased() {
    let mut window = seventy_one();
    window.click("Undo");
    window.await_answer('7');
    assert!(
        window.harness.state().state().pad.number().is_none(),
        "one digit is no number"
    );
    window.click("Redo");
    await_number(&mut window, "71");
    window.click("Clear");
    assert!(
        window.value("Prediction").contains("draw a digit"),
        "nothing is left"
    );
}

#[test]
fn a_late_bar_belongs_to_its_seven() {
    let mut window = seventy_one();
    window.draw(&[(0.2, 0.36), (0.38, 0.36)]);
    window.await_that("the bar is read", |harness| {
        let shown = harness.state().state().pad.number();
        shown.is_some_and(|shown| shown.number().digits[0].strokes == [0, 2])
    });
    await_number(&mut window, "71");
    assert_eq!(selected(&window), 0, "the digit of the last stroke");
}

#[test]
fn the_pad_may_be_a_line_and_stays_one() {
    let mut window = Window::new(settings());
    window.press(Modifiers::NONE, Key::L);
    let pad = window.pad();
    assert!(
        (pad.width() / pad.height() - 3.0).abs() < 0.01,
        "three to one: {pad}"
    );
    assert_eq!(
        window.harness.state().state().settings.pad_shape,
        PadShape::Line,
        "remembered"
    );
    // As wide as in the square, in the pad's width.
    let narrow = |shape: &[(f32, f32)], left: f32| -> Vec<(f32, f32)> {
        shape.iter().map(|&(x, y)| (left + 0.3 * x, y)).collect()
    };
    window.draw(&narrow(SEVEN, 0.0));
    window.draw(&narrow(ONE, 0.2));
    window.draw(&narrow(SEVEN, 0.4));
    await_number(&mut window, "717");
    window.press(Modifiers::NONE, Key::L);
    let right = window
        .harness
        .state()
        .state()
        .pad
        .ink()
        .bounds()
        .expect("ink")
        .max
        .x;
    assert!(right <= 1.0, "the square holds all ink: {right}");
    let again = Window::new(Settings {
        pad_shape: PadShape::Line,
        ..settings()
    });
    assert!(
        again.pad().width() > 2.9 * again.pad().height(),
        "at the next start"
    );
}
