//! What a batch changes, shared out among threads.

use super::{
    Layer, State,
    adam::Adam,
    dense::{self, Matrix},
    elementwise,
    rule::Rule,
    sparse::{self, Block, ByPixel},
};

/// What the optimizer remembers of the gradients by a layer's weights or by its bias.
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

/// What is done with each layer after the pass of a batch.
#[derive(Clone, Copy)]
pub(super) enum Phase {
    /// Adam's step, on weights and on biases: the gradient is used up where it is made.
    AtOnce { adam: Adam, bias_adam: Adam },
    /// The gradient is written down, with the slopes of the penalties L1 and L2.
    Gradient { l1: f32, l2: f32 },
    /// A step by the gradient that was written down, on weights and on biases.
    Apply { rule: Rule, bias_rule: Rule },
}

/// A step after the pass of its batch.
pub(super) struct Step<'a> {
    pub(super) by_pixel: &'a [ByPixel],
    pub(super) layers: &'a [Layer],
}

/// What one thread does of it.
pub(super) enum Job<'a> {
    /// Columns of the first layer's weights.
    First {
        block: &'a mut Block,
        /// Their part of each pixel's row.
        weights: Vec<&'a mut [f32]>,
        /// The same of the gradient; none where it is not written down.
        gradient: Vec<&'a mut [f32]>,
    },
    /// Rows of a later layer's weights, from `start` on.
    Later {
        layer: usize,
        start: usize,
        places: Places<'a>,
    },
    /// A layer's bias.
    Bias { layer: usize, places: Places<'a> },
}

/// Parameters with scratch for their gradients, and their moments.
pub(super) struct Places<'a> {
    parameters: &'a mut [f32],
    gradient: &'a mut [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
}

impl<'a> Places<'a> {
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

impl Step<'_> {
    /// Shares the step out. `parameters` are weight and bias of each layer in turn.
    pub(super) fn jobs<'a>(
        &self,
        parameters: &'a mut [&mut [f32]],
        states: &'a mut [State],
        blocks: &'a mut [Block],
        threads: usize,
    ) -> Vec<Job<'a>> {
        let mut blocks = Some(blocks);
        let mut jobs = Vec::new();
        let mut biases = Vec::new();
        let mut parameters = parameters.iter_mut().map(|values| &mut **values);
        for (layer, state) in states.iter_mut().enumerate() {
            let State {
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
                let width = self.layers[layer].width;
                let rows_each = (weight.len() / width).div_ceil(threads);
                let places = Places::new(weight, gradient, weight_moments);
                let parts = places.chunks(rows_each * width).enumerate();
                jobs.extend(parts.map(|(part, places)| Job::Later {
                    layer,
                    start: part * rows_each,
                    places,
                }));
            }
            let places = Places::new(bias, bias_gradient, bias_moments);
            biases.push(Job::Bias { layer, places });
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
            Job::Later {
                layer,
                start,
                places,
            } => {
                if !matches!(phase, Phase::Apply { .. }) {
                    self.write_gradient(*layer, *start, places);
                }
                match phase {
                    Phase::AtOnce { adam, .. } => places.update(Rule::Adam(adam)),
                    Phase::Gradient { l1, l2 } => {
                        penalize(places.gradient, places.parameters, l1, l2);
                    }
                    Phase::Apply { rule, .. } => places.update(rule),
                }
            }
            Job::Bias { layer, places } => {
                if !matches!(phase, Phase::Apply { .. }) {
                    dense::sum_rows(&self.layers[*layer].deltas, places.gradient);
                }
                match phase {
                    Phase::AtOnce { bias_adam, .. } => places.update(Rule::Adam(bias_adam)),
                    Phase::Gradient { .. } => {}
                    Phase::Apply { bias_rule, .. } => places.update(bias_rule),
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
        let Layer { width, deltas, .. } = &self.layers[0];
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

    /// The gradient by some rows of a later layer's weights.
    fn write_gradient(&self, layer: usize, start: usize, places: &mut Places) {
        let (before, layer) = (&self.layers[layer - 1], &self.layers[layer]);
        let rows = places.parameters.len() / layer.width;
        let inputs = Matrix::by_rows(&before.outputs, before.width);
        dense::multiply(
            places.gradient,
            inputs.columns(start..start + rows).transposed(),
            Matrix::by_rows(&layer.deltas, layer.width),
            false,
        );
    }
}

/// Adds the slopes of the penalties, where there are any.
fn penalize(gradient: &mut [f32], weights: &[f32], l1: f32, l2: f32) {
    if l1 != 0.0 || l2 != 0.0 {
        elementwise::add_penalty(gradient, weights, l1, l2);
    }
}

impl Places<'_> {
    fn update(&mut self, rule: Rule) {
        rule.update_slice(self.parameters, self.gradient, self.first, self.second);
    }
}
