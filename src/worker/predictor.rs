//! The thread that recognizes the drawing. It handles only the newest request.

use std::{
    fmt,
    sync::{Arc, Condvar, Mutex, PoisonError},
};

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::{JoinOnDrop, Waker, WorkerError, WorkerPriority, lock, run_work};
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
    },
    /// A number.
    Number(Number),
    /// The network could not be computed.
    Failed(WorkerError<ModelError>),
}

/// The handle of the predicting thread.
pub struct Predictor {
    mailbox: Arc<Mailbox>,
    _thread: JoinOnDrop,
}

impl Predictor {
    /// Starts the thread.
    ///
    /// # Panics
    /// When the system cannot start a thread.
    pub fn spawn(model: Arc<Model>, waker: Waker) -> Self {
        let mailbox = Arc::new(Mailbox {
            content: Mutex::new(MailboxContent {
                model,
                generation: 0,
                noise: None,
                request: None,
                is_pending: false,
                response: None,
                is_closed: false,
            }),
            changed: Condvar::new(),
        });
        let thread = JoinOnDrop::spawn("digitpad-predictor", WorkerPriority::Interactive, {
            let mailbox = Arc::clone(&mailbox);
            move || serve(&mailbox, &waker)
        })
        .expect("the system can start a thread");
        Self {
            mailbox,
            _thread: thread,
        }
    }

    /// Asks for a prediction. It replaces a request that the thread has not begun.
    pub fn request(&self, request: PredictionRequest) {
        let request = Some(Arc::new(request));
        self.mailbox.change(|content| {
            content.request = request;
            content.is_pending = true;
        });
    }

    /// Uses this model from now on, and repeats the last request.
    pub fn set_model(&self, model: Arc<Model>) {
        self.mailbox.change(|content| {
            content.model = model;
            content.generation += 1;
            content.is_pending = content.request.is_some();
        });
    }

    /// Adds this noise to the network's input from now on, and repeats the last request. The
    /// same input gets the same noise, so it does not flicker.
    pub fn set_noise(&self, noise: Option<Noise>) {
        self.mailbox.change(|content| {
            content.noise = noise;
            content.is_pending = content.request.is_some();
        });
    }

    /// Takes the newest response.
    pub fn take(&self) -> Option<PredictionResponse> {
        lock(&self.mailbox.content).response.take()
    }
}

impl Drop for Predictor {
    /// Ends the thread, which is joined when the fields are dropped.
    fn drop(&mut self) {
        self.mailbox.change(|content| content.is_closed = true);
    }
}

impl fmt::Debug for Predictor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Predictor").finish_non_exhaustive()
    }
}

/// Requests and responses on their way.
struct Mailbox {
    content: Mutex<MailboxContent>,
    changed: Condvar,
}

struct MailboxContent {
    model: Arc<Model>,
    generation: u64,
    noise: Option<Noise>,
    /// The last request, also after its response: a new model repeats it.
    request: Option<Arc<PredictionRequest>>,
    /// Whether the request has no response yet.
    is_pending: bool,
    response: Option<PredictionResponse>,
    is_closed: bool,
}

/// A request with what answers it.
struct PredictionJob {
    request: Arc<PredictionRequest>,
    model: Arc<Model>,
    generation: u64,
    noise: Option<Noise>,
}

impl Mailbox {
    fn change(&self, change: impl FnOnce(&mut MailboxContent)) {
        change(&mut lock(&self.content));
        self.changed.notify_all();
    }

    /// Waits for a request. Returns `None` when the mailbox is closed.
    fn next(&self) -> Option<PredictionJob> {
        let is_idle = |content: &mut MailboxContent| !content.is_pending && !content.is_closed;
        let waiting = self.changed.wait_while(lock(&self.content), is_idle);
        let mut content = waiting.unwrap_or_else(PoisonError::into_inner);
        if content.is_closed {
            return None;
        }
        content.is_pending = false;
        Some(PredictionJob {
            request: content.request.clone()?,
            model: Arc::clone(&content.model),
            generation: content.generation,
            noise: content.noise,
        })
    }
}

fn serve(mailbox: &Mailbox, waker: &Waker) {
    // It remembers the groups of the last drawing.
    let mut reader: Option<(u64, NumberReader)> = None;
    while let Some(job) = mailbox.next() {
        // After a panic there is no reader.
        let known = reader.take().filter(|(model, _)| *model == job.generation);
        let mut own = known.map_or_else(
            || NumberReader::new(Arc::clone(&job.model)),
            |known| known.1,
        );
        let result = run_work(|| {
            let outcome = outcome_of(&job, &mut own)?;
            Ok((outcome, own))
        });
        let outcome = match result {
            Ok((outcome, own)) => {
                reader = Some((job.generation, own));
                outcome
            }
            Err(error) => PredictionOutcome::Failed(error),
        };
        if let PredictionOutcome::Recognized { prediction, .. } = &outcome {
            let (digit, confidence) = (prediction.digit().value(), prediction.confidence());
            log::debug!(target: "digitpad", "prediction digit={digit} confidence={confidence:.3}");
        }
        let response = PredictionResponse {
            revision: job.request.revision,
            model: job.generation,
            outcome,
        };
        lock(&mailbox.content).response = Some(response);
        waker();
    }
}

fn outcome_of(
    job: &PredictionJob,
    reader: &mut NumberReader,
) -> Result<PredictionOutcome, ModelError> {
    let reading = match &job.request.input {
        // Noise is on the one image of a single digit.
        PredictionInput::Ink(ink) if job.noise.is_some() => single(ink::to_bitmap(ink), job)?,
        PredictionInput::Ink(ink) => reader.read(ink, job.request.constraints)?,
        PredictionInput::Picture(bitmap, view) => match &view.components {
            Some(ink) if job.noise.is_none() => {
                reader.read_picture(ink, bitmap, job.request.constraints)?
            }
            _ => single(Some(bitmap.clone()), job)?,
        },
        PredictionInput::Bitmap(bitmap) => single(Some(bitmap.clone()), job)?,
        #[cfg(test)]
        PredictionInput::Panic(message) => panic!("{message}"),
    };
    let preprocessing = job.model.mlp.config().preprocessing();
    let recognized = |bitmap: &Bitmap, prediction, shows_several| PredictionOutcome::Recognized {
        bitmap: preprocessing.of_bitmap(bitmap),
        prediction,
        shows_several,
    };
    Ok(match reading {
        Reading::Blank => PredictionOutcome::Blank,
        Reading::Single { bitmap, prediction } => recognized(&bitmap, prediction, false),
        Reading::SeveralDigits { bitmap, prediction } => recognized(&bitmap, prediction, true),
        Reading::Number(mut number) => {
            for digit in &mut number.digits {
                digit.bitmap = preprocessing.of_bitmap(&digit.bitmap);
            }
            PredictionOutcome::Number(number)
        }
    })
}

/// One character, with the noise.
fn single(bitmap: Option<Bitmap>, job: &PredictionJob) -> Result<Reading, ModelError> {
    let Some(mut bitmap) = bitmap.filter(|bitmap| !bitmap.is_blank()) else {
        return Ok(Reading::Blank);
    };
    if let Some(noise) = job.noise {
        bitmap = with_noise(&bitmap, noise);
    }
    let prediction = predict(&job.model, &bitmap)?;
    Ok(Reading::Single { bitmap, prediction })
}

fn with_noise(bitmap: &Bitmap, noise: Noise) -> Bitmap {
    let mut image = bitmap.to_bytes();
    noise.apply(&mut image, &mut ChaCha8Rng::seed_from_u64(0));
    Bitmap::from_bytes(&image)
}

#[cfg(test)]
mod tests;
