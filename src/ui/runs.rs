//! The table of finished trainings, from which any model can be brought back.

use std::time::{SystemTime, UNIX_EPOCH};

use egui::{
    Align, Button, CollapsingHeader, Layout, RichText, TextFormat, Ui, WidgetInfo, accesskit::Role,
    containers::menu::MenuButton, text::LayoutJob, vec2,
};

use super::theme::{self, Palette};
use crate::{
    app::{
        action::Action,
        state::{
            State,
            corrections::is_fine_tuning,
            runs::{MAX_RUNS, MAX_TOTAL_BYTES, Run, RunAction, differences, title},
        },
    },
    format,
};

/// Draws the table, folded away, once there is a run.
pub(crate) fn runs_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let runs = state.runs.list();
    if runs.is_empty() {
        return;
    }
    let title = format!("Runs ({})", runs.len());
    let folded = CollapsingHeader::new(title).id_salt("runs").show_unindented(ui, |ui| {
        ui.label(
            RichText::new(format!(
                "Click one to let its model answer again. The last {MAX_RUNS} are kept, fewer if they take \
                 more than {}, and those that you pin.",
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
    let answers = run.model.is_some_and(|model| {
        state.models.snapshot().is_none() && state.models.chosen().id == model
    });
    ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
        let menu = MenuButton::new("…")
            .ui(ui, |ui| menu_ui(ui, run, actions))
            .0;
        let name = format!("More of run {}", title(record));
        menu.widget_info(|| WidgetInfo::labeled(Role::Button, true, name.clone()));
        ui.with_layout(Layout::top_down_justified(Align::LEFT), |ui| {
            theme::quiet_selection(ui);
            let text = run_text(ui, run);
            let button = Button::selectable(answers, text)
                .wrap()
                .min_size(vec2(ui.available_width(), 0.0));
            let response = ui.add(button);
            let label = format!("Run {}, {}", title(record), figures(run).join(", "));
            response
                .widget_info(|| WidgetInfo::selected(Role::Button, true, answers, label.clone()));
            let help = "Lets the model of this run answer.";
            if response.on_hover_text(help).clicked() {
                actions.push(Action::Run(RunAction::Answer(record.id)));
            }
        });
    });
}

/// What it was, what differs from the preset, and below it what came of it.
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
        &record.preset,
        0.0,
        TextFormat::simple(theme::strong(theme::BODY), palette.text),
    );
    text.append(&changes, 0.0, weak.clone());
    text.append(&format!("\n{pin}{}", figures(run).join(" · ")), 0.0, weak);
    text
}

/// Validation, test, time, and when it was.
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
            "Use its settings",
            !is_fine_tuning(&run.record),
            RunAction::UseSettings(id),
        ),
        (
            if is_pinned { "Unpin" } else { "Pin" },
            run.is_kept,
            RunAction::Pin(id, !is_pinned),
        ),
        ("Throw away…", !is_pinned, RunAction::ConfirmDelete(id)),
    ];
    for (name, is_enabled, action) in entries {
        if ui.add_enabled(is_enabled, Button::new(name)).clicked() {
            actions.push(Action::Run(action));
        }
    }
}
