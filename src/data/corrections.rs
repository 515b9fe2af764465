//! Drawings of one's own to learn from.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::ink_set::{self, InkExamples};
use crate::{
    error::InkError,
    ink::file::{self, InkRecord},
};

/// One's own drawings are to be one in so many of what is learned from, and each is repeated for it, but no more than
/// [`MAX_REPEATS`] times. Seen once an epoch beside MNIST (as `--ink`), 20 drawings of a hand raise what preset `quick`
/// reads of it by 1 to 4 points alone; seen 20 times, from 87-93 % to 95-100 % of four hands in five.
const SHARE: usize = 100;
/// The most that each of one's own drawings is repeated.
const MAX_REPEATS: usize = 20;

/// Drawings of one's own, each with what it is: a digit or, by any other label, none.
///
/// A training holds them themselves, not where they lie, so that it goes on with the very same, whatever is kept or
/// forgotten meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Corrections {
    /// The lines of an ink file.
    lines: String,
}

impl Corrections {
    /// Those in an ink file that have a label; a file that is missing or empty has none.
    ///
    /// # Errors
    /// As [`file::read`].
    pub fn read(path: &Path) -> Result<Self, InkError> {
        Self::of(&file::read_if_exists(path)?)
    }

    /// Those of these drawings that have a label.
    fn of(records: &[InkRecord]) -> Result<Self, InkError> {
        let labeled = records.iter().filter(|record| record.label.is_some());
        let labeled: Vec<InkRecord> = labeled.cloned().collect();
        Ok(Self {
            lines: file::to_text(&labeled)?,
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.lines.lines().count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Their pictures, each once.
    ///
    /// # Errors
    /// When its lines are no ink, as in a checkpoint that was changed by hand.
    pub(crate) fn examples(&self) -> Result<InkExamples, InkError> {
        let records = file::from_text(&self.lines, "one's own drawings")?;
        Ok(ink_set::labeled(&records))
    }
}

/// How often each of so many drawings of one's own is seen in an epoch, beside so many other examples.
pub(crate) fn repeats(drawings: usize, others: usize) -> usize {
    (others / SHARE / drawings.max(1)).clamp(1, MAX_REPEATS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{bitmap::PIXELS, error::InkError};

    #[test]
    fn what_has_a_label_is_learnt_and_nothing_else() -> Result<(), InkError> {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("corrections.jsonl");
        assert!(Corrections::read(&path)?.is_empty(), "no file");
        std::fs::write(&path, "\n").expect("writes");
        assert!(Corrections::read(&path)?.is_empty(), "an empty one");
        let line =
            |label: &str| format!(r#"{{{label}"strokes": [[[0.5, 0.1], [0.5, 0.9]]]}}"#) + "\n";
        let labels = [
            r#""label": 1, "#,
            "",
            r#""label": "none", "#,
            r#""label": 1, "#,
        ];
        std::fs::write(&path, labels.map(line).concat()).expect("writes");
        let hand = Corrections::read(&path)?;
        assert_eq!(hand.len(), 3, "one says nothing");
        let examples = hand.examples()?;
        assert_eq!(examples.digits.labels(), [1, 1], "the digits, each once");
        assert_eq!(examples.non_digits.len(), PIXELS, "and what is none");
        std::fs::write(&path, "notes").expect("writes");
        assert!(
            Corrections::read(&path).is_err(),
            "what is no ink is refused"
        );
        Ok(())
    }

    #[test]
    fn each_is_seen_several_times_but_all_together_are_few() {
        let cases = [
            (1, 48_000, 20, "no more than 20 times each"),
            (20, 48_000, 20, "these too"),
            (45, 48_000, 10, "about one in a hundred"),
            (300, 48_000, 1, "once at least"),
            (20, 480, 1, "beside few others as well"),
            (0, 48_000, 20, "none at all"),
        ];
        for (drawings, others, expected, reason) in cases {
            assert_eq!(repeats(drawings, others), expected, "{reason}");
        }
    }
}
