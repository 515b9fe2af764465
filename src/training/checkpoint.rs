//! The state of an interrupted training: a value that a file holds. This module reads and writes no files.

mod bytes;

use std::fmt;

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::{
    EpochRecord, OptimizerState, Progress, config::TrainingConfig, fine_tune::BaseModelInfo,
};
use crate::{
    bitmap::Digit,
    data::{Correction, Dataset, TrainingData, TrainingSet},
    error::{ModelError, Refusal},
    files::fnv::ContentHash,
    model::{Layer, Mlp},
};

/// The parameters of a network in the order of [`Mlp::parameters`], each row by row.
type Parameters = Vec<Vec<f32>>;

/// The state of an interrupted training.
#[derive(Clone, PartialEq)]
pub struct Checkpoint {
    pub(super) config: TrainingConfig,
    pub(super) state: CheckpointState,
    /// The order of the examples in the current epoch.
    pub(super) order: Vec<u32>,
    /// The network under training.
    pub(super) parameters: Parameters,
    /// The moving average, if the configuration has one.
    pub(super) average: Option<Parameters>,
    /// The network after the best epoch.
    pub(super) best: Option<Parameters>,
    pub(super) optimizer: OptimizerState,
}

/// Omits the parameters, which take up to a gigabyte.
impl fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpoint")
            .field("model", &self.config.model)
            .field("progress", &self.state.progress)
            .finish_non_exhaustive()
    }
}

/// All of a checkpoint but its configuration and its tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckpointState {
    /// Examples of the current epoch that were seen.
    pub(super) seen: usize,
    /// The sum of their losses.
    pub(super) loss_sum: f64,
    /// The number of correct predictions among them.
    pub(super) correct: usize,
    /// Finished steps of the training.
    pub(super) batches: usize,
    /// Seconds from the start of the training to the start of the epoch.
    pub(super) epoch_start_secs: f64,
    /// Updates of the moving average.
    pub(super) average_updates: u32,
    /// Steps of the optimizer.
    pub(super) optimizer_steps: u32,
    /// The threads of the training, on which the last bits of the weights depend.
    pub(super) threads: usize,
    /// The position of the random generator that shuffles.
    pub(super) shuffler_words: u64,
    pub(super) best_epoch: Option<usize>,
    pub(super) progress: Progress,
    pub(super) input: TrainingInput,
    /// The finished epochs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) history: Vec<EpochRecord>,
}

/// The data set and the base model of a training.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrainingInput {
    /// The name of the data set.
    pub(super) dataset: String,
    pub(super) identity: DataIdentity,
    pub(super) source: TrainingData,
    pub(super) base_model: Option<BaseModelInfo>,
}

/// Identifies all data that a training reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DataIdentity {
    examples: usize,
    ink_examples: usize,
    /// Of all images and labels. Without the highest bit, which TOML integers lack.
    hash: i64,
}

impl DataIdentity {
    /// The identity of the training, validation, test and calibration examples, of ink and of corrections. It takes
    /// about 35 ms for MNIST's 70,000 images.
    pub(super) fn of(dataset: &Dataset) -> Self {
        let Dataset {
            name: _,
            train,
            test,
            ink,
            corrections,
            calibration,
            source: _,
        } = dataset;
        let mut hash = ContentHash::default();
        for examples in [train, test, calibration, &ink.digits] {
            hash.add(examples.labels());
            hash.add(examples.images());
        }
        for Correction { digit, image } in corrections {
            hash.add(&[digit.map_or(TrainingSet::NO_DIGIT, Digit::value)]);
            hash.add(image);
        }
        hash.add(&ink.non_digits);
        Self {
            examples: train.len(),
            ink_examples: ink.digits.len() + corrections.len(),
            hash: (hash.finish() >> 1) as i64,
        }
    }

    fn describe(self, name: &str) -> String {
        let (examples, ink) = (self.examples, self.ink_examples);
        format!("{examples} examples of {name} and {ink} of ink")
    }
}

impl Checkpoint {
    /// The configuration of the training.
    pub fn config(&self) -> &TrainingConfig {
        &self.config
    }

    /// The source of the training's data.
    pub fn source(&self) -> &TrainingData {
        &self.state.input.source
    }

    /// The name of the base model; `None` for a training from random weights.
    pub fn base_model(&self) -> Option<&str> {
        let base = self.state.input.base_model.as_ref();
        base.map(|base| base.name.as_str())
    }

    /// The finished epochs.
    pub fn history(&self) -> &[EpochRecord] {
        &self.state.history
    }

    /// The progress of the training.
    pub fn progress(&self) -> Progress {
        self.state.progress
    }

    /// The number of threads that gives, bit by bit, the result of the uninterrupted training.
    pub(super) fn threads(&self) -> usize {
        self.state.threads
    }

    /// Refuses data other than those of the training's start.
    pub(super) fn check_data(&self, found: DataIdentity, name: &str) -> Result<(), Refusal> {
        let TrainingInput {
            dataset, identity, ..
        } = &self.state.input;
        if found == *identity {
            return Ok(());
        }
        let (expected, found) = (identity.describe(dataset), found.describe(name));
        let (found, expected) = if found == expected {
            let changed = format!("{found}, but with changed images or labels");
            (changed, "the images and labels of its start".to_owned())
        } else {
            (found, expected)
        };
        Err(Refusal::new(
            "resume the training",
            found,
            expected,
            "restore the data set, or start a new training",
        ))
    }

    /// The network under training.
    pub(super) fn mlp(&self, device: &Device) -> Result<Mlp, ModelError> {
        self.network(&self.parameters, device)
    }

    /// A network with these parameters.
    pub(super) fn network(
        &self,
        parameters: &Parameters,
        device: &Device,
    ) -> Result<Mlp, ModelError> {
        let mlp = Mlp::new(&self.config.model, 0, device)?;
        for (variable, values) in mlp.parameters().zip(parameters) {
            variable.set(&Tensor::from_slice(values, variable.shape(), device)?)?;
        }
        Ok(mlp)
    }
}

/// Copies the parameters of a network.
pub(super) fn values(mlp: &Mlp) -> Result<Parameters, ModelError> {
    let mut parameters = Vec::new();
    for Layer { weight, bias } in mlp.layers() {
        for tensor in [weight, bias] {
            parameters.push(tensor.flatten_all()?.to_vec1()?);
        }
    }
    Ok(parameters)
}
