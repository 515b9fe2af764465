//! Drawing, erasing, undo and redo.

use std::{collections::VecDeque, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{Ink, Point, Stroke, erase::Swath, file::InkRecord};
use crate::{bitmap::Bitmap, picture::PictureView};

/// More points than a person draws in one stroke. A stroke that reaches it is thinned to half its density.
pub const MAX_STROKE_POINTS: usize = 8192;
/// The largest number of undo steps.
const MAX_UNDO_STEPS: usize = 500;

/// What an eraser removes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Eraser {
    /// All of each stroke that it touches.
    #[default]
    WholeStrokes,
    /// What it touches. It cuts strokes.
    Touched,
}

impl Eraser {
    /// The name in the window.
    pub fn name(self) -> &'static str {
        match self {
            Self::WholeStrokes => "whole strokes",
            Self::Touched => "what it touches",
        }
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::WholeStrokes => Self::Touched,
            Self::Touched => Self::WholeStrokes,
        }
    }
}

/// A picture on the pad, in place of strokes.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// The name to show.
    pub name: String,
    /// The picture as the network's input.
    pub bitmap: Bitmap,
    /// The picture as it is, if it is more than the input.
    pub view: Option<Arc<PictureView>>,
    /// The picture that it is a part or a digit of.
    pub whole: Option<Arc<Self>>,
}

impl Picture {
    /// A picture that is its own input.
    pub fn new(name: impl Into<String>, bitmap: Bitmap) -> Self {
        Self {
            name: name.into(),
            bitmap,
            view: None,
            whole: None,
        }
    }
}

/// The content of the pad: strokes or a picture, and the corrections that are saved of it: one of each digit at most.
#[derive(Clone, Debug, Default, PartialEq)]
struct Content {
    ink: Ink,
    picture: Option<Picture>,
    corrections: Vec<InkRecord>,
}

impl Content {
    fn looks_like(&self, other: &Self) -> bool {
        self.ink == other.ink && self.picture == other.picture
    }
}

/// What an undo or a redo of a correction changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Relabeling {
    /// The correction that goes.
    pub before: Option<InkRecord>,
    /// The correction that comes.
    pub after: Option<InkRecord>,
}

/// The use of the pen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum PenUse {
    #[default]
    Up,
    /// The last stroke is unfinished.
    Draws,
    /// The eraser has removed something. All that it removes until it is lifted is one step.
    Erases,
}

/// The content of the pad and its history.
///
/// No call is an error: samples while the pen is up, points that are not finite, and an undo without history change
/// nothing.
#[derive(Clone, Debug, Default)]
pub struct InkEditor {
    content: Content,
    pen: PenUse,
    /// Contents share the points of their strokes, so that each costs little.
    undo: VecDeque<Content>,
    redo: Vec<Content>,
    revision: u64,
}

impl InkEditor {
    /// Puts the pen down, which draws a dot. An unfinished stroke ends first, and a picture goes.
    pub fn begin(&mut self, point: Point) {
        self.end();
        if let Some(stroke) = Stroke::new(vec![point]) {
            let mut ink = self.content.ink.clone();
            ink.push(stroke);
            self.replace(ink);
            self.pen = PenUse::Draws;
        }
    }

    /// Moves the pen. A sample at the pen's place adds nothing.
    pub fn extend(&mut self, point: Point) {
        if self.pen != PenUse::Draws || !point.is_finite() {
            return;
        }
        let Some(stroke) = self.content.ink.0.last_mut() else {
            return;
        };
        if stroke.points().last() == Some(&point) {
            return;
        }
        let points = stroke.points_mut();
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

    /// Lifts the pen or the eraser.
    pub fn end(&mut self) {
        self.pen = PenUse::Up;
    }

    /// Whether the pen or the eraser is down and has changed something.
    pub fn is_down(&self) -> bool {
        self.pen != PenUse::Up
    }

    /// Takes the unfinished stroke back. Redo does not restore it.
    pub fn cancel(&mut self) {
        if self.pen == PenUse::Draws
            && let Some(before) = self.undo.pop_back()
        {
            self.content = before;
            self.revision += 1;
        }
        self.end();
    }

    /// Removes what the eraser touches on its way between two points, at a distance of up to `reach`.
    pub fn erase(&mut self, eraser: Eraser, from: Point, to: Point, reach: f32) {
        let swath = Swath { from, to, reach };
        let mut is_changed = false;
        let mut left = Ink::default();
        for stroke in self.content.ink.strokes() {
            match swath.cut(stroke) {
                None => left.push(stroke.clone()),
                Some(parts) => {
                    is_changed = true;
                    let is_cut = eraser == Eraser::Touched;
                    left.0.extend(parts.into_iter().filter(|_| is_cut));
                }
            }
        }
        if !is_changed {
            return;
        }
        if self.pen == PenUse::Erases {
            self.content.ink = left;
            self.revision += 1;
        } else {
            self.replace(left);
            self.pen = PenUse::Erases;
        }
    }

    /// Removes all ink and the picture.
    pub fn clear(&mut self) {
        self.replace(Ink::default());
    }

    /// Replaces the content by ink.
    pub fn replace(&mut self, ink: Ink) {
        self.exchange(Content {
            ink,
            ..Content::default()
        });
    }

    /// Replaces the content by a picture.
    pub fn show(&mut self, picture: Picture) {
        self.exchange(Content {
            picture: Some(picture),
            ..Content::default()
        });
    }

    /// Adds a correction of the content, in place of another one, which may be of an earlier session.
    pub fn correct(&mut self, before: Option<&InkRecord>, after: Option<InkRecord>) {
        let is_known = |record: &InkRecord| self.content.corrections.contains(record);
        if let Some(before) = before
            && !is_known(before)
            && !after.as_ref().is_some_and(is_known)
        {
            self.content.corrections.push(before.clone());
        }
        let mut content = self.content.clone();
        content
            .corrections
            .retain(|known| Some(known) != before && Some(known) != after.as_ref());
        content.corrections.extend(after);
        self.exchange(content);
    }

    /// Reverts the last step: a stroke, even an unfinished one, a label, a clear or a replacement.
    pub fn undo(&mut self) -> Option<Relabeling> {
        self.end();
        let before = self.undo.pop_back()?;
        let (after, relabeling) = self.set(before);
        self.redo.push(after);
        relabeling
    }

    /// Reverts the last undo. Any new step makes that impossible.
    pub fn redo(&mut self) -> Option<Relabeling> {
        self.end();
        let after = self.redo.pop()?;
        let (before, relabeling) = self.set(after);
        self.undo.push_back(before);
        relabeling
    }

    /// Whether there is a step to undo.
    pub fn can_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    /// Whether there is a step to redo.
    pub fn can_redo(&self) -> bool {
        !self.redo.is_empty()
    }

    /// The drawing, including an unfinished stroke.
    pub fn ink(&self) -> &Ink {
        &self.content.ink
    }

    /// The picture in place of the drawing.
    pub fn picture(&self) -> Option<&Picture> {
        self.content.picture.as_ref()
    }

    /// The corrections that are saved of the content.
    pub fn corrections(&self) -> &[InkRecord] {
        &self.content.corrections
    }

    /// Whether a redo adds this correction.
    pub fn redoes(&self, correction: &InkRecord) -> bool {
        let next = self.redo.last();
        next.is_some_and(|next| next.corrections.contains(correction))
    }

    /// A number that changes with the ink and the picture.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    fn exchange(&mut self, content: Content) {
        self.end();
        if content == self.content {
            return;
        }
        let (before, _) = self.set(content);
        if self.undo.len() == MAX_UNDO_STEPS {
            self.undo.pop_front();
        }
        self.undo.push_back(before);
        self.redo.clear();
    }

    /// Sets the content. Returns the one before, and the change of the label if nothing else changes.
    fn set(&mut self, content: Content) -> (Content, Option<Relabeling>) {
        let before = std::mem::replace(&mut self.content, content);
        if before.looks_like(&self.content) {
            let only_in = |these: &[InkRecord], others: &[InkRecord]| {
                let mut these = these.iter();
                these.find(|record| !others.contains(record)).cloned()
            };
            let relabeling = Relabeling {
                before: only_in(&before.corrections, &self.content.corrections),
                after: only_in(&self.content.corrections, &before.corrections),
            };
            return (before, Some(relabeling));
        }
        self.revision += 1;
        (before, None)
    }
}

#[cfg(test)]
mod tests;
