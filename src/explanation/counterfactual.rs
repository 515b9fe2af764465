//! Counterfactuals: one more dot of ink, a bent drawing, and a blend of two images, with the answers that they get.

mod bending;

use rayon::prelude::*;

pub use self::bending::Bending;
use super::Comparison;
use crate::{
    bitmap::{Bitmap, Digit},
    error::ModelError,
    ink::{Ink, Placement, Point, Stroke, to_bitmap},
    model::file::Model,
    recognition::{self, Prediction},
};

/// The dots along each side of the grid.
const GRID: usize = 16;
/// The side of the grid, relative to the longer side of the drawing with its pen: dots around it count as well.
const REACH: f32 = 1.15;

/// What one more dot of ink would do, at each place of a grid over the drawing.
#[derive(Clone, Debug, PartialEq)]
pub struct DotGrid {
    /// The two digits.
    pub comparison: Comparison,
    /// The logit of the winner minus that of the rival, for the drawing as it is.
    pub margin: f32,
    /// The dots, row by row from the top left.
    pub dots: Vec<Dot>,
    /// The distance of neighboring dots, in units of the pad.
    pub spacing: f32,
}

/// The drawing with one more dot.
#[derive(Clone, Debug, PartialEq)]
pub struct Dot {
    /// The dot on the pad.
    pub place: Point,
    /// The margin with the dot.
    pub margin: f32,
    /// The prediction with the dot.
    pub prediction: Prediction,
}

impl DotGrid {
    /// Adds each dot in turn, as a stroke of its own, and predicts the drawing. Against `rival` or the second digit. `None`
    /// for ink without a stroke, or if `keep_going` returned false.
    ///
    /// # Errors
    /// When a logit is NaN or infinite, or candle fails.
    pub fn new(
        model: &Model,
        ink: &Ink,
        rival: Option<Digit>,
        keep_going: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Self>, ModelError> {
        let (Some(bounds), Some(placement)) = (ink.bounds(), Placement::of(ink)) else {
            return Ok(None);
        };
        let pen_width = crate::ink::PEN_WIDTH_PX * placement.pixel_size();
        let side = REACH * (bounds.longer_side() as f32 + pen_width);
        let center = (bounds.min + bounds.max) * 0.5;
        let spacing = side / GRID as f32;
        let place = |index: usize| {
            let along = |cell: usize| (cell as f32 + 0.5) * spacing - side / 2.0;
            center + Point::new(along(index % GRID), along(index / GRID))
        };
        let picture = |index: usize| {
            if !keep_going() {
                return None;
            }
            let mut ink = ink.clone();
            // Dot 0 is the drawing as it is.
            if let Some(dot) = index.checked_sub(1) {
                ink.push(Stroke::new(vec![place(dot)])?);
            }
            to_bitmap(&ink)
        };
        let pictures: Option<Vec<Bitmap>> =
            (0..=GRID * GRID).into_par_iter().map(picture).collect();
        let Some(pictures) = pictures else {
            return Ok(None);
        };
        let pixels = pictures.iter().flat_map(|picture| *picture.pixels());
        let logits = recognition::logits(model, pixels.collect())?;
        let comparison = Comparison::new(&logits[0], rival);
        let dot = |(index, logits)| Dot {
            place: place(index),
            margin: comparison.margin(logits),
            prediction: Prediction::from_logits(logits, &model.metadata.calibration),
        };
        Ok(Some(Self {
            comparison,
            margin: comparison.margin(&logits[0]),
            dots: logits[1..].iter().enumerate().map(dot).collect(),
            spacing,
        }))
    }

    /// The dot that moves the margin most toward the rival; `None` if none does.
    pub fn strongest(&self) -> Option<&Dot> {
        let dots = self.dots.iter().filter(|dot| dot.margin < self.margin);
        dots.min_by(|a, b| a.margin.total_cmp(&b.margin))
    }
}

/// Blends two images pixel by pixel: `share` 0 is the first, 1 is the second.
pub fn blend(first: &Bitmap, second: &Bitmap, share: f32) -> Bitmap {
    let (first, second) = (first.pixels(), second.pixels());
    Bitmap::from_pixels(&std::array::from_fn(|index| {
        first[index] + share * (second[index] - first[index])
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{explanation::test_support::drawings, recognition::predict};

    #[test]
    fn a_dot_is_one_more_stroke_of_the_drawing() {
        let model = Model::built_in().expect("fits");
        for ink in drawings(10) {
            let grid = DotGrid::new(&model, &ink, None, &|| true);
            let grid = grid.expect("finite").expect("has strokes");
            assert_eq!(grid.dots.len(), GRID * GRID, "a square");
            let strongest = grid.strongest().expect("one dot counts");
            for dot in grid.dots.iter().step_by(37).chain([strongest]) {
                let mut ink = ink.clone();
                ink.push(Stroke::new(vec![dot.place]).expect("a dot"));
                let bitmap = to_bitmap(&ink).expect("has strokes");
                let prediction = predict(&model, &bitmap).expect("finite");
                assert_eq!(dot.prediction.digit(), prediction.digit(), "as predicted");
                assert_eq!(
                    dot.prediction.is_digit(),
                    prediction.is_digit(),
                    "as predicted"
                );
                let logits = recognition::logits(&model, bitmap.pixels().to_vec());
                let margin = grid.comparison.margin(&logits.expect("finite")[0]);
                // One image or many: the products of matrices add in another order.
                assert!(
                    (dot.margin - margin).abs() < 1e-4,
                    "{} is not {margin}",
                    dot.margin
                );
                assert!(
                    strongest.margin <= dot.margin,
                    "the strongest moves it most"
                );
            }
            let stopped = DotGrid::new(&model, &ink, None, &|| false).expect("finite");
            assert_eq!(stopped, None, "a stop ends it");
        }
        let blank = DotGrid::new(&model, &Ink::default(), None, &|| true);
        assert_eq!(blank.expect("nothing is computed"), None, "no ink");
    }

    #[test]
    fn a_blend_goes_from_one_image_to_the_other() {
        let pictures: Vec<Bitmap> = drawings(2).iter().filter_map(to_bitmap).collect();
        let [first, second] = &pictures[..] else {
            panic!("two drawings");
        };
        assert_eq!(blend(first, second, 0.0), *first, "the first");
        let half = blend(first, second, 0.5);
        for (index, pixel) in half.pixels().iter().enumerate() {
            let expected = f32::midpoint(first.pixels()[index], second.pixels()[index]);
            assert!((pixel - expected).abs() < 1e-6, "half of both");
        }
        let pairs = blend(first, second, 1.0);
        let mut pairs = pairs.pixels().iter().zip(second.pixels());
        assert!(pairs.all(|(a, b)| (a - b).abs() < 1e-6), "the second");
    }
}
