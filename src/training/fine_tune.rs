//! How a model goes on learning.

use std::sync::Arc;

use candle_core::Device;
use serde::{Deserialize, Serialize};

use super::{
    config::{Optimizer, Preset, TrainingConfig},
    schedule::Schedule,
    step::convolution,
};
use crate::{
    error::{ModelError, Refusal, TrainingError},
    model::{Mlp, calibration::Calibration, file::Model},
};

/// Epochs of a lesson.
const EPOCHS: usize = 3;
/// Its learning rate, which falls to nothing: small, so that what was learned is kept.
const LEARNING_RATE: f64 = 0.001;

/// A model that goes on learning; it is copied, not changed.
#[derive(Clone, Debug)]
pub struct BaseModel {
    model: Arc<Model>,
    name: String,
}

/// What is remembered of the model that a training began with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Origin {
    /// What it is called.
    pub(super) name: String,
    /// What its logits were worth.
    pub(super) calibration: Calibration,
}

impl BaseModel {
    /// A model that is called so. One that a lesson left is called by what that began with, however many there were.
    pub fn new(model: Arc<Model>, name: String) -> Self {
        let name = model.metadata.base_model.clone().unwrap_or(name);
        Self { model, name }
    }

    /// The model.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it goes on learning: as it has learned, as far as its file says how, but shortly and in small steps. What it
    /// has learned to refuse it goes on to refuse.
    pub fn fine_tuning(&self) -> TrainingConfig {
        let (config, metadata) = (self.model.mlp.config(), &self.model.metadata);
        let recipe = metadata.training_config.clone();
        let recipe: Option<TrainingConfig> =
            recipe.and_then(|recipe| serde_json::from_value(recipe).ok());
        let is_its_own =
            |recipe: &TrainingConfig| recipe.model == *config && recipe.validate().is_ok();
        let recipe = recipe.filter(is_its_own).unwrap_or_else(|| TrainingConfig {
            model: config.clone(),
            convolutional: false,
            ..Preset::Quick.config()
        });
        let refuses = metadata.calibration.reject_threshold.is_some();
        TrainingConfig {
            epochs: EPOCHS,
            learning_rate: LEARNING_RATE,
            schedule: Schedule::Cosine { end: 0.0 },
            optimizer: match recipe.optimizer {
                adam @ (Optimizer::Adam { .. } | Optimizer::AdamW { .. }) => adam,
                _ => Optimizer::default(),
            },
            patience: 0,
            non_digits: match recipe.non_digits {
                0 if refuses => Preset::Balanced.config().non_digits,
                count => count,
            },
            ..recipe
        }
    }

    pub(super) fn origin(&self) -> Origin {
        Origin {
            name: self.name.clone(),
            calibration: self.model.metadata.calibration,
        }
    }

    /// Whether its network is the one that a configuration names.
    ///
    /// # Errors
    /// When it is another, or its weights are not shared as they are to be.
    pub fn check(&self, config: &TrainingConfig) -> Result<(), TrainingError> {
        let mlp = &self.model.mlp;
        let refused = |found: String, expected: String| {
            Err(TrainingError::Refused(Refusal::new(
                format!("go on with the {}", self.name),
                found,
                expected,
                "leave the network as it is, or train a new one",
            )))
        };
        if *mlp.config() != config.model {
            let (found, expected) = (mlp.config(), &config.model);
            return refused(
                format!("a network of {found}"),
                format!("one of {expected}"),
            );
        }
        let layers = config.conv_layers().map_err(TrainingError::Refused)?;
        if !convolution::is_convolutional(mlp, &layers).map_err(ModelError::from)? {
            return refused(
                "weights that differ from place to place".to_owned(),
                "the same in every place, since weights are shared".to_owned(),
            );
        }
        Ok(())
    }

    /// The network to begin with.
    pub(super) fn network(&self, device: &Device) -> Result<Mlp, ModelError> {
        self.model.mlp.copy_to(device)
    }
}

impl Origin {
    /// What the logits are worth that came of it, where no digits by left-out hands tell: what they were worth. It was
    /// found with such hands, or with no fewer digits.
    pub(super) fn calibration(&self, rejects: bool) -> Option<Calibration> {
        let known = self.calibration;
        let is_known =
            known != Calibration::default() && known.reject_threshold.is_some() == rejects;
        is_known.then_some(known)
    }
}
