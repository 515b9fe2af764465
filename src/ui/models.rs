//! Which model answers, and the choice of another.

use egui::{Align, Button, Layout, TextFormat, Ui, containers::menu::MenuButton, text::LayoutJob};

use super::theme::{self, Palette};
use crate::{
    app::{
        action::{Action, PathPurpose},
        state::{
            State,
            models::{Entry, Snapshot},
        },
    },
    format,
    model::file::Model,
};

/// How much height it takes: two lines and the buttons.
pub(crate) const HEIGHT: f32 = 84.0;

/// What the button "The one before" needs.
const MIN_PREVIOUS_WIDTH: f32 = 120.0;

/// Draws the line that says who answers, and its buttons.
pub(crate) fn models_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    ui.with_layout(Layout::bottom_up(Align::LEFT), |ui| {
        ui.horizontal(|ui| buttons_ui(ui, state, actions));
        ui.label(answers(ui, state));
    });
}

/// The line in the colors of what matters: one label, so that it is read in one go.
fn answers(ui: &Ui, state: &State) -> LayoutJob {
    let palette = Palette::of(ui.style());
    let [before, name, details] = answering(state.models.chosen(), state.models.snapshot());
    let mut job = LayoutJob::default();
    for (text, font, color) in [
        (before, theme::font(theme::BODY), palette.weak),
        (name, theme::strong(theme::BODY), palette.text),
        (details, theme::font(theme::BODY), palette.weak),
    ] {
        job.append(&text, 0.0, TextFormat::simple(font, color));
    }
    job
}

fn buttons_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let models = &state.models;
    ui.spacing_mut().item_spacing.x = 6.0;
    ui.spacing_mut().button_padding.x = 10.0;
    MenuButton::new("Change model").ui(ui, |ui| menu_ui(ui, state, actions));
    let id = models.chosen().id;
    // While a training answers, the chosen model is not the one that is seen at work.
    let save = ui.add_enabled(models.snapshot().is_none(), Button::new("Save weights…"));
    let wait = "The weights of a training can be saved when it ends. Change model chooses another to save.";
    if save.on_disabled_hover_text(wait).clicked() {
        actions.push(Action::AskPath(PathPurpose::SaveWeights(id)));
    }
    // Where there is no room for it, the menu has it.
    let has_room = ui.available_width() >= MIN_PREVIOUS_WIDTH;
    if let Some(before) = models.before().filter(|_| has_room) {
        let help = format!("Back to the {}", before.name());
        if ui.button("The one before").on_hover_text(help).clicked() {
            actions.push(Action::ChooseModel(before.id));
        }
    }
}

fn menu_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    theme::quiet_selection(ui);
    let palette = Palette::of(ui.style());
    let models = &state.models;
    let watches = models.snapshot().is_some();
    for entry in models.entries() {
        let selected = !watches && entry.id == models.chosen().id;
        let unsaved = if entry.is_saved {
            ""
        } else {
            ", not saved yet"
        };
        let name = format!("{}{unsaved}\n", capitalized(&entry.name()));
        let mut text = LayoutJob::default();
        let part = |size, color| TextFormat::simple(theme::font(size), color);
        text.append(&name, 0.0, part(theme::BODY, palette.text));
        text.append(
            &description(&entry.model),
            0.0,
            part(theme::SMALL, palette.weak),
        );
        if ui.selectable_label(selected, text).clicked() {
            actions.push(Action::ChooseModel(entry.id));
        }
    }
    ui.separator();
    if ui.button("Load weights…").clicked() {
        actions.push(Action::AskPath(PathPurpose::LoadWeights));
    }
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .chain(chars)
        .collect()
}

/// What there is to say of a model: "784-512-10 relu, 98.60 % on the MNIST test set".
fn description(model: &Model) -> String {
    let shape = model.mlp.config();
    let metadata = &model.metadata;
    let dataset = match metadata.dataset.as_str() {
        "mnist" => "the MNIST",
        "" => "a",
        other => &format!("the {other}"),
    };
    match metadata.test_accuracy {
        Some(share) => format!(
            "{shape}, {} on {dataset} test set",
            format::percent(share, 2)
        ),
        None => shape.to_string(),
    }
}

/// Who answers: what comes before the name, the name, and what there is to say of it.
fn answering(chosen: &Entry, snapshot: Option<&Snapshot>) -> [String; 3] {
    let (name, details) = match snapshot {
        Some(Snapshot { epoch, model }) => (
            format!("the training, epoch {epoch}"),
            model.mlp.config().to_string(),
        ),
        None => (chosen.name(), description(&chosen.model)),
    };
    ["Answers: ".to_owned(), name, format!(" ({details})")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_accuracy_stays_in_one_line() {
        let shipped = Model::built_in().expect("the shipped model fits");
        let said = description(&shipped);
        assert!(said.contains("\u{a0}% on the MNIST test set"), "{said}");
    }

    #[test]
    fn the_test_set_of_a_model_has_its_name_or_none() {
        let mut model = Model::built_in().expect("the shipped model fits");
        for (dataset, expected) in [
            ("mnist", "on the MNIST test set"),
            ("letters", "on the letters test set"),
            ("", "on a test set"),
        ] {
            dataset.clone_into(&mut model.metadata.dataset);
            let said = description(&model);
            assert!(said.ends_with(expected), "{dataset}: {said}");
        }
    }
}
