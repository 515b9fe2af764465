//! The groups that the hyperparameters of the panel are in.

use super::TrainingForm;
use crate::training::config::TrainingConfig;

/// Knobs that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The network's shape.
    Network,
    /// How long and in what steps it learns, and what is made small.
    Training,
    /// How a gradient becomes a step, and how the learning rate changes.
    Optimizer,
    /// What keeps it from learning by heart.
    Overfitting,
    /// What is done to an image before the network sees it, and belongs to the model.
    Preprocessing,
    /// How the training images are varied.
    Augmentation,
    /// How much is learned from. Where it comes from is no preset's business.
    Data,
}

impl Group {
    /// All of them, in the order of the panel.
    pub const ALL: [Self; 7] = [
        Self::Network,
        Self::Training,
        Self::Optimizer,
        Self::Overfitting,
        Self::Preprocessing,
        Self::Augmentation,
        Self::Data,
    ];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Network => "Network",
            Self::Training => "Training steps",
            Self::Optimizer => "Optimizer",
            Self::Overfitting => "Against overfitting",
            Self::Preprocessing => "Before the network",
            Self::Augmentation => "Augmentation",
            Self::Data => "Data",
        }
    }
}

impl TrainingForm {
    /// Sets one group as the preset has it.
    pub fn reset(&mut self, group: Group) {
        let preset = Self::of(self.preset, self.preset.config());
        let (mine, theirs) = (&mut self.numbers, preset.numbers);
        match group {
            Group::Network => {
                self.hidden = preset.hidden;
                self.activation = preset.activation;
                mine.convolutional = theirs.convolutional;
            }
            Group::Training => {
                mine.epochs = theirs.epochs;
                mine.batch_size = theirs.batch_size;
                mine.learning_rate = theirs.learning_rate;
                mine.loss = theirs.loss;
                mine.seed = theirs.seed;
            }
            Group::Optimizer => {
                mine.optimizer = theirs.optimizer;
                mine.schedule = theirs.schedule;
                mine.clip_norm = theirs.clip_norm;
            }
            Group::Overfitting => {
                mine.l1 = theirs.l1;
                mine.l2 = theirs.l2;
                mine.dropout = theirs.dropout;
                mine.label_smoothing = theirs.label_smoothing;
                mine.ema = theirs.ema;
                mine.patience = theirs.patience;
            }
            Group::Preprocessing => self.set_filters(theirs.model.preprocessing()),
            Group::Augmentation => mine.augmentation = theirs.augmentation,
            Group::Data => {
                mine.validation_split = theirs.validation_split;
                mine.data_fraction = theirs.data_fraction;
                mine.synthetic_digits = theirs.synthetic_digits;
                mine.gce_q = theirs.gce_q;
                mine.non_digits = theirs.non_digits;
            }
        }
    }

    /// The configuration that the fields describe, with as few groups as the preset has them as make it valid.
    pub fn nearest_valid_config(&self) -> TrainingConfig {
        let without = |group: Group| {
            let mut form = self.clone();
            form.reset(group);
            form.config()
        };
        let mut form = self.clone();
        let one_by_one = || {
            Group::ALL.into_iter().find_map(|group| {
                form.reset(group);
                form.config().ok()
            })
        };
        self.config()
            .ok()
            .or_else(|| Group::ALL.into_iter().find_map(|group| without(group).ok()))
            .or_else(one_by_one)
            .unwrap_or_else(|| self.preset.config())
    }

    /// Whether one of the group's hyperparameters is not as the preset has it.
    pub fn is_group_changed(&self, group: Group) -> bool {
        let mut reset = self.clone();
        reset.reset(group);
        reset != *self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        data::augment::Augmentation,
        model::{Activation, preprocess::Preprocessing},
        training::{
            config::{Loss, Optimizer, Preset},
            schedule::Schedule,
        },
    };

    /// Nothing as a preset has it.
    fn unusual() -> TrainingForm {
        let mut form = TrainingForm::of(
            Preset::Quick,
            TrainingConfig {
                convolutional: true,
                epochs: 3,
                batch_size: 7,
                learning_rate: 0.5,
                loss: Loss::MeanSquaredError,
                seed: 9,
                optimizer: Optimizer::NESTEROV,
                schedule: Schedule::COSINE,
                clip_norm: 1.0,
                l1: 0.1,
                l2: 0.1,
                dropout: 0.1,
                label_smoothing: 0.1,
                ema: 0.9,
                patience: 2,
                augmentation: Augmentation::HANDWRITING,
                validation_split: 0.5,
                data_fraction: 0.5,
                synthetic_digits: 1,
                gce_q: 0.1,
                non_digits: 1,
                ..TrainingConfig::default()
            },
        );
        form.hidden = "5".to_owned();
        form.activation = Activation::Tanh;
        form.set_filters(Preprocessing {
            median_px: 1,
            ..Preprocessing::default()
        });
        form
    }

    #[test]
    fn each_knob_is_in_one_group() {
        let mut form = unusual();
        for (index, group) in Group::ALL.into_iter().enumerate() {
            assert!(
                form.is_group_changed(group),
                "{group:?} is not the preset's"
            );
            form.reset(group);
            assert!(!form.is_group_changed(group), "{group:?} is now");
            for other in &Group::ALL[index + 1..] {
                assert!(form.is_group_changed(*other), "{other:?} is not touched");
            }
        }
        assert!(
            !form.is_changed(),
            "all groups together are the whole preset: {form:?}"
        );
    }

    #[test]
    fn what_is_not_valid_costs_no_more_than_its_group() {
        let mut form = TrainingForm::default();
        form.numbers.epochs = 3;
        form.numbers.data_fraction = 0.5;
        assert_eq!(
            Ok(form.nearest_valid_config()),
            form.config(),
            "all is valid"
        );
        form.hidden = "128,,".to_owned();
        let config = form.nearest_valid_config();
        let preset = form.preset.config();
        assert_eq!(config.model.hidden(), preset.model.hidden(), "half typed");
        assert_eq!((config.epochs, config.data_fraction), (3, 0.5), "kept");
        form.numbers.patience = 2;
        form.numbers.validation_split = 0.0;
        let config = form.nearest_valid_config();
        assert_eq!(config.patience, preset.patience, "nothing to judge it by");
        assert_eq!(config.validation_split, 0.0, "which may be");
        assert_eq!(
            config.epochs, preset.epochs,
            "of several, those before go too"
        );
    }
}
