//! Trainings, the models that come of them, and closing before they do.

use super::*;
use crate::{
    app::state::form,
    data::DataSource,
    evaluation::Metrics,
    model::calibration::Calibration,
    training::{EpochRecord, Plan, StopReason, TrainedModel},
    worker::trainer::{TrainerFact, TrainerMessage},
};

pub(super) fn started(state: &mut State) -> u64 {
    let effects = state.apply(Action::Train);
    match effects.as_slice() {
        [Effect::Train { run, data, .. }] if data.base == DataSource::Mnist => *run,
        other => panic!("expected a training on MNIST, found {other:?}"),
    }
}

pub(super) fn record(epoch: usize) -> EpochRecord {
    EpochRecord {
        epoch,
        loss: 0.5,
        accuracy: 0.8,
        validation_loss: None,
        validation_accuracy: None,
        learning_rate: 0.001,
        elapsed_secs: 1.0,
    }
}

fn epoch(state: &mut State, run: u64) -> Vec<Effect> {
    let fact = TrainerFact::EpochFinished {
        record: record(1),
        snapshot: Arc::new(model()),
    };
    state.on_trainer_message(TrainerMessage { run, fact })
}

/// The result of a training without a test.
pub(super) fn untested(history: Vec<EpochRecord>, stop_reason: StopReason) -> TrainedModel {
    TrainedModel {
        model: model(),
        epoch: history.last().map(|record| record.epoch),
        history,
        test: None,
        stop_reason,
        is_untrained: false,
        corrections: None,
    }
}

pub(super) fn end(state: &mut State, run: u64, trained: TrainedModel) -> Vec<Effect> {
    let fact = TrainerFact::Finished(Box::new(trained));
    state.on_trainer_message(TrainerMessage { run, fact })
}

pub(super) fn finish(state: &mut State, run: u64) -> Vec<Effect> {
    let trained = TrainedModel {
        test: Some(Metrics {
            examples: 4,
            loss: 0.1,
            accuracy: 0.75,
            ..Metrics::new(&[], std::iter::empty(), &Calibration::default())
        }),
        ..untested(vec![record(1)], StopReason::Completed)
    };
    end(state, run, trained)
}

#[test]
fn a_training_stopped_before_its_first_batch_leaves_the_model_in_use() {
    let mut state = state();
    let answering = state.models.in_use().clone();
    let run = started(&mut state);
    state.apply(Action::Stop);
    let trained = TrainedModel {
        is_untrained: true,
        ..untested(Vec::new(), StopReason::Stopped)
    };
    let effects = end(&mut state, run, trained);
    assert!(effects.is_empty(), "the model does not change");
    assert!(
        Arc::ptr_eq(state.models.in_use(), &answering),
        "the same model is in use"
    );
    assert_eq!(state.training.state, TrainingState::Idle, "ready again");
    assert!(
        state.notices.list()[0]
            .text
            .contains("before the first batch"),
        "a notice gives the reason"
    );
}

#[test]
fn a_resumed_training_stopped_at_once_still_gives_its_model() {
    let mut state = state();
    let run = started(&mut state);
    let fact = TrainerFact::Resumed(vec![record(1)]);
    state.on_trainer_message(TrainerMessage { run, fact });
    state.apply(Action::Stop);
    let trained = untested(vec![record(1)], StopReason::Stopped);
    end(&mut state, run, trained);
    assert_eq!(
        state.models.chosen().name,
        "Run 1",
        "though there was no batch after the interruption"
    );
}

#[test]
fn a_loaded_model_ends_live_prediction() {
    let mut state = state();
    let run = started(&mut state);
    epoch(&mut state, run);
    assert!(state.models.snapshot().is_some(), "the training answers");
    let loaded = Arc::new(model());
    state.on_file_outcome(loaded_weights("w.safetensors", &loaded));
    state.on_live_snapshot(Arc::new(model()));
    assert!(
        Arc::ptr_eq(state.models.in_use(), &loaded),
        "the loaded model stays in use"
    );
}

#[test]
fn pause_resume_and_stop_depend_on_the_state() {
    use TrainingState::{Paused, Running, Stopping};
    let mut state = state();
    let run = started(&mut state);
    let cases = [
        (Action::Train, Running { run }, false, "one at a time"),
        (Action::Resume, Running { run }, false, "it runs already"),
        (Action::Step, Running { run }, false, "all batches follow"),
        (Action::Pause, Paused { run }, true, "it pauses"),
        (Action::Pause, Paused { run }, false, "it is paused already"),
        (
            Action::Step,
            Paused { run },
            true,
            "one batch, and it waits",
        ),
        (Action::Resume, Running { run }, true, "it resumes"),
        (Action::Pause, Paused { run }, true, "it pauses again"),
        (Action::Stop, Stopping { run }, true, "out of a pause too"),
        (Action::Stop, Stopping { run }, false, "once is enough"),
        (Action::Resume, Stopping { run }, false, "too late"),
    ];
    for (action, expected, acts, reason) in cases {
        let effects = state.apply(action);
        assert_eq!(state.training.state, expected, "{reason}");
        assert_eq!(!effects.is_empty(), acts, "{reason}");
    }
}

#[test]
fn the_trained_model_predicts_during_its_evaluation_which_can_be_skipped() {
    let mut state = state();
    let run = started(&mut state);
    state.apply(Action::Stop);
    assert_eq!(
        state.training.state,
        TrainingState::Stopping { run },
        "told"
    );
    let best = Arc::new(model());
    let fact = TrainerFact::TestStarted {
        model: Arc::clone(&best),
        epoch: Some(2),
        is_stopped: true,
    };
    let effects = state.on_trainer_message(TrainerMessage { run, fact });
    assert!(uses_model(&effects), "the model is used before its test");
    assert!(Arc::ptr_eq(state.models.in_use(), &best), "the best so far");
    let testing = |is_skipped| TrainingState::Testing {
        run,
        stopped: true,
        is_skipped,
    };
    assert_eq!(state.training.state, testing(false), "that is shown");
    for action in [Action::Pause, Action::Resume, Action::Stop, Action::Train] {
        assert!(state.apply(action).is_empty(), "no command has an effect");
    }
    let effects = state.apply(Action::SkipTest);
    assert!(matches!(effects[..], [Effect::SkipTest]), "{effects:?}");
    assert_eq!(state.training.state, testing(true), "it is told");
    assert!(state.apply(Action::SkipTest).is_empty(), "once");
    assert!(!state.close_requested(), "the model is not saved yet");
    finish(&mut state, run);
    assert!(
        matches!(state.training.state, TrainingState::Finished { .. }),
        "and done"
    );
    let run = started(&mut state);
    assert!(
        state.apply(Action::SkipTest).is_empty(),
        "nothing is tested"
    );
    assert_eq!(
        state.training.state,
        TrainingState::Running { run },
        "it runs"
    );
}

#[test]
fn messages_of_an_earlier_run_are_ignored() {
    let mut state = state();
    let old = started(&mut state);
    let plan = Plan {
        epochs: 3,
        training_examples: 8,
        validation_examples: 2,
    };
    state.on_trainer_message(TrainerMessage {
        run: old,
        fact: TrainerFact::Started(plan),
    });
    assert_eq!(state.training.plan, Some(plan), "it is of this run");
    finish(&mut state, old);
    let new = started(&mut state);
    assert_ne!(old, new, "each run has its own number");
    assert!(
        epoch(&mut state, old).is_empty(),
        "a stale epoch changes nothing"
    );
    let fact = TrainerFact::Failed(panicked("late".to_owned()));
    state.on_trainer_message(TrainerMessage { run: old, fact });
    assert_eq!(
        state.training.state,
        TrainingState::Running { run: new },
        "a stale failure changes nothing"
    );
    assert!(state.training.history.is_empty(), "no curve of another run");
}

#[test]
fn live_snapshots_predict_while_watched() {
    let mut state = state();
    let run = started(&mut state);
    assert!(
        uses_model(&epoch(&mut state, run)),
        "watched from the first epoch on"
    );
    assert!(state.models.snapshot().is_some(), "the epoch answers");
    assert!(
        uses_model(&state.apply(Action::Watch(false))),
        "back to the chosen one"
    );
    assert!(state.models.snapshot().is_none(), "which answers again");
    assert!(
        epoch(&mut state, run).is_empty(),
        "the next epoch changes nothing"
    );
    assert!(
        uses_model(&state.apply(Action::Watch(true))),
        "and watched again"
    );
    assert!(
        state.models.snapshot().is_some(),
        "without waiting for an epoch"
    );
    let built_in = state.models.entries()[0].id;
    state.apply(Action::ChooseModel(built_in));
    assert!(state.models.snapshot().is_none(), "a choice ends it");
    assert!(!state.settings.watch, "and the switch shows that");
}

#[test]
fn a_trained_model_is_used_and_the_previous_one_is_available() {
    let mut state = state();
    let run = started(&mut state);
    epoch(&mut state, run);
    let effects = finish(&mut state, run);
    assert!(
        matches!(effects[..], [Effect::UseModel(_), Effect::Library(_)]),
        "the model is used and saved"
    );
    assert_eq!(
        state.training.state,
        TrainingState::Finished {
            run,
            stopped: false
        },
        "done"
    );
    assert_eq!(state.models.chosen().name, "Run 1", "the trained one");
    assert!(state.models.snapshot().is_none(), "no epoch any more");
    let before = state
        .models
        .previous()
        .map(|entry| entry.id)
        .expect("there was one");
    state.apply(Action::ChooseModel(before));
    assert_eq!(
        state.models.chosen().origin,
        Origin::BuiltIn,
        "the previous model"
    );
    assert_eq!(
        state.models.previous().map(|entry| entry.name.as_str()),
        Some("Run 1"),
        "the trained model again"
    );
}

#[test]
fn a_failed_training_is_reported_and_leaves_the_model_in_use() {
    let mut state = state();
    let run = started(&mut state);
    epoch(&mut state, run);
    let fact = TrainerFact::Failed(panicked("the data is gone".to_owned()));
    let effects = state.on_trainer_message(TrainerMessage { run, fact });
    assert!(uses_model(&effects), "the chosen model answers again");
    assert_eq!(
        state.models.chosen().origin,
        Origin::BuiltIn,
        "the built-in model"
    );
    assert!(
        matches!(state.training.state, TrainingState::Failed { .. }),
        "it is known"
    );
    assert!(
        state.notices.list()[0].text.contains("the data is gone"),
        "a notice shows the error"
    );
}

#[test]
fn the_example_of_the_tour_waits_for_a_training_and_can_be_undone() {
    let mut state = state();
    state.settings.training_panel = false;
    let before = state.training.form.clone();
    let run = started(&mut state);
    state.apply(Action::SetUpOverfitting);
    assert_eq!(state.training.form, before, "not during a training");
    assert!(state.notices.shown().is_some(), "and says why");
    finish(&mut state, run);
    state.apply(Action::SetUpOverfitting);
    let form = &state.training.form;
    let config = form.config().expect("valid");
    assert!(
        config.data_fraction < 0.01 && config.epochs > 50,
        "few images, many epochs"
    );
    assert!(state.settings.training_panel, "the panel is shown");
    let saved = form::TrainingForm::from_saved(form.saved());
    for form in [form, &saved] {
        let text = form.description();
        let names = [
            "Keras tutorial, changed: ",
            "epochs 60",
            "training fraction 0.5\u{a0}%",
        ];
        for name in names {
            assert!(text.contains(name), "{text}");
        }
    }
    let shown = state.notices.shown().expect("a notice");
    let undo = shown.buttons.first().expect("a button").action.clone();
    state.apply(undo);
    assert_eq!(state.training.form, before, "as it was");
}

#[test]
fn an_invalid_form_starts_no_training() {
    type Change = fn(&mut form::TrainingForm);
    let cases: [(Change, &str); 4] = [
        (|form| form.hidden = "128,,".to_owned(), "hidden layers"),
        (|form| form.hidden = "9000".to_owned(), "hidden layers"),
        (|form| form.draft.epochs = 0, "epochs"),
        (|form| form.from_folder = true, "folder"),
    ];
    for (change, word) in cases {
        let mut state = state();
        let mut form = state.training.form.clone();
        change(&mut form);
        state.apply(Action::ChangeForm(Box::new(form)));
        assert!(state.apply(Action::Train).is_empty(), "{word}: no training");
        assert_eq!(
            state.training.state,
            TrainingState::Idle,
            "{word}: nothing runs"
        );
        assert!(
            state.notices.list()[0].text.contains(word),
            "{word}: a notice shows the error"
        );
    }
}
