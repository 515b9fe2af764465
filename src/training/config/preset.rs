//! Configurations under a name.

use std::{fmt, str::FromStr};

use super::{Optimizer, TrainingConfig};
use crate::{
    data::augment::Augmentation, error::Refusal, model::MlpConfig, training::schedule::Schedule,
};

/// A configuration under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// The tutorial's recipe in Keras.
    Keras,
    /// The best that some seconds buy.
    Quick,
    /// The best that about a minute buys.
    Balanced,
    /// What the shipped model was trained with.
    Best,
}

impl Preset {
    /// All of them, the quickest first.
    pub const ALL: [Self; 4] = [Self::Keras, Self::Quick, Self::Balanced, Self::Best];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Keras => "keras",
            Self::Quick => "quick",
            Self::Balanced => "balanced",
            Self::Best => "best",
        }
    }

    /// What it is, in a few words.
    pub fn description(self) -> &'static str {
        match self {
            Self::Keras => {
                "The tutorial's recipe: 128 hidden units, ReLU, Adam, 10 epochs of batch 32"
            }
            Self::Quick => {
                "Units that share the weights of small fields, as in a convolutional network, and images varied anew: the best of ten seconds"
            }
            Self::Balanced => {
                "As quick, with digits and scribbles drawn by the program: reads more hands, and says what is no digit"
            }
            Self::Best => {
                "As balanced, but a larger network, held back by dropout, and for much longer: how the shipped model was made"
            }
        }
    }

    /// What it sets, with seed 0.
    pub fn config(self) -> TrainingConfig {
        let shared = |widths: &[usize], epochs| TrainingConfig {
            model: MlpConfig::relu(widths),
            convolutional: true,
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
        let drawn = |widths: &[usize], epochs| TrainingConfig {
            augmentation: with_gaps,
            synthetic_digits: 30_000,
            non_digits: 10_000,
            ..shared(widths, epochs)
        };
        match self {
            Self::Keras => TrainingConfig::default(),
            Self::Quick => TrainingConfig {
                augmentation: Augmentation::HANDWRITING.scaled(0.7),
                ..shared(&[605, 800, 64], 10)
            },
            Self::Balanced => drawn(&[847, 960, 128], 16),
            Self::Best => TrainingConfig {
                dropout: 0.1,
                augmentation: Augmentation {
                    rotation_deg: 20.0,
                    shear: 0.2,
                    thickness_px: 0.3,
                    taper: 0.15,
                    ..with_gaps
                },
                ..drawn(&[1210, 1280, 320], 80)
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
        Refusal::parse_name("read the preset", text, &Self::ALL, Self::name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_found_by_their_names() {
        for preset in Preset::ALL {
            assert_eq!(preset.name().parse(), Ok(preset), "its own name");
            assert_eq!(preset.config().validate(), Ok(()), "{preset} is in range");
        }
        assert!("kreas".parse::<Preset>().is_err(), "a typing error");
    }
}
