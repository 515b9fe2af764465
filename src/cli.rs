//! The command line: the library calls of the window, for scripts.
//!
//! The paths of a command are checked before anything else. Results go to `out`, everything else to `err`.

mod args;
mod drawings;
mod eval;
mod explain;
mod info;
mod known;
mod paths;
mod predict;
mod presets;
mod reading;
mod train;

use std::{
    ffi::OsString,
    io::{self, Write},
    panic,
    path::{Path, PathBuf},
};

use clap::{
    CommandFactory as _, Parser as _,
    error::{ContextKind, ContextValue},
};
use rayon::ThreadPoolBuilder;
use serde::Serialize;

use self::{
    args::{CommandArgs, ProgramArgs},
    paths::CommandPaths,
};
use crate::{
    error::{CliError, ModelError, Refusal, chain, excerpt},
    files::kind::FileKind,
    model::{
        device::{DeviceChoice, OpenDevice},
        file::Model,
    },
    worker::catch_panic,
};

/// What is left to do after [`run`].
#[derive(Debug)]
pub enum Invocation {
    /// Open the window.
    Window {
        /// The weight file; `None` is the built-in model.
        weights: Option<PathBuf>,
    },
    /// End with this exit code: 0 for success, 2 for bad input or usage, 130 after a signal, 1 for other errors.
    Ended(u8),
}

/// The end of a command that wrote all its results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    /// Success.
    Done,
    /// Some inputs failed and were reported; the exit code.
    Partly(u8),
    /// Ctrl-C, SIGTERM or SIGHUP.
    Interrupted,
}

/// The exit code after Ctrl-C and the like: 128 + SIGINT, as in shells.
const INTERRUPTED: u8 = 130;

/// Where a command prints.
struct Streams<'a> {
    /// The results.
    out: &'a mut (dyn Write + Send),
    /// Everything else.
    err: &'a mut (dyn Write + Send),
}

impl Streams<'_> {
    /// Handles each input of a command. A failure is reported, and the other inputs follow, unless results cannot be
    /// written.
    fn for_each<T>(
        self,
        inputs: impl IntoIterator<Item = T>,
        mut handle: impl FnMut(T, &mut dyn Write) -> Result<(), CliError>,
    ) -> Result<Exit, CliError> {
        let mut exit = Exit::Done;
        for input in inputs {
            match handle(input, self.out) {
                Ok(()) => {}
                Err(error @ CliError::Output(_)) => return Err(error),
                Err(error) => exit = Exit::Partly(report_error(&error, self.err)),
            }
        }
        Ok(exit)
    }
}

/// A command with its arguments.
trait Runnable: Sync {
    /// The files that it reads, if it writes any, and those that it writes.
    fn paths(&self) -> CommandPaths {
        CommandPaths::default()
    }

    fn run(&self, streams: Streams) -> Result<Exit, CliError>;
}

/// The definition of all arguments, for man pages and completions.
pub fn command() -> clap::Command {
    ProgramArgs::command()
}

/// Parses the arguments, the name of the program first, and runs the command that they name. Writes an error to `err`
/// on one line. A panic is an error.
///
/// A reader that closes `out` early is not an error.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> Invocation {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let command = match ProgramArgs::try_parse_from(&arguments) {
        Ok(ProgramArgs {
            command: Some(command),
            ..
        }) => command,
        Ok(ProgramArgs { model, .. }) => {
            return Invocation::Window {
                weights: model.weights,
            };
        }
        // Help goes to standard output, which may be full.
        Err(usage) => {
            if let Some(refusal) = file_as_command(&usage) {
                return Invocation::Ended(report_error(&refusal.into(), err));
            }
            // An error quotes the arguments.
            let shown = arguments.iter().map(|argument| excerpt(argument.display()));
            let usage = ProgramArgs::try_parse_from(shown).err().unwrap_or(usage);
            let printed = usage.print().and_then(|()| io::stdout().flush());
            let printed = printed.map(|()| Exit::Partly(usage.exit_code() as u8));
            return Invocation::Ended(exit_code(printed.map_err(CliError::from), err));
        }
    };
    // The error has the message. The log has the place.
    panic::set_hook(Box::new(|panic| log::debug!(target: "digitpad", "{panic}")));
    let command: &dyn Runnable = match &command {
        CommandArgs::Train(train) => &**train,
        CommandArgs::Presets(presets) => presets,
        CommandArgs::Eval(eval) => eval,
        CommandArgs::Predict(predict) => predict,
        CommandArgs::Explain(explain) => explain,
        CommandArgs::Info(info) => info,
    };
    Invocation::Ended(run_command(command, Streams { out, err }))
}

/// What to do with a file that stands where a command is expected.
fn file_as_command(usage: &clap::Error) -> Option<Refusal> {
    let Some(ContextValue::String(name)) = usage.get(ContextKind::InvalidSubcommand) else {
        return None;
    };
    let path = Path::new(name);
    let exists = path.exists().then(|| FileKind::of(path));
    let command = match exists.or_else(|| FileKind::of_extension(path))? {
        FileKind::Picture | FileKind::Ink => "predict",
        FileKind::Weights => "--weights",
        FileKind::Config => "train --config",
        FileKind::Folder => "eval --data",
    };
    let name = excerpt(name);
    Some(Refusal::new(
        format!("run the command {name}"),
        "the name of a file or folder",
        "a command",
        format!("use digitpad {command} {name}"),
    ))
}

fn run_command(command: &dyn Runnable, Streams { out, err }: Streams) -> u8 {
    let mut work = || {
        command.paths().check()?;
        let exit = command.run(Streams { out, err })?;
        out.flush()?;
        Ok(exit)
    };
    let exit = catch_panic(|| on_thread_pool(&mut work)).unwrap_or_else(|panic| Err(panic.into()));
    exit_code(exit, err)
}

/// Runs the work on a pool of rayon's threads, or on this thread alone where the system refuses threads.
fn on_thread_pool<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    match ThreadPoolBuilder::new().build() {
        Ok(pool) => pool.install(work),
        Err(error) => {
            log::info!(target: "digitpad", "computing on one thread: {error}");
            let own = ThreadPoolBuilder::new().num_threads(1);
            let _pool = own.use_current_thread().build();
            work()
        }
    }
}

fn exit_code(exit: Result<Exit, CliError>, err: &mut (dyn Write + Send)) -> u8 {
    match exit {
        Ok(Exit::Done) => 0,
        Ok(Exit::Partly(code)) => code,
        Ok(Exit::Interrupted) => INTERRUPTED,
        Err(CliError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => 0,
        Err(error) => report_error(&error, err),
    }
}

/// Writes an error with its causes on one line, and returns its exit code.
fn report_error(error: &CliError, err: &mut (dyn Write + Send)) -> u8 {
    // A closed standard error leaves the exit code.
    let _ = writeln!(err, "digitpad: {}", chain(error));
    if error.is_user_error() { 2 } else { 1 }
}

/// The model of a weight file, or the built-in model.
fn load_model(weights: Option<&Path>) -> Result<Model, ModelError> {
    weights.map_or_else(Model::built_in, Model::load)
}

/// Opens a device. Reports if `auto` falls back to the CPU.
fn open_device(choice: DeviceChoice, err: &mut dyn Write) -> Result<OpenDevice, CliError> {
    let device = choice.open()?;
    if let Some(note) = &device.note {
        // A note may get lost with a closed standard error.
        let _ = writeln!(err, "digitpad: {note}");
    }
    Ok(device)
}

/// Writes a value as one line of JSON.
fn write_json(out: &mut dyn Write, value: &impl Serialize) -> Result<(), CliError> {
    let line = serde_json::to_string(value).map_err(io::Error::from)?;
    Ok(writeln!(out, "{line}")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Panics;

    impl Runnable for Panics {
        fn run(&self, _: Streams) -> Result<Exit, CliError> {
            panic!("a defect\nof two lines");
        }
    }

    #[test]
    fn a_panic_is_an_error_on_one_line() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let streams = Streams {
            out: &mut out,
            err: &mut err,
        };
        assert_eq!(run_command(&Panics, streams), 1, "no user error");
        let said = String::from_utf8(err).expect("text");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains("a defect"), "with its message: {said}");
    }

    #[test]
    fn no_command_opens_the_window() {
        let words = ["digitpad", "--weights", "w"].map(OsString::from);
        let invocation = run(words, &mut Vec::new(), &mut Vec::new());
        assert!(
            matches!(invocation, Invocation::Window { weights: Some(path) } if path.as_os_str() == "w"),
            "with the given weights"
        );
    }
}
