//! The training held to other implementations, and to its own promises.

mod convolution;
mod correct;
mod cpu;
mod fine_tune;
mod reference;
mod resume;
mod run;
mod settings;

use candle_core::{Device, Tensor};
use clap::ValueEnum as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::{
    batch::{Batch, Images, SparseImages},
    *,
};
use crate::{
    bitmap::PIXELS,
    data::{Corrections, Examples},
    model::{Activation, MlpConfig},
};

/// Images that are easy to classify: the row of a bar gives the digit.
fn bars(count: usize) -> Examples {
    let mut images = vec![0; count * PIXELS];
    let labels: Vec<u8> = (0..count).map(|index| (index % 10) as u8).collect();
    for (index, image) in images.as_chunks_mut::<PIXELS>().0.iter_mut().enumerate() {
        let row = 2 + 2 * (index % 10);
        let column = index % 7;
        image[row * 28 + column..row * 28 + column + 18].fill(200);
    }
    Examples::new(images, labels).expect("sizes agree")
}

fn dataset() -> Dataset {
    Dataset::new("bars", bars(230), bars(50))
}

/// The same dataset with two corrections: a 1 and a non-digit.
fn dataset_with_corrections() -> Dataset {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("corrections.jsonl");
    let line = |label: &str| {
        format!(r#"{{"label": {label}, "strokes": [[[0.5, 0.1], [0.5, 0.9]]]}}"#) + "\n"
    };
    std::fs::write(&path, line("1") + &line("\"none\"")).expect("writes");
    let mut dataset = dataset();
    dataset.source.corrections = Corrections::read(&path).expect("it is ink");
    dataset.corrections = dataset.source.corrections.images().expect("it is ink");
    dataset
}

/// A small network that learns the bars in a moment.
fn config() -> TrainingConfig {
    TrainingConfig {
        model: MlpConfig::new(vec![24], Activation::Relu).expect("a small network"),
        epochs: 12,
        learning_rate: 0.01,
        ..TrainingConfig::default()
    }
}

fn train(
    config: &TrainingConfig,
    dataset: &Dataset,
    control: &Control,
    on_event: &mut (dyn FnMut(TrainingEvent) + Send),
) -> Result<Option<TrainedModel>, TrainingError> {
    run(
        &fresh_start(config),
        dataset,
        &Device::Cpu,
        control,
        on_event,
    )
}

fn fresh_start(config: &TrainingConfig) -> Start {
    Start::Fresh(Box::new(config.clone()))
}

fn resumed_start(checkpoint: &Checkpoint) -> Start {
    Start::Resume(Arc::new(checkpoint.clone()))
}

/// Trains to the end without a receiver of events.
fn completed(start: &Start, dataset: &Dataset) -> Result<TrainedModel, TrainingError> {
    let control = Control::default();
    let trained = run(start, dataset, &Device::Cpu, &control, &mut |_| {})?;
    Ok(trained.expect("is not abandoned"))
}

fn train_alone(config: &TrainingConfig) -> TrainedModel {
    completed(&fresh_start(config), &dataset()).expect("trains")
}

/// Every weight and bias, layer by layer.
fn parameters(mlp: &Mlp) -> Vec<f32> {
    let values = mlp.parameters().map(|tensor| {
        let flat = tensor.flatten_all().expect("has elements");
        flat.to_vec1::<f32>().expect("holds f32")
    });
    values.flatten().collect()
}
