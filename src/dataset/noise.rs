//! Noise to test a model against: what bad scanners and cameras do to pictures.

use std::{f32::consts::TAU, fmt, str::FromStr};

use rand::{Rng, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::Examples;
use crate::{bitmap::PIXELS, error::Refusal};

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

impl Examples {
    /// The same examples with noise, which is the same for a seed.
    #[must_use]
    pub fn with_noise(&self, noise: Noise, seed: u64) -> Self {
        let mut images = self.images().to_vec();
        let images_mut = images.as_chunks_mut::<PIXELS>().0;
        images_mut
            .par_iter_mut()
            .enumerate()
            .for_each(|(index, image)| {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                rng.set_stream(index as u64);
                noise.apply(image, &mut rng);
            });
        Self::of_parts(images, self.labels().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_as_strong_as_it_says_and_the_same_for_a_seed() {
        let grey = Examples::new(vec![128; 50 * PIXELS], vec![3; 50]).expect("sizes agree");
        let noisy = grey.with_noise(Noise::SaltAndPepper(0.1), 1);
        let is = |value: u8| {
            noisy
                .images()
                .iter()
                .map(move |&pixel| f64::from(u8::from(pixel == value)))
        };
        let part = |value| is(value).sum::<f64>() / noisy.images().len() as f64;
        // Of 39,200 pixels the parts are known to 0.0011; four of these.
        assert!((part(0) - 0.05).abs() < 0.0045, "{} salt", part(0));
        assert!((part(255) - 0.05).abs() < 0.0045, "{} pepper", part(255));
        assert_eq!(noisy.labels(), grey.labels(), "with their labels");
        let noisy = grey.with_noise(Noise::Gaussian(0.1), 1);
        let squares = noisy
            .images()
            .iter()
            .map(|&pixel| (f64::from(pixel) - 128.0).powi(2));
        let deviation = (squares.sum::<f64>() / noisy.images().len() as f64).sqrt() / 255.0;
        assert!((deviation - 0.1).abs() < 0.002, "{deviation}");
        let again = grey.with_noise(Noise::Gaussian(0.1), 1);
        assert_eq!(again.images(), noisy.images(), "the same seed");
        let other = grey.with_noise(Noise::Gaussian(0.1), 2);
        assert_ne!(other.images(), noisy.images(), "another seed");
        let none = grey.with_noise(Noise::Gaussian(0.0), 1);
        assert_eq!(none.images(), grey.images(), "no strength");
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
