//! Files dropped on the window and files whose path is typed.

use std::fs;

use digitpad::model::file::Model;
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

use crate::{
    driver::{ONE, SEVEN, Window, says, settings},
    training::training_settings,
};

#[test]
fn invalid_files_are_reported_and_change_nothing() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let cases: [(&str, &[u8], &str); 3] = [
        (
            "broken.safetensors",
            b"\x08\0\0\0\0\0\0\0{\"a\": 1}",
            "broken.safetensors",
        ),
        ("text.png", b"not a picture at all", "text.png"),
        ("ink.jsonl", b"{\"strokes\": 7}", "ink.jsonl"),
    ];
    let mut window = Window::new(settings());
    window.draw(SEVEN);
    window.await_answer('7');
    let bars = window.bars();
    for (name, bytes, part) in cases {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("writes");
        window.drop_file(&path);
        window.await_that(&format!("{name} is refused"), |harness| says(harness, part));
        assert!(
            window.says("Model: Built-in"),
            "{name}: the model in use stays"
        );
        assert_eq!(window.bars(), bars, "{name}: so does what it answers");
        assert_eq!(
            window.value("Drawing pad"),
            "1 stroke",
            "{name}: and the drawing"
        );
        window.click("Dismiss");
        assert!(
            !window.says(part),
            "{name}: the notice goes when it is dismissed"
        );
    }
}

#[test]
fn weights_that_were_opened_answer_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("mine.safetensors");
    let mut model = Model::built_in().expect("the built-in model fits");
    model.save(&path).expect("writes");
    let mut window = Window::new(settings());
    window.drop_file(&path);
    let is_in_use = |harness: &_| says(harness, "Model: mine.safetensors");
    window.await_that("it is in use", is_in_use);
    let settings = window.harness.state().state().settings.clone();
    drop(window);
    let mut window = Window::new(settings.clone());
    window.await_that("it is in use again, by the same name", is_in_use);
    drop(window);
    model.metadata.seed = Some(7);
    model.save(&path).expect("writes");
    let mut window = Window::new(settings);
    window.await_that("another content is not", |harness| {
        says(harness, "Built-in answers: ")
    });
    assert!(window.says("Model: Built-in"), "it does");
}

#[test]
fn a_typed_path_of_an_existing_file_needs_a_confirmation() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("digits.jsonl");
    fs::write(&path, "what was there").expect("writes");
    let content = || fs::read_to_string(&path).expect("is there");
    let mut window = Window::new(settings());
    window.draw(SEVEN);
    for button in ["Cancel", "Replace"] {
        window.click("Save drawing…");
        window.type_path(&path, "Save");
        window.await_that("it asks", |harness| says(harness, "Replace it?"));
        assert_eq!(content(), "what was there", "nothing is written yet");
        window.click(button);
    }
    window.await_that("it is saved", |harness| says(harness, "Saved the drawing"));
    assert!(content().contains("strokes"), "now it is");
}

#[test]
fn the_path_field_has_the_keyboard_focus() {
    let mut window = Window::new(settings());
    window.harness.get_by_label("Open drawing…").focus();
    window.harness.step();
    window.press(Modifiers::NONE, Key::Enter);
    window.harness.step();
    let field = window.harness.get_by_label("Path");
    assert!(field.is_focused(), "it can be typed into at once");
}

#[test]
fn a_drawing_is_saved_and_opened_as_ink_and_as_a_picture() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut window = Window::new(settings());
    window.draw(SEVEN);
    window.await_answer('7');
    for name in ["seven.jsonl", "seven.png"] {
        window.click("Save drawing…");
        window.type_path(&folder.path().join(name), "Save");
        window.await_that("it is saved", |harness| says(harness, "Saved the drawing"));
    }
    for (name, pad) in [
        ("seven.jsonl", "1 stroke"),
        ("seven.png", "The picture seven.png"),
    ] {
        window.press(Modifiers::NONE, Key::Escape);
        window.click("Open drawing…");
        window.type_path(&folder.path().join(name), "Open");
        window.await_that("it is opened", |harness| {
            harness.get_by_label("Drawing pad").value().as_deref() == Some(pad)
        });
        window.await_answer('7');
    }
    window.draw(ONE);
    assert_eq!(
        window.value("Drawing pad"),
        "1 stroke",
        "the next stroke ends the picture"
    );
}

#[test]
fn a_question_disables_the_path_field() {
    let data = tempfile::tempdir().expect("a folder for the test");
    let mut window = Window::new(training_settings(data.path(), 10_000));
    window.click("Train");
    window.await_that("it trains", |harness| says(harness, "Epoch 1"));
    window.press(Modifiers::COMMAND, Key::O);
    window.harness.get_by_label("Path").focus();
    window.harness.step();
    window.harness.get_by_label("Path").type_text("seven");
    window.harness.step();
    window.close();
    assert!(window.says("A training is running"), "it asks");
    let is_there = |window: &Window| window.harness.query_by_label("Path").is_some();
    assert!(!is_there(&window), "the question has the keys");
    window.click("Keep training");
    window.harness.step();
    assert!(is_there(&window), "the path field is back");
    assert_eq!(window.value("Path"), "seven", "with the typed text");
}

#[test]
fn a_path_that_fails_says_so_in_its_field_and_a_failed_drop_until_the_next_file() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let [broken, drawing] = ["broken.png", "seven.jsonl"].map(|name| folder.path().join(name));
    fs::write(&broken, "no picture").expect("writes");
    let mut window = Window::new(settings());
    window.draw(SEVEN);
    window.click("Save drawing…");
    window.type_path(&drawing, "Save");
    window.await_that("it is saved", |harness| says(harness, "Saved the drawing"));
    window.click("Dismiss");
    window.click("Open drawing…");
    window.type_path(&broken, "Open");
    window.await_that("the field is back", |harness| {
        let prompt = harness.state().state().path_prompt.as_ref();
        prompt.is_some_and(|prompt| prompt.problem.is_some())
    });
    let state = window.harness.state().state();
    assert_eq!(state.notices.shown(), None, "nothing is behind the field");
    window.key(Key::Escape);
    let mut open = |path: &std::path::Path, fails: bool| {
        window.drop_file(path);
        window.await_that(&format!("{path:?} is read"), |harness| {
            harness.state().state().notices.shown().is_some() == fails
        });
    };
    open(&broken, true);
    open(&drawing, false);
}
