//! Brings the pen's width into MNIST's range.
//!
//! Relative to the digit, the line of a ballpoint pen is a third as wide as MNIST's and would become gray in a small
//! picture. A marker fills the holes of a digit.

use std::ops::RangeInclusive;

use crate::ink::raster::Raster;

/// The range of pen widths for a digit 20 pixels long. The middle 90 % of MNIST's training images lie between 1.9 and
/// 4.6.
const WIDTHS_PX: RangeInclusive<f32> = 2.0..=3.2;
/// The longer side of MNIST's digits.
const BOX_PX: f32 = 20.0;
/// The smallest digit whose edges are fine enough to be moved.
const MIN_SIDE: usize = 56;
/// More than any squared distance in a picture.
const FAR: f32 = 1e12;

/// Thickens or thins strokes whose width is out of MNIST's range.
pub(super) fn like_mnist(ink: Raster) -> Raster {
    let (width, height) = (ink.width(), ink.height());
    let mask: Vec<bool> = ink.pixels().iter().map(|&pixel| pixel >= 0.5).collect();
    let Some(side) = longer_side(&mask, width) else {
        return ink;
    };
    if side < MIN_SIDE {
        return ink;
    }
    let side = side as f32;
    let stroke = stroke_width(&mask, width);
    let wanted = (stroke / side * BOX_PX).clamp(*WIDTHS_PX.start(), *WIDTHS_PX.end()) / BOX_PX;
    // Each edge moves by this much, so the digit grows, too: stroke + 2·by = wanted·(side + 2·by).
    let by = (wanted * side - stroke) / (2.0 - 2.0 * wanted);
    let moved: Vec<f32> = if by > 0.0 {
        // An edge is half a pixel from the center of the nearest inked pixel.
        let outside = squared_distances(&mask, width, true);
        outside
            .iter()
            .map(|squared| (by + 1.0 - squared.sqrt()).clamp(0.0, 1.0))
            .collect()
    } else if by < 0.0 {
        let inside = squared_distances(&mask, width, false);
        inside
            .iter()
            .map(|squared| (by + squared.sqrt()).clamp(0.0, 1.0))
            .collect()
    } else {
        return ink;
    };
    let has_ink = moved.iter().any(|&pixel| pixel > 0.0);
    match Raster::new(width, height, moved) {
        Some(moved) if has_ink => moved,
        _ => ink,
    }
}

/// The longer side of the ink's bounding box.
fn longer_side(mask: &[bool], width: usize) -> Option<usize> {
    let inked = || (0..mask.len()).filter(|&index| mask[index]);
    let (top, bottom) = (inked().next()? / width, inked().next_back()? / width);
    let left = inked().map(|index| index % width).min()?;
    let right = inked().map(|index| index % width).max()?;
    Some((bottom - top).max(right - left) + 1)
}

/// The mean width of strokes. The area of a long stroke is its length times its width, and its outline is twice its
/// length.
pub(super) fn stroke_width(mask: &[bool], width: usize) -> f32 {
    let area = mask.iter().filter(|&&inked| inked).count();
    let across = mask.chunks_exact(width).flat_map(|row| row.windows(2));
    let across = across.filter(|pair| pair[0] != pair[1]).count();
    let down = mask
        .iter()
        .zip(&mask[width..])
        .filter(|(above, below)| above != below)
        .count();
    // Steps along rows and columns overestimate the length of an outline by 4/π (Crofton).
    let outline = (across + down) as f32 * std::f32::consts::FRAC_PI_4;
    2.0 * area as f32 / outline.max(1.0)
}

/// The squared distance of each pixel's center to the nearest pixel whose mask is `to` (Felzenszwalb and Huttenlocher,
/// "Distance transforms of sampled functions", 2012).
pub(super) fn squared_distances(mask: &[bool], width: usize, to: bool) -> Vec<f32> {
    let height = mask.len() / width;
    let mut squared: Vec<f32> = mask
        .iter()
        .map(|&inked| if inked == to { 0.0 } else { FAR })
        .collect();
    let mut hull = Vec::with_capacity(width.max(height));
    let mut line = vec![0.0; height];
    for x in 0..width {
        for (y, own) in line.iter_mut().enumerate() {
            *own = squared[y * width + x];
        }
        lower_to_parabolas(&mut line, &mut hull);
        for (y, own) in line.iter().enumerate() {
            squared[y * width + x] = *own;
        }
    }
    for row in squared.chunks_exact_mut(width) {
        lower_to_parabolas(row, &mut hull);
    }
    squared
}

/// Replaces each value by the minimum of all parabolas (i − j)² + value[j]. `hull` is a reused buffer: the parabolas of
/// the lower envelope, each as (begin, vertex, value).
fn lower_to_parabolas(values: &mut [f32], hull: &mut Vec<(f32, usize, f32)>) {
    hull.clear();
    for (place, &value) in values.iter().enumerate() {
        let mut begin = f32::NEG_INFINITY;
        while let Some(&(last_begin, last, last_value)) = hull.last() {
            let (here, there) = (place as f32, last as f32);
            begin = (value - last_value + here * here - there * there) / (2.0 * (here - there));
            if begin > last_begin {
                break;
            }
            hull.pop();
            begin = f32::NEG_INFINITY;
        }
        hull.push((begin, place, value));
    }
    let mut part = 0;
    for (place, own) in values.iter_mut().enumerate() {
        while hull.get(part + 1).is_some_and(|next| next.0 < place as f32) {
            part += 1;
        }
        let (_, from, value) = hull[part];
        *own = value + (place as f32 - from as f32).powi(2);
    }
}
