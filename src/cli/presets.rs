//! `digitpad presets`: the presets as a list or as TOML.

use clap::{Args, ValueEnum as _};

use super::{Exit, Runnable, Streams};
use crate::{error::CliError, training::config::Preset};

#[derive(Debug, Args)]
pub(super) struct PresetsArgs {
    /// The preset to print [default: list all]
    #[arg(value_name = "NAME", value_enum)]
    preset: Option<Preset>,
}

impl Runnable for PresetsArgs {
    fn run(&self, Streams { out, .. }: Streams) -> Result<Exit, CliError> {
        if let Some(preset) = self.preset {
            write!(out, "{}", preset.config().to_toml())?;
            return Ok(Exit::Done);
        }
        for preset in Preset::value_variants() {
            let (model, description) = (preset.config().model, preset.description());
            writeln!(out, "{preset:<9} {model}: {description}")?;
        }
        Ok(Exit::Done)
    }
}
