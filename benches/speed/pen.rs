//! The time from ink to probabilities: rasterize, normalize, predict.

use std::{hint::black_box, time::Instant};

use digitpad::{
    bitmap::Digit,
    ink::{self, Ink, Point, Stroke},
    model::file::Model,
    recognition::predict,
    synth,
};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::figures::{self, Measured};

/// The points of a scribble.
const MANY: usize = 10_000;

pub(crate) fn run() {
    let model = Model::built_in().expect("it is built in");
    figures::table(
        "From ink to probabilities, built-in model (median / p90 / p99)",
        &["ink", "bitmap", "bitmap and prediction"],
    );
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let digits = (0..1_000).map(|index| synth::digit(Digit::ALL[index % 10], &mut rng));
    let row = |name: &str, inks: &[Ink]| {
        let (mut bitmaps, mut all) = (Measured::default(), Measured::default());
        for ink in inks {
            let start = Instant::now();
            let bitmap = ink::to_bitmap(ink).expect("there is ink");
            bitmaps.push(start.elapsed());
            black_box(predict(&model, &bitmap).expect("it is computed"));
            all.push(start.elapsed());
        }
        figures::row(&[name.to_owned(), bitmaps.quantiles_ms(), all.quantiles_ms()]);
    };
    row("1,000 digits", &digits.collect::<Vec<_>>());
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let scattered: Vec<Ink> = (0..200).map(|_| scribble(&mut rng, 1.0)).collect();
    row("10,000 points scattered over the pad", &scattered);
    let scribbles: Vec<Ink> = (0..200).map(|_| scribble(&mut rng, 0.05)).collect();
    row("a scribble of 10,000 points", &scribbles);
}

/// A stroke of many points, each at most `step` (in units of the pad) from the last one along each axis.
fn scribble(rng: &mut ChaCha8Rng, step: f32) -> Ink {
    let mut point = Point::new(0.5, 0.5);
    let points = (0..MANY).map(|_| {
        let mut moved =
            |from: f32| rng.random_range((from - step).max(0.0)..(from + step).min(1.0));
        point = Point::new(moved(point.x), moved(point.y));
        point
    });
    Ink::from_iter(Stroke::new(points.collect()))
}
