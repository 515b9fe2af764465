//! A batch's way through the network and back.

use super::{
    super::{BatchFigures, batch::Batch},
    dense::{self, Matrix},
    sparse::{self, Block, ByPixel},
};
use crate::{
    bitmap::{CLASSES, Digit},
    dataset::TrainingSet,
    model::Activation,
};
use std::ops::Range;

/// Some columns of the first layer, for all of a batch.
pub(super) struct FirstPart<'a> {
    batch: Batch<'a>,
    columns: Range<usize>,
    /// The columns' part of each member's row.
    outputs: Vec<&'a mut [f32]>,
    /// Pixels whose ink is sorted beside, for the update.
    by_pixel: &'a mut ByPixel,
}

impl<'a> FirstPart<'a> {
    /// A part for each block; `outputs` is the first layer's, `[n, width]`.
    pub(super) fn share_out(
        batch: Batch<'a>,
        outputs: &'a mut [f32],
        blocks: &[Block],
        by_pixel: &'a mut [ByPixel],
    ) -> Vec<Self> {
        let columns: Vec<_> = blocks.iter().map(|block| block.columns.clone()).collect();
        let outputs = sparse::split_columns(outputs, &columns);
        columns
            .into_iter()
            .zip(outputs)
            .zip(by_pixel)
            .map(|((columns, outputs), by_pixel)| Self {
                batch,
                columns,
                outputs,
                by_pixel,
            })
            .collect()
    }
}

/// A part of a batch, with its rows of each layer's outputs and deltas.
pub(super) struct Part<'a> {
    batch: Batch<'a>,
    pub(super) layers: Vec<(&'a mut [f32], &'a mut [f32])>,
    pub(super) figures: BatchFigures,
}

impl<'a> Part<'a> {
    /// Shares the members out, so many to each part.
    pub(super) fn share_out(batch: Batch<'a>, members_each: usize) -> Vec<Self> {
        let members = batch.members.chunks(members_each);
        members
            .zip(batch.targets.chunks(members_each))
            .map(|(members, targets)| Self {
                batch: Batch {
                    members,
                    targets,
                    ..batch
                },
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
    /// 1 / n: the loss is the mean over the batch.
    pub(super) scale: f32,
    pub(super) label_smoothing: f32,
    /// Whether there is an eleventh class, whose logit is always 0.
    pub(super) rejects: bool,
}

impl Pass<'_> {
    /// Through the first layer.
    pub(super) fn run_first(&self, part: &mut FirstPart) {
        let (weight, bias) = self.weights[0];
        let columns = part.columns.clone();
        sparse::forward(part.batch, weight, bias, columns, &mut part.outputs);
        if self.weights.len() > 1 {
            for row in &mut part.outputs {
                dense::activate(self.activation, row);
            }
        }
        part.by_pixel.sort(part.batch);
    }

    /// From the first layer forward, and back to it.
    pub(super) fn run(&self, part: &mut Part) {
        let last = self.weights.len() - 1;
        for (index, (weight, bias)) in self.weights.iter().enumerate().skip(1) {
            let (before, rest) = part.layers.split_at_mut(index);
            let (inputs, outputs) = (&before[index - 1].0, &mut *rest[0].0);
            for row in outputs.chunks_exact_mut(bias.len()) {
                row.copy_from_slice(bias);
            }
            let inputs = Matrix::by_rows(inputs, weight.len() / bias.len());
            dense::multiply(outputs, inputs, Matrix::by_rows(weight, bias.len()), true);
            if index < last {
                dense::activate(self.activation, outputs);
            }
        }
        let (logits, deltas) = &mut part.layers[last];
        part.figures = self.loss(logits, part.batch.targets, deltas);
        for index in (1..=last).rev() {
            let (before, rest) = part.layers.split_at_mut(index);
            let (outputs, previous) = &mut before[index - 1];
            let (weight, bias) = self.weights[index];
            let deltas = Matrix::by_rows(rest[0].1, bias.len());
            let back = Matrix::by_rows(weight, bias.len()).transposed();
            dense::multiply(previous, deltas, back, false);
            dense::multiply_by_slope(self.activation, outputs, previous);
        }
    }

    /// Softmax and cross-entropy with their gradient: (probability − target) / n.
    fn loss(&self, logits: &[f32], targets: &[u8], deltas: &mut [f32]) -> BatchFigures {
        let mut figures = BatchFigures::default();
        let classes = CLASSES + usize::from(self.rejects);
        let off_target = self.label_smoothing / classes as f32;
        let on_target = 1.0 - self.label_smoothing + off_target;
        let rows = logits.as_chunks::<CLASSES>().0.iter().zip(targets);
        for ((logits, &wanted), delta) in rows.zip(deltas.as_chunks_mut::<CLASSES>().0) {
            let best = Digit::of_largest(logits);
            let mut largest = logits[best.index()];
            let mut read = best.value();
            if self.rejects && largest < 0.0 {
                (largest, read) = (0.0, TrainingSet::NO_DIGIT);
            }
            let powers = logits.map(|logit| (logit - largest).exp());
            let rejection = if self.rejects { (-largest).exp() } else { 0.0 };
            let sum = powers.iter().sum::<f32>() + rejection;
            let log_sum = sum.ln() + largest;
            let target_of = |class| {
                let is_wanted = class == usize::from(wanted);
                if is_wanted { on_target } else { off_target }
            };
            for (class, delta) in delta.iter_mut().enumerate() {
                let target = target_of(class);
                *delta = (powers[class] / sum - target) * self.scale;
                figures.loss_sum += f64::from(target * (log_sum - logits[class]));
            }
            if self.rejects {
                figures.loss_sum += f64::from(target_of(CLASSES) * log_sum);
            }
            figures.correct += usize::from(read == wanted);
        }
        figures
    }
}
