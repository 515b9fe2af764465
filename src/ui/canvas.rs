//! The pad: takes the pen in, and shows the drawing.

use egui::{
    Align2, Color32, Context, CornerRadius, CursorIcon, Event, Id, LayerId, Painter, PointerButton,
    Pos2, Rect, Sense, Stroke, StrokeKind, TextureId, Ui, WidgetInfo, accesskit::Role, pos2, vec2,
};

use super::{
    pad::{Paper, drawing::Drawing},
    theme::{self, Palette},
};
use crate::app::{action::Action, state::State};

/// What an empty pad says.
const HINT: &str = "Draw a digit here";

/// Where the pad was drawn last.
#[derive(Clone, Copy, Debug)]
struct Place {
    paper: Paper,
    /// The part that is not scrolled out of sight.
    visible: Rect,
    layer: LayerId,
}

/// What the pad remembers between frames: where it is, whether the pen is down, and what was drawn.
#[derive(Debug, Default)]
pub struct Canvas {
    place: Option<Place>,
    pen_is_down: bool,
    drawing: Option<Drawing>,
    drawn_revision: u64,
}

impl Canvas {
    /// What the pen did since the last frame: every sample, in order. To be called, and applied,
    /// before the pad is drawn, so that the ink does not lag behind the pen.
    pub fn pen_actions(&mut self, ctx: &Context) -> Vec<Action> {
        let mut actions = Vec::new();
        let Some(Place {
            paper,
            visible,
            layer,
        }) = self.place
        else {
            if self.pen_is_down {
                self.lift(&mut actions);
            }
            return actions;
        };
        // A touch comes as pointer events as well, and those are what is read here.
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
                    self.lift(&mut actions);
                }
                // The pointer left the window, or a touch was canceled: no release will come.
                Event::PointerGone | Event::WindowFocused(false) if self.pen_is_down => {
                    self.lift(&mut actions);
                }
                _ => {}
            }
        }
        actions
    }

    fn lift(&mut self, actions: &mut Vec<Action>) {
        self.pen_is_down = false;
        actions.push(Action::PenUp);
    }

    /// The pad is not in the window now, so the pen cannot touch it.
    pub(crate) fn hide(&mut self) {
        self.place = None;
    }

    /// Draws the pad into a square. A picture that is read in place of a drawing is shown on it.
    pub(crate) fn ui(
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
        let paper = Paper {
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
        self.place = Some(Place {
            paper,
            visible,
            layer: ui.layer_id(),
        });
        let clipped = ui.painter().with_clip_rect(visible.shrink(1.0));
        self.draw_ink(&clipped, paper, state);
        if let (Some(texture), Some(_)) = (picture, state.picture()) {
            let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            // It stays within the pad's round corners.
            clipped.image(texture, rect.shrink(3.0), whole, Color32::WHITE);
        }
        hint(&clipped, rect, state, palette);
        let outline = Stroke::new(1.0, palette.outline);
        ui.painter()
            .rect_stroke(rect, corners, outline, StrokeKind::Inside);
    }

    /// Brings what is kept of the drawing up to date, and draws it.
    fn draw_ink(&mut self, painter: &Painter, paper: Paper, state: &State) {
        let known = self.drawing.take().filter(|known| known.paper() == paper);
        if known.is_none() || self.drawn_revision != state.ink_revision() {
            self.drawn_revision = state.ink_revision();
            let drawing = self
                .drawing
                .insert(known.unwrap_or_else(|| Drawing::blank(paper)));
            drawing.show(state.ink().strokes());
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

/// What a pad without ink says. Below a picture there is room for it: the network's has a margin.
fn hint(painter: &Painter, rect: Rect, state: &State, palette: &Palette) {
    let large = (rect.width() * 0.06).clamp(theme::BODY, 40.0);
    let line = |pos: Pos2, text: &str, size: f32, color: Color32| {
        painter.text(pos, Align2::CENTER_CENTER, text, theme::font(size), color);
    };
    if let Some(picture) = state.picture() {
        let small = (rect.width() * 0.035).clamp(theme::SMALL, 22.0);
        let foot = rect.center_bottom() - vec2(0.0, small);
        let name = foot - vec2(0.0, small * 1.3);
        line(name, &picture.name, small * 1.1, palette.text);
        line(foot, "Draw here to go on.", small, palette.weak);
    } else if state.is_blank() {
        line(rect.center(), HINT, large, palette.weak);
    }
}

/// The pad in words.
fn description(state: &State) -> String {
    if let Some(picture) = state.picture() {
        return format!("The picture {}", picture.name);
    }
    match state.ink().strokes().len() {
        0 => format!("Empty. {HINT}"),
        1 => "1 stroke".to_owned(),
        count => format!("{count} strokes"),
    }
}
