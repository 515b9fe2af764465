//! A report on labeled ink, as Markdown tables with one column per model.
//!
//!     cargo run --release --example ink_report -- [--fold K/N] INK.jsonl.gz… -- WEIGHTS…
//!
//! It shows the metrics by source (the part of the writer's name before its dash), the rejection of
//! non-digits by sign, the accuracy on other paths from ink to the network and on changed ink, and the
//! rejection of synthetic non-digits. With `--fold`, only the writers of part K of N count: those that
//! `digitpad train --leave-out K/N` leaves out.
#![expect(
    clippy::print_stdout,
    reason = "its tables are what this program is for"
)]

mod pictures;
mod pipelines;
mod rejection;

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    path::PathBuf,
};

use clap::Parser;
use digitpad::{
    bitmap::{Bitmap, CLASSES, Digit},
    data::ink_set::{Fold, HELD_OUT_SYMBOLS, NON_DIGIT_SYMBOLS, is_among},
    evaluation::Metrics,
    format::percent_number,
    ink::{
        self, Ink,
        file::{InkRecord, Label},
    },
    model::{
        calibration::{Calibration, sorted_energy_scores, threshold_accepting},
        file::Model,
    },
    recognition::{self, Prediction},
    synth::{self, WrongGroup},
};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use self::{
    pipelines::{CHANGES, PIPELINES, to_bitmap},
    rejection::EnergyScores,
};

/// Images per forward pass.
const BATCH: usize = 500;
/// The synthetic non-digits of each kind.
const SYNTHETIC: usize = 1000;
/// The source of ink without a writer.
const UNKNOWN: &str = "unknown";

type Logits = [f32; CLASSES];

/// A report on labeled ink.
#[derive(Debug, Parser)]
struct Args {
    /// Only the writers of part K of N.
    #[arg(long, value_name = "K/N")]
    fold: Option<Fold>,
    /// Ink files.
    #[arg(required = true)]
    ink: Vec<PathBuf>,
    /// Weight files.
    #[arg(required = true, last = true)]
    weights: Vec<PathBuf>,
}

/// The labeled ink of the report.
#[derive(Default)]
struct LabeledInk<'a> {
    digits: Vec<(&'a InkRecord, Digit)>,
    non_digits: Vec<(&'a InkRecord, &'a str)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let mut records = Vec::new();
    for file in &args.ink {
        records.extend(ink::file::read(file)?);
    }
    let fold = |record: &&InkRecord| {
        args.fold
            .is_none_or(|fold| fold.has(record.writer.as_deref()))
    };
    let ink = LabeledInk::new(records.iter().filter(fold));
    let models: Vec<Model> = args
        .weights
        .iter()
        .map(|path| Model::load(path))
        .collect::<Result<_, _>>()?;
    let names: Vec<String> = args
        .weights
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    let logits = |model| {
        logits(
            model,
            ink.digits.iter().map(|(record, _)| to_bitmap(&record.ink)),
        )
    };
    let of_digits: Vec<Vec<Logits>> = models.iter().map(logits).collect::<Result<_, _>>()?;
    print_metrics(&ink, &models, &of_digits, &names);
    print_rejection(&ink, &models, &of_digits, &names)?;
    print_header("path to the network, accuracy in percent", &names);
    for (name, pipeline) in PIPELINES {
        print_row(name, &accuracies(&ink, &models, pipeline)?);
    }
    print_header("ink, accuracy in percent", &names);
    for (name, change) in CHANGES {
        let bitmap = |ink: &Ink| to_bitmap(&change(ink));
        print_row(name, &accuracies(&ink, &models, bitmap)?);
    }
    print_wrong_groups(&ink, &models, &of_digits, &names)?;
    print_synthetic(&models, &of_digits, &names)?;
    print_pictures(&models, &of_digits, &names)
}

impl<'a> LabeledInk<'a> {
    fn new(records: impl Iterator<Item = &'a InkRecord>) -> Self {
        let mut ink = Self::default();
        for record in records.filter(|record| !record.ink.is_empty()) {
            match &record.label {
                Some(Label::Digit(digit)) => ink.digits.push((record, *digit)),
                Some(Label::Other(sign)) => ink.non_digits.push((record, sign)),
                Some(Label::Number(_)) | None => {}
            }
        }
        ink
    }
}

/// The metrics of all digits, the confident predictions, and the accuracy by source.
fn print_metrics(ink: &LabeledInk, models: &[Model], of_digits: &[Vec<Logits>], names: &[String]) {
    let mut sources: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, (record, _)) in ink.digits.iter().enumerate() {
        let writer = record.writer.as_deref().unwrap_or(UNKNOWN);
        let source = writer.split_once('-').map_or(writer, |(source, _)| source);
        sources.entry(source).or_default().push(index);
    }
    let of = |indices: &[usize], value: fn(&Metrics) -> String| {
        let cell = |(model, logits): (&Model, &Vec<Logits>)| {
            let rows: Vec<Logits> = indices.iter().map(|&index| logits[index]).collect();
            let truths = indices.iter().map(|&index| ink.digits[index].1);
            value(&Metrics::new(&rows, truths, &model.metadata.calibration))
        };
        models.iter().zip(of_digits).map(cell).collect::<Vec<_>>()
    };
    let all: Vec<usize> = (0..ink.digits.len()).collect();
    print_header(&format!("{} digits", all.len()), names);
    let accuracy = |metrics: &Metrics| percent_number(metrics.accuracy, 2);
    print_row("accuracy in percent", &of(&all, accuracy));
    print_row("loss", &of(&all, |metrics| format!("{:.4}", metrics.loss)));
    print_row(
        "calibration error in percent",
        &of(&all, |metrics| percent_number(metrics.reliability.ece, 2)),
    );
    print_row(
        "rejected",
        &of(&all, |metrics| {
            metrics
                .rejected
                .map_or_else(|| "–".to_owned(), |count| count.to_string())
        }),
    );
    let confident = models.iter().zip(of_digits).map(|(model, logits)| {
        let calibration = &model.metadata.calibration;
        let (mut count, mut correct) = (0, 0);
        for (logits, (_, truth)) in logits.iter().zip(&ink.digits) {
            let prediction = Prediction::from_logits(logits, calibration);
            if prediction.is_confident() {
                count += 1;
                correct += usize::from(prediction.digit() == *truth);
            }
        }
        format!("{} of {count}", fraction(correct, count))
    });
    print_row(
        "correct in percent of confident predictions",
        &confident.collect::<Vec<_>>(),
    );
    for (source, indices) in sources {
        let name = format!("{source}: {} digits, accuracy in percent", indices.len());
        print_row(&name, &of(&indices, accuracy));
    }
}

/// The rejected fraction of the non-digits, by sign.
fn print_rejection(
    ink: &LabeledInk,
    models: &[Model],
    of_digits: &[Vec<Logits>],
    names: &[String],
) -> Result<(), Box<dyn Error>> {
    if ink.non_digits.is_empty() {
        return Ok(());
    }
    let logits = |model| {
        logits(
            model,
            ink.non_digits
                .iter()
                .map(|(record, _)| to_bitmap(&record.ink)),
        )
    };
    let of_signs: Vec<Vec<Logits>> = models.iter().map(logits).collect::<Result<_, _>>()?;
    let row = |name: &str, is_member: &dyn Fn(&str) -> bool| {
        let members = ink.non_digits.iter().enumerate();
        let members: Vec<usize> = members
            .filter(|(_, (_, sign))| is_member(sign))
            .map(|(index, _)| index)
            .collect();
        let cell = |(model, logits): (&Model, &Vec<Logits>)| {
            let is_rejected = |index: &&usize| model.metadata.calibration.rejects(&logits[**index]);
            fraction(members.iter().filter(is_rejected).count(), members.len())
        };
        let cells: Vec<String> = models.iter().zip(&of_signs).map(cell).collect();
        print_row(&format!("{name}: {}", members.len()), &cells);
    };
    print_header("non-digits, rejected in percent", names);
    row("all", &|_| true);
    row("plain signs", &|sign| is_among(sign, NON_DIGIT_SYMBOLS));
    row("signs held out of all training", &|sign| {
        is_among(sign, HELD_OUT_SYMBOLS)
    });
    let signs: BTreeSet<&str> = ink.non_digits.iter().map(|(_, sign)| *sign).collect();
    for sign in &signs {
        row(&format!("`{sign}`"), &|other| other == *sign);
    }
    let scores = |symbols: &str| -> Vec<Option<EnergyScores>> {
        let of_model = |(digits, logits): (&Vec<Logits>, &Vec<Logits>)| {
            let members = ink.non_digits.iter().zip(logits);
            let members = members.filter(|((_, sign), _)| is_among(sign, symbols));
            EnergyScores::new(digits, members.map(|(_, logits)| logits))
        };
        of_digits.iter().zip(&of_signs).map(of_model).collect()
    };
    let cells = |scores: &[Option<EnergyScores>], value: fn(&EnergyScores) -> String| {
        let cell = |scores: &Option<_>| scores.as_ref().map_or_else(|| "–".to_owned(), value);
        scores.iter().map(cell).collect::<Vec<_>>()
    };
    let accepting = |scores: &EnergyScores| percent_number(scores.rejected_accepting(0.99), 2);
    let plain = scores(NON_DIGIT_SYMBOLS);
    print_row(
        "AUROC of digits against plain signs",
        &cells(&plain, |scores| format!("{:.4}", scores.auroc())),
    );
    print_row(
        "plain signs where 99 % of the digits are accepted",
        &cells(&plain, accepting),
    );
    print_row(
        "signs held out of all training, the same",
        &cells(&scores(HELD_OUT_SYMBOLS), accepting),
    );
    Ok(())
}

/// The rejected fraction of wrong groups of two digits that a writer wrote one after the other.
fn print_wrong_groups(
    ink: &LabeledInk,
    models: &[Model],
    of_digits: &[Vec<Logits>],
    names: &[String],
) -> Result<(), Box<dyn Error>> {
    print_both_thresholds_header("wrong groups, rejected in percent", names);
    for kind in WrongGroup::ALL {
        // No training uses this seed.
        let mut rng = ChaCha8Rng::seed_from_u64(u64::MAX);
        let group = |pair: &[(&InkRecord, Digit)]| {
            let [(first, of_first), (second, of_second)] = *pair else {
                return None;
            };
            let neighbors = [(of_first, &first.ink), (of_second, &second.ink)];
            (first.writer == second.writer).then(|| kind.of(neighbors, &mut rng))?
        };
        let groups = ink.digits.windows(2).filter_map(group);
        let bitmaps: Vec<Bitmap> = groups.map(|ink| to_bitmap(&ink)).collect();
        let name = format!("{kind:?}: {}", bitmaps.len());
        print_row(&name, &rejected(&bitmaps, models, of_digits)?);
    }
    Ok(())
}

/// The rejected fraction of synthetic non-digits: at the model's threshold, and at the highest threshold
/// that accepts 99 % of the digits.
fn print_synthetic(
    models: &[Model],
    of_digits: &[Vec<Logits>],
    names: &[String],
) -> Result<(), Box<dyn Error>> {
    print_both_thresholds_header("synthetic non-digits, rejected in percent", names);
    for form in synth::non_digits() {
        // No training uses this seed.
        let mut rng = ChaCha8Rng::seed_from_u64(u64::MAX);
        let bitmaps: Vec<Bitmap> = (0..SYNTHETIC)
            .map(|_| to_bitmap(&form.draw(&mut rng)))
            .collect();
        print_row(form.name(), &rejected(&bitmaps, models, of_digits)?);
    }
    Ok(())
}

/// The rejected fraction of pictures without a digit, with those in which no ink is found.
fn print_pictures(
    models: &[Model],
    of_digits: &[Vec<Logits>],
    names: &[String],
) -> Result<(), Box<dyn Error>> {
    print_both_thresholds_header("pictures with ink, rejected in percent", names);
    for (name, draw) in pictures::KINDS {
        let bitmaps = pictures::bitmaps(draw)?;
        let with_ink: Vec<Bitmap> = bitmaps.iter().flatten().cloned().collect();
        let name = format!("{name}: {} of {}", with_ink.len(), bitmaps.len());
        print_row(&name, &rejected(&with_ink, models, of_digits)?);
    }
    Ok(())
}

/// The rejected fraction, two cells per model: at its threshold, and at the highest one that accepts 99 % of the digits.
fn rejected(
    bitmaps: &[Bitmap],
    models: &[Model],
    of_digits: &[Vec<Logits>],
) -> Result<Vec<String>, Box<dyn Error>> {
    let mut cells = Vec::new();
    for (model, of_digits) in models.iter().zip(of_digits) {
        let logits = logits(model, bitmaps.iter().cloned())?;
        let own = model.metadata.calibration;
        let accepting = Calibration {
            reject_threshold: threshold_accepting(0.99, &sorted_energy_scores(of_digits)),
            ..own
        };
        for calibration in [own, accepting] {
            let is_rejected = |logits: &&Logits| calibration.rejects(logits);
            let rejected = logits.iter().filter(is_rejected).count();
            cells.push(fraction(rejected, bitmaps.len()));
        }
    }
    Ok(cells)
}

fn print_both_thresholds_header(title: &str, names: &[String]) {
    let accepting = |name: &String| format!("{name}, accepting 99 %");
    let columns: Vec<String> = names
        .iter()
        .flat_map(|name| [name.clone(), accepting(name)])
        .collect();
    print_header(title, &columns);
}

/// The accuracy of each model with this path from ink to bitmap.
fn accuracies(
    ink: &LabeledInk,
    models: &[Model],
    bitmap: impl Fn(&Ink) -> Bitmap,
) -> Result<Vec<String>, Box<dyn Error>> {
    let mut cells = Vec::new();
    for model in models {
        let logits = logits(
            model,
            ink.digits.iter().map(|(record, _)| bitmap(&record.ink)),
        )?;
        let predictions = logits.iter().map(Digit::of_largest);
        let pairs = predictions.zip(&ink.digits);
        let correct = pairs.filter(|(predicted, (_, truth))| predicted == truth);
        cells.push(fraction(correct.count(), ink.digits.len()));
    }
    Ok(cells)
}

fn logits(
    model: &Model,
    bitmaps: impl Iterator<Item = Bitmap>,
) -> Result<Vec<Logits>, Box<dyn Error>> {
    let bitmaps: Vec<Bitmap> = bitmaps.collect();
    let mut logits = Vec::new();
    for batch in bitmaps.chunks(BATCH) {
        let pixels = batch.iter().flat_map(|bitmap| *bitmap.pixels());
        logits.extend(recognition::logits(model, pixels.collect())?);
    }
    Ok(logits)
}

/// A fraction in percent; a dash if the total is 0.
fn fraction(count: usize, total: usize) -> String {
    match total {
        0 => "–".to_owned(),
        total => percent_number(count as f64 / total as f64, 2),
    }
}

fn print_header(title: &str, columns: &[String]) {
    println!("\n| {title} | {} |", columns.join(" | "));
    println!("| --- {}|", "| --- ".repeat(columns.len()));
}

fn print_row(name: &str, cells: &[String]) {
    println!("| {name} | {} |", cells.join(" | "));
}
