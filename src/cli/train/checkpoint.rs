//! The checkpoint file of a training: its place, its backup, and the command that resumes it.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use super::{Display, TrainArgs};
use crate::{
    error::{CliError, Refusal, StoreError, excerpt, is_control},
    files::{is_same_file, lock::FileLock},
    model::device::DeviceChoice,
    store::checkpoints::{self, CheckpointLock, CheckpointStore},
    training::{Start, checkpoint::Checkpoint},
};

/// The default checkpoint file of a training that writes its weights to `out`.
pub(super) fn checkpoint_beside(out: &Path) -> PathBuf {
    let mut name = OsString::from(out);
    name.push(".checkpoint");
    name.into()
}

/// Locks the checkpoint file, unless another training writes it.
///
/// # Errors
/// When it holds anything but a checkpoint.
pub(super) fn lock(file: &Path) -> Result<CheckpointLock, CliError> {
    let lock = CheckpointLock::acquire(file.to_owned())?;
    let Err(error) = lock.load() else {
        return Ok(lock);
    };
    log::debug!(target: "digitpad", "{error}");
    Err(Refusal::new(
        format!("write checkpoints to {}", excerpt(file.display())),
        "another file",
        "a checkpoint or no file",
        "choose another file with --checkpoint, or move this one",
    )
    .into())
}

/// Locks the file of the weights: with checkpoint files of their own, two trainings may still have the same one.
///
/// # Errors
/// [`StoreError::Locked`] while another training uses it; else when its folder is not writable.
pub(super) fn lock_output(file: &Path) -> Result<FileLock, StoreError> {
    FileLock::acquire(file)?.ok_or_else(|| StoreError::Locked(file.to_owned()))
}

/// Reads a checkpoint to resume, unless another training writes it.
pub(super) fn read_checkpoint(
    arguments: &TrainArgs,
    file: &Path,
) -> Result<Checkpoint, StoreError> {
    if is_same_file(file, &arguments.checkpoint()) {
        // This training has the lock.
        checkpoints::load(file)
    } else {
        checkpoints::load_unlocked(file)
    }
}

/// Opens the checkpoint file. Reports if it moves the checkpoint of another training to a backup.
pub(super) fn open(
    lock: CheckpointLock,
    start: &Start,
    display: &mut Display,
) -> Result<CheckpointStore, StoreError> {
    let store = lock.open(start.checkpoint())?;
    if let Some(backup) = store.backup() {
        let backup = excerpt(backup.display());
        display.line(&format!(
            "note: the checkpoint of another training is now {backup}; --resume continues it"
        ));
    }
    Ok(store)
}

/// Shows the command that resumes the training.
pub(super) fn print_resume_command(arguments: &TrainArgs, half: bool, display: &mut Display) {
    if arguments.checkpoint().is_file() {
        let command = command_to_resume(arguments, half);
        display.line(&format!("to resume: {command}"));
    } else {
        display.line("note: no checkpoint could be written, so this training cannot be resumed");
    }
}

fn command_to_resume(arguments: &TrainArgs, half: bool) -> String {
    let checkpoint = arguments.checkpoint();
    let is_elsewhere = checkpoint != checkpoint_beside(&arguments.out);
    let (checkpoint, out) = (quoted(&checkpoint), quoted(&arguments.out));
    let device = arguments.device;
    let mut command = format!("digitpad train --resume {checkpoint} --out {out}");
    for (is_given, more) in [
        (is_elsewhere, format!("--checkpoint {checkpoint}")),
        (
            device != DeviceChoice::default(),
            format!("--device {device}"),
        ),
        (half, "--half".to_owned()),
        (arguments.json, "--json".to_owned()),
    ] {
        if is_given {
            command = format!("{command} {more}");
        }
    }
    command
}

/// A path as one word of a shell.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    if path.contains(is_control) && !cfg!(windows) {
        // Between these quotes, shells read escapes.
        let escape = |sign: char| match sign {
            '\'' | '\\' => format!("\\{sign}"),
            sign if sign.is_ascii_control() => format!("\\{:03o}", u32::from(sign)),
            sign if is_control(sign) => format!("\\u{:04x}", u32::from(sign)),
            sign => sign.to_string(),
        };
        return format!("$'{}'", path.chars().map(escape).collect::<String>());
    }
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
    use super::{super::args::tests::parse, *};

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

    #[cfg(unix)]
    #[test]
    fn a_path_with_control_characters_is_quoted_on_one_line() {
        let path = "a\nb\u{1b}[31m'\\\u{202e}1";
        let quoted = quoted(Path::new(path));
        assert!(!quoted.contains(is_control), "{quoted:?}");
        let mut shell = std::process::Command::new("bash");
        shell.args(["-c", &format!("printf %s {quoted}")]);
        // Another shell may not know these quotes.
        if let Ok(read) = shell.env("LC_ALL", "C.UTF-8").output() {
            assert_eq!(String::from_utf8_lossy(&read.stdout), path, "{quoted}");
        }
    }

    #[test]
    fn the_command_repeats_the_options() {
        for (typed, command) in [
            ("--resume old", "--resume w.checkpoint --out w"),
            (
                "--resume old --checkpoint c --device cpu --half --json",
                "--resume c --out w --checkpoint c --device cpu --half --json",
            ),
        ] {
            let arguments = parse(typed).expect(typed);
            assert_eq!(
                command_to_resume(&arguments, arguments.half),
                format!("digitpad train {command}"),
                "{typed}"
            );
        }
    }
}
