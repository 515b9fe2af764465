//! `digitpad info`: the content of a weight file.

use std::{io::Write, path::PathBuf};

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::{Exit, Run, Streams, load_model, write_json};
use crate::{
    error::{CliError, excerpt},
    model::{Activation, LayerShape},
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

/// The most fields of the training configuration that are printed. It has about 40.
const MAX_FIELDS: usize = 200;

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

impl Run for InfoArgs {
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
        let [input, output] = [layer.input, layer.output].map(|grid| grid.to_string());
        writeln!(
            out,
            "  {input:>8} → {output:<8} {after:<8} {parameters:>9} parameters"
        )?;
    }
    writeln!(out, "  {:>38} in all", info.parameters)?;
    writeln!(out, "\nmetadata")?;
    for (key, value) in info.metadata.as_object().into_iter().flatten() {
        match value {
            Value::Null => {}
            Value::String(text) => writeln!(out, "  {key}: {}", excerpt(text))?,
            Value::Object(fields) => {
                writeln!(out, "  {key}")?;
                for (key, value) in fields.iter().take(MAX_FIELDS) {
                    writeln!(out, "    {}: {}", excerpt(key), excerpt(value))?;
                }
            }
            other => writeln!(out, "  {key}: {}", excerpt(other))?,
        }
    }
    Ok(())
}
