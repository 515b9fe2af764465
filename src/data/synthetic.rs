//! Examples made of generated ink, by the very path that a drawing on the pad takes.

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

/// The streams of a seed's generator that draw begin here; a training's others lie below.
const FIRST_DIGIT: u64 = 1 << 62;
/// Those that draw what is no digit begin here.
const FIRST_NON_DIGIT: u64 = 1 << 63;

impl Examples {
    /// Generated digits, as hands of many countries might write them: those of a range out of a
    /// row that a seed decides, in which each class comes as often as the next.
    pub fn synthetic(range: Range<usize>, seed: u64) -> Self {
        let draw = |index: usize| {
            let mut rng = generator(seed, FIRST_DIGIT + index as u64);
            picture(&synth::digit(Digit::ALL[index % CLASSES], &mut rng))
        };
        let labels = range.clone().map(|index| (index % CLASSES) as u8).collect();
        let images: Vec<[u8; PIXELS]> = range.into_par_iter().map(draw).collect();
        Self::from_parts(images.into_flattened(), labels)
    }
}

/// Generated drawings that are no digit, 784 bytes each: those of a range out of a row that a seed
/// decides.
pub fn non_digits(range: Range<usize>, seed: u64) -> Vec<u8> {
    let draw = |index: usize| {
        let mut rng = generator(seed, FIRST_NON_DIGIT + index as u64);
        picture(&synth::non_digit(&mut rng))
    };
    let images: Vec<[u8; PIXELS]> = range.into_par_iter().map(draw).collect();
    images.into_flattened()
}

fn generator(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

fn picture(ink: &Ink) -> [u8; PIXELS] {
    ink::to_bitmap(ink).unwrap_or_else(Bitmap::blank).to_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_examples_are_balanced_and_the_same_for_a_seed() {
        let examples = Examples::synthetic(0..40, 3);
        assert_eq!(
            examples.class_counts(),
            [4; CLASSES],
            "every digit as often"
        );
        let later = Examples::synthetic(25..40, 3);
        assert_eq!(
            later.image(0),
            examples.image(25),
            "the same row, from any place"
        );
        assert_eq!(later.label(0), examples.label(25), "with its label");
        let other = Examples::synthetic(0..40, 4);
        assert_ne!(examples.images(), other.images(), "another seed");
        let inked = |index| examples.image(index).iter().any(|&pixel| pixel > 0);
        assert!((0..40).all(inked), "none is blank");
    }

    #[test]
    fn non_digits_are_the_same_for_a_seed_from_any_place() {
        let some = non_digits(0..30, 3);
        assert_eq!(some.len(), 30 * PIXELS, "whole pictures");
        assert_eq!(
            non_digits(20..30, 3),
            some[20 * PIXELS..],
            "the same row, from any place"
        );
        assert_ne!(non_digits(0..30, 4), some, "another seed");
    }
}
