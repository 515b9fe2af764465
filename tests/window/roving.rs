//! Grids by keyboard: each is one stop of Tab, and the arrow keys move inside it.

use digitpad::{
    app::{App, state::Place},
    bitmap::Digit,
    evaluation::Selection,
    explanation::units::{Channel, Unit},
    store::settings::Settings,
    worker::explainer::{Explanation, ExplanationView},
};
use egui::{Key, Modifiers, Pos2, Rect, pos2, vec2};
use egui_kittest::Harness;

use crate::{
    driver::{ONE, SEVEN, Window, says, settings},
    training::training_settings,
};

fn window_of(size: [f32; 2]) -> Window {
    let settings = Settings {
        training_panel: false,
        ..settings()
    };
    Window::with_model(settings, None, size, 1.0)
}

/// What has the focus is wholly within this part of the window.
fn assert_in_sight(window: &mut Window, part: Rect) {
    // A scroll takes some frames.
    window.harness.run_steps(20);
    let (name, place) = window.focused().expect("a focused control");
    assert!(part.contains_rect(place), "{name} at {place:?} in {part:?}");
}

#[test]
fn the_parts_of_a_test_are_single_stops_and_come_into_sight() {
    let mut window = window_of([1100.0, 700.0]);
    window.click("Test");
    window.await_that("it is evaluated", |harness| {
        says(harness, "misclassified, loss")
    });
    for size in [[640.0, 480.0], [1100.0, 700.0]] {
        window.harness.set_size(size.into());
        window.click("Test");
        let stage = Rect::from_min_max(pos2(0.0, 48.0), pos2(size[0], size[1] - 40.0));
        let before = window.tab_to("Save table…");
        let [.., counts, rates, save] = &before[..] else {
            panic!("{before:?}");
        };
        let head = [counts, rates, save].map(String::as_str);
        assert_eq!(head, ["Counts", "Rates", "Save table…"], "left to right");
        let cell = window.focus_after(Key::Tab);
        assert!(cell.starts_with("True "), "then the matrix: {cell}");
        window.press(Modifiers::NONE, Key::Home);
        for (key, expected) in [
            (Key::ArrowRight, "True 0, predicted 1"),
            (Key::ArrowRight, "True 0, predicted 2"),
            (Key::ArrowDown, "True 1, predicted 2"),
            (Key::ArrowLeft, "True 1, predicted 1"),
            (Key::ArrowUp, "True 0, predicted 1"),
            (Key::ArrowUp, "True 0, predicted 1"),
            (Key::End, "True 9, predicted 9"),
            (Key::Home, "True 0, predicted 0"),
            (Key::End, "True 9, predicted 9"),
        ] {
            assert_eq!(window.focus_after(key), expected, "{key:?} in {size:?}");
            assert_in_sight(&mut window, stage);
        }
        window.press(Modifiers::NONE, Key::Enter);
        let panel = &window.harness.state().state().evaluation;
        let selected =
            matches!(panel.selection, Selection::Cell { truth, .. } if truth.value() == 9);
        assert!(selected, "Enter selects: {:?}", panel.selection);
        window.press(Modifiers::NONE, Key::Enter);
        let image = window.focus_after(Key::Tab);
        assert!(image.starts_with("Image "), "then the errors: {image}");
        let all = window.focus_after(Key::Home);
        for key in [Key::ArrowDown; 6].into_iter().chain([Key::End]) {
            let name = window.focus_after(key);
            assert!(
                name.starts_with("Image ") && name != all,
                "{name} after {key:?}"
            );
            assert_in_sight(&mut window, stage);
        }
        let bins = window.focus_after(Key::Tab);
        assert!(bins.starts_with("Confidence "), "then the diagram: {bins}");
        assert_in_sight(&mut window, stage);
        let next = window.focus_after(Key::ArrowRight);
        assert!(next.starts_with("Confidence ") && next != bins, "{next}");
        assert!(
            window.says("The mean confidence is"),
            "its figures are shown"
        );
        window
            .harness
            .key_press_modifiers(Modifiers::SHIFT, Key::Tab);
        window.harness.run_steps(3);
        let (image, _) = window.focused().expect("a focused image");
        window.press(Modifiers::NONE, Key::Enter);
        assert!(
            image.starts_with("Image "),
            "back to the last image: {image}"
        );
        let place = window.harness.state().state().place;
        assert_eq!(place, Place::Draw, "Enter opens it");
    }
}

#[test]
fn the_history_is_a_grid() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut window = window_of([640.0, 480.0]);
    window.harness.state_mut().use_data_folder(folder.path());
    for count in 1..=30 {
        let left = 0.1 + 0.01 * count as f32;
        let moved = |&(x, y): &(f32, f32)| (left + 0.5 * x, y);
        let shape = if count == 1 { ONE } else { SEVEN };
        window.draw(&shape.iter().map(moved).collect::<Vec<_>>());
        window.click("Clear");
        window.await_that("it is recorded", |harness| {
            harness.state().state().history.list.len() == count
        });
    }
    window.click("History");
    window.harness.run_steps(2);
    while !window.focus_after(Key::Tab).starts_with("Drawing 1,") {}
    let popup = Rect::from_min_size(Pos2::ZERO, vec2(640.0, 480.0));
    let right = window.focus_after(Key::ArrowRight);
    assert!(right.starts_with("Drawing 2"), "{right}");
    let last = window.focus_after(Key::End);
    assert!(last.starts_with("Drawing 30"), "{last}");
    assert_in_sight(&mut window, popup);
    window.press(Modifiers::NONE, Key::Enter);
    window.await_answer('1');
}

#[test]
fn the_labels_of_a_correction_are_a_grid() {
    let mut window = window_of([1100.0, 700.0]);
    window.draw(SEVEN);
    window.await_answer('7');
    window.click("Correct the prediction");
    window.harness.run_steps(2);
    window.tab_to("Save as 0");
    for (key, expected) in [
        (Key::ArrowRight, "Save as 1"),
        (Key::ArrowDown, "Save as 6"),
        (Key::ArrowDown, "Save as a non-digit"),
        (Key::Home, "Save as 0"),
    ] {
        assert_eq!(window.focus_after(key), expected, "{key:?}");
    }
    for _ in 0..3 {
        window.harness.key_down(Key::ArrowRight);
        window.harness.step();
    }
    window.harness.run_steps(2);
    let label = window.focused().map(|(name, _)| name);
    assert_eq!(
        label.as_deref(),
        Some("Save as 3"),
        "three keys in three frames"
    );
    assert_eq!(window.focus_after(Key::Tab), "All corrections…", "one stop");
}

fn explanation(harness: &Harness<'static, App>, view: ExplanationView) -> Option<Explanation> {
    let shown = harness.state().state().explanation.of(view)?;
    shown.outcome.clone().ok()
}

#[test]
fn the_views_of_why_are_used_by_keyboard() {
    let mut window = window_of([1920.0, 3000.0]);
    window.click("Why");
    window.draw(SEVEN);
    window.await_answer('7');
    // The first explanation of the layers is without a unit.
    let shows_unit = |harness: &Harness<'static, App>| {
        let inside = explanation(harness, ExplanationView::Inside);
        matches!(inside, Some(Explanation::Inside(inside)) if inside.unit.is_some())
    };
    let all = [ExplanationView::Neighbors, ExplanationView::Map];
    window.await_that("the views", |harness| {
        shows_unit(harness) && all.iter().all(|&view| explanation(harness, view).is_some())
    });
    window.harness.run_steps(3);

    let rival = window.harness.state().state().rival().expect("a rival");
    let visited = window.tab_to(&format!("Compare with {rival}"));
    let bars = visited
        .iter()
        .filter(|name| name.starts_with("Compare with"));
    assert_eq!(bars.count(), 1, "the bars are one stop");
    window.focus_after(Key::Home);
    window.press(Modifiers::NONE, Key::Enter);
    let chosen = window.harness.state().state().explanation.rival;
    assert_eq!(chosen.map(Digit::value), Some(0), "Enter compares");

    window.tab_to("Content of It looked like these");
    let neighbor = window.focus_after(Key::Tab);
    assert!(neighbor.starts_with("Training image"), "{neighbor}");
    let next = window.focus_after(Key::ArrowRight);
    assert!(
        next.starts_with("Training image") && next != neighbor,
        "{next}"
    );
    let after = window.focus_after(Key::Tab);
    assert!(
        !after.starts_with("Training image"),
        "one stop, then {after}"
    );

    window.tab_to("Enlarge Inside");
    window.tab_to("Units of layer 1");
    let unit = |window: &Window| window.harness.state().state().explanation.unit;
    let first = unit(&window).expect("a unit");
    assert_eq!(first.channel, Channel { layer: 0, index: 0 }, "the first");
    window.press(Modifiers::NONE, Key::ArrowRight);
    let second = Unit {
        position: first.position + 1,
        ..first
    };
    assert_eq!(unit(&window), Some(second), "the next position");
    window.press(Modifiers::SHIFT, Key::ArrowRight);
    let third = Unit {
        channel: Channel { layer: 0, index: 1 },
        ..second
    };
    assert_eq!(
        unit(&window),
        Some(third),
        "the same place in the next tile"
    );
    assert_eq!(
        window.focused().map(|it| it.0).as_deref(),
        Some("Units of layer 1")
    );
    window.press(Modifiers::NONE, Key::Enter);
    // On the way, the layers that follow show units of theirs.
    window.tab_to("Release");
    assert_eq!(unit(&window), Some(third), "Enter holds it");

    window.tab_to("Map of layer 3");
    let map = |harness: &Harness<'static, App>| match explanation(harness, ExplanationView::Map) {
        Some(Explanation::Map(map)) => Some(map.layer),
        _ => None,
    };
    assert_eq!(
        map(&window.harness),
        Some(3),
        "the chosen layer is the stop"
    );
    assert_eq!(window.focus_after(Key::Home), "Map of the input");
    window.press(Modifiers::NONE, Key::Enter);
    window.await_that("another layer", |harness| map(harness) == Some(0));
    let focused = window.focused().map(|(name, _)| name);
    assert_eq!(
        focused.as_deref(),
        Some("Map of the input"),
        "keeps the focus"
    );
    assert_eq!(window.focus_after(Key::Tab), "Map of training images");
    window.focus_after(Key::ArrowRight);
    window.press(Modifiers::NONE, Key::Enter);
    let picture = window.harness.state().state().pad.picture();
    let name = picture.expect("Enter puts a point on the pad").name.clone();
    assert!(name.starts_with("Training image"), "{name}");
}

#[test]
fn the_comparison_of_runs_is_reached() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let settings = Settings {
        training_panel: true,
        ..training_settings(folder.path(), 1)
    };
    let mut window = Window::with_model(settings, None, [640.0, 480.0], 1.0);
    window
        .harness
        .state_mut()
        .use_data_folder(&folder.path().join("data"));
    for run in 1..=2 {
        window.click("Train");
        window.await_that("it is trained", |harness| {
            harness.state().state().runs.list().len() == run
        });
    }
    window.click("Close the panel");
    window.click("Learn");
    window.click("Compare with");
    window.click("Run 1");
    window.harness.run_steps(3);
    window.tab_to("Run: Run 2, Run 1");
    let stage = Rect::from_min_max(pos2(0.0, 48.0), pos2(640.0, 440.0));
    assert_in_sight(&mut window, stage);
    let row = window.focus_after(Key::ArrowDown);
    assert!(row.starts_with("Test accuracy"), "the next row: {row}");
    let last = window.focus_after(Key::End);
    assert_in_sight(&mut window, stage);
    assert_ne!(last, row, "and the last");
    let matrix = window.focus_after(Key::Tab);
    assert_eq!(matrix, "Confusion of Run 2", "then the matrices");
    window.harness.run_steps(20);
    let (_, place) = window.focused().expect("a focused matrix");
    assert!(
        stage.contains(place.center()),
        "it comes into sight: {place:?}"
    );
}
