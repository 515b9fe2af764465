//! An ink file that grows drawing by drawing, and may hold none.

use std::{fs, io, path::Path, slice};

use super::{InkRecord, from_text, read_all, to_text, write};
use crate::error::{InkError, IoError};

/// Reads an ink file to which [`append`] adds; one that is missing or empty holds no drawing.
///
/// # Errors
/// As [`read`](super::read).
pub fn read_if_exists(path: &Path) -> Result<Vec<InkRecord>, InkError> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        _ => read_all(path),
    }
}

/// Adds a drawing at the end, and gives all that are there then. The file and its folder are made where they
/// are missing; after a crash the file is as it was or as it is to be.
///
/// # Errors
/// As [`read`](super::read) and [`write()`], and when the folder cannot be made.
pub fn append(path: &Path, record: &InkRecord) -> Result<Vec<InkRecord>, InkError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|source| IoError::new("make", folder, source))?;
    }
    let mut records = read_if_exists(path)?;
    records.push(record.clone());
    write(path, &records)?;
    Ok(records)
}

/// Removes the last drawing that is this one, if it is there, and gives those that are left.
///
/// # Errors
/// As [`read`](super::read) and [`write()`].
pub fn remove(path: &Path, record: &InkRecord) -> Result<Vec<InkRecord>, InkError> {
    let mut records = read_if_exists(path)?;
    // As it comes back from a file: one that runs off the pad is moved into it.
    let written = from_text(&to_text(slice::from_ref(record))?, "a drawing")?;
    let is_it = |other: &InkRecord| written.first() == Some(other);
    if let Some(index) = records.iter().rposition(is_it) {
        records.remove(index);
        write(path, &records)?;
    }
    Ok(records)
}

/// Removes the last drawing, and gives it, if there is one, and those that are left.
///
/// # Errors
/// As [`read`](super::read) and [`write()`].
pub fn drop_last(path: &Path) -> Result<(Option<InkRecord>, Vec<InkRecord>), InkError> {
    let mut records = read_if_exists(path)?;
    let last = records.pop();
    if last.is_some() {
        write(path, &records)?;
    }
    Ok((last, records))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        bitmap::Digit,
        ink::{
            Point, Stroke,
            file::{Label, read},
        },
    };

    fn record(digit: usize) -> InkRecord {
        let points = vec![Point::new(0.25, 0.1), Point::new(1.0 / 3.0, 0.9)];
        InkRecord {
            label: Some(Label::Digit(Digit::ALL[digit])),
            writer: None,
            ink: Stroke::new(points).into_iter().collect(),
        }
    }

    #[test]
    fn drawings_come_and_go_one_by_one() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("not/yet/there.jsonl");
        assert_eq!(read_if_exists(&path).expect("no file"), [], "none at first");
        let gone = |path: &Path| {
            let (gone, left) = drop_last(path).expect("drops");
            (gone, left.len())
        };
        assert_eq!(gone(&path), (None, 0), "nor can one go");
        for (digit, count) in [(4, 1), (8, 2)] {
            let all = append(&path, &record(digit)).expect("adds");
            assert_eq!(all.len(), count, "one more");
        }
        let text = fs::read_to_string(&path).expect("reads");
        assert_eq!(text.lines().count(), 2, "one a line");
        assert_eq!(
            read(&path).expect("reads"),
            [record(4), record(8)],
            "exactly, in order"
        );
        assert_eq!(gone(&path), (Some(record(8)), 1), "the last goes");
        assert_eq!(read(&path).expect("reads"), [record(4)], "the first stays");
        assert_eq!(gone(&path), (Some(record(4)), 0), "it can go too");
        assert_eq!(
            read_if_exists(&path).expect("empty"),
            [],
            "and none is left"
        );
        fs::write(&path, "\n \n").expect("writes");
        assert_eq!(
            read_if_exists(&path).expect("blank"),
            [],
            "nor in blank lines"
        );
        let all = append(&path, &record(1)).expect("adds");
        assert_eq!(all, [record(1)], "it goes on");
    }

    #[test]
    fn the_drawing_that_is_meant_is_removed() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("corrections.jsonl");
        let mut off_pad = record(4);
        let points = vec![Point::new(0.4, 0.1), Point::new(0.5, 1.2)];
        off_pad.ink = Stroke::new(points).into_iter().collect();
        for record in [&off_pad, &record(4), &record(8)] {
            append(&path, record).expect("adds");
        }
        let left = remove(&path, &record(4)).expect("removes");
        assert_eq!(left.len(), 2, "the one in between");
        assert_eq!(left[1], record(8), "not the last");
        let left = remove(&path, &off_pad).expect("removes");
        assert_eq!(left, [record(8)], "although it was moved into the pad");
        let left = remove(&path, &off_pad).expect("is no failure");
        assert_eq!(left, [record(8)], "once");
        assert_eq!(read(&path).expect("reads"), left, "so it is in the file");
    }

    #[test]
    fn a_drawing_that_could_not_be_read_again_is_not_written() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("corrections.jsonl");
        append(&path, &record(4)).expect("adds");
        let points = (0..200_000).map(|i| Point::new(1.0 / (i as f32 + 3.0), 1.0 / 3.0));
        let mut long = record(8);
        long.ink = Stroke::new(points.collect()).into_iter().collect();
        let message = append(&path, &long).expect_err("too long").to_string();
        assert!(message.contains("200000 points"), "{message}");
        assert_eq!(read(&path).expect("reads"), [record(4)], "nothing is lost");
    }

    #[test]
    fn what_is_no_ink_stays_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("corrections.jsonl");
        fs::write(&path, "notes").expect("writes");
        for refused in [
            append(&path, &record(1)),
            drop_last(&path).map(|(_, left)| left),
            read_if_exists(&path),
        ] {
            let message = refused.expect_err("no ink").to_string();
            assert!(message.contains("in line 1"), "{message}");
        }
        let text = fs::read_to_string(&path).expect("reads");
        assert_eq!(text, "notes", "nothing is lost");
    }
}
