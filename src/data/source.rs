//! Where the examples of a training come from, in words that a file can hold.

mod written;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{
    Dataset,
    corrections::Hand,
    ink_set::{self, Fold, PenExamples},
};
use crate::{
    error::{DatasetError, Refusal},
    ink,
};

/// One hand in so many is not learned from: what confidence means is found with it.
const CALIBRATION: Fold = Fold::new(0, 12);
/// Fewer digits than this say nothing of the one in 200 that may be lost: they are learned from instead.
const LEAST_CALIBRATION: usize = 200;

/// Where the examples of a training come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataSource {
    /// The folder of four files; `None` is the built-in MNIST.
    #[serde(with = "written::one", skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// Ink files to learn from as well.
    #[serde(with = "written::many")]
    pub ink: Vec<PathBuf>,
    /// The hands of the ink that are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leave_out: Option<Fold>,
    /// Drawings of one's own. All of them are learned from, each several times.
    #[serde(skip_serializing_if = "Hand::is_empty")]
    pub hand: Hand,
}

impl DataSource {
    /// The data set in a folder.
    pub fn of_folder(folder: PathBuf) -> Self {
        Self {
            folder: Some(folder),
            ..Self::default()
        }
    }

    /// Whether the data set is the built-in MNIST.
    pub fn is_mnist(&self) -> bool {
        self.folder.is_none()
    }

    /// The same with paths that hold wherever the program is started next.
    #[must_use]
    pub fn absolute(self) -> Self {
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        Self {
            folder: self.folder.map(absolute),
            ink: self.ink.into_iter().map(absolute).collect(),
            leave_out: self.leave_out,
            hand: self.hand,
        }
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// As [`Dataset::mnist`] and [`Dataset::from_folder`], and if an ink file cannot be read or is none.
    pub fn read(&self) -> Result<Dataset, DatasetError> {
        let mut dataset = match &self.folder {
            Some(folder) => Dataset::from_folder(folder)?,
            None => Dataset::mnist()?,
        };
        let mut records = Vec::new();
        for file in &self.ink {
            records.extend(ink::file::read(file)?);
        }
        let all = records.len();
        if let Some(fold) = self.leave_out {
            records.retain(|record| !fold.has(record.writer.as_deref()));
            if all > 0 && records.is_empty() {
                return Err(DatasetError::Refused(Refusal::new(
                    format!("leave out the hands of {fold}"),
                    format!("that all {all} drawings are theirs"),
                    "other hands to learn from",
                    "leave out another fold, or add ink of other hands",
                )));
            }
        }
        let (calibration, learned): (Vec<_>, Vec<_>) = records
            .iter()
            .partition(|record| CALIBRATION.has(record.writer.as_deref()));
        let calibration = ink_set::digits(calibration);
        let (calibration, learned) = if calibration.len() < LEAST_CALIBRATION || learned.is_empty()
        {
            (PenExamples::default().digits, records.iter().collect())
        } else {
            (calibration, learned)
        };
        dataset.pen = PenExamples::learned(learned);
        dataset.calibration = calibration;
        dataset.hand = self.hand.examples()?;
        dataset.source = self.clone();
        Ok(dataset)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// A source of so many 1s by each hand besides MNIST.
    fn of_hands(folder: &Path, hands: &[(&str, usize)]) -> DataSource {
        let path = folder.join("ink.jsonl");
        let line = |name: &str| {
            format!(r#"{{"label": 1, "writer": "{name}", "strokes": [[[5, 1], [5, 9]]]}}"#) + "\n"
        };
        let lines = hands.iter().map(|&(name, count)| line(name).repeat(count));
        std::fs::write(&path, lines.collect::<String>()).expect("writes");
        DataSource {
            ink: vec![path],
            ..DataSource::default()
        }
    }

    #[test]
    fn hands_calibrate_where_there_are_enough_of_their_digits() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let calibrates = ["emil", "me"].map(|name| CALIBRATION.has(Some(name)));
        assert_eq!(calibrates, [true, false], "one of each kind");
        let cases: [(&[_], _, &str); 5] = [
            (
                &[("emil", 2)],
                (2, 0),
                "a single hand is learned, whatever its name",
            ),
            (&[("emil", 300)], (300, 0), "however much there is of it"),
            (&[("me", 2)], (2, 0), "nor has the other a choice"),
            (
                &[("emil", 199), ("me", 2)],
                (201, 0),
                "too few to say anything",
            ),
            (&[("emil", 200), ("me", 2)], (2, 200), "enough"),
        ];
        for (hands, expected, reason) in cases {
            let dataset = of_hands(folder.path(), hands).read().expect("reads");
            let counts = (dataset.pen.digits.len(), dataset.calibration.len());
            assert_eq!(counts, expected, "{reason}");
        }
    }

    #[test]
    fn leaving_out_the_only_hand_is_refused() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let source = of_hands(folder.path(), &[("me", 2)]);
        let read = |fold| {
            let leave_out = Some(fold);
            DataSource {
                leave_out,
                ..source.clone()
            }
            .read()
        };
        let (one, other) = (Fold::new(0, 2), Fold::new(1, 2));
        let (its, others) = if one.has(Some("me")) {
            (one, other)
        } else {
            (other, one)
        };
        let refusal = read(its).expect_err("nothing is left").to_string();
        assert!(refusal.contains("all 2 drawings"), "{refusal}");
        assert!(read(others).is_ok(), "the other half of no hands");
    }
}
