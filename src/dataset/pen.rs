//! Examples made of ink files: digits and other signs that people wrote with a pen.

use std::{fmt, str::FromStr};

use rand::{Rng, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Examples;
use crate::{
    error::Refusal,
    ink::{
        self, Ink, Point, Stroke,
        file::{InkRecord, Label},
    },
};

/// Signs that look like no digit, whoever writes them. The others are written just like a digit by
/// some: I like 1, Z like 2, b like 6.
pub const PLAIN_SIGNS: &str = "AEFHKMNRWXkmnwx#%&*+=@?";

/// Plain signs that are never learnt, here or from generated ink, so that what a network makes of signs
/// it never met can be measured.
pub const UNKNOWN_SIGNS: &str = "&?";

/// Pictures made of each drawing that is learnt from: one as it is written, the others bent as another hand
/// might, so that a hand is not learnt by heart.
const PICTURES_EACH: u64 = 3;
/// The other pictures are turned by up to this many degrees,
const TURN_DEG: f32 = 8.0;
/// slanted by up to this much sideways for each part of height,
const SLANT: f32 = 0.12;
/// and narrowed or widened by up to this part.
const STRETCH: f32 = 0.12;

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

    /// Whether a hand is in this fold. Hands without a name are in the first.
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
pub struct PenExamples {
    /// Digits.
    pub digits: Examples,
    /// What is no digit, 784 bytes each.
    pub non_digits: Vec<u8>,
}

impl Default for PenExamples {
    fn default() -> Self {
        Self {
            digits: Examples::of_parts(Vec::new(), Vec::new()),
            non_digits: Vec::new(),
        }
    }
}

impl PenExamples {
    /// Takes the digits, and of the other signs those that look like no digit whoever writes them, each as
    /// it is written. Records without a label or without ink are passed over.
    pub fn as_written<'a>(records: impl IntoIterator<Item = &'a InkRecord>) -> Self {
        Self::of_records(records, 1)
    }

    /// The same to learn from: each as it is written, and bent at random, the same way each time.
    pub fn varied<'a>(records: impl IntoIterator<Item = &'a InkRecord>) -> Self {
        Self::of_records(records, PICTURES_EACH)
    }

    fn of_records<'a>(records: impl IntoIterator<Item = &'a InkRecord>, pictures: u64) -> Self {
        let records: Vec<_> = records.into_iter().collect();
        let draw = |index: u64| {
            let (record, picture) = (records[(index / pictures) as usize], index % pictures);
            let label = match record.label.as_ref()? {
                Label::Digit(digit) => Some(digit.value()),
                Label::Other(sign) if is_learnt(sign) => None,
                Label::Other(_) => return None,
            };
            let bitmap = if picture == 0 {
                ink::to_bitmap(&record.ink)?
            } else {
                ink::to_bitmap(&bent(&record.ink, &mut ChaCha8Rng::seed_from_u64(index)))?
            };
            Some((label, bitmap.to_bytes()))
        };
        let count = records.len() as u64 * pictures;
        let drawn: Vec<_> = (0..count).into_par_iter().filter_map(draw).collect();
        let (mut images, mut labels, mut non_digits) = (Vec::new(), Vec::new(), Vec::new());
        for (label, picture) in drawn {
            match label {
                Some(label) => {
                    images.extend(picture);
                    labels.push(label);
                }
                None => non_digits.extend(picture),
            }
        }
        Self {
            digits: Examples::of_parts(images, labels),
            non_digits,
        }
    }
}

/// The ink turned, slanted and stretched at random.
fn bent(ink: &Ink, rng: &mut impl Rng) -> Ink {
    let mut around = |most: f32| rng.random_range(-most..=most);
    let (sin, cos) = around(TURN_DEG).to_radians().sin_cos();
    let (slant, width) = (around(SLANT), 1.0 + around(STRETCH));
    let place = |point: &Point| {
        let x = width * point.x + slant * point.y;
        Point::new(cos * x - sin * point.y, sin * x + cos * point.y)
    };
    let bend = |stroke: &Stroke| Stroke::new(stroke.points().iter().map(place).collect());
    ink.strokes().iter().filter_map(bend).collect()
}

/// Whether a label is one of these signs.
pub fn is_among(label: &str, signs: &str) -> bool {
    let mut letters = label.chars();
    matches!((letters.next(), letters.next()), (Some(sign), None) if signs.contains(sign))
}

fn is_learnt(label: &str) -> bool {
    is_among(label, PLAIN_SIGNS) && !is_among(label, UNKNOWN_SIGNS)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::bitmap::{Digit, PIXELS};

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
            record(other("&"), line()),
            record(other("l"), line()),
            record(other("KK"), line()),
            record(None, line()),
            record(Some(Label::Digit(Digit::ALL[1])), Ink::default()),
        ];
        let examples = PenExamples::as_written(&records);
        assert_eq!(examples.digits.labels(), [1], "the digit with ink");
        assert_eq!(
            examples.non_digits.len(),
            PIXELS,
            "K; not &, which stays unknown, nor l, which looks like a 1"
        );
        let varied = PenExamples::varied(&records);
        assert_eq!(varied.digits.labels(), [1; 3], "three pictures of it");
        assert_eq!(
            varied.digits.image(0),
            examples.digits.image(0),
            "one as it is written"
        );
        assert_ne!(
            varied.digits.image(1),
            varied.digits.image(2),
            "the others each in its own way"
        );
    }
}
