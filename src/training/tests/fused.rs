//! The fused step against candle's autograd, parameter by parameter.

use rand::Rng as _;

use super::*;
use crate::training::{autograd::Autograd, fused::Fused};

/// Both compute in `f32` and add up in different orders: a gradient of up to 784 terms is off by
/// some 1e-6 of its size. Adam divides by the gradient's size, so that a gradient near zero may
/// move its parameter by a good part of the learning rate; none here is that near.
const TOLERANCE: f32 = 2e-5;

fn images(count: usize, rng: &mut ChaCha8Rng) -> Vec<[u8; PIXELS]> {
    let pixel = |rng: &mut ChaCha8Rng| {
        if rng.random_bool(0.2) {
            rng.random()
        } else {
            0
        }
    };
    (0..count)
        .map(|_| std::array::from_fn(|_| pixel(rng)))
        .collect()
}

/// A batch size for which all threads take part, however small the network is.
const LARGE: usize = 1 << 24;

fn check(hidden: &[usize], activation: Activation, settings: StepSettings, reason: &str) {
    for batch_size in [1, LARGE] {
        check_threads(hidden, activation, settings, batch_size, reason);
    }
}

fn check_threads(
    hidden: &[usize],
    activation: Activation,
    settings: StepSettings,
    batch_size: usize,
    reason: &str,
) {
    let config = MlpConfig::new(hidden.to_vec(), activation).expect("a small network");
    let expected = Mlp::new(&config, 5, &Device::Cpu).expect("fits in memory");
    let found = expected.copy().expect("fits in memory");
    let mut general = Autograd::new(expected.clone()).expect("fits in memory");
    let mut fused = Fused::new(found.clone(), batch_size);
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    for (step, count) in [7, 3, 1, 12].into_iter().enumerate() {
        let images = SparseImages::of_images(&images(count, &mut rng));
        let members: Vec<usize> = (0..count).rev().collect();
        let classes = if settings.rejects { 11 } else { 10 };
        let labels: Vec<u8> = (0..count).map(|_| rng.random_range(0..classes)).collect();
        let batch = Batch {
            images: &images,
            members: &members,
            targets: &labels,
        };
        let general = general.step(batch, &settings).expect("the general step");
        let fused = fused.step(batch, &settings).expect("the fused step");
        assert_eq!(
            fused.correct, general.correct,
            "{config}, {reason}, step {step}"
        );
        let difference = (fused.loss_sum - general.loss_sum).abs();
        assert!(
            difference < 1e-4,
            "{config}, {reason}, step {step}: loss off by {difference}"
        );
    }
    let (expected, found) = (parameters(&expected), parameters(&found));
    assert_eq!(
        expected.len(),
        config.parameter_count(),
        "all of them are compared"
    );
    let pairs = expected.iter().zip(&found).map(|(a, b)| (a - b).abs());
    let difference = pairs.fold(0.0, f32::max);
    assert!(
        difference < TOLERANCE,
        "{config}, {reason}: parameters off by {difference}"
    );
}

#[test]
fn every_shape_and_setting_gives_what_autograd_gives() {
    let plain = StepSettings {
        learning_rate: 0.001,
        weight_decay: 0.0,
        label_smoothing: 0.0,
        rejects: false,
    };
    let shapes: [(&[usize], &str); 6] = [
        (&[], "no hidden layer"),
        (&[1], "narrower than a vector"),
        (&[16], "one vector exactly"),
        (&[131], "a tile, and a part of a vector"),
        (&[37, 20], "two hidden layers"),
        (&[300, 150, 40], "layers large enough to be shared out"),
    ];
    for (hidden, reason) in shapes {
        for activation in Activation::ALL {
            check(hidden, activation, plain, reason);
        }
    }
    let smoothed = StepSettings {
        label_smoothing: 0.1,
        ..plain
    };
    check(&[40], Activation::Relu, smoothed, "label smoothing");
    let rejecting = StepSettings {
        rejects: true,
        ..smoothed
    };
    check(&[40], Activation::Relu, rejecting, "some are no digit");
    let decayed = StepSettings {
        weight_decay: 0.5,
        learning_rate: 0.01,
        ..plain
    };
    check(
        &[40],
        Activation::Relu,
        decayed,
        "weight decay, of weights never lit too",
    );
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("starts").install(|| {
            let config = MlpConfig::new(vec![64, 32], Activation::Tanh).expect("a small network");
            let mlp = Mlp::new(&config, 5, &Device::Cpu).expect("fits in memory");
            let mut fused = Fused::new(mlp.clone(), LARGE);
            let mut rng = ChaCha8Rng::seed_from_u64(7);
            let images = SparseImages::of_images(&images(50, &mut rng));
            let members: Vec<usize> = (0..50).collect();
            let labels: Vec<u8> = (0..50).map(|_| rng.random_range(0..10)).collect();
            let batch = Batch {
                images: &images,
                members: &members,
                targets: &labels,
            };
            let settings = StepSettings {
                learning_rate: 0.01,
                weight_decay: 0.0,
                label_smoothing: 0.0,
                rejects: false,
            };
            for _ in 0..5 {
                fused.step(batch, &settings).expect("steps");
            }
            parameters(&mlp)
        })
    };
    let one = run(1);
    assert_eq!(one, run(1), "the same again");
    assert_eq!(one, run(2), "two threads");
    assert_eq!(
        one,
        run(5),
        "more threads than this small batch feeds evenly"
    );
}
