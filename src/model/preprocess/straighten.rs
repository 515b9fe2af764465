//! Takes slant and width, in which hands differ most, away from an image before the network sees it.

use crate::bitmap::{PIXELS, SIDE};

/// The steepest slant that is taken away, in pixels sideways a pixel of height: 45°. What leans more is no
/// digit that somebody wrote upright.
const MAX_SLANT: f32 = 1.0;
/// The least variance of ink along a column, in square pixels, that a slant is measured over: a flat line
/// has none.
const MIN_HEIGHT: f32 = 0.5;
/// The width that images are brought towards, as the standard deviation of ink along the rows of the
/// straightened image, in pixels: the mean of MNIST's first 6,000 training images is 3.5 to 3.7 for a 3, 5, 6 or 7,
/// 4.7 for a 0 and 1.1 for a 1.
const EVEN_WIDTH: f32 = 3.6;
/// An image is narrowed by this factor at most.
const MAX_NARROWING: f32 = 1.6;
/// Where the center of mass comes to, the middle of this column: where MNIST's own centering leaves it.
const MIDDLE: f32 = (SIDE / 2) as f32;

/// Makes a digit upright and evenly wide by its moments: each row is shifted and stretched, so that `upright`
/// of the slant (0..=1) goes, and the width of the ink comes `width_normalization` of the way (0..=1) to the usual
/// one. Its center of mass comes to the middle column. Rows are sampled linearly; beyond them is paper.
///
/// The slant is the slope of the line x = s·y that fits the ink's mass best, s = Σ m·x·y / Σ m·y² about the
/// center of mass; "deslanting" by moments goes back to Casey, "Moment normalization of handprinted
/// characters", 1970.
pub(super) fn straightened(
    image: &[u8; PIXELS],
    upright: f32,
    width_normalization: f32,
) -> [u8; PIXELS] {
    let Some(shape) = Shape::of(image) else {
        return *image;
    };
    let slant = upright * shape.slant();
    let stretch =
        1.0 + width_normalization * ((shape.width(slant) / EVEN_WIDTH).min(MAX_NARROWING) - 1.0);
    let mut straight = [0; PIXELS];
    for (y, (from, to)) in image
        .as_chunks::<SIDE>()
        .0
        .iter()
        .zip(straight.as_chunks_mut::<SIDE>().0)
        .enumerate()
    {
        if from.iter().all(|&pixel| pixel == 0) {
            continue;
        }
        let middle = shape.center_x + slant * (y as f32 - shape.center_y);
        let row = WithMargin::of(from);
        for (x, pixel) in to.iter_mut().enumerate() {
            *pixel = row.at(middle + stretch * (x as f32 - MIDDLE));
        }
    }
    straight
}

/// A row with a pixel of paper at each end, so that looking beyond it needs no test.
struct WithMargin([f32; SIDE + 3]);

impl WithMargin {
    fn of(row: &[u8; SIDE]) -> Self {
        let mut pixels = [0.0; SIDE + 3];
        for (own, &pixel) in pixels[1..].iter_mut().zip(row) {
            *own = f32::from(pixel);
        }
        Self(pixels)
    }

    /// The value between the row's pixels, rounded; paper beyond them.
    fn at(&self, x: f32) -> u8 {
        let x = (x + 1.0).clamp(0.0, (SIDE + 1) as f32);
        // What is not below 0 is rounded down by a cast.
        let left = x as usize;
        let part = x - left as f32;
        let value = self.0[left] + part * (self.0[left + 1] - self.0[left]);
        (value + 0.5) as u8
    }
}

/// Where the ink of an image is, and how it spreads about there: its moments, in pixels.
struct Shape {
    center_x: f32,
    center_y: f32,
    xx: f32,
    xy: f32,
    yy: f32,
}

impl Shape {
    /// `None` where there is no ink.
    fn of(image: &[u8; PIXELS]) -> Option<Self> {
        // Sums of whole numbers, the same in any order.
        let mut sums = [0_i64; 6];
        for (index, &pixel) in image.iter().enumerate().filter(|&(_, &pixel)| pixel > 0) {
            let [ink, x, y] = [
                i64::from(pixel),
                (index % SIDE) as i64,
                (index / SIDE) as i64,
            ];
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

    /// How much further right the ink is, for each pixel further down.
    fn slant(&self) -> f32 {
        (self.xy / self.yy.max(MIN_HEIGHT)).clamp(-MAX_SLANT, MAX_SLANT)
    }

    /// The standard deviation of the ink along the rows, once it was straightened by this slant.
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

    /// A bar that reaches so many pixels to each side of its middle, which is `slant` further right in each row.
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
    fn as_much_of_a_slant_goes_as_was_asked_for() {
        for slant in [-0.6, -0.2, 0.0, 0.3, 0.6] {
            let image = bar(slant, 1.5);
            let before = shape(&image).slant();
            assert!((before - slant).abs() < 0.02, "{slant} is found: {before}");
            for upright in [0.0, 0.5, 1.0] {
                let after = shape(&straightened(&image, upright, 0.0)).slant();
                let expected = (1.0 - upright) * before;
                assert!(
                    (after - expected).abs() < 0.01,
                    "{upright} of {slant}: {after}"
                );
            }
        }
    }

    #[test]
    fn widths_come_towards_one_and_no_further() {
        let image = bar(0.0, 5.0);
        let before = shape(&image).width(0.0);
        for width_normalization in [0.0, 0.3, 0.7] {
            let after = shape(&straightened(&image, 0.0, width_normalization)).width(0.0);
            let stretch = 1.0 + width_normalization * (before / EVEN_WIDTH - 1.0);
            let expected = before / stretch;
            // Sampling between pixels widens a line a little.
            assert!(
                (after - expected).abs() < 0.06 * expected,
                "{width_normalization}: {after} for {expected}"
            );
        }
        let wide = std::array::from_fn(|index| if index / SIDE == 14 { 255 } else { 0 });
        let after = shape(&straightened(&wide, 1.0, 1.0)).width(0.0);
        let least = shape(&wide).width(0.0) / MAX_NARROWING;
        assert!(
            (after - least).abs() < 0.3,
            "a line across: {after} for {least}"
        );
    }

    #[test]
    fn an_upright_digit_in_its_place_stays_as_it_is() {
        let image = bar(0.0, 1.5);
        assert_eq!(straightened(&image, 1.0, 0.0), image, "nothing leans");
        assert_eq!(
            straightened(&[0; PIXELS], 1.0, 1.0),
            [0; PIXELS],
            "paper stays paper"
        );
    }

    #[derive(Deserialize)]
    struct Case {
        image: Vec<u8>,
        upright: f32,
        width_normalization: f32,
        straight: Vec<u8>,
    }

    #[test]
    fn another_implementation_makes_the_same_image() {
        let text = include_str!("../../../tests/reference/straighten.json");
        let cases: Vec<Case> = serde_json::from_str(text).expect("is as the program writes it");
        assert!(cases.len() >= 10, "several digits");
        for (index, case) in cases.iter().enumerate() {
            let image = case.image.as_slice().try_into().expect("an image");
            let ours = straightened(image, case.upright, case.width_normalization);
            // The other one computes in 64 bits, so that a half may be rounded the other way.
            let most = ours
                .iter()
                .zip(&case.straight)
                .map(|(a, b)| a.abs_diff(*b))
                .max();
            assert!(most <= Some(1), "image {index} differs by {most:?}");
        }
    }

    proptest! {
        #[test]
        fn no_image_is_too_strange(pixels in prop::collection::vec(any::<u8>(), PIXELS), keep in 0_u8..=255,
                                   upright in 0.0_f32..=1.0, width_normalization in 0.0_f32..=1.0) {
            let sparse: Vec<u8> = pixels.iter().map(|&p| if p >= keep { p } else { 0 }).collect();
            let image = sparse.as_slice().try_into().expect("an image");
            let straight = straightened(image, upright, width_normalization);
            let most = |image: &[u8]| image.iter().copied().max();
            prop_assert!(most(&straight) <= most(image), "no pixel is darker than all were");
        }
    }
}
