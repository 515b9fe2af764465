//! The built-in MNIST. `assets/mnist/README.md` states its source and license.

use std::{fmt, path::Path};

use super::{
    Dataset, Examples,
    idx::{self, ImageParts},
};
use crate::{bitmap::PIXELS, error::InputError};

/// Training images and labels, as gzip-compressed IDX files.
const TRAIN: [&[u8]; 2] = [
    include_bytes!("../../assets/mnist/train-images-idx3-ubyte.gz"),
    include_bytes!("../../assets/mnist/train-labels-idx1-ubyte.gz"),
];
/// Test images and labels, as gzip-compressed IDX files.
const TEST: [&[u8]; 2] = [
    include_bytes!("../../assets/mnist/t10k-images-idx3-ubyte.gz"),
    include_bytes!("../../assets/mnist/t10k-labels-idx1-ubyte.gz"),
];

/// Its name in errors.
const NAME: &str = "the built-in MNIST";

impl Dataset {
    /// Unpacks the built-in MNIST: 60,000 training and 10,000 test examples, 55 MB. Each call unpacks it anew.
    ///
    /// # Errors
    /// If the embedded files are damaged, which is a defect of the build.
    pub fn mnist() -> Result<Self, InputError> {
        Ok(Self::new("mnist", unpack(TRAIN)?, Self::mnist_test()?))
    }

    /// Unpacks only the test examples of the built-in MNIST: 10,000, 8 MB.
    ///
    /// # Errors
    /// As [`Dataset::mnist`].
    pub fn mnist_test() -> Result<Examples, InputError> {
        unpack(TEST)
    }
}

/// The training and the test labels, without the images.
pub(super) fn labels() -> Result<[Vec<u8>; 2], InputError> {
    let path = Path::new(NAME);
    Ok([
        idx::read_labels(TRAIN[1], path)?,
        idx::read_labels(TEST[1], path)?,
    ])
}

/// The first training images, without unpacking the rest.
pub(super) fn first_images(count: usize) -> Result<Vec<[u8; PIXELS]>, InputError> {
    let bytes = ImageParts::open(TRAIN[0], Path::new(NAME))?.next(count)?;
    Ok(bytes.as_chunks().0.to_vec())
}

/// The training examples of the built-in MNIST, unpacked part by part.
pub struct MnistParts {
    images: ImageParts<'static>,
    labels: Vec<u8>,
    read: usize,
}

impl MnistParts {
    /// Unpacks the labels, and no image.
    ///
    /// # Errors
    /// As [`Dataset::mnist`].
    pub fn open() -> Result<Self, InputError> {
        let path = Path::new(NAME);
        Ok(Self {
            images: ImageParts::open(TRAIN[0], path)?,
            labels: idx::read_labels(TRAIN[1], path)?,
            read: 0,
        })
    }

    /// The number of all training examples.
    pub fn total(&self) -> usize {
        self.labels.len()
    }

    /// Unpacks the next `count` examples, or all that are left.
    ///
    /// # Errors
    /// As [`Dataset::mnist`].
    pub fn next(&mut self, count: usize) -> Result<Examples, InputError> {
        let end = (self.read + count).min(self.labels.len());
        let labels = self.labels[self.read..end].to_vec();
        self.read = end;
        Examples::new(self.images.next(labels.len())?, labels)
    }
}

impl fmt::Debug for MnistParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let read = &self.read;
        f.debug_struct("MnistParts")
            .field("read", read)
            .finish_non_exhaustive()
    }
}

fn unpack([images, labels]: [&[u8]; 2]) -> Result<Examples, InputError> {
    let path = Path::new(NAME);
    Examples::new(
        idx::read_images(images, path)?,
        idx::read_labels(labels, path)?,
    )
}

#[cfg(test)]
mod tests {
    use std::{fmt::Write, io::Read};

    use flate2::read::GzDecoder;
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_embedded_files_are_the_original_ones() {
        // Checksums of the unpacked files, as `assets/mnist/README.md` lists them.
        let table = [
            (
                TRAIN[0],
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            ),
            (
                TRAIN[1],
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            ),
            (
                TEST[0],
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            ),
            (
                TEST[1],
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ),
        ];
        for (packed, expected) in table {
            let mut unpacked = Vec::new();
            GzDecoder::new(packed)
                .read_to_end(&mut unpacked)
                .expect("the embedded file unpacks");
            let mut sum = String::new();
            for byte in Sha256::digest(&unpacked) {
                write!(sum, "{byte:02x}").expect("writing to a string does not fail");
            }
            assert_eq!(sum, expected, "the file of {} bytes", unpacked.len());
        }
    }

    #[test]
    fn parts_are_the_same_examples() {
        let whole = unpack(TRAIN).expect("the embedded files are valid");
        let mut parts = MnistParts::open().expect("the embedded files are valid");
        assert_eq!(parts.total(), whole.len(), "all of them");
        let mut read = 0;
        for count in [1, 999, 40_000, 30_000, 5] {
            let part = parts.next(count).expect("they unpack");
            let expected = count.min(whole.len() - read);
            assert_eq!(part.len(), expected, "{count} after {read}");
            let same = whole.part(read..read + expected);
            assert!(part.images() == same.images(), "images after {read}");
            assert_eq!(part.labels(), same.labels(), "labels after {read}");
            read += expected;
        }
    }

    #[test]
    fn mnist_has_its_published_counts() {
        let mnist = Dataset::mnist().expect("the embedded files are valid");
        assert_eq!(mnist.name, "mnist", "the name in a model's metadata");
        assert_eq!(
            (mnist.train.len(), mnist.test.len()),
            (60_000, 10_000),
            "the published split"
        );
        assert_eq!(mnist.train.labels()[..5], [5, 0, 4, 1, 9], "training");
        assert_eq!(mnist.test.labels()[..5], [7, 2, 1, 0, 4], "test");
        assert_eq!(
            mnist.train.class_counts(),
            [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
            "as published"
        );
        assert_eq!(
            mnist.test.class_counts(),
            [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
            "as published"
        );
    }
}
