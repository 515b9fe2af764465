//! The pictures of a cell of the confusion matrix, or all that were misclassified, the worst first.

use std::ops::Range;

use egui::{
    Align2, Color32, CornerRadius, FontId, Frame, Margin, Pos2, Rect, Response, RichText,
    ScrollArea, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, accesskit::Role, pos2, vec2,
};

use super::atlas::Atlas;
use crate::{
    app::state::evaluation::{EvaluationAction, Measured, Measuring},
    bitmap::SIDE,
    evaluation::{Reading, Selection},
    format,
    ui::theme::{self, Palette},
};

/// The height of the line below a picture, in points.
const CAPTION: f32 = 18.0;
/// The size of its text, in points.
const CAPTION_FONT: f32 = 12.0;
/// Around a picture, in points.
const LINE: f32 = 1.0;
/// What a caption is wider than its picture, in points.
const WIDER: f32 = 6.0;
/// Between pictures and their captions, in points.
const BETWEEN: Vec2 = vec2(4.0, 8.0);

/// What is on the texture: the number of the test, the selection, and which of its pictures.
type Shown = (u64, Selection, Range<usize>);

/// The gallery's texture.
#[derive(Debug, Default)]
pub(super) struct Gallery {
    atlas: Atlas<Shown>,
}

impl Gallery {
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        measuring: &Measuring,
        measured: &Measured,
        asked: &mut Vec<EvaluationAction>,
    ) {
        let selection = measuring.selection;
        let indices = measured.measurement.indices(selection);
        heading_ui(ui, selection, indices.len(), asked);
        let palette = Palette::of(ui.style());
        let frame = Frame::new()
            .fill(palette.paper)
            .stroke(Stroke::new(1.0, palette.outline))
            .corner_radius(CornerRadius::same(theme::RADIUS))
            .inner_margin(Margin::same(10));
        frame.show(ui, |ui| {
            if indices.is_empty() {
                let text = match selection {
                    Selection::Misclassified => "Not one was misclassified.",
                    Selection::Cell { .. } => "No picture was read so.",
                };
                ui.label(RichText::new(text).color(palette.weak));
                ui.allocate_space(ui.available_size());
                return;
            }
            self.tiles_ui(ui, measuring, measured, indices, asked);
        });
    }

    fn tiles_ui(
        &mut self,
        ui: &mut Ui,
        measuring: &Measuring,
        measured: &Measured,
        indices: &[usize],
        asked: &mut Vec<EvaluationAction>,
    ) {
        let side = tile_side(ui);
        let tile = tile_size(side);
        ui.spacing_mut().item_spacing = BETWEEN;
        // The bar that scrolls has room of its own.
        let room = ui.available_width() - ui.spacing().scroll.bar_width;
        let columns = ((room + BETWEEN.x) / (tile.x + BETWEEN.x)).floor().max(1.0) as usize;
        let area = ScrollArea::vertical()
            .id_salt((measured.number, number_of(measuring.selection)))
            .auto_shrink(false);
        let rows = indices.len().div_ceil(columns);
        area.show_rows(ui, tile.y, rows, |ui, rows| {
            let most = indices
                .len()
                .min((rows.start * columns) + Atlas::<Shown>::CAPACITY);
            let visible = rows.start * columns..most.min(rows.end * columns);
            let key = (measured.number, measuring.selection, visible.clone());
            let seen = &indices[visible];
            let pictures = seen.iter().map(|&index| measured.measurement.bitmap(index));
            self.atlas.show(ui, key, pictures);
            for (row, members) in seen.chunks(columns).enumerate() {
                ui.horizontal(|ui| {
                    for (column, &index) in members.iter().enumerate() {
                        let reading = &measured.measurement.readings()[index];
                        let place = self.atlas.place(row * columns + column);
                        if tile_ui(ui, side, index, reading, place).clicked() {
                            asked.push(EvaluationAction::Show(index));
                        }
                    }
                });
            }
        });
    }
}

/// A number of its own for each selection, so that each keeps the place that it is scrolled to.
fn number_of(selection: Selection) -> usize {
    match selection {
        Selection::Misclassified => 0,
        Selection::Cell { truth, read } => 1 + truth.index() * 10 + read.index(),
    }
}

/// A picture with the line around it and its caption.
fn tile_size(side: f32) -> Vec2 {
    Vec2::splat(side + 2.0 * LINE) + vec2(WIDER, CAPTION)
}

/// A whole number of physical pixels for each of a picture's, in a gallery of this width.
fn tile_side(ui: &Ui) -> f32 {
    let pixels_per_point = ui.pixels_per_point();
    let wanted = (ui.available_width() / 9.0).clamp(56.0, 140.0);
    let scale = (wanted * pixels_per_point / SIDE as f32).round().max(1.0);
    scale * SIDE as f32 / pixels_per_point
}

fn heading_ui(ui: &mut Ui, selection: Selection, count: usize, asked: &mut Vec<EvaluationAction>) {
    let palette = Palette::of(ui.style());
    let (name, order) = match selection {
        Selection::Misclassified => ("Worst errors".to_owned(), "the most wrong first"),
        Selection::Cell { truth, read } if truth == read => {
            (format!("{truth} read as {read}"), "the least sure first")
        }
        Selection::Cell { truth, read } => {
            (format!("{truth} read as {read}"), "the most wrong first")
        }
    };
    ui.horizontal(|ui| {
        ui.label(RichText::new(name).font(theme::strong(theme::BODY)));
        let text = match count {
            0 => "no pictures".to_owned(),
            1 => "1 picture".to_owned(),
            count => format!("{} pictures, {order}", format::count(count)),
        };
        let back = selection != Selection::Misclassified;
        if back {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let help = "Back to all pictures that were misclassified (Esc).";
                if ui.button("All errors").on_hover_text(help).clicked() {
                    asked.push(EvaluationAction::Select(Selection::Misclassified));
                }
                let label = egui::Label::new(RichText::new(text).small().color(palette.weak));
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    ui.add(label.truncate());
                });
            });
        } else {
            let label = egui::Label::new(RichText::new(text).small().color(palette.weak));
            ui.add(label.truncate());
        }
    });
}

/// A picture, what it shows and what it was read as.
fn tile_ui(
    ui: &mut Ui,
    side: f32,
    index: usize,
    reading: &Reading,
    place: Option<(egui::TextureId, Rect)>,
) -> Response {
    let palette = Palette::of(ui.style());
    let (rect, response) = ui.allocate_exact_size(tile_size(side), Sense::click());
    let read = reading.prediction.digit();
    let is_digit = reading.prediction.is_digit();
    let sure = format::percent(f64::from(reading.prediction.confidence()), 0);
    response.widget_info(|| {
        let name = format!("Picture {}: {} read as {read}", index + 1, reading.truth);
        let mut info = WidgetInfo::labeled(Role::Button, true, name);
        let value = if is_digit {
            sure.as_str()
        } else {
            "not a digit"
        };
        info.current_text_value = Some(value.to_owned());
        info
    });
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    let image = Rect::from_min_size(rect.min + Vec2::splat(LINE), Vec2::splat(side));
    if let Some((texture, place)) = place {
        ui.painter().image(texture, image, place, Color32::WHITE);
    }
    let outline = if response.hovered() || response.has_focus() {
        Stroke::new(2.0, palette.accent)
    } else {
        Stroke::new(1.0, palette.outline)
    };
    ui.painter()
        .rect_stroke(image, CornerRadius::ZERO, outline, StrokeKind::Outside);
    let middle = image.bottom() + CAPTION / 2.0 + 1.0;
    labels_ui(ui, pos2(image.left(), middle), reading);
    if is_digit {
        let right = pos2(rect.right(), middle);
        let font = theme::font(CAPTION_FONT);
        ui.painter()
            .text(right, Align2::RIGHT_CENTER, &sure, font, palette.weak);
    }
    response.on_hover_ui(|ui| {
        let [what, figures] = sentences(index, reading);
        ui.label(what);
        ui.label(RichText::new(figures).color(palette.weak));
    })
}

/// What a picture was taken for, and how sure the model was.
fn sentences(index: usize, reading: &Reading) -> [String; 2] {
    let Reading { truth, prediction } = reading;
    let (number, read) = (format::count(index + 1), prediction.digit());
    let taken = if prediction.is_digit() {
        format!("was read as {read}")
    } else {
        format!("was taken for no digit; the nearest is {read}")
    };
    let sure = format::percent(f64::from(prediction.confidence()), 0);
    let share = format::percent(f64::from(reading.truth_probability()), 1);
    let figures = match (prediction.is_digit(), reading.is_right()) {
        (true, true) => format!("It was {sure} sure"),
        (true, false) => format!("It was {sure} sure, and gave the {truth} {share}"),
        (false, true) => format!("Of the digits, the {read} has {sure}"),
        (false, false) => format!("Of the digits, the {read} has {sure}, the {truth} {share}"),
    };
    [
        format!("Picture {number}: a {truth} that {taken}."),
        format!("{figures}. Click to see it with its bars."),
    ]
}

/// What the picture shows, an arrow, and what it was taken for. The typeface has no arrow.
fn labels_ui(ui: &Ui, left: Pos2, reading: &Reading) {
    let palette = Palette::of(ui.style());
    let painter = ui.painter();
    let strong = theme::strong(CAPTION_FONT);
    let text = |x: f32, text: String, font: FontId| {
        let pos = left + vec2(x, 0.0);
        painter.text(pos, Align2::LEFT_CENTER, text, font, palette.text);
    };
    text(0.0, reading.truth.to_string(), strong.clone());
    if reading.prediction.is_digit() {
        text(17.0, reading.prediction.digit().to_string(), strong);
    } else {
        // "Not a digit" is wider than the smallest picture.
        text(17.0, "no digit".to_owned(), theme::font(CAPTION_FONT));
    }
    let [tail, head] = [8.5, 14.5].map(|x| left + vec2(x, 0.5));
    let stroke = Stroke::new(1.0, palette.weak);
    painter.line_segment([tail, head], stroke);
    for side in [-2.5, 2.5] {
        painter.line_segment([head, head + vec2(-2.5, side)], stroke);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        bitmap::{CLASSES, Digit},
        model::calibration::Calibration,
    };

    #[test]
    fn what_was_taken_for_no_digit_is_told_so() {
        let mut logits = [0.0; CLASSES];
        logits[9] = 4.0;
        let cases = [
            (
                9,
                None,
                ["that was read as 9.", "It was 86\u{a0}% sure. Click"],
            ),
            (
                4,
                None,
                [
                    "that was read as 9.",
                    "sure, and gave the 4 1.6\u{a0}%. Click",
                ],
            ),
            (
                9,
                Some(5.0),
                [
                    "was taken for no digit; the nearest is 9.",
                    "Of the digits, the 9 has 86\u{a0}%. Click",
                ],
            ),
            (
                4,
                Some(5.0),
                [
                    "was taken for no digit; the nearest is 9.",
                    "the 9 has 86\u{a0}%, the 4 1.6\u{a0}%. Click",
                ],
            ),
        ];
        for (truth, reject_threshold, parts) in cases {
            let calibration = Calibration {
                reject_threshold,
                ..Calibration::default()
            };
            let reading = Reading::of_logits(&logits, Digit::ALL[truth], &calibration);
            let said = sentences(1233, &reading);
            assert!(said[0].starts_with("Picture 1,234: a "), "{said:?}");
            for (said, part) in said.iter().zip(parts) {
                assert!(said.contains(part), "{said:?} says {part}");
            }
        }
    }
}
