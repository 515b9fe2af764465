use super::*;
use crate::{
    explanation::units::Channel,
    ink::{Ink, Point, Stroke},
    recognition::predict,
    worker::test_support::TestWaker,
};

fn built_in() -> Arc<Model> {
    Arc::new(Model::built_in().expect("the built-in model fits"))
}

fn seven() -> Ink {
    let points = [
        (0.28, 0.25),
        (0.5, 0.24),
        (0.7, 0.25),
        (0.6, 0.42),
        (0.48, 0.62),
        (0.4, 0.8),
    ];
    let points = points.map(|(x, y)| Point::new(x, y));
    Stroke::new(points.to_vec()).into_iter().collect()
}

fn request(model: &Arc<Model>, views: &[ExplanationView]) -> ExplanationRequest {
    ExplanationRequest {
        input: PredictionInput::Ink(seven()),
        revision: 1,
        noise: None,
        model: Arc::clone(model),
        is_training: true,
        views: views.iter().copied().collect(),
        rival: None,
        normalization: Normalization::Held,
        unit: None,
        off: SwitchedOff::default(),
        tests_off: false,
        map_layer: None,
    }
}

/// The explanations as they arrive, until one fits.
fn wait_for<T>(
    explainer: &Explainer,
    test_waker: &TestWaker,
    mut look: impl FnMut(ExplanationResponse) -> Option<T>,
) -> T {
    test_waker.wait_for(|| explainer.take().into_iter().find_map(&mut look))
}

fn inside(response: ExplanationResponse) -> Option<Inside> {
    match response.outcome.expect("it is computed") {
        Explanation::Inside(inside) => Some(*inside),
        _ => None,
    }
}

#[test]
fn only_views_that_are_seen_are_computed() {
    let test_waker = TestWaker::new();
    let explainer = Explainer::spawn(test_waker.waker());
    let model = built_in();
    let all = [ExplanationView::Inside, ExplanationView::Map];
    for view in all {
        explainer.request(request(&model, &[view]));
        let found = wait_for(&explainer, &test_waker, |response| Some(response.view));
        assert_eq!(found, view, "the only one");
    }
    explainer.request(request(&model, &all));
    let mut left: BTreeSet<_> = all.into_iter().collect();
    wait_for(&explainer, &test_waker, |response| {
        left.remove(&response.view);
        left.is_empty().then_some(())
    });
}

#[test]
fn the_nearest_images_of_a_seven_are_sevens() {
    let test_waker = TestWaker::new();
    let explainer = Explainer::spawn(test_waker.waker());
    explainer.request(request(&built_in(), &[ExplanationView::Neighbors]));
    let found = wait_for(&explainer, &test_waker, |response| {
        match response.outcome.expect("it is computed") {
            // The index grows.
            Explanation::Neighbors(found) => (found.read == found.total).then_some(found),
            _ => None,
        }
    });
    assert_eq!(found.total, 5000, "of a training");
    let sevens = found.images.iter().filter(|image| image.label.value() == 7);
    assert!(
        sevens.count() >= 6,
        "{:?}",
        found
            .images
            .iter()
            .map(|image| image.label)
            .collect::<Vec<_>>()
    );
    assert!(
        found.images.is_sorted_by(|a, b| a.value <= b.value),
        "the nearest first"
    );
}

#[test]
fn the_answer_inside_is_the_prediction_until_a_unit_is_off() {
    let test_waker = TestWaker::new();
    let explainer = Explainer::spawn(test_waker.waker());
    let model = built_in();
    let bitmap = crate::ink::to_bitmap(&seven()).expect("there is ink");
    let expected = predict(&model, &bitmap).expect("it is computed");
    let unit = Unit {
        channel: Channel { layer: 2, index: 3 },
        position: 0,
    };
    let views = [ExplanationView::Inside];
    explainer.request(ExplanationRequest {
        unit: Some(unit),
        ..request(&model, &views)
    });
    let whole = wait_for(&explainer, &test_waker, inside);
    let found = whole.prediction.expect("there is ink");
    for (found, expected) in found.probabilities().iter().zip(expected.probabilities()) {
        // Two orders of the same sums in f32.
        assert!(
            (found - expected).abs() < 1e-4,
            "{found}, expected {expected}"
        );
    }
    assert_eq!(
        whole.unit.map(|details| details.unit),
        Some(unit),
        "its arithmetic"
    );
    assert!(!whole.exciting.is_empty(), "images that excite it");
    let mut off = SwitchedOff::default();
    off.extend((0..320).map(|index| Channel { layer: 2, index }));
    explainer.request(ExplanationRequest {
        revision: 2,
        off: off.clone(),
        tests_off: true,
        ..request(&model, &views)
    });
    let (without, test) = wait_for(&explainer, &test_waker, |response| {
        let is_new = response.revision == 2;
        let inside = inside(response)?;
        let test = inside
            .test
            .filter(|test| is_new && test.done == test.total)?;
        Some((inside, test))
    });
    assert_eq!(without.off, off, "a whole layer is off");
    // What is left are the biases of the answer: the same digit for every image.
    assert!(test.without * 5 < test.total, "{test:?}");
    assert!(test.whole * 100 > test.total * 98, "{test:?}");
}

#[test]
fn invalid_weights_are_a_failure_of_each_view() {
    let test_waker = TestWaker::new();
    let explainer = Explainer::spawn(test_waker.waker());
    let mut model = Model::clone(&built_in());
    model.mlp = model.mlp.copy().expect("there is memory");
    // ReLU hides NaN in the layers before.
    let layer = model.mlp.layers().last().expect("an output layer");
    let nan = candle_core::Tensor::full(f32::NAN, 10, layer.bias.device()).expect("fits");
    layer.bias.set(&nan).expect("fits");
    let model = Arc::new(model);
    for view in [
        ExplanationView::Neighbors,
        ExplanationView::Inside,
        ExplanationView::Map,
    ] {
        explainer.request(request(&model, &[view]));
        let outcome = wait_for(&explainer, &test_waker, |response| {
            (response.view == view).then_some(response.outcome)
        });
        let is_refused = matches!(&outcome, Err(WorkerError::Work(ModelError::Input(_))));
        assert!(is_refused, "{view:?}: {outcome:?}");
    }
}

#[test]
fn a_panic_is_a_failure_and_the_next_request_is_answered() {
    let test_waker = TestWaker::new();
    let explainer = Explainer::spawn(test_waker.waker());
    let model = built_in();
    explainer.request(ExplanationRequest {
        input: PredictionInput::Panic("a defect"),
        ..request(&model, &[ExplanationView::Map])
    });
    let failure = wait_for(&explainer, &test_waker, |response| Some(response.outcome));
    let is_panic =
        matches!(&failure, Err(WorkerError::Panic(panic)) if panic.message == "a defect");
    assert!(is_panic, "{failure:?}");
    explainer.request(request(&model, &[ExplanationView::Map]));
    let next = wait_for(&explainer, &test_waker, |response| Some(response.outcome));
    assert!(matches!(next, Ok(Explanation::Map(_))), "{next:?}");
}

#[test]
fn dropping_the_explainer_joins_the_thread() {
    for views in [&[][..], &[ExplanationView::Neighbors]] {
        let test_waker = TestWaker::new();
        let explainer = Explainer::spawn(test_waker.waker());
        explainer.request(request(&built_in(), views));
        drop(explainer);
        assert!(test_waker.has_no_worker(), "with {} views", views.len());
    }
}

#[test]
fn a_counterfactual_arrives_in_parts_and_holds_in_an_ordinary_prediction() {
    let test_waker = TestWaker::new();
    let explainer = Explainer::spawn(test_waker.waker());
    let model = built_in();
    let asked = request(&model, &[ExplanationView::Counterfactual]);
    explainer.request(asked.clone());
    let found = wait_for(&explainer, &test_waker, |response| {
        match response.outcome.expect("it is computed") {
            Explanation::Counterfactual(Some(found)) => {
                Some(*found).filter(|it| it.morph.is_some())
            }
            _ => None,
        }
    });
    let Comparison { winner, rival } = found.comparison;
    assert_eq!(winner.value(), 7, "the drawing is a 7");
    let strokes = found.strokes.expect("a drawing has strokes");
    assert_eq!(strokes.ink, seven(), "of this drawing");
    let BendingSearch::Found(bending) = strokes.bending else {
        panic!("a 7 bends into another digit: {:?}", strokes.bending);
    };
    let read = |bitmap: &Bitmap| predict(&model, bitmap).expect("finite");
    let bitmap = crate::ink::to_bitmap(&bending.ink).expect("has strokes");
    assert_eq!(read(&bitmap).digit(), rival, "as the bending claims");
    let morph = found.morph.expect("is waited for");
    assert_eq!(
        read(&morph.to.bitmap).digit(),
        rival,
        "the training image is read so"
    );
    let first = &morph.predictions[0];
    assert_eq!(first.digit(), winner, "the way begins at the drawing");
    let last = morph.predictions.last().expect("the end of the way");
    assert_eq!(last.digit(), rival, "and ends at the training image");
    // The same drawing needs no second computation: the whole answer comes at once.
    explainer.request(ExplanationRequest {
        revision: 2,
        ..asked
    });
    wait_for(&explainer, &test_waker, |response| {
        assert_eq!(response.revision, 2, "only once");
        let Ok(Explanation::Counterfactual(Some(again))) = response.outcome else {
            panic!("a counterfactual");
        };
        assert!(again.morph.is_some(), "whole");
        Some(())
    });
}

#[test]
fn the_chosen_rival_and_mode_are_those_of_the_explanation() {
    let test_waker = TestWaker::new();
    let explainer = Explainer::spawn(test_waker.waker());
    let model = built_in();
    let views = [ExplanationView::Occlusion, ExplanationView::Evidence];
    let asked = ExplanationRequest {
        rival: Digit::new(2),
        normalization: Normalization::Anew,
        ..request(&model, &views)
    };
    explainer.request(asked.clone());
    let mut left: BTreeSet<_> = views.into_iter().collect();
    wait_for(&explainer, &test_waker, |response| {
        let comparison = match response.outcome.expect("it is computed") {
            Explanation::Occlusion(Some(occlusion)) => {
                assert_eq!(occlusion.normalization, Normalization::Anew, "as asked");
                occlusion.comparison
            }
            Explanation::Evidence(Some(evidence)) => evidence.comparison,
            other => panic!("an explanation of the drawing: {other:?}"),
        };
        assert_eq!(comparison.rival.value(), 2, "as asked");
        left.remove(&response.view);
        left.is_empty().then_some(())
    });
    // A picture has no strokes, but pixels.
    let bitmap = crate::ink::to_bitmap(&seven()).expect("has strokes");
    explainer.request(ExplanationRequest {
        input: PredictionInput::Bitmap(bitmap),
        revision: 2,
        ..asked
    });
    let mut left: BTreeSet<_> = views.into_iter().collect();
    wait_for(&explainer, &test_waker, |response| {
        match response.outcome.expect("it is computed") {
            Explanation::Occlusion(occlusion) => assert_eq!(occlusion, None, "no strokes"),
            Explanation::Evidence(evidence) => assert!(evidence.is_some(), "pixels"),
            other => panic!("one of two views: {other:?}"),
        }
        left.remove(&response.view);
        left.is_empty().then_some(())
    });
}
