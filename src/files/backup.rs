//! Backups: files that are renamed instead of replaced or deleted.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use crate::error::{self, IoError};

/// The largest number of backups of one file.
const MAX_BACKUPS: usize = 1000;

/// Renames a file to the first free name with this ending, followed by a number from 2 on. Returns the new name, or
/// `None` without a file.
///
/// # Errors
/// When the file cannot be renamed.
pub fn back_up(path: &Path, ending: &str) -> Result<Option<PathBuf>, IoError> {
    if !path.is_file() {
        return Ok(None);
    }
    let Some(free) = names(path, ending).find(|name| !name.exists()) else {
        return Err(IoError::new(
            "rename",
            path,
            io::ErrorKind::AlreadyExists.into(),
        ));
    };
    fs::rename(path, &free).map_err(|source| IoError::new("rename", path, source))?;
    Ok(Some(free))
}

/// Backs up an invalid file. Returns the reason, followed by the name of the backup.
pub fn back_up_invalid(path: &Path, reason: &str) -> String {
    match back_up(path, ".unreadable") {
        Ok(Some(name)) => format!("{reason}; the file is now {}", name.display()),
        Ok(None) => reason.to_owned(),
        Err(error) => format!("{reason}; {}", error::chain(&error)),
    }
}

/// Restores the newest backup, unless there is a file at `path`.
///
/// # Errors
/// When the file cannot be renamed.
pub fn restore_backup(path: &Path, ending: &str) -> Result<(), IoError> {
    match backups_of(path, ending).last() {
        Some(last) if !path.exists() => {
            fs::rename(&last, path).map_err(|source| IoError::new("rename", &last, source))
        }
        _ => Ok(()),
    }
}

/// All backups of a file, oldest first.
pub fn backups_of(path: &Path, ending: &str) -> impl Iterator<Item = PathBuf> {
    names(path, ending).filter(|name| name.exists())
}

fn names(path: &Path, ending: &str) -> impl Iterator<Item = PathBuf> {
    (1..=MAX_BACKUPS).map(move |number| {
        let mut name = OsString::from(path);
        name.push(ending);
        if number > 1 {
            name.push(number.to_string());
        }
        name.into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backups_are_never_replaced_and_the_newest_is_restored_first() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("a.checkpoint");
        assert_eq!(back_up(&path, ".old").expect("no failure"), None, "no file");
        for (content, name) in [("1", "a.checkpoint.old"), ("2", "a.checkpoint.old2")] {
            fs::write(&path, content).expect("writes");
            let backup = back_up(&path, ".old").expect("renames");
            assert_eq!(backup, Some(folder.path().join(name)), "a free name");
        }
        fs::write(&path, "3").expect("writes");
        restore_backup(&path, ".old").expect("no failure");
        let content = || fs::read_to_string(&path).expect("exists");
        assert_eq!(content(), "3", "an existing file is not replaced");
        for expected in ["2", "1"] {
            fs::remove_file(&path).expect("removes");
            restore_backup(&path, ".old").expect("renames");
            assert_eq!(content(), expected, "the newest backup");
        }
        fs::remove_file(&path).expect("removes");
        restore_backup(&path, ".old").expect("no failure");
        assert!(!path.exists(), "no backup is left");
    }
}
