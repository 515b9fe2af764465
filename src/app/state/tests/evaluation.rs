//! The evaluation tab.

use super::{
    training::{end, started, untested},
    *,
};
use crate::{
    app::state::evaluation::{EvaluationAction, EvaluationForm, EvaluationStatus, SourceKind},
    bitmap::Digit,
    data::{DataSource, Dataset, noise::Noise},
    error::Refusal,
    evaluation::{Evaluation, Selection, evaluate, evaluation_set::EvaluationSet},
    training::StopReason,
    worker::evaluator::{EvaluatorMessage, EvaluatorOutcome, EvaluatorProgress},
};

fn failed_with(found: &str) -> EvaluatorOutcome {
    let refusal = Refusal::new("evaluate", found, "a folder", "choose another");
    EvaluatorOutcome::Failed(WorkerError::Work(refusal.into()))
}

fn evaluation() -> Arc<Evaluation> {
    evaluation_with(None)
}

fn evaluation_with(noise: Option<Noise>) -> Arc<Evaluation> {
    let examples = Dataset::mnist_test().expect("is built in").take(20);
    let evaluation_set = EvaluationSet::from_examples("mnist", examples).with_noise(noise);
    let model = model();
    let evaluation = evaluate(
        &model.mlp,
        &model.metadata.calibration,
        evaluation_set,
        &mut |_| true,
    );
    Arc::new(evaluation.expect("computes").expect("it is not stopped"))
}

fn act(state: &mut State, action: EvaluationAction) -> Vec<Effect> {
    state.apply(Action::Evaluation(action))
}

/// The number and the source of the requested evaluation.
fn requested(effects: &[Effect]) -> Option<(u64, DataSource)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Evaluate { number, source, .. } => Some((*number, source.clone())),
        _ => None,
    })
}

fn report(state: &mut State, number: u64, outcome: EvaluatorOutcome) -> Vec<Effect> {
    state.on_evaluator_message(EvaluatorMessage { number, outcome })
}

/// A state whose model is evaluated.
fn evaluated() -> State {
    let mut state = state();
    let effects = state.apply(Action::GoTo(Place::Test));
    let (number, _) = requested(&effects).expect("the first look tests");
    report(
        &mut state,
        number,
        EvaluatorOutcome::Completed(evaluation()),
    );
    state
}

fn trained(state: &mut State) -> Vec<Effect> {
    let run = started(state);
    state.on_progress(Some(crate::training::Progress {
        images_seen: 1,
        ..Default::default()
    }));
    end(state, run, untested(Vec::new(), StopReason::Completed))
}

#[test]
fn only_the_first_visit_evaluates() {
    let mut state = state();
    let effects = state.apply(Action::GoTo(Place::Test));
    assert_eq!(
        requested(&effects),
        Some((1, DataSource::Mnist)),
        "on MNIST"
    );
    let progress = EvaluatorProgress { done: 5, total: 20 };
    state.on_evaluation_progress(Some(progress));
    assert_eq!(state.evaluation.progress, Some(progress), "the progress");
    let effects = state.apply(Action::GoTo(Place::Test));
    assert!(effects.is_empty(), "an evaluation runs");
    report(&mut state, 1, EvaluatorOutcome::Completed(evaluation()));
    assert!(
        state.is_evaluation_current(),
        "the evaluation is of the model in use"
    );
    assert_eq!(state.evaluation.active_number(), None, "it is complete");
    state.apply(Action::GoTo(Place::Draw));
    let effects = state.apply(Action::GoTo(Place::Test));
    assert!(effects.is_empty(), "it is already evaluated");
    let measured = state.evaluation.completed.as_ref().expect("is there");
    assert_eq!(measured.model_name, "Built-in", "the name of the model");
    report(&mut state, 1, failed_with("late"));
    assert!(
        state.notices.list().is_empty(),
        "an outdated message is ignored"
    );
}

#[test]
fn a_trained_model_is_evaluated_if_the_tab_is_open() {
    let mut state = evaluated();
    let effects = trained(&mut state);
    let (number, _) = requested(&effects).expect("the new model is evaluated");
    report(
        &mut state,
        number,
        EvaluatorOutcome::Completed(evaluation()),
    );
    let name = state
        .evaluation
        .completed
        .as_ref()
        .map(|measured| measured.model_name.clone());
    assert_eq!(name.as_deref(), Some("Run 1"), "the new one");
    state.apply(Action::GoTo(Place::Draw));
    let effects = trained(&mut state);
    assert_eq!(requested(&effects), None, "the tab is not open");
    assert!(
        !state.is_evaluation_current(),
        "the last evaluation is of another model"
    );
    let effects = state.apply(Action::GoTo(Place::Test));
    assert!(requested(&effects).is_some(), "the next visit evaluates it");
}

#[test]
fn a_visit_during_a_training_does_not_evaluate() {
    let mut state = state();
    state.apply(Action::Train);
    let effects = state.apply(Action::GoTo(Place::Test));
    assert_eq!(requested(&effects), None, "only on request");
    let effects = act(&mut state, EvaluationAction::Begin);
    assert!(requested(&effects).is_some(), "on request");
}

#[test]
fn a_newer_model_cancels_the_evaluation_of_the_older_one() {
    let mut state = state();
    state.apply(Action::GoTo(Place::Test));
    let effects = act(&mut state, EvaluationAction::Cancel);
    assert!(
        matches!(effects[..], [Effect::CancelEvaluation]),
        "it is canceled"
    );
    report(&mut state, 1, EvaluatorOutcome::Canceled);
    assert_eq!(state.evaluation.status, EvaluationStatus::Idle, "it ended");
    assert!(state.evaluation.completed.is_none(), "without a result");

    act(&mut state, EvaluationAction::Begin);
    let effects = trained(&mut state);
    assert_eq!(requested(&effects), None, "one at a time");
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::CancelEvaluation)),
        "the older one is canceled: {effects:?}"
    );
    let effects = report(&mut state, 2, EvaluatorOutcome::Completed(evaluation()));
    let (number, _) = requested(&effects).expect("then the newer one starts");
    assert_eq!(number, 3, "it has a new number");
    report(&mut state, 3, EvaluatorOutcome::Completed(evaluation()));
    assert!(state.is_evaluation_current(), "of the model in use");
}

#[test]
fn a_missing_path_is_an_error() {
    let mut state = evaluated();
    let mut form = EvaluationForm::default();
    let cases = [
        (SourceKind::Folder, "Choose a folder"),
        (SourceKind::Ink, "Choose an ink file"),
    ];
    for (source, part) in cases {
        form.source = source;
        act(&mut state, EvaluationAction::Changed(form.clone()));
        let effects = act(&mut state, EvaluationAction::Begin);
        assert_eq!(requested(&effects), None, "there is no path");
        let said = &state.notices.list().last().expect("a notice").text;
        assert!(said.contains(part), "{said}");
    }
    form.ink = " /tmp/ink.jsonl ".to_owned();
    act(&mut state, EvaluationAction::Changed(form));
    let effects = act(&mut state, EvaluationAction::Begin);
    let expected = DataSource::Ink("/tmp/ink.jsonl".into());
    assert_eq!(
        requested(&effects),
        Some((2, expected)),
        "as typed, without spaces around it"
    );
    report(&mut state, 2, failed_with("no such file"));
    let said = &state.notices.list().last().expect("a notice").text;
    assert!(said.contains("no such file"), "{said}");
    assert!(
        state.evaluation.completed.is_some(),
        "the last evaluation stays"
    );
}

#[test]
fn a_chosen_path_is_evaluated_at_once() {
    let mut state = evaluated();
    let effects = state.on_file_outcome(chosen(FilePurpose::EvaluationFolder, "/data/own"));
    let expected = DataSource::Folder("/data/own".into());
    assert_eq!(requested(&effects), Some((2, expected)), "a folder");
    assert_eq!(
        state.evaluation.form.folder, "/data/own",
        "it stays in the field"
    );
    assert!(!state.training.form.from_folder, "and is not trained on");
    report(&mut state, 2, EvaluatorOutcome::Canceled);
    let effects = state.on_file_outcome(chosen(FilePurpose::EvaluationInk, "/data/ink.jsonl"));
    let expected = DataSource::Ink("/data/ink.jsonl".into());
    assert_eq!(requested(&effects), Some((3, expected)), "an ink file");
}

#[test]
fn an_evaluation_on_another_source_is_not_current() {
    let mut state = evaluated();
    let mut form = state.evaluation.form.clone();
    let cases = [
        (SourceKind::Folder, "", false, "no folder is chosen yet"),
        (SourceKind::Folder, "/data/own", false, "another source"),
        (
            SourceKind::Mnist,
            "/data/own",
            true,
            "back to the evaluated source",
        ),
    ];
    for (source, folder, expected, reason) in cases {
        (form.source, form.folder) = (source, folder.to_owned());
        act(&mut state, EvaluationAction::Changed(form.clone()));
        assert_eq!(state.is_evaluation_current(), expected, "{reason}");
    }
    let effects = state.on_file_outcome(chosen(FilePurpose::EvaluationFolder, "/data/own"));
    let (number, _) = requested(&effects).expect("it is evaluated");
    report(
        &mut state,
        number,
        EvaluatorOutcome::Completed(evaluation()),
    );
    assert!(state.is_evaluation_current(), "the folder");
    form.source = SourceKind::Mnist;
    act(&mut state, EvaluationAction::Changed(form));
    let effects = state.apply(Action::GoTo(Place::Test));
    let expected = Some(DataSource::Mnist);
    assert_eq!(
        requested(&effects).map(|(_, source)| source),
        expected,
        "the next visit evaluates on it"
    );
}

#[test]
fn the_folder_of_the_training_is_the_default() {
    let mut state = state();
    state.training.form.folder = "/data/own".to_owned();
    let form = EvaluationForm {
        source: SourceKind::Folder,
        ..EvaluationForm::default()
    };
    act(&mut state, EvaluationAction::Changed(form));
    assert_eq!(state.evaluation.form.folder, "/data/own", "the same");
    let mut form = state.evaluation.form.clone();
    form.folder.clear();
    act(&mut state, EvaluationAction::Changed(form));
    assert_eq!(state.evaluation.form.folder, "", "but it can be emptied");
}

#[test]
fn an_image_of_the_gallery_replaces_the_drawing() {
    let mut state = evaluated();
    state.apply(Action::GoTo(Place::Draw));
    draw(&mut state, 0.2);
    state.apply(Action::GoTo(Place::Test));
    let selection = Selection::Cell {
        truth: Digit::ALL[7],
        predicted: Digit::ALL[7],
    };
    act(&mut state, EvaluationAction::Select(selection));
    act(&mut state, EvaluationAction::Show(0));
    assert_eq!(state.place, Place::Draw, "it is in the pad's view");
    let picture = state.pad.picture().expect("is there");
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
    state.apply(Action::GoTo(Place::Test));
    assert_eq!(
        state.evaluation.selection, selection,
        "the gallery is where it was"
    );
    state.apply(Action::GoTo(Place::Draw));
    state.apply(Action::Undo);
    assert_eq!(
        state.pad.ink().strokes().len(),
        1,
        "undo brings the drawing back"
    );
    let effects = act(&mut state, EvaluationAction::Show(20));
    assert!(effects.is_empty(), "there is no such picture");
}

#[test]
fn an_opened_picture_opens_the_pad() {
    let mut state = evaluated();
    state.on_file_outcome(opened_picture("/tmp/seven.png"));
    assert_eq!(state.place, Place::Draw, "the pad is shown");
}

#[test]
fn the_confusion_matrix_is_saved() {
    let mut state = state();
    state.settings.file_dialogs = false;
    let save = |state: &mut State| {
        let asks = Action::AskPath(FilePurpose::SaveConfusion);
        type_path(state, asks, "/tmp/table.csv")
    };
    assert!(save(&mut state).is_none(), "there is no table yet");
    let mut state = evaluated();
    let (request, replaces) = save(&mut state).expect("it is written");
    assert!(!replaces, "unless the file exists");
    let Some(FileContent::Table(table)) = &request.content else {
        panic!("a table: {request:?}");
    };
    assert!(table.starts_with("true,0,1,"), "the matrix: {table}");
}

#[test]
fn settled_noise_repeats_the_evaluation_and_keeps_the_baseline() {
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
        "there is no evaluation to repeat"
    );
    let effects = act(&mut untested, EvaluationAction::Begin);
    assert!(
        matches!(effects[..], [Effect::Evaluate { number: 1, noise: Some(noise), .. }] if noise == strong),
        "the next evaluation has it: {effects:?}"
    );

    let mut state = evaluated();
    let known = |state: &State| state.evaluation.accuracy_without_noise();
    assert_eq!(known(&state), None, "this is the baseline itself");
    let weak = Noise::SaltAndPepper(0.1);
    assert_eq!(
        add(&mut state, Some(weak), false),
        None,
        "a slider is dragged"
    );
    assert!(
        !state.is_evaluation_current(),
        "the last evaluation is without it"
    );
    let asked = add(&mut state, Some(strong), true);
    assert_eq!(asked, Some((2, Some(strong))), "the slider is released");
    let noisy = evaluation_with(Some(strong));
    let accuracy = |evaluation: &Evaluation| evaluation.metrics().accuracy;
    assert!(accuracy(&noisy) < 0.9, "strong noise lowers the accuracy");
    report(&mut state, 2, EvaluatorOutcome::Completed(noisy));
    assert!(state.is_evaluation_current(), "with the noise of the form");
    assert_eq!(known(&state), Some(accuracy(&evaluation())), "the baseline");
    let effects = trained(&mut state);
    let number = effects.iter().find_map(|effect| match effect {
        Effect::Evaluate {
            number,
            noise: Some(noise),
            ..
        } if *noise == strong => Some(*number),
        _ => None,
    });
    let number = number.expect("the new model is evaluated with the same noise");
    let noisy = evaluation_with(Some(strong));
    report(&mut state, number, EvaluatorOutcome::Completed(noisy));
    assert_eq!(known(&state), None, "the new model has no baseline");
    let asked = add(&mut state, None, true);
    assert_eq!(
        asked.map(|(_, noise)| noise),
        Some(None),
        "the noise is removed"
    );
}
