//! The tab *Runs*: the finished trainings, and what can be done with each.

use std::time::{SystemTime, UNIX_EPOCH};

use egui::{
    Align, Button, Grid, Key, Layout, RichText, TextEdit, TextFormat, Ui, WidgetInfo,
    accesskit::Role, containers::menu::MenuButton, text::LayoutJob, vec2,
};

use super::{
    theme::{self, Palette},
    widgets::{focus_all, note, quiet_selection, roomy_menu},
};
use crate::{
    app::{
        action::Action,
        state::{
            State,
            models::Origin,
            runs::{MAX_RUNS, MAX_TOTAL_BYTES, Run, RunAction, RunKind, RunRecord, ShownRun},
        },
    },
    format,
    training::config::{
        TrainingConfig,
        hyperparameter::{self, HyperparameterGroup},
    },
};

/// The width of the button of a run's menu, in points.
const MENU_WIDTH: f32 = 36.0;

/// The run that is being renamed, and its new name so far.
pub(super) type Renaming = Option<(u64, String)>;

/// "784-128-10 ReLU, 101,770 parameters, Adam, batches of 32, 10 epochs".
pub(super) fn summary(run: ShownRun<'_>) -> String {
    let config = run.config;
    let parameters = format::count(config.model.parameter_count());
    let network = format!("{}, {parameters} parameters", config.model);
    if run.kind.preset().is_none() {
        return format!("{network}, until it reads the corrections as labeled");
    }
    let epochs = match config.epochs {
        1 => "1 epoch".to_owned(),
        epochs => format!("{} epochs", format::count(epochs)),
    };
    format!(
        "{network}, {}, batches of {}, {epochs}",
        config.optimizer,
        format::count(config.batch_size),
    )
}

/// All settings of the current training.
pub(super) fn settings_ui(ui: &mut Ui, kind: &RunKind, config: &TrainingConfig) {
    note(ui, "These settings cannot change during the training.");
    Grid::new("settings of this run")
        .num_columns(2)
        .min_row_height(18.0)
        .spacing([theme::MARGIN, 4.0])
        .show(ui, |ui| {
            ui.spacing_mut().interact_size.y = 18.0;
            for (name, value) in settings(kind, config) {
                note(ui, name);
                ui.label(RichText::new(value).small());
                ui.end_row();
            }
        });
}

/// The label and value of each hyperparameter. A fine-tuning keeps those of its base model's network, and has no others.
pub(super) fn settings(kind: &RunKind, config: &TrainingConfig) -> Vec<(&'static str, String)> {
    let is_of_network = |group| {
        matches!(
            group,
            HyperparameterGroup::Network | HyperparameterGroup::Preprocessing
        )
    };
    let all = hyperparameter::ALL.iter();
    all.filter(|entry| kind.preset().is_some() || is_of_network(entry.group))
        .filter_map(|entry| Some((entry.label, entry.text(config)?)))
        .collect()
}

/// Draws the tab.
pub(super) fn runs_ui(
    ui: &mut Ui,
    state: &State,
    renaming: &mut Renaming,
    actions: &mut Vec<Action>,
) {
    let runs = state.runs.list();
    if runs.is_empty() {
        note(
            ui,
            "Every training is listed here, with its model and its curves.",
        );
        return;
    }
    for run in runs {
        run_ui(ui, state, run, renaming, actions);
    }
    note(
        ui,
        format!(
            "Digitpad stores the last {MAX_RUNS} runs up to {}, and pinned runs.",
            format::bytes(MAX_TOTAL_BYTES as usize)
        ),
    );
}

fn run_ui(
    ui: &mut Ui,
    state: &State,
    run: &Run,
    renaming: &mut Renaming,
    actions: &mut Vec<Action>,
) {
    let record = &run.record;
    let id = record.id;
    let models = &state.models;
    let is_used = models.snapshot().is_none() && models.chosen().origin == Origin::Run(id);
    let is_renamed = renaming.as_ref().is_some_and(|(renamed, _)| *renamed == id);
    let takes_focus = is_renamed && rename_ui(ui, renaming, actions);
    let width = ui.available_width();
    let run_width = width - MENU_WIDTH - ui.spacing().item_spacing.x;
    ui.allocate_ui_with_layout(vec2(width, 0.0), Layout::left_to_right(Align::Min), |ui| {
        ui.allocate_ui_with_layout(
            vec2(run_width, 0.0),
            Layout::top_down_justified(Align::LEFT),
            |ui| {
                quiet_selection(ui);
                let description = state.run_of(record).description();
                let text = run_text(ui, run, &description);
                let response = ui.add(Button::selectable(is_used, text).wrap());
                let label = format!(
                    "{}, {description}, {}",
                    record.name,
                    figures(run).join(", ")
                );
                response.widget_info(|| {
                    WidgetInfo::selected(Role::Button, true, is_used, label.clone())
                });
                if takes_focus {
                    response.request_focus();
                }
                let help = "Uses the model of this run, and shows its curves.";
                if response.on_hover_text(help).clicked() {
                    actions.push(Action::Run(RunAction::Answer(id)));
                }
            },
        );
        ui.spacing_mut().button_padding.x = 4.0;
        let button = Button::new("…").min_size(vec2(MENU_WIDTH, 0.0));
        let (menu, _) =
            MenuButton::from_button(button).ui(ui, |ui| menu_ui(ui, run, renaming, actions));
        let name = format!("Menu of {}", record.name);
        menu.widget_info(|| WidgetInfo::labeled(Role::Button, true, name.clone()));
    });
}

/// A field for the new name. Enter and the end of the focus accept it, Escape does not. Returns whether a key ends it.
fn rename_ui(ui: &mut Ui, renaming: &mut Renaming, actions: &mut Vec<Action>) -> bool {
    let Some((id, name)) = renaming else {
        return false;
    };
    let field = TextEdit::singleline(name).char_limit(40);
    let response = ui.add(field.desired_width(f32::INFINITY));
    response.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Name of the run"));
    if response.lost_focus() {
        let [is_canceled, is_entered] =
            [Key::Escape, Key::Enter].map(|key| ui.input(|input| input.key_pressed(key)));
        if !is_canceled && !name.trim().is_empty() {
            let action = RunAction::Rename(*id, name.trim().to_owned());
            actions.push(Action::Run(action));
        }
        *renaming = None;
        return is_canceled || is_entered;
    }
    if !response.has_focus() {
        focus_all(&response, name);
    }
    false
}

/// The name, the preset and its changed settings; below them the results.
fn run_text(ui: &Ui, run: &Run, description: &str) -> LayoutJob {
    let palette = Palette::of(ui.style());
    let record = &run.record;
    let pin = if record.is_pinned { "pinned · " } else { "" };
    let details = format!("  {description}\n{pin}{}", figures(run).join(" · "));
    let mut text = LayoutJob::default();
    let strong = TextFormat::simple(theme::strong(theme::BODY), palette.text);
    text.append(&record.name, 0.0, strong);
    let weak = TextFormat::simple(theme::font(theme::SMALL), palette.weak);
    text.append(&details, 0.0, weak);
    text
}

/// "97.66 % on the test set", or the accuracy that is known.
pub(super) fn accuracy_text(record: &RunRecord) -> String {
    match (record.test_accuracy, record.validation_accuracy) {
        (Some(accuracy), _) => format!("{} on the test set", format::percent(accuracy, 2)),
        (None, Some(accuracy)) => {
            format!("{} on the validation images", format::percent(accuracy, 2))
        }
        (None, None) => "not tested".to_owned(),
    }
}

/// The results of a run: accuracies, duration, and its age.
pub(super) fn figures(run: &Run) -> Vec<String> {
    let record = &run.record;
    let share = |name: &str, share: Option<f64>| {
        share.map(|share| format!("{name} {}", format::percent(share, 2)))
    };
    let mut figures: Vec<String> = [
        share("test", record.test_accuracy),
        share("validation", record.validation_accuracy),
    ]
    .into_iter()
    .flatten()
    .collect();
    figures.push(format::duration(record.secs()));
    let last = record.history.last().map_or(0, |record| record.epoch);
    if record.is_stopped {
        figures.push("stopped".to_owned());
    } else if record.config.patience > 0 && last < record.config.epochs {
        figures.push("stopped early".to_owned());
    }
    if let Some(epoch) = record.epoch.filter(|&epoch| epoch != last) {
        figures.push(format!("epoch {epoch} of {last} answers"));
    }
    figures.push(format::ago(secs_since(record.id)));
    // A line ends between two figures.
    figures
        .iter()
        .map(|figure| figure.replace(' ', "\u{a0}"))
        .collect()
}

/// The seconds since a time in milliseconds since 1970.
fn secs_since(millis: u64) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| {
        (now.as_millis() as u64).saturating_sub(millis) / 1000
    })
}

fn menu_ui(ui: &mut Ui, run: &Run, renaming: &mut Renaming, actions: &mut Vec<Action>) {
    let record = &run.record;
    let (id, is_pinned) = (record.id, record.is_pinned);
    roomy_menu(ui, 180.0);
    if ui.button("Rename").clicked() {
        *renaming = Some((id, record.name.clone()));
    }
    let entries = [
        (
            "Use these settings",
            record.kind.preset().is_some(),
            RunAction::UseSettings(id),
        ),
        (
            if is_pinned { "Unpin" } else { "Pin" },
            run.is_stored,
            RunAction::Pin(id, !is_pinned),
        ),
        ("Delete…", !is_pinned, RunAction::ConfirmDelete(id)),
    ];
    for (name, is_enabled, action) in entries {
        if ui.add_enabled(is_enabled, Button::new(name)).clicked() {
            actions.push(Action::Run(action));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::config::Preset;

    #[test]
    fn the_settings_of_a_run_are_complete() {
        let config = TrainingConfig {
            epochs: 1,
            dropout: 0.25,
            ..Preset::Keras.config()
        };
        let mut record = RunRecord {
            config,
            ..RunRecord::example(1, "Run 1")
        };
        assert_eq!(
            summary(ShownRun::of(&record)),
            "784-128-10 ReLU, 101,770 parameters, Adam, batches of 32, 1 epoch"
        );
        let settings = settings(&record.kind, &record.config);
        let value = |label: &str| {
            let mut found = settings.iter().filter(|(other, _)| *other == label);
            let value = found.next().map(|(_, value)| value.as_str());
            assert_eq!(found.next(), None, "{label} occurs once");
            value
        };
        assert_eq!(value("Hidden layers"), Some("128"), "the network");
        assert_eq!(value("Convolutional"), Some("none"), "the kind of network");
        assert_eq!(value("Activation"), Some("ReLU"), "a choice by its label");
        assert_eq!(value("Dropout"), Some("0.25"), "a changed value");
        assert_eq!(value("Momentum"), None, "Adam has none");
        record.kind = RunKind::FineTuning("Built-in".to_owned());
        let settings = super::settings(&record.kind, &record.config);
        let mut labels = settings.iter().map(|(label, _)| *label);
        assert!(labels.any(|label| label == "Hidden layers"), "the network");
        assert!(labels.all(|label| label != "Epochs"), "it has none");
    }
}
