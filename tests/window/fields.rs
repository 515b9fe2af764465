//! The hyperparameters in the training panel.

use digitpad::{
    app::state::form::TrainingForm,
    store::settings::Settings,
    training::config::{Optimizer, Preset},
};
use egui::{Event, Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::driver::{Window, says, settings};

/// A window with these training settings, tall enough for all of them.
fn set_to(form: &TrainingForm) -> Window {
    let settings = Settings {
        training: form.saved(),
        ..settings()
    };
    Window::with_model(settings, None, [1100.0, 2400.0], 1.0)
}

/// A window with the settings and these groups expanded.
pub(crate) fn opened(groups: &[&str]) -> Window {
    let mut window = Window::with_model(settings(), None, [1100.0, 2400.0], 1.0);
    window.click("Settings tab");
    for group in groups {
        window.click(group);
        // The groups below move while it opens.
        window.harness.run_steps(10);
    }
    window
}

pub(crate) fn form(window: &Window) -> &TrainingForm {
    &window.harness.state().state().training.form
}

/// Types a number into one of the fields.
pub(crate) fn set(window: &mut Window, label: &str, value: &str) {
    window.harness.step();
    window.harness.get_by_label(label).click();
    window.harness.step();
    window.harness.step();
    window.press(Modifiers::COMMAND, Key::A);
    window.harness.get_by_label(label).type_text(value);
    window.harness.step();
    window.press(Modifiers::NONE, Key::Enter);
}

#[test]
fn at_first_only_the_preset_and_train_are_visible() {
    let window = Window::new(settings());
    for label in ["Preset", "Train", "Settings tab"] {
        let shown = window.harness.query_all_by_label(label).count();
        assert!(shown > 0, "{label} is there");
    }
    for label in ["Hidden layers", "Dropout", "Momentum", "Rotation (°)"] {
        let shown = window.harness.query_by_label(label).is_some();
        assert!(!shown, "{label} is hidden");
    }
    assert!(
        !window.says("as your last such training"),
        "no run is known"
    );
}

#[test]
fn every_value_can_be_changed_and_reset_and_no_row_moves() {
    let cases = [
        ("Training steps", "Epochs", "3"),
        ("Optimizer", "Gradient clipping", "2"),
        ("Regularization", "Dropout", "0.25"),
        ("Preprocessing", "Deslant", "0.8"),
        ("Preprocessing", "Normalize width", "0.6"),
        ("Preprocessing", "Gaussian blur (px)", "0.5"),
        ("Augmentation", "Rotation (°)", "12"),
        ("Data", "Synthetic digits", "100"),
    ];
    for (group, label, value) in cases {
        let mut window = opened(&[group]);
        let before = form(&window).clone();
        let place = |window: &Window| window.harness.get_by_label(label).rect();
        let rect = place(&window);
        set(&mut window, label, value);
        assert_ne!(*form(&window), before, "{label} is set");
        assert_eq!(place(&window), rect, "{label} stays in its place");
        let changed = format!("{group} · changed");
        assert!(window.says(&changed), "{group} shows that it differs");
        window.click(&format!("Reset {label}"));
        assert_eq!(*form(&window), before, "{label} is as the preset has it");
        assert_eq!(place(&window), rect, "{label} stays in its place");
        assert!(!window.says(&changed), "and no longer marked");
    }
}

#[test]
fn a_value_out_of_range_is_refused_with_the_range() {
    let mut window = opened(&["Training steps", "Regularization", "Preprocessing", "Data"]);
    let cases = [
        ("Validation split", "95", "from 0\u{a0}% to 90\u{a0}%"),
        ("Dropout", "7", "a number from 0 to 0.9"),
        ("Epochs", "20000", "a whole number from 1 to 10000"),
        ("Median filter (px)", "50", "a whole number from 0 to"),
    ];
    for (label, value, range) in cases {
        let before = form(&window).clone();
        set(&mut window, label, value);
        assert_eq!(*form(&window), before, "{label} keeps its value");
        let shown = window.harness.state().state().notices.shown();
        let text = shown.map(|notice| notice.text.clone()).unwrap_or_default();
        assert!(text.contains(range), "{label} says {range}: {text}");
    }
}

#[test]
fn an_invalid_setting_disables_train_with_one_reason() {
    let mut window = opened(&["Regularization", "Data"]);
    set(&mut window, "Validation split", "0");
    set(&mut window, "Early stopping", "3");
    assert!(
        window.says("Early stopping needs validation images"),
        "said where it is set"
    );
    window.click("Train tab");
    let is_disabled = |window: &Window| {
        let train = window.harness.get_by_label("Train");
        train.accesskit_node().is_disabled()
    };
    assert!(is_disabled(&window), "no training");
    let reasons = window.harness.query_all_by_label_contains("Cannot set the");
    assert_eq!(reasons.count(), 1, "one reason");
    window.click("Settings tab");
    window.click("Reset Early stopping");
    window.click("Train tab");
    assert!(!is_disabled(&window), "gone with its cause");
}

#[test]
fn a_preset_over_changed_settings_can_be_taken_back() {
    let mut window = opened(&["Regularization"]);
    set(&mut window, "Dropout", "0.25");
    let changed = form(&window).clone();
    window.click("Train tab");
    window.click("Preset");
    let option = format!("{} · ", Preset::Quick.label());
    window.harness.get_by_label_contains(&option).click();
    window.harness.run_steps(2);
    assert_eq!(form(&window).preset, Preset::Quick, "it is chosen");
    window.click("Undo the preset");
    assert_eq!(*form(&window), changed, "with the changed value");
}

#[test]
fn a_text_that_is_no_number_is_refused_until_a_valid_one() {
    let mut window = opened(&["Training steps"]);
    for (label, text) in [
        ("Epochs", "abc"),
        ("Epochs", "5.5"),
        ("Epochs", "-1"),
        ("Learning rate", "fast"),
    ] {
        let before = form(&window).clone();
        set(&mut window, label, text);
        let said = format!("found \"{text}\"");
        window.await_that(&said, |harness| says(harness, &said));
        assert_eq!(*form(&window), before, "{label}: nothing changes");
    }
    set(&mut window, "Epochs", "7");
    assert_eq!(form(&window).draft.epochs, 7, "a valid one");
    let shown = window.harness.state().state().notices.shown();
    assert!(shown.is_none(), "withdraws the error: {shown:?}");
}

#[test]
fn a_field_keeps_the_keyboard_while_it_is_typed_into() {
    let mut window = opened(&["Training steps"]);
    for (label, text, expected) in [("Hidden layers", ",64", "128,64"), ("Epochs", "25", "25")] {
        window.harness.get_by_label(label).click();
        window.harness.step();
        window.harness.step();
        if label == "Epochs" {
            window.press(Modifiers::COMMAND, Key::A);
        }
        for letter in text.chars() {
            window.frame_with(vec![Event::Text(letter.to_string())]);
        }
        window.press(Modifiers::NONE, Key::Enter);
        let form = form(&window);
        let set = match label {
            "Epochs" => form.draft.epochs.to_string(),
            _ => form.hidden.clone(),
        };
        assert_eq!(set, expected, "{label}, although the group becomes changed");
    }
}

#[test]
fn focus_without_input_does_not_round_a_value() {
    let mut config = Preset::Quick.config();
    config.learning_rate = 0.001_234_5;
    let mut window = set_to(&TrainingForm::of(Preset::Quick, config));
    window.click("Settings tab");
    window.click("Training steps · changed");
    window.click("Data");
    let before = form(&window).clone();
    assert_eq!(before.draft.validation_split, 1.0 / 12.0, "shown as 8.33");
    for label in ["Validation split", "Learning rate"] {
        window.harness.get_by_label(label).click();
        window.harness.step();
        window.harness.step();
        window.press(Modifiers::NONE, Key::Tab);
        assert_eq!(*form(&window), before, "{label} was only visited");
    }
    set(&mut window, "Validation split", "8.34");
    let split = form(&window).draft.validation_split;
    assert!((split - 0.0834).abs() < 1e-12, "{split} was typed");
    set(&mut window, "Validation split", "5 %");
    let split = form(&window).draft.validation_split;
    assert!(
        (split - 0.05).abs() < 1e-12,
        "{split} was typed with the unit"
    );
}

#[test]
fn a_seed_has_all_its_digits() {
    // The first whole number that an f64 cannot hold.
    let large = (1 << 53) + 1;
    let mut given = TrainingForm::default();
    given.draft.seed = large;
    let mut window = set_to(&given);
    window.click("Settings tab");
    window.click("Training steps · changed");
    window.harness.step();
    assert_eq!(form(&window).draft.seed, large, "it is only shown");
    window.harness.get_by_label("Seed").click();
    window.harness.step();
    window.harness.step();
    window.press(Modifiers::NONE, Key::Tab);
    assert_eq!(form(&window).draft.seed, large, "it was only visited");
    let cases = [
        ("7", 7, "a small one"),
        ("9007199254740995", (1 << 53) + 3, "a large one"),
        ("9223372036854775807", i64::MAX as u64, "the largest"),
        ("9223372036854775808", i64::MAX as u64, "out of range"),
        ("none", i64::MAX as u64, "no number changes nothing"),
    ];
    for (text, expected, reason) in cases {
        set(&mut window, "Seed", text);
        assert_eq!(form(&window).draft.seed, expected, "{reason}");
    }
}

#[test]
fn hyperparameters_without_effect_are_hidden() {
    let window = opened(&["Optimizer"]);
    let shows = |window: &Window, label: &str| window.harness.query_by_label(label).is_some();
    assert!(shows(&window, "Beta 1"), "Adam has it");
    assert!(!shows(&window, "Momentum"), "but no momentum");
    let mut form = form(&window).clone();
    form.draft.optimizer = Optimizer::MOMENTUM;
    let mut window = set_to(&form);
    window.click("Settings tab");
    window.click("Optimizer · changed");
    assert!(shows(&window, "Momentum"), "SGD has it");
    assert!(!shows(&window, "Beta 1"), "but has no moments");
}

#[test]
fn the_sizes_of_the_network_and_the_dataset_are_shown() {
    let mut window = opened(&["Data", "Augmentation"]);
    assert!(window.says("101,770 parameters"), "784-128-10");
    window.await_that("the data is looked at", |harness| {
        says(harness, "60,000 training images, 10,000 test images")
    });
    let counts = window.value("Training images of each digit");
    assert!(counts.starts_with("0: 5,923, 1: 6,742"), "{counts}");
    assert_eq!(
        window.value("Training images as inputs"),
        "32 images",
        "drawn"
    );
    window.click("Augment again");
}

#[test]
fn a_refusal_goes_with_the_value_that_it_is_about() {
    let mut window = opened(&["Training steps"]);
    let epochs = form(&window).draft.epochs.to_string();
    let is_said = |window: &Window| window.harness.state().state().notices.shown().is_some();
    for key in [Key::Escape, Key::Enter] {
        set(&mut window, "Epochs", "20000");
        assert!(is_said(&window), "out of range");
        if key == Key::Enter {
            window.press(Modifiers::COMMAND, Key::A);
            window.harness.get_by_label("Epochs").type_text(&epochs);
            window.harness.step();
        }
        window.key(key);
        assert!(!is_said(&window), "{key:?} leaves a valid value");
    }
    set(&mut window, "Epochs", "20000");
    set(&mut window, "Epochs", "30000");
    assert!(is_said(&window), "refused again");
}
