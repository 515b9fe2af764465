//! Preprocessing of images, which belongs to the model: deslanting, and filters against noise.

mod deslant;

use serde::{Deserialize, Serialize};

use crate::{
    bitmap::{Bitmap, PIXELS, SIDE},
    error::Refusal,
};

/// The preprocessing of every image, in training and prediction. The steps run in the order of the fields; 0
/// leaves a step out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Preprocessing {
    /// The fraction of the slant that is removed, by the moments of the ink; 0..=1.
    pub deslant: f32,
    /// The fraction by which the width moves to the usual one; 0..=1.
    pub width_normalization: f32,
    /// The radius of the median filter in pixels, against single wrong pixels; 0..=2.
    pub median_px: usize,
    /// The standard deviation of the Gaussian blur in pixels, against grain; 0..=3.
    pub gaussian_px: f32,
    /// Pixels of at least this value become ink, all others paper; 0..=1.
    pub threshold: f32,
}

impl Preprocessing {
    /// The largest [`Preprocessing::median_px`].
    pub const MAX_MEDIAN_PX: usize = 2;
    /// The largest [`Preprocessing::gaussian_px`].
    pub const MAX_GAUSSIAN_PX: f32 = 3.0;

    /// Whether images do not change.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Checks each value against its range.
    ///
    /// # Errors
    /// Names the first value out of its range, and the range.
    pub fn validate(&self) -> Result<(), Refusal> {
        let ranges = [
            ("deslanting", self.deslant, 1.0),
            ("width normalization", self.width_normalization, 1.0),
            (
                "median filter",
                self.median_px as f32,
                Self::MAX_MEDIAN_PX as f32,
            ),
            ("Gaussian filter", self.gaussian_px, Self::MAX_GAUSSIAN_PX),
            ("threshold", self.threshold, 1.0),
        ];
        match ranges
            .iter()
            .find(|(_, value, max)| !(0.0..=*max).contains(value))
        {
            None => Ok(()),
            Some((name, value, max)) => Err(Refusal::new(
                format!("set the {name}"),
                value.to_string(),
                format!("a value from 0 to {max}"),
                "choose a value in this range",
            )),
        }
    }

    /// Changes an image; 0 is paper and 255 is ink. Paper surrounds it.
    pub fn apply(&self, image: &mut [u8; PIXELS]) {
        if self.deslant > 0.0 || self.width_normalization > 0.0 {
            *image = deslant::deslanted(image, self.deslant, self.width_normalization);
        }
        if self.median_px > 0 {
            *image = median(image, self.median_px);
        }
        if self.gaussian_px > 0.0 {
            *image = blurred(image, self.gaussian_px);
        }
        if self.threshold > 0.0 {
            let least = self.threshold * 255.0;
            for pixel in image {
                *pixel = if f32::from(*pixel) >= least { 255 } else { 0 };
            }
        }
    }

    /// A bitmap as the network sees it.
    #[must_use]
    pub fn of_bitmap(&self, bitmap: &Bitmap) -> Bitmap {
        if self.is_none() {
            return bitmap.clone();
        }
        let mut image = bitmap.to_bytes();
        self.apply(&mut image);
        Bitmap::from_bytes(&image)
    }

    /// Changes `n` images in place, image by image, 0 is paper and 1 is ink. They are rounded to bytes first, so that
    /// training and prediction see the same image.
    pub(super) fn apply_to_pixels(&self, pixels: &mut [f32]) {
        if self.is_none() {
            return;
        }
        for pixels in pixels.as_chunks_mut::<PIXELS>().0 {
            let mut image = pixels.map(|pixel| (pixel * 255.0).round() as u8);
            self.apply(&mut image);
            *pixels = image.map(|byte| f32::from(byte) / 255.0);
        }
    }
}

/// The value at a position, or paper beyond the edge.
fn at(image: &[u8; PIXELS], row: usize, column: usize) -> u8 {
    // Callers wrap negative positions to huge ones.
    if row < SIDE && column < SIDE {
        image[row * SIDE + column]
    } else {
        0
    }
}

fn median(image: &[u8; PIXELS], radius: usize) -> [u8; PIXELS] {
    let side = 2 * radius + 1;
    let mut window = [0; (2 * Preprocessing::MAX_MEDIAN_PX + 1).pow(2)];
    let window = &mut window[..side * side];
    std::array::from_fn(|index| {
        let (row, column) = (index / SIDE, index % SIDE);
        let mut inked = 0;
        for (place, value) in window.iter_mut().enumerate() {
            let row = (row + place / side).wrapping_sub(radius);
            let column = (column + place % side).wrapping_sub(radius);
            *value = at(image, row, column);
            inked += usize::from(*value > 0);
        }
        // Most windows are mostly paper and need no sorting.
        if inked <= window.len() / 2 {
            return 0;
        }
        let middle = window.len() / 2;
        *window.select_nth_unstable(middle).1
    })
}

fn blurred(image: &[u8; PIXELS], sigma_px: f32) -> [u8; PIXELS] {
    // 0.3 % of the weight is beyond three standard deviations.
    let radius = (3.0 * sigma_px).ceil() as usize;
    let weight = |distance: usize| (-0.5 * (distance as f32 / sigma_px).powi(2)).exp();
    let weights: Vec<f32> = (0..=2 * radius)
        .map(|i| weight(i.abs_diff(radius)))
        .collect();
    let sum: f32 = weights.iter().sum();
    let along = |values: &[f32; PIXELS], step: usize, across: usize| -> [f32; PIXELS] {
        std::array::from_fn(|index| {
            let position = index / step % SIDE;
            let first = index / across % SIDE * across;
            let terms = weights.iter().enumerate().filter_map(|(i, weight)| {
                let place = (position + i).wrapping_sub(radius);
                (place < SIDE).then(|| weight * values[first + place * step])
            });
            terms.sum::<f32>() / sum
        })
    };
    let rows = along(&image.map(f32::from), 1, SIDE);
    along(&rows, SIDE, 1).map(|value| value.round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block of 6×6 pixels with a hole in it, and a single dot.
    fn sample() -> [u8; PIXELS] {
        let mut image = [0; PIXELS];
        for row in 10..16 {
            image[row * SIDE + 10..row * SIDE + 16].fill(255);
        }
        image[12 * SIDE + 12] = 0;
        image[3 * SIDE + 3] = 255;
        image
    }

    fn filtered(preprocessing: Preprocessing) -> [u8; PIXELS] {
        let mut image = sample();
        preprocessing.apply(&mut image);
        image
    }

    #[test]
    fn the_median_removes_single_pixels_but_not_blocks() {
        for median_px in [1, 2] {
            let image = filtered(Preprocessing {
                median_px,
                ..Preprocessing::default()
            });
            assert_eq!(
                image[3 * SIDE + 3],
                0,
                "{median_px}: a single dot disappears"
            );
            assert_eq!(image[12 * SIDE + 12], 255, "{median_px}: a hole closes");
            assert_eq!(image[13 * SIDE + 13], 255, "{median_px}: the block stays");
            let corner = image[10 * SIDE + 10];
            assert_eq!(
                corner, 0,
                "{median_px}: fewer than half of the square is ink at a corner"
            );
        }
    }

    #[test]
    fn the_blur_is_a_gaussian_and_preserves_the_ink() {
        let mut image = [0; PIXELS];
        image[14 * SIDE + 14] = 255;
        Preprocessing {
            gaussian_px: 1.0,
            ..Preprocessing::default()
        }
        .apply(&mut image);
        // scipy.ndimage.gaussian_filter(…, sigma=1, truncate=3) of 255 at one place: 40.97 there, 24.85
        // beside it, 15.07 across the corner.
        let places = [
            (14, 14, 41),
            (14, 15, 25),
            (13, 14, 25),
            (15, 15, 15),
            (14, 18, 0),
        ];
        for (row, column, expected) in places {
            assert_eq!(image[row * SIDE + column], expected, "at {row}, {column}");
        }
        let mass = |image: &[u8; PIXELS]| image.iter().map(|&p| f64::from(p)).sum::<f64>();
        let blurred = filtered(Preprocessing {
            gaussian_px: 2.0,
            ..Preprocessing::default()
        });
        let ratio = mass(&blurred) / mass(&sample());
        // Rounding to bytes loses part of the faint rim.
        assert!((ratio - 1.0).abs() < 0.03, "{ratio} times the ink");
    }

    #[test]
    fn a_threshold_leaves_only_ink_and_paper() {
        let image = filtered(Preprocessing {
            gaussian_px: 1.0,
            threshold: 0.5,
            ..Preprocessing::default()
        });
        assert!(
            image.iter().all(|&pixel| matches!(pixel, 0 | 255)),
            "nothing between"
        );
        assert_eq!(image[3 * SIDE + 3], 0, "a blurred dot is too faint");
        assert_eq!(image[13 * SIDE + 13], 255, "the block is not");
    }

    #[test]
    fn pixels_and_bytes_give_the_same_image() {
        let filters = Preprocessing {
            deslant: 0.8,
            width_normalization: 0.5,
            median_px: 1,
            gaussian_px: 0.7,
            threshold: 0.4,
        };
        let bitmap = Bitmap::from_bytes(&sample());
        let mut pixels = bitmap.pixels().to_vec();
        filters.apply_to_pixels(&mut pixels);
        assert_eq!(pixels, filters.of_bitmap(&bitmap).pixels(), "one image");
        assert_eq!(
            filters.of_bitmap(&bitmap).to_bytes(),
            filtered(filters),
            "and its bytes"
        );
        let nothing = Preprocessing::default();
        assert_eq!(
            nothing.of_bitmap(&bitmap),
            bitmap,
            "no filter changes nothing"
        );
    }

    #[test]
    fn values_out_of_range_are_refused() {
        let none = Preprocessing::default();
        let cases = [
            (
                Preprocessing {
                    deslant: 1.1,
                    ..none
                },
                "deslanting",
            ),
            (
                Preprocessing {
                    width_normalization: -0.1,
                    ..none
                },
                "width normalization",
            ),
            (
                Preprocessing {
                    median_px: 3,
                    ..none
                },
                "median",
            ),
            (
                Preprocessing {
                    gaussian_px: -0.1,
                    ..none
                },
                "Gaussian",
            ),
            (
                Preprocessing {
                    threshold: f32::NAN,
                    ..none
                },
                "threshold",
            ),
        ];
        for (preprocessing, name) in cases {
            let refusal = preprocessing.validate().expect_err(name);
            assert!(refusal.attempted.contains(name), "{refusal} names it");
        }
    }
}
