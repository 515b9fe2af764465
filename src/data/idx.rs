//! IDX, the format of MNIST's files: a magic number, the dimensions as big-endian `u32`, then bytes.
//!
//! The files are untrusted: a header may claim at most [`IDX_EXAMPLES`], reading stops after the claimed size, and
//! memory grows with the bytes that arrive. Unpacking gzip, detected by its magic number, has the same bounds.
//!
//! Source of the format: <http://yann.lecun.com/exdb/mnist/>, "File formats for the MNIST database".

use std::{
    io::{self, Read},
    path::Path,
};

use flate2::read::MultiGzDecoder;

use crate::{
    bitmap::{PIXELS, SIDE},
    error::{InputError, IoError, Refusal, excerpt},
    files::{is_gzip, kind::content_of, limits::IDX_EXAMPLES},
};

/// Unsigned bytes (8) in three dimensions (3).
const IMAGES_MAGIC: u32 = 0x0803;
/// Unsigned bytes (8) in one dimension (1).
const LABELS_MAGIC: u32 = 0x0801;

/// Reads 28×28 images, gzip-compressed or not, to the end of `source`: `[n, 784]`, row by row. Errors name `path`.
///
/// # Errors
/// If `source` cannot be read or unpacked, does not start with the magic number of images, has no image or more than
/// [`IDX_EXAMPLES`], has images of another size, or is shorter or longer than its header claims.
pub fn read_images(source: impl Read, path: &Path) -> Result<Vec<u8>, InputError> {
    File::open(source, path, "images")?.images()
}

/// The images of a file, read part by part.
pub(super) struct ImageParts<'a>(File<'a>, usize);

impl<'a> ImageParts<'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// As [`read_images`], except for faults behind the header.
    pub(super) fn open(source: impl Read + 'a, path: &'a Path) -> Result<Self, InputError> {
        let mut file = File::open(source, path, "images")?;
        let count = file.images_count()?;
        Ok(Self(file, count))
    }

    /// Reads the next `count` images, or all that are left.
    ///
    /// # Errors
    /// As [`read_images`], except for faults behind these images.
    pub(super) fn next(&mut self, count: usize) -> Result<Vec<u8>, InputError> {
        let Self(file, left) = self;
        let count = count.min(*left);
        *left -= count;
        let mut bytes = Vec::new();
        file.read_at_most(count * PIXELS, &mut bytes)?;
        Ok(bytes)
    }
}

/// Reads labels, gzip-compressed or not, to the end of `source`: one byte each, of any value. Errors name `path`.
///
/// # Errors
/// If `source` cannot be read or unpacked, does not start with the magic number of labels, has no label or more than
/// [`IDX_EXAMPLES`], or is shorter or longer than its header claims.
pub fn read_labels(source: impl Read, path: &Path) -> Result<Vec<u8>, InputError> {
    File::open(source, path, "labels")?.labels()
}

/// An open IDX file.
struct File<'a> {
    source: Box<dyn Read + 'a>,
    path: &'a Path,
    /// The expected content: "images" or "labels".
    kind: &'static str,
}

impl<'a> File<'a> {
    fn open(
        mut source: impl Read + 'a,
        path: &'a Path,
        kind: &'static str,
    ) -> Result<Self, InputError> {
        let mut start = Vec::new();
        let read = source.by_ref().take(2).read_to_end(&mut start);
        read.map_err(|source| unreadable(path, source))?;
        let packed = is_gzip(&start);
        let source = io::Cursor::new(start).chain(source);
        Ok(Self {
            source: if packed {
                Box::new(MultiGzDecoder::new(source))
            } else {
                Box::new(source)
            },
            path,
            kind,
        })
    }

    fn images(mut self) -> Result<Vec<u8>, InputError> {
        let count = self.images_count()?;
        self.body(count * PIXELS)
    }

    /// Reads the header of an image file and returns the number of images.
    fn images_count(&mut self) -> Result<usize, InputError> {
        let [count, height, width] = self.header(IMAGES_MAGIC)?;
        if (height, width) != (SIDE as u32, SIDE as u32) {
            return Err(self.refusal(
                format!("images of {height}×{width} pixels"),
                format!("{SIDE}×{SIDE}"),
                "choose a dataset of 28×28 images",
            ));
        }
        self.count(count)
    }

    fn labels(mut self) -> Result<Vec<u8>, InputError> {
        let [count] = self.header(LABELS_MAGIC)?;
        let count = self.count(count)?;
        self.body(count)
    }

    /// Checks the magic number and reads the dimensions.
    fn header<const DIMENSIONS: usize>(
        &mut self,
        expected_magic: u32,
    ) -> Result<[u32; DIMENSIONS], InputError> {
        let magic = self.number()?;
        if magic != expected_magic {
            let mut start = magic.to_be_bytes().to_vec();
            self.read_at_most(60, &mut start)?;
            return Err(self.refusal(
                content_of(&start).to_owned(),
                format!(
                    "a file of {}, which starts with {expected_magic:#010x}",
                    self.kind
                ),
                "choose an uncompressed or gzip-compressed IDX file of them",
            ));
        }
        let mut dimensions = [0; DIMENSIONS];
        for dimension in &mut dimensions {
            *dimension = self.number()?;
        }
        Ok(dimensions)
    }

    /// Reads one big-endian number of the header.
    fn number(&mut self) -> Result<u32, InputError> {
        let mut bytes = Vec::new();
        self.read_at_most(4, &mut bytes)?;
        match bytes.first_chunk() {
            Some(bytes) => Ok(u32::from_be_bytes(*bytes)),
            None => Err(self.refusal(
                "a file that ends within its header".to_owned(),
                "an IDX file".to_owned(),
                "download the file again",
            )),
        }
    }

    /// Checks the number of examples that the header claims.
    fn count(&self, claimed: u32) -> Result<usize, InputError> {
        let count = claimed as usize;
        if count == 0 || count > IDX_EXAMPLES {
            return Err(self.refusal(
                format!("{claimed} {}", self.kind),
                format!("1 to {IDX_EXAMPLES}"),
                "choose a smaller dataset that is not empty",
            ));
        }
        Ok(count)
    }

    /// Reads the `expected` bytes after the header.
    fn body(&mut self, expected: usize) -> Result<Vec<u8>, InputError> {
        // The system gives memory as the bytes arrive.
        let mut bytes = Vec::with_capacity(expected + 1);
        // One byte more detects trailing data, and makes gzip verify its checksum.
        self.read_at_most(expected + 1, &mut bytes)?;
        if bytes.len() != expected {
            let found = match bytes.len() {
                short if short < expected => format!("{short} bytes after the header"),
                _ => "more bytes after the header".to_owned(),
            };
            return Err(self.refusal(
                found,
                format!("the {expected} that the header claims"),
                "download the file again",
            ));
        }
        Ok(bytes)
    }

    /// Appends `limit` bytes, or fewer at the end of the file.
    fn read_at_most(&mut self, limit: usize, bytes: &mut Vec<u8>) -> Result<(), InputError> {
        let result = self.source.by_ref().take(limit as u64).read_to_end(bytes);
        match result {
            Ok(_) => Ok(()),
            // flate2 reports damage with these kinds. Reading a file does not fail with them.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::UnexpectedEof
                        | io::ErrorKind::InvalidData
                        | io::ErrorKind::InvalidInput
                ) =>
            {
                Err(self.refusal(
                    format!("a damaged gzip file ({})", excerpt(error)),
                    "an undamaged one".to_owned(),
                    "download the file again",
                ))
            }
            Err(error) => Err(unreadable(self.path, error)),
        }
    }

    fn refusal(&self, found: String, expected: String, remedy: &str) -> InputError {
        let attempted = format!("read the {} in {}", self.kind, excerpt(self.path.display()));
        Refusal::new(attempted, found, expected, remedy).into()
    }
}

/// The error for a path that the system does not let us read.
pub(super) fn unreadable(path: &Path, source: io::Error) -> InputError {
    InputError::Io(IoError::new("read", path, source))
}
