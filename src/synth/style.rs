//! Handwriting styles: proportions, distortion, slant, smoothing, tremor, and a tablet's sampling.

use std::f32::consts::TAU;

use super::pen::{Pen, SPACING, hypot, length, mix};
use crate::ink::{Bounds, Ink, Point, Stroke};

/// The part of the pad that stays empty around a drawing.
const MARGIN: f32 = 0.02;

/// Turns the strokes of a form into ink of a random style.
pub(super) fn apply(mut pen: Pen, aspect: f32) -> Ink {
    let mut paths = std::mem::take(&mut pen.paths);
    for path in &mut paths {
        displace(path, &mut pen);
    }
    let stretch = aspect * pen.normal(0.28).exp();
    for point in paths.iter_mut().flatten() {
        point.x *= stretch;
    }
    distort(&mut paths, &mut pen);
    // Haste rounds corners; this is the standard deviation along the path.
    let haste = pen.uniform(0.0, 0.04);
    // Each pass of smoothing adds half a squared spacing to the variance.
    let passes = (2.0 * (haste / SPACING).powi(2)) as usize;
    let tremor = if pen.chance(0.3) {
        pen.uniform(0.0, 0.005)
    } else {
        0.0
    };
    for path in &mut paths {
        *path = resample(path);
        smooth(path, passes);
        shake(path, tremor, &mut pen);
    }
    slant(&mut paths, &mut pen);
    digitize(paths, &mut pen)
}

/// Moves a stroke as a whole, and sometimes adds a tick where the pen goes down or up.
fn displace(path: &mut Vec<Point>, pen: &mut Pen) {
    let by = Point::new(pen.normal(0.02), pen.normal(0.02));
    for point in path.iter_mut() {
        *point = *point + by;
    }
    if path.len() == 1 {
        return;
    }
    for _ in 0..2 {
        if let Some(&end) = path.last()
            && pen.chance(0.12)
        {
            let (sin, cos) = (pen.uniform(0.0, TAU)).sin_cos();
            let len = pen.uniform(0.02, 0.09);
            path.push(end + Point::new(cos, sin) * len);
        }
        path.reverse();
    }
}

/// Distorts the plane smoothly: by waves about as long as the digit, unequal halves, a narrower top or bottom.
fn distort(paths: &mut [Vec<Point>], pen: &mut Pen) {
    let strength = pen.uniform(0.0, 0.035);
    let waves: [_; 4] = std::array::from_fn(|_| {
        let (sin, cos) = pen.uniform(0.0, TAU).sin_cos();
        let per_height = TAU * pen.uniform(0.4, 1.3);
        let phase = pen.uniform(0.0, TAU);
        let by = Point::new(pen.normal(strength), pen.normal(strength));
        (Point::new(cos, sin) * per_height, phase, by)
    });
    let taper = pen.normal(0.15);
    let lift = pen.normal(0.3);
    for point in paths.iter_mut().flatten() {
        let Point { x, y } = *point;
        let mut moved = Point::new(x * (1.0 + taper * (y - 0.5)), y + lift * y * (1.0 - y));
        for (along, phase, by) in waves {
            moved = moved + by * (along.x * x + along.y * y + phase).sin();
        }
        *point = moved;
    }
}

/// Adds tremor: autoregressive noise whose innovations have this standard deviation.
fn shake(path: &mut [Point], tremor: f32, pen: &mut Pen) {
    if tremor == 0.0 {
        return;
    }
    let mut off = Point::default();
    for point in path {
        off = off * 0.8 + Point::new(pen.normal(tremor), pen.normal(tremor));
        *point = *point + off;
    }
}

/// Slants and rotates the drawing.
fn slant(paths: &mut [Vec<Point>], pen: &mut Pen) {
    let slant = 0.08 + pen.normal(0.2);
    let (sin, cos) = pen.normal(0.09).sin_cos();
    for point in paths.iter_mut().flatten() {
        let (x, y) = (point.x - slant * point.y, point.y);
        *point = Point::new(cos * x - sin * y, sin * x + cos * y);
    }
}

/// Places the drawing at random on the pad, sampled at the rate of some tablet.
fn digitize(paths: Vec<Vec<Point>>, pen: &mut Pen) -> Ink {
    let Some(bounds) = Bounds::of(paths.iter().flatten()) else {
        return Ink::default();
    };
    let size = pen.uniform(0.15, 1.0 - 2.0 * MARGIN);
    let scale = size / (bounds.longer_side() as f32).max(SPACING);
    let mut place = |min: f32, max: f32| {
        let room = 1.0 - 2.0 * MARGIN - scale * (max - min);
        MARGIN + pen.uniform(0.0, room.max(0.0)) - scale * min
    };
    let corner = Point::new(
        place(bounds.min.x, bounds.max.x),
        place(bounds.min.y, bounds.max.y),
    );
    // Samples in the height of a digit: from fast writing on a slow tablet to slow writing on a fast tablet.
    let density = 10.0 * 12.0_f32.powf(pen.uniform(0.0, 1.0));
    // The relative amplitude of the pen's speed along a stroke.
    let unevenness = pen.uniform(0.0, 0.6);
    paths
        .into_iter()
        .filter_map(|path| {
            let len = length(&path);
            let steps = (len * density).ceil().max(1.0);
            let phase = pen.uniform(0.0, TAU);
            let lengths = (0..=steps as usize).map(|step| {
                let done = step as f32 / steps;
                // Increases from 0 to 1 because the unevenness is below 1.
                let wave = (phase + TAU * done).sin() - phase.sin();
                len * (done + unevenness * wave / TAU)
            });
            let samples = sample(&path, lengths).into_iter();
            Stroke::new(samples.map(|point| corner + point * scale).collect())
        })
        .collect()
}

/// The points at these increasing lengths along a path. A single point stays a single point.
fn sample(path: &[Point], lengths: impl IntoIterator<Item = f32>) -> Vec<Point> {
    if let [dot] = path {
        return vec![*dot];
    }
    let mut segments = path.windows(2);
    let mut segment = segments.next();
    let mut start = 0.0;
    let mut sampled = Vec::new();
    for wanted in lengths {
        while let Some(&[a, b]) = segment {
            let len = hypot(b - a);
            if wanted <= start + len || segments.len() == 0 {
                let part = ((wanted - start) / len.max(f32::MIN_POSITIVE)).clamp(0.0, 1.0);
                sampled.push(mix(a, b, part));
                break;
            }
            start += len;
            segment = segments.next();
        }
    }
    sampled
}

/// The same path with evenly spaced points.
fn resample(path: &[Point]) -> Vec<Point> {
    let len = length(path);
    let steps = (len / SPACING).ceil().max(1.0);
    sample(
        path,
        (0..=steps as usize).map(|step| len * step as f32 / steps),
    )
}

/// Rounds corners. Each pass moves every inner point halfway to the midpoint of its neighbors.
fn smooth(path: &mut [Point], passes: usize) {
    for _ in 0..passes {
        for index in 1..path.len().saturating_sub(1) {
            let middle = mix(path[index - 1], path[index + 1], 0.5);
            path[index] = mix(path[index], middle, 0.5);
        }
    }
}
