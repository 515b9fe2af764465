//! The arguments of the command line, and the tasks that they resolve to.

mod train;

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, CommandFactory as _, Parser, Subcommand};

use self::train::TrainArgs;
use super::{EvalSource, EvalTask, InfoTask, Input, Invocation, PredictTask, PresetsTask, Task};
use crate::{
    data::{DataSource, noise::Noise},
    error::CliError,
    model::device::DeviceChoice,
    training::config::Preset,
};

const ABOUT: &str =
    "Draw a digit, see the prediction of a neural network at once, and train the network";

const EXAMPLES: &str = "\
Examples:
  digitpad                               open the window
  digitpad --weights mine.safetensors    open it with another model
  digitpad train --preset keras --out mine.safetensors
  digitpad eval --weights mine.safetensors
  digitpad predict digit.png drawings.jsonl.gz
  digitpad info mine.safetensors

Exit codes: 0: success; 1: another error; 2: bad input or usage (an invalid file, an unknown option, \
no display for the window); 130: interrupted by Ctrl-C. RUST_LOG=digitpad=debug logs to standard error.";

const EVAL_EXAMPLES: &str = "\
Examples:
  digitpad eval
  digitpad eval --weights mine.safetensors --data fashion-mnist/
  digitpad eval --idx t10k-images-idx3-ubyte.gz t10k-labels-idx1-ubyte.gz --json
  digitpad eval --ink digits.jsonl.gz --ink signs.jsonl.gz
  digitpad eval --ink digits.jsonl.gz --errors misclassified.png
  digitpad eval --weights filtered.safetensors --noise salt-and-pepper:0.1
  digitpad eval --ink digits.jsonl.gz --noise gaussian:0.2

With --json, one object: source, examples, loss, accuracy, confusion (ten rows, one per true digit), \
precision and recall of each digit, ece (the expected calibration error), reliability (its 15 bins of \
confidence: count, mean confidence, accuracy), rejected (digits rejected as non-digits), non_digits (of \
ink with other labels: examples, rejected), and the ink records skipped: unlabeled, blank. Without \
digits, the metrics of digits are absent.";

const PREDICT_EXAMPLES: &str = "\
Examples:
  digitpad predict digit.png
  digitpad predict --weights mine.safetensors scans/*.png
  digitpad predict drawings.jsonl.gz --json
  cat digit.png | digitpad predict -

With --json, prints one object per line: file, digit, is_digit, confidence and probabilities. \
An ink file gives one object per drawing, in order, with its number (record, from 1). \
If is_digit is false, digit is the nearest digit. \
Errors about single files go to standard error; the other files are still predicted.";

const PRESETS_EXAMPLES: &str = "\
Examples:
  digitpad presets
  digitpad presets quick > mine.toml";

const INFO_EXAMPLES: &str = "\
Examples:
  digitpad info
  digitpad info mine.safetensors --json";

/// All arguments.
#[derive(Debug, Parser)]
#[command(name = "digitpad", version, about = ABOUT, after_help = EXAMPLES)]
#[command(args_conflicts_with_subcommands = true, max_term_width = 100)]
struct ProgramArgs {
    #[command(flatten)]
    model: ModelArgs,
    #[command(subcommand)]
    command: Option<CommandArgs>,
}

#[derive(Debug, Subcommand)]
enum CommandArgs {
    /// Train a network and write its weights
    #[command(after_help = train::EXAMPLES)]
    Train(Box<TrainArgs>),
    /// List the presets, or print one as a TOML file
    #[command(after_help = PRESETS_EXAMPLES)]
    Presets(PresetsArgs),
    /// Evaluate a model on the MNIST test set or other labeled digits
    #[command(after_help = EVAL_EXAMPLES)]
    Eval(EvalArgs),
    /// Predict the digits of pictures (PNG, JPEG, BMP, WebP, GIF, PNM, TIFF) and ink files
    #[command(after_help = PREDICT_EXAMPLES)]
    Predict(PredictArgs),
    /// Show the layers, parameters and metadata of a weight file
    #[command(after_help = INFO_EXAMPLES)]
    Info(InfoArgs),
}

#[derive(Debug, Args)]
struct ModelArgs {
    /// The weight file [default: the built-in model]
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct DeviceArgs {
    /// The device to compute on
    #[arg(long, value_name = "NAME", value_enum, default_value_t)]
    device: DeviceChoice,
}

#[derive(Debug, Args)]
struct EvalArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// A folder with the two test files of a data set in the MNIST format
    #[arg(long, value_name = "FOLDER", group = "source")]
    data: Option<PathBuf>,
    /// A file of images and the file of their labels, in the MNIST format (IDX)
    #[arg(long, num_args = 2, value_names = ["IMAGES", "LABELS"], group = "source")]
    idx: Option<Vec<PathBuf>>,
    /// An ink file (JSON Lines, may be gzip-compressed); may be repeated
    #[arg(long, value_name = "FILE", group = "source")]
    ink: Vec<PathBuf>,
    /// A PNG file to write: the misclassified images by descending loss, each with its true digit, its
    /// predicted digit and the confidence
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
    /// Noise on each input of the network: salt-and-pepper:X or gaussian:X, X from 0 to 1
    #[arg(long, value_name = "KIND:X")]
    noise: Option<Noise>,
    #[command(flatten)]
    device: DeviceArgs,
    /// Print the results as one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct PredictArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Pictures or ink files; "-" is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct PresetsArgs {
    /// The preset to print [default: list all]
    #[arg(value_name = "NAME", value_enum)]
    preset: Option<Preset>,
}

#[derive(Debug, Args)]
struct InfoArgs {
    /// The weight file [default: the built-in model]
    #[arg(value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Why the arguments give no task.
pub(super) enum Invalid {
    /// A request for help, or a usage error.
    Usage(clap::Error),
    /// An invalid value or file.
    Value(CliError),
}

/// The definition of all arguments.
pub(super) fn command() -> clap::Command {
    ProgramArgs::command()
}

/// Parses the arguments, the name of the program first.
pub(super) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Invocation, Invalid> {
    let arguments = ProgramArgs::try_parse_from(words).map_err(Invalid::Usage)?;
    let task = match arguments.command {
        None => {
            return Ok(Invocation::Window {
                weights: arguments.model.weights,
            });
        }
        Some(CommandArgs::Train(train)) => {
            Task::Train(Box::new(train.resolve().map_err(Invalid::Value)?))
        }
        Some(CommandArgs::Presets(PresetsArgs { preset })) => Task::Presets(PresetsTask { preset }),
        Some(CommandArgs::Eval(eval)) => Task::Eval(eval.resolve()),
        Some(CommandArgs::Predict(predict)) => Task::Predict(predict.resolve()),
        Some(CommandArgs::Info(InfoArgs { weights, json })) => {
            Task::Info(InfoTask { weights, json })
        }
    };
    Ok(Invocation::Task(task))
}

impl EvalArgs {
    fn resolve(self) -> EvalTask {
        // clap allows at most one of the three, and exactly two files of a pair.
        let source = match (self.data, self.idx.as_deref(), self.ink) {
            (Some(folder), ..) => EvalSource::Data(DataSource::Folder(folder)),
            (_, Some([images, labels]), _) => EvalSource::Idx {
                images: images.clone(),
                labels: labels.clone(),
            },
            (.., files) if !files.is_empty() => EvalSource::Ink(files),
            _ => EvalSource::Data(DataSource::Mnist),
        };
        EvalTask {
            weights: self.model.weights,
            source,
            errors: self.errors,
            noise: self.noise,
            device: self.device.device,
            json: self.json,
        }
    }
}

impl PredictArgs {
    fn resolve(self) -> PredictTask {
        let input = |file: PathBuf| {
            if file.as_os_str() == "-" {
                Input::Standard
            } else {
                Input::File(file)
            }
        };
        PredictTask {
            weights: self.model.weights,
            inputs: self.files.into_iter().map(input).collect(),
            json: self.json,
        }
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn the_definition_is_valid() {
        ProgramArgs::command().debug_assert();
    }

    /// Text that is wrapped by hand and again by clap has short lines in the middle of a paragraph.
    #[test]
    fn help_is_wrapped_once() {
        let command = ProgramArgs::command();
        for command in std::iter::once(&command).chain(command.get_subcommands()) {
            let name = command.get_name();
            let help = command.get_after_help().expect("examples").to_string();
            let paragraphs = help.lines().filter(|line| !line.starts_with("  "));
            let paragraphs: Vec<&str> = paragraphs.collect();
            for lines in paragraphs.windows(2) {
                let is_separate = lines.iter().any(|line| line.is_empty());
                assert!(
                    is_separate,
                    "{name} breaks a paragraph before {:?}",
                    lines[1]
                );
            }
        }
    }

    #[test]
    fn no_command_opens_the_window() {
        let parsed = parse(["digitpad", "--weights", "w"].map(OsString::from));
        assert!(
            matches!(parsed, Ok(Invocation::Window { weights: Some(path) }) if path.as_os_str() == "w"),
            "with the given weights"
        );
    }
}
