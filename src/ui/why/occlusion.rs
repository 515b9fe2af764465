//! *Which ink counts*: the strokes, each piece colored by what leaving it out does.

use egui::{Color32, Pos2, Rect, Sense, Ui, UiBuilder, WidgetInfo, accesskit::Role, vec2};

use super::{
    lead,
    signed::{ColorScale, Fit, SCALE, SUMMARY, summary_ui},
    signed_color_from,
};
use crate::{
    app::{
        action::Action,
        state::{
            State,
            explanation::{ExplanationAction, ShownExplanation},
        },
    },
    explanation::{
        Comparison,
        occlusion::{Normalization, Occlusion, StrokePiece},
    },
    ui::{
        theme::{self, Palette},
        widgets::quiet_selection,
    },
};

pub(super) const METHOD: &str = "The strokes are divided into 8 to 24 pieces of about equal length. For each, the drawing \
    is drawn again without it, made into a picture as on the pad, and predicted: the color is the lead of the answer with \
    the piece minus the lead without it. The pen stops half its width before the gap, so that no ink of the piece is left. \
    \"The rest stays\" keeps it where it was; \"the rest is re-centered\" centers and scales it as if it had been drawn \
    alone, so that it may move. These are two questions, and their colors are not to be compared. Noise on the pad is left \
    out.";

/// The height of the row of modes, in points.
const ROW: f32 = 34.0;
/// The width from which the summary has one line, in points.
const WIDE: f32 = 700.0;
/// The distance from the pointer to a piece that it shows, in points.
const REACH: f32 = 14.0;

/// The height of the summary: two lines where it is narrow.
fn summary_height(width: f32) -> f32 {
    if width < WIDE {
        1.75 * SUMMARY
    } else {
        SUMMARY
    }
}

/// The height of the view in the story.
pub(super) fn height(width: f32) -> f32 {
    ROW + summary_height(width) + width.clamp(160.0, 300.0) + theme::GAP + SCALE
}

/// The state of the view between frames.
#[derive(Debug, Default)]
pub(super) struct OcclusionPanel {
    pub(super) scale: ColorScale,
    mode: Option<Normalization>,
}

impl OcclusionPanel {
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        shown: &ShownExplanation,
        occlusion: &Occlusion,
        state: &State,
        actions: &mut Vec<Action>,
    ) {
        let chosen = state.explanation.normalization;
        let row = rect.with_max_y(rect.top() + ROW);
        ui.scope_builder(UiBuilder::new().max_rect(row), |ui| {
            modes_ui(ui, chosen, actions);
        });
        let rect = rect.with_min_y(row.bottom());
        if self.mode != Some(occlusion.normalization) {
            self.scale.reset();
            self.mode = Some(occlusion.normalization);
        }
        let values = occlusion.pieces.iter().map(|piece| piece.support);
        self.scale.fit(shown, state.explanation.rival, values);
        summary_ui(ui, rect, &summary(occlusion), "");
        let head = summary_height(rect.width());
        let room = rect.height() - head - theme::GAP - SCALE;
        let side = room.min(rect.width()).max(56.0);
        let place = Rect::from_min_size(rect.min + vec2(0.0, head), vec2(side, side));
        self.strokes_ui(ui, place, occlusion);
        let legend = place.left_bottom() + vec2(0.0, theme::GAP);
        let legend = Rect::from_min_size(legend, vec2(side, SCALE));
        let palette = Palette::of(ui.style());
        self.scale.ui(ui, legend, occlusion.comparison, |value| {
            ink_color(palette, value)
        });
    }

    fn strokes_ui(&self, ui: &mut Ui, rect: Rect, occlusion: &Occlusion) {
        let palette = Palette::of(ui.style());
        ui.painter()
            .rect_filled(rect, f32::from(theme::RADIUS), palette.paper);
        let id = ui.scope_id().with("pieces");
        let response = ui.interact(rect, id, Sense::hover());
        response.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::Image, true, "Pieces of your strokes");
            info.current_text_value = Some(summary(occlusion));
            info
        });
        let paths = occlusion.pieces.iter().flat_map(|piece| &piece.paths);
        let fit = Fit::of_paths(paths, rect);
        let ui_clip = ui.clip_rect();
        ui.set_clip_rect(rect.intersect(ui_clip));
        let each = |draw: &dyn Fn(&[crate::ink::Point], f32)| {
            for piece in &occlusion.pieces {
                for path in &piece.paths {
                    draw(path, piece.support);
                }
            }
        };
        each(&|path, _| fit.path_ui(ui, path, fit.pen(), palette.outline));
        each(&|path, support| {
            let color = ink_color(palette, support / self.scale.limit());
            fit.path_ui(ui, path, fit.pen() - 4.0, color);
        });
        let pointed = response
            .hover_pos()
            .and_then(|pos| nearest(occlusion, &fit, pos));
        if let Some(piece) = pointed {
            for path in &piece.paths {
                fit.path_ui(ui, path, 2.0, palette.text);
            }
            response.on_hover_text_at_pointer(text(occlusion, "this piece", piece));
        }
        ui.set_clip_rect(ui_clip);
    }
}

/// The color of a piece: gray ink speaks for neither digit, so that all strokes are in sight.
fn ink_color(palette: &Palette, value: f32) -> Color32 {
    let neutral = palette.paper.lerp_to_gamma(palette.bar, 0.6);
    signed_color_from(neutral, palette, value)
}

/// The choice of the mode.
fn modes_ui(ui: &mut Ui, chosen: Normalization, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        quiet_selection(ui);
        let modes = [
            (
                Normalization::Held,
                "The rest stays",
                "The rest stays where it is: only ink disappears.",
            ),
            (
                Normalization::Anew,
                "The rest is re-centered",
                "The rest is centered and scaled as if it had been drawn alone.",
            ),
        ];
        for (mode, name, help) in modes {
            let button = ui.selectable_label(chosen == mode, name);
            if button.on_hover_text(help).clicked() {
                let choose = ExplanationAction::ChooseNormalization(mode);
                actions.push(Action::Explanation(choose));
            }
        }
    });
}

/// The piece nearest to a place on the screen, if it is within reach.
fn nearest<'a>(occlusion: &'a Occlusion, fit: &Fit, pos: Pos2) -> Option<&'a StrokePiece> {
    let distance = |piece: &StrokePiece| {
        let points = piece
            .paths
            .iter()
            .flat_map(|path| path.windows(2).flat_map(between));
        let dots = piece.paths.iter().flatten().copied();
        let distances = points
            .chain(dots)
            .map(|at| fit.screen_from_pad(at).distance(pos));
        distances.fold(f32::INFINITY, f32::min)
    };
    let pieces = occlusion
        .pieces
        .iter()
        .map(|piece| (piece, distance(piece)));
    let (piece, distance) = pieces.min_by(|a, b| a.1.total_cmp(&b.1))?;
    (distance < REACH).then_some(piece)
}

/// Points on a line: enough for the pointer.
fn between(ends: &[crate::ink::Point]) -> impl Iterator<Item = crate::ink::Point> {
    let (start, step) = (ends[0], ends[1] - ends[0]);
    (0..8).map(move |part| start + step * (part as f32 / 8.0))
}

/// What the strongest piece does.
fn summary(occlusion: &Occlusion) -> String {
    match occlusion.strongest() {
        Some(piece) => text(occlusion, "the bluest piece", piece),
        None => format!("No piece speaks for {}.", occlusion.comparison.winner),
    }
}

fn text(occlusion: &Occlusion, name: &str, piece: &StrokePiece) -> String {
    let Comparison { winner, .. } = occlusion.comparison;
    let (before, after) = (occlusion.margin, occlusion.margin - piece.support);
    let answer = match (piece.prediction.digit(), piece.prediction.is_digit()) {
        (_, false) => ", and the rest is not a digit".to_owned(),
        (digit, true) if digit != winner => format!(", and the rest is read as {digit}"),
        _ => String::new(),
    };
    let [after, before] = [after, before].map(|margin| lead(occlusion.comparison, margin));
    format!("Without {name}, {after}{answer}. With it, {before}.")
}
