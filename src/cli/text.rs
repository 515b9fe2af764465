//! The confusion matrix as text.

use std::iter;

use crate::{bitmap::CLASSES, evaluation::Figures, format};

/// The confusion table with each digit's recall beside its row and its precision below its column, over
/// several lines.
pub(super) fn confusion(figures: &Figures) -> String {
    let line = |(digit, row): (usize, &[usize; CLASSES])| {
        let cells = row.map(|count| format!("{count:>6}")).join(" ");
        let recall = format::percent_or_dash(figures.classes[digit].recall, 2);
        format!("{digit:>9} {cells} {recall:>10}\n")
    };
    let heading = "    digit   read as 0 … 9, then recall\n".to_owned();
    let rows = figures.evaluation.confusion.iter().enumerate().map(line);
    let precisions = figures
        .classes
        .map(|class| class.precision)
        .map(|part| part.map_or_else(|| "–".to_owned(), |part| format::percent_number(part, 1)))
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
        assert!(
            lines[4].ends_with("75.00\u{a0}%"),
            "three of four 3s:\n{text}"
        );
        assert!(lines[9].ends_with('–'), "no 8 was shown:\n{text}");
        let precisions: Vec<&str> = lines[11].split_whitespace().skip(1).collect();
        let expected = ["–", "–", "–", "100.0", "–", "–", "–", "–", "0.0", "–"];
        assert_eq!(precisions, expected, "what was read as 8 is none:\n{text}");
    }
}
