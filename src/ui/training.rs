//! The training panel: settings, progress and result.

use clap::ValueEnum as _;
use egui::{
    Button, CollapsingHeader, ComboBox, Frame, Margin, Response, RichText, ScrollArea, Ui, Vec2,
    WidgetInfo, accesskit::Role,
};

use super::{
    curves::{self, CurvesView},
    fields,
    gallery::{Gallery, ask_for_data},
    runs,
    theme::{self, Palette},
};
use crate::{
    app::{
        action::Action,
        state::{
            State,
            training::{Training, TrainingState},
        },
    },
    evaluation::Metrics,
    format,
    model::device::DeviceChoice,
    training::{Progress, config::Preset},
    worker::file_tasks::FilePurpose,
};

/// The state of the panel between frames.
#[derive(Debug, Default)]
pub(crate) struct TrainingView {
    gallery: Gallery,
    curves: CurvesView,
}

/// Draws the panel's content.
pub(crate) fn training_ui(
    ui: &mut Ui,
    state: &State,
    view: &mut TrainingView,
    actions: &mut Vec<Action>,
) {
    let height = ui.available_height();
    // The margin is where the scroll bar goes.
    let area = ScrollArea::vertical()
        .auto_shrink(false)
        .content_margin(Margin {
            right: 10,
            ..Margin::ZERO
        });
    area.show(ui, |ui| {
        let training = &state.training;
        let is_active = training.state.active_run().is_some();
        ui.heading("Training");
        ui.add_space(theme::GAP);
        if is_active {
            runs::run_summary_ui(ui, training);
        } else {
            preset_ui(ui, state, actions);
        }
        buttons_ui(ui, &training.state, actions);
        if !is_active && state.can_fine_tune() {
            fine_tune_ui(ui, state, actions);
        }
        watch_ui(ui, state, actions);
        if is_active {
            runs::run_settings_ui(ui, training);
        } else {
            config_error_ui(ui, training);
            run_settings_ui(ui, state, view, actions);
        }
        progress_ui(ui, training);
        result_ui(ui, training);
        hints_ui(ui, training);
        curves::curves_ui(ui, state, &mut view.curves, height, actions);
        ui.add_space(theme::GAP);
        runs::runs_ui(ui, state, actions);
    });
}

/// The choice of a preset, with its accuracy and its time estimate.
fn preset_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let training = &state.training;
    let form = &training.form;
    let is_changed = form.is_changed();
    let changed = if is_changed { ", changed" } else { "" };
    let label = ui.label("Preset");
    let combo = ComboBox::from_id_salt("preset")
        .width(ui.available_width())
        .selected_text(format!("{}{changed}", form.preset.label()))
        .show_ui(ui, |ui| {
            for &preset in Preset::value_variants() {
                let is_selected = preset == form.preset && !is_changed;
                let option = ui.selectable_label(is_selected, preset_line(preset));
                if option.on_hover_text(preset.description()).clicked() {
                    actions.push(Action::ChoosePreset(preset));
                }
            }
        });
    combo
        .response
        .labelled_by(label.id)
        .on_hover_text("A preset sets the network and all hyperparameters.");
    ui.label(
        RichText::new(format!("{}.", form.preset.description()))
            .small()
            .weak(),
    );
    if let Some(secs) = form.time_estimate(state.runs.list()) {
        let text = format!(
            "About {}, as your last such training.",
            format::duration(secs)
        );
        ui.label(RichText::new(text).small().weak());
    }
    if form.from_folder {
        ask_for_data(ui, training, form, actions);
    }
    if is_changed {
        let reset = theme::small_button(ui, "Reset to the preset");
        if reset
            .on_hover_text("Sets all hyperparameters to the preset.")
            .clicked()
        {
            actions.push(Action::ChoosePreset(form.preset));
        }
    }
    ui.add_space(theme::GAP);
}

/// "Keras tutorial · 97.7 % · 3 s".
fn preset_line(preset: Preset) -> String {
    let benchmark = preset.benchmark();
    format!(
        "{} · {} · {}",
        preset.label(),
        format::percent(benchmark.test_accuracy, 1),
        approximate_duration(benchmark.secs)
    )
}

/// "2 s", "12 min": benchmarks are of another computer, so that finer figures mean nothing.
fn approximate_duration(secs: f64) -> String {
    if secs < 60.0 {
        format!("{secs:.0} s")
    } else {
        format!("{:.0} min", secs / 60.0)
    }
}

fn run_settings_ui(ui: &mut Ui, state: &State, view: &mut TrainingView, actions: &mut Vec<Action>) {
    let training = &state.training;
    let folded = CollapsingHeader::new("Settings")
        .id_salt("settings")
        .show_unindented(ui, |ui| {
            let mut form = training.form.clone();
            fields::fields_ui(ui, training, &mut form, &mut view.gallery, actions);
            if form != training.form {
                actions.push(Action::ChangeForm(Box::new(form)));
            }
            if DeviceChoice::is_offered() {
                device_ui(ui, state.settings.device, actions);
            }
            ui.horizontal_wrapped(|ui| {
                let load = theme::small_button(ui, "Load settings…");
                let help = "Loads hyperparameters from a TOML file. It can also be dropped on the window.";
                if load.on_hover_text(help).clicked() {
                    actions.push(Action::AskPath(FilePurpose::LoadConfig));
                }
                let save = theme::small_button(ui, "Save settings…");
                let help = "Saves the hyperparameters as a TOML file with comments, also for digitpad train --config.";
                if save.on_hover_text(help).clicked() {
                    actions.push(Action::AskPath(FilePurpose::SaveConfig));
                }
            });
        });
    theme::show_focus(ui, &folded.header_response);
}

/// The choice of the device, in a program that was built for more than the processor.
fn device_ui(ui: &mut Ui, chosen: DeviceChoice, actions: &mut Vec<Action>) {
    let label = ui.label("Device");
    let combo = ComboBox::from_id_salt("device").selected_text(chosen.description());
    let shown = combo.width(ui.available_width()).show_ui(ui, |ui| {
        for device in DeviceChoice::value_variants()
            .iter()
            .copied()
            .filter(|device| device.is_built())
        {
            let option = ui.selectable_label(device == chosen, device.description());
            if option.clicked() {
                actions.push(Action::ChooseDevice(device));
            }
        }
    });
    shown.response.labelled_by(label.id).on_hover_text(
        "A graphics card is faster for large networks and batches, the processor for small ones.",
    );
}

fn buttons_ui(ui: &mut Ui, state: &TrainingState, actions: &mut Vec<Action>) {
    let width = ui.available_width();
    let half = Vec2::new((width - theme::GAP) / 2.0, 40.0);
    let mut press = |response: Response, action: Action| {
        if response.clicked() {
            actions.push(action);
        }
    };
    match state {
        TrainingState::Running { .. } => {
            ui.horizontal(|ui| {
                press(ui.add_sized(half, Button::new("Pause")), Action::Pause);
                press(stop(ui.add_sized(half, Button::new("Stop"))), Action::Stop);
            });
        }
        TrainingState::Paused { .. } => {
            ui.horizontal(|ui| {
                press(theme::primary_button(ui, "Resume", half), Action::Resume);
                press(stop(ui.add_sized(half, Button::new("Stop"))), Action::Stop);
            });
        }
        TrainingState::Stopping { .. } => {
            ui.add_enabled_ui(false, |ui| {
                ui.add_sized(Vec2::new(width, 40.0), Button::new("Stopping"));
            });
        }
        TrainingState::Testing { is_skipped, .. } => {
            ui.horizontal(|ui| {
                ui.add_enabled_ui(!is_skipped, |ui| {
                    let skip = ui.add_sized(half, Button::new("Skip the test"));
                    let help = "The trained model is already in use. Without the test, its test accuracy stays unknown \
                                and its calibration is coarser.";
                    press(skip.on_hover_text(help), Action::SkipTest);
                });
                // Nothing to press where Stop was: a double click must not skip the test.
                ui.add_enabled_ui(false, |ui| ui.add_sized(half, Button::new("Testing")));
            });
        }
        TrainingState::Idle | TrainingState::Finished { .. } | TrainingState::Failed { .. } => {
            let train = theme::primary_button(ui, "Train", Vec2::new(width, 40.0));
            press(
                train.on_hover_text("Trains a new network with these settings (Ctrl+T)."),
                Action::Train,
            );
        }
    }
}

/// Fine-tuning of the model in use on the saved corrections.
fn fine_tune_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let text = match state.training.correction_count {
        Some(count) if count > 1 => {
            format!("Fine-tune on your {} corrections", format::count(count))
        }
        _ => "Fine-tune on your correction".to_owned(),
    };
    let size = Vec2::new(ui.available_width(), ui.spacing().interact_size.y);
    let help = format!(
        "Trains a copy of the {} on your corrections, keeps its answers to everything else, and uses the copy. Train \
         starts with a new network.",
        state.models.chosen().name()
    );
    let button = ui.add_sized(size, Button::new(text));
    if button.on_hover_text(help).clicked() {
        actions.push(Action::FineTune);
    }
}

fn stop(response: Response) -> Response {
    response.on_hover_text("Stops the training now. The model so far is tested and saved.")
}

fn watch_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let mut watch = state.settings.watch;
    let response = ui.checkbox(&mut watch, "Watch it learn").on_hover_text(
        "Classifies your drawing with the network in training, several times a second.",
    );
    if response.changed() {
        actions.push(Action::Watch(watch));
    }
}

/// A headline, a bar, and a line of figures; all keep their place.
fn progress_ui(ui: &mut Ui, training: &Training) {
    let headline = headline(training);
    if headline.is_empty() {
        return;
    }
    ui.add_space(theme::GAP);
    ui.label(headline);
    if training.state.active_run().is_some() {
        bar_ui(ui, training.progress.as_ref());
        let is_tested = matches!(training.state, TrainingState::Testing { .. });
        let progress = training.progress.as_ref().filter(|_| !is_tested);
        let figures = progress.map(figures).unwrap_or_default();
        ui.label(RichText::new(figures).small().weak());
    }
}

fn headline(training: &Training) -> String {
    let epochs = training.plan.map_or(0, |plan| plan.epochs);
    let epoch = training.progress.map_or(0, |progress| progress.epoch);
    match &training.state {
        TrainingState::Running { .. } if training.plan.is_none() => "Preparing the data".to_owned(),
        TrainingState::Running { .. } => format!("Epoch {epoch} of {epochs}"),
        TrainingState::Paused { .. } => format!("Paused in epoch {epoch} of {epochs}"),
        TrainingState::Stopping { .. } => format!("Stopping in epoch {epoch} of {epochs}"),
        TrainingState::Testing { stopped: true, .. } => {
            format!("{}. Testing", stopped_after(training))
        }
        TrainingState::Testing { .. } => "Testing".to_owned(),
        TrainingState::Finished { stopped: true, .. } => stopped_after(training),
        TrainingState::Failed { failure, .. } => format!("The training failed: {failure}"),
        TrainingState::Idle | TrainingState::Finished { .. } => String::new(),
    }
}

fn stopped_after(training: &Training) -> String {
    match training.history.len() {
        1 => "Stopped after 1 whole epoch".to_owned(),
        whole => format!("Stopped after {whole} whole epochs"),
    }
}

fn figures(progress: &Progress) -> String {
    let pace = round_to_two_digits(progress.images_per_sec());
    format!(
        "{} images/s · {} left",
        format::count(pace),
        format::duration(progress.remaining_secs())
    )
}

/// A speed whose last digits stand still is easier to read.
fn round_to_two_digits(pace: f64) -> usize {
    let step = 10_f64.powf((pace.max(1.0).log10().floor() - 1.0).max(0.0));
    ((pace / step).round() * step) as usize
}

fn bar_ui(ui: &mut Ui, progress: Option<&Progress>) {
    let palette = Palette::of(ui.style());
    let share = progress.map_or(0.0, |p| p.images_seen as f32 / p.images_total.max(1) as f32);
    let size = Vec2::new(ui.available_width(), 10.0);
    let (rect, response) = ui.allocate_exact_size(size, egui::Sense::hover());
    ui.painter().rect_filled(rect, 5.0, palette.track);
    let mut done = rect;
    done.set_width(rect.width() * share);
    ui.painter()
        .with_clip_rect(done)
        .rect_filled(rect, 5.0, palette.accent);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ProgressIndicator, true, "Training progress");
        info.value = Some(f64::from(share));
        info.current_text_value = Some(format!("{:.0} %", share * 100.0));
        info
    });
}

/// The hints of the diagnostics, each with a colored bar.
fn hints_ui(ui: &mut Ui, training: &Training) {
    let palette = Palette::of(ui.style());
    for hint in training.hint_texts() {
        let shown = Frame::new()
            .inner_margin(Margin {
                left: 12,
                ..Margin::symmetric(0, 2)
            })
            .show(ui, |ui| ui.label(hint));
        let mut bar = shown.response.rect;
        bar.set_width(4.0);
        ui.painter().rect_filled(bar, 2.0, palette.second);
    }
}

/// The first setting that is not valid.
fn config_error_ui(ui: &mut Ui, training: &Training) {
    if let Err(refusal) = training.form.config() {
        let text = format!(
            "Cannot {}: found {}, expected {}.",
            refusal.attempted, refusal.found, refusal.expected
        );
        let color = ui.visuals().error_fg_color;
        ui.label(RichText::new(text).small().color(color));
    }
}

fn result_ui(ui: &mut Ui, training: &Training) {
    if let Some(test) = &training.test {
        ui.label(RichText::new(test_sentence(test)).font(theme::strong(theme::BODY)));
    }
}

fn test_sentence(test: &Metrics) -> String {
    format!(
        "Test accuracy {}, loss {:.3} on {} images",
        format::percent(test.accuracy, 2),
        test.loss,
        format::count(test.examples)
    )
}
