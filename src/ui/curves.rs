//! Loss, accuracy and learning rate over the epochs and within them, of this training and of former ones.

mod picture;
mod plot;

use std::sync::Arc;

use egui::{
    Button, Color32, Rangef, Response, RichText, Sense, Stroke, Ui, Vec2, WidgetInfo,
    accesskit::Role, containers::menu::MenuButton, pos2,
};
use egui_plot::LineStyle;

use self::plot::{Curve, Frame};
use super::theme::{self, Palette};
use crate::{
    app::{
        action::{Action, PathPurpose},
        state::{State, training::Training},
    },
    training::EpochRecord,
};

/// The least and the largest height of one plot, in points.
const HEIGHTS: Rangef = Rangef {
    min: 84.0,
    max: 240.0,
};
/// What is above and below a plot, in points: its name, the latest values, a gap.
const BESIDE: f32 = 76.0;
/// The height of the learning rate's plot, in points.
const RATE_HEIGHT: f32 = 72.0;
/// How many former runs are shown: of more, none could be told from another.
const MAX_PREVIOUS: usize = 6;

/// How the curves are looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CurvesView {
    is_logarithmic: bool,
    shows_rate: bool,
    shows_previous: bool,
}

impl Default for CurvesView {
    fn default() -> Self {
        Self {
            is_logarithmic: false,
            shows_rate: false,
            shows_previous: true,
        }
    }
}

impl CurvesView {
    /// What is plotted, from the top, with the height of each plot.
    fn figures(
        self,
        height: f32,
        rate_height: f32,
    ) -> impl Iterator<Item = (&'static Figure, f32)> {
        let all = [(&LOSS, height), (&ACCURACY, height), (&RATE, rate_height)];
        all.into_iter()
            .filter(move |(figure, _)| figure.kind != Kind::Rate || self.shows_rate)
    }
}

/// One of the figures that are plotted.
struct Figure {
    name: &'static str,
    help: &'static str,
    training: fn(&EpochRecord) -> Option<f64>,
    validation: fn(&EpochRecord) -> Option<f64>,
    words: fn(f64) -> String,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Loss,
    Accuracy,
    Rate,
}

const LOSS: Figure = Figure {
    name: "Loss",
    help: "How wrong the network is on average, and how sure of it. It learns by making this small.",
    training: |record| Some(record.loss),
    validation: |record| record.validation_loss,
    words: |loss| format!("{loss:.3}"),
    kind: Kind::Loss,
};
const ACCURACY: Figure = Figure {
    name: "Accuracy",
    help: "How many images out of a hundred it reads rightly.",
    training: |record| Some(record.accuracy * 100.0),
    validation: |record| record.validation_accuracy.map(|accuracy| accuracy * 100.0),
    words: |accuracy| format!("{accuracy:.2} %"),
    kind: Kind::Accuracy,
};
const RATE: Figure = Figure {
    name: "Learning rate",
    help: "How far each step goes, as the schedule has it.",
    training: |record| Some(record.learning_rate),
    validation: |_| None,
    words: |rate| format!("{rate:.2e}"),
    kind: Kind::Rate,
};

/// Draws the plots, as soon as there is something to be plotted, as high as there is room in the panel,
/// whose visible part is `panel_height` high.
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
    let room = panel_height - ui.min_rect().height();
    let height = HEIGHTS.clamp(room / 2.0 - BESIDE);
    for (figure, height) in view.figures(height, RATE_HEIGHT) {
        ui.add_space(theme::GAP);
        ui.scope(|ui| figure_ui(ui, state, *view, figure, height));
    }
    ui.add_space(4.0);
    options_ui(ui, state, view, actions);
}

/// What is shown, and the way out of the window.
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
        let help = "Draws the loss on a logarithmic scale: small losses can be told apart.";
        toggle("Logarithmic", help, &mut view.is_logarithmic);
        let help = "Draws the learning rate below.";
        toggle("Learning rate", help, &mut view.shows_rate);
        if !state.runs.list().is_empty() {
            let help = "Draws the last runs as pale curves, to compare with.";
            toggle("Former runs", help, &mut view.shows_previous);
        }
        MenuButton::new(small("Export…")).ui(ui, |ui| {
            let table = ui.button("Table (CSV)…");
            let help = "Saves the figures of each epoch.";
            if table.on_hover_text(help).clicked() {
                actions.push(Action::AskPath(PathPurpose::SaveCurves));
            }
            let picture = ui.button("Picture (PNG)…");
            let help = "Saves the curves that are shown, large and whole.";
            if picture.on_hover_text(help).clicked() {
                let picture = picture::picture_of(state, *view, ui.ctx().theme());
                actions.push(Action::SaveCurvesImage(Arc::new(picture)));
            }
        });
    });
}

/// The least width, in points, in which the latest values of two curves find room beside each other.
const MIN_TWO_COLUMN_WIDTH: f32 = 266.0;

/// A curve's latest value beside a piece of its line: its dashes tell it as well as its color.
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

fn figure_ui(ui: &mut Ui, state: &State, view: CurvesView, figure: &Figure, height: f32) {
    let palette = Palette::of(ui.style());
    let training = &state.training;
    let latest = |value: fn(&EpochRecord) -> Option<f64>| {
        training.history.last().and_then(value).map(figure.words)
    };
    let (learned, validated) = (latest(figure.training), latest(figure.validation));
    ui.spacing_mut().item_spacing.y = 2.0;
    let best = training
        .best_epoch()
        .filter(|_| figure.kind != Kind::Rate && training.history.len() > 1);
    ui.horizontal(|ui| {
        ui.spacing_mut().interact_size.y = 18.0;
        ui.label(RichText::new(figure.name).font(theme::strong(theme::BODY)))
            .on_hover_text(figure.help);
        if let Some(best) = best {
            let text = format!("best epoch {}", best.epoch);
            ui.label(RichText::new(text).small().weak())
                .on_hover_text("The epoch with the least validation loss, with a ring around it.");
        }
    });
    if figure.kind != Kind::Rate {
        let curves = [
            ("training", &learned, palette.accent, 1),
            ("validation", &validated, palette.second, 3),
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
    let frame = Frame {
        name: figure.name,
        epochs: training.plan.map_or(1, |plan| plan.epochs),
        height,
        is_logarithmic: view.is_logarithmic && figure.kind == Kind::Loss,
        shows_zero: figure.kind == Kind::Rate,
        words: figure.words,
        best: best.and_then(|record| Some([record.epoch as f64, (figure.validation)(record)?])),
    };
    let response = frame.ui(ui, curves_of(state, view, figure, palette));
    let text = match (&learned, &validated) {
        (Some(learned), Some(validated)) => format!("training {learned}, validation {validated}"),
        (Some(learned), None) => format!("training {learned}"),
        _ => "no epoch is over yet".to_owned(),
    };
    name_plot(&response, figure, best, &text);
}

fn name_plot(response: &Response, figure: &Figure, best: Option<&EpochRecord>, text: &str) {
    let best = best.map(|best| format!(", best epoch {}", best.epoch));
    let text = format!("{text}{}", best.unwrap_or_default());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Figure, true, format!("{} curves", figure.name));
        info.current_text_value = Some(text.clone());
        info
    });
}

/// The pale ones first, so that the others lie over them.
fn curves_of(state: &State, view: CurvesView, figure: &Figure, palette: &Palette) -> Vec<Curve> {
    let training = &state.training;
    let curve = |history: &[EpochRecord], value: fn(&EpochRecord) -> Option<f64>| {
        let point = |record: &EpochRecord| Some([record.epoch as f64, value(record)?]);
        history.iter().filter_map(point).collect::<Vec<_>>()
    };
    let mut curves = Vec::new();
    if view.shows_previous && figure.kind != Kind::Rate {
        let former = state
            .runs
            .list()
            .iter()
            .filter(|run| run.record.history != training.history);
        for run in former.take(MAX_PREVIOUS) {
            let has_validation = run.record.validation_accuracy.is_some();
            let value = if has_validation {
                figure.validation
            } else {
                figure.training
            };
            curves.push(Curve {
                name: crate::app::state::runs::title(&run.record),
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
            curve(&training.history, figure.training),
        ),
        (
            "validation",
            palette.second,
            LineStyle::dashed_dense(),
            curve(&training.history, figure.validation),
        ),
    ];
    let batches = batches_of(training, figure, &epochs[0].3, &epochs[1].3);
    if figure.kind == Kind::Rate {
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

/// The figures of the batches. Once there are whole epochs, what lies far beyond theirs is left out: the
/// first batches of a training would else press all the rest flat.
fn batches_of(
    training: &Training,
    figure: &Figure,
    learned: &[[f64; 2]],
    validated: &[[f64; 2]],
) -> Vec<[f64; 2]> {
    let Some(plan) = training.plan else {
        return Vec::new();
    };
    let values = || learned.iter().chain(validated).map(|point| point[1]);
    let most = values().fold(f64::NEG_INFINITY, f64::max);
    let least = values().fold(f64::INFINITY, f64::min);
    let is_in_sight = |value: f64| match figure.kind {
        _ if learned.is_empty() => true,
        Kind::Loss => value <= most * 1.25,
        Kind::Accuracy => value >= least - (100.0 - least) * 0.25,
        Kind::Rate => true,
    };
    let points = training.batches.points().iter();
    points
        .map(|point| {
            let value = match figure.kind {
                Kind::Loss => point.loss,
                Kind::Accuracy => point.accuracy * 100.0,
                Kind::Rate => point.learning_rate,
            };
            [point.done * plan.epochs as f64, value]
        })
        .filter(|point| is_in_sight(point[1]))
        .collect()
}
