//! `digitpad eval --ink`: the same figures for drawings, for each source of them, and of what is no
//! digit how much is refused.

use std::{collections::BTreeMap, io::Write, path::PathBuf};

use serde::Serialize;

use self::non_digits::{Evidence, NonDigitMetrics};
use super::{
    Ending,
    eval::{EvalTask, Report, with_noise, write_errors},
    write_json,
};
use crate::{
    bitmap::{Bitmap, CLASSES, Digit},
    data::{ink_set::Fold, noise::Noise},
    error::{CliError, ModelError, Refusal},
    evaluation::{Figures, Reading, evaluation_set::EvaluationSet},
    format,
    ink::{
        self,
        file::{InkRecord, Label},
    },
    model::file::Model,
    recognition,
    training::evaluation::Evaluation,
};

mod non_digits;

/// Drawings that go through the network at once.
const CHUNK: usize = 500;
/// The source of drawings whose writer the file does not name.
const UNKNOWN: &str = "unknown";

/// The drawings that can be measured with, and how many cannot.
#[derive(Default)]
struct Sorted<'a> {
    digits: Vec<(&'a InkRecord, Digit, Bitmap)>,
    /// What the label calls otherwise than a digit.
    others: Vec<(&'a str, Bitmap)>,
    left_out: SkippedRecords,
}

/// How many lines cannot be measured with, by why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct SkippedRecords {
    /// They have no label.
    unlabeled: usize,
    /// They have no ink.
    blank: usize,
}

#[derive(Serialize)]
struct InkReport<'a> {
    #[serde(flatten)]
    digits: Option<DigitReport<'a>>,
    /// What is no digit; `null` without any.
    non_digits: Option<NonDigitMetrics>,
    /// The probability that a digit has more evidence than a plain sign that is none (the area under the
    /// receiver's operating characteristic); `null` unless there are both.
    auroc: Option<f64>,
    /// What part of the plain signs is refused at the threshold that keeps 99 of 100 of these digits; `null` unless
    /// there are both.
    rejected_accepting_99: Option<f64>,
    #[serde(flatten)]
    left_out: SkippedRecords,
}

#[derive(Serialize)]
struct DigitReport<'a> {
    #[serde(flatten)]
    report: Report<'a>,
    by_source: BTreeMap<&'a str, SourceMetrics>,
    sure: ConfidentMetrics,
}

#[derive(Serialize)]
struct SourceMetrics {
    examples: usize,
    loss: f64,
    accuracy: f64,
}

/// Of the digits that were called sure.
#[derive(Serialize)]
struct ConfidentMetrics {
    examples: usize,
    /// `null` without any.
    accuracy: Option<f64>,
}

pub(super) fn run(
    model: &Model,
    files: &[PathBuf],
    fold: Option<Fold>,
    task: &EvalTask,
    out: &mut dyn Write,
) -> Result<Ending, CliError> {
    let mut records = Vec::new();
    for file in files {
        records.extend(ink::file::read(file)?);
    }
    records.retain(|record| fold.is_none_or(|fold| fold.has(record.writer.as_deref())));
    let names: Vec<String> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    let name = with_noise(names.join(", "), task.noise);
    let sorted = sort(&records, task.noise);
    if sorted.digits.is_empty() && sorted.others.is_empty() {
        return Err(CliError::Refused(Refusal::new(
            format!("measure with the ink in {name}"),
            format!("{} drawings, none with a label and ink", records.len()),
            r#"lines with a "label": a number from 0 to 9, or what else was meant"#,
            "label them, or choose another file or fold",
        )));
    }
    let digit_logits = logits(model, sorted.digits.iter().map(|(.., bitmap)| bitmap))?;
    let other_logits = logits(model, sorted.others.iter().map(|(_, bitmap)| bitmap))?;
    let truths = sorted.digits.iter().map(|(_, digit, _)| *digit);
    let calibration = &model.metadata.calibration;
    let reading =
        |(logits, truth): (&[f32; CLASSES], _)| Reading::of_logits(logits, truth, calibration);
    let readings: Vec<Reading> = digit_logits.iter().zip(truths).map(reading).collect();
    let figures = Figures::of(&digit_logits, &readings, calibration);
    let signs = sorted.others.iter().map(|(sign, _)| *sign);
    let others: Vec<_> = signs.zip(&other_logits).collect();
    let evidence = Evidence::of(&digit_logits, &others);
    let has_digits = !sorted.digits.is_empty();
    let report = InkReport {
        digits: has_digits.then(|| {
            DigitReport::new(
                &name,
                &figures,
                &readings,
                by_source(&sorted, &digit_logits),
            )
        }),
        non_digits: NonDigitMetrics::of(&others, model),
        auroc: evidence.as_ref().map(Evidence::auroc),
        rejected_accepting_99: evidence.map(|evidence| evidence.rejected_accepting(0.99)),
        left_out: sorted.left_out,
    };
    if let Some(path) = &task.errors {
        let drawings = sorted.digits.into_iter();
        let drawings = drawings.map(|(_, truth, bitmap)| (bitmap, truth)).collect();
        write_errors(model, EvaluationSet::of_drawings(&name, drawings), path)?;
    }
    if task.json {
        write_json(out, &report)?;
    } else {
        report.write_text(&name, out)?;
    }
    Ok(Ending::Done)
}

/// Sorts the drawings, and adds noise to what the network will see of them.
fn sort(records: &[InkRecord], noise: Option<Noise>) -> Sorted<'_> {
    let mut sorted = Sorted::default();
    let corrupted = |bitmap: Bitmap, place: usize| match noise {
        Some(noise) => noise.on(&bitmap, place),
        None => bitmap,
    };
    for record in records {
        let Some(label) = &record.label else {
            sorted.left_out.unlabeled += 1;
            continue;
        };
        let Some(bitmap) = ink::to_bitmap(&record.ink) else {
            sorted.left_out.blank += 1;
            continue;
        };
        match label {
            Label::Digit(digit) => {
                let bitmap = corrupted(bitmap, sorted.digits.len());
                sorted.digits.push((record, *digit, bitmap));
            }
            Label::Other(sign) => {
                let bitmap = corrupted(bitmap, sorted.others.len());
                sorted.others.push((sign, bitmap));
            }
        }
    }
    sorted
}

/// The logits of each bitmap.
fn logits<'a>(
    model: &Model,
    bitmaps: impl Iterator<Item = &'a Bitmap>,
) -> Result<Vec<[f32; CLASSES]>, ModelError> {
    let bitmaps: Vec<_> = bitmaps.collect();
    let mut logits = Vec::with_capacity(bitmaps.len());
    for chunk in bitmaps.chunks(CHUNK) {
        let pixels = chunk.iter().flat_map(|bitmap| bitmap.pixels()).copied();
        logits.extend(recognition::logits(model, pixels.collect())?);
    }
    Ok(logits)
}

fn by_source<'a>(
    sorted: &Sorted<'a>,
    logits: &[[f32; CLASSES]],
) -> BTreeMap<&'a str, SourceMetrics> {
    let mut groups: BTreeMap<&str, Vec<(&[f32; CLASSES], Digit)>> = BTreeMap::new();
    for ((record, truth, _), logits) in sorted.digits.iter().zip(logits) {
        let writer = record.writer.as_deref().unwrap_or(UNKNOWN);
        let source = writer.split_once('-').map_or(writer, |(source, _)| source);
        groups.entry(source).or_default().push((logits, *truth));
    }
    let figures = |members: Vec<(&[f32; CLASSES], Digit)>| {
        let Evaluation {
            examples,
            loss,
            accuracy,
            ..
        } = Evaluation::of_logits(members.into_iter());
        SourceMetrics {
            examples,
            loss,
            accuracy,
        }
    };
    groups
        .into_iter()
        .map(|(source, members)| (source, figures(members)))
        .collect()
}

impl InkReport<'_> {
    fn write_text(&self, name: &str, out: &mut dyn Write) -> Result<(), CliError> {
        match &self.digits {
            Some(digits) => digits.write_text(out)?,
            None => writeln!(out, "no digits in {name}")?,
        }
        if let Some(non_digits) = &self.non_digits {
            writeln!(out)?;
            non_digits.write_text(out)?;
        }
        if let Some(auroc) = self.auroc {
            writeln!(out, "digits against plain signs: AUROC {auroc:.4}")?;
        }
        if let Some(refused) = self.rejected_accepting_99 {
            let refused = format::percent(refused, 2);
            writeln!(
                out,
                "where 99 of 100 digits are kept: {refused} of plain signs refused"
            )?;
        }
        let SkippedRecords { unlabeled, blank } = self.left_out;
        if self.left_out != SkippedRecords::default() {
            writeln!(
                out,
                "left out: {unlabeled} without a label, {blank} without ink"
            )?;
        }
        Ok(())
    }
}

impl<'a> DigitReport<'a> {
    fn new(
        name: &'a str,
        figures: &'a Figures,
        readings: &[Reading],
        by_source: BTreeMap<&'a str, SourceMetrics>,
    ) -> Self {
        let is_confident = |reading: &&Reading| reading.prediction.is_confident();
        let sure = readings.iter().filter(is_confident);
        let (examples, right) = sure.fold((0, 0), |(examples, right), reading| {
            (examples + 1, right + usize::from(reading.is_right()))
        });
        Self {
            report: Report::new(name, figures),
            by_source,
            sure: ConfidentMetrics {
                examples,
                accuracy: (examples > 0).then(|| right as f64 / examples as f64),
            },
        }
    }

    fn write_text(&self, out: &mut dyn Write) -> Result<(), CliError> {
        self.report.write_text(out)?;
        writeln!(out)?;
        for (source, figures) in &self.by_source {
            let SourceMetrics {
                examples,
                loss,
                accuracy,
            } = figures;
            let accuracy = format::percent(*accuracy, 2);
            writeln!(
                out,
                "{source}: loss {loss:.4}, accuracy {accuracy} of {examples}"
            )?;
        }
        let ConfidentMetrics { examples, accuracy } = self.sure;
        let accuracy = format::percent_or_dash(accuracy, 2);
        Ok(writeln!(
            out,
            "\nsure of {examples}, {accuracy} of these rightly"
        )?)
    }
}
