//! Windows of all sizes, and the focus of the keyboard.

use clap::ValueEnum as _;
use digitpad::{
    store::settings::{Settings, ThemeChoice},
    training::config::{
        Preset,
        hyperparameter::{ALL, HyperparameterGroup, HyperparameterKind},
    },
};
use egui::{FontId, Key, Modifiers, Pos2, Rect, Shape, accesskit::Role, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::{
    driver::{SEVEN, Window, says, settings},
    fields::set,
    training::training_settings,
};

/// The space between the content of a part and its edge, in points.
const MARGIN: f32 = 16.0;

fn window_of(size: [f32; 2], training_panel: bool) -> Window {
    let settings = Settings {
        training_panel,
        ..settings()
    };
    Window::with_model(settings, None, size, 1.0)
}

#[test]
fn the_answers_of_a_question_show_their_texts_in_one_row() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut window = Window::new(training_settings(folder.path(), 1));
    window.click("Train");
    window.await_that("it is trained", |harness| says(harness, "on the test set"));
    window.click("Runs tab");
    window.click("Menu of Run 1");
    window.click("Delete…");
    window.await_that("the question", |harness| says(harness, "Delete this run?"));
    window.harness.run_steps(2);
    let [keep, delete] = ["Keep", "Delete"].map(|it| window.harness.get_by_label(it).rect());
    assert!(keep.width() >= 40.0, "its text has room: {keep:?}");
    assert_eq!(keep.center().y, delete.center().y, "in one row");
}

#[test]
fn the_help_fits_into_the_window() {
    for size in [[480.0, 360.0], [640.0, 480.0], [1920.0, 1080.0]] {
        let mut window = Window::with_model(settings(), None, size, 1.0);
        window.press(Modifiers::NONE, Key::F1);
        window.harness.run_steps(3);
        let heading = window.harness.get_by_label("First steps").rect();
        assert!(heading.left() >= 0.0, "{heading:?} in {size:?}");
        let last = window.harness.get_by_label("Full screen").rect();
        assert!(last.right() <= size[0], "{last:?} in {size:?}");
    }
}

/// The place of a control in pixels.
fn pixels(window: &Window, label: &str) -> Rect {
    window.harness.get_by_label(label).rect() * window.harness.ctx.zoom_factor()
}

#[test]
fn the_buttons_of_the_size_stay_under_the_pointer() {
    for size in [
        [480.0, 360.0],
        [640.0, 480.0],
        [1100.0, 700.0],
        [1920.0, 1080.0],
    ] {
        let mut window = Window::with_model(settings(), None, size, 1.0);
        for (label, count) in [("Larger", 6), ("Smaller", 9)] {
            let pointer = pixels(&window, label).center();
            for step in 1..=count {
                window.click(label);
                let place = pixels(&window, label);
                assert!(
                    place.contains(pointer),
                    "{label}, {step} times in {size:?}: {place:?}, {pointer:?}"
                );
            }
        }
    }
}

#[test]
fn pad_answer_and_bars_are_in_sight_in_every_window() {
    let cases = [
        ([480.0, 360.0], false),
        ([640.0, 480.0], false),
        ([640.0, 480.0], true),
        ([700.0, 1200.0], false),
        ([700.0, 1200.0], true),
        ([800.0, 600.0], true),
        ([1100.0, 700.0], true),
        ([1920.0, 1080.0], false),
        ([2560.0, 1440.0], true),
    ];
    for (size, training_panel) in cases {
        let mut window = window_of(size, training_panel);
        window.draw(SEVEN);
        window.await_answer('7');
        let whole = Rect::from_min_size(Pos2::ZERO, size.into());
        let labels = [
            "Drawing pad",
            "Input of the network",
            "Prediction",
            "Undo",
            "Redo",
            "Clear",
            "Open drawing…",
            "Save drawing…",
        ];
        let bars = (0..10).map(|digit| format!("Probability of {digit}"));
        let labels = labels.map(str::to_owned).into_iter().chain(bars);
        let places: Vec<(String, Rect)> = labels
            .map(|label| {
                let place = window.harness.get_by_label(&label).rect();
                (label, place)
            })
            .collect();
        for (index, (label, place)) in places.iter().enumerate() {
            assert!(
                whole.contains_rect(place.shrink(0.5)) && place.height() >= 8.0,
                "{label} at {place:?} is in sight in {size:?}"
            );
            for (other, elsewhere) in &places[..index] {
                // Widgets above each other may touch.
                let common = place.shrink(0.5).intersects(elsewhere.shrink(0.5));
                assert!(!common, "{label} lies on {other} in {size:?}");
            }
        }
        let pad = window.pad();
        assert!(
            (pad.width() - pad.height()).abs() < 0.5,
            "the pad is a square in {size:?}"
        );
    }
}

/// Opens every fold of the settings.
pub(crate) fn open_all(window: &mut Window) {
    window.click("Settings tab");
    for group in HyperparameterGroup::ALL {
        if group != HyperparameterGroup::Network {
            // The header says whether a value is changed.
            let headers = window.harness.query_all_by_label_contains(group.name());
            headers.into_iter().next().expect("its header").click();
            window.harness.run_steps(2);
        }
    }
    window.harness.run_steps(3);
}

#[test]
fn no_content_widens_a_part() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    for theme in [ThemeChoice::Light, ThemeChoice::Dark] {
        for width in [640.0, 800.0, 1100.0, 1920.0] {
            let settings = Settings {
                theme,
                training_panel: true,
                ..training_settings(folder.path(), 2)
            };
            let mut window = Window::with_model(settings, None, [width, 800.0], 1.0);
            let pad = window.harness.query_by_label("Drawing pad");
            let pad = pad.map(|pad| pad.rect());
            assert_fits(&window, width, "before a training");
            window.click("Train");
            window.await_that("it is trained", |harness| {
                harness.state().state().training.record.is_some()
            });
            window.harness.run_steps(3);
            assert_fits(&window, width, "after a training");
            open_all(&mut window);
            assert_fits(&window, width, "with all settings");
            window.click("Runs tab");
            assert_fits(&window, width, "with the runs");
            let after = window.harness.query_by_label("Drawing pad");
            assert_eq!(after.map(|pad| pad.rect()), pad, "the pad stays");
            for place in ["Why", "Test", "Learn", "Draw"] {
                window.click(place);
                window.harness.run_steps(2);
                assert_fits(&window, width, place);
            }
        }
    }
}

/// The panel's content keeps its margins, and the content of the place ends before the panel.
fn assert_fits(window: &Window, width: f32, when: &str) {
    let tab = window.harness.query_by_label("Train tab");
    let left = tab.map_or(width, |tab| tab.rect().left());
    let root = window.harness.root();
    let nodes = root.children_recursive();
    for node in nodes {
        let name = node.accesskit_node().label();
        if name.is_none() || node.accesskit_node().raw_bounds().is_none() {
            continue;
        }
        let rect = node.rect();
        let right = match rect.top() {
            ..48.0 | 760.0.. => width,
            _ if rect.left() >= left - 1.0 => width - MARGIN,
            _ => left - MARGIN,
        };
        assert!(
            rect.right() <= right + 1.0 && rect.left() >= -1.0,
            "{when} at {width}: {name:?} at {rect:?} ends at {right}"
        );
    }
}

#[test]
fn no_preset_moves_the_button_below_it() {
    let mut window = window_of([1100.0, 700.0], true);
    let place = |window: &Window| window.harness.get_by_label("Train").rect();
    let before = place(&window);
    for preset in Preset::value_variants() {
        window.click("Preset");
        let options = window.harness.query_all_by_label_contains(preset.label());
        let option = options.max_by(|a, b| a.rect().top().total_cmp(&b.rect().top()));
        option.expect("it is offered").click();
        window.harness.run_steps(3);
        assert_eq!(place(&window), before, "{preset:?}");
    }
}

#[test]
fn result_and_curves_are_in_sight_with_a_remark_above_them() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut settings = training_settings(folder.path(), 3);
    // With a long description.
    let config = &mut settings.training.config;
    (config.seed, config.label_smoothing) = (123_456_789, 0.125);
    (config.l1, config.l2, config.clip_norm) = (1e-5, 1e-5, 12.5);
    let mut window = Window::with_model(settings, None, [1100.0, 700.0], 1.0);
    window.click("Train");
    window.await_that("it is trained", |harness| says(harness, "on the test set"));
    open_all(&mut window);
    // Too low to learn anything.
    set(&mut window, "Learning rate", "1e-8");
    window.click("Train tab");
    window.click("Train");
    window.await_that("the earlier run is better", |harness| {
        says(harness, "Run 1 is better on the test set")
    });
    window.harness.run_steps(3);
    let place = |window: &Window, label: &str| window.harness.get_by_label(label).rect();
    let loss = place(&window, "Loss curves");
    // Without the axis, which takes 15 points of the plot's smallest height.
    assert!(loss.height() >= 57.0, "the plot has its height: {loss:?}");
    let below = place(&window, "Larger curves");
    assert!(below.bottom() <= 660.0 - MARGIN, "in sight: {below:?}");
    window.click("Show Accuracy");
    let accuracy = place(&window, "Accuracy curves");
    // The height of the labels of its axis is rounded.
    assert!(
        accuracy.min == loss.min && (accuracy.max - loss.max).abs().max_elem() <= 1.0,
        "{accuracy:?} in place of {loss:?}"
    );
    assert_eq!(place(&window, "Larger curves"), below, "and nothing moves");
}

#[test]
fn the_tour_is_offered_once() {
    let settings = Settings {
        tour_offered: false,
        ..settings()
    };
    let mut window = Window::new(settings);
    window.draw(SEVEN);
    window.await_answer('7');
    window.click("Take the tour");
    let state = window.harness.state().state();
    assert_eq!(state.tour, Some(0), "the first step");
    let next = Window::new(state.settings.clone());
    assert!(!next.says("Take the tour"), "it does not come back");
}

#[test]
fn no_option_is_cut() {
    let mut window = Window::with_model(settings(), None, [640.0, 3600.0], 1.0);
    open_all(&mut window);
    let labels = ALL.iter().filter_map(|entry| match entry.kind {
        HyperparameterKind::Choice { options, .. } => Some((entry.label, options())),
        _ => None,
    });
    for (label, options) in labels {
        let combo = window.harness.get_by_role_and_label(Role::ComboBox, label);
        // The padding on both sides, and the icon with its gap.
        let room = combo.rect().width() - 2.0 * 8.0 - 18.0 - 8.0;
        for option in options {
            let width = window.harness.ctx.fonts_mut(|fonts| {
                let color = egui::Color32::BLACK;
                let font = FontId::proportional(13.0);
                fonts
                    .layout_no_wrap(option.label.clone(), font, color)
                    .size()
                    .x
            });
            assert!(
                width <= room,
                "{} of {label}: {width} in {room}",
                option.label
            );
        }
    }
}

/// Whether a ring is painted around this place.
fn has_ring(window: &Window, place: Rect) -> bool {
    fn is_ring(shape: &Shape, place: Rect) -> bool {
        match shape {
            Shape::Vec(shapes) => shapes.iter().any(|shape| is_ring(shape, place)),
            Shape::Rect(rect) => {
                rect.stroke.width >= 2.0
                    && rect.rect.expand(1.0).contains_rect(place.shrink(1.0))
                    && place.expand(6.0).contains_rect(rect.rect)
            }
            _ => false,
        }
    }
    let shapes = &window.harness.output().shapes;
    shapes.iter().any(|clipped| is_ring(&clipped.shape, place))
}

#[test]
fn the_focus_has_a_ring_and_goes_from_left_to_right_and_top_to_bottom() {
    let mut window = window_of([1100.0, 700.0], true);
    window.draw(SEVEN);
    window.await_answer('7');
    let mut visited: Vec<(String, Rect)> = Vec::new();
    for _ in 0..80 {
        window.press(Modifiers::NONE, Key::Tab);
        window.harness.step();
        let Some((name, place)) = window.focused() else {
            continue;
        };
        assert!(
            has_ring(&window, place),
            "a ring around {name} at {place:?}"
        );
        if visited.first().is_some_and(|(first, _)| *first == name) {
            break;
        }
        visited.push((name, place));
    }
    let names: Vec<&str> = visited.iter().map(|(name, _)| name.as_str()).collect();
    let position = |wanted: &str| names.iter().position(|name| *name == wanted);
    for wanted in [
        "Draw",
        "Learn",
        "Help",
        "Undo",
        "Train tab",
        "Preset",
        "Train",
    ] {
        assert!(position(wanted).is_some(), "{wanted} is visited: {names:?}");
    }
    assert_eq!(position("Hidden layers"), None, "what is hidden is not");
    for pair in visited.windows(2) {
        let [(name, a), (next, b)] = pair else {
            continue;
        };
        let is_same_part = |x: f32| (a.left() < x) == (b.left() < x);
        let panel = visited[position("Train tab").expect("visited")].1.left() - MARGIN;
        let (above, below) = (a.top() < 48.0, b.top() < 48.0);
        let is_next = match (above, below) {
            (true, true) => a.left() < b.left(),
            (true, false) => true,
            (false, true) => false,
            (false, false) if !is_same_part(panel) => a.left() < b.left() || b.top() > 640.0,
            // The buttons below the pad come before the answer beside it.
            (false, false) => a.top() < b.bottom() || b.left() > a.right(),
        };
        assert!(is_next, "{next} at {b:?} follows {name} at {a:?}");
    }
}

#[test]
fn the_panel_scrolls_to_the_focus() {
    let mut window = window_of([1100.0, 480.0], true);
    open_all(&mut window);
    let panel = Rect::from_min_max(egui::pos2(700.0, 48.0), egui::pos2(1100.0, 440.0));
    for _ in 0..60 {
        window.press(Modifiers::NONE, Key::Tab);
        window.harness.run_steps(3);
        let Some((name, place)) = window.focused() else {
            continue;
        };
        if place.left() > panel.left() && name.starts_with(|c: char| c.is_uppercase()) {
            assert!(
                panel.expand2(vec2(0.0, 42.0)).contains_rect(place),
                "{name} at {place:?} is in sight"
            );
        }
    }
}

#[test]
fn escape_dismisses_the_notice_and_keeps_the_drawing() {
    let mut window = Window::new(settings());
    window.draw(SEVEN);
    window.drop_file(std::path::Path::new("/nowhere/weights.safetensors"));
    window.await_that("it is refused", |harness| {
        harness.state().state().notices.shown().is_some()
    });
    let notice = window.harness.get_by_role(Role::Alert).rect();
    for control in ["Save drawing…", "Probability of 9", "Train"] {
        let place = window.harness.get_by_label(control).rect();
        assert!(!place.intersects(notice), "the notice is not on {control}");
    }
    for _ in 0..2 {
        window.press(Modifiers::NONE, Key::Escape);
        let shown = window.harness.state().state().notices.shown();
        assert!(shown.is_none(), "it is dismissed");
        assert_eq!(window.value("Drawing pad"), "1 stroke", "the drawing stays");
    }
    assert!(window.says("Notices 1"), "the list keeps it");
}

#[test]
fn the_help_opens_and_closes_by_key() {
    let mut window = Window::new(settings());
    window.press(Modifiers::NONE, Key::F1);
    assert!(window.says("First steps"), "it is open");
    assert!(window.says("Save the drawing"), "with the shortcuts");
    window.press(Modifiers::NONE, Key::Escape);
    window.harness.step();
    assert!(!window.says("First steps"), "it is closed");
}

#[test]
fn at_first_the_panel_is_one_button() {
    let settings = Settings {
        file_dialogs: false,
        ..Settings::default()
    };
    let mut window = Window::new(settings);
    let is_open = |window: &Window| window.harness.query_by_label("Train tab").is_some();
    assert!(!is_open(&window), "the panel is folded");
    window.click("Train your own");
    assert!(is_open(&window), "a click opens it");
    assert!(
        window.says("Small convolutional network"),
        "with the small convolutional network"
    );
}
