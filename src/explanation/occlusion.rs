//! Occlusion: what leaving out a piece of a stroke does to the margin of the winner over its rival.

use super::Comparison;
use crate::{
    bitmap::{Bitmap, Digit},
    error::ModelError,
    ink::{Ink, Placement, Point, Stroke, smooth, to_bitmap},
    model::file::Model,
    recognition::{self, Prediction},
};

/// The usual number of pieces. Strokes are divided into whole pieces, which makes 8 to 24.
const PIECES: f32 = 12.0;
/// The distance of the path of a piece from the smooth stroke, in pixels of the picture.
const TOLERANCE_PX: f32 = 0.025;

/// How the rest of a drawing gets into the picture after a piece is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Normalization {
    /// As the whole drawing: the picture is held still, and only ink disappears.
    #[default]
    Held,
    /// Anew, as if the rest had been drawn alone: it may move and grow.
    Anew,
}

/// What leaving out each piece of a drawing does.
#[derive(Clone, Debug, PartialEq)]
pub struct Occlusion {
    /// The two digits.
    pub comparison: Comparison,
    /// The logit of the winner minus that of the rival, for the whole drawing.
    pub margin: f32,
    /// How the rest gets into the picture.
    pub normalization: Normalization,
    /// The pieces in writing order. None for a drawing of a single piece, because nothing would be left.
    pub pieces: Vec<StrokePiece>,
}

/// A piece of a stroke, or several short strokes.
#[derive(Clone, Debug, PartialEq)]
pub struct StrokePiece {
    /// Its paths on the pad: one, or one for each short stroke. A path of one point is a dot.
    pub paths: Vec<Vec<Point>>,
    /// The margin of the whole drawing minus that without this piece. Above 0, the piece speaks for the winner.
    pub support: f32,
    /// The prediction without this piece.
    pub prediction: Prediction,
}

impl Occlusion {
    /// Leaves out each piece in turn. Against `rival` or the second digit. `None` for ink without a stroke.
    ///
    /// # Errors
    /// When a logit is NaN or infinite, or candle fails.
    pub fn new(
        model: &Model,
        ink: &Ink,
        rival: Option<Digit>,
        normalization: Normalization,
    ) -> Result<Option<Self>, ModelError> {
        let (Some(placement), Some(whole)) = (Placement::of(ink), to_bitmap(ink)) else {
            return Ok(None);
        };
        let cuts = cuts(ink, placement.pixel_size());
        let picture = |rest: &Ink| match normalization {
            Normalization::Held => placement.draw(rest),
            Normalization::Anew => to_bitmap(rest).unwrap_or_else(Bitmap::blank),
        };
        let rests = cuts.iter().map(|cut| picture(&cut.rest));
        let pixels = std::iter::once(whole).chain(rests);
        let pixels = pixels.flat_map(|bitmap| *bitmap.pixels()).collect();
        let logits = recognition::logits(model, pixels)?;
        let comparison = Comparison::new(&logits[0], rival);
        let margin = comparison.margin(&logits[0]);
        let piece = |(cut, logits): (Cut, &_)| StrokePiece {
            paths: cut.paths,
            support: margin - comparison.margin(logits),
            prediction: Prediction::from_logits(logits, &model.metadata.calibration),
        };
        Ok(Some(Self {
            comparison,
            margin,
            normalization,
            pieces: cuts.into_iter().zip(&logits[1..]).map(piece).collect(),
        }))
    }

    /// The piece without which the margin is smallest; `None` if each piece speaks for the rival.
    pub fn strongest(&self) -> Option<&StrokePiece> {
        let pieces = self.pieces.iter().filter(|piece| piece.support > 0.0);
        pieces.max_by(|a, b| a.support.total_cmp(&b.support))
    }
}

/// A piece of a drawing, and the drawing without it.
struct Cut {
    paths: Vec<Vec<Point>>,
    rest: Ink,
}

/// Divides the strokes into pieces of about equal length. `px` is a pixel of the picture, in units of the pad.
fn cuts(ink: &Ink, px: f32) -> Vec<Cut> {
    let smooth = |stroke: &Stroke| smooth::flatten(stroke.points(), TOLERANCE_PX * px);
    let paths: Vec<_> = ink.strokes().iter().map(smooth).collect();
    let pen_width = crate::ink::PEN_WIDTH_PX * px;
    let lengths = paths.iter().map(|path| length(path) + pen_width);
    let lengths: Vec<f32> = lengths.collect();
    let of_piece = lengths.iter().sum::<f32>() / PIECES;
    let (mut cuts, mut short, mut of_short) = (Vec::new(), Vec::new(), 0.0);
    for (index, length) in lengths.iter().enumerate() {
        if *length < of_piece / 2.0 {
            short.push(index);
            of_short += length;
            if of_short >= of_piece / 2.0 {
                cuts.push(Cut::of_strokes(ink, &paths, &std::mem::take(&mut short)));
                of_short = 0.0;
            }
            continue;
        }
        let count = (length / of_piece).round() as usize;
        match if paths[index].len() > 1 { count } else { 1 } {
            0 | 1 => cuts.push(Cut::of_strokes(ink, &paths, &[index])),
            count => {
                let piece =
                    |part| Cut::of_part(ink, &paths[index], index, [part, count], pen_width);
                cuts.extend((0..count).map(piece));
            }
        }
    }
    if !short.is_empty() {
        cuts.push(Cut::of_strokes(ink, &paths, &short));
    }
    cuts.retain(|cut| !cut.rest.is_empty());
    cuts
}

impl Cut {
    /// Whole strokes.
    fn of_strokes(ink: &Ink, paths: &[Vec<Point>], strokes: &[usize]) -> Self {
        let others = ink.strokes().iter().enumerate();
        let others = others.filter(|(index, _)| !strokes.contains(index));
        Self {
            paths: strokes.iter().map(|&index| paths[index].clone()).collect(),
            rest: others.map(|(_, stroke)| stroke.clone()).collect(),
        }
    }

    /// Part `part` of `count` equal ones of a stroke. The pen of the rest stops half its width before the piece and starts
    /// half its width behind it, so that no ink of the piece remains.
    fn of_part(
        ink: &Ink,
        path: &[Point],
        stroke: usize,
        [part, count]: [usize; 2],
        pen_width: f32,
    ) -> Self {
        let whole = length(path);
        let at = |part: usize| whole * part as f32 / count as f32;
        let [start, end] = [at(part), at(part + 1)];
        let before = section(path, 0.0, start - pen_width / 2.0);
        let behind = section(path, end + pen_width / 2.0, whole);
        let rest = ink.strokes().iter().enumerate();
        let rest = rest.flat_map(|(index, own)| {
            if index == stroke {
                [Stroke::new(before.clone()), Stroke::new(behind.clone())]
            } else {
                [Some(own.clone()), None]
            }
        });
        Self {
            paths: vec![section(path, start, end)],
            rest: rest.flatten().collect(),
        }
    }
}

/// The length of a path.
fn length(path: &[Point]) -> f32 {
    path.windows(2)
        .map(|ends| (ends[1] - ends[0]).length())
        .sum()
}

/// The part of a path between two distances from its start. Empty if `end` is not behind `start`.
fn section(path: &[Point], start: f32, end: f32) -> Vec<Point> {
    let mut points = Vec::new();
    if start >= end {
        return points;
    }
    let mut before = 0.0;
    for ends in path.windows(2) {
        let step = ends[1] - ends[0];
        let len = step.length();
        let after = before + len;
        let at = |distance: f32| ends[0] + step * ((distance - before) / len);
        if len > 0.0 && after > start && before < end {
            if points.is_empty() {
                points.push(if before < start { at(start) } else { ends[0] });
            }
            points.push(if after > end { at(end) } else { ends[1] });
        }
        before = after;
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{bitmap::SIDE, explanation::test_support::drawings};

    fn line(points: &[(f32, f32)]) -> Stroke {
        let points = points.iter().map(|&(x, y)| Point::new(x, y)).collect();
        Stroke::new(points).expect("points")
    }

    #[test]
    fn support_is_the_difference_of_two_ordinary_predictions() {
        let model = Model::built_in().expect("fits");
        for (index, ink) in drawings(20).iter().enumerate() {
            let placement = Placement::of(ink).expect("has strokes");
            let whole = to_bitmap(ink).expect("has strokes");
            let cuts = cuts(ink, placement.pixel_size());
            for normalization in [Normalization::Held, Normalization::Anew] {
                let occlusion = Occlusion::new(&model, ink, Digit::new(3), normalization);
                let occlusion = occlusion.expect("finite").expect("has strokes");
                let count = occlusion.pieces.len();
                assert!((8..=24).contains(&count), "drawing {index}: {count} pieces");
                let margin = |bitmap: &Bitmap| {
                    let logits = recognition::logits(&model, bitmap.pixels().to_vec());
                    occlusion.comparison.margin(&logits.expect("finite")[0])
                };
                for (cut, piece) in cuts.iter().zip(&occlusion.pieces) {
                    let rest = match normalization {
                        Normalization::Held => placement.draw(&cut.rest),
                        Normalization::Anew => to_bitmap(&cut.rest).expect("ink is left"),
                    };
                    let expected = margin(&whole) - margin(&rest);
                    // One image or many: the products of matrices add in another order.
                    let error = (piece.support - expected).abs();
                    assert!(error < 1e-4, "drawing {index}: off by {error}");
                    assert_eq!(piece.paths, cut.paths, "drawing {index}: of this piece");
                }
            }
        }
    }

    #[test]
    fn no_ink_of_a_piece_remains() {
        let ink: Ink = [line(&[(0.5, 0.1), (0.5, 0.9)])].into_iter().collect();
        let placement = Placement::of(&ink).expect("a stroke");
        let whole = placement.draw(&ink);
        let mut left = [0.0; SIDE * SIDE];
        for cut in cuts(&ink, placement.pixel_size()) {
            let rest = placement.draw(&cut.rest);
            let pairs = whole.pixels().iter().zip(rest.pixels());
            let losses: Vec<f32> = pairs.map(|(whole, rest)| whole - rest).collect();
            // A pixel is known to about 0.02.
            assert!(losses.iter().all(|&loss| loss > -0.03), "no ink moves");
            let middle = f32::midpoint(cut.paths[0][0].y, cut.paths[0][1].y);
            let row = ((middle - 0.5) / placement.pixel_size() + 14.5) as usize;
            // The gap is 1.5 pixels long, and may cross a pixel.
            let rest = rest.pixels()[row * SIDE + 14];
            assert!(rest < 0.3, "paper in the middle of the gap: {rest}");
            for (left, loss) in left.iter_mut().zip(losses) {
                *left += loss;
            }
        }
        let pairs = whole.pixels().iter().zip(&left);
        let is_covered = |(&whole, &lost): (&f32, &f32)| whole < 0.5 || lost > 0.5 * whole;
        assert!(
            pairs.clone().all(is_covered),
            "each pixel belongs to a piece"
        );
    }

    #[test]
    fn strokes_are_divided_into_8_to_24_pieces() {
        let long = [line(&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)])];
        let cases: [(Vec<Stroke>, usize, &str); 5] = [
            (
                vec![line(&[(0.2, 0.2)])],
                0,
                "nothing would be left of a dot",
            ),
            (
                vec![line(&[(0.2, 0.2)]), line(&[(0.8, 0.2)])],
                2,
                "of two dots, one is left",
            ),
            (long.to_vec(), 12, "a long stroke"),
            (
                [&long[..], &[line(&[(0.5, 0.5)])]].concat(),
                12,
                "a dot beside it",
            ),
            (
                (0..100)
                    .map(|x| line(&[(x as f32 / 100.0, 0.0), (x as f32 / 100.0, 0.02)]))
                    .collect(),
                20,
                "many short strokes",
            ),
        ];
        for (strokes, expected, reason) in cases {
            let ink: Ink = strokes.into_iter().collect();
            let px = Placement::of(&ink).expect("a stroke").pixel_size();
            let cuts = cuts(&ink, px);
            let count = cuts.len();
            assert!(count.abs_diff(expected) <= 1, "{reason}: {count} pieces");
            let paths = cuts.iter().flat_map(|cut| &cut.paths);
            let drawn: f32 = paths.map(|path| length(path)).sum();
            let whole: f32 = ink
                .strokes()
                .iter()
                .map(|stroke| length(stroke.points()))
                .sum();
            assert!(
                count == 0 || (drawn - whole).abs() < 1e-3,
                "{reason}: all of it"
            );
        }
    }
}
