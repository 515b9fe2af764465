//! How people write 3: the top round or flat, the middle a corner, a loop or hardly there.

use super::{
    Form,
    pen::{Knot, Pen, knot, to, turn},
};

/// The forms of 3.
pub(super) const FORMS: &[Form] = &[
    Form::new("round", 4.0, 0.65, round_three),
    Form::new("flat-topped", 1.6, 0.7, flat_three),
    Form::new("with a loop in the middle", 1.4, 0.7, looped_three),
    Form::new("curled in below", 1.0, 0.65, curled_three),
    Form::new("hardly waisted", 0.7, 0.5, shallow_three),
];

/// The lower bowl of a 3, after its middle.
fn bowl(pen: &mut Pen) -> [Knot; 4] {
    let right = pen.between(0.8, 1.25);
    let (end, end_y) = if pen.chance(0.25) {
        (pen.between(-0.1, 0.2), pen.between(0.62, 0.8))
    } else {
        (pen.between(-0.15, 0.25), pen.between(0.8, 0.98))
    };
    [
        to(0.8 * right, 0.44..0.56),
        to(right, 0.65..0.81),
        to(0.34..0.66, 1.0),
        turn(end, end_y),
    ]
}

fn round_three(pen: &mut Pen) {
    let start = pen.between(0.05, 0.28);
    let (right, waist) = (pen.between(0.65, 0.95), pen.between(0.2, 0.55));
    let middle = knot(waist, 0.38..0.5, 0.6);
    let top = [turn(0.05, start), to(0.45, 0.0), to(right, 0.2), middle];
    let bowl = bowl(pen);
    pen.stroke(top.into_iter().chain(bowl));
}

fn flat_three(pen: &mut Pen) {
    let (slope, right) = (pen.around_zero(0.05), pen.between(0.65, 0.95));
    let corner = knot(right, slope, 0.85);
    let middle = knot(0.15..0.45, 0.34..0.5, 0.8);
    let top = [turn(0.0, -slope), corner, middle];
    let bowl = bowl(pen);
    pen.stroke(top.into_iter().chain(bowl));
}

fn looped_three(pen: &mut Pen) {
    let start = pen.between(0.05, 0.28);
    let right = pen.between(0.65, 0.95);
    let (x, y) = (pen.between(0.15, 0.4), pen.between(0.4, 0.52));
    let (width, height) = (pen.between(0.05, 0.2), pen.between(0.02, 0.08));
    let top = [
        turn(0.05, start),
        to(0.45, 0.0),
        to(right, 0.18),
        to(x + width, y + 0.3 * height),
        to(x, y + height),
        to(x - 0.03, y),
        to(x + width, y - height),
    ];
    let bowl = bowl(pen);
    pen.stroke(top.into_iter().chain(bowl));
}

fn curled_three(pen: &mut Pen) {
    let (right, waist) = (pen.between(0.65, 0.95), pen.between(0.25, 0.5));
    let middle = knot(waist, 0.45, 0.6);
    let mut knots = Vec::new();
    if pen.chance(0.5) {
        let inner = pen.between(0.1, 0.35);
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
    let up = pen.between(0.62, 0.85);
    knots.extend([to(0.5, 1.0), to(0.05, 0.85), turn(0.0..0.3, up)]);
    pen.stroke(knots);
}

fn shallow_three(pen: &mut Pen) {
    let (right, waist) = (pen.between(0.6, 0.9), pen.between(0.45, 0.6));
    let (start, end) = (pen.between(0.0, 0.15), pen.between(0.85, 1.0));
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
