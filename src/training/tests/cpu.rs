//! The CPU step against candle's autograd, parameter by parameter.

use rand::Rng as _;

use super::*;
use crate::{
    data::Target,
    training::{
        config::{Loss, Optimizer},
        dropout::Dropout,
        step::{autograd::Autograd, cpu::CpuStep},
    },
};

/// Both compute in `f32` and add in different orders: a gradient of up to 784 terms is off by some 1e-6 of its size. Adam
/// divides by the size of the gradient, so that a gradient near 0 may move its parameter by a good part of the learning
/// rate; none here is that near.
const TOLERANCE: f32 = 2e-5;

pub(super) fn images(count: usize, rng: &mut ChaCha8Rng) -> Vec<[u8; PIXELS]> {
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

/// A batch size that uses all threads for any network.
pub(super) const LARGE: usize = 1 << 24;

fn check(hidden: &[usize], activation: Activation, settings: StepSettings, reason: &str) {
    let config = MlpConfig::relu([], hidden).with_activation(activation);
    for batch_size in [1, LARGE] {
        let trials = trials(&config, &settings, &COUNTS, batch_size);
        assert_same(&trials, &format!("{config}, {reason}"));
    }
}

/// The outcome of autograd's steps and of the CPU step's.
pub(super) fn trials(
    config: &MlpConfig,
    settings: &StepSettings,
    counts: &[usize],
    batch_size: usize,
) -> [Trial; 2] {
    let expected = Mlp::new(config, 5, &Device::Cpu).expect("fits in memory");
    let found = expected.copy().expect("fits in memory");
    let mut autograd = Autograd::new(expected.clone()).expect("fits in memory");
    let mut fast = CpuStep::new(found.clone(), batch_size);
    [
        Trial::run(&mut autograd, &expected, settings, counts),
        Trial::run(&mut fast, &found, settings, counts),
    ]
}

/// The batch sizes of the steps.
const COUNTS: [usize; 4] = [7, 3, 1, 12];

/// The outcome of some training steps.
pub(super) struct Trial {
    metrics: Vec<BatchMetrics>,
    parameters: Vec<f32>,
}

impl Trial {
    /// Trains on batches of these sizes; their examples depend only on the number of classes.
    pub(super) fn run(
        step: &mut dyn Step,
        mlp: &Mlp,
        settings: &StepSettings,
        counts: &[usize],
    ) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(6);
        let run = |&count: &usize| {
            let images = SparseImages::of_images(&images(count, &mut rng));
            let members: Vec<usize> = (0..count).rev().collect();
            let classes = if settings.rejects { 11 } else { 10 };
            let mut target = || Target {
                class: rng.random_range(0..classes),
                teacher_logits: rng
                    .random_bool(0.3)
                    .then(|| std::array::from_fn(|_| rng.random_range(-4.0..4.0))),
            };
            let targets: Vec<Target> = (0..count).map(|_| target()).collect();
            let batch = Batch {
                images: Images::Sparse(&images),
                members: &members,
                targets: &targets,
            };
            step.step(batch, settings).expect("steps")
        };
        let metrics = counts.iter().map(run).collect();
        Self {
            metrics,
            parameters: parameters(mlp),
        }
    }

    /// The greatest difference of a parameter.
    fn distance(&self, other: &Self) -> f32 {
        assert_eq!(self.parameters.len(), other.parameters.len(), "one shape");
        let pairs = self.parameters.iter().zip(&other.parameters);
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }
}

/// Two steps compute the same, within the rounding of `f32`.
pub(super) fn assert_same([expected, found]: &[Trial; 2], reason: &str) {
    for (step, (expected, found)) in expected.metrics.iter().zip(&found.metrics).enumerate() {
        assert_eq!(found.correct, expected.correct, "{reason}, step {step}");
        let difference = (found.loss_sum - expected.loss_sum).abs();
        assert!(
            difference < 1e-4,
            "{reason}, step {step}: loss off by {difference}"
        );
    }
    let difference = expected.distance(found);
    assert!(
        difference < TOLERANCE,
        "{reason}: parameters off by {difference}"
    );
}

/// An implementation that leaves the option out fails [`assert_same`], because it is within the tolerance of `without`.
pub(super) fn assert_effect(with: &Trial, without: &Trial, reason: &str) {
    let difference = with.distance(without);
    assert!(
        difference > 2.0 * TOLERANCE,
        "{reason} changes parameters by {difference} only"
    );
}

pub(super) fn plain() -> StepSettings {
    StepSettings {
        learning_rate: 0.001,
        ..StepSettings::default()
    }
}

#[test]
fn every_shape_and_activation_equals_autograd() {
    let shapes: [(&[usize], &str); 6] = [
        (&[], "no hidden layer"),
        (&[1], "narrower than a vector"),
        (&[16], "one vector exactly"),
        (&[131], "a tile, and a part of a vector"),
        (&[37, 20], "two hidden layers"),
        (&[300, 150, 40], "layers large enough to be shared out"),
    ];
    for (hidden, reason) in shapes {
        for &activation in Activation::value_variants() {
            check(hidden, activation, plain(), reason);
        }
    }
}

#[test]
fn every_option_equals_autograd_and_has_an_effect() {
    type Change = fn(&mut StepSettings);
    let cases: [(Change, &str); 12] = [
        (|s| s.label_smoothing = 0.1, "label smoothing"),
        (|s| s.rejects = true, "some are no digit"),
        (|s| (s.rejects, s.label_smoothing) = (true, 0.1), "both"),
        (|s| s.loss = Loss::MeanSquaredError, "squared error"),
        (
            |s| (s.loss, s.rejects, s.label_smoothing) = (Loss::MeanSquaredError, true, 0.1),
            "squared error with all the targets",
        ),
        (
            |s| (s.optimizer, s.learning_rate) = (Optimizer::adam_w(0.5), 0.01),
            "weight decay, of weights never lit too",
        ),
        (
            |s| {
                s.optimizer = Optimizer::Adam {
                    beta1: 0.8,
                    beta2: 0.99,
                    epsilon: 1e-4,
                    weight_decay: None,
                };
            },
            "other moments",
        ),
        (|s| s.dropout = Dropout::new(0.4, 1, 2), "dropout"),
        (|s| s.l1 = 0.01, "L1"),
        (|s| s.l2 = 0.01, "L2"),
        (|s| s.clip_norm = 0.1, "gradients that are cut"),
        (|s| s.clip_norm = 1000.0, "gradients that need not be cut"),
    ];
    for (change, reason) in cases {
        for activation in [Activation::Relu, Activation::Tanh] {
            let mut settings = plain();
            change(&mut settings);
            check(&[40, 30], activation, settings, reason);
            let config = MlpConfig::new(vec![40, 30], activation).expect("a small network");
            let [with, without] = [settings, plain()].map(|settings| {
                let mlp = Mlp::new(&config, 5, &Device::Cpu).expect("fits in memory");
                let mut autograd = Autograd::new(mlp.clone()).expect("fits in memory");
                Trial::run(&mut autograd, &mlp, &settings, &COUNTS)
            });
            if settings.clip_norm < 1000.0 {
                assert_effect(&with, &without, reason);
            }
        }
    }
}

#[test]
fn every_optimizer_equals_autograd_with_all_options() {
    for optimizer in Optimizer::ALL {
        for &activation in Activation::value_variants() {
            // RMSprop's first step is three times as long as Adam's, and as touchy about gradients near zero.
            let is_touchy = optimizer == Optimizer::RMS_PROP;
            let settings = StepSettings {
                optimizer,
                learning_rate: if is_touchy { 0.0001 } else { 0.001 },
                ..plain()
            };
            let name = optimizer.to_string();
            check(&[40, 30], activation, settings, &name);
            let all = StepSettings {
                loss: Loss::MeanSquaredError,
                label_smoothing: 0.1,
                rejects: true,
                l1: 1e-3,
                l2: 1e-2,
                clip_norm: 0.05,
                dropout: Dropout::new(0.3, 4, 5),
                ..settings
            };
            check(&[40, 30], activation, all, &format!("{name} with all"));
        }
    }
}

#[test]
fn a_restored_step_continues_bit_by_bit() {
    for optimizer in Optimizer::ALL {
        let configs = [MlpConfig::relu([], [12]), MlpConfig::relu([2, 3], [7])];
        let settings = StepSettings {
            optimizer,
            ..plain()
        };
        let mut rng = ChaCha8Rng::seed_from_u64(8);
        let images = SparseImages::of_images(&images(6, &mut rng));
        let labels = [0, 1, 2, 3, 4, 5];
        let step = |step: &mut dyn Step, members: &[usize]| {
            let target = |&member: &usize| Target::of(labels[member]);
            let targets: Vec<Target> = members.iter().map(target).collect();
            let batch = Batch {
                images: Images::Sparse(&images),
                members,
                targets: &targets,
            };
            step.step(batch, &settings).expect("steps");
        };
        let make: [&dyn Fn(Mlp) -> Box<dyn Step>; 2] =
            [&|mlp| Box::new(CpuStep::new(mlp, 1)), &|mlp| {
                Box::new(Autograd::new(mlp).expect("fits in memory"))
            }];
        for (make, config) in make
            .iter()
            .flat_map(|make| configs.each_ref().map(|it| (make, it)))
        {
            let mlp = Mlp::new(config, 5, &Device::Cpu).expect("fits in memory");
            let mut whole = make(mlp.clone());
            step(&mut *whole, &[0, 1, 2]);
            let copy = mlp.copy().expect("fits in memory");
            let mut resumed = make(copy.clone());
            resumed
                .restore(&whole.state().expect("is there"))
                .expect("fits");
            for members in [[3, 4], [0, 5]] {
                step(&mut *whole, &members);
                step(&mut *resumed, &members);
            }
            assert_eq!(
                parameters(&mlp),
                parameters(&copy),
                "{config}, {optimizer}: bit by bit"
            );
            assert_eq!(
                whole.state().expect("is there"),
                resumed.state().expect("is there"),
                "{config}, {optimizer}: and what it remembers"
            );
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let run = |config: &MlpConfig, threads, settings: StepSettings| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("starts").install(|| {
            let mlp = Mlp::new(config, 5, &Device::Cpu).expect("fits in memory");
            let mut fast = CpuStep::new(mlp.clone(), LARGE);
            let mut rng = ChaCha8Rng::seed_from_u64(7);
            let images = SparseImages::of_images(&images(50, &mut rng));
            let members: Vec<usize> = (0..50).collect();
            let targets: Vec<Target> = (0..50)
                .map(|_| Target::of(rng.random_range(0..10)))
                .collect();
            let batch = Batch {
                images: Images::Sparse(&images),
                members: &members,
                targets: &targets,
            };
            for _ in 0..5 {
                fast.step(batch, &settings).expect("steps");
            }
            parameters(&mlp)
        })
    };
    let usual = StepSettings {
        learning_rate: 0.01,
        ..StepSettings::default()
    };
    let other = StepSettings {
        optimizer: Optimizer::MOMENTUM,
        clip_norm: 0.1,
        l1: 1e-3,
        dropout: Dropout::new(0.3, 1, 2),
        ..usual
    };
    let dense = MlpConfig::relu([], [64, 32]).with_activation(Activation::Tanh);
    let convolutional = MlpConfig::relu([2, 3], [32]);
    for config in [dense, convolutional] {
        for (settings, reason) in [(usual, "Adam"), (other, "all that takes another way")] {
            let one = run(&config, 1, settings);
            for (threads, why) in [(1, "the same again"), (2, "two"), (5, "uneven shares")] {
                let found = run(&config, threads, settings);
                assert!(found == one, "{config}, {reason}, {threads} threads: {why}");
            }
        }
    }
}
