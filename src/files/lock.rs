//! Advisory locks between processes.

use std::{
    ffi::OsString,
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use crate::error::IoError;

/// A lock on a file, in a file beside it with the ending `.lock`. The system releases it when the process ends, however
/// it ends.
#[derive(Debug)]
pub struct FileLock {
    file: File,
    path: PathBuf,
}

impl FileLock {
    /// Locks a file, which may be missing. `None` while another owner has the lock.
    ///
    /// # Errors
    /// When the lock's file cannot be opened, as in a folder that is not writable.
    pub fn acquire(path: &Path) -> Result<Option<Self>, IoError> {
        Self::lock_with(path, File::try_lock)
    }

    /// As [`FileLock::acquire`], but waits for another owner. Only for owners that have the lock for milliseconds.
    ///
    /// # Errors
    /// As [`FileLock::acquire`].
    pub fn wait(path: &Path) -> Result<Option<Self>, IoError> {
        Self::lock_with(path, |file| file.lock().map_err(TryLockError::Error))
    }

    /// The lock's file. Every link to a file has the lock of that file.
    pub fn path_of(path: &Path) -> PathBuf {
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let mut name = OsString::from(target);
        name.push(".lock");
        name.into()
    }

    fn lock_with(
        path: &Path,
        lock: impl Fn(&File) -> Result<(), TryLockError>,
    ) -> Result<Option<Self>, IoError> {
        let path = Self::path_of(path);
        loop {
            let file = File::options().create(true).append(true).open(&path);
            let file = file.map_err(|source| IoError::new("lock", &path, source))?;
            match lock(&file) {
                Err(TryLockError::WouldBlock) => return Ok(None),
                // A file system without locks does not tell owners apart.
                Ok(()) | Err(TryLockError::Error(_)) => {}
            }
            // The previous owner may have removed the file after it was opened here.
            if is_at(&file, &path) {
                return Ok(Some(Self { file, path }));
            }
        }
    }
}

impl Drop for FileLock {
    /// Removes the lock's file while it is locked, where `is_at` lets the next owner notice that.
    fn drop(&mut self) {
        // A file of the user that has this name has content.
        let is_empty = self.file.metadata().is_ok_and(|it| it.len() == 0);
        if cfg!(unix) && is_empty && is_at(&self.file, &self.path) {
            // A leftover file is harmless.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whether an open file is still the one at this path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let found = fs::metadata(path).map(identity).ok();
    found.is_some() && found == file.metadata().map(identity).ok()
}

#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn one_owner_at_a_time_and_no_file_remains() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("a.checkpoint");
        let first = FileLock::acquire(&path).expect("the folder is writable");
        assert!(first.is_some(), "the first owner");
        let second = FileLock::acquire(&path).expect("the folder is writable");
        assert!(second.is_none(), "the lock has an owner");
        drop(first);
        let third = FileLock::acquire(&path).expect("the folder is writable");
        assert!(third.is_some(), "the lock is free again");
        drop(third);
        let count = fs::read_dir(folder.path()).expect("lists").count();
        assert_eq!(count, usize::from(cfg!(windows)), "no file remains");
        let missing = folder.path().join("none/a.checkpoint");
        let error = FileLock::acquire(&missing).expect_err("no folder");
        assert!(error.is_not_found(), "{error:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_has_the_lock_of_its_target() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let (path, link) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&path, "content").expect("writes");
        std::os::unix::fs::symlink(&path, &link).expect("links");
        let _first = FileLock::acquire(&path).expect("the folder is writable");
        let second = FileLock::acquire(&link).expect("the folder is writable");
        assert!(second.is_none(), "the same file");
    }

    /// Each owner removes the lock's file, so a lock of a removed file must not count.
    #[test]
    fn waiting_owners_exclude_each_other() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let (path, counter) = (folder.path().join("a"), folder.path().join("counter"));
        fs::write(&counter, "0").expect("writes");
        let (threads, rounds) = (4, 100);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    for _ in 0..rounds {
                        let _lock = FileLock::wait(&path).expect("the folder is writable");
                        let text = fs::read_to_string(&counter).expect("reads");
                        let count: usize = text.parse().expect("a whole number");
                        fs::write(&counter, (count + 1).to_string()).expect("writes");
                    }
                });
            }
        });
        let count = fs::read_to_string(&counter).expect("reads");
        assert_eq!(count, (threads * rounds).to_string(), "no round is lost");
    }
}
