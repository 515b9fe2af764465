//! Adam's step over a slice of parameters, in one pass.
#![expect(
    clippy::inline_always,
    reason = "a vector kernel is compiled into each instruction set's copy of its caller"
)]

use pulp::{Arch, Simd, WithSimd};

use crate::training::{StepSettings, config::Optimizer, step::autograd::adam_correction};

/// Adam's factors at one step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Adam {
    /// The learning rate, corrected for both moments' start at zero.
    rate: f32,
    /// What a parameter is multiplied by before its step: 1, less the decoupled weight decay.
    keep: f32,
    /// The decays of the two moments, and what they leave for the gradient.
    beta1: f32,
    rest1: f32,
    beta2: f32,
    rest2: f32,
    epsilon: f32,
}

impl Adam {
    /// The factors of a step, counted from 1; of the usual Adam where the optimizer is another one. Only
    /// weights decay.
    pub(super) fn at_step(settings: &StepSettings, step: u32, is_weight: bool) -> Self {
        let (Optimizer::Adam {
            beta1,
            beta2,
            epsilon,
        }
        | Optimizer::AdamW {
            beta1,
            beta2,
            epsilon,
            ..
        }) = settings.optimizer
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
        // The moment of a pixel that is seldom lit decays into numbers that many processors
        // compute a hundred times slower with. They are nothing: let them be it.
        let tiny = simd.less_than_f32s(simd.abs_f32s(first), splat(1e-30));
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

    /// Updates parameters whose gradients lie ready; the four slices have one length.
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
