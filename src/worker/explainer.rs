//! The thread that explains an answer. It handles only the newest request, and computes only the views that it names.
//!
//! To add a view: a variant of [`ExplanationView`] and of [`Explanation`], an arm of `Session::explain`, and an entry of
//! `ui::why::VIEWS` with a file of its own. A long computation asks `is_current` between its steps, and returns `Ok(None)`
//! when a newer request waits.

mod session;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use self::session::Session;
use super::{
    Waker, WorkerError, lock,
    mailbox::{Delivery, Mailbox, MailboxThread},
    predictor::PredictionInput,
};
use crate::{
    bitmap::{Bitmap, Digit},
    data::{Examples, noise::Noise},
    error::ModelError,
    explanation::{
        Comparison,
        counterfactual::{Bending, DotGrid},
        evidence::Evidence,
        occlusion::{Normalization, Occlusion},
        units::{LayerActivity, LayerValues, Network, SwitchedOff, Unit, UnitDetails},
    },
    ink::Ink,
    model::file::Model,
    recognition::Prediction,
};

/// The time after which the memory of views that nobody sees is freed.
const REST: Duration = Duration::from_mins(1);

/// A view of the place *Why*, in the order of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExplanationView {
    /// The nearest training images.
    Neighbors,
    /// What each piece of a stroke does.
    Occlusion,
    /// What each pixel speaks for.
    Evidence,
    /// What would change the answer.
    Counterfactual,
    /// The layers and their units.
    Inside,
    /// The training images in the plane.
    Map,
}

/// What to explain.
#[derive(Clone, Debug)]
pub struct ExplanationRequest {
    /// The digit.
    pub input: PredictionInput,
    /// The owner's number for it, returned with the explanation.
    pub revision: u64,
    /// The noise on the network's input.
    pub noise: Option<Noise>,
    /// The model.
    pub model: Arc<Model>,
    /// Whether the model is that of a training under way, which soon publishes the next one.
    pub is_training: bool,
    /// The views that are seen. Nothing else is computed.
    pub views: BTreeSet<ExplanationView>,
    /// The digit to compare the answer with; `None` is the second-best one.
    pub rival: Option<Digit>,
    /// How the rest of a drawing gets into the picture in [`ExplanationView::Occlusion`].
    pub normalization: Normalization,
    /// The unit whose arithmetic is shown.
    pub unit: Option<Unit>,
    /// The channels that are switched off in [`ExplanationView::Inside`].
    pub off: SwitchedOff,
    /// Whether to test the network without the channels in `off`.
    pub tests_off: bool,
    /// The layer of the map: 0 is the input, 1 the first layer; `None` is the last hidden one.
    pub map_layer: Option<usize>,
}

/// One view's explanation of one request.
#[derive(Debug)]
pub struct ExplanationResponse {
    /// The view.
    pub view: ExplanationView,
    /// The number of the request.
    pub revision: u64,
    /// The explained model.
    pub model: Arc<Model>,
    /// The explanation.
    pub outcome: Result<Explanation, WorkerError<ModelError>>,
}

/// What a view shows.
#[derive(Clone, Debug)]
pub enum Explanation {
    /// Of [`ExplanationView::Neighbors`].
    Neighbors(Neighbors),
    /// Of [`ExplanationView::Occlusion`]; `None` for a picture or an empty pad.
    Occlusion(Option<Occlusion>),
    /// Of [`ExplanationView::Evidence`]; `None` for an empty pad.
    Evidence(Option<Box<Evidence>>),
    /// Of [`ExplanationView::Counterfactual`]; `None` for an empty pad.
    Counterfactual(Option<Box<Counterfactual>>),
    /// Of [`ExplanationView::Inside`].
    Inside(Box<Inside>),
    /// Of [`ExplanationView::Map`].
    Map(DigitMap),
}

/// A training image with a value: its distance, or how much it excites a unit.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingImage {
    /// Its index in MNIST's training set.
    pub index: usize,
    /// Its label.
    pub label: Digit,
    /// The image.
    pub bitmap: Bitmap,
    /// The value.
    pub value: f32,
}

/// The nearest training images.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbors {
    /// The images, the nearest first, with their distances. Empty for an empty pad.
    pub images: Vec<TrainingImage>,
    /// The images that were compared so far.
    pub read: usize,
    /// The images that will be compared.
    pub total: usize,
}

/// What would change the answer. The parts arrive one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Counterfactual {
    /// The two digits.
    pub comparison: Comparison,
    /// Of a drawing; `None` for a picture.
    pub strokes: Option<ChangedStrokes>,
    /// The way to a training image; `None` as long as it is not computed, or if no near image is read as the rival.
    pub morph: Option<Morph>,
}

/// What one more dot, or bent strokes, would do.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangedStrokes {
    /// The drawing.
    pub ink: Ink,
    /// The dots.
    pub dots: DotGrid,
    /// The smallest bending that is read as the rival.
    pub bending: BendingSearch,
}

/// The state of the search for a bending.
#[derive(Clone, Debug, PartialEq)]
pub enum BendingSearch {
    /// It is under way.
    Running,
    /// It ended without a bending.
    NoneFound,
    /// It found one.
    Found(Bending),
}

/// The blends of the picture with a training image that the model reads as the rival.
#[derive(Clone, Debug, PartialEq)]
pub struct Morph {
    /// The picture of the drawing.
    pub from: Bitmap,
    /// The training image, with its distance.
    pub to: TrainingImage,
    /// The predictions of the blends, in equal steps from the picture to the training image.
    pub predictions: Vec<Prediction>,
}

/// The layers and one of their units.
#[derive(Clone, Debug)]
pub struct Inside {
    /// The network's input; `None` for an empty pad.
    pub input: Option<Bitmap>,
    /// The values of each layer. Of a blank bitmap for an empty pad.
    pub layers: Vec<LayerValues>,
    /// The network.
    pub network: Arc<Network>,
    /// What is usual in each layer.
    pub activity: Arc<Vec<LayerActivity>>,
    /// The answer without the channels that are switched off; `None` for an empty pad.
    pub prediction: Option<Prediction>,
    /// The unit's arithmetic.
    pub unit: Option<UnitDetails>,
    /// The training images that excite the unit's channel most, with its outputs.
    pub exciting: Vec<TrainingImage>,
    /// The channels that are switched off.
    pub off: SwitchedOff,
    /// The test without them, if it was asked for.
    pub test: Option<OffTest>,
}

/// A test of a network with and without some channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffTest {
    /// The images tested so far.
    pub done: usize,
    /// All images.
    pub total: usize,
    /// Those read correctly by the whole network.
    pub whole: usize,
    /// Those read correctly without the channels.
    pub without: usize,
}

/// Training images in the plane in which they differ most.
#[derive(Clone, Debug)]
pub struct DigitMap {
    /// The images.
    pub examples: Examples,
    /// The point of each image.
    pub points: Arc<Vec<[f32; 2]>>,
    /// The share of the variance along each axis, 0..=1.
    pub variance: [f32; 2],
    /// The point of the drawing.
    pub own: Option<[f32; 2]>,
    /// The layer, as in [`ExplanationRequest::map_layer`].
    pub layer: usize,
}

/// The responses that the owner has not taken: the newest of each view.
type Responses = Arc<Mutex<BTreeMap<ExplanationView, ExplanationResponse>>>;

/// The handle of the explaining thread.
#[derive(Debug)]
pub struct Explainer {
    thread: MailboxThread<Arc<ExplanationRequest>>,
    responses: Responses,
}

impl Explainer {
    /// Starts the thread.
    ///
    /// # Panics
    /// When the system cannot start a thread.
    pub fn spawn(waker: Waker) -> Self {
        let responses = Responses::default();
        let thread = MailboxThread::spawn("digitpad-explainer", {
            let responses = Arc::clone(&responses);
            move |mailbox| serve(mailbox, &responses, &waker)
        });
        Self { thread, responses }
    }

    /// Asks for explanations. It replaces the request before, finished or not.
    pub fn request(&self, request: ExplanationRequest) {
        self.thread.request(Arc::new(request));
    }

    /// Takes the newest response of each view.
    pub fn take(&self) -> Vec<ExplanationResponse> {
        let responses = std::mem::take(&mut *lock(&self.responses));
        responses.into_values().collect()
    }
}

fn serve(mailbox: &Mailbox<Arc<ExplanationRequest>>, responses: &Responses, waker: &Waker) {
    let mut session = Session::default();
    let is_current = || !mailbox.has_news();
    let publish = |response: ExplanationResponse| {
        lock(responses).insert(response.view, response);
        waker();
    };
    loop {
        let limit = if session.has_work() {
            Duration::ZERO
        } else if session.can_rest() {
            REST
        } else {
            Duration::MAX
        };
        match mailbox.next(limit) {
            Delivery::Request(request) => session.answer(&request, &is_current, &publish),
            Delivery::Nothing if session.has_work() => session.step(&is_current, &publish),
            Delivery::Nothing => session = Session::default(),
            Delivery::Closed => return,
        }
    }
}

#[cfg(test)]
mod tests;
