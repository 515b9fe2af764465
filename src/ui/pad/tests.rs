use super::*;

pub(super) fn paper(pixels_per_point: f32) -> PadView {
    PadView {
        rect: Rect::from_min_size(Pos2::new(10.0, 20.0), Vec2::splat(400.0)),
        frame: PadFrame::default(),
        pixels_per_point,
        color: Color32::BLACK,
        pen_width: 0.068,
    }
}

#[test]
fn a_pad_shows_the_part_that_its_frame_tells() {
    let frame = PadFrame {
        corner: Point::new(-0.5, -1.0),
        height: 3.0,
    };
    let paper = PadView {
        frame,
        ..paper(1.0)
    };
    for (point, part) in [
        (Point::new(-0.5, -1.0), Vec2::ZERO),
        (Point::new(2.5, 2.0), Vec2::splat(1.0)),
        (Point::new(1.0, 0.5), Vec2::splat(0.5)),
    ] {
        let place = paper.rect.min + part * paper.rect.size();
        assert_eq!(paper.screen_from_pad(point), place, "{point:?}");
        assert_eq!(paper.pad_from_screen(place), point, "and back");
    }
}

/// The path of some samples on the screen.
pub(super) fn path(paper: &PadView, samples: &[Point]) -> Vec<Pos2> {
    let mut path = smooth::StrokePath::new(paper.tolerance(), paper.corridor());
    path.extend(samples);
    let settled = path.settled().iter();
    settled
        .chain(&path.rest())
        .map(|point| paper.screen_from_pad(*point))
        .collect()
}

/// The corners of each triangle, sorted. Meshes with the same triangles are equal.
pub(super) fn triangles<'a>(meshes: impl IntoIterator<Item = &'a Mesh>) -> Vec<[u32; 9]> {
    let corner = |vertex: &Vertex| {
        let [r, g, b, a] = vertex.color.to_array();
        [
            vertex.pos.x.to_bits(),
            vertex.pos.y.to_bits(),
            u32::from_be_bytes([r, g, b, a]),
        ]
    };
    let mut triangles = Vec::new();
    for mesh in meshes {
        for indices in mesh.indices.chunks(3) {
            let corners = [0, 1, 2].map(|n| corner(&mesh.vertices[indices[n] as usize]));
            triangles.push(std::array::from_fn(|n| corners[n / 3][n % 3]));
        }
    }
    triangles.sort_unstable();
    triangles
}

#[test]
fn every_stroke_stays_within_its_pen() {
    let paper = paper(2.0);
    let cases: [(&[(f32, f32)], &str); 6] = [
        (&[(0.5, 0.5)], "a tap"),
        (&[(0.1, 0.1), (0.9, 0.1)], "a line"),
        (&[(0.2, 0.2), (0.8, 0.2), (0.4, 0.8)], "the corner of a 7"),
        (&[(0.2, 0.2), (0.8, 0.2), (0.2, 0.2)], "there and back"),
        (
            &[(0.5, 0.5), (0.5, 0.5), (0.500_01, 0.5)],
            "two nearly equal samples",
        ),
        (&[(-2.0, 0.5), (3.0, 0.5)], "over both edges"),
    ];
    for (points, reason) in cases {
        let points: Vec<_> = points.iter().map(|&(x, y)| Point::new(x, y)).collect();
        let path = path(&paper, &points);
        let mesh = paper.mesh(&path, 0..=path.len() - 1);
        assert!(mesh.is_valid(), "{reason}: the indices are in range");
        assert!(!mesh.is_empty(), "{reason}: there is something to see");
        let reach = 400.0 * paper.pen_width / 2.0 + 1.0;
        for vertex in &mesh.vertices {
            let near = path
                .iter()
                .any(|center| center.distance(vertex.pos) <= reach);
            assert!(near, "{reason}: {:?} is off the path", vertex.pos);
        }
    }
}

#[test]
fn the_parts_of_a_path_are_together_the_whole() {
    let paper = paper(1.5);
    let samples: Vec<_> = (0..40)
        .map(|index| {
            let turn = index as f32 * 0.8;
            Point::new(
                0.5 + 0.01 * turn * turn.cos(),
                0.5 + 0.01 * turn * turn.sin(),
            )
        })
        .chain([(0.1, 0.1), (0.9, 0.1), (0.1, 0.9)].map(|(x, y)| Point::new(x, y)))
        .collect();
    let path = path(&paper, &samples);
    let last = path.len() - 1;
    let whole = triangles([&paper.mesh(&path, 0..=last)]);
    for steps in [1, 2, 7, last] {
        let parts: Vec<Mesh> = (0..last)
            .step_by(steps)
            .map(|first| paper.mesh(&path, first..=last.min(first + steps)))
            .collect();
        assert!(triangles(&parts) == whole, "in parts of {steps} steps");
    }
}

#[test]
fn a_path_is_as_fine_as_can_be_seen() {
    for pixels_per_point in [1.0, 2.0, 3.0] {
        let paper = paper(pixels_per_point);
        let on_circle = |index: usize| {
            let turn = TAU * index as f32 / 600.0;
            Point::new(0.5 + 0.4 * turn.cos(), 0.5 + 0.4 * turn.sin())
        };
        let samples: Vec<_> = (0..=600).map(on_circle).collect();
        let path = path(&paper, &samples);
        let center = paper.screen_from_pad(Point::new(0.5, 0.5));
        // The curve is within two tolerances of the samples' line, which may pass them within the corridor.
        let most_px =
            400.0 * pixels_per_point * (2.0 * paper.tolerance() + paper.corridor()) + 0.01;
        let middles = path.windows(2).map(|ends| ends[0].lerp(ends[1], 0.5));
        for pos in path.iter().copied().chain(middles) {
            let off_px = (pos.distance(center) - 160.0).abs() * pixels_per_point;
            assert!(off_px < most_px, "{pos:?} is {off_px} px off the circle");
        }
        assert!(
            path.len() < 150,
            "{} points of 601 at {pixels_per_point} pixels a point",
            path.len()
        );
    }
}

#[test]
fn the_pad_is_a_unit_square() {
    let paper = paper(1.0);
    let pos = Pos2::new(110.0, 320.0);
    assert_eq!(
        paper.pad_from_screen(pos),
        Point::new(0.25, 0.75),
        "to the pad"
    );
    assert_eq!(
        paper.screen_from_pad(Point::new(0.25, 0.75)),
        pos,
        "and back"
    );
}
