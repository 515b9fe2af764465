//! A plot: its curves, its axes, and the value under the pointer.

use std::ops::RangeInclusive;

use egui::{Color32, Rangef, Response, RichText, Ui};
use egui_plot::{
    AxisHints, GridMark, HoverPosition, Line, LineStyle, Plot, PlotBounds, PlotPoint, PlotPoints,
    Points, Span,
};

use crate::ui::theme::{self, Palette};

/// A curve: its name, its look and its points (epoch, value).
pub(super) struct Curve {
    pub(super) name: String,
    pub(super) color: Color32,
    pub(super) style: LineStyle,
    pub(super) width: f32,
    /// Whether to mark each point, unless there are many.
    pub(super) dots: bool,
    /// Whether the axes fit it. Another run may lie outside.
    pub(super) is_fitted: bool,
    pub(super) points: Vec<[f64; 2]>,
}

/// The content and the look of a plot.
pub(super) struct PlotSpec {
    pub(super) name: &'static str,
    /// The unit of the x axis, in the singular.
    pub(super) unit: &'static str,
    /// The end of the x axis.
    pub(super) end: f64,
    pub(super) height: f32,
    pub(super) is_logarithmic: bool,
    /// Whether the y axis includes zero, which gives a flat curve a scale.
    pub(super) shows_zero: bool,
    pub(super) format: fn(f64) -> String,
    /// Whether the axes have titles.
    pub(super) has_titles: bool,
    /// The point with a ring.
    pub(super) marked: Option<[f64; 2]>,
    /// The epochs of overfitting.
    pub(super) shaded: Option<RangeInclusive<f64>>,
}

/// The height of a label with its gap, in points.
const LABEL_HEIGHT: f32 = 20.0;

/// The smallest value on a logarithmic axis.
const LEAST: f64 = 1e-9;

impl PlotSpec {
    /// The y coordinate of a value.
    fn y(&self, value: f64) -> f64 {
        if self.is_logarithmic {
            value.max(LEAST).log10()
        } else {
            value
        }
    }

    fn points(&self, points: &[[f64; 2]]) -> PlotPoints<'static> {
        points
            .iter()
            // A diverged training has values that are NaN or infinite, which a plot cannot show.
            .filter(|point| point[1].is_finite())
            .map(|point| [point[0], self.y(point[1])])
            .collect()
    }

    /// Draws the plot.
    pub(super) fn ui(self, ui: &mut Ui, curves: Vec<Curve>) -> Response {
        let palette = Palette::of(ui.style());
        let bounds = self.bounds(&curves);
        let shown = self.plot(palette).show(ui, |plot| {
            plot.set_plot_bounds(bounds);
            if let Some(shaded) = self.shaded.clone() {
                let span = Span::new("overfitting", shaded);
                plot.span(span.fill(palette.second.gamma_multiply(0.14)));
            }
            // The first curve lies over the others.
            for curve in curves.into_iter().rev() {
                let points = self.points(&curve.points);
                let line = Line::new(curve.name.clone(), points)
                    .color(curve.color)
                    .style(curve.style)
                    .width(curve.width)
                    .allow_hover(curve.dots);
                plot.line(line);
                if curve.dots && curve.points.len() < 60 {
                    plot.points(
                        Points::new(curve.name, self.points(&curve.points))
                            .color(curve.color)
                            .radius(3.0),
                    );
                }
            }
            if let Some(marked) = self.marked {
                let point = self.points(&[marked]);
                let ring = Points::new("lowest validation loss", point)
                    .filled(false)
                    .radius(7.0);
                plot.points(ring.color(palette.text).allow_hover(false));
            }
        });
        shown.response
    }

    /// The values of the fitted curves over all epochs, with a margin.
    fn bounds(&self, curves: &[Curve]) -> PlotBounds {
        let fitted = curves.iter().filter(|curve| curve.is_fitted);
        let values = fitted.flat_map(|curve| &curve.points);
        let zero = self.shows_zero.then_some(0.0);
        let values = values.map(|point| self.y(point[1])).chain(zero);
        let finite = values.filter(|value| value.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
        let margin = ((high - low) * 0.14).max(1e-3 * high.abs()).max(1e-9);
        PlotBounds::from_min_max(
            [-0.04 * self.end, low - margin],
            [1.04 * self.end, high + margin],
        )
    }

    fn plot(&self, palette: &Palette) -> Plot<'static> {
        let is_logarithmic = self.is_logarithmic;
        let (format, unit) = (self.format, self.unit);
        let axis_heights = if self.has_titles { 2.0 } else { 1.0 } * LABEL_HEIGHT;
        let most = most_marks(self.height - axis_heights);
        let title = |text: &str| {
            let text = if self.has_titles { text } else { "" };
            RichText::new(text).size(theme::SMALL).color(palette.weak)
        };
        let axis = |hints: AxisHints<'static>| {
            hints
                .tick_label_color(palette.weak)
                .tick_label_font(theme::font(theme::SMALL))
                .label_spacing(Rangef::new(1.0, 2.0))
        };
        let y_tick = move |mark: GridMark| {
            if is_logarithmic {
                power_label(mark.value)
            } else {
                tick(mark)
            }
        };
        let value = move |position: &PlotPoint| {
            format(if is_logarithmic {
                10_f64.powf(position.y)
            } else {
                position.y
            })
        };
        Plot::new(self.name)
            .height(self.height)
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
            .y_grid_spacer(move |input| {
                if is_logarithmic {
                    log_marks(input.bounds)
                } else {
                    marks(input.bounds, most, 0.0)
                }
            })
            .custom_x_axes(vec![
                axis(AxisHints::new_x())
                    .label(title(if unit == "batch" { "Batch" } else { "Epoch" }))
                    .formatter(|mark, _| tick(mark)),
            ])
            .custom_y_axes(vec![
                axis(AxisHints::new_y())
                    .label(title(self.name))
                    .formatter(move |mark, _| y_tick(mark))
                    .min_thickness(36.0),
            ])
            .label_formatter(move |hover| match hover {
                HoverPosition::NearDataPoint {
                    plot_name,
                    position,
                    ..
                } => Some(format!(
                    "{plot_name}, {unit} {}: {}",
                    epoch_label(position.x),
                    value(position)
                )),
                HoverPosition::Elsewhere { .. } => None,
            })
    }
}

/// "3", or "3.4" within an epoch.
fn epoch_label(epoch: f64) -> String {
    if (epoch - epoch.round()).abs() < 1e-6 {
        format!("{epoch:.0}")
    } else {
        format!("{epoch:.1}")
    }
}

/// A tick label with as many decimals as its step.
fn tick(mark: GridMark) -> String {
    let decimals = (-mark.step_size.log10() - 1e-6).ceil().clamp(0.0, 9.0) as usize;
    format!("{:.decimals$}", mark.value)
}

/// The tick label of a logarithm of 1, 2 or 5 times a power of ten.
fn power_label(log: f64) -> String {
    let value = 10_f64.powf(log);
    let decimals = (-value.log10().floor()).clamp(0.0, 9.0) as usize;
    format!("{value:.decimals$}")
}

/// The marks to ask for on a y axis of this height: egui leaves out the labels of closer ones. From 2.5 on, [`marks`]
/// gives at least one.
fn most_marks(height: f32) -> f64 {
    f64::from(height / LABEL_HEIGHT).clamp(2.5, 5.0)
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

/// The logarithms of 1, 2 and 5 times powers of ten within the bounds; only of the powers if there are many.
fn log_marks((low, high): (f64, f64)) -> Vec<GridMark> {
    let powers = low.floor() as i64..=high.floor() as i64;
    let factors: &[f64] = if high - low > 2.0 {
        &[1.0]
    } else {
        &[1.0, 2.0, 5.0]
    };
    powers
        .flat_map(|power| factors.iter().map(move |f| power as f64 + f.log10()))
        .filter(|value| (low..=high).contains(value))
        .map(|value| GridMark {
            value,
            // One step for all: no mark is finer than another.
            step_size: 1.0,
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

    #[test]
    fn every_axis_has_a_label() {
        // The height of a line of small type, in points. egui leaves out labels that are closer.
        const LINE: f64 = 16.0;
        for height in [50.0_f32, 60.0, 75.0, 110.0, 300.0] {
            for high in 101..=1000 {
                let bounds = (0.0137, f64::from(high) / 100.0);
                let marks = marks(bounds, most_marks(height), 0.0);
                let points = f64::from(height) / (bounds.1 - bounds.0);
                let is_labeled = |mark: &GridMark| mark.step_size * points >= LINE;
                assert!(
                    marks.iter().any(is_labeled),
                    "{bounds:?} at {height}: {marks:?}"
                );
            }
        }
    }

    #[test]
    fn marks_of_a_logarithm_are_round_numbers() {
        let cases: [((f64, f64), &[&str], &str); 3] = [
            ((-1.1, 0.1), &["0.1", "0.2", "0.5", "1"], "a tenth to one"),
            ((-3.0, 0.0), &["0.001", "0.01", "0.1", "1"], "three powers"),
            ((-1.5, -1.4), &[], "none between"),
        ];
        for (bounds, expected, reason) in cases {
            let marks = log_marks(bounds);
            let texts: Vec<String> = marks.iter().map(|mark| power_label(mark.value)).collect();
            assert_eq!(texts, expected, "{reason}");
        }
    }
}
