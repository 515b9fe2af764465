//! How far the model's confidence can be relied on: in each bin of confidence, how often it is right.

use egui::{
    Align2, Color32, Id, Pos2, Rect, Sense, Shape, Stroke, Ui, WidgetInfo, accesskit::Role, pos2,
    vec2,
};

use crate::{
    evaluation::calibration::{Bin, Reliability},
    format,
    ui::theme::{self, Palette},
};

/// Above the diagram: its name, and the error in words.
const TOP: f32 = 46.0;
/// Left of the diagram: the axis's figures.
const LEFT: f32 = 44.0;
/// Below the diagram: the axis's figures and its name.
const BOTTOM: f32 = 38.0;
/// What fewer answers than this say is mostly chance: their bars are pale.
const FEW: usize = 20;

const HELP: &str = "When the model says that it is 90 % sure, it should be right in 90 of 100 cases: then \
    the bars end on the dashed line. Bars below it: it is too sure. Above it: too modest. Bars of \
    fewer than 20 pictures are pale, because they are mostly chance. The calibration error (ECE) is \
    how far the bars are from the line on average, each weighed by its pictures.";

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
        "How often it is right, by how sure it is",
        theme::font(theme::SMALL),
        palette.weak,
    );
    let response = ui.interact(whole, Id::unique("reliability"), Sense::hover());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::Figure, true, "Reliability curve");
        info.current_text_value = Some(error_words(reliability));
        info
    });
    response.on_hover_text(HELP);
    let plot = Rect::from_min_max(whole.min + vec2(LEFT, TOP), whole.max - vec2(12.0, BOTTOM));
    let diagram = Diagram { plot };
    diagram.axes_ui(ui);
    for (index, bin) in reliability.bins.iter().enumerate() {
        if bin.count > 0 {
            diagram.bin_ui(ui, index, bin);
        }
    }
    diagram.ideal_ui(ui);
}

/// "Calibration error 0.29 %".
fn error_words(reliability: &Reliability) -> String {
    format!("Calibration error (ECE) {:.2} %", reliability.ece * 100.0)
}

/// Where the diagram is.
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
        painter.text(
            below,
            Align2::CENTER_TOP,
            "how sure it is",
            font,
            palette.weak,
        );
    }

    /// What a model whose confidence can be relied on wholly would show.
    fn ideal_ui(&self, ui: &Ui) {
        let palette = Palette::of(ui.style());
        let ends = [self.at(0.0, 0.0), self.at(1.0, 1.0)];
        let stroke = Stroke::new(1.5, palette.text);
        ui.painter()
            .extend(Shape::dashed_line(&ends, stroke, 5.0, 4.0));
    }

    fn bin_ui(&self, ui: &Ui, index: usize, bin: &Bin) {
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
        // What it says of itself, as a mark across the bar.
        let [left, right] = [low, high].map(|edge| self.at(edge, bin.confidence));
        let mark = Stroke::new(3.0, paler(palette.second));
        ui.painter()
            .line_segment([left + vec2(1.0, 0.0), right - vec2(1.0, 0.0)], mark);
        let place = Rect::from_two_pos(self.at(low, 0.0), self.at(high, 1.0));
        let response = ui.interact(place, Id::unique(("reliability", index)), Sense::hover());
        let range = format!("{:.0} to {:.0} %", low * 100.0, high * 100.0);
        let right = format!(
            "right in {} of {}",
            format::percent(bin.accuracy, 1),
            format::count(bin.count)
        );
        response.widget_info(|| {
            let label = format!("Confidence {range}");
            let mut info = WidgetInfo::labeled(Role::Meter, true, label);
            info.current_text_value = Some(right.clone());
            info
        });
        response.on_hover_text(format!(
            "{range} sure: {right}. On average it was {} sure (the orange mark).",
            format::percent(bin.confidence, 1)
        ));
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
            (0.0, 0.0, pos2(10.0, 220.0), "nothing is right"),
            (1.0, 1.0, pos2(110.0, 20.0), "all is right"),
            (0.5, 0.25, pos2(60.0, 170.0), "between"),
        ];
        for (confidence, accuracy, expected, reason) in cases {
            assert_eq!(diagram.at(confidence, accuracy), expected, "{reason}");
        }
    }
}
