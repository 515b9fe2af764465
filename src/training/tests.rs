//! The training held to other implementations, and to its own promises.

mod fused;
mod reference;
mod run;

use candle_core::Device;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::{
    batch::{Batch, SparseImages},
    *,
};
use crate::{
    bitmap::PIXELS,
    dataset::Examples,
    model::{Activation, MlpConfig},
};

/// Every weight and bias, layer by layer.
fn parameters(mlp: &Mlp) -> Vec<f32> {
    let values = mlp.parameters().map(|tensor| {
        let flat = tensor.flatten_all().expect("has elements");
        flat.to_vec1::<f32>().expect("holds f32")
    });
    values.flatten().collect()
}
