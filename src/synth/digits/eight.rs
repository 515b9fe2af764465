//! 8: from the top or the middle, in either direction, or as two circles.

use crate::synth::{
    Form,
    pen::{Arc, Pen, to, turn},
};

/// The forms, each with its relative frequency and its mean width by height.
pub(super) const FORMS: &[Form] = &[
    Form::new("from the top, s first", 4.5, 0.6, |pen| eight(pen, false)),
    Form::new("from the top, z first", 1.3, 0.6, |pen| eight(pen, true)),
    Form::new("with straight sides", 1.5, 0.65, straight_eight),
    Form::new("two circles", 1.4, 0.6, two_circles),
    Form::new("from the middle", 1.0, 0.6, eight_from_the_middle),
];

/// An 8 in one stroke. It goes left first, or right if mirrored.
fn eight(pen: &mut Pen, is_mirrored: bool) {
    let (upper, lower) = (pen.uniform(0.25, 0.5), pen.uniform(0.35, 0.55));
    let waist = pen.uniform(0.38, 0.55);
    // The ends leave a gap at the upper right, meet or overshoot.
    let (start, start_y) = (pen.uniform(0.3, 1.1) * upper, pen.uniform(0.02, 0.16));
    let (end, end_y) = (pen.uniform(0.5, 1.3) * upper, pen.uniform(-0.05, 0.28));
    let crossing = pen.normal(0.05);
    let knots = [
        to(0.5 + start, start_y),
        to(0.4, 0.0),
        to(0.5 - upper, 0.5 * waist - 0.03),
        to(0.5 + crossing, waist),
        to(0.5 + lower, 0.5 * (waist + 1.0)),
        to(0.5, 1.0),
        to(0.5 - lower, 0.5 * (waist + 1.0) + 0.02),
        to(0.5 + crossing, waist - 0.06..waist + 0.06),
        to(0.5 + end, end_y),
    ];
    pen.stroke(knots.map(|knot| knot.mirrored_if(is_mirrored)));
}

fn straight_eight(pen: &mut Pen) {
    let (upper, lower) = (pen.uniform(0.3, 0.6), pen.uniform(0.3, 0.55));
    let (end, end_y) = (pen.uniform(0.6, 1.3), pen.uniform(-0.1, 0.15));
    let start = pen.uniform(0.55, 0.95);
    let start_y = pen.uniform(0.0, 0.15);
    let flat = pen.normal(0.04);
    pen.stroke([
        turn(start, start_y),
        to(0.5 - 0.4 * upper, 0.02 - flat),
        to(0.5 - upper, 0.12..0.25),
        to(0.5 + lower, 0.78),
        to(0.5 + 0.3 * lower, 0.99),
        to(0.5 - 0.8 * lower, 0.95),
        to(0.5 - 0.7 * lower, 0.78),
        turn(end, end_y),
    ]);
}

fn two_circles(pen: &mut Pen) {
    let waist = pen.uniform(0.38, 0.55);
    let (upper, lower) = (pen.uniform(0.25, 0.5), pen.uniform(0.35, 0.55));
    let touch = pen.uniform(-0.03, 0.03);
    for (top, bottom, half_width) in [(0.0, waist + touch, upper), (waist - touch, 1.0, lower)] {
        let center = (0.5 + pen.normal(0.04), 0.5 * (top + bottom));
        let turns = 1.0 + pen.normal(0.06);
        let radii = (half_width, 0.5 * (bottom - top));
        let mut arc = Arc::new(center, radii, -0.25 + pen.normal(0.1), -turns);
        arc.squareness = pen.uniform(0.0, 0.4);
        pen.stroke(arc.knots());
    }
}

fn eight_from_the_middle(pen: &mut Pen) {
    let waist = pen.uniform(0.4, 0.55);
    let (upper, lower) = (pen.uniform(0.25, 0.5), pen.uniform(0.35, 0.55));
    let is_mirrored = pen.chance(0.5);
    let knots = [
        to(0.38..0.62, waist - 0.1..waist + 0.1),
        to(0.5 + upper, 0.5 * waist),
        to(0.5, 0.0),
        to(0.5 - upper, 0.5 * waist),
        to(0.5, waist),
        to(0.5 + lower, 0.5 * (waist + 1.0)),
        to(0.5, 1.0),
        to(0.5 - lower, 0.5 * (waist + 1.0)),
        to(0.34..0.66, waist - 0.1..waist + 0.1),
    ];
    pen.stroke(knots.map(|knot| knot.mirrored_if(is_mirrored)));
}
