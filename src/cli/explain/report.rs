//! Explanations as text and as JSON.

use std::io::Write;

use serde::Serialize;

use super::{super::reading::ReadingFields, ViewName};
use crate::{
    bitmap::{Bitmap, Digit, SIDE},
    error::CliError,
    explanation::{
        Comparison,
        counterfactual::{Bending, DotGrid},
        evidence::{Evidence, Method},
        occlusion::{Normalization, Occlusion, StrokePiece},
        units::LayerValues,
    },
    format,
    ink::{Ink, Point},
    model::LayerShape,
    recognition::Prediction,
};

/// The explanation of a drawing with ink.
pub(super) struct ExplanationReport<'a> {
    pub(super) comparison: Comparison,
    pub(super) margin: f32,
    /// The position of the digit of a number that is explained, from 1.
    pub(super) position: Option<usize>,
    pub(super) explained: Explained<'a>,
}

/// An explanation, with the strokes that it is about.
pub(super) enum Explained<'a> {
    Evidence(Evidence),
    Occlusion(&'a Ink, Occlusion),
    Counterfactual(&'a Ink, DotGrid, Option<Bending>),
    /// The picture, and the nearest training images.
    Neighbors(Bitmap, Vec<NearImage>),
    /// The network's input, and the values of each layer.
    Activations(Bitmap, Vec<LayerShape>, Vec<LayerValues>),
}

/// A training image.
pub(super) struct NearImage {
    /// In MNIST's training set, from 0.
    pub(super) index: usize,
    pub(super) label: Digit,
    pub(super) distance: f32,
    pub(super) bitmap: Bitmap,
}

/// An explanation: a line of `--json`.
#[derive(Serialize)]
pub(super) struct ExplanationLine<'a> {
    file: &'a str,
    /// The number of the drawing in an ink file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<usize>,
    /// The fields of `predict`.
    #[serde(flatten)]
    reading: ReadingFields,
    view: String,
    /// The position of the digit of a number that is explained, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<usize>,
    against: Option<u8>,
    margin: Option<f32>,
    #[serde(flatten)]
    fields: Option<ViewFields<'a>>,
}

/// The fields of a view.
#[derive(Serialize)]
#[serde(untagged)]
enum ViewFields<'a> {
    Evidence {
        method: &'static str,
        /// Of integrated gradients.
        #[serde(skip_serializing_if = "Option::is_none")]
        points: Option<usize>,
        /// 28 rows of 28 pixels.
        pixels: &'a [[f32; SIDE]],
        rest: f32,
        error: f32,
    },
    Occlusion {
        normalization: &'static str,
        pieces: Vec<PieceFields>,
    },
    Counterfactual {
        /// The dot that moves the margin most toward the other digit.
        dot: Option<DotFields>,
        dots: Vec<[f32; 3]>,
        bending: Option<BendingFields>,
    },
    Neighbors {
        neighbors: Vec<NeighborFields>,
    },
    Activations {
        layers: Vec<LayerFields<'a>>,
    },
}

#[derive(Serialize)]
struct NeighborFields {
    index: usize,
    label: u8,
    distance: f32,
}

#[derive(Serialize)]
struct LayerFields<'a> {
    /// As `digitpad info` writes it.
    shape: String,
    /// Position by position.
    outputs: &'a [f32],
}

#[derive(Serialize)]
struct PieceFields {
    /// Points of the pad.
    paths: Vec<Vec<[f32; 2]>>,
    support: f32,
    /// Without the piece.
    digit: u8,
    is_digit: bool,
}

#[derive(Serialize)]
struct DotFields {
    place: [f32; 2],
    margin: f32,
    digit: u8,
    is_digit: bool,
}

#[derive(Serialize)]
struct BendingFields {
    strokes: Vec<Vec<[f32; 2]>>,
    distance: f32,
    digit: u8,
    is_digit: bool,
    confidence: f32,
}

fn pair(point: Point) -> [f32; 2] {
    [point.x, point.y]
}

impl<'a> ViewFields<'a> {
    fn new(explained: &'a Explained) -> Self {
        match explained {
            Explained::Evidence(evidence) => Self::Evidence {
                method: match evidence.method {
                    Method::Exact => "exact",
                    Method::IntegratedGradients { .. } => "integrated-gradients",
                },
                points: match evidence.method {
                    Method::Exact => None,
                    Method::IntegratedGradients { points } => Some(points),
                },
                pixels: evidence.pixels.as_chunks().0,
                rest: evidence.rest,
                error: evidence.error(),
            },
            Explained::Occlusion(_, occlusion) => {
                let piece = |piece: &StrokePiece| PieceFields {
                    paths: piece
                        .paths
                        .iter()
                        .map(|path| path.iter().copied().map(pair).collect())
                        .collect(),
                    support: piece.support,
                    digit: piece.prediction.digit().value(),
                    is_digit: piece.prediction.is_digit(),
                };
                Self::Occlusion {
                    normalization: match occlusion.normalization {
                        Normalization::Held => "held",
                        Normalization::Anew => "anew",
                    },
                    pieces: occlusion.pieces.iter().map(piece).collect(),
                }
            }
            Explained::Neighbors(_, near) => {
                let neighbor = |near: &NearImage| NeighborFields {
                    index: near.index,
                    label: near.label.value(),
                    distance: near.distance,
                };
                Self::Neighbors {
                    neighbors: near.iter().map(neighbor).collect(),
                }
            }
            Explained::Activations(_, shapes, layers) => {
                let layers = shapes.iter().zip(layers);
                let layer = |(shape, values): (&LayerShape, &'a LayerValues)| LayerFields {
                    shape: shape.output.to_string(),
                    outputs: &values.outputs,
                };
                Self::Activations {
                    layers: layers.map(layer).collect(),
                }
            }
            Explained::Counterfactual(_, grid, bending) => Self::Counterfactual {
                dot: grid.strongest().map(|dot| DotFields {
                    place: pair(dot.place),
                    margin: dot.margin,
                    digit: dot.prediction.digit().value(),
                    is_digit: dot.prediction.is_digit(),
                }),
                dots: grid
                    .dots
                    .iter()
                    .map(|dot| [dot.place.x, dot.place.y, dot.margin])
                    .collect(),
                bending: bending.as_ref().map(|bending| BendingFields {
                    strokes: bending
                        .ink
                        .strokes()
                        .iter()
                        .map(|stroke| stroke.points().iter().copied().map(pair).collect())
                        .collect(),
                    distance: bending.distance,
                    digit: bending.prediction.digit().value(),
                    is_digit: bending.prediction.is_digit(),
                    confidence: bending.prediction.confidence(),
                }),
            },
        }
    }
}

/// The part of the outputs that are above 0.
fn share_above_zero(values: &[f32]) -> f64 {
    let above = values.iter().filter(|&&value| value > 0.0).count();
    above as f64 / values.len() as f64
}

fn percent(prediction: &Prediction) -> String {
    let rejected = if prediction.is_digit() {
        ""
    } else {
        ", not a digit"
    };
    format::probability(prediction.confidence(), 2) + rejected
}

impl<'a> ExplanationLine<'a> {
    pub(super) fn new(
        file: &'a str,
        record: Option<usize>,
        reading: ReadingFields,
        view: ViewName,
        report: Option<&'a ExplanationReport>,
    ) -> Self {
        Self {
            file,
            record,
            reading,
            view: view.to_string(),
            against: report.map(|report| report.comparison.rival.value()),
            position: report.and_then(|report| report.position),
            margin: report.map(|report| report.margin),
            fields: report.map(|report| ViewFields::new(&report.explained)),
        }
    }
}

impl ExplanationReport<'_> {
    /// Writes the explanation for people to read, below the answer.
    pub(super) fn write_text(&self, out: &mut dyn Write) -> Result<(), CliError> {
        let Self {
            comparison: Comparison { winner, rival },
            margin,
            position,
            explained,
        } = self;
        let of = position.map_or_else(String::new, |position| format!("digit {position}: "));
        writeln!(out, "  {of}{winner} rather than {rival} by {margin:.2}")?;
        match explained {
            Explained::Evidence(evidence) => {
                let sum = |sign: f32| -> f32 {
                    let parts = evidence.pixels.iter().filter(|&&part| part * sign > 0.0);
                    parts.sum()
                };
                let rest = match evidence.method {
                    Method::Exact => "biases",
                    Method::IntegratedGradients { .. } => "blank paper",
                };
                writeln!(
                    out,
                    "  pixels for {winner} {:+.2}, for {rival} {:+.2}; {rest} {:+.2}; error {:.5}",
                    sum(1.0),
                    sum(-1.0),
                    evidence.rest,
                    evidence.error(),
                )?;
            }
            Explained::Occlusion(_, occlusion) => {
                writeln!(out, "  without a piece, the lead changes:")?;
                for StrokePiece { paths, support, .. } in &occlusion.pieces {
                    if let (Some(from), Some(to)) = (
                        paths.first().and_then(|path| path.first()),
                        paths.last().and_then(|path| path.last()),
                    ) {
                        writeln!(
                            out,
                            "  ({:.2}, {:.2}) to ({:.2}, {:.2}): {:+.2}",
                            from.x, from.y, to.x, to.y, -support
                        )?;
                    }
                }
            }
            Explained::Neighbors(_, near) => {
                for near in near {
                    let NearImage {
                        index,
                        label,
                        distance,
                        ..
                    } = near;
                    writeln!(
                        out,
                        "  {label}  training image {}, distance {distance:.2}",
                        index + 1
                    )?;
                }
            }
            Explained::Activations(_, shapes, layers) => {
                for (shape, values) in shapes.iter().zip(layers) {
                    let largest = values.outputs.iter().copied().fold(f32::MIN, f32::max);
                    let share = format::percent(share_above_zero(&values.outputs), 0);
                    writeln!(
                        out,
                        "  {:>9}: {share} above 0, largest {largest:.2}",
                        shape.output.to_string()
                    )?;
                }
            }
            Explained::Counterfactual(_, grid, bending) => {
                match grid.strongest() {
                    None => writeln!(out, "  no dot moves the answer toward {rival}")?,
                    Some(dot) => writeln!(
                        out,
                        "  a dot at ({:.2}, {:.2}): {} ({}), lead {:+.2}",
                        dot.place.x,
                        dot.place.y,
                        dot.prediction.digit(),
                        percent(&dot.prediction),
                        dot.margin,
                    )?,
                }
                match bending {
                    None => writeln!(out, "  no bending found that is read as {rival}")?,
                    Some(bending) => writeln!(
                        out,
                        "  bent by {} of its size: {rival} ({})",
                        format::percent(f64::from(bending.distance), 1),
                        percent(&bending.prediction),
                    )?,
                }
            }
        }
        Ok(())
    }
}
