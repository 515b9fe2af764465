//! What the training panel is set to, before it is known to be valid.

use crate::{
    error::Refusal,
    model::{Activation, MlpConfig, parse_hidden},
    training::config::{Preset, TrainingConfig},
};

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
        }
    }

    /// Sets everything but the data as the preset has it.
    pub fn choose(&mut self, preset: Preset) {
        *self = Self {
            from_folder: self.from_folder,
            folder: std::mem::take(&mut self.folder),
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

    /// Whether something was changed since the preset was chosen.
    pub fn is_changed(&self) -> bool {
        self.config().as_ref() != Ok(&self.preset.config())
    }
}
