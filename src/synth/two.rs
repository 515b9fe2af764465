//! How people write 2: the top round or flat, the base straight, waved or looped.

use super::{
    Form,
    pen::{Knot, Pen, knot, to, turn},
};

/// The forms of 2.
pub(super) const FORMS: &[Form] = &[
    Form::new("round with a straight base", 3.0, 0.75, round_two),
    Form::new("with a loop", 2.2, 0.8, looped_two),
    Form::new("like a z", 2.0, 0.75, z_like_two),
    Form::new("with a curl at the top", 1.2, 0.6, curled_two),
    Form::new("from a downstroke", 1.2, 0.7, two_from_a_downstroke),
    Form::new("like a swan", 0.6, 0.6, swan_two),
];

/// The base of a 2, from the corner at its left to its right end.
fn base(pen: &mut Pen, y: f32) -> [Knot; 2] {
    let (end, rise) = (pen.between(0.75, 1.3), pen.around_zero(0.08) + 0.02);
    let wave = pen.around_zero(0.04);
    [to(0.5 * end, y - 0.4 * rise + wave), turn(end, y - rise)]
}

fn round_two(pen: &mut Pen) {
    let start = pen.between(0.08, 0.38);
    let belly = pen.between(0.2, 0.36);
    let top = pen.between(0.35, 0.55);
    let corner = knot(-0.08..0.08, 1.0, 0.85);
    let knots = [
        turn(0.03, start),
        to(top, 0.0),
        to(0.9, belly),
        to(0.5, 0.66),
        corner,
    ];
    let base = base(pen, 1.0);
    pen.stroke(knots.into_iter().chain(base));
}

fn looped_two(pen: &mut Pen) {
    let (width, height) = (pen.between(0.08, 0.32), pen.between(0.06, 0.26));
    let end = pen.between(0.8, 1.25);
    // The tail goes along the line, or it swings up.
    let rise = if pen.chance(0.3) {
        pen.between(0.1, 0.6)
    } else {
        pen.between(-0.12, 0.1)
    };
    pen.stroke([
        turn(0.05, 0.08..0.35),
        to(0.45, 0.0),
        to(0.88, 0.2..0.36),
        to(0.55, 0.65),
        to(0.1 + 0.5 * width, 0.98),
        to(0.02, 1.0 - 0.45 * height),
        to(0.05 + 0.5 * width, 1.0 - height),
        to(0.15 + width, 1.0 - 0.35 * height),
        to(0.55 * end + 0.15, 1.0 - 0.25 * rise),
        turn(end, 0.98 - rise),
    ]);
}

fn two_from_a_downstroke(pen: &mut Pen) {
    let (width, rise) = (pen.between(0.05, 0.2), pen.between(0.0, 0.6));
    let height = 0.1 + 0.35 * rise;
    pen.stroke([
        turn(-0.08..0.08, 0.0..0.1),
        knot(0.0..0.12, 0.12..0.4, 0.8),
        to(0.35, 0.03),
        to(0.6..0.8, 0.0..0.12),
        to(0.6..0.85, 0.25..0.4),
        to(0.4, 0.68),
        to(0.05 + 0.5 * width, 0.98),
        to(0.0, 1.0 - 0.4 * height),
        to(0.05 + width, 1.0 - height),
        turn(0.9..1.3, 0.98 - rise),
    ]);
}

fn z_like_two(pen: &mut Pen) {
    let (start, dip) = (pen.between(-0.03, 0.15), pen.around_zero(0.04));
    let right = pen.between(0.7, 0.95);
    let corner = knot(right, -0.02..0.14, 0.6);
    let left = knot(0.0, 1.0, 0.85);
    let top = to(0.4, start * 0.5 - dip);
    let diagonal = to(0.45 * right - 0.08..0.45 * right + 0.08, 0.53);
    let base = base(pen, 1.0);
    let mut knots = Vec::new();
    if pen.chance(0.2) {
        knots.push(turn(-0.06..0.06, start + 0.05..start + 0.18));
        knots.push(turn(0.0, start));
    } else {
        knots.push(turn(0.0, start));
    }
    knots.extend([top, corner, diagonal, left]);
    pen.stroke(knots.into_iter().chain(base));
}

fn curled_two(pen: &mut Pen) {
    let (size, y) = (pen.between(0.1, 0.28), pen.between(0.18, 0.3));
    let corner = knot(0.0, 1.0, 0.7);
    let curl = [
        turn(0.12 + size, y + 0.1),
        to(0.1 + 0.3 * size, y + 0.09),
        to(0.1, y - 0.05),
    ];
    let rest = [to(0.45, 0.0), to(0.85, 0.25), to(0.5, 0.65), corner];
    let base = base(pen, 1.0);
    pen.stroke(curl.into_iter().chain(rest).chain(base));
}

fn swan_two(pen: &mut Pen) {
    let (start, waist) = (pen.between(0.05, 0.3), pen.between(0.75, 0.88));
    let (end, rise) = (pen.between(0.9, 1.4), pen.around_zero(0.08));
    pen.stroke([
        turn(0.05, start),
        to(0.45, 0.0),
        to(0.85, 0.25),
        to(0.6, 0.6),
        turn(0.0, 1.0),
        to(0.15, waist),
        to(0.45, 0.5 * waist + 0.48),
        to(0.5 * end + 0.1, 1.0),
        turn(end, 0.95 - rise),
    ]);
}
