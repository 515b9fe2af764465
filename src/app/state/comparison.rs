//! The comparison of a new model with the one before it, on the test set and on the corrections.

use std::sync::Arc;

use super::{
    State,
    corrections::{CorrectionAction, result_in_words},
    models::{ModelId, Origin},
    notices::{Claim, NoticeButton},
};
use crate::{
    app::action::{Action, Effect},
    error::{self, FileError},
    format,
    store::run_library::{RunKind, RunRecord},
    training::CorrectionReport,
    worker::file_tasks::OnCorrections,
};

/// The comparison of the newest run's model with the one before it.
#[derive(Clone, Debug)]
pub(super) struct ModelComparison {
    run: u64,
    previous: ModelId,
    /// The report of a fine-tuning.
    report: Option<CorrectionReport>,
    /// How both read the corrections. Until then, the end of the run is not announced.
    found: Option<OnCorrections>,
}

/// A previous model that reads better than the chosen one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BetterModel {
    /// Identifies it.
    pub id: ModelId,
    /// Its name.
    pub name: String,
    /// What it reads better, in whole sentences.
    pub reasons: String,
}

impl State {
    /// The previous model, if it reads the same test set or the corrections better than the chosen one.
    pub fn better_previous(&self) -> Option<BetterModel> {
        let (chosen, previous) = (self.models.chosen(), self.models.previous()?);
        let [new, old] = [chosen, previous].map(|entry| &entry.model.metadata);
        let mut reasons = Vec::new();
        if old.dataset == new.dataset
            && let (Some(accuracy), Some(new_accuracy)) = (old.test_accuracy, new.test_accuracy)
            && accuracy - new_accuracy > chance(accuracy, self.test_images())
        {
            let accuracy = format::percent(accuracy, 2);
            let name = &previous.name;
            reasons.push(format!("{name} is better on the test set: {accuracy}."));
        }
        if let Some(comparison) = &self.training.comparison
            && comparison.previous == previous.id
            && Origin::Run(comparison.run) == chosen.origin
            && let Some(found) = &comparison.found
            && found.correct[0] < found.correct[1]
        {
            reasons.push(in_words(found, &previous.name));
        }
        (!reasons.is_empty()).then(|| BetterModel {
            id: previous.id,
            name: previous.name.clone(),
            reasons: reasons.join(" "),
        })
    }

    /// The number of images that the chosen model was tested on.
    fn test_images(&self) -> usize {
        let run = match self.models.chosen().origin {
            Origin::Run(run) => self.runs.of(run),
            Origin::BuiltIn | Origin::File(_) => None,
        };
        let confusion = run.and_then(|run| run.record.confusion.as_ref());
        confusion.map_or(0, |rows| rows.as_flattened().iter().sum())
    }

    /// Announces the end of a training: at once, or after the new model and the one before it have read the
    /// corrections.
    pub(super) fn announce(
        &mut self,
        record: &RunRecord,
        report: Option<CorrectionReport>,
        out: &mut Vec<Effect>,
    ) {
        let previous = self.models.previous();
        let Some(previous) = previous.filter(|_| self.can_fine_tune()) else {
            return self.announce_now(record, report.as_ref());
        };
        out.push(Effect::CompareModels {
            run: record.id,
            models: [self.models.chosen(), previous].map(|entry| Arc::clone(&entry.model)),
        });
        self.training.comparison = Some(ModelComparison {
            run: record.id,
            previous: previous.id,
            report,
            found: None,
        });
    }

    /// Takes how the new model and the one before it read the corrections.
    pub(super) fn on_compared(&mut self, run: u64, result: Result<OnCorrections, FileError>) {
        let comparison = self.training.comparison.as_mut();
        let Some(comparison) = comparison.filter(|comparison| comparison.run == run) else {
            return;
        };
        let report = comparison.report.take();
        match result {
            Ok(found) => comparison.found = Some(found),
            Err(error) => self.notices.error(error::chain(&error)),
        }
        if let Some(run) = self.runs.of(run) {
            let record = run.record.clone();
            self.announce_now(&record, report.as_ref());
        }
    }

    /// Says how well the new model reads, and offers to return to the previous one.
    fn announce_now(&mut self, record: &RunRecord, corrections: Option<&CorrectionReport>) {
        let name = &record.name;
        let result = match corrections {
            Some(report) => {
                let base = match (&record.kind, record.base_run) {
                    (RunKind::FineTuning(_), Some(run)) => self.models.of_run(run),
                    (RunKind::FineTuning(base), None) => {
                        self.models.entries().iter().rfind(|it| it.name == *base)
                    }
                    (RunKind::Preset(_), _) => None,
                };
                let before = base.and_then(|base| base.model.metadata.test_accuracy);
                let accuracies = [before, record.test_accuracy];
                format!(": {}", result_in_words(report, accuracies))
            }
            None if record.test_accuracy.is_some() => {
                let accuracy = format::percent_or_dash(record.test_accuracy, 2);
                format!(": {accuracy} on the test set")
            }
            None => String::new(),
        };
        let better = self.better_previous();
        let better = better.map_or_else(String::new, |better| format!(". {}", better.reasons));
        let ended = if record.is_stopped {
            "was stopped and is in use"
        } else {
            "is trained and in use"
        };
        let text = format!("{name} {ended}{result}{better}");
        let mut buttons = Vec::new();
        if corrections.is_some_and(|report| report.unlearned().next().is_some()) {
            let open = Action::Corrections(CorrectionAction::Open);
            buttons.push(NoticeButton::new("Show them", open));
        }
        if let Some(previous) = self.models.previous() {
            let label = format!("Back to {}", previous.name);
            buttons.push(NoticeButton::new(label, Action::ChooseModel(previous.id)));
        }
        self.notices.offer_all(text, buttons);
        self.notices.claim(Claim::InUse {
            run: record.id,
            name: record.name.clone(),
        });
    }
}

/// Two standard errors of the difference of two accuracies near this one, each on this number of images. A smaller
/// difference says nothing about the next images. 0 for an unknown number.
fn chance(accuracy: f64, images: usize) -> f64 {
    if images == 0 {
        return 0.0;
    }
    2.0 * (2.0 * accuracy * (1.0 - accuracy) / images as f64).sqrt()
}

/// "It reads 12 of your 14 corrected drawings, Built-in reads 14."
fn in_words(found: &OnCorrections, previous: &str) -> String {
    let OnCorrections {
        correct: [new, old],
        total,
    } = *found;
    let drawings = if total == 1 { "drawing" } else { "drawings" };
    format!("It reads {new} of your {total} corrected {drawings}, {previous} reads {old}.")
}
