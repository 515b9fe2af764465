//! The fast step on the CPU: the same numbers as the general one, without its temporaries.
//!
//! A step has two phases, and within each the threads have nothing to do with each other. First
//! each takes a part of the batch all the way forward and back, down to the gradient of every
//! layer's sums. Then each takes a part of every layer's rows, computes their gradient over the
//! whole batch and uses it up in the optimiser's update. So each sum is made by one thread, in one
//! order.

mod adam;
mod at_once;
mod dense;
mod elementwise;
mod gradients;
mod loss;
pub(super) mod parameters;
mod pass;
mod rule;
mod sparse;

use rayon::prelude::*;

use self::{
    adam::Adam,
    loss::LossRule,
    parameters::Values,
    pass::{LayerRows, Part, Pass},
    sparse::Rows,
};
use super::{BatchFigures, OptimizerState, Step, StepSettings, batch::Batch, config::Optimizer};
use crate::{
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
    steps: u32,
}

/// One layer's state beside its parameters.
struct Layer {
    /// Units that come out.
    width: usize,
    /// `[n, width]`: after the activation; for the last layer the logits.
    outputs: Vec<f32>,
    /// `[n, width]`: the gradient of the mean loss by the layer's sums.
    deltas: Vec<f32>,
    /// `[n, width]`: what a change of the layer's sums changes the outputs by, where that has to be kept.
    slopes: Vec<f32>,
    /// `[in, width]`: scratch for the weights' gradient; empty in the first layer until it is needed.
    gradient: Vec<f32>,
    /// `[width]`: scratch for the bias's gradient.
    bias_gradient: Vec<f32>,
    /// What the optimiser remembers of the gradients by the weights and by the bias.
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
            slopes: Vec::new(),
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
        if is_done_at_once(settings) {
            self.update_at_once(batch, settings)?;
        } else {
            self.update_by_gradients(batch, settings)?;
        }
        Ok(figures)
    }

    /// Updates each layer while its gradient is made.
    fn update_at_once(&mut self, batch: Batch, settings: &StepSettings) -> candle_core::Result<()> {
        let adam = Adam::at_step(settings, self.steps, true);
        let bias_adam = Adam::at_step(settings, self.steps, false);
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
                None => at_once::update_first(weight, layer, batch, adam, rows),
                Some(previous) => at_once::update_weights(weight, layer, previous, adam, threads),
            })?;
        }
        Ok(())
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
            .zip((0..).step_by(rows_each))
            .map(|((members, targets), first_row)| Part {
                batch: Batch {
                    members,
                    targets,
                    ..batch
                },
                first_row,
                layers: Vec::with_capacity(weights.len()),
            })
            .collect();
        let keeps_slopes = pass::keeps_slopes(self.activation, settings.dropout);
        for layer in &mut self.layers {
            let len = count * layer.width;
            layer.outputs.resize(len, 0.0);
            layer.deltas.resize(len, 0.0);
            layer.slopes.resize(if keeps_slopes { len } else { 0 }, 0.0);
            let len_each = rows_each * layer.width;
            let mut slopes = layer.slopes.chunks_mut(len_each);
            let outputs = layer.outputs.chunks_mut(len_each);
            let deltas = layer.deltas.chunks_mut(len_each);
            for (part, (outputs, deltas)) in parts.iter_mut().zip(outputs.zip(deltas)) {
                part.layers.push(LayerRows {
                    outputs,
                    deltas,
                    slopes: slopes.next().unwrap_or_default(),
                });
            }
        }
        let pass = Pass {
            weights: &weights,
            activation: self.activation,
            loss: LossRule::new(settings, count),
            dropout: settings.dropout,
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

    fn state(&self) -> Result<OptimizerState, TrainingError> {
        let moments = || {
            self.layers
                .iter()
                .flat_map(|layer| [&layer.weight_moments, &layer.bias_moments])
        };
        Ok(OptimizerState {
            steps: self.steps,
            first: moments().map(|moments| moments.first.clone()).collect(),
            second: moments().map(|moments| moments.second.clone()).collect(),
        })
    }

    fn restore(&mut self, state: &OptimizerState) -> Result<(), TrainingError> {
        self.steps = state.steps;
        let moments = self
            .layers
            .iter_mut()
            .flat_map(|layer| [&mut layer.weight_moments, &mut layer.bias_moments]);
        for (moments, (first, second)) in moments.zip(state.first.iter().zip(&state.second)) {
            moments.first.clone_from(first);
            moments.second.clone_from(second);
        }
        let Moments { first, second } = &self.layers[0].weight_moments;
        for rows in &mut self.rows {
            rows.remember(first, second);
        }
        Ok(())
    }
}

/// Whether each layer can be updated while its gradient is made.
fn is_done_at_once(settings: &StepSettings) -> bool {
    let is_adam = matches!(
        settings.optimizer,
        Optimizer::Adam { .. } | Optimizer::AdamW { .. }
    );
    is_adam && settings.clip_norm == 0.0 && settings.l1 == 0.0 && settings.l2 == 0.0
}
