//! `digitpad info`: the content of a weight file.

use std::{io::Write, path::PathBuf};

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::{Exit, Runnable, Streams, load_model, paths::CommandPaths, write_json};
use crate::{
    error::{CliError, excerpt},
    model::{Activation, LayerShape},
    training::config::TrainingConfig,
};

#[derive(Debug, Args)]
pub(super) struct InfoArgs {
    /// The weight file [default: the built-in model]
    #[arg(value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The most fields of an object that are printed. The training configuration has about 40.
const MAX_FIELDS: usize = 100;
/// The deepest indentation. The training configuration needs eight spaces.
const MAX_INDENT: usize = 16;

/// The output of `digitpad info`.
#[derive(Serialize)]
struct Info {
    /// `null` for the built-in model.
    file: Option<String>,
    /// Units of every layer: the pixels, the hidden ones, the digits.
    layers: Vec<usize>,
    activation: Activation,
    parameters: usize,
    metadata: Value,
}

impl Runnable for InfoArgs {
    fn paths(&self) -> CommandPaths {
        CommandPaths::default().reads("FILE", &self.weights)
    }

    fn run(&self, Streams { out, .. }: Streams) -> Result<Exit, CliError> {
        let model = load_model(self.weights.as_deref())?;
        let config = model.mlp.config();
        let info = Info {
            file: self.weights.as_ref().map(|path| path.display().to_string()),
            layers: config.widths(),
            activation: config.activation(),
            parameters: config.parameter_count(),
            metadata: serde_json::to_value(&model.metadata).unwrap_or_default(),
        };
        if self.json {
            write_json(out, &info)?;
        } else {
            write_text(&info, &config.layers(), out)?;
        }
        Ok(Exit::Done)
    }
}

fn write_text(info: &Info, layers: &[LayerShape], out: &mut dyn Write) -> Result<(), CliError> {
    writeln!(
        out,
        "{}",
        excerpt(info.file.as_deref().unwrap_or("the built-in model"))
    )?;
    writeln!(out, "\nlayers")?;
    for (index, layer) in layers.iter().enumerate() {
        let parameters = layer.parameter_count();
        let after = if index + 1 < layers.len() {
            &info.activation.to_string()
        } else {
            "softmax"
        };
        let output = layer.output.to_string();
        let input = if layer.is_convolutional() {
            layer.input.to_string()
        } else {
            layer.input.units().to_string()
        };
        writeln!(
            out,
            "  {input:>8} → {output:<8} {after:<8} {parameters:>9} parameters"
        )?;
    }
    writeln!(out, "  {:>38} in all", info.parameters)?;
    writeln!(out, "\nmetadata")?;
    for (key, value) in info.metadata.as_object().into_iter().flatten() {
        write_value(key, value, 2, out)?;
        if key == "training_config" && !value.is_null() && !is_readable(value) {
            writeln!(
                out,
                "    note: this version cannot read it; fine-tuning takes other settings"
            )?;
        }
    }
    Ok(())
}

/// Whether a training configuration can be read.
fn is_readable(config: &Value) -> bool {
    serde_json::from_value::<TrainingConfig>(config.clone()).is_ok()
}

/// Writes a value on a line, or an object on several.
fn write_value(
    key: &str,
    value: &Value,
    indent: usize,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let key = excerpt(key);
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            writeln!(out, "{:indent$}{key}", "")?;
            for (key, value) in fields.iter().take(MAX_FIELDS) {
                write_value(key, value, (indent + 2).min(MAX_INDENT), out)?;
            }
        }
        Value::String(text) => writeln!(out, "{:indent$}{key}: {}", "", excerpt(text))?,
        other => writeln!(out, "{:indent$}{key}: {}", "", excerpt(other))?,
    }
    Ok(())
}
