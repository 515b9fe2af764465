//! The outputs of all layers for some images, and the derivative of the logits with respect to the pixels, on the CPU.

use candle_core::Result;

use super::{
    LayerShape, Mlp, forward,
    kernels::{self, Matrix},
};
use crate::bitmap::{CLASSES, PIXELS};

/// The forward pass of some images with the outputs of every layer.
#[derive(Debug)]
pub(crate) struct Trace<'a> {
    mlp: &'a Mlp,
    /// The outputs of each layer, `[n, units]`. The last ones are the logits.
    outputs: Vec<Vec<f32>>,
    /// The slopes of the activation of each hidden layer, `[n, units]`.
    slopes: Vec<Vec<f32>>,
}

/// The derivative of a weighted sum of the logits of each image.
#[derive(Debug)]
pub(crate) struct Gradient {
    /// With respect to the pixels, `[n, 784]`.
    pub(crate) pixels: Vec<f32>,
    /// Σ bias · derivative with respect to this bias, over all layers; one value for each image. In a piecewise linear
    /// network the sum of the logits is Σ pixel · derivative plus this value.
    pub(crate) bias: Vec<f32>,
}

impl<'a> Trace<'a> {
    /// The forward pass of preprocessed images, `[n, 784]`. The network is on the CPU.
    ///
    /// # Errors
    /// When the network is on another device.
    pub(crate) fn new(mlp: &'a Mlp, pixels: &[f32]) -> Result<Self> {
        let count = pixels.len() / PIXELS;
        let mut trace = Self {
            mlp,
            outputs: Vec::new(),
            slopes: Vec::new(),
        };
        forward::with_layers(mlp, |layers| {
            let mut patches = Vec::new();
            for (index, (shape, parameters)) in layers.iter().enumerate() {
                let inputs = trace.outputs.last().map_or(pixels, Vec::as_slice);
                let mut outputs = vec![0.0; count * shape.output.units()];
                forward::affine(shape, *parameters, inputs, &mut patches, &mut outputs);
                if index + 1 < layers.len() {
                    let mut slopes = vec![0.0; outputs.len()];
                    let activation = mlp.config().activation();
                    kernels::activate_with_slopes(activation, &mut outputs, &mut slopes);
                    trace.slopes.push(slopes);
                }
                trace.outputs.push(outputs);
            }
        })?;
        Ok(trace)
    }

    /// The logits of each image.
    pub(crate) fn logits(&self) -> &[[f32; CLASSES]] {
        let logits = self.outputs.last().map_or(&[][..], Vec::as_slice);
        logits.as_chunks().0
    }

    /// The derivative of Σ weight · logit: one weight for each digit, the same for all images.
    ///
    /// # Errors
    /// As [`Trace::new`].
    pub(crate) fn gradient(&self, weights: &[f32; CLASSES]) -> Result<Gradient> {
        let count = self.logits().len();
        let mut bias_terms = vec![0.0; count];
        let mut deltas = weights.repeat(count);
        forward::with_layers(self.mlp, |layers| {
            for (index, (shape, [weight, bias])) in layers.iter().enumerate().rev() {
                if let Some(slopes) = self.slopes.get(index) {
                    kernels::multiply_elementwise(&mut deltas, slopes);
                }
                let images = deltas.chunks_exact(shape.output.units());
                for (term, deltas) in bias_terms.iter_mut().zip(images) {
                    let products = deltas.iter().zip(bias.iter().cycle());
                    *term += products.map(|(delta, bias)| delta * bias).sum::<f32>();
                }
                deltas = back(shape, weight, &deltas);
            }
        })?;
        Ok(Gradient {
            pixels: deltas,
            bias: bias_terms,
        })
    }
}

/// From the derivatives with respect to the sums of weighted inputs, `[n, out]`, to those of the inputs, `[n, in]`.
fn back(shape: &LayerShape, weight: &[f32], deltas: &[f32]) -> Vec<f32> {
    let filters = shape.output.channels;
    let mut patches = vec![0.0; deltas.len() / filters * shape.fan_in()];
    let weight = Matrix::by_rows(weight, filters).transposed();
    kernels::multiply(
        &mut patches,
        Matrix::by_rows(deltas, filters),
        weight,
        false,
    );
    if !shape.is_convolutional() {
        return patches;
    }
    let count = deltas.len() / shape.output.units();
    let mut inputs = vec![0.0; count * shape.input.units()];
    let patches = patches.chunks_exact(shape.output.positions() * shape.fan_in());
    for (inputs, patches) in inputs.chunks_exact_mut(shape.input.units()).zip(patches) {
        shape.scatter_add(patches, inputs);
    }
    inputs
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor, Var};
    use rand::{Rng as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::model::{Activation, MlpConfig};

    /// candle's logits and its gradient of Σ weight · logit.
    fn by_candle(mlp: &Mlp, pixels: &[f32], weights: &[f32; CLASSES]) -> (Vec<f32>, Vec<f32>) {
        let shape = (pixels.len() / PIXELS, PIXELS);
        let images = Tensor::from_vec(pixels.to_vec(), shape, &Device::Cpu).expect("fits");
        let images = Var::from_tensor(&images).expect("a leaf");
        let logits = mlp.forward(&images).expect("computes");
        let weights = Tensor::new(weights, &Device::Cpu).expect("fits");
        let sum = logits.broadcast_mul(&weights).and_then(|all| all.sum_all());
        let gradients = sum.and_then(|sum| sum.backward()).expect("computes");
        let gradient = gradients.get(&images).expect("of the images");
        let values = |tensor: &Tensor| tensor.flatten_all().and_then(|all| all.to_vec1());
        (
            values(&logits).expect("f32"),
            values(gradient).expect("f32"),
        )
    }

    #[test]
    fn logits_and_gradients_are_those_of_candle() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let pixels: Vec<f32> = (0..3 * PIXELS)
            .map(|_| rng.random_range(0.0..1.0))
            .collect();
        let weights: [f32; CLASSES] = std::array::from_fn(|_| rng.random_range(-1.0..1.0));
        let shapes = [
            MlpConfig::relu([], []),
            MlpConfig::relu([], [24, 12]),
            MlpConfig::relu([3], [16]),
            MlpConfig::relu([4, 6], [16, 12]),
        ];
        for shape in shapes {
            for activation in [
                Activation::Sigmoid,
                Activation::Tanh,
                Activation::Relu,
                Activation::LeakyRelu,
                Activation::Gelu,
            ] {
                let config = shape.clone().with_activation(activation);
                let mlp = Mlp::new(&config, 3, &Device::Cpu).expect("fits");
                let trace = Trace::new(&mlp, &pixels).expect("on the CPU");
                let found = trace.gradient(&weights).expect("on the CPU");
                let (logits, gradient) = by_candle(&mlp, &pixels, &weights);
                let pairs = trace.logits().as_flattened().iter().zip(&logits);
                let mut pairs = pairs.chain(found.pixels.iter().zip(&gradient));
                // Both sum up to 784 products of f32 in another order.
                let is_close = pairs.all(|(found, oracle)| (found - oracle).abs() < 1e-4);
                assert!(is_close, "{config}");
            }
        }
    }
}
