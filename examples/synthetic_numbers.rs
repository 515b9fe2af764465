//! An ink file of numbers that are hard to divide: synthetic digits that overlap, or between which the pen is not lifted.
//!
//!     cargo run --release --example synthetic_numbers -- [--count N] [--seed N] NUMBERS.jsonl.gz
//!     digitpad eval --ink NUMBERS.jsonl.gz --errors ERRORS.png
//!
//! Overlapping digits and joined ones take turns. All follow from the seed.

use std::{error::Error, path::PathBuf};

use clap::Parser;
use digitpad::{
    bitmap::Digit,
    ink::{
        self, Ink, Point, Stroke,
        file::{InkRecord, Label},
    },
    synth,
};
use rand::{Rng as _, SeedableRng as _, seq::IndexedRandom as _};
use rand_chacha::ChaCha8Rng;

/// How many digits a number has, and how high they are, in heights of a mean digit.
const LENGTHS: [usize; 2] = [2, 6];
const HEIGHTS: [f32; 2] = [0.9, 1.1];
/// The gap between the boxes of two digits, in heights of a mean digit: overlapping and joined ones.
const GAPS: [[f32; 2]; 2] = [[-0.15, 0.0], [0.0, 0.08]];

/// An ink file of numbers that are hard to divide.
#[derive(Debug, Parser)]
struct Args {
    /// How many numbers.
    #[arg(long, default_value_t = 100)]
    count: usize,
    /// The seed of the digits.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The ink file.
    numbers: PathBuf,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let mut rng = ChaCha8Rng::seed_from_u64(args.seed);
    let numbers = (0..args.count).map(|index| number(index % 2 == 1, &mut rng));
    ink::file::write(&args.numbers, &numbers.collect::<Vec<_>>())?;
    Ok(())
}

/// The ink of a number and its label. In a joined one, the pen is not lifted between two of the digits.
fn number(is_joined: bool, rng: &mut ChaCha8Rng) -> InkRecord {
    let length = rng.random_range(LENGTHS[0]..=LENGTHS[1]);
    let joint = is_joined.then(|| rng.random_range(1..length));
    let [least, most] = GAPS[usize::from(is_joined)];
    let (mut strokes, mut text, mut left) = (Vec::<Vec<Point>>::new(), String::new(), 0.0);
    for index in 0..length {
        let digit = *Digit::ALL.choose(rng).unwrap_or(&Digit::ALL[0]);
        text += &digit.to_string();
        let mut next = placed(&synth::digit(digit, rng), left, rng).into_iter();
        if joint == Some(index)
            && let Some(last) = strokes.last_mut()
        {
            last.extend(next.next().into_iter().flatten());
        }
        strokes.extend(next);
        let right = strokes.iter().flatten().map(|point| point.x);
        left = right.fold(left, f32::max) + rng.random_range(least..most);
    }
    InkRecord {
        label: Some(Label::Number(text)),
        ink: strokes.into_iter().filter_map(Stroke::new).collect(),
        ..InkRecord::default()
    }
}

/// The strokes of a digit that stands on a line, from `left` on.
fn placed(digit: &Ink, left: f32, rng: &mut ChaCha8Rng) -> Vec<Vec<Point>> {
    let Some(bounds) = digit.bounds() else {
        return Vec::new();
    };
    let height = rng.random_range(HEIGHTS[0]..HEIGHTS[1]);
    let scale = height / (bounds.max.y - bounds.min.y).max(f32::MIN_POSITIVE);
    let place = |point: &Point| {
        let [x, y] = [point.x - bounds.min.x, point.y - bounds.max.y];
        Point::new(left + scale * x, scale * y)
    };
    let strokes = digit.strokes().iter();
    strokes
        .map(|stroke| stroke.points().iter().map(place).collect())
        .collect()
}
