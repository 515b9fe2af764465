//! Ink files as examples: handwritten digits and other symbols.

use std::{collections::HashMap, fmt, str::FromStr};

use rand::{Rng, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Examples;
use crate::{
    bitmap::{Digit, PIXELS},
    error::Refusal,
    files::fnv,
    ink::{
        self, Ink, Point, Stroke,
        file::{InkRecord, Label},
    },
    synth::{NON_DIGITS_WHEN_MIRRORED, NON_DIGITS_WHEN_ROTATED, WrongGroup},
};

/// Symbols that nobody writes like a digit. Some people write I like 1, Z like 2, b like 6.
pub const NON_DIGIT_SYMBOLS: &str = "AEFHKMNRWXkmnwx#%&*+=@?";

/// Symbols of [`NON_DIGIT_SYMBOLS`] that no training sees, in ink files or as synthetic ink. With them, evaluation
/// measures the rejection of unseen symbols.
pub const HELD_OUT_SYMBOLS: &str = "&?";

/// Further symbols to train on that nobody writes like a digit: letters with a stem on the side where digits have
/// none, brackets, horizontal lines, pairs of small marks.
const MORE_NON_DIGIT_SYMBOLS: &str = "dhpP<[{-_~:\"";

/// The records whose images are drawn at the same time.
const RECORDS_IN_PARALLEL: usize = 1024;

/// One of `of` groups of writers, as in cross-validation: train without a fold, evaluate on it.
///
/// A hash of the name assigns each writer to one fold, so no writer is on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fold {
    part: u64,
    of: u64,
}

impl Fold {
    /// Fold `part` of `of`, counted from 0.
    ///
    /// # Panics
    /// When `part` is not below `of`.
    pub const fn new(part: u64, of: u64) -> Self {
        assert!(part < of, "the fold is one of them");
        Self { part, of }
    }

    /// Whether a writer is in this fold. All unnamed writers are in the same fold.
    pub fn has(self, writer: Option<&str>) -> bool {
        let name = writer.unwrap_or_default();
        let hash = name.bytes().map(u64::from).fold(fnv::START, fnv::add);
        // The upper bits are mixed better.
        (hash >> 32) % self.of == self.part
    }
}

/// "K/N".
impl fmt::Display for Fold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.part, self.of)
    }
}

impl From<Fold> for String {
    fn from(fold: Fold) -> Self {
        fold.to_string()
    }
}

impl TryFrom<String> for Fold {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Self, Refusal> {
        text.parse()
    }
}

impl FromStr for Fold {
    type Err = Refusal;

    /// Parses `K/N`, with K from 0 to N - 1 and N from 2 to 100.
    fn from_str(text: &str) -> Result<Self, Refusal> {
        let parse = || {
            let (part, of) = text.split_once('/')?;
            let fold = Self {
                part: part.trim().parse().ok()?,
                of: of.trim().parse().ok()?,
            };
            ((2..=100).contains(&fold.of) && fold.part < fold.of).then_some(fold)
        };
        parse().ok_or_else(|| {
            Refusal::new(
                "read the fold",
                format!("\"{text}\""),
                "K/N with N from 2 to 100 and K from 0 to N - 1, such as 0/5",
                "correct the fold",
            )
        })
    }
}

/// Images of ink. They take the path from ink to bitmap that drawings take.
#[derive(Clone, Debug, Default)]
pub struct InkExamples {
    /// Digits.
    pub digits: Examples,
    /// Non-digits, `[n, 784]`.
    pub non_digits: Vec<u8>,
}

impl InkExamples {
    /// Training examples of these records. Digits are digits. Non-digits are the symbols that nobody writes like a
    /// digit, a mirrored or rotated copy of each digit that is a non-digit then, and a [`WrongGroup`] of each digit and
    /// the next one by the same writer, all chosen by a fixed seed. Ignores records with another label, without a label
    /// or without ink.
    pub fn for_training<'a>(records: impl IntoIterator<Item = &'a InkRecord>) -> Self {
        let records = with_next_digits(records);
        let (mut images, mut labels, mut non_digits) = (Vec::new(), Vec::new(), Vec::new());
        // In parts, so that no image is in memory twice.
        for (part, records) in records.chunks(RECORDS_IN_PARALLEL).enumerate() {
            let drawn = records.par_iter().enumerate().map(|(index, record)| {
                let seed = part * RECORDS_IN_PARALLEL + index;
                record.training_images(&mut ChaCha8Rng::seed_from_u64(seed as u64))
            });
            for (digit, image) in drawn.collect::<Vec<_>>().into_iter().flatten() {
                match digit {
                    Some(digit) => {
                        images.extend(image);
                        labels.push(digit.value());
                    }
                    None => non_digits.extend(image),
                }
            }
        }
        Self {
            digits: Examples::from_parts(images, labels),
            non_digits,
        }
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.digits.len() + self.non_digits.len() / PIXELS
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The digits among these records.
pub fn digits<'a>(records: impl IntoIterator<Item = &'a InkRecord>) -> Examples {
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    for record in records {
        if let Some(Label::Digit(digit)) = record.label
            && let Some(bitmap) = record.bitmap()
        {
            images.extend(bitmap.to_bytes());
            labels.push(digit.value());
        }
    }
    Examples::from_parts(images, labels)
}

/// A record, and the next digit that its writer wrote.
struct WithNext<'a> {
    record: &'a InkRecord,
    next: Option<(Digit, &'a Ink)>,
}

fn with_next_digits<'a>(records: impl IntoIterator<Item = &'a InkRecord>) -> Vec<WithNext<'a>> {
    let mut with_next: Vec<WithNext> = records
        .into_iter()
        .map(|record| WithNext { record, next: None })
        .collect();
    let mut last_by_writer = HashMap::new();
    for WithNext { record, next } in with_next.iter_mut().rev() {
        let writer = record.writer.as_deref();
        *next = last_by_writer.get(&writer).copied();
        if let Some(Label::Digit(digit)) = record.label
            && !record.ink.is_empty()
        {
            last_by_writer.insert(writer, (digit, &record.ink));
        }
    }
    with_next
}

impl WithNext<'_> {
    /// The training images, each with its digit or `None`.
    fn training_images(&self, rng: &mut impl Rng) -> Vec<(Option<Digit>, [u8; PIXELS])> {
        let ink = &self.record.ink;
        let digit = match &self.record.label {
            Some(Label::Digit(digit)) => Some(*digit),
            Some(Label::Other(symbol)) if is_training_symbol(symbol) => None,
            _ => return Vec::new(),
        };
        let plain = self.record.bitmap().map(|bitmap| (digit, bitmap));
        let corrupted = digit.and_then(|digit| corrupted(ink, digit, rng));
        let neighbors = digit.zip(self.next).filter(|_| !ink.is_empty());
        let wrong_group = neighbors.and_then(|(digit, next)| {
            let kind = WrongGroup::ALL[rng.random_range(0..WrongGroup::ALL.len())];
            kind.of([(digit, ink), next], rng)
        });
        let non_digits = corrupted.into_iter().chain(wrong_group);
        let non_digits = non_digits.filter_map(|ink| Some((None, ink::to_bitmap(&ink)?)));
        let images = plain.into_iter().chain(non_digits);
        images
            .map(|(digit, bitmap)| (digit, bitmap.to_bytes()))
            .collect()
    }
}

/// The digit mirrored, or rotated by 90° either way, if it is a non-digit then.
fn corrupted(ink: &Ink, digit: Digit, rng: &mut impl Rng) -> Option<Ink> {
    let mirror = [-1.0, 0.0, 0.0, 1.0];
    let sign = if rng.random() { 1.0 } else { -1.0 };
    let rotation = [0.0, -sign, sign, 0.0];
    let is_mirrored: bool = rng.random();
    let matrix = match [NON_DIGITS_WHEN_MIRRORED, NON_DIGITS_WHEN_ROTATED]
        .map(|digits| digits.contains(&digit))
    {
        [true, true] if is_mirrored => mirror,
        [_, true] => rotation,
        [true, false] => mirror,
        [false, false] => return None,
    };
    Some(transformed(ink, matrix))
}

/// Multiplies every point by a matrix, given row by row.
fn transformed(ink: &Ink, [xx, xy, yx, yy]: [f32; 4]) -> Ink {
    let point = |p: &Point| Point::new(xx * p.x + xy * p.y, yx * p.x + yy * p.y);
    let stroke = |stroke: &Stroke| Stroke::new(stroke.points().iter().map(point).collect());
    ink.strokes().iter().filter_map(stroke).collect()
}

/// Whether a label is one of these symbols.
pub fn is_among(label: &str, symbols: &str) -> bool {
    let mut chars = label.chars();
    matches!((chars.next(), chars.next()), (Some(symbol), None) if symbols.contains(symbol))
}

/// Whether training uses a symbol as a non-digit.
fn is_training_symbol(label: &str) -> bool {
    let is_plain = is_among(label, NON_DIGIT_SYMBOLS) && !is_among(label, HELD_OUT_SYMBOLS);
    is_plain || is_among(label, MORE_NON_DIGIT_SYMBOLS)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_writer_is_in_one_fold() {
        let folds: Vec<Fold> = (0..5).map(|part| Fold::new(part, 5)).collect();
        let mut used = BTreeSet::new();
        for number in 0..100 {
            let writer = format!("writer-{number}");
            let containing: Vec<usize> = (0..5)
                .filter(|&part| folds[part].has(Some(&writer)))
                .collect();
            assert_eq!(containing.len(), 1, "{writer} is in exactly one");
            used.extend(containing);
        }
        assert_eq!(used.len(), 5, "no fold is empty");
        let unnamed = folds.iter().filter(|fold| fold.has(None)).count();
        assert_eq!(unnamed, 1, "unnamed writers are in one fold");
        // The hash of Fowler, Noll and Vo's own test vector "foobar", 85944171f73967e8.
        let part = 0x8594_4171 % 5;
        assert!(
            folds[part].has(Some("foobar")),
            "by the upper half of the hash"
        );
    }

    #[test]
    fn folds_are_parsed_or_refused() {
        assert_eq!("1/3".parse(), Ok(Fold::new(1, 3)), "as written");
        for (text, reason) in [
            ("3/3", "counted from 0"),
            ("0/1", "the whole is not a fold"),
            ("1", "no number of folds"),
            ("a/b", "not numbers"),
            ("-1/3", "below 0"),
            ("0/101", "too many folds"),
        ] {
            assert!(text.parse::<Fold>().is_err(), "{text}: {reason}");
        }
    }

    fn record(label: Option<Label>, ink: Ink) -> InkRecord {
        InkRecord {
            label,
            writer: None,
            ink,
            ..InkRecord::default()
        }
    }

    fn line() -> Ink {
        let points = vec![Point::new(0.5, 0.1), Point::new(0.5, 0.9)];
        Stroke::new(points).into_iter().collect()
    }

    #[test]
    fn digits_and_unambiguous_symbols_are_training_examples() {
        let other = |symbol: &str| Some(Label::Other(symbol.to_owned()));
        let records = [
            record(Some(Label::Digit(Digit::ALL[1])), line()),
            record(other("K"), line()),
            record(other("["), line()),
            record(other("&"), line()),
            record(other("l"), line()),
            record(other("KK"), line()),
            record(None, line()),
            record(Some(Label::Digit(Digit::ALL[1])), Ink::default()),
        ];
        let written = digits(&records);
        assert_eq!(written.labels(), [1], "the digit with ink");
        let InkExamples { digits, non_digits } = InkExamples::for_training(&records);
        assert_eq!(digits.labels(), written.labels(), "the same, once");
        assert_eq!(digits.images(), written.images(), "unchanged");
        assert_eq!(
            non_digits.len(),
            2 * PIXELS,
            "K and [; not &, which is held out, nor l, which looks like a 1"
        );
    }

    #[test]
    fn mirrored_and_rotated_digits_are_non_digits_unless_they_look_like_digits() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let ink = crate::synth::digit(Digit::ALL[4], &mut rng);
        let mirrored = transformed(&ink, [-1.0, 0.0, 0.0, 1.0]);
        let rotated = [1.0, -1.0].map(|sign| transformed(&ink, [0.0, -sign, sign, 0.0]));
        let [zero, six, two, four] = [0, 6, 2, 4].map(|value| {
            let corrupted = (0..32).map(|_| corrupted(&ink, Digit::ALL[value], &mut rng));
            corrupted.collect::<Option<Vec<_>>>()
        });
        assert_eq!(zero, None, "a mirrored or rotated 0 looks like a 0");
        let six = six.expect("a mirrored 6 is a non-digit");
        assert!(six.iter().all(|ink| *ink == mirrored), "only mirrored");
        let two = two.expect("a rotated 2 is a non-digit");
        assert!(two.iter().all(|ink| rotated.contains(ink)), "only rotated");
        let four = four.expect("a 4 is a non-digit either way");
        for kind in rotated.iter().chain([&mirrored]) {
            assert!(four.contains(kind), "each way occurs");
        }
        let record = record(Some(Label::Digit(Digit::ALL[4])), ink);
        let examples = InkExamples::for_training([&record]);
        assert_eq!(examples.digits.labels(), [4], "the digit");
        assert_eq!(examples.non_digits.len(), PIXELS, "and one non-digit");
    }
    #[test]
    fn wrong_groups_are_of_one_writer() {
        let by = |writer: &str, digit: usize| InkRecord {
            writer: Some(writer.to_owned()),
            // No mirrored or rotated 7 is a non-digit, and no part of it.
            ..record(
                Some(Label::Digit(Digit::ALL[digit])),
                crate::synth::digit(Digit::ALL[digit], &mut ChaCha8Rng::seed_from_u64(1)),
            )
        };
        let count = |records: &[InkRecord]| {
            let non_digits = InkExamples::for_training(records).non_digits;
            non_digits.len() / PIXELS
        };
        let many = |writers: [&str; 2]| -> Vec<InkRecord> {
            let writers = writers.iter().cycle().take(20);
            writers.map(|writer| by(writer, 7)).collect()
        };
        let pairs = count(&many(["ada", "emil"]));
        assert!(
            (5..=18).contains(&pairs),
            "all but the last of each: {pairs}"
        );
        let alone: Vec<InkRecord> = (0..20).map(|i| by(&i.to_string(), 7)).collect();
        assert_eq!(count(&alone), 0, "nobody wrote two");
    }
}
