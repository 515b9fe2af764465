//! MNIST's own way from a scanned digit to its 28×28 picture, for pictures that come as pixels.

use std::ops::Range;

use super::raster::Raster;
use crate::bitmap::{Bitmap, PIXELS, SIDE};

/// The side of the box that MNIST's digits fill.
const BOX: usize = 20;

/// Brings a digit to MNIST's place and size: the tight box of what is not 0, squared around its middle, is
/// resampled by area to 20×20; the brightest pixel becomes 1; a shift by whole pixels puts the centre of mass
/// into (14, 15] of 28, with pixel `i` reaching from `i` to `i + 1`. `None` where there is no ink.
///
/// The rule is that of the QMNIST reconstruction (Yadav and Bottou, "Cold case: the lost MNIST digits", 2019).
/// It takes everything above 0 for ink, so paper must be clean.
pub fn normalise(gray: &Raster) -> Option<Bitmap> {
    let (columns, rows) = ink_box(gray)?;
    let side = columns.len().max(rows.len());
    let left = columns.start as f64 - 0.5 * (side - columns.len()) as f64;
    let top = rows.start as f64 - 0.5 * (side - rows.len()) as f64;
    let cell = side as f64 / BOX as f64;

    let narrow: Vec<[f64; BOX]> = gray
        .rows()
        .skip(rows.start)
        .take(rows.len())
        .map(|row| {
            std::array::from_fn(|i| {
                overlaps(left + i as f64 * cell, cell, 0..row.len())
                    .map(|(x, part)| part * f64::from(row[x].max(0.0)))
                    .sum()
            })
        })
        .collect();
    let boxed = std::array::from_fn(|j| {
        let mut sums = [0.0; BOX];
        for (y, part) in overlaps(top + j as f64 * cell, cell, rows.clone()) {
            for (sum, value) in sums.iter_mut().zip(narrow[y - rows.start]) {
                *sum += part * value;
            }
        }
        sums
    });
    Some(place(&boxed))
}

/// The columns and rows between which there is ink.
fn ink_box(gray: &Raster) -> Option<(Range<usize>, Range<usize>)> {
    let is_ink = |pixel: &f32| *pixel > 0.0;
    let top = gray.rows().position(|row| row.iter().any(is_ink))?;
    let bottom = gray.rows().rposition(|row| row.iter().any(is_ink))?;
    let inked = || gray.rows().skip(top).take(bottom + 1 - top);
    let left = inked()
        .filter_map(|row| row.iter().position(is_ink))
        .min()?;
    let right = inked()
        .filter_map(|row| row.iter().rposition(is_ink))
        .max()?;
    Some((left..right + 1, top..bottom + 1))
}

/// Those of `pixels` that lie within a cell that begins at `from`, each with the part of it that does.
fn overlaps(from: f64, cell: f64, pixels: Range<usize>) -> impl Iterator<Item = (usize, f64)> {
    let to = from + cell;
    let first = (from.floor().max(0.0) as usize).max(pixels.start);
    let past = (to.ceil().max(0.0) as usize).min(pixels.end);
    (first..past).map(move |pixel| {
        let part = to.min(pixel as f64 + 1.0) - from.max(pixel as f64);
        (pixel, part.max(0.0))
    })
}

/// Puts the box where its centre of mass belongs and scales the brightest pixel to 1.
fn place(boxed: &[[f64; BOX]; BOX]) -> Bitmap {
    let (mut mass, mut along_x, mut along_y, mut brightest) = (0.0, 0.0, 0.0, 0.0_f64);
    for (y, row) in boxed.iter().enumerate() {
        for (x, &pixel) in row.iter().enumerate() {
            mass += pixel;
            along_x += pixel * (x as f64 + 0.5);
            along_y += pixel * (y as f64 + 0.5);
            brightest = brightest.max(pixel);
        }
    }
    let middle = (SIDE / 2 + 1) as f64;
    let shift = |along: f64| {
        (middle - along / mass)
            .floor()
            .clamp(0.0, (SIDE - BOX) as f64) as usize
    };
    let (left, top) = (shift(along_x), shift(along_y));
    let mut pixels = [0.0; PIXELS];
    for (y, row) in boxed.iter().enumerate() {
        for (x, &pixel) in row.iter().enumerate() {
            pixels[(top + y) * SIDE + left + x] = (pixel / brightest) as f32;
        }
    }
    Bitmap::from_pixels(&pixels)
}
