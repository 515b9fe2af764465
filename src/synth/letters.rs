//! Letters and signs that no hand writes like a digit.

use std::f32::consts::TAU;

use super::pen::{Arc, Knot, Pen, knot, to, turn};

/// A E F H K M N W X Y k w x, and E in one stroke.
const STRAIGHT: &[&[&[(f32, f32)]]] = &[
    &[
        &[(0.0, 1.0), (0.45, 0.0), (1.0, 1.0)],
        &[(0.15, 0.6), (0.85, 0.6)],
    ],
    &[
        &[(1.0, 0.0), (0.0, 0.0), (0.0, 1.0), (1.0, 1.0)],
        &[(0.0, 0.5), (0.8, 0.5)],
    ],
    &[
        &[(0.9, 0.0), (0.0, 0.0), (0.0, 1.0)],
        &[(0.0, 0.48), (0.75, 0.48)],
    ],
    &[
        &[(0.0, 0.0), (0.0, 1.0)],
        &[(1.0, 0.0), (1.0, 1.0)],
        &[(0.0, 0.5), (1.0, 0.5)],
    ],
    &[
        &[(0.0, 0.0), (0.0, 1.0)],
        &[(0.9, 0.0), (0.05, 0.5), (1.0, 1.0)],
    ],
    &[&[(0.0, 1.0), (0.1, 0.0), (0.5, 0.7), (0.9, 0.0), (1.0, 1.0)]],
    &[&[(0.0, 1.0), (0.0, 0.0), (1.0, 1.0), (1.0, 0.0)]],
    &[&[(0.0, 0.0), (0.25, 1.0), (0.5, 0.3), (0.75, 1.0), (1.0, 0.0)]],
    &[&[(0.0, 0.0), (1.0, 1.0)], &[(1.0, 0.0), (0.0, 1.0)]],
    &[
        &[(0.0, 0.0), (0.5, 0.5), (0.5, 1.0)],
        &[(1.0, 0.0), (0.5, 0.5)],
    ],
    &[
        &[(0.0, 0.0), (0.0, 1.0)],
        &[(0.7, 0.4), (0.05, 0.7), (0.8, 1.0)],
    ],
    &[&[(0.0, 0.4), (0.25, 1.0), (0.5, 0.5), (0.75, 1.0), (1.0, 0.4)]],
    &[&[(0.0, 0.3), (0.9, 1.0)], &[(0.9, 0.3), (0.0, 1.0)]],
    &[&[
        (0.9, 0.0),
        (0.0, 0.0),
        (0.0, 0.5),
        (0.7, 0.5),
        (0.0, 0.5),
        (0.0, 1.0),
        (0.9, 1.0),
    ]],
];

/// R in two strokes and in one, n, m, k, w, P and f.
const ROUND: &[fn(&mut Pen)] = &[two_stroke_r, one_stroke_r, n, m, k, w, p, f];

/// The signs, and the shapes that people draw to try a program out. There is no & and no ? among them: what a
/// network makes of signs that it never met is measured with these.
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

pub(super) fn straight(pen: &mut Pen) {
    for stroke in STRAIGHT[pen.count(0, STRAIGHT.len() - 1)] {
        pen.stroke(angular(stroke));
    }
}

pub(super) fn round(pen: &mut Pen) {
    ROUND[pen.count(0, ROUND.len() - 1)](pen);
}

pub(super) fn sign(pen: &mut Pen) {
    SIGNS[pen.count(0, SIGNS.len() - 1)](pen);
}

/// A stroke with a corner at nearly every place.
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

/// A stroke through the middle of the box, at this part of a turn.
fn ray(pen: &mut Pen, turns: f32) {
    let (sin, cos) = (turns * TAU).sin_cos();
    let end = |side: f32| turn(0.5 + side * 0.5 * cos, 0.5 + side * 0.5 * sin);
    pen.stroke([end(-1.0), end(1.0)]);
}

fn ring(pen: &mut Pen, x: f32, y: f32) {
    let radii = (pen.between(0.1, 0.25), pen.between(0.1, 0.22));
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
    // The slash begins as the upper ring ends.
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
    let radii = (pen.between(0.15, 0.3), pen.between(0.15, 0.3));
    let mut knots = Arc::new((0.5, 0.5), radii, -0.08, -pen.between(0.8, 1.2)).knots();
    knots.extend([to(0.5 + radii.0, 0.6), to(0.9, 0.65)]);
    knots.extend(Arc::new((0.5, 0.5), (0.5, 0.5), 0.02, -pen.between(0.6, 0.9)).knots());
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
