//! The tiles of a layer, with a cell for each position, and their texture.

use egui::{
    Color32, ColorImage, Key, Pos2, Rect, Stroke, StrokeKind, TextureHandle, TextureOptions, Ui,
    Vec2, pos2, vec2,
};

use crate::{model::Grid, ui::theme::Palette};

/// A cell of a grid: its tile, which is a channel or a kernel, and its position in the tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) tile: usize,
    pub(super) position: usize,
}

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

    /// The cell under the pointer.
    pub(super) fn at(&self, pos: Pos2) -> Option<Cell> {
        let offset = (pos - self.rect.min) / self.cell;
        if !self.rect.contains(pos) {
            return None;
        }
        let [x, y] = [offset.x, offset.y].map(|at| at as usize);
        let tile = y / self.pitch * self.columns + x / self.pitch;
        let [x, y] = [x % self.pitch, y % self.pitch].map(|at| at.min(self.grid.side - 1));
        let position = y * self.grid.side + x;
        Some(Cell { tile, position }).filter(|cell| self.contains(*cell))
    }

    /// Whether there is such a cell.
    pub(super) fn contains(&self, cell: Cell) -> bool {
        cell.tile < self.grid.channels && cell.position < self.grid.positions()
    }

    /// The place of a cell, or of its tile.
    pub(super) fn cell_rect(&self, cell: Cell, is_tile: bool) -> Rect {
        if is_tile {
            return self.tile(cell.tile);
        }
        let center = self.center(cell.tile, cell.position);
        Rect::from_center_size(center, Vec2::splat(self.cell))
    }

    /// The cell beside a cell in the direction of an arrow key, or the same place in the tile beside its own. Where there is
    /// none, the cell stays.
    pub(super) fn moved(&self, cell: Cell, key: Key, is_tile: bool) -> Cell {
        let side = self.grid.side;
        let step = if is_tile { side } else { 1 };
        let [mut x, mut y] = [
            cell.tile % self.columns * side + cell.position % side,
            cell.tile / self.columns * side + cell.position / side,
        ];
        match key {
            Key::ArrowLeft if x >= step => x -= step,
            Key::ArrowRight if x + step < self.columns * side => x += step,
            Key::ArrowUp if y >= step => y -= step,
            Key::ArrowDown => y += step,
            _ => {}
        }
        let next = Cell {
            tile: y / side * self.columns + x / side,
            position: y % side * side + x % side,
        };
        if self.contains(next) { next } else { cell }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrow_keys_move_by_a_cell_or_by_a_tile() {
        // Five tiles of 3×3 cells: three in the first row and two in the second.
        let place = Rect::from_min_size(pos2(0.0, 0.0), vec2(110.0, 110.0));
        let (side, channels) = (3, 5);
        let grid = TileGrid::of(Grid { side, channels }, place);
        let cases = [
            (Key::ArrowRight, false, [0, 0], [0, 1], "in the tile"),
            (Key::ArrowRight, false, [0, 5], [1, 3], "into the next tile"),
            (Key::ArrowRight, false, [2, 5], [2, 5], "the edge stays"),
            (Key::ArrowLeft, false, [1, 3], [0, 5], "back"),
            (Key::ArrowDown, false, [1, 7], [4, 1], "into the tile below"),
            (Key::ArrowDown, false, [2, 7], [2, 7], "no tile is below"),
            (Key::ArrowUp, false, [4, 1], [1, 7], "and up"),
            (Key::ArrowRight, true, [0, 4], [1, 4], "by a tile"),
            (Key::ArrowDown, true, [1, 4], [4, 4], "by a tile, down"),
            (Key::ArrowRight, true, [4, 4], [4, 4], "no tile is beside"),
            (Key::ArrowUp, true, [1, 4], [1, 4], "the first row stays"),
        ];
        let cell = |[tile, position]: [usize; 2]| Cell { tile, position };
        for (key, is_tile, from, to, reason) in cases {
            assert_eq!(grid.moved(cell(from), key, is_tile), cell(to), "{reason}");
            let at = grid.cell_rect(cell(from), false).center();
            assert_eq!(grid.at(at), Some(cell(from)), "under the pointer");
        }
    }
}
