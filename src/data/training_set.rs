//! The images of a training with their targets.

use std::ops::Range;

use super::Examples;
use crate::bitmap::{CLASSES, PIXELS};

/// Images with targets: a digit each, or none.
#[derive(Clone, Debug)]
pub struct TrainingSet {
    /// Labels may be [`TrainingSet::NO_DIGIT`], which [`Examples`] otherwise never has: keep this private.
    inner: Examples,
    /// The ranges of corrected digits and of corrected non-digits.
    corrections: [Range<usize>; 2],
    has_non_digits: bool,
}

/// The parts of a training set.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrainingParts {
    /// Examples from datasets and ink files.
    pub(crate) examples: Vec<Examples>,
    /// Digits that the user corrected, as often as they repeat.
    pub(crate) corrections: Vec<Examples>,
    /// Synthetic digits.
    pub(crate) synthetic_digits: Vec<Examples>,
    /// Non-digits, `[n, 784]`.
    pub(crate) non_digits: Vec<u8>,
    /// Non-digits that the user corrected, `[n, 784]`, as often as they repeat.
    pub(crate) corrected_non_digits: Vec<u8>,
}

/// The target of a training image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// A digit, 0..=9, or [`TrainingSet::NO_DIGIT`].
    pub class: u8,
    /// The teacher's logits, which replace the class when the training distills a base model.
    pub teacher_logits: Option<[f32; CLASSES]>,
}

#[cfg(test)]
impl Target {
    /// A target without a teacher.
    pub(crate) fn of(class: u8) -> Self {
        Self {
            class,
            teacher_logits: None,
        }
    }
}

impl TrainingSet {
    /// The class of a non-digit: one more than the ten digits.
    pub const NO_DIGIT: u8 = CLASSES as u8;

    /// Joins the parts in the order of [`TrainingParts`]. A single part of examples is shared, not copied.
    pub(crate) fn new(parts: TrainingParts) -> Self {
        let TrainingParts {
            examples,
            corrections,
            synthetic_digits,
            mut non_digits,
            corrected_non_digits,
        } = parts;
        let count = |parts: &[Examples]| parts.iter().map(Examples::len).sum::<usize>();
        let first_correction = count(&examples);
        let first_synthetic = first_correction + count(&corrections);
        let digits = first_synthetic + count(&synthetic_digits);
        let first_corrected_non_digit = digits + non_digits.len() / PIXELS;
        non_digits.extend_from_slice(&corrected_non_digits);
        let has_non_digits = !non_digits.is_empty();
        let mut parts = [examples, corrections, synthetic_digits].concat();
        let inner = if parts.len() == 1 && !has_non_digits {
            parts.swap_remove(0)
        } else {
            let mut images: Vec<&[u8]> = parts.iter().map(Examples::images).collect();
            images.push(&non_digits);
            let mut labels: Vec<&[u8]> = parts.iter().map(Examples::labels).collect();
            let none = vec![Self::NO_DIGIT; non_digits.len() / PIXELS];
            labels.push(&none);
            Examples::from_parts(images.concat(), labels.concat())
        };
        Self {
            corrections: [
                first_correction..first_synthetic,
                first_corrected_non_digit..inner.len(),
            ],
            inner,
            has_non_digits,
        }
    }

    /// Whether the image at `index` is a correction.
    pub(crate) fn is_correction(&self, index: usize) -> bool {
        self.corrections.iter().any(|range| range.contains(&index))
    }

    /// The number of images.
    pub(crate) fn len(&self) -> usize {
        self.inner.len()
    }

    /// Whether some images are non-digits.
    pub(crate) fn has_non_digits(&self) -> bool {
        self.has_non_digits
    }

    /// All images, `[len, 784]`: row by row from the top left, 0 is paper and 255 is ink.
    pub(crate) fn images(&self) -> &[u8] {
        self.inner.images()
    }

    /// The image at `index`, which must be below [`TrainingSet::len`].
    pub(crate) fn image(&self, index: usize) -> &[u8; PIXELS] {
        self.inner.image(index)
    }

    /// The target of the image at `index`, which must be below [`TrainingSet::len`].
    pub(crate) fn target(&self, index: usize) -> Target {
        Target {
            class: self.inner.labels()[index],
            teacher_logits: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examples(labels: &[u8]) -> Examples {
        let images = labels.iter().flat_map(|&label| [label; PIXELS]).collect();
        Examples::new(images, labels.to_vec()).expect("the numbers agree")
    }

    #[test]
    fn parts_keep_their_order_and_targets() {
        let set = TrainingSet::new(TrainingParts {
            examples: vec![examples(&[3, 1])],
            corrections: vec![examples(&[4])],
            synthetic_digits: vec![examples(&[7]), examples(&[8])],
            non_digits: vec![200; PIXELS],
            corrected_non_digits: vec![201; PIXELS],
        });
        let targets: Vec<Target> = (0..set.len()).map(|index| set.target(index)).collect();
        let expected = [3, 1, 4, 7, 8, 10, 10].map(Target::of);
        assert_eq!(targets, expected, "one target each");
        for (index, value) in [3, 1, 4, 7, 8, 200, 201].into_iter().enumerate() {
            assert_eq!(set.image(index), &[value; PIXELS], "image {index}");
        }
        assert!(set.has_non_digits(), "there are two");
        let corrections: Vec<usize> = (0..set.len()).filter(|&i| set.is_correction(i)).collect();
        assert_eq!(corrections, [2, 6], "a digit and a non-digit");
    }

    #[test]
    fn a_single_part_is_shared() {
        let only = examples(&[7, 8]);
        let set = TrainingSet::new(TrainingParts {
            examples: vec![only.clone()],
            ..TrainingParts::default()
        });
        let (shared, own) = (set.images().as_ptr(), only.images().as_ptr());
        assert_eq!(shared, own, "the same memory");
        assert!(!set.has_non_digits(), "all are digits");
    }
}
