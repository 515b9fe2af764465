//! Numbers on the pad.

use std::sync::Arc;

use digitpad::{
    ink::Bounds,
    recognition::number::{Constraints, Misfit},
    store::settings::{PadShape, Settings},
};
use egui::{
    Event, Key, Modifiers, Rect, Shape,
    accesskit::{Role, Toggled},
};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::{
    contrast::Painted,
    driver::{ONE, SEVEN, Window, button, settings},
};

/// A shape on a pad in the shape of a line, from `left` on.
fn placed(shape: &[(f32, f32)], left: f32) -> Vec<(f32, f32)> {
    let moved = shape.iter().map(|&(x, y)| (left + x / 3.0, y));
    moved.collect()
}

fn line_settings() -> Settings {
    Settings {
        pad_shape: PadShape::Line,
        ..settings()
    }
}

/// A window with a 7 and a 1 beside each other.
fn seventy_one() -> Window {
    let mut window = Window::new(line_settings());
    window.draw(&placed(SEVEN, 0.0));
    window.await_answer('7');
    window.draw(&placed(ONE, 0.2));
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
fn the_history_has_numbers_with_their_place() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut window = Window::new(line_settings());
    window.harness.state_mut().use_data_folder(folder.path());
    for (shape, left) in [(SEVEN, 0.2), (ONE, 0.5)] {
        window.draw(&placed(shape, left));
    }
    await_number(&mut window, "71");
    let drawn = window.harness.state().state().pad.ink().bounds();
    window.click("Clear");
    window.press(Modifiers::NONE, Key::L);
    window.await_that("it is recorded", |harness| {
        harness.state().state().history.list.len() == 1
    });
    window.click("History");
    window.harness.step();
    let tile = window.harness.get_by_label_contains("read as 71");
    tile.click();
    window.harness.run_steps(2);
    await_number(&mut window, "71");
    let state = window.harness.state().state();
    assert_eq!(state.settings.pad_shape, PadShape::Line, "it has room");
    let ends = |bounds: Option<Bounds>| bounds.map(|it| [it.min.x, it.max.x, it.min.y, it.max.y]);
    let [found, drawn] = [state.pad.ink().bounds(), drawn].map(ends);
    // The rounding of the file.
    let moved = found.iter().flatten().zip(drawn.iter().flatten());
    let moved = moved.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(
        found.is_some() && moved < 1e-4,
        "where it was: {found:?}, {drawn:?}"
    );
}

#[test]
fn the_reading_of_a_digit_at_the_lower_edge_is_above_it() {
    let mut window = Window::new(line_settings());
    let low = |shape: &[(f32, f32)], left: f32| {
        let points = placed(shape, left).into_iter();
        points.map(|(x, y)| (x, y * 0.6 + 0.45)).collect::<Vec<_>>()
    };
    window.draw(&low(SEVEN, 0.0));
    window.draw(&low(ONE, 0.2));
    await_number(&mut window, "71");
    // Above the 7, which is as wide as a third of the pad's height.
    let reading = window.on_pad((0.163, 0.5));
    window.frame_with(vec![button(reading, true), button(reading, false)]);
    assert_eq!(
        (selected(&window), strokes(&window)),
        (0, 2),
        "a tap selects it"
    );
}

#[test]
fn a_tap_on_a_reading_selects_and_a_stroke_from_it_draws() {
    let mut window = seventy_one();
    // Below the 7, whose bracket is there.
    let reading = window.on_pad((0.163, 0.93));
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
    window.await_that("one digit is no number", |harness| {
        harness.state().state().pad.number().is_none()
    });
    window.await_answer('7');
    window.click("Redo");
    await_number(&mut window, "71");
    window.click("Clear");
    assert!(
        window.value("Prediction").contains("draw a number"),
        "nothing is left"
    );
}

#[test]
fn a_late_bar_belongs_to_its_seven() {
    let mut window = seventy_one();
    window.draw(&[(0.14, 0.5), (0.22, 0.5)]);
    window.await_that("the bar is read", |harness| {
        let shown = harness.state().state().pad.number();
        shown.is_some_and(|shown| shown.number().digits[0].strokes == [0, 2])
    });
    await_number(&mut window, "71");
    assert_eq!(selected(&window), 0, "the digit of the last stroke");
}

#[test]
fn the_square_pad_reads_a_plain_number() {
    let mut window = Window::new(settings());
    for (shape, left) in [(SEVEN, 0.0), (ONE, 0.2), (SEVEN, 0.4)] {
        let small = shape.iter().map(|&(x, y)| (left + 0.45 * x, 0.45 * y));
        window.draw(&small.collect::<Vec<_>>());
    }
    await_number(&mut window, "717");
    assert_eq!(selected(&window), 2, "the last digit");
    window.press(Modifiers::NONE, Key::ArrowLeft);
    assert_eq!(selected(&window), 1, "the digit before");
}

#[test]
fn what_is_known_of_a_number_counts_on_the_square_pad() {
    let mut window = Window::new(settings());
    let has_control = |window: &Window| {
        let harness = &window.harness;
        harness.query_by_label("Known of the number").is_some()
    };
    let small = |shape: &[(f32, f32)], left: f32| {
        let points = shape.iter().map(|&(x, y)| (left + 0.45 * x, 0.45 * y));
        points.collect::<Vec<_>>()
    };
    window.draw(&small(SEVEN, 0.0));
    window.await_answer('7');
    assert!(!has_control(&window), "not for a digit");
    let row = window.harness.get_by_label("Correct the prediction").rect();
    window.draw(&small(ONE, 0.3));
    await_number(&mut window, "71");
    window.click("Known of the number");
    window.click("Card number");
    window.await_that("it is no card number", |harness| {
        let shown = harness.state().state().pad.number();
        shown.is_some_and(|shown| shown.number().misfit() == Some(Misfit::CheckDigit))
    });
    window.click("Clear");
    assert!(has_control(&window), "something is known");
    window.draw(&small(SEVEN, 0.0));
    window.await_that("one digit is no card number", |harness| {
        let answer = harness.state().state().pad.answer();
        answer.is_some_and(|answer| answer.misses)
    });
    let now = window.harness.get_by_label("Correct the prediction").rect();
    assert_eq!(now.left_top(), row.left_top(), "the row does not move");
}

#[test]
fn the_square_pad_offers_to_read_digits_that_it_cannot_read() {
    let mut window = Window::new(settings());
    // A 1 whose flag is to the right.
    let mirrored_one = &[(0.25, 0.3), (0.04, 0.0), (0.0, 0.5), (0.04, 1.0)];
    for (shape, left) in [(SEVEN, 0.0), (SEVEN, 0.25), (mirrored_one, 0.6)] {
        let small = shape.iter().map(|&(x, y)| (left + 0.45 * x, 0.45 * y));
        window.draw(&small.collect::<Vec<_>>());
    }
    window.await_that("more than one digit", |harness| {
        let answer = harness.state().state().pad.answer();
        answer.is_some_and(|answer| answer.shows_several)
    });
    assert_eq!(window.value("Prediction"), "More than one digit");
    window.click("Read the number");
    let shape = window.harness.state().state().settings.pad_shape;
    assert_eq!(shape, PadShape::Line, "the pad for numbers");
}

#[test]
fn one_digit_is_not_a_card_number() {
    let mut window = Window::new(line_settings());
    window.draw(&placed(SEVEN, 0.0));
    window.await_answer('7');
    window.click("Known of the number");
    window.click("Card number");
    window.await_that("the answer misses the format", |harness| {
        let answer = harness.state().state().pad.answer();
        answer.is_some_and(|answer| answer.misses)
    });
    let value = window.value("Prediction");
    assert!(value.starts_with("Not a card number"), "{value}");
}

#[test]
fn what_is_known_of_a_number_decides() {
    let mut window = seventy_one();
    assert_eq!(window.value("Known of the number"), "Any number");
    window.click("Known of the number");
    window.click("Date");
    let misfit = |window: &mut Window, expected| {
        window.await_that(&format!("the misfit {expected:?}"), |harness| {
            let shown = harness.state().state().pad.number();
            shown.is_some_and(|shown| {
                shown.number().text() == "71" && shown.number().misfit() == expected
            })
        });
    };
    misfit(&mut window, Some(Misfit::Date));
    assert_eq!(window.value("Known of the number"), "Date");
    window.click("Known of the number");
    window.click("Card number");
    misfit(&mut window, Some(Misfit::CheckDigit));
    window.click("Known of the number");
    window.click("Any number");
    misfit(&mut window, None);
    window.click("Known of the number");
    let fields = window.harness.get_all_by_role(Role::SpinButton);
    let field = fields.map(|field| field.rect()).next().expect("its length");
    let press = |is_pressed| button(field.center(), is_pressed);
    window.frame_with(vec![press(true)]);
    window.frame_with(vec![press(false)]);
    let letter = |letter: &str| Event::Text(letter.to_owned());
    window.frame_with(vec![letter("1")]);
    window.key(Key::Enter);
    let known = window.harness.state().state().known;
    assert_eq!(
        known.length,
        Some(1),
        "a click into the field leaves it open"
    );
    window.click("Known of the number");
    let any = window.harness.get_by_label("Any number").accesskit_node();
    assert_eq!(any.toggled(), Some(Toggled::False), "a length is known");
    window.click("Any number");
    assert_eq!(
        window.harness.state().state().known,
        Constraints::default(),
        "nothing is known any more"
    );
    misfit(&mut window, None);
}

#[test]
fn the_focus_stays_on_what_is_known_when_the_pad_changes_its_shape() {
    let mut window = seventy_one();
    window.focus("Known of the number");
    for shape in [PadShape::Square, PadShape::Line] {
        assert_eq!(window.focus_after(Key::L), "Known of the number");
        await_number(&mut window, "71");
        let state = window.harness.state().state();
        assert_eq!(state.settings.pad_shape, shape, "L");
    }
}

#[test]
fn a_number_is_copied_and_pasted_with_all_digits() {
    let mut window = Window::new(line_settings());
    for (shape, left) in [(SEVEN, 0.0), (ONE, 0.2), (SEVEN, 0.55)] {
        window.draw(&placed(shape, left));
    }
    await_number(&mut window, "717");
    window.harness.input_mut().events.push(Event::Copy);
    window.harness.step();
    let image = window.copied().expect("the number is copied");
    let [width, height] = image.size;
    assert_eq!(width, 3 * height, "all of the pad");
    let is_ink = |x: usize| (0..height).any(|y| image[(x, y)].r() < 128);
    let ends = [
        (0..width).find(|&x| is_ink(x)),
        (0..width).rev().find(|&x| is_ink(x)),
    ];
    let ends = ends.map(|end| end.expect("there is ink") as f32 / height as f32);
    // The ends of the two sevens, within the width of the pen.
    for (end, drawn) in ends.into_iter().zip([0.28, 3.0 * 0.55 + 0.7]) {
        assert!((end - drawn).abs() < 0.06, "{end}: {drawn} is drawn");
    }
    window.click("Clear");
    window.frame_with(vec![Event::PasteImage(Arc::new(image))]);
    await_number(&mut window, "717");
}

#[test]
fn the_pad_may_be_a_line() {
    let mut window = Window::new(settings());
    for left in [-0.15, 0.25] {
        let narrow: Vec<_> = ONE.iter().map(|&(x, y)| (left + x, y)).collect();
        window.draw(&narrow);
    }
    window.press(Modifiers::NONE, Key::L);
    let pad = window.pad();
    let aspect = pad.width() / pad.height();
    assert!((aspect - 3.0).abs() < 0.02, "three to one: {pad}");
    await_number(&mut window, "11");
    let shape = |window: &Window| window.harness.state().state().settings.pad_shape;
    assert_eq!(shape(&window), PadShape::Line, "it is remembered");
    window.draw(&placed(SEVEN, 0.45));
    await_number(&mut window, "117");
    let drawn = window.harness.state().state().pad.ink().clone();
    window.press(Modifiers::NONE, Key::L);
    let pad = &window.harness.state().state().pad;
    let right = pad.ink().bounds().expect("there is ink").max.x;
    let edge = pad.frame().corner.x + pad.frame().height;
    assert!(right < edge, "the square shows all ink: {right}");
    window.press(Modifiers::NONE, Key::L);
    await_number(&mut window, "117");
    let pad = &window.harness.state().state().pad;
    assert_eq!(*pad.ink(), drawn, "it is as it was");
}

#[test]
fn a_tap_on_ink_selects_and_arrows_need_no_focus() {
    let mut window = seventy_one();
    // On the stroke of the 7.
    let ink = window.on_pad((0.16, 0.62));
    window.frame_with(vec![button(ink, true), button(ink, false)]);
    assert_eq!((selected(&window), strokes(&window)), (0, 2), "no dot");
    assert_eq!(window.focused(), None, "the mouse leaves no focus");
    window.press(Modifiers::NONE, Key::ArrowRight);
    assert_eq!(selected(&window), 1, "the right arrow");
    window.focus("Undo");
    window.press(Modifiers::NONE, Key::ArrowLeft);
    assert_eq!(selected(&window), 1, "a control has its own keys");
}

#[test]
fn a_number_is_read_in_places_of_every_size() {
    for size in [
        [480.0, 360.0],
        [640.0, 480.0],
        [1100.0, 700.0],
        [1920.0, 1080.0],
    ] {
        let settings = Settings {
            training_panel: false,
            ..line_settings()
        };
        let mut window = Window::with_model(settings, None, size, 1.0);
        window.draw(&placed(SEVEN, 0.0));
        window.draw(&placed(ONE, 0.2));
        await_number(&mut window, "71");
        for place in ["Draw", "Why"] {
            window.click(place);
            window.harness.run_steps(2);
            let rect = |label: &str| window.harness.get_by_label(label).rect();
            let pad = window.pad();
            assert!(pad.height() >= 36.0, "{place} in {size:?}: {pad}");
            let painted = Painted::all(&window);
            let glyphs: Vec<Rect> = painted
                .iter()
                .filter_map(|painted| match &painted.shape {
                    Shape::Text(text) => Some(text.visual_bounding_rect()),
                    _ => None,
                })
                .collect();
            for digit in ["Digit 1 of 2", "Digit 2 of 2"] {
                let cell = rect(digit);
                let own = glyphs.iter().filter(|it| cell.contains(it.center()));
                let own: Vec<_> = own.collect();
                assert!(!own.is_empty(), "{place} in {size:?}: {digit} is shown");
                for glyph in own {
                    let is_inside = cell.expand(0.5).contains_rect(*glyph);
                    assert!(is_inside, "{place} in {size:?}: {glyph} in {cell}");
                }
                let noise = rect("Noise").shrink(0.5);
                assert!(!cell.intersects(noise), "{place} in {size:?}: below Noise");
            }
        }
    }
}

#[test]
fn the_arrow_keys_of_the_pad_select_a_digit_and_stay() {
    let mut window = seventy_one();
    window.harness.get_by_label("Drawing pad").focus();
    window.harness.run_steps(3);
    for (key, expected) in [
        (Key::ArrowLeft, 0),
        (Key::ArrowUp, 0),
        (Key::ArrowDown, 0),
        (Key::ArrowRight, 1),
        (Key::ArrowRight, 1),
    ] {
        assert_eq!(window.focus_after(key), "Drawing pad", "{key:?} stays");
        assert_eq!(selected(&window), expected, "after {key:?}");
    }
}

#[test]
fn the_controls_above_the_bars_do_not_cover_each_other() {
    for (width, training_panel) in [
        (480.0, false),
        (640.0, true),
        (640.0, false),
        (1100.0, true),
    ] {
        let settings = Settings {
            training_panel,
            ..line_settings()
        };
        let mut window = Window::with_model(settings, None, [width, 480.0], 1.0);
        window.draw(&placed(SEVEN, 0.0));
        window.await_answer('7');
        window.harness.run_steps(2);
        let place = |label: &str| window.harness.get_by_label(label).rect();
        let wrong = place("Correct the prediction");
        let known = place("Known of the number");
        let gap = known.left() - wrong.right();
        assert!(gap >= 4.0, "{wrong:?} and {known:?} at {width}");
    }
}
