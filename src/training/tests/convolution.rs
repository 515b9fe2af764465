//! The step that shares the weights of fields, against candle's autograd and candle's convolution.

use super::{
    cpu::{check_steps, images, plain},
    *,
};
use crate::{
    data::Target,
    training::{
        config::{Loss, Optimizer},
        dropout::Dropout,
        step::{autograd::Autograd, cpu::Shared},
    },
};

/// Descent, whose steps are as the gradients are. Those of shared weights are sums of thousands: where these cancel,
/// what is left is little more than what was rounded off, and Adam's step along it says nothing.
fn descent() -> StepSettings {
    StepSettings {
        optimizer: Optimizer::Sgd {
            momentum: 0.0,
            nesterov: false,
        },
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

fn check(hidden: &[usize], activation: Activation, settings: StepSettings, reason: &str) {
    let config = config(hidden, activation);
    let fields = config.conv_layers().expect("whole numbers of units");
    let expected = fresh(&config, &Device::Cpu).expect("fits in memory");
    let found = expected.copy().expect("fits in memory");
    let mut general = Autograd::new(expected.clone(), &fields).expect("fits in memory");
    let mut shared = Shared::new(found.clone(), fields).expect("fits in memory");
    check_steps(
        (&mut general, &expected),
        (&mut shared, &found),
        (&settings, &[70, 3, 1]),
        &format!("{}, {reason}", config.model),
    );
}

#[test]
fn every_shape_and_activation_gives_what_autograd_gives() {
    let shapes: [(&[usize], &str); 4] = [
        (&[121], "one layer of fields"),
        (&[242, 16], "two layers"),
        (&[121, 48, 11], "and one that looks at all"),
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
fn every_setting_and_optimiser_gives_what_autograd_gives() {
    type Change = fn(&mut StepSettings);
    let cases: [(Change, &str); 8] = [
        (|s| (s.rejects, s.label_smoothing) = (true, 0.1), "targets"),
        (
            |s| s.gce_q = 0.7,
            "generalized cross-entropy of synthetic digits",
        ),
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
        (|s| s.l1 = 0.01, "L1, of each shared weight once"),
        (|s| s.l2 = 0.01, "L2, likewise"),
        (|s| s.clip_norm = 0.1, "gradients that are cut"),
    ];
    for (change, reason) in cases {
        let mut settings = descent();
        change(&mut settings);
        check(&[242, 48, 11], Activation::Relu, settings, reason);
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
fn the_number_of_threads_does_not_change_a_bit() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("starts").install(|| {
            let config = config(&[242, 32], Activation::Relu);
            let fields = config.conv_layers().expect("whole numbers of units");
            let mlp = fresh(&config, &Device::Cpu).expect("fits in memory");
            let mut shared = Shared::new(mlp.clone(), fields).expect("fits in memory");
            let mut rng = ChaCha8Rng::seed_from_u64(9);
            let images = SparseImages::of_images(&images(150, &mut rng));
            let members: Vec<usize> = (0..150).collect();
            let target = |&member: &usize| Target::of((member % 10) as u8);
            let targets: Vec<Target> = members.iter().map(target).collect();
            for _ in 0..3 {
                let batch = Batch {
                    images: &images,
                    members: &members,
                    targets: &targets,
                };
                shared.step(batch, &plain()).expect("steps");
            }
            parameters(&mlp)
        })
    };
    assert!(run(1) == run(3), "three groups on one thread and on three");
}

/// What is learned is a convolutional network: candle's own convolutions with the shared weights give the same.
#[test]
fn the_network_is_the_convolutional_one() {
    let config = config(&[2 * 121, 3 * 16, 8], Activation::Relu);
    let fields = config.conv_layers().expect("whole numbers of units");
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
        for (layer, dense) in fields.iter().zip(mlp.layers()) {
            let weight: Vec<f32> = dense.weight.flatten_all()?.to_vec1()?;
            let [shared, _] = layer.shared(&weight, &dense.bias.to_vec1()?);
            // [field, channels], the field row by row with the channels in within, as candle has it the other
            // way round.
            let (field, channels) = layer.shape();
            let kernel = Tensor::from_vec(shared, (5, 5, field / 25, channels), &Device::Cpu)?;
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
