//! The place *Why*.

use std::collections::BTreeSet;

use super::*;
use crate::{
    app::state::explanation::ExplanationAction,
    bitmap::Digit,
    data::noise::Noise,
    explanation::units::{Channel, Unit},
    model::{Mlp, MlpConfig},
    worker::explainer::{ExplanationRequest, ExplanationView},
};

fn act(state: &mut State, action: ExplanationAction) {
    let effects = state.apply(Action::Explanation(action));
    let asks = |effect: &Effect| matches!(effect, Effect::Explain(_));
    assert!(
        !effects.iter().any(asks),
        "the request is made once a frame"
    );
}

fn request(state: &mut State) -> Option<ExplanationRequest> {
    match state.take_explanation_request() {
        Some(Effect::Explain(request)) => Some(*request),
        Some(other) => panic!("{other:?}"),
        None => None,
    }
}

/// A state in the place, with a view in sight and a drawing, whose requests are taken.
fn in_why() -> State {
    let mut state = state();
    draw(&mut state, 0.3);
    state.apply(Action::GoTo(Place::Why));
    let views = BTreeSet::from([ExplanationView::Inside]);
    act(&mut state, ExplanationAction::See(views));
    assert!(request(&mut state).is_some(), "the first one");
    state
}

#[test]
fn explanations_are_asked_for_in_their_place_only_and_once() {
    let mut state = state();
    draw(&mut state, 0.3);
    assert!(request(&mut state).is_none(), "not while drawing in Draw");
    let mut state = in_why();
    assert!(request(&mut state).is_none(), "nothing changed");
    state.apply(Action::GoTo(Place::Draw));
    let last = request(&mut state).expect("the explainer ends its work");
    assert!(last.views.is_empty(), "no view is seen");
    draw(&mut state, 0.5);
    assert!(request(&mut state).is_none(), "it has ended");
    state.apply(Action::GoTo(Place::Why));
    let again = request(&mut state).expect("back in the place");
    assert_eq!(
        again.views,
        BTreeSet::from([ExplanationView::Inside]),
        "what was seen"
    );
}

type Change = fn(&mut State);

#[test]
fn each_change_asks_again() {
    let unit = Unit {
        channel: Channel { layer: 0, index: 1 },
        position: 2,
    };
    let cases: [(Change, &str); 8] = [
        (|state| draw(state, 0.6), "a stroke"),
        (|state| drop(state.apply(Action::Clear)), "an empty pad"),
        (
            |state| drop(state.apply(Action::AddNoise(Some(Noise::SaltAndPepper(0.1))))),
            "noise",
        ),
        (
            |state| act(state, ExplanationAction::ChooseRival(Digit::new(3))),
            "another rival",
        ),
        (
            |state| {
                act(
                    state,
                    ExplanationAction::SwitchOff(vec![Channel { layer: 0, index: 0 }]),
                );
            },
            "a unit off",
        ),
        (|state| act(state, ExplanationAction::TestOff), "its test"),
        (
            |state| act(state, ExplanationAction::ChooseMapLayer(Some(0))),
            "another layer",
        ),
        (
            |state| {
                state
                    .models
                    .add_file(weight_file("w.safetensors"), Arc::new(model()));
            },
            "another model",
        ),
    ];
    let mut state = in_why();
    act(&mut state, ExplanationAction::ChooseUnit(Some(unit)));
    assert_eq!(
        request(&mut state).and_then(|request| request.unit),
        Some(unit),
        "the chosen unit"
    );
    for (change, reason) in cases {
        change(&mut state);
        let asked = request(&mut state);
        assert!(asked.is_some(), "{reason}");
        assert!(request(&mut state).is_none(), "{reason}: once");
    }
}

#[test]
fn a_change_of_units_ends_their_test() {
    let channel = Channel { layer: 0, index: 0 };
    let cases = [
        (ExplanationAction::ToggleChannel(channel), "one more is off"),
        (ExplanationAction::SwitchOff(vec![channel]), "more are off"),
        (ExplanationAction::SwitchAllOn, "all are on"),
    ];
    for (action, reason) in cases {
        let mut state = in_why();
        act(&mut state, ExplanationAction::TestOff);
        assert!(
            request(&mut state).is_some_and(|request| request.tests_off),
            "{reason}: before"
        );
        act(&mut state, action);
        assert!(
            request(&mut state).is_some_and(|request| !request.tests_off),
            "{reason}"
        );
    }
}

#[test]
fn a_network_of_another_shape_has_all_units_on() {
    let mut state = in_why();
    act(
        &mut state,
        ExplanationAction::ToggleChannel(Channel {
            layer: 2,
            index: 300,
        }),
    );
    act(&mut state, ExplanationAction::ChooseMapLayer(Some(3)));
    assert!(
        request(&mut state).is_some_and(|request| request.off.len() == 1),
        "one is off"
    );
    let same = Arc::new(model());
    state.models.add_file(weight_file("same.safetensors"), same);
    assert!(
        request(&mut state).is_some_and(|request| request.off.len() == 1),
        "of the same shape"
    );
    let mlp = Mlp::new(&MlpConfig::tutorial(), 1, &candle_core::Device::Cpu).expect("fits");
    let other = Model {
        mlp,
        metadata: model().metadata,
    };
    state
        .models
        .add_file(weight_file("other.safetensors"), Arc::new(other));
    let asked = request(&mut state).expect("another model");
    assert!(
        asked.off.is_empty() && asked.map_layer.is_none(),
        "{asked:?}"
    );
}

#[test]
fn the_rival_is_the_second_best_digit_or_the_chosen_one() {
    let mut state = in_why();
    assert_eq!(state.rival(), None, "no answer yet");
    state.on_prediction(response(u64::MAX, 7));
    assert_eq!(state.rival(), Digit::new(0), "the first of equal ones");
    act(&mut state, ExplanationAction::ChooseRival(Digit::new(1)));
    assert_eq!(state.rival(), Digit::new(1), "the chosen one");
    act(&mut state, ExplanationAction::ChooseRival(Digit::new(7)));
    assert_eq!(state.rival(), Digit::new(0), "no digit rivals itself");
}

#[test]
fn a_training_image_on_the_pad_stays_in_this_place() {
    let mut state = in_why();
    let bitmap = Bitmap::from_bytes(&[255; 784]);
    act(
        &mut state,
        ExplanationAction::Show {
            index: 1233,
            label: Digit::ALL[8],
            bitmap: bitmap.clone(),
        },
    );
    let picture = state.pad.picture().expect("it is on the pad");
    assert_eq!(
        (picture.name.as_str(), &picture.bitmap),
        ("Training image 1234: an 8", &bitmap)
    );
    assert_eq!(state.place, Place::Why, "to go on from there");
    let asked = request(&mut state).expect("the pad changed");
    assert_eq!(
        asked.input,
        PredictionInput::Bitmap(bitmap),
        "it is explained"
    );
}
