//! What is told of a training before it begins and of its figures.

use super::{
    training::{end, finish, record, started, untested},
    *,
};
use crate::{
    training::{
        EpochRecord, StopReason,
        diagnostics::{Cause, Divergence, Hint},
        rehearsal::Rehearsal,
    },
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
    assert_eq!(state.training.hints, expected, "while it runs");
    let divergence = Divergence {
        epoch: 6,
        cause: Cause::Penalty,
    };
    end(
        &mut state,
        run,
        untested(history, StopReason::Diverged(divergence)),
    );
    assert_eq!(state.training.hints, expected, "and afterwards");
    assert_eq!(state.training.divergence, Some(divergence), "why it ended");
    started(&mut state);
    assert!(state.training.hints.is_empty(), "the next one has none yet");
    assert_eq!(state.training.divergence, None, "nor has it diverged");
}

#[test]
fn the_validation_accuracy_is_that_of_the_network_that_is_left() {
    let mut state = state();
    let run = started(&mut state);
    let mut trained = untested(vec![record(1)], StopReason::Completed);
    trained.model.metadata.validation_accuracy = Some(0.875);
    end(&mut state, run, trained);
    let known = |state: &State| state.training.validation_accuracy;
    assert_eq!(known(&state), Some(0.875), "as its file tells");
    started(&mut state);
    assert_eq!(known(&state), None, "the next one has none yet");
}

#[test]
fn how_long_a_training_takes_is_asked_for_once_and_told() {
    let mut state = state();
    assert_eq!(state.training.expected_secs(), None, "nothing is known");
    let effects = state.apply(Action::Rehearse);
    assert!(matches!(effects[..], [Effect::Rehearse(..)]), "{effects:?}");
    assert!(state.apply(Action::Rehearse).is_empty(), "once");
    let costs = Rehearsal {
        learn_secs: 1e-5,
        read_secs: 1e-6,
        draw_secs: 0.0,
    };
    state.training.hear_rehearsal(Ok(costs));
    let config = state.training.form.config().expect("a preset is valid");
    let expected = costs.expected_secs(&config, 60_000, 10_000);
    assert_eq!(state.training.expected_secs(), Some(expected), "on MNIST");
    let mut form = state.training.form.clone();
    form.numbers.epochs *= 2;
    state.apply(Action::FormChanged(Box::new(form.clone())));
    let longer = state.training.expected_secs().expect("it costs the same");
    assert!(longer > 1.5 * expected, "twice the epochs: {longer}");
    assert!(state.apply(Action::Rehearse).is_empty(), "that is known");
    form.numbers.batch_size = 1;
    state.apply(Action::FormChanged(Box::new(form.clone())));
    assert_eq!(state.training.expected_secs(), None, "another step");
    assert_eq!(state.apply(Action::Rehearse).len(), 1, "is timed");
    let run = started(&mut state);
    state.training.hear_rehearsal(Ok(costs));
    assert_eq!(state.training.expected_secs(), None, "it was given up");
    assert!(state.apply(Action::Rehearse).is_empty(), "while it trains");
    finish(&mut state, run);
    assert_eq!(
        state.apply(Action::Rehearse).len(),
        1,
        "and asked for again"
    );
    state.training.hear_rehearsal(Err("no memory".to_owned()));
    assert!(
        state.apply(Action::Rehearse).is_empty(),
        "in vain only once"
    );
    form.numbers.batch_size = 32;
    form.from_folder = true;
    form.folder = "/data/own".to_owned();
    state.apply(Action::FormChanged(Box::new(form)));
    assert_eq!(state.training.expected_secs(), None, "how many images?");
}
