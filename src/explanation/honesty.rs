//! Explanations depend on the weights: with random weights they are others (Adebayo and others 2018, "Sanity checks for
//! saliency maps").

use super::{
    counterfactual::DotGrid,
    evidence::Evidence,
    map::Plane,
    neighbors::{ImageStore, Index},
    occlusion::{Normalization, Occlusion},
    test_support::{drawings, model},
    units::Network,
};
use crate::{
    bitmap::{Bitmap, Digit},
    data::MnistParts,
    ink::{Ink, to_bitmap},
    model::file::Model,
};

/// The ranks of values; equal values have their mean rank.
fn ranks(values: &[f32]) -> Vec<f64> {
    let below = |value: f32| values.iter().filter(|&&other| other < value).count() as f64;
    let equal = |value: f32| values.iter().filter(|&&other| other == value).count() as f64;
    let rank = |&value: &f32| below(value) + (equal(value) - 1.0) / 2.0;
    values.iter().map(rank).collect()
}

/// Spearman's rank correlation.
fn rank_correlation(a: &[f32], b: &[f32]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 - 1.0) / 2.0;
    let sum = |x: &[f64], y: &[f64]| -> f64 {
        x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum()
    };
    sum(&a, &b) / (sum(&a, &a) * sum(&b, &b)).sqrt()
}

/// The built-in model, and one with random weights.
fn models() -> [Model; 2] {
    let trained = Model::built_in().expect("fits");
    let random = model(trained.mlp.config());
    [trained, random]
}

/// The mean correlation between a view by trained and by random weights.
fn mean_correlation(view: impl Fn(&Model, &Ink) -> Vec<f32>) -> f64 {
    let models = models();
    correlation_of(|which, ink| view(&models[which], ink))
}

/// The same for a view of the trained model, 0, and of the random one, 1.
fn correlation_of(view: impl Fn(usize, &Ink) -> Vec<f32>) -> f64 {
    let drawings = drawings(10);
    let correlations = drawings
        .iter()
        .map(|ink| rank_correlation(&view(0, ink), &view(1, ink)));
    correlations.sum::<f64>() / drawings.len() as f64
}

/// What the network sees of a drawing.
fn input(network: &Network, ink: &Ink) -> Bitmap {
    let preprocessing = network.config().preprocessing();
    preprocessing.of_bitmap(&to_bitmap(ink).expect("has strokes"))
}

/// A bending cannot look right with other weights: its test asks the model itself.
#[test]
fn random_weights_change_each_view() {
    let occlusion = |normalization| {
        move |model: &Model, ink: &Ink| {
            let occlusion = Occlusion::new(model, ink, None, normalization);
            let occlusion = occlusion.expect("finite").expect("has strokes");
            occlusion.pieces.iter().map(|piece| piece.support).collect()
        }
    };
    let evidence = |model: &Model, ink: &Ink| {
        let bitmap = to_bitmap(ink).expect("has strokes");
        let evidence = Evidence::new(model, &bitmap, None).expect("finite");
        let inked = evidence.pixels.iter().zip(evidence.input.pixels());
        let inked = inked.filter(|(_, pixel)| **pixel > 0.0);
        inked.map(|(part, _)| *part).collect()
    };
    let dots = |model: &Model, ink: &Ink| {
        let grid = DotGrid::new(model, ink, Digit::new(8), &|| true);
        let grid = grid.expect("finite").expect("has strokes");
        grid.dots.iter().map(|dot| dot.margin).collect()
    };
    let correlations = [
        ("evidence", mean_correlation(evidence)),
        ("held", mean_correlation(occlusion(Normalization::Held))),
        ("anew", mean_correlation(occlusion(Normalization::Anew))),
        ("dots", mean_correlation(dots)),
    ];
    for (view, correlation) in correlations {
        assert!(correlation < 0.2, "{view}: {correlation}");
    }
}

#[test]
fn random_weights_change_the_neighbors_the_map_and_the_units() {
    const IMAGES: usize = 500;
    const SHOWN: usize = 8;
    let mut images = ImageStore::default();
    let mut parts = MnistParts::open().expect("it is built in");
    images.extend(&parts.next(IMAGES).expect("it is built in"));
    let networks = models().map(|model| Network::of(&model.mlp).expect("on the CPU"));
    let indices = networks.each_ref().map(|network| {
        let mut index = Index::new(network);
        index.add_some(network, &images, IMAGES);
        index
    });
    let nearest = |which: usize, ink: &Ink, count| {
        let (network, index): (&Network, &Index) = (&networks[which], &indices[which]);
        let embedding = network.embedding(input(network, ink).pixels());
        index.nearest(network, &images, &embedding, None, count)
    };
    let distances = correlation_of(|which, ink| {
        let mut near = nearest(which, ink, IMAGES);
        near.sort_by_key(|near| near.index);
        near.iter().map(|near| near.distance).collect()
    });
    assert!(distances < 0.2, "distances: {distances}");
    let in_common = |ink: &Ink| {
        let shown = |which| {
            nearest(which, ink, SHOWN)
                .into_iter()
                .map(|near| near.index)
        };
        let random: Vec<usize> = shown(1).collect();
        shown(0).filter(|image| random.contains(image)).count()
    };
    let drawings = drawings(10);
    let common: usize = drawings.iter().map(in_common).sum();
    assert!(
        4 * common < SHOWN * drawings.len(),
        "{common} neighbors in common"
    );
    let planes = networks.each_ref().map(|network| {
        let mut rows = network.features(&images.pixels(0..IMAGES, network));
        let width = rows.len() / IMAGES;
        let plane = Plane::of(&mut rows, width);
        let points = rows
            .chunks_exact(width)
            .map(|row| plane.point_of_centered(row));
        let points: Vec<[f32; 2]> = points.collect();
        (plane, points)
    });
    let map = correlation_of(|which, ink| {
        let (plane, points) = &planes[which];
        let network = &networks[which];
        let own = plane.point(&network.features(input(network, ink).pixels()));
        let distance = |point: &[f32; 2]| (point[0] - own[0]).hypot(point[1] - own[1]);
        points.iter().map(distance).collect()
    });
    assert!(map < 0.2, "distances on the map: {map}");
    for layer in 1..=networks[0].config().layers().len() {
        let outputs = correlation_of(|which, ink| {
            let network = &networks[which];
            network.outputs(layer, input(network, ink).pixels())
        });
        assert!(outputs < 0.2, "outputs of layer {layer}: {outputs}");
    }
}

#[test]
fn rank_correlations_of_known_values() {
    let cases: [(&[f32], f64, &str); 4] = [
        (&[1.0, 2.0, 3.0, 9.0], 1.0, "the same order"),
        (&[9.0, 3.0, 2.0, 1.0], -1.0, "the reverse order"),
        // scipy.stats.spearmanr([1, 2, 3, 4], [1, 1, 2, 2]).
        (&[1.0, 1.0, 2.0, 2.0], 0.894_427_191, "equal values"),
        (&[2.0, 1.0, 4.0, 3.0], 0.6, "two swaps"),
    ];
    for (values, expected, reason) in cases {
        let found = rank_correlation(&[1.0, 2.0, 3.0, 4.0], values);
        assert!((found - expected).abs() < 1e-9, "{reason}: {found}");
    }
}
