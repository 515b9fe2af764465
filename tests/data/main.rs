//! Data set files: valid files are read, and malformed ones give an error with its reason.

mod folders;
mod idx_files;

use std::io::Write;

use digitpad::bitmap::PIXELS;
use flate2::{Compression, write::GzEncoder};

const IMAGES: u32 = 0x0803;
const LABELS: u32 = 0x0801;

/// An IDX file: the numbers of its header and the bytes after it.
fn idx(header: &[u32], body: &[u8]) -> Vec<u8> {
    let mut file: Vec<u8> = header.iter().flat_map(|n| n.to_be_bytes()).collect();
    file.extend_from_slice(body);
    file
}

/// A whole file of images.
fn images(pixels: &[u8]) -> Vec<u8> {
    idx(&[IMAGES, (pixels.len() / PIXELS) as u32, 28, 28], pixels)
}

/// A whole file of labels.
fn labels(labels: &[u8]) -> Vec<u8> {
    idx(&[LABELS, labels.len() as u32], labels)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("a vector takes all");
    encoder.finish().expect("a vector takes all")
}

/// `count` images, each of whose pixels has another value than its mirror image across the diagonal.
fn pixels(count: usize) -> Vec<u8> {
    (0..count * PIXELS).map(|i| (i % 251) as u8).collect()
}
