//! A number in ink: which strokes belong to which digit.
//!
//! The strokes of a line are pieces, ordered from left to right. A *group* is a set of neighboring pieces that may be one
//! digit. The network scores each group, and so does its geometry: size against the line, gaps, overlaps, crossings.
//! The score of a segmentation is the sum over its groups, so dynamic programming finds the best one and the sum over
//! all of them. A stroke that is a poor digit by itself may hold the end of one digit and the beginning of the next. Such
//! a stroke is cut, and the line is segmented again.

mod lattice;
mod luhn;
mod picture;
mod pieces;

use std::{collections::HashMap, sync::Arc};

use self::{
    lattice::{Division, Group, GroupKind, Lattice},
    picture::PictureLine,
    pieces::{InkLine, Piece, PieceKey, Writing},
};
use super::Prediction;
use crate::{
    bitmap::{Bitmap, CLASSES, Digit},
    error::ModelError,
    ink::{Bounds, Ink, to_bitmap},
    model::{calibration::Calibration, file::Model, softmax::log_sum_exp},
    picture::PictureInk,
};

/// The most strokes of a line.
const MAX_STROKES: usize = 64;
/// The most components of a picture.
const MAX_COMPONENTS: usize = 256;
/// The most groups of a line. Ink with more is a scribble.
const MAX_GROUPS: usize = 800;
/// The least confidence of a number, per digit. Of numbers by unseen writers that are read rightly, some 99 in 100 have
/// it; of letters that fall apart into digits, three in four.
const MIN_CONFIDENCE: f32 = 0.7;
/// The probability of a division in two from which even ink that is confidently one digit is a number.
const SURE_DIVISION: f32 = 0.95;
/// The cost of the network, in nats, from which a group is poor and its strokes may be cut.
const POOR: f32 = 0.2;

/// One digit of a number, or ink beside it that is not a digit.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberDigit {
    /// Its ink; none in a picture.
    pub ink: Ink,
    /// Its bounding box, in the units of the ink or in pixels of the picture.
    pub bounds: Bounds,
    /// Indices of the strokes, or of the components of the picture, that it has ink of, ascending.
    pub strokes: Vec<usize>,
    /// The network's input.
    pub bitmap: Bitmap,
    /// The network's prediction.
    pub prediction: Prediction,
    /// The digit: the most probable one, unless a constraint decides.
    pub digit: Digit,
    /// Whether it is a digit: the network accepts it, and it is more than a dot or a dash.
    pub is_digit: bool,
}

impl NumberDigit {
    /// The probability of the digit, 0..=1.
    pub fn confidence(&self) -> f32 {
        self.prediction.probabilities()[self.digit.index()]
    }
}

/// The digits that ink holds: line by line from the top, each from left to right.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Number {
    /// The digits, and what is none, in reading order.
    pub digits: Vec<NumberDigit>,
    /// The probability of this division among all divisions, 0..=1. With a constraint on the digits, also of these digits
    /// among all that meet it.
    probability: f32,
    /// How many of the digits are dots and dashes.
    marks: usize,
    /// How many lines there are.
    lines: usize,
}

impl Number {
    /// Whether its digits are all accepted, and the confidence is high enough for their number.
    fn is_readable(&self) -> bool {
        let count = self.digits.len() - self.marks;
        count > 0
            && self.digits.iter().filter(|digit| digit.is_digit).count() == count
            && self.confidence() >= MIN_CONFIDENCE.powi(count as i32)
    }

    /// The digits as text, without what is not a digit.
    pub fn text(&self) -> String {
        let digits = self.digits.iter().filter(|digit| digit.is_digit);
        digits.map(|digit| digit.digit.to_string()).collect()
    }

    /// The probability that all digits are right, if their errors are independent, 0..=1.
    pub fn confidence(&self) -> f32 {
        let digits = self.digits.iter().filter(|digit| digit.is_digit);
        self.probability * digits.map(NumberDigit::confidence).product::<f32>()
    }

    /// The boxes of its digits, and of what is none.
    pub fn bounds(&self) -> impl Iterator<Item = Bounds> {
        self.digits.iter().map(|digit| digit.bounds)
    }

    /// How much of it is not a digit.
    pub fn non_digits(&self) -> usize {
        self.digits.iter().filter(|digit| !digit.is_digit).count()
    }
}

/// What is known of a number before it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Constraints {
    /// How many digits it has. With one, all ink is one digit.
    pub length: Option<usize>,
    /// Whether its last digit is the check digit of Luhn's formula (ISO/IEC 7812-1, annex B), as in card numbers.
    pub has_luhn_digit: bool,
}

/// What ink shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// Nothing.
    Blank,
    /// One character: a digit, or a non-digit.
    Single {
        /// The network's input.
        bitmap: Bitmap,
        /// The network's prediction.
        prediction: Prediction,
    },
    /// A number, or one digit with what is not a digit.
    Number(Number),
    /// More than one digit, which cannot be read as a number. The prediction is that of all ink together.
    SeveralDigits {
        /// The network's input.
        bitmap: Bitmap,
        /// The network's prediction.
        prediction: Prediction,
    },
}

/// Reads numbers with one model. It remembers the scores of groups whose strokes did not change, so that it can follow a
/// pen.
#[derive(Debug)]
pub struct NumberReader {
    model: Arc<Model>,
    ink: Ink,
    scored: HashMap<Vec<PieceKey>, Scored>,
}

/// What the network says of a group.
#[derive(Clone, Debug)]
struct Scored {
    bitmap: Bitmap,
    prediction: Prediction,
    /// −ln of the probability that the group is a digit and this one.
    cost: f32,
}

impl NumberReader {
    /// A reader without any ink yet.
    pub fn new(model: Arc<Model>) -> Self {
        Self {
            model,
            ink: Ink::default(),
            scored: HashMap::new(),
        }
    }

    /// What some ink shows.
    ///
    /// # Errors
    /// As [`logits`](super::logits).
    pub fn read(&mut self, ink: &Ink, constraints: Constraints) -> Result<Reading, ModelError> {
        if constraints.length == Some(1) {
            return self.read_whole(ink);
        }
        let number = self.number(ink, constraints.length)?;
        let is_all = number.digits.first().is_some_and(|digit| {
            number.digits.len() == 1 && digit.strokes.len() == ink.strokes().len()
        });
        if is_all && number.marks == 0 {
            let NumberDigit {
                bitmap, prediction, ..
            } = number.digits[0].clone();
            return Ok(Reading::Single { bitmap, prediction });
        }
        let whole = |reader: &Self| reader.read_whole(ink);
        self.reading(number, constraints, whole)
    }

    /// What the ink of a picture shows, whose whole ink is this bitmap.
    ///
    /// # Errors
    /// As [`logits`](super::logits).
    pub fn read_picture(
        &mut self,
        ink: &PictureInk,
        whole: &Bitmap,
        constraints: Constraints,
    ) -> Result<Reading, ModelError> {
        let single = |reader: &Self| reader.read_bitmap(whole);
        if constraints.length == Some(1) || ink.boxes().len() > MAX_COMPONENTS {
            return single(self);
        }
        *self = Self::new(Arc::clone(&self.model));
        let lines = pieces::lines(ink.boxes());
        let lines = lines.into_iter().map(|line| PictureLine { ink, line });
        let number = self.number_of_lines(&lines.collect::<Vec<_>>(), constraints.length)?;
        if number.digits.len() < 2 && number.marks == 0 {
            return single(self);
        }
        self.reading(number, constraints, single)
    }

    /// The number if it is readable, or what all ink is together.
    fn reading(
        &self,
        mut number: Number,
        constraints: Constraints,
        whole: impl FnOnce(&Self) -> Result<Reading, ModelError>,
    ) -> Result<Reading, ModelError> {
        if constraints.has_luhn_digit {
            luhn::apply(&mut number);
        }
        let digits = number.digits.len() - number.non_digits();
        let are_digits = digits > 1 && digits + number.marks == number.digits.len();
        let is_readable = number.is_readable();
        let may_be_one = digits == 2
            && number.marks == 0
            && number.lines == 1
            && number.probability < SURE_DIVISION;
        if is_readable && (!may_be_one || constraints.length.is_some()) {
            return Ok(Reading::Number(number));
        }
        let whole = whole(self)?;
        let is_one =
            matches!(&whole, Reading::Single { prediction, .. } if prediction.is_confident());
        if is_readable && !is_one {
            return Ok(Reading::Number(number));
        }
        Ok(match whole {
            Reading::Single { bitmap, prediction } if are_digits && !prediction.is_confident() => {
                Reading::SeveralDigits { bitmap, prediction }
            }
            reading => reading,
        })
    }

    /// What all ink together shows as one character.
    ///
    /// # Errors
    /// As [`logits`](super::logits).
    pub fn read_whole(&self, ink: &Ink) -> Result<Reading, ModelError> {
        to_bitmap(ink).map_or(Ok(Reading::Blank), |bitmap| self.read_bitmap(&bitmap))
    }

    /// What a bitmap shows as one character.
    ///
    /// # Errors
    /// As [`logits`](super::logits).
    pub fn read_bitmap(&self, bitmap: &Bitmap) -> Result<Reading, ModelError> {
        if bitmap.is_blank() {
            return Ok(Reading::Blank);
        }
        let prediction = super::predict(&self.model, bitmap)?;
        let bitmap = bitmap.clone();
        Ok(Reading::Single { bitmap, prediction })
    }

    /// The digits of some ink, `length` of them if it is known; none if the ink is too complex to be a number.
    fn number(&mut self, ink: &Ink, length: Option<usize>) -> Result<Number, ModelError> {
        self.forget_changed_strokes(ink);
        let lines = pieces::lines(&pieces::stroke_bounds(ink));
        let lines: Vec<_> = lines.iter().map(|line| InkLine::new(ink, line)).collect();
        self.number_of_lines(&lines, length)
    }

    fn number_of_lines(
        &mut self,
        lines: &[impl Writing],
        length: Option<usize>,
    ) -> Result<Number, ModelError> {
        let mut divided = Vec::new();
        for line in lines {
            let Some(divisions) = self.divide_line(line, lines.len() == 1, length)? else {
                return Ok(Number::default());
            };
            divided.push(divisions);
        }
        let Some(divisions) = lattice::choose(divided, length) else {
            return Ok(Number::default());
        };
        let probabilities = divisions.iter().map(|division| division.probability);
        let mut number = Number {
            probability: probabilities.product(),
            lines: lines.len(),
            ..Number::default()
        };
        for (line, division) in lines.iter().zip(&divisions) {
            let groups = division.groups.iter();
            for group in groups.filter(|group| group.kind != GroupKind::Ligature) {
                let Scored {
                    bitmap, prediction, ..
                } = self.scored[&group.key].clone();
                let is_mark = group.kind == GroupKind::Mark;
                number.marks += usize::from(is_mark);
                number.digits.push(NumberDigit {
                    ink: line.ink(&group.key),
                    bounds: line.bounds(&group.key),
                    strokes: group.key.iter().map(|part| part.stroke).collect(),
                    bitmap,
                    digit: prediction.digit(),
                    is_digit: prediction.is_digit() && !is_mark,
                    prediction,
                });
            }
        }
        Ok(number)
    }

    /// The best divisions of a line by their number of digits: all with at most `length`, or only the best of all.
    fn divide_line(
        &mut self,
        line: &impl Writing,
        is_only_line: bool,
        length: Option<usize>,
    ) -> Result<Option<Vec<Division>>, ModelError> {
        let whole = line.whole();
        if whole.len() > MAX_STROKES {
            return Ok(None);
        }
        let height = pieces::line_height(&whole);
        let lattice = lattice_of(line, &whole, height, is_only_line);
        let Some(divisions) = self.divide(line, &lattice, None)? else {
            return Ok(None);
        };
        let cut = line.cut(&whole, &self.poor_strokes(&divisions), height);
        let cut_divisions = if cut.len() > whole.len() {
            let lattice = lattice_of(line, &cut, height, is_only_line);
            self.divide(line, &lattice, length)?
        } else {
            None
        };
        match cut_divisions {
            None if length.is_some() => self.divide(line, &lattice, length),
            None => Ok(Some(divisions)),
            divisions => Ok(divisions),
        }
    }

    fn forget_changed_strokes(&mut self, ink: &Ink) {
        let before = std::mem::replace(&mut self.ink, ink.clone());
        let is_same = |index: usize| before.strokes().get(index) == ink.strokes().get(index);
        self.scored
            .retain(|key, _| key.iter().all(|part| is_same(part.stroke)));
    }

    fn divide(
        &mut self,
        line: &impl Writing,
        lattice: &Lattice,
        length: Option<usize>,
    ) -> Result<Option<Vec<Division>>, ModelError> {
        if lattice.groups().len() > MAX_GROUPS {
            return Ok(None);
        }
        self.score(line, lattice)?;
        Ok(Some(
            lattice.divide(length, |group| self.scored[&group.key].cost),
        ))
    }

    /// Scores the groups that have no score yet, in one forward pass.
    fn score(&mut self, line: &impl Writing, lattice: &Lattice) -> Result<(), ModelError> {
        let mut new: Vec<(Vec<PieceKey>, Bitmap)> = Vec::new();
        for Group { key, .. } in lattice.groups() {
            if !self.scored.contains_key(key)
                && let Some(bitmap) = line.bitmap(key)
            {
                new.push((key.clone(), bitmap));
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        let pixels = new.iter().flat_map(|(_, bitmap)| bitmap.pixels()).copied();
        let logits = super::logits(&self.model, pixels.collect())?;
        let calibration = &self.model.metadata.calibration;
        for ((key, bitmap), logits) in new.into_iter().zip(logits) {
            let scored = Scored {
                bitmap,
                prediction: Prediction::from_logits(&logits, calibration),
                cost: cost(&logits, calibration),
            };
            self.scored.insert(key, scored);
        }
        Ok(())
    }

    /// The strokes of groups that the network finds poor.
    fn poor_strokes(&self, divisions: &[Division]) -> Vec<usize> {
        let groups = divisions.iter().flat_map(|division| &division.groups);
        groups
            .filter(|group| group.kind == GroupKind::Digit && self.scored[&group.key].cost > POOR)
            .flat_map(|group| &group.key)
            .map(|part| part.stroke)
            .collect()
    }
}

fn lattice_of<'a>(
    line: &impl Writing,
    pieces: &'a [Piece],
    height: f32,
    is_only_line: bool,
) -> Lattice<'a> {
    let distances = line.distances(pieces, lattice::FAR * height);
    Lattice::new(pieces, distances, height, is_only_line)
}

/// −ln of the probability of the most probable digit, with the non-digit as eleventh class: its logit is the reject
/// threshold.
fn cost(logits: &[f32; CLASSES], calibration: &Calibration) -> f32 {
    let scaled = calibration.scale(logits);
    let largest = scaled.iter().copied().fold(f32::MIN, f32::max);
    let digits = log_sum_exp(&scaled);
    let all = match calibration.reject_threshold {
        Some(threshold) => {
            let non_digit = threshold / calibration.temperature;
            let high = digits.max(non_digit);
            high + ((digits - high).exp() + (non_digit - high).exp()).ln()
        }
        None => digits,
    };
    all - largest
}

#[cfg(test)]
mod tests;
