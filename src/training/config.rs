//! What a training is told: every hyperparameter with its range, the presets, and both as text.

pub mod hyperparameter;

mod loss;
mod optimizer;
mod preset;
pub(super) mod shorthand;
mod text;

use serde::{Deserialize, Serialize};

pub use self::{loss::Loss, optimizer::Optimizer, preset::Preset};
use super::{
    schedule::Schedule,
    step::convolution::{self, ConvLayer},
};
use crate::{data::augment::Augmentation, error::Refusal, model::MlpConfig};

/// Everything that decides the outcome of a training, but for the data.
///
/// The ranges of the numbers, and what each does, are in [`hyperparameter`]. What a file leaves out is as in the
/// tutorial's recipe, which is the default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingConfig {
    /// The network's shape, and the filters before it.
    pub model: MlpConfig,
    /// Whether units of the first two hidden layers look at 5×5 fields, with the same weights in every place. They
    /// need a multiple of 121, and of 16, units.
    pub convolutional: bool,
    /// How often each example is seen; 1..=10,000.
    pub epochs: usize,
    /// Examples a step; 1..=8192. The last batch of an epoch may be shorter.
    pub batch_size: usize,
    /// How a gradient becomes a step.
    pub optimizer: Optimizer,
    /// The learning rate, at its highest; 1e-9..=10.
    pub learning_rate: f64,
    /// How the learning rate changes over the training.
    pub schedule: Schedule,
    /// The length that a longer gradient, over all parameters, is cut to; 0..=1000, 0 leaves it.
    pub clip_norm: f64,
    /// What is made small.
    pub loss: Loss,
    /// The part of each target that is spread evenly over all digits; 0..=0.5.
    pub label_smoothing: f64,
    /// Adds this times Σ |w| over the weights, not the biases, to the loss; 0..=1. The figures that a
    /// training reports are without it, so that training and validation can be compared.
    pub l1: f64,
    /// Adds this times Σ w² over the weights to the loss, as Keras's L2 does; 0..=1. Likewise.
    pub l2: f64,
    /// The part of each hidden layer's outputs that a step leaves out at random; 0..=0.9. The others are
    /// scaled up, so that nothing is to be done when the network predicts.
    pub dropout: f64,
    /// The part of a running mean of the weights that each step keeps; 0..=0.9999. Where it is above 0, the
    /// mean is what is validated, shown and kept.
    pub ema: f64,
    /// After how many epochs without a lower validation loss the training stops by itself; 0..=1000, 0 never.
    /// Such a training keeps the weights of its best epoch.
    pub patience: usize,
    /// How the training images are varied; the others never are.
    pub augmentation: Augmentation,
    /// Generated digits that are learned beside the data set's; 0..=500,000.
    pub synthetic_digits: usize,
    /// The gradient of a generated digit is multiplied by this power of the probability that the network gives to
    /// what it is to be read as; 0..=4, 0 counts all alike. So those count for little that are another digit to
    /// MNIST's hands. With cross-entropy this makes (1 − pᵠ) / q small, the generalized cross-entropy of Zhang and
    /// Sabuncu (2018), which is robust against wrong labels. The figures that a training reports are without it.
    pub gce_q: f64,
    /// Generated drawings that are no digit, and are learned to be refused; 0..=500,000.
    pub non_digits: usize,
    /// The part of the training examples that is learned from, their first, after the validation examples
    /// are taken off; 0.0001..=1.
    pub data_fraction: f64,
    /// The part of the data set's training examples, their last, that is kept to validate with; 0..=0.9.
    pub validation_split: f64,
    /// Decides the first weights, the order of the examples, their variations, and what is dropped out;
    /// 0..=[`Self::MAX_SEED`].
    pub seed: u64,
}

/// The tutorial's recipe.
impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            model: MlpConfig::tutorial(),
            convolutional: false,
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
            gce_q: 0.0,
            non_digits: 0,
            data_fraction: 1.0,
            validation_split: 0.2,
            seed: 0,
        }
    }
}

impl TrainingConfig {
    /// The largest seed: as large as a whole number of a TOML file can be.
    pub const MAX_SEED: u64 = i64::MAX as u64;

    /// Checks each value against its range, and that those fit together which need each other.
    ///
    /// # Errors
    /// Names the first value that does not fit, and what would.
    pub fn validate(&self) -> Result<(), Refusal> {
        for (hyperparameter, value) in self.numbers() {
            hyperparameter.check(value)?;
        }
        if self.seed > Self::MAX_SEED {
            return Err(Refusal::new(
                "set the seed",
                format!("the seed {}", self.seed),
                format!("a seed from 0 to {}", Self::MAX_SEED),
                "choose a smaller one",
            ));
        }
        self.fields()?;
        if self.patience > 0 && self.validation_split == 0.0 {
            return Err(Refusal::new(
                format!("set the {}", hyperparameter::PATIENCE.name),
                "no validation examples to tell whether it still gets better",
                "a validation split above 0",
                "keep some examples for validation, or set the patience to 0",
            ));
        }
        Ok(())
    }

    /// How many numbers are learned: all weights and biases, shared ones once.
    ///
    /// # Errors
    /// When the weights of these hidden layers cannot be shared.
    pub fn trainable_parameter_count(&self) -> Result<usize, Refusal> {
        let fields = self.fields()?;
        Ok(convolution::parameter_sizes(&self.model, &fields)
            .iter()
            .sum())
    }

    /// The layers of fields that it begins with; none where nothing is shared.
    ///
    /// # Errors
    /// When the hidden layers have no whole number of units in each place.
    pub(super) fn fields(&self) -> Result<Vec<ConvLayer>, Refusal> {
        if self.convolutional {
            convolution::conv_layers(&self.model)
        } else {
            Ok(Vec::new())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_out_of_range_are_refused_by_name() {
        type Change = fn(&mut TrainingConfig);
        let cases: [(Change, &str); 17] = [
            (|c| c.epochs = 0, "epochs"),
            (|c| c.epochs = 10_001, "epochs"),
            (|c| c.batch_size = 0, "batch size"),
            (|c| c.learning_rate = 0.0, "learning rate"),
            (|c| c.learning_rate = f64::NAN, "learning rate"),
            (|c| c.validation_split = 0.95, "validation split"),
            (|c| c.validation_split = -0.1, "validation split"),
            (|c| c.data_fraction = 0.0, "part of the data"),
            (|c| c.dropout = 1.0, "dropout"),
            (|c| c.l1 = -1e-9, "L1"),
            (|c| c.ema = 1.0, "averaging"),
            (|c| c.augmentation.rotation_deg = 90.0, "rotation"),
            (|c| c.optimizer = Optimizer::adam_w(2.0), "weight decay"),
            (|c| c.schedule = Schedule::Cosine { end: 1.5 }, "schedule"),
            (|c| c.seed = 1 << 63, "seed"),
            (|c| c.convolutional = true, "share"),
            (|c| (c.patience, c.validation_split) = (3, 0.0), "patience"),
        ];
        for (change, name) in cases {
            let mut config = Preset::Keras.config();
            assert_eq!(config.validate(), Ok(()), "the preset itself is fine");
            change(&mut config);
            let refusal = config.validate().expect_err("out of range");
            assert!(refusal.attempted.contains(name), "{refusal} names {name}");
        }
    }
}
