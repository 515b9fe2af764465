//! Plots of loss, accuracy and learning rate over the epochs, of this training and of previous runs.

mod image;
mod plot;

use egui::{
    Button, Color32, Rangef, Response, RichText, Sense, Stroke, Ui, Vec2, WidgetInfo,
    accesskit::Role, containers::menu::MenuButton, pos2,
};
use egui_plot::LineStyle;

use self::{
    image::ImageExport,
    plot::{Curve, PlotSpec},
};
use super::theme::{self, Palette};
use crate::{
    app::{
        action::Action,
        state::{State, runs, training::Training},
    },
    format,
    training::EpochRecord,
    worker::file_tasks::FilePurpose,
};

/// The smallest and largest height of a plot, in points.
const HEIGHTS: Rangef = Rangef {
    min: 84.0,
    max: 240.0,
};
/// The height of a plot's title, legend and gap, in points.
const DECORATION_HEIGHT: f32 = 76.0;
/// The height of the plot of the learning rate, in points.
const RATE_HEIGHT: f32 = 72.0;
/// The number of previous runs in a plot. More curves could not be told apart.
const MAX_PREVIOUS: usize = 6;
/// The smallest width, in points, for two legend entries in a row.
const MIN_TWO_COLUMN_WIDTH: f32 = 266.0;

/// How the curves are shown.
#[derive(Debug)]
pub(crate) struct CurvesView {
    is_logarithmic: bool,
    shows_rate: bool,
    shows_previous: bool,
    export: Option<ImageExport>,
}

impl Default for CurvesView {
    fn default() -> Self {
        Self {
            is_logarithmic: false,
            shows_rate: false,
            shows_previous: true,
            export: None,
        }
    }
}

impl CurvesView {
    /// The visible plots from the top, with the height of each.
    fn plots(&self, height: f32) -> Vec<(&'static Metric, f32)> {
        let mut plots = vec![(&LOSS, height), (&ACCURACY, height)];
        if self.shows_rate {
            plots.push((&RATE, RATE_HEIGHT));
        }
        plots
    }
}

/// A plotted value.
struct Metric {
    kind: MetricKind,
    name: &'static str,
    help: &'static str,
    training: fn(&EpochRecord) -> Option<f64>,
    validation: fn(&EpochRecord) -> Option<f64>,
    format: fn(f64) -> String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum MetricKind {
    Loss,
    Accuracy,
    Rate,
}

const LOSS: Metric = Metric {
    kind: MetricKind::Loss,
    name: "Loss",
    help: "The mean loss of an example. Training minimizes it.",
    training: |record| Some(record.loss),
    validation: |record| record.validation_loss,
    format: |loss| format!("{loss:.3}"),
};
const ACCURACY: Metric = Metric {
    kind: MetricKind::Accuracy,
    name: "Accuracy",
    help: "The percentage of correctly classified images.",
    training: |record| Some(record.accuracy * 100.0),
    validation: |record| record.validation_accuracy.map(|accuracy| accuracy * 100.0),
    format: |percent| format::percent(percent / 100.0, 2),
};
const RATE: Metric = Metric {
    kind: MetricKind::Rate,
    name: "Learning rate",
    help: "The size of each step, as the schedule sets it.",
    training: |record| Some(record.learning_rate),
    validation: |_| None,
    format: |rate| format!("{rate:.2e}"),
};

/// Draws the plots once there are values, as high as the visible part of the panel allows.
pub(crate) fn curves_ui(
    ui: &mut Ui,
    state: &State,
    view: &mut CurvesView,
    panel_height: f32,
    actions: &mut Vec<Action>,
) {
    let training = &state.training;
    if training.history.is_empty() && training.batches.points().len() < 2 {
        return;
    }
    let available = panel_height - ui.min_rect().height();
    let height = HEIGHTS.clamp(available / 2.0 - DECORATION_HEIGHT);
    plots_ui(ui, state, view, height);
    ui.add_space(4.0);
    options_ui(ui, state, view, actions);
    if let Some(mut export) = view.export.take() {
        match export.ui(ui.ctx(), state, view) {
            Some(image) => actions.push(Action::SaveCurvesImage(image)),
            None => view.export = Some(export),
        }
    }
}

fn plots_ui(ui: &mut Ui, state: &State, view: &CurvesView, height: f32) {
    for (metric, height) in view.plots(height) {
        ui.add_space(theme::GAP);
        ui.scope(|ui| metric_ui(ui, state, view, metric, height));
    }
}

/// The options of the plots, and the export.
fn options_ui(ui: &mut Ui, state: &State, view: &mut CurvesView, actions: &mut Vec<Action>) {
    ui.horizontal_wrapped(|ui| {
        theme::quiet_selection(ui);
        ui.spacing_mut().button_padding = Vec2::new(7.0, 3.0);
        ui.spacing_mut().interact_size.y = 24.0;
        ui.spacing_mut().item_spacing.x = 5.0;
        let small = |text: &str| RichText::new(text).small();
        let mut toggle = |text: &str, help: &str, is_on: &mut bool| {
            let button = Button::selectable(*is_on, small(text)).frame_when_inactive(true);
            if ui.add(button).on_hover_text(help).clicked() {
                *is_on = !*is_on;
            }
        };
        let help = "Shows the loss on a logarithmic scale, which separates small losses.";
        toggle("Logarithmic", help, &mut view.is_logarithmic);
        toggle(
            "Learning rate",
            "Shows a plot of the learning rate.",
            &mut view.shows_rate,
        );
        if !state.runs.list().is_empty() {
            let help = "Shows previous runs as pale curves.";
            toggle("Previous runs", help, &mut view.shows_previous);
        }
        MenuButton::new(small("Export…")).ui(ui, |ui| {
            let table = ui.button("Table (CSV)…");
            let help = "Saves the values of each epoch.";
            if table.on_hover_text(help).clicked() {
                actions.push(Action::AskPath(FilePurpose::SaveCurves));
            }
            let image = ui.button("Image (PNG)…");
            let help = "Saves the visible plots as an image.";
            if image.on_hover_text(help).clicked() {
                view.export = Some(ImageExport::default());
            }
        });
    });
}

/// The latest value of a curve, beside a piece of its line. Dashes distinguish it without color.
fn legend_ui(ui: &mut Ui, name: &str, value: &str, color: Color32, dashes: u8) {
    let (rect, _) = ui.allocate_exact_size(Vec2::new(18.0, 12.0), Sense::hover());
    let piece = rect.width() / f32::from(dashes);
    for dash in 0..dashes {
        let left = rect.left() + piece * f32::from(dash);
        let right = left + if dashes > 1 { piece - 2.5 } else { piece };
        let ends = [pos2(left, rect.center().y), pos2(right, rect.center().y)];
        ui.painter().line_segment(ends, Stroke::new(2.5, color));
    }
    ui.label(RichText::new(format!("{name} {value}")).small());
}

fn metric_ui(ui: &mut Ui, state: &State, view: &CurvesView, metric: &Metric, height: f32) {
    let palette = Palette::of(ui.style());
    let training = &state.training;
    let latest = |value: fn(&EpochRecord) -> Option<f64>| {
        training.history.last().and_then(value).map(metric.format)
    };
    let (train, validation) = (latest(metric.training), latest(metric.validation));
    ui.spacing_mut().item_spacing.y = 2.0;
    let best = training
        .best_epoch()
        .filter(|_| metric.kind != MetricKind::Rate && training.history.len() > 1);
    ui.horizontal(|ui| {
        ui.spacing_mut().interact_size.y = 18.0;
        ui.label(RichText::new(metric.name).font(theme::strong(theme::BODY)))
            .on_hover_text(metric.help);
        if let Some(best) = best {
            let text = format!("best epoch {}", best.epoch);
            ui.label(RichText::new(text).small().weak())
                .on_hover_text("The epoch with the lowest validation loss, marked by a ring.");
        }
    });
    if metric.kind != MetricKind::Rate {
        let curves = [
            ("training", &train, palette.accent, 1),
            ("validation", &validation, palette.second, 3),
        ];
        let is_narrow = ui.available_width() < MIN_TWO_COLUMN_WIDTH;
        // A row for both, or one for each.
        for row in curves.chunks(if is_narrow { 1 } else { 2 }) {
            ui.horizontal(|ui| {
                ui.spacing_mut().interact_size.y = 18.0;
                ui.spacing_mut().item_spacing.x = 6.0;
                for (name, value, color, dashes) in row {
                    if let Some(value) = value {
                        legend_ui(ui, name, value, *color, *dashes);
                    }
                }
            });
        }
    }
    let spec = PlotSpec {
        name: metric.name,
        epochs: training.plan.map_or(1, |plan| plan.epochs),
        height,
        is_logarithmic: view.is_logarithmic && metric.kind == MetricKind::Loss,
        shows_zero: metric.kind == MetricKind::Rate,
        format: metric.format,
        best: best.and_then(|record| Some([record.epoch as f64, (metric.validation)(record)?])),
    };
    let response = spec.ui(ui, curves_of(state, view, metric, palette));
    let text = match (&train, &validation) {
        (Some(train), Some(validation)) => format!("training {train}, validation {validation}"),
        (Some(train), None) => format!("training {train}"),
        _ => "no epoch has finished".to_owned(),
    };
    name_plot(&response, metric, best, &text);
}

fn name_plot(response: &Response, metric: &Metric, best: Option<&EpochRecord>, text: &str) {
    let best = best.map(|best| format!(", best epoch {}", best.epoch));
    let text = format!("{text}{}", best.unwrap_or_default());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Figure, true, format!("{} curves", metric.name));
        info.current_text_value = Some(text.clone());
        info
    });
}

/// All curves of a plot. Previous runs come first, so that the current run lies over them.
fn curves_of(state: &State, view: &CurvesView, metric: &Metric, palette: &Palette) -> Vec<Curve> {
    let training = &state.training;
    let curve = |history: &[EpochRecord], value: fn(&EpochRecord) -> Option<f64>| {
        let point = |record: &EpochRecord| Some([record.epoch as f64, value(record)?]);
        history.iter().filter_map(point).collect::<Vec<_>>()
    };
    let mut curves = Vec::new();
    if view.shows_previous && metric.kind != MetricKind::Rate {
        let previous = state
            .runs
            .list()
            .iter()
            .filter(|run| run.record.history != training.history);
        for run in previous.take(MAX_PREVIOUS) {
            let has_validation = run.record.validation_accuracy.is_some();
            let value = if has_validation {
                metric.validation
            } else {
                metric.training
            };
            curves.push(Curve {
                name: runs::title(&run.record),
                color: palette.bar.gamma_multiply(0.7),
                style: LineStyle::Solid,
                width: 1.5,
                dots: false,
                points: curve(&run.record.history, value),
            });
        }
    }
    let epochs = [
        (
            "training",
            palette.accent,
            LineStyle::Solid,
            curve(&training.history, metric.training),
        ),
        (
            "validation",
            palette.second,
            LineStyle::dashed_dense(),
            curve(&training.history, metric.validation),
        ),
    ];
    let batches = batches_of(training, metric, &epochs[0].3, &epochs[1].3);
    if metric.kind == MetricKind::Rate {
        curves.push(Curve {
            name: "learning rate".to_owned(),
            color: palette.accent,
            style: LineStyle::Solid,
            width: 2.0,
            dots: true,
            points: batches,
        });
        return curves;
    }
    curves.push(Curve {
        name: "batches".to_owned(),
        color: palette.accent.gamma_multiply(0.4),
        style: LineStyle::Solid,
        width: 1.2,
        dots: false,
        points: batches,
    });
    for (name, color, style, points) in epochs {
        curves.push(Curve {
            name: name.to_owned(),
            color,
            style,
            width: 2.5,
            dots: true,
            points,
        });
    }
    curves
}

/// The values of the batches. Once an epoch has finished, leaves out values far beyond those of the epochs: the
/// first batches would otherwise flatten all other curves.
fn batches_of(
    training: &Training,
    metric: &Metric,
    train: &[[f64; 2]],
    validation: &[[f64; 2]],
) -> Vec<[f64; 2]> {
    let Some(plan) = training.plan else {
        return Vec::new();
    };
    let values = || train.iter().chain(validation).map(|point| point[1]);
    let highest = values().fold(f64::NEG_INFINITY, f64::max);
    let lowest = values().fold(f64::INFINITY, f64::min);
    let is_in_range = |value: f64| match metric.kind {
        _ if train.is_empty() => true,
        MetricKind::Loss => value <= highest * 1.25,
        MetricKind::Accuracy => value >= lowest - (100.0 - lowest) * 0.25,
        MetricKind::Rate => true,
    };
    let points = training.batches.points().iter();
    points
        .map(|point| {
            let value = match metric.kind {
                MetricKind::Loss => point.loss,
                MetricKind::Accuracy => point.accuracy * 100.0,
                MetricKind::Rate => point.learning_rate,
            };
            [point.done * plan.epochs as f64, value]
        })
        .filter(|point| is_in_range(point[1]))
        .collect()
}
