//! 5: the top comes first, comes last or is a curve.

use crate::synth::{
    Form,
    pen::{Knot, Pen, knot, to, turn},
};

/// The forms, each with its relative frequency and its mean width by height.
pub(super) const FORMS: &[Form] = &[
    Form::new("with a separate top", 3.5, 0.7, five_with_separate_top),
    Form::new("in one stroke", 3.5, 0.7, five_in_one_stroke),
    Form::new("like an s", 1.8, 0.65, s_like_five),
    Form::new("closed below", 1.2, 0.65, closed_five),
    Form::new("with a loop at the neck", 0.5, 0.7, looped_five),
];

/// The stem of a 5 to its neck, then the bowl.
fn five(pen: &mut Pen, stem: impl IntoIterator<Item = Knot>, neck_y: f32) {
    let right = pen.uniform(0.7, 1.15);
    let hump = neck_y - pen.uniform(0.0, 0.12);
    let (end, end_y) = (pen.uniform(-0.2, 0.2), pen.uniform(0.78, 1.0));
    let bowl = [
        to(0.5 * right, hump),
        to(right, 0.5 * (hump + 1.0) - 0.03),
        to(0.35..0.6, 1.0),
        turn(end, end_y),
    ];
    pen.stroke(stem.into_iter().chain(bowl));
}

fn five_with_separate_top(pen: &mut Pen) {
    let (x, neck) = (pen.uniform(0.08, 0.3), pen.uniform(0.38, 0.52));
    let neck_x = x - pen.uniform(0.0, 0.12);
    let stem = [turn(x, 0.03), knot(neck_x, neck, 0.75)];
    five(pen, stem, neck);
    // The top may leave a gap before the stem or cross it.
    let (left, right) = (x + pen.uniform(-0.1, 0.2), x + pen.uniform(0.4, 1.0));
    let (y, rise) = (pen.normal(0.04), pen.normal(0.06) + 0.02);
    pen.stroke([turn(left, y + rise), turn(right, y - rise)]);
}

fn five_in_one_stroke(pen: &mut Pen) {
    let (x, neck) = (pen.uniform(0.08, 0.35), pen.uniform(0.35, 0.52));
    let (right, rise) = (pen.uniform(0.6, 1.15), pen.normal(0.07) + 0.03);
    let top = knot(x, 0.02, 0.85);
    let stem = [turn(right, 0.02 - rise), top, knot(x - 0.14..x, neck, 0.7)];
    five(pen, stem, neck);
}

fn s_like_five(pen: &mut Pen) {
    let (right, rise) = (pen.uniform(0.65, 1.1), pen.uniform(-0.08, 0.1));
    let waist = pen.uniform(0.38, 0.5);
    let top = knot(0.3..0.5, 0.02, 0.25);
    let (end, end_y) = (pen.uniform(-0.15, 0.15), pen.uniform(0.82, 1.0));
    pen.stroke([
        turn(right, 0.04 - rise),
        top,
        to(0.12, 0.55 * waist),
        to(0.3..0.5, waist + 0.02),
        to(0.75..0.95, 0.65..0.76),
        to(0.45, 1.0),
        turn(end, end_y),
    ]);
}

fn closed_five(pen: &mut Pen) {
    let (x, neck) = (pen.uniform(0.1, 0.3), pen.uniform(0.35, 0.5));
    let corner = knot(x - 0.05, neck, 0.7);
    let is_one_stroke = pen.chance(0.6);
    let mut knots = Vec::new();
    if is_one_stroke {
        knots.push(turn(0.7..1.1, -0.1..0.1));
    }
    knots.extend([
        turn(x, 0.02),
        corner,
        to(0.5, neck - 0.05),
        to(0.9, 0.7),
        to(0.5, 1.0),
    ]);
    knots.extend([to(0.05, 0.85), turn(0.05..0.3, 0.58..0.75)]);
    pen.stroke(knots);
    if !is_one_stroke {
        pen.stroke([turn(x, 0.0), turn(0.6..1.0, -0.1..0.1)]);
    }
}

fn looped_five(pen: &mut Pen) {
    let (x, neck) = (pen.uniform(0.1, 0.3), pen.uniform(0.4, 0.5));
    let size = pen.uniform(0.04, 0.12);
    let stem = [
        turn(0.7..1.1, -0.1..0.1),
        knot(x, 0.03, 0.7),
        to(x - 0.1, neck - size),
        to(x, neck + size),
        to(x + 0.1, neck - 0.3 * size),
    ];
    five(pen, stem, neck - 0.02);
}
