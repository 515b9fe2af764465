//! Matrix products and elementwise operations on the CPU.

use std::f32::consts::{FRAC_1_SQRT_2, PI};

use candle_core::cpu::erf::erf_f32;
use gemm::Parallelism;
use pulp::Arch;

use super::Activation;

/// A matrix in a slice.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// `values`, row by row.
    pub(crate) fn by_rows(values: &'a [f32], columns: usize) -> Self {
        debug_assert_eq!(values.len() % columns, 0, "whole rows");
        Self {
            values,
            rows: values.len() / columns,
            columns,
            row_stride: columns,
            column_stride: 1,
        }
    }

    /// The columns of a range, which is not empty.
    pub(crate) fn columns(self, range: std::ops::Range<usize>) -> Self {
        let values = &self.values[range.start * self.column_stride..];
        Self {
            values,
            columns: range.len(),
            ..self
        }
    }

    pub(crate) fn transposed(self) -> Self {
        Self {
            values: self.values,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }

    /// The offset behind the last element.
    fn extent(self) -> usize {
        if self.rows == 0 || self.columns == 0 {
            return 0;
        }
        (self.rows - 1) * self.row_stride + (self.columns - 1) * self.column_stride + 1
    }
}

/// Writes or adds `lhs · rhs` to a row-major matrix, on the calling thread.
pub(crate) fn multiply(destination: &mut [f32], lhs: Matrix, rhs: Matrix, add: bool) {
    assert_eq!(lhs.columns, rhs.rows, "the inner dimensions agree");
    assert_eq!(
        destination.len(),
        lhs.rows * rhs.columns,
        "the destination has their size"
    );
    assert!(
        lhs.extent() <= lhs.values.len(),
        "the left matrix fits its slice"
    );
    assert!(
        rhs.extent() <= rhs.values.len(),
        "the right matrix fits its slice"
    );
    #[expect(
        unsafe_code,
        reason = "gemm takes pointers; the assertions above bound every access"
    )]
    // SAFETY: `gemm` reads rows × columns elements of each operand at its strides, and writes rows × columns elements
    // of the destination. The assertions keep all of them inside the slices. The mutable borrow of the destination
    // excludes an overlap.
    unsafe {
        gemm::gemm(
            lhs.rows,
            rhs.columns,
            lhs.columns,
            destination.as_mut_ptr(),
            1,
            rhs.columns as isize,
            add,
            lhs.values.as_ptr(),
            lhs.column_stride as isize,
            lhs.row_stride as isize,
            rhs.values.as_ptr(),
            rhs.column_stride as isize,
            rhs.row_stride as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

/// [`Activation::LEAK`] as `f32`.
const LEAK: f32 = Activation::LEAK as f32;

/// Applies the activation to each element.
pub(crate) fn activate(activation: Activation, values: &mut [f32]) {
    match activation {
        Activation::Sigmoid => values
            .iter_mut()
            .for_each(|x| *x = 1.0 / (1.0 + (-*x).exp())),
        Activation::Tanh => values.iter_mut().for_each(|x| *x = x.tanh()),
        Activation::Relu => Arch::new().dispatch(|| {
            for x in values {
                *x = x.max(0.0);
            }
        }),
        Activation::LeakyRelu => Arch::new().dispatch(|| {
            for x in values {
                *x = if *x > 0.0 { *x } else { LEAK * *x };
            }
        }),
        Activation::Gelu => values
            .iter_mut()
            .for_each(|x| *x *= 0.5 * (1.0 + erf_f32(*x * FRAC_1_SQRT_2))),
    }
}

/// Multiplies gradients by the slope of the activation at its outputs `values`. Not for GELU, whose slope does not follow
/// from its output: see [`activate_with_slopes`].
pub(crate) fn multiply_by_slope(activation: Activation, values: &[f32], gradients: &mut [f32]) {
    let pairs = gradients.iter_mut().zip(values);
    Arch::new().dispatch(|| match activation {
        Activation::Sigmoid => pairs.for_each(|(gradient, y)| *gradient *= y * (1.0 - y)),
        Activation::Tanh => pairs.for_each(|(gradient, y)| *gradient *= 1.0 - y * y),
        Activation::Relu => {
            pairs.for_each(|(gradient, &y)| *gradient = if y > 0.0 { *gradient } else { 0.0 });
        }
        Activation::LeakyRelu => {
            pairs.for_each(|(gradient, &y)| *gradient *= if y > 0.0 { 1.0 } else { LEAK });
        }
        Activation::Gelu => debug_assert!(false, "its slopes are stored"),
    });
}

/// Sums the rows of a row-major matrix.
pub(crate) fn sum_rows(values: &[f32], sums: &mut [f32]) {
    Arch::new().dispatch(|| {
        sums.fill(0.0);
        for row in values.chunks_exact(sums.len()) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += value;
            }
        }
    });
}

/// Applies the activation to each element and writes its slope.
pub(crate) fn activate_with_slopes(activation: Activation, values: &mut [f32], slopes: &mut [f32]) {
    if activation == Activation::Gelu {
        for (x, slope) in values.iter_mut().zip(slopes) {
            let below = 0.5 * (1.0 + erf_f32(*x * FRAC_1_SQRT_2));
            let density = (-0.5 * *x * *x).exp() / (2.0 * PI).sqrt();
            *slope = below + *x * density;
            *x *= below;
        }
        return;
    }
    activate(activation, values);
    slopes.fill(1.0);
    multiply_by_slope(activation, values, slopes);
}

/// Multiplies element by element.
pub(crate) fn multiply_elementwise(values: &mut [f32], factors: &[f32]) {
    Arch::new().dispatch(|| {
        for (value, factor) in values.iter_mut().zip(factors) {
            *value *= factor;
        }
    });
}

/// Adds element by element.
pub(crate) fn add(values: &mut [f32], others: &[f32]) {
    Arch::new().dispatch(|| {
        for (value, other) in values.iter_mut().zip(others) {
            *value += other;
        }
    });
}

/// Multiplies by one factor.
pub(crate) fn scale(values: &mut [f32], factor: f32) {
    Arch::new().dispatch(|| {
        for value in values {
            *value *= factor;
        }
    });
}

/// Adds another slice times a factor.
pub(crate) fn add_scaled(sums: &mut [f32], factor: f32, values: &[f32]) {
    Arch::new().dispatch(|| {
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum += factor * value;
        }
    });
}

/// Adds the gradient of `l1 |w| + l2 / 2 w²`; that of |w| is 0 at 0.
pub(crate) fn add_penalty(gradient: &mut [f32], weights: &[f32], l1: f32, l2: f32) {
    Arch::new().dispatch(|| {
        for (gradient, &weight) in gradient.iter_mut().zip(weights) {
            let sign = f32::from(i8::from(weight > 0.0) - i8::from(weight < 0.0));
            *gradient += l1 * sign + l2 * weight;
        }
    });
}
