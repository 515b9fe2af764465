//! Dates.

use super::Number;
use crate::bitmap::{CLASSES, Digit};

/// The numbers of digits of a date.
pub(super) const LENGTHS: [usize; 2] = [6, 8];

/// The places of the day, the month and the year in a date of six digits. A year of four digits moves what follows it.
const ORDERS: [[usize; 3]; 3] = [[0, 2, 4], [2, 0, 4], [4, 2, 0]];
/// The days of the months in a leap year.
const DAYS: [usize; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/// The years of a date of eight digits, from the first whole one of the Gregorian calendar. None of them is the month and
/// the day of a date whose year is first, so that no text of eight digits is such a date and another one.
const YEARS: std::ops::Range<usize> = 1583..3000;

/// The most probable digits so far, with their probability.
#[derive(Default)]
struct LikeliestDate {
    probability: f64,
    /// Value, place and number of digits of each part.
    parts: [[usize; 3]; 3],
}

/// Chooses the most probable digits, each independent of the others, where a date is [`FIT_ODDS`](super::FIT_ODDS) to 1.
/// Returns whether it is one.
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
    let (fits, factor) = super::weigh(super::top_probability(&digits), best.probability, all);
    if fits {
        for [value, place, count] in best.parts {
            for (digit, value) in digits[place..place + count]
                .iter_mut()
                .zip(digits_of(value, count))
            {
                digit.digit = Digit::ALL[value];
            }
        }
    }
    number.multiply_probability(factor);
    fits
}

/// The most probable date, and the probability of all dates.
fn best_date(probabilities: &[[f32; CLASSES]]) -> (LikeliestDate, f64) {
    let year_digits = probabilities.len() - 4;
    let (mut best, mut all) = (LikeliestDate::default(), 0.0);
    for (index, order) in ORDERS.into_iter().enumerate() {
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
            for (best, value, sum) in found.iter_mut().take(1 + usize::from(is_leap(year))) {
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
                // Digits that are a date in an earlier order too count once.
                let counted = match index {
                    1 if day <= 12 => 0.0,
                    2 if year_digits == 2 => {
                        let is_counted = |year: &usize| (month, day) != (2, 29) || is_leap(*year);
                        // As a day of this month in the year of this day.
                        let last = days - usize::from(month == 2 && !is_leap(day));
                        let earlier = (1..=last).filter(is_counted);
                        sum - earlier.map(|year| of(year, year_at, 2)).sum::<f64>()
                    }
                    _ => sum,
                };
                all += own * counted;
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

fn is_leap(year: usize) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
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

    #[test]
    fn each_date_counts_once() {
        let all = |text: &str| {
            let probabilities: Vec<[f32; CLASSES]> = text
                .bytes()
                .map(|byte| {
                    let mut own = [0.0; CLASSES];
                    own[usize::from(byte - b'0')] = 1.0;
                    own
                })
                .collect();
            best_date(&probabilities).1
        };
        let cases = [
            ("31122024", 1.0, "in one order"),
            ("05062024", 1.0, "in two orders"),
            ("20121012", 1.0, "the year first"),
            ("010203", 1.0, "in three orders"),
            ("130203", 1.0, "in two orders"),
            ("290204", 1.0, "29 February 2004"),
            ("290205", 1.0, "5 February 2029"),
            ("320229", 1.0, "29 February 2032"),
            ("454545", 0.0, "no date"),
        ];
        for (text, expected, reason) in cases {
            assert_eq!(all(text), expected, "{text}: {reason}");
        }
        let is_date = |value: &usize| {
            let parts = [value / 10_000, value / 100 % 100, value % 100];
            ORDERS.iter().any(|order| {
                let [day, month, year] = order.map(|place| parts[place / 2]);
                let is_month = (1..=12).contains(&month);
                let last = |month| DAYS[month - 1] - usize::from(month == 2 && !is_leap(year));
                is_month && (1..=last(month)).contains(&day)
            })
        };
        let count = (0..1_000_000).filter(is_date).count();
        let uniform = best_date(&[[0.1; CLASSES]; 6]).1 * 1e6;
        // The probabilities are f32.
        assert!((uniform - count as f64).abs() < 0.1, "{uniform} of {count}");
    }
}
