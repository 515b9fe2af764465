//! Drawing, undoing and redoing.

use std::{collections::VecDeque, sync::Arc};

use super::{Ink, Point, Stroke};
use crate::bitmap::Digit;

/// More points than a person draws in one stroke; beyond it a stroke is kept at half its density.
pub const MAX_STROKE_POINTS: usize = 8192;
/// How many steps can be taken back.
pub const MAX_UNDO_STEPS: usize = 500;

/// That a drawing was kept, as this digit or as none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CorrectionLabel(pub Option<Digit>);

/// What [`InkEditor::undo`] takes back.
#[derive(Clone, Debug)]
enum Undo {
    /// The last stroke was drawn.
    Stroke,
    /// All ink was exchanged; this is what was there, and whether it was kept before.
    Ink(Ink, Option<CorrectionLabel>),
}

/// What [`InkEditor::redo`] brings back.
#[derive(Clone, Debug)]
enum Redo {
    Stroke(Stroke),
    Ink(Ink),
}

/// The drawing on the pad, with its history.
///
/// Nothing that is asked of it is an error: samples without a pen down, points that are no numbers and
/// undoing nothing leave it as it is.
#[derive(Clone, Debug, Default)]
pub struct InkEditor {
    ink: Ink,
    /// Whether the last stroke of `ink` is still being drawn.
    pen_is_down: bool,
    undo: VecDeque<Undo>,
    redo: Vec<Redo>,
    revision: u64,
}

impl InkEditor {
    /// Puts the pen down, which leaves a dot at once. A stroke still under the pen ends first.
    pub fn begin(&mut self, point: Point) {
        self.end();
        if let Some(stroke) = Stroke::new(vec![point]) {
            self.ink.push(stroke);
            self.pen_is_down = true;
            self.remember(Undo::Stroke);
        }
    }

    /// Moves the pen. A sample where the pen already is adds nothing.
    pub fn extend(&mut self, point: Point) {
        if !self.pen_is_down || !point.is_finite() {
            return;
        }
        let Some(Stroke(points)) = self.ink.0.last_mut() else {
            return;
        };
        if points.last() == Some(&point) {
            return;
        }
        let points = Arc::make_mut(points);
        if points.len() == MAX_STROKE_POINTS {
            let mut index = 0;
            points.retain(|_| {
                index += 1;
                index % 2 == 1
            });
        }
        points.push(point);
        self.revision += 1;
    }

    /// Lifts the pen.
    pub fn end(&mut self) {
        self.pen_is_down = false;
    }

    /// Removes all ink.
    pub fn clear(&mut self) {
        self.replace(Ink::default());
    }

    /// The same of a drawing that was kept.
    pub fn clear_corrected(&mut self, kept: CorrectionLabel) {
        self.exchange(Ink::default(), Some(kept));
    }

    /// Puts another drawing in place of this one.
    pub fn replace(&mut self, ink: Ink) {
        self.exchange(ink, None);
    }

    fn exchange(&mut self, ink: Ink, kept: Option<CorrectionLabel>) {
        self.end();
        if ink != self.ink {
            let before = std::mem::replace(&mut self.ink, ink);
            self.remember(Undo::Ink(before, kept));
        }
    }

    /// Takes the last step back: a stroke (also one still under the pen), a clear or a replacement. Where a drawing is
    /// back that was kept, says as what.
    pub fn undo(&mut self) -> Option<CorrectionLabel> {
        self.end();
        let (redo, kept) = match self.undo.pop_back()? {
            Undo::Stroke => (self.ink.0.pop().map(Redo::Stroke)?, None),
            Undo::Ink(before, kept) => {
                let after = std::mem::replace(&mut self.ink, before);
                (Redo::Ink(after), kept)
            }
        };
        self.redo.push(redo);
        self.revision += 1;
        kept
    }

    /// Takes the last undo back. A stroke under the pen has already made that impossible.
    pub fn redo(&mut self) {
        let undo = match self.redo.pop() {
            Some(Redo::Stroke(stroke)) => {
                self.ink.push(stroke);
                Undo::Stroke
            }
            Some(Redo::Ink(after)) => Undo::Ink(std::mem::replace(&mut self.ink, after), None),
            None => return,
        };
        self.undo.push_back(undo);
        self.revision += 1;
    }

    /// Whether there is a step to take back.
    pub fn can_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    /// Whether there is an undo to take back.
    pub fn can_redo(&self) -> bool {
        !self.redo.is_empty()
    }

    /// The drawing, with the stroke under the pen.
    pub fn ink(&self) -> &Ink {
        &self.ink
    }

    /// A number that changes whenever the ink does.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    fn remember(&mut self, step: Undo) {
        if self.undo.len() == MAX_UNDO_STEPS {
            self.undo.pop_front();
        }
        self.undo.push_back(step);
        self.redo.clear();
        self.revision += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(x: f32) -> Point {
        Point::new(x, 0.5)
    }

    fn draw(editor: &mut InkEditor, xs: &[f32]) {
        editor.begin(point(xs[0]));
        for &x in &xs[1..] {
            editor.extend(point(x));
        }
        editor.end();
    }

    /// How many points each stroke has.
    fn counts(editor: &InkEditor) -> Vec<usize> {
        editor
            .ink()
            .strokes()
            .iter()
            .map(|stroke| stroke.points().len())
            .collect()
    }

    #[test]
    fn each_way_of_drawing_leaves_what_it_should() {
        type Draw = fn(&mut InkEditor);
        let cases: [(Draw, &[usize], &str); 9] = [
            (
                |e| e.begin(point(0.1)),
                &[1],
                "the stroke under the pen is there at once",
            ),
            (|e| draw(e, &[0.1]), &[1], "a tap is a stroke of one point"),
            (
                |e| draw(e, &[0.1, 0.1, 0.2, 0.2]),
                &[2],
                "a pen at rest adds nothing",
            ),
            (
                |e| draw(e, &[0.1, f32::NAN, 0.2]),
                &[2],
                "what is no number is passed over",
            ),
            (
                |e| e.begin(point(f32::INFINITY)),
                &[],
                "nor does it begin a stroke",
            ),
            (
                |e| e.extend(point(0.1)),
                &[],
                "without a pen down there is no stroke",
            ),
            (
                |e| {
                    draw(e, &[0.1, 0.2]);
                    e.extend(point(0.3));
                },
                &[2],
                "a lifted pen draws no more",
            ),
            (
                |e| {
                    e.begin(point(0.1));
                    e.begin(point(0.2));
                    e.extend(point(0.3));
                },
                &[1, 2],
                "a second press ends the first stroke",
            ),
            (
                |e| {
                    e.begin(point(0.1));
                    e.undo();
                    e.extend(point(0.2));
                },
                &[],
                "undo takes the stroke from under the pen, which then draws no more",
            ),
        ];
        for (draw, expected, reason) in cases {
            let mut editor = InkEditor::default();
            draw(&mut editor);
            assert_eq!(counts(&editor), expected, "{reason}");
        }
    }

    #[test]
    fn everything_can_be_taken_back_and_brought_back() {
        let mut editor = InkEditor::default();
        let mut states = vec![editor.ink().clone()];
        let sample: Ink = Stroke::new(vec![point(0.7)]).into_iter().collect();
        let steps: [fn(&mut InkEditor, &Ink); 5] = [
            |e, _| draw(e, &[0.1, 0.2]),
            |e, _| draw(e, &[0.3]),
            |e, _| e.clear(),
            |e, sample| e.replace(sample.clone()),
            |e, _| draw(e, &[0.4, 0.5, 0.6]),
        ];
        for step in steps {
            step(&mut editor, &sample);
            states.push(editor.ink().clone());
        }
        for before in states.iter().rev().skip(1) {
            assert!(editor.can_undo(), "there is a step left");
            editor.undo();
            assert_eq!(editor.ink(), before, "one step back");
        }
        assert!(!editor.can_undo(), "back at the start");
        for after in &states[1..] {
            assert!(editor.can_redo(), "there is a step left");
            editor.redo();
            assert_eq!(editor.ink(), after, "one step on");
        }
        assert!(!editor.can_redo(), "all is there again");
    }

    #[test]
    fn drawing_after_an_undo_forgets_what_was_undone() {
        let mut editor = InkEditor::default();
        draw(&mut editor, &[0.1, 0.2]);
        editor.undo();
        draw(&mut editor, &[0.3]);
        assert!(!editor.can_redo(), "there is a new present");
        editor.redo();
        assert_eq!(counts(&editor), [1], "and redo leaves it alone");
    }

    #[test]
    fn the_revision_tells_changes_from_idle_calls() {
        type Call = fn(&mut InkEditor);
        let calls: [(Call, bool, &str); 9] = [
            (InkEditor::clear, false, "nothing to clear"),
            (
                |e| {
                    e.undo();
                },
                false,
                "nothing to undo",
            ),
            (InkEditor::redo, false, "nothing to redo"),
            (|e| e.begin(point(0.1)), true, "a dot"),
            (|e| e.extend(point(0.1)), false, "the same place"),
            (|e| e.extend(point(0.2)), true, "a line"),
            (InkEditor::end, false, "the ink is the same without the pen"),
            (InkEditor::clear, true, "gone"),
            (
                |e| {
                    e.undo();
                },
                true,
                "back",
            ),
        ];
        let mut editor = InkEditor::default();
        for (call, changes, reason) in calls {
            let before = editor.revision();
            call(&mut editor);
            assert_eq!(editor.revision() != before, changes, "{reason}");
        }
    }

    #[test]
    fn ink_that_was_handed_on_stays_as_it_was() {
        let mut editor = InkEditor::default();
        draw(&mut editor, &[0.1, 0.2]);
        editor.begin(point(0.3));
        let before = editor.ink().clone();
        editor.extend(point(0.4));
        assert_eq!(counts(&editor), [2, 2], "the drawing goes on");
        let points = |ink: &Ink, stroke: usize| ink.strokes()[stroke].points().as_ptr();
        assert_eq!(
            before.strokes()[1].points(),
            [point(0.3)],
            "but not what was handed on"
        );
        assert_eq!(
            points(&before, 0),
            points(editor.ink(), 0),
            "whose finished strokes are no copies"
        );
    }

    #[test]
    fn an_endless_stroke_is_thinned_and_goes_on() {
        let mut editor = InkEditor::default();
        editor.begin(point(0.0));
        let last = 5 * MAX_STROKE_POINTS;
        for index in 1..=last {
            editor.extend(point(index as f32));
        }
        let points = editor.ink().strokes()[0].points();
        assert!(
            points.len() <= MAX_STROKE_POINTS,
            "bounded, {} points",
            points.len()
        );
        assert_eq!(
            points.first(),
            Some(&point(0.0)),
            "it begins where it began"
        );
        assert_eq!(
            points.last(),
            Some(&point(last as f32)),
            "and ends under the pen"
        );
    }

    #[test]
    fn the_history_is_bounded() {
        let mut editor = InkEditor::default();
        for _ in 0..2 * MAX_UNDO_STEPS {
            draw(&mut editor, &[0.1]);
        }
        let mut steps = 0;
        while editor.can_undo() {
            editor.undo();
            steps += 1;
        }
        assert_eq!(steps, MAX_UNDO_STEPS, "the oldest steps are forgotten");
        assert_eq!(
            counts(&editor).len(),
            MAX_UNDO_STEPS,
            "and their strokes stay"
        );
    }
}
