//! Labeled images of digits: built-in MNIST, folders of IDX files, ink files, corrections, synthetic digits.

pub mod augment;
pub mod idx;
pub mod preview;

pub(crate) mod corrections;
mod folder;
pub mod ink_set;
mod mnist;
pub mod noise;
mod source;
pub mod synthetic;
mod training_set;

use std::{fmt, ops::Range, sync::Arc};

pub use self::{
    corrections::{Correction, Corrections},
    folder::read_idx_pair,
    mnist::MnistParts,
    source::{DataSource, TrainingData},
    training_set::{Target, TrainingSet},
};
use crate::{
    bitmap::{CLASSES, Digit, PIXELS},
    error::{InputError, Refusal},
};

/// Images with their labels.
///
/// The bytes are shared: clones, [`Examples::split_tail`] and [`Examples::take`] do not copy them.
#[derive(Clone, Default)]
pub struct Examples {
    images: Arc<Vec<u8>>,
    labels: Arc<Vec<u8>>,
    range: Range<usize>,
}

impl Examples {
    /// N images of 28×28 bytes, row by row from the top left, 0 is paper and 255 is ink; and N labels. N may be 0.
    ///
    /// # Errors
    /// If the numbers of images and labels differ, or a label is above 9.
    pub fn new(images: Vec<u8>, labels: Vec<u8>) -> Result<Self, InputError> {
        Self::checked(images, labels, || "pair images with labels".to_owned())
    }

    /// As [`Examples::new`], with the attempted operation for an error.
    fn checked(
        images: Vec<u8>,
        labels: Vec<u8>,
        attempted: impl FnOnce() -> String,
    ) -> Result<Self, InputError> {
        if images.len() != labels.len() * PIXELS {
            return Err(Refusal::new(
                attempted(),
                match images.len() % PIXELS {
                    0 => format!("{} images", images.len() / PIXELS),
                    _ => format!("{} bytes of images", images.len()),
                } + &format!(" and {} labels", labels.len()),
                format!("as many images of {PIXELS} bytes as labels"),
                "choose the labels that belong to these images",
            )
            .into());
        }
        let wrong = labels
            .iter()
            .enumerate()
            .find(|(_, label)| usize::from(**label) >= CLASSES);
        if let Some((index, label)) = wrong {
            return Err(Refusal::new(
                attempted(),
                format!("label {label} at index {index}"),
                "labels from 0 to 9",
                "choose a dataset of ten classes, such as MNIST, Fashion-MNIST, KMNIST or EMNIST Digits",
            ).into());
        }
        Ok(Self::from_parts(images, labels))
    }

    /// Without checks: the numbers agree and the labels are below 10.
    fn from_parts(images: Vec<u8>, labels: Vec<u8>) -> Self {
        let range = 0..labels.len();
        Self {
            images: Arc::new(images),
            labels: Arc::new(labels),
            range,
        }
    }

    /// The number of examples.
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Whether there is no example.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// All images, `[len, 784]`: row by row from the top left, 0 is paper and 255 is ink.
    pub fn images(&self) -> &[u8] {
        &self.images[self.range.start * PIXELS..self.range.end * PIXELS]
    }

    /// All labels, each 0..=9.
    pub fn labels(&self) -> &[u8] {
        &self.labels[self.range.clone()]
    }

    /// The image at `index`, which must be below [`Examples::len`].
    pub fn image(&self, index: usize) -> &[u8; PIXELS] {
        &self.images().as_chunks().0[index]
    }

    /// The label at `index`, which must be below [`Examples::len`].
    pub fn label(&self, index: usize) -> Digit {
        Digit::ALL[usize::from(self.labels()[index])]
    }

    /// Splits off the last `fraction` (0..=1, clamped) for validation, as Keras's `validation_split` does: before
    /// shuffling, at `floor(len * (1 - fraction))`. Either part may be empty.
    pub fn split_tail(&self, fraction: f64) -> (Self, Self) {
        let training = 1.0 - fraction.clamp(0.0, 1.0);
        // The cast makes 0 of NaN.
        let middle = self.range.start + (self.len() as f64 * training).floor() as usize;
        (
            self.part(self.range.start..middle),
            self.part(middle..self.range.end),
        )
    }

    /// The first `count` examples, or all if there are fewer.
    #[must_use]
    pub fn take(&self, count: usize) -> Self {
        self.part(self.range.start..self.range.start + count.min(self.len()))
    }

    fn part(&self, range: Range<usize>) -> Self {
        Self {
            images: Arc::clone(&self.images),
            labels: Arc::clone(&self.labels),
            range,
        }
    }

    /// The number of examples of each digit.
    pub fn class_counts(&self) -> [usize; CLASSES] {
        class_counts(self.labels())
    }
}

fn class_counts(labels: &[u8]) -> [usize; CLASSES] {
    let mut counts = [0; CLASSES];
    for &label in labels {
        counts[usize::from(label)] += 1;
    }
    counts
}

/// Prints class counts instead of the images, which take up to hundreds of megabytes.
impl fmt::Debug for Examples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Examples")
            .field("class_counts", &self.class_counts())
            .finish_non_exhaustive()
    }
}

/// Training and test examples, and the additional training data.
#[derive(Clone, Debug, Default)]
pub struct Dataset {
    /// `mnist`, or the folder's name.
    pub name: String,
    /// Training examples, those of the validation split included.
    pub train: Examples,
    /// Test examples, which only the finished model sees.
    pub test: Examples,
    /// Handwriting from ink files; additional training examples.
    pub ink: ink_set::InkExamples,
    /// The user's corrections.
    pub corrections: Vec<Correction>,
    /// Digits by held-out writers, which calibrate the model.
    pub calibration: Examples,
    /// Where all of it was read from.
    pub source: TrainingData,
}

impl Dataset {
    /// Training and test examples without ink.
    pub fn new(name: impl Into<String>, train: Examples, test: Examples) -> Self {
        Self {
            name: name.into(),
            train,
            test,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An example for each label. Image `i` is filled with the byte `i`.
    fn examples(labels: &[u8]) -> Examples {
        let images = (0..labels.len()).flat_map(|i| [i as u8; PIXELS]).collect();
        Examples::new(images, labels.to_vec()).expect("the numbers agree")
    }

    #[test]
    fn mismatched_images_and_labels_are_refused() {
        let table: [(usize, &[u8], &str, &str); 5] = [
            (PIXELS, &[], "1 images and 0 labels", "no label"),
            (0, &[1], "0 images and 1 labels", "no image"),
            (PIXELS + 1, &[1], "785 bytes", "a byte too many"),
            (2 * PIXELS, &[9, 10], "label 10 at index 1", "above 9"),
            (PIXELS, &[255], "label 255 at index 0", "far above 9"),
        ];
        for (bytes, labels, found, reason) in table {
            let error = Examples::new(vec![0; bytes], labels.to_vec()).expect_err(reason);
            let InputError::Refused(refusal) = error else {
                panic!("{reason}: {error:?}");
            };
            assert!(refusal.found.contains(found), "{reason}: {refusal}");
        }
    }

    #[test]
    fn no_examples_are_valid() {
        let none = Examples::new(Vec::new(), Vec::new()).expect("no examples are no error");
        assert!(none.is_empty(), "no example");
        assert_eq!(none.class_counts(), [0; CLASSES], "of no digit");
        let (train, validation) = none.split_tail(0.5);
        assert_eq!((train.len(), validation.len()), (0, 0), "two empty halves");
    }

    #[test]
    fn images_stay_with_their_labels() {
        let all = examples(&[3, 1, 4, 1, 5]);
        let (_, tail) = all.split_tail(0.4);
        assert_eq!(tail.labels(), [1, 5], "the last two");
        assert_eq!(tail.image(1), &[4; PIXELS], "the fifth image");
        assert_eq!(tail.label(1).value(), 5, "the fifth label");
        assert_eq!(tail.take(1).images(), [3; PIXELS], "the fourth image");
        let expected = [0, 2, 0, 1, 1, 1, 0, 0, 0, 0];
        assert_eq!(all.class_counts(), expected, "two ones");
    }

    #[test]
    fn the_split_is_where_keras_splits() {
        // `floor(n * (1.0 - fraction))` in Python, from Keras's `train_validation_split`.
        let table = [
            (10, 0.2, 8, "the plain case"),
            (10, 0.25, 7, "rounded down: validation gets the odd example"),
            (10, 0.9, 0, "10 * (1 - 0.9) is 0.9999999999999998"),
            (10, 0.0, 10, "no validation"),
            (10, 1.0, 0, "no training"),
            (10, -1.0, 10, "clamped from below"),
            (10, 7.0, 0, "clamped from above"),
            (10, f64::NAN, 0, "not a number"),
            (1, 0.5, 0, "one example cannot be halved"),
        ];
        for (count, fraction, expected, reason) in table {
            let (train, validation) = examples(&vec![0; count]).split_tail(fraction);
            assert_eq!(train.len(), expected, "{reason}");
            assert_eq!(validation.len(), count - expected, "the rest: {reason}");
        }
    }

    #[test]
    fn take_stops_at_the_last_example() {
        let table = [(0, 0), (2, 2), (3, 3), (4, 3), (usize::MAX, 3)];
        for (count, expected) in table {
            let taken = examples(&[7, 8, 9]).take(count);
            assert_eq!(taken.len(), expected, "take {count} of 3");
        }
    }
}
