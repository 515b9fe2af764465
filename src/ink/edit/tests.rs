//! Every way of drawing, erasing, undo and redo.

use super::*;
use crate::{bitmap::Digit, ink::file::Label};

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
        (
            |e| {
                e.redo();
            },
            false,
            "nothing to redo",
        ),
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

#[test]
fn undo_and_redo_report_a_label_and_restore_a_picture() {
    let mut editor = InkEditor::default();
    let [four, nine] = [4, 9].map(|digit| InkRecord {
        label: Some(Label::Digit(Digit::ALL[digit])),
        ..InkRecord::default()
    });
    let picture = Picture::new("seven.png", Bitmap::blank());
    draw(&mut editor, &[0.1]);
    editor.correct(None, Some(four.clone()));
    let revision = editor.revision();
    for _ in 0..2 {
        editor.correct(Some(&four), Some(nine.clone()));
    }
    assert_eq!(editor.revision(), revision, "a label is not ink");
    editor.show(picture.clone());
    editor.correct(None, Some(four.clone()));
    draw(&mut editor, &[0.2]);
    assert_eq!(editor.picture(), None, "a stroke replaces the picture");
    assert_eq!(editor.corrections(), [], "and the label");
    let change = |before: Option<&InkRecord>, after: Option<&InkRecord>| {
        Some(Relabeling {
            before: before.cloned(),
            after: after.cloned(),
        })
    };
    // After each step: the reported change, the strokes, whether there is a picture, and the label.
    let undone = [
        (None, 0, true, Some(&four), "the stroke"),
        (
            change(Some(&four), None),
            0,
            true,
            None,
            "the label of the picture",
        ),
        (None, 1, false, Some(&nine), "the picture"),
        (
            change(Some(&nine), Some(&four)),
            1,
            false,
            Some(&four),
            "the second label",
        ),
        (change(Some(&four), None), 1, false, None, "the first label"),
        (None, 0, false, None, "the first stroke"),
    ];
    for (expected, strokes, is_picture, label, reason) in undone {
        assert_eq!(editor.undo(), expected, "{reason}");
        assert_eq!(counts(&editor).len(), strokes, "{reason}");
        assert_eq!(editor.picture().is_some(), is_picture, "{reason}");
        let labels: Vec<&InkRecord> = editor.corrections().iter().collect();
        assert_eq!(labels, Vec::from_iter(label), "{reason}");
    }
    assert_eq!(editor.undo(), None, "nothing is left");
    let redone: Vec<_> = (0..4).map(|_| editor.redo()).collect();
    let expected = [
        None,
        change(None, Some(&four)),
        change(Some(&four), Some(&nine)),
        None,
    ];
    assert_eq!(redone, expected, "the same steps forward");
    assert_eq!(editor.picture(), Some(&picture), "as it was");
}

#[test]
fn the_eraser_removes_the_strokes_that_it_touches_in_one_step() {
    let mut editor = InkEditor::default();
    let line = |editor: &mut InkEditor, x: f32| {
        editor.begin(Point::new(x, 0.2));
        editor.extend(Point::new(x, 0.8));
        editor.end();
    };
    for x in [0.1, 0.3, 0.5, 0.9] {
        line(&mut editor, x);
    }
    let p = Point::new;
    let cases = [
        (p(0.7, 0.5), p(0.7, 0.5), 4, "beside all strokes"),
        (
            p(0.34, 0.9),
            p(0.36, 0.9),
            4,
            "below a stroke, out of reach",
        ),
        (
            p(0.2, 0.5),
            p(0.4, 0.5),
            3,
            "across a stroke, between its samples",
        ),
        (p(0.46, 0.5), p(0.46, 0.5), 2, "within reach of a stroke"),
    ];
    for (from, to, left, reason) in cases {
        editor.erase(Eraser::WholeStrokes, from, to, 0.05);
        assert_eq!(counts(&editor).len(), left, "{reason}");
    }
    editor.end();
    editor.erase(Eraser::WholeStrokes, p(0.9, 0.81), p(0.9, 0.81), 0.05);
    editor.end();
    assert_eq!(counts(&editor).len(), 1, "the end of a stroke");
    editor.undo();
    assert_eq!(counts(&editor).len(), 2, "one step");
    editor.undo();
    assert_eq!(counts(&editor).len(), 4, "the first sweep is one step");
}

#[test]
fn the_eraser_cuts_strokes_in_one_step_and_their_correction_goes() {
    let mut editor = InkEditor::default();
    draw(&mut editor, &[0.1, 0.9]);
    let drawn = editor.ink().clone();
    editor.correct(None, Some(InkRecord::default()));
    for x in [0.3, 0.5, 0.7] {
        editor.erase(Eraser::Touched, point(x), point(x), 0.05);
    }
    editor.end();
    assert_eq!(counts(&editor), [2; 4], "three gaps");
    assert_eq!(editor.corrections(), [], "another drawing");
    editor.undo();
    assert_eq!(*editor.ink(), drawn, "one step");
    assert_eq!(editor.corrections().len(), 1, "with its correction");
    editor.redo();
    assert_eq!(counts(&editor), [2; 4], "and again");
    let revision = editor.revision();
    editor.erase(Eraser::Touched, point(0.5), point(0.5), 0.05);
    assert_eq!(editor.revision(), revision, "there is nothing to erase");
}

#[test]
fn a_canceled_stroke_leaves_no_step() {
    let mut editor = InkEditor::default();
    draw(&mut editor, &[0.1, 0.2]);
    let before = editor.ink().clone();
    editor.begin(point(0.3));
    editor.extend(point(0.4));
    editor.cancel();
    assert_eq!(*editor.ink(), before, "the stroke is taken back");
    assert!(!editor.can_redo(), "for good");
    editor.cancel();
    assert_eq!(*editor.ink(), before, "a finished stroke stays");
}
