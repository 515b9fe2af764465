//! A drawing as a picture, for people and other programs.

use std::{
    io::{self, Cursor},
    path::Path,
};

use image::{ExtendedColorType, ImageFormat, write_buffer_with_format};

use super::{Ink, Point, Stroke, raster::Raster, smooth};
use crate::{
    error::{ImageError, IoError},
    files::write_atomically,
};

/// Width and height of the picture, in pixels.
const SIDE_PX: u32 = 448;
/// The width of the pen.
const PEN_WIDTH_PX: f32 = 32.0;
/// How far the drawn path may be from the spline.
const TOLERANCE_PX: f32 = 0.1;

/// Writes ink in place of what is there, as a grey PNG of 448×448, black on white. It shows the pad,
/// and as much around as it takes to show all ink.
///
/// # Errors
/// When the folder cannot be written to.
pub fn write_png(path: &Path, ink: &Ink) -> Result<(), ImageError> {
    let raster = Raster::draw(&lines(ink), PEN_WIDTH_PX, SIDE_PX as usize, SIDE_PX as usize);
    let grey: Vec<u8> =
        raster.pixels().iter().map(|ink| ((1.0 - ink) * 255.0).round() as u8).collect();
    let mut png = Cursor::new(Vec::new());
    write_buffer_with_format(
        &mut png,
        &grey,
        SIDE_PX,
        SIDE_PX,
        ExtendedColorType::L8,
        ImageFormat::Png,
    )
    .map_err(|error| IoError {
        attempted: "write",
        path: path.to_path_buf(),
        source: io::Error::other(error),
    })?;
    Ok(write_atomically(path, &png.into_inner())?)
}

/// The strokes' paths in the picture's pixels.
fn lines(ink: &Ink) -> Vec<Vec<Point>> {
    // In f64, because the difference of two f32 may exceed what f32 holds.
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for point in ink.strokes().iter().flat_map(Stroke::points) {
        for at in [f64::from(point.x), f64::from(point.y)] {
            low = low.min(at);
            high = high.max(at);
        }
    }
    let margin_px = f64::from(PEN_WIDTH_PX) / 2.0;
    let per_unit = (f64::from(SIDE_PX) - 2.0 * margin_px) / (high - low);
    let px = |at: f32| ((f64::from(at) - low) * per_unit + margin_px) as f32;
    let line = |stroke: &Stroke| {
        let points: Vec<Point> =
            stroke.points().iter().map(|point| Point::new(px(point.x), px(point.y))).collect();
        smooth::flatten(&points, TOLERANCE_PX)
    };
    ink.strokes().iter().map(line).collect()
}
