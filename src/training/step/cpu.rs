//! The training step on the CPU: the numbers of the autograd step without its temporaries.
//!
//! A step has phases; the threads of a phase are independent. First, each computes some columns of the first layer, which
//! has most of the weights, for the whole batch. Then each takes a part of the batch through the other layers, forward and
//! backward. Then each computes the gradient of its columns of the first layer, and of some rows of each later layer, over
//! the whole batch, and uses it at once in Adam's update. So one thread computes each sum. Its order, and with it the last
//! bits of the weights, may depend on the number of threads: the products of few rows have other kernels.
//!
//! Convolutional layers take the place of the first layer: before the others, each thread takes groups of examples forward
//! through them, and after them backward; see [`convolution`].
//!
//! Clipping, penalties and other optimizers need the whole gradient. The third phase stores it then, and a fourth uses it.
//!
//! rayon runs the phases. A pool of spinning threads made for these phases was slower: an epoch of `keras` took 1.21 s and
//! 1.14 s of processor time instead of 0.98 s and 0.98 s (two busy cores, medians of 9 runs in turn, November 2026).

mod convolution;
mod loss;
mod optimizer;
mod pass;
mod sparse;
mod update;

use rayon::prelude::*;

use self::{
    convolution::GroupBuffers,
    loss::LossRule,
    optimizer::{Adam, UpdateRule},
    pass::{FirstPart, LayerRows, Part, Pass},
    sparse::{Block, ByPixel},
    update::{Moments, Phase},
};
use super::{BatchMetrics, OptimizerState, Step, StepSettings, autograd::CLIP_EPSILON};
use crate::{
    bitmap::PIXELS,
    error::{ModelError, TrainingError},
    model::{
        LayerShape, Mlp,
        forward::GROUP,
        kernels,
        parameters::{self, Values},
    },
    training::{batch::Batch, config::Optimizer},
};

/// Multiplications of a forward pass of a batch below which a second thread costs more than it saves: such a step takes 6 µs.
const SMALL_STEP: usize = 1 << 17;

/// A network with its optimizer state and buffers, so that a step allocates almost nothing.
pub(in crate::training) struct CpuStep {
    mlp: Mlp,
    layers: Vec<LayerBuffers>,
    states: Vec<LayerState>,
    /// The columns of a fully connected first layer, split among the threads.
    blocks: Vec<Block>,
    /// The ink of the batch by pixel, in as many parts as blocks.
    by_pixel: Vec<ByPixel>,
    /// The groups of the batch in the convolutional layers.
    groups: Vec<GroupBuffers>,
    threads: usize,
    steps: u32,
}

/// The values of a batch in one layer.
struct LayerBuffers {
    shape: LayerShape,
    /// Number of units.
    width: usize,
    /// `[n, width]`: the outputs of the activation; of the last layer the logits.
    outputs: Vec<f32>,
    /// `[n, width]`: the gradient of the mean loss by the inputs of the activation.
    deltas: Vec<f32>,
    /// `[n, width]`: the slopes of the activation and dropout, if they are stored.
    slopes: Vec<f32>,
}

/// The optimizer state of one layer, and buffers. That of the weights of a fully connected first
/// layer is in the blocks.
struct LayerState {
    /// The gradient of the weights; empty in a fully connected first layer until it is needed.
    gradient: Vec<f32>,
    /// The gradient of the bias.
    bias_gradient: Vec<f32>,
    weight_moments: Moments,
    bias_moments: Moments,
}

impl LayerState {
    fn gradients_mut(&mut self) -> [&mut Vec<f32>; 2] {
        [&mut self.gradient, &mut self.bias_gradient]
    }
}

/// The number of blocks of the first layer: more than threads for a wide layer, so that an idle thread takes another.
fn blocks_for(width: usize, threads: usize) -> usize {
    const WIDE: usize = 128;
    let each = (width / (threads * WIDE)).clamp(1, 4);
    threads * each
}

/// Runs `work` on each part, in parallel unless there is one thread.
fn for_each<P: Send>(threads: usize, parts: &mut [P], work: impl Fn(&mut P) + Sync + Send) {
    if threads == 1 {
        parts.iter_mut().for_each(work);
    } else {
        parts.par_iter_mut().with_max_len(1).for_each(work);
    }
}

/// Splits a batch into parts of `rows_each` examples.
fn parts<'a>(layers: &'a mut [LayerBuffers], batch: Batch<'a>, rows_each: usize) -> Vec<Part<'a>> {
    let mut parts = Part::share_out(batch, rows_each);
    for layer in layers {
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
    parts
}

impl CpuStep {
    /// `mlp` must be on the CPU. `batch_size` is the size of most batches.
    pub(in crate::training) fn new(mlp: Mlp, batch_size: usize) -> Self {
        let is_small = batch_size.saturating_mul(mlp.config().multiplications()) < SMALL_STEP;
        let threads = if is_small {
            1
        } else {
            rayon::current_num_threads()
        };
        let shapes = mlp.config().layers();
        let layer = |&shape: &LayerShape| LayerBuffers {
            shape,
            width: shape.output.units(),
            outputs: Vec::new(),
            deltas: Vec::new(),
            slopes: Vec::new(),
        };
        let first = shapes[0];
        let blocks = if first.is_convolutional() {
            Vec::new()
        } else {
            let units = first.output.units();
            Block::share_out(units, blocks_for(units, threads))
        };
        let state = |(index, shape): (usize, &LayerShape)| {
            let [inputs, units] = shape.weight();
            let is_in_blocks = index == 0 && !blocks.is_empty();
            let weights = if is_in_blocks { 0 } else { inputs * units };
            LayerState {
                gradient: vec![0.0; weights],
                bias_gradient: vec![0.0; units],
                weight_moments: Moments::zero(weights),
                bias_moments: Moments::zero(units),
            }
        };
        Self {
            layers: shapes.iter().map(layer).collect(),
            states: shapes.iter().enumerate().map(state).collect(),
            by_pixel: ByPixel::share_out(blocks.len()),
            groups: Vec::new(),
            blocks,
            threads,
            steps: 0,
            mlp,
        }
    }

    /// The forward and backward pass: fills the outputs and deltas of every layer.
    fn propagate(
        &mut self,
        batch: Batch,
        settings: &StepSettings,
    ) -> candle_core::Result<BatchMetrics> {
        let count = batch.members.len();
        let values: Vec<_> = self
            .mlp
            .layers()
            .iter()
            .map(|layer| Ok([Values::of(&layer.weight)?, Values::of(&layer.bias)?]))
            .collect::<candle_core::Result<_>>()?;
        let weights: Vec<_> = values
            .iter()
            .map(|[weight, bias]| Ok([weight.as_slice()?, bias.as_slice()?]))
            .collect::<candle_core::Result<_>>()?;
        let pass = Pass {
            shapes: &self.mlp.config().layers(),
            weights: &weights,
            activation: self.mlp.config().activation(),
            loss: LossRule::new(settings, count),
            dropout: settings.dropout,
        };
        for layer in &mut self.layers {
            let len = count * layer.width;
            layer.outputs.resize(len, 0.0);
            layer.deltas.resize(len, 0.0);
            let stored = if pass.stores_slopes() { len } else { 0 };
            layer.slopes.resize(stored, 0.0);
        }
        let is_convolutional = self.blocks.is_empty();
        if is_convolutional {
            self.groups
                .resize_with(count.div_ceil(GROUP), GroupBuffers::default);
            let parts = parts(&mut self.layers, batch, GROUP).into_iter();
            let mut parts: Vec<_> = parts.zip(&mut self.groups).collect();
            for_each(self.threads, &mut parts, |(part, group)| {
                group.run_forward(&pass, part);
            });
        } else {
            let LayerBuffers {
                outputs, slopes, ..
            } = &mut self.layers[0];
            let by_pixel = &mut self.by_pixel;
            let mut parts = FirstPart::share_out(batch, outputs, slopes, &self.blocks, by_pixel);
            for_each(self.threads, &mut parts, |part| pass.run_first(part));
        }
        let mut tail = parts(&mut self.layers, batch, count.div_ceil(self.threads));
        for_each(self.threads, &mut tail, |part| pass.run(part));
        let metrics = tail.iter().map(|part| part.metrics);
        let metrics = metrics.fold(BatchMetrics::default(), BatchMetrics::plus);
        if is_convolutional {
            let parts = parts(&mut self.layers, batch, GROUP).into_iter();
            let mut parts: Vec<_> = parts.zip(&mut self.groups).collect();
            for_each(self.threads, &mut parts, |(part, group)| {
                group.run_back(&pass, part);
            });
        }
        Ok(metrics)
    }

    /// A step of the optimizer.
    fn update(&mut self, settings: &StepSettings) -> candle_core::Result<()> {
        self.steps += 1;
        let is_at_once = is_at_once(settings);
        if !is_at_once && !self.blocks.is_empty() {
            let first = &mut self.states[0].gradient;
            first.resize(self.mlp.layers()[0].weight.elem_count(), 0.0);
        }
        let at_once = Phase::AtOnce {
            adam: Adam::at_step(settings, self.steps, true),
            bias_adam: Adam::at_step(settings, self.steps, false),
        };
        let gradient = Phase::Gradient {
            l1: settings.l1 as f32,
            l2: 2.0 * settings.l2 as f32,
        };
        let apply = Phase::Apply {
            rule: UpdateRule::at_step(settings, self.steps, true),
            bias_rule: UpdateRule::at_step(settings, self.steps, false),
        };
        let step = update::OptimizerStep {
            by_pixel: &self.by_pixel,
            layers: &self.layers,
            groups: &self.groups,
        };
        let parameters: Vec<_> = self.mlp.parameters().collect();
        let (states, blocks, threads) = (&mut self.states, &mut self.blocks, self.threads);
        parameters::write_all(&parameters, &mut |mut parameters| {
            let mut run = |phase: Phase, states: &mut [LayerState]| {
                let mut jobs =
                    update::OptimizerStep::jobs(&mut parameters, states, blocks, threads);
                for_each(threads, &mut jobs, |job| step.run(phase, job));
            };
            if is_at_once {
                return run(at_once, states);
            }
            run(gradient, states);
            let gradients = states.iter_mut().flat_map(LayerState::gradients_mut);
            clip(gradients.collect(), settings.clip_norm);
            run(apply, states);
        })
    }
}

/// Whether each layer can be updated while its gradient is computed.
fn is_at_once(settings: &StepSettings) -> bool {
    let is_adam = matches!(settings.optimizer, Optimizer::Adam { .. });
    is_adam && settings.clip_norm == 0.0 && settings.l1 == 0.0 && settings.l2 == 0.0
}

/// Scales the gradients so that their common norm is at most `max_norm`; 0 is no limit.
fn clip(gradients: Vec<&mut Vec<f32>>, max_norm: f64) {
    if max_norm <= 0.0 {
        return;
    }
    let squares: f64 = gradients.iter().map(|gradient| squares(gradient)).sum();
    let factor = max_norm / (squares.sqrt() + CLIP_EPSILON);
    if factor < 1.0 {
        for gradient in gradients {
            kernels::scale(gradient, factor as f32);
        }
    }
}

/// The sum of squares, as eight independent sums.
fn squares(values: &[f32]) -> f64 {
    let mut sums = [0.0; 8];
    for values in values.chunks(sums.len()) {
        for (sum, &value) in sums.iter_mut().zip(values) {
            *sum += f64::from(value) * f64::from(value);
        }
    }
    sums.iter().sum()
}

impl Step for CpuStep {
    fn step(
        &mut self,
        batch: Batch,
        settings: &StepSettings,
    ) -> Result<BatchMetrics, TrainingError> {
        let metrics = self.propagate(batch, settings).map_err(ModelError::from)?;
        self.update(settings).map_err(ModelError::from)?;
        Ok(metrics)
    }

    fn state(&self) -> Result<OptimizerState, TrainingError> {
        let mut state = OptimizerState {
            steps: self.steps,
            ..OptimizerState::default()
        };
        let moments = self
            .states
            .iter()
            .flat_map(|state| [&state.weight_moments, &state.bias_moments]);
        for Moments { first, second } in moments {
            state.first.push(first.clone());
            state.second.push(second.clone());
        }
        let width = self.layers[0].width;
        let (first, second) = (&mut state.first[0], &mut state.second[0]);
        for block in &self.blocks {
            first.resize(PIXELS * width, 0.0);
            second.resize(PIXELS * width, 0.0);
            block.write_moments(width, first, second);
        }
        Ok(state)
    }

    fn restore(&mut self, state: &OptimizerState) -> Result<(), TrainingError> {
        self.steps = state.steps;
        let moments = self
            .states
            .iter_mut()
            .flat_map(|state| [&mut state.weight_moments, &mut state.bias_moments]);
        let states = state.first.iter().zip(&state.second);
        let in_blocks = usize::from(!self.blocks.is_empty());
        for (moments, (first, second)) in moments.zip(states).skip(in_blocks) {
            moments.first.clone_from(first);
            moments.second.clone_from(second);
        }
        let width = self.layers[0].width;
        for block in &mut self.blocks {
            block.read_moments(width, &state.first[0], &state.second[0]);
        }
        Ok(())
    }
}
