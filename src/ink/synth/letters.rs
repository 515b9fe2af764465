//! Letters and signs that no hand writes like a digit.

use std::f32::consts::TAU;

use super::pen::{Arc, Knot, Pen, knot, to, turn};

/// A E F H K M N V W X Y k w x, and E in one stroke.
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
    &[&[(0.0, 0.0), (0.5, 1.0), (1.0, 0.0)]],
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

/// Draws one of several signs, each given as the strokes' knots.
fn draw_one_of(pen: &mut Pen, signs: &[&dyn Fn() -> Vec<Vec<Knot>>]) {
    let sign = signs[pen.count(0, signs.len() - 1)];
    for stroke in sign() {
        pen.stroke(stroke);
    }
}

/// A stroke with a corner at every place.
fn angular(places: &[(f32, f32)]) -> Vec<Knot> {
    places.iter().map(|&(x, y)| knot(x, y, 0.85)).collect()
}

pub(super) fn straight(pen: &mut Pen) {
    for stroke in STRAIGHT[pen.count(0, STRAIGHT.len() - 1)] {
        pen.stroke(angular(stroke));
    }
}

pub(super) fn round(pen: &mut Pen) {
    let arch = |x: f32, width: f32| {
        vec![
            turn(x, 0.55),
            to(x + 0.25 * width, 0.1),
            to(x + 0.75 * width, 0.1),
            to(x + width, 0.4),
            turn(x + width, 1.0),
        ]
    };
    let stem = || angular(&[(0.0, 0.0), (0.0, 1.0)]);
    draw_one_of(
        pen,
        &[
            // R, in two strokes and in one.
            &|| {
                vec![
                    stem(),
                    vec![
                        turn(0.0, 0.0),
                        to(0.8, 0.1),
                        to(0.75, 0.45),
                        turn(0.05, 0.55),
                        turn(1.0, 1.0),
                    ],
                ]
            },
            &|| {
                vec![vec![
                    turn(0.0, 1.0),
                    turn(0.0, 0.0),
                    to(0.8, 0.1),
                    to(0.75, 0.45),
                    turn(0.05, 0.55),
                    turn(1.0, 1.0),
                ]]
            },
            // n and m.
            &|| vec![stem(), arch(0.0, 0.8)],
            &|| vec![stem(), arch(0.0, 0.6), arch(0.6, 0.6)],
            // k with a loop, w from bows.
            &|| {
                vec![
                    stem(),
                    vec![
                        turn(0.0, 0.7),
                        to(0.6, 0.35),
                        to(0.55, 0.6),
                        turn(0.1, 0.68),
                        turn(0.8, 1.0),
                    ],
                ]
            },
            &|| {
                vec![vec![
                    turn(0.0, 0.0),
                    to(0.25, 1.0),
                    turn(0.5, 0.2),
                    to(0.75, 1.0),
                    turn(1.0, 0.0),
                ]]
            },
            // P and f.
            &|| {
                vec![
                    stem(),
                    vec![
                        turn(0.0, 0.02),
                        to(0.75, 0.08),
                        to(0.75, 0.42),
                        turn(0.0, 0.52),
                    ],
                ]
            },
            &|| {
                vec![
                    vec![
                        turn(0.9, 0.05),
                        to(0.55, 0.05),
                        to(0.4, 0.4),
                        turn(0.4, 1.0),
                    ],
                    angular(&[(0.1, 0.45), (0.8, 0.45)]),
                ]
            },
        ],
    );
}

pub(super) fn sign(pen: &mut Pen) {
    let ring =
        |x: f32, y: f32, radius: f32| Arc::new((x, y), (radius, radius), -0.25, -1.0).knots();
    let ray = |turns: f32| {
        let (sin, cos) = (turns * TAU).sin_cos();
        angular(&[
            (0.5 - 0.5 * cos, 0.5 - 0.5 * sin),
            (0.5 + 0.5 * cos, 0.5 + 0.5 * sin),
        ])
    };
    draw_one_of(
        pen,
        &[
            // A hash.
            &|| {
                vec![
                    angular(&[(0.3, 0.0), (0.25, 1.0)]),
                    angular(&[(0.75, 0.0), (0.7, 1.0)]),
                    angular(&[(0.0, 0.33), (1.0, 0.33)]),
                    angular(&[(0.0, 0.67), (1.0, 0.67)]),
                ]
            },
            // %, *, + and =.
            &|| {
                vec![
                    angular(&[(0.95, 0.0), (0.05, 1.0)]),
                    ring(0.2, 0.2, 0.18),
                    ring(0.8, 0.8, 0.18),
                ]
            },
            &|| vec![ray(0.25), ray(0.25 + 1.0 / 6.0), ray(0.25 - 1.0 / 6.0)],
            &|| vec![ray(0.0), ray(0.25), ray(0.125), ray(-0.125)],
            &|| vec![ray(0.0), ray(0.25)],
            &|| {
                vec![
                    angular(&[(0.0, 0.35), (1.0, 0.35)]),
                    angular(&[(0.0, 0.65), (1.0, 0.65)]),
                ]
            },
            // @ and &.
            &|| {
                let mut around = Arc::new((0.5, 0.5), (0.22, 0.22), -0.08, -1.0).knots();
                around.extend([to(0.72, 0.6), to(0.9, 0.65)]);
                around.extend(Arc::new((0.5, 0.5), (0.5, 0.5), 0.02, -0.85).knots());
                vec![around]
            },
            &|| {
                vec![vec![
                    turn(1.0, 1.0),
                    to(0.35, 0.4),
                    to(0.3, 0.1),
                    to(0.5, 0.0),
                    to(0.65, 0.15),
                    to(0.15, 0.6),
                    to(0.1, 0.9),
                    to(0.4, 1.0),
                    turn(0.95, 0.55),
                ]]
            },
            // ?, a triangle, a star in one stroke and a heart.
            &|| {
                vec![
                    vec![
                        turn(0.1, 0.2),
                        to(0.45, 0.0),
                        to(0.85, 0.2),
                        to(0.5, 0.5),
                        turn(0.45, 0.75),
                    ],
                    angular(&[(0.45, 0.97), (0.47, 1.0)]),
                ]
            },
            &|| vec![angular(&[(0.5, 0.0), (0.0, 1.0), (1.0, 1.0), (0.5, 0.0)])],
            &|| {
                vec![angular(&[
                    (0.2, 1.0),
                    (0.5, 0.0),
                    (0.8, 1.0),
                    (0.0, 0.38),
                    (1.0, 0.38),
                    (0.2, 1.0),
                ])]
            },
            &|| {
                vec![vec![
                    turn(0.5, 0.25),
                    to(0.25, 0.0),
                    to(0.0, 0.3),
                    turn(0.5, 1.0),
                    to(1.0, 0.3),
                    to(0.75, 0.0),
                    turn(0.5, 0.25),
                ]]
            },
        ],
    );
}
