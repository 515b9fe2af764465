//! `digitpad eval --ink`: the same figures for drawings, and for each source of them.

use std::{collections::BTreeMap, io::Write, path::Path};

use serde::Serialize;

use super::{Ending, eval::Report, text, write_json};
use crate::{
    bitmap::{Bitmap, CLASSES, Digit},
    error::{CliError, ModelError, Refusal},
    ink::{
        self,
        file::{InkRecord, Label},
    },
    measurement::{Figures, Reading},
    model::{Mlp, file::Model},
    training::evaluation::Evaluation,
};

/// Drawings that go through the network at once.
const CHUNK: usize = 500;
/// The source of drawings whose writer the file does not name.
const UNKNOWN: &str = "unknown";

/// The drawings that can be measured with, and how many cannot.
#[derive(Default)]
struct Sorted {
    bitmaps: Vec<Bitmap>,
    truths: Vec<Digit>,
    /// The part of each writer's name before the dash.
    sources: Vec<String>,
    left_out: LeftOut,
}

/// How many lines cannot be measured with, by why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct LeftOut {
    /// Their label is something else.
    not_digits: usize,
    /// They have no label.
    unlabelled: usize,
    /// They have no ink.
    blank: usize,
}

#[derive(Serialize)]
struct InkReport<'a> {
    #[serde(flatten)]
    report: Report<'a>,
    by_source: BTreeMap<&'a str, SourceFigures>,
    #[serde(flatten)]
    left_out: LeftOut,
}

#[derive(Serialize)]
struct SourceFigures {
    examples: usize,
    loss: f64,
    accuracy: f64,
}

pub(super) fn run(
    model: &Model,
    file: &Path,
    json: bool,
    out: &mut dyn Write,
) -> Result<Ending, CliError> {
    let records = ink::file::read(file)?;
    let sorted = sort(&records);
    if sorted.truths.is_empty() {
        return Err(CliError::Refused(Refusal::new(
            format!("measure with the ink in {}", file.display()),
            format!("{} drawings, none labelled with a digit", records.len()),
            r#"lines with a "label" from 0 to 9"#,
            "label them or choose another file",
        )));
    }
    let logits = logits(&model.mlp, &sorted.bitmaps)?;
    let figures = figures(&logits, &sorted.truths);
    let name = file.display().to_string();
    let report = InkReport {
        report: Report::new(&name, &figures),
        by_source: by_source(&sorted, &logits),
        left_out: sorted.left_out,
    };
    if json {
        write_json(out, &report)?;
    } else {
        report.write_text(out)?;
    }
    Ok(Ending::Done)
}

fn sort(records: &[InkRecord]) -> Sorted {
    let mut sorted = Sorted::default();
    for record in records {
        let truth = match &record.label {
            Some(Label::Digit(digit)) => *digit,
            Some(Label::Other(_)) => {
                sorted.left_out.not_digits += 1;
                continue;
            }
            None => {
                sorted.left_out.unlabelled += 1;
                continue;
            }
        };
        let Some(bitmap) = ink::to_bitmap(&record.ink) else {
            sorted.left_out.blank += 1;
            continue;
        };
        let writer = record.writer.as_deref().unwrap_or(UNKNOWN);
        let source = writer.split_once('-').map_or(writer, |(source, _)| source);
        sorted.bitmaps.push(bitmap);
        sorted.truths.push(truth);
        sorted.sources.push(source.to_owned());
    }
    sorted
}

/// The logits of each bitmap.
fn logits(mlp: &Mlp, bitmaps: &[Bitmap]) -> Result<Vec<[f32; CLASSES]>, ModelError> {
    let mut logits = Vec::with_capacity(bitmaps.len());
    for chunk in bitmaps.chunks(CHUNK) {
        let pixels = chunk.iter().flat_map(Bitmap::pixels).copied();
        logits.extend(mlp.logits(pixels.collect())?);
    }
    Ok(logits)
}

fn figures(logits: &[[f32; CLASSES]], truths: &[Digit]) -> Figures {
    let pairs = logits.iter().zip(truths);
    let readings: Vec<Reading> = pairs
        .map(|(logits, &truth)| Reading::of_logits(logits, truth))
        .collect();
    Figures::of(logits, &readings)
}

fn by_source<'a>(
    sorted: &'a Sorted,
    logits: &[[f32; CLASSES]],
) -> BTreeMap<&'a str, SourceFigures> {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, source) in sorted.sources.iter().enumerate() {
        groups.entry(source).or_default().push(index);
    }
    let figures = |indices: Vec<usize>| {
        let members = indices
            .iter()
            .map(|&index| (&logits[index], sorted.truths[index]));
        let Evaluation {
            examples,
            loss,
            accuracy,
            ..
        } = Evaluation::of_logits(members);
        SourceFigures {
            examples,
            loss,
            accuracy,
        }
    };
    groups
        .into_iter()
        .map(|(source, indices)| (source, figures(indices)))
        .collect()
}

impl InkReport<'_> {
    fn write_text(&self, out: &mut dyn Write) -> Result<(), CliError> {
        self.report.write_text(out)?;
        writeln!(out)?;
        for (
            source,
            SourceFigures {
                examples,
                loss,
                accuracy,
            },
        ) in &self.by_source
        {
            let accuracy = text::percent(*accuracy);
            writeln!(
                out,
                "{source}: loss {loss:.4}, accuracy {accuracy} of {examples}"
            )?;
        }
        let LeftOut {
            not_digits,
            unlabelled,
            blank,
        } = self.left_out;
        if self.left_out != LeftOut::default() {
            writeln!(
                out,
                "left out: {not_digits} labelled as no digit, {unlabelled} without a label, {blank} without ink"
            )?;
        }
        Ok(())
    }
}
