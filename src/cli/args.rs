//! The commands, and the arguments that they share.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::{
    eval::{self, EvalArgs},
    explain::{self, ExplainArgs},
    info::InfoArgs,
    predict::{self, PredictArgs},
    presets::PresetsArgs,
    train::args::{self as train, TrainArgs},
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
  digitpad explain digit.png
  digitpad info mine.safetensors

Exit codes: 0: success; 1: a failure of the system or the program (a full disk, a full standard output, a defect), \
or a training that diverged; 2: bad input or usage (an invalid file, an unknown option, no display for the window); \
130: interrupted by Ctrl-C, SIGTERM or SIGHUP. RUST_LOG=digitpad=debug logs to standard error.";

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
pub(super) struct ProgramArgs {
    #[command(flatten)]
    pub(super) model: ModelArgs,
    #[command(subcommand)]
    pub(super) command: Option<CommandArgs>,
}

#[derive(Debug, Subcommand)]
pub(super) enum CommandArgs {
    /// Train a network and write its weights
    #[command(after_help = train::EXAMPLES)]
    Train(Box<TrainArgs>),
    /// List the presets, or print one as a TOML file
    #[command(after_help = PRESETS_EXAMPLES)]
    Presets(PresetsArgs),
    /// Evaluate a model on the MNIST test set or other labeled digits
    #[command(after_help = eval::EXAMPLES)]
    Eval(EvalArgs),
    /// Predict the digits of pictures (PNG, JPEG, BMP, WebP, GIF, PNM, TIFF) and ink files
    #[command(after_help = predict::EXAMPLES)]
    Predict(PredictArgs),
    /// Explain why a model gives a drawing its digit, and what would change it
    #[command(after_help = explain::EXAMPLES)]
    Explain(ExplainArgs),
    /// Show the layers, parameters and metadata of a weight file
    #[command(after_help = INFO_EXAMPLES)]
    Info(InfoArgs),
}

#[derive(Debug, Args)]
pub(super) struct ModelArgs {
    /// The weight file [default: the built-in model]
    #[arg(long, value_name = "FILE")]
    pub(super) weights: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

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
            let too_long = help.lines().find(|line| {
                // The narrowest usual terminal has 80 columns.
                line.starts_with("  ") && line.chars().count() >= 80
            });
            assert_eq!(too_long, None, "{name} has an example that is wrapped");
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
}
