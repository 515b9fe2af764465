//! What a pen left: strokes as vectors, and the one way from there to the picture that the network sees.
//!
//! The strokes are the truth, in unit-square coordinates: (0, 0) is the pad's top left corner, (1, 1) its
//! bottom right. A pen may run over the edge, so coordinates outside of 0..=1 are ink like any other.

pub mod edit;
pub mod file;
pub mod normalize;
pub mod raster;
mod render;
pub mod smooth;

use std::sync::Arc;

pub use render::{PEN_WIDTH_PX, to_bitmap};

/// A place on the pad in units of its side, x to the right, y down.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// From the left edge.
    pub x: f32,
    /// From the top edge.
    pub y: f32,
}

impl Point {
    /// A point of its coordinates.
    pub const fn new(x: f32, y: f32) -> Self {
        Self { x, y }
    }

    /// Whether both coordinates are numbers that can be drawn.
    pub fn is_finite(self) -> bool {
        self.x.is_finite() && self.y.is_finite()
    }
}

/// The pen's path from down to up: at least one point, all of them finite. One point is a tap.
///
/// Clones share the points, so that a drawing can be handed on while it grows: only the stroke under the pen is
/// ever copied, when a point is added that its clones are not to see.
#[derive(Clone, Debug)]
pub struct Stroke(Arc<Vec<Point>>);

impl Stroke {
    /// Takes the points that are finite; `None` where none is.
    pub fn new(mut points: Vec<Point>) -> Option<Self> {
        points.retain(|point| point.is_finite());
        (!points.is_empty()).then(|| Self(Arc::new(points)))
    }

    /// The points in writing order, never empty.
    pub fn points(&self) -> &[Point] {
        &self.0
    }
}

impl PartialEq for Stroke {
    /// Whether all points are the same; told at once where they are shared.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

/// A drawing: its strokes in writing order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ink(Vec<Stroke>);

impl Ink {
    /// The strokes in writing order.
    pub fn strokes(&self) -> &[Stroke] {
        &self.0
    }

    /// Whether nothing is drawn.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a stroke after the others.
    pub fn push(&mut self, stroke: Stroke) {
        self.0.push(stroke);
    }

    /// How many points all strokes have together.
    pub fn point_count(&self) -> usize {
        self.0.iter().map(|stroke| stroke.0.len()).sum()
    }

    /// The box of all points, without any width of a pen; `None` for empty ink.
    pub fn bounds(&self) -> Option<Bounds> {
        Bounds::of(self.0.iter().flat_map(Stroke::points))
    }
}

impl FromIterator<Stroke> for Ink {
    fn from_iter<I: IntoIterator<Item = Stroke>>(strokes: I) -> Self {
        Self(strokes.into_iter().collect())
    }
}

/// A box around points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Least x and least y.
    pub min: Point,
    /// Largest x and largest y.
    pub max: Point,
}

impl Bounds {
    pub(crate) fn of<'a>(points: impl IntoIterator<Item = &'a Point>) -> Option<Self> {
        points.into_iter().fold(None, |bounds, point| {
            let Self { min, max } = bounds.unwrap_or(Self {
                min: *point,
                max: *point,
            });
            Some(Self {
                min: Point::new(min.x.min(point.x), min.y.min(point.y)),
                max: Point::new(max.x.max(point.x), max.y.max(point.y)),
            })
        })
    }

    /// The longer side, in `f64` because the difference of two `f32` may exceed what `f32` holds.
    pub fn longer_side(&self) -> f64 {
        let width = f64::from(self.max.x) - f64::from(self.min.x);
        let height = f64::from(self.max.y) - f64::from(self.min.y);
        width.max(height)
    }

    /// The middle, x and y, in `f64` for the same reason.
    fn center(&self) -> (f64, f64) {
        (
            f64::midpoint(f64::from(self.min.x), f64::from(self.max.x)),
            f64::midpoint(f64::from(self.min.y), f64::from(self.max.y)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stroke_keeps_the_points_that_can_be_drawn() {
        let nan = Point::new(f32::NAN, 0.0);
        let far = Point::new(0.0, f32::INFINITY);
        let fine = Point::new(0.25, -3.0);
        assert_eq!(Stroke::new(Vec::new()), None, "no point is no stroke");
        assert_eq!(Stroke::new(vec![nan, far]), None, "none that can be drawn");
        let stroke = Stroke::new(vec![nan, fine, far]).expect("one point can be drawn");
        assert_eq!(stroke.points(), [fine], "outside of the pad is fine");
        assert_eq!(stroke, stroke.clone(), "a clone is the same");
        assert_eq!(
            Some(stroke.clone()),
            Stroke::new(vec![fine]),
            "as are the same points"
        );
        assert_ne!(Some(stroke), Stroke::new(vec![fine; 2]), "others are not");
    }

    #[test]
    fn bounds_hold_all_strokes() {
        let stroke = |points: &[(f32, f32)]| {
            Stroke::new(points.iter().map(|&(x, y)| Point::new(x, y)).collect())
        };
        let ink: Ink = [
            stroke(&[(0.5, 0.25), (0.25, 0.5)]),
            stroke(&[(f32::MAX, f32::MIN)]),
        ]
        .into_iter()
        .flatten()
        .collect();
        assert_eq!(ink.point_count(), 3, "of both strokes");
        let bounds = ink.bounds().expect("there is ink");
        assert_eq!(bounds.min, Point::new(0.25, f32::MIN), "least of each axis");
        assert_eq!(
            bounds.max,
            Point::new(f32::MAX, 0.5),
            "largest of each axis"
        );
        assert!(bounds.longer_side().is_finite(), "no overflow");
        assert_eq!(Ink::default().bounds(), None, "nothing has no box");
    }
}
