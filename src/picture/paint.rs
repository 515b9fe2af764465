//! Text and colors in the pictures that the program draws.

use ab_glyph::{Font as _, FontRef, ScaleFont as _, point};
use image::{Rgb, RgbImage};

static FONT: &[u8] = include_bytes!("../../assets/fonts/Roboto-SemiBold.ttf");

/// Draws a line of text from a point on its baseline, and returns the x of its end. `size` is in pixels.
pub(crate) fn draw_text(
    sheet: &mut RgbImage,
    text: &str,
    [mut x, baseline]: [f32; 2],
    size: f32,
    color: Rgb<u8>,
) -> f32 {
    let font = FontRef::try_from_slice(FONT).expect("the built-in font is valid");
    let font = font.as_scaled(size);
    for character in text.chars() {
        let id = font.glyph_id(character);
        let glyph = id.with_scale_and_position(font.scale(), point(x, baseline));
        x += font.h_advance(id);
        let Some(outline) = font.outline_glyph(glyph) else {
            continue;
        };
        let corner = outline.px_bounds().min;
        outline.draw(|column, row, coverage| {
            let place = [(corner.x, column), (corner.y, row)]
                .map(|(corner, offset)| corner as u32 + offset);
            if let Some(pixel) = sheet.get_pixel_mut_checked(place[0], place[1]) {
                *pixel = mix(*pixel, color, coverage.min(1.0));
            }
        });
    }
    x
}

/// The color this far, 0..=1, from one color to another.
pub(crate) fn mix(from: Rgb<u8>, to: Rgb<u8>, part: f32) -> Rgb<u8> {
    Rgb(std::array::from_fn(|channel| {
        let [from, to] = [from, to].map(|color| f32::from(color[channel]));
        (from + (to - from) * part).round() as u8
    }))
}
