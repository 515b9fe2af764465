//! The first layer's products, which skip the paper: four in five pixels of an image are zero.
#![expect(
    clippy::inline_always,
    reason = "a vector kernel is compiled into each instruction set's copy of its caller"
)]

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::{super::batch::Batch, adam::Adam};
use crate::bitmap::PIXELS;

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

/// Calls `body` with tiles of eight vectors, then of one, then with the part of one that is left.
/// Each call gets the columns that it is to work on.
macro_rules! for_tiles {
    ($width:expr, $lanes:expr, $body:ident($($argument:expr),*)) => {{
        let mut start = 0;
        while start + TILE * $lanes <= $width {
            $body::<S, TILE>($($argument,)* start..start + TILE * $lanes);
            start += TILE * $lanes;
        }
        while start < $width {
            let end = $width.min(start + $lanes);
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

/// Writes `images · weights + bias` for a part of a batch.
///
/// `weights` `[784, width]`, `bias` `[width]`, `outputs` `[members, width]`.
pub(super) fn forward(batch: Batch, weights: &[f32], bias: &[f32], outputs: &mut [f32]) {
    Arch::new().dispatch(Forward {
        batch,
        weights,
        bias,
        outputs,
    });
}

struct Forward<'a> {
    batch: Batch<'a>,
    weights: &'a [f32],
    bias: &'a [f32],
    outputs: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for_tiles!(self.bias.len(), S::F32_LANES, forward_tile(simd, &mut self));
    }
}

#[inline(always)]
fn forward_tile<S: Simd, const T: usize>(simd: S, task: &mut Forward, columns: Range<usize>) {
    let width = task.bias.len();
    for (&member, output) in task
        .batch
        .members
        .iter()
        .zip(task.outputs.chunks_exact_mut(width))
    {
        let mut sums = load::<S, T>(simd, &task.bias[columns.clone()]);
        let (positions, values) = task.batch.images.image(member);
        for (&position, &value) in positions.iter().zip(values) {
            let row = usize::from(position) * width;
            let row = &task.weights[row + columns.start..row + columns.end];
            add_scaled(simd, &mut sums, ink(value), load(simd, row));
        }
        store(simd, &mut output[columns.clone()], sums);
    }
}

/// A batch's ink sorted by pixel, for a range of pixels.
#[derive(Debug, Default)]
pub(super) struct ByPixel {
    /// Where each pixel's entries begin; and where the last one's end.
    starts: Vec<usize>,
    /// For each spot of ink: whose it is, as an index into the batch's members, and its value.
    entries: Vec<(u32, f32)>,
}

impl ByPixel {
    /// Sorts what the members have in the range.
    fn sort(&mut self, batch: Batch, pixels: &Range<usize>) {
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
}

/// The rows of the first layer's weights that one thread looks after.
#[derive(Debug)]
pub(super) struct Rows {
    /// Which pixels' rows.
    pub(super) pixels: Range<usize>,
    by_pixel: ByPixel,
    /// Whether a pixel was ever lit: until then its moments are zero, and a step leaves its
    /// weights as they are.
    lit: Vec<bool>,
}

impl Rows {
    /// The rows of some pixels, none of which was ever lit.
    pub(super) fn new(pixels: Range<usize>) -> Self {
        let lit = vec![false; pixels.len()];
        Self {
            pixels,
            by_pixel: ByPixel::default(),
            lit,
        }
    }
}

impl Rows {
    /// Takes over from another step's moments, each `[784, width]`, which pixels were ever lit: those whose
    /// moments are not all zero.
    pub(super) fn remember(&mut self, first: &[f32], second: &[f32]) {
        let width = first.len() / PIXELS;
        for (pixel, lit) in self.pixels.clone().zip(&mut self.lit) {
            let row = pixel * width..(pixel + 1) * width;
            let moments = first[row.clone()].iter().chain(&second[row]);
            *lit = moments.into_iter().any(|&moment| moment != 0.0);
        }
    }
}

/// The rows that [`Rows`] names, with their moments; each `[pixels, width]`.
pub(super) struct RowValues<'a> {
    pub(super) weights: &'a mut [f32],
    pub(super) first: &'a mut [f32],
    pub(super) second: &'a mut [f32],
}

/// One step on rows of the first layer's weights: the gradient `imagesᵀ · deltas` stays in
/// registers and is used up at once.
///
/// `deltas` `[members, width]`.
pub(super) fn update(batch: Batch, deltas: &[f32], adam: Adam, rows: &mut Rows, values: RowValues) {
    rows.by_pixel.sort(batch, &rows.pixels);
    let width = deltas.len() / batch.members.len();
    Arch::new().dispatch(Update {
        deltas,
        width,
        adam,
        rows,
        values,
    });
}

struct Update<'a> {
    deltas: &'a [f32],
    width: usize,
    adam: Adam,
    rows: &'a mut Rows,
    values: RowValues<'a>,
}

impl WithSimd for Update<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for pixel in 0..self.rows.pixels.len() {
            let starts = &self.rows.by_pixel.starts;
            let entries = starts[pixel]..starts[pixel + 1];
            self.rows.lit[pixel] |= !entries.is_empty();
            // Weight decay pulls at every weight, lit or not.
            if self.rows.lit[pixel] || self.adam.decays() {
                let (pixel, entries) = (&pixel, &entries);
                for_tiles!(
                    self.width,
                    S::F32_LANES,
                    update_tile(simd, &mut self, *pixel, entries)
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
    entries: &Range<usize>,
    columns: Range<usize>,
) {
    let mut gradient = [simd.splat_f32s(0.0); T];
    for &(member, value) in &task.rows.by_pixel.entries[entries.clone()] {
        let row = member as usize * task.width;
        let row = &task.deltas[row + columns.start..row + columns.end];
        add_scaled(simd, &mut gradient, value, load(simd, row));
    }
    let place = pixel * task.width + columns.start..pixel * task.width + columns.end;
    let RowValues {
        weights,
        first,
        second,
    } = &mut task.values;
    let mut weight = load::<S, T>(simd, &weights[place.clone()]);
    let mut m = load::<S, T>(simd, &first[place.clone()]);
    let mut v = load::<S, T>(simd, &second[place.clone()]);
    for t in 0..T {
        (weight[t], m[t], v[t]) = task.adam.update(simd, weight[t], gradient[t], m[t], v[t]);
    }
    store(simd, &mut weights[place.clone()], weight);
    store(simd, &mut first[place.clone()], m);
    store(simd, &mut second[place], v);
}

/// Writes the gradient `imagesᵀ · deltas` of some rows of the first layer's weights, `[pixels, width]`.
pub(super) fn gradient(batch: Batch, deltas: &[f32], rows: &mut Rows, gradient: &mut [f32]) {
    rows.by_pixel.sort(batch, &rows.pixels);
    let width = deltas.len() / batch.members.len();
    let ByPixel { starts, entries } = &rows.by_pixel;
    Arch::new().dispatch(|| {
        gradient.fill(0.0);
        for (sums, range) in gradient.chunks_exact_mut(width).zip(starts.windows(2)) {
            for &(member, value) in &entries[range[0]..range[1]] {
                let row = member as usize * width;
                for (sum, delta) in sums.iter_mut().zip(&deltas[row..row + width]) {
                    *sum += value * delta;
                }
            }
        }
    });
}

/// Shares the pixels out: as many to each part, but for the last, which may have fewer. Ink gathers
/// in the middle rows of an image, and two halves of it hold about the same.
pub(super) fn share_out_pixels(parts: usize) -> Vec<Rows> {
    let each = PIXELS.div_ceil(parts);
    (0..PIXELS)
        .step_by(each)
        .map(|start| Rows::new(start..PIXELS.min(start + each)))
        .collect()
}
