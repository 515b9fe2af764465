//! Loss and accuracy over the epochs, on the training and on the validation images.

use egui::{Color32, RichText, Sense, Stroke, Ui, Vec2, WidgetInfo, accesskit::Role, pos2};
use egui_plot::{Line, LineStyle, Plot, PlotPoints, Points};

use super::theme::{self, Palette};
use crate::{app::state::training::Training, training::EpochRecord};

/// Height of one plot, in points.
const HEIGHT: f32 = 118.0;

/// One of the two figures that are plotted.
struct Figure {
    name: &'static str,
    help: &'static str,
    training: fn(&EpochRecord) -> Option<f64>,
    validation: fn(&EpochRecord) -> Option<f64>,
    words: fn(f64) -> String,
}

const FIGURES: [Figure; 2] = [
    Figure {
        name: "Loss",
        help: "How wrong the network is on average, and how sure of it. It learns by making this small.",
        training: |record| Some(record.loss),
        validation: |record| record.validation_loss,
        words: |loss| format!("{loss:.3}"),
    },
    Figure {
        name: "Accuracy",
        help: "How many images out of a hundred it reads rightly.",
        training: |record| Some(record.accuracy * 100.0),
        validation: |record| record.validation_accuracy.map(|accuracy| accuracy * 100.0),
        words: |accuracy| format!("{accuracy:.2} %"),
    },
];

/// Draws both plots; before the first epoch is over, their empty frames.
pub(crate) fn curves_ui(ui: &mut Ui, training: &Training) {
    if training.state.active_run().is_none() && training.history.is_empty() {
        return;
    }
    ui.add_space(theme::GAP);
    legend_ui(ui);
    for figure in &FIGURES {
        figure_ui(ui, training, figure);
    }
}

/// Which line is which; told by its dashes as well as by its colour.
fn legend_ui(ui: &mut Ui) {
    let palette = Palette::of(ui.style());
    ui.horizontal(|ui| {
        for (text, color, dashes) in [
            ("training", palette.accent, 1),
            ("validation", palette.second, 3),
        ] {
            let (rect, _) = ui.allocate_exact_size(Vec2::new(22.0, 12.0), Sense::hover());
            let piece = rect.width() / dashes as f32;
            for dash in 0..dashes {
                let left = rect.left() + piece * dash as f32;
                let right = left + piece - if dashes > 1 { 3.0 } else { 0.0 };
                let y = rect.center().y;
                let ends = [pos2(left, y), pos2(right, y)];
                ui.painter().line_segment(ends, Stroke::new(2.5, color));
            }
            ui.label(RichText::new(text).small());
            ui.add_space(theme::GAP);
        }
    });
}

fn figure_ui(ui: &mut Ui, training: &Training, figure: &Figure) {
    let palette = Palette::of(ui.style());
    let latest = |value: fn(&EpochRecord) -> Option<f64>| {
        training.history.last().and_then(value).map(figure.words)
    };
    let (learnt, validated) = (latest(figure.training), latest(figure.validation));
    ui.horizontal(|ui| {
        ui.label(figure.name).on_hover_text(figure.help);
        let pieces = [(&learnt, palette.accent), (&validated, palette.second)];
        for (text, color) in pieces
            .into_iter()
            .filter_map(|(text, color)| Some((text.as_ref()?, color)))
        {
            ui.label(RichText::new(text).small().color(color));
        }
    });
    let curve = |value: fn(&EpochRecord) -> Option<f64>| -> Vec<[f64; 2]> {
        let point = |record: &EpochRecord| Some([record.epoch as f64, value(record)?]);
        // A training that went astray has figures that are no numbers; a plot cannot show them.
        training
            .history
            .iter()
            .filter_map(point)
            .filter(|point| point[1].is_finite())
            .collect()
    };
    let curves = [
        (
            "training",
            palette.accent,
            LineStyle::Solid,
            curve(figure.training),
        ),
        (
            "validation",
            palette.second,
            LineStyle::dashed_dense(),
            curve(figure.validation),
        ),
    ];
    let response = plot_ui(ui, training, figure, curves);
    let text = match (&learnt, &validated) {
        (Some(learnt), Some(validated)) => format!("training {learnt}, validation {validated}"),
        (Some(learnt), None) => format!("training {learnt}"),
        _ => "no epoch is over yet".to_owned(),
    };
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Figure, true, format!("{} curves", figure.name));
        info.current_text_value = Some(text.clone());
        info
    });
}

fn plot_ui(
    ui: &mut Ui,
    training: &Training,
    figure: &Figure,
    curves: [(&'static str, Color32, LineStyle, Vec<[f64; 2]>); 2],
) -> egui::Response {
    let epochs = training.plan.map_or(1, |plan| plan.epochs).max(2);
    let words = figure.words;
    let plot = Plot::new(figure.name)
        .height(HEIGHT)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_double_click_reset(false)
        .show_background(false)
        .include_x(1.0)
        .include_x(epochs as f64)
        .set_margin_fraction(Vec2::new(0.04, 0.12))
        .y_axis_min_width(44.0)
        .x_axis_formatter(|mark, _| {
            // Only whole epochs are points on the axis.
            if mark.value.fract().abs() < 1e-6 {
                format!("{:.0}", mark.value)
            } else {
                String::new()
            }
        })
        .label_formatter(move |hover| match hover {
            egui_plot::HoverPosition::NearDataPoint {
                plot_name,
                position,
                ..
            } => Some(format!(
                "{plot_name}, epoch {:.0}: {}",
                position.x,
                words(position.y)
            )),
            egui_plot::HoverPosition::Elsewhere { .. } => None,
        });
    let shown = plot.show(ui, |plot| {
        for (name, color, style, points) in curves {
            let line = Line::new(name, PlotPoints::from(points.clone()));
            plot.line(line.color(color).style(style).width(2.5));
            if points.len() < 60 {
                plot.points(
                    Points::new(name, PlotPoints::from(points))
                        .color(color)
                        .radius(3.0),
                );
            }
        }
    });
    shown.response
}
