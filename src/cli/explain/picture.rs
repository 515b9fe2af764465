//! Explanations as pictures: blue speaks for the answer, orange for the other digit, white is neutral. The scale is below.

use std::path::Path;

use image::{Rgb, RgbImage};

use super::report::{Explained, ExplanationReport};
use crate::{
    bitmap::{Bitmap, SIDE},
    error::InputError,
    explanation::{Comparison, counterfactual::Dot, scale_limit},
    ink::{Bounds, Ink, PEN_WIDTH_PX, Point, Stroke, raster::Raster, smooth},
    model::Grid,
    picture::{
        paint::{draw_text, mix},
        save_rgb_png,
    },
};

/// Pixels of a panel per pixel of a bitmap.
const SCALE: usize = 14;
/// The side of a panel, in pixels.
const PANEL: usize = SIDE * SCALE;
/// Around and between panels, in pixels.
const GAP: usize = 16;
/// The height of the scale and its text below the panels, in pixels.
const LEGEND: usize = 44;
const TEXT: f32 = 17.0;
/// The width of the drawing's pen, in pixels.
const PEN: f32 = PEN_WIDTH_PX * SCALE as f32;

const PAPER: Rgb<u8> = Rgb([255, 255, 255]);
const FRAME: Rgb<u8> = Rgb([211, 215, 224]);
const INK: Rgb<u8> = Rgb([23, 26, 33]);
/// The drawing behind what is added to it.
const FAINT: Rgb<u8> = Rgb([205, 208, 214]);
/// Blue and orange of Okabe and Ito's palette for color-blind eyes (2008).
const FOR: Rgb<u8> = Rgb([0, 114, 178]);
const AGAINST: Rgb<u8> = Rgb([213, 94, 0]);

/// Writes the picture of an explanation.
pub(super) fn save(report: &ExplanationReport, path: &Path) -> Result<(), InputError> {
    let mut picture = Panels::new();
    match &report.explained {
        Explained::Evidence(evidence) => {
            picture.draw_bitmap(0, &evidence.input);
            let limit = scale_limit(evidence.pixels.iter().copied());
            picture.fill(1, |x, y| {
                let part = evidence.pixels[y / SCALE * SIDE + x / SCALE];
                color_of(part / limit)
            });
            picture.draw_scale(limit, report.comparison);
        }
        Explained::Occlusion(ink, occlusion) => {
            let fit = PadPlacement::of(ink);
            picture.draw_paths(0, &fit.paths(ink), PEN, INK);
            picture.draw_paths(1, &fit.paths(ink), PEN, FAINT);
            let limit = scale_limit(occlusion.pieces.iter().map(|piece| piece.support));
            for piece in &occlusion.pieces {
                let paths = piece.paths.iter().map(|path| fit.path(path));
                let color = color_of(piece.support / limit);
                picture.draw_paths(1, &paths.collect::<Vec<_>>(), 0.7 * PEN, color);
            }
            picture.draw_scale(limit, report.comparison);
        }
        Explained::Neighbors(bitmap, near) => {
            picture.draw_bitmap(0, bitmap);
            // Three rows of three.
            let side = PANEL / 3;
            picture.fill(1, |x, y| {
                let is_inside = x.max(y) < 3 * side;
                let image = near.get(y / side * 3 + x / side).filter(|_| is_inside);
                let cell = |at: usize| (at % side * SIDE / side).min(SIDE - 1);
                let ink = image.map_or(0.0, |near| near.bitmap.pixels()[cell(y) * SIDE + cell(x)]);
                mix(PAPER, INK, ink)
            });
            let labels = near.iter().map(|near| near.label.to_string());
            let labels = labels.collect::<Vec<_>>().join(" ");
            picture.write(&format!("Labels, row by row: {labels}"), GAP);
        }
        Explained::Activations(input, shapes, layers) => {
            picture.draw_bitmap(0, input);
            let band = PANEL / layers.len();
            for (index, (shape, values)) in shapes.iter().zip(layers).enumerate() {
                let limit = scale_limit(values.outputs.iter().copied());
                let tiles = LayerTiles::of(shape.output, [PANEL, band - 4]);
                picture.change(1, |below, x, y| {
                    let inside = y.checked_sub(index * band).filter(|&y| y < band - 4);
                    let unit = inside.and_then(|y| tiles.unit(x, y));
                    unit.map_or(below, |unit| color_of(values.outputs[unit] / limit))
                });
            }
            picture.write(
                "The layers from top to bottom. Blue is above 0, orange below.",
                GAP,
            );
        }
        Explained::Counterfactual(ink, grid, bending) => {
            let fit = PadPlacement::of(ink);
            let change = |dot: &Dot| dot.margin - grid.margin;
            let limit = scale_limit(grid.dots.iter().map(change));
            let side = grid.spacing * fit.scale;
            for dot in &grid.dots {
                let center = fit.point(dot.place);
                let color = color_of(change(dot) / limit);
                picture.change(0, |below, x, y| {
                    let off = Point::new(x as f32 + 0.5, y as f32 + 0.5) - center;
                    let is_inside = off.x.abs().max(off.y.abs()) <= side / 2.0;
                    if is_inside { color } else { below }
                });
            }
            picture.draw_paths(0, &fit.paths(ink), 0.3 * PEN, INK);
            if let Some(dot) = grid.strongest() {
                picture.draw_paths(0, &[vec![fit.point(dot.place)]], 0.7 * PEN, INK);
            }
            picture.draw_paths(1, &fit.paths(ink), PEN, FAINT);
            if let Some(bending) = bending {
                picture.draw_paths(1, &fit.paths(&bending.ink), 0.5 * PEN, AGAINST);
            }
            picture.draw_scale(limit, report.comparison);
        }
    }
    picture.draw_frames();
    let size = [picture.0.width(), picture.0.height()].map(|side| side as usize);
    save_rgb_png(picture.0.as_raw(), size, path)
}

/// The channels of a layer as tiles of their positions.
struct LayerTiles {
    grid: Grid,
    columns: usize,
    /// The side of a unit, in pixels.
    pixels: usize,
}

impl LayerTiles {
    /// As large as they fit.
    fn of(grid: Grid, [width, height]: [usize; 2]) -> Self {
        let pitch = grid.side + usize::from(grid.side > 1);
        let fitting = |columns: usize| {
            let rows = grid.channels.div_ceil(columns);
            (width / (columns * pitch)).min(height / (rows * pitch))
        };
        let columns = (1..=grid.channels).max_by_key(|&columns| fitting(columns));
        let columns = columns.unwrap_or(1);
        Self {
            grid,
            columns,
            pixels: fitting(columns).max(1),
        }
    }

    /// The unit at a pixel.
    fn unit(&self, x: usize, y: usize) -> Option<usize> {
        let Self {
            grid: Grid { side, channels },
            columns,
            pixels,
        } = *self;
        let pitch = side + usize::from(side > 1);
        let [x, y] = [x / pixels, y / pixels];
        let channel = y / pitch * columns + x / pitch;
        let [x_in, y_in] = [x % pitch, y % pitch];
        let is_inside = x / pitch < columns && channel < channels && x_in < side && y_in < side;
        is_inside.then_some((y_in * side + x_in) * channels + channel)
    }
}

/// The place of a drawing in a panel: pad to pixels.
struct PadPlacement {
    center: Point,
    scale: f32,
}

impl PadPlacement {
    /// As large as the bitmap shows the drawing.
    fn of(ink: &Ink) -> Self {
        let bounds = ink.bounds().unwrap_or(Bounds {
            min: Point::default(),
            max: Point::new(1.0, 1.0),
        });
        let side = (bounds.longer_side() as f32).max(0.02);
        Self {
            center: (bounds.min + bounds.max) * 0.5,
            scale: 18.0 * SCALE as f32 / side,
        }
    }

    fn point(&self, point: Point) -> Point {
        (point - self.center) * self.scale + Point::new(1.0, 1.0) * (PANEL as f32 / 2.0)
    }

    fn path(&self, path: &[Point]) -> Vec<Point> {
        path.iter().map(|&point| self.point(point)).collect()
    }

    fn paths(&self, ink: &Ink) -> Vec<Vec<Point>> {
        let path = |stroke: &Stroke| smooth::flatten(&self.path(stroke.points()), 0.25);
        ink.strokes().iter().map(path).collect()
    }
}

/// Two panels beside each other, and a legend below.
struct Panels(RgbImage);

impl Panels {
    fn new() -> Self {
        let (width, height) = (2 * PANEL + 3 * GAP, PANEL + 2 * GAP + LEGEND);
        Self(RgbImage::from_pixel(width as u32, height as u32, PAPER))
    }

    /// Changes each pixel of a panel by its color and place.
    fn change(&mut self, panel: usize, color: impl Fn(Rgb<u8>, usize, usize) -> Rgb<u8>) {
        let left = GAP + panel * (PANEL + GAP);
        for y in 0..PANEL {
            for x in 0..PANEL {
                let pixel = self.0.get_pixel_mut((left + x) as u32, (GAP + y) as u32);
                *pixel = color(*pixel, x, y);
            }
        }
    }

    fn fill(&mut self, panel: usize, color: impl Fn(usize, usize) -> Rgb<u8>) {
        self.change(panel, |_, x, y| color(x, y));
    }

    fn draw_bitmap(&mut self, panel: usize, bitmap: &Bitmap) {
        let pixel = |x, y| bitmap.pixels()[y / SCALE * SIDE + x / SCALE];
        self.fill(panel, |x, y| mix(PAPER, INK, pixel(x, y)));
    }

    /// Draws paths with a round pen.
    fn draw_paths(&mut self, panel: usize, paths: &[Vec<Point>], pen: f32, color: Rgb<u8>) {
        let raster = Raster::draw(paths, pen, PANEL, PANEL);
        self.change(panel, |below, x, y| {
            mix(below, color, raster.pixels()[y * PANEL + x])
        });
    }

    /// Draws a line around each panel.
    fn draw_frames(&mut self) {
        for panel in 0..2 {
            self.change(panel, |below, x, y| {
                let is_edge = [x, y].iter().any(|&at| at == 0 || at == PANEL - 1);
                if is_edge { FRAME } else { below }
            });
        }
    }

    /// Writes a line below the panels.
    fn write(&mut self, text: &str, left: usize) {
        let start = [left as f32, (PANEL + 2 * GAP + 16) as f32];
        draw_text(&mut self.0, text, start, TEXT, INK);
    }

    /// The colors of the scale with their meaning.
    fn draw_scale(&mut self, limit: f32, Comparison { winner, rival }: Comparison) {
        let (top, left) = (PANEL + 2 * GAP, 2 * GAP + PANEL / 2);
        let width = PANEL;
        for x in 0..width {
            let color = color_of(2.0 * x as f32 / (width - 1) as f32 - 1.0);
            for y in 0..12 {
                self.0.put_pixel((left + x) as u32, (top + y) as u32, color);
            }
        }
        let baseline = (top + 32) as f32;
        let mut text = |text: &str, x: usize| {
            draw_text(&mut self.0, text, [x as f32, baseline], TEXT, INK);
        };
        text(&format!("{limit} for {rival}"), left);
        text("0", left + width / 2 - 4);
        text(&format!("{limit} for {winner}"), left + width - 74);
    }
}

/// The color of a value from −1 to 1.
fn color_of(value: f32) -> Rgb<u8> {
    mix(
        PAPER,
        if value < 0.0 { AGAINST } else { FOR },
        value.abs().min(1.0),
    )
}
