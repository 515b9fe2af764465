//! Explanations depend on the weights: with random weights they are others (Adebayo and others 2018, "Sanity checks for
//! saliency maps").

use super::{
    counterfactual::DotGrid,
    evidence::Evidence,
    occlusion::{Normalization, Occlusion},
    test_support::{drawings, model},
};
use crate::{
    bitmap::Digit,
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

/// The mean correlation between a view by trained and by random weights.
fn mean_correlation(view: impl Fn(&Model, &Ink) -> Vec<f32>) -> f64 {
    let trained = Model::built_in().expect("fits");
    let random = model(trained.mlp.config());
    let drawings = drawings(10);
    let correlations = drawings
        .iter()
        .map(|ink| rank_correlation(&view(&trained, ink), &view(&random, ink)));
    correlations.sum::<f64>() / drawings.len() as f64
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
