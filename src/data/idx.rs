//! IDX, the format of MNIST's files: a magic number, the dimensions as big-endian `u32`, then bytes.
//!
//! The files come from outside. No more is read and held than the header asks for, the header may ask
//! for at most [`MAX_EXAMPLES`], and memory grows with what arrives, not with what is claimed.
//! gzip is told by its magic number and unpacked under the same bounds.
//!
//! Source of the format: <http://yann.lecun.com/exdb/mnist/>, "File formats for the MNIST database".

use std::{
    io::{self, Read},
    path::Path,
};

use flate2::read::MultiGzDecoder;

use crate::{
    bitmap::{PIXELS, SIDE},
    error::{DatasetError, IoError, Refusal},
};

/// The most examples that one file may hold; as images they are 784 MB. The largest of MNIST's relatives,
/// EMNIST by class, has 697,932.
pub const MAX_EXAMPLES: usize = 1_000_000;

/// Bytes (8) in three dimensions (3).
const IMAGES_MAGIC: u32 = 0x0803;
/// Bytes (8) in one dimension (1).
const LABELS_MAGIC: u32 = 0x0801;

/// Reads 28×28 images, gzip-compressed or not, to the end of `source`: 784 bytes for each, row by row.
/// `path` names the source in errors.
///
/// # Errors
/// If `source` cannot be read or unpacked, its magic number is not that of images, it holds none or more
/// than [`MAX_EXAMPLES`], they are not 28×28, or it is shorter or longer than its header says.
pub fn read_images(source: impl Read, path: &Path) -> Result<Vec<u8>, DatasetError> {
    File::open(source, path, "images")?.images()
}

/// Reads the first `count` images, or all where there are fewer, and leaves the rest as it is.
///
/// # Errors
/// As [`read_images`], but for what lies behind these images.
pub(super) fn read_first_images(
    source: impl Read,
    path: &Path,
    count: usize,
) -> Result<Vec<u8>, DatasetError> {
    let mut file = File::open(source, path, "images")?;
    let most = file.images_count()?.min(count);
    let mut bytes = Vec::new();
    file.read_at_most(most * PIXELS, &mut bytes)?;
    Ok(bytes)
}

/// Reads labels, gzip-compressed or not, to the end of `source`: one byte for each, of any value.
/// `path` names the source in errors.
///
/// # Errors
/// If `source` cannot be read or unpacked, its magic number is not that of labels, it holds none or more
/// than [`MAX_EXAMPLES`], or it is shorter or longer than its header says.
pub fn read_labels(source: impl Read, path: &Path) -> Result<Vec<u8>, DatasetError> {
    File::open(source, path, "labels")?.labels()
}

/// A file that is being read.
struct File<'a> {
    source: Box<dyn Read + 'a>,
    path: &'a Path,
    /// What it should hold: "images" or "labels".
    kind: &'static str,
}

impl<'a> File<'a> {
    fn open(
        mut source: impl Read + 'a,
        path: &'a Path,
        kind: &'static str,
    ) -> Result<Self, DatasetError> {
        let mut start = Vec::new();
        source
            .by_ref()
            .take(2)
            .read_to_end(&mut start)
            .map_err(|source| unreadable(path, source))?;
        let packed = start == [0x1f, 0x8b];
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

    fn images(mut self) -> Result<Vec<u8>, DatasetError> {
        let count = self.images_count()?;
        self.body(count * PIXELS)
    }

    /// Reads the header of images, and says how many there are.
    fn images_count(&mut self) -> Result<usize, DatasetError> {
        let [count, height, width] = self.header(IMAGES_MAGIC)?;
        if (height, width) != (SIDE as u32, SIDE as u32) {
            return Err(self.refusal(
                format!("images of {height}×{width} pixels"),
                format!("{SIDE}×{SIDE}"),
                "choose a data set in MNIST's format",
            ));
        }
        self.count(count)
    }

    fn labels(mut self) -> Result<Vec<u8>, DatasetError> {
        let [count] = self.header(LABELS_MAGIC)?;
        let count = self.count(count)?;
        self.body(count)
    }

    /// Checks the magic number and reads the dimensions.
    fn header<const DIMENSIONS: usize>(
        &mut self,
        expected_magic: u32,
    ) -> Result<[u32; DIMENSIONS], DatasetError> {
        let magic = self.number()?;
        if magic != expected_magic {
            let found = match magic {
                IMAGES_MAGIC => "a file of images".to_owned(),
                LABELS_MAGIC => "a file of labels".to_owned(),
                _ => format!("a file that begins with {magic:#010x}"),
            };
            return Err(self.refusal(
                found,
                format!(
                    "a file of {}, which begins with {expected_magic:#010x}",
                    self.kind
                ),
                "check that images and labels are not exchanged and that the file is whole",
            ));
        }
        let mut dimensions = [0; DIMENSIONS];
        for dimension in &mut dimensions {
            *dimension = self.number()?;
        }
        Ok(dimensions)
    }

    /// Reads one number of the header.
    fn number(&mut self) -> Result<u32, DatasetError> {
        let mut bytes = Vec::new();
        self.read_at_most(4, &mut bytes)?;
        match bytes.first_chunk() {
            Some(bytes) => Ok(u32::from_be_bytes(*bytes)),
            None => Err(self.refusal(
                "a file that ends within its header".to_owned(),
                "an IDX file".to_owned(),
                "fetch the file again",
            )),
        }
    }

    /// Checks how many examples the header promises.
    fn count(&self, claimed: u32) -> Result<usize, DatasetError> {
        let count = claimed as usize;
        if count == 0 || count > MAX_EXAMPLES {
            return Err(self.refusal(
                format!("{claimed} of them"),
                format!("1 to {MAX_EXAMPLES}"),
                "choose a data set of that size",
            ));
        }
        Ok(count)
    }

    /// Reads what follows the header: `expected` bytes and no more.
    fn body(&mut self, expected: usize) -> Result<Vec<u8>, DatasetError> {
        let mut bytes = Vec::new();
        // The byte beyond shows whether something trails, and takes a gzip stream to its checksum.
        self.read_at_most(expected + 1, &mut bytes)?;
        if bytes.len() != expected {
            let found = match bytes.len() {
                short if short < expected => format!("{short} bytes after the header"),
                _ => "more bytes after the header".to_owned(),
            };
            return Err(self.refusal(
                found,
                format!("the {expected} that the header promises"),
                "fetch the file again",
            ));
        }
        bytes.shrink_to_fit();
        Ok(bytes)
    }

    /// Appends up to `limit` bytes; fewer only where the file ends.
    fn read_at_most(&mut self, limit: usize, bytes: &mut Vec<u8>) -> Result<(), DatasetError> {
        let result = self.source.by_ref().take(limit as u64).read_to_end(bytes);
        match result {
            Ok(_) => Ok(()),
            // How flate2 says that a stream is damaged. A file itself does not fail so.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::UnexpectedEof
                        | io::ErrorKind::InvalidData
                        | io::ErrorKind::InvalidInput
                ) =>
            {
                Err(self.refusal(
                    format!("a damaged gzip file ({error})"),
                    "one that unpacks to its end".to_owned(),
                    "fetch the file again",
                ))
            }
            Err(error) => Err(unreadable(self.path, error)),
        }
    }

    fn refusal(&self, found: String, expected: String, remedy: &str) -> DatasetError {
        let attempted = format!("read the {} in {}", self.kind, self.path.display());
        DatasetError::Refused(Refusal::new(attempted, found, expected, remedy))
    }
}

/// Says that the system did not let `path` be read.
pub(super) fn unreadable(path: &Path, source: io::Error) -> DatasetError {
    DatasetError::Io(IoError::new("read", path, source))
}
