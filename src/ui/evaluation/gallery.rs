//! The gallery: the misclassified images, or the images of one cell of the confusion matrix.

use std::ops::Range;

use egui::{
    Align2, Color32, CornerRadius, FontId, Frame, Margin, Pos2, Rect, Response, RichText,
    ScrollArea, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, accesskit::Role, pos2, vec2,
};

use crate::{
    app::{
        action::Action,
        state::evaluation::{CompletedEvaluation, EvaluationAction, EvaluationPanel},
    },
    bitmap::SIDE,
    evaluation::{ExampleResult, Selection},
    format,
    ui::{
        atlas::Atlas,
        focus,
        roving::TileRows,
        theme::{self, Palette},
    },
};

/// The height of a caption, in points.
const CAPTION: f32 = 18.0;
/// The font size of a caption, in points.
const CAPTION_FONT: f32 = 12.0;
/// The frame of an image, in points.
const LINE: f32 = 1.0;
/// How much wider a caption is than its image, in points.
const WIDER: f32 = 6.0;
/// Between the tiles, in points.
const BETWEEN: Vec2 = vec2(4.0, 8.0);

/// The content of the texture: the number of the evaluation, the selection, and the visible range.
type Shown = (u64, Selection, Range<usize>);

/// The gallery.
#[derive(Debug, Default)]
pub(super) struct ErrorGallery {
    atlas: Atlas<Shown>,
}

impl ErrorGallery {
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        panel: &EvaluationPanel,
        completed: &CompletedEvaluation,
        actions: &mut Vec<Action>,
    ) {
        let selection = panel.selection;
        let indices = completed.evaluation.indices(selection);
        heading_ui(ui, selection, indices.len(), actions);
        let palette = Palette::of(ui.style());
        let frame = Frame::new()
            .fill(palette.paper)
            .stroke(Stroke::new(1.0, palette.outline))
            .corner_radius(CornerRadius::same(theme::RADIUS))
            .inner_margin(Margin::same(10));
        frame.show(ui, |ui| {
            if indices.is_empty() {
                let text = match selection {
                    Selection::Misclassified => "No image is misclassified.",
                    Selection::Cell { .. } => "No images.",
                };
                ui.label(RichText::new(text).color(palette.weak));
                ui.allocate_space(ui.available_size());
                return;
            }
            self.tiles_ui(ui, panel, completed, indices, actions);
        });
    }

    fn tiles_ui(
        &mut self,
        ui: &mut Ui,
        panel: &EvaluationPanel,
        completed: &CompletedEvaluation,
        indices: &[usize],
        actions: &mut Vec<Action>,
    ) {
        let side = tile_side(ui);
        let tile = tile_size(side);
        // The scroll bar does not cover the tiles.
        let room = ui.available_width() - ui.spacing().scroll.bar_width;
        let columns = ((room + BETWEEN.x) / (tile.x + BETWEEN.x)).floor().max(1.0) as usize;
        let area = ScrollArea::vertical()
            .id_salt((completed.number, number_of(panel.selection)))
            .auto_shrink(false);
        let shown = area.show_viewport(ui, |ui, viewport| {
            let count = indices.len();
            let mut rows = TileRows::allocate(ui, viewport, tile, BETWEEN, columns, count);
            let in_sight = rows.in_sight();
            let key = (completed.number, panel.selection, in_sight.clone());
            let images = indices[in_sight.clone()]
                .iter()
                .map(|&index| completed.evaluation.set().bitmap(index));
            self.atlas.show(ui, key, images);
            for position in rows.drawn() {
                let index = indices[position];
                let result = &completed.evaluation.results()[index];
                let image = position.checked_sub(in_sight.start);
                let place = image.and_then(|image| self.atlas.place(image));
                let response = rows.interact(ui, position);
                if tile_ui(ui, response, side, index, result, place).clicked() {
                    actions.push(Action::Evaluation(EvaluationAction::Show(index)));
                }
            }
            focus::scroll_to_focus(ui);
        });
        focus::inside_scroll_area(ui, shown.inner_rect);
    }
}

/// A number for each selection, so that each keeps its scroll position.
fn number_of(selection: Selection) -> usize {
    match selection {
        Selection::Misclassified => 0,
        Selection::Cell { truth, predicted } => 1 + truth.index() * 10 + predicted.index(),
    }
}

/// The size of an image with its frame and its caption.
fn tile_size(side: f32) -> Vec2 {
    Vec2::splat(side + 2.0 * LINE) + vec2(WIDER, CAPTION)
}

/// The side of an image: a whole number of physical pixels per image pixel.
fn tile_side(ui: &Ui) -> f32 {
    let pixels_per_point = ui.pixels_per_point();
    let wanted = (ui.available_width() / 9.0).clamp(56.0, 140.0);
    let scale = (wanted * pixels_per_point / SIDE as f32).round().max(1.0);
    scale * SIDE as f32 / pixels_per_point
}

fn heading_ui(ui: &mut Ui, selection: Selection, count: usize, actions: &mut Vec<Action>) {
    let palette = Palette::of(ui.style());
    let (name, order) = match selection {
        Selection::Misclassified => ("Worst errors".to_owned(), "by descending loss"),
        Selection::Cell { truth, predicted } => (
            format!("True {truth}, predicted {predicted}"),
            "by descending loss",
        ),
    };
    ui.horizontal(|ui| {
        ui.label(RichText::new(name).font(theme::strong(theme::BODY)));
        let text = match count {
            0 => "no images".to_owned(),
            1 => "1 image".to_owned(),
            count => format!("{} images, {order}", format::count(count)),
        };
        let back = selection != Selection::Misclassified;
        if back {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let help = "Back to all misclassified images (Esc).";
                if ui.button("All errors").on_hover_text(help).clicked() {
                    let select = EvaluationAction::Select(Selection::Misclassified);
                    actions.push(Action::Evaluation(select));
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

/// An image with its true and its predicted digit.
fn tile_ui(
    ui: &Ui,
    response: Response,
    side: f32,
    index: usize,
    result: &ExampleResult,
    place: Option<(egui::TextureId, Rect)>,
) -> Response {
    let palette = Palette::of(ui.style());
    let rect = response.rect;
    let predicted = result.prediction.digit();
    let is_digit = result.prediction.is_digit();
    let confidence = format::probability(result.prediction.confidence(), 0);
    response.widget_info(|| {
        let name = format!(
            "Image {}: true {}, predicted {predicted}",
            index + 1,
            result.truth
        );
        let mut info = WidgetInfo::labeled(Role::Button, true, name);
        let value = if is_digit {
            confidence.as_str()
        } else {
            "non-digit"
        };
        info.current_text_value = Some(value.to_owned());
        info
    });
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
    labels_ui(ui, pos2(image.left(), middle), result);
    if is_digit {
        let right = pos2(rect.right(), middle);
        let font = theme::font(CAPTION_FONT);
        ui.painter()
            .text(right, Align2::RIGHT_CENTER, &confidence, font, palette.weak);
    }
    response.on_hover_ui(|ui| {
        let [labels, details] = sentences(index, result);
        ui.label(labels);
        ui.label(RichText::new(details).color(palette.weak));
    })
}

/// The labels of an image, and the probabilities.
fn sentences(index: usize, result: &ExampleResult) -> [String; 2] {
    let ExampleResult { truth, prediction } = result;
    let (number, predicted) = (format::count(index + 1), prediction.digit());
    let rejected = if prediction.is_digit() {
        ""
    } else {
        ", rejected as a non-digit"
    };
    let confidence = format::probability(prediction.confidence(), 0);
    let of_truth = if result.is_correct() {
        String::new()
    } else {
        let probability = format::probability(result.truth_probability(), 1);
        format!(", {probability} for the {truth}")
    };
    [
        format!("Image {number}: true {truth}, predicted {predicted}{rejected}."),
        format!("{confidence} for the {predicted}{of_truth}. Click to show it on the pad."),
    ]
}

/// The true digit, an arrow, and the predicted digit. The font has no arrow.
fn labels_ui(ui: &Ui, left: Pos2, result: &ExampleResult) {
    let palette = Palette::of(ui.style());
    let painter = ui.painter();
    let strong = theme::strong(CAPTION_FONT);
    let text = |x: f32, text: String, font: FontId| {
        let pos = left + vec2(x, 0.0);
        painter.text(pos, Align2::LEFT_CENTER, text, font, palette.text);
    };
    text(0.0, result.truth.to_string(), strong.clone());
    if result.prediction.is_digit() {
        text(17.0, result.prediction.digit().to_string(), strong);
    } else {
        text(17.0, "non-digit".to_owned(), theme::font(CAPTION_FONT));
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
        recognition::Prediction,
    };

    #[test]
    fn the_tooltip_names_labels_rejection_and_probabilities() {
        let mut logits = [0.0; CLASSES];
        logits[9] = 4.0;
        // e⁴ / (e⁴ + 9) = 0.858, and 0.0157 for each other digit.
        let cases = [
            (9, None, ["predicted 9.", "86\u{a0}% for the 9. Click"]),
            (
                4,
                None,
                [
                    "predicted 9.",
                    "86\u{a0}% for the 9, 1.6\u{a0}% for the 4. Click",
                ],
            ),
            (
                9,
                Some(5.0),
                [
                    "predicted 9, rejected as a non-digit.",
                    "86\u{a0}% for the 9. Click",
                ],
            ),
            (
                4,
                Some(5.0),
                ["rejected as a non-digit.", "1.6\u{a0}% for the 4. Click"],
            ),
        ];
        for (truth, reject_threshold, parts) in cases {
            let calibration = Calibration {
                reject_threshold,
                ..Calibration::default()
            };
            let result = ExampleResult {
                truth: Digit::ALL[truth],
                prediction: Prediction::from_logits(&logits, &calibration),
            };
            let texts = sentences(1233, &result);
            let start = format!("Image 1,234: true {truth}, ");
            assert!(texts[0].starts_with(&start), "{texts:?}");
            for (text, part) in texts.iter().zip(parts) {
                assert!(text.contains(part), "{texts:?} contain {part}");
            }
        }
    }
}
