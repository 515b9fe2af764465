//! 2: the top is round or flat; the base is straight, wavy or looped.

use crate::synth::{
    Form,
    pen::{Knot, Pen, knot, to, turn},
};

/// The forms, each with its relative frequency and its mean width by height.
pub(super) const FORMS: &[Form] = &[
    Form::new("round with a straight base", 3.0, 0.75, round_two),
    Form::new("with a loop", 2.2, 0.8, looped_two),
    Form::new("like a z", 2.0, 0.75, z_like_two),
    Form::new("with a curl at the top", 1.2, 0.6, curled_two),
    Form::new("from a downstroke", 1.2, 0.7, two_from_a_downstroke),
    Form::new("like a swan", 0.6, 0.6, swan_two),
];

/// The base of a 2, after its left corner.
fn two_base(pen: &mut Pen) -> [Knot; 2] {
    let (end, rise) = (pen.uniform(0.75, 1.3), pen.normal(0.08) + 0.02);
    let wave = pen.normal(0.04);
    [
        to(0.5 * end, 1.0 - 0.4 * rise + wave),
        turn(end, 1.0 - rise),
    ]
}

fn round_two(pen: &mut Pen) {
    let start = pen.uniform(0.08, 0.38);
    let belly = pen.uniform(0.2, 0.36);
    let top = pen.uniform(0.35, 0.55);
    let corner = knot(-0.08..0.08, 1.0, 0.85);
    let knots = [
        turn(0.03, start),
        to(top, 0.0),
        to(0.9, belly),
        to(0.5, 0.66),
        corner,
    ];
    let base = two_base(pen);
    pen.stroke(knots.into_iter().chain(base));
}

fn looped_two(pen: &mut Pen) {
    let (width, height) = (pen.uniform(0.08, 0.32), pen.uniform(0.06, 0.26));
    let end = pen.uniform(0.8, 1.25);
    // The tail follows the baseline or swings up.
    let rise = if pen.chance(0.3) {
        pen.uniform(0.1, 0.6)
    } else {
        pen.uniform(-0.12, 0.1)
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
    let (width, rise) = (pen.uniform(0.05, 0.2), pen.uniform(0.0, 0.6));
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
    let (start, dip) = (pen.uniform(-0.03, 0.15), pen.normal(0.04));
    let right = pen.uniform(0.7, 0.95);
    let base = two_base(pen);
    let serif = turn(-0.06..0.06, start + 0.05..start + 0.18);
    let knots = [
        turn(0.0, start),
        to(0.4, start * 0.5 - dip),
        knot(right, -0.02..0.14, 0.6),
        to(0.45 * right - 0.08..0.45 * right + 0.08, 0.53),
        knot(0.0, 1.0, 0.85),
    ];
    let serif = pen.chance(0.2).then_some(serif);
    pen.stroke(serif.into_iter().chain(knots).chain(base));
}

fn curled_two(pen: &mut Pen) {
    let (size, y) = (pen.uniform(0.1, 0.28), pen.uniform(0.18, 0.3));
    let knots = [
        turn(0.12 + size, y + 0.1),
        to(0.1 + 0.3 * size, y + 0.09),
        to(0.1, y - 0.05),
        to(0.45, 0.0),
        to(0.85, 0.25),
        to(0.5, 0.65),
        knot(0.0, 1.0, 0.7),
    ];
    let base = two_base(pen);
    pen.stroke(knots.into_iter().chain(base));
}

fn swan_two(pen: &mut Pen) {
    let (start, waist) = (pen.uniform(0.05, 0.3), pen.uniform(0.75, 0.88));
    let (end, rise) = (pen.uniform(0.9, 1.4), pen.normal(0.08));
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
