//! The figures of a training's batches, few enough to be drawn.

use crate::training::Progress;

/// The figures of the batches up to some moment, smoothed as [`Progress`] has them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchPoint {
    /// How much of the whole training was done, 0..=1.
    pub done: f64,
    /// The smoothed loss.
    pub loss: f64,
    /// The smoothed accuracy, 0..=1.
    pub accuracy: f64,
    /// The learning rate of the step.
    pub learning_rate: f64,
}

/// A training's batches, thinned: at most [`BatchCurve::MAX_POINTS`] points, equally far apart, whatever
/// the number of batches. More could not be told apart in a plot.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchCurve {
    points: Vec<BatchPoint>,
    /// Every so many batches there is a point.
    stride: usize,
    batches: usize,
}

impl Default for BatchCurve {
    fn default() -> Self {
        Self {
            points: Vec::new(),
            stride: 1,
            batches: 0,
        }
    }
}

impl BatchCurve {
    /// The most points that a curve has.
    pub const MAX_POINTS: usize = 500;

    /// The points, in the order in which they came.
    pub fn points(&self) -> &[BatchPoint] {
        &self.points
    }

    /// Takes in the figures after another batch.
    pub fn push(&mut self, progress: &Progress) {
        self.batches += 1;
        if !self.batches.is_multiple_of(self.stride) {
            return;
        }
        self.points.push(BatchPoint {
            done: progress.done(),
            loss: progress.smoothed_loss,
            accuracy: progress.smoothed_accuracy,
            learning_rate: progress.learning_rate,
        });
        if self.points.len() > Self::MAX_POINTS {
            // Every second one stays: those whose batch is a multiple of the doubled stride.
            self.stride *= 2;
            let mut index = 0;
            self.points.retain(|_| {
                index += 1;
                index % 2 == 0
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_batches_there_are_the_points_are_few_and_evenly_spread() {
        for batches in [1, 500, 501, 1000, 90_000] {
            let mut curve = BatchCurve::default();
            for batch in 1..=batches {
                curve.push(&Progress {
                    images_seen: batch,
                    images_total: batches,
                    smoothed_loss: batch as f64,
                    ..Progress::default()
                });
            }
            let points = curve.points();
            let most = BatchCurve::MAX_POINTS;
            let least = batches.min(most / 2);
            assert!(
                (least..=most).contains(&points.len()),
                "{} points of {batches} batches",
                points.len()
            );
            let steps: Vec<f64> = points.windows(2).map(|p| p[1].loss - p[0].loss).collect();
            assert!(
                steps.iter().all(|step| *step == steps[0]),
                "equally far apart: {steps:?}"
            );
        }
    }
}
