//! Loss and accuracy over the epochs, on the training and on the validation images.

use egui::{
    Color32, Rangef, Response, RichText, Sense, Stroke, Ui, Vec2, WidgetInfo, accesskit::Role, pos2,
};
use egui_plot::{AxisHints, GridMark, HoverPosition, Line, LineStyle, Plot, PlotPoints, Points};

use super::theme::{self, Palette};
use crate::{app::state::training::Training, training::EpochRecord};

/// The least and the largest height of one plot, in points.
const HEIGHTS: Rangef = Rangef {
    min: 84.0,
    max: 240.0,
};
/// What is above and below a plot, in points: its name, the latest values, a gap.
const BESIDE: f32 = 76.0;

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

/// Draws both plots, from the end of the first epoch on, as high as there is room in the panel, whose
/// visible part is `panel_height` high.
pub(crate) fn curves_ui(ui: &mut Ui, training: &Training, panel_height: f32) {
    if !training.history.is_empty() {
        let room = panel_height - ui.min_rect().height();
        let height = HEIGHTS.clamp(room / FIGURES.len() as f32 - BESIDE);
        for figure in &FIGURES {
            ui.add_space(theme::GAP);
            ui.scope(|ui| figure_ui(ui, training, figure, height));
        }
    }
}

/// A curve's latest value beside a piece of its line: its dashes tell it as well as its colour.
fn latest_ui(ui: &mut Ui, name: &str, value: &str, color: Color32, dashes: u8) {
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

fn figure_ui(ui: &mut Ui, training: &Training, figure: &Figure, height: f32) {
    let palette = Palette::of(ui.style());
    let latest = |value: fn(&EpochRecord) -> Option<f64>| {
        training.history.last().and_then(value).map(figure.words)
    };
    let (learnt, validated) = (latest(figure.training), latest(figure.validation));
    ui.spacing_mut().item_spacing.y = 2.0;
    ui.label(RichText::new(figure.name).font(theme::strong(theme::BODY)))
        .on_hover_text(figure.help);
    ui.horizontal(|ui| {
        ui.spacing_mut().interact_size.y = 18.0;
        let curves = [
            ("training", &learnt, palette.accent, 1),
            ("validation", &validated, palette.second, 3),
        ];
        for (name, value, color, dashes) in curves {
            if let Some(value) = value {
                latest_ui(ui, name, value, color, dashes);
            }
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
    let response = plot_ui(ui, training, figure, height, curves);
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
    height: f32,
    curves: [(&'static str, Color32, LineStyle, Vec<[f64; 2]>); 2],
) -> Response {
    let palette = Palette::of(ui.style());
    let epochs = training.plan.map_or(1, |plan| plan.epochs).max(2) as f64;
    let axis = |hints: AxisHints<'static>| {
        hints
            .tick_label_color(palette.weak)
            .tick_label_font(theme::font(12.0))
            .label_spacing(Rangef::new(1.0, 2.0))
            .formatter(|mark, _| tick(mark))
    };
    let words = figure.words;
    let plot = Plot::new(figure.name)
        .height(height)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_double_click_reset(false)
        .show_background(false)
        .show_grid([false, true])
        .grid_color(palette.outline)
        .grid_fade(0.0)
        .grid_spacing(Rangef::new(1.0, 2.0))
        .x_grid_spacer(|input| marks(input.bounds, 5.0, 1.0))
        .y_grid_spacer(|input| marks(input.bounds, 5.0, 0.0))
        .custom_x_axes(vec![axis(AxisHints::new_x())])
        .custom_y_axes(vec![axis(AxisHints::new_y()).min_thickness(36.0)])
        .include_x(1.0)
        .include_x(epochs)
        .set_margin_fraction(Vec2::new(0.04, 0.14))
        .label_formatter(move |hover| match hover {
            HoverPosition::NearDataPoint {
                plot_name,
                position,
                ..
            } => Some(format!(
                "{plot_name}, epoch {:.0}: {}",
                position.x,
                words(position.y)
            )),
            HoverPosition::Elsewhere { .. } => None,
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

/// A round value with as many decimals as its step has.
fn tick(mark: GridMark) -> String {
    let decimals = (-mark.step_size.log10() - 1e-6).ceil().clamp(0.0, 9.0) as usize;
    format!("{:.decimals$}", mark.value)
}

/// A few round values within the bounds, at least `least` apart.
fn marks((low, high): (f64, f64), wanted: f64, least: f64) -> Vec<GridMark> {
    let raw = ((high - low) / wanted).max(1e-9);
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|step| *step >= raw);
    let step_size = step.unwrap_or(raw).max(least);
    let (first, last) = (
        (low / step_size).ceil() as i64,
        (high / step_size).floor() as i64,
    );
    (first..=last)
        .map(|index| GridMark {
            value: index as f64 * step_size,
            step_size,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_few_and_round() {
        type Case = ((f64, f64), f64, &'static [f64], &'static str);
        let cases: [Case; 4] = [
            ((0.9, 10.1), 1.0, &[2.0, 4.0, 6.0, 8.0, 10.0], "epochs"),
            (
                (0.96, 2.04),
                1.0,
                &[1.0, 2.0],
                "two epochs, none between them",
            ),
            ((0.02, 0.31), 0.0, &[0.1, 0.2, 0.3], "a loss"),
            ((3.0, 3.0), 0.0, &[3.0], "a flat line"),
        ];
        for (bounds, least, expected, reason) in cases {
            let marks = marks(bounds, 5.0, least);
            let values: Vec<f64> = marks.iter().map(|mark| mark.value).collect();
            assert_eq!(values.len(), expected.len(), "{reason}: {values:?}");
            for (value, expected) in values.iter().zip(expected) {
                assert!((value - expected).abs() < 1e-9, "{reason}: {values:?}");
            }
        }
    }
}
