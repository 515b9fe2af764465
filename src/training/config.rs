//! How a network is trained: all hyperparameters, the presets, and both as text.

pub mod hyperparameter;

mod optimizer;
mod preset;
mod text;

use clap::ValueEnum;

pub use self::{
    optimizer::{Optimizer, OptimizerKind},
    preset::Preset,
};
use super::{
    schedule::Schedule,
    step::convolution::{self, ConvLayer},
};
use crate::{
    data::augment::Augmentation,
    error::Refusal,
    model::{Activation, MlpConfig, preprocess::Preprocessing},
};

/// All hyperparameters of a training. The default is the recipe of the Keras tutorial.
///
/// [`hyperparameter::ALL`] has the range of each. Serde reads and writes the same keys as the TOML format.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingConfig {
    /// The network's layers and preprocessing.
    pub model: MlpConfig,
    /// Whether the first two hidden layers are convolutional; see [`TrainingConfig::filters`].
    pub convolutional: bool,
    /// Passes over the training examples.
    pub epochs: usize,
    /// Examples per gradient step. The last batch of an epoch may be smaller.
    pub batch_size: usize,
    /// The rule that turns gradients into steps.
    pub optimizer: Optimizer,
    /// The highest learning rate of the schedule.
    pub learning_rate: f64,
    /// How the learning rate changes during the training.
    pub schedule: Schedule,
    /// The largest norm of the gradient over all parameters; 0: no clipping.
    pub clip_norm: f64,
    /// The function that training minimizes.
    pub loss: Loss,
    /// The fraction of each target that is spread evenly over all classes.
    pub label_smoothing: f64,
    /// The loss grows by this times Σ |w| over the weights, without the biases. The reported loss leaves penalties
    /// out, so that training and validation compare.
    pub l1: f64,
    /// The loss grows by this times Σ w², as with Keras's L2.
    pub l2: f64,
    /// The fraction of each hidden layer's outputs that a step sets to zero. The others are scaled up, so that
    /// predictions need no correction.
    pub dropout: f64,
    /// The decay of the exponential moving average of the weights. Above 0, the average is validated and saved.
    pub ema: f64,
    /// Early stopping: epochs without a lower validation loss until the training stops; 0: never. The model has the
    /// weights of the best epoch.
    pub patience: usize,
    /// The augmentation of the training images.
    pub augmentation: Augmentation,
    /// Synthetic digits that are added to the training examples.
    pub synthetic_digits: usize,
    /// Synthetic non-digits that the model is trained to reject.
    pub non_digits: usize,
    /// The fraction of the training examples, after the validation split, that is trained on: the first ones.
    pub data_fraction: f64,
    /// The fraction of the training examples that is held out for validation: the last ones.
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
        self.conv_layers()?;
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

    /// The number of trainable parameters: all weights and biases, those of a convolution once.
    ///
    /// # Errors
    /// When the layers are not valid.
    pub fn trainable_parameter_count(&self) -> Result<usize, Refusal> {
        let layers = self.conv_layers()?;
        let sizes = convolution::parameter_sizes(&self.model, &layers);
        Ok(sizes.iter().sum())
    }

    /// The convolutional layers, before the fully connected ones.
    ///
    /// # Errors
    /// When a layer's units do not divide into filters.
    pub(super) fn conv_layers(&self) -> Result<Vec<ConvLayer>, Refusal> {
        if self.convolutional {
            convolution::conv_layers(&self.model)
        } else {
            Ok(Vec::new())
        }
    }

    /// The filters of each convolutional layer. Such a layer has a unit for each filter and position.
    pub fn filters(&self) -> Vec<usize> {
        let widths = self.model.hidden()[..self.conv_layer_count()].iter();
        widths
            .zip(convolution::POSITIONS)
            .map(|(width, positions)| width / positions)
            .collect()
    }

    /// The units of each fully connected hidden layer.
    pub fn dense_widths(&self) -> &[usize] {
        &self.model.hidden()[self.conv_layer_count()..]
    }

    fn conv_layer_count(&self) -> usize {
        if self.convolutional {
            self.model.hidden().len().min(convolution::POSITIONS.len())
        } else {
            0
        }
    }

    /// Sets the layers: the filters of each convolutional layer, then the units of each fully connected hidden layer.
    ///
    /// # Errors
    /// When there are too many layers or parameters, or a hidden layer after a single convolutional layer.
    pub fn set_layers(&mut self, filters: &[usize], dense: &[usize]) -> Result<(), Refusal> {
        let most = convolution::POSITIONS.len();
        if filters.len() > most || (1..most).contains(&filters.len()) && !dense.is_empty() {
            let found = match filters.len() {
                1 => "one before hidden layers".to_owned(),
                count => count.to_string(),
            };
            return Err(Refusal::new(
                "set the convolutional layers",
                found,
                format!("{most}, such as 5,50"),
                "give the filters of each, or none",
            ));
        }
        let convolutional = filters.iter().zip(convolution::POSITIONS);
        let widths = convolutional
            .map(|(filters, positions)| filters.saturating_mul(positions))
            .chain(dense.iter().copied());
        self.model = MlpConfig::new(widths.collect(), self.model.activation())?
            .with_preprocessing(self.model.preprocessing())?;
        self.convolutional = !filters.is_empty();
        Ok(())
    }

    fn set_activation(&mut self, activation: Activation) {
        let model = MlpConfig::new(self.model.hidden().to_vec(), activation);
        self.set_model(
            model.and_then(|model| model.with_preprocessing(self.model.preprocessing())),
        );
    }

    fn set_preprocessing(&mut self, change: impl FnOnce(&mut Preprocessing)) {
        let mut preprocessing = self.model.preprocessing();
        change(&mut preprocessing);
        self.set_model(self.model.clone().with_preprocessing(preprocessing));
    }

    /// The table has checked the new value, so that a valid model stays one.
    fn set_model(&mut self, model: Result<MlpConfig, Refusal>) {
        if let Ok(model) = model {
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
        let cases: [(Change, &str); 17] = [
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
            (|c| c.convolutional = true, "convolutional layers"),
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
        let cases: [Case; 7] = [
            (&[], &[64, 32], Some(&[64, 32]), "fully connected"),
            (&[], &[], Some(&[]), "linear"),
            (&[5, 50], &[64], Some(&[605, 800, 64]), "convolutional"),
            (&[5], &[], Some(&[605]), "one convolutional layer alone"),
            (
                &[5],
                &[64],
                None,
                "a hidden layer after one convolutional layer",
            ),
            (&[5, 50, 7], &[], None, "three convolutional layers"),
            (&[0, 50], &[], None, "no filter"),
        ];
        for (filters, dense, expected, reason) in cases {
            let mut config = TrainingConfig::default();
            let before = config.clone();
            match (config.set_layers(filters, dense), expected) {
                (Ok(()), Some(widths)) => {
                    assert_eq!(config.model.hidden(), widths, "{reason}");
                    assert_eq!(config.validate(), Ok(()), "{reason}");
                    assert_eq!(config.filters(), filters, "{reason}");
                    assert_eq!(config.dense_widths(), dense, "{reason}");
                }
                (Err(_), None) => assert_eq!(config, before, "{reason} changes nothing"),
                (result, _) => panic!("{reason}: {result:?}"),
            }
        }
    }
}
