//! Drawings within a circle, such as a clock or a circled 7. The network sees a 0 with a slash or a dot in them.

use crate::ink::{Bounds, Ink, Point, Stroke};

/// The most that the ends of a closed stroke are apart, relative to its longer side.
const OPEN: f32 = 0.3;
/// The longest dot, relative to the longer side of the stroke around it.
const DOT: f32 = 0.15;
/// How far a slash may bend away from the line between its ends, relative to its longer side. Of development writers'
/// slashes within a 0, none reaches two thirds of it.
const BENT: f32 = 0.15;

/// Whether a closed stroke holds a stroke that bends, or several ones: more than the slash or the dot of a 0.
pub(super) fn holds_a_drawing(ink: &Ink) -> bool {
    let strokes = || ink.strokes().iter().map(|stroke| (stroke, bounds(stroke)));
    strokes().any(|(ring, around)| {
        let side = around.longer_side() as f32;
        let held: Vec<&Stroke> = strokes()
            .filter(|(_, own)| is_within(own, &around) && own.longer_side() as f32 > DOT * side)
            .map(|(stroke, _)| stroke)
            .collect();
        is_closed(ring) && (held.len() > 1 || held.into_iter().any(is_bent))
    })
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

/// The distance of a stroke's ends, and the first and the last of them.
fn ends(stroke: &Stroke) -> (f32, Point, Point) {
    let points = stroke.points();
    let (first, last) = (points[0], points[points.len() - 1]);
    ((last.x - first.x).hypot(last.y - first.y), first, last)
}

fn is_bent(stroke: &Stroke) -> bool {
    let (length, first, last) = ends(stroke);
    let side = bounds(stroke).longer_side() as f32;
    let off = |point: &Point| {
        let (x, y) = (point.x - first.x, point.y - first.y);
        if length > 0.0 {
            ((last.x - first.x) * y - (last.y - first.y) * x).abs() / length
        } else {
            x.hypot(y)
        }
    };
    stroke.points().iter().any(|point| off(point) > BENT * side)
}
