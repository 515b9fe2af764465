//! Paths from ink to a bitmap, and changes of the ink.

use digitpad::{
    bitmap::{Bitmap, PIXELS, SIDE},
    ink::{self, Ink, PEN_WIDTH_PX, Point, Stroke, normalize::normalize, raster::Raster, smooth},
};

/// The pen width of typical programs of this kind, as a fraction of the pad.
const TYPICAL_PEN: f32 = 0.06;
/// The side of their canvas, in pixels.
const CANVAS: usize = 280;

type Pipeline = fn(&Ink) -> Bitmap;
type Change = fn(&Ink) -> Ink;

/// The paths from ink to a bitmap.
pub(crate) const PIPELINES: [(&str, Pipeline); 6] = [
    ("the whole canvas shrunk", shrunk),
    ("the same, drawn half as large, in a corner", |ink| {
        shrunk(&mapped(ink, [0.5, 0.0, 0.0, 0.5]))
    }),
    ("the box stretched to 28×28", stretched),
    ("the box scaled, without centering", uncentered),
    ("as MNIST, on a raster with a fixed pen", rastered),
    ("Digitpad", to_bitmap),
];

/// Changes of the ink.
pub(crate) const CHANGES: [(&str, Change); 9] = [
    ("as written", Ink::clone),
    ("a twentieth of the size, in a corner", |ink| {
        mapped(ink, [0.05, 0.0, 0.0, 0.05])
    }),
    ("rotated 15° counterclockwise", |ink| {
        mapped(ink, turn(-15.0))
    }),
    ("rotated 15° clockwise", |ink| mapped(ink, turn(15.0))),
    ("slanted forward by 0.2", |ink| {
        mapped(ink, [1.0, -0.2, 0.0, 1.0])
    }),
    ("slanted backward by 0.2", |ink| {
        mapped(ink, [1.0, 0.2, 0.0, 1.0])
    }),
    ("10 points per stroke", |ink| sampled(ink, 10)),
    ("100 points per stroke", |ink| sampled(ink, 100)),
    ("1,000 points per stroke", |ink| sampled(ink, 1000)),
];

/// Digitpad's own path; blank without ink.
pub(crate) fn to_bitmap(ink: &Ink) -> Bitmap {
    ink::to_bitmap(ink).unwrap_or_else(Bitmap::blank)
}

/// The paths of the strokes on a pad of this side.
fn paths(ink: &Ink, side: f32) -> Vec<Vec<Point>> {
    let scaled = |point: &Point| Point::new(point.x * side, point.y * side);
    ink.strokes()
        .iter()
        .map(|stroke| {
            smooth::flatten(stroke.points(), smooth::PAD_TOLERANCE)
                .iter()
                .map(scaled)
                .collect()
        })
        .collect()
}

/// The canvas of a typical program.
fn canvas(ink: &Ink) -> Raster {
    let pen_px = TYPICAL_PEN * CANVAS as f32;
    Raster::draw(&paths(ink, CANVAS as f32), pen_px, CANVAS, CANVAS)
}

fn shrunk(ink: &Ink) -> Bitmap {
    let canvas = canvas(ink);
    let factor = CANVAS / SIDE;
    let mut pixels = [0.0; PIXELS];
    for (index, pixel) in canvas.pixels().iter().enumerate() {
        let (row, column) = (index / CANVAS / factor, index % CANVAS / factor);
        pixels[row * SIDE + column] += pixel / (factor * factor) as f32;
    }
    Bitmap::from_pixels(&pixels)
}

fn rastered(ink: &Ink) -> Bitmap {
    normalize(&canvas(ink)).unwrap_or_else(Bitmap::blank)
}

fn stretched(ink: &Ink) -> Bitmap {
    boxed(ink, |width, height| {
        let inner = SIDE as f32 - PEN_WIDTH_PX;
        (inner / width, inner / height)
    })
}

fn uncentered(ink: &Ink) -> Bitmap {
    boxed(ink, |width, height| {
        let scale = (20.0 - PEN_WIDTH_PX) / width.max(height);
        (scale, scale)
    })
}

/// The box of the ink in the center of the image, scaled by a function of its size.
fn boxed(ink: &Ink, scale: impl Fn(f32, f32) -> (f32, f32)) -> Bitmap {
    let Some(bounds) = ink.bounds() else {
        return Bitmap::blank();
    };
    let (width, height) = (bounds.max.x - bounds.min.x, bounds.max.y - bounds.min.y);
    let (x_scale, y_scale) = scale(width.max(0.02), height.max(0.02));
    let middle = SIDE as f32 / 2.0;
    let place = |point: Point| {
        Point::new(
            (point.x - bounds.min.x - width / 2.0) * x_scale + middle,
            (point.y - bounds.min.y - height / 2.0) * y_scale + middle,
        )
    };
    let paths: Vec<Vec<Point>> = paths(ink, 1.0)
        .into_iter()
        .map(|path| path.into_iter().map(place).collect())
        .collect();
    let raster = Raster::draw(&paths, PEN_WIDTH_PX, SIDE, SIDE);
    let mut pixels = [0.0; PIXELS];
    pixels.copy_from_slice(raster.pixels());
    Bitmap::from_pixels(&pixels)
}

/// The ink with changed points.
fn reshaped(ink: &Ink, change: impl Fn(&[Point]) -> Vec<Point>) -> Ink {
    ink.strokes()
        .iter()
        .filter_map(|stroke| Stroke::new(change(stroke.points())))
        .collect()
}

/// A rotation matrix, row by row.
fn turn(degrees: f32) -> [f32; 4] {
    let (sin, cos) = degrees.to_radians().sin_cos();
    [cos, -sin, sin, cos]
}

/// The points multiplied by a matrix, row by row.
fn mapped(ink: &Ink, [xx, xy, yx, yy]: [f32; 4]) -> Ink {
    let place = |p: &Point| Point::new(xx * p.x + xy * p.y, yx * p.x + yy * p.y);
    reshaped(ink, |points| points.iter().map(place).collect())
}

/// Each stroke sampled evenly along its path.
fn sampled(ink: &Ink, count: usize) -> Ink {
    reshaped(ink, |points| {
        let path = smooth::flatten(points, smooth::PAD_TOLERANCE);
        let lengths: Vec<f32> = path
            .windows(2)
            .map(|ends| (ends[1].x - ends[0].x).hypot(ends[1].y - ends[0].y))
            .collect();
        let total: f32 = lengths.iter().sum();
        if total <= 0.0 {
            return path;
        }
        let (mut segment, mut before) = (0, 0.0);
        let mut at = |distance: f32| {
            while segment + 1 < lengths.len() && before + lengths[segment] < distance {
                before += lengths[segment];
                segment += 1;
            }
            let along = ((distance - before) / lengths[segment].max(f32::MIN_POSITIVE)).min(1.0);
            let (from, to) = (path[segment], path[segment + 1]);
            Point::new(
                from.x + along * (to.x - from.x),
                from.y + along * (to.y - from.y),
            )
        };
        let step = total / (count - 1) as f32;
        (0..count).map(|index| at(index as f32 * step)).collect()
    })
}
