//! From bends to a path, and what can be done to a path.

use crate::ink::Point;

/// A place that a path goes through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bend {
    pub(super) at: Point,
    /// Whether the path turns sharply here.
    pub(super) is_corner: bool,
    /// How far a straight way on from here bows out, as a part of its length.
    pub(super) bow: f32,
}

/// Between two neighbors on a path, in the height of a digit.
pub(super) const SPACING: f32 = 0.012;
/// How long the handles of a Bézier segment are beside its chord: a circle of eight places needs 0.35, one of
/// four 0.39.
const HANDLE: f32 = 0.36;

/// The curve through places. Between two corners it is straight, but for its bow.
pub(super) fn through(bends: &[Bend]) -> Vec<Point> {
    let mut curve: Vec<Point> = bends.first().map(|bend| bend.at).into_iter().collect();
    for (index, ends) in bends.windows(2).enumerate() {
        let (a, d) = (ends[0].at, ends[1].at);
        let (dx, dy) = (d.x - a.x, d.y - a.y);
        let handle = |bend: usize, sign: f32| {
            let (before, after) = (bend.checked_sub(1)?, bend + 1);
            if bends[bend].is_corner || after == bends.len() {
                return None;
            }
            let (before, after) = (bends[before].at, bends[after].at);
            let (x, y) = (after.x - before.x, after.y - before.y);
            let part = sign * HANDLE * dx.hypot(dy) / x.hypot(y).max(f32::MIN_POSITIVE);
            let at = bends[bend].at;
            Some(Point::new(at.x + part * x, at.y + part * y))
        };
        let (b, c) = match (handle(index, 1.0), handle(index + 1, -1.0)) {
            (Some(b), Some(c)) => (b, c),
            // At a corner or an end, the segment bends as its other end does.
            (Some(b), None) => (b, mix(d, b, 0.5)),
            (None, Some(c)) => (mix(a, c, 0.5), c),
            (None, None) => {
                let bow = ends[0].bow;
                let off = |p: Point| Point::new(p.x - bow * dy, p.y + bow * dx);
                (off(mix(a, d, 1.0 / 3.0)), off(mix(a, d, 2.0 / 3.0)))
            }
        };
        let pieces = (dx.hypot(dy) / SPACING).ceil().max(1.0);
        for piece in 1..=pieces as usize {
            let t = piece as f32 / pieces;
            let (ab, bc, cd) = (mix(a, b, t), mix(b, c, t), mix(c, d, t));
            curve.push(mix(mix(ab, bc, t), mix(bc, cd, t), t));
        }
    }
    curve
}

/// A point a part of the way from one to another.
pub(super) fn mix(a: Point, b: Point, part: f32) -> Point {
    Point::new(a.x + (b.x - a.x) * part, a.y + (b.y - a.y) * part)
}

/// How far it is from one point to another.
pub(super) fn distance(a: Point, b: Point) -> f32 {
    (b.x - a.x).hypot(b.y - a.y)
}

/// How long a path is.
pub(super) fn length(path: &[Point]) -> f32 {
    path.windows(2).map(|ends| distance(ends[0], ends[1])).sum()
}

/// Takes the places that are these lengths along a path; the lengths grow. A path of one place is a tap, and
/// stays one.
pub(super) fn sample(path: &[Point], lengths: impl IntoIterator<Item = f32>) -> Vec<Point> {
    if let [tap] = path {
        return vec![*tap];
    }
    let mut segments = path.windows(2);
    let mut segment = segments.next();
    let mut start = 0.0;
    let mut sampled = Vec::new();
    for wanted in lengths {
        while let Some(&[a, b]) = segment {
            let len = distance(a, b);
            if wanted <= start + len || segments.len() == 0 {
                let part = ((wanted - start) / len.max(f32::MIN_POSITIVE)).clamp(0.0, 1.0);
                sampled.push(mix(a, b, part));
                break;
            }
            start += len;
            segment = segments.next();
        }
    }
    sampled
}

/// The same path with places at an even spacing.
pub(super) fn resample(path: &[Point]) -> Vec<Point> {
    let len = length(path);
    let steps = (len / SPACING).ceil().max(1.0);
    sample(
        path,
        (0..=steps as usize).map(|step| len * step as f32 / steps),
    )
}

/// Rounds what is sharp, as a hurried hand does: each pass moves every point but the ends to where it and its
/// neighbors are on average.
pub(super) fn round_off(path: &mut [Point], passes: usize) {
    for _ in 0..passes {
        for index in 1..path.len().saturating_sub(1) {
            let middle = mix(path[index - 1], path[index + 1], 0.5);
            path[index] = mix(path[index], middle, 0.5);
        }
    }
}
