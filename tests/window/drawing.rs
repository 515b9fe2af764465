//! The pen, the pad and the bars.

use std::{path::PathBuf, sync::Arc};

use digitpad::{
    app::App,
    ink::{self, Ink, file::Label},
    model::{calibration::Calibration, file::Model},
    recognition::predict,
};
use egui::{
    Event, Key, Modifiers, PointerButton, Pos2, TouchDeviceId, TouchId, TouchPhase, accesskit::Live,
};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};

use crate::driver::{ONE, SEVEN, Window, button, settings};

#[test]
fn a_drawn_digit_shows_in_the_bars() {
    let mut window = Window::new(settings());
    assert!(
        window.value("Prediction").contains("draw a digit"),
        "an empty pad says what to do"
    );
    let answer = window.harness.get_by_label("Prediction");
    let live = answer.accesskit_node().live();
    assert_eq!(live, Live::Polite, "a screen reader says each answer");
    assert_eq!(window.bars(), ["none"; 10], "and predicts nothing");
    for (points, digit) in [(SEVEN, '7'), (ONE, '1')] {
        window.draw(points);
        window.await_answer(digit);
        let bars = window.bars();
        let best: &str = &bars[digit.to_digit(10).expect("a digit") as usize];
        assert!(best.ends_with("\u{a0}%"), "{bars:?} are percentages");
        let share: f32 = best
            .trim_start_matches('>')
            .trim_end_matches("\u{a0}%")
            .parse()
            .expect("a number");
        assert!(share > 50.0, "{bars:?} have {digit} as the best");
        window.click("Clear");
        assert_eq!(window.bars(), ["none"; 10], "nothing is left");
    }
    window.harness.run();
}

#[test]
fn a_tap_leaves_a_dot() {
    let mut window = Window::new(settings());
    let place = window.on_pad((0.5, 0.5));
    window.frame_with(vec![button(place, true), button(place, false)]);
    assert_eq!(
        window.value("Drawing pad"),
        "1 stroke",
        "although press and release share a frame"
    );
    window.await_that("the dot is seen", |harness| {
        harness.state().state().pad.answer().is_some()
    });
}

/// An action of the user.
type Step = fn(&mut Window);

#[test]
fn strokes_are_undone_redone_and_cleared_by_button_and_by_key() {
    let mut window = Window::new(settings());
    window.draw(SEVEN);
    window.draw(ONE);
    let cases: [(Step, &str, &str); 11] = [
        (|w| w.click("Undo"), "1 stroke", "the button Undo"),
        (|w| w.click("Redo"), "2 strokes", "the button Redo"),
        (|w| w.click("Clear"), "Empty", "the button Clear"),
        (|w| w.click("Undo"), "2 strokes", "a clear is undone"),
        (
            |w| w.press(Modifiers::COMMAND, Key::Z),
            "1 stroke",
            "Ctrl+Z",
        ),
        (
            |w| w.press(Modifiers::COMMAND, Key::Y),
            "2 strokes",
            "Ctrl+Y",
        ),
        (
            |w| w.press(Modifiers::COMMAND, Key::Z),
            "1 stroke",
            "Ctrl+Z again",
        ),
        (
            |w| w.press(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z),
            "2 strokes",
            "Ctrl+Shift+Z",
        ),
        (|w| w.press(Modifiers::NONE, Key::Delete), "Empty", "Delete"),
        (
            |w| w.press(Modifiers::COMMAND, Key::Z),
            "2 strokes",
            "Ctrl+Z after Delete",
        ),
        (
            |w| w.press(Modifiers::NONE, Key::Escape),
            "2 strokes",
            "Escape clears nothing",
        ),
    ];
    for (step, expected, reason) in cases {
        step(&mut window);
        let value = window.value("Drawing pad");
        assert!(
            value.starts_with(expected),
            "{reason}: {value}, expected {expected}"
        );
    }
}

#[test]
fn keys_in_a_text_field_leave_the_drawing_alone() {
    let mut window = Window::new(settings());
    window.draw(SEVEN);
    window.click("Settings tab");
    window.harness.get_by_label("Hidden layers").focus();
    window.harness.step();
    window.harness.get_by_label("Hidden layers").type_text(",x");
    window.harness.step();
    window.press(Modifiers::NONE, Key::Backspace);
    window.press(Modifiers::COMMAND, Key::Z);
    window.press(Modifiers::NONE, Key::Escape);
    assert_eq!(
        window.value("Drawing pad"),
        "1 stroke",
        "nothing was undone or cleared, not even by the key that restores the field"
    );
    // The second one goes to the pad.
    window.key(Key::Escape);
    window.press(Modifiers::NONE, Key::Delete);
    assert!(window.says("Empty. Draw"), "without a field, a key clears");
}

#[test]
fn keys_in_a_menu_leave_the_drawing_alone() {
    let mut window = Window::new(settings());
    window.draw(SEVEN);
    window.open_models();
    assert!(window.says("Load weights…"), "the menu is open");
    window.press(Modifiers::NONE, Key::Delete);
    window.press(Modifiers::NONE, Key::Escape);
    window.harness.step();
    assert!(!window.says("Load weights…"), "it closes");
    assert_eq!(window.value("Drawing pad"), "1 stroke", "the drawing stays");
}

#[test]
fn every_sample_of_a_frame_is_taken_in_order() {
    let mut window = Window::new(settings());
    let points: Vec<(f32, f32)> = (0..40)
        .map(|i| (0.1 + 0.02 * i as f32, 0.5 + 0.3 * (i as f32 * 0.4).sin()))
        .collect();
    window.draw(&points);
    let ink = window.harness.state().state().pad.ink().clone();
    assert_eq!(ink.strokes().len(), 1, "one stroke");
    let taken = ink.strokes()[0].points();
    assert_eq!(taken.len(), points.len(), "none is lost, none is added");
    for (taken, (x, y)) in taken.iter().zip(points) {
        assert!(
            (taken.x - x).abs() < 1e-4 && (taken.y - y).abs() < 1e-4,
            "in order and in place"
        );
    }
}

#[test]
fn a_stroke_continues_outside_the_pad_and_the_window() {
    let mut window = Window::new(settings());
    let (inside, outside) = (window.on_pad((0.5, 0.5)), window.on_pad((1.2, 0.5)));
    let back = window.on_pad((0.5, 0.9));
    window.frame_with(vec![button(inside, true), Event::PointerMoved(outside)]);
    window.frame_with(vec![Event::PointerMoved(back), button(back, false)]);
    let ink = window.harness.state().state().pad.ink().clone();
    assert_eq!(
        ink.strokes()[0].points().len(),
        3,
        "over the edge and back is one stroke"
    );
    window.frame_with(vec![button(inside, true), Event::PointerGone]);
    window.frame_with(vec![Event::PointerMoved(back)]);
    let ink = window.harness.state().state().pad.ink().clone();
    assert_eq!(
        ink.strokes().len(),
        2,
        "the stroke that ended outside the window is there"
    );
    assert_eq!(
        ink.strokes()[1].points().len(),
        1,
        "the stroke does not continue when the mouse returns"
    );
    window.frame_with(vec![
        button(outside, true),
        Event::PointerMoved(inside),
        button(inside, false),
    ]);
    let count = window.harness.state().state().pad.ink().strokes().len();
    assert_eq!(count, 2, "a press beside the pad draws nothing");
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "the tester must see which tests were skipped"
)]
fn digits_of_many_writers_are_recognized() {
    let folder = std::env::var_os("DIGITPAD_INK_DIR").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/ink")),
        PathBuf::from,
    );
    let path = folder.join("digits.jsonl.gz");
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
        return;
    }
    let records = ink::file::read(&path).expect("the samples are ink");
    let model = Model::built_in().expect("the built-in model fits");
    let mut window = Window::new(settings());
    let (mut read, mut right) = (0, 0);
    for record in records.iter().step_by(records.len() / 40) {
        let Some(Label::Digit(digit)) = record.label else {
            continue;
        };
        draw_ink(&mut window, &record.ink);
        let bitmap = ink::to_bitmap(&record.ink).expect("the samples have strokes");
        let expected = predict(&model, &bitmap).expect("it is computed").digit();
        let answer = char::from(b'0' + expected.value());
        window.await_that(&format!("{answer}, as the library reads it"), |harness| {
            let shown = harness.state().state().pad.answer();
            shown.is_some_and(|shown| shown.prediction.digit() == expected)
        });
        read += 1;
        right += usize::from(expected == digit);
        window.click("Clear");
    }
    assert!(right * 10 >= read * 8, "{right} of {read} are read rightly");
}

fn draw_ink(window: &mut Window, ink: &Ink) {
    for stroke in ink.strokes() {
        let points: Vec<(f32, f32)> = stroke.points().iter().map(|p| (p.x, p.y)).collect();
        window.draw(&points);
    }
}

#[test]
fn the_headline_names_uncertain_predictions_and_non_digits() {
    let cases = [
        (Calibration::default(), "7 · ", "the prediction is certain"),
        (
            Calibration {
                temperature: 100.0,
                reject_threshold: None,
            },
            "No idea, perhaps 7",
            "all digits are about as likely",
        ),
        (
            Calibration {
                temperature: 1.0,
                reject_threshold: Some(1e5),
            },
            "Not a digit, looks most like 7",
            "no drawing has so high an energy score",
        ),
    ];
    for (calibration, expected, reason) in cases {
        let mut model = Model::built_in().expect("the built-in model fits");
        model.metadata.calibration = calibration;
        let loaded = Some((PathBuf::from("w.safetensors"), model));
        let mut window = Window::with_model(settings(), loaded, [1100.0, 700.0], 1.0);
        window.draw(SEVEN);
        window.await_that(reason, |harness| {
            let answer = harness.get_by_label("Prediction").value();
            answer.is_some_and(|answer| answer.starts_with(expected))
        });
        assert!(
            window.bars()[7].ends_with('%'),
            "{reason}: the bars stay: {:?}",
            window.bars()
        );
    }
}

fn touch(id: u64, phase: TouchPhase, pos: Pos2) -> Event {
    Event::Touch {
        device_id: TouchDeviceId(0),
        id: TouchId(id),
        phase,
        pos,
        force: None,
    }
}

fn stroke_count(window: &Window) -> usize {
    window.harness.state().state().pad.ink().strokes().len()
}

#[test]
fn one_finger_draws_and_a_canceled_touch_takes_its_stroke_back() {
    let mut window = Window::new(settings());
    let [start, end, other] = [(0.3, 0.3), (0.6, 0.6), (0.8, 0.2)].map(|at| window.on_pad(at));
    // The system sends pointer events for the first finger alone.
    window.frame_with(vec![
        touch(1, TouchPhase::Start, start),
        Event::PointerMoved(start),
        button(start, true),
        touch(2, TouchPhase::Start, other),
        touch(1, TouchPhase::Move, end),
        Event::PointerMoved(end),
        touch(2, TouchPhase::Cancel, other),
    ]);
    assert_eq!(stroke_count(&window), 1, "the first finger draws on");
    window.frame_with(vec![
        touch(1, TouchPhase::End, end),
        button(end, false),
        Event::PointerGone,
    ]);
    assert_eq!(stroke_count(&window), 1, "the second draws nothing");
    window.frame_with(vec![
        touch(3, TouchPhase::Start, other),
        Event::PointerMoved(other),
        button(other, true),
    ]);
    assert_eq!(stroke_count(&window), 2, "a touch draws at once");
    window.frame_with(vec![
        touch(3, TouchPhase::Cancel, other),
        Event::PointerGone,
    ]);
    assert_eq!(stroke_count(&window), 1, "the system took it back");
    window.press(Modifiers::COMMAND, Key::Y);
    assert_eq!(stroke_count(&window), 1, "for good");
}

#[test]
fn strokes_are_erased_by_button_key_and_right_mouse_button() {
    let mut window = Window::new(settings());
    for x in [0.2, 0.4, 0.6, 0.8] {
        window.draw(&[(x, 0.2), (x, 0.8)]);
    }
    let across = [(0.15, 0.5), (0.25, 0.5)];
    window.click("Eraser");
    window.draw(&across);
    assert_eq!(
        stroke_count(&window),
        3,
        "the eraser removes a whole stroke"
    );
    window.draw(&[(0.5, 0.5), (0.51, 0.5)]);
    assert_eq!(
        stroke_count(&window),
        3,
        "beside all strokes it removes none"
    );
    window.press(Modifiers::NONE, Key::E);
    window.draw(&across);
    assert_eq!(stroke_count(&window), 4, "the key returns to the pen");
    let right = |pos: Pos2, pressed: bool| Event::PointerButton {
        pos,
        button: PointerButton::Secondary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    let [from, to] = [(0.35, 0.4), (0.85, 0.4)].map(|at| window.on_pad(at));
    window.frame_with(vec![
        right(from, true),
        Event::PointerMoved(to),
        right(to, false),
    ]);
    assert_eq!(stroke_count(&window), 1, "the right button erases three");
    window.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(stroke_count(&window), 4, "in one step");
}

#[test]
fn an_empty_pad_gives_the_pen_back() {
    let mut window = Window::new(settings());
    window.press(Modifiers::NONE, Key::E);
    window.draw(ONE);
    assert_eq!(stroke_count(&window), 1, "there was nothing to erase");
    let empties: [(Step, &str); 2] = [
        (|window| window.draw(ONE), "all is erased"),
        (|window| window.click("Clear"), "cleared"),
    ];
    for (empty, reason) in empties {
        window.click("Eraser");
        empty(&mut window);
        assert_eq!(stroke_count(&window), 0, "{reason}");
        window.draw(ONE);
        assert_eq!(stroke_count(&window), 1, "{reason}: the pen draws");
    }
}

#[test]
fn the_eraser_erases_the_ink_that_its_circle_touches() {
    let mut window = Window::new(settings());
    window.draw(&[(0.5, 0.2), (0.5, 0.8)]);
    window.click("Eraser");
    // The circle has a radius of 0.045, and half of the ink's width is 0.034.
    for (x, left) in [(0.5 + 0.085, 1), (0.5 + 0.073, 0)] {
        window.draw(&[(x, 0.5)]);
        assert_eq!(stroke_count(&window), left, "at {x}");
    }
}

#[test]
fn the_answer_and_its_bar_show_the_same_percentage() {
    let mut window = Window::new(settings());
    window.draw(SEVEN);
    window.await_answer('7');
    let bar = window.bars()[7].clone();
    assert_eq!(window.value("Prediction"), format!("7 · {bar}"), "one rule");
}

#[test]
fn the_eraser_can_remove_what_it_touches_alone() {
    let mut window = Window::new(settings());
    window.draw(&[(0.2, 0.2), (0.2, 0.8)]);
    window.click("Eraser");
    assert_eq!(window.value("Eraser removes"), "whole strokes", "at first");
    window.click("Eraser removes");
    assert_eq!(window.value("Eraser removes"), "what it touches", "a click");
    let across = [(0.15, 0.5), (0.25, 0.5)];
    window.draw(&across);
    assert_eq!(stroke_count(&window), 2, "it leaves both ends");
    window.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(stroke_count(&window), 1, "in one step");
    window.click("Eraser");
    assert_eq!(window.value("Pen width"), "medium", "the pen again");
    let settings = window.harness.state().state().settings.clone();
    let mut window = Window::new(settings);
    window.draw(&[(0.2, 0.2), (0.2, 0.8)]);
    let right = |pos: Pos2, pressed: bool| Event::PointerButton {
        pos,
        button: PointerButton::Secondary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    let [from, to] = across.map(|at| window.on_pad(at));
    window.frame_with(vec![
        right(from, true),
        Event::PointerMoved(to),
        right(to, false),
    ]);
    assert_eq!(stroke_count(&window), 2, "so does the right button, later");
    window.press(Modifiers::NONE, Key::E);
    window.press(Modifiers::SHIFT, Key::E);
    assert_eq!(window.value("Eraser removes"), "whole strokes", "by keys");
}

#[test]
fn the_width_of_the_pen_changes_the_look_alone() {
    let mut window = Window::new(settings());
    window.draw(SEVEN);
    window.await_answer('7');
    let bitmap = |window: &Window| {
        let answer = window.harness.state().state().pad.answer();
        answer.expect("a prediction").bitmap.clone()
    };
    let before = bitmap(&window);
    let mut widths = vec![window.value("Pen width")];
    window.click("Pen width");
    widths.push(window.value("Pen width"));
    window.press(Modifiers::NONE, Key::P);
    widths.push(window.value("Pen width"));
    window.press(Modifiers::NONE, Key::P);
    widths.push(window.value("Pen width"));
    assert_eq!(widths, ["medium", "wide", "thin", "medium"], "three widths");
    assert_eq!(bitmap(&window), before, "the input stays");
}

#[test]
fn drawings_are_in_the_history_after_a_restart_too() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let opened = || {
        let mut window = Window::new(settings());
        window.harness.state_mut().use_data_folder(folder.path());
        window
    };
    let count = |window: &Window| window.harness.state().state().history.list.len();
    let mut window = opened();
    for points in [SEVEN, ONE] {
        window.draw(points);
        window.click("Clear");
    }
    window.await_that("both are recorded", |harness| {
        harness.state().state().history.list.len() == 2
    });
    window.draw(SEVEN);
    window.draw(ONE);
    window.await_that("a drawing that rests is recorded", |harness| {
        harness.state().state().history.list.len() == 3
    });
    drop(window);
    let mut window = opened();
    window.await_that("the last drawing is back", |harness| {
        harness.get_by_label("Drawing pad").value().as_deref() == Some("2 strokes")
    });
    assert_eq!(count(&window), 3, "with the earlier ones");
    window.click("History");
    window.harness.step();
    let ones = window.harness.get_by_label_contains("Drawing 2, read as 1");
    ones.click();
    window.harness.run_steps(2);
    window.await_answer('1');
    assert_eq!(window.value("Drawing pad"), "1 stroke", "a click shows it");
    window.click("Undo");
    assert_eq!(window.value("Drawing pad"), "2 strokes", "undo returns");
}

#[test]
fn a_replay_draws_stroke_by_stroke() {
    let mut window = Window::new(settings());
    window.draw(SEVEN);
    window.draw(&[(0.4, 0.5), (0.5, 0.5), (0.6, 0.5)]);
    let shown =
        |harness: &Harness<'static, App>| harness.state().state().pad.shown_ink().point_count();
    let all = shown(&window.harness);
    window.press(Modifiers::NONE, Key::R);
    assert!(shown(&window.harness) < all, "it begins with few points");
    window.await_that("a part of it", move |harness| {
        (2..all).contains(&shown(harness))
    });
    assert_eq!(
        window.value("Drawing pad"),
        "2 strokes",
        "the drawing stays"
    );
    window.await_that("all of it", move |harness| shown(harness) == all);
    window.press(Modifiers::NONE, Key::R);
    window.draw(&[(0.1, 0.1)]);
    assert_eq!(shown(&window.harness), all + 1, "a stroke ends the replay");
}

#[test]
fn a_picture_is_pasted_and_a_drawing_is_copied() {
    let mut window = Window::new(settings());
    window.draw(ONE);
    window.await_answer('1');
    window.harness.input_mut().events.push(Event::Copy);
    window.harness.step();
    let image = window.copied().expect("the drawing is copied");
    window.click("Clear");
    assert_eq!(window.bars(), ["none"; 10], "nothing is left");
    window.frame_with(vec![Event::PasteImage(Arc::new(image))]);
    window.await_answer('1');
    let picture = window.harness.state().state().pad.picture().cloned();
    let view = picture.expect("a picture").view.expect("as it is");
    let [left, top, right, bottom] = view.ink;
    assert!(
        right - left < bottom - top,
        "a frame around the 1: {:?}",
        view.ink
    );
    assert!(
        window.value("Drawing pad").contains("A pasted picture"),
        "named"
    );
}

#[test]
fn open_takes_what_can_be_dropped() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let weights = folder.path().join("mine.safetensors");
    let model = Model::built_in().expect("the built-in model fits");
    model.save(&weights).expect("writes");
    let mut window = Window::new(settings());
    window.click("Open drawing…");
    window.type_path(&weights, "Open");
    window.await_that("the weights are in use", |harness| {
        harness.state().state().models.chosen().name == "mine.safetensors"
    });
}
