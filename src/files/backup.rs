//! Files that make room for others: renamed, never replaced.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use crate::error::{self, IoError};

/// More files than this beside another are not looked at.
const MOST: usize = 1000;

/// Renames the file at `path`, so that nothing replaces it, to the first free name with that ending, or with that and
/// a number from 2; the new name, or `None` where there is no file.
///
/// # Errors
/// When it cannot be renamed.
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

/// Sets aside a file that is not what it should be, for `reason`; gives that, with where the file is kept.
pub fn back_up_invalid(path: &Path, reason: &str) -> String {
    match back_up(path, ".unreadable") {
        Ok(Some(name)) => format!("{reason}; the file is kept as {}", name.display()),
        Ok(None) => reason.to_owned(),
        Err(error) => format!("{reason}; {}", error::chain(&error)),
    }
}

/// Brings back the last of what [`back_up`] renamed, unless something lies at `path`.
///
/// # Errors
/// When it cannot be renamed.
pub fn restore_backup(path: &Path, ending: &str) -> Result<(), IoError> {
    match backups_of(path, ending).last() {
        Some(last) if !path.exists() => {
            fs::rename(&last, path).map_err(|source| IoError::new("rename", &last, source))
        }
        _ => Ok(()),
    }
}

/// All that [`back_up`] renamed, in the order of their names.
pub fn backups_of(path: &Path, ending: &str) -> impl Iterator<Item = PathBuf> {
    names(path, ending).filter(|name| name.exists())
}

fn names(path: &Path, ending: &str) -> impl Iterator<Item = PathBuf> {
    (1..=MOST).map(move |number| {
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
    fn nothing_that_is_set_aside_is_replaced_and_the_last_comes_back_first() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("a.checkpoint");
        let nothing = back_up(&path, ".old").expect("is no failure");
        assert_eq!(nothing, None, "there is nothing yet");
        for (content, name) in [("1", "a.checkpoint.old"), ("2", "a.checkpoint.old2")] {
            fs::write(&path, content).expect("writes");
            let aside = back_up(&path, ".old").expect("renames");
            assert_eq!(aside, Some(folder.path().join(name)), "a name of its own");
        }
        fs::write(&path, "3").expect("writes");
        restore_backup(&path, ".old").expect("is no failure");
        let content = || fs::read_to_string(&path).expect("is there");
        assert_eq!(content(), "3", "what lies there stays");
        for expected in ["2", "1"] {
            fs::remove_file(&path).expect("removes");
            restore_backup(&path, ".old").expect("renames");
            assert_eq!(content(), expected, "the last that was set aside");
        }
        fs::remove_file(&path).expect("removes");
        restore_backup(&path, ".old").expect("is no failure");
        assert!(!path.exists(), "there is nothing more");
    }
}
