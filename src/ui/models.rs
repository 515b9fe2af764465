//! The model in use, and the choice of another.

use egui::{Align, Button, Layout, TextFormat, Ui, containers::menu::MenuButton, text::LayoutJob};

use super::theme::{self, Palette};
use crate::{
    app::{
        action::Action,
        state::{
            State,
            models::{Entry, Origin, Snapshot},
        },
    },
    format,
    model::file::Model,
    worker::file_tasks::FilePurpose,
};

/// The height of the panel: two lines and the buttons, in points.
pub(crate) const HEIGHT: f32 = 84.0;
/// The smallest width for the button to the previous model, in points.
const MIN_PREVIOUS_WIDTH: f32 = 120.0;

/// Draws the line about the model in use, and its buttons.
pub(crate) fn models_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    ui.with_layout(Layout::bottom_up(Align::LEFT), |ui| {
        ui.horizontal(|ui| buttons_ui(ui, state, actions));
        let models = &state.models;
        let [label, name, accuracy] = model_line(models.chosen(), models.snapshot());
        let palette = Palette::of(ui.style());
        // One label, so that a screen reader reads it at once.
        let mut line = LayoutJob::default();
        for (text, font, color) in [
            (label, theme::font(theme::BODY), palette.weak),
            (name, theme::strong(theme::BODY), palette.text),
            (accuracy, theme::font(theme::BODY), palette.weak),
        ] {
            line.append(&text, 0.0, TextFormat::simple(font, color));
        }
        ui.label(line).on_hover_text(description(models.in_use()));
    });
}

fn buttons_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let models = &state.models;
    ui.spacing_mut().item_spacing.x = 6.0;
    ui.spacing_mut().button_padding.x = 10.0;
    MenuButton::new("Change model").ui(ui, |ui| menu_ui(ui, state, actions));
    let id = models.chosen().id;
    // During a live training, the predictions come from its snapshot and not from the chosen model.
    let save = ui.add_enabled(models.snapshot().is_none(), Button::new("Save weights…"));
    let help = "The weights of a training can be saved when it ends. To save another model now, choose it first.";
    if save.on_disabled_hover_text(help).clicked() {
        actions.push(Action::SaveWeights(id));
    }
    // The menu has the previous model too.
    let has_room = ui.available_width() >= MIN_PREVIOUS_WIDTH;
    if let Some(previous) = models.previous().filter(|_| has_room) {
        let button = Button::new(format!("Back to {}", short_name(previous))).truncate();
        let help = description(&previous.model);
        if ui.add(button).on_hover_text(help).clicked() {
            actions.push(Action::ChooseModel(previous.id));
        }
    }
}

fn menu_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    theme::quiet_selection(ui);
    let palette = Palette::of(ui.style());
    let models = &state.models;
    for entry in models.entries() {
        let is_selected = models.snapshot().is_none() && entry.id == models.chosen().id;
        let unsaved = if entry.is_saved { "" } else { ", not saved" };
        let name = format!("{}{unsaved}\n", short_name(entry));
        let mut text = LayoutJob::default();
        let part = |size, color| TextFormat::simple(theme::font(size), color);
        text.append(&name, 0.0, part(theme::BODY, palette.text));
        text.append(
            &description(&entry.model),
            0.0,
            part(theme::SMALL, palette.weak),
        );
        if ui.selectable_label(is_selected, text).clicked() {
            actions.push(Action::ChooseModel(entry.id));
        }
    }
    ui.separator();
    if ui.button("Load weights…").clicked() {
        actions.push(Action::AskPath(FilePurpose::LoadWeights));
    }
}

/// "Built-in", "Run 2", "weights.safetensors".
fn short_name(entry: &Entry) -> String {
    match &entry.origin {
        Origin::BuiltIn => "Built-in".to_owned(),
        Origin::Trained(run) => format!("Run {run}"),
        Origin::Library(_, title) => title.clone(),
        Origin::File(path) => {
            let name = path.file_name().unwrap_or(path.as_os_str());
            name.to_string_lossy().into_owned()
        }
    }
}

/// The line about the model in use in three parts: "Model: ", "Built-in", " · 99.4 % on MNIST".
fn model_line(chosen: &Entry, snapshot: Option<&Snapshot>) -> [String; 3] {
    let (name, accuracy) = match snapshot {
        Some(Snapshot { epoch, .. }) => (format!("Training, epoch {epoch}"), None),
        None => (short_name(chosen), accuracy(&chosen.model, 1)),
    };
    let accuracy = accuracy.map(|accuracy| format!(" · {accuracy}"));
    ["Model: ".to_owned(), name, accuracy.unwrap_or_default()]
}

/// "99.43 % on MNIST".
fn accuracy(model: &Model, decimals: usize) -> Option<String> {
    let metadata = &model.metadata;
    let percent = format::percent(metadata.test_accuracy?, decimals);
    let dataset = match metadata.dataset.as_deref() {
        Some("mnist") => "MNIST",
        Some(other) => other,
        None => "its test set",
    };
    Some(format!("{percent} on {dataset}"))
}

/// "784-512-10 ReLU, 98.60 % on MNIST".
fn description(model: &Model) -> String {
    let layers = model.mlp.config().to_string();
    let accuracy = accuracy(model, 2).map(|accuracy| format!(", {accuracy}"));
    layers + &accuracy.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::app::state::models::Models;

    #[test]
    fn the_line_names_the_model_and_its_accuracy() {
        let model = Model::built_in().expect("the built-in model loads");
        let mut models = Models::new(Arc::new(model.clone()));
        let line = |models: &Models| model_line(models.chosen(), models.snapshot()).concat();
        assert_eq!(line(&models), "Model: Built-in · 99.4\u{a0}% on MNIST");
        models.add(Origin::Trained(3), Arc::new(model.clone()));
        assert_eq!(line(&models), "Model: Run 3 · 99.4\u{a0}% on MNIST");
        let mut other = model;
        other.metadata.test_accuracy = None;
        models.add(Origin::File("there/w.safetensors".into()), Arc::new(other));
        assert_eq!(line(&models), "Model: w.safetensors", "without an accuracy");
    }

    #[test]
    fn an_accuracy_names_its_test_set() {
        let mut model = Model::built_in().expect("the built-in model loads");
        model.metadata.test_accuracy = Some(0.987_64);
        for (dataset, expected) in [
            (Some("mnist"), "98.76\u{a0}% on MNIST"),
            (Some("letters"), "98.76\u{a0}% on letters"),
            (None, "98.76\u{a0}% on its test set"),
        ] {
            model.metadata.dataset = dataset.map(str::to_owned);
            let line = accuracy(&model, 2);
            assert_eq!(line.as_deref(), Some(expected), "{dataset:?}");
        }
    }
}
