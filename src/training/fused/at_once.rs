//! Adam's update of a layer while its gradient is made: the gradient is used up where it is, and there is
//! nothing that has to know all of it first.

use std::ops::Range;

use rayon::prelude::*;

use super::{
    Layer, Moments,
    adam::Adam,
    dense::{self, Matrix},
    sparse::{self, RowValues, Rows},
};
use crate::training::batch::Batch;

/// A step on the first layer's weights, `[784, width]`.
pub(super) fn update_first(
    weight: &mut [f32],
    layer: &mut Layer,
    batch: Batch,
    adam: Adam,
    rows: &mut [Rows],
) {
    let Layer {
        width,
        deltas,
        weight_moments: Moments { first, second },
        ..
    } = layer;
    let len = rows[0].pixels.len() * *width;
    let update = |(((rows, weights), first), second): FirstPlaces| {
        sparse::update(
            batch,
            deltas,
            adam,
            rows,
            RowValues {
                weights,
                first,
                second,
            },
        );
    };
    rows.par_iter_mut()
        .zip(weight.par_chunks_mut(len))
        .zip(first.par_chunks_mut(len))
        .zip(second.par_chunks_mut(len))
        .with_max_len(1)
        .for_each(update);
}

/// A thread's rows, their weights, and their two moments.
type FirstPlaces<'a> = (
    ((&'a mut Rows, &'a mut [f32]), &'a mut [f32]),
    &'a mut [f32],
);

/// A step on a later layer's weights, `[in, width]`.
pub(super) fn update_weights(
    weight: &mut [f32],
    layer: &mut Layer,
    previous: &Layer,
    adam: Adam,
    threads: usize,
) {
    let Layer {
        width,
        deltas,
        gradient,
        weight_moments: Moments { first, second },
        ..
    } = layer;
    let inputs = Matrix::by_rows(&previous.outputs, previous.width);
    let deltas = Matrix::by_rows(deltas, *width);
    let rows_each = previous.width.div_ceil(threads);
    let len = rows_each * *width;
    let update = |(part, (((weight, gradient), first), second)): (usize, Places)| {
        let start = part * rows_each;
        let columns: Range<usize> = start..start + weight.len() / *width;
        dense::multiply(
            gradient,
            inputs.columns(columns).transposed(),
            deltas,
            false,
        );
        adam.update_slice(weight, gradient, first, second);
    };
    let places = weight
        .par_chunks_mut(len)
        .zip(gradient.par_chunks_mut(len))
        .zip(first.par_chunks_mut(len))
        .zip(second.par_chunks_mut(len));
    places.enumerate().with_max_len(1).for_each(update);
}

/// A part's weights, their gradient, and their two moments.
type Places<'a> = (
    ((&'a mut [f32], &'a mut [f32]), &'a mut [f32]),
    &'a mut [f32],
);
