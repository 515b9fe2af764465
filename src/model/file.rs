//! Weight files: safetensors with metadata, checked whole before a model comes of them.

mod metadata;

use std::path::Path;

use candle_core::{Device, Var};
use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

pub use self::metadata::Metadata;
use self::metadata::config_of;
use super::{Dense, Mlp};
use crate::{
    bitmap::{CLASSES, PIXELS},
    error::{ModelError, Refusal},
    files::{self, ReadError},
};

/// The largest weight file that is read: the largest network, and room for the header.
const LIMIT_BYTES: u64 = 4 * super::MAX_PARAMETERS as u64 + (1 << 20);
/// The model that the program ships.
static BUILT_IN_WEIGHTS: &[u8] = include_bytes!("../../weights/digitpad.safetensors");

/// A network and what is known of it.
#[derive(Clone, Debug)]
pub struct Model {
    /// The network.
    pub mlp: Mlp,
    /// Where it comes from and what it reaches.
    pub metadata: Metadata,
}

impl Model {
    /// The model inside the program.
    ///
    /// # Errors
    /// Only if the program was built with weights that do not fit, which a test rules out.
    pub fn shipped() -> Result<Self, ModelError> {
        Self::from_bytes(BUILT_IN_WEIGHTS, "the shipped model")
    }

    /// Reads a weight file onto the CPU.
    ///
    /// # Errors
    /// When the file cannot be read, or does not hold a network of this program's format.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let name = path.display().to_string();
        let bytes = files::read_bounded(path, LIMIT_BYTES).map_err(|fault| match fault {
            ReadError::Io(error) => error.into(),
            ReadError::TooLarge(limit) => {
                refused(&name, "a larger file", &format!("at most {limit} bytes"))
            }
        })?;
        Self::from_bytes(&bytes, &name)
    }

    /// Reads the bytes of a weight file onto the CPU; `name` is for the error.
    ///
    /// # Errors
    /// When the bytes are no network of this program's format.
    pub fn from_bytes(bytes: &[u8], name: &str) -> Result<Self, ModelError> {
        let malformed = |error: safetensors::SafeTensorError| {
            refused(
                name,
                &format!("damaged or foreign content ({error})"),
                "a safetensors file",
            )
        };
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(malformed)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(malformed)?;
        let map = header.metadata().clone().unwrap_or_default();
        let config = config_of(&map, name)?;
        let mut names: Vec<String> = Vec::new();
        let mut layers = Vec::new();
        for (index, pair) in config.widths().windows(2).enumerate() {
            let (inputs, outputs) = (pair[0], pair[1]);
            let mut read = |suffix: &str, shape: &[usize]| {
                let key = format!("layers.{index}.{suffix}");
                let values = read_transposed(&tensors, &key, shape, name);
                names.push(key);
                values
            };
            let weight = read("weight", &[outputs, inputs])?;
            let bias = read("bias", &[outputs])?;
            layers.push(Dense {
                weight: Var::from_vec(weight, (inputs, outputs), &Device::Cpu)?,
                bias: Var::from_vec(bias, outputs, &Device::Cpu)?,
            });
        }
        if let Some(extra) = tensors
            .names()
            .into_iter()
            .find(|n| !names.iter().any(|k| k == n))
        {
            let expected = format!("only the parameters of {config}");
            return Err(refused(
                name,
                &format!("another tensor, {extra}"),
                &expected,
            ));
        }
        Ok(Self {
            mlp: Mlp::from_layers(config, layers)?,
            metadata: Metadata::from_map(&map, name)?,
        })
    }

    /// The bytes of the weight file: `layers.N.weight` `[out, in]` and `layers.N.bias` `[out]`, `f32`.
    ///
    /// # Errors
    /// When the parameters cannot be brought to the CPU.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelError> {
        self.to_bytes_of(Dtype::F32)
    }

    /// The same with numbers of 16 bits, half as many bytes.
    ///
    /// # Errors
    /// Likewise, and when one is too large for them.
    pub fn to_half_bytes(&self) -> Result<Vec<u8>, ModelError> {
        self.to_bytes_of(Dtype::F16)
    }

    fn to_bytes_of(&self, dtype: Dtype) -> Result<Vec<u8>, ModelError> {
        let mut named = Vec::new();
        for (index, dense) in self.mlp.layers().iter().enumerate() {
            named.push((
                format!("layers.{index}.weight"),
                dense.weight.t()?.contiguous()?,
            ));
            named.push((
                format!("layers.{index}.bias"),
                dense.bias.as_tensor().clone(),
            ));
        }
        let mut stored = Vec::new();
        for (name, tensor) in named {
            let values: Vec<f32> = tensor.flatten_all()?.to_vec1()?;
            let bytes = if dtype == Dtype::F16 {
                half_bytes(&name, &values)?
            } else {
                values.iter().flat_map(|x| x.to_le_bytes()).collect()
            };
            stored.push((name, tensor.dims().to_vec(), bytes));
        }
        let views = stored.iter().map(|(name, shape, bytes)| {
            TensorView::new(dtype, shape.clone(), bytes).map(|view| (name.as_str(), view))
        });
        let compute = |error| ModelError::Compute(Box::new(error));
        let views: Vec<_> = views.collect::<Result<_, _>>().map_err(compute)?;
        let map = self.metadata.to_map(self.mlp.config());
        safetensors::serialize(views, Some(map)).map_err(compute)
    }

    /// Writes a weight file, or leaves the one that was there.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), ModelError> {
        Ok(files::write_atomically(path, &self.to_bytes()?)?)
    }
}

/// Each of a tensor's values rounded to 16 bits.
fn half_bytes(name: &str, values: &[f32]) -> Result<Vec<u8>, ModelError> {
    let most = f16::MAX.to_f32();
    if let Some(value) = values.iter().find(|value| value.abs() > most) {
        return Err(ModelError::Refused(Refusal::new(
            "write the weights as numbers of 16 bits",
            format!("{value} in {name}"),
            format!("at most {most} either way"),
            "write them with 32 bits",
        )));
    }
    let rounded = values.iter().map(|&value| f16::from_f32(value));
    Ok(rounded.flat_map(f16::to_le_bytes).collect())
}

fn refused(name: &str, found: &str, expected: &str) -> ModelError {
    ModelError::Refused(Refusal::new(
        format!("read the weights in {name}"),
        found,
        expected,
        "choose a file that Digitpad saved",
    ))
}

/// The values of a tensor of rows, or of values, column by column. They are copied this once: what is freed again of
/// large copies would stay with the program.
fn read_transposed(
    tensors: &SafeTensors,
    key: &str,
    shape: &[usize],
    name: &str,
) -> Result<Vec<f32>, ModelError> {
    let expected =
        format!("shape {shape:?} for {PIXELS} pixels, {CLASSES} digits and the layers it names");
    let view = tensors
        .tensor(key)
        .ok()
        .ok_or_else(|| refused(name, &format!("no tensor {key}"), &expected))?;
    if view.shape() != shape {
        return Err(refused(
            name,
            &format!("{key} of shape {:?}", view.shape()),
            &expected,
        ));
    }
    let (pairs, fours) = (view.data().as_chunks().0, view.data().as_chunks().0);
    let values = match view.dtype() {
        Dtype::F32 => transposed(shape, |place| f32::from_le_bytes(fours[place])),
        Dtype::F16 => transposed(shape, |place| f16::from_le_bytes(pairs[place]).to_f32()),
        Dtype::BF16 => transposed(shape, |place| bf16::from_le_bytes(pairs[place]).to_f32()),
        other => {
            return Err(refused(
                name,
                &format!("{key} of type {other:?}"),
                "F32, F16 or BF16",
            ));
        }
    };
    if let Some(value) = values.iter().find(|value| !value.is_finite()) {
        return Err(refused(
            name,
            &format!("the value {value} in {key}"),
            "finite numbers",
        ));
    }
    Ok(values)
}

/// Values, given by their places row by row, column by column.
fn transposed(shape: &[usize], value: impl Fn(usize) -> f32) -> Vec<f32> {
    let columns: usize = shape[1..].iter().product();
    let mut values = Vec::with_capacity(shape[0] * columns);
    for column in 0..columns {
        values.extend((0..shape[0]).map(|row| value(row * columns + column)));
    }
    values
}

#[cfg(test)]
mod tests;
