//! The reliability diagram: accuracy against confidence.

use egui::{
    Align2, Color32, Id, Pos2, Rect, Response, Sense, Shape, Stroke, Ui, WidgetInfo,
    accesskit::Role, pos2, vec2,
};

use crate::{
    evaluation::reliability::{Bin, Reliability},
    format,
    ui::{
        focus,
        roving::RovingFocus,
        theme::{self, Palette},
    },
};

/// The height of the heading above the diagram.
const TOP: f32 = 46.0;
/// The width of the axis labels.
const LEFT: f32 = 44.0;
/// The height of the axis labels and of the axis name.
const BOTTOM: f32 = 38.0;
/// Bars of fewer images are pale, because they are mostly chance.
const FEW: usize = 20;

const HELP: &str = "Of the predictions with 90 % confidence, 90 of 100 should be correct: then the bars \
    end on the dashed line. Bars below it: the model is overconfident. Above it: underconfident. Bars of \
    fewer than 20 images are pale, because they are mostly chance. The expected calibration error (ECE) \
    is the mean distance of the bars from the line, weighted by their images.";

pub(super) fn reliability_ui(ui: &mut Ui, whole: Rect, reliability: &Reliability) {
    let palette = Palette::of(ui.style());
    let painter = ui.painter();
    let name = painter.text(
        whole.min,
        Align2::LEFT_TOP,
        "Reliability",
        theme::strong(theme::BODY),
        palette.text,
    );
    painter.text(
        pos2(whole.right(), name.center().y),
        Align2::RIGHT_CENTER,
        error_words(reliability),
        theme::font(theme::BODY),
        palette.text,
    );
    painter.text(
        pos2(whole.left(), name.bottom() + 2.0),
        Align2::LEFT_TOP,
        "Accuracy by confidence",
        theme::font(theme::SMALL),
        palette.weak,
    );
    let response = ui.interact(whole, Id::unique("reliability"), Sense::hover());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Figure, true, "Reliability curve");
        info.current_text_value = Some(error_words(reliability));
        info
    });
    // Beside the bars, which have helps of their own.
    let heading = whole.with_max_y(whole.top() + TOP);
    ui.interact(heading, Id::unique("reliability heading"), Sense::hover())
        .on_hover_text(HELP);
    let plot = Rect::from_min_max(whole.min + vec2(LEFT, TOP), whole.max - vec2(12.0, BOTTOM));
    let diagram = Diagram { plot };
    diagram.axes_ui(ui);
    let bins = reliability.bins.iter().enumerate();
    let bins: Vec<_> = bins.filter(|(_, bin)| bin.count > 0).collect();
    let id = Id::unique("reliability bins");
    let mut focus = RovingFocus::of(ui, id, bins.len(), bins.len(), None);
    for (cell, (index, bin)) in bins.into_iter().enumerate() {
        let [low, high] = Bin::edges(index);
        let place = Rect::from_two_pos(diagram.at(low, 0.0), diagram.at(high, 1.0));
        let response = focus.interact(ui, cell, place, Sense::hover());
        diagram.bin_ui(ui, response, index, bin);
    }
    diagram.ideal_ui(ui);
}

/// "Calibration error 0.29 %".
fn error_words(reliability: &Reliability) -> String {
    format!(
        "Calibration error (ECE) {}",
        format::percent(reliability.ece, 2)
    )
}

/// The place of the diagram.
struct Diagram {
    plot: Rect,
}

impl Diagram {
    /// The place of a confidence and an accuracy, each 0..=1.
    fn at(&self, confidence: f64, accuracy: f64) -> Pos2 {
        let size = self.plot.size();
        pos2(
            self.plot.left() + size.x * confidence as f32,
            self.plot.bottom() - size.y * accuracy as f32,
        )
    }

    fn axes_ui(&self, ui: &Ui) {
        let palette = Palette::of(ui.style());
        let painter = ui.painter();
        let line = Stroke::new(1.0, palette.outline);
        let font = theme::font(12.0);
        for (part, name) in [(0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %")] {
            painter.line_segment([self.at(0.0, part), self.at(1.0, part)], line);
            let left = self.at(0.0, part) - vec2(6.0, 0.0);
            painter.text(left, Align2::RIGHT_CENTER, name, font.clone(), palette.weak);
            let below = self.at(part, 0.0) + vec2(0.0, 4.0);
            painter.text(below, Align2::CENTER_TOP, name, font.clone(), palette.weak);
        }
        let below = self.at(0.5, 0.0) + vec2(0.0, 20.0);
        painter.text(below, Align2::CENTER_TOP, "confidence", font, palette.weak);
    }

    /// The line of a perfectly calibrated model.
    fn ideal_ui(&self, ui: &Ui) {
        let palette = Palette::of(ui.style());
        let ends = [self.at(0.0, 0.0), self.at(1.0, 1.0)];
        let stroke = Stroke::new(1.5, palette.text);
        ui.painter()
            .extend(Shape::dashed_line(&ends, stroke, 5.0, 4.0));
    }

    fn bin_ui(&self, ui: &Ui, response: Response, index: usize, bin: &Bin) {
        let palette = Palette::of(ui.style());
        let [low, high] = Bin::edges(index);
        let bar = Rect::from_two_pos(self.at(low, 0.0), self.at(high, bin.accuracy))
            .shrink2(vec2(1.0, 0.0));
        let paler = |color: Color32| {
            if bin.count < FEW {
                palette.window.lerp_to_gamma(color, 0.4)
            } else {
                color
            }
        };
        ui.painter().rect_filled(bar, 2.0, paler(palette.accent));
        // The mean confidence, as a mark across the bar.
        let [left, right] = [low, high].map(|edge| self.at(edge, bin.confidence));
        let mark = Stroke::new(3.0, paler(palette.second));
        ui.painter()
            .line_segment([left + vec2(1.0, 0.0), right - vec2(1.0, 0.0)], mark);
        let range = format!("{:.0} to {:.0} %", low * 100.0, high * 100.0);
        let correct = format!(
            "{} of {} correct",
            format::percent(bin.accuracy, 1),
            format::count(bin.count)
        );
        response.widget_info(|| {
            let label = format!("Confidence {range}");
            let mut info = WidgetInfo::labeled(Role::Meter, true, label);
            info.current_text_value = Some(correct.clone());
            info
        });
        let text = format!(
            "Confidence {range}: {correct}. The mean confidence is {} (orange mark).",
            format::percent(bin.confidence, 1)
        );
        focus::reading(response, &text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_diagram_has_its_origin_at_the_bottom_left() {
        let plot = Rect::from_min_max(pos2(10.0, 20.0), pos2(110.0, 220.0));
        let diagram = Diagram { plot };
        let cases = [
            (0.0, 0.0, pos2(10.0, 220.0), "no prediction is correct"),
            (1.0, 1.0, pos2(110.0, 20.0), "all are correct"),
            (0.5, 0.25, pos2(60.0, 170.0), "between"),
        ];
        for (confidence, accuracy, expected, reason) in cases {
            assert_eq!(diagram.at(confidence, accuracy), expected, "{reason}");
        }
    }
}
