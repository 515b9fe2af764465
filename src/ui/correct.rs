//! The row that corrects a prediction.

use egui::{
    Align, Button, Layout, Rect, RichText, Sense, Ui, Vec2, containers::menu::MenuButton, vec2,
};

use super::{
    draw::fixed_place,
    focus,
    roving::RovingFocus,
    theme::{self, Palette},
    widgets::{framed_buttons, named, quiet_selection, small_button},
};
use crate::{
    app::{
        action::Action,
        state::{
            State,
            corrections::{CorrectionAction, FINE_TUNE_HINT, in_words, with_article},
            pad::Answer,
        },
    },
    bitmap::Digit,
    store::corrections::CorrectionLabel,
};

/// The distance of this row to what is above and below it, in points.
pub(super) const GAP: f32 = 4.0;
/// The name of the button that opens the gallery.
const ALL_CORRECTIONS: &str = "All corrections…";
/// The side of a digit in the menu, in points.
const DIGIT: f32 = 40.0;
/// The digits in a row of the menu.
const COLUMNS: usize = 5;

/// Draws the control that says what the drawing is, with the label that is saved. Empty without a prediction.
pub(super) fn correct_ui(ui: &mut Ui, place: Rect, state: &State, actions: &mut Vec<Action>) {
    if !state.can_correct() {
        return;
    }
    let palette = Palette::of(ui.style());
    let layout = Layout::left_to_right(Align::Center);
    let builder = fixed_place("correct", place).layout(layout);
    ui.scope_builder(builder, |ui| {
        ui.spacing_mut().button_padding = vec2(8.0, 0.0);
        ui.spacing_mut().interact_size.y = place.height();
        let label = state.correction();
        let text = if label.is_some() { "Change" } else { "Wrong?" };
        let button =
            Button::new(RichText::new(text).size(theme::SMALL)).min_size(vec2(0.0, place.height()));
        let (response, _) =
            MenuButton::from_button(button).ui(ui, |ui| menu_ui(ui, state, actions));
        let help = format!("Says what this drawing is (0 to 9, or N). {FINE_TUNE_HINT}");
        named(response, "Correct the prediction").on_hover_text(help);
        let is_digit = state.pad.answer().is_none_or(Answer::is_digit);
        let note = match label {
            Some(CorrectionLabel(digit)) => format!("saved as {}", in_words(digit)),
            None if !is_digit => "if it were a digit:".to_owned(),
            None => return,
        };
        let note = RichText::new(note).size(theme::SMALL).color(palette.weak);
        ui.add(egui::Label::new(note).truncate().selectable(false));
    });
}

/// The ten digits in two rows, and *Not a digit*.
fn menu_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    focus::keep_popup(ui);
    quiet_selection(ui);
    framed_buttons(ui);
    ui.spacing_mut().item_spacing = Vec2::splat(4.0);
    ui.label(RichText::new("This drawing is").size(theme::SMALL));
    let known = state.correction();
    if let Some(CorrectionLabel(digit)) = labels_ui(ui, known) {
        actions.push(Action::SaveCorrection(digit));
        ui.close();
    }
    ui.separator();
    all_corrections_ui(ui, actions);
}

/// Draws all labels as buttons, of which one may be chosen. Returns the label that is clicked.
pub(super) fn labels_ui(ui: &mut Ui, chosen: Option<CorrectionLabel>) -> Option<CorrectionLabel> {
    let mut clicked = None;
    let place = chosen.map(|CorrectionLabel(digit)| digit.map_or(Digit::ALL.len(), Digit::index));
    let id = ui.scope_id().with("labels");
    let mut focus = RovingFocus::of(ui, id, COLUMNS, Digit::ALL.len() + 1, place);
    let mut button_ui = |ui: &mut Ui, label: CorrectionLabel, text: &str, size: Vec2| {
        let index = label.0.map_or(Digit::ALL.len(), Digit::index);
        let button = Button::selectable(chosen == Some(label), text).frame_when_inactive(true);
        let button = ui.add_sized(size, button.sense(focus.sense(index, Sense::CLICK)));
        focus.follow(ui, index, &button);
        button
    };
    for row in Digit::ALL.chunks(COLUMNS) {
        ui.horizontal(|ui| {
            for &digit in row {
                let label = CorrectionLabel(Some(digit));
                let button = button_ui(ui, label, &digit.to_string(), Vec2::splat(DIGIT));
                let help = format!("Saves the drawing as {} ({digit}).", with_article(digit));
                if named(button, &format!("Save as {digit}"))
                    .on_hover_text(help)
                    .clicked()
                {
                    clicked = Some(CorrectionLabel(Some(digit)));
                }
            }
        });
    }
    let gaps = (COLUMNS - 1) as f32;
    let width = COLUMNS as f32 * DIGIT + gaps * ui.spacing().item_spacing.x;
    let size = vec2(width, 32.0);
    let button = button_ui(ui, CorrectionLabel(None), "Not a digit", size);
    let help = "Saves the drawing as a non-digit, such as a scribble or a letter (N).";
    if named(button, "Save as a non-digit")
        .on_hover_text(help)
        .clicked()
    {
        clicked = Some(CorrectionLabel(None));
    }
    clicked
}

/// The button that opens the gallery of corrections.
pub(super) fn all_corrections_ui(ui: &mut Ui, actions: &mut Vec<Action>) {
    gallery_button_ui(ui, ALL_CORRECTIONS, actions);
}

/// The same button with a shorter text.
pub(super) fn gallery_button_ui(ui: &mut Ui, text: &str, actions: &mut Vec<Action>) {
    let button = named(small_button(ui, text), ALL_CORRECTIONS);
    let help = "Shows all drawings that you corrected, to relabel, delete or test them.";
    if button.on_hover_text(help).clicked() {
        actions.push(Action::Corrections(CorrectionAction::Open));
        ui.close();
    }
}
