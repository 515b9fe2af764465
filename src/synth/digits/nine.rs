//! 9: the stem is straight, curved or hooked.

use crate::synth::{
    Form,
    pen::{Arc, Knot, Pen, knot, to, turn},
};

/// The forms, each with its relative frequency and its mean width by height.
#[rustfmt::skip]
pub(super) const FORMS: &[Form] = &[
    Form::new("with a straight stem", 4.0, 0.6, straight_nine),
    Form::new("with a curved stem", 2.2, 0.6, |pen| curved_nine(pen, false)),
    Form::new("like a g", 2.0, 0.55, |pen| curved_nine(pen, true)),
    Form::new("open", 0.9, 0.6, open_nine),
    Form::new("a circle and a stem", 0.6, 0.55, nine_in_two_strokes),
    Form::new("with a swinging start", 0.9, 0.8, swung_nine),
];

/// The loop of a 9, counterclockwise from its upper right.
fn nine_loop(pen: &mut Pen, bottom: f32) -> Vec<Knot> {
    let (from, turns) = (-0.1 + pen.normal(0.05), 0.92 + pen.normal(0.06));
    let mut arc = Arc::new((0.42, 0.5 * bottom), (0.42, 0.5 * bottom), from, -turns);
    arc.drift = pen.normal(0.06);
    arc.knots()
}

fn straight_nine(pen: &mut Pen) {
    let bottom = pen.uniform(0.32, 0.62);
    let mut knots = nine_loop(pen, bottom);
    let foot = pen.uniform(0.3, 0.95);
    let top = pen.uniform(0.0, 0.35) * bottom;
    knots.push(knot(0.85, top, 0.75));
    knots.push(turn(foot, 1.0));
    pen.stroke(knots);
}

fn curved_nine(pen: &mut Pen, is_hooked: bool) {
    let bottom = pen.uniform(0.32, 0.6);
    let mut knots = nine_loop(pen, bottom);
    let top = pen.uniform(0.0, 0.35) * bottom;
    knots.push(knot(0.86, top, 0.5));
    if is_hooked {
        let (low, end) = (pen.uniform(0.3, 0.6), pen.uniform(-0.4, 0.2));
        knots.extend([
            to(0.84, 0.65),
            to(0.76, 0.88),
            to(low, 1.0),
            turn(end, 0.78..1.0),
        ]);
    } else {
        knots.extend([to(0.7..0.9, 0.6), turn(0.0..0.45, 1.0)]);
    }
    pen.stroke(knots);
}

fn open_nine(pen: &mut Pen) {
    let bottom = pen.uniform(0.35, 0.55);
    let gap = pen.uniform(0.02, 0.18);
    let mut knots = vec![
        turn(0.85 - 1.5 * gap, 0.0..0.1),
        to(0.4, 0.02),
        to(0.03, 0.5 * bottom),
    ];
    knots.extend([to(0.35, bottom), to(0.75, 0.6 * bottom)]);
    knots.push(knot(0.9, -0.05..0.15, 0.7));
    if pen.chance(0.5) {
        knots.extend([to(0.8, 0.75), to(0.5, 1.0), turn(-0.05..0.2, 0.9)]);
    } else {
        knots.push(turn(0.4..0.9, 1.0));
    }
    pen.stroke(knots);
}

fn nine_in_two_strokes(pen: &mut Pen) {
    let half = pen.uniform(0.2, 0.3);
    let turns = -1.0 + pen.normal(0.05);
    pen.stroke(Arc::new((0.4, half), (0.4, half), -0.15, turns).knots());
    let x = 0.8 + pen.normal(0.06);
    let foot = pen.uniform(0.3, 0.85);
    pen.stroke([
        turn(x, -0.05..0.25),
        to(0.5 * (x + foot) + 0.04, 0.55),
        turn(foot, 1.0),
    ]);
}

fn swung_nine(pen: &mut Pen) {
    // The loop begins far to the right of the stem.
    let (bottom, right) = (pen.uniform(0.25, 0.45), pen.uniform(0.8, 1.1));
    let start = right + pen.uniform(-0.1, 0.3);
    pen.stroke([
        turn(start, -0.02..0.12),
        to(0.45, 0.03),
        to(0.0, 0.55 * bottom),
        to(0.3, bottom),
        to(0.8 * right, 0.55 * bottom),
        knot(right, 0.0..0.12, 0.3),
        to(0.75 * right, 0.5),
        turn(0.15..0.6, 1.0),
    ]);
}
