//! The training panel: *Train* with the result and the curves, *Settings*, and *Runs*.

use clap::ValueEnum as _;
use egui::{
    Button, ComboBox, Frame, Margin, Response, RichText, ScrollArea, TextStyle, Ui, Vec2,
    WidgetInfo, accesskit::Role, vec2,
};

use super::{
    correct::gallery_button_ui,
    curves::{self, ACCURACY, Curves, LOSS, PlotOptions},
    fields, focus,
    gallery::{Gallery, ask_for_data},
    runs::{self, Renaming, accuracy_text},
    theme::{self, Palette},
    widgets::{
        self, note, option_ui, primary_button, problem, quiet_selection, small_button, text_row,
    },
};
use crate::{
    app::{
        action::Action,
        state::{
            Place, State,
            models::Origin,
            runs::ShownRun,
            training::{Training, TrainingState},
        },
    },
    format,
    model::device::DeviceChoice,
    training::{Progress, config::Preset},
    worker::file_tasks::FilePurpose,
};

/// The smallest and largest height of a plot, in points.
const PLOT_HEIGHTS: egui::Rangef = egui::Rangef {
    min: 72.0,
    max: 200.0,
};

/// The height of the row below the plots with its gaps, in points.
const BELOW_PLOTS: f32 = 48.0;
/// The width of the button that opens the gallery of corrections, in points.
const ALL_WIDTH: f32 = 40.0;
/// The lines of a preset's description, so that no choice moves the button below it.
const DESCRIPTION_LINES: f32 = 3.0;

/// A tab of the panel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum PanelTab {
    #[default]
    Train,
    Settings,
    Runs,
}

/// The state of the panel between frames.
#[derive(Debug, Default)]
pub(super) struct TrainingView {
    tab: PanelTab,
    gallery: Gallery,
    renaming: Renaming,
    /// Whether a low panel shows the accuracy and not the loss.
    shows_accuracy: bool,
    /// The height of the hints and the description below the curves in the last frame, in points.
    height_below: f32,
}

impl TrainingView {
    /// Shows the tab *Train*.
    pub(super) fn show_train_tab(&mut self) {
        self.tab = PanelTab::Train;
    }
}

/// Draws the panel's content.
pub(super) fn training_ui(
    ui: &mut Ui,
    state: &State,
    view: &mut TrainingView,
    actions: &mut Vec<Action>,
) {
    tabs_ui(ui, state, view, actions);
    // The margin is where the scroll bar goes.
    let area = ScrollArea::vertical()
        .id_salt(view.tab as usize)
        .auto_shrink(false)
        .content_margin(Margin {
            right: 12,
            ..Margin::ZERO
        });
    area.show(ui, |ui| {
        ui.set_max_width(ui.available_width());
        match view.tab {
            PanelTab::Train => train_ui(ui, state, view, actions),
            PanelTab::Settings => settings_ui(ui, state, view, actions),
            PanelTab::Runs => runs::runs_ui(ui, state, &mut view.renaming, actions),
        }
        focus::scroll_to_focus(ui);
    });
}

fn tabs_ui(ui: &mut Ui, state: &State, view: &mut TrainingView, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        quiet_selection(ui);
        ui.spacing_mut().item_spacing.x = 4.0;
        for (tab, name) in [
            (PanelTab::Train, "Train"),
            (PanelTab::Settings, "Settings"),
            (PanelTab::Runs, "Runs"),
        ] {
            let is_selected = view.tab == tab;
            let text = match state.runs.list().len() {
                count if count > 0 && tab == PanelTab::Runs => format!("{name} {count}"),
                _ => name.to_owned(),
            };
            let response = ui.add(Button::selectable(is_selected, text));
            let label = format!("{name} tab");
            response.widget_info(|| WidgetInfo::selected(Role::Tab, true, is_selected, &label));
            if response.clicked() {
                view.tab = tab;
            }
        }
        ui.add_space((ui.available_width() - 32.0).max(0.0));
        let close = widgets::named(
            ui.add_sized([32.0, 32.0], Button::new("×")),
            "Close the panel",
        );
        let help = match state.training.state.active_run() {
            Some(_) => "Hides the training panel. The training continues.",
            None => "Closes the training panel.",
        };
        if close.on_hover_text(help).clicked() {
            actions.push(Action::ShowTraining(false));
        }
    });
    ui.add_space(theme::GAP);
}

/// The preset, the buttons, and the result of the run that is shown.
fn train_ui(ui: &mut Ui, state: &State, view: &mut TrainingView, actions: &mut Vec<Action>) {
    let height = ui.clip_rect().height();
    let training = &state.training;
    let is_active = training.state.active_run().is_some();
    let run = if is_active {
        state.current_run()
    } else {
        state.shown_run()
    };
    match run.filter(|_| is_active) {
        Some(run) => {
            ui.label(RichText::new(run.title()).font(theme::strong(theme::BODY)));
            note(ui, runs::summary(run));
        }
        None => preset_ui(ui, state, actions),
    }
    buttons_ui(ui, state, actions);
    watch_ui(ui, state, actions);
    if !is_active {
        if state.can_fine_tune() {
            fine_tune_ui(ui, state, actions);
        }
        if training.resumable.is_some() {
            let resume = ui.button("Resume the last session's training…");
            if resume
                .on_hover_text("That training ended with the window.")
                .clicked()
            {
                actions.push(Action::AskToResume(true));
            }
        }
    }
    progress_ui(ui, training);
    if let Some(run) = run {
        result_ui(ui, state, run, height, view, actions);
    }
}

/// The choice of a preset, with its accuracy and its time.
fn preset_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let training = &state.training;
    let form = &training.form;
    let is_changed = form.is_changed();
    // In small type, the longest name fits.
    let name = form.preset.label();
    let combo = ComboBox::from_id_salt("preset")
        .width(ui.available_width())
        .selected_text(RichText::new(name).size(theme::SMALL));
    let shown = combo.show_ui(ui, |ui| {
        for &preset in Preset::value_variants() {
            let is_selected = preset == form.preset && !is_changed;
            let option = option_ui(ui, is_selected, preset_line(preset));
            if option.on_hover_text(preset.description()).clicked() {
                actions.push(Action::ChoosePreset(preset));
            }
        }
    });
    shown.response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ComboBox, true, "Preset");
        info.current_text_value = Some(name.to_owned());
        info
    });
    let help = "A preset sets the network and all hyperparameters.";
    shown.response.on_hover_text(help);
    let time = match form.time_estimate(state.runs.list()) {
        Some(secs) => format!(
            " About {}, as your last such training.",
            format::duration(secs)
        ),
        None if is_changed => String::new(),
        None => format!(
            " About {} on two processor cores.",
            approximate_duration(form.preset.benchmark().secs)
        ),
    };
    let description = form.description();
    let lines = DESCRIPTION_LINES * ui.text_style_height(&TextStyle::Small);
    ui.allocate_ui(vec2(ui.available_width(), lines), |ui| {
        ui.set_min_height(lines);
        note(ui, format!("{description}.{time}"));
    });
    if form.from_folder {
        ask_for_data(ui, training, form, actions);
    }
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

/// All hyperparameters, or those of the current training.
fn settings_ui(ui: &mut Ui, state: &State, view: &mut TrainingView, actions: &mut Vec<Action>) {
    let training = &state.training;
    if let Some(config) = &training.config
        && training.state.active_run().is_some()
    {
        return runs::settings_ui(ui, &training.kind, config);
    }
    let mut form = training.form.clone();
    fields::fields_ui(ui, training, &mut form, &mut view.gallery, actions);
    if form != training.form {
        actions.push(Action::ChangeForm(Box::new(form)));
    }
    if DeviceChoice::is_offered() {
        device_ui(ui, state.settings.device, actions);
    }
    ui.horizontal_wrapped(|ui| {
        let load = small_button(ui, "Load settings…");
        let help = "Loads hyperparameters from a TOML file. It can also be dropped on the window.";
        if load.on_hover_text(help).clicked() {
            actions.push(Action::AskPath(FilePurpose::LoadConfig));
        }
        let save = small_button(ui, "Save settings…");
        let help = "Saves the hyperparameters as a TOML file with comments, also for digitpad train --config.";
        if save.on_hover_text(help).clicked() {
            actions.push(Action::AskPath(FilePurpose::SaveConfig));
        }
    });
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
            let option = option_ui(ui, device == chosen, device.description());
            if option.clicked() {
                actions.push(Action::ChooseDevice(device));
            }
        }
    });
    shown.response.labelled_by(label.id).on_hover_text(
        "A graphics card is faster for large networks and batches, the processor for small ones.",
    );
}

fn buttons_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let width = ui.available_width();
    let gap = ui.spacing().item_spacing.x;
    let half = vec2((width - gap) / 2.0, 40.0);
    let third = vec2((width - 2.0 * gap) / 3.0, half.y);
    let mut press = |response: Response, action: Action| {
        if response.clicked() {
            actions.push(action);
        }
    };
    match &state.training.state {
        state @ (TrainingState::Running { .. } | TrainingState::Paused { .. }) => {
            let is_paused = matches!(state, TrainingState::Paused { .. });
            ui.horizontal(|ui| {
                if is_paused {
                    press(primary_button(ui, "Resume", third), Action::Resume);
                } else {
                    press(ui.add_sized(third, Button::new("Pause")), Action::Pause);
                }
                ui.add_enabled_ui(is_paused, |ui| {
                    let step = ui.add_sized(third, Button::new("Step"));
                    let help = "Trains on one batch, and waits again.";
                    let step = step.on_hover_text(help);
                    press(
                        step.on_disabled_hover_text("In a pause: trains on one batch."),
                        Action::Step,
                    );
                });
                press(stop(ui.add_sized(third, Button::new("Stop"))), Action::Stop);
            });
        }
        TrainingState::Stopping { .. } => {
            ui.add_enabled_ui(false, |ui| {
                ui.add_sized(vec2(width, 40.0), Button::new("Stopping"));
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
            let reason = why_not(&state.training);
            ui.add_enabled_ui(reason.is_none(), |ui| {
                let train = primary_button(ui, "Train", vec2(width, 40.0));
                let help = "Trains a new network with these settings (Ctrl+T).";
                press(train.on_hover_text(help), Action::Train);
            });
            if let Some(reason) = reason {
                problem(ui, reason);
            }
        }
    }
}

/// Why the settings do not allow a training.
fn why_not(training: &Training) -> Option<String> {
    let form = &training.form;
    match form.config() {
        Err(refusal) => Some(format!(
            "Cannot {}: found {}, expected {}.",
            refusal.attempted, refusal.found, refusal.expected
        )),
        Ok(_) if form.source().is_none() => {
            Some("Choose the folder of the data set, or train on MNIST.".to_owned())
        }
        Ok(_) => None,
    }
}

/// Fine-tuning of the model in use on the saved corrections.
fn fine_tune_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let text = match state.training.correction_count {
        Some(count) if count > 1 => {
            format!("Fine-tune on {} corrections", format::count(count))
        }
        _ => "Fine-tune on 1 correction".to_owned(),
    };
    let width = ui.available_width() - ALL_WIDTH - ui.spacing().item_spacing.x;
    let size = Vec2::new(width, ui.spacing().interact_size.y);
    let help = format!(
        "Trains a copy of {} on your corrections, keeps its answers to everything else, and uses the copy. Train \
         starts with a new network.",
        state.models.chosen().name
    );
    ui.horizontal(|ui| {
        let button = ui.add_sized(size, Button::new(text).truncate());
        if button.on_hover_text(help).clicked() {
            actions.push(Action::FineTune);
        }
        gallery_button_ui(ui, "All…", actions);
    });
}

fn stop(response: Response) -> Response {
    response.on_hover_text("Stops the training now. The model so far is tested and saved.")
}

fn watch_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    // No higher than a checkbox.
    text_row(ui, ui.spacing().icon_width, |ui| {
        let mut watch = state.settings.watch;
        let help = "Classifies your drawing with the network in training, several times a second.";
        let response = ui
            .checkbox(&mut watch, "Watch it learn")
            .on_hover_text(help);
        if response.changed() {
            actions.push(Action::Watch(watch));
        }
        let mut is_slow = state.training.is_slow;
        let help = "Trains on one batch a second: the first batches change the network most. A pause offers single steps.";
        let response = ui.checkbox(&mut is_slow, "Slow motion").on_hover_text(help);
        if response.changed() {
            actions.push(Action::SlowMotion(is_slow));
        }
    });
}

/// A headline, a bar, and a line of figures; all keep their place.
fn progress_ui(ui: &mut Ui, training: &Training) {
    let headline = headline(training);
    if !headline.is_empty() {
        ui.label(headline);
    }
    if training.state.active_run().is_some() {
        let progress = training.progress.as_ref();
        let done = progress.map_or(0.0, Progress::done);
        widgets::progress_bar(ui, "Training progress", done);
        let is_tested = matches!(training.state, TrainingState::Testing { .. });
        let is_slow = training.is_slow || matches!(training.state, TrainingState::Paused { .. });
        let figures = match training.batch().filter(|_| is_slow) {
            Some([done, all]) if training.kind.preset().is_some() => Some(format!(
                "Batch {} of {} of the epoch",
                format::count(done),
                format::count(all)
            )),
            Some(_) => {
                let last = training.batches.points().last();
                last.map(|point| format!("Batch {}", format::count(point.batch)))
            }
            None => progress.map(figures),
        };
        let figures = figures.filter(|_| !is_tested);
        note(ui, figures.unwrap_or_default());
    }
}

fn headline(training: &Training) -> String {
    let epochs = training.plan.map_or(0, |plan| plan.epochs);
    let epoch = training.progress.map_or(0, |progress| progress.epoch);
    let has_epochs = training.kind.preset().is_some();
    let place = |verb: &str| {
        if has_epochs {
            format!("{verb} in epoch {epoch} of {epochs}")
        } else {
            verb.to_owned()
        }
    };
    match &training.state {
        TrainingState::Running { .. } if training.plan.is_none() => "Preparing the data".to_owned(),
        TrainingState::Running { .. } if has_epochs => format!("Epoch {epoch} of {epochs}"),
        TrainingState::Running { .. } => "Fine-tuning".to_owned(),
        TrainingState::Paused { .. } => place("Paused"),
        TrainingState::Stopping { .. } => place("Stopping"),
        TrainingState::Testing { stopped: true, .. } if has_epochs => {
            format!("{}. Testing", stopped_after(training))
        }
        TrainingState::Testing { .. } => "Testing".to_owned(),
        TrainingState::Failed { failure, .. } => format!("The training failed: {failure}"),
        TrainingState::Idle | TrainingState::Finished { .. } => String::new(),
    }
}

/// How far the current training is, for a place of 130 points: "Fine-tuning 34 %". Or for one of 60: "34 %".
pub(super) fn short_progress(training: &Training, is_narrow: bool) -> Option<String> {
    let verb = match training.state {
        TrainingState::Running { .. } if training.kind.preset().is_none() => "Fine-tuning",
        TrainingState::Running { .. } => "Training",
        TrainingState::Paused { .. } => "Paused",
        TrainingState::Stopping { .. } => return Some("Stopping".to_owned()),
        TrainingState::Testing { .. } => return Some("Testing".to_owned()),
        _ => return None,
    };
    let done = training.progress.map_or(0.0, |progress| progress.done());
    let done = format::percent(done, 0);
    Some(if is_narrow {
        done
    } else {
        format!("{verb} {done}")
    })
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

/// The result of a run and its curves; below them, hints on its settings and its description.
fn result_ui(
    ui: &mut Ui,
    state: &State,
    run: ShownRun<'_>,
    height: f32,
    view: &mut TrainingView,
    actions: &mut Vec<Action>,
) {
    if let Some(record) = run.record {
        ui.separator();
        text_row(ui, 20.0, |ui| {
            ui.label(RichText::new(run.name).font(theme::strong(theme::HEADING)));
            ui.label(accuracy_text(record));
        });
        let is_used = state.models.chosen().origin == Origin::Run(record.id);
        if let Some(better) = state.better_previous().filter(|_| is_used) {
            ui.horizontal(|ui| {
                let button = 0.36 * ui.available_width();
                let room = ui.available_width() - button - ui.spacing().item_spacing.x;
                ui.vertical(|ui| {
                    ui.set_width(room);
                    hint_ui(ui, better.reasons);
                });
                let text = RichText::new(format!("Back to {}", better.name)).size(theme::SMALL);
                let back = Button::new(text).truncate();
                if ui.add_sized(vec2(button, 28.0), back).clicked() {
                    actions.push(Action::ChooseModel(better.id));
                }
            });
        }
    }
    let curves = Curves::of(run);
    if !curves.is_empty() {
        let room = height - ui.min_rect().height() - view.height_below;
        curves_ui(ui, &curves, room, view, actions);
    }
    let top = ui.min_rect().bottom();
    for hint in run.hint_texts() {
        hint_ui(ui, hint);
    }
    if let Some(text) = run.curves_text() {
        note(ui, text);
    }
    note(ui, run.description());
    view.height_below = ui.min_rect().bottom() - top;
}

/// The curves of a run in a room of this height, or, where it is lower, in their smallest size.
fn curves_ui(
    ui: &mut Ui,
    curves: &Curves<'_>,
    room: f32,
    view: &mut TrainingView,
    actions: &mut Vec<Action>,
) {
    // Where both plots have no room, a switch below the plot chooses one.
    let room = room - BELOW_PLOTS;
    let metrics = [&LOSS, &ACCURACY];
    let shows_both = room >= 2.0 * (PLOT_HEIGHTS.min + curves::DECORATION_HEIGHT);
    let shown = if shows_both {
        &metrics[..]
    } else {
        std::slice::from_ref(&metrics[usize::from(view.shows_accuracy)])
    };
    let plot = room / shown.len() as f32 - curves::DECORATION_HEIGHT;
    for metric in shown {
        ui.add_space(4.0);
        let plot = PLOT_HEIGHTS.clamp(plot);
        curves::metric_ui(ui, curves, metric, PlotOptions::default(), plot);
    }
    ui.horizontal(|ui| {
        let larger = small_button(ui, "Larger curves");
        let help = "Shows the curves in the whole window, with other runs beside them.";
        if larger.on_hover_text(help).clicked() {
            actions.push(Action::GoTo(Place::Learn));
        }
        if !shows_both {
            let other = metrics[usize::from(!view.shows_accuracy)].name();
            let switch = small_button(ui, &format!("Show {other}"));
            if switch.clicked() {
                view.shows_accuracy = !view.shows_accuracy;
            }
        }
    });
}

/// A hint with a colored bar.
fn hint_ui(ui: &mut Ui, text: String) {
    let palette = Palette::of(ui.style());
    let shown = Frame::new()
        .inner_margin(Margin {
            left: 12,
            ..Margin::symmetric(0, 2)
        })
        .show(ui, |ui| ui.label(text));
    let mut bar = shown.response.rect;
    bar.set_width(4.0);
    ui.painter().rect_filled(bar, 2.0, palette.second);
}
