//! Digits as parametric curves.

use digitpad::ink::{Ink, Point, Stroke};

/// A part of a stroke without corners: the place of the pen at a time in 0..=1.
pub(crate) type Part = fn(f32) -> (f32, f32);
/// A digit's name, and its strokes as parts.
pub(crate) type Drawn = (&'static str, Vec<Vec<Part>>);

pub(crate) fn digits() -> Vec<Drawn> {
    use std::f32::consts::TAU;
    vec![
        (
            "0",
            vec![vec![|t| {
                (0.5 + 0.2 * (t * TAU).sin(), 0.5 - 0.35 * (t * TAU).cos())
            }]],
        ),
        (
            "1",
            vec![vec![|t| (0.4 + 0.1 * t, 0.3 - 0.1 * t), |t| {
                (0.5, 0.2 + 0.6 * t)
            }]],
        ),
        (
            "3",
            vec![vec![
                |t| (0.4 + 0.2 * (t * 3.6).sin(), 0.35 - 0.15 * (t * 3.6).cos()),
                |t| {
                    (
                        0.4 + 0.24 * (0.2 + t * 3.4).sin(),
                        0.66 - 0.18 * (0.2 + t * 3.4).cos(),
                    )
                },
            ]],
        ),
        (
            "4",
            vec![
                vec![|t| (0.5 - 0.2 * t, 0.2 + 0.35 * t), |t| {
                    (0.3 + 0.4 * t, 0.55)
                }],
                vec![|t| (0.6, 0.35 + 0.45 * t)],
            ],
        ),
        (
            "7",
            vec![vec![|t| (0.3 + 0.4 * t, 0.2), |t| {
                (0.7 - 0.25 * t, 0.2 + 0.6 * t)
            }]],
        ),
        (
            "8",
            vec![vec![|t| {
                (
                    0.5 + 0.2 * (t * 2.0 * TAU).sin(),
                    0.5 - 0.3 * (t * TAU).cos(),
                )
            }]],
        ),
    ]
}

/// Ink with `per_part` intervals between samples in each part.
pub(crate) fn sampled(strokes: &[Vec<Part>], per_part: usize) -> Ink {
    let stroke = |parts: &Vec<Part>| {
        let points = parts.iter().flat_map(|part| {
            (0..=per_part).map(|i| {
                let (x, y) = part(i as f32 / per_part as f32);
                Point::new(x, y)
            })
        });
        Stroke::new(points.collect())
    };
    strokes.iter().filter_map(stroke).collect()
}
