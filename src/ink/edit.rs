//! Drawing, undoing and redoing.

use std::collections::VecDeque;

use super::{Ink, Point, Stroke};

/// More points than a person draws in one stroke; beyond it a stroke is kept at half its density.
pub const MAX_STROKE_POINTS: usize = 8192;
/// How many steps can be taken back.
pub const MAX_UNDO_STEPS: usize = 500;

/// What [`InkEditor::undo`] takes back.
#[derive(Clone, Debug)]
enum Undo {
    /// The last stroke was drawn.
    Stroke,
    /// All ink was exchanged; this is what was there.
    Ink(Ink),
}

/// What [`InkEditor::redo`] brings back.
#[derive(Clone, Debug)]
enum Redo {
    Stroke(Stroke),
    Ink(Ink),
}

/// The drawing on the pad, with its history.
///
/// Nothing that is asked of it is an error: samples without a pen down, points that are no numbers and
/// undoing nothing leave it as it is.
#[derive(Clone, Debug, Default)]
pub struct InkEditor {
    ink: Ink,
    /// Whether the last stroke of `ink` is still being drawn.
    pen_is_down: bool,
    undo: VecDeque<Undo>,
    redo: Vec<Redo>,
    revision: u64,
}

impl InkEditor {
    /// Puts the pen down, which leaves a dot at once. A stroke still under the pen ends first.
    pub fn begin(&mut self, point: Point) {
        self.end();
        if let Some(stroke) = Stroke::new(vec![point]) {
            self.ink.push(stroke);
            self.pen_is_down = true;
            self.remember(Undo::Stroke);
        }
    }

    /// Moves the pen. A sample where the pen already is adds nothing.
    pub fn extend(&mut self, point: Point) {
        if !self.pen_is_down || !point.is_finite() {
            return;
        }
        let Some(Stroke(points)) = self.ink.0.last_mut() else {
            return;
        };
        if points.last() == Some(&point) {
            return;
        }
        if points.len() == MAX_STROKE_POINTS {
            let mut index = 0;
            points.retain(|_| {
                index += 1;
                index % 2 == 1
            });
        }
        points.push(point);
        self.revision += 1;
    }

    /// Lifts the pen.
    pub fn end(&mut self) {
        self.pen_is_down = false;
    }

    /// Removes all ink.
    pub fn clear(&mut self) {
        self.replace(Ink::default());
    }

    /// Puts another drawing in place of this one.
    pub fn replace(&mut self, ink: Ink) {
        self.end();
        if ink != self.ink {
            let before = std::mem::replace(&mut self.ink, ink);
            self.remember(Undo::Ink(before));
        }
    }

    /// Takes the last step back: a stroke (also one still under the pen), a clear or a replacement.
    pub fn undo(&mut self) {
        self.end();
        let redo = match self.undo.pop_back() {
            Some(Undo::Stroke) => self.ink.0.pop().map(Redo::Stroke),
            Some(Undo::Ink(before)) => Some(Redo::Ink(std::mem::replace(&mut self.ink, before))),
            None => None,
        };
        if let Some(redo) = redo {
            self.redo.push(redo);
            self.revision += 1;
        }
    }

    /// Takes the last undo back. A stroke under the pen has already made that impossible.
    pub fn redo(&mut self) {
        let undo = match self.redo.pop() {
            Some(Redo::Stroke(stroke)) => {
                self.ink.push(stroke);
                Undo::Stroke
            }
            Some(Redo::Ink(after)) => Undo::Ink(std::mem::replace(&mut self.ink, after)),
            None => return,
        };
        self.undo.push_back(undo);
        self.revision += 1;
    }

    /// Whether there is a step to take back.
    pub fn can_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    /// Whether there is an undo to take back.
    pub fn can_redo(&self) -> bool {
        !self.redo.is_empty()
    }

    /// The drawing, with the stroke under the pen.
    pub fn ink(&self) -> &Ink {
        &self.ink
    }

    /// A number that changes whenever the ink does.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    fn remember(&mut self, step: Undo) {
        if self.undo.len() == MAX_UNDO_STEPS {
            self.undo.pop_front();
        }
        self.undo.push_back(step);
        self.redo.clear();
        self.revision += 1;
    }
}
