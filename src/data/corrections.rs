//! The user's corrections: drawings with the label that the user gave them.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Examples;
use crate::{
    bitmap::{Digit, PIXELS},
    error::InputError,
    ink::file::{self, InkRecord, Label},
};

/// Corrections repeat until they are one in this many training examples, at most [`MAX_REPEATS`] times each. Of a
/// writer whom preset `quick` recognized at 87 to 93 %, 20 corrections seen once an epoch gain 1 to 4 points; seen 20
/// times, they bring four writers of five to 95 to 100 %.
const SHARE: usize = 100;
/// The maximum number of repeats of each correction in an epoch.
const MAX_REPEATS: usize = 20;

/// A correction as an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Its digit; `None` for a non-digit.
    pub digit: Option<Digit>,
    /// Row by row from the top left, 0 is paper and 255 is ink.
    pub image: [u8; PIXELS],
}

/// Drawings with labels: digits, and non-digits under any other label.
///
/// A checkpoint stores these drawings, not their file. So a resumed training has the same data, even if the user
/// saves or removes corrections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Corrections {
    /// The lines of an ink file.
    lines: String,
}

impl Corrections {
    /// Reads the labeled drawings of an ink file. A missing or empty file has none.
    ///
    /// # Errors
    /// As [`file::read`].
    pub fn read(path: &Path) -> Result<Self, InputError> {
        let mut records = file::read_if_exists(path)?;
        records.retain(is_labeled);
        Ok(Self {
            lines: file::to_text(&records)?,
        })
    }

    /// The drawings of these lines, which [`Corrections::examples`] checks.
    pub(crate) fn from_lines(lines: String) -> Self {
        Self { lines }
    }

    /// The lines of an ink file.
    pub(crate) fn lines(&self) -> &str {
        &self.lines
    }

    /// The number of corrections.
    pub fn len(&self) -> usize {
        self.lines.lines().count()
    }

    /// Whether there is no correction.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Their images, each once, in the order of the file.
    ///
    /// # Errors
    /// If the lines are not ink, as in an edited checkpoint.
    pub(crate) fn images(&self) -> Result<Vec<Correction>, InputError> {
        let records = file::from_text(&self.lines, "the corrections")?;
        let correction = |record: &InkRecord| {
            Some(Correction {
                digit: match record.label.as_ref()? {
                    Label::Digit(digit) => Some(*digit),
                    Label::Number(_) | Label::Other(_) => None,
                },
                image: record.bitmap()?.to_bytes(),
            })
        };
        Ok(records.iter().filter_map(correction).collect())
    }
}

/// The digits among these corrections.
pub(crate) fn digits(corrections: &[Correction]) -> Examples {
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    for Correction { digit, image } in corrections {
        if let Some(digit) = digit {
            images.extend(image);
            labels.push(digit.value());
        }
    }
    Examples::from_parts(images, labels)
}

/// Whether training learns from a saved drawing.
pub(crate) fn is_labeled(record: &InkRecord) -> bool {
    record.label.is_some()
}

/// The repeats of each correction in an epoch, given the number of corrections and of other examples.
pub(crate) fn repeats(corrections: usize, others: usize) -> usize {
    (others / SHARE / corrections.max(1)).clamp(1, MAX_REPEATS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labeled_drawings_are_corrections() -> Result<(), InputError> {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("corrections.jsonl");
        assert!(Corrections::read(&path)?.is_empty(), "no file");
        std::fs::write(&path, "\n").expect("writes");
        assert!(Corrections::read(&path)?.is_empty(), "an empty file");
        let line =
            |label: &str| format!(r#"{{{label}"strokes": [[[0.5, 0.1], [0.5, 0.9]]]}}"#) + "\n";
        let labels = [
            r#""label": 1, "#,
            "",
            r#""label": "none", "#,
            r#""label": 1, "#,
        ];
        std::fs::write(&path, labels.map(line).concat()).expect("writes");
        let corrections = Corrections::read(&path)?;
        assert_eq!(corrections.len(), 3, "one has no label");
        let images = corrections.images()?;
        let digits: Vec<_> = images.iter().map(|it| it.digit).collect();
        let one = Some(Digit::ALL[1]);
        assert_eq!(digits, [one, None, one], "in the order of the file");
        assert_eq!(super::digits(&images).labels(), [1, 1], "each digit once");
        std::fs::write(&path, "notes").expect("writes");
        let error = Corrections::read(&path).expect_err("not ink");
        assert!(matches!(error, InputError::Refused(_)), "{error:?}");
        Ok(())
    }

    #[test]
    fn corrections_repeat_up_to_one_percent() {
        let cases = [
            (1, 48_000, 20, "at most 20 times each"),
            (20, 48_000, 20, "at most 20 times each"),
            (45, 48_000, 10, "about one in a hundred"),
            (300, 48_000, 1, "at least once"),
            (20, 480, 1, "at least once beside few examples"),
            (0, 48_000, 20, "no division by zero"),
        ];
        for (corrections, others, expected, reason) in cases {
            assert_eq!(repeats(corrections, others), expected, "{reason}");
        }
    }
}
