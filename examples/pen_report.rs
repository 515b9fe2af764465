//! What becomes of the same pen digits on five ways to the network, and under what hands do to them.
//!
//!     cargo run --release --example pen_report -- INK.jsonl.gz K/N WEIGHTS…
//!
//! prints three tables in Markdown, for each model: two of the digits of the hands in part K of N, and one
//! of what part of generated non-digits is refused: at the model's own threshold, and at the highest that keeps
//! 99 of 100 of these digits. A model that learned from ink must have left this part out
//! (`digitpad train --leave-out K/N`).
#![expect(
    clippy::print_stdout,
    reason = "its tables are what this program is for"
)]

use std::{env, error::Error, path::Path};

use digitpad::{
    bitmap::{Bitmap, Digit, PIXELS, SIDE},
    data::ink_set::Fold,
    ink::{
        self, Ink, PEN_WIDTH_PX, Point, Stroke,
        file::{InkRecord, Label},
        normalize::normalize,
        raster::Raster,
        smooth,
    },
    model::{
        calibration::{sorted_energy_scores, threshold_accepting},
        file::Model,
    },
    recognition,
    synth::{self, Form},
};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

/// The pen of the usual program of this kind, as a part of its pad.
const USUAL_PEN: f32 = 0.06;
/// The side of its canvas, in pixels.
const CANVAS: usize = 280;

type Way = fn(&Ink) -> Bitmap;
type Change = fn(&Ink) -> Ink;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [file, fold, weights @ ..] = &arguments[..] else {
        return Err("usage: pen_report INK.jsonl.gz K/N WEIGHTS…".into());
    };
    let fold: Fold = fold.parse()?;
    let mut records = ink::file::read(Path::new(file))?;
    records.retain(|record| fold.has(record.writer.as_deref()));
    let models: Vec<Model> = weights
        .iter()
        .map(|path| Model::load(Path::new(path)))
        .collect::<Result<_, _>>()?;
    let digits: Vec<(&Ink, Digit)> = records.iter().filter_map(labeled).collect();
    println!("{} digits, accuracy in percent\n", digits.len());
    let columns = "| --- ".repeat(weights.len());
    println!("| way to the network | {} |", weights.join(" | "));
    println!("| --- {columns}|");
    let ways: [(&str, Way); 6] = [
        ("the whole canvas shrunk", shrunk),
        ("the same, drawn half as large, in a corner", |ink| {
            shrunk(&mapped(ink, [0.5, 0.0, 0.0, 0.5]))
        }),
        ("the box stretched to 28×28", stretched),
        ("the box scaled, without centering", uncentered),
        ("MNIST's way, on a raster of fixed pen", rastered),
        ("Digitpad's", drawn),
    ];
    for (name, way) in ways {
        row(name, &digits, &models, way)?;
    }
    println!("\n| the digits | {} |", weights.join(" | "));
    println!("| --- {columns}|");
    let changes: [(&str, Change); 9] = [
        ("as written", Ink::clone),
        ("at a twentieth of the pad, in a corner", |ink| {
            mapped(ink, [0.05, 0.0, 0.0, 0.05])
        }),
        ("turned 15° to the left", |ink| mapped(ink, turn(-15.0))),
        ("turned 15° to the right", |ink| mapped(ink, turn(15.0))),
        ("slanted by 0.2 forwards", |ink| {
            mapped(ink, [1.0, -0.2, 0.0, 1.0])
        }),
        ("slanted by 0.2 backwards", |ink| {
            mapped(ink, [1.0, 0.2, 0.0, 1.0])
        }),
        ("10 points a stroke", |ink| sampled(ink, 10)),
        ("100 points a stroke", |ink| sampled(ink, 100)),
        ("1,000 points a stroke", |ink| sampled(ink, 1000)),
    ];
    for (name, change) in changes {
        row(name, &digits, &models, |ink| drawn(&change(ink)))?;
    }
    let kept = weights.iter().map(|name| format!("{name}, 99 % kept"));
    let names: Vec<String> = weights.iter().cloned().chain(kept).collect();
    println!("\n| generated, refused | {} |", names.join(" | "));
    println!("| --- {columns}{columns}|");
    let keeping: Vec<Model> = models
        .iter()
        .map(|model| accepting_99(model, &digits))
        .collect::<Result<_, _>>()?;
    let both = [models, keeping].concat();
    for form in synth::non_digits() {
        refused_row(form, &both)?;
    }
    Ok(())
}

/// The model with the highest threshold that keeps 99 of 100 of the digits.
fn accepting_99(model: &Model, digits: &[(&Ink, Digit)]) -> Result<Model, Box<dyn Error>> {
    let pixels = digits.iter().flat_map(|(ink, _)| *drawn(ink).pixels());
    let logits = model.mlp.logits(pixels.collect())?;
    let mut keeping = model.clone();
    keeping.metadata.calibration.reject_threshold =
        threshold_accepting(0.99, &sorted_energy_scores(&logits));
    Ok(keeping)
}

/// Prints what part of one kind of non-digits each model refuses. No training's drawings are among them.
fn refused_row(form: &Form, models: &[Model]) -> Result<(), Box<dyn Error>> {
    const COUNT: usize = 1000;
    let mut rng = ChaCha8Rng::seed_from_u64(u64::MAX);
    let bitmaps: Vec<Bitmap> = (0..COUNT).map(|_| drawn(&form.draw(&mut rng))).collect();
    let mut cells = Vec::new();
    for model in models {
        let mut refused = 0;
        for bitmap in &bitmaps {
            refused += usize::from(!recognition::predict(model, bitmap)?.is_digit());
        }
        cells.push(format!("{:.1}", 100.0 * refused as f64 / COUNT as f64));
    }
    println!("| {} | {} |", form.name(), cells.join(" | "));
    Ok(())
}

fn labeled(record: &InkRecord) -> Option<(&Ink, Digit)> {
    match record.label {
        Some(Label::Digit(digit)) if !record.ink.is_empty() => Some((&record.ink, digit)),
        _ => None,
    }
}

/// Prints what part of the digits each model reads rightly.
fn row(
    name: &str,
    digits: &[(&Ink, Digit)],
    models: &[Model],
    way: impl Fn(&Ink) -> Bitmap,
) -> Result<(), Box<dyn Error>> {
    let bitmaps: Vec<Bitmap> = digits.iter().map(|(ink, _)| way(ink)).collect();
    let mut cells = Vec::new();
    for model in models {
        let mut right = 0;
        for (bitmap, (_, truth)) in bitmaps.iter().zip(digits) {
            right += usize::from(recognition::predict(model, bitmap)?.digit() == *truth);
        }
        cells.push(format!("{:.2}", 100.0 * right as f64 / digits.len() as f64));
    }
    println!("| {name} | {} |", cells.join(" | "));
    Ok(())
}

fn drawn(ink: &Ink) -> Bitmap {
    ink::to_bitmap(ink).unwrap_or_else(Bitmap::blank)
}

/// The strokes' paths on a pad of this side.
fn paths(ink: &Ink, side: f32) -> Vec<Vec<Point>> {
    let scaled = |point: &Point| Point::new(point.x * side, point.y * side);
    ink.strokes()
        .iter()
        .map(|stroke| {
            smooth::flatten(stroke.points(), smooth::PAD_TOLERANCE)
                .iter()
                .map(scaled)
                .collect()
        })
        .collect()
}

/// The canvas with the usual pen.
fn canvas(ink: &Ink) -> Raster {
    let pen_px = USUAL_PEN * CANVAS as f32;
    Raster::draw(&paths(ink, CANVAS as f32), pen_px, CANVAS, CANVAS)
}

fn shrunk(ink: &Ink) -> Bitmap {
    let canvas = canvas(ink);
    let factor = CANVAS / SIDE;
    let mut pixels = [0.0; PIXELS];
    for (index, pixel) in canvas.pixels().iter().enumerate() {
        let (row, column) = (index / CANVAS / factor, index % CANVAS / factor);
        pixels[row * SIDE + column] += pixel / (factor * factor) as f32;
    }
    Bitmap::from_pixels(&pixels)
}

fn rastered(ink: &Ink) -> Bitmap {
    normalize(&canvas(ink)).unwrap_or_else(Bitmap::blank)
}

fn stretched(ink: &Ink) -> Bitmap {
    boxed(ink, |width, height| {
        let inner = SIDE as f32 - PEN_WIDTH_PX;
        (inner / width, inner / height)
    })
}

fn uncentered(ink: &Ink) -> Bitmap {
    boxed(ink, |width, height| {
        let scale = (20.0 - PEN_WIDTH_PX) / width.max(height);
        (scale, scale)
    })
}

/// The box of the ink in the middle of the picture, scaled as a function of its size says.
fn boxed(ink: &Ink, scale: impl Fn(f32, f32) -> (f32, f32)) -> Bitmap {
    let Some(bounds) = ink.bounds() else {
        return Bitmap::blank();
    };
    let (width, height) = (bounds.max.x - bounds.min.x, bounds.max.y - bounds.min.y);
    let (x_scale, y_scale) = scale(width.max(0.02), height.max(0.02));
    let middle = SIDE as f32 / 2.0;
    let place = |point: Point| {
        Point::new(
            (point.x - bounds.min.x - width / 2.0) * x_scale + middle,
            (point.y - bounds.min.y - height / 2.0) * y_scale + middle,
        )
    };
    let paths: Vec<Vec<Point>> = paths(ink, 1.0)
        .into_iter()
        .map(|path| path.into_iter().map(place).collect())
        .collect();
    let raster = Raster::draw(&paths, PEN_WIDTH_PX, SIDE, SIDE);
    let mut pixels = [0.0; PIXELS];
    pixels.copy_from_slice(raster.pixels());
    Bitmap::from_pixels(&pixels)
}

/// Every point changed.
fn reshaped(ink: &Ink, change: impl Fn(&[Point]) -> Vec<Point>) -> Ink {
    ink.strokes()
        .iter()
        .filter_map(|stroke| Stroke::new(change(stroke.points())))
        .collect()
}

/// The matrix of a turn, row by row.
fn turn(degrees: f32) -> [f32; 4] {
    let (sin, cos) = degrees.to_radians().sin_cos();
    [cos, -sin, sin, cos]
}

/// Every point multiplied by a matrix, given row by row.
fn mapped(ink: &Ink, [xx, xy, yx, yy]: [f32; 4]) -> Ink {
    let place = |p: &Point| Point::new(xx * p.x + xy * p.y, yx * p.x + yy * p.y);
    reshaped(ink, |points| points.iter().map(place).collect())
}

/// Every stroke sampled at so many places, evenly along its path.
fn sampled(ink: &Ink, count: usize) -> Ink {
    reshaped(ink, |points| {
        let path = smooth::flatten(points, smooth::PAD_TOLERANCE);
        let lengths: Vec<f32> = path
            .windows(2)
            .map(|ends| (ends[1].x - ends[0].x).hypot(ends[1].y - ends[0].y))
            .collect();
        let total: f32 = lengths.iter().sum();
        if total <= 0.0 {
            return path;
        }
        let (mut segment, mut before) = (0, 0.0);
        let mut at = |distance: f32| {
            while segment + 1 < lengths.len() && before + lengths[segment] < distance {
                before += lengths[segment];
                segment += 1;
            }
            let along = ((distance - before) / lengths[segment].max(f32::MIN_POSITIVE)).min(1.0);
            let (from, to) = (path[segment], path[segment + 1]);
            Point::new(
                from.x + along * (to.x - from.x),
                from.y + along * (to.y - from.y),
            )
        };
        let step = total / (count - 1) as f32;
        (0..count).map(|index| at(index as f32 * step)).collect()
    })
}
