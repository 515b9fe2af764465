//! Weight files: a round trip changes nothing, and errors explain invalid files.

use std::{collections::HashMap, fs, path::Path};

use candle_core::{DType, Device, Tensor, Var};
use clap::ValueEnum as _;
use digitpad::{
    bitmap::{Bitmap, PIXELS},
    data::Dataset,
    error::{InputError, ModelError, Refusal},
    evaluation::{evaluate, evaluation_set::EvaluationSet},
    model::{
        Activation, Layer, Mlp, MlpConfig,
        calibration::Calibration,
        file::{Metadata, Model},
    },
    recognition::predict,
    training::config::TrainingConfig,
};
use proptest::prelude::*;
use safetensors::{Dtype, tensor::TensorView};

fn model(hidden: &[usize], activation: Activation) -> Model {
    let config = MlpConfig::new(hidden.to_vec(), activation).expect("a small network");
    let mlp = Mlp::new(&config, 3, &Device::Cpu).expect("fits in memory");
    let metadata = Metadata {
        dataset: Some("MNIST".into()),
        training_config: Some(serde_json::json!({"epochs": 10, "validation_split": 1.0 / 12.0})),
        base_model: Some("built-in model".into()),
        corrections_used: Some(12),
        seed: Some(u64::MAX),
        validation_accuracy: Some(0.976),
        test_loss: Some(0.081_25),
        test_accuracy: Some(0.977),
        calibration: Calibration {
            temperature: 1.25,
            // Logits of any size, as after a training with a high learning rate.
            reject_threshold: Some(-5e6),
        },
    };
    Model { mlp, metadata }
}

/// With two convolutional layers before the hidden ones.
fn convolutional() -> Model {
    let config = MlpConfig::new(vec![5], Activation::Relu)
        .and_then(|config| config.with_filters(vec![2, 3]))
        .expect("a small network");
    let mlp = Mlp::new(&config, 3, &Device::Cpu).expect("fits in memory");
    Model {
        mlp,
        ..model(&[], Activation::Relu)
    }
}

fn ramp() -> Bitmap {
    Bitmap::from_bytes(&std::array::from_fn(|index| (index % 251) as u8))
}

#[test]
fn a_saved_model_is_the_same_when_loaded() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("w.safetensors");
    let dense = Activation::value_variants().iter().flat_map(|&activation| {
        let hidden = [&[][..], &[7], &[20, 5]];
        hidden.map(|hidden| model(hidden, activation))
    });
    for saved in dense.chain([convolutional()]) {
        saved.save(&path).expect("saves");
        let loaded = Model::load(&path).expect("loads");
        assert_eq!(loaded.metadata, saved.metadata, "all that was known of it");
        assert_eq!(loaded.mlp.config(), saved.mlp.config(), "its shape");
        let answer = |model: &Model| predict(model, &ramp()).expect("predicts");
        assert_eq!(answer(&loaded), answer(&saved), "its answers, bit by bit");
    }
}

#[test]
fn files_hold_kernels_as_pytorch_has_them() {
    let saved = convolutional();
    let bytes = saved.to_bytes().expect("serializes");
    let tensors = safetensors::SafeTensors::deserialize(&bytes).expect("is safetensors");
    let own = |index: usize| -> Vec<Vec<f32>> {
        let weight = &saved.mlp.layers()[index].weight;
        weight.to_vec2().expect("is a matrix")
    };
    let stored = |name: &str, shape: &[usize], indices: &[usize]| {
        let tensor = tensors.tensor(name).expect("is there");
        assert_eq!(tensor.shape(), shape, "{name}");
        let place = indices.iter().zip(shape);
        let place = place.fold(0, |place, (index, size)| place * size + index);
        f32::from_le_bytes(tensor.data()[4 * place..][..4].try_into().expect("four"))
    };
    let kernel = stored("layers.1.weight", &[3, 2, 5, 5], &[2, 1, 3, 4]);
    let expected = own(1)[(3 * 5 + 4) * 2 + 1][2];
    assert_eq!(kernel, expected, "of filter 2, channel 1, row 3, column 4");
    let after = stored("layers.2.weight", &[5, 48], &[4, 2 * 16 + 7]);
    let expected = own(2)[7 * 3 + 2][4];
    assert_eq!(after, expected, "PyTorch flattens channel by channel");
    let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).expect("has a header");
    let metadata = header.metadata().clone().expect("has metadata");
    let layers: serde_json::Value =
        serde_json::from_str(&metadata["convolutional"]).expect("is JSON");
    let expected = serde_json::json!([
        {"filters": 2, "kernel": 5, "stride": 2, "first": 2},
        {"filters": 3, "kernel": 5, "stride": 2, "first": 0},
    ]);
    assert_eq!(layers, expected, "the geometry");
}

#[test]
fn the_built_in_model_gives_pytorchs_logits() {
    let text = fs::read_to_string("tests/reference/weights.json").expect("is in the repository");
    let expected: Vec<[f32; 10]> = serde_json::from_str(&text).expect("weights.py wrote it");
    let built_in = Model::built_in().expect("loads");
    let test = Dataset::mnist().expect("is built in").test;
    let images = &test.images()[..expected.len() * PIXELS];
    let pixels = images.iter().map(|&value| f32::from(value) / 255.0);
    let found = built_in.mlp.logits(pixels.collect()).expect("computes");
    for (image, (found, expected)) in found.iter().zip(&expected).enumerate() {
        for (found, expected) in found.iter().zip(expected) {
            // Sums of up to 1280 terms in another order, and a file with five decimals.
            assert!(
                (found - expected).abs() < 1e-4,
                "image {image}: {found}, not {expected}"
            );
        }
    }
}

#[test]
fn files_hold_what_pytorch_expects_of_a_linear_layer() {
    let saved = model(&[7], Activation::Relu);
    let bytes = saved.to_bytes().expect("serializes");
    let tensors = safetensors::SafeTensors::deserialize(&bytes).expect("is safetensors");
    let mut names = tensors.names();
    names.sort_unstable();
    let expected = [
        "layers.0.bias",
        "layers.0.weight",
        "layers.1.bias",
        "layers.1.weight",
    ];
    assert_eq!(names, expected, "the names of a ModuleList called layers");
    let weight = tensors.tensor("layers.0.weight").expect("is there");
    assert_eq!(
        (weight.dtype(), weight.shape()),
        (Dtype::F32, &[7, PIXELS][..]),
        "[out, in]"
    );
    let second_row = &weight.data()[4 * PIXELS..4 * PIXELS + 4];
    let stored = f32::from_le_bytes(second_row.try_into().expect("four bytes"));
    let own: Vec<Vec<f32>> = saved.mlp.layers()[0].weight.to_vec2().expect("is a matrix");
    assert_eq!(stored, own[0][1], "the weight from pixel 0 to unit 1");
}

#[test]
fn numbers_of_16_bits_are_half_the_file_and_nearly_the_same() {
    let saved = model(&[20, 5], Activation::Relu);
    let [whole, half] =
        [saved.to_bytes(), saved.to_half_bytes()].map(|bytes| bytes.expect("serializes"));
    let weights = 4 * saved.mlp.config().parameter_count();
    assert_eq!(
        whole.len() - half.len(),
        weights / 2,
        "two bytes fewer for each"
    );
    let loaded = Model::from_bytes(&half, "the half").expect("loads");
    assert_eq!(loaded.metadata, saved.metadata, "all that was known of it");
    for (half, whole) in loaded.mlp.parameters().zip(saved.mlp.parameters()) {
        let [half, whole] = [half, whole].map(|values| {
            let flat = values.flatten_all().expect("has elements");
            flat.to_vec1::<f32>().expect("holds f32")
        });
        for (half, whole) in half.iter().zip(&whole) {
            // Half a unit in the last of 11 binary places.
            assert!(
                (half - whole).abs() <= whole.abs() / 2048.0 + 1e-7,
                "{half} for {whole}"
            );
        }
    }
    let large = Tensor::full(7e4_f32, 5, &Device::Cpu).expect("fits in memory");
    saved.mlp.layers()[1]
        .bias
        .set(&large)
        .expect("has its shape");
    let refusal = saved
        .to_half_bytes()
        .expect_err("it is too large")
        .to_string();
    assert!(
        refusal.contains("70000") && refusal.contains("65504"),
        "{refusal}"
    );
}

/// The metadata of the `safetensors` crate are in random order: 20 writes would differ.
#[test]
fn the_same_model_gives_the_same_bytes() {
    let saved = model(&[20, 5], Activation::Gelu);
    let bytes = saved.to_bytes().expect("serializes");
    for _ in 0..20 {
        let read = Model::from_bytes(&bytes, "w").expect("loads");
        assert!(
            read.to_bytes().expect("serializes") == bytes,
            "also after loading"
        );
    }
    let built_in = Model::built_in().expect("loads").to_half_bytes();
    let file = fs::read("weights/digitpad.safetensors").expect("is in the repository");
    assert!(
        built_in.expect("serializes") == file,
        "the built-in model too"
    );
}

#[test]
fn the_built_in_model_has_the_accuracy_of_its_metadata() {
    let built_in = Model::built_in().expect("loads");
    let dataset = Dataset::mnist().expect("is built in");
    let set = EvaluationSet::from_examples("mnist", dataset.test);
    let calibration = &built_in.metadata.calibration;
    let evaluation = evaluate(&built_in.mlp, calibration, set, &mut |_| true);
    let evaluation = evaluation.expect("computes").expect("it is not stopped");
    let test = evaluation.metrics();
    assert!(
        test.accuracy >= 0.985,
        "{} on the MNIST test set",
        test.accuracy
    );
    assert_eq!(
        Some(test.accuracy),
        built_in.metadata.test_accuracy,
        "the accuracy in the metadata"
    );
    let config: TrainingConfig =
        serde_json::from_value(built_in.metadata.training_config.clone().expect("is known"))
            .expect("fine-tuning reads it");
    assert_eq!(
        &config.model,
        built_in.mlp.config(),
        "it trained this network"
    );
    let loss = built_in.metadata.test_loss.expect("was tested");
    // Sums of products differ by about 1e-7 between processors.
    assert!(
        (test.loss - loss).abs() < 1e-4,
        "{} as its metadata says",
        test.loss
    );
}

/// Without the hash, most flipped bits would only change a weight or the calibration.
#[test]
fn a_flipped_bit_is_noticed() {
    let saved = model(&[2], Activation::Relu);
    for bytes in [saved.to_bytes(), saved.to_half_bytes()] {
        let mut bytes = bytes.expect("serializes");
        let temperature = b"\"temperature\":\"1.25\"";
        let start = bytes.windows(temperature.len());
        let start = start.clone().position(|part| part == temperature);
        let digit = start.expect("is there") + temperature.len() - 2;
        // The last digit of the temperature, and a bit in each of the tensors' bytes.
        let tensors = bytes.len() - 2 * (784 * 2 + 2 + 2 * 10 + 10)..bytes.len();
        for place in tensors.step_by(61).chain([digit]) {
            bytes[place] ^= 1;
            let error = Model::from_bytes(&bytes, "w").expect_err("is damaged");
            let is_refused = matches!(error, ModelError::Input(InputError::Refused(_)));
            assert!(is_refused, "byte {place}: {error:?}");
            bytes[place] ^= 1;
        }
        Model::from_bytes(&bytes, "w").expect("is whole again");
    }
    let mut foreign = Parts::sound();
    Model::from_bytes(&foreign.bytes(), "w").expect("a file without hash");
    foreign.set("hash", "1");
    let refusal = refusal(&foreign, "another hash");
    assert!(refusal.found.contains("hash"), "{refusal}");
}

/// The parts of a weight file, to be corrupted one at a time.
struct Parts {
    tensors: Vec<(String, Dtype, Vec<usize>, Vec<u8>)>,
    metadata: HashMap<String, String>,
}

impl Parts {
    fn sound() -> Self {
        let bytes = model(&[7], Activation::Relu)
            .to_bytes()
            .expect("serializes");
        let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).expect("has a header");
        let tensors = safetensors::SafeTensors::deserialize(&bytes).expect("is safetensors");
        let part = |(name, view): (String, TensorView)| {
            (
                name,
                view.dtype(),
                view.shape().to_vec(),
                view.data().to_vec(),
            )
        };
        let mut metadata = header.metadata().clone().expect("has metadata");
        // Another program that changes a file leaves the hash out.
        metadata.remove("hash").expect("a hash of the content");
        Self {
            tensors: tensors.tensors().into_iter().map(part).collect(),
            metadata,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let views = self.tensors.iter().map(|(name, dtype, shape, data)| {
            (
                name,
                TensorView::new(*dtype, shape.clone(), data).expect("sizes agree"),
            )
        });
        let views: Vec<_> = views.collect();
        safetensors::serialize(views, Some(self.metadata.clone())).expect("serializes")
    }
    /// Replaces a field of the metadata.
    fn set(&mut self, key: &str, value: &str) {
        self.metadata.insert(key.to_owned(), value.to_owned());
    }

    fn tensor(&mut self, name: &str) -> &mut (String, Dtype, Vec<usize>, Vec<u8>) {
        let found = self.tensors.iter_mut().find(|tensor| tensor.0 == name);
        found.expect("is there")
    }
}

fn refusal(parts: &Parts, reason: &str) -> Refusal {
    match Model::from_bytes(&parts.bytes(), "w.safetensors").expect_err(reason) {
        ModelError::Input(InputError::Refused(refusal)) => refusal,
        error => panic!("{reason}: {error}"),
    }
}

#[test]
fn errors_of_invalid_files_name_what_was_found() {
    type Corrupt = fn(&mut Parts);
    let cases: [(&str, Corrupt, &str); 15] = [
        (
            "no metadata, as other programs write",
            |p| p.metadata.clear(),
            "no \"format\"",
        ),
        (
            "a later format",
            |p| p.set("format", "digitpad-9"),
            "digitpad-9",
        ),
        (
            "another input scale",
            |p| p.set("input", "-1 to 1"),
            "-1 to 1",
        ),
        (
            "an unknown activation",
            |p| p.set("activation", "softsign"),
            "softsign",
        ),
        (
            "layers that are no numbers",
            |p| p.set("hidden", "7,x"),
            "7,x",
        ),
        (
            "more layers than tensors",
            |p| p.set("hidden", "7,7"),
            "layers.1.weight of shape [10, 7]",
        ),
        (
            "a layer too wide for any machine",
            |p| p.set("hidden", "99999999"),
            "99999999",
        ),
        (
            "convolutional layers that are no list",
            |p| p.set("convolutional", "2,3"),
            "convolutional \"2,3\"",
        ),
        (
            "another stride",
            |p| {
                let layers = r#"[{"filters":2,"kernel":5,"stride":1,"first":2}]"#;
                p.set("convolutional", layers);
            },
            "\"stride\":1",
        ),
        (
            "a convolutional layer without its kernels",
            |p| {
                let layers = r#"[{"filters":2,"kernel":5,"stride":2,"first":2}]"#;
                p.set("convolutional", layers);
            },
            "layers.0.weight of shape [7, 784]",
        ),
        (
            "a tensor too few",
            |p| p.tensors.retain(|t| t.0 != "layers.1.bias"),
            "layers.1.bias",
        ),
        (
            "a tensor too many",
            |p| {
                p.tensors
                    .push(("extra".into(), Dtype::U8, vec![1], vec![0]));
            },
            "extra",
        ),
        (
            "a transposed weight, as Keras has it",
            |p| p.tensor("layers.0.weight").2.reverse(),
            "[784, 7]",
        ),
        (
            "a value that is not a number",
            |p| p.tensor("layers.0.bias").3[..4].copy_from_slice(&f32::NAN.to_le_bytes()),
            "NaN in layers.0.bias",
        ),
        (
            "integers",
            |p| p.tensor("layers.0.bias").1 = Dtype::I32,
            "I32",
        ),
    ];
    for (reason, corrupt, found) in cases {
        let mut parts = Parts::sound();
        corrupt(&mut parts);
        let refusal = refusal(&parts, reason);
        let sentence = refusal.to_string();
        assert!(refusal.found.contains(found), "{reason}: {sentence}");
        assert!(
            sentence.contains("w.safetensors"),
            "{reason}: names the file: {sentence}"
        );
    }
}

#[test]
fn damaged_files_are_refused() {
    let sound = Parts::sound().bytes();
    let mut long_header = sound.clone();
    long_header[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    let cases: [(&str, &[u8]); 5] = [
        ("empty", b""),
        ("a text", b"These are not the weights you are looking for."),
        ("cut short", &sound[..sound.len() - 1]),
        ("too long", &[&sound[..], &[0]].concat()),
        ("a header that claims all memory", &long_header),
    ];
    for (reason, bytes) in cases {
        let error = Model::from_bytes(bytes, "w").expect_err(reason);
        assert!(
            matches!(error, ModelError::Input(InputError::Refused(_))),
            "{reason}: {error}"
        );
    }
    assert!(
        Model::from_bytes(&sound, "w").is_ok(),
        "the valid file is read"
    );
}

#[test]
fn layers_of_another_shape_are_refused() {
    let config = MlpConfig::new(vec![3], Activation::Relu).expect("a small network");
    let zeros = |shape: &[usize]| Var::zeros(shape, DType::F32, &Device::Cpu).expect("fits");
    let layer = |inputs, outputs, biases| Layer {
        weight: zeros(&[inputs, outputs]),
        bias: zeros(&[biases]),
    };
    let cases = [
        (vec![layer(PIXELS, 3, 3)], "1 layers"),
        (
            vec![layer(3, PIXELS, 3), layer(3, 10, 10)],
            "weight 0 of shape [3, 784]",
        ),
        (
            vec![layer(PIXELS, 3, 3), layer(3, 10, 9)],
            "bias 1 of shape [9]",
        ),
    ];
    for (layers, part) in cases {
        let error = Mlp::from_layers(config.clone(), layers).expect_err(part);
        let error = error.to_string();
        assert!(error.contains(part), "{part}: {error}");
    }
    let layers = vec![layer(PIXELS, 3, 3), layer(3, 10, 10)];
    assert!(Mlp::from_layers(config, layers).is_ok(), "those that fit");
}

#[test]
fn half_precision_is_read_too() {
    let mut parts = Parts::sound();
    for (name, dtype, _, data) in &mut parts.tensors {
        let values = data
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes(b.try_into().expect("four")));
        let tensor = Tensor::from_iter(values, &Device::Cpu).expect("fits in memory");
        let half = tensor.to_dtype(DType::F16).expect("converts");
        let half: Vec<half::f16> = half.to_vec1().expect(name);
        *data = half.iter().flat_map(|x| x.to_le_bytes()).collect();
        *dtype = Dtype::F16;
    }
    let loaded = Model::from_bytes(&parts.bytes(), "w").expect("loads");
    let exact = model(&[7], Activation::Relu);
    let pairs = [exact, loaded].map(|m| *predict(&m, &ramp()).expect("predicts").probabilities());
    for (a, b) in pairs[0].iter().zip(pairs[1]) {
        // Eleven bits of mantissa, summed over 784 pixels.
        assert!((a - b).abs() < 0.01, "{a} and {b}");
    }
}

#[test]
fn loading_says_which_file_is_missing() {
    let error = Model::load(Path::new("no/such/file.safetensors")).expect_err("is not there");
    assert!(
        error.to_string().contains("no/such/file.safetensors"),
        "{error}"
    );
}

#[test]
fn a_failed_save_keeps_the_old_file() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("w.safetensors");
    fs::create_dir(&path).expect("something else of that name");
    assert!(
        model(&[7], Activation::Relu).save(&path).is_err(),
        "a folder is in the way"
    );
    assert!(path.is_dir(), "and stays");
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Model::from_bytes(&bytes, "w").is_err());
    }

    #[test]
    fn no_flipped_byte_of_the_header_panics(place in 0usize..700, value: u8) {
        let mut bytes = Parts::sound().bytes();
        let place = place.min(bytes.len() - 1);
        bytes[place] = value;
        let _ = Model::from_bytes(&bytes, "w");
    }
}
