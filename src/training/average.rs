//! An exponential moving average of the weights, which varies less than the weights (Polyak and Juditsky 1992).

use rayon::prelude::*;

use crate::{
    error::ModelError,
    model::{
        Mlp,
        parameters::{self, Values},
    },
};

/// Numbers of one task of a thread.
const CHUNK: usize = 1 << 17;

/// An exponential moving average of a network's parameters.
#[derive(Debug)]
pub(super) struct Average {
    mlp: Mlp,
    decay: f64,
    updates: u32,
}

impl Average {
    /// Starts with the current parameters.
    pub(super) fn new(trained: &Mlp, decay: f64) -> Result<Self, ModelError> {
        Ok(Self {
            mlp: trained.copy()?,
            decay,
            updates: 0,
        })
    }

    /// Continues an average after some updates.
    pub(super) fn resumed(mlp: Mlp, decay: f64, updates: u32) -> Self {
        Self {
            mlp,
            decay,
            updates,
        }
    }

    /// The averaged network.
    pub(super) fn mlp(&self) -> &Mlp {
        &self.mlp
    }

    /// The number of updates.
    pub(super) fn updates(&self) -> u32 {
        self.updates
    }

    /// Adds the parameters after a step. The decay grows with the number of updates, as in TensorFlow's
    /// `ExponentialMovingAverage`, so that the random initial weights disappear soon.
    pub(super) fn update(&mut self, trained: &Mlp) -> candle_core::Result<()> {
        let updates = f64::from(self.updates);
        let decay = self.decay.min((1.0 + updates) / (10.0 + updates));
        self.updates += 1;
        for (mean, parameter) in self.mlp.parameters().zip(trained.parameters()) {
            if !parameter.device().is_cpu() {
                mean.set(
                    &((mean.as_tensor() * decay)? + (parameter.as_tensor() * (1.0 - decay))?)?,
                )?;
                continue;
            }
            let values = Values::of(parameter)?;
            let values = values.as_slice()?;
            let part = (1.0 - decay) as f32;
            parameters::write_all(&[mean], &mut |means| {
                for mean in means {
                    mean.par_chunks_mut(CHUNK)
                        .zip(values.par_chunks(CHUNK))
                        .for_each(|(mean, values)| approach(mean, values, part));
                }
            })?;
        }
        Ok(())
    }
}

/// Moves each number to its target by the fraction `part`.
fn approach(numbers: &mut [f32], targets: &[f32], part: f32) {
    pulp::Arch::new().dispatch(|| {
        for (number, target) in numbers.iter_mut().zip(targets) {
            *number += (target - *number) * part;
        }
    });
}
