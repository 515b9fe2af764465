//! The meshes of a drawing, reused from frame to frame.
//!
//! A frame makes only the end of the current stroke again. Its settled part and the strokes before are pieces with fixed
//! meshes. The oldest of many pieces go onto a texture, so that the time of a frame does not depend on the amount of ink.

use std::{collections::VecDeque, fmt, sync::Arc};

use egui::{Context, Painter, Pos2, Shape, epaint::Mesh};

use super::{PadView, texture::InkTexture};
use crate::ink::{Stroke, smooth::StrokePath};

/// The segments of a path per piece; fewer if they are as long as the pad is wide.
const STEPS_PER_PIECE: usize = 16;
/// With more vertices than these, the oldest pieces go onto the texture. Several digits have fewer.
const MAX_VERTICES: usize = 8_192;
/// The pieces that go onto the texture per frame: more than a person can draw, few enough for a smooth frame.
const PIECES_PER_FRAME: usize = 3;

/// A drawing at one place of the pad.
pub(in crate::ui) struct PadDrawing {
    paper: PadView,
    /// All strokes, in order.
    strokes: Vec<Stroke>,
    /// The last stroke, until the next one starts.
    live: Option<LiveStroke>,
    /// The settled pieces that are not on the texture, oldest first.
    pieces: VecDeque<MeshPiece>,
    /// The number of vertices of all pieces.
    vertices: usize,
    texture: Option<InkTexture>,
    /// The number of strokes with a piece on the texture.
    on_texture: usize,
}

/// A settled part of a stroke.
struct MeshPiece {
    stroke: usize,
    /// The points, on the screen.
    path: Vec<Pos2>,
    mesh: Arc<Mesh>,
}

/// The last stroke, which may grow.
struct LiveStroke {
    path: StrokePath,
    /// The number of samples in the path.
    samples: usize,
    /// The settled points of the path, on the screen.
    settled: Vec<Pos2>,
    /// The number of these points that are in pieces.
    pieced: usize,
    /// The points from there to the end, with the point before them.
    rest: Vec<Pos2>,
    mesh: Arc<Mesh>,
}

impl PadDrawing {
    /// An empty drawing.
    pub(in crate::ui) fn blank(paper: PadView) -> Self {
        Self {
            paper,
            strokes: Vec::new(),
            live: None,
            pieces: VecDeque::new(),
            vertices: 0,
            texture: None,
            on_texture: 0,
        }
    }

    /// The place of the pad.
    pub(in crate::ui) fn paper(&self) -> PadView {
        self.paper
    }

    /// Shows these strokes. Reuses the pieces of known strokes and extends a stroke that grew.
    pub(in crate::ui) fn show(&mut self, strokes: &[Stroke]) {
        let pairs = self.strokes.iter().zip(strokes);
        let mut kept = pairs.take_while(|(known, new)| known == new).count();
        let goes_on = kept + 1 == self.strokes.len()
            && self.live.is_some()
            && strokes.get(kept).is_some_and(|stroke| {
                let known = self.strokes[kept].points();
                stroke.points().starts_with(known)
            });
        if !goes_on && kept < self.strokes.len() {
            kept = self.keep(kept);
        }
        for (index, stroke) in strokes.iter().enumerate().skip(kept) {
            if index == self.strokes.len() {
                self.end_stroke();
                self.strokes.push(stroke.clone());
                self.live = Some(LiveStroke::new(&self.paper));
            } else {
                self.strokes[index] = stroke.clone();
            }
            self.go_on(index);
        }
    }

    /// Keeps the first strokes, or none if the texture contains more. Returns the number of strokes left.
    fn keep(&mut self, count: usize) -> usize {
        if count < self.on_texture {
            *self = Self::blank(self.paper);
            return 0;
        }
        self.strokes.truncate(count);
        self.live = None;
        while let Some(piece) = self.pieces.pop_back_if(|piece| piece.stroke >= count) {
            self.vertices -= piece.mesh.vertices.len();
        }
        count
    }

    /// Settles the end of the last stroke.
    fn end_stroke(&mut self) {
        if let Some(live) = self.live.take() {
            let part = live.rest_part();
            let path = live.rest[part].to_vec();
            self.add_piece(self.strokes.len() - 1, path, live.mesh);
        }
    }

    /// Adds the new samples of the last stroke.
    fn go_on(&mut self, stroke: usize) {
        let Some(mut live) = self.live.take() else {
            return;
        };
        live.extend(&self.paper, self.strokes[stroke].points());
        while let Some((path, mesh)) = live.take_piece(&self.paper) {
            self.add_piece(stroke, path, Arc::new(mesh));
        }
        live.make_rest(&self.paper);
        self.live = Some(live);
    }

    fn add_piece(&mut self, stroke: usize, path: Vec<Pos2>, mesh: Arc<Mesh>) {
        self.vertices += mesh.vertices.len();
        self.pieces.push_back(MeshPiece { stroke, path, mesh });
    }

    /// Moves a few of the oldest pieces onto the texture if there are too many. Returns whether there are more.
    pub(in crate::ui) fn settle(&mut self, ctx: &Context) -> bool {
        if self.vertices <= MAX_VERTICES {
            return false;
        }
        if self.texture.is_none() {
            self.texture = InkTexture::blank(ctx, &self.paper);
        }
        let Some(texture) = &mut self.texture else {
            return false;
        };
        for _ in 0..PIECES_PER_FRAME {
            if self.vertices <= MAX_VERTICES {
                break;
            }
            let Some(piece) = self.pieces.pop_front() else {
                break;
            };
            texture.add(&self.paper, &piece.path);
            self.vertices -= piece.mesh.vertices.len();
            self.on_texture = self.on_texture.max(piece.stroke + 1);
        }
        texture.upload();
        self.vertices > MAX_VERTICES
    }

    /// Draws the texture, the pieces and the last stroke.
    pub(in crate::ui) fn draw(&self, painter: &Painter) {
        if let Some(texture) = &self.texture {
            texture.draw(painter, &self.paper);
        }
        let pieces = self.pieces.iter().map(|piece| &piece.mesh);
        let live = self.live.iter().map(|live| &live.mesh);
        painter.extend(pieces.chain(live).map(|mesh| Shape::Mesh(Arc::clone(mesh))));
    }
}

impl fmt::Debug for PadDrawing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PadDrawing").finish_non_exhaustive()
    }
}

impl LiveStroke {
    fn new(paper: &PadView) -> Self {
        Self {
            path: StrokePath::new(paper.tolerance(), paper.corridor()),
            samples: 0,
            settled: Vec::new(),
            pieced: 0,
            rest: Vec::new(),
            mesh: Arc::default(),
        }
    }

    /// Adds the new samples of a stroke.
    fn extend(&mut self, paper: &PadView, samples: &[crate::ink::Point]) {
        self.path.extend(&samples[self.samples..]);
        self.samples = samples.len();
        let new = &self.path.settled()[self.settled.len()..];
        self.settled
            .extend(new.iter().map(|&point| paper.screen_from_pad(point)));
    }

    /// The points and the mesh of the next piece once all of it is settled. The mesh needs one point more.
    fn take_piece(&mut self, paper: &PadView) -> Option<(Vec<Pos2>, Mesh)> {
        let first = self.pieced;
        let (mut last, mut length) = (first, 0.0);
        while last < first + STEPS_PER_PIECE && length < paper.unit() {
            length += self.settled[last].distance(*self.settled.get(last + 1)?);
            last += 1;
        }
        if last + 1 >= self.settled.len() {
            return None;
        }
        self.pieced = last;
        let path = self.settled[first..=last].to_vec();
        Some((path, paper.mesh(&self.settled, first..=last)))
    }

    /// Makes the mesh of the part after the last piece.
    fn make_rest(&mut self, paper: &PadView) {
        self.rest.clear();
        let settled = &self.settled[self.pieced.saturating_sub(1)..];
        self.rest.extend(settled);
        let end = self.path.rest();
        let end = end.iter().map(|&point| paper.screen_from_pad(point));
        self.rest.extend(end);
        let (first, last) = self.rest_part().into_inner();
        self.mesh = Arc::new(paper.mesh(&self.rest, first..=last));
    }

    /// The points of the rest after the last piece.
    fn rest_part(&self) -> std::ops::RangeInclusive<usize> {
        self.pieced.min(1)..=self.rest.len() - 1
    }
}

#[cfg(test)]
mod tests;
