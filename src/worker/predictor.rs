//! The thread that recognizes the drawing. It handles only the newest request.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::{
    Waker, WorkerError, lock,
    mailbox::{Delivery, Mailbox, MailboxThread},
    run_work,
};
use crate::{
    bitmap::Bitmap,
    data::noise::Noise,
    error::ModelError,
    ink::{self, Ink},
    model::file::Model,
    picture::PictureView,
    recognition::{
        Prediction,
        number::{Constraints, Number, NumberReader, Reading},
        predict,
    },
};

/// A digit or a number to recognize.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictionRequest {
    /// The strokes or pixels.
    pub input: PredictionInput,
    /// What is known of it, if it is a number.
    pub constraints: Constraints,
    /// Whether the pen is down, so that the ink may be unfinished.
    pub pen_is_down: bool,
    /// The owner's number for it, returned with the prediction.
    pub revision: u64,
}

/// A digit or a number as strokes, or a digit as pixels.
#[derive(Clone, Debug, PartialEq)]
pub enum PredictionInput {
    /// A drawing.
    Ink(Ink),
    /// A digit as the network's input.
    Bitmap(Bitmap),
    /// A picture with this input, which may show a number.
    Picture(Bitmap, Arc<PictureView>),
    /// A defect of the program with this message.
    #[cfg(test)]
    Panic(&'static str),
}

impl PredictionInput {
    /// The bitmap of the digit with noise, before the model's preprocessing; `None` without ink.
    pub(super) fn to_bitmap(&self, noise: Option<Noise>) -> Option<Bitmap> {
        let bitmap = match self {
            Self::Ink(ink) => ink::to_bitmap(ink),
            Self::Bitmap(bitmap) | Self::Picture(bitmap, _) => Some(bitmap.clone()),
            #[cfg(test)]
            Self::Panic(message) => panic!("{message}"),
        };
        let bitmap = bitmap.filter(|bitmap| !bitmap.is_blank())?;
        Some(match noise {
            Some(noise) => with_noise(&bitmap, noise),
            None => bitmap,
        })
    }
}

/// The response to a request.
#[derive(Debug)]
pub struct PredictionResponse {
    /// The number of the request.
    pub revision: u64,
    /// The model that answered: 0 is the first, and each [`Predictor::set_model`] adds 1.
    pub model: u64,
    /// The outcome.
    pub outcome: PredictionOutcome,
}

/// The outcome of a request.
#[derive(Debug)]
pub enum PredictionOutcome {
    /// There is no ink.
    Blank,
    /// A prediction.
    Recognized {
        /// The network's input, after noise and preprocessing.
        bitmap: Bitmap,
        /// The network's prediction.
        prediction: Prediction,
        /// Whether there is more than one digit, which cannot be read as a number.
        shows_several: bool,
        /// Whether it lacks what is known of a number.
        misses: bool,
    },
    /// A number.
    Number {
        /// The number, whose bitmaps are not preprocessed.
        number: Number,
        /// The network's input of each digit, after preprocessing.
        inputs: Vec<Bitmap>,
    },
    /// The network could not be computed.
    Failed(WorkerError<ModelError>),
}

/// The response that the owner has not taken.
type LatestResponse = Arc<Mutex<Option<PredictionResponse>>>;

/// The handle of the predicting thread.
#[derive(Debug)]
pub struct Predictor {
    thread: MailboxThread<PredictionJob>,
    response: LatestResponse,
    setup: PredictionSetup,
    /// The last request, also after its response: a new model repeats it.
    request: Option<Arc<PredictionRequest>>,
}

/// What answers requests.
#[derive(Clone, Debug)]
struct PredictionSetup {
    model: Arc<Model>,
    generation: u64,
    noise: Option<Noise>,
}

/// A request with what answers it.
#[derive(Debug)]
struct PredictionJob {
    request: Arc<PredictionRequest>,
    setup: PredictionSetup,
}

impl Predictor {
    /// Starts the thread.
    ///
    /// # Panics
    /// When the system cannot start a thread.
    pub fn spawn(model: Arc<Model>, waker: Waker) -> Self {
        let response = LatestResponse::default();
        let thread = MailboxThread::spawn("digitpad-predictor", {
            let response = Arc::clone(&response);
            move |mailbox| serve(mailbox, &response, &waker)
        });
        Self {
            thread,
            response,
            setup: PredictionSetup {
                model,
                generation: 0,
                noise: None,
            },
            request: None,
        }
    }

    /// Asks for a prediction. It replaces a request that the thread has not begun.
    pub fn request(&mut self, request: PredictionRequest) {
        self.request = Some(Arc::new(request));
        self.repeat();
    }

    /// Uses this model from now on, and repeats the last request.
    pub fn set_model(&mut self, model: Arc<Model>) {
        self.setup.model = model;
        self.setup.generation += 1;
        self.repeat();
    }

    /// Adds this noise to the network's input from now on, and repeats the last request. The
    /// same input gets the same noise, so it does not flicker.
    pub fn set_noise(&mut self, noise: Option<Noise>) {
        self.setup.noise = noise;
        self.repeat();
    }

    /// Asks for the last request, if there is one.
    fn repeat(&self) {
        if let Some(request) = &self.request {
            self.thread.request(PredictionJob {
                request: Arc::clone(request),
                setup: self.setup.clone(),
            });
        }
    }

    /// Takes the newest response.
    pub fn take(&self) -> Option<PredictionResponse> {
        lock(&self.response).take()
    }
}

fn serve(mailbox: &Mailbox<PredictionJob>, response: &LatestResponse, waker: &Waker) {
    // It remembers the groups of the last drawing.
    let mut reader: Option<(u64, NumberReader)> = None;
    while let Delivery::Request(job) = mailbox.next(Duration::MAX) {
        let PredictionSetup {
            model, generation, ..
        } = &job.setup;
        // After a panic there is no reader.
        let known = reader.take().filter(|(known, _)| known == generation);
        let mut own = known.map_or_else(|| NumberReader::new(Arc::clone(model)), |known| known.1);
        let result = run_work(|| {
            let outcome = outcome_of(&job, &mut own)?;
            Ok((outcome, own))
        });
        let outcome = match result {
            Ok((outcome, own)) => {
                reader = Some((*generation, own));
                outcome
            }
            Err(error) => PredictionOutcome::Failed(error),
        };
        if let PredictionOutcome::Recognized { prediction, .. } = &outcome {
            let (digit, confidence) = (prediction.digit().value(), prediction.confidence());
            log::debug!(target: "digitpad", "prediction digit={digit} confidence={confidence:.3}");
        }
        *lock(response) = Some(PredictionResponse {
            revision: job.request.revision,
            model: *generation,
            outcome,
        });
        waker();
    }
}

fn outcome_of(
    job: &PredictionJob,
    reader: &mut NumberReader,
) -> Result<PredictionOutcome, ModelError> {
    let reading = match &job.request.input {
        // Noise is on the one image of a single digit.
        PredictionInput::Ink(ink) if job.setup.noise.is_some() => single(ink::to_bitmap(ink), job)?,
        PredictionInput::Ink(ink) if job.request.pen_is_down => {
            reader.follow(ink, job.request.constraints)?
        }
        PredictionInput::Ink(ink) => reader.read(ink, job.request.constraints)?,
        PredictionInput::Picture(bitmap, view) => match &view.components {
            Some(ink) if job.setup.noise.is_none() => {
                reader.read_picture(ink, bitmap, job.request.constraints)?
            }
            _ => single(Some(bitmap.clone()), job)?,
        },
        PredictionInput::Bitmap(bitmap) => single(Some(bitmap.clone()), job)?,
        #[cfg(test)]
        PredictionInput::Panic(message) => panic!("{message}"),
    };
    let preprocessing = job.setup.model.mlp.config().preprocessing();
    let misses = reading.misses(job.request.constraints);
    let recognized = |bitmap: &Bitmap, prediction, shows_several| PredictionOutcome::Recognized {
        bitmap: preprocessing.of_bitmap(bitmap),
        prediction,
        shows_several,
        misses,
    };
    Ok(match reading {
        Reading::Blank => PredictionOutcome::Blank,
        Reading::Single { bitmap, prediction } => recognized(&bitmap, prediction, false),
        Reading::SeveralDigits { bitmap, prediction } => recognized(&bitmap, prediction, true),
        Reading::Number(number) => {
            let digits = number.digits.iter();
            let inputs = digits.map(|digit| preprocessing.of_bitmap(&digit.bitmap));
            PredictionOutcome::Number {
                inputs: inputs.collect(),
                number,
            }
        }
    })
}

/// One character, with the noise.
fn single(bitmap: Option<Bitmap>, job: &PredictionJob) -> Result<Reading, ModelError> {
    let Some(mut bitmap) = bitmap.filter(|bitmap| !bitmap.is_blank()) else {
        return Ok(Reading::Blank);
    };
    if let Some(noise) = job.setup.noise {
        bitmap = with_noise(&bitmap, noise);
    }
    let prediction = predict(&job.setup.model, &bitmap)?;
    Ok(Reading::Single { bitmap, prediction })
}

fn with_noise(bitmap: &Bitmap, noise: Noise) -> Bitmap {
    let mut image = bitmap.to_bytes();
    noise.apply(&mut image, &mut ChaCha8Rng::seed_from_u64(0));
    Bitmap::from_bytes(&image)
}

#[cfg(test)]
mod tests;
