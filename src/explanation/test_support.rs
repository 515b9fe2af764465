//! Drawings and models of the tests.

use candle_core::{Device, Var};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use crate::{
    bitmap::Digit,
    ink::Ink,
    model::{
        Activation, Layer, LayerShape, Mlp, MlpConfig,
        file::{Metadata, Model},
    },
    synth,
};

/// Synthetic digits, 0 to 9 in turn.
pub(super) fn drawings(count: usize) -> Vec<Ink> {
    let mut rng = ChaCha8Rng::seed_from_u64(24);
    let digits = Digit::ALL.into_iter().cycle().take(count);
    digits.map(|digit| synth::digit(digit, &mut rng)).collect()
}

/// An untrained model of this shape.
pub(super) fn model(config: &MlpConfig) -> Model {
    Model {
        mlp: Mlp::new(config, 5, &Device::Cpu).expect("fits"),
        metadata: Metadata::default(),
    }
}

/// A network with the weights of tests/reference/explanation.py.
pub(super) fn formula_network(filters: &[usize], hidden: &[usize], activation: Activation) -> Mlp {
    let config = MlpConfig::relu(filters, hidden).with_activation(activation);
    let layer = |(index, shape): (usize, LayerShape)| {
        let [inputs, units] = shape.weight();
        let scale = 2.0 / (inputs as f64).sqrt();
        let weight =
            |at: usize| ((0.37 * at as f64 * at as f64 + index as f64).sin() * scale) as f32;
        let bias = |at: usize| (0.1 * (at as f64 + index as f64).sin()) as f32;
        let weights = (0..inputs * units).map(weight).collect();
        let biases = (0..units).map(bias).collect();
        Layer {
            weight: Var::from_vec(weights, (inputs, units), &Device::Cpu).expect("fits"),
            bias: Var::from_vec(biases, units, &Device::Cpu).expect("fits"),
        }
    };
    let layers = config.layers().into_iter().enumerate().map(layer).collect();
    Mlp::from_layers(config, layers).expect("fits")
}
