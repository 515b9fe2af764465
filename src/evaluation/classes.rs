//! Precision and recall of each digit.

use serde::Serialize;

use crate::bitmap::CLASSES;

/// How well one digit is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct ClassMetrics {
    /// How many pictures show it.
    pub shown: usize,
    /// How many were read as it.
    pub read: usize,
    /// The part of what was read as it that is it, 0..=1; `None` where nothing was.
    pub precision: Option<f64>,
    /// The part of what shows it that was read as it, 0..=1; `None` where nothing does.
    pub recall: Option<f64>,
}

/// The figures of each digit, from how often a digit (row) was read as a digit (column).
pub fn of_confusion(confusion: &[[usize; CLASSES]; CLASSES]) -> [ClassMetrics; CLASSES] {
    std::array::from_fn(|digit| {
        let shown: usize = confusion[digit].iter().sum();
        let read: usize = confusion.iter().map(|row| row[digit]).sum();
        let right = confusion[digit][digit];
        let part = |whole: usize| (whole > 0).then(|| right as f64 / whole as f64);
        ClassMetrics {
            shown,
            read,
            precision: part(read),
            recall: part(shown),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_a_small_table() {
        let mut confusion = [[0; CLASSES]; CLASSES];
        // Three 4s are read, one is taken for a 9; five 9s are read; a 7 is taken for a 9.
        confusion[4][4] = 3;
        confusion[4][9] = 1;
        confusion[9][9] = 5;
        confusion[7][9] = 1;
        let figures = of_confusion(&confusion);
        let cases = [
            (4, 4, 3, Some(1.0), Some(0.75), "one of its four is missed"),
            (
                9,
                5,
                7,
                Some(5.0 / 7.0),
                Some(1.0),
                "two others are taken for it",
            ),
            (
                7,
                1,
                0,
                None,
                Some(0.0),
                "never read, so nothing is known of its precision",
            ),
            (0, 0, 0, None, None, "neither shown nor read"),
        ];
        for (digit, shown, read, precision, recall, reason) in cases {
            let expected = ClassMetrics {
                shown,
                read,
                precision,
                recall,
            };
            assert_eq!(figures[digit], expected, "{digit}: {reason}");
        }
    }
}
