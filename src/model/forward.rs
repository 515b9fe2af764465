//! The forward pass on the CPU: a convolutional layer is one matrix product over all its positions.

use candle_core::Result;
use rayon::prelude::*;

use super::{
    LayerShape, Mlp,
    kernels::{self, Matrix},
    parameters::Values,
};
use crate::bitmap::{CLASSES, PIXELS};

/// Images of a convolution: enough for matrix products, few enough that their patches fit the cache of a core.
pub(crate) const GROUP: usize = 16;
/// Images of a task: enough that reading the weights of a fully connected layer costs little.
const TASK: usize = 4 * GROUP;

/// Weight and bias of a layer.
pub(crate) type WeightAndBias<'a> = [&'a [f32]; 2];

/// Gives `work` the shape and the parameters of each layer. The network is on the CPU.
pub(super) fn with_layers<T>(
    mlp: &Mlp,
    work: impl FnOnce(&[(LayerShape, WeightAndBias)]) -> T,
) -> Result<T> {
    let values: Vec<_> = mlp
        .parameters()
        .map(|var| Values::of(var))
        .collect::<Result<_>>()?;
    let values: Vec<_> = values.iter().map(Values::as_slice).collect::<Result<_>>()?;
    let parameters = values.as_chunks::<2>().0.iter().copied();
    let layers: Vec<_> = mlp.config().layers().into_iter().zip(parameters).collect();
    Ok(work(&layers))
}

/// The logits of preprocessed images, `[n, 784]`. The network is on the CPU.
pub(super) fn logits(mlp: &Mlp, pixels: &[f32]) -> Result<Vec<[f32; CLASSES]>> {
    let mut logits = vec![[0.0; CLASSES]; pixels.len() / PIXELS];
    with_layers(mlp, |layers| {
        let forward = |(logits, pixels): (&mut [[f32; CLASSES]], &[f32])| {
            let (mut inputs, mut patches) = (pixels.to_vec(), Vec::new());
            for (index, (shape, parameters)) in layers.iter().enumerate() {
                let mut outputs = vec![0.0; logits.len() * shape.output.units()];
                affine(shape, *parameters, &inputs, &mut patches, &mut outputs);
                if index + 1 < layers.len() {
                    kernels::activate(mlp.config().activation(), &mut outputs);
                }
                inputs = outputs;
            }
            logits.as_flattened_mut().copy_from_slice(&inputs);
        };
        logits
            .par_chunks_mut(TASK)
            .zip(pixels.par_chunks(TASK * PIXELS))
            .for_each(forward);
    })?;
    Ok(logits)
}

/// Weighted inputs plus bias. `inputs` `[n, in]`, `outputs` `[n, out]`, `patches` is a buffer.
pub(crate) fn affine(
    shape: &LayerShape,
    [weight, bias]: WeightAndBias,
    inputs: &[f32],
    patches: &mut Vec<f32>,
    outputs: &mut [f32],
) {
    let filters = shape.output.channels;
    for outputs in outputs.chunks_exact_mut(filters) {
        outputs.copy_from_slice(bias);
    }
    let weight = Matrix::by_rows(weight, filters);
    let [len, len_out] = [shape.input.units(), shape.output.units()];
    let images = if shape.is_convolutional() {
        GROUP
    } else {
        outputs.len().div_ceil(len_out).max(1)
    };
    let inputs = inputs.chunks(images * len);
    for (inputs, outputs) in inputs.zip(outputs.chunks_mut(images * len_out)) {
        let inputs = Matrix::by_rows(gathered(shape, inputs, patches), shape.fan_in());
        kernels::multiply(outputs, inputs, weight, true);
    }
}

/// The inputs of each position, `[n · positions, inputs of a unit]`: in `patches` for a convolutional layer.
pub(crate) fn gathered<'a>(
    shape: &LayerShape,
    inputs: &'a [f32],
    patches: &'a mut Vec<f32>,
) -> &'a [f32] {
    if !shape.is_convolutional() {
        return inputs;
    }
    let rows = inputs.chunks_exact(shape.input.units());
    let len = shape.output.positions() * shape.fan_in();
    patches.resize(rows.len() * len, 0.0);
    for (inputs, patches) in rows.zip(patches.chunks_exact_mut(len)) {
        shape.gather(inputs, patches);
    }
    patches
}
