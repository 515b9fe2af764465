//! The forward and backward pass of a batch.

use std::ops::Range;

use super::{
    loss::LossRule,
    sparse::{self, Block, ByPixel},
};
use crate::{
    model::{
        Activation, LayerShape, forward,
        kernels::{self, Matrix},
    },
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
    pub(super) batch: Batch<'a>,
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
    pub(super) shapes: &'a [LayerShape],
    /// Each layer's weight and bias.
    pub(super) weights: &'a [[&'a [f32]; 2]],
    pub(super) activation: Activation,
    pub(super) loss: LossRule,
    pub(super) dropout: Dropout,
}

/// The position of an output in a batch: hidden layer, example and unit, each counted from 0.
#[derive(Clone, Copy)]
struct OutputPosition {
    layer: usize,
    row: usize,
    first: usize,
}

impl Pass<'_> {
    /// The number of convolutional layers.
    pub(super) fn convolutional_layers(&self) -> usize {
        let layers = self.shapes.iter();
        layers.filter(|shape| shape.is_convolutional()).count()
    }

    /// Whether the forward pass stores the slopes of hidden layers, because they do not follow from the outputs. An output
    /// of ReLU with dropout is above 0 where it is neither cut nor dropped.
    pub(super) fn stores_slopes(&self) -> bool {
        match self.activation {
            Activation::Relu => false,
            Activation::Gelu => true,
            _ => !self.dropout.is_none(),
        }
    }

    /// The activation and dropout of some outputs of a hidden layer, which start at `place`. Writes the slopes if
    /// they are stored.
    fn activate(&self, place: OutputPosition, outputs: &mut [f32], slopes: &mut [f32]) {
        if self.stores_slopes() {
            kernels::activate_with_slopes(self.activation, outputs, slopes);
        } else {
            kernels::activate(self.activation, outputs);
        }
        if self.dropout.is_none() {
            return;
        }
        let mut factors = [0.0; 256];
        let mut slopes = slopes.chunks_mut(factors.len());
        let firsts = (place.first..).step_by(factors.len());
        for (outputs, first) in outputs.chunks_mut(factors.len()).zip(firsts) {
            let factors = &mut factors[..outputs.len()];
            self.dropout.factors(place.layer, place.row, first, factors);
            kernels::multiply_elementwise(outputs, factors);
            if let Some(slopes) = slopes.next() {
                kernels::multiply_elementwise(slopes, factors);
            }
        }
    }

    /// From the gradient by the outputs of a hidden layer, in `deltas`, to that by the inputs of its activation.
    pub(super) fn back_through_activation(&self, rows: &mut LayerRows) {
        if self.stores_slopes() {
            return kernels::multiply_elementwise(rows.deltas, rows.slopes);
        }
        kernels::multiply_by_slope(self.activation, rows.outputs, rows.deltas);
        if !self.dropout.is_none() {
            kernels::scale(rows.deltas, self.dropout.scale());
        }
    }

    /// The forward pass of a fully connected first layer.
    pub(super) fn run_first(&self, part: &mut FirstPart) {
        let [weight, bias] = self.weights[0];
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
            let place = OutputPosition {
                layer: 0,
                row,
                first,
            };
            self.activate(place, outputs, slopes);
        }
    }

    /// The forward pass behind the first layer, or behind the convolutional layers, and the backward pass to it.
    pub(super) fn run(&self, part: &mut Part) {
        let last = self.weights.len() - 1;
        let first = self.convolutional_layers().max(1);
        for index in first..=last {
            self.forward(part, index, &[], &mut Vec::new());
        }
        let LayerRows {
            outputs, deltas, ..
        } = &mut part.layers[last];
        part.metrics = self.loss.apply(outputs, part.batch.targets, deltas);
        for index in (first..=last).rev() {
            self.back(part, index);
        }
    }

    /// From the outputs of the previous layer, or the pixels, to those of this one. `patches` is a buffer.
    pub(super) fn forward(
        &self,
        part: &mut Part,
        index: usize,
        pixels: &[f32],
        patches: &mut Vec<f32>,
    ) {
        let shape = &self.shapes[index];
        let (before, rest) = part.layers.split_at_mut(index);
        let inputs = before.last().map_or(pixels, |before| &*before.outputs);
        let LayerRows {
            outputs, slopes, ..
        } = &mut rest[0];
        forward::affine(shape, self.weights[index], inputs, patches, outputs);
        if index + 1 == self.weights.len() {
            return;
        }
        let width = shape.output.units();
        let mut slopes = slopes.chunks_exact_mut(width);
        for (row, outputs) in outputs.chunks_exact_mut(width).enumerate() {
            let place = OutputPosition {
                layer: index,
                row: part.first_row + row,
                first: 0,
            };
            self.activate(place, outputs, slopes.next().unwrap_or_default());
        }
    }

    /// From the deltas of this layer to those of the previous one.
    fn back(&self, part: &mut Part, index: usize) {
        let (before, rest) = part.layers.split_at_mut(index);
        let previous = &mut before[index - 1];
        let [weight, bias] = self.weights[index];
        let deltas = Matrix::by_rows(rest[0].deltas, bias.len());
        let back = Matrix::by_rows(weight, bias.len()).transposed();
        kernels::multiply(previous.deltas, deltas, back, false);
        self.back_through_activation(previous);
    }
}
