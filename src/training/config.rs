//! What a training is told: every knob with its range, and the presets.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{error::Refusal, model::MlpConfig};

/// Everything that decides the outcome of a training, but for the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingConfig {
    /// The network's shape.
    pub model: MlpConfig,
    /// How often each example is seen; 1..=10,000.
    pub epochs: usize,
    /// Examples a step; 1..=8192. The last batch of an epoch may be shorter.
    pub batch_size: usize,
    /// Adam's learning rate; above 0, at most 10.
    pub learning_rate: f64,
    /// The part of the training examples, their last, that is kept to validate with; 0..=0.9.
    pub validation_split: f64,
    /// Decides the first weights and the order of the examples.
    pub seed: u64,
}

impl TrainingConfig {
    /// Checks each value against its range.
    ///
    /// # Errors
    /// Names the first value that is out of its range, and the range.
    pub fn validate(&self) -> Result<(), Refusal> {
        check("epochs", self.epochs, 1, 10_000)?;
        check("batch size", self.batch_size, 1, 8192)?;
        check("learning rate", self.learning_rate, 1e-9, 10.0)?;
        check("validation split", self.validation_split, 0.0, 0.9)
    }
}

/// NaN is in no range.
fn check<T: PartialOrd + fmt::Display>(
    name: &str,
    value: T,
    least: T,
    most: T,
) -> Result<(), Refusal> {
    if value >= least && value <= most {
        return Ok(());
    }
    Err(Refusal::new(
        format!("set the {name}"),
        value.to_string(),
        format!("a value from {least} to {most}"),
        "choose one in this range",
    ))
}

/// A configuration under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// The tutorial's recipe in Keras.
    Keras,
}

impl Preset {
    /// All of them, the quickest first.
    pub const ALL: [Self; 1] = [Self::Keras];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Keras => "keras",
        }
    }

    /// What it is, in a few words.
    pub fn description(self) -> &'static str {
        match self {
            Self::Keras => "The tutorial's recipe: 784-128-10, ReLU, Adam, 10 epochs of batch 32",
        }
    }

    /// What it sets, with seed 0.
    pub fn config(self) -> TrainingConfig {
        match self {
            Self::Keras => TrainingConfig {
                model: MlpConfig::tutorial(),
                epochs: 10,
                batch_size: 32,
                learning_rate: 0.001,
                validation_split: 0.2,
                seed: 0,
            },
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Preset {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let known = Self::ALL
            .into_iter()
            .find(|preset| preset.name() == text.trim());
        known.ok_or_else(|| {
            Refusal::new(
                "read the preset",
                format!("\"{text}\""),
                Self::ALL.map(Self::name).join(", "),
                "choose one of these",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_out_of_range_are_refused_by_name() {
        type Change = fn(&mut TrainingConfig);
        let cases: [(Change, &str); 7] = [
            (|c| c.epochs = 0, "epochs"),
            (|c| c.epochs = 10_001, "epochs"),
            (|c| c.batch_size = 0, "batch size"),
            (|c| c.learning_rate = 0.0, "learning rate"),
            (|c| c.learning_rate = f64::NAN, "learning rate"),
            (|c| c.validation_split = 0.95, "validation split"),
            (|c| c.validation_split = -0.1, "validation split"),
        ];
        for (change, name) in cases {
            let mut config = Preset::Keras.config();
            assert_eq!(config.validate(), Ok(()), "the preset itself is fine");
            change(&mut config);
            let refusal = config.validate().expect_err("out of range");
            assert!(refusal.attempted.contains(name), "{refusal} names {name}");
        }
    }

    #[test]
    fn presets_are_found_by_their_names() {
        for preset in Preset::ALL {
            assert_eq!(preset.name().parse(), Ok(preset), "its own name");
            assert_eq!(preset.config().validate(), Ok(()), "{preset} is in range");
        }
        assert!("kreas".parse::<Preset>().is_err(), "a typing error");
    }
}
