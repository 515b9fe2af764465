//! The images of a training: as they are or varied, and through the model's filters.

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

/// Images that are filtered between two looks at what is wished for.
const AT_ONCE: usize = 500;

/// The stream of a seed's generator that shuffles; the first makes the weights.
const SHUFFLE: u64 = 1;
/// The stream that varies the first image; each later image has the next one.
const FIRST_VARIATION: u64 = 2;

/// A seed's generator that shuffles.
pub(super) fn shuffler(seed: u64) -> ChaCha8Rng {
    generator(seed, SHUFFLE)
}

fn generator(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

/// Where a step's images come from.
pub(super) enum Source {
    /// Every time the same.
    Fixed(StoredImages),
    /// Every time varied.
    Varied(TrainingSet),
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

impl Source {
    /// The images of a training set. After a stop they are not filtered any more, because none will be
    /// learned from.
    pub(super) fn new(
        config: &TrainingConfig,
        training: &TrainingSet,
        is_sparse: bool,
        control: &Control,
    ) -> Self {
        if !config.augmentation.is_none() {
            return Self::Varied(training.clone());
        }
        let images = training.images().as_chunks().0;
        let preprocessing = config.model.preprocessing();
        if preprocessing.is_none() {
            return Self::Fixed(StoredImages::new(images.into(), is_sparse));
        }
        let mut filtered = Vec::with_capacity(images.len());
        for images in images.chunks(AT_ONCE) {
            if control.signal().ends_training() {
                break;
            }
            let filter = |image: &[u8; PIXELS]| applied(preprocessing, *image);
            filtered.par_extend(images.par_iter().map(filter));
        }
        Self::Fixed(StoredImages::new(filtered.into(), is_sparse))
    }
}

/// A new variation of each member, when `images_seen` of a training's `images_total` were seen. Each has a
/// generator of its own, so that it is the same whichever thread makes it.
pub(super) fn variations(
    config: &TrainingConfig,
    training: &TrainingSet,
    members: &[usize],
    (images_seen, images_total): (usize, usize),
) -> Vec<[u8; PIXELS]> {
    let first = FIRST_VARIATION + images_seen as u64;
    let done = images_seen as f64 / images_total as f64;
    let augmentation = config.augmentation.at(done);
    let preprocessing = config.model.preprocessing();
    let vary = |(&member, stream)| {
        let mut rng = generator(config.seed, stream);
        let varied = augmentation.apply(training.image(member), &mut rng);
        applied(preprocessing, varied)
    };
    let streams = (0..members.len())
        .into_par_iter()
        .map(|index| first + index as u64);
    members
        .par_iter()
        .zip(streams)
        .with_min_len(8)
        .map(vary)
        .collect()
}

fn applied(preprocessing: Preprocessing, mut image: [u8; PIXELS]) -> [u8; PIXELS] {
    preprocessing.apply(&mut image);
    image
}
