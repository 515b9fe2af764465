//! Fits the calibration of a trained network on digits outside its training examples.

use super::control::{Control, Signal};
use crate::{
    bitmap::{CLASSES, Digit},
    data::Examples,
    error::ModelError,
    evaluation,
    model::{
        Mlp,
        calibration::{Calibration, sorted_energy_scores, threshold_accepting},
        softmax::cross_entropy,
    },
};

/// The fraction of the calibration digits that the threshold accepts. It is above the documented 0.99,
/// because the calibration set has few writers and others differ from them.
const ACCEPTED: f64 = 0.995;
/// With fewer digits, their few errors would decide the temperature.
const MIN_FOR_TEMPERATURE: usize = 100;
/// The synthetic digits that find the threshold when there is no ink to calibrate on.
pub(super) const SYNTHETIC: usize = 2000;
/// The synthetic digits between two checks of the stop signal.
const SYNTHETIC_BATCH: usize = 200;
/// The range of the temperature.
const TEMPERATURES: [f64; 2] = [0.2, 5.0];

/// Fits temperature and reject threshold. `validation` and `ink` are digits outside the training examples;
/// either may be empty. With few of them the temperature stays 1. `rejects` says whether the network was
/// trained with non-digits; without them there is no threshold.
///
/// A skipped test leaves the calibration to the first batches. `None` if the training was abandoned.
pub(super) fn calibration(
    mlp: &Mlp,
    validation: &Examples,
    ink: &Examples,
    rejects: bool,
    seed: u64,
    control: &Control,
) -> Result<Option<Calibration>, ModelError> {
    let set = |examples: &Examples| {
        let mut continues = |done| control.continues_testing(done);
        let logits = evaluation::logits(mlp, examples, &mut continues)?;
        Ok::<_, ModelError>(LabeledLogits::new(logits, examples))
    };
    let sets = [set(validation)?, set(ink)?];
    let mut calibration = Calibration::default();
    if sets.iter().map(|set| set.logits.len()).sum::<usize>() >= MIN_FOR_TEMPERATURE {
        calibration.temperature = best_temperature(&sets) as f32;
    }
    if rejects {
        let [_, LabeledLogits { mut logits, .. }] = sets;
        if ink.is_empty() {
            // Not the seed of the training's synthetic digits.
            logits = synthetic_logits(mlp, !seed, control)?;
        }
        calibration.reject_threshold = Some(reject_threshold(&logits));
    }
    Ok((control.signal() != Signal::Abandon).then_some(calibration))
}

/// The logits of the synthetic digits of a seed.
fn synthetic_logits(
    mlp: &Mlp,
    seed: u64,
    control: &Control,
) -> Result<Vec<[f32; CLASSES]>, ModelError> {
    let mut logits = Vec::with_capacity(SYNTHETIC);
    while logits.len() < SYNTHETIC && control.continues_testing(logits.len()) {
        let next = logits.len()..SYNTHETIC.min(logits.len() + SYNTHETIC_BATCH);
        let digits = Examples::synthetic(next, seed);
        logits.extend(evaluation::logits(mlp, &digits, &mut |_| true)?);
    }
    Ok(logits)
}

/// The threshold that accepts nearly all of these digits; 0, which is even odds, without digits.
fn reject_threshold(logits: &[[f32; CLASSES]]) -> f32 {
    threshold_accepting(ACCEPTED, &sorted_energy_scores(logits)).unwrap_or(0.0)
}

/// Logits, and the true digit of each row.
#[derive(Clone)]
struct LabeledLogits {
    logits: Vec<[f32; CLASSES]>,
    truths: Vec<Digit>,
}

impl LabeledLogits {
    /// The logits of the first examples.
    fn new(logits: Vec<[f32; CLASSES]>, examples: &Examples) -> Self {
        let truths = (0..logits.len()).map(|index| examples.label(index));
        Self {
            truths: truths.collect(),
            logits,
        }
    }

    /// Mean cross-entropy of the logits times `scale`; 0 without examples.
    fn loss(&self, scale: f64) -> f64 {
        let rows = self.logits.iter().zip(&self.truths);
        let losses = rows.map(|(logits, truth)| {
            cross_entropy(&logits.map(|logit| f64::from(logit) * scale), truth.index())
        });
        losses.sum::<f64>() / self.logits.len().max(1) as f64
    }
}

/// The temperature with the least cross-entropy, where each set counts equally. A golden-section search
/// over the logarithm of the temperature, in which the cross-entropy has one minimum.
fn best_temperature(sets: &[LabeledLogits]) -> f64 {
    let loss = |log_temperature: f64| {
        let scale = (-log_temperature).exp();
        sets.iter().map(|set| set.loss(scale)).sum::<f64>()
    };
    let ratio = (5.0_f64.sqrt() - 1.0) / 2.0;
    let [mut low, mut high] = TEMPERATURES.map(f64::ln);
    let (mut left, mut right) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut at_left, mut at_right) = (loss(left), loss(right));
    while high - low > 0.002 {
        if at_left < at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - ratio * (high - low);
            at_left = loss(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + ratio * (high - low);
            at_right = loss(right);
        }
    }
    f64::midpoint(low, high).exp()
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};
    use rand::{Rng as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::{
        bitmap::PIXELS,
        model::{Activation, Layer, MlpConfig, calibration::energy_score},
    };

    /// Random logits, with labels drawn from their softmax at a temperature.
    fn labeled_at(temperature: f32, count: usize, rng: &mut ChaCha8Rng) -> LabeledLogits {
        let (mut logits, mut truths) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let row: [f32; CLASSES] = std::array::from_fn(|_| rng.random_range(-3.0..3.0));
            let powers = row.map(|logit| (logit / temperature).exp());
            let mut left = rng.random_range(0.0..powers.iter().sum::<f32>());
            let is_drawn = |power: &f32| {
                left -= power;
                left < 0.0
            };
            let drawn = powers.iter().position(is_drawn).unwrap_or(CLASSES - 1);
            truths.push(Digit::ALL[drawn]);
            logits.push(row);
        }
        LabeledLogits { logits, truths }
    }

    #[test]
    fn the_temperature_that_made_the_labels_is_found() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for temperature in [0.5_f32, 1.0, 2.5] {
            let found = best_temperature(&[labeled_at(temperature, 20_000, &mut rng)]);
            // 20,000 labels determine the temperature to about 1 %.
            let ratio = found / f64::from(temperature);
            assert!((0.95..1.05).contains(&ratio), "{temperature}: {found}");
        }
    }

    #[test]
    fn the_temperature_minimizes_the_loss() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let sets = [labeled_at(1.7, 2000, &mut rng)];
        let found = best_temperature(&sets);
        let loss = |temperature: f64| sets[0].loss(1.0 / temperature);
        // The search ends at an interval of 0.2 %; the loss is flat within it.
        for other in [0.2, 0.99 * found, 1.01 * found, 5.0] {
            assert!(loss(found) < loss(other), "{found} is better than {other}");
        }
    }

    #[test]
    fn a_small_set_counts_as_much_as_a_large_one() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let (cold, warm) = (
            labeled_at(0.5, 500, &mut rng),
            labeled_at(2.5, 500, &mut rng),
        );
        let repeated = LabeledLogits {
            logits: cold.logits.repeat(20),
            truths: cold.truths.repeat(20),
        };
        let empty = LabeledLogits {
            logits: Vec::new(),
            truths: Vec::new(),
        };
        let once = best_temperature(&[cold, warm.clone()]);
        let often = best_temperature(&[repeated, warm, empty]);
        // The means are equal but for rounding, so that the search ends in the same interval of 0.2 %.
        assert!((once / often - 1.0).abs() < 0.004, "{once}, {often}");
    }

    #[test]
    fn the_threshold_accepts_the_configured_fraction() {
        let with_score = |score: f32| {
            let mut logits = [-100.0; CLASSES];
            logits[3] = score;
            logits
        };
        let logits: Vec<_> = (0..1000).rev().map(|i| with_score(i as f32)).collect();
        let threshold = reject_threshold(&logits);
        let is_accepted = |row: &&[f32; CLASSES]| energy_score(row) >= threshold;
        let accepted = logits.iter().filter(is_accepted).count();
        assert_eq!(accepted, 995, "of a thousand");
        assert_eq!(reject_threshold(&[]), 0.0, "even odds without digits");
    }

    /// A network whose logit of each digit is 8 times the pixel of this number.
    fn reader() -> Mlp {
        let mut weight = vec![0.0_f32; PIXELS * CLASSES];
        (0..CLASSES).for_each(|digit| weight[digit * CLASSES + digit] = 8.0);
        let layer = Layer {
            weight: Var::from_vec(weight, (PIXELS, CLASSES), &Device::Cpu).expect("a tensor"),
            bias: Var::from_vec(vec![0.0_f32; CLASSES], CLASSES, &Device::Cpu).expect("a tensor"),
        };
        let config = MlpConfig::new(Vec::new(), Activation::Relu).expect("linear");
        Mlp::from_layers(config, vec![layer]).expect("of that shape")
    }

    /// Images of a digit that [`reader`] predicts correctly, except for one in ten, at this brightness.
    fn examples(count: usize, brightness: u8) -> Examples {
        let mut images = vec![0; count * PIXELS];
        (0..count).for_each(|index| images[index * PIXELS + 3] = brightness);
        let labels = (0..count).map(|index| if index % 10 == 0 { 5 } else { 3 });
        Examples::new(images, labels.collect()).expect("fit")
    }

    #[test]
    fn each_set_has_its_own_use() {
        let control = Control::default();
        let fit = |validation: &Examples, ink: &Examples, rejects: bool| {
            calibration(&reader(), validation, ink, rejects, 1, &control)
                .expect("computes")
                .expect("it is not abandoned")
        };
        let none = examples(0, 0);
        let (few, many) = (examples(99, 255), examples(100, 255));
        let default = Calibration::default();
        assert_eq!(fit(&few, &none, false), default, "too few digits");
        // Nine in ten are correct: e^(8/T) / (e^(8/T) + 9) = 0.9, T = 8 / ln 81 = 1.8205.
        let expected = 8.0 / 81.0_f32.ln();
        for (validation, ink, reason) in [
            (&many, &none, "validation examples"),
            (&none, &many, "ink"),
            (&many, &many, "both"),
        ] {
            let found = fit(validation, ink, false);
            // The search ends at an interval of 0.2 %.
            assert!(
                (found.temperature / expected - 1.0).abs() < 0.003,
                "{reason}"
            );
            assert_eq!(found.reject_threshold, None, "{reason}: no non-digits");
        }
        let dim = examples(10, 0);
        let threshold = fit(&many, &dim, true)
            .reject_threshold
            .expect("a threshold");
        assert!(
            (threshold - 10.0_f32.ln()).abs() < 1e-5,
            "of the ink: ln 10"
        );
        let threshold = fit(&many, &none, true)
            .reject_threshold
            .expect("a threshold");
        let logits = synthetic_logits(&reader(), !1, &control).expect("computes");
        assert_eq!(logits.len(), SYNTHETIC, "as many as promised");
        assert_eq!(threshold, reject_threshold(&logits), "of synthetic digits");
    }
}
