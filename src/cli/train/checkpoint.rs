//! The checkpoint file of a training: its place, its backup, and the command that resumes it.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};

use super::{Display, TrainStart, TrainTask};
use crate::{
    error::{CliError, IoError, Refusal},
    files::{backup, folder_of, is_device, read_bounded},
    model::device::DeviceChoice,
    training::checkpoint::Checkpoint,
};

/// The default checkpoint file of a training that writes its weights to `out`.
pub(in crate::cli) fn checkpoint_beside(out: &Path) -> PathBuf {
    let mut name = OsString::from(out);
    name.push(".checkpoint");
    name.into()
}

/// Checks that weights and checkpoint are two writable files.
pub(super) fn check_output_paths(task: &TrainTask) -> Result<(), CliError> {
    if is_same_place(&task.out, &task.checkpoint) {
        return Err(Refusal::new(
            "train",
            format!(
                "{} for the weights and for the checkpoint",
                task.out.display()
            ),
            "two files",
            "name another file with --checkpoint, or leave that out",
        )
        .into());
    }
    check_writable(&task.out)?;
    Ok(check_writable(&task.checkpoint)?)
}

/// Creates and removes a file in the same folder.
fn check_writable(path: &Path) -> Result<(), IoError> {
    let failed = |source| IoError::new("write", path, source);
    // A link is written at its target.
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if path.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    if is_device(path) {
        // A device is not replaced.
        return Ok(());
    }
    tempfile::tempfile_in(folder_of(path))
        .map(drop)
        .map_err(failed)
}

pub(super) fn read_checkpoint(file: &Path) -> Result<Checkpoint, CliError> {
    let name = file.display().to_string();
    let attempted = format!("read the checkpoint in {name}");
    let bytes = read_bounded(file, Checkpoint::LIMIT_BYTES, &attempted)?;
    Ok(Checkpoint::from_bytes(&bytes, &name)?)
}

/// Moves the checkpoint of another training to a backup.
pub(super) fn back_up(task: &TrainTask, display: &mut Display) -> Result<(), IoError> {
    if let TrainStart::Resume(file) = &task.start
        && is_same_place(file, &task.checkpoint)
    {
        return Ok(());
    }
    if let Some(backup_path) = backup::back_up(&task.checkpoint, ".old")? {
        let backup_path = backup_path.display();
        display.line(&format!(
            "note: the checkpoint of another training is now {backup_path}; --resume continues it"
        ));
    }
    Ok(())
}

/// Whether two paths lead to the same file, which may be missing.
fn is_same_place(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| {
        let beside = || Some(folder_of(path).canonicalize().ok()?.join(path.file_name()?));
        path.canonicalize().ok().or_else(beside)
    };
    place(one).is_some_and(|place_of_one| place(other) == Some(place_of_one))
}

/// Shows the command that resumes the training.
pub(super) fn print_resume_command(task: &TrainTask, display: &mut Display) {
    if !task.checkpoint.is_file() {
        return;
    }
    let command = command_to_resume(task);
    display.line(&format!("to resume: {command}"));
}

fn command_to_resume(task: &TrainTask) -> String {
    let (checkpoint, out) = (quoted(&task.checkpoint), quoted(&task.out));
    let mut command = format!("digitpad train --resume {checkpoint} --out {out}");
    let mut add = |is_given: bool, more: &str| {
        if is_given {
            command.push(' ');
            command.push_str(more);
        }
    };
    let is_elsewhere = task.checkpoint != checkpoint_beside(&task.out);
    add(is_elsewhere, &format!("--checkpoint {checkpoint}"));
    let is_chosen = task.device != DeviceChoice::default();
    add(is_chosen, &format!("--device {}", task.device));
    add(task.half, "--half");
    add(task.json, "--json");
    command
}

/// A path as one word of a shell.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |sign: char| {
        sign.is_alphanumeric()
            || "/._-+,:@".contains(sign)
            || (cfg!(windows) && sign == std::path::MAIN_SEPARATOR)
    };
    if path.chars().all(is_plain) {
        path
    } else if cfg!(windows) {
        // Windows allows no quotation marks in names.
        format!("\"{path}\"")
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_shell_reads_a_quoted_path_as_one_word() {
        let plain = ["w.safetensors", "/data/ä-1/run_2+3,4:5@6"];
        let others = [
            "my runs/w",
            "run(2).safetensors",
            "O'Brien.safetensors",
            "a&b;c|d>e",
            "$HOME/`id`/\"x\"\\",
            "~/w*?[1]{2}!#",
        ];
        for path in plain {
            assert_eq!(quoted(Path::new(path)), path, "nothing to quote");
        }
        for path in plain.into_iter().chain(others) {
            let command = format!("printf %s {}", quoted(Path::new(path)));
            let shell = std::process::Command::new("sh")
                .args(["-c", &command])
                .output();
            let read = shell.expect("there is a shell").stdout;
            assert_eq!(String::from_utf8_lossy(&read), path, "{command}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_target_of_a_link_must_be_writable() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let link = folder.path().join("w");
        let link_to = |target: &Path| {
            let _ = std::fs::remove_file(&link);
            std::os::unix::fs::symlink(target, &link).expect("links");
        };
        let file = folder.path().join("there");
        std::fs::write(&file, "").expect("writes");
        for (target, is_fine, reason) in [
            (&*file, true, "a file beside it"),
            (Path::new("/proc/version"), false, "not writable"),
            (
                Path::new("/no/such/file"),
                true,
                "missing: the link is replaced",
            ),
        ] {
            link_to(target);
            assert_eq!(check_writable(&link).is_ok(), is_fine, "{reason}");
        }
    }

    #[test]
    fn the_command_repeats_the_options() {
        let out = PathBuf::from("w");
        let usual = TrainTask {
            start: TrainStart::Resume("old".into()),
            device: DeviceChoice::Auto,
            checkpoint: checkpoint_beside(&out),
            out,
            half: false,
            json: false,
        };
        let command = "digitpad train --resume w.checkpoint --out w";
        assert_eq!(command_to_resume(&usual), command, "defaults");
        let chosen = TrainTask {
            device: DeviceChoice::Cpu,
            checkpoint: "c".into(),
            half: true,
            json: true,
            ..usual
        };
        assert_eq!(
            command_to_resume(&chosen),
            "digitpad train --resume c --out w --checkpoint c --device cpu --half --json",
            "all options"
        );
    }
}
