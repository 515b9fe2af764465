//! Updates that have to know the whole gradient first, or that are no Adam's.
//!
//! Each gradient is written down, changed by what the weights are penalised with, shortened together with
//! the others, and then used.

use rayon::prelude::*;

use super::{
    Fused, Layer, Moments,
    dense::{self, Matrix},
    elementwise,
    parameters::{self, Values},
    rule::Rule,
    sparse,
};
use crate::training::{StepSettings, autograd::CLIP_EPSILON, batch::Batch};

/// Numbers whose squares are summed by one thread, so that the sum does not depend on how many there are.
const SUMMED_AT_ONCE: usize = 1 << 14;

impl Fused {
    /// Updates all parameters once every layer's deltas are there.
    pub(super) fn update_by_gradients(
        &mut self,
        batch: Batch,
        settings: &StepSettings,
    ) -> candle_core::Result<()> {
        for index in 0..self.layers.len() {
            self.write_gradients(index, batch);
            self.penalise(index, settings)?;
        }
        self.shorten(settings.clip_norm);
        let weight_rule = Rule::at_step(settings, self.steps, true);
        let bias_rule = Rule::at_step(settings, self.steps, false);
        for (layer, dense) in self.layers.iter_mut().zip(self.mlp.layers()) {
            let Layer {
                gradient,
                bias_gradient,
                weight_moments,
                bias_moments,
                ..
            } = layer;
            let len = gradient.len().div_ceil(self.threads);
            parameters::write(&dense.weight, |weight| {
                let Moments { first, second } = &mut *weight_moments;
                let places = weight.par_chunks_mut(len).zip(gradient.par_chunks(len));
                let moments = first.par_chunks_mut(len).zip(second.par_chunks_mut(len));
                places.zip(moments).with_max_len(1).for_each(
                    |((weight, gradient), (first, second))| {
                        weight_rule.update_slice(weight, gradient, first, second);
                    },
                );
            })?;
            parameters::write(&dense.bias, |bias| {
                let Moments { first, second } = &mut *bias_moments;
                bias_rule.update_slice(bias, bias_gradient, first, second);
            })?;
        }
        Ok(())
    }

    /// The gradient of the mean loss by a layer's weights and bias.
    fn write_gradients(&mut self, index: usize, batch: Batch) {
        let (before, rest) = self.layers.split_at_mut(index);
        let Layer {
            width,
            deltas,
            gradient,
            bias_gradient,
            weight_moments,
            ..
        } = &mut rest[0];
        dense::sum_rows(deltas, bias_gradient);
        // The first layer has no place for it until it is needed.
        gradient.resize(weight_moments.first.len(), 0.0);
        let Some(previous) = before.last() else {
            let len = self.rows[0].pixels.len() * *width;
            let places = self.rows.par_iter_mut().zip(gradient.par_chunks_mut(len));
            return places.with_max_len(1).for_each(|(rows, gradient)| {
                sparse::gradient(batch, deltas, rows, gradient);
            });
        };
        let inputs = Matrix::by_rows(&previous.outputs, previous.width);
        let deltas = Matrix::by_rows(deltas, *width);
        let rows_each = previous.width.div_ceil(self.threads);
        let places = gradient.par_chunks_mut(rows_each * *width).enumerate();
        places.with_max_len(1).for_each(|(part, gradient)| {
            let start = part * rows_each;
            let columns = start..start + gradient.len() / *width;
            dense::multiply(
                gradient,
                inputs.columns(columns).transposed(),
                deltas,
                false,
            );
        });
    }

    /// Adds the gradient of the penalties on a layer's weights.
    fn penalise(&mut self, index: usize, settings: &StepSettings) -> candle_core::Result<()> {
        let (l1, l2) = (settings.l1 as f32, 2.0 * settings.l2 as f32);
        if l1 == 0.0 && l2 == 0.0 {
            return Ok(());
        }
        let values = Values::of(&self.mlp.layers()[index].weight)?;
        let weights = values.as_slice()?;
        let gradient = &mut self.layers[index].gradient;
        let len = gradient.len().div_ceil(self.threads);
        let places = gradient.par_chunks_mut(len).zip(weights.par_chunks(len));
        places.with_max_len(1).for_each(|(gradient, weights)| {
            elementwise::add_penalty(gradient, weights, l1, l2);
        });
        Ok(())
    }

    /// Shortens all gradients together where they are longer than `most` above 0.
    fn shorten(&mut self, most: f64) {
        if most <= 0.0 {
            return;
        }
        let parts = self.layers.iter().flat_map(|layer| {
            let weights = layer.gradient.chunks(SUMMED_AT_ONCE);
            weights.chain(layer.bias_gradient.chunks(SUMMED_AT_ONCE))
        });
        let parts: Vec<&[f32]> = parts.collect();
        let squares: Vec<f64> = parts.par_iter().map(|part| sum_of_squares(part)).collect();
        let length = squares.iter().sum::<f64>().sqrt();
        let factor = most / (length + CLIP_EPSILON);
        if factor >= 1.0 {
            return;
        }
        for layer in &mut self.layers {
            let weights = layer.gradient.par_chunks_mut(SUMMED_AT_ONCE);
            weights.for_each(|part| elementwise::scale(part, factor as f32));
            elementwise::scale(&mut layer.bias_gradient, factor as f32);
        }
    }
}

fn sum_of_squares(values: &[f32]) -> f64 {
    values.iter().map(|&value| f64::from(value).powi(2)).sum()
}
