//! A number in ink: which strokes belong to which digit.
//!
//! The strokes of a line are pieces, ordered from left to right. A *group* is a set of neighboring pieces that may be one
//! digit. The network scores each group, and so does its geometry: size against the line, gaps, overlaps, crossings.
//! The score of a segmentation is the sum over its groups, so dynamic programming finds the best one and the sum over
//! all of them. A stroke that is a poor digit by itself may hold the end of one digit and the beginning of the next. Such
//! a stroke is cut, and the line is segmented again.

mod lattice;
mod pieces;

use std::{collections::HashMap, sync::Arc};

use self::{
    lattice::{Division, Group, Lattice},
    pieces::{Piece, PieceKey},
};
use super::Prediction;
use crate::{
    bitmap::{Bitmap, CLASSES},
    error::ModelError,
    ink::{Ink, to_bitmap},
    model::{calibration::Calibration, file::Model, softmax::log_sum_exp},
};

/// The most strokes of a line.
const MAX_STROKES: usize = 64;
/// The most groups of a line. Ink with more is a scribble.
const MAX_GROUPS: usize = 800;
/// The least confidence of a number, per digit. Of numbers by unseen writers that are read rightly, some 99 in 100 have
/// it; of letters that fall apart into digits, three in four.
const MIN_CONFIDENCE: f32 = 0.7;
/// The cost of the network, in nats, from which a group is poor and its strokes may be cut.
const POOR: f32 = 0.2;

/// One digit of a number, or ink that is not a digit.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberDigit {
    /// Its ink.
    pub ink: Ink,
    /// Indices of the strokes that it has ink of, ascending.
    pub strokes: Vec<usize>,
    /// The network's input.
    pub bitmap: Bitmap,
    /// The network's prediction.
    pub prediction: Prediction,
}

/// The digits that ink holds: line by line from the top, each from left to right.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Number {
    /// The digits, in reading order.
    pub digits: Vec<NumberDigit>,
    /// The probability of this segmentation among all segmentations, 0..=1.
    pub segmentation_probability: f32,
}

impl Number {
    /// Whether there are two digits or more and nothing else, and the confidence is high enough for their number.
    pub fn has_several_digits(&self) -> bool {
        let count = self.digits.len();
        count > 1
            && self.digits.iter().all(|digit| digit.prediction.is_digit())
            && self.confidence() >= MIN_CONFIDENCE.powi(count as i32)
    }

    /// The digits as text.
    pub fn text(&self) -> String {
        let digits = self.digits.iter();
        digits
            .map(|digit| digit.prediction.digit().to_string())
            .collect()
    }

    /// The probability that all digits are right, if their errors are independent, 0..=1.
    pub fn confidence(&self) -> f32 {
        let digits = self
            .digits
            .iter()
            .map(|digit| digit.prediction.confidence());
        self.segmentation_probability * digits.product::<f32>()
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

    /// The digits of some ink; none if the ink is too complex to be a number.
    ///
    /// # Errors
    /// As [`logits`](super::logits).
    pub fn read(&mut self, ink: &Ink) -> Result<Number, ModelError> {
        self.forget_changed_strokes(ink);
        let mut number = Number {
            digits: Vec::new(),
            segmentation_probability: 1.0,
        };
        for line in pieces::lines(ink) {
            let Some(best) = self.divide_line(ink, &line)? else {
                return Ok(Number::default());
            };
            number.segmentation_probability *= best.probability;
            for group in best.groups.iter().filter(|group| !group.is_ligature) {
                let scored = &self.scored[&group.key];
                number.digits.push(NumberDigit {
                    ink: pieces::ink_of(ink, &group.key),
                    strokes: group.key.iter().map(|part| part.stroke).collect(),
                    bitmap: scored.bitmap.clone(),
                    prediction: scored.prediction.clone(),
                });
            }
        }
        Ok(number)
    }

    fn divide_line(&mut self, ink: &Ink, line: &[usize]) -> Result<Option<Division>, ModelError> {
        if line.len() > MAX_STROKES {
            return Ok(None);
        }
        let whole = pieces::whole(ink, line);
        let height = pieces::line_height(&whole);
        let Some(best) = self.divide(ink, &whole, height)? else {
            return Ok(None);
        };
        let cut = pieces::cut(ink, &whole, &self.poor_strokes(&best), height);
        let cut_best = if cut.len() > whole.len() {
            self.divide(ink, &cut, height)?
        } else {
            None
        };
        Ok(Some(cut_best.unwrap_or(best)))
    }

    fn forget_changed_strokes(&mut self, ink: &Ink) {
        let before = std::mem::replace(&mut self.ink, ink.clone());
        let is_same = |index: usize| before.strokes().get(index) == ink.strokes().get(index);
        self.scored
            .retain(|key, _| key.iter().all(|part| is_same(part.stroke)));
    }

    fn divide(
        &mut self,
        ink: &Ink,
        pieces: &[Piece],
        height: f32,
    ) -> Result<Option<Division>, ModelError> {
        let lattice = Lattice::new(pieces, height);
        if lattice.groups().len() > MAX_GROUPS {
            return Ok(None);
        }
        self.score(ink, &lattice)?;
        Ok(Some(lattice.divide(|group| self.scored[&group.key].cost)))
    }

    /// Scores the groups that have no score yet, in one forward pass.
    fn score(&mut self, ink: &Ink, lattice: &Lattice) -> Result<(), ModelError> {
        let mut new: Vec<(Vec<PieceKey>, Bitmap)> = Vec::new();
        for Group { key, .. } in lattice.groups() {
            if !self.scored.contains_key(key)
                && let Some(bitmap) = to_bitmap(&pieces::ink_of(ink, key))
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
    fn poor_strokes(&self, best: &Division) -> Vec<usize> {
        let keys = best.groups.iter().map(|group| &group.key);
        keys.filter(|key| self.scored[*key].cost > POOR)
            .flatten()
            .map(|part| part.stroke)
            .collect()
    }
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
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::{
        bitmap::Digit,
        ink::{Point, Stroke},
        synth,
    };

    fn reader() -> NumberReader {
        NumberReader::new(Arc::new(Model::built_in().expect("the built-in model")))
    }

    fn read(ink: &Ink) -> Number {
        reader().read(ink).expect("the logits are finite")
    }

    fn moved(ink: &Ink, change: impl Fn(Point) -> Point) -> Ink {
        let strokes = ink.strokes().iter();
        strokes
            .filter_map(|stroke| {
                Stroke::new(stroke.points().iter().map(|&point| change(point)).collect())
            })
            .collect()
    }

    /// A synthetic digit of height 1 whose left top corner is at (0, 0).
    fn digit(value: u8, rng: &mut ChaCha8Rng) -> Ink {
        let digit = Digit::new(value).expect("a digit");
        let ink = synth::digit(digit, rng);
        let bounds = ink.bounds().expect("a digit has ink");
        let height = (bounds.max.y - bounds.min.y).max(0.05);
        moved(&ink, |point| {
            Point::new(
                (point.x - bounds.min.x) / height,
                (point.y - bounds.min.y) / height,
            )
        })
    }

    /// The digits beside each other, `gap` heights apart, each next one `climb` heights higher, and the strokes of each.
    fn line(digits: &[u8], gap: f32, climb: f32, rng: &mut ChaCha8Rng) -> (Ink, Vec<Vec<usize>>) {
        let mut left = 0.0;
        let mut ink = Ink::default();
        let mut owners = Vec::new();
        for (index, &value) in digits.iter().enumerate() {
            let digit = digit(value, rng);
            let up = climb * index as f32;
            let first = ink.strokes().len();
            for stroke in moved(&digit, |point| Point::new(point.x + left, point.y - up)).strokes()
            {
                ink.push(stroke.clone());
            }
            owners.push((first..ink.strokes().len()).collect());
            left += digit.bounds().map_or(0.0, |bounds| bounds.max.x) + gap;
        }
        (ink, owners)
    }

    fn strokes(number: &Number) -> Vec<Vec<usize>> {
        number
            .digits
            .iter()
            .map(|digit| digit.strokes.clone())
            .collect()
    }

    #[test]
    fn numbers_are_divided_into_their_digits() {
        // Gap and climb, in heights of a digit; the share of twenty numbers that must be divided rightly.
        let cases = [
            (0.5, 0.0, 20, "wide"),
            (0.15, 0.0, 19, "normal"),
            (0.04, 0.0, 18, "tight"),
            (0.15, 0.08, 19, "climbing by 5 degrees"),
        ];
        for (gap, climb, least, reason) in cases {
            let mut rng = ChaCha8Rng::seed_from_u64(5);
            let mut right = 0;
            for first in 0..20_u8 {
                let digits: Vec<u8> = (0..2 + first % 5)
                    .map(|i| (first * 3 + i * 7) % 10)
                    .collect();
                let (ink, owners) = line(&digits, gap, climb, &mut rng);
                right += usize::from(strokes(&read(&ink)) == owners);
            }
            assert!(right >= least, "{reason}: {right} of 20");
        }
    }

    fn polyline(points: &[(f32, f32)]) -> Stroke {
        let points = points.iter().map(|&(x, y)| Point::new(x, y)).collect();
        Stroke::new(points).expect("some points")
    }

    /// 7 without its bar, 1, and then the bar of the 7.
    fn seven_with_a_late_bar() -> Ink {
        [
            polyline(&[(0.0, 0.0), (0.6, 0.0), (0.3, 0.5), (0.2, 1.0)]),
            polyline(&[(1.0, 0.0), (1.0, 0.5), (1.0, 1.0)]),
            polyline(&[(0.15, 0.5), (0.5, 0.5)]),
        ]
        .into_iter()
        .collect()
    }

    #[test]
    fn a_late_stroke_belongs_to_the_digit_that_it_crosses() {
        let number = read(&seven_with_a_late_bar());
        assert_eq!(number.text(), "71", "the bar is no digit");
        assert_eq!(strokes(&number), [vec![0, 2], vec![1]], "strokes by digit");
    }

    #[test]
    fn a_number_may_have_two_lines() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (mut ink, _) = line(&[4, 2], 0.3, 0.0, &mut rng);
        let upper = ink.strokes().len();
        let (lower, _) = line(&[1, 7], 0.3, 0.0, &mut rng);
        for stroke in moved(&lower, |point| Point::new(point.x, point.y + 1.4)).strokes() {
            ink.push(stroke.clone());
        }
        let number = read(&ink);
        assert_eq!(number.text(), "4217", "the upper line first");
        let is_upper = |digit: &NumberDigit| digit.strokes.iter().all(|&stroke| stroke < upper);
        assert!(number.digits[..2].iter().all(is_upper), "of the upper line");
    }

    #[test]
    fn two_circles_above_each_other_are_one_digit() {
        let circle = |y: f32| {
            let angle = |i: usize| i as f32 * std::f32::consts::TAU / 16.0;
            let points: Vec<_> = (0..=16)
                .map(|i| (0.25 * angle(i).sin(), y + 0.25 * angle(i).cos()))
                .collect();
            polyline(&points)
        };
        let number = read(&[circle(0.25), circle(0.76)].into_iter().collect());
        assert_eq!(number.text(), "8", "a gap of a hundredth is no line break");
        let number = read(&[circle(0.25), circle(1.0)].into_iter().collect());
        assert_eq!(number.text(), "00", "two lines");
    }

    #[test]
    fn one_stroke_may_hold_two_digits() {
        // A 2 whose foot leads on to a 7.
        let joined = polyline(&[
            (0.0, 0.2),
            (0.1, 0.05),
            (0.3, 0.0),
            (0.5, 0.1),
            (0.5, 0.3),
            (0.3, 0.6),
            (0.0, 1.0),
            (0.2, 1.0),
            (0.4, 1.0),
            (0.6, 0.98),
            (0.7, 0.5),
            (0.8, 0.0),
            (1.1, 0.0),
            (1.4, 0.0),
            (1.2, 0.4),
            (1.05, 0.7),
            (1.0, 1.0),
        ]);
        let number = read(&[joined].into_iter().collect());
        assert_eq!(number.text(), "27", "cut where the 2 ends");
        assert_eq!(strokes(&number), [[0], [0]], "of the same stroke");
    }

    #[test]
    fn place_size_and_far_ink_change_nothing() {
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        let (ink, _) = line(&[3, 0, 8, 6], 0.2, 0.0, &mut rng);
        let number = read(&ink);
        let other = moved(&ink, |point| {
            Point::new(point.x * 0.25 + 3.0, point.y * 0.25 - 2.0)
        });
        assert_eq!(
            strokes(&read(&other)),
            strokes(&number),
            "smaller, elsewhere"
        );
        let mut longer = ink.clone();
        longer.push(polyline(&[(9.0, 0.0), (9.0, 1.0)]));
        let longer = read(&longer);
        assert_eq!(
            strokes(&longer)[..4],
            strokes(&number),
            "a 1 far to the right"
        );
        assert_eq!(longer.digits.len(), 5, "the 1 is a digit of its own");
    }

    /// The sizes of the batches differ, so that sums are rounded differently.
    fn check_same(a: &Number, b: &Number) {
        assert_eq!(strokes(a), strokes(b), "the same division");
        assert_eq!(a.text(), b.text(), "the same digits");
        let difference = (a.confidence() - b.confidence()).abs();
        assert!(difference < 1e-4, "confidences differ by {difference}");
    }

    #[test]
    fn reading_on_equals_reading_anew() {
        let ink = seven_with_a_late_bar();
        let mut following = reader();
        let mut growing = Ink::default();
        for stroke in ink.strokes() {
            growing.push(stroke.clone());
            let followed = following.read(&growing).expect("finite");
            check_same(&followed, &read(&growing));
        }
        let shorter: Ink = ink.strokes()[1..].iter().cloned().collect();
        let followed = following.read(&shorter).expect("finite");
        check_same(&followed, &read(&shorter));
    }

    #[test]
    fn empty_ink_and_scribbles_are_no_number() {
        assert_eq!(read(&Ink::default()).digits, [], "no ink");
        let scribble: Ink = (0..100)
            .map(|i| {
                polyline(&[
                    (0.01 * i as f32, 0.0),
                    (0.3, 0.5),
                    (1.0 - 0.01 * i as f32, 1.0),
                ])
            })
            .collect();
        assert_eq!(
            read(&scribble),
            Number::default(),
            "more strokes than a line has"
        );
        assert!(!read(&scribble).has_several_digits(), "no number");
    }
}
