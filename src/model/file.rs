//! Weight files: safetensors with metadata. A file is checked as a whole before it becomes a model.

use std::{collections::BTreeMap, ops::RangeInclusive, path::Path};

use candle_core::{Device, Var};
use clap::ValueEnum as _;
use half::{bf16, f16};
use safetensors::Dtype;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Activation, Layer, LayerShape, Mlp, MlpConfig,
    calibration::Calibration,
    parse_hidden,
    preprocess::Preprocessing,
    tensors::{StoredTensor, TensorFile, json, serialize_tensors},
};
use crate::{
    bitmap::{CLASSES, PIXELS},
    error::{ModelError, Refusal, excerpt},
    files::{
        self,
        fnv::{self, ContentHash},
        limits::TENSOR_HEADER_BYTES,
    },
};

/// The largest weight file: the largest network, and room for the header.
const LIMIT_BYTES: u64 = 4 * super::MAX_PARAMETERS as u64 + TENSOR_HEADER_BYTES as u64;
/// The version of the format, in the metadata under `format`.
const FORMAT: &str = "digitpad-1";
/// The key of the hash of the content in the metadata. Files of other programs have none.
const HASH: &str = "hash";
/// The input of the network, in the metadata under `input`.
const INPUT: &str = "28x28 pixels row by row, 0 is paper and 1 is ink";
static BUILT_IN_WEIGHTS: &[u8] = include_bytes!("../../weights/digitpad.safetensors");

/// A network and its metadata.
#[derive(Clone, Debug)]
pub struct Model {
    /// The network.
    pub mlp: Mlp,
    /// Its origin and accuracy.
    pub metadata: Metadata,
}

/// Origin and accuracy of a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Metadata {
    /// The training data, if known: "mnist", or the name of a folder.
    pub dataset: Option<String>,
    /// The training configuration. Only `training` knows its fields.
    pub training_config: Option<Value>,
    /// The name of the base model that was fine-tuned; `None` after a training from random weights.
    pub base_model: Option<String>,
    /// The number of corrections in the training data.
    pub corrections_used: Option<usize>,
    /// The seed of the training.
    pub seed: Option<u64>,
    /// Accuracy on the validation examples, 0..=1.
    pub validation_accuracy: Option<f64>,
    /// Mean cross-entropy on the test set, in nats.
    pub test_loss: Option<f64>,
    /// Accuracy on the test set, 0..=1.
    pub test_accuracy: Option<f64>,
    /// Temperature and reject threshold.
    pub calibration: Calibration,
}

impl Model {
    /// The built-in model.
    ///
    /// # Errors
    /// Never in a tested program: only if the built-in weights do not fit.
    pub fn built_in() -> Result<Self, ModelError> {
        Self::from_bytes(BUILT_IN_WEIGHTS, "the built-in model")
    }

    /// Reads a weight file into the processor's memory.
    ///
    /// # Errors
    /// When the file is unreadable or has another format.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        Ok(Self::load_with_fingerprint(path)?.0)
    }

    /// Reads a weight file, and a fingerprint that tells whether its bytes change.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn load_with_fingerprint(path: &Path) -> Result<(Self, u64), ModelError> {
        let name = excerpt(path.display());
        let attempted = format!("read the weights in {name}");
        let bytes = files::read_bounded(path, LIMIT_BYTES, &attempted)?;
        Ok((Self::from_bytes(&bytes, &name)?, fnv::fingerprint(&bytes)))
    }

    /// Reads the bytes of a weight file into the processor's memory. Errors show `name`.
    ///
    /// # Errors
    /// When the bytes have another format.
    pub fn from_bytes(bytes: &[u8], name: &str) -> Result<Self, ModelError> {
        let file = TensorFile::new(bytes)
            .map_err(|found| refused(name, &found, "a safetensors file with weights"))?;
        let fields = Fields {
            map: &file.header.metadata,
            name,
        };
        let config = fields.config()?;
        fields.check_hash(&file)?;
        let mut names: Vec<String> = Vec::new();
        let mut layers = Vec::new();
        for (index, layer) in config.layers().into_iter().enumerate() {
            let [positions, channels, units] = layer.axes();
            let mut read = |suffix: &str, shape: &[usize], axes| {
                let key = format!("layers.{index}.{suffix}");
                let values = read_reversed(&file, &key, shape, axes, name);
                names.push(key);
                values
            };
            let axes = [units, channels, positions];
            let weight = read("weight", &layer.pytorch_shape(), axes)?;
            let bias = read("bias", &[units], [units, 1, 1])?;
            layers.push(Layer {
                weight: Var::from_vec(weight, &layer.weight(), &Device::Cpu)?,
                bias: Var::from_vec(bias, units, &Device::Cpu)?,
            });
        }
        let keys = file.header.tensors.offset_keys();
        if let Some(extra) = keys.iter().find(|key| !names.contains(key)) {
            let found = format!("an extra tensor {}", excerpt(extra));
            return Err(refused(
                name,
                &found,
                &format!("only the parameters of {config}"),
            ));
        }
        Ok(Self {
            mlp: Mlp::from_layers(config, layers)?,
            metadata: fields.metadata()?,
        })
    }

    /// The bytes of a weight file: `layers.N.weight` `[out, in]`, or `[out, in, 5, 5]` of a convolutional layer, and
    /// `layers.N.bias` `[out]`, `f32`.
    ///
    /// # Errors
    /// When the device of the network fails.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelError> {
        self.serialize(Dtype::F32, |_, values| {
            Ok(values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect())
        })
    }

    /// As [`Model::to_bytes`] with 16-bit numbers: half the size.
    ///
    /// # Errors
    /// As [`Model::to_bytes`], and when a value is too large for 16 bits.
    pub fn to_half_bytes(&self) -> Result<Vec<u8>, ModelError> {
        self.serialize(Dtype::F16, half_bytes)
    }

    fn serialize(
        &self,
        dtype: Dtype,
        bytes_of: impl Fn(&str, &[f32]) -> Result<Vec<u8>, ModelError>,
    ) -> Result<Vec<u8>, ModelError> {
        let mut tensors = Vec::new();
        let shapes = self.mlp.config().layers();
        for (index, (layer, shape)) in self.mlp.layers().iter().zip(shapes).enumerate() {
            let weight = (
                format!("layers.{index}.weight"),
                shape.to_pytorch(&layer.weight)?,
            );
            let bias = (
                format!("layers.{index}.bias"),
                layer.bias.as_tensor().clone(),
            );
            for (name, tensor) in [weight, bias] {
                let values: Vec<f32> = tensor.flatten_all()?.to_vec1()?;
                tensors.push(StoredTensor {
                    bytes: bytes_of(&name, &values)?,
                    shape: tensor.dims().to_vec(),
                    name,
                    dtype,
                });
            }
        }
        let mut fields = self.metadata.fields(self.mlp.config())?;
        tensors.sort_by(|a, b| a.name.cmp(&b.name));
        let parts = tensors.iter().map(|tensor| (&*tensor.name, &*tensor.bytes));
        let hash = content_hash(fields.iter().map(|(key, value)| (*key, &**value)), parts);
        fields.insert(HASH, hash);
        serialize_tensors(tensors, &fields)
    }

    /// Writes a weight file. After an error, the previous file is unchanged.
    ///
    /// # Errors
    /// When the file is not writable.
    pub fn save(&self, path: &Path) -> Result<(), ModelError> {
        Ok(files::write_atomically(path, &self.to_bytes()?)?)
    }
}

/// The hash of the metadata and of the tensors, both in the order of their names. It detects damage.
fn content_hash<'a>(
    fields: impl Iterator<Item = (&'a str, &'a str)>,
    tensors: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> String {
    let mut hash = ContentHash::default();
    let fields = fields.filter(|(key, _)| *key != HASH);
    let fields = fields.map(|(key, value)| (key, value.as_bytes()));
    for (name, bytes) in fields.chain(tensors) {
        hash.add(name.as_bytes());
        hash.add(bytes);
    }
    hash.finish().to_string()
}

/// Rounds values to 16 bits.
fn half_bytes(name: &str, values: &[f32]) -> Result<Vec<u8>, ModelError> {
    let max = f16::MAX.to_f32();
    if let Some(value) = values.iter().find(|value| value.abs() > max) {
        return Err(Refusal::new(
            "write the weights with 16 bits",
            format!("{value} in {name}"),
            format!("values from -{max} to {max}"),
            "write them with 32 bits",
        )
        .into());
    }
    let rounded = values.iter().map(|&value| f16::from_f32(value));
    Ok(rounded.flat_map(f16::to_le_bytes).collect())
}

fn refused(name: &str, found: &str, expected: &str) -> ModelError {
    Refusal::new(
        format!("read the weights in {name}"),
        found,
        expected,
        "choose a weight file of Digitpad",
    )
    .into()
}

/// The values of a tensor with its axes in reverse. Copies large tensors only once: the allocator would keep the memory
/// of a second copy.
fn read_reversed(
    file: &TensorFile,
    key: &str,
    shape: &[usize],
    axes: [usize; 3],
    name: &str,
) -> Result<Vec<f32>, ModelError> {
    let expected = format!(
        "shape {shape:?} for {PIXELS} pixels, {CLASSES} digits and the layers of the metadata"
    );
    let missing = || refused(name, &format!("no tensor {key}"), &expected);
    let (dtype, found, data) = file.tensor(key).ok_or_else(missing)?;
    if found != shape {
        let found = format!("{key} of shape {}", excerpt(format!("{found:?}")));
        return Err(refused(name, &found, &expected));
    }
    let (pairs, fours) = (data.as_chunks().0, data.as_chunks().0);
    let values = match dtype {
        Dtype::F32 => reversed(axes, |index| f32::from_le_bytes(fours[index])),
        Dtype::F16 => reversed(axes, |index| f16::from_le_bytes(pairs[index]).to_f32()),
        Dtype::BF16 => reversed(axes, |index| bf16::from_le_bytes(pairs[index]).to_f32()),
        other => {
            let found = format!("{key} of type {other:?}");
            return Err(refused(name, &found, "F32, F16 or BF16"));
        }
    };
    if let Some(value) = values.iter().find(|value| !value.is_finite()) {
        let found = format!("the value {value} in {key}");
        return Err(refused(name, &found, "finite numbers"));
    }
    Ok(values)
}

/// Values with these axes in reverse; `value` gets their indices in order.
fn reversed([rows, channels, columns]: [usize; 3], value: impl Fn(usize) -> f32) -> Vec<f32> {
    let mut values = Vec::with_capacity(rows * channels * columns);
    for column in 0..columns {
        for channel in 0..channels {
            let index = |row| (row * channels + channel) * columns + column;
            values.extend((0..rows).map(|row| value(index(row))));
        }
    }
    values
}

/// A convolutional layer in the metadata.
#[derive(PartialEq, Serialize, Deserialize)]
struct StoredConvolution {
    filters: usize,
    kernel: usize,
    stride: usize,
    /// The row and the column at which the first kernel starts.
    first: usize,
}

impl StoredConvolution {
    /// The convolutional layers of a network.
    fn all(config: &MlpConfig) -> Vec<Self> {
        let layers = config.layers().into_iter();
        let stored = |layer: LayerShape| Self {
            filters: layer.output.channels,
            kernel: layer.kernel,
            stride: layer.stride,
            first: layer.first,
        };
        layers.take(config.filters().len()).map(stored).collect()
    }
}

impl Metadata {
    /// The metadata of a weight file, which safetensors limits to strings.
    fn fields(&self, config: &MlpConfig) -> Result<BTreeMap<&'static str, String>, ModelError> {
        fn text<T: ToString>(value: Option<&T>) -> Option<String> {
            value.map(T::to_string)
        }
        let hidden: Vec<_> = config.hidden().iter().map(ToString::to_string).collect();
        let convolutional = Some(StoredConvolution::all(config)).filter(|all| !all.is_empty());
        let Calibration {
            temperature,
            reject_threshold,
        } = &self.calibration;
        let fields = [
            ("format", Some(FORMAT.to_owned())),
            ("input", Some(INPUT.to_owned())),
            (
                "convolutional",
                convolutional.as_ref().map(json).transpose()?,
            ),
            ("hidden", Some(hidden.join(","))),
            ("activation", Some(config.activation().to_string())),
            ("preprocessing", Some(json(&config.preprocessing())?)),
            ("dataset", self.dataset.clone()),
            ("training_config", text(self.training_config.as_ref())),
            ("base_model", self.base_model.clone()),
            ("corrections_used", text(self.corrections_used.as_ref())),
            ("seed", text(self.seed.as_ref())),
            (
                "validation_accuracy",
                text(self.validation_accuracy.as_ref()),
            ),
            ("test_loss", text(self.test_loss.as_ref())),
            ("test_accuracy", text(self.test_accuracy.as_ref())),
            ("temperature", Some(temperature.to_string())),
            ("reject_threshold", text(reject_threshold.as_ref())),
        ];
        let fields = fields.into_iter();
        Ok(fields
            .filter_map(|(key, value)| Some((key, value?)))
            .collect())
    }
}

/// The metadata of a weight file, and the file's name for errors.
struct Fields<'a> {
    map: &'a BTreeMap<String, String>,
    name: &'a str,
}

impl Fields<'_> {
    /// A field that every weight file has.
    fn required(&self, key: &str) -> Result<&str, ModelError> {
        self.map.get(key).map(String::as_str).ok_or_else(|| {
            let found = format!("no \"{key}\" in the metadata");
            refused(
                self.name,
                &found,
                "the metadata of a weight file of Digitpad",
            )
        })
    }

    fn unexpected(&self, key: &str, found: &str, expected: &str) -> ModelError {
        refused(
            self.name,
            &format!("{key} \"{}\"", excerpt(found)),
            expected,
        )
    }

    /// Refuses damaged content, if the file has a hash.
    fn check_hash(&self, file: &TensorFile) -> Result<(), ModelError> {
        let Some(expected) = self.map.get(HASH) else {
            return Ok(());
        };
        let mut names = file.header.tensors.offset_keys();
        names.sort();
        let tensor = |name: &'_ String| file.tensor(name).map(|(_, _, bytes)| bytes);
        let tensors = names
            .iter()
            .filter_map(|name| Some((&**name, tensor(name)?)));
        let fields = self.map.iter().map(|(key, value)| (&**key, &**value));
        if content_hash(fields, tensors) == *expected {
            return Ok(());
        }
        let refusal = Refusal::new(
            format!("read the weights in {}", self.name),
            "content that does not match its hash",
            "the content as it was written",
            "the file is damaged: copy it again; or, if another program changed it, remove \"hash\" from its metadata",
        );
        Err(refusal.into())
    }

    /// The shape and the preprocessing of the network.
    fn config(&self) -> Result<MlpConfig, ModelError> {
        for (key, expected) in [("format", FORMAT), ("input", INPUT)] {
            let found = self.required(key)?;
            if found != expected {
                return Err(self.unexpected(key, found, &format!("\"{expected}\"")));
            }
        }
        let nested = |refusal: Refusal| refused(self.name, &refusal.found, &refusal.expected);
        let hidden = parse_hidden(self.required("hidden")?).map_err(nested)?;
        let activation = self.required("activation")?;
        let activation = Activation::from_str(activation, false).map_err(|_unknown| {
            let names = Activation::value_variants().iter().map(ToString::to_string);
            let expected = names.collect::<Vec<_>>().join(", ");
            self.unexpected("activation", activation, &expected)
        })?;
        let preprocessing = self.required("preprocessing")?;
        let preprocessing: Preprocessing =
            serde_json::from_str(preprocessing).map_err(|_error| {
                self.unexpected(
                    "preprocessing",
                    preprocessing,
                    "filters as Digitpad writes them",
                )
            })?;
        let text = self.map.get("convolutional").map_or("[]", String::as_str);
        let stored: Vec<StoredConvolution> = serde_json::from_str(text).map_err(|_error| {
            self.unexpected("convolutional", text, "layers as Digitpad writes them")
        })?;
        let config = MlpConfig::new(hidden, activation)
            .and_then(|config| config.with_preprocessing(preprocessing))
            .and_then(|config| config.with_filters(stored.iter().map(|it| it.filters).collect()))
            .map_err(nested)?;
        let expected = StoredConvolution::all(&config);
        if stored != expected {
            return Err(self.unexpected("convolutional", text, &json(&expected)?));
        }
        Ok(config)
    }

    fn metadata(&self) -> Result<Metadata, ModelError> {
        let text = |key: &str| self.map.get(key).cloned();
        // The network works without these, so invalid values are ignored.
        let number = |key: &str, range: RangeInclusive<f64>| {
            let value = self.map.get(key)?.parse().ok();
            value.filter(|value| range.contains(value))
        };
        let json =
            |text: &String| serde_json::from_str(text).unwrap_or_else(|_| text.clone().into());
        Ok(Metadata {
            dataset: text("dataset"),
            training_config: self.map.get("training_config").map(json),
            base_model: text("base_model"),
            corrections_used: text("corrections_used").and_then(|text| text.parse().ok()),
            seed: text("seed").and_then(|text| text.parse().ok()),
            validation_accuracy: number("validation_accuracy", 0.0..=1.0),
            test_loss: number("test_loss", 0.0..=f64::MAX),
            test_accuracy: number("test_accuracy", 0.0..=1.0),
            calibration: Calibration {
                temperature: self
                    .calibration("temperature", 0.01..=100.0)?
                    .unwrap_or(1.0),
                reject_threshold: self.calibration("reject_threshold", f32::MIN..=f32::MAX)?,
            },
        })
    }

    /// A value that predictions depend on.
    fn calibration(
        &self,
        key: &str,
        range: RangeInclusive<f32>,
    ) -> Result<Option<f32>, ModelError> {
        let Some(text) = self.map.get(key) else {
            return Ok(None);
        };
        let value = text.parse().ok().filter(|value| range.contains(value));
        value.map(Some).ok_or_else(|| {
            let expected = format!("a number from {} to {}", range.start(), range.end());
            self.unexpected(key, text, &expected)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_accuracies_are_ignored() {
        let cases = [
            ("0.977", Some(0.977), Some(0.977), "valid"),
            ("0", Some(0.0), Some(0.0), "the least"),
            ("1", Some(1.0), Some(1.0), "the greatest accuracy"),
            ("97.7", None, Some(97.7), "percent; as a loss it is valid"),
            ("-0.1", None, None, "negative"),
            ("NaN", None, None, "not a number"),
            ("inf", None, None, "infinite"),
            ("good", None, None, "a word"),
        ];
        for (text, accuracy, loss, reason) in cases {
            let keys = ["validation_accuracy", "test_accuracy", "test_loss"];
            let fields = Fields {
                map: &keys.map(|key| (key.to_owned(), text.to_owned())).into(),
                name: "w",
            };
            let read = fields.metadata().expect("the network works without them");
            assert_eq!(read.validation_accuracy, accuracy, "{reason}");
            assert_eq!(read.test_accuracy, accuracy, "{reason}");
            assert_eq!(read.test_loss, loss, "{reason}");
        }
    }
}
