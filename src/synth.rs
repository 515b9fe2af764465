//! Synthetic handwriting: random digits and non-digits in many styles, as ink.
//!
//! MNIST was written in the USA. It has hardly any hooked 1 with a foot, no slashed 0 and few barred 7s, so a network
//! trained on MNIST alone reads them as 7, 8 and 2. Here each digit has several forms: strokes with a few random
//! parameters, such as the length of a slash. A drawing is one form in a random handwriting style. It reaches the
//! network through [`to_bitmap`](crate::ink::to_bitmap), as a drawing on the pad does.

mod digits;
mod non_digits;
mod pen;
mod segmentation;
mod style;

use rand::{Rng, RngCore};

pub use self::non_digits::{NON_DIGITS_WHEN_MIRRORED, NON_DIGITS_WHEN_ROTATED};
use self::pen::Pen;
pub use self::segmentation::WrongGroup;
use crate::{bitmap::Digit, ink::Ink};

/// One way to write a digit, or one kind of non-digit.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    name: &'static str,
    /// Relative frequency among the forms of the same digit.
    weight: f32,
    /// Mean width by height. `draw` describes the strokes in a box of 1 by 1.
    aspect: f32,
    draw: fn(&mut Pen),
}

impl Form {
    const fn new(name: &'static str, weight: f32, aspect: f32, draw: fn(&mut Pen)) -> Self {
        Self {
            name,
            weight,
            aspect,
            draw,
        }
    }

    /// The form's name, unique among the forms of a digit.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// A new drawing of this form, within the pad.
    pub fn draw(&self, rng: &mut dyn RngCore) -> Ink {
        let mut pen = Pen::new(rng);
        (self.draw)(&mut pen);
        style::apply(pen, self.aspect)
    }
}

/// A new drawing of a digit, within the pad. The same state of the generator gives the same drawing.
pub fn digit(digit: Digit, rng: &mut impl Rng) -> Ink {
    choose(forms(digit), rng).draw(rng)
}

/// A new drawing of a non-digit, within the pad: a scribble, dots, a line that is not a 1, a letter or symbol that
/// looks like no digit, a mirrored or rotated digit, a part of a digit, more than a digit. The same state of the generator gives the same
/// drawing.
pub fn non_digit(rng: &mut impl Rng) -> Ink {
    choose(non_digits(), rng).draw(rng)
}

/// The forms of a digit.
pub fn forms(digit: Digit) -> &'static [Form] {
    digits::FORMS[digit.index()]
}

/// The forms of non-digits.
pub fn non_digits() -> &'static [Form] {
    non_digits::FORMS
}

/// One of the forms, each with a probability in proportion to its weight.
fn choose<'a>(forms: &'a [Form], rng: &mut (impl Rng + ?Sized)) -> &'a Form {
    let total: f32 = forms.iter().map(|form| form.weight).sum();
    let mut left = rng.random_range(0.0..total);
    for form in forms {
        left -= form.weight;
        if left < 0.0 {
            return form;
        }
    }
    &forms[forms.len() - 1]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::ink::to_bitmap;

    fn generator(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }

    #[test]
    fn a_seed_determines_the_drawing() {
        for of in Digit::ALL.map(Some).into_iter().chain([None]) {
            let draw = |rng: &mut ChaCha8Rng| match of {
                Some(of) => digit(of, rng),
                None => non_digit(rng),
            };
            let [first, again, other] = [7, 7, 8].map(|seed| draw(&mut generator(seed)));
            assert_eq!(first, again, "{of:?} from one seed");
            assert_ne!(first, other, "{of:?} from two seeds");
            let mut rng = generator(0);
            assert_ne!(draw(&mut rng), draw(&mut rng), "two of {of:?}");
        }
    }

    #[test]
    fn each_digit_has_several_different_forms() {
        for of in Digit::ALL {
            let forms = forms(of);
            let names: BTreeSet<_> = forms.iter().map(|form| form.name).collect();
            assert!(names.len() >= 4, "{of} has several forms");
            assert_eq!(names.len(), forms.len(), "the names of {of} are unique");
            let drawn: Vec<_> = forms
                .iter()
                .map(|form| form.draw(&mut generator(1)))
                .collect();
            for (index, ink) in drawn.iter().enumerate() {
                let twin = drawn[..index].iter().position(|other| other == ink);
                assert_eq!(twin, None, "{of} {}", forms[index].name);
            }
        }
    }

    #[test]
    fn forms_are_chosen_by_their_weights() {
        let forms = [
            Form::new("often", 3.0, 1.0, |_| ()),
            Form::new("never", 0.0, 1.0, |_| ()),
            Form::new("seldom", 1.0, 1.0, |_| ()),
        ];
        let mut rng = generator(3);
        let mut counts = [0_u32; 3];
        for _ in 0..4000 {
            let name = choose(&forms, &mut rng).name;
            let index = forms.iter().position(|form| form.name == name);
            counts[index.expect("one of the forms")] += 1;
        }
        assert_eq!(counts[1], 0, "its weight is 0");
        // Four standard deviations of the binomial distribution are 110.
        assert!(counts[0].abs_diff(3000) < 110, "three in four: {counts:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn every_drawing_is_visible_and_within_the_pad(seed: u64) {
            let mut rng = generator(seed);
            let digits = Digit::ALL.into_iter().flat_map(forms);
            for form in digits.chain(non_digits()) {
                let ink = form.draw(&mut rng);
                let bounds = ink.bounds().expect("a drawing has strokes");
                for coordinate in [bounds.min.x, bounds.min.y, bounds.max.x, bounds.max.y] {
                    prop_assert!((0.0..=1.0).contains(&coordinate), "{form:?}");
                }
                prop_assert!(bounds.longer_side() > 0.1 || form.name == "dots", "{form:?}");
                prop_assert!(ink.point_count() < 4000, "{form:?}: {}", ink.point_count());
                let bitmap = to_bitmap(&ink).expect("a drawing has strokes");
                prop_assert!(!bitmap.is_blank(), "{form:?}");
            }
        }
    }
}
