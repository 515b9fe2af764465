//! The ink of a picture, in connected components.

use std::ops::Range;

use image::{
    ImageBuffer, Luma,
    imageops::{self, FilterType},
};

use super::{
    center_lines::{self, CenterLines},
    extract, pen_width,
};
use crate::{
    bitmap::Bitmap,
    ink::{Bounds, Point, normalize::normalize, raster::Raster},
};

/// The width of the pen to which ink is scaled before it is thinned: then the noise of pixels is small beside it.
const PEN_PX: f32 = 6.0;
/// The largest scale.
const MAX_SCALE: f32 = 8.0;
/// The most pixels of the scaled ink.
const MAX_PIXELS: f32 = 1e6;

/// The ink of a picture, from 0 for paper to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureInk {
    ink: Raster,
    component_of: Vec<Option<usize>>,
    boxes: Vec<Bounds>,
    scale: u32,
}

impl PictureInk {
    pub(super) fn new(ink: Raster, scale: u32) -> Self {
        let (component_of, components) = extract::components(ink.pixels(), ink.width());
        let far = [f32::MAX, f32::MAX, 0.0, 0.0];
        let mut boxes = vec![far; components.len()];
        for (index, component) in component_of.iter().enumerate() {
            if let Some(component) = component {
                let [x, y] = [index % ink.width(), index / ink.width()].map(|at| at as f32);
                let [left, top, right, bottom] = &mut boxes[*component];
                (*left, *top) = (left.min(x), top.min(y));
                (*right, *bottom) = (right.max(x + 1.0), bottom.max(y + 1.0));
            }
        }
        let bounds = |[left, top, right, bottom]: [f32; 4]| Bounds {
            min: Point::new(left, top),
            max: Point::new(right, bottom),
        };
        // From left to right, as digits are written.
        let mut order: Vec<usize> = (0..boxes.len()).collect();
        let middle = |&index: &usize| boxes[index][0] + boxes[index][2];
        order.sort_by(|a, b| middle(a).total_cmp(&middle(b)));
        let mut place = vec![0; order.len()];
        for (index, &component) in order.iter().enumerate() {
            place[component] = index;
        }
        Self {
            component_of: component_of
                .into_iter()
                .map(|component| component.map(|component| place[component]))
                .collect(),
            boxes: order.iter().map(|&index| bounds(boxes[index])).collect(),
            ink,
            scale,
        }
    }

    /// The pixels, row by row.
    pub(super) fn raster(&self) -> &Raster {
        &self.ink
    }

    /// The width in pixels.
    pub fn width(&self) -> usize {
        self.ink.width()
    }

    /// The component of each pixel, row by row; none of paper.
    pub fn component_of(&self) -> &[Option<usize>] {
        &self.component_of
    }

    /// Pixels of the picture per pixel of the ink.
    pub(super) fn scale(&self) -> u32 {
        self.scale
    }

    /// Left, top, width and height of a box, in pixels of the picture.
    pub fn in_picture(&self, bounds: &Bounds) -> [f64; 4] {
        let scale = f64::from(self.scale);
        let Bounds { min, max } = bounds;
        [min.x, min.y, max.x - min.x, max.y - min.y].map(|side| scale * f64::from(side))
    }

    /// The bounding boxes of the components, in pixels, from left to right.
    pub fn boxes(&self) -> &[Bounds] {
        &self.boxes
    }

    /// The bounding box of all ink; `None` without ink.
    pub fn all_bounds(&self) -> Option<Bounds> {
        let boxes = self.boxes.iter().copied();
        boxes.reduce(|all, bounds| all.union(&bounds))
    }

    /// The pixels of some components, as `(x, y, ink)`.
    fn pixels<'a>(
        &'a self,
        components: &'a [usize],
    ) -> impl Iterator<Item = (usize, usize, f32)> + 'a {
        components.iter().flat_map(move |&component| {
            let [columns, rows] = pixels_of(&self.boxes[component]);
            rows.flat_map(move |y| {
                columns.clone().filter_map(move |x| {
                    let index = y * self.ink.width() + x;
                    let is_own = self.component_of[index] == Some(component);
                    is_own.then(|| (x, y, self.ink.pixels()[index]))
                })
            })
        })
    }

    /// The ink of some components, with paper around it, and its left top corner; `None` without components.
    fn cut_out(
        &self,
        components: &[usize],
        margin: impl Fn(usize) -> usize,
    ) -> Option<(Raster, Point)> {
        let boxes = components.iter().map(|&component| self.boxes[component]);
        let [columns, rows] = pixels_of(&boxes.reduce(|all, own| all.union(&own))?);
        let margin = margin(columns.len().max(rows.len()));
        let [width, height] = [&columns, &rows].map(|side| side.len() + 2 * margin);
        let mut pixels = vec![0.0; width * height];
        for (x, y, ink) in self.pixels(components) {
            pixels[(y - rows.start + margin) * width + x - columns.start + margin] = ink;
        }
        let corner = [columns.start, rows.start].map(|at| at as f32 - margin as f32);
        Raster::new(width, height, pixels).map(|ink| (ink, Point::new(corner[0], corner[1])))
    }

    /// Some components as the network's input; `None` without ink.
    pub fn bitmap(&self, components: &[usize]) -> Option<Bitmap> {
        // Room for a thicker pen.
        let (ink, _) = self.cut_out(components, |side| 1 + side / 10)?;
        normalize(&pen_width::like_mnist(ink))
    }

    /// The strokes of a component, in pixels of the ink; none if it is not the line of a pen.
    pub fn center_lines(&self, component: usize) -> CenterLines {
        let Some((ink, corner)) = self.cut_out(&[component], |_| 1) else {
            return CenterLines::default();
        };
        let mask = |pixels: &[f32]| pixels.iter().map(|&ink| ink >= 0.5).collect::<Vec<_>>();
        let [width, height] = [ink.width(), ink.height()];
        let pen = pen_width::stroke_width(&mask(ink.pixels()), width).max(0.5);
        let most = (MAX_PIXELS / (width * height) as f32).sqrt();
        let scale = (PEN_PX / pen).min(most).min(MAX_SCALE);
        let size = [width, height].map(|side| ((side as f32 * scale).round() as u32).max(3));
        let pixels = ink.pixels().to_vec();
        let Some(ink) = ImageBuffer::<Luma<f32>, _>::from_raw(width as u32, height as u32, pixels)
        else {
            return CenterLines::default();
        };
        let mut scaled = imageops::resize(&ink, size[0], size[1], FilterType::Triangle);
        for (x, y, pixel) in scaled.enumerate_pixels_mut() {
            if x == 0 || y == 0 || x + 1 == size[0] || y + 1 == size[1] {
                pixel.0 = [0.0];
            }
        }
        let mut found = center_lines::of_mask(&mask(scaled.as_raw()), size[0] as usize);
        let back = [
            width as f32 / size[0] as f32,
            height as f32 / size[1] as f32,
        ];
        for point in found.lines.iter_mut().flat_map(|line| &mut line.points) {
            *point = corner + Point::new(point.x * back[0], point.y * back[1]);
        }
        found.radius *= back[0];
        found
    }
}

/// The columns and the rows of pixels in a box.
fn pixels_of(Bounds { min, max }: &Bounds) -> [Range<usize>; 2] {
    [
        min.x as usize..max.x as usize,
        min.y as usize..max.y as usize,
    ]
}
