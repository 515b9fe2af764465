//! The pen that a form is described with, and the chance that guides it.

use std::{f32::consts::TAU, ops::Range};

use rand::{Rng as _, RngCore};

use super::path::{self, Bend};
use crate::ink::Point;

/// A number that is drawn at random between two others, each as likely; or just a number.
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

/// Where a stroke goes through, in the form's box: (0, 0) is its top left, (1, 1) its bottom right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Knot {
    x: Spread,
    y: Spread,
    /// In what part of all cases the stroke turns sharply here.
    sharpness: f32,
}

impl Knot {
    /// The place opposite in the box, left for right.
    pub(super) fn mirrored(self) -> Self {
        Self {
            x: Spread(1.0 - self.x.1, 1.0 - self.x.0),
            ..self
        }
    }
}

/// The stroke turns sharply at a place in this part of all cases, and else runs smoothly through it.
pub(super) fn knot(x: impl Into<Spread>, y: impl Into<Spread>, sharpness: f32) -> Knot {
    Knot {
        x: x.into(),
        y: y.into(),
        sharpness,
    }
}

/// The stroke runs smoothly through a place.
pub(super) fn to(x: impl Into<Spread>, y: impl Into<Spread>) -> Knot {
    knot(x, y, 0.0)
}

/// The stroke turns sharply at a place.
pub(super) fn turn(x: impl Into<Spread>, y: impl Into<Spread>) -> Knot {
    knot(x, y, 1.0)
}

/// Collects the strokes of one drawing.
pub(super) struct Pen<'a> {
    rng: &'a mut dyn RngCore,
    /// How far the knots stray, as a standard deviation in the form's box.
    sloppiness: f32,
    /// The strokes' paths, in the form's box.
    pub(super) paths: Vec<Vec<Point>>,
}

impl<'a> Pen<'a> {
    pub(super) fn new(rng: &'a mut dyn RngCore) -> Self {
        let mut pen = Self {
            rng,
            sloppiness: 0.0,
            paths: Vec::new(),
        };
        pen.sloppiness = pen.between(0.005, 0.045);
        pen
    }

    /// A number between two others, each as likely.
    pub(super) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.rng.random::<f32>()
    }

    /// A number around 0, about normally distributed but never beyond 3.5 standard deviations.
    pub(super) fn around_zero(&mut self, deviation: f32) -> f32 {
        // The sum of four uniform numbers has a variance of 4/12.
        let sum: f32 = (0..4).map(|_| self.rng.random::<f32>() - 0.5).sum();
        sum * 3.0_f32.sqrt() * deviation
    }

    /// Whether something happens that happens in this part of all cases.
    pub(super) fn chance(&mut self, part: f32) -> bool {
        self.rng.random::<f32>() < part
    }

    /// A whole number between two others, both included, each as likely.
    pub(super) fn count(&mut self, least: usize, most: usize) -> usize {
        self.rng.random_range(least..=most)
    }

    /// The chance itself, for whoever has choices of their own to make.
    pub(super) fn rng(&mut self) -> &mut dyn RngCore {
        self.rng
    }

    /// Draws a stroke through knots, as exactly as this hand is.
    pub(super) fn stroke(&mut self, knots: impl IntoIterator<Item = Knot>) {
        let bends: Vec<Bend> = knots.into_iter().map(|knot| self.bend(knot)).collect();
        self.paths.push(path::through(&bends));
    }

    fn bend(&mut self, knot: Knot) -> Bend {
        Bend {
            at: Point::new(
                self.between(knot.x.0, knot.x.1) + self.around_zero(self.sloppiness),
                self.between(knot.y.0, knot.y.1) + self.around_zero(self.sloppiness),
            ),
            is_corner: self.chance(knot.sharpness),
            bow: self.around_zero(0.04),
        }
    }
}

/// An ellipse or a part of it, as a stroke goes round it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arc {
    /// The middle.
    pub(super) center: (f32, f32),
    /// Half the width and half the height.
    pub(super) radii: (f32, f32),
    /// Where it begins, in turns clockwise from the right: 0.25 is the bottom, -0.25 the top.
    pub(super) from: f32,
    /// How far it goes, in turns; negative is counterclockwise.
    pub(super) turns: f32,
    /// How much wider it is at its end than at its beginning, as a part of the radii.
    pub(super) drift: f32,
    /// 0 is an ellipse; 1 nearly a rectangle.
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

    /// The knots along it, about eight a turn.
    pub(super) fn knots(self) -> Vec<Knot> {
        let steps = (self.turns.abs() * 8.0).ceil().max(1.0);
        (0..=steps as usize)
            .map(|step| {
                let done = step as f32 / steps;
                let (sin, cos) = ((self.from + self.turns * done) * TAU).sin_cos();
                // Between the circle and the square around it.
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
