//! A number in ink: which strokes belong to which digit.
//!
//! The strokes of a line are pieces, ordered from left to right. A *group* is a set of neighboring pieces that may be one
//! digit. The network scores each group, and so does its geometry: size against the line, gaps, overlaps, touches.
//! The score of a segmentation is the sum over its groups, so dynamic programming finds the best one and the sum over
//! all of them. The geometry bounds the score of a group from above, so the network sees only groups that may be in a good
//! segmentation. *Not a number* has a score too and competes with all segmentations: letters fall apart into digits with
//! poor geometry. A stroke that is a poor digit by itself may hold the end of one digit and the beginning of the next.
//! Such a stroke is cut, and the line is segmented again.

mod date;
mod lattice;
mod luhn;
mod picture;
mod pieces;
mod ring;
mod steps;

use std::{collections::HashMap, sync::Arc};

use self::{
    lattice::{Group, GroupKind, Lattice},
    picture::PictureLine,
    pieces::{InkLine, Piece, PieceKey, Writing},
    steps::{ChosenDivisions, LineDivisions},
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
/// The least confidence of a number, per digit. Of numbers by unseen writers that are read rightly, some 99 in 100 have
/// it; of letters that fall apart into digits, three in four.
const MIN_CONFIDENCE: f32 = 0.7;
/// The least confidence per digit of ink that is plainly a number, although one character is expected.
const PLAIN: f32 = 0.9;
/// The largest probability of *not a number* of ink that is a number although one character is expected, and that is not
/// plainly one, for instance of digits that touch. Chosen on development writers: see "Numbers" in `docs/results.md`.
const PLAIN_NONE: f32 = 0.15;
/// The most groups of such ink: the strokes of a letter that cross have many, and a pen is followed.
const QUICK_GROUPS: usize = 60;
/// The probability of a division in two from which even ink that is confidently one digit is a number.
const SURE_DIVISION: f32 = 0.8;
/// How many times as probable a number is that has what is known of it, its length or its format, as any other one. These
/// are the odds of a sure reading, so that none is replaced: a digit of 0.9 is nine times as probable as any other.
const FIT_ODDS: f64 = 9.0;
/// How much higher the score of two near lines must be than that of one, in nats. Chosen on development writers: it is 2.9
/// and more in columns of digits that are 1.04 to 1.18 heights apart, and 2.0 and less in digits of several strokes.
const LINE_BREAK: f64 = 2.4;
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
    /// Its bitmap, before the model's preprocessing.
    pub bitmap: Bitmap,
    /// The network's prediction.
    pub prediction: Prediction,
    /// The digit: the most probable one, unless a constraint decides.
    pub digit: Digit,
    /// Whether it is a digit, and not a dot or a dash.
    pub is_digit: bool,
    /// The probability that it is a digit at all, 0..=1. In a good number a digit may be doubtful.
    acceptance: f32,
}

impl NumberDigit {
    /// The probability that it is a digit, and this one, 0..=1.
    pub fn confidence(&self) -> f32 {
        self.acceptance * self.prediction.probabilities()[self.digit.index()]
    }
}

/// The digits that ink holds: line by line from the top, each from left to right.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Number {
    /// The digits, and what is none, in reading order.
    pub digits: Vec<NumberDigit>,
    /// The probability of this division among all divisions, 0..=1. With a known format, also what it adds to the
    /// probability of these digits.
    probability: f32,
    /// That of all divisions into these digits, at least as much: a dot may be a mark, or one with a digit.
    digits_probability: f32,
    /// The probability that the ink of a line is not a number, 0..=1.
    none: f32,
    /// How many lines there are.
    lines: usize,
    misfit: Option<Misfit>,
    /// The logarithm of the weight of its division.
    score: f64,
}

/// What is known of a number, and not true of the reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// Its length.
    Length,
    /// The check digit of a card number.
    CheckDigit,
    /// That it is a date.
    Date,
}

impl Number {
    /// A number whose strokes are digits with this prediction each, for tests of what shows it.
    #[cfg(test)]
    pub(crate) fn of_strokes(ink: &Ink, prediction: &Prediction) -> Self {
        let strokes = ink.strokes().iter().enumerate();
        let digits = strokes.map(|(index, stroke)| {
            let ink: Ink = [stroke.clone()].into_iter().collect();
            NumberDigit {
                bounds: ink.bounds().expect("a stroke has ink"),
                ink,
                strokes: vec![index],
                bitmap: Bitmap::blank(),
                digit: prediction.digit(),
                prediction: prediction.clone(),
                is_digit: true,
                acceptance: 1.0,
            }
        });
        Self {
            digits: digits.collect(),
            probability: 1.0,
            digits_probability: 1.0,
            none: 0.0,
            lines: 1,
            misfit: None,
            score: 0.0,
        }
    }

    /// What is known of it and not true of it: a sure reading stays as it is.
    pub fn misfit(&self) -> Option<Misfit> {
        self.misfit
    }

    /// How many digits it has.
    pub fn length(&self) -> usize {
        self.digits.len() - self.non_digits()
    }

    /// Multiplies its probabilities by what is known of it.
    fn multiply_probability(&mut self, factor: f64) {
        for probability in [&mut self.probability, &mut self.digits_probability] {
            *probability = (f64::from(*probability) * factor) as f32;
        }
    }

    /// Whether the confidence with this division is at least `least` per digit.
    fn is_readable(&self, least: f32) -> bool {
        let length = self.length();
        let confidence = self.probability * self.given_division();
        length > 0 && confidence >= least.powi(length as i32)
    }

    /// The probability that all digits are right, given their division.
    fn given_division(&self) -> f32 {
        let digits = self.digits.iter().filter(|digit| digit.is_digit);
        digits.map(NumberDigit::confidence).product()
    }

    /// Whether all dots and dashes of a single digit lie beside it. The dot of a ? lies below.
    fn has_marks_beside(&self) -> bool {
        let (digits, marks): (Vec<&NumberDigit>, Vec<&NumberDigit>) =
            self.digits.iter().partition(|digit| digit.is_digit);
        let [digit] = digits[..] else { return true };
        let Bounds { min, max } = digit.bounds;
        let mut bounds = marks.iter().map(|mark| mark.bounds);
        bounds.all(|mark| mark.max.x <= min.x || mark.min.x >= max.x)
    }

    /// Whether the network accepts all its digits, there are several, and *not a number* is less likely than `none`.
    fn has_several(&self, none: f32) -> bool {
        let mut digits = self.digits.iter().filter(|digit| digit.is_digit);
        let is_likely = self.length() > 1 && self.none < none;
        is_likely && digits.all(|digit| digit.prediction.is_digit())
    }

    /// Whether there surely are several digits, most of which the network accepts. The others may be doubtful.
    fn is_surely_several(&self) -> bool {
        let digits = self.digits.iter().filter(|digit| digit.is_digit);
        let accepted = digits.filter(|digit| digit.prediction.is_digit()).count();
        let is_likely = self.probability >= 0.5 && self.none < PLAIN_NONE;
        is_likely && self.length() > 1 && 2 * accepted > self.length()
    }

    /// Whether this division of one line in two may be wrong, so that all ink may be one digit.
    fn may_be_one(&self) -> bool {
        let is_sure = self.probability >= SURE_DIVISION;
        self.digits.len() == 2 && self.length() == 2 && self.lines == 1 && !is_sure
    }

    /// Whether these lines are better than fewer lines of the same ink.
    fn divides(&self, line: &Self) -> bool {
        let is_better = match (self.misfit, line.misfit) {
            (None, Some(_)) => true,
            (Some(_), None) => false,
            _ => self.score > line.score + LINE_BREAK,
        };
        line.digits.is_empty() || is_better && !self.has_circles_only()
    }

    /// Whether only zeros are above other digits, and these are zeros too: the circles of 8s.
    fn has_circles_only(&self) -> bool {
        let is_zero = |digit: &NumberDigit| digit.digit == Digit::ALL[0];
        self.digits.iter().enumerate().all(|(index, digit)| {
            let is_above = |other: &&NumberDigit| {
                let (a, b) = (&digit.bounds, &other.bounds);
                let shares_x = a.min.x.max(b.min.x) < a.max.x.min(b.max.x);
                let off = (b.min + b.max) - (a.min + a.max);
                shares_x && off.y.abs() > off.x.abs()
            };
            let mut others = self.digits[index + 1..].iter().filter(is_above);
            others.all(|other| is_zero(digit) && is_zero(other))
        })
    }

    /// The digits as text, without what is not a digit.
    pub fn text(&self) -> String {
        let digits = self.digits.iter().filter(|digit| digit.is_digit);
        digits.map(|digit| digit.digit.to_string()).collect()
    }

    /// The probability that all digits are right, if their errors are independent, 0..=1.
    pub fn confidence(&self) -> f32 {
        self.digits_probability * self.given_division()
    }

    /// The boxes of its digits, and of the dots and dashes.
    pub fn bounds(&self) -> impl Iterator<Item = Bounds> {
        self.digits.iter().map(|digit| digit.bounds)
    }

    /// How many dots and dashes it has.
    pub fn non_digits(&self) -> usize {
        self.digits.iter().filter(|digit| !digit.is_digit).count()
    }
}

/// Those that are digits, and not dots or dashes.
fn digits_of(digits: &mut [NumberDigit]) -> Vec<&mut NumberDigit> {
    digits.iter_mut().filter(|digit| digit.is_digit).collect()
}

/// The probability of the most probable digits.
fn top_probability(digits: &[&mut NumberDigit]) -> f64 {
    let tops = digits.iter().map(|digit| digit.prediction.confidence());
    tops.map(f64::from).product()
}

/// Whether the best reading that fits what is known is chosen, and the factor from the probability of the chosen reading
/// to that with the knowledge. The probabilities without it: of the best reading of all, of the best one that fits, and
/// of all that fit.
fn weigh(best: f64, fitting: f64, all_fitting: f64) -> (bool, f64) {
    let fits = fitting > 0.0 && FIT_ODDS * fitting >= best;
    let odds = if fits { FIT_ODDS } else { 1.0 };
    (fits, odds / (1.0 + (FIT_ODDS - 1.0) * all_fitting))
}

/// What is known of a number before it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Constraints {
    /// How many digits it has. With one, a character is expected.
    pub length: Option<usize>,
    /// What it is.
    pub format: Option<NumberFormat>,
    /// Whether one character is expected, so that a number is not read. Ink that plainly is a number shows several digits.
    pub is_character: bool,
}

/// What a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberFormat {
    /// Its last digit is the check digit of Luhn's formula (ISO/IEC 7812-1, annex B).
    Card,
    /// A day, a month and a year, each of two digits, or a year of four. The year is first or last.
    Date,
}

impl Constraints {
    /// One character is expected.
    pub const CHARACTER: Self = Self {
        length: None,
        format: None,
        is_character: true,
    };

    /// These, or one character for a number of one digit.
    fn or_character(self) -> Self {
        if self.length == Some(1) {
            Self::CHARACTER
        } else {
            self
        }
    }

    /// The numbers of digits that it may have; none if it may have any.
    fn lengths(&self) -> Vec<usize> {
        match (self.length, self.format) {
            (Some(length), _) => vec![length],
            (None, Some(NumberFormat::Date)) => date::LENGTHS.to_vec(),
            (None, _) => Vec::new(),
        }
    }
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

impl Reading {
    /// Whether it lacks what is known of it. One character has no format, and more than one digit no known length.
    pub fn misses(&self, constraints: Constraints) -> bool {
        let Constraints { length, format, .. } = constraints;
        match self {
            Self::Blank => false,
            Self::Number(number) => number.misfit().is_some(),
            Self::Single { .. } => format.is_some() || length.is_some_and(|length| length != 1),
            Self::SeveralDigits { .. } => format.is_some() || length.is_some(),
        }
    }
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
    /// The probability that the group is a digit, 0..=1.
    acceptance: f32,
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
        let constraints = constraints.or_character();
        let number = self.number(ink, constraints)?;
        let is_all = number.digits.first().is_some_and(|digit| {
            number.digits.len() == 1 && digit.strokes.len() == ink.strokes().len()
        });
        if is_all && number.length() == 1 {
            let NumberDigit {
                bitmap, prediction, ..
            } = number.digits[0].clone();
            if prediction.is_digit() || !constraints.is_character {
                return Ok(Reading::Single { bitmap, prediction });
            }
        }
        let whole = |reader: &Self| reader.read_whole(ink);
        let any =
            |reader: &mut Self| reader.number_within(ink, Constraints::default(), QUICK_GROUPS);
        self.reading(number, constraints, whole, any)
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
        let constraints = constraints.or_character();
        if ink.boxes().len() > MAX_COMPONENTS {
            return single(self);
        }
        *self = Self::new(Arc::clone(&self.model));
        let mut center = ink.boxes().len();
        let mut line_of = |line: &Vec<usize>| {
            let line = PictureLine::new(ink, line, center);
            center = line.end();
            line
        };
        let ways = pieces::ways_of_lines(ink.boxes());
        let ways: Vec<Vec<PictureLine>> = ways
            .iter()
            .map(|lines| lines.iter().map(&mut line_of).collect())
            .collect();
        let number = self.number_of_ways(&ways, constraints, usize::MAX)?;
        if number.digits.len() < 2 && number.non_digits() == 0 {
            return single(self);
        }
        let any =
            |reader: &mut Self| reader.number_of_ways(&ways, Constraints::default(), QUICK_GROUPS);
        self.reading(number, constraints, single, any)
    }

    /// The number if it is readable, or what all ink is together: `whole`. `any` reads the number where any is expected.
    fn reading(
        &mut self,
        mut number: Number,
        constraints: Constraints,
        whole: impl FnOnce(&Self) -> Result<Reading, ModelError>,
        any: impl FnOnce(&mut Self) -> Result<Number, ModelError>,
    ) -> Result<Reading, ModelError> {
        if number.misfit.is_none() {
            number.misfit = match constraints.format {
                Some(NumberFormat::Card) => {
                    (!luhn::apply(&mut number)).then_some(Misfit::CheckDigit)
                }
                Some(NumberFormat::Date) => (!date::apply(&mut number)).then_some(Misfit::Date),
                None => None,
            };
        }
        let is_known = constraints.length.is_some() || constraints.format.is_some();
        let is_known = is_known && number.misfit.is_none();
        let is_readable = number.is_readable(MIN_CONFIDENCE) && number.has_marks_beside();
        if is_readable && !constraints.is_character && (is_known || !number.may_be_one()) {
            return Ok(Reading::Number(number));
        }
        let (bitmap, prediction) = match whole(self)? {
            Reading::Single { bitmap, prediction } => (bitmap, prediction),
            reading => return Ok(reading),
        };
        let is_one = prediction.is_confident();
        if is_readable && !constraints.is_character && !is_one {
            return Ok(Reading::Number(number));
        }
        let shows_several = if !constraints.is_character {
            (number.has_several(0.5) || number.is_surely_several()) && !is_one
        } else if number.has_several(0.5) && number.is_readable(PLAIN)
            || number.lines > 1 && (number.has_several(0.5) || number.is_surely_several())
        {
            // Two circles above each other are an 8.
            let may_be_one = number.may_be_one() || number.text() == "00";
            !(may_be_one && prediction.is_digit())
        } else if !prediction.is_digit() && number.length() > 0 {
            // Digits that touch, or one stroke that holds several. A scribble has no plain division, and is not searched.
            let number = any(self)?;
            let is_read = number.has_several(PLAIN_NONE) && number.is_readable(MIN_CONFIDENCE);
            is_read || number.is_surely_several()
        } else {
            false
        };
        Ok(if shows_several {
            Reading::SeveralDigits { bitmap, prediction }
        } else {
            Reading::Single { bitmap, prediction }
        })
    }

    /// What all ink together shows as one character.
    ///
    /// # Errors
    /// As [`logits`](super::logits).
    pub fn read_whole(&self, ink: &Ink) -> Result<Reading, ModelError> {
        let reading = to_bitmap(ink).map_or(Ok(Reading::Blank), |bitmap| self.read_bitmap(&bitmap));
        Ok(match reading? {
            Reading::Single { bitmap, prediction } if ring::holds_a_drawing(ink) => {
                let prediction = prediction.rejected();
                Reading::Single { bitmap, prediction }
            }
            reading => reading,
        })
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

    /// The best division of some ink into digits, whether they can be read or not; none if the ink is too complex to be a
    /// number.
    ///
    /// # Errors
    /// As [`logits`](super::logits).
    pub fn number(&mut self, ink: &Ink, constraints: Constraints) -> Result<Number, ModelError> {
        self.forget_changed_strokes(ink);
        self.number_within(ink, constraints, usize::MAX)
    }

    /// The best number of some ink, as far as no line has more groups than `most`.
    fn number_within(
        &mut self,
        ink: &Ink,
        constraints: Constraints,
        most: usize,
    ) -> Result<Number, ModelError> {
        let ways = pieces::ways_of_lines(&pieces::stroke_bounds(ink));
        let ways = ways.iter().map(|lines| {
            let lines = lines.iter().map(|line| InkLine::new(ink, line));
            lines.collect()
        });
        self.number_of_ways(&ways.collect::<Vec<Vec<_>>>(), constraints, most)
    }

    /// The best number of some ways of lines. The first one has the fewest lines.
    fn number_of_ways<L: Writing>(
        &mut self,
        ways: &[Vec<L>],
        constraints: Constraints,
        most: usize,
    ) -> Result<Number, ModelError> {
        let mut best = Number::default();
        for (index, lines) in ways.iter().enumerate() {
            let number = self.number_of_lines(lines, constraints, most)?;
            if index == 0 || number.divides(&best) {
                best = number;
            }
        }
        Ok(best)
    }

    /// The best division of some lines. None of them has more groups than `most`.
    fn number_of_lines(
        &mut self,
        lines: &[impl Writing],
        constraints: Constraints,
        most: usize,
    ) -> Result<Number, ModelError> {
        let lengths = constraints.lengths();
        let length = lengths.iter().max().copied();
        let mut divided = Vec::new();
        for line in lines {
            let is_only_line = lines.len() == 1;
            let divisions = if constraints.is_character {
                self.divide_whole(line, is_only_line, true, most)?
            } else {
                self.divide_line(line, is_only_line, length, most)?
            };
            let Some(divisions) = divisions else {
                return Ok(Number::default());
            };
            divided.push(divisions);
        }
        let best = ChosenDivisions::best(&divided);
        let all = best.total;
        let fitting = ChosenDivisions::of_lengths(&divided, &lengths);
        let of_fitting = |log: fn(&ChosenDivisions) -> f64| {
            let fitting = fitting.as_ref();
            fitting.map_or(0.0, |fitting| (log(fitting) - all).exp())
        };
        let (fits, factor) = weigh(
            (best.score - all).exp(),
            of_fitting(|fitting| fitting.score),
            of_fitting(|fitting| fitting.total),
        );
        let chosen = fitting.filter(|_| fits).unwrap_or(best);
        let misfit = match constraints.format {
            _ if fits || lengths.is_empty() => None,
            Some(NumberFormat::Date) => Some(Misfit::Date),
            _ => Some(Misfit::Length),
        };
        let mut number = Number {
            digits: Vec::new(),
            probability: ((chosen.score - all).exp() * factor) as f32,
            digits_probability: ((chosen.same - all).exp() * factor) as f32,
            none: divided
                .iter()
                .map(LineDivisions::none_probability)
                .fold(0.0, f32::max),
            lines: lines.len(),
            misfit,
            score: chosen.score,
        };
        for (line, division) in lines.iter().zip(&chosen.divisions) {
            let groups = division.groups.iter();
            for group in groups.filter(|group| group.kind != GroupKind::Ligature) {
                let Scored {
                    bitmap,
                    prediction,
                    acceptance,
                    ..
                } = self.scored[&group.key].clone();
                number.digits.push(NumberDigit {
                    ink: line.ink(&group.key),
                    bounds: line.bounds(&group.key),
                    strokes: line.strokes(&group.key),
                    bitmap,
                    digit: prediction.digit(),
                    is_digit: group.kind == GroupKind::Digit,
                    acceptance,
                    prediction,
                });
            }
        }
        Ok(number)
    }

    /// The best divisions of a line whose strokes are not cut.
    fn divide_whole(
        &mut self,
        line: &impl Writing,
        is_only_line: bool,
        is_plain: bool,
        most: usize,
    ) -> Result<Option<LineDivisions>, ModelError> {
        let whole = line.whole();
        if whole.len() > MAX_STROKES {
            return Ok(None);
        }
        let height = pieces::line_height(&whole);
        let lattice = lattice_of(line, &whole, height, is_only_line, is_plain);
        self.divide(line, &lattice, None, most)
    }

    /// The best divisions of a line, with a `length` also those of each number of digits up to it.
    fn divide_line<L: Writing>(
        &mut self,
        line: &L,
        is_only_line: bool,
        length: Option<usize>,
        most: usize,
    ) -> Result<Option<LineDivisions>, ModelError> {
        let Some(mut divisions) = self.divide_whole(line, is_only_line, false, most)? else {
            return Ok(None);
        };
        let mut pieces = line.whole();
        let height = pieces::line_height(&pieces);
        for _ in 0..L::CUTS {
            let cut = line.cut(&pieces, &self.poor_strokes(&divisions), height);
            if cut.len() == pieces.len() {
                break;
            }
            let lattice = lattice_of(line, &cut, height, is_only_line, false);
            let Some(found) = self.divide(line, &lattice, None, most)? else {
                break;
            };
            (divisions, pieces) = (found, cut);
        }
        if length.is_none() {
            return Ok(Some(divisions));
        }
        let lattice = lattice_of(line, &pieces, height, is_only_line, false);
        self.divide(line, &lattice, length, most)
    }

    fn forget_changed_strokes(&mut self, ink: &Ink) {
        let before = std::mem::replace(&mut self.ink, ink.clone());
        let strokes =
            |index: usize| Some((before.strokes().get(index)?, ink.strokes().get(index)?));
        let is_same = |part: &PieceKey| strokes(part.stroke).is_some_and(|(was, is)| was == is);
        // A stroke that grows keeps its first parts.
        let has_part = |part: &PieceKey| {
            strokes(part.stroke).is_some_and(|(was, is)| {
                let [was, is] = [was, is].map(|stroke| stroke.points().get(part.first..=part.last));
                is.is_some() && was == is
            })
        };
        self.scored.retain(|key, _| match key.as_slice() {
            [part] => has_part(part),
            parts => parts.iter().all(is_same),
        });
    }

    fn divide<L: Writing>(
        &mut self,
        line: &L,
        lattice: &Lattice,
        length: Option<usize>,
        most: usize,
    ) -> Result<Option<LineDivisions>, ModelError> {
        if lattice.groups().len() > most.min(L::MAX_GROUPS) {
            return Ok(None);
        }
        loop {
            let wanted = lattice.wanted(length, |group| self.cost(group));
            if wanted.is_empty() {
                let digit = |group: &Group| {
                    let scored = self.scored.get(&group.key);
                    scored.map(|scored| scored.prediction.digit())
                };
                return Ok(lattice.divide(length, |group| self.cost(group), digit));
            }
            self.score(line, &wanted)?;
        }
    }

    /// What the network says of a group, if it has seen it.
    fn cost(&self, group: &Group) -> Option<f32> {
        self.scored.get(&group.key).map(|scored| scored.cost)
    }

    /// Scores these groups, in one forward pass.
    fn score(&mut self, line: &impl Writing, groups: &[&Group]) -> Result<(), ModelError> {
        let mut new: Vec<(Vec<PieceKey>, Bitmap)> = Vec::new();
        for Group { key, .. } in groups {
            let bitmap = line.bitmap(key).unwrap_or_else(Bitmap::blank);
            new.push((key.clone(), bitmap));
        }
        let pixels = new.iter().flat_map(|(_, bitmap)| bitmap.pixels()).copied();
        let logits = super::logits(&self.model, pixels.collect())?;
        let calibration = &self.model.metadata.calibration;
        for ((key, bitmap), logits) in new.into_iter().zip(logits) {
            let (mut acceptance, mut cost) = scores(&logits, calibration);
            let mut prediction = Prediction::from_logits(&logits, calibration);
            if key.len() > 1 && line.holds_a_drawing(&key) {
                prediction = prediction.rejected();
                (acceptance, cost) = (0.0, f32::MAX);
            }
            let scored = Scored {
                bitmap,
                prediction,
                acceptance,
                cost,
            };
            self.scored.insert(key, scored);
        }
        Ok(())
    }

    /// The strokes of groups that the network finds poor.
    fn poor_strokes(&self, divisions: &LineDivisions) -> Vec<usize> {
        let groups = divisions.best.groups.iter();
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
    is_plain: bool,
) -> Lattice<'a> {
    let distances = line.distances(pieces, lattice::FAR * height);
    let weights = line.weights(pieces);
    Lattice::new(pieces, distances, height, weights, is_only_line, is_plain)
}

/// The probability that logits are a digit's, and −ln of the probability of the most probable digit. The non-digit is an
/// eleventh class: its logit is the reject threshold.
fn scores(logits: &[f32; CLASSES], calibration: &Calibration) -> (f32, f32) {
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
    ((digits - all).exp(), all - largest)
}

#[cfg(test)]
mod tests;
