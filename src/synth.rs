//! Generated ink: digits as hands of many countries write them, drawn anew each time.
//!
//! MNIST was written by Americans: it has hardly a hooked 1 with a foot, no slashed 0 and few barred 7s, and who
//! has seen nothing else reads them as a 7, an 8 and a 2. Here each digit has its [`forms`]: strokes with the
//! few numbers that differ from hand to hand (how far a slash reaches, where a loop closes). A drawing is one
//! form with these numbers drawn at random, then bent, slanted and shaken as a hand would. It goes to the
//! network through [`to_bitmap`](crate::ink::to_bitmap), as a drawing on the pad does.

mod eight;
mod five;
mod four;
mod hand;
mod letters;
mod nine;
mod non_digit;
mod one;
mod path;
mod pen;
mod seven;
mod six;
mod three;
mod two;
mod zero;

use rand::{Rng, RngCore};

pub use self::non_digit::{NON_DIGITS_WHEN_MIRRORED, NON_DIGITS_WHEN_ROTATED};
use self::pen::Pen;
use crate::bitmap::Digit;
use crate::ink::Ink;

/// One way to write a digit, or one kind of what is no digit.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    name: &'static str,
    /// How often it is drawn among the forms beside it, which together may have any sum.
    weight: f32,
    /// Width of the form by its height, on average; the strokes are described in a box of 1 by 1.
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

    /// What tells it from the forms beside it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// A new drawing of this form, within the pad.
    pub fn draw(&self, rng: &mut impl Rng) -> Ink {
        self.draw_with(rng)
    }

    fn draw_with(&self, rng: &mut dyn RngCore) -> Ink {
        let mut pen = Pen::new(rng);
        (self.draw)(&mut pen);
        hand::write(pen, self.aspect)
    }
}

/// All ways in which a digit is drawn.
pub fn forms(digit: Digit) -> &'static [Form] {
    match digit.value() {
        0 => zero::FORMS,
        1 => one::FORMS,
        2 => two::FORMS,
        3 => three::FORMS,
        4 => four::FORMS,
        5 => five::FORMS,
        6 => six::FORMS,
        7 => seven::FORMS,
        8 => eight::FORMS,
        _ => nine::FORMS,
    }
}

/// A new drawing of a digit, within the pad. The same generator in the same state draws the same.
pub fn digit(digit: Digit, rng: &mut impl Rng) -> Ink {
    choose(forms(digit), rng).draw_with(rng)
}

/// Kinds of ink that no hand means as a digit: scribbles, taps, lone lines that are no 1, letters and signs
/// that look like no digit, digits mirrored or lying on their side, two digits beside each other.
pub fn non_digits() -> &'static [Form] {
    non_digit::FORMS
}

/// A new drawing that is no digit, within the pad. The same generator in the same state draws the same.
pub fn non_digit(rng: &mut impl Rng) -> Ink {
    choose(non_digits(), rng).draw_with(rng)
}

/// One of the forms, each as often as its weight says.
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
    fn the_same_seed_draws_the_same() {
        for of in Digit::ALL {
            let [first, again, other] = [7, 7, 8].map(|seed| digit(of, &mut generator(seed)));
            assert_eq!(first, again, "{of} from one seed");
            assert_ne!(first, other, "{of} from two seeds");
        }
    }

    #[test]
    fn the_same_seed_draws_the_same_non_digit() {
        let [first, again, other] = [7, 7, 8].map(|seed| non_digit(&mut generator(seed)));
        assert_eq!(first, again, "from one seed");
        assert_ne!(first, other, "from two seeds");
    }

    #[test]
    fn a_generator_goes_on_to_new_drawings() {
        let mut rng = generator(0);
        for of in Digit::ALL {
            assert_ne!(digit(of, &mut rng), digit(of, &mut rng), "two of {of}");
        }
    }

    #[test]
    fn each_digit_has_several_forms_of_their_own_names() {
        for of in Digit::ALL {
            let names: BTreeSet<_> = forms(of).iter().map(Form::name).collect();
            assert!(names.len() >= 4, "{of} is written in several ways");
            assert_eq!(names.len(), forms(of).len(), "no name of {of} comes twice");
        }
    }

    #[test]
    fn no_form_of_a_digit_is_another() {
        for of in Digit::ALL {
            let drawn: Vec<_> = forms(of)
                .iter()
                .map(|form| form.draw(&mut generator(1)))
                .collect();
            for (index, ink) in drawn.iter().enumerate() {
                let twin = drawn[..index].iter().position(|other| other == ink);
                assert_eq!(twin, None, "{of} {}", forms(of)[index].name());
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
            let name = choose(&forms, &mut rng).name();
            let index = forms.iter().position(|form| form.name == name);
            counts[index.expect("one of the forms")] += 1;
        }
        assert_eq!(counts[1], 0, "a weight of nothing");
        // Four standard deviations of the binomial distribution are 110.
        assert!(counts[0].abs_diff(3000) < 110, "three in four: {counts:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn every_drawing_is_within_the_pad_and_can_be_seen(seed: u64) {
            let mut rng = generator(seed);
            let digits = Digit::ALL.into_iter().flat_map(forms);
            for form in digits.chain(non_digits()) {
                let ink = form.draw(&mut rng);
                let bounds = ink.bounds().expect("a drawing has strokes");
                for coordinate in [bounds.min.x, bounds.min.y, bounds.max.x, bounds.max.y] {
                    prop_assert!((0.0..=1.0).contains(&coordinate), "{form:?}");
                }
                prop_assert!(bounds.longer_side() > 0.1 || form.name() == "taps", "{form:?}");
                prop_assert!(ink.point_count() < 4000, "{form:?}: {}", ink.point_count());
                let bitmap = to_bitmap(&ink).expect("a drawing has strokes");
                prop_assert!(!bitmap.is_blank(), "{form:?}");
            }
        }
    }
}
