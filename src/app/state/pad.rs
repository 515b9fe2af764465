//! The pad: the drawing or the picture on it, and the last prediction for it.

use super::{Place, State};
use crate::{
    app::action::Effect,
    bitmap::Bitmap,
    error,
    ink::{Ink, Point, edit::InkEditor},
    recognition::Prediction,
    worker::predictor::{
        PredictionInput, PredictionOutcome, PredictionRequest, PredictionResponse,
    },
};

/// The last prediction for the pad.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The network's input.
    pub bitmap: Bitmap,
    /// The network's prediction.
    pub prediction: Prediction,
}

/// A picture from a file. It is on the pad until the user draws.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// The file's name.
    pub name: String,
    /// The picture as the network's input.
    pub bitmap: Bitmap,
}

/// The content of the pad.
#[derive(Clone, Debug, Default)]
pub struct Pad {
    editor: InkEditor,
    picture: Option<Picture>,
    answer: Option<Answer>,
    /// Counts the contents of the pad. Predictions older than `blank_since` are stale.
    revision: u64,
    blank_since: u64,
    /// Whether the pad changed since the last request for a prediction.
    needs_prediction: bool,
}

impl Pad {
    /// The drawing.
    pub fn ink(&self) -> &Ink {
        self.editor.ink()
    }

    /// A number that changes with the drawing.
    pub fn ink_revision(&self) -> u64 {
        self.editor.revision()
    }

    /// Whether a change of the drawing can be undone.
    pub fn can_undo(&self) -> bool {
        self.editor.can_undo()
    }

    /// Whether an undone change can be redone.
    pub fn can_redo(&self) -> bool {
        self.editor.can_redo()
    }

    /// The picture in place of the drawing.
    pub fn picture(&self) -> Option<&Picture> {
        self.picture.as_ref()
    }

    /// Whether the pad is empty.
    pub fn is_blank(&self) -> bool {
        self.picture.is_none() && self.editor.ink().is_empty()
    }

    /// The last prediction. `None` for an empty pad.
    pub fn answer(&self) -> Option<&Answer> {
        self.answer.as_ref()
    }

    /// Changes the drawing. Any change removes a picture from the pad.
    pub(super) fn edit(&mut self, change: impl FnOnce(&mut InkEditor)) {
        let changes = self.changes_ink(change);
        if self.picture.take().is_some() || changes {
            self.on_changed();
        }
    }

    /// Extends the stroke under the pen. Without one, a picture on the pad stays.
    pub(super) fn extend_stroke(&mut self, point: Point) {
        if self.changes_ink(|editor| editor.extend(point)) {
            self.on_changed();
        }
    }

    /// Ends the stroke under the pen.
    pub(super) fn end_stroke(&mut self) {
        self.editor.end();
    }

    /// Shows a picture in place of the drawing. Undo restores the drawing.
    pub(super) fn show_picture(&mut self, picture: Picture) {
        self.editor.clear();
        self.picture = Some(picture);
        self.on_changed();
    }

    fn changes_ink(&mut self, change: impl FnOnce(&mut InkEditor)) -> bool {
        let before = self.editor.revision();
        change(&mut self.editor);
        self.editor.revision() != before
    }

    fn on_changed(&mut self) {
        self.revision += 1;
        self.needs_prediction = true;
        if self.editor.ink().is_empty() {
            self.blank_since = self.revision;
            self.answer = None;
        }
    }

    /// A number that changes with the content.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// The content as the input of a worker.
    pub(super) fn input(&self) -> PredictionInput {
        match &self.picture {
            Some(picture) => PredictionInput::Bitmap(picture.bitmap.clone()),
            None => PredictionInput::Ink(self.editor.ink().clone()),
        }
    }

    fn take_request(&mut self) -> Option<PredictionRequest> {
        if !std::mem::take(&mut self.needs_prediction) {
            return None;
        }
        Some(PredictionRequest {
            // Of a blank pad too: otherwise a new model answers the previous drawing.
            input: self.input(),
            revision: self.revision,
        })
    }
}

impl State {
    /// Goes to a place that has the pad.
    pub(super) fn show_pad(&mut self) {
        if self.place != Place::Why {
            self.place = Place::Draw;
        }
    }

    /// The request for a prediction, if the pad changed since the last one. Called once a frame: only
    /// the last sample of a frame needs a prediction, and a copy of the ink per sample would be slow.
    pub fn take_prediction_request(&mut self) -> Option<Effect> {
        self.pad.take_request().map(Effect::Predict)
    }

    /// Shows a prediction.
    pub fn on_prediction(&mut self, response: PredictionResponse) {
        if response.revision < self.pad.blank_since {
            return;
        }
        self.pad.answer = None;
        match response.outcome {
            PredictionOutcome::Blank => {}
            PredictionOutcome::Recognized { bitmap, prediction } => {
                self.pad.answer = Some(Answer { bitmap, prediction });
            }
            PredictionOutcome::Failed(error) => self.notices.error(error::chain(&error)),
        }
    }
}
