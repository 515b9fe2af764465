//! Training: an epoch of the Keras preset, other batches and networks, and the scaling with their size.

use std::{hint::black_box, thread, time::Instant};

use candle_core::{DType, Device, Tensor};

use crate::{
    child::Task,
    figures::{self, Measured},
    growth::{self, Curve},
};

/// Processes per kind, in alternation.
const PROCESSES: usize = 5;

pub(crate) fn run() {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let peak = gemm_peak();
    println!("\ngemm, two square matrices of 1024, all threads: {peak:.0} GFLOP/s");
    keras_preset(cores);
    batches(cores, peak);
    growth(cores);
}

/// The peak throughput of candle's matrix product, in GFLOP/s.
fn gemm_peak() -> f64 {
    const SIDE: usize = 1024;
    let matrix = || Tensor::ones((SIDE, SIDE), DType::F32, &Device::Cpu).expect("4 MiB");
    let (a, b) = (matrix(), matrix());
    let secs: Measured = (0..20)
        .map(|_| {
            let start = Instant::now();
            black_box(a.matmul(&b).expect("shapes agree"));
            start.elapsed().as_secs_f64()
        })
        .collect();
    2.0 * (SIDE as f64).powi(3) / secs.quantile(0.1) / 1e9
}

/// The Keras preset, with one thread and with all.
fn keras_preset(cores: usize) {
    figures::table(
        "An epoch of the Keras preset (784-128-10, batch 32, 48,000 images)",
        &[
            "threads",
            "median (minimum-maximum)",
            "the first epoch",
            "images per second",
        ],
    );
    let task = Task::keras_preset(5);
    let mut measured = vec![(Measured::default(), Measured::default()); 2];
    for _ in 0..PROCESSES {
        for (threads, (first, later)) in [1, cores].into_iter().zip(&mut measured) {
            let (new_first, new_later) = task.measure(threads, 1);
            first.extend(&new_first);
            later.extend(&new_later);
        }
    }
    for (threads, (first, later)) in [1, cores].into_iter().zip(&measured) {
        figures::row(&[
            threads.to_string(),
            later.spread_secs(),
            first.spread_secs(),
            format!("{:.0}", task.examples as f64 / later.median()),
        ]);
    }
}

/// Larger batches, and the large network with and without augmentation.
fn batches(cores: usize, peak: f64) {
    figures::table(
        "Batches and the large network",
        &[
            "network",
            "batch",
            "augmented",
            "an epoch of 48,000",
            "GFLOP/s as if dense",
            "of gemm's peak",
        ],
    );
    for (hidden, batch_size, augments, examples) in [
        ("128", 32, false, 48_000),
        ("128", 128, false, 48_000),
        ("128", 512, false, 48_000),
        ("128", 128, true, 48_000),
        ("1024,512", 256, false, 12_000),
        ("1024,512", 256, true, 12_000),
    ] {
        let task = Task {
            hidden,
            batch_size,
            augments,
            examples,
            epochs: 4,
        };
        let (_, epochs) = task.measure(cores, 3);
        let gflops = task.dense_gflop() / epochs.median();
        figures::row(&[
            format!("784-{}-10", hidden.replace(',', "-")),
            batch_size.to_string(),
            (if augments { "yes" } else { "no" }).to_owned(),
            format!("{:.3} s", epochs.median() * 48_000.0 / examples as f64),
            format!("{gflops:.0}"),
            format!("{:.0} %", 100.0 * gflops / peak),
        ]);
    }
}

/// The throughput against the width of the hidden layer and against the batch size.
fn growth(cores: usize) {
    let widths = [
        ("64", 24_000),
        ("128", 24_000),
        ("256", 12_000),
        ("512", 6_000),
        ("1024", 3_000),
        ("2048", 1_600),
        ("4096", 800),
    ];
    let widths = widths.map(|(hidden, examples)| {
        let task = Task {
            hidden,
            examples,
            ..Task::keras_preset(4)
        };
        (hidden.parse().expect("a number"), task)
    });
    let batches = [
        (1, 2_000),
        (4, 8_000),
        (16, 16_000),
        (32, 24_000),
        (64, 48_000),
        (128, 48_000),
        (256, 48_000),
        (512, 48_000),
        (1024, 48_000),
    ];
    let batches = batches.map(|(batch_size, examples)| {
        let task = Task {
            batch_size,
            examples,
            ..Task::keras_preset(4)
        };
        (batch_size, task)
    });
    let curves = [
        curve(
            "Images per second by hidden units, batch 32",
            &widths,
            cores,
        ),
        curve(
            "Images per second by batch size, 784-128-10",
            &batches,
            cores,
        ),
    ];
    growth::write(&curves).expect("benches/growth.svg can be written");
}

/// Measures each size and prints the table.
fn curve(title: &'static str, sizes: &[(usize, Task)], cores: usize) -> Curve {
    figures::table(title, &["size", "one thread", "all threads"]);
    let point = |&(size, task): &(usize, Task)| {
        let speeds = [1, cores].map(|threads| {
            let (_, epochs) = task.measure(threads, 1);
            task.examples as f64 / epochs.median()
        });
        let [one, all] = speeds.map(|speed| format!("{speed:.0}"));
        figures::row(&[size.to_string(), one, all]);
        (size, speeds)
    };
    Curve {
        title,
        points: sizes.iter().map(point).collect(),
    }
}
