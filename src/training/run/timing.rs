//! Steps of a run that are only timed.

use std::time::{Duration, Instant};

use super::Run;
use crate::error::TrainingError;

impl Run<'_> {
    /// Learns in some first steps, and then in at least `least` steps and for at least `time`; gives the
    /// seconds that an image takes in these. `None` when it was stopped or abandoned.
    pub(in crate::training) fn time_steps(
        &mut self,
        first: usize,
        least: usize,
        time: Duration,
    ) -> Result<Option<f64>, TrainingError> {
        let mut start = Instant::now();
        let mut images = 0;
        for step in 0.. {
            if step == first {
                (start, images) = (Instant::now(), 0);
            }
            if step >= first + least && start.elapsed() >= time {
                break;
            }
            if self.control.wait_while_paused().ends_training() {
                return Ok(None);
            }
            if self.seen == self.order.len() {
                self.seen = 0;
            }
            let count = self.config.batch_size.min(self.order.len() - self.seen);
            let figures = self.train_batch(count)?;
            self.advance(count, figures);
            images += count;
        }
        Ok(Some(start.elapsed().as_secs_f64() / images.max(1) as f64))
    }
}
