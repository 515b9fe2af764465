//! A grid of drawings, the newest first: the image of each, and what it is read as.

use std::{ops::Range, sync::Arc};

use egui::{
    Align2, Color32, CornerRadius, FontId, Galley, Painter, Rect, Response, ScrollArea, Stroke,
    StrokeKind, Ui, Vec2, WidgetInfo, accesskit::Role, pos2, vec2,
};

use super::{
    atlas::Atlas,
    focus,
    roving::TileRows,
    theme::{self, Palette},
};
use crate::{
    format,
    recognition::{RecognizedDrawing, number::Reading},
};

/// The side of an image, and the height of a line below it, in points.
const IMAGE: f32 = 56.0;
const LINE: f32 = 17.0;
/// The distance of two tiles, in points.
const GAP: f32 = 8.0;

/// The state of a grid between frames.
#[derive(Debug, Default)]
pub(super) struct DrawingGrid {
    /// The number of the list, and the visible range.
    atlas: Atlas<(u64, Range<usize>)>,
}

/// The drawings of a grid, and its size.
pub(super) struct GridContent<'a> {
    pub(super) list: &'a [RecognizedDrawing],
    /// Counts the lists.
    pub(super) version: u64,
    /// The lines of text below each image.
    pub(super) lines: usize,
    pub(super) tile_width: f32,
    /// The largest width and height of the grid, in points.
    pub(super) room: Vec2,
}

/// A drawing in a grid.
pub(super) struct Tile {
    /// Its name for a screen reader.
    pub(super) name: String,
    pub(super) help: &'static str,
    pub(super) is_selected: bool,
    /// Whether it is marked in amber.
    pub(super) is_marked: bool,
    pub(super) lines: Vec<TileLine>,
}

/// A line of text below a drawing. It is shortened where it is too wide.
pub(super) struct TileLine {
    pub(super) text: String,
    pub(super) font: FontId,
    pub(super) color: Color32,
}

/// What is between a reading and its confidence.
const CONFIDENCE: &str = " · ";

/// "9 · 87 %", "36 · 90 %", "several digits" or "non-digit".
pub(super) fn reading(drawing: &RecognizedDrawing) -> String {
    let share = |confidence: f32| format::probability(confidence, 0);
    match &drawing.reading {
        Reading::Number(number) => {
            let confidence = share(number.confidence());
            format!("{}{CONFIDENCE}{confidence}", number.spaced_text())
        }
        Reading::Single { prediction, .. } if prediction.is_digit() => {
            let confidence = share(prediction.confidence());
            format!("{}{CONFIDENCE}{confidence}", prediction.digit())
        }
        Reading::SeveralDigits { .. } => "several digits".to_owned(),
        Reading::Single { .. } | Reading::Blank => "non-digit".to_owned(),
    }
}

impl DrawingGrid {
    /// Draws the grid. Returns the index of the drawing that is clicked.
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        content: &GridContent<'_>,
        tile_of: impl Fn(usize) -> Tile,
    ) -> Option<usize> {
        let total = content.list.len();
        let size = content.tile_size();
        let bar = ui.spacing().scroll.bar_width + GAP;
        let columns = ((content.room.x - bar + GAP) / (size.x + GAP)).max(1.0) as usize;
        let columns = columns.min(total).max(1);
        let area = ScrollArea::vertical()
            .max_width(columns as f32 * (size.x + GAP) - GAP + bar)
            .max_height(content.room.y)
            .min_scrolled_height(content.room.y)
            .auto_shrink([false, true]);
        let mut clicked = None;
        area.show_viewport(ui, |ui, viewport| {
            let gap = Vec2::splat(GAP);
            let mut rows = TileRows::allocate(ui, viewport, size, gap, columns, total);
            let in_sight = rows.in_sight();
            let images = content.list.iter().rev().skip(in_sight.start);
            let images: Vec<_> = images
                .take(in_sight.len())
                .map(|drawing| drawing.bitmap.clone())
                .collect();
            let key = (content.version, in_sight.clone());
            self.atlas.show(ui, key, images.into_iter());
            for position in rows.drawn() {
                let image = position.checked_sub(in_sight.start);
                let place = image.and_then(|image| self.atlas.place(image));
                let index = total - 1 - position;
                let response = rows.interact(ui, position);
                if tile_ui(ui, response, &tile_of(index), place).clicked() {
                    clicked = Some(index);
                }
            }
            focus::scroll_to_focus(ui);
        });
        clicked
    }
}

impl GridContent<'_> {
    /// The size of a tile.
    fn tile_size(&self) -> Vec2 {
        vec2(self.tile_width, IMAGE + self.lines as f32 * LINE + 4.0)
    }
}

/// The height of so many rows of tiles with so many lines of text.
pub(super) fn height_of(rows: usize, lines: usize) -> f32 {
    rows as f32 * (IMAGE + lines as f32 * LINE + 4.0 + GAP)
}

fn tile_ui(
    ui: &Ui,
    response: Response,
    tile: &Tile,
    place: Option<(egui::TextureId, Rect)>,
) -> Response {
    let palette = Palette::of(ui.style());
    let rect = response.rect;
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, tile.is_selected, &tile.name));
    if tile.is_selected || response.hovered() {
        let fill = if tile.is_selected {
            palette.button_pressed
        } else {
            palette.window
        };
        ui.painter().rect_filled(rect, theme::RADIUS, fill);
    }
    let left = (rect.center().x - IMAGE / 2.0).round();
    let image = Rect::from_min_size(pos2(left, rect.top() + 2.0), Vec2::splat(IMAGE));
    if let Some((texture, place)) = place {
        ui.painter().image(texture, image, place, Color32::WHITE);
    }
    let outline = if tile.is_marked {
        Stroke::new(2.0, palette.second)
    } else {
        Stroke::new(1.0, palette.outline)
    };
    ui.painter()
        .rect_stroke(image, CornerRadius::ZERO, outline, StrokeKind::Outside);
    for (number, line) in tile.lines.iter().enumerate() {
        let middle = pos2(
            rect.center().x,
            image.bottom() + 2.0 + LINE * (number as f32 + 0.5),
        );
        let galley = line.fitted(ui.painter(), rect.width());
        let place = Align2::CENTER_CENTER.anchor_size(middle, galley.size());
        ui.painter().galley(place.min, galley, line.color);
    }
    response.on_hover_text(format!("{}\n{}", tile.name, tile.help))
}

impl TileLine {
    /// The text within this width: if need be, without the confidence, and then without what is in its middle.
    fn fitted(&self, painter: &Painter, width: f32) -> Arc<Galley> {
        let layout =
            |text: &str| painter.layout_no_wrap(text.to_owned(), self.font.clone(), self.color);
        let galley = layout(&self.text);
        let Some((short, _)) = self.text.split_once(CONFIDENCE) else {
            return galley;
        };
        if galley.size().x <= width {
            return galley;
        }
        let letters: Vec<char> = short.chars().collect();
        let elided = (1..=letters.len() / 2).rev().map(|kept| {
            let [start, end] = [&letters[..kept], &letters[letters.len() - kept..]];
            layout(&format!(
                "{}…{}",
                String::from_iter(start),
                String::from_iter(end)
            ))
        });
        let mut shorter = std::iter::once(layout(short)).chain(elided);
        shorter.find(|it| it.size().x <= width).unwrap_or(galley)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::{Context, RawInput};

    #[test]
    fn a_reading_is_as_wide_as_its_drawing_at_most() {
        let shown = |text: &str| {
            let line = TileLine {
                text: text.to_owned(),
                font: FontId::proportional(theme::SMALL),
                color: Color32::BLACK,
            };
            let mut shown = String::new();
            let mut output = Context::default().run_ui(RawInput::default(), |ui| {
                let galley = line.fitted(ui.painter(), 72.0);
                assert!(galley.size().x <= 72.0, "{}", galley.text());
                galley.text().clone_into(&mut shown);
            });
            output.textures_delta.clear();
            shown
        };
        assert_eq!(shown("42 · 99 %"), "42 · 99 %");
        assert_eq!(shown("991399 · 99 %"), "991399");
        let long = shown("4539148803436467 · 97 %");
        let (start, end) = long.split_once('…').expect("its middle is left out");
        assert!("4539148803436467".starts_with(start) && "4539148803436467".ends_with(end));
        assert_eq!(
            (start.len(), end.len()),
            (4, 4),
            "as much as there is room for"
        );
    }
}
