//! A map of images: the plane through their features in which they differ most.

use crate::model::kernels::{self, Matrix};

/// The number of axes.
const AXES: usize = 2;
/// The rounds after which the search for the axes ends at the latest.
const MAX_ROUNDS: usize = 200;
/// The change of the axes in a round that ends the search: far below a pixel.
const TOLERANCE: f32 = 1e-4;

/// The plane of the two largest principal components (Pearson 1901, "On lines and planes of closest fit to systems of
/// points in space").
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    mean: Vec<f32>,
    axes: [Vec<f32>; AXES],
    /// The share of the variance along each axis, 0..=1.
    pub variance: [f32; AXES],
}

impl Plane {
    /// The plane of some rows, `[n, width]`, which are centered. The largest loading of an axis is positive, so that the
    /// same rows give the same plane.
    ///
    /// The axes come from orthogonal iteration: multiply by the covariance matrix, make the axes orthonormal, repeat.
    pub fn of(rows: &mut [f32], width: usize) -> Self {
        let count = rows.len() / width;
        let mut mean = vec![0.0; width];
        kernels::sum_rows(rows, &mut mean);
        kernels::scale(&mut mean, 1.0 / count.max(1) as f32);
        for row in rows.chunks_exact_mut(width) {
            kernels::add_scaled(row, -1.0, &mean);
        }
        let total: f64 = rows.iter().map(|&value| f64::from(value).powi(2)).sum();
        // Any start that is not orthogonal to the axes.
        let start =
            |axis: usize| (0..width).map(move |at| ((at + 1) as f32 * (axis + 1) as f32).sin());
        let mut axes = [start(0).collect(), start(1).collect()];
        make_orthonormal(&mut axes);
        let mut sizes = [0.0; AXES];
        for _ in 0..MAX_ROUNDS {
            let before = axes.clone();
            for (axis, size) in axes.iter_mut().zip(&mut sizes) {
                *size = multiply_by_covariance(rows, axis);
            }
            make_orthonormal(&mut axes);
            let is_settled = axes.iter().zip(&before).all(|(axis, before)| {
                let change = axis.iter().zip(before).map(|(a, b)| (a - b).abs());
                change.fold(0.0, f32::max) < TOLERANCE / (width as f32).sqrt()
            });
            if is_settled {
                break;
            }
        }
        for axis in &mut axes {
            let largest = axis
                .iter()
                .copied()
                .max_by(|a, b| a.abs().total_cmp(&b.abs()));
            if largest.is_some_and(|largest| largest < 0.0) {
                kernels::scale(axis, -1.0);
            }
        }
        let variance = sizes.map(|size| {
            if total > 0.0 {
                (size / total) as f32
            } else {
                0.0
            }
        });
        Self {
            mean,
            axes,
            variance,
        }
    }

    /// The point of a row in the plane.
    pub fn point(&self, row: &[f32]) -> [f32; AXES] {
        let mut row = row.to_vec();
        kernels::add_scaled(&mut row, -1.0, &self.mean);
        self.point_of_centered(&row)
    }

    /// The point of a row from which the mean is subtracted.
    pub(crate) fn point_of_centered(&self, row: &[f32]) -> [f32; AXES] {
        self.axes.each_ref().map(|axis| dot(row, axis))
    }
}

/// Replaces an axis by the rows' scatter matrix times it. Returns the sum of squares along the axis.
fn multiply_by_covariance(rows: &[f32], axis: &mut [f32]) -> f64 {
    let matrix = Matrix::by_rows(rows, axis.len());
    let mut along = vec![0.0; rows.len() / axis.len()];
    kernels::multiply(&mut along, matrix, Matrix::by_rows(axis, 1), false);
    kernels::multiply(axis, matrix.transposed(), Matrix::by_rows(&along, 1), false);
    along.iter().map(|&value| f64::from(value).powi(2)).sum()
}

/// Makes the axes orthonormal by Gram and Schmidt's method.
fn make_orthonormal([first, second]: &mut [Vec<f32>; AXES]) {
    normalize(first);
    // Twice, because a nearly parallel axis loses digits.
    for _ in 0..2 {
        let along = dot(first, second);
        kernels::add_scaled(second, -along, first);
        normalize(second);
    }
}

fn normalize(axis: &mut [f32]) {
    let length = dot(axis, axis).sqrt();
    if length > 0.0 {
        kernels::scale(axis, 1.0 / length);
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests;
