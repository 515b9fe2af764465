//! Lines of writing, and the pieces of their strokes.

use crate::ink::{Bounds, Ink, Point, Stroke};

/// A part of a stroke: its points from `first` to `last`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct PieceKey {
    pub(super) stroke: usize,
    pub(super) first: usize,
    pub(super) last: usize,
}

/// A part of a stroke that is not divided further.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) key: PieceKey,
    pub(super) bounds: Bounds,
    /// Whether its stroke goes on before it and after it.
    pub(super) is_cut: [bool; 2],
}

impl Piece {
    fn new(ink: &Ink, key: PieceKey) -> Self {
        let points = ink.strokes()[key.stroke].points();
        Self {
            key,
            bounds: bounds_of(&points[key.first..=key.last]),
            is_cut: [key.first > 0, key.last + 1 < points.len()],
        }
    }

    fn center_x(&self) -> f32 {
        f32::midpoint(self.bounds.min.x, self.bounds.max.x)
    }

    fn points<'a>(&self, ink: &'a Ink) -> &'a [Point] {
        &ink.strokes()[self.key.stroke].points()[self.key.first..=self.key.last]
    }
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

fn bounds_of(points: &[Point]) -> Bounds {
    Bounds::of(points).unwrap_or(Bounds {
        min: points[0],
        max: points[0],
    })
}

fn stroke_bounds(ink: &Ink) -> Vec<Bounds> {
    let strokes = ink.strokes().iter();
    strokes.map(|stroke| bounds_of(stroke.points())).collect()
}

fn height(bounds: &Bounds) -> f32 {
    bounds.max.y - bounds.min.y
}

/// The strokes of each line of writing, from the top.
///
/// Tall strokes make the lines: two neighbors are on one line if they share 0.4 of the smaller one's height. A flat
/// stroke joins the line of the nearest tall one. Lines that touch are one: the two circles of an 8, for instance.
pub(super) fn lines(ink: &Ink) -> Vec<Vec<usize>> {
    let boxes = stroke_bounds(ink);
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
    merge_touching(&mut lines, &boxes, MIN_LINE_GAP * tallest);
    let tall_lines = lines.clone();
    for index in flat {
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

fn box_distance(a: &Bounds, b: &Bounds) -> f32 {
    let x = (a.min.x.max(b.min.x) - a.max.x.min(b.max.x)).max(0.0);
    let y = (a.min.y.max(b.min.y) - a.max.y.min(b.max.y)).max(0.0);
    x.hypot(y)
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

/// The strokes of a line as pieces, from left to right.
pub(super) fn whole(ink: &Ink, line: &[usize]) -> Vec<Piece> {
    let piece = |&stroke: &usize| {
        let last = ink.strokes()[stroke].points().len() - 1;
        let first = 0;
        Piece::new(
            ink,
            PieceKey {
                stroke,
                first,
                last,
            },
        )
    };
    sorted(line.iter().map(piece).collect())
}

fn sorted(mut pieces: Vec<Piece>) -> Vec<Piece> {
    pieces.sort_by(|a, b| a.center_x().total_cmp(&b.center_x()));
    pieces
}

/// The least gap between two lines, in heights of the tallest stroke.
const MIN_LINE_GAP: f32 = 0.1;
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

/// Cuts wide strokes and these poor ones where one digit may end and the next begin.
pub(super) fn cut(ink: &Ink, pieces: &[Piece], poor: &[usize], height: f32) -> Vec<Piece> {
    let mut all = Vec::new();
    for piece in pieces {
        let PieceKey { stroke, last, .. } = piece.key;
        let width = (piece.bounds.max.x - piece.bounds.min.x) / height;
        if width < WIDE && !(poor.contains(&stroke) && width >= MIN_CUT_WIDTH) {
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
fn cuts(points: &[Point], height: f32) -> Vec<usize> {
    let path = Path::new(points);
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
struct Path<'a> {
    points: &'a [Point],
    /// The length of the path up to each point.
    lengths: Vec<f32>,
    /// How far the part before each point reaches to the right over the left end of the part after it.
    overlaps: Vec<f32>,
}

impl<'a> Path<'a> {
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
