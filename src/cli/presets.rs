//! `digitpad presets`: the presets as a list or as TOML.

use std::io::Write;

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
    for preset in Preset::ALL {
        let (name, model) = (preset.name(), preset.config().model);
        writeln!(out, "{name:<9} {model}: {}", preset.description())?;
    }
    Ok(Ending::Done)
}
