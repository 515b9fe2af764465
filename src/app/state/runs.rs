//! The finished trainings of this session and of earlier ones.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{
    State,
    models::{ModelId, Origin},
};
pub use crate::store::run_library::{MAX_RUNS, MAX_TOTAL_BYTES, RunKind, RunRecord};
use crate::{
    app::action::Effect,
    error,
    store::run_library::{RunLibraryOutcome, RunLibraryTask},
    training::{
        TrainedModel,
        config::{Preset, TrainingConfig, hyperparameter},
    },
};

/// A finished training.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its record.
    pub record: RunRecord,
    /// Its model, if it is loaded.
    pub model: Option<ModelId>,
    /// Whether it is stored in the library.
    pub is_stored: bool,
    /// Whether its model is being loaded.
    is_loading: bool,
}

impl Run {
    /// A run whose files are in the library.
    pub(super) fn of_library(record: RunRecord) -> Self {
        Self {
            record,
            model: None,
            is_stored: true,
            is_loading: false,
        }
    }
}

/// An action on the run with this id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunAction {
    /// Use its model.
    Answer(u64),
    /// Use its settings for the next training.
    UseSettings(u64),
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
    /// The run to delete after a confirmation.
    asked: Option<u64>,
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

    fn of(&self, id: u64) -> Option<&Run> {
        self.list.iter().find(|run| run.record.id == id)
    }

    fn of_mut(&mut self, id: u64) -> Option<&mut Run> {
        self.list.iter_mut().find(|run| run.record.id == id)
    }

    /// Adds a finished training. Returns its record.
    fn add(&mut self, kind: RunKind, config: &TrainingConfig, trained: &TrainedModel) -> RunRecord {
        let newest = self.list.first().map_or(0, |run| run.record.id);
        let metadata = &trained.model.metadata;
        let record = RunRecord {
            // Unique even for two runs in a millisecond.
            id: millis_since_1970().max(newest + 1),
            kind,
            config: config.clone(),
            dataset: metadata.dataset.clone(),
            is_stopped: trained.is_stopped(),
            history: trained
                .history
                .iter()
                .filter(|record| record.loss.is_finite())
                .filter(|record| record.validation_loss.is_none_or(f64::is_finite))
                .cloned()
                .collect(),
            validation_accuracy: metadata.validation_accuracy.filter(|x| x.is_finite()),
            test_accuracy: metadata.test_accuracy.filter(|x| x.is_finite()),
            is_pinned: false,
        };
        self.list.insert(
            0,
            Run {
                record: record.clone(),
                model: None,
                is_stored: false,
                is_loading: false,
            },
        );
        record
    }
}

fn millis_since_1970() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}

/// The settings of a run that differ from its preset, each in a few words.
pub fn differences(record: &RunRecord) -> Vec<String> {
    differences_from(&record.kind, &record.config)
}

fn differences_from(kind: &RunKind, config: &TrainingConfig) -> Vec<String> {
    let preset = kind.preset();
    preset.map_or_else(Vec::new, |preset| differences_of(preset, config))
}

/// The values of a configuration that differ from a preset, each in a few words.
fn differences_of(preset: Preset, config: &TrainingConfig) -> Vec<String> {
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

/// "keras", or "keras: epochs 3, seed 2".
pub fn title(record: &RunRecord) -> String {
    title_of(&record.kind, &record.config)
}

/// The title of a training.
pub fn title_of(kind: &RunKind, config: &TrainingConfig) -> String {
    let differences = differences_from(kind, config);
    if differences.is_empty() {
        kind.to_string()
    } else {
        format!("{kind}: {}", differences.join(", "))
    }
}

impl State {
    /// Adds a finished training to the table.
    pub(super) fn add_run(&mut self, trained: &TrainedModel) -> Option<RunRecord> {
        let config = self.training.config.clone()?;
        let kind = self.training.kind.clone();
        Some(self.runs.add(kind, &config, trained))
    }

    /// Stores a run and its model in the library.
    pub(super) fn save_run(&mut self, record: RunRecord, model: ModelId, out: &mut Vec<Effect>) {
        if let Some(run) = self.runs.of_mut(record.id) {
            run.model = Some(model);
        }
        if let Some(entry) = self.models.entry(model) {
            let task = RunLibraryTask::Save(Box::new(record), entry.model.clone());
            out.push(Effect::Library(task));
        }
    }

    pub(super) fn apply_to_run(&mut self, action: RunAction, out: &mut Vec<Effect>) {
        match action {
            RunAction::Answer(id) => match self.runs.of_mut(id) {
                Some(Run {
                    model: Some(model), ..
                }) => {
                    let model = *model;
                    self.choose_model(model, out);
                }
                Some(run) if !run.is_loading => {
                    run.is_loading = true;
                    out.push(Effect::Library(RunLibraryTask::Load(id)));
                }
                _ => {}
            },
            RunAction::UseSettings(id) => {
                if let Some(run) = self.runs.of(id) {
                    let form = &mut self.training.form;
                    form.preset = run.record.kind.preset().unwrap_or(form.preset);
                    form.set_config(run.record.config.clone());
                    self.notices
                        .info("The settings are as they were for that run");
                }
            }
            RunAction::Pin(id, pin) => {
                if let Some(run) = self.runs.of_mut(id) {
                    run.record.is_pinned = pin;
                    if run.is_stored {
                        let record = Box::new(run.record.clone());
                        out.push(Effect::Library(RunLibraryTask::Update(record)));
                    }
                }
            }
            RunAction::ConfirmDelete(id) => self.runs.asked = Some(id),
            RunAction::CancelDelete => self.runs.asked = None,
            RunAction::Delete(id) => {
                self.runs.asked = None;
                self.runs.list.retain(|run| run.record.id != id);
                out.push(Effect::Library(RunLibraryTask::Delete(id)));
            }
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
                let known = std::mem::take(&mut self.runs.list);
                let earlier = records
                    .into_iter()
                    .filter(|record| known.iter().all(|run| run.record.id != record.id))
                    .map(Run::of_library);
                let earlier: Vec<Run> = earlier.collect();
                self.runs.list = known.into_iter().chain(earlier).collect();
            }
            RunLibraryOutcome::Saved(id, removed) => {
                if let Some(run) = self.runs.of_mut(id) {
                    run.is_stored = true;
                    if let Some(model) = run.model {
                        self.models.mark_saved(model);
                    }
                }
                // These runs are deleted.
                let list = &mut self.runs.list;
                list.retain(|run| !removed.contains(&run.record.id));
            }
            RunLibraryOutcome::Loaded(id, model) => {
                self.stop_watching();
                if let Some(run) = self.runs.of_mut(id) {
                    let origin = Origin::Library(id, title(&run.record));
                    run.is_loading = false;
                    run.model = Some(self.models.add(origin, model));
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
            let record = RunRecord {
                id: 1,
                kind: RunKind::Preset(Preset::Keras),
                config,
                dataset: None,
                is_stopped: false,
                history: Vec::new(),
                validation_accuracy: None,
                test_accuracy: None,
                is_pinned: false,
            };
            assert_eq!(differences(&record), expected, "{reason}");
        }
    }
}
