use std::f32::consts::TAU;

use super::{
    super::tests::{paper, path, triangles},
    *,
};
use crate::ink::Point;

/// `count` samples of a rosette, from sample `start`.
fn rosette(start: usize, count: usize) -> Vec<Point> {
    let sample = |index: usize| {
        let turn = (start + index) as f32 * 0.0062 * TAU;
        let radius = 0.3 + 0.2 * (turn * 0.372).sin();
        Point::new(0.5 + radius * turn.cos(), 0.5 + radius * turn.sin())
    };
    (0..count).map(sample).collect()
}

fn stroke(samples: Vec<Point>) -> Stroke {
    Stroke::new(samples).expect("points that can be drawn")
}

/// The triangles of the drawing that are not on the texture.
fn shown(drawing: &PadDrawing) -> Vec<[u32; 9]> {
    let pieces = drawing.pieces.iter().map(|piece| &*piece.mesh);
    triangles(pieces.chain(drawing.live.iter().map(|live| &*live.mesh)))
}

/// The same triangles, computed from each stroke's whole path.
fn expected(strokes: &[Stroke]) -> Vec<[u32; 9]> {
    let paper = paper(1.0);
    let meshes: Vec<Mesh> = strokes
        .iter()
        .map(|stroke| {
            let path = path(&paper, stroke.points());
            paper.mesh(&path, 0..=path.len() - 1)
        })
        .collect();
    triangles(&meshes)
}

#[test]
fn growing_strokes_look_like_complete_ones() {
    let mut drawing = PadDrawing::blank(paper(1.0));
    let mut strokes = Vec::new();
    for (samples, reason) in [
        (vec![Point::new(0.2, 0.2)], "a tap"),
        (rosette(0, 300), "a curve"),
        (
            (0..80)
                .map(|n| Point::new((n * 37 % 80) as f32 / 80.0, n as f32 / 80.0))
                .collect(),
            "corners",
        ),
    ] {
        for count in 1..=samples.len() {
            strokes.truncate(strokes.len() - usize::from(count > 1));
            strokes.push(stroke(samples[..count].to_vec()));
            drawing.show(&strokes);
            if count % 16 == 1 || count == samples.len() {
                assert!(
                    shown(&drawing) == expected(&strokes),
                    "{reason}, after {count} samples"
                );
            }
        }
    }
    assert!(drawing.pieces.len() > 4, "most of it is settled");
}

#[test]
fn an_undo_removes_a_stroke_and_nothing_else() {
    let strokes = [0, 500, 900].map(|start| stroke(rosette(start, 200)));
    let mut drawing = PadDrawing::blank(paper(1.0));
    let other = [strokes[0].clone(), stroke(rosette(2_000, 60))];
    let steps: [(&[Stroke], &str); 7] = [
        (&strokes, "three strokes"),
        (&strokes[..2], "the last is undone"),
        (&strokes[..1], "then the previous stroke"),
        (&strokes, "both are brought back"),
        (&other, "others are drawn in their place"),
        (&[], "all is cleared"),
        (&strokes[..2], "and brought back"),
    ];
    for (strokes, reason) in steps {
        drawing.show(strokes);
        assert!(shown(&drawing) == expected(strokes), "{reason}");
    }
}

/// Moves finished parts onto the texture, frame by frame.
fn settle(drawing: &mut PadDrawing, ctx: &Context) {
    let mut frames = 0;
    while drawing.settle(ctx) {
        frames += 1;
        assert!(frames < 10_000, "it comes to an end");
    }
}

#[test]
fn the_number_of_vertices_does_not_depend_on_the_ink() {
    let ctx = Context::default();
    let mut drawing = PadDrawing::blank(paper(1.0));
    let mut strokes = Vec::new();
    for part in 0..300 {
        strokes.push(stroke(rosette(part * 100, 100)));
        drawing.show(&strokes);
        settle(&mut drawing, &ctx);
        assert!(
            drawing.vertices <= MAX_VERTICES,
            "{} corners of {} strokes",
            drawing.vertices,
            strokes.len()
        );
    }
    assert!(
        drawing.on_texture > 100,
        "{} strokes are on the texture",
        drawing.on_texture
    );
    let counted: usize = drawing
        .pieces
        .iter()
        .map(|piece| piece.mesh.vertices.len())
        .sum();
    assert_eq!(drawing.vertices, counted, "what it counts on");
    let count = drawing.on_texture - 1;
    drawing.show(&strokes[..count]);
    settle(&mut drawing, &ctx);
    let mut anew = PadDrawing::blank(paper(1.0));
    anew.show(&strokes[..count]);
    settle(&mut anew, &ctx);
    assert!(
        shown(&drawing) == shown(&anew),
        "an undo of what is on the texture"
    );
    let covered = |drawing: &PadDrawing| {
        drawing
            .texture
            .as_ref()
            .map(|texture| texture.covered().to_vec())
    };
    assert!(
        covered(&drawing) == covered(&anew),
        "takes it off the texture"
    );
}
