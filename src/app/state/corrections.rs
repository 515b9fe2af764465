//! The drawings of one's own that are kept to learn from, and what is taught with them.

use std::sync::Arc;

use super::State;
use crate::{
    app::action::Effect,
    bitmap::Digit,
    data::source::DataSource,
    ink::edit::CorrectionLabel,
    store::{
        corrections::{HandOutcome, HandTask},
        run_library::RunRecord,
    },
    training::{Start, fine_tune::Pupil},
};

/// How a drawing that is kept is learned, in a sentence.
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

/// What the name of every lesson begins with.
const LESSON: &str = "lesson for the ";

/// What a lesson is called.
pub(super) fn lesson_for(model: &str) -> String {
    format!("{LESSON}{model}")
}

/// Whether a run was one. Its settings are of no use to a new network.
pub fn is_lesson(record: &RunRecord) -> bool {
    record.preset.starts_with(LESSON)
}

impl State {
    /// Whether there is a drawing with an answer, which can be kept as what it is. A picture cannot.
    pub fn can_keep(&self) -> bool {
        self.picture().is_none() && !self.ink().is_empty() && self.answer().is_some()
    }

    /// Whether there is something to teach the model at work: it reads digits, and some are kept.
    pub fn can_teach(&self) -> bool {
        let reads = &self.models.chosen().model.metadata.dataset;
        self.training.kept.is_some_and(|kept| kept > 0) && ["mnist", ""].contains(&reads.as_str())
    }

    /// Lets the model that was chosen last learn from the drawings that are kept.
    pub(super) fn teach(&mut self, out: &mut Vec<Effect>) {
        if self.training.state.active_run().is_some() || !self.can_teach() {
            return;
        }
        let entry = self.models.chosen();
        let pupil = Pupil::new(Arc::clone(&entry.model), entry.name());
        let config = pupil.lesson();
        let run = self
            .training
            .begin(lesson_for(pupil.name()), config.clone());
        log::info!(target: "digitpad", "training run {run} begins: a lesson for the {}", pupil.name());
        out.push(Effect::Train {
            run,
            start: Start::From(pupil, Box::new(config)),
            data: DataSource::default(),
            uses_corrections: true,
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

    /// Takes back the last change of the drawing. A drawing that is back and was kept is kept no longer.
    pub(super) fn undo(&mut self, out: &mut Vec<Effect>) {
        let mut kept = None;
        self.edit(out, |editor| kept = editor.undo());
        if let Some(CorrectionLabel(digit)) = kept {
            let ink = self.ink().clone();
            out.push(Effect::Hand(HandTask::TakeBack { ink, digit }));
        }
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
                    self.edit(out, |editor| editor.clear_corrected(CorrectionLabel(digit)));
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
            HandOutcome::TakenBack { digit, count } => {
                self.training.kept = Some(count);
                self.notices
                    .news(format!("No longer kept as {}.", in_words(digit)));
            }
            HandOutcome::Forgotten { last, count } => {
                self.training.kept = Some(count);
                if let Some((ink, digit)) = last {
                    self.notices.news(format!(
                        "No longer kept as {}. The drawing is on the pad again.",
                        in_words(digit)
                    ));
                    self.edit(out, |editor| editor.replace(ink));
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
