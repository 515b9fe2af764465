//! The bitmap of a drawing does not depend on its position, its size or the tablet's sampling rate.

mod digits;
mod properties;

use std::path::PathBuf;

use digitpad::{
    bitmap::{Bitmap, PIXELS, SIDE},
    ink::{Ink, Point, Stroke, file, smooth, to_bitmap},
};

use self::digits::{digits, sampled};

fn ink(strokes: &[&[(f32, f32)]]) -> Ink {
    let stroke = |points: &&[(f32, f32)]| {
        Stroke::new(points.iter().map(|&(x, y)| Point::new(x, y)).collect())
    };
    strokes.iter().filter_map(stroke).collect()
}

/// The largest difference of a pixel, and the sum of all differences relative to the ink.
fn difference(a: &Bitmap, b: &Bitmap) -> (f32, f32) {
    let pairs = || a.pixels().iter().zip(b.pixels());
    let largest = pairs().map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let sum: f32 = pairs().map(|(a, b)| (a - b).abs()).sum();
    (largest, sum / mass(a).max(f32::MIN_POSITIVE))
}

fn mass(bitmap: &Bitmap) -> f32 {
    bitmap.pixels().iter().sum()
}

/// The number of columns and rows of the ink's bounding box.
fn extent(bitmap: &Bitmap) -> (usize, usize) {
    let span = |of: fn(usize) -> usize| {
        let inked = || {
            (0..PIXELS)
                .filter(|&index| bitmap.pixels()[index] > 0.0)
                .map(of)
        };
        inked()
            .max()
            .zip(inked().min())
            .map_or(0, |(last, first)| last + 1 - first)
    };
    (span(|index| index % SIDE), span(|index| index / SIDE))
}

/// The center of mass, with pixel `i` from `i` to `i + 1`.
fn center(bitmap: &Bitmap) -> (f32, f32) {
    let moment = |of: fn(usize) -> usize| -> f32 {
        let pixels = bitmap.pixels().iter().enumerate();
        pixels
            .map(|(index, pixel)| pixel * (of(index) as f32 + 0.5))
            .sum()
    };
    let mass = mass(bitmap);
    (
        moment(|index| index % SIDE) / mass,
        moment(|index| index / SIDE) / mass,
    )
}

fn scribble() -> Ink {
    let point = |i: i32| {
        let t = i as f32 * 0.011;
        Point::new(0.5 + 0.4 * (t * 1.7).sin(), 0.5 + 0.4 * (t * 2.3).cos())
    };
    Stroke::new((0..10_000).map(point).collect())
        .into_iter()
        .collect()
}

#[test]
fn degenerate_ink_has_the_expected_size() {
    // The ink may begin within a pixel, so it may take one more column or row than its size.
    struct Case {
        ink: Ink,
        columns: std::ops::RangeInclusive<usize>,
        rows: std::ops::RangeInclusive<usize>,
        reason: &'static str,
    }
    let dot = ink(&[&[(0.3, 0.9)]]);
    // Eight samples whose bounding box is 8 % smaller than the circle.
    let circle = |index: usize| {
        let (sin, cos) = ((index as f32 + 0.5) * std::f32::consts::FRAC_PI_4).sin_cos();
        (0.5 + 0.4 * cos, 0.5 + 0.4 * sin)
    };
    let circle_between_samples = ink(&[&std::array::from_fn::<_, 11, _>(circle)]);
    let cases = [
        Case {
            ink: dot,
            columns: 2..=4,
            rows: 2..=4,
            reason: "a dot is as wide as the pen",
        },
        Case {
            ink: ink(&[&[(0.5, 0.5); 40]]),
            columns: 2..=4,
            rows: 2..=4,
            reason: "a pen at rest is a dot",
        },
        Case {
            ink: ink(&[&[(0.5, 0.5), (0.502, 0.501), (0.501, 0.503)]]),
            columns: 2..=7,
            rows: 2..=7,
            reason: "a shaken dot is not enlarged to a digit",
        },
        Case {
            ink: ink(&[&[(0.2, 0.5)], &[(0.8, 0.5)]]),
            columns: 20..=21,
            rows: 2..=4,
            reason: "two dots fill the box",
        },
        Case {
            ink: ink(&[&[(0.5, 0.1), (0.5, 0.9)]]),
            columns: 2..=4,
            rows: 20..=21,
            reason: "a 1 stays thin",
        },
        Case {
            ink: ink(&[&[(0.1, 0.5), (0.9, 0.5)]]),
            columns: 20..=21,
            rows: 2..=4,
            reason: "a dash stays flat",
        },
        Case {
            ink: circle_between_samples,
            columns: 20..=21,
            rows: 20..=21,
            reason: "a path beyond the bounding box of its samples fits, too",
        },
        Case {
            ink: scribble(),
            columns: 20..=21,
            rows: 20..=21,
            reason: "a scribble of ten thousand points fills the box",
        },
    ];
    for Case {
        ink,
        columns,
        rows,
        reason,
    } in cases
    {
        let bitmap = to_bitmap(&ink).expect("there is ink");
        let found = extent(&bitmap);
        assert!(
            columns.contains(&found.0),
            "{reason}: {} columns in {bitmap:?}",
            found.0
        );
        assert!(
            rows.contains(&found.1),
            "{reason}: {} rows in {bitmap:?}",
            found.1
        );
        let (x, y) = center(&bitmap);
        assert!((x - 14.5).abs() < 0.05, "{reason}: its center is at x {x}");
        assert!((y - 14.5).abs() < 0.05, "{reason}: its center is at y {y}");
    }
    assert_eq!(to_bitmap(&Ink::default()), None, "empty ink has no bitmap");
}

#[test]
fn the_pen_is_as_wide_as_in_mnist() {
    let line = to_bitmap(&ink(&[&[(0.5, 0.1), (0.5, 0.9)]])).expect("there is ink");
    // 20 pixels long and 2.4 wide, with round ends. The rasterizer is exact to 2 %.
    let expected = 17.6 * 2.4 + std::f32::consts::PI * 1.2 * 1.2;
    let found = mass(&line);
    assert!(
        (found / expected - 1.0).abs() < 0.02,
        "{found}, not {expected}"
    );
}

#[test]
fn centering_moves_no_ink_out_of_the_picture() {
    // Much ink on the left and a dot far to the right: centering alone would push the dot out.
    let mut points = Vec::new();
    for i in 0..400 {
        points.push((0.1 + 0.03 * (i % 2) as f32, 0.2 + 0.0015 * i as f32));
    }
    let bitmap = to_bitmap(&ink(&[&points, &[(0.9, 0.5)]])).expect("there is ink");
    let right: f32 = bitmap
        .pixels()
        .chunks_exact(SIDE)
        .map(|row| row[24..].iter().sum::<f32>())
        .sum();
    assert!(right > 3.5, "the dot is complete: {bitmap:?}");
}

#[test]
fn the_sampling_rate_does_not_matter() {
    // Largest and mean difference: ten samples do not determine the curve of an 8, twenty do.
    let tolerances = [
        (10, 0.65, 0.22),
        (20, 0.2, 0.05),
        (50, 0.1, 0.025),
        (1000, 0.1, 0.025),
    ];
    for (digit, strokes) in digits() {
        let exact = to_bitmap(&sampled(&strokes, 300)).expect("there is ink");
        for (per_part, largest, mean) in tolerances {
            let bitmap = to_bitmap(&sampled(&strokes, per_part)).expect("there is ink");
            let found = difference(&exact, &bitmap);
            assert!(
                found.0 <= largest && found.1 <= mean,
                "{digit} with {per_part} samples a part differs by {found:?}: {exact:?}{bitmap:?}"
            );
        }
    }
}

#[test]
fn corners_stay_corners() {
    // Straight lines, sampled only at their ends: the path must follow them.
    let corners: [&[(f32, f32)]; 3] = [
        &[(0.2, 0.2), (0.8, 0.2), (0.4, 0.9)],
        &[(0.5, 0.1), (0.1, 0.6), (0.9, 0.6)],
        &[(0.2, 0.1), (0.2, 0.9), (0.9, 0.9)],
    ];
    for points in corners {
        let points: Vec<Point> = points.iter().map(|&(x, y)| Point::new(x, y)).collect();
        let path = smooth::flatten(&points, smooth::PAD_TOLERANCE);
        for at in &path {
            let off = points
                .windows(2)
                .map(|ends| distance(*at, ends[0], ends[1]));
            let off = off.fold(f32::INFINITY, f32::min);
            assert!(
                off < 1e-5,
                "{at:?} is {off} off the straight strokes of {points:?}"
            );
        }
    }
}

/// Real ink, from `DIGITPAD_INK_DIR` or from `../shared/ink`.
#[test]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn real_ink_is_read_and_normalized() {
    let folder = std::env::var_os("DIGITPAD_INK_DIR").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/ink"),
        PathBuf::from,
    );
    for (name, lines) in [("digits.jsonl.gz", 9596), ("nondigits.jsonl.gz", 16_057)] {
        let path = folder.join(name);
        if !path.exists() {
            println!("skipped: there is no {}", path.display());
            continue;
        }
        let records = file::read(&path).expect("valid ink");
        assert_eq!(records.len(), lines, "each line of {name}");
        for (index, record) in records.iter().enumerate().step_by(4) {
            let bitmap = to_bitmap(&record.ink).expect("there is ink");
            let (columns, rows) = extent(&bitmap);
            assert!(
                columns.max(rows) <= 21,
                "{name} line {}: {bitmap:?}",
                index + 1
            );
        }
    }
}

fn distance(point: Point, a: Point, b: Point) -> f32 {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let along = ((point.x - a.x) * dx + (point.y - a.y) * dy) / (dx * dx + dy * dy);
    let along = along.clamp(0.0, 1.0);
    (point.x - a.x - along * dx).hypot(point.y - a.y - along * dy)
}
