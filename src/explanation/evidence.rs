//! Evidence: how much each pixel speaks for the winner, or for its rival.

use super::Comparison;
use crate::{
    bitmap::{Bitmap, CLASSES, Digit, PIXELS},
    error::ModelError,
    model::{Mlp, file::Model, trace::Trace},
    recognition,
};

/// What each pixel adds to the margin of the winner over its rival.
///
/// Evidence is taken at the input of the network: after the preprocessing, which belongs to the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The two digits.
    pub comparison: Comparison,
    /// The logit of the winner minus that of the rival, by an ordinary prediction.
    pub margin: f32,
    /// The network's input.
    pub input: Bitmap,
    /// The part of each pixel, row by row from the top left: above 0 for the winner, below 0 for the rival. A pixel
    /// without ink adds nothing.
    pub pixels: Box<[f32; PIXELS]>,
    /// The part that no pixel adds.
    pub rest: f32,
    /// How the parts were computed.
    pub method: Method,
}

/// How evidence is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// For piecewise linear networks. Around the input x the logits are f(x) = J·x + β. A pixel adds
    /// `x · (J[winner] − J[rival])`,
    /// and the rest is `β[winner] − β[rival]`, the part of the biases (Chu and others 2018,
    /// `OpenBox`; Srinivas and Fleuret 2019, `FullGrad`).
    Exact,
    /// For other networks: integrated gradients from blank paper to the input (Sundararajan, Taly and Yan 2017). A pixel
    /// adds x times the mean derivative on the way, and the rest is the margin of blank paper.
    IntegratedGradients {
        /// The number of points at which the derivative was computed.
        points: usize,
    },
}

/// The points of integrated gradients: they double until the parts add up.
const FIRST_POINTS: usize = 32;
const MAX_POINTS: usize = 512;
/// The largest difference between the sum of the parts and the margin, as a fraction of what the pixels add, at which
/// no more points are computed.
const COMPLETENESS: f32 = 0.005;

impl Evidence {
    /// The evidence in a bitmap, against `rival` or the second digit.
    ///
    /// # Errors
    /// When a logit is NaN or infinite, or the network is not on the CPU.
    pub fn new(model: &Model, bitmap: &Bitmap, rival: Option<Digit>) -> Result<Self, ModelError> {
        let preprocessing = model.mlp.config().preprocessing();
        Self::of_input(model, &preprocessing.of_bitmap(bitmap), rival)
    }

    /// The evidence in a bitmap that is already preprocessed.
    ///
    /// # Errors
    /// As [`Evidence::new`].
    pub fn of_input(
        model: &Model,
        input: &Bitmap,
        rival: Option<Digit>,
    ) -> Result<Self, ModelError> {
        let trace = Trace::new(&model.mlp, input.pixels())?;
        if !recognition::are_finite(trace.logits()) {
            return Err(recognition::not_finite());
        }
        let logits = &trace.logits()[0];
        let comparison = Comparison::new(logits, rival);
        let margin = comparison.margin(logits);
        let evidence = |pixels, rest, method| Self {
            comparison,
            margin,
            input: input.clone(),
            pixels,
            rest,
            method,
        };
        if model.mlp.config().is_piecewise_linear() {
            let gradient = trace.gradient(&comparison.weights())?;
            let pixels = parts(input.pixels(), &gradient.pixels);
            return Ok(evidence(pixels, gradient.bias[0], Method::Exact));
        }
        let blank = Trace::new(&model.mlp, &[0.0; PIXELS])?;
        let rest = comparison.margin(&blank.logits()[0]);
        let mut points = FIRST_POINTS;
        loop {
            let mean = mean_gradient(&model.mlp, input.pixels(), &comparison.weights(), points)?;
            let pixels = parts(input.pixels(), &mean);
            let evidence = evidence(pixels, rest, Method::IntegratedGradients { points });
            let bound = COMPLETENESS * (margin - rest).abs();
            if evidence.error().abs() <= bound || points >= MAX_POINTS {
                return Ok(evidence);
            }
            points *= 2;
        }
    }

    /// The sum of the pixels' parts.
    pub fn sum(&self) -> f32 {
        self.pixels.iter().map(|&part| f64::from(part)).sum::<f64>() as f32
    }

    /// The margin minus all parts: a rounding error of the exact method, and the completeness error of integrated
    /// gradients.
    pub fn error(&self) -> f32 {
        self.margin - self.rest - self.sum()
    }
}

fn parts(pixels: &[f32; PIXELS], gradient: &[f32]) -> Box<[f32; PIXELS]> {
    Box::new(std::array::from_fn(|index| pixels[index] * gradient[index]))
}

/// The mean derivative at `points` between blank paper and the pixels, in the middle of equal steps.
fn mean_gradient(
    mlp: &Mlp,
    pixels: &[f32; PIXELS],
    weights: &[f32; CLASSES],
    points: usize,
) -> Result<Vec<f32>, ModelError> {
    let along = |step: usize| (step as f32 + 0.5) / points as f32;
    let images = (0..points).flat_map(|step| pixels.map(|pixel| along(step) * pixel));
    let images: Vec<f32> = images.collect();
    let gradient = Trace::new(mlp, &images)?.gradient(weights)?;
    let mut mean = vec![0.0; PIXELS];
    for gradient in gradient.pixels.chunks_exact(PIXELS) {
        for (mean, value) in mean.iter_mut().zip(gradient) {
            *mean += value / points as f32;
        }
    }
    Ok(mean)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor, Var};

    use super::*;
    use crate::{
        error::InputError,
        explanation::test_support::{drawings, model},
        ink::to_bitmap,
        model::{Activation, MlpConfig},
    };

    /// candle's gradient of the margin at the evidence's input, times the input.
    fn by_candle(model: &Model, evidence: &Evidence) -> Vec<f32> {
        let pixels = evidence.input.pixels().to_vec();
        let input = Tensor::from_vec(pixels, (1, PIXELS), &Device::Cpu).expect("fits");
        let input = Var::from_tensor(&input).expect("a leaf");
        let logits = model.mlp.forward(&input).expect("computes");
        let weights = Tensor::new(&evidence.comparison.weights(), &Device::Cpu).expect("fits");
        let margin = logits.broadcast_mul(&weights).and_then(|all| all.sum_all());
        let gradients = margin.and_then(|sum| sum.backward()).expect("computes");
        let product = gradients.get(&input).expect("of the input") * input.as_tensor();
        let product = product.and_then(|product| product.flatten_all());
        product.and_then(|product| product.to_vec1()).expect("f32")
    }

    #[test]
    fn exact_evidence_adds_up_to_the_margin_of_100_drawings() {
        let models = [
            Model::built_in().expect("fits"),
            model(&MlpConfig::relu([], [32])),
            model(&MlpConfig::relu([4, 6], [16]).with_activation(Activation::LeakyRelu)),
            model(&MlpConfig::relu([], []).with_activation(Activation::Tanh)),
        ];
        for model in models {
            let name = model.mlp.config().to_string();
            for (index, ink) in drawings(100).iter().enumerate() {
                let bitmap = to_bitmap(ink).expect("has strokes");
                let rival = Digit::new((index % 11) as u8);
                let evidence = Evidence::new(&model, &bitmap, rival).expect("finite");
                assert_eq!(evidence.method, Method::Exact, "{name}");
                let logits = recognition::logits(&model, bitmap.pixels().to_vec());
                let logits = logits.expect("finite")[0];
                let comparison = Comparison::new(&logits, rival);
                assert_eq!(evidence.comparison, comparison, "{name}: drawing {index}");
                // Sums of up to 784 products of f32, of which the largest are about 10, in another order.
                let error = comparison.margin(&logits) - evidence.rest - evidence.sum();
                assert!(
                    error.abs() < 1e-4,
                    "{name}: drawing {index}: off by {error}"
                );
                let oracle = by_candle(&model, &evidence);
                let mut pairs = evidence.pixels.iter().zip(&oracle);
                let is_close = pairs.all(|(found, oracle)| (found - oracle).abs() < 1e-4);
                assert!(is_close, "{name}: drawing {index}");
            }
        }
    }

    #[test]
    fn integrated_gradients_are_complete_to_a_hundredth() {
        for activation in [Activation::Sigmoid, Activation::Tanh, Activation::Gelu] {
            let model = model(&MlpConfig::relu([4], [24]).with_activation(activation));
            for ink in drawings(20) {
                let bitmap = to_bitmap(&ink).expect("has strokes");
                let evidence = Evidence::new(&model, &bitmap, None).expect("finite");
                let points = match evidence.method {
                    Method::IntegratedGradients { points } => points,
                    Method::Exact => 0,
                };
                assert!(points >= FIRST_POINTS, "{activation}: {points} points");
                let blank = recognition::logits(&model, vec![0.0; PIXELS]).expect("finite")[0];
                // One image or many: the products of matrices add in another order.
                let off = evidence.rest - evidence.comparison.margin(&blank);
                assert!(off.abs() < 1e-4, "{activation}: the rest is blank paper");
                let bound = 0.01 * (evidence.margin - evidence.rest).abs();
                let error = evidence.error();
                assert!(error.abs() <= bound, "{activation}: {error}, above {bound}");
            }
        }
    }

    #[test]
    fn evidence_of_invalid_weights_is_refused() {
        let model = model(&MlpConfig::relu([], []));
        let nan = Tensor::new(&[f32::NAN; CLASSES], &Device::Cpu).expect("fits");
        model.mlp.layers()[0].bias.set(&nan).expect("fits");
        let evidence = Evidence::new(&model, &Bitmap::blank(), None);
        assert!(
            matches!(evidence, Err(ModelError::Input(InputError::Refused(_)))),
            "not finite"
        );
    }
}
