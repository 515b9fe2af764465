//! The reader of numbers.

use std::{collections::HashMap, sync::Arc};

use super::{
    Constraints, Misfit, Number, NumberDigit, NumberFormat, Reading, SeveralBounds, date,
    lattice::{self, Group, GroupKind, Lattice},
    luhn,
    picture::PictureLine,
    pieces::{self, InkLine, Piece, PieceKey, Writing},
    ring,
    steps::{ChosenDivisions, LineDivisions},
    weigh,
};
use crate::{
    bitmap::{Bitmap, CLASSES},
    error::ModelError,
    ink::{Bounds, Ink, to_bitmap},
    model::{calibration::Calibration, file::Model, softmax::log_sum_exp},
    picture::PictureInk,
    recognition::{self, Prediction},
};

/// The most strokes of a line.
const MAX_STROKES: usize = 64;
/// The most components of a picture.
const MAX_COMPONENTS: usize = 256;
/// The digits of a number that is read even if it is doubtful. Of 986 letters by development writers, two would be such
/// numbers; of two digits, 62 would.
const LONG: usize = 3;
/// The cost of the network, in nats, from which a group is poor and its strokes may be cut.
const POOR: f32 = 0.2;

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
    /// As [`logits`](recognition::logits).
    pub fn read(&mut self, ink: &Ink, constraints: Constraints) -> Result<Reading, ModelError> {
        let reading = self.read_ink(ink, constraints, |reader, ink| {
            reader.number(ink, Constraints::default())
        })?;
        let begins_beside = || {
            let (last, before) = ink.strokes().split_last()?;
            let before: Ink = before.iter().cloned().collect();
            let (before, last) = (before.bounds()?, Bounds::of(last.points())?);
            Some(
                last.min.x > f32::midpoint(before.min.x, before.max.x) && last.max.x > before.max.x,
            )
        };
        Ok(match reading {
            Reading::Single { bitmap, prediction }
                if !prediction.is_digit()
                    && begins_beside() == Some(true)
                    && self.number_before(ink, constraints)?.is_some() =>
            {
                Reading::SeveralDigits { bitmap, prediction }
            }
            reading => reading,
        })
    }

    /// What some ink shows so far, while the pen is down. As [`read`](Self::read), but quicker: where one character is
    /// expected, an unfinished one is not searched for digits that touch. A number stays while a digit is added.
    ///
    /// # Errors
    /// As [`logits`](recognition::logits).
    pub fn follow(&mut self, ink: &Ink, constraints: Constraints) -> Result<Reading, ModelError> {
        let reading = self.read_ink(ink, constraints, |_, _| Ok(Number::default()))?;
        if matches!(&reading, Reading::Single { prediction, .. } if !prediction.is_digit())
            && let Some(number) = self.number_before(ink, constraints)?
        {
            return Ok(Reading::Number(number));
        }
        Ok(reading)
    }

    /// The number of several digits without the last stroke, if it is read.
    fn number_before(
        &mut self,
        ink: &Ink,
        constraints: Constraints,
    ) -> Result<Option<Number>, ModelError> {
        let Some((_, before @ [_, ..])) = ink.strokes().split_last() else {
            return Ok(None);
        };
        let before = before.iter().cloned().collect();
        let reading = self.read_ink(&before, constraints, |_, _| Ok(Number::default()))?;
        Ok(match reading {
            Reading::Number(number) if number.length() > 1 => Some(number),
            _ => None,
        })
    }

    /// What some ink shows. `touching` is the number in ink that is not a character.
    fn read_ink(
        &mut self,
        ink: &Ink,
        constraints: Constraints,
        touching: impl FnOnce(&mut Self, &Ink) -> Result<Number, ModelError>,
    ) -> Result<Reading, ModelError> {
        let number = self.number(ink, constraints)?;
        let is_all = number.digits.first().is_some_and(|digit| {
            number.digits.len() == 1 && digit.strokes.len() == ink.strokes().len()
        });
        if is_all && number.length() == 1 {
            let NumberDigit {
                bitmap, prediction, ..
            } = number.digits[0].clone();
            if prediction.is_digit() || !constraints.expects_character() {
                return Ok(Reading::Single { bitmap, prediction });
            }
        }
        let whole = |reader: &Self| reader.read_whole(ink);
        self.reading(number, constraints, whole, |reader| touching(reader, ink))
    }

    /// What the ink of a picture shows, whose whole ink is this bitmap.
    ///
    /// # Errors
    /// As [`logits`](recognition::logits).
    pub fn read_picture(
        &mut self,
        ink: &PictureInk,
        whole: &Bitmap,
        constraints: Constraints,
    ) -> Result<Reading, ModelError> {
        let single = |reader: &Self| reader.read_bitmap(whole);
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
        let number = self.number_of_ways(&ways, constraints)?;
        if number.digits.len() < 2 && number.non_digits() == 0 {
            return single(self);
        }
        let reading = self.reading(number, constraints, single, |reader| {
            reader.number_of_ways(&ways, Constraints::default())
        })?;
        match &reading {
            // The cuts of a picture are too often wrong for a doubtful number.
            Reading::Number(number) if !number.can_be_read() => {}
            _ => return Ok(reading),
        }
        Ok(match single(self)? {
            Reading::Single { bitmap, prediction } => Reading::SeveralDigits { bitmap, prediction },
            whole => whole,
        })
    }

    /// The number if it is readable, or what all ink is together: `whole`. `touching` is the number in ink that is not a
    /// character.
    fn reading(
        &mut self,
        mut number: Number,
        constraints: Constraints,
        whole: impl FnOnce(&Self) -> Result<Reading, ModelError>,
        touching: impl FnOnce(&mut Self) -> Result<Number, ModelError>,
    ) -> Result<Reading, ModelError> {
        let expects_number = !constraints.expects_character();
        if expects_number && number.misfit.is_none() {
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
        if expects_number && number.can_be_read() && (is_known || !number.may_be_one()) {
            return Ok(Reading::Number(number));
        }
        let (bitmap, mut prediction) = match whole(self)? {
            Reading::Single { bitmap, prediction } => (bitmap, prediction),
            reading => return Ok(reading),
        };
        if !expects_number && number.has_sign() {
            prediction = prediction.rejected();
        }
        let (shows_several, is_read) = if expects_number {
            let shows_several = number.shows(SeveralBounds::EXPECTED);
            let is_read = number.can_be_read() || shows_several && number.length() >= LONG;
            let is_several = !prediction.is_confident();
            (shows_several && is_several, is_read && is_several)
        } else {
            let is_plain = number.shows(SeveralBounds::PLAIN)
                || number.lines > 1 && number.shows(SeveralBounds::EXPECTED);
            let may_be_one = !is_plain || number.may_be_one() || number.may_be_eight();
            let is_character = may_be_one && prediction.is_digit() || number.length() == 0;
            if !is_character && !is_plain {
                number = touching(self)?;
            }
            let shows_several =
                !is_character && (is_plain || number.shows(SeveralBounds::TOUCHING));
            let may_be_number = shows_several && constraints.length.is_none();
            (shows_several, may_be_number && number.can_be_read())
        };
        Ok(if is_read {
            Reading::Number(number)
        } else if shows_several {
            Reading::SeveralDigits { bitmap, prediction }
        } else {
            Reading::Single { bitmap, prediction }
        })
    }

    /// What all ink together shows as one character.
    ///
    /// # Errors
    /// As [`logits`](recognition::logits).
    pub fn read_whole(&self, ink: &Ink) -> Result<Reading, ModelError> {
        let reading = to_bitmap(ink).map_or(Ok(Reading::Blank), |bitmap| self.read_bitmap(&bitmap));
        Ok(match reading? {
            Reading::Single { bitmap, prediction } if ring::is_symbol(ink) => {
                let prediction = prediction.rejected();
                Reading::Single { bitmap, prediction }
            }
            reading => reading,
        })
    }

    /// What a bitmap shows as one character.
    ///
    /// # Errors
    /// As [`logits`](recognition::logits).
    pub fn read_bitmap(&self, bitmap: &Bitmap) -> Result<Reading, ModelError> {
        if bitmap.is_blank() {
            return Ok(Reading::Blank);
        }
        let prediction = recognition::predict(&self.model, bitmap)?;
        let bitmap = bitmap.clone();
        Ok(Reading::Single { bitmap, prediction })
    }

    /// The best division of some ink into digits, whether they can be read or not; none if the ink is too complex to be a
    /// number.
    ///
    /// # Errors
    /// As [`logits`](recognition::logits).
    pub fn number(&mut self, ink: &Ink, constraints: Constraints) -> Result<Number, ModelError> {
        self.forget_changed_strokes(ink);
        let ways = pieces::ways_of_lines(&pieces::stroke_bounds(ink));
        let ways = ways.iter().map(|lines| {
            let lines = lines.iter().map(|line| InkLine::new(ink, line));
            lines.collect()
        });
        self.number_of_ways(&ways.collect::<Vec<Vec<_>>>(), constraints)
    }

    /// The best number of some ways of lines. The first one has the fewest lines.
    fn number_of_ways<L: Writing>(
        &mut self,
        ways: &[Vec<L>],
        constraints: Constraints,
    ) -> Result<Number, ModelError> {
        let mut best = Number::default();
        for (index, lines) in ways.iter().enumerate() {
            let number = self.number_of_lines(lines, constraints)?;
            if index == 0 || number.divides(&best) {
                best = number;
            }
        }
        Ok(best)
    }

    /// The best division of some lines.
    fn number_of_lines(
        &mut self,
        lines: &[impl Writing],
        constraints: Constraints,
    ) -> Result<Number, ModelError> {
        let lengths = constraints.lengths();
        let length = lengths.iter().max().copied();
        let mut divided = Vec::new();
        for line in lines {
            let is_only_line = lines.len() == 1;
            let divisions = if constraints.expects_character() {
                self.divide_whole(line, is_only_line, true)?
            } else {
                self.divide_line(line, is_only_line, length)?
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
            let underlines: Vec<Vec<PieceKey>> =
                line.underlines().into_iter().map(|key| vec![key]).collect();
            let is_new = |key: &&Vec<PieceKey>| !self.scored.contains_key(*key);
            let new: Vec<&Vec<PieceKey>> = underlines.iter().filter(is_new).collect();
            self.score(line, new.into_iter())?;
            let groups = division.groups.iter();
            let shown = groups.filter(|group| group.kind != GroupKind::Ligature);
            let digits = shown.map(|group| (&group.key, group.kind == GroupKind::Digit));
            for (key, is_digit) in digits.chain(underlines.iter().map(|key| (key, false))) {
                let Scored {
                    bitmap,
                    prediction,
                    acceptance,
                    ..
                } = self.scored[key].clone();
                number.digits.push(NumberDigit {
                    ink: line.ink(key),
                    bounds: line.bounds(key),
                    strokes: line.strokes(key),
                    bitmap,
                    digit: prediction.digit(),
                    is_digit,
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
    ) -> Result<Option<LineDivisions>, ModelError> {
        let whole = line.whole();
        if whole.len() > MAX_STROKES {
            return Ok(None);
        }
        let height = pieces::line_height(&whole);
        let lattice = lattice_of(line, &whole, height, is_only_line, is_plain);
        self.divide(line, &lattice, None)
    }

    /// The best divisions of a line, with a `length` also those of each number of digits up to it.
    fn divide_line<L: Writing>(
        &mut self,
        line: &L,
        is_only_line: bool,
        length: Option<usize>,
    ) -> Result<Option<LineDivisions>, ModelError> {
        let Some(mut divisions) = self.divide_whole(line, is_only_line, false)? else {
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
            let Some(found) = self.divide(line, &lattice, None)? else {
                break;
            };
            (divisions, pieces) = (found, cut);
        }
        if length.is_none() {
            return Ok(Some(divisions));
        }
        let lattice = lattice_of(line, &pieces, height, is_only_line, false);
        self.divide(line, &lattice, length)
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
    ) -> Result<Option<LineDivisions>, ModelError> {
        if lattice.groups().len() > L::MAX_GROUPS {
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
            self.score(line, wanted.iter().map(|group| &group.key))?;
        }
    }

    /// What the network says of a group, if it has seen it.
    fn cost(&self, group: &Group) -> Option<f32> {
        self.scored.get(&group.key).map(|scored| scored.cost)
    }

    /// Scores the groups of these keys, in one forward pass.
    fn score<'a>(
        &mut self,
        line: &impl Writing,
        keys: impl Iterator<Item = &'a Vec<PieceKey>>,
    ) -> Result<(), ModelError> {
        let bitmap = |key: &Vec<PieceKey>| line.bitmap(key).unwrap_or_else(Bitmap::blank);
        let new: Vec<(Vec<PieceKey>, Bitmap)> =
            keys.map(|key| (key.clone(), bitmap(key))).collect();
        if new.is_empty() {
            return Ok(());
        }
        let pixels = new.iter().flat_map(|(_, bitmap)| bitmap.pixels()).copied();
        let logits = recognition::logits(&self.model, pixels.collect())?;
        let calibration = &self.model.metadata.calibration;
        for ((key, bitmap), logits) in new.into_iter().zip(logits) {
            let (mut acceptance, mut cost) = scores(&logits, calibration);
            let mut prediction = Prediction::from_logits(&logits, calibration);
            if line.is_symbol(&key) {
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
