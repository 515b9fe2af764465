//! The figures of the training panel, before and during a training.

use super::{
    training::{end, finish, record, started, untested},
    *,
};
use crate::{
    app::state::runs::RunAction,
    error::{Cause, Divergence},
    training::{EpochRecord, StopReason, diagnostics::Hint},
    worker::trainer::{TrainerFact, TrainerMessage},
};

#[test]
fn hints_follow_the_epochs_and_outlast_the_training() {
    let mut state = state();
    let run = started(&mut state);
    let overfitting = |epoch: usize| EpochRecord {
        loss: 1.0 / epoch as f64,
        validation_loss: Some(epoch as f64),
        ..record(epoch)
    };
    let history: Vec<EpochRecord> = (1..=5).map(overfitting).collect();
    for record in history.clone() {
        let snapshot = Arc::new(model());
        let fact = TrainerFact::EpochFinished { record, snapshot };
        state.on_trainer_message(TrainerMessage { run, fact });
    }
    let expected = [Hint::Overfitting {
        best_epoch: 1,
        has_early_stopping: false,
    }];
    let hints = |state: &State| state.shown_run().map(|run| run.hints());
    assert_eq!(
        hints(&state).as_deref(),
        Some(&expected[..]),
        "while it runs"
    );
    let divergence = Divergence {
        epoch: 6,
        cause: Cause::Penalty,
    };
    end(
        &mut state,
        run,
        untested(history, StopReason::Diverged(divergence)),
    );
    assert_eq!(
        hints(&state).as_deref(),
        Some(&expected[..]),
        "and afterward"
    );
    assert_eq!(state.training.divergence, Some(divergence), "why it ended");
    started(&mut state);
    assert_eq!(hints(&state), Some(Vec::new()), "the next one has none yet");
    assert_eq!(state.training.divergence, None, "it has not diverged");
}

#[test]
fn the_validation_accuracy_is_that_of_the_final_network() {
    let mut state = state();
    let run = started(&mut state);
    let mut trained = untested(vec![record(1)], StopReason::Completed);
    trained.model.metadata.validation_accuracy = Some(0.875);
    end(&mut state, run, trained);
    let known = |state: &State| state.shown_run()?.record?.validation_accuracy;
    assert_eq!(known(&state), Some(0.875), "as its file tells");
    started(&mut state);
    assert_eq!(known(&state), None, "the next one has none yet");
}

#[test]
fn what_is_shown_belongs_to_the_chosen_run() {
    let mut state = state();
    let shown = |state: &State| state.shown_run().map(|run| run.name.to_owned());
    assert_eq!(shown(&state), None, "before the first training");
    for name in ["Run 1", "Run 2"] {
        let run = started(&mut state);
        assert_eq!(shown(&state).as_deref(), Some("This training"), "live");
        finish(&mut state, run);
        assert_eq!(shown(&state).as_deref(), Some(name), "the finished one");
    }
    let ids: Vec<u64> = state.runs.list().iter().map(|run| run.record.id).collect();
    state.apply(Action::Run(RunAction::Answer(ids[1])));
    assert_eq!(shown(&state).as_deref(), Some("Run 1"), "a click on a run");
    assert_eq!(state.models.chosen().name, "Run 1", "its model answers too");
    let newest = state.models.of_run(ids[0]).expect("it is loaded").id;
    state.apply(Action::ChooseModel(newest));
    assert_eq!(
        shown(&state).as_deref(),
        Some("Run 2"),
        "a choice of a model"
    );
    state.apply(Action::Run(RunAction::Rename(ids[0], "Best".to_owned())));
    assert_eq!(shown(&state).as_deref(), Some("Best"), "its new name");
    assert_eq!(state.models.chosen().name, "Best", "everywhere");
}

#[test]
fn a_worse_model_offers_the_way_back() {
    let mut state = state();
    let run = started(&mut state);
    let built_in = state.models.chosen().id;
    let dataset = state.models.chosen().model.metadata.dataset.clone();
    for (accuracy, is_worse) in [(0.5, true), (1.0, false)] {
        let run = if is_worse { run } else { started(&mut state) };
        let mut trained = untested(vec![record(1)], StopReason::Completed);
        trained.model.metadata.dataset.clone_from(&dataset);
        trained.model.metadata.test_accuracy = Some(accuracy);
        end(&mut state, run, trained);
        let better = state.models.better_previous().map(|entry| entry.id);
        assert_eq!(better.is_some(), is_worse, "a test accuracy of {accuracy}");
        let notice = state.notices.shown().expect("the end is announced");
        let action = notice.buttons[0].action.clone();
        if is_worse {
            assert_eq!(action, Action::ChooseModel(built_in), "to the model before");
        }
    }
}
