//! Which ink of a picture belongs to which digit of a number.

use std::collections::VecDeque;

use super::Number;
use crate::{ink::Stroke, picture::PictureInk};

impl Number {
    /// The index of the digit of each pixel, row by row; none of paper, and of ink that is not in the number. Of a component
    /// that is cut, a pixel belongs to the digit whose center line is the nearest one, along the ink.
    pub fn owners(&self, ink: &PictureInk) -> Vec<Option<usize>> {
        let mut digits_of = vec![Vec::new(); ink.boxes().len()];
        for (index, digit) in self.digits.iter().enumerate() {
            for &component in &digit.strokes {
                digits_of[component].push(index);
            }
        }
        let only = |component: &Option<usize>| match digits_of[(*component)?][..] {
            [only] => Some(only),
            _ => None,
        };
        let components = ink.component_of();
        let mut owners: Vec<Option<usize>> = components.iter().map(only).collect();
        let mut reached = VecDeque::new();
        for (index, digit) in self.digits.iter().enumerate() {
            let lines = digit.ink.strokes().iter();
            for point in lines.flat_map(Stroke::points) {
                let at = point.y as usize * ink.width() + point.x as usize;
                let is_ink = components.get(at).is_some_and(Option::is_some);
                if is_ink && owners[at].is_none() {
                    owners[at] = Some(index);
                    reached.push_back(at);
                }
            }
        }
        while let Some(at) = reached.pop_front() {
            for next in beside(at, ink.width()) {
                let is_same = components.get(next).is_some_and(|it| *it == components[at]);
                if is_same && owners[next].is_none() {
                    owners[next] = owners[at];
                    reached.push_back(next);
                }
            }
        }
        owners
    }
}

/// The pixels left, right, above and below one. Those beyond the first and the last row are no pixels.
fn beside(at: usize, width: usize) -> impl Iterator<Item = usize> {
    let column = at % width;
    let left = (column > 0).then(|| at - 1);
    let right = (column + 1 < width).then_some(at + 1);
    [left, right, at.checked_sub(width), Some(at + width)]
        .into_iter()
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ink::{Ink, Point},
        model::calibration::Calibration,
        picture,
        recognition::Prediction,
    };

    /// A picture of 120×100 pixels with these black boxes: left, top, right and bottom.
    fn picture_of(boxes: &[[usize; 4]]) -> PictureInk {
        let is_ink = |x: usize, y: usize| {
            let mut boxes = boxes.iter();
            boxes.any(|&[left, top, right, bottom]| {
                (left..right).contains(&x) && (top..bottom).contains(&y)
            })
        };
        let tone = |at: usize| if is_ink(at % 120, at / 120) { 0 } else { 255 };
        let pixels = (0..120 * 100).flat_map(|at| [tone(at), tone(at), tone(at), 255]);
        let picture = picture::from_rgba(pixels.collect(), [120, 100]).expect("a picture");
        picture.view.components.expect("ink")
    }

    #[test]
    fn a_component_that_is_cut_belongs_to_the_nearest_center_lines() {
        // A bar between two bars, and one beside them.
        let ink = picture_of(&[
            [10, 20, 16, 80],
            [16, 48, 40, 54],
            [40, 20, 46, 80],
            [90, 20, 96, 80],
        ]);
        let line = |x: f32| {
            let points = (20..80).map(|y| Point::new(x, y as f32 + 0.5));
            Stroke::new(points.collect()).expect("has points")
        };
        let strokes: Ink = [13.0, 43.0, 93.0].map(line).into_iter().collect();
        let prediction = Prediction::from_logits(&[0.0; 10], &Calibration::default());
        let mut number = Number::of_strokes(&strokes, &prediction);
        for (digit, component) in number.digits.iter_mut().zip([0, 0, 1]) {
            digit.strokes = vec![component];
        }
        number.digits[2].ink = Ink::default();
        let owners = number.owners(&ink);
        let cases = [
            (12, 30, Some(0), "the left bar"),
            (20, 51, Some(0), "the part of the middle one near the left"),
            (36, 51, Some(1), "and near the right"),
            (44, 70, Some(1), "the right bar"),
            (93, 50, Some(2), "a whole component"),
            (70, 50, None, "paper"),
        ];
        for (x, y, expected, reason) in cases {
            assert_eq!(owners[y * ink.width() + x], expected, "{reason}");
        }
    }
}
