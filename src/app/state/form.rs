//! What the training panel is set to, before it is known to be valid.

mod group;

use std::path::PathBuf;

pub use self::group::Group;
use crate::{
    data::DataSource,
    error::Refusal,
    model::{Activation, MlpConfig, parse_hidden, preprocess::Preprocessing},
    training::config::{Optimizer, Preset, TrainingConfig},
};

/// The bytes of a parameter, or of a figure beside it.
const BYTES: usize = 4;

/// The fields of the training panel.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingForm {
    /// The preset that was chosen last.
    pub preset: Preset,
    /// All else. Of its network the filters count, but not the layers: [`Self::hidden`] and
    /// [`Self::activation`] do.
    pub numbers: TrainingConfig,
    /// The hidden layers as typed.
    pub hidden: String,
    /// What follows each hidden layer.
    pub activation: Activation,
    /// Whether to learn from [`Self::folder`] instead of the MNIST that is built in.
    pub from_folder: bool,
    /// The folder of the data set as typed or chosen.
    pub folder: String,
    /// Whether to learn from the drawings of one's own that are kept, too.
    pub uses_corrections: bool,
}

impl Default for TrainingForm {
    fn default() -> Self {
        let preset = Preset::ALL[0];
        Self::of(preset, preset.config())
    }
}

impl TrainingForm {
    /// The form of a configuration, with MNIST.
    pub fn of(preset: Preset, config: TrainingConfig) -> Self {
        let hidden: Vec<_> = config
            .model
            .hidden()
            .iter()
            .map(ToString::to_string)
            .collect();
        Self {
            preset,
            hidden: hidden.join(","),
            activation: config.model.activation(),
            numbers: config,
            from_folder: false,
            folder: String::new(),
            uses_corrections: true,
        }
    }

    /// Sets everything but the data as the preset has it.
    pub fn choose(&mut self, preset: Preset) {
        *self = Self {
            from_folder: self.from_folder,
            folder: std::mem::take(&mut self.folder),
            uses_corrections: self.uses_corrections,
            ..Self::of(preset, preset.config())
        };
    }

    /// The network that the fields describe.
    ///
    /// # Errors
    /// When the hidden layers are no list of widths, or too many or too wide.
    pub fn model(&self) -> Result<MlpConfig, Refusal> {
        MlpConfig::new(parse_hidden(&self.hidden)?, self.activation)?
            .with_preprocessing(self.numbers.model.preprocessing())
    }

    /// The configuration that the fields describe.
    ///
    /// # Errors
    /// Names the first field that is not valid.
    pub fn config(&self) -> Result<TrainingConfig, Refusal> {
        let config = TrainingConfig {
            model: self.model()?,
            ..self.numbers.clone()
        };
        config.validate()?;
        Ok(config)
    }

    /// Sets everything but the data as a configuration from elsewhere has it; the preset stays the one
    /// that it is compared with.
    pub fn take(&mut self, config: TrainingConfig) {
        *self = Self {
            from_folder: self.from_folder,
            folder: std::mem::take(&mut self.folder),
            uses_corrections: self.uses_corrections,
            ..Self::of(self.preset, config)
        };
    }

    /// Where the examples are to come from; `None` while a folder is to be chosen and is not.
    pub fn source(&self) -> Option<DataSource> {
        match (self.from_folder, self.folder.trim()) {
            (false, _) => Some(DataSource::Mnist),
            (true, "") => None,
            (true, folder) => Some(DataSource::Folder(PathBuf::from(folder))),
        }
    }

    /// Sets the filters before the network; what is out of range changes nothing.
    pub fn set_filters(&mut self, filters: Preprocessing) {
        if let Ok(model) = self.numbers.model.clone().with_preprocessing(filters) {
            self.numbers.model = model;
        }
    }

    /// How many of the network's numbers are learned: all, but where weights are shared.
    ///
    /// # Errors
    /// When the hidden layers are not valid, or their weights cannot be shared.
    pub fn trainable_parameter_count(&self) -> Result<usize, Refusal> {
        let config = TrainingConfig {
            model: self.model()?,
            ..self.numbers.clone()
        };
        config.trainable_parameter_count()
    }

    /// How many bytes the weights of the network take, and how many it takes to train them: the running mean and the
    /// best epoch's weights are as large each, and the gradient and what the optimizer remembers as large as what is
    /// learned. `None` while the network is not valid.
    pub fn memory_bytes(&self) -> Option<(usize, usize)> {
        let weights = self.model().ok()?.parameter_count() * BYTES;
        let learned = self.trainable_parameter_count().ok()? * BYTES;
        let remembered = match self.numbers.optimizer {
            Optimizer::Sgd { momentum, .. } => usize::from(momentum > 0.0),
            Optimizer::RmsProp { .. } => 1,
            Optimizer::Adam { .. } | Optimizer::AdamW { .. } => 2,
        };
        let mean = usize::from(self.numbers.ema > 0.0);
        let best = usize::from(self.numbers.validation_split > 0.0);
        let training = weights * (1 + mean + best) + learned * (1 + remembered);
        Some((weights, training))
    }

    /// Whether something was changed since the preset was chosen.
    pub fn is_changed(&self) -> bool {
        self.config().as_ref() != Ok(&self.preset.config())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_is_counted_once() {
        let mut form = TrainingForm::default();
        assert_eq!(form.trainable_parameter_count(), Ok(101_770), "nothing is");
        let weights = 4 * 101_770;
        // The weights, those of the best epoch, the gradient, and Adam's two moments.
        assert_eq!(
            form.memory_bytes(),
            Some((weights, 5 * weights)),
            "all as large"
        );
        form.numbers.convolutional = true;
        let refusal = form
            .trainable_parameter_count()
            .expect_err("128 are no multiple of 121");
        assert_eq!(form.config(), Err(refusal), "nor can it be trained");
        assert_eq!(form.memory_bytes(), None, "nor counted");
        form.hidden = "605,800,128".to_owned();
        let fields = (25 * 5 + 5) + (125 * 50 + 50);
        let learned = fields + (800 * 128 + 128) + (128 * 10 + 10);
        assert_eq!(
            form.trainable_parameter_count(),
            Ok(learned),
            "the fields' weights once"
        );
        let weights = 4 * form
            .model()
            .map(|model| model.parameter_count())
            .unwrap_or_default();
        let expected = Some((weights, 2 * weights + 3 * 4 * learned));
        assert_eq!(form.memory_bytes(), expected, "what is learned is smaller");
    }
}
