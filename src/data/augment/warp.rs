//! Resampling of an image. Every training step depends on its speed, so it works row by row, which compiles to vector
//! instructions.
#![expect(
    clippy::inline_always,
    reason = "pulp compiles a copy of the caller for each instruction set; its parts must be in it"
)]

use pulp::{Arch, Simd, WithSimd};
use rand::Rng;

use crate::bitmap::{PIXELS, SIDE};

/// From an output pixel to its source, about the center: subtract the shift, then multiply by the matrix.
pub(super) struct InverseTransform {
    pub(super) xx: f32,
    pub(super) xy: f32,
    pub(super) yx: f32,
    pub(super) yy: f32,
    pub(super) shift_x: f32,
    pub(super) shift_y: f32,
}

/// Thickens strokes by this many pixels on each side, -1..=1. Then takes every pixel from its displaced source.
pub(super) fn warp(
    image: &[u8; PIXELS],
    thickening_px: f32,
    inverse: &InverseTransform,
    field: Option<&DisplacementField>,
) -> [u8; PIXELS] {
    Arch::new().dispatch(Warp {
        image,
        thickening_px,
        inverse,
        field,
    })
}

struct Warp<'a> {
    image: &'a [u8; PIXELS],
    thickening_px: f32,
    inverse: &'a InverseTransform,
    field: Option<&'a DisplacementField>,
}

impl WithSimd for Warp<'_> {
    type Output = [u8; PIXELS];

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> [u8; PIXELS] {
        const ZERO: [f32; PIXELS] = [0.0; PIXELS];
        let mut source = Padded::new(self.image);
        if self.thickening_px != 0.0 {
            source = source.thickened(self.thickening_px);
        }
        let fields = self.field.map_or([&ZERO; 2], |field| field.0.each_ref());
        let [along_x, along_y] = fields.map(|field| field.as_chunks().0);
        let mut output = [0; PIXELS];
        let rows = output.as_chunks_mut().0.iter_mut();
        for (row, output) in rows.enumerate() {
            source.row(row, self.inverse, [&along_x[row], &along_y[row]], output);
        }
        output
    }
}

/// An image with a margin of paper, so that reads beyond its edge need no check.
struct Padded([f32; Self::LEN]);

impl Padded {
    /// The margin in pixels.
    const MARGIN: usize = 2;
    const WIDTH: usize = SIDE + 2 * Self::MARGIN;
    /// Longer than the image: an index masked to a power of two, and its neighbors, are in bounds.
    const LEN: usize = 2 * (Self::MASK + 1);
    const MASK: usize = (Self::WIDTH * Self::WIDTH).next_power_of_two() - 1;

    #[inline(always)]
    fn new(image: &[u8; PIXELS]) -> Self {
        let mut padded = [0.0; Self::LEN];
        for (row, pixels) in image.as_chunks::<SIDE>().0.iter().enumerate() {
            let start = (row + Self::MARGIN) * Self::WIDTH + Self::MARGIN;
            for (place, &pixel) in padded[start..start + SIDE].iter_mut().zip(pixels) {
                *place = f32::from(pixel);
            }
        }
        Self(padded)
    }

    /// Thickens strokes by this many pixels on each side, -1..=1. Moves each pixel by that fraction toward the maximum, or
    /// the minimum, of itself and its four neighbors. Leaves the margin blank.
    #[inline(always)]
    fn thickened(&self, by_px: f32) -> Self {
        let fraction = by_px.abs();
        let mut thickened = Self([0.0; Self::LEN]);
        for row in Self::MARGIN..Self::MARGIN + SIDE {
            let start = row * Self::WIDTH + Self::MARGIN;
            for place in start..start + SIDE {
                let value = self.0[place];
                let around = [
                    self.0[place - 1],
                    self.0[place + 1],
                    self.0[place - Self::WIDTH],
                    self.0[place + Self::WIDTH],
                ];
                let extreme = if by_px > 0.0 {
                    around.into_iter().fold(value, f32::max)
                } else {
                    around.into_iter().fold(value, f32::min)
                };
                thickened.0[place] = value + (extreme - value) * fraction;
            }
        }
        thickened
    }

    /// One output row, by bilinear interpolation of the source.
    #[inline(always)]
    fn row(
        &self,
        row: usize,
        inverse: &InverseTransform,
        [displacement_x, displacement_y]: [&[f32; SIDE]; 2],
        output: &mut [u8; SIDE],
    ) {
        let center = (SIDE as f32 - 1.0) / 2.0;
        let margin = Self::MARGIN as f32;
        let most = (Self::WIDTH - 2) as f32;
        let mut starts = [0_u32; SIDE];
        let mut rights = [0.0; SIDE];
        let mut downs = [0.0; SIDE];
        for column in 0..SIDE {
            let x = column as f32 - center - inverse.shift_x + displacement_x[column];
            let y = row as f32 - center - inverse.shift_y + displacement_y[column];
            let from_x = inverse.xx * x + inverse.xy * y + center + margin;
            let from_y = inverse.yx * x + inverse.yy * y + center + margin;
            let (x, y) = (from_x.clamp(0.0, most), from_y.clamp(0.0, most));
            let (left, top) = (x.floor(), y.floor());
            starts[column] = small_int(top * Self::WIDTH as f32 + left);
            rights[column] = x - left;
            downs[column] = y - top;
        }
        let mut corners = [[0.0; SIDE]; 4];
        for column in 0..SIDE {
            let start = starts[column] as usize & Self::MASK;
            corners[0][column] = self.0[start];
            corners[1][column] = self.0[start + 1];
            corners[2][column] = self.0[start + Self::WIDTH];
            corners[3][column] = self.0[start + Self::WIDTH + 1];
        }
        let between = |from: f32, to: f32, part: f32| from + (to - from) * part;
        for column in 0..SIDE {
            let [upper_left, upper_right, lower_left, lower_right] =
                corners.each_ref().map(|corner| corner[column]);
            let upper = between(upper_left, upper_right, rights[column]);
            let lower = between(lower_left, lower_right, rights[column]);
            output[column] = small_int(between(upper, lower, downs[column]).round()) as u8;
        }
    }
}

/// Converts a whole number from 0 to 2²³ - 1: added to 2²³, it is in the last bits of the float. Vectorizes better than
/// a cast, which saturates and checks for NaN.
#[inline(always)]
fn small_int(whole: f32) -> u32 {
    const BITS: u32 = 23;
    (whole + (1_u32 << BITS) as f32).to_bits() & ((1 << BITS) - 1)
}

/// A smooth random displacement field: a cubic B-spline through a coarse grid of random knots.
pub(super) struct DisplacementField([[f32; PIXELS]; 2]);

impl DisplacementField {
    /// Pixels between two knots. The correlation is like that of a Gaussian filter with σ = 5 pixels.
    const SPACING: usize = 7;
    /// Knots along each axis: one beyond each edge, and one more for the support of the spline.
    const KNOTS: usize = SIDE / Self::SPACING + 3;
    /// The standard deviation of the field for independent knots of variance 1, averaged over a cell:
    /// ∫ Σ wᵢ(t)² dt = 151/315 along each axis.
    const SPLINE_RMS: f32 = 151.0 / 315.0;
    /// The four weights of the uniform cubic B-spline at each pixel of a cell, times six.
    const WEIGHTS: [[f32; 4]; Self::SPACING] = {
        let mut weights = [[0.0; 4]; Self::SPACING];
        let mut place = 0;
        while place < Self::SPACING {
            let t = place as f32 / Self::SPACING as f32;
            let u = 1.0 - t;
            weights[place] = [
                u * u * u,
                3.0 * t * t * t - 6.0 * t * t + 4.0,
                3.0 * u * u * u - 6.0 * u * u + 4.0,
                t * t * t,
            ];
            place += 1;
        }
        weights
    };

    pub(super) fn new(rms_px: f32, rng: &mut impl Rng) -> Self {
        // A uniform value in ±1 has a variance of 1/3.
        let strength = rms_px * 3.0_f32.sqrt() / Self::SPLINE_RMS;
        Self(std::array::from_fn(|_| {
            let knots: [[f32; Self::KNOTS]; Self::KNOTS] = std::array::from_fn(|_| {
                std::array::from_fn(|_| rng.random_range(-strength..=strength))
            });
            Arch::new().dispatch(|| Self::interpolate(&knots))
        }))
    }

    #[inline(always)]
    fn interpolate(knots: &[[f32; Self::KNOTS]; Self::KNOTS]) -> [f32; PIXELS] {
        let mut rows = [[0.0; SIDE]; Self::KNOTS];
        for (row, knots) in rows.iter_mut().zip(knots) {
            for (x, value) in row.iter_mut().enumerate() {
                let cell = x / Self::SPACING;
                let knots = [
                    knots[cell],
                    knots[cell + 1],
                    knots[cell + 2],
                    knots[cell + 3],
                ];
                *value = spline(&Self::WEIGHTS[x % Self::SPACING], knots);
            }
        }
        let mut field = [0.0; PIXELS];
        for (y, line) in field.as_chunks_mut::<SIDE>().0.iter_mut().enumerate() {
            let cell = y / Self::SPACING;
            let weights = &Self::WEIGHTS[y % Self::SPACING];
            for (x, value) in line.iter_mut().enumerate() {
                let knots = [
                    rows[cell][x],
                    rows[cell + 1][x],
                    rows[cell + 2][x],
                    rows[cell + 3][x],
                ];
                *value = spline(weights, knots);
            }
        }
        field
    }
}

/// The value of the spline between four knots.
#[inline(always)]
fn spline(weights: &[f32; 4], knots: [f32; 4]) -> f32 {
    let terms = weights
        .iter()
        .zip(knots)
        .map(|(weight, knot)| weight * knot);
    terms.sum::<f32>() / 6.0
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::{super::tests::sample, *};

    /// One output pixel by the definition, without vectors.
    fn scalar(
        image: &[u8; PIXELS],
        inverse: &InverseTransform,
        displacement: [f32; 2],
        index: usize,
    ) -> u8 {
        let center = (SIDE as f32 - 1.0) / 2.0;
        let x = (index % SIDE) as f32 - center - inverse.shift_x + displacement[0];
        let y = (index / SIDE) as f32 - center - inverse.shift_y + displacement[1];
        let from_x = inverse.xx * x + inverse.xy * y + center;
        let from_y = inverse.yx * x + inverse.yy * y + center;
        let pixel = |column: f32, row: f32| {
            let inside = 0.0..SIDE as f32;
            if inside.contains(&column) && inside.contains(&row) {
                f32::from(image[row as usize * SIDE + column as usize])
            } else {
                0.0
            }
        };
        let (left, top) = (from_x.floor(), from_y.floor());
        let (right, down) = (from_x - left, from_y - top);
        let upper = pixel(left, top) * (1.0 - right) + pixel(left + 1.0, top) * right;
        let lower = pixel(left, top + 1.0) * (1.0 - right) + pixel(left + 1.0, top + 1.0) * right;
        (upper * (1.0 - down) + lower * down).round() as u8
    }

    #[test]
    fn every_pixel_agrees_with_the_definition() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        for round in 0..50 {
            let image = std::array::from_fn(|_| rng.random());
            let mut around = |most: f32| rng.random_range(-most..=most);
            let inverse = InverseTransform {
                xx: 1.0 + around(0.5),
                xy: around(0.7),
                yx: around(0.7),
                yy: 1.0 + around(0.5),
                shift_x: around(4.0),
                shift_y: around(4.0),
            };
            let field = (round % 2 == 0).then(|| DisplacementField::new(1.2, &mut rng));
            let output = warp(&image, 0.0, &inverse, field.as_ref());
            for (index, &found) in output.iter().enumerate() {
                let displacement = field
                    .as_ref()
                    .map_or([0.0; 2], |field| field.0.each_ref().map(|axis| axis[index]));
                let expected = scalar(&image, &inverse, displacement, index);
                // Both round a sum of four products; a half may round either way.
                assert!(
                    found.abs_diff(expected) <= 1,
                    "round {round}, pixel {index}: {found}, not {expected}"
                );
            }
        }
    }

    #[test]
    fn the_field_of_a_plane_of_knots_is_that_plane() {
        // The weights of the spline sum to 1 and reproduce linear functions.
        let knots =
            std::array::from_fn(|row| std::array::from_fn(|column| (3 * row + column) as f32));
        let field = DisplacementField::interpolate(&knots);
        for (index, value) in field.into_iter().enumerate() {
            let along = |pixel: usize| pixel as f32 / DisplacementField::SPACING as f32 + 1.0;
            let expected = 3.0 * along(index / SIDE) + along(index % SIDE);
            // Values up to 20 in single precision.
            assert!(
                (value - expected).abs() < 1e-4,
                "pixel {index}: {value}, not {expected}"
            );
        }
    }

    #[test]
    fn the_field_has_its_root_mean_square() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let fields: Vec<_> = (0..200)
            .map(|_| DisplacementField::new(1.2, &mut rng))
            .collect();
        for axis in 0..2 {
            let squares = fields.iter().flat_map(|field| field.0[axis]).map(|d| d * d);
            let rms = (squares.sum::<f32>() / (200 * PIXELS) as f32).sqrt();
            // 200 fields of about 25 independent values: the standard error is 1 %; five of them.
            assert!((rms - 1.2).abs() < 0.06, "axis {axis}: {rms} px");
        }
    }

    #[test]
    fn thickness_moves_the_outline_by_its_fraction_of_a_pixel() {
        let padded = Padded::new(&sample());
        let total = |padded: &Padded| padded.0.iter().sum::<f32>() / 255.0;
        // The L has 75 pixels. 55 paper pixels have an ink neighbor, 51 ink pixels a paper neighbor.
        let grown = total(&padded.thickened(0.5)) - total(&padded);
        // A sum of 75 to 130 values in single precision.
        assert!((grown - 0.5 * 55.0).abs() < 0.01, "{grown} more");
        assert_eq!(total(&padded.thickened(0.0)), total(&padded), "by nothing");
        let shrunk = total(&padded) - total(&padded.thickened(-0.5));
        assert!((shrunk - 0.5 * 51.0).abs() < 0.01, "{shrunk} less");
    }

    #[test]
    fn thickness_is_applied_before_the_transform() {
        let identity = InverseTransform {
            xx: 1.0,
            xy: 0.0,
            yx: 0.0,
            yy: 1.0,
            shift_x: 0.0,
            shift_y: 0.0,
        };
        let mut expected = sample();
        let thick = Padded::new(&sample()).thickened(1.0);
        for (index, pixel) in expected.iter_mut().enumerate() {
            let (row, column) = (index / SIDE, index % SIDE);
            let place = (row + Padded::MARGIN) * Padded::WIDTH + column + Padded::MARGIN;
            *pixel = thick.0[place] as u8;
        }
        assert_eq!(warp(&sample(), 1.0, &identity, None), expected);
    }
}
