//! The convolutional layers in a step. Each group of examples runs on one thread. Then the gradients of the groups are added
//! in order, so that the number of threads does not change the result.

use super::pass::{Part, Pass};
use crate::model::{
    forward::gathered,
    kernels::{self, Matrix},
};

/// The buffers of a group of examples.
#[derive(Default)]
pub(super) struct GroupBuffers {
    /// `[n, 784]`.
    pixels: Vec<f32>,
    /// Of the weight and the bias of each layer.
    pub(super) gradients: Vec<[Vec<f32>; 2]>,
}

impl GroupBuffers {
    /// The forward pass.
    pub(super) fn run_forward(&mut self, pass: &Pass, part: &mut Part) {
        self.pixels = part.batch.to_dense();
        // The allocator gives a thread the same memory again: it is in the cache of the core, unlike that of a group.
        let mut patches = Vec::new();
        for index in 0..pass.convolutional_layers() {
            pass.forward(part, index, &self.pixels, &mut patches);
        }
    }

    /// The backward pass from the deltas of the last convolutional layer, with the gradients.
    pub(super) fn run_back(&mut self, pass: &Pass, part: &mut Part) {
        let layers = pass.convolutional_layers();
        let mut buffer = Vec::new();
        self.gradients.resize_with(layers, Default::default);
        for index in (0..layers).rev() {
            let (shape, [weight, bias]) = (&pass.shapes[index], pass.weights[index]);
            let (before, rest) = part.layers.split_at_mut(index);
            let inputs = before.last().map_or(&self.pixels[..], |it| it.outputs);
            let patches = gathered(shape, inputs, &mut buffer);
            let patches = Matrix::by_rows(patches, shape.fan_in());
            let deltas = Matrix::by_rows(rest[0].deltas, bias.len());
            let [gradient, bias_gradient] = &mut self.gradients[index];
            gradient.resize(weight.len(), 0.0);
            bias_gradient.resize(bias.len(), 0.0);
            kernels::multiply(gradient, patches.transposed(), deltas, false);
            kernels::sum_rows(rest[0].deltas, bias_gradient);
            let Some(before) = before.last_mut() else {
                return;
            };
            let back = Matrix::by_rows(weight, bias.len()).transposed();
            kernels::multiply(&mut buffer, deltas, back, false);
            before.deltas.fill(0.0);
            let len = shape.output.positions() * shape.fan_in();
            let rows = before.deltas.chunks_exact_mut(shape.input.units());
            for (deltas, patches) in rows.zip(buffer.chunks_exact(len)) {
                shape.scatter_add(patches, deltas);
            }
            pass.back_through_activation(before);
        }
    }
}
