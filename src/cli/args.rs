//! What can be typed, and what it resolves to.

use std::{ffi::OsString, path::PathBuf, str::FromStr};

use clap::{
    Args, Parser, Subcommand,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};

use super::{EvalSource, EvalTask, InfoTask, Input, Invocation, PredictTask, Task, TrainTask};
use crate::{
    error::{CliError, Refusal},
    model::{Activation, MlpConfig, device::DeviceChoice, parse_hidden},
    training::config::Preset,
};

const ABOUT: &str =
    "Draw a digit, see at once what a neural network makes of it, and train that network";

const EXAMPLES: &str = "\
Examples:
  digitpad                                             open the window
  digitpad --weights mine.safetensors                  open it with another model
  digitpad train --preset keras --out mine.safetensors
  digitpad eval --weights mine.safetensors
  digitpad predict digit.png drawings.jsonl.gz
  digitpad info mine.safetensors

Exit code: 0; 2 where it is in your hands (a file that does not fit, an unknown option, no display
for the window); 130 after Ctrl-C; 1 otherwise. RUST_LOG=digitpad=debug logs to standard error.";

const TRAIN_EXAMPLES: &str = "\
Examples:
  digitpad train --out mine.safetensors
  digitpad train --preset keras --seed 7 --out keras-7.safetensors
  digitpad train --hidden 256,128 --activation tanh --epochs 5 --out deep.safetensors
  digitpad train --data fashion-mnist/ --out fashion.safetensors --json > fashion.json

Ctrl-C ends the training after its batch and keeps what was learnt so far; a second one gives it up.
Both exit with code 130.";

const EVAL_EXAMPLES: &str = "\
Examples:
  digitpad eval
  digitpad eval --weights mine.safetensors --data fashion-mnist/
  digitpad eval --idx t10k-images-idx3-ubyte.gz t10k-labels-idx1-ubyte.gz --json
  digitpad eval --ink digits.jsonl.gz

With --json, one object: source, examples, loss, accuracy, per_class and confusion (ten rows, truth by
row); with --ink also by_source (by the part of the writer's name before its dash) and how many lines
were left out: not_digits, unlabelled, blank.";

const PREDICT_EXAMPLES: &str = "\
Examples:
  digitpad predict digit.png
  digitpad predict --weights mine.safetensors scans/*.png
  digitpad predict drawings.jsonl.gz --json
  cat digit.png | digitpad predict -

With --json, one object a line: file, digit, confidence and probabilities; for an ink file one for each
of its drawings, in order, with its number (record, from 1). Files
that fail are named on standard error, the others are answered.";

const INFO_EXAMPLES: &str = "\
Examples:
  digitpad info
  digitpad info mine.safetensors --json";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "digitpad", version, about = ABOUT, after_help = EXAMPLES)]
#[command(args_conflicts_with_subcommands = true, max_term_width = 100)]
struct Typed {
    #[command(flatten)]
    model: TypedModel,
    #[command(subcommand)]
    command: Option<TypedCommand>,
}

#[derive(Debug, Subcommand)]
enum TypedCommand {
    /// Train a network and write its weights
    #[command(after_help = TRAIN_EXAMPLES)]
    Train(TypedTrain),
    /// Measure a model on labelled digits: MNIST's test set, or those given
    #[command(after_help = EVAL_EXAMPLES)]
    Eval(TypedEval),
    /// Read digits in pictures (PNG, JPEG, BMP, WebP, GIF, PNM, TIFF) and ink files
    #[command(after_help = PREDICT_EXAMPLES)]
    Predict(TypedPredict),
    /// Show the layers, parameters and metadata of a weight file
    #[command(after_help = INFO_EXAMPLES)]
    Info(TypedInfo),
}

#[derive(Debug, Args)]
struct TypedModel {
    /// The weight file to use; without it, the model that is built in
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct TypedDevice {
    /// What to compute on
    #[arg(long, value_name = "NAME", default_value = DeviceChoice::Auto.name())]
    #[arg(value_parser = one_of::<DeviceChoice>(DeviceChoice::ALL.map(device_value)))]
    device: DeviceChoice,
}

/// A device in the help; what this program was not built for is left out there, and refused with the reason.
fn device_value(choice: DeviceChoice) -> PossibleValue {
    PossibleValue::new(choice.name())
        .help(choice.description())
        .hide(!choice.is_built())
}

#[derive(Debug, Args)]
struct TypedTrain {
    /// The recipe to start from; the options below change single values of it
    #[arg(long, value_name = "NAME", default_value = Preset::Keras.name())]
    #[arg(value_parser = one_of::<Preset>(Preset::ALL.map(|p| PossibleValue::new(p.name()).help(p.description()))))]
    preset: Preset,
    /// How often each example is seen
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Examples a step
    #[arg(long, value_name = "N")]
    batch_size: Option<usize>,
    /// How far a step goes
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    learning_rate: Option<f64>,
    /// Units of the hidden layers with commas between them, such as 256,128; or "none"
    #[arg(long, value_name = "WIDTHS")]
    hidden: Option<String>,
    /// What follows each hidden layer
    #[arg(long, value_name = "NAME")]
    #[arg(value_parser = one_of::<Activation>(Activation::ALL.map(|a| PossibleValue::new(a.name()))))]
    activation: Option<Activation>,
    /// Decides the first weights and the order of the examples
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// A folder with the four files of a data set in MNIST's format; without it, MNIST
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    #[command(flatten)]
    device: TypedDevice,
    /// The weight file to write; one that is there is replaced when the training has ended
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print the configuration, history and test figures as one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct TypedEval {
    #[command(flatten)]
    model: TypedModel,
    /// The test set of a folder with the four files of a data set in MNIST's format
    #[arg(long, value_name = "FOLDER", group = "source")]
    data: Option<PathBuf>,
    /// A file of images and the file of their labels, in MNIST's format
    #[arg(long, num_args = 2, value_names = ["IMAGES", "LABELS"], group = "source")]
    idx: Option<Vec<PathBuf>>,
    /// An ink file: JSON Lines, gzip-compressed or not
    #[arg(long, value_name = "FILE", group = "source")]
    ink: Option<PathBuf>,
    #[command(flatten)]
    device: TypedDevice,
    /// Print the figures as one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct TypedPredict {
    #[command(flatten)]
    model: TypedModel,
    /// Pictures or ink files, told apart by what they hold; "-" is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct TypedInfo {
    /// The weight file; without it, the model that is built in
    #[arg(value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Takes one of these names and shows them all in the help.
fn one_of<T>(names: impl Into<PossibleValuesParser>) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err = Refusal> + Clone + Send + Sync + 'static,
{
    names.into().try_map(|name| name.parse::<T>())
}

/// Why there is nothing to run.
pub(super) enum Refused {
    /// Help was asked for, or the arguments are not as the help says.
    Usage(clap::Error),
    /// A value does not do.
    Value(CliError),
}

/// Reads the arguments, the program's name first.
pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Invocation, Refused> {
    let typed = Typed::try_parse_from(arguments).map_err(Refused::Usage)?;
    let task = match typed.command {
        None => {
            return Ok(Invocation::Window {
                weights: typed.model.weights,
            });
        }
        Some(TypedCommand::Train(train)) => {
            let task = train.resolve();
            Task::Train(task.map_err(|refusal| Refused::Value(CliError::Refused(refusal)))?)
        }
        Some(TypedCommand::Eval(eval)) => Task::Eval(eval.resolve()),
        Some(TypedCommand::Predict(predict)) => Task::Predict(predict.resolve()),
        Some(TypedCommand::Info(TypedInfo { weights, json })) => {
            Task::Info(InfoTask { weights, json })
        }
    };
    Ok(Invocation::Task(task))
}

impl TypedTrain {
    /// The preset's configuration with what was typed in its place, checked.
    fn resolve(self) -> Result<TrainTask, Refusal> {
        let mut config = self.preset.config();
        let hidden = match &self.hidden {
            Some(text) => parse_hidden(text)?,
            None => config.model.hidden().to_vec(),
        };
        let activation = self.activation.unwrap_or(config.model.activation());
        config.model = MlpConfig::new(hidden, activation)?;
        replace(&mut config.epochs, self.epochs);
        replace(&mut config.batch_size, self.batch_size);
        replace(&mut config.learning_rate, self.learning_rate);
        replace(&mut config.seed, self.seed);
        config.validate()?;
        Ok(TrainTask {
            config,
            data: self.data,
            device: self.device.device,
            out: self.out,
            json: self.json,
        })
    }
}

fn replace<T>(value: &mut T, typed: Option<T>) {
    if let Some(typed) = typed {
        *value = typed;
    }
}

impl TypedEval {
    fn resolve(self) -> EvalTask {
        // clap lets at most one of the three through, and exactly two files of a pair.
        let source = match (self.data, self.idx.as_deref(), self.ink) {
            (Some(folder), ..) => EvalSource::Folder(folder),
            (_, Some([images, labels]), _) => EvalSource::Idx {
                images: images.clone(),
                labels: labels.clone(),
            },
            (.., Some(file)) => EvalSource::Ink(file),
            _ => EvalSource::Mnist,
        };
        EvalTask {
            weights: self.model.weights,
            source,
            device: self.device.device,
            json: self.json,
        }
    }
}

impl TypedPredict {
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
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Typed::command().debug_assert();
    }

    #[test]
    fn no_command_is_the_window() {
        let parsed = parse(["digitpad", "--weights", "w"].map(OsString::from));
        assert!(
            matches!(parsed, Ok(Invocation::Window { weights: Some(path) }) if path.as_os_str() == "w"),
            "with the weights that were named"
        );
    }

    #[test]
    fn what_is_typed_replaces_what_the_preset_says() {
        let resolve = |typed: &str| {
            let words = format!("digitpad train --out w {typed}");
            match parse(
                words
                    .split(' ')
                    .filter(|word| !word.is_empty())
                    .map(OsString::from),
            ) {
                Ok(Invocation::Task(Task::Train(task))) => task.config,
                _ => panic!("{typed} is a training"),
            }
        };
        let preset = Preset::Keras.config();
        assert_eq!(resolve(""), preset, "nothing typed");
        let typed = resolve("--epochs 3 --batch-size 64 --learning-rate 0.01 --seed 9");
        assert_eq!(
            (typed.epochs, typed.batch_size, typed.seed),
            (3, 64, 9),
            "whole numbers"
        );
        assert_eq!(typed.learning_rate, 0.01, "a fraction");
        assert_eq!(typed.model, preset.model, "what was not typed stays");
        let typed = resolve("--hidden 256,128");
        assert_eq!(typed.model.hidden(), [256, 128], "the layers");
        assert_eq!(
            typed.model.activation(),
            preset.model.activation(),
            "not the activation"
        );
        let typed = resolve("--activation tanh");
        assert_eq!(
            typed.model.hidden(),
            preset.model.hidden(),
            "not the layers"
        );
        assert_eq!(typed.model.activation(), Activation::Tanh, "the activation");
        assert_eq!(
            resolve("--hidden none").model.hidden(),
            [0; 0],
            "a linear network"
        );
    }
}
