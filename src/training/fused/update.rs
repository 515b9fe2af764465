//! What a batch changes, shared out among threads.

use super::{
    Layer, State,
    adam::Adam,
    dense::{self, Matrix},
    sparse::{self, Block, ByPixel},
};

/// Adam's moments of a layer's weights or of its bias.
pub(super) struct Moments {
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Moments {
    pub(super) fn zero(len: usize) -> Self {
        Self {
            first: vec![0.0; len],
            second: vec![0.0; len],
        }
    }
}

/// A step after the pass of its batch.
pub(super) struct Step<'a> {
    pub(super) adam: Adam,
    pub(super) bias_adam: Adam,
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
        parameters: Vec<&'a mut [f32]>,
        states: &'a mut [State],
        blocks: &'a mut [Block],
        threads: usize,
    ) -> Vec<Job<'a>> {
        let mut blocks = Some(blocks);
        let mut jobs = Vec::new();
        let mut biases = Vec::new();
        let mut parameters = parameters.into_iter();
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
                let parts = blocks.iter_mut().zip(weights);
                jobs.extend(parts.map(|(block, weights)| Job::First { block, weights }));
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

    pub(super) fn run(&self, job: &mut Job) {
        match job {
            Job::First { block, weights } => {
                let Layer { width, deltas, .. } = &self.layers[0];
                sparse::update(self.by_pixel, deltas, *width, self.adam, block, weights);
            }
            Job::Later {
                layer,
                start,
                places,
            } => {
                let (before, layer) = (&self.layers[*layer - 1], &self.layers[*layer]);
                let rows = places.parameters.len() / layer.width;
                let inputs = Matrix::by_rows(&before.outputs, before.width);
                dense::multiply(
                    places.gradient,
                    inputs.columns(*start..*start + rows).transposed(),
                    Matrix::by_rows(&layer.deltas, layer.width),
                    false,
                );
                places.update(self.adam);
            }
            Job::Bias { layer, places } => {
                dense::sum_rows(&self.layers[*layer].deltas, places.gradient);
                places.update(self.bias_adam);
            }
        }
    }
}

impl Places<'_> {
    fn update(&mut self, adam: Adam) {
        adam.update_slice(self.parameters, self.gradient, self.first, self.second);
    }
}
