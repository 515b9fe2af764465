//! Hidden layers whose units look at small fields with shared weights: a convolutional network, written as the
//! multilayer perceptron that it is.
//!
//! Units lie in a grid, several in each place of it. Those of a place look at 5×5 places of the grid before, the
//! next ones at a field two places on, and the weights are the same in every place, as Simard, Steinkraus and Platt
//! proposed in 2003 ("Best practices for convolutional neural networks applied to visual document analysis"). A
//! layer behind these looks at all.
//!
//! Theirs are grids of 13×13 and 5×5 places, which look at the whole picture and beyond. Here they have 11×11 and
//! 4×4, which look at the 25×25 pixels about the center of mass, since a normalized digit seldom has ink outside:
//! so more units in each place go into as many weights.
//!
//! The network keeps all of its weights, `[in, out]`, most of them 0, so that its file is as any other's. What is
//! learned are the shared weights alone, `[25 · channels in, channels out]`.

use candle_core::Tensor;

use crate::{
    bitmap::SIDE,
    error::Refusal,
    model::{Mlp, MlpConfig},
};

/// The side of a field.
const FIELD: usize = 5;
/// From one field to the next.
const STRIDE: usize = 2;
/// For each layer of fields: the side of its grid, and where its first field begins in the grid that it looks at.
const GRIDS: [(usize, usize); 2] = [(11, 2), (4, 0)];
/// The positions of each convolutional layer: a filter has as many units.
pub(in crate::training) const POSITIONS: [usize; 2] =
    [GRIDS[0].0 * GRIDS[0].0, GRIDS[1].0 * GRIDS[1].0];

/// A hidden layer of fields.
#[derive(Clone, Debug)]
pub(in crate::training) struct ConvLayer {
    channels_in: usize,
    /// Units in each place.
    channels: usize,
    /// The places of the layer.
    places: usize,
    runs: Vec<Run>,
}

/// Inputs that lie together in a place's field: a row of it.
#[derive(Clone, Copy, Debug)]
struct Run {
    place: usize,
    /// The first of these among the field's inputs.
    within: usize,
    /// The first of these among all inputs.
    input: usize,
}

/// The layers of fields that a network begins with, as many as there may be.
///
/// # Errors
/// When there is no hidden layer, or one has no whole number of units in each place.
pub(in crate::training) fn conv_layers(config: &MlpConfig) -> Result<Vec<ConvLayer>, Refusal> {
    let mut layers: Vec<ConvLayer> = Vec::new();
    let (mut side_in, mut channels_in) = (SIDE, 1);
    for (&width, (side, first)) in config.hidden().iter().zip(GRIDS) {
        let places = side * side;
        if width % places != 0 {
            return Err(refused(
                format!("a hidden layer of {width} units"),
                format!("a multiple of {places}, for {side} × {side} fields"),
            ));
        }
        let channels = width / places;
        layers.push(ConvLayer {
            channels_in,
            channels,
            places,
            runs: runs((side_in, channels_in), (side, first)),
        });
        (side_in, channels_in) = (side, channels);
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

fn runs((side_in, channels_in): (usize, usize), (side, first): (usize, usize)) -> Vec<Run> {
    let places = 0..side * side;
    let rows = places.flat_map(|place| (0..FIELD).map(move |row| (place, row)));
    let run = |(place, row)| {
        let [down, along] = [place / side, place % side].map(|place| first + place * STRIDE);
        Run {
            place,
            within: row * FIELD * channels_in,
            input: ((down + row) * side_in + along) * channels_in,
        }
    };
    rows.map(run).collect()
}

impl ConvLayer {
    /// Inputs of a whole field.
    pub(in crate::training) fn field(&self) -> usize {
        FIELD * FIELD * self.channels_in
    }

    /// The places of the layer.
    pub(in crate::training) fn places(&self) -> usize {
        self.places
    }

    /// Inputs of a run.
    fn run(&self) -> usize {
        FIELD * self.channels_in
    }

    /// Copies what each place looks at out of one example's inputs: `[places, field]`.
    pub(in crate::training) fn gather(&self, inputs: &[f32], seen: &mut [f32]) {
        let (field, len) = (self.field(), self.run());
        for run in &self.runs {
            let start = run.place * field + run.within;
            seen[start..start + len].copy_from_slice(&inputs[run.input..run.input + len]);
        }
    }

    /// Adds what belongs to each place's field to where it came from: the reverse of [`ConvLayer::gather`].
    pub(in crate::training) fn scatter_add(&self, seen: &[f32], inputs: &mut [f32]) {
        let (field, len) = (self.field(), self.run());
        for run in &self.runs {
            let start = run.place * field + run.within;
            let places = &mut inputs[run.input..run.input + len];
            for (input, value) in places.iter_mut().zip(&seen[start..start + len]) {
                *input += value;
            }
        }
    }

    /// Shared weights: inputs of a whole field, and units in each place.
    pub(in crate::training) fn shape(&self) -> (usize, usize) {
        (self.field(), self.channels)
    }

    /// For each weight of a layer with so many inputs, and for each bias, which of the shared ones it is; weights that
    /// are 0 are the one behind the last.
    pub(in crate::training) fn places_of(&self, inputs: usize) -> [Vec<u32>; 2] {
        let shared: Vec<u32> = (0..=(self.field() * self.channels) as u32).collect();
        let width = self.places * self.channels;
        let mut weight = vec![shared[shared.len() - 1]; inputs * width];
        let mut bias = vec![0; width];
        self.spread(&shared, &mut weight);
        self.spread_bias(&shared[..self.channels], &mut bias);
        [weight, bias]
    }

    /// The shared weights and biases out of a layer's: those of the first place.
    pub(in crate::training) fn shared(&self, weight: &[f32], bias: &[f32]) -> [Vec<f32>; 2] {
        let (width, channels) = (self.places * self.channels, self.channels);
        let mut shared = vec![0.0; self.field() * channels];
        for run in self.runs.iter().filter(|run| run.place == 0) {
            for step in 0..self.run() {
                let from = (run.input + step) * width;
                let to = (run.within + step) * channels;
                shared[to..to + channels].copy_from_slice(&weight[from..from + channels]);
            }
        }
        [shared, bias[..channels].to_vec()]
    }

    /// Writes shared weights to all places of a layer's where they belong; the others stay.
    pub(in crate::training) fn spread<T: Copy>(&self, shared: &[T], weight: &mut [T]) {
        let (width, channels) = (self.places * self.channels, self.channels);
        for run in &self.runs {
            for step in 0..self.run() {
                let from = (run.within + step) * channels;
                let to = (run.input + step) * width + run.place * channels;
                weight[to..to + channels].copy_from_slice(&shared[from..from + channels]);
            }
        }
    }

    /// Writes shared biases to all places.
    pub(in crate::training) fn spread_bias<T: Copy>(&self, shared: &[T], bias: &mut [T]) {
        for bias in bias.chunks_exact_mut(self.channels) {
            bias.copy_from_slice(shared);
        }
    }
}

/// How many numbers of each kind are learned: weights and biases of each layer in turn, shared ones once.
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

/// Whether a network has, in each of these layers, the same weights in every place, and 0 elsewhere.
pub(in crate::training) fn is_convolutional(
    mlp: &Mlp,
    layers: &[ConvLayer],
) -> candle_core::Result<bool> {
    for (layer, dense) in layers.iter().zip(mlp.layers()) {
        let weight: Vec<f32> = dense.weight.flatten_all()?.to_vec1()?;
        let bias: Vec<f32> = dense.bias.to_vec1()?;
        let [shared, shared_bias] = layer.shared(&weight, &bias);
        let mut same = (vec![0.0; weight.len()], vec![0.0; bias.len()]);
        layer.spread(&shared, &mut same.0);
        layer.spread_bias(&shared_bias, &mut same.1);
        if same != (weight, bias) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Makes a fresh network one of fields: weights within them are uniform in ±√(6 / inputs of a field), as He and
/// others proposed in 2015 for ReLU, and the others are 0.
pub(in crate::training) fn begin(mlp: &Mlp, layers: &[ConvLayer]) -> candle_core::Result<()> {
    for (layer, dense) in layers.iter().zip(mlp.layers()) {
        let (inputs, width) = dense.weight.dims2()?;
        let mut weight: Vec<f32> = dense.weight.flatten_all()?.to_vec1()?;
        let mut bias: Vec<f32> = dense.bias.to_vec1()?;
        let [mut shared, _] = layer.shared(&weight, &bias);
        // They were drawn for a layer whose units look at all.
        let wider = ((inputs + width) as f32 / layer.field() as f32).sqrt();
        for value in &mut shared {
            *value *= wider;
        }
        weight.fill(0.0);
        layer.spread(&shared, &mut weight);
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
        conv_layers(&MlpConfig::relu(hidden)).expect("whole numbers of units")
    }

    #[test]
    fn fields_lie_two_apart_about_the_centre_of_mass() {
        let layers = layers(&[2 * 121, 3 * 16, 7]);
        assert_eq!(layers.len(), 2, "what is behind looks at all");
        // Of each layer: the place, and first and last row and column of what it looks at.
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
        for (layer, place, expected, reason) in cases {
            let (side, channels) = [(28, 1), (11, 2)][layer];
            let fields = &layers[layer];
            let inputs: Vec<f32> = (1..=side * side * channels).map(|i| i as f32).collect();
            let mut seen = vec![0.0; fields.places() * fields.field()];
            fields.gather(&inputs, &mut seen);
            let field = &seen[place * fields.field()..][..fields.field()];
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
    fn adding_back_is_the_reverse_of_gathering() {
        // ⟨gather(x), y⟩ = ⟨x, scatter_add(y)⟩, for each input and each thing seen.
        for fields in layers(&[2 * 121, 3 * 16]) {
            let inputs = if fields.field() == 25 {
                28 * 28
            } else {
                2 * 121
            };
            let len = fields.places() * fields.field();
            let x: Vec<f32> = (0..inputs).map(|i| (i % 7) as f32 - 3.0).collect();
            let y: Vec<f32> = (0..len).map(|i| (i % 11) as f32 - 5.0).collect();
            let (mut seen, mut back) = (vec![0.0; len], vec![0.0; inputs]);
            fields.gather(&x, &mut seen);
            fields.scatter_add(&y, &mut back);
            let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            assert_eq!(
                product(&seen, &y),
                product(&x, &back),
                "whole numbers, so exactly"
            );
        }
    }

    #[test]
    fn shared_weights_come_back_from_where_they_were_spread() {
        for fields in layers(&[2 * 121, 3 * 16]) {
            let (field, channels) = fields.shape();
            let inputs = if field == 25 { 28 * 28 } else { 2 * 121 };
            let width = fields.places() * channels;
            let shared: Vec<f32> = (1..=field * channels).map(|i| i as f32).collect();
            let biases: Vec<f32> = (1..=channels).map(|i| -(i as f32)).collect();
            let (mut weight, mut bias) = (vec![0.0; inputs * width], vec![0.0; width]);
            fields.spread(&shared, &mut weight);
            fields.spread_bias(&biases, &mut bias);
            assert_eq!(
                fields.shared(&weight, &bias),
                [shared.clone(), biases],
                "as they were"
            );
            let [places, _] = fields.places_of(inputs);
            let named = places
                .iter()
                .map(|&place| shared.get(place as usize).copied().unwrap_or(0.0));
            assert!(
                named.eq(weight.iter().copied()),
                "each weight is the one that it is said to be"
            );
        }
    }

    #[test]
    fn layers_without_whole_places_are_refused() {
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
