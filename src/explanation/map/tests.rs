use super::*;

#[test]
fn the_axes_are_the_directions_of_the_largest_variance() {
    // Points along (3, 4, 0) / 5 with deviation 10, across it with 2, and along the last axis with 0.1.
    let at = |step: usize| {
        let [a, b, c] = [
            (step as f32).sin() * 10.0,
            (step as f32 * 2.3).cos() * 2.0,
            (step as f32 * 5.1).sin() * 0.1,
        ];
        [0.6 * a - 0.8 * b + 7.0, 0.8 * a + 0.6 * b, c]
    };
    let mut rows: Vec<f32> = (0..1000).flat_map(at).collect();
    let plane = Plane::of(&mut rows, 3);
    let [first, second] = plane.variance;
    assert!(
        first > 0.95 && second > 0.03 && first + second > 0.999,
        "{:?}",
        plane.variance
    );
    let origin = plane.point(&at(1));
    let along = plane.point(&[at(1)[0] + 0.6, at(1)[1] + 0.8, at(1)[2]]);
    assert!(
        (along[0] - origin[0] - 1.0).abs() < 0.01,
        "one step along the first axis: {origin:?}, {along:?}"
    );
    let centered: Vec<[f32; 2]> = rows
        .chunks_exact(3)
        .map(|row| plane.point_of_centered(row))
        .collect();
    let mean = centered.iter().map(|point| point[0]).sum::<f32>() / 1000.0;
    assert!(mean.abs() < 1e-3, "the mean is the origin: {mean}");
}

#[test]
fn rows_without_variance_have_a_plane() {
    for rows in [vec![1.0; 12], vec![0.0; 3], Vec::new()] {
        let mut copy = rows.clone();
        let plane = Plane::of(&mut copy, 3);
        assert_eq!(plane.variance, [0.0; 2], "{rows:?}");
        assert!(
            plane.point(&[1.0; 3]).iter().all(|at| at.is_finite()),
            "{rows:?}"
        );
    }
}
