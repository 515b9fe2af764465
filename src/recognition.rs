//! From a bitmap to what the network thinks of it.

use crate::{
    bitmap::{Bitmap, CLASSES, Digit},
    error::{ModelError, Refusal},
    model::{
        calibration::{Calibration, evidence},
        file::Model,
    },
};

/// What a network makes of one bitmap.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    probabilities: [f32; CLASSES],
    is_digit: bool,
}

/// What a prediction comes down to, as it is said to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is this digit.
    Sure(Digit),
    /// It may be this digit, and no other is near.
    Likely(Digit),
    /// It is one of two; the first is the more probable.
    Either(Digit, Digit),
    /// It is no digit; this one is the nearest.
    NonDigit(Digit),
}

impl Prediction {
    /// From this confidence on, a digit is called sure. Of the pen digits that hands wrote whom the
    /// built-in model never saw, more than 99 in 100 are right then.
    pub const SURE: f32 = 0.9;
    /// A second digit this probable, as a part of the first's probability, is named as well.
    const RIVAL: f32 = 0.25;

    /// The softmax of ten logits at the calibration's temperature, and whether the logits are evidence
    /// enough for a digit. The largest is subtracted first, so that none overflows.
    pub fn of_logits(logits: &[f32; CLASSES], calibration: &Calibration) -> Self {
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let powers = logits.map(|logit| ((logit - largest) / calibration.temperature).exp());
        let sum: f32 = powers.iter().sum();
        let is_below = |least| evidence(logits) < least;
        Self {
            probabilities: powers.map(|power| power / sum),
            is_digit: !calibration.reject_threshold.is_some_and(is_below),
        }
    }

    /// The probability of each digit, if it is one; together 1.
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

    /// Whether the picture shows a digit, as far as the network has learned to tell.
    pub fn is_digit(&self) -> bool {
        self.is_digit
    }

    /// Whether it is a digit, and this one, without much doubt.
    pub fn is_confident(&self) -> bool {
        matches!(self.verdict(), Verdict::Sure(_))
    }

    /// What it comes down to.
    pub fn verdict(&self) -> Verdict {
        let digit = self.digit();
        let mut others = self.probabilities;
        others[digit.index()] = 0.0;
        let second = Digit::of_largest(&others);
        if !self.is_digit {
            Verdict::NonDigit(digit)
        } else if self.confidence() >= Self::SURE {
            Verdict::Sure(digit)
        } else if others[second.index()] >= Self::RIVAL * self.confidence() {
            Verdict::Either(digit, second)
        } else {
            Verdict::Likely(digit)
        }
    }
}

/// The model's logits of some images, as [`Mlp::logits`](crate::model::Mlp::logits) has them.
///
/// # Errors
/// When one is no finite number, because a training went astray or the weights are too large, or when candle fails.
pub fn logits(model: &Model, pixels: Vec<f32>) -> Result<Vec<[f32; CLASSES]>, ModelError> {
    let logits = model.mlp.logits(pixels)?;
    if logits.as_flattened().iter().all(|logit| logit.is_finite()) {
        return Ok(logits);
    }
    Err(ModelError::Refused(Refusal::new(
        "read pictures with these weights",
        "answers that are no numbers, as after a training with too high a learning rate",
        "ten numbers a picture",
        "train with a lower learning rate or load other weights",
    )))
}

/// Runs the model's network on one bitmap.
///
/// # Errors
/// As [`logits`].
pub fn predict(model: &Model, bitmap: &Bitmap) -> Result<Prediction, ModelError> {
    let logits = logits(model, bitmap.pixels().to_vec())?;
    Ok(Prediction::of_logits(
        &logits[0],
        &model.metadata.calibration,
    ))
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;
    use crate::{
        bitmap::PIXELS,
        model::{Activation, Dense, Mlp, MlpConfig, file::Metadata},
    };

    #[test]
    fn softmax_of_a_table_of_logits() {
        let mut sure = [0.0; CLASSES];
        sure[3] = 1000.0;
        let mut two = [-1e30; CLASSES];
        two[4] = 5.0;
        two[9] = 5.0;
        let cases = [
            ([0.0; CLASSES], 0, 0.1, "nothing is known"),
            (sure, 3, 1.0, "no overflow"),
            (two, 4, 0.5, "the first of two equals"),
        ];
        for (logits, digit, confidence, reason) in cases {
            let prediction = Prediction::of_logits(&logits, &Calibration::default());
            assert_eq!(prediction.digit().value(), digit, "{reason}");
            assert!(
                (prediction.confidence() - confidence).abs() < 1e-6,
                "{reason}"
            );
            let sum: f32 = prediction.probabilities().iter().sum();
            assert!((sum - 1.0).abs() < 1e-6, "{reason}: together 1");
        }
    }

    #[test]
    fn weights_that_overflow_give_no_answer() {
        let config = MlpConfig::new(Vec::new(), Activation::Relu).expect("a small network");
        let numbers = |count| vec![f32::MAX; count];
        let layer = Dense {
            weight: Var::from_vec(numbers(PIXELS * CLASSES), (PIXELS, CLASSES), &Device::Cpu)
                .expect("fits"),
            bias: Var::from_vec(numbers(CLASSES), CLASSES, &Device::Cpu).expect("fits"),
        };
        let model = Model {
            mlp: Mlp::from_layers(config, vec![layer]).expect("the shapes fit"),
            metadata: Metadata::default(),
        };
        let inked = Bitmap::from_bytes(&[255; PIXELS]);
        let refusal = predict(&model, &inked).expect_err("no number").to_string();
        assert!(refusal.contains("load other weights"), "{refusal}");
    }

    #[test]
    fn a_temperature_softens_without_changing_the_order() {
        let mut logits = [0.0; CLASSES];
        logits[3] = 2.0_f32.ln() * 3.0;
        let softer = Calibration {
            temperature: 3.0,
            reject_threshold: None,
        };
        let prediction = Prediction::of_logits(&logits, &softer);
        let expected = 2.0 / 11.0;
        assert!(
            (prediction.confidence() - expected).abs() < 1e-6,
            "a third of the logit: twice as probable as each other"
        );
    }

    #[test]
    fn verdicts_of_a_table_of_probabilities() {
        let digit = |value| Digit::new(value).expect("a digit");
        // (probabilities of 7 and 1, evidence needed, verdict, reason); the rest is shared by the others.
        let cases = [
            (0.97, 0.02, None, Verdict::Sure(digit(7)), "no doubt"),
            (
                0.6,
                0.3,
                None,
                Verdict::Either(digit(7), digit(1)),
                "two are close",
            ),
            (
                0.3,
                0.6,
                None,
                Verdict::Either(digit(1), digit(7)),
                "the more probable first",
            ),
            (
                0.6,
                0.06,
                None,
                Verdict::Likely(digit(7)),
                "doubt, but no rival",
            ),
            (
                0.97,
                0.02,
                Some(0.1),
                Verdict::NonDigit(digit(7)),
                "too little evidence",
            ),
            (
                0.97,
                0.02,
                Some(-0.1),
                Verdict::Sure(digit(7)),
                "just enough evidence",
            ),
        ];
        for (seven, one, reject_threshold, expected, reason) in cases {
            let rest: f32 = (1.0 - seven - one) / 8.0;
            let mut probabilities = [rest; CLASSES];
            probabilities[7] = seven;
            probabilities[1] = one;
            // Logarithms of probabilities are logits whose evidence is 0.
            let calibration = Calibration {
                temperature: 1.0,
                reject_threshold,
            };
            let prediction = Prediction::of_logits(&probabilities.map(f32::ln), &calibration);
            assert_eq!(prediction.verdict(), expected, "{reason}");
        }
    }
}
