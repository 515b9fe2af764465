//! Drawing, undo and redo.

use std::collections::VecDeque;

use super::{Ink, Point, Stroke};
use crate::bitmap::Digit;

/// More points than a person draws in one stroke. A stroke that reaches it is thinned to half its density.
pub const MAX_STROKE_POINTS: usize = 8192;
/// The largest number of undo steps.
const MAX_UNDO_STEPS: usize = 500;

/// The label of a correction: a digit, or `None` for a non-digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CorrectionLabel(pub Option<Digit>);

/// The drawing before a step, and the label of the correction that it became.
type Before = (Ink, Option<CorrectionLabel>);

/// The drawing on the pad and its history.
///
/// No call is an error: samples while the pen is up, points that are not finite, and an undo without history change
/// nothing.
#[derive(Clone, Debug, Default)]
pub struct InkEditor {
    ink: Ink,
    /// Whether the last stroke of `ink` is unfinished.
    pen_is_down: bool,
    /// Drawings share the points of their strokes, so that each costs little.
    undo: VecDeque<Before>,
    redo: Vec<Ink>,
    revision: u64,
}

impl InkEditor {
    /// Puts the pen down, which draws a dot. An unfinished stroke ends first.
    pub fn begin(&mut self, point: Point) {
        self.end();
        if let Some(stroke) = Stroke::new(vec![point]) {
            let before = self.ink.clone();
            self.ink.push(stroke);
            self.pen_is_down = true;
            self.record(before, None);
        }
    }

    /// Moves the pen. A sample at the pen's place adds nothing.
    pub fn extend(&mut self, point: Point) {
        if !self.pen_is_down || !point.is_finite() {
            return;
        }
        let Some(stroke) = self.ink.0.last_mut() else {
            return;
        };
        if stroke.points().last() == Some(&point) {
            return;
        }
        let points = stroke.points_mut();
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

    /// Removes all ink after it became a correction with this label.
    pub fn clear_corrected(&mut self, label: CorrectionLabel) {
        self.exchange(Ink::default(), Some(label));
    }

    /// Replaces all ink.
    pub fn replace(&mut self, ink: Ink) {
        self.exchange(ink, None);
    }

    fn exchange(&mut self, ink: Ink, label: Option<CorrectionLabel>) {
        self.end();
        if ink != self.ink {
            let before = std::mem::replace(&mut self.ink, ink);
            self.record(before, label);
        }
    }

    /// Reverts the last step: a stroke, even an unfinished one, a clear or a replacement. Returns the label if the
    /// restored drawing became a correction.
    pub fn undo(&mut self) -> Option<CorrectionLabel> {
        self.end();
        let (before, label) = self.undo.pop_back()?;
        self.redo.push(std::mem::replace(&mut self.ink, before));
        self.revision += 1;
        label
    }

    /// Reverts the last undo. A new stroke has made that impossible.
    pub fn redo(&mut self) {
        if let Some(after) = self.redo.pop() {
            let before = std::mem::replace(&mut self.ink, after);
            self.undo.push_back((before, None));
            self.revision += 1;
        }
    }

    /// Whether there is a step to undo.
    pub fn can_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    /// Whether there is a step to redo.
    pub fn can_redo(&self) -> bool {
        !self.redo.is_empty()
    }

    /// The drawing, including an unfinished stroke.
    pub fn ink(&self) -> &Ink {
        &self.ink
    }

    /// A number that changes with the ink.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    fn record(&mut self, before: Ink, label: Option<CorrectionLabel>) {
        if self.undo.len() == MAX_UNDO_STEPS {
            self.undo.pop_front();
        }
        self.undo.push_back((before, label));
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

    /// The number of points of each stroke.
    fn counts(editor: &InkEditor) -> Vec<usize> {
        editor
            .ink()
            .strokes()
            .iter()
            .map(|stroke| stroke.points().len())
            .collect()
    }

    #[test]
    fn each_way_of_drawing_adds_the_right_points() {
        type Draw = fn(&mut InkEditor);
        let cases: [(Draw, &[usize], &str); 9] = [
            (|e| e.begin(point(0.1)), &[1], "an unfinished stroke"),
            (|e| draw(e, &[0.1]), &[1], "a dot"),
            (|e| draw(e, &[0.1, 0.1, 0.2, 0.2]), &[2], "repeated samples"),
            (
                |e| draw(e, &[0.1, f32::NAN, 0.2]),
                &[2],
                "a sample that is not finite",
            ),
            (
                |e| e.begin(point(f32::INFINITY)),
                &[],
                "a begin that is not finite",
            ),
            (
                |e| e.extend(point(0.1)),
                &[],
                "a sample while the pen is up",
            ),
            (
                |e| {
                    draw(e, &[0.1, 0.2]);
                    e.extend(point(0.3));
                },
                &[2],
                "a sample after the end",
            ),
            (
                |e| {
                    e.begin(point(0.1));
                    e.begin(point(0.2));
                    e.extend(point(0.3));
                },
                &[1, 2],
                "a second begin ends the first stroke",
            ),
            (
                |e| {
                    e.begin(point(0.1));
                    e.undo();
                    e.extend(point(0.2));
                },
                &[],
                "undo removes an unfinished stroke and ends it",
            ),
        ];
        for (draw, expected, reason) in cases {
            let mut editor = InkEditor::default();
            draw(&mut editor);
            assert_eq!(counts(&editor), expected, "{reason}");
        }
    }

    #[test]
    fn every_step_can_be_undone_and_redone() {
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
        assert!(!editor.can_undo(), "at the start");
        for after in &states[1..] {
            assert!(editor.can_redo(), "there is a step left");
            editor.redo();
            assert_eq!(editor.ink(), after, "one step forward");
        }
        assert!(!editor.can_redo(), "at the end");
    }

    #[test]
    fn drawing_after_an_undo_ends_redo() {
        let mut editor = InkEditor::default();
        draw(&mut editor, &[0.1, 0.2]);
        editor.undo();
        draw(&mut editor, &[0.3]);
        assert!(!editor.can_redo(), "there is nothing to redo");
        editor.redo();
        assert_eq!(counts(&editor), [1], "redo changes nothing");
    }

    #[test]
    fn the_revision_changes_with_the_ink_alone() {
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
            (InkEditor::end, false, "the pen is up"),
            (InkEditor::clear, true, "a clear"),
            (
                |e| {
                    e.undo();
                },
                true,
                "an undo",
            ),
        ];
        let mut editor = InkEditor::default();
        for (call, changes, reason) in calls {
            let before = editor.revision();
            call(&mut editor);
            assert_eq!(editor.revision() != before, changes, "{reason}");
        }
    }

    /// The address of a stroke's points, which tells shared points from a copy.
    fn address(ink: &Ink, stroke: usize) -> *const Point {
        ink.strokes()[stroke].points().as_ptr()
    }

    #[test]
    fn a_clone_shares_finished_strokes_and_keeps_its_points() {
        let mut editor = InkEditor::default();
        draw(&mut editor, &[0.1, 0.2]);
        editor.begin(point(0.3));
        let clone = editor.ink().clone();
        assert_eq!(address(&clone, 1), address(editor.ink(), 1), "no copy yet");
        editor.extend(point(0.4));
        assert_eq!(counts(&editor), [2, 2], "the stroke continues");
        assert_eq!(
            clone.strokes()[1].points(),
            [point(0.3)],
            "the clone does not"
        );
        assert_eq!(
            address(&clone, 0),
            address(editor.ink(), 0),
            "the finished stroke"
        );
    }

    #[test]
    fn a_clone_in_each_frame_copies_the_unfinished_stroke_once() {
        let mut editor = InkEditor::default();
        editor.begin(point(0.0));
        let mut xs = (1..).map(|x| point(x as f32));
        for sample in xs.by_ref().take(100) {
            editor.extend(sample);
        }
        for _ in 0..50 {
            let clone = editor.ink().clone();
            let mut addresses = Vec::new();
            for sample in xs.by_ref().take(20) {
                editor.extend(sample);
                addresses.push(address(editor.ink(), 0));
            }
            assert_ne!(addresses[0], address(&clone, 0), "the first sample copies");
            addresses.dedup();
            assert_eq!(addresses.len(), 1, "no other sample does");
        }
        assert_eq!(counts(&editor), [1101], "all samples");
    }

    #[test]
    fn a_long_stroke_is_thinned() {
        let mut editor = InkEditor::default();
        editor.begin(point(0.0));
        let last = 5 * MAX_STROKE_POINTS;
        for index in 1..=last {
            editor.extend(point(index as f32));
        }
        let points = editor.ink().strokes()[0].points();
        assert!(points.len() <= MAX_STROKE_POINTS, "{} points", points.len());
        assert_eq!(points.first(), Some(&point(0.0)), "the first sample stays");
        assert_eq!(
            points.last(),
            Some(&point(last as f32)),
            "the last sample stays"
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
        assert_eq!(steps, MAX_UNDO_STEPS, "the oldest steps are dropped");
        assert_eq!(counts(&editor).len(), MAX_UNDO_STEPS, "their strokes stay");
    }
}
