//! Where the window keeps what is needed to go on with a training that was interrupted.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use crate::{
    error::{self, IoError},
    files::{
        self, ReadError,
        backup::{self, back_up_invalid, restore_backup},
        latest::LatestFile,
    },
    training::checkpoint::Checkpoint,
};

/// The environment variable that names another data folder than the system's.
pub const FOLDER_VARIABLE: &str = "DIGITPAD_DATA_DIR";
/// The file's name in the data folder.
const FILE_NAME: &str = "training.checkpoint";
/// The ending of one that waits until another training has ended.
const WAITING: &str = ".old";

/// The user's data folder: the one that [`FOLDER_VARIABLE`] names, else the system's place for it; `None`
/// where the system knows none.
pub fn data_folder() -> Option<PathBuf> {
    match std::env::var_os(FOLDER_VARIABLE) {
        Some(folder) if !folder.is_empty() => Some(folder.into()),
        _ => directories::ProjectDirs::from("", "", "digitpad")
            .map(|folders| folders.data_dir().to_path_buf()),
    }
}

/// The checkpoint of the window's training in a data folder.
pub fn checkpoint_in(data_folder: &Path) -> PathBuf {
    data_folder.join(FILE_NAME)
}

/// Takes the place for a training, until what this gives is dropped; `None` while another window's training has it.
///
/// # Errors
/// When there is no such folder, or it cannot be written to.
fn claim(path: &Path) -> Result<Option<File>, IoError> {
    let lock = path.with_extension("lock");
    let file = File::options().create(true).append(true).open(&lock);
    let file = file.map_err(|source| IoError::new("open", &lock, source))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Ok(None),
        // On a file system without locks two windows are not told apart.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(Some(file)),
    }
}

/// Reads the training that was interrupted, if there is one, or else one that waits. A file that is none is
/// set aside. What another window is training was not interrupted.
///
/// # Errors
/// A whole sentence, when there is a file that cannot be read.
pub(crate) fn find(path: &Path) -> Result<Option<Checkpoint>, String> {
    // Where nothing can be claimed, nobody else has done so.
    let claimed = claim(path);
    if matches!(claimed, Ok(None)) {
        return Ok(None);
    }
    restore_backup(path, WAITING).map_err(|error| error::chain(&error))?;
    let reason = match files::read_bounded(path, Checkpoint::LIMIT_BYTES) {
        Ok(bytes) => match Checkpoint::from_bytes(&bytes, &path.display().to_string()) {
            Ok(checkpoint) => return Ok(Some(checkpoint)),
            Err(refusal) => refusal.to_string(),
        },
        Err(ReadError::Io(error)) if error.source.kind() == io::ErrorKind::NotFound => {
            return Ok(None);
        }
        Err(ReadError::Io(error)) => return Err(error::chain(&error)),
        Err(ReadError::TooLarge(limit)) => {
            format!("{} is larger than {limit} bytes", path.display())
        }
    };
    Err(back_up_invalid(path, &reason))
}

/// Removes this training, wherever it lies by now: another one may have taken its place since it was found.
pub(crate) fn discard(path: &Path, checkpoint: &Checkpoint) -> Result<(), IoError> {
    let claimed = claim(path)?;
    let Some(place) = place_of(path, checkpoint, claimed.is_some()) else {
        return Ok(());
    };
    fs::remove_file(&place).map_err(|source| IoError::new("remove", &place, source))
}

/// The file that holds this training: the one at `path`, unless that is another window's, or one that waits.
fn place_of(path: &Path, checkpoint: &Checkpoint, is_claimed: bool) -> Option<PathBuf> {
    let own = is_claimed.then(|| path.to_path_buf()).into_iter();
    let waiting = backup::backups_of(path, WAITING);
    own.chain(waiting).find(|place| {
        let bytes = files::read_bounded(place, Checkpoint::LIMIT_BYTES);
        bytes.is_ok_and(|bytes| Checkpoint::from_bytes(&bytes, "it").as_ref() == Ok(checkpoint))
    })
}

/// Where the checkpoints of a training under way go.
pub(crate) struct Kept {
    path: PathBuf,
    file: LatestFile,
    holds_training: bool,
    _claim: File,
}

impl Kept {
    /// Takes the file for a training, a new one or the one that is `resumed`. What lies there of another one waits.
    ///
    /// # Errors
    /// When another window has it, or nothing can be written there.
    pub(crate) fn begin(path: PathBuf, resumed: Option<&Checkpoint>) -> Result<Self, IoError> {
        make_folder(&path)?;
        let Some(claim) = claim(&path)? else {
            let another = io::Error::other("another window is training, and keeps its own there");
            return Err(IoError::new(
                "keep what is needed for that in",
                &path,
                another,
            ));
        };
        let place = resumed.and_then(|checkpoint| place_of(&path, checkpoint, true));
        if place.as_ref() != Some(&path) {
            backup::back_up(&path, WAITING)?;
        }
        let holds_training = place.is_some();
        if let Some(place) = place.filter(|place| *place != path) {
            fs::rename(&place, &path).map_err(|source| IoError::new("rename", &place, source))?;
        }
        Ok(Self {
            file: LatestFile::new(path.clone())?,
            path,
            holds_training,
            _claim: claim,
        })
    }

    /// Whether the training that is resumed lies in it.
    pub(crate) fn holds_training(&self) -> bool {
        self.holds_training
    }

    /// The file, to be replaced by each checkpoint.
    pub(crate) fn file(&self) -> &LatestFile {
        &self.file
    }

    /// Removes it, and makes room for what waited, now that the training has ended: the next start asks about that.
    pub(crate) fn end(self) {
        self.file.remove();
        if let Err(error) = restore_backup(&self.path, WAITING) {
            log::warn!(target: "digitpad", "{}", error::chain(&error));
        }
    }
}

/// Makes the folder that the file lies in.
fn make_folder(path: &Path) -> Result<(), IoError> {
    match path.parent() {
        Some(folder) => {
            fs::create_dir_all(folder).map_err(|source| IoError::new("make", folder, source))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_checkpoint_is_set_aside() {
        let kept = tempfile::tempdir().expect("a folder");
        let missing = kept.path().join("not/yet/there");
        let found = find(&checkpoint_in(&missing));
        assert!(matches!(found, Ok(None)), "no folder: {found:?}");
        assert!(!missing.exists(), "nor is one made by looking");
        let path = checkpoint_in(kept.path());
        assert!(matches!(find(&path), Ok(None)), "nothing there");
        fs::write(&path, "something else").expect("writes");
        let text = find(&path).expect_err("no checkpoint");
        assert!(text.contains(".unreadable"), "{text} says where it is now");
        assert!(matches!(find(&path), Ok(None)), "and asks once");
    }
}
