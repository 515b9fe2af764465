//! The batches of a training step.

use crate::{bitmap::PIXELS, data::Target};

/// Images without their paper pixels: four in five pixels of MNIST are paper.
#[derive(Clone, Debug)]
pub(super) struct SparseImages {
    /// The index of the first pixel of each image in the other two, and the end of the last.
    starts: Vec<usize>,
    /// Positions of ink pixels, ascending within an image; each below 784.
    positions: Vec<u16>,
    /// Values of ink pixels, 1..=255.
    values: Vec<u8>,
}

impl SparseImages {
    /// Takes images row by row; 0 is paper and 255 is ink.
    pub(super) fn of_images(images: &[[u8; PIXELS]]) -> Self {
        let mut sparse = Self {
            starts: vec![0],
            positions: Vec::new(),
            values: Vec::new(),
        };
        for image in images {
            for (position, &value) in image.iter().enumerate() {
                if value > 0 {
                    sparse.positions.push(position as u16);
                    sparse.values.push(value);
                }
            }
            sparse.starts.push(sparse.positions.len());
        }
        sparse
    }

    /// The positions and the values of the ink pixels of one image.
    pub(super) fn image(&self, index: usize) -> (&[u16], &[u8]) {
        let range = self.starts[index]..self.starts[index + 1];
        (&self.positions[range.clone()], &self.values[range])
    }
}

/// Images in the form that a step reads.
#[derive(Clone, Copy, Debug)]
pub(super) enum Images<'a> {
    /// For the fully connected step on the CPU.
    Sparse(&'a SparseImages),
    /// For all other steps.
    Dense(&'a [[u8; PIXELS]]),
}

/// The input of a training step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch<'a> {
    /// The images of the batch, and others.
    pub(super) images: Images<'a>,
    /// The indices of the images of the batch.
    pub(super) members: &'a [usize],
    /// The target of each member.
    pub(super) targets: &'a [Target],
}

impl<'a> Batch<'a> {
    /// The positions and the values of the ink pixels of one image.
    ///
    /// # Panics
    /// When the images are dense, which only the choice of the step decides.
    pub(super) fn sparse(&self, image: usize) -> (&'a [u16], &'a [u8]) {
        match self.images {
            Images::Sparse(images) => images.image(image),
            Images::Dense(_) => unreachable!("this step gets sparse images"),
        }
    }

    /// The pixels of all members, `[n, 784]`, 0 is paper and 1 is ink.
    pub(super) fn to_dense(self) -> Vec<f32> {
        let mut dense = vec![0.0; self.members.len() * PIXELS];
        let rows = dense.as_chunks_mut::<PIXELS>().0.iter_mut();
        for (row, &member) in rows.zip(self.members) {
            match self.images {
                Images::Sparse(images) => {
                    let (positions, values) = images.image(member);
                    for (&position, &value) in positions.iter().zip(values) {
                        row[usize::from(position)] = f32::from(value) / 255.0;
                    }
                }
                Images::Dense(images) => *row = images[member].map(|byte| f32::from(byte) / 255.0),
            }
        }
        dense
    }
}
