//! The way to the window's end, and what is asked before.

use super::State;

/// The way to the window's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// It stays.
    No,
    /// It asks first, because something would be lost.
    Asks,
    /// It may close whatever is lost.
    Confirmed,
}

impl State {
    /// Whether closing now would end a training or lose a trained model.
    pub fn has_unsaved_work(&self) -> bool {
        self.training.state.active_run().is_some() || self.models.unsaved().next().is_some()
    }

    /// Whether something is asked that has the keyboard until it is answered.
    pub fn has_prompt(&self) -> bool {
        self.path_prompt.is_some() || self.has_modal()
    }

    /// Whether something is asked that even a path has to wait for.
    pub fn has_modal(&self) -> bool {
        self.closing == Closing::Asks
            || self.training.resumable.is_some()
            || self.runs.asked().is_some()
    }

    /// Takes the question back that nothing hangs on any more.
    pub(super) fn update_closing_question(&mut self) {
        if self.closing == Closing::Asks && !self.has_unsaved_work() {
            self.closing = Closing::No;
        }
    }

    /// The window is to be closed. Whether it may; if not, it asks.
    pub fn close_requested(&mut self) -> bool {
        let may = self.closing == Closing::Confirmed || !self.has_unsaved_work();
        if !may {
            self.closing = Closing::Asks;
        }
        may
    }
}
