//! Convolutional layers, written as the multilayer perceptron that they are.
//!
//! A layer has a grid of positions, with the same filters at each. A filter looks at a kernel of 5×5 positions of the grid
//! before, with stride 2, and has the same weights at every position (Simard, Steinkraus and Platt 2003, "Best practices
//! for convolutional neural networks applied to visual document analysis"). Later layers are fully connected.
//!
//! Simard's grids of 13×13 and 5×5 positions look at the whole image and beyond. The grids here have 11×11 and 4×4
//! positions and look at the 25×25 pixels about the center of mass, because a normalized digit seldom has ink outside.
//! So the same number of weights allows more filters.
//!
//! The network keeps dense weights `[in, out]`, most of them 0, so that its file has the usual format. Training updates only
//! the kernels, `[25 · channels in, filters]`.

use candle_core::Tensor;

use crate::{
    bitmap::SIDE,
    error::Refusal,
    model::{Mlp, MlpConfig},
};

/// The side of a kernel.
const KERNEL: usize = 5;
/// The distance of neighboring kernels.
const STRIDE: usize = 2;
/// For each convolutional layer: the side of its grid, and the start of its first kernel in the grid before.
const GRIDS: [(usize, usize); 2] = [(11, 2), (4, 0)];
/// The positions of each convolutional layer: a filter has as many units.
pub(in crate::training) const POSITIONS: [usize; 2] =
    [GRIDS[0].0 * GRIDS[0].0, GRIDS[1].0 * GRIDS[1].0];

/// A convolutional layer.
#[derive(Clone, Debug)]
pub(in crate::training) struct ConvLayer {
    channels_in: usize,
    filters: usize,
    positions: usize,
    rows: Vec<KernelRow>,
}

/// One row of the kernel at one position: its inputs are contiguous.
#[derive(Clone, Copy, Debug)]
struct KernelRow {
    position: usize,
    /// The index of its first weight in the kernel.
    start: usize,
    /// The index of its first input.
    input: usize,
}

/// The convolutional layers of a network: its first two hidden layers, or its only one.
///
/// # Errors
/// When there is no hidden layer, or the units of one are not a multiple of its positions.
pub(in crate::training) fn conv_layers(config: &MlpConfig) -> Result<Vec<ConvLayer>, Refusal> {
    let mut layers: Vec<ConvLayer> = Vec::new();
    let (mut side_in, mut channels_in) = (SIDE, 1);
    for (&width, (side, first)) in config.hidden().iter().zip(GRIDS) {
        let positions = side * side;
        if width % positions != 0 {
            return Err(refused(
                format!("a hidden layer of {width} units"),
                format!("a multiple of {positions}, for {side} × {side} positions"),
            ));
        }
        let filters = width / positions;
        layers.push(ConvLayer {
            channels_in,
            filters,
            positions,
            rows: kernel_rows(
                Grid {
                    side: side_in,
                    channels: channels_in,
                },
                side,
                first,
            ),
        });
        (side_in, channels_in) = (side, filters);
    }
    if layers.is_empty() {
        let expected = "at least one hidden layer";
        return Err(refused("no hidden layer".to_owned(), expected.to_owned()));
    }
    Ok(layers)
}

fn refused(found: String, expected: String) -> Refusal {
    Refusal::new(
        "set the convolutional layers",
        found,
        expected,
        "set the filters of the convolutional layers, such as 5,50",
    )
}

/// The inputs of a convolutional layer.
#[derive(Clone, Copy)]
struct Grid {
    side: usize,
    channels: usize,
}

fn kernel_rows(inputs: Grid, side: usize, first: usize) -> Vec<KernelRow> {
    let positions = 0..side * side;
    let rows = positions.flat_map(|position| (0..KERNEL).map(move |row| (position, row)));
    let kernel_row = |(position, row)| {
        let [y, x] = [position / side, position % side].map(|index| first + index * STRIDE);
        KernelRow {
            position,
            start: row * KERNEL * inputs.channels,
            input: ((y + row) * inputs.side + x) * inputs.channels,
        }
    };
    rows.map(kernel_row).collect()
}

impl ConvLayer {
    /// The number of inputs of a kernel.
    pub(in crate::training) fn kernel_len(&self) -> usize {
        KERNEL * KERNEL * self.channels_in
    }

    /// The number of positions.
    pub(in crate::training) fn positions(&self) -> usize {
        self.positions
    }

    /// The number of inputs of a kernel row.
    fn row_len(&self) -> usize {
        KERNEL * self.channels_in
    }

    /// Copies the inputs of each position: `[positions, kernel_len]`.
    pub(in crate::training) fn gather(&self, inputs: &[f32], patches: &mut [f32]) {
        let (kernel, len) = (self.kernel_len(), self.row_len());
        for row in &self.rows {
            let start = row.position * kernel + row.start;
            patches[start..start + len].copy_from_slice(&inputs[row.input..row.input + len]);
        }
    }

    /// Adds the values of each position to the inputs that they belong to: the transpose of [`ConvLayer::gather`].
    pub(in crate::training) fn scatter_add(&self, patches: &[f32], inputs: &mut [f32]) {
        let (kernel, len) = (self.kernel_len(), self.row_len());
        for row in &self.rows {
            let start = row.position * kernel + row.start;
            let inputs = &mut inputs[row.input..row.input + len];
            for (input, value) in inputs.iter_mut().zip(&patches[start..start + len]) {
                *input += value;
            }
        }
    }

    /// The shape of the kernel: inputs and filters.
    pub(in crate::training) fn shape(&self) -> (usize, usize) {
        (self.kernel_len(), self.filters)
    }

    /// For each dense weight of a layer with `inputs` inputs, and for each bias, the index of its kernel weight. The index
    /// behind the last stands for weights that are 0.
    pub(in crate::training) fn kernel_indices(&self, inputs: usize) -> [Vec<u32>; 2] {
        let kernel: Vec<u32> = (0..=(self.kernel_len() * self.filters) as u32).collect();
        let width = self.positions * self.filters;
        let mut weight = vec![kernel[kernel.len() - 1]; inputs * width];
        let mut bias = vec![0; width];
        self.write_dense(&kernel, &mut weight);
        self.write_dense_bias(&kernel[..self.filters], &mut bias);
        [weight, bias]
    }

    /// The kernel and its bias out of dense ones: those of the first position.
    pub(in crate::training) fn kernel_of(&self, weight: &[f32], bias: &[f32]) -> [Vec<f32>; 2] {
        let (width, filters) = (self.positions * self.filters, self.filters);
        let mut kernel = vec![0.0; self.kernel_len() * filters];
        for row in self.rows.iter().filter(|row| row.position == 0) {
            for step in 0..self.row_len() {
                let from = (row.input + step) * width;
                let to = (row.start + step) * filters;
                kernel[to..to + filters].copy_from_slice(&weight[from..from + filters]);
            }
        }
        [kernel, bias[..filters].to_vec()]
    }

    /// Writes a kernel into dense weights at all positions. Does not touch the others.
    pub(in crate::training) fn write_dense<T: Copy>(&self, kernel: &[T], weight: &mut [T]) {
        let (width, filters) = (self.positions * self.filters, self.filters);
        for row in &self.rows {
            for step in 0..self.row_len() {
                let from = (row.start + step) * filters;
                let to = (row.input + step) * width + row.position * filters;
                weight[to..to + filters].copy_from_slice(&kernel[from..from + filters]);
            }
        }
    }

    /// Writes the bias of a kernel at all positions.
    pub(in crate::training) fn write_dense_bias<T: Copy>(&self, kernel: &[T], bias: &mut [T]) {
        for bias in bias.chunks_exact_mut(self.filters) {
            bias.copy_from_slice(kernel);
        }
    }
}

/// The sizes of all trained parameters: weight and bias of each layer in turn, kernels once.
pub(in crate::training) fn parameter_sizes(config: &MlpConfig, layers: &[ConvLayer]) -> Vec<usize> {
    let widths = config.widths();
    let sizes = widths.windows(2).enumerate().flat_map(|(index, pair)| {
        let (inputs, units) = layers
            .get(index)
            .map_or((pair[0], pair[1]), ConvLayer::shape);
        [inputs * units, units]
    });
    sizes.collect()
}

/// Whether these layers of a network have the same weights at every position, and 0 elsewhere.
pub(in crate::training) fn is_convolutional(
    mlp: &Mlp,
    layers: &[ConvLayer],
) -> candle_core::Result<bool> {
    for (layer, dense) in layers.iter().zip(mlp.layers()) {
        let weight: Vec<f32> = dense.weight.flatten_all()?.to_vec1()?;
        let bias: Vec<f32> = dense.bias.to_vec1()?;
        let [kernel, kernel_bias] = layer.kernel_of(&weight, &bias);
        let (mut expected, mut expected_bias) = (vec![0.0; weight.len()], vec![0.0; bias.len()]);
        layer.write_dense(&kernel, &mut expected);
        layer.write_dense_bias(&kernel_bias, &mut expected_bias);
        if expected != weight || expected_bias != bias {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Makes an untrained network convolutional: kernels are uniform in ±√(6 / kernel inputs) (He and others 2015, for ReLU).
pub(in crate::training) fn initialize(mlp: &Mlp, layers: &[ConvLayer]) -> candle_core::Result<()> {
    for (layer, dense) in layers.iter().zip(mlp.layers()) {
        let (inputs, width) = dense.weight.dims2()?;
        let mut weight: Vec<f32> = dense.weight.flatten_all()?.to_vec1()?;
        let mut bias: Vec<f32> = dense.bias.to_vec1()?;
        let [mut kernel, _] = layer.kernel_of(&weight, &bias);
        // They were drawn for a fully connected layer.
        let scale = ((inputs + width) as f32 / layer.kernel_len() as f32).sqrt();
        for value in &mut kernel {
            *value *= scale;
        }
        weight.fill(0.0);
        layer.write_dense(&kernel, &mut weight);
        bias.fill(0.0);
        let device = mlp.device();
        dense
            .weight
            .set(&Tensor::from_vec(weight, (inputs, width), device)?)?;
        dense.bias.set(&Tensor::from_vec(bias, width, device)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(hidden: &[usize]) -> Vec<ConvLayer> {
        conv_layers(&MlpConfig::relu(hidden)).expect("a multiple of the positions")
    }

    #[test]
    fn kernels_have_stride_two_about_the_center_of_mass() {
        let layers = layers(&[2 * 121, 3 * 16, 7]);
        assert_eq!(layers.len(), 2, "later layers are fully connected");
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
            let (side, channels) = [(28, 1), (11, 2)][layer];
            let conv = &layers[layer];
            let inputs: Vec<f32> = (1..=side * side * channels).map(|i| i as f32).collect();
            let mut patches = vec![0.0; conv.positions() * conv.kernel_len()];
            conv.gather(&inputs, &mut patches);
            let field = &patches[position * conv.kernel_len()..][..conv.kernel_len()];
            let places = field.iter().filter(|&&input| input > 0.0);
            let places = places.map(|&input| (input as usize - 1) / channels);
            let (rows, columns): (Vec<_>, Vec<_>) = places.map(|p| (p / side, p % side)).unzip();
            let ends = |along: &[usize]| {
                [along.iter().min(), along.iter().max()].map(|end| *end.expect("looks at some"))
            };
            let found = [ends(&rows), ends(&columns)].concat();
            assert_eq!(found, expected, "{reason}");
        }
    }

    #[test]
    fn scattering_is_the_transpose_of_gathering() {
        // ⟨gather(x), y⟩ = ⟨x, scatter_add(y)⟩.
        for conv in layers(&[2 * 121, 3 * 16]) {
            let inputs = if conv.kernel_len() == 25 {
                28 * 28
            } else {
                2 * 121
            };
            let len = conv.positions() * conv.kernel_len();
            let x: Vec<f32> = (0..inputs).map(|i| (i % 7) as f32 - 3.0).collect();
            let y: Vec<f32> = (0..len).map(|i| (i % 11) as f32 - 5.0).collect();
            let (mut patches, mut back) = (vec![0.0; len], vec![0.0; inputs]);
            conv.gather(&x, &mut patches);
            conv.scatter_add(&y, &mut back);
            let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            assert_eq!(
                product(&patches, &y),
                product(&x, &back),
                "whole numbers, so exactly"
            );
        }
    }

    #[test]
    fn kernels_are_recovered_from_dense_weights() {
        for conv in layers(&[2 * 121, 3 * 16]) {
            let (kernel_len, filters) = conv.shape();
            let inputs = if kernel_len == 25 { 28 * 28 } else { 2 * 121 };
            let width = conv.positions() * filters;
            let kernel: Vec<f32> = (1..=kernel_len * filters).map(|i| i as f32).collect();
            let biases: Vec<f32> = (1..=filters).map(|i| -(i as f32)).collect();
            let (mut weight, mut bias) = (vec![0.0; inputs * width], vec![0.0; width]);
            conv.write_dense(&kernel, &mut weight);
            conv.write_dense_bias(&biases, &mut bias);
            assert_eq!(
                conv.kernel_of(&weight, &bias),
                [kernel.clone(), biases],
                "as they were"
            );
            let [places, _] = conv.kernel_indices(inputs);
            let named = places
                .iter()
                .map(|&place| kernel.get(place as usize).copied().unwrap_or(0.0));
            assert!(
                named.eq(weight.iter().copied()),
                "each index is that of its weight"
            );
        }
    }

    #[test]
    fn units_that_are_no_multiple_of_the_positions_are_refused() {
        for (hidden, word) in [
            (&[][..], "no hidden"),
            (&[128], "128"),
            (&[121, 130], "130"),
        ] {
            let refusal = conv_layers(&MlpConfig::relu(hidden))
                .expect_err(word)
                .to_string();
            assert!(refusal.contains(word), "{refusal} names it");
        }
        assert!(
            conv_layers(&MlpConfig::relu([121])).is_ok(),
            "one layer is enough"
        );
    }
}
