//! The pen that draws the strokes of a form, and the random numbers that vary them.

use std::{f32::consts::TAU, ops::Range};

use rand::{Rng as _, RngCore};

use crate::ink::Point;

/// The distance of neighbors on a path, in heights of a digit.
pub(super) const SPACING: f32 = 0.012;
/// Length of a Bézier handle relative to its chord. A circle through eight knots needs 0.35, one through four 0.39.
const HANDLE: f32 = 0.36;

/// A range from which a number is drawn uniformly, or a single number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spread(f32, f32);

impl From<f32> for Spread {
    fn from(number: f32) -> Self {
        Self(number, number)
    }
}

impl From<Range<f32>> for Spread {
    fn from(range: Range<f32>) -> Self {
        Self(range.start, range.end)
    }
}

/// A place that a stroke passes, in the form's box: (0, 0) is the top left, (1, 1) the bottom right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Knot {
    x: Spread,
    y: Spread,
    /// The probability of a corner here.
    sharpness: f32,
}

impl Knot {
    /// The knot with left and right exchanged, or as it is.
    pub(super) fn mirrored_if(mut self, is_mirrored: bool) -> Self {
        if is_mirrored {
            self.x = Spread(1.0 - self.x.1, 1.0 - self.x.0);
        }
        self
    }
}

/// A knot that is a corner with probability `sharpness`, else smooth.
pub(super) fn knot(x: impl Into<Spread>, y: impl Into<Spread>, sharpness: f32) -> Knot {
    Knot {
        x: x.into(),
        y: y.into(),
        sharpness,
    }
}

/// A smooth knot.
pub(super) fn to(x: impl Into<Spread>, y: impl Into<Spread>) -> Knot {
    knot(x, y, 0.0)
}

/// A corner.
pub(super) fn turn(x: impl Into<Spread>, y: impl Into<Spread>) -> Knot {
    knot(x, y, 1.0)
}

/// Collects the strokes of one drawing.
pub(super) struct Pen<'a> {
    rng: &'a mut dyn RngCore,
    /// Standard deviation of the knots' places, in the form's box.
    jitter: f32,
    /// The strokes' paths, in the form's box.
    pub(super) paths: Vec<Vec<Point>>,
}

impl<'a> Pen<'a> {
    pub(super) fn new(rng: &'a mut dyn RngCore) -> Self {
        let mut pen = Self {
            rng,
            jitter: 0.0,
            paths: Vec::new(),
        };
        pen.jitter = pen.uniform(0.005, 0.045);
        pen
    }

    /// A uniformly distributed number.
    pub(super) fn uniform(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.rng.random::<f32>()
    }

    /// An approximately normally distributed number with mean 0, never beyond 3.5 standard deviations.
    pub(super) fn normal(&mut self, deviation: f32) -> f32 {
        // The sum of four uniform numbers has a variance of 4/12.
        let sum: f32 = (0..4).map(|_| self.rng.random::<f32>() - 0.5).sum();
        sum * 3.0_f32.sqrt() * deviation
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, probability: f32) -> bool {
        self.rng.random::<f32>() < probability
    }

    /// A uniformly distributed integer. Both bounds are included.
    pub(super) fn count(&mut self, least: usize, most: usize) -> usize {
        self.rng.random_range(least..=most)
    }

    /// The random number generator, for choices that the pen does not offer.
    pub(super) fn rng(&mut self) -> &mut dyn RngCore {
        self.rng
    }

    /// Draws a stroke through knots.
    pub(super) fn stroke(&mut self, knots: impl IntoIterator<Item = Knot>) {
        let places: Vec<PlacedKnot> = knots.into_iter().map(|knot| self.place(knot)).collect();
        self.paths.push(path_through(&places));
    }

    fn place(&mut self, knot: Knot) -> PlacedKnot {
        PlacedKnot {
            at: Point::new(
                self.uniform(knot.x.0, knot.x.1) + self.normal(self.jitter),
                self.uniform(knot.y.0, knot.y.1) + self.normal(self.jitter),
            ),
            is_corner: self.chance(knot.sharpness),
            bow: self.normal(0.04),
        }
    }
}

/// A knot after its random numbers are drawn.
struct PlacedKnot {
    at: Point,
    is_corner: bool,
    /// How far a straight line from here bows out, relative to its length.
    bow: f32,
}

/// The curve through places. Between two corners it is a slightly bowed line.
fn path_through(places: &[PlacedKnot]) -> Vec<Point> {
    let mut path: Vec<Point> = places.first().map(|place| place.at).into_iter().collect();
    for (index, ends) in places.windows(2).enumerate() {
        let (a, d) = (ends[0].at, ends[1].at);
        let chord = d - a;
        let handle = |index: usize, sign: f32| {
            let (before, after) = (index.checked_sub(1)?, index + 1);
            if places[index].is_corner || after == places.len() {
                return None;
            }
            let around = places[after].at - places[before].at;
            let part = sign * HANDLE * hypot(chord) / hypot(around).max(f32::MIN_POSITIVE);
            Some(places[index].at + around * part)
        };
        let (b, c) = match (handle(index, 1.0), handle(index + 1, -1.0)) {
            (Some(b), Some(c)) => (b, c),
            // At a corner or an end of the stroke, the curve is the parabola that the other end asks for.
            (Some(b), None) => (b, mix(d, b, 0.5)),
            (None, Some(c)) => (mix(a, c, 0.5), c),
            (None, None) => {
                let off = Point::new(-chord.y, chord.x) * ends[0].bow;
                (mix(a, d, 1.0 / 3.0) + off, mix(a, d, 2.0 / 3.0) + off)
            }
        };
        let pieces = (hypot(chord) / SPACING).ceil().max(1.0);
        for piece in 1..=pieces as usize {
            let t = piece as f32 / pieces;
            let (ab, bc, cd) = (mix(a, b, t), mix(b, c, t), mix(c, d, t));
            path.push(mix(mix(ab, bc, t), mix(bc, cd, t), t));
        }
    }
    path
}

/// Linear interpolation: `a` at 0, `b` at 1.
pub(super) fn mix(a: Point, b: Point, part: f32) -> Point {
    a + (b - a) * part
}

/// The length of a vector.
pub(super) fn hypot(vector: Point) -> f32 {
    vector.x.hypot(vector.y)
}

/// The length of a path.
pub(super) fn length(path: &[Point]) -> f32 {
    path.windows(2).map(|ends| hypot(ends[1] - ends[0])).sum()
}

/// An ellipse or a part of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arc {
    pub(super) center: (f32, f32),
    /// Half the width and half the height.
    pub(super) radii: (f32, f32),
    /// Where it begins, in turns clockwise from the right: 0.25 is the bottom, -0.25 the top.
    pub(super) from: f32,
    /// Its length in turns. Negative is counterclockwise.
    pub(super) turns: f32,
    /// The growth of the radii from start to end, relative to the radii.
    pub(super) drift: f32,
    /// 0 is an ellipse, 1 nearly a rectangle.
    pub(super) squareness: f32,
}

impl Arc {
    /// A part of an exact ellipse.
    pub(super) fn new(center: (f32, f32), radii: (f32, f32), from: f32, turns: f32) -> Self {
        Self {
            center,
            radii,
            from,
            turns,
            drift: 0.0,
            squareness: 0.0,
        }
    }

    /// Knots along the arc, about eight a turn.
    pub(super) fn knots(self) -> Vec<Knot> {
        let steps = (self.turns.abs() * 8.0).ceil().max(1.0);
        (0..=steps as usize)
            .map(|step| {
                let done = step as f32 / steps;
                let (sin, cos) = ((self.from + self.turns * done) * TAU).sin_cos();
                // The distance to the square around the unit circle.
                let reach = 1.0 / sin.abs().max(cos.abs());
                let size = (1.0 + self.drift * done) * (1.0 + self.squareness * (reach - 1.0));
                to(
                    self.center.0 + self.radii.0 * size * cos,
                    self.center.1 + self.radii.1 * size * sin,
                )
            })
            .collect()
    }
}
