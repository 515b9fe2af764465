//! *7 rather than 1*: the evidence of each pixel.

use egui::{Align2, Rect, Sense, Ui, WidgetInfo, accesskit::Role, pos2, vec2};

use super::{
    signed::{ColorScale, SCALE, SUMMARY, pixels_ui, summary_ui},
    signed_color,
};
use crate::{
    app::state::{State, explanation::ShownExplanation},
    bitmap::SIDE,
    explanation::{
        Comparison,
        evidence::{Evidence, Method},
    },
    ui::theme::{self, Palette},
};

pub(super) const METHOD: &str = "The lead is the logit of the answer minus that of the digit it is compared with; e^(lead/T) is \
    how many times as probable the answer is, where T is the temperature of the model's calibration. A network of ReLUs consists of linear pieces: around the \
    picture x its logits are f(x) = J·x + β. So the lead is exactly the sum of x·(J_answer − J_other) over the pixels, plus \
    the part of the biases (Chu and others, \"Exact and consistent interpretation for piecewise linear neural networks\", \
    2018; Srinivas and Fleuret, \"Full-gradient representation\", 2019). Paper adds nothing, so the picture does not tell \
    what missing ink would do. For other activations: integrated gradients from blank paper to the picture (Sundararajan, \
    Taly and Yan, \"Axiomatic attribution for deep networks\", 2017), whose sum has the error that is shown.";

/// The height of a row of the account, in points.
const ROW: f32 = 34.0;
const ACCOUNT: f32 = 5.0 * ROW;
/// The width from which the account is beside the picture, in points.
const WIDE: f32 = 440.0;

fn side_of(width: f32) -> f32 {
    let side = if width >= WIDE { 0.5 * width } else { width };
    side.clamp(120.0, 300.0)
}

/// The height of the view in the story.
pub(super) fn height(width: f32) -> f32 {
    let account = if width >= WIDE { 0.0 } else { ACCOUNT };
    SUMMARY + side_of(width) + SCALE + theme::GAP + account
}

/// The state of the view between frames.
#[derive(Debug, Default)]
pub(super) struct EvidencePanel {
    pub(super) scale: ColorScale,
}

impl EvidencePanel {
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        shown: &ShownExplanation,
        evidence: &Evidence,
        state: &State,
    ) {
        let Comparison { winner, rival } = evidence.comparison;
        let summary = format!("{winner} leads {rival} by {:.2}", evidence.margin);
        let temperature = shown.model.metadata.calibration.temperature;
        let factor = (1.0 / temperature).exp();
        let more = format!("logits: each one makes it {factor:.1} times as probable");
        summary_ui(ui, rect, &summary, &more);
        let rect = rect.with_min_y(rect.top() + SUMMARY);
        let is_wide = rect.width() >= WIDE;
        let account = if is_wide { 0.0 } else { ACCOUNT };
        let room = rect.height() - SCALE - theme::GAP - account;
        let most = if is_wide {
            0.6 * rect.width()
        } else {
            rect.width()
        };
        let side = room.min(most).max(56.0);
        let picture = Rect::from_min_size(rect.min, vec2(side, side));
        self.scale.fit(
            shown,
            state.explanation.rival,
            evidence.pixels.iter().copied(),
        );
        self.picture_ui(ui, picture, evidence);
        let legend = Rect::from_min_size(
            picture.left_bottom() + vec2(0.0, theme::GAP),
            vec2(side, SCALE),
        );
        let palette = Palette::of(ui.style());
        self.scale.ui(ui, legend, evidence.comparison, |value| {
            signed_color(palette, value)
        });
        let account = if is_wide {
            rect.with_min_x(picture.right() + theme::MARGIN)
        } else {
            rect.with_min_y(legend.bottom() + theme::GAP)
        };
        account_ui(ui, account, evidence);
    }

    fn picture_ui(&self, ui: &mut Ui, rect: Rect, evidence: &Evidence) {
        let palette = Palette::of(ui.style());
        let limit = self.scale.limit();
        let id = ui.scope_id().with("evidence");
        let response = ui.interact(rect, id, Sense::hover());
        let Comparison { winner, rival } = evidence.comparison;
        response.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::Image, true, "Evidence of each pixel");
            let text = format!("{winner} leads {rival} by {:.2}", evidence.margin);
            info.current_text_value = Some(text);
            info
        });
        pixels_ui(ui, rect, |index| {
            // Ink that adds nothing is gray.
            let ink = 0.35 * evidence.input.pixels()[index];
            let neutral = palette.paper.lerp_to_gamma(palette.bar, ink);
            let part = (evidence.pixels[index] / limit).clamp(-1.0, 1.0);
            neutral.lerp_to_gamma(signed_color(palette, part.signum()), part.abs())
        });
        if let Some(pos) = response.hover_pos() {
            let cell = ((pos - rect.min) / rect.size() * SIDE as f32).min(vec2(27.0, 27.0));
            let index = cell.y.max(0.0) as usize * SIDE + cell.x.max(0.0) as usize;
            let part = evidence.pixels[index];
            response.on_hover_text_at_pointer(match part {
                0.0 => "No ink: adds nothing.".to_owned(),
                part if part > 0.0 => format!("{part:.3} for {winner}"),
                part => format!("{:.3} for {rival}", -part),
            });
        }
    }
}

/// The parts and their sum, as bars on one scale.
fn account_ui(ui: &Ui, rect: Rect, evidence: &Evidence) {
    let palette = Palette::of(ui.style());
    let Comparison { winner, rival } = evidence.comparison;
    let sum =
        |is: fn(f32) -> bool| -> f32 { evidence.pixels.iter().filter(|&&part| is(part)).sum() };
    let rest = match evidence.method {
        Method::Exact => "The network's own part: biases",
        Method::IntegratedGradients { .. } => "Lead on blank paper",
    };
    let rows = [
        (format!("Pixels for {winner}"), sum(|part| part > 0.0)),
        (format!("Pixels for {rival}"), sum(|part| part < 0.0)),
        (rest.to_owned(), evidence.rest),
        (format!("Lead of {winner}"), evidence.margin),
    ];
    let most = rows
        .iter()
        .map(|(_, value)| value.abs())
        .fold(1e-6, f32::max);
    let (top, font) = (rect.top(), theme::font(theme::BODY));
    let center = rect.center().x;
    for (index, (label, value)) in rows.iter().enumerate() {
        let top = top + ROW * index as f32;
        let is_sum = index + 1 == rows.len();
        if is_sum {
            let line = [pos2(rect.left(), top - 1.0), pos2(rect.right(), top - 1.0)];
            ui.painter().line_segment(line, (1.0, palette.outline));
        }
        let font = if is_sum {
            theme::strong(theme::BODY)
        } else {
            font.clone()
        };
        let left = pos2(rect.left(), top + 10.0);
        ui.painter()
            .text(left, Align2::LEFT_CENTER, label, font.clone(), palette.text);
        let right = pos2(rect.right(), top + 10.0);
        let text = format!("{value:+.2}").replace('-', "−");
        ui.painter()
            .text(right, Align2::RIGHT_CENTER, text, font, palette.text);
        let end = center + value / most * rect.width() / 2.0;
        let bar = Rect::from_x_y_ranges(center.min(end)..=center.max(end), top + 21.0..=top + 27.0);
        ui.painter()
            .rect_filled(bar, 2.0, signed_color(palette, value.signum()));
        let axis = [pos2(center, top + 19.0), pos2(center, top + 29.0)];
        ui.painter().line_segment(axis, (1.0, palette.weak));
    }
    let error = match evidence.method {
        Method::Exact => format!(
            "Exact, to {:.6}; the figures are rounded",
            evidence.error().abs()
        ),
        Method::IntegratedGradients { points } => format!(
            "Integrated gradients at {points} points. Error {:.3}",
            evidence.error().abs()
        ),
    };
    let below = pos2(rect.left(), top + ROW * rows.len() as f32 + 10.0);
    let font = theme::font(theme::SMALL);
    ui.painter()
        .text(below, Align2::LEFT_CENTER, error, font, palette.weak);
}
