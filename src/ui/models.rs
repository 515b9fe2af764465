//! Which model answers, and the choice of another.

use egui::{Button, RichText, Ui, containers::menu::MenuButton, vec2};

use super::{theme, words};
use crate::app::{
    action::{Action, PathPurpose},
    state::State,
};

/// The width under which the line breaks into more.
const ROOMY: f32 = 620.0;

/// How much height it takes in a stage of that width.
pub(crate) fn height(stage_width: f32) -> f32 {
    if stage_width < ROOMY { 96.0 } else { 82.0 }
}

/// Draws the line that says who answers, and its buttons.
pub(crate) fn models_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let models = &state.models;
    ui.label(words::answers(models.chosen(), models.snapshot()));
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        ui.spacing_mut().button_padding.x = 10.0;
        MenuButton::new("Change model").ui(ui, |ui| menu_ui(ui, state, actions));
        let id = models.chosen().id;
        if ui.button("Save weights…").clicked() {
            actions.push(Action::AskPath(PathPurpose::SaveWeights(id)));
        }
        let before = models.before();
        if let Some(before) = before {
            let help = format!("Back to the {}", before.name());
            let button = ui.add(Button::new("The one before").min_size(vec2(0.0, 0.0)));
            if button.on_hover_text(help).clicked() {
                actions.push(Action::ChooseModel(before.id));
            }
        }
    });
}

fn menu_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let models = &state.models;
    let watches = models.snapshot().is_some();
    for entry in models.entries() {
        let selected = !watches && entry.id == models.chosen().id;
        let unsaved = if entry.is_saved {
            ""
        } else {
            ", not saved yet"
        };
        let text = format!("{}{unsaved}", capitalised(&entry.name()));
        if ui.selectable_label(selected, text).clicked() {
            actions.push(Action::ChooseModel(entry.id));
        }
        let description = RichText::new(words::description(&entry.model))
            .size(theme::SMALL)
            .weak();
        ui.label(description);
    }
    ui.separator();
    if ui.button("Load weights…").clicked() {
        actions.push(Action::AskPath(PathPurpose::LoadWeights));
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .chain(chars)
        .collect()
}
