//! The network: a multilayer perceptron from 784 pixels to ten logits, on candle.

pub mod calibration;
pub mod device;
pub mod file;
pub mod preprocess;
pub mod softmax;

use std::fmt;

use candle_core::{DType, Device, Tensor, Var};
use clap::{ValueEnum, builder::PossibleValue};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use self::preprocess::Preprocessing;
use crate::{
    bitmap::{CLASSES, PIXELS},
    error::{ModelError, Refusal},
};

/// The most hidden layers a network may have.
pub const MAX_HIDDEN_LAYERS: usize = 16;
/// The most units a hidden layer may have.
pub const MAX_WIDTH: usize = 8192;
/// The most weights and biases a network may have: 256 MiB as `f32`.
pub const MAX_PARAMETERS: usize = 64 << 20;

impl From<candle_core::Error> for ModelError {
    fn from(error: candle_core::Error) -> Self {
        Self::Compute(Box::new(error))
    }
}

/// The function after each hidden layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// 1 / (1 + e⁻ˣ).
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// max(0, x).
    Relu,
    /// x above 0 and 0.01 · x below, so that no unit stops learning (Maas and others 2013).
    LeakyRelu,
    /// x · Φ(x), Φ the normal distribution function (Hendrycks and Gimpel 2016): exact, not the tanh approximation.
    Gelu,
}

impl Activation {
    /// The slope of [`Activation::LeakyRelu`] below 0, as in PyTorch.
    pub(crate) const LEAK: f64 = 0.01;

    /// The name in the window.
    pub fn label(self) -> &'static str {
        match self {
            Self::Sigmoid => "Sigmoid",
            Self::Tanh => "Tanh",
            Self::Relu => "ReLU",
            Self::LeakyRelu => "Leaky ReLU",
            Self::Gelu => "GELU",
        }
    }

    fn forward(self, x: &Tensor) -> candle_core::Result<Tensor> {
        match self {
            Self::Sigmoid => candle_nn::ops::sigmoid(x),
            Self::Tanh => x.tanh(),
            Self::Relu => x.relu(),
            // For every x, one of the two terms is 0, and so is its gradient.
            Self::LeakyRelu => x.relu()? - (x.neg()?.relu()? * Self::LEAK)?,
            Self::Gelu => x.gelu_erf(),
        }
    }
}

/// The name in files and on the command line.
impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(
            self.to_possible_value()
                .as_ref()
                .map_or("", PossibleValue::get_name),
        )
    }
}

/// The shape of a network and its preprocessing. Valid by construction: see [`MlpConfig::new`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "UncheckedMlpConfig")]
pub struct MlpConfig {
    hidden: Vec<usize>,
    activation: Activation,
    preprocessing: Preprocessing,
}

/// Fields that a file omits are those of the tutorial's network.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct UncheckedMlpConfig {
    hidden: Vec<usize>,
    activation: Activation,
    preprocessing: Preprocessing,
}

impl Default for UncheckedMlpConfig {
    fn default() -> Self {
        let MlpConfig {
            hidden,
            activation,
            preprocessing,
        } = MlpConfig::tutorial();
        Self {
            hidden,
            activation,
            preprocessing,
        }
    }
}

impl TryFrom<UncheckedMlpConfig> for MlpConfig {
    type Error = Refusal;

    fn try_from(config: UncheckedMlpConfig) -> Result<Self, Refusal> {
        Self::new(config.hidden, config.activation)?.with_preprocessing(config.preprocessing)
    }
}

impl MlpConfig {
    /// A network with these hidden layers, from the input to the output. Without any it is linear.
    ///
    /// # Errors
    /// When there are more than [`MAX_HIDDEN_LAYERS`], a layer is empty or wider than [`MAX_WIDTH`],
    /// or the network has more than [`MAX_PARAMETERS`].
    pub fn new(hidden: Vec<usize>, activation: Activation) -> Result<Self, Refusal> {
        let refuse = |found: String, expected: String| {
            let remedy = "change the hidden layers";
            Err(Refusal::new(
                "set up the hidden layers",
                found,
                expected,
                remedy,
            ))
        };
        if hidden.len() > MAX_HIDDEN_LAYERS {
            let expected = format!("at most {MAX_HIDDEN_LAYERS}");
            return refuse(format!("{} hidden layers", hidden.len()), expected);
        }
        if let Some(width) = hidden.iter().find(|width| !(1..=MAX_WIDTH).contains(width)) {
            return refuse(
                format!("a layer of {width} units"),
                format!("1 to {MAX_WIDTH}"),
            );
        }
        let config = Self {
            hidden,
            activation,
            preprocessing: Preprocessing::default(),
        };
        let count = config.parameter_count();
        if count > MAX_PARAMETERS {
            return refuse(
                format!("{count} parameters"),
                format!("at most {MAX_PARAMETERS}"),
            );
        }
        Ok(config)
    }

    /// The same network with this preprocessing.
    ///
    /// # Errors
    /// When a value is out of its range.
    pub fn with_preprocessing(self, preprocessing: Preprocessing) -> Result<Self, Refusal> {
        preprocessing.validate()?;
        Ok(Self {
            preprocessing,
            ..self
        })
    }

    /// The tutorial's network: 784-128-10 with ReLU.
    pub fn tutorial() -> Self {
        Self::relu([128])
    }

    /// A ReLU network without checks: for constants.
    pub(crate) fn relu(hidden: impl Into<Vec<usize>>) -> Self {
        Self {
            hidden: hidden.into(),
            activation: Activation::Relu,
            preprocessing: Preprocessing::default(),
        }
    }

    /// Units of each hidden layer, from the input to the output.
    pub fn hidden(&self) -> &[usize] {
        &self.hidden
    }

    /// The function after each hidden layer.
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// The preprocessing of an image before the network.
    pub fn preprocessing(&self) -> Preprocessing {
        self.preprocessing
    }

    /// Units of every layer: 784, the hidden ones, 10.
    pub fn widths(&self) -> Vec<usize> {
        let mut widths = vec![PIXELS];
        widths.extend(&self.hidden);
        widths.push(CLASSES);
        widths
    }

    /// The number of weights and biases.
    pub fn parameter_count(&self) -> usize {
        self.widths()
            .windows(2)
            .map(|pair| (pair[0] + 1) * pair[1])
            .sum()
    }
}

/// "784-128-10 ReLU".
impl fmt::Display for MlpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: Vec<_> = self.widths().iter().map(ToString::to_string).collect();
        write!(f, "{} {}", widths.join("-"), self.activation.label())
    }
}

/// Reads "256,128" as two hidden layers, and "" or "none" as no hidden layer.
///
/// # Errors
/// When a part is not a whole number.
pub fn parse_hidden(text: &str) -> Result<Vec<usize>, Refusal> {
    if matches!(text.trim(), "" | "none") {
        return Ok(Vec::new());
    }
    let width = |part: &str| {
        part.trim().parse().ok().ok_or_else(|| {
            Refusal::new(
                "read the hidden layers",
                format!("\"{text}\""),
                "whole numbers separated by commas, such as 256,128",
                "correct the list",
            )
        })
    };
    text.split(',').map(width).collect()
}

/// One fully connected layer.
#[derive(Clone, Debug)]
pub struct Dense {
    /// `[in, out]`: a batch multiplies it from the left without a transpose, and the weights of one pixel are
    /// contiguous. Files hold `[out, in]`, as PyTorch does.
    pub weight: Var,
    /// `[out]`.
    pub bias: Var,
}

/// A multilayer perceptron. Its parameters are `f32` tensors on a candle device.
///
/// A clone shares the parameters; a [`Mlp::copy`] has its own.
#[derive(Clone, Debug)]
pub struct Mlp {
    config: MlpConfig,
    layers: Vec<Dense>,
}

impl Mlp {
    /// An untrained network: weights uniform in ±√(6 / (in + out)) (Glorot and Bengio 2010, Keras' default), biases
    /// zero. The same seed gives the same weights on every machine and device.
    ///
    /// # Errors
    /// When the device has too little memory.
    pub fn new(config: &MlpConfig, seed: u64, device: &Device) -> Result<Self, ModelError> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let layer = |pair: &[usize]| {
            let limit = (6.0 / (pair[0] + pair[1]) as f32).sqrt();
            let weights = (0..pair[0] * pair[1]).map(|_| rng.random_range(-limit..limit));
            let weight = Tensor::from_iter(weights, device)?.reshape((pair[0], pair[1]))?;
            let bias = Tensor::zeros(pair[1], DType::F32, device)?;
            Ok(Dense {
                weight: Var::from_tensor(&weight)?,
                bias: Var::from_tensor(&bias)?,
            })
        };
        let layers: Result<_, ModelError> = config.widths().windows(2).map(layer).collect();
        Ok(Self {
            config: config.clone(),
            layers: layers?,
        })
    }

    /// A network of these layers.
    ///
    /// # Errors
    /// When their shapes differ from the configuration's.
    pub fn from_layers(config: MlpConfig, layers: Vec<Dense>) -> Result<Self, ModelError> {
        let refused = |found: String, expected: String| {
            Err(Refusal::new(
                "set up the network",
                found,
                format!("{expected}, for {config}"),
                "use weights of this shape",
            )
            .into())
        };
        let widths = config.widths();
        if layers.len() + 1 != widths.len() {
            let found = format!("{} layers", layers.len());
            return refused(found, (widths.len() - 1).to_string());
        }
        for (index, (layer, pair)) in layers.iter().zip(widths.windows(2)).enumerate() {
            let parameters = [
                ("weight", &layer.weight, pair),
                ("bias", &layer.bias, &pair[1..]),
            ];
            for (name, values, shape) in parameters {
                if values.dims() != shape {
                    let found = format!("{name} {index} of shape {:?}", values.dims());
                    return refused(found, format!("{shape:?}"));
                }
            }
        }
        Ok(Self { config, layers })
    }

    /// The network's shape.
    pub fn config(&self) -> &MlpConfig {
        &self.config
    }

    /// The layers, from the input to the output.
    pub fn layers(&self) -> &[Dense] {
        &self.layers
    }

    /// Every weight and bias: the first layer's weight, its bias, the second layer's weight, and so on.
    pub fn parameters(&self) -> impl Iterator<Item = &Var> {
        self.layers
            .iter()
            .flat_map(|dense| [&dense.weight, &dense.bias])
    }

    /// The device that holds the parameters.
    pub fn device(&self) -> &Device {
        self.layers[0].weight.device()
    }

    /// An independent copy on the same device.
    ///
    /// # Errors
    /// When there is too little memory.
    pub fn copy(&self) -> Result<Self, ModelError> {
        self.copy_to(self.device())
    }

    /// An independent copy on any device.
    ///
    /// # Errors
    /// When there is too little memory.
    pub fn copy_to(&self, device: &Device) -> Result<Self, ModelError> {
        let copy =
            |var: &Var| Ok::<_, ModelError>(Var::from_tensor(&var.copy()?.to_device(device)?)?);
        let layer = |dense: &Dense| {
            Ok(Dense {
                weight: copy(&dense.weight)?,
                bias: copy(&dense.bias)?,
            })
        };
        let layers: Result<_, ModelError> = self.layers.iter().map(layer).collect();
        Ok(Self {
            config: self.config.clone(),
            layers: layers?,
        })
    }

    /// The logits of preprocessed images.
    ///
    /// # Shapes
    /// `images` `[n, 784]`, `f32`, 0 is paper and 1 is ink; the result `[n, 10]`, `f32`, before the softmax.
    ///
    /// # Errors
    /// When `images` has another shape or type.
    pub fn forward(&self, images: &Tensor) -> Result<Tensor, ModelError> {
        let layers = self.layers.iter();
        let layers = layers.map(|dense| (dense.weight.as_tensor(), dense.bias.as_tensor()));
        forward_with(layers, self.config.activation, images, &mut |_, x| Ok(x))
    }

    /// The logits of images, after the model's preprocessing.
    ///
    /// # Shapes
    /// `pixels` `n × 784`, image by image, 0 is paper and 1 is ink; the result `n` rows of ten, before the softmax.
    ///
    /// # Errors
    /// When `pixels` is not a whole number of images, or candle fails.
    pub fn logits(&self, mut pixels: Vec<f32>) -> Result<Vec<[f32; CLASSES]>, ModelError> {
        self.config.preprocessing.apply_to_pixels(&mut pixels);
        self.logits_of_preprocessed(pixels)
    }

    /// As [`Mlp::logits`], of images that are already preprocessed.
    pub(crate) fn logits_of_preprocessed(
        &self,
        pixels: Vec<f32>,
    ) -> Result<Vec<[f32; CLASSES]>, ModelError> {
        let count = pixels.len() / PIXELS;
        let images = Tensor::from_vec(pixels, (count, PIXELS), self.device())?;
        let rows: Vec<f32> = self.forward(&images)?.flatten_all()?.to_vec1()?;
        Ok(rows.as_chunks().0.to_vec())
    }
}

/// The logits of preprocessed images, by these weights and biases. `change` gets the index of each hidden layer and
/// its outputs `[n, width]`, and returns the inputs of the next layer: dropout, for instance.
pub(crate) fn forward_with<'a>(
    layers: impl ExactSizeIterator<Item = (&'a Tensor, &'a Tensor)>,
    activation: Activation,
    images: &Tensor,
    change: &mut dyn FnMut(usize, Tensor) -> candle_core::Result<Tensor>,
) -> Result<Tensor, ModelError> {
    let last = layers.len() - 1;
    let mut x = images.clone();
    for (index, (weight, bias)) in layers.enumerate() {
        x = x.matmul(weight)?.broadcast_add(bias)?;
        if index < last {
            x = change(index, activation.forward(&x)?)?;
        }
    }
    Ok(x)
}
