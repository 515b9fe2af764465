//! The first layer's products, which skip the paper: four in five pixels of an image are zero.
#![expect(
    clippy::inline_always,
    reason = "a vector kernel is compiled into each instruction set's copy of its caller"
)]

#[cfg(test)]
mod tests;
mod written;

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

pub(super) use self::written::gradient;
use super::adam::Adam;
use crate::bitmap::PIXELS;
use crate::training::batch::Batch;

/// Vectors that are summed at once: enough to hide the latency of the additions, few enough to
/// stay in registers.
const TILE: usize = 8;

/// A byte as the network sees it.
#[inline(always)]
fn ink(value: u8) -> f32 {
    const INK: [f32; 256] = {
        let mut ink = [0.0; 256];
        let mut value = 0;
        while value < 256 {
            ink[value] = value as f32 / 255.0;
            value += 1;
        }
        ink
    };
    INK[usize::from(value)]
}

/// Calls `body` with tiles of eight vectors, then of four, then of one, then with the part of one that
/// is left. Each call gets the columns that it is to work on.
macro_rules! for_tiles {
    ($columns:expr, $lanes:expr, $body:ident($($argument:expr),*)) => {{
        let Range { mut start, end: last } = $columns;
        while start + TILE * $lanes <= last {
            $body::<S, TILE>($($argument,)* start..start + TILE * $lanes);
            start += TILE * $lanes;
        }
        while start + TILE / 2 * $lanes <= last {
            $body::<S, { TILE / 2 }>($($argument,)* start..start + TILE / 2 * $lanes);
            start += TILE / 2 * $lanes;
        }
        while start < last {
            let end = last.min(start + $lanes);
            $body::<S, 1>($($argument,)* start..end);
            start = end;
        }
    }};
}

/// Loads up to `T` vectors; only the last may be partial.
#[inline(always)]
fn load<S: Simd, const T: usize>(simd: S, values: &[f32]) -> [S::f32s; T] {
    if T == 1 {
        return [simd.partial_load_f32s(values); T];
    }
    let (vectors, _) = S::as_simd_f32s(values);
    std::array::from_fn(|index| vectors[index])
}

#[inline(always)]
fn store<S: Simd, const T: usize>(simd: S, values: &mut [f32], vectors: [S::f32s; T]) {
    if T == 1 {
        return simd.partial_store_f32s(values, vectors[0]);
    }
    let (places, _) = S::as_mut_simd_f32s(values);
    for (place, vector) in places.iter_mut().zip(vectors) {
        *place = vector;
    }
}

/// `sums += factor · row`.
#[inline(always)]
fn add_scaled<S: Simd, const T: usize>(
    simd: S,
    sums: &mut [S::f32s; T],
    factor: f32,
    row: [S::f32s; T],
) {
    let factor = simd.splat_f32s(factor);
    for (sum, value) in sums.iter_mut().zip(row) {
        *sum = simd.mul_add_e_f32s(factor, value, *sum);
    }
}

/// Writes some columns of `images · weights + bias`.
///
/// `weights` `[784, width]`, `bias` `[width]`; `outputs` are the columns' part of each member's row.
pub(super) fn forward(
    batch: Batch,
    weights: &[f32],
    bias: &[f32],
    columns: Range<usize>,
    outputs: &mut [&mut [f32]],
) {
    Arch::new().dispatch(Forward {
        batch,
        weights,
        bias,
        columns,
        outputs,
    });
}

struct Forward<'a, 'b> {
    batch: Batch<'a>,
    weights: &'a [f32],
    bias: &'a [f32],
    columns: Range<usize>,
    outputs: &'a mut [&'b mut [f32]],
}

impl WithSimd for Forward<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for_tiles!(
            self.columns.clone(),
            S::F32_LANES,
            forward_tile(simd, &mut self)
        );
    }
}

#[inline(always)]
fn forward_tile<S: Simd, const T: usize>(simd: S, task: &mut Forward, columns: Range<usize>) {
    let width = task.bias.len();
    let first = task.columns.start;
    for (&member, output) in task.batch.members.iter().zip(&mut *task.outputs) {
        let mut sums = load::<S, T>(simd, &task.bias[columns.clone()]);
        let (positions, values) = task.batch.images.image(member);
        for (&position, &value) in positions.iter().zip(values) {
            let row = usize::from(position) * width;
            let row = &task.weights[row + columns.start..row + columns.end];
            add_scaled(simd, &mut sums, ink(value), load(simd, row));
        }
        store(
            simd,
            &mut output[columns.start - first..columns.end - first],
            sums,
        );
    }
}

/// Takes a matrix that lies row by row apart at its columns: for each range its part of each row. The
/// ranges follow each other from the first column to the last.
pub(super) fn split_columns<'a>(
    values: &'a mut [f32],
    columns: &[Range<usize>],
) -> Vec<Vec<&'a mut [f32]>> {
    let width = columns.last().map_or(1, |last| last.end);
    let count = values.len() / width;
    let mut parts: Vec<Vec<_>> = columns.iter().map(|_| Vec::with_capacity(count)).collect();
    for row in values.chunks_exact_mut(width) {
        let mut rest = row;
        for (columns, part) in columns.iter().zip(&mut parts) {
            let (own, others) = rest.split_at_mut(columns.len());
            part.push(own);
            rest = others;
        }
    }
    parts
}

/// A batch's ink sorted by pixel, for a range of pixels.
#[derive(Debug)]
pub(super) struct ByPixel {
    pixels: Range<usize>,
    /// Where each pixel's entries begin; and where the last one's end.
    starts: Vec<usize>,
    /// For each spot of ink: whose it is, as an index into the batch's members, and its value.
    entries: Vec<(u32, f32)>,
}

impl ByPixel {
    /// Shares all pixels out to so many parts, about as many to each. Ink gathers in the middle rows
    /// of an image, and two halves of it hold about the same.
    pub(super) fn share_out(parts: usize) -> Vec<Self> {
        let part = |index: usize| Self {
            pixels: PIXELS * index / parts..PIXELS * (index + 1) / parts,
            starts: Vec::new(),
            entries: Vec::new(),
        };
        (0..parts).map(part).collect()
    }

    /// Sorts what the members have in the range.
    pub(super) fn sort(&mut self, batch: Batch) {
        let pixels = self.pixels.clone();
        let spots = |member: usize| {
            let (positions, values) = batch.images.image(member);
            let start = positions.partition_point(|&p| usize::from(p) < pixels.start);
            let end = positions.partition_point(|&p| usize::from(p) < pixels.end);
            positions[start..end].iter().zip(&values[start..end])
        };
        // First the counts, two places on; then their sums, one place on; then each entry
        // moves its pixel's start, which ends where the next one's began.
        self.starts.clear();
        self.starts.resize(pixels.len() + 2, 0);
        for &member in batch.members {
            for (&position, _) in spots(member) {
                self.starts[usize::from(position) - pixels.start + 2] += 1;
            }
        }
        for pixel in 2..self.starts.len() {
            self.starts[pixel] += self.starts[pixel - 1];
        }
        self.entries.clear();
        self.entries.resize(self.starts[pixels.len() + 1], (0, 0.0));
        for (index, &member) in batch.members.iter().enumerate() {
            for (&position, &value) in spots(member) {
                let place = &mut self.starts[usize::from(position) - pixels.start + 1];
                self.entries[*place] = (index as u32, ink(value));
                *place += 1;
            }
        }
    }

    /// For each pixel of the range, in order, its entries.
    fn spots(&self) -> impl Iterator<Item = &[(u32, f32)]> {
        let starts = self.starts[..=self.pixels.len()].windows(2);
        starts.map(|ends| &self.entries[ends[0]..ends[1]])
    }
}

/// Some columns of the first layer's weights, with what one step on them leaves for the next.
#[derive(Debug)]
pub(super) struct Block {
    /// Which columns.
    pub(super) columns: Range<usize>,
    /// What the optimizer remembers of the gradients by each pixel's weights, `[784, columns]`.
    first: Vec<f32>,
    second: Vec<f32>,
    /// Whether a pixel was ever lit: until then its moments are zero, and a step leaves its
    /// weights as they are.
    lit: Vec<bool>,
}

impl Block {
    /// Shares `width` columns out to at most so many blocks, none narrower than [`Block::LEAST`] if
    /// it can be.
    pub(super) fn share_out(width: usize, parts: usize) -> Vec<Self> {
        let each = width
            .div_ceil(parts.max(1))
            .next_multiple_of(Self::LEAST)
            .min(width);
        let block = |start: usize| {
            let columns = start..width.min(start + each);
            Self {
                first: vec![0.0; PIXELS * columns.len()],
                second: vec![0.0; PIXELS * columns.len()],
                lit: vec![false; PIXELS],
                columns,
            }
        };
        (0..width).step_by(each).map(block).collect()
    }

    /// A cache line's columns are one thread's, and a vector is whole.
    const LEAST: usize = 16;
}

/// One step on some columns of the first layer's weights: the gradient `imagesᵀ · deltas` stays in
/// registers and is used up at once.
///
/// `by_pixel` holds all pixels in order, `deltas` is `[members, width]`, and `weights` are the
/// columns' part of each pixel's row.
pub(super) fn update(
    by_pixel: &[ByPixel],
    deltas: &[f32],
    width: usize,
    adam: Adam,
    block: &mut Block,
    weights: &mut [&mut [f32]],
) {
    Arch::new().dispatch(Update {
        by_pixel,
        deltas,
        width,
        adam,
        block,
        weights,
    });
}

struct Update<'a, 'b> {
    by_pixel: &'a [ByPixel],
    deltas: &'a [f32],
    width: usize,
    adam: Adam,
    block: &'a mut Block,
    weights: &'a mut [&'b mut [f32]],
}

impl WithSimd for Update<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let columns = 0..self.block.columns.len();
        let by_pixel = self.by_pixel;
        for (pixel, spots) in by_pixel.iter().flat_map(ByPixel::spots).enumerate() {
            self.block.lit[pixel] |= !spots.is_empty();
            // Weight decay pulls at every weight, lit or not.
            if self.block.lit[pixel] || self.adam.decays() {
                let pixel = &pixel;
                for_tiles!(
                    columns.clone(),
                    S::F32_LANES,
                    update_tile(simd, &mut self, *pixel, spots)
                );
            }
        }
    }
}

#[inline(always)]
fn update_tile<S: Simd, const T: usize>(
    simd: S,
    task: &mut Update,
    pixel: usize,
    spots: &[(u32, f32)],
    columns: Range<usize>,
) {
    let mut gradient = [simd.splat_f32s(0.0); T];
    let start = task.block.columns.start;
    for &(member, value) in spots {
        let row = member as usize * task.width + start;
        let row = &task.deltas[row + columns.start..row + columns.end];
        add_scaled(simd, &mut gradient, value, load(simd, row));
    }
    let row = pixel * task.block.columns.len();
    let place = row + columns.start..row + columns.end;
    let weights = &mut task.weights[pixel][columns];
    let first = &mut task.block.first[place.clone()];
    let second = &mut task.block.second[place];
    let mut weight = load::<S, T>(simd, weights);
    let mut m = load::<S, T>(simd, first);
    let mut v = load::<S, T>(simd, second);
    for t in 0..T {
        (weight[t], m[t], v[t]) = task.adam.update(simd, weight[t], gradient[t], m[t], v[t]);
    }
    store(simd, weights, weight);
    store(simd, first, m);
    store(simd, second, v);
}
