//! Training with a click, on a data set small enough for a test.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use digitpad::{
    app::state::{form::TrainingForm, pad::Answer},
    recognition::predict,
    store::settings::Settings,
    training::config::Preset,
};
use egui::{Key, Modifiers, Shape, ViewportCommand};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::{
    contrast::Painted,
    driver::{ONE, SEVEN, Window, bars, says, settings},
};

/// A data set of 28×28 pictures in which the position of a bright block gives the digit.
fn write_dataset(folder: &Path) {
    let block = |digit: usize, index: usize| {
        let mut picture = [0_u8; 784];
        for y in 0..8 {
            for x in 0..5 {
                let (left, top) = ((digit % 5) * 5 + 1, (digit / 5) * 12 + 3 + index % 3);
                picture[(top + y) * 28 + left + x] = 255;
            }
        }
        picture
    };
    for (name, count) in [("train", 120_u32), ("t10k", 40)] {
        let mut images = Vec::from([0, 0, 8, 3]);
        let mut labels = Vec::from([0, 0, 8, 1]);
        images.extend([count, 28, 28].into_iter().flat_map(u32::to_be_bytes));
        labels.extend(count.to_be_bytes());
        for index in 0..count as usize {
            images.extend(block(index % 10, index / 10));
            labels.push((index % 10) as u8);
        }
        fs::write(folder.join(format!("{name}-images-idx3-ubyte")), images).expect("writes");
        fs::write(folder.join(format!("{name}-labels-idx1-ubyte")), labels).expect("writes");
    }
}

/// Settings that train on a small data set.
pub(crate) fn training_settings(folder: &Path, epochs: usize) -> Settings {
    write_dataset(folder);
    let mut form = TrainingForm {
        hidden: "16".to_owned(),
        from_folder: true,
        ..TrainingForm::of(Preset::Keras, Preset::Keras.config())
    };
    form.folder = folder.display().to_string();
    form.draft.epochs = epochs;
    form.draft.batch_size = 16;
    form.draft.learning_rate = 0.01;
    Settings {
        training: form.saved(),
        ..settings()
    }
}

#[test]
fn invalid_hidden_layers_are_reported_beside_the_field() {
    let mut window = Window::new(settings());
    window.click("Settings tab");
    window.harness.get_by_label("Hidden layers").focus();
    window.harness.step();
    window
        .harness
        .get_by_label("Hidden layers")
        .type_text("12a");
    window.harness.step();
    window.harness.step();
    assert!(
        window.says("whole numbers from 1 to"),
        "says what is expected"
    );
}

#[test]
fn a_training_shows_curves_and_its_model_predicts_and_survives_a_save() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut window = Window::new(training_settings(folder.path(), 4));
    window.draw(SEVEN);
    window.await_answer('7');
    let bars_of_built_in = window.bars();
    window.click("Train");
    window.await_that("it finishes", |harness| says(harness, "on the test set"));
    assert!(
        window.value("Loss curves").starts_with("training 0."),
        "the loss is plotted"
    );
    window.click("Show Accuracy");
    assert!(
        window.value("Accuracy curves").contains("validation"),
        "so is the accuracy"
    );
    assert_eq!(
        window
            .harness
            .state()
            .state()
            .shown_run()
            .map(|run| run.history.len()),
        Some(4),
        "every epoch"
    );
    assert!(window.says("Model: Run 1"), "the new model answers");
    window.click("Back to Built-in");
    assert!(window.says("Model: Built-in"), "the previous model is back");
    window.open_models();
    window.click("Back to Run 1");
    assert!(window.says("Model: Run 1"), "the trained model is back");
    // The prediction of an earlier epoch may still be visible.
    window.await_that("the prediction of the trained model", |harness| {
        let state = harness.state().state();
        let its_own = |answer: &Answer| {
            let own = predict(state.models.in_use(), &answer.bitmap).expect("predicts");
            answer.prediction == own
        };
        state.pad.answer().is_some_and(its_own)
    });
    let bars_of_trained = window.bars();
    assert_ne!(bars_of_trained, bars_of_built_in, "another network's");

    let path = folder.path().join("trained.safetensors");
    window.open_models();
    window.click("Save weights…");
    window.type_path(&path, "Save");
    window.await_that("it is saved", |harness| says(harness, "Saved the weights"));

    let mut again = Window::new(settings());
    again.draw(SEVEN);
    again.await_answer('7');
    again.open_models();
    again.click("Load weights…");
    again.type_path(&path, "Load");
    again.await_that("it is loaded", |harness| {
        says(harness, "Model: trained.safetensors")
    });
    again.await_that("the same drawing gives the same bars", |harness| {
        bars(harness) == bars_of_trained
    });
}

#[test]
fn a_training_is_paused_resumed_and_stopped() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut window = Window::new(training_settings(folder.path(), 10_000));
    window.click("Train");
    window.await_that("an epoch is over", |harness| {
        harness.query_by_label("Loss curves").is_some()
    });
    window.click("Pause");
    assert!(window.says("Paused in epoch"), "it says so");
    window.click("Close the panel");
    let progress = window.value("Train your own");
    assert!(
        progress.starts_with("Paused"),
        "the header, too: {progress}"
    );
    window.click("Train your own");
    window.click("Resume");
    let progress = window.value("Train your own");
    assert!(
        progress.starts_with("Training"),
        "how far it is: {progress}"
    );
    window.click("Stop");
    window.await_that("it stopped, and the trained model is tested", |harness| {
        says(harness, "Run 1 was stopped and is in use")
    });
    assert!(window.says("Model: Run 1"), "the model is in use");
    assert_eq!(window.value("Train your own"), "", "no training runs");
}

/// The texts in the training panel that end with "…" for want of room.
fn cut_texts(window: &Window) -> Vec<String> {
    let left = window.harness.get_by_label("Train tab").rect().left();
    let is_cut = |painted: Painted| match painted.shape {
        Shape::Text(text) if painted.clip.right() > left && text.pos.x >= left => {
            text.galley.elided.then(|| text.galley.text().to_owned())
        }
        _ => None,
    };
    let all = Painted::all(window).into_iter();
    // The header cuts long names of models.
    all.filter(|painted| painted.clip.top() >= 48.0)
        .filter_map(is_cut)
        .collect()
}

#[test]
fn no_text_of_the_panel_is_cut_and_stop_stays_in_its_place() {
    let none: Vec<String> = Vec::new();
    // The middle one is a window of 1280 by 720 pixels at a zoom of 160 %.
    for size in [[640.0, 480.0], [800.0, 450.0], [1100.0, 700.0]] {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let settings = training_settings(folder.path(), 10_000);
        let mut window = Window::with_model(settings, None, size, 1.0);
        let data = folder.path().join("data");
        window.harness.state_mut().use_data_folder(&data);
        for count in 1..=2 {
            let left = 0.02 * count as f32;
            let moved = SEVEN.iter().map(|&(x, y)| (left + x, y));
            window.draw(&moved.collect::<Vec<_>>());
            window.await_answer('7');
            window.press(Modifiers::NONE, Key::Num4);
            window.await_that("it is saved", |harness| {
                harness.state().state().training.correction_count == Some(count)
            });
            window.click("Clear");
        }
        assert!(window.says("Fine-tune on 2 corrections"), "{size:?}");
        assert_eq!(cut_texts(&window), none, "before a training in {size:?}");
        window.click("Train");
        window.await_that("an epoch is over", |harness| {
            !harness.state().state().training.history.is_empty()
        });
        assert_eq!(cut_texts(&window), none, "during a training in {size:?}");
        let place = |window: &Window| window.harness.get_by_label("Stop").rect();
        let before = place(&window);
        window.click("Pause");
        assert!(window.says("Resume"), "paused");
        assert_eq!(cut_texts(&window), none, "in a pause in {size:?}");
        assert_eq!(
            place(&window),
            before,
            "no other button is under the pointer"
        );
        window.click("Stop");
    }
}

#[test]
fn the_drawing_is_predicted_during_training() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut window = Window::new(training_settings(folder.path(), 10_000));
    window.draw(ONE);
    window.click("Train");
    window.await_that("an epoch answers", |harness| {
        says(harness, "Model: training, epoch")
    });
    let cannot_save = |window: &mut Window| {
        window.open_models();
        let save = window.harness.get_by_label("Save weights…");
        let is_disabled = save.accesskit_node().is_disabled();
        window.press(Modifiers::NONE, Key::Escape);
        is_disabled
    };
    assert!(cannot_save(&mut window), "a live snapshot cannot be saved");
    window.click("Watch it learn");
    assert!(!cannot_save(&mut window), "the chosen model can be saved");
    assert!(
        window.says("Model: Built-in"),
        "switched off, the chosen model answers"
    );
    window.click("Watch it learn");
    assert!(
        window.says("Model: training, epoch"),
        "switched on, an epoch does"
    );
    window.open_models();
    window.harness.get_by_label_contains("Built-in\n").click();
    window.harness.step();
    window.harness.step();
    assert!(window.says("Model: Built-in"), "a choice ends the watching");
}

#[test]
fn closing_asks_while_a_training_runs() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut window = Window::new(training_settings(folder.path(), 10_000));
    let canceled = |commands: &[ViewportCommand]| commands.contains(&ViewportCommand::CancelClose);
    assert!(!canceled(&window.close()), "nothing is lost yet");
    window.click("Train");
    assert!(canceled(&window.close()), "the window stays");
    assert!(window.says("A training is running"), "and asks");
    window.click("Keep training");
    assert!(
        !window.says("A training is running"),
        "the training continues"
    );
    assert!(canceled(&window.close()), "it asks again");
    window.harness.get_by_label("Stop and close").click();
    window.harness.step();
    window.harness.step();
    assert!(!canceled(&window.close()), "the window closes");
    let begin = Instant::now();
    drop(window);
    assert!(
        begin.elapsed() < Duration::from_secs(5),
        "the trainer ends at once"
    );
}
