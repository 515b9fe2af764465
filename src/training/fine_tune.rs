//! Fine-tuning of a base model.

use std::sync::Arc;

use candle_core::Device;
use serde::{Deserialize, Serialize};

use super::{
    config::{Optimizer, Preset, TrainingConfig},
    schedule::Schedule,
};
use crate::{
    error::{ModelError, Refusal, TrainingError},
    model::{Mlp, calibration::Calibration, file::Model},
};

/// The epochs of a fine-tuning.
const EPOCHS: usize = 3;
/// The initial learning rate of a fine-tuning. It is small so that the weights stay near the base model.
const LEARNING_RATE: f64 = 0.001;

/// A model to fine-tune. Training works on a copy.
#[derive(Clone, Debug)]
pub struct BaseModel {
    model: Arc<Model>,
    name: String,
}

/// The data of a base model that a training stores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BaseModelInfo {
    pub(super) name: String,
    pub(super) calibration: Calibration,
}

impl BaseModel {
    /// A base model with a name.
    pub fn new(model: Arc<Model>, name: String) -> Self {
        Self { model, name }
    }

    /// The model with its metadata.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// Its name, such as "built-in model".
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The configuration that fine-tunes this model: its own, if its metadata have it, with fewer epochs and a smaller
    /// learning rate. A model that rejects non-digits trains on them again.
    pub fn fine_tuning(&self) -> TrainingConfig {
        let (config, metadata) = (self.model.mlp.config(), &self.model.metadata);
        let recipe = self.own_config().unwrap_or_else(|| TrainingConfig {
            model: config.clone(),
            ..Preset::Quick.config()
        });
        let rejects = metadata.calibration.reject_threshold.is_some();
        TrainingConfig {
            epochs: EPOCHS,
            learning_rate: LEARNING_RATE,
            schedule: Schedule::Cosine { end: 0.0 },
            optimizer: match recipe.optimizer {
                adam @ Optimizer::Adam { .. } => adam,
                _ => Optimizer::default(),
            },
            patience: 0,
            non_digits: match recipe.non_digits {
                0 if rejects => Preset::Balanced.config().non_digits,
                count => count,
            },
            ..recipe
        }
    }

    /// Whether the model names its training configuration, but in a form that this version cannot read. Fine-tuning then
    /// takes that of the preset `quick`.
    pub fn has_unreadable_config(&self) -> bool {
        self.model.metadata.training_config.is_some() && self.own_config().is_none()
    }

    /// The configuration in the metadata, if it is that of a training of this network.
    fn own_config(&self) -> Option<TrainingConfig> {
        let recipe = self.model.metadata.training_config.clone()?;
        let recipe: Option<TrainingConfig> = serde_json::from_value(recipe).ok();
        let config = self.model.mlp.config();
        recipe.filter(|recipe| recipe.model == *config && recipe.validate().is_ok())
    }

    pub(super) fn origin(&self) -> BaseModelInfo {
        BaseModelInfo {
            name: self.name.clone(),
            calibration: self.model.metadata.calibration,
        }
    }

    /// Checks that the model has the architecture of a configuration.
    ///
    /// # Errors
    /// If the architecture differs.
    pub fn check(&self, config: &TrainingConfig) -> Result<(), TrainingError> {
        let mlp = &self.model.mlp;
        let refused = |found: String, expected: String| {
            Err(Refusal::new(
                format!("fine-tune the {}", self.name),
                found,
                expected,
                "keep the network's settings, or train a new model",
            )
            .into())
        };
        if *mlp.config() != config.model {
            let (found, expected) = (mlp.config(), &config.model);
            return refused(
                format!("a network of {found}"),
                format!("one of {expected}"),
            );
        }
        Ok(())
    }

    /// A copy of the network on a device.
    pub(super) fn network(&self, device: &Device) -> Result<Mlp, ModelError> {
        self.model.mlp.copy_to(device)
    }
}

impl BaseModelInfo {
    /// The calibration of a fine-tuned model without held-out writers: that of the base model, which had them or as many
    /// digits. `None` if the base model has no calibration, or a reject threshold where the new model has none.
    pub(super) fn calibration(&self, rejects: bool) -> Option<Calibration> {
        let known = self.calibration;
        let is_known =
            known != Calibration::default() && known.reject_threshold.is_some() == rejects;
        is_known.then_some(known)
    }
}
