//! Digital ink: strokes as vectors, and the one way from ink to the network's input.
//!
//! Coordinates are relative to the pad: (0, 0) is its top left corner, (1, 1) its bottom right. A pen may leave the
//! pad, so coordinates outside of 0..=1 are valid.

pub mod edit;
mod erase;
pub mod file;
pub mod normalize;
pub mod raster;
pub mod smooth;
pub mod svg;

use std::{
    ops::{Add, Mul, Sub},
    sync::Arc,
};

pub use normalize::{PEN_WIDTH_PX, Placement, to_bitmap};

/// A place on the pad, in units of its side: x to the right, y down.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// The distance from the left edge.
    pub x: f32,
    /// The distance from the top edge.
    pub y: f32,
}

/// More than the rounding of a coordinate in many writes of a file, in heights of the pad.
const FILE_ROUNDING: f32 = 1e-4;

impl Point {
    /// A point with these coordinates.
    pub const fn new(x: f32, y: f32) -> Self {
        Self { x, y }
    }

    /// Whether both coordinates are finite.
    pub fn is_finite(self) -> bool {
        self.x.is_finite() && self.y.is_finite()
    }

    fn dot(self, other: Self) -> f32 {
        self.x * other.x + self.y * other.y
    }

    /// The distance from the origin.
    pub(crate) fn length(self) -> f32 {
        self.dot(self).sqrt()
    }
}

impl Add for Point {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::new(self.x + other.x, self.y + other.y)
    }
}

impl Sub for Point {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self::new(self.x - other.x, self.y - other.y)
    }
}

impl Mul<f32> for Point {
    type Output = Self;

    fn mul(self, factor: f32) -> Self {
        Self::new(self.x * factor, self.y * factor)
    }
}

/// The pen's path from down to up: at least one point, all of them finite. A single point is a dot.
///
/// Clones share the points. An append copies them only if a clone exists: at most once after each clone, and at most
/// [`MAX_STROKE_POINTS`](edit::MAX_STROKE_POINTS) of them.
#[derive(Clone, Debug)]
pub struct Stroke(Arc<Vec<Point>>);

impl Stroke {
    /// A stroke of the finite points; `None` without any.
    pub fn new(mut points: Vec<Point>) -> Option<Self> {
        points.retain(|point| point.is_finite());
        (!points.is_empty()).then(|| Self(Arc::new(points)))
    }

    /// The points in writing order, never empty.
    pub fn points(&self) -> &[Point] {
        &self.0
    }

    /// The points, to be changed. Clones keep the old ones.
    fn points_mut(&mut self) -> &mut Vec<Point> {
        Arc::make_mut(&mut self.0)
    }
}

impl PartialEq for Stroke {
    /// Immediate for clones that share their points.
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

    /// Whether there is no stroke.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends a stroke.
    pub fn push(&mut self, stroke: Stroke) {
        self.0.push(stroke);
    }

    /// The drawing up to this number of points.
    #[must_use]
    pub fn first_points(&self, count: usize) -> Self {
        let mut left = count;
        let mut part = |stroke: &Stroke| {
            let points = stroke.points();
            let count = left.min(points.len());
            left -= count;
            match count {
                0 => None,
                count if count == points.len() => Some(stroke.clone()),
                count => Stroke::new(points[..count].to_vec()),
            }
        };
        self.strokes().iter().map_while(&mut part).collect()
    }

    /// Whether another drawing has the same strokes, but for the rounding of files that are written again.
    pub fn is_alike(&self, other: &Self) -> bool {
        let is_near = |(a, b): (&Point, &Point)| (*a - *b).length() < FILE_ROUNDING;
        let is_alike = |(a, b): (&Stroke, &Stroke)| {
            let (a, b) = (a.points(), b.points());
            a.len() == b.len() && a.iter().zip(b).all(is_near)
        };
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(is_alike)
    }

    /// The number of points of all strokes.
    pub fn point_count(&self) -> usize {
        self.0.iter().map(|stroke| stroke.0.len()).sum()
    }

    /// The bounding box of all points, without the pen's width; `None` for empty ink.
    pub fn bounds(&self) -> Option<Bounds> {
        Bounds::of(self.0.iter().flat_map(Stroke::points))
    }
}

impl FromIterator<Stroke> for Ink {
    fn from_iter<I: IntoIterator<Item = Stroke>>(strokes: I) -> Self {
        Self(strokes.into_iter().collect())
    }
}

/// A bounding box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The smallest x and y.
    pub min: Point,
    /// The largest x and y.
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

    /// The smallest box that contains both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self {
            min: Point::new(self.min.x.min(other.min.x), self.min.y.min(other.min.y)),
            max: Point::new(self.max.x.max(other.max.x), self.max.y.max(other.max.y)),
        }
    }

    /// The longer side. In `f64`, because the difference of two `f32` may overflow.
    pub fn longer_side(&self) -> f64 {
        let width = f64::from(self.max.x) - f64::from(self.min.x);
        let height = f64::from(self.max.y) - f64::from(self.min.y);
        width.max(height)
    }

    /// The center, x and y. In `f64` for the same reason.
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
    fn a_stroke_keeps_the_finite_points() {
        let nan = Point::new(f32::NAN, 0.0);
        let far = Point::new(0.0, f32::INFINITY);
        let fine = Point::new(0.25, -3.0);
        assert_eq!(Stroke::new(Vec::new()), None, "no point");
        assert_eq!(Stroke::new(vec![nan, far]), None, "no finite point");
        let stroke = Stroke::new(vec![nan, fine, far]).expect("one finite point");
        assert_eq!(stroke.points(), [fine], "outside of the pad");
        assert_eq!(stroke, stroke.clone(), "a clone");
        assert_eq!(
            Some(stroke.clone()),
            Stroke::new(vec![fine]),
            "the same points"
        );
        assert_ne!(Some(stroke), Stroke::new(vec![fine; 2]), "other points");
    }

    #[test]
    fn a_drawing_begins_with_its_first_points() {
        let stroke = |xs: &[f32]| Stroke::new(xs.iter().map(|&x| Point::new(x, 0.5)).collect());
        let ink: Ink = [stroke(&[0.1, 0.2]), stroke(&[0.3]), stroke(&[0.4, 0.5])]
            .into_iter()
            .flatten()
            .collect();
        let counts = |ink: &Ink| -> Vec<usize> {
            ink.strokes().iter().map(|it| it.points().len()).collect()
        };
        let cases: [(usize, &[usize]); 5] = [
            (0, &[]),
            (1, &[1]),
            (3, &[2, 1]),
            (4, &[2, 1, 1]),
            (9, &[2, 1, 2]),
        ];
        for (count, expected) in cases {
            assert_eq!(counts(&ink.first_points(count)), expected, "{count} points");
        }
    }

    #[test]
    fn bounds_contain_all_strokes() {
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
        assert_eq!(
            bounds.min,
            Point::new(0.25, f32::MIN),
            "smallest of each axis"
        );
        assert_eq!(
            bounds.max,
            Point::new(f32::MAX, 0.5),
            "largest of each axis"
        );
        assert!(bounds.longer_side().is_finite(), "no overflow");
        assert_eq!(Ink::default().bounds(), None, "empty ink has none");
    }
}
