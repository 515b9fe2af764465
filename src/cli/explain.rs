//! `digitpad explain`: why a model gives a drawing this digit.

mod picture;
mod report;

use std::{fmt, io::Write, num::NonZeroUsize, path::PathBuf, sync::Arc};

use clap::{Args, ValueEnum, builder::PossibleValue};

use self::report::{Explained, ExplanationLine, ExplanationReport, NearImage};
use super::{
    Exit, Runnable, Streams,
    args::ModelArgs,
    drawings::{FileDrawing, is_standard_input, name_of},
    known::KnownArgs,
    load_model,
    paths::CommandPaths,
    reading::{self, ReadingFields},
    write_json,
};
use crate::{
    bitmap::{Bitmap, Digit},
    data::Dataset,
    error::{CliError, Refusal},
    explanation::{
        Comparison,
        counterfactual::{Bending, DotGrid},
        evidence::Evidence,
        neighbors::{ImageStore, Index, Neighbor},
        occlusion::{Normalization, Occlusion},
        units::{Network, SwitchedOff},
    },
    ink::Ink,
    model::file::Model,
    recognition::{
        self,
        number::{Number, Reading},
    },
};

pub(super) const EXAMPLES: &str = "\
Examples:
  digitpad explain digit.png
  digitpad explain digit.png --against 1 --out evidence.png
  digitpad explain drawings.jsonl --view occlusion --record 3 --out pieces.png
  digitpad explain drawings.jsonl --view counterfactual --json
  digitpad explain digit.png --view neighbors --out neighbors.png

Evidence tells what each pixel adds to the lead of the answer over another digit, in logits. Occlusion \
leaves out one piece of a stroke after the other; counterfactual adds one more dot, and bends the strokes \
until the model reads the other digit. Both need the strokes of an ink file. Neighbors are the eight \
training images of MNIST that are nearest by the outputs of the last two layers; activations are the outputs \
of every layer.

The answer is that of predict. Of a number, one digit is explained (--digit). More than one digit that is \
not read and a non-digit are explained as the digit that they are most like.

With --json, prints one object per drawing: the fields of predict, view, against, \
margin (the logit of digit minus that of against), and the fields of the view.";

/// The training images of [`ViewName::Neighbors`].
const NEIGHBORS: usize = 8;

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// A picture or an ink file; "-" is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What to explain
    #[arg(long, value_name = "NAME", value_enum, default_value_t = ViewName::Evidence)]
    view: ViewName,
    /// The digit to compare the answer with [default: the second digit]
    #[arg(long, value_name = "DIGIT", value_parser = clap::value_parser!(u8).range(0..=9))]
    against: Option<u8>,
    /// The only drawing of an ink file to explain, from 1 [default: all]
    #[arg(long, value_name = "N", value_parser = parse_position)]
    record: Option<NonZeroUsize>,
    #[command(flatten)]
    known: KnownArgs,
    /// The position of the digit of a number to explain, from 1
    #[arg(long, value_name = "N", value_parser = parse_position, default_value = "1")]
    digit: NonZeroUsize,
    /// For occlusion: normalize the rest of the drawing anew, instead of holding the picture still
    #[arg(long)]
    renormalize: bool,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    /// A PNG file to write: a picture of the explanation of one drawing
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

fn parse_position(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse()
        .map_err(|_error| "expected a whole number from 1")
}

/// What to explain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ViewName {
    /// What each pixel adds to the lead of the answer
    Evidence,
    /// What leaving out each piece of a stroke does
    Occlusion,
    /// The training images of MNIST that the network finds most similar
    Neighbors,
    /// What would change the answer: a dot, or bent strokes
    Counterfactual,
    /// The outputs of every layer
    Activations,
}

/// The name on the command line.
impl fmt::Display for ViewName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("", PossibleValue::get_name))
    }
}

impl ViewName {
    fn needs_strokes(self) -> bool {
        matches!(self, Self::Occlusion | Self::Counterfactual)
    }
}

/// What explains all drawings.
struct ExplainSetup {
    model: Arc<Model>,
    network: Network,
    /// Of [`ViewName::Neighbors`].
    gallery: Option<IndexedImages>,
}

/// MNIST's training images with their features.
struct IndexedImages {
    images: ImageStore,
    index: Index,
}

impl IndexedImages {
    fn of(network: &Network) -> Result<Self, CliError> {
        let mut images = ImageStore::default();
        images.extend(&Dataset::mnist()?.train);
        let mut index = Index::new(network);
        index.add_some(network, &images, images.len());
        Ok(Self { images, index })
    }

    /// The images nearest to a preprocessed bitmap.
    fn nearest(&self, network: &Network, input: &Bitmap) -> Vec<NearImage> {
        let embedding = network.embedding(input.pixels());
        let near = self
            .index
            .nearest(network, &self.images, &embedding, None, NEIGHBORS);
        let image = |near: &Neighbor| NearImage {
            index: near.index,
            label: self.images.label(near.index),
            distance: near.distance,
            bitmap: Bitmap::from_bytes(&self.images.image(near.index)),
        };
        near.iter().map(image).collect()
    }
}

impl Runnable for ExplainArgs {
    fn paths(&self) -> CommandPaths {
        CommandPaths::default()
            .reads("--weights", &self.model.weights)
            .reads(
                "FILE",
                Some(&self.file).filter(|file| !is_standard_input(file)),
            )
            .draws("--out", &self.out)
    }

    fn run(&self, streams: Streams) -> Result<Exit, CliError> {
        self.known.check()?;
        let model = load_model(self.model.weights.as_deref())?;
        let network = Network::of(&model.mlp)?;
        let gallery = match self.view {
            ViewName::Neighbors => Some(IndexedImages::of(&network)?),
            _ => None,
        };
        let models = ExplainSetup {
            model: Arc::new(model),
            network,
            gallery,
        };
        streams.for_each(&self.drawings()?, |drawing, out| {
            self.explain(&models, drawing, out)
        })
    }
}

impl ExplainArgs {
    fn refusal(&self, found: impl Into<String>, expected: &str, remedy: &str) -> CliError {
        let file = name_of(&self.file);
        Refusal::new(format!("explain {file}"), found, expected, remedy).into()
    }

    fn nothing_drawn(&self) -> CliError {
        self.refusal("nothing drawn", "a drawing", "choose another drawing")
    }

    /// The drawings of the file that are asked for.
    fn drawings(&self) -> Result<Vec<FileDrawing>, CliError> {
        let mut drawings = FileDrawing::read_all(&self.file)?;
        let count = drawings.len();
        if let Some(only) = self.record {
            // A picture is asked for by its file.
            drawings.retain(|drawing| drawing.record.is_none_or(|record| record == only.get()));
        }
        if drawings.is_empty() {
            let expected = "a drawing of this number (--record)";
            return Err(self.refusal(
                format!("{count} drawings"),
                expected,
                "choose another number",
            ));
        }
        if self.out.is_some() && drawings.len() > 1 {
            let expected = "one drawing for the picture (--out)";
            return Err(self.refusal(
                format!("{count} drawings"),
                expected,
                "choose one with --record",
            ));
        }
        Ok(drawings)
    }

    fn explain(
        &self,
        models: &ExplainSetup,
        drawing: &FileDrawing,
        out: &mut dyn Write,
    ) -> Result<(), CliError> {
        let constraints = self.known.constraints();
        let reading = drawing.reading(&models.model, constraints)?;
        let report = match &reading {
            Reading::Blank => None,
            Reading::Single { bitmap, .. } | Reading::SeveralDigits { bitmap, .. } => {
                Some(self.report(models, drawing.strokes(), bitmap)?)
            }
            Reading::Number(number @ Number { digits, .. }) => {
                let position = self.digit.get();
                let mut digits = digits.iter().filter(|digit| digit.is_digit);
                let digit = digits.nth(position - 1).ok_or_else(|| {
                    let found = format!("{} digits", number.length());
                    self.refusal(found, "a digit at --digit", "choose another position")
                })?;
                let strokes = drawing.strokes().map(|_| &digit.ink);
                let report = self.report(models, strokes, &digit.bitmap)?;
                Some(ExplanationReport {
                    position: Some(position),
                    ..report
                })
            }
        };
        let file = self.file.display().to_string();
        if self.json {
            let fields = ReadingFields::new(&reading, constraints, |digit| {
                drawing.box_of(&reading, digit)
            });
            let line =
                ExplanationLine::new(&file, drawing.record, fields, self.view, report.as_ref());
            write_json(out, &line)?;
        } else {
            let (name, text) = (drawing.name(&file), reading::text(&reading, constraints));
            writeln!(out, "{name}: {text}")?;
            if let Some(report) = &report {
                report.write_text(out)?;
            }
        }
        if let Some(path) = &self.out {
            let report = report.as_ref().ok_or_else(|| self.nothing_drawn())?;
            picture::save(report, path)?;
        }
        Ok(())
    }

    /// The explanation of a drawing with ink.
    fn report<'a>(
        &self,
        models: &ExplainSetup,
        strokes: Option<&'a Ink>,
        bitmap: &Bitmap,
    ) -> Result<ExplanationReport<'a>, CliError> {
        let ExplainSetup { model, network, .. } = models;
        let rival = self.against.and_then(Digit::new);
        let logits = recognition::logits(model, bitmap.pixels().to_vec())?[0];
        let comparison = Comparison::new(&logits, rival);
        if rival == Some(comparison.winner) {
            let found = format!("the answer {} for --against", comparison.winner);
            return Err(self.refusal(found, "another digit", "choose another digit"));
        }
        if self.view.needs_strokes() && strokes.is_none() {
            return Err(self.refusal(
                "a picture",
                "strokes, which this view needs",
                "choose an ink file or --view evidence",
            ));
        }
        let preprocessing = model.mlp.config().preprocessing();
        let explained = match (self.view, strokes) {
            (ViewName::Occlusion, Some(ink)) => {
                let normalization = if self.renormalize {
                    Normalization::Anew
                } else {
                    Normalization::Held
                };
                let occlusion = Occlusion::new(model, ink, rival, normalization)?;
                occlusion.map(|occlusion| Explained::Occlusion(ink, occlusion))
            }
            (ViewName::Counterfactual, Some(ink)) => {
                let bending = Bending::search(model, ink, rival, &|| true)?;
                let dots = DotGrid::new(model, ink, rival, &|| true)?;
                dots.map(|dots| Explained::Counterfactual(ink, dots, bending))
            }
            (ViewName::Neighbors, _) => {
                let gallery = models.gallery.as_ref();
                let input = preprocessing.of_bitmap(bitmap);
                gallery.map(|it| Explained::Neighbors(bitmap.clone(), it.nearest(network, &input)))
            }
            (ViewName::Activations, _) => {
                let input = preprocessing.of_bitmap(bitmap);
                let layers = network.values(&input, &SwitchedOff::default());
                Some(Explained::Activations(
                    input,
                    network.config().layers(),
                    layers,
                ))
            }
            _ => {
                let evidence = Evidence::new(model, bitmap, rival)?;
                Some(Explained::Evidence(evidence))
            }
        };
        Ok(ExplanationReport {
            comparison,
            margin: comparison.margin(&logits),
            position: None,
            explained: explained.ok_or_else(|| self.nothing_drawn())?,
        })
    }
}
