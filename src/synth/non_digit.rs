//! What people draw that is no digit.

use std::f32::consts::FRAC_PI_2;

use super::{
    Form, choose, forms, letters,
    pen::{Arc, Knot, Pen, knot, to, turn},
};
use crate::bitmap::Digit;
use crate::ink::Point;

/// Digits that are none any more in a mirror. 0, 1 and 8 are their own mirror images; those of 2 and 5 are much
/// like a 5 and a 2, and that of a 7 may be a 1.
pub const NON_DIGITS_WHEN_MIRRORED: [Digit; 4] =
    [Digit::ALL[3], Digit::ALL[4], Digit::ALL[6], Digit::ALL[9]];
/// Digits that are none any more when they lie on their side.
pub const NON_DIGITS_WHEN_ROTATED: [Digit; 4] =
    [Digit::ALL[2], Digit::ALL[3], Digit::ALL[4], Digit::ALL[5]];

/// The kinds of what is no digit.
pub(super) const FORMS: &[Form] = &[
    Form::new("scribble", 4.0, 1.0, scribble),
    Form::new("zigzag", 1.5, 1.0, zigzag),
    Form::new("spiral", 1.0, 1.0, spiral),
    Form::new("hatching", 1.0, 1.0, hatching),
    Form::new("taps", 1.5, 1.0, taps),
    Form::new("lying line", 1.5, 1.0, lying_line),
    Form::new("lying arc", 1.0, 1.0, lying_arc),
    Form::new("mirrored digit", 2.0, 1.0, mirrored_digit),
    Form::new("digit on its side", 1.5, 1.0, digit_on_its_side),
    Form::new("two digits", 3.0, 1.0, two_digits),
    Form::new("straight letter", 5.0, 0.8, letters::straight),
    Form::new("round letter", 2.5, 0.8, letters::round),
    Form::new("sign", 6.0, 0.8, letters::sign),
    Form::new("letter that is none", 4.0, 0.8, invented_letter),
];

/// Some bent strokes at random places, as in a script that nobody has seen: what signs that were never learned
/// may look like.
fn invented_letter(pen: &mut Pen) {
    let sharpness = pen.between(0.0, 1.0);
    for index in 0..pen.count(2, 3) {
        let knots = pen.count(2 + usize::from(index == 0), 4);
        pen.stroke((0..knots).map(|_| anywhere(sharpness)));
    }
}

/// A place anywhere in the box.
fn anywhere(sharpness: f32) -> Knot {
    knot(0.0..1.0, 0.0..1.0, sharpness)
}

fn scribble(pen: &mut Pen) {
    let sharpness = pen.between(0.0, 1.0);
    for _ in 0..pen.count(1, 2) {
        let knots = pen.count(6, 24);
        pen.stroke((0..knots).map(|_| anywhere(sharpness)));
    }
}

fn zigzag(pen: &mut Pen) {
    let (turns, sharpness) = (pen.count(7, 14), pen.between(0.0, 1.0));
    let is_upright = pen.chance(0.5);
    pen.stroke((0..=turns).map(|index| {
        let along = index as f32 / turns as f32;
        let (near, far) = if index % 2 == 0 {
            (0.0, 0.2)
        } else {
            (0.8, 1.0)
        };
        if is_upright {
            knot(along, near..far, sharpness)
        } else {
            knot(near..far, along, sharpness)
        }
    }));
}

fn spiral(pen: &mut Pen) {
    let turns = pen.between(2.0, 4.0);
    let turns = if pen.chance(0.5) { turns } else { -turns };
    let mut arc = Arc::new((0.5, 0.5), (0.08, 0.08), pen.between(0.0, 1.0), turns);
    arc.drift = pen.between(3.0, 6.0);
    pen.stroke(arc.knots());
}

fn hatching(pen: &mut Pen) {
    let lines = pen.count(3, 7);
    for index in 0..lines {
        let x = index as f32 / (lines - 1) as f32;
        pen.stroke([turn(x, 0.0..0.2), turn(x - 0.1..x + 0.1, 0.8..1.0)]);
    }
}

fn taps(pen: &mut Pen) {
    for _ in 0..pen.count(1, 4) {
        pen.stroke([anywhere(0.0)]);
    }
}

fn lying_line(pen: &mut Pen) {
    // A hand slants by up to 0.7 and turns by up to 0.3 beside this, which leaves it flatter than any 1.
    let rise = pen.between(-0.35, 0.35);
    let bend = pen.around_zero(0.06);
    pen.stroke([turn(0.0, rise), to(0.5, 0.5 * rise + bend), turn(1.0, 0.0)]);
}

fn lying_arc(pen: &mut Pen) {
    let (height, from) = (pen.between(0.1, 0.35), pen.around_zero(0.04));
    let (from, turns) = if pen.chance(0.5) {
        (0.5 + from, pen.between(0.4, 0.55))
    } else {
        (0.5 + from, -pen.between(0.4, 0.55))
    };
    pen.stroke(Arc::new((0.5, 0.5), (0.5, height), from, turns).knots());
}

/// Draws one of some digits in its own proportions.
fn draw_digit(pen: &mut Pen, digits: &[Digit]) {
    let digit = digits[pen.count(0, digits.len() - 1)];
    let form = choose(forms(digit), pen.rng());
    (form.draw)(pen);
    for point in pen.paths.iter_mut().flatten() {
        point.x *= form.aspect;
    }
}

fn mirrored_digit(pen: &mut Pen) {
    draw_digit(pen, &NON_DIGITS_WHEN_MIRRORED);
    for point in pen.paths.iter_mut().flatten() {
        point.x = -point.x;
    }
}

fn digit_on_its_side(pen: &mut Pen) {
    draw_digit(pen, &NON_DIGITS_WHEN_ROTATED);
    let turned = FRAC_PI_2 * if pen.chance(0.5) { 1.0 } else { -1.0 };
    let (sin, cos) = turned.sin_cos();
    for point in pen.paths.iter_mut().flatten() {
        *point = Point::new(cos * point.x - sin * point.y, sin * point.x + cos * point.y);
    }
}

fn two_digits(pen: &mut Pen) {
    draw_digit(pen, &Digit::ALL);
    let first = std::mem::take(&mut pen.paths);
    let right = first.iter().flatten().map(|p| p.x).fold(0.0, f32::max);
    draw_digit(pen, &Digit::ALL);
    let left = pen.paths.iter().flatten().map(|p| p.x).fold(1.0, f32::min);
    let (gap, drop) = (pen.between(0.05, 0.4), pen.around_zero(0.06));
    for point in pen.paths.iter_mut().flatten() {
        point.x += right + gap - left;
        point.y += drop;
    }
    pen.paths.extend(first);
}
