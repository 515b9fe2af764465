//! The kind of a file: from its extension, or else from its first bytes.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use super::{is_device, is_gzip, strip_byte_order_mark};

/// The kind of a file or folder from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A folder, which may hold a data set.
    Folder,
    /// A network's weights.
    Weights,
    /// Ink.
    Ink,
    /// A training configuration.
    Config,
    /// A picture, or an unknown kind: the picture's reader then reports what it found.
    Picture,
}

impl FileKind {
    /// The kind of the file at `path`.
    pub fn of(path: &Path) -> Self {
        if path.is_dir() {
            return Self::Folder;
        }
        match lowercase_extension(path).as_deref() {
            Some("safetensors") => Self::Weights,
            Some("toml") => Self::Config,
            Some("json" | "jsonl" | "ndjson" | "gz") => Self::Ink,
            Some("png" | "jpg" | "jpeg" | "bmp" | "webp" | "gif" | "tif" | "tiff") => Self::Picture,
            // A device could block.
            _ if is_device(path) => Self::Picture,
            _ => Self::of_content(&first_bytes(path).unwrap_or_default()).unwrap_or(Self::Picture),
        }
    }

    /// The kind of a file with these first bytes, if they tell. Safetensors begin with the length of their JSON header
    /// in eight bytes. Gzip is always ink. No picture begins with a brace.
    pub fn of_content(start: &[u8]) -> Option<Self> {
        let text = strip_byte_order_mark(start).trim_ascii_start();
        if start.get(8) == Some(&b'{') && start[4..8] == [0; 4] {
            Some(Self::Weights)
        } else if text.starts_with(b"{") || is_gzip(start) {
            Some(Self::Ink)
        } else {
            image::guess_format(start).ok().map(|_| Self::Picture)
        }
    }
}

/// The part of the name after its last dot, in lower case.
pub fn lowercase_extension(path: &Path) -> Option<String> {
    Some(path.extension()?.to_str()?.to_ascii_lowercase())
}

/// The first bytes of a file, for [`FileKind::of_content`]. Ink may begin with blank lines.
fn first_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(4096).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_first_bytes_tell_the_kind() {
        let cases: [(&[u8], Option<FileKind>, &str); 12] = [
            (b"\x89PNG\r\n\x1a\n....", Some(FileKind::Picture), "PNG"),
            (b"\xff\xd8\xff\xe0", Some(FileKind::Picture), "JPEG"),
            (b"BM......", Some(FileKind::Picture), "BMP"),
            (b"GIF89a", Some(FileKind::Picture), "GIF"),
            (b"P5\n28 28\n255\n", Some(FileKind::Picture), "PNM"),
            (b"II*\0....", Some(FileKind::Picture), "TIFF"),
            (b"\x1f\x8b\x08", Some(FileKind::Ink), "gzip"),
            (b"{\"strokes\":[]}", Some(FileKind::Ink), "JSON"),
            (
                b"\xef\xbb\xbf\r\n {",
                Some(FileKind::Ink),
                "mark and blank line",
            ),
            (b"", None, "nothing"),
            (b"hello", None, "prose"),
            (b"PK\x03\x04", None, "an archive"),
        ];
        for (start, kind, reason) in cases {
            assert_eq!(FileKind::of_content(start), kind, "{reason}");
        }
    }

    #[test]
    fn the_extension_or_else_the_content_tells_the_kind() {
        let header = b"\x40\0\0\0\0\0\0\0{\"__metadata__\"";
        let cases: [(&str, &[u8], FileKind, &str); 13] = [
            ("a.toml", b"", FileKind::Config, "by extension"),
            ("a.safetensors", b"", FileKind::Weights, "by extension"),
            ("A.SafeTensors", b"", FileKind::Weights, "in any case"),
            ("a.jsonl", b"", FileKind::Ink, "by extension"),
            ("a.jsonl.gz", b"", FileKind::Ink, "by the last extension"),
            (
                "a.JPG",
                header,
                FileKind::Picture,
                "the extension counts first",
            ),
            ("b", header, FileKind::Weights, "a length and a brace"),
            ("c", b" \n{\"strokes\"", FileKind::Ink, "a brace"),
            (
                "d",
                b"\xef\xbb\xbf{",
                FileKind::Ink,
                "after a byte order mark",
            ),
            ("e", b"\x1f\x8b\x08", FileKind::Ink, "gzip"),
            ("f.dat", b"\x89PNG", FileKind::Picture, "another kind"),
            ("g", b"", FileKind::Picture, "empty"),
            ("h", b"\0\0\0\0\0\0\0\0", FileKind::Picture, "truncated"),
        ];
        let folder = tempfile::tempdir().expect("a folder for the test");
        for (name, content, expected, reason) in cases {
            let path = folder.path().join(name);
            fs::write(&path, content).expect("writes");
            assert_eq!(FileKind::of(&path), expected, "{name}: {reason}");
        }
        let missing = folder.path().join("none");
        assert_eq!(FileKind::of(&missing), FileKind::Picture, "missing");
        let kind = FileKind::of(folder.path());
        assert_eq!(kind, FileKind::Folder, "a folder");
    }
}
