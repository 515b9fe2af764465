//! A preview of a dataset: its class counts and its first images.

use super::{DataSource, Dataset, class_counts, mnist};
use crate::{
    bitmap::{CLASSES, PIXELS},
    error::InputError,
};

/// Class counts and first images of a dataset.
#[derive(Clone, Debug, PartialEq)]
pub struct DatasetPreview {
    /// Training examples of each digit, those of the validation split included.
    pub train_counts: [usize; CLASSES],
    /// Test examples of each digit.
    pub test_counts: [usize; CLASSES],
    /// The first training images, at most [`DatasetPreview::MAX_IMAGES`]; 0 is paper and 255 is ink.
    pub images: Vec<[u8; PIXELS]>,
}

impl DatasetPreview {
    /// The number of images in a preview, unless the dataset has fewer.
    pub const MAX_IMAGES: usize = 32;

    /// Reads a preview. Unpacks only the start of MNIST. Reads a folder whole, which finds all its faults.
    ///
    /// # Errors
    /// As [`DataSource::read`].
    pub fn read(source: &DataSource) -> Result<Self, InputError> {
        if *source == DataSource::Mnist {
            let [train, test] = mnist::labels()?;
            return Ok(Self {
                train_counts: class_counts(&train),
                test_counts: class_counts(&test),
                images: mnist::first_images(Self::MAX_IMAGES)?,
            });
        }
        Ok(Self::of(&source.read()?))
    }

    fn of(dataset: &Dataset) -> Self {
        let first = dataset.train.take(Self::MAX_IMAGES);
        Self {
            train_counts: dataset.train.class_counts(),
            test_counts: dataset.test.class_counts(),
            images: first.images().as_chunks().0.to_vec(),
        }
    }

    /// The number of training examples, those of the validation split included.
    pub fn train_len(&self) -> usize {
        self.train_counts.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preview_of_mnist_matches_the_whole_dataset() {
        let preview = DatasetPreview::read(&DataSource::Mnist).expect("it is built in");
        let dataset = Dataset::mnist().expect("it is built in");
        assert_eq!(preview, DatasetPreview::of(&dataset), "read in part");
        assert_eq!(preview.train_len(), 60_000, "all of them are counted");
    }
}
