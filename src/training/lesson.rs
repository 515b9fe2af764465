//! How a model goes on learning.

use std::sync::Arc;

use candle_core::Device;
use serde::{Deserialize, Serialize};

use super::{
    config::{Optimizer, Preset, TrainingConfig},
    fields,
    schedule::Schedule,
};
use crate::{
    error::{ModelError, Refusal, TrainingError},
    model::{Mlp, calibration::Calibration, file::Model},
};

/// Epochs of a lesson.
const EPOCHS: usize = 3;
/// Its learning rate, which falls to nothing: small, so that what was learnt is kept.
const LEARNING_RATE: f64 = 0.001;

/// A model that goes on learning; it is copied, not changed.
#[derive(Clone, Debug)]
pub struct Pupil {
    /// The model.
    pub model: Arc<Model>,
    /// What it is called.
    pub name: String,
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

impl Pupil {
    /// How it goes on learning: as it has learnt, as far as its file says how, but shortly and in small steps.
    pub fn lesson(&self) -> TrainingConfig {
        let config = self.model.mlp.config();
        let recipe: Option<TrainingConfig> = serde_json::from_str(&self.model.metadata.recipe).ok();
        let is_its_own =
            |recipe: &TrainingConfig| recipe.model == *config && recipe.validate().is_ok();
        let recipe = recipe.filter(is_its_own).unwrap_or_else(|| TrainingConfig {
            model: config.clone(),
            shared_fields: false,
            ..Preset::Quick.config()
        });
        TrainingConfig {
            epochs: EPOCHS,
            learning_rate: LEARNING_RATE,
            schedule: Schedule::Cosine { end: 0.0 },
            optimizer: match recipe.optimizer {
                adam @ (Optimizer::Adam { .. } | Optimizer::AdamW { .. }) => adam,
                _ => Optimizer::default(),
            },
            patience: 0,
            ..recipe
        }
    }

    pub(super) fn origin(&self) -> Origin {
        Origin {
            name: self.name.clone(),
            calibration: self.model.metadata.calibration,
        }
    }

    /// The network to begin with.
    ///
    /// # Errors
    /// When it is not the one that the configuration names.
    pub(super) fn network(
        &self,
        config: &TrainingConfig,
        device: &Device,
    ) -> Result<Mlp, TrainingError> {
        let mlp = &self.model.mlp;
        let refused = |found: String, expected: String| {
            TrainingError::Refused(Refusal::new(
                format!("go on with the {}", self.name),
                found,
                expected,
                "leave the network as it is, or train a new one",
            ))
        };
        if *mlp.config() != config.model {
            return Err(refused(
                format!("a network of {}", mlp.config()),
                format!("one of {}", config.model),
            ));
        }
        let layers = config.fields().map_err(TrainingError::Refused)?;
        if !fields::are_shared(mlp, &layers).map_err(ModelError::from)? {
            return Err(refused(
                "weights that differ from place to place".to_owned(),
                "the same in every place, since weights are shared".to_owned(),
            ));
        }
        Ok(mlp.copy_to(device)?)
    }
}

impl Origin {
    /// What the logits are worth that came of it, where no digits by left-out hands tell: what they were worth. It was
    /// found with such hands, or with no fewer digits.
    pub(super) fn calibration(&self, rejects: bool) -> Option<Calibration> {
        let known = self.calibration;
        let is_known = known != Calibration::default() && known.reject_below.is_some() == rejects;
        is_known.then_some(known)
    }
}
