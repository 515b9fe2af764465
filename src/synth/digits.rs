//! The forms of the ten digits.

mod eight;
mod five;
mod four;
mod nine;
mod one;
mod seven;
mod six;
mod three;
mod two;
mod zero;

use super::{
    Form,
    pen::{Pen, turn},
};
use crate::bitmap::CLASSES;

/// The forms of each digit, by its value.
pub(super) const FORMS: [&[Form]; CLASSES] = [
    zero::FORMS,
    one::FORMS,
    two::FORMS,
    three::FORMS,
    four::FORMS,
    five::FORMS,
    six::FORMS,
    seven::FORMS,
    eight::FORMS,
    nine::FORMS,
];

/// A bar that reaches so far to both sides of `x`, with the standard deviations of its height and of its rise.
fn bar(pen: &mut Pen, x: f32, left: f32, right: f32, y: f32, deviations: [f32; 2]) {
    let [off, rise] = deviations.map(|deviation| pen.normal(deviation));
    pen.stroke([
        turn(x - left, y + off + rise),
        turn(x + right, y + off - rise),
    ]);
}
