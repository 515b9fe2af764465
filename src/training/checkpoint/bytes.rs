//! A checkpoint as bytes: safetensors whose metadata say all but the numbers.

use std::collections::HashMap;

use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};

use super::{
    BestEpoch, Checkpoint, DataIdentity, EpochRecord, OptimizerState, Position, hash::Hash,
};
use crate::{
    data::TrainingData,
    error::{ModelError, Refusal},
    model::MAX_PARAMETERS,
    training::{config::TrainingConfig, fine_tune::Origin, step::convolution::parameter_sizes},
};

/// The version of the format, in the metadata under `format`.
const FORMAT: &str = "digitpad-checkpoint-2";

/// What the metadata hold under `state`, as TOML, whose numbers come back as they were.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    data_name: String,
    optimizer_steps: u32,
    best: Option<BestRecord>,
    data: DataIdentity,
    position: Position,
    source: TrainingData,
    origin: Option<Origin>,
    #[serde(default)]
    history: Vec<EpochRecord>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BestRecord {
    epoch: usize,
    validation_loss: Option<f64>,
}

impl Checkpoint {
    /// The largest checkpoint, in bytes: six times the largest network, and an order of examples.
    pub const LIMIT_BYTES: u64 = 6 * 4 * MAX_PARAMETERS as u64 + (64 << 20);

    /// The bytes of a checkpoint file.
    ///
    /// # Errors
    /// When there is not enough memory.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelError> {
        let failed = |error: String| ModelError::Compute(error.into());
        let state = toml::to_string(&self.state()).map_err(|error| failed(error.to_string()))?;
        let config = self.config.to_toml();
        let tensors = self.tensors();
        let mut hash = Hash::default();
        hash.add(state.as_bytes());
        hash.add(config.as_bytes());
        for (_, _, bytes) in &tensors {
            hash.add(bytes);
        }
        let metadata: HashMap<String, String> = [
            ("format", FORMAT.to_owned()),
            ("hash", hash.finish().to_string()),
            ("state", state),
            ("config", config),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into();
        let views = tensors.iter().map(|(name, dtype, bytes)| {
            let view = TensorView::new(*dtype, vec![bytes.len() / 4], bytes)?;
            Ok((name.as_str(), view))
        });
        let views: Result<Vec<_>, safetensors::SafeTensorError> = views.collect();
        views
            .and_then(|views| safetensors::serialize(views, Some(metadata)))
            .map_err(|error| failed(error.to_string()))
    }

    fn state(&self) -> State {
        State {
            data_name: self.data_name.clone(),
            optimizer_steps: self.optimizer.steps,
            best: self.best.as_ref().map(|best| BestRecord {
                epoch: best.epoch,
                validation_loss: best.validation_loss,
            }),
            data: self.data,
            position: self.position.clone(),
            source: self.source.clone(),
            origin: self.origin.clone(),
            history: self.history.clone(),
        }
    }

    /// All tensors with their names, in the order in which they are read.
    fn tensors(&self) -> Vec<(String, Dtype, Vec<u8>)> {
        let order = self.order.iter().flat_map(|index| index.to_le_bytes());
        let mut tensors = vec![("order".to_owned(), Dtype::U32, order.collect())];
        let mut sets = vec![
            ("parameters", &self.parameters),
            ("first", &self.optimizer.first),
            ("second", &self.optimizer.second),
        ];
        sets.extend(self.teacher.as_ref().map(|teacher| ("teacher", teacher)));
        sets.extend(self.average.as_ref().map(|average| ("average", average)));
        sets.extend(self.best.as_ref().map(|best| ("best", &best.parameters)));
        for (kind, set) in sets {
            for (index, values) in set.iter().enumerate() {
                let bytes = values.iter().flat_map(|value| value.to_le_bytes());
                tensors.push((format!("{kind}.{index}"), Dtype::F32, bytes.collect()));
            }
        }
        tensors
    }

    /// Reads the bytes of a checkpoint file; `name` is for the error.
    ///
    /// # Errors
    /// When the bytes are no whole checkpoint of this program's format.
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
            return Err(refused(format!(
                "format \"{format}\" instead of \"{FORMAT}\""
            )));
        }
        let config = TrainingConfig::from_toml(field("config")?, name).map_err(|error| {
            let (found, expected) = (error.found, error.expected);
            refused(format!("settings with {found} instead of {expected}"))
        })?;
        let state: State =
            toml::from_str(field("state")?).map_err(|error| damaged(&error.message()))?;
        let mut reader = Reader {
            tensors: &tensors,
            hash: Hash::default(),
            name,
        };
        reader.hash.add(field("state")?.as_bytes());
        reader.hash.add(field("config")?.as_bytes());
        let checkpoint = reader.read(config, state)?;
        if reader.hash.finish().to_string() != field("hash")? {
            return Err(refused(
                "content that was changed after it was written".to_owned(),
            ));
        }
        checkpoint.check(name)?;
        Ok(checkpoint)
    }

    /// Refuses what no training could have left.
    fn check(&self, name: &str) -> Result<(), Refusal> {
        let position = &self.position;
        let count = self.order.len();
        let mut is_met = vec![false; count];
        for &index in &self.order {
            if let Some(is_met) = is_met.get_mut(index as usize) {
                *is_met = true;
            }
        }
        let is_between = self.history.len() == position.epoch;
        let seen = if is_between { 0 } else { position.seen };
        let best = self.best.as_ref().map(|best| best.epoch);
        let checks = [
            (
                is_met.iter().all(|&is_met| is_met),
                "an order that is none of its examples",
            ),
            (
                is_between || self.history.len() + 1 == position.epoch,
                "epochs that do not follow each other",
            ),
            (
                seen <= count && position.images_seen == self.history.len() * count + seen,
                "a place outside its epoch",
            ),
            (
                position.images_total == count * self.config.epochs,
                "another number of images",
            ),
            (
                position.epoch <= self.config.epochs,
                "an epoch after the last",
            ),
            (
                best.is_none_or(|best| (1..=self.history.len()).contains(&best)),
                "a best epoch that was not finished",
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
        format!("read the interrupted training in {name}"),
        found,
        "a whole checkpoint that this version of Digitpad wrote",
        "choose another file, or train anew",
    )
}

/// Reads tensors, and hashes them as it goes.
struct Reader<'a> {
    tensors: &'a SafeTensors<'a>,
    hash: Hash,
    name: &'a str,
}

impl Reader<'_> {
    fn read(&mut self, config: TrainingConfig, state: State) -> Result<Checkpoint, Refusal> {
        let order = self.numbers("order", Dtype::U32, None, u32::from_le_bytes)?;
        let model = &config.model;
        let learned = parameter_sizes(model, &config.fields()?);
        let model = &parameter_sizes(model, &[]);
        let parameters = self.set("parameters", model)?;
        let optimizer = OptimizerState {
            steps: state.optimizer_steps,
            first: self.set("first", &learned)?,
            second: self.set("second", &learned)?,
        };
        let teacher = match state.origin {
            Some(_) if !state.source.corrections.is_empty() => Some(self.set("teacher", model)?),
            _ => None,
        };
        let average = match config.ema {
            decay if decay > 0.0 => Some(self.set("average", model)?),
            _ => None,
        };
        let best = match state.best {
            Some(best) => Some(BestEpoch {
                epoch: best.epoch,
                validation_loss: best.validation_loss,
                parameters: self.set("best", model)?,
            }),
            None => None,
        };
        Ok(Checkpoint {
            data: state.data,
            data_name: state.data_name,
            source: state.source,
            origin: state.origin,
            position: state.position,
            history: state.history,
            config,
            order,
            teacher,
            parameters,
            average,
            best,
            optimizer,
        })
    }

    /// Parts of these sizes, all of whose values are finite.
    fn set(&mut self, kind: &str, sizes: &[usize]) -> Result<Vec<Vec<f32>>, Refusal> {
        let mut set = Vec::new();
        for (index, &size) in sizes.iter().enumerate() {
            let key = format!("{kind}.{index}");
            let values = self.numbers(&key, Dtype::F32, Some(size), f32::from_le_bytes)?;
            if !values.iter().all(|value| value.is_finite()) {
                let found = format!("a number in {key} that is not finite");
                return Err(refused(self.name, found));
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
