//! Removes slant and normalizes width, in which writers differ most.

use crate::bitmap::{PIXELS, SIDE};

/// The steepest slant, in pixels sideways per pixel of height: 45°. No writer slants an upright digit more.
const MAX_SLANT: f32 = 1.0;
/// The least variance along a column, in square pixels. A flat line has none, and so no measurable slant.
const MIN_HEIGHT: f32 = 0.5;
/// The usual width: the standard deviation of ink along the rows of a deslanted image, in pixels. The mean of MNIST's
/// first 6,000 training images is 3.5 to 3.7 for a 3, 5, 6 or 7, 4.7 for a 0 and 1.1 for a 1.
const USUAL_WIDTH: f32 = 3.6;
/// The greatest factor that narrows an image.
const MAX_NARROWING: f32 = 1.6;
/// The column of the center of mass, as in MNIST.
const MIDDLE: f32 = (SIDE / 2) as f32;

/// Shifts and stretches each row, so that the fraction `deslant` of the slant disappears, and the width moves by the
/// fraction `width_normalization` to the usual one; both 0..=1. The center of mass moves to the middle column. Rows are
/// sampled linearly; paper surrounds them.
///
/// The slant is the slope s of the line x = s·y that fits the ink best, s = Σ m·x·y / Σ m·y² about the center of mass
/// (Casey, "Moment normalization of handprinted characters", 1970).
pub(super) fn deslanted(
    image: &[u8; PIXELS],
    deslant: f32,
    width_normalization: f32,
) -> [u8; PIXELS] {
    let Some(shape) = Shape::of(image) else {
        return *image;
    };
    let slant = deslant * shape.slant();
    let narrowing = (shape.width(slant) / USUAL_WIDTH).min(MAX_NARROWING);
    let stretch = 1.0 + width_normalization * (narrowing - 1.0);
    let mut result = [0; PIXELS];
    let rows = image.as_chunks::<SIDE>().0.iter();
    let rows = rows.zip(result.as_chunks_mut::<SIDE>().0).enumerate();
    for (y, (from, to)) in rows.filter(|(_, (from, _))| from.iter().any(|&pixel| pixel > 0)) {
        let middle = shape.center_x + slant * (y as f32 - shape.center_y);
        let row = PaddedRow::of(from);
        for (x, pixel) in to.iter_mut().enumerate() {
            *pixel = row.at(middle + stretch * (x as f32 - MIDDLE));
        }
    }
    result
}

/// A row with paper on both sides, so that sampling needs no bounds test.
struct PaddedRow([f32; SIDE + 3]);

impl PaddedRow {
    fn of(row: &[u8; SIDE]) -> Self {
        let mut pixels = [0.0; SIDE + 3];
        for (own, &pixel) in pixels[1..].iter_mut().zip(row) {
            *own = f32::from(pixel);
        }
        Self(pixels)
    }

    /// The linear interpolation at `x`, rounded.
    fn at(&self, x: f32) -> u8 {
        let x = (x + 1.0).clamp(0.0, (SIDE + 1) as f32);
        let left = x as usize;
        let part = x - left as f32;
        let value = self.0[left] + part * (self.0[left + 1] - self.0[left]);
        (value + 0.5) as u8
    }
}

/// The center of mass of the ink and its second moments about it, in pixels.
struct Shape {
    center_x: f32,
    center_y: f32,
    xx: f32,
    xy: f32,
    yy: f32,
}

impl Shape {
    /// `None` without ink.
    fn of(image: &[u8; PIXELS]) -> Option<Self> {
        // Integer sums are exact in any order.
        let mut sums = [0_i64; 6];
        for (index, &pixel) in image.iter().enumerate().filter(|&(_, &pixel)| pixel > 0) {
            let (ink, x, y) = (
                i64::from(pixel),
                (index % SIDE) as i64,
                (index / SIDE) as i64,
            );
            for (sum, term) in sums.iter_mut().zip([1, x, y, x * x, x * y, y * y]) {
                *sum += ink * term;
            }
        }
        let [mass, x, y, xx, xy, yy] = sums.map(|sum| sum as f64);
        let (center_x, center_y) = (x / mass, y / mass);
        (mass > 0.0).then(|| Self {
            center_x: center_x as f32,
            center_y: center_y as f32,
            xx: (xx / mass - center_x * center_x) as f32,
            xy: (xy / mass - center_x * center_y) as f32,
            yy: (yy / mass - center_y * center_y) as f32,
        })
    }

    /// Pixels to the right per pixel down.
    fn slant(&self) -> f32 {
        (self.xy / self.yy.max(MIN_HEIGHT)).clamp(-MAX_SLANT, MAX_SLANT)
    }

    /// The standard deviation along the rows after this slant is removed.
    fn width(&self, slant: f32) -> f32 {
        let variance = self.xx - 2.0 * slant * self.xy + slant * slant * self.yy;
        variance.max(0.0).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    /// A bar with `reach` pixels on each side of its middle line, which moves right by `slant` in each row.
    fn bar(slant: f32, reach: f32) -> [u8; PIXELS] {
        std::array::from_fn(|index| {
            let (x, y) = ((index % SIDE) as f32, (index / SIDE) as f32);
            let off = (x - MIDDLE - slant * (y - 13.5)).abs();
            let ink = (reach + 0.5 - off).clamp(0.0, 1.0);
            if (4..24).contains(&(index / SIDE)) {
                (255.0 * ink) as u8
            } else {
                0
            }
        })
    }

    fn shape(image: &[u8; PIXELS]) -> Shape {
        Shape::of(image).expect("there is ink")
    }

    #[test]
    fn the_given_fraction_of_the_slant_is_removed() {
        for slant in [-0.6, -0.2, 0.0, 0.3, 0.6] {
            let image = bar(slant, 1.5);
            let before = shape(&image).slant();
            assert!((before - slant).abs() < 0.02, "{slant} is found: {before}");
            for deslant in [0.0, 0.5, 1.0] {
                let after = shape(&deslanted(&image, deslant, 0.0)).slant();
                let expected = (1.0 - deslant) * before;
                assert!(
                    (after - expected).abs() < 0.01,
                    "{deslant} of {slant}: {after}"
                );
            }
        }
    }

    #[test]
    fn widths_move_to_the_usual_one_within_a_limit() {
        let image = bar(0.0, 5.0);
        let before = shape(&image).width(0.0);
        for width_normalization in [0.0, 0.3, 0.7] {
            let after = shape(&deslanted(&image, 0.0, width_normalization)).width(0.0);
            let stretch = 1.0 + width_normalization * (before / USUAL_WIDTH - 1.0);
            let expected = before / stretch;
            // Linear interpolation widens a line slightly.
            assert!(
                (after - expected).abs() < 0.06 * expected,
                "{width_normalization}: {after} for {expected}"
            );
        }
        let wide = std::array::from_fn(|index| if index / SIDE == 14 { 255 } else { 0 });
        let after = shape(&deslanted(&wide, 1.0, 1.0)).width(0.0);
        let least = shape(&wide).width(0.0) / MAX_NARROWING;
        assert!(
            (after - least).abs() < 0.3,
            "a horizontal line: {after} for {least}"
        );
    }

    #[test]
    fn a_digit_without_slant_does_not_change() {
        let image = bar(0.0, 1.5);
        assert_eq!(deslanted(&image, 1.0, 0.0), image, "it has no slant");
        assert_eq!(
            deslanted(&[0; PIXELS], 1.0, 1.0),
            [0; PIXELS],
            "paper does not change"
        );
    }

    #[derive(Deserialize)]
    struct Case {
        image: Vec<u8>,
        deslant: f32,
        width_normalization: f32,
        deslanted: Vec<u8>,
    }

    #[test]
    fn images_equal_those_of_scipy() {
        let text = include_str!("../../../tests/reference/deslant.json");
        let cases: Vec<Case> = serde_json::from_str(text).expect("deslant.py wrote it");
        assert!(cases.len() >= 10, "several digits");
        for (index, case) in cases.iter().enumerate() {
            let image = case.image.as_slice().try_into().expect("an image");
            let ours = deslanted(image, case.deslant, case.width_normalization);
            // SciPy computes in 64 bits, so a half may round differently.
            let most = ours
                .iter()
                .zip(&case.deslanted)
                .map(|(a, b)| a.abs_diff(*b))
                .max();
            assert!(most <= Some(1), "image {index} differs by {most:?}");
        }
    }

    proptest! {
        #[test]
        fn any_image_is_accepted(pixels in prop::collection::vec(any::<u8>(), PIXELS), keep in 0_u8..=255,
                                   deslant in 0.0_f32..=1.0, width_normalization in 0.0_f32..=1.0) {
            let sparse: Vec<u8> = pixels.iter().map(|&p| if p >= keep { p } else { 0 }).collect();
            let image = sparse.as_slice().try_into().expect("an image");
            let result = deslanted(image, deslant, width_normalization);
            let most = |image: &[u8]| image.iter().copied().max();
            prop_assert!(most(&result) <= most(image), "no pixel is darker than the darkest before");
        }
    }
}
