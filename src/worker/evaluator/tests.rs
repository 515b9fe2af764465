use std::path::{Path, PathBuf};

use candle_core::{Device, Var};

use super::*;
use crate::{
    bitmap::PIXELS,
    error::{InputError, ModelError},
    model::{Activation, Layer, Mlp, MlpConfig, file::Metadata},
    worker::test_support::TestWaker,
};

fn built_in() -> Arc<Model> {
    Arc::new(Model::built_in().expect("the built-in model fits"))
}

/// A linear network all of whose parameters are `value`.
fn uniform(value: f32) -> Arc<Model> {
    let full = |len: usize| vec![value; len];
    let config = MlpConfig::new(Vec::new(), Activation::Relu).expect("linear");
    let layer = Layer {
        weight: Var::from_vec(full(PIXELS * 10), (PIXELS, 10), &Device::Cpu).expect("fits"),
        bias: Var::from_vec(full(10), 10, &Device::Cpu).expect("fits"),
    };
    Arc::new(Model {
        mlp: Mlp::from_layers(config, vec![layer]).expect("of that shape"),
        metadata: Metadata::default(),
    })
}

fn outcome(evaluator: &Evaluator, test_waker: &TestWaker) -> EvaluatorOutcome {
    let EvaluatorMessage { number, outcome } = test_waker.wait_for(|| evaluator.take());
    assert_eq!(number, 7, "the number of the evaluation");
    outcome
}

fn ink_file(folder: &Path, lines: usize) -> PathBuf {
    let path = folder.join("ink.jsonl");
    let line = "{\"label\":1,\"strokes\":[[[50,0],[50,100]]]}\n";
    std::fs::write(&path, line.repeat(lines)).expect("writes");
    path
}

#[test]
fn the_built_in_test_set_gives_the_accuracy_of_the_training() {
    let (model, test_waker) = (built_in(), TestWaker::new());
    let evaluator = Evaluator::spawn(
        7,
        Arc::clone(&model),
        DataSource::Mnist,
        None,
        test_waker.waker(),
    );
    let EvaluatorOutcome::Completed(evaluation) = outcome(&evaluator, &test_waker) else {
        panic!("it is complete");
    };
    let metrics = evaluation.metrics();
    assert_eq!(metrics.examples, 10_000, "all of them");
    let stated = model.metadata.test_accuracy.expect("it was tested");
    // One image that two processors' arithmetic sees differently is a ten-thousandth.
    assert!(
        (metrics.accuracy - stated).abs() < 5e-4,
        "{} against {stated}",
        metrics.accuracy
    );
    let whole = EvaluatorProgress {
        done: 10_000,
        total: 10_000,
    };
    assert_eq!(evaluator.progress(), Some(whole), "to the last");
    assert!(evaluator.take().is_none(), "it ends once");
    drop(evaluator);
    assert!(test_waker.has_no_worker(), "the thread has ended");
}

#[test]
fn failures_are_typed() {
    type IsExpected = fn(&EvaluationError) -> bool;
    let is_missing: IsExpected = |error| matches!(error, EvaluationError::Input(InputError::Io(error)) if error.is_not_found());
    let is_refused: IsExpected =
        |error| matches!(error, EvaluationError::Input(InputError::Refused(_)));
    let of_model: IsExpected = |error| {
        matches!(
            error,
            EvaluationError::Model(ModelError::Input(InputError::Refused(_)))
        )
    };
    let folder = tempfile::tempdir().expect("a folder for the test");
    let ink = DataSource::Ink(ink_file(folder.path(), 2));
    let missing = folder.path().join("missing");
    let cases = [
        (
            built_in(),
            DataSource::Folder(missing.clone()),
            is_missing,
            "no folder",
        ),
        (built_in(), DataSource::Ink(missing), is_missing, "no file"),
        (uniform(f32::NAN), ink.clone(), of_model, "NaN weights"),
        (uniform(f32::MAX), ink, of_model, "weights that overflow"),
        (
            built_in(),
            DataSource::Ink("/dev/zero".into()),
            if cfg!(unix) { is_refused } else { is_missing },
            "an endless file",
        ),
    ];
    for (model, source, is_expected, reason) in cases {
        let test_waker = TestWaker::new();
        let evaluator = Evaluator::spawn(7, model, source, None, test_waker.waker());
        match outcome(&evaluator, &test_waker) {
            EvaluatorOutcome::Failed(WorkerError::Work(error)) => {
                assert!(is_expected(&error), "{reason}: {error:?}");
            }
            other => panic!("{reason}: {other:?}"),
        }
    }
}

#[test]
fn a_panic_is_a_failure_with_its_message() {
    let calls = Arc::new(Mutex::new(0));
    let test_waker = TestWaker::new();
    let (inner, counter) = (test_waker.waker(), Arc::clone(&calls));
    // The first call comes during the evaluation.
    let waker: Waker = Arc::new(move || {
        *lock(&counter) += 1;
        assert!(*lock(&counter) > 1, "the owner's own defect");
        inner();
    });
    let evaluator = Evaluator::spawn(7, built_in(), DataSource::Mnist, None, waker);
    match outcome(&evaluator, &test_waker) {
        EvaluatorOutcome::Failed(WorkerError::Panic(panic)) => {
            assert_eq!(panic.message, "the owner's own defect", "its message");
        }
        other => panic!("a panic is a failure, not {other:?}"),
    }
}

#[test]
fn the_evaluator_ends_on_cancel_and_on_drop() {
    let test_waker = TestWaker::shut();
    let evaluator = Evaluator::spawn(7, built_in(), DataSource::Mnist, None, test_waker.waker());
    // It calls the waker before the first image, and waits there.
    test_waker.wait();
    evaluator.cancel();
    test_waker.open_gate();
    assert!(
        matches!(outcome(&evaluator, &test_waker), EvaluatorOutcome::Canceled),
        "canceled"
    );
    let other = TestWaker::shut();
    let evaluator = Evaluator::spawn(8, built_in(), DataSource::Mnist, None, other.waker());
    other.wait();
    other.open_gate();
    drop(evaluator);
    assert!(other.has_no_worker(), "its thread is joined");
}
