//! Numbers with a check digit.

use super::Number;
use crate::bitmap::{CLASSES, Digit};

/// Chooses the most probable digits, each independent of the others, where a right checksum is [`FIT_ODDS`](super::FIT_ODDS)
/// to 1. Returns whether it is right.
pub(super) fn apply(number: &mut Number) -> bool {
    let mut digits = super::digits_of(&mut number.digits);
    if digits.len() < 2 {
        return false;
    }
    // The best way to each checksum, with its probability and the digits so far, from the right; and the sum of all ways.
    let mut best: [(f64, Vec<usize>); CLASSES] = Default::default();
    let mut all = [0.0; CLASSES];
    (best[0].0, all[0]) = (1.0, 1.0);
    for (place, digit) in digits.iter().rev().enumerate() {
        let mut longer: [(f64, Vec<usize>); CLASSES] = Default::default();
        let mut sums = [0.0; CLASSES];
        for (value, &probability) in digit.prediction.probabilities().iter().enumerate() {
            for sum in 0..CLASSES {
                let next = (sum + checked(value, place)) % CLASSES;
                let probability = f64::from(probability);
                sums[next] += all[sum] * probability;
                if best[sum].0 * probability > longer[next].0 {
                    let mut values = best[sum].1.clone();
                    values.push(value);
                    longer[next] = (best[sum].0 * probability, values);
                }
            }
        }
        (best, all) = (longer, sums);
    }
    let (fits, factor) = super::weigh(super::top_probability(&digits), best[0].0, all[0]);
    if fits {
        for (digit, &value) in digits.iter_mut().rev().zip(&best[0].1) {
            digit.digit = Digit::ALL[value];
        }
    }
    number.multiply_probability(factor);
    fits
}

/// What a digit adds to the checksum. Every second digit from the right is doubled.
fn checked(value: usize, place: usize) -> usize {
    let doubled = value * (1 + place % 2);
    doubled / 10 + doubled % 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn card_numbers_have_checksum_zero() {
        let cases = [
            ("4111111111111111", 0, "the example of a card"),
            (
                "79927398713",
                0,
                "the example of the standard's Wikipedia article",
            ),
            ("79927398710", 7, "three less"),
        ];
        for (text, expected, reason) in cases {
            let digits = text.bytes().rev().map(|byte| usize::from(byte - b'0'));
            let sum: usize = digits
                .enumerate()
                .map(|(place, value)| checked(value, place))
                .sum();
            assert_eq!(sum % 10, expected, "{reason}");
        }
    }
}
