//! Lines of writing, and the pieces of their strokes.

use super::{
    lattice::{self, REACH, Weights},
    ring,
};
use crate::{
    bitmap::Bitmap,
    ink::{Bounds, Ink, Point, Stroke, to_bitmap},
};

/// A part of a stroke: its points from `first` to `last`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct PieceKey {
    pub(super) stroke: usize,
    pub(super) first: usize,
    pub(super) last: usize,
}

/// A line of writing: strokes, or the components of a picture.
pub(super) trait Writing {
    /// How often it is cut.
    const CUTS: usize;
    /// The most groups. Ink with more is a scribble.
    const MAX_GROUPS: usize;
    /// The weights of the groups of these pieces.
    fn weights(&self, pieces: &[Piece]) -> &'static Weights;
    /// The lines that are drawn below its digits.
    fn underlines(&self) -> Vec<PieceKey>;
    /// Its other pieces before any is cut, from left to right.
    fn whole(&self) -> Vec<Piece>;
    /// The same pieces, with wide ones and these poor ones cut where one digit may end and the next begin.
    fn cut(&self, pieces: &[Piece], poor: &[usize], height: f32) -> Vec<Piece>;
    /// The distances of near pieces, as far as they matter.
    fn distances(&self, pieces: &[Piece], far: f32) -> Distances;
    /// The network's input for a group.
    fn bitmap(&self, key: &[PieceKey]) -> Option<Bitmap>;
    /// The ink of a group; in a picture, the center lines of what is cut.
    fn ink(&self, key: &[PieceKey]) -> Ink;
    /// The strokes or the components that a group has ink of, ascending.
    fn strokes(&self, key: &[PieceKey]) -> Vec<usize>;
    /// The bounding box of a group.
    fn bounds(&self, key: &[PieceKey]) -> Bounds;
    /// Whether a closed stroke of a group makes it a symbol; never in a picture.
    fn is_symbol(&self, key: &[PieceKey]) -> bool;
}

/// A line of strokes.
#[derive(Debug)]
pub(super) struct InkLine<'a> {
    ink: &'a Ink,
    writing: Vec<usize>,
    underlines: Vec<usize>,
    /// The ink without the slant and the climb of the line.
    straight: Ink,
}

impl<'a> InkLine<'a> {
    pub(super) fn new(ink: &'a Ink, line: &'a [usize]) -> Self {
        let boxes = stroke_bounds(ink);
        let (underlines, writing) = without_underlines(line, &boxes);
        Self {
            ink,
            straight: straightened(ink, &writing),
            writing,
            underlines,
        }
    }

    fn whole_stroke(&self, stroke: usize) -> PieceKey {
        PieceKey {
            stroke,
            first: 0,
            last: self.ink.strokes()[stroke].points().len() - 1,
        }
    }
}

impl Writing for InkLine<'_> {
    const CUTS: usize = 1;
    // A pen is followed.
    const MAX_GROUPS: usize = 800;

    fn weights(&self, _pieces: &[Piece]) -> &'static Weights {
        &lattice::PEN
    }

    fn underlines(&self) -> Vec<PieceKey> {
        let strokes = self.underlines.iter();
        strokes.map(|&stroke| self.whole_stroke(stroke)).collect()
    }

    fn whole(&self) -> Vec<Piece> {
        let piece = |&stroke: &usize| Piece::new(&self.straight, self.whole_stroke(stroke));
        sorted(self.writing.iter().map(piece).collect())
    }

    fn cut(&self, pieces: &[Piece], poor: &[usize], height: f32) -> Vec<Piece> {
        cut(&self.straight, pieces, poor, height)
    }

    fn distances(&self, pieces: &[Piece], far: f32) -> Distances {
        Distances::of(pieces, far, |a, b| {
            distance(a.points(&self.straight), b.points(&self.straight), far)
        })
    }

    fn bitmap(&self, key: &[PieceKey]) -> Option<Bitmap> {
        to_bitmap(&self.ink(key))
    }

    fn ink(&self, key: &[PieceKey]) -> Ink {
        ink_of(self.ink, key)
    }

    fn strokes(&self, key: &[PieceKey]) -> Vec<usize> {
        key.iter().map(|part| part.stroke).collect()
    }

    fn bounds(&self, key: &[PieceKey]) -> Bounds {
        bounds_of(self.ink(key).strokes().iter().flat_map(Stroke::points))
    }

    fn is_symbol(&self, key: &[PieceKey]) -> bool {
        let stroke = |part: &PieceKey| &self.ink.strokes()[part.stroke];
        let is_whole =
            |part: &PieceKey| part.first == 0 && part.last + 1 == stroke(part).points().len();
        // A ring around a drawing stays one when a part of it is cut off.
        (key.len() > 1 || key.iter().all(is_whole))
            && ring::is_symbol(&key.iter().map(stroke).cloned().collect())
    }
}

/// A part of a stroke that is not divided further.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) key: PieceKey,
    pub(super) bounds: Bounds,
    /// Whether its stroke goes on before it and after it.
    pub(super) is_cut: [bool; 2],
    /// Whether its whole stroke is a ring.
    pub(super) is_of_ring: bool,
}

impl Piece {
    pub(super) fn new(ink: &Ink, key: PieceKey) -> Self {
        let stroke = &ink.strokes()[key.stroke];
        let points = stroke.points();
        Self {
            key,
            bounds: bounds_of(&points[key.first..=key.last]),
            is_cut: [key.first > 0, key.last + 1 < points.len()],
            is_of_ring: ring::is_closed(stroke),
        }
    }

    fn center_x(&self) -> f32 {
        f32::midpoint(self.bounds.min.x, self.bounds.max.x)
    }

    pub(super) fn points<'a>(&self, ink: &'a Ink) -> &'a [Point] {
        &ink.strokes()[self.key.stroke].points()[self.key.first..=self.key.last]
    }
}

/// The distances between the strokes of pieces, by their places in the line.
#[derive(Debug)]
pub(super) struct Distances(Vec<Vec<f32>>);

impl Distances {
    /// Of pieces up to [`REACH`] places apart. Those whose boxes are further apart than `far` have no distance.
    pub(super) fn of(pieces: &[Piece], far: f32, distance: impl Fn(&Piece, &Piece) -> f32) -> Self {
        let row = |(index, piece): (usize, &Piece)| {
            let later = pieces[index + 1..].iter().take(REACH);
            later
                .map(|other| {
                    if box_distance(&piece.bounds, &other.bounds) > far {
                        f32::MAX
                    } else {
                        distance(piece, other)
                    }
                })
                .collect()
        };
        Self(pieces.iter().enumerate().map(row).collect())
    }

    pub(super) fn between(&self, a: usize, b: usize) -> f32 {
        let row = &self.0[a.min(b)];
        let place = a.abs_diff(b).wrapping_sub(1);
        row.get(place).copied().unwrap_or(f32::MAX)
    }
}

/// The distance between two paths; more than `far` if there is none up to it.
pub(super) fn distance(a: &[Point], b: &[Point], far: f32) -> f32 {
    let mut least = f32::MAX;
    let all = bounds_of(b);
    for first in segments(a) {
        let own = segment_bounds(first);
        if box_distance(&own, &all) > least.min(far) {
            continue;
        }
        for second in segments(b) {
            if box_distance(&own, &segment_bounds(second)) <= least.min(far) {
                least = least.min(segment_distance(first, second));
            }
            // Strokes of a scribble cross often: once is enough.
            if least == 0.0 {
                return least;
            }
        }
    }
    least
}

/// The segments of a path; a dot is one.
fn segments(points: &[Point]) -> impl Iterator<Item = [Point; 2]> {
    let dot = (points.len() == 1).then(|| [points[0]; 2]);
    dot.into_iter()
        .chain(points.windows(2).map(|pair| [pair[0], pair[1]]))
}

fn segment_bounds([a, b]: [Point; 2]) -> Bounds {
    Bounds {
        min: Point::new(a.x.min(b.x), a.y.min(b.y)),
        max: Point::new(a.x.max(b.x), a.y.max(b.y)),
    }
}

fn segment_distance(a: [Point; 2], b: [Point; 2]) -> f32 {
    let side = |[from, to]: [Point; 2], p: Point| {
        (to.x - from.x) * (p.y - from.y) - (to.y - from.y) * (p.x - from.x)
    };
    if side(a, b[0]) * side(a, b[1]) < 0.0 && side(b, a[0]) * side(b, a[1]) < 0.0 {
        return 0.0;
    }
    let to_segment = |p: Point, [from, to]: [Point; 2]| {
        let (x, y) = (to.x - from.x, to.y - from.y);
        let along =
            ((p.x - from.x) * x + (p.y - from.y) * y) / (x * x + y * y).max(f32::MIN_POSITIVE);
        let along = along.clamp(0.0, 1.0);
        (p.x - from.x - along * x).hypot(p.y - from.y - along * y)
    };
    let ends = [
        to_segment(a[0], b),
        to_segment(a[1], b),
        to_segment(b[0], a),
        to_segment(b[1], a),
    ];
    ends.into_iter().fold(f32::MAX, f32::min)
}

/// The ink of some parts.
pub(super) fn ink_of(ink: &Ink, parts: &[PieceKey]) -> Ink {
    parts
        .iter()
        .filter_map(|part| {
            let stroke = &ink.strokes()[part.stroke];
            if part.first == 0 && part.last + 1 == stroke.points().len() {
                return Some(stroke.clone());
            }
            Stroke::new(stroke.points()[part.first..=part.last].to_vec())
        })
        .collect()
}

pub(super) fn bounds_of<'a>(points: impl IntoIterator<Item = &'a Point>) -> Bounds {
    Bounds::of(points).unwrap_or(Bounds {
        min: Point::default(),
        max: Point::default(),
    })
}

pub(super) fn stroke_bounds(ink: &Ink) -> Vec<Bounds> {
    let strokes = ink.strokes().iter();
    strokes.map(|stroke| bounds_of(stroke.points())).collect()
}

fn height(bounds: &Bounds) -> f32 {
    bounds.max.y - bounds.min.y
}

/// The strokes of each line of writing, from the top. Lines that are close to each other may be one: the two circles of an
/// 8, for instance. So there are two ways then, the one with fewer lines first.
///
/// Tall strokes make the lines: two neighbors are on one line if they share 0.4 of the smaller one's height. A flat
/// stroke joins the line of the nearest tall one.
pub(super) fn ways_of_lines(boxes: &[Bounds]) -> Vec<Vec<Vec<usize>>> {
    let tallest = boxes.iter().map(height).fold(0.0, f32::max);
    let (mut tall, flat): (Vec<usize>, Vec<usize>) =
        (0..boxes.len()).partition(|&i| height(&boxes[i]) >= 0.5 * tallest);
    tall.sort_by(|&a, &b| boxes[a].min.x.total_cmp(&boxes[b].min.x));
    let mut lines: Vec<Vec<usize>> = Vec::new();
    for index in tall {
        let own = &boxes[index];
        let is_on = |line: &Vec<usize>| {
            line.iter().rev().take(3).any(|&other| {
                let other = &boxes[other];
                let shared = own.max.y.min(other.max.y) - own.min.y.max(other.min.y);
                shared >= 0.4 * height(own).min(height(other))
            })
        };
        match lines.iter().position(is_on) {
            Some(line) => lines[line].push(index),
            None => lines.push(vec![index]),
        }
    }
    let mut joined = lines.clone();
    merge_touching(&mut joined, boxes, MIN_LINE_GAP * tallest);
    let is_one_way = joined.len() == lines.len();
    let mut ways = vec![with_flat(joined, &flat, boxes)];
    if !is_one_way {
        ways.push(with_flat(lines, &flat, boxes));
    }
    ways
}

/// The strokes or components of a line that are drawn below several of its digits, and the others. Such a stroke is flat
/// and long. Through the lower edge of a digit it is one too; the foot of one digit is not.
pub(super) fn without_underlines(line: &[usize], boxes: &[Bounds]) -> (Vec<usize>, Vec<usize>) {
    let tallest = line.iter().map(|&i| height(&boxes[i])).fold(0.0, f32::max);
    let is_tall = |&&i: &&usize| height(&boxes[i]) >= 0.5 * tallest;
    let tall: Vec<&Bounds> = line.iter().filter(is_tall).map(|&i| &boxes[i]).collect();
    line.iter().partition(|&&i| {
        let own = &boxes[i];
        let width = own.max.x - own.min.x;
        let is_long = width >= MIN_UNDERLINE * tallest && height(own) <= FLAT * width;
        let middle = (own.min + own.max) * 0.5;
        let center = |other: &Bounds| f32::midpoint(other.min.x, other.max.x);
        let is_over = |other: &&&Bounds| (own.min.x..=own.max.x).contains(&center(other));
        let above: Vec<&Bounds> = tall.iter().filter(is_over).copied().collect();
        let is_below = |other: &&Bounds| middle.y >= other.max.y - LOWER_EDGE * height(other);
        // The strokes of one digit are not beside each other.
        let are_apart = |a: &Bounds, b: &Bounds| center(a) < b.min.x && center(b) > a.max.x;
        let mut pairs = above.iter().flat_map(|a| above.iter().map(move |b| (a, b)));
        is_long && above.iter().all(is_below) && pairs.any(|(a, b)| are_apart(a, b))
    })
}

/// The lines with their flat strokes, from the top.
fn with_flat(mut lines: Vec<Vec<usize>>, flat: &[usize], boxes: &[Bounds]) -> Vec<Vec<usize>> {
    let tall_lines = lines.clone();
    for &index in flat {
        let distance = |line: &[usize]| {
            let distances = line.iter().map(|&i| box_distance(&boxes[index], &boxes[i]));
            distances.fold(f32::MAX, f32::min)
        };
        let nearest = (0..tall_lines.len())
            .min_by(|&a, &b| distance(&tall_lines[a]).total_cmp(&distance(&tall_lines[b])));
        lines[nearest.unwrap_or(0)].push(index);
    }
    let middle = |line: &[usize]| {
        let sum: f32 = line.iter().map(|&i| boxes[i].min.y + boxes[i].max.y).sum();
        sum / line.len() as f32
    };
    lines.sort_by(|a, b| middle(a).total_cmp(&middle(b)));
    lines
}

/// Joins lines whose strokes come closer to each other than `gap`, where one lies above the other.
fn merge_touching(lines: &mut Vec<Vec<usize>>, boxes: &[Bounds], gap: f32) {
    let touch = |a: &Bounds, b: &Bounds| {
        let shares_x = a.min.x.max(b.min.x) < a.max.x.min(b.max.x);
        shares_x && a.min.y.max(b.min.y) - a.max.y.min(b.max.y) < gap
    };
    let mut merged: Vec<Vec<usize>> = Vec::new();
    for mut line in lines.drain(..) {
        let touches = |other: &mut Vec<usize>| {
            let mut pairs = other
                .iter()
                .flat_map(|&a| line.iter().map(move |&b| (a, b)));
            pairs.any(|(a, b)| touch(&boxes[a], &boxes[b]))
        };
        let near: Vec<Vec<usize>> = merged.extract_if(.., touches).collect();
        line.extend(near.into_iter().flatten());
        merged.push(line);
    }
    *lines = merged;
}

pub(super) fn box_distance(a: &Bounds, b: &Bounds) -> f32 {
    let x = (a.min.x.max(b.min.x) - a.max.x.min(b.max.x)).max(0.0);
    let y = (a.min.y.max(b.min.y) - a.max.y.min(b.max.y)).max(0.0);
    // Mostly one of them is 0, and the library's function is slow.
    if x == 0.0 || y == 0.0 {
        x.max(y)
    } else {
        x.hypot(y)
    }
}

/// The ink with a line's slant and climb taken out: only such boxes tell what lies beside what. Point by point the same
/// strokes.
pub(super) fn straightened(ink: &Ink, line: &[usize]) -> Ink {
    let climb = climb(ink, line);
    let slant = slant(ink, line);
    let straight = |point: &Point| {
        let y = point.y - climb * point.x;
        Point::new(point.x - slant * y, y)
    };
    let strokes = ink.strokes().iter();
    strokes
        .filter_map(|stroke| Stroke::new(stroke.points().iter().map(straight).collect()))
        .collect()
}

/// The most slant and climb that are taken out.
const MAX_SLANT: f32 = 0.8;
const MAX_CLIMB: f32 = 0.5;
/// The steepness from which a part of a stroke tells the slant.
const STEEP: f32 = 1.2;

/// How far steep strokes of a line lean, in x for each y. The mean is drawn to upright where little ink is steep.
fn slant(ink: &Ink, line: &[usize]) -> f32 {
    let (mut along, mut down) = (0.0_f32, 0.0_f32);
    let mut extent = 0.0_f32;
    for &stroke in line {
        let points = ink.strokes()[stroke].points();
        extent += height(&bounds_of(points));
        for pair in points.windows(2) {
            let (x, y) = (pair[1].x - pair[0].x, pair[1].y - pair[0].y);
            if y.abs() > STEEP * x.abs() {
                along += x * y.signum();
                down += y.abs();
            }
        }
    }
    (along / (down + extent).max(f32::MIN_POSITIVE)).clamp(-MAX_SLANT, MAX_SLANT)
}

/// The slope of a line, through the middles of its tall strokes; 0 for a line that is not long.
fn climb(ink: &Ink, line: &[usize]) -> f32 {
    let boxes: Vec<Bounds> = line
        .iter()
        .map(|&stroke| bounds_of(ink.strokes()[stroke].points()))
        .collect();
    let tallest = boxes.iter().map(height).fold(0.0, f32::max);
    let middles: Vec<(f32, f32)> = boxes
        .iter()
        .filter(|own| height(own) >= 0.5 * tallest)
        .map(|own| {
            let Bounds { min, max } = own;
            (f32::midpoint(min.x, max.x), f32::midpoint(min.y, max.y))
        })
        .collect();
    let count = middles.len() as f32;
    let mean = |of: fn(&(f32, f32)) -> f32| middles.iter().map(of).sum::<f32>() / count.max(1.0);
    let (x, y) = (mean(|middle| middle.0), mean(|middle| middle.1));
    let spread: f32 = middles.iter().map(|middle| (middle.0 - x).powi(2)).sum();
    let shared: f32 = middles
        .iter()
        .map(|middle| (middle.0 - x) * (middle.1 - y))
        .sum();
    // As if three more strokes stood in a level line, each a height from the middle.
    let level = 3.0 * tallest.powi(2);
    (shared / (spread + level).max(f32::MIN_POSITIVE)).clamp(-MAX_CLIMB, MAX_CLIMB)
}

/// The height of a line's digits: the median of its tall strokes. A fifth of the longest stroke bounds it from below,
/// because flat ink (a dash) has no height.
pub(super) fn line_height(pieces: &[Piece]) -> f32 {
    let mut heights: Vec<f32> = pieces.iter().map(|piece| height(&piece.bounds)).collect();
    heights.sort_by(f32::total_cmp);
    let tallest = heights.last().copied().unwrap_or(0.0);
    let tall = &heights[heights.partition_point(|&height| height < 0.5 * tallest)..];
    let longest = pieces
        .iter()
        .map(|piece| piece.bounds.longer_side() as f32)
        .fold(f32::MIN_POSITIVE, f32::max);
    tall.get(tall.len() / 2)
        .copied()
        .unwrap_or(0.0)
        .max(0.2 * longest)
}

/// The pieces from left to right.
pub(super) fn sorted(mut pieces: Vec<Piece>) -> Vec<Piece> {
    pieces.sort_by(|a, b| a.center_x().total_cmp(&b.center_x()));
    pieces
}

/// The shortest underline, in heights of the tallest stroke, and its largest height, relative to its width.
const MIN_UNDERLINE: f32 = 1.0;
const FLAT: f32 = 0.2;
/// How far above the lower edge of a digit an underline may be, in heights of the digit.
const LOWER_EDGE: f32 = 0.25;
/// The least gap between two lines, in heights of the tallest stroke.
pub(super) const MIN_LINE_GAP: f32 = 0.2;
/// The narrowest poor stroke that is cut, in heights of the line.
const MIN_CUT_WIDTH: f32 = 0.45;
/// The width, in heights of the line, from which every stroke is cut.
const WIDE: f32 = 1.1;
/// The most cuts of one stroke.
const MAX_CUTS: usize = 5;
/// The length, in heights of the line, over which a corner is measured. Cuts lie further apart than half of it.
const CORNER_REACH: f32 = 0.12;
/// The least turn of a corner, in radians.
const CORNER_TURN: f32 = 0.7;
/// The least longer side of the parts before and after a cut, in heights of the line.
const MIN_PART: f32 = 0.3;
/// The most that the parts before and after a cut may overlap, in heights of the line.
const MAX_CUT_OVERLAP: f32 = 0.6;

/// Whether a piece is wide, or one of these poor ones.
pub(super) fn is_cut(piece: &Piece, poor: &[usize], height: f32) -> bool {
    let width = (piece.bounds.max.x - piece.bounds.min.x) / height;
    width >= WIDE || width >= MIN_CUT_WIDTH && poor.contains(&piece.key.stroke)
}

/// Cuts wide strokes and these poor ones where one digit may end and the next begin.
fn cut(ink: &Ink, pieces: &[Piece], poor: &[usize], height: f32) -> Vec<Piece> {
    let mut all = Vec::new();
    for piece in pieces {
        let PieceKey { stroke, last, .. } = piece.key;
        if !is_cut(piece, poor, height) {
            all.push(piece.clone());
            continue;
        }
        let mut first = 0;
        for last in cuts(piece.points(ink), height).into_iter().chain([last]) {
            all.push(Piece::new(
                ink,
                PieceKey {
                    stroke,
                    first,
                    last,
                },
            ));
            first = last;
        }
    }
    sorted(all)
}

/// The points where a stroke may be cut, ascending: its corners, and where the part before overlaps the part after less
/// than nearby. Of these, the ones with the least overlap.
pub(super) fn cuts(points: &[Point], height: f32) -> Vec<usize> {
    let path = MeasuredStroke::new(points);
    let is_between = |&i: &usize| {
        let parts = [&points[..=i], &points[i..]].map(|part| bounds_of(part).longer_side() as f32);
        parts.iter().all(|&side| side > MIN_PART * height)
            && path.overlaps[i] < MAX_CUT_OVERLAP * height
    };
    let inner: Vec<usize> = (1..points.len() - 1).filter(is_between).collect();
    let reach = CORNER_REACH * height;
    let turns: Vec<f32> = inner.iter().map(|&i| path.turn(i, reach)).collect();
    let straightness: Vec<f32> = turns.iter().map(|turn| -turn).collect();
    let overlaps: Vec<f32> = inner.iter().map(|&i| path.overlaps[i]).collect();
    let is_lowest = |values: &[f32], place: usize| {
        let own = path.lengths[inner[place]];
        let mut near =
            (0..inner.len()).filter(|&other| (path.lengths[inner[other]] - own).abs() <= reach);
        // The last of equals.
        near.all(|other| {
            values[other] > values[place] || (values[other] >= values[place] && other <= place)
        })
    };
    let mut found: Vec<usize> = (0..inner.len())
        .filter(|&place| {
            turns[place] > CORNER_TURN && is_lowest(&straightness, place)
                || is_lowest(&overlaps, place)
        })
        .map(|place| inner[place])
        .collect();
    found.sort_by(|&a, &b| path.overlaps[a].total_cmp(&path.overlaps[b]));
    let mut cuts: Vec<usize> = Vec::new();
    for i in found {
        let is_apart = |&other: &usize| (path.lengths[i] - path.lengths[other]).abs() > 0.5 * reach;
        if cuts.len() < MAX_CUTS && cuts.iter().all(is_apart) {
            cuts.push(i);
        }
    }
    cuts.sort_unstable();
    cuts
}

/// A stroke, measured along its way.
struct MeasuredStroke<'a> {
    points: &'a [Point],
    /// The length of the path up to each point.
    lengths: Vec<f32>,
    /// How far the part before each point reaches to the right over the left end of the part after it.
    overlaps: Vec<f32>,
}

impl<'a> MeasuredStroke<'a> {
    fn new(points: &'a [Point]) -> Self {
        let mut lengths = Vec::with_capacity(points.len());
        let mut length = 0.0;
        let mut right = f32::MIN;
        let mut overlaps = Vec::with_capacity(points.len());
        for (i, point) in points.iter().enumerate() {
            let before = points[i.saturating_sub(1)];
            length += (point.x - before.x).hypot(point.y - before.y);
            lengths.push(length);
            right = right.max(point.x);
            overlaps.push(right);
        }
        let mut left = f32::MAX;
        for (point, overlap) in points.iter().zip(&mut overlaps).rev() {
            left = left.min(point.x);
            *overlap -= left;
        }
        Self {
            points,
            lengths,
            overlaps,
        }
    }

    /// The turn at a point between the ways that lead to it and from it, each of length `reach`, in radians.
    fn turn(&self, i: usize, reach: f32) -> f32 {
        let way = self.lengths[i];
        let before = self.lengths.partition_point(|&length| length < way - reach);
        let after = self
            .lengths
            .partition_point(|&length| length <= way + reach);
        let a = self.points[before.min(i - 1)];
        let b = self.points[i];
        let c = self.points[after.clamp(i + 1, self.points.len() - 1)];
        let (ux, uy, vx, vy) = (b.x - a.x, b.y - a.y, c.x - b.x, c.y - b.y);
        (ux * vy - uy * vx).atan2(ux * vx + uy * vy).abs()
    }
}
