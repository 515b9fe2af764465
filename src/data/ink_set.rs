//! Examples made of ink files: digits and other signs that people wrote with a pen.

use std::{fmt, iter, str::FromStr};

use rand::{Rng, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Examples;
use crate::{
    bitmap::{Digit, PIXELS},
    error::Refusal,
    ink::{
        self, Ink, Point, Stroke,
        file::{InkRecord, Label},
    },
    synth::{NON_DIGITS_WHEN_MIRRORED, NON_DIGITS_WHEN_ROTATED},
};

/// Signs that look like no digit, whoever writes them. The others are written just like a digit by
/// some: I like 1, Z like 2, b like 6.
pub const NON_DIGIT_SYMBOLS: &str = "AEFHKMNRWXkmnwx#%&*+=@?";

/// Plain signs that are never learned, here or from generated ink, so that what a network makes of signs
/// it never met can be measured.
pub const HELD_OUT_SYMBOLS: &str = "&?";

/// Others that no hand writes like a digit, and that are learned beside the plain ones: letters with a stem on the
/// side where no digit has one, brackets, lying lines, pairs of small marks.
const MORE_NON_DIGIT_SYMBOLS: &str = "dhpP<[{-_~:\"";

/// Which hands are taken: one of so many parts into which the writers' names fall.
///
/// What a network makes of hands that it never saw can only be told if no hand stands on both
/// sides: one trains without a fold and measures on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fold {
    part: u64,
    of: u64,
}

impl Fold {
    /// One of `of` parts, counted from 0.
    ///
    /// # Panics
    /// When `part` is not below `of`.
    pub const fn new(part: u64, of: u64) -> Self {
        assert!(part < of, "a part of the whole");
        Self { part, of }
    }

    /// Whether a hand is in this fold. Hands without a name are in one together.
    pub fn has(self, writer: Option<&str>) -> bool {
        let name = writer.unwrap_or_default();
        // FNV-1a (Fowler, Noll and Vo): the same on every machine. Its upper half is the better mixed.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
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

    /// "K/N", with K from 0 to N - 1 and N from 2 to 100.
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
                "write it so",
            )
        })
    }
}

/// Pictures made of ink, by the very path that a drawing on the pad takes.
#[derive(Clone, Debug)]
pub struct InkExamples {
    /// Digits.
    pub digits: Examples,
    /// What is no digit, 784 bytes each.
    pub non_digits: Vec<u8>,
}

impl Default for InkExamples {
    fn default() -> Self {
        Self {
            digits: Examples::from_parts(Vec::new(), Vec::new()),
            non_digits: Vec::new(),
        }
    }
}

impl InkExamples {
    /// What is learned of these records: the digits, and as no digit those of the other signs that no hand
    /// writes like one, each as it is written; and digits in a mirror or on their side that are none any more,
    /// chosen at random, the same way each time. Records without a label or without ink are passed over.
    pub fn for_training<'a>(records: impl IntoIterator<Item = &'a InkRecord>) -> Self {
        let records: Vec<_> = records.into_iter().collect();
        let drawn: Vec<_> = (0..records.len())
            .into_par_iter()
            .flat_map_iter(|index| {
                let mut rng = ChaCha8Rng::seed_from_u64(index as u64);
                pictures(records[index], &mut rng)
            })
            .collect();
        let mut non_digits = Vec::new();
        let digits = drawn.into_iter().filter_map(|(label, picture)| {
            if label.is_none() {
                non_digits.extend(picture);
            }
            Some((label?, picture))
        });
        Self {
            digits: examples(digits),
            non_digits,
        }
    }

    /// How many pictures there are.
    pub fn len(&self) -> usize {
        self.digits.len() + self.non_digits.len() / PIXELS
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// All of these records that have a label, each as it is written: digits, and what is none.
pub(super) fn labeled(records: &[InkRecord]) -> InkExamples {
    let others = records
        .iter()
        .filter(|record| matches!(record.label, Some(Label::Other(_))));
    InkExamples {
        digits: digits(records),
        non_digits: others
            .filter_map(|record| Some(ink::to_bitmap(&record.ink)?.to_bytes()))
            .flatten()
            .collect(),
    }
}

/// The digits among these records, each as it is written.
pub fn digits<'a>(records: impl IntoIterator<Item = &'a InkRecord>) -> Examples {
    examples(records.into_iter().filter_map(|record| {
        let Some(Label::Digit(digit)) = record.label else {
            return None;
        };
        Some((digit, ink::to_bitmap(&record.ink)?.to_bytes()))
    }))
}

fn examples(pictures: impl IntoIterator<Item = (Digit, [u8; PIXELS])>) -> Examples {
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    for (digit, picture) in pictures {
        images.extend(picture);
        labels.push(digit.value());
    }
    Examples::from_parts(images, labels)
}

/// The pictures that are made of one record to learn from, each with its digit or none.
fn pictures(record: &InkRecord, rng: &mut impl Rng) -> Vec<(Option<Digit>, [u8; PIXELS])> {
    let digit = match &record.label {
        Some(Label::Digit(digit)) => Some(*digit),
        Some(Label::Other(sign)) if is_learned(sign) => None,
        _ => return Vec::new(),
    };
    let corrupted = digit.and_then(|digit| corrupted(&record.ink, digit, rng));
    iter::once((digit, &record.ink))
        .chain(corrupted.iter().map(|ink| (None, ink)))
        .filter_map(|(digit, ink)| Some((digit, ink::to_bitmap(ink)?.to_bytes())))
        .collect()
}

/// A digit in a mirror or on its side, where it is none any more.
fn corrupted(ink: &Ink, digit: Digit, rng: &mut impl Rng) -> Option<Ink> {
    let mirror = [-1.0, 0.0, 0.0, 1.0];
    let turn = if rng.random() { 1.0 } else { -1.0 };
    let side = [0.0, -turn, turn, 0.0];
    let is_mirrored: bool = rng.random();
    let matrix = match [NON_DIGITS_WHEN_MIRRORED, NON_DIGITS_WHEN_ROTATED]
        .map(|those| those.contains(&digit))
    {
        [true, true] if is_mirrored => mirror,
        [_, true] => side,
        [true, false] => mirror,
        [false, false] => return None,
    };
    Some(mapped(ink, matrix))
}

/// Every point multiplied by a matrix, given row by row.
fn mapped(ink: &Ink, [xx, xy, yx, yy]: [f32; 4]) -> Ink {
    let place = |p: &Point| Point::new(xx * p.x + xy * p.y, yx * p.x + yy * p.y);
    let bend = |stroke: &Stroke| Stroke::new(stroke.points().iter().map(place).collect());
    ink.strokes().iter().filter_map(bend).collect()
}

/// Whether a label is one of these signs.
pub fn is_among(label: &str, signs: &str) -> bool {
    let mut letters = label.chars();
    matches!((letters.next(), letters.next()), (Some(sign), None) if signs.contains(sign))
}

fn is_learned(label: &str) -> bool {
    let is_plain = is_among(label, NON_DIGIT_SYMBOLS) && !is_among(label, HELD_OUT_SYMBOLS);
    is_plain || is_among(label, MORE_NON_DIGIT_SYMBOLS)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_hand_is_in_one_fold() {
        let folds: Vec<Fold> = (0..5).map(|part| Fold::new(part, 5)).collect();
        let mut used = BTreeSet::new();
        for number in 0..100 {
            let writer = format!("hand-{number}");
            let of_hand: Vec<usize> = (0..5)
                .filter(|&part| folds[part].has(Some(&writer)))
                .collect();
            assert_eq!(of_hand.len(), 1, "{writer} is in exactly one");
            used.extend(of_hand);
        }
        assert_eq!(used.len(), 5, "no fold is empty");
        assert!(
            folds.iter().any(|fold| fold.has(None)),
            "nor is the unnamed hand lost"
        );
    }

    #[test]
    fn a_fold_is_read_or_refused() {
        assert_eq!("1/3".parse(), Ok(Fold::new(1, 3)), "as written");
        for (text, reason) in [
            ("3/3", "counted from 0"),
            ("0/1", "one part is no part"),
            ("1", "no whole"),
            ("a/b", "no numbers"),
            ("-1/3", "below 0"),
            ("0/101", "too many"),
        ] {
            assert!(text.parse::<Fold>().is_err(), "{text}: {reason}");
        }
    }

    fn record(label: Option<Label>, ink: Ink) -> InkRecord {
        InkRecord {
            label,
            writer: None,
            ink,
        }
    }

    fn line() -> Ink {
        let points = vec![Point::new(0.5, 0.1), Point::new(0.5, 0.9)];
        let mut ink = Ink::default();
        ink.push(Stroke::new(points).expect("finite points"));
        ink
    }

    #[test]
    fn digits_and_plain_signs_are_taken_and_nothing_else() {
        let other = |sign: &str| Some(Label::Other(sign.to_owned()));
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
        assert_eq!(digits.images(), written.images(), "as it is written");
        assert_eq!(
            non_digits.len(),
            2 * PIXELS,
            "K and [; not &, which stays unknown, nor l, which looks like a 1"
        );
    }

    #[test]
    fn a_digit_that_is_none_in_a_mirror_or_on_its_side_is_learnt_as_none() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let ink = crate::synth::digit(Digit::ALL[4], &mut rng);
        let mirrored = mapped(&ink, [-1.0, 0.0, 0.0, 1.0]);
        let sides = [1.0, -1.0].map(|turn| mapped(&ink, [0.0, -turn, turn, 0.0]));
        let [none, mirror_only, side_only, both] = [0, 6, 2, 4].map(|value| {
            let digit = Digit::ALL[value];
            let corrupted = (0..32).map(|_| corrupted(&ink, digit, &mut rng));
            corrupted.collect::<Option<Vec<_>>>()
        });
        assert_eq!(none, None, "a 0 stays one whatever is done to it");
        let mirror_only = mirror_only.expect("a 6 is none in a mirror");
        assert!(mirror_only.iter().all(|it| *it == mirrored), "in a mirror");
        let side_only = side_only.expect("a 2 is none on its side");
        assert!(side_only.iter().all(|it| sides.contains(it)), "on a side");
        let both = both.expect("a 4 is none either way");
        for kind in sides.iter().chain([&mirrored]) {
            assert!(both.contains(kind), "every way comes up");
        }
        let record = record(Some(Label::Digit(Digit::ALL[4])), ink);
        let examples = InkExamples::for_training([&record]);
        assert_eq!(examples.digits.labels(), [4], "itself");
        assert_eq!(examples.non_digits.len(), PIXELS, "and none");
    }
}
