//! Labeled pictures of digits: MNIST, which is built in, and any folder of files in its format.

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

use std::{fmt, ops::Range, path::Path, sync::Arc};

pub use self::{
    corrections::Corrections,
    folder::read_idx_pair,
    source::{DataSource, TrainingData},
    training_set::{Target, TrainingSet},
};
use crate::{
    bitmap::{CLASSES, Digit, PIXELS},
    error::{DatasetError, Refusal},
};

/// Pictures with the digit that each shows.
///
/// The bytes are shared: a clone and each part that [`Examples::split_tail`] or [`Examples::take`]
/// gives cost nothing.
#[derive(Clone)]
pub struct Examples {
    images: Arc<Vec<u8>>,
    labels: Arc<Vec<u8>>,
    range: Range<usize>,
}

impl Examples {
    /// Takes N pictures of 28×28 bytes one after the other, each row by row from the top left, where
    /// 0 is paper and 255 is ink, and their N labels. N may be 0.
    ///
    /// # Errors
    /// If the pictures are not as many as the labels, or a label is above 9.
    pub fn new(images: Vec<u8>, labels: Vec<u8>) -> Result<Self, DatasetError> {
        Self::checked(images, labels, || "use the examples".to_owned())
    }

    /// As [`Examples::new`]; `attempted` says for an error what was tried.
    fn checked(
        images: Vec<u8>,
        labels: Vec<u8>,
        attempted: impl FnOnce() -> String,
    ) -> Result<Self, DatasetError> {
        if images.len() != labels.len() * PIXELS {
            return Err(DatasetError::Refused(Refusal::new(
                attempted(),
                match images.len() % PIXELS {
                    0 => format!("{} images", images.len() / PIXELS),
                    _ => format!("{} bytes of images", images.len()),
                } + &format!(" and {} labels", labels.len()),
                format!("as many images of {PIXELS} bytes as labels"),
                "choose images and labels that belong together",
            )));
        }
        let wrong = labels
            .iter()
            .enumerate()
            .find(|(_, label)| usize::from(**label) >= CLASSES);
        if let Some((index, label)) = wrong {
            return Err(DatasetError::Refused(Refusal::new(
                attempted(),
                format!("the label {label} at example {index}, counted from 0"),
                "labels from 0 to 9",
                "choose a data set of ten classes, such as MNIST, Fashion-MNIST, KMNIST or EMNIST's digits (its letters have more)",
            )));
        }
        Ok(Self::from_parts(images, labels))
    }

    /// Takes what is known to fit.
    fn from_parts(images: Vec<u8>, labels: Vec<u8>) -> Self {
        let range = 0..labels.len();
        Self {
            images: Arc::new(images),
            labels: Arc::new(labels),
            range,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// All pictures, `len() * 784` bytes: row by row from the top left, 0 is paper, 255 is ink.
    pub fn images(&self) -> &[u8] {
        &self.images[self.range.start * PIXELS..self.range.end * PIXELS]
    }

    /// All labels, each 0..=9.
    pub fn labels(&self) -> &[u8] {
        &self.labels[self.range.clone()]
    }

    /// The picture at `index`, which must be below [`Examples::len`].
    pub fn image(&self, index: usize) -> &[u8; PIXELS] {
        &self.images().as_chunks().0[index]
    }

    /// The digit that the picture at `index` shows; `index` must be below [`Examples::len`].
    pub fn label(&self, index: usize) -> Digit {
        Digit::ALL[usize::from(self.labels()[index])]
    }

    /// Splits into the first part, to train on, and the last `fraction` (0..=1, clamped), to validate
    /// with: Keras's `validation_split`, which cuts before anything is shuffled, at
    /// `floor(len * (1 - fraction))`. Either part may be empty.
    pub fn split_tail(&self, fraction: f64) -> (Self, Self) {
        let kept = 1.0 - fraction.clamp(0.0, 1.0);
        // NaN becomes 0 in the cast, which leaves all for the second part.
        let middle = self.range.start + (self.len() as f64 * kept).floor() as usize;
        (
            self.part(self.range.start..middle),
            self.part(middle..self.range.end),
        )
    }

    /// The first `count`, or all of them where there are fewer.
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

    /// How many examples there are of each digit.
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

/// Says how many there are of each digit, not the pictures: they are up to hundreds of megabytes.
impl fmt::Debug for Examples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Examples")
            .field("class_counts", &self.class_counts())
            .finish_non_exhaustive()
    }
}

/// Examples to train on and others to test with.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// What it is called: `mnist`, or its folder's name.
    pub name: String,
    /// What to train on, a validation part included.
    pub train: Examples,
    /// What only the finished model is measured with.
    pub test: Examples,
    /// What people wrote with a pen, learned from beside `train`.
    pub ink: ink_set::InkExamples,
    /// Drawings of one's own, learned from beside `train` several times each.
    pub corrections: ink_set::InkExamples,
    /// Digits by other hands: never learned from, but what confidence means is found with them.
    pub calibration: Examples,
    /// Where all of it comes from.
    pub source: TrainingData,
}

impl Dataset {
    /// Examples to train on and to test with; no ink beside them.
    pub fn new(name: impl Into<String>, train: Examples, test: Examples) -> Self {
        Self {
            name: name.into(),
            train,
            test,
            ink: ink_set::InkExamples::default(),
            corrections: ink_set::InkExamples::default(),
            calibration: Examples::from_parts(Vec::new(), Vec::new()),
            source: TrainingData::default(),
        }
    }

    /// Unpacks the built-in MNIST: 60000 examples to train on and 10000 to test with, 55 MB. Nothing of
    /// it is kept, so hold on to it rather than ask twice.
    ///
    /// # Errors
    /// If the embedded files are damaged, which would be a defect of the build.
    pub fn mnist() -> Result<Self, DatasetError> {
        mnist::unpack()
    }

    /// Unpacks the test examples of the built-in MNIST alone: 10000, 8 MB.
    ///
    /// # Errors
    /// As [`Dataset::mnist`].
    pub fn mnist_test() -> Result<Examples, DatasetError> {
        mnist::unpack_test()
    }

    /// Reads a folder that holds MNIST's four files by their usual names: `train-images-idx3-ubyte`,
    /// `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, each also with
    /// `.idx` for `-idx` and with `.gz` at its end. Fashion-MNIST and KMNIST come so. EMNIST's
    /// `emnist-digits-train-…` and `emnist-digits-test-…` are known too, and turned upright as
    /// [`read_idx_pair`] does.
    ///
    /// A file that lies there both packed and unpacked is read unpacked.
    ///
    /// # Errors
    /// If a file is missing, is there under several names, cannot be read, or is not as [`idx`] says; if
    /// images and labels differ in number; if a label is above 9.
    pub fn from_folder(folder: &Path) -> Result<Self, DatasetError> {
        folder::read_folder(folder)
    }

    /// Reads the test examples of such a folder alone, with its name. The files to train on need not
    /// be there.
    ///
    /// # Errors
    /// As [`Dataset::from_folder`].
    pub fn test_of_folder(folder: &Path) -> Result<(String, Examples), DatasetError> {
        folder::read_test_of_folder(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As many examples as labels, the picture at `i` filled with the byte `i`.
    fn examples(labels: &[u8]) -> Examples {
        let images = (0..labels.len()).flat_map(|i| [i as u8; PIXELS]).collect();
        Examples::new(images, labels.to_vec()).expect("the examples are well formed")
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let table: [(usize, &[u8], &str, &str); 5] = [
            (PIXELS, &[], "1 images and 0 labels", "no label"),
            (0, &[1], "0 images and 1 labels", "no image"),
            (PIXELS + 1, &[1], "785 bytes of images", "a byte too many"),
            (2 * PIXELS, &[9, 10], "label 10 at example 1", "above 9"),
            (PIXELS, &[255], "label 255 at example 0", "far above 9"),
        ];
        for (bytes, labels, part, reason) in table {
            let error = Examples::new(vec![0; bytes], labels.to_vec())
                .expect_err(reason)
                .to_string();
            assert!(error.contains(part), "{reason}: {error}");
        }
    }

    #[test]
    fn there_may_be_none() {
        let none = Examples::new(Vec::new(), Vec::new()).expect("no examples are no error");
        assert!(none.is_empty(), "nothing went in");
        assert_eq!(none.class_counts(), [0; CLASSES], "of no digit");
        let (train, validation) = none.split_tail(0.5);
        assert_eq!((train.len(), validation.len()), (0, 0), "halves of nothing");
    }

    #[test]
    fn each_picture_keeps_its_label() {
        let all = examples(&[3, 1, 4, 1, 5]);
        let (_, tail) = all.split_tail(0.4);
        assert_eq!(tail.labels(), [1, 5], "the last two");
        assert_eq!(tail.image(1), &[4; PIXELS], "the fifth picture");
        assert_eq!(tail.label(1).value(), 5, "the fifth label");
        assert_eq!(tail.take(1).images(), [3; PIXELS], "the fourth picture");
        assert_eq!(
            all.class_counts(),
            [0, 2, 0, 1, 1, 1, 0, 0, 0, 0],
            "two ones"
        );
    }

    #[test]
    fn the_tail_is_cut_where_keras_cuts() {
        // `floor(n * (1.0 - fraction))` in Python, from Keras's `train_validation_split`.
        let table = [
            (10, 0.2, 8, "the plain case"),
            (
                10,
                0.25,
                7,
                "rounded down, so that validation gets the odd one",
            ),
            (10, 0.9, 0, "10 * (1 - 0.9) is 0.9999999999999998"),
            (10, 0.0, 10, "no validation"),
            (10, 1.0, 0, "nothing to train on"),
            (10, -1.0, 10, "clamped from below"),
            (10, 7.0, 0, "clamped from above"),
            (10, f64::NAN, 0, "no number at all"),
            (1, 0.5, 0, "one example cannot be halved"),
        ];
        for (count, fraction, expected, reason) in table {
            let (train, validation) = examples(&vec![0; count]).split_tail(fraction);
            assert_eq!(train.len(), expected, "{reason}");
            assert_eq!(validation.len(), count - expected, "the rest: {reason}");
        }
    }

    #[test]
    fn no_more_are_taken_than_there_are() {
        let table = [(0, 0), (2, 2), (3, 3), (4, 3), (usize::MAX, 3)];
        for (count, expected) in table {
            let taken = examples(&[7, 8, 9]).take(count);
            assert_eq!(taken.len(), expected, "take {count} of 3");
        }
    }
}
