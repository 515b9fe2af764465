//! The units of a network: their values for an image, their weights, and their strongest connections.

use std::collections::BTreeSet;

use candle_core::Device;

use crate::{
    bitmap::{Bitmap, CLASSES, PIXELS},
    error::ModelError,
    model::{LayerShape, Mlp, MlpConfig, forward::affine, kernels, parameters::Values},
};

/// The connections in each direction that [`UnitDetails`] lists.
const CONNECTIONS: usize = 5;
/// The share of outputs, in thousandths, that [`LayerActivity::scale`] covers.
const COVERED: usize = 999;

/// A filter of a convolutional layer, with one unit at each position; or a unit of a fully connected layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Channel {
    /// The layer, from the input to the output.
    pub layer: usize,
    /// The index within the layer.
    pub index: usize,
}

/// A unit of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its channel.
    pub channel: Channel,
    /// Its position in the grid of the layer, row by row; 0 in a fully connected layer.
    pub position: usize,
}

/// Channels whose output is 0, whatever their input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SwitchedOff(BTreeSet<Channel>);

impl SwitchedOff {
    /// Whether no channel is switched off.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of channels that are switched off.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The channels that are switched off, by layer.
    pub fn iter(&self) -> impl Iterator<Item = Channel> {
        self.0.iter().copied()
    }

    /// Whether this channel is switched off.
    pub fn contains(&self, channel: Channel) -> bool {
        self.0.contains(&channel)
    }

    /// Switches a channel off, or on again.
    pub fn toggle(&mut self, channel: Channel) {
        if !self.0.remove(&channel) {
            self.0.insert(channel);
        }
    }

    /// Switches more channels off.
    pub fn extend(&mut self, channels: impl IntoIterator<Item = Channel>) {
        self.0.extend(channels);
    }

    fn of_layer(&self, layer: usize) -> impl Iterator<Item = usize> {
        let first = Channel { layer, index: 0 };
        let end = Channel {
            layer: layer + 1,
            index: 0,
        };
        self.0.range(first..end).map(|channel| channel.index)
    }
}

/// The values of a layer for some images, `[n, units]`: image by image, position by position.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerValues {
    /// The weighted sums, with the bias.
    pub sums: Vec<f32>,
    /// The sums after the activation function. Those of the last layer are the logits.
    pub outputs: Vec<f32>,
}

/// What is usual in a layer, over some images.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerActivity {
    /// The size that 99.9 % of the outputs do not exceed.
    pub scale: f32,
    /// The mean size of the outputs of each channel.
    pub means: Vec<f32>,
}

/// A connection to a unit of the layer before or behind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Connection {
    /// The other unit's position in the grid of its layer.
    pub position: usize,
    /// The other unit's channel in its layer.
    pub channel: usize,
    /// The weight.
    pub weight: f32,
    /// What the connection carries: the weight times the output at its start.
    pub contribution: f32,
}

/// The arithmetic of one unit for one image.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitDetails {
    /// The unit.
    pub unit: Unit,
    /// The sum of inputs times weights, without the bias.
    pub weighted_sum: f32,
    /// The bias.
    pub bias: f32,
    /// The output.
    pub output: f32,
    /// The weights, `[kernel · kernel, input channels]`.
    pub weights: Vec<f32>,
    /// The strongest connections from the layer before, the strongest first.
    pub back: Vec<Connection>,
    /// The strongest connections to the layer behind, the strongest first.
    pub forward: Vec<Connection>,
}

/// The parameters of a layer.
#[derive(Debug)]
struct LayerParameters {
    shape: LayerShape,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

/// A copy of a network on the CPU, whose units can be read and switched off.
#[derive(Debug)]
pub struct Network {
    config: MlpConfig,
    layers: Vec<LayerParameters>,
}

impl Network {
    /// Copies the parameters of a network.
    ///
    /// # Errors
    /// When the device of the network fails.
    pub fn of(mlp: &Mlp) -> Result<Self, ModelError> {
        let values = |tensor: &candle_core::Tensor| -> Result<Vec<f32>, ModelError> {
            let tensor = tensor.to_device(&Device::Cpu)?;
            let values = Values::of(&tensor)?;
            Ok(values.as_slice()?.to_vec())
        };
        let layers = mlp.layers().iter().zip(mlp.config().layers());
        let layers = layers.map(|(layer, shape)| {
            Ok::<_, ModelError>(LayerParameters {
                shape,
                weight: values(&layer.weight)?,
                bias: values(&layer.bias)?,
            })
        });
        Ok(Self {
            config: mlp.config().clone(),
            layers: layers.collect::<Result<_, _>>()?,
        })
    }

    /// The network's shape.
    pub fn config(&self) -> &MlpConfig {
        &self.config
    }

    /// The weights of a layer, `[kernel · kernel · input channels, output channels]`; `None` if there is no such layer.
    pub fn weights(&self, layer: usize) -> Option<&[f32]> {
        Some(&self.layers.get(layer)?.weight)
    }

    /// Whether the network has this unit.
    pub fn has(&self, unit: Unit) -> bool {
        let Channel { layer, index } = unit.channel;
        self.layers.get(layer).is_some_and(|layer| {
            let grid = layer.shape.output;
            index < grid.channels && unit.position < grid.positions()
        })
    }

    /// An image as the network sees it, after the model's preprocessing.
    pub fn pixels_of(&self, image: &[u8; PIXELS]) -> [f32; PIXELS] {
        let mut image = *image;
        self.config.preprocessing().apply(&mut image);
        image.map(|byte| f32::from(byte) / 255.0)
    }

    /// Computes layer after layer of some preprocessed images, `[n, 784]`. `visit` gets the index of each layer and its
    /// values, `[n, units]`, of which the outputs of channels in `off` are 0.
    pub fn forward(
        &self,
        pixels: &[f32],
        off: &SwitchedOff,
        visit: &mut dyn FnMut(usize, LayerValues),
    ) {
        let count = pixels.len() / PIXELS;
        let (mut inputs, mut patches) = (pixels.to_vec(), Vec::new());
        for (index, layer) in self.layers.iter().enumerate() {
            let LayerParameters {
                shape,
                weight,
                bias,
            } = layer;
            let mut sums = vec![0.0; count * shape.output.units()];
            affine(shape, [weight, bias], &inputs, &mut patches, &mut sums);
            let mut outputs = sums.clone();
            if index + 1 < self.layers.len() {
                kernels::activate(self.config.activation(), &mut outputs);
            }
            for channel in off.of_layer(index) {
                let outputs = outputs.iter_mut().skip(channel);
                outputs
                    .step_by(shape.output.channels)
                    .for_each(|output| *output = 0.0);
            }
            inputs.clone_from(&outputs);
            visit(index, LayerValues { sums, outputs });
        }
    }

    /// The values of every layer for a preprocessed bitmap.
    pub fn values(&self, bitmap: &Bitmap, off: &SwitchedOff) -> Vec<LayerValues> {
        let mut layers = Vec::with_capacity(self.layers.len());
        self.forward(bitmap.pixels(), off, &mut |_, values| layers.push(values));
        layers
    }

    /// The logits of some preprocessed images, `[n, 784]`.
    pub fn logits(&self, pixels: &[f32], off: &SwitchedOff) -> Vec<[f32; CLASSES]> {
        let mut logits = Vec::new();
        self.forward(pixels, off, &mut |_, values| logits = values.outputs);
        logits.as_chunks().0.to_vec()
    }

    /// The outputs of a layer for some preprocessed images, `[n, 784]`; layer 0 is the input, 1 the first layer.
    pub fn outputs(&self, layer: usize, pixels: &[f32]) -> Vec<f32> {
        if layer == 0 {
            return pixels.to_vec();
        }
        let mut outputs = Vec::new();
        self.forward(pixels, &SwitchedOff::default(), &mut |index, values| {
            if index + 1 == layer {
                outputs = values.outputs;
            }
        });
        outputs
    }

    /// The inputs of the last layer for some preprocessed images, `[n, 784]`: the outputs of the last hidden layer, or the
    /// pixels in a network without one.
    pub fn features(&self, pixels: &[f32]) -> Vec<f32> {
        self.outputs(self.layers.len() - 1, pixels)
    }

    /// What some preprocessed images, `[n, 784]`, are to the output layer, `[n, 10 + features]`: see
    /// [`Network::embed`].
    pub fn embedding(&self, pixels: &[f32]) -> Vec<f32> {
        let last = self.layers.len() - 1;
        let (mut features, mut logits) = (pixels.to_vec(), Vec::new());
        self.forward(pixels, &SwitchedOff::default(), &mut |index, values| {
            if index == last {
                logits = values.outputs;
            } else if index + 1 == last {
                features = values.outputs;
            }
        });
        self.embed(&features, &logits)
    }

    /// The logits of each image, then its features times s, the norm of the last weights over the root of the number of
    /// features. The features of two images differ by as much as their logits would on average, were the weights of their
    /// size but random: so what the output layer weighs counts more, and what it ignores still counts.
    pub fn embed(&self, features: &[f32], logits: &[f32]) -> Vec<f32> {
        let last = &self.layers[self.layers.len() - 1];
        let width = last.shape.input.units();
        let squares: f32 = last.weight.iter().map(|weight| weight * weight).sum();
        let scale = (squares / width as f32).sqrt();
        let rows = features
            .chunks_exact(width)
            .zip(logits.chunks_exact(CLASSES));
        let row = |(features, logits): (&[f32], &[f32])| {
            let features = features.iter().map(|feature| feature * scale);
            logits.iter().copied().chain(features).collect::<Vec<_>>()
        };
        rows.flat_map(row).collect()
    }

    /// The activity of every layer over some preprocessed images, `[n, 784]`.
    pub fn activity(&self, pixels: &[f32]) -> Vec<LayerActivity> {
        let mut activity = Vec::new();
        self.forward(pixels, &SwitchedOff::default(), &mut |index, values| {
            let channels = self.layers[index].shape.output.channels;
            let mut sizes: Vec<f32> = values.outputs.iter().map(|output| output.abs()).collect();
            let mut means = vec![0.0; channels];
            kernels::sum_rows(&sizes, &mut means);
            kernels::scale(&mut means, channels as f32 / sizes.len().max(1) as f32);
            let rank = sizes.len() * COVERED / 1000;
            let scale = if sizes.is_empty() {
                0.0
            } else {
                *sizes.select_nth_unstable_by(rank, f32::total_cmp).1
            };
            activity.push(LayerActivity { scale, means });
        });
        activity
    }

    /// The arithmetic of a unit for a preprocessed bitmap, whose values are `layers`.
    pub fn details(&self, unit: Unit, bitmap: &Bitmap, layers: &[LayerValues]) -> UnitDetails {
        let Channel { layer, index } = unit.channel;
        let LayerParameters {
            shape,
            weight,
            bias,
        } = &self.layers[layer];
        let outputs_before = match layer.checked_sub(1) {
            Some(before) => &layers[before].outputs[..],
            None => bitmap.pixels(),
        };
        let (channels, inputs) = (shape.input.channels, inputs_of(shape, unit.position));
        let weights: Vec<f32> = weight
            .iter()
            .skip(index)
            .step_by(shape.output.channels)
            .copied()
            .collect();
        let back = inputs.iter().zip(&weights).map(|(&input, &weight)| {
            let [position, channel] = [input / channels, input % channels];
            Connection {
                position,
                channel,
                weight,
                contribution: weight * outputs_before[input],
            }
        });
        let own = unit.position * shape.output.channels + index;
        let output = layers[layer].outputs[own];
        UnitDetails {
            unit,
            weighted_sum: layers[layer].sums[own] - bias[index],
            bias: bias[index],
            output,
            back: strongest(back.collect()),
            forward: self.forward_connections(unit, own, output),
            weights,
        }
    }

    /// The strongest connections of a unit with this index and this output to the next layer.
    fn forward_connections(&self, unit: Unit, own: usize, output: f32) -> Vec<Connection> {
        let Some(LayerParameters { shape, weight, .. }) = self.layers.get(unit.channel.layer + 1)
        else {
            return Vec::new();
        };
        let mut all = Vec::new();
        for position in 0..shape.output.positions() {
            let row = inputs_of(shape, position)
                .into_iter()
                .position(|input| input == own);
            let Some(row) = row else { continue };
            let weights = &weight[row * shape.output.channels..][..shape.output.channels];
            all.extend(
                weights
                    .iter()
                    .enumerate()
                    .map(|(channel, &weight)| Connection {
                        position,
                        channel,
                        weight,
                        contribution: weight * output,
                    }),
            );
        }
        strongest(all)
    }
}

/// The connections that carry most; among those that carry nothing, the largest weights.
fn strongest(mut connections: Vec<Connection>) -> Vec<Connection> {
    let strength = |connection: &Connection| {
        let Connection {
            contribution,
            weight,
            ..
        } = connection;
        (contribution.abs(), weight.abs())
    };
    connections.sort_by(|a, b| {
        let (a, b) = (strength(a), strength(b));
        b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1))
    });
    connections.truncate(CONNECTIONS);
    connections
}

/// The indices of the inputs of the units at a position, in the order of their weights.
fn inputs_of(shape: &LayerShape, position: usize) -> Vec<usize> {
    let (side, channels) = (shape.input.side, shape.input.channels);
    let [y, x] = [position / shape.output.side, position % shape.output.side]
        .map(|at| shape.first + at * shape.stride);
    let rows = (y..y + shape.kernel).map(|row| (row * side + x) * channels);
    rows.flat_map(|start| start..start + shape.kernel * channels)
        .collect()
}

#[cfg(test)]
mod tests;
