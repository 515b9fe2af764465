//! Figures as a person reads them.

use std::iter;

use crate::{bitmap::CLASSES, measurement::Figures};

/// "97.66 %" of 0.9766.
pub(super) fn percent(part: f64) -> String {
    format!("{:.2} %", part * 100.0)
}

/// "97.7" of 0.9766.
fn tenths(part: f64) -> String {
    format!("{:.1}", part * 100.0)
}

/// The confusion table with each digit's recall beside its row and its precision below its column, over
/// several lines.
pub(super) fn confusion(figures: &Figures) -> String {
    let part = |part: Option<f64>| part.map_or_else(|| "–".to_owned(), percent);
    let line = |(digit, row): (usize, &[usize; CLASSES])| {
        let cells = row.map(|count| format!("{count:>6}")).join(" ");
        let recall = part(figures.classes[digit].recall);
        format!("{digit:>9} {cells} {recall:>10}\n")
    };
    let heading = "    digit   read as 0 … 9, then recall\n".to_owned();
    let rows = figures.evaluation.confusion.iter().enumerate().map(line);
    let precisions = figures
        .classes
        .map(|class| class.precision.map_or_else(|| "–".to_owned(), tenths))
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
    use crate::{bitmap::Digit, measurement::Reading, model::calibration::Calibration};

    #[test]
    fn a_digit_without_examples_has_no_accuracy() {
        let [mut three, mut eight] = [[0.0; CLASSES]; 2];
        three[3] = 9.0;
        eight[8] = 9.0;
        let logits = [three, three, three, eight];
        let calibration = Calibration::default();
        let readings =
            logits.map(|logits| Reading::of_logits(&logits, Digit::ALL[3], &calibration));
        let figures = Figures::of(&logits, &readings);
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
