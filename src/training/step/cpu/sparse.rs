//! The products of the first layer, which skip paper: four in five pixels of an image are 0.
#![expect(
    clippy::inline_always,
    reason = "a vector kernel is compiled into each instruction set's copy of its caller"
)]

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::optimizer::{Adam, UpdateRule};
use crate::{bitmap::PIXELS, model::kernels, training::batch::Batch};

/// Vectors that are summed at once: enough to hide the latency of additions, few enough for the registers.
const TILE: usize = 8;

/// The value of a byte, 0..=1.
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

/// Calls `body` with tiles of eight vectors, then of four, of one, and of a partial one. Each call gets its columns.
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
    let (targets, _) = S::as_mut_simd_f32s(values);
    for (target, vector) in targets.iter_mut().zip(vectors) {
        *target = vector;
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

/// Computes some columns of `images · weights + bias`.
///
/// `weights` `[784, width]`, `bias` `[width]`; `outputs` are the columns of each example's row.
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
        let (positions, values) = task.batch.sparse(member);
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

/// Splits a row-major matrix at columns: for each range, its part of each row. The ranges follow each other from the first
/// column to the last.
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

/// The ink of a batch sorted by pixel, for a range of pixels.
#[derive(Debug)]
pub(super) struct ByPixel {
    pixels: Range<usize>,
    /// The start of each pixel's entries, and the end of the last.
    starts: Vec<usize>,
    /// For each pixel with ink: the index of the example in the batch, and the value.
    entries: Vec<(u32, f32)>,
}

impl ByPixel {
    /// Splits all pixels into parts of about the same size.
    pub(super) fn share_out(parts: usize) -> Vec<Self> {
        let part = |index: usize| Self {
            pixels: PIXELS * index / parts..PIXELS * (index + 1) / parts,
            starts: Vec::new(),
            entries: Vec::new(),
        };
        (0..parts).map(part).collect()
    }

    /// Sorts the ink of a batch.
    pub(super) fn sort(&mut self, batch: Batch) {
        let pixels = self.pixels.clone();
        let spots = |member: usize| {
            let (positions, values) = batch.sparse(member);
            let start = positions.partition_point(|&p| usize::from(p) < pixels.start);
            let end = positions.partition_point(|&p| usize::from(p) < pixels.end);
            positions[start..end].iter().zip(&values[start..end])
        };
        // Counts, shifted by two; then their sums, shifted by one; then each entry advances the start of its pixel, which
        // ends at the start of the next.
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

    /// The entries of each pixel in order.
    fn spots(&self) -> impl Iterator<Item = &[(u32, f32)]> {
        let starts = self.starts[..=self.pixels.len()].windows(2);
        starts.map(|ends| &self.entries[ends[0]..ends[1]])
    }
}

/// Some columns of the weights of the first layer, with their optimizer state.
#[derive(Debug)]
pub(super) struct Block {
    /// Which columns.
    pub(super) columns: Range<usize>,
    /// The moments of the optimizer, `[784, columns]`.
    first: Vec<f32>,
    second: Vec<f32>,
    /// Whether a pixel ever had ink: until then its moments are 0, and a step does not change its weights.
    lit: Vec<bool>,
}

impl Block {
    /// Splits `width` columns into at most `parts` blocks of at least [`Block::LEAST`] columns where possible.
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

    /// 16 columns fill a cache line and a vector.
    const LEAST: usize = 16;

    /// Writes the moments into these columns of `[784, width]`.
    pub(super) fn write_moments(&self, width: usize, first: &mut [f32], second: &mut [f32]) {
        let len = self.columns.len();
        for (all, own) in [(first, &self.first), (second, &self.second)] {
            for (row, own) in all.chunks_exact_mut(width).zip(own.chunks_exact(len)) {
                row[self.columns.clone()].copy_from_slice(own);
            }
        }
    }

    /// Restores the moments from `[784, width]`. For a pixel with zero moments, a step without ink changes nothing.
    pub(super) fn read_moments(&mut self, width: usize, first: &[f32], second: &[f32]) {
        let len = self.columns.len();
        self.lit.fill(false);
        for (all, own) in [(first, &mut self.first), (second, &mut self.second)] {
            let rows = all.chunks_exact(width).zip(own.chunks_exact_mut(len));
            for ((row, own), lit) in rows.zip(&mut self.lit) {
                own.copy_from_slice(&row[self.columns.clone()]);
                *lit |= own.iter().any(|&moment| moment != 0.0);
            }
        }
    }

    /// A step on these columns by a computed gradient; both are the columns of each pixel's row.
    pub(super) fn apply(
        &mut self,
        rule: UpdateRule,
        weights: &mut [&mut [f32]],
        gradient: &[&mut [f32]],
    ) {
        let len = self.columns.len();
        let moments = self
            .first
            .chunks_exact_mut(len)
            .zip(self.second.chunks_exact_mut(len));
        for ((weights, gradient), (first, second)) in weights.iter_mut().zip(gradient).zip(moments)
        {
            rule.update_slice(weights, gradient, first, second);
        }
    }
}

/// One step of Adam on some columns of the weights of the first layer. The gradient `imagesᵀ · deltas` stays in registers.
///
/// `by_pixel` has all pixels in order, `deltas` is `[members, width]`, and `weights` are the columns of each pixel's row.
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
            // Weight decay changes every weight.
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
    let range = row + columns.start..row + columns.end;
    let weights = &mut task.weights[pixel][columns];
    let first = &mut task.block.first[range.clone()];
    let second = &mut task.block.second[range];
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

/// Computes the gradient `imagesᵀ · deltas` for some columns: those of each pixel's row. The other arguments are those of
/// [`update`].
pub(super) fn gradient(
    by_pixel: &[ByPixel],
    deltas: &[f32],
    width: usize,
    columns: &Range<usize>,
    gradient: &mut [&mut [f32]],
) {
    let spots = by_pixel.iter().flat_map(ByPixel::spots);
    for (sums, spots) in gradient.iter_mut().zip(spots) {
        sums.fill(0.0);
        for &(member, value) in spots {
            let row = member as usize * width;
            kernels::add_scaled(sums, value, &deltas[row + columns.start..row + columns.end]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_belongs_to_one_part() {
        for parts in 1..=33 {
            let shares = ByPixel::share_out(parts);
            assert_eq!(shares.len(), parts, "a part for each block of columns");
            let pixels: Vec<usize> = shares.into_iter().flat_map(|share| share.pixels).collect();
            let all: Vec<usize> = (0..PIXELS).collect();
            assert_eq!(pixels, all, "{parts} parts");
        }
    }
}
