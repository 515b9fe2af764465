//! The row that explains how to correct a prediction.

use egui::{
    CursorIcon, Id, Pos2, Rect, Sense, Stroke, Ui, Vec2, WidgetInfo, accesskit::Role, vec2,
};

use super::{
    prediction::caption,
    theme::{self, Palette},
};
use crate::app::{action::Action, state::corrections::FINE_TUNE_HINT};

/// The distance from the image above to this row, which is in the margin above the bars.
pub(super) const GAP: f32 = 3.0;

/// Explains corrections, and offers to save the drawing as a non-digit.
pub(super) fn correct_ui(ui: &mut Ui, place: Pos2, menu_is_open: bool, actions: &mut Vec<Action>) {
    let (text, none) = ("Wrong? Click the right digit, or", "not a digit");
    let words = caption(ui, place, text);
    let response = ui.interact(words, Id::unique("correct"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    let palette = Palette::of(ui.style());
    let font = theme::font(theme::SMALL);
    let galley = ui
        .painter()
        .layout_no_wrap(none.to_owned(), font, palette.text);
    let place = Rect::from_min_size(words.right_top() + vec2(GAP + 1.0, 0.0), galley.size());
    let sense = if menu_is_open {
        Sense::hover()
    } else {
        Sense::click()
    };
    // As high as possible, for touch.
    let target = place.expand2(Vec2::splat(GAP));
    let response = ui.interact(target, Id::unique("correct-non-digit"), sense);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Save as a non-digit"));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(target, 3.0, palette.panel);
    }
    let underline = Stroke::new(1.0, palette.text);
    ui.painter()
        .hline(place.x_range(), place.bottom() - 1.0, underline);
    ui.painter().galley(place.min, galley, palette.text);
    let help = "Saves this drawing as a non-digit, such as a scribble or a letter.";
    let response = response.on_hover_cursor(CursorIcon::PointingHand);
    if response
        .on_hover_text(format!("{help} {FINE_TUNE_HINT}"))
        .clicked()
    {
        actions.push(Action::SaveCorrection(None));
    }
}
