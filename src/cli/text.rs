//! Figures as a person reads them.

use std::iter;

use crate::{
    bitmap::CLASSES,
    evaluation::{Figures, rounded_percent},
};

/// "97.66 %" of 0.9766.
pub(super) fn percent(part: f64) -> String {
    format!("{} %", rounded_percent(part, 2))
}

/// The same; a dash where there is nothing to be a part of.
pub(super) fn percent_or_dash(part: Option<f64>) -> String {
    part.map_or_else(|| "–".to_owned(), percent)
}

/// The confusion table with each digit's recall beside its row and its precision below its column, over
/// several lines.
pub(super) fn confusion(figures: &Figures) -> String {
    let line = |(digit, row): (usize, &[usize; CLASSES])| {
        let cells = row.map(|count| format!("{count:>6}")).join(" ");
        let recall = percent_or_dash(figures.classes[digit].recall);
        format!("{digit:>9} {cells} {recall:>10}\n")
    };
    let heading = "    digit   read as 0 … 9, then recall\n".to_owned();
    let rows = figures.evaluation.confusion.iter().enumerate().map(line);
    let precisions = figures
        .classes
        .map(|class| class.precision)
        .map(|part| part.map_or_else(|| "–".to_owned(), |part| rounded_percent(part, 1)))
        .map(|precision| format!("{precision:>6}"))
        .join(" ");
    let foot = format!("precision {precisions}\n");
    iter::once(heading)
        .chain(rows)
        .chain(iter::once(foot))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{bitmap::Digit, evaluation::Reading, model::calibration::Calibration};

    #[test]
    fn what_is_not_all_is_not_called_so_nor_what_is_not_nothing() {
        let cases = [
            (0.0, "0.00 %", "nothing"),
            (1.0 / 40_000.0, "<0.01 %", "one of 40,000"),
            (1.0 / 10_000.0, "0.01 %", "one of 10,000"),
            (0.9766, "97.66 %", "as usual"),
            (9_999.0 / 10_000.0, "99.99 %", "all of 10,000 but one"),
            (39_999.0 / 40_000.0, ">99.99 %", "all of 40,000 but one"),
            (1.0, "100.00 %", "all"),
        ];
        for (part, expected, reason) in cases {
            assert_eq!(percent(part), expected, "{reason}");
        }
        assert_eq!(
            rounded_percent(0.9996, 1),
            ">99.9",
            "fewer digits, likewise"
        );
        assert_eq!(rounded_percent(0.0004, 1), "<0.1", "at the other end too");
        assert_eq!(percent_or_dash(None), "–", "of none");
    }

    #[test]
    fn a_digit_without_examples_has_no_accuracy() {
        let [mut three, mut eight] = [[0.0; CLASSES]; 2];
        three[3] = 9.0;
        eight[8] = 9.0;
        let logits = [three, three, three, eight];
        let calibration = Calibration::default();
        let readings =
            logits.map(|logits| Reading::of_logits(&logits, Digit::ALL[3], &calibration));
        let figures = Figures::of(&logits, &readings, &calibration);
        let text = confusion(&figures);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines.len(),
            12,
            "a heading, ten rows, the precisions:\n{text}"
        );
        assert!(lines[4].ends_with("75.00 %"), "three of four 3s:\n{text}");
        assert!(lines[9].ends_with('–'), "no 8 was shown:\n{text}");
        let precisions: Vec<&str> = lines[11].split_whitespace().skip(1).collect();
        let expected = ["–", "–", "–", "100.0", "–", "–", "–", "–", "0.0", "–"];
        assert_eq!(precisions, expected, "what was read as 8 is none:\n{text}");
    }
}
