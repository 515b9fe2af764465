//! Where the window keeps what is needed to go on with a training that was interrupted.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    error::{self, IoError},
    files::{
        self, ReadFault,
        aside::{self, bring_back},
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

/// Reads the training that was interrupted, if there is one, or else one that waits. A file that is none is
/// set aside.
///
/// # Errors
/// A whole sentence, when there is a file that cannot be read.
pub(super) fn find(path: &Path) -> Result<Option<Checkpoint>, String> {
    bring_back(path, WAITING).map_err(|error| error::chain(&error))?;
    let reason = match files::read_bounded(path, Checkpoint::LIMIT_BYTES) {
        Ok(bytes) => match Checkpoint::from_bytes(&bytes, &path.display().to_string()) {
            Ok(checkpoint) => return Ok(Some(checkpoint)),
            Err(refusal) => refusal.to_string(),
        },
        Err(ReadFault::Io(error)) if error.source.kind() == io::ErrorKind::NotFound => {
            return Ok(None);
        }
        Err(ReadFault::Io(error)) => return Err(error::chain(&error)),
        Err(ReadFault::TooLarge(limit)) => {
            format!("{} is larger than {limit} bytes", path.display())
        }
    };
    let kept = match aside::set_aside(path, ".unreadable") {
        Ok(Some(name)) => format!("; the file is kept as {}", name.display()),
        Ok(None) => String::new(),
        Err(error) => format!("; {}", error::chain(&error)),
    };
    Err(format!("{reason}{kept}"))
}

/// Removes the training that was interrupted.
pub(super) fn discard(path: &Path) -> Result<(), IoError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(failed("remove", path, source))
        }
        _ => Ok(()),
    }
}

/// Lets what lies there wait, so that the next training does not replace it.
pub(super) fn set_aside(path: &Path) -> Result<(), IoError> {
    aside::set_aside(path, WAITING).map(drop)
}

/// Makes room again for what waited, now that another training has ended: the next start asks about it.
pub(super) fn ended(path: &Path) {
    if let Err(error) = bring_back(path, WAITING) {
        log::warn!(target: "digitpad", "{}", error::chain(&error));
    }
}

/// Makes the folder that the file lies in.
pub(super) fn make_folder(path: &Path) -> Result<(), IoError> {
    match path.parent() {
        Some(folder) => fs::create_dir_all(folder).map_err(|source| failed("make", folder, source)),
        None => Ok(()),
    }
}

fn failed(attempted: &'static str, path: &Path, source: io::Error) -> IoError {
    IoError {
        attempted,
        path: path.to_path_buf(),
        source,
    }
}
