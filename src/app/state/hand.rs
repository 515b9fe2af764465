//! The drawings of one's own that the next training learns from.

use std::sync::Arc;

use super::State;
use crate::{
    app::action::Effect,
    bitmap::Digit,
    ink::edit::InkEditor,
    training::lesson::Pupil,
    worker::{
        hand::{HandOutcome, HandTask},
        trainer::DataSource,
    },
};

/// How a drawing that is kept is learnt, in a sentence.
pub const USE_OF_KEPT: &str = "Teach it, below Train, lets the model learn from it.";

/// A digit with its article: "a 4", "an 8".
pub fn with_article(digit: Digit) -> String {
    let article = if digit.value() == 8 { "an" } else { "a" };
    format!("{article} {digit}")
}

/// What a drawing is kept as, in words.
fn in_words(digit: Option<Digit>) -> String {
    digit.map_or_else(|| "no digit".to_owned(), with_article)
}

/// What a lesson is called.
pub(super) fn lesson_for(model: &str) -> String {
    format!("lesson for the {model}")
}

impl State {
    /// Whether there is a drawing with an answer, which can be kept as what it is. A picture cannot.
    pub fn can_keep(&self) -> bool {
        self.picture().is_none() && !self.ink().is_empty() && self.answer().is_some()
    }

    /// Whether there is something to teach the model at work.
    pub fn can_teach(&self) -> bool {
        self.training.kept.is_some_and(|kept| kept > 0)
    }

    /// Lets the model that was chosen last learn from the drawings that are kept.
    pub(super) fn teach(&mut self, out: &mut Vec<Effect>) {
        if self.training.state.active_run().is_some() || !self.can_teach() {
            return;
        }
        let entry = self.models.chosen();
        let pupil = Pupil {
            model: Arc::clone(&entry.model),
            name: entry.name(),
        };
        let config = pupil.lesson();
        let run = self.training.begin(lesson_for(&pupil.name), config.clone());
        log::info!(target: "digitpad", "training run {run} begins: a lesson for the {}", pupil.name);
        out.push(Effect::Train {
            run,
            config: Box::new(config),
            pupil: Some(pupil),
            data: DataSource::Mnist,
            learns_hand: true,
            device: self.settings.device,
        });
    }

    /// Keeps the drawing as a digit or as none, unless that is being done already.
    pub(super) fn keep_as(&mut self, digit: Option<Digit>, out: &mut Vec<Effect>) {
        let revision = self.ink_revision();
        if self.can_keep() && self.keeping != Some(revision) {
            self.keeping = Some(revision);
            out.push(Effect::Hand(HandTask::Keep {
                ink: self.ink().clone(),
                digit,
                revision,
            }));
        }
    }

    /// Takes back the last change of the drawing. Where that is the pad's clearing for a drawing that was kept, it is
    /// kept no longer.
    pub(super) fn undo(&mut self, out: &mut Vec<Effect>) {
        if self.kept_before.take() == Some(self.ink_revision()) {
            self.brought_back = true;
            out.push(Effect::Hand(HandTask::ForgetLast));
        }
        self.edit(out, InkEditor::undo);
    }

    /// Takes in what came of it. The drawing that was kept makes room for the next; one that is kept no longer comes
    /// back.
    pub(super) fn hear_hand(&mut self, outcome: HandOutcome, out: &mut Vec<Effect>) {
        match outcome {
            HandOutcome::Counted(count) => self.training.kept = Some(count),
            HandOutcome::Unreadable(reason) => {
                self.training.kept = None;
                self.notices.error(reason);
            }
            HandOutcome::Kept {
                digit,
                revision,
                count,
            } => {
                self.training.kept = Some(count);
                let which = match count {
                    1 => "the first of your drawings".to_owned(),
                    _ => format!("{count} of your drawings by now"),
                };
                let is_there = self.keeping.take_if(|kept| *kept == revision).is_some()
                    && self.ink_revision() == revision;
                // Somebody may have drawn on meanwhile.
                let way_back = if is_there {
                    self.edit(out, InkEditor::clear);
                    self.kept_before = Some(self.ink_revision());
                    "Undo takes it back."
                } else {
                    "Settings, Data can forget it."
                };
                self.notices.news(format!(
                    "Kept as {}, {which}. {USE_OF_KEPT} {way_back}",
                    in_words(digit),
                ));
            }
            HandOutcome::NotKept { revision, reason } => {
                self.keeping.take_if(|kept| *kept == revision);
                self.notices.error(reason);
            }
            HandOutcome::Forgotten { last, count } => {
                self.training.kept = Some(count);
                let is_there = std::mem::take(&mut self.brought_back);
                if let Some((ink, digit)) = last {
                    self.notices.news(format!(
                        "No longer kept as {}. The drawing is on the pad again.",
                        in_words(digit)
                    ));
                    if !is_there {
                        self.edit(out, |editor| editor.replace(ink));
                    }
                }
            }
        }
    }

    /// There is no folder to keep drawings in.
    pub(in crate::app) fn cannot_keep(&mut self) {
        self.keeping = None;
        self.notices.error(
            "Your drawings cannot be kept: the system names no folder for data; name one in \
             DIGITPAD_DATA_DIR and start again.",
        );
    }
}
