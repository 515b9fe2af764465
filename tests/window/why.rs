//! The place *Why*: the pad beside the views of the explanation.

use std::{collections::BTreeSet, sync::Arc};

use digitpad::{
    app::{App, state::Place},
    worker::explainer::{Explanation, ExplanationView, Inside, Neighbors},
};
use egui::{Key, Modifiers, Pos2, Rect, vec2};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};

use crate::{
    driver::{ONE, SEVEN, Window, button, settings},
    training::training_settings,
};

fn why(size: [f32; 2]) -> Window {
    let settings = digitpad::store::settings::Settings {
        training_panel: false,
        ..settings()
    };
    let mut window = Window::with_model(settings, None, size, 1.0);
    window.click("Why");
    window
}

fn explanation(harness: &Harness<'static, App>, view: ExplanationView) -> Option<Explanation> {
    let shown = harness.state().state().explanation.of(view)?;
    shown.outcome.clone().ok()
}

fn neighbors(harness: &Harness<'static, App>) -> Option<Neighbors> {
    match explanation(harness, ExplanationView::Neighbors) {
        Some(Explanation::Neighbors(neighbors)) => Some(neighbors),
        _ => None,
    }
}

fn inside(harness: &Harness<'static, App>) -> Option<Inside> {
    match explanation(harness, ExplanationView::Inside) {
        Some(Explanation::Inside(inside)) => Some(*inside),
        _ => None,
    }
}

#[test]
fn the_pad_stays_live_and_a_neighbor_can_be_put_on_it() {
    let mut window = why([1100.0, 700.0]);
    for (points, digit) in [(ONE, '1'), (SEVEN, '7')] {
        window.draw(points);
        window.await_answer(digit);
        let label = digit.to_digit(10).expect("a digit") as u8;
        window.await_that("its neighbors", |harness| {
            let images = neighbors(harness).map_or_else(Vec::new, |neighbors| neighbors.images);
            let same = images.iter().filter(|image| image.label.value() == label);
            same.count() >= 6
        });
        window.press(Modifiers::NONE, Key::Delete);
        assert!(window.says("Empty. Draw"), "a key clears the pad here");
        window.press(Modifiers::COMMAND, Key::Z);
        window.await_answer(digit);
        window.click("Clear");
    }
    window.draw(SEVEN);
    window.await_that("its neighbors", |harness| {
        neighbors(harness).is_some_and(|neighbors| neighbors.images.len() == 8)
    });
    window.harness.run_steps(2);
    let first = window
        .harness
        .get_all_by_label_contains("Training image")
        .next();
    first.expect("a neighbor").click();
    window.harness.run_steps(2);
    assert!(
        window
            .value("Drawing pad")
            .starts_with("The picture Training image"),
        "on the pad"
    );
    window.await_answer('7');
}

#[test]
fn a_rival_is_chosen_by_its_bar() {
    let mut window = why([1100.0, 700.0]);
    window.draw(SEVEN);
    window.await_answer('7');
    let second = window.harness.state().state().rival();
    assert_ne!(
        second.map(digitpad::bitmap::Digit::value),
        Some(4),
        "4 is not the second-best"
    );
    let rival = |window: &Window| {
        window
            .harness
            .state()
            .state()
            .rival()
            .map(digitpad::bitmap::Digit::value)
    };
    window.click("Compare with 4");
    assert_eq!(rival(&window), Some(4), "the chosen one");
    window.click("Compare with 4");
    assert_eq!(
        rival(&window),
        second.map(digitpad::bitmap::Digit::value),
        "the second-best one again"
    );
}

#[test]
fn units_are_switched_off_in_this_place_only() {
    let mut window = why([1920.0, 3000.0]);
    let model = Arc::clone(window.harness.state().state().models.in_use());
    window.draw(SEVEN);
    window.await_answer('7');
    window.await_that("the layers", |harness| {
        inside(harness).is_some_and(|inside| inside.unit.is_some())
    });
    let before = inside(&window.harness).and_then(|inside| inside.prediction);
    let layer = window.harness.get_by_label("Units of layer 1").rect();
    let at = layer.min + vec2(6.0, 6.0);
    window.harness.hover_at(at);
    window.await_that("the unit under the pointer", |harness| {
        let unit = inside(harness).and_then(|inside| inside.unit);
        unit.is_some_and(|details| details.unit.channel.layer == 0)
    });
    for is_down in [true, false] {
        window.frame_with(vec![button(at, is_down)]);
    }
    window.harness.hover_at(Pos2::new(4.0, 4.0));
    window.harness.run_steps(3);
    window.click("Switch off");
    window.await_that("it is off", |harness| {
        inside(harness).is_some_and(|inside| inside.off.len() == 1)
    });
    assert!(window.says("1 filter off"), "a sign says so");
    window.click("Switch off…");
    window.click("The weakest half of layer 3");
    window.await_that("half a layer is off", |harness| {
        inside(harness).is_some_and(|inside| inside.off.len() == 161)
    });
    assert!(window.says("1 filter and 160 units off"), "both kinds");
    let after = inside(&window.harness).and_then(|inside| inside.prediction);
    assert_ne!(after, before, "the answer moves");
    let state = window.harness.state().state();
    assert!(
        Arc::ptr_eq(state.models.in_use(), &model),
        "the model in use stays"
    );
    let answer = state.pad.answer().map(|answer| answer.prediction.clone());
    assert_ne!(answer, after, "and so does its answer");
    window.click("All on");
    window.await_that("all are on", |harness| {
        inside(harness).is_some_and(|inside| inside.off.is_empty())
    });
    assert_eq!(
        inside(&window.harness).and_then(|inside| inside.prediction),
        before,
        "as before"
    );
}

#[test]
fn the_drawing_moves_on_the_map_and_layers_are_chosen() {
    let mut window = why([1920.0, 3000.0]);
    window.await_that("the map", |harness| {
        explanation(harness, ExplanationView::Map).is_some()
    });
    let own = |harness: &Harness<'static, App>| match explanation(harness, ExplanationView::Map) {
        Some(Explanation::Map(map)) => Some((map.layer, map.own)),
        _ => None,
    };
    assert_eq!(
        own(&window.harness),
        Some((3, None)),
        "of the last hidden layer, without a drawing"
    );
    let mut last = None;
    for points in [ONE, SEVEN] {
        window.draw(points);
        window.await_that("its point", |harness| {
            own(harness).is_some_and(|(_, point)| point.is_some() && point != last)
        });
        last = own(&window.harness).and_then(|(_, point)| point);
    }
    window.click("Map of the input");
    window.await_that("another layer", |harness| {
        own(harness).is_some_and(|(layer, _)| layer == 0)
    });
}

#[test]
fn only_views_in_sight_are_asked_for() {
    let mut window = why([1100.0, 700.0]);
    window.draw(SEVEN);
    window.await_answer('7');
    let seen = |window: &Window| window.harness.state().state().explanation.seen.clone();
    assert!(
        seen(&window).contains(&ExplanationView::Neighbors),
        "the first view"
    );
    assert!(
        !seen(&window).contains(&ExplanationView::Map),
        "the last one is below the edge"
    );
    window.click("Enlarge It looked like these");
    window.harness.run_steps(2);
    let only: Vec<_> = seen(&window).into_iter().collect();
    assert_eq!(only, [ExplanationView::Neighbors], "it fills the place");
    window.click("Fill window");
    window.harness.run_steps(2);
    assert!(
        window.harness.query_by_label("Drawing pad").is_none(),
        "the pad is hidden"
    );
    window.press(Modifiers::COMMAND, Key::Z);
    window.press(Modifiers::NONE, Key::Escape);
    window.harness.run_steps(2);
    assert!(seen(&window).len() > 1, "Escape shows all views");
    assert_eq!(
        window.value("Drawing pad"),
        "1 stroke",
        "no key changes a hidden drawing"
    );
}

#[test]
fn the_views_follow_a_training() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let settings = digitpad::store::settings::Settings {
        training_panel: true,
        watch: true,
        ..training_settings(folder.path(), 2)
    };
    let mut window = Window::with_model(settings, None, [1920.0, 3000.0], 1.0);
    window.draw(SEVEN);
    window.click("Train");
    window.click("Why");
    window.await_that("the layers of the new model", |harness| {
        let state = harness.state().state();
        let shown = state.explanation.of(ExplanationView::Inside);
        state.training.record.is_some()
            && shown.is_some_and(|shown| Arc::ptr_eq(&shown.model, state.models.in_use()))
    });
}

#[test]
fn inside_tells_what_a_single_step_does_to_the_layers() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let settings = training_settings(folder.path(), 50);
    let mut window = Window::with_model(settings, None, [1920.0, 3000.0], 1.0);
    window.draw(SEVEN);
    window.click("Slow motion");
    window.click("Train");
    window.await_that("the first batch", |harness| {
        harness.state().state().models.snapshot().is_some()
    });
    window.click("Pause");
    window.click("Why");
    let figure = |harness: &Harness<'static, App>| {
        let row = harness.query_by_label("Gradient of layer 1");
        row.and_then(|row| row.value()).filter(|value| value != "–")
    };
    window.await_that("the rows of the layers", |harness| {
        harness.query_by_label("Update of layer 2").is_some()
    });
    let batch = |harness: &Harness<'static, App>| harness.state().state().training.batch();
    let [before, all] = batch(&window.harness).expect("a batch was done");
    window.click("Step");
    window.await_that("one more batch", |harness| {
        batch(harness) == Some([before + 1, all])
    });
    window.await_that("what the step did", |harness| figure(harness).is_some());
    window.click("Stop");
    window.await_that("the rows go with the training", |harness| {
        harness.query_by_label("Gradient of layer 1").is_none()
    });
}

#[test]
fn pad_and_bars_are_in_sight_beside_the_views() {
    for size in [
        [640.0, 480.0],
        [800.0, 600.0],
        [1100.0, 700.0],
        [1920.0, 1080.0],
    ] {
        let mut window = why(size);
        window.draw(SEVEN);
        window.await_answer('7');
        window.harness.run_steps(3);
        let whole = Rect::from_min_size(Pos2::ZERO, size.into());
        let labels = [
            "Drawing pad",
            "Input of the network",
            "Prediction",
            "Undo",
            "Clear",
        ];
        let bars = (0..10).map(|digit| format!("Compare with {digit}"));
        let mut places: Vec<(String, Rect)> = Vec::new();
        for label in labels.map(str::to_owned).into_iter().chain(bars) {
            let place = window.harness.get_by_label(&label).rect();
            assert!(
                whole.contains_rect(place.shrink(0.5)) && place.height() >= 12.0,
                "{label} at {place:?} is in sight in {size:?}"
            );
            for (other, elsewhere) in &places {
                let common = place.shrink(0.5).intersects(elsewhere.shrink(0.5));
                assert!(!common, "{label} lies on {other} in {size:?}");
            }
            places.push((label, place));
        }
        let title = window.harness.get_by_label("It looked like these").rect();
        let bar = window.harness.get_by_label("Compare with 0").rect();
        assert!(
            title.left() >= bar.right(),
            "the views are beside the bars in {size:?}"
        );
    }
}

#[test]
fn tiles_lie_beside_each_other_at_all_widths() {
    for width in [480.0, 640.0, 900.0, 1920.0] {
        let mut window = why([width, 4000.0]);
        window.draw(SEVEN);
        window.await_that("its neighbors", |harness| {
            neighbors(harness).is_some_and(|neighbors| neighbors.images.len() == 8)
        });
        window.harness.run_steps(3);
        let tiles = window.harness.get_all_by_label_contains("Training image");
        let tiles: Vec<Rect> = tiles.map(|tile| tile.rect()).collect();
        assert!(tiles.len() >= 8, "{} at {width}", tiles.len());
        for (index, tile) in tiles.iter().enumerate() {
            assert!(tile.width() >= 28.0, "{tile:?} at {width}");
            for other in &tiles[..index] {
                let common = tile.shrink(0.5).intersects(other.shrink(0.5));
                assert!(!common, "{tile:?} and {other:?} at {width}");
            }
        }
        let root = window.harness.root();
        for node in root.children_recursive() {
            let name = node.accesskit_node().label();
            if name.is_some() && node.accesskit_node().raw_bounds().is_some() {
                let rect = node.rect();
                assert!(
                    rect.right() <= width + 1.0 && rect.left() >= -1.0,
                    "{name:?} at {rect:?} in {width}"
                );
            }
        }
    }
}

#[test]
fn the_tour_visits_six_places_and_can_be_left() {
    let mut window = why([1100.0, 700.0]);
    window.press(Modifiers::NONE, Key::F1);
    window.click("Take the tour");
    let steps = [
        ("1 of 6", Place::Draw),
        ("2 of 6", Place::Draw),
        ("3 of 6", Place::Why),
        ("4 of 6", Place::Draw),
        ("5 of 6", Place::Learn),
        ("6 of 6", Place::Test),
    ];
    for (step, place) in steps {
        assert!(window.says(step), "{step}");
        assert_eq!(window.harness.state().state().place, place, "{step}");
        if step == "5 of 6" {
            window.click("Set it up");
            let draft = &window.harness.state().state().training.form.draft;
            assert!(
                draft.data_fraction < 0.02 && draft.epochs >= 20,
                "few images, many epochs"
            );
        }
        window.click(if step == "6 of 6" { "Finish" } else { "Next" });
    }
    assert!(!window.says("of 6:"), "it is over");
    window.press(Modifiers::NONE, Key::F1);
    window.click("Take the tour");
    window.click("Leave");
    assert!(!window.says("of 6:"), "it is left");
}

#[test]
fn the_keyboard_enters_every_view() {
    let mut window = why([640.0, 480.0]);
    window.draw(SEVEN);
    window.await_answer('7');
    let mut visited = BTreeSet::new();
    let ends = ["The rest is re-centered", "Kernels", "Map of layer 3"];
    for _ in 0..300 {
        window.press(Modifiers::NONE, Key::Tab);
        window.harness.run_steps(2);
        window.await_that("what is in sight is explained", |harness| {
            let explained = &harness.state().state().explanation;
            explained
                .seen
                .iter()
                .all(|&view| explained.of(view).is_some())
        });
        window.harness.run_steps(2);
        let root = window.harness.root();
        let focused = root
            .children_recursive()
            .into_iter()
            .find(|node| node.accesskit_node().is_focused());
        visited.extend(focused.and_then(|node| node.accesskit_node().label()));
        if ends.iter().all(|name| visited.contains(*name)) {
            return;
        }
    }
    panic!("only {visited:?}");
}

#[test]
fn tab_skips_no_view_however_late_its_explanation_is() {
    let mut window = why([640.0, 480.0]);
    window.draw(SEVEN);
    window.await_answer('7');
    let views = [
        "It looked like these",
        "Which ink counts",
        "One rather than the other",
        "What would change it",
        "Inside",
        "The map",
    ];
    let mut visited: Vec<String> = Vec::new();
    let last = "How is The map computed?";
    while visited.last().is_none_or(|name| name != last) {
        assert!(visited.len() < 120, "{visited:?}");
        // One frame for each Tab: nothing waits for a worker.
        window
            .harness
            .key_press_modifiers(Modifiers::NONE, Key::Tab);
        window.harness.step();
        visited.push(window.focused().map(|(name, _)| name).unwrap_or_default());
    }
    for view in views {
        let place = |name: String| visited.iter().position(|visited| *visited == name);
        let stops = ["Enlarge", "Content of", "How is"].map(|stop| {
            let end = if stop == "How is" { " computed?" } else { "" };
            place(format!("{stop} {view}{end}"))
        });
        let is_entered = stops.iter().all(Option::is_some) && stops.is_sorted();
        assert!(is_entered, "{view} at {stops:?} in {visited:?}");
    }
}

#[test]
fn a_picture_has_no_empty_card_for_its_strokes() {
    let mut window = why([1100.0, 1600.0]);
    window.draw(SEVEN);
    let strokes = "Enlarge Which ink counts";
    assert!(window.harness.query_by_label(strokes).is_some(), "strokes");
    let top = |window: &Window| {
        let next = window.harness.get_by_label("Enlarge What would change it");
        next.rect().top()
    };
    let before = top(&window);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds/picture/mnist.png");
    window.drop_file(path.as_ref());
    window.await_that("the picture", |harness| {
        harness.state().state().pad.picture().is_some()
    });
    window.harness.run_steps(2);
    assert!(window.harness.query_by_label(strokes).is_none(), "none");
    assert!(top(&window) < before - 200.0, "no empty place");
    assert!(window.says("Draw the digit on the pad"), "what to do");
}

#[test]
fn the_arithmetic_of_a_unit_is_in_sight_with_the_layers() {
    for training_panel in [false, true] {
        let settings = digitpad::store::settings::Settings {
            training_panel,
            ..settings()
        };
        let mut window = Window::with_model(settings, None, [1100.0, 3600.0], 1.0);
        window.click("Why");
        window.draw(SEVEN);
        window.await_that("the layers", |harness| {
            inside(harness).is_some_and(|inside| inside.unit.is_some())
        });
        window.harness.run_steps(2);
        let layers = window.harness.query_all_by_label_contains("Units of layer");
        let layers = layers.map(|layer| layer.rect()).reduce(Rect::union);
        let layers = layers.expect("layers");
        let texts = window.harness.query_all_by_label_contains("Σ w·x + b");
        let texts: Vec<Rect> = texts.map(|text| text.rect()).collect();
        let is_above = texts.iter().any(|text| text.bottom() <= layers.top());
        // Beside the panel, the details are far below the layers.
        let is_near = texts.iter().any(|text| text.union(layers).height() < 300.0);
        assert!(is_near, "{texts:?} and {layers:?}");
        assert_eq!(is_above, training_panel, "{texts:?} and {layers:?}");
    }
}
