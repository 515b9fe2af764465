//! 1: from a single line to a typewriter's 1 with flag and foot.

use crate::synth::{
    Form,
    digits::bar,
    pen::{Pen, knot, to, turn},
};

/// The forms, each with its relative frequency and its mean width by height.
#[rustfmt::skip]
pub(super) const FORMS: &[Form] = &[
    Form::new("a line", 4.0, 1.0, plain_one),
    Form::new("with a flag", 2.5, 1.0, |pen| flagged_one(pen, false)),
    Form::new("with a flat flag", 1.6, 0.8, flat_flagged_one),
    Form::new("with a flag and a foot", 2.4, 1.0, |pen| flagged_one(pen, true)),
    Form::new("with a flag and a foot in one stroke", 0.5, 1.0, one_ending_in_foot),
    Form::new("with a foot and a bar on top", 0.9, 1.0, one_between_bars),
    Form::new("with a foot only", 0.3, 1.0, footed_one),
    Form::new("with a long upstroke", 0.6, 1.0, long_flagged_one),
    Form::new("with a tail", 0.8, 1.0, tailed_one),
];

fn plain_one(pen: &mut Pen) {
    // Some writers lean a 1 more than others lean a slash.
    let lean = if pen.chance(0.2) {
        pen.uniform(0.2, 0.7)
    } else {
        0.0
    };
    let bend = pen.normal(0.03);
    pen.stroke([turn(lean, 0.0), to(0.5 * lean + bend, 0.5), turn(0.0, 1.0)]);
}

/// The foot below a stem that ends at `x`.
fn one_foot(pen: &mut Pen, x: f32) {
    let (left, right) = (pen.uniform(0.12, 0.5), pen.uniform(0.0, 0.55));
    bar(pen, x, left, right, 1.0, [0.025, 0.03]);
}

fn flagged_one(pen: &mut Pen, has_foot: bool) {
    let width = pen.uniform(0.08, 0.42);
    let flag = turn(-width, width * pen.uniform(0.4, 1.5));
    let lean = pen.normal(0.06);
    let bend = pen.normal(0.02);
    pen.stroke([
        flag,
        knot(0.0, 0.0, 0.85),
        to(bend - 0.5 * lean, 0.5),
        turn(-lean, 1.0),
    ]);
    if has_foot {
        one_foot(pen, -lean);
    }
}

fn flat_flagged_one(pen: &mut Pen) {
    let width = pen.uniform(0.15, 0.45);
    let flag = turn(-width, width * pen.uniform(-0.1, 0.5));
    let lean = pen.normal(0.05) - 0.03;
    pen.stroke([
        flag,
        knot(0.0, 0.0, 0.7),
        to(-0.5 * lean, 0.5),
        turn(-lean, 1.0),
    ]);
    if pen.chance(0.35) {
        one_foot(pen, -lean);
    }
}

fn one_ending_in_foot(pen: &mut Pen) {
    let (width, right) = (pen.uniform(0.1, 0.4), pen.uniform(0.2, 0.5));
    let drop = width * pen.uniform(0.5, 1.2);
    let left = pen.uniform(0.1, 0.35);
    let y = 1.0 + pen.normal(0.03);
    let bottom = knot(0.0, 0.98, 0.8);
    pen.stroke([
        turn(-width, drop),
        turn(0.0, 0.0),
        bottom,
        turn(-left, y),
        turn(right, y),
    ]);
}

fn one_between_bars(pen: &mut Pen) {
    let (left, right) = (pen.uniform(0.1, 0.42), pen.uniform(0.0, 0.38));
    let slope = pen.normal(0.04) + 0.02;
    let lean = pen.normal(0.04);
    if pen.chance(0.4) {
        // Bar and stem are one stroke.
        pen.stroke([turn(-left, slope), turn(0.0, 0.0), turn(-lean, 1.0)]);
        if pen.chance(0.6) {
            pen.stroke([turn(0.0, 0.0), turn(right, -slope)]);
        }
    } else {
        pen.stroke([turn(0.0, 0.0), turn(-lean, 1.0)]);
        pen.stroke([turn(-left, slope), turn(right, -slope)]);
    }
    one_foot(pen, -lean);
}

fn footed_one(pen: &mut Pen) {
    let lean = pen.normal(0.05);
    pen.stroke([turn(0.0, 0.0), turn(-lean, 1.0)]);
    one_foot(pen, -lean);
}

fn long_flagged_one(pen: &mut Pen) {
    let (width, drop) = (pen.uniform(0.2, 0.6), pen.uniform(0.4, 0.95));
    let lean = pen.uniform(-0.1, 0.15);
    let bow = pen.uniform(-0.05, 0.05);
    pen.stroke([
        turn(-width, drop),
        to(-0.5 * width + bow, 0.45 * drop),
        turn(0.0, 0.0),
        turn(lean, 1.0),
    ]);
    if pen.chance(0.15) {
        one_foot(pen, lean);
    }
}

fn tailed_one(pen: &mut Pen) {
    let (tail, rise) = (pen.uniform(0.05, 0.25), pen.uniform(0.0, 0.4));
    let side = if pen.chance(0.7) { 1.0 } else { -1.0 };
    let flag = pen.uniform(0.0, 0.2);
    let bottom = knot(0.0, 0.97, 0.6);
    pen.stroke([
        turn(-flag, 0.8 * flag),
        turn(0.0, 0.0),
        to(0.0, 0.5),
        bottom,
        turn(side * tail, 1.0 - rise),
    ]);
}
