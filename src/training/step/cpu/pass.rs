//! The forward and backward pass of a batch.

use std::ops::Range;

use super::{
    kernels::{self, Matrix},
    loss::LossRule,
    sparse::{self, Block, ByPixel},
};
use crate::{
    model::Activation,
    training::{batch::Batch, dropout::Dropout, step::BatchMetrics},
};

/// Some columns of the first layer, for the whole batch.
pub(super) struct FirstPart<'a> {
    batch: Batch<'a>,
    columns: Range<usize>,
    /// The columns of each example's row of outputs.
    outputs: Vec<&'a mut [f32]>,
    /// The same of the slopes; empty if they are not stored.
    slopes: Vec<&'a mut [f32]>,
    /// Pixels whose ink is sorted for the update.
    by_pixel: &'a mut ByPixel,
}

impl<'a> FirstPart<'a> {
    /// One part per block. `outputs` and `slopes` are those of the first layer, `[n, width]`; `slopes` may be empty.
    pub(super) fn share_out(
        batch: Batch<'a>,
        outputs: &'a mut [f32],
        slopes: &'a mut [f32],
        blocks: &[Block],
        by_pixel: &'a mut [ByPixel],
    ) -> Vec<Self> {
        debug_assert_eq!(
            blocks.len(),
            by_pixel.len(),
            "a share of pixels for each block"
        );
        let columns: Vec<_> = blocks.iter().map(|block| block.columns.clone()).collect();
        let outputs = sparse::split_columns(outputs, &columns);
        let slopes = sparse::split_columns(slopes, &columns);
        columns
            .into_iter()
            .zip(outputs.into_iter().zip(slopes))
            .zip(by_pixel)
            .map(|((columns, (outputs, slopes)), by_pixel)| Self {
                batch,
                columns,
                outputs,
                slopes,
                by_pixel,
            })
            .collect()
    }
}

/// Some examples of a batch, with their rows of each layer.
pub(super) struct Part<'a> {
    batch: Batch<'a>,
    /// The index of the first example in the batch.
    first_row: usize,
    pub(super) layers: Vec<LayerRows<'a>>,
    pub(super) metrics: BatchMetrics,
}

/// Some rows of a `Layer`.
pub(super) struct LayerRows<'a> {
    pub(super) outputs: &'a mut [f32],
    pub(super) deltas: &'a mut [f32],
    pub(super) slopes: &'a mut [f32],
}

impl<'a> Part<'a> {
    /// Splits a batch into parts of `members_each` examples.
    pub(super) fn share_out(batch: Batch<'a>, members_each: usize) -> Vec<Self> {
        let members = batch.members.chunks(members_each);
        members
            .zip(batch.targets.chunks(members_each))
            .zip((0..).step_by(members_each))
            .map(|((members, targets), first_row)| Self {
                batch: Batch {
                    members,
                    targets,
                    ..batch
                },
                first_row,
                layers: Vec::new(),
                metrics: BatchMetrics::default(),
            })
            .collect()
    }
}

/// The data that the parts of a batch share.
pub(super) struct Pass<'a> {
    /// Each layer's weights `[in, out]` and bias `[out]`.
    pub(super) weights: &'a [(&'a [f32], &'a [f32])],
    pub(super) activation: Activation,
    pub(super) loss: LossRule,
    pub(super) dropout: Dropout,
}

/// Whether the forward pass stores the slopes of hidden layers, because they do not follow from the outputs.
pub(super) fn stores_slopes(activation: Activation, dropout: Dropout) -> bool {
    activation == Activation::Gelu || !dropout.is_none()
}

/// The position of an output in a batch: hidden layer, example and unit, each counted from 0.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) layer: usize,
    pub(super) row: usize,
    pub(super) first: usize,
}

/// The activation and dropout of some outputs of a hidden layer, which start at `place`. Writes the slopes if
/// they are stored.
pub(super) fn activate(
    activation: Activation,
    dropout: Dropout,
    place: Place,
    outputs: &mut [f32],
    slopes: &mut [f32],
) {
    if !stores_slopes(activation, dropout) {
        return kernels::activate(activation, outputs);
    }
    kernels::activate_with_slopes(activation, outputs, slopes);
    if !dropout.is_none() {
        let mut factors = vec![0.0; outputs.len()];
        dropout.factors(place.layer, place.row, place.first, &mut factors);
        kernels::multiply_elementwise(outputs, &factors);
        kernels::multiply_elementwise(slopes, &factors);
    }
}

impl Pass<'_> {
    /// The forward pass of the first layer.
    pub(super) fn run_first(&self, part: &mut FirstPart) {
        let (weight, bias) = self.weights[0];
        let columns = part.columns.clone();
        let first = columns.start;
        sparse::forward(part.batch, weight, bias, columns, &mut part.outputs);
        part.by_pixel.sort(part.batch);
        if self.weights.len() == 1 {
            return;
        }
        let mut slopes = part.slopes.iter_mut();
        for (row, outputs) in part.outputs.iter_mut().enumerate() {
            let slopes = slopes
                .next()
                .map(|slopes| &mut **slopes)
                .unwrap_or_default();
            activate(
                self.activation,
                self.dropout,
                Place {
                    layer: 0,
                    row,
                    first,
                },
                outputs,
                slopes,
            );
        }
    }

    /// The forward pass from the first layer, and the backward pass to it.
    pub(super) fn run(&self, part: &mut Part) {
        let last = self.weights.len() - 1;
        for index in 1..=last {
            self.forward(part, index, index < last);
        }
        let LayerRows {
            outputs, deltas, ..
        } = &mut part.layers[last];
        part.metrics = self.loss.apply(outputs, part.batch.targets, deltas);
        for index in (1..=last).rev() {
            self.back(part, index);
        }
    }

    /// From the outputs of the previous layer to those of this one.
    fn forward(&self, part: &mut Part, index: usize, is_hidden: bool) {
        let (weight, bias) = self.weights[index];
        let (before, rest) = part.layers.split_at_mut(index);
        let inputs = &*before[index - 1].outputs;
        let LayerRows {
            outputs, slopes, ..
        } = &mut rest[0];
        for row in outputs.chunks_exact_mut(bias.len()) {
            row.copy_from_slice(bias);
        }
        let inputs = Matrix::by_rows(inputs, weight.len() / bias.len());
        kernels::multiply(outputs, inputs, Matrix::by_rows(weight, bias.len()), true);
        if !is_hidden {
            return;
        }
        if !stores_slopes(self.activation, self.dropout) {
            return kernels::activate(self.activation, outputs);
        }
        let rows = outputs.chunks_exact_mut(bias.len());
        let rows = rows.zip(slopes.chunks_exact_mut(bias.len()));
        for (row, (outputs, slopes)) in rows.enumerate() {
            let place = Place {
                layer: index,
                row: part.first_row + row,
                first: 0,
            };
            activate(self.activation, self.dropout, place, outputs, slopes);
        }
    }

    /// From the deltas of this layer to those of the previous one.
    fn back(&self, part: &mut Part, index: usize) {
        let (before, rest) = part.layers.split_at_mut(index);
        let LayerRows {
            outputs,
            deltas: previous,
            slopes,
        } = &mut before[index - 1];
        let (weight, bias) = self.weights[index];
        let deltas = Matrix::by_rows(rest[0].deltas, bias.len());
        let back = Matrix::by_rows(weight, bias.len()).transposed();
        kernels::multiply(previous, deltas, back, false);
        if stores_slopes(self.activation, self.dropout) {
            kernels::multiply_elementwise(previous, slopes);
        } else {
            kernels::multiply_by_slope(self.activation, outputs, previous);
        }
    }
}
