//! The state without a window: what goes in, what it knows then, what it asks for.

use super::*;
use crate::{
    app::state::models::Entry,
    ink::{Point, Stroke},
    training::{EpochRecord, Plan, TrainedModel, evaluation::Evaluation},
    worker::{
        file_tasks::FileOutcome,
        predictor::{PredictionOutcome, PredictionResponse},
        trainer::{TrainerFact, TrainerMessage},
    },
};

fn model() -> Model {
    Model::shipped().expect("the shipped model fits")
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
    let prediction = Prediction::of_logits(&logits);
    let outcome = PredictionOutcome::Recognised {
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
    state.hear_prediction(response(revision, 7));
    assert_eq!(answer(&state), Some(7), "it is shown");
    state.apply(Action::Clear);
    assert_eq!(answer(&state), None, "cleared at once");
    state.hear_prediction(response(revision, 7));
    assert_eq!(answer(&state), None, "the late answer is to what is gone");
    let effects = state.apply(Action::PenDown(dot(0.4)));
    let revision = requested(&effects).expect("a dot is predicted");
    state.apply(Action::PenMoved(dot(0.6)));
    state.hear_prediction(response(revision, 1));
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
    let effects = state.hear_file(FileOutcome::PictureOpened {
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
    state.hear_file(FileOutcome::PictureOpened {
        path,
        bitmap: Bitmap::blank(),
    });
    draw(&mut state, 0.3);
    assert!(state.picture().is_none(), "the next stroke ends it too");
    assert_eq!(state.ink().strokes().len(), 1, "on an empty pad");
    let path = PathBuf::from("/tmp/seven.png");
    state.hear_file(FileOutcome::PictureOpened {
        path,
        bitmap: Bitmap::blank(),
    });
    let effects = state.apply(Action::Clear);
    assert!(
        state.is_blank() && requested(&effects).is_some(),
        "and so does clearing"
    );
}

fn started(state: &mut State) -> u64 {
    let effects = state.apply(Action::Train);
    match effects.as_slice() {
        [Effect::Train(run, _, DataSource::Mnist)] => *run,
        other => panic!("expected a training on MNIST, found {other:?}"),
    }
}

fn record(epoch: usize) -> EpochRecord {
    EpochRecord {
        epoch,
        loss: 0.5,
        accuracy: 0.8,
        validation_loss: None,
        validation_accuracy: None,
        elapsed_secs: 1.0,
    }
}

fn epoch(state: &mut State, run: u64) -> Vec<Effect> {
    let fact = TrainerFact::EpochFinished {
        record: record(1),
        snapshot: Arc::new(model()),
    };
    state.hear_trainer(TrainerMessage { run, fact })
}

fn finish(state: &mut State, run: u64) -> Vec<Effect> {
    let trained = TrainedModel {
        model: model(),
        history: vec![record(1)],
        test: Some(Evaluation {
            examples: 4,
            loss: 0.1,
            accuracy: 0.75,
            confusion: [[0; 10]; 10],
        }),
        stopped: false,
    };
    state.hear_trainer(TrainerMessage {
        run,
        fact: TrainerFact::Finished(Box::new(trained)),
    })
}

#[test]
fn a_training_is_steered_only_where_that_makes_sense() {
    use TrainingState::{Paused, Running, Stopping};
    let mut state = state();
    let run = started(&mut state);
    let cases = [
        (Action::Train, Running { run }, false, "one at a time"),
        (Action::Resume, Running { run }, false, "it runs already"),
        (Action::Pause, Paused { run }, true, "it waits"),
        (Action::Pause, Paused { run }, false, "it waits already"),
        (Action::Resume, Running { run }, true, "it goes on"),
        (Action::Pause, Paused { run }, true, "it waits again"),
        (Action::Stop, Stopping { run }, true, "out of a pause too"),
        (Action::Stop, Stopping { run }, false, "once is enough"),
        (Action::Resume, Stopping { run }, false, "too late"),
    ];
    for (action, expected, acts, reason) in cases {
        let effects = state.apply(action);
        assert_eq!(state.training.state, expected, "{reason}");
        assert_eq!(!effects.is_empty(), acts, "{reason}");
    }
}

#[test]
fn what_an_earlier_run_still_says_is_passed_over() {
    let mut state = state();
    let old = started(&mut state);
    let plan = Plan {
        epochs: 3,
        training_examples: 8,
        validation_examples: 2,
    };
    state.hear_trainer(TrainerMessage {
        run: old,
        fact: TrainerFact::Started(plan),
    });
    assert_eq!(state.training.plan, Some(plan), "it is of this run");
    finish(&mut state, old);
    let new = started(&mut state);
    assert_ne!(old, new, "runs have numbers of their own");
    assert!(
        epoch(&mut state, old).is_empty(),
        "nothing follows from a stale epoch"
    );
    let fact = TrainerFact::Failed("late".to_owned());
    state.hear_trainer(TrainerMessage { run: old, fact });
    assert_eq!(
        state.training.state,
        TrainingState::Running { run: new },
        "nor from a stale failure"
    );
    assert!(state.training.history.is_empty(), "no curve of another run");
}

#[test]
fn epochs_answer_while_they_are_watched() {
    let mut state = state();
    let run = started(&mut state);
    assert!(
        answering(&epoch(&mut state, run)),
        "watched from the first epoch on"
    );
    assert!(state.models.snapshot().is_some(), "the epoch answers");
    assert!(
        answering(&state.apply(Action::Watch(false))),
        "back to the chosen one"
    );
    assert!(state.models.snapshot().is_none(), "which answers again");
    assert!(
        epoch(&mut state, run).is_empty(),
        "the next epoch changes nothing"
    );
    assert!(
        answering(&state.apply(Action::Watch(true))),
        "and watched again"
    );
    assert!(
        state.models.snapshot().is_some(),
        "without waiting for an epoch"
    );
    let shipped = state.models.entries()[0].id;
    state.apply(Action::ChooseModel(shipped));
    assert!(state.models.snapshot().is_none(), "a choice ends it");
    assert!(!state.settings.watch, "and the switch shows that");
}

#[test]
fn a_trained_model_answers_and_the_one_before_is_at_hand() {
    let mut state = state();
    let run = started(&mut state);
    epoch(&mut state, run);
    assert!(answering(&finish(&mut state, run)), "it answers");
    assert_eq!(
        state.training.state,
        TrainingState::Finished {
            run,
            stopped: false
        },
        "done"
    );
    assert_eq!(
        state.models.chosen().origin,
        Origin::Trained(run),
        "the trained one"
    );
    assert!(state.models.snapshot().is_none(), "no epoch any more");
    let before = state
        .models
        .before()
        .map(|entry| entry.id)
        .expect("there was one");
    state.apply(Action::ChooseModel(before));
    assert_eq!(
        state.models.chosen().origin,
        Origin::Shipped,
        "one click back"
    );
    assert_eq!(
        state.models.before().map(|entry| &entry.origin),
        Some(&Origin::Trained(run)),
        "and one click forth"
    );
}

#[test]
fn a_failed_training_is_said_and_leaves_the_model_at_work() {
    let mut state = state();
    let run = started(&mut state);
    epoch(&mut state, run);
    let fact = TrainerFact::Failed("the data is gone".to_owned());
    let effects = state.hear_trainer(TrainerMessage { run, fact });
    assert!(answering(&effects), "the chosen model answers again");
    assert_eq!(
        state.models.chosen().origin,
        Origin::Shipped,
        "which is the shipped one"
    );
    assert!(
        matches!(state.training.state, TrainingState::Failed { .. }),
        "it is known"
    );
    assert!(
        state.notices.list()[0].text.contains("the data is gone"),
        "and said"
    );
}

#[test]
fn a_form_that_is_not_valid_trains_nothing() {
    type Change = fn(&mut form::TrainingForm);
    let cases: [(Change, &str); 4] = [
        (|form| form.hidden = "128,,".to_owned(), "hidden layers"),
        (|form| form.hidden = "9000".to_owned(), "hidden layers"),
        (|form| form.numbers.epochs = 0, "epochs"),
        (|form| form.from_folder = true, "folder"),
    ];
    for (change, word) in cases {
        let mut state = state();
        let mut form = state.training.form.clone();
        change(&mut form);
        state.apply(Action::FormChanged(Box::new(form)));
        assert!(state.apply(Action::Train).is_empty(), "{word}: no training");
        assert_eq!(
            state.training.state,
            TrainingState::Idle,
            "{word}: nothing runs"
        );
        assert!(
            state.notices.list()[0].text.contains(word),
            "{word}: it is said"
        );
    }
}

#[test]
fn closing_asks_while_something_would_be_lost() {
    let mut state = state();
    assert!(state.close_requested(), "nothing to lose");
    let run = started(&mut state);
    assert!(!state.close_requested(), "a training runs");
    assert_eq!(state.closing, Closing::Asks, "it asks");
    state.apply(Action::KeepOpen);
    assert_eq!(state.closing, Closing::No, "it stays");
    finish(&mut state, run);
    assert!(!state.close_requested(), "the trained model is in no file");
    let id = state.models.chosen().id;
    state.use_path(
        PathPurpose::SaveWeights(id),
        PathBuf::from("a.safetensors"),
        &mut Vec::new(),
    );
    assert!(!state.close_requested(), "nor is it until it is written");
    state.hear_file(FileOutcome::WeightsSaved {
        path: PathBuf::from("a.safetensors"),
    });
    assert!(state.close_requested(), "now it is");
    started(&mut state);
    assert!(!state.close_requested(), "the next training asks again");
    assert!(
        matches!(state.apply(Action::CloseAnyway)[..], [Effect::Close]),
        "it is to close"
    );
    assert!(state.close_requested(), "and may");
}

#[test]
fn a_path_is_typed_where_no_dialog_comes() {
    let secs = Duration::from_secs_f64;
    let purpose = PathPurpose::LoadWeights;
    let is_prompted = |state: &State| state.path_prompt.is_some();

    let mut state = state();
    state.tick(secs(10.0), false);
    assert!(
        matches!(
            state.apply(Action::AskPath(purpose))[..],
            [Effect::OpenDialog(_)]
        ),
        "asks"
    );
    state.tick(secs(10.1), true);
    state.hear_file(FileOutcome::Cancelled);
    assert!(
        is_prompted(&state),
        "cancelled before anybody saw it: there is none"
    );

    state.apply(Action::PathCancelled);
    state.apply(Action::AskPath(purpose));
    state.tick(secs(12.0), true);
    state.hear_file(FileOutcome::Cancelled);
    assert!(!is_prompted(&state), "a person cancelled it");

    state.apply(Action::AskPath(purpose));
    assert_eq!(
        state.tick(secs(13.0), true),
        Some(secs(3.0)),
        "waits for it"
    );
    state.tick(secs(16.0), true);
    assert!(is_prompted(&state), "it does not come");
    let path = PathBuf::from("b.safetensors");
    state.hear_file(FileOutcome::WeightsLoaded {
        path,
        model: Arc::new(model()),
    });
    assert!(!is_prompted(&state), "it came after all");

    state.apply(Action::AskPath(PathPurpose::OpenDrawing));
    assert!(
        is_prompted(&state),
        "an open dialog that is asked for again does not answer"
    );
    state.apply(Action::PathEdited("  ".to_owned()));
    assert!(
        state.apply(Action::PathAccepted).is_empty() && is_prompted(&state),
        "no path yet"
    );
    state.apply(Action::PathEdited(" a b.png ".to_owned()));
    let effects = state.apply(Action::PathAccepted);
    assert!(
        matches!(&effects[..], [Effect::File(FileTask::OpenDrawing(path))] if *path == *"a b.png"),
        "as typed, found {effects:?}"
    );

    state.settings.file_dialogs = false;
    state.tick(secs(20.0), false);
    assert!(
        state.apply(Action::AskPath(purpose)).is_empty(),
        "no dialog where none is wanted"
    );
    assert!(is_prompted(&state), "but the field");
}

#[test]
fn files_take_their_place_and_failures_take_none() {
    let mut state = state();
    let path = PathBuf::from("/models/b.safetensors");
    for _ in 0..2 {
        let loaded = FileOutcome::WeightsLoaded {
            path: path.clone(),
            model: Arc::new(model()),
        };
        assert!(answering(&state.hear_file(loaded)), "loaded weights answer");
    }
    let names: Vec<String> = state.models.entries().iter().map(Entry::name).collect();
    assert_eq!(
        names,
        ["shipped model", "model from b.safetensors"],
        "the same file is one model"
    );
    assert!(
        state
            .hear_file(FileOutcome::Failed("could not read c".to_owned()))
            .is_empty(),
        "nothing"
    );
    assert_eq!(
        state.models.chosen().origin,
        Origin::File(path),
        "the model at work stays"
    );
    assert!(
        state
            .notices
            .list()
            .iter()
            .any(|n| n.text == "Could not read c."),
        "it is said"
    );

    let ink: Ink = Stroke::new(vec![dot(0.5)]).into_iter().collect();
    let path = PathBuf::from("/ink/a.jsonl");
    let effects = state.hear_file(FileOutcome::InkOpened {
        path,
        ink: ink.clone(),
        count: 3,
    });
    assert_eq!(*state.ink(), ink, "the drawing of the file");
    assert!(
        requested(&effects).is_some() && state.can_undo(),
        "predicted, and can be taken back"
    );
    state.hear_file(FileOutcome::FolderChosen(PathBuf::from("/data/kmnist")));
    assert_eq!(state.training.form.folder, "/data/kmnist", "in the form");
    assert!(state.training.form.from_folder, "and chosen");
    let effects = state.apply(Action::Train);
    assert!(
        matches!(&effects[..], [Effect::Train(_, _, DataSource::Folder(_))]),
        "trains on it, found {effects:?}"
    );
}
