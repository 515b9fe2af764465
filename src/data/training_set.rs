//! The images of a training with their targets.

use super::Examples;
use crate::bitmap::{CLASSES, PIXELS};

/// Images with targets: a digit each, or none.
#[derive(Clone, Debug)]
pub struct TrainingSet {
    /// Labels may be [`TrainingSet::NO_DIGIT`], which [`Examples`] otherwise never has: keep this private.
    inner: Examples,
    has_non_digits: bool,
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

    /// Joins examples and non-digits, `[n, 784]`, in this order. A single part of examples is shared, not copied.
    pub(crate) fn new(mut examples: Vec<Examples>, non_digits: &[u8]) -> Self {
        let has_non_digits = !non_digits.is_empty();
        let inner = if examples.len() == 1 && !has_non_digits {
            examples.swap_remove(0)
        } else {
            let mut images: Vec<&[u8]> = examples.iter().map(Examples::images).collect();
            images.push(non_digits);
            let mut labels: Vec<&[u8]> = examples.iter().map(Examples::labels).collect();
            let none = vec![Self::NO_DIGIT; non_digits.len() / PIXELS];
            labels.push(&none);
            Examples::from_parts(images.concat(), labels.concat())
        };
        Self {
            inner,
            has_non_digits,
        }
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
        let parts = [&[3, 1][..], &[4], &[7], &[8]].map(examples).to_vec();
        let non_digits = [[200; PIXELS], [201; PIXELS]].concat();
        let set = TrainingSet::new(parts, &non_digits);
        let targets: Vec<Target> = (0..set.len()).map(|index| set.target(index)).collect();
        let expected = [3, 1, 4, 7, 8, 10, 10].map(Target::of);
        assert_eq!(targets, expected, "one target each");
        for (index, value) in [3, 1, 4, 7, 8, 200, 201].into_iter().enumerate() {
            assert_eq!(set.image(index), &[value; PIXELS], "image {index}");
        }
        assert!(set.has_non_digits(), "there are two");
    }

    #[test]
    fn a_single_part_is_shared() {
        let only = examples(&[7, 8]);
        let set = TrainingSet::new(vec![only.clone()], &[]);
        let (shared, own) = (set.images().as_ptr(), only.images().as_ptr());
        assert_eq!(shared, own, "the same memory");
        assert!(!set.has_non_digits(), "all are digits");
    }
}
