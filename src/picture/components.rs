//! The ink of a picture, in connected components.

use std::ops::Range;

use super::{extract, pen_width};
use crate::{
    bitmap::Bitmap,
    ink::{Bounds, Point, normalize::normalize, raster::Raster},
};

/// The ink of a picture, from 0 for paper to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureInk {
    ink: Raster,
    component_of: Vec<Option<usize>>,
    boxes: Vec<Bounds>,
    scale: u32,
}

/// The ink of a component in some columns of the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InkPart {
    /// The component.
    pub component: usize,
    /// The columns.
    pub columns: Range<usize>,
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

    /// The pixels of some parts, as `(x, y, ink)`.
    fn pixels<'a>(
        &'a self,
        parts: &'a [InkPart],
    ) -> impl Iterator<Item = (usize, usize, f32)> + 'a {
        parts.iter().flat_map(move |part| {
            let Bounds { min, max } = self.boxes[part.component];
            (min.y as usize..max.y as usize).flat_map(move |y| {
                part.columns.clone().filter_map(move |x| {
                    let index = y * self.ink.width() + x;
                    let is_own = self.component_of[index] == Some(part.component);
                    is_own.then(|| (x, y, self.ink.pixels()[index]))
                })
            })
        })
    }

    /// The bounding box of some parts, in pixels; `None` without ink.
    pub fn bounds(&self, parts: &[InkPart]) -> Option<Bounds> {
        let pixel = |(x, y, _)| {
            let min = Point::new(x as f32, y as f32);
            let max = min + Point::new(1.0, 1.0);
            Bounds { min, max }
        };
        let pixels = self.pixels(parts).map(pixel);
        pixels.reduce(|all, pixel| all.union(&pixel))
    }

    /// Some parts as the network's input; `None` without ink.
    pub fn bitmap(&self, parts: &[InkPart]) -> Option<Bitmap> {
        let Bounds { min, max } = self.bounds(parts)?;
        let [left, top] = [min.x, min.y].map(|at| at as usize);
        // Room for a thicker pen.
        let margin = 1 + ((max.x - min.x).max(max.y - min.y) * 0.1) as usize;
        let width = (max.x - min.x) as usize + 2 * margin;
        let height = (max.y - min.y) as usize + 2 * margin;
        let mut pixels = vec![0.0; width * height];
        for (x, y, ink) in self.pixels(parts) {
            pixels[(y - top + margin) * width + x - left + margin] = ink;
        }
        normalize(&pen_width::like_mnist(Raster::new(width, height, pixels)?))
    }

    /// Up to `count` columns with the least ink of a component, `apart` from each other and from its ends, ascending.
    pub fn thin_columns(&self, component: usize, apart: usize, count: usize) -> Vec<usize> {
        let Bounds { min, max } = self.boxes[component];
        let (first, last) = (min.x as usize, max.x as usize);
        let part = InkPart {
            component,
            columns: first..last,
        };
        let mut sums = vec![0.0_f32; last - first];
        for (x, _, ink) in self.pixels(std::slice::from_ref(&part)) {
            sums[x - first] += ink;
        }
        let inner = apart..(last - first).saturating_sub(apart);
        let mut order: Vec<usize> = inner.collect();
        order.sort_by(|&a, &b| sums[a].total_cmp(&sums[b]));
        let mut cuts: Vec<usize> = Vec::new();
        for column in order {
            if cuts.len() < count
                && cuts
                    .iter()
                    .all(|other| other.abs_diff(column) >= apart.max(1))
            {
                cuts.push(column);
            }
        }
        cuts.sort_unstable();
        cuts.iter().map(|column| first + column).collect()
    }
}
