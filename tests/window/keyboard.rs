//! The pad by keyboard, and keys that are held.

use egui::{Event, Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

use crate::driver::{SEVEN, Window, button, settings};

fn key(key: Key, modifiers: Modifiers, pressed: bool) -> Event {
    Event::Key {
        key,
        physical_key: None,
        pressed,
        repeat: false,
        modifiers,
    }
}

#[test]
fn a_digit_is_drawn_with_the_keyboard() {
    let mut window = Window::new(settings());
    let pad = |window: &Window| window.harness.get_by_label("Drawing pad").is_focused();
    for _ in 0..20 {
        if !pad(&window) {
            window.press(Modifiers::NONE, Key::Tab);
        }
    }
    assert!(pad(&window), "Tab reaches the pad");
    let mut times = |key, count| {
        for _ in 0..count {
            window.press(Modifiers::NONE, key);
        }
    };
    times(Key::ArrowUp, 12);
    times(Key::Space, 1);
    times(Key::ArrowDown, 24);
    times(Key::Space, 1);
    times(Key::ArrowRight, 8);
    assert!(pad(&window), "the arrow keys stay on the pad");
    assert_eq!(
        window.value("Drawing pad"),
        "1 stroke",
        "the pen was lifted"
    );
    window.await_answer('1');
    window.press(Modifiers::NONE, Key::Space);
    window.press(Modifiers::NONE, Key::Tab);
    window.press(Modifiers::NONE, Key::ArrowDown);
    assert!(!pad(&window), "Tab leaves it");
    let ink = window.harness.state().state().pad.ink().clone();
    let lengths: Vec<usize> = ink.strokes().iter().map(|it| it.points().len()).collect();
    assert_eq!(lengths, [25, 1], "and lifts the pen");
}

#[test]
fn two_arrow_keys_together_draw_a_diagonal() {
    let mut window = Window::new(settings());
    window.harness.get_by_label("Drawing pad").focus();
    window.harness.run_steps(2);
    window.press(Modifiers::NONE, Key::Space);
    let none = Modifiers::NONE;
    window.frame_with(vec![key(Key::ArrowLeft, none, true)]);
    window.frame_with(vec![key(Key::ArrowDown, none, true)]);
    let ink = window.harness.state().state().pad.ink();
    let points = ink.strokes()[0].points();
    let [from, to] = [points[1], points[2]];
    assert!(to.x < from.x && to.y > from.y, "from {from:?} to {to:?}");
}

#[test]
fn a_key_that_is_held_acts_once() {
    let mut window = Window::new(settings());
    window.draw(SEVEN);
    window.await_answer('7');
    // Ctrl is released before the 2, which repeats.
    window.frame_with(vec![key(Key::Num2, Modifiers::COMMAND, true)]);
    window.frame_with(vec![key(Key::Num2, Modifiers::NONE, true)]);
    let state = window.harness.state().state();
    assert_eq!(state.place, digitpad::app::state::Place::Why, "the place");
    assert_eq!(state.notices.list(), [], "no correction");
    window.frame_with(vec![key(Key::Num2, Modifiers::NONE, false)]);
    window.frame_with(vec![key(Key::Num2, Modifiers::NONE, true)]);
    let notices = window.harness.state().state().notices.list();
    assert_eq!(notices.len(), 1, "a new press tries to save one");
}

#[test]
fn a_digit_key_corrects_no_part_of_a_drawing_that_is_replayed() {
    let mut window = Window::new(settings());
    window.draw(SEVEN);
    window.await_answer('7');
    // In one frame, so that the replay has not ended.
    let keys = [Key::R, Key::Num3].map(|pressed| key(pressed, Modifiers::NONE, true));
    window.frame_with(keys.to_vec());
    let notices = window.harness.state().state().notices.list();
    assert_eq!(notices, [], "nothing is saved");
}

#[test]
fn a_tap_that_closes_a_menu_leaves_no_dot() {
    let mut window = Window::new(settings());
    let place = window.on_pad((0.2, 0.2));
    window.click("View");
    window.frame_with(vec![Event::PointerMoved(place), button(place, true)]);
    window.frame_with(vec![button(place, false)]);
    assert!(!window.says("Full screen"), "the menu is closed");
    assert!(window.says("Empty. Draw"), "without a dot");
    window.click("View");
    window.draw(SEVEN);
    assert_eq!(window.value("Drawing pad"), "1 stroke", "a stroke is drawn");
}
