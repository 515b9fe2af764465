//! The loss of a batch and its gradient by the logits.

use crate::{
    bitmap::{CLASSES, Digit},
    data::{Target, TrainingSet},
    model::softmax::softmax_in_place,
    training::{BatchMetrics, StepSettings, config::Loss},
};

/// The digits and the non-digit class.
const MAX_CLASSES: usize = CLASSES + 1;

/// The loss of an example as a function of its logits.
#[derive(Clone, Copy, Debug)]
pub(super) struct LossRule {
    loss: Loss,
    label_smoothing: f32,
    /// Whether there is a non-digit class, whose logit is always 0.
    rejects: bool,
    /// 1 / n: training minimizes the mean over the batch.
    scale: f32,
}

impl LossRule {
    /// For a batch of `count` examples.
    pub(super) fn new(settings: &StepSettings, count: usize) -> Self {
        Self {
            loss: settings.loss,
            label_smoothing: settings.label_smoothing as f32,
            rejects: settings.rejects,
            scale: 1.0 / count as f32,
        }
    }

    /// Writes the gradient of the mean loss into `deltas`; both `[n, 10]`.
    pub(super) fn apply(
        &self,
        logits: &[f32],
        targets: &[Target],
        deltas: &mut [f32],
    ) -> BatchMetrics {
        let mut metrics = BatchMetrics::default();
        let rows = logits.as_chunks::<CLASSES>().0.iter().zip(targets);
        for ((logits, target), delta) in rows.zip(deltas.as_chunks_mut::<CLASSES>().0) {
            let distribution = self.distribution(target);
            let softmax = Softmax::new(logits, self.rejects);
            metrics.loss_sum += match self.loss {
                Loss::CrossEntropy => self.cross_entropy(&softmax, logits, &distribution, delta),
                Loss::MeanSquaredError => self.squared_error(&softmax, &distribution, delta),
            };
            metrics.correct += usize::from(softmax.predicted == target.class);
        }
        metrics
    }

    /// The target of the softmax.
    fn distribution(&self, target: &Target) -> [f32; MAX_CLASSES] {
        if let Some(teacher_logits) = &target.teacher_logits {
            return Softmax::new(teacher_logits, self.rejects).probabilities;
        }
        let classes = CLASSES + usize::from(self.rejects);
        let off_target = self.label_smoothing / classes as f32;
        let mut distribution = [off_target; MAX_CLASSES];
        distribution[usize::from(target.class)] = 1.0 - self.label_smoothing + off_target;
        distribution
    }

    /// −Σ t ln p, with the gradient (p − t) / n.
    fn cross_entropy(
        &self,
        softmax: &Softmax,
        logits: &[f32; CLASSES],
        target: &[f32; MAX_CLASSES],
        delta: &mut [f32; CLASSES],
    ) -> f64 {
        let mut sum = 0.0;
        for (class, delta) in delta.iter_mut().enumerate() {
            *delta = (softmax.probabilities[class] - target[class]) * self.scale;
            sum += f64::from(target[class] * (softmax.log_sum_exp - logits[class]));
        }
        if self.rejects {
            sum += f64::from(target[CLASSES] * softmax.log_sum_exp);
        }
        sum
    }

    /// The mean of (p − t)² over the classes. Its slope by p is g = 2 (p − t) / classes, and so by a logit
    /// p (g − Σ p g), over n.
    fn squared_error(
        &self,
        softmax: &Softmax,
        target: &[f32; MAX_CLASSES],
        delta: &mut [f32; CLASSES],
    ) -> f64 {
        let classes = CLASSES + usize::from(self.rejects);
        let probabilities = &softmax.probabilities[..classes];
        let errors = |class: usize| probabilities[class] - target[class];
        let slope = |class: usize| 2.0 * errors(class) / classes as f32;
        let mean: f32 = (0..classes).map(|c| probabilities[c] * slope(c)).sum();
        for (class, delta) in delta.iter_mut().enumerate() {
            *delta = probabilities[class] * (slope(class) - mean) * self.scale;
        }
        let sum: f64 = (0..classes).map(|c| f64::from(errors(c)).powi(2)).sum();
        sum / classes as f64
    }
}

/// The softmax of an example's logits.
struct Softmax {
    /// Of each digit, and of the non-digit class, which is 0 without that class.
    probabilities: [f32; MAX_CLASSES],
    /// ln Σ exp(logit).
    log_sum_exp: f32,
    /// The most probable class.
    predicted: u8,
}

impl Softmax {
    fn new(logits: &[f32; CLASSES], rejects: bool) -> Self {
        let best = Digit::of_largest(logits);
        let is_rejected = rejects && logits[best.index()] < 0.0;
        let mut probabilities = [0.0; MAX_CLASSES];
        probabilities[..CLASSES].copy_from_slice(logits);
        let classes = CLASSES + usize::from(rejects);
        Self {
            log_sum_exp: softmax_in_place(&mut probabilities[..classes]),
            probabilities,
            predicted: if is_rejected {
                TrainingSet::NO_DIGIT
            } else {
                best.value()
            },
        }
    }
}
