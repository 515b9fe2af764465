//! Plots of loss, accuracy and learning rate over the epochs of a run, and of other runs beside it.

pub(super) mod image;
mod plot;

use std::ops::RangeInclusive;

use egui::{
    Color32, Response, RichText, Sense, Stroke, Ui, Vec2, WidgetInfo, accesskit::Role, pos2,
};
use egui_plot::LineStyle;

use self::plot::{Curve, PlotSpec};
use super::{
    theme::{self, Palette},
    widgets::text_row,
};
use crate::{
    app::state::{State, runs::ShownRun},
    format,
    training::{EpochRecord, diagnostics::Hint},
};

/// The height of a plot's title, legend and gap, in points.
pub(super) const DECORATION_HEIGHT: f32 = 60.0;
/// The number of other runs in a plot. More curves could not be told apart.
pub(super) const MAX_OTHERS: usize = 6;

/// How the curves are shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PlotOptions {
    pub(super) is_logarithmic: bool,
    pub(super) shows_rate: bool,
    /// Whether the plots are large enough for titles of the axes.
    pub(super) has_titles: bool,
}

/// The run of the plots, and other runs beside it.
pub(super) struct Curves<'a> {
    run: ShownRun<'a>,
    /// The planned epochs: the end of the epoch axis.
    epochs: usize,
    others: Vec<ShownRun<'a>>,
}

impl<'a> Curves<'a> {
    /// The curves of a run.
    pub(super) fn new(state: &State, run: ShownRun<'a>, others: Vec<ShownRun<'a>>) -> Self {
        let planned = match (run.record, state.training.plan) {
            (None, Some(plan)) => plan.epochs,
            (None, None) => run.config.epochs,
            (Some(_), _) => run.history.last().map_or(1, |record| record.epoch),
        };
        Self {
            run,
            epochs: planned.max(2),
            others,
        }
    }

    /// Whether there is a value to plot.
    pub(super) fn is_empty(&self) -> bool {
        self.run.history.is_empty() && self.run.batches.len() < 2
    }

    /// The epochs in which the network overfits.
    fn overfitting(&self) -> Option<RangeInclusive<f64>> {
        let last = self.run.history.last()?.epoch;
        self.run.hints().into_iter().find_map(|hint| match hint {
            Hint::Overfitting { best_epoch, .. } => Some(best_epoch as f64..=last as f64),
            _ => None,
        })
    }
}

/// A plotted value.
pub(super) struct Metric {
    kind: MetricKind,
    name: &'static str,
    help: &'static str,
    training: fn(&EpochRecord) -> Option<f64>,
    validation: fn(&EpochRecord) -> Option<f64>,
    format: fn(f64) -> String,
}

impl Metric {
    /// The name of the value.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum MetricKind {
    Loss,
    Accuracy,
    Rate,
}

pub(super) const LOSS: Metric = Metric {
    kind: MetricKind::Loss,
    name: "Loss",
    help: "The mean loss of an example. Training minimizes it.",
    training: |record| Some(record.loss),
    validation: |record| record.validation_loss,
    format: |loss| format!("{loss:.3}"),
};
pub(super) const ACCURACY: Metric = Metric {
    kind: MetricKind::Accuracy,
    name: "Accuracy",
    help: "The percentage of correctly classified images.",
    training: |record| Some(record.accuracy * 100.0),
    validation: |record| record.validation_accuracy.map(|accuracy| accuracy * 100.0),
    format: |percent| format::percent(percent / 100.0, 2),
};
pub(super) const RATE: Metric = Metric {
    kind: MetricKind::Rate,
    name: "Learning rate",
    help: "The size of each step, as the schedule sets it.",
    training: |record| Some(record.learning_rate),
    validation: |_| None,
    format: |rate| format!("{rate:.2e}"),
};

/// A piece of a curve's line beside its name and value. Dashes distinguish it without color.
fn legend_ui(ui: &mut Ui, text: &str, color: Color32, dashes: u8) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let (rect, _) = ui.allocate_exact_size(Vec2::new(18.0, 12.0), Sense::hover());
        let piece = rect.width() / f32::from(dashes);
        for dash in 0..dashes {
            let left = rect.left() + piece * f32::from(dash);
            let right = left + if dashes > 1 { piece - 2.5 } else { piece };
            let ends = [pos2(left, rect.center().y), pos2(right, rect.center().y)];
            ui.painter().line_segment(ends, Stroke::new(2.5, color));
        }
        ui.label(RichText::new(text).small());
    });
}

/// Draws one plot with its title and its legend.
pub(super) fn metric_ui(
    ui: &mut Ui,
    curves: &Curves<'_>,
    metric: &Metric,
    options: PlotOptions,
    height: f32,
) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        let is_rate = metric.kind == MetricKind::Rate;
        let run = &curves.run;
        let marked = run.model_epoch().or_else(|| run.best_epoch());
        let marked = marked.filter(|_| !is_rate && run.history.len() > 1);
        let says = marked.map(|marked| epoch_text(run, marked));
        text_row(ui, 18.0, |ui| {
            ui.label(RichText::new(metric.name).font(theme::strong(theme::BODY)))
                .on_hover_text(metric.help);
            if let Some(says) = &says {
                ui.label(RichText::new(says).small().weak())
                    .on_hover_text("The ring marks the epoch whose weights answer, and the best one before the end.");
            }
        });
        let palette = Palette::of(ui.style());
        let drawn = curves_of(curves, metric, palette);
        text_row(ui, 16.0, |ui| {
            for curve in drawn.iter().filter(|curve| curve.dots && !is_rate) {
                let Some(last) = curve.points.last() else {
                    continue;
                };
                let text = format!("{} {}", curve.name, (metric.format)(last[1]));
                let dashes = if curve.style == LineStyle::Solid { 1 } else { 3 };
                legend_ui(ui, &text, curve.color, dashes);
            }
        });
        let spec = PlotSpec {
            name: metric.name,
            epochs: curves.epochs,
            height,
            has_titles: options.has_titles,
            is_logarithmic: options.is_logarithmic && metric.kind == MetricKind::Loss,
            shows_zero: is_rate,
            format: metric.format,
            marked: marked.and_then(|record| {
                let value = (metric.validation)(record).or_else(|| (metric.training)(record));
                Some([record.epoch as f64, value?])
            }),
            shaded: curves.overfitting().filter(|_| !is_rate),
        };
        let response = spec.ui(ui, drawn);
        name_plot(&response, run, metric, says.as_deref());
    });
}

/// "epoch 7 answers", and the best epoch where it is another one.
fn epoch_text(run: &ShownRun<'_>, marked: &EpochRecord) -> String {
    let best = run.best_epoch().map(|best| best.epoch);
    match (run.record, best) {
        (None, _) => format!("best epoch so far {}", marked.epoch),
        (Some(_), Some(best)) if best != marked.epoch => {
            format!("epoch {} answers, best epoch {best}", marked.epoch)
        }
        (Some(_), Some(_)) => format!("best epoch {} answers", marked.epoch),
        (Some(_), None) => format!("epoch {} answers", marked.epoch),
    }
}

fn name_plot(response: &Response, run: &ShownRun<'_>, metric: &Metric, says: Option<&str>) {
    let last = run.history.last();
    let values = [
        ("training", metric.training),
        ("validation", metric.validation),
    ];
    let values = values.iter().filter_map(|(name, value)| {
        let value = last.and_then(value)?;
        Some(format!("{name} {}", (metric.format)(value)))
    });
    let mut parts: Vec<String> = values.chain(says.map(str::to_owned)).collect();
    if last.is_none() {
        parts.push("no epoch has finished".to_owned());
    }
    let text = parts.join(", ");
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Figure, true, format!("{} curves", metric.name));
        info.current_text_value = Some(text.clone());
        info
    });
}

/// All curves of a plot. Other runs come first, so that the current run lies over them.
fn curves_of(curves: &Curves<'_>, metric: &Metric, palette: &Palette) -> Vec<Curve> {
    let run = &curves.run;
    let points = |history: &[EpochRecord], value: fn(&EpochRecord) -> Option<f64>| {
        let point = |record: &EpochRecord| Some([record.epoch as f64, value(record)?]);
        history.iter().filter_map(point).collect::<Vec<_>>()
    };
    if metric.kind == MetricKind::Rate {
        return vec![Curve {
            name: "learning rate".to_owned(),
            color: palette.accent,
            style: LineStyle::Solid,
            width: 2.0,
            dots: true,
            is_fitted: true,
            points: match batches_of(curves, metric, &[]) {
                batches if batches.is_empty() => points(run.history, metric.training),
                batches => batches,
            },
        }];
    }
    let mut drawn = Vec::new();
    for (other, color) in curves.others.iter().zip(palette.others) {
        let validation = points(other.history, metric.validation);
        let is_empty = validation.is_empty();
        let of_training = || points(other.history, metric.training);
        drawn.push(Curve {
            name: other.name.to_owned(),
            color,
            style: LineStyle::Solid,
            width: 1.5,
            dots: true,
            is_fitted: false,
            points: if is_empty { of_training() } else { validation },
        });
    }
    let train = points(run.history, metric.training);
    let validation = points(run.history, metric.validation);
    let epochs = [train.as_slice(), validation.as_slice()].concat();
    drawn.push(Curve {
        name: "batches".to_owned(),
        color: palette.accent.gamma_multiply(0.4),
        style: LineStyle::Solid,
        width: 1.2,
        dots: false,
        is_fitted: true,
        points: batches_of(curves, metric, &epochs),
    });
    for (name, color, style, points) in [
        ("training", palette.accent, LineStyle::Solid, train),
        (
            "validation",
            palette.second,
            LineStyle::dashed_dense(),
            validation,
        ),
    ] {
        drawn.push(Curve {
            name: name.to_owned(),
            color,
            style,
            width: 2.5,
            dots: true,
            is_fitted: true,
            points,
        });
    }
    drawn
}

/// The values of the batches. Once an epoch has finished, leaves out values far beyond those of the epochs: the
/// first batches would otherwise flatten all other curves.
fn batches_of(curves: &Curves<'_>, metric: &Metric, epochs: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let values = || epochs.iter().map(|point| point[1]);
    let highest = values().fold(f64::NEG_INFINITY, f64::max);
    let lowest = values().fold(f64::INFINITY, f64::min);
    let is_in_range = |value: f64| match metric.kind {
        _ if epochs.is_empty() => true,
        MetricKind::Loss => value <= highest * 1.25,
        MetricKind::Accuracy => value >= lowest - (100.0 - lowest) * 0.25,
        MetricKind::Rate => true,
    };
    // The plan of the training, which may have ended before its last epoch.
    let planned = curves.run.config.epochs as f64;
    let points = curves.run.batches.iter();
    points
        .map(|point| {
            let value = match metric.kind {
                MetricKind::Loss => point.loss,
                MetricKind::Accuracy => point.accuracy * 100.0,
                MetricKind::Rate => point.learning_rate,
            };
            [point.done * planned, value]
        })
        .filter(|point| is_in_range(point[1]))
        .collect()
}
