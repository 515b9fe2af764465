//! 6: the stem is curved or straight; the bowl is closed, open or curled.

use crate::synth::{
    Form,
    pen::{Arc, Knot, Pen, knot, to, turn},
};

/// The forms, each with its relative frequency and its mean width by height.
pub(super) const FORMS: &[Form] = &[
    Form::new("curved", 4.0, 0.65, curved_six),
    Form::new("straight", 2.0, 0.6, straight_six),
    Form::new("like a b", 1.0, 0.65, b_like_six),
    Form::new("with a tall bowl", 1.8, 0.75, tall_bowled_six),
    Form::new("with an open bowl", 1.0, 0.7, open_six),
    Form::new("like a spiral", 0.7, 0.8, spiral_six),
    Form::new("with a bowl that swings over", 1.2, 0.85, swung_six),
];

/// A 6: the stem, then the bowl from its bottom, counterclockwise and back to the stem.
fn six(pen: &mut Pen, stem: impl IntoIterator<Item = Knot>, top: f32, right: f32) {
    let meets = pen.uniform(-0.05, 0.2);
    let middle = 0.5 * (1.0 + top);
    let bowl = [
        to(0.5 * right, 1.0),
        to(right, middle + 0.02),
        to(0.5 * right + 0.05, top),
        turn(0.05 + meets, middle - 0.14..middle + 0.14),
    ];
    pen.stroke(stem.into_iter().chain(bowl));
}

fn curved_six(pen: &mut Pen) {
    let (x, top) = (pen.uniform(0.45, 1.0), pen.uniform(0.38, 0.68));
    let right = pen.uniform(0.65, 1.0);
    let start_y = pen.uniform(0.0, 0.12);
    let knots = [
        turn(x, start_y),
        to(0.55 * x, 0.1 + 0.5 * start_y),
        to(0.05, 0.48),
        to(0.04, 0.78),
    ];
    six(pen, knots, top, right);
}

fn straight_six(pen: &mut Pen) {
    let (x, top) = (pen.uniform(0.25, 0.75), pen.uniform(0.42, 0.72));
    let right = pen.uniform(0.5, 0.95);
    let knots = [turn(x, 0.0), to(0.45 * x + 0.03, 0.4), to(0.04, 0.8)];
    six(pen, knots, top, right);
}

fn b_like_six(pen: &mut Pen) {
    let (x, top) = (pen.uniform(0.0, 0.2), pen.uniform(0.42, 0.68));
    let right = pen.uniform(0.6, 1.0);
    let knots = [turn(x, 0.0), to(0.02, 0.45), knot(0.05, 0.85, 0.2)];
    six(pen, knots, top, right);
}

fn tall_bowled_six(pen: &mut Pen) {
    let (top, x) = (pen.uniform(0.1, 0.45), pen.uniform(0.0, 0.35));
    let right = pen.uniform(0.75, 1.05);
    let low = pen.uniform(0.82, 1.0);
    let left = right - pen.uniform(0.1, 0.45);
    pen.stroke([
        turn(x, 0.0),
        to(0.0, 0.5),
        to(0.08, 0.88 * low),
        knot(0.3..0.45, low, 0.15),
        to(right - 0.05, 0.7 * low),
        to(right, top + 0.12),
        to(0.5 * (left + right) + 0.05, top),
        to(left, 0.5 * (top + 1.0)),
        turn(left..left + 0.5, 0.75..1.02),
    ]);
}

fn open_six(pen: &mut Pen) {
    let (x, top) = (pen.uniform(0.3, 0.9), pen.uniform(0.45, 0.68));
    let right = pen.uniform(0.65, 0.95);
    let end = pen.uniform(0.3, 0.55);
    pen.stroke([
        turn(x, 0.0),
        to(0.4 * x, 0.2),
        to(0.02, 0.6),
        to(0.15, 0.92),
        to(0.55, 1.0),
        to(right, 0.5 * (1.0 + top)),
        to(0.55 * right + 0.1, top),
        turn(end, top + 0.02..top + 0.2),
    ]);
}

fn spiral_six(pen: &mut Pen) {
    let (radius, y) = (pen.uniform(0.22, 0.36), pen.uniform(0.6, 0.72));
    let mut knots = vec![
        turn(0.7..1.0, 0.0..0.15),
        to(0.5, 0.0),
        to(0.1, 0.25),
        to(0.0, 0.6),
    ];
    knots.extend([to(0.2, 0.95), to(0.55, 1.0)]);
    let inner = Arc::new(
        (0.6, y),
        (1.2 * radius, radius),
        0.08,
        -pen.uniform(0.3, 0.75),
    );
    knots.extend(inner.knots());
    pen.stroke(knots);
}

fn swung_six(pen: &mut Pen) {
    // The pen goes up the right side first. A downstroke closes the bowl and may leave to the right.
    let (top, right) = (pen.uniform(0.1, 0.45), pen.uniform(0.75, 1.05));
    let left = right - pen.uniform(0.15, 0.45);
    let low = pen.uniform(0.75, 0.95);
    let mut knots = vec![
        turn(0.0..0.3, 0.0),
        to(0.0, 0.4..0.55),
        to(0.1..0.2, low),
        to(0.6 * right, 0.5 * (low + top) + 0.1),
        to(right, top + 0.1),
        to(0.5 * (left + right) + 0.05, top),
        to(left, 0.55 * (top + 1.0)),
    ];
    if pen.chance(0.6) {
        let exit = pen.uniform(0.1, 0.45);
        knots.push(to(left + 0.08, 1.0));
        knots.push(turn(left + exit, 0.7..1.0));
    } else {
        knots.push(turn(left - 0.1..left + 0.15, 1.0));
    }
    pen.stroke(knots);
}
