//! Saving drawings as corrections, and fine-tuning on them.

use std::sync::Arc;

use super::State;
use crate::{
    app::action::Effect,
    bitmap::Digit,
    data::TrainingData,
    error,
    ink::edit::CorrectionLabel,
    store::{
        corrections::{CorrectionOutcome, CorrectionTask},
        run_library::RunKind,
    },
    training::{Start, fine_tune::BaseModel},
};

/// The use of corrections, in a sentence.
pub const FINE_TUNE_HINT: &str = "Fine-tune, below Train, trains the model on it.";

/// A digit with its article: "a 4", "an 8".
pub fn with_article(digit: Digit) -> String {
    let article = if digit.value() == 8 { "an" } else { "a" };
    format!("{article} {digit}")
}

/// The label of a correction, in words.
fn in_words(digit: Option<Digit>) -> String {
    digit.map_or_else(|| "a non-digit".to_owned(), with_article)
}

impl State {
    /// Whether the pad has a drawing with a prediction, which the user may correct. Pictures cannot be saved.
    pub fn can_correct(&self) -> bool {
        self.pad.picture().is_none() && !self.pad.ink().is_empty() && self.pad.answer().is_some()
    }

    /// Whether there are corrections, and the model in use was trained on digits.
    pub fn can_fine_tune(&self) -> bool {
        let dataset = &self.models.chosen().model.metadata.dataset;
        let has_corrections = self
            .training
            .correction_count
            .is_some_and(|count| count > 0);
        has_corrections && dataset.as_ref().is_none_or(|name| name == "mnist")
    }

    /// Starts to fine-tune the model in use on the corrections.
    pub(super) fn fine_tune(&mut self, out: &mut Vec<Effect>) {
        if self.training.state.active_run().is_some() || !self.can_fine_tune() {
            return;
        }
        let entry = self.models.chosen();
        let base_model = BaseModel::new(Arc::clone(&entry.model), entry.name.clone());
        let config = base_model.fine_tuning();
        let kind = RunKind::FineTuning(base_model.name().to_owned());
        let run = self.begin(kind, config.clone());
        log::info!(target: "digitpad", "training run {run} starts: fine-tuning of {}", base_model.name());
        out.push(Effect::Train {
            run,
            start: Start::From(base_model, Box::new(config)),
            data: TrainingData::default(),
            uses_corrections: true,
            device: self.settings.device,
        });
    }

    /// Saves the drawing as a digit or a non-digit, unless a task already saves it.
    pub(super) fn save_correction(&mut self, digit: Option<Digit>, out: &mut Vec<Effect>) {
        let revision = self.pad.ink_revision();
        if self.can_correct() && self.saving_correction != Some(revision) {
            self.saving_correction = Some(revision);
            out.push(Effect::Corrections(CorrectionTask::Save {
                ink: self.pad.ink().clone(),
                digit,
                revision,
            }));
        }
    }

    /// Undoes the last edit. If that restores a saved drawing, removes it from the corrections.
    pub(super) fn undo(&mut self, out: &mut Vec<Effect>) {
        let mut saved = None;
        self.pad.edit(|editor| saved = editor.undo());
        if let Some(CorrectionLabel(digit)) = saved {
            let ink = self.pad.ink().clone();
            out.push(Effect::Corrections(CorrectionTask::Remove { ink, digit }));
        }
    }

    /// Applies the outcome of a task. Clears a saved drawing from the pad, and restores a removed one.
    pub(super) fn on_correction_outcome(&mut self, outcome: CorrectionOutcome) {
        match outcome {
            CorrectionOutcome::Counted(count) => self.training.correction_count = Some(count),
            CorrectionOutcome::Unreadable(error) => {
                self.training.correction_count = None;
                self.notices.error(error::chain(&error));
            }
            CorrectionOutcome::Saved {
                digit,
                revision,
                count,
            } => {
                self.training.correction_count = Some(count);
                let number = match count {
                    1 => "1 correction".to_owned(),
                    _ => format!("{count} corrections"),
                };
                let is_on_pad = self
                    .saving_correction
                    .take_if(|saving| *saving == revision)
                    .is_some()
                    && self.pad.ink_revision() == revision;
                // The user may have edited the drawing during the save.
                let way_to_remove = if is_on_pad {
                    self.pad
                        .edit(|editor| editor.clear_corrected(CorrectionLabel(digit)));
                    "Undo removes it."
                } else {
                    "Settings, Data removes it."
                };
                self.notices.info(format!(
                    "Saved as {}: {number}. {FINE_TUNE_HINT} {way_to_remove}",
                    in_words(digit),
                ));
            }
            CorrectionOutcome::SaveFailed { revision, error } => {
                self.saving_correction.take_if(|saving| *saving == revision);
                self.notices.error(error::chain(&error));
            }
            CorrectionOutcome::Removed { digit, count } => {
                self.training.correction_count = Some(count);
                self.notices
                    .info(format!("Removed the correction: {}.", in_words(digit)));
            }
            CorrectionOutcome::LastRemoved { last, count } => {
                self.training.correction_count = Some(count);
                if let Some((ink, digit)) = last {
                    self.notices.info(format!(
                        "Removed the correction: {}. The drawing is on the pad again.",
                        in_words(digit)
                    ));
                    self.pad.edit(|editor| editor.replace(ink));
                }
            }
        }
    }

    /// Reports that there is no folder for corrections.
    pub(in crate::app) fn report_no_data_folder(&mut self) {
        self.saving_correction = None;
        self.notices.error(
            "Could not save the correction: the system has no folder for application data. Set DIGITPAD_DATA_DIR to a \
             folder and start again.",
        );
    }
}
