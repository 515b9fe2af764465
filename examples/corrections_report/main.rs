//! A report on fine-tuning with corrections, as a Markdown table for each model.
//!
//!     cargo run --release --example corrections_report -- [--fold K/N] INK.jsonl.gz -- WEIGHTS…
//!
//! Each lesson takes drawings of one writer that the model misreads or doubts, the least certain first, and
//! fine-tunes the model on them. With `--fold`, only the writers of part K of N count: those that
//! `digitpad train --leave-out K/N` leaves out. `--writers` takes only some, spread over the list.
#![expect(
    clippy::print_stdout,
    reason = "its tables are what this program is for"
)]

use std::{
    collections::BTreeMap,
    error::Error,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use candle_core::Device;
use clap::Parser;
use digitpad::{
    bitmap::{CLASSES, Digit, PIXELS},
    data::{Correction, Dataset, ink_set::Fold},
    format::percent_number,
    ink::{self, file::Label},
    model::{calibration::Calibration, file::Model},
    recognition::{self, Prediction},
    training::{self, Start, TrainedModel, control::Control, fine_tune::BaseModel},
};

/// Images per forward pass.
const BATCH: usize = 500;
/// Other drawings of a writer, so that a lesson shows what it does to them.
const MIN_OTHERS: usize = 10;

/// A report on fine-tuning with corrections.
#[derive(Debug, Parser)]
struct Args {
    /// Only the writers of part K of N.
    #[arg(long, value_name = "K/N")]
    fold: Option<Fold>,
    /// The number of writers of each table row.
    #[arg(long, default_value_t = 30)]
    writers: usize,
    /// Skip this many of these writers, to choose on some and report on others.
    #[arg(long, default_value_t = 0)]
    skip: usize,
    /// The numbers of corrections.
    #[arg(long, value_delimiter = ',', default_value = "1,3,10,30")]
    counts: Vec<usize>,
    /// Fine-tunes this many times in a row, on one more writer each time.
    #[arg(long, default_value_t = 0)]
    row: usize,
    /// Print each correction that is not read as taught.
    #[arg(long)]
    verbose: bool,
    /// An ink file.
    ink: PathBuf,
    /// Weight files.
    #[arg(required = true, last = true)]
    weights: Vec<PathBuf>,
}

/// A labeled digit of the ink file.
struct Drawing {
    line: usize,
    digit: Digit,
    image: [u8; PIXELS],
}

/// The drawings of one writer.
struct Writer {
    name: String,
    drawings: Vec<Drawing>,
}

/// Sums over the lessons of a row.
#[derive(Default)]
struct Sums {
    lessons: usize,
    taught: usize,
    before: usize,
    after: usize,
    others: usize,
    others_before: usize,
    others_after: usize,
    gained: usize,
    lost: usize,
    unseen: usize,
    unseen_before: usize,
    unseen_after: usize,
    mnist: Vec<f64>,
    secs: Vec<f64>,
    cpu: Vec<f64>,
    steps: Vec<f64>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    if !args.ink.exists() {
        println!("skipped: {} is missing", args.ink.display());
        return Ok(());
    }
    let writers = read_writers(&args)?;
    let dataset = Dataset::mnist()?;
    for path in &args.weights {
        let model = Arc::new(Model::load(path)?);
        println!("\n{}: {}", path.display(), model.mlp.config());
        let mnist = mnist_accuracy(&model, &dataset)?;
        println!(
            "| corrections | lessons | read as taught | other drawings of the writer | writers who gain, lose | unseen writers | MNIST | seconds, median and most | processor seconds | steps |"
        );
        println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        if args.row > 0 {
            in_a_row(&args, &model, &dataset, &writers, mnist)?;
            continue;
        }
        for &count in &args.counts {
            let mut sums = Sums::default();
            let suitable: Vec<&Writer> = writers
                .iter()
                .filter(|writer| writer.drawings.len() >= count + MIN_OTHERS)
                .collect();
            let suitable: Vec<&Writer> = suitable.into_iter().skip(args.skip).collect();
            let mut lessons = 0;
            for writer in suitable {
                if lessons == args.writers {
                    break;
                }
                let order = doubted(&model, writer)?;
                if order
                    .first()
                    .is_none_or(|(p, _)| *p >= Prediction::CONFIDENT)
                {
                    continue;
                }
                lessons += 1;
                let taught: Vec<usize> = order.iter().take(count).map(|it| it.1).collect();
                let trained = lesson(&model, &dataset, writer, &taught)?;
                sums.add(&args, &model, &trained, &writers, writer, &taught, &dataset)?;
            }
            sums.print(&count.to_string(), mnist);
        }
    }
    Ok(())
}

fn in_a_row(
    args: &Args,
    model: &Arc<Model>,
    dataset: &Dataset,
    writers: &[Writer],
    mnist: f64,
) -> Result<(), Box<dyn Error>> {
    let suitable: Vec<&Writer> = writers
        .iter()
        .filter(|writer| writer.drawings.len() >= args.counts[0] + MIN_OTHERS)
        .skip(args.skip)
        .collect();
    for start in 0..args.writers {
        let mut now = Arc::clone(model);
        let mut sums = Sums::default();
        let mut done = 0;
        for writer in suitable.iter().skip(start * args.row) {
            if done == args.row {
                break;
            }
            let order = doubted(&now, writer)?;
            if order
                .first()
                .is_none_or(|(p, _)| *p >= Prediction::CONFIDENT)
            {
                continue;
            }
            done += 1;
            let taught: Vec<usize> = order.iter().take(args.counts[0]).map(|it| it.1).collect();
            let trained = lesson(&now, dataset, writer, &taught)?;
            sums = Sums::default();
            let next = Arc::new(trained.0.model.clone());
            sums.add(args, model, &trained, writers, writer, &taught, dataset)?;
            now = next;
            if done == 1 {
                std::mem::take(&mut sums).print("after 1", mnist);
            }
        }
        sums.print(&format!("after {done}"), mnist);
    }
    Ok(())
}

fn read_writers(args: &Args) -> Result<Vec<Writer>, Box<dyn Error>> {
    let mut writers: BTreeMap<String, Vec<Drawing>> = BTreeMap::new();
    for (line, record) in ink::file::read(&args.ink)?.into_iter().enumerate() {
        let name = record.writer.unwrap_or_default();
        if args.fold.is_some_and(|fold| !fold.has(Some(&name))) {
            continue;
        }
        if let (Some(Label::Digit(digit)), Some(bitmap)) =
            (record.label, ink::to_bitmap(&record.ink))
        {
            writers.entry(name).or_default().push(Drawing {
                line: line + 1,
                digit,
                image: bitmap.to_bytes(),
            });
        }
    }
    let writers = writers.into_iter();
    Ok(writers
        .map(|(name, drawings)| Writer { name, drawings })
        .collect())
}

/// The drawings of a writer, the least certain first, each with the probability of its label.
fn doubted(model: &Model, writer: &Writer) -> Result<Vec<(f32, usize)>, Box<dyn Error>> {
    let predictions = predictions(model, writer.drawings.iter().map(|it| &it.image))?;
    let pairs = predictions.iter().zip(&writer.drawings).enumerate();
    let mut order: Vec<(f32, usize)> = pairs
        .map(|(index, (prediction, drawing))| {
            let p = prediction.probabilities()[drawing.digit.index()];
            (if prediction.is_digit() { p } else { p * 0.5 }, index)
        })
        .collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(order)
}

fn lesson(
    model: &Arc<Model>,
    dataset: &Dataset,
    writer: &Writer,
    taught: &[usize],
) -> Result<(TrainedModel, f64, f64), Box<dyn Error>> {
    let mut dataset = dataset.clone();
    let correction = |&index: &usize| Correction {
        digit: Some(writer.drawings[index].digit),
        image: writer.drawings[index].image,
    };
    dataset.corrections = taught.iter().map(correction).collect();
    let base = BaseModel::new(Arc::clone(model), "base model".to_owned());
    let config = base.fine_tuning();
    let start = Start::From(base, Box::new(config));
    let (began, cpu) = (Instant::now(), processor_secs());
    let trained = training::run(
        &start,
        &dataset,
        &Device::Cpu,
        &Control::default(),
        &mut |_| {},
    )?;
    let trained = trained.ok_or("abandoned")?;
    Ok((
        trained,
        began.elapsed().as_secs_f64(),
        processor_secs() - cpu,
    ))
}

impl Sums {
    #[expect(clippy::too_many_arguments, reason = "draft")]
    fn add(
        &mut self,
        args: &Args,
        model: &Model,
        (trained, secs, cpu): &(TrainedModel, f64, f64),
        writers: &[Writer],
        writer: &Writer,
        taught: &[usize],
        dataset: &Dataset,
    ) -> Result<(), Box<dyn Error>> {
        self.lessons += 1;
        self.secs.push(*secs);
        self.cpu.push(*cpu);
        self.mnist.push(match &trained.test {
            Some(test) => test.accuracy,
            None => mnist_accuracy(&trained.model, dataset)?,
        });
        let right = |model: &Model, writer: &Writer| -> Result<Vec<bool>, Box<dyn Error>> {
            let predictions = predictions(model, writer.drawings.iter().map(|it| &it.image))?;
            let pairs = predictions.iter().zip(&writer.drawings);
            Ok(pairs
                .map(|(p, it)| p.is_digit() && p.digit() == it.digit)
                .collect())
        };
        let (before, after) = (right(model, writer)?, right(&trained.model, writer)?);
        let mut change = 0_i64;
        for index in 0..writer.drawings.len() {
            if taught.contains(&index) {
                self.taught += 1;
                self.before += usize::from(before[index]);
                self.after += usize::from(after[index]);
                if args.verbose && !after[index] {
                    let it = &writer.drawings[index];
                    println!(
                        "line {} of {}: a {} is not read as taught",
                        it.line,
                        writer.name,
                        it.digit.value()
                    );
                }
            } else {
                self.others += 1;
                self.others_before += usize::from(before[index]);
                self.others_after += usize::from(after[index]);
                change += i64::from(after[index]) - i64::from(before[index]);
            }
        }
        self.gained += usize::from(change > 0);
        self.lost += usize::from(change < 0);
        let unseen: Vec<&Drawing> = writers
            .iter()
            .filter(|other| other.name != writer.name)
            .flat_map(|other| other.drawings.iter().take(40))
            .collect();
        let count = |model: &Model| -> Result<usize, Box<dyn Error>> {
            let predictions = predictions(model, unseen.iter().map(|it| &it.image))?;
            let pairs = predictions.iter().zip(&unseen);
            Ok(pairs.filter(|(p, it)| p.digit() == it.digit).count())
        };
        self.unseen += unseen.len();
        self.unseen_before += count(model)?;
        self.unseen_after += count(&trained.model)?;
        if let Some(report) = &trained.corrections {
            self.steps.push(trained.history[0].learning_rate);
            if args.verbose {
                println!("{}: {report:?}", writer.name);
            }
        }
        Ok(())
    }

    fn print(mut self, name: &str, mnist: f64) {
        let percent = |count: usize, of: usize| percent_number(count as f64 / of.max(1) as f64, 2);
        let mean = self.mnist.iter().sum::<f64>() / self.mnist.len().max(1) as f64;
        let [secs, cpu, steps] = [&mut self.secs, &mut self.cpu, &mut self.steps].map(|values| {
            values.sort_by(f64::total_cmp);
            let median = values.get(values.len() / 2).copied().unwrap_or(0.0);
            format!("{median:.1} ({:.1})", values.last().copied().unwrap_or(0.0))
        });
        println!(
            "| {name} | {} | {} → {} of {} = {} % | {} → {} % of {} | {}, {} | {} → {} % | {} → {} % | {secs} | {cpu} | {steps} |",
            self.lessons,
            self.before,
            self.after,
            self.taught,
            percent(self.after, self.taught),
            percent(self.others_before, self.others),
            percent(self.others_after, self.others),
            self.others,
            self.gained,
            self.lost,
            percent_number(self.unseen_before as f64 / self.unseen.max(1) as f64, 3),
            percent_number(self.unseen_after as f64 / self.unseen.max(1) as f64, 3),
            percent_number(mnist, 3),
            percent_number(mean, 3),
        );
    }
}

fn mnist_accuracy(model: &Model, dataset: &Dataset) -> Result<f64, Box<dyn Error>> {
    let images = dataset.test.images().as_chunks().0;
    let predictions = predictions(model, images.iter())?;
    let right = predictions.iter().zip(dataset.test.labels());
    let right = right
        .filter(|(p, label)| p.digit().value() == **label)
        .count();
    Ok(right as f64 / dataset.test.len() as f64)
}

fn predictions<'a>(
    model: &Model,
    images: impl Iterator<Item = &'a [u8; PIXELS]>,
) -> Result<Vec<Prediction>, Box<dyn Error>> {
    let images: Vec<_> = images.collect();
    let calibration: Calibration = model.metadata.calibration;
    let mut predictions = Vec::new();
    for batch in images.chunks(BATCH) {
        let pixels = batch
            .iter()
            .flat_map(|image| image.map(|byte| f32::from(byte) / 255.0));
        let logits: Vec<[f32; CLASSES]> = recognition::logits(model, pixels.collect())?;
        predictions.extend(
            logits
                .iter()
                .map(|it| Prediction::from_logits(it, &calibration)),
        );
    }
    Ok(predictions)
}

/// Processor seconds of this process; other work on the machine does not count. 0 where the system does not tell.
fn processor_secs() -> f64 {
    const TICKS_PER_SEC: f64 = 100.0;
    let text = std::fs::read_to_string(Path::new("/proc/self/stat")).unwrap_or_default();
    let fields = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / TICKS_PER_SEC
}
