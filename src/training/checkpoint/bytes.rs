//! A checkpoint as a safetensors file. Its metadata hold the configuration and the state.

use std::{
    io::{Read, Seek, SeekFrom},
    mem,
};

use safetensors::{Dtype, tensor::Metadata};

use super::{Checkpoint, CheckpointState, OptimizerState, Parameters};
use crate::{
    data::Corrections,
    error::{ModelError, Refusal, excerpt},
    files::{fnv::ContentHash, kind::content_of},
    model::tensors::{StoredTensor, TensorHeader, serialize_tensors},
    training::config::TrainingConfig,
};

/// The version of the format, in the metadata under `format`.
const FORMAT: &str = "digitpad-checkpoint-1";
/// The largest header, in bytes. The longest history, of 10,000 epochs, takes 2.4 MB of it.
const MAX_HEADER_BYTES: u64 = 4 << 20;
/// The most threads of a training.
const MAX_THREADS: usize = 1024;

impl Checkpoint {
    /// The bytes of a checkpoint file.
    ///
    /// # Errors
    /// When memory is short.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelError> {
        let mut state = self.state.clone();
        // They have any length, and a header has not.
        let corrections = mem::take(&mut state.input.source.corrections);
        let state = toml::to_string(&state);
        let state = state.map_err(|error| ModelError::Compute(Box::new(error)))?;
        let config = self.config.to_toml();
        let tensors = self.tensors(&corrections);
        let mut hash = ContentHash::default();
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

    /// All tensors in the order of [`Tensors::checkpoint`].
    fn tensors(&self, corrections: &Corrections) -> Vec<StoredTensor> {
        let order = self.order.iter().flat_map(|index| index.to_le_bytes());
        let vector = |name: &str, dtype, len, bytes| StoredTensor {
            name: name.to_owned(),
            dtype,
            shape: vec![len],
            bytes,
        };
        let lines = corrections.lines().as_bytes().to_vec();
        let mut tensors = vec![
            vector("corrections", Dtype::U8, lines.len(), lines),
            vector("order", Dtype::U32, self.order.len(), order.collect()),
        ];
        let sets = [
            ("parameters", Some(&self.parameters)),
            ("first_moment", Some(&self.optimizer.first)),
            ("second_moment", Some(&self.optimizer.second)),
            ("average", self.average.as_ref()),
            ("best", self.best.as_ref()),
        ];
        for (kind, set) in sets {
            for (index, values) in set.into_iter().flatten().enumerate() {
                let bytes = values.iter().flat_map(|value| value.to_le_bytes());
                let name = format!("{kind}.{index}");
                tensors.push(vector(&name, Dtype::F32, values.len(), bytes.collect()));
            }
        }
        tensors
    }

    /// Reads the bytes of a checkpoint file, as [`Checkpoint::read`].
    ///
    /// # Errors
    /// As [`Checkpoint::read`].
    pub fn from_bytes(bytes: &[u8], name: &str) -> Result<Self, Refusal> {
        Self::read(&mut std::io::Cursor::new(bytes), bytes.len() as u64, name)
    }

    /// Reads a checkpoint file of `len` bytes. Errors show `name`.
    ///
    /// Checks the header, of at most 4 MiB, and the length before it reads anything else. So another file costs
    /// neither time nor memory, and a checkpoint costs its own size.
    ///
    /// # Errors
    /// When the file is not a complete checkpoint of this format.
    pub fn read(file: &mut (impl Read + Seek), len: u64, name: &str) -> Result<Self, Refusal> {
        let refused = |found: String| refused(name, found);
        let damaged = |error: &dyn std::fmt::Display| {
            refused(format!("damaged content ({})", excerpt(error)))
        };
        let mut prefix = [0; 8];
        file.read_exact(&mut prefix)
            .map_err(|error| damaged(&error))?;
        let header_len = u64::from_le_bytes(prefix);
        if header_len > MAX_HEADER_BYTES.min(len.saturating_sub(8)) {
            return Err(refused(content_of(&prefix).to_owned()));
        }
        let mut header = vec![0; header_len as usize];
        file.read_exact(&mut header)
            .map_err(|error| damaged(&error))?;
        let TensorHeader { metadata, tensors } = TensorHeader::parse(&header).map_err(refused)?;
        let field = |key: &str| {
            let value = metadata.get(key).map(String::as_str);
            value.ok_or_else(|| refused(format!("no \"{key}\" in the metadata")))
        };
        let format = field("format")?;
        if format != FORMAT {
            let format = excerpt(format);
            return Err(refused(format!("format \"{format}\", not \"{FORMAT}\"")));
        }
        let start = 8 + header_len;
        let whole = start + tensors.data_len() as u64;
        if whole != len {
            return Err(refused(format!("{len} bytes instead of {whole}")));
        }
        let config = TrainingConfig::from_toml(field("config")?, name).map_err(|error| {
            let (found, expected) = (error.found, error.expected);
            refused(format!("settings with {found} instead of {expected}"))
        })?;
        let state = toml::from_str(field("state")?).map_err(|error| damaged(&error.message()))?;
        let mut tensors = Tensors {
            file,
            header: &tensors,
            start,
            hash: ContentHash::default(),
            name,
        };
        tensors.hash.add(field("state")?.as_bytes());
        tensors.hash.add(field("config")?.as_bytes());
        let checkpoint = tensors.checkpoint(config, state)?;
        if tensors.hash.finish().to_string() != field("hash")? {
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
            threads,
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
                (1..=MAX_THREADS).contains(threads),
                "a wrong number of threads",
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

/// Reads and hashes the tensors of a file.
struct Tensors<'a, F> {
    file: &'a mut F,
    header: &'a Metadata,
    /// The place of the first tensor in the file.
    start: u64,
    hash: ContentHash,
    name: &'a str,
}

impl<F: Read + Seek> Tensors<'_, F> {
    fn checkpoint(
        &mut self,
        config: TrainingConfig,
        mut state: CheckpointState,
    ) -> Result<Checkpoint, Refusal> {
        let weights = config.model.layers().into_iter();
        let weights = weights.map(|layer| layer.weight());
        let sizes: Vec<usize> = weights
            .flat_map(|[inputs, units]| [inputs * units, units])
            .collect();
        let lines = String::from_utf8(self.bytes("corrections", Dtype::U8, None)?);
        let lines = lines.map_err(|error| refused(self.name, format!("damaged ink ({error})")))?;
        let source = &mut state.input.source;
        source.corrections = Corrections::from_lines(lines);
        let order = self.numbers("order", Dtype::U32, None, u32::from_le_bytes)?;
        let parameters = self.set("parameters", &sizes)?;
        let optimizer = OptimizerState {
            steps: state.optimizer_steps,
            first: self.set("first_moment", &sizes)?,
            second: self.set("second_moment", &sizes)?,
        };
        let mut set = |kind, is_there: bool| is_there.then(|| self.set(kind, &sizes)).transpose();
        Ok(Checkpoint {
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
        len: Option<usize>,
        of_bytes: impl Fn([u8; 4]) -> T,
    ) -> Result<Vec<T>, Refusal> {
        let bytes = self.bytes(key, dtype, len)?;
        Ok(bytes
            .as_chunks()
            .0
            .iter()
            .map(|bytes| of_bytes(*bytes))
            .collect())
    }

    /// The bytes of a vector of `len` values, or of any length.
    fn bytes(&mut self, key: &str, dtype: Dtype, len: Option<usize>) -> Result<Vec<u8>, Refusal> {
        let missing = || refused(self.name, format!("no tensor {key}"));
        let info = self.header.info(key).ok_or_else(missing)?;
        if info.dtype != dtype || len.is_some_and(|len| info.shape != [len]) {
            let found = format!("{key} of shape {:?} and type {:?}", info.shape, info.dtype);
            return Err(refused(self.name, found));
        }
        let (start, end) = info.data_offsets;
        let mut bytes = vec![0; end - start];
        self.file
            .seek(SeekFrom::Start(self.start + start as u64))
            .and_then(|_place| self.file.read_exact(&mut bytes))
            .map_err(|error| refused(self.name, format!("damaged content ({error})")))?;
        self.hash.add(&bytes);
        Ok(bytes)
    }
}
