//! Adam's step over a slice of parameters, in one pass.
#![expect(
    clippy::inline_always,
    reason = "a vector kernel is compiled into each instruction set's copy of its caller"
)]

use pulp::{Arch, Simd, WithSimd};

use super::super::autograd::{BETA1, BETA2, EPSILON};

/// Adam's factors at one step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Adam {
    /// The learning rate, corrected for both moments' start at zero.
    rate: f32,
    /// What a parameter is multiplied by before its step: 1, less the decoupled weight decay.
    keep: f32,
}

impl Adam {
    /// The factors of a step, counted from 1. `decay` is AdamW's, as Loshchilov and Hutter (2019)
    /// define it: the part of each weight that a step at a learning rate of 1 takes away.
    pub(super) fn at_step(step: i32, learning_rate: f64, decay: f64) -> Self {
        let correction = (1.0 - BETA2.powi(step)).sqrt() / (1.0 - BETA1.powi(step));
        Self {
            rate: (learning_rate * correction) as f32,
            keep: (1.0 - learning_rate * decay) as f32,
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
        let splat = |x: f64| simd.splat_f32s(x as f32);
        let first = simd.mul_add_e_f32s(
            splat(BETA1),
            first,
            simd.mul_f32s(splat(1.0 - BETA1), gradient),
        );
        // The moment of a pixel that is seldom lit decays into numbers that many processors
        // compute a hundred times slower with. They are nothing: let them be it.
        let tiny = simd.less_than_f32s(simd.abs_f32s(first), splat(1e-30));
        let first = simd.select_f32s(tiny, splat(0.0), first);
        let second = simd.mul_add_e_f32s(
            splat(BETA2),
            second,
            simd.mul_f32s(simd.mul_f32s(splat(1.0 - BETA2), gradient), gradient),
        );
        let step = simd.div_f32s(
            simd.mul_f32s(simd.splat_f32s(self.rate), first),
            simd.add_f32s(simd.sqrt_f32s(second), splat(EPSILON)),
        );
        let kept = simd.mul_f32s(simd.splat_f32s(self.keep), parameter);
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
