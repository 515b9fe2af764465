//! What a training learns from: pictures of digits, and others that show none.

use super::Examples;
use crate::bitmap::{CLASSES, PIXELS};

/// Pictures with their targets: a digit for each, or that there is none.
#[derive(Clone, Debug)]
pub struct TrainingSet {
    /// Their labels may be [`TrainingSet::NO_DIGIT`], so they never leave this type as examples.
    inner: Examples,
    has_non_digits: bool,
}

impl TrainingSet {
    /// The target of a picture without a digit: the class after the ten.
    pub const NO_DIGIT: u8 = CLASSES as u8;

    /// The examples of all parts, one part after the other, then the pictures without a digit, 784
    /// bytes each.
    ///
    /// Examples alone are shared, not copied.
    pub fn new(parts: &[Examples], non_digits: &[u8]) -> Self {
        debug_assert_eq!(non_digits.len() % PIXELS, 0, "whole pictures");
        let has_non_digits = !non_digits.is_empty();
        let inner = match parts {
            [only] if !has_non_digits => only.clone(),
            _ => {
                let mut images: Vec<&[u8]> = parts.iter().map(Examples::images).collect();
                images.push(non_digits);
                let mut labels: Vec<&[u8]> = parts.iter().map(Examples::labels).collect();
                let without = vec![Self::NO_DIGIT; non_digits.len() / PIXELS];
                labels.push(&without);
                Examples::of_parts(images.concat(), labels.concat())
            }
        };
        Self {
            inner,
            has_non_digits,
        }
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

    /// The targets: 0..=9, or [`TrainingSet::NO_DIGIT`].
    pub fn targets(&self) -> &[u8] {
        self.inner.labels()
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
    fn parts_keep_their_order_and_non_digits_come_last() {
        let set = TrainingSet::new(&[examples(&[3, 1]), examples(&[4])], &[200; 2 * PIXELS]);
        assert_eq!(set.targets(), [3, 1, 4, 10, 10], "each with its target");
        assert_eq!(set.image(2), &[4; PIXELS], "the second part's picture");
        assert_eq!(set.image(4), &[200; PIXELS], "a picture without a digit");
        assert!(set.has_non_digits(), "there are some");
    }

    #[test]
    fn examples_alone_are_shared() {
        let only = examples(&[7, 8]);
        let set = TrainingSet::new(std::slice::from_ref(&only), &[]);
        assert_eq!(
            set.images().as_ptr(),
            only.images().as_ptr(),
            "the same memory"
        );
        assert!(!set.has_non_digits(), "all are digits");
    }
}
