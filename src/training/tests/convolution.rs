//! The convolutional step against candle's autograd and candle's convolution.

use rand::Rng as _;

use super::{
    cpu::{LARGE, assert_effect, assert_same, plain, trials},
    *,
};
use crate::training::{
    config::{Loss, Optimizer},
    dropout::Dropout,
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

/// The batch sizes of the steps; the first has two groups.
const COUNTS: [usize; 3] = [19, 3, 1];

fn check(config: &MlpConfig, settings: &StepSettings, reason: &str) {
    let trials = trials(config, settings, &COUNTS, LARGE);
    assert_same(&trials, &format!("{config}, {reason}"));
}

/// Two convolutional layers and a hidden one.
fn network() -> MlpConfig {
    MlpConfig::relu([2, 3], [11])
}

#[test]
fn every_shape_and_activation_equals_autograd() {
    let shapes: [(&[usize], &[usize], &str); 5] = [
        (&[1], &[], "one convolutional layer"),
        (&[3], &[9], "one, and a hidden layer"),
        (&[2, 1], &[], "two layers"),
        (&[1, 3], &[11], "and a fully connected one"),
        (&[2, 20], &[9, 7], "and two"),
    ];
    for (filters, hidden, reason) in shapes {
        check(&MlpConfig::relu(filters, hidden), &descent(), reason);
    }
    for &activation in Activation::value_variants() {
        let config = network().with_activation(activation);
        check(&config, &descent(), "every activation");
        let dropout = Dropout::new(0.4, 1, 2);
        let settings = StepSettings {
            dropout,
            ..descent()
        };
        check(&config, &settings, "with dropout");
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
                s.optimizer = Optimizer::Adam {
                    beta1: 0.9,
                    beta2: 0.99,
                    epsilon: 0.1,
                    weight_decay: Some(0.5),
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
        let [with, found] = trials(&network(), &settings, &COUNTS, LARGE);
        let mut optimizer = settings.optimizer;
        if let Optimizer::Adam { weight_decay, .. } = &mut optimizer {
            *weight_decay = None;
        }
        let without = StepSettings {
            optimizer,
            learning_rate: settings.learning_rate,
            ..descent()
        };
        let [without, _] = trials(&network(), &without, &COUNTS, LARGE);
        assert_effect(&with, &without, reason);
        assert_same(&[with, found], reason);
    }
    for optimizer in Optimizer::ALL {
        let settings = StepSettings {
            optimizer,
            learning_rate: 0.0001,
            ..plain()
        };
        let config = network().with_activation(Activation::Tanh);
        check(&config, &settings, &optimizer.to_string());
    }
}

#[test]
fn the_forward_pass_is_that_of_candles_convolution() {
    let mut rng = ChaCha8Rng::seed_from_u64(10);
    for (filters, hidden) in [(&[3][..], &[][..]), (&[1, 1], &[]), (&[2, 30], &[8, 9])] {
        for &activation in Activation::value_variants() {
            let config = MlpConfig::relu(filters, hidden).with_activation(activation);
            let mlp = Mlp::new(&config, 5, &Device::Cpu).expect("fits in memory");
            for parameter in mlp.parameters().filter(|parameter| parameter.rank() == 1) {
                let biases = (0..parameter.elem_count()).map(|_| rng.random_range(-0.5..0.5));
                let biases = Tensor::from_iter(biases.collect::<Vec<f32>>(), &Device::Cpu);
                let biases = biases.expect("fits in memory");
                parameter.set(&biases).expect("has the shape");
            }
            // One image, and more than a group.
            for count in [1, 37] {
                let pixels: Vec<f32> = (0..count * PIXELS).map(|_| rng.random()).collect();
                let images = Tensor::from_slice(&pixels, (count, PIXELS), &Device::Cpu);
                let expected = mlp.forward(&images.expect("fits in memory"));
                let expected: Vec<Vec<f32>> = expected
                    .and_then(|logits| Ok(logits.to_vec2()?))
                    .expect("computes");
                let found = mlp.logits_of_preprocessed(pixels).expect("computes");
                assert_eq!(found.len(), count, "a row for each image");
                let pairs = found.as_flattened().iter().zip(expected.iter().flatten());
                // Sums of up to 784 terms of size 1 in another order.
                let largest = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(largest < 1e-4, "{config}: off by {largest}");
            }
        }
    }
}
