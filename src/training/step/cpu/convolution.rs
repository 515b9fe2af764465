//! The step of a network of fields on the CPU. Some examples at a time go all the way forward and back, and their
//! gradients are added up in order, so that how many threads there are does not change a bit.

use rayon::prelude::*;

use super::{
    dense::{self, Matrix},
    elementwise,
    loss::LossRule,
    parameters::{self, Values},
    pass::{activate, keeps_slopes},
    rule::Rule,
    shorten,
};
use crate::{
    error::{ModelError, TrainingError},
    model::{Activation, Mlp},
    training::{
        BatchFigures, OptimizerState, Step, StepSettings, batch::Batch, dropout::Dropout,
        step::convolution::ConvLayer,
    },
};

/// Examples that go together: enough for products of matrices, few enough that several threads have some.
const TOGETHER: usize = 64;

/// A network of fields with all that a step needs.
pub(in crate::training) struct Shared {
    mlp: Mlp,
    activation: Activation,
    layers: Vec<Layer>,
    /// What is learned: weight and bias of each layer in turn, shared ones once.
    learned: Vec<Vec<f32>>,
    optimizer: OptimizerState,
    groups: Vec<Group>,
}

/// A layer: of fields, or one whose units look at all.
struct Layer {
    fields: Option<ConvLayer>,
    inputs: usize,
    width: usize,
}

impl Layer {
    /// Inputs that a unit looks at, and units that look at the same.
    fn shape(&self) -> (usize, usize) {
        match &self.fields {
            Some(fields) => fields.shape(),
            None => (self.inputs, self.width),
        }
    }
}

/// What some examples leave on their way.
#[derive(Default)]
struct Group {
    /// `[n, 784]`.
    pixels: Vec<f32>,
    layers: Vec<Traces>,
    /// Of all that is learned.
    gradient: Vec<Vec<f32>>,
    figures: BatchFigures,
}

/// What they leave in one layer.
#[derive(Default)]
struct Traces {
    /// What each place looks at, `[n · places, field]`; empty where units look at all.
    seen: Vec<f32>,
    /// `[n, width]`: after the activation; of the last layer the logits.
    outputs: Vec<f32>,
    /// `[n, width]`: the gradient of the mean loss by the layer's sums.
    deltas: Vec<f32>,
    /// `[n, width]`: what a change of the sums changes the outputs by, where that is kept.
    slopes: Vec<f32>,
}

impl Shared {
    /// `mlp` must be on the CPU and have the weights of `fields` shared.
    pub(in crate::training) fn new(mlp: Mlp, fields: Vec<ConvLayer>) -> Result<Self, ModelError> {
        let widths = mlp.config().widths();
        let mut fields = fields.into_iter();
        let mut layers = Vec::new();
        let mut learned = Vec::new();
        for (dense, pair) in mlp.layers().iter().zip(widths.windows(2)) {
            let layer = Layer {
                fields: fields.next(),
                inputs: pair[0],
                width: pair[1],
            };
            let (weight, bias) = (Values::of(&dense.weight)?, Values::of(&dense.bias)?);
            let (weight, bias) = (weight.as_slice()?, bias.as_slice()?);
            learned.extend(match &layer.fields {
                Some(fields) => fields.shared(weight, bias),
                None => [weight.to_vec(), bias.to_vec()],
            });
            layers.push(layer);
        }
        let zeros = || {
            learned
                .iter()
                .map(|values| vec![0.0; values.len()])
                .collect()
        };
        Ok(Self {
            optimizer: OptimizerState {
                steps: 0,
                first: zeros(),
                second: zeros(),
            },
            activation: mlp.config().activation(),
            layers,
            learned,
            groups: Vec::new(),
            mlp,
        })
    }

    /// The gradient of the batch's mean loss, in the first group.
    fn propagate(&mut self, batch: Batch, settings: &StepSettings) -> BatchFigures {
        let count = batch.members.len();
        let pass = Pass {
            layers: &self.layers,
            learned: &self.learned,
            activation: self.activation,
            dropout: settings.dropout,
            loss: LossRule::new(settings, count),
        };
        let parts = batch.members.chunks(TOGETHER);
        let parts = parts.zip(batch.targets.chunks(TOGETHER));
        let parts: Vec<_> = parts.zip((0..).step_by(TOGETHER)).collect();
        let groups = self.groups.len().max(parts.len());
        self.groups.resize_with(groups, Group::default);
        let groups = &mut self.groups[..parts.len()];
        let run = |(group, ((members, targets), first_row)): (&mut Group, &((&_, &_), usize))| {
            let part = Batch {
                members,
                targets,
                ..batch
            };
            pass.run(group, part, *first_row);
        };
        groups.par_iter_mut().zip(&parts).for_each(run);
        if let Some((first, others)) = groups.split_first_mut() {
            for group in others {
                for (sums, part) in first.gradient.iter_mut().zip(&group.gradient) {
                    elementwise::add(sums, part);
                }
            }
        }
        let figures = groups.iter().map(|group| group.figures);
        figures.fold(BatchFigures::default(), BatchFigures::plus)
    }

    /// A step of the optimizer on all that is learned.
    fn update(&mut self, settings: &StepSettings) {
        self.optimizer.steps += 1;
        let gradient = &mut self.groups[0].gradient;
        let (l1, l2) = (settings.l1 as f32, 2.0 * settings.l2 as f32);
        if l1 != 0.0 || l2 != 0.0 {
            for (gradient, weights) in gradient.iter_mut().zip(&self.learned).step_by(2) {
                elementwise::add_penalty(gradient, weights, l1, l2);
            }
        }
        shorten(
            &mut gradient.iter_mut().collect::<Vec<_>>(),
            settings.clip_norm,
        );
        let OptimizerState {
            steps,
            first,
            second,
        } = &mut self.optimizer;
        let rules = [true, false].map(|is_weight| Rule::at_step(settings, *steps, is_weight));
        let moments = first.iter_mut().zip(second);
        let places = self.learned.iter_mut().zip(gradient).zip(moments);
        for (((values, gradient), (first, second)), rule) in places.zip(rules.iter().cycle()) {
            rule.update_slice(values, gradient, first, second);
        }
    }

    /// Writes what is learned into the network.
    fn spread(&self) -> candle_core::Result<()> {
        let parameters: Vec<_> = self.mlp.parameters().collect();
        parameters::write_all(&parameters, &mut |mut parameters| {
            let pairs = parameters.as_chunks_mut::<2>().0.iter_mut();
            let learned = self.learned.as_chunks::<2>().0;
            for (([weight, bias], [learned, learnt_bias]), layer) in
                pairs.zip(learned).zip(&self.layers)
            {
                if let Some(fields) = &layer.fields {
                    fields.spread(learned, weight);
                    fields.spread_bias(learnt_bias, bias);
                } else {
                    weight.copy_from_slice(learned);
                    bias.copy_from_slice(learnt_bias);
                }
            }
        })
    }
}

/// What the groups of a batch share on their way.
struct Pass<'a> {
    layers: &'a [Layer],
    learned: &'a [Vec<f32>],
    activation: Activation,
    dropout: Dropout,
    loss: LossRule,
}

impl Pass<'_> {
    /// All the way forward and back.
    fn run(&self, group: &mut Group, batch: Batch, first_row: usize) {
        let count = batch.members.len();
        group.pixels = batch.to_dense();
        group.layers.resize_with(self.layers.len(), Traces::default);
        group.gradient.resize_with(self.learned.len(), Vec::new);
        for index in 0..self.layers.len() {
            self.forward(group, index, (first_row, count));
        }
        let last = self.layers.len() - 1;
        let Traces {
            outputs, deltas, ..
        } = &mut group.layers[last];
        deltas.resize(outputs.len(), 0.0);
        group.figures = self.loss.apply(outputs, batch.targets, deltas);
        for index in (0..=last).rev() {
            self.back(group, index);
        }
    }

    fn forward(&self, group: &mut Group, index: usize, (first_row, count): (usize, usize)) {
        let layer = &self.layers[index];
        let (weight, bias) = (&self.learned[2 * index], &self.learned[2 * index + 1]);
        let (before, rest) = group.layers.split_at_mut(index);
        let inputs = before
            .last()
            .map_or(&group.pixels, |before| &before.outputs);
        let Traces {
            seen,
            outputs,
            slopes,
            ..
        } = &mut rest[0];
        if let Some(fields) = &layer.fields {
            let len = fields.places() * fields.field();
            seen.resize(count * len, 0.0);
            let rows = inputs.chunks_exact(layer.inputs);
            for (inputs, seen) in rows.zip(seen.chunks_exact_mut(len)) {
                fields.gather(inputs, seen);
            }
        }
        let inputs = if layer.fields.is_some() {
            &*seen
        } else {
            inputs
        };
        let (looked_at, channels) = layer.shape();
        outputs.resize(count * layer.width, 0.0);
        for outputs in outputs.chunks_exact_mut(channels) {
            outputs.copy_from_slice(bias);
        }
        let inputs = Matrix::by_rows(inputs, looked_at);
        dense::multiply(outputs, inputs, Matrix::by_rows(weight, channels), true);
        if index + 1 == self.layers.len() {
            return;
        }
        let keeps_slopes = keeps_slopes(self.activation, self.dropout);
        slopes.resize(if keeps_slopes { outputs.len() } else { 0 }, 0.0);
        let mut slopes = slopes.chunks_exact_mut(layer.width);
        for (row, outputs) in outputs.chunks_exact_mut(layer.width).enumerate() {
            let slopes = slopes.next().unwrap_or_default();
            let place = (index, first_row + row, 0);
            activate(self.activation, self.dropout, place, outputs, slopes);
        }
    }

    /// From a layer's deltas to its gradient, and to the deltas of the layer before.
    fn back(&self, group: &mut Group, index: usize) {
        let layer = &self.layers[index];
        let (looked_at, channels) = layer.shape();
        let weight = &self.learned[2 * index];
        let (before, rest) = group.layers.split_at_mut(index);
        let Traces { seen, deltas, .. } = &mut rest[0];
        let inputs = before
            .last()
            .map_or(&group.pixels, |before| &before.outputs);
        let inputs = if layer.fields.is_some() {
            &*seen
        } else {
            inputs
        };
        let [gradient, bias_gradient] = &mut group.gradient.as_chunks_mut::<2>().0[index];
        gradient.resize(weight.len(), 0.0);
        bias_gradient.resize(channels, 0.0);
        let by_place = Matrix::by_rows(deltas, channels);
        let inputs = Matrix::by_rows(inputs, looked_at).transposed();
        dense::multiply(gradient, inputs, by_place, false);
        dense::sum_rows(deltas, bias_gradient);
        let Some(before) = before.last_mut() else {
            return;
        };
        let back = Matrix::by_rows(weight, channels).transposed();
        before.deltas.resize(before.outputs.len(), 0.0);
        if let Some(fields) = &layer.fields {
            dense::multiply(seen, by_place, back, false);
            before.deltas.fill(0.0);
            let len = fields.places() * fields.field();
            let rows = before.deltas.chunks_exact_mut(layer.inputs);
            for (deltas, seen) in rows.zip(seen.chunks_exact(len)) {
                fields.scatter_add(seen, deltas);
            }
        } else {
            dense::multiply(&mut before.deltas, by_place, back, false);
        }
        if keeps_slopes(self.activation, self.dropout) {
            elementwise::multiply(&mut before.deltas, &before.slopes);
        } else {
            dense::multiply_by_slope(self.activation, &before.outputs, &mut before.deltas);
        }
    }
}

impl Step for Shared {
    fn step(
        &mut self,
        batch: Batch,
        settings: &StepSettings,
    ) -> Result<BatchFigures, TrainingError> {
        let figures = self.propagate(batch, settings);
        self.update(settings);
        self.spread().map_err(ModelError::from)?;
        Ok(figures)
    }

    fn state(&self) -> Result<OptimizerState, TrainingError> {
        Ok(self.optimizer.clone())
    }

    fn restore(&mut self, state: &OptimizerState) -> Result<(), TrainingError> {
        self.optimizer.clone_from(state);
        Ok(())
    }
}
