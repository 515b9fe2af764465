//! Images varied at random as hands vary: turned, stretched, slanted, shifted, wobbled. Never
//! mirrored: a mirrored digit is no digit.

mod warp;

use rand::Rng;
use serde::{Deserialize, Serialize};

use self::warp::{Places, Wobble};
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
}

impl Augmentation {
    /// What a hand may do to a digit without making it another one.
    pub const HAND: Self = Self {
        rotation_deg: 15.0,
        scale: 0.15,
        shear: 0.2,
        shift_px: 1.0,
        elastic_px: 1.2,
    };

    /// Whether images stay as they are.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
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
        let places = Places {
            xx,
            xy,
            yx,
            yy,
            shift_x,
            shift_y,
        };
        warp::warp(image, &places, wobble.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::bitmap::SIDE;

    /// An L: no mirror image of it is a turned L.
    fn sample() -> [u8; PIXELS] {
        let mut image = [0; PIXELS];
        for row in 5..23 {
            image[row * SIDE + 9..row * SIDE + 12].fill(255);
        }
        for row in 20..23 {
            image[row * SIDE + 9..row * SIDE + 19].fill(255);
        }
        image
    }

    fn mass(image: &[u8; PIXELS]) -> f64 {
        image.iter().map(|&pixel| f64::from(pixel)).sum()
    }

    #[test]
    fn no_strength_changes_nothing() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        assert!(Augmentation::default().is_none(), "the default is none");
        let varied = Augmentation::default().apply(&sample(), &mut rng);
        assert_eq!(varied, sample(), "every pixel comes from itself");
    }

    #[test]
    fn each_strength_alone_changes_the_image() {
        let none = Augmentation::default();
        let cases = [
            (
                "rotation",
                Augmentation {
                    rotation_deg: 15.0,
                    ..none
                },
            ),
            (
                "scale",
                Augmentation {
                    scale: 0.15,
                    ..none
                },
            ),
            ("shear", Augmentation { shear: 0.2, ..none }),
            (
                "shift",
                Augmentation {
                    shift_px: 1.0,
                    ..none
                },
            ),
            (
                "elastic",
                Augmentation {
                    elastic_px: 1.2,
                    ..none
                },
            ),
        ];
        for (name, augmentation) in cases {
            let mut rng = ChaCha8Rng::seed_from_u64(2);
            assert_ne!(
                augmentation.apply(&sample(), &mut rng),
                sample(),
                "{name} does something"
            );
        }
    }

    #[test]
    fn values_out_of_range_are_refused() {
        assert_eq!(Augmentation::HAND.validate(), Ok(()), "the usual strengths");
        let wild = Augmentation {
            rotation_deg: 90.0,
            ..Augmentation::HAND
        };
        let refusal = wild.validate().expect_err("a 6 would be a 9");
        assert!(
            refusal.attempted.contains("rotation"),
            "{refusal} names the knob"
        );
        let nan = Augmentation {
            shear: f32::NAN,
            ..Augmentation::HAND
        };
        assert!(nan.validate().is_err(), "NaN is in no range");
    }

    #[test]
    fn the_wobble_neither_makes_nor_loses_ink_on_the_whole() {
        let elastic = Augmentation {
            elastic_px: 1.2,
            ..Augmentation::default()
        };
        let ratio = |seed| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            mass(&elastic.apply(&sample(), &mut rng)) / mass(&sample())
        };
        let ratios: Vec<f64> = (0..400).map(ratio).collect();
        // The displacement is as likely to spread as to gather; single images vary by a quarter.
        let mean = ratios.iter().sum::<f64>() / 400.0;
        assert!((mean - 1.0).abs() < 0.05, "{mean} times the ink");
        assert!(
            ratios.iter().all(|ratio| (0.4..2.5).contains(ratio)),
            "no digit vanishes"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_stiff_image_keeps_its_ink_but_for_its_scale(seed: u64) {
            let stiff = Augmentation { elastic_px: 0.0, ..Augmentation::HAND };
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let ratio = mass(&stiff.apply(&sample(), &mut rng)) / mass(&sample());
            // Turning, slanting and shifting keep areas; the scales change them by 0.85² to 1.15².
            // Sampling at pixels' centres is good to some hundredths.
            prop_assert!((0.7225 - 0.05..1.3225 + 0.05).contains(&ratio), "{ratio} times the ink");
        }

        #[test]
        fn an_image_is_never_mirrored(seed: u64) {
            let rigid = Augmentation { elastic_px: 0.0, ..Augmentation::HAND };
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let varied = rigid.apply(&sample(), &mut rng);
            let overlap = |other: &[u8; PIXELS]| -> f64 {
                varied.iter().zip(other).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
            };
            let mut mirrored = sample();
            mirrored.as_chunks_mut::<SIDE>().0.iter_mut().for_each(|row| row.reverse());
            prop_assert!(overlap(&sample()) > overlap(&mirrored), "closer to itself");
        }
    }
}
