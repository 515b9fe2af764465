//! How a hand departs from a form: proportions, slant, bends, hurry, tremor, and how a tablet sees it.

use std::f32::consts::TAU;

use super::{
    path::{self, SPACING, length},
    pen::Pen,
};
use crate::ink::{Bounds, Ink, Point, Stroke};

/// The part of the pad that stays empty around a drawing.
const MARGIN: f32 = 0.02;

/// Turns the strokes of a form into the ink of one hand.
pub(super) fn write(mut pen: Pen, aspect: f32) -> Ink {
    let mut paths = std::mem::take(&mut pen.paths);
    for path in &mut paths {
        loosen(path, &mut pen);
    }
    let stretch = aspect * pen.around_zero(0.28).exp();
    for point in paths.iter_mut().flatten() {
        point.x *= stretch;
    }
    bend(&mut paths, &mut pen);
    // How far a corner is rounded, as a standard deviation along the path.
    let hurry = pen.between(0.0, 0.04);
    // A pass spreads each point by half a squared spacing.
    let passes = (2.0 * (hurry / SPACING).powi(2)) as usize;
    let tremor = if pen.chance(0.3) {
        pen.between(0.0, 0.005)
    } else {
        0.0
    };
    for path in &mut paths {
        *path = path::resample(path);
        path::round_off(path, passes);
        shake(path, tremor, &mut pen);
    }
    slant(&mut paths, &mut pen);
    digitize(paths, &mut pen)
}

/// Moves a stroke as a whole, and leaves ticks where the pen touched down or left.
fn loosen(path: &mut Vec<Point>, pen: &mut Pen) {
    let (x, y) = (pen.around_zero(0.02), pen.around_zero(0.02));
    for point in path.iter_mut() {
        point.x += x;
        point.y += y;
    }
    if path.len() == 1 {
        return;
    }
    for _ in 0..2 {
        if let Some(&end) = path.last()
            && pen.chance(0.12)
        {
            let (sin, cos) = (pen.between(0.0, TAU)).sin_cos();
            let len = pen.between(0.02, 0.09);
            path.push(Point::new(end.x + len * cos, end.y + len * sin));
        }
        path.reverse();
    }
}

/// Bends the plane smoothly: waves about as long as the digit, unequal halves, a narrower top or bottom.
fn bend(paths: &mut [Vec<Point>], pen: &mut Pen) {
    let strength = pen.between(0.0, 0.035);
    let waves: [_; 4] = std::array::from_fn(|_| {
        let (sin, cos) = pen.between(0.0, TAU).sin_cos();
        let per_height = TAU * pen.between(0.4, 1.3);
        let phase = pen.between(0.0, TAU);
        let (x, y) = (pen.around_zero(strength), pen.around_zero(strength));
        (cos * per_height, sin * per_height, phase, x, y)
    });
    let taper = pen.around_zero(0.15);
    let lift = pen.around_zero(0.3);
    for point in paths.iter_mut().flatten() {
        let Point { x, y } = *point;
        let mut moved = Point::new(x * (1.0 + taper * (y - 0.5)), y + lift * y * (1.0 - y));
        for (along_x, along_y, phase, by_x, by_y) in waves {
            let wave = (along_x * x + along_y * y + phase).sin();
            moved.x += by_x * wave;
            moved.y += by_y * wave;
        }
        *point = moved;
    }
}

/// Lets a path tremble: each point goes astray anew by this standard deviation, and keeps most of what the one
/// before went.
fn shake(path: &mut [Point], tremor: f32, pen: &mut Pen) {
    if tremor == 0.0 {
        return;
    }
    let mut off = Point::default();
    for point in path {
        off.x = 0.8 * off.x + pen.around_zero(tremor);
        off.y = 0.8 * off.y + pen.around_zero(tremor);
        point.x += off.x;
        point.y += off.y;
    }
}

/// Slants and turns the drawing.
fn slant(paths: &mut [Vec<Point>], pen: &mut Pen) {
    let slant = 0.08 + pen.around_zero(0.2);
    let (sin, cos) = pen.around_zero(0.09).sin_cos();
    for point in paths.iter_mut().flatten() {
        let (x, y) = (point.x - slant * point.y, point.y);
        *point = Point::new(cos * x - sin * y, sin * x + cos * y);
    }
}

/// Puts the drawing anywhere on the pad, with as many samples as some tablet takes at some speed.
fn digitize(paths: Vec<Vec<Point>>, pen: &mut Pen) -> Ink {
    let Some(bounds) = Bounds::of(paths.iter().flatten()) else {
        return Ink::default();
    };
    let size = pen.between(0.15, 1.0 - 2.0 * MARGIN);
    let scale = size / (bounds.longer_side() as f32).max(SPACING);
    let mut place = |min: f32, max: f32| {
        let room = 1.0 - 2.0 * MARGIN - scale * (max - min);
        MARGIN + pen.between(0.0, room.max(0.0)) - scale * min
    };
    let x = place(bounds.min.x, bounds.max.x);
    let y = place(bounds.min.y, bounds.max.y);
    // Samples in the height of a digit: from a quick hand on a slow tablet to a slow one on a quick one.
    let density = 10.0 * 12.0_f32.powf(pen.between(0.0, 1.0));
    // The pen is slower at the ends and in the bends, or it is not: speeds up to 1 ± this part.
    let unevenness = pen.between(0.0, 0.6);
    paths
        .into_iter()
        .filter_map(|path| {
            let len = length(&path);
            let steps = (len * density).ceil().max(1.0);
            let phase = pen.between(0.0, TAU);
            let lengths = (0..=steps as usize).map(|step| {
                let done = step as f32 / steps;
                // Grows from 0 to 1 as long as the unevenness is below 1.
                let wave = (phase + TAU * done).sin() - phase.sin();
                len * (done + unevenness * wave / TAU)
            });
            let samples = path::sample(&path, lengths);
            Stroke::new(
                samples
                    .into_iter()
                    .map(|p| Point::new(x + scale * p.x, y + scale * p.y))
                    .collect(),
            )
        })
        .collect()
}
