use candle_core::Tensor;

use super::*;
use crate::{explanation::test_support::formula_network, model::Activation};

/// A picture with some ink everywhere.
fn bitmap() -> Bitmap {
    Bitmap::from_pixels(&std::array::from_fn(|at| (at % 7) as f32 / 7.0))
}

fn all_units(network: &Network) -> Vec<Unit> {
    let shapes = network.config().layers().into_iter().enumerate();
    let units = shapes.flat_map(|(layer, shape)| {
        let channels = (0..shape.output.channels).map(move |index| Channel { layer, index });
        channels.flat_map(move |channel| {
            let positions = 0..shape.output.positions();
            positions.map(move |position| Unit { channel, position })
        })
    });
    units.collect()
}

#[test]
fn values_end_in_the_logits_of_the_network() {
    for activation in [
        Activation::Relu,
        Activation::LeakyRelu,
        Activation::Tanh,
        Activation::Gelu,
    ] {
        let mlp = formula_network(&[3, 4], &[12], activation);
        let network = Network::of(&mlp).expect("it is on the CPU");
        let bitmap = bitmap();
        let layers = network.values(&bitmap, &SwitchedOff::default());
        let images = Tensor::from_slice(bitmap.pixels(), (1, PIXELS), mlp.device()).expect("fits");
        let expected = mlp.forward(&images).expect("candle computes it");
        let expected: Vec<f32> = expected
            .flatten_all()
            .and_then(|all| all.to_vec1())
            .expect("ten");
        for (found, expected) in layers[3].outputs.iter().zip(&expected) {
            // Sums of a hundred terms of size 1 in f32.
            assert!(
                (found - expected).abs() < 1e-4,
                "{activation:?}: {found}, candle {expected}"
            );
        }
        let features = network.features(bitmap.pixels());
        assert_eq!(
            features, layers[2].outputs,
            "{activation:?}: of the last hidden layer"
        );
    }
}

#[test]
fn a_units_arithmetic_adds_up_and_its_connections_agree() {
    let mlp = formula_network(&[3, 4], &[12], Activation::Tanh);
    let network = Network::of(&mlp).expect("it is on the CPU");
    let bitmap = bitmap();
    let layers = network.values(&bitmap, &SwitchedOff::default());
    let details = |unit| network.details(unit, &bitmap, &layers);
    let mut forward_connections = 0;
    for unit in all_units(&network) {
        let found = details(unit);
        let layer = unit.channel.layer;
        let shape = network.config().layers()[layer];
        let before = match layer {
            0 => bitmap.pixels().to_vec(),
            _ => layers[layer - 1].outputs.clone(),
        };
        let inputs = inputs_of(&shape, unit.position);
        let terms = inputs
            .iter()
            .zip(&found.weights)
            .map(|(&input, weight)| before[input] * weight);
        let sum: f32 = terms.clone().sum();
        assert!(
            (found.weighted_sum - sum).abs() < 1e-4,
            "{unit:?}: {} and {sum}",
            found.weighted_sum
        );
        let sum = found.weighted_sum + found.bias;
        let output = if layer == 3 { sum } else { sum.tanh() };
        assert!(
            (found.output - output).abs() < 1e-4,
            "{unit:?}: {} and {output}",
            found.output
        );
        let most = terms.map(f32::abs).fold(0.0, f32::max);
        assert_eq!(
            found.back[0].contribution.abs(),
            most,
            "{unit:?}: the strongest comes first"
        );
        for connection in &found.forward {
            let Connection {
                position,
                channel,
                weight,
                contribution,
            } = *connection;
            let other = Unit {
                channel: Channel {
                    layer: layer + 1,
                    index: channel,
                },
                position,
            };
            let own = unit.position * shape.output.channels + unit.channel.index;
            let next = network.config().layers()[layer + 1];
            let row = inputs_of(&next, position)
                .into_iter()
                .position(|input| input == own);
            let row = row.unwrap_or_else(|| panic!("{other:?} sees {unit:?}"));
            assert_eq!(details(other).weights[row], weight, "{unit:?} to {other:?}");
            assert_eq!(contribution, weight * found.output, "{unit:?} to {other:?}");
            forward_connections += 1;
        }
    }
    assert!(
        forward_connections > 1000,
        "{forward_connections} were compared"
    );
}

#[test]
fn a_channel_that_is_off_outputs_zero_and_changes_what_follows() {
    let mlp = formula_network(&[3, 4], &[12], Activation::Tanh);
    let network = Network::of(&mlp).expect("it is on the CPU");
    let bitmap = bitmap();
    let on = network.values(&bitmap, &SwitchedOff::default());
    let mut off = SwitchedOff::default();
    let channel = Channel { layer: 1, index: 2 };
    off.toggle(channel);
    let without = network.values(&bitmap, &off);
    assert_eq!(without[0], on[0], "the layer before stays");
    for (index, (without, on)) in without[1].outputs.iter().zip(&on[1].outputs).enumerate() {
        let expected = if index % 4 == 2 { 0.0 } else { *on };
        assert_eq!(*without, expected, "output {index} of its layer");
    }
    assert_ne!(without[3], on[3], "the answer moves");
    let logits = network.logits(bitmap.pixels(), &off);
    assert_eq!(
        logits[0].to_vec(),
        without[3].outputs,
        "the same for many images"
    );
    off.toggle(channel);
    assert!(off.is_empty(), "it is on again");
}

#[test]
fn activity_covers_nearly_all_outputs() {
    let mlp = formula_network(&[], &[12], Activation::Relu);
    let network = Network::of(&mlp).expect("it is on the CPU");
    let pixels: Vec<f32> = (0..3 * PIXELS).map(|at| (at % 11) as f32 / 11.0).collect();
    let activity = network.activity(&pixels);
    let outputs = network.outputs(1, &pixels);
    let largest = outputs.iter().copied().fold(0.0, f32::max);
    assert_eq!(
        activity[0].scale, largest,
        "of 36 outputs, 99.9 % are all but none"
    );
    for (channel, mean) in activity[0].means.iter().enumerate() {
        let expected = (0..3)
            .map(|image| outputs[12 * image + channel])
            .sum::<f32>()
            / 3.0;
        assert!(
            (mean - expected).abs() < 1e-5,
            "unit {channel}: {mean} and {expected}"
        );
    }
}
