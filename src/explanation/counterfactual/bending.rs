//! The smallest bending of the strokes with which the model reads another digit.

use std::{
    f32::consts::{PI, SQRT_2},
    ops::Neg,
    slice,
};

use rayon::prelude::*;

use crate::{
    bitmap::{Bitmap, CLASSES, Digit},
    error::ModelError,
    explanation::Comparison,
    ink::{Ink, Point, Stroke, smooth, to_bitmap},
    model::{file::Model, softmax::log_sum_exp},
    recognition::{self, Prediction, predict},
};

/// The longest distance of two points of a bent path, relative to the longer side of the drawing.
const SPACING: f32 = 0.03;
/// The distance of the path from the smooth stroke, relative to the longer side: a fiftieth of a pixel of the picture.
const TOLERANCE: f32 = 0.001;
/// The pen's width, relative to the longer side of the drawing.
const PEN_WIDTH: f32 = 0.12;
/// A smaller drawing is bent as one of this size, in units of the pad.
const MIN_SIDE: f32 = 0.02;
/// The most strokes that bend, the longest ones. The others stay.
const MAX_STROKES: usize = 8;
/// About the most waves of each axis over all strokes.
const MAX_WAVES: f32 = 24.0;
/// Waves per length of stroke, relative to the longer side.
const WAVES_PER_SIDE: f32 = 6.0;
/// The wave whose crests lie half the longer side apart counts twice. Shorter ones count with the fourth power of their
/// frequency, like the bending energy of a beam.
const STIFFNESS: f32 = 0.25;
/// The move for derivatives, relative to the longer side: a third of a pixel of the picture.
const PROBE: f32 = 0.02;
/// The longest step of the search, in sizes of bendings, and the shares of it that are tried.
const MAX_STEP: f32 = 0.1;
const STEP_SHARES: [f32; 6] = [1.0, 0.7, 0.45, 0.25, 0.1, 0.03];
/// The largest bending that is searched.
const MAX_SIZE: f32 = 0.4;
/// The most steps of the search.
const MAX_STEPS: usize = 40;
/// The log-odds of the rival at which a bending is found: above 0, so that rounding does not decide.
const ENOUGH: f32 = 0.05;
/// The log-odds that each step aims at.
const GOAL: f32 = 0.2;
/// A smaller bending is at most this share of the one before, or the search ends.
const PROGRESS: f32 = 0.98;
/// The scales of the found bending that are tried, to make it smaller.
const SCALES: usize = 32;

/// The distance of an exaggerated bending, relative to the longer side of the drawing, and the strongest exaggeration.
const VISIBLE: f32 = 0.05;
const MAX_EXAGGERATION: f32 = 20.0;

/// A drawing that is bent as little as the search found, so that the model reads the rival.
#[derive(Clone, Debug, PartialEq)]
pub struct Bending {
    /// The predicted digit of the drawing, and that of the bent one.
    pub comparison: Comparison,
    /// The bent drawing, with the strokes of the drawing in their order.
    pub ink: Ink,
    /// The prediction of the bent drawing: the rival, and a digit.
    pub prediction: Prediction,
    /// The root mean square distance by which the points move, relative to the longer side of the drawing.
    pub distance: f32,
    /// The drawing bent in the same way, but so much that a person sees where.
    pub exaggerated: Ink,
    /// How many times as strong that is, at least 1.
    pub exaggeration: f32,
}

impl Bending {
    /// Searches for the smallest bending after which the model reads `rival`, or the second digit, and accepts the drawing as
    /// a digit. `None` if there is none within the bounds of the search, or if `keep_going` returned false.
    ///
    /// Each stroke bends in cosine waves along its length. Short waves cost more, so jagged moves are avoided. Each step
    /// goes to the bending nearest to none at which the logits, as linear functions around the last step, reach the rival
    /// (Moosavi-Dezfooli, Fawzi and Frossard 2016, "`DeepFool`"). Their derivatives are differences of predictions.
    ///
    /// # Errors
    /// When a logit is NaN or infinite, or candle fails.
    pub fn search(
        model: &Model,
        ink: &Ink,
        rival: Option<Digit>,
        keep_going: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Self>, ModelError> {
        let Some(bitmap) = to_bitmap(ink) else {
            return Ok(None);
        };
        let logits = recognition::logits(model, bitmap.pixels().to_vec())?[0];
        let side = ink
            .bounds()
            .map_or(0.0, |bounds| bounds.longer_side() as f32);
        let side = side.max(MIN_SIDE);
        let search = Search {
            model,
            comparison: Comparison::new(&logits, rival),
            side,
            strokes: BentStroke::all(ink, side),
        };
        let Some(bend) = search.smallest(keep_going)? else {
            return Ok(None);
        };
        let bent = search.bent(&bend);
        let Some(bitmap) = to_bitmap(&bent) else {
            return Ok(None);
        };
        let prediction = predict(model, &bitmap)?;
        let comparison = search.comparison;
        let is_found = prediction.digit() == comparison.rival && prediction.is_digit();
        let distance = search.distance(&bent);
        let exaggeration = (VISIBLE / distance.max(f32::MIN_POSITIVE)).clamp(1.0, MAX_EXAGGERATION);
        let stronger: Bend = bend.iter().map(|wave| wave * exaggeration).collect();
        Ok(is_found.then(|| Self {
            comparison,
            distance,
            exaggerated: search.bent(&stronger),
            exaggeration,
            ink: bent,
            prediction,
        }))
    }
}

/// A stroke, and the waves in which it bends. Without waves it stays.
struct BentStroke {
    path: Vec<Point>,
    /// The distance of each point from the start of the path, relative to its length.
    along: Vec<f32>,
    /// The move of each wave at amplitude 1, relative to the longer side of the drawing.
    waves: Vec<f32>,
}

impl BentStroke {
    fn new(stroke: &Stroke, side: f32) -> Self {
        let smooth = smooth::flatten(stroke.points(), TOLERANCE * side);
        let (mut path, mut along, mut length) = (vec![smooth[0]], vec![0.0], 0.0);
        for ends in smooth.windows(2) {
            let step = ends[1] - ends[0];
            let count = (step.length() / (SPACING * side)).ceil().max(1.0);
            for index in 1..=count as usize {
                let part = index as f32 / count;
                path.push(ends[0] + step * part);
                along.push(length + step.length() * part);
            }
            length += step.length();
        }
        for distance in &mut along {
            *distance /= length.max(f32::MIN_POSITIVE);
        }
        Self {
            path,
            along,
            waves: Vec::new(),
        }
    }

    /// The strokes of a drawing whose longer side is `side`.
    fn all(ink: &Ink, side: f32) -> Vec<Self> {
        let strokes = ink.strokes().iter();
        let mut strokes: Vec<_> = strokes.map(|stroke| Self::new(stroke, side)).collect();
        let lengths = strokes.iter().map(|stroke| {
            let steps = stroke.path.windows(2);
            let length: f32 = steps.map(|ends| (ends[1] - ends[0]).length()).sum();
            // A dot is as long as the pen is wide.
            length / side + PEN_WIDTH
        });
        let lengths: Vec<f32> = lengths.collect();
        let total: f32 = lengths.iter().sum();
        let waves_per_side = WAVES_PER_SIDE.min(MAX_WAVES / total);
        let mut longest: Vec<usize> = (0..strokes.len()).collect();
        longest.sort_by(|&a, &b| lengths[b].total_cmp(&lengths[a]));
        for &index in longest.iter().take(MAX_STROKES) {
            let length = lengths[index];
            let count = (waves_per_side * length).ceil() as usize;
            let wave = |wave| {
                let cost = 1.0 + (STIFFNESS * wave as f32 / length).powi(4);
                (length / total * cost).sqrt().recip()
            };
            strokes[index].waves = (0..count).map(wave).collect();
        }
        strokes
    }

    /// The path after the waves have these amplitudes: x and y of each.
    fn bent(&self, amplitudes: &[f32], side: f32) -> Vec<Point> {
        let moved = |(&point, along): (&Point, &f32)| {
            let waves = self.waves.iter().zip(amplitudes.as_chunks::<2>().0);
            let moves = waves.enumerate().map(|(index, (scale, &[x, y]))| {
                let shape = match index {
                    0 => 1.0,
                    _ => SQRT_2 * (PI * index as f32 * along).cos(),
                };
                Point::new(x, y) * (shape * scale * side)
            });
            moves.fold(point, |point, by| point + by)
        };
        self.path.iter().zip(&self.along).map(moved).collect()
    }
}

struct Search<'a> {
    model: &'a Model,
    comparison: Comparison,
    /// The longer side of the drawing, in units of the pad.
    side: f32,
    strokes: Vec<BentStroke>,
}

/// The amplitudes of all waves, x and y of each, stroke by stroke. Its size is the Euclidean norm: the root mean square
/// move, plus the cost of short waves.
type Bend = Vec<f32>;

impl Search<'_> {
    fn bent(&self, bend: &[f32]) -> Ink {
        let mut rest = bend;
        let mut bent = |stroke: &BentStroke| {
            let (own, others) = rest.split_at(2 * stroke.waves.len());
            rest = others;
            Stroke::new(stroke.bent(own, self.side))
        };
        self.strokes.iter().filter_map(&mut bent).collect()
    }

    /// The root mean square move of all points, relative to the longer side.
    fn distance(&self, bent: &Ink) -> f32 {
        let paths = self.strokes.iter().zip(bent.strokes());
        let pairs = paths.flat_map(|(own, bent)| own.path.iter().zip(bent.points()));
        let squares = pairs.map(|(&own, &bent)| ((bent - own).length() / self.side).powi(2));
        (squares.sum::<f32>() / bent.point_count() as f32).sqrt()
    }

    /// The log-odds of the rival among the other digits and the non-digit, whose logit is the reject threshold, for each
    /// bend. Above 0, the rival is read and accepted.
    fn merits(&self, bends: &[Bend]) -> Result<Vec<f32>, ModelError> {
        let picture = |bend: &Bend| to_bitmap(&self.bent(bend)).unwrap_or_else(Bitmap::blank);
        let pictures: Vec<Bitmap> = bends.par_iter().map(picture).collect();
        let pixels = pictures.iter().flat_map(|picture| *picture.pixels());
        let logits = recognition::logits(self.model, pixels.collect())?;
        let threshold = self.model.metadata.calibration.reject_threshold;
        let merit = |logits: &[f32; CLASSES]| {
            let mut others = *logits;
            // The rival's place is that of the non-digit.
            others[self.comparison.rival.index()] = threshold.unwrap_or(f32::NEG_INFINITY);
            logits[self.comparison.rival.index()] - log_sum_exp(&others)
        };
        Ok(logits.iter().map(merit).collect())
    }

    /// The smallest bend that is found, if any: first upward in merit until it is enough, then toward smaller bends that
    /// are enough.
    fn smallest(&self, keep_going: &dyn Fn() -> bool) -> Result<Option<Bend>, ModelError> {
        let waves = self.strokes.iter().flat_map(|stroke| &stroke.waves);
        let probes: Vec<f32> = waves.flat_map(|wave| [PROBE / wave; 2]).collect();
        let mut bend = vec![0.0; probes.len()];
        let mut merit = self.merits(slice::from_ref(&bend))?[0];
        for _ in 0..MAX_STEPS {
            if !keep_going() {
                return Ok(None);
            }
            let slopes = self.slopes(&bend, &probes)?;
            let candidates = candidates(&bend, merit, &slopes);
            let merits = self.merits(&candidates)?;
            let mut candidates = candidates.into_iter().zip(merits).collect::<Vec<_>>();
            let next = if merit >= ENOUGH {
                candidates.retain(|(candidate, merit)| {
                    *merit >= ENOUGH && size(candidate) < PROGRESS * size(&bend)
                });
                let sizes = candidates.iter().map(|(candidate, _)| size(candidate));
                position_of_largest(sizes.map(Neg::neg))
            } else {
                // A whole step leaves a place where no step helps.
                let largest = position_of_largest(candidates.iter().map(|&(_, merit)| merit));
                largest.map(|index| {
                    if candidates[index].1 > merit {
                        index
                    } else {
                        0
                    }
                })
            };
            let next = next.map(|index| candidates.swap_remove(index));
            let Some(next) = next else { break };
            (bend, merit) = next;
        }
        if merit < ENOUGH {
            return Ok(None);
        }
        self.scaled_down(&bend).map(Some)
    }

    /// The derivatives of the merit at a bend, from the merits of bends at both sides.
    fn slopes(&self, bend: &Bend, probes: &[f32]) -> Result<Vec<f32>, ModelError> {
        let both_sides = probes.iter().enumerate().flat_map(|(index, probe)| {
            [*probe, -probe].map(|probe| {
                let mut bend = bend.clone();
                bend[index] += probe;
                bend
            })
        });
        let merits = self.merits(&both_sides.collect::<Vec<_>>())?;
        let pairs = merits.as_chunks::<2>().0.iter().zip(probes);
        Ok(pairs
            .map(|([up, down], probe)| (up - down) / (2.0 * probe))
            .collect())
    }

    /// The smallest scale of a bend at which the model still reads the rival.
    fn scaled_down(&self, bend: &[f32]) -> Result<Bend, ModelError> {
        let scale = |scale: usize| scale as f32 / SCALES as f32;
        let scaled = |part: usize| bend.iter().map(|at| scale(part) * at).collect();
        let bends: Vec<Bend> = (1..=SCALES).map(scaled).collect();
        let merits = self.merits(&bends)?;
        let enough = merits.iter().position(|&merit| merit >= ENOUGH);
        Ok(enough.map_or_else(|| bend.to_vec(), |index| bends[index].clone()))
    }
}

/// Steps of several lengths from a bend of this merit toward the smallest bend at which the merit, as a linear function with
/// these slopes, is [`GOAL`].
fn candidates(bend: &[f32], merit: f32, slopes: &[f32]) -> Vec<Bend> {
    let steepness = slopes.iter().map(|slope| slope * slope).sum::<f32>();
    let along: f32 = slopes.iter().zip(bend).map(|(slope, at)| slope * at).sum();
    let reach = (GOAL - merit + along) / steepness.max(f32::MIN_POSITIVE);
    let step = slopes
        .iter()
        .zip(bend)
        .map(|(slope, at)| reach * slope - at);
    let step: Vec<f32> = step.collect();
    let longest = (MAX_STEP / size(&step)).min(1.0);
    let candidate = |share: f32| -> Bend {
        let moved = bend.iter().zip(&step);
        moved
            .map(|(at, step)| at + share * longest * step)
            .collect()
    };
    let candidates = STEP_SHARES.into_iter().map(candidate);
    candidates
        .filter(|candidate| size(candidate) <= MAX_SIZE)
        .collect()
}

fn position_of_largest(values: impl Iterator<Item = f32>) -> Option<usize> {
    let largest = values.enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b));
    largest.map(|(index, _)| index)
}

fn size(bend: &[f32]) -> f32 {
    bend.iter().map(|at| at * at).sum::<f32>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explanation::test_support::drawings;

    #[test]
    fn a_bent_drawing_is_read_as_the_rival() {
        let model = Model::built_in().expect("fits");
        let mut found = 0;
        for (index, ink) in drawings(6).iter().enumerate() {
            let bending = Bending::search(&model, ink, None, &|| true).expect("finite");
            let Some(bending) = bending else { continue };
            found += 1;
            let bitmap = to_bitmap(&bending.ink).expect("has strokes");
            let prediction = predict(&model, &bitmap).expect("finite");
            assert_eq!(prediction, bending.prediction, "drawing {index}");
            assert_eq!(
                prediction.digit(),
                bending.comparison.rival,
                "drawing {index}"
            );
            assert!(prediction.is_digit(), "drawing {index} is accepted");
            let whole = to_bitmap(ink).expect("has strokes");
            let whole = predict(&model, &whole).expect("finite");
            assert_eq!(whole.digit(), bending.comparison.winner, "drawing {index}");
            let strokes = [ink, &bending.ink].map(|ink| ink.strokes().len());
            assert_eq!(strokes[0], strokes[1], "drawing {index} has its strokes");
            assert!(
                bending.distance < MAX_SIZE,
                "drawing {index}: {}",
                bending.distance
            );
        }
        assert!(found >= 4, "{found} of 6 drawings can be bent");
    }

    #[test]
    fn a_search_ends_when_it_is_stopped() {
        let model = Model::built_in().expect("fits");
        let stopped = Bending::search(&model, &drawings(1)[0], None, &|| false);
        assert_eq!(stopped.expect("nothing is computed"), None, "at once");
        let blank = Bending::search(&model, &Ink::default(), None, &|| true);
        assert_eq!(blank.expect("nothing is computed"), None, "no ink");
        let dot: Ink = Stroke::new(vec![Point::new(0.5, 0.5)])
            .into_iter()
            .collect();
        let dot = Bending::search(&model, &dot, None, &|| true);
        assert_eq!(dot.expect("finite"), None, "a dot does not bend");
    }
}
