//! Symbols, and shapes that people draw to try the program.

use std::f32::consts::TAU;

use super::letters::{angular, curved};
use crate::synth::pen::{Arc, Pen, knot, to, turn};

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
    dollar,
    euro,
    infinity,
    root,
    arrow,
    house,
    smiley,
    divided_by,
];

pub(super) fn sign(pen: &mut Pen) {
    SIGNS[pen.count(0, SIGNS.len() - 1)](pen);
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

fn dollar(pen: &mut Pen) {
    pen.stroke(curved(&[
        (0.9, 0.15),
        (0.4, 0.05),
        (0.1, 0.25),
        (0.5, 0.5),
        (0.9, 0.75),
        (0.5, 0.95),
        (0.05, 0.85),
    ]));
    pen.stroke([turn(0.5, -0.2..0.0), turn(0.5, 1.0..1.2)]);
}

fn euro(pen: &mut Pen) {
    pen.stroke(curved(&[
        (0.9, 0.1),
        (0.4, 0.0),
        (0.1, 0.5),
        (0.4, 1.0),
        (0.9, 0.9),
    ]));
    for y in [0.4, 0.6] {
        pen.stroke([turn(-0.1, y), turn(0.7, y)]);
    }
}

fn infinity(pen: &mut Pen) {
    let height = pen.uniform(0.15, 0.3);
    pen.stroke([
        to(0.5, 0.5),
        to(0.25, 0.5 - height),
        to(0.0, 0.5),
        to(0.25, 0.5 + height),
        to(0.5, 0.5),
        to(0.75, 0.5 - height),
        to(1.0, 0.5),
        to(0.75, 0.5 + height),
        to(0.5, 0.5),
    ]);
}

fn root(pen: &mut Pen) {
    pen.stroke(angular(&[
        (0.0, 0.6),
        (0.15, 0.5),
        (0.35, 1.0),
        (0.6, 0.0),
        (1.4, 0.0),
    ]));
}

fn arrow(pen: &mut Pen) {
    pen.stroke([turn(0.0, 0.5), turn(1.0, 0.5)]);
    pen.stroke([turn(0.7, 0.2), turn(1.0, 0.5), turn(0.7, 0.8)]);
}

fn house(pen: &mut Pen) {
    pen.stroke(angular(&[
        (0.0, 1.0),
        (0.0, 0.4),
        (0.5, 0.0),
        (1.0, 0.4),
        (1.0, 1.0),
        (0.0, 1.0),
    ]));
}

fn smiley(pen: &mut Pen) {
    pen.stroke(Arc::new((0.5, 0.5), (0.55, 0.5), -0.25, -1.0).knots());
    for x in [0.33, 0.67] {
        pen.stroke([turn(x, 0.25..0.45)]);
    }
    pen.stroke([to(0.25, 0.65), to(0.5, 0.8), to(0.75, 0.65)]);
}

fn divided_by(pen: &mut Pen) {
    pen.stroke([turn(0.0, 0.5), turn(1.0, 0.5)]);
    for y in [0.1, 0.9] {
        pen.stroke([turn(0.5, y)]);
    }
}
