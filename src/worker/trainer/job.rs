//! What a training begins with.

use std::{path::PathBuf, sync::Arc};

use crate::{
    data::{corrections::Hand, source},
    error::DatasetError,
    model::device::DeviceChoice,
    training::{checkpoint::Checkpoint, config::TrainingConfig, fine_tune::Pupil},
};

/// Where the examples come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataSource {
    /// The built-in MNIST.
    Mnist,
    /// A folder that holds the four files.
    Folder(PathBuf),
}

impl DataSource {
    /// In the words of a checkpoint, with drawings of one's own.
    fn described(&self, hand: Hand) -> source::DataSource {
        let folder = match self {
            Self::Mnist => None,
            Self::Folder(folder) => Some(folder.clone()),
        };
        source::DataSource {
            folder,
            hand,
            ..source::DataSource::default()
        }
        .absolute()
    }
}

/// What a training begins with.
#[derive(Clone, Debug)]
pub enum Job {
    /// A new network, or a model that goes on.
    New {
        /// How it is trained.
        config: Box<TrainingConfig>,
        /// The model that goes on.
        pupil: Option<Pupil>,
        /// On what.
        data: DataSource,
        /// The file of one's own drawings to learn from as well, if they are wanted.
        hand: Option<PathBuf>,
        /// What to compute on.
        device: DeviceChoice,
    },
    /// What an interrupted training left.
    Resume(Arc<Checkpoint>),
}

impl Job {
    /// What is resumed goes on the best that is there.
    pub(super) fn device(&self) -> DeviceChoice {
        match self {
            Self::New { device, .. } => *device,
            Self::Resume(_) => DeviceChoice::Auto,
        }
    }

    pub(super) fn config(&self) -> &TrainingConfig {
        match self {
            Self::New { config, .. } => config,
            Self::Resume(checkpoint) => checkpoint.config(),
        }
    }

    /// What is gone on with.
    pub(super) fn resumed(&self) -> Option<&Checkpoint> {
        match self {
            Self::New { .. } => None,
            Self::Resume(checkpoint) => Some(checkpoint),
        }
    }

    /// What is to be learned from; reads the drawings of one's own that are kept by now.
    pub(super) fn source(&self) -> Result<source::DataSource, DatasetError> {
        Ok(match self {
            Self::New { data, hand, .. } => {
                let hand = hand.as_deref().map(Hand::read).transpose()?;
                data.described(hand.unwrap_or_default())
            }
            Self::Resume(checkpoint) => checkpoint.source().clone(),
        })
    }
}
