//! The pad: pen input, and the drawing.

use egui::{
    Align2, Color32, Context, CornerRadius, CursorIcon, Event, Id, LayerId, Painter, PointerButton,
    Pos2, Rect, Sense, Stroke, StrokeKind, TextureId, Ui, WidgetInfo, accesskit::Role, pos2, vec2,
};

use super::{
    pad::{PadView, drawing::PadDrawing},
    theme::{self, Palette},
};
use crate::app::{action::Action, state::State};

/// The text of an empty pad.
const HINT: &str = "Draw a digit here";

/// The place of the pad in the last frame.
#[derive(Clone, Copy, Debug)]
struct PadPlace {
    paper: PadView,
    /// The part within the scroll area.
    visible: Rect,
    layer: LayerId,
}

/// The state of the pad between frames.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    place: Option<PadPlace>,
    pen_is_down: bool,
    drawing: Option<PadDrawing>,
    drawn_revision: u64,
}

impl Canvas {
    /// Every pen sample since the last frame, in order. Apply them before drawing the pad, so that the ink does not lag
    /// behind the pen.
    pub(super) fn pen_actions(&mut self, ctx: &Context) -> Vec<Action> {
        let mut actions = Vec::new();
        let Some(PadPlace {
            paper,
            visible,
            layer,
        }) = self.place
        else {
            if self.pen_is_down {
                self.pen_up(&mut actions);
            }
            return actions;
        };
        // A touch also sends pointer events; this reads only those.
        let events = ctx.input(|input| input.events.clone());
        for event in events {
            match event {
                Event::PointerButton {
                    pos,
                    button: PointerButton::Primary,
                    pressed: true,
                    ..
                } if visible.contains(pos) && ctx.layer_id_at(pos) == Some(layer) => {
                    self.pen_is_down = true;
                    actions.push(Action::PenDown(paper.pad_from_screen(pos)));
                }
                Event::PointerMoved(pos) if self.pen_is_down => {
                    actions.push(Action::PenMoved(paper.pad_from_screen(pos)));
                }
                Event::PointerButton {
                    pos,
                    button: PointerButton::Primary,
                    ..
                } if self.pen_is_down => {
                    actions.push(Action::PenMoved(paper.pad_from_screen(pos)));
                    self.pen_up(&mut actions);
                }
                // The pointer left the window, or a touch was canceled: no release follows.
                Event::PointerGone | Event::WindowFocused(false) if self.pen_is_down => {
                    self.pen_up(&mut actions);
                }
                _ => {}
            }
        }
        actions
    }

    fn pen_up(&mut self, actions: &mut Vec<Action>) {
        self.pen_is_down = false;
        actions.push(Action::PenUp);
    }

    /// Whether the pad was shown in the last frame.
    pub(super) fn is_shown(&self) -> bool {
        self.place.is_some()
    }

    /// Marks the pad as hidden, so that it takes no pen input.
    pub(super) fn hide(&mut self) {
        self.place = None;
    }

    /// Draws the pad into a square, with the picture if one replaces the drawing.
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        state: &State,
        picture: Option<TextureId>,
    ) {
        let palette = Palette::of(ui.style());
        let response = ui
            .interact(rect, Id::unique("pad"), Sense::DRAG)
            .on_hover_cursor(CursorIcon::Crosshair);
        response.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::Canvas, true, "Drawing pad");
            info.current_text_value = Some(description(state));
            info
        });
        let corners = CornerRadius::same(theme::RADIUS);
        ui.painter().rect_filled(rect, corners, palette.paper);
        let paper = PadView {
            rect,
            pixels_per_point: ui.pixels_per_point(),
            color: palette.ink,
        };
        if self
            .place
            .as_ref()
            .is_none_or(|before| before.paper.rect != rect)
        {
            let (corner, size) = (rect.min, rect.size());
            log::debug!(
                target: "digitpad",
                "pad at x={} y={} w={} h={}", corner.x, corner.y, size.x, size.y
            );
        }
        let visible = rect.intersect(ui.clip_rect());
        self.place = Some(PadPlace {
            paper,
            visible,
            layer: ui.layer_id(),
        });
        let clipped = ui.painter().with_clip_rect(visible.shrink(1.0));
        self.draw_ink(&clipped, paper, state);
        if let (Some(texture), Some(_)) = (picture, state.pad.picture()) {
            let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            // Within the round corners of the pad.
            clipped.image(texture, rect.shrink(3.0), whole, Color32::WHITE);
        }
        hint(&clipped, rect, state, palette);
        let outline = Stroke::new(1.0, palette.outline);
        ui.painter()
            .rect_stroke(rect, corners, outline, StrokeKind::Inside);
    }

    /// Updates the meshes of the drawing, and draws them.
    fn draw_ink(&mut self, painter: &Painter, paper: PadView, state: &State) {
        let known = self.drawing.take().filter(|known| known.paper() == paper);
        if known.is_none() || self.drawn_revision != state.pad.ink_revision() {
            self.drawn_revision = state.pad.ink_revision();
            let drawing = self
                .drawing
                .insert(known.unwrap_or_else(|| PadDrawing::blank(paper)));
            drawing.show(state.pad.ink().strokes());
        } else {
            self.drawing = known;
        }
        if let Some(drawing) = &mut self.drawing {
            if drawing.settle(painter.ctx()) {
                painter.ctx().request_repaint();
            }
            drawing.draw(painter);
        }
    }
}

/// The text of a pad without ink. Below a picture, the margin has room for it.
fn hint(painter: &Painter, rect: Rect, state: &State, palette: &Palette) {
    let large = (rect.width() * 0.06).clamp(theme::BODY, 40.0);
    let line = |pos: Pos2, text: &str, size: f32, color: Color32| {
        painter.text(pos, Align2::CENTER_CENTER, text, theme::font(size), color);
    };
    if let Some(picture) = state.pad.picture() {
        let small = (rect.width() * 0.035).clamp(theme::SMALL, 22.0);
        let foot = rect.center_bottom() - vec2(0.0, small);
        let name = foot - vec2(0.0, small * 1.3);
        line(name, &picture.name, small * 1.1, palette.text);
        line(foot, "Draw here for a new digit.", small, palette.weak);
    } else if state.pad.is_blank() {
        line(rect.center(), HINT, large, palette.weak);
    }
}

/// The accessible value of the pad.
fn description(state: &State) -> String {
    if let Some(picture) = state.pad.picture() {
        return format!("The picture {}", picture.name);
    }
    match state.pad.ink().strokes().len() {
        0 => format!("Empty. {HINT}"),
        1 => "1 stroke".to_owned(),
        count => format!("{count} strokes"),
    }
}
