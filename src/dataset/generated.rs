//! Examples made of generated ink, by the very path that a drawing on the pad takes.

use std::ops::Range;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::Examples;
use crate::{
    bitmap::{Bitmap, CLASSES, Digit, PIXELS},
    ink,
};

/// The streams of a seed's generator that draw begin here; a training's others lie below.
const FIRST_STREAM: u64 = 1 << 62;

impl Examples {
    /// Generated digits, as hands of many countries might write them: those of a range out of a
    /// row that a seed decides, in which each class comes as often as the next.
    pub fn generated(range: Range<usize>, seed: u64) -> Self {
        let draw = |index: usize| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(FIRST_STREAM + index as u64);
            let ink = ink::synth::digit(Digit::ALL[index % CLASSES], &mut rng);
            ink::to_bitmap(&ink)
                .unwrap_or_else(Bitmap::blank)
                .to_bytes()
        };
        let labels = range.clone().map(|index| (index % CLASSES) as u8).collect();
        let images: Vec<[u8; PIXELS]> = range.into_par_iter().map(draw).collect();
        Self::of_parts(images.into_flattened(), labels)
    }

    /// The examples of each part, one part after the other.
    pub fn joined(parts: &[Self]) -> Self {
        let images: Vec<&[u8]> = parts.iter().map(Self::images).collect();
        let labels: Vec<&[u8]> = parts.iter().map(Self::labels).collect();
        Self::of_parts(images.concat(), labels.concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_examples_are_balanced_and_the_same_for_a_seed() {
        let examples = Examples::generated(0..40, 3);
        assert_eq!(
            examples.class_counts(),
            [4; CLASSES],
            "every digit as often"
        );
        let later = Examples::generated(25..40, 3);
        assert_eq!(
            later.image(0),
            examples.image(25),
            "the same row, from any place"
        );
        assert_eq!(later.label(0), examples.label(25), "with its label");
        let other = Examples::generated(0..40, 4);
        assert_ne!(examples.images(), other.images(), "another seed");
        let inked = |index| examples.image(index).iter().any(|&pixel| pixel > 0);
        assert!((0..40).all(inked), "none is blank");
    }

    #[test]
    fn examples_keep_their_order_when_joined() {
        let parts = [Examples::generated(0..12, 1), Examples::generated(0..5, 2)];
        let both = Examples::joined(&parts);
        assert_eq!(both.len(), 17, "all of them");
        assert_eq!(
            both.image(11),
            parts[0].image(11),
            "the first part comes first"
        );
        assert_eq!(both.image(12), parts[1].image(0), "then the other");
        assert_eq!(both.label(14), parts[1].label(2), "with its labels");
    }
}
