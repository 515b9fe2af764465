//! The command line: the library calls of the window, for scripts.
//!
//! The typed arguments (`args`) and the resolved [`Task`] are separate types. A task is checked before anything slow
//! begins. Results go to `out`, everything else to `err`.

mod args;
mod eval;
mod info;
mod predict;
mod presets;
mod train;

use std::{
    ffi::OsString,
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::Serialize;

pub use self::{
    eval::{EvalSource, EvalTask},
    info::InfoTask,
    predict::{Input, PredictTask},
    presets::PresetsTask,
    train::{TrainStart, TrainTask},
};
use crate::{
    error::{CliError, ModelError, chain},
    model::{
        device::{DeviceChoice, OpenDevice},
        file::Model,
    },
};

/// The parsed arguments.
#[derive(Debug)]
pub enum Invocation {
    /// Open the window.
    Window {
        /// The weight file; `None` is the built-in model.
        weights: Option<PathBuf>,
    },
    /// Run a command.
    Task(Task),
}

/// A command.
#[derive(Debug)]
pub enum Task {
    /// Train a network and write its weights.
    Train(Box<TrainTask>),
    /// Print presets.
    Presets(PresetsTask),
    /// Evaluate a model on labeled digits.
    Eval(EvalTask),
    /// Predict the digits of pictures and ink files.
    Predict(PredictTask),
    /// Describe a weight file.
    Info(InfoTask),
}

/// The end of a task that wrote all its results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// Success.
    Done,
    /// Some inputs failed and were reported; the exit code.
    Partly(u8),
    /// Ctrl-C.
    Interrupted,
}

/// The exit code after Ctrl-C: 128 + SIGINT, as in shells.
const INTERRUPTED: u8 = 130;

/// The definition of all arguments, for man pages and completions.
pub fn command() -> clap::Command {
    args::command()
}

/// Parses the arguments, the name of the program first.
///
/// # Errors
/// The exit code, after printing the help or the reason why the arguments are invalid.
pub fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    err: &mut (dyn Write + Send),
) -> Result<Invocation, u8> {
    args::parse(arguments).map_err(|invalid| match invalid {
        args::Invalid::Usage(error) => {
            // A closed standard error leaves the exit code.
            let _ = error.print();
            error.exit_code() as u8
        }
        args::Invalid::Value(error) => report_error(&error, err),
    })
}

/// Runs a task and returns the exit code: 0 for success, 2 for bad input or usage, 130 after Ctrl-C, 1 for other
/// errors. Writes an error to `err` on one line.
///
/// A reader that closes `out` early is not an error.
pub fn run(task: &Task, out: &mut dyn Write, err: &mut (dyn Write + Send)) -> u8 {
    let ending = match task {
        Task::Train(task) => train::run(task, out, err),
        Task::Presets(task) => presets::run(task, out),
        Task::Eval(task) => eval::run(task, out, err),
        Task::Predict(task) => predict::run(task, out, err),
        Task::Info(task) => info::run(task, out),
    };
    let ending = ending.and_then(|ending| {
        out.flush()?;
        Ok(ending)
    });
    match ending {
        Ok(Ending::Done) => 0,
        Ok(Ending::Partly(code)) => code,
        Ok(Ending::Interrupted) => INTERRUPTED,
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
