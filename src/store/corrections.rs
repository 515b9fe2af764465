//! The user's corrections, in an ink file of the data folder.

use std::path::{Path, PathBuf};

use crate::{
    bitmap::Digit,
    data::corrections::is_labeled,
    error::{self, InputError},
    files::backup::back_up_invalid,
    ink::{
        Ink,
        file::{self, InkRecord, Label},
    },
};

/// The file's name in the data folder.
const FILE_NAME: &str = "corrections.jsonl";
/// The label of a non-digit. Readers take any label that is not a digit for it.
const NO_DIGIT: &str = "none";

/// A task on the file of corrections.
#[derive(Clone, Debug, PartialEq)]
pub enum CorrectionTask {
    /// Count the corrections.
    Count,
    /// Save a correction.
    Save {
        /// The drawing.
        ink: Ink,
        /// Its digit; `None` for a non-digit.
        digit: Option<Digit>,
        /// The revision of the drawing, which the outcome repeats.
        revision: u64,
    },
    /// Remove this correction.
    Remove {
        /// The drawing.
        ink: Ink,
        /// Its digit; `None` for a non-digit.
        digit: Option<Digit>,
    },
    /// Remove the last correction.
    RemoveLast,
}

/// The outcome of a task, with the number of corrections after it.
#[derive(Clone, Debug, PartialEq)]
pub enum CorrectionOutcome {
    /// The number of corrections.
    Counted(usize),
    /// The file is unreadable, with the reason as a sentence.
    Unreadable(String),
    /// A correction is saved.
    Saved {
        /// Its digit; `None` for a non-digit.
        digit: Option<Digit>,
        /// The revision of the task.
        revision: u64,
        /// The number of corrections.
        count: usize,
    },
    /// A correction could not be saved.
    SaveFailed {
        /// The revision of the task.
        revision: u64,
        /// The reason, as a sentence.
        reason: String,
    },
    /// A correction is removed.
    Removed {
        /// Its digit; `None` for a non-digit.
        digit: Option<Digit>,
        /// The number of corrections.
        count: usize,
    },
    /// The last correction is removed, if there was one.
    LastRemoved {
        /// The drawing and its digit; `None` for a non-digit.
        last: Option<(Ink, Option<Digit>)>,
        /// The number of corrections.
        count: usize,
    },
}

/// The path of the file in a data folder.
pub fn file_in(data_folder: &Path) -> PathBuf {
    data_folder.join(FILE_NAME)
}

/// Runs a task on the file. An error is a sentence.
pub(crate) fn done(path: &Path, task: CorrectionTask) -> Result<CorrectionOutcome, String> {
    match task {
        CorrectionTask::Count => Ok(match file::read_if_exists(path) {
            Ok(records) => CorrectionOutcome::Counted(count(&records)),
            // An invalid file blocks new corrections. It is the user's work: back it up.
            Err(InputError::Refused(refusal)) => {
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
                count: count(&records),
            },
            Err(error) => CorrectionOutcome::SaveFailed {
                revision,
                reason: error::chain(&error),
            },
        }),
        CorrectionTask::Remove { ink, digit } => {
            let rest = file::remove(path, &record_of(ink, digit));
            let rest = rest.map_err(|error| error::chain(&error))?;
            Ok(CorrectionOutcome::Removed {
                digit,
                count: count(&rest),
            })
        }
        CorrectionTask::RemoveLast => {
            let (last, rest) = file::drop_last(path).map_err(|error| error::chain(&error))?;
            Ok(CorrectionOutcome::LastRemoved {
                last: last.map(|record| (record.ink, digit_of(record.label.as_ref()))),
                count: count(&rest),
            })
        }
    }
}

/// A correction as a record of the ink file.
fn record_of(ink: Ink, digit: Option<Digit>) -> InkRecord {
    let label = digit.map_or_else(|| Label::Other(NO_DIGIT.to_owned()), Label::Digit);
    InkRecord {
        label: Some(label),
        writer: None,
        ink,
    }
}

fn count(records: &[InkRecord]) -> usize {
    records.iter().filter(|record| is_labeled(record)).count()
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
    fn corrections_are_saved_counted_and_removed() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = file_in(&folder.path().join("data"));
        let ink: Ink = Stroke::new(vec![Point::new(0.5, 0.5)])
            .into_iter()
            .collect();
        let (four, none) = (Some(Digit::ALL[4]), None);
        let save = |digit, revision| CorrectionTask::Save {
            ink: ink.clone(),
            digit,
            revision,
        };
        let saved = |digit, revision, count| CorrectionOutcome::Saved {
            digit,
            revision,
            count,
        };
        let remove = |digit| CorrectionTask::Remove {
            ink: ink.clone(),
            digit,
        };
        let last_removed = |last, count| CorrectionOutcome::LastRemoved { last, count };
        let cases = [
            (CorrectionTask::Count, CorrectionOutcome::Counted(0)),
            (CorrectionTask::RemoveLast, last_removed(None, 0)),
            (save(four, 7), saved(four, 7, 1)),
            (save(none, 9), saved(none, 9, 2)),
            (CorrectionTask::Count, CorrectionOutcome::Counted(2)),
            (
                CorrectionTask::RemoveLast,
                last_removed(Some((ink.clone(), none)), 1),
            ),
            // Another window saved one in between.
            (
                save(Some(Digit::ALL[8]), 11),
                saved(Some(Digit::ALL[8]), 11, 2),
            ),
            (
                remove(four),
                CorrectionOutcome::Removed {
                    digit: four,
                    count: 1,
                },
            ),
            (
                remove(four),
                CorrectionOutcome::Removed {
                    digit: four,
                    count: 1,
                },
            ),
        ];
        for (task, expected) in cases {
            assert_eq!(done(&path, task.clone()), Ok(expected), "{task:?}");
        }
        let rest = file::read(&path).expect("it is ink");
        let label = Some(Label::Digit(Digit::ALL[8]));
        assert_eq!((&rest[0].label, &rest[0].ink), (&label, &ink), "as drawn");
    }

    #[test]
    fn an_invalid_file_is_backed_up() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = file_in(folder.path());
        std::fs::write(&path, "notes").expect("writes");
        let save = CorrectionTask::Save {
            ink: Ink::default(),
            digit: None,
            revision: 3,
        };
        let outcome = done(&path, save).expect("an outcome");
        let has_failed = matches!(outcome, CorrectionOutcome::SaveFailed { revision: 3, .. });
        assert!(has_failed, "{outcome:?}");
        let refusal = done(&path, CorrectionTask::Count).expect_err("not ink");
        assert!(
            refusal.contains("corrections.jsonl.unreadable"),
            "{refusal}"
        );
        let backup = folder.path().join("corrections.jsonl.unreadable");
        let text = std::fs::read_to_string(backup).expect("it is there");
        assert_eq!(text, "notes", "nothing is lost");
        assert_eq!(
            done(&path, CorrectionTask::Count),
            Ok(CorrectionOutcome::Counted(0))
        );
    }

    #[test]
    fn an_unreadable_file_stays_in_its_place() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = file_in(folder.path());
        std::fs::create_dir(&path).expect("a folder in its place");
        let outcome = done(&path, CorrectionTask::Count).expect("an outcome");
        assert!(
            matches!(outcome, CorrectionOutcome::Unreadable(_)),
            "{outcome:?}"
        );
        assert!(path.is_dir(), "untouched");
    }
}
