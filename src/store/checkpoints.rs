//! Checkpoint files of the window and of the command line. A training locks its file.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::back_up_invalid;
use crate::{
    error::{self, InputError, IoError, Refusal, StoreError, excerpt},
    files::{
        self,
        backup::{back_up, backups_of, restore_backup},
        is_device,
        latest::LatestFile,
        lock::FileLock,
    },
    training::checkpoint::Checkpoint,
};

/// The environment variable with another data folder than the system's.
pub const FOLDER_VARIABLE: &str = "DIGITPAD_DATA_DIR";
/// The name of the window's file in the data folder.
const FILE_NAME: &str = "training.checkpoint";
/// The ending of the checkpoints of earlier trainings.
const EARLIER: &str = ".old";

/// The user's data folder: [`FOLDER_VARIABLE`] or the system's. `None` where the system has none.
pub fn data_folder() -> Option<PathBuf> {
    super::folder(FOLDER_VARIABLE, directories::ProjectDirs::data_dir)
}

/// The window's checkpoint file in a data folder.
pub fn checkpoint_in(data_folder: &Path) -> PathBuf {
    data_folder.join(FILE_NAME)
}

/// Loads a checkpoint file.
///
/// # Errors
/// When the file is unreadable, or is no complete checkpoint.
pub fn load(path: &Path) -> Result<Checkpoint, StoreError> {
    let name = excerpt(path.display());
    let (mut file, len) = files::open(path, &format!("read the checkpoint in {name}"))?;
    Ok(Checkpoint::read(&mut file, len, &name)?)
}

/// Loads a checkpoint file, unless a training uses it.
///
/// # Errors
/// [`StoreError::Locked`] while a training uses it; else as [`load`].
pub fn load_unlocked(path: &Path) -> Result<Checkpoint, StoreError> {
    match CheckpointLock::acquire(path.to_path_buf()) {
        Err(StoreError::Locked(path)) => Err(StoreError::Locked(path)),
        // A folder without the lock's file has no training.
        _lock => load(path),
    }
}

/// Loads the most recent resumable checkpoint. Moves an invalid file to a backup. `None` while another process trains.
///
/// # Errors
/// When a file is invalid or unreadable.
pub(crate) fn find(path: &Path) -> Result<Option<Checkpoint>, StoreError> {
    let lock = CheckpointLock::acquire(path.to_path_buf());
    if matches!(lock, Err(StoreError::Locked(_))) {
        return Ok(None);
    }
    restore_backup(path, EARLIER)?;
    match load(path) {
        Ok(checkpoint) => Ok(Some(checkpoint)),
        Err(StoreError::Input(InputError::Io(error))) if error.is_not_found() => Ok(None),
        Err(StoreError::Input(InputError::Refused(reason))) => Err(back_up_invalid(path, reason)),
        Err(error) => Err(error),
    }
}

/// Deletes a checkpoint, wherever it is: another training may have moved it to a backup.
///
/// # Errors
/// When the file cannot be deleted.
pub(crate) fn discard(path: &Path, checkpoint: &Checkpoint) -> Result<(), StoreError> {
    let lock = match CheckpointLock::acquire(path.to_path_buf()) {
        Err(StoreError::Locked(_)) => None,
        lock => Some(lock?),
    };
    let Some(place) = place_of(path, checkpoint, lock.is_some()) else {
        return Ok(());
    };
    fs::remove_file(&place).map_err(|source| IoError::new("delete", &place, source))?;
    Ok(())
}

/// The file of a checkpoint: a backup or, with the lock, the file at `path`.
fn place_of(path: &Path, checkpoint: &Checkpoint, is_locked: bool) -> Option<PathBuf> {
    let own = is_locked.then(|| path.to_path_buf());
    let mut places = own.into_iter().chain(backups_of(path, EARLIER));
    places.find(|place| load(place).is_ok_and(|found| found == *checkpoint))
}

/// The lock of a checkpoint file, so that two trainings never write the same one.
#[derive(Debug)]
pub struct CheckpointLock {
    path: PathBuf,
    lock: FileLock,
}

impl CheckpointLock {
    /// Locks the file, which may be missing.
    ///
    /// # Errors
    /// [`StoreError::Locked`] while another training uses it; else when it is a pipe or a device, or its folder is not
    /// writable.
    pub fn acquire(path: PathBuf) -> Result<Self, StoreError> {
        if is_device(&path) {
            let attempted = format!("write checkpoints to {}", excerpt(path.display()));
            let remedy = "name another file, and try again";
            return Err(Refusal::new(attempted, "a pipe or a device", "a file", remedy).into());
        }
        match FileLock::acquire(&path)? {
            Some(lock) => Ok(Self { path, lock }),
            None => Err(StoreError::Locked(path)),
        }
    }

    /// The checkpoint in the file, if there is a file.
    ///
    /// # Errors
    /// As [`load`].
    pub fn load(&self) -> Result<Option<Checkpoint>, StoreError> {
        match load(&self.path) {
            Err(StoreError::Input(InputError::Io(error))) if error.is_not_found() => Ok(None),
            result => result.map(Some),
        }
    }

    /// Opens the file for a training: a new one, or one that resumes a checkpoint. Moves the checkpoint of another
    /// training to a backup.
    ///
    /// # Errors
    /// When the folder is not writable.
    pub fn open(self, resumed: Option<&Checkpoint>) -> Result<CheckpointStore, StoreError> {
        let Self { path, lock } = self;
        let place = resumed.and_then(|checkpoint| place_of(&path, checkpoint, true));
        let backup = match &place {
            Some(place) if *place == path => None,
            _ => back_up(&path, EARLIER)?,
        };
        let has_checkpoint = place.is_some();
        if let Some(place) = place.filter(|place| *place != path) {
            fs::rename(&place, &path).map_err(|source| IoError::new("rename", &place, source))?;
        }
        Ok(CheckpointStore {
            file: LatestFile::new(path.clone()),
            path,
            has_checkpoint,
            backup,
            _lock: lock,
        })
    }
}

/// The checkpoint file of a running training.
#[derive(Debug)]
pub struct CheckpointStore {
    path: PathBuf,
    file: LatestFile,
    has_checkpoint: bool,
    backup: Option<PathBuf>,
    // Released after the last write of `file`.
    _lock: FileLock,
}

impl CheckpointStore {
    /// Opens the window's file for a training, as [`CheckpointLock::open`]. Creates its folder.
    ///
    /// # Errors
    /// As [`CheckpointLock::acquire`] and [`CheckpointLock::open`].
    pub(crate) fn open(path: PathBuf, resumed: Option<&Checkpoint>) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|source| IoError::new("create", folder, source))?;
        }
        CheckpointLock::acquire(path)?.open(resumed)
    }

    /// Whether the file holds the resumed checkpoint.
    pub(crate) fn has_checkpoint(&self) -> bool {
        self.has_checkpoint
    }

    /// The backup with the checkpoint of another training.
    pub fn backup(&self) -> Option<&Path> {
        self.backup.as_deref()
    }

    /// Stores the next checkpoint, in the background.
    pub fn replace(&self, checkpoint: Box<Checkpoint>) {
        let content = move || checkpoint.to_bytes().map_err(io::Error::other);
        self.file.replace(content);
    }

    /// Whether the last checkpoint is stored.
    pub fn is_written(&self) -> bool {
        self.file.is_written()
    }

    /// The error of the last checkpoint that could not be stored, once.
    pub fn take_error(&self) -> Option<IoError> {
        self.file.take_error()
    }

    /// Deletes the checkpoint of a finished training.
    pub fn remove(self) {
        self.file.remove();
    }

    /// Deletes the checkpoint of a finished training, and restores the one before.
    pub(crate) fn clear(self) {
        self.file.remove();
        if let Err(error) = restore_backup(&self.path, EARLIER) {
            log::warn!(target: "digitpad", "{}", error::chain(&error));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_file_is_backed_up() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let missing = folder.path().join("not/yet/there");
        let found = find(&checkpoint_in(&missing));
        assert!(matches!(found, Ok(None)), "no folder: {found:?}");
        assert!(!missing.exists(), "no folder is created");
        let path = checkpoint_in(folder.path());
        assert!(matches!(find(&path), Ok(None)), "no file");
        for content in ["something else", "something else again"] {
            fs::write(&path, content).expect("writes");
            match find(&path) {
                Err(StoreError::Invalid {
                    backup: Some(backup),
                    ..
                }) => {
                    let kept = fs::read_to_string(backup).expect("is there");
                    assert_eq!(kept, content, "the content is unchanged");
                }
                other => panic!("an invalid file with a backup, not {other:?}"),
            }
        }
        assert!(matches!(find(&path), Ok(None)), "reported once");
    }

    #[test]
    fn a_second_training_is_refused_and_changes_nothing() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = checkpoint_in(folder.path());
        let first = CheckpointStore::open(path.clone(), None).expect("no other training");
        fs::write(&path, "the first training's").expect("writes");
        let locked = |result: Result<_, StoreError>| match result {
            Err(StoreError::Locked(locked)) => locked,
            other => panic!("locked, not {other:?}"),
        };
        let second = CheckpointStore::open(path.clone(), None);
        assert_eq!(locked(second.map(drop)), path, "another training");
        assert_eq!(locked(load_unlocked(&path).map(drop)), path, "to resume");
        assert!(matches!(find(&path), Ok(None)), "it is not interrupted");
        let content = fs::read_to_string(&path).expect("is there");
        assert_eq!(content, "the first training's", "the content is unchanged");
        drop(first);
        let second = CheckpointStore::open(path.clone(), None).expect("the first one ended");
        assert!(second.backup().is_some(), "its checkpoint is a backup now");
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_refused() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = checkpoint_in(folder.path());
        crate::files::make_pipe(&path);
        let found = find(&path);
        let is_refused =
            |error: &StoreError| matches!(error, StoreError::Input(InputError::Refused(_)));
        assert!(
            matches!(found, Err(StoreError::Invalid { backup: None, .. })),
            "{found:?}"
        );
        let opened = CheckpointStore::open(path, None);
        assert!(opened.as_ref().is_err_and(is_refused), "{opened:?}");
    }
}
