//! Ink files: JSON Lines, one character per line, optionally in gzip.
//!
//! A line is `{"label": 3, "writer": "name", "strokes": [[[x, y], …], …]}`, x to the right and y down. The label of a
//! number is the text of its digits, `"4207"`; a line may say its `spacing`, `"tight"` for instance. Coordinates
//! may have any unit. If all of them lie in 0..=1, they are coordinates on the pad, and the size of the drawing tells
//! a dot from a digit. All but the strokes is optional. Other fields and further numbers of a point (time, pressure)
//! are ignored. A picture has `"pixels"` in place of strokes: 28×28 bytes in hexadecimal digits, 0 is paper.

use std::{
    fmt::{self, Display},
    fs,
    io::{self, BufRead, BufReader, Read as _, Write as _},
    path::Path,
    slice,
    str::from_utf8,
};

use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, IgnoredAny, SeqAccess, Visitor},
};
use serde_json::error::Category;

use super::{Bounds, Ink, Point, Stroke, to_bitmap};
use crate::{
    bitmap::{Bitmap, Digit, PIXELS},
    error::{InputError, IoError, Refusal, excerpt},
    files::{
        is_gzip,
        kind::content_of,
        limits::{INK_BYTES, INK_DRAWINGS, INK_LINE_BYTES, INK_MEMORY, INK_NAME_BYTES},
        open, strip_byte_order_mark, too_large, write_atomically,
    },
};

/// The part of the unit square that the longer side of a fitted character takes.
const FITTED_SIDE: f64 = 0.8;

/// The meaning of a character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Label {
    /// A digit.
    Digit(Digit),
    /// A number of several digits: its text.
    Number(String),
    /// A letter, a symbol or anything else.
    Other(String),
}

/// Where the unit square lies in a file's coordinates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FileUnits {
    /// The left top corner.
    pub origin: [f64; 2],
    /// The side.
    pub side: f64,
}

impl Default for FileUnits {
    fn default() -> Self {
        Self {
            origin: [0.0; 2],
            side: 1.0,
        }
    }
}

impl FileUnits {
    /// Left, top, width and height of a box, in the file's coordinates.
    pub fn of(&self, bounds: &Bounds) -> [f64; 4] {
        let [min, max] = [bounds.min, bounds.max].map(|point| [point.x, point.y].map(f64::from));
        let [left, top] = [0, 1].map(|axis| self.origin[axis] + self.side * min[axis]);
        let [width, height] = [0, 1].map(|axis| self.side * (max[axis] - min[axis]));
        [left, top, width, height]
    }
}

/// One character or number of an ink file. Records are equal if they are written alike.
#[derive(Clone, Debug, Default)]
pub struct InkRecord {
    /// The label, if known.
    pub label: Option<Label>,
    /// Who wrote it, if known.
    pub writer: Option<String>,
    /// The drawing, in unit-square coordinates. Empty for a picture.
    pub ink: Ink,
    /// A picture, in place of strokes.
    pub picture: Option<Bitmap>,
    /// How close the digits of a number stand, if known. It is not written.
    pub spacing: Option<String>,
    /// The coordinates that the drawing was read from. They are not written.
    pub units: FileUnits,
}

impl PartialEq for InkRecord {
    fn eq(&self, other: &Self) -> bool {
        (&self.label, &self.writer) == (&other.label, &other.writer)
            && (&self.ink, &self.picture) == (&other.ink, &other.picture)
    }
}

impl InkRecord {
    /// The drawing where it was drawn: in the coordinates that it was read from.
    pub fn as_drawn(&self) -> Ink {
        let FileUnits { origin, side } = self.units;
        if self.units == FileUnits::default() {
            return self.ink.clone();
        }
        let place = |at: f32, axis: usize| (origin[axis] + side * f64::from(at)) as f32;
        let moved = |point: &Point| Point::new(place(point.x, 0), place(point.y, 1));
        let strokes = self.ink.strokes().iter();
        let strokes = strokes.map(|stroke| stroke.points().iter().map(moved).collect());
        strokes.filter_map(Stroke::new).collect()
    }

    /// The record with its drawing where it was drawn.
    #[must_use]
    pub fn to_drawn(&self) -> Self {
        Self {
            ink: self.as_drawn(),
            units: FileUnits::default(),
            ..self.clone()
        }
    }

    /// Whether two records show the same drawing or picture, whatever their labels. Both drawings are where they were
    /// drawn.
    pub fn shows_the_same(&self, other: &Self) -> bool {
        let bytes = |record: &Self| record.picture.as_ref().map(Bitmap::to_bytes);
        self.ink.is_alike(&other.ink) && bytes(self) == bytes(other)
    }

    /// The network's input; `None` without ink.
    pub fn bitmap(&self) -> Option<Bitmap> {
        self.picture.clone().or_else(|| to_bitmap(&self.ink))
    }
}

/// Reads a whole ink file. Its first bytes tell whether it is gzip.
///
/// A character within the unit square is taken as it is, so that [`write()`] and `read` are exact inverses. Any other
/// character, also one whose strokes leave the pad, is shifted and scaled into the square. Its aspect is kept.
///
/// # Errors
/// When the file cannot be read, is too large or empty, or a line is invalid. The error names the line.
pub fn read(path: &Path) -> Result<Vec<InkRecord>, InputError> {
    read_all([path])
}

/// Reads several ink files within the limits of one.
///
/// # Errors
/// As [`read`].
pub fn read_all(
    paths: impl IntoIterator<Item = impl AsRef<Path>>,
) -> Result<Vec<InkRecord>, InputError> {
    let mut reader = InkReader::default();
    for path in paths {
        let path = path.as_ref();
        let count = reader.records.len();
        reader.add_file(path)?;
        if reader.records.len() == count {
            return Err(empty(path.display()).into());
        }
    }
    Ok(reader.records)
}

fn empty(name: impl Display) -> Refusal {
    Refusal::new(
        format!("read the ink in {}", excerpt(name)),
        "an empty file",
        "at least one line of ink",
        "choose another file",
    )
}

/// Reads an ink file that may be missing or empty.
///
/// # Errors
/// As [`read`].
pub fn read_if_exists(path: &Path) -> Result<Vec<InkRecord>, InputError> {
    let mut reader = InkReader::default();
    match reader.add_file(path) {
        Err(InputError::Io(error)) if error.is_not_found() => Ok(Vec::new()),
        result => result.map(|()| reader.records),
    }
}

/// Reads the bytes of an ink file. Errors show `name`.
///
/// # Errors
/// As [`read`].
pub fn from_bytes(bytes: &[u8], name: &str) -> Result<Vec<InkRecord>, Refusal> {
    let mut reader = InkReader::default();
    reader.add(bytes, name)?;
    if reader.records.is_empty() {
        return Err(empty(name));
    }
    Ok(reader.records)
}

/// Reads the lines of an ink file. Errors show `name`. There may be no line.
///
/// # Errors
/// As [`read`].
pub fn from_text(text: &str, name: &str) -> Result<Vec<InkRecord>, Refusal> {
    let mut reader = InkReader::default();
    reader.add(text.as_bytes(), name)?;
    Ok(reader.records)
}

/// Replaces an ink file. Compresses it if its name ends in `.gz`.
///
/// # Errors
/// When the folder is not writable, or a drawing is too long to be read again.
pub fn write(path: &Path, records: &[InkRecord]) -> Result<(), InputError> {
    let mut bytes = to_text(records)?.into_bytes();
    let extension = path.extension();
    if extension.is_some_and(|extension| extension.eq_ignore_ascii_case("gz")) {
        bytes = compress(&bytes).map_err(|source| IoError::new("write", path, source))?;
    }
    Ok(write_atomically(path, &bytes)?)
}

/// The lines of an ink file, in unit-square coordinates.
///
/// # Errors
/// When a drawing is too long to be read again.
pub fn to_text(records: &[InkRecord]) -> Result<String, InputError> {
    let mut text = String::new();
    for record in records {
        let line = format_line(record);
        if line.len() as u64 > INK_LINE_BYTES {
            return Err(Refusal::new(
                "write a drawing as ink",
                format!(
                    "{} points, which take {} bytes",
                    record.ink.point_count(),
                    line.len()
                ),
                format!("at most {INK_LINE_BYTES} bytes"),
                "draw fewer or shorter strokes, or save a picture (.png)",
            )
            .into());
        }
        text += &line;
    }
    Ok(text)
}

/// Changes the drawings of a file, and returns all drawings. Creates the file and its folder. After a crash the file
/// has its old or its new content.
///
/// # Errors
/// As [`read`] and [`write()`], and when the folder cannot be created.
pub fn update(
    path: &Path,
    change: impl FnOnce(&mut Vec<InkRecord>),
) -> Result<Vec<InkRecord>, InputError> {
    let before = read_if_exists(path)?;
    let mut records = before.clone();
    change(&mut records);
    if records != before {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|source| IoError::new("create", folder, source))?;
        }
        write(path, &records)?;
    }
    Ok(records)
}

/// A drawing as it is read again after it is written: one that leaves the pad is moved into it.
///
/// # Errors
/// When a drawing is too long to be read again.
pub fn as_written(record: &InkRecord) -> Result<InkRecord, InputError> {
    let mut written = from_text(&to_text(slice::from_ref(record))?, "a drawing")?;
    Ok(written.pop().unwrap_or_else(|| record.clone()))
}

fn compress(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Reads ink files within limits for all of them together.
#[derive(Default)]
struct InkReader {
    records: Vec<InkRecord>,
    memory: usize,
}

impl InkReader {
    fn add_file(&mut self, path: &Path) -> Result<(), InputError> {
        let name = path.display().to_string();
        let attempted = format!("read the ink in {}", excerpt(&name));
        let (file, len) = open(path, &attempted)?;
        if len > INK_BYTES {
            return Err(too_large(INK_BYTES, &attempted).into());
        }
        Ok(self.add(BufReader::new(file), &name)?)
    }

    fn add(&mut self, mut source: impl BufRead, name: &str) -> Result<(), Refusal> {
        // The first line reports an error again.
        if is_gzip(source.fill_buf().unwrap_or_default()) {
            self.add_lines(BufReader::new(MultiGzDecoder::new(source)), name)
        } else {
            self.add_lines(source, name)
        }
    }

    fn add_lines(&mut self, source: impl BufRead, name: &str) -> Result<(), Refusal> {
        let mut source = source.take(INK_BYTES + 1);
        // The first line reports an error again. The kind of another file may be told by more than its first line.
        let kind = content_of(source.fill_buf().unwrap_or_default());
        let mut text = Vec::new();
        for number in 1_usize.. {
            text.clear();
            let refused = |found: String| {
                Refusal::new(
                    format!("read the ink in {}", excerpt(name)),
                    format!("{found} in line {number}"),
                    r#"lines like {"label": 3, "strokes": [[[0, 0], [10, 25]]]}"#,
                    "correct that line or choose another file",
                )
            };
            let not_ink = |found: &str| Refusal {
                found: found.to_owned(),
                remedy: "choose an ink file".to_owned(),
                ..refused(String::new())
            };
            let too_much = |limit: String| {
                Refusal::new(
                    format!("read the ink in {}", excerpt(name)),
                    format!("more up to line {number}"),
                    format!("at most {limit} in all ink files together"),
                    "use fewer or smaller files",
                )
            };
            let len = (&mut source)
                .take(INK_LINE_BYTES + 1)
                .read_until(b'\n', &mut text)
                .map_err(|error| refused(format!("damaged content ({})", excerpt(error))))?;
            if len == 0 {
                break;
            }
            if len as u64 > INK_LINE_BYTES {
                return Err(refused(format!("more than {INK_LINE_BYTES} bytes")));
            }
            if source.limit() == 0 {
                return Err(too_much(format!("{INK_BYTES} unpacked bytes")));
            }
            let mut line = text.trim_ascii();
            if number == 1 {
                line = strip_byte_order_mark(line);
                if !line.is_empty() && !line.starts_with(b"{") {
                    return Err(not_ink(kind));
                }
            }
            // Blank lines take time as well.
            if self.records.len() == INK_DRAWINGS || number > 2 * INK_DRAWINGS {
                return Err(too_much(format!("{INK_DRAWINGS} drawings")));
            }
            if line.is_empty() {
                continue;
            }
            let record = parse_line(line).map_err(refused)?;
            self.memory += memory_of(&record);
            if self.memory > INK_MEMORY {
                return Err(too_much(format!("{} MB of strokes", INK_MEMORY >> 20)));
            }
            self.records.push(record);
        }
        Ok(())
    }
}

/// The memory of a record, in bytes: its fields, and each stroke with its allocations.
fn memory_of(record: &InkRecord) -> usize {
    let pixels = record.picture.as_ref().map_or(0, |_| PIXELS);
    128 + 72 * record.ink.strokes().len()
        + size_of::<Point>() * record.ink.point_count()
        + size_of::<f32>() * pixels
}

/// A line as it is read.
#[derive(Deserialize)]
struct RawRecord {
    label: Option<Label>,
    writer: Option<String>,
    spacing: Option<String>,
    strokes: Option<Vec<Vec<RawPoint>>>,
    pixels: Option<String>,
}

/// A line as it is written, in this order.
#[derive(Serialize)]
struct RecordLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a Label>,
    #[serde(skip_serializing_if = "Option::is_none")]
    writer: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    strokes: Vec<Vec<[f32; 2]>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pixels: Option<String>,
}

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Digit(digit) => serializer.serialize_u8(digit.value()),
            Self::Number(text) | Self::Other(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrText;

        impl Visitor<'_> for NumberOrText {
            type Value = Label;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a digit or a text")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Label, E> {
                let digit = u8::try_from(number).ok().and_then(Digit::new);
                digit.map(Label::Digit).ok_or_else(|| not_a_label(number))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Label, E> {
                Err(not_a_label(number))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Label, E> {
                // With its point: 3.0 is no label, but 3 is.
                Err(not_a_label(format!("{number:?}")))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Label, E> {
                // A digit in quotes is the same digit.
                if let [byte @ b'0'..=b'9'] = text.as_bytes() {
                    return self.visit_u64(u64::from(byte - b'0'));
                }
                if text.len() <= INK_NAME_BYTES
                    && text.len() > 1
                    && text.bytes().all(|byte| byte.is_ascii_digit())
                {
                    return Ok(Label::Number(text.to_owned()));
                }
                // Another number is a mistake, not a non-digit to learn.
                let is_number = text.contains(|char: char| char.is_ascii_digit())
                    && text.trim().parse::<f64>().is_ok();
                if is_number || text.trim().is_empty() || text.len() > INK_NAME_BYTES {
                    return Err(not_a_label(format!("\"{}\"", excerpt(text))));
                }
                Ok(Label::Other(text.to_owned()))
            }
        }

        deserializer.deserialize_any(NumberOrText)
    }
}

fn not_a_label<E: Error>(found: impl Display) -> E {
    E::custom(format!(
        "the label {found}, which is neither a digit nor the text of a number or of a non-digit"
    ))
}

/// The first two numbers of a list, in the file's unit.
struct RawPoint {
    x: f64,
    y: f64,
}

impl<'de> Deserialize<'de> for RawPoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Coordinates;

        impl<'de> Visitor<'de> for Coordinates {
            type Value = RawPoint;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a point [x, y]")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<RawPoint, A::Error> {
                let mut next = |index| {
                    list.next_element()?
                        .ok_or_else(|| Error::invalid_length(index, &self))
                };
                let (x, y) = (next(0)?, next(1)?);
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(RawPoint { x, y })
            }
        }

        deserializer.deserialize_seq(Coordinates)
    }
}

/// Reads a line. The error is a phrase that goes before "in line 7".
fn parse_line(line: &[u8]) -> Result<InkRecord, String> {
    let raw: RawRecord = serde_json::from_slice(line).map_err(|error| {
        let column = error.column();
        let text = error.to_string();
        let found = match error.classify() {
            _ if text.starts_with("number out of range") => "a number out of range".to_owned(),
            Category::Syntax => "a mistake in the JSON".to_owned(),
            Category::Eof => "JSON that is cut off".to_owned(),
            Category::Data | Category::Io => data_mistake(&text),
        };
        format!("{found} at column {column}")
    })?;
    for (name, what) in [(&raw.writer, "writer's name"), (&raw.spacing, "spacing")] {
        if name
            .as_ref()
            .is_some_and(|name| name.len() > INK_NAME_BYTES)
        {
            return Err(format!("a {what} of more than {INK_NAME_BYTES} bytes"));
        }
    }
    let picture = raw.pixels.as_deref().map(parse_pixels).transpose()?;
    let (ink, units) = match (&raw.strokes, &picture) {
        (Some(strokes), None) => fit(strokes).unwrap_or_default(),
        (None, Some(_)) => Default::default(),
        (None, None) => return Err("neither strokes nor pixels".to_owned()),
        (Some(_), Some(_)) => return Err("both strokes and pixels".to_owned()),
    };
    Ok(InkRecord {
        label: raw.label,
        writer: raw.writer,
        ink,
        picture,
        spacing: raw.spacing,
        units,
    })
}

/// The mistake in a line of valid JSON, in plain words. The parser's message is a phrase of ours, or like "invalid type:
/// string "a", expected f64 at line 1 column 9". Its line contradicts the file's.
fn data_mistake(message: &str) -> String {
    let what = message.rsplit_once(" at line ");
    let what = what.map_or(message, |(what, _)| what);
    let mismatch = what.split_once(": ").and_then(|(kind, rest)| {
        let (found, expected) = rest.rsplit_once(", expected ")?;
        kind.starts_with("invalid ").then_some((found, expected))
    });
    if let Some((found, expected)) = mismatch {
        let expected = match expected {
            "f64" => "a number",
            "a string" => "a text",
            "a sequence" => "a list",
            _ if expected.starts_with("struct") => "an object",
            other => other,
        };
        let (kind, value) = found.split_once([' ', '`']).unwrap_or((found, ""));
        let value = value.trim_start_matches("point ").trim_matches('`');
        let found = match kind {
            "string" => format!("the text {value}"),
            "integer" | "floating" => format!("the number {value}"),
            "map" => "an object".to_owned(),
            "sequence" => "a list".to_owned(),
            "boolean" => value.to_owned(),
            other => other.to_owned(),
        };
        format!("{} in place of {expected}", excerpt(found))
    } else if what.starts_with("invalid length") && what.contains("struct") {
        "a list in place of an object".to_owned()
    } else if what.starts_with("invalid length") {
        "a point of fewer than two numbers".to_owned()
    } else if let Some(key) = what.strip_prefix("duplicate field ") {
        format!("{} twice", excerpt(key.replace('`', "\"")))
    } else {
        excerpt(what)
    }
}

/// Reads two hexadecimal digits per pixel.
fn parse_pixels(text: &str) -> Result<Bitmap, String> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != PIXELS || !rest.is_empty() {
        return Err(format!(
            "{} hexadecimal digits of pixels, not {}",
            text.len(),
            2 * PIXELS
        ));
    }
    let mut bytes = [0; PIXELS];
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let digits = from_utf8(pair)
            .ok()
            .filter(|_| pair.iter().all(u8::is_ascii_hexdigit));
        *byte = digits
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .ok_or("pixels that are not hexadecimal digits")?;
    }
    Ok(Bitmap::from_bytes(&bytes))
}

/// The line of a record, with its line break.
fn format_line(record: &InkRecord) -> String {
    let coordinates = |stroke: &Stroke| -> Vec<[f32; 2]> {
        let points = stroke.points().iter();
        points.map(|point| [point.x, point.y]).collect()
    };
    let line = RecordLine {
        label: record.label.as_ref(),
        writer: record.writer.as_deref(),
        strokes: record.ink.strokes().iter().map(coordinates).collect(),
        pixels: record.picture.as_ref().map(hexadecimal),
    };
    serde_json::to_string(&line).expect("numbers and text are JSON") + "\n"
}

fn hexadecimal(bitmap: &Bitmap) -> String {
    let bytes = bitmap.to_bytes();
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves
        .filter_map(|half| char::from_digit(half.into(), 16))
        .collect()
}

/// Strokes in unit-square coordinates, and where that square lies in the file's. Strokes that already lie in the square
/// are unchanged; others are fitted into it. Empty strokes are dropped. `None` without any point.
fn fit(strokes: &[Vec<RawPoint>]) -> Option<(Ink, FileUnits)> {
    let range = |of: fn(&RawPoint) -> f64| {
        let values = strokes.iter().flatten().map(of);
        values.fold(None, |range, value| {
            let (low, high) = range.unwrap_or((value, value));
            Some((value.min(low), value.max(high)))
        })
    };
    let (left, right) = range(|point| point.x)?;
    let (top, bottom) = range(|point| point.y)?;
    let is_in_unit_square = left >= 0.0 && top >= 0.0 && right <= 1.0 && bottom <= 1.0;
    // In halves, because the difference of two f64 may overflow.
    let half_side = (right / 2.0 - left / 2.0).max(bottom / 2.0 - top / 2.0);
    let half_side = half_side.max(f64::MIN_POSITIVE);
    let (x, y) = (f64::midpoint(left, right), f64::midpoint(top, bottom));
    let fitted = |value: f64, middle: f64| {
        let from_middle = (value / 2.0 - middle / 2.0) / half_side;
        (0.5 + from_middle * FITTED_SIDE) as f32
    };
    let place = |point: &RawPoint| {
        if is_in_unit_square {
            Point::new(point.x as f32, point.y as f32)
        } else {
            Point::new(fitted(point.x, x), fitted(point.y, y))
        }
    };
    let ink: Ink = strokes
        .iter()
        .filter_map(|points| Stroke::new(points.iter().map(place).collect()))
        .collect();
    let units = if is_in_unit_square {
        FileUnits::default()
    } else {
        let side = 2.0 * half_side / FITTED_SIDE;
        FileUnits {
            origin: [x, y].map(|middle| middle - 0.5 * side),
            side,
        }
    };
    (!ink.is_empty()).then_some((ink, units))
}

#[cfg(test)]
mod tests;
