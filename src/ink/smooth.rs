//! From the samples of a stroke to the path that the pen took between them.
//!
//! A tablet reports between ten and a thousand points a second, so neighbours can be far apart or on top of
//! each other. Samples that are too near to matter are left out, and a centripetal Catmull-Rom spline is laid
//! through the rest (Yuksel, Schaefer and Keyser, "Parameterization and applications of Catmull-Rom curves",
//! 2011: no cusps and no loops within a segment). At a corner of the writing (the elbow of a 7, the angles of
//! a 4) the path is broken instead of rounded.

use super::Point;

/// How far [`polyline`] may be from the curve, in the pad's side: a quarter of a pixel on a pad of 500.
const PAD_TOLERANCE: f32 = 0.0005;
/// Samples nearer to each other than this many tolerances say nothing about the path.
const SPACING_IN_TOLERANCES: f32 = 4.0;
/// A handle of a Bézier segment is at most this much of the shorter of the two chords at its sample, so that a
/// long straight part next to a short one doesn't bulge. On a circle sampled evenly it is about 0.35.
const LONGEST_HANDLE: f32 = 0.5;
/// At most so many points in a row are left out, so that each is not looked at again and again.
const MOST_SKIPPED: usize = 12;
/// Bounds the work that one segment can ask for.
const MOST_PIECES: f32 = 64.0;

/// The path through a stroke's samples as a polyline fine enough to be drawn on the pad, in the pad's units.
pub fn polyline(points: &[Point]) -> Vec<Point> {
    flatten(points, PAD_TOLERANCE)
}

/// The path through a stroke's samples as a polyline that is within two `tolerance` of the curve,
/// in the unit of the points. One place gives one point; it begins and ends where the samples do.
pub fn flatten(points: &[Point], tolerance: f32) -> Vec<Point> {
    let samples = thin(points, tolerance * SPACING_IN_TOLERANCES);
    let Some(&first) = samples.first() else {
        return Vec::new();
    };
    let joints: Vec<Joint> = (0..samples.len())
        .map(|index| Joint::at(&samples, index))
        .collect();
    let mut path = vec![first];
    for (ends, joints) in samples.windows(2).zip(joints.windows(2)) {
        let chord = sub(ends[1], ends[0]);
        let leaving = joints[0].handle(joints[0].after, chord, &joints[1], joints[1].before);
        let back = scale(chord, -1.0);
        let arriving = joints[1].handle(joints[1].before, back, &joints[0], joints[0].after);
        let curve = [
            ends[0],
            add(ends[0], leaving),
            add(ends[1], arriving),
            ends[1],
        ];
        push_cubic(&mut path, curve, tolerance);
    }
    simplify(&path, tolerance)
}

/// Leaves out what is nearer than `spacing` to the point before, but neither the first nor the last.
fn thin(points: &[Point], spacing: f32) -> Vec<Point> {
    let mut kept: Vec<Point> = Vec::with_capacity(points.len());
    for &point in points {
        if kept
            .last()
            .is_none_or(|&last| length(sub(point, last)) >= spacing)
        {
            kept.push(point);
        }
    }
    if let (Some(&end), Some(&last)) = (points.last(), kept.last())
        && end != last
    {
        if kept.len() > 1 {
            kept.pop();
        }
        kept.push(end);
    }
    kept
}

/// Leaves out points that the line between their neighbours passes within `tolerance`.
fn simplify(path: &[Point], tolerance: f32) -> Vec<Point> {
    let mut kept = Vec::with_capacity(path.len());
    kept.extend(path.first());
    let mut anchor = 0;
    for end in 1..path.len() {
        let is_far = |point: &Point| distance(*point, path[anchor], path[end]) > tolerance;
        let skipped = &path[anchor + 1..end];
        if skipped.len() == MOST_SKIPPED || skipped.iter().any(is_far) {
            anchor = end - 1;
            kept.push(path[anchor]);
        }
    }
    if path.len() > 1 {
        kept.extend(path.last());
    }
    kept
}

/// From a point to the nearest one of a segment.
fn distance(point: Point, from: Point, to: Point) -> f32 {
    let (chord, off) = (sub(to, from), sub(point, from));
    let along = dot(off, chord) / dot(chord, chord).max(f32::MIN_POSITIVE);
    length(sub(off, scale(chord, along.clamp(0.0, 1.0))))
}

/// How the path passes a sample: the Bézier handles of the spline, relative to the sample, and how
/// far they count. At a stroke's ends and at corners they don't.
#[derive(Clone, Copy, Debug, Default)]
struct Joint {
    before: Point,
    after: Point,
    smoothness: f32,
}

impl Joint {
    fn at(samples: &[Point], index: usize) -> Self {
        if index == 0 || index + 1 >= samples.len() {
            return Self::default();
        }
        let before = sub(samples[index], samples[index - 1]);
        let after = sub(samples[index + 1], samples[index]);
        let (before_len, after_len) = (length(before), length(after));
        // Smooth up to a turn of 60°, a corner from 90° on: seven samples round a circle stay
        // round, the elbow of a 7 stays an elbow, and nothing jumps in between.
        let cosine = dot(before, after) / (before_len * after_len);
        // Knots are spaced by the root of the distance (centripetal): t = √d, and the tangent at
        // the sample is the mean of both velocities, each weighted with the other's duration.
        let (t0, t1) = (before_len.sqrt(), after_len.sqrt());
        let tangent = add(
            scale(before, t1 / (t0 * (t0 + t1))),
            scale(after, t0 / (t1 * (t0 + t1))),
        );
        let longest = LONGEST_HANDLE * before_len.min(after_len);
        let handle = |duration: f32| {
            let handle = scale(tangent, duration / 3.0);
            scale(
                handle,
                (longest / length(handle).max(f32::MIN_POSITIVE)).min(1.0),
            )
        };
        Self {
            before: handle(-t0),
            after: handle(t1),
            smoothness: (2.0 * cosine).clamp(0.0, 1.0),
        }
    }

    /// The handle towards another joint, `chord` away, whose handle comes back. As far as this one
    /// is no smooth joint, the path is free to leave it as the other one asks: on a parabola, or
    /// straight if that is none either.
    fn handle(&self, own: Point, chord: Point, other: &Self, its_own: Point) -> Point {
        let straight = scale(chord, -1.0 / 3.0);
        let its = mix(straight, its_own, other.smoothness);
        let free = add(scale(chord, 2.0 / 3.0), its);
        mix(free, own, self.smoothness)
    }
}

/// Adds a cubic Bézier curve without its first point, in as many pieces as the tolerance needs (Wang's bound on
/// the distance between a curve and its chords).
fn push_cubic(path: &mut Vec<Point>, [a, b, c, d]: [Point; 4], tolerance: f32) {
    let bend = |a, b, c| length(add(sub(a, scale(b, 2.0)), c));
    let bent = bend(a, b, c).max(bend(b, c, d));
    let pieces = (0.75 * bent / tolerance).sqrt().ceil();
    let pieces = pieces.clamp(1.0, MOST_PIECES) as usize;
    for piece in 1..pieces {
        let t = piece as f32 / pieces as f32;
        let s = 1.0 - t;
        let point = add(
            add(scale(a, s * s * s), scale(b, 3.0 * s * s * t)),
            add(scale(c, 3.0 * s * t * t), scale(d, t * t * t)),
        );
        // Between the largest coordinates that there are, the arithmetic overflows.
        if point.is_finite() {
            path.push(point);
        }
    }
    path.push(d);
}

fn add(a: Point, b: Point) -> Point {
    Point::new(a.x + b.x, a.y + b.y)
}

fn sub(a: Point, b: Point) -> Point {
    Point::new(a.x - b.x, a.y - b.y)
}

fn scale(a: Point, by: f32) -> Point {
    Point::new(a.x * by, a.y * by)
}

fn mix(a: Point, b: Point, part_of_b: f32) -> Point {
    add(scale(a, 1.0 - part_of_b), scale(b, part_of_b))
}

fn dot(a: Point, b: Point) -> f32 {
    a.x * b.x + a.y * b.y
}

fn length(a: Point) -> f32 {
    dot(a, a).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circle(count: usize) -> Vec<Point> {
        let point = |index: usize| {
            let turn = index as f32 / count as f32 * std::f32::consts::TAU;
            Point::new(turn.cos(), turn.sin())
        };
        (0..=count).map(point).collect()
    }

    #[test]
    fn a_curve_is_restored_from_few_samples() {
        // How far the path may be from the circle of radius 1; chords alone would be off by 0.10,
        // 0.038 and 0.0055. The first and the last segment know only one neighbour.
        for (count, tolerance) in [(7, 0.04), (12, 0.01), (30, 0.002)] {
            for point in flatten(&circle(count), 0.001) {
                let off = (length(point) - 1.0).abs();
                assert!(
                    off < tolerance,
                    "{point:?} of {count} samples is off by {off}"
                );
            }
        }
    }

    #[test]
    fn degenerate_strokes_have_a_path() {
        let p = Point::new;
        let cases: [(&[Point], &[Point], &str); 5] = [
            (&[], &[], "nothing"),
            (&[p(1.0, 2.0)], &[p(1.0, 2.0)], "a tap"),
            (&[p(1.0, 2.0); 9], &[p(1.0, 2.0)], "a pen at rest"),
            (
                &[p(0.0, 0.0), p(1.0, 0.0)],
                &[p(0.0, 0.0), p(1.0, 0.0)],
                "a line",
            ),
            (
                &[p(0.0, 0.0), p(1e-6, 0.0)],
                &[p(0.0, 0.0), p(1e-6, 0.0)],
                "its end is kept",
            ),
        ];
        for (points, expected, reason) in cases {
            assert_eq!(polyline(points), expected, "{reason}");
        }
    }

    #[test]
    fn a_long_line_beside_a_short_one_does_not_bulge() {
        let p = Point::new;
        let path = flatten(
            &[p(0.0, 0.0), p(20.0, 0.0), p(20.3, 0.3), p(20.4, 1.0)],
            0.01,
        );
        let bulge = path
            .iter()
            .filter(|p| p.x < 20.0)
            .map(|p| p.y.abs())
            .fold(0.0, f32::max);
        assert!(bulge < 0.1, "it is off by {bulge} of a length of 20");
    }

    #[test]
    fn the_largest_coordinates_have_a_path_too() {
        let p = Point::new;
        let far = [
            p(f32::MAX, 0.0),
            p(0.0, f32::MIN),
            p(f32::MIN, f32::MAX),
            p(1.0, 1.0),
        ];
        let path = polyline(&far);
        assert!(
            path.iter().all(|point| point.is_finite()),
            "it can be drawn: {path:?}"
        );
        assert_eq!(path.last(), far.last(), "to its end");
    }

    #[test]
    fn a_path_is_no_longer_than_it_needs_to_be() {
        let dense: Vec<Point> = circle(10_000);
        let path = flatten(&dense, 0.01);
        assert!(path.len() < 200, "{} points for 10,000 samples", path.len());
    }
}
