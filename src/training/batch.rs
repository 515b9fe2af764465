//! Images as a step takes them: only the pixels that hold ink. Four in five of MNIST's do not.

use crate::{bitmap::PIXELS, data::Target};

/// Images without their paper, one after the other.
#[derive(Clone, Debug)]
pub(super) struct SparseImages {
    /// Where each image's pixels begin in the other two; and where the last one's end.
    starts: Vec<usize>,
    /// Positions of pixels with ink, rising within an image; each below 784.
    positions: Vec<u16>,
    /// Their values, 1..=255.
    values: Vec<u8>,
}

impl SparseImages {
    /// Images in their order, each row by row; 0 is paper and 255 is ink.
    pub(super) fn of_images(images: &[[u8; PIXELS]]) -> Self {
        let mut sparse = Self {
            starts: vec![0],
            positions: Vec::new(),
            values: Vec::new(),
        };
        for image in images {
            sparse.push(image);
        }
        sparse
    }

    fn push(&mut self, image: &[u8; PIXELS]) {
        for (position, &value) in image.iter().enumerate() {
            if value > 0 {
                self.positions.push(position as u16);
                self.values.push(value);
            }
        }
        self.starts.push(self.positions.len());
    }

    /// One image's pixels with ink: their positions and their values.
    pub(super) fn image(&self, index: usize) -> (&[u16], &[u8]) {
        let range = self.starts[index]..self.starts[index + 1];
        (&self.positions[range.clone()], &self.values[range])
    }
}

/// What a step learns from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch<'a> {
    /// A set of images that has the batch's among them.
    pub(super) images: &'a SparseImages,
    /// Which images are the batch's.
    pub(super) members: &'a [usize],
    /// What each member is to be read as.
    pub(super) targets: &'a [Target],
}

impl Batch<'_> {
    /// The pixels of all members, `[n, 784]`, 0 is paper and 1 is ink.
    pub(super) fn to_dense(self) -> Vec<f32> {
        let mut dense = vec![0.0; self.members.len() * PIXELS];
        for (row, &member) in dense
            .as_chunks_mut::<PIXELS>()
            .0
            .iter_mut()
            .zip(self.members)
        {
            let (positions, values) = self.images.image(member);
            for (&position, &value) in positions.iter().zip(values) {
                row[usize::from(position)] = f32::from(value) / 255.0;
            }
        }
        dense
    }
}
