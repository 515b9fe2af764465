//! One step of an optimizer over a slice of parameters, in one pass.
#![expect(
    clippy::inline_always,
    reason = "a vector kernel is compiled into each instruction set's copy of its caller"
)]

use pulp::{Arch, Simd, WithSimd};

use crate::training::{StepSettings, config::Optimizer, step::autograd::adam_correction};

/// Smaller numbers become 0: many processors compute a hundred times slower with denormal numbers.
const NEGLIGIBLE: f32 = 1e-30;

/// The factors of an optimizer at one step.
#[derive(Clone, Copy, Debug)]
pub(super) enum UpdateRule {
    Sgd {
        rate: f32,
        momentum: f32,
    },
    RmsProp {
        rate: f32,
        decay: f32,
        rest: f32,
        epsilon: f32,
    },
    Adam(Adam),
}

impl UpdateRule {
    /// The factors of a step, counted from 1. Only weights decay.
    pub(super) fn at_step(settings: &StepSettings, step: u32, is_weight: bool) -> Self {
        let rate = settings.learning_rate as f32;
        match settings.optimizer {
            Optimizer::Sgd { momentum } => Self::Sgd {
                rate,
                momentum: momentum as f32,
            },
            Optimizer::RmsProp { decay, epsilon } => Self::RmsProp {
                rate,
                decay: decay as f32,
                rest: (1.0 - decay) as f32,
                epsilon: epsilon as f32,
            },
            Optimizer::Adam { .. } => Self::Adam(Adam::at_step(settings, step, is_weight)),
        }
    }

    /// Updates parameters and the two moments of the optimizer. All slices have the same length.
    pub(super) fn update_slice(
        self,
        parameters: &mut [f32],
        gradients: &[f32],
        first: &mut [f32],
        second: &mut [f32],
    ) {
        match self {
            Self::Adam(adam) => adam.update_slice(parameters, gradients, first, second),
            Self::Sgd { rate, momentum } => {
                let elements = parameters.iter_mut().zip(gradients).zip(first);
                Arch::new().dispatch(|| {
                    for ((parameter, gradient), velocity) in elements {
                        let sum = momentum * *velocity + gradient;
                        *velocity = if sum.abs() < NEGLIGIBLE { 0.0 } else { sum };
                        *parameter -= rate * *velocity;
                    }
                });
            }
            Self::RmsProp {
                rate,
                decay,
                rest,
                epsilon,
            } => {
                let elements = parameters.iter_mut().zip(gradients).zip(second);
                Arch::new().dispatch(|| {
                    for ((parameter, gradient), square) in elements {
                        let mean = decay * *square + rest * gradient * gradient;
                        *square = if mean < NEGLIGIBLE { 0.0 } else { mean };
                        *parameter -= rate * gradient / (square.sqrt() + epsilon);
                    }
                });
            }
        }
    }
}

/// The factors of Adam at one step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Adam {
    /// The learning rate with the bias correction of both moments.
    rate: f32,
    /// 1 − learning rate · decoupled weight decay: the factor of a parameter before its step.
    keep: f32,
    /// The decay of each moment, and its complement.
    beta1: f32,
    rest1: f32,
    beta2: f32,
    rest2: f32,
    epsilon: f32,
}

impl Adam {
    /// The factors of a step, counted from 1; those of the default Adam for another optimizer. Only weights decay.
    pub(super) fn at_step(settings: &StepSettings, step: u32, is_weight: bool) -> Self {
        let Optimizer::Adam {
            beta1,
            beta2,
            epsilon,
            ..
        } = settings.optimizer
        else {
            let optimizer = Optimizer::ADAM;
            let settings = StepSettings {
                optimizer,
                ..*settings
            };
            return Self::at_step(&settings, step, is_weight);
        };
        let decay = if is_weight {
            settings.optimizer.weight_decay()
        } else {
            0.0
        };
        let rate = settings.learning_rate;
        Self {
            rate: (rate * adam_correction(beta1, beta2, step)) as f32,
            keep: (1.0 - rate * decay) as f32,
            beta1: beta1 as f32,
            rest1: (1.0 - beta1) as f32,
            beta2: beta2 as f32,
            rest2: (1.0 - beta2) as f32,
            epsilon: epsilon as f32,
        }
    }

    /// Whether a step changes a parameter even without a gradient.
    pub(super) fn decays(self) -> bool {
        self.keep < 1.0
    }

    /// Updates one vector of parameters: its new value and its new moments.
    #[inline(always)]
    pub(super) fn update<S: Simd>(
        self,
        simd: S,
        parameter: S::f32s,
        gradient: S::f32s,
        first: S::f32s,
        second: S::f32s,
    ) -> (S::f32s, S::f32s, S::f32s) {
        let splat = |x: f32| simd.splat_f32s(x);
        let first = simd.mul_add_e_f32s(
            splat(self.beta1),
            first,
            simd.mul_f32s(splat(self.rest1), gradient),
        );
        let tiny = simd.less_than_f32s(simd.abs_f32s(first), splat(NEGLIGIBLE));
        let first = simd.select_f32s(tiny, splat(0.0), first);
        let second = simd.mul_add_e_f32s(
            splat(self.beta2),
            second,
            simd.mul_f32s(simd.mul_f32s(splat(self.rest2), gradient), gradient),
        );
        let step = simd.div_f32s(
            simd.mul_f32s(splat(self.rate), first),
            simd.add_f32s(simd.sqrt_f32s(second), splat(self.epsilon)),
        );
        let kept = simd.mul_f32s(splat(self.keep), parameter);
        (simd.sub_f32s(kept, step), first, second)
    }

    /// As [`UpdateRule::update_slice`].
    pub(super) fn update_slice(
        self,
        parameters: &mut [f32],
        gradients: &[f32],
        first: &mut [f32],
        second: &mut [f32],
    ) {
        Arch::new().dispatch(UpdateSlice {
            adam: self,
            parameters,
            gradients,
            first,
            second,
        });
    }
}

struct UpdateSlice<'a> {
    adam: Adam,
    parameters: &'a mut [f32],
    gradients: &'a [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
}

impl WithSimd for UpdateSlice<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let lanes = S::F32_LANES;
        let chunks = self
            .parameters
            .chunks_mut(lanes)
            .zip(self.gradients.chunks(lanes))
            .zip(
                self.first
                    .chunks_mut(lanes)
                    .zip(self.second.chunks_mut(lanes)),
            );
        for ((parameter, gradient), (first, second)) in chunks {
            let (p, m, v) = self.adam.update(
                simd,
                simd.partial_load_f32s(parameter),
                simd.partial_load_f32s(gradient),
                simd.partial_load_f32s(first),
                simd.partial_load_f32s(second),
            );
            simd.partial_store_f32s(parameter, p);
            simd.partial_store_f32s(first, m);
            simd.partial_store_f32s(second, v);
        }
    }
}
