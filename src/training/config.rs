//! How a network is trained: all hyperparameters, the presets, and both as text.

pub mod hyperparameter;

mod optimizer;
mod preset;
pub(crate) mod text;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

pub use self::{
    optimizer::{Optimizer, OptimizerKind},
    preset::Preset,
};
use super::schedule::Schedule;
use crate::{
    data::augment::Augmentation,
    error::Refusal,
    model::{Activation, MlpConfig, preprocess::Preprocessing},
};

/// All hyperparameters of a training. The default is the recipe of the Keras tutorial.
///
/// [`hyperparameter::ALL`] has the meaning and the range of each. Serde reads and writes the same keys as the TOML
/// format.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "toml::Table", try_from = "toml::Table")]
#[expect(missing_docs, reason = "the table describes each field")]
pub struct TrainingConfig {
    pub model: MlpConfig,
    pub epochs: usize,
    /// Examples per gradient step. The last batch of an epoch may be smaller.
    pub batch_size: usize,
    pub optimizer: Optimizer,
    pub learning_rate: f64,
    pub schedule: Schedule,
    pub clip_norm: f64,
    pub loss: Loss,
    pub label_smoothing: f64,
    /// The loss grows by this times Σ |w| over the weights, without the biases. The reported loss leaves penalties
    /// out, so that training and validation compare.
    pub l1: f64,
    /// The loss grows by this times Σ w², as with Keras's L2.
    pub l2: f64,
    /// The fraction of each hidden layer's outputs that a step sets to zero. The others are scaled up, so that
    /// predictions need no correction.
    pub dropout: f64,
    /// Above 0, the moving average of the weights is validated and saved.
    pub ema: f64,
    pub patience: usize,
    pub augmentation: Augmentation,
    pub synthetic_digits: usize,
    pub non_digits: usize,
    pub data_fraction: f64,
    pub validation_split: f64,
    /// The seed of all random choices: initial weights, order of the examples, augmentation, dropout.
    pub seed: u64,
}

/// The function that training minimizes: its mean over the examples of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Loss {
    /// Cross-entropy
    ///
    /// −Σ t ln p, in nats.
    #[default]
    CrossEntropy,
    /// Mean squared error
    ///
    /// The mean over the classes of (p − t)², as Keras and PyTorch define it, where p is the softmax.
    MeanSquaredError,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            model: MlpConfig::tutorial(),
            epochs: 10,
            batch_size: 32,
            optimizer: Optimizer::ADAM,
            learning_rate: 0.001,
            schedule: Schedule::Constant,
            clip_norm: 0.0,
            loss: Loss::CrossEntropy,
            label_smoothing: 0.0,
            l1: 0.0,
            l2: 0.0,
            dropout: 0.0,
            ema: 0.0,
            patience: 0,
            augmentation: Augmentation::default(),
            synthetic_digits: 0,
            non_digits: 0,
            data_fraction: 1.0,
            validation_split: 0.2,
            seed: 0,
        }
    }
}

impl TrainingConfig {
    /// The largest seed: the largest whole number of TOML.
    pub const MAX_SEED: u64 = i64::MAX as u64;

    /// Checks every value against its range and the rules between them.
    ///
    /// # Errors
    /// Names the first invalid value and the expected one.
    pub fn validate(&self) -> Result<(), Refusal> {
        for hyperparameter in hyperparameter::ALL {
            hyperparameter.check(self)?;
        }
        if self.patience > 0 && self.validation_split == 0.0 {
            return Err(Refusal::new(
                "set the early stopping",
                "no validation examples",
                "a validation split above 0",
                "set a validation split, or turn early stopping off",
            ));
        }
        Ok(())
    }

    /// Sets the filters of the convolutional layers and the units of the hidden layers.
    ///
    /// # Errors
    /// When there are too many layers or parameters.
    pub fn set_layers(&mut self, filters: Vec<usize>, hidden: Vec<usize>) -> Result<(), Refusal> {
        self.model = MlpConfig::new(hidden, self.model.activation())?
            .with_preprocessing(self.model.preprocessing())?
            .with_filters(filters)?;
        Ok(())
    }

    fn set_activation(&mut self, activation: Activation) {
        self.model = self.model.clone().with_activation(activation);
    }

    /// The table has checked the new value, so that a valid model stays one.
    fn set_preprocessing(&mut self, change: impl FnOnce(&mut Preprocessing)) {
        let mut preprocessing = self.model.preprocessing();
        change(&mut preprocessing);
        if let Ok(model) = self.model.clone().with_preprocessing(preprocessing) {
            self.model = model;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_out_of_range_are_refused_by_name() {
        type Change = fn(&mut TrainingConfig);
        let cases: [(Change, &str); 16] = [
            (|c| c.epochs = 0, "epochs"),
            (|c| c.epochs = 10_001, "epochs"),
            (|c| c.batch_size = 0, "batch size"),
            (|c| c.learning_rate = 0.0, "learning rate"),
            (|c| c.learning_rate = f64::NAN, "learning rate"),
            (|c| c.validation_split = 0.95, "validation split"),
            (|c| c.validation_split = -0.1, "validation split"),
            (|c| c.data_fraction = 0.0, "training fraction"),
            (|c| c.dropout = 1.0, "dropout"),
            (|c| c.l1 = -1e-9, "L1 penalty"),
            (|c| c.ema = 1.0, "weight averaging"),
            (|c| c.augmentation.rotation_deg = 90.0, "rotation"),
            (|c| c.optimizer = Optimizer::adam_w(2.0), "weight decay"),
            (|c| c.schedule = Schedule::Cosine { end: 1.5 }, "final rate"),
            (|c| c.seed = 1 << 63, "seed"),
            (
                |c| (c.patience, c.validation_split) = (3, 0.0),
                "early stopping",
            ),
        ];
        for (change, name) in cases {
            let mut config = Preset::Keras.config();
            assert_eq!(config.validate(), Ok(()), "the preset itself is valid");
            change(&mut config);
            let refusal = config.validate().expect_err("out of range");
            assert_eq!(refusal.attempted, format!("set the {name}"), "{refusal}");
        }
    }

    #[test]
    fn layers_are_set_by_filters_and_units() {
        type Case = (
            &'static [usize],
            &'static [usize],
            Option<&'static [usize]>,
            &'static str,
        );
        let cases: [Case; 9] = [
            (&[], &[64, 32], Some(&[64, 32]), "fully connected"),
            (&[], &[], Some(&[]), "linear"),
            (&[5, 50], &[64], Some(&[605, 800, 64]), "convolutional"),
            (&[5], &[], Some(&[605]), "one convolutional layer alone"),
            (&[5], &[64], Some(&[605, 64]), "one before a hidden layer"),
            (&[128, 256], &[], Some(&[15_488, 4096]), "many filters"),
            (&[5, 50, 7], &[], None, "three convolutional layers"),
            (&[0, 50], &[], None, "no filter"),
            (&[257], &[], None, "too many filters"),
        ];
        for (filters, hidden, expected, reason) in cases {
            let mut config = TrainingConfig::default();
            let before = config.clone();
            match (
                config.set_layers(filters.to_vec(), hidden.to_vec()),
                expected,
            ) {
                (Ok(()), Some(widths)) => {
                    let all = config.model.widths();
                    assert_eq!(&all[1..all.len() - 1], widths, "{reason}");
                    assert_eq!(config.validate(), Ok(()), "{reason}");
                    assert_eq!(config.model.filters(), filters, "{reason}");
                    assert_eq!(config.model.hidden(), hidden, "{reason}");
                }
                (Err(_), None) => assert_eq!(config, before, "{reason} changes nothing"),
                (result, _) => panic!("{reason}: {result:?}"),
            }
        }
    }
}
