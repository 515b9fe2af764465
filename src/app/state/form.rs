//! The settings of the training panel, which need not be valid yet.

use std::path::PathBuf;

use super::runs::{Run, differences_of};
use crate::{
    data::DataSource,
    error::Refusal,
    store::settings::SavedForm,
    training::{
        config::{
            Optimizer, Preset, TrainingConfig,
            hyperparameter::{
                self, Hyperparameter, HyperparameterGroup, HyperparameterKind, widths_text,
            },
        },
        schedule::Schedule,
    },
};

/// The settings that a description names, before it counts the others.
const NAMED_DIFFERENCES: usize = 5;
/// The bytes of a parameter.
const BYTES: usize = 4;

/// The settings of the training panel.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingForm {
    /// The preset that was chosen last.
    pub preset: Preset,
    /// All hyperparameters, without the layers: [`Self::hidden`] and [`Self::filters`] have those.
    pub draft: TrainingConfig,
    /// The fully connected hidden layers as typed.
    pub hidden: String,
    /// The filters of the convolutional layers as typed.
    pub filters: String,
    /// Whether to train on [`Self::folder`] instead of the built-in MNIST.
    pub from_folder: bool,
    /// The data folder as typed or chosen.
    pub folder: String,
    /// Whether to train on the saved corrections, too.
    pub uses_corrections: bool,
}

/// Memory of a network in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Its parameters.
    pub weights: usize,
    /// All that a training holds of them: the weights, their running mean and those of the best epoch, the gradient
    /// and the optimizer's state.
    pub training: usize,
}

impl Default for TrainingForm {
    fn default() -> Self {
        Self::from_saved(SavedForm::default())
    }
}

impl TrainingForm {
    /// The form of a configuration, with MNIST as the data.
    pub fn of(preset: Preset, config: TrainingConfig) -> Self {
        let text = |widths: &[usize]| match widths {
            [] => String::new(),
            widths => widths_text(widths),
        };
        Self {
            preset,
            hidden: text(config.model.hidden()),
            filters: text(config.model.filters()),
            draft: config,
            from_folder: false,
            folder: String::new(),
            uses_corrections: true,
        }
    }

    /// The settings of the tour's example of overfitting: few images and many epochs, so that the validation loss rises
    /// and the accuracy does not.
    #[must_use]
    pub fn overfitting(&self) -> Self {
        let mut form = Self {
            preset: Preset::Keras,
            from_folder: false,
            ..self.clone()
        };
        form.set_config(Preset::Keras.config());
        "128,128".clone_into(&mut form.hidden);
        form.draft.data_fraction = 0.005;
        form.draft.validation_split = 0.05;
        form.draft.batch_size = 8;
        form.draft.epochs = 60;
        form
    }

    /// The preset in a sentence without its full stop, or what is changed: "Keras tutorial, changed: epochs 3".
    pub fn description(&self) -> String {
        if !self.is_changed() {
            return self.preset.description();
        }
        let config = self.nearest_valid_config();
        let mut differences = differences_of(self.preset, &config);
        let others = differences.len().saturating_sub(NAMED_DIFFERENCES);
        differences.truncate(NAMED_DIFFERENCES);
        if others > 0 {
            differences.push(format!("{others} more"));
        }
        let label = self.preset.label();
        match differences.join(", ") {
            // Only an invalid value is changed.
            differences if differences.is_empty() => format!("{label}, changed"),
            differences => format!("{label}, changed: {differences}"),
        }
    }

    /// Sets everything but the data to the preset.
    pub fn choose(&mut self, preset: Preset) {
        self.preset = preset;
        self.set_config(preset.config());
    }

    /// Sets everything but the data to a configuration. It is compared with the preset that is chosen.
    pub fn set_config(&mut self, config: TrainingConfig) {
        *self = Self {
            from_folder: self.from_folder,
            folder: std::mem::take(&mut self.folder),
            uses_corrections: self.uses_corrections,
            ..Self::of(self.preset, config)
        };
    }

    /// The fields to save. An invalid group of hyperparameters is saved as the preset has it.
    pub fn saved(&self) -> SavedForm {
        SavedForm {
            preset: self.preset,
            folder: self.folder.clone(),
            from_folder: self.from_folder,
            uses_corrections: self.uses_corrections,
            config: self.nearest_valid_config(),
        }
    }

    /// The form of saved fields.
    pub fn from_saved(saved: SavedForm) -> Self {
        Self {
            folder: saved.folder,
            from_folder: saved.from_folder,
            uses_corrections: saved.uses_corrections,
            ..Self::of(saved.preset, saved.config)
        }
    }

    /// The text field of a [`HyperparameterKind::Layers`].
    pub fn layers_text(&mut self, hyperparameter: &Hyperparameter) -> &mut String {
        if hyperparameter.key == "model.convolutional" {
            &mut self.filters
        } else {
            &mut self.hidden
        }
    }

    /// The draft with the layers as typed, unchecked otherwise.
    ///
    /// # Errors
    /// When the layers are no lists of counts, or too many or too wide.
    pub fn with_layers(&self) -> Result<TrainingConfig, Refusal> {
        let mut config = self.draft.clone();
        config.set_layers(Vec::new(), Vec::new())?;
        for (key, text) in [
            ("model.hidden", &self.hidden),
            ("model.convolutional", &self.filters),
        ] {
            if let Some(layers) = hyperparameter::by_key(key) {
                layers.set(&mut config, &layers.parse(text)?)?;
            }
        }
        Ok(config)
    }

    /// The configuration that the form describes.
    ///
    /// # Errors
    /// Names the first value that is not valid.
    pub fn config(&self) -> Result<TrainingConfig, Refusal> {
        let config = self.with_layers()?;
        config.validate()?;
        Ok(config)
    }

    /// The configuration that the form describes, with the preset's values in as few groups as make it valid.
    pub fn nearest_valid_config(&self) -> TrainingConfig {
        let without = |group: HyperparameterGroup| {
            let mut form = self.clone();
            form.reset(group);
            form.config()
        };
        let mut form = self.clone();
        let one_by_one = || {
            HyperparameterGroup::ALL.into_iter().find_map(|group| {
                form.reset(group);
                form.config().ok()
            })
        };
        self.config()
            .ok()
            .or_else(|| {
                HyperparameterGroup::ALL
                    .into_iter()
                    .find_map(|group| without(group).ok())
            })
            .or_else(one_by_one)
            .unwrap_or_else(|| self.preset.config())
    }

    /// Sets a group to the preset.
    pub fn reset(&mut self, group: HyperparameterGroup) {
        for hyperparameter in group.hyperparameters() {
            self.reset_value(hyperparameter);
        }
    }

    /// Sets a value to the preset.
    pub fn reset_value(&mut self, hyperparameter: &Hyperparameter) {
        let mut preset = Self::of(self.preset, self.preset.config());
        match hyperparameter.kind {
            HyperparameterKind::Layers { .. } => {
                *self.layers_text(hyperparameter) =
                    std::mem::take(preset.layers_text(hyperparameter));
            }
            _ => hyperparameter.copy(&preset.draft, &mut self.draft),
        }
    }

    /// Whether a value differs from the preset.
    pub fn is_value_changed(&self, hyperparameter: &Hyperparameter) -> bool {
        let mut reset = self.clone();
        reset.reset_value(hyperparameter);
        reset != *self
    }

    /// Whether a value of the group differs from the preset.
    pub fn is_group_changed(&self, group: HyperparameterGroup) -> bool {
        let mut reset = self.clone();
        reset.reset(group);
        reset != *self
    }

    /// Whether a value differs from the preset.
    pub fn is_changed(&self) -> bool {
        HyperparameterGroup::ALL
            .into_iter()
            .any(|group| self.is_group_changed(group))
    }

    /// The data set to train on; `None` while its folder is not chosen.
    pub fn source(&self) -> Option<DataSource> {
        match (self.from_folder, self.folder.trim()) {
            (false, _) => Some(DataSource::Mnist),
            (true, "") => None,
            (true, folder) => Some(DataSource::Folder(PathBuf::from(folder))),
        }
    }

    /// The memory that the network takes; `None` while the layers are not valid.
    pub fn memory(&self) -> Option<Memory> {
        let config = self.with_layers().ok()?;
        let weights = config.model.parameter_count() * BYTES;
        let moments = match config.optimizer {
            Optimizer::Sgd { momentum, .. } => usize::from(momentum > 0.0),
            Optimizer::RmsProp { .. } => 1,
            Optimizer::Adam { .. } => 2,
        };
        let mean = usize::from(config.ema > 0.0);
        let best = usize::from(config.validation_split > 0.0);
        let training = weights * (2 + mean + best + moments);
        Some(Memory { weights, training })
    }

    /// The estimated duration of the training in seconds, from the newest run with the same cost per epoch.
    pub fn time_estimate(&self, runs: &[Run]) -> Option<f64> {
        let config = self.config().ok()?;
        let dataset = match self.source()? {
            DataSource::Mnist => "mnist".to_owned(),
            DataSource::Folder(path) | DataSource::Ink(path) => {
                path.file_name()?.to_string_lossy().into_owned()
            }
        };
        let cost = epoch_cost(&config);
        let mut records = runs.iter().map(|run| &run.record);
        let record = records.find(|record| {
            let is_alike =
                record.dataset.as_ref() == Some(&dataset) && epoch_cost(&record.config) == cost;
            // The one epoch of a fine-tuning is as long as the corrections need.
            is_alike && record.kind.preset().is_some() && !record.history.is_empty()
        })?;
        Some(record.secs() / record.history.len() as f64 * config.epochs as f64)
    }
}

/// The configuration without the hyperparameters that do not affect the duration of an epoch.
fn epoch_cost(config: &TrainingConfig) -> TrainingConfig {
    TrainingConfig {
        epochs: 1,
        learning_rate: 1.0,
        schedule: Schedule::Constant,
        patience: 0,
        seed: 0,
        ..config.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        data::augment::Augmentation,
        model::{Activation, MlpConfig, preprocess::Preprocessing},
        store::run_library::{RunKind, RunRecord},
        training::{EpochRecord, config::Loss},
    };

    /// A form in which every group differs from the preset.
    fn unusual() -> TrainingForm {
        let model = MlpConfig::new(vec![5], Activation::Tanh).and_then(|model| {
            model.with_preprocessing(Preprocessing {
                median_px: 1,
                ..Preprocessing::default()
            })
        });
        TrainingForm::of(
            Preset::Quick,
            TrainingConfig {
                model: model.expect("in range"),
                epochs: 3,
                batch_size: 7,
                learning_rate: 0.5,
                loss: Loss::MeanSquaredError,
                seed: 9,
                optimizer: Optimizer::MOMENTUM,
                schedule: Schedule::COSINE,
                clip_norm: 1.0,
                l1: 0.1,
                l2: 0.1,
                dropout: 0.1,
                label_smoothing: 0.1,
                ema: 0.9,
                patience: 2,
                augmentation: Augmentation::HANDWRITING,
                validation_split: 0.5,
                data_fraction: 0.5,
                synthetic_digits: 1,
                non_digits: 1,
            },
        )
    }

    #[test]
    fn each_hyperparameter_is_in_one_group() {
        let mut form = unusual();
        for (index, group) in HyperparameterGroup::ALL.into_iter().enumerate() {
            assert!(form.is_group_changed(group), "{group:?} differs");
            form.reset(group);
            assert!(!form.is_group_changed(group), "{group:?} is reset");
            for other in &HyperparameterGroup::ALL[index + 1..] {
                assert!(form.is_group_changed(*other), "{other:?} is not touched");
            }
        }
        assert!(
            !form.is_changed(),
            "all groups are the whole preset: {form:?}"
        );
        assert_eq!(form.config(), Ok(Preset::Quick.config()), "the preset");
    }

    #[test]
    fn an_invalid_value_resets_only_its_group() {
        let mut form = TrainingForm::default();
        form.draft.epochs = 3;
        form.draft.data_fraction = 0.5;
        assert_eq!(
            Ok(form.nearest_valid_config()),
            form.config(),
            "all is valid"
        );
        form.hidden = "128,,".to_owned();
        let config = form.nearest_valid_config();
        let preset = form.preset.config();
        assert_eq!(config.model.hidden(), preset.model.hidden(), "half typed");
        assert_eq!((config.epochs, config.data_fraction), (3, 0.5), "unchanged");
        form.draft.patience = 2;
        form.draft.validation_split = 0.0;
        let config = form.nearest_valid_config();
        assert_eq!(
            config.patience, preset.patience,
            "needs validation examples"
        );
        assert_eq!(config.validation_split, 0.0, "is valid");
        assert_eq!(
            config.epochs, preset.epochs,
            "with several invalid groups, those before them are reset too"
        );
    }

    #[test]
    fn memory_is_that_of_the_parameters_and_kernels_count_once() {
        let mut form = TrainingForm::default();
        form.draft.ema = 0.0;
        let kernels = (25 * 5 + 5) + (125 * 50 + 50);
        let cases = [
            ("", "128", 101_770, "784-128-10"),
            (
                "5,50",
                "128",
                kernels + 800 * 128 + 128 + 1290,
                "convolutional",
            ),
            ("5", "", (25 * 5 + 5) + 6050 + 10, "one convolutional layer"),
        ];
        for (filters, hidden, parameters, reason) in cases {
            (form.filters, form.hidden) = (filters.to_owned(), hidden.to_owned());
            let config = form.config().expect("valid");
            assert_eq!(config.model.parameter_count(), parameters, "{reason}");
            // The weights, those of the best epoch, the gradient, and Adam's two moments.
            let weights = 4 * parameters;
            let training = 5 * weights;
            let expected = Some(Memory { weights, training });
            assert_eq!(form.memory(), expected, "{reason}");
        }
        form.filters = "5,50,500".to_owned();
        assert_eq!(form.memory(), None, "no room for a third kernel");
    }

    #[test]
    fn the_time_estimate_is_that_of_the_last_alike_run() {
        let run = |dataset: &str, secs: f64, config: TrainingConfig| {
            let epoch = |epoch| EpochRecord {
                epoch,
                elapsed_secs: secs,
                ..RunRecord::example(1, "").history[0]
            };
            Run::new(
                RunRecord {
                    config,
                    dataset: Some(dataset.to_owned()),
                    history: vec![epoch(1), epoch(2)],
                    ..RunRecord::example(1, "")
                },
                true,
            )
        };
        let mut form = TrainingForm::of(Preset::Keras, Preset::Keras.config());
        assert_eq!(form.time_estimate(&[]), None, "nothing is known");
        let other_seed = TrainingConfig {
            seed: 9,
            epochs: 2,
            ..Preset::Keras.config()
        };
        let mut fine_tuning = run("mnist", 99.0, Preset::Keras.config());
        fine_tuning.record.kind = RunKind::FineTuning("Run 1".to_owned());
        let runs = [
            fine_tuning,
            run("letters", 9.0, Preset::Keras.config()),
            run("mnist", 7.0, Preset::Quick.config()),
            run("mnist", 3.0, other_seed),
            run("mnist", 5.0, Preset::Keras.config()),
        ];
        assert_eq!(
            form.time_estimate(&runs),
            Some(30.0),
            "ten epochs of three seconds"
        );
        form.draft.epochs = 4;
        assert_eq!(form.time_estimate(&runs), Some(12.0), "fewer epochs");
        form.draft.batch_size = 1;
        assert_eq!(form.time_estimate(&runs), None, "other steps");
        form.draft.batch_size = 32;
        form.from_folder = true;
        form.folder = "/data/letters".to_owned();
        assert_eq!(form.time_estimate(&runs), Some(36.0), "another data set");
    }
}
