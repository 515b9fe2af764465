//! Noise for evaluation and augmentation, like that of bad scanners and cameras.

use std::{f32::consts::TAU, fmt, str::FromStr};

use rand::{Rng, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::{
    bitmap::{Bitmap, PIXELS},
    error::Refusal,
};

/// A fixed seed makes evaluations of different models comparable.
const SEED: u64 = 0;

/// Noise in images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Noise {
    /// Sets this fraction of the pixels, 0..=1, to 0 or 255 with equal probability.
    SaltAndPepper(f32),
    /// Adds normally distributed values of this standard deviation, 0..=1 of the range of a pixel, and clamps.
    Gaussian(f32),
}

impl Noise {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::SaltAndPepper(_) => "salt-and-pepper",
            Self::Gaussian(_) => "gaussian",
        }
    }

    /// The strength, 0..=1.
    pub fn strength(self) -> f32 {
        match self {
            Self::SaltAndPepper(strength) | Self::Gaussian(strength) => strength,
        }
    }

    /// The same kind of noise with this strength, 0..=1.
    #[must_use]
    pub fn with_strength(self, strength: f32) -> Self {
        match self {
            Self::SaltAndPepper(_) => Self::SaltAndPepper(strength),
            Self::Gaussian(_) => Self::Gaussian(strength),
        }
    }

    /// Noise of either kind with equal probability, and of a strength from 0 to `max`, 0..=1.
    pub(crate) fn random(max: f32, rng: &mut impl Rng) -> Self {
        let strength = rng.random_range(0.0..=max);
        if rng.random() {
            Self::SaltAndPepper(strength)
        } else {
            Self::Gaussian(strength)
        }
    }

    /// Adds the noise to an image, 0 is paper and 255 is ink.
    pub(crate) fn apply(self, image: &mut [u8; PIXELS], rng: &mut impl Rng) {
        for pixel in image {
            match self {
                Self::SaltAndPepper(fraction) => {
                    let random: f32 = rng.random();
                    if random < fraction / 2.0 {
                        *pixel = 0;
                    } else if random < fraction {
                        *pixel = 255;
                    }
                }
                Self::Gaussian(deviation) => {
                    let value = f32::from(*pixel) + 255.0 * deviation * normal(rng);
                    *pixel = value.round().clamp(0.0, 255.0) as u8;
                }
            }
        }
    }

    /// Adds the noise to the evaluation image at `index`. The noise depends on the index alone, so all models see
    /// the same noise.
    #[must_use]
    pub fn on(self, bitmap: &Bitmap, index: usize) -> Bitmap {
        let mut image = bitmap.to_bytes();
        let mut rng = ChaCha8Rng::seed_from_u64(SEED);
        rng.set_stream(index as u64);
        self.apply(&mut image, &mut rng);
        Bitmap::from_bytes(&image)
    }
}

/// A standard normal value, by the transform of Box and Muller (1958).
fn normal(rng: &mut impl Rng) -> f32 {
    let (radius, angle): (f32, f32) = (rng.random(), rng.random());
    (-2.0 * (1.0 - radius).ln()).sqrt() * (TAU * angle).cos()
}

impl fmt::Display for Noise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name(), self.strength())
    }
}

impl FromStr for Noise {
    type Err = Refusal;

    /// Parses `KIND:STRENGTH`, with a strength from 0 to 1.
    fn from_str(text: &str) -> Result<Self, Refusal> {
        let parse = || {
            let (kind, strength) = text.split_once(':')?;
            let strength: f32 = strength.trim().parse().ok()?;
            let noise = match kind.trim() {
                "salt-and-pepper" => Self::SaltAndPepper(strength),
                "gaussian" => Self::Gaussian(strength),
                _ => return None,
            };
            (0.0..=1.0).contains(&strength).then_some(noise)
        };
        parse().ok_or_else(|| {
            Refusal::new(
                "read the noise",
                format!("\"{text}\""),
                "salt-and-pepper:X or gaussian:X, with X from 0 to 1, such as gaussian:0.2",
                "correct the noise",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of fifty gray images with noise.
    fn noisy(noise: Noise) -> Vec<u8> {
        let gray = Bitmap::from_bytes(&[128; PIXELS]);
        let images = (0..50).flat_map(|index| noise.on(&gray, index).to_bytes());
        images.collect()
    }

    #[test]
    fn noise_has_its_strength_and_is_reproducible() {
        let bytes = noisy(Noise::SaltAndPepper(0.1));
        let fraction = |value: u8| {
            let is = bytes
                .iter()
                .map(|&pixel| f64::from(u8::from(pixel == value)));
            is.sum::<f64>() / bytes.len() as f64
        };
        // The standard error of a fraction of 39,200 pixels is 0.0011; four of them.
        assert!(
            (fraction(0) - 0.05).abs() < 0.0045,
            "{} pepper",
            fraction(0)
        );
        assert!(
            (fraction(255) - 0.05).abs() < 0.0045,
            "{} salt",
            fraction(255)
        );
        let bytes = noisy(Noise::Gaussian(0.1));
        let squares = bytes
            .iter()
            .map(|&pixel| (f64::from(pixel) - 128.0).powi(2));
        let deviation = (squares.sum::<f64>() / bytes.len() as f64).sqrt() / 255.0;
        // The standard error of the deviation is 0.1 / √78,400 = 0.0004; five of them.
        assert!((deviation - 0.1).abs() < 0.002, "{deviation}");
        assert_eq!(noisy(Noise::Gaussian(0.1)), bytes, "the same in each call");
        assert_ne!(
            bytes[..PIXELS],
            bytes[PIXELS..2 * PIXELS],
            "different in each image"
        );
        assert_eq!(
            noisy(Noise::Gaussian(0.0)),
            vec![128; 50 * PIXELS],
            "no strength"
        );
    }

    #[test]
    fn noise_is_parsed_by_name_and_strength() {
        for text in ["salt-and-pepper:0.1", "gaussian:0.25"] {
            let noise: Noise = text.parse().expect("valid");
            assert_eq!(noise.to_string(), text, "round trip");
        }
        for text in [
            "gaussian",
            "gaussian:2",
            "gaussian:-0.1",
            "gaussian:nan",
            "grain:0.1",
        ] {
            assert!(text.parse::<Noise>().is_err(), "{text}");
        }
    }
}
