//! Backups: files that are renamed instead of replaced or deleted.

use std::{
    ffi::OsString,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use crate::error::IoError;

/// The ending of the backups of invalid files.
pub const INVALID: &str = ".bak";
/// The largest number of backups of one file.
const MAX_BACKUPS: usize = 1000;

/// Renames a file to the first free name with this ending, followed by a number from 2 on: `a.bak`, `a.bak-2`. Never
/// replaces a file. Returns the new name, or `None` without a file.
///
/// # Errors
/// When the file cannot be renamed.
pub fn back_up(path: &Path, ending: &str) -> Result<Option<PathBuf>, IoError> {
    if !path.is_file() {
        return Ok(None);
    }
    let failed = |source| IoError::new("rename", path, source);
    for name in names(path, ending) {
        // An empty file reserves the name. Another process that looks for a free name sees it.
        match File::create_new(&name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(error)),
            Ok(_) => {
                let renamed = fs::rename(path, &name);
                if renamed.is_err() {
                    let _ = fs::remove_file(&name);
                }
                return renamed.map(|()| Some(name)).map_err(failed);
            }
        }
    }
    Err(failed(io::ErrorKind::AlreadyExists.into()))
}

/// Restores the newest backup, unless there is a file at `path`.
///
/// # Errors
/// When the file cannot be renamed.
pub fn restore_backup(path: &Path, ending: &str) -> Result<(), IoError> {
    match backups_of(path, ending).last() {
        Some(last) if fs::symlink_metadata(path).is_err() => {
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
            name.push(format!("-{number}"));
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
        for (content, name) in [("1", "a.checkpoint.old"), ("2", "a.checkpoint.old-2")] {
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

    #[cfg(unix)]
    #[test]
    fn a_dangling_link_is_a_name_that_is_taken() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a"), "content").expect("writes");
        std::os::unix::fs::symlink(at("an unmounted disk"), at("a.bak")).expect("links");
        let backup = back_up(&at("a"), INVALID).expect("renames");
        assert_eq!(backup, Some(at("a.bak-2")), "the link stays");
        assert!(at("a.bak").is_symlink(), "the link is unchanged");
    }
}
