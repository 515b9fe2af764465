//! The command line: the same library calls as the window makes, so that all of it can be scripted.
//!
//! What was typed (`args`) and what it resolves to ([`Task`]) are two types; a task is checked as far as
//! it can be before anything slow begins. Results go to `out`, everything else to `err`.

mod args;
mod eval;
mod info;
mod ink_eval;
mod predict;
mod presets;
mod text;
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

/// What the arguments ask for.
#[derive(Debug)]
pub enum Invocation {
    /// The window, with these weights or the shipped model.
    Window {
        /// The weight file.
        weights: Option<PathBuf>,
    },
    /// Something that needs no window.
    Task(Task),
}

/// What the command line does by itself.
#[derive(Debug)]
pub enum Task {
    /// Train a network and write its weights.
    Train(Box<TrainTask>),
    /// Print presets.
    Presets(PresetsTask),
    /// Measure a model on labeled digits.
    Eval(EvalTask),
    /// Read digits in pictures and ink files.
    Predict(PredictTask),
    /// Describe a weight file.
    Info(InfoTask),
}

/// How a task ended that wrote all it had to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// As asked.
    Done,
    /// Some of what was asked failed, and was said; the exit code.
    Partly(u8),
    /// Ctrl-C.
    Interrupted,
}

/// The exit code of what was stopped by Ctrl-C, as shells have it: 128 and the signal's number.
const INTERRUPTED: u8 = 130;

/// Reads the arguments, the program's name first.
///
/// # Errors
/// The exit code, where there is nothing left to do: help was asked for and printed, or the arguments
/// were refused and it was said why.
pub fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    err: &mut (dyn Write + Send),
) -> Result<Invocation, u8> {
    args::parse(arguments).map_err(|refused| match refused {
        args::Refused::Usage(error) => {
            // Nothing can be done where even this cannot be printed.
            let _ = error.print();
            error.exit_code() as u8
        }
        args::Refused::Value(error) => report_error(&error, err),
    })
}

/// Does what was asked and returns the exit code: 0; 2 where the user can mend it; 130 after Ctrl-C;
/// 1 otherwise. An error is written to `err` as one sentence.
///
/// A reader of `out` that has seen enough is no error.
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

/// Writes an error with its causes as one sentence, and returns the exit code that goes with it.
fn report_error(error: &CliError, err: &mut (dyn Write + Send)) -> u8 {
    // Where standard error is closed, the exit code still tells.
    let _ = writeln!(err, "digitpad: {}", chain(error));
    if error.is_user_error() { 2 } else { 1 }
}

/// The model of a weight file, or the shipped one.
fn load_model(weights: Option<&Path>) -> Result<Model, ModelError> {
    weights.map_or_else(Model::built_in, Model::load)
}

/// Opens the device that was asked for; where it is not what was hoped for, that is said.
fn open_device(choice: DeviceChoice, err: &mut dyn Write) -> Result<OpenDevice, CliError> {
    let device = choice.open()?;
    if let Some(note) = &device.note {
        // Where standard error is closed, nobody wants to know.
        let _ = writeln!(err, "digitpad: {note}");
    }
    Ok(device)
}

/// Writes a value as one line of JSON.
fn write_json(out: &mut dyn Write, value: &impl Serialize) -> Result<(), CliError> {
    let line = serde_json::to_string(value).map_err(io::Error::from)?;
    Ok(writeln!(out, "{line}")?)
}
