//! What a dropped file is: by its name where that tells, else by its first bytes.

use std::{fs::File, io::Read as _, path::Path};

/// What a file or folder from outside is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    /// A folder, which may hold a data set.
    Folder,
    /// Weights of a network.
    Weights,
    /// An ink file.
    Ink,
    /// A picture; also what cannot be told, so that the picture's reader says what it found.
    Picture,
}

impl FileKind {
    pub(super) fn of(path: &Path) -> Self {
        if path.is_dir() {
            return Self::Folder;
        }
        match lowercase_extension(path).as_deref() {
            Some("safetensors") => Self::Weights,
            Some("json" | "jsonl" | "ndjson" | "gz") => Self::Ink,
            Some("png" | "jpg" | "jpeg" | "bmp" | "webp" | "gif" | "tif" | "tiff") => Self::Picture,
            _ => Self::of_content(&first_bytes(path)),
        }
    }

    /// Safetensors begin with the length of their JSON header, eight bytes; ink begins with its first
    /// line's brace, or is compressed.
    fn of_content(bytes: &[u8]) -> Self {
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
        if bytes.get(8) == Some(&b'{') && bytes[4..8] == [0; 4] {
            Self::Weights
        } else if text.first() == Some(&b'{') || bytes.starts_with(&[0x1f, 0x8b]) {
            Self::Ink
        } else {
            Self::Picture
        }
    }
}

/// The part of the name behind its last dot.
pub(super) fn lowercase_extension(path: &Path) -> Option<String> {
    Some(path.extension()?.to_str()?.to_ascii_lowercase())
}

/// Up to 64 bytes; none of what cannot be read, which the kind's own reader then reports.
fn first_bytes(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(file) = File::open(path) {
        let _ = file.take(64).read_to_end(&mut bytes);
    }
    bytes
}
