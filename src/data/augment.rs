//! Data augmentation: rotation, scale, shear, shift, elastic displacement, stroke thickness, gaps and noise. Never
//! mirrors: a mirrored digit is not a digit.

mod warp;

use rand::Rng;

use self::warp::{DisplacementField, InverseTransform};
use super::noise::Noise;
use crate::bitmap::PIXELS;

/// The strength of each augmentation. Zero switches it off.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Augmentation {
    /// Rotates by up to this many degrees either way; 0..=45.
    pub rotation_deg: f32,
    /// Scales each axis by up to this fraction up or down; 0..=0.5.
    pub scale: f32,
    /// Shears horizontally by up to this many pixels per pixel of height; 0..=0.5.
    pub shear: f32,
    /// Shifts by up to this many pixels along each axis; 0..=4.
    pub shift_px: f32,
    /// Displaces pixels by a smooth random field with this root mean square along each axis; 0..=3.
    pub elastic_px: f32,
    /// Thickens strokes by up to this many pixels on each side, or thins them by up to half as many; 0..=1.
    pub thickness_px: f32,
    /// Erases this fraction of the ink pixels at random, so that the network relies on no single one; 0..=0.5.
    pub gaps: f32,
    /// Adds noise of a random kind and strength to this fraction of the images, so that the confidence falls where
    /// noise hides the digit; 0..=1.
    pub noise: f32,
    /// The last fraction of a training, 0..=1, in which all strengths decrease linearly to a third. The last images
    /// should look like those to predict.
    pub taper: f32,
}

impl Augmentation {
    /// The usual variation of handwriting, which does not change one digit into another.
    pub const HANDWRITING: Self = Self {
        rotation_deg: 12.0,
        scale: 0.13,
        shear: 0.17,
        shift_px: 0.8,
        elastic_px: 1.1,
        thickness_px: 0.0,
        gaps: 0.0,
        noise: 0.0,
        taper: 0.0,
    };

    /// The fraction of the strengths at the end of the taper.
    const FINAL_STRENGTH: f32 = 1.0 / 3.0;

    /// The largest strength of noise. A digit is hardly legible in stronger noise.
    const MAX_NOISE: f32 = 0.8;

    /// Whether all augmentations are off.
    pub fn is_none(&self) -> bool {
        Self {
            taper: 0.0,
            ..*self
        } == Self::default()
    }

    /// The strengths at `progress`, 0..=1, of a training.
    #[must_use]
    pub fn at(self, progress: f64) -> Self {
        let into_taper = progress as f32 - (1.0 - self.taper);
        if into_taper <= 0.0 {
            return self;
        }
        self.scaled(1.0 - (1.0 - Self::FINAL_STRENGTH) * (into_taper / self.taper).min(1.0))
    }

    /// All strengths multiplied by one factor.
    #[must_use]
    pub fn scaled(self, factor: f32) -> Self {
        Self {
            rotation_deg: self.rotation_deg * factor,
            scale: self.scale * factor,
            shear: self.shear * factor,
            shift_px: self.shift_px * factor,
            elastic_px: self.elastic_px * factor,
            thickness_px: self.thickness_px * factor,
            gaps: self.gaps * factor,
            noise: self.noise * factor,
            taper: self.taper,
        }
    }

    /// Augments an image, 0 is paper and 255 is ink.
    pub fn apply(&self, image: &[u8; PIXELS], rng: &mut impl Rng) -> [u8; PIXELS] {
        let mut symmetric = |most: f32| {
            if most > 0.0 {
                rng.random_range(-most..=most)
            } else {
                0.0
            }
        };
        let (sin, cos) = symmetric(self.rotation_deg).to_radians().sin_cos();
        let (width, height) = (1.0 + symmetric(self.scale), 1.0 + symmetric(self.scale));
        let shear = symmetric(self.shear);
        let (shift_x, shift_y) = (symmetric(self.shift_px), symmetric(self.shift_px));
        // The inverse transform about the center, from an output pixel to its source: shift, rotation, shear, scale.
        let (xx, xy) = ((cos + shear * sin) / width, (sin - shear * cos) / width);
        let (yx, yy) = (-sin / height, cos / height);
        let field = (self.elastic_px > 0.0).then(|| DisplacementField::new(self.elastic_px, rng));
        let thickening = if self.thickness_px > 0.0 {
            rng.random_range(-self.thickness_px / 2.0..=self.thickness_px)
        } else {
            0.0
        };
        let inverse = InverseTransform {
            xx,
            xy,
            yx,
            yy,
            shift_x,
            shift_y,
        };
        let mut augmented = warp::warp(image, thickening, &inverse, field.as_ref());
        if self.gaps > 0.0 {
            for pixel in augmented.iter_mut().filter(|pixel| **pixel > 0) {
                if rng.random::<f32>() < self.gaps {
                    *pixel = 0;
                }
            }
        }
        if self.noise > 0.0 && rng.random::<f32>() < self.noise {
            Noise::random(Self::MAX_NOISE, rng).apply(&mut augmented, rng);
        }
        augmented
    }
}

#[cfg(test)]
mod tests;
