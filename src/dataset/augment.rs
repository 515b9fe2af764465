//! Images varied at random as hands and pens vary: turned, stretched, slanted, shifted, wobbled, thicker or
//! thinner. Never mirrored: a mirrored digit is no digit.

use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::{
    bitmap::{PIXELS, SIDE},
    error::Refusal,
};

/// How strongly images are varied. Zero in a field leaves that variation out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Augmentation {
    /// Turns by up to this many degrees either way; 0..=45.
    pub rotation_deg: f32,
    /// Stretches and shrinks each axis by up to this part of its size; 0..=0.5.
    pub scale: f32,
    /// Slants by up to this many pixels sideways a pixel of height; 0..=0.5.
    pub shear: f32,
    /// Shifts by up to this many pixels along each axis; 0..=4.
    pub shift_px: f32,
    /// Wobbles: the root mean square of a smooth random displacement along each axis, in pixels;
    /// 0..=3.
    pub elastic_px: f32,
    /// Grows strokes by up to this many pixels on each side, or shrinks them by up to half as many; 0..=1.
    pub thickness_px: f32,
    /// The last part of a training, 0..=1, in which all of these grow weaker, down to a third: what is
    /// learnt last should look like what will be read.
    pub taper: f32,
}

impl Augmentation {
    /// What a hand may do to a digit without making it another one.
    pub const HAND: Self = Self {
        rotation_deg: 12.0,
        scale: 0.13,
        shear: 0.17,
        shift_px: 0.8,
        elastic_px: 1.1,
        thickness_px: 0.0,
        taper: 0.0,
    };

    /// What is left of the strengths at the end of the taper.
    const TAPERED: f32 = 1.0 / 3.0;

    /// Whether images stay as they are.
    pub fn is_none(&self) -> bool {
        Self {
            taper: 0.0,
            ..*self
        } == Self::default()
    }

    /// The strengths when `progress`, 0..=1, of a training is done.
    #[must_use]
    pub fn at(self, progress: f64) -> Self {
        let into_taper = progress as f32 - (1.0 - self.taper);
        if self.taper <= 0.0 || into_taper <= 0.0 {
            return self;
        }
        self.scaled(1.0 - (1.0 - Self::TAPERED) * (into_taper / self.taper).min(1.0))
    }

    /// The same variations, all weaker or stronger by one factor.
    #[must_use]
    pub fn scaled(self, factor: f32) -> Self {
        Self {
            rotation_deg: self.rotation_deg * factor,
            scale: self.scale * factor,
            shear: self.shear * factor,
            shift_px: self.shift_px * factor,
            elastic_px: self.elastic_px * factor,
            thickness_px: self.thickness_px * factor,
            taper: self.taper,
        }
    }

    /// Checks each strength against its range.
    ///
    /// # Errors
    /// Names the first that is out of its range, and the range.
    pub fn validate(&self) -> Result<(), Refusal> {
        let ranges = [
            ("rotation", self.rotation_deg, 45.0),
            ("scale", self.scale, 0.5),
            ("shear", self.shear, 0.5),
            ("shift", self.shift_px, 4.0),
            ("elastic displacement", self.elastic_px, 3.0),
            ("stroke thickness", self.thickness_px, 1.0),
            ("taper", self.taper, 1.0),
        ];
        for (name, value, most) in ranges {
            if !(0.0..=most).contains(&value) {
                return Err(Refusal::new(
                    format!("set the augmentation's {name}"),
                    value.to_string(),
                    format!("a value from 0 to {most}"),
                    "choose one in this range",
                ));
            }
        }
        Ok(())
    }

    /// A variation of an image, 0 is paper and 255 is ink.
    pub fn apply(&self, image: &[u8; PIXELS], rng: &mut impl Rng) -> [u8; PIXELS] {
        let mut around = |most: f32| {
            if most > 0.0 {
                rng.random_range(-most..=most)
            } else {
                0.0
            }
        };
        let (sin, cos) = around(self.rotation_deg).to_radians().sin_cos();
        let (width, height) = (1.0 + around(self.scale), 1.0 + around(self.scale));
        let shear = around(self.shear);
        let (shift_x, shift_y) = (around(self.shift_px), around(self.shift_px));
        // Where a pixel of the new image comes from: shifted back, turned back, slanted back,
        // stretched back, all about the centre.
        let (xx, xy) = ((cos + shear * sin) / width, (sin - shear * cos) / width);
        let (yx, yy) = (-sin / height, cos / height);
        let wobble = (self.elastic_px > 0.0).then(|| Wobble::new(self.elastic_px, rng));
        let centre = (SIDE as f32 - 1.0) / 2.0;
        let mut source = Padded::new(image);
        if self.thickness_px > 0.0 {
            let most = self.thickness_px;
            source = source.thickened(rng.random_range(-most / 2.0..=most));
        }
        let mut varied = [0; PIXELS];
        for (index, pixel) in varied.iter_mut().enumerate() {
            let (row, column) = (index / SIDE, index % SIDE);
            let (wobble_x, wobble_y) = wobble.as_ref().map_or((0.0, 0.0), |w| w.at(index));
            let x = column as f32 - centre - shift_x + wobble_x;
            let y = row as f32 - centre - shift_y + wobble_y;
            *pixel = source.at(xx * x + xy * y + centre, yx * x + yy * y + centre);
        }
        varied
    }
}

/// An image with paper around it, so that looking beyond its edge needs no test.
struct Padded([f32; Self::WIDTH * Self::WIDTH]);

impl Padded {
    /// Pixels of paper on each side.
    const MARGIN: usize = 2;
    const WIDTH: usize = SIDE + 2 * Self::MARGIN;

    fn new(image: &[u8; PIXELS]) -> Self {
        let mut padded = [0.0; Self::WIDTH * Self::WIDTH];
        for (row, pixels) in image.as_chunks::<SIDE>().0.iter().enumerate() {
            let start = (row + Self::MARGIN) * Self::WIDTH + Self::MARGIN;
            for (place, &pixel) in padded[start..start + SIDE].iter_mut().zip(pixels) {
                *place = f32::from(pixel);
            }
        }
        Self(padded)
    }

    /// The image with strokes that are thicker by so many pixels on each side, at most one; or thinner. Each
    /// pixel moves that part of the way to the largest, or the least, of itself and its four neighbours.
    fn thickened(&self, by_px: f32) -> Self {
        let extreme = if by_px > 0.0 { f32::max } else { f32::min };
        let part = by_px.abs();
        let mut thickened = Self([0.0; Self::WIDTH * Self::WIDTH]);
        // The margin's outer rim stays paper, and so does what leaves the image: no ink gets there, because
        // only the image's own rows and columns are written.
        for row in Self::MARGIN..Self::MARGIN + SIDE {
            let start = row * Self::WIDTH + Self::MARGIN;
            for place in start..start + SIDE {
                let value = self.0[place];
                let beside = extreme(self.0[place - 1], self.0[place + 1]);
                let along = extreme(self.0[place - Self::WIDTH], self.0[place + Self::WIDTH]);
                let most = extreme(value, extreme(beside, along));
                thickened.0[place] = value + (most - value) * part;
            }
        }
        thickened
    }

    /// The image between its pixels' centres, by bilinear interpolation.
    fn at(&self, x: f32, y: f32) -> u8 {
        let most = (Self::WIDTH - 2) as f32;
        let margin = Self::MARGIN as f32;
        let (x, y) = ((x + margin).clamp(0.0, most), (y + margin).clamp(0.0, most));
        let (column, row) = (x as usize, y as usize);
        let (right, down) = (x - column as f32, y - row as f32);
        let start = row * Self::WIDTH + column;
        let between = |left: f32, other: f32, part: f32| left + (other - left) * part;
        let upper = between(self.0[start], self.0[start + 1], right);
        let lower = between(
            self.0[start + Self::WIDTH],
            self.0[start + Self::WIDTH + 1],
            right,
        );
        between(upper, lower, down).round() as u8
    }
}

/// A smooth random field of displacements: a cubic B-spline over a coarse grid of random knots.
struct Wobble([[f32; PIXELS]; 2]);

impl Wobble {
    /// Pixels between two knots: displacements farther apart than two knots hardly depend on each
    /// other, as with a Gaussian of σ 5 pixels.
    const SPACING: usize = 7;
    /// Knots along each axis, one beyond each edge and one more for the spline's support.
    const KNOTS: usize = SIDE / Self::SPACING + 3;
    /// The root mean square of Σ wᵢ²: what the spline makes of independent knots of variance 1,
    /// on average over a cell: ∫ Σ wᵢ(t)² dt = 151/315 along each axis.
    const SPLINE_RMS: f32 = 151.0 / 315.0;

    fn new(rms_px: f32, rng: &mut impl Rng) -> Self {
        // A uniform value in ±1 has a variance of 1/3.
        let strength = rms_px * 3.0_f32.sqrt() / Self::SPLINE_RMS;
        Self(std::array::from_fn(|_| {
            let knots: [[f32; Self::KNOTS]; Self::KNOTS] = std::array::from_fn(|_| {
                std::array::from_fn(|_| rng.random_range(-strength..=strength))
            });
            Self::interpolate(&knots)
        }))
    }

    fn interpolate(knots: &[[f32; Self::KNOTS]; Self::KNOTS]) -> [f32; PIXELS] {
        let rows: [[f32; SIDE]; Self::KNOTS] =
            std::array::from_fn(|row| std::array::from_fn(|x| spline(x, |knot| knots[row][knot])));
        std::array::from_fn(|index| spline(index / SIDE, |knot| rows[knot][index % SIDE]))
    }

    fn at(&self, index: usize) -> (f32, f32) {
        (self.0[0][index], self.0[1][index])
    }
}

/// The uniform cubic B-spline through a row of knots, at a pixel.
fn spline(pixel: usize, knot: impl Fn(usize) -> f32) -> f32 {
    let (cell, t) = (
        pixel / Wobble::SPACING,
        (pixel % Wobble::SPACING) as f32 / Wobble::SPACING as f32,
    );
    let u = 1.0 - t;
    let weights = [
        u * u * u,
        3.0 * t * t * t - 6.0 * t * t + 4.0,
        3.0 * u * u * u - 6.0 * u * u + 4.0,
        t * t * t,
    ];
    weights
        .iter()
        .enumerate()
        .map(|(index, weight)| weight * knot(cell + index))
        .sum::<f32>()
        / 6.0
}

#[cfg(test)]
mod tests;
