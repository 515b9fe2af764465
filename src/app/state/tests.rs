//! The state without a window: what goes in, what it knows then, what it asks for.

mod closing;
mod corrections;
mod evaluation;
mod figures;
mod files;
mod runs;
mod training;

use super::{training::TrainingState, *};
use crate::{
    ink::Point,
    model::calibration::Calibration,
    worker::{
        file_tasks::FileOutcome,
        predictor::{PredictionOutcome, PredictionResponse},
    },
};

fn model() -> Model {
    Model::built_in().expect("the shipped model fits")
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

fn response(revision: u64, digit: usize) -> PredictionResponse {
    let mut logits = [0.0; 10];
    logits[digit] = 5.0;
    let prediction = Prediction::of_logits(&logits, &Calibration::default());
    let outcome = PredictionOutcome::Recognized {
        bitmap: Bitmap::blank(),
        prediction,
    };
    PredictionResponse {
        revision,
        model: 0,
        outcome,
    }
}

fn answer(state: &State) -> Option<u8> {
    state
        .answer()
        .map(|answer| answer.prediction.digit().value())
}

fn requested(effects: &[Effect]) -> Option<u64> {
    effects.iter().rev().find_map(|effect| match effect {
        Effect::Predict(_, revision) | Effect::PredictPicture(_, revision) => Some(*revision),
        _ => None,
    })
}

fn answering(effects: &[Effect]) -> bool {
    matches!(effects, [Effect::Answer(_)])
}

#[test]
fn every_change_of_the_drawing_is_predicted_and_nothing_else_is() {
    let mut state = state();
    let cases = [
        (Action::PenMoved(dot(0.1)), false, "the pen hovers"),
        (Action::PenDown(dot(0.2)), true, "a dot"),
        (Action::PenMoved(dot(0.3)), true, "a line"),
        (Action::PenMoved(dot(0.3)), false, "the pen rests"),
        (Action::PenUp, false, "lifting draws nothing"),
        (Action::Redo, false, "nothing to redo"),
        (Action::Undo, true, "the stroke goes"),
        (Action::Undo, false, "nothing more to undo"),
        (Action::Redo, true, "the stroke is back"),
        (Action::Clear, true, "all goes"),
        (Action::Clear, false, "it is empty already"),
        (Action::Undo, true, "a clear can be taken back"),
    ];
    for (action, predicts, reason) in cases {
        let effects = state.apply(action);
        assert_eq!(requested(&effects).is_some(), predicts, "{reason}");
    }
}

#[test]
fn an_empty_pad_has_no_answer_even_if_an_old_one_comes_late() {
    let mut state = state();
    let effects = state.apply(Action::PenDown(dot(0.5)));
    let revision = requested(&effects).expect("a dot is predicted");
    state.on_prediction(response(revision, 7));
    assert_eq!(answer(&state), Some(7), "it is shown");
    state.apply(Action::Clear);
    assert_eq!(answer(&state), None, "cleared at once");
    state.on_prediction(response(revision, 7));
    assert_eq!(answer(&state), None, "the late answer is to what is gone");
    let effects = state.apply(Action::PenDown(dot(0.4)));
    let revision = requested(&effects).expect("a dot is predicted");
    state.apply(Action::PenMoved(dot(0.6)));
    state.on_prediction(response(revision, 1));
    assert_eq!(
        answer(&state),
        Some(1),
        "while the pen moves, an answer that is a sample old is fine"
    );
}

#[test]
fn a_picture_is_shown_until_something_is_drawn_and_costs_no_drawing() {
    let mut state = state();
    draw(&mut state, 0.2);
    let path = PathBuf::from("/tmp/seven.png");
    let effects = state.on_file_outcome(FileOutcome::PictureOpened {
        path,
        bitmap: Bitmap::blank(),
    });
    assert!(requested(&effects).is_some(), "it is predicted");
    assert_eq!(
        state.picture().map(|picture| picture.name.as_str()),
        Some("seven.png"),
        "named"
    );
    assert!(state.ink().is_empty(), "the drawing makes room");
    state.apply(Action::Undo);
    assert!(state.picture().is_none(), "the picture goes");
    assert_eq!(state.ink().strokes().len(), 1, "and the drawing is back");
    let path = PathBuf::from("/tmp/seven.png");
    state.on_file_outcome(FileOutcome::PictureOpened {
        path,
        bitmap: Bitmap::blank(),
    });
    draw(&mut state, 0.3);
    assert!(state.picture().is_none(), "the next stroke ends it too");
    assert_eq!(state.ink().strokes().len(), 1, "on an empty pad");
    let path = PathBuf::from("/tmp/seven.png");
    state.on_file_outcome(FileOutcome::PictureOpened {
        path,
        bitmap: Bitmap::blank(),
    });
    let effects = state.apply(Action::Clear);
    assert!(
        state.is_blank() && requested(&effects).is_some(),
        "and so does clearing"
    );
}
