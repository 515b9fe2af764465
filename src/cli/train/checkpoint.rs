//! The file from which an interrupted training goes on: where it lies, and what makes room for it.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};

use super::{Display, TrainStart, TrainTask, read};
use crate::{
    error::{CliError, IoError, Refusal},
    files::{aside, folder_of, is_device},
    training::checkpoint::Checkpoint,
};

/// The checkpoint of a training that writes its weights to `out`.
pub(in crate::cli) fn checkpoint_beside(out: &Path) -> PathBuf {
    let mut name = OsString::from(out);
    name.push(".checkpoint");
    name.into()
}

/// Whether the training will find room for its weights and for its checkpoint.
pub(super) fn check_places(task: &TrainTask) -> Result<(), CliError> {
    if is_same_place(&task.out, &task.checkpoint) {
        return Err(CliError::Refused(Refusal::new(
            "train",
            format!(
                "{} for the weights and for the checkpoint",
                task.out.display()
            ),
            "two files",
            "name another file with --checkpoint, or leave that out",
        )));
    }
    check_writable(&task.out)?;
    Ok(check_writable(&task.checkpoint)?)
}

/// Creates a file beside the one to come, and removes it.
fn check_writable(path: &Path) -> Result<(), IoError> {
    let failed = |source| IoError::new("write", path, source);
    if path.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    if is_device(path) {
        // It is written to, not replaced.
        return Ok(());
    }
    tempfile::tempfile_in(folder_of(path))
        .map(drop)
        .map_err(failed)
}

pub(super) fn read_checkpoint(file: &Path) -> Result<Checkpoint, CliError> {
    let attempted = "read the interrupted training in";
    let bytes = read(file, Checkpoint::LIMIT_BYTES, attempted)?;
    let name = file.display().to_string();
    Checkpoint::from_bytes(&bytes, &name).map_err(CliError::Refused)
}

/// An interrupted training that nobody went on with is not lost by the next one.
pub(super) fn set_aside(task: &TrainTask, display: &mut Display) -> Result<(), IoError> {
    if let TrainStart::Resume(file) = &task.start
        && is_same_place(file, &task.checkpoint)
    {
        return Ok(());
    }
    if let Some(aside) = aside::set_aside(&task.checkpoint, ".old")? {
        let aside = aside.display();
        display.line(&format!(
            "note: an interrupted training was found and is kept as {aside}; --resume goes on with it"
        ));
    }
    Ok(())
}

/// Whether two paths lead to the same file, be it there or not.
fn is_same_place(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| {
        let beside = || Some(folder_of(path).canonicalize().ok()?.join(path.file_name()?));
        path.canonicalize().ok().or_else(beside)
    };
    place(one).is_some_and(|place_of_one| place(other) == Some(place_of_one))
}

/// Says which command goes on with a training that was interrupted.
pub(super) fn say_how_to_resume(task: &TrainTask, display: &mut Display) {
    if !task.checkpoint.is_file() {
        return;
    }
    let (checkpoint, out) = (quoted(&task.checkpoint), quoted(&task.out));
    let mut command = format!("digitpad train --resume {checkpoint} --out {out}");
    if task.checkpoint != checkpoint_beside(&task.out) {
        command = format!("{command} --checkpoint {checkpoint}");
    }
    if task.half {
        command.push_str(" --half");
    }
    display.line(&format!("to go on: {command}"));
}

/// A path as a shell reads it as one word.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    if path.contains(char::is_whitespace) {
        format!("\"{path}\"")
    } else {
        path
    }
}
