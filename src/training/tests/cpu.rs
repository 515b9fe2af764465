//! The fused step against candle's autograd, parameter by parameter.

use rand::Rng as _;

use super::*;
use crate::{
    data::Target,
    training::{
        config::{Loss, Optimizer},
        dropout::Dropout,
        step::{
            autograd::Autograd,
            cpu::{CpuStep, Shared},
        },
    },
};

/// Both compute in `f32` and add up in different orders: a gradient of up to 784 terms is off by
/// some 1e-6 of its size. Adam divides by the gradient's size, so that a gradient near zero may
/// move its parameter by a good part of the learning rate; none here is that near.
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

/// A batch size for which all threads take part, however small the network is.
const LARGE: usize = 1 << 24;

fn check(hidden: &[usize], activation: Activation, settings: StepSettings, reason: &str) {
    let config = MlpConfig::new(hidden.to_vec(), activation).expect("a small network");
    for batch_size in [1, LARGE] {
        let expected = Mlp::new(&config, 5, &Device::Cpu).expect("fits in memory");
        let found = expected.copy().expect("fits in memory");
        let mut general = Autograd::new(expected.clone(), &[]).expect("fits in memory");
        let mut fused = CpuStep::new(found.clone(), batch_size);
        let reason = format!("{config}, {reason}");
        check_steps(
            (&mut general, &expected),
            (&mut fused, &found),
            (&settings, &[7, 3, 1, 12]),
            &reason,
        );
    }
}

/// Two ways of a step learn the same: the network of the second becomes that of the first in steps with so many
/// examples.
pub(super) fn check_steps(
    (general, expected): (&mut dyn Step, &Mlp),
    (faster, found): (&mut dyn Step, &Mlp),
    (settings, counts): (&StepSettings, &[usize]),
    reason: &str,
) {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    for (step, &count) in counts.iter().enumerate() {
        let images = SparseImages::of_images(&images(count, &mut rng));
        let members: Vec<usize> = (0..count).rev().collect();
        let classes = if settings.rejects { 11 } else { 10 };
        let mut target = || Target {
            class: rng.random_range(0..classes),
            is_synthetic: rng.random(),
            before: rng
                .random_bool(0.3)
                .then(|| std::array::from_fn(|_| rng.random_range(-4.0..4.0))),
        };
        let targets: Vec<Target> = (0..count).map(|_| target()).collect();
        let batch = Batch {
            images: &images,
            members: &members,
            targets: &targets,
        };
        let general = general.step(batch, settings).expect("the general step");
        let faster = faster.step(batch, settings).expect("the faster step");
        assert_eq!(faster.correct, general.correct, "{reason}, step {step}");
        let difference = (faster.loss_sum - general.loss_sum).abs();
        assert!(
            difference < 1e-4,
            "{reason}, step {step}: loss off by {difference}"
        );
    }
    let (expected, found) = (parameters(expected), parameters(found));
    assert_eq!(expected.len(), found.len(), "all of them are compared");
    let pairs = expected.iter().zip(&found).map(|(a, b)| (a - b).abs());
    let difference = pairs.fold(0.0, f32::max);
    assert!(
        difference < TOLERANCE,
        "{reason}: parameters off by {difference}"
    );
}

pub(super) fn plain() -> StepSettings {
    StepSettings {
        learning_rate: 0.001,
        ..StepSettings::default()
    }
}

#[test]
fn every_shape_and_activation_gives_what_autograd_gives() {
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
fn every_setting_gives_what_autograd_gives() {
    type Change = fn(&mut StepSettings);
    let cases: [(Change, &str); 14] = [
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
                };
            },
            "other moments",
        ),
        (
            |s| s.gce_q = 0.7,
            "generalized cross-entropy of synthetic digits",
        ),
        (
            |s| (s.loss, s.gce_q) = (Loss::MeanSquaredError, 2.0),
            "squared error with the weighting of synthetic digits",
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
        }
    }
}

#[test]
fn every_optimiser_gives_what_autograd_gives_with_all_the_rest() {
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
                gce_q: 1.5,
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
fn a_step_goes_on_from_what_it_remembered() {
    for optimizer in Optimizer::ALL {
        let config = TrainingConfig {
            model: MlpConfig::new(vec![121], Activation::Relu).expect("a small network"),
            convolutional: true,
            ..TrainingConfig::default()
        };
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
                images: &images,
                members,
                targets: &targets,
            };
            step.step(batch, &settings).expect("steps");
        };
        let fields = config.conv_layers().expect("whole numbers of units");
        let make: [&dyn Fn(Mlp) -> Box<dyn Step>; 4] = [
            &|mlp| Box::new(CpuStep::new(mlp, 1)),
            &|mlp| Box::new(Autograd::new(mlp, &[]).expect("fits in memory")),
            &|mlp| Box::new(Autograd::new(mlp, &fields).expect("fits in memory")),
            &|mlp| Box::new(Shared::new(mlp, fields.clone()).expect("fits in memory")),
        ];
        for make in make {
            let mlp = fresh(&config, &Device::Cpu).expect("fits in memory");
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
                "{optimizer}: bit by bit"
            );
            assert_eq!(
                whole.state().expect("is there"),
                resumed.state().expect("is there"),
                "{optimizer}: and what it remembers"
            );
        }
    }
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    let run = |threads, settings: StepSettings| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("starts").install(|| {
            let config = MlpConfig::new(vec![64, 32], Activation::Tanh).expect("a small network");
            let mlp = Mlp::new(&config, 5, &Device::Cpu).expect("fits in memory");
            let mut fused = CpuStep::new(mlp.clone(), LARGE);
            let mut rng = ChaCha8Rng::seed_from_u64(7);
            let images = SparseImages::of_images(&images(50, &mut rng));
            let members: Vec<usize> = (0..50).collect();
            let targets: Vec<Target> = (0..50)
                .map(|_| Target::of(rng.random_range(0..10)))
                .collect();
            let batch = Batch {
                images: &images,
                members: &members,
                targets: &targets,
            };
            for _ in 0..5 {
                fused.step(batch, &settings).expect("steps");
            }
            parameters(&mlp)
        })
    };
    let usual = StepSettings {
        learning_rate: 0.01,
        ..StepSettings::default()
    };
    let other = StepSettings {
        optimizer: Optimizer::NESTEROV,
        clip_norm: 0.1,
        l1: 1e-3,
        dropout: Dropout::new(0.3, 1, 2),
        ..usual
    };
    for (settings, reason) in [(usual, "Adam"), (other, "all that takes another way")] {
        let one = run(1, settings);
        assert_eq!(one, run(1, settings), "{reason}: the same again");
        assert_eq!(one, run(2, settings), "{reason}: two threads");
        let five = run(5, settings);
        assert_eq!(
            one, five,
            "{reason}: more than this small batch feeds evenly"
        );
    }
}
