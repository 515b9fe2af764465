//! A drawing as what the screen shows of it, kept from frame to frame.
//!
//! Of the stroke under the pen only the end is made anew in a frame. What is settled of it, and the strokes before,
//! are pieces whose meshes stay; and when there are many, the oldest go onto a sheet, so that a frame takes the
//! same however much was drawn.

use std::{collections::VecDeque, fmt, sync::Arc};

use egui::{Context, Painter, Pos2, Shape, epaint::Mesh};

use super::{Paper, sheet::Sheet};
use crate::ink::{Stroke, smooth::Path};

/// From one point of a path to the last one of a piece, and from there to the last one of the next, there are so
/// many steps, or fewer if these are as long as the pad is wide.
const STEPS_PER_PIECE: usize = 16;
/// When the pieces have more corners than these, the oldest goes onto the sheet: several digits have fewer.
const MAX_VERTICES: usize = 8_192;
/// How many pieces go onto the sheet in a frame: more than a hand can draw, and few enough for the frame to be in
/// time.
const PIECES_PER_FRAME: usize = 3;

/// What is drawn, on one paper.
pub(in crate::ui) struct Drawing {
    paper: Paper,
    /// All strokes that the rest shows, in order.
    strokes: Vec<Stroke>,
    /// The last of them, until another one follows.
    live: Option<Live>,
    /// What is settled and not on the sheet, oldest first.
    pieces: VecDeque<Piece>,
    /// How many corners those have together.
    vertices: usize,
    sheet: Option<Sheet>,
    /// How many strokes have something on the sheet.
    on_sheet: usize,
}

/// A part of a stroke's path, which stays as it is.
struct Piece {
    stroke: usize,
    /// The points, on the screen.
    path: Vec<Pos2>,
    mesh: Arc<Mesh>,
}

/// The last stroke, which may go on.
struct Live {
    path: Path,
    /// How many of its samples the path has.
    samples: usize,
    /// The path's settled points, on the screen.
    settled: Vec<Pos2>,
    /// Up to which of them there are pieces.
    pieced: usize,
    /// From there to the end: the points, with the one before them if there is one, and the mesh.
    rest: Vec<Pos2>,
    mesh: Arc<Mesh>,
}

impl Drawing {
    /// Of no stroke.
    pub(in crate::ui) fn blank(paper: Paper) -> Self {
        Self {
            paper,
            strokes: Vec::new(),
            live: None,
            pieces: VecDeque::new(),
            vertices: 0,
            sheet: None,
            on_sheet: 0,
        }
    }

    /// Where it is drawn.
    pub(in crate::ui) fn paper(&self) -> Paper {
        self.paper
    }

    /// Makes it the drawing of these strokes. What it has of them stays; a stroke that goes on is gone on with.
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
                self.live = Some(Live::new(&self.paper));
            } else {
                self.strokes[index] = stroke.clone();
            }
            self.go_on(index);
        }
    }

    /// Keeps the first strokes, or none if what is on the sheet cannot be kept; how many are left.
    fn keep(&mut self, count: usize) -> usize {
        if count < self.on_sheet {
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

    /// Another stroke follows: the end of the one before is settled.
    fn end_stroke(&mut self) {
        if let Some(live) = self.live.take() {
            let part = live.rest_part();
            let path = live.rest[part].to_vec();
            self.add_piece(self.strokes.len() - 1, path, live.mesh);
        }
    }

    /// Takes the samples in that the last stroke has got since.
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
        self.pieces.push_back(Piece { stroke, path, mesh });
    }

    /// Moves the oldest pieces onto the sheet where there are too many, a few at a time; whether there are more.
    pub(in crate::ui) fn settle(&mut self, ctx: &Context) -> bool {
        if self.vertices <= MAX_VERTICES {
            return false;
        }
        if self.sheet.is_none() {
            self.sheet = Sheet::blank(ctx, &self.paper);
        }
        let Some(sheet) = &mut self.sheet else {
            return false;
        };
        for _ in 0..PIECES_PER_FRAME {
            if self.vertices <= MAX_VERTICES {
                break;
            }
            let Some(piece) = self.pieces.pop_front() else {
                break;
            };
            sheet.add(&self.paper, &piece.path);
            self.vertices -= piece.mesh.vertices.len();
            self.on_sheet = self.on_sheet.max(piece.stroke + 1);
        }
        sheet.show();
        self.vertices > MAX_VERTICES
    }

    /// Draws it.
    pub(in crate::ui) fn draw(&self, painter: &Painter) {
        if let Some(sheet) = &self.sheet {
            sheet.draw(painter, &self.paper);
        }
        let pieces = self.pieces.iter().map(|piece| &piece.mesh);
        let live = self.live.iter().map(|live| &live.mesh);
        painter.extend(pieces.chain(live).map(|mesh| Shape::Mesh(Arc::clone(mesh))));
    }
}

impl fmt::Debug for Drawing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drawing").finish_non_exhaustive()
    }
}

impl Live {
    fn new(paper: &Paper) -> Self {
        Self {
            path: Path::new(paper.tolerance()),
            samples: 0,
            settled: Vec::new(),
            pieced: 0,
            rest: Vec::new(),
            mesh: Arc::default(),
        }
    }

    /// Takes in those of a stroke's samples that are new.
    fn extend(&mut self, paper: &Paper, samples: &[crate::ink::Point]) {
        self.path.extend(&samples[self.samples..]);
        self.samples = samples.len();
        let new = &self.path.settled()[self.settled.len()..];
        self.settled
            .extend(new.iter().map(|&point| paper.screen_from_pad(point)));
    }

    /// The next piece, if all of it is settled: its points and its mesh, which needs one point more.
    fn take_piece(&mut self, paper: &Paper) -> Option<(Vec<Pos2>, Mesh)> {
        let first = self.pieced;
        let (mut last, mut length) = (first, 0.0);
        while last < first + STEPS_PER_PIECE && length < paper.rect.width() {
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

    /// Makes the mesh from the last piece to the end.
    fn make_rest(&mut self, paper: &Paper) {
        self.rest.clear();
        let settled = &self.settled[self.pieced.saturating_sub(1)..];
        self.rest.extend(settled);
        let end = self.path.rest();
        let end = end.iter().map(|&point| paper.screen_from_pad(point));
        self.rest.extend(end);
        let (first, last) = self.rest_part().into_inner();
        self.mesh = Arc::new(paper.mesh(&self.rest, first..=last));
    }

    /// Which of the rest's points are behind the last piece.
    fn rest_part(&self) -> std::ops::RangeInclusive<usize> {
        self.pieced.min(1)..=self.rest.len() - 1
    }
}

#[cfg(test)]
mod tests;
