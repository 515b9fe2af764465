//! From the samples of a stroke to the path that the pen took between them.
//!
//! A tablet reports between ten and a thousand points a second, so neighbors can be far apart or on top of
//! each other. Samples that are too near to matter are left out, and a centripetal Catmull-Rom spline is laid
//! through the rest (Yuksel, Schaefer and Keyser, "Parameterization and applications of Catmull-Rom curves",
//! 2011: no cusps and no loops within a segment). At a corner of the writing (the elbow of a 7, the angles of
//! a 4) the path is broken instead of rounded.

use super::Point;

/// How far [`polyline`] may be from the curve, in the pad's side: a quarter of a pixel on a pad of 500.
pub const PAD_TOLERANCE: f32 = 0.0005;
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
    let mut path = Path::new(tolerance);
    path.extend(points);
    path.finish()
}

/// The path of a stroke that is still being drawn: what is to come changes its end alone.
#[derive(Clone, Debug)]
pub struct Path {
    settled: Vec<Point>,
    end: End,
}

impl Path {
    /// Without any sample; `tolerance` is that of [`flatten`].
    pub fn new(tolerance: f32) -> Self {
        Self {
            settled: Vec::new(),
            end: End {
                tolerance,
                samples: Vec::new(),
                joint: Joint::default(),
                last: None,
                open: Vec::new(),
                looked_at: 1,
            },
        }
    }

    /// Goes on through more samples.
    pub fn extend(&mut self, samples: &[Point]) {
        self.end.extend(samples, &mut self.settled);
    }

    /// The points that stay as they are, whatever samples follow.
    pub fn settled(&self) -> &[Point] {
        &self.settled
    }

    /// The points after those, if no sample follows.
    pub fn rest(&self) -> Vec<Point> {
        let mut rest = Vec::new();
        self.end.clone().finish(&mut rest);
        rest
    }

    /// All points, with no sample to follow.
    fn finish(mut self) -> Vec<Point> {
        self.end.finish(&mut self.settled);
        self.settled
    }
}

/// The end of a path, on which its next points depend.
#[derive(Clone, Debug)]
struct End {
    tolerance: f32,
    /// The sample that the curve has come to, and those after it; but none that is too near to the one before.
    samples: Vec<Point>,
    /// How the curve passes the first of them.
    joint: Joint,
    /// The last sample, even if it is near to the one before.
    last: Option<Point>,
    /// The last settled point of the curve, and those after it, which may yet be left out.
    open: Vec<Point>,
    /// How many of those were looked at, whether they end a line.
    looked_at: usize,
}

impl End {
    fn extend(&mut self, samples: &[Point], settled: &mut Vec<Point>) {
        let Some(&last) = samples.last() else {
            return;
        };
        self.last = Some(last);
        let mut samples = samples;
        if self.samples.is_empty() {
            self.samples.push(samples[0]);
            self.open.push(samples[0]);
            settled.push(samples[0]);
            samples = &samples[1..];
        }
        let spacing = self.tolerance * SPACING_IN_TOLERANCES;
        let mut before = self.samples[self.samples.len() - 1];
        self.samples.reserve(samples.len());
        for &sample in samples {
            if length(sub(sample, before)) >= spacing {
                self.samples.push(sample);
                before = sample;
            }
        }
        // The last sample makes room for another one if that is the stroke's end, and the curve depends on
        // one sample beyond the two that it connects.
        self.go_on(self.samples.len().saturating_sub(3), settled);
    }

    fn finish(mut self, settled: &mut Vec<Point>) {
        let Some(end) = self.last else {
            return;
        };
        if self.samples.last() != Some(&end) {
            if self.samples.len() > 1 {
                self.samples.pop();
            }
            self.samples.push(end);
        }
        self.go_on(self.samples.len() - 1, settled);
        settled.extend(self.open[1..].last());
    }

    /// Goes on through the curves between so many samples and the next ones.
    fn go_on(&mut self, curves: usize, settled: &mut Vec<Point>) {
        let mut joint = self.joint;
        self.open.reserve(curves);
        for (index, ends) in self.samples.windows(2).take(curves).enumerate() {
            let next = Joint::at(&self.samples, index + 1);
            // Between two corners the path is straight.
            if joint.smoothness == 0.0 && next.smoothness == 0.0 {
                self.open.push(ends[1]);
                joint = next;
                continue;
            }
            let chord = sub(ends[1], ends[0]);
            let leaving = joint.handle(joint.after, chord, &next, next.before);
            let arriving = next.handle(next.before, scale(chord, -1.0), &joint, joint.after);
            let curve = [
                ends[0],
                add(ends[0], leaving),
                add(ends[1], arriving),
                ends[1],
            ];
            push_cubic(&mut self.open, curve, self.tolerance);
            joint = next;
        }
        self.joint = joint;
        self.samples.drain(..curves);
        self.simplify(settled);
    }

    /// Leaves out points that the line between their neighbors passes within the tolerance.
    fn simplify(&mut self, settled: &mut Vec<Point>) {
        let squared_tolerance = self.tolerance * self.tolerance;
        let mut anchor = 0;
        settled.reserve(self.open.len() / 2);
        for end in self.looked_at..self.open.len() {
            let (from, to) = (self.open[anchor], self.open[end]);
            let is_far = |point: &Point| squared_distance(*point, from, to) > squared_tolerance;
            let skipped = &self.open[anchor + 1..end];
            if skipped.len() == MOST_SKIPPED || skipped.iter().any(is_far) {
                anchor = end - 1;
                settled.push(self.open[anchor]);
            }
        }
        self.open.drain(..anchor);
        self.looked_at = self.open.len();
    }
}

/// From a point to the nearest one of a segment, squared.
fn squared_distance(point: Point, from: Point, to: Point) -> f32 {
    let (chord, off) = (sub(to, from), sub(point, from));
    let along = dot(off, chord) / dot(chord, chord).max(f32::MIN_POSITIVE);
    let off = sub(off, scale(chord, along.clamp(0.0, 1.0)));
    dot(off, off)
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
        if dot(before, after) <= 0.0 {
            return Self::default();
        }
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
mod tests;
