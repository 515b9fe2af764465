//! The drawings that a person keeps to learn from, in an ink file of the data folder.

use std::path::{Path, PathBuf};

use crate::{
    bitmap::Digit,
    error::{self, InkError},
    files::backup::back_up_invalid,
    ink::{
        Ink,
        file::{self, InkRecord, Label},
    },
};

/// The file's name in the data folder.
const FILE_NAME: &str = "corrections.jsonl";
/// The label of a drawing that is no digit. Any label that is none says so.
const NO_DIGIT: &str = "none";

/// Something to be done with the drawings that are kept.
#[derive(Clone, Debug, PartialEq)]
pub enum CorrectionTask {
    /// Count them.
    Count,
    /// Keep one.
    Save {
        /// The drawing.
        ink: Ink,
        /// The digit that it is; `None` if it is none.
        digit: Option<Digit>,
        /// Tells it from others in the outcome.
        revision: u64,
    },
    /// Remove this one, which was kept so.
    Remove {
        /// The drawing.
        ink: Ink,
        /// The digit that it was kept as; `None` if as none.
        digit: Option<Digit>,
    },
    /// Remove the one that came last.
    RemoveLast,
}

/// What came of it, with how many there are now to learn from.
#[derive(Clone, Debug, PartialEq)]
pub enum CorrectionOutcome {
    /// They are counted.
    Counted(usize),
    /// They cannot be read: the whole sentence.
    Unreadable(String),
    /// One was kept.
    Saved {
        /// As this digit, or as none.
        digit: Option<Digit>,
        /// As the task named it.
        revision: u64,
        /// How many there are.
        count: usize,
    },
    /// One could not be kept: the whole sentence.
    SaveFailed {
        /// As the task named it.
        revision: u64,
        /// Why.
        reason: String,
    },
    /// One is kept no longer.
    Removed {
        /// As this digit, or as none.
        digit: Option<Digit>,
        /// How many there are.
        count: usize,
    },
    /// The last one is gone, or there was none.
    LastRemoved {
        /// The drawing, and what it was kept as.
        last: Option<(Ink, Option<Digit>)>,
        /// How many there are.
        count: usize,
    },
}

/// The file in a data folder.
pub fn file_in(data_folder: &Path) -> PathBuf {
    data_folder.join(FILE_NAME)
}

/// Does a task with the file, or says in a whole sentence why not.
pub(crate) fn done(path: &Path, task: CorrectionTask) -> Result<CorrectionOutcome, String> {
    match task {
        CorrectionTask::Count => Ok(match file::read_if_exists(path) {
            Ok(records) => CorrectionOutcome::Counted(learned(&records)),
            // Nothing could be kept beside it. It is the person's own work, so that it is not removed.
            Err(InkError::Refused(refusal)) => {
                return Err(back_up_invalid(path, &refusal.to_string()));
            }
            Err(error) => CorrectionOutcome::Unreadable(error::chain(&error)),
        }),
        CorrectionTask::Save {
            ink,
            digit,
            revision,
        } => Ok(match file::append(path, &record_of(ink, digit)) {
            Ok(records) => CorrectionOutcome::Saved {
                digit,
                revision,
                count: learned(&records),
            },
            Err(error) => CorrectionOutcome::SaveFailed {
                revision,
                reason: error::chain(&error),
            },
        }),
        CorrectionTask::Remove { ink, digit } => {
            let left = file::remove(path, &record_of(ink, digit));
            let left = left.map_err(|error| error::chain(&error))?;
            Ok(CorrectionOutcome::Removed {
                digit,
                count: learned(&left),
            })
        }
        CorrectionTask::RemoveLast => {
            let (last, left) = file::drop_last(path).map_err(|error| error::chain(&error))?;
            Ok(CorrectionOutcome::LastRemoved {
                last: last.map(|record| (record.ink, digit_of(record.label.as_ref()))),
                count: learned(&left),
            })
        }
    }
}

/// A drawing that is kept so.
fn record_of(ink: Ink, digit: Option<Digit>) -> InkRecord {
    let label = digit.map_or_else(|| Label::Other(NO_DIGIT.to_owned()), Label::Digit);
    InkRecord {
        label: Some(label),
        writer: None,
        ink,
    }
}

/// How many of these are learned from.
fn learned(records: &[InkRecord]) -> usize {
    let has_label = |record: &&InkRecord| record.label.is_some();
    records.iter().filter(has_label).count()
}

fn digit_of(label: Option<&Label>) -> Option<Digit> {
    match label {
        Some(Label::Digit(digit)) => Some(*digit),
        _ => None,
    }
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
        let (four, none) = (Some(Digit::ALL[4]), None);
        let keep = |digit, revision| CorrectionTask::Save {
            ink: ink.clone(),
            digit,
            revision,
        };
        let kept = |digit, revision, count| CorrectionOutcome::Saved {
            digit,
            revision,
            count,
        };
        let take_back = |digit| CorrectionTask::Remove {
            ink: ink.clone(),
            digit,
        };
        let forgotten = |last, count| CorrectionOutcome::LastRemoved { last, count };
        let cases = [
            (CorrectionTask::Count, CorrectionOutcome::Counted(0)),
            (CorrectionTask::RemoveLast, forgotten(None, 0)),
            (keep(four, 7), kept(four, 7, 1)),
            (keep(none, 9), kept(none, 9, 2)),
            (CorrectionTask::Count, CorrectionOutcome::Counted(2)),
            (
                CorrectionTask::RemoveLast,
                forgotten(Some((ink.clone(), none)), 1),
            ),
            // Another window kept one in between.
            (
                keep(Some(Digit::ALL[8]), 11),
                kept(Some(Digit::ALL[8]), 11, 2),
            ),
            (
                take_back(four),
                CorrectionOutcome::Removed {
                    digit: four,
                    count: 1,
                },
            ),
            (
                take_back(four),
                CorrectionOutcome::Removed {
                    digit: four,
                    count: 1,
                },
            ),
        ];
        for (task, expected) in cases {
            assert_eq!(done(&path, task.clone()), Ok(expected), "{task:?}");
        }
        let left = file::read(&path).expect("it is ink");
        let label = Some(Label::Digit(Digit::ALL[8]));
        assert_eq!((&left[0].label, &left[0].ink), (&label, &ink), "as drawn");
    }

    #[test]
    fn a_file_that_is_no_ink_makes_room_and_is_kept() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = file_in(folder.path());
        std::fs::write(&path, "notes").expect("writes");
        let keep = CorrectionTask::Save {
            ink: Ink::default(),
            digit: None,
            revision: 3,
        };
        let outcome = done(&path, keep).expect("an outcome of its own");
        let is_not_kept = matches!(outcome, CorrectionOutcome::SaveFailed { revision: 3, .. });
        assert!(is_not_kept, "{outcome:?}");
        let refusal = done(&path, CorrectionTask::Count).expect_err("no ink");
        assert!(
            refusal.contains("corrections.jsonl.unreadable"),
            "{refusal}"
        );
        let aside = folder.path().join("corrections.jsonl.unreadable");
        let text = std::fs::read_to_string(aside).expect("it is there");
        assert_eq!(text, "notes", "nothing is lost");
        assert_eq!(
            done(&path, CorrectionTask::Count),
            Ok(CorrectionOutcome::Counted(0))
        );
    }

    #[test]
    fn what_cannot_be_read_stays_where_it_is() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = file_in(folder.path());
        std::fs::create_dir(&path).expect("a folder in its place");
        let outcome = done(&path, CorrectionTask::Count).expect("an outcome of its own");
        assert!(
            matches!(outcome, CorrectionOutcome::Unreadable(_)),
            "{outcome:?}"
        );
        assert!(path.is_dir(), "untouched");
    }
}
