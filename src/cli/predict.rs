//! `digitpad predict`: the digits of pictures and ink files.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use serde::Serialize;

use super::{
    Exit, Runnable, Streams,
    args::ModelArgs,
    drawings::FileDrawing,
    known::KnownArgs,
    load_model,
    paths::CommandPaths,
    reading::{self, ReadingFields},
    write_json,
};
use crate::{error::CliError, model::file::Model};

pub(super) const EXAMPLES: &str = "\
Examples:
  digitpad predict digit.png
  digitpad predict --weights mine.safetensors scans/*.png
  digitpad predict drawings.jsonl.gz --json
  cat digit.png | digitpad predict -

With --json, prints one object per line: file, number, confidence and digits, a list with digit, is_digit, confidence, \
probabilities and box (x, y, width and height in the input's own units) of each. A single character also has its \
digit, is_digit and probabilities beside these; if is_digit is false, digit is the nearest digit. \
An ink file gives one object per drawing, in order, with its position (record, from 1). \
Errors about single files go to standard error; the other files are still predicted.";

#[derive(Debug, Args)]
pub(super) struct PredictArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Pictures or ink files; "-" is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    known: KnownArgs,
    /// Read every drawing as a single digit, even if it plainly shows more
    #[arg(long, conflicts_with_all = ["numbers", "length", "luhn", "date"])]
    single: bool,
}

/// The reading of a drawing: a line of `--json`.
#[derive(Serialize)]
struct PredictionLine<'a> {
    file: &'a str,
    /// The number of the drawing in an ink file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<usize>,
    #[serde(flatten)]
    reading: ReadingFields,
}

impl Runnable for PredictArgs {
    fn paths(&self) -> CommandPaths {
        CommandPaths::default().reads("--weights", &self.model.weights)
    }

    fn run(&self, streams: Streams) -> Result<Exit, CliError> {
        self.known.check()?;
        let model = Arc::new(load_model(self.model.weights.as_deref())?);
        streams.for_each(&self.files, |file, out| {
            self.predict_file(&model, file, out)
        })
    }
}

impl PredictArgs {
    fn predict_file(
        &self,
        model: &Arc<Model>,
        path: &Path,
        out: &mut dyn Write,
    ) -> Result<(), CliError> {
        let file = path.display().to_string();
        let constraints = self.known.constraints();
        for drawing in FileDrawing::read_all(path)? {
            let reading = if self.single {
                drawing.reading_as_one(model)?
            } else {
                drawing.reading(model, constraints)?
            };
            if self.json {
                let line = PredictionLine {
                    file: &file,
                    record: drawing.record,
                    reading: ReadingFields::new(&reading, constraints, |digit| {
                        drawing.box_of(&reading, digit)
                    }),
                };
                write_json(out, &line)?;
            } else {
                let (name, text) = (drawing.name(&file), reading::text(&reading, constraints));
                writeln!(out, "{name}: {text}")?;
            }
        }
        Ok(())
    }
}
