//! What a dropped file is: by its name where that tells, else by its first bytes.

use std::{
    fs::{self, File},
    io::Read as _,
    path::Path,
};

use crate::error::Refusal;

/// What a file or folder from outside is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    /// A folder, which may hold a data set.
    Folder,
    /// Weights of a network.
    Weights,
    /// An ink file.
    Ink,
    /// How to train.
    Settings,
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
            Some("toml") => Self::Settings,
            Some("json" | "jsonl" | "ndjson" | "gz") => Self::Ink,
            Some("png" | "jpg" | "jpeg" | "bmp" | "webp" | "gif" | "tif" | "tiff") => Self::Picture,
            _ => Self::of_content(&first_bytes(path)),
        }
    }

    /// Safetensors begin with the length of their JSON header, eight bytes; ink begins with its first
    /// line's brace, or is compressed.
    fn of_content(bytes: &[u8]) -> Self {
        let text = bytes
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(bytes)
            .trim_ascii_start();
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

/// A pipe or a device could keep the thread waiting for ever.
pub(super) fn refuse_endless(path: &Path) -> Result<(), Refusal> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() && !found.is_dir() => Err(Refusal::new(
            format!("read {}", path.display()),
            "a pipe or a device",
            "a file",
            "choose a file",
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_or_else_the_content() {
        let header = b"\x40\0\0\0\0\0\0\0{\"__metadata__\"";
        let cases: [(&str, &[u8], FileKind, &str); 13] = [
            ("a.toml", b"", FileKind::Settings, "by its name"),
            ("a.safetensors", b"", FileKind::Weights, "by its name"),
            ("A.SafeTensors", b"", FileKind::Weights, "in any case"),
            ("a.jsonl", b"", FileKind::Ink, "by its name"),
            ("a.jsonl.gz", b"", FileKind::Ink, "by its last ending"),
            ("a.JPG", header, FileKind::Picture, "the name counts first"),
            ("b", header, FileKind::Weights, "a length and a brace"),
            ("c", b" \n{\"strokes\"", FileKind::Ink, "a brace"),
            (
                "d",
                b"\xef\xbb\xbf{",
                FileKind::Ink,
                "behind a byte order mark",
            ),
            ("e", b"\x1f\x8b\x08", FileKind::Ink, "gzip"),
            ("f.dat", b"\x89PNG", FileKind::Picture, "of another kind"),
            ("g", b"", FileKind::Picture, "empty"),
            ("h", b"\0\0\0\0\0\0\0\0", FileKind::Picture, "cut short"),
        ];
        let folder = tempfile::tempdir().expect("a folder for the test");
        for (name, content, expected, reason) in cases {
            let path = folder.path().join(name);
            fs::write(&path, content).expect("writes");
            assert_eq!(FileKind::of(&path), expected, "{name}: {reason}");
        }
        let missing = folder.path().join("none");
        assert_eq!(FileKind::of(&missing), FileKind::Picture, "not there");
        let kind = FileKind::of(folder.path());
        assert_eq!(kind, FileKind::Folder, "a folder");
    }
}
