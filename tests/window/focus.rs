//! The focus of the keyboard: where it goes, and where it returns to.

use digitpad::{
    app::state::training::TrainingState,
    bitmap::Digit,
    store::settings::{PadShape, Settings},
};
use egui::{Event, Key, Modifiers, Popup};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::{
    driver::{SEVEN, Window, says, settings},
    fields::{form, opened},
    training::training_settings,
};

fn has(window: &Window, label: &str) -> bool {
    window.harness.query_by_label(label).is_some()
}

fn name(window: &Window) -> String {
    window
        .focused()
        .map_or_else(|| "nothing".to_owned(), |(name, _)| name)
}

fn write(window: &mut Window, text: &str) {
    for letter in text.chars() {
        window.frame_with(vec![Event::Text(letter.to_string())]);
    }
}

fn with_drawing(settings: Settings) -> Window {
    let mut window = Window::new(settings);
    window.draw(SEVEN);
    window.await_answer('7');
    window
}

#[test]
fn a_menu_gives_the_focus_back_to_its_button() {
    let mut window = with_drawing(settings());
    let menus = [
        "View",
        "More tools",
        "Correct the prediction",
        "Noise",
        "Model: Built-in",
    ];
    for menu in menus {
        let button = window.harness.get_by_label_contains(menu);
        let button = button.accesskit_node().label().unwrap_or_default();
        for key in [Key::Escape, Key::Tab] {
            window.focus(&button);
            window.key(Key::Enter);
            let entry = name(&window);
            assert_ne!(entry, button, "the focus enters {menu}");
            if key == Key::Escape {
                window.key(key);
                assert_eq!(name(&window), button, "Escape leaves {menu}");
            } else {
                for _ in 0..8 {
                    window.key(key);
                }
                assert!(!has(&window, &entry), "Tab closes {menu}");
            }
        }
    }
    window.focus("More tools");
    window.key(Key::Enter);
    window.key(Key::ArrowDown);
    window.key(Key::Enter);
    assert!(
        window.harness.state().state().settings.pad_shape.width() > 1.0,
        "the second entry was chosen"
    );
    assert!(!has(&window, "Guides (G)"), "and the menu closed");
    assert_eq!(name(&window), "More tools", "with the focus on its button");
}

#[test]
fn the_focus_starts_at_the_chosen_entry_and_moves_with_the_arrows() {
    let mut window = Window::new(settings());
    let preset = |window: &Window| form(window).preset;
    let chosen = preset(&window);
    window.focus("Preset");
    window.key(Key::Enter);
    assert!(name(&window).contains(chosen.label()), "the chosen entry");
    window.key(Key::ArrowDown);
    window.key(Key::Escape);
    assert_eq!(preset(&window), chosen, "Escape chooses nothing");
    assert_eq!(name(&window), "Preset", "and returns");
    window.key(Key::Space);
    window.key(Key::ArrowDown);
    let next = name(&window);
    window.key(Key::Enter);
    assert_ne!(preset(&window), chosen, "Enter chooses");
    assert!(next.contains(preset(&window).label()), "that entry");
    assert!(!has(&window, &next), "and closes");
    assert_eq!(name(&window), "Preset", "with the focus");
    window.key(Key::Enter);
    window.key(Key::Tab);
    let after = name(&window);
    assert!(!has(&window, &next), "Tab closes");
    assert!(after != "Preset" && after != "Draw", "and goes on: {after}");
}

#[test]
fn enter_leaves_the_focus_in_the_field_and_no_digit_corrects() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut window = opened(&["Training steps"]);
    let data = folder.path().join("data");
    window.harness.state_mut().use_data_folder(&data);
    window.draw(SEVEN);
    window.await_answer('7');
    window.focus("Epochs");
    write(&mut window, "3");
    window.press(Modifiers::NONE, Key::Enter);
    assert_eq!(form(&window).draft.epochs, 3, "it is accepted");
    assert_eq!(name(&window), "Epochs", "the focus stays");
    // The text is selected, so that another number replaces it.
    write(&mut window, "25");
    window.press(Modifiers::NONE, Key::Tab);
    assert_eq!(form(&window).draft.epochs, 25, "it is typed into the field");
    // Beside a field, neither.
    write_keys(&mut window, &[Key::Num4, Key::N, Key::Delete]);
    assert_eq!(
        window.value("Drawing pad"),
        "1 stroke",
        "nothing is cleared"
    );
    window.focus("Hidden layers");
    write(&mut window, "4");
    window.press(Modifiers::NONE, Key::Enter);
    write_keys(&mut window, &[Key::Num4]);
    assert_eq!(name(&window), "Hidden layers", "so in a text");
    assert_only_the_pad_corrects(&mut window);
}

/// Corrects on the pad, and compares with the number of corrections that were said.
fn assert_only_the_pad_corrects(window: &mut Window) {
    window.focus("Drawing pad");
    write_keys(window, &[Key::Num2]);
    window.await_that("it is saved", |harness| {
        let saved = harness.state().state().correction();
        saved.and_then(|label| label.0).map(Digit::value) == Some(2)
    });
    let said = window.harness.state().state().notices.list();
    assert_eq!(said.len(), 1, "no other correction: {said:?}");
}

#[test]
fn no_digit_after_a_field_in_a_menu_corrects() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let settings = Settings {
        pad_shape: PadShape::Line,
        ..settings()
    };
    let mut window = Window::new(settings);
    window.harness.state_mut().use_data_folder(folder.path());
    window.draw(SEVEN);
    window.await_that("an answer", |harness| harness.state().state().can_correct());
    window.focus("Known of the number");
    window.key(Key::Enter);
    for _ in 0..3 {
        window.key(Key::ArrowDown);
    }
    write(&mut window, "1");
    window.key(Key::Enter);
    let known = window.harness.state().state().known;
    assert_eq!(known.length, Some(1), "it is accepted");
    assert_eq!(name(&window), "Known of the number", "the menu closed");
    window.await_that("an answer", |harness| harness.state().state().can_correct());
    write_keys(&mut window, &[Key::Num2]);
    assert_only_the_pad_corrects(&mut window);
}

fn write_keys(window: &mut Window, keys: &[Key]) {
    for &key in keys {
        window.press(Modifiers::NONE, key);
    }
}

#[test]
fn escape_restores_a_field_and_then_goes_to_the_pad() {
    let mut window = opened(&["Training steps", "Data"]);
    window.click("Folder");
    let before = form(&window).clone();
    for field in ["Epochs", "Hidden layers", "Path of the data folder"] {
        window.focus(field);
        write(&mut window, "7");
        window.key(Key::Escape);
        assert_eq!(*form(&window), before, "{field} has its value");
        assert_eq!(name(&window), field, "and the focus");
        window.press(Modifiers::NONE, Key::Enter);
        assert_eq!(*form(&window), before, "{field} shows its value");
        window.key(Key::Escape);
        assert_eq!(name(&window), "Drawing pad", "the second one, from {field}");
    }
    window.focus("Hidden layers");
    write(&mut window, "x");
    window.key(Key::Enter);
    assert_ne!(*form(&window), before, "it is refused and stays");
    window.key(Key::Escape);
    assert_eq!(*form(&window), before, "the last valid value");
}

#[test]
fn up_and_down_go_from_field_to_field() {
    let mut window = opened(&["Training steps"]);
    let before = form(&window).clone();
    window.focus("Epochs");
    let mut visited = vec![name(&window)];
    for key in [Key::ArrowDown, Key::ArrowDown, Key::ArrowUp, Key::ArrowUp] {
        window.key(key);
        visited.push(name(&window));
    }
    assert_eq!(*form(&window), before, "no value changes");
    assert_eq!(
        visited[..2],
        visited.iter().rev().cloned().collect::<Vec<_>>()[..2],
        "{visited:?}"
    );
    assert_ne!(visited[1], "Epochs", "another field");
    assert_ne!(visited[2], visited[1], "and another");
    window.key(Key::ArrowDown);
    window.key(Key::ArrowUp);
    write(&mut window, "12");
    window.key(Key::ArrowDown);
    assert_eq!(form(&window).draft.epochs, 12, "leaving accepts the value");
}

#[test]
fn a_shortcut_with_control_accepts_a_field_first() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut window = Window::new(training_settings(folder.path(), 2));
    window.click("Settings tab");
    let header = window.harness.query_all_by_label_contains("Training steps");
    header.into_iter().next().expect("its group").click();
    window.harness.run_steps(10);
    window.focus("Epochs");
    write(&mut window, "1");
    window.press(Modifiers::COMMAND, Key::T);
    // It may have ended already.
    let training = &window.harness.state().state().training;
    let config = training.config.as_ref().expect("it trains");
    assert_eq!(config.epochs, 1, "as it was typed");
}

#[test]
fn a_dialog_holds_the_focus_and_gives_it_back() {
    let mut window = with_drawing(settings());
    window.focus("Save drawing…");
    window.key(Key::Enter);
    let mut visited = vec![name(&window)];
    write(&mut window, "a");
    for _ in 0..6 {
        window.key(Key::Tab);
        visited.push(name(&window));
    }
    let distinct: std::collections::BTreeSet<&str> = visited.iter().map(String::as_str).collect();
    let expected = ["Cancel", "Path", "Save"].into_iter().collect();
    assert_eq!(distinct, expected, "in a cycle: {visited:?}");
    assert_eq!(visited[0], "Path", "first its field");
    window.key(Key::Escape);
    assert!(!has(&window, "Path"), "Escape closes it");
    assert_eq!(name(&window), "Save drawing…", "with the focus");

    window.key(Key::F1);
    assert_eq!(name(&window), "Take the tour", "the help has the focus");
    window.key(Key::Escape);
    assert_eq!(name(&window), "Save drawing…", "and gives it back");

    window.focus("More tools");
    window.key(Key::Enter);
    window.key(Key::ArrowUp);
    assert_eq!(name(&window), "All corrections…", "the last entry");
    window.key(Key::Enter);
    assert_eq!(
        name(&window),
        "Close",
        "the only control without corrections"
    );
    window.key(Key::Enter);
    assert_eq!(name(&window), "More tools", "the button of the menu");
}

#[test]
fn a_dialog_that_the_mouse_opened_gives_the_focus_to_its_button() {
    let mut window = with_drawing(settings());
    window.click("Help");
    window.key(Key::Escape);
    assert_eq!(name(&window), "Help", "the button");
    window.click("View");
    window.key(Key::Escape);
    assert_eq!(name(&window), "View", "so of a menu");
    window.click("More tools");
    window.click("More tools");
    assert_eq!(name(&window), "nothing", "the mouse leaves no focus");
    window.click("Settings tab");
    window.key(Key::Tab);
    assert_eq!(name(&window), "Runs tab", "Tab goes on from there");
    window.focus("Hidden layers");
    window.draw(SEVEN);
    assert_eq!(name(&window), "nothing", "a stroke takes it from a field");
    window.key(Key::Tab);
    assert_eq!(name(&window), "Draw", "Tab begins anew");
}

#[test]
fn a_button_that_goes_gives_the_focus_to_its_neighbor() {
    let mut window = with_drawing(settings());
    window.focus("Undo");
    window.key(Key::Enter);
    assert_eq!(
        window.value("Drawing pad").get(..5),
        Some("Empty"),
        "undone"
    );
    assert_eq!(name(&window), "Redo", "beside Undo, which is disabled");
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut window = Window::new(training_settings(folder.path(), 10_000));
    window.focus("Train");
    window.key(Key::Enter);
    assert_eq!(name(&window), "Pause", "in place of Train");
    for (key, state) in [("Resume", true), ("Pause", false)] {
        window.key(Key::Enter);
        let is_paused = |state: &TrainingState| matches!(state, TrainingState::Paused { .. });
        window.await_that(key, |harness| {
            is_paused(&harness.state().state().training.state) == state
        });
        window.harness.run_steps(2);
        assert_eq!(name(&window), key, "in its place");
    }
    window.focus("Close the panel");
    window.key(Key::Enter);
    assert_eq!(name(&window), "Train your own", "the button that opens it");
}

#[test]
fn the_help_scrolls_by_key() {
    for size in [[480.0, 360.0], [640.0, 480.0]] {
        let mut window = Window::with_model(settings(), None, size, 1.0);
        window.key(Key::F1);
        window.harness.run_steps(20);
        let (first, place) = window.focused().expect("it has the focus");
        assert_eq!(first, "Take the tour", "in {size:?}");
        let window_place = egui::Rect::from_min_size(egui::Pos2::ZERO, size.into());
        assert!(window_place.contains_rect(place), "in sight: {place:?}");
        let top = |window: &Window| {
            let heading = window.harness.get_by_label("Shortcuts");
            heading.rect().top()
        };
        let mut before = top(&window);
        for (key, sign) in [
            (Key::ArrowDown, -1.0),
            (Key::PageDown, -1.0),
            (Key::ArrowUp, 1.0),
            (Key::PageUp, 1.0),
        ] {
            window.key(key);
            window.harness.run_steps(20);
            let after = top(&window);
            assert!(sign * (after - before) > 1.0, "{key:?} in {size:?}");
            before = after;
        }
    }
}

#[test]
fn the_focus_on_fixed_buttons_scrolls_no_content() {
    let mut window = Window::with_model(settings(), None, [1100.0, 480.0], 1.0);
    crate::layout::open_all(&mut window);
    window.focus("Learning rate");
    window.harness.run_steps(20);
    let place = |window: &Window| window.harness.get_by_label("Learning rate").rect();
    let before = place(&window);
    for fixed in [
        "Smaller",
        "Larger",
        "Draw",
        "Help",
        "Runs tab",
        "Drawing pad",
    ] {
        window.focus(fixed);
        window.harness.run_steps(20);
        assert_eq!(place(&window), before, "with the focus on {fixed}");
    }
}

#[test]
fn the_tour_goes_from_left_to_right_and_ends_with_escape() {
    let mut window = Window::new(settings());
    window.click("Settings tab");
    window.click("Help");
    window.click("Take the tour");
    window.harness.run_steps(3);
    for _ in 0..3 {
        assert_eq!(name(&window), "Next", "Enter alone goes on");
        window.key(Key::Enter);
    }
    assert_eq!(window.harness.state().state().tour, Some(3), "Train");
    window.key(Key::Enter);
    assert_eq!(name(&window), "Next", "beside a button more");
    window.focus("Back");
    window.key(Key::Enter);
    assert!(has(&window, "Train"), "the tab Train is shown");
    let lefts =
        ["Leave", "Back", "Next"].map(|label| window.harness.get_by_label(label).rect().left());
    assert!(lefts.is_sorted(), "{lefts:?}");
    window.focus("Leave");
    for next in ["Back", "Next"] {
        window.key(Key::Tab);
        assert_eq!(name(&window), next, "from left to right");
    }
    window.key(Key::Escape);
    let state = window.harness.state().state();
    assert_eq!(state.tour, None, "Escape leaves it");
    assert_eq!(name(&window), "Drawing pad", "where one goes on");
    window.click("Help");
    window.click("Take the tour");
    window.harness.run_steps(3);
    for _ in 0..6 {
        window.key(Key::Enter);
    }
    let state = window.harness.state().state();
    assert_eq!(state.tour, None, "Finish ends it");
    assert_eq!(name(&window), "Test", "a place without a pad");
}

#[test]
fn the_end_of_renaming_gives_the_focus_to_the_run() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut window = Window::new(training_settings(folder.path(), 1));
    window.click("Train");
    window.await_that("it is tested", |harness| says(harness, "on the test set"));
    window.click("Runs tab");
    for key in [Key::Escape, Key::Enter] {
        window.focus("Menu of Run 1");
        window.key(Key::Enter);
        assert_eq!(name(&window), "Rename", "the first entry");
        window.key(Key::Enter);
        assert_eq!(name(&window), "Name of the run", "its field");
        window.key(key);
        assert!(!has(&window, "Name of the run"), "{key:?} ends it");
        let (focused, _) = window.focused().expect("a control");
        assert!(focused.starts_with("Run 1, "), "{key:?}: {focused}");
    }
}

#[test]
fn tab_closes_a_list_without_controls() {
    let offered = Settings {
        tour_offered: false,
        ..settings()
    };
    let mut window = Window::new(offered);
    window.focus("Notices 1");
    window.key(Key::Enter);
    assert!(Popup::is_any_open(&window.harness.ctx), "it opens");
    window.key(Key::Tab);
    assert!(!Popup::is_any_open(&window.harness.ctx), "Tab closes it");
    assert_eq!(name(&window), "Smaller", "and goes on");
}

#[test]
fn tab_enters_the_panel_that_was_just_opened() {
    for is_click in [false, true] {
        let mut window = Window::new(Settings {
            training_panel: false,
            ..settings()
        });
        let button = "Train your own";
        if is_click {
            window.click(button);
        } else {
            window.focus(button);
            window.key(Key::Enter);
            assert_eq!(name(&window), button, "the focus stays");
        }
        window.key(Key::Tab);
        assert_eq!(name(&window), "Train tab", "the panel is next");
        window.focus(button);
        window.key(Key::Tab);
        let next = name(&window);
        assert!(next.starts_with("Model: "), "later, its neighbor: {next}");
    }
}

#[test]
fn an_icon_says_its_name_when_it_has_the_focus() {
    let mut window = with_drawing(settings());
    let icons = ["History", "More tools", "Eraser", "Larger"];
    let helps = [
        "your last drawings",
        "More tools.",
        "Removes whole",
        "Larger texts",
    ];
    for (icon, help) in icons.into_iter().zip(helps) {
        window.focus(icon);
        window.harness.run_steps(8);
        assert!(window.says(help), "{help} beside {icon}");
        window.focus("Drawing pad");
        assert!(!window.says(help), "not without the focus");
    }
}

#[test]
fn noise_on_a_test_image_is_said() {
    let mut window = with_drawing(settings());
    window.click("Noise");
    window.click("Salt and pepper");
    window.press(Modifiers::NONE, Key::Escape);
    window.click("Test");
    window.click("Test now");
    window.await_that("it is evaluated", |harness| {
        harness.state().state().evaluation.completed.is_some()
    });
    window.harness.run_steps(3);
    let image = window.harness.query_all_by_label_contains("Image ");
    image.into_iter().next().expect("an error").click();
    window.harness.run_steps(3);
    let notice = window.harness.state().state().notices.shown().cloned();
    let buttons = notice.expect("it is said").buttons;
    assert_eq!(buttons[0].label, "No noise", "with a way out");
    window.click("No noise");
    assert_eq!(window.harness.state().state().noise, None, "off");
}
