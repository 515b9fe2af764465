//! The user's corrections, in an ink file of the data folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    bitmap::Digit,
    data::corrections::is_labeled,
    error::{InputError, IoError, StoreError},
    files::lock::FileLock,
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
#[derive(Debug)]
pub enum CorrectionOutcome {
    /// The number of corrections.
    Counted(usize),
    /// The file is unreadable.
    Unreadable(StoreError),
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
        /// The reason.
        error: StoreError,
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

/// Runs a task on the file, while no other window does.
///
/// # Errors
/// When the file cannot be read or written. An invalid file is moved to a backup when the corrections are counted.
pub(crate) fn done(path: &Path, task: CorrectionTask) -> Result<CorrectionOutcome, StoreError> {
    match task {
        CorrectionTask::Count => locked(path, || match file::read_if_exists(path) {
            Ok(records) => Ok(CorrectionOutcome::Counted(count(&records))),
            // An invalid file blocks new corrections. It is the user's work: back it up.
            Err(InputError::Refused(reason)) => Err(super::back_up_invalid(path, reason)),
            Err(error) => Ok(CorrectionOutcome::Unreadable(error.into())),
        }),
        CorrectionTask::Save {
            ink,
            digit,
            revision,
        } => Ok(match save(path, &record_of(ink, digit)) {
            Ok(count) => CorrectionOutcome::Saved {
                digit,
                revision,
                count,
            },
            Err(error) => CorrectionOutcome::SaveFailed { revision, error },
        }),
        CorrectionTask::Remove { ink, digit } => locked(path, || {
            let rest = file::remove(path, &record_of(ink, digit))?;
            Ok(CorrectionOutcome::Removed {
                digit,
                count: count(&rest),
            })
        }),
        CorrectionTask::RemoveLast => locked(path, || {
            let (last, rest) = file::drop_last(path)?;
            Ok(CorrectionOutcome::LastRemoved {
                last: last.map(|record| (record.ink, digit_of(record.label.as_ref()))),
                count: count(&rest),
            })
        }),
    }
}

/// Appends a record, and returns the number of corrections.
fn save(path: &Path, record: &InkRecord) -> Result<usize, StoreError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|source| IoError::new("create", folder, source))?;
    }
    locked(path, || Ok(count(&file::append(path, record)?)))
}

/// Runs a task while no other window changes the file.
fn locked<T>(path: &Path, task: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    // Nobody changes a file in a folder that is missing or not writable.
    let _lock = FileLock::wait(path).ok();
    task()
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
        let remove = |digit| CorrectionTask::Remove {
            ink: ink.clone(),
            digit,
        };
        let eight = Some(Digit::ALL[8]);
        // The expected number of corrections.
        let cases = [
            (CorrectionTask::Count, 0, "no file"),
            (CorrectionTask::RemoveLast, 0, "nothing to remove"),
            (save(four, 7), 1, "the first"),
            (save(none, 9), 2, "a non-digit"),
            (CorrectionTask::Count, 2, "two"),
            (CorrectionTask::RemoveLast, 1, "the non-digit"),
            (save(eight, 11), 2, "of another window"),
            (remove(four), 1, "not the last one"),
            (remove(four), 1, "already removed"),
        ];
        for (task, expected, reason) in cases {
            let outcome = done(&path, task).expect(reason);
            let count = match &outcome {
                CorrectionOutcome::Counted(count)
                | CorrectionOutcome::Saved { count, .. }
                | CorrectionOutcome::Removed { count, .. }
                | CorrectionOutcome::LastRemoved { count, .. } => Some(*count),
                _ => None,
            };
            assert_eq!(count, Some(expected), "{reason}: {outcome:?}");
            if let CorrectionOutcome::LastRemoved { last, .. } = outcome {
                let expected = (expected > 0).then(|| (ink.clone(), none));
                assert_eq!(last, expected, "{reason}: the removed drawing");
            }
        }
        let rest = file::read(&path).expect("it is ink");
        let expected = [record_of(ink, eight)];
        assert_eq!(rest, expected, "as drawn");
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
        let Err(StoreError::Invalid {
            backup: Some(backup),
            ..
        }) = done(&path, CorrectionTask::Count)
        else {
            panic!("an invalid file with a backup");
        };
        let text = std::fs::read_to_string(backup).expect("it is there");
        assert_eq!(text, "notes", "nothing is lost");
        let counted = done(&path, CorrectionTask::Count);
        assert!(
            matches!(counted, Ok(CorrectionOutcome::Counted(0))),
            "{counted:?}"
        );
    }

    #[test]
    fn two_windows_lose_no_correction() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = file_in(&folder.path().join("data"));
        let (windows, each) = (4, 25);
        std::thread::scope(|scope| {
            for window in 0..windows {
                let path = &path;
                scope.spawn(move || {
                    for number in 0..each {
                        let point = Point::new(window as f32 / 10.0, number as f32 / 100.0);
                        let save = CorrectionTask::Save {
                            ink: Stroke::new(vec![point]).into_iter().collect(),
                            digit: None,
                            revision: number,
                        };
                        let outcome = done(path, save).expect("an outcome");
                        let is_saved = matches!(outcome, CorrectionOutcome::Saved { .. });
                        assert!(is_saved, "{outcome:?}");
                    }
                });
            }
        });
        let records = file::read(&path).expect("it is ink");
        assert_eq!(
            records.len() as u64,
            windows * each,
            "the corrections of all"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_blocks_no_task() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = file_in(folder.path());
        crate::files::make_pipe(&path);
        for task in [CorrectionTask::Count, CorrectionTask::RemoveLast] {
            let result = done(&path, task);
            assert!(
                matches!(
                    result,
                    Err(StoreError::Invalid { backup: None, .. }
                        | StoreError::Input(InputError::Refused(_)))
                ),
                "{result:?}"
            );
        }
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
