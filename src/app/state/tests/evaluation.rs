//! Tests of the model at work, and what is looked at in them.

use super::{
    training::{end, untested},
    *,
};
use crate::{
    app::state::evaluation::{EvaluationAction, EvaluationForm, EvaluationStatus, SourceKind},
    bitmap::Digit,
    data::{Dataset, noise::Noise},
    evaluation::{
        Measurement, Selection,
        evaluation_set::{EvaluationSet, Source},
    },
    training::{StopReason, control::Control},
    worker::evaluator::{EvaluatorMessage, EvaluatorOutcome, EvaluatorProgress},
};

fn measurement() -> Arc<Measurement> {
    measurement_with(None)
}

fn measurement_with(noise: Option<Noise>) -> Arc<Measurement> {
    let examples = Dataset::mnist_test().expect("is built in").take(20);
    let evaluation_set = EvaluationSet::of_examples("mnist", examples).with_noise(noise);
    let measured = Measurement::of(&model(), evaluation_set, &Control::default(), &mut |_| {});
    Arc::new(measured.expect("computes").expect("nobody abandons it"))
}

fn act(state: &mut State, action: EvaluationAction) -> Vec<Effect> {
    state.apply(Action::Evaluation(action))
}

/// The number and the source of the measurement that is asked for.
fn asked(effects: &[Effect]) -> Option<(u64, Source)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Evaluate { number, source, .. } => Some((*number, source.clone())),
        _ => None,
    })
}

fn hear(state: &mut State, number: u64, ending: EvaluatorOutcome) -> Vec<Effect> {
    state.on_evaluator_message(EvaluatorMessage { number, ending })
}

/// A state whose model was tested.
fn measured() -> State {
    let mut state = state();
    let effects = state.apply(Action::SwitchTab(Tab::Evaluate));
    let (number, _) = asked(&effects).expect("the first look tests");
    hear(
        &mut state,
        number,
        EvaluatorOutcome::Measured(measurement()),
    );
    state
}

fn trained(state: &mut State) -> Vec<Effect> {
    let effects = state.apply(Action::Train);
    let [Effect::Train { run, .. }] = effects[..] else {
        panic!("expected a training, found {effects:?}");
    };
    state.on_progress(Some(crate::training::Progress {
        images_seen: 1,
        ..Default::default()
    }));
    end(state, run, untested(Vec::new(), StopReason::Completed))
}

#[test]
fn the_first_look_tests_and_the_next_one_does_not() {
    let mut state = state();
    let effects = state.apply(Action::SwitchTab(Tab::Evaluate));
    assert_eq!(asked(&effects), Some((1, Source::Mnist)), "on MNIST");
    let progress = EvaluatorProgress { read: 5, total: 20 };
    state.on_evaluation_progress(Some(progress));
    assert_eq!(state.measuring.progress, Some(progress), "it is shown");
    let effects = state.apply(Action::SwitchTab(Tab::Evaluate));
    assert!(effects.is_empty(), "it is under way");
    hear(&mut state, 1, EvaluatorOutcome::Measured(measurement()));
    assert!(state.is_evaluation_current(), "the model at work is tested");
    assert_eq!(state.measuring.active_number(), None, "it is done");
    state.apply(Action::SwitchTab(Tab::Draw));
    let effects = state.apply(Action::SwitchTab(Tab::Evaluate));
    assert!(effects.is_empty(), "it is known");
    let measured = state.measuring.measured.as_ref().expect("is there");
    assert_eq!(measured.model_name, "built-in model", "whose it is");
    hear(&mut state, 1, EvaluatorOutcome::Failed("late".to_owned()));
    assert!(
        state.notices.list().is_empty(),
        "a stale word is passed over"
    );
}

#[test]
fn a_finished_training_is_tested_if_that_is_looked_at() {
    let mut state = measured();
    let effects = trained(&mut state);
    let (number, _) = asked(&effects).expect("the new model is tested");
    hear(
        &mut state,
        number,
        EvaluatorOutcome::Measured(measurement()),
    );
    let name = state
        .measuring
        .measured
        .as_ref()
        .map(|measured| measured.model_name.clone());
    assert_eq!(name.as_deref(), Some("trained model, run 1"), "the new one");
    state.apply(Action::SwitchTab(Tab::Draw));
    let effects = trained(&mut state);
    assert_eq!(asked(&effects), None, "nobody looks");
    assert!(
        !state.is_evaluation_current(),
        "what is shown is of another model"
    );
    let effects = state.apply(Action::SwitchTab(Tab::Evaluate));
    assert!(asked(&effects).is_some(), "the next look tests it");
}

#[test]
fn a_look_while_a_training_runs_does_not_slow_it_down() {
    let mut state = state();
    state.apply(Action::Train);
    let effects = state.apply(Action::SwitchTab(Tab::Evaluate));
    assert_eq!(asked(&effects), None, "only when asked for");
    let effects = act(&mut state, EvaluationAction::Begin);
    assert!(asked(&effects).is_some(), "as here");
}

#[test]
fn a_test_is_cancelled_and_a_newer_model_waits_for_the_end_of_the_older_ones() {
    let mut state = state();
    state.apply(Action::SwitchTab(Tab::Evaluate));
    let effects = act(&mut state, EvaluationAction::Cancel);
    assert!(
        matches!(effects[..], [Effect::CancelEvaluation]),
        "told to end"
    );
    hear(&mut state, 1, EvaluatorOutcome::Canceled);
    assert_eq!(state.measuring.state, EvaluationStatus::Idle, "it ended");
    assert!(state.measuring.measured.is_none(), "without a result");

    act(&mut state, EvaluationAction::Begin);
    let effects = trained(&mut state);
    assert_eq!(asked(&effects), None, "one at a time");
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::CancelEvaluation)),
        "the older one is of no interest: {effects:?}"
    );
    let effects = hear(&mut state, 2, EvaluatorOutcome::Measured(measurement()));
    let (number, _) = asked(&effects).expect("now the newer one");
    assert_eq!(number, 3, "it has a number of its own");
    hear(&mut state, 3, EvaluatorOutcome::Measured(measurement()));
    assert!(state.is_evaluation_current(), "of the model at work");
}

#[test]
fn a_source_that_is_not_chosen_is_said() {
    let mut state = measured();
    let mut form = EvaluationForm::default();
    let cases = [
        (SourceKind::Folder, "Choose the folder"),
        (SourceKind::Ink, "Choose the ink file"),
    ];
    for (source, part) in cases {
        form.source = source;
        act(&mut state, EvaluationAction::Changed(form.clone()));
        let effects = act(&mut state, EvaluationAction::Begin);
        assert_eq!(asked(&effects), None, "nothing to read");
        let said = &state.notices.list().last().expect("it is said").text;
        assert!(said.contains(part), "{said}");
    }
    form.ink = " /tmp/ink.jsonl ".to_owned();
    act(&mut state, EvaluationAction::Changed(form));
    let effects = act(&mut state, EvaluationAction::Begin);
    let expected = Source::Ink("/tmp/ink.jsonl".into());
    assert_eq!(asked(&effects), Some((2, expected)), "as typed, trimmed");
    let reason = "no such file".to_owned();
    hear(&mut state, 2, EvaluatorOutcome::Failed(reason));
    let said = &state.notices.list().last().expect("it is said").text;
    assert!(said.contains("No such file"), "{said}");
    assert!(state.measuring.measured.is_some(), "what was known stays");
}

#[test]
fn a_path_that_is_chosen_is_tested_on_at_once() {
    let mut state = measured();
    let effects = state.on_file_outcome(chosen(FilePurpose::EvaluationFolder, "/data/own"));
    let expected = Source::Folder("/data/own".into());
    assert_eq!(asked(&effects), Some((2, expected)), "a folder");
    assert_eq!(
        state.measuring.form.folder, "/data/own",
        "it stays in the field"
    );
    assert!(!state.training.form.from_folder, "and is not trained on");
    hear(&mut state, 2, EvaluatorOutcome::Canceled);
    let effects = state.on_file_outcome(chosen(FilePurpose::EvaluationInk, "/data/ink.jsonl"));
    let expected = Source::Ink("/data/ink.jsonl".into());
    assert_eq!(asked(&effects), Some((3, expected)), "an ink file");
}

#[test]
fn figures_are_of_the_pictures_that_are_chosen_or_it_is_known_that_they_are_not() {
    let mut state = measured();
    let mut form = state.measuring.form.clone();
    let cases = [
        (SourceKind::Folder, "", false, "no folder is chosen yet"),
        (SourceKind::Folder, "/data/own", false, "another source"),
        (
            SourceKind::Mnist,
            "/data/own",
            true,
            "back to what was tested",
        ),
    ];
    for (source, folder, expected, reason) in cases {
        (form.source, form.folder) = (source, folder.to_owned());
        act(&mut state, EvaluationAction::Changed(form.clone()));
        assert_eq!(state.is_evaluation_current(), expected, "{reason}");
    }
    let effects = state.on_file_outcome(chosen(FilePurpose::EvaluationFolder, "/data/own"));
    let (number, _) = asked(&effects).expect("it is tested on");
    hear(
        &mut state,
        number,
        EvaluatorOutcome::Measured(measurement()),
    );
    assert!(state.is_evaluation_current(), "the folder");
    form.source = SourceKind::Mnist;
    act(&mut state, EvaluationAction::Changed(form));
    let effects = state.apply(Action::SwitchTab(Tab::Evaluate));
    let expected = Some(Source::Mnist);
    assert_eq!(
        asked(&effects).map(|(_, source)| source),
        expected,
        "the next look tests on it"
    );
}

#[test]
fn the_folder_that_is_trained_on_is_offered() {
    let mut state = state();
    state.training.form.folder = "/data/own".to_owned();
    let form = EvaluationForm {
        source: SourceKind::Folder,
        ..EvaluationForm::default()
    };
    act(&mut state, EvaluationAction::Changed(form));
    assert_eq!(state.measuring.form.folder, "/data/own", "the same");
    let mut form = state.measuring.form.clone();
    form.folder.clear();
    act(&mut state, EvaluationAction::Changed(form));
    assert_eq!(state.measuring.form.folder, "", "but it can be emptied");
}

#[test]
fn a_picture_of_the_gallery_takes_the_place_of_the_drawing() {
    let mut state = measured();
    state.apply(Action::SwitchTab(Tab::Draw));
    draw(&mut state, 0.2);
    state.apply(Action::SwitchTab(Tab::Evaluate));
    let selection = Selection::Cell {
        truth: Digit::ALL[7],
        read: Digit::ALL[7],
    };
    act(&mut state, EvaluationAction::Select(selection));
    act(&mut state, EvaluationAction::Show(0));
    assert_eq!(state.tab, Tab::Draw, "it is in the pad's view");
    let picture = state.picture().expect("is there");
    assert_eq!(picture.name, "Test image 1: a 7", "it says what it is");
    let shown = picture.bitmap.clone();
    let Some(Effect::Predict(request)) = state.take_prediction_request() else {
        panic!("it is predicted");
    };
    assert_eq!(
        request.input,
        PredictionInput::Bitmap(shown),
        "with its bars"
    );
    state.apply(Action::SwitchTab(Tab::Evaluate));
    assert_eq!(
        state.measuring.selection, selection,
        "the gallery is where it was"
    );
    state.apply(Action::SwitchTab(Tab::Draw));
    state.apply(Action::Undo);
    assert_eq!(
        state.ink().strokes().len(),
        1,
        "undo brings the drawing back"
    );
    let effects = act(&mut state, EvaluationAction::Show(20));
    assert!(effects.is_empty(), "there is no such picture");
}

#[test]
fn what_is_opened_is_seen() {
    let mut state = measured();
    state.on_file_outcome(opened_picture("/tmp/seven.png"));
    assert_eq!(state.tab, Tab::Draw, "the pad is shown");
}

#[test]
fn the_table_is_saved_where_it_is_said() {
    let mut state = state();
    state.settings.file_dialogs = false;
    let save = |state: &mut State| {
        let asks = Action::AskPath(FilePurpose::SaveConfusion);
        type_path(state, asks, "/tmp/table.csv")
    };
    assert!(save(&mut state).is_none(), "there is no table yet");
    let mut state = measured();
    let (request, replaces) = save(&mut state).expect("it is written");
    assert!(!replaces, "unless the file exists");
    let Some(FileContent::Table(table)) = &request.content else {
        panic!("a table: {request:?}");
    };
    assert!(table.starts_with("shown,0,1,"), "the matrix: {table}");
}

#[test]
fn noise_is_tested_with_once_it_is_settled_and_compared_with_none() {
    let strong = Noise::SaltAndPepper(0.9);
    let add = |state: &mut State, noise: Option<Noise>, is_settled: bool| {
        let effects = act(state, EvaluationAction::AddNoise { noise, is_settled });
        effects.iter().find_map(|effect| match effect {
            Effect::Evaluate { number, noise, .. } => Some((*number, *noise)),
            _ => None,
        })
    };
    let mut untested = state();
    assert_eq!(
        add(&mut untested, Some(strong), true),
        None,
        "nobody tested"
    );
    let effects = act(&mut untested, EvaluationAction::Begin);
    assert!(
        matches!(effects[..], [Effect::Evaluate { number: 1, noise: Some(noise), .. }] if noise == strong),
        "but the next test is with it: {effects:?}"
    );

    let mut state = measured();
    let known = |state: &State| state.measuring.accuracy_without_noise();
    assert_eq!(known(&state), None, "there is no noise to compare with");
    let weak = Noise::SaltAndPepper(0.1);
    assert_eq!(
        add(&mut state, Some(weak), false),
        None,
        "a slider is pulled"
    );
    assert!(
        !state.is_evaluation_current(),
        "what is shown is without it"
    );
    let asked = add(&mut state, Some(strong), true);
    assert_eq!(asked, Some((2, Some(strong))), "it is let go");
    let noisy = measurement_with(Some(strong));
    let accuracy = |measured: &Measurement| measured.figures().evaluation.accuracy;
    assert!(
        accuracy(&noisy) < 0.9,
        "so much noise is seen in the figures"
    );
    hear(&mut state, 2, EvaluatorOutcome::Measured(noisy));
    assert!(state.is_evaluation_current(), "with what is set");
    assert_eq!(known(&state), Some(accuracy(&measurement())), "as it was");
    let effects = trained(&mut state);
    let number = effects.iter().find_map(|effect| match effect {
        Effect::Evaluate {
            number,
            noise: Some(noise),
            ..
        } if *noise == strong => Some(*number),
        _ => None,
    });
    let number = number.expect("another model is tested with the same noise");
    let noisy = measurement_with(Some(strong));
    hear(&mut state, number, EvaluatorOutcome::Measured(noisy));
    assert_eq!(known(&state), None, "what it is without is not known");
    let asked = add(&mut state, None, true);
    assert_eq!(asked.map(|(_, noise)| noise), Some(None), "and taken away");
}
