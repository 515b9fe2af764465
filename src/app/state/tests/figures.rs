//! The figures of the training panel, before and during a training.

use super::{
    training::{end, record, started, untested},
    *,
};
use crate::{
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
    assert_eq!(state.training.hints, expected, "and afterward");
    assert_eq!(state.training.divergence, Some(divergence), "why it ended");
    started(&mut state);
    assert!(state.training.hints.is_empty(), "the next one has none yet");
    assert_eq!(state.training.divergence, None, "it has not diverged");
}

#[test]
fn the_validation_accuracy_is_that_of_the_final_network() {
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
