//! A line of a picture: its connected components as pieces.

use super::pieces::{
    Distances, MAX_CUTS, MIN_CUT_WIDTH, MIN_PART, Piece, PieceKey, WIDE, Writing, box_distance,
    sorted,
};
use crate::{
    bitmap::Bitmap,
    ink::{Bounds, Ink},
    picture::{InkPart, PictureInk},
};

/// Some components of a picture. The part of a component from column `first` to before `last` is a piece.
#[derive(Debug)]
pub(super) struct PictureLine<'a> {
    pub(super) ink: &'a PictureInk,
    pub(super) line: Vec<usize>,
}

impl PictureLine<'_> {
    /// A piece; `None` without ink in these columns.
    fn piece(&self, key: PieceKey, whole: [usize; 2]) -> Option<Piece> {
        Some(Piece {
            bounds: self.ink.bounds(&[part(&key)])?,
            is_cut: [key.first > whole[0], key.last < whole[1]],
            is_of_ring: false,
            key,
        })
    }
}

fn part(key: &PieceKey) -> InkPart {
    InkPart {
        component: key.stroke,
        columns: key.first..key.last,
    }
}

fn parts(key: &[PieceKey]) -> Vec<InkPart> {
    key.iter().map(part).collect()
}

impl Writing for PictureLine<'_> {
    fn whole(&self) -> Vec<Piece> {
        let piece = |&stroke: &usize| {
            let bounds = &self.ink.boxes()[stroke];
            let [first, last] = [bounds.min.x, bounds.max.x].map(|x| x as usize);
            let key = PieceKey {
                stroke,
                first,
                last,
            };
            self.piece(key, [first, last])
        };
        sorted(self.line.iter().filter_map(piece).collect())
    }

    fn cut(&self, pieces: &[Piece], poor: &[usize], height: f32) -> Vec<Piece> {
        let mut all = Vec::new();
        for piece in pieces {
            let PieceKey {
                stroke,
                first,
                last,
            } = piece.key;
            let width = (last - first) as f32 / height;
            if width < WIDE && !(poor.contains(&stroke) && width >= MIN_CUT_WIDTH) {
                all.push(piece.clone());
                continue;
            }
            let apart = (MIN_PART * height) as usize;
            let cuts = self.ink.thin_columns(stroke, apart, MAX_CUTS);
            let mut left = first;
            for right in cuts.into_iter().chain([last]) {
                let key = PieceKey {
                    stroke,
                    first: left,
                    last: right,
                };
                all.extend(self.piece(key, [first, last]));
                left = right;
            }
        }
        sorted(all)
    }

    fn distances(&self, pieces: &[Piece], far: f32) -> Distances {
        Distances::of(pieces, far, |a, b| box_distance(&a.bounds, &b.bounds))
    }

    fn bitmap(&self, key: &[PieceKey]) -> Option<Bitmap> {
        self.ink.bitmap(&parts(key))
    }

    fn ink(&self, _key: &[PieceKey]) -> Ink {
        Ink::default()
    }

    fn bounds(&self, key: &[PieceKey]) -> Bounds {
        let bounds = self.ink.bounds(&parts(key));
        bounds.unwrap_or(self.ink.boxes()[key[0].stroke])
    }

    fn holds_a_drawing(&self, _key: &[PieceKey]) -> bool {
        false
    }
}
