//! A first look at a data set: how many examples there are of each digit, and some of its images.

use std::path::Path;

use super::{Dataset, Examples, mnist};
use crate::{
    bitmap::{CLASSES, PIXELS},
    error::DatasetError,
};

/// A first look at a data set.
#[derive(Clone, Debug, PartialEq)]
pub struct Glimpse {
    /// How many training examples there are of each digit, a validation part included.
    pub train_counts: [usize; CLASSES],
    /// How many test examples there are of each digit.
    pub test_counts: [usize; CLASSES],
    /// The first training images, at most [`Glimpse::MOST_IMAGES`]; 0 is paper and 255 is ink.
    pub images: Vec<[u8; PIXELS]>,
}

impl Glimpse {
    /// The most images that are kept.
    pub const MOST_IMAGES: usize = 32;

    /// Looks at the built-in MNIST, without unpacking all of it.
    ///
    /// # Errors
    /// As [`Dataset::mnist`].
    pub fn of_mnist() -> Result<Self, DatasetError> {
        let [train, test] = mnist::labels()?;
        Ok(Self {
            train_counts: counts(&train),
            test_counts: counts(&test),
            images: mnist::first_images(Self::MOST_IMAGES)?,
        })
    }

    /// Reads a folder whole, so that what is wrong with it is known.
    ///
    /// # Errors
    /// As [`Dataset::from_folder`].
    pub fn of_folder(folder: &Path) -> Result<Self, DatasetError> {
        let Dataset { train, test, .. } = Dataset::from_folder(folder)?;
        Ok(Self {
            train_counts: train.class_counts(),
            test_counts: test.class_counts(),
            images: first(&train, Self::MOST_IMAGES),
        })
    }

    /// How many training examples there are, a validation part included.
    pub fn train_len(&self) -> usize {
        self.train_counts.iter().sum()
    }
}

fn first(examples: &Examples, count: usize) -> Vec<[u8; PIXELS]> {
    examples.take(count).images().as_chunks().0.to_vec()
}

fn counts(labels: &[u8]) -> [usize; CLASSES] {
    let mut counts = [0; CLASSES];
    for &label in labels {
        counts[usize::from(label)] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_glimpse_of_mnist_is_of_its_examples() {
        let glimpse = Glimpse::of_mnist().expect("it is built in");
        let whole = Dataset::mnist().expect("it is built in");
        assert_eq!(glimpse.train_counts, whole.train.class_counts(), "to train");
        assert_eq!(glimpse.test_counts, whole.test.class_counts(), "to test");
        assert_eq!(
            glimpse.images,
            first(&whole.train, Glimpse::MOST_IMAGES),
            "the first images"
        );
        assert_eq!(glimpse.train_len(), 60_000, "all of them are counted");
    }
}
