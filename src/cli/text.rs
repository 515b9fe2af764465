//! Figures as a person reads them.

use std::iter;

use crate::{bitmap::CLASSES, training::evaluation::Evaluation};

/// "97.66 %" of 0.9766.
pub(super) fn percent(part: f64) -> String {
    format!("{:.2} %", part * 100.0)
}

/// The part of each digit's examples that was read rightly, 0..=1; `None` where there are none.
pub(super) fn per_class(evaluation: &Evaluation) -> [Option<f64>; CLASSES] {
    std::array::from_fn(|digit| {
        let row = &evaluation.confusion[digit];
        let count: usize = row.iter().sum();
        (count > 0).then(|| row[digit] as f64 / count as f64)
    })
}

/// The confusion table with each digit's accuracy beside its row, over several lines.
pub(super) fn confusion(evaluation: &Evaluation) -> String {
    let line = |(digit, (row, part)): (usize, (&[usize; CLASSES], Option<f64>))| {
        let cells = row.map(|count| format!("{count:>6}")).join(" ");
        let part = part.map_or_else(|| "–".to_owned(), percent);
        format!("{digit:>5} {cells} {part:>10}\n")
    };
    let rows = evaluation
        .confusion
        .iter()
        .zip(per_class(evaluation))
        .enumerate();
    let heading = "digit   read as 0 … 9\n".to_owned();
    iter::once(heading).chain(rows.map(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digit_without_examples_has_no_accuracy() {
        let mut evaluation = Evaluation::of_logits(std::iter::empty());
        evaluation.confusion[3][3] = 3;
        evaluation.confusion[3][8] = 1;
        let parts = per_class(&evaluation);
        assert_eq!(parts[3], Some(0.75), "three of four");
        assert_eq!(parts[8], None, "no 8 was shown, though one was read");
        let text = confusion(&evaluation);
        assert_eq!(text.lines().count(), 11, "a heading and ten rows:\n{text}");
        assert!(text.contains("75.00 %"), "beside its row:\n{text}");
    }
}
