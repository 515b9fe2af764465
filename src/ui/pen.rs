//! Strokes as triangles: round ends, round corners, edges that fade over one pixel.
//!
//! egui tessellates shapes anew in every frame and knows no round joins, so that a wide pen gets spikes
//! at sharp turns. These meshes are made once a stroke and drawn as they are.

use std::f32::consts::TAU;

use egui::{
    Color32, Pos2, Rect, Vec2,
    epaint::{Mesh, Vertex, WHITE_UV},
};

use crate::ink::{Point, Stroke, smooth};

/// The pen's width in the pad's side, about as wide as the network's pen in its picture.
pub(crate) const PEN_WIDTH: f32 = 0.068;
/// The cosine of the sharpest turn that neighbouring pieces of the outline share corners at; a sharper
/// one gets a disc. Paths are smoothed, so nearly all turns are much smaller.
const SHARED_CORNER_COSINE: f32 = 0.94;

/// Where the pad is on the screen, and how its ink looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Paper {
    /// The pad, in points.
    pub(crate) rect: Rect,
    /// Physical pixels a point.
    pub(crate) pixels_per_point: f32,
    /// Of the ink.
    pub(crate) color: Color32,
}

impl Paper {
    /// From the pad's units to the screen's points.
    pub(crate) fn screen_from_pad(&self, point: Point) -> Pos2 {
        self.rect.min + self.rect.width() * Vec2::new(point.x, point.y)
    }

    /// From the screen's points to the pad's units.
    pub(crate) fn pad_from_screen(&self, pos: Pos2) -> Point {
        let offset = (pos - self.rect.min) / self.rect.width();
        Point::new(offset.x, offset.y)
    }

    /// The mesh of a stroke; a tap is a dot.
    pub(crate) fn mesh(&self, stroke: &Stroke) -> Mesh {
        let path: Vec<Pos2> = smooth::polyline(stroke.points())
            .iter()
            .map(|point| self.screen_from_pad(*point))
            .collect();
        let radius = (self.rect.width() * PEN_WIDTH / 2.0).max(0.5 / self.pixels_per_point);
        let mut outline = Outline {
            mesh: Mesh::default(),
            color: self.color,
            inner: radius - 0.5 / self.pixels_per_point,
            outer: radius + 0.5 / self.pixels_per_point,
        };
        outline.stroke(&path);
        outline.mesh
    }
}

struct Outline {
    mesh: Mesh,
    color: Color32,
    /// How far from the path the full colour ends, and how far the fade.
    inner: f32,
    outer: f32,
}

impl Outline {
    fn stroke(&mut self, path: &[Pos2]) {
        let (Some(&first), Some(&last)) = (path.first(), path.last()) else {
            return;
        };
        self.disc(first);
        if path.len() > 1 {
            self.disc(last);
        }
        let directions: Vec<Vec2> = path
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).normalized())
            .collect();
        let mut before: Option<u32> = None;
        for (index, ends) in path.windows(2).enumerate() {
            let direction = directions[index];
            let start = before.unwrap_or_else(|| self.section(ends[0], direction.rot90()));
            let next = directions.get(index + 1).copied();
            let end = match next {
                Some(next) if direction.dot(next) > SHARED_CORNER_COSINE => {
                    let section = self.section(ends[1], (direction + next).normalized().rot90());
                    before = Some(section);
                    section
                }
                _ => {
                    if next.is_some() {
                        self.disc(ends[1]);
                    }
                    before = None;
                    self.section(ends[1], direction.rot90())
                }
            };
            self.join(start, end);
        }
    }

    /// Four corners across the path: the fade's edge, the colour's two edges, the fade's edge.
    fn section(&mut self, centre: Pos2, normal: Vec2) -> u32 {
        let base = self.mesh.vertices.len() as u32;
        self.vertex(centre + normal * self.outer, Color32::TRANSPARENT);
        self.vertex(centre + normal * self.inner, self.color);
        self.vertex(centre - normal * self.inner, self.color);
        self.vertex(centre - normal * self.outer, Color32::TRANSPARENT);
        base
    }

    fn join(&mut self, start: u32, end: u32) {
        for lane in 0..3 {
            let (a, b) = (start + lane, end + lane);
            self.mesh.add_triangle(a, a + 1, b);
            self.mesh.add_triangle(a + 1, b, b + 1);
        }
    }

    fn disc(&mut self, centre: Pos2) {
        let corners = (self.outer * 1.6).clamp(12.0, 96.0) as u32;
        let middle = self.mesh.vertices.len() as u32;
        self.vertex(centre, self.color);
        for corner in 0..corners {
            let direction = Vec2::angled(TAU * corner as f32 / corners as f32);
            self.vertex(centre + direction * self.inner, self.color);
            self.vertex(centre + direction * self.outer, Color32::TRANSPARENT);
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
mod tests {
    use super::*;

    #[test]
    fn every_stroke_stays_within_its_pen() {
        let paper = Paper {
            rect: Rect::from_min_size(Pos2::new(10.0, 20.0), Vec2::splat(400.0)),
            pixels_per_point: 2.0,
            color: Color32::BLACK,
        };
        let cases: [(&[(f32, f32)], &str); 6] = [
            (&[(0.5, 0.5)], "a tap"),
            (&[(0.1, 0.1), (0.9, 0.1)], "a line"),
            (&[(0.2, 0.2), (0.8, 0.2), (0.4, 0.8)], "the corner of a 7"),
            (&[(0.2, 0.2), (0.8, 0.2), (0.2, 0.2)], "there and back"),
            (
                &[(0.5, 0.5), (0.5, 0.5), (0.500_01, 0.5)],
                "a trembling hand",
            ),
            (&[(-2.0, 0.5), (3.0, 0.5)], "over both edges"),
        ];
        for (points, reason) in cases {
            let points: Vec<_> = points.iter().map(|&(x, y)| Point::new(x, y)).collect();
            let path: Vec<Pos2> = smooth::polyline(&points)
                .iter()
                .map(|point| paper.screen_from_pad(*point))
                .collect();
            let mesh = paper.mesh(&Stroke::new(points).expect("points that can be drawn"));
            assert!(mesh.is_valid(), "{reason}: the indices are in range");
            assert!(!mesh.is_empty(), "{reason}: there is something to see");
            let reach = 400.0 * PEN_WIDTH / 2.0 + 1.0;
            for vertex in &mesh.vertices {
                let near = path
                    .iter()
                    .any(|centre| centre.distance(vertex.pos) <= reach);
                assert!(near, "{reason}: {:?} is off the path", vertex.pos);
            }
        }
    }

    #[test]
    fn the_pad_is_a_unit_square() {
        let paper = Paper {
            rect: Rect::from_min_size(Pos2::new(10.0, 20.0), Vec2::splat(400.0)),
            pixels_per_point: 1.0,
            color: Color32::BLACK,
        };
        let pos = Pos2::new(110.0, 320.0);
        assert_eq!(
            paper.pad_from_screen(pos),
            Point::new(0.25, 0.75),
            "to the pad"
        );
        assert_eq!(
            paper.screen_from_pad(Point::new(0.25, 0.75)),
            pos,
            "and back"
        );
    }
}
