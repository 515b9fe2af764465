//! Pictures on the pad: a part or a digit of one is selected with the mouse, and its steps are looked at.

use std::sync::Arc;

use digitpad::{
    app::App,
    ink::{Point, raster::Raster},
    recognition::Prediction,
    store::settings::{PadShape, Settings, ThemeChoice},
};
use egui::{Color32, ColorImage, Event, Key, Modifiers, Options, Pos2, Rect, Shape, pos2, vec2};
use egui_kittest::{Harness, kittest::Queryable as _};

use crate::{
    contrast::{CONTROL, Painted, blended, contrast},
    driver::{ONE, SEVEN, Window, button, settings},
};

const SIZE: [usize; 2] = [400, 200];

/// A 7 on the left half and a 1 on the right one, and dust between them.
fn seventy_one() -> ColorImage {
    let line = |shape: &[(f32, f32)], left: f32| {
        let places = shape.iter();
        let places = places.map(|&(x, y)| Point::new(left + 160.0 * x, 20.0 + 160.0 * y));
        places.collect::<Vec<_>>()
    };
    let dust = vec![Point::new(200.0, 180.0)];
    let lines = [line(SEVEN, 20.0), line(ONE, 220.0), dust];
    let ink = Raster::draw(&lines, 6.0, SIZE[0], SIZE[1]);
    let gray = |ink: &f32| Color32::from_gray((240.0 - 200.0 * ink) as u8);
    ColorImage::new(SIZE, ink.pixels().iter().map(gray).collect())
}

fn on_line() -> Settings {
    Settings {
        pad_shape: PadShape::Line,
        ..settings()
    }
}

fn with_picture(settings: Settings) -> Window {
    let mut window = Window::new(settings);
    window.frame_with(vec![Event::PasteImage(Arc::new(seventy_one()))]);
    window.await_that("the picture is on the pad", |harness| {
        harness.state().state().pad.picture().is_some()
    });
    window.harness.step();
    window
}

/// The place on the screen of a place on the picture, 0..=1 each way.
fn on_picture(window: &Window, x: f32, y: f32) -> Pos2 {
    let rect = window.harness.get_by_label("Picture on the pad").rect();
    rect.min + rect.size() * vec2(x, y)
}

fn drag(window: &mut Window, from: (f32, f32), to: (f32, f32)) {
    let [from, to] = [from, to].map(|(x, y)| on_picture(window, x, y));
    window.frame_with(vec![button(from, true), Event::PointerMoved(to)]);
    window.frame_with(vec![button(to, false)]);
}

fn click(window: &mut Window, at: (f32, f32)) {
    let pos = on_picture(window, at.0, at.1);
    window.frame_with(vec![button(pos, true), button(pos, false)]);
}

/// The part of the picture that is read.
fn part(harness: &Harness<'static, App>) -> Option<[usize; 4]> {
    let picture = harness.state().state().pad.picture()?;
    picture.view.as_ref()?.part
}

/// The index of the selected digit.
fn selected(window: &Window) -> usize {
    let number = window.harness.state().state().pad.number();
    number.expect("a number").selected()
}

/// Waits for the answer to a digit that was taken out of a picture.
fn await_taken(window: &mut Window, digit: char) {
    window.await_that("the digit is on the pad alone", |harness| {
        let pad = &harness.state().state().pad;
        let is_alone = pad.picture().is_some_and(|it| it.view.is_none());
        is_alone && pad.answer().is_some()
    });
    window.await_answer(digit);
}

fn await_text(window: &mut Window, text: &'static str) {
    window.await_that(text, move |harness| {
        let value = harness.get_by_label("Prediction").value();
        value.is_some_and(|value| value.starts_with(text))
    });
}

#[test]
fn only_the_selected_part_of_a_picture_is_read() {
    let mut window = with_picture(on_line());
    await_text(&mut window, "71");
    drag(&mut window, (0.0, 0.0), (0.5, 1.0));
    await_text(&mut window, "7 ");
    let [left, top, right, bottom] = part(&window.harness).expect("a part");
    assert_eq!([left, top, bottom], [0, 0, SIZE[1]], "from the corner");
    assert!(right.abs_diff(SIZE[0] / 2) <= 1, "to the middle: {right}");
    let value = window.value("Drawing pad");
    assert!(value.ends_with("a part of it"), "{value}");
    drag(&mut window, (1.0, 1.0), (0.55, 0.0));
    await_text(&mut window, "1 ");
    click(&mut window, (0.6, 0.9));
    assert!(part(&window.harness).is_some(), "a click within stays");
    click(&mut window, (0.1, 0.9));
    await_text(&mut window, "71");
    assert_eq!(
        part(&window.harness),
        None,
        "a click beside it takes it back"
    );
    window.click("Undo");
    await_text(&mut window, "1 ");
    window.press(Modifiers::NONE, Key::Escape);
    await_text(&mut window, "71");
}

#[test]
fn a_part_with_one_digit_is_read_on_the_square_pad() {
    let mut window = with_picture(settings());
    await_text(&mut window, "71");
    drag(&mut window, (0.02, 0.02), (0.5, 0.98));
    await_text(&mut window, "7 ");
    drag(&mut window, (0.0, 0.0), (0.1, 0.1));
    window.await_that("there is no ink", |harness| {
        let notices = harness.state().state().notices.list();
        notices.iter().any(|notice| notice.text.contains("no ink"))
    });
    assert!(
        part(&window.harness).is_some_and(|part| part[2] > 100),
        "the part before stays"
    );
}

/// A way back from a digit to its picture.
type Back = fn(&mut Window);

#[test]
fn a_click_on_a_digit_puts_it_on_the_pad_and_every_way_back_selects_it() {
    let mut window = with_picture(on_line());
    let cases: [(f32, usize, char, Back); 3] = [
        (0.25, 0, '7', |window| {
            window.press(Modifiers::NONE, Key::Escape);
        }),
        (0.75, 1, '1', |window| window.click("Undo")),
        (0.25, 0, '7', |window| window.click("Back to the picture")),
    ];
    for (x, index, digit, back) in cases {
        await_text(&mut window, "71");
        let inputs = {
            let shown = window.harness.state().state().pad.number();
            shown.expect("a number").number().digits.clone()
        };
        click(&mut window, (x, 0.5));
        await_taken(&mut window, digit);
        let pad = &window.harness.state().state().pad;
        let answer = pad.answer().expect("an answer");
        let expected = &inputs[index];
        assert_eq!(answer.bitmap, expected.bitmap, "the same input");
        let confidences = [&answer.prediction, &expected.prediction].map(Prediction::confidence);
        // A batch of another size is summed in another order.
        let is_near = (confidences[0] - confidences[1]).abs() < 1e-5;
        assert!(is_near, "the same reading: {confidences:?}");
        back(&mut window);
        await_text(&mut window, "71");
        assert_eq!(selected(&window), index, "the digit at {x}");
    }
    window.press(Modifiers::NONE, Key::ArrowRight);
    assert_eq!(selected(&window), 1, "an arrow key selects");
    let whole = |window: &Window| {
        let picture = window.harness.state().state().pad.picture();
        picture.is_some_and(|it| it.whole.is_none())
    };
    assert!(whole(&window), "and leaves the picture");
    window.click("Put the digit on the pad");
    await_taken(&mut window, '1');
}

#[test]
fn each_digit_of_a_picture_has_a_visible_frame_with_its_reading() {
    for theme in [ThemeChoice::Light, ThemeChoice::Dark] {
        let mut window = with_picture(Settings { theme, ..on_line() });
        await_text(&mut window, "71");
        let painted = Painted::all(&window);
        let lines: Vec<_> = painted
            .iter()
            .filter_map(|painted| match &painted.shape {
                Shape::Rect(it) if it.fill.a() == 0 && it.brush.is_none() => {
                    Some((it.rect, it.stroke.color))
                }
                _ => None,
            })
            .collect();
        // A frame has a wider line behind it.
        let frames = lines.windows(2).filter_map(|pair| {
            let [(inner, behind), (frame, line)] = [pair[0], pair[1]];
            let off = (inner.expand(1.0).min - frame.min).length();
            (off < 0.01).then_some((frame, line, behind))
        });
        let frames: Vec<_> = frames.collect();
        assert_eq!(frames.len(), 2, "{theme:?}: a frame for each digit");
        for (_, line, behind) in &frames {
            for picture in [Color32::WHITE, Color32::BLACK] {
                let found = contrast((*line).into(), blended(*behind, picture).into());
                assert!(found >= CONTROL, "{theme:?}: {found} on {picture:?}");
            }
        }
        for ((frame, ..), text) in frames.iter().zip(["7", "1"]) {
            let readings = painted.iter().filter_map(|painted| match &painted.shape {
                Shape::Text(it) if it.galley.text() == text => Some(it.visual_bounding_rect()),
                _ => None,
            });
            let is_near = |reading: &Rect| {
                let is_beside = !frames.iter().any(|(other, ..)| other.intersects(*reading));
                let off = (reading.center() - frame.center()).abs();
                is_beside && off.x < 2.0 && off.y < 0.5 * frame.height() + 40.0
            };
            assert_eq!(readings.filter(is_near).count(), 1, "{theme:?}: {text}");
        }
    }
}

#[test]
fn a_click_on_the_digit_of_a_selected_part_puts_it_on_the_pad() {
    let mut window = with_picture(on_line());
    await_text(&mut window, "71");
    for (right, text) in [(0.5, "7 "), (1.0, "71")] {
        drag(&mut window, (0.0, 0.0), (right, 0.99));
        window.await_that("the part is read", move |harness| {
            let read = part(harness).map(|part| part[2]);
            let pixels = right * SIZE[0] as f32;
            read.is_some_and(|read| (read as f32 - pixels).abs() <= 1.0)
        });
        await_text(&mut window, text);
        let read = part(&window.harness);
        click(&mut window, (0.25, 0.5));
        await_taken(&mut window, '7');
        window.press(Modifiers::NONE, Key::Escape);
        await_text(&mut window, text);
        assert_eq!(part(&window.harness), read, "back to the part");
        window.press(Modifiers::NONE, Key::Escape);
        await_text(&mut window, "71");
        assert_eq!(part(&window.harness), None, "then to all of it");
    }
}

#[test]
fn a_digit_of_a_picture_lacks_nothing_that_is_known_of_the_number() {
    let mut window = with_picture(on_line());
    await_text(&mut window, "71");
    window.click("Known of the number");
    window.click("Date");
    window.press(Modifiers::NONE, Key::Escape);
    click(&mut window, (0.25, 0.5));
    await_taken(&mut window, '7');
}

#[test]
fn a_stroke_beside_a_picture_draws() {
    let mut window = with_picture(on_line());
    await_text(&mut window, "71");
    let picture = window.harness.get_by_label("Picture on the pad").rect();
    let beside = pos2(picture.left() - 30.0, picture.center().y);
    window.frame_with(vec![button(beside, true), button(beside, false)]);
    assert_eq!(window.value("Drawing pad"), "1 stroke", "in its place");
}

#[test]
fn a_click_during_which_the_answer_arrives_is_for_its_button() {
    let mut window = with_picture(settings());
    // The answer takes as long as it likes.
    let input = |options: &mut Options| options.input_options.max_click_duration = f64::INFINITY;
    window.harness.ctx.options_mut(input);
    let step = window.harness.get_by_label("Step of the picture");
    let place = step.rect().center();
    window.frame_with(vec![button(place, true)]);
    window.await_that("the number", |harness| {
        harness.state().state().pad.number().is_some()
    });
    window.harness.step();
    window.frame_with(vec![button(place, false)]);
    assert_eq!(window.value("Step of the picture"), "2 of 5: Contrast");
}

#[test]
fn the_steps_from_a_picture_to_its_ink_are_shown_in_turn() {
    let mut window = with_picture(settings());
    let step = |window: &Window| window.value("Step of the picture");
    let shown = [
        "1 of 5: Picture",
        "2 of 5: Contrast",
        "3 of 5: Ink",
        "4 of 5: Cleaned",
        "5 of 5: Digits",
    ];
    for expected in shown.into_iter().cycle().take(6) {
        assert_eq!(step(&window), expected);
        window.click("Step of the picture");
    }
    assert!(
        window.harness.state().state().pad.picture().is_some(),
        "a click on the button draws nothing"
    );
}
