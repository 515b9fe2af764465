//! An ink file that grows drawing by drawing, and may hold none.

use std::{fs, io, path::Path};

use super::{InkRecord, read, write};
use crate::error::{InkError, IoError};

/// Reads an ink file to which [`append`] adds; one that is missing or empty holds no drawing.
///
/// # Errors
/// As [`read`].
pub fn read_if_any(path: &Path) -> Result<Vec<InkRecord>, InkError> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() && found.len() == 0 => Ok(Vec::new()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        _ => read(path),
    }
}

/// Adds a drawing at the end, and says how many there are then. The file and its folder are made where they
/// are missing; after a crash the file is as it was or as it is to be.
///
/// # Errors
/// As [`read`] and [`write()`], and when the folder cannot be made.
pub fn append(path: &Path, record: &InkRecord) -> Result<usize, InkError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|source| IoError::new("make", folder, source))?;
    }
    let mut records = read_if_any(path)?;
    records.push(record.clone());
    write(path, &records)?;
    Ok(records.len())
}

/// Removes the last drawing, and says how many are left.
///
/// # Errors
/// As [`read`] and [`write()`].
pub fn drop_last(path: &Path) -> Result<usize, InkError> {
    let mut records = read_if_any(path)?;
    if records.pop().is_some() {
        write(path, &records)?;
    }
    Ok(records.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        bitmap::Digit,
        ink::{Point, Stroke, file::Label},
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
        assert_eq!(read_if_any(&path).expect("no file"), [], "none at first");
        assert_eq!(drop_last(&path).expect("no file"), 0, "nor can one go");
        for (digit, count) in [(4, 1), (8, 2)] {
            assert_eq!(append(&path, &record(digit)).expect("adds"), count);
        }
        let text = fs::read_to_string(&path).expect("reads");
        assert_eq!(text.lines().count(), 2, "one a line");
        assert_eq!(
            read(&path).expect("reads"),
            [record(4), record(8)],
            "exactly, in order"
        );
        assert_eq!(drop_last(&path).expect("drops"), 1, "the last goes");
        assert_eq!(read(&path).expect("reads"), [record(4)], "the first stays");
        assert_eq!(drop_last(&path).expect("drops"), 0, "it can go too");
        assert_eq!(read_if_any(&path).expect("empty"), [], "and none is left");
        assert_eq!(append(&path, &record(1)).expect("adds"), 1, "it goes on");
    }

    #[test]
    fn what_is_no_ink_stays_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("hand.jsonl");
        fs::write(&path, "notes").expect("writes");
        for refused in [
            append(&path, &record(1)),
            drop_last(&path),
            read_if_any(&path).map(|records| records.len()),
        ] {
            let message = refused.expect_err("no ink").to_string();
            assert!(message.contains("in line 1"), "{message}");
        }
        let text = fs::read_to_string(&path).expect("reads");
        assert_eq!(text, "notes", "nothing is lost");
    }
}
