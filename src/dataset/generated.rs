//! Examples made of generated ink, by the very path that a drawing on the pad takes.

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
    /// As many digits as asked for, each class as often as the next, as hands of many countries
    /// might write them. The same seed gives the same.
    pub fn generated(count: usize, seed: u64) -> Self {
        let draw = |index: usize| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(FIRST_STREAM + index as u64);
            let ink = ink::synth::digit(Digit::ALL[index % CLASSES], &mut rng);
            ink::to_bitmap(&ink)
                .unwrap_or_else(Bitmap::blank)
                .to_bytes()
        };
        let images: Vec<[u8; PIXELS]> = (0..count).into_par_iter().map(draw).collect();
        let labels = (0..count).map(|index| (index % CLASSES) as u8).collect();
        Self::of_parts(images.into_flattened(), labels)
    }

    /// These and then others.
    #[must_use]
    pub fn followed_by(&self, others: &Self) -> Self {
        let images = [self.images(), others.images()].concat();
        Self::of_parts(images, [self.labels(), others.labels()].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_examples_are_balanced_and_the_same_for_a_seed() {
        let examples = Examples::generated(40, 3);
        assert_eq!(
            examples.class_counts(),
            [4; CLASSES],
            "every digit as often"
        );
        assert_eq!(
            examples.images(),
            Examples::generated(40, 3).images(),
            "the same seed"
        );
        assert_ne!(
            examples.images(),
            Examples::generated(40, 4).images(),
            "another"
        );
        let inked = |index| examples.image(index).iter().any(|&pixel| pixel > 0);
        assert!((0..40).all(inked), "none is blank");
    }

    #[test]
    fn examples_keep_their_order_when_joined() {
        let (first, second) = (Examples::generated(12, 1), Examples::generated(5, 2));
        let both = first.followed_by(&second);
        assert_eq!(both.len(), 17, "all of them");
        assert_eq!(both.image(11), first.image(11), "the first come first");
        assert_eq!(
            (both.image(12), both.label(14)),
            (second.image(0), second.label(2)),
            "then the others"
        );
    }
}
