//! Where the window keeps what is needed to go on with a training that was interrupted.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    error::{self, IoError},
    files::{self, ReadFault},
    training::checkpoint::Checkpoint,
};

/// The environment variable that names another data folder than the system's.
pub const FOLDER_VARIABLE: &str = "DIGITPAD_DATA_DIR";
/// The file's name in the data folder.
const FILE_NAME: &str = "training.checkpoint";

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

/// Reads the training that was interrupted, if there is one. A file that is none is set aside.
///
/// # Errors
/// A whole sentence, when there is a file that cannot be read.
pub(super) fn find(path: &Path) -> Result<Option<Checkpoint>, String> {
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
    let kept = match set_aside(path) {
        Ok(()) => format!("the file is kept as {}", aside(path).display()),
        Err(error) => error::chain(&error),
    };
    Err(format!("{reason}; {kept}"))
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

/// Renames what lies there, so that the next training does not replace it.
pub(super) fn set_aside(path: &Path) -> Result<(), IoError> {
    match fs::rename(path, aside(path)) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(failed("rename", path, source))
        }
        _ => Ok(()),
    }
}

/// Makes the folder that the file lies in.
pub(super) fn make_folder(path: &Path) -> Result<(), IoError> {
    match path.parent() {
        Some(folder) => fs::create_dir_all(folder).map_err(|source| failed("make", folder, source)),
        None => Ok(()),
    }
}

fn aside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".old");
    name.into()
}

fn failed(attempted: &'static str, path: &Path, source: io::Error) -> IoError {
    IoError {
        attempted,
        path: path.to_path_buf(),
        source,
    }
}
