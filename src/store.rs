//! Files in the user's folders: settings, finished runs, checkpoints, corrections.
//!
//! Several windows and command lines may use the folders at once. A [`FileLock`](crate::files::lock::FileLock) protects
//! each file that is read, changed and written.

pub mod checkpoints;
pub mod corrections;
pub mod history;
pub mod run_library;
pub mod settings;
pub mod training_config;

use std::path::{Path, PathBuf};

use crate::{
    error::{self, Refusal, StoreError},
    files::backup::{INVALID, back_up},
};

/// The folder that an environment variable names, or else that of the system. `None` where there is neither.
fn folder(variable: &str, of_system: fn(&directories::ProjectDirs) -> &Path) -> Option<PathBuf> {
    match std::env::var_os(variable) {
        Some(folder) if !folder.is_empty() => Some(folder.into()),
        _ => directories::ProjectDirs::from("", "", "digitpad")
            .map(|folders| of_system(&folders).to_path_buf()),
    }
}

/// Moves an invalid file to a backup, so that the program can write a new one.
fn back_up_invalid(path: &Path, reason: Refusal) -> StoreError {
    let backup = back_up(path, INVALID).unwrap_or_else(|error| {
        log::warn!(target: "digitpad", "{}", error::chain(&error));
        None
    });
    StoreError::Invalid { reason, backup }
}
