//! The convolutional step against candle's autograd and candle's convolution.

use super::{
    cpu::{Trial, assert_effect, assert_same, images, plain},
    *,
};
use crate::{
    data::Target,
    training::{
        config::{Loss, Optimizer},
        dropout::Dropout,
        step::{autograd::Autograd, convolution::is_convolutional, cpu::ConvStep},
    },
};

/// SGD, whose steps are proportional to the gradients. The gradient of a kernel is a sum of thousands of terms. Where they
/// cancel, the rest is little more than rounding, and Adam would scale it up.
fn descent() -> StepSettings {
    StepSettings {
        optimizer: Optimizer::SGD,
        learning_rate: 0.0001,
        ..StepSettings::default()
    }
}

fn config(hidden: &[usize], activation: Activation) -> TrainingConfig {
    TrainingConfig {
        model: MlpConfig::new(hidden.to_vec(), activation).expect("a small network"),
        convolutional: true,
        ..TrainingConfig::default()
    }
}

/// The batch sizes of the steps; the first has two groups.
const COUNTS: [usize; 3] = [70, 3, 1];

/// The outcome of autograd's steps and of the CPU step's.
fn trials(config: &TrainingConfig, settings: &StepSettings) -> [Trial; 2] {
    let layers = config.conv_layers().expect("a multiple of the positions");
    let expected = fresh(config, &Device::Cpu).expect("fits in memory");
    let found = expected.copy().expect("fits in memory");
    let mut autograd = Autograd::new(expected.clone(), &layers).expect("fits in memory");
    let mut fast = ConvStep::new(found.clone(), layers).expect("fits in memory");
    [
        Trial::run(&mut autograd, &expected, settings, &COUNTS),
        Trial::run(&mut fast, &found, settings, &COUNTS),
    ]
}

fn check(hidden: &[usize], activation: Activation, settings: StepSettings, reason: &str) {
    let config = config(hidden, activation);
    let reason = format!("{}, {reason}", config.model);
    assert_same(&trials(&config, &settings), &reason);
}

#[test]
fn every_shape_and_activation_equals_autograd() {
    let shapes: [(&[usize], &str); 4] = [
        (&[121], "one convolutional layer"),
        (&[242, 16], "two layers"),
        (&[121, 48, 11], "and a fully connected one"),
        (&[242, 32, 9, 7], "and two"),
    ];
    for (hidden, reason) in shapes {
        check(hidden, Activation::Relu, descent(), reason);
    }
    for &activation in Activation::value_variants() {
        check(&[242, 48, 11], activation, descent(), "every activation");
    }
}

#[test]
fn every_option_and_optimizer_equals_autograd_and_has_an_effect() {
    type Change = fn(&mut StepSettings);
    let cases: [(Change, &str); 7] = [
        (|s| (s.rejects, s.label_smoothing) = (true, 0.1), "targets"),
        (|s| s.loss = Loss::MeanSquaredError, "squared error"),
        (
            |s| {
                s.optimizer = Optimizer::AdamW {
                    beta1: 0.9,
                    beta2: 0.99,
                    epsilon: 0.1,
                    weight_decay: 0.5,
                };
                s.learning_rate = 0.001;
            },
            "weight decay",
        ),
        (|s| s.dropout = Dropout::new(0.4, 1, 2), "dropout"),
        (|s| s.l1 = 1.0, "L1, of each kernel weight once"),
        (|s| s.l2 = 2.0, "L2, likewise"),
        (|s| s.clip_norm = 0.1, "a clipped gradient"),
    ];
    for (change, reason) in cases {
        let mut settings = descent();
        change(&mut settings);
        let config = config(&[242, 48, 11], Activation::Relu);
        let [with, found] = trials(&config, &settings);
        let without = StepSettings {
            optimizer: match settings.optimizer {
                Optimizer::AdamW {
                    beta1,
                    beta2,
                    epsilon,
                    ..
                } => Optimizer::Adam {
                    beta1,
                    beta2,
                    epsilon,
                },
                other => other,
            },
            learning_rate: settings.learning_rate,
            ..descent()
        };
        let [without, _] = trials(&config, &without);
        assert_effect(&with, &without, reason);
        assert_same(&[with, found], reason);
    }
    for optimizer in Optimizer::ALL {
        let settings = StepSettings {
            optimizer,
            learning_rate: 0.0001,
            ..plain()
        };
        check(
            &[242, 48, 11],
            Activation::Tanh,
            settings,
            &optimizer.to_string(),
        );
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("starts").install(|| {
            let config = config(&[242, 32], Activation::Relu);
            let layers = config.conv_layers().expect("whole numbers of units");
            let mlp = fresh(&config, &Device::Cpu).expect("fits in memory");
            let mut step = ConvStep::new(mlp.clone(), layers).expect("fits in memory");
            let mut rng = ChaCha8Rng::seed_from_u64(9);
            let images = SparseImages::of_images(&images(150, &mut rng));
            let members: Vec<usize> = (0..150).collect();
            let target = |&member: &usize| Target::of((member % 10) as u8);
            let targets: Vec<Target> = members.iter().map(target).collect();
            for _ in 0..3 {
                let batch = Batch {
                    images: Images::Sparse(&images),
                    members: &members,
                    targets: &targets,
                };
                step.step(batch, &plain()).expect("steps");
            }
            step.write_weights().expect("writes");
            parameters(&mlp)
        })
    };
    assert!(run(1) == run(3), "three groups on one thread and on three");
}

/// candle's convolutions with the shared weights give the same logits.
#[test]
fn the_network_is_the_convolutional_one() {
    let config = config(&[2 * 121, 3 * 16, 8], Activation::Relu);
    let layers = config.conv_layers().expect("whole numbers of units");
    let mlp = fresh(&config, &Device::Cpu).expect("fits in memory");
    let mut rng = ChaCha8Rng::seed_from_u64(10);
    let count = 4;
    let pixels: Vec<f32> = images(count, &mut rng)
        .iter()
        .flatten()
        .map(|&pixel| f32::from(pixel) / 255.0)
        .collect();
    let images = Tensor::from_vec(pixels, (count, PIXELS), &Device::Cpu).expect("fits");
    let convolved = || {
        let mut x = images.reshape((count, 1, 28, 28))?;
        // The pixels from 2 to 26, each way.
        x = x.narrow(2, 2, 25)?.narrow(3, 2, 25)?.contiguous()?;
        for (layer, dense) in layers.iter().zip(mlp.layers()) {
            let weight: Vec<f32> = dense.weight.flatten_all()?.to_vec1()?;
            let [kernel, _] = layer.kernel_of(&weight, &dense.bias.to_vec1()?);
            // [field, channels], the field row by row with the channels in within, as candle has it the other
            // way round.
            let (field, channels) = layer.shape();
            let kernel = Tensor::from_vec(kernel, (5, 5, field / 25, channels), &Device::Cpu)?;
            let kernel = kernel.permute((3, 2, 0, 1))?.contiguous()?;
            x = x.conv2d(&kernel, 0, 2, 1, 1)?.relu()?;
        }
        // Place by place, each with its channels.
        let x = x.permute((0, 2, 3, 1))?.contiguous()?.flatten_from(1)?;
        let x = x.matmul(&mlp.layers()[2].weight)?.relu()?;
        x.matmul(&mlp.layers()[3].weight)?
            .flatten_all()?
            .to_vec1::<f32>()
    };
    let expected = convolved().expect("candle convolves");
    let found = mlp.forward(&images).expect("has the shape");
    let found: Vec<f32> = found
        .flatten_all()
        .and_then(|x| x.to_vec1())
        .expect("numbers");
    assert!(
        expected.iter().any(|logit| logit.abs() > 1e-3),
        "there is something to compare"
    );
    for (found, expected) in found.iter().zip(&expected) {
        assert!(
            (found - expected).abs() < 1e-4,
            "{found} instead of {expected}"
        );
    }
}

/// Dense weights are written only for a reader of the network: writing them costs more than a small step.
#[test]
fn the_network_changes_only_when_its_weights_are_written() {
    let config = config(&[121, 16], Activation::Relu);
    let layers = config.conv_layers().expect("a multiple of the positions");
    let make: [&dyn Fn(Mlp) -> Box<dyn Step>; 2] = [
        &|mlp| Box::new(Autograd::new(mlp, &layers).expect("fits in memory")),
        &|mlp| Box::new(ConvStep::new(mlp, layers.clone()).expect("fits in memory")),
    ];
    for make in make {
        let mlp = fresh(&config, &Device::Cpu).expect("fits in memory");
        let conv_weight = || parameters(&mlp)[..PIXELS * 121].to_vec();
        let before = conv_weight();
        let mut step = make(mlp.clone());
        let images = [[100; PIXELS]; 2];
        let batch = Batch {
            images: Images::Dense(&images),
            members: &[0, 1],
            targets: &[Target::of(3), Target::of(4)],
        };
        step.step(batch, &plain()).expect("steps");
        assert_eq!(conv_weight(), before, "not after a step");
        step.write_weights().expect("writes");
        assert_ne!(conv_weight(), before, "but for a reader");
        let is_convolutional = is_convolutional(&mlp, &layers);
        assert!(is_convolutional.expect("reads"), "at every position");
    }
}

#[test]
fn epochs_checkpoints_and_averages_have_the_trained_weights() {
    let config = TrainingConfig {
        epochs: 2,
        ..config(&[121, 16], Activation::Relu)
    };
    let untrained = parameters(&fresh(&config, &Device::Cpu).expect("fits in memory"));
    for ema in [0.0, 0.9] {
        let config = TrainingConfig {
            ema,
            ..config.clone()
        };
        let (mut epochs, mut checkpoints) = (Vec::new(), Vec::new());
        let mut on_event = |event| match event {
            TrainingEvent::EpochFinished { mlp, .. } => epochs.push(parameters(&mlp)),
            TrainingEvent::Checkpoint(checkpoint) => {
                let trained = checkpoint.average.as_ref();
                checkpoints.push(trained.unwrap_or(&checkpoint.parameters).concat());
            }
            _ => {}
        };
        let control = Control::default();
        let trained = train(&config, &dataset(), &Device::Cpu, &control, &mut on_event);
        let trained = trained.expect("trains").expect("is not abandoned");
        assert_eq!(epochs.len(), 2, "one event per epoch");
        for weights in [&untrained, &epochs[1]] {
            let pairs = epochs[0][..PIXELS * 121].iter().zip(weights);
            let changed = pairs.filter(|(a, b)| a != b).count();
            // At least one weight of the kernel, at all 121 positions.
            assert!(changed >= 121, "{changed} convolutional weights changed");
        }
        assert!(checkpoints.ends_with(&epochs[1..]), "a checkpoint has them");
        assert!(
            parameters(&trained.model.mlp) == epochs[1],
            "and the result"
        );
    }
}
