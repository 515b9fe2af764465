//! What a training leaves.

use super::{EpochRecord, diagnostics::Divergence, evaluation::Evaluation};
use crate::model::file::Model;

/// What a training leaves.
#[derive(Debug)]
pub struct TrainedModel {
    /// The model, with its figures in the metadata.
    pub model: Model,
    /// The finished epochs.
    pub history: Vec<EpochRecord>,
    /// The figures on the test set; `None` when it has no examples, or nobody waited for it.
    pub test: Option<Evaluation>,
    /// How it ended.
    pub ending: Ending,
    /// The epoch at whose end the model was as it is, from 1; `None` if it is from within one.
    pub epoch: Option<usize>,
    /// Whether nothing was learned, because it was stopped before its first batch: such a model knows nothing.
    pub is_blank: bool,
}

impl TrainedModel {
    /// Whether somebody stopped it before its last epoch ended.
    pub fn is_stopped(&self) -> bool {
        self.ending == Ending::Stopped
    }
}

/// How a training ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ending {
    /// After its last epoch. The model is as that left it, or as its best epoch did where there is a patience.
    Completed,
    /// Because it did not get better any more: the patience was spent. The model is that of the best epoch.
    StoppedEarly,
    /// Because somebody stopped it. The model is that of the best epoch; without validation examples, or
    /// before the first epoch ended, it is as the stop found it.
    Stopped,
    /// Because its loss was no finite number any more. The model is that of the best epoch.
    Diverged(Divergence),
}
