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
    ink::file::{self, InkRecord, Label},
};

/// The file's name in the data folder.
const FILE_NAME: &str = "corrections.jsonl";
/// The label of a non-digit. Readers take any label that is not a digit for it.
const NO_DIGIT: &str = "none";

/// A task on the file of corrections.
#[derive(Clone, Debug, PartialEq)]
pub enum CorrectionTask {
    /// List the corrections.
    List,
    /// Save a correction. It replaces earlier ones of the same drawing.
    Save {
        /// The drawing with its label.
        record: InkRecord,
        /// The revision of the drawing on the pad, which the outcome repeats.
        revision: Option<u64>,
    },
    /// Remove a correction.
    Remove(InkRecord),
}

/// The outcome of a task, with the number of corrections after it. Drawings are where they were drawn.
#[derive(Debug)]
pub enum CorrectionOutcome {
    /// All corrections, the oldest first.
    Listed(Vec<InkRecord>),
    /// The file is unreadable.
    Unreadable(StoreError),
    /// A correction is saved.
    Saved {
        /// The correction.
        record: InkRecord,
        /// The last earlier correction of the same drawing, which it replaces.
        replaces: Option<InkRecord>,
        /// The revision of the task.
        revision: Option<u64>,
        /// The number of corrections.
        count: usize,
    },
    /// A correction could not be saved.
    SaveFailed {
        /// The correction.
        record: InkRecord,
        /// The reason.
        error: StoreError,
    },
    /// A correction is removed.
    Removed {
        /// The correction.
        record: InkRecord,
        /// The number of corrections.
        count: usize,
    },
}

/// The path of the file in a data folder.
pub fn file_in(data_folder: &Path) -> PathBuf {
    data_folder.join(FILE_NAME)
}

/// The label of a correction: a digit, or `None` for a non-digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CorrectionLabel(pub Option<Digit>);

/// The label of a correction; a digit is `None` for a non-digit.
pub fn label_of(digit: Option<Digit>) -> Label {
    digit.map_or_else(|| Label::Other(NO_DIGIT.to_owned()), Label::Digit)
}

/// The digit of a correction; `None` for a non-digit.
pub fn digit_of(record: &InkRecord) -> Option<Digit> {
    match record.label {
        Some(Label::Digit(digit)) => Some(digit),
        _ => None,
    }
}

/// Reads all corrections, the oldest first. A missing file has none.
///
/// # Errors
/// When the file cannot be read or is invalid.
pub(crate) fn list(path: &Path) -> Result<Vec<InkRecord>, StoreError> {
    let mut records = locked(path, || Ok(file::read_if_exists(path)?))?;
    records.retain(is_labeled);
    Ok(records)
}

/// Runs a task on the file, while no other window does.
///
/// # Errors
/// When the file cannot be read or written. An invalid file is moved to a backup when the corrections are listed.
pub(crate) fn done(path: &Path, task: CorrectionTask) -> Result<CorrectionOutcome, StoreError> {
    match task {
        CorrectionTask::List => locked(path, || match file::read_if_exists(path) {
            Ok(records) => {
                let labeled = records.iter().filter(|record| is_labeled(record));
                let drawn = labeled.map(InkRecord::to_drawn).collect();
                Ok(CorrectionOutcome::Listed(drawn))
            }
            // An invalid file blocks new corrections. It is the user's work: back it up.
            Err(InputError::Refused(reason)) => Err(super::back_up_invalid(path, reason)),
            Err(error) => Ok(CorrectionOutcome::Unreadable(error.into())),
        }),
        CorrectionTask::Save { record, revision } => Ok(match save(path, &record) {
            Ok((replaces, count)) => CorrectionOutcome::Saved {
                record,
                replaces,
                revision,
                count,
            },
            Err(error) => CorrectionOutcome::SaveFailed { record, error },
        }),
        CorrectionTask::Remove(record) => locked(path, || {
            let rest = file::update(path, |records| {
                move_back(records);
                records.retain(|it| it.label != record.label || !it.shows_the_same(&record));
            })?;
            Ok(CorrectionOutcome::Removed {
                record,
                count: count(&rest),
            })
        }),
    }
}

/// Appends a record in place of those of the same drawing. Returns the last one of these, and the number of corrections.
fn save(path: &Path, record: &InkRecord) -> Result<(Option<InkRecord>, usize), StoreError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|source| IoError::new("create", folder, source))?;
    }
    locked(path, || {
        let mut replaced = None;
        let records = file::update(path, |records| {
            move_back(records);
            replaced = records
                .extract_if(.., |it| it.shows_the_same(record))
                .last();
            records.push(record.clone());
        })?;
        Ok((replaced, count(&records)))
    })
}

/// Moves drawings to where they were drawn, so that each is found again.
fn move_back(records: &mut [InkRecord]) {
    for record in records {
        *record = record.to_drawn();
    }
}

/// Runs a task while no other window changes the file.
pub(super) fn locked<T>(
    path: &Path,
    task: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    // Nobody changes a file in a folder that is missing or not writable.
    let _lock = FileLock::wait(path).ok();
    task()
}

fn count(records: &[InkRecord]) -> usize {
    records.iter().filter(|record| is_labeled(record)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ink::{Ink, Point, Stroke};

    fn correction(ink: Ink, digit: Option<Digit>) -> InkRecord {
        InkRecord {
            label: Some(label_of(digit)),
            writer: None,
            ink,
            ..InkRecord::default()
        }
    }

    #[test]
    fn corrections_are_saved_counted_and_removed() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = file_in(&folder.path().join("data"));
        let ink: Ink = Stroke::new(vec![Point::new(0.5, 0.5)])
            .into_iter()
            .collect();
        let (four, none) = (Some(Digit::ALL[4]), None);
        let eight = Some(Digit::ALL[8]);
        // A digit at the right end of a pad in the shape of a line. Its place survives many writes.
        let right: Ink = Stroke::new(vec![Point::new(2.5, 0.4), Point::new(2.61, 0.7)])
            .into_iter()
            .collect();
        let record = |digit| correction(ink.clone(), digit);
        let beside = |digit| correction(right.clone(), digit);
        let save = |record| CorrectionTask::Save {
            record,
            revision: Some(7),
        };
        // The expected digits of the file; a non-digit is `None`.
        let cases: [(CorrectionTask, &[Option<Digit>], &str); 9] = [
            (CorrectionTask::List, &[], "no file"),
            (
                CorrectionTask::Remove(record(four)),
                &[],
                "nothing to remove",
            ),
            (save(record(four)), &[four], "the first"),
            (save(beside(none)), &[four, none], "a non-digit"),
            (save(record(eight)), &[none, eight], "the last one counts"),
            (save(beside(four)), &[eight, four], "also beside the square"),
            (
                CorrectionTask::Remove(record(four)),
                &[eight, four],
                "another label",
            ),
            (CorrectionTask::Remove(record(eight)), &[four], "removed"),
            (save(record(none)), &[four, none], "saved again"),
        ];
        for (task, expected, reason) in cases {
            let outcome = done(&path, task).expect(reason);
            let count = match &outcome {
                CorrectionOutcome::Listed(all) => Some(all.len()),
                CorrectionOutcome::Saved { count, .. }
                | CorrectionOutcome::Removed { count, .. } => Some(*count),
                _ => None,
            };
            assert_eq!(count, Some(expected.len()), "{reason}: {outcome:?}");
            let records = list(&path).expect(reason);
            let digits: Vec<_> = records.iter().map(digit_of).collect();
            assert_eq!(digits, expected, "{reason}");
        }
        let Ok(CorrectionOutcome::Listed(listed)) = done(&path, CorrectionTask::List) else {
            panic!("it is ink");
        };
        assert!(listed[0].shows_the_same(&beside(four)), "{listed:?}");
        assert_eq!(listed[1], record(none), "as drawn");
    }

    #[test]
    fn an_invalid_file_is_backed_up() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = file_in(folder.path());
        std::fs::write(&path, "notes").expect("writes");
        let save = CorrectionTask::Save {
            record: correction(Ink::default(), None),
            revision: Some(3),
        };
        let outcome = done(&path, save).expect("an outcome");
        let unsaved = correction(Ink::default(), None);
        let has_failed = matches!(
            &outcome,
            CorrectionOutcome::SaveFailed { record, .. } if *record == unsaved
        );
        assert!(has_failed, "{outcome:?}");
        let Err(StoreError::Invalid {
            backup: Some(backup),
            ..
        }) = done(&path, CorrectionTask::List)
        else {
            panic!("an invalid file with a backup");
        };
        let text = std::fs::read_to_string(backup).expect("it is there");
        assert_eq!(text, "notes", "nothing is lost");
        let counted = done(&path, CorrectionTask::List);
        assert!(
            matches!(&counted, Ok(CorrectionOutcome::Listed(all)) if all.is_empty()),
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
                        let ink = Stroke::new(vec![point]).into_iter().collect();
                        let save = CorrectionTask::Save {
                            record: correction(ink, None),
                            revision: None,
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
        let remove = CorrectionTask::Remove(correction(
            Stroke::new(vec![Point::default()]).into_iter().collect(),
            None,
        ));
        for task in [CorrectionTask::List, remove] {
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
        let outcome = done(&path, CorrectionTask::List).expect("an outcome");
        assert!(
            matches!(outcome, CorrectionOutcome::Unreadable(_)),
            "{outcome:?}"
        );
        assert!(path.is_dir(), "untouched");
    }
}
