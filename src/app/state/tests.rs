//! The state without a window: actions and outcomes in, effects out.

mod closing;
mod corrections;
mod evaluation;
mod explanation;
mod figures;
mod files;
mod runs;
mod training;

use super::{notices::Notice, training::TrainingState, *};
use crate::{
    bitmap::Bitmap,
    error::{FileError, PanicError},
    ink::{Ink, Point},
    model::calibration::Calibration,
    recognition::Prediction,
    worker::{
        WorkerError,
        file_tasks::{FileOutcome, FileRequest, FileResult},
        predictor::{PredictionInput, PredictionOutcome, PredictionRequest, PredictionResponse},
        trainer::TrainingFailure,
    },
};

fn file_error(message: String) -> FileError {
    PanicError { message }.into()
}

fn panicked(message: String) -> TrainingFailure {
    WorkerError::Panic(PanicError { message }).into()
}

fn model() -> Model {
    Model::built_in().expect("the built-in model fits")
}

fn state() -> State {
    State::new(Settings::default(), model(), None)
}

fn dot(x: f32) -> Point {
    Point::new(x, 0.5)
}

fn draw(state: &mut State, x: f32) {
    for action in [
        Action::PenDown(dot(x)),
        Action::PenMoved(dot(x + 0.1)),
        Action::PenUp,
    ] {
        state.apply(action);
    }
}

fn prediction(digit: usize) -> Prediction {
    let mut logits = [0.0; 10];
    logits[digit] = 5.0;
    Prediction::from_logits(&logits, &Calibration::default())
}

fn response(revision: u64, digit: usize) -> PredictionResponse {
    let outcome = PredictionOutcome::Recognized {
        bitmap: Bitmap::blank(),
        prediction: prediction(digit),
        shows_several: false,
        misses: false,
    };
    PredictionResponse {
        revision,
        model: 0,
        outcome,
    }
}

fn answer(state: &State) -> Option<u8> {
    state
        .pad
        .answer()
        .map(|answer| answer.prediction.digit().value())
}

/// The revision of the prediction that the frame asks for.
fn requested(state: &mut State) -> Option<u64> {
    match state.take_prediction_request() {
        Some(Effect::Predict(request)) => Some(request.revision),
        _ => None,
    }
}

fn uses_model(effects: &[Effect]) -> bool {
    matches!(effects, [Effect::UseModel(_)])
}

/// The outcome of a request of another number that read a file.
fn read(purpose: FilePurpose, result: FileResult) -> FileOutcome {
    let request = FileRequest {
        number: 1000,
        purpose,
        content: None,
    };
    FileOutcome::Requested {
        request,
        result: Ok(result),
    }
}

fn opened_picture(path: &str) -> FileOutcome {
    let bitmap = Bitmap::from_bytes(&[255; crate::bitmap::PIXELS]);
    let result = FileResult::Picture(path.into(), bitmap, None);
    read(FilePurpose::OpenDrawing, result)
}

fn chosen(purpose: FilePurpose, path: &str) -> FileOutcome {
    read(purpose, FileResult::Chosen(path.into()))
}

fn weight_file(path: &str) -> WeightFile {
    WeightFile {
        path: path.into(),
        fingerprint: 1,
    }
}

fn loaded_weights(path: &str, model: &Arc<Model>) -> FileOutcome {
    let result = FileResult::Weights(weight_file(path), Arc::clone(model));
    read(FilePurpose::LoadWeights, result)
}

/// Types a path where an action asks for one. Returns the request, and whether it replaces a file.
fn type_path(state: &mut State, asks: Action, path: &str) -> Option<(FileRequest, bool)> {
    state.settings.file_dialogs = false;
    state.apply(asks);
    state.apply(Action::EditPath(path.to_owned()));
    accept_path(state)
}

fn accept_path(state: &mut State) -> Option<(FileRequest, bool)> {
    match state.apply(Action::AcceptPath).pop() {
        Some(Effect::File(FileTask::Requested {
            request, replaces, ..
        })) => Some((request, replaces)),
        _ => None,
    }
}

#[test]
fn every_change_of_the_drawing_is_predicted_and_nothing_else_is() {
    let mut state = state();
    let cases = [
        (Action::PenMoved(dot(0.1)), false, "the pen hovers"),
        (Action::PenDown(dot(0.2)), true, "a dot"),
        (Action::PenMoved(dot(0.3)), true, "a line"),
        (Action::PenMoved(dot(0.3)), false, "the pen rests"),
        (Action::PenUp, true, "the drawing is finished"),
        (Action::PenUp, false, "the pen is up"),
        (Action::Redo, false, "nothing to redo"),
        (Action::Undo, true, "the stroke goes"),
        (Action::Undo, false, "nothing more to undo"),
        (Action::Redo, true, "the stroke is back"),
        (Action::Clear, true, "all goes"),
        (Action::Clear, false, "it is empty already"),
        (Action::Undo, true, "a clear can be taken back"),
    ];
    for (action, predicts, reason) in cases {
        state.apply(action);
        assert_eq!(requested(&mut state).is_some(), predicts, "{reason}");
    }
}

#[test]
fn an_empty_pad_ignores_a_late_prediction() {
    let mut state = state();
    state.apply(Action::PenDown(dot(0.5)));
    let revision = requested(&mut state).expect("a dot is predicted");
    state.on_prediction(response(revision, 7));
    assert_eq!(answer(&state), Some(7), "it is shown");
    state.apply(Action::Clear);
    assert_eq!(answer(&state), None, "cleared at once");
    state.on_prediction(response(revision, 7));
    assert_eq!(answer(&state), None, "a late prediction is ignored");
    state.apply(Action::PenDown(dot(0.4)));
    let revision = requested(&mut state).expect("a dot is predicted");
    state.apply(Action::PenMoved(dot(0.6)));
    state.on_prediction(response(revision, 1));
    assert_eq!(
        answer(&state),
        Some(1),
        "while the pen moves, an answer that is a sample old is fine"
    );
}

#[test]
fn a_frame_asks_for_one_prediction_of_its_last_sample() {
    let mut state = state();
    let samples = (0..40).map(|index| Action::PenMoved(dot(0.1 + 0.02 * index as f32)));
    for action in [Action::PenDown(dot(0.1))].into_iter().chain(samples) {
        let effects = state.apply(action);
        assert!(effects.is_empty(), "no request per sample: {effects:?}");
    }
    let Some(Effect::Predict(request)) = state.take_prediction_request() else {
        panic!("the frame asks");
    };
    let expected = PredictionInput::Ink(state.pad.ink().clone());
    assert_eq!(request.input, expected, "with all samples");
    assert!(request.pen_is_down, "it may be unfinished");
    assert!(state.take_prediction_request().is_none(), "only once");
    state.apply(Action::PenUp);
    let Some(Effect::Predict(lifted)) = state.take_prediction_request() else {
        panic!("the finished drawing is read again");
    };
    assert!(
        !lifted.pen_is_down && lifted.revision == request.revision,
        "the same drawing"
    );
    state.apply(Action::PenUp);
    assert!(state.take_prediction_request().is_none(), "the pen was up");
}

#[test]
fn a_picture_is_shown_until_the_next_stroke_and_the_drawing_returns() {
    let mut state = state();
    draw(&mut state, 0.2);
    state.on_file_outcome(opened_picture("/tmp/seven.png"));
    let request = state.take_prediction_request();
    assert!(
        matches!(&request, Some(Effect::Predict(PredictionRequest {
            input: PredictionInput::Bitmap(bitmap),
            ..
        })) if !bitmap.is_blank()),
        "the picture is predicted: {request:?}"
    );
    assert_eq!(
        state.pad.picture().map(|picture| picture.name.as_str()),
        Some("seven.png"),
        "named"
    );
    assert!(
        state.pad.ink().is_empty(),
        "the picture replaces the drawing"
    );
    state.apply(Action::Undo);
    assert!(state.pad.picture().is_none(), "the picture goes");
    assert_eq!(
        state.pad.ink().strokes().len(),
        1,
        "and the drawing is back"
    );
    state.on_file_outcome(opened_picture("/tmp/seven.png"));
    draw(&mut state, 0.3);
    assert!(state.pad.picture().is_none(), "the next stroke ends it too");
    assert_eq!(state.pad.ink().strokes().len(), 1, "on an empty pad");
    requested(&mut state);
    state.on_file_outcome(opened_picture("/tmp/seven.png"));
    requested(&mut state);
    state.apply(Action::Clear);
    assert!(
        state.pad.is_blank() && requested(&mut state).is_some(),
        "and so does clearing"
    );
}
