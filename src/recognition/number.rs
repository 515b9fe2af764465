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
mod owners;
mod picture;
mod pieces;
mod reader;
mod ring;
mod steps;

pub use self::reader::NumberReader;
use super::Prediction;
use crate::{
    bitmap::{Bitmap, Digit},
    ink::{Bounds, Ink},
};

/// The least confidence of a number, per digit. Of numbers by unseen writers that are read rightly, some 99 in 100 have
/// it; of letters that fall apart into digits, three in four.
const MIN_CONFIDENCE: f32 = 0.7;
/// The probability of a division in two from which even ink that is confidently one digit is a number.
const SURE_DIVISION: f32 = 0.8;
/// The gap between two groups of digits, in heights of a digit.
const GROUP_GAP: f32 = 1.5;
/// How many times as probable a number is that has what is known of it, its length or its format, as any other one. These
/// are the odds of a sure reading, so that none is replaced: a digit of 0.9 is nine times as probable as any other.
const FIT_ODDS: f64 = 9.0;
/// How much higher the score of two near lines must be than that of one, in nats. Chosen on development writers: it is 2.9
/// and more in columns of digits that are 1.04 to 1.18 heights apart, and 2.0 and less in digits of several strokes.
const LINE_BREAK: f64 = 2.4;

/// The shortest sign before a digit, relative to its longer side: longer than a dot.
const MIN_SIGN: f32 = 0.15;

/// When a division of ink shows several digits, although it is not read as a number.
#[derive(Clone, Copy, Debug)]
struct SeveralBounds {
    /// The largest probability of *not a number*.
    most_none: f32,
    /// The least confidence, per digit.
    least_confidence: f32,
    /// Whether some digits may be doubtful, if the division is sure.
    some_doubtful: bool,
}

impl SeveralBounds {
    /// Where a number is expected, or there are several lines.
    const EXPECTED: Self = Self {
        most_none: 0.5,
        least_confidence: 0.0,
        some_doubtful: true,
    };
    /// Where one character is expected.
    const PLAIN: Self = Self {
        most_none: 0.15,
        least_confidence: 0.9,
        some_doubtful: false,
    };
    /// Where one character is expected, and all ink together is not a digit: digits that touch, or one stroke that holds
    /// several. Chosen on development writers: see "One character expected" in `docs/results.md`.
    const TOUCHING: Self = Self {
        most_none: 0.15,
        least_confidence: MIN_CONFIDENCE,
        some_doubtful: true,
    };
}

/// One digit of a number, or ink beside it that is not a digit.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberDigit {
    /// Its ink; in a picture, the center lines of components that are cut.
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
    /// Whether it may be a loop of an 8, which is drawn like a 0 or with a tail like a 6.
    fn is_loop(&self) -> bool {
        [Digit::ALL[0], Digit::ALL[6]].contains(&self.digit)
    }

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

    /// Whether it is confident, and dots and dashes are beside its digits.
    fn can_be_read(&self) -> bool {
        self.is_readable(MIN_CONFIDENCE) && self.has_marks_beside()
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

    /// Whether there is a dash before a single digit, as in −3.
    fn has_sign(&self) -> bool {
        let [dash, digit] = &self.digits[..] else {
            return false;
        };
        let length = |it: &NumberDigit| it.bounds.longer_side() as f32;
        let is_dash = !dash.is_digit && digit.is_digit && length(dash) > MIN_SIGN * length(digit);
        is_dash && self.has_marks_beside() && self.probability >= 0.5
    }

    /// Whether there are several digits.
    fn shows(&self, several: SeveralBounds) -> bool {
        let digits = || self.digits.iter().filter(|digit| digit.is_digit);
        let accepted = digits().filter(|it| it.prediction.is_digit()).count();
        let is_likely = self.none < several.most_none && self.is_readable(several.least_confidence);
        let is_sure = self.probability >= 0.5 && self.none < SeveralBounds::TOUCHING.most_none;
        let is_division_sure = several.some_doubtful && is_sure && 2 * accepted > self.length();
        self.length() > 1 && (is_likely && accepted == self.length() || is_division_sure)
    }

    /// Whether this division of one line in two may be wrong, so that all ink may be one digit.
    fn may_be_one(&self) -> bool {
        let is_sure = self.probability >= SURE_DIVISION;
        self.digits.len() == 2 && self.length() == 2 && self.lines == 1 && !is_sure
    }

    /// Whether it may be an 8 of two circles, or of two near loops with tails.
    fn may_be_eight(&self) -> bool {
        let [above, below] = &self.digits[..] else {
            return false;
        };
        let height = |Bounds { min, max }: Bounds| max.y - min.y;
        let near = pieces::MIN_LINE_GAP * height(above.bounds).max(height(below.bounds));
        let is_near = below.bounds.min.y - above.bounds.max.y < near;
        let are_circles = [above, below].iter().all(|it| it.digit == Digit::ALL[0]);
        are_circles || is_near && above.is_loop() && below.is_loop()
    }

    /// Whether these lines are better than fewer lines of the same ink.
    fn divides(&self, line: &Self) -> bool {
        let is_better = match (self.misfit, line.misfit) {
            (None, Some(_)) => true,
            (Some(_), None) => false,
            _ => self.score > line.score + LINE_BREAK,
        };
        line.digits.is_empty() || is_better && !self.has_loops_only()
    }

    /// Whether only loops are above other digits, and these are loops too: those of 8s.
    fn has_loops_only(&self) -> bool {
        self.digits.iter().enumerate().all(|(index, digit)| {
            let is_above = |other: &&NumberDigit| {
                let (a, b) = (&digit.bounds, &other.bounds);
                let shares_x = a.min.x.max(b.min.x) < a.max.x.min(b.max.x);
                let off = (b.min + b.max) - (a.min + a.max);
                shares_x && off.y.abs() > off.x.abs()
            };
            let mut others = self.digits[index + 1..].iter().filter(is_above);
            others.all(|other| digit.is_loop() && other.is_loop())
        })
    }

    /// The digits as text, without what is not a digit.
    pub fn text(&self) -> String {
        let digits = self.digits.iter().filter(|digit| digit.is_digit);
        digits.map(|digit| digit.digit.to_string()).collect()
    }

    /// The digits as text for people: with a space before each digit that [`begins_group`](Self::begins_group).
    pub fn spaced_text(&self) -> String {
        let mut text = String::new();
        for (index, digit) in self.digits.iter().enumerate() {
            if self.begins_group(index) {
                text.push(' ');
            }
            if digit.is_digit {
                text += &digit.digit.to_string();
            }
        }
        text
    }

    /// Whether a digit is so far from the one before that both may be of two numbers. The gaps in a card number are
    /// smaller.
    pub fn begins_group(&self, index: usize) -> bool {
        let own = &self.digits[index];
        let before = self.digits[..index].iter().rfind(|digit| digit.is_digit);
        own.is_digit
            && before.is_some_and(|before| {
                let height = |digit: &NumberDigit| digit.bounds.max.y - digit.bounds.min.y;
                let gap = own.bounds.min.x - before.bounds.max.x;
                gap > GROUP_GAP * height(own).max(height(before))
            })
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
    /// How many digits it has. With one, a number is not read.
    pub length: Option<usize>,
    /// What it is.
    pub format: Option<NumberFormat>,
    /// Whether one character is expected, so that only ink that plainly is a number is read as one.
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

    /// Whether one character is expected.
    fn expects_character(&self) -> bool {
        self.is_character || self.length == Some(1)
    }

    /// The numbers of digits that it may have; none if it may have any.
    fn lengths(&self) -> Vec<usize> {
        match (self.length, self.format) {
            (Some(1), _) => Vec::new(),
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
    /// More than one digit, which cannot be read as a number, or should be one. The prediction is that of all ink together.
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
