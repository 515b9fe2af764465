//! What a training learns from: pictures of digits, and others that show none.

use std::ops::Range;

use super::Examples;
use crate::bitmap::{CLASSES, PIXELS};

/// Pictures with their targets: a digit for each, or that there is none.
#[derive(Clone, Debug)]
pub struct TrainingSet {
    /// Their labels may be [`TrainingSet::NO_DIGIT`], so they never leave this type as examples.
    inner: Examples,
    /// Which of them are generated digits.
    generated: Range<usize>,
    /// Which of them are drawings of one's own: digits, and what is none.
    own: [Range<usize>; 2],
    has_non_digits: bool,
}

/// What a picture is to be read as.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// A digit, 0..=9, or [`TrainingSet::NO_DIGIT`].
    pub class: u8,
    /// Whether the program generated the digit. Some forms of it are another digit to other hands.
    pub is_synthetic: bool,
    /// Where it is to be read as a network read it before: the logits that that one gave it.
    pub before: Option<[f32; CLASSES]>,
}

#[cfg(test)]
impl Target {
    /// Of a picture that the program did not generate.
    pub(crate) fn of(class: u8) -> Self {
        Self {
            class,
            is_synthetic: false,
            before: None,
        }
    }
}

impl TrainingSet {
    /// The target of a picture without a digit: the class after the ten.
    pub const NO_DIGIT: u8 = CLASSES as u8;

    /// The examples of all parts, one part after the other, then the generated digits, then the pictures without a
    /// digit, 784 bytes each.
    ///
    /// Examples alone are shared, not copied.
    pub fn new(parts: &[Examples], generated: &[Examples], non_digits: &[u8]) -> Self {
        debug_assert_eq!(non_digits.len() % PIXELS, 0, "whole pictures");
        let has_non_digits = !non_digits.is_empty();
        let count = |parts: &[Examples]| parts.iter().map(Examples::len).sum::<usize>();
        let first_generated = count(parts);
        let inner = match parts {
            [only] if generated.is_empty() && !has_non_digits => only.clone(),
            _ => {
                let digits = || parts.iter().chain(generated);
                let mut images: Vec<&[u8]> = digits().map(Examples::images).collect();
                images.push(non_digits);
                let mut labels: Vec<&[u8]> = digits().map(Examples::labels).collect();
                let without = vec![Self::NO_DIGIT; non_digits.len() / PIXELS];
                labels.push(&without);
                Examples::from_parts(images.concat(), labels.concat())
            }
        };
        Self {
            inner,
            generated: first_generated..first_generated + count(generated),
            own: [0..0, 0..0],
            has_non_digits,
        }
    }

    /// The same, with the last so many digits that are not generated, and the last so many pictures without a digit, as
    /// drawings of one's own.
    #[must_use]
    pub fn with_corrections(self, digits: usize, non_digits: usize) -> Self {
        let (first_generated, len) = (self.generated.start, self.len());
        Self {
            own: [
                first_generated - digits..first_generated,
                len - non_digits..len,
            ],
            ..self
        }
    }

    /// Whether the picture at `index` is a drawing of one's own.
    pub fn is_correction(&self, index: usize) -> bool {
        self.own.iter().any(|own| own.contains(&index))
    }

    /// How many pictures there are.
    pub fn len(&self) -> usize {
        self.inner.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// Whether some show no digit.
    pub fn has_non_digits(&self) -> bool {
        self.has_non_digits
    }

    /// All pictures, `len() * 784` bytes: row by row from the top left, 0 is paper, 255 is ink.
    pub fn images(&self) -> &[u8] {
        self.inner.images()
    }

    /// The picture at `index`, which must be below [`TrainingSet::len`].
    pub fn image(&self, index: usize) -> &[u8; PIXELS] {
        self.inner.image(index)
    }

    /// What the picture at `index`, which must be below [`TrainingSet::len`], is to be read as.
    pub fn target(&self, index: usize) -> Target {
        Target {
            class: self.inner.labels()[index],
            is_synthetic: self.generated.contains(&index),
            before: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examples(labels: &[u8]) -> Examples {
        let images = labels.iter().flat_map(|&label| [label; PIXELS]).collect();
        Examples::new(images, labels.to_vec()).expect("well formed")
    }

    #[test]
    fn parts_keep_their_order_and_generated_digits_and_non_digits_come_last() {
        let parts = [examples(&[3, 1]), examples(&[4])];
        let set = TrainingSet::new(
            &parts,
            &[examples(&[7]), examples(&[8])],
            &[200; 2 * PIXELS],
        );
        let targets: Vec<Target> = (0..set.len()).map(|index| set.target(index)).collect();
        let expected = [3, 1, 4, 7, 8, 10, 10].map(|class| Target {
            class,
            is_synthetic: [7, 8].contains(&class),
            before: None,
        });
        assert_eq!(targets, expected, "each with its target");
        assert_eq!(set.image(2), &[4; PIXELS], "the second part's picture");
        assert_eq!(set.image(4), &[8; PIXELS], "a generated digit");
        assert_eq!(set.image(6), &[200; PIXELS], "a picture without a digit");
        assert!(set.has_non_digits(), "there are some");
        let set = set.with_corrections(1, 1);
        let own: Vec<usize> = (0..set.len())
            .filter(|&index| set.is_correction(index))
            .collect();
        assert_eq!(own, [2, 6], "the last that is not generated, and the last");
    }

    #[test]
    fn examples_alone_are_shared() {
        let only = examples(&[7, 8]);
        let set = TrainingSet::new(std::slice::from_ref(&only), &[], &[]);
        assert_eq!(
            set.images().as_ptr(),
            only.images().as_ptr(),
            "the same memory"
        );
        assert!(!set.has_non_digits(), "all are digits");
    }
}
