//! How a gradient becomes a step.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize};

use super::shorthand::{Shorthand, named_or_table, parameter};
use crate::error::Refusal;

/// How a gradient becomes a step. All parameters are updated alike, but for the weight decay, which spares
/// the biases.
///
/// In files it is a table with its `kind`, or a name alone, which stands for it with the usual values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Optimizer {
    /// Stochastic gradient descent: v ← μ v + g, then p ← p − η v; with Nesterov's look ahead
    /// p ← p − η (g + μ v). As PyTorch has it (Sutskever and others 2013).
    Sgd {
        /// μ; 0..=0.999. 0 is plain descent.
        momentum: f64,
        /// Whether it looks ahead.
        nesterov: bool,
    },
    /// s ← ρ s + (1 − ρ) g², then p ← p − η g / (√s + ε) (Tieleman and Hinton 2012), as PyTorch has it.
    RmsProp {
        /// ρ; 0..=0.9999.
        decay: f64,
        /// ε; 1e-12..=0.1.
        epsilon: f64,
    },
    /// Steps by the running means of the gradient and of its square (Kingma and Ba 2015), in the form of
    /// Keras, which adds ε before the second mean is corrected for its start at zero.
    Adam {
        /// The decay of the first mean; 0..=0.9999.
        beta1: f64,
        /// The decay of the second mean; 0..=0.99999.
        beta2: f64,
        /// ε; 1e-12..=0.1.
        epsilon: f64,
    },
    /// Adam whose weights shrink by η λ of themselves in each step (Loshchilov and Hutter 2019).
    AdamW {
        /// The decay of the first mean; 0..=0.9999.
        beta1: f64,
        /// The decay of the second mean; 0..=0.99999.
        beta2: f64,
        /// ε; 1e-12..=0.1.
        epsilon: f64,
        /// λ; 0..=1.
        weight_decay: f64,
    },
}

impl Optimizer {
    /// Plain gradient descent.
    pub const SGD: Self = Self::Sgd {
        momentum: 0.0,
        nesterov: false,
    };
    /// Gradient descent with the usual momentum.
    pub const MOMENTUM: Self = Self::Sgd {
        momentum: 0.9,
        nesterov: false,
    };
    /// The same with Nesterov's look ahead.
    pub const NESTEROV: Self = Self::Sgd {
        momentum: 0.9,
        nesterov: true,
    };
    /// [`Optimizer::RmsProp`] with Keras's usual values.
    pub const RMS_PROP: Self = Self::RmsProp {
        decay: 0.9,
        epsilon: 1e-7,
    };
    /// Adam with Keras's usual values.
    pub const ADAM: Self = Self::Adam {
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-7,
    };
    /// AdamW with PyTorch's usual weight decay.
    pub const ADAM_W: Self = Self::adam_w(0.01);

    /// One of each name, with the usual values.
    pub const ALL: [Self; 6] = [
        Self::SGD,
        Self::MOMENTUM,
        Self::NESTEROV,
        Self::RMS_PROP,
        Self::ADAM,
        Self::ADAM_W,
    ];

    /// AdamW with the usual values and this weight decay.
    pub const fn adam_w(weight_decay: f64) -> Self {
        Self::AdamW {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-7,
            weight_decay,
        }
    }

    /// The name on the command line, which tells descent with momentum from plain descent.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sgd { nesterov: true, .. } => "nesterov",
            Self::Sgd { momentum, .. } if momentum > 0.0 => "momentum",
            Self::Sgd { .. } => "sgd",
            Self::RmsProp { .. } => "rmsprop",
            Self::Adam { .. } => "adam",
            Self::AdamW { .. } => "adamw",
        }
    }

    /// The name in files: that of the formula.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Sgd { .. } => "sgd",
            other => other.name(),
        }
    }

    /// What it is called in a text.
    pub fn title(self) -> &'static str {
        match self {
            Self::Sgd { nesterov: true, .. } => "SGD with Nesterov momentum",
            Self::Sgd { momentum, .. } if momentum > 0.0 => "SGD with momentum",
            Self::Sgd { .. } => "SGD",
            Self::RmsProp { .. } => "RMSprop",
            Self::Adam { .. } => "Adam",
            Self::AdamW { .. } => "AdamW",
        }
    }

    /// A learning rate that is a good first try with it: Keras's defaults.
    pub fn default_learning_rate(self) -> f64 {
        match self {
            Self::Sgd { .. } => 0.01,
            Self::RmsProp { .. } | Self::Adam { .. } | Self::AdamW { .. } => 0.001,
        }
    }

    /// The decoupled weight decay, which is 0 for all but AdamW.
    pub fn weight_decay(self) -> f64 {
        match self {
            Self::AdamW { weight_decay, .. } => weight_decay,
            _ => 0.0,
        }
    }
}

/// Adam with Keras's usual values, as in the tutorial.
impl Default for Optimizer {
    fn default() -> Self {
        Self::ADAM
    }
}

impl fmt::Display for Optimizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Optimizer {
    type Err = Refusal;

    /// The one of this name, with the usual values.
    fn from_str(text: &str) -> Result<Self, Refusal> {
        Refusal::parse_name("read the optimizer", text, &Self::ALL, Self::name)
    }
}

/// All that an optimizer's table may hold.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::training) struct Fields {
    kind: String,
    momentum: Option<f64>,
    nesterov: Option<bool>,
    decay: Option<f64>,
    beta1: Option<f64>,
    beta2: Option<f64>,
    epsilon: Option<f64>,
    weight_decay: Option<f64>,
}

impl Shorthand for Optimizer {
    type Fields = Fields;
    const EXPECTED: &'static str = "an optimizer: its name, or a table with its kind";

    fn of_fields(mut fields: Fields) -> Result<Self, Refusal> {
        let mut optimizer: Self = fields.kind.parse()?;
        if let Self::AdamW { weight_decay, .. } = &mut optimizer {
            parameter(weight_decay, &mut fields.weight_decay);
        }
        match &mut optimizer {
            Self::Sgd { momentum, nesterov } => {
                parameter(momentum, &mut fields.momentum);
                parameter(nesterov, &mut fields.nesterov);
            }
            Self::RmsProp { decay, epsilon } => {
                parameter(decay, &mut fields.decay);
                parameter(epsilon, &mut fields.epsilon);
            }
            Self::Adam {
                beta1,
                beta2,
                epsilon,
            }
            | Self::AdamW {
                beta1,
                beta2,
                epsilon,
                ..
            } => {
                parameter(beta1, &mut fields.beta1);
                parameter(beta2, &mut fields.beta2);
                parameter(epsilon, &mut fields.epsilon);
            }
        }
        let left = [
            ("momentum", fields.momentum.is_some()),
            ("nesterov", fields.nesterov.is_some()),
            ("decay", fields.decay.is_some()),
            ("beta1", fields.beta1.is_some()),
            ("beta2", fields.beta2.is_some()),
            ("epsilon", fields.epsilon.is_some()),
            ("weight_decay", fields.weight_decay.is_some()),
        ];
        Self::refuse_what_is_left(optimizer.kind(), &left)?;
        Ok(optimizer)
    }
}

impl<'de> Deserialize<'de> for Optimizer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        named_or_table(deserializer)
    }
}
