//! The tiles of a layer, with a cell for each position, and their texture.

use egui::{
    Color32, ColorImage, Pos2, Rect, Stroke, StrokeKind, TextureHandle, TextureOptions, Ui, Vec2,
    pos2, vec2,
};

use crate::{model::Grid, ui::theme::Palette};

/// The tiles of a layer: one for each channel, with a cell for each position.
#[derive(Clone, Copy)]
pub(super) struct TileGrid {
    pub(super) grid: Grid,
    columns: usize,
    /// Cells from one tile to the next.
    pitch: usize,
    pub(super) rect: Rect,
    pub(super) cell: f32,
}

impl TileGrid {
    pub(super) fn of(grid: Grid, place: Rect) -> Self {
        let gap = usize::from(grid.side > 1);
        let pitch = grid.side + gap;
        // A square has the largest tiles.
        let columns = (grid.channels as f32).sqrt().ceil() as usize;
        let rows = grid.channels.div_ceil(columns);
        let cell = place.width().min(place.height()) / (columns * pitch - gap) as f32;
        let [width, height] = [columns, rows].map(|tiles| (tiles * pitch - gap) as f32);
        let size = vec2(width, height) * cell;
        Self {
            grid,
            columns,
            pitch,
            rect: Rect::from_min_size(place.min, size),
            cell,
        }
    }

    fn size(&self) -> [usize; 2] {
        let rows = self.grid.channels.div_ceil(self.columns);
        let gap = self.pitch - self.grid.side;
        [self.columns * self.pitch - gap, rows * self.pitch - gap]
    }

    /// The column and the row of a cell.
    fn cell_of(&self, channel: usize, position: usize) -> [usize; 2] {
        let side = self.grid.side;
        [
            channel % self.columns * self.pitch + position % side,
            channel / self.columns * self.pitch + position / side,
        ]
    }

    pub(super) fn tile(&self, channel: usize) -> Rect {
        let [column, row] = self.cell_of(channel, 0);
        let corner = self.rect.min + vec2(column as f32, row as f32) * self.cell;
        Rect::from_min_size(corner, Vec2::splat(self.grid.side as f32 * self.cell))
    }

    pub(super) fn center(&self, channel: usize, position: usize) -> Pos2 {
        let [column, row] = self.cell_of(channel, position);
        self.rect.min + vec2(column as f32 + 0.5, row as f32 + 0.5) * self.cell
    }

    /// The channel and the position under the pointer.
    pub(super) fn at(&self, pos: Pos2) -> Option<(usize, usize)> {
        let offset = (pos - self.rect.min) / self.cell;
        if !self.rect.contains(pos) {
            return None;
        }
        let [x, y] = [offset.x, offset.y].map(|at| at as usize);
        let channel = y / self.pitch * self.columns + x / self.pitch;
        let [x, y] = [x % self.pitch, y % self.pitch].map(|at| at.min(self.grid.side - 1));
        (channel < self.grid.channels).then_some((channel, y * self.grid.side + x))
    }

    /// The values, `[positions, channels]`, as an image with paper between the tiles.
    pub(super) fn image(
        &self,
        values: &[f32],
        ground: Color32,
        color: impl Fn(f32) -> Color32,
    ) -> ColorImage {
        let [width, height] = self.size();
        let mut pixels = vec![ground; width * height];
        for (index, &value) in values.iter().enumerate() {
            let [x, y] = self.cell_of(index % self.grid.channels, index / self.grid.channels);
            pixels[y * width + x] = color(value);
        }
        ColorImage::new([width, height], pixels)
    }
}

/// A texture that is uploaded when its content changes.
#[derive(Default)]
pub(super) struct LayerPicture {
    texture: Option<TextureHandle>,
    shown: Option<ColorImage>,
}

impl LayerPicture {
    pub(super) fn ui(&mut self, ui: &Ui, rect: Rect, image: ColorImage) {
        if self.shown.as_ref() != Some(&image) {
            match &mut self.texture {
                Some(texture) => texture.set(image.clone(), TextureOptions::NEAREST),
                empty => {
                    *empty = Some(ui.load_texture("layer", image.clone(), TextureOptions::NEAREST));
                }
            }
            self.shown = Some(image);
        }
        if let Some(texture) = &self.texture {
            let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            ui.painter()
                .image(texture.id(), rect, whole, Color32::WHITE);
        }
    }
}

/// The frame of a grid.
pub(super) fn outline(ui: &Ui, rect: Rect, palette: &Palette) {
    let line = Stroke::new(1.0, palette.outline);
    ui.painter()
        .rect_stroke(rect.expand(1.0), 0.0, line, StrokeKind::Outside);
}
