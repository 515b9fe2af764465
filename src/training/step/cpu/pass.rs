//! A batch's way through the network and back.

use std::ops::Range;

use super::{
    dense::{self, Matrix},
    elementwise,
    loss::LossRule,
    sparse::{self, Block, ByPixel},
};
use crate::{
    model::Activation,
    training::{batch::Batch, dropout::Dropout, step::BatchFigures},
};

/// Some columns of the first layer, for all of a batch.
pub(super) struct FirstPart<'a> {
    batch: Batch<'a>,
    columns: Range<usize>,
    /// The columns' part of each member's row of outputs.
    outputs: Vec<&'a mut [f32]>,
    /// The same of the slopes; none where they are not kept.
    slopes: Vec<&'a mut [f32]>,
    /// Pixels whose ink is sorted beside, for the update.
    by_pixel: &'a mut ByPixel,
}

impl<'a> FirstPart<'a> {
    /// A part for each block; `outputs` and `slopes` are the first layer's, `[n, width]`, or empty.
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

/// A part of a batch, with its rows of what each layer holds.
pub(super) struct Part<'a> {
    batch: Batch<'a>,
    /// Which of the whole batch's rows is its first.
    first_row: usize,
    pub(super) layers: Vec<LayerRows<'a>>,
    pub(super) figures: BatchFigures,
}

/// Some rows of what a layer holds; `Layer` tells what that is.
pub(super) struct LayerRows<'a> {
    pub(super) outputs: &'a mut [f32],
    pub(super) deltas: &'a mut [f32],
    pub(super) slopes: &'a mut [f32],
}

impl<'a> Part<'a> {
    /// Shares the members out, so many to each part.
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
                figures: BatchFigures::default(),
            })
            .collect()
    }
}

/// What the parts of a batch share on their way through the network.
pub(super) struct Pass<'a> {
    /// Each layer's weights `[in, out]` and bias `[out]`.
    pub(super) weights: &'a [(&'a [f32], &'a [f32])],
    pub(super) activation: Activation,
    pub(super) loss: LossRule,
    pub(super) dropout: Dropout,
}

/// Whether the slopes of hidden layers have to be kept on the way forward, because what comes out does not
/// tell them.
pub(super) fn keeps_slopes(activation: Activation, dropout: Dropout) -> bool {
    activation == Activation::Gelu || !dropout.is_none()
}

/// Activates and drops out a part of a row of a hidden layer: the place is the layer, the row within the whole
/// batch, and the part's first output. The slopes are written where they are kept.
pub(super) fn activate(
    activation: Activation,
    dropout: Dropout,
    (layer, row, first): (usize, usize, usize),
    outputs: &mut [f32],
    slopes: &mut [f32],
) {
    if !keeps_slopes(activation, dropout) {
        return dense::activate(activation, outputs);
    }
    elementwise::activate_with_slopes(activation, outputs, slopes);
    if !dropout.is_none() {
        let mut factors = vec![0.0; outputs.len()];
        dropout.factors(layer, row, first, &mut factors);
        elementwise::multiply(outputs, &factors);
        elementwise::multiply(slopes, &factors);
    }
}

impl Pass<'_> {
    /// Through the first layer.
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
                (0, row, first),
                outputs,
                slopes,
            );
        }
    }

    /// From the first layer forward, and back to it.
    pub(super) fn run(&self, part: &mut Part) {
        let last = self.weights.len() - 1;
        for index in 1..=last {
            self.forward(part, index, index < last);
        }
        let LayerRows {
            outputs, deltas, ..
        } = &mut part.layers[last];
        part.figures = self.loss.apply(outputs, part.batch.targets, deltas);
        for index in (1..=last).rev() {
            self.back(part, index);
        }
    }

    /// From the layer before to this one's outputs.
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
        dense::multiply(outputs, inputs, Matrix::by_rows(weight, bias.len()), true);
        if !is_hidden {
            return;
        }
        if !keeps_slopes(self.activation, self.dropout) {
            return dense::activate(self.activation, outputs);
        }
        let rows = outputs.chunks_exact_mut(bias.len());
        let rows = rows.zip(slopes.chunks_exact_mut(bias.len()));
        for (row, (outputs, slopes)) in rows.enumerate() {
            let place = (index, part.first_row + row, 0);
            activate(self.activation, self.dropout, place, outputs, slopes);
        }
    }

    /// From this layer's deltas to those of the layer before.
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
        dense::multiply(previous, deltas, back, false);
        if keeps_slopes(self.activation, self.dropout) {
            elementwise::multiply(previous, slopes);
        } else {
            dense::multiply_by_slope(self.activation, outputs, previous);
        }
    }
}
