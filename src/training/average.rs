//! A running mean of the weights, which wander less than the weights themselves (Polyak and Juditsky 1992).

use rayon::prelude::*;

use super::step::cpu::parameters::{self, Values};
use crate::{error::ModelError, model::Mlp};

/// Numbers that one thread takes at once.
const AT_ONCE: usize = 1 << 17;

/// A running mean of a network's parameters.
#[derive(Debug)]
pub(super) struct Average {
    mlp: Mlp,
    decay: f64,
    updates: u32,
}

impl Average {
    /// Begins with the parameters as they are.
    pub(super) fn new(learning: &Mlp, decay: f64) -> Result<Self, ModelError> {
        Ok(Self {
            mlp: learning.copy()?,
            decay,
            updates: 0,
        })
    }

    /// Goes on with a mean of so many updates.
    pub(super) fn resumed(mlp: Mlp, decay: f64, updates: u32) -> Self {
        Self {
            mlp,
            decay,
            updates,
        }
    }

    /// The network of the mean.
    pub(super) fn mlp(&self) -> &Mlp {
        &self.mlp
    }

    /// How often it was updated.
    pub(super) fn updates(&self) -> u32 {
        self.updates
    }

    /// Takes the parameters in after a step. Young means forget quicker, as in TensorFlow's
    /// `ExponentialMovingAverage`: else the first weights, which know nothing, would stay in it for long.
    pub(super) fn update(&mut self, learning: &Mlp) -> candle_core::Result<()> {
        let updates = f64::from(self.updates);
        let decay = self.decay.min((1.0 + updates) / (10.0 + updates));
        self.updates += 1;
        for (mean, parameter) in self.mlp.parameters().zip(learning.parameters()) {
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
                    mean.par_chunks_mut(AT_ONCE)
                        .zip(values.par_chunks(AT_ONCE))
                        .for_each(|(mean, values)| approach(mean, values, part));
                }
            })?;
        }
        Ok(())
    }
}

/// Moves each number that part of the way to another.
fn approach(numbers: &mut [f32], targets: &[f32], part: f32) {
    pulp::Arch::new().dispatch(|| {
        for (number, target) in numbers.iter_mut().zip(targets) {
            *number += (target - *number) * part;
        }
    });
}
