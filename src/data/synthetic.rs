//! Synthetic digits and non-digits as images. They take the path from ink to bitmap that drawings take.

use std::ops::Range;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::Examples;
use crate::{
    bitmap::{Bitmap, CLASSES, Digit, PIXELS},
    ink::{self, Ink},
    synth,
};

/// The first random stream of synthetic digits. The other streams of a training lie below.
const FIRST_DIGIT: u64 = 1 << 62;
/// The first random stream of non-digits.
const FIRST_NON_DIGIT: u64 = 1 << 63;

impl Examples {
    /// Synthetic digits in the handwriting styles of many countries: a range of the infinite sequence of a seed. The
    /// labels cycle through 0..=9.
    pub fn synthetic(range: Range<usize>, seed: u64) -> Self {
        let labels = range.clone().map(|index| (index % CLASSES) as u8).collect();
        let images = images(range, seed, FIRST_DIGIT, |index, rng| {
            synth::digit(Digit::ALL[index % CLASSES], rng)
        });
        Self::from_parts(images, labels)
    }
}

/// Synthetic non-digits, `[n, 784]`: a range of the infinite sequence of a seed.
pub fn non_digits(range: Range<usize>, seed: u64) -> Vec<u8> {
    images(range, seed, FIRST_NON_DIGIT, |_, rng| synth::non_digit(rng))
}

/// `[n, 784]`: the images of drawings, each from a random stream of its own.
fn images(
    range: Range<usize>,
    seed: u64,
    first_stream: u64,
    draw: impl Fn(usize, &mut ChaCha8Rng) -> Ink + Sync,
) -> Vec<u8> {
    let image = |index: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(first_stream + index as u64);
        let bitmap = ink::to_bitmap(&draw(index, &mut rng));
        bitmap.unwrap_or_else(Bitmap::blank).to_bytes()
    };
    let images: Vec<[u8; PIXELS]> = range.into_par_iter().map(image).collect();
    images.into_flattened()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn synthetic_digits_are_balanced_and_reproducible() {
        let examples = Examples::synthetic(0..40, 3);
        assert_eq!(examples.class_counts(), [4; CLASSES], "equal counts");
        let later = Examples::synthetic(25..40, 3);
        assert_eq!(
            later.image(0),
            examples.image(25),
            "the same sequence from any start"
        );
        assert_eq!(later.label(0), examples.label(25), "and its label");
        let other = Examples::synthetic(0..40, 4);
        assert_ne!(examples.images(), other.images(), "another seed");
        let inked = |index| examples.image(index).iter().any(|&pixel| pixel > 0);
        assert!((0..40).all(inked), "no image is blank");
    }

    #[test]
    fn non_digits_are_reproducible() {
        let some = non_digits(0..30, 3);
        assert_eq!(some.len(), 30 * PIXELS, "whole images");
        assert_eq!(
            non_digits(20..30, 3),
            some[20 * PIXELS..],
            "the same sequence from any start"
        );
        assert_ne!(non_digits(0..30, 4), some, "another seed");
    }
}
