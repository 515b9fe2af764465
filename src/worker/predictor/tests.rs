use candle_core::{Device, Var};

use super::*;
use crate::{
    bitmap::{CLASSES, PIXELS},
    error::{InputError, ModelError},
    ink::{Point, Stroke},
    model::{Activation, Layer, Mlp, MlpConfig, file::Metadata},
    worker::test_support::TestWaker,
};

fn model_of_seed(seed: u64) -> Arc<Model> {
    let mlp = Mlp::new(&MlpConfig::tutorial(), seed, &Device::Cpu).expect("a small network");
    let metadata = Metadata::default();
    Arc::new(Model { mlp, metadata })
}

fn slash() -> Ink {
    let points = vec![Point::new(0.6, 0.1), Point::new(0.4, 0.9)];
    Stroke::new(points).into_iter().collect()
}

fn request(revision: u64) -> PredictionRequest {
    PredictionRequest {
        input: PredictionInput::Ink(slash()),
        constraints: Constraints::default(),
        pen_is_down: false,
        revision,
    }
}

#[test]
fn the_newest_request_wins() {
    let test_waker = TestWaker::shut();
    let mut predictor = Predictor::spawn(model_of_seed(1), test_waker.waker());
    predictor.request(request(1));
    test_waker.wait();
    // The thread is now blocked in the waker, after its first response.
    assert_eq!(predictor.take().map(|r| r.revision), Some(1), "the first");
    for revision in 2..=5 {
        predictor.request(request(revision));
    }
    test_waker.open_gate();
    let next = test_waker.wait_for(|| predictor.take());
    assert_eq!(next.revision, 5, "those between are not answered");
    assert!(predictor.take().is_none(), "a response is given once");
}

#[test]
fn a_new_model_answers_the_last_request_again() {
    let test_waker = TestWaker::new();
    let (first, second) = (model_of_seed(1), model_of_seed(2));
    let mut predictor = Predictor::spawn(Arc::clone(&first), test_waker.waker());
    predictor.request(request(7));
    let bitmap = ink::to_bitmap(&slash()).expect("there is ink");
    for (generation, model) in [(0, &first), (1, &second)] {
        let response = test_waker.wait_for(|| predictor.take());
        assert_eq!((response.revision, response.model), (7, generation), "ids");
        let expected = predict(model, &bitmap).expect("candle computes it");
        match response.outcome {
            PredictionOutcome::Recognized {
                bitmap: seen,
                prediction,
                ..
            } => {
                assert_eq!(seen, bitmap, "the input");
                assert_eq!(prediction, expected, "of model {generation}");
            }
            other => panic!("by model {generation}: {other:?}"),
        }
        if generation == 0 {
            predictor.set_model(Arc::clone(&second));
        }
    }
}

type IsExpected = fn(&PredictionOutcome) -> bool;

#[test]
fn blank_input_and_invalid_weights_have_their_own_outcomes() {
    let config = MlpConfig::new(Vec::new(), Activation::Relu).expect("a linear network");
    let nan = |len: usize| vec![f32::NAN; len];
    let layer = Layer {
        weight: Var::from_vec(nan(PIXELS * CLASSES), (PIXELS, CLASSES), &Device::Cpu)
            .expect("fits"),
        bias: Var::from_vec(nan(CLASSES), CLASSES, &Device::Cpu).expect("fits"),
    };
    let mlp = Mlp::from_layers(config, vec![layer]).expect("the shapes fit");
    let metadata = Metadata::default();
    let test_waker = TestWaker::new();
    let mut predictor = Predictor::spawn(Arc::new(Model { mlp, metadata }), test_waker.waker());
    let is_blank: IsExpected = |outcome| matches!(outcome, PredictionOutcome::Blank);
    let cases: [(PredictionInput, IsExpected, &str); 3] = [
        (PredictionInput::Ink(Ink::default()), is_blank, "no stroke"),
        (
            PredictionInput::Bitmap(Bitmap::blank()),
            is_blank,
            "an empty picture",
        ),
        (
            PredictionInput::Ink(slash()),
            |outcome| {
                let PredictionOutcome::Failed(WorkerError::Work(error)) = outcome else {
                    return false;
                };
                matches!(error, ModelError::Input(InputError::Refused(_)))
            },
            "weights are NaN",
        ),
    ];
    for (revision, (input, is_expected, reason)) in (0..).zip(cases) {
        predictor.request(PredictionRequest {
            input,
            ..request(revision)
        });
        let response = test_waker.wait_for(|| predictor.take());
        assert_eq!(response.revision, revision, "{reason}");
        let outcome = response.outcome;
        assert!(is_expected(&outcome), "{reason}: {outcome:?}");
    }
}

#[test]
fn a_panic_is_a_failure_with_its_message_and_the_next_request_is_answered() {
    let test_waker = TestWaker::new();
    let mut predictor = Predictor::spawn(model_of_seed(1), test_waker.waker());
    predictor.request(PredictionRequest {
        input: PredictionInput::Panic("a defect"),
        ..request(1)
    });
    match test_waker.wait_for(|| predictor.take()).outcome {
        PredictionOutcome::Failed(WorkerError::Panic(panic)) => {
            assert_eq!(panic.message, "a defect", "its message");
        }
        other => panic!("a failure, not {other:?}"),
    }
    predictor.request(request(2));
    let next = test_waker.wait_for(|| predictor.take());
    let is_answered = matches!(next.outcome, PredictionOutcome::Recognized { .. });
    assert!(is_answered && next.revision == 2, "the next request");
}

#[test]
fn noise_is_seen_and_does_not_flicker() {
    let test_waker = TestWaker::new();
    let mut predictor = Predictor::spawn(model_of_seed(1), test_waker.waker());
    let seen = |predictor: &Predictor| match test_waker.wait_for(|| predictor.take()).outcome {
        PredictionOutcome::Recognized { bitmap, .. } => bitmap,
        other => panic!("expected an answer, found {other:?}"),
    };
    predictor.request(request(1));
    let plain = seen(&predictor);
    predictor.set_noise(Some(Noise::SaltAndPepper(0.5)));
    let noisy = seen(&predictor);
    assert_ne!(noisy, plain, "the last request is answered with noise");
    predictor.request(request(2));
    assert_eq!(
        seen(&predictor),
        noisy,
        "the same noise for the same drawing"
    );
    predictor.set_noise(None);
    assert_eq!(seen(&predictor), plain, "and without it again");
}
