//! The steps against the numbers of PyTorch, which tests/reference/mlp.py writes.

use candle_core::{Tensor, Var};
use serde::{Deserialize, Deserializer, de::Error as _};

use super::*;
use crate::{
    bitmap::CLASSES,
    data::Target,
    model::{Layer, LayerShape, calibration::Calibration},
    recognition::Prediction,
    training::{
        average::Average,
        config::{Loss, Optimizer, TrainingConfig},
        dropout::Dropout,
        step::{autograd::Autograd, cpu::CpuStep},
    },
};

/// PyTorch computes in `f64`, the steps in `f32`: sums of 784 terms of size 1 are exact to some 1e-5, and five steps of Adam
/// amplify that.
const TOLERANCE: f64 = 2e-4;
/// As in mlp.py.
const BATCH: usize = 6;

#[derive(Deserialize)]
struct Reference {
    cases: Vec<Case>,
    average: AverageCase,
}

/// The settings and results of mlp.py.
#[derive(Deserialize)]
struct Case {
    filters: Vec<usize>,
    hidden: Vec<usize>,
    activation: Activation,
    #[serde(deserialize_with = "loss")]
    loss: Loss,
    label_smoothing: f64,
    #[serde(deserialize_with = "optimizer")]
    optimizer: Optimizer,
    learning_rate: f64,
    l1: f64,
    l2: f64,
    clip_norm: f64,
    rejects: bool,
    dropout: Option<DropoutCase>,
    labels: Vec<u8>,
    logits: Vec<Vec<f64>>,
    probabilities: Vec<Vec<f64>>,
    gradient_norms: Vec<f64>,
    losses: Vec<f64>,
    logits_after: Vec<Vec<f64>>,
}

/// The configuration with this value of a key.
fn config_with<'de, D: Deserializer<'de>>(
    key: &str,
    deserializer: D,
) -> Result<TrainingConfig, D::Error> {
    let value = toml::Value::deserialize(deserializer)?;
    let config = toml::Table::from_iter([(key.to_owned(), value)]);
    config.try_into().map_err(D::Error::custom)
}

fn loss<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Loss, D::Error> {
    Ok(config_with("loss", deserializer)?.loss)
}

fn optimizer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Optimizer, D::Error> {
    Ok(config_with("optimizer", deserializer)?.optimizer)
}

#[derive(Deserialize)]
struct DropoutCase {
    rate: f64,
    seed: u64,
    step: u64,
}

#[derive(Deserialize)]
struct AverageCase {
    decay: f64,
    values: Vec<f32>,
    means: Vec<f64>,
}

/// `count` values in -1..1 that hardly repeat.
fn wave(count: usize, step: f64, shift: f64) -> impl Iterator<Item = f64> {
    (0..count).map(move |index| (index as f64 * step + shift).sin())
}

fn images() -> Vec<[u8; PIXELS]> {
    let raw = wave(BATCH * PIXELS, 0.37, 0.2);
    let bytes: Vec<u8> = raw
        .map(|x| (x * 700.0 - 445.0).floor().clamp(0.0, 255.0) as u8)
        .collect();
    bytes.as_chunks().0.to_vec()
}

fn network(case: &Case) -> Mlp {
    let config = MlpConfig::relu(case.filters.clone(), case.hidden.clone());
    let config = config.with_activation(case.activation);
    let layer = |(index, shape): (usize, LayerShape)| {
        let [inputs, units] = shape.weight();
        let limit = (6.0 / (inputs + units) as f64).sqrt();
        let weight = wave(inputs * units, 0.618, index as f64).map(|w| (w * limit) as f32);
        let bias = wave(units, 0.9, index as f64 + 0.5).map(|b| (b * 0.1) as f32);
        let tensor = |values: Vec<f32>| Tensor::new(values, &Device::Cpu).expect("fits in memory");
        let mut axes = shape.axes();
        axes.reverse();
        let weight = tensor(weight.collect())
            .reshape(&axes)
            .and_then(|weight| weight.permute((2, 1, 0))?.reshape(&shape.weight()));
        Layer {
            weight: Var::from_tensor(&weight.expect("sizes agree")).expect("fits in memory"),
            bias: Var::from_tensor(&tensor(bias.collect())).expect("fits in memory"),
        }
    };
    let layers: Vec<_> = config.layers().into_iter().enumerate().map(layer).collect();
    Mlp::from_layers(config, layers).expect("shapes agree")
}

fn assert_close(found: f64, expected: f64, what: &str) {
    let difference = (found - expected).abs();
    assert!(
        difference <= TOLERANCE * expected.abs().max(1.0),
        "{what}: {found}, not {expected}"
    );
}

fn assert_rows_close(found: &[Vec<f32>], expected: &[Vec<f64>], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: rows");
    for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
        assert_close(f64::from(*found), *expected, what);
    }
}

fn logits(mlp: &Mlp, images: &SparseImages) -> Tensor {
    let members: Vec<usize> = (0..BATCH).collect();
    let pixels = Batch {
        images: Images::Sparse(images),
        members: &members,
        targets: &[],
    }
    .to_dense();
    let pixels = Tensor::from_vec(pixels, (BATCH, PIXELS), &Device::Cpu).expect("sizes agree");
    mlp.forward(&pixels).expect("runs")
}

fn settings(case: &Case) -> StepSettings {
    let dropout = case.dropout.as_ref();
    StepSettings {
        optimizer: case.optimizer,
        learning_rate: case.learning_rate,
        loss: case.loss,
        label_smoothing: case.label_smoothing,
        rejects: case.rejects,
        l1: case.l1,
        l2: case.l2,
        clip_norm: case.clip_norm,
        dropout: dropout.map_or(Dropout::default(), |dropout| {
            Dropout::new(dropout.rate, dropout.seed, dropout.step)
        }),
    }
}

/// The logits, their softmax, and the gradient of the plain cross-entropy.
fn check_forward_and_back(case: &Case, mlp: &Mlp, images: &SparseImages, name: &str) {
    let found = logits(mlp, images);
    let rows: Vec<Vec<f32>> = found.to_vec2().expect("is a matrix");
    assert_rows_close(&rows, &case.logits, &format!("{name}: logits"));
    for (logits, expected) in rows.iter().zip(&case.probabilities) {
        let logits: &[f32; CLASSES] = logits[..].try_into().expect("ten");
        for (p, expected) in Prediction::from_logits(logits, &Calibration::default())
            .probabilities()
            .iter()
            .zip(expected)
        {
            assert_close(f64::from(*p), *expected, &format!("{name}: probabilities"));
        }
    }
    let labels: Vec<u8> = case.labels.iter().map(|&label| label.min(9)).collect();
    let labels = Tensor::new(&labels[..], &Device::Cpu).expect("fits in memory");
    let loss = candle_nn::loss::cross_entropy(&found, &labels).expect("is finite");
    let gradients = loss.backward().expect("is differentiable");
    for (variable, expected) in mlp.parameters().zip(&case.gradient_norms) {
        let gradient = gradients.get(variable).expect("is part of the loss");
        let squares = gradient.sqr().and_then(|squares| squares.sum_all());
        let norm: f32 = squares
            .and_then(|sum| sum.to_scalar())
            .expect("is a number");
        let norm = f64::from(norm.sqrt());
        assert_close(norm, *expected, &format!("{name}: gradient"));
    }
}

fn check(index: usize, case: &Case) {
    let name = format!(
        "case {index}, {:?} {:?} {} {} {:?}",
        case.filters, case.hidden, case.activation, case.optimizer, case.loss
    );
    let images = SparseImages::of_images(&images());
    let members: Vec<usize> = (0..BATCH).collect();
    let mlp = network(case);
    check_forward_and_back(case, &mlp, &images, &name);
    let settings = settings(case);
    let general = mlp.copy().expect("fits in memory");
    let steps: [(Mlp, Box<dyn Step>); 2] = [
        (
            general.clone(),
            Box::new(Autograd::new(general).expect("fits in memory")),
        ),
        (mlp.clone(), Box::new(CpuStep::new(mlp, BATCH))),
    ];
    let targets: Vec<Target> = case.labels.iter().copied().map(Target::of).collect();
    for ((mlp, mut step), kind) in steps.into_iter().zip(["autograd", "CPU"]) {
        for (index, expected) in case.losses.iter().enumerate() {
            let batch = Batch {
                images: Images::Sparse(&images),
                members: &members,
                targets: &targets,
            };
            let figures = step.step(batch, &settings).expect("steps");
            let loss = figures.loss_sum / BATCH as f64;
            let what = format!("{name}: {kind} loss of step {index}");
            assert_close(loss, *expected, &what);
        }
        let rows: Vec<Vec<f32>> = logits(&mlp, &images).to_vec2().expect("is a matrix");
        let what = format!("{name}: {kind} logits after");
        assert_rows_close(&rows, &case.logits_after, &what);
    }
}

fn reference() -> Reference {
    let text = include_str!("../../../tests/reference/mlp.json");
    serde_json::from_str(text).expect("mlp.py wrote it")
}

#[test]
fn forward_loss_gradients_and_steps_equal_pytorch() {
    let cases = reference().cases;
    for &activation in Activation::value_variants() {
        let is_there = cases.iter().any(|case| case.activation == activation);
        assert!(is_there, "{activation} is compared");
    }
    for optimizer in Optimizer::ALL {
        let is_there = cases
            .iter()
            .any(|case| case.optimizer.to_string() == optimizer.to_string());
        assert!(is_there, "{optimizer} is compared");
    }
    cases
        .iter()
        .enumerate()
        .for_each(|(index, case)| check(index, case));
}

#[test]
fn the_moving_average_equals_python() {
    let AverageCase {
        decay,
        values,
        means,
    } = reference().average;
    let config = MlpConfig::new(vec![1], Activation::Relu).expect("a small network");
    let mlp = Mlp::new(&config, 0, &Device::Cpu).expect("fits in memory");
    let set = |value: f32| {
        for parameter in mlp.parameters() {
            let filled = Tensor::full(value, parameter.shape(), &Device::Cpu);
            parameter
                .set(&filled.expect("fits"))
                .expect("has its shape");
        }
    };
    set(values[0]);
    let mut average = Average::new(&mlp, decay).expect("fits in memory");
    for (value, expected) in values[1..].iter().zip(&means) {
        set(*value);
        average.update(&mlp).expect("is computed");
        for found in parameters(average.mlp()) {
            assert_close(f64::from(found), *expected, "the mean");
        }
    }
    assert_eq!(
        average.updates() as usize,
        means.len(),
        "every update counts"
    );
}
