//! The network: a chain of convolutional and fully connected layers from 784 pixels to ten logits, on candle.

pub mod calibration;
pub mod device;
pub mod file;
pub(crate) mod forward;
pub(crate) mod kernels;
mod layer;
pub(crate) mod parameters;
pub mod preprocess;
pub mod softmax;
pub(crate) mod tensors;
pub(crate) mod trace;

use std::fmt;

use candle_core::{DType, Device, Tensor, Var};
use clap::{ValueEnum, builder::PossibleValue};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

pub use self::layer::{Grid, Layer, LayerShape};
use self::preprocess::Preprocessing;
use crate::{
    bitmap::{CLASSES, PIXELS, SIDE},
    error::{ModelError, Refusal},
};

/// The most hidden layers a network may have.
pub const MAX_HIDDEN_LAYERS: usize = 16;
/// The most convolutional layers a network may have: a third would have no room for a kernel.
pub const MAX_CONVOLUTIONAL_LAYERS: usize = LayerShape::FIRSTS.len();
/// The most filters a convolutional layer may have.
pub const MAX_FILTERS: usize = 256;
/// The most units a hidden layer may have.
pub const MAX_WIDTH: usize = 8192;
/// The most weights and biases a network may have: 80 MiB as `f32`. A checkpoint holds five such sets. The best single
/// multilayer perceptron published for MNIST has 12.1 million (Cireşan and others 2010).
pub const MAX_PARAMETERS: usize = 20 << 20;

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

    /// Whether the function consists of straight lines.
    fn is_piecewise_linear(self) -> bool {
        matches!(self, Self::Relu | Self::LeakyRelu)
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
#[derive(Clone, Debug, PartialEq)]
pub struct MlpConfig {
    filters: Vec<usize>,
    hidden: Vec<usize>,
    activation: Activation,
    preprocessing: Preprocessing,
}

impl MlpConfig {
    /// A fully connected network with these hidden layers, from the input to the output. Without any it is linear.
    ///
    /// # Errors
    /// When there are more than [`MAX_HIDDEN_LAYERS`], a layer is empty or wider than [`MAX_WIDTH`],
    /// or the network has more than [`MAX_PARAMETERS`].
    pub fn new(hidden: Vec<usize>, activation: Activation) -> Result<Self, Refusal> {
        Self {
            activation,
            ..Self::relu([], hidden)
        }
        .checked()
    }

    /// The same network with convolutional layers of this many filters before its hidden layers.
    ///
    /// # Errors
    /// When there are more than [`MAX_CONVOLUTIONAL_LAYERS`], one has no filter or more than [`MAX_FILTERS`], or the
    /// network has more than [`MAX_PARAMETERS`].
    pub fn with_filters(self, filters: Vec<usize>) -> Result<Self, Refusal> {
        Self { filters, ..self }.checked()
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

    /// The same network with this function after each layer but the last.
    #[must_use]
    pub fn with_activation(self, activation: Activation) -> Self {
        Self { activation, ..self }
    }

    fn checked(self) -> Result<Self, Refusal> {
        let kinds = [
            (
                "convolutional layers",
                &self.filters,
                MAX_CONVOLUTIONAL_LAYERS,
                MAX_FILTERS,
            ),
            ("hidden layers", &self.hidden, MAX_HIDDEN_LAYERS, MAX_WIDTH),
        ];
        for (name, counts, max_layers, max_count) in kinds {
            let refuse = |found: String, expected: String| {
                let attempt = format!("set the {name}");
                Err(Refusal::new(
                    attempt,
                    found,
                    expected,
                    format!("change the {name}"),
                ))
            };
            if counts.len() > max_layers {
                let found = format!("{} {name}", counts.len());
                return refuse(found, format!("at most {max_layers}"));
            }
            if let Some(count) = counts
                .iter()
                .find(|count| !(1..=max_count).contains(*count))
            {
                return refuse(format!("a layer of {count}"), format!("1 to {max_count}"));
            }
        }
        let count = self.parameter_count();
        if count > MAX_PARAMETERS {
            return Err(Refusal::new(
                "set the hidden layers",
                format!("{count} parameters"),
                format!("at most {MAX_PARAMETERS}"),
                "change the hidden layers",
            ));
        }
        Ok(self)
    }

    /// The tutorial's network: 784-128-10 with ReLU.
    pub fn tutorial() -> Self {
        Self::relu([], [128])
    }

    /// A ReLU network of convolutional and hidden layers, without checks: for constants.
    pub(crate) fn relu(filters: impl Into<Vec<usize>>, hidden: impl Into<Vec<usize>>) -> Self {
        Self {
            filters: filters.into(),
            hidden: hidden.into(),
            activation: Activation::Relu,
            preprocessing: Preprocessing::default(),
        }
    }

    /// Filters of each convolutional layer, from the input on. The hidden layers follow them.
    pub fn filters(&self) -> &[usize] {
        &self.filters
    }

    /// Units of each fully connected hidden layer, from the input to the output.
    pub fn hidden(&self) -> &[usize] {
        &self.hidden
    }

    /// The function after each layer but the last.
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// Whether the logits are linear functions of the pixels around each image.
    pub fn is_piecewise_linear(&self) -> bool {
        self.layers().len() == 1 || self.activation.is_piecewise_linear()
    }

    /// The preprocessing of an image before the network.
    pub fn preprocessing(&self) -> Preprocessing {
        self.preprocessing
    }

    /// The shape of every layer, from the input to the output.
    pub fn layers(&self) -> Vec<LayerShape> {
        let mut layers: Vec<LayerShape> = Vec::new();
        let pixels = Grid {
            side: SIDE,
            channels: 1,
        };
        let input = |layers: &[LayerShape]| layers.last().map_or(pixels, |layer| layer.output);
        for (&filters, first) in self.filters.iter().zip(LayerShape::FIRSTS) {
            layers.push(LayerShape::convolutional(input(&layers), filters, first));
        }
        for &units in self.hidden.iter().chain(&[CLASSES]) {
            layers.push(LayerShape::dense(input(&layers), units));
        }
        layers
    }

    /// Units of every layer: 784, the hidden ones, 10. A convolutional layer has one for each filter and position.
    pub fn widths(&self) -> Vec<usize> {
        let layers = self.layers();
        let outputs = layers.iter().map(|layer| layer.output.units());
        [PIXELS].into_iter().chain(outputs).collect()
    }

    /// The number of weights and biases; those of a kernel once.
    pub fn parameter_count(&self) -> usize {
        let layers = self.layers();
        layers.iter().map(LayerShape::parameter_count).sum()
    }

    /// The multiplications of a forward pass.
    pub fn multiplications(&self) -> usize {
        let layers = self.layers();
        layers.iter().map(LayerShape::multiplications).sum()
    }
}

/// "784-128-10 ReLU", "784-24@11×11-96@4×4-320-10 ReLU".
impl fmt::Display for MlpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PIXELS}-")?;
        for layer in &self.layers()[..self.filters.len() + self.hidden.len()] {
            write!(f, "{}-", layer.output)?;
        }
        write!(f, "{CLASSES} {}", self.activation.label())
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

/// A network of convolutional and fully connected layers. Its parameters are `f32` tensors on a candle device.
///
/// A clone shares the parameters; a [`Mlp::copy`] has its own.
#[derive(Clone, Debug)]
pub struct Mlp {
    config: MlpConfig,
    layers: Vec<Layer>,
}

impl Mlp {
    /// An untrained network with biases of zero. Weights of fully connected layers are uniform in ±√(6 / (in + out))
    /// (Glorot and Bengio 2010, Keras' default), kernels in ±√(6 / inputs) (He and others 2015, for ReLU). The same seed
    /// gives the same weights on every machine and device.
    ///
    /// # Errors
    /// When the device has too little memory.
    pub fn new(config: &MlpConfig, seed: u64, device: &Device) -> Result<Self, ModelError> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let layer = |shape: LayerShape| {
            let [inputs, units] = shape.weight();
            let fan = if shape.is_convolutional() {
                inputs
            } else {
                inputs + units
            };
            let limit = (6.0 / fan as f32).sqrt();
            let weights = (0..inputs * units).map(|_| rng.random_range(-limit..limit));
            let weight = Tensor::from_iter(weights, device)?.reshape((inputs, units))?;
            let bias = Tensor::zeros(units, DType::F32, device)?;
            Ok(Layer {
                weight: Var::from_tensor(&weight)?,
                bias: Var::from_tensor(&bias)?,
            })
        };
        let layers: Result<_, ModelError> = config.layers().into_iter().map(layer).collect();
        Ok(Self {
            config: config.clone(),
            layers: layers?,
        })
    }

    /// A network of these layers.
    ///
    /// # Errors
    /// When their shapes differ from the configuration's.
    pub fn from_layers(config: MlpConfig, layers: Vec<Layer>) -> Result<Self, ModelError> {
        let refused = |found: String, expected: String| {
            Err(Refusal::new(
                "set up the network",
                found,
                format!("{expected}, for {config}"),
                "use weights of this shape",
            )
            .into())
        };
        let shapes = config.layers();
        if layers.len() != shapes.len() {
            let found = format!("{} layers", layers.len());
            return refused(found, shapes.len().to_string());
        }
        for (index, (layer, shape)) in layers.iter().zip(&shapes).enumerate() {
            let shape = shape.weight();
            let parameters = [
                ("weight", &layer.weight, &shape[..]),
                ("bias", &layer.bias, &shape[1..]),
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
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Every weight and bias: the first layer's weight, its bias, the second layer's weight, and so on.
    pub fn parameters(&self) -> impl Iterator<Item = &Var> {
        self.layers
            .iter()
            .flat_map(|layer| [&layer.weight, &layer.bias])
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
        let layer = |layer: &Layer| {
            Ok(Layer {
                weight: copy(&layer.weight)?,
                bias: copy(&layer.bias)?,
            })
        };
        let layers: Result<_, ModelError> = self.layers.iter().map(layer).collect();
        Ok(Self {
            config: self.config.clone(),
            layers: layers?,
        })
    }

    /// The logits of preprocessed images, by candle.
    ///
    /// # Shapes
    /// `images` `[n, 784]`, `f32`, 0 is paper and 1 is ink; the result `[n, 10]`, `f32`, before the softmax.
    ///
    /// # Errors
    /// When `images` has another shape or type.
    pub fn forward(&self, images: &Tensor) -> Result<Tensor, ModelError> {
        self.forward_changed(images, &mut |_, x| Ok(x))
    }

    /// As [`Mlp::forward`]. `change` gets the index of each layer but the last and its outputs `[n, width]`, and returns
    /// the inputs of the next layer: dropout, for instance.
    pub(crate) fn forward_changed(
        &self,
        images: &Tensor,
        change: &mut dyn FnMut(usize, Tensor) -> candle_core::Result<Tensor>,
    ) -> Result<Tensor, ModelError> {
        let last = self.layers.len() - 1;
        let mut x = images.clone();
        for (index, (Layer { weight, bias }, shape)) in
            self.layers.iter().zip(self.config.layers()).enumerate()
        {
            x = shape.forward(&x, weight)?.broadcast_add(bias)?;
            if index < last {
                x = self.config.activation.forward(&x)?.flatten_from(1)?;
                x = change(index, x)?;
            }
        }
        Ok(x)
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

    /// As [`Mlp::logits`], of images that are already preprocessed. On the CPU, products of matrices are several times
    /// faster than candle's convolution.
    pub(crate) fn logits_of_preprocessed(
        &self,
        pixels: Vec<f32>,
    ) -> Result<Vec<[f32; CLASSES]>, ModelError> {
        let count = pixels.len() / PIXELS;
        let images = Tensor::from_vec(pixels, (count, PIXELS), self.device())?;
        if self.device().is_cpu() && !self.config.filters.is_empty() {
            let values = parameters::Values::of(&images)?;
            return Ok(forward::logits(self, values.as_slice()?)?);
        }
        let rows: Vec<f32> = self.forward(&images)?.flatten_all()?.to_vec1()?;
        Ok(rows.as_chunks().0.to_vec())
    }
}
