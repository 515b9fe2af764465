//! Windows of all sizes.

use std::path::PathBuf;

use digitpad::{
    model::file::Model, store::settings::Settings, training::config::hyperparameter::Group,
};
use egui::{Pos2, Rect, accesskit::Role, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::{
    driver::{Window, says, settings},
    training::training_settings,
};

#[test]
fn the_layout_fits_every_window_size() {
    let cases = [
        ([640.0, 480.0], 1.0, false, true),
        ([640.0, 480.0], 2.0, true, false),
        ([640.0, 800.0], 1.0, true, true),
        ([800.0, 600.0], 1.0, true, true),
        ([1100.0, 700.0], 1.0, true, true),
        ([1280.0, 720.0], 1.5, true, true),
        ([2560.0, 1440.0], 2.0, true, true),
        ([700.0, 1200.0], 1.0, false, true),
    ];
    for (size, pixels_per_point, training_panel, fits) in cases {
        let settings = Settings {
            training_panel,
            ..settings()
        };
        // With a previous model, there is one more button.
        let model = Model::built_in().expect("the built-in model fits");
        let loaded = Some((PathBuf::from("w.safetensors"), model));
        let window = Window::with_model(settings, loaded, size, pixels_per_point);
        let whole = Rect::from_min_size(Pos2::ZERO, size.into());
        let mut places = vec![("Drawing pad".to_owned(), window.pad())];
        for label in [
            "Input of the network",
            "Undo",
            "Redo",
            "Clear",
            "Open drawing…",
            "Save drawing…",
            "Change model",
            "Save weights…",
        ] {
            places.push((label.to_owned(), window.harness.get_by_label(label).rect()));
        }
        for digit in 0..10 {
            let label = format!("Probability of {digit}");
            places.push((label.clone(), window.harness.get_by_label(&label).rect()));
        }
        let before = window.harness.query_by_label_contains("Back to");
        places.extend(before.map(|button| ("Back to".to_owned(), button.rect())));
        for (index, (label, place)) in places.iter().enumerate() {
            let is_within = whole.contains_rect(place.shrink(0.5));
            assert!(
                is_within || !fits,
                "{label} at {place:?} is within {size:?}"
            );
            assert!(
                place.height() >= 8.0,
                "{label} at {place:?} can be seen in {size:?}"
            );
            for (other, elsewhere) in &places[..index] {
                // Half of the gap between two buttons on each side. Widgets above each other may touch.
                let around = vec2(2.9, -0.5);
                let common = place.expand2(around).intersects(elsewhere.expand2(around));
                assert!(
                    !common,
                    "{label} at {place:?} hides or touches {other} at {elsewhere:?} in {size:?}"
                );
            }
        }
        let answer = window.harness.get_by_label("Prediction").rect();
        assert!(
            whole.contains_rect(answer),
            "the answer at {answer:?} is seen in {size:?} without scrolling"
        );
        let pad = window.pad();
        assert!(
            (pad.width() - pad.height()).abs() < 0.5,
            "the pad is a square in {size:?}"
        );
    }
}

#[test]
fn every_hyperparameter_fits_the_narrowest_panel() {
    let mut window = Window::with_model(settings(), None, [640.0, 3600.0], 1.0);
    window.click("Settings");
    for group in Group::ALL
        .into_iter()
        .filter(|&group| group != Group::Network)
    {
        window.click(group.name());
    }
    window.harness.run_steps(3);
    assert_keeps_margins(&window, 370.0, "settings");
    let width = |role, name| {
        let node = window.harness.get_by_role_and_label(role, name);
        node.rect().width()
    };
    let widths = [
        width(Role::TextInput, "Hidden layers"),
        width(Role::ComboBox, "Activation"),
        width(Role::SpinButton, "Seed"),
    ];
    assert_eq!(widths, [widths[0]; 3], "all controls have the same width");
}

#[test]
fn the_results_of_a_training_fit_the_panel() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    for (width, left) in [(640.0, 370.0), (1100.0, 801.0)] {
        let settings = training_settings(folder.path(), 2);
        let mut window = Window::with_model(settings, None, [width, 3600.0], 1.0);
        window.click("Train");
        window.await_that("it is trained", |harness| says(harness, "Test accuracy"));
        window.harness.run_steps(3);
        assert_keeps_margins(&window, left, "after a training");
    }
}

/// The training panel's content starts at `left` and is at most as wide as its widest button.
fn assert_keeps_margins(window: &Window, left: f32, when: &str) {
    let preset = window.harness.get_by_label("Preset").rect();
    let train = window.harness.get_by_label("Train").rect();
    assert!(
        (preset.left() - left).abs() < 2.0,
        "{when}: the preset at {preset:?} starts at {left}"
    );
    let panel = preset.left()..=train.right();
    let below = |rect: Rect| rect.left() >= left - 20.0 && rect.top() >= preset.top();
    let root = window.harness.root();
    let nodes = root.children_recursive();
    let parts: Vec<_> = nodes
        .filter(|node| node.accesskit_node().raw_bounds().is_some() && below(node.rect()))
        .map(|node| (node.accesskit_node().label().or(node.value()), node.rect()))
        .collect();
    assert!(parts.len() > 30, "{when}: {} parts", parts.len());
    for (name, rect) in parts {
        let is_within = panel.contains(&rect.left()) && panel.contains(&rect.right());
        assert!(
            is_within,
            "{when}: {name:?} at {rect:?} is within {panel:?}"
        );
    }
}
