//! The forms of the ten digits.

use super::{
    Form,
    pen::{Arc, Knot, Pen, knot, to, turn},
};
use crate::bitmap::CLASSES;

/// The forms of each digit, by its value.
pub(super) const FORMS: [&[Form]; CLASSES] =
    [ZERO, ONE, TWO, THREE, FOUR, FIVE, SIX, SEVEN, EIGHT, NINE];

/// 0: plain, or marked to tell it from the letter O.
#[rustfmt::skip]
const ZERO: &[Form] = &[
    Form::new("plain", 5.0, 0.7, oval),
    Form::new("open at the top", 1.2, 0.7, open_zero),
    Form::new("slashed", 2.6, 0.6, slashed_zero),
    Form::new("slashed without lifting the pen", 0.5, 0.6, zero_ending_in_slash),
    Form::new("slashed from far above to far below", 0.9, 0.75, phi_like_zero),
    Form::new("narrow and slashed from far above", 0.8, 0.45, phi_like_zero),
    Form::new("crossed", 1.0, 0.5, crossed_zero),
    Form::new("dotted", 0.4, 0.7, dotted_zero),
    Form::new("with a curl at the top", 0.7, 0.7, curled_zero),
];

/// An oval that begins at the top. Its width varies much.
fn oval(pen: &mut Pen) {
    let turns = 1.0 + pen.normal(0.07);
    let radii = (0.5 * pen.normal(0.25).exp(), 0.5);
    let mut arc = Arc::new((0.5, 0.5), radii, -0.25 + pen.normal(0.08), -turns);
    if pen.chance(0.1) {
        arc.turns = turns;
    }
    arc.drift = pen.normal(0.1);
    if pen.chance(0.3) {
        arc.squareness = pen.uniform(0.0, 0.7);
    }
    pen.stroke(arc.knots());
}

fn open_zero(pen: &mut Pen) {
    let gap = pen.uniform(0.06, 0.2);
    let from = -0.25 - 0.5 * gap + pen.normal(0.05);
    let mut arc = Arc::new((0.5, 0.5), (0.5, 0.5), from, gap - 1.0);
    arc.drift = pen.normal(0.1);
    let mut knots = arc.knots();
    if pen.chance(0.3) {
        let inward = pen.uniform(0.05, 0.25);
        knots.push(to(0.5, inward));
    }
    pen.stroke(knots);
}

fn slashed_zero(pen: &mut Pen) {
    oval(pen);
    // The slash ends well within the oval or far beyond it.
    let (up, down) = (pen.uniform(0.3, 0.9), pen.uniform(0.3, 0.9));
    let lean = pen.uniform(0.0, 0.9) * pen.uniform(0.0, 1.0);
    let lean = if pen.chance(0.1) { -lean } else { lean };
    slash(pen, up, down, lean);
}

fn phi_like_zero(pen: &mut Pen) {
    oval(pen);
    let (up, down) = (pen.uniform(0.7, 1.2), pen.uniform(0.55, 1.0));
    let lean = pen.uniform(-0.1, 0.35);
    slash(pen, up, down, lean);
}

/// A slash through the middle: so far up and down, with so much to the right per height.
fn slash(pen: &mut Pen, up: f32, down: f32, lean: f32) {
    let x = 0.5 + pen.normal(0.06);
    pen.stroke([
        turn(x + lean * up, 0.5 - up),
        turn(x - lean * down, 0.5 + down),
    ]);
}

fn zero_ending_in_slash(pen: &mut Pen) {
    let mut knots = Arc::new((0.5, 0.5), (0.5, 0.5), -0.2, -pen.uniform(0.95, 1.1)).knots();
    let (reach, down) = (pen.uniform(0.0, 0.5), pen.uniform(0.6, 1.1));
    knots.push(knot(0.75 + 0.5 * reach, 0.1 - 0.3 * reach, 0.8));
    knots.push(turn(0.6 - 0.6 * down, down));
    pen.stroke(knots);
}

fn crossed_zero(pen: &mut Pen) {
    oval(pen);
    let (left, right) = (pen.uniform(0.35, 1.5), pen.uniform(0.35, 1.5));
    bar(pen, 0.5, left, right, 0.5, [0.08, 0.07]);
}

/// A bar that reaches so far to both sides of `x`, with the standard deviations of its height and of its rise.
fn bar(pen: &mut Pen, x: f32, left: f32, right: f32, y: f32, deviations: [f32; 2]) {
    let [off, rise] = deviations.map(|deviation| pen.normal(deviation));
    pen.stroke([
        turn(x - left, y + off + rise),
        turn(x + right, y + off - rise),
    ]);
}

fn dotted_zero(pen: &mut Pen) {
    oval(pen);
    let (x, y) = (0.5 + pen.normal(0.06), 0.5 + pen.normal(0.06));
    let (dx, dy) = (pen.normal(0.05), pen.normal(0.05));
    pen.stroke([turn(x, y), turn(x + dx, y + dy)]);
}

fn curled_zero(pen: &mut Pen) {
    let size = pen.uniform(0.1, 0.33);
    let mut knots = Arc::new((0.5, 0.5), (0.5, 0.5), -0.25, -1.0).knots();
    if pen.chance(0.5) {
        // The stroke curls inward at its end.
        let curl = Arc::new(
            (0.5, size),
            (1.3 * size, size),
            -0.25,
            -pen.uniform(0.2, 0.8),
        );
        knots.extend(curl.knots().into_iter().skip(1));
    } else {
        // The stroke leaves to the right, toward a next letter.
        knots.push(to(0.5 + 1.5 * size, 0.02));
        knots.push(to(0.75 + 2.0 * size, -0.21..0.11));
    }
    pen.stroke(knots);
}

/// 1: from a single line to a typewriter's 1 with flag and foot.
#[rustfmt::skip]
const ONE: &[Form] = &[
    Form::new("a line", 4.0, 1.0, plain_one),
    Form::new("with a flag", 2.5, 1.0, |pen| flagged_one(pen, false)),
    Form::new("with a flat flag", 1.6, 0.8, flat_flagged_one),
    Form::new("with a flag and a foot", 2.4, 1.0, |pen| flagged_one(pen, true)),
    Form::new("with a flag and a foot in one stroke", 0.5, 1.0, one_ending_in_foot),
    Form::new("with a foot and a bar on top", 0.9, 1.0, one_between_bars),
    Form::new("with a foot only", 0.3, 1.0, footed_one),
    Form::new("with a long upstroke", 0.6, 1.0, long_flagged_one),
    Form::new("with a tail", 0.8, 1.0, tailed_one),
];

fn plain_one(pen: &mut Pen) {
    // Some writers lean a 1 more than others lean a slash.
    let lean = if pen.chance(0.2) {
        pen.uniform(0.2, 0.7)
    } else {
        0.0
    };
    let bend = pen.normal(0.03);
    pen.stroke([turn(lean, 0.0), to(0.5 * lean + bend, 0.5), turn(0.0, 1.0)]);
}

/// The foot below a stem that ends at `x`.
fn one_foot(pen: &mut Pen, x: f32) {
    let (left, right) = (pen.uniform(0.12, 0.5), pen.uniform(0.0, 0.55));
    bar(pen, x, left, right, 1.0, [0.025, 0.03]);
}

fn flagged_one(pen: &mut Pen, has_foot: bool) {
    let width = pen.uniform(0.08, 0.42);
    let flag = turn(-width, width * pen.uniform(0.4, 1.5));
    let lean = pen.normal(0.06);
    let bend = pen.normal(0.02);
    pen.stroke([
        flag,
        knot(0.0, 0.0, 0.85),
        to(bend - 0.5 * lean, 0.5),
        turn(-lean, 1.0),
    ]);
    if has_foot {
        one_foot(pen, -lean);
    }
}

fn flat_flagged_one(pen: &mut Pen) {
    let width = pen.uniform(0.15, 0.45);
    let flag = turn(-width, width * pen.uniform(-0.1, 0.5));
    let lean = pen.normal(0.05) - 0.03;
    pen.stroke([
        flag,
        knot(0.0, 0.0, 0.7),
        to(-0.5 * lean, 0.5),
        turn(-lean, 1.0),
    ]);
    if pen.chance(0.35) {
        one_foot(pen, -lean);
    }
}

fn one_ending_in_foot(pen: &mut Pen) {
    let (width, right) = (pen.uniform(0.1, 0.4), pen.uniform(0.2, 0.5));
    let drop = width * pen.uniform(0.5, 1.2);
    let left = pen.uniform(0.1, 0.35);
    let y = 1.0 + pen.normal(0.03);
    let bottom = knot(0.0, 0.98, 0.8);
    pen.stroke([
        turn(-width, drop),
        turn(0.0, 0.0),
        bottom,
        turn(-left, y),
        turn(right, y),
    ]);
}

fn one_between_bars(pen: &mut Pen) {
    let (left, right) = (pen.uniform(0.1, 0.42), pen.uniform(0.0, 0.38));
    let slope = pen.normal(0.04) + 0.02;
    let lean = pen.normal(0.04);
    if pen.chance(0.4) {
        // Bar and stem are one stroke.
        pen.stroke([turn(-left, slope), turn(0.0, 0.0), turn(-lean, 1.0)]);
        if pen.chance(0.6) {
            pen.stroke([turn(0.0, 0.0), turn(right, -slope)]);
        }
    } else {
        pen.stroke([turn(0.0, 0.0), turn(-lean, 1.0)]);
        pen.stroke([turn(-left, slope), turn(right, -slope)]);
    }
    one_foot(pen, -lean);
}

fn footed_one(pen: &mut Pen) {
    let lean = pen.normal(0.05);
    pen.stroke([turn(0.0, 0.0), turn(-lean, 1.0)]);
    one_foot(pen, -lean);
}

fn long_flagged_one(pen: &mut Pen) {
    let (width, drop) = (pen.uniform(0.2, 0.6), pen.uniform(0.4, 0.95));
    let lean = pen.uniform(-0.1, 0.15);
    let bow = pen.uniform(-0.05, 0.05);
    pen.stroke([
        turn(-width, drop),
        to(-0.5 * width + bow, 0.45 * drop),
        turn(0.0, 0.0),
        turn(lean, 1.0),
    ]);
    if pen.chance(0.15) {
        one_foot(pen, lean);
    }
}

fn tailed_one(pen: &mut Pen) {
    let (tail, rise) = (pen.uniform(0.05, 0.25), pen.uniform(0.0, 0.4));
    let side = if pen.chance(0.7) { 1.0 } else { -1.0 };
    let flag = pen.uniform(0.0, 0.2);
    let bottom = knot(0.0, 0.97, 0.6);
    pen.stroke([
        turn(-flag, 0.8 * flag),
        turn(0.0, 0.0),
        to(0.0, 0.5),
        bottom,
        turn(side * tail, 1.0 - rise),
    ]);
}

/// 2: the top is round or flat; the base is straight, wavy or looped.
const TWO: &[Form] = &[
    Form::new("round with a straight base", 3.0, 0.75, round_two),
    Form::new("with a loop", 2.2, 0.8, looped_two),
    Form::new("like a z", 2.0, 0.75, z_like_two),
    Form::new("with a curl at the top", 1.2, 0.6, curled_two),
    Form::new("from a downstroke", 1.2, 0.7, two_from_a_downstroke),
    Form::new("like a swan", 0.6, 0.6, swan_two),
];

/// The base of a 2, after its left corner.
fn two_base(pen: &mut Pen) -> [Knot; 2] {
    let (end, rise) = (pen.uniform(0.75, 1.3), pen.normal(0.08) + 0.02);
    let wave = pen.normal(0.04);
    [
        to(0.5 * end, 1.0 - 0.4 * rise + wave),
        turn(end, 1.0 - rise),
    ]
}

fn round_two(pen: &mut Pen) {
    let start = pen.uniform(0.08, 0.38);
    let belly = pen.uniform(0.2, 0.36);
    let top = pen.uniform(0.35, 0.55);
    let corner = knot(-0.08..0.08, 1.0, 0.85);
    let knots = [
        turn(0.03, start),
        to(top, 0.0),
        to(0.9, belly),
        to(0.5, 0.66),
        corner,
    ];
    let base = two_base(pen);
    pen.stroke(knots.into_iter().chain(base));
}

fn looped_two(pen: &mut Pen) {
    let (width, height) = (pen.uniform(0.08, 0.32), pen.uniform(0.06, 0.26));
    let end = pen.uniform(0.8, 1.25);
    // The tail follows the baseline or swings up.
    let rise = if pen.chance(0.3) {
        pen.uniform(0.1, 0.6)
    } else {
        pen.uniform(-0.12, 0.1)
    };
    pen.stroke([
        turn(0.05, 0.08..0.35),
        to(0.45, 0.0),
        to(0.88, 0.2..0.36),
        to(0.55, 0.65),
        to(0.1 + 0.5 * width, 0.98),
        to(0.02, 1.0 - 0.45 * height),
        to(0.05 + 0.5 * width, 1.0 - height),
        to(0.15 + width, 1.0 - 0.35 * height),
        to(0.55 * end + 0.15, 1.0 - 0.25 * rise),
        turn(end, 0.98 - rise),
    ]);
}

fn two_from_a_downstroke(pen: &mut Pen) {
    let (width, rise) = (pen.uniform(0.05, 0.2), pen.uniform(0.0, 0.6));
    let height = 0.1 + 0.35 * rise;
    pen.stroke([
        turn(-0.08..0.08, 0.0..0.1),
        knot(0.0..0.12, 0.12..0.4, 0.8),
        to(0.35, 0.03),
        to(0.6..0.8, 0.0..0.12),
        to(0.6..0.85, 0.25..0.4),
        to(0.4, 0.68),
        to(0.05 + 0.5 * width, 0.98),
        to(0.0, 1.0 - 0.4 * height),
        to(0.05 + width, 1.0 - height),
        turn(0.9..1.3, 0.98 - rise),
    ]);
}

fn z_like_two(pen: &mut Pen) {
    let (start, dip) = (pen.uniform(-0.03, 0.15), pen.normal(0.04));
    let right = pen.uniform(0.7, 0.95);
    let base = two_base(pen);
    let serif = turn(-0.06..0.06, start + 0.05..start + 0.18);
    let knots = [
        turn(0.0, start),
        to(0.4, start * 0.5 - dip),
        knot(right, -0.02..0.14, 0.6),
        to(0.45 * right - 0.08..0.45 * right + 0.08, 0.53),
        knot(0.0, 1.0, 0.85),
    ];
    let serif = pen.chance(0.2).then_some(serif);
    pen.stroke(serif.into_iter().chain(knots).chain(base));
}

fn curled_two(pen: &mut Pen) {
    let (size, y) = (pen.uniform(0.1, 0.28), pen.uniform(0.18, 0.3));
    let knots = [
        turn(0.12 + size, y + 0.1),
        to(0.1 + 0.3 * size, y + 0.09),
        to(0.1, y - 0.05),
        to(0.45, 0.0),
        to(0.85, 0.25),
        to(0.5, 0.65),
        knot(0.0, 1.0, 0.7),
    ];
    let base = two_base(pen);
    pen.stroke(knots.into_iter().chain(base));
}

fn swan_two(pen: &mut Pen) {
    let (start, waist) = (pen.uniform(0.05, 0.3), pen.uniform(0.75, 0.88));
    let (end, rise) = (pen.uniform(0.9, 1.4), pen.normal(0.08));
    pen.stroke([
        turn(0.05, start),
        to(0.45, 0.0),
        to(0.85, 0.25),
        to(0.6, 0.6),
        turn(0.0, 1.0),
        to(0.15, waist),
        to(0.45, 0.5 * waist + 0.48),
        to(0.5 * end + 0.1, 1.0),
        turn(end, 0.95 - rise),
    ]);
}

/// 3: the top is round or flat; the middle is a corner, a loop or nearly smooth.
const THREE: &[Form] = &[
    Form::new("round", 4.0, 0.65, round_three),
    Form::new("flat-topped", 1.6, 0.7, flat_three),
    Form::new("with a loop in the middle", 1.4, 0.7, looped_three),
    Form::new("curled in below", 1.0, 0.65, curled_three),
    Form::new("with a shallow waist", 0.7, 0.5, shallow_three),
];

/// A 3: the top to its middle, then the lower bowl.
fn three(pen: &mut Pen, top: impl IntoIterator<Item = Knot>) {
    let right = pen.uniform(0.8, 1.25);
    let (end, end_y) = if pen.chance(0.25) {
        (pen.uniform(-0.1, 0.2), pen.uniform(0.62, 0.8))
    } else {
        (pen.uniform(-0.15, 0.25), pen.uniform(0.8, 0.98))
    };
    let bowl = [
        to(0.8 * right, 0.44..0.56),
        to(right, 0.65..0.81),
        to(0.34..0.66, 1.0),
        turn(end, end_y),
    ];
    pen.stroke(top.into_iter().chain(bowl));
}

fn round_three(pen: &mut Pen) {
    let start = pen.uniform(0.05, 0.28);
    let (right, waist) = (pen.uniform(0.65, 0.95), pen.uniform(0.2, 0.55));
    let middle = knot(waist, 0.38..0.5, 0.6);
    let top = [turn(0.05, start), to(0.45, 0.0), to(right, 0.2), middle];
    three(pen, top);
}

fn flat_three(pen: &mut Pen) {
    let (slope, right) = (pen.normal(0.05), pen.uniform(0.65, 0.95));
    let corner = knot(right, slope, 0.85);
    let middle = knot(0.15..0.45, 0.34..0.5, 0.8);
    let top = [turn(0.0, -slope), corner, middle];
    three(pen, top);
}

fn looped_three(pen: &mut Pen) {
    let start = pen.uniform(0.05, 0.28);
    let right = pen.uniform(0.65, 0.95);
    let (x, y) = (pen.uniform(0.15, 0.4), pen.uniform(0.4, 0.52));
    let (width, height) = (pen.uniform(0.05, 0.2), pen.uniform(0.02, 0.08));
    let top = [
        turn(0.05, start),
        to(0.45, 0.0),
        to(right, 0.18),
        to(x + width, y + 0.3 * height),
        to(x, y + height),
        to(x - 0.03, y),
        to(x + width, y - height),
    ];
    three(pen, top);
}

fn curled_three(pen: &mut Pen) {
    let (right, waist) = (pen.uniform(0.65, 0.95), pen.uniform(0.25, 0.5));
    let middle = knot(waist, 0.45, 0.6);
    let mut knots = Vec::new();
    if pen.chance(0.5) {
        let inner = pen.uniform(0.1, 0.35);
        knots.extend([turn(inner + 0.1, 0.25), to(0.08, 0.22)]);
    } else {
        knots.push(turn(0.05, 0.15));
    }
    knots.extend([
        to(0.45, 0.0),
        to(right, 0.2),
        middle,
        to(0.8, 0.53),
        to(1.0, 0.75),
    ]);
    let up = pen.uniform(0.62, 0.85);
    knots.extend([to(0.5, 1.0), to(0.05, 0.85), turn(0.0..0.3, up)]);
    pen.stroke(knots);
}

fn shallow_three(pen: &mut Pen) {
    let (right, waist) = (pen.uniform(0.6, 0.9), pen.uniform(0.45, 0.6));
    let (start, end) = (pen.uniform(0.0, 0.15), pen.uniform(0.85, 1.0));
    let middle = knot(waist, 0.45, 0.3);
    pen.stroke([
        turn(0.0, start),
        to(0.5, 0.0),
        to(right, 0.22),
        middle,
        to(0.95, 0.72),
        to(0.5, 1.0),
        turn(-0.05, end),
    ]);
}

/// 4: open or closed at the top, in one stroke or two.
const FOUR: &[Form] = &[
    Form::new("open", 4.0, 0.75, open_four),
    Form::new("open and round", 1.6, 0.7, round_four),
    Form::new("closed", 1.6, 0.75, closed_four),
    Form::new("closed in one stroke", 0.8, 0.7, closed_four_in_one_stroke),
    Form::new("open in one stroke", 0.9, 0.65, open_four_in_one_stroke),
    Form::new("with a loop at the right", 0.7, 0.75, looped_four),
    Form::new("with a short stem", 0.7, 0.8, short_four),
];

fn open_four(pen: &mut Pen) {
    let (top_x, bar) = (pen.uniform(0.0, 0.45), pen.uniform(0.45, 0.78));
    let (right, slope) = (pen.uniform(0.75, 1.15), pen.normal(0.05));
    let corner = knot(-0.06..0.06, bar, 0.85);
    pen.stroke([turn(top_x, -0.08..0.08), corner, turn(right, bar - slope)]);
    let (x, top) = (pen.uniform(0.45, 0.8), pen.uniform(-0.08, bar - 0.1));
    pen.stroke([turn(x, top), turn(x - 0.13..x + 0.07, 1.0)]);
}

fn round_four(pen: &mut Pen) {
    let bar = pen.uniform(0.42, 0.65);
    let right = pen.uniform(0.75, 1.1);
    pen.stroke([
        turn(0.0..0.3, 0.0),
        to(0.0, 0.7 * bar),
        to(0.2, bar),
        turn(right, bar - 0.12..bar + 0.03),
    ]);
    let (x, top) = (pen.uniform(0.55, 0.85), pen.uniform(-0.08, 0.35));
    pen.stroke([turn(x, top), turn(x - 0.17..x + 0.07, 1.0)]);
}

fn closed_four(pen: &mut Pen) {
    let (x, bar) = (pen.uniform(0.5, 0.75), pen.uniform(0.55, 0.75));
    let right = pen.uniform(0.75, 1.15);
    let corner = knot(0.0, bar, 0.95);
    pen.stroke([turn(x, 0.0), corner, turn(right, bar - 0.08..bar + 0.08)]);
    let (dx, dy) = (pen.normal(0.05), pen.uniform(-0.08, 0.12));
    pen.stroke([turn(x + dx, dy), turn(x - 0.14..x + 0.1, 1.0)]);
}

fn closed_four_in_one_stroke(pen: &mut Pen) {
    // The bar ends at the stem. From there the pen goes up to begin the stem.
    let (x, bar) = (pen.uniform(0.5, 0.8), pen.uniform(0.45, 0.72));
    let corner = knot(0.0, bar, 0.9);
    let crossing = turn(x..x + 0.15, bar - 0.05..bar + 0.05);
    let top = turn(x..x + 0.08, -0.05..0.15);
    let start = turn(x - 0.1..x + 0.05, -0.03..0.08);
    pen.stroke([start, corner, crossing, top, turn(x - 0.15..x + 0.05, 1.0)]);
}

fn open_four_in_one_stroke(pen: &mut Pen) {
    let bar = pen.uniform(0.38, 0.6);
    let right = pen.uniform(0.6, 0.85);
    let corner = knot(0.0, bar - 0.05, 0.4);
    let low = knot(right, bar - 0.08..bar, 0.5);
    pen.stroke([
        turn(0.0..0.25, 0.0),
        corner,
        to(0.3, bar),
        low,
        turn(right..right + 0.15, -0.05..0.3),
        turn(right - 0.2..right, 1.0),
    ]);
}

fn looped_four(pen: &mut Pen) {
    let (bar, x) = (pen.uniform(0.48, 0.68), pen.uniform(0.45, 0.65));
    let (reach, up) = (pen.uniform(0.15, 0.45), pen.uniform(0.1, 0.4));
    let corner = knot(0.0, bar, 0.8);
    pen.stroke([
        turn(0.1..0.55, 0.0),
        corner,
        to(x, bar - 0.02),
        to(x + reach, bar - 0.4 * up),
        to(x + 0.5 * reach, bar - up),
        to(x, bar - 0.3 * up),
        turn(x - 0.15..x + 0.05, 1.0),
    ]);
}

fn short_four(pen: &mut Pen) {
    let bar = pen.uniform(0.6, 0.85);
    let corner = knot(0.0, bar, 0.9);
    pen.stroke([
        turn(0.1..0.5, 0.0),
        corner,
        turn(0.8..1.3, bar - 0.08..bar + 0.08),
    ]);
    let (x, half) = (pen.uniform(0.4, 0.75), pen.uniform(0.12, 0.3));
    let middle = bar - pen.uniform(0.0, 0.1);
    pen.stroke([
        turn(x, middle - half),
        turn(x - 0.13..x + 0.07, middle + half),
    ]);
}

/// 5: the top comes first, comes last or is a curve.
const FIVE: &[Form] = &[
    Form::new("with a separate top", 3.5, 0.7, five_with_separate_top),
    Form::new("in one stroke", 3.5, 0.7, five_in_one_stroke),
    Form::new("like an s", 1.8, 0.65, s_like_five),
    Form::new("closed below", 1.2, 0.65, closed_five),
    Form::new("with a loop at the neck", 0.5, 0.7, looped_five),
];

/// The stem of a 5 to its neck, then the bowl.
fn five(pen: &mut Pen, stem: impl IntoIterator<Item = Knot>, neck_y: f32) {
    let right = pen.uniform(0.7, 1.15);
    let hump = neck_y - pen.uniform(0.0, 0.12);
    let (end, end_y) = (pen.uniform(-0.2, 0.2), pen.uniform(0.78, 1.0));
    let bowl = [
        to(0.5 * right, hump),
        to(right, 0.5 * (hump + 1.0) - 0.03),
        to(0.35..0.6, 1.0),
        turn(end, end_y),
    ];
    pen.stroke(stem.into_iter().chain(bowl));
}

fn five_with_separate_top(pen: &mut Pen) {
    let (x, neck) = (pen.uniform(0.08, 0.3), pen.uniform(0.38, 0.52));
    let neck_x = x - pen.uniform(0.0, 0.12);
    let stem = [turn(x, 0.03), knot(neck_x, neck, 0.75)];
    five(pen, stem, neck);
    // The top may leave a gap before the stem or cross it.
    let (left, right) = (x + pen.uniform(-0.1, 0.2), x + pen.uniform(0.4, 1.0));
    let (y, rise) = (pen.normal(0.04), pen.normal(0.06) + 0.02);
    pen.stroke([turn(left, y + rise), turn(right, y - rise)]);
}

fn five_in_one_stroke(pen: &mut Pen) {
    let (x, neck) = (pen.uniform(0.08, 0.35), pen.uniform(0.35, 0.52));
    let (right, rise) = (pen.uniform(0.6, 1.15), pen.normal(0.07) + 0.03);
    let top = knot(x, 0.02, 0.85);
    let stem = [turn(right, 0.02 - rise), top, knot(x - 0.14..x, neck, 0.7)];
    five(pen, stem, neck);
}

fn s_like_five(pen: &mut Pen) {
    let (right, rise) = (pen.uniform(0.65, 1.1), pen.uniform(-0.08, 0.1));
    let waist = pen.uniform(0.38, 0.5);
    let top = knot(0.3..0.5, 0.02, 0.25);
    let (end, end_y) = (pen.uniform(-0.15, 0.15), pen.uniform(0.82, 1.0));
    pen.stroke([
        turn(right, 0.04 - rise),
        top,
        to(0.12, 0.55 * waist),
        to(0.3..0.5, waist + 0.02),
        to(0.75..0.95, 0.65..0.76),
        to(0.45, 1.0),
        turn(end, end_y),
    ]);
}

fn closed_five(pen: &mut Pen) {
    let (x, neck) = (pen.uniform(0.1, 0.3), pen.uniform(0.35, 0.5));
    let corner = knot(x - 0.05, neck, 0.7);
    let is_one_stroke = pen.chance(0.6);
    let mut knots = Vec::new();
    if is_one_stroke {
        knots.push(turn(0.7..1.1, -0.1..0.1));
    }
    knots.extend([
        turn(x, 0.02),
        corner,
        to(0.5, neck - 0.05),
        to(0.9, 0.7),
        to(0.5, 1.0),
    ]);
    knots.extend([to(0.05, 0.85), turn(0.05..0.3, 0.58..0.75)]);
    pen.stroke(knots);
    if !is_one_stroke {
        pen.stroke([turn(x, 0.0), turn(0.6..1.0, -0.1..0.1)]);
    }
}

fn looped_five(pen: &mut Pen) {
    let (x, neck) = (pen.uniform(0.1, 0.3), pen.uniform(0.4, 0.5));
    let size = pen.uniform(0.04, 0.12);
    let stem = [
        turn(0.7..1.1, -0.1..0.1),
        knot(x, 0.03, 0.7),
        to(x - 0.1, neck - size),
        to(x, neck + size),
        to(x + 0.1, neck - 0.3 * size),
    ];
    five(pen, stem, neck - 0.02);
}

/// 6: the stem is curved or straight; the bowl is closed, open or curled.
const SIX: &[Form] = &[
    Form::new("curved", 4.0, 0.65, curved_six),
    Form::new("straight", 2.0, 0.6, straight_six),
    Form::new("like a b", 1.0, 0.65, b_like_six),
    Form::new("with a tall bowl", 1.8, 0.75, tall_bowled_six),
    Form::new("with an open bowl", 1.0, 0.7, open_six),
    Form::new("like a spiral", 0.7, 0.8, spiral_six),
    Form::new("with a bowl that swings over", 1.2, 0.85, swung_six),
];

/// A 6: the stem, then the bowl from its bottom, counterclockwise and back to the stem.
fn six(pen: &mut Pen, stem: impl IntoIterator<Item = Knot>, top: f32, right: f32) {
    let meets = pen.uniform(-0.05, 0.2);
    let middle = 0.5 * (1.0 + top);
    let bowl = [
        to(0.5 * right, 1.0),
        to(right, middle + 0.02),
        to(0.5 * right + 0.05, top),
        turn(0.05 + meets, middle - 0.14..middle + 0.14),
    ];
    pen.stroke(stem.into_iter().chain(bowl));
}

fn curved_six(pen: &mut Pen) {
    let (x, top) = (pen.uniform(0.45, 1.0), pen.uniform(0.38, 0.68));
    let right = pen.uniform(0.65, 1.0);
    let start_y = pen.uniform(0.0, 0.12);
    let knots = [
        turn(x, start_y),
        to(0.55 * x, 0.1 + 0.5 * start_y),
        to(0.05, 0.48),
        to(0.04, 0.78),
    ];
    six(pen, knots, top, right);
}

fn straight_six(pen: &mut Pen) {
    let (x, top) = (pen.uniform(0.25, 0.75), pen.uniform(0.42, 0.72));
    let right = pen.uniform(0.5, 0.95);
    let knots = [turn(x, 0.0), to(0.45 * x + 0.03, 0.4), to(0.04, 0.8)];
    six(pen, knots, top, right);
}

fn b_like_six(pen: &mut Pen) {
    let (x, top) = (pen.uniform(0.0, 0.2), pen.uniform(0.42, 0.68));
    let right = pen.uniform(0.6, 1.0);
    let knots = [turn(x, 0.0), to(0.02, 0.45), knot(0.05, 0.85, 0.2)];
    six(pen, knots, top, right);
}

fn tall_bowled_six(pen: &mut Pen) {
    let (top, x) = (pen.uniform(0.1, 0.45), pen.uniform(0.0, 0.35));
    let right = pen.uniform(0.75, 1.05);
    let low = pen.uniform(0.82, 1.0);
    let left = right - pen.uniform(0.1, 0.45);
    pen.stroke([
        turn(x, 0.0),
        to(0.0, 0.5),
        to(0.08, 0.88 * low),
        knot(0.3..0.45, low, 0.15),
        to(right - 0.05, 0.7 * low),
        to(right, top + 0.12),
        to(0.5 * (left + right) + 0.05, top),
        to(left, 0.5 * (top + 1.0)),
        turn(left..left + 0.5, 0.75..1.02),
    ]);
}

fn open_six(pen: &mut Pen) {
    let (x, top) = (pen.uniform(0.3, 0.9), pen.uniform(0.45, 0.68));
    let right = pen.uniform(0.65, 0.95);
    let end = pen.uniform(0.3, 0.55);
    pen.stroke([
        turn(x, 0.0),
        to(0.4 * x, 0.2),
        to(0.02, 0.6),
        to(0.15, 0.92),
        to(0.55, 1.0),
        to(right, 0.5 * (1.0 + top)),
        to(0.55 * right + 0.1, top),
        turn(end, top + 0.02..top + 0.2),
    ]);
}

fn spiral_six(pen: &mut Pen) {
    let (radius, y) = (pen.uniform(0.22, 0.36), pen.uniform(0.6, 0.72));
    let mut knots = vec![
        turn(0.7..1.0, 0.0..0.15),
        to(0.5, 0.0),
        to(0.1, 0.25),
        to(0.0, 0.6),
    ];
    knots.extend([to(0.2, 0.95), to(0.55, 1.0)]);
    let inner = Arc::new(
        (0.6, y),
        (1.2 * radius, radius),
        0.08,
        -pen.uniform(0.3, 0.75),
    );
    knots.extend(inner.knots());
    pen.stroke(knots);
}

fn swung_six(pen: &mut Pen) {
    // The pen goes up the right side first. A downstroke closes the bowl and may leave to the right.
    let (top, right) = (pen.uniform(0.1, 0.45), pen.uniform(0.75, 1.05));
    let left = right - pen.uniform(0.15, 0.45);
    let low = pen.uniform(0.75, 0.95);
    let mut knots = vec![
        turn(0.0..0.3, 0.0),
        to(0.0, 0.4..0.55),
        to(0.1..0.2, low),
        to(0.6 * right, 0.5 * (low + top) + 0.1),
        to(right, top + 0.1),
        to(0.5 * (left + right) + 0.05, top),
        to(left, 0.55 * (top + 1.0)),
    ];
    if pen.chance(0.6) {
        let exit = pen.uniform(0.1, 0.45);
        knots.push(to(left + 0.08, 1.0));
        knots.push(turn(left + exit, 0.7..1.0));
    } else {
        knots.push(turn(left - 0.1..left + 0.15, 1.0));
    }
    pen.stroke(knots);
}

/// 7: the top is plain or hooked; the stem is plain or barred.
const SEVEN: &[Form] = &[
    Form::new("plain", 3.5, 0.65, |pen| seven(pen, false, false)),
    Form::new("hooked", 1.8, 0.65, |pen| seven(pen, true, false)),
    Form::new("barred", 2.2, 0.65, |pen| seven(pen, false, true)),
    Form::new("hooked and barred", 0.9, 0.65, |pen| seven(pen, true, true)),
    Form::new("rounded", 1.4, 0.55, rounded_seven),
    Form::new("with a serif below", 0.5, 0.6, footed_seven),
    Form::new("with a tail", 1.2, 0.6, tailed_seven),
    Form::new("with a branching stem", 0.8, 0.6, branching_seven),
];

fn seven_bar(pen: &mut Pen, x: f32) {
    let (left, right) = (pen.uniform(0.12, 0.5), pen.uniform(0.12, 0.55));
    bar(pen, x, left, right, 0.5, [0.05, 0.06]);
}

fn seven(pen: &mut Pen, is_hooked: bool, is_barred: bool) {
    let (right, slope) = (pen.uniform(0.75, 1.1), pen.normal(0.06));
    let foot = pen.uniform(0.05, 0.65);
    let bend = pen.normal(0.05) - 0.04;
    let corner = knot(right, -slope, 0.8);
    let mut knots = Vec::new();
    if is_hooked {
        let drop = pen.uniform(0.06, 0.42);
        knots.push(turn(-0.1..0.1, slope + drop));
    }
    let first = knot(0.02, slope, 0.75);
    knots.push(first);
    if pen.chance(0.3) {
        // The top is wavy.
        let wave = pen.uniform(0.0, 0.07);
        knots.extend([to(0.3 * right, -wave), to(0.65 * right, wave)]);
    }
    let middle = 0.5 * (right + foot) + bend;
    knots.extend([corner, to(middle, 0.48), turn(foot, 1.0)]);
    pen.stroke(knots);
    if is_barred {
        seven_bar(pen, middle);
    }
}

fn rounded_seven(pen: &mut Pen) {
    let (start, foot) = (pen.uniform(0.02, 0.25), pen.uniform(0.1, 0.6));
    let mut knots = Vec::new();
    if pen.chance(0.25) {
        knots.push(turn(0.0..0.15, start + 0.05..start + 0.2));
    }
    knots.extend([knot(0.0, start, 0.6), to(0.5, 0.0), to(0.95, 0.14)]);
    knots.extend([
        to(0.5 * (0.95 + foot) - 0.08..0.5 * (0.95 + foot), 0.55),
        turn(foot, 1.0),
    ]);
    pen.stroke(knots);
    if pen.chance(0.15) {
        seven_bar(pen, 0.6);
    }
}

fn footed_seven(pen: &mut Pen) {
    let (right, foot) = (pen.uniform(0.6, 1.0), pen.uniform(0.0, 0.5));
    let slope = pen.normal(0.04);
    pen.stroke([turn(0.0, slope), turn(right, -slope), turn(foot, 1.0)]);
    let (left, reach) = (pen.uniform(0.0, 0.2), pen.uniform(0.05, 0.25));
    let rise = pen.normal(0.04);
    pen.stroke([
        turn(foot - left, 1.0 + rise),
        turn(foot + reach, 1.0 - rise),
    ]);
}

fn tailed_seven(pen: &mut Pen) {
    let (right, foot) = (pen.uniform(0.65, 1.0), pen.uniform(0.2, 0.6));
    let (tail, rise) = (pen.uniform(0.08, 0.35), pen.uniform(0.05, 0.35));
    pen.stroke([
        turn(0.0, 0.0..0.2),
        to(0.45 * right, 0.0..0.06),
        knot(right, 0.0..0.1, 0.6),
        to(0.5 * (right + foot) - 0.04, 0.5),
        knot(foot, 1.0, 0.7),
        turn(foot + tail, 1.0 - rise),
    ]);
}

fn branching_seven(pen: &mut Pen) {
    // A short downstroke at the left. The rest begins at its end or its middle, as in East Asia or in haste.
    let (down, top) = (pen.uniform(0.12, 0.4), pen.uniform(-0.05, 0.1));
    let back = down - pen.uniform(0.0, 0.15);
    let (right, foot) = (pen.uniform(0.65, 1.0), pen.uniform(0.2, 0.6));
    let corner = knot(right, top, 0.6);
    pen.stroke([
        turn(0.0, 0.0),
        turn(0.06, down),
        to(0.25 * right, 0.6 * back),
        corner,
        turn(foot, 1.0),
    ]);
}

/// 8: from the top or the middle, in either direction, or as two circles.
const EIGHT: &[Form] = &[
    Form::new("from the top, s first", 4.5, 0.6, |pen| eight(pen, false)),
    Form::new("from the top, z first", 1.3, 0.6, |pen| eight(pen, true)),
    Form::new("with straight sides", 1.5, 0.65, straight_eight),
    Form::new("two circles", 1.4, 0.6, two_circles),
    Form::new("from the middle", 1.0, 0.6, eight_from_the_middle),
];

/// An 8 in one stroke. It goes left first, or right if mirrored.
fn eight(pen: &mut Pen, is_mirrored: bool) {
    let (upper, lower) = (pen.uniform(0.25, 0.5), pen.uniform(0.35, 0.55));
    let waist = pen.uniform(0.38, 0.55);
    // The ends leave a gap at the upper right, meet or overshoot.
    let (start, start_y) = (pen.uniform(0.3, 1.1) * upper, pen.uniform(0.02, 0.16));
    let (end, end_y) = (pen.uniform(0.5, 1.3) * upper, pen.uniform(-0.05, 0.28));
    let crossing = pen.normal(0.05);
    let knots = [
        to(0.5 + start, start_y),
        to(0.4, 0.0),
        to(0.5 - upper, 0.5 * waist - 0.03),
        to(0.5 + crossing, waist),
        to(0.5 + lower, 0.5 * (waist + 1.0)),
        to(0.5, 1.0),
        to(0.5 - lower, 0.5 * (waist + 1.0) + 0.02),
        to(0.5 + crossing, waist - 0.06..waist + 0.06),
        to(0.5 + end, end_y),
    ];
    pen.stroke(knots.map(|knot| knot.mirrored_if(is_mirrored)));
}

fn straight_eight(pen: &mut Pen) {
    let (upper, lower) = (pen.uniform(0.3, 0.6), pen.uniform(0.3, 0.55));
    let (end, end_y) = (pen.uniform(0.6, 1.3), pen.uniform(-0.1, 0.15));
    let start = pen.uniform(0.55, 0.95);
    let start_y = pen.uniform(0.0, 0.15);
    let flat = pen.normal(0.04);
    pen.stroke([
        turn(start, start_y),
        to(0.5 - 0.4 * upper, 0.02 - flat),
        to(0.5 - upper, 0.12..0.25),
        to(0.5 + lower, 0.78),
        to(0.5 + 0.3 * lower, 0.99),
        to(0.5 - 0.8 * lower, 0.95),
        to(0.5 - 0.7 * lower, 0.78),
        turn(end, end_y),
    ]);
}

fn two_circles(pen: &mut Pen) {
    let waist = pen.uniform(0.38, 0.55);
    let (upper, lower) = (pen.uniform(0.25, 0.5), pen.uniform(0.35, 0.55));
    let touch = pen.uniform(-0.03, 0.03);
    for (top, bottom, half_width) in [(0.0, waist + touch, upper), (waist - touch, 1.0, lower)] {
        let center = (0.5 + pen.normal(0.04), 0.5 * (top + bottom));
        let turns = 1.0 + pen.normal(0.06);
        let radii = (half_width, 0.5 * (bottom - top));
        let mut arc = Arc::new(center, radii, -0.25 + pen.normal(0.1), -turns);
        arc.squareness = pen.uniform(0.0, 0.4);
        pen.stroke(arc.knots());
    }
}

fn eight_from_the_middle(pen: &mut Pen) {
    let waist = pen.uniform(0.4, 0.55);
    let (upper, lower) = (pen.uniform(0.25, 0.5), pen.uniform(0.35, 0.55));
    let is_mirrored = pen.chance(0.5);
    let knots = [
        to(0.38..0.62, waist - 0.1..waist + 0.1),
        to(0.5 + upper, 0.5 * waist),
        to(0.5, 0.0),
        to(0.5 - upper, 0.5 * waist),
        to(0.5, waist),
        to(0.5 + lower, 0.5 * (waist + 1.0)),
        to(0.5, 1.0),
        to(0.5 - lower, 0.5 * (waist + 1.0)),
        to(0.34..0.66, waist - 0.1..waist + 0.1),
    ];
    pen.stroke(knots.map(|knot| knot.mirrored_if(is_mirrored)));
}

/// 9: the stem is straight, curved or hooked.
#[rustfmt::skip]
const NINE: &[Form] = &[
    Form::new("with a straight stem", 4.0, 0.6, straight_nine),
    Form::new("with a curved stem", 2.2, 0.6, |pen| curved_nine(pen, false)),
    Form::new("like a g", 2.0, 0.55, |pen| curved_nine(pen, true)),
    Form::new("open", 0.9, 0.6, open_nine),
    Form::new("a circle and a stem", 0.6, 0.55, nine_in_two_strokes),
    Form::new("with a swinging start", 0.9, 0.8, swung_nine),
];

/// The loop of a 9, counterclockwise from its upper right.
fn nine_loop(pen: &mut Pen, bottom: f32) -> Vec<Knot> {
    let (from, turns) = (-0.1 + pen.normal(0.05), 0.92 + pen.normal(0.06));
    let mut arc = Arc::new((0.42, 0.5 * bottom), (0.42, 0.5 * bottom), from, -turns);
    arc.drift = pen.normal(0.06);
    arc.knots()
}

fn straight_nine(pen: &mut Pen) {
    let bottom = pen.uniform(0.32, 0.62);
    let mut knots = nine_loop(pen, bottom);
    let foot = pen.uniform(0.3, 0.95);
    let top = pen.uniform(0.0, 0.35) * bottom;
    knots.push(knot(0.85, top, 0.75));
    knots.push(turn(foot, 1.0));
    pen.stroke(knots);
}

fn curved_nine(pen: &mut Pen, is_hooked: bool) {
    let bottom = pen.uniform(0.32, 0.6);
    let mut knots = nine_loop(pen, bottom);
    let top = pen.uniform(0.0, 0.35) * bottom;
    knots.push(knot(0.86, top, 0.5));
    if is_hooked {
        let (low, end) = (pen.uniform(0.3, 0.6), pen.uniform(-0.4, 0.2));
        knots.extend([
            to(0.84, 0.65),
            to(0.76, 0.88),
            to(low, 1.0),
            turn(end, 0.78..1.0),
        ]);
    } else {
        knots.extend([to(0.7..0.9, 0.6), turn(0.0..0.45, 1.0)]);
    }
    pen.stroke(knots);
}

fn open_nine(pen: &mut Pen) {
    let bottom = pen.uniform(0.35, 0.55);
    let gap = pen.uniform(0.02, 0.18);
    let mut knots = vec![
        turn(0.85 - 1.5 * gap, 0.0..0.1),
        to(0.4, 0.02),
        to(0.03, 0.5 * bottom),
    ];
    knots.extend([to(0.35, bottom), to(0.75, 0.6 * bottom)]);
    knots.push(knot(0.9, -0.05..0.15, 0.7));
    if pen.chance(0.5) {
        knots.extend([to(0.8, 0.75), to(0.5, 1.0), turn(-0.05..0.2, 0.9)]);
    } else {
        knots.push(turn(0.4..0.9, 1.0));
    }
    pen.stroke(knots);
}

fn nine_in_two_strokes(pen: &mut Pen) {
    let half = pen.uniform(0.2, 0.3);
    let turns = -1.0 + pen.normal(0.05);
    pen.stroke(Arc::new((0.4, half), (0.4, half), -0.15, turns).knots());
    let x = 0.8 + pen.normal(0.06);
    let foot = pen.uniform(0.3, 0.85);
    pen.stroke([
        turn(x, -0.05..0.25),
        to(0.5 * (x + foot) + 0.04, 0.55),
        turn(foot, 1.0),
    ]);
}

fn swung_nine(pen: &mut Pen) {
    // The loop begins far to the right of the stem.
    let (bottom, right) = (pen.uniform(0.25, 0.45), pen.uniform(0.8, 1.1));
    let start = right + pen.uniform(-0.1, 0.3);
    pen.stroke([
        turn(start, -0.02..0.12),
        to(0.45, 0.03),
        to(0.0, 0.55 * bottom),
        to(0.3, bottom),
        to(0.8 * right, 0.55 * bottom),
        knot(right, 0.0..0.12, 0.3),
        to(0.75 * right, 0.5),
        turn(0.15..0.6, 1.0),
    ]);
}
