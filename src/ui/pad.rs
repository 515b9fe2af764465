//! Strokes as meshes with round ends, round joins and edges that fade over one pixel.
//!
//! egui tessellates shapes again in every frame and has no round joins, so that a wide pen gets spikes at sharp turns.
//! These meshes are made once.

pub(super) mod drawing;
mod texture;

use std::{f32::consts::TAU, ops::RangeInclusive};

use egui::{
    Color32, Pos2, Rect, Vec2,
    epaint::{Mesh, Vertex, WHITE_UV},
};

use crate::{
    app::state::pad::PadFrame,
    ink::{Point, smooth},
};

/// The cosine of the sharpest turn at which segments share vertices. A sharper turn gets a disc. Paths are smooth, so
/// nearly all turns are smaller.
const SHARED_CORNER_COSINE: f32 = 0.94;

/// The largest distance between the path and the curve, in physical pixels. An edge that fades over one pixel hides it.
const TOLERANCE_PX: f32 = 0.2;
/// The smallest corridor of the path around the samples, in physical pixels.
const CORRIDOR_PX: f32 = 0.8;

/// The place of the pad on the screen, and the look of its ink.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PadView {
    /// The pad, in points.
    pub(crate) rect: Rect,
    /// The part of the ink's plane that it shows.
    pub(crate) frame: PadFrame,
    /// Physical pixels a point.
    pub(crate) pixels_per_point: f32,
    /// The color of the ink.
    pub(crate) color: Color32,
    /// The width of the pen in units of the ink.
    pub(crate) pen_width: f32,
}

impl PadView {
    /// The unit of the ink in points: at most times, the height of the pad.
    pub(crate) fn unit(&self) -> f32 {
        self.rect.height() / self.frame.height
    }

    /// Units of the ink to screen points.
    pub(crate) fn screen_from_pad(&self, point: Point) -> Pos2 {
        let offset = point - self.frame.corner;
        self.rect.min + self.unit() * Vec2::new(offset.x, offset.y)
    }

    /// Screen points to units of the ink.
    pub(crate) fn pad_from_screen(&self, pos: Pos2) -> Point {
        let offset = (pos - self.rect.min) / self.unit();
        self.frame.corner + Point::new(offset.x, offset.y)
    }

    /// The largest distance between a path and the curve, in units of the ink.
    fn tolerance(&self) -> f32 {
        (TOLERANCE_PX / (self.unit() * self.pixels_per_point)).min(smooth::PAD_TOLERANCE)
    }

    /// How far the path may pass the samples, in units of the ink: about the error of a mouse, which reports whole pixels.
    fn corridor(&self) -> f32 {
        (CORRIDOR_PX / (self.unit() * self.pixels_per_point)).max(smooth::PAD_CORRIDOR)
    }

    /// The pen's radius, in points.
    pub(super) fn radius(&self) -> f32 {
        (self.unit() * self.pen_width / 2.0).max(0.5 / self.pixels_per_point)
    }

    /// The mesh of a part of a path on the screen, with the round ends of the path and the join at the last point of the
    /// part. The meshes of consecutive parts together are the mesh of the path. A path of one point is a dot.
    fn mesh(&self, path: &[Pos2], part: RangeInclusive<usize>) -> Mesh {
        let radius = self.radius();
        let mut outline = Outline {
            mesh: Mesh::default(),
            color: self.color,
            inner: radius - 0.5 / self.pixels_per_point,
            outer: radius + 0.5 / self.pixels_per_point,
        };
        outline.stroke(path, part);
        outline.mesh
    }
}

/// The normal of the path at a point between two segments; `None` at a sharp turn, which gets a round join.
fn shared_normal(before: Option<Vec2>, after: Option<Vec2>) -> Option<Vec2> {
    let (before, after) = (before?, after?);
    let is_shared = before.dot(after) > SHARED_CORNER_COSINE;
    is_shared.then(|| (before + after).normalized().rot90())
}

struct Outline {
    mesh: Mesh,
    color: Color32,
    /// The distances from the path at which the full color and the fade end.
    inner: f32,
    outer: f32,
}

impl Outline {
    fn stroke(&mut self, path: &[Pos2], part: RangeInclusive<usize>) {
        let (first, last) = (*part.start(), *part.end());
        if first == 0 {
            self.disc(path[0]);
        }
        let direction = |index: usize| {
            let ends = path.get(index..index + 2)?;
            Some((ends[1] - ends[0]).normalized())
        };
        let mut before = None;
        for index in first..last {
            let Some(own) = direction(index) else { return };
            let start = before.unwrap_or_else(|| {
                let previous = index.checked_sub(1).and_then(direction);
                let normal = shared_normal(previous, Some(own)).unwrap_or(own.rot90());
                self.section(path[index], normal)
            });
            let shared = shared_normal(Some(own), direction(index + 1));
            if shared.is_none() {
                self.disc(path[index + 1]);
            }
            let end = self.section(path[index + 1], shared.unwrap_or(own.rot90()));
            self.join(start, end);
            before = shared.is_some().then_some(end);
        }
    }

    /// Four vertices across the path: the outer edge, the two edges of the full color, the other outer edge.
    fn section(&mut self, center: Pos2, normal: Vec2) -> u32 {
        let base = self.mesh.vertices.len() as u32;
        self.vertex(center + normal * self.outer, Color32::TRANSPARENT);
        self.vertex(center + normal * self.inner, self.color);
        self.vertex(center - normal * self.inner, self.color);
        self.vertex(center - normal * self.outer, Color32::TRANSPARENT);
        base
    }

    fn join(&mut self, start: u32, end: u32) {
        for lane in 0..3 {
            let (a, b) = (start + lane, end + lane);
            self.mesh.add_triangle(a, a + 1, b);
            self.mesh.add_triangle(a + 1, b, b + 1);
        }
    }

    fn disc(&mut self, center: Pos2) {
        let corners = (self.outer * 1.6).clamp(12.0, 96.0) as u32;
        let middle = self.mesh.vertices.len() as u32;
        self.vertex(center, self.color);
        for corner in 0..corners {
            let direction = Vec2::angled(TAU * corner as f32 / corners as f32);
            self.vertex(center + direction * self.inner, self.color);
            self.vertex(center + direction * self.outer, Color32::TRANSPARENT);
        }
        for corner in 0..corners {
            let a = middle + 1 + 2 * corner;
            let b = middle + 1 + 2 * ((corner + 1) % corners);
            self.mesh.add_triangle(middle, a, b);
            self.mesh.add_triangle(a, a + 1, b);
            self.mesh.add_triangle(a + 1, b, b + 1);
        }
    }

    fn vertex(&mut self, pos: Pos2, color: Color32) {
        self.mesh.vertices.push(Vertex {
            pos,
            uv: WHITE_UV,
            color,
        });
    }
}

#[cfg(test)]
mod tests;
