//! 7: the top is plain or hooked; the stem is plain or barred.

use crate::synth::{
    Form,
    digits::bar,
    pen::{Pen, knot, to, turn},
};

/// The forms, each with its relative frequency and its mean width by height.
pub(super) const FORMS: &[Form] = &[
    Form::new("plain", 3.5, 0.65, |pen| seven(pen, false, false)),
    Form::new("hooked", 1.8, 0.65, |pen| seven(pen, true, false)),
    Form::new("barred", 2.2, 0.65, |pen| seven(pen, false, true)),
    Form::new("hooked and barred", 0.9, 0.65, |pen| seven(pen, true, true)),
    Form::new("rounded", 1.4, 0.55, rounded_seven),
    Form::new("with a serif below", 0.5, 0.6, footed_seven),
    Form::new("with a tail", 1.2, 0.6, tailed_seven),
    Form::new("with a branching stem", 0.8, 0.6, branching_seven),
];

fn seven_bar(pen: &mut Pen, x: f32) {
    let (left, right) = (pen.uniform(0.12, 0.5), pen.uniform(0.12, 0.55));
    bar(pen, x, left, right, 0.5, [0.05, 0.06]);
}

fn seven(pen: &mut Pen, is_hooked: bool, is_barred: bool) {
    let (right, slope) = (pen.uniform(0.75, 1.1), pen.normal(0.06));
    let foot = pen.uniform(0.05, 0.65);
    let bend = pen.normal(0.05) - 0.04;
    let corner = knot(right, -slope, 0.8);
    let mut knots = Vec::new();
    if is_hooked {
        let drop = pen.uniform(0.06, 0.42);
        knots.push(turn(-0.1..0.1, slope + drop));
    }
    let first = knot(0.02, slope, 0.75);
    knots.push(first);
    if pen.chance(0.3) {
        // The top is wavy.
        let wave = pen.uniform(0.0, 0.07);
        knots.extend([to(0.3 * right, -wave), to(0.65 * right, wave)]);
    }
    let middle = 0.5 * (right + foot) + bend;
    knots.extend([corner, to(middle, 0.48), turn(foot, 1.0)]);
    pen.stroke(knots);
    if is_barred {
        seven_bar(pen, middle);
    }
}

fn rounded_seven(pen: &mut Pen) {
    let (start, foot) = (pen.uniform(0.02, 0.25), pen.uniform(0.1, 0.6));
    let mut knots = Vec::new();
    if pen.chance(0.25) {
        knots.push(turn(0.0..0.15, start + 0.05..start + 0.2));
    }
    knots.extend([knot(0.0, start, 0.6), to(0.5, 0.0), to(0.95, 0.14)]);
    knots.extend([
        to(0.5 * (0.95 + foot) - 0.08..0.5 * (0.95 + foot), 0.55),
        turn(foot, 1.0),
    ]);
    pen.stroke(knots);
    if pen.chance(0.15) {
        seven_bar(pen, 0.6);
    }
}

fn footed_seven(pen: &mut Pen) {
    let (right, foot) = (pen.uniform(0.6, 1.0), pen.uniform(0.0, 0.5));
    let slope = pen.normal(0.04);
    pen.stroke([turn(0.0, slope), turn(right, -slope), turn(foot, 1.0)]);
    let (left, reach) = (pen.uniform(0.0, 0.2), pen.uniform(0.05, 0.25));
    let rise = pen.normal(0.04);
    pen.stroke([
        turn(foot - left, 1.0 + rise),
        turn(foot + reach, 1.0 - rise),
    ]);
}

fn tailed_seven(pen: &mut Pen) {
    let (right, foot) = (pen.uniform(0.65, 1.0), pen.uniform(0.2, 0.6));
    let (tail, rise) = (pen.uniform(0.08, 0.35), pen.uniform(0.05, 0.35));
    pen.stroke([
        turn(0.0, 0.0..0.2),
        to(0.45 * right, 0.0..0.06),
        knot(right, 0.0..0.1, 0.6),
        to(0.5 * (right + foot) - 0.04, 0.5),
        knot(foot, 1.0, 0.7),
        turn(foot + tail, 1.0 - rise),
    ]);
}

fn branching_seven(pen: &mut Pen) {
    // A short downstroke at the left. The rest begins at its end or its middle, as in East Asia or in haste.
    let (down, top) = (pen.uniform(0.12, 0.4), pen.uniform(-0.05, 0.1));
    let back = down - pen.uniform(0.0, 0.15);
    let (right, foot) = (pen.uniform(0.65, 1.0), pen.uniform(0.2, 0.6));
    let corner = knot(right, top, 0.6);
    pen.stroke([
        turn(0.0, 0.0),
        turn(0.06, down),
        to(0.25 * right, 0.6 * back),
        corner,
        turn(foot, 1.0),
    ]);
}
