//! The drawings of one's own that are kept to learn from, and what is taught with them.

use std::sync::Arc;

use super::State;
use crate::{
    app::action::Effect,
    bitmap::Digit,
    data::TrainingData,
    ink::edit::CorrectionLabel,
    store::{
        corrections::{CorrectionOutcome, CorrectionTask},
        run_library::RunKind,
    },
    training::{Start, fine_tune::BaseModel},
};

/// How a drawing that is kept is learned, in a sentence.
pub const FINE_TUNE_HINT: &str = "Fine-tune, below Train, trains the model on it.";

/// A digit with its article: "a 4", "an 8".
pub fn with_article(digit: Digit) -> String {
    let article = if digit.value() == 8 { "an" } else { "a" };
    format!("{article} {digit}")
}

/// What a drawing is kept as, in words.
fn in_words(digit: Option<Digit>) -> String {
    digit.map_or_else(|| "no digit".to_owned(), with_article)
}

impl State {
    /// Whether there is a drawing with an answer, which can be kept as what it is. A picture cannot.
    pub fn can_correct(&self) -> bool {
        self.picture().is_none() && !self.ink().is_empty() && self.answer().is_some()
    }

    /// Whether there is something to teach the model at work: it reads digits, and some are kept.
    pub fn can_fine_tune(&self) -> bool {
        let reads = &self.models.chosen().model.metadata.dataset;
        self.training.correction_count.is_some_and(|kept| kept > 0)
            && ["mnist", ""].contains(&reads.as_str())
    }

    /// Lets the model that was chosen last learn from the drawings that are kept.
    pub(super) fn fine_tune(&mut self, out: &mut Vec<Effect>) {
        if self.training.state.active_run().is_some() || !self.can_fine_tune() {
            return;
        }
        let entry = self.models.chosen();
        let base_model = BaseModel::new(Arc::clone(&entry.model), entry.name());
        let config = base_model.fine_tuning();
        let run = self.training.begin(
            RunKind::FineTuning(base_model.name().to_owned()),
            config.clone(),
        );
        log::info!(target: "digitpad", "training run {run} starts: fine-tuning of {}", base_model.name());
        out.push(Effect::Train {
            run,
            start: Start::From(base_model, Box::new(config)),
            data: TrainingData::default(),
            uses_corrections: true,
            device: self.settings.device,
        });
    }

    /// Keeps the drawing as a digit or as none, unless that is being done already.
    pub(super) fn save_correction(&mut self, digit: Option<Digit>, out: &mut Vec<Effect>) {
        let revision = self.ink_revision();
        if self.can_correct() && self.saving_correction != Some(revision) {
            self.saving_correction = Some(revision);
            out.push(Effect::Corrections(CorrectionTask::Save {
                ink: self.ink().clone(),
                digit,
                revision,
            }));
        }
    }

    /// Takes back the last change of the drawing. A drawing that is back and was kept is kept no longer.
    pub(super) fn undo(&mut self, out: &mut Vec<Effect>) {
        let mut kept = None;
        self.edit(|editor| kept = editor.undo());
        if let Some(CorrectionLabel(digit)) = kept {
            let ink = self.ink().clone();
            out.push(Effect::Corrections(CorrectionTask::Remove { ink, digit }));
        }
    }

    /// Takes in what came of it. The drawing that was kept makes room for the next; one that is kept no longer comes
    /// back.
    pub(super) fn on_correction_outcome(&mut self, outcome: CorrectionOutcome) {
        match outcome {
            CorrectionOutcome::Counted(count) => self.training.correction_count = Some(count),
            CorrectionOutcome::Unreadable(reason) => {
                self.training.correction_count = None;
                self.notices.error(reason);
            }
            CorrectionOutcome::Saved {
                digit,
                revision,
                count,
            } => {
                self.training.correction_count = Some(count);
                let which = match count {
                    1 => "the first of your drawings".to_owned(),
                    _ => format!("{count} of your drawings by now"),
                };
                let is_there = self
                    .saving_correction
                    .take_if(|kept| *kept == revision)
                    .is_some()
                    && self.ink_revision() == revision;
                // Somebody may have drawn on meanwhile.
                let way_back = if is_there {
                    self.edit(|editor| editor.clear_corrected(CorrectionLabel(digit)));
                    "Undo takes it back."
                } else {
                    "Settings, Data can forget it."
                };
                self.notices.info(format!(
                    "Kept as {}, {which}. {FINE_TUNE_HINT} {way_back}",
                    in_words(digit),
                ));
            }
            CorrectionOutcome::SaveFailed { revision, reason } => {
                self.saving_correction.take_if(|kept| *kept == revision);
                self.notices.error(reason);
            }
            CorrectionOutcome::Removed { digit, count } => {
                self.training.correction_count = Some(count);
                self.notices
                    .info(format!("No longer kept as {}.", in_words(digit)));
            }
            CorrectionOutcome::LastRemoved { last, count } => {
                self.training.correction_count = Some(count);
                if let Some((ink, digit)) = last {
                    self.notices.info(format!(
                        "No longer kept as {}. The drawing is on the pad again.",
                        in_words(digit)
                    ));
                    self.edit(|editor| editor.replace(ink));
                }
            }
        }
    }

    /// There is no folder to keep drawings in.
    pub(in crate::app) fn report_no_data_folder(&mut self) {
        self.saving_correction = None;
        self.notices.error(
            "Your drawings cannot be kept: the system names no folder for data; name one in \
             DIGITPAD_DATA_DIR and start again.",
        );
    }
}
