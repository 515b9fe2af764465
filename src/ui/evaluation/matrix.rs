//! The confusion matrix as a colored grid, with each digit's recall and precision at its edges.

mod shades;

use egui::{
    Align, Align2, Button, Id, Layout, Pos2, Rect, Response, RichText, Sense, Stroke, StrokeKind,
    Ui, Vec2, WidgetInfo, accesskit::Role, epaint::TextShape, pos2, vec2,
};

use self::shades::Shades;
use crate::{
    app::{
        action::Action,
        state::evaluation::{CellUnit, EvaluationAction, Measured, Measuring},
    },
    bitmap::Digit,
    evaluation::{Selection, classes::ClassMetrics},
    format,
    ui::theme::{self, Palette},
    worker::file_tasks::FilePurpose,
};

/// The height of a cell for its width.
pub(super) const CELL_ASPECT: f32 = 0.94;
/// What is beside and above the cells, in points.
pub(super) const BESIDE: Vec2 = vec2(LEFT + RIGHT, HEADING + TOP + BOTTOM);
/// The name of the matrix and the switch of its unit.
const HEADING: f32 = 40.0;
/// The axis's name and the digits above the cells.
const TOP: f32 = 40.0;
/// The precisions below the cells.
const BOTTOM: f32 = 30.0;
/// The axis's name and the digits before the cells.
const LEFT: f32 = 40.0;
/// The recalls behind the cells.
const RIGHT: f32 = 62.0;

/// What a person needs to know of precision and recall.
const RECALL: &str = "Recall: of the pictures that show the digit, the part that was read as it.";
const PRECISION: &str =
    "Precision: of the pictures that were read as the digit, the part that shows it.";

pub(super) fn matrix_ui(
    ui: &mut Ui,
    measuring: &Measuring,
    measured: &Measured,
    asked: &mut Vec<EvaluationAction>,
    actions: &mut Vec<Action>,
) {
    let whole = ui.available_rect_before_wrap();
    heading_ui(ui, measuring, asked, actions);
    let corner = whole.min + vec2(LEFT, HEADING + TOP);
    let room = whole.max - corner - vec2(RIGHT, BOTTOM);
    let width = (room.x / 10.0)
        .min(room.y / 10.0 / CELL_ASPECT)
        .max(16.0)
        .floor();
    let grid = Grid {
        corner: corner.round(),
        cell: vec2(width, (width * CELL_ASPECT).floor()),
        // Four digits find room in a cell.
        font: (width * 0.36).clamp(9.0, 24.0),
    };
    let confusion = &measured.measurement.figures().evaluation.confusion;
    grid.axes_ui(ui);
    let shades = Shades::of(confusion);
    for truth in Digit::ALL {
        for read in Digit::ALL {
            let cell = Cell {
                truth,
                read,
                count: confusion[truth.index()][read.index()],
                shown: confusion[truth.index()].iter().sum(),
            };
            let selection = Selection::Cell { truth, read };
            let is_selected = measuring.selection == selection;
            let unit = measuring.form.unit;
            if grid
                .cell_ui(ui, &cell, unit, &shades, is_selected)
                .clicked()
            {
                asked.push(EvaluationAction::Select(if is_selected {
                    Selection::Misclassified
                } else {
                    selection
                }));
            }
        }
    }
    for digit in Digit::ALL {
        let figures = &measured.measurement.figures().classes[digit.index()];
        grid.edges_ui(ui, digit, figures);
    }
}

fn heading_ui(
    ui: &mut Ui,
    measuring: &Measuring,
    asked: &mut Vec<EvaluationAction>,
    actions: &mut Vec<Action>,
) {
    ui.horizontal(|ui| {
        let help = "How often each digit was read as each. On the diagonal it was read rightly. Click \
                    a cell to see its pictures.";
        ui.label(RichText::new("Confusion matrix").font(theme::strong(theme::BODY)))
            .on_hover_text(help);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let help = "Saves the counts, recalls and precisions as a table (CSV).";
            let save = ui.button("Save…").on_hover_text(help);
            save.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Save table…"));
            if save.clicked() {
                actions.push(Action::AskPath(FilePurpose::SaveConfusion));
            }
            theme::quiet_selection(ui);
            ui.spacing_mut().item_spacing.x = 2.0;
            let units = [
                (CellUnit::Rates, "Rates", "In percent of each row."),
                (CellUnit::Counts, "Counts", "How many pictures."),
            ];
            for (unit, name, help) in units {
                let selected = measuring.form.unit == unit;
                let button = ui.add(Button::selectable(selected, name));
                if button.on_hover_text(help).clicked() && !selected {
                    let mut form = measuring.form.clone();
                    form.unit = unit;
                    asked.push(EvaluationAction::Changed(form));
                }
            }
        });
    });
}

/// A cell's figures.
struct Cell {
    truth: Digit,
    read: Digit,
    count: usize,
    /// How many pictures show the truth.
    shown: usize,
}

impl Cell {
    fn rate(&self) -> f64 {
        self.count as f64 / self.shown.max(1) as f64
    }

    fn text(&self, unit: CellUnit) -> String {
        match (self.count, unit) {
            // Most cells are empty, and those that are not stand out.
            (0, _) => String::new(),
            (count, CellUnit::Counts) => count.to_string(),
            (_, CellUnit::Rates) => tenths(self.rate()),
        }
    }
}

/// Where the cells are.
struct Grid {
    corner: Pos2,
    cell: Vec2,
    font: f32,
}

impl Grid {
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
            "Read as",
            small.clone(),
            palette.weak,
        );
        let galley = painter.layout_no_wrap("Shown".to_owned(), small.clone(), palette.weak);
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
        cell: &Cell,
        unit: CellUnit,
        shades: &Shades,
        is_selected: bool,
    ) -> Response {
        let palette = Palette::of(ui.style());
        let Cell {
            truth,
            read,
            count,
            shown,
        } = *cell;
        let place = self.rect(f32::from(read.value()), f32::from(truth.value()));
        let id = Id::unique(("confusion", truth.value(), read.value()));
        let response = ui.interact(place, id, Sense::click());
        let rate = format::percent(cell.rate(), 1);
        response.widget_info(|| {
            let name = format!("{truth} read as {read}");
            let mut info = WidgetInfo::selected(Role::Button, true, is_selected, name);
            info.current_text_value = Some(format!("{count} of {shown}, {rate}"));
            info
        });
        let rect = place.shrink(1.0);
        let [fill, text] = shades.colors(cell.rate(), truth == read, palette);
        let radius = (self.cell.x / 9.0).min(6.0);
        ui.painter().rect_filled(rect, radius, fill);
        let font = if truth == read {
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
        if response.gained_focus() {
            response.scroll_to_me(None);
        }
        response.on_hover_ui(|ui| {
            let verb = if count == 1 { "was" } else { "were" };
            ui.label(format!(
                "{} of {} pictures of a {truth} {verb} read as a {read}: {rate}.",
                format::count(count),
                format::count(shown)
            ));
        })
    }

    /// A digit's recall behind its row and its precision below its column.
    fn edges_ui(&self, ui: &Ui, digit: Digit, figures: &ClassMetrics) {
        let place = f32::from(digit.value());
        let below = self.rect(place, 10.0);
        let row = self.rect(10.0, place);
        let places = [
            (
                "Recall",
                RECALL,
                figures.recall,
                Rect::from_min_size(row.min + vec2(8.0, 0.0), vec2(RIGHT - 8.0, row.height())),
                Align2::LEFT_CENTER,
                " %",
                self.font.clamp(theme::SMALL, 18.0),
            ),
            (
                "Precision",
                PRECISION,
                figures.precision,
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

/// A part in percent, with one digit behind the point unless it is all; what is not all is not
/// rounded to it.
fn tenths(part: f64) -> String {
    match part * 100.0 {
        whole if whole >= 100.0 => "100".to_owned(),
        percent => format!("{:.1}", percent.min(99.9)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(truth: usize, read: usize, count: usize, shown: usize) -> Cell {
        Cell {
            truth: Digit::ALL[truth],
            read: Digit::ALL[read],
            count,
            shown,
        }
    }

    #[test]
    fn cells_say_counts_or_rates() {
        let cases = [
            (cell(4, 9, 0, 982), "", "", "nothing stands out"),
            (cell(4, 9, 12, 982), "12", "1.2", "some"),
            (cell(4, 4, 982, 982), "982", "100", "all"),
            (cell(4, 4, 9999, 10_000), "9999", "99.9", "nearly all"),
            (cell(4, 4, 9989, 10_000), "9989", "99.9", "less than all"),
            (cell(4, 9, 1, 10_000), "1", "0.0", "one of many"),
        ];
        for (cell, counts, rates, reason) in cases {
            assert_eq!(cell.text(CellUnit::Counts), counts, "{reason}");
            assert_eq!(cell.text(CellUnit::Rates), rates, "{reason}");
        }
    }

    #[test]
    fn parts_are_not_rounded_to_all() {
        for (part, text) in [(1.0, "100"), (0.9999, "99.9"), (0.5, "50.0"), (0.0, "0.0")] {
            assert_eq!(tenths(part), text, "of {part}");
        }
    }
}
