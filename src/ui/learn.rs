//! The place *Learn*: large curves of a run, other runs beside them, and the comparison of two runs.

use std::f32::consts::FRAC_PI_2;

use egui::{
    Align2, Button, ComboBox, Grid, Rangef, Rect, RichText, ScrollArea, Sense, Ui, Vec2,
    WidgetInfo, accesskit::Role, containers::menu::MenuButton, epaint::TextShape, vec2,
};

use super::{
    curves::{self, ACCURACY, Curves, LOSS, Metric, PlotOptions, RATE, image::ImageExport},
    focus,
    roving::RovingFocus,
    runs::{accuracy_text, settings},
    theme::{self, Palette},
    widgets::{note, option_ui, quiet_selection, text_row},
};
use crate::{
    app::{
        action::Action,
        state::{
            State,
            runs::{RunAction, ShownRun},
        },
    },
    bitmap::CLASSES,
    format,
    worker::file_tasks::FilePurpose,
};

/// The smallest height of a plot, in points.
const MIN_HEIGHT: f32 = 300.0;
/// The width from which loss and accuracy are beside each other, in points.
const MIN_WIDTH_BESIDE: f32 = 900.0;
/// The smallest and the largest side of a confusion matrix, in points.
const MATRIX_SIDES: Rangef = Rangef {
    min: 220.0,
    max: 480.0,
};
/// The room for the name of a matrix's axis, in points.
const AXIS_NAME: f32 = 18.0;

/// The state of the place between frames.
#[derive(Debug, Default)]
pub(super) struct LearnView {
    options: PlotOptions,
    shows_all: bool,
    /// The run that is compared with the shown one.
    compared: Option<u64>,
    export: Option<ImageExport>,
}

/// Draws the place.
pub(super) fn learn_ui(
    ui: &mut Ui,
    state: &State,
    view: &mut LearnView,
    actions: &mut Vec<Action>,
) {
    let Some(run) = state.learn_run() else {
        empty_ui(ui);
        return;
    };
    view.options.has_titles = true;
    let id = run.record.map(|record| record.id);
    view.compared = view.compared.filter(|&other| Some(other) != id);
    let compared = view.compared.and_then(|id| state.runs.of(id));
    let compared = compared.map(|run| state.run_of(&run.record));
    head_ui(ui, state, run, compared, view, actions);
    let others = state.runs.list().iter();
    let others = others.map(|run| state.run_of(&run.record));
    let is_other = |other: &ShownRun<'_>| {
        let other = other.record.map(|record| record.id);
        other != id && other != view.compared && view.shows_all
    };
    let others = others.filter(is_other).collect();
    let curves = Curves::beside(run, compared, others);
    let mut metrics = vec![&LOSS, &ACCURACY];
    metrics.extend(view.options.shows_rate.then_some(&RATE));
    let height = ui.available_height();
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        if curves.is_empty() {
            ui.label("No curves yet.");
        } else {
            if compared.is_some_and(|compared| compared.config.loss != run.config.loss) {
                note(
                    ui,
                    "The two runs minimize different losses. Only their accuracies compare.",
                );
            }
            plots_ui(ui, &curves, &metrics, view.options, height);
        }
        if let Some(compared) = compared {
            compare_ui(ui, run, compared);
        }
        focus::scroll_to_focus(ui);
    });
    if let Some(mut export) = view.export.take() {
        match export.ui(ui.ctx(), &curves, &metrics, view.options) {
            Some(image) => actions.push(Action::SaveCurvesImage(image)),
            None => view.export = Some(export),
        }
    }
}

fn empty_ui(ui: &mut Ui) {
    let text = "Train a network to see how it learns.";
    ui.centered_and_justified(|ui| {
        ui.label(RichText::new(text).size(theme::HEADING).weak());
    });
}

/// The run, its result, the other runs and the options.
fn head_ui(
    ui: &mut Ui,
    state: &State,
    run: ShownRun<'_>,
    compared: Option<ShownRun<'_>>,
    view: &mut LearnView,
    actions: &mut Vec<Action>,
) {
    let palette = Palette::of(ui.style());
    ui.horizontal_wrapped(|ui| {
        quiet_selection(ui);
        run_ui(ui, state, run, actions);
        compared_ui(ui, state, run, compared, view);
        let mut toggle = |text: &str, help: &str, is_on: &mut bool| {
            let button = Button::selectable(*is_on, text).frame_when_inactive(true);
            if ui.add(button).on_hover_text(help).clicked() {
                *is_on = !*is_on;
            }
        };
        let help = "Shows up to six earlier runs beside this one.";
        toggle("Earlier runs", help, &mut view.shows_all);
        let help = "Shows the loss on a logarithmic scale, which separates small losses.";
        toggle("Logarithmic", help, &mut view.options.is_logarithmic);
        let help = "Shows a plot of the learning rate.";
        toggle("Learning rate", help, &mut view.options.shows_rate);
        MenuButton::new("Export…").ui(ui, |ui| {
            let table = ui.button("Table (CSV)…");
            if table
                .on_hover_text("Saves the values of each epoch.")
                .clicked()
            {
                actions.push(Action::AskPath(FilePurpose::SaveCurves));
            }
            let image = ui.button("Image (PNG)…");
            if image
                .on_hover_text("Saves the plots as an image.")
                .clicked()
            {
                view.export = Some(ImageExport::default());
            }
        });
    });
    text_row(ui, 20.0, |ui| {
        if let Some(record) = run.record {
            let text = RichText::new(accuracy_text(record));
            ui.label(text.font(theme::strong(theme::HEADING)));
        }
        ui.label(RichText::new(run.description()).color(palette.weak));
    });
    let curves = run.curves_text().map(str::to_owned);
    for text in run.hint_texts().into_iter().chain(curves) {
        note(ui, text);
    }
}

/// The choice of the shown run.
fn run_ui(ui: &mut Ui, state: &State, run: ShownRun<'_>, actions: &mut Vec<Action>) {
    let label = ui.label("Run");
    let combo = ComboBox::from_id_salt("shown run").selected_text(run.name);
    let shown = combo.width(140.0).truncate().show_ui(ui, |ui| {
        if let Some(current) = state.current_run() {
            let option = option_ui(ui, run.record.is_none(), current.name);
            if option.clicked() {
                actions.push(Action::Run(RunAction::Show(None)));
            }
        }
        for other in state.runs.list() {
            let record = &other.record;
            let is_shown = run.record.is_some_and(|shown| shown.id == record.id);
            if option_ui(ui, is_shown, &record.name).clicked() {
                actions.push(Action::Run(RunAction::Show(Some(record.id))));
            }
        }
    });
    let help = "Shows the curves of this run.";
    shown.response.labelled_by(label.id).on_hover_text(help);
}

/// The choice of the compared run.
fn compared_ui(
    ui: &mut Ui,
    state: &State,
    run: ShownRun<'_>,
    compared: Option<ShownRun<'_>>,
    view: &mut LearnView,
) {
    let label = ui.label("Compare with");
    let combo = ComboBox::from_id_salt("compared run")
        .selected_text(compared.map_or("none", |compared| compared.name));
    let shown = combo.width(140.0).truncate().show_ui(ui, |ui| {
        if option_ui(ui, view.compared.is_none(), "none").clicked() {
            view.compared = None;
        }
        let shown = run.record.map(|record| record.id);
        for other in state.runs.list() {
            let id = Some(other.record.id);
            if id != shown && option_ui(ui, view.compared == id, &other.record.name).clicked() {
                view.compared = id;
            }
        }
    });
    let help = "Compares curves, settings and results of two runs.";
    shown.response.labelled_by(label.id).on_hover_text(help);
}

/// Loss and accuracy, beside each other where there is room, as high as the window allows.
fn plots_ui(
    ui: &mut Ui,
    curves: &Curves<'_>,
    metrics: &[&Metric],
    options: PlotOptions,
    height: f32,
) {
    let height = (height - curves::DECORATION_HEIGHT - theme::GAP).max(MIN_HEIGHT);
    if ui.available_width() < MIN_WIDTH_BESIDE {
        for metric in metrics {
            curves::metric_ui(ui, curves, metric, options, MIN_HEIGHT);
            ui.add_space(theme::GAP);
        }
        return;
    }
    let count = metrics.len();
    ui.columns(count, |columns| {
        for (ui, metric) in columns.iter_mut().zip(metrics) {
            curves::metric_ui(ui, curves, metric, options, height);
        }
    });
}

/// The results of two runs, the settings that differ, and the confusion matrices.
fn compare_ui(ui: &mut Ui, run: ShownRun<'_>, compared: ShownRun<'_>) {
    ui.add_space(theme::GAP);
    let title = format!("{} and {}", run.name, compared.name);
    ui.label(RichText::new(title).font(theme::strong(theme::BODY)));
    let runs = [run, compared];
    Grid::new("comparison")
        .num_columns(3)
        .striped(true)
        .min_row_height(18.0)
        .spacing([theme::MARGIN, 4.0])
        .show(ui, |ui| {
            ui.spacing_mut().interact_size.y = 18.0;
            let rows = comparison(run, compared);
            let id = ui.scope_id().with("rows");
            let mut focus = RovingFocus::of(ui, id, 1, rows.len(), None);
            for (index, [name, a, b]) in rows.into_iter().enumerate() {
                let label = format!("{name}: {a}, {b}");
                let place = ui.label(RichText::new(name).small().weak()).rect;
                let place = place.union(ui.label(RichText::new(a).small()).rect);
                let place = place.union(ui.label(RichText::new(b).small()).rect);
                let row = focus.interact(ui, index, place, Sense::hover());
                row.widget_info(|| WidgetInfo::labeled(Role::Row, true, &label));
                ui.end_row();
            }
        });
    ui.add_space(theme::GAP);
    let matrices: Vec<_> = runs
        .iter()
        .filter_map(|run| Some((run.name, run.record?.confusion.as_ref()?)))
        .collect();
    let all = matrices.iter().flat_map(|(_, confusion)| errors(confusion));
    let Some(most) = all.max() else { return };
    let text = "Errors on the test set, in one color scale";
    ui.label(RichText::new(text).font(theme::strong(theme::BODY)));
    let half = (ui.available_width() - theme::MARGIN) / 2.0;
    let side = half.clamp(MATRIX_SIDES.min, MATRIX_SIDES.max);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::MARGIN;
        for (name, confusion) in matrices {
            matrix_ui(ui, name, confusion, most.max(1), side);
        }
    });
}

/// The rows of the comparison: the results, and the settings that differ.
fn comparison(run: ShownRun<'_>, compared: ShownRun<'_>) -> Vec<[String; 3]> {
    let runs = [run, compared];
    let percent = |accuracy| format::percent_or_dash(accuracy, 2);
    let [names, tests, validations, times] = [
        runs.map(|run| run.name.to_owned()),
        runs.map(|run| percent(run.record.and_then(|record| record.test_accuracy))),
        runs.map(|run| percent(run.record.and_then(|record| record.validation_accuracy))),
        runs.map(|run| {
            let secs = run.history.iter().map(|record| record.elapsed_secs).sum();
            format::duration(secs)
        }),
    ];
    let mut rows = vec![
        ("Run", names),
        ("Test accuracy", tests),
        ("Validation accuracy", validations),
        ("Duration", times),
    ];
    let [a, b] = runs.map(|run| settings(run.kind, run.config));
    let labels = a.iter().chain(&b).map(|(label, _)| *label);
    let mut seen = Vec::new();
    for label in labels {
        let value = |settings: &[(&str, String)]| {
            let found = settings.iter().find(|(other, _)| *other == label);
            found.map_or_else(|| "–".to_owned(), |(_, value)| value.clone())
        };
        let values = [value(&a), value(&b)];
        if values[0] != values[1] && !seen.contains(&label) {
            seen.push(label);
            rows.push((label, values));
        }
    }
    rows.into_iter()
        .map(|(name, [a, b])| [name.to_owned(), a, b])
        .collect()
}

/// The number of images of an error: an image beside the diagonal.
fn errors(confusion: &[[usize; CLASSES]; CLASSES]) -> impl Iterator<Item = usize> {
    let rows = confusion.iter().enumerate();
    rows.flat_map(|(truth, row)| {
        let cells = row.iter().enumerate();
        cells.filter_map(move |(predicted, &count)| (truth != predicted).then_some(count))
    })
}

/// A small confusion matrix: the stronger a cell, the more test images of its row are read as its column. A cell of
/// `most` errors has the full color.
fn matrix_ui(
    ui: &mut Ui,
    name: &str,
    confusion: &[[usize; CLASSES]; CLASSES],
    most: usize,
    side: f32,
) {
    let palette = Palette::of(ui.style());
    ui.vertical(|ui| {
        ui.label(RichText::new(name).font(theme::strong(theme::BODY)));
        let sense = Sense::focusable_noninteractive();
        let (rect, response) = ui.allocate_exact_size(vec2(side, side), sense);
        let corner = rect.min + Vec2::splat(AXIS_NAME);
        let cell = (side - AXIS_NAME) / (CLASSES + 1) as f32;
        let place = |row: usize, column: usize| {
            let corner = corner + vec2(column as f32, row as f32) * cell;
            Rect::from_min_size(corner, vec2(cell, cell))
        };
        let font = theme::font((cell * 0.5).clamp(theme::SMALL * 0.7, theme::BODY));
        let text = |place: Rect, text: String, color| {
            let align = Align2::CENTER_CENTER;
            ui.painter()
                .text(place.center(), align, text, font.clone(), color);
        };
        let small = theme::font(theme::SMALL);
        let middle = AXIS_NAME + cell + (side - AXIS_NAME - cell) / 2.0;
        let above = rect.min + vec2(middle, 0.0);
        let align = Align2::CENTER_TOP;
        ui.painter()
            .text(above, align, "Predicted", small.clone(), palette.weak);
        let galley = ui
            .painter()
            .layout_no_wrap("True".to_owned(), small, palette.weak);
        let before = rect.min + vec2(0.0, middle + galley.size().x / 2.0);
        let name_of_rows = TextShape::new(before, galley, palette.weak);
        ui.painter().add(name_of_rows.with_angle(-FRAC_PI_2));
        for (digit, row) in confusion.iter().enumerate() {
            text(place(0, digit + 1), digit.to_string(), palette.weak);
            text(place(digit + 1, 0), digit.to_string(), palette.weak);
            for (column, &count) in row.iter().enumerate() {
                let place = place(digit + 1, column + 1);
                let is_error = count > 0 && digit != column;
                let share = if is_error {
                    count as f32 / most as f32
                } else {
                    0.0
                };
                let fill = palette.track.lerp_to_gamma(palette.second, share);
                ui.painter().rect_filled(place.shrink(1.0), 2.0, fill);
                if is_error {
                    text(place, count.to_string(), theme::text_on(fill));
                }
            }
        }
        let total: usize = confusion.iter().flatten().sum();
        let value = format!(
            "{} of {} misclassified",
            format::count(errors(confusion).sum()),
            format::count(total)
        );
        response.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::Figure, true, format!("Confusion of {name}"));
            info.current_text_value = Some(value.clone());
            info
        });
        response.on_hover_text(value);
    });
}
