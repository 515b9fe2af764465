//! Recognition: the prediction of a network for one bitmap, and what drawings show.

pub mod number;

use std::sync::Arc;

use self::number::{Constraints, NumberReader, Reading};
use crate::{
    bitmap::{Bitmap, CLASSES, Digit},
    error::{ModelError, Refusal},
    ink::file::{InkRecord, Label},
    model::{calibration::Calibration, file::Model, softmax::softmax},
};

/// The prediction for one bitmap.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    probabilities: [f32; CLASSES],
    is_digit: bool,
}

/// A prediction in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This digit, with high confidence.
    Confident(Digit),
    /// Probably this digit, and no other is close.
    Likely(Digit),
    /// One of two digits; the first is more probable.
    Ambiguous(Digit, Digit),
    /// A non-digit; the most similar digit is this one.
    NonDigit(Digit),
}

impl Prediction {
    /// The confidence from which a prediction is [`Verdict::Confident`]. Of the built-in model's confident
    /// predictions on pen digits by unseen writers, more than 99 in 100 are correct.
    pub const CONFIDENT: f32 = 0.9;
    /// The second digit's probability, as a fraction of the first's, from which a prediction is
    /// [`Verdict::Ambiguous`].
    const AMBIGUOUS: f32 = 0.25;

    /// The softmax at the calibration's temperature, and whether the energy score reaches its threshold.
    pub fn from_logits(logits: &[f32; CLASSES], calibration: &Calibration) -> Self {
        Self {
            probabilities: softmax(calibration.scale(logits)),
            is_digit: !calibration.rejects(logits),
        }
    }

    /// The same prediction, of ink that is not a digit for another reason than the image.
    #[must_use]
    fn rejected(self) -> Self {
        Self {
            is_digit: false,
            ..self
        }
    }

    /// The probability of each digit, given that the image shows one; the sum is 1.
    pub fn probabilities(&self) -> &[f32; CLASSES] {
        &self.probabilities
    }

    /// The most probable digit.
    pub fn digit(&self) -> Digit {
        Digit::of_largest(&self.probabilities)
    }

    /// The probability of the most probable digit, 0..=1.
    pub fn confidence(&self) -> f32 {
        self.probabilities[self.digit().index()]
    }

    /// Whether the model accepts the image as a digit. Always true if the model cannot reject.
    pub fn is_digit(&self) -> bool {
        self.is_digit
    }

    /// Whether the verdict is [`Verdict::Confident`].
    pub fn is_confident(&self) -> bool {
        matches!(self.verdict(), Verdict::Confident(_))
    }

    /// The prediction in one word.
    pub fn verdict(&self) -> Verdict {
        let digit = self.digit();
        let mut others = self.probabilities;
        others[digit.index()] = 0.0;
        let second = Digit::of_largest(&others);
        if !self.is_digit {
            Verdict::NonDigit(digit)
        } else if self.confidence() >= Self::CONFIDENT {
            Verdict::Confident(digit)
        } else if others[second.index()] >= Self::AMBIGUOUS * self.confidence() {
            Verdict::Ambiguous(digit, second)
        } else {
            Verdict::Likely(digit)
        }
    }
}

/// The model's logits for some images, as [`Mlp::logits`](crate::model::Mlp::logits) returns them.
///
/// # Errors
/// When a logit is NaN or infinite, or when candle fails.
pub fn logits(model: &Model, pixels: Vec<f32>) -> Result<Vec<[f32; CLASSES]>, ModelError> {
    let logits = model.mlp.logits(pixels)?;
    are_finite(&logits).then_some(logits).ok_or_else(not_finite)
}

/// Whether no logit is NaN or infinite.
pub(crate) fn are_finite(logits: &[[f32; CLASSES]]) -> bool {
    logits.as_flattened().iter().all(|logit| logit.is_finite())
}

/// The error of a model with a logit that is NaN or infinite.
pub(crate) fn not_finite() -> ModelError {
    Refusal::new(
        "predict with this model",
        "NaN or infinite outputs, probably because the learning rate of its training was too high",
        "ten finite numbers per image",
        "train again with a lower learning rate, or load other weights",
    )
    .into()
}

/// The model's prediction for one bitmap.
///
/// # Errors
/// As [`logits`].
pub fn predict(model: &Model, bitmap: &Bitmap) -> Result<Prediction, ModelError> {
    let logits = logits(model, bitmap.pixels().to_vec())?;
    Ok(Prediction::from_logits(
        &logits[0],
        &model.metadata.calibration,
    ))
}

/// A drawing of an ink file with what the pad says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct RecognizedDrawing {
    /// The drawing.
    pub record: InkRecord,
    /// All of it as one input of the network.
    pub bitmap: Bitmap,
    /// What it shows.
    pub reading: Reading,
}

impl RecognizedDrawing {
    /// Reads a drawing where it was drawn; `None` for a blank one.
    ///
    /// # Errors
    /// As [`logits`].
    pub fn read(
        reader: &mut NumberReader,
        record: InkRecord,
        constraints: Constraints,
    ) -> Result<Option<Self>, ModelError> {
        let Some(bitmap) = record.bitmap().filter(|bitmap| !bitmap.is_blank()) else {
            return Ok(None);
        };
        let reading = match &record.picture {
            Some(picture) => reader.read_bitmap(picture)?,
            None => reader.read(&record.as_drawn(), constraints)?,
        };
        Ok(Some(Self {
            record,
            bitmap,
            reading,
        }))
    }

    /// The digit, of a drawing that shows one.
    pub fn digit(&self) -> Option<Digit> {
        match &self.reading {
            Reading::Single { prediction, .. } => prediction.is_digit().then(|| prediction.digit()),
            _ => None,
        }
    }

    /// Whether the prediction is what the label says: its digit, or a rejection for another label.
    pub fn is_as_labeled(&self) -> bool {
        match self.record.label {
            Some(Label::Digit(digit)) => self.digit() == Some(digit),
            _ => self.digit().is_none(),
        }
    }
}

/// Reads drawings of one character each, in their order. Blank ones are left out.
///
/// # Errors
/// As [`logits`].
pub fn recognize(
    model: &Arc<Model>,
    records: Vec<InkRecord>,
) -> Result<Vec<RecognizedDrawing>, ModelError> {
    let mut reader = NumberReader::new(Arc::clone(model));
    let recognized = records.into_iter().filter_map(|record| {
        RecognizedDrawing::read(&mut reader, record, Constraints::CHARACTER).transpose()
    });
    recognized.collect()
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use crate::error::InputError;
    use crate::{
        bitmap::PIXELS,
        model::{Activation, Layer, Mlp, MlpConfig, file::Metadata},
    };

    #[test]
    fn softmax_of_a_table_of_logits() {
        let mut certain = [0.0; CLASSES];
        certain[3] = 1000.0;
        let mut two = [-1e30; CLASSES];
        two[4] = 5.0;
        two[9] = 5.0;
        let cases = [
            ([0.0; CLASSES], 0, 0.1, "all equal: the first"),
            (certain, 3, 1.0, "no overflow"),
            (two, 4, 0.5, "the first of two equals"),
        ];
        for (logits, digit, confidence, reason) in cases {
            let prediction = Prediction::from_logits(&logits, &Calibration::default());
            assert_eq!(prediction.digit().value(), digit, "{reason}");
            assert!(
                (prediction.confidence() - confidence).abs() < 1e-6,
                "{reason}"
            );
            let sum: f32 = prediction.probabilities().iter().sum();
            assert!((sum - 1.0).abs() < 1e-6, "{reason}: the sum is 1");
        }
    }

    #[test]
    fn weights_that_overflow_are_an_error() {
        let config = MlpConfig::new(Vec::new(), Activation::Relu).expect("a small network");
        let layer = |value| Layer {
            weight: Var::from_vec(
                vec![value; PIXELS * CLASSES],
                (PIXELS, CLASSES),
                &Device::Cpu,
            )
            .expect("fits"),
            bias: Var::from_vec(vec![value; CLASSES], CLASSES, &Device::Cpu).expect("fits"),
        };
        let inked = Bitmap::from_bytes(&[255; PIXELS]);
        for value in [f32::MAX, f32::MIN, f32::NAN] {
            let model = Model {
                mlp: Mlp::from_layers(config.clone(), vec![layer(value)]).expect("the shapes fit"),
                metadata: Metadata::default(),
            };
            let error = predict(&model, &inked).expect_err("not finite");
            assert!(
                matches!(error, ModelError::Input(InputError::Refused(_))),
                "{value}: {error}"
            );
        }
    }

    #[test]
    fn a_temperature_softens_without_changing_the_order() {
        let mut logits = [0.0; CLASSES];
        logits[3] = 2.0_f32.ln() * 3.0;
        let softer = Calibration {
            temperature: 3.0,
            reject_threshold: None,
        };
        let prediction = Prediction::from_logits(&logits, &softer);
        let expected = 2.0 / 11.0;
        assert!(
            (prediction.confidence() - expected).abs() < 1e-6,
            "a third of the logit: twice as probable as each other digit"
        );
    }

    #[test]
    fn verdicts_of_a_table_of_probabilities() {
        let digit = |value| Digit::new(value).expect("a digit");
        let (one, seven) = (digit(1), digit(7));
        // Probabilities of 7 and 1, reject threshold, verdict; the other digits share the rest.
        let cases = [
            (0.97, 0.02, None, Verdict::Confident(seven), "high"),
            (0.91, 0.01, None, Verdict::Confident(seven), "above 0.9"),
            (0.89, 0.01, None, Verdict::Likely(seven), "below 0.9"),
            (0.6, 0.3, None, Verdict::Ambiguous(seven, one), "close"),
            (
                0.3,
                0.6,
                None,
                Verdict::Ambiguous(one, seven),
                "the more probable first",
            ),
            (
                0.6,
                0.16,
                None,
                Verdict::Ambiguous(seven, one),
                "above a quarter",
            ),
            (0.6, 0.14, None, Verdict::Likely(seven), "below a quarter"),
            (
                0.97,
                0.02,
                Some(0.1),
                Verdict::NonDigit(seven),
                "the energy score is below the threshold",
            ),
            (
                0.97,
                0.02,
                Some(-0.1),
                Verdict::Confident(seven),
                "the energy score reaches the threshold",
            ),
        ];
        for (seven, one, reject_threshold, expected, reason) in cases {
            let rest: f32 = (1.0 - seven - one) / 8.0;
            let mut probabilities = [rest; CLASSES];
            probabilities[7] = seven;
            probabilities[1] = one;
            // The logarithms of probabilities are logits with energy score 0.
            let calibration = Calibration {
                temperature: 1.0,
                reject_threshold,
            };
            let prediction = Prediction::from_logits(&probabilities.map(f32::ln), &calibration);
            assert_eq!(prediction.verdict(), expected, "{reason}");
        }
    }
}
