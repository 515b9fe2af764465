//! The training images that a network sees as most similar to an image, and those that excite a unit most.

use std::ops::Range;

use half::{f16, slice::HalfFloatSliceExt as _};

use super::units::{Channel, Network, SwitchedOff};
use crate::{
    bitmap::{CLASSES, Digit, PIXELS, SIDE},
    data::Examples,
};

/// The largest size of the embeddings of an [`Index`], in bytes: 60,000 images of 320 units. Of a wider layer, the index has
/// fewer images.
const MAX_EMBEDDING_BYTES: usize = 40_000_000;
/// The images whose distance is computed exactly: the half-precision distances of the nearest ones differ by less.
const CANDIDATES: usize = 32;
/// Images of a forward pass.
const BATCH: usize = 64;
/// The images that excite a unit most.
const EXCITING: usize = 9;

/// Labeled images in memory, each cropped to its ink: MNIST's training images take 17 MB instead of 47 MB.
#[derive(Debug, Default)]
pub struct ImageStore {
    crops: Vec<Crop>,
    bytes: Vec<u8>,
}

/// The place of an image's ink, and its first byte in the store.
#[derive(Clone, Copy, Debug)]
struct Crop {
    start: u32,
    left: u8,
    top: u8,
    width: u8,
    height: u8,
    label: u8,
}

impl ImageStore {
    /// The number of images.
    pub fn len(&self) -> usize {
        self.crops.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.crops.is_empty()
    }

    /// Adds images.
    pub fn extend(&mut self, examples: &Examples) {
        for index in 0..examples.len() {
            self.push(examples.image(index), examples.label(index));
        }
    }

    fn push(&mut self, image: &[u8; PIXELS], label: Digit) {
        let image_rows = image.as_chunks::<SIDE>().0;
        let rows = extent(|row| image_rows[row].iter().any(|&pixel| pixel > 0));
        let columns = extent(|column| image_rows.iter().any(|row| row[column] > 0));
        self.crops.push(Crop {
            start: self.bytes.len() as u32,
            left: columns.start as u8,
            top: rows.start as u8,
            width: columns.len() as u8,
            height: rows.len() as u8,
            label: label.value(),
        });
        for row in &image_rows[rows] {
            self.bytes.extend_from_slice(&row[columns.clone()]);
        }
    }

    /// The image at `index`, which must be below [`ImageStore::len`].
    pub fn image(&self, index: usize) -> [u8; PIXELS] {
        let crop = self.crops[index];
        let [left, top, width, height] =
            [crop.left, crop.top, crop.width, crop.height].map(usize::from);
        let mut image = [0; PIXELS];
        for row in 0..height {
            let from = crop.start as usize + row * width;
            let to = (top + row) * SIDE + left;
            image[to..to + width].copy_from_slice(&self.bytes[from..from + width]);
        }
        image
    }

    /// The label at `index`, which must be below [`ImageStore::len`].
    pub fn label(&self, index: usize) -> Digit {
        Digit::ALL[usize::from(self.crops[index].label)]
    }

    /// Some of the images as the network sees them, `[n, 784]`.
    pub fn pixels(&self, indices: impl IntoIterator<Item = usize>, network: &Network) -> Vec<f32> {
        let images = indices.into_iter().map(|index| self.image(index));
        images.flat_map(|image| network.pixels_of(&image)).collect()
    }
}

/// The rows or columns from the first to the last with ink.
fn extent(has_ink: impl Fn(usize) -> bool) -> Range<usize> {
    let first = (0..SIDE).find(|&at| has_ink(at)).unwrap_or_default();
    let last = (first..SIDE).rfind(|&at| has_ink(at));
    first..last.map_or(first, |last| last + 1)
}

/// A labeled image with its distance to another image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbor {
    /// The image's index in the store.
    pub index: usize,
    /// The Euclidean distance of the embeddings.
    pub distance: f32,
}

/// An image that excites a unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExcitingImage {
    /// The image's index in the store.
    pub index: usize,
    /// The unit's output; of a filter, the largest of its positions.
    pub output: f32,
}

/// The [embeddings](Network::embed) of the images of a store, in half precision: at most 40 MB. Beside them, the images that
/// excite each unit most.
#[derive(Debug)]
pub struct Index {
    width: usize,
    embeddings: Vec<f16>,
    /// By layer and channel, the most exciting image first.
    exciting: Vec<Vec<Vec<ExcitingImage>>>,
}

impl Index {
    /// An index without images.
    pub fn new(network: &Network) -> Self {
        let widths = network.config().widths();
        let layers = network.config().layers().into_iter();
        Self {
            width: widths[widths.len() - 2] + CLASSES,
            embeddings: Vec::new(),
            exciting: layers
                .map(|layer| vec![Vec::new(); layer.output.channels])
                .collect(),
        }
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.embeddings.len() / self.width
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.embeddings.is_empty()
    }

    /// The most images that fit.
    pub fn capacity(&self) -> usize {
        MAX_EMBEDDING_BYTES / size_of::<f16>() / self.width
    }

    /// Adds the next images of the store, at most `count`. The network is that of [`Index::new`].
    pub fn add_some(&mut self, network: &Network, images: &ImageStore, count: usize) {
        let end = (self.len() + count).min(images.len()).min(self.capacity());
        while self.len() < end {
            let first = self.len();
            let batch = first..end.min(first + BATCH);
            self.add(network, first, &images.pixels(batch, network));
        }
    }

    /// Adds preprocessed images, `[n, 784]`, of which the first has this index.
    fn add(&mut self, network: &Network, first: usize, pixels: &[f32]) {
        let layers = network.config().layers();
        let last = layers.len() - 1;
        let mut features = pixels.to_vec();
        let (embeddings, exciting) = (&mut self.embeddings, &mut self.exciting);
        network.forward(pixels, &SwitchedOff::default(), &mut |layer, values| {
            if layer == last {
                let rows = network.embed(&features, &values.outputs);
                embeddings.extend(rows.into_iter().map(f16::from_f32));
            } else if layer + 1 == last {
                features.clone_from(&values.outputs);
            }
            let grid = layers[layer].output;
            for (index, outputs) in (first..).zip(values.outputs.chunks_exact(grid.units())) {
                let mut largest = outputs[..grid.channels].to_vec();
                for position in outputs.chunks_exact(grid.channels) {
                    for (largest, &output) in largest.iter_mut().zip(position) {
                        *largest = largest.max(output);
                    }
                }
                for (list, output) in exciting[layer].iter_mut().zip(largest) {
                    insert(list, ExcitingImage { index, output });
                }
            }
        });
    }

    /// The images that excite a channel most, the most exciting first.
    pub fn exciting(&self, channel: Channel) -> &[ExcitingImage] {
        &self.exciting[channel.layer][channel.index]
    }

    /// The images with the nearest embeddings by the Euclidean distance, the nearest first; of equal ones the first.
    /// `embedding` is that of one image, as [`Network::embedding`] returns it. With a label, only images with it.
    pub fn nearest(
        &self,
        network: &Network,
        images: &ImageStore,
        embedding: &[f32],
        label: Option<Digit>,
        count: usize,
    ) -> Vec<Neighbor> {
        let mut row = vec![0.0; self.width];
        let rows = self.embeddings.chunks_exact(self.width).enumerate();
        let mut all: Vec<Neighbor> = rows
            .filter(|(index, _)| label.is_none_or(|label| images.label(*index) == label))
            .map(|(index, half)| {
                half.convert_to_f32_slice(&mut row);
                let distance = squared_distance(&row, embedding);
                Neighbor { index, distance }
            })
            .collect();
        let by_distance = |a: &Neighbor, b: &Neighbor| {
            a.distance
                .total_cmp(&b.distance)
                .then(a.index.cmp(&b.index))
        };
        let kept = CANDIDATES.max(count);
        if all.len() > kept {
            all.select_nth_unstable_by(kept, by_distance);
            all.truncate(kept);
        }
        let pixels = images.pixels(all.iter().map(|neighbor| neighbor.index), network);
        let exact = network.embedding(&pixels);
        for (neighbor, row) in all.iter_mut().zip(exact.chunks_exact(self.width)) {
            neighbor.distance = squared_distance(row, embedding).sqrt();
        }
        all.sort_by(by_distance);
        all.truncate(count);
        all
    }
}

/// Inserts an image into a list in descending order of at most [`EXCITING`].
fn insert(list: &mut Vec<ExcitingImage>, image: ExcitingImage) {
    let is_full = list.len() == EXCITING;
    if is_full && list.last().is_some_and(|last| last.output >= image.output) {
        return;
    }
    list.truncate(EXCITING - 1);
    let at = list.partition_point(|other| other.output >= image.output);
    list.insert(at, image);
}

/// The squared Euclidean distance, in lanes that the compiler vectorizes.
fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let square = |(a, b): (&f32, &f32)| (a - b) * (a - b);
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for (sum, pair) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += square(pair);
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(square).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests;
