//! Saving drawings as corrections, the gallery of corrections, and fine-tuning on them.

use std::sync::Arc;

use super::{Place, State, evaluation::SourceKind, models::Origin, notices::NoticeButton};
use crate::{
    app::action::{Action, Effect},
    bitmap::Digit,
    data::TrainingData,
    error, format,
    ink::{
        edit::{Picture, Relabeling},
        file::InkRecord,
    },
    recognition::RecognizedDrawing,
    store::{
        corrections::{CorrectionLabel, CorrectionOutcome, CorrectionTask, digit_of, label_of},
        run_library::RunKind,
    },
    training::{CorrectionReport, Start, fine_tune::BaseModel},
};

/// The use of corrections, in a sentence.
pub const FINE_TUNE_HINT: &str = "Fine-tune, below Train, trains the model on it.";

/// An action of the user in the gallery of corrections.
#[derive(Clone, Debug, PartialEq)]
pub enum CorrectionAction {
    /// Open the gallery.
    Open,
    /// Close the gallery.
    Close,
    /// Select the correction of this index.
    Select(usize),
    /// Give the selected correction another label: this digit, or a non-digit.
    Relabel(Option<Digit>),
    /// Delete the selected correction.
    Delete,
    /// Put the selected correction on the pad.
    Show,
    /// Save a deleted correction again.
    Restore(Box<InkRecord>),
    /// Evaluate the model in use on all corrections.
    Test,
}

/// The gallery of corrections.
#[derive(Clone, Debug, Default)]
pub struct CorrectionGallery {
    /// Whether the gallery is open.
    pub is_open: bool,
    /// The corrections with the predictions of the model in use, the oldest first.
    pub list: Vec<RecognizedDrawing>,
    /// Counts the lists.
    pub version: u64,
    /// The index of the selected correction.
    pub selected: Option<usize>,
    /// What is being saved: a drawing, or one digit of it.
    saving: Vec<InkRecord>,
    /// What is saved, as far as this window knows: each drawing where it was drawn.
    known: Vec<InkRecord>,
}

impl CorrectionGallery {
    /// The number of corrections that the model in use reads as labeled.
    pub fn correct_count(&self) -> usize {
        let correct = self.list.iter().filter(|drawing| drawing.is_as_labeled());
        correct.count()
    }

    /// The task that saves a drawing has ended.
    fn end_saving(&mut self, record: &InkRecord) {
        self.saving.retain(|other| !other.shows_the_same(record));
    }

    /// Notes that a drawing has this correction and no other one, or none.
    fn note(&mut self, record: &InkRecord, is_saved: bool) {
        self.known.retain(|other| !other.shows_the_same(record));
        self.known.extend(is_saved.then(|| record.clone()));
    }

    fn selected(&self) -> Option<&RecognizedDrawing> {
        self.list.get(self.selected?)
    }
}

/// A digit with its article: "a 4", "an 8".
pub fn with_article(digit: Digit) -> String {
    let article = if digit.value() == 8 { "an" } else { "a" };
    format!("{article} {digit}")
}

/// The label of a correction, in words.
pub fn in_words(digit: Option<Digit>) -> String {
    digit.map_or_else(|| "a non-digit".to_owned(), with_article)
}

/// "1 correction", "12 corrections".
fn counted(count: usize) -> String {
    match count {
        1 => "1 correction".to_owned(),
        _ => format!("{} corrections", format::count(count)),
    }
}

/// What a fine-tuning on corrections achieved, and what it cost: the test accuracies of the base model and the new one.
pub(super) fn result_in_words(report: &CorrectionReport, accuracies: [Option<f64>; 2]) -> String {
    let [before, after] =
        [&report.before, &report.after].map(|all| all.iter().filter(|it| **it).count());
    let all = report.after.len();
    let cost = match accuracies.map(|it| it.map(|it| format::percent(it, 2))) {
        [Some(before), Some(after)] => format!("; MNIST {after} (before: {before})"),
        _ => String::new(),
    };
    let contradictions = match report.contradictions.len() {
        0 => String::new(),
        1 => "; one contradicts an earlier one".to_owned(),
        count => format!("; {count} contradict earlier ones"),
    };
    format!(
        "reads {after} of {all} corrections as labeled (before: {before}){cost}{contradictions}"
    )
}

impl State {
    /// Whether the pad has a drawing or a picture with a prediction, which the user may correct.
    pub fn can_correct(&self) -> bool {
        !self.pad.is_blank() && self.pad.answer().is_some() && !self.pad.is_replaying()
    }

    /// The label, if the content of the pad is saved as a correction: of a number, its selected digit.
    pub fn correction(&self) -> Option<CorrectionLabel> {
        Some(CorrectionLabel(digit_of(self.saved_correction()?)))
    }

    fn saved_correction(&self) -> Option<&InkRecord> {
        let own = self.pad.record(None);
        let mut known = self.corrections.known.iter();
        known.find(|known| known.shows_the_same(&own))
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
        let kind = RunKind::FineTuning(entry.name.clone());
        let base_run = match entry.origin {
            Origin::Run(run) => Some(run),
            _ => None,
        };
        let run = self.begin(kind, config.clone());
        self.training.base_run = base_run;
        log::info!(target: "digitpad", "training run {run} starts: fine-tuning of {}", base_model.name());
        // With a hidden panel, nothing else tells that it has begun.
        let text = format!("Fine-tuning {} on your corrections…", base_model.name());
        self.notices.info(text);
        out.push(Effect::Train {
            run,
            start: Start::From(base_model, Box::new(config)),
            data: TrainingData::default(),
            uses_corrections: true,
            device: self.settings.device,
        });
    }

    /// Saves the content of the pad as a digit or a non-digit, unless it is saved so or a task already saves it.
    pub(super) fn save_correction(&mut self, digit: Option<Digit>, out: &mut Vec<Effect>) {
        let record = self.pad.record(digit);
        let mut saving = self.corrections.saving.iter();
        if !self.can_correct()
            || saving.any(|other| other.shows_the_same(&record))
            || self.correction() == Some(CorrectionLabel(digit))
        {
            return;
        }
        self.corrections.saving.push(record.clone());
        self.change_label(None, Some(record), out);
    }

    /// Undoes the last edit. If that was a correction, removes it.
    pub(super) fn undo(&mut self, out: &mut Vec<Effect>) {
        let mut relabeling = None;
        let shape = self.settings.pad_shape;
        self.pad
            .exchange(shape, |editor| relabeling = editor.undo());
        self.follow(relabeling, out);
    }

    /// Redoes the last undone edit. If that was a correction, saves it again.
    pub(super) fn redo(&mut self, out: &mut Vec<Effect>) {
        let mut relabeling = None;
        let shape = self.settings.pad_shape;
        self.pad
            .exchange(shape, |editor| relabeling = editor.redo());
        self.follow(relabeling, out);
    }

    fn follow(&self, relabeling: Option<Relabeling>, out: &mut Vec<Effect>) {
        if let Some(Relabeling { before, after }) = relabeling {
            self.change_label(before, after, out);
        }
    }

    /// Changes a correction of the pad's content in the file of corrections.
    fn change_label(
        &self,
        before: Option<InkRecord>,
        after: Option<InkRecord>,
        out: &mut Vec<Effect>,
    ) {
        let task = match (before, after) {
            (_, Some(record)) => CorrectionTask::Save {
                record,
                revision: Some(self.pad.ink_revision()),
            },
            (Some(record), None) => CorrectionTask::Remove(record),
            (None, None) => return,
        };
        out.push(Effect::Corrections(task));
    }

    /// Applies an action of the gallery.
    pub(super) fn apply_to_corrections(&mut self, action: CorrectionAction, out: &mut Vec<Effect>) {
        let selected = self.corrections.selected();
        let selected = selected.map(|drawing| drawing.record.to_drawn());
        match (action, selected) {
            (CorrectionAction::Open, _) => {
                self.corrections.is_open = true;
                self.corrections.selected = None;
                self.list_corrections(out);
            }
            (CorrectionAction::Close, _) => self.corrections.is_open = false,
            (CorrectionAction::Select(index), _) => self.corrections.selected = Some(index),
            (CorrectionAction::Restore(record), _) => {
                out.push(Effect::Corrections(CorrectionTask::Save {
                    record: *record,
                    revision: None,
                }));
            }
            (CorrectionAction::Test, _) => {
                self.corrections.is_open = false;
                self.place = Place::Test;
                self.test_on(SourceKind::Corrections, String::new(), out);
            }
            (_, None) => {}
            (CorrectionAction::Relabel(digit), Some(record)) => {
                let relabeled = InkRecord {
                    label: Some(label_of(digit)),
                    ..record.clone()
                };
                self.label_pad(&record, Some(relabeled.clone()));
                self.corrections.selected = None;
                out.push(Effect::Corrections(CorrectionTask::Save {
                    record: relabeled,
                    revision: None,
                }));
            }
            (CorrectionAction::Delete, Some(record)) => {
                self.label_pad(&record, None);
                self.corrections.selected = None;
                out.push(Effect::Corrections(CorrectionTask::Remove(record)));
            }
            (CorrectionAction::Show, Some(record)) => {
                self.leave_drawing(out);
                self.corrections.is_open = false;
                self.show_pad();
                match record.picture {
                    Some(bitmap) => self.show_picture(Picture::new("A correction", bitmap)),
                    None => self.put_on_pad(record.ink),
                }
            }
        }
    }

    /// Relabels the content of the pad if this is a correction of it.
    fn label_pad(&mut self, before: &InkRecord, after: Option<InkRecord>) {
        if !self.pad.record(None).shows_the_same(before) {
            return;
        }
        let mut of_session = self.pad.corrections().iter();
        let known = of_session.find(|known| known.shows_the_same(before));
        let before = known.unwrap_or(before).clone();
        self.pad.edit(|editor| editor.correct(Some(&before), after));
    }

    /// Reads the corrections again if the gallery is open.
    pub(super) fn list_corrections(&self, out: &mut Vec<Effect>) {
        if self.corrections.is_open {
            let model = Arc::clone(self.models.in_use());
            out.push(Effect::ListCorrections(model));
        }
    }

    /// Takes the list for the gallery.
    pub(super) fn on_corrections_listed(&mut self, list: Vec<RecognizedDrawing>) {
        self.corrections.list = list;
        self.corrections.version += 1;
    }

    /// Applies the outcome of a task. Labels a saved drawing that is still on the pad.
    pub(super) fn on_correction_outcome(
        &mut self,
        outcome: CorrectionOutcome,
        out: &mut Vec<Effect>,
    ) {
        match outcome {
            CorrectionOutcome::Listed(all) => {
                self.training.correction_count = Some(all.len());
                self.corrections.known = all;
            }
            CorrectionOutcome::Unreadable(error) => {
                self.training.correction_count = None;
                self.notices.error(error::chain(&error));
            }
            CorrectionOutcome::Saved {
                record,
                replaces,
                revision,
                count,
            } => {
                let digit = digit_of(&record);
                self.training.correction_count = Some(count);
                self.corrections.end_saving(&record);
                self.corrections.note(&record, true);
                let mut buttons = Vec::new();
                // The user may have edited the drawing during the save.
                if revision == Some(self.pad.ink_revision()) {
                    self.pad
                        .edit(|editor| editor.correct(replaces.as_ref(), Some(record)));
                    buttons.push(NoticeButton::new("Undo", Action::Undo));
                }
                if self.can_fine_tune() && self.training.state.active_run().is_none() {
                    buttons.push(NoticeButton::new("Fine-tune now", Action::FineTune));
                }
                let text = format!("Saved as {}: {}", in_words(digit), counted(count));
                self.notices.offer_all(text, buttons);
                self.list_corrections(out);
            }
            CorrectionOutcome::SaveFailed { record, error } => {
                self.corrections.end_saving(&record);
                self.notices.error(error::chain(&error));
            }
            CorrectionOutcome::Removed { record, count } => {
                self.training.correction_count = Some(count);
                self.corrections.note(&record, false);
                let digit = digit_of(&record);
                let text = format!("Removed the correction: {}", in_words(digit));
                if self.pad.redoes(&record) {
                    self.notices.offer(text, "Redo", Action::Redo);
                } else {
                    let restore = CorrectionAction::Restore(Box::new(record));
                    self.notices
                        .offer(text, "Restore", Action::Corrections(restore));
                }
                self.list_corrections(out);
            }
        }
    }

    /// Reports that there is no folder for corrections.
    pub(in crate::app) fn report_no_data_folder(&mut self) {
        self.corrections.saving.clear();
        self.notices.error(
            "Could not save the correction: the system has no folder for application data. Set DIGITPAD_DATA_DIR to a \
             folder and start again.",
        );
    }
}
