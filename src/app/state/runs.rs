//! The finished trainings of this session and of earlier ones, and the run whose curves are shown.

use std::{
    fmt::Write as _,
    time::{SystemTime, UNIX_EPOCH},
};

use super::{
    State,
    notices::Claim,
    training::{Training, sentence},
};
pub use crate::store::run_library::{MAX_RUNS, MAX_TOTAL_BYTES, RunKind, RunRecord};
use crate::{
    app::action::{Action, Effect},
    error::{self, Divergence},
    store::{
        run_library::{RunLibraryOutcome, RunLibraryTask},
        settings::ModelInUse,
    },
    training::{
        BatchPoint, EpochRecord, TrainedModel,
        config::{Preset, TrainingConfig, hyperparameter},
        diagnostics::{self, Hint},
    },
};

/// A finished training.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its record.
    pub record: RunRecord,
    /// Whether it is stored in the library.
    pub is_stored: bool,
    /// Whether its model is being loaded.
    is_loading: bool,
}

impl Run {
    pub(super) fn new(record: RunRecord, is_stored: bool) -> Self {
        Self {
            record,
            is_stored,
            is_loading: false,
        }
    }
}

/// An action on the run with this id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunAction {
    /// Use its model and show its curves.
    Answer(u64),
    /// Show its curves; `None`: those of the current training.
    Show(Option<u64>),
    /// Use its settings for the next training.
    UseSettings(u64),
    /// Change its name.
    Rename(u64, String),
    /// Pin or unpin the run. A pinned run is never deleted for space.
    Pin(u64, bool),
    /// Ask whether to delete it.
    ConfirmDelete(u64),
    /// Do not delete it.
    CancelDelete,
    /// Delete it.
    Delete(u64),
}

/// The finished trainings, the newest first.
#[derive(Clone, Debug, Default)]
pub struct Runs {
    list: Vec<Run>,
    /// The run whose curves are shown; `None`: the current training.
    shown: Option<u64>,
    /// The run to delete after a confirmation.
    asked: Option<u64>,
}

/// A run whose result and curves are shown: the current training, or a finished one.
#[derive(Clone, Copy, Debug)]
pub struct ShownRun<'a> {
    /// Its name.
    pub name: &'a str,
    /// How it started.
    pub kind: &'a RunKind,
    /// The name that the base model of a fine-tuning has now, if a run trained it.
    pub base_name: Option<&'a str>,
    /// Its configuration.
    pub config: &'a TrainingConfig,
    /// Its finished epochs.
    pub history: &'a [EpochRecord],
    /// The metrics of its batches.
    pub batches: &'a [BatchPoint],
    /// The record of a finished run.
    pub record: Option<&'a RunRecord>,
    /// Why it ended early, if its loss became NaN or infinite. Only the last training of this session has it.
    pub divergence: Option<Divergence>,
}

impl<'a> ShownRun<'a> {
    /// A finished run.
    pub fn of(record: &'a RunRecord) -> Self {
        Self {
            name: &record.name,
            kind: &record.kind,
            base_name: None,
            config: &record.config,
            history: &record.history,
            batches: &record.batches,
            record: Some(record),
            divergence: None,
        }
    }

    /// The epoch with the lowest validation loss; `None` without validation.
    pub fn best_epoch(&self) -> Option<&'a EpochRecord> {
        let with_loss = self.history.iter().filter_map(|record| {
            let loss = record.validation_loss.filter(|loss| loss.is_finite());
            Some((record, loss?))
        });
        Some(with_loss.min_by(|(_, a), (_, b)| a.total_cmp(b))?.0)
    }

    /// The epoch whose weights the model has; `None` while it trains, and within an epoch.
    pub fn model_epoch(&self) -> Option<&'a EpochRecord> {
        let epoch = self.record?.epoch?;
        self.history.iter().find(|record| record.epoch == epoch)
    }

    /// The epochs that are trained after a batch: 2.5 is the middle of the third one.
    pub fn epochs_at(&self, point: &BatchPoint) -> f64 {
        point.done * self.config.epochs as f64
    }

    /// Hints on its settings.
    pub fn hints(&self) -> Vec<Hint> {
        if self.history.is_empty() {
            return Vec::new();
        }
        diagnostics::diagnose(self.config, self.history)
    }

    /// The hints, each a sentence.
    pub fn hint_texts(&self) -> Vec<String> {
        let divergence = self.divergence.map(|divergence| {
            format!("The training ended: {divergence}. The weights of the best epoch are in use.")
        });
        let hints = self.hints().into_iter();
        let hints = hints.map(|hint| sentence(&hint.to_string()));
        divergence.into_iter().chain(hints).collect()
    }

    /// Why the curves look worse than the result.
    pub fn curves_text(&self) -> Option<&'static str> {
        let text = "These curves are of the batches it trained on: your corrections and the images most like them. They \
            are harder than the test set, which the result is of.";
        self.kind.preset().is_none().then_some(text)
    }

    /// "Keras tutorial", or "Fine-tuning of Run 4".
    pub fn title(&self) -> String {
        match self.kind {
            RunKind::Preset(preset) => preset.label().to_owned(),
            RunKind::FineTuning(base) => {
                format!("Fine-tuning of {}", self.base_name.unwrap_or(base))
            }
        }
    }

    /// "Keras tutorial", or "Keras tutorial: epochs 3, seed 2".
    pub fn description(&self) -> String {
        let title = self.title();
        match self.differences().join(", ") {
            differences if differences.is_empty() => title,
            differences => format!("{title}: {differences}"),
        }
    }

    /// The settings that differ from the preset, each in a few words.
    fn differences(&self) -> Vec<String> {
        let preset = self.kind.preset();
        preset.map_or_else(Vec::new, |preset| differences_of(preset, self.config))
    }

    /// The metrics of the finished epochs as CSV. Missing values are empty.
    pub fn table(&self) -> String {
        let mut text =
            "epoch,loss,accuracy,validation_loss,validation_accuracy,learning_rate,seconds\n"
                .to_owned();
        let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        for record in self.history {
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{},{},{},{},{},{},{}",
                record.epoch,
                record.loss,
                record.accuracy,
                number(record.validation_loss),
                number(record.validation_accuracy),
                record.learning_rate,
                record.elapsed_secs,
            );
        }
        text
    }
}

impl Runs {
    /// All runs, newest first.
    pub fn list(&self) -> &[Run] {
        &self.list
    }

    /// The run whose deletion is to be confirmed.
    pub fn asked(&self) -> Option<&Run> {
        self.of(self.asked?)
    }

    /// The run with this id.
    pub fn of(&self, id: u64) -> Option<&Run> {
        self.list.iter().find(|run| run.record.id == id)
    }

    /// The name of a run that is in the list.
    fn name_of(&self, id: Option<u64>) -> Option<&str> {
        Some(&self.of(id?)?.record.name)
    }

    fn of_mut(&mut self, id: u64) -> Option<&mut Run> {
        self.list.iter_mut().find(|run| run.record.id == id)
    }

    /// Shows the curves of the current training.
    pub(super) fn show_current(&mut self) {
        self.shown = None;
    }

    /// Shows the curves of this run.
    pub(super) fn show(&mut self, id: u64) {
        self.shown = Some(id);
    }

    /// Adds a finished training with this name, and shows it. Returns its record.
    pub(super) fn add(
        &mut self,
        name: String,
        training: &Training,
        config: TrainingConfig,
        trained: &TrainedModel,
    ) -> RunRecord {
        let newest = self.list.first().map_or(0, |run| run.record.id);
        let metadata = &trained.model.metadata;
        let record = RunRecord {
            // Unique even for two runs in a millisecond.
            id: millis_since_1970().max(newest + 1),
            name,
            kind: training.kind.clone(),
            base_run: training.base_run,
            config,
            dataset: metadata.dataset.clone(),
            is_stopped: trained.is_stopped(),
            history: trained
                .history
                .iter()
                .filter(|record| record.loss.is_finite())
                .filter(|record| record.validation_loss.is_none_or(f64::is_finite))
                .cloned()
                .collect(),
            batches: training.batches.finite(),
            epoch: trained.epoch,
            validation_accuracy: metadata.validation_accuracy.filter(|x| x.is_finite()),
            test_accuracy: metadata.test_accuracy.filter(|x| x.is_finite()),
            confusion: trained.test.as_ref().map(|test| test.confusion),
            is_pinned: false,
        };
        self.shown = Some(record.id);
        self.list.insert(0, Run::new(record.clone(), false));
        record
    }

    /// The number of the next run: after those of all runs, also of those that were renamed or deleted.
    fn next_number(&self, last: u64) -> u64 {
        let names = self.list.iter().map(|run| run.record.name.as_str());
        let numbers = names.filter_map(|name| name.strip_prefix("Run ")?.parse().ok());
        numbers.fold(last, u64::max).saturating_add(1)
    }
}

fn millis_since_1970() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}

/// The values of a configuration that differ from a preset, each in a few words.
pub(super) fn differences_of(preset: Preset, config: &TrainingConfig) -> Vec<String> {
    // A parameter of another optimizer or schedule is compared with its default value.
    let mut reference = preset.config();
    let mut found = Vec::new();
    for hyperparameter in hyperparameter::ALL {
        let Some(text) = hyperparameter.text(config) else {
            continue;
        };
        if hyperparameter.text(&reference).as_ref() != Some(&text) {
            hyperparameter.copy(config, &mut reference);
            found.push(format!("{} {text}", hyperparameter.name()));
        }
    }
    found
}

impl State {
    /// The run whose result and curves are shown. `None` before the first training.
    pub fn shown_run(&self) -> Option<ShownRun<'_>> {
        match self.runs.shown.and_then(|id| self.runs.of(id)) {
            Some(run) => Some(self.run_of(&run.record)),
            None => self.current_run(),
        }
    }

    /// The run of the place *Learn*: the shown one, or else the newest of earlier sessions.
    pub fn learn_run(&self) -> Option<ShownRun<'_>> {
        let newest = || Some(self.run_of(&self.runs.list.first()?.record));
        self.shown_run().or_else(newest)
    }

    /// A finished run, with the present name of its base model, and what only this session knows about it.
    pub fn run_of<'a>(&'a self, record: &'a RunRecord) -> ShownRun<'a> {
        let is_last = self.training.record == Some(record.id);
        ShownRun {
            divergence: self.training.divergence.filter(|_| is_last),
            base_name: self.runs.name_of(record.base_run),
            ..ShownRun::of(record)
        }
    }

    /// The training under way, or the one that failed. `None` once it is finished, and before the first.
    pub fn current_run(&self) -> Option<ShownRun<'_>> {
        let training = &self.training;
        Some(ShownRun {
            name: "This training",
            kind: &training.kind,
            base_name: self.runs.name_of(training.base_run),
            config: training
                .config
                .as_ref()
                .filter(|_| training.record.is_none())?,
            history: &training.history,
            batches: training.batches.points(),
            record: None,
            divergence: None,
        })
    }

    /// The name of the next run: "Run 7".
    pub(super) fn next_run_name(&mut self) -> String {
        self.settings.last_run_number = self.runs.next_number(self.settings.last_run_number);
        format!("Run {}", self.settings.last_run_number)
    }

    pub(super) fn apply_to_run(&mut self, action: RunAction, out: &mut Vec<Effect>) {
        match action {
            RunAction::Answer(id) => {
                if let Some(entry) = self.models.of_run(id) {
                    let model = entry.id;
                    self.choose_model(model, out);
                } else if let Some(run) = self.runs.of_mut(id).filter(|run| !run.is_loading) {
                    run.is_loading = true;
                    out.push(Effect::Library(RunLibraryTask::Load(id)));
                }
                self.runs.show(id);
            }
            RunAction::Show(id) => self.runs.shown = id,
            RunAction::UseSettings(id) => {
                if let Some(run) = self.runs.of(id) {
                    let form = &mut self.training.form;
                    let before = form.clone();
                    form.preset = run.record.kind.preset().unwrap_or(form.preset);
                    form.set_config(run.record.config.clone());
                    let claim = Claim::Form(Box::new(form.clone()));
                    let text = format!("The settings are those of {}", run.record.name);
                    if before.is_changed() {
                        let undo = Action::ChangeForm(Box::new(before));
                        self.notices.offer(text, "Undo the settings", undo);
                    } else {
                        self.notices.info(text);
                    }
                    self.notices.claim(claim);
                }
            }
            RunAction::Rename(id, name) => {
                self.models.rename_run(id, &name);
                self.change_record(id, |record| record.name = name, out);
            }
            RunAction::Pin(id, pin) => self.change_record(id, |record| record.is_pinned = pin, out),
            RunAction::ConfirmDelete(id) => self.runs.asked = Some(id),
            RunAction::CancelDelete => self.runs.asked = None,
            RunAction::Delete(id) => {
                self.runs.asked = None;
                self.runs.list.retain(|run| run.record.id != id);
                out.push(Effect::Library(RunLibraryTask::Delete(id)));
            }
        }
    }

    fn change_record(
        &mut self,
        id: u64,
        change: impl FnOnce(&mut RunRecord),
        out: &mut Vec<Effect>,
    ) {
        let Some(run) = self.runs.of_mut(id) else {
            return;
        };
        change(&mut run.record);
        if run.is_stored {
            let record = Box::new(run.record.clone());
            out.push(Effect::Library(RunLibraryTask::Update(record)));
        }
    }

    /// Takes the result of a task in the library.
    pub(super) fn on_run_library_outcome(
        &mut self,
        outcome: RunLibraryOutcome,
        out: &mut Vec<Effect>,
    ) {
        match outcome {
            RunLibraryOutcome::Listed(records, errors) => {
                for error in errors {
                    self.notices.error(error::chain(&error));
                }
                for record in records {
                    if self.runs.of(record.id).is_none() {
                        self.runs.list.push(Run::new(record, true));
                    }
                }
                // At the start, the model of the session before is used again.
                if let ModelInUse::Run(run) = self.settings.model_in_use
                    && self.models.is_new()
                {
                    self.apply_to_run(RunAction::Answer(run), out);
                }
            }
            RunLibraryOutcome::Saved(id, removed) => {
                log::debug!(target: "digitpad", "run {id} is stored");
                if let Some(run) = self.runs.of_mut(id) {
                    run.is_stored = true;
                }
                if let Some(entry) = self.models.of_run(id) {
                    let model = entry.id;
                    self.models.mark_saved(model);
                }
                // These runs are deleted.
                let list = &mut self.runs.list;
                list.retain(|run| !removed.contains(&run.record.id));
            }
            RunLibraryOutcome::Loaded(id, model) => {
                self.stop_watching();
                if let Some(run) = self.runs.of_mut(id) {
                    run.is_loading = false;
                    let name = run.record.name.clone();
                    self.models.add_run(id, &name, model, true);
                    self.use_chosen_model(out);
                    self.evaluate_if_shown(out);
                }
            }
            RunLibraryOutcome::Updated | RunLibraryOutcome::Deleted(_) => {}
        }
    }

    /// The weights of this run did not load. The user can try again.
    pub(super) fn reset_loading_run(&mut self, id: u64) {
        if let Some(run) = self.runs.of_mut(id) {
            run.is_loading = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::MlpConfig, training::config::Optimizer};

    #[test]
    fn differences_from_the_preset_are_summarized() {
        type Change = fn(&mut TrainingConfig);
        let cases: [(Change, &[&str], &str); 6] = [
            (|_| (), &[], "the preset itself"),
            (|c| c.epochs = 3, &["epochs 3"], "a number"),
            (
                |c| (c.seed, c.dropout) = (4, 0.25),
                &["seed 4", "dropout 0.25"],
                "two of them",
            ),
            (
                |c| c.optimizer = Optimizer::MOMENTUM,
                &["optimizer SGD", "momentum 0.9"],
                "another optimizer with parameters that are not its defaults",
            ),
            (
                |c| c.model = MlpConfig::relu([], [64, 32]),
                &["hidden layers 64,32"],
                "the network",
            ),
            (
                |c| c.model = MlpConfig::relu([1, 1], [128]),
                &["convolutional 1,1"],
                "its kind",
            ),
        ];
        for (change, expected, reason) in cases {
            let mut config = Preset::Keras.config();
            change(&mut config);
            assert_eq!(differences_of(Preset::Keras, &config), expected, "{reason}");
        }
    }

    #[test]
    fn a_number_follows_the_highest_one() {
        let mut runs = Runs::default();
        assert_eq!(runs.next_number(0), 1, "the first");
        assert_eq!(runs.next_number(4), 5, "of a run that was renamed");
        for (id, name) in [(1, "Run 7"), (2, "The best"), (3, "Run two")] {
            let record = RunRecord::example(id, name);
            runs.list.push(Run::new(record, true));
        }
        assert_eq!(runs.next_number(4), 8, "after the highest");
    }
}
