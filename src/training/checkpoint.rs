//! All that is needed to go on with a training that was interrupted: a value that is handed out, and that a
//! file holds. This room writes no files; whoever is handed one does.

mod bytes;
mod hash;

use std::fmt;

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::{
    EpochRecord, OptimizerState, Progress, config::TrainingConfig, fine_tune::Origin, run::Best,
    step,
};
use crate::{
    data::{Dataset, TrainingData, ink_set::InkExamples},
    error::{ModelError, Refusal},
    model::{Dense, Mlp},
};

/// A training, interrupted.
#[derive(Clone, PartialEq)]
pub struct Checkpoint {
    config: TrainingConfig,
    data: DataIdentity,
    data_name: String,
    source: TrainingData,
    /// The model that it began with, if that was not a new one.
    origin: Option<Origin>,
    position: Position,
    history: Vec<EpochRecord>,
    /// The order of the examples in the epoch under way.
    order: Vec<u32>,
    /// The teacher's parameters, in a fine-tuning with corrections.
    teacher: Option<Vec<Vec<f32>>>,
    /// The parameters of the network that learns, in the order of [`Mlp::parameters`], each as it lies.
    parameters: Vec<Vec<f32>>,
    /// Those of the running mean, where there is one.
    average: Option<Vec<Vec<f32>>>,
    best: Option<BestEpoch>,
    optimizer: OptimizerState,
}

/// Says where it is, not the numbers: they are up to a gigabyte.
impl fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpoint")
            .field("model", &self.config.model)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

/// The best epoch so far, with its network's parameters.
#[derive(Clone, Debug, PartialEq)]
struct BestEpoch {
    epoch: usize,
    validation_loss: Option<f64>,
    parameters: Vec<Vec<f32>>,
}

/// Where a training is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Position {
    pub(super) epoch: usize,
    pub(super) images_seen: usize,
    pub(super) images_total: usize,
    pub(super) smoothed_loss: f64,
    pub(super) smoothed_accuracy: f64,
    pub(super) learning_rate: f64,
    pub(super) elapsed_secs: f64,
    pub(super) epoch_start_secs: f64,
    /// Examples of the epoch that were seen, and their figures.
    pub(super) seen: usize,
    pub(super) loss_sum: f64,
    pub(super) correct: usize,
    /// Steps done.
    pub(super) batches: usize,
    pub(super) average_updates: u32,
    /// Where the shuffling generator is; more than a TOML file's numbers hold.
    pub(super) shuffler_words: String,
}

impl Position {
    /// What does not hang on the epoch under way.
    pub(super) fn new(progress: &Progress, shuffler_words: u128, average_updates: u32) -> Self {
        Self {
            epoch: progress.epoch,
            images_seen: progress.images_seen,
            images_total: progress.images_total,
            smoothed_loss: progress.smoothed_loss,
            smoothed_accuracy: progress.smoothed_accuracy,
            learning_rate: progress.learning_rate,
            elapsed_secs: progress.elapsed_secs,
            average_updates,
            shuffler_words: shuffler_words.to_string(),
            ..Self::default()
        }
    }

    pub(super) fn shuffler_words(&self) -> u128 {
        self.shuffler_words.parse().unwrap_or_default()
    }

    /// The gauge as it was.
    pub(super) fn progress(&self) -> Progress {
        let seen = self.seen.max(1) as f64;
        Progress {
            epoch: self.epoch,
            images_seen: self.images_seen,
            images_total: self.images_total,
            loss: self.loss_sum / seen,
            accuracy: self.correct as f64 / seen,
            smoothed_loss: self.smoothed_loss,
            smoothed_accuracy: self.smoothed_accuracy,
            learning_rate: self.learning_rate,
            elapsed_secs: self.elapsed_secs,
        }
    }
}

/// What tells a data set from another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DataIdentity {
    examples: usize,
    pen_examples: usize,
    /// A hash of all labels, of all ink and of some other images, without its highest bit, which TOML's numbers have not.
    hash: i64,
}

impl DataIdentity {
    /// Of what is learned from and validated with.
    pub(super) fn of(dataset: &Dataset) -> Self {
        /// One in so many images is looked at: the labels alone tell nearly all data sets apart.
        const SAMPLED: usize = 16;
        let mut hash = hash::Hash::default();
        hash.add(dataset.train.labels());
        for index in (0..dataset.train.len()).step_by(SAMPLED) {
            hash.add(dataset.train.image(index));
        }
        for InkExamples { digits, non_digits } in [&dataset.ink, &dataset.corrections] {
            hash.add(digits.labels());
            hash.add(digits.images());
            hash.add(non_digits);
        }
        Self {
            examples: dataset.train.len(),
            pen_examples: dataset.ink.digits.len() + dataset.corrections.digits.len(),
            hash: (hash.finish() >> 1) as i64,
        }
    }
}

/// What a checkpoint is made of.
pub(super) struct CheckpointParts<'a> {
    pub(super) config: &'a TrainingConfig,
    pub(super) position: Position,
    pub(super) history: &'a [EpochRecord],
    pub(super) order: &'a [u32],
    pub(super) teacher: Option<&'a Mlp>,
    pub(super) mlp: &'a Mlp,
    pub(super) average: Option<&'a Mlp>,
    pub(super) best: Option<&'a Best>,
    pub(super) optimizer: step::OptimizerState,
}

impl Checkpoint {
    /// Copies all that changes while the training goes on. Its data are set later.
    pub(super) fn new(parts: CheckpointParts) -> Result<Self, ModelError> {
        let best = |best: &Best| {
            Ok::<_, ModelError>(BestEpoch {
                epoch: best.epoch,
                validation_loss: best.validation_loss,
                parameters: values(&best.mlp)?,
            })
        };
        Ok(Self {
            config: parts.config.clone(),
            data: DataIdentity::default(),
            data_name: String::new(),
            source: TrainingData::default(),
            origin: None,
            position: parts.position,
            history: parts.history.to_vec(),
            order: parts.order.to_vec(),
            teacher: parts.teacher.map(values).transpose()?,
            parameters: values(parts.mlp)?,
            average: parts.average.map(values).transpose()?,
            best: parts.best.map(best).transpose()?,
            optimizer: parts.optimizer,
        })
    }

    /// Notes what it learns from, and what it began with.
    pub(super) fn set_data(
        &mut self,
        dataset: &Dataset,
        identity: DataIdentity,
        origin: Option<&Origin>,
    ) {
        self.origin = origin.cloned();
        self.data = identity;
        self.data_name.clone_from(&dataset.name);
        self.source = dataset.source.clone();
    }

    /// How the training is configured.
    pub fn config(&self) -> &TrainingConfig {
        &self.config
    }

    /// Where its data came from.
    pub fn source(&self) -> &TrainingData {
        &self.source
    }

    pub(super) fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// What the model is called whose weights it began with; `None` where they were new.
    pub fn base_model(&self) -> Option<&str> {
        self.origin.as_ref().map(|origin| origin.name.as_str())
    }

    /// The epochs that it has finished.
    pub fn history(&self) -> &[EpochRecord] {
        &self.history
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        self.position.progress()
    }

    pub(super) fn position(&self) -> &Position {
        &self.position
    }

    pub(super) fn order(&self) -> &[u32] {
        &self.order
    }

    pub(super) fn optimizer(&self) -> &OptimizerState {
        &self.optimizer
    }

    /// Refuses data that are not those that the training began with.
    pub(super) fn check_data(&self, dataset: &Dataset) -> Result<(), Refusal> {
        let found = DataIdentity::of(dataset);
        if found == self.data {
            return Ok(());
        }
        let describe = |identity: DataIdentity, name: &str| {
            let DataIdentity {
                examples,
                pen_examples,
                ..
            } = identity;
            format!("{examples} examples of {name} and {pen_examples} of ink")
        };
        let mut expected = describe(self.data, &self.data_name);
        let found = describe(found, &dataset.name);
        if found == expected {
            expected += ", with what they held then";
        }
        Err(Refusal::new(
            "resume the training",
            found,
            expected,
            "give it the data that it began with, or train anew",
        ))
    }

    /// The network that is trained.
    pub(super) fn mlp(&self, device: &Device) -> Result<Mlp, ModelError> {
        self.network(&self.parameters, device)
    }

    /// The network whose outputs it distills.
    pub(super) fn teacher(&self, device: &Device) -> Result<Option<Mlp>, ModelError> {
        let network = |parameters: &Vec<Vec<f32>>| self.network(parameters, device);
        self.teacher.as_ref().map(network).transpose()
    }

    /// The network of the running mean.
    pub(super) fn average(&self, device: &Device) -> Result<Option<Mlp>, ModelError> {
        let network = |parameters: &Vec<Vec<f32>>| self.network(parameters, device);
        self.average.as_ref().map(network).transpose()
    }

    pub(super) fn best(&self, device: &Device) -> Result<Option<Best>, ModelError> {
        let best = |best: &BestEpoch| {
            Ok(Best {
                epoch: best.epoch,
                validation_loss: best.validation_loss,
                mlp: self.network(&best.parameters, device)?,
            })
        };
        self.best.as_ref().map(best).transpose()
    }

    fn network(&self, parameters: &[Vec<f32>], device: &Device) -> Result<Mlp, ModelError> {
        let mlp = Mlp::new(&self.config.model, 0, device)?;
        for (variable, values) in mlp.parameters().zip(parameters) {
            variable.set(&Tensor::from_slice(values, variable.shape(), device)?)?;
        }
        Ok(mlp)
    }
}

/// The values of a network's parameters, as they lie.
fn values(mlp: &Mlp) -> Result<Vec<Vec<f32>>, ModelError> {
    let of_layer = |dense: &Dense| {
        let [weight, bias] = [&dense.weight, &dense.bias].map(|tensor| {
            let flat = tensor.flatten_all()?;
            flat.to_vec1::<f32>()
        });
        Ok([weight?, bias?])
    };
    let layers: Result<Vec<_>, ModelError> = mlp.layers().iter().map(of_layer).collect();
    Ok(layers?.into_iter().flatten().collect())
}
