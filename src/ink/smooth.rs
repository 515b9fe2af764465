//! Smoothing: from the samples of a stroke to the path of the pen.
//!
//! A tablet reports between ten and a thousand samples a second, so neighbors can be far apart or coincide. The path
//! drops samples that are too close and follows a centripetal Catmull-Rom spline through the others (Yuksel, Schaefer
//! and Keyser, "Parameterization and applications of Catmull-Rom curves", 2011: no cusps and no loops within a
//! segment). The path has corners where the writing has them, as in 4 and 7.

use super::Point;

/// The tolerance of [`flatten`] for the pad, in units of its side: a quarter of a pixel on a pad of 500.
pub const PAD_TOLERANCE: f32 = 0.0005;
/// The smallest distance of two samples, in tolerances.
const SPACING_IN_TOLERANCES: f32 = 4.0;
/// The longest handle of a Bézier segment, relative to the shorter chord at its sample. It keeps a long straight part
/// beside a short one from bulging. On an evenly sampled circle a handle is about 0.35.
const MAX_HANDLE: f32 = 0.5;
/// The largest number of consecutive points that simplification drops. It bounds the work per point.
const MAX_SKIPPED: usize = 12;
/// The largest number of chords per segment.
const MAX_PIECES: f32 = 64.0;

/// The path through a stroke's samples: a polyline within two `tolerance` of the curve, in the unit of the points. It
/// has the samples' first and last point. Samples at one place give one point.
pub fn flatten(points: &[Point], tolerance: f32) -> Vec<Point> {
    let mut path = Path::new(tolerance);
    path.extend(points);
    path.finish();
    path.settled
}

/// The path of an unfinished stroke. Further samples change only its end.
#[derive(Clone, Debug)]
pub struct Path {
    tolerance: f32,
    settled: Vec<Point>,
    /// The sample at the end of the curve, and those after it. None is too close to the one before.
    samples: Vec<Point>,
    /// The joint at the first of them.
    joint: Joint,
    /// The last sample, even if it is close to the one before.
    last: Option<Point>,
    /// The last settled point of the curve, and those after it, which simplification may drop.
    open: Vec<Point>,
    /// The number of open points that simplification has examined.
    examined: usize,
}

impl Path {
    /// A path without samples. `tolerance` is that of [`flatten`].
    pub fn new(tolerance: f32) -> Self {
        Self {
            tolerance,
            settled: Vec::new(),
            samples: Vec::new(),
            joint: Joint::default(),
            last: None,
            open: Vec::new(),
            examined: 1,
        }
    }

    /// The points that no further sample changes.
    pub fn settled(&self) -> &[Point] {
        &self.settled
    }

    /// The points after the settled ones, if no sample follows.
    pub fn rest(&self) -> Vec<Point> {
        let mut end = Self {
            settled: Vec::new(),
            samples: self.samples.clone(),
            open: self.open.clone(),
            ..*self
        };
        end.finish();
        end.settled
    }

    /// Appends samples.
    pub fn extend(&mut self, mut samples: &[Point]) {
        let Some(&last) = samples.last() else {
            return;
        };
        self.last = Some(last);
        if self.samples.is_empty() {
            for start in [&mut self.samples, &mut self.open, &mut self.settled] {
                start.push(samples[0]);
            }
            samples = &samples[1..];
        }
        let spacing = self.tolerance * SPACING_IN_TOLERANCES;
        let mut before = self.samples[self.samples.len() - 1];
        self.samples.reserve(samples.len());
        for &sample in samples {
            if (sample - before).length() >= spacing {
                self.samples.push(sample);
                before = sample;
            }
        }
        // The stroke's end may replace the last sample, and a curve depends on one sample beyond its end.
        self.append_curves(self.samples.len().saturating_sub(3));
    }

    /// Settles all points: no sample follows.
    fn finish(&mut self) {
        let Some(end) = self.last else {
            return;
        };
        if self.samples.last() != Some(&end) {
            if self.samples.len() > 1 {
                self.samples.pop();
            }
            self.samples.push(end);
        }
        self.append_curves(self.samples.len() - 1);
        self.settled.extend(self.open[1..].last());
    }

    /// Appends the curves from the first `curves` samples to their successors.
    fn append_curves(&mut self, curves: usize) {
        let mut joint = self.joint;
        self.open.reserve(curves);
        for (index, ends) in self.samples.windows(2).take(curves).enumerate() {
            let next = Joint::at(&self.samples, index + 1);
            // Between two corners the path is straight.
            if joint.smoothness == 0.0 && next.smoothness == 0.0 {
                self.open.push(ends[1]);
            } else {
                let chord = ends[1] - ends[0];
                let leaving = joint.handle(joint.after, chord, &next, next.before);
                let arriving = next.handle(next.before, chord * -1.0, &joint, joint.after);
                let curve = [ends[0], ends[0] + leaving, ends[1] + arriving, ends[1]];
                push_cubic(&mut self.open, curve, self.tolerance);
            }
            joint = next;
        }
        self.joint = joint;
        self.samples.drain(..curves);
        self.simplify();
    }

    /// Drops points within the tolerance of the line between their neighbors.
    fn simplify(&mut self) {
        let squared_tolerance = self.tolerance * self.tolerance;
        let mut anchor = 0;
        self.settled.reserve(self.open.len() / 2);
        for end in self.examined..self.open.len() {
            let (from, to) = (self.open[anchor], self.open[end]);
            let is_far = |point: &Point| squared_distance(*point, from, to) > squared_tolerance;
            let skipped = &self.open[anchor + 1..end];
            if skipped.len() == MAX_SKIPPED || skipped.iter().any(is_far) {
                anchor = end - 1;
                self.settled.push(self.open[anchor]);
            }
        }
        self.open.drain(..anchor);
        self.examined = self.open.len();
    }
}

/// The squared distance from a point to a segment.
fn squared_distance(point: Point, from: Point, to: Point) -> f32 {
    let (chord, off) = (to - from, point - from);
    let along = off.dot(chord) / chord.dot(chord).max(f32::MIN_POSITIVE);
    let off = off - chord * along.clamp(0.0, 1.0);
    off.dot(off)
}

/// How the path passes a sample: the spline's Bézier handles relative to the sample, and their weight. The weight is 0
/// at corners and at the ends of a stroke.
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
        let before = samples[index] - samples[index - 1];
        let after = samples[index + 1] - samples[index];
        if before.dot(after) <= 0.0 {
            return Self::default();
        }
        let (before_len, after_len) = (before.length(), after.length());
        // Smooth up to a turn of 60°, a corner from 90° on, and continuous in between: a circle of seven samples is
        // round, and a 7 has a corner.
        let cosine = before.dot(after) / (before_len * after_len);
        // The knots are spaced by the root of the distance (centripetal): t = √d. The tangent is the mean of both
        // velocities, each weighted by the other's duration.
        let (t0, t1) = (before_len.sqrt(), after_len.sqrt());
        let tangent = before * (t1 / (t0 * (t0 + t1))) + after * (t0 / (t1 * (t0 + t1)));
        let longest = MAX_HANDLE * before_len.min(after_len);
        let handle = |duration: f32| {
            let handle = tangent * (duration / 3.0);
            handle * (longest / handle.length().max(f32::MIN_POSITIVE)).min(1.0)
        };
        Self {
            before: handle(-t0),
            after: handle(t1),
            smoothness: (2.0 * cosine).clamp(0.0, 1.0),
        }
    }

    /// The handle `own` toward another joint at `chord`, whose own handle is `other_own`. Without smoothness, the path
    /// leaves this joint as the other one requires: on a parabola, or straight if the other one is a corner, too.
    fn handle(&self, own: Point, chord: Point, other: &Self, other_own: Point) -> Point {
        let returning = mix(chord * (-1.0 / 3.0), other_own, other.smoothness);
        let free = chord * (2.0 / 3.0) + returning;
        mix(free, own, self.smoothness)
    }
}

/// Appends a cubic Bézier curve without its first point, in as many chords as the tolerance needs (Wang's bound on the
/// distance between a curve and its chords).
fn push_cubic(path: &mut Vec<Point>, [a, b, c, d]: [Point; 4], tolerance: f32) {
    let bend = |a: Point, b: Point, c: Point| (a - b * 2.0 + c).length();
    let bent = bend(a, b, c).max(bend(b, c, d));
    let pieces = (0.75 * bent / tolerance).sqrt().ceil();
    let pieces = pieces.clamp(1.0, MAX_PIECES) as usize;
    for piece in 1..pieces {
        let t = piece as f32 / pieces as f32;
        let s = 1.0 - t;
        let point =
            (a * (s * s * s) + b * (3.0 * s * s * t)) + (c * (3.0 * s * t * t) + d * (t * t * t));
        // Between the largest coordinates the arithmetic overflows.
        if point.is_finite() {
            path.push(point);
        }
    }
    path.push(d);
}

fn mix(a: Point, b: Point, part_of_b: f32) -> Point {
    a * (1.0 - part_of_b) + b * part_of_b
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
        // The tolerance in units of the radius. Chords alone are off by 0.10, 0.038 and 0.0055. The first and the last
        // segment have only one neighbor.
        for (count, tolerance) in [(7, 0.04), (12, 0.01), (30, 0.002)] {
            for point in flatten(&circle(count), 0.001) {
                let off = (point.length() - 1.0).abs();
                assert!(
                    off < tolerance,
                    "{point:?} of {count} samples is off by {off}"
                );
            }
        }
    }

    #[test]
    fn a_path_becomes_straight_toward_a_corner() {
        // A turn of 89°: as a smooth joint it would bulge by a tenth of a chord.
        let (sin, cos) = 89.0_f32.to_radians().sin_cos();
        let samples = [(0.0, 0.0), (1.0, 0.0), (1.0 + cos, sin)].map(|(x, y)| Point::new(x, y));
        for point in flatten(&samples, 0.001) {
            let chords = samples.windows(2);
            let off = chords.map(|ends| squared_distance(point, ends[0], ends[1]));
            let off = off.fold(f32::INFINITY, f32::min).sqrt();
            assert!(off < 0.01, "{point:?} is off by {off}");
        }
    }

    #[test]
    fn degenerate_strokes_have_a_path() {
        let p = Point::new;
        let cases: [(&[Point], &[Point], &str); 5] = [
            (&[], &[], "no sample"),
            (&[p(1.0, 2.0)], &[p(1.0, 2.0)], "a dot"),
            (&[p(1.0, 2.0); 9], &[p(1.0, 2.0)], "a pen at rest"),
            (
                &[p(0.0, 0.0), p(1.0, 0.0)],
                &[p(0.0, 0.0), p(1.0, 0.0)],
                "a line",
            ),
            (
                &[p(0.0, 0.0), p(1e-6, 0.0)],
                &[p(0.0, 0.0), p(1e-6, 0.0)],
                "the end stays",
            ),
        ];
        for (points, expected, reason) in cases {
            assert_eq!(flatten(points, PAD_TOLERANCE), expected, "{reason}");
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
    fn the_largest_coordinates_have_a_finite_path() {
        let p = Point::new;
        let far = [
            p(f32::MAX, 0.0),
            p(0.0, f32::MIN),
            p(f32::MIN, f32::MAX),
            p(1.0, 1.0),
        ];
        let path = flatten(&far, PAD_TOLERANCE);
        assert!(path.iter().all(|point| point.is_finite()), "{path:?}");
        assert_eq!(path.last(), far.last(), "the end stays");
    }

    #[test]
    fn further_samples_change_only_the_end_of_a_path() {
        let p = Point::new;
        let waves = |index: usize| p(index as f32, (index as f32 * 0.7).sin() * 4.0);
        let jitter = |index: usize| p(index as f32 * 0.01, (index % 2) as f32 * 0.05);
        let corners = |index: usize| p((index % 7 * 5 % 7) as f32, (index * 11 % 5) as f32);
        let cases: [(&dyn Fn(usize) -> Point, &str); 4] = [
            (&waves, "a curve"),
            (&jitter, "close samples"),
            (&corners, "corners"),
            (&|_| p(1.0, 1.0), "a pen at rest"),
        ];
        for (sample, reason) in cases {
            let samples: Vec<Point> = (0..60).map(sample).collect();
            let mut path = Path::new(0.02);
            let mut settled = Vec::new();
            for count in 1..=samples.len() {
                path.extend(&samples[count - 1..count]);
                assert!(
                    path.settled().starts_with(&settled),
                    "{reason}: settled after {} samples",
                    count - 1
                );
                settled = path.settled().to_vec();
                let whole = [&settled[..], &path.rest()].concat();
                let expected = flatten(&samples[..count], 0.02);
                assert_eq!(whole, expected, "{reason}: after {count} samples");
                assert!(path.rest().len() < 64, "{reason}: the end is short");
            }
        }
    }

    #[test]
    fn a_path_has_few_points() {
        let dense: Vec<Point> = circle(10_000);
        let path = flatten(&dense, 0.01);
        assert!(path.len() < 200, "{} points for 10,000 samples", path.len());
    }
}
