//! Drawings and models of the tests.

use candle_core::Device;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use crate::{
    bitmap::Digit,
    ink::Ink,
    model::{
        Mlp, MlpConfig,
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
