//! A report on pictures of numbers: labeled numbers of ink files, drawn as pen on paper, photographed and read.
//!
//!     cargo run --release --example picture_report -- [--count N] [--failures FOLDER] NUMBERS.jsonl.gz
//!
//! Every picture has a random ink, paper, pen and size, and a kind of damage; all follow from the seed. The report
//! shows by spacing, height and damage how many numbers are read rightly, and how many from their ink.
#![expect(
    clippy::print_stdout,
    reason = "its tables are what this program is for"
)]

mod photo;

use std::{error::Error, fs, path::PathBuf, sync::Arc};

use clap::Parser;
use digitpad::{
    format::percent_number,
    ink::{
        self,
        file::{InkRecord, Label},
    },
    model::file::Model,
    picture,
    recognition::number::{Constraints, NumberReader, Reading},
};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use self::photo::{Damage, Photo};

/// The bounds of the groups of heights, in pixels.
const HEIGHTS: [f32; 5] = [20.0, 35.0, 60.0, 110.0, 200.0];

/// A report on pictures of numbers.
#[derive(Debug, Parser)]
struct Args {
    /// How many numbers to read, from the first one on.
    #[arg(long, default_value_t = usize::MAX, hide_default_value = true)]
    count: usize,
    /// The seed of the pictures.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A folder for the pictures that are not read rightly.
    #[arg(long)]
    failures: Option<PathBuf>,
    /// Other weights than the built-in ones.
    #[arg(long)]
    weights: Option<PathBuf>,
    /// An ink file of numbers.
    numbers: PathBuf,
}

/// How numbers are read.
#[derive(Clone, Copy, Default)]
struct Counts {
    numbers: usize,
    right: usize,
    /// As another number.
    wrong: usize,
    /// From the ink itself.
    right_from_ink: usize,
}

/// The rows of a table, in the order of their first number.
#[derive(Default)]
struct Table(Vec<(String, Counts)>);

impl Table {
    fn row(&mut self, name: &str) -> &mut Counts {
        let known = self.0.iter().position(|(known, _)| known == name);
        let place = known.unwrap_or_else(|| {
            self.0.push((name.to_owned(), Counts::default()));
            self.0.len() - 1
        });
        &mut self.0[place].1
    }

    fn print(mut self, title: &str) {
        println!("\n| {title} | numbers | read rightly | read wrongly | no number | from ink |");
        println!("|---|---|---|---|---|---|");
        self.0.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, counts) in self.0 {
            let Counts {
                numbers,
                right,
                wrong,
                right_from_ink,
            } = counts;
            let parts = [right, wrong, numbers - right - wrong, right_from_ink];
            let parts = parts.map(|part| percent_number(part as f64 / numbers as f64, 1));
            println!("| {name} | {numbers} | {} |", parts.join(" | "));
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let model = Arc::new(match &args.weights {
        Some(path) => Model::load(path)?,
        None => Model::built_in()?,
    });
    if let Some(folder) = &args.failures {
        fs::create_dir_all(folder)?;
    }
    let records = ink::file::read(&args.numbers)?;
    let numbers = records.iter().filter_map(|record| match &record.label {
        Some(Label::Number(text)) => Some((record, text.as_str())),
        _ => None,
    });
    let titles = ["", "spacing", "height of the digits", "damage", "length"];
    let mut tables = titles.map(|title| (title, Table::default()));
    for (index, (record, text)) in numbers.take(args.count).enumerate() {
        // A picture depends on its own number alone.
        let mut rng = ChaCha8Rng::seed_from_u64(args.seed);
        rng.set_stream(index as u64);
        let damage = Damage::ALL[index % Damage::ALL.len()];
        let photo = Photo::random(damage, &mut rng);
        let file = photo.take(&record.ink, &mut rng)?;
        let mut reader = NumberReader::new(Arc::clone(&model));
        let constraints = Constraints::default();
        let found = match picture::from_bytes(&file, "a picture") {
            Ok(read) => match &read.view.components {
                Some(ink) => number_of(reader.read_picture(ink, &read.bitmap, constraints)?),
                None => None,
            },
            Err(_refusal) => None,
        };
        let from_ink = number_of(reader.read(&record.ink, constraints)?);
        for ((_, table), name) in tables.iter_mut().zip(names(record, text, &photo)) {
            let counts = table.row(&name);
            counts.numbers += 1;
            counts.right += usize::from(found.as_deref() == Some(text));
            counts.wrong += usize::from(found.as_deref().is_some_and(|found| found != text));
            counts.right_from_ink += usize::from(from_ink.as_deref() == Some(text));
        }
        if let Some(folder) = &args.failures
            && found.as_deref() != Some(text)
        {
            let found = found.as_deref().unwrap_or("none");
            let end = photo.extension();
            let name = format!("{index:04}-{text}-as-{found}-{}.{end}", damage.name());
            fs::write(folder.join(name.replace(' ', "-")), file)?;
        }
    }
    for (title, table) in tables {
        table.print(title);
    }
    Ok(())
}

/// The names of the rows that a number counts in, by table.
fn names(record: &InkRecord, text: &str, photo: &Photo) -> [String; 5] {
    let high = HEIGHTS[1..HEIGHTS.len() - 1].partition_point(|bound| *bound <= photo.height_px());
    [
        "all".to_owned(),
        record.spacing.clone().unwrap_or_default(),
        format!("{:3} to {} pixels", HEIGHTS[high], HEIGHTS[high + 1]),
        photo.damage().name().to_owned(),
        format!("{} digits", text.len()),
    ]
}

fn number_of(reading: Reading) -> Option<String> {
    match reading {
        Reading::Number(number) => Some(number.text()),
        _ => None,
    }
}
