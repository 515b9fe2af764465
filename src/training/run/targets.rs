//! What the examples of a batch are to be read as.

use super::{super::batch::Batch, Run};
use crate::{data::Target, error::ModelError};

impl Run<'_> {
    /// What these examples of the training are to be read as; `batch` has their images, in the same order.
    pub(super) fn targets(
        &self,
        examples: &[usize],
        batch: Batch,
    ) -> Result<Vec<Target>, ModelError> {
        let target = |&index: &usize| self.training.target(index);
        let mut targets: Vec<Target> = examples.iter().map(target).collect();
        if let Some(teacher) = &self.teacher {
            let logits = teacher.logits_of_preprocessed(batch.to_dense())?;
            for ((target, logits), &index) in targets.iter_mut().zip(logits).zip(examples) {
                target.before = (!self.training.is_correction(index)).then_some(logits);
            }
        }
        Ok(targets)
    }
}
