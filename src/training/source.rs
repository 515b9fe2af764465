//! The images of a training: fixed or augmented, then preprocessed for the model.

use std::borrow::Cow;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::{
    batch::{Images, SparseImages},
    config::TrainingConfig,
    control::Control,
};
use crate::{bitmap::PIXELS, data::TrainingSet, model::preprocess::Preprocessing};

/// The images to preprocess between two checks for a stop.
const CHUNK: usize = 500;

/// The random stream that shuffles. Stream 0 initializes the weights.
const SHUFFLE: u64 = 1;
/// The random stream of the first augmented image. Each later image has the next stream.
const FIRST_AUGMENTATION: u64 = 2;

/// The random generator that shuffles the examples.
pub(super) fn shuffler(seed: u64) -> ChaCha8Rng {
    generator(seed, SHUFFLE)
}

/// The random generator of a stream.
pub(super) fn generator(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

/// The images of a training.
pub(super) enum ImageSource {
    /// The same images in each epoch.
    Fixed(StoredImages),
    /// Newly augmented images in each epoch.
    Augmented(TrainingSet),
}

/// Images in the form that a step reads.
pub(super) enum StoredImages {
    Sparse(SparseImages),
    Dense(Vec<[u8; PIXELS]>),
}

impl StoredImages {
    pub(super) fn new(images: Cow<[[u8; PIXELS]]>, is_sparse: bool) -> Self {
        if is_sparse {
            Self::Sparse(SparseImages::of_images(&images))
        } else {
            Self::Dense(images.into_owned())
        }
    }

    pub(super) fn get(&self) -> Images<'_> {
        match self {
            Self::Sparse(images) => Images::Sparse(images),
            Self::Dense(images) => Images::Dense(images),
        }
    }
}

impl ImageSource {
    /// The images of a training set. Incomplete after a stop, when nothing trains on them.
    pub(super) fn new(
        config: &TrainingConfig,
        training: &TrainingSet,
        is_sparse: bool,
        control: &Control,
    ) -> Self {
        if !config.augmentation.is_none() {
            return Self::Augmented(training.clone());
        }
        let images = training.images().as_chunks().0;
        let preprocessing = config.model.preprocessing();
        if preprocessing.is_none() {
            return Self::Fixed(StoredImages::new(images.into(), is_sparse));
        }
        let mut preprocessed = Vec::with_capacity(images.len());
        for images in images.chunks(CHUNK) {
            if control.signal().ends_training() {
                break;
            }
            let preprocess = |image: &[u8; PIXELS]| applied(preprocessing, *image);
            preprocessed.par_extend(images.par_iter().map(preprocess));
        }
        Self::Fixed(StoredImages::new(preprocessed.into(), is_sparse))
    }
}

/// The progress of a training, in images.
#[derive(Clone, Copy)]
pub(super) struct ImagesSeen {
    pub(super) seen: usize,
    pub(super) total: usize,
}

/// Augments each member. Each image has its own random stream, so the result does not depend on the threads.
pub(super) fn augment(
    config: &TrainingConfig,
    training: &TrainingSet,
    members: &[usize],
    images: ImagesSeen,
) -> Vec<[u8; PIXELS]> {
    let first = FIRST_AUGMENTATION + images.seen as u64;
    let augmentation = config
        .augmentation
        .at(images.seen as f64 / images.total as f64);
    let preprocessing = config.model.preprocessing();
    members
        .par_iter()
        .enumerate()
        .with_min_len(8)
        .map(|(index, &member)| {
            let mut rng = generator(config.seed, first + index as u64);
            let image = augmentation.apply(training.image(member), &mut rng);
            applied(preprocessing, image)
        })
        .collect()
}

/// A preprocessed image.
pub(super) fn applied(preprocessing: Preprocessing, mut image: [u8; PIXELS]) -> [u8; PIXELS] {
    preprocessing.apply(&mut image);
    image
}
