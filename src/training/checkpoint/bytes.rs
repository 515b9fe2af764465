//! A checkpoint as the bytes of a safetensors file. Its metadata hold the configuration and the state.

use safetensors::{Dtype, SafeTensors};

use super::{Checkpoint, CheckpointState, Hash, OptimizerState, Parameters};
use crate::{
    error::{ModelError, Refusal},
    model::{
        MAX_PARAMETERS,
        file::{StoredTensor, serialize_tensors},
    },
    training::{config::TrainingConfig, step::convolution::parameter_sizes},
};

/// The version of the format, in the metadata under `format`.
const FORMAT: &str = "digitpad-checkpoint-1";

impl Checkpoint {
    /// The largest checkpoint, in bytes: six times the largest network, and an order of examples.
    pub const LIMIT_BYTES: u64 = 6 * 4 * MAX_PARAMETERS as u64 + (64 << 20);

    /// The bytes of a checkpoint file.
    ///
    /// # Errors
    /// When memory is short.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelError> {
        let state = toml::to_string(&self.state);
        let state = state.map_err(|error| ModelError::Compute(Box::new(error)))?;
        let config = self.config.to_toml();
        let tensors = self.tensors();
        let mut hash = Hash::default();
        hash.add(state.as_bytes());
        hash.add(config.as_bytes());
        for tensor in &tensors {
            hash.add(&tensor.bytes);
        }
        let metadata = [
            ("format", FORMAT.to_owned()),
            ("hash", hash.finish().to_string()),
            ("state", state),
            ("config", config),
        ];
        serialize_tensors(tensors, &metadata.into())
    }

    /// All tensors in the order of [`Reader::read`].
    fn tensors(&self) -> Vec<StoredTensor> {
        let order = self.order.iter().flat_map(|index| index.to_le_bytes());
        let mut tensors = vec![StoredTensor {
            name: "order".to_owned(),
            dtype: Dtype::U32,
            shape: vec![self.order.len()],
            bytes: order.collect(),
        }];
        let sets = [
            ("parameters", Some(&self.parameters)),
            ("first_moment", Some(&self.optimizer.first)),
            ("second_moment", Some(&self.optimizer.second)),
            ("teacher", self.teacher.as_ref()),
            ("average", self.average.as_ref()),
            ("best", self.best.as_ref()),
        ];
        for (kind, set) in sets {
            for (index, values) in set.into_iter().flatten().enumerate() {
                let bytes = values.iter().flat_map(|value| value.to_le_bytes());
                tensors.push(StoredTensor {
                    name: format!("{kind}.{index}"),
                    dtype: Dtype::F32,
                    shape: vec![values.len()],
                    bytes: bytes.collect(),
                });
            }
        }
        tensors
    }

    /// Reads the bytes of a checkpoint file. Errors show `name`.
    ///
    /// # Errors
    /// When the bytes are not a complete checkpoint of this format.
    pub fn from_bytes(bytes: &[u8], name: &str) -> Result<Self, Refusal> {
        let refused = |found: String| refused(name, found);
        let damaged = |error: &dyn std::fmt::Display| refused(format!("damaged content ({error})"));
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| damaged(&error))?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| damaged(&error))?;
        let metadata = header.metadata().clone().unwrap_or_default();
        let field = |key: &str| {
            let value = metadata.get(key).map(String::as_str);
            value.ok_or_else(|| refused(format!("no \"{key}\" in the metadata")))
        };
        let format = field("format")?;
        if format != FORMAT {
            let format: String = format.chars().take(60).collect();
            return Err(refused(format!("format \"{format}\", not \"{FORMAT}\"")));
        }
        let config = TrainingConfig::from_toml(field("config")?, name).map_err(|error| {
            let (found, expected) = (error.found, error.expected);
            refused(format!("settings with {found} instead of {expected}"))
        })?;
        let state = toml::from_str(field("state")?).map_err(|error| damaged(&error.message()))?;
        let mut reader = Reader {
            tensors: &tensors,
            hash: Hash::default(),
            name,
        };
        reader.hash.add(field("state")?.as_bytes());
        reader.hash.add(field("config")?.as_bytes());
        let checkpoint = reader.read(config, state)?;
        if reader.hash.finish().to_string() != field("hash")? {
            return Err(refused("content that does not match its hash".to_owned()));
        }
        checkpoint.check(name)?;
        Ok(checkpoint)
    }

    /// Refuses a state that no training reaches.
    fn check(&self, name: &str) -> Result<(), Refusal> {
        let CheckpointState {
            progress,
            seen,
            best_epoch,
            history,
            ..
        } = &self.state;
        let count = self.order.len();
        let mut is_met = vec![false; count];
        for &index in &self.order {
            if let Some(is_met) = is_met.get_mut(index as usize) {
                *is_met = true;
            }
        }
        let is_between_epochs = history.len() == progress.epoch;
        let seen = if is_between_epochs { 0 } else { *seen };
        let checks = [
            (
                is_met.iter().all(|&is_met| is_met),
                "an order that is not a permutation",
            ),
            (
                is_between_epochs || history.len() + 1 == progress.epoch,
                "a history of other epochs",
            ),
            (
                seen <= count && progress.images_seen == history.len() * count + seen,
                "a wrong number of seen images",
            ),
            (
                progress.images_total == count * self.config.epochs,
                "a wrong number of images",
            ),
            (
                progress.epoch <= self.config.epochs,
                "an epoch after the last",
            ),
            (
                best_epoch.is_none_or(|epoch| (1..=history.len()).contains(&epoch)),
                "a best epoch that is not finished",
            ),
        ];
        match checks.iter().find(|(holds, _)| !holds) {
            Some((_, found)) => Err(refused(name, (*found).to_owned())),
            None => Ok(()),
        }
    }
}

fn refused(name: &str, found: String) -> Refusal {
    Refusal::new(
        format!("read the checkpoint in {name}"),
        found,
        "a complete checkpoint of this version of Digitpad",
        "choose another file, or start a new training",
    )
}

/// Reads and hashes tensors.
struct Reader<'a> {
    tensors: &'a SafeTensors<'a>,
    hash: Hash,
    name: &'a str,
}

impl Reader<'_> {
    fn read(
        &mut self,
        config: TrainingConfig,
        state: CheckpointState,
    ) -> Result<Checkpoint, Refusal> {
        let order = self.numbers("order", Dtype::U32, None, u32::from_le_bytes)?;
        let trained = parameter_sizes(&config.model, &config.conv_layers()?);
        let dense = &parameter_sizes(&config.model, &[]);
        let parameters = self.set("parameters", dense)?;
        let optimizer = OptimizerState {
            steps: state.optimizer_steps,
            first: self.set("first_moment", &trained)?,
            second: self.set("second_moment", &trained)?,
        };
        let input = &state.input;
        let has_teacher = input.base_model.is_some() && !input.source.corrections.is_empty();
        let mut set = |kind, is_there: bool| is_there.then(|| self.set(kind, dense)).transpose();
        Ok(Checkpoint {
            teacher: set("teacher", has_teacher)?,
            average: set("average", config.ema > 0.0)?,
            best: set("best", state.best_epoch.is_some())?,
            config,
            state,
            order,
            parameters,
            optimizer,
        })
    }

    /// Parameters of these sizes. All values are finite.
    fn set(&mut self, kind: &str, sizes: &[usize]) -> Result<Parameters, Refusal> {
        let mut set = Vec::new();
        for (index, &size) in sizes.iter().enumerate() {
            let key = format!("{kind}.{index}");
            let values = self.numbers(&key, Dtype::F32, Some(size), f32::from_le_bytes)?;
            if !values.iter().all(|value| value.is_finite()) {
                return Err(refused(self.name, format!("NaN or infinity in {key}")));
            }
            set.push(values);
        }
        Ok(set)
    }

    fn numbers<T>(
        &mut self,
        key: &str,
        dtype: Dtype,
        size: Option<usize>,
        of_bytes: impl Fn([u8; 4]) -> T,
    ) -> Result<Vec<T>, Refusal> {
        let missing = || refused(self.name, format!("no tensor {key}"));
        let view = self.tensors.tensor(key).ok().ok_or_else(missing)?;
        let fits = size.is_none_or(|size| view.data().len() == 4 * size);
        if view.dtype() != dtype || !fits {
            let (shape, dtype) = (view.shape(), view.dtype());
            let found = format!("{key} of shape {shape:?} and type {dtype:?}");
            return Err(refused(self.name, found));
        }
        self.hash.add(view.data());
        let numbers = view.data().as_chunks::<4>().0.iter();
        Ok(numbers.map(|bytes| of_bytes(*bytes)).collect())
    }
}
