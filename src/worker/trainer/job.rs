//! What a training begins with.

use std::{path::PathBuf, sync::Arc};

use crate::{
    dataset::source,
    model::device::DeviceChoice,
    training::{checkpoint::Checkpoint, config::TrainingConfig},
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
    /// In the words of a checkpoint, with the drawings of one's own hand in a file.
    fn described(&self, hand: Option<PathBuf>) -> source::DataSource {
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
    /// A new network.
    New {
        /// How it is trained.
        config: Box<TrainingConfig>,
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

    pub(super) fn source(&self) -> source::DataSource {
        match self {
            Self::New { data, hand, .. } => data.described(hand.clone()),
            Self::Resume(checkpoint) => checkpoint.source().clone(),
        }
    }
}
