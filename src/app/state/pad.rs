//! The pad: the drawing or the picture on it, and the last prediction for it.

use std::{sync::Arc, time::Duration};

use super::{Place, State, number::ShownNumber};
use crate::{
    app::action::Effect,
    bitmap::{Bitmap, Digit},
    error,
    ink::{
        Bounds, Ink, Point,
        edit::{Eraser, InkEditor, Picture},
        file::InkRecord,
    },
    picture::PictureView,
    recognition::{Prediction, number::Constraints},
    store::{
        corrections::label_of,
        settings::{PadShape, PenWidth},
    },
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
    /// Whether there is more than one digit, which cannot be read as a number.
    pub shows_several: bool,
    /// Whether it is a dot or a dash of a number.
    pub is_mark: bool,
    /// Whether it lacks what is known of a number: its length or its format.
    pub misses: bool,
}

impl Answer {
    /// Whether the answer is one digit.
    pub fn is_digit(&self) -> bool {
        self.prediction.is_digit() && !self.shows_several && !self.is_mark
    }
}

/// The radius of the eraser, in heights of the pad: half of the medium pen and a little more.
pub const ERASER_REACH: f32 = 0.045;
/// The time of a replay: per point, and at least and at most.
const REPLAY_PER_POINT: Duration = Duration::from_millis(12);
const REPLAY: [Duration; 2] = [Duration::from_millis(800), Duration::from_secs(4)];

/// A drawing that is drawn again.
#[derive(Clone, Debug)]
struct Replay {
    began: Duration,
    /// The number of points that are drawn.
    points: usize,
    ink: Ink,
}

/// A digit that was taken out of a picture.
#[derive(Clone, Debug)]
struct TakenDigit {
    view: Arc<PictureView>,
    index: usize,
}

/// The part of the ink's plane that the pad shows: at most times, the plane's unit of height from its origin on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PadFrame {
    /// The left top corner of the pad, in units of the ink.
    pub corner: Point,
    /// The height of the pad, in units of the ink.
    pub height: f32,
}

impl Default for PadFrame {
    fn default() -> Self {
        Self {
            corner: Point::default(),
            height: 1.0,
        }
    }
}

impl PadFrame {
    /// The frame of a pad of this shape that shows all ink, of any pen, such as a number on the square pad: the plane's
    /// unit of height if it does, or else as little more and beside it as is needed.
    pub fn of(ink: &Ink, shape: PadShape) -> Self {
        // A line shows its own ink as it was written.
        let is_own = shape == PadShape::Line && shape.holds(ink);
        let Some(Bounds { min, max }) = ink.bounds().filter(|_| !is_own) else {
            return Self::default();
        };
        let radius = PenWidth::Wide.of_pad() / 2.0;
        let beside = Point::new(radius, radius);
        let (min, max) = (min - beside, max + beside);
        let width = shape.width();
        let height = ((max.x - min.x) / width).max(max.y - min.y).max(1.0);
        // The middle stays where it is if the ink lets it.
        let start = |min: f32, max: f32, side: f32| {
            let middle = (1.0 - height) / 2.0 * side;
            middle.max(max - side * height).min(min)
        };
        Self {
            corner: Point::new(start(min.x, max.x, width), start(min.y, max.y, 1.0)),
            height,
        }
    }
}

/// The content of the pad.
#[derive(Clone, Debug, Default)]
pub struct Pad {
    editor: InkEditor,
    /// Where the pad shows the ink.
    frame: PadFrame,
    /// Whether the pen erases.
    eraser: bool,
    /// The last place of the eraser, while it is down.
    eraser_at: Option<Point>,
    replay: Option<Replay>,
    answer: Option<Answer>,
    /// The number, of which the answer is the selected digit.
    number: Option<ShownNumber>,
    /// The last digit that was taken out of a picture. It is selected when the picture is back.
    taken: Option<TakenDigit>,
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

    /// The drawing as it is shown: a part of it during a replay.
    pub fn shown_ink(&self) -> &Ink {
        self.replay
            .as_ref()
            .map_or(self.ink(), |replay| &replay.ink)
    }

    /// Whether the pen erases.
    pub fn uses_eraser(&self) -> bool {
        self.eraser
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
        self.editor.picture()
    }

    /// The corrections of the content that are steps of its history.
    pub(super) fn corrections(&self) -> &[InkRecord] {
        self.editor.corrections()
    }

    /// Whether a redo adds this correction.
    pub(super) fn redoes(&self, correction: &InkRecord) -> bool {
        self.editor.redoes(correction)
    }

    /// The content as a correction with this label: of a number, its selected digit.
    pub(super) fn record(&self, digit: Option<Digit>) -> InkRecord {
        let record = InkRecord {
            label: Some(label_of(digit)),
            ..InkRecord::default()
        };
        match self.explained_input() {
            PredictionInput::Ink(ink) => InkRecord { ink, ..record },
            PredictionInput::Bitmap(bitmap) | PredictionInput::Picture(bitmap, _) => InkRecord {
                picture: Some(bitmap),
                ..record
            },
            #[cfg(test)]
            PredictionInput::Panic(_) => record,
        }
    }

    /// Whether the pad is empty.
    pub fn is_blank(&self) -> bool {
        self.picture().is_none() && self.editor.ink().is_empty()
    }

    /// The ink of the answer: of a number, that of its selected digit.
    pub fn explained_ink(&self) -> &Ink {
        match &self.number {
            Some(shown) if self.picture().is_none() => &shown.digit().ink,
            _ => self.shown_ink(),
        }
    }

    /// The last number, if the pad shows one.
    pub fn number(&self) -> Option<&ShownNumber> {
        self.number.as_ref()
    }

    /// The last prediction: of a number, for its selected digit. `None` for an empty pad.
    pub fn answer(&self) -> Option<&Answer> {
        self.answer.as_ref()
    }

    /// Changes the content.
    pub(super) fn edit(&mut self, change: impl FnOnce(&mut InkEditor)) {
        let before = self.editor.revision();
        change(&mut self.editor);
        if self.editor.revision() != before {
            self.replay = None;
            self.on_changed();
        }
    }

    /// Changes the content at once, and shows all of its ink on a pad of this shape.
    pub(super) fn exchange(&mut self, shape: PadShape, change: impl FnOnce(&mut InkEditor)) {
        let before = self.ink().clone();
        self.edit(change);
        let (before, after) = (before.strokes(), self.ink().strokes());
        let is_stroke = before.starts_with(after) || after.starts_with(before);
        // A stroke that comes or goes moves nothing.
        if before.is_empty() || after.is_empty() || !is_stroke {
            self.fit(shape);
        }
    }

    /// Shows all ink on a pad of this shape.
    pub(super) fn fit(&mut self, shape: PadShape) {
        self.frame = PadFrame::of(self.ink(), shape);
    }

    /// Where the pad shows the ink.
    pub fn frame(&self) -> PadFrame {
        self.frame
    }

    /// Lifts the pen or the eraser.
    pub(super) fn lift(&mut self) {
        self.eraser_at = None;
        // While the pen is down, the drawing is read in haste.
        self.needs_prediction |= self.editor.is_down();
        self.editor.end();
    }

    /// Moves the eraser, which is down from now on.
    pub(super) fn erase(&mut self, eraser: Eraser, pen: PenWidth, point: Point) {
        let from = self.eraser_at.replace(point).unwrap_or(point);
        // The ink is as wide as the pen.
        let reach = ERASER_REACH * self.frame.height + pen.of_pad() / 2.0;
        self.edit(|editor| editor.erase(eraser, from, point, reach));
    }

    /// Takes the eraser or the pen. On an empty pad there is only the pen.
    pub(super) fn switch_eraser(&mut self) {
        self.eraser = !self.eraser && !self.editor.ink().is_empty();
    }

    /// Draws the strokes again from now on.
    pub(super) fn replay(&mut self, now: Duration) {
        self.replay = Some(Replay {
            began: now,
            points: 0,
            ink: Ink::default(),
        });
        self.advance_replay(now);
    }

    /// Whether a part of the drawing is shown, and predicted.
    pub fn is_replaying(&self) -> bool {
        self.replay.is_some()
    }

    /// Draws the points of a replay until now. Returns whether there are more.
    pub(super) fn advance_replay(&mut self, now: Duration) -> bool {
        let Some(replay) = &mut self.replay else {
            return false;
        };
        let all = self.editor.ink().point_count();
        let [least, most] = REPLAY;
        let duration = (REPLAY_PER_POINT * all as u32).clamp(least, most);
        let done = now.saturating_sub(replay.began).as_secs_f32() / duration.as_secs_f32();
        let points = 1 + (done * all as f32) as usize;
        if points >= all {
            self.replay = None;
            self.on_changed();
        } else if points > replay.points {
            replay.points = points;
            replay.ink = self.editor.ink().first_points(points);
            self.on_changed();
        }
        self.replay.is_some()
    }

    fn on_changed(&mut self) {
        self.revision += 1;
        self.needs_prediction = true;
        if self.editor.ink().is_empty() {
            self.blank_since = self.revision;
            self.frame = PadFrame::default();
            self.eraser = false;
            self.answer = None;
            self.number = None;
        }
    }

    /// A number that changes with the content as it is shown.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The content as the input of a worker.
    pub(super) fn input(&self) -> PredictionInput {
        match self.picture() {
            Some(Picture {
                bitmap,
                view: Some(view),
                ..
            }) => PredictionInput::Picture(bitmap.clone(), Arc::clone(view)),
            Some(picture) => PredictionInput::Bitmap(picture.bitmap.clone()),
            None => PredictionInput::Ink(self.shown_ink().clone()),
        }
    }

    /// What the answer is for: of a number, its selected digit.
    pub(super) fn explained_input(&self) -> PredictionInput {
        match (self.picture(), &self.number) {
            (Some(_), Some(shown)) => PredictionInput::Bitmap(shown.digit().bitmap.clone()),
            (Some(picture), None) => PredictionInput::Bitmap(picture.bitmap.clone()),
            (None, _) => PredictionInput::Ink(self.explained_ink().clone()),
        }
    }

    /// Asks again, because something is known of the content now.
    pub(super) fn predict_again(&mut self) {
        self.needs_prediction = true;
    }

    fn take_request(&mut self, constraints: Constraints) -> Option<PredictionRequest> {
        if !std::mem::take(&mut self.needs_prediction) {
            return None;
        }
        // Of a blank pad too: otherwise a new model answers the previous drawing.
        let input = self.input();
        let constraints = match input {
            // The digit of a number is not a number.
            PredictionInput::Bitmap(_) => Constraints::CHARACTER,
            _ => constraints,
        };
        Some(PredictionRequest {
            input,
            constraints,
            pen_is_down: self.editor.is_down() || self.is_replaying(),
            revision: self.revision,
        })
    }

    /// Selects a digit of the number.
    pub(super) fn select_digit(&mut self, index: usize) {
        if let Some(shown) = &mut self.number {
            shown.select(index);
            self.answer = Some(shown.answer());
        }
    }

    /// The index of the selected digit of a picture, if it can be put on the pad.
    pub fn digit_of_picture(&self) -> Option<usize> {
        self.picture()?.view.as_ref()?.components.as_ref()?;
        match &self.number {
            Some(shown) => shown.digit().is_digit.then(|| shown.selected()),
            None => self.answer.as_ref()?.is_digit().then_some(0),
        }
    }

    /// The selected digit of the picture as a picture of its own.
    fn taken_digit(&mut self) -> Option<Picture> {
        let index = self.digit_of_picture()?;
        let picture = self.picture()?.clone();
        let (name, bitmap) = match &self.number {
            Some(shown) => {
                let name = format!("Digit {} of {}", index + 1, picture.name);
                (name, shown.digit().bitmap.clone())
            }
            None => (picture.name.clone(), picture.bitmap.clone()),
        };
        let view = picture.view.clone();
        self.taken = view.map(|view| TakenDigit { view, index });
        Some(Picture {
            whole: Some(Arc::new(picture)),
            ..Picture::new(name, bitmap)
        })
    }

    /// Selects the digit that was taken out of this picture last, or the first one: none was written last.
    fn select_in_picture(&mut self) {
        let Some(view) = self.picture().and_then(|picture| picture.view.clone()) else {
            return;
        };
        let taken = self.taken.take_if(|taken| Arc::ptr_eq(&view, &taken.view));
        self.select_digit(taken.map_or(0, |taken| taken.index));
    }
}

impl State {
    /// Puts a picture on the pad.
    pub(super) fn show_picture(&mut self, picture: Picture) {
        let shape = self.settings.pad_shape;
        self.pad.exchange(shape, |editor| editor.show(picture));
    }

    /// Selects a digit of the picture, and puts it on the pad alone: as the network sees it, so that it is read alike.
    pub(super) fn take_digit(&mut self, index: usize) {
        self.select_digit(index);
        if let Some(digit) = self.pad.taken_digit() {
            self.show_picture(digit);
        }
    }

    /// Shows the picture again that the content was taken from.
    pub(super) fn back_to_picture(&mut self) {
        let whole = self.pad.picture().and_then(|picture| picture.whole.clone());
        if let Some(whole) = whole {
            self.show_picture(Arc::unwrap_or_clone(whole));
        }
    }

    /// Goes to a place that has the pad.
    pub(super) fn show_pad(&mut self) {
        if self.place != Place::Why {
            self.place = Place::Draw;
        }
    }

    /// The request for a prediction, if the pad changed since the last one. Called once a frame: only
    /// the last sample of a frame needs a prediction, and a copy of the ink per sample would be slow.
    pub fn take_prediction_request(&mut self) -> Option<Effect> {
        // A letter may fall apart into digits: a number is expected only on its own pad, or if something is known of it.
        let constraints = match self.settings.pad_shape {
            PadShape::Square if self.known == Constraints::default() => Constraints::CHARACTER,
            _ => self.known,
        };
        self.pad.take_request(constraints).map(Effect::Predict)
    }

    /// Shows a prediction.
    pub fn on_prediction(&mut self, response: PredictionResponse) {
        if response.revision < self.pad.blank_since {
            return;
        }
        self.pad.answer = None;
        let before = self.pad.number.take();
        match response.outcome {
            PredictionOutcome::Blank => {}
            PredictionOutcome::Recognized {
                bitmap,
                prediction,
                shows_several,
                misses,
            } => {
                self.pad.answer = Some(Answer {
                    bitmap,
                    prediction,
                    shows_several,
                    is_mark: false,
                    misses,
                });
            }
            PredictionOutcome::Number { number, inputs } => {
                log::debug!(target: "digitpad", "the pad shows the number {}", number.text());
                let shown = ShownNumber::new(number, inputs, response.revision, before.as_ref());
                self.pad.answer = Some(shown.answer());
                self.pad.number = Some(shown);
                if before.is_none() {
                    self.pad.select_in_picture();
                }
                self.explain_again();
            }
            PredictionOutcome::Failed(error) => self.notices.error(error::chain(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{app::action::Action, model::file::Model, store::settings::Settings};

    fn draw(state: &mut State, points: &[(f32, f32)]) {
        for (index, &(x, y)) in points.iter().enumerate() {
            let point = Point::new(x, y);
            state.apply(match index {
                0 => Action::PenDown(point),
                _ => Action::PenMoved(point),
            });
        }
        state.apply(Action::PenUp);
    }

    fn shows_all(state: &State) -> bool {
        let PadFrame { corner, height } = state.pad.frame();
        let size = Point::new(state.settings.pad_shape.width(), 1.0) * height;
        let is_within = |at: Point| at.x > 0.0 && at.y > 0.0 && at.x < size.x && at.y < size.y;
        // Ink is as wide as the pen.
        let radius = state.settings.pen_width.of_pad() / 2.0;
        let beside = Point::new(radius, radius);
        let [from, to] = [corner + beside, corner - beside];
        let bounds = state.pad.ink().bounds();
        bounds.is_none_or(|it| is_within(it.min - from) && is_within(it.max - to))
    }

    #[test]
    fn each_pad_shows_all_of_a_number_and_the_ink_stays_as_it_is() {
        let settings = Settings {
            pad_shape: PadShape::Line,
            ..Settings::default()
        };
        let model = Model::built_in().expect("it fits");
        let mut state = State::new(settings, model, None);
        draw(&mut state, &[(0.2, 0.2), (0.4, 0.9)]);
        draw(&mut state, &[(2.5, 0.05), (2.8, 0.8)]);
        let drawn = state.pad.ink().clone();
        let steps = [
            (Action::SwitchPadShape, "on the square"),
            (Action::Clear, "without ink"),
            (Action::Undo, "undone on the square"),
            (Action::SwitchPadShape, "on the line again"),
            (Action::SwitchPadShape, "on the square again"),
        ];
        for (action, reason) in steps {
            state.apply(action);
            assert!(shows_all(&state), "{reason}: {:?}", state.pad.frame());
            let is_plain = state.pad.frame() == PadFrame::default();
            let is_square = state.settings.pad_shape == PadShape::Square;
            let is_fitted = is_square && !state.pad.is_blank();
            assert_eq!(is_plain, !is_fitted, "{reason}: as large as possible");
        }
        assert_eq!(*state.pad.ink(), drawn, "no point has moved");
        let frame = state.pad.frame();
        // Above what the line shows.
        draw(&mut state, &[(1.0, -0.6), (1.2, 0.3)]);
        state.apply(Action::Undo);
        state.apply(Action::Redo);
        assert_eq!(state.pad.frame(), frame, "a stroke moves nothing");
        state.apply(Action::SwitchPadShape);
        assert!(shows_all(&state), "also what is drawn there");
        state.apply(Action::Clear);
        draw(&mut state, &[(0.3, 0.2), (1.02, 0.9)]);
        state.apply(Action::SwitchPadShape);
        assert!(shows_all(&state), "a little wider than the square");
        state.apply(Action::SwitchPadShape);
        assert_eq!(state.pad.frame(), PadFrame::default(), "as it was");
    }
}
