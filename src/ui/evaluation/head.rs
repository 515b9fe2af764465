//! What the model is tested on, the button that does it, and what came of it in one line.

use std::sync::Arc;

use egui::{
    Button, ComboBox, Layout, RichText, TextEdit, Ui, Vec2, WidgetInfo, accesskit::Role, vec2,
};

use crate::{
    app::{
        action::Action,
        state::{
            State,
            evaluation::{EvaluationAction, EvaluationStatus, Measured, SourceKind},
        },
    },
    evaluation::{Selection, evaluation_set::Source},
    format,
    ui::{
        noise,
        theme::{self, Palette},
    },
    worker::file_tasks::FilePurpose,
};

/// The size of the button that tests.
const BUTTON: Vec2 = Vec2::new(116.0, 36.0);
/// The width from which on the noise is chosen in the same row as the pictures, in points.
const LEAST_FOR_NOISE: f32 = 540.0;

pub(super) fn head_ui(
    ui: &mut Ui,
    state: &State,
    asked: &mut Vec<EvaluationAction>,
    actions: &mut Vec<Action>,
) {
    let has_room = ui.available_width() >= LEAST_FOR_NOISE;
    ui.horizontal(|ui| {
        source_ui(ui, state, asked);
        if has_room {
            noise::test_noise_ui(ui, state.measuring.form.noise, asked);
        }
        ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
            button_ui(ui, state, asked);
        });
    });
    if !has_room {
        noise::test_noise_ui(ui, state.measuring.form.noise, asked);
    }
    if state.measuring.form.source != SourceKind::Mnist {
        path_ui(ui, state, asked, actions);
    }
    if state.measuring.active_number().is_some() {
        progress_ui(ui, state);
    } else if let Some(measured) = &state.measuring.measured {
        figures_ui(ui, state, measured);
    }
}

fn source_ui(ui: &mut Ui, state: &State, asked: &mut Vec<EvaluationAction>) {
    let form = &state.measuring.form;
    let help = "Pictures that the network has not learned from, each with the digit that it shows.";
    let label = ui.label("Test on").on_hover_text(help);
    let room = ui.available_width() - BUTTON.x - ui.spacing().item_spacing.x;
    let combo = ComboBox::from_id_salt("test-on")
        .width(room.clamp(90.0, 150.0))
        .selected_text(form.source.name())
        .show_ui(ui, |ui| {
            for source in SourceKind::ALL {
                let option = ui.selectable_label(source == form.source, source.name());
                let help = match source {
                    SourceKind::Mnist => "10,000 digits, built in.",
                    SourceKind::Folder => "The two test files of a data set in MNIST's format.",
                    SourceKind::Ink => "Drawings with labels, one a line, as JSON Lines.",
                };
                if option.on_hover_text(help).clicked() && source != form.source {
                    let mut form = form.clone();
                    form.source = source;
                    asked.push(EvaluationAction::Changed(form));
                }
            }
        });
    combo.response.labelled_by(label.id).on_hover_text(help);
}

fn button_ui(ui: &mut Ui, state: &State, asked: &mut Vec<EvaluationAction>) {
    match state.measuring.state {
        EvaluationStatus::Running { .. } => {
            if ui.add_sized(BUTTON, Button::new("Cancel")).clicked() {
                asked.push(EvaluationAction::Cancel);
            }
        }
        EvaluationStatus::Ending { .. } => {
            ui.add_enabled_ui(false, |ui| ui.add_sized(BUTTON, Button::new("Ending")));
        }
        EvaluationStatus::Idle => {
            let help = "Has the model at work read all of these pictures.";
            let button = theme::primary_button(ui, "Test now", BUTTON);
            if button.on_hover_text(help).clicked() {
                asked.push(EvaluationAction::Begin);
            }
        }
    }
}

/// The path of the folder or the file, typed or chosen.
fn path_ui(
    ui: &mut Ui,
    state: &State,
    asked: &mut Vec<EvaluationAction>,
    actions: &mut Vec<Action>,
) {
    let mut form = state.measuring.form.clone();
    let is_ink = form.source == SourceKind::Ink;
    let (name, hint, purpose) = if is_ink {
        (
            "Path of the ink file",
            "digits.jsonl",
            FilePurpose::EvaluationInk,
        )
    } else {
        (
            "Path of the test folder",
            "fashion-mnist",
            FilePurpose::EvaluationFolder,
        )
    };
    let path = if is_ink {
        &mut form.ink
    } else {
        &mut form.folder
    };
    let response = ui
        .horizontal(|ui| {
            let choose = vec2(96.0, ui.spacing().interact_size.y);
            let width = ui.available_width() - choose.x - ui.spacing().item_spacing.x;
            let edit = TextEdit::singleline(path)
                .hint_text(hint)
                .desired_width(width);
            let response = ui.add_sized(vec2(width, choose.y), edit);
            response.widget_info(|| {
                let mut info = WidgetInfo::labeled(Role::TextInput, true, name);
                info.current_text_value = Some(path.clone());
                info
            });
            if ui.add_sized(choose, Button::new("Choose…")).clicked() {
                actions.push(Action::AskPath(purpose));
            }
            response
        })
        .inner;
    if response.changed() {
        asked.push(EvaluationAction::Changed(form));
    }
    if response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter)) {
        asked.push(EvaluationAction::Begin);
    }
}

fn progress_ui(ui: &mut Ui, state: &State) {
    let palette = Palette::of(ui.style());
    let progress = state.measuring.progress;
    let text = match progress {
        Some(progress) => format!(
            "{} of {} pictures read",
            format::count(progress.read),
            format::count(progress.total)
        ),
        None => "Getting the pictures ready".to_owned(),
    };
    let share = progress.map_or(0.0, |p| p.read as f32 / p.total.max(1) as f32);
    ui.label(RichText::new(text).font(theme::strong(theme::BODY)));
    let size = vec2(ui.available_width(), 6.0);
    let (rect, response) = ui.allocate_exact_size(size, egui::Sense::hover());
    ui.painter().rect_filled(rect, 3.0, palette.track);
    let mut done = rect;
    done.set_width(rect.width() * share);
    ui.painter()
        .with_clip_rect(done)
        .rect_filled(rect, 3.0, palette.accent);
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ProgressIndicator, true, "Test progress");
        info.value = Some(f64::from(share));
        info.current_text_value = Some(format!("{:.0} %", share * 100.0));
        info
    });
}

/// The accuracy from afar, and what belongs to it.
fn figures_ui(ui: &mut Ui, state: &State, measured: &Measured) {
    let palette = Palette::of(ui.style());
    let measurement = &measured.measurement;
    let evaluation = &measurement.figures().evaluation;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().interact_size.y = 20.0;
        let right = format!("{} right", format::percent(evaluation.accuracy, 2));
        ui.label(RichText::new(right).font(theme::strong(theme::HEADING)));
        let refused = measurement.figures().refused;
        let refused = refused.map_or_else(String::new, |refused| {
            format!(", {} taken for no digit", format::count(refused))
        });
        let details = format!(
            "{} of {} misclassified, loss {:.4}{refused}",
            format::count(measurement.indices(Selection::Misclassified).len()),
            format::count(evaluation.examples),
            evaluation.loss,
        );
        let help = "Right or misclassified is the digit that is the nearest, even where the model says that there is none.";
        ui.label(RichText::new(details).color(palette.text))
            .on_hover_text(help);
        if let Some(accuracy) = state.measuring.accuracy_without_noise() {
            let text = format!("{} without noise", format::percent(accuracy, 2));
            ui.label(RichText::new(text).color(palette.second));
        }
    });
    let training = state.training.state.active_run().is_some();
    let is_stale = !training && !state.is_evaluation_current();
    ui.add_space(-theme::GAP / 2.0);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().interact_size.y = 16.0;
        ui.spacing_mut().item_spacing.x = 4.0;
        ui.label(RichText::new(whose(measured)).small().color(palette.weak));
        if is_stale {
            let text = what_changed(state, measured);
            ui.label(RichText::new(text).small().color(palette.second));
        }
    });
}

/// What is set otherwise than it was for the last test, and how to test it.
fn what_changed(state: &State, measured: &Measured) -> String {
    if !Arc::ptr_eq(&measured.model, state.models.in_use()) {
        let name = state.models.chosen().name();
        format!("At work now: {name}. Press Test now to test it.")
    } else if state.measuring.is_of_source() {
        "The noise has changed. Press Test now to test with it.".to_owned()
    } else {
        "Other pictures are chosen. Press Test now to test on them.".to_owned()
    }
}

/// Which model was tested on what, and what of that could not be used.
fn whose(measured: &Measured) -> String {
    let measurement = &measured.measurement;
    let source = match (&measured.source, measurement.name()) {
        (Source::Mnist, _) => "MNIST's test set".to_owned(),
        (Source::Folder(_), name) => format!("the test set of {name}"),
        (Source::Ink(_), name) => format!("the drawings in {name}"),
    };
    let noise = measurement.noise();
    let noise = noise.map_or_else(String::new, |noise| {
        format!(" with {}", noise::noise_label(noise))
    });
    let left_out = measurement.left_out();
    let unused = left_out.not_digits + left_out.unlabeled + left_out.blank;
    let left_out = match unused {
        0 => String::new(),
        1 => " (1 that is no labeled digit is left out)".to_owned(),
        count => format!(
            " ({} that are no labeled digits are left out)",
            format::count(count)
        ),
    };
    format!("The {} on {source}{noise}{left_out}.", measured.model_name)
}
