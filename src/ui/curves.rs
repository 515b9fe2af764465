//! Plots of loss, accuracy and learning rate over the epochs of a run, and of other runs beside it.

pub(super) mod image;
mod plot;

use std::{iter, ops::RangeInclusive};

use egui::{Color32, RichText, Sense, Stroke, Ui, WidgetInfo, accesskit::Role, pos2, vec2};
use egui_plot::LineStyle;

use self::plot::{Curve, PlotSpec};
use super::{
    theme::{self, Palette},
    widgets::text_row,
};
use crate::{
    app::state::runs::ShownRun,
    format,
    training::{EpochRecord, diagnostics::Hint},
};

/// The height of a plot's title, legend and gap, in points.
pub(super) const DECORATION_HEIGHT: f32 = 60.0;
/// The shortest x axis in batches.
const FIRST_BATCHES: usize = 5;

/// How the curves are shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PlotOptions {
    pub(super) is_logarithmic: bool,
    pub(super) shows_rate: bool,
    /// Whether the plots are large enough for titles of the axes.
    pub(super) has_titles: bool,
}

/// The unit of the x axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AxisUnit {
    /// Before the first epoch ends, and for a fine-tuning, which has no epochs.
    Batch,
    Epoch,
}

impl AxisUnit {
    fn name(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Epoch => "epoch",
        }
    }
}

/// The run of the plots, and other runs beside it.
pub(super) struct Curves<'a> {
    run: ShownRun<'a>,
    /// A run with all its curves.
    compared: Option<ShownRun<'a>>,
    /// Runs with one curve each, as far as there are colors.
    others: Vec<ShownRun<'a>>,
}

impl<'a> Curves<'a> {
    /// The curves of a run.
    pub(super) fn of(run: ShownRun<'a>) -> Self {
        Self::beside(run, None, Vec::new())
    }

    /// The curves of a run, beside those of other runs.
    pub(super) fn beside(
        run: ShownRun<'a>,
        compared: Option<ShownRun<'a>>,
        others: Vec<ShownRun<'a>>,
    ) -> Self {
        Self {
            run,
            compared,
            others,
        }
    }

    /// Whether there is no value to plot.
    pub(super) fn is_empty(&self) -> bool {
        match self.unit() {
            AxisUnit::Batch => self.run.batches.len() < 2,
            AxisUnit::Epoch => false,
        }
    }

    /// Batches if no run has epochs, neither this one nor the one compared with it.
    fn unit(&self) -> AxisUnit {
        let mut runs = iter::once(&self.run).chain(&self.compared);
        let has_epochs = |run: &ShownRun<'_>| match run.history.len() {
            0 => false,
            1 => run.kind.preset().is_some(),
            _ => true,
        };
        if runs.any(has_epochs) {
            AxisUnit::Epoch
        } else {
            AxisUnit::Batch
        }
    }

    /// The end of the x axis: what the run, and the one compared with it, trained so far.
    fn end(&self) -> f64 {
        let runs = iter::once(&self.run).chain(&self.compared);
        match self.unit() {
            AxisUnit::Batch => {
                let last = runs.filter_map(|run| Some(run.batches.last()?.batch));
                // The first points of slow motion do not rescale the axis.
                last.max().unwrap_or_default().max(FIRST_BATCHES) as f64
            }
            AxisUnit::Epoch => {
                let epochs = |run: &ShownRun<'_>| {
                    let last = run.history.last().map_or(0, |record| record.epoch) as f64;
                    let trained = run.batches.last().map(|point| run.epochs_at(point));
                    trained.map_or(last, |trained| trained.max(last))
                };
                runs.map(epochs).fold(1.0, f64::max)
            }
        }
    }

    /// The epochs of overfitting, if they show in this metric. The validation loss decides; the accuracy need not fall.
    fn overfitting(&self, metric: &Metric) -> Option<RangeInclusive<f64>> {
        let hints = self.run.hints();
        let mut best = hints.iter().filter_map(|hint| match hint {
            Hint::Overfitting { best_epoch, .. } => Some(*best_epoch),
            _ => None,
        });
        let best = best.next()?;
        let last = self.run.history.last()?;
        let at_best = self.run.history.iter().find(|it| it.epoch == best)?;
        let is_shown = match metric.kind {
            MetricKind::Loss => true,
            MetricKind::Accuracy => last.validation_accuracy < at_best.validation_accuracy,
            MetricKind::Rate => false,
        };
        is_shown.then_some(best as f64..=last.epoch as f64)
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
fn legend_ui(ui: &mut Ui, curve: &Curve, text: &str) {
    const LINE: f32 = 18.0;
    const GAP: f32 = 4.0;
    let color = ui.visuals().text_color();
    let font = theme::font(theme::SMALL);
    let galley = ui.painter().layout_no_wrap(text.to_owned(), font, color);
    // Of a known size, so that a row wraps before it.
    let size = vec2(LINE + GAP + galley.size().x, galley.size().y);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    let dashes = if curve.style == LineStyle::Solid {
        1
    } else {
        3_u8
    };
    let piece = LINE / f32::from(dashes);
    for dash in 0..dashes {
        let left = rect.left() + piece * f32::from(dash);
        let right = left + if dashes > 1 { piece - 2.5 } else { piece };
        let ends = [pos2(left, rect.center().y), pos2(right, rect.center().y)];
        let stroke = Stroke::new(curve.width, curve.color);
        ui.painter().line_segment(ends, stroke);
    }
    let place = rect.min + vec2(LINE + GAP, 0.0);
    ui.painter().galley(place, galley, color);
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
        let best = curves.run.best_epoch();
        let best = best.filter(|_| metric.kind == MetricKind::Loss && curves.run.history.len() > 1);
        let says = epoch_text(curves, metric, best);
        text_row(ui, 18.0, |ui| {
            ui.label(RichText::new(metric.name).font(theme::strong(theme::BODY)))
                .on_hover_text(metric.help);
            ui.label(RichText::new(&says).small().weak())
                .on_hover_text("The ring marks the epoch with the lowest validation loss.");
        });
        let drawn = curves_of(curves, metric, options, Palette::of(ui.style()));
        let entries: Vec<String> = drawn
            .iter()
            .map(|curve| {
                let last = curve.points.last().map_or(f64::NAN, |point| point[1]);
                format!("{} {}", curve.name, (metric.format)(last))
            })
            .collect();
        text_row(ui, 16.0, |ui| {
            for (curve, text) in drawn.iter().zip(&entries) {
                legend_ui(ui, curve, text);
            }
        });
        let spec = PlotSpec {
            name: metric.name,
            unit: curves.unit().name(),
            end: curves.end(),
            height,
            has_titles: options.has_titles,
            is_logarithmic: options.is_logarithmic && metric.kind == MetricKind::Loss,
            shows_zero: metric.kind == MetricKind::Rate,
            format: metric.format,
            marked: best.and_then(|record| Some([record.epoch as f64, record.validation_loss?])),
            shaded: curves.overfitting(metric),
        };
        let response = spec.ui(ui, drawn);
        let text = [entries, vec![says]].concat().join(", ");
        response.widget_info(|| {
            let label = format!("{} curves", metric.name);
            let mut info = WidgetInfo::labeled(Role::Figure, true, label);
            info.current_text_value = Some(text.clone());
            info
        });
    });
}

/// "lowest validation loss in epoch 7, 10 answers", or the number of batches.
fn epoch_text(curves: &Curves<'_>, metric: &Metric, best: Option<&EpochRecord>) -> String {
    let run = &curves.run;
    if metric.kind == MetricKind::Rate {
        return String::new();
    }
    if curves.unit() == AxisUnit::Batch {
        let batches = run.batches.last().map_or(0, |point| point.batch);
        return format!("after {} batches", format::count(batches));
    }
    let answering = run.model_epoch().map(|record| record.epoch);
    match (best.map(|best| best.epoch), answering) {
        (Some(best), Some(answering)) if best == answering => {
            format!("lowest validation loss in epoch {best}, which answers")
        }
        (Some(best), Some(answering)) => {
            format!("lowest validation loss in epoch {best}, {answering} answers")
        }
        (Some(best), None) => format!("lowest validation loss in epoch {best}"),
        (None, Some(answering)) => format!("epoch {answering} answers"),
        (None, None) => String::new(),
    }
}

/// All curves of a plot that have points, those of the run first.
fn curves_of(
    curves: &Curves<'_>,
    metric: &Metric,
    options: PlotOptions,
    palette: &Palette,
) -> Vec<Curve> {
    let run = &curves.run;
    let unit = curves.unit();
    let has_others = curves.compared.is_some() || !curves.others.is_empty();
    let name = |run: &ShownRun<'_>, curve: &str| {
        if has_others {
            format!("{} {curve}", run.name)
        } else {
            curve.to_owned()
        }
    };
    let training = |run: &ShownRun<'_>, color| Curve {
        name: name(run, "training"),
        color,
        style: LineStyle::Solid,
        width: 2.5,
        dots: true,
        is_fitted: true,
        points: epochs_of(run, unit, metric.training),
    };
    let validation = |run: &ShownRun<'_>, color| Curve {
        name: name(run, "validation"),
        style: LineStyle::dashed_dense(),
        points: epochs_of(run, unit, metric.validation),
        ..training(run, color)
    };
    let is_rate = metric.kind == MetricKind::Rate;
    let own = if is_rate {
        vec![Curve {
            name: name(run, "learning rate"),
            ..training(run, palette.accent)
        }]
    } else {
        let colors = [palette.accent, palette.second];
        vec![training(run, colors[0]), validation(run, colors[1])]
    };
    let epochs: Vec<[f64; 2]> = own.iter().flat_map(|curve| curve.points.clone()).collect();
    // A small plot has no room for its name beside the curves of the epochs.
    let shows_batches = options.has_titles || is_rate || epochs.is_empty();
    let batches = |run: &ShownRun<'_>, color: Color32| Curve {
        name: name(run, "batches"),
        color: color.gamma_multiply(if epochs.is_empty() { 1.0 } else { 0.5 }),
        width: if epochs.is_empty() { 2.0 } else { 1.2 },
        dots: false,
        points: batches_of(run, unit, metric, &epochs),
        ..training(run, color)
    };
    let mut all = own;
    all.extend(shows_batches.then(|| batches(run, palette.accent)));
    let others = curves.compared.iter().map(|run| (run, true));
    let others = others.chain(curves.others.iter().map(|run| (run, false)));
    for ((other, is_compared), color) in others.zip(palette.others) {
        let mut of_other = vec![validation(other, color)];
        if is_compared || of_other[0].points.is_empty() {
            of_other.insert(0, training(other, color));
        }
        if unit == AxisUnit::Batch {
            of_other = vec![batches(other, color)];
        }
        let thin = |curve: Curve| Curve {
            width: if is_compared { 2.0 } else { 1.5 },
            // The run to compare with is chosen; another one may lie outside.
            is_fitted: is_compared,
            ..curve
        };
        all.extend(of_other.into_iter().filter(|_| !is_rate).map(thin));
    }
    all.retain(|curve| !curve.points.is_empty());
    all
}

/// The values of the epochs; none where the x axis counts batches.
fn epochs_of(
    run: &ShownRun<'_>,
    unit: AxisUnit,
    value: fn(&EpochRecord) -> Option<f64>,
) -> Vec<[f64; 2]> {
    let point = |record: &EpochRecord| Some([record.epoch as f64, value(record)?]);
    let records = run.history.iter().filter(|_| unit == AxisUnit::Epoch);
    records.filter_map(point).collect()
}

/// The values of the batches. Once an epoch has finished, leaves out values far beyond those of the epochs: the
/// first batches would otherwise flatten all other curves.
fn batches_of(
    run: &ShownRun<'_>,
    unit: AxisUnit,
    metric: &Metric,
    epochs: &[[f64; 2]],
) -> Vec<[f64; 2]> {
    let values = || epochs.iter().map(|point| point[1]);
    let highest = values().fold(f64::NEG_INFINITY, f64::max);
    let lowest = values().fold(f64::INFINITY, f64::min);
    let is_in_range = |value: f64| match metric.kind {
        _ if epochs.is_empty() => true,
        MetricKind::Loss => value <= highest * 1.25,
        MetricKind::Accuracy => value >= lowest - (100.0 - lowest) * 0.25,
        MetricKind::Rate => true,
    };
    let points = run.batches.iter();
    points
        .map(|point| {
            let x = match unit {
                AxisUnit::Batch => point.batch as f64,
                AxisUnit::Epoch => run.epochs_at(point),
            };
            let value = match metric.kind {
                MetricKind::Loss => point.loss,
                MetricKind::Accuracy => point.accuracy * 100.0,
                MetricKind::Rate => point.learning_rate,
            };
            [x, value]
        })
        .filter(|point| is_in_range(point[1]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        app::state::runs::{RunKind, RunRecord},
        training::{BatchPoint, config::TrainingConfig},
    };

    /// A run of 10 planned epochs with this many batches, of which the last ends after `trained` epochs, and with these
    /// validation losses and accuracies of epochs.
    fn run(batches: usize, trained: f64, epochs: &[(f64, f64)]) -> RunRecord {
        let example = RunRecord::example(1, "Run 1");
        let point = |batch: usize| BatchPoint {
            batch,
            done: trained / 10.0 * batch as f64 / batches as f64,
            ..example.batches[0]
        };
        let record = |(index, &(loss, accuracy)): (usize, &(f64, f64))| EpochRecord {
            epoch: index + 1,
            loss: 0.3 / (index + 1) as f64,
            validation_loss: Some(loss),
            validation_accuracy: Some(accuracy),
            ..example.history[0]
        };
        RunRecord {
            config: TrainingConfig {
                epochs: 10,
                ..TrainingConfig::default()
            },
            batches: (1..=batches).map(point).collect(),
            history: epochs.iter().enumerate().map(record).collect(),
            ..example
        }
    }

    #[test]
    fn the_x_axis_fits_what_is_trained_so_far() {
        use AxisUnit::{Batch, Epoch};
        let epoch = (0.2, 0.9);
        let cases = [
            (run(2, 0.01, &[]), (Batch, 5.0), "the first batches"),
            (run(40, 0.2, &[]), (Batch, 40.0), "within the first epoch"),
            (run(40, 1.0, &[epoch]), (Epoch, 1.0), "after it"),
            (run(90, 2.25, &[epoch; 2]), (Epoch, 2.25), "later"),
            (run(0, 0.0, &[epoch; 3]), (Epoch, 3.0), "without batches"),
        ];
        for (run, (unit, end), reason) in cases {
            let curves = Curves::of(ShownRun::of(&run));
            assert_eq!(curves.unit(), unit, "{reason}");
            // Rounding errors of a few multiplications.
            assert!(
                (curves.end() - end).abs() < 1e-9,
                "{reason}: {}",
                curves.end()
            );
        }
        let fine_tuning = RunRecord {
            kind: RunKind::FineTuning("Built-in".to_owned()),
            ..run(60, 3.0, &[epoch])
        };
        let curves = Curves::of(ShownRun::of(&fine_tuning));
        assert_eq!(curves.unit(), Batch, "a fine-tuning has no epochs");
        let trained = run(0, 0.0, &[epoch; 3]);
        let curves = Curves::beside(
            ShownRun::of(&fine_tuning),
            Some(ShownRun::of(&trained)),
            Vec::new(),
        );
        assert_eq!(curves.unit(), Epoch, "beside a run that has");
        let (short, long) = (run(0, 0.0, &[epoch; 3]), run(0, 0.0, &[epoch; 8]));
        let curves = Curves::beside(ShownRun::of(&short), Some(ShownRun::of(&long)), Vec::new());
        assert!(
            (curves.end() - 8.0).abs() < 1e-9,
            "the compared run fits, too"
        );
    }

    #[test]
    fn overfitting_shows_in_the_accuracy_only_if_that_falls() {
        let losses = [0.4, 0.3, 0.4, 0.5, 0.6];
        for (last, is_shown) in [(0.95, false), (0.85, true)] {
            let accuracies = [0.88, 0.9, 0.9, 0.9, last];
            let epochs: Vec<_> = losses.into_iter().zip(accuracies).collect();
            let run = run(0, 0.0, &epochs);
            let curves = Curves::of(ShownRun::of(&run));
            let band = Some(2.0..=5.0);
            assert_eq!(curves.overfitting(&LOSS), band, "after the lowest loss");
            let in_accuracy = band.filter(|_| is_shown);
            assert_eq!(curves.overfitting(&ACCURACY), in_accuracy, "at {last}");
        }
    }

    #[test]
    fn every_line_names_its_run_and_its_kind() {
        let epochs = [(0.4, 0.8), (0.3, 0.9)];
        let of = |name: &str| RunRecord {
            name: name.to_owned(),
            ..run(4, 2.0, &epochs)
        };
        let [one, two, three] = ["One", "Two", "Three"].map(of);
        let [one, two, three] = [&one, &two, &three].map(ShownRun::of);
        let palette = Palette::of(&egui::Theme::Light.default_style());
        let names = |curves: &Curves<'_>, has_titles: bool| {
            let options = PlotOptions {
                has_titles,
                ..PlotOptions::default()
            };
            let all = curves_of(curves, &LOSS, options, palette);
            all.into_iter().map(|curve| curve.name).collect::<Vec<_>>()
        };
        let alone = Curves::of(one);
        assert_eq!(names(&alone, false), ["training", "validation"], "small");
        let large = ["training", "validation", "batches"];
        assert_eq!(names(&alone, true), large, "large");
        let beside = Curves::beside(one, Some(two), vec![three]);
        let expected = [
            "One training",
            "One validation",
            "One batches",
            "Two training",
            "Two validation",
            "Three validation",
        ];
        assert_eq!(names(&beside, true), expected, "beside others");
    }
}
