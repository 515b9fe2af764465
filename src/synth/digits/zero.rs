//! 0: plain, or marked to tell it from the letter O.

use crate::synth::{
    Form,
    digits::bar,
    pen::{Arc, Pen, knot, to, turn},
};

/// The forms, each with its relative frequency and its mean width by height.
#[rustfmt::skip]
pub(super) const FORMS: &[Form] = &[
    Form::new("plain", 5.0, 0.7, oval),
    Form::new("open at the top", 1.2, 0.7, open_zero),
    Form::new("slashed", 2.6, 0.6, slashed_zero),
    Form::new("slashed without lifting the pen", 0.5, 0.6, zero_ending_in_slash),
    Form::new("slashed from far above to far below", 0.9, 0.75, phi_like_zero),
    Form::new("narrow and slashed from far above", 0.8, 0.45, phi_like_zero),
    Form::new("crossed", 1.0, 0.5, crossed_zero),
    Form::new("dotted", 0.4, 0.7, dotted_zero),
    Form::new("with a curl at the top", 0.7, 0.7, curled_zero),
];

/// An oval that begins at the top. Its width varies much.
fn oval(pen: &mut Pen) {
    let turns = 1.0 + pen.normal(0.07);
    let radii = (0.5 * pen.normal(0.25).exp(), 0.5);
    let mut arc = Arc::new((0.5, 0.5), radii, -0.25 + pen.normal(0.08), -turns);
    if pen.chance(0.1) {
        arc.turns = turns;
    }
    arc.drift = pen.normal(0.1);
    if pen.chance(0.3) {
        arc.squareness = pen.uniform(0.0, 0.7);
    }
    pen.stroke(arc.knots());
}

fn open_zero(pen: &mut Pen) {
    let gap = pen.uniform(0.06, 0.2);
    let from = -0.25 - 0.5 * gap + pen.normal(0.05);
    let mut arc = Arc::new((0.5, 0.5), (0.5, 0.5), from, gap - 1.0);
    arc.drift = pen.normal(0.1);
    let mut knots = arc.knots();
    if pen.chance(0.3) {
        let inward = pen.uniform(0.05, 0.25);
        knots.push(to(0.5, inward));
    }
    pen.stroke(knots);
}

fn slashed_zero(pen: &mut Pen) {
    oval(pen);
    // The slash ends well within the oval or far beyond it.
    let (up, down) = (pen.uniform(0.3, 0.9), pen.uniform(0.3, 0.9));
    let lean = pen.uniform(0.0, 0.9) * pen.uniform(0.0, 1.0);
    let lean = if pen.chance(0.1) { -lean } else { lean };
    slash(pen, up, down, lean);
}

fn phi_like_zero(pen: &mut Pen) {
    oval(pen);
    let (up, down) = (pen.uniform(0.7, 1.2), pen.uniform(0.55, 1.0));
    let lean = pen.uniform(-0.1, 0.35);
    slash(pen, up, down, lean);
}

/// A slash through the middle: so far up and down, with so much to the right per height.
fn slash(pen: &mut Pen, up: f32, down: f32, lean: f32) {
    let x = 0.5 + pen.normal(0.06);
    pen.stroke([
        turn(x + lean * up, 0.5 - up),
        turn(x - lean * down, 0.5 + down),
    ]);
}

fn zero_ending_in_slash(pen: &mut Pen) {
    let mut knots = Arc::new((0.5, 0.5), (0.5, 0.5), -0.2, -pen.uniform(0.95, 1.1)).knots();
    let (reach, down) = (pen.uniform(0.0, 0.5), pen.uniform(0.6, 1.1));
    knots.push(knot(0.75 + 0.5 * reach, 0.1 - 0.3 * reach, 0.8));
    knots.push(turn(0.6 - 0.6 * down, down));
    pen.stroke(knots);
}

fn crossed_zero(pen: &mut Pen) {
    oval(pen);
    let (left, right) = (pen.uniform(0.35, 1.5), pen.uniform(0.35, 1.5));
    bar(pen, 0.5, left, right, 0.5, [0.08, 0.07]);
}

fn dotted_zero(pen: &mut Pen) {
    oval(pen);
    let (x, y) = (0.5 + pen.normal(0.06), 0.5 + pen.normal(0.06));
    let (dx, dy) = (pen.normal(0.05), pen.normal(0.05));
    pen.stroke([turn(x, y), turn(x + dx, y + dy)]);
}

fn curled_zero(pen: &mut Pen) {
    let size = pen.uniform(0.1, 0.33);
    let mut knots = Arc::new((0.5, 0.5), (0.5, 0.5), -0.25, -1.0).knots();
    if pen.chance(0.5) {
        // The stroke curls inward at its end.
        let curl = Arc::new(
            (0.5, size),
            (1.3 * size, size),
            -0.25,
            -pen.uniform(0.2, 0.8),
        );
        knots.extend(curl.knots().into_iter().skip(1));
    } else {
        // The stroke leaves to the right, toward a next letter.
        knots.push(to(0.5 + 1.5 * size, 0.02));
        knots.push(to(0.75 + 2.0 * size, -0.21..0.11));
    }
    pen.stroke(knots);
}
