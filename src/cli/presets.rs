//! `digitpad presets`: the presets as a list or as TOML.

use std::io::Write;

use clap::ValueEnum as _;

use super::Ending;
use crate::{error::CliError, training::config::Preset};

/// Print presets.
#[derive(Debug)]
pub struct PresetsTask {
    /// The preset to print as TOML; `None` lists all.
    pub preset: Option<Preset>,
}

pub(super) fn run(task: &PresetsTask, out: &mut dyn Write) -> Result<Ending, CliError> {
    if let Some(preset) = task.preset {
        write!(out, "{}", preset.config().to_toml())?;
        return Ok(Ending::Done);
    }
    for preset in Preset::value_variants() {
        writeln!(
            out,
            "{preset:<9} {}: {}",
            preset.config().model,
            preset.description()
        )?;
    }
    Ok(Ending::Done)
}
