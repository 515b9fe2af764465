//! The pad: pen input, and the drawing.

use std::fmt;

use egui::{
    Align2, Color32, Context, CornerRadius, CursorIcon, Event, Id, LayerId, Painter, PointerButton,
    Popup, Pos2, Rect, Sense, Stroke, StrokeKind, TextureId, TouchId, TouchPhase, Ui, WidgetInfo,
    accesskit::Role, pos2, vec2,
};

use super::{
    keyboard_pen::KeyboardPen,
    number::{arrow_actions, brackets, digit_at},
    pad::{PadView, drawing::PadDrawing},
    picture::{ShownPicture, hint_size},
    theme::{self, Palette},
};
use crate::{
    app::{
        action::Action,
        state::{State, pad::ERASER_REACH},
    },
    ink::{Point, normalize},
    store::settings::PadShape,
};

/// All of a texture.
pub(super) const WHOLE: Rect = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
/// The largest movement of a tap, in points.
const TAP: f32 = 4.0;
const KEYS_HINT: &str = "Arrow keys move the pen, Space puts it down";

/// The place of the pad in the last frame.
#[derive(Clone, Copy, Debug)]
struct PadPlace {
    paper: PadView,
    /// The part within the scroll area.
    visible: Rect,
    layer: LayerId,
}

/// The use of the pointer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum PointerUse {
    #[default]
    Up,
    Draws,
    /// With this button.
    Erases(PointerButton),
}

/// A press that draws nothing unless the pointer moves.
#[derive(Clone, Copy, Debug)]
struct Tap {
    from: Pos2,
    /// The digit that it selects. A tap that closes a menu selects none.
    digit: Option<usize>,
}

/// The state of the pad between frames.
#[derive(Default)]
pub(super) struct Canvas {
    place: Option<PadPlace>,
    pen: PointerUse,
    keyboard: KeyboardPen,
    /// The finger that draws.
    finger: Option<TouchId>,
    /// Whether the pad was drawn in this frame.
    is_drawn: bool,
    tap: Option<Tap>,
    drawing: Option<PadDrawing>,
    drawn_revision: u64,
    picture: ShownPicture,
}

impl fmt::Debug for Canvas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canvas").finish_non_exhaustive()
    }
}

impl Canvas {
    /// Every pen sample since the last frame, in order. Apply them before drawing the pad, so that the ink does not lag
    /// behind the pen.
    pub(super) fn pen_actions(&mut self, ctx: &Context, state: &State) -> Vec<Action> {
        let mut actions = Vec::new();
        let Some(PadPlace {
            paper,
            visible,
            layer,
        }) = self.place
        else {
            if self.pen != PointerUse::Up {
                self.lift(&mut actions);
            }
            return actions;
        };
        // The first finger also sends pointer events; its touches tell only which finger draws. No other finger draws.
        let events = ctx.input(|input| input.events.clone());
        actions.extend(self.keyboard.actions(ctx, pad_id(), state));
        if !self.keyboard.is_shown() {
            actions.extend(arrow_actions(ctx, pad_id(), state));
        }
        let mut touched = None;
        for event in events {
            match event {
                Event::Touch { id, phase, .. } => match phase {
                    TouchPhase::Start => touched = Some(id),
                    TouchPhase::Cancel if self.picture.is_pressed() => self.picture.cancel(),
                    TouchPhase::Cancel
                        if self.finger == Some(id) && self.pen == PointerUse::Draws =>
                    {
                        self.lift(&mut actions);
                        actions.pop();
                        actions.push(Action::PenCanceled);
                    }
                    _ => {}
                },
                Event::PointerButton {
                    pos,
                    button,
                    pressed: true,
                    ..
                } if self.pen == PointerUse::Up
                    && visible.contains(pos)
                    && ctx.layer_id_at(pos) == Some(layer) =>
                {
                    self.finger = touched;
                    if button == PointerButton::Primary
                        && self.picture.press(pos, Popup::is_any_open(ctx))
                    {
                        continue;
                    }
                    let digit = digit_at(&paper, state, pos).filter(|_| !state.pad.uses_eraser());
                    if button == PointerButton::Primary
                        && (digit.is_some() || Popup::is_any_open(ctx))
                    {
                        self.tap = Some(Tap { from: pos, digit });
                    } else {
                        self.press(paper.pad_from_screen(pos), button, state, &mut actions);
                    }
                }
                Event::PointerMoved(pos) => {
                    self.picture.move_to(pos);
                    let is_moved = |tap: &mut Tap| tap.from.distance(pos) > TAP;
                    if let Some(Tap { from, .. }) = self.tap.take_if(is_moved) {
                        let from = paper.pad_from_screen(from);
                        self.press(from, PointerButton::Primary, state, &mut actions);
                    }
                    self.move_to(paper.pad_from_screen(pos), &mut actions);
                }
                Event::PointerButton {
                    pos,
                    button: PointerButton::Primary,
                    pressed: false,
                    ..
                } if self.picture.is_pressed() => {
                    self.picture.move_to(pos);
                    actions.extend(self.picture.release());
                }
                Event::PointerButton {
                    button: PointerButton::Primary,
                    ..
                } if self.tap.is_some() => {
                    let digit = self.tap.take().and_then(|tap| tap.digit);
                    actions.extend(digit.map(Action::SelectDigit));
                }
                Event::PointerButton { pos, button, .. } if self.is_down_by(button) => {
                    self.move_to(paper.pad_from_screen(pos), &mut actions);
                    self.lift(&mut actions);
                }
                Event::PointerGone | Event::WindowFocused(false) if self.picture.is_pressed() => {
                    self.picture.cancel();
                }
                // The pointer left the window: no release follows.
                Event::PointerGone | Event::WindowFocused(false) if self.pen != PointerUse::Up => {
                    self.lift(&mut actions);
                }
                _ => {}
            }
        }
        actions
    }

    /// Puts the pen or the eraser down.
    fn press(
        &mut self,
        point: Point,
        button: PointerButton,
        state: &State,
        actions: &mut Vec<Action>,
    ) {
        self.pen = match button {
            PointerButton::Primary if !state.pad.uses_eraser() => PointerUse::Draws,
            PointerButton::Primary | PointerButton::Secondary => PointerUse::Erases(button),
            _ => return,
        };
        actions.push(match self.pen {
            PointerUse::Draws => Action::PenDown(point),
            _ => Action::Erase(point),
        });
    }

    fn is_down_by(&self, button: PointerButton) -> bool {
        match self.pen {
            PointerUse::Up => false,
            PointerUse::Draws => button == PointerButton::Primary,
            PointerUse::Erases(by) => button == by,
        }
    }

    fn move_to(&self, point: Point, actions: &mut Vec<Action>) {
        actions.extend(match self.pen {
            PointerUse::Up => None,
            PointerUse::Draws => Some(Action::PenMoved(point)),
            PointerUse::Erases(_) => Some(Action::Erase(point)),
        });
    }

    fn lift(&mut self, actions: &mut Vec<Action>) {
        self.pen = PointerUse::Up;
        self.finger = None;
        actions.push(Action::PenUp);
    }

    /// Whether the pad was shown in the last frame.
    pub(super) fn is_shown(&self) -> bool {
        self.place.is_some()
    }

    /// Ends a frame. A pad that was not drawn takes no pen input.
    pub(super) fn end_frame(&mut self) {
        if !std::mem::take(&mut self.is_drawn) {
            self.place = None;
        }
    }

    /// Draws the pad into a square, with the picture if one replaces the drawing.
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        state: &State,
        picture: Option<TextureId>,
        actions: &mut Vec<Action>,
    ) {
        let rect = fitted(rect, state.settings.pad_shape.width());
        let palette = Palette::of(ui.style());
        let response = ui
            .interact(rect, pad_id(), Sense::DRAG | Sense::FOCUSABLE)
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
            frame: state.pad.frame(),
            pixels_per_point: ui.pixels_per_point(),
            color: palette.ink,
            pen_width: state.settings.pen_width.of_pad(),
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
        self.is_drawn = true;
        self.place = Some(PadPlace {
            paper,
            visible,
            layer: ui.layer_id(),
        });
        let clipped = ui.painter().with_clip_rect(visible.shrink(1.0));
        self.draw_ink(&clipped, paper, state);
        self.picture.ui(ui, &clipped, rect, state, picture, actions);
        if state.settings.guides {
            guides_ui(&clipped, &paper, state, palette);
        }
        if let (None, Some(shown)) = (state.pad.picture(), state.pad.number()) {
            brackets(&clipped, &paper, shown);
        }
        hint(&clipped, rect, state, response.has_focus(), palette);
        self.keyboard.draw(&clipped, &paper, palette);
        let erases = state.pad.uses_eraser() || matches!(self.pen, PointerUse::Erases(_));
        if let Some(pos) = response.hover_pos().filter(|_| erases) {
            let reach = ERASER_REACH * rect.height();
            let line = Stroke::new(1.5, palette.weak);
            clipped.circle_stroke(pos, reach, line);
        }
        let outline = Stroke::new(1.0, palette.outline);
        ui.painter()
            .rect_stroke(rect, corners, outline, StrokeKind::Inside);
    }

    /// Updates the meshes of the drawing, and draws them.
    fn draw_ink(&mut self, painter: &Painter, paper: PadView, state: &State) {
        let known = self.drawing.take().filter(|known| known.paper() == paper);
        if known.is_none() || self.drawn_revision != state.pad.revision() {
            self.drawn_revision = state.pad.revision();
            let drawing = self
                .drawing
                .insert(known.unwrap_or_else(|| PadDrawing::blank(paper)));
            drawing.show(state.pad.shown_ink().strokes());
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

/// Draws the box of the digit, the square that becomes 20×20 pixels, and the center of mass: of a number, those of its
/// selected digit.
fn guides_ui(painter: &Painter, paper: &PadView, state: &State, palette: &Palette) {
    let Some(guides) = normalize::guides(state.pad.explained_ink()) else {
        return;
    };
    let boxes = [
        (guides.digit, Stroke::new(1.0, palette.weak)),
        (guides.frame, Stroke::new(1.5, palette.accent)),
    ];
    for (bounds, stroke) in boxes {
        let corners = [bounds.min, bounds.max].map(|corner| paper.screen_from_pad(corner));
        let place = Rect::from_min_max(corners[0], corners[1]);
        painter.rect_stroke(place, CornerRadius::ZERO, stroke, StrokeKind::Middle);
    }
    let center = paper.screen_from_pad(guides.center_of_mass);
    let line = Stroke::new(2.0, palette.second);
    let arm = 8.0;
    painter.hline(center.x - arm..=center.x + arm, center.y, line);
    painter.vline(center.x, center.y - arm..=center.y + arm, line);
}

/// The largest place of this aspect at the top of a rectangle.
fn fitted(rect: Rect, aspect: f32) -> Rect {
    let width = rect.width().min(rect.height() * aspect);
    let size = vec2(width, width / aspect);
    Rect::from_min_size(pos2(rect.center().x - width / 2.0, rect.top()), size)
}

/// The id of the pad.
pub(super) fn pad_id() -> Id {
    Id::unique("pad")
}

/// The text of an empty pad.
fn hint(painter: &Painter, rect: Rect, state: &State, has_focus: bool, palette: &Palette) {
    let large = (rect.width() * 0.06).clamp(theme::BODY, 40.0);
    let line = |pos: Pos2, text: &str, size: f32, color: Color32| {
        painter.text(pos, Align2::CENTER_CENTER, text, theme::font(size), color);
    };
    if state.pad.is_blank() {
        line(rect.center(), empty_hint(state), large, palette.weak);
        if has_focus {
            let below = rect.center() + vec2(0.0, 2.0 * large);
            line(below, KEYS_HINT, hint_size(rect), palette.weak);
        }
    }
}

/// The text of an empty pad.
fn empty_hint(state: &State) -> &'static str {
    match state.settings.pad_shape {
        PadShape::Square => "Draw a digit here",
        PadShape::Line => "Draw a number here",
    }
}

/// The accessible value of the pad.
fn description(state: &State) -> String {
    if let Some(picture) = state.pad.picture() {
        let part = match (&picture.view, &picture.whole) {
            (Some(_), Some(_)) => ", a part of it",
            (None, Some(_)) => ", taken out of its picture",
            (_, None) => "",
        };
        return format!("The picture {}{part}", picture.name);
    }
    match state.pad.ink().strokes().len() {
        0 => format!("Empty. {}. {KEYS_HINT}", empty_hint(state)),
        1 => "1 stroke".to_owned(),
        count => format!("{count} strokes"),
    }
}
