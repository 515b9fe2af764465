//! Images varied at random as hands and pens vary: turned, stretched, slanted, shifted, wobbled, thicker or
//! thinner, with gaps. Never mirrored: a mirrored digit is no digit.

mod warp;

use rand::Rng;
use serde::{Deserialize, Serialize};

use self::warp::{DisplacementField, Places};
use crate::{bitmap::PIXELS, error::Refusal};

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
    /// Leaves out this part of the inked pixels, here and there, so that none is relied on too much; 0..=0.5.
    pub gaps: f32,
    /// The last part of a training, 0..=1, in which all of these grow weaker, down to a third: what is
    /// learned last should look like what will be read.
    pub taper: f32,
}

impl Augmentation {
    /// What a hand may do to a digit without making it another one.
    pub const HANDWRITING: Self = Self {
        rotation_deg: 12.0,
        scale: 0.13,
        shear: 0.17,
        shift_px: 0.8,
        elastic_px: 1.1,
        thickness_px: 0.0,
        gaps: 0.0,
        taper: 0.0,
    };

    /// What is left of the strengths at the end of the taper.
    const FINAL_STRENGTH: f32 = 1.0 / 3.0;

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
        self.scaled(1.0 - (1.0 - Self::FINAL_STRENGTH) * (into_taper / self.taper).min(1.0))
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
            gaps: self.gaps * factor,
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
            ("gaps", self.gaps, 0.5),
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
        // stretched back, all about the center.
        let (xx, xy) = ((cos + shear * sin) / width, (sin - shear * cos) / width);
        let (yx, yy) = (-sin / height, cos / height);
        let displacement =
            (self.elastic_px > 0.0).then(|| DisplacementField::new(self.elastic_px, rng));
        let thickening = if self.thickness_px > 0.0 {
            rng.random_range(-self.thickness_px / 2.0..=self.thickness_px)
        } else {
            0.0
        };
        let places = Places {
            xx,
            xy,
            yx,
            yy,
            shift_x,
            shift_y,
        };
        let mut varied = warp::warp(image, thickening, &places, displacement.as_ref());
        if self.gaps > 0.0 {
            for pixel in varied.iter_mut().filter(|pixel| **pixel > 0) {
                if rng.random::<f32>() < self.gaps {
                    *pixel = 0;
                }
            }
        }
        varied
    }
}

#[cfg(test)]
mod tests;
