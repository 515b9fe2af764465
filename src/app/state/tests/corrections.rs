//! Corrections, and fine-tuning on them.

use super::{
    training::{finish, started},
    *,
};
use crate::{
    app::state::corrections::FINE_TUNE_HINT,
    bitmap::Digit,
    data::DataSource,
    error::StoreError,
    ink::Stroke,
    store::{
        corrections::{CorrectionOutcome, CorrectionTask},
        run_library::RunKind,
    },
    training::{Start, config::Preset},
};

/// The label and the revision of a task that saves a drawing.
fn saving(effects: &[Effect]) -> Option<(Option<Digit>, u64)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Corrections(CorrectionTask::Save {
            digit, revision, ..
        }) => Some((*digit, *revision)),
        _ => None,
    })
}

fn on_outcome(state: &mut State, outcome: CorrectionOutcome) -> Vec<Effect> {
    state.on_file_outcome(FileOutcome::Corrections(Ok(outcome)))
}

/// Saves the drawing as the last of `count` corrections.
fn save(state: &mut State, digit: Option<Digit>, count: usize) -> Vec<Effect> {
    let (_, revision) = saving(&state.apply(Action::SaveCorrection(digit))).expect("a save task");
    let outcome = CorrectionOutcome::Saved {
        digit,
        revision,
        count,
    };
    on_outcome(state, outcome)
}

fn started_on_mnist(state: &mut State) -> u64 {
    state.training.form.from_folder = false;
    started(state)
}

/// A state with a drawing and its prediction.
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
fn a_drawing_is_saved_once_and_cleared() {
    for (digit, words) in [
        (Some(Digit::ALL[4]), "a 4"),
        (Some(Digit::ALL[8]), "an 8"),
        (None, "a non-digit"),
    ] {
        let mut state = with_answer();
        let (told, revision) =
            saving(&state.apply(Action::SaveCorrection(digit))).expect("a save task");
        assert_eq!(told, digit, "the chosen label");
        assert_eq!(
            saving(&state.apply(Action::SaveCorrection(digit))),
            None,
            "only once"
        );
        assert!(
            !state.pad.ink().is_empty(),
            "the drawing stays until it is saved"
        );
        let outcome = CorrectionOutcome::Saved {
            digit,
            revision,
            count: 12,
        };
        on_outcome(&mut state, outcome);
        assert!(state.pad.is_blank(), "then the pad is free");
        assert!(
            requested(&mut state).is_some(),
            "the predictor clears its prediction"
        );
        assert_eq!(state.training.correction_count, Some(12), "counted");
        let text = format!("Saved as {words}: 12 corrections. {FINE_TUNE_HINT} Undo removes it.");
        assert!(says(&state, &text), "{:?}", state.notices.list());
    }
}

#[test]
fn undo_removes_a_correction() {
    let (four, eight) = (Some(Digit::ALL[4]), Some(Digit::ALL[8]));
    let mut state = with_answer();
    let drawn = state.pad.ink().clone();
    save(&mut state, four, 1);
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
        "removed from the file"
    );
    assert_eq!(*state.pad.ink(), drawn, "and on the pad again");
    let outcome = CorrectionOutcome::Removed {
        digit: four,
        count: 0,
    };
    on_outcome(&mut state, outcome);
    assert!(says(&state, "Removed the correction: a 4."), "a notice");
    assert_eq!(state.training.correction_count, Some(0), "the count");
    assert_eq!(taken_back(&state.apply(Action::Undo)), None, "once");

    let mut state = with_answer();
    save(&mut state, four, 1);
    draw(&mut state, 0.2);
    assert_eq!(taken_back(&state.apply(Action::Undo)), None, "a stroke");
    state.apply(Action::PenDown(dot(0.3)));
    state.apply(Action::PenUp);
    let revision = requested(&mut state).expect("a dot is predicted");
    state.on_prediction(response(revision, 7));
    let second = state.pad.ink().clone();
    let (_, revision) = saving(&state.apply(Action::SaveCorrection(eight))).expect("a save task");
    let outcome = CorrectionOutcome::Saved {
        digit: eight,
        revision,
        count: 2,
    };
    on_outcome(&mut state, outcome);
    let undone: Vec<_> = (0..3)
        .map(|_| taken_back(&state.apply(Action::Undo)))
        .collect();
    assert_eq!(
        undone,
        [Some((second, eight)), None, is_back],
        "each undo removes its own"
    );
}

#[test]
fn strokes_drawn_while_saving_stay() {
    let eight = Some(Digit::ALL[8]);
    let mut state = with_answer();
    let (_, revision) = saving(&state.apply(Action::SaveCorrection(eight))).expect("a save task");
    draw(&mut state, 0.2);
    let first = CorrectionOutcome::Saved {
        digit: eight,
        revision,
        count: 1,
    };
    let (_, second) = saving(&state.apply(Action::SaveCorrection(None))).expect("so is that");
    on_outcome(&mut state, first);
    assert_eq!(state.pad.ink().strokes().len(), 2, "nothing is cleared");
    let text = format!("Saved as an 8: 1 correction. {FINE_TUNE_HINT} Settings, Data removes it.");
    assert!(says(&state, &text), "{:?}", state.notices.list());
    let failed = CorrectionOutcome::SaveFailed {
        revision: second,
        error: StoreError::Locked("corrections.jsonl".into()),
    };
    on_outcome(&mut state, failed);
    assert_eq!(
        state.pad.ink().strokes().len(),
        2,
        "an unsaved drawing stays"
    );
    assert!(
        saving(&state.apply(Action::SaveCorrection(eight))).is_some(),
        "the user can try again"
    );
}

#[test]
fn only_a_drawing_can_be_corrected() {
    let mut state = state();
    let correct = || Action::SaveCorrection(Some(Digit::ALL[4]));
    assert!(state.apply(correct()).is_empty(), "an empty pad");
    state.on_file_outcome(opened_picture("seven.png"));
    assert!(state.apply(correct()).is_empty(), "a picture");
    let mut state = with_answer();
    state.apply(correct());
    state.on_file_outcome(FileOutcome::Checkpoint(Err(file_error(
        "something else".to_owned(),
    ))));
    assert_eq!(
        saving(&state.apply(correct())),
        None,
        "what else failed changes nothing"
    );
}

#[test]
fn the_last_correction_can_be_removed() {
    let mut state = with_answer();
    assert_eq!(state.training.correction_count, Some(0), "none at first");
    on_outcome(&mut state, CorrectionOutcome::Counted(3));
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
        state.pad.ink().clone(),
        Stroke::new(vec![dot(0.3)]).into_iter().collect::<Ink>(),
    );
    let last = Some((forgotten.clone(), None));
    on_outcome(
        &mut state,
        CorrectionOutcome::LastRemoved { last, count: 2 },
    );
    assert_eq!(state.training.correction_count, Some(2), "one less");
    assert_eq!(*state.pad.ink(), forgotten, "on the pad again");
    let text = "Removed the correction: a non-digit. The drawing is on the pad again.";
    assert!(says(&state, text), "{:?}", state.notices.list());
    state.apply(Action::Undo);
    assert_eq!(*state.pad.ink(), on_pad, "undo restores the other drawing");
    on_outcome(
        &mut state,
        CorrectionOutcome::Unreadable(StoreError::Locked("corrections.jsonl".into())),
    );
    assert_eq!(
        state.training.correction_count, None,
        "the count is unknown"
    );
}

#[test]
fn the_model_in_use_is_fine_tuned_on_corrections() {
    let mut state = state();
    state.training.form.from_folder = true;
    state.training.form.uses_corrections = false;
    assert!(state.apply(Action::FineTune).is_empty(), "no correction");
    on_outcome(&mut state, CorrectionOutcome::Counted(3));
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
        panic!("expected a fine-tuning, found {effects:?}");
    };
    assert!(data.base == DataSource::Mnist, "with MNIST");
    assert!(Arc::ptr_eq(base_model.model(), &model), "the model in use");
    assert_eq!(config.model, *model.mlp.config(), "with its architecture");
    let base = base_model.name().to_owned();
    assert_eq!(state.training.kind, RunKind::FineTuning(base));
    assert!(state.apply(Action::FineTune).is_empty(), "one at a time");
    let run = state.training.state.active_run().expect("it runs");
    finish(&mut state, run);
    let kind = &state.runs.list()[0].record.kind;
    assert!(matches!(kind, RunKind::FineTuning(_)), "{kind:?}");
    let run = started_on_mnist(&mut state);
    finish(&mut state, run);
    let kind = &state.runs.list()[0].record.kind;
    assert!(matches!(kind, RunKind::Preset(_)), "{kind:?}");
}

#[test]
fn a_model_of_another_dataset_is_not_fine_tuned() {
    let mut fashion = model();
    fashion.metadata.dataset = Some("fashion".to_owned());
    let loaded = Some(("fashion.safetensors".into(), fashion.into()));
    let mut state = State::new(Settings::default(), model(), loaded);
    on_outcome(&mut state, CorrectionOutcome::Counted(3));
    assert!(!state.can_fine_tune(), "its classes are not digits");
    assert!(state.apply(Action::FineTune).is_empty(), "by no action");
}

#[test]
fn a_training_uses_corrections_if_the_form_says_so() {
    for learns in [true, false] {
        let mut state = state();
        assert!(state.training.form.uses_corrections, "by default");
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
        assert_eq!(uses_corrections, learns, "independent of the preset");
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
    assert!(
        !uses_corrections,
        "the images of a folder may not be digits"
    );
}
