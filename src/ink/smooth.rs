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
/// Bounds the work that one segment can ask for.
const MOST_PIECES: f32 = 64.0;

/// The path through a stroke's samples as a polyline fine enough to be drawn on the pad, in the pad's units.
pub fn polyline(points: &[Point]) -> Vec<Point> {
    flatten(points, PAD_TOLERANCE)
}

/// The path through a stroke's samples as a polyline that is within `tolerance` of the curve, in the unit of
/// the points. One place gives one point; it begins and ends where the samples do.
pub fn flatten(points: &[Point], tolerance: f32) -> Vec<Point> {
    let samples = thin(points, tolerance * SPACING_IN_TOLERANCES);
    let Some(&first) = samples.first() else {
        return Vec::new();
    };
    let handles: Vec<Handles> = (0..samples.len())
        .map(|index| Handles::at(&samples, index))
        .collect();
    let mut path = vec![first];
    for (ends, handles) in samples.windows(2).zip(handles.windows(2)) {
        let curve = [
            ends[0],
            add(ends[0], handles[0].after),
            add(ends[1], handles[1].before),
            ends[1],
        ];
        push_cubic(&mut path, curve, tolerance);
    }
    path
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

/// The Bézier handles of a sample, relative to it.
#[derive(Clone, Copy, Debug, Default)]
struct Handles {
    before: Point,
    after: Point,
}

impl Handles {
    /// Those of the centripetal spline inside of a stroke; none at its ends, where the path just arrives.
    fn at(samples: &[Point], index: usize) -> Self {
        if index == 0 || index + 1 >= samples.len() {
            return Self::default();
        }
        let before = sub(samples[index], samples[index - 1]);
        let after = sub(samples[index + 1], samples[index]);
        let (before_len, after_len) = (length(before), length(after));
        // Full strength up to a turn of 60°, none from 90° on: seven samples round a circle stay round, the
        // corner of a 7 stays a corner, and nothing jumps in between.
        let cosine = dot(before, after) / (before_len * after_len);
        let strength = (2.0 * cosine).clamp(0.0, 1.0);
        // Knots are spaced by the root of the distance (centripetal): t = √d and the tangent at the sample is
        // the mean of both velocities, each weighted with the other's duration.
        let (t0, t1) = (before_len.sqrt(), after_len.sqrt());
        let tangent = add(
            scale(before, t1 / (t0 * (t0 + t1))),
            scale(after, t0 / (t1 * (t0 + t1))),
        );
        let longest = LONGEST_HANDLE * before_len.min(after_len);
        let handle = |duration: f32| {
            let handle = scale(tangent, duration / 3.0);
            let len = length(handle).max(f32::MIN_POSITIVE);
            scale(handle, strength * (longest / len).min(1.0))
        };
        let backwards = handle(-t0);
        Self {
            before: backwards,
            after: handle(t1),
        }
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
        path.push(add(
            add(scale(a, s * s * s), scale(b, 3.0 * s * s * t)),
            add(scale(c, 3.0 * s * t * t), scale(d, t * t * t)),
        ));
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

fn dot(a: Point, b: Point) -> f32 {
    a.x * b.x + a.y * b.y
}

fn length(a: Point) -> f32 {
    a.x.hypot(a.y)
}
