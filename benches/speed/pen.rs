//! The time from ink to probabilities: rasterize, normalize, predict; and from ink or a picture to a number.

use std::{hint::black_box, io::Cursor, sync::Arc, time::Instant};

use digitpad::{
    bitmap::Digit,
    ink::{self, Ink, Point, Stroke, raster::Raster},
    model::file::Model,
    picture,
    recognition::{
        number::{Constraints, NumberReader},
        predict,
    },
    synth,
};
use image::{GrayImage, Luma, codecs::jpeg::JpegEncoder};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::figures::{self, Measured};

/// The points of a scribble.
const MANY: usize = 10_000;
/// The digits of a number, and the strokes of a scribble that is not read as one.
const DIGITS: usize = 8;
const STROKES: usize = 10;
/// The size of a large picture, in pixels.
const PHOTO: [usize; 2] = [4_000, 3_000];

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
    numbers(&Arc::new(model));
}

/// Numbers, and what is not one.
fn numbers(model: &Arc<Model>) {
    figures::table(
        "From a sample of the pen to the reading (median / p90 / p99)",
        &["ink", "reading"],
    );
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let row = |name: &str, inks: &[Ink]| {
        let mut times = Measured::default();
        for ink in inks {
            time_last_stroke(model, ink, &mut times);
        }
        figures::row(&[name, &times.quantiles_ms()]);
    };
    let inks: Vec<Ink> = (0..30).map(|_| number(&mut rng)).collect();
    row("the last stroke of a number of 8 digits", &inks);
    let scribbles: Vec<Ink> = (0..30).map(|_| strokes(&mut rng)).collect();
    row("the last stroke of a scribble of 10 strokes", &scribbles);
    figures::table("A picture of 12 megapixels", &["step", "time"]);
    let file = photo(&inks[0]);
    let (mut decoded, mut all) = (Measured::default(), Measured::default());
    for _ in 0..5 {
        let start = Instant::now();
        let read = picture::from_bytes(&file, "a picture").expect("there is ink");
        decoded.push(start.elapsed());
        let ink = read.view.components.as_ref().expect("it is large");
        let mut reader = NumberReader::new(Arc::clone(model));
        let reading = reader.read_picture(ink, &read.bitmap, Constraints::default());
        black_box(reading.expect("it is computed"));
        all.push(start.elapsed());
    }
    figures::row(&["from the file to the ink", &decoded.spread_secs()]);
    figures::row(&["from the file to the number", &all.spread_secs()]);
}

/// The times of the readings after each sample of the last stroke.
fn time_last_stroke(model: &Arc<Model>, ink: &Ink, times: &mut Measured) {
    let mut reader = NumberReader::new(Arc::clone(model));
    let Some((last, before)) = ink.strokes().split_last() else {
        return;
    };
    let points = ink.point_count() - last.points().len();
    let mut read = |ink: &Ink| {
        let start = Instant::now();
        black_box(
            reader
                .read(ink, Constraints::default())
                .expect("it is computed"),
        );
        start.elapsed()
    };
    // The pen was there before.
    read(&before.iter().cloned().collect());
    for samples in 1..=last.points().len() {
        times.push(read(&ink.first_points(points + samples)));
    }
}

/// Synthetic digits beside each other.
fn number(rng: &mut ChaCha8Rng) -> Ink {
    let mut all = Vec::new();
    for index in 0..DIGITS {
        let digit = synth::digit(Digit::ALL[rng.random_range(0..10)], rng);
        let placed = |point: &Point| Point::new(0.35 * (point.x + index as f32), 0.35 * point.y);
        for stroke in digit.strokes() {
            let placed = stroke.points().iter().map(placed).collect();
            all.extend(Stroke::new(placed));
        }
    }
    all.into_iter().collect()
}

/// Strokes all over a pad for numbers.
fn strokes(rng: &mut ChaCha8Rng) -> Ink {
    let stroke = |_| {
        let mut point = Point::new(rng.random_range(0.0..3.0), rng.random_range(0.0..1.0));
        let points = (0..40).map(|_| {
            point.x += rng.random_range(-0.08..0.1);
            point.y = (point.y + rng.random_range(-0.15..0.15_f32)).clamp(0.0, 1.0);
            point
        });
        Stroke::new(points.collect())
    };
    (0..STROKES).filter_map(stroke).collect()
}

/// A JPEG of a number on paper under a lamp.
fn photo(ink: &Ink) -> Vec<u8> {
    // Each pixel of the drawing is four by four of the photo.
    let size = PHOTO.map(|side| side / 4);
    let place = |point: &Point| Point::new(60.0 + 300.0 * point.x, 300.0 + 300.0 * point.y);
    let lines = ink.strokes().iter();
    let lines = lines.map(|stroke| stroke.points().iter().map(place).collect());
    let drawn = Raster::draw(&lines.collect::<Vec<_>>(), 5.0, size[0], size[1]);
    let [width, height] = PHOTO.map(|side| side as u32);
    let photo = GrayImage::from_fn(width, height, |x, y| {
        let ink = drawn.pixels()[y as usize / 4 * size[0] + x as usize / 4];
        let light = 240.0 - 60.0 * x as f32 / width as f32;
        Luma([(light * (1.0 - 0.7 * ink)) as u8])
    });
    let mut file = Cursor::new(Vec::new());
    photo
        .write_with_encoder(JpegEncoder::new_with_quality(&mut file, 90))
        .expect("it is encoded");
    file.into_inner()
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
