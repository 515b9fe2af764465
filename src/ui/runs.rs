//! The settings of the current training, and the table of finished runs.

use std::time::{SystemTime, UNIX_EPOCH};

use egui::{
    Align, Button, CollapsingHeader, Grid, Layout, RichText, TextFormat, Ui, WidgetInfo,
    accesskit::Role, containers::menu::MenuButton, text::LayoutJob, vec2,
};

use super::theme::{self, Palette};
use crate::{
    app::{
        action::Action,
        state::{
            State,
            runs::{MAX_RUNS, MAX_TOTAL_BYTES, Run, RunAction, differences, title, title_of},
            training::Training,
        },
    },
    format,
    training::config::{TrainingConfig, hyperparameter},
};

/// The preset and the main settings of the current training, in two lines.
pub(crate) fn run_summary_ui(ui: &mut Ui, training: &Training) {
    let Some(config) = &training.config else {
        return;
    };
    let title = title_of(&training.kind, config);
    ui.label(RichText::new(title).font(theme::strong(theme::BODY)));
    ui.label(RichText::new(summary(config)).small().weak());
    ui.add_space(theme::GAP);
}

/// "784-128-10 ReLU, 101,770 parameters, Adam, batches of 32, 10 epochs".
fn summary(config: &TrainingConfig) -> String {
    let epochs = match config.epochs {
        1 => "1 epoch".to_owned(),
        epochs => format!("{} epochs", format::count(epochs)),
    };
    format!(
        "{}, {} parameters, {}, batches of {}, {epochs}",
        config.model,
        format::count(config.model.parameter_count()),
        config.optimizer,
        format::count(config.batch_size),
    )
}

/// All settings of the current training, folded.
pub(crate) fn run_settings_ui(ui: &mut Ui, training: &Training) {
    let Some(config) = &training.config else {
        return;
    };
    let folded = CollapsingHeader::new("Settings of this run")
        .id_salt("settings of this run")
        .show_unindented(ui, |ui| {
            Grid::new("settings of this run")
                .num_columns(2)
                .spacing([theme::MARGIN, 4.0])
                .show(ui, |ui| {
                    ui.spacing_mut().interact_size.y = 18.0;
                    for (name, value) in settings(config) {
                        ui.label(RichText::new(name).small().weak());
                        ui.label(RichText::new(value).small());
                        ui.end_row();
                    }
                });
        });
    theme::show_focus(ui, &folded.header_response);
}

/// The label and value of each hyperparameter.
fn settings(config: &TrainingConfig) -> impl Iterator<Item = (&'static str, String)> {
    let all = hyperparameter::ALL.iter();
    all.filter_map(|hyperparameter| Some((hyperparameter.label, hyperparameter.text(config)?)))
}

/// Draws the table of finished runs, folded.
pub(crate) fn runs_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let runs = state.runs.list();
    if runs.is_empty() {
        return;
    }
    let title = format!("Runs ({})", runs.len());
    let folded = CollapsingHeader::new(title).id_salt("runs").show_unindented(ui, |ui| {
        ui.label(
            RichText::new(format!(
                "Click a run to use its model. Digitpad stores the last {MAX_RUNS} runs up to {}, and pinned runs.",
                format::bytes(MAX_TOTAL_BYTES as usize)
            ))
            .small()
            .weak(),
        );
        for run in runs {
            run_ui(ui, state, run, actions);
        }
    });
    theme::show_focus(ui, &folded.header_response);
}

fn run_ui(ui: &mut Ui, state: &State, run: &Run, actions: &mut Vec<Action>) {
    let record = &run.record;
    let is_used = run.model.is_some_and(|model| {
        state.models.snapshot().is_none() && state.models.chosen().id == model
    });
    ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
        let menu = MenuButton::new("…")
            .ui(ui, |ui| menu_ui(ui, run, actions))
            .0;
        let name = format!("Menu of run {}", title(record));
        menu.widget_info(|| WidgetInfo::labeled(Role::Button, true, name.clone()));
        ui.with_layout(Layout::top_down_justified(Align::LEFT), |ui| {
            theme::quiet_selection(ui);
            let text = run_text(ui, run);
            let button = Button::selectable(is_used, text)
                .wrap()
                .min_size(vec2(ui.available_width(), 0.0));
            let response = ui.add(button);
            let label = format!("Run {}, {}", title(record), figures(run).join(", "));
            response
                .widget_info(|| WidgetInfo::selected(Role::Button, true, is_used, label.clone()));
            let help = "Uses the model of this run.";
            if response.on_hover_text(help).clicked() {
                actions.push(Action::Run(RunAction::Answer(record.id)));
            }
        });
    });
}

/// The preset and the changed settings; below them the results.
fn run_text(ui: &Ui, run: &Run) -> LayoutJob {
    let palette = Palette::of(ui.style());
    let record = &run.record;
    let mut text = LayoutJob::default();
    let pin = if record.is_pinned { "pinned · " } else { "" };
    let differing = differences(record);
    let changes = match differing.len() {
        0 => String::new(),
        _ => format!(" {}", differing.join(", ")),
    };
    let weak = TextFormat::simple(theme::font(theme::SMALL), palette.weak);
    text.append(
        &record.kind.to_string(),
        0.0,
        TextFormat::simple(theme::strong(theme::BODY), palette.text),
    );
    text.append(&changes, 0.0, weak.clone());
    text.append(&format!("\n{pin}{}", figures(run).join(" · ")), 0.0, weak);
    text
}

/// The results of a run: accuracies, duration, and its age.
pub(super) fn figures(run: &Run) -> Vec<String> {
    let record = &run.record;
    let share = |name: &str, share: Option<f64>| {
        share.map(|share| format!("{name} {}", format::percent(share, 2)))
    };
    let mut figures: Vec<String> = [
        share("validation", record.validation_accuracy),
        share("test", record.test_accuracy),
    ]
    .into_iter()
    .flatten()
    .collect();
    figures.push(format::duration(record.secs()));
    if record.is_stopped {
        figures.push("stopped".to_owned());
    }
    figures.push(format::ago(secs_since(record.id)));
    figures
}

/// The seconds since a time in milliseconds since 1970.
fn secs_since(millis: u64) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| {
        (now.as_millis() as u64).saturating_sub(millis) / 1000
    })
}

fn menu_ui(ui: &mut Ui, run: &Run, actions: &mut Vec<Action>) {
    let (id, is_pinned) = (run.record.id, run.record.is_pinned);
    let entries = [
        (
            "Use these settings",
            run.record.kind.preset().is_some(),
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
        assert_eq!(
            summary(&config),
            "784-128-10 ReLU, 101,770 parameters, Adam, batches of 32, 1 epoch"
        );
        let settings: Vec<_> = settings(&config).collect();
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
    }
}
