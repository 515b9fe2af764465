//! What is asked before the window closes.

use super::{
    training::{finish, started},
    *,
};
use crate::worker::{
    library::LibraryOutcome,
    trainer::{TrainerFact, TrainerMessage},
};

#[test]
fn the_question_before_closing_goes_with_its_cause() {
    let mut state = state();
    let run = started(&mut state);
    assert!(!state.close_requested(), "it asks");
    finish(&mut state, run);
    assert_eq!(state.closing, Closing::Asks, "the model is in no file");
    let kept = state.runs.list()[0].record.id;
    state.hear_file(FileOutcome::Library(LibraryOutcome::Kept(kept, Vec::new())));
    assert_eq!(state.closing, Closing::No, "nothing would be lost any more");
    let run = started(&mut state);
    assert!(!state.close_requested(), "it asks again");
    let fact = TrainerFact::Failed("out of memory".to_owned());
    state.hear_trainer(TrainerMessage { run, fact });
    assert_eq!(state.closing, Closing::No, "nothing is under way any more");
}
