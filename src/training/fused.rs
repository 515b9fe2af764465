//! The fast step on the CPU: the same numbers as the general one, without its temporaries.
//!
//! A step has two phases, and within each the threads have nothing to do with each other. First
//! each takes a part of the batch all the way forward and back, down to the gradient of every
//! layer's sums. Then each takes a part of every layer's rows, computes their gradient over the
//! whole batch and uses it up in Adam's update. So each sum is made by one thread, in one order.

mod adam;
mod dense;
mod parameters;
mod sparse;

use std::ops::Range;

use rayon::prelude::*;

use self::{
    adam::Adam,
    dense::Matrix,
    parameters::Values,
    sparse::{RowValues, Rows},
};
use super::{BatchFigures, Step, StepSettings, batch::Batch};
use crate::{
    bitmap::{CLASSES, Digit},
    dataset::TrainingSet,
    error::{ModelError, TrainingError},
    model::{Activation, Dense, Mlp},
};

/// Parameters times examples of a step below which a second thread costs more than it saves: the
/// work is over before the other thread has heard of it, and where the processor is busy with other
/// programs too, a step waits for whichever thread is out of its turn.
const SMALL_STEP: usize = 8 << 20;

/// A network on the CPU with all that a step needs, so that a step allocates next to nothing.
pub(super) struct Fused {
    mlp: Mlp,
    activation: Activation,
    layers: Vec<Layer>,
    /// Threads that share a step.
    threads: usize,
    /// The first layer's rows, a part for each thread.
    rows: Vec<Rows>,
    steps: i32,
}

/// One layer's state beside its parameters.
struct Layer {
    /// Units that come out.
    width: usize,
    /// `[n, width]`: after the activation; for the last layer the logits.
    outputs: Vec<f32>,
    /// `[n, width]`: the gradient of the mean loss by the layer's sums.
    deltas: Vec<f32>,
    /// `[in, width]`: scratch for the weights' gradient; unused by the first layer.
    gradient: Vec<f32>,
    /// `[width]`: scratch for the bias's gradient.
    bias_gradient: Vec<f32>,
    /// Adam's moments of the weights and of the bias.
    weight_moments: Moments,
    bias_moments: Moments,
}

struct Moments {
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Moments {
    fn zero(len: usize) -> Self {
        Self {
            first: vec![0.0; len],
            second: vec![0.0; len],
        }
    }
}

impl Fused {
    /// `mlp` must be on the CPU. Whatever the size of a batch turns out to be, `batch_size` is what
    /// most steps will have.
    pub(super) fn new(mlp: Mlp, batch_size: usize) -> Self {
        let is_small = batch_size * mlp.config().parameter_count() < SMALL_STEP;
        let threads = if is_small {
            1
        } else {
            rayon::current_num_threads()
        };
        let widths = mlp.config().widths();
        let layer = |(index, pair): (usize, &[usize])| Layer {
            width: pair[1],
            outputs: Vec::new(),
            deltas: Vec::new(),
            gradient: vec![0.0; if index == 0 { 0 } else { pair[0] * pair[1] }],
            bias_gradient: vec![0.0; pair[1]],
            weight_moments: Moments::zero(pair[0] * pair[1]),
            bias_moments: Moments::zero(pair[1]),
        };
        Self {
            activation: mlp.config().activation(),
            layers: widths.windows(2).enumerate().map(layer).collect(),
            threads,
            rows: sparse::share_out_pixels(threads),
            steps: 0,
            mlp,
        }
    }

    fn learn(
        &mut self,
        batch: Batch,
        settings: &StepSettings,
    ) -> candle_core::Result<BatchFigures> {
        let figures = self.propagate(batch, settings)?;
        self.steps += 1;
        let adam = Adam::at_step(self.steps, settings.learning_rate, settings.weight_decay);
        let bias_adam = Adam::at_step(self.steps, settings.learning_rate, 0.0);
        let dense = self.mlp.layers().to_vec();
        for (index, Dense { weight, bias }) in dense.iter().enumerate() {
            let (before, rest) = self.layers.split_at_mut(index);
            let layer = &mut rest[0];
            dense::sum_rows(&layer.deltas, &mut layer.bias_gradient);
            let Moments { first, second } = &mut layer.bias_moments;
            parameters::write(bias, |bias| {
                bias_adam.update_slice(bias, &layer.bias_gradient, first, second);
            })?;
            let (rows, threads) = (&mut self.rows, self.threads);
            parameters::write(weight, |weight| match before.last() {
                None => update_first(weight, layer, batch, adam, rows),
                Some(previous) => update_weights(weight, layer, previous, adam, threads),
            })?;
        }
        Ok(figures)
    }

    /// Fills every layer's outputs and deltas.
    fn propagate(
        &mut self,
        batch: Batch,
        settings: &StepSettings,
    ) -> candle_core::Result<BatchFigures> {
        let count = batch.members.len();
        let dense: Vec<_> = self
            .mlp
            .layers()
            .iter()
            .map(|layer| Ok((Values::of(&layer.weight)?, Values::of(&layer.bias)?)))
            .collect::<candle_core::Result<_>>()?;
        let weights: Vec<_> = dense
            .iter()
            .map(|(weight, bias)| Ok((weight.as_slice()?, bias.as_slice()?)))
            .collect::<candle_core::Result<_>>()?;
        let rows_each = count.div_ceil(self.threads);
        let mut parts: Vec<Part> = batch
            .members
            .chunks(rows_each)
            .zip(batch.targets.chunks(rows_each))
            .map(|(members, targets)| Part {
                batch: Batch {
                    members,
                    targets,
                    ..batch
                },
                layers: Vec::with_capacity(weights.len()),
            })
            .collect();
        for layer in &mut self.layers {
            layer.outputs.resize(count * layer.width, 0.0);
            layer.deltas.resize(count * layer.width, 0.0);
            let outputs = layer.outputs.chunks_mut(rows_each * layer.width);
            let deltas = layer.deltas.chunks_mut(rows_each * layer.width);
            for (part, place) in parts.iter_mut().zip(outputs.zip(deltas)) {
                part.layers.push(place);
            }
        }
        let pass = Pass {
            weights: &weights,
            activation: self.activation,
            scale: 1.0 / count as f32,
            label_smoothing: settings.label_smoothing as f32,
            rejects: settings.rejects,
        };
        Ok(parts
            .into_par_iter()
            .with_max_len(1)
            .map(|mut part| pass.run(&mut part))
            .reduce(BatchFigures::default, BatchFigures::plus))
    }
}

impl Step for Fused {
    fn step(
        &mut self,
        batch: Batch,
        settings: &StepSettings,
    ) -> Result<BatchFigures, TrainingError> {
        Ok(self.learn(batch, settings).map_err(ModelError::from)?)
    }
}

/// A part of a batch, with its rows of each layer's outputs and deltas.
struct Part<'a> {
    batch: Batch<'a>,
    layers: Vec<(&'a mut [f32], &'a mut [f32])>,
}

/// What the parts of a batch share on their way through the network.
struct Pass<'a> {
    /// Each layer's weights `[in, out]` and bias `[out]`.
    weights: &'a [(&'a [f32], &'a [f32])],
    activation: Activation,
    /// 1 / n: the loss is the mean over the batch.
    scale: f32,
    label_smoothing: f32,
    /// Whether there is an eleventh class, whose logit is always 0.
    rejects: bool,
}

impl Pass<'_> {
    /// Forward and back.
    fn run(&self, part: &mut Part) -> BatchFigures {
        let last = self.weights.len() - 1;
        for (index, (weight, bias)) in self.weights.iter().enumerate() {
            let (before, rest) = part.layers.split_at_mut(index);
            let outputs = &mut *rest[0].0;
            match before.last() {
                None => sparse::forward(part.batch, weight, bias, outputs),
                Some((inputs, _)) => {
                    for row in outputs.chunks_exact_mut(bias.len()) {
                        row.copy_from_slice(bias);
                    }
                    let inputs = Matrix::by_rows(inputs, weight.len() / bias.len());
                    dense::multiply(outputs, inputs, Matrix::by_rows(weight, bias.len()), true);
                }
            }
            if index < last {
                dense::activate(self.activation, outputs);
            }
        }
        let (logits, deltas) = &mut part.layers[last];
        let figures = self.loss(logits, part.batch.targets, deltas);
        for index in (1..=last).rev() {
            let (before, rest) = part.layers.split_at_mut(index);
            let (outputs, previous) = &mut before[index - 1];
            let (weight, bias) = self.weights[index];
            let deltas = Matrix::by_rows(rest[0].1, bias.len());
            let back = Matrix::by_rows(weight, bias.len()).transposed();
            dense::multiply(previous, deltas, back, false);
            dense::multiply_by_slope(self.activation, outputs, previous);
        }
        figures
    }

    /// Softmax and cross-entropy with their gradient: (probability − target) / n.
    fn loss(&self, logits: &[f32], targets: &[u8], deltas: &mut [f32]) -> BatchFigures {
        let mut figures = BatchFigures::default();
        let classes = CLASSES + usize::from(self.rejects);
        let off_target = self.label_smoothing / classes as f32;
        let on_target = 1.0 - self.label_smoothing + off_target;
        let rows = logits.as_chunks::<CLASSES>().0.iter().zip(targets);
        for ((logits, &wanted), delta) in rows.zip(deltas.as_chunks_mut::<CLASSES>().0) {
            let best = Digit::of_largest(logits);
            let mut largest = logits[best.index()];
            let mut read = best.value();
            if self.rejects && largest < 0.0 {
                (largest, read) = (0.0, TrainingSet::NO_DIGIT);
            }
            let powers = logits.map(|logit| (logit - largest).exp());
            let rejection = if self.rejects { (-largest).exp() } else { 0.0 };
            let sum = powers.iter().sum::<f32>() + rejection;
            let log_sum = sum.ln() + largest;
            let target_of = |class| {
                let is_wanted = class == usize::from(wanted);
                if is_wanted { on_target } else { off_target }
            };
            for (class, delta) in delta.iter_mut().enumerate() {
                let target = target_of(class);
                *delta = (powers[class] / sum - target) * self.scale;
                figures.loss_sum += f64::from(target * (log_sum - logits[class]));
            }
            if self.rejects {
                figures.loss_sum += f64::from(target_of(CLASSES) * log_sum);
            }
            figures.correct += usize::from(read == wanted);
        }
        figures
    }
}

/// A step on the first layer's weights, `[784, width]`.
fn update_first(
    weight: &mut [f32],
    layer: &mut Layer,
    batch: Batch,
    adam: Adam,
    rows: &mut [Rows],
) {
    let Layer {
        width,
        deltas,
        weight_moments: Moments { first, second },
        ..
    } = layer;
    let len = rows[0].pixels.len() * *width;
    let update = |(((rows, weights), first), second): FirstPlaces| {
        sparse::update(
            batch,
            deltas,
            adam,
            rows,
            RowValues {
                weights,
                first,
                second,
            },
        );
    };
    rows.par_iter_mut()
        .zip(weight.par_chunks_mut(len))
        .zip(first.par_chunks_mut(len))
        .zip(second.par_chunks_mut(len))
        .with_max_len(1)
        .for_each(update);
}

/// A thread's rows, their weights, and their two moments.
type FirstPlaces<'a> = (
    ((&'a mut Rows, &'a mut [f32]), &'a mut [f32]),
    &'a mut [f32],
);

/// A step on a later layer's weights, `[in, width]`.
fn update_weights(
    weight: &mut [f32],
    layer: &mut Layer,
    previous: &Layer,
    adam: Adam,
    threads: usize,
) {
    let Layer {
        width,
        deltas,
        gradient,
        weight_moments: Moments { first, second },
        ..
    } = layer;
    let inputs = Matrix::by_rows(&previous.outputs, previous.width);
    let deltas = Matrix::by_rows(deltas, *width);
    let rows_each = previous.width.div_ceil(threads);
    let len = rows_each * *width;
    let update = |(part, (((weight, gradient), first), second)): (usize, Places)| {
        let start = part * rows_each;
        let columns: Range<usize> = start..start + weight.len() / *width;
        dense::multiply(
            gradient,
            inputs.columns(columns).transposed(),
            deltas,
            false,
        );
        adam.update_slice(weight, gradient, first, second);
    };
    let places = weight
        .par_chunks_mut(len)
        .zip(gradient.par_chunks_mut(len))
        .zip(first.par_chunks_mut(len))
        .zip(second.par_chunks_mut(len));
    places.enumerate().with_max_len(1).for_each(update);
}

/// A part's weights, their gradient, and their two moments.
type Places<'a> = (
    ((&'a mut [f32], &'a mut [f32]), &'a mut [f32]),
    &'a mut [f32],
);
