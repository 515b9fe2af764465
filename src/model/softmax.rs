//! The softmax of logits, and the losses that follow from it.

use num_traits::Float;

/// Replaces logits by their softmax. Returns ln Σ exp(logit).
///
/// Subtracts the largest logit first, so that no exponential overflows. NaN or infinite logits give NaN.
pub(crate) fn softmax_in_place<F: Float>(logits: &mut [F]) -> F {
    let largest = largest(logits);
    let mut sum = F::zero();
    for value in &mut *logits {
        *value = (*value - largest).exp();
        sum = sum + *value;
    }
    for value in logits {
        *value = *value / sum;
    }
    sum.ln() + largest
}

/// The softmax of logits: probabilities that sum to 1.
pub fn softmax<F: Float, const N: usize>(mut logits: [F; N]) -> [F; N] {
    softmax_in_place(&mut logits);
    logits
}

/// ln Σ exp(logit).
pub fn log_sum_exp<F: Float>(logits: &[F]) -> F {
    let largest = largest(logits);
    let powers = logits.iter().map(|&logit| (logit - largest).exp());
    powers.fold(F::zero(), |sum, power| sum + power).ln() + largest
}

/// The cross-entropy of the softmax with one class, −ln p(class), in nats.
///
/// # Panics
/// If the number of classes differs.
pub fn cross_entropy<F: Float>(logits: &[F], class: usize) -> F {
    log_sum_exp(logits) - logits[class]
}

/// The mean over the classes of (p − t)²: p is the softmax, t is 1 for `class` and 0 for all others.
pub fn squared_error<F: Float, const N: usize>(logits: [F; N], class: usize) -> F {
    let probabilities = softmax(logits);
    let errors = probabilities
        .iter()
        .enumerate()
        .map(|(index, &probability)| {
            let target = if index == class { F::one() } else { F::zero() };
            (probability - target).powi(2)
        });
    let (sum, count) = errors.fold((F::zero(), F::zero()), |(sum, count), error| {
        (sum + error, count + F::one())
    });
    sum / count
}

fn largest<F: Float>(logits: &[F]) -> F {
    logits.iter().copied().fold(F::neg_infinity(), F::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softmax_of_small_and_extreme_logits() {
        let cases: [([f64; 3], [f64; 3], &str); 4] = [
            ([0.0; 3], [1.0 / 3.0; 3], "equal logits"),
            (
                [2.0_f64.ln(), 0.0, 0.0],
                [0.5, 0.25, 0.25],
                "twice as probable",
            ),
            ([1e30, 0.0, 0.0], [1.0, 0.0, 0.0], "no overflow"),
            ([-1e30, -1e30, -2e30], [0.5, 0.5, 0.0], "no underflow"),
        ];
        for (logits, expected, reason) in cases {
            let found = softmax(logits);
            let is_close = found
                .iter()
                .zip(expected)
                .all(|(a, b)| (a - b).abs() < 1e-15);
            assert!(is_close, "{reason}: {found:?}");
        }
        assert!(
            softmax([f32::NAN, 0.0]).iter().all(|p| p.is_nan()),
            "NaN stays NaN"
        );
    }

    #[test]
    fn losses_of_known_logits() {
        // In Python: log(9 + e³) − 3 and log(9 + e³).
        let mut logits = [0.0_f64; 10];
        logits[2] = 3.0;
        let sum = (9.0 + 3.0_f64.exp()).ln();
        for (class, expected) in [(2, sum - 3.0), (5, sum)] {
            let found = cross_entropy(&logits, class);
            assert!((found - expected).abs() < 1e-12, "class {class}: {found}");
        }
        assert_eq!(log_sum_exp(&[-800.0_f64]), -800.0, "no underflow");
        // 0.1 for each class: (0.9² + 9 · 0.1²) / 10.
        let found = squared_error([0.0_f64; 10], 4);
        assert!((found - 0.09).abs() < 1e-12, "{found}");
    }
}
