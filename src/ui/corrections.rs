//! The gallery of corrections: their labels, what each is read as, and what can be done with them.

use egui::{Button, Context, RichText, Ui, Vec2, vec2};

use super::{
    correct::labels_ui,
    drawings::{self, DrawingGrid, GridContent, Tile, TileLine, reading},
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
    recognition::RecognizedDrawing,
    store::corrections::{CorrectionLabel, digit_of},
};

/// The height of the part below the tiles, in points.
const DETAILS: f32 = 132.0;

/// The state of the gallery between frames.
#[derive(Debug, Default)]
pub(super) struct CorrectionsView {
    grid: DrawingGrid,
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
                "{reader} reads {} of {} as labeled",
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

    fn tiles_ui(&mut self, ui: &mut Ui, state: &State, act: &mut impl FnMut(CorrectionAction)) {
        let gallery = &state.corrections;
        let height = ui.ctx().content_rect().height() - DETAILS - 250.0;
        let content = GridContent {
            list: &gallery.list,
            version: gallery.version,
            lines: 2,
            tile_width: 96.0,
            room: vec2(
                ui.available_width(),
                height.clamp(drawings::height_of(1, 2), drawings::height_of(3, 2)),
            ),
        };
        let palette = Palette::of(ui.style());
        let tile = |index| tile_of(index, &gallery.list[index], gallery.selected, palette);
        if let Some(index) = self.grid.ui(ui, &content, tile) {
            act(CorrectionAction::Select(index));
        }
    }
}

/// A drawing with its label and its prediction. Amber where they differ.
fn tile_of(
    index: usize,
    drawing: &RecognizedDrawing,
    selected: Option<usize>,
    palette: &Palette,
) -> Tile {
    let label = digit_of(&drawing.record).map_or("non-digit".to_owned(), |it| it.to_string());
    let reading = reading(drawing);
    let name = format!("Correction {}: {label}, read as {reading}", index + 1);
    let is_right = drawing.is_as_labeled();
    let (read, color) = if is_right {
        (reading, palette.weak)
    } else {
        (format!("read as {reading}"), palette.second)
    };
    Tile {
        name,
        help: "Click to relabel or delete it.",
        is_selected: selected == Some(index),
        is_marked: !is_right,
        lines: vec![
            TileLine {
                text: label,
                font: theme::strong(theme::SMALL),
                color: palette.text,
            },
            TileLine {
                text: read,
                font: theme::font(12.0),
                color,
            },
        ],
    }
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
