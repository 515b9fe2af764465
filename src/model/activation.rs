//! What follows each hidden layer.

use std::{fmt, str::FromStr};

use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use crate::error::Refusal;

/// What follows each hidden layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// x · Φ(x) with the normal distribution's Φ (Hendrycks and Gimpel 2016); exact, not its approximation
    /// by tanh.
    Gelu,
}

impl Activation {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Sigmoid,
        Self::Tanh,
        Self::Relu,
        Self::LeakyRelu,
        Self::Gelu,
    ];

    /// The slope of [`Activation::LeakyRelu`] below 0, as PyTorch has it.
    pub(crate) const LEAK: f64 = 0.01;

    /// The name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sigmoid => "sigmoid",
            Self::Tanh => "tanh",
            Self::Relu => "relu",
            Self::LeakyRelu => "leaky-relu",
            Self::Gelu => "gelu",
        }
    }

    pub(super) fn forward(self, x: &Tensor) -> candle_core::Result<Tensor> {
        match self {
            Self::Sigmoid => candle_nn::ops::sigmoid(x),
            Self::Tanh => x.tanh(),
            Self::Relu => x.relu(),
            // x where it is positive: the two parts share no gradient.
            Self::LeakyRelu => x.relu()? - (x.neg()?.relu()? * Self::LEAK)?,
            Self::Gelu => x.gelu_erf(),
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Activation {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        Refusal::parse_name("read the activation", text, &Self::ALL, Self::name)
    }
}
