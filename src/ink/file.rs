//! Ink files: JSON Lines, one character a line, optionally inside gzip.
//!
//! A line is `{"label": 3, "writer": "name", "strokes": [[[x, y], …], …]}`, x to the right and y
//! down, in any unit; where all lie between 0 and 1, they are places on the pad, and how large the
//! drawing is says whether it is one or a dot. Label and writer may be missing, and what else a line
//! or a point says (time, pressure) is passed over.

use std::{
    fmt::Display,
    io::{self, BufRead, BufReader, Read as _, Write as _},
    path::Path,
};

use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};

use super::Ink;
use crate::{
    bitmap::Digit,
    error::{InkError, IoError, Refusal},
    files::{ReadError, read_bounded, write_atomically},
};

mod kept;
mod line;

pub use self::kept::{append, drop_last, read_if_exists, remove};

/// The largest file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 256 << 20;
/// The most that a file may unpack to, in bytes.
const MAX_UNPACKED_BYTES: u64 = 1 << 30;
/// The most that one line may hold, in bytes.
const MAX_LINE_BYTES: u64 = 4 << 20;
/// The most points that all lines may hold together: 256 MiB of them.
const MAX_POINTS: usize = 32 << 20;
/// The most lines, of however few points each.
const MAX_RECORDS: usize = 2 << 20;

/// What a line says was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Label {
    /// One of the ten digits.
    Digit(Digit),
    /// Anything else: a letter, a symbol.
    Other(String),
}

/// One character of an ink file.
#[derive(Clone, Debug, PartialEq)]
pub struct InkRecord {
    /// What was meant, if the file says so.
    pub label: Option<Label>,
    /// Whose hand it is, if the file says so.
    pub writer: Option<String>,
    /// The drawing, in unit-square coordinates.
    pub ink: Ink,
}

/// Reads a whole ink file, gzip-compressed or not (its first bytes tell, not its name).
///
/// A character that lies within the unit square is taken as it is, so that what [`write()`] wrote
/// comes back exactly. Any other, such as one whose strokes run off the pad, is shifted and scaled into it, with its
/// aspect kept and a margin.
///
/// # Errors
/// When the file cannot be read, is larger than any real one, or a line is not ink. The line's
/// number is said, and nothing of the file is taken.
pub fn read(path: &Path) -> Result<Vec<InkRecord>, InkError> {
    let records = read_all(path)?;
    if records.is_empty() {
        return Err(InkError::Refused(Refusal::new(
            format!("read the ink in {}", path.display()),
            "an empty file",
            "at least one line of ink",
            "choose another file",
        )));
    }
    Ok(records)
}

/// As [`read`], but an empty file is no drawings.
fn read_all(path: &Path) -> Result<Vec<InkRecord>, InkError> {
    let bytes = read_bounded(path, MAX_FILE_BYTES).map_err(|fault| match fault {
        ReadError::Io(error) => error.into(),
        ReadError::TooLarge(limit) => too_much(path.display(), "bytes", limit),
    })?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        read_lines(
            BufReader::new(MultiGzDecoder::new(&bytes[..])),
            path.display(),
        )
    } else {
        read_lines(&bytes[..], path.display())
    }
}

/// Reads the lines that [`to_text`] made; `name` says in an error what they are. There may be none.
///
/// # Errors
/// As [`read`].
pub fn from_text(text: &str, name: &str) -> Result<Vec<InkRecord>, InkError> {
    read_lines(text.as_bytes(), name)
}

/// Writes an ink file in place of what is there, in unit-square coordinates; gzip-compressed where
/// its name ends in `.gz`.
///
/// # Errors
/// When the folder cannot be written to, or a drawing is too long to be read again.
pub fn write(path: &Path, records: &[InkRecord]) -> Result<(), InkError> {
    let is_gzip = path
        .extension()
        .is_some_and(|name| name.eq_ignore_ascii_case("gz"));
    let text = to_text(records)?.into_bytes();
    let bytes = if is_gzip {
        packed(&text).map_err(|source| IoError::new("write", path, source))?
    } else {
        text
    };
    Ok(write_atomically(path, &bytes)?)
}

/// The lines of an ink file, in unit-square coordinates.
///
/// # Errors
/// When a drawing is too long to be read again.
pub fn to_text(records: &[InkRecord]) -> Result<String, InkError> {
    let mut text = String::new();
    for record in records {
        let line = line::of(record);
        if line.len() as u64 > MAX_LINE_BYTES {
            return Err(InkError::Refused(Refusal::new(
                "write a drawing as ink",
                format!(
                    "{} points, which are {} bytes",
                    record.ink.point_count(),
                    line.len()
                ),
                format!("at most {MAX_LINE_BYTES} bytes, or it could not be read again"),
                "draw it with fewer or shorter strokes, or save it as a picture (.png)",
            )));
        }
        text += &line;
    }
    Ok(text)
}

fn packed(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(text)?;
    packer.finish()
}

fn read_lines(reader: impl BufRead, name: impl Display) -> Result<Vec<InkRecord>, InkError> {
    let mut reader = reader.take(MAX_UNPACKED_BYTES);
    let mut records = Vec::new();
    let mut points_left = MAX_POINTS;
    let mut text = Vec::new();
    for number in 1_u64.. {
        text.clear();
        let refused = |found: String| {
            InkError::Refused(Refusal::new(
                format!("read the ink in {name}"),
                format!("{found} in line {number}"),
                r#"lines like {"label": 3, "strokes": [[[0, 0], [10, 25]]]}"#,
                "mend that line or choose another file",
            ))
        };
        let len = (&mut reader)
            .take(MAX_LINE_BYTES + 1)
            .read_until(b'\n', &mut text)
            .map_err(|error| refused(format!("damaged compression ({error})")))?;
        if len == 0 {
            break;
        }
        if len as u64 > MAX_LINE_BYTES {
            return Err(refused(format!("more than {MAX_LINE_BYTES} bytes")));
        }
        if reader.limit() == 0 {
            return Err(too_much(&name, "bytes when unpacked", MAX_UNPACKED_BYTES));
        }
        let mut line = text.trim_ascii();
        if number == 1 {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.is_empty() {
            continue;
        }
        let record = line::parse(line).map_err(refused)?;
        if records.len() == MAX_RECORDS {
            return Err(too_much(&name, "characters", MAX_RECORDS as u64));
        }
        let count = record.ink.point_count();
        points_left = points_left
            .checked_sub(count)
            .ok_or_else(|| too_much(&name, "points", MAX_POINTS as u64))?;
        records.push(record);
    }
    Ok(records)
}

fn too_much(name: impl Display, what: &str, limit: u64) -> InkError {
    InkError::Refused(Refusal::new(
        format!("read the ink in {name}"),
        format!("more than {limit} {what}"),
        "no more than that",
        "split it into several files",
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::ink::{Point, Stroke};

    fn record(label: Option<Label>, points: &[(f32, f32)]) -> InkRecord {
        let points = points.iter().map(|&(x, y)| Point::new(x, y)).collect();
        InkRecord {
            label,
            writer: None,
            ink: Stroke::new(points).into_iter().collect(),
        }
    }

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::default());
        packer.write_all(text).expect("packs");
        packer.finish().expect("packs")
    }

    #[test]
    fn what_is_written_comes_back_exactly() {
        let mut first = record(
            Digit::new(7).map(Label::Digit),
            &[(0.1, 0.2), (1.0 / 3.0, 0.7)],
        );
        first.writer = Some("a \"hand\"\n".to_owned());
        let records = [
            first,
            record(Some(Label::Other("Å".to_owned())), &[(0.0, 1.0)]),
            record(None, &[(0.50001, 0.5), (0.5, 0.50001)]),
        ];
        let folder = tempfile::tempdir().expect("a folder for the test");
        for name in ["plain.jsonl", "packed.jsonl.gz"] {
            let path = folder.path().join(name);
            write(&path, &records).expect("writes");
            assert_eq!(read(&path).expect("reads"), records, "{name}");
            let bytes = fs::read(&path).expect("reads");
            assert_eq!(
                bytes.starts_with(&[0x1f, 0x8b]),
                name.ends_with("gz"),
                "{name}"
            );
        }
    }

    #[test]
    fn the_content_tells_whether_it_is_packed() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("digits.jsonl");
        let line = b"\xef\xbb\xbf{\"strokes\": [[[0, 0]]]}\r\n\n  \n{\"strokes\": [[[1, 1]]]}";
        let twice = [packed(line), packed(b"\n{\"strokes\": [[[1, 1]]]}")].concat();
        let cases = [
            (
                line.to_vec(),
                2,
                "a mark at the start, empty lines, no last line break",
            ),
            (packed(line), 2, "gzip under another name"),
            (twice, 3, "two gzip files in a row are one"),
        ];
        for (bytes, count, reason) in cases {
            fs::write(&path, bytes).expect("writes");
            assert_eq!(read(&path).expect(reason).len(), count, "{reason}");
        }
    }

    #[test]
    fn damaged_files_are_refused_with_the_line() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("digits.jsonl");
        let good = b"{\"strokes\": [[[0, 0]]]}\n".as_slice();
        let mut cut = packed(&good.repeat(1000));
        cut.truncate(cut.len() - 12);
        let long = format!(
            "{{\"strokes\": [[[0, 0]]], \"x\": \"{}\"}}",
            " ".repeat(5 << 20)
        );
        let cases: [(Vec<u8>, &str); 6] = [
            ([good, good, b"{\"strokes\": 3}\n"].concat(), "in line 3"),
            ([good, b"\n", b"\xff\n"].concat(), "in line 3"),
            (cut, "damaged compression"),
            (
                [good, long.as_bytes()].concat(),
                "more than 4194304 bytes in line 2",
            ),
            (Vec::new(), "an empty file"),
            (b"\n\n".to_vec(), "an empty file"),
        ];
        for (bytes, words) in cases {
            fs::write(&path, bytes).expect("writes");
            let message = read(&path).expect_err(words).to_string();
            assert!(message.contains(words), "{words}: {message}");
            assert!(
                message.contains("digits.jsonl"),
                "the file is named: {message}"
            );
        }
        let missing = read(&folder.path().join("none"));
        assert!(matches!(missing, Err(InkError::Io(_))), "no file");
    }
}
