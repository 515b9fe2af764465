//! The confusion matrix as a colored grid, with recall and precision at its edges.

use egui::{
    Align2, Button, Color32, Id, Pos2, Rect, Response, RichText, Sense, Stroke, StrokeKind, Ui,
    Vec2, WidgetInfo, accesskit::Role, epaint::TextShape, pos2, vec2,
};

use crate::{
    app::{
        action::Action,
        state::evaluation::{CellUnit, CompletedEvaluation, EvaluationAction, EvaluationPanel},
    },
    bitmap::{CLASSES, Digit},
    evaluation::{Metrics, Selection},
    format,
    ui::{
        roving::RovingFocus,
        theme::{self, Palette},
        widgets::{at_right, named, quiet_selection},
    },
    worker::file_tasks::FilePurpose,
};

/// The height of a cell divided by its width.
pub(super) const CELL_ASPECT: f32 = 0.94;
/// The size of everything around the cells, in points.
pub(super) const BESIDE: Vec2 = vec2(LEFT + RIGHT, HEADING + TOP + BOTTOM);
/// The name of the matrix and the unit switch.
const HEADING: f32 = 40.0;
/// The axis name and the digits above the cells.
const TOP: f32 = 40.0;
/// The precisions below the cells.
const BOTTOM: f32 = 30.0;
/// The axis name and the digits left of the cells.
const LEFT: f32 = 40.0;
/// The recalls right of the cells.
const RIGHT: f32 = 62.0;

const RECALL: &str = "Recall: of the images of this digit, the fraction predicted as it.";
const PRECISION: &str =
    "Precision: of the images predicted as this digit, the fraction that is it.";

pub(super) fn matrix_ui(
    ui: &mut Ui,
    panel: &EvaluationPanel,
    completed: &CompletedEvaluation,
    actions: &mut Vec<Action>,
) {
    let whole = ui.available_rect_before_wrap();
    heading_ui(ui, panel, actions);
    let corner = whole.min + vec2(LEFT, HEADING + TOP);
    let room = whole.max - corner - vec2(RIGHT, BOTTOM);
    let width = (room.x / 10.0)
        .min(room.y / 10.0 / CELL_ASPECT)
        .max(16.0)
        .floor();
    let grid = MatrixGrid {
        corner: corner.round(),
        cell: vec2(width, (width * CELL_ASPECT).floor()),
        // A cell has room for four digits.
        font: (width * 0.36).clamp(9.0, 24.0),
    };
    let metrics = completed.evaluation.metrics();
    let confusion = &metrics.confusion;
    grid.axes_ui(ui);
    let shades = Shades::of(confusion);
    let chosen = match panel.selection {
        Selection::Cell { truth, predicted } => Some(truth.index() * CLASSES + predicted.index()),
        Selection::Misclassified => None,
    };
    let id = Id::unique("confusion");
    let mut focus = RovingFocus::of(ui, id, CLASSES, CLASSES * CLASSES, chosen);
    for truth in Digit::ALL {
        for predicted in Digit::ALL {
            let cell = MatrixCell {
                truth,
                predicted,
                count: confusion[truth.index()][predicted.index()],
                row_count: confusion[truth.index()].iter().sum(),
            };
            let selection = Selection::Cell { truth, predicted };
            let is_selected = panel.selection == selection;
            let unit = panel.form.unit;
            let index = truth.index() * CLASSES + predicted.index();
            let place = grid.rect(f32::from(predicted.value()), f32::from(truth.value()));
            let response = focus.interact(ui, index, place, Sense::CLICK);
            if grid
                .cell_ui(ui, response, &cell, unit, &shades, is_selected)
                .clicked()
            {
                let selection = EvaluationAction::Select(if is_selected {
                    Selection::Misclassified
                } else {
                    selection
                });
                actions.push(Action::Evaluation(selection));
            }
        }
    }
    for digit in Digit::ALL {
        grid.edges_ui(ui, digit, metrics);
    }
}

fn heading_ui(ui: &mut Ui, panel: &EvaluationPanel, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        let help = "The number of images by true digit (row) and predicted digit (column). The diagonal is \
                    correct. Click a cell to see its images.";
        ui.label(RichText::new("Confusion matrix").font(theme::strong(theme::BODY)))
            .on_hover_text(help);
        at_right(ui, "units", |ui| {
            quiet_selection(ui);
            ui.spacing_mut().item_spacing.x = 2.0;
            let units = [
                (CellUnit::Counts, "Counts", "The number of images."),
                (CellUnit::Rates, "Rates", "Percent of each row."),
            ];
            for (unit, name, help) in units {
                let selected = panel.form.unit == unit;
                let button = ui.add(Button::selectable(selected, name));
                if button.on_hover_text(help).clicked() && !selected {
                    let mut form = panel.form.clone();
                    form.unit = unit;
                    actions.push(Action::Evaluation(EvaluationAction::Changed(form)));
                }
            }
            ui.add_space(theme::GAP);
            let help = "Saves counts, recalls and precisions as CSV.";
            let save = named(ui.button("Save…"), "Save table…").on_hover_text(help);
            if save.clicked() {
                actions.push(Action::AskPath(FilePurpose::SaveConfusion));
            }
        });
    });
}

struct MatrixCell {
    truth: Digit,
    predicted: Digit,
    count: usize,
    /// The number of images of the true digit.
    row_count: usize,
}

impl MatrixCell {
    fn rate(&self) -> f64 {
        self.count as f64 / self.row_count.max(1) as f64
    }

    fn text(&self, unit: CellUnit) -> String {
        match (self.count, unit) {
            // Empty cells let the others stand out.
            (0, _) => String::new(),
            (count, CellUnit::Counts) => count.to_string(),
            (_, CellUnit::Rates) => tenths(self.rate()),
        }
    }
}

/// The places of the cells.
struct MatrixGrid {
    corner: Pos2,
    cell: Vec2,
    font: f32,
}

impl MatrixGrid {
    fn rect(&self, column: f32, row: f32) -> Rect {
        Rect::from_min_size(self.corner + self.cell * vec2(column, row), self.cell)
    }

    fn axes_ui(&self, ui: &Ui) {
        let palette = Palette::of(ui.style());
        let painter = ui.painter();
        let font = theme::font(self.font.clamp(theme::SMALL, 20.0));
        for digit in Digit::ALL {
            let place = f32::from(digit.value());
            let above = self.rect(place, 0.0).center_top() - vec2(0.0, 4.0);
            let before = self.rect(0.0, place).left_center() - vec2(8.0, 0.0);
            let name = digit.to_string();
            painter.text(
                above,
                Align2::CENTER_BOTTOM,
                &name,
                font.clone(),
                palette.text,
            );
            painter.text(
                before,
                Align2::RIGHT_CENTER,
                &name,
                font.clone(),
                palette.text,
            );
        }
        let size = 10.0 * self.cell;
        let small = theme::font(theme::SMALL);
        let top = pos2(self.corner.x + size.x / 2.0, self.corner.y - TOP + 2.0);
        painter.text(
            top,
            Align2::CENTER_TOP,
            "Predicted",
            small.clone(),
            palette.weak,
        );
        let galley = painter.layout_no_wrap("True".to_owned(), small.clone(), palette.weak);
        let left = pos2(
            self.corner.x - LEFT + 2.0,
            self.corner.y + size.y / 2.0 + galley.size().x / 2.0,
        );
        let upwards = -std::f32::consts::FRAC_PI_2;
        painter.add(TextShape::new(left, galley, palette.weak).with_angle(upwards));
        let right = pos2(self.corner.x + size.x + 8.0, self.corner.y - 4.0);
        painter.text(
            right,
            Align2::LEFT_BOTTOM,
            "Recall",
            small.clone(),
            palette.weak,
        );
        let below = pos2(right.x, self.corner.y + size.y + BOTTOM / 2.0 + 2.0);
        painter.text(below, Align2::LEFT_CENTER, "Precision", small, palette.weak);
    }

    fn cell_ui(
        &self,
        ui: &Ui,
        response: Response,
        cell: &MatrixCell,
        unit: CellUnit,
        shades: &Shades,
        is_selected: bool,
    ) -> Response {
        let palette = Palette::of(ui.style());
        let MatrixCell {
            truth,
            predicted,
            count,
            row_count,
        } = *cell;
        let rate = format::percent(cell.rate(), 1);
        response.widget_info(|| {
            let name = format!("True {truth}, predicted {predicted}");
            let mut info = WidgetInfo::selected(Role::Button, true, is_selected, name);
            info.current_text_value = Some(format!("{count} of {row_count}, {rate}"));
            info
        });
        let rect = response.rect.shrink(1.0);
        let [fill, text] = shades.colors(cell.rate(), truth == predicted, palette);
        let radius = (self.cell.x / 9.0).min(6.0);
        ui.painter().rect_filled(rect, radius, fill);
        let font = if truth == predicted {
            theme::strong(self.font)
        } else {
            theme::font(self.font)
        };
        ui.painter().text(
            rect.center(),
            Align2::CENTER_CENTER,
            cell.text(unit),
            font,
            text,
        );
        if is_selected || response.hovered() || response.has_focus() {
            let width = if is_selected { 2.5 } else { 1.5 };
            let outline = Stroke::new(width, palette.text);
            ui.painter()
                .rect_stroke(rect, radius, outline, StrokeKind::Outside);
        }
        response.on_hover_ui(|ui| {
            ui.label(format!(
                "True {truth}, predicted {predicted}: {} of {} images, {rate}.",
                format::count(count),
                format::count(row_count)
            ));
        })
    }

    /// A digit's recall right of its row and its precision below its column.
    fn edges_ui(&self, ui: &Ui, digit: Digit, metrics: &Metrics) {
        let place = f32::from(digit.value());
        let below = self.rect(place, 10.0);
        let row = self.rect(10.0, place);
        let places = [
            (
                "Recall",
                RECALL,
                metrics.recall[digit.index()],
                Rect::from_min_size(row.min + vec2(8.0, 0.0), vec2(RIGHT - 8.0, row.height())),
                Align2::LEFT_CENTER,
                " %",
                self.font.clamp(theme::SMALL, 18.0),
            ),
            (
                "Precision",
                PRECISION,
                metrics.precision[digit.index()],
                Rect::from_min_size(below.min + vec2(0.0, 2.0), vec2(below.width(), BOTTOM)),
                Align2::CENTER_CENTER,
                "",
                (self.cell.x * 0.34).clamp(9.0, 18.0),
            ),
        ];
        for (name, help, part, rect, align, unit, size) in places {
            let palette = Palette::of(ui.style());
            let text =
                part.map_or_else(|| "–".to_owned(), |part| format!("{}{unit}", tenths(part)));
            let anchor = if align == Align2::LEFT_CENTER {
                rect.left_center()
            } else {
                rect.center()
            };
            ui.painter()
                .text(anchor, align, text, theme::font(size), palette.text);
            let id = Id::unique((name, digit.value()));
            let response = ui.interact(rect, id, Sense::hover());
            response.widget_info(|| {
                let label = format!("{name} of {digit}");
                let mut info = WidgetInfo::labeled(Role::Meter, true, label);
                info.current_text_value = Some(
                    part.map_or_else(|| "none".to_owned(), |part| format!("{} %", tenths(part))),
                );
                info
            });
            response.on_hover_text(help);
        }
    }
}

/// A fraction in percent with one decimal: "100" for all and at most "99.9" for less. A cell has no room for
/// the sign of [`format::percent_number`].
fn tenths(fraction: f64) -> String {
    if fraction >= 1.0 {
        return "100".to_owned();
    }
    let text = format::percent_number(fraction, 1);
    text.trim_start_matches(['<', '>']).to_owned()
}

/// The colors of the cells: one hue on the diagonal and another beside it, where the most frequent error
/// is the strongest.
struct Shades {
    /// The largest rate beside the diagonal.
    worst: f64,
}

impl Shades {
    /// The colors of a confusion matrix.
    fn of(confusion: &[[usize; CLASSES]; CLASSES]) -> Self {
        let mut worst = 0.0_f64;
        for (truth, row) in confusion.iter().enumerate() {
            let total: usize = row.iter().sum();
            for (predicted, &count) in row.iter().enumerate() {
                if truth != predicted {
                    worst = worst.max(count as f64 / total.max(1) as f64);
                }
            }
        }
        Self { worst }
    }

    /// The fill and the text color of a cell with this fraction of its row, 0..=1.
    fn colors(&self, rate: f64, is_correct: bool, palette: &Palette) -> [Color32; 2] {
        if rate == 0.0 {
            return [palette.track, palette.weak];
        }
        let (hue, strength) = if is_correct {
            (palette.accent, 0.2 + 0.8 * rate)
        } else {
            // The root keeps single errors visible beside frequent ones.
            let strength = (rate / self.worst.max(f64::MIN_POSITIVE)).sqrt();
            (palette.second, 0.2 + 0.8 * strength)
        };
        let strength = strength.clamp(0.0, 1.0) as f32;
        let fill = palette.panel.lerp_to_gamma(hue, strength);
        [fill, theme::text_on(fill)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(truth: usize, predicted: usize, count: usize, row_count: usize) -> MatrixCell {
        MatrixCell {
            truth: Digit::ALL[truth],
            predicted: Digit::ALL[predicted],
            count,
            row_count,
        }
    }

    #[test]
    fn cells_show_counts_or_rates() {
        let cases = [
            (cell(4, 9, 0, 982), "", "", "empty"),
            (cell(4, 9, 12, 982), "12", "1.2", "some"),
            (cell(4, 4, 982, 982), "982", "100", "all"),
            (cell(4, 4, 9999, 10_000), "9999", "99.9", "nearly all"),
            (cell(4, 4, 9989, 10_000), "9989", "99.9", "less than all"),
            (cell(4, 9, 1, 10_000), "1", "0.1", "one of many"),
        ];
        for (cell, counts, rates, reason) in cases {
            assert_eq!(cell.text(CellUnit::Counts), counts, "{reason}");
            assert_eq!(cell.text(CellUnit::Rates), rates, "{reason}");
        }
    }

    #[test]
    fn fractions_are_not_rounded_to_all() {
        for (part, text) in [(1.0, "100"), (0.9999, "99.9"), (0.5, "50.0"), (0.0, "0.0")] {
            assert_eq!(tenths(part), text, "of {part}");
        }
    }

    #[test]
    fn text_is_legible_on_every_shade_in_both_themes() {
        for theme in [egui::Theme::Light, egui::Theme::Dark] {
            let palette = Palette::of(&theme.default_style());
            let shades = Shades { worst: 0.1 };
            for count in 1..=1000 {
                for is_correct in [true, false] {
                    let rate = f64::from(count) / 1000.0;
                    let [fill, text] = shades.colors(rate, is_correct, palette);
                    // The guidelines ask for 3 for large text and 4.5 for small text.
                    let found = theme::contrast(fill, text);
                    assert!(found >= 4.0, "{theme:?}, {rate} of {is_correct}: {found}");
                }
            }
        }
    }

    #[test]
    fn the_diagonal_has_another_hue_than_errors() {
        let palette = Palette::of(&egui::Theme::Light.default_style());
        let shades = Shades { worst: 0.5 };
        let [right, _] = shades.colors(0.5, true, palette);
        let [wrong, _] = shades.colors(0.5, false, palette);
        assert!(right.b() > right.r(), "blue: {right:?}");
        assert!(wrong.r() > wrong.b(), "orange: {wrong:?}");
    }

    #[test]
    fn the_most_frequent_error_is_the_strongest() {
        let mut confusion = [[0; CLASSES]; CLASSES];
        confusion[4][4] = 90;
        confusion[4][9] = 8;
        confusion[4][7] = 2;
        let shades = Shades::of(&confusion);
        assert!((shades.worst - 0.08).abs() < 1e-12, "eight of a hundred");
        let palette = Palette::of(&egui::Theme::Dark.default_style());
        let [most, _] = shades.colors(0.08, false, palette);
        assert_eq!(most, palette.second, "full strength");
        let [none, _] = shades.colors(0.0, false, palette);
        assert_eq!(none, palette.track, "an empty cell");
    }
}
