use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::{
    bitmap::Digit,
    ink::{Bounds, Point, Stroke, raster::Raster},
    picture::{self, PictureInk},
    synth,
};

fn reader() -> NumberReader {
    NumberReader::new(Arc::new(Model::built_in().expect("the built-in model")))
}

fn read(ink: &Ink) -> Number {
    reader()
        .number(ink, Constraints::default())
        .expect("the logits are finite")
}

fn reading(ink: &Ink) -> Reading {
    let reading = reader().read(ink, Constraints::default());
    reading.expect("the logits are finite")
}

fn moved(ink: &Ink, change: impl Fn(Point) -> Point) -> Ink {
    let strokes = ink.strokes().iter();
    strokes
        .filter_map(|stroke| {
            Stroke::new(stroke.points().iter().map(|&point| change(point)).collect())
        })
        .collect()
}

/// A synthetic digit of height 1 whose left top corner is at (0, 0).
fn digit(value: u8, rng: &mut ChaCha8Rng) -> Ink {
    let digit = Digit::new(value).expect("a digit");
    let ink = synth::digit(digit, rng);
    let bounds = ink.bounds().expect("a digit has ink");
    let height = (bounds.max.y - bounds.min.y).max(0.05);
    moved(&ink, |point| {
        Point::new(
            (point.x - bounds.min.x) / height,
            (point.y - bounds.min.y) / height,
        )
    })
}

/// The digits beside each other, `gap` heights apart, each next one `climb` heights higher, and the strokes of each.
fn line(digits: &[u8], gap: f32, climb: f32, rng: &mut ChaCha8Rng) -> (Ink, Vec<Vec<usize>>) {
    let mut left = 0.0;
    let mut ink = Ink::default();
    let mut owners = Vec::new();
    for (index, &value) in digits.iter().enumerate() {
        let digit = digit(value, rng);
        let up = climb * index as f32;
        let first = ink.strokes().len();
        for stroke in moved(&digit, |point| Point::new(point.x + left, point.y - up)).strokes() {
            ink.push(stroke.clone());
        }
        owners.push((first..ink.strokes().len()).collect());
        left += digit.bounds().map_or(0.0, |bounds| bounds.max.x) + gap;
    }
    (ink, owners)
}

fn strokes(number: &Number) -> Vec<Vec<usize>> {
    number
        .digits
        .iter()
        .map(|digit| digit.strokes.clone())
        .collect()
}

#[test]
fn numbers_are_divided_into_their_digits() {
    // Gap, climb and slant, in heights of a digit; how many of twenty numbers must be divided rightly.
    let cases = [
        (0.5, 0.0, 0.0, 20, "wide"),
        (0.15, 0.0, 0.0, 19, "normal"),
        (0.04, 0.0, 0.0, 18, "tight"),
        (0.15, 0.08, 0.0, 19, "climbing by 5 degrees"),
        (0.15, 0.3, 0.0, 19, "climbing by 17 degrees"),
        (0.15, 0.0, 0.45, 18, "slanted by 24 degrees"),
    ];
    for (gap, climb, slant, least, reason) in cases {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut right = 0;
        for first in 0..20_u8 {
            let digits: Vec<u8> = (0..2 + first % 5)
                .map(|i| (first * 3 + i * 7) % 10)
                .collect();
            let (ink, owners) = line(&digits, gap, climb, &mut rng);
            let ink = moved(&ink, |point| Point::new(point.x - slant * point.y, point.y));
            right += usize::from(strokes(&read(&ink)) == owners);
        }
        assert!(right >= least, "{reason}: {right} of 20");
    }
}

fn polyline(points: &[(f32, f32)]) -> Stroke {
    let points = points.iter().map(|&(x, y)| Point::new(x, y)).collect();
    Stroke::new(points).expect("some points")
}

/// 7 without its bar, 1, and then the bar of the 7.
fn seven_with_a_late_bar() -> Ink {
    [
        polyline(&[(0.0, 0.0), (0.6, 0.0), (0.3, 0.5), (0.2, 1.0)]),
        polyline(&[(1.0, 0.0), (1.0, 0.5), (1.0, 1.0)]),
        polyline(&[(0.15, 0.5), (0.5, 0.5)]),
    ]
    .into_iter()
    .collect()
}

#[test]
fn a_late_stroke_belongs_to_the_digit_that_it_crosses() {
    let number = read(&seven_with_a_late_bar());
    assert_eq!(number.text(), "71", "the bar is no digit");
    assert_eq!(strokes(&number), [vec![0, 2], vec![1]], "strokes by digit");
}

#[test]
fn a_late_hat_may_be_far_from_its_five() {
    let five = [
        (0.1, 0.0),
        (0.05, 0.4),
        (0.3, 0.4),
        (0.45, 0.6),
        (0.4, 0.9),
        (0.0, 1.0),
    ];
    let ink: Ink = [
        polyline(&five),
        polyline(&[(1.6, 0.0), (1.6, 0.5), (1.6, 1.0)]),
        polyline(&[(0.6, 0.0), (0.8, 0.01), (1.0, 0.0)]),
    ]
    .into_iter()
    .collect();
    let number = read(&ink);
    assert_eq!(strokes(&number), [vec![0, 2], vec![1]], "strokes by digit");
    assert_eq!(
        number.text(),
        "51",
        "half a height is no gap between digits"
    );
}

#[test]
fn marks_are_non_digits_and_do_not_break_a_number() {
    let seven = |left: f32| polyline(&[(left, 0.0), (left + 0.6, 0.0), (left + 0.2, 1.0)]);
    let one = |left: f32| polyline(&[(left, 0.0), (left, 0.5), (left, 1.0)]);
    let cases = [
        (
            polyline(&[(0.8, 1.0)]),
            [true, false, true],
            "a dot between digits",
        ),
        (
            polyline(&[(-0.7, 0.5), (-0.3, 0.5)]),
            [false, true, true],
            "a minus",
        ),
        (
            polyline(&[(1.6, 0.4), (1.62, 0.41)]),
            [true, true, false],
            "a stray dot",
        ),
    ];
    for (mark, expected, reason) in cases {
        let Reading::Number(number) = reading(&[seven(0.0), one(1.1), mark].into_iter().collect())
        else {
            panic!("{reason}: no number");
        };
        let are_digits: Vec<bool> = number.digits.iter().map(|digit| digit.is_digit).collect();
        assert_eq!(are_digits, expected, "{reason}");
        assert_eq!(
            (number.text().as_str(), number.non_digits()),
            ("71", 1),
            "{reason}"
        );
    }
}

#[test]
fn a_line_below_several_digits_is_a_mark() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let (digits, owners) = line(&[4, 2, 5, 0], 0.15, 0.0, &mut rng);
    let right = digits.bounds().expect("digits have ink").max.x;
    let cases = [
        ([(0.0, 1.2), (right, 1.2)], true, "below"),
        (
            [(-0.2, 0.95), (right + 0.2, 0.95)],
            true,
            "through the lower edge",
        ),
        (
            [(right, 1.1), (0.0, 1.3)],
            true,
            "from right to left, climbing",
        ),
        ([(0.1, 1.15), (1.3, 1.15)], true, "below two digits"),
        ([(0.0, -0.2), (right, -0.2)], false, "above"),
        ([(0.0, 0.5), (right, 0.5)], false, "through the middle"),
        ([(0.0, 1.2), (0.6, 1.2)], false, "below one digit"),
    ];
    for (ends, is_mark, reason) in cases {
        for is_first in [false, true] {
            let underline = polyline(&ends);
            let mut ink = digits.clone();
            let mut owners = owners.clone();
            if is_first {
                ink = [underline]
                    .iter()
                    .chain(digits.strokes())
                    .cloned()
                    .collect();
                let all = owners.iter_mut().flatten();
                all.for_each(|stroke| *stroke += 1);
            } else {
                ink.push(underline);
            }
            let number = read(&ink);
            let last = number.digits.last().expect("digits");
            let below = if is_first { 0 } else { ink.strokes().len() - 1 };
            let is_apart = !last.is_digit && last.strokes == [below];
            assert_eq!(is_apart, is_mark, "{reason}, first: {is_first}");
            if is_mark {
                owners.push(vec![below]);
                assert_eq!(strokes(&number), owners, "{reason}, first: {is_first}");
                assert!(matches!(reading(&ink), Reading::Number(_)), "{reason}");
            }
        }
    }
}

#[test]
fn flat_strokes_of_digits_are_not_underlines() {
    let upright = |x: f32| (x, x + 0.02, 0.0, 1.0);
    let cases = [
        (
            vec![upright(0.0), (-0.6, 0.6, 0.95, 1.0)],
            "the foot of a 1",
        ),
        (
            vec![(0.0, 0.7, 0.0, 0.6), upright(0.5), (-0.2, 0.9, 0.85, 0.9)],
            "a low bar of a 4",
        ),
        (
            vec![upright(0.0), (0.3, 1.2, 0.5, 0.52), upright(1.5)],
            "a dash between digits",
        ),
        (vec![(0.0, 1.2, 0.0, 0.05)], "a dash alone"),
        (
            vec![upright(0.0), upright(0.4), (-0.3, 0.7, -0.1, 0.0)],
            "a bar over two digits",
        ),
    ];
    for (boxes, reason) in cases {
        let bounds = |&(left, right, top, bottom): &(f32, f32, f32, f32)| Bounds {
            min: Point::new(left, top),
            max: Point::new(right, bottom),
        };
        let boxes: Vec<Bounds> = boxes.iter().map(bounds).collect();
        let line: Vec<usize> = (0..boxes.len()).collect();
        let (underlines, others) = pieces::without_underlines(&line, &boxes);
        assert_eq!(
            (underlines, others.len()),
            (vec![], boxes.len()),
            "{reason}"
        );
    }
}

#[test]
fn a_dot_between_digits_takes_little_confidence() {
    let (digits, _) = line(&[1, 7, 4, 2], 0.35, 0.0, &mut ChaCha8Rng::seed_from_u64(32));
    let bounds: Vec<_> = read(&digits).bounds().collect();
    let dot = Point::new(f32::midpoint(bounds[1].max.x, bounds[2].min.x), 1.0);
    let mut dotted = digits.clone();
    dotted.push(polyline(&[(dot.x, dot.y), (dot.x + 0.02, dot.y)]));
    let (plain, dotted) = (read(&digits), read(&dotted));
    assert_eq!((dotted.text(), dotted.non_digits()), (plain.text(), 1));
    assert!(
        dotted.confidence() > plain.confidence() - 0.02,
        "{}: the digits are the same with or without it",
        dotted.confidence()
    );
}

#[test]
fn two_numbers_far_from_each_other_are_shown_apart() {
    // The gap in heights of a digit.
    let cases = [
        (0.3, "4250", "one number"),
        (1.0, "4250", "a group of a card number"),
        (2.0, "42 50", "two numbers"),
    ];
    for (gap, shown, reason) in cases {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let (mut ink, _) = line(&[4, 2], 0.3, 0.0, &mut rng);
        let right = ink.bounds().expect("digits have ink").max.x;
        let (next, _) = line(&[5, 0], 0.3, 0.0, &mut rng);
        let next = moved(&next, |point| Point::new(point.x + right + gap, point.y));
        next.strokes()
            .iter()
            .for_each(|stroke| ink.push(stroke.clone()));
        let number = read(&ink);
        assert_eq!(number.text(), "4250", "{reason}");
        assert_eq!(number.spaced_text(), shown, "{reason}");
    }
}

#[test]
fn digits_may_differ_in_size() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let (large, _) = line(&[4, 2], 0.2, 0.0, &mut rng);
    let (small, _) = line(&[8, 5], 0.2, 0.0, &mut rng);
    let right = large.bounds().map_or(0.0, |bounds| bounds.max.x) + 0.15;
    let small = moved(&small, |point| {
        Point::new(right + 0.55 * point.x, 0.4 + 0.55 * point.y)
    });
    let all = large.strokes().iter().chain(small.strokes()).cloned();
    assert_eq!(
        read(&all.collect()).text(),
        "4285",
        "the last two are half as large"
    );
}

/// What a picture of black ink on white paper shows, 100 pixels a unit.
fn reading_of_picture(ink: &Ink) -> Reading {
    reading_with_ink(ink, Constraints::default()).0
}

/// The same with these constraints, and the ink that was found in the picture.
fn reading_with_ink(ink: &Ink, constraints: Constraints) -> (Reading, PictureInk) {
    let bounds = ink.bounds().expect("ink");
    let place = |&point: &Point| (point - bounds.min) * 100.0 + Point::new(30.0, 30.0);
    let lines: Vec<Vec<Point>> = ink
        .strokes()
        .iter()
        .map(|stroke| stroke.points().iter().map(place).collect())
        .collect();
    let size = place(&bounds.max) + Point::new(30.0, 30.0);
    let [width, height] = [size.x, size.y].map(|side| side as usize);
    let paper = Raster::draw(&lines, 7.0, width, height);
    let pixels = paper.pixels().iter();
    let rgba = pixels.flat_map(|ink| {
        let tone = 255 - (ink.min(1.0) * 255.0) as u8;
        [tone, tone, tone, 255]
    });
    let picture = picture::from_rgba(rgba.collect(), [width, height]).expect("a picture");
    let components = picture.view.components.expect("ink");
    let reading = reader().read_picture(&components, &picture.bitmap, constraints);
    (reading.expect("the logits are finite"), components)
}

#[test]
fn all_ink_of_touching_digits_has_an_owner() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let touching = (0..12).find_map(|first: u8| {
        let (ink, _) = line(&[first % 10, (first * 3 + 1) % 10], -0.02, 0.0, &mut rng);
        match reading_with_ink(&ink, Constraints::default()) {
            (Reading::Number(number), ink) if ink.boxes().len() == 1 => Some((number, ink)),
            _ => None,
        }
    });
    let (number, ink) = touching.expect("digits that are one component");
    let owners = number.owners(&ink);
    for (owner, component) in owners.iter().zip(ink.component_of()) {
        assert_eq!(owner.is_some(), component.is_some(), "ink, and not paper");
    }
    let columns = |digit| {
        let pixels = owners.iter().enumerate();
        let own = pixels.filter(move |(_, owner)| **owner == Some(digit));
        let columns: Vec<usize> = own.map(|(at, _)| at % ink.width()).collect();
        columns.iter().sum::<usize>() as f32 / columns.len() as f32
    };
    for (index, digit) in number.digits.iter().enumerate() {
        let Bounds { min, max } = digit.bounds;
        let mean = columns(index);
        assert!(
            mean > min.x && mean < max.x,
            "{index}: about {mean} in {min:?} to {max:?}"
        );
    }
    assert!(columns(0) < columns(1), "from left to right");
}

#[test]
fn digits_of_a_picture_may_touch() {
    // Gap, in heights of a digit; how many of twelve numbers must be read rightly.
    let cases = [
        (0.25, 11, "wide"),
        (0.0, 6, "touching"),
        (-0.1, 2, "overlapping"),
    ];
    let right = cases.map(|(gap, ..)| {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let is_read = |first: u8, rng: &mut ChaCha8Rng| {
            let digits = [first % 10, (first * 3 + 1) % 10, (first * 7 + 2) % 10];
            let (ink, _) = line(&digits, gap, 0.0, rng);
            let text: String = digits.iter().map(ToString::to_string).collect();
            let reading = reading_of_picture(&ink);
            matches!(reading, Reading::Number(number) if number.text() == text)
        };
        (0..12).filter(|&first| is_read(first, &mut rng)).count()
    });
    for ((_, least, reason), right) in cases.into_iter().zip(right) {
        assert!(right >= least, "{reason}: {right} of 12");
    }
}

#[test]
fn one_digit_of_a_picture_stays_one() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    for value in (0..10).chain(0..10) {
        let reading = reading_of_picture(&digit(value, &mut rng));
        assert!(matches!(reading, Reading::Single { .. }), "{value}");
    }
}

#[test]
fn a_length_decides_between_divisions() {
    let (ink, _) = line(&[1, 1], 0.12, 0.0, &mut ChaCha8Rng::seed_from_u64(2));
    let read = |length| {
        let constraints = Constraints {
            length: Some(length),
            ..Constraints::default()
        };
        reader().read(&ink, constraints).expect("finite")
    };
    assert!(
        !matches!(read(1), Reading::Number(_)),
        "one digit is no number"
    );
    let Reading::Number(number) = read(2) else {
        panic!("two digits")
    };
    assert_eq!(
        (number.text().as_str(), number.digits.len()),
        ("11", 2),
        "two digits"
    );
    let Reading::Number(number) = read(5) else {
        panic!("a sure reading stays as it is");
    };
    assert_eq!(
        (number.text().as_str(), number.misfit()),
        ("11", Some(Misfit::Length)),
        "never five digits"
    );
    let mut both = ink.clone();
    for stroke in moved(&ink, |point| Point::new(point.x, point.y + 1.5)).strokes() {
        both.push(stroke.clone());
    }
    let constraints = Constraints {
        length: Some(4),
        ..Constraints::default()
    };
    let Reading::Number(number) = reader().read(&both, constraints).expect("finite") else {
        panic!("four digits");
    };
    assert_eq!(number.text(), "1111", "over two lines");
}

#[test]
fn a_number_may_have_two_lines() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (mut ink, _) = line(&[4, 2], 0.3, 0.0, &mut rng);
    let upper = ink.strokes().len();
    let (lower, _) = line(&[1, 7], 0.3, 0.0, &mut rng);
    for stroke in moved(&lower, |point| Point::new(point.x, point.y + 1.4)).strokes() {
        ink.push(stroke.clone());
    }
    let number = read(&ink);
    assert_eq!(number.text(), "4217", "the upper line first");
    let is_upper = |digit: &NumberDigit| digit.strokes.iter().all(|&stroke| stroke < upper);
    assert!(number.digits[..2].iter().all(is_upper), "of the upper line");
}

#[test]
fn near_lines_and_columns_are_lines() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let cases: [&[&[u8]]; 3] = [
        &[&[4, 2], &[1, 7]],
        &[&[3], &[7]],
        &[&[7], &[2], &[3], &[9], &[4]],
    ];
    for pitch in [1.05, 1.1, 1.18] {
        for lines in cases {
            let mut ink = Ink::default();
            for (index, &digits) in lines.iter().enumerate() {
                let (own, _) = line(digits, 0.3, 0.0, &mut rng);
                // Exactly 1 high.
                let bounds = own.bounds().expect("digits");
                let scale = 1.0 / (bounds.max.y - bounds.min.y);
                let place = |point: Point| {
                    let place = (point - bounds.min) * scale;
                    Point::new(place.x, place.y + index as f32 * pitch)
                };
                for stroke in moved(&own, place).strokes() {
                    ink.push(stroke.clone());
                }
            }
            let expected: String = lines.concat().iter().map(ToString::to_string).collect();
            assert_eq!(read(&ink).text(), expected, "at {pitch}");
        }
    }
}

#[test]
fn a_column_is_never_one_digit() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for column in 0..40_u8 {
        let mut ink = Ink::default();
        for index in 0..5_u8 {
            let (own, _) = line(&[(column + 3 * index) % 10], 0.3, 0.0, &mut rng);
            let down = f32::from(index) * 1.1;
            for stroke in moved(&own, |point| Point::new(point.x, point.y + down)).strokes() {
                ink.push(stroke.clone());
            }
        }
        let reading = reader().read(&ink, Constraints::CHARACTER);
        let reading = reading.expect("the network runs");
        let is_sure =
            matches!(&reading, Reading::Single { prediction, .. } if prediction.is_digit());
        assert!(!is_sure, "column {column}: {reading:?}");
    }
}

#[test]
fn two_loops_above_each_other_are_an_8() {
    let circle = |y: f32| {
        let angle = |i: usize| i as f32 * std::f32::consts::TAU / 16.0;
        let points: Vec<_> = (0..=16)
            .map(|i| (0.25 * angle(i).sin(), y + 0.25 * angle(i).cos()))
            .collect();
        polyline(&points)
    };
    let number = read(&[circle(0.25), circle(0.76)].into_iter().collect());
    assert_eq!(number.text(), "8", "a gap of a hundredth is no line break");
    let seven = polyline(&[(0.6, 0.0), (1.1, 0.0), (0.8, 1.0)]);
    let number = read(&[circle(0.25), circle(0.76), seven].into_iter().collect());
    assert_eq!(number.text(), "87", "beside another digit");
    let number = read(&[circle(0.25), circle(1.0)].into_iter().collect());
    assert_eq!(number.text(), "00", "two lines");
    let above = [
        (0.77, -0.05),
        (0.49, 0.04),
        (0.26, 0.25),
        (0.24, 0.4),
        (0.37, 0.46),
        (0.64, 0.4),
        (0.73, 0.28),
        (0.64, 0.16),
        (0.48, 0.14),
        (0.39, 0.19),
    ];
    let below = [
        (0.44, 0.54),
        (0.2, 0.69),
        (0.04, 0.91),
        (0.06, 0.97),
        (0.25, 1.0),
        (0.5, 0.92),
        (0.66, 0.74),
        (0.66, 0.66),
        (0.44, 0.64),
    ];
    for (rise, is_eight) in [(0.0, true), (0.2, false)] {
        let above = above.map(|(x, y)| (x, y - rise));
        let ink: Ink = [polyline(&above), polyline(&below)].into_iter().collect();
        for constraints in [Constraints::default(), Constraints::CHARACTER] {
            let expected = if is_eight { "8" } else { "60" };
            let said = match reader().read(&ink, constraints).expect("finite") {
                Reading::Single { prediction, .. } => prediction.digit().to_string(),
                Reading::Number(number) => number.text(),
                other => panic!("{rise}: {other:?}"),
            };
            assert_eq!(said, expected, "two loops with tails, raised by {rise}");
        }
    }
}

#[test]
fn a_likely_number_is_read_although_a_digit_is_doubtful() {
    // A 1 whose flag is to the right.
    let mirrored_one = [(0.2, 0.25), (0.02, 0.0), (0.0, 0.5), (0.02, 1.0)];
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    for (digits, is_read) in [(&[4, 2][..], true), (&[4], false)] {
        let (mut ink, _) = line(digits, 0.2, 0.0, &mut rng);
        let right = ink.bounds().expect("ink").max.x;
        ink.push(polyline(&mirrored_one.map(|(x, y)| (right + 0.3 + x, y))));
        match reading(&ink) {
            Reading::Number(number) => {
                let doubtful = number.digits.last().expect("a digit");
                assert!(
                    is_read && number.length() == digits.len() + 1,
                    "{}",
                    number.text()
                );
                assert!(!doubtful.prediction.is_digit(), "the last one is doubtful");
                assert!(
                    !number.can_be_read(),
                    "and so is the number: {}",
                    number.confidence()
                );
            }
            other => assert!(!is_read, "{digits:?}: {other:?}"),
        }
    }
}

/// A 2 whose foot leads on to a 7, in one stroke that is longer by `way`.
fn joined_27(way: f32) -> Ink {
    let two = [
        (0.0, 0.2),
        (0.1, 0.05),
        (0.3, 0.0),
        (0.5, 0.1),
        (0.5, 0.3),
        (0.3, 0.6),
        (0.0, 1.0),
        (0.2, 1.0),
        (0.4, 1.0),
    ];
    let seven = [
        (0.5, 0.98),
        (0.6, 0.5),
        (0.7, 0.0),
        (1.0, 0.0),
        (1.3, 0.0),
        (1.1, 0.4),
        (0.95, 0.7),
        (0.9, 1.0),
    ];
    let seven = seven.iter().map(|&(x, y)| (x + way, y));
    let joined = polyline(&two.into_iter().chain(seven).collect::<Vec<_>>());
    [joined].into_iter().collect()
}

#[test]
fn one_stroke_may_hold_two_digits() {
    for (way, reason) in [(0.0, "near"), (0.1, "by a long line")] {
        let number = read(&joined_27(way));
        assert_eq!(number.text(), "27", "{reason}: cut where the 2 ends");
        assert_eq!(strokes(&number), [[0], [0]], "{reason}: of the same stroke");
    }
}

/// Whether a reading has several digits, read or not.
fn has_several(reading: Result<Reading, ModelError>) -> bool {
    match reading.expect("finite") {
        Reading::Number(number) => number.length() > 1,
        reading => matches!(reading, Reading::SeveralDigits { .. }),
    }
}

#[test]
fn digits_that_touch_are_several_where_one_character_is_expected() {
    let is_several = |ink: &Ink| has_several(reader().read(ink, Constraints::CHARACTER));
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    let pairs = (0..10).map(|first| line(&[first, (first * 3 + 2) % 10], -0.1, 0.0, &mut rng).0);
    let several = pairs.filter(is_several).count();
    assert!(several >= 9, "{several} of 10 overlapping pairs");
    let ones = (0..20).map(|value| digit(value % 10, &mut rng));
    assert_eq!(ones.filter(is_several).count(), 0, "single digits");
}

#[test]
fn a_dash_before_a_digit_is_no_part_of_it() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    for value in 2..9 {
        let (mut ink, _) = line(&[value], 0.2, 0.0, &mut rng);
        let left = ink.bounds().expect("ink").min.x;
        ink.push(polyline(&[
            (left - 0.6, 0.5),
            (left - 0.4, 0.5),
            (left - 0.2, 0.52),
        ]));
        let read = |constraints| reader().read(&ink, constraints).expect("finite");
        match read(Constraints::default()) {
            Reading::Number(number) => {
                assert_eq!([number.length(), number.non_digits()], [1, 1], "-{value}");
            }
            other => panic!("-{value}: {other:?}"),
        }
        match read(Constraints::CHARACTER) {
            Reading::Single { prediction, .. } => {
                assert!(!prediction.is_digit(), "-{value} is not a digit");
            }
            other => panic!("-{value}: {other:?}"),
        }
    }
    for (y, is_sign, reason) in [
        (0.5, true, "a minus"),
        (0.0, false, "the hat of a 5"),
        (0.98, false, "the foot of a 1"),
    ] {
        let strokes = [
            polyline(&[(-0.6, y), (-0.2, y + 0.02)]),
            polyline(&[(0.0, 0.0), (0.3, 1.0)]),
        ];
        let ink: Ink = strokes.into_iter().collect();
        let line = InkLine::new(&ink, &[0, 1]);
        let whole = line.whole();
        let lattice = lattice_of(&line, &whole, 1.0, true, false);
        let is_group = lattice.groups().iter().any(|group| group.key.len() == 2);
        assert_eq!(is_group, !is_sign, "{reason}");
    }
}

#[test]
fn a_number_stays_while_a_digit_is_added() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let (number, _) = line(&[2, 0], 0.3, 0.0, &mut rng);
    let right = number.bounds().expect("ink").max.x;
    // The beginning of a 3, or the hat of a 5.
    let begun = polyline(&[(right + 0.3, 0.15), (right + 0.5, 0.0), (right + 0.65, 0.1)]);
    let ink: Ink = number.strokes().iter().cloned().chain([begun]).collect();
    for constraints in [Constraints::default(), Constraints::CHARACTER] {
        let mut reader = reader();
        let follow = reader.follow(&ink, constraints).expect("finite");
        assert!(
            matches!(&follow, Reading::Number(number) if number.text() == "20"),
            "{follow:?}"
        );
        let read = reader.read(&ink, constraints).expect("finite");
        assert!(matches!(&read, Reading::SeveralDigits { .. }), "{read:?}");
    }
}

#[test]
fn with_a_length_of_one_no_number_is_read() {
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    let (pair, _) = line(&[4, 2], 0.2, 0.0, &mut rng);
    let one = Constraints {
        length: Some(1),
        ..Constraints::default()
    };
    let mut reader = reader();
    let mut read = |constraints| reader.read(&pair, constraints).expect("finite");
    for constraints in [Constraints::default(), Constraints::CHARACTER] {
        let reading = read(constraints);
        assert!(
            matches!(&reading, Reading::Number(number) if number.text() == "42"),
            "{reading:?}"
        );
    }
    assert!(
        matches!(read(one), Reading::SeveralDigits { .. }),
        "more than one digit"
    );
}

#[test]
fn an_unfinished_character_is_not_searched_for_digits_that_touch() {
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    let mut found_late = 0;
    for first in 0..10 {
        let pair = line(&[first, (first * 3 + 2) % 10], -0.1, 0.0, &mut rng).0;
        let mut reader = reader();
        let at_once = has_several(reader.follow(&pair, Constraints::CHARACTER));
        let scored = reader.scored.len();
        let at_last = has_several(reader.read(&pair, Constraints::CHARACTER));
        found_late += usize::from(!at_once && at_last && reader.scored.len() > scored);
    }
    assert!(found_late > 0, "only when the pen is up");
}

#[test]
fn the_dot_of_a_question_mark_is_not_beside_a_digit() {
    let hook = [
        (0.0, 0.1),
        (0.3, 0.0),
        (0.5, 0.15),
        (0.45, 0.35),
        (0.25, 0.5),
        (0.2, 0.75),
    ];
    let seven = [(0.0, 0.0), (0.6, 0.0), (0.3, 0.8)];
    for (shape, reason) in [(&hook[..], "a question mark"), (&seven, "a 7 above a dot")] {
        let ink = [polyline(shape), polyline(&[(0.2, 1.0)])]
            .into_iter()
            .collect();
        let reading = reading(&ink);
        assert!(
            matches!(reading, Reading::Single { .. }),
            "{reason}: {reading:?}"
        );
    }
}

#[test]
fn letters_do_not_fall_apart_into_digits() {
    type Lines<'a> = &'a [&'a [(f32, f32)]];
    let (left, right) = ([(0.0, 0.0), (0.0, 1.0)], [(0.6, 0.0), (0.6, 1.0)]);
    let cases: [(&str, Lines<'_>); 4] = [
        ("H", &[&left, &right, &[(0.0, 0.5), (0.6, 0.5)]]),
        ("X", &[&[(0.0, 0.0), (0.6, 1.0)], &[(0.6, 0.0), (0.0, 1.0)]]),
        (
            "M",
            &[&[
                (0.0, 1.0),
                (0.05, 0.0),
                (0.35, 0.7),
                (0.65, 0.0),
                (0.7, 1.0),
            ]],
        ),
        (
            "W",
            &[&[(0.0, 0.0), (0.2, 1.0), (0.4, 0.3), (0.6, 1.0), (0.8, 0.0)]],
        ),
    ];
    for (letter, strokes) in cases {
        let ink = strokes.iter().map(|points| polyline(points)).collect();
        let reading = reading(&ink);
        assert!(matches!(reading, Reading::Single { .. }), "{letter}");
    }
}

/// Ten strokes over each other.
fn hatched() -> Ink {
    let stroke = |i: usize| {
        let at = 0.1 * i as f32;
        polyline(&[(at, 0.1), (0.5, 0.5 - 0.3 * at), (1.0 - at, 0.9)])
    };
    (0..10).map(stroke).collect()
}

#[test]
fn only_groups_that_may_matter_are_scored() {
    let (ink, _) = line(
        &[4, 5, 7, 1, 4, 5],
        0.1,
        0.0,
        &mut ChaCha8Rng::seed_from_u64(4),
    );
    let mut few = reader();
    let number = few.number(&ink, Constraints::default()).expect("finite");
    let mut all = reader();
    let strokes = [(0..ink.strokes().len()).collect::<Vec<_>>()];
    let line = InkLine::new(&ink, &strokes[0]);
    let whole = line.whole();
    let lattice = lattice_of(&line, &whole, pieces::line_height(&whole), true, false);
    all.forget_changed_strokes(&ink);
    let groups: Vec<&Group> = lattice.groups().iter().collect();
    all.score(&line, groups.iter().map(|group| &group.key))
        .expect("finite");
    check_same(
        &all.number(&ink, Constraints::default()).expect("finite"),
        &number,
    );
    let (few, all) = (few.scored.len(), all.scored.len());
    assert!(2 * few < all, "{few} of {all} groups");
}

#[test]
fn an_unfinished_scribble_is_refused_at_once_where_one_character_is_expected() {
    let mut reader = reader();
    let reading = reader.follow(&hatched(), Constraints::CHARACTER);
    let reading = reading.expect("finite");
    assert!(matches!(reading, Reading::Single { .. }), "one character");
    assert_eq!(reader.scored.len(), 0, "no stroke stands alone");
}

#[test]
fn place_size_and_far_ink_change_nothing() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let (ink, _) = line(&[3, 0, 8, 6], 0.2, 0.0, &mut rng);
    let number = read(&ink);
    let other = moved(&ink, |point| {
        Point::new(point.x * 0.25 + 3.0, point.y * 0.25 - 2.0)
    });
    assert_eq!(
        strokes(&read(&other)),
        strokes(&number),
        "smaller, elsewhere"
    );
    let mut longer = ink.clone();
    longer.push(polyline(&[(9.0, 0.0), (9.0, 1.0)]));
    let longer = read(&longer);
    assert_eq!(
        strokes(&longer)[..4],
        strokes(&number),
        "a 1 far to the right"
    );
    assert_eq!(longer.digits.len(), 5, "the 1 is a digit of its own");
}

/// The sizes of the batches differ, so that sums are rounded differently.
fn check_same(a: &Number, b: &Number) {
    assert_eq!(strokes(a), strokes(b), "the same division");
    assert_eq!(a.text(), b.text(), "the same digits");
    let difference = (a.confidence() - b.confidence()).abs();
    assert!(difference < 1e-4, "confidences differ by {difference}");
}

#[test]
fn reading_on_equals_reading_anew() {
    let ink = seven_with_a_late_bar();
    let mut following = reader();
    let mut growing = Ink::default();
    for stroke in ink.strokes() {
        growing.push(stroke.clone());
        let followed = following
            .number(&growing, Constraints::default())
            .expect("finite");
        check_same(&followed, &read(&growing));
    }
    let seven = &ink.strokes()[0];
    for count in 1..=seven.points().len() {
        let part = Stroke::new(seven.points()[..count].to_vec());
        let growing: Ink = part.into_iter().collect();
        let followed = following
            .number(&growing, Constraints::default())
            .expect("finite");
        check_same(&followed, &read(&growing));
    }
    let shorter: Ink = ink.strokes()[1..].iter().cloned().collect();
    let followed = following
        .number(&shorter, Constraints::default())
        .expect("finite");
    check_same(&followed, &read(&shorter));
}

#[test]
fn a_growing_stroke_keeps_the_scores_of_its_first_parts() {
    let points: Vec<(f32, f32)> = (0..8).map(|i| (0.2 * i as f32, (i % 2) as f32)).collect();
    let ink = |points: &[(f32, f32)]| [polyline(points)].into_iter().collect::<Ink>();
    let mut reader = reader();
    let read = reader.number(&ink(&points[..7]), Constraints::default());
    read.expect("finite");
    let count = reader.scored.len();
    assert!(count > 1, "the stroke is cut");
    reader.forget_changed_strokes(&ink(&points));
    assert_eq!(reader.scored.len(), count, "a point more");
    reader.forget_changed_strokes(&ink(&points[1..]));
    assert_eq!(reader.scored.len(), 0, "another beginning");
}

#[test]
fn empty_ink_and_scribbles_are_no_number() {
    assert_eq!(reading(&Ink::default()), Reading::Blank, "no ink");
    let scribble: Ink = (0..100)
        .map(|i| {
            polyline(&[
                (0.01 * i as f32, 0.0),
                (0.3, 0.5),
                (1.0 - 0.01 * i as f32, 1.0),
            ])
        })
        .collect();
    assert_eq!(
        read(&scribble),
        Number::default(),
        "more strokes than a line has"
    );
    assert!(
        matches!(reading(&scribble), Reading::Single { .. }),
        "one character"
    );
}

/// What a line of digits in clear writing shows.
fn reading_of(digits: &[u8], constraints: Constraints) -> Reading {
    let (ink, _) = line(digits, 0.3, 0.0, &mut ChaCha8Rng::seed_from_u64(32));
    reader().read(&ink, constraints).expect("finite")
}

#[test]
fn a_sure_reading_is_not_replaced_by_what_is_known() {
    let of = |length, format| Constraints {
        length,
        format,
        is_character: false,
    };
    let card = of(None, Some(NumberFormat::Card));
    let date = of(None, Some(NumberFormat::Date));
    let cases: [(&[u8], Constraints, Option<Misfit>, &str); 9] = [
        (
            &[1, 7],
            card,
            Some(Misfit::CheckDigit),
            "the check digit of 1 is 8",
        ),
        (&[1, 8], card, None, "a card number"),
        (
            &[4, 1, 7, 2],
            card,
            Some(Misfit::CheckDigit),
            "a longer one",
        ),
        (
            &[0, 5, 0, 6, 2, 0, 2, 4],
            date,
            None,
            "a date in two orders",
        ),
        (&[0, 1, 0, 2, 0, 3], date, None, "a date in three orders"),
        (&[4, 5, 4, 5, 4, 5], date, Some(Misfit::Date), "no month 45"),
        (&[1, 7], date, Some(Misfit::Date), "too short for a date"),
        (
            &[1, 7, 4],
            of(Some(2), None),
            Some(Misfit::Length),
            "three digits",
        ),
        (&[1, 7, 4], of(Some(3), None), None, "as many as known"),
    ];
    for (digits, constraints, misfit, reason) in cases {
        let expected: String = digits.iter().map(ToString::to_string).collect();
        let number_of = |reading| match reading {
            Reading::Number(number) => number,
            reading => panic!("{reason}: {reading:?}"),
        };
        let plain = number_of(reading_of(digits, Constraints::default()));
        assert!(plain.confidence() > 0.95, "{reason}: it is clear");
        let number = number_of(reading_of(digits, constraints));
        assert_eq!(number.text(), expected, "{reason}");
        assert_eq!(number.misfit(), misfit, "{reason}");
        assert_eq!(plain.misfit(), None, "{reason}: nothing is known");
        // With a known length, divisions far from the best one count too.
        assert!(
            (number.confidence() - plain.confidence()).abs() < 0.02,
            "{reason}: as sure as before"
        );
    }
}

#[test]
fn what_is_known_decides_between_doubtful_readings() {
    // Probability of the best reading, of the best one that fits, of all that fit; whether that is chosen, and its own.
    let cases = [
        (0.999, 0.0005, 0.001, false, 0.991, "sure"),
        (0.9, 0.09, 0.1, false, 0.5, "just sure"),
        (0.8, 0.2, 0.2, true, 0.692, "doubtful"),
        (0.7, 0.7, 0.7, true, 0.955, "doubtful, and it fits"),
        (1.0, 1.0, 1.0, true, 1.0, "sure, and it fits"),
        (0.5, 0.0, 0.0, false, 0.5, "none fits"),
    ];
    for (best, fitting, all, fits, expected, reason) in cases {
        let (is_chosen, factor) = weigh(best, fitting, all);
        assert_eq!(is_chosen, fits, "{reason}");
        let probability = factor * if fits { fitting } else { best };
        // The expectations have three digits.
        assert!(
            (probability - expected).abs() < 6e-4,
            "{reason}: {probability}"
        );
    }
}
