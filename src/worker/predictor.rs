//! The thread that answers what a drawing shows. Only the newest drawing counts.

use std::{
    fmt,
    sync::{Arc, Condvar, Mutex, PoisonError},
};

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::{JoinOnDrop, Waker, WorkerPriority, catch_panic, lock};
use crate::{
    bitmap::Bitmap,
    data::noise::Noise,
    error,
    ink::{self, Ink},
    model::file::Model,
    recognition::{Prediction, predict},
};

/// A drawing to be recognized.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictionRequest {
    /// The drawing.
    pub ink: Ink,
    /// The owner's number for it, given back with the answer.
    pub revision: u64,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictionResponse {
    /// The number that came with the request.
    pub revision: u64,
    /// Which model answered: 0 is the first, and each [`Predictor::set_model`] counts one up.
    pub model: u64,
    /// The answer itself.
    pub outcome: PredictionOutcome,
}

/// What a network makes of a drawing.
#[derive(Clone, Debug, PartialEq)]
pub enum PredictionOutcome {
    /// There is no ink.
    Blank,
    /// What was seen, and what it is taken for.
    Recognized {
        /// What the network saw.
        bitmap: Bitmap,
        /// What it takes that for.
        prediction: Prediction,
    },
    /// The network could not be computed: the whole sentence.
    Failed(String),
}

/// The handle of the predicting thread.
pub struct Predictor {
    desk: Arc<Desk>,
    _thread: JoinOnDrop,
}

impl Predictor {
    /// Starts the thread.
    ///
    /// # Panics
    /// When the system cannot start a thread.
    pub fn spawn(model: Arc<Model>, waker: Waker) -> Self {
        let desk = Arc::new(Desk {
            state: Mutex::new(State {
                model,
                generation: 0,
                noise: None,
                asked: None,
                is_pending: false,
                answer: None,
                is_closed: false,
            }),
            changed: Condvar::new(),
        });
        let thread = JoinOnDrop::spawn("digitpad-predictor", WorkerPriority::Interactive, {
            let desk = Arc::clone(&desk);
            move || serve(&desk, &waker)
        })
        .expect("the system can start a thread");
        Self {
            desk,
            _thread: thread,
        }
    }

    /// Asks for a drawing; it takes the place of one that was not begun.
    pub fn request(&self, request: PredictionRequest) {
        let PredictionRequest { ink, revision } = request;
        self.ask(Picture::Ink(ink), revision);
    }

    /// Asks for a picture that comes from a file; it takes the place of a request that was not begun.
    pub fn request_bitmap(&self, bitmap: Bitmap, revision: u64) {
        self.ask(Picture::Bitmap(bitmap), revision);
    }

    /// Answers with this model from now on, the last request once more.
    pub fn set_model(&self, model: Arc<Model>) {
        self.desk.change(|state| {
            state.model = model;
            state.generation += 1;
            state.is_pending = state.asked.is_some();
        });
    }

    /// Adds this noise to what the network sees from now on, or none; the last request is answered once more.
    /// It is the same for the same picture, so that it does not flicker.
    pub fn set_noise(&self, noise: Option<Noise>) {
        self.desk.change(|state| {
            state.noise = noise;
            state.is_pending = state.asked.is_some();
        });
    }

    /// The newest answer, once.
    pub fn take(&self) -> Option<PredictionResponse> {
        lock(&self.desk.state).answer.take()
    }

    fn ask(&self, picture: Picture, revision: u64) {
        let asked = Some(Arc::new(Asked { picture, revision }));
        self.desk.change(|state| {
            state.asked = asked;
            state.is_pending = true;
        });
    }
}

impl Drop for Predictor {
    /// Ends the thread, which is joined when the fields go.
    fn drop(&mut self) {
        self.desk.change(|state| state.is_closed = true);
    }
}

impl fmt::Debug for Predictor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Predictor").finish_non_exhaustive()
    }
}

enum Picture {
    Ink(Ink),
    Bitmap(Bitmap),
}

struct Asked {
    picture: Picture,
    revision: u64,
}

/// Where requests and answers lie.
struct Desk {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    model: Arc<Model>,
    generation: u64,
    /// What is added to the picture before the network sees it.
    noise: Option<Noise>,
    /// The last request, kept for the next model.
    asked: Option<Arc<Asked>>,
    /// Whether it waits to be answered.
    is_pending: bool,
    answer: Option<PredictionResponse>,
    is_closed: bool,
}

/// What is to be answered, and by whom.
struct Order {
    asked: Arc<Asked>,
    model: Arc<Model>,
    generation: u64,
    noise: Option<Noise>,
}

impl Desk {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut lock(&self.state));
        self.changed.notify_all();
    }

    /// Waits for a request; `None` when the desk is closed.
    fn next(&self) -> Option<Order> {
        let idle = |state: &mut State| !state.is_pending && !state.is_closed;
        let waiting = self.changed.wait_while(lock(&self.state), idle);
        let mut state = waiting.unwrap_or_else(PoisonError::into_inner);
        if state.is_closed {
            return None;
        }
        state.is_pending = false;
        Some(Order {
            asked: state.asked.clone()?,
            model: Arc::clone(&state.model),
            generation: state.generation,
            noise: state.noise,
        })
    }
}

fn serve(desk: &Desk, waker: &Waker) {
    while let Some(order) = desk.next() {
        let outcome = catch_panic(|| answer(&order)).unwrap_or_else(PredictionOutcome::Failed);
        if let PredictionOutcome::Recognized { prediction, .. } = &outcome {
            let (digit, confidence) = (prediction.digit().value(), prediction.confidence());
            log::debug!(target: "digitpad", "prediction digit={digit} confidence={confidence:.3}");
        }
        let response = PredictionResponse {
            revision: order.asked.revision,
            model: order.generation,
            outcome,
        };
        lock(&desk.state).answer = Some(response);
        waker();
    }
}

fn answer(order: &Order) -> PredictionOutcome {
    let Order { model, noise, .. } = order;
    let bitmap = match &order.asked.picture {
        Picture::Ink(ink) => ink::to_bitmap(ink),
        Picture::Bitmap(bitmap) => Some(bitmap.clone()),
    };
    let Some(bitmap) = bitmap.filter(|bitmap| !bitmap.is_blank()) else {
        return PredictionOutcome::Blank;
    };
    let bitmap = match noise {
        Some(noise) => noisy(&bitmap, *noise),
        None => bitmap,
    };
    match predict(model, &bitmap) {
        Ok(prediction) => PredictionOutcome::Recognized {
            // What the network sees is what its filters leave.
            bitmap: model.mlp.config().preprocessing().of_bitmap(&bitmap),
            prediction,
        },
        Err(error) => PredictionOutcome::Failed(error::chain(&error)),
    }
}

fn noisy(bitmap: &Bitmap, noise: Noise) -> Bitmap {
    let mut image = bitmap.to_bytes();
    noise.apply(&mut image, &mut ChaCha8Rng::seed_from_u64(0));
    Bitmap::from_bytes(&image)
}

#[cfg(test)]
mod tests;
