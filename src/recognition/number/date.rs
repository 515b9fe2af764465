//! Dates.

use super::Number;
use crate::bitmap::{CLASSES, Digit};

/// The numbers of digits of a date.
pub(super) const LENGTHS: [usize; 2] = [6, 8];

/// The places of the day, the month and the year in a date of six digits. A year of four digits moves what follows it.
const ORDERS: [[usize; 3]; 3] = [[0, 2, 4], [2, 0, 4], [4, 2, 0]];
/// The days of the months in a leap year.
const DAYS: [usize; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/// The years of a date of eight digits.
const YEARS: std::ops::Range<usize> = 1000..3000;

/// The most probable digits so far, with their probability.
#[derive(Default)]
struct LikeliestDate {
    probability: f64,
    /// Value, place and number of digits of each part.
    parts: [[usize; 3]; 3],
}

/// Chooses the most probable digits that are a date, each independent of the others. Returns whether there are any.
pub(super) fn apply(number: &mut Number) -> bool {
    let mut digits = super::digits_of(&mut number.digits);
    if !LENGTHS.contains(&digits.len()) {
        return false;
    }
    let probabilities: Vec<[f32; CLASSES]> = digits
        .iter()
        .map(|digit| *digit.prediction.probabilities())
        .collect();
    let (best, all) = best_date(&probabilities);
    if best.probability <= 0.0 {
        return false;
    }
    for [value, place, count] in best.parts {
        for (digit, value) in digits[place..place + count]
            .iter_mut()
            .zip(digits_of(value, count))
        {
            digit.digit = Digit::ALL[value];
        }
    }
    // Given that it is a date, the digits are so much more probable.
    number.probability = (f64::from(number.probability) / all) as f32;
    true
}

/// The most probable date, and at least the probability of all dates: some are dates in several orders.
fn best_date(probabilities: &[[f32; CLASSES]]) -> (LikeliestDate, f64) {
    let year_digits = probabilities.len() - 4;
    let (mut best, mut all) = (LikeliestDate::default(), 0.0);
    for order in ORDERS {
        let [day_at, month_at, year_at] = order.map(|place| {
            let moves = order[2] < place;
            place + if moves { year_digits - 2 } else { 0 }
        });
        let of = |value: usize, place: usize, count: usize| -> f64 {
            let digits = digits_of(value, count).zip(&probabilities[place..]);
            digits.map(|(digit, own)| f64::from(own[digit])).product()
        };
        let years = if year_digits == 2 { 0..100 } else { YEARS };
        // The best year with its probability, and the sum over all years; then the same of leap years.
        let mut found = [(0.0, 0, 0.0); 2];
        for year in years {
            let probability = of(year, year_at, year_digits);
            let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            for (best, value, sum) in found.iter_mut().take(1 + usize::from(is_leap)) {
                *sum += probability;
                if probability > *best {
                    (*best, *value) = (probability, year);
                }
            }
        }
        for (month, days) in (1..).zip(DAYS) {
            for day in 1..=days {
                let (best_year, year, sum) = found[usize::from((month, day) == (2, 29))];
                let own = of(day, day_at, 2) * of(month, month_at, 2);
                all += own * sum;
                if own * best_year > best.probability {
                    let parts = [
                        [day, day_at, 2],
                        [month, month_at, 2],
                        [year, year_at, year_digits],
                    ];
                    best = LikeliestDate {
                        probability: own * best_year,
                        parts,
                    };
                }
            }
        }
    }
    (best, all)
}

/// The digits of a value, the first one first.
fn digits_of(value: usize, count: usize) -> impl Iterator<Item = usize> {
    let power = move |place: usize| 10_usize.pow((count - 1 - place) as u32);
    (0..count).map(move |place| value / power(place) % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The best date where the digits are those of the text, but the one at a place may be one less.
    fn best(text: &str, doubtful: usize) -> String {
        let probabilities: Vec<[f32; CLASSES]> = text
            .bytes()
            .enumerate()
            .map(|(place, byte)| {
                let digit = usize::from(byte - b'0');
                let mut own = [1e-6; CLASSES];
                own[digit] = 0.9;
                if place == doubtful {
                    own[digit - 1] = 0.1;
                }
                own
            })
            .collect();
        let mut digits = vec![0; text.len()];
        for [value, place, count] in best_date(&probabilities).0.parts {
            for (index, digit) in digits_of(value, count).enumerate() {
                digits[place + index] = digit;
            }
        }
        digits.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_most_probable_digits_are_a_date() {
        let cases = [
            ("31122024", 1, "31122024", "day, month, year"),
            ("12312024", 1, "12312024", "month, day, year"),
            ("20241231", 0, "20241231", "year, month, day"),
            ("311224", 1, "311224", "a year of two digits"),
            ("32122024", 1, "31122024", "no month has 32 days"),
            ("31042024", 1, "30042024", "April has 30 days"),
            ("29022023", 1, "28022023", "no leap year"),
            ("29022024", 1, "29022024", "a leap year"),
            ("29021900", 1, "28021900", "a century that is none"),
            ("29022000", 1, "29022000", "a century that is one"),
        ];
        for (text, doubtful, expected, reason) in cases {
            assert_eq!(best(text, doubtful), expected, "{reason}");
        }
    }
}
