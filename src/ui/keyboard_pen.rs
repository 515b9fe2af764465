//! The pen of the keyboard: with the focus on the pad, the arrow keys move it, and Space puts it down or lifts it.

use egui::{Context, Event, EventFilter, Id, Key, Modifiers, Painter, Stroke};

use super::{pad::PadView, theme::Palette};
use crate::{
    app::{
        action::Action,
        state::{State, pad::PadFrame},
    },
    ink::Point,
};

/// The distance of one key press, in heights of the pad.
const STEP: f32 = 1.0 / 32.0;
/// The arrow keys with their directions.
const ARROWS: [(Key, [f32; 2]); 4] = [
    (Key::ArrowLeft, [-STEP, 0.0]),
    (Key::ArrowRight, [STEP, 0.0]),
    (Key::ArrowUp, [0.0, -STEP]),
    (Key::ArrowDown, [0.0, STEP]),
];

/// The pen of the keyboard.
#[derive(Debug, Default)]
pub(super) struct KeyboardPen {
    /// Its place while it is shown.
    at: Option<Point>,
    is_down: bool,
}

impl KeyboardPen {
    /// Whether the pen is shown. Then the arrow keys are its own.
    pub(super) fn is_shown(&self) -> bool {
        self.at.is_some()
    }

    /// The actions of the keys while the pad has the focus. Without the focus, the pen goes.
    pub(super) fn actions(&mut self, ctx: &Context, pad: Id, state: &State) -> Vec<Action> {
        let mut actions = Vec::new();
        if !ctx.memory(|memory| memory.has_focus(pad)) {
            self.lift(&mut actions);
            self.at = None;
            return actions;
        }
        let arrows = EventFilter {
            horizontal_arrows: true,
            vertical_arrows: true,
            ..EventFilter::default()
        };
        ctx.memory_mut(|memory| memory.set_focus_lock_filter(pad, arrows));
        for event in ctx.input(|input| input.events.clone()) {
            let Event::Key {
                key,
                pressed: true,
                repeat,
                modifiers: Modifiers::NONE,
                ..
            } = event
            else {
                continue;
            };
            let is_arrow = ARROWS.iter().any(|(arrow, _)| *arrow == key);
            if key == Key::Space && !repeat {
                self.switch(state, &mut actions);
            } else if is_arrow && (self.is_shown() || state.pad.number().is_none()) {
                // Two arrow keys together move diagonally.
                let held = ctx.input(|input| input.keys_down.clone());
                let is_moved = |arrow| arrow == key || held.contains(&arrow);
                let moved = ARROWS.iter().filter(|(arrow, _)| is_moved(*arrow));
                let PadFrame { corner, height } = state.pad.frame();
                let at = moved.fold(self.place(state), |at, (_, [x, y])| {
                    at + Point::new(*x, *y) * height
                });
                let width = state.settings.pad_shape.width();
                let end = corner + Point::new(width, 1.0) * height;
                let at = Point::new(at.x.clamp(corner.x, end.x), at.y.clamp(corner.y, end.y));
                self.at = Some(at);
                if self.is_down {
                    actions.push(Action::PenMoved(at));
                }
            }
        }
        actions
    }

    fn place(&self, state: &State) -> Point {
        let PadFrame { corner, height } = state.pad.frame();
        self.at.unwrap_or(corner + Point::new(0.5, 0.5) * height)
    }

    fn switch(&mut self, state: &State, actions: &mut Vec<Action>) {
        if self.is_down {
            self.lift(actions);
        } else {
            let at = *self.at.insert(self.place(state));
            self.is_down = true;
            actions.push(Action::PenDown(at));
        }
    }

    fn lift(&mut self, actions: &mut Vec<Action>) {
        if std::mem::take(&mut self.is_down) {
            actions.push(Action::PenUp);
        }
    }

    /// Draws a ring around the place of the pen.
    pub(super) fn draw(&self, painter: &Painter, paper: &PadView, palette: &Palette) {
        let Some(at) = self.at else { return };
        let width = if self.is_down { 3.0 } else { 1.5 };
        let ring = Stroke::new(width, palette.accent);
        painter.circle_stroke(paper.screen_from_pad(at), paper.radius() + 4.0, ring);
    }
}
