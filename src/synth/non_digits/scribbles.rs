//! Marks that mean nothing.

use crate::synth::pen::{Arc, Knot, Pen, knot, to, turn};

pub(super) fn scribble(pen: &mut Pen) {
    let sharpness = pen.uniform(0.0, 1.0);
    for _ in 0..pen.count(1, 2) {
        let knots = pen.count(6, 24);
        pen.stroke((0..knots).map(|_| anywhere(sharpness)));
    }
}

pub(super) fn zigzag(pen: &mut Pen) {
    let (turns, sharpness) = (pen.count(7, 14), pen.uniform(0.0, 1.0));
    let is_upright = pen.chance(0.5);
    pen.stroke((0..=turns).map(|index| {
        let along = index as f32 / turns as f32;
        let (near, far) = if index % 2 == 0 {
            (0.0, 0.2)
        } else {
            (0.8, 1.0)
        };
        if is_upright {
            knot(along, near..far, sharpness)
        } else {
            knot(near..far, along, sharpness)
        }
    }));
}

pub(super) fn spiral(pen: &mut Pen) {
    let turns = pen.uniform(2.0, 4.0);
    let turns = if pen.chance(0.5) { turns } else { -turns };
    let mut arc = Arc::new((0.5, 0.5), (0.08, 0.08), pen.uniform(0.0, 1.0), turns);
    arc.drift = pen.uniform(3.0, 6.0);
    pen.stroke(arc.knots());
}

pub(super) fn hatching(pen: &mut Pen) {
    let lines = pen.count(3, 7);
    for index in 0..lines {
        let x = index as f32 / (lines - 1) as f32;
        pen.stroke([turn(x, 0.0..0.2), turn(x - 0.1..x + 0.1, 0.8..1.0)]);
    }
}

pub(super) fn dots(pen: &mut Pen) {
    for _ in 0..pen.count(1, 4) {
        pen.stroke([anywhere(0.0)]);
    }
}

pub(super) fn horizontal_line(pen: &mut Pen) {
    // A handwriting style adds a slant of up to 0.7 and a rotation of up to 0.3: the line stays flatter than any 1.
    let rise = pen.uniform(-0.35, 0.35);
    let bend = pen.normal(0.06);
    pen.stroke([turn(0.0, rise), to(0.5, 0.5 * rise + bend), turn(1.0, 0.0)]);
}

pub(super) fn horizontal_arc(pen: &mut Pen) {
    let (height, from) = (pen.uniform(0.1, 0.35), pen.normal(0.04));
    let sign = if pen.chance(0.5) { 1.0 } else { -1.0 };
    let turns = sign * pen.uniform(0.4, 0.55);
    pen.stroke(Arc::new((0.5, 0.5), (0.5, height), 0.5 + from, turns).knots());
}

/// A few curved strokes at random places. They stand for symbols that the training data lacks.
pub(super) fn invented_letter(pen: &mut Pen) {
    let sharpness = pen.uniform(0.0, 1.0);
    for index in 0..pen.count(2, 3) {
        let knots = pen.count(2 + usize::from(index == 0), 4);
        pen.stroke((0..knots).map(|_| anywhere(sharpness)));
    }
}

/// A random place in the box.
fn anywhere(sharpness: f32) -> Knot {
    knot(0.0..1.0, 0.0..1.0, sharpness)
}
