//! The history: the last drawings, also of earlier sessions.

use std::{sync::Arc, time::Duration};

use super::State;
use crate::{
    app::action::Effect,
    ink::Ink,
    recognition::RecognizedDrawing,
    store::{history::HistoryTask, settings::PadShape},
};

/// The time from the last change of a drawing to its place in the history.
const SETTLED: Duration = Duration::from_secs(2);

/// The last drawings.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The drawings with the predictions of the model in use, the oldest first.
    pub list: Vec<RecognizedDrawing>,
    /// Counts the lists.
    pub version: u64,
    /// The version of the drawing on the pad that is in the history. The next version replaces it.
    recorded: Option<Ink>,
    /// The revision of the pad, and when it changed.
    changed: (u64, Duration),
    /// Whether the history of earlier sessions is known.
    is_known: bool,
}

impl State {
    /// Records a drawing that has not changed for a while, so that it survives a crash. Returns the time until then.
    pub fn record_settled(&mut self, out: &mut Vec<Effect>) -> Option<Duration> {
        let revision = self.pad.ink_revision();
        if self.history.changed.0 != revision {
            self.history.changed = (revision, self.now);
        }
        let ink = self.pad.ink();
        if ink.is_empty() || self.history.recorded.as_ref() == Some(ink) {
            return None;
        }
        let wait = (self.history.changed.1 + SETTLED).saturating_sub(self.now);
        if wait.is_zero() {
            self.record_drawing(out);
            return None;
        }
        Some(wait)
    }

    /// Records the drawing on the pad.
    pub fn record_drawing(&mut self, out: &mut Vec<Effect>) {
        let ink = self.pad.ink();
        if ink.is_empty() || self.history.recorded.as_ref() == Some(ink) {
            return;
        }
        let ink = ink.clone();
        let replaces = self.history.recorded.replace(ink.clone());
        let model = Arc::clone(self.models.in_use());
        out.push(Effect::History(HistoryTask::Add { ink, replaces }, model));
    }

    /// Records the drawing, which leaves the pad. The next one does not replace it.
    pub(super) fn leave_drawing(&mut self, out: &mut Vec<Effect>) {
        self.record_drawing(out);
        self.history.recorded = None;
    }

    /// Puts the drawing of this index on the pad.
    pub(super) fn show_drawing(&mut self, index: usize, out: &mut Vec<Effect>) {
        let Some(drawing) = self.history.list.get(index) else {
            return;
        };
        let ink = drawing.record.as_drawn();
        self.leave_drawing(out);
        self.show_pad();
        self.put_on_pad(ink);
    }

    /// Puts a drawing where it was. A number that is wider than the square pad needs the line.
    pub(super) fn put_on_pad(&mut self, ink: Ink) {
        if PadShape::of(&ink) == PadShape::Line {
            self.settings.pad_shape = PadShape::Line;
        }
        let shape = self.settings.pad_shape;
        self.pad.exchange(shape, |editor| editor.replace(ink));
    }

    /// Asks for the history with the predictions of the model in use.
    pub(super) fn list_history(&self, out: &mut Vec<Effect>) {
        if self.history.is_known {
            let model = Arc::clone(self.models.in_use());
            out.push(Effect::History(HistoryTask::List, model));
        }
    }

    /// Takes the history. The first one restores the last drawing of the session before.
    pub(super) fn on_history(&mut self, list: Vec<RecognizedDrawing>) {
        let is_first = !std::mem::replace(&mut self.history.is_known, true);
        if is_first
            && self.pad.is_blank()
            && !self.pad.can_undo()
            && let Some(last) = list.last()
        {
            let ink = last.record.as_drawn();
            self.history.recorded = Some(ink.clone());
            self.put_on_pad(ink);
        }
        self.history.list = list;
        self.history.version += 1;
    }
}
