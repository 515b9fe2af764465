//! Where the examples of a training come from, in words that a file can hold.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{
    Dataset,
    pen::{self, Fold, PenExamples},
};
use crate::{
    error::{DatasetError, InkError, Refusal},
    ink,
};

/// One hand in so many is not learnt from: what confidence means is found with it.
const CALIBRATION: Fold = Fold::new(0, 12);
/// Fewer digits than this say nothing of the one in 200 that may be lost: they are learnt from instead.
const LEAST_CALIBRATION: usize = 200;
/// One's own drawings are to be one in so many of what is learnt from, and each is repeated for it, but no more than
/// [`MOST_REPEATS`] times. Seen once an epoch beside MNIST (as `--ink`), 20 drawings of a hand raise what preset `quick`
/// reads of it by 1 to 4 points alone; seen 20 times, from 87-93 % to 95-100 % of four hands in five.
const HAND_SHARE: usize = 100;
/// The most that each of one's own drawings is repeated.
const MOST_REPEATS: usize = 20;

/// Where the examples of a training come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataSource {
    /// The folder of four files; `None` is the built-in MNIST.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// Ink files to learn from as well.
    pub ink: Vec<PathBuf>,
    /// The hands of the ink that are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leave_out: Option<Fold>,
    /// An ink file of one's own hand. All of its digits are learnt from, each several times; a file that is missing or
    /// empty is no drawings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hand: Option<PathBuf>,
    /// How many drawings of that file are meant, from its first on: it may have grown since. `None` is all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hand_count: Option<usize>,
}

impl DataSource {
    /// The same with paths that hold wherever the program is started next.
    #[must_use]
    pub fn absolute(self) -> Self {
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        Self {
            folder: self.folder.map(absolute),
            ink: self.ink.into_iter().map(absolute).collect(),
            leave_out: self.leave_out,
            hand: self.hand.map(absolute),
            hand_count: self.hand_count,
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
            records.extend(read_ink(file)?);
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
        let (calibration, learnt): (Vec<_>, Vec<_>) = records
            .iter()
            .partition(|record| CALIBRATION.has(record.writer.as_deref()));
        let calibration = pen::digits(calibration);
        let (calibration, learnt) = if calibration.len() < LEAST_CALIBRATION || learnt.is_empty() {
            (PenExamples::default().digits, records.iter().collect())
        } else {
            (calibration, learnt)
        };
        dataset.pen = PenExamples::learnt(learnt);
        dataset.calibration = calibration;
        dataset.source = self.clone();
        self.add_hand(&mut dataset)?;
        Ok(dataset)
    }

    /// Adds the drawings of one's own hand, and notes how many there are now.
    fn add_hand(&self, dataset: &mut Dataset) -> Result<(), DatasetError> {
        let Some(file) = &self.hand else {
            return Ok(());
        };
        let mut records = ink::file::read_if_any(file).map_err(unread)?;
        records.truncate(self.hand_count.unwrap_or(usize::MAX));
        let digits = pen::digits(&records);
        if digits.is_empty() {
            dataset.source.hand = None;
            dataset.source.hand_count = None;
            return Ok(());
        }
        let wanted = dataset.train.len() / HAND_SHARE;
        let times = (wanted / digits.len()).clamp(1, MOST_REPEATS);
        dataset.pen.repeat(&digits, times);
        dataset.source.hand_count = Some(records.len());
        Ok(())
    }
}

fn read_ink(file: &Path) -> Result<Vec<ink::file::InkRecord>, DatasetError> {
    ink::file::read(file).map_err(unread)
}

fn unread(error: InkError) -> DatasetError {
    match error {
        InkError::Io(error) => DatasetError::Io(error),
        InkError::Refused(refusal) => DatasetError::Refused(refusal),
    }
}

#[cfg(test)]
mod tests {
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
                "a single hand is learnt, whatever its name",
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

    /// Beside MNIST, so many drawings of 1s by an own hand.
    fn of_own_hand(folder: &Path, count: usize) -> DataSource {
        let mut source = of_hands(folder, &[("emil", count)]);
        source.hand = source.ink.pop();
        source
    }

    #[test]
    fn ones_own_drawings_are_learnt_several_times_each() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let cases = [
            (1, 20, "no more than 20 times each"),
            (20, 400, "these too"),
            (45, 585, "about one in a hundred"),
            (300, 600, "twice"),
            (601, 601, "once at least, and none calibrates"),
        ];
        for (count, expected, reason) in cases {
            let source = of_own_hand(folder.path(), count);
            let dataset = source.read().expect("reads");
            let digits = &dataset.pen.digits;
            assert_eq!(digits.len(), expected, "{count}: {reason}");
            assert_eq!(digits.labels(), vec![1; expected], "{count}: all labelled");
            assert!(dataset.pen.non_digits.is_empty(), "{count}: digits alone");
            assert!(dataset.calibration.is_empty(), "{count}: all are learnt");
        }
    }

    #[test]
    fn without_own_drawings_all_is_as_before() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("hand.jsonl");
        let source = DataSource {
            hand: Some(path.clone()),
            ..DataSource::default()
        };
        let is_as_before = || {
            let dataset = source.read().expect("no drawings are no error");
            dataset.pen.digits.is_empty() && dataset.source == DataSource::default()
        };
        assert!(is_as_before(), "no file");
        std::fs::write(&path, "").expect("writes");
        assert!(is_as_before(), "an empty one");
        std::fs::write(&path, "notes").expect("writes");
        assert!(source.read().is_err(), "what is no ink is refused");
    }

    #[test]
    fn drawings_that_came_later_are_left_out_where_a_training_goes_on() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let before = of_own_hand(folder.path(), 2).read().expect("reads");
        let path = before.source.hand.as_deref().expect("it is named");
        let record = ink::file::read(path).expect("reads").remove(0);
        ink::file::append(path, &record).expect("adds");
        let after = before.source.read().expect("reads");
        let lens = [&before, &after].map(|dataset| dataset.pen.digits.len());
        assert_eq!(lens, [40, 40], "the same two");
    }
}
