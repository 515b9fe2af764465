//! The kind of a file: from its extension, or else from its first bytes.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use image::ImageFormat;

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
        let content = || {
            // A device could block.
            let start = if is_device(path) {
                None
            } else {
                first_bytes(path).ok()
            };
            Self::of_content(&start?)
        };
        let kind = Self::of_extension(path).or_else(content);
        kind.unwrap_or(Self::Picture)
    }

    /// The kind of a file with this name, if its extension tells.
    pub fn of_extension(path: &Path) -> Option<Self> {
        Some(match lowercase_extension(path)?.as_str() {
            "safetensors" => Self::Weights,
            "toml" => Self::Config,
            "json" | "jsonl" | "ndjson" | "gz" => Self::Ink,
            "png" | "jpg" | "jpeg" | "bmp" | "webp" | "gif" | "tif" | "tiff" | "pnm" | "pbm"
            | "pgm" | "ppm" => Self::Picture,
            _ => return None,
        })
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
            picture_format(start).map(|_| Self::Picture)
        }
    }
}

/// The format of a picture with these first bytes. `image` does not know `BigTIFF`.
pub fn picture_format(start: &[u8]) -> Option<ImageFormat> {
    let is_big_tiff = start.starts_with(b"II+\0") || start.starts_with(b"MM\0+");
    let format = image::guess_format(start).ok();
    format.or_else(|| is_big_tiff.then_some(ImageFormat::Tiff))
}

/// Names the content of a file with these first bytes, for the message of a reader that expects something else.
pub fn content_of(start: &[u8]) -> &'static str {
    const KNOWN: [(&[u8], &str); 14] = [
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes"),
        (b"PK\x03\x04", "a ZIP archive, as PyTorch and NumPy write"),
        (b"\x93NUMPY", "a NumPy array"),
        (b"\x80\x02", "a Python pickle"),
        (
            b"version https://git-lfs",
            "a Git LFS pointer in place of a file",
        ),
        (b"%PDF", "a PDF document"),
        (b"\0\0\x08\x03", "an IDX file of images"),
        (b"\0\0\x08\x01", "an IDX file of labels"),
        (b"\x7fELF", "a program"),
        (b"7z\xbc\xaf", "a 7-Zip archive"),
        (b"<!doctype html", "a web page"),
        (b"<html", "a web page"),
        (b"<svg", "an SVG picture"),
        (b"<?xml", "an XML file"),
    ];
    let text = strip_byte_order_mark(start).trim_ascii_start();
    let has = |magic: &[u8]| {
        let is_at = |bytes: &[u8]| {
            let bytes = bytes.get(..magic.len());
            bytes.is_some_and(|bytes| bytes.eq_ignore_ascii_case(magic))
        };
        is_at(start) || is_at(text)
    };
    if let Some((_, name)) = KNOWN.iter().find(|(magic, _)| has(magic)) {
        return name;
    }
    match start.get(4..12) {
        Some(b"ftypheic" | b"ftypheix" | b"ftypmif1") => return "a HEIC picture",
        Some(b"ftypavif") => return "an AVIF picture",
        _ => {}
    }
    match FileKind::of_content(start) {
        _ if start.is_empty() => "an empty file",
        Some(FileKind::Weights) => "a safetensors file",
        Some(FileKind::Picture) => "a picture",
        Some(FileKind::Ink) if is_gzip(start) => "a gzip file",
        Some(FileKind::Ink) => "a file of JSON",
        _ if start.is_ascii() && !start.contains(&0) => "a file of text",
        _ => "another kind of file",
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
    fn the_content_has_a_name() {
        let cases: [(&[u8], &str); 12] = [
            (b"", "an empty file"),
            (b"hello", "a file of text"),
            (b"\x89HDF\r\n\x1a\n\0", "an HDF5 file, as Keras writes"),
            (b"PK\x03\x04..", "a ZIP archive, as PyTorch and NumPy write"),
            (
                b"version https://git-lfs.github.com/spec/v1\n",
                "a Git LFS pointer in place of a file",
            ),
            (b"\n <!DOCTYPE html><html>", "a web page"),
            (b"\0\0\0\x18ftypheic", "a HEIC picture"),
            (b"II+\0\x08\0\0\0", "a picture"),
            (b"\x40\0\0\0\0\0\0\0{\"a", "a safetensors file"),
            (b"{\"strokes\"", "a file of JSON"),
            (b"\x1f\x8b\x08", "a gzip file"),
            (b"\0\xff\0\0", "another kind of file"),
        ];
        for (start, name) in cases {
            assert_eq!(content_of(start), name, "{start:?}");
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
