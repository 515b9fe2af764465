//! Activations whose slopes are kept, because what comes out of them does not tell; and other things that
//! are done element by element.

use std::f32::consts::{FRAC_1_SQRT_2, PI};

use candle_core::cpu::erf::erf_f32;
use pulp::Arch;

use super::dense;
use crate::model::Activation;

/// Applies the activation to each element, and writes its slope there.
pub(super) fn activate_with_slopes(activation: Activation, values: &mut [f32], slopes: &mut [f32]) {
    if activation == Activation::Gelu {
        for (x, slope) in values.iter_mut().zip(slopes) {
            let below = 0.5 * (1.0 + erf_f32(*x * FRAC_1_SQRT_2));
            let density = (-0.5 * *x * *x).exp() / (2.0 * PI).sqrt();
            *slope = below + *x * density;
            *x *= below;
        }
        return;
    }
    dense::activate(activation, values);
    slopes.fill(1.0);
    dense::multiply_by_slope(activation, values, slopes);
}

/// Multiplies element by element.
pub(super) fn multiply(values: &mut [f32], factors: &[f32]) {
    Arch::new().dispatch(|| {
        for (value, factor) in values.iter_mut().zip(factors) {
            *value *= factor;
        }
    });
}

/// Adds element by element.
pub(super) fn add(values: &mut [f32], others: &[f32]) {
    Arch::new().dispatch(|| {
        for (value, other) in values.iter_mut().zip(others) {
            *value += other;
        }
    });
}

/// Multiplies all by one factor.
pub(super) fn scale(values: &mut [f32], factor: f32) {
    Arch::new().dispatch(|| {
        for value in values {
            *value *= factor;
        }
    });
}

/// Adds another slice times a factor.
pub(super) fn add_scaled(sums: &mut [f32], factor: f32, values: &[f32]) {
    Arch::new().dispatch(|| {
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum += factor * value;
        }
    });
}

/// Adds the slope of `l1 |w| + l2 / 2 w²`, which is taken as 0 where w is.
pub(super) fn add_penalty(gradient: &mut [f32], weights: &[f32], l1: f32, l2: f32) {
    Arch::new().dispatch(|| {
        for (gradient, &weight) in gradient.iter_mut().zip(weights) {
            let sign = f32::from(i8::from(weight > 0.0) - i8::from(weight < 0.0));
            *gradient += l1 * sign + l2 * weight;
        }
    });
}
