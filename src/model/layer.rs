//! The layers of a network: their shapes and parameters.

use std::fmt;

use candle_core::{Result, Tensor, Var};

use super::kernels;

/// A square grid of positions with some channels at each. Its values are position by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// The positions along each axis; 1 behind a fully connected layer.
    pub side: usize,
    /// The values of each position.
    pub channels: usize,
}

impl Grid {
    /// The number of positions.
    pub fn positions(self) -> usize {
        self.side * self.side
    }

    /// The number of values.
    pub fn units(self) -> usize {
        self.positions() * self.channels
    }
}

/// "128", or "24@11×11": the channels, and the grid if it has several positions.
impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { side, channels } = self;
        match side {
            1 => write!(f, "{channels}"),
            side => write!(f, "{channels}@{side}×{side}"),
        }
    }
}

/// The shape of a layer.
///
/// A unit of a convolutional layer sees a kernel of 5×5 positions of the grid before, and has the same weights at each
/// position of its own grid (Simard, Steinkraus and Platt 2003, "Best practices for convolutional neural networks applied
/// to visual document analysis"). A fully connected layer has one position, whose kernel is the whole grid before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerShape {
    /// The values that the layer sees.
    pub input: Grid,
    /// The values that it computes. Its channels are the filters, or the units of a fully connected layer.
    pub output: Grid,
    /// The side of a kernel.
    pub kernel: usize,
    /// The distance of neighboring kernels.
    pub stride: usize,
    /// The row and the column at which the first kernel starts.
    pub first: usize,
}

impl LayerShape {
    /// The side of the kernel of a convolutional layer.
    const KERNEL: usize = 5;
    /// The stride of a convolutional layer.
    const STRIDE: usize = 2;
    /// The start of the first kernel in each convolutional layer.
    ///
    /// The first layer sees the 25×25 pixels about the center of mass, which is at 14 or 15: a normalized digit seldom has
    /// ink outside. So the grids have 11×11 and 4×4 positions, where Simard's have 13×13 and 5×5, and the same number of
    /// multiplications allows more filters.
    pub(super) const FIRSTS: [usize; 2] = [2, 0];

    /// A convolutional layer. `first` is one of [`Self::FIRSTS`].
    pub(super) fn convolutional(input: Grid, filters: usize, first: usize) -> Self {
        let side = (input.side - first - Self::KERNEL) / Self::STRIDE + 1;
        Self {
            input,
            output: Grid {
                side,
                channels: filters,
            },
            kernel: Self::KERNEL,
            stride: Self::STRIDE,
            first,
        }
    }

    /// A fully connected layer.
    pub(super) fn dense(input: Grid, units: usize) -> Self {
        Self {
            input,
            output: Grid {
                side: 1,
                channels: units,
            },
            kernel: input.side,
            stride: 1,
            first: 0,
        }
    }

    /// Whether the layer is convolutional rather than fully connected.
    pub fn is_convolutional(&self) -> bool {
        self.kernel < self.input.side
    }

    /// The inputs of a unit.
    pub fn fan_in(&self) -> usize {
        self.kernel * self.kernel * self.input.channels
    }

    /// The shape of [`Layer::weight`].
    pub fn weight(&self) -> [usize; 2] {
        [self.fan_in(), self.output.channels]
    }

    /// The number of weights and biases.
    pub fn parameter_count(&self) -> usize {
        (self.fan_in() + 1) * self.output.channels
    }

    /// The multiplications of a forward pass.
    pub fn multiplications(&self) -> usize {
        self.fan_in() * self.output.units()
    }

    /// The shape of the weight in PyTorch: `[out, in]`, or `[out, in, kernel, kernel]` of a convolutional layer.
    pub(super) fn pytorch_shape(&self) -> Vec<usize> {
        let Self { input, output, .. } = self;
        if self.is_convolutional() {
            vec![output.channels, input.channels, self.kernel, self.kernel]
        } else {
            vec![output.channels, self.fan_in()]
        }
    }

    /// The positions, the channels and the units of a weight. PyTorch has these axes in reverse.
    pub(crate) fn axes(&self) -> [usize; 3] {
        [
            self.kernel * self.kernel,
            self.input.channels,
            self.output.channels,
        ]
    }

    /// The weight as PyTorch has it.
    pub(super) fn to_pytorch(self, weight: &Tensor) -> Result<Tensor> {
        let weight = weight.reshape(&self.axes())?.permute((2, 1, 0))?;
        weight.contiguous()?.reshape(self.pytorch_shape())
    }

    /// The sums of weighted inputs, by candle.
    ///
    /// # Shapes
    /// `inputs` `[n, in]`; the result `[n, units]`, or `[n, positions, filters]` of a convolutional layer.
    pub(super) fn forward(&self, inputs: &Tensor, weight: &Tensor) -> Result<Tensor> {
        if !self.is_convolutional() {
            return inputs.matmul(weight);
        }
        let Grid { side, channels } = self.input;
        let span = self.kernel + self.stride * (self.output.side - 1);
        let inputs = inputs
            .reshape(((), side, side, channels))?
            .narrow(1, self.first, span)?
            .narrow(2, self.first, span)?
            .permute((0, 3, 1, 2))?;
        let kernels = self.to_pytorch(weight)?;
        let outputs = inputs
            .contiguous()?
            .conv2d(&kernels, 0, self.stride, 1, 1)?;
        // [n, filters, positions].
        outputs.flatten_from(2)?.transpose(1, 2)?.contiguous()
    }

    /// Visits the rows of the kernel at each position: the index of the row, and where it starts in the inputs, which have
    /// it contiguous.
    fn for_each_row(&self, mut visit: impl FnMut(usize, usize)) {
        let Grid { side, channels } = self.input;
        let mut index = 0;
        for y in 0..self.output.side {
            for x in 0..self.output.side {
                let [y, x] = [y, x].map(|at| self.first + at * self.stride);
                for row in y..y + self.kernel {
                    visit(index, (row * side + x) * channels);
                    index += 1;
                }
            }
        }
    }

    /// Copies the inputs of each position: `[positions, fan_in]`.
    pub(crate) fn gather(&self, inputs: &[f32], patches: &mut [f32]) {
        let len = self.kernel * self.input.channels;
        if len == Self::KERNEL {
            // A copy of a constant length takes no call.
            let rows = patches.as_chunks_mut::<{ Self::KERNEL }>().0;
            return self.for_each_row(|index, start| {
                rows[index].copy_from_slice(&inputs[start..start + Self::KERNEL]);
            });
        }
        self.for_each_row(|index, start| {
            patches[index * len..][..len].copy_from_slice(&inputs[start..start + len]);
        });
    }

    /// Adds the values of each position to the inputs that they belong to: the transpose of [`Self::gather`].
    pub(crate) fn scatter_add(&self, patches: &[f32], inputs: &mut [f32]) {
        let len = self.kernel * self.input.channels;
        self.for_each_row(|index, start| {
            kernels::add(
                &mut inputs[start..start + len],
                &patches[index * len..][..len],
            );
        });
    }
}

/// The parameters of one layer.
#[derive(Clone, Debug)]
pub struct Layer {
    /// `[inputs of a unit, units or filters]`: a batch multiplies it from the left without a transpose, and the weights
    /// of one input are contiguous. Files have them as PyTorch does.
    pub weight: Var,
    /// `[units or filters]`.
    pub bias: Var,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Activation, MlpConfig};

    fn layers(filters: &[usize]) -> Vec<LayerShape> {
        let config = MlpConfig::new(vec![7], Activation::Relu)
            .and_then(|config| config.with_filters(filters.to_vec()));
        let layers = config.expect("a small network").layers().into_iter();
        layers.filter(LayerShape::is_convolutional).collect()
    }

    #[test]
    fn kernels_have_stride_two_about_the_center_of_mass() {
        let layers = layers(&[2, 3]);
        // Layer, position, and the first and last row and column of its kernel.
        let cases = [
            (0, 0, [2, 6, 2, 6], "the first, twelve before 14"),
            (0, 11 + 2, [4, 8, 6, 10], "two on"),
            (0, 120, [22, 26, 22, 26], "the last, to twelve behind 14"),
            (1, 0, [0, 4, 0, 4], "the first of the second layer"),
            (
                1,
                15,
                [6, 10, 6, 10],
                "and its last, which ends with the grid",
            ),
        ];
        for (layer, position, expected, reason) in cases {
            let layer = layers[layer];
            let Grid { side, channels } = layer.input;
            let inputs: Vec<f32> = (1..=layer.input.units()).map(|i| i as f32).collect();
            let mut patches = vec![0.0; layer.output.positions() * layer.fan_in()];
            layer.gather(&inputs, &mut patches);
            let kernel = &patches[position * layer.fan_in()..][..layer.fan_in()];
            let seen = kernel
                .iter()
                .map(|&input| (input as usize - 1) / channels)
                .map(|position| (position / side, position % side));
            let (rows, columns): (Vec<_>, Vec<_>) = seen.unzip();
            let ends = |along: &[usize]| {
                [along.iter().min(), along.iter().max()].map(|end| *end.expect("sees some"))
            };
            let found = [ends(&rows), ends(&columns)].concat();
            assert_eq!(found, expected, "{reason}");
        }
    }

    #[test]
    fn scattering_is_the_transpose_of_gathering() {
        // ⟨gather(x), y⟩ = ⟨x, scatter_add(y)⟩.
        for layer in layers(&[2, 3]) {
            let len = layer.output.positions() * layer.fan_in();
            let x: Vec<f32> = (0..layer.input.units())
                .map(|i| (i % 7) as f32 - 3.0)
                .collect();
            let y: Vec<f32> = (0..len).map(|i| (i % 11) as f32 - 5.0).collect();
            let (mut patches, mut back) = (vec![0.0; len], vec![0.0; x.len()]);
            layer.gather(&x, &mut patches);
            layer.scatter_add(&y, &mut back);
            let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            assert_eq!(
                product(&patches, &y),
                product(&x, &back),
                "whole numbers, so exactly"
            );
        }
    }
}
