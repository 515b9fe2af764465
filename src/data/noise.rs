//! Noise to test a model against: what bad scanners and cameras do to pictures.

use std::{f32::consts::TAU, fmt, str::FromStr};

use rand::{Rng, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::{
    bitmap::{Bitmap, PIXELS},
    error::Refusal,
};

/// Noise is the same each time, so that models can be compared.
const SEED: u64 = 0;

/// Noise that is added to images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Noise {
    /// This part of the pixels, 0..=1, becomes ink or paper, as often the one as the other.
    SaltAndPepper(f32),
    /// Each pixel changes by a normally distributed value of this standard deviation, 0..=1 of the way from
    /// paper to ink, and is then clamped to what there is.
    Gaussian(f32),
}

impl Noise {
    /// The name of its kind on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::SaltAndPepper(_) => "salt-and-pepper",
            Self::Gaussian(_) => "gaussian",
        }
    }

    /// How strong it is, 0..=1.
    pub fn strength(self) -> f32 {
        match self {
            Self::SaltAndPepper(strength) | Self::Gaussian(strength) => strength,
        }
    }

    /// The same kind of noise, as strong as this; 0..=1.
    #[must_use]
    pub fn with_strength(self, strength: f32) -> Self {
        match self {
            Self::SaltAndPepper(_) => Self::SaltAndPepper(strength),
            Self::Gaussian(_) => Self::Gaussian(strength),
        }
    }

    /// Adds it to an image, 0 is paper and 255 is ink.
    pub fn apply(self, image: &mut [u8; PIXELS], rng: &mut impl Rng) {
        for pixel in image {
            match self {
                Self::SaltAndPepper(part) => {
                    let random: f32 = rng.random();
                    if random < part / 2.0 {
                        *pixel = 0;
                    } else if random < part {
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

    /// Adds it to a picture that is tested with. What is added depends on the picture's place among the others
    /// alone, so that whoever tests on the same pictures tests on the same noise.
    #[must_use]
    pub fn on(self, bitmap: &Bitmap, place: usize) -> Bitmap {
        let mut image = bitmap.to_bytes();
        let mut rng = ChaCha8Rng::seed_from_u64(SEED);
        rng.set_stream(place as u64);
        self.apply(&mut image, &mut rng);
        Bitmap::from_bytes(&image)
    }
}

/// A value of the normal distribution, by Box and Muller's transform (1958).
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

    /// "KIND:STRENGTH", with a strength from 0 to 1.
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
                "write it so",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of fifty gray pictures with noise.
    fn noisy(noise: Noise) -> Vec<u8> {
        let gray = Bitmap::from_bytes(&[128; PIXELS]);
        let pictures = (0..50).flat_map(|place| noise.on(&gray, place).to_bytes());
        pictures.collect()
    }

    #[test]
    fn noise_is_as_strong_as_it_says_and_the_same_in_its_place() {
        let bytes = noisy(Noise::SaltAndPepper(0.1));
        let part = |value: u8| {
            let is = bytes
                .iter()
                .map(|&pixel| f64::from(u8::from(pixel == value)));
            is.sum::<f64>() / bytes.len() as f64
        };
        // Of 39,200 pixels the parts are known to 0.0011; four of these.
        assert!((part(0) - 0.05).abs() < 0.0045, "{} salt", part(0));
        assert!((part(255) - 0.05).abs() < 0.0045, "{} pepper", part(255));
        let bytes = noisy(Noise::Gaussian(0.1));
        let squares = bytes
            .iter()
            .map(|&pixel| (f64::from(pixel) - 128.0).powi(2));
        let deviation = (squares.sum::<f64>() / bytes.len() as f64).sqrt() / 255.0;
        assert!((deviation - 0.1).abs() < 0.002, "{deviation}");
        assert_eq!(noisy(Noise::Gaussian(0.1)), bytes, "the same each time");
        assert_ne!(
            bytes[..PIXELS],
            bytes[PIXELS..2 * PIXELS],
            "another in another place"
        );
        assert_eq!(
            noisy(Noise::Gaussian(0.0)),
            vec![128; 50 * PIXELS],
            "no strength"
        );
    }

    #[test]
    fn noise_is_read_by_its_name_and_strength() {
        for text in ["salt-and-pepper:0.1", "gaussian:0.25"] {
            let noise: Noise = text.parse().expect("well written");
            assert_eq!(noise.to_string(), text, "there and back");
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
