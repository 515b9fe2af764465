//! Drawings that are kept to learn from.

use super::{
    training::{finish, started},
    *,
};
use crate::{
    app::state::corrections::FINE_TUNE_HINT,
    bitmap::Digit,
    data::DataSource,
    ink::Stroke,
    store::corrections::{CorrectionOutcome, CorrectionTask},
    store::run_library::RunKind,
    training::{Start, config::Preset},
};

/// What a drawing is to be kept as, and the name of that task.
fn kept(effects: &[Effect]) -> Option<(Option<Digit>, u64)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Corrections(CorrectionTask::Save {
            digit, revision, ..
        }) => Some((*digit, *revision)),
        _ => None,
    })
}

fn hear(state: &mut State, outcome: CorrectionOutcome) -> Vec<Effect> {
    state.on_file_outcome(FileOutcome::Corrections(Ok(outcome)))
}

/// Has the drawing kept, the last of so many.
fn keep(state: &mut State, digit: Option<Digit>, count: usize) -> Vec<Effect> {
    let (_, revision) = kept(&state.apply(Action::SaveCorrection(digit))).expect("it is kept");
    let outcome = CorrectionOutcome::Saved {
        digit,
        revision,
        count,
    };
    hear(state, outcome)
}

fn started_on_mnist(state: &mut State) -> u64 {
    state.training.form.from_folder = false;
    started(state)
}

/// A state with a drawing that was read.
fn with_answer() -> State {
    let mut state = state();
    state.apply(Action::PenDown(dot(0.5)));
    state.apply(Action::PenUp);
    let revision = requested(&mut state).expect("a dot is predicted");
    state.on_prediction(response(revision, 7));
    state
}

fn says(state: &State, text: &str) -> bool {
    state.notices.list().iter().any(|n| n.text == text)
}

#[test]
fn a_drawing_is_kept_once_and_makes_room_for_the_next() {
    for (digit, words) in [
        (Some(Digit::ALL[4]), "a 4"),
        (Some(Digit::ALL[8]), "an 8"),
        (None, "no digit"),
    ] {
        let mut state = with_answer();
        let (told, revision) =
            kept(&state.apply(Action::SaveCorrection(digit))).expect("it is kept");
        assert_eq!(told, digit, "as told");
        assert_eq!(
            kept(&state.apply(Action::SaveCorrection(digit))),
            None,
            "and once"
        );
        assert!(!state.ink().is_empty(), "it stays until it is in the file");
        let outcome = CorrectionOutcome::Saved {
            digit,
            revision,
            count: 12,
        };
        hear(&mut state, outcome);
        assert!(state.is_blank(), "then the pad is free");
        assert!(requested(&mut state).is_some(), "and the predictor is told");
        assert_eq!(state.training.correction_count, Some(12), "counted");
        let text = format!(
            "Kept as {words}, 12 of your drawings by now. {FINE_TUNE_HINT} Undo takes it back."
        );
        assert!(says(&state, &text), "{:?}", state.notices.list());
    }
}

#[test]
fn undo_takes_a_drawing_back_that_was_kept() {
    let (four, eight) = (Some(Digit::ALL[4]), Some(Digit::ALL[8]));
    let mut state = with_answer();
    let drawn = state.ink().clone();
    keep(&mut state, four, 1);
    let taken_back = |effects: &[Effect]| {
        effects.iter().find_map(|effect| match effect {
            Effect::Corrections(CorrectionTask::Remove { ink, digit }) => {
                Some((ink.clone(), *digit))
            }
            _ => None,
        })
    };
    let is_back = Some((drawn.clone(), four));
    assert_eq!(
        taken_back(&state.apply(Action::Undo)),
        is_back,
        "no longer kept"
    );
    assert_eq!(*state.ink(), drawn, "and on the pad again");
    let outcome = CorrectionOutcome::Removed {
        digit: four,
        count: 0,
    };
    hear(&mut state, outcome);
    assert!(says(&state, "No longer kept as a 4."), "it is told");
    assert_eq!(state.training.correction_count, Some(0), "and counted");
    assert_eq!(taken_back(&state.apply(Action::Undo)), None, "once");

    let mut state = with_answer();
    keep(&mut state, four, 1);
    draw(&mut state, 0.2);
    assert_eq!(taken_back(&state.apply(Action::Undo)), None, "a stroke");
    state.apply(Action::PenDown(dot(0.3)));
    state.apply(Action::PenUp);
    let revision = requested(&mut state).expect("a dot is predicted");
    state.on_prediction(response(revision, 7));
    let second = state.ink().clone();
    let (_, revision) = kept(&state.apply(Action::SaveCorrection(eight))).expect("it is kept");
    let outcome = CorrectionOutcome::Saved {
        digit: eight,
        revision,
        count: 2,
    };
    hear(&mut state, outcome);
    let undone: Vec<_> = (0..3)
        .map(|_| taken_back(&state.apply(Action::Undo)))
        .collect();
    assert_eq!(
        undone,
        [Some((second, eight)), None, is_back],
        "each when its turn comes"
    );
}

#[test]
fn what_is_drawn_while_a_drawing_is_kept_stays() {
    let eight = Some(Digit::ALL[8]);
    let mut state = with_answer();
    let (_, revision) = kept(&state.apply(Action::SaveCorrection(eight))).expect("it is kept");
    draw(&mut state, 0.2);
    let first = CorrectionOutcome::Saved {
        digit: eight,
        revision,
        count: 1,
    };
    let (_, second) = kept(&state.apply(Action::SaveCorrection(None))).expect("so is that");
    hear(&mut state, first);
    assert_eq!(state.ink().strokes().len(), 2, "nothing is cleared");
    let text = format!(
        "Kept as an 8, the first of your drawings. {FINE_TUNE_HINT} Settings, Data can forget it."
    );
    assert!(says(&state, &text), "{:?}", state.notices.list());
    let failed = CorrectionOutcome::SaveFailed {
        revision: second,
        reason: "the disk is full".to_owned(),
    };
    hear(&mut state, failed);
    assert_eq!(state.ink().strokes().len(), 2, "what was not kept stays");
    assert!(
        kept(&state.apply(Action::SaveCorrection(eight))).is_some(),
        "and can be tried again"
    );
}

#[test]
fn there_is_nothing_to_keep_without_a_drawing_of_ones_own() {
    let mut state = state();
    let keep = || Action::SaveCorrection(Some(Digit::ALL[4]));
    assert!(state.apply(keep()).is_empty(), "an empty pad");
    state.on_file_outcome(opened_picture("seven.png"));
    assert!(state.apply(keep()).is_empty(), "a picture");
    let mut state = with_answer();
    state.apply(keep());
    state.on_file_outcome(FileOutcome::Checkpoint(Err(FileError::Corrections(
        "something else".to_owned(),
    ))));
    assert_eq!(
        kept(&state.apply(keep())),
        None,
        "what else failed changes nothing"
    );
}

#[test]
fn what_is_kept_can_be_forgotten() {
    let mut state = with_answer();
    assert_eq!(state.training.correction_count, Some(0), "none until told");
    hear(&mut state, CorrectionOutcome::Counted(3));
    assert_eq!(state.training.correction_count, Some(3), "told");
    let effects = state.apply(Action::RemoveLastCorrection);
    assert!(
        matches!(
            effects[..],
            [Effect::Corrections(CorrectionTask::RemoveLast)]
        ),
        "{effects:?}"
    );
    let (on_pad, forgotten) = (
        state.ink().clone(),
        Stroke::new(vec![dot(0.3)]).into_iter().collect::<Ink>(),
    );
    let last = Some((forgotten.clone(), None));
    hear(
        &mut state,
        CorrectionOutcome::LastRemoved { last, count: 2 },
    );
    assert_eq!(state.training.correction_count, Some(2), "one less");
    assert_eq!(*state.ink(), forgotten, "it is there to be kept again");
    let text = "No longer kept as no digit. The drawing is on the pad again.";
    assert!(says(&state, text), "{:?}", state.notices.list());
    state.apply(Action::Undo);
    assert_eq!(*state.ink(), on_pad, "and nothing is lost for it");
    hear(
        &mut state,
        CorrectionOutcome::Unreadable("could not".to_owned()),
    );
    assert_eq!(state.training.correction_count, None, "nobody knows");
}

#[test]
fn the_model_at_work_is_taught_what_is_kept() {
    let mut state = state();
    state.training.form.from_folder = true;
    state.training.form.uses_corrections = false;
    assert!(state.apply(Action::FineTune).is_empty(), "nothing is kept");
    hear(&mut state, CorrectionOutcome::Counted(3));
    let model = Arc::clone(&state.models.chosen().model);
    let effects = state.apply(Action::FineTune);
    let [
        Effect::Train {
            start: Start::From(base_model, config),
            data,
            uses_corrections: true,
            ..
        },
    ] = &effects[..]
    else {
        panic!("expected a lesson, found {effects:?}");
    };
    assert!(data.base == DataSource::Mnist, "beside the digits it knows");
    assert!(
        Arc::ptr_eq(base_model.model(), &model),
        "the one that answers"
    );
    assert_eq!(config.model, *model.mlp.config(), "and its network");
    let base = base_model.name().to_owned();
    assert_eq!(state.training.kind, RunKind::FineTuning(base));
    assert!(state.apply(Action::FineTune).is_empty(), "one at a time");
    let run = state.training.state.active_run().expect("it runs");
    finish(&mut state, run);
    let record = &state.runs.list()[0].record;
    assert!(
        record.kind.preset().is_none(),
        "so that its settings are not offered"
    );
    let run = started_on_mnist(&mut state);
    finish(&mut state, run);
    let record = &state.runs.list()[0].record;
    assert!(!record.kind.preset().is_none(), "those of a training are");
}

#[test]
fn a_model_of_other_things_than_digits_is_not_taught() {
    let mut fashion = model();
    fashion.metadata.dataset = "fashion".to_owned();
    let loaded = Some(("fashion.safetensors".into(), fashion));
    let mut state = State::new(Settings::default(), model(), loaded);
    hear(&mut state, CorrectionOutcome::Counted(3));
    assert!(!state.can_fine_tune(), "it would have to forget all of it");
    assert!(
        state.apply(Action::FineTune).is_empty(),
        "nor by other ways"
    );
}

#[test]
fn a_training_is_told_whether_to_learn_from_them() {
    for learns in [true, false] {
        let mut state = state();
        assert!(state.training.form.uses_corrections, "as it begins");
        state.training.form.uses_corrections = learns;
        state.apply(Action::ChoosePreset(Preset::Quick));
        let effects = state.apply(Action::Train);
        let [
            Effect::Train {
                uses_corrections, ..
            },
        ] = effects[..]
        else {
            panic!("expected a training, found {effects:?}");
        };
        assert_eq!(uses_corrections, learns, "whatever the preset");
    }
    let mut state = state();
    state.training.form.from_folder = true;
    state.training.form.folder = "fashion".to_owned();
    let effects = state.apply(Action::Train);
    let [
        Effect::Train {
            uses_corrections, ..
        },
    ] = effects[..]
    else {
        panic!("expected a training, found {effects:?}");
    };
    assert!(!uses_corrections, "a folder's pictures may be no digits");
}
