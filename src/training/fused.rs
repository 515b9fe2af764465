//! The fast step on the CPU: the same numbers as the general one, without its temporaries.
//!
//! A step has three phases, and within each the threads have nothing to do with each other. First
//! each takes some columns of the first layer's weights, most of all there are, and computes them
//! for the whole batch. Then each takes a part of the batch from there all the way forward and back,
//! down to the gradient of every layer's sums. Then each takes its columns of the first layer again,
//! which are still in its cache, and a part of every later layer's rows, computes their gradient
//! over the whole batch and uses it up in Adam's update. So each sum is made by one thread, in one
//! order, and how many threads there are does not change a bit.

mod adam;
mod dense;
mod parameters;
mod pass;
mod sparse;
mod team;
mod update;

use self::{
    adam::Adam,
    parameters::Values,
    pass::{FirstPart, Part, Pass},
    sparse::{Block, ByPixel},
    team::{MOST_PARTS, Team},
    update::Moments,
};
use super::{BatchFigures, Step, StepSettings, batch::Batch};
use crate::{
    error::{ModelError, TrainingError},
    model::{Activation, Mlp},
};

/// Parameters times examples of a step below which a second thread costs more than it saves.
const SMALL_STEP: usize = 1 << 17;

/// A network on the CPU with all that a step needs, so that a step allocates next to nothing.
pub(super) struct Fused {
    mlp: Mlp,
    activation: Activation,
    layers: Vec<Layer>,
    states: Vec<State>,
    /// The first layer's columns, for the threads to share.
    blocks: Vec<Block>,
    /// The batch's ink by pixel; as many parts as there are blocks.
    by_pixel: Vec<ByPixel>,
    team: Team,
    steps: i32,
}

/// What a batch leaves in one layer.
struct Layer {
    /// Units that come out.
    width: usize,
    /// `[n, width]`: after the activation; for the last layer the logits.
    outputs: Vec<f32>,
    /// `[n, width]`: the gradient of the mean loss by the layer's sums.
    deltas: Vec<f32>,
}

/// What a step on one layer leaves for the next step, and scratch. The first layer's weights have
/// theirs in the blocks.
struct State {
    /// `[in, width]`: scratch for the weights' gradient.
    gradient: Vec<f32>,
    /// `[width]`: scratch for the bias's gradient.
    bias_gradient: Vec<f32>,
    weight_moments: Moments,
    bias_moments: Moments,
}

/// Into how many blocks the first layer's columns are shared out: a wide layer into more than there are
/// threads, so that whoever is done early takes another.
fn blocks_for(width: usize, threads: usize) -> usize {
    const WIDE: usize = 128;
    let each = (width / (threads * WIDE)).clamp(1, 4);
    (threads * each).min(MOST_PARTS)
}

impl Fused {
    /// `mlp` must be on the CPU. Whatever the size of a batch turns out to be, `batch_size` is what
    /// most steps will have.
    pub(super) fn new(mlp: Mlp, batch_size: usize) -> Self {
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
        let team = Team::new(threads);
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
        for layer in &mut self.layers {
            layer.outputs.resize(count * layer.width, 0.0);
            layer.deltas.resize(count * layer.width, 0.0);
        }
        let pass = Pass {
            weights: &weights,
            activation: self.activation,
            scale: 1.0 / count as f32,
            label_smoothing: settings.label_smoothing as f32,
            rejects: settings.rejects,
        };
        let outputs = &mut self.layers[0].outputs;
        let mut parts = FirstPart::share_out(batch, outputs, &self.blocks, &mut self.by_pixel);
        self.team.share(&mut parts, |part| pass.run_first(part));
        let rows_each = count.div_ceil(self.team.threads());
        let mut parts = Part::share_out(batch, rows_each);
        for layer in &mut self.layers {
            let outputs = layer.outputs.chunks_mut(rows_each * layer.width);
            let deltas = layer.deltas.chunks_mut(rows_each * layer.width);
            for (part, place) in parts.iter_mut().zip(outputs.zip(deltas)) {
                part.layers.push(place);
            }
        }
        self.team.share(&mut parts, |part| pass.run(part));
        let figures = parts.iter().map(|part| part.figures);
        Ok(figures.fold(BatchFigures::default(), BatchFigures::plus))
    }

    /// A step of Adam on all parameters.
    fn update(&mut self, settings: &StepSettings) -> candle_core::Result<()> {
        self.steps += 1;
        let step = update::Step {
            adam: Adam::at_step(self.steps, settings.learning_rate, settings.weight_decay),
            bias_adam: Adam::at_step(self.steps, settings.learning_rate, 0.0),
            by_pixel: &self.by_pixel,
            layers: &self.layers,
        };
        let dense = self.mlp.layers().iter();
        let parameters: Vec<_> = dense
            .flat_map(|dense| [&dense.weight, &dense.bias])
            .collect();
        let (states, blocks, team) = (&mut self.states, &mut self.blocks, &mut self.team);
        parameters::write_all(&parameters, &mut |parameters| {
            let mut jobs = step.jobs(parameters, states, blocks, team.threads());
            for jobs in jobs.chunks_mut(MOST_PARTS) {
                team.share(jobs, |job| step.run(job));
            }
        })
    }
}

impl Step for Fused {
    fn step(
        &mut self,
        batch: Batch,
        settings: &StepSettings,
    ) -> Result<BatchFigures, TrainingError> {
        let figures = self.propagate(batch, settings).map_err(ModelError::from)?;
        self.update(settings).map_err(ModelError::from)?;
        Ok(figures)
    }
}
