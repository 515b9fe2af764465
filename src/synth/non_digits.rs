//! The forms of non-digits.

use std::f32::consts::{FRAC_PI_2, TAU};

use super::{
    Form, choose, forms,
    pen::{Arc, Knot, Pen, knot, to, turn},
};
use crate::{bitmap::Digit, ink::Point};

/// Digits whose mirror image is a non-digit. 0, 1 and 8 are symmetric. The mirror images of 2 and 5 look like 5 and
/// 2, and that of 7 may look like 1.
pub const NON_DIGITS_WHEN_MIRRORED: [Digit; 4] =
    [Digit::ALL[3], Digit::ALL[4], Digit::ALL[6], Digit::ALL[9]];
/// Digits that become non-digits when rotated by 90°.
pub const NON_DIGITS_WHEN_ROTATED: [Digit; 4] =
    [Digit::ALL[2], Digit::ALL[3], Digit::ALL[4], Digit::ALL[5]];

/// The forms of non-digits.
pub(super) const FORMS: &[Form] = &[
    Form::new("scribble", 4.0, 1.0, scribble),
    Form::new("zigzag", 1.5, 1.0, zigzag),
    Form::new("spiral", 1.0, 1.0, spiral),
    Form::new("hatching", 1.0, 1.0, hatching),
    Form::new("dots", 1.5, 1.0, dots),
    Form::new("horizontal line", 1.5, 1.0, horizontal_line),
    Form::new("horizontal arc", 1.0, 1.0, horizontal_arc),
    Form::new("mirrored digit", 2.0, 1.0, mirrored_digit),
    Form::new("rotated digit", 1.5, 1.0, rotated_digit),
    Form::new("two digits", 3.0, 1.0, two_digits),
    Form::new("straight letter", 5.0, 0.8, straight_letter),
    Form::new("round letter", 2.5, 0.8, round_letter),
    Form::new("sign", 6.0, 0.8, sign),
    Form::new("invented letter", 4.0, 0.8, invented_letter),
];

/// A few curved strokes at random places. They stand for symbols that the training data lacks.
fn invented_letter(pen: &mut Pen) {
    let sharpness = pen.uniform(0.0, 1.0);
    for index in 0..pen.count(2, 3) {
        let knots = pen.count(2 + usize::from(index == 0), 4);
        pen.stroke((0..knots).map(|_| anywhere(sharpness)));
    }
}

/// A random place in the box.
fn anywhere(sharpness: f32) -> Knot {
    knot(0.0..1.0, 0.0..1.0, sharpness)
}

fn scribble(pen: &mut Pen) {
    let sharpness = pen.uniform(0.0, 1.0);
    for _ in 0..pen.count(1, 2) {
        let knots = pen.count(6, 24);
        pen.stroke((0..knots).map(|_| anywhere(sharpness)));
    }
}

fn zigzag(pen: &mut Pen) {
    let (turns, sharpness) = (pen.count(7, 14), pen.uniform(0.0, 1.0));
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
    let turns = pen.uniform(2.0, 4.0);
    let turns = if pen.chance(0.5) { turns } else { -turns };
    let mut arc = Arc::new((0.5, 0.5), (0.08, 0.08), pen.uniform(0.0, 1.0), turns);
    arc.drift = pen.uniform(3.0, 6.0);
    pen.stroke(arc.knots());
}

fn hatching(pen: &mut Pen) {
    let lines = pen.count(3, 7);
    for index in 0..lines {
        let x = index as f32 / (lines - 1) as f32;
        pen.stroke([turn(x, 0.0..0.2), turn(x - 0.1..x + 0.1, 0.8..1.0)]);
    }
}

fn dots(pen: &mut Pen) {
    for _ in 0..pen.count(1, 4) {
        pen.stroke([anywhere(0.0)]);
    }
}

fn horizontal_line(pen: &mut Pen) {
    // A handwriting style adds a slant of up to 0.7 and a rotation of up to 0.3: the line stays flatter than any 1.
    let rise = pen.uniform(-0.35, 0.35);
    let bend = pen.normal(0.06);
    pen.stroke([turn(0.0, rise), to(0.5, 0.5 * rise + bend), turn(1.0, 0.0)]);
}

fn horizontal_arc(pen: &mut Pen) {
    let (height, from) = (pen.uniform(0.1, 0.35), pen.normal(0.04));
    let sign = if pen.chance(0.5) { 1.0 } else { -1.0 };
    let turns = sign * pen.uniform(0.4, 0.55);
    pen.stroke(Arc::new((0.5, 0.5), (0.5, height), 0.5 + from, turns).knots());
}

/// Draws one of `digits` in its own proportions.
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

fn rotated_digit(pen: &mut Pen) {
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
    let (gap, drop) = (pen.uniform(0.05, 0.4), pen.normal(0.06));
    for point in pen.paths.iter_mut().flatten() {
        point.x += right + gap - left;
        point.y += drop;
    }
    pen.paths.extend(first);
}

/// A, E, F, H, K, M, N, W, X, Y, k, w, x, and E in one stroke: strokes of `(x, y)`, a letter in each line.
#[rustfmt::skip]
const STRAIGHT: &[&[&[(f32, f32)]]] = &[
    &[&[(0.0, 1.0), (0.45, 0.0), (1.0, 1.0)], &[(0.15, 0.6), (0.85, 0.6)]],
    &[&[(1.0, 0.0), (0.0, 0.0), (0.0, 1.0), (1.0, 1.0)], &[(0.0, 0.5), (0.8, 0.5)]],
    &[&[(0.9, 0.0), (0.0, 0.0), (0.0, 1.0)], &[(0.0, 0.48), (0.75, 0.48)]],
    &[&[(0.0, 0.0), (0.0, 1.0)], &[(1.0, 0.0), (1.0, 1.0)], &[(0.0, 0.5), (1.0, 0.5)]],
    &[&[(0.0, 0.0), (0.0, 1.0)], &[(0.9, 0.0), (0.05, 0.5), (1.0, 1.0)]],
    &[&[(0.0, 1.0), (0.1, 0.0), (0.5, 0.7), (0.9, 0.0), (1.0, 1.0)]],
    &[&[(0.0, 1.0), (0.0, 0.0), (1.0, 1.0), (1.0, 0.0)]],
    &[&[(0.0, 0.0), (0.25, 1.0), (0.5, 0.3), (0.75, 1.0), (1.0, 0.0)]],
    &[&[(0.0, 0.0), (1.0, 1.0)], &[(1.0, 0.0), (0.0, 1.0)]],
    &[&[(0.0, 0.0), (0.5, 0.5), (0.5, 1.0)], &[(1.0, 0.0), (0.5, 0.5)]],
    &[&[(0.0, 0.0), (0.0, 1.0)], &[(0.7, 0.4), (0.05, 0.7), (0.8, 1.0)]],
    &[&[(0.0, 0.4), (0.25, 1.0), (0.5, 0.5), (0.75, 1.0), (1.0, 0.4)]],
    &[&[(0.0, 0.3), (0.9, 1.0)], &[(0.9, 0.3), (0.0, 1.0)]],
    &[&[(0.9, 0.0), (0.0, 0.0), (0.0, 0.5), (0.7, 0.5), (0.0, 0.5), (0.0, 1.0), (0.9, 1.0)]],
];

/// R in two strokes and in one, n, m, k, w, P and f.
const ROUND: &[fn(&mut Pen)] = &[two_stroke_r, one_stroke_r, n, m, k, w, p, f];

/// Symbols, and shapes that people draw to try the program. `&` and `?` are left out on purpose: they test how a
/// network treats symbols that its training data lacks.
const SIGNS: &[fn(&mut Pen)] = &[
    hash,
    percent,
    joined_percent,
    asterisk,
    plus,
    equals,
    at,
    triangle,
    star,
    heart,
];

fn straight_letter(pen: &mut Pen) {
    for stroke in STRAIGHT[pen.count(0, STRAIGHT.len() - 1)] {
        pen.stroke(angular(stroke));
    }
}

fn round_letter(pen: &mut Pen) {
    ROUND[pen.count(0, ROUND.len() - 1)](pen);
}

fn sign(pen: &mut Pen) {
    SIGNS[pen.count(0, SIGNS.len() - 1)](pen);
}

/// A stroke with a corner at most places.
fn angular(places: &[(f32, f32)]) -> Vec<Knot> {
    places.iter().map(|&(x, y)| knot(x, y, 0.85)).collect()
}

fn stem(pen: &mut Pen) {
    pen.stroke([turn(0.0, 0.0), turn(0.0, 1.0)]);
}

fn arch(pen: &mut Pen, x: f32, width: f32) {
    pen.stroke([
        turn(x, 0.4..0.7),
        to(x + 0.25 * width, 0.1),
        to(x + 0.75 * width, 0.1),
        to(x + width, 0.4),
        turn(x + width, 1.0),
    ]);
}

fn two_stroke_r(pen: &mut Pen) {
    stem(pen);
    pen.stroke([
        turn(0.0, 0.0),
        to(0.8, 0.1),
        to(0.75, 0.45),
        turn(0.05, 0.55),
        turn(1.0, 1.0),
    ]);
}

fn one_stroke_r(pen: &mut Pen) {
    pen.stroke([
        turn(0.0, 1.0),
        turn(0.0, 0.0),
        to(0.8, 0.1),
        to(0.75, 0.45),
        turn(0.05, 0.55),
        turn(1.0, 1.0),
    ]);
}

fn n(pen: &mut Pen) {
    stem(pen);
    arch(pen, 0.0, 0.8);
}

fn m(pen: &mut Pen) {
    stem(pen);
    arch(pen, 0.0, 0.6);
    arch(pen, 0.6, 0.6);
}

fn k(pen: &mut Pen) {
    stem(pen);
    pen.stroke([
        turn(0.0, 0.7),
        to(0.6, 0.35),
        to(0.55, 0.6),
        turn(0.1, 0.68),
        turn(0.8, 1.0),
    ]);
}

fn w(pen: &mut Pen) {
    pen.stroke([
        turn(0.0, 0.0),
        to(0.25, 1.0),
        turn(0.5, 0.0..0.4),
        to(0.75, 1.0),
        turn(1.0, 0.0),
    ]);
}

fn p(pen: &mut Pen) {
    stem(pen);
    pen.stroke([
        turn(0.0, 0.02),
        to(0.75, 0.08),
        to(0.75, 0.42),
        turn(0.0, 0.52),
    ]);
}

fn f(pen: &mut Pen) {
    pen.stroke([
        turn(0.9, 0.05),
        to(0.55, 0.05),
        to(0.4, 0.4),
        turn(0.4, 1.0),
    ]);
    pen.stroke([turn(0.1, 0.45), turn(0.8, 0.45)]);
}

/// A stroke through the center of the box. Its direction is given in turns.
fn ray(pen: &mut Pen, turns: f32) {
    let (sin, cos) = (turns * TAU).sin_cos();
    pen.stroke([-0.5, 0.5].map(|side| turn(0.5 + side * cos, 0.5 + side * sin)));
}

fn ring(pen: &mut Pen, x: f32, y: f32) {
    let radii = (pen.uniform(0.1, 0.25), pen.uniform(0.1, 0.22));
    pen.stroke(Arc::new((x, y), radii, -0.25, -1.0).knots());
}

fn hash(pen: &mut Pen) {
    for x in [0.3, 0.7] {
        pen.stroke([turn(x, 0.0), turn(x - 0.05, 1.0)]);
    }
    for y in [0.33, 0.67] {
        pen.stroke([turn(0.0, y), turn(1.0, y)]);
    }
}

fn percent(pen: &mut Pen) {
    pen.stroke([turn(0.95, 0.0), turn(0.05, 1.0)]);
    ring(pen, 0.2, 0.2);
    ring(pen, 0.8, 0.8);
}

fn joined_percent(pen: &mut Pen) {
    // The slash continues the upper ring.
    let mut knots = Arc::new((0.25, 0.2), (0.22, 0.18), -0.1, -0.9).knots();
    knots.extend([knot(0.7..1.0, 0.0..0.1, 0.7), turn(0.0..0.5, 1.0)]);
    pen.stroke(knots);
    ring(pen, 0.85, 0.8);
}

fn asterisk(pen: &mut Pen) {
    let rays = pen.count(3, 4);
    for ray_index in 0..rays {
        ray(pen, 0.25 + 0.5 * ray_index as f32 / rays as f32);
    }
}

fn plus(pen: &mut Pen) {
    ray(pen, 0.0);
    ray(pen, 0.25);
}

fn equals(pen: &mut Pen) {
    for y in [0.35, 0.65] {
        pen.stroke([turn(0.0, y), turn(1.0, y)]);
    }
}

fn at(pen: &mut Pen) {
    let radii = (pen.uniform(0.15, 0.3), pen.uniform(0.15, 0.3));
    let mut knots = Arc::new((0.5, 0.5), radii, -0.08, -pen.uniform(0.8, 1.2)).knots();
    knots.extend([to(0.5 + radii.0, 0.6), to(0.9, 0.65)]);
    knots.extend(Arc::new((0.5, 0.5), (0.5, 0.5), 0.02, -pen.uniform(0.6, 0.9)).knots());
    pen.stroke(knots);
}

fn triangle(pen: &mut Pen) {
    pen.stroke(angular(&[(0.5, 0.0), (0.0, 1.0), (1.0, 1.0), (0.5, 0.0)]));
}

fn star(pen: &mut Pen) {
    pen.stroke(angular(&[
        (0.2, 1.0),
        (0.5, 0.0),
        (0.8, 1.0),
        (0.0, 0.38),
        (1.0, 0.38),
        (0.2, 1.0),
    ]));
}

fn heart(pen: &mut Pen) {
    pen.stroke([
        turn(0.5, 0.25),
        to(0.25, 0.0),
        to(0.0, 0.3),
        turn(0.5, 1.0),
        to(1.0, 0.3),
        to(0.75, 0.0),
        turn(0.5, 0.25),
    ]);
}
