//! The gallery of corrections: their labels, what each is read as, and what can be done with them.

use std::ops::Range;

use egui::{
    Align2, Button, Color32, Context, CornerRadius, Rect, Response, RichText, ScrollArea, Sense,
    Stroke, StrokeKind, Ui, Vec2, WidgetInfo, accesskit::Role, pos2, vec2,
};

use super::{
    atlas::Atlas,
    correct::labels_ui,
    theme::{self, Palette},
    widgets::{self, note, small_button},
};
use crate::{
    app::{
        action::Action,
        state::{
            State,
            corrections::{CorrectionAction, in_words},
        },
    },
    format,
    ink::edit::CorrectionLabel,
    recognition::RecognizedDrawing,
    store::corrections::digit_of,
};

/// The side of an image in points, and the height of a line below it.
const IMAGE: f32 = 56.0;
const LINE: f32 = 17.0;
/// The size of a tile in points.
const TILE: Vec2 = vec2(96.0, IMAGE + 2.0 * LINE + 4.0);
/// The height of the part below the tiles, in points.
const DETAILS: f32 = 132.0;

/// The state of the gallery between frames.
#[derive(Debug, Default)]
pub(super) struct CorrectionsView {
    /// The number of the list, and the visible range.
    atlas: Atlas<(u64, Range<usize>)>,
}

impl CorrectionsView {
    /// Draws the gallery over the window while it is open.
    pub(super) fn ui(&mut self, ctx: &Context, state: &State, actions: &mut Vec<Action>) {
        if !state.corrections.is_open || state.has_question() {
            return;
        }
        let closes = widgets::modal(ctx, "Your corrections", 640.0, |ui| {
            self.content_ui(ui, state, actions);
        });
        if closes {
            actions.push(Action::Corrections(CorrectionAction::Close));
        }
    }

    fn content_ui(&mut self, ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
        let gallery = &state.corrections;
        let total = gallery.list.len();
        let reader = &state.models.chosen().name;
        let text = match total {
            0 => "None yet. Draw a digit, and say what it is under Wrong?".to_owned(),
            _ => format!(
                "{} of {} read rightly by {reader}",
                format::count(gallery.correct_count()),
                format::count(total)
            ),
        };
        note(ui, text);
        let mut act = |action| actions.push(Action::Corrections(action));
        self.tiles_ui(ui, state, &mut act);
        let selected = gallery.selected.filter(|&index| index < total);
        ui.allocate_ui(vec2(ui.available_width(), DETAILS), |ui| {
            ui.set_min_height(DETAILS);
            match selected {
                Some(index) => details_ui(ui, &gallery.list[index], &mut act),
                None if total > 0 => {
                    note(ui, "Click a drawing to relabel or delete it.");
                }
                None => {}
            }
        });
        ui.horizontal(|ui| {
            ui.add_enabled_ui(total > 0, |ui| {
                let test = ui.button("Test on my drawings");
                let help = "Evaluates the model in use on your corrections, in the place Test.";
                if test.on_hover_text(help).clicked() {
                    act(CorrectionAction::Test);
                }
            });
            if ui
                .button("Close")
                .on_hover_text("Closes the gallery (Esc).")
                .clicked()
            {
                act(CorrectionAction::Close);
            }
        });
    }

    /// The newest first.
    fn tiles_ui(&mut self, ui: &mut Ui, state: &State, act: &mut impl FnMut(CorrectionAction)) {
        let gallery = &state.corrections;
        let total = gallery.list.len();
        let gap = 8.0;
        ui.spacing_mut().item_spacing = Vec2::splat(gap);
        let room = ui.available_width() - ui.spacing().scroll.bar_width;
        let columns = ((room + gap) / (TILE.x + gap)).floor().max(1.0) as usize;
        let height = ui.ctx().content_rect().height() - DETAILS - 250.0;
        let height = height.clamp(TILE.y + gap, 3.0 * (TILE.y + gap));
        let area = ScrollArea::vertical()
            .max_height(height)
            .min_scrolled_height(height)
            .auto_shrink([false, true]);
        area.show_rows(ui, TILE.y, total.div_ceil(columns), |ui, rows| {
            let visible = rows.start * columns..total.min(rows.end * columns);
            let drawing = |index: usize| &gallery.list[total - 1 - index];
            let images: Vec<_> = visible
                .clone()
                .map(|index| drawing(index).bitmap.clone())
                .collect();
            let key = (gallery.version, visible.clone());
            self.atlas.show(ui, key, images.into_iter());
            for row in rows {
                ui.horizontal(|ui| {
                    for index in (row * columns..total).take(columns) {
                        let place = self.atlas.place(index - visible.start);
                        let own = total - 1 - index;
                        let is_selected = gallery.selected == Some(own);
                        let tile = tile_ui(ui, own, drawing(index), is_selected, place);
                        if tile.clicked() {
                            act(CorrectionAction::Select(own));
                        }
                    }
                });
            }
            widgets::scroll_to_focus(ui);
        });
    }
}

/// "9 · 87 %", or "non-digit".
fn reading(drawing: &RecognizedDrawing) -> String {
    let prediction = &drawing.prediction;
    if prediction.is_digit() {
        let confidence = format::percent(f64::from(prediction.confidence()), 0);
        format!("{} · {confidence}", prediction.digit())
    } else {
        "non-digit".to_owned()
    }
}

/// An image with its label and its prediction. Amber where they differ.
fn tile_ui(
    ui: &mut Ui,
    index: usize,
    drawing: &RecognizedDrawing,
    is_selected: bool,
    place: Option<(egui::TextureId, Rect)>,
) -> Response {
    let palette = Palette::of(ui.style());
    let (rect, response) = ui.allocate_exact_size(TILE, Sense::click());
    let label = digit_of(&drawing.record).map_or("non-digit".to_owned(), |it| it.to_string());
    let reading = reading(drawing);
    response.widget_info(|| {
        let name = format!("Correction {}: {label}, read as {reading}", index + 1);
        WidgetInfo::selected(Role::Button, true, is_selected, name)
    });
    let is_right = drawing.is_as_labeled();
    if is_selected || response.hovered() {
        let fill = if is_selected {
            palette.button_pressed
        } else {
            palette.window
        };
        ui.painter().rect_filled(rect, theme::RADIUS, fill);
    }
    let left = (rect.left() + (TILE.x - IMAGE) / 2.0).round();
    let image = Rect::from_min_size(pos2(left, rect.top() + 2.0), Vec2::splat(IMAGE));
    if let Some((texture, place)) = place {
        ui.painter().image(texture, image, place, Color32::WHITE);
    }
    let outline = if is_right {
        Stroke::new(1.0, palette.outline)
    } else {
        Stroke::new(2.0, palette.second)
    };
    ui.painter()
        .rect_stroke(image, CornerRadius::ZERO, outline, StrokeKind::Outside);
    let line = |number: f32, text: String, font, color| {
        let middle = pos2(
            rect.center().x,
            image.bottom() + 2.0 + LINE * (number + 0.5),
        );
        ui.painter()
            .text(middle, Align2::CENTER_CENTER, text, font, color);
    };
    line(0.0, label, theme::strong(theme::SMALL), palette.text);
    let color = if is_right {
        palette.weak
    } else {
        palette.second
    };
    let read = if is_right {
        reading
    } else {
        format!("read as {reading}")
    };
    line(1.0, read, theme::font(12.0), color);
    response.on_hover_text("Click to relabel or delete it.")
}

/// What can be done with the selected correction.
fn details_ui(ui: &mut Ui, drawing: &RecognizedDrawing, act: &mut impl FnMut(CorrectionAction)) {
    ui.horizontal_top(|ui| {
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing = Vec2::splat(4.0);
            let label = CorrectionLabel(digit_of(&drawing.record));
            if let Some(new) = labels_ui(ui, Some(label)).filter(|new| *new != label) {
                act(CorrectionAction::Relabel(new.0));
            }
        });
        ui.vertical(|ui| {
            let text = format!(
                "Saved as {}, read as {}.",
                in_words(digit_of(&drawing.record)),
                reading(drawing)
            );
            ui.label(RichText::new(text).size(theme::SMALL));
            let show = small_button(ui, "Put on the pad");
            if show
                .on_hover_text("Shows the drawing on the pad. Undo returns.")
                .clicked()
            {
                act(CorrectionAction::Show);
            }
            let delete = ui.add(Button::new(RichText::new("Delete").size(theme::SMALL)));
            let help = "Deletes this correction. The status line offers to restore it.";
            if delete.on_hover_text(help).clicked() {
                act(CorrectionAction::Delete);
            }
        });
    });
}
