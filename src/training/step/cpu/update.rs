//! The optimizer step after a batch, split among threads.

use super::{
    LayerBuffers, LayerState,
    convolution::GroupBuffers,
    optimizer::{Adam, UpdateRule},
    sparse::{self, Block, ByPixel},
};
use crate::model::kernels::{self, Matrix};

/// Weights of a job: their gradient stays in the cache of a core until the update.
const JOB_LEN: usize = 1 << 16;

/// The two moments that an optimizer stores for weights or a bias.
pub(super) struct Moments {
    pub(super) first: Vec<f32>,
    pub(super) second: Vec<f32>,
}

impl Moments {
    pub(super) fn zero(len: usize) -> Self {
        Self {
            first: vec![0.0; len],
            second: vec![0.0; len],
        }
    }
}

/// The work on each layer after the pass of a batch.
#[derive(Clone, Copy)]
pub(super) enum Phase {
    /// Adam's step on weights and biases, without storing the gradient of the first layer.
    AtOnce { adam: Adam, bias_adam: Adam },
    /// Stores the gradient, with those of the L1 and L2 penalties.
    Gradient { l1: f32, l2: f32 },
    /// A step by the stored gradient on weights and biases.
    Apply {
        rule: UpdateRule,
        bias_rule: UpdateRule,
    },
}

/// An optimizer step.
pub(super) struct OptimizerStep<'a> {
    pub(super) by_pixel: &'a [ByPixel],
    pub(super) layers: &'a [LayerBuffers],
    pub(super) groups: &'a [GroupBuffers],
}

/// One thread's part of a step.
pub(super) enum Job<'a> {
    /// Columns of the weights of a fully connected first layer.
    First {
        block: &'a mut Block,
        /// These columns of each pixel's row.
        weights: Vec<&'a mut [f32]>,
        /// The same of the gradient; empty if it is not stored.
        gradient: Vec<&'a mut [f32]>,
    },
    /// Rows of the weights of another layer, from `start` on.
    Rows {
        layer: usize,
        start: usize,
        slices: Slices<'a>,
    },
    /// The bias of a layer.
    Bias { layer: usize, slices: Slices<'a> },
}

/// Parameters, a buffer for their gradient, and their moments.
pub(super) struct Slices<'a> {
    parameters: &'a mut [f32],
    gradient: &'a mut [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
}

impl<'a> Slices<'a> {
    fn new(
        parameters: &'a mut [f32],
        gradient: &'a mut [f32],
        Moments { first, second }: &'a mut Moments,
    ) -> Self {
        Self {
            parameters,
            gradient,
            first,
            second,
        }
    }

    fn chunks(self, len: usize) -> impl Iterator<Item = Self> {
        self.parameters
            .chunks_mut(len)
            .zip(self.gradient.chunks_mut(len))
            .zip(self.first.chunks_mut(len).zip(self.second.chunks_mut(len)))
            .map(|((parameters, gradient), (first, second))| Self {
                parameters,
                gradient,
                first,
                second,
            })
    }
}

impl OptimizerStep<'_> {
    /// Splits the step. `parameters` are weight and bias of each layer in turn.
    pub(super) fn jobs<'a>(
        parameters: &'a mut [&mut [f32]],
        states: &'a mut [LayerState],
        blocks: &'a mut [Block],
        threads: usize,
    ) -> Vec<Job<'a>> {
        let mut blocks = (!blocks.is_empty()).then_some(blocks);
        let mut jobs = Vec::new();
        let mut biases = Vec::new();
        let mut parameters = parameters.iter_mut().map(|values| &mut **values);
        for (layer, state) in states.iter_mut().enumerate() {
            let LayerState {
                gradient,
                bias_gradient,
                weight_moments,
                bias_moments,
            } = state;
            let (Some(weight), Some(bias)) = (parameters.next(), parameters.next()) else {
                break;
            };
            if let Some(blocks) = blocks.take() {
                let columns: Vec<_> = blocks.iter().map(|block| block.columns.clone()).collect();
                let weights = sparse::split_columns(weight, &columns);
                let gradients = sparse::split_columns(gradient, &columns);
                let parts = blocks.iter_mut().zip(weights.into_iter().zip(gradients));
                jobs.extend(parts.map(|(block, (weights, gradient))| Job::First {
                    block,
                    weights,
                    gradient,
                }));
            } else {
                let units = bias.len();
                let rows_each = (weight.len() / units).div_ceil(threads);
                let rows_each = rows_each.min(JOB_LEN.div_ceil(units));
                let slices = Slices::new(weight, gradient, weight_moments);
                let parts = slices.chunks(rows_each * units).enumerate();
                jobs.extend(parts.map(|(part, slices)| Job::Rows {
                    layer,
                    start: part * rows_each,
                    slices,
                }));
            }
            let slices = Slices::new(bias, bias_gradient, bias_moments);
            biases.push(Job::Bias { layer, slices });
        }
        jobs.append(&mut biases);
        jobs
    }

    pub(super) fn run(&self, phase: Phase, job: &mut Job) {
        match job {
            Job::First {
                block,
                weights,
                gradient,
            } => self.run_first(phase, block, weights, gradient),
            Job::Rows {
                layer,
                start,
                slices,
            } => {
                if !matches!(phase, Phase::Apply { .. }) {
                    self.write_gradient(*layer, *start, slices);
                }
                match phase {
                    Phase::AtOnce { adam, .. } => slices.update(UpdateRule::Adam(adam)),
                    Phase::Gradient { l1, l2 } => {
                        penalize(slices.gradient, slices.parameters, l1, l2);
                    }
                    Phase::Apply { rule, .. } => slices.update(rule),
                }
            }
            Job::Bias { layer, slices } => {
                if !matches!(phase, Phase::Apply { .. }) {
                    self.write_bias_gradient(*layer, slices.gradient);
                }
                match phase {
                    Phase::AtOnce { bias_adam, .. } => slices.update(UpdateRule::Adam(bias_adam)),
                    Phase::Gradient { .. } => {}
                    Phase::Apply { bias_rule, .. } => slices.update(bias_rule),
                }
            }
        }
    }

    fn run_first(
        &self,
        phase: Phase,
        block: &mut Block,
        weights: &mut [&mut [f32]],
        gradient: &mut [&mut [f32]],
    ) {
        let LayerBuffers { width, deltas, .. } = &self.layers[0];
        match phase {
            Phase::AtOnce { adam, .. } => {
                sparse::update(self.by_pixel, deltas, *width, adam, block, weights);
            }
            Phase::Gradient { l1, l2 } => {
                sparse::gradient(self.by_pixel, deltas, *width, &block.columns, gradient);
                for (gradient, weights) in gradient.iter_mut().zip(weights) {
                    penalize(gradient, weights, l1, l2);
                }
            }
            Phase::Apply { rule, .. } => block.apply(rule, weights, gradient),
        }
    }

    /// The gradient of some rows of the weights of a layer, which is not the first unless that is convolutional.
    fn write_gradient(&self, index: usize, start: usize, slices: &mut Slices) {
        let layer = &self.layers[index];
        let units = layer.shape.output.channels;
        if layer.shape.is_convolutional() {
            let range = start * units..start * units + slices.gradient.len();
            let of_groups = self.groups.iter().map(|group| &group.gradients[index][0]);
            return sum_in_order(of_groups.map(|all| &all[range.clone()]), slices.gradient);
        }
        let before = &self.layers[index - 1];
        let rows = slices.parameters.len() / units;
        let inputs = Matrix::by_rows(&before.outputs, before.width);
        kernels::multiply(
            slices.gradient,
            inputs.columns(start..start + rows).transposed(),
            Matrix::by_rows(&layer.deltas, units),
            false,
        );
    }

    fn write_bias_gradient(&self, index: usize, gradient: &mut [f32]) {
        let layer = &self.layers[index];
        if layer.shape.is_convolutional() {
            let of_groups = self.groups.iter().map(|group| &*group.gradients[index][1]);
            sum_in_order(of_groups, gradient);
        } else {
            kernels::sum_rows(&layer.deltas, gradient);
        }
    }
}

/// Sums slices, one after the other.
fn sum_in_order<'a>(slices: impl Iterator<Item = &'a [f32]>, sums: &mut [f32]) {
    sums.fill(0.0);
    for slice in slices {
        kernels::add(sums, slice);
    }
}

/// Adds the gradients of the penalties.
fn penalize(gradient: &mut [f32], weights: &[f32], l1: f32, l2: f32) {
    if l1 != 0.0 || l2 != 0.0 {
        kernels::add_penalty(gradient, weights, l1, l2);
    }
}

impl Slices<'_> {
    fn update(&mut self, rule: UpdateRule) {
        rule.update_slice(self.parameters, self.gradient, self.first, self.second);
    }
}
