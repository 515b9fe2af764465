//! 3: the top is round or flat; the middle is a corner, a loop or nearly smooth.

use crate::synth::{
    Form,
    pen::{Knot, Pen, knot, to, turn},
};

/// The forms, each with its relative frequency and its mean width by height.
pub(super) const FORMS: &[Form] = &[
    Form::new("round", 4.0, 0.65, round_three),
    Form::new("flat-topped", 1.6, 0.7, flat_three),
    Form::new("with a loop in the middle", 1.4, 0.7, looped_three),
    Form::new("curled in below", 1.0, 0.65, curled_three),
    Form::new("with a shallow waist", 0.7, 0.5, shallow_three),
];

/// A 3: the top to its middle, then the lower bowl.
fn three(pen: &mut Pen, top: impl IntoIterator<Item = Knot>) {
    let right = pen.uniform(0.8, 1.25);
    let (end, end_y) = if pen.chance(0.25) {
        (pen.uniform(-0.1, 0.2), pen.uniform(0.62, 0.8))
    } else {
        (pen.uniform(-0.15, 0.25), pen.uniform(0.8, 0.98))
    };
    let bowl = [
        to(0.8 * right, 0.44..0.56),
        to(right, 0.65..0.81),
        to(0.34..0.66, 1.0),
        turn(end, end_y),
    ];
    pen.stroke(top.into_iter().chain(bowl));
}

fn round_three(pen: &mut Pen) {
    let start = pen.uniform(0.05, 0.28);
    let (right, waist) = (pen.uniform(0.65, 0.95), pen.uniform(0.2, 0.55));
    let middle = knot(waist, 0.38..0.5, 0.6);
    let top = [turn(0.05, start), to(0.45, 0.0), to(right, 0.2), middle];
    three(pen, top);
}

fn flat_three(pen: &mut Pen) {
    let (slope, right) = (pen.normal(0.05), pen.uniform(0.65, 0.95));
    let corner = knot(right, slope, 0.85);
    let middle = knot(0.15..0.45, 0.34..0.5, 0.8);
    let top = [turn(0.0, -slope), corner, middle];
    three(pen, top);
}

fn looped_three(pen: &mut Pen) {
    let start = pen.uniform(0.05, 0.28);
    let right = pen.uniform(0.65, 0.95);
    let (x, y) = (pen.uniform(0.15, 0.4), pen.uniform(0.4, 0.52));
    let (width, height) = (pen.uniform(0.05, 0.2), pen.uniform(0.02, 0.08));
    let top = [
        turn(0.05, start),
        to(0.45, 0.0),
        to(right, 0.18),
        to(x + width, y + 0.3 * height),
        to(x, y + height),
        to(x - 0.03, y),
        to(x + width, y - height),
    ];
    three(pen, top);
}

fn curled_three(pen: &mut Pen) {
    let (right, waist) = (pen.uniform(0.65, 0.95), pen.uniform(0.25, 0.5));
    let middle = knot(waist, 0.45, 0.6);
    let mut knots = Vec::new();
    if pen.chance(0.5) {
        let inner = pen.uniform(0.1, 0.35);
        knots.extend([turn(inner + 0.1, 0.25), to(0.08, 0.22)]);
    } else {
        knots.push(turn(0.05, 0.15));
    }
    knots.extend([
        to(0.45, 0.0),
        to(right, 0.2),
        middle,
        to(0.8, 0.53),
        to(1.0, 0.75),
    ]);
    let up = pen.uniform(0.62, 0.85);
    knots.extend([to(0.5, 1.0), to(0.05, 0.85), turn(0.0..0.3, up)]);
    pen.stroke(knots);
}

fn shallow_three(pen: &mut Pen) {
    let (right, waist) = (pen.uniform(0.6, 0.9), pen.uniform(0.45, 0.6));
    let (start, end) = (pen.uniform(0.0, 0.15), pen.uniform(0.85, 1.0));
    let middle = knot(waist, 0.45, 0.3);
    pen.stroke([
        turn(0.0, start),
        to(0.5, 0.0),
        to(right, 0.22),
        middle,
        to(0.95, 0.72),
        to(0.5, 1.0),
        turn(-0.05, end),
    ]);
}
