//! What a trained network's logits are worth, found on digits that it has not learned from.

use super::{
    control::{Control, Signal},
    evaluation,
};
use crate::{
    bitmap::CLASSES,
    data::Examples,
    error::ModelError,
    model::{
        Mlp,
        calibration::{Calibration, sorted_energy_scores, threshold_accepting},
    },
};

/// The part of the digits, not learned from, that shall still be taken for digits. More than is promised (0.99),
/// because it is found on few hands and others differ from them.
const KEPT: f64 = 0.995;
/// Of fewer digits than this the best temperature is that of their few errors, or of none.
const LEAST_FOR_TEMPERATURE: usize = 100;
/// Digits that are generated to find the threshold where no hands were left out.
pub(super) const GENERATED: usize = 2000;
/// So many of them between two looks at what is wished for.
const GENERATED_AT_ONCE: usize = 200;
/// The temperatures among which the best is sought.
const TEMPERATURES: [f64; 2] = [0.2, 5.0];

/// Finds temperature and threshold. `validation` and `hands` are digits that were not learned from;
/// either may be empty. Where they are few, logits are worth what they say. `rejects` says whether the
/// network has learned what is no digit.
///
/// Whoever does not wait for the test gets what the first of these digits say. `None` when the training was
/// abandoned.
pub(super) fn calibration(
    mlp: &Mlp,
    validation: &Examples,
    hands: &Examples,
    rejects: bool,
    seed: u64,
    control: &Control,
) -> Result<Option<Calibration>, ModelError> {
    let read = |examples: &Examples| {
        evaluation::logits(mlp, examples, &mut |read| control.continues_testing(read))
    };
    let mut sets = Vec::new();
    for examples in [validation, hands] {
        let logits = read(examples)?;
        if !logits.is_empty() {
            sets.push((logits, examples.labels()));
        }
    }
    let mut calibration = Calibration::default();
    let count: usize = sets.iter().map(|(logits, _)| logits.len()).sum();
    if count >= LEAST_FOR_TEMPERATURE {
        calibration.temperature = best_temperature(&sets) as f32;
    }
    if rejects {
        let logits = if hands.is_empty() {
            // Another row than what was learned from.
            logits_of_generated(mlp, !seed, control)?
        } else {
            read(hands)?
        };
        calibration.reject_threshold = Some(lowest_energy_score(&logits));
    }
    Ok((control.signal() != Signal::Abandon).then_some(calibration))
}

/// The logits of digits that a seed generates.
fn logits_of_generated(
    mlp: &Mlp,
    seed: u64,
    control: &Control,
) -> Result<Vec<[f32; CLASSES]>, ModelError> {
    let mut logits = Vec::with_capacity(GENERATED);
    while logits.len() < GENERATED && control.continues_testing(logits.len()) {
        let next = logits.len()..GENERATED.min(logits.len() + GENERATED_AT_ONCE);
        let digits = Examples::synthetic(next, seed);
        logits.extend(evaluation::logits(mlp, &digits, &mut |_| true)?);
    }
    Ok(logits)
}

/// The evidence that all but a small part of the digits have.
fn lowest_energy_score(logits: &[[f32; CLASSES]]) -> f32 {
    threshold_accepting(KEPT, &sorted_energy_scores(logits)).unwrap_or(0.0)
}

/// Logits, and the digits that were meant.
type Set<'a> = (Vec<[f32; CLASSES]>, &'a [u8]);

/// The temperature with the least cross-entropy, each set counting as much as the other: by golden-section
/// search along its logarithm, in which the cross-entropy has one minimum.
fn best_temperature(sets: &[Set]) -> f64 {
    let loss = |log_temperature: f64| {
        let scale = (-log_temperature).exp();
        let mean = |(logits, labels): &Set| {
            let losses = logits.iter().zip(*labels).map(|(logits, &label)| {
                let scaled = logits.map(|logit| f64::from(logit) * scale);
                let largest = scaled.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = scaled.iter().map(|logit| (logit - largest).exp()).sum();
                sum.ln() + largest - scaled[usize::from(label)]
            });
            losses.sum::<f64>() / logits.len() as f64
        };
        sets.iter().map(mean).sum::<f64>()
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
    use rand::{Rng as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::model::calibration::evidence;

    #[test]
    fn the_temperature_that_made_the_labels_is_found() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for temperature in [0.5_f32, 1.0, 2.5] {
            let (mut logits, mut labels) = (Vec::new(), Vec::new());
            for _ in 0..20_000 {
                let row: [f32; CLASSES] = std::array::from_fn(|_| rng.random_range(-3.0..3.0));
                // A label drawn with the probabilities of the softmax at this temperature.
                let powers = row.map(|logit| (logit / temperature).exp());
                let mut left = rng.random_range(0.0..powers.iter().sum::<f32>());
                let is_it = |power: &f32| {
                    left -= power;
                    left < 0.0
                };
                labels.push(powers.iter().position(is_it).unwrap_or(CLASSES - 1) as u8);
                logits.push(row);
            }
            let found = best_temperature(&[(logits, &labels)]);
            // 20,000 labels tell the temperature to about one part in a hundred.
            let ratio = found / f64::from(temperature);
            assert!((0.95..1.05).contains(&ratio), "{temperature}: {found}");
        }
    }

    #[test]
    fn the_threshold_keeps_what_it_promises() {
        let with_evidence = |value: f32| {
            let mut logits = [-100.0; CLASSES];
            logits[3] = value;
            logits
        };
        let logits: Vec<_> = (0..1000).rev().map(|i| with_evidence(i as f32)).collect();
        let least = lowest_energy_score(&logits);
        let kept = logits.iter().filter(|row| evidence(row) >= least).count();
        assert_eq!(kept, 995, "of a thousand");
        assert_eq!(
            lowest_energy_score(&[]),
            0.0,
            "even odds where nothing is known"
        );
    }
}
