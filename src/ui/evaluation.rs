//! The evaluation tab: source and noise, metrics, confusion matrix, gallery and reliability diagram.

mod gallery;
mod matrix;
mod reliability;

use std::sync::Arc;

use egui::{
    Align2, Button, ComboBox, Rect, RichText, ScrollArea, Sense, TextEdit, Ui, UiBuilder, Vec2,
    WidgetInfo, accesskit::Role, pos2, vec2,
};

use self::gallery::ErrorGallery;
use super::{
    focus, noise,
    theme::{self, Palette},
    widgets::{self, escape_restores, option_ui, primary_button, text_row},
};
use crate::{
    app::{
        action::Action,
        state::{
            State,
            evaluation::{
                CompletedEvaluation, EvaluationAction, EvaluationForm, EvaluationStatus, SourceKind,
            },
        },
    },
    data::DataSource,
    evaluation::{Rejections, Selection},
    format,
    worker::file_tasks::FilePurpose,
};

/// The width from which the gallery is beside the matrix, in points.
const MIN_WIDTH_BESIDE: f32 = 620.0;
/// The height below which parts beside each other scroll, in points.
const MIN_HEIGHT: f32 = 370.0;
/// The heights of the gallery and of the reliability diagram in a single column, in points.
const STACKED_HEIGHTS: [f32; 2] = [300.0, 240.0];
/// The size of the main button.
const BUTTON: Vec2 = Vec2::new(104.0, 36.0);
/// The size of the button that cancels.
const CANCEL: Vec2 = Vec2::new(72.0, 36.0);
/// The width from which source and noise are in one row, in points.
const MIN_WIDTH_FOR_NOISE: f32 = 600.0;

/// The state of the tab between frames.
#[derive(Debug, Default)]
pub(crate) struct EvaluationView {
    gallery: ErrorGallery,
}

/// Draws the tab.
pub(crate) fn evaluation_ui(
    ui: &mut Ui,
    state: &State,
    view: &mut EvaluationView,
    actions: &mut Vec<Action>,
) {
    let width = ui.available_width();
    if width >= MIN_WIDTH_BESIDE {
        content_ui(ui, state, view, actions);
    } else {
        ScrollArea::vertical().id_salt("test").show(ui, |ui| {
            ui.set_width(width);
            content_ui(ui, state, view, actions);
            focus::scroll_to_focus(ui);
        });
    }
}

fn content_ui(ui: &mut Ui, state: &State, view: &mut EvaluationView, actions: &mut Vec<Action>) {
    head_ui(ui, state, actions);
    ui.add_space(theme::GAP);
    let panel = &state.evaluation;
    let Some(completed) = &panel.completed else {
        empty_ui(ui, state);
        return;
    };
    let mut parts_ui = |ui: &mut Ui, places: &EvaluationLayout| {
        let within = |rect: Rect| UiBuilder::new().max_rect(rect);
        ui.scope_builder(within(places.matrix), |ui| {
            matrix::matrix_ui(ui, panel, completed, actions);
        });
        ui.scope_builder(within(places.gallery), |ui| {
            view.gallery.ui(ui, panel, completed, actions);
        });
        let reliability = &completed.evaluation.metrics().reliability;
        reliability::reliability_ui(ui, places.reliability, reliability);
    };
    let rect = ui.available_rect_before_wrap();
    if rect.width() < MIN_WIDTH_BESIDE {
        let places = EvaluationLayout::stacked(rect);
        ui.allocate_exact_size(places.whole().size(), Sense::hover());
        parts_ui(ui, &places);
    } else if rect.height() >= MIN_HEIGHT {
        parts_ui(ui, &EvaluationLayout::beside(rect));
    } else {
        ScrollArea::vertical().id_salt("test").show(ui, |ui| {
            let size = vec2(ui.available_width(), MIN_HEIGHT);
            let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
            parts_ui(ui, &EvaluationLayout::beside(rect));
            focus::scroll_to_focus(ui);
        });
    }
}

/// The places of the parts.
struct EvaluationLayout {
    matrix: Rect,
    gallery: Rect,
    reliability: Rect,
}

impl EvaluationLayout {
    /// The matrix on the left; the gallery and the reliability diagram on the right.
    fn beside(rect: Rect) -> Self {
        let gap = theme::MARGIN * 1.4;
        let wanted = (rect.height() - matrix::BESIDE.y) / matrix::CELL_ASPECT + matrix::BESIDE.x;
        let matrix_width = wanted.clamp(rect.width() * 0.4, rect.width() * 0.56);
        let middle = rect.left() + matrix_width;
        let right = Rect::from_min_max(pos2(middle + gap, rect.top()), rect.max);
        let diagram_height = (right.height() * 0.4)
            .min(right.width() * 0.8)
            .clamp(150.0, 520.0);
        let edge = right.bottom() - diagram_height;
        Self {
            matrix: Rect::from_min_max(rect.min, pos2(middle, rect.bottom())),
            gallery: Rect::from_min_max(right.min, pos2(right.right(), edge - theme::MARGIN)),
            reliability: Rect::from_min_max(pos2(right.left(), edge), right.max),
        }
    }

    /// All in one column.
    fn stacked(rect: Rect) -> Self {
        let matrix_height =
            (rect.width() - matrix::BESIDE.x) * matrix::CELL_ASPECT + matrix::BESIDE.y;
        let part = |top: f32, height: f32| {
            Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), height))
        };
        let matrix = part(rect.top(), matrix_height);
        let gallery = part(matrix.bottom() + theme::MARGIN, STACKED_HEIGHTS[0]);
        Self {
            matrix,
            gallery,
            reliability: part(gallery.bottom() + theme::MARGIN, STACKED_HEIGHTS[1]),
        }
    }

    fn whole(&self) -> Rect {
        self.matrix.union(self.gallery).union(self.reliability)
    }
}

/// The text before the first evaluation.
fn empty_ui(ui: &mut Ui, state: &State) {
    let palette = Palette::of(ui.style());
    let rect = ui.available_rect_before_wrap();
    let text = if state.evaluation.active_number().is_some() {
        "Evaluating"
    } else {
        "Press Test now to see which digits the model misclassifies."
    };
    let response = ui.allocate_rect(rect, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    ui.painter().text(
        rect.center(),
        Align2::CENTER_CENTER,
        text,
        theme::font(theme::HEADING),
        palette.weak,
    );
}

/// Source, noise and button, and below them the progress or the metrics.
fn head_ui(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let panel = &state.evaluation;
    if ui.available_width() >= MIN_WIDTH_FOR_NOISE {
        ui.horizontal(|ui| {
            source_ui(ui, &panel.form, actions);
            noise::test_noise_ui(ui, panel.form.noise, actions);
            let buttons = BUTTON.x + CANCEL.x + ui.spacing().item_spacing.x;
            ui.add_space((ui.available_width() - buttons).max(0.0));
            button_ui(ui, &panel.status, actions);
        });
    } else {
        ui.horizontal(|ui| source_ui(ui, &panel.form, actions));
        ui.horizontal(|ui| button_ui(ui, &panel.status, actions));
        noise::test_noise_ui(ui, panel.form.noise, actions);
    }
    if matches!(panel.form.source, SourceKind::Folder | SourceKind::Ink) {
        path_ui(ui, &panel.form, actions);
    }
    if panel.active_number().is_some() {
        progress_ui(ui, state);
    } else if let Some(completed) = &panel.completed {
        metrics_ui(ui, state, completed);
    }
}

fn source_ui(ui: &mut Ui, form: &EvaluationForm, actions: &mut Vec<Action>) {
    let help = "Labeled images that are not in the training set.";
    let label = ui.label("Test on").on_hover_text(help);
    let room = ui.available_width() - ui.spacing().item_spacing.x;
    let combo = ComboBox::from_id_salt("test-on")
        .width(room.clamp(90.0, 150.0))
        .selected_text(form.source.name())
        .show_ui(ui, |ui| {
            for source in SourceKind::ALL {
                let option = option_ui(ui, source == form.source, source.name());
                let help = match source {
                    SourceKind::Mnist => "10,000 digits, built in.",
                    SourceKind::Folder => "The two test files of a data set in MNIST's format.",
                    SourceKind::Ink => "Drawings with labels, one per line, as JSON Lines.",
                    SourceKind::Corrections => "Your own drawings, with the labels you gave them.",
                };
                if option.on_hover_text(help).clicked() && source != form.source {
                    let mut form = form.clone();
                    form.source = source;
                    actions.push(Action::Evaluation(EvaluationAction::Changed(form)));
                }
            }
        });
    combo.response.labelled_by(label.id).on_hover_text(help);
}

/// *Test now* at the right end, and *Cancel* beside it: a double click must not cancel.
fn button_ui(ui: &mut Ui, status: &EvaluationStatus, actions: &mut Vec<Action>) {
    let is_running = matches!(status, EvaluationStatus::Running { .. });
    if is_running && ui.add_sized(CANCEL, Button::new("Cancel")).clicked() {
        actions.push(Action::Evaluation(EvaluationAction::Cancel));
    } else if !is_running {
        ui.allocate_space(CANCEL);
    }
    ui.add_enabled_ui(*status == EvaluationStatus::Idle, |ui| {
        let help = "Evaluates the model in use on these images.";
        let button = primary_button(ui, "Test now", BUTTON);
        if button.on_hover_text(help).clicked() {
            actions.push(Action::Evaluation(EvaluationAction::Begin));
        }
    });
}

/// The path of the folder or the file.
fn path_ui(ui: &mut Ui, form: &EvaluationForm, actions: &mut Vec<Action>) {
    let mut form = form.clone();
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
            let mut response = ui.add_sized(vec2(width, choose.y), edit);
            escape_restores(&mut response, path, true);
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
        actions.push(Action::Evaluation(EvaluationAction::Changed(form)));
    }
    if response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter)) {
        actions.push(Action::Evaluation(EvaluationAction::Begin));
    }
}

fn progress_ui(ui: &mut Ui, state: &State) {
    let progress = state.evaluation.progress;
    let text = match progress {
        Some(progress) => format!(
            "{} of {} images evaluated",
            format::count(progress.done),
            format::count(progress.total)
        ),
        None => "Loading the images".to_owned(),
    };
    let done = progress.map_or(0.0, |p| p.done as f64 / p.total.max(1) as f64);
    ui.label(RichText::new(text).font(theme::strong(theme::BODY)));
    widgets::progress_bar(ui, "Test progress", done);
}

/// The accuracy in large type, the other metrics, and the evaluation set.
fn metrics_ui(ui: &mut Ui, state: &State, completed: &CompletedEvaluation) {
    let palette = Palette::of(ui.style());
    text_row(ui, 20.0, |ui| {
        if completed.evaluation.metrics().examples > 0 {
            let accuracy = format::percent(completed.evaluation.metrics().accuracy, 2);
            let text = format!("{accuracy} accuracy");
            ui.label(RichText::new(text).font(theme::strong(theme::HEADING)));
        }
        let help =
            "A rejected digit counts as correct or misclassified by its most probable class.";
        ui.label(RichText::new(details(completed)).color(palette.text))
            .on_hover_text(help);
        if let Some(accuracy) = state.evaluation.accuracy_without_noise() {
            let text = format!("{} without noise", format::percent(accuracy, 2));
            ui.label(RichText::new(text).color(palette.second));
        }
    });
    let is_training = state.training.state.active_run().is_some();
    ui.add_space(-theme::GAP / 2.0);
    text_row(ui, 16.0, |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        ui.label(
            RichText::new(subject(completed))
                .small()
                .color(palette.weak),
        );
        if !is_training && !state.is_evaluation_current() {
            let text = what_changed(state, completed);
            ui.label(RichText::new(text).small().color(palette.second));
        }
    });
}

/// "59 of 10,000 misclassified, loss 0.0193, 12 rejected as non-digits".
fn details(completed: &CompletedEvaluation) -> String {
    let evaluation = &completed.evaluation;
    let metrics = evaluation.metrics();
    let mut parts = Vec::new();
    if metrics.examples > 0 {
        parts.push(format!(
            "{} of {} misclassified",
            format::count(evaluation.indices(Selection::Misclassified).len()),
            format::count(metrics.examples)
        ));
        parts.push(format!("loss {:.4}", metrics.loss));
        parts.extend(
            metrics
                .rejected
                .map(|count| format!("{} rejected as non-digits", format::count(count))),
        );
    }
    if let Some(Rejections { examples, rejected }) = evaluation.non_digits() {
        let [rejected, examples] = [rejected, examples].map(format::count);
        parts.push(format!("{rejected} of {examples} non-digits rejected"));
    }
    parts.join(", ")
}

/// How the form or the model differs from the last evaluation.
fn what_changed(state: &State, completed: &CompletedEvaluation) -> String {
    if !Arc::ptr_eq(&completed.model, state.models.in_use()) {
        let name = state.models.chosen().name.clone();
        format!("Model in use: {name}. Press Test now to evaluate it.")
    } else if state.evaluation.has_source_of_form() {
        "The noise changed. Press Test now to evaluate with it.".to_owned()
    } else {
        "The source changed. Press Test now to evaluate on it.".to_owned()
    }
}

/// The evaluated model, the images and their noise, and the number of skipped records.
fn subject(completed: &CompletedEvaluation) -> String {
    let set = completed.evaluation.set();
    let source = match (&completed.source, set.name()) {
        (DataSource::Mnist, _) => "MNIST's test set".to_owned(),
        (DataSource::Folder(_), name) => format!("the test set of {name}"),
        (DataSource::Ink(_), name) => name.to_owned(),
    };
    let noise = set.noise();
    let noise = noise.map_or_else(String::new, |noise| {
        format!(" with {}", noise::noise_label(noise))
    });
    let skipped = match set.skipped().unlabeled + set.skipped().blank {
        0 => String::new(),
        count => format!(
            " ({} without a label or without ink skipped)",
            format::count(count)
        ),
    };
    format!("{} on {source}{noise}{skipped}.", completed.model_name)
}
