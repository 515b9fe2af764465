//! The step of every optimizer over a slice of parameters whose gradients lie ready.

use pulp::Arch;

use super::adam::Adam;
use crate::training::{StepSettings, config::Optimizer};

/// A number whose size is below this is nothing: many processors compute with denormal numbers a hundred
/// times slower.
const NOTHING: f32 = 1e-30;

/// An optimizer's factors at one step.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    Descent {
        rate: f32,
        momentum: f32,
        nesterov: bool,
    },
    RmsProp {
        rate: f32,
        decay: f32,
        rest: f32,
        epsilon: f32,
    },
    Adam(Adam),
}

impl Rule {
    /// The factors of a step, counted from 1. Only weights decay.
    pub(super) fn at_step(settings: &StepSettings, step: u32, is_weight: bool) -> Self {
        let rate = settings.learning_rate as f32;
        match settings.optimizer {
            Optimizer::Sgd { momentum, nesterov } => Self::Descent {
                rate,
                momentum: momentum as f32,
                nesterov,
            },
            Optimizer::RmsProp { decay, epsilon } => Self::RmsProp {
                rate,
                decay: decay as f32,
                rest: (1.0 - decay) as f32,
                epsilon: epsilon as f32,
            },
            Optimizer::Adam { .. } | Optimizer::AdamW { .. } => {
                Self::Adam(Adam::at_step(settings, step, is_weight))
            }
        }
    }

    /// Updates parameters, and what is remembered of their gradients; the four slices have one length.
    pub(super) fn update_slice(
        self,
        parameters: &mut [f32],
        gradients: &[f32],
        first: &mut [f32],
        second: &mut [f32],
    ) {
        match self {
            Self::Adam(adam) => adam.update_slice(parameters, gradients, first, second),
            Self::Descent {
                rate,
                momentum,
                nesterov,
            } => descend(parameters, gradients, first, (rate, momentum, nesterov)),
            Self::RmsProp {
                rate,
                decay,
                rest,
                epsilon,
            } => {
                let places = parameters.iter_mut().zip(gradients).zip(second);
                Arch::new().dispatch(|| {
                    for ((parameter, gradient), square) in places {
                        let mean = decay * *square + rest * gradient * gradient;
                        *square = if mean < NOTHING { 0.0 } else { mean };
                        *parameter -= rate * gradient / (square.sqrt() + epsilon);
                    }
                });
            }
        }
    }
}

fn descend(
    parameters: &mut [f32],
    gradients: &[f32],
    velocities: &mut [f32],
    (rate, momentum, nesterov): (f32, f32, bool),
) {
    let places = parameters.iter_mut().zip(gradients).zip(velocities);
    Arch::new().dispatch(|| {
        for ((parameter, gradient), velocity) in places {
            let sum = momentum * *velocity + gradient;
            *velocity = if sum.abs() < NOTHING { 0.0 } else { sum };
            let ahead = if nesterov {
                gradient + momentum * *velocity
            } else {
                *velocity
            };
            *parameter -= rate * ahead;
        }
    });
}
