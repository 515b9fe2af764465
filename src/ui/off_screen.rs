//! Drawing without a window: a picture of what would be seen in one, as large as it is wanted, whatever the
//! window shows of it.

use std::collections::HashMap;

use egui::{
    Color32, ColorImage, Context, ImageData, Mesh, Pos2, RawInput, Rect, TextureId, Theme, Ui,
    Vec2, ViewportId, epaint::Primitive, epaint::Vertex, pos2, vec2,
};

use super::theme;

/// Frames until all has found its place.
const FRAMES: usize = 3;

/// What `draw` draws on a sheet of this size in points, red, green and blue of each pixel row by row from the
/// top left, with the sheet's width and height in pixels.
pub(super) fn picture(
    size: Vec2,
    pixels_per_point: f32,
    theme: Theme,
    mut draw: impl FnMut(&mut Ui),
) -> ([usize; 2], Vec<u8>) {
    let ctx = Context::default();
    theme::install(&ctx);
    ctx.set_theme(theme);
    let mut textures = Textures::default();
    let mut shapes = Vec::new();
    for frame in 0..FRAMES {
        let mut input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, size)),
            time: Some(frame as f64),
            ..RawInput::default()
        };
        input
            .viewports
            .entry(ViewportId::ROOT)
            .or_default()
            .native_pixels_per_point = Some(pixels_per_point);
        let mut output = ctx.run_ui(input, &mut draw);
        let deltas = output.textures_delta.set.drain();
        // Those of one texture are in order; one texture knows nothing of another.
        deltas.for_each(|(id, deltas)| {
            for delta in deltas {
                textures.set(id, &delta.image, delta.pos);
            }
        });
        output.textures_delta.clear();
        shapes = output.shapes;
    }
    let mut sheet = Sheet::new(
        size * pixels_per_point,
        ctx.global_style().visuals.panel_fill,
    );
    for primitive in ctx.tessellate(shapes, pixels_per_point) {
        let Primitive::Mesh(mesh) = primitive.primitive else {
            // Nothing here calls back into a window's own way of drawing.
            continue;
        };
        if let Some(texture) = textures.0.get(&mesh.texture_id) {
            sheet.mesh(&mesh, texture, primitive.clip_rect, pixels_per_point);
        }
    }
    (sheet.size, sheet.rgb())
}

/// What meshes take their colors from.
#[derive(Default)]
struct Textures(HashMap<TextureId, ColorImage>);

impl Textures {
    /// Sets a texture, or the part of one that begins at a place.
    fn set(&mut self, id: TextureId, image: &ImageData, place: Option<[usize; 2]>) {
        let ImageData::Color(image) = image;
        match (place, self.0.get_mut(&id)) {
            (Some([left, top]), Some(whole)) => {
                let [width, _] = image.size;
                for (row, pixels) in image.pixels.chunks_exact(width).enumerate() {
                    let start = (top + row) * whole.size[0] + left;
                    whole.pixels[start..start + width].copy_from_slice(pixels);
                }
            }
            _ => {
                self.0.insert(id, ColorImage::clone(image));
            }
        }
    }
}

/// What is drawn on.
struct Sheet {
    size: [usize; 2],
    pixels: Vec<Color32>,
}

impl Sheet {
    /// A sheet of a size in pixels, all of one color.
    fn new(size: Vec2, color: Color32) -> Self {
        let size = [size.x.round() as usize, size.y.round() as usize];
        Self {
            size,
            pixels: vec![color; size[0] * size[1]],
        }
    }

    fn rgb(&self) -> Vec<u8> {
        let channels = |pixel: &Color32| [pixel.r(), pixel.g(), pixel.b()];
        self.pixels.iter().flat_map(channels).collect()
    }

    /// Draws triangles whose corners are in points.
    fn mesh(&mut self, mesh: &Mesh, texture: &ColorImage, clip: Rect, pixels_per_point: f32) {
        let clip = clip * pixels_per_point;
        for corners in mesh.indices.as_chunks::<3>().0 {
            let corners = corners.map(|index| {
                let corner = mesh.vertices[index as usize];
                Vertex {
                    pos: corner.pos * pixels_per_point,
                    ..corner
                }
            });
            self.triangle(corners, texture, clip);
        }
    }

    /// Draws a triangle whose corners are in pixels: the pixels whose middle lies within.
    fn triangle(&mut self, [a, mut b, mut c]: [Vertex; 3], texture: &ColorImage, clip: Rect) {
        let mut area = cross(b.pos - a.pos, c.pos - a.pos);
        if area < 0.0 {
            (b, c) = (c, b);
            area = -area;
        }
        if area <= 0.0 || !area.is_finite() {
            return;
        }
        let corners = [a, b, c];
        let place = Rect::from_points(&corners.map(|corner| corner.pos)).intersect(clip);
        let pixels = |low: f32, high: f32, most: usize| {
            let least = (low - 0.5).ceil().max(0.0) as usize;
            least..((high + 0.5).floor().max(0.0) as usize).min(most)
        };
        let [width, height] = self.size;
        for y in pixels(place.top(), place.bottom(), height) {
            for x in pixels(place.left(), place.right(), width) {
                let middle = pos2(x as f32 + 0.5, y as f32 + 0.5);
                if !clip.contains(middle) {
                    continue;
                }
                let weights =
                    [(b, c), (c, a), (a, b)].map(|(from, to)| side(from.pos, to.pos, middle));
                let Some(weights) = all(weights) else {
                    continue;
                };
                let weights = weights.map(|weight| weight / area);
                let pixel = &mut self.pixels[y * width + x];
                *pixel = over(color_at(&corners, weights, texture), *pixel);
            }
        }
    }
}

fn cross(a: Vec2, b: Vec2) -> f32 {
    a.x * b.y - a.y * b.x
}

/// Twice the area of the triangle of an edge and a point on its inner side; `None` if the point lies beyond
/// the edge. A point on the edge belongs to one of the two triangles that share it.
fn side(from: Pos2, to: Pos2, point: Pos2) -> Option<f32> {
    let along = to - from;
    let area = cross(along, point - from);
    let owns_edge = along.y < 0.0 || (along.y == 0.0 && along.x > 0.0);
    (area > 0.0 || (area == 0.0 && owns_edge)).then_some(area)
}

fn all(values: [Option<f32>; 3]) -> Option<[f32; 3]> {
    let [Some(a), Some(b), Some(c)] = values else {
        return None;
    };
    Some([a, b, c])
}

/// The color between the corners, times that of the texture there; premultiplied.
fn color_at(corners: &[Vertex; 3], weights: [f32; 3], texture: &ColorImage) -> [f32; 4] {
    let mut place = Vec2::ZERO;
    let mut color = [0.0; 4];
    for (corner, weight) in corners.iter().zip(weights) {
        place += corner.uv.to_vec2() * weight;
        for (sum, channel) in color.iter_mut().zip(corner.color.to_array()) {
            *sum += f32::from(channel) * weight;
        }
    }
    let [width, height] = texture.size;
    let texel = place * vec2(width as f32, height as f32);
    // Text is drawn so that its pixels are the texture's.
    let (x, y) = (
        (texel.x.max(0.0) as usize).min(width - 1),
        (texel.y.max(0.0) as usize).min(height - 1),
    );
    let texel = texture.pixels[y * width + x].to_array();
    for (channel, texel) in color.iter_mut().zip(texel) {
        *channel *= f32::from(texel) / 255.0;
    }
    color
}

/// A premultiplied color over an opaque one.
fn over(color: [f32; 4], below: Color32) -> Color32 {
    let through = 1.0 - color[3] / 255.0;
    let below = below.to_array();
    let [r, g, b] = [0, 1, 2].map(|i| {
        (color[i] + f32::from(below[i]) * through)
            .round()
            .min(255.0) as u8
    });
    Color32::from_rgb(r, g, b)
}

#[cfg(test)]
mod tests {
    use egui::{Align2, CornerRadius};

    use super::*;

    const PAPER: Color32 = Color32::from_rgb(10, 20, 30);

    fn drawn(pixels_per_point: f32, draw: impl Fn(&egui::Painter)) -> ([usize; 2], Vec<[u8; 3]>) {
        let (size, rgb) = picture(vec2(40.0, 20.0), pixels_per_point, Theme::Light, |ui| {
            let painter = ui.painter();
            painter.rect_filled(ui.ctx().content_rect(), CornerRadius::ZERO, PAPER);
            draw(painter);
        });
        (size, rgb.as_chunks().0.to_vec())
    }

    #[test]
    fn what_is_drawn_is_where_it_is_drawn_in_its_colour() {
        for scale in [1.0, 2.0] {
            let (size, pixels) = drawn(scale, |painter| {
                let place = Rect::from_min_max(pos2(10.0, 5.0), pos2(20.0, 15.0));
                // Half transparent, so that a pixel that is drawn twice is seen.
                let color = Color32::from_rgba_unmultiplied(210, 220, 230, 128);
                painter.rect_filled(place, CornerRadius::ZERO, color);
                let half = Rect::from_min_max(pos2(0.0, 0.0), pos2(35.0, 20.0));
                let place = Rect::from_min_max(pos2(30.0, 5.0), pos2(40.0, 15.0));
                let cut = painter.with_clip_rect(half);
                cut.rect_filled(place, CornerRadius::ZERO, Color32::RED);
            });
            let whole = [40, 20].map(|side| (side as f32 * scale) as usize);
            assert_eq!(size, whole, "in pixels");
            let at = |x: f32, y: f32| pixels[(y * scale) as usize * size[0] + (x * scale) as usize];
            assert_eq!(at(5.5, 10.5), [10, 20, 30], "the paper");
            for y in 6..14 {
                for x in 11..19 {
                    let found = at(x as f32 + 0.5, y as f32 + 0.5);
                    let near = found.iter().zip([110_u8, 120, 130]);
                    let is_near = near.into_iter().all(|(a, b)| a.abs_diff(b) <= 2);
                    assert!(is_near, "half of each at {x}, {y}: {found:?}");
                }
            }
            assert_eq!(at(32.5, 10.5), [255, 0, 0], "another");
            assert_eq!(at(37.5, 10.5), [10, 20, 30], "what is cut off");
        }
    }

    #[test]
    fn text_is_written() {
        let (size, pixels) = drawn(2.0, |painter| {
            let middle = pos2(20.0, 10.0);
            painter.text(
                middle,
                Align2::CENTER_CENTER,
                "I",
                theme::font(16.0),
                Color32::WHITE,
            );
        });
        let is_white = |x: usize, y: usize| pixels[y * size[0] + x][0] > 200;
        let inked = (0..size[0] * size[1]).filter(|i| is_white(i % size[0], i / size[0]));
        let places: Vec<[usize; 2]> = inked.map(|i| [i % size[0], i / size[0]]).collect();
        assert!(places.len() > 20, "there is ink: {}", places.len());
        let is_in_middle = |[x, y]: &[usize; 2]| (34..46).contains(x) && (4..36).contains(y);
        assert!(
            places.iter().all(is_in_middle),
            "where it belongs: {places:?}"
        );
    }
}
