//! An interrupted training, and the next window.

use std::{fs, path::Path};

use candle_core::Device;
use digitpad::{
    app::state::training::TrainingState,
    data::DataSource,
    model::{Activation, MlpConfig},
    store::checkpoints::checkpoint_in,
    training::{Start, TrainingEvent, config::TrainingConfig, control::Control, run},
};
use egui::{Key, Modifiers};

use crate::{
    driver::{ONE, Window, says, settings},
    training::training_settings,
};

/// Leaves a data folder as after a crash in the second of three epochs.
fn interrupt(data_folder: &Path) {
    let config = TrainingConfig {
        model: MlpConfig::new(vec![8], Activation::Relu).expect("a small network"),
        epochs: 3,
        data_fraction: 0.002,
        validation_split: 0.01,
        ..TrainingConfig::default()
    };
    let dataset = DataSource::default().read().expect("MNIST is built in");
    let control = Control::default();
    let mut last = None;
    let mut on_event = |event| match event {
        TrainingEvent::Batch(progress) if progress.epoch == 2 => control.stop(),
        TrainingEvent::Checkpoint(checkpoint) => last = Some(checkpoint),
        _ => {}
    };
    let start = Start::Fresh(Box::new(config));
    run(&start, &dataset, &Device::Cpu, &control, &mut on_event).expect("trains");
    let bytes = last
        .expect("a stop leaves it")
        .to_bytes()
        .expect("fits in memory");
    fs::write(checkpoint_in(data_folder), bytes).expect("writes");
}

fn open(data_folder: &Path) -> Window {
    let mut window = Window::new(settings());
    window.harness.state_mut().use_data_folder(data_folder);
    window
}

#[test]
fn an_interrupted_training_can_be_resumed() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    interrupt(folder.path());
    let mut window = open(folder.path());
    window.await_that("it asks", |harness| says(harness, "Resume the training?"));
    assert!(window.says("epoch 2 of 3"), "the question names the epoch");
    window.click("Resume");
    window.await_that("it ends", |harness| says(harness, "Model: Run 1"));
    let state = window.harness.state().state();
    let history = state.shown_run().expect("it is shown").history;
    assert_eq!(history.len(), 3, "with the epochs before the interruption");
    assert!(
        !checkpoint_in(folder.path()).exists(),
        "the checkpoint is deleted"
    );
}

#[test]
fn an_interrupted_training_can_wait_or_be_discarded() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    interrupt(folder.path());
    let path = checkpoint_in(folder.path());
    let mut window = open(folder.path());
    window.await_that("it asks", |harness| says(harness, "Resume the training?"));
    window.click("Later");
    assert!(
        !window.says("Resume the training?"),
        "the question is closed"
    );
    window.click("Resume the last session's training…");
    assert!(
        window.says("Resume the training?"),
        "and can be asked again"
    );
    window.click("Later");
    drop(window);
    assert!(path.exists(), "the checkpoint stays");
    let mut window = open(folder.path());
    window.await_that("it asks again", |harness| {
        says(harness, "Resume the training?")
    });
    window.click("Delete");
    window.await_that("it is gone", |_| !path.exists());
    assert!(
        !window.says("Resume the training?"),
        "the question is closed"
    );
}

#[test]
fn the_checkpoint_question_comes_back_after_another_training() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let data = tempfile::tempdir().expect("a folder for the test");
    interrupt(folder.path());
    let mut window = Window::new(training_settings(data.path(), 2));
    window.harness.state_mut().use_data_folder(folder.path());
    window.await_that("it asks", |harness| says(harness, "Resume the training?"));
    window.click("Later");
    window.click("Train");
    window.await_that("another one ends", |harness| {
        says(harness, "on the test set")
    });
    drop(window);
    let mut window = open(folder.path());
    window.await_that("it asks again", |harness| {
        says(harness, "Resume the training?")
    });
    assert!(window.says("epoch 2 of 3"), "about the first");
}

#[test]
fn keys_answer_the_question() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    interrupt(folder.path());
    let mut window = Window::new(settings());
    window.draw(ONE);
    window.harness.state_mut().use_data_folder(folder.path());
    window.await_that("it asks", |harness| says(harness, "Resume the training?"));
    window.press(Modifiers::COMMAND, Key::T);
    window.press(Modifiers::NONE, Key::Delete);
    let state = window.harness.state().state();
    assert_eq!(
        state.training.state,
        TrainingState::Idle,
        "no training starts"
    );
    assert_eq!(state.pad.ink().strokes().len(), 1, "nothing is cleared");
    window.press(Modifiers::NONE, Key::Escape);
    assert!(!window.says("Resume the training?"), "the question is");
    let strokes = window.harness.state().state().pad.ink().strokes().len();
    assert_eq!(strokes, 1, "the keys change nothing else");
}
