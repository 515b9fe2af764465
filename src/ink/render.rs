//! The one way from a drawing to the picture that the network sees.

use super::{Bounds, Ink, Point, Stroke, raster::Raster, smooth};
use crate::bitmap::{Bitmap, PIXELS, SIDE};

/// The pen's width in the 28×28 picture, whatever the pad's pen looked like.
///
/// Fitted to the 60,000 training images of MNIST, on 9,596 digits of real pen ink (Unipen,
/// `train_r01_v07`): the mean sum of pixels, over classes weighted alike, is 103.1 in MNIST and 103.8
/// with this pen (96.4 at 2.2 px, 111.0 at 2.6 px); the sum a pixel of skeleton is 2.99 in MNIST
/// (median 2.85) and 2.94 with this pen (median 2.90).
pub const PEN_WIDTH_PX: f32 = 2.4;
/// The longer side of MNIST's digits with the width of their pen.
const BOX_PX: f32 = 20.0;
/// Where MNIST's digits have their center of mass on average, with pixel `i` reaching from `i` to `i + 1`.
const CENTER_PX: f32 = 14.5;
/// Ink smaller than this part of the pad is a dot that the hand shook, not a tiny digit: it is not enlarged.
const LEAST_EXTENT: f64 = 0.02;
/// How far the drawn path may be from the spline: far less than can be seen in the picture.
const TOLERANCE_PX: f32 = 0.025;

/// Draws ink as MNIST would show it; `None` only for ink without a stroke.
///
/// MNIST scaled scanned digits to a box of 20×20 pixels and shifted that until the ink's center of mass was in
/// the middle of the picture. Ink is vectors, so it is brought to that box first and only then drawn, with
/// edges as sharp and a pen as wide as MNIST's: where, how large and with how wide a pen it was drawn does not
/// matter. MNIST shifted by whole pixels, because it had nothing else; the center of mass then lies anywhere
/// within a pixel. Here it always lies where MNIST's are on average, so that the picture follows the pen
/// without jumps.
pub fn to_bitmap(ink: &Ink) -> Option<Bitmap> {
    let mut lines = smooth_in_box(ink)?;
    center_by_box(&mut lines);
    center_by_mass(&mut lines);
    let raster = Raster::draw(&lines, PEN_WIDTH_PX, SIDE, SIDE);
    Some(brightest_to_one(&raster))
}

/// The strokes' paths, scaled so that their samples' longer side, with the pen, is the box's.
fn smooth_in_box(ink: &Ink) -> Option<Vec<Vec<Point>>> {
    let bounds = ink.bounds()?;
    let (x, y) = bounds.center();
    let per_unit = f64::from(BOX_PX - PEN_WIDTH_PX) / bounds.longer_side().max(LEAST_EXTENT);
    let place = |point: &Point| {
        Point::new(
            ((f64::from(point.x) - x) * per_unit) as f32,
            ((f64::from(point.y) - y) * per_unit) as f32,
        )
    };
    let smooth = |stroke: &Stroke| {
        let points: Vec<Point> = stroke.points().iter().map(place).collect();
        smooth::flatten(&points, TOLERANCE_PX)
    };
    Some(ink.strokes().iter().map(smooth).collect())
}

/// Puts the paths in the middle of the picture. Between two samples a path may leave the samples' box, so it is
/// its own that is fitted now.
fn center_by_box(lines: &mut [Vec<Point>]) {
    let Some(bounds) = Bounds::of(lines.iter().flatten()) else {
        return;
    };
    let inner_px = BOX_PX - PEN_WIDTH_PX;
    let scale = (inner_px / (bounds.longer_side() as f32).max(inner_px)).min(1.0);
    let (x, y) = bounds.center();
    let middle = SIDE as f32 / 2.0;
    for point in lines.iter_mut().flatten() {
        point.x = (point.x - x as f32) * scale + middle;
        point.y = (point.y - y as f32) * scale + middle;
    }
}

/// Moves the paths so that the center of mass is where MNIST has it, but no ink over the edge.
fn center_by_mass(lines: &mut [Vec<Point>]) {
    let sketch = Raster::sketch(lines, PEN_WIDTH_PX, SIDE);
    let (Some(center), Some(bounds)) =
        (sketch.center_of_mass(), Bounds::of(lines.iter().flatten()))
    else {
        return;
    };
    let (low, high) = (PEN_WIDTH_PX / 2.0, SIDE as f32 - PEN_WIDTH_PX / 2.0);
    let shift = |center: f32, min: f32, max: f32| (CENTER_PX - center).clamp(low - min, high - max);
    let x = shift(center.x, bounds.min.x, bounds.max.x);
    let y = shift(center.y, bounds.min.y, bounds.max.y);
    for point in lines.iter_mut().flatten() {
        point.x += x;
        point.y += y;
    }
}

/// A picture of 28×28 whose brightest pixel is 1, as each of MNIST's has one.
fn brightest_to_one(raster: &Raster) -> Bitmap {
    let brightest = raster.pixels().iter().copied().fold(0.0, f32::max);
    let mut pixels = [0.0; PIXELS];
    for (own, &pixel) in pixels.iter_mut().zip(raster.pixels()) {
        *own = pixel / brightest;
    }
    Bitmap::from_pixels(&pixels)
}
