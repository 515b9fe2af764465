//! Examples made of ink files: digits and other signs that people wrote with a pen.

use std::{fmt, str::FromStr};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Examples;
use crate::{
    error::Refusal,
    ink::{
        self,
        file::{InkRecord, Label},
    },
};

/// The signs that are learnt to be no digit. Each looks unlike all digits, whoever writes it; other
/// such signs are left out, so that what a network makes of signs it never met can be measured.
const LEARNT_SIGNS: &str = "EFHMNRXkmnw#%*+@";

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
    /// One of `of` parts, counted from 0; `part` must be below `of`.
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
    /// Takes the digits, and of the other signs those that look like no digit whoever writes them.
    /// Records without a label or without ink are passed over.
    pub fn of_records<'a>(records: impl IntoIterator<Item = &'a InkRecord>) -> Self {
        let records: Vec<_> = records.into_iter().collect();
        let draw = |record: &&InkRecord| {
            let label = match record.label.as_ref()? {
                Label::Digit(digit) => Some(digit.value()),
                Label::Other(sign) if is_learnt(sign) => None,
                Label::Other(_) => return None,
            };
            let bitmap = ink::to_bitmap(&record.ink)?;
            Some((label, bitmap.to_bytes()))
        };
        let drawn: Vec<_> = records.par_iter().filter_map(draw).collect();
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

fn is_learnt(sign: &str) -> bool {
    let mut signs = sign.chars();
    matches!((signs.next(), signs.next()), (Some(sign), None) if LEARNT_SIGNS.contains(sign))
}
