//! What a training makes small.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::error::Refusal;

/// What a training makes small, a mean over the examples of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// −Σ t ln p, in nats.
    #[default]
    CrossEntropy,
    /// The mean over the classes of (p − t)², as Keras and PyTorch take it, where p is the softmax.
    MeanSquaredError,
}

impl Loss {
    /// Both.
    pub const ALL: [Self; 2] = [Self::CrossEntropy, Self::MeanSquaredError];

    /// The name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::CrossEntropy => "cross-entropy",
            Self::MeanSquaredError => "mean-squared-error",
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Loss {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        Refusal::parse_name("read the loss", text, &Self::ALL, Self::name)
    }
}
