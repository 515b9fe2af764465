//! Corrections, and fine-tuning on them.

use super::{
    training::{finish, started},
    *,
};
use crate::{
    app::state::{
        corrections::{CorrectionAction, result_in_words},
        number::ShownNumber,
        runs::RunAction,
    },
    bitmap::{Digit, PIXELS},
    data::DataSource,
    error::StoreError,
    ink::{Stroke, file::InkRecord},
    picture,
    recognition::{number::Number, recognize},
    store::{
        corrections::{CorrectionLabel, CorrectionOutcome, CorrectionTask, digit_of},
        run_library::RunKind,
    },
    training::{CorrectionReport, Start, config::Preset},
};

/// The label and the revision of a task that saves a drawing.
fn saving(effects: &[Effect]) -> Option<(Option<Digit>, u64)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Corrections(CorrectionTask::Save {
            record, revision, ..
        }) => Some((digit_of(record), (*revision)?)),
        _ => None,
    })
}

/// The labels that the tasks remove (-) and save (+), in order. A saved one replaces others of the same drawing.
fn changes(effects: &[Effect]) -> Vec<String> {
    let name = |record: &InkRecord| digit_of(record).map_or("none".to_owned(), |it| it.to_string());
    let mut all = Vec::new();
    for effect in effects {
        match effect {
            Effect::Corrections(CorrectionTask::Save { record, .. }) => {
                all.push(format!("+{}", name(record)));
            }
            Effect::Corrections(CorrectionTask::Remove(record)) => {
                all.push(format!("-{}", name(record)));
            }
            _ => {}
        }
    }
    all
}

fn on_outcome(state: &mut State, outcome: CorrectionOutcome) -> Vec<Effect> {
    state.on_file_outcome(FileOutcome::Corrections(Ok(outcome)))
}

/// The outcome of the task that saves a drawing as the last of `count` corrections.
fn saved(effects: &[Effect], count: usize) -> CorrectionOutcome {
    saved_over(None, effects, count)
}

/// The same in place of an earlier correction.
fn saved_over(replaces: Option<&InkRecord>, effects: &[Effect], count: usize) -> CorrectionOutcome {
    let saved = effects.iter().find_map(|effect| match effect {
        Effect::Corrections(CorrectionTask::Save { record, revision }) => {
            Some(CorrectionOutcome::Saved {
                record: record.clone(),
                replaces: replaces.cloned(),
                revision: *revision,
                count,
            })
        }
        _ => None,
    });
    saved.expect("a save task")
}

/// Saves the drawing as the last of `count` corrections. Returns the labels that go and come.
fn save(state: &mut State, digit: Option<Digit>, count: usize) -> Vec<String> {
    let known = state.correction();
    let replaces = known.map(|CorrectionLabel(digit)| state.pad.record(digit));
    let effects = state.apply(Action::SaveCorrection(digit));
    on_outcome(state, saved_over(replaces.as_ref(), &effects, count));
    changes(&effects)
}

/// That many corrections.
fn listed(count: usize) -> CorrectionOutcome {
    CorrectionOutcome::Listed(vec![InkRecord::default(); count])
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

/// The labels of the possible buttons beside the notice that is shown.
fn buttons(state: &State) -> Vec<&str> {
    let shown = state.notices.shown().expect("a notice");
    let possible = shown.buttons.iter().filter(|it| it.is_possible);
    possible.map(|it| it.label.as_str()).collect()
}

#[test]
fn a_drawing_is_saved_once_and_stays() {
    for (digit, words) in [
        (Some(Digit::ALL[4]), "a 4"),
        (Some(Digit::ALL[8]), "an 8"),
        (None, "a non-digit"),
    ] {
        let mut state = with_answer();
        let drawn = state.pad.ink().clone();
        let effects = state.apply(Action::SaveCorrection(digit));
        let told = saving(&effects).expect("a save task").0;
        assert_eq!(told, digit, "the chosen label");
        let again = state.apply(Action::SaveCorrection(digit));
        assert_eq!(saving(&again), None, "only once");
        on_outcome(&mut state, saved(&effects, 12));
        assert_eq!(*state.pad.ink(), drawn, "the drawing stays");
        assert_eq!(state.correction(), Some(CorrectionLabel(digit)), "labeled");
        let again = state.apply(Action::SaveCorrection(digit));
        assert!(again.is_empty(), "not twice");
        assert_eq!(state.training.correction_count, Some(12), "counted");
        let text = format!("Saved as {words}: 12 corrections.");
        assert!(says(&state, &text), "{:?}", state.notices.list());
        assert_eq!(
            buttons(&state),
            ["Undo", "Fine-tune now"],
            "what one may do"
        );
        draw(&mut state, 0.2);
        assert_eq!(state.correction(), None, "another drawing");
        assert_eq!(
            buttons(&state),
            ["Fine-tune now"],
            "undo would remove a stroke"
        );
    }
}

#[test]
fn undo_and_redo_take_a_correction_back_and_bring_it_back() {
    let (four, nine) = (Some(Digit::ALL[4]), Some(Digit::ALL[9]));
    let mut state = with_answer();
    let drawn = state.pad.ink().clone();
    save(&mut state, four, 1);
    let changed = save(&mut state, nine, 1);
    assert_eq!(changed, ["+9"], "another label replaces the first");
    state.apply(Action::Clear);
    let steps = [
        (Action::Undo, vec![], "the clear"),
        (Action::Undo, vec!["+4"], "the second label"),
        (Action::Undo, vec!["-4"], "the first label"),
        (Action::Redo, vec!["+4"], "the first label again"),
        (Action::Redo, vec!["+9"], "the second label again"),
        (Action::Redo, vec![], "the clear again"),
        (Action::Undo, vec![], "the drawing again"),
        (Action::Undo, vec!["+4"], "the second label once more"),
        (Action::Undo, vec!["-4"], "the first label once more"),
    ];
    for (action, expected, reason) in steps {
        let effects = state.apply(action.clone());
        assert_eq!(changes(&effects), expected, "{action:?}: {reason}");
    }
    assert_eq!(*state.pad.ink(), drawn, "the drawing is there");
    let outcome = CorrectionOutcome::Removed {
        record: state.pad.record(four),
        count: 0,
    };
    on_outcome(&mut state, outcome);
    assert!(says(&state, "Removed the correction: a 4."), "a notice");
    assert_eq!(state.training.correction_count, Some(0), "the count");
}

#[test]
fn a_correction_of_an_earlier_session_is_known_and_comes_back() {
    let [four, nine] = [4, 9].map(|digit| Some(Digit::ALL[digit]));
    let mut state = with_answer();
    let mut stored = state.pad.record(four);
    // As a file rounds it.
    let place = Point::new(0.500_01, 0.499_99);
    stored.ink = Stroke::new(vec![place]).into_iter().collect();
    on_outcome(&mut state, CorrectionOutcome::Listed(vec![stored.clone()]));
    let label = |state: &State| state.correction().map(|CorrectionLabel(digit)| digit);
    assert_eq!(label(&state), Some(four), "no second question");
    assert!(
        state.apply(Action::SaveCorrection(four)).is_empty(),
        "it is saved"
    );
    let effects = state.apply(Action::SaveCorrection(nine));
    let outcome = saved_over(Some(&stored), &effects, 1);
    on_outcome(&mut state, outcome);
    assert_eq!(label(&state), Some(nine), "the last one counts");
    let effects = state.apply(Action::Undo);
    let [Effect::Corrections(CorrectionTask::Save { record, .. })] = &effects[..] else {
        panic!("expected the earlier one, found {effects:?}");
    };
    assert_eq!(*record, stored, "undo returns to the earlier one");
    on_outcome(&mut state, saved(&effects, 1));
    assert_eq!(label(&state), Some(four), "it is shown");
    draw(&mut state, 0.2);
    assert_eq!(label(&state), None, "another drawing");
    state.apply(Action::Undo);
    assert_eq!(label(&state), Some(four), "the same one again");
}

#[test]
fn strokes_drawn_while_saving_stay() {
    let eight = Some(Digit::ALL[8]);
    let mut state = with_answer();
    let first = saved(&state.apply(Action::SaveCorrection(eight)), 1);
    draw(&mut state, 0.2);
    let second = state.pad.record(None);
    let effects = state.apply(Action::SaveCorrection(None));
    assert!(saving(&effects).is_some(), "so is that");
    on_outcome(&mut state, first);
    assert_eq!(state.correction(), None, "another drawing by now");
    assert_eq!(
        buttons(&state),
        ["Fine-tune now"],
        "undo would remove a stroke"
    );
    let failed = CorrectionOutcome::SaveFailed {
        record: second,
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
fn a_picture_is_corrected_like_a_drawing() {
    let mut state = state();
    let four = Some(Digit::ALL[4]);
    let correct = || Action::SaveCorrection(four);
    assert!(state.apply(correct()).is_empty(), "an empty pad");
    state.on_file_outcome(opened_picture("seven.png"));
    assert!(state.apply(correct()).is_empty(), "before its prediction");
    let revision = requested(&mut state).expect("it is predicted");
    state.on_prediction(response(revision, 7));
    let effects = state.apply(correct());
    let [Effect::Corrections(CorrectionTask::Save { record, .. })] = &effects[..] else {
        panic!("expected a save task, found {effects:?}");
    };
    assert!(
        record.picture.is_some() && record.ink.is_empty(),
        "{record:?}"
    );
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
fn the_gallery_relabels_deletes_restores_and_shows() {
    let [four, nine] = [4, 9].map(|digit| Some(Digit::ALL[digit]));
    let mut state = with_answer();
    save(&mut state, four, 1);
    let on_pad = state.pad.record(four);
    let mut other = on_pad.clone();
    other.ink = Stroke::new(vec![dot(0.3)]).into_iter().collect();
    let act = |state: &mut State, action| state.apply(Action::Corrections(action));
    let effects = act(&mut state, CorrectionAction::Open);
    assert!(
        matches!(effects[..], [Effect::ListCorrections(_)]),
        "{effects:?}"
    );
    let list = recognize(
        &state.models.chosen().model,
        vec![other.clone(), on_pad.clone()],
    );
    let list = list.expect("they are recognized");
    state.on_file_outcome(FileOutcome::CorrectionsListed(Ok(list)));
    assert!(
        act(&mut state, CorrectionAction::Delete).is_empty(),
        "nothing is selected"
    );
    act(&mut state, CorrectionAction::Select(1));
    let effects = act(&mut state, CorrectionAction::Relabel(nine));
    assert_eq!(changes(&effects), ["+9"], "another label");
    on_outcome(&mut state, saved(&effects, 2));
    assert_eq!(
        state.correction(),
        Some(CorrectionLabel(nine)),
        "on the pad too"
    );
    act(&mut state, CorrectionAction::Select(0));
    let effects = act(&mut state, CorrectionAction::Delete);
    assert_eq!(changes(&effects), ["-4"], "deleted");
    let outcome = CorrectionOutcome::Removed {
        record: other.clone(),
        count: 1,
    };
    let effects = on_outcome(&mut state, outcome);
    assert!(
        matches!(effects[..], [Effect::ListCorrections(_)]),
        "listed again"
    );
    assert_eq!(buttons(&state), ["Restore"], "nothing is lost");
    let restore = state.notices.shown().expect("shown").buttons[0]
        .action
        .clone();
    let effects = state.apply(restore);
    assert_eq!(changes(&effects), ["+4"], "saved again");
    on_outcome(&mut state, saved(&effects, 2));
    act(&mut state, CorrectionAction::Select(0));
    act(&mut state, CorrectionAction::Show);
    assert!(!state.corrections.is_open, "the gallery closes");
    assert_eq!(*state.pad.ink(), other.ink, "on the pad");
    assert_eq!(
        state.correction(),
        Some(CorrectionLabel(four)),
        "with its label"
    );
}

/// A number of two digits on the pad.
fn state_with_number() -> State {
    let mut state = state();
    draw(&mut state, 0.2);
    draw(&mut state, 0.6);
    let revision = requested(&mut state).expect("it is predicted");
    let number = Number::of_strokes(state.pad.ink(), &prediction(7));
    state.on_prediction(PredictionResponse {
        revision,
        model: 0,
        outcome: PredictionOutcome::Number {
            inputs: vec![Bitmap::blank(); number.digits.len()],
            number,
        },
    });
    state
}

#[test]
fn each_digit_of_a_number_has_a_correction_of_its_own() {
    let [four, nine] = [4, 9].map(|digit| Some(Digit::ALL[digit]));
    let mut state = state_with_number();
    let label = |state: &State| state.correction().map(|CorrectionLabel(digit)| digit);
    state.apply(Action::SelectDigit(0));
    assert_eq!(save(&mut state, four, 1), ["+4"], "the first digit");
    state.apply(Action::SelectDigit(1));
    assert_eq!(label(&state), None, "the second digit is not saved");
    assert_eq!(save(&mut state, nine, 2), ["+9"], "beside the first");
    state.apply(Action::SelectDigit(0));
    assert_eq!(label(&state), Some(four), "its own label");
    let second = state.pad.corrections()[1].clone();
    let effects = state.apply(Action::Undo);
    let [Effect::Corrections(CorrectionTask::Remove(removed))] = &effects[..] else {
        panic!("expected a removal, found {effects:?}");
    };
    assert_eq!(*removed, second, "of the digit that was corrected last");
    assert_eq!(
        changes(&state.apply(Action::Undo)),
        ["-4"],
        "then the first"
    );
    assert_eq!(changes(&state.apply(Action::Redo)), ["+4"], "and again");
}

#[test]
fn more_than_one_digit_is_no_digit() {
    let answer = |shows_several| crate::app::state::pad::Answer {
        bitmap: Bitmap::blank(),
        prediction: prediction(1),
        shows_several,
        is_mark: false,
        misses: false,
    };
    assert!(answer(false).is_digit(), "a 1");
    assert!(!answer(true).is_digit(), "a column that looks like a 1");
}

#[test]
fn a_second_digit_is_corrected_while_the_first_is_being_saved() {
    let [four, nine] = [4, 9].map(|digit| Some(Digit::ALL[digit]));
    let mut state = state_with_number();
    state.apply(Action::SelectDigit(0));
    let first = state.apply(Action::SaveCorrection(four));
    state.apply(Action::SelectDigit(1));
    let second = state.apply(Action::SaveCorrection(nine));
    assert_eq!(changes(&second), ["+9"], "at once");
    let again = state.apply(Action::SaveCorrection(four));
    assert_eq!(changes(&again), [""; 0], "the same digit once");
    on_outcome(&mut state, saved(&first, 1));
    on_outcome(&mut state, saved(&second, 2));
    let label = |state: &State| state.correction().map(|CorrectionLabel(digit)| digit);
    assert_eq!(label(&state), Some(nine), "the second digit");
    state.apply(Action::SelectDigit(0));
    assert_eq!(label(&state), Some(four), "the first digit");
}

#[test]
fn a_digit_of_a_picture_is_corrected_as_it_is_before_the_preprocessing() {
    let mut state = state();
    let [digit, input] = [100, 200].map(|gray| Bitmap::from_bytes(&[gray; PIXELS]));
    state.on_file_outcome(opened_picture("two.png"));
    let revision = requested(&mut state).expect("it is predicted");
    let stroke = |x| Stroke::new(vec![dot(x), dot(x + 0.1)]).expect("has points");
    let strokes: Ink = [stroke(0.2), stroke(0.6)].into_iter().collect();
    let mut number = Number::of_strokes(&strokes, &prediction(7));
    for it in &mut number.digits {
        it.bitmap = digit.clone();
    }
    state.on_prediction(PredictionResponse {
        revision,
        model: 0,
        outcome: PredictionOutcome::Number {
            number,
            inputs: vec![input.clone(); 2],
        },
    });
    let answer = state.pad.answer().expect("it is read");
    assert_eq!(answer.bitmap, input, "the input is shown");
    let record = state.pad.record(Digit::new(4));
    assert_eq!(record.picture, Some(digit), "the digit is saved");
}

#[test]
fn a_digit_that_is_taken_out_of_a_picture_is_corrected_as_in_it() {
    let mut state = state();
    let view = {
        let is_ink = |at: usize| (at % 120 / 10) % 4 == 1 && (10..90).contains(&(at / 120));
        let tone = |at: usize| if is_ink(at) { 0 } else { 255 };
        let rgba = (0..120 * 100).flat_map(|at| [tone(at), tone(at), tone(at), 255]);
        let picture = picture::from_rgba(rgba.collect(), [120, 100]).expect("a picture");
        FileResult::Picture(
            "two.png".into(),
            picture.bitmap,
            Some(Box::new(picture.view)),
        )
    };
    state.on_file_outcome(read(FilePurpose::OpenDrawing, view));
    let revision = requested(&mut state).expect("it is predicted");
    let stroke = |x| Stroke::new(vec![dot(x), dot(x + 0.1)]).expect("has points");
    let strokes: Ink = [stroke(0.2), stroke(0.6)].into_iter().collect();
    let mut number = Number::of_strokes(&strokes, &prediction(7));
    let bitmaps = [100, 200].map(|gray| Bitmap::from_bytes(&[gray; PIXELS]));
    for (digit, bitmap) in number.digits.iter_mut().zip(&bitmaps) {
        digit.bitmap = bitmap.clone();
    }
    number.digits[0].is_digit = false;
    let respond = |state: &mut State, revision| {
        state.on_prediction(PredictionResponse {
            revision,
            model: 0,
            outcome: PredictionOutcome::Number {
                number: number.clone(),
                inputs: bitmaps.to_vec(),
            },
        });
    };
    respond(&mut state, revision);
    let selected = |state: &State| state.pad.number().map(ShownNumber::selected);
    assert_eq!(selected(&state), Some(0), "the first one");
    state.apply(Action::SelectDigit(1));
    let in_picture = state.pad.record(Digit::new(4));
    state.apply(Action::TakeDigit(0));
    assert_eq!(selected(&state), Some(0), "a mark is selected only");
    state.apply(Action::TakeDigit(1));
    assert_eq!(state.pad.record(Digit::new(4)), in_picture, "the same");
    let revision = requested(&mut state).expect("it is predicted alone");
    state.on_prediction(response(revision, 7));
    let four = Some(Digit::ALL[4]);
    assert_eq!(save(&mut state, four, 1), ["+4"], "on the pad");
    state.apply(Action::BackToPicture);
    let revision = requested(&mut state).expect("it is predicted again");
    respond(&mut state, revision);
    assert_eq!(selected(&state), Some(1), "the digit that was taken");
    let label = state.correction().map(|CorrectionLabel(digit)| digit);
    assert_eq!(label, Some(four), "its label is known there");
}

#[test]
fn a_fine_tuning_says_what_came_of_it() {
    let report = |after: &[bool], contradictions: Vec<[usize; 2]>| CorrectionReport {
        before: vec![false; after.len()],
        after: after.to_vec(),
        contradictions,
        held_out: 10,
        held_out_correct: [9, 9],
    };
    let percents = [Some(0.9942), Some(0.994)];
    let cases = [
        (
            report(&[true; 3], vec![]),
            percents,
            "reads 3 of 3 corrections as labeled (before: 0); MNIST 99.40\u{a0}% (before: 99.42\u{a0}%)",
        ),
        (
            report(&[true, false], vec![[0, 1]]),
            [None, Some(0.99)],
            "reads 1 of 2 corrections as labeled (before: 0); one contradicts an earlier one",
        ),
    ];
    for (report, accuracies, expected) in cases {
        assert_eq!(result_in_words(&report, accuracies), expected);
    }
}

#[test]
fn the_model_in_use_is_fine_tuned_on_corrections() {
    let mut state = state();
    state.training.form.from_folder = true;
    state.training.form.uses_corrections = false;
    assert!(state.apply(Action::FineTune).is_empty(), "no correction");
    on_outcome(&mut state, listed(3));
    let model = Arc::clone(&state.models.chosen().model);
    let effects = state.apply(Action::FineTune);
    assert!(state.notices.shown().is_some(), "it is said that it begins");
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
fn a_fine_tuning_is_named_after_the_model_that_it_trains() {
    let mut fine_tuned = model();
    fine_tuned.metadata.base_model = Some("Built-in".to_owned());
    let loaded = Some((weight_file("Run 4.safetensors"), fine_tuned.into()));
    let mut state = State::new(Settings::default(), model(), loaded);
    on_outcome(&mut state, listed(1));
    let in_use = state.models.chosen().name.clone();
    let effects = state.apply(Action::FineTune);
    let [
        Effect::Train {
            start: Start::From(base, _),
            ..
        },
    ] = &effects[..]
    else {
        panic!("expected a fine-tuning, found {effects:?}");
    };
    assert!(
        Arc::ptr_eq(base.model(), &state.models.chosen().model),
        "the model in use"
    );
    assert_eq!(base.name(), in_use, "not its own base model");
    assert_eq!(
        state.training.kind,
        RunKind::FineTuning(in_use),
        "the same in the panel"
    );
}

#[test]
fn a_fine_tuning_follows_the_name_of_its_base_model() {
    let mut state = state();
    on_outcome(&mut state, listed(1));
    let run = started_on_mnist(&mut state);
    finish(&mut state, run);
    let base = state.runs.list()[0].record.id;
    let rename = |state: &mut State, name: &str| {
        let action = RunAction::Rename(base, name.to_owned());
        state.apply(Action::Run(action));
    };
    let title = |state: &State| state.shown_run().map(|run| run.title());
    let curves = |state: &State| state.shown_run().and_then(|run| run.curves_text());
    assert_eq!(curves(&state), None, "those of a training are usual");
    state.apply(Action::FineTune);
    rename(&mut state, "Mine");
    let expected = Some("Fine-tuning of Mine".to_owned());
    assert_eq!(title(&state), expected, "while it runs");
    assert!(curves(&state).is_some(), "its curves are explained");
    let run = state.training.state.active_run().expect("it runs");
    finish(&mut state, run);
    let record = &state.runs.list()[0].record;
    assert_eq!(record.base_run, Some(base), "the run, not its name");
    rename(&mut state, "Ours");
    let expected = Some("Fine-tuning of Ours".to_owned());
    assert_eq!(title(&state), expected, "and after its end");
    state.apply(Action::Run(RunAction::Delete(base)));
    let expected = Some("Fine-tuning of Run 1".to_owned());
    assert_eq!(
        title(&state),
        expected,
        "the name that it had, once it is gone"
    );
}

#[test]
fn a_model_of_another_dataset_is_not_fine_tuned() {
    let mut fashion = model();
    fashion.metadata.dataset = Some("fashion".to_owned());
    let loaded = Some((weight_file("fashion.safetensors"), fashion.into()));
    let mut state = State::new(Settings::default(), model(), loaded);
    on_outcome(&mut state, listed(3));
    assert!(!state.can_fine_tune(), "its classes are not digits");
    assert!(state.apply(Action::FineTune).is_empty(), "by no action");
}

#[test]
fn a_training_uses_corrections_if_the_form_says_so() {
    let uses = |mut state: State| {
        let effects = state.apply(Action::Train);
        match effects[..] {
            [
                Effect::Train {
                    uses_corrections, ..
                },
            ] => uses_corrections,
            _ => panic!("expected a training, found {effects:?}"),
        }
    };
    for learns in [true, false] {
        let mut state = state();
        assert!(state.training.form.uses_corrections, "by default");
        state.training.form.uses_corrections = learns;
        state.apply(Action::ChoosePreset(Preset::Quick));
        assert_eq!(uses(state), learns, "independent of the preset");
    }
    let mut state = state();
    state.training.form.from_folder = true;
    state.training.form.folder = "fashion".to_owned();
    assert!(!uses(state), "the images of a folder may not be digits");
}
