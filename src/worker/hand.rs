//! The drawings that a person keeps to learn from, in an ink file of the data folder.

use std::path::{Path, PathBuf};

use crate::{
    bitmap::Digit,
    error,
    ink::{
        Ink,
        file::{self, InkRecord, Label},
    },
};

/// The file's name in the data folder.
const FILE_NAME: &str = "hand.jsonl";

/// Something to be done with the drawings that are kept.
#[derive(Clone, Debug, PartialEq)]
pub enum HandTask {
    /// Count them.
    Count,
    /// Keep this one as this digit.
    Keep(Ink, Digit),
    /// Remove the one that came last.
    ForgetLast,
}

/// What came of it, with how many there are now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandOutcome {
    /// They are counted.
    Counted(usize),
    /// One was kept as this digit.
    Kept(Digit, usize),
    /// The last one is gone.
    Forgotten(usize),
}

/// The file in a data folder.
pub fn file_in(data_folder: &Path) -> PathBuf {
    data_folder.join(FILE_NAME)
}

/// Does a task with the file, or says in a whole sentence why not.
pub(super) fn done(path: &Path, task: HandTask) -> Result<HandOutcome, String> {
    let outcome = match task {
        HandTask::Count => file::read_if_any(path).map(|all| HandOutcome::Counted(all.len())),
        HandTask::Keep(ink, digit) => {
            let record = InkRecord {
                label: Some(Label::Digit(digit)),
                writer: None,
                ink,
            };
            file::append(path, &record).map(|count| HandOutcome::Kept(digit, count))
        }
        HandTask::ForgetLast => file::drop_last(path).map(HandOutcome::Forgotten),
    };
    outcome.map_err(|error| error::chain(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ink::{Point, Stroke};

    #[test]
    fn drawings_are_kept_counted_and_forgotten() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = file_in(&folder.path().join("data"));
        let ink: Ink = Stroke::new(vec![Point::new(0.5, 0.5)])
            .into_iter()
            .collect();
        let (four, eight) = (Digit::ALL[4], Digit::ALL[8]);
        let cases = [
            (HandTask::Count, HandOutcome::Counted(0)),
            (HandTask::ForgetLast, HandOutcome::Forgotten(0)),
            (
                HandTask::Keep(ink.clone(), four),
                HandOutcome::Kept(four, 1),
            ),
            (
                HandTask::Keep(ink.clone(), eight),
                HandOutcome::Kept(eight, 2),
            ),
            (HandTask::Count, HandOutcome::Counted(2)),
            (HandTask::ForgetLast, HandOutcome::Forgotten(1)),
        ];
        for (task, expected) in cases {
            assert_eq!(done(&path, task.clone()), Ok(expected), "{task:?}");
        }
        let left = file::read(&path).expect("it is ink");
        let label = Some(Label::Digit(four));
        assert_eq!((&left[0].label, &left[0].ink), (&label, &ink), "as drawn");
        std::fs::write(&path, "notes").expect("writes");
        let refusal = done(&path, HandTask::Count).expect_err("no ink");
        assert!(refusal.contains("hand.jsonl"), "{refusal}");
    }
}
