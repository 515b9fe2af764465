//! Finished ink as a texture on the pad.

use std::ops::Range;

use egui::{
    Color32, ColorImage, Context, Painter, Pos2, Rect, TextureHandle, TextureOptions, Vec2, pos2,
};

use super::PadView;

/// Finished ink, one texel per physical pixel. Its cost does not depend on the amount of ink.
///
/// It looks like the meshes, whose edges fade over one pixel.
pub(super) struct InkTexture {
    texture: TextureHandle,
    /// The physical pixel of the first texel.
    origin: Vec2,
    width: usize,
    /// The coverage of each pixel.
    covered: Vec<u8>,
    /// The columns and rows that are not uploaded yet.
    changed: [Range<usize>; 2],
}

impl InkTexture {
    /// An empty texture; `None` if the size exceeds the limit of the graphics card.
    pub(super) fn blank(ctx: &Context, paper: &PadView) -> Option<Self> {
        let (origin, size) = pixels(paper);
        if size
            .iter()
            .any(|&side| !(1..=max_texture_side(ctx)).contains(&side))
        {
            return None;
        }
        let blank = ColorImage::filled(size, Color32::TRANSPARENT);
        Some(Self {
            texture: ctx.load_texture("ink", blank, TextureOptions::NEAREST),
            origin,
            width: size[0],
            covered: vec![0; size[0] * size[1]],
            changed: [0..0, 0..0],
        })
    }

    /// Adds the ink of a path, in screen points.
    pub(super) fn add(&mut self, paper: &PadView, path: &[Pos2]) {
        let place = |pos: &Pos2| (pos.to_vec2() * paper.pixels_per_point - self.origin).to_pos2();
        let path: Vec<Pos2> = path.iter().map(place).collect();
        let reach = paper.radius() * paper.pixels_per_point + 0.5;
        let inked = Rect::from_points(&path).expand(reach);
        let height = self.covered.len() / self.width;
        let (columns, rows) = (
            reached(inked.min.x, inked.max.x, self.width),
            reached(inked.min.y, inked.max.y, height),
        );
        if columns.is_empty() || rows.is_empty() {
            return;
        }
        if let [only] = path[..] {
            self.add_line(only, only, reach);
        }
        for ends in path.windows(2) {
            self.add_line(ends[0], ends[1], reach);
        }
        self.changed = match &self.changed {
            [changed, _] if changed.is_empty() => [columns, rows],
            [x, y] => [
                x.start.min(columns.start)..x.end.max(columns.end),
                y.start.min(rows.start)..y.end.max(rows.end),
            ],
        };
    }

    /// Uploads the changed part.
    pub(super) fn upload(&mut self) {
        let [columns, rows] = std::mem::replace(&mut self.changed, [0..0, 0..0]);
        if columns.is_empty() {
            return;
        }
        let mut pixels = Vec::with_capacity(columns.len() * rows.len());
        for y in rows.clone() {
            let alphas = &self.covered[y * self.width..][columns.clone()];
            let white = |&alpha: &u8| Color32::from_rgba_premultiplied(alpha, alpha, alpha, alpha);
            pixels.extend(alphas.iter().map(white));
        }
        let image = ColorImage::new([columns.len(), rows.len()], pixels);
        self.texture
            .set_partial([columns.start, rows.start], image, TextureOptions::NEAREST);
    }

    /// Adds the coverage of a line segment, in pixels.
    fn add_line(&mut self, a: Pos2, b: Pos2, reach: f32) {
        let along = b - a;
        let per_squared_len = if along == Vec2::ZERO {
            0.0
        } else {
            along.length_sq().recip()
        };
        let height = self.covered.len() / self.width;
        for y in reached(a.y.min(b.y) - reach, a.y.max(b.y) + reach, height) {
            // Only a part of a long line is near this row.
            let within = |edge: f32| {
                let part = (y as f32 + 0.5 + edge - a.y) / along.y;
                let part = if along.y == 0.0 { edge.signum() } else { part };
                a.x + part.clamp(0.0, 1.0) * along.x
            };
            let (one, other) = (within(-reach), within(reach));
            let columns = reached(one.min(other) - reach, one.max(other) + reach, self.width);
            let row = &mut self.covered[y * self.width..][columns.clone()];
            let from_a_y = y as f32 + 0.5 - a.y;
            for (x, covered) in columns.zip(row) {
                let from_a_x = x as f32 + 0.5 - a.x;
                let part = (from_a_x * along.x + from_a_y * along.y) * per_squared_len;
                let part = part.clamp(0.0, 1.0);
                let (off_x, off_y) = (from_a_x - part * along.x, from_a_y - part * along.y);
                let inked = reach - (off_x * off_x + off_y * off_y).sqrt();
                *covered = (*covered).max((inked.clamp(0.0, 1.0) * 255.0 + 0.5) as u8);
            }
        }
    }

    /// Draws the texture.
    pub(super) fn draw(&self, painter: &Painter, paper: &PadView) {
        let size = self.texture.size_vec2() / paper.pixels_per_point;
        let corner = (self.origin / paper.pixels_per_point).to_pos2();
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        let place = Rect::from_min_size(corner, size);
        painter.image(self.texture.id(), place, whole, paper.color);
    }
}

#[cfg(test)]
impl InkTexture {
    /// The coverage of each pixel, row by row.
    pub(super) fn covered(&self) -> &[u8] {
        &self.covered
    }
}

/// The first pixel of the pad, and its size in pixels.
fn pixels(paper: &PadView) -> (Vec2, [usize; 2]) {
    let rect = paper.rect * paper.pixels_per_point;
    let (first, past) = (rect.min.floor(), rect.max.ceil());
    let size = past - first;
    (first.to_vec2(), [size.x as usize, size.y as usize])
}

fn max_texture_side(ctx: &Context) -> usize {
    ctx.input(|input| input.max_texture_side)
}

/// The pixels between two coordinates of an axis.
fn reached(from: f32, to: f32, len: usize) -> Range<usize> {
    let first = from.floor().clamp(0.0, len as f32) as usize;
    let past = to.ceil().clamp(0.0, len as f32) as usize;
    first..past.max(first)
}

#[cfg(test)]
mod tests {
    use super::{super::tests::paper, *};

    #[test]
    fn a_pixel_is_covered_by_how_near_its_middle_is_to_the_path() {
        let ctx = Context::default();
        for pixels_per_point in [1.0, 1.25, 2.0] {
            let paper = paper(pixels_per_point);
            let mut ink = InkTexture::blank(&ctx, &paper).expect("a card takes that size");
            let path = [(300.3, 40.0), (90.0, 200.7), (380.0, 390.0), (700.0, 390.0)];
            let path = path.map(|(x, y)| pos2(x, y));
            ink.add(&paper, &path[..3]);
            ink.add(&paper, &path[2..]);
            ink.add(&paper, &[pos2(50.0, 60.0)]);
            let distance = |pos: Pos2| {
                let off = |ends: &[Pos2]| {
                    let along = ends[1] - ends[0];
                    let part = (pos - ends[0]).dot(along) / along.length_sq();
                    pos.distance(ends[0] + along * part.clamp(0.0, 1.0))
                };
                let lines = path.windows(2).map(off);
                lines.fold(pos.distance(pos2(50.0, 60.0)), f32::min)
            };
            for (index, &covered) in ink.covered.iter().enumerate() {
                let (x, y) = (index % ink.width, index / ink.width);
                let pixel = pos2(x as f32 + 0.5, y as f32 + 0.5) + ink.origin;
                let edge = paper.radius() - distance(pixel / pixels_per_point);
                let expected = (edge * pixels_per_point + 0.5).clamp(0.0, 1.0) * 255.0;
                assert!(
                    (f32::from(covered) - expected).abs() < 1.0,
                    "pixel {x}, {y} is covered by {covered}, not {expected}"
                );
            }
        }
    }

    #[test]
    fn the_whole_texture_is_uploaded() {
        let ctx = Context::default();
        let paper = paper(1.0);
        let mut ink = InkTexture::blank(&ctx, &paper).expect("a card takes that size");
        let frames: [&[[(f32, f32); 2]]; 3] = [
            &[
                [(60.0, 60.0), (90.0, 70.0)],
                [(300.0, 350.0), (310.0, 300.0)],
            ],
            &[],
            &[
                [(-900.0, 50.0), (-90.0, 80.0)],
                [(200.0, 120.0), (120.0, 200.0)],
            ],
        ];
        for lines in frames {
            for line in lines {
                ink.add(&paper, &line.map(|(x, y)| pos2(x, y)));
            }
            ink.upload();
        }
        let mut seen = vec![0; ink.covered.len()];
        let mut deltas = ctx.tex_manager().write().take_delta();
        let own = deltas.set.remove(&ink.texture.id());
        deltas.clear();
        for delta in own.into_iter().flatten() {
            let egui::ImageData::Color(image) = &delta.image;
            let [left, top] = delta.pos.unwrap_or_default();
            for (y, row) in image.pixels.chunks(image.width()).enumerate() {
                for (x, pixel) in row.iter().enumerate() {
                    seen[(top + y) * ink.width + left + x] = pixel.a();
                }
            }
        }
        assert!(seen.contains(&255), "there is ink");
        assert!(seen == ink.covered, "and all of it is seen");
    }

    #[test]
    fn pixels_outside_the_pad_are_skipped() {
        let paper = paper(1.0);
        let mut ink =
            InkTexture::blank(&Context::default(), &paper).expect("a card takes that size");
        ink.add(&paper, &[pos2(-900.0, 50.0), pos2(-90.0, 5000.0)]);
        ink.add(&paper, &[pos2(200.0, 1e30)]);
        assert!(
            ink.covered.iter().all(|&covered| covered == 0),
            "nothing is inked"
        );
    }
}
