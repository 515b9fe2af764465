//! The first layer's gradient where it is written down, and what is kept from one training to another.

use std::ops::Range;

use super::{
    super::{elementwise, rule::Rule},
    Block, ByPixel,
};

impl Block {
    /// Writes what it remembers into its columns of `[784, width]`.
    pub(in crate::training::step::cpu) fn write_moments(
        &self,
        width: usize,
        first: &mut [f32],
        second: &mut [f32],
    ) {
        let len = self.columns.len();
        for (all, own) in [(first, &self.first), (second, &self.second)] {
            for (row, own) in all.chunks_exact_mut(width).zip(own.chunks_exact(len)) {
                row[self.columns.clone()].copy_from_slice(own);
            }
        }
    }

    /// Takes over what another step remembered, each `[784, width]`. A pixel whose moments are all zero was
    /// never lit, or a step leaves its weights as they are all the same.
    pub(in crate::training::step::cpu) fn read_moments(
        &mut self,
        width: usize,
        first: &[f32],
        second: &[f32],
    ) {
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

    /// A step on these columns by gradients that lie ready; both are the columns' part of each pixel's row.
    pub(in crate::training::step::cpu) fn apply(
        &mut self,
        rule: Rule,
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

/// Writes the gradient of some columns of the first layer's weights, `imagesᵀ · deltas`: their part of each
/// pixel's row. The others are as in [`update`].
pub(in crate::training::step::cpu) fn gradient(
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
            elementwise::add_scaled(sums, value, &deltas[row + columns.start..row + columns.end]);
        }
    }
}
