//! The figures of the training panel, before and during a training.

use super::{
    training::{end, finish, record, started, untested},
    *,
};
use crate::{
    app::state::{comparison::BetterModel, runs::RunAction},
    error::{Cause, Divergence},
    evaluation::Metrics,
    model::calibration::Calibration,
    training::{EpochRecord, StopReason, diagnostics::Hint},
    worker::{
        file_tasks::OnCorrections,
        trainer::{TrainerFact, TrainerMessage},
    },
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
        has_more_images: false,
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
        let better = state.better_previous().map(|entry| entry.id);
        assert_eq!(better.is_some(), is_worse, "a test accuracy of {accuracy}");
        let notice = state.notices.shown().expect("the end is announced");
        let action = notice.buttons[0].action.clone();
        if is_worse {
            assert_eq!(action, Action::ChooseModel(built_in), "to the model before");
        }
    }
}

#[test]
fn a_difference_by_chance_is_no_reason_to_return() {
    for (difference, is_worse) in [(0.0001, false), (0.01, true)] {
        let mut state = state();
        let run = started(&mut state);
        let before = &state.models.chosen().model.metadata;
        let accuracy = before.test_accuracy.expect("was tested") - difference;
        let dataset = before.dataset.clone();
        let mut trained = untested(vec![record(1)], StopReason::Completed);
        trained.model.metadata.dataset = dataset;
        trained.model.metadata.test_accuracy = Some(accuracy);
        trained.test = Some(Metrics {
            confusion: [[100; 10]; 10],
            ..Metrics::new(&[], std::iter::empty(), &Calibration::default())
        });
        end(&mut state, run, trained);
        let better = state.better_previous();
        assert_eq!(better.is_some(), is_worse, "{difference} of 10,000 images");
    }
}

#[test]
fn a_notice_goes_with_the_state_that_it_claims() {
    let is_shown = |state: &State| state.notices.shown().is_some();
    let trained = || {
        let mut state = state();
        let run = started(&mut state);
        finish(&mut state, run);
        assert!(is_shown(&state), "the run is in use");
        state
    };
    let mut state = trained();
    state.apply(Action::Undo);
    assert!(is_shown(&state), "it still is");
    let built_in = state.models.entries()[0].id;
    state.apply(Action::ChooseModel(built_in));
    assert!(!is_shown(&state), "another model is");
    let mut state = trained();
    let id = state.runs.list()[0].record.id;
    state.apply(Action::Run(RunAction::Rename(id, "Best".to_owned())));
    assert!(!is_shown(&state), "it has another name");
    state.apply(Action::Run(RunAction::UseSettings(id)));
    assert!(is_shown(&state), "its settings are in the form");
    let mut form = state.training.form.clone();
    form.draft.epochs += 1;
    state.apply(Action::ChangeForm(Box::new(form)));
    assert!(!is_shown(&state), "others are");
    state.apply(Action::ChoosePreset(Preset::Keras));
    assert!(is_shown(&state), "the preset's settings are in the form");
    let undo = state.notices.shown().expect("an offer").buttons[0].clone();
    state.apply(undo.action);
    assert!(!is_shown(&state), "those before are again");
}

/// A state after a training whose model is the best on the test set, with this number of corrections. Returns the
/// effects of its end.
fn best_on_the_test_set(corrections: usize) -> (State, Vec<Effect>) {
    let mut state = state();
    state.training.correction_count = Some(corrections);
    let run = started(&mut state);
    let dataset = state.models.chosen().model.metadata.dataset.clone();
    let mut trained = untested(vec![record(1)], StopReason::Completed);
    trained.model.metadata.dataset = dataset;
    trained.model.metadata.test_accuracy = Some(1.0);
    let effects = end(&mut state, run, trained);
    (state, effects)
}

#[test]
fn a_model_that_reads_the_corrections_worse_offers_the_way_back() {
    let asked = |effects: &[Effect]| {
        effects.iter().find_map(|effect| match effect {
            Effect::CompareModels { run, models } => Some((*run, models.clone())),
            _ => None,
        })
    };
    let (state, effects) = best_on_the_test_set(0);
    assert!(asked(&effects).is_none(), "there is nothing to compare");
    assert!(state.notices.shown().is_some(), "announced at once");
    assert_eq!(state.better_previous(), None, "it is better");
    for (correct, is_worse) in [([12, 14], true), ([14, 14], false), ([14, 12], false)] {
        let (mut state, effects) = best_on_the_test_set(14);
        let (run, [new, old]) = asked(&effects).expect("both read the corrections");
        assert!(Arc::ptr_eq(&new, state.models.in_use()), "the new model");
        let built_in = &state.models.entries()[0];
        assert!(Arc::ptr_eq(&old, &built_in.model), "the one before");
        let (id, name) = (built_in.id, built_in.name.clone());
        assert!(state.notices.shown().is_none(), "the announcement waits");
        let found = OnCorrections { correct, total: 14 };
        for (of, is_announced) in [(run + 1, false), (run, true)] {
            let result = Ok(found);
            state.on_file_outcome(FileOutcome::Compared { run: of, result });
            assert_eq!(state.notices.shown().is_some(), is_announced, "run {of}");
        }
        let reasons = format!("It reads 12 of your 14 corrected drawings, {name} reads 14.");
        let expected = is_worse.then_some(BetterModel { id, name, reasons });
        assert_eq!(state.better_previous(), expected, "{correct:?}");
        let notice = state.notices.shown().expect("announced");
        assert_eq!(notice.text.contains("reads 14"), is_worse, "{notice:?}");
        assert_eq!(notice.buttons[0].action, Action::ChooseModel(id), "to stay");
    }
    let (mut state, effects) = best_on_the_test_set(1);
    let (run, _) = asked(&effects).expect("both read the correction");
    let result = Err(file_error("the disk is gone".to_owned()));
    state.on_file_outcome(FileOutcome::Compared { run, result });
    let buttons = &state.notices.shown().expect("announced").buttons;
    assert_eq!(buttons.len(), 1, "a failure hides no announcement");
}
