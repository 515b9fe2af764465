//! How a model reads labeled pictures: each of them, so that it can be looked at, and all of them in
//! figures.

pub mod calibration;
pub mod classes;
pub mod error_sheet;
pub mod evaluation_set;

mod table;

pub use self::table::confusion_csv;
use self::{
    calibration::Reliability,
    classes::ClassMetrics,
    evaluation_set::{EvaluationSet, SkippedRecords},
};
use crate::{
    bitmap::{Bitmap, CLASSES, Digit, PIXELS},
    data::noise::Noise,
    error::ModelError,
    model::{calibration::Calibration, file::Model},
    recognition::{self, Prediction},
    training::{
        control::{Control, Signal},
        evaluation::Evaluation,
    },
};

/// Pictures that go through the network at once: as many as an evaluation takes.
const CHUNK: usize = 500;

/// What a model made of one labeled picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// What the picture shows.
    pub truth: Digit,
    /// What it was taken for.
    pub prediction: Prediction,
}

impl Reading {
    /// What the logits of a picture say that shows `truth`.
    pub fn of_logits(logits: &[f32; CLASSES], truth: Digit, calibration: &Calibration) -> Self {
        Self {
            truth,
            prediction: Prediction::of_logits(logits, calibration),
        }
    }

    /// Whether the most probable digit is the truth.
    pub fn is_right(&self) -> bool {
        self.prediction.digit() == self.truth
    }

    /// The probability of the truth, 0..=1.
    pub fn truth_probability(&self) -> f32 {
        self.prediction.probabilities()[self.truth.index()]
    }

    /// −ln of the truth's probability, in nats. What is too improbable for a number counts as the
    /// least that there is, so that the worst can be told from one another and none is infinite.
    pub fn cross_entropy(&self) -> f64 {
        -f64::from(self.truth_probability().max(f32::MIN_POSITIVE)).ln()
    }
}

/// All that is said of a model in figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// Accuracy, loss and the confusion matrix.
    pub evaluation: Evaluation,
    /// Precision and recall of each digit.
    pub classes: [ClassMetrics; CLASSES],
    /// How far the model's confidence can be relied on.
    pub reliability: Reliability,
    /// How many pictures were taken for no digit, whatever was nearest; `None` where the model cannot tell.
    pub refused: Option<usize>,
}

impl Figures {
    /// From logits and what was read from them with a calibration, in the same order.
    pub fn of(logits: &[[f32; CLASSES]], readings: &[Reading], calibration: &Calibration) -> Self {
        let truths = readings.iter().map(|reading| reading.truth);
        let evaluation = Evaluation::of_logits(logits.iter().zip(truths));
        let answers = readings
            .iter()
            .map(|reading| (reading.prediction.confidence(), reading.is_right()));
        let is_refused = |reading: &&Reading| !reading.prediction.is_digit();
        let refused = || readings.iter().filter(is_refused).count();
        Self {
            classes: classes::of_confusion(&evaluation.confusion),
            reliability: Reliability::of(answers),
            refused: calibration.reject_threshold.map(|_| refused()),
            evaluation,
        }
    }
}

/// Some of the pictures that were measured with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Selection {
    /// All that were misclassified.
    #[default]
    Misclassified,
    /// Those of one cell of the confusion matrix.
    Cell {
        /// What they show.
        truth: Digit,
        /// What they were read as.
        read: Digit,
    },
}

/// What a model made of labeled pictures, with the pictures.
#[derive(Clone, Debug)]
pub struct Measurement {
    evaluation_set: EvaluationSet,
    readings: Vec<Reading>,
    figures: Figures,
    misclassified: Vec<usize>,
    /// By truth, then by what was read.
    cells: Vec<Vec<usize>>,
}

impl Measurement {
    /// Has a model read all pictures, and tells now and then how many it has read. `None` when it was
    /// abandoned on the way.
    ///
    /// # Errors
    /// As [`recognition::logits`].
    pub fn of(
        model: &Model,
        evaluation_set: EvaluationSet,
        control: &Control,
        on_progress: &mut dyn FnMut(usize),
    ) -> Result<Option<Self>, ModelError> {
        let count = evaluation_set.len();
        let mut logits: Vec<[f32; CLASSES]> = Vec::with_capacity(count);
        while logits.len() < count {
            if control.signal() == Signal::Abandon {
                return Ok(None);
            }
            let chunk = logits.len()..count.min(logits.len() + CHUNK);
            let mut pixels = Vec::with_capacity(chunk.len() * PIXELS);
            chunk.for_each(|index| pixels.extend(evaluation_set.bitmap(index).pixels()));
            logits.extend(recognition::logits(model, pixels)?);
            on_progress(logits.len());
        }
        let calibration = &model.metadata.calibration;
        let reading = |(index, logits): (usize, &[f32; CLASSES])| {
            Reading::of_logits(logits, evaluation_set.truth(index), calibration)
        };
        let readings: Vec<Reading> = logits.iter().enumerate().map(reading).collect();
        let figures = Figures::of(&logits, &readings, calibration);
        Ok(Some(Self::sorted(evaluation_set, readings, figures)))
    }

    /// Sorts by what was made of what, the worst first.
    fn sorted(evaluation_set: EvaluationSet, readings: Vec<Reading>, figures: Figures) -> Self {
        let losses: Vec<f64> = readings.iter().map(Reading::cross_entropy).collect();
        let mut order: Vec<usize> = (0..readings.len()).collect();
        // The sort is stable: of equals, the first stays first.
        order.sort_by(|&one, &other| losses[other].total_cmp(&losses[one]));
        let mut cells = vec![Vec::new(); CLASSES * CLASSES];
        let mut misclassified = Vec::new();
        for index in order {
            let reading = &readings[index];
            let (truth, read) = (reading.truth, reading.prediction.digit());
            cells[truth.index() * CLASSES + read.index()].push(index);
            if !reading.is_right() {
                misclassified.push(index);
            }
        }
        Self {
            evaluation_set,
            readings,
            figures,
            misclassified,
            cells,
        }
    }

    /// What the pictures are called: `mnist`, or the name of a folder or a file.
    pub fn name(&self) -> &str {
        self.evaluation_set.name()
    }

    /// How many lines of an ink file could not be measured with.
    pub fn left_out(&self) -> SkippedRecords {
        self.evaluation_set.left_out()
    }

    /// What was added to each picture.
    pub fn noise(&self) -> Option<Noise> {
        self.evaluation_set.noise()
    }

    /// What was made of each picture, in their order.
    pub fn readings(&self) -> &[Reading] {
        &self.readings
    }

    /// The picture at an index of [`Measurement::readings`].
    pub fn bitmap(&self, index: usize) -> Bitmap {
        self.evaluation_set.bitmap(index)
    }

    /// All of it in figures.
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// The indices of a selection's pictures, those with the largest cross-entropy first.
    pub fn indices(&self, selection: Selection) -> &[usize] {
        match selection {
            Selection::Misclassified => &self.misclassified,
            Selection::Cell { truth, read } => &self.cells[truth.index() * CLASSES + read.index()],
        }
    }
}

#[cfg(test)]
mod tests;
