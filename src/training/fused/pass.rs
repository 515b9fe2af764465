//! A part of a batch on its way through the network and back.

use super::{
    dense::{self, Matrix},
    elementwise,
    loss::LossRule,
    sparse,
};
use crate::{
    model::Activation,
    training::{BatchFigures, batch::Batch, dropout::Dropout},
};

/// A part of a batch, with its rows of what each layer holds.
pub(super) struct Part<'a> {
    pub(super) batch: Batch<'a>,
    /// Which of the whole batch's rows is its first.
    pub(super) first_row: usize,
    pub(super) layers: Vec<LayerRows<'a>>,
}

/// Some rows of what a layer holds; its fields are told in `Layer`.
pub(super) struct LayerRows<'a> {
    pub(super) outputs: &'a mut [f32],
    pub(super) deltas: &'a mut [f32],
    pub(super) slopes: &'a mut [f32],
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

impl Pass<'_> {
    /// Forward and back.
    pub(super) fn run(&self, part: &mut Part) -> BatchFigures {
        let last = self.weights.len() - 1;
        for index in 0..=last {
            self.forward(part, index, index < last);
        }
        let LayerRows {
            outputs, deltas, ..
        } = &mut part.layers[last];
        let figures = self.loss.apply(outputs, part.batch.targets, deltas);
        for index in (1..=last).rev() {
            self.back(part, index);
        }
        figures
    }

    /// From the layer before to this one's outputs.
    fn forward(&self, part: &mut Part, index: usize, is_hidden: bool) {
        let (weight, bias) = self.weights[index];
        let (before, rest) = part.layers.split_at_mut(index);
        let LayerRows {
            outputs, slopes, ..
        } = &mut rest[0];
        match before.last() {
            None => sparse::forward(part.batch, weight, bias, outputs),
            Some(LayerRows {
                outputs: inputs, ..
            }) => {
                for row in outputs.chunks_exact_mut(bias.len()) {
                    row.copy_from_slice(bias);
                }
                let inputs = Matrix::by_rows(inputs, weight.len() / bias.len());
                dense::multiply(outputs, inputs, Matrix::by_rows(weight, bias.len()), true);
            }
        }
        if !is_hidden {
            return;
        }
        if !keeps_slopes(self.activation, self.dropout) {
            return dense::activate(self.activation, outputs);
        }
        elementwise::activate_with_slopes(self.activation, outputs, slopes);
        if !self.dropout.is_none() {
            let rows = outputs.chunks_exact_mut(bias.len());
            let mut factors = vec![0.0; bias.len()];
            for (row, (outputs, slopes)) in
                rows.zip(slopes.chunks_exact_mut(bias.len())).enumerate()
            {
                self.dropout
                    .factors(index, part.first_row + row, &mut factors);
                elementwise::multiply(outputs, &factors);
                elementwise::multiply(slopes, &factors);
            }
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
