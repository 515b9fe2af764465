//! Smoothing: from the samples of a stroke to the path of the pen.
//!
//! A tablet reports between ten and a thousand samples a second, so neighbors can be far apart or coincide. The path
//! drops samples that are too close and follows a centripetal Catmull-Rom spline through the others (Yuksel, Schaefer
//! and Keyser, "Parameterization and applications of Catmull-Rom curves", 2011: no cusps and no loops within a
//! segment). The path has corners where the writing has them, as in 4 and 7.
//!
//! A mouse reports whole pixels. On the pad, where that would show as knuckles, the path may pass samples within a
//! corridor. The network's input has no corridor: its pixels are larger than those of the pad.

use super::Point;

/// The tolerance of [`flatten`] for the pad, in units of its side: a quarter of a pixel on a pad of 500.
pub const PAD_TOLERANCE: f32 = 0.0005;
/// The smallest distance of two samples, in tolerances.
const SPACING_IN_TOLERANCES: f32 = 4.0;
/// The half width of the corridor on the pad, in units of its side: a pixel of a pad of 400, and a twenty-seventh of the
/// medium pen.
pub const PAD_CORRIDOR: f32 = 0.0025;
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
    let mut path = StrokePath::new(tolerance, 0.0);
    path.extend(points);
    path.finish();
    path.settled
}

/// The path of an unfinished stroke. Further samples change only its end.
#[derive(Clone, Debug)]
pub struct StrokePath {
    tolerance: f32,
    corridor: f32,
    settled: Vec<Point>,
    /// The sample at the end of the curve, and those after it. None is too close to the one before.
    samples: Vec<Point>,
    /// The samples that the line from the last of them may pass.
    sleeve: Option<Sleeve>,
    /// The joint at the first of them.
    joint: StrokeJoint,
    /// The last sample, even if it is close to the one before.
    last: Option<Point>,
    /// The last settled point of the curve, and those after it, which simplification may drop.
    open: Vec<Point>,
    /// The number of open points that simplification has examined.
    examined: usize,
}

impl StrokePath {
    /// A path without samples. `tolerance` is that of [`flatten`]. The path may pass samples at a distance of up to
    /// `corridor`; with 0, it passes through all of them.
    pub fn new(tolerance: f32, corridor: f32) -> Self {
        Self {
            tolerance,
            corridor,
            sleeve: None,
            settled: Vec::new(),
            samples: Vec::new(),
            joint: StrokeJoint::default(),
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
        self.samples.reserve(samples.len());
        for &sample in samples {
            self.add(sample);
        }
        // The stroke's end may replace the last sample, and a curve depends on one sample beyond its end.
        self.append_curves(self.samples.len().saturating_sub(3));
    }

    fn spacing(&self) -> f32 {
        self.tolerance * SPACING_IN_TOLERANCES
    }

    /// Adds a sample, or the last one that the line to this one would not pass.
    fn add(&mut self, sample: Point) {
        let before = self.samples[self.samples.len() - 1];
        if self.corridor == 0.0 {
            if (sample - before).length() >= self.spacing() {
                self.samples.push(sample);
            }
            return;
        }
        if let Some(sleeve) = &mut self.sleeve {
            if sleeve.admits(sample - before, self.corridor) {
                return;
            }
            let start = before + sleeve.last;
            self.samples.push(start);
            self.sleeve = Sleeve::of(sample - start, self.corridor);
        } else {
            self.sleeve = Sleeve::of(sample - before, self.corridor);
        }
    }

    /// Settles all points: no sample follows.
    fn finish(&mut self) {
        let Some(end) = self.last else {
            return;
        };
        if let Some(&before) = self.samples.last()
            && before != end
        {
            if self.samples.len() > 1 && (end - before).length() < self.spacing() {
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
            let next = StrokeJoint::at(&self.samples, index + 1);
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

/// The directions in which a line passes some samples within the corridor (Zhao and Saalfeld, "Linear-time sleeve-fitting
/// polyline simplification algorithms", 1997). Points are relative to the start of the line.
#[derive(Clone, Copy, Debug)]
struct Sleeve {
    /// The direction of the first sample. Angles are relative to it.
    first: Point,
    low: f32,
    high: f32,
    last: Point,
}

impl Sleeve {
    /// The sleeve of one sample; `None` for a sample that has no direction, because it is too near.
    fn of(sample: Point, corridor: f32) -> Option<Self> {
        let distance = sample.length();
        (distance > corridor && distance.is_finite()).then(|| {
            let reach = (corridor / distance).asin();
            Self {
                first: sample,
                low: -reach,
                high: reach,
                last: sample,
            }
        })
    }

    /// Narrows the sleeve to a further sample. `false` if it is outside, or nearer than the one before.
    fn admits(&mut self, sample: Point, corridor: f32) -> bool {
        let distance = sample.length();
        let angle =
            (self.first.x * sample.y - self.first.y * sample.x).atan2(self.first.dot(sample));
        let is_within = (self.low..=self.high).contains(&angle);
        if !is_within || sample.dot(self.last) < self.last.dot(self.last) || !distance.is_finite() {
            return false;
        }
        let reach = (corridor / distance).asin();
        self.low = self.low.max(angle - reach);
        self.high = self.high.min(angle + reach);
        self.last = sample;
        true
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
struct StrokeJoint {
    before: Point,
    after: Point,
    smoothness: f32,
}

impl StrokeJoint {
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

    type Samples<'a> = &'a dyn Fn(usize) -> Point;

    #[test]
    fn further_samples_change_only_the_end_of_a_path() {
        let p = Point::new;
        let waves = |index: usize| p(index as f32, (index as f32 * 0.7).sin() * 4.0);
        let jitter = |index: usize| p(index as f32 * 0.01, (index % 2) as f32 * 0.05);
        let corners = |index: usize| p((index % 7 * 5 % 7) as f32, (index * 11 % 5) as f32);
        let cases: [(Samples, f32, &str); 6] = [
            (&waves, 0.0, "a curve"),
            (&waves, 0.3, "a curve in a corridor"),
            (&jitter, 0.0, "close samples"),
            (&corners, 0.0, "corners"),
            (&corners, 0.3, "corners in a corridor"),
            (&|_| p(1.0, 1.0), 0.0, "a pen at rest"),
        ];
        for (sample, corridor, reason) in cases {
            let samples: Vec<Point> = (0..60).map(sample).collect();
            let mut path = StrokePath::new(0.02, corridor);
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
                let expected = flatten_in_corridor(&samples[..count], 0.02, corridor);
                assert_eq!(whole, expected, "{reason}: after {count} samples");
                assert!(path.rest().len() < 64, "{reason}: the end is short");
            }
        }
    }

    fn flatten_in_corridor(points: &[Point], tolerance: f32, corridor: f32) -> Vec<Point> {
        let mut path = StrokePath::new(tolerance, corridor);
        path.extend(points);
        path.finish();
        path.settled
    }

    #[test]
    fn lines_and_curves_of_whole_pixels_have_no_knuckles() {
        // In pixels; a knuckle is a turn between two parts of the path.
        let line = |step: f32| -> Vec<Point> {
            let at = |index: usize| Point::new(index as f32 * step, index as f32 * step * 0.37);
            (0..=(300.0 / step) as usize).map(at).collect()
        };
        let curve: Vec<Point> = circle(600).iter().map(|&at| at * 100.0).collect();
        // The largest turn: none on a line but that of its last pixel, and on a circle that of a path within the
        // tolerance, which is made of few chords.
        let cases = [
            (line(1.0), 0.06, "a slow line"),
            (line(6.0), 0.06, "a quick line"),
            (curve, 0.25, "a circle"),
        ];
        for (exact, most, reason) in cases {
            let pixels: Vec<Point> = exact
                .iter()
                .map(|at| Point::new(at.x.round(), at.y.round()))
                .collect();
            let path = flatten_in_corridor(&pixels, 0.2, 1.0);
            let turn = |points: &[Point]| {
                let (a, b) = (points[1] - points[0], points[2] - points[1]);
                (a.x * b.y - a.y * b.x).atan2(a.dot(b)).abs()
            };
            let largest = path.windows(3).map(turn).fold(0.0, f32::max);
            assert!(largest < most, "{reason}: a turn of {largest}");
            for &sample in &exact {
                let near = path
                    .windows(2)
                    .map(|ends| squared_distance(sample, ends[0], ends[1]));
                let off = near.fold(f32::INFINITY, f32::min).sqrt();
                // The rounding, the corridor and the tolerance.
                assert!(
                    off < 0.71 + 1.0 + 0.4,
                    "{reason}: {sample:?} is off by {off}"
                );
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
