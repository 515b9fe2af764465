//! An image drawn anew, each of its pixels taken from another place: the arithmetic of it. It feeds every
//! step of a training, so it is written row by row for the processor's vectors.
#![expect(
    clippy::inline_always,
    reason = "each part is compiled into each instruction set's copy of its caller"
)]

use pulp::{Arch, Simd, WithSimd};
use rand::Rng;

use crate::bitmap::{PIXELS, SIDE};

/// Where a pixel of the new image comes from: shifted back, then by this matrix, about the center.
pub(super) struct Places {
    pub(super) xx: f32,
    pub(super) xy: f32,
    pub(super) yx: f32,
    pub(super) yy: f32,
    pub(super) shift_x: f32,
    pub(super) shift_y: f32,
}

/// Makes strokes thicker by so many pixels on each side, at most one, or thinner; then takes every pixel from
/// its place, which the displacement moves.
pub(super) fn warp(
    image: &[u8; PIXELS],
    thickening_px: f32,
    places: &Places,
    displacement: Option<&DisplacementField>,
) -> [u8; PIXELS] {
    Arch::new().dispatch(Warp {
        image,
        thickening_px,
        places,
        displacement,
    })
}

struct Warp<'a> {
    image: &'a [u8; PIXELS],
    thickening_px: f32,
    places: &'a Places,
    displacement: Option<&'a DisplacementField>,
}

impl WithSimd for Warp<'_> {
    type Output = [u8; PIXELS];

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> [u8; PIXELS] {
        const STILL: [f32; PIXELS] = [0.0; PIXELS];
        let mut source = Padded::new(self.image);
        if self.thickening_px != 0.0 {
            source = source.thickened(self.thickening_px);
        }
        let fields = self
            .displacement
            .map_or([&STILL; 2], |displacement| displacement.0.each_ref());
        let [along_x, along_y] = fields.map(|field| field.as_chunks().0);
        let mut varied = [0; PIXELS];
        let rows = varied.as_chunks_mut().0.iter_mut();
        for (row, varied) in rows.enumerate() {
            source.row(row, self.places, &along_x[row], &along_y[row], varied);
        }
        varied
    }
}

/// An image with paper around it, so that looking beyond its edge needs no test.
struct Padded([f32; Self::LEN]);

impl Padded {
    /// Pixels of paper on each side.
    const MARGIN: usize = 2;
    const WIDTH: usize = SIDE + 2 * Self::MARGIN;
    /// More than its pixels: no index that is cut to a power of two, and no neighbor of it, is beyond.
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

    /// The image with strokes that are thicker by so many pixels on each side, at most one; or thinner. Each
    /// pixel moves that part of the way to the largest, or the least, of itself and its four neighbors. Only the
    /// image's own rows and columns are written, so that no ink leaves it.
    #[inline(always)]
    fn thickened(&self, by_px: f32) -> Self {
        let part = by_px.abs();
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
                thickened.0[place] = value + (extreme - value) * part;
            }
        }
        thickened
    }

    /// One row of the new image: the source between its pixels' centers, by bilinear interpolation.
    #[inline(always)]
    fn row(
        &self,
        row: usize,
        places: &Places,
        wobble_x: &[f32; SIDE],
        wobble_y: &[f32; SIDE],
        varied: &mut [u8; SIDE],
    ) {
        let &Places {
            xx,
            xy,
            yx,
            yy,
            shift_x,
            shift_y,
        } = places;
        let center = (SIDE as f32 - 1.0) / 2.0;
        let margin = Self::MARGIN as f32;
        let most = (Self::WIDTH - 2) as f32;
        let mut starts = [0_u32; SIDE];
        let mut rights = [0.0; SIDE];
        let mut downs = [0.0; SIDE];
        for column in 0..SIDE {
            let x = column as f32 - center - shift_x + wobble_x[column];
            let y = row as f32 - center - shift_y + wobble_y[column];
            let (x, y) = (xx * x + xy * y + center, yx * x + yy * y + center);
            let (x, y) = ((x + margin).clamp(0.0, most), (y + margin).clamp(0.0, most));
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
            varied[column] = small_int(between(upper, lower, downs[column]).round()) as u8;
        }
    }
}

/// A whole number of 0 to 2²³ - 1 as an integer: added to 2²³ it stands in the float's last bits. Unlike a
/// cast, which asks about NaN and all that is too large, this is quick for a vector.
#[inline(always)]
fn small_int(whole: f32) -> u32 {
    const BITS: u32 = 23;
    (whole + (1_u32 << BITS) as f32).to_bits() & ((1 << BITS) - 1)
}

/// A smooth random field of displacements: a cubic B-spline over a coarse grid of random knots.
pub(super) struct DisplacementField([[f32; PIXELS]; 2]);

impl DisplacementField {
    /// Pixels between two knots: displacements farther apart than two knots hardly depend on each
    /// other, as with a Gaussian of σ 5 pixels.
    const SPACING: usize = 7;
    /// Knots along each axis, one beyond each edge and one more for the spline's support.
    const KNOTS: usize = SIDE / Self::SPACING + 3;
    /// The root mean square of Σ wᵢ²: what the spline makes of independent knots of variance 1,
    /// on average over a cell: ∫ Σ wᵢ(t)² dt = 151/315 along each axis.
    const SPLINE_RMS: f32 = 151.0 / 315.0;
    /// The uniform cubic B-spline's four weights at each place of a cell, times six.
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

/// The spline between four knots.
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

    /// One pixel of the new image, by the definition and without any vector.
    fn plain(image: &[u8; PIXELS], places: &Places, displacement: (f32, f32), index: usize) -> u8 {
        let center = (SIDE as f32 - 1.0) / 2.0;
        let x = (index % SIDE) as f32 - center - places.shift_x + displacement.0;
        let y = (index / SIDE) as f32 - center - places.shift_y + displacement.1;
        let from_x = places.xx * x + places.xy * y + center;
        let from_y = places.yx * x + places.yy * y + center;
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
    fn every_pixel_comes_from_its_place() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        for round in 0..50 {
            let image = std::array::from_fn(|_| rng.random());
            let mut around = |most: f32| rng.random_range(-most..=most);
            let places = Places {
                xx: 1.0 + around(0.5),
                xy: around(0.7),
                yx: around(0.7),
                yy: 1.0 + around(0.5),
                shift_x: around(4.0),
                shift_y: around(4.0),
            };
            let displacement = (round % 2 == 0).then(|| DisplacementField::new(1.2, &mut rng));
            let varied = warp(&image, 0.0, &places, displacement.as_ref());
            for (index, &found) in varied.iter().enumerate() {
                let displacement = displacement
                    .as_ref()
                    .map_or((0.0, 0.0), |w| (w.0[0][index], w.0[1][index]));
                let expected = plain(&image, &places, displacement, index);
                // Both round a sum of four products to a whole number; a half may go either way.
                assert!(
                    found.abs_diff(expected) <= 1,
                    "round {round}, pixel {index}: {found}, not {expected}"
                );
            }
        }
    }

    #[test]
    fn the_wobble_is_a_spline_through_its_knots() {
        // Knots on a straight line give that line, for the spline's weights sum to 1 and have their mean
        // at its place.
        let knots =
            std::array::from_fn(|row| std::array::from_fn(|column| (3 * row + column) as f32));
        let field = DisplacementField::interpolate(&knots);
        for (index, value) in field.into_iter().enumerate() {
            let along = |pixel: usize| pixel as f32 / DisplacementField::SPACING as f32 + 1.0;
            let expected = 3.0 * along(index / SIDE) + along(index % SIDE);
            assert!(
                (value - expected).abs() < 1e-4,
                "pixel {index}: {value}, not {expected}"
            );
        }
    }

    #[test]
    fn the_wobble_has_the_strength_it_says() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let fields: Vec<_> = (0..200)
            .map(|_| DisplacementField::new(1.2, &mut rng))
            .collect();
        let squares = fields
            .iter()
            .flat_map(|field| field.0.iter().flatten())
            .map(|d| d * d);
        let rms = (squares.sum::<f32>() / (200 * 2 * PIXELS) as f32).sqrt();
        // 200 fields of about 25 independent places each: the mean square is known to 2 %.
        assert!((rms - 1.2).abs() < 0.06, "{rms} px");
    }

    #[test]
    fn thickness_moves_ink_by_the_part_of_a_pixel_it_says() {
        let padded = Padded::new(&sample());
        let total = |padded: &Padded| padded.0.iter().sum::<f32>() / 255.0;
        // The L is 18 high and 3 wide with a foot of 7×3: its outline of four-neighbors has 18 + 3 + 15
        // + 7 + 3 + 10 = 56 places outside, less the inner corner that two of them share.
        let grown = total(&padded.thickened(0.5)) - total(&padded);
        assert!((grown - 0.5 * 55.0).abs() < 0.01, "{grown} more");
        assert_eq!(total(&padded.thickened(0.0)), total(&padded), "by nothing");
        let shrunk = total(&padded) - total(&padded.thickened(-0.5));
        assert!(
            (15.0..28.0).contains(&shrunk),
            "{shrunk} less: half of the rim"
        );
    }
}
