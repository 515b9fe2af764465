//! How a run is interrupted, and goes on.

use std::time::Instant;

use super::{
    super::{
        BatchFigures, TrainingEvent,
        average::Average,
        checkpoint::{Checkpoint, CheckpointParts, Position},
    },
    Run,
};
use crate::error::{Refusal, TrainingError};

impl Run<'_> {
    /// Goes on from a checkpoint of this configuration and data; [`Run::new`] was given its network.
    pub(in crate::training) fn resume(
        &mut self,
        checkpoint: &Checkpoint,
    ) -> Result<(), TrainingError> {
        let position = checkpoint.position();
        let is_wanted = !self.control.signal().ends_training();
        // After a stop not all digits were generated; none will be learned from.
        if is_wanted && self.training.len() != checkpoint.order().len() {
            return Err(TrainingError::Refused(Refusal::new(
                "resume the training",
                format!("{} examples to learn from", self.training.len()),
                format!("the {} that it began with", checkpoint.order().len()),
                "resume it with the version of Digitpad that began it, or train anew",
            )));
        }
        self.step.restore(checkpoint.optimizer())?;
        self.average = match checkpoint.average(self.mlp.device())? {
            Some(mlp) => Some(Average::resumed(
                mlp,
                self.config.ema,
                position.average_updates,
            )),
            None => None,
        };
        self.best = checkpoint.best(self.mlp.device())?;
        checkpoint.order().clone_into(&mut self.order);
        self.rng.set_word_pos(position.shuffler_words());
        self.history = checkpoint.history().to_vec();
        self.progress = position.progress();
        self.seen = position.seen;
        self.sums = BatchFigures {
            loss_sum: position.loss_sum,
            correct: position.correct,
        };
        self.batches = position.batches;
        self.epoch_start_secs = position.epoch_start_secs;
        Ok(())
    }

    /// Hands out all that is needed to go on from here.
    pub(super) fn checkpoint(
        &mut self,
        on_event: &mut dyn FnMut(TrainingEvent),
    ) -> Result<(), TrainingError> {
        if self.progress.images_seen == 0 {
            // There is nothing to lose yet.
            return Ok(());
        }
        self.checkpointed = Instant::now();
        let average = self.average.as_ref();
        let position = Position::new(
            &self.progress,
            self.rng.get_word_pos(),
            average.map_or(0, Average::updates),
        );
        let checkpoint = Checkpoint::new(CheckpointParts {
            config: self.config,
            position: Position {
                seen: self.seen,
                loss_sum: self.sums.loss_sum,
                correct: self.sums.correct,
                batches: self.batches,
                epoch_start_secs: self.epoch_start_secs,
                ..position
            },
            history: &self.history,
            order: &self.order,
            teacher: self.teacher.as_ref(),
            mlp: &self.mlp,
            average: average.map(Average::mlp),
            best: self.best.as_ref(),
            optimizer: self.step.state()?,
        })?;
        on_event(TrainingEvent::Checkpoint(Box::new(checkpoint)));
        Ok(())
    }
}
