//! Symbols with a closed stroke: drawings within a circle, such as a clock or a circled 7; φ; polygons, such as a house.
//! The network sees a 0 in them, some with a slash or a dot.

use crate::ink::{Bounds, Ink, Point, Stroke};

/// The most that the ends of a closed stroke are apart, relative to its longer side.
const OPEN: f32 = 0.3;
/// The longest dot, relative to the longer side of the stroke around it.
const DOT: f32 = 0.15;
/// How far a slash may bend away from the line between its ends, relative to its longer side. Of development writers'
/// slashes within a 0, none reaches two thirds of it.
const BENT: f32 = 0.15;
/// The tangent of the largest angle between the line of a φ and the vertical. The slashes of 0s lean by 7 degrees and
/// more.
const UPRIGHT: f32 = 0.1;
/// How far the line of a φ reaches beyond its ring at least, at each end, relative to the height of the ring.
const BEYOND: f32 = 0.1;
/// How far the side of a polygon may bend, relative to the longer side of the polygon.
const SIDE_BEND: f32 = 0.05;
/// The most corners of a polygon. With this bend, of 808 closed strokes of digits none has fewer than six.
const MAX_CORNERS: usize = 5;

/// Whether a closed stroke makes the ink a symbol.
pub(super) fn is_symbol(ink: &Ink) -> bool {
    let mut rings = ink.strokes().iter().filter(|stroke| is_closed(stroke));
    rings.any(|ring| holds_a_drawing(ink, ring) || is_phi(ink, ring) || is_polygon(ring))
}

/// Whether a closed stroke holds a stroke that bends, or several ones: more than the slash or the dot of a 0.
fn holds_a_drawing(ink: &Ink, ring: &Stroke) -> bool {
    let around = bounds(ring);
    let side = around.longer_side() as f32;
    let is_held = |stroke: &&Stroke| {
        let own = bounds(stroke);
        is_within(&own, &around) && own.longer_side() as f32 > DOT * side
    };
    let held: Vec<&Stroke> = ink.strokes().iter().filter(is_held).collect();
    held.len() > 1 || held.into_iter().any(is_bent)
}

/// Whether an upright line crosses a closed stroke and reaches beyond it at both ends.
fn is_phi(ink: &Ink, ring: &Stroke) -> bool {
    let around = bounds(ring);
    let beyond = BEYOND * (around.max.y - around.min.y);
    ink.strokes().iter().any(|line| {
        let (own, (_, first, last)) = (bounds(line), ends(line));
        own.min.y < around.min.y - beyond
            && own.max.y > around.max.y + beyond
            && own.min.x > around.min.x
            && own.max.x < around.max.x
            && (last.x - first.x).abs() < UPRIGHT * (last.y - first.y).abs()
            && !is_bent(line)
    })
}

/// Whether a closed stroke is a triangle or a pentagon. A rectangle may be the 0 of a display.
fn is_polygon(ring: &Stroke) -> bool {
    let corners = corners(ring, SIDE_BEND * bounds(ring).longer_side() as f32);
    corners.is_some_and(|corners| corners.len() != 4 && is_convex(&corners))
}

/// The corners of a closed stroke whose sides bend by at most `bend` (the algorithm of Ramer, Douglas and Peucker); `None`
/// if there are more than [`MAX_CORNERS`].
fn corners(ring: &Stroke, bend: f32) -> Option<Vec<Point>> {
    let points = ring.points();
    let farthest = |from: Point| {
        let far = |&index: &usize| {
            let off = points[index] - from;
            off.x.hypot(off.y)
        };
        (0..points.len()).max_by(|a, b| far(a).total_cmp(&far(b)))
    };
    let Bounds { min, max } = bounds(ring);
    let start = farthest((min + max) * 0.5)?;
    // The points from the first corner around to it.
    let mut around = [&points[start..], &points[..=start]].concat();
    around.dedup();
    let mut corners = vec![around[0]];
    let is_complete = add_corners(&around, bend, &mut corners);
    (is_complete && corners.len() > 2).then_some(corners)
}

/// Adds the corners between the ends of a path. `false` if there are too many.
fn add_corners(path: &[Point], bend: f32, corners: &mut Vec<Point>) -> bool {
    let off = |&index: &usize| distance(path[index], path[0], path[path.len() - 1]);
    let farthest = (1..path.len().saturating_sub(1)).max_by(|a, b| off(a).total_cmp(&off(b)));
    let Some(corner) = farthest.filter(|corner| off(corner) > bend) else {
        return true;
    };
    if !add_corners(&path[..=corner], bend, corners) || corners.len() == MAX_CORNERS {
        return false;
    }
    corners.push(path[corner]);
    add_corners(&path[corner..], bend, corners)
}

/// Whether all corners turn to the same side.
fn is_convex(corners: &[Point]) -> bool {
    let count = corners.len();
    let turns_right = |index: usize| {
        let [a, b, c] = [0, 1, 2].map(|next| corners[(index + next) % count]);
        let (before, after) = (b - a, c - b);
        before.x * after.y > before.y * after.x
    };
    (1..count).all(|index| turns_right(index) == turns_right(0))
}

/// The distance between a point and the line from `first` to `last`; if they are one point, that to it.
fn distance(point: Point, first: Point, last: Point) -> f32 {
    let (line, off) = (last - first, point - first);
    let length = line.x.hypot(line.y);
    if length > 0.0 {
        (line.x * off.y - line.y * off.x).abs() / length
    } else {
        off.x.hypot(off.y)
    }
}

/// Whether a stroke ends where it begins.
pub(super) fn is_closed(stroke: &Stroke) -> bool {
    ends(stroke).0 <= OPEN * bounds(stroke).longer_side() as f32
}

fn bounds(stroke: &Stroke) -> Bounds {
    Bounds::of(stroke.points()).unwrap_or(Bounds {
        min: Point::default(),
        max: Point::default(),
    })
}

/// Whether a box lies within another one, and touches no side of it.
pub(super) fn is_within(inner: &Bounds, outer: &Bounds) -> bool {
    inner.min.x > outer.min.x
        && inner.min.y > outer.min.y
        && inner.max.x < outer.max.x
        && inner.max.y < outer.max.y
}

/// Whether a box lies beside no part of another one, and reaches beyond it above and below.
pub(super) fn is_through(line: &Bounds, ring: &Bounds) -> bool {
    line.min.x > ring.min.x
        && line.max.x < ring.max.x
        && line.min.y < ring.min.y
        && line.max.y > ring.max.y
}

/// The distance of a stroke's ends, and the first and the last of them.
fn ends(stroke: &Stroke) -> (f32, Point, Point) {
    let points = stroke.points();
    let (first, last) = (points[0], points[points.len() - 1]);
    ((last.x - first.x).hypot(last.y - first.y), first, last)
}

fn is_bent(stroke: &Stroke) -> bool {
    let (_, first, last) = ends(stroke);
    let most = BENT * bounds(stroke).longer_side() as f32;
    let mut points = stroke.points().iter();
    points.any(|&point| distance(point, first, last) > most)
}

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;

    use super::*;

    fn stroke(points: &[(f32, f32)]) -> Stroke {
        let points = points.iter().map(|&(x, y)| Point::new(x, y)).collect();
        Stroke::new(points).expect("points")
    }

    /// A closed stroke of as many points around (0.5, 0.5).
    fn oval(points: usize, width: f32) -> Stroke {
        let at = |index: usize| {
            let (sin, cos) = (TAU * index as f32 / points as f32).sin_cos();
            (0.5 + width / 2.0 * cos, 0.5 + 0.3 * sin)
        };
        stroke(&(0..=points).map(at).collect::<Vec<_>>())
    }

    #[test]
    fn polygons_and_phi_are_symbols_and_zeros_are_not() {
        let house = [
            (0.2, 0.9),
            (0.2, 0.4),
            (0.5, 0.1),
            (0.8, 0.4),
            (0.8, 0.9),
            (0.2, 0.9),
        ];
        let triangle = [(0.5, 0.1), (0.8, 0.8), (0.2, 0.82), (0.5, 0.12)];
        let display = [(0.3, 0.1), (0.7, 0.1), (0.7, 0.9), (0.3, 0.9), (0.3, 0.1)];
        let arrowhead = [
            (0.5, 0.1),
            (0.9, 0.9),
            (0.5, 0.5),
            (0.1, 0.9),
            (0.3, 0.4),
            (0.5, 0.1),
        ];
        let ring = || oval(30, 0.5);
        let cases = [
            (vec![stroke(&house)], true, "a house"),
            (vec![stroke(&triangle)], true, "a triangle"),
            (vec![stroke(&display)], false, "a rectangle may be a 0"),
            (vec![stroke(&arrowhead)], false, "a corner turns back"),
            (vec![stroke(&house[..5])], false, "an open path"),
            (vec![oval(12, 0.6)], false, "a circle of few points"),
            (vec![oval(12, 0.2)], false, "a narrow 0 of few points"),
            (vec![ring(), stroke(&[(0.51, 0.1), (0.5, 0.9)])], true, "φ"),
            (
                vec![ring(), stroke(&[(0.6, 0.1), (0.4, 0.9)])],
                false,
                "a slashed 0",
            ),
            (
                vec![ring(), stroke(&[(0.5, 0.25), (0.5, 0.9)])],
                false,
                "ends within",
            ),
            (vec![ring(), stroke(&[(0.8, 0.1), (0.8, 0.9)])], false, "01"),
        ];
        for (strokes, expected, reason) in cases {
            let ink: Ink = strokes.into_iter().collect();
            assert_eq!(is_symbol(&ink), expected, "{reason}");
        }
    }
}
