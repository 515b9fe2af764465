//! The rules that turn gradients into steps.

use std::fmt;

use clap::ValueEnum;

use super::hyperparameter::value_help;

/// A rule that turns gradients into steps, with its parameters. Weight decay spares the biases; all else treats every
/// parameter alike.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "the parameters have the names of the formulas")]
pub enum Optimizer {
    /// Stochastic gradient descent: v ← μ v + g, then p ← p − η v (Sutskever and others 2013), as in PyTorch. μ is the
    /// momentum; 0 is plain gradient descent.
    Sgd { momentum: f64 },
    /// s ← ρ s + (1 − ρ) g², then p ← p − η g / (√s + ε) (Tieleman and Hinton 2012), as in PyTorch. ρ is the decay.
    RmsProp { decay: f64, epsilon: f64 },
    /// Steps by the running means of the gradient and of its square, with the decays β (Kingma and Ba 2015). Adds ε
    /// before the bias correction of the second mean, as Keras does.
    Adam {
        beta1: f64,
        beta2: f64,
        epsilon: f64,
        /// The λ of AdamW, whose steps also take η λ of each weight away (Loshchilov and Hutter 2019); `None` for Adam.
        weight_decay: Option<f64>,
    },
}

/// An optimizer without its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lowercase")]
pub enum OptimizerKind {
    /// SGD
    Sgd,
    /// See [`Optimizer::RmsProp`].
    #[value(help = "RMSprop")]
    RmsProp,
    /// Adam
    Adam,
    /// AdamW
    AdamW,
}

impl OptimizerKind {
    /// The optimizer with the default parameters of Keras, and PyTorch's default weight decay.
    pub fn defaults(self) -> Optimizer {
        match self {
            Self::Sgd => Optimizer::SGD,
            Self::RmsProp => Optimizer::RMS_PROP,
            Self::Adam => Optimizer::ADAM,
            Self::AdamW => Optimizer::ADAM_W,
        }
    }
}

impl Optimizer {
    /// Plain gradient descent.
    pub const SGD: Self = Self::Sgd { momentum: 0.0 };
    /// Gradient descent with a common momentum.
    pub const MOMENTUM: Self = Self::Sgd { momentum: 0.9 };
    /// [`Optimizer::RmsProp`] with Keras's default parameters.
    pub const RMS_PROP: Self = Self::RmsProp {
        decay: 0.9,
        epsilon: 1e-7,
    };
    /// Adam with Keras's default parameters.
    pub const ADAM: Self = Self::adam(None);
    /// AdamW with PyTorch's default weight decay.
    pub const ADAM_W: Self = Self::adam_w(0.01);

    /// Every rule, gradient descent without and with momentum.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 5] = [
        Self::SGD,
        Self::MOMENTUM,
        Self::RMS_PROP,
        Self::ADAM,
        Self::ADAM_W,
    ];

    /// AdamW with this weight decay.
    pub const fn adam_w(weight_decay: f64) -> Self {
        Self::adam(Some(weight_decay))
    }

    const fn adam(weight_decay: Option<f64>) -> Self {
        Self::Adam {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-7,
            weight_decay,
        }
    }

    /// Which rule it is.
    pub fn kind(self) -> OptimizerKind {
        match self {
            Self::Sgd { .. } => OptimizerKind::Sgd,
            Self::RmsProp { .. } => OptimizerKind::RmsProp,
            Self::Adam { weight_decay, .. } => match weight_decay {
                None => OptimizerKind::Adam,
                Some(_) => OptimizerKind::AdamW,
            },
        }
    }

    /// Keras's default learning rate for it.
    pub fn default_learning_rate(self) -> f64 {
        match self {
            Self::Sgd { .. } => 0.01,
            Self::RmsProp { .. } | Self::Adam { .. } => 0.001,
        }
    }

    /// The decoupled weight decay; 0 for all but AdamW.
    pub fn weight_decay(self) -> f64 {
        match self {
            Self::Adam { weight_decay, .. } => weight_decay.unwrap_or(0.0),
            _ => 0.0,
        }
    }
}

impl Default for Optimizer {
    fn default() -> Self {
        Self::ADAM
    }
}

/// "SGD with momentum", "AdamW".
impl fmt::Display for Optimizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&value_help(&self.kind()))?;
        match self {
            Self::Sgd { momentum } if *momentum > 0.0 => f.write_str(" with momentum"),
            _ => Ok(()),
        }
    }
}
