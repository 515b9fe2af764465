//! A report on fine-tuning with corrections, as a Markdown table for each model.
//!
//!     cargo run --release --example corrections_report -- [--fold K/N] INK.jsonl.gz -- WEIGHTS…
//!
//! Each row fine-tunes the model for many writers, each time on drawings of one writer: those that the model is the least
//! sure of, at least one of them misread, rejected or below the confidence of 90 %. Non-digits are corrected where the
//! model takes them for digits. With `--fold`, only the writers of part K of N count: those that `digitpad train
//! --leave-out K/N` leaves out. With `--in-a-row`, each fine-tuning continues with the model of the one before.
#![expect(
    clippy::print_stdout,
    reason = "its tables are what this program is for"
)]

use std::{collections::BTreeMap, error::Error, fs, path::PathBuf, sync::Arc, time::Instant};

use candle_core::Device;
use clap::Parser;
use digitpad::{
    bitmap::{CLASSES, Digit, PIXELS},
    data::{
        Correction, Dataset,
        ink_set::{Fold, NON_DIGIT_SYMBOLS, is_among},
    },
    format::percent_number,
    ink::{self, file::Label},
    model::file::Model,
    recognition::{self, Prediction},
    training::{self, CorrectionReport, Start, control::Control, fine_tune::BaseModel},
};

/// Images per forward pass.
const BATCH: usize = 500;
/// The other drawings of a writer that a row needs at least.
const MIN_OTHERS: usize = 10;
/// The drawings of each writer that measure what happens to unseen writers.
const OF_EACH: usize = 40;

/// A report on fine-tuning with corrections.
#[derive(Debug, Parser)]
struct Args {
    /// Only the writers of part K of N.
    #[arg(long, value_name = "K/N")]
    fold: Option<Fold>,
    /// The most writers of a row.
    #[arg(long, default_value_t = 30)]
    writers: usize,
    /// Writers to leave out at the start, to choose on some and report on others.
    #[arg(long, default_value_t = 0)]
    skip: usize,
    /// The corrections of each writer: a row for each number.
    #[arg(long, value_delimiter = ',', default_value = "1,3,10,30")]
    counts: Vec<usize>,
    /// Continue with the fine-tuned model.
    #[arg(long)]
    in_a_row: bool,
    /// Correct plain non-digits instead of digits.
    #[arg(long)]
    non_digits: bool,
    /// Ink files.
    #[arg(required = true)]
    ink: Vec<PathBuf>,
    /// Weight files.
    #[arg(required = true, last = true)]
    weights: Vec<PathBuf>,
}

/// The drawings of a writer.
struct Writer {
    name: String,
    drawings: Vec<Correction>,
}

/// The sums over the fine-tunings of a row.
#[derive(Default)]
struct Row {
    fine_tunings: usize,
    reports: Vec<CorrectionReport>,
    /// Correct before and after, and all.
    others: [usize; 3],
    unseen: [usize; 3],
    mnist: [usize; 3],
    gaining: usize,
    losing: usize,
    secs: Vec<f64>,
    processor_secs: Vec<f64>,
    /// By label and reading before: all, and those learned.
    forms: BTreeMap<(String, String), [usize; 2]>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    if let Some(missing) = args.ink.iter().find(|path| !path.exists()) {
        println!("skipped: {} is missing", missing.display());
        return Ok(());
    }
    let writers = writers(&args)?;
    let dataset = Dataset::mnist()?;
    for path in &args.weights {
        let base = Arc::new(Model::load(path)?);
        println!(
            "\n| {}: corrections of each writer | fine-tunings | read as labeled | other drawings of the writer | writers who gain, lose | unseen writers | MNIST's test set | seconds, median (most) | processor seconds | contradictions |",
            path.display()
        );
        println!("|{}", " --- |".repeat(10));
        for &count in &args.counts {
            row(&args, &base, &dataset, &writers, count)?.print(count);
        }
    }
    Ok(())
}

/// The labeled drawings of each writer, as the arguments select them.
fn writers(args: &Args) -> Result<Vec<Writer>, Box<dyn Error>> {
    let mut writers: BTreeMap<String, Vec<Correction>> = BTreeMap::new();
    for file in &args.ink {
        for record in ink::file::read(file)? {
            let name = record.writer.unwrap_or_default();
            let digit = match record.label {
                Some(Label::Digit(digit)) => Some(digit),
                Some(Label::Other(sign)) if is_among(&sign, NON_DIGIT_SYMBOLS) => None,
                _ => continue,
            };
            let is_in_fold = args.fold.is_none_or(|fold| fold.has(Some(&name)));
            if let Some(bitmap) = ink::to_bitmap(&record.ink).filter(|_| is_in_fold) {
                let image = bitmap.to_bytes();
                writers
                    .entry(name)
                    .or_default()
                    .push(Correction { digit, image });
            }
        }
    }
    let writers = writers.into_iter();
    Ok(writers
        .map(|(name, drawings)| Writer { name, drawings })
        .collect())
}

/// Fine-tunes on `count` drawings of each writer.
fn row(
    args: &Args,
    base: &Arc<Model>,
    dataset: &Dataset,
    writers: &[Writer],
    count: usize,
) -> Result<Row, Box<dyn Error>> {
    let mut row = Row::default();
    let mut model = Arc::clone(base);
    let test: Vec<Correction> = (0..dataset.test.len())
        .map(|index| Correction {
            digit: Some(dataset.test.label(index)),
            image: *dataset.test.image(index),
        })
        .collect();
    let mnist = are_read(&predictions(&model, &test)?, &test);
    for writer in writers.iter().skip(args.skip) {
        if row.fine_tunings == args.writers {
            break;
        }
        let all = predictions(&model, &writer.drawings)?;
        let mut order: Vec<usize> = (0..all.len())
            .filter(|&index| writer.drawings[index].digit.is_none() == args.non_digits)
            .collect();
        let sureness = |index: usize| match writer.drawings[index].digit {
            Some(digit) if all[index].is_digit() => all[index].probabilities()[digit.index()],
            Some(_) => 0.0,
            None => f32::from(u8::from(!all[index].is_digit())),
        };
        order.sort_by(|&a, &b| sureness(a).total_cmp(&sureness(b)));
        let is_sure = |&index: &usize| sureness(index) >= Prediction::CONFIDENT;
        if order.len() < count + MIN_OTHERS || order.first().is_none_or(is_sure) {
            continue;
        }
        let corrected = &order[..count];
        let mut dataset = dataset.clone();
        let corrections = corrected
            .iter()
            .map(|&index| writer.drawings[index].clone());
        dataset.corrections = corrections.collect();
        let base_model = BaseModel::new(Arc::clone(&model), "base model".to_owned());
        let config = Box::new(base_model.fine_tuning());
        let start = Start::From(base_model, config);
        let (began, processor) = (Instant::now(), processor_secs());
        let control = Control::default();
        let trained = training::run(&start, &dataset, &Device::Cpu, &control, &mut |_| {})?;
        let trained = trained.ok_or("it was abandoned")?;
        row.secs.push(began.elapsed().as_secs_f64());
        row.processor_secs.push(processor_secs() - processor);
        row.fine_tunings += 1;

        let new = trained.model;
        let report = trained.corrections.ok_or("there is no report")?;
        for (&index, is_read) in corrected.iter().zip(&report.after) {
            let name = |digit: Option<Digit>| digit.map_or("–".to_owned(), |it| it.to_string());
            let before = Some(all[index].digit()).filter(|_| all[index].is_digit());
            let form = (name(writer.drawings[index].digit), name(before));
            let [total, learned] = row.forms.entry(form).or_default();
            *total += 1;
            *learned += usize::from(*is_read);
        }
        row.reports.push(report);
        let others: Vec<Correction> = (0..all.len())
            .filter(|index| !corrected.contains(index))
            .map(|index| writer.drawings[index].clone())
            .collect();
        let unseen: Vec<Correction> = writers
            .iter()
            .filter(|other| other.name != writer.name)
            .flat_map(|other| {
                other
                    .drawings
                    .iter()
                    .filter(|it| it.digit.is_some())
                    .take(OF_EACH)
            })
            .cloned()
            .collect();
        let [before, after] = [&*model, &new].map(|model| {
            predictions(model, &others).map(|predictions| are_read(&predictions, &others))
        });
        let (before, after) = (before?, after?);
        row.gaining += usize::from(after > before);
        row.losing += usize::from(after < before);
        add(&mut row.others, [before, after, others.len()]);
        let compared = if args.in_a_row { base } else { &model };
        let [before, after] = [&**compared, &new].map(|model| {
            predictions(model, &unseen).map(|predictions| are_read(&predictions, &unseen))
        });
        let after_mnist = are_read(&predictions(&new, &test)?, &test);
        if args.in_a_row {
            (row.unseen, row.mnist) = ([0; 3], [0; 3]);
            model = Arc::new(new);
        }
        add(&mut row.unseen, [before?, after?, unseen.len()]);
        add(&mut row.mnist, [mnist, after_mnist, test.len()]);
    }
    Ok(row)
}

fn add(sums: &mut [usize; 3], values: [usize; 3]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}

impl Row {
    fn print(mut self, count: usize) {
        let percent = |count: usize, total: usize, decimals| match total {
            0 => "–".to_owned(),
            total => percent_number(count as f64 / total as f64, decimals),
        };
        let change = |[before, after, total]: [usize; 3]| {
            let [before, after] = [before, after].map(|count| percent(count, total, 3));
            format!("{before} → {after} % of {total}")
        };
        let read = |all: fn(&CorrectionReport) -> &Vec<bool>| -> usize {
            let all = self.reports.iter().flat_map(all);
            all.filter(|is_read| **is_read).count()
        };
        let total = self.fine_tunings * count;
        let (before, after) = (read(|it| &it.before), read(|it| &it.after));
        let contradictions: usize = self.reports.iter().map(|it| it.contradictions.len()).sum();
        let [secs, processor_secs] = [&mut self.secs, &mut self.processor_secs].map(|values| {
            values.sort_by(f64::total_cmp);
            let median = values.get(values.len() / 2).copied().unwrap_or(0.0);
            format!("{median:.1} ({:.1})", values.last().copied().unwrap_or(0.0))
        });
        println!(
            "| {count} | {} | {before} → {after} of {total}, {} % | {} | {}, {} | {} | {} | {secs} | {processor_secs} | {contradictions} |",
            self.fine_tunings,
            percent(after, total, 2),
            change(self.others),
            self.gaining,
            self.losing,
            change(self.unseen),
            change(self.mnist),
        );
        let forms = self
            .forms
            .iter()
            .filter(|((label, before), _)| label != before);
        let forms = forms.map(|((label, before), [all, learned])| {
            format!("{label} read as {before}: {learned} of {all}")
        });
        println!("<!-- {} -->", forms.collect::<Vec<_>>().join("; "));
    }
}

/// How many drawings are read as labeled.
fn are_read(predictions: &[Prediction], drawings: &[Correction]) -> usize {
    let is_read = |(prediction, drawing): &(&Prediction, &Correction)| {
        let digit = Some(prediction.digit()).filter(|_| prediction.is_digit());
        digit == drawing.digit
    };
    predictions.iter().zip(drawings).filter(is_read).count()
}

fn predictions(model: &Model, drawings: &[Correction]) -> Result<Vec<Prediction>, Box<dyn Error>> {
    let mut predictions = Vec::new();
    for batch in drawings.chunks(BATCH) {
        let bytes = batch.iter().flat_map(|drawing| drawing.image);
        let pixels = Vec::with_capacity(batch.len() * PIXELS);
        let pixels = bytes.fold(pixels, |mut pixels, byte| {
            pixels.push(f32::from(byte) / 255.0);
            pixels
        });
        let logits: Vec<[f32; CLASSES]> = recognition::logits(model, pixels)?;
        let calibration = &model.metadata.calibration;
        predictions.extend(
            logits
                .iter()
                .map(|it| Prediction::from_logits(it, calibration)),
        );
    }
    Ok(predictions)
}

/// The processor time of this process, to which other work on the machine adds nothing; 0 where the system does not tell.
fn processor_secs() -> f64 {
    const TICKS_PER_SEC: f64 = 100.0;
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / TICKS_PER_SEC
}
