//! The place *Draw*: the pad with its buttons, the answer, and the ten bars.

use egui::{Id, Rect, ScrollArea, Sense, Ui, UiBuilder, Vec2, pos2, vec2};

use super::{
    canvas::Canvas,
    prediction::{self, Preview},
    theme,
    tools::ToolsView,
};
use crate::{
    app::{action::Action, state::State},
    store::settings::PadShape,
};

/// The height of a row of buttons, in points.
pub(super) const TOOLBAR_HEIGHT: f32 = 34.0;
/// The smallest pad in a column, in points.
pub(super) const MIN_PAD: f32 = 96.0;
/// The smallest pad beside its bars, and the smallest width of the bars, in points.
const MIN_BESIDE: f32 = 196.0;
/// The smallest width of the buttons below the pad, in points.
pub(super) const MIN_TOOLBAR: f32 = 234.0;
/// The smallest size of the answer, in points.
const MIN_ANSWER: Vec2 = vec2(104.0, 104.0);
/// The width below which the bars beside the answer need half of it, in points.
const NARROW_LINE: f32 = 320.0;
/// The height of the ten bars in a column, in points.
const STACKED_BARS: f32 = 160.0;

/// The state of the place between frames.
#[derive(Debug, Default)]
pub(super) struct DrawView {
    pub(super) canvas: Canvas,
    pub(super) preview: Preview,
    pub(super) tools: ToolsView,
}

/// Draws the place.
pub(super) fn draw_ui(ui: &mut Ui, state: &State, view: &mut DrawView, actions: &mut Vec<Action>) {
    let stage = ui.available_rect_before_wrap();
    let layout = DrawLayout::of(stage, state.settings.pad_shape);
    if layout.bottom() <= stage.bottom() + 0.5 {
        parts_ui(ui, &layout, state, view, actions);
        return;
    }
    ScrollArea::vertical().show(ui, |ui| {
        let stage = Rect::from_min_size(ui.cursor().min, stage.size());
        let layout = DrawLayout::of(stage, state.settings.pad_shape);
        let height = layout.bottom() - stage.top();
        ui.allocate_exact_size(vec2(stage.width(), height), Sense::hover());
        parts_ui(ui, &layout, state, view, actions);
    });
}

fn parts_ui(
    ui: &mut Ui,
    layout: &DrawLayout,
    state: &State,
    view: &mut DrawView,
    actions: &mut Vec<Action>,
) {
    view.canvas
        .ui(ui, layout.pad, state, view.preview.texture(), actions);
    // Left to right, top to bottom: the order of the focus.
    let builder = fixed_place("tools", layout.toolbar);
    let is_right = layout.answer.left() >= layout.toolbar.right();
    if layout.answer.top() < layout.toolbar.top() && !is_right {
        answer_ui(ui, layout, state, view, actions);
        ui.scope_builder(builder, |ui| {
            view.tools.ui(ui, TOOLBAR_HEIGHT, state, actions);
        });
    } else {
        ui.scope_builder(builder, |ui| {
            view.tools.ui(ui, TOOLBAR_HEIGHT, state, actions);
        });
        answer_ui(ui, layout, state, view, actions);
    }
    prediction::bars_ui(ui, layout.bars, state, actions);
}

/// A place with ids of its own. Otherwise an answer that brings a control changes the ids of those after it, and a click
/// or the focus in between goes to another one.
pub(super) fn fixed_place(name: &str, rect: Rect) -> UiBuilder {
    UiBuilder::new()
        .scope_id(Id::unique(("place", name)))
        .max_rect(rect)
}

fn answer_ui(
    ui: &mut Ui,
    layout: &DrawLayout,
    state: &State,
    view: &mut DrawView,
    actions: &mut Vec<Action>,
) {
    prediction::answer_ui(ui, layout.answer, state, &mut view.preview, actions);
}

/// The places of the parts.
struct DrawLayout {
    pad: Rect,
    toolbar: Rect,
    answer: Rect,
    bars: Rect,
}

impl DrawLayout {
    /// The bars beside the pad while both have room, or else below it.
    fn of(stage: Rect, shape: PadShape) -> Self {
        if shape == PadShape::Line {
            let (below, beside) = (Self::line(stage), Self::line_beside(stage));
            let is_larger = beside.pad.width() > below.pad.width();
            return if is_larger { beside } else { below };
        }
        let beside = Self::beside(stage);
        let is_large = beside.pad.width() >= MIN_BESIDE;
        if is_large && stage.width() >= MIN_TOOLBAR + theme::MARGIN + MIN_BESIDE {
            return beside;
        }
        let (column, compact) = (Self::column(stage), Self::compact(stage));
        if column.pad.width() > compact.pad.width() {
            column
        } else {
            compact
        }
    }

    fn bottom(&self) -> f32 {
        self.toolbar.bottom().max(self.bars.bottom())
    }

    /// The pad with its buttons on the left, the results on the right.
    fn beside(stage: Rect) -> Self {
        let width = MIN_BESIDE.max(stage.width() * 0.4);
        let buttons = theme::GAP + TOOLBAR_HEIGHT;
        let side = (stage.height() - buttons).min(stage.width() - theme::MARGIN - width);
        let side = side.max(MIN_PAD).floor();
        let right = stage.left() + side.max(MIN_TOOLBAR);
        let left = right + theme::MARGIN;
        let bottom = stage.bottom().min(stage.top() + (side + buttons) * 1.15);
        let results = Rect::from_min_max(pos2(left, stage.top()), pos2(stage.right(), bottom));
        let answer = prediction::answer_height(results.size());
        Self {
            pad: Rect::from_min_size(stage.min, Vec2::splat(side)),
            toolbar: row(stage, stage.top() + side + theme::GAP, right),
            answer: results.with_max_y(results.top() + answer),
            bars: results.with_min_y(results.top() + answer + prediction::BARS_GAP),
        }
    }

    /// The pad in the shape of a line with its buttons below; the answer and the bars beside each other below these.
    fn line(stage: Rect) -> Self {
        let results = (STACKED_BARS + prediction::BARS_GAP).max(MIN_ANSWER.y);
        let below = TOOLBAR_HEIGHT + 2.0 * theme::GAP + results;
        let ratio = PadShape::Line.width();
        let height = (stage.height() - below).min(stage.width() / ratio);
        let size = vec2(height * ratio, height)
            .max(vec2(MIN_PAD * ratio, MIN_PAD))
            .min(vec2(stage.width(), stage.width() / ratio))
            .floor();
        let pad = Rect::from_min_size(stage.min, size);
        let toolbar = row(stage, pad.bottom() + theme::GAP, stage.right());
        let top = toolbar.bottom() + theme::GAP;
        let bottom = stage
            .bottom()
            .max(top + STACKED_BARS + prediction::BARS_GAP);
        let results = Rect::from_min_max(pos2(stage.left(), top), pos2(stage.right(), bottom));
        let share = if results.width() < NARROW_LINE {
            0.48
        } else {
            0.55
        };
        let middle = results.left() + (results.width() * share).floor();
        Self {
            pad,
            toolbar,
            answer: results.with_max_x(middle - theme::MARGIN),
            bars: results
                .with_min_x(middle)
                .with_min_y(top + prediction::BARS_GAP),
        }
    }

    /// The pad in the shape of a line with its buttons and the answer below; the bars beside them.
    fn line_beside(stage: Rect) -> Self {
        let ratio = PadShape::Line.width();
        let below = TOOLBAR_HEIGHT + 2.0 * theme::GAP + MIN_ANSWER.y;
        let width = stage.width() - theme::MARGIN - MIN_BESIDE;
        let width = width.min((stage.height() - below) * ratio).floor();
        let pad = Rect::from_min_size(stage.min, vec2(width, width / ratio));
        let toolbar = row(stage, pad.bottom() + theme::GAP, pad.right());
        let top = toolbar.bottom() + theme::GAP;
        Self {
            pad,
            toolbar,
            answer: Rect::from_min_max(pos2(pad.left(), top), pos2(pad.right(), stage.bottom())),
            bars: stage
                .with_min_x(pad.right() + theme::MARGIN)
                .with_min_y(stage.top() + prediction::BARS_GAP),
        }
    }

    /// The pad, its buttons, the answer and the bars below each other.
    fn column(stage: Rect) -> Self {
        let below = STACKED_BARS + prediction::BARS_GAP + MIN_ANSWER.y + theme::GAP;
        let side = stage.height() - below - TOOLBAR_HEIGHT - theme::GAP;
        let side = side.min(stage.width()).max(MIN_PAD).floor();
        let toolbar = row(stage, stage.top() + side + theme::GAP, stage.right());
        let top = toolbar.bottom() + theme::GAP;
        let bars = top + MIN_ANSWER.y + prediction::BARS_GAP;
        Self {
            pad: Rect::from_min_size(stage.min, Vec2::splat(side)),
            toolbar,
            answer: Rect::from_min_size(pos2(stage.left(), top), vec2(stage.width(), MIN_ANSWER.y)),
            bars: Rect::from_min_max(
                pos2(stage.left(), bars),
                pos2(stage.right(), stage.bottom().max(bars + STACKED_BARS)),
            ),
        }
    }

    /// The answer beside the pad, the buttons and the bars below.
    fn compact(stage: Rect) -> Self {
        let below = TOOLBAR_HEIGHT + theme::GAP + prediction::BARS_GAP + STACKED_BARS;
        let side = (stage.height() - below).min(stage.width() - MIN_ANSWER.x - theme::GAP);
        let side = side.max(MIN_PAD).floor();
        let pad = Rect::from_min_size(stage.min, Vec2::splat(side));
        let toolbar = row(stage, pad.bottom() + theme::GAP, stage.right());
        let bars = toolbar.bottom() + prediction::BARS_GAP;
        Self {
            pad,
            toolbar,
            answer: Rect::from_min_max(
                pos2(pad.right() + theme::GAP, pad.top()),
                pos2(stage.right(), pad.bottom()),
            ),
            bars: Rect::from_min_max(
                pos2(stage.left(), bars),
                pos2(stage.right(), stage.bottom().max(bars + STACKED_BARS)),
            ),
        }
    }
}

/// The place of the row of buttons.
fn row(stage: Rect, top: f32, right: f32) -> Rect {
    Rect::from_min_max(pos2(stage.left(), top), pos2(right, top + TOOLBAR_HEIGHT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pad_for_numbers_leaves_room_for_the_results() {
        let cases = [
            (vec2(608.0, 400.0), 0.7),
            (vec2(1068.0, 596.0), 0.7),
            (vec2(1888.0, 976.0), 0.7),
            // The bars are beside it.
            (vec2(608.0, 360.0), 0.65),
        ];
        for (size, share) in cases {
            let stage = Rect::from_min_size(pos2(16.0, 64.0), size);
            let layout = DrawLayout::of(stage, PadShape::Line);
            assert!(layout.bottom() <= stage.bottom() + 0.5, "{size}: in sight");
            assert!(layout.pad.width() > share * size.x, "{size}: and wide");
        }
    }
}
