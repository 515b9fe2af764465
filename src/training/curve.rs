//! The metrics of a training's batches, thinned for a plot.

use serde::{Deserialize, Serialize};

use super::Progress;

/// The metrics after a batch, smoothed as in [`Progress`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchPoint {
    /// The number of the batch, from 1.
    pub batch: usize,
    /// The finished part of the training, 0..=1.
    pub done: f64,
    /// The smoothed loss.
    pub loss: f64,
    /// The smoothed accuracy, 0..=1.
    pub accuracy: f64,
    /// The learning rate of the step.
    pub learning_rate: f64,
}

/// At most [`BatchCurve::MAX_POINTS`] equidistant points of a training. A plot cannot show more.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchCurve {
    points: Vec<BatchPoint>,
    /// The batches from point to point.
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
    /// The largest number of points.
    pub const MAX_POINTS: usize = 500;

    /// The points with finite metrics, as a file can hold them.
    pub fn finite(&self) -> Vec<BatchPoint> {
        let points = self.points.iter().copied();
        let is_finite = |point: &BatchPoint| point.loss.is_finite() && point.accuracy.is_finite();
        points.filter(is_finite).collect()
    }

    /// The points, in the order in which they came.
    pub fn points(&self) -> &[BatchPoint] {
        &self.points
    }

    /// Adds the metrics after a batch.
    pub fn push(&mut self, progress: &Progress) {
        self.batches += 1;
        if !self.batches.is_multiple_of(self.stride) {
            return;
        }
        self.points.push(BatchPoint {
            batch: self.batches,
            done: progress.done(),
            loss: progress.smoothed_loss,
            accuracy: progress.smoothed_accuracy,
            learning_rate: progress.learning_rate,
        });
        if self.points.len() > Self::MAX_POINTS {
            // Keeps every second point: the multiples of the doubled stride.
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
    fn the_points_are_few_and_evenly_spread() {
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
