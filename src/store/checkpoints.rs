//! The checkpoint of the window's training, in the data folder. A lock file tells windows apart.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use crate::{
    error::{self, InputError, IoError, StoreError},
    files::{
        self,
        backup::{self, back_up, restore_backup},
        latest::LatestFile,
    },
    training::checkpoint::Checkpoint,
};

/// The environment variable with another data folder than the system's.
pub const FOLDER_VARIABLE: &str = "DIGITPAD_DATA_DIR";
/// The name of the file in the data folder.
const FILE_NAME: &str = "training.checkpoint";
/// The ending of the checkpoints of earlier trainings.
const EARLIER: &str = ".old";
/// The ending of invalid files.
const INVALID: &str = ".unreadable";

/// The user's data folder: [`FOLDER_VARIABLE`] or the system's. `None` where the system has none.
pub fn data_folder() -> Option<PathBuf> {
    match std::env::var_os(FOLDER_VARIABLE) {
        Some(folder) if !folder.is_empty() => Some(folder.into()),
        _ => directories::ProjectDirs::from("", "", "digitpad")
            .map(|folders| folders.data_dir().to_path_buf()),
    }
}

/// The checkpoint file in a data folder.
pub fn checkpoint_in(data_folder: &Path) -> PathBuf {
    data_folder.join(FILE_NAME)
}

/// Locks the checkpoint file until the result is dropped.
///
/// # Errors
/// [`StoreError::Locked`] while another window trains; else when the lock file cannot be opened.
fn lock(path: &Path) -> Result<File, StoreError> {
    let lock = path.with_extension("lock");
    let file = File::options().create(true).append(true).open(&lock);
    let file = file.map_err(|source| IoError::new("open", &lock, source))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked(path.to_path_buf())),
        // A file system without locks does not tell windows apart.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}

/// Loads the most recent resumable checkpoint. Moves an invalid file to a backup. `None` while another window trains.
///
/// # Errors
/// When a file is invalid or unreadable.
pub(crate) fn find(path: &Path) -> Result<Option<Checkpoint>, StoreError> {
    // Without a lock file, no other window has it.
    let lock = lock(path);
    if matches!(lock, Err(StoreError::Locked(_))) {
        return Ok(None);
    }
    restore_backup(path, EARLIER)?;
    let reason = match read(path) {
        Ok(checkpoint) => return Ok(Some(checkpoint)),
        Err(StoreError::Input(InputError::Io(error))) if error.is_not_found() => return Ok(None),
        Err(StoreError::Input(InputError::Refused(reason))) => reason,
        Err(error) => return Err(error),
    };
    let backup = back_up(path, INVALID)?;
    Err(StoreError::Invalid { reason, backup })
}

fn read(path: &Path) -> Result<Checkpoint, StoreError> {
    let name = path.display().to_string();
    let attempted = format!("read the checkpoint in {name}");
    let bytes = files::read_bounded(path, Checkpoint::LIMIT_BYTES, &attempted)?;
    Ok(Checkpoint::from_bytes(&bytes, &name)?)
}

/// Deletes a checkpoint, wherever it is: another training may have moved it to a backup.
///
/// # Errors
/// When the file cannot be deleted.
pub(crate) fn discard(path: &Path, checkpoint: &Checkpoint) -> Result<(), StoreError> {
    let lock = match lock(path) {
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
    let mut places = own.into_iter().chain(backup::backups_of(path, EARLIER));
    places.find(|place| read(place).is_ok_and(|found| found == *checkpoint))
}

/// The checkpoint file of a running training.
pub(crate) struct CheckpointStore {
    path: PathBuf,
    file: LatestFile,
    has_checkpoint: bool,
    _lock: File,
}

impl CheckpointStore {
    /// Opens the file for a training: a new one, or one that resumes a checkpoint. Moves the checkpoint of another
    /// training to a backup.
    ///
    /// # Errors
    /// While another window trains, and when the folder is not writable.
    pub(crate) fn open(path: PathBuf, resumed: Option<&Checkpoint>) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|source| IoError::new("make", folder, source))?;
        }
        let lock = lock(&path)?;
        let place = resumed.and_then(|checkpoint| place_of(&path, checkpoint, true));
        if place.as_ref() != Some(&path) {
            back_up(&path, EARLIER)?;
        }
        let has_checkpoint = place.is_some();
        if let Some(place) = place.filter(|place| *place != path) {
            fs::rename(&place, &path).map_err(|source| IoError::new("rename", &place, source))?;
        }
        Ok(Self {
            file: LatestFile::new(path.clone()),
            path,
            has_checkpoint,
            _lock: lock,
        })
    }

    /// Whether the file holds the resumed checkpoint.
    pub(crate) fn has_checkpoint(&self) -> bool {
        self.has_checkpoint
    }

    /// The file, for the next checkpoints.
    pub(crate) fn file(&self) -> &LatestFile {
        &self.file
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
        let folder = tempfile::tempdir().expect("a folder");
        let missing = folder.path().join("not/yet/there");
        let found = find(&checkpoint_in(&missing));
        assert!(matches!(found, Ok(None)), "no folder: {found:?}");
        assert!(!missing.exists(), "none is made");
        let path = checkpoint_in(folder.path());
        assert!(matches!(find(&path), Ok(None)), "no file");
        fs::write(&path, "something else").expect("writes");
        let error = find(&path).expect_err("no checkpoint");
        let StoreError::Invalid {
            backup: Some(backup),
            ..
        } = &error
        else {
            panic!("an invalid file with a backup, not {error:?}");
        };
        let content = fs::read_to_string(backup).expect("is there");
        assert_eq!(content, "something else", "as it was");
        assert!(matches!(find(&path), Ok(None)), "reported once");
    }

    #[test]
    fn a_lock_of_another_window_is_not_called_a_missing_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = checkpoint_in(folder.path());
        let _other = CheckpointStore::open(path.clone(), None).expect("no other window");
        let error = CheckpointStore::open(path.clone(), None).err();
        let Some(StoreError::Locked(locked)) = &error else {
            panic!("locked, not {error:?}");
        };
        assert_eq!(*locked, path, "this file");
        let text = error.map(|error| error::chain(&error)).unwrap_or_default();
        assert!(text.contains("another window"), "the reason: {text}");
        for advice in ["check the", "path exists", "permission"] {
            assert!(!text.contains(advice), "no false advice: {text}");
        }
    }
}
