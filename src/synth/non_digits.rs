//! The forms of non-digits.

mod letters;
mod scribbles;
mod signs;

use std::f32::consts::FRAC_PI_2;

use self::{
    letters::{foreign_letter, round_letter, straight_letter},
    scribbles::{
        dots, hatching, horizontal_arc, horizontal_line, invented_letter, scribble, spiral, zigzag,
    },
    signs::sign,
};
use super::{Form, choose, forms, pen::Pen, segmentation::WrongGroup};
use crate::{bitmap::Digit, ink::Point};

/// Digits whose mirror image is a non-digit. 0, 1 and 8 are symmetric. The mirror images of 2 and 5 look like 5 and
/// 2, and that of 7 may look like 1.
pub const NON_DIGITS_WHEN_MIRRORED: [Digit; 4] =
    [Digit::ALL[3], Digit::ALL[4], Digit::ALL[6], Digit::ALL[9]];
/// Digits that become non-digits when rotated by 90°.
pub const NON_DIGITS_WHEN_ROTATED: [Digit; 4] =
    [Digit::ALL[2], Digit::ALL[3], Digit::ALL[4], Digit::ALL[5]];

/// The forms of non-digits.
#[rustfmt::skip]
pub(super) const FORMS: &[Form] = &[
    Form::new("scribble", 4.0, 1.0, scribble),
    Form::new("zigzag", 1.5, 1.0, zigzag),
    Form::new("spiral", 1.0, 1.0, spiral),
    Form::new("hatching", 1.0, 1.0, hatching),
    Form::new("dots", 1.5, 1.0, dots),
    Form::new("horizontal line", 1.5, 1.0, horizontal_line),
    Form::new("horizontal arc", 1.0, 1.0, horizontal_arc),
    Form::new("mirrored digit", 2.0, 1.0, mirrored_digit),
    Form::new("rotated digit", 1.5, 1.0, rotated_digit),
    Form::new("part of a digit", 6.0, 1.0, |pen| wrong_group(pen, WrongGroup::Part)),
    Form::new("two digits", 5.0, 1.0, |pen| wrong_group(pen, WrongGroup::Pair)),
    Form::new("two joined digits", 3.0, 1.0, |pen| wrong_group(pen, WrongGroup::JoinedPair)),
    Form::new("digit with a part of its neighbor", 5.0, 1.0, |pen| wrong_group(pen, WrongGroup::WithPart)),
    Form::new("straight letter", 5.0, 0.8, straight_letter),
    Form::new("round letter", 2.5, 0.8, round_letter),
    Form::new("letter of another alphabet", 5.0, 0.8, foreign_letter),
    Form::new("sign", 6.0, 0.8, sign),
    Form::new("invented letter", 4.0, 0.8, invented_letter),
];

/// Draws one of `digits` in its own proportions.
fn draw_digit(pen: &mut Pen, digits: &[Digit]) -> Digit {
    let digit = digits[pen.count(0, digits.len() - 1)];
    let form = choose(forms(digit), pen.rng());
    (form.draw)(pen);
    for point in pen.paths.iter_mut().flatten() {
        point.x *= form.aspect;
    }
    digit
}

fn mirrored_digit(pen: &mut Pen) {
    draw_digit(pen, &NON_DIGITS_WHEN_MIRRORED);
    for point in pen.paths.iter_mut().flatten() {
        point.x = -point.x;
    }
}

fn rotated_digit(pen: &mut Pen) {
    draw_digit(pen, &NON_DIGITS_WHEN_ROTATED);
    let turned = FRAC_PI_2 * if pen.chance(0.5) { 1.0 } else { -1.0 };
    let (sin, cos) = turned.sin_cos();
    for point in pen.paths.iter_mut().flatten() {
        *point = Point::new(cos * point.x - sin * point.y, sin * point.x + cos * point.y);
    }
}

/// A wrong group of the strokes of two digits, the first ones that do not look like a digit.
fn wrong_group(pen: &mut Pen, kind: WrongGroup) {
    loop {
        let neighbors = [(); 2].map(|()| {
            let digit = draw_digit(pen, &Digit::ALL);
            (digit, std::mem::take(&mut pen.paths))
        });
        if let Some(paths) = kind.of_paths(neighbors, pen) {
            pen.paths = paths;
            return;
        }
    }
}
