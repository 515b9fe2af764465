//! Drawings that are kept to learn from.

use super::*;
use crate::{
    bitmap::Digit,
    training::config::Preset,
    worker::hand::{HandOutcome, HandTask},
};

fn kept(effects: &[Effect]) -> Option<Digit> {
    effects.iter().find_map(|effect| match effect {
        Effect::Hand(HandTask::Keep(_, digit)) => Some(*digit),
        _ => None,
    })
}

fn hear(state: &mut State, outcome: HandOutcome) -> Vec<Effect> {
    state.hear_file(FileOutcome::Hand(outcome))
}

/// A state with a drawing that was read.
fn with_answer() -> State {
    let mut state = state();
    let effects = state.apply(Action::PenDown(dot(0.5)));
    state.apply(Action::PenUp);
    let revision = requested(&effects).expect("a dot is predicted");
    state.hear_prediction(response(revision, 7));
    state
}

fn says(state: &State, text: &str) -> bool {
    state.notices.list().iter().any(|n| n.text == text)
}

#[test]
fn a_drawing_is_kept_once_and_makes_room_for_the_next() {
    let four = Digit::ALL[4];
    let mut state = with_answer();
    let drawn = state.ink().clone();
    assert_eq!(kept(&state.apply(Action::KeepAs(four))), Some(four), "kept");
    assert_eq!(kept(&state.apply(Action::KeepAs(four))), None, "and once");
    assert!(!state.ink().is_empty(), "it stays until it is in the file");
    let effects = hear(&mut state, HandOutcome::Kept(four, 12));
    assert!(state.is_blank(), "then the pad is free");
    assert!(requested(&effects).is_some(), "and the predictor is told");
    assert_eq!(state.training.kept, 12, "counted");
    let text = "Kept as a 4, 12 of your drawings by now. The next training learns from it.";
    assert!(says(&state, text), "{:?}", state.notices.list());
    state.apply(Action::Undo);
    assert_eq!(*state.ink(), drawn, "undo brings it back");
}

#[test]
fn what_is_drawn_while_a_drawing_is_kept_stays() {
    let mut state = with_answer();
    state.apply(Action::KeepAs(Digit::ALL[8]));
    draw(&mut state, 0.2);
    hear(&mut state, HandOutcome::Kept(Digit::ALL[8], 1));
    assert_eq!(state.ink().strokes().len(), 2, "nothing is cleared");
    state.training.form.learns_hand = false;
    hear(&mut state, HandOutcome::Kept(Digit::ALL[8], 1));
    let text = "Kept as an 8, the first of your drawings. Trainings do not learn from it until you \
                switch that on in Settings, Data.";
    assert!(says(&state, text), "{:?}", state.notices.list());
}

#[test]
fn there_is_nothing_to_keep_without_a_drawing_of_ones_own() {
    let mut state = state();
    let keep = || Action::KeepAs(Digit::ALL[4]);
    assert!(state.apply(keep()).is_empty(), "an empty pad");
    state.hear_file(FileOutcome::PictureOpened {
        path: "seven.png".into(),
        bitmap: Bitmap::blank(),
    });
    assert!(state.apply(keep()).is_empty(), "a picture");
    let mut state = with_answer();
    state.apply(keep());
    state.hear_file(FileOutcome::Failed("the disk is full".to_owned()));
    assert!(!state.is_blank(), "what was not kept stays");
    assert!(
        kept(&state.apply(keep())).is_some(),
        "and can be tried again"
    );
}

#[test]
fn what_is_kept_can_be_forgotten() {
    let mut state = state();
    assert_eq!(state.training.kept, 0, "none until told");
    hear(&mut state, HandOutcome::Counted(3));
    assert_eq!(state.training.kept, 3, "told");
    let effects = state.apply(Action::ForgetLast);
    assert!(
        matches!(effects[..], [Effect::Hand(HandTask::ForgetLast)]),
        "{effects:?}"
    );
    hear(&mut state, HandOutcome::Forgotten(2));
    assert_eq!(state.training.kept, 2, "one less");
}

#[test]
fn a_training_is_told_whether_to_learn_from_them() {
    for learns in [true, false] {
        let mut state = state();
        assert!(state.training.form.learns_hand, "as it begins");
        state.training.form.learns_hand = learns;
        state.apply(Action::PresetChosen(Preset::Quick));
        let effects = state.apply(Action::Train);
        let [Effect::Train { learns_hand, .. }] = effects[..] else {
            panic!("expected a training, found {effects:?}");
        };
        assert_eq!(learns_hand, learns, "whatever the preset");
    }
}
