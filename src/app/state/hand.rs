//! The drawings of one's own that the next training learns from.

use super::State;
use crate::{
    app::action::Effect,
    bitmap::Digit,
    ink::edit::InkEditor,
    worker::hand::{HandOutcome, HandTask},
};

/// A digit with its article: "a 4", "an 8".
pub fn with_article(digit: Digit) -> String {
    let article = if digit.value() == 8 { "an" } else { "a" };
    format!("{article} {digit}")
}

impl State {
    /// Whether there is a drawing with an answer, which can be kept as the digit that it is. A picture cannot.
    pub fn can_keep(&self) -> bool {
        self.picture().is_none() && !self.ink().is_empty() && self.answer().is_some()
    }

    /// What trainings to come do with the drawings that are kept, in a sentence.
    pub fn use_of_kept(&self) -> &'static str {
        if self.training.form.learns_hand {
            "The next training learns from it."
        } else {
            "Trainings do not learn from it until you switch that on in Settings, Data."
        }
    }

    /// Keeps the drawing as a digit, unless that is being done already.
    pub(super) fn keep_as(&mut self, digit: Digit, out: &mut Vec<Effect>) {
        let revision = Some(self.ink_revision());
        if self.can_keep() && self.keeping != revision {
            self.keeping = revision;
            let ink = self.ink().clone();
            out.push(Effect::Hand(HandTask::Keep(ink, digit)));
        }
    }

    /// Takes in what came of it. The drawing that was kept makes room for the next; undo brings it back.
    pub(super) fn hear_hand(&mut self, outcome: HandOutcome, out: &mut Vec<Effect>) {
        match outcome {
            HandOutcome::Counted(count) | HandOutcome::Forgotten(count) => {
                self.training.kept = count;
            }
            HandOutcome::Kept(digit, count) => {
                self.training.kept = count;
                let which = match count {
                    1 => "the first of your drawings".to_owned(),
                    _ => format!("{count} of your drawings by now"),
                };
                self.notices.news(format!(
                    "Kept as {}, {which}. {}",
                    with_article(digit),
                    self.use_of_kept()
                ));
                // Somebody may have drawn on meanwhile.
                if self.keeping.take() == Some(self.ink_revision()) {
                    self.edit(out, InkEditor::clear);
                }
            }
        }
    }

    /// The drawing could not be kept, and may be tried again.
    pub(super) fn forget_keeping(&mut self) {
        self.keeping = None;
    }

    /// There is no folder to keep drawings in.
    pub(in crate::app) fn cannot_keep(&mut self) {
        self.forget_keeping();
        self.notices.error(
            "Your drawings cannot be kept: the system names no folder for data; name one in \
             DIGITPAD_DATA_DIR and start again.",
        );
    }
}
