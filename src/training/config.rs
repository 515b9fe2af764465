//! What a training is told: every knob with its range, and the presets.

use std::{fmt, path::Path, str::FromStr};

use serde::{Deserialize, Serialize};

use super::schedule::Schedule;
use crate::{
    dataset::augment::Augmentation,
    error::{Refusal, TrainingError},
    files::{ReadFault, read_bounded},
    model::MlpConfig,
};

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
    /// Adam's learning rate, at its highest; above 0, at most 10.
    pub learning_rate: f64,
    /// How the learning rate changes over the training.
    #[serde(default)]
    pub schedule: Schedule,
    /// AdamW's decoupled decay of the weights, per step and learning rate; 0..=1.
    #[serde(default)]
    pub weight_decay: f64,
    /// The part of each target that is spread evenly over all digits; 0..=0.5.
    #[serde(default)]
    pub label_smoothing: f64,
    /// How the training images are varied; the others never are.
    #[serde(default)]
    pub augmentation: Augmentation,
    /// Generated digits that are learnt beside the data set's; 0..=500,000.
    #[serde(default)]
    pub generated_digits: usize,
    /// Generated drawings that are no digit, and are learnt to be refused; 0..=500,000.
    #[serde(default)]
    pub non_digits: usize,
    /// The part of the data set's training examples, their last, that is kept to validate with; 0..=0.9.
    pub validation_split: f64,
    /// Decides the first weights and the order of the examples.
    pub seed: u64,
}

/// The largest configuration file that is read, in bytes.
const LIMIT_BYTES: u64 = 64 << 10;

impl TrainingConfig {
    /// Reads a configuration from a TOML file.
    ///
    /// # Errors
    /// When the file cannot be read, holds an unknown key, lacks one, or has a value out of its range.
    pub fn load(path: &Path) -> Result<Self, TrainingError> {
        let refused = |found: String| {
            TrainingError::Refused(Refusal::new(
                format!("read the configuration in {}", path.display()),
                found,
                "the keys of a preset, in TOML",
                "mend the file or choose another",
            ))
        };
        let bytes = read_bounded(path, LIMIT_BYTES).map_err(|fault| match fault {
            ReadFault::Io(error) => TrainingError::Io(error),
            ReadFault::TooLarge(limit) => refused(format!("more than {limit} bytes")),
        })?;
        let config: Self = toml::from_slice(&bytes).map_err(|error| refused(error.to_string()))?;
        config.validate().map_err(TrainingError::Refused)?;
        Ok(config)
    }

    /// Checks each value against its range.
    ///
    /// # Errors
    /// Names the first value that is out of its range, and the range.
    pub fn validate(&self) -> Result<(), Refusal> {
        check("epochs", self.epochs, 1, 10_000)?;
        check("batch size", self.batch_size, 1, 8192)?;
        check("learning rate", self.learning_rate, 1e-9, 10.0)?;
        check("generated digits", self.generated_digits, 0, 500_000)?;
        check("generated non-digits", self.non_digits, 0, 500_000)?;
        check("weight decay", self.weight_decay, 0.0, 1.0)?;
        check("label smoothing", self.label_smoothing, 0.0, 0.5)?;
        check("validation split", self.validation_split, 0.0, 0.9)?;
        self.augmentation.validate()
    }
}

/// NaN is in no range.
fn check<T: Copy + PartialOrd + fmt::Display>(
    name: &str,
    value: T,
    least: T,
    most: T,
) -> Result<(), Refusal> {
    if least <= value && value <= most {
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
                "A larger network and a learning rate that falls: more for the same wait"
            }
            Self::Balanced => {
                "Images varied anew each time, and drawn digits from many countries: reads more hands"
            }
            Self::Best => {
                "As balanced, but larger and for much longer: how the shipped model was made"
            }
        }
    }

    /// What it sets, with seed 0.
    pub fn config(self) -> TrainingConfig {
        let keras = TrainingConfig {
            model: MlpConfig::tutorial(),
            epochs: 10,
            batch_size: 32,
            learning_rate: 0.001,
            schedule: Schedule::Constant,
            weight_decay: 0.0,
            label_smoothing: 0.0,
            augmentation: Augmentation::default(),
            generated_digits: 0,
            non_digits: 0,
            validation_split: 0.2,
            seed: 0,
        };
        let larger = |widths: &[usize], epochs| TrainingConfig {
            model: MlpConfig::relu(widths),
            epochs,
            batch_size: 128,
            learning_rate: 0.002,
            schedule: Schedule::OneCycle,
            weight_decay: 0.01,
            validation_split: 1.0 / 12.0,
            ..keras.clone()
        };
        let varied = |widths: &[usize], epochs| TrainingConfig {
            augmentation: Augmentation::HAND,
            generated_digits: 30_000,
            ..larger(widths, epochs)
        };
        match self {
            Self::Keras => keras,
            Self::Quick => larger(&[256], 12),
            Self::Balanced => varied(&[512, 256], 24),
            Self::Best => TrainingConfig {
                batch_size: 256,
                learning_rate: 0.001,
                generated_digits: 60_000,
                ..varied(&[1024, 512], 60)
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
        Refusal::unless_named("read the preset", text, &Self::ALL, Self::name)
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
