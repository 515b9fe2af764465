//! The row at the top: the places, the training panel, the model in use, the view and the help.

use egui::{
    Button, Context, Direction, Id, Label, Layout, RichText, ScrollArea, Shape, Stroke, TextFormat,
    Ui, ViewportCommand, WidgetInfo, accesskit::Role, containers::menu::MenuButton, gui_zoom,
    text::LayoutJob, vec2,
};

use super::{
    PLACES, focus, open_panel, runs,
    theme::{self, Palette},
    training,
    widgets::{self, named, quiet_selection},
};
use crate::{
    app::{
        action::Action,
        state::{
            State,
            models::{Entry, Models, Origin},
            runs::RunAction,
        },
    },
    format,
    model::file::Model,
    store::settings::ThemeChoice,
    worker::file_tasks::FilePurpose,
};

/// The height of the row, in points.
pub(super) const HEIGHT: f32 = 48.0;
/// The width from which the row has room for the program's name.
const WIDE: f32 = 960.0;
/// The width below which texts are short.
const NARROW: f32 = 720.0;
/// The width below which the places are close together.
const NARROWEST: f32 = 500.0;
/// The largest width of the help: two columns of shortcuts, in points.
const HELP_WIDTH: f32 = 760.0;
/// Between two controls, in points.
const GAP: f32 = 4.0;
/// Where egui stores the ids of the panel's button, and of the button of the place that is shown.
const PANEL_BUTTON: &str = "panel button";
const PLACE_BUTTON: &str = "place button";

/// The widths of the controls on the right, in points. They are fixed, so that none moves when a text changes.
struct Widths {
    training: f32,
    model: f32,
    view: f32,
    icon: f32,
}

/// Draws the row.
pub(super) fn header_ui(
    ui: &mut Ui,
    state: &State,
    shows_panel: bool,
    shows_help: &mut bool,
    actions: &mut Vec<Action>,
) {
    quiet_selection(ui);
    ui.spacing_mut().item_spacing.x = GAP;
    let width = ui.available_width();
    let (is_wide, is_narrow) = (width >= WIDE, width < NARROW);
    let widths = Widths {
        training: if is_narrow { 64.0 } else { 132.0 },
        model: if is_narrow { 170.0 } else { 250.0 },
        view: 60.0,
        icon: 34.0,
    };
    ui.horizontal_centered(|ui| {
        if is_wide {
            ui.heading("Digitpad");
            ui.add_space(theme::MARGIN);
        }
        if is_narrow {
            ui.spacing_mut().button_padding.x = if width < NARROWEST { 4.0 } else { 8.0 };
        }
        for (index, entry) in PLACES.iter().enumerate() {
            let tab = ui.add(Button::selectable(state.place == entry.place, entry.name));
            if state.place == entry.place {
                let id = tab.id;
                ui.data_mut(|data| data.insert_temp(Id::unique(PLACE_BUTTON), id));
            }
            let help = format!("{} (Ctrl+{}).", entry.help, index + 1);
            if tab.on_hover_text(help).clicked() {
                actions.push(Action::GoTo(entry.place));
            }
        }
        let others = widths.training + widths.view + widths.icon + 3.0 * GAP;
        let left = ui.available_width() - others;
        let model = left.clamp(96.0, widths.model);
        ui.add_space((left - model).max(0.0));
        slot(ui, widths.training, |ui| {
            training_ui(ui, state, shows_panel, is_narrow, actions);
        });
        slot(ui, model, |ui| {
            model_ui(ui, state, is_narrow, actions);
        });
        slot(ui, widths.view, |ui| view_ui(ui, state, actions));
        slot(ui, widths.icon, |ui| {
            let help = named(ui.button("?"), "Help");
            let text = "Help: first steps and shortcuts (F1).";
            *shows_help |= focus::tip(help, text).clicked();
        });
    });
}

/// A place of a fixed width for one control.
fn slot(ui: &mut Ui, width: f32, content: impl FnOnce(&mut Ui)) {
    let size = vec2(width, ui.spacing().interact_size.y);
    let layout = Layout::centered_and_justified(Direction::LeftToRight);
    ui.allocate_ui_with_layout(size, layout, |ui| {
        ui.spacing_mut().button_padding.x = 4.0;
        content(ui);
    });
}

/// Opens and closes the training panel. Says how far a training is, also while the panel is hidden.
fn training_ui(
    ui: &mut Ui,
    state: &State,
    shown: bool,
    is_narrow: bool,
    actions: &mut Vec<Action>,
) {
    let name = "Train your own";
    let progress = training::short_progress(&state.training, is_narrow);
    let text = match &progress {
        Some(text) => text,
        None if is_narrow => "Train…",
        None => name,
    };
    let button = if shown {
        // In a scope as the other one, so that it is the same control and keeps the focus.
        let size = ui.available_size();
        ui.scope(|ui| ui.add_sized(size, Button::selectable(true, text)))
            .inner
    } else {
        widgets::primary_button(ui, text, ui.available_size())
    };
    let id = button.id;
    ui.data_mut(|data| data.insert_temp(Id::unique(PANEL_BUTTON), id));
    let help = "Opens or closes the training panel: train a network of your own.";
    button.widget_info(|| {
        let mut info = WidgetInfo::selected(Role::Button, true, shown, name);
        info.current_text_value.clone_from(&progress);
        info
    });
    if button.on_hover_text(help).clicked() {
        if shown {
            actions.push(Action::ShowTraining(false));
        } else {
            open_panel(ui.ctx(), actions);
        }
    }
}

/// The button of the training panel.
pub(super) fn panel_button(ctx: &Context) -> Option<Id> {
    ctx.data(|data| data.get_temp(Id::unique(PANEL_BUTTON)))
}

/// The button of the place that is shown.
pub(super) fn place_button(ctx: &Context) -> Option<Id> {
    ctx.data(|data| data.get_temp(Id::unique(PLACE_BUTTON)))
}

/// The theme, the size and the full screen.
fn view_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let (button, _) = MenuButton::new("View").ui(ui, |ui| {
        widgets::roomy_menu(ui, 220.0);
        widgets::toggles_ui(ui, |ui| {
            for choice in ThemeChoice::ALL {
                let is_chosen = state.settings.theme == choice;
                let entry = ui.radio(is_chosen, choice.name());
                if is_chosen {
                    focus::enter_at(&entry);
                }
                if entry.clicked() {
                    actions.push(Action::ChooseTheme(choice));
                }
            }
        });
        ui.separator();
        gui_zoom::zoom_menu_buttons(ui);
        ui.separator();
        if ui
            .add(Button::new("Full screen").shortcut_text("F11"))
            .clicked()
        {
            switch_full_screen(ui.ctx());
        }
    });
    button.on_hover_text("Theme, size and full screen.");
}

/// Fills the screen with the window, or ends that.
pub(super) fn switch_full_screen(ctx: &Context) {
    let is_full = ctx.input(|input| input.viewport().fullscreen.unwrap_or(false));
    ctx.send_viewport_cmd(ViewportCommand::Fullscreen(!is_full));
}

/// The model in use, and the menu of all models.
fn model_ui(ui: &mut Ui, state: &State, is_narrow: bool, actions: &mut Vec<Action>) {
    let line = model_line(&state.models);
    let shown = match line.strip_prefix("Model: ") {
        Some(short) if is_narrow => short,
        _ => &line,
    };
    ui.spacing_mut().button_padding.x = 14.0;
    let button = Button::new(shown).truncate();
    let (response, _) = MenuButton::from_button(button).ui(ui, |ui| menu_ui(ui, state, actions));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &line));
    let tip = response.rect.right_center() - vec2(8.0, -2.0);
    let corners = [vec2(-4.0, -4.0), vec2(4.0, -4.0), vec2(0.0, 1.0)];
    let color = Palette::of(ui.style()).weak;
    let arrow = corners.map(|corner| tip + corner).to_vec();
    ui.painter()
        .add(Shape::convex_polygon(arrow, color, Stroke::NONE));
    response.on_hover_text(description(state.models.in_use()));
}

fn menu_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    quiet_selection(ui);
    widgets::roomy_menu(ui, 320.0_f32.min(ui.ctx().content_rect().width() - 48.0));
    let models = &state.models;
    let height = ui.ctx().content_rect().height() - 240.0;
    ScrollArea::vertical().max_height(height).show(ui, |ui| {
        let is_of_run = |entry: &&Entry| matches!(entry.origin, Origin::Run(_));
        for entry in models.entries().iter().filter(|entry| !is_of_run(entry)) {
            entry_ui(ui, models, entry, &description(&entry.model), actions);
        }
        for run in state.runs.list() {
            let record = &run.record;
            let details = state.run_of(record).description();
            let details = format!("{details}, {}", runs::accuracy_text(record));
            if let Some(entry) = models.of_run(record.id) {
                entry_ui(ui, models, entry, &details, actions);
            } else if choice_ui(ui, false, &record.name, &details) {
                actions.push(Action::Run(RunAction::Answer(record.id)));
            }
        }
        // A run that is deleted from the library keeps its model in this session.
        for entry in models.entries().iter().filter(is_of_run) {
            let is_listed = state.runs.list().iter();
            if !is_listed
                .map(|run| Origin::Run(run.record.id))
                .any(|run| run == entry.origin)
            {
                entry_ui(ui, models, entry, &description(&entry.model), actions);
            }
        }
        focus::scroll_to_focus(ui);
    });
    ui.separator();
    if let Some(previous) = models.previous() {
        let back = ui.button(format!("Back to {}", previous.name));
        if back.on_hover_text(description(&previous.model)).clicked() {
            actions.push(Action::ChooseModel(previous.id));
        }
    }
    if ui.button("Load weights…").clicked() {
        actions.push(Action::AskPath(FilePurpose::LoadWeights));
    }
    // While a training is watched, its weights answer and not those of the chosen model.
    let save = ui.add_enabled(models.snapshot().is_none(), Button::new("Save weights…"));
    let help = "The weights of a training can be saved when it ends. To save another model now, choose it first.";
    if save.on_disabled_hover_text(help).clicked() {
        actions.push(Action::SaveWeights(models.chosen().id));
    }
}

fn entry_ui(ui: &mut Ui, models: &Models, entry: &Entry, details: &str, actions: &mut Vec<Action>) {
    let is_selected = models.snapshot().is_none() && entry.id == models.chosen().id;
    let unsaved = if entry.is_saved { "" } else { ", not saved" };
    let name = format!("{}{unsaved}", entry.name);
    if choice_ui(ui, is_selected, &name, details) {
        actions.push(Action::ChooseModel(entry.id));
    }
}

/// A name and details below it.
fn choice_ui(ui: &mut Ui, is_selected: bool, name: &str, details: &str) -> bool {
    let palette = Palette::of(ui.style());
    let mut text = LayoutJob::default();
    for (part, size, color) in [
        (format!("{name}\n"), theme::BODY, palette.text),
        (details.to_owned(), theme::SMALL, palette.weak),
    ] {
        text.append(&part, 0.0, TextFormat::simple(theme::font(size), color));
    }
    let button = Button::selectable(is_selected, text).wrap();
    let entry = ui.add(button.min_size(vec2(ui.available_width(), 0.0)));
    if is_selected {
        focus::enter_at(&entry);
    }
    entry.clicked()
}

/// "Model: Built-in · 99.4 %", or "Model: training, epoch 3".
fn model_line(models: &Models) -> String {
    let chosen = models.chosen();
    let text = match (models.snapshot(), chosen.model.metadata.test_accuracy) {
        (Some(snapshot), _) => format!("training, epoch {}", snapshot.epoch),
        (None, Some(accuracy)) => format!("{} · {}", chosen.name, format::percent(accuracy, 1)),
        (None, None) => chosen.name.clone(),
    };
    format!("Model: {text}")
}

/// "784-512-10 ReLU, 98.60 % on MNIST".
fn description(model: &Model) -> String {
    let layers = model.mlp.config().to_string();
    let metadata = &model.metadata;
    let Some(accuracy) = metadata.test_accuracy else {
        return layers;
    };
    let dataset = match metadata.dataset.as_deref() {
        Some("mnist") => "MNIST",
        Some(other) => other,
        None => "its test set",
    };
    format!("{layers}, {} on {dataset}", format::percent(accuracy, 2))
}

/// What the user does with the help.
pub(super) enum HelpOutcome {
    Stays,
    Closes,
    StartsTour,
}

/// First steps and shortcuts, over the window. New help is shown from its beginning.
pub(super) fn help_modal(ctx: &Context, shortcuts: &[(String, &str)], is_new: bool) -> HelpOutcome {
    let mut starts_tour = false;
    let room = ctx.content_rect().size();
    let closes = widgets::modal(ctx, "First steps", HELP_WIDTH, |ui| {
        let height = room.y - 130.0;
        let area = ScrollArea::vertical().max_height(height);
        let mut area = area.min_scrolled_height(height);
        if is_new {
            area = area.vertical_scroll_offset(0.0);
        }
        area.show(ui, |ui| {
            ui.set_width(ui.available_width());
            let tour = widgets::primary_button(ui, "Take the tour", vec2(140.0, 32.0));
            let help = "Six steps through the window: draw, correct, why, train, overfit, test.";
            starts_tour = tour.on_hover_text(help).clicked();
            for step in [
                "1. Draw a digit on the pad. The bars show how likely each digit is.",
                "2. See in Why what the network has learned from, and what happens inside it.",
                "3. Train your own: open the training panel and press Train. The new model answers when it is done.",
                "4. Test it on thousands of digits, and see in Learn how it learned.",
            ] {
                ui.add(Label::new(step).wrap());
            }
            ui.add_space(theme::GAP);
            ui.label(RichText::new("Shortcuts").font(theme::strong(theme::BODY)));
            let columns = if ui.available_width() >= HELP_WIDTH - 40.0 { 2 } else { 1 };
            let rows = shortcuts.len().div_ceil(columns);
            let grid = egui::Grid::new("shortcuts").num_columns(2 * columns);
            let grid = grid.spacing(vec2(16.0, 2.0));
            grid.min_row_height(18.0).show(ui, |ui| {
                ui.spacing_mut().interact_size.y = 18.0;
                for row in 0..rows {
                    for (keys, name) in shortcuts.iter().skip(row).step_by(rows) {
                        ui.label(RichText::new(keys).font(theme::strong(theme::SMALL)));
                        ui.label(RichText::new(*name).small());
                    }
                    ui.end_row();
                }
            });
            focus::scroll_to_focus(ui);
            focus::scroll_page(ui);
        });
    });
    match (starts_tour, closes) {
        (true, _) => HelpOutcome::StartsTour,
        (false, true) => HelpOutcome::Closes,
        (false, false) => HelpOutcome::Stays,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::settings::WeightFile;

    #[test]
    fn the_line_names_the_model_and_its_accuracy() {
        let model = Arc::new(Model::built_in().expect("the built-in model loads"));
        let mut models = Models::new(Arc::clone(&model));
        let accuracy = format::percent(model.metadata.test_accuracy.expect("was evaluated"), 1);
        assert_eq!(model_line(&models), format!("Model: Built-in · {accuracy}"));
        models.add_run(5, "Run 3", Arc::clone(&model), true);
        assert_eq!(model_line(&models), format!("Model: Run 3 · {accuracy}"));
        let mut other = Model::clone(&model);
        other.metadata.test_accuracy = None;
        let file = WeightFile {
            path: "there/w.safetensors".into(),
            fingerprint: 1,
        };
        models.add_file(file, Arc::new(other));
        assert_eq!(model_line(&models), "Model: w.safetensors", "no accuracy");
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
            assert!(description(&model).ends_with(expected), "{dataset:?}");
        }
    }
}
