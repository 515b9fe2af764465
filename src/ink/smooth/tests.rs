use super::*;

fn circle(count: usize) -> Vec<Point> {
    let point = |index: usize| {
        let turn = index as f32 / count as f32 * std::f32::consts::TAU;
        Point::new(turn.cos(), turn.sin())
    };
    (0..=count).map(point).collect()
}

#[test]
fn a_curve_is_restored_from_few_samples() {
    // How far the path may be from the circle of radius 1; chords alone would be off by 0.10,
    // 0.038 and 0.0055. The first and the last segment know only one neighbor.
    for (count, tolerance) in [(7, 0.04), (12, 0.01), (30, 0.002)] {
        for point in flatten(&circle(count), 0.001) {
            let off = (length(point) - 1.0).abs();
            assert!(
                off < tolerance,
                "{point:?} of {count} samples is off by {off}"
            );
        }
    }
}

#[test]
fn degenerate_strokes_have_a_path() {
    let p = Point::new;
    let cases: [(&[Point], &[Point], &str); 5] = [
        (&[], &[], "nothing"),
        (&[p(1.0, 2.0)], &[p(1.0, 2.0)], "a tap"),
        (&[p(1.0, 2.0); 9], &[p(1.0, 2.0)], "a pen at rest"),
        (
            &[p(0.0, 0.0), p(1.0, 0.0)],
            &[p(0.0, 0.0), p(1.0, 0.0)],
            "a line",
        ),
        (
            &[p(0.0, 0.0), p(1e-6, 0.0)],
            &[p(0.0, 0.0), p(1e-6, 0.0)],
            "its end is kept",
        ),
    ];
    for (points, expected, reason) in cases {
        assert_eq!(polyline(points), expected, "{reason}");
    }
}

#[test]
fn a_long_line_beside_a_short_one_does_not_bulge() {
    let p = Point::new;
    let path = flatten(
        &[p(0.0, 0.0), p(20.0, 0.0), p(20.3, 0.3), p(20.4, 1.0)],
        0.01,
    );
    let bulge = path
        .iter()
        .filter(|p| p.x < 20.0)
        .map(|p| p.y.abs())
        .fold(0.0, f32::max);
    assert!(bulge < 0.1, "it is off by {bulge} of a length of 20");
}

#[test]
fn the_largest_coordinates_have_a_path_too() {
    let p = Point::new;
    let far = [
        p(f32::MAX, 0.0),
        p(0.0, f32::MIN),
        p(f32::MIN, f32::MAX),
        p(1.0, 1.0),
    ];
    let path = polyline(&far);
    assert!(
        path.iter().all(|point| point.is_finite()),
        "it can be drawn: {path:?}"
    );
    assert_eq!(path.last(), far.last(), "to its end");
}

#[test]
fn only_the_end_of_a_path_changes_as_its_stroke_goes_on() {
    let p = Point::new;
    let waves = |index: usize| p(index as f32, (index as f32 * 0.7).sin() * 4.0);
    let jitter = |index: usize| p(index as f32 * 0.01, (index % 2) as f32 * 0.05);
    let corners = |index: usize| p((index % 7 * 5 % 7) as f32, (index * 11 % 5) as f32);
    let cases: [(&dyn Fn(usize) -> Point, &str); 4] = [
        (&waves, "a curve"),
        (&jitter, "samples that are left out"),
        (&corners, "corners"),
        (&|_| p(1.0, 1.0), "a pen at rest"),
    ];
    for (sample, reason) in cases {
        let samples: Vec<Point> = (0..60).map(sample).collect();
        let mut path = Path::new(0.02);
        let mut settled = Vec::new();
        for count in 1..=samples.len() {
            path.extend(&samples[count - 1..count]);
            assert!(
                path.settled().starts_with(&settled),
                "{reason}: what was settled after {} samples stays",
                count - 1
            );
            settled = path.settled().to_vec();
            let whole = [&settled[..], &path.rest()].concat();
            let expected = flatten(&samples[..count], 0.02);
            assert_eq!(
                whole, expected,
                "{reason}: after {count} samples it is the same path"
            );
            assert!(path.rest().len() < 64, "{reason}: the end is short");
        }
    }
}

#[test]
fn a_path_is_no_longer_than_it_needs_to_be() {
    let dense: Vec<Point> = circle(10_000);
    let path = flatten(&dense, 0.01);
    assert!(path.len() < 200, "{} points for 10,000 samples", path.len());
}
