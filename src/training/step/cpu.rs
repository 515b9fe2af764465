//! The fast step on the CPU: the same numbers as the general one, without its temporaries.
//!
//! A step has three phases, and within each the threads have nothing to do with each other. First
//! each takes some columns of the first layer's weights, most of all there are, and computes them
//! for the whole batch. Then each takes a part of the batch from there all the way forward and back,
//! down to the gradient of every layer's sums. Then each takes its columns of the first layer again,
//! which are still in its cache, and a part of every later layer's rows, computes their gradient
//! over the whole batch and uses it up in Adam's update. So each sum is made by one thread, in one
//! order, and how many threads there are does not change a bit.
//!
//! What has to know the whole gradient first, or is no Adam's, writes it down in the third phase and
//! uses it in a fourth.

mod adam;
mod convolution;
mod dense;
mod elementwise;
mod loss;
pub(in crate::training) mod parameters;
mod pass;
mod rule;
mod sparse;
mod thread_pool;
mod update;

pub(in crate::training) use self::convolution::Shared;
use self::{
    adam::Adam,
    loss::LossRule,
    parameters::Values,
    pass::{FirstPart, LayerRows, Part, Pass},
    rule::Rule,
    sparse::{Block, ByPixel},
    thread_pool::{MAX_PARTS, ThreadPool},
    update::{Moments, Phase},
};
use super::{BatchFigures, OptimizerState, Step, StepSettings, autograd::CLIP_EPSILON};
use crate::{
    bitmap::PIXELS,
    error::{ModelError, TrainingError},
    model::{Activation, Mlp},
    training::{batch::Batch, config::Optimizer},
};

/// Parameters times examples of a step below which a second thread costs more than it saves.
///
/// One thread does about 84 GFLOP/s as if no pixel was paper, so that a step of this size takes it 6 µs; to share a
/// phase costs about 0.7 µs, and a step has three.
const SMALL_STEP: usize = 1 << 17;

/// A network on the CPU with all that a step needs, so that a step allocates next to nothing.
pub(in crate::training) struct CpuStep {
    mlp: Mlp,
    activation: Activation,
    layers: Vec<Layer>,
    states: Vec<State>,
    /// The first layer's columns, for the threads to share.
    blocks: Vec<Block>,
    /// The batch's ink by pixel; as many parts as there are blocks.
    by_pixel: Vec<ByPixel>,
    team: ThreadPool,
    steps: u32,
}

/// What a batch leaves in one layer.
struct Layer {
    /// Units that come out.
    width: usize,
    /// `[n, width]`: after the activation; for the last layer the logits.
    outputs: Vec<f32>,
    /// `[n, width]`: the gradient of the mean loss by the layer's sums.
    deltas: Vec<f32>,
    /// `[n, width]`: what a change of the layer's sums changes the outputs by, where that is kept.
    slopes: Vec<f32>,
}

/// What a step on one layer leaves for the next step, and scratch. The first layer's weights have
/// theirs in the blocks.
struct State {
    /// `[in, width]`: scratch for the weights' gradient; empty in the first layer until it is needed.
    gradient: Vec<f32>,
    /// `[width]`: scratch for the bias's gradient.
    bias_gradient: Vec<f32>,
    weight_moments: Moments,
    bias_moments: Moments,
}

impl State {
    fn gradients_mut(&mut self) -> [&mut Vec<f32>; 2] {
        [&mut self.gradient, &mut self.bias_gradient]
    }
}

/// Into how many blocks the first layer's columns are shared out: a wide layer into more than there are
/// threads, so that whoever is done early takes another.
fn blocks_for(width: usize, threads: usize) -> usize {
    const WIDE: usize = 128;
    let each = (width / (threads * WIDE)).clamp(1, 4);
    (threads * each).min(MAX_PARTS)
}

impl CpuStep {
    /// `mlp` must be on the CPU. Whatever the size of a batch turns out to be, `batch_size` is what
    /// most steps will have.
    pub(in crate::training) fn new(mlp: Mlp, batch_size: usize) -> Self {
        let is_small = batch_size.saturating_mul(mlp.config().parameter_count()) < SMALL_STEP;
        let threads = if is_small {
            1
        } else {
            rayon::current_num_threads()
        };
        let widths = mlp.config().widths();
        let layer = |&width: &usize| Layer {
            width,
            outputs: Vec::new(),
            deltas: Vec::new(),
            slopes: Vec::new(),
        };
        let state = |(index, pair): (usize, &[usize])| {
            let weights = if index == 0 { 0 } else { pair[0] * pair[1] };
            State {
                gradient: vec![0.0; weights],
                bias_gradient: vec![0.0; pair[1]],
                weight_moments: Moments::zero(weights),
                bias_moments: Moments::zero(pair[1]),
            }
        };
        let team = ThreadPool::new(threads);
        let blocks = Block::share_out(widths[1], blocks_for(widths[1], team.threads()));
        Self {
            activation: mlp.config().activation(),
            layers: widths[1..].iter().map(layer).collect(),
            states: widths.windows(2).enumerate().map(state).collect(),
            by_pixel: ByPixel::share_out(blocks.len()),
            blocks,
            team,
            steps: 0,
            mlp,
        }
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
        let keeps_slopes = pass::keeps_slopes(self.activation, settings.dropout);
        for layer in &mut self.layers {
            let len = count * layer.width;
            layer.outputs.resize(len, 0.0);
            layer.deltas.resize(len, 0.0);
            layer.slopes.resize(if keeps_slopes { len } else { 0 }, 0.0);
        }
        let pass = Pass {
            weights: &weights,
            activation: self.activation,
            loss: LossRule::new(settings, count),
            dropout: settings.dropout,
        };
        let Layer {
            outputs, slopes, ..
        } = &mut self.layers[0];
        let by_pixel = &mut self.by_pixel;
        let mut parts = FirstPart::share_out(batch, outputs, slopes, &self.blocks, by_pixel);
        self.team.share(&mut parts, |part| pass.run_first(part));
        let rows_each = count.div_ceil(self.team.threads());
        let mut parts = Part::share_out(batch, rows_each);
        for layer in &mut self.layers {
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
        self.team.share(&mut parts, |part| pass.run(part));
        let figures = parts.iter().map(|part| part.figures);
        Ok(figures.fold(BatchFigures::default(), BatchFigures::plus))
    }

    /// A step of the optimizer on all parameters.
    fn update(&mut self, settings: &StepSettings) -> candle_core::Result<()> {
        self.steps += 1;
        let is_at_once = is_at_once(settings);
        if !is_at_once {
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
            rule: Rule::at_step(settings, self.steps, true),
            bias_rule: Rule::at_step(settings, self.steps, false),
        };
        let step = update::Step {
            by_pixel: &self.by_pixel,
            layers: &self.layers,
        };
        let parameters: Vec<_> = self.mlp.parameters().collect();
        let (states, blocks, team) = (&mut self.states, &mut self.blocks, &mut self.team);
        parameters::write_all(&parameters, &mut |mut parameters| {
            let mut run = |phase: Phase, states: &mut [State]| {
                let mut jobs = step.jobs(&mut parameters, states, blocks, team.threads());
                for jobs in jobs.chunks_mut(MAX_PARTS) {
                    team.share(jobs, |job| step.run(phase, job));
                }
            };
            if is_at_once {
                return run(at_once, states);
            }
            run(gradient, states);
            let gradients = states.iter_mut().flat_map(State::gradients_mut);
            shorten(&mut gradients.collect::<Vec<_>>(), settings.clip_norm);
            run(apply, states);
        })
    }
}

/// Whether each layer can be updated while its gradient is made.
fn is_at_once(settings: &StepSettings) -> bool {
    let is_adam = matches!(
        settings.optimizer,
        Optimizer::Adam { .. } | Optimizer::AdamW { .. }
    );
    is_adam && settings.clip_norm == 0.0 && settings.l1 == 0.0 && settings.l2 == 0.0
}

/// Shortens all gradients together where they are longer than `most` above 0.
fn shorten(gradients: &mut [&mut Vec<f32>], most: f64) {
    if most <= 0.0 {
        return;
    }
    let squares: f64 = gradients.iter().map(|gradient| squares(gradient)).sum();
    let factor = most / (squares.sqrt() + CLIP_EPSILON);
    if factor < 1.0 {
        for gradient in gradients {
            elementwise::scale(gradient, factor as f32);
        }
    }
}

/// The sum of the squares, as eight sums that do not wait for each other.
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
    ) -> Result<BatchFigures, TrainingError> {
        let figures = self.propagate(batch, settings).map_err(ModelError::from)?;
        self.update(settings).map_err(ModelError::from)?;
        Ok(figures)
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
        // The first layer's are in the blocks.
        let width = self.layers[0].width;
        let (first, second) = (&mut state.first[0], &mut state.second[0]);
        first.resize(PIXELS * width, 0.0);
        second.resize(PIXELS * width, 0.0);
        for block in &self.blocks {
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
        let kept = state.first.iter().zip(&state.second);
        for (moments, (first, second)) in moments.zip(kept).skip(1) {
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
