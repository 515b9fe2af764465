use serde::Deserialize;

use super::*;
use crate::{
    data::{Dataset, MnistParts},
    explanation::{map::Plane, test_support::formula_network},
    model::Activation,
};

/// The results of tests/reference/explanation.py, which compares in f64.
#[derive(Deserialize)]
struct Reference {
    images: usize,
    neighbors: Vec<NeighborsCase>,
    variance: [f32; 2],
    points: Vec<[f32; 2]>,
    exciting: ExcitingCase,
}

#[derive(Deserialize)]
struct NeighborsCase {
    query: usize,
    indices: Vec<usize>,
    distances: Vec<f32>,
}

#[derive(Deserialize)]
struct ExcitingCase {
    unit: usize,
    indices: Vec<usize>,
    outputs: Vec<f32>,
}

/// Features of size 1 are sums of some hundred terms in f32.
const TOLERANCE: f32 = 1e-4;

#[test]
fn neighbors_and_the_map_are_those_of_numpy() {
    let text = include_str!("../../../tests/reference/explanation.json");
    let reference: Reference = serde_json::from_str(text).expect("the program wrote it");
    let mlp = formula_network(&[3, 4], &[12], Activation::Relu);
    let network = Network::of(&mlp).expect("it is on the CPU");
    let mut parts = MnistParts::open().expect("the embedded files are valid");
    let mut images = ImageStore::default();
    images.extend(&parts.next(reference.images).expect("they unpack"));
    let mut index = Index::new(&network);
    for count in [0, 1, 100, reference.images] {
        index.add_some(&network, &images, count);
    }
    assert_eq!(index.len(), reference.images, "all images");
    let test = Dataset::mnist_test().expect("the embedded files are valid");
    let mut rows = network.features(&images.pixels(0..images.len(), &network));
    let plane = Plane::of(&mut rows, 12);
    for (found, expected) in plane.variance.iter().zip(reference.variance) {
        assert!(
            (found - expected).abs() < TOLERANCE,
            "variance {found}, NumPy {expected}"
        );
    }
    for (case, point) in reference.neighbors.iter().zip(reference.points) {
        let pixels = network.pixels_of(test.image(case.query));
        let embedding = network.embedding(&pixels);
        let nearest = index.nearest(&network, &images, &embedding, None, case.indices.len());
        let indices: Vec<usize> = nearest.iter().map(|near| near.index).collect();
        assert_eq!(indices, case.indices, "of test image {}", case.query);
        for (near, expected) in nearest.iter().zip(&case.distances) {
            let found = near.distance;
            assert!(
                (found - expected).abs() < TOLERANCE,
                "{found}, NumPy {expected}"
            );
        }
        let found = plane.point(&network.features(&pixels));
        for (found, expected) in found.iter().zip(point) {
            // The axes of a search that ends at 1e-4 times features of size 1.
            assert!(
                (found - expected).abs() < 10.0 * TOLERANCE,
                "at {found}, NumPy {expected}"
            );
        }
    }
    let unit = Channel {
        layer: 2,
        index: reference.exciting.unit,
    };
    let exciting = index.exciting(unit);
    let indices: Vec<usize> = exciting.iter().map(|image| image.index).collect();
    assert_eq!(
        indices, reference.exciting.indices,
        "the most exciting images"
    );
    for (image, expected) in exciting.iter().zip(&reference.exciting.outputs) {
        let found = image.output;
        assert!(
            (found - expected).abs() < TOLERANCE,
            "output {found}, NumPy {expected}"
        );
    }
}

#[test]
fn stored_images_are_the_originals() {
    let mut parts = MnistParts::open().expect("the embedded files are valid");
    let examples = parts.next(300).expect("they unpack");
    let mut images = ImageStore::default();
    images.extend(&examples);
    let corners = [0, SIDE - 1, PIXELS - 1];
    for at in corners {
        let mut image = [0; PIXELS];
        image[at] = 9;
        images.push(&image, Digit::ALL[3]);
        assert_eq!(images.image(images.len() - 1), image, "ink at {at}");
    }
    images.push(&[0; PIXELS], Digit::ALL[0]);
    assert_eq!(images.image(images.len() - 1), [0; PIXELS], "no ink");
    for index in 0..examples.len() {
        assert_eq!(&images.image(index), examples.image(index), "image {index}");
        assert_eq!(images.label(index), examples.label(index), "label {index}");
    }
    let bytes = images.bytes.len();
    assert!(bytes < 300 * PIXELS / 2, "{bytes} bytes are less than half");
}

#[test]
fn an_index_of_a_wide_network_has_fewer_images() {
    let cases = [
        (vec![320], 60_606, "all of MNIST"),
        (vec![64, 4000], 4987, "the last hidden layer counts"),
        (Vec::new(), 25_188, "pixels, without a hidden layer"),
    ];
    for (hidden, expected, reason) in cases {
        let mlp = formula_network(&[], &hidden, Activation::Relu);
        let network = Network::of(&mlp).expect("it is on the CPU");
        assert_eq!(Index::new(&network).capacity(), expected, "{reason}");
    }
}
