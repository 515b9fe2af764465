//! 4: open or closed at the top, in one stroke or two.

use crate::synth::{
    Form,
    pen::{Pen, knot, to, turn},
};

/// The forms, each with its relative frequency and its mean width by height.
pub(super) const FORMS: &[Form] = &[
    Form::new("open", 4.0, 0.75, open_four),
    Form::new("open and round", 1.6, 0.7, round_four),
    Form::new("closed", 1.6, 0.75, closed_four),
    Form::new("closed in one stroke", 0.8, 0.7, closed_four_in_one_stroke),
    Form::new("open in one stroke", 0.9, 0.65, open_four_in_one_stroke),
    Form::new("with a loop at the right", 0.7, 0.75, looped_four),
    Form::new("with a short stem", 0.7, 0.8, short_four),
];

fn open_four(pen: &mut Pen) {
    let (top_x, bar) = (pen.uniform(0.0, 0.45), pen.uniform(0.45, 0.78));
    let (right, slope) = (pen.uniform(0.75, 1.15), pen.normal(0.05));
    let corner = knot(-0.06..0.06, bar, 0.85);
    pen.stroke([turn(top_x, -0.08..0.08), corner, turn(right, bar - slope)]);
    let (x, top) = (pen.uniform(0.45, 0.8), pen.uniform(-0.08, bar - 0.1));
    pen.stroke([turn(x, top), turn(x - 0.13..x + 0.07, 1.0)]);
}

fn round_four(pen: &mut Pen) {
    let bar = pen.uniform(0.42, 0.65);
    let right = pen.uniform(0.75, 1.1);
    pen.stroke([
        turn(0.0..0.3, 0.0),
        to(0.0, 0.7 * bar),
        to(0.2, bar),
        turn(right, bar - 0.12..bar + 0.03),
    ]);
    let (x, top) = (pen.uniform(0.55, 0.85), pen.uniform(-0.08, 0.35));
    pen.stroke([turn(x, top), turn(x - 0.17..x + 0.07, 1.0)]);
}

fn closed_four(pen: &mut Pen) {
    let (x, bar) = (pen.uniform(0.5, 0.75), pen.uniform(0.55, 0.75));
    let right = pen.uniform(0.75, 1.15);
    let corner = knot(0.0, bar, 0.95);
    pen.stroke([turn(x, 0.0), corner, turn(right, bar - 0.08..bar + 0.08)]);
    let (dx, dy) = (pen.normal(0.05), pen.uniform(-0.08, 0.12));
    pen.stroke([turn(x + dx, dy), turn(x - 0.14..x + 0.1, 1.0)]);
}

fn closed_four_in_one_stroke(pen: &mut Pen) {
    // The bar ends at the stem. From there the pen goes up to begin the stem.
    let (x, bar) = (pen.uniform(0.5, 0.8), pen.uniform(0.45, 0.72));
    let corner = knot(0.0, bar, 0.9);
    let crossing = turn(x..x + 0.15, bar - 0.05..bar + 0.05);
    let top = turn(x..x + 0.08, -0.05..0.15);
    let start = turn(x - 0.1..x + 0.05, -0.03..0.08);
    pen.stroke([start, corner, crossing, top, turn(x - 0.15..x + 0.05, 1.0)]);
}

fn open_four_in_one_stroke(pen: &mut Pen) {
    let bar = pen.uniform(0.38, 0.6);
    let right = pen.uniform(0.6, 0.85);
    let corner = knot(0.0, bar - 0.05, 0.4);
    let low = knot(right, bar - 0.08..bar, 0.5);
    pen.stroke([
        turn(0.0..0.25, 0.0),
        corner,
        to(0.3, bar),
        low,
        turn(right..right + 0.15, -0.05..0.3),
        turn(right - 0.2..right, 1.0),
    ]);
}

fn looped_four(pen: &mut Pen) {
    let (bar, x) = (pen.uniform(0.48, 0.68), pen.uniform(0.45, 0.65));
    let (reach, up) = (pen.uniform(0.15, 0.45), pen.uniform(0.1, 0.4));
    let corner = knot(0.0, bar, 0.8);
    pen.stroke([
        turn(0.1..0.55, 0.0),
        corner,
        to(x, bar - 0.02),
        to(x + reach, bar - 0.4 * up),
        to(x + 0.5 * reach, bar - up),
        to(x, bar - 0.3 * up),
        turn(x - 0.15..x + 0.05, 1.0),
    ]);
}

fn short_four(pen: &mut Pen) {
    let bar = pen.uniform(0.6, 0.85);
    let corner = knot(0.0, bar, 0.9);
    pen.stroke([
        turn(0.1..0.5, 0.0),
        corner,
        turn(0.8..1.3, bar - 0.08..bar + 0.08),
    ]);
    let (x, half) = (pen.uniform(0.4, 0.75), pen.uniform(0.12, 0.3));
    let middle = bar - pen.uniform(0.0, 0.1);
    pen.stroke([
        turn(x, middle - half),
        turn(x - 0.13..x + 0.07, middle + half),
    ]);
}
