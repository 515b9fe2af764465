//! The named configurations.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::{Optimizer, TrainingConfig};
use crate::{data::augment::Augmentation, model::MlpConfig, training::schedule::Schedule};

/// A named configuration; the quickest is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// The recipe of the Keras tutorial: 128 hidden units, ReLU, Adam, 10 epochs of batch 32
    Keras,
    /// A small convolutional network with augmentation and a one-cycle schedule
    Quick,
    /// A convolutional network, also trained on synthetic digits and non-digits of many handwriting styles
    Balanced,
    /// The most accurate on MNIST's test set: a large convolutional network for MNIST alone, with averaged weights
    Record,
    /// A large convolutional network with dropout, trained for long as balanced is: the recipe of the built-in model
    Best,
}

/// The results of trainings with a preset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Benchmark {
    /// Mean accuracy on MNIST's test set, 0..=1.
    pub test_accuracy: f64,
    /// Mean duration of the whole training, in seconds.
    pub secs: f64,
}

impl Preset {
    /// The name in the window.
    pub fn label(self) -> &'static str {
        match self {
            Self::Keras => "Keras tutorial",
            Self::Quick => "Small convolutional network",
            Self::Balanced => "Convolutional network + synthetic digits",
            Self::Record => "Most accurate on MNIST",
            Self::Best => "Large convolutional network",
        }
    }

    /// A description without a full stop.
    pub fn description(self) -> String {
        let value = self.to_possible_value();
        let help = value.as_ref().and_then(|value| value.get_help());
        help.map(ToString::to_string).unwrap_or_default()
    }

    /// Means over 5, 3, 3, 3 and 1 seeds on two cores of an Intel Xeon with AVX-512 (`record` and `best`: on one core).
    /// The trainings did not see the test set.
    pub fn benchmark(self) -> Benchmark {
        let (test_accuracy, secs) = match self {
            Self::Keras => (0.9769, 2.4),
            Self::Quick => (0.9941, 7.5),
            Self::Balanced => (0.9929, 37.0),
            Self::Record => (0.9957, 274.8),
            Self::Best => (0.9939, 630.0),
        };
        Benchmark {
            test_accuracy,
            secs,
        }
    }

    /// The preset with this name on the command line.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::from_str(name, false).ok()
    }

    /// Its hyperparameters, with seed 0.
    pub fn config(self) -> TrainingConfig {
        let convolutional = |filters: [usize; 2], units: usize, epochs| TrainingConfig {
            model: MlpConfig::relu(filters, [units]),
            epochs,
            batch_size: 128,
            learning_rate: 0.004,
            optimizer: Optimizer::adam_w(0.1),
            schedule: Schedule::ONE_CYCLE,
            validation_split: 1.0 / 12.0,
            ..TrainingConfig::default()
        };
        let with_gaps = Augmentation {
            gaps: 0.05,
            ..Augmentation::HANDWRITING
        };
        let synthetic = |filters, units, epochs| TrainingConfig {
            augmentation: with_gaps,
            synthetic_digits: 30_000,
            non_digits: 16_000,
            ..convolutional(filters, units, epochs)
        };
        match self {
            Self::Keras => TrainingConfig::default(),
            Self::Quick => TrainingConfig {
                augmentation: Augmentation::HANDWRITING.scaled(0.7),
                ema: 0.998,
                ..convolutional([12, 64], 96, 6)
            },
            Self::Balanced => synthetic([7, 60], 128, 16),
            Self::Record => TrainingConfig {
                dropout: 0.2,
                ema: 0.999,
                augmentation: Augmentation {
                    rotation_deg: 15.0,
                    shear: 0.2,
                    ..Augmentation::HANDWRITING.scaled(0.7)
                },
                // A thousand images are enough for the calibration.
                validation_split: 1.0 / 60.0,
                ..convolutional([32, 128], 320, 30)
            },
            Self::Best => TrainingConfig {
                dropout: 0.1,
                ema: 0.999,
                augmentation: Augmentation {
                    rotation_deg: 20.0,
                    shear: 0.2,
                    thickness_px: 0.3,
                    noise: 0.15,
                    taper: 0.15,
                    ..with_gaps
                },
                ..synthetic([24, 96], 320, 60)
            },
        }
    }
}

/// The name on the command line.
impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.pad(value.as_ref().map_or("", |value| value.get_name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_valid_and_found_by_their_names() {
        for &preset in Preset::value_variants() {
            assert_eq!(
                Preset::from_name(&preset.to_string()),
                Some(preset),
                "its own name"
            );
            assert_eq!(preset.config().validate(), Ok(()), "{preset} is in range");
        }
        assert_eq!(Preset::from_name("kreas"), None, "a typing error");
    }
}
