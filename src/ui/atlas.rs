//! Many small images in one texture.

use egui::{Color32, ColorImage, Rect, TextureHandle, TextureId, TextureOptions, Ui, pos2};

use crate::{
    bitmap::{Bitmap, SIDE},
    ui::theme::Palette,
};

/// Images per row of the texture.
const COLUMNS: usize = 32;
/// The distance of two images in pixels. The paper between them keeps magnified images apart.
const PITCH: usize = SIDE + 2;
/// The most rows: OpenGL 2.1 hardware supports textures of at least 2048 pixels.
const MAX_ROWS: usize = 2048 / PITCH;

/// One texture with the visible images.
pub(super) struct Atlas<K> {
    texture: Option<TextureHandle>,
    /// The key of the content, and the color of its ink.
    shown: Option<(K, Color32)>,
    rows: usize,
}

impl<K> Default for Atlas<K> {
    fn default() -> Self {
        Self {
            texture: None,
            shown: None,
            rows: 0,
        }
    }
}

impl<K> std::fmt::Debug for Atlas<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Atlas").finish_non_exhaustive()
    }
}

impl<K: PartialEq> Atlas<K> {
    /// The most images.
    const CAPACITY: usize = COLUMNS * MAX_ROWS;

    /// Uploads images, unless the texture already has the content of this key.
    pub(super) fn show(&mut self, ui: &Ui, key: K, images: impl ExactSizeIterator<Item = Bitmap>) {
        let palette = Palette::of(ui.style());
        let wanted = (key, palette.ink);
        if self.shown.as_ref() == Some(&wanted) {
            return;
        }
        self.rows = images.len().min(Self::CAPACITY).div_ceil(COLUMNS).max(1);
        let image = image_of(images.take(Self::CAPACITY), self.rows, palette);
        match &mut self.texture {
            Some(texture) => texture.set(image, TextureOptions::NEAREST),
            empty => {
                *empty = Some(ui.load_texture("gallery", image, TextureOptions::NEAREST));
            }
        }
        self.shown = Some(wanted);
    }

    /// The texture, and the place of the image at `index` in it.
    pub(super) fn place(&self, index: usize) -> Option<(TextureId, Rect)> {
        let texture = self.texture.as_ref()?;
        let (column, row) = (index % COLUMNS, index / COLUMNS);
        let at = |cell: usize, offset: usize, cells: usize| {
            (cell * PITCH + 1 + offset) as f32 / (cells * PITCH) as f32
        };
        let corner = |offset| pos2(at(column, offset, COLUMNS), at(row, offset, self.rows));
        Some((texture.id(), Rect::from_min_max(corner(0), corner(SIDE))))
    }
}

/// The images row by row, each with paper around it.
fn image_of(images: impl Iterator<Item = Bitmap>, rows: usize, palette: &Palette) -> ColorImage {
    let (width, height) = (COLUMNS * PITCH, rows * PITCH);
    let shades: [Color32; 256] = std::array::from_fn(|shade| {
        palette
            .paper
            .lerp_to_gamma(palette.ink, shade as f32 / 255.0)
    });
    let mut pixels = vec![palette.paper; width * height];
    for (index, bitmap) in images.enumerate() {
        let (left, top) = (index % COLUMNS * PITCH + 1, index / COLUMNS * PITCH + 1);
        for (y, row) in bitmap.to_bytes().chunks_exact(SIDE).enumerate() {
            let start = (top + y) * width + left;
            for (pixel, &shade) in pixels[start..start + SIDE].iter_mut().zip(row) {
                *pixel = shades[usize::from(shade)];
            }
        }
    }
    ColorImage::new([width, height], pixels)
}

#[cfg(test)]
mod tests {
    use egui::Context;

    use super::*;
    use crate::bitmap::PIXELS;

    #[test]
    fn each_image_has_its_place() {
        let ctx = Context::default();
        let mut atlas = Atlas::default();
        let images = |count: usize| {
            (0..count).map(|index| Bitmap::from_bytes(&[(index % 256) as u8; PIXELS]))
        };
        let mut show = |key: u8, count: usize| {
            let mut sizes = Vec::new();
            let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
                atlas.show(ui, key, images(count).collect::<Vec<_>>().into_iter());
                let (_, last) = atlas.place(count - 1).expect("a place");
                sizes.push((atlas.rows, last));
            });
            let uploads = output.textures_delta.set.len();
            output.textures_delta.clear();
            (uploads, sizes.remove(0))
        };
        show(0, 1);
        let (uploads, (rows, last)) = show(1, 40);
        assert_eq!((uploads, rows), (1, 2), "one texture of two rows");
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        assert!(whole.contains_rect(last), "the fortieth is on it: {last:?}");
        assert!(last.top() > 0.5, "in the second row: {last:?}");
        let (uploads, _) = show(1, 40);
        assert_eq!(uploads, 0, "the same content is not uploaded again");
    }

    #[test]
    fn images_are_apart() {
        let palette = Palette::of(&egui::Theme::Light.default_style());
        let full = Bitmap::from_bytes(&[255; PIXELS]);
        let image = image_of([full.clone(), full].into_iter(), 1, palette);
        let row = &image.pixels[PITCH / 2 * image.size[0]..][..2 * PITCH];
        let inked: Vec<usize> = (0..2 * PITCH).filter(|&x| row[x] == palette.ink).collect();
        let expected: Vec<usize> = (1..=SIDE).chain(PITCH + 1..=PITCH + SIDE).collect();
        assert_eq!(inked, expected, "paper lies between them");
    }
}
