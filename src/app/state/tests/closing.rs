//! The question before the window closes.

use super::{
    training::{finish, started},
    *,
};
use crate::{
    error::StoreError,
    store::run_library::RunLibraryOutcome,
    worker::trainer::{TrainerFact, TrainerMessage},
};

/// The outcome of a request that wrote its file.
fn saved(request: FileRequest) -> FileOutcome {
    FileOutcome::Requested {
        request,
        result: Ok(FileResult::Saved("a.safetensors".into())),
    }
}

fn tell(state: &mut State, run: u64, fact: TrainerFact) {
    state.on_trainer_message(TrainerMessage { run, fact });
}

#[test]
fn the_question_before_closing_disappears_with_its_reason() {
    let mut state = state();
    let run = started(&mut state);
    assert!(!state.close_requested(), "it asks");
    finish(&mut state, run);
    assert_eq!(state.closing, Closing::Asking, "the model is in no file");
    let saved = state.runs.list()[0].record.id;
    state.on_file_outcome(FileOutcome::Library {
        loads: None,
        result: Ok(RunLibraryOutcome::Saved(saved, Vec::new())),
    });
    assert_eq!(state.closing, Closing::No, "the model is saved");
    let run = started(&mut state);
    assert!(!state.close_requested(), "it asks again");
    let fact = TrainerFact::Failed(panicked("out of memory".to_owned()));
    tell(&mut state, run, fact);
    assert_eq!(state.closing, Closing::No, "no training runs");
}

#[test]
fn closing_asks_while_something_would_be_lost() {
    let mut state = state();
    assert!(state.close_requested(), "nothing to lose");
    let run = started(&mut state);
    assert!(!state.close_requested(), "a training runs");
    assert_eq!(state.closing, Closing::Asking, "it asks");
    state.apply(Action::KeepOpen);
    assert_eq!(state.closing, Closing::No, "it stays");
    finish(&mut state, run);
    assert!(!state.close_requested(), "the trained model is in no file");
    let save = Action::SaveWeights(state.models.chosen().id);
    let request = type_path(&mut state, save, "a.safetensors");
    assert!(!state.close_requested(), "the model is not written yet");
    let (request, _) = request.expect("it is saved");
    state.on_file_outcome(saved(request));
    assert!(state.close_requested(), "now it is");
    started(&mut state);
    assert!(!state.close_requested(), "the next training asks again");
    assert!(
        matches!(state.apply(Action::CloseAnyway)[..], [Effect::Close]),
        "the window closes"
    );
    assert!(state.close_requested(), "the window may close");
}

#[test]
fn only_written_content_counts_as_saved() {
    let mut state = state();
    let mut requests = Vec::new();
    for _ in 0..2 {
        let run = started(&mut state);
        finish(&mut state, run);
        let save = Action::SaveWeights(state.models.chosen().id);
        requests.extend(type_path(&mut state, save, "a.safetensors"));
    }
    // The first is not written, because the file exists.
    let (second, _) = requests.pop().expect("it is saved");
    state.on_file_outcome(saved(second));
    let names: Vec<&str> = state
        .models
        .unsaved()
        .map(|entry| entry.name.as_str())
        .collect();
    assert_eq!(names, ["Run 1"], "the first is unsaved");
}

#[test]
fn whether_a_training_can_be_resumed_is_known_when_the_window_closes() {
    let mut state = state();
    let run = started(&mut state);
    assert!(!state.training.has_checkpoint, "nothing is written yet");
    tell(&mut state, run, TrainerFact::CheckpointStored);
    assert!(state.training.has_checkpoint, "now it is");
    let fact = TrainerFact::CheckpointFailed(StoreError::Locked("training.checkpoint".into()));
    tell(&mut state, run, fact);
    assert!(!state.training.has_checkpoint, "not what came since");
    tell(&mut state, run, TrainerFact::CheckpointStored);
    tell(
        &mut state,
        run,
        TrainerFact::Failed(panicked("gone".to_owned())),
    );
    started(&mut state);
    assert!(!state.training.has_checkpoint, "of the next one nothing is");
}
