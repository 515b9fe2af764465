//! The last drawings, in an ink file of the data folder.

use std::path::{Path, PathBuf};

use super::corrections::locked;
use crate::{
    error::{InputError, StoreError},
    ink::{
        Ink,
        file::{self, InkRecord},
    },
};

/// The file's name in the data folder.
const FILE_NAME: &str = "history.jsonl";
/// The number of drawings that are stored.
const MAX_DRAWINGS: usize = 50;

/// A task on the history.
#[derive(Clone, Debug, PartialEq)]
pub enum HistoryTask {
    /// List the drawings.
    List,
    /// Add a drawing. The oldest one beyond the limit goes.
    Add {
        /// The drawing.
        ink: Ink,
        /// Its earlier version.
        replaces: Option<Ink>,
    },
}

/// The path of the file in a data folder.
pub fn file_in(data_folder: &Path) -> PathBuf {
    data_folder.join(FILE_NAME)
}

/// Runs a task on the file, while no other window does. Returns all drawings, the oldest first. A drawing is in the
/// history once.
///
/// # Errors
/// When the file cannot be read or written. An invalid file is moved to a backup.
pub(crate) fn done(path: &Path, task: HistoryTask) -> Result<Vec<InkRecord>, StoreError> {
    let written = |ink| file::as_written(&record_of(ink));
    let result = match task {
        HistoryTask::List => locked(path, || Ok(file::read_if_exists(path)?)),
        HistoryTask::Add { ink, replaces } => {
            let added = written(ink.clone())?;
            let replaced = replaces.map(written).transpose()?;
            locked(path, || {
                let drawings = file::update(path, |records| {
                    for known in [&added].into_iter().chain(&replaced) {
                        records.retain(|record| !record.ink.is_alike(&known.ink));
                    }
                    // A number beyond the unit square keeps its place.
                    for record in records.iter_mut() {
                        *record = record_of(record.as_drawn());
                    }
                    records.push(record_of(ink));
                    records.drain(..records.len().saturating_sub(MAX_DRAWINGS));
                })?;
                Ok(drawings)
            })
        }
    };
    match result {
        Err(StoreError::Input(InputError::Refused(reason))) => {
            Err(super::back_up_invalid(path, reason))
        }
        result => result,
    }
}

fn record_of(ink: Ink) -> InkRecord {
    InkRecord {
        label: None,
        writer: None,
        ink,
        ..InkRecord::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ink::{Point, Stroke};

    fn dot(x: f32) -> Ink {
        Stroke::new(vec![Point::new(x, 0.5)]).into_iter().collect()
    }

    fn add(ink: Ink, replaces: Option<Ink>) -> HistoryTask {
        HistoryTask::Add { ink, replaces }
    }

    #[test]
    fn the_history_has_each_drawing_once_and_the_newest_last() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = file_in(&folder.path().join("data"));
        let [a, b, c] = [0.1, 0.2, 0.3].map(dot);
        let cases: [(HistoryTask, &[&Ink], &str); 6] = [
            (HistoryTask::List, &[], "no file"),
            (add(a.clone(), None), &[&a], "the first"),
            (add(b.clone(), None), &[&a, &b], "another one"),
            (add(c.clone(), Some(b.clone())), &[&a, &c], "a new version"),
            (add(a.clone(), None), &[&c, &a], "a drawing again"),
            (HistoryTask::List, &[&c, &a], "in the file"),
        ];
        for (task, expected, reason) in cases {
            let records = done(&path, task).expect(reason);
            let drawings: Vec<&Ink> = records.iter().map(|record| &record.ink).collect();
            assert_eq!(drawings, expected, "{reason}");
        }
    }

    #[test]
    fn a_number_beyond_the_square_keeps_its_place() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = file_in(folder.path());
        let points = [Point::new(0.3, 0.2), Point::new(2.7, 0.9)];
        let wide: Ink = Stroke::new(points.to_vec()).into_iter().collect();
        done(&path, add(wide.clone(), None)).expect("added");
        for index in 0..20 {
            done(&path, add(dot(index as f32 / 100.0), None)).expect("added");
        }
        let drawn = done(&path, HistoryTask::List).expect("listed")[0].as_drawn();
        assert!(drawn.is_alike(&wide), "{drawn:?}");
        let records = done(&path, add(drawn.clone(), Some(drawn))).expect("added");
        assert_eq!(records.len(), 21, "it is there once");
        assert!(records[20].as_drawn().is_alike(&wide), "as the newest");
    }

    #[test]
    fn the_oldest_drawings_go() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = file_in(folder.path());
        for index in 0..MAX_DRAWINGS + 2 {
            done(&path, add(dot(index as f32 / 100.0), None)).expect("added");
        }
        let records = done(&path, HistoryTask::List).expect("listed");
        assert_eq!(records.len(), MAX_DRAWINGS, "bounded");
        assert_eq!(records[0].ink, dot(0.02), "the oldest two are gone");
    }

    #[test]
    fn two_windows_lose_no_drawing() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = file_in(folder.path());
        std::thread::scope(|scope| {
            for window in 0..4 {
                let path = &path;
                scope.spawn(move || {
                    for number in 0..10 {
                        let ink = dot(window as f32 / 10.0 + number as f32 / 100.0);
                        done(path, add(ink, None)).expect("added");
                    }
                });
            }
        });
        let records = done(&path, HistoryTask::List).expect("listed");
        assert_eq!(records.len(), 40, "the drawings of all");
    }

    #[test]
    fn an_invalid_history_is_backed_up() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = file_in(folder.path());
        std::fs::write(&path, "notes").expect("writes");
        let result = done(&path, add(dot(0.1), None));
        let Err(StoreError::Invalid {
            backup: Some(backup),
            ..
        }) = result
        else {
            panic!("an invalid file with a backup: {result:?}");
        };
        let text = std::fs::read_to_string(backup).expect("it is there");
        assert_eq!(text, "notes", "nothing is lost");
        let records = done(&path, add(dot(0.1), None)).expect("added");
        assert_eq!(records.len(), 1, "a new file");
    }
}
