//! The counterfactual of a session. Its parts are computed one after the other.

use std::sync::Arc;

use super::{ExplanationTask, IsCurrent, OpenIndex, Session};
use crate::{
    bitmap::{Bitmap, Digit},
    error::ModelError,
    explanation::{
        Comparison,
        counterfactual::{Bending, DotGrid, blend},
        units::SwitchedOff,
    },
    model::file::Model,
    recognition::{self, Prediction},
    worker::{
        explainer::{
            BendingSearch, ChangedStrokes, Counterfactual, ExplanationRequest, ExplanationView,
            Morph,
        },
        predictor::PredictionInput,
    },
};

/// The training images with which the morph is computed first, within a second or two.
const FIRST_MORPH_IMAGES: usize = 5000;
/// The nearest images of the rival among which one that is read so is sought.
const MORPH_NEIGHBORS: usize = 30;
/// The blends on the way to a training image.
const MORPH_STEPS: usize = 20;

/// A counterfactual, whose parts are computed one after the other.
pub(super) struct OpenChange {
    input: PredictionInput,
    model: Arc<Model>,
    rival: Option<Digit>,
    /// The digit as a picture.
    bitmap: Bitmap,
    pub(super) found: Counterfactual,
    /// The number of training images among which the morph's was chosen; 0 before.
    searched: usize,
}

impl OpenChange {
    pub(super) fn is_of(&self, request: &ExplanationRequest) -> bool {
        Arc::ptr_eq(&self.model, &request.model)
            && self.rival == request.rival
            && self.input == request.input
    }

    fn is_bending(&self) -> bool {
        let strokes = self.found.strokes.as_ref();
        strokes.is_some_and(|strokes| strokes.bending == BendingSearch::Running)
    }
}

impl Session {
    /// Whether a part of the counterfactual is missing. The morph is computed with a part of the index, and again with the
    /// whole.
    pub(super) fn change_has_work(&self, task: &ExplanationTask) -> bool {
        let read = self.index_len();
        let is_whole = !self.index_has_work(task);
        let has_work = |open: &OpenChange| {
            let wants_morph = match open.searched {
                0 => is_whole || read >= FIRST_MORPH_IMAGES,
                searched => is_whole && searched < read,
            };
            open.is_of(&task.request) && (open.is_bending() || wants_morph)
        };
        task.sees(ExplanationView::Counterfactual) && self.change.as_ref().is_some_and(has_work)
    }

    /// Begins a counterfactual, unless it is the same as before. Returns whether it did, or a newer request waits.
    pub(super) fn begin_change(
        &mut self,
        task: &ExplanationTask,
        is_current: IsCurrent,
    ) -> Result<bool, ModelError> {
        let request = &*task.request;
        if self.change.as_ref().is_some_and(|open| open.is_of(request)) {
            return Ok(true);
        }
        let ExplanationRequest {
            input,
            model,
            rival,
            ..
        } = request;
        let Some(bitmap) = input.to_bitmap(None) else {
            return Ok(true);
        };
        let strokes = match input {
            PredictionInput::Ink(ink) => match DotGrid::new(model, ink, *rival, is_current)? {
                None => return Ok(false),
                Some(dots) => Some(ChangedStrokes {
                    ink: ink.clone(),
                    dots,
                    bending: BendingSearch::Running,
                }),
            },
            _ => None,
        };
        let logits = recognition::logits(model, bitmap.pixels().to_vec())?;
        self.change = Some(OpenChange {
            input: input.clone(),
            model: Arc::clone(model),
            rival: *rival,
            bitmap,
            found: Counterfactual {
                comparison: Comparison::new(&logits[0], *rival),
                strokes,
                morph: None,
            },
            searched: 0,
        });
        Ok(true)
    }

    /// Computes the next part of a counterfactual. Returns whether it did, or a newer request waits.
    pub(super) fn continue_change(
        &mut self,
        task: &ExplanationTask,
        is_current: IsCurrent,
    ) -> Result<bool, ModelError> {
        let Some(mut open) = self.change.take() else {
            return Ok(false);
        };
        match &mut open.found.strokes {
            Some(strokes) if strokes.bending == BendingSearch::Running => {
                let found = Bending::search(&open.model, &strokes.ink, open.rival, is_current)?;
                if found.is_none() && !is_current() {
                    self.change = Some(open);
                    return Ok(false);
                }
                strokes.bending = found.map_or(BendingSearch::NoneFound, BendingSearch::Found);
            }
            _ => {
                open.found.morph = self.morph(task, &open)?;
                open.searched = self.index_len().max(1);
            }
        }
        self.change = Some(open);
        Ok(true)
    }

    /// The way to the nearest training image that the model reads as the rival.
    fn morph(
        &mut self,
        task: &ExplanationTask,
        open: &OpenChange,
    ) -> Result<Option<Morph>, ModelError> {
        let Some(input) = &task.bitmap else {
            return Ok(None);
        };
        let (OpenIndex { known, index, .. }, mnist) = self.index(task)?;
        let embedding = known.network.embedding(input.pixels());
        let rival = open.found.comparison.rival;
        let network = &known.network;
        let near = index.nearest(
            network,
            &mnist.images,
            &embedding,
            Some(rival),
            MORPH_NEIGHBORS,
        );
        let images = near.iter().map(|near| near.index);
        let pixels = mnist.images.pixels(images, network);
        let logits = network.logits(&pixels, &SwitchedOff::default());
        let is_rival = |logits: &_| Digit::of_largest(logits) == rival;
        let Some(place) = logits.iter().position(is_rival) else {
            return Ok(None);
        };
        let to = mnist.training_image(near[place].index, near[place].distance);
        let share = |step: usize| step as f32 / MORPH_STEPS as f32;
        let blends = (0..=MORPH_STEPS).map(|step| blend(&open.bitmap, &to.bitmap, share(step)));
        let pixels = blends.flat_map(|blend| *blend.pixels()).collect();
        let calibration = &open.model.metadata.calibration;
        let predictions = recognition::logits(&open.model, pixels)?;
        let predictions = predictions.iter();
        let predictions = predictions.map(|logits| Prediction::from_logits(logits, calibration));
        Ok(Some(Morph {
            from: open.bitmap.clone(),
            predictions: predictions.collect(),
            to,
        }))
    }
}
