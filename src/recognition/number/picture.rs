//! A line of a picture: its connected components as pieces. One that holds several digits is cut along its center lines.

use super::{
    lattice::{self, Weights},
    pieces::{self, Distances, Piece, PieceKey, Writing, bounds_of, box_distance, is_cut, sorted},
};
use crate::{
    bitmap::Bitmap,
    ink::{Bounds, Ink, Point, Stroke, to_bitmap},
    picture::PictureInk,
};

/// The shortest part between two junctions at which a center line is cut, in radii of the pen.
const MIN_PART: f32 = 3.0;

impl PieceKey {
    fn of_component(component: usize) -> Self {
        Self {
            stroke: component,
            first: 0,
            last: 0,
        }
    }
}

/// Some components of a picture. In the key of a piece, the first strokes are the components of the picture, the others
/// its center lines.
#[derive(Debug)]
pub(super) struct PictureLine<'a> {
    ink: &'a PictureInk,
    /// The components, from left to right.
    components: Vec<usize>,
    underlines: Vec<usize>,
    /// The number of the first center line.
    first_center: usize,
    strokes: Vec<CenterStroke>,
    /// The center lines of all components.
    centers: Ink,
    /// The same without the slant and the climb of the line.
    straight: Ink,
}

/// What is known of a center line.
#[derive(Debug)]
struct CenterStroke {
    component: usize,
    /// The indices of its points where it may be cut.
    crossings: Vec<usize>,
    /// Half the width of the pen.
    radius: f32,
}

impl<'a> PictureLine<'a> {
    /// The components `line`, of which `first_center` numbers the first center line.
    pub(super) fn new(ink: &'a PictureInk, line: &[usize], first_center: usize) -> Self {
        let (underlines, mut components) = pieces::without_underlines(line, ink.boxes());
        components.sort_unstable();
        let (mut strokes, mut centers) = (Vec::new(), Ink::default());
        for &component in &components {
            let found = ink.center_lines(component);
            for line in found.lines {
                if let Some(stroke) = Stroke::new(line.points) {
                    centers.push(stroke);
                    strokes.push(CenterStroke {
                        component,
                        crossings: line.crossings,
                        radius: found.radius,
                    });
                }
            }
        }
        let all: Vec<usize> = (0..strokes.len()).collect();
        Self {
            ink,
            straight: pieces::straightened(&centers, &all),
            components,
            underlines,
            first_center,
            strokes,
            centers,
        }
    }

    /// The center line of a part; `None` of a component.
    fn center(&self, part: &PieceKey) -> Option<usize> {
        part.stroke.checked_sub(self.first_center)
    }

    /// The number after the last center line's.
    pub(super) fn end(&self) -> usize {
        self.first_center + self.strokes.len()
    }

    fn component(&self, part: &PieceKey) -> usize {
        self.center(part)
            .map_or(part.stroke, |center| self.strokes[center].component)
    }

    /// The center lines of a component, as parts.
    fn centers_of(&self, component: usize) -> impl Iterator<Item = PieceKey> {
        let strokes = self.strokes.iter().zip(self.centers.strokes()).enumerate();
        let own = strokes.filter(move |(_, (stroke, _))| stroke.component == component);
        own.map(|(index, (_, line))| PieceKey {
            stroke: self.first_center + index,
            first: 0,
            last: line.points().len() - 1,
        })
    }

    /// The points of a center line.
    fn points<'b>(&self, ink: &'b Ink, part: &PieceKey) -> &'b [Point] {
        let points = self
            .center(part)
            .map(|center| ink.strokes()[center].points());
        points.map_or(&[], |points| &points[part.first..=part.last])
    }

    /// The box of some center lines, with the width of the pen.
    fn box_of(&self, ink: &Ink, parts: &[PieceKey]) -> Bounds {
        let boxes = parts.iter().filter_map(|part| {
            let radius = self.strokes[self.center(part)?].radius;
            let Bounds { min, max } = bounds_of(self.points(ink, part));
            let pen = Point::new(radius, radius);
            Some(Bounds {
                min: min - pen,
                max: max + pen,
            })
        });
        let all = boxes.reduce(|all, own| all.union(&own));
        all.unwrap_or_else(|| bounds_of([]))
    }

    /// The parts of a center line between the places where it may be cut.
    fn cut_center(&self, part: PieceKey, cuts: &[usize]) -> Vec<Piece> {
        let whole = self
            .points(&self.straight, &PieceKey { first: 0, ..part })
            .len()
            - 1;
        let mut first = part.first;
        let mut parts = Vec::new();
        for &last in cuts.iter().chain([&part.last]) {
            let key = PieceKey {
                first,
                last,
                ..part
            };
            parts.push(Piece {
                bounds: bounds_of(self.points(&self.straight, &key)),
                is_cut: [first > 0, last < whole],
                is_of_ring: false,
                key,
            });
            first = last;
        }
        parts
    }

    /// The junctions of a center line that are far enough from each other and from its ends.
    fn crossings(&self, part: &PieceKey) -> Vec<usize> {
        let Some(center) = self.center(part) else {
            return Vec::new();
        };
        let CenterStroke {
            crossings, radius, ..
        } = &self.strokes[center];
        let points = self.points(&self.straight, part);
        let is_long = |first: usize, last: usize| {
            bounds_of(&points[first..=last]).longer_side() as f32 >= MIN_PART * radius
        };
        let mut kept: Vec<usize> = Vec::new();
        for &crossing in crossings {
            let before = kept.last().copied().unwrap_or(0);
            if is_long(before, crossing) && is_long(crossing, points.len() - 1) {
                kept.push(crossing);
            }
        }
        kept
    }
}

impl Writing for PictureLine<'_> {
    // At junctions, and what is still poor as a pen stroke is.
    const CUTS: usize = 2;
    const MAX_GROUPS: usize = 4000;

    fn weights(&self, pieces: &[Piece]) -> &'static Weights {
        if pieces.iter().all(|piece| self.center(&piece.key).is_none()) {
            &lattice::PEN
        } else {
            &lattice::PICTURE
        }
    }

    fn underlines(&self) -> Vec<PieceKey> {
        let components = self.underlines.iter();
        components.map(|&own| PieceKey::of_component(own)).collect()
    }

    fn whole(&self) -> Vec<Piece> {
        let piece = |&component: &usize| {
            let centers: Vec<PieceKey> = self.centers_of(component).collect();
            Piece {
                key: PieceKey::of_component(component),
                bounds: if centers.is_empty() {
                    self.ink.boxes()[component]
                } else {
                    self.box_of(&self.straight, &centers)
                },
                is_cut: [false; 2],
                is_of_ring: false,
            }
        };
        sorted(self.components.iter().map(piece).collect())
    }

    fn cut(&self, pieces: &[Piece], poor: &[usize], height: f32) -> Vec<Piece> {
        let mut all = Vec::new();
        for piece in pieces {
            let is_whole = self.center(&piece.key).is_none();
            let centers: Vec<PieceKey> = if !is_cut(piece, poor, height) {
                Vec::new()
            } else if is_whole {
                self.centers_of(piece.key.stroke).collect()
            } else {
                vec![piece.key]
            };
            for part in &centers {
                let mut cuts = if is_whole {
                    self.crossings(part)
                } else {
                    Vec::new()
                };
                if centers.len() == 1 && cuts.is_empty() {
                    let found = pieces::cuts(self.points(&self.straight, part), height);
                    cuts.extend(found.into_iter().map(|cut| part.first + cut));
                }
                all.extend(self.cut_center(*part, &cuts));
            }
            if centers.is_empty() {
                all.push(piece.clone());
            }
        }
        sorted(all)
    }

    fn distances(&self, pieces: &[Piece], far: f32) -> Distances {
        Distances::of(pieces, far, |a, b| {
            let [first, second] = [a, b].map(|piece| self.points(&self.straight, &piece.key));
            if first.is_empty() || second.is_empty() {
                box_distance(&a.bounds, &b.bounds)
            } else {
                pieces::distance(first, second, far)
            }
        })
    }

    /// The pixels of whole components; the center lines of others, drawn as a pen's.
    fn bitmap(&self, key: &[PieceKey]) -> Option<Bitmap> {
        let is_whole =
            |component: usize| self.centers_of(component).all(|part| key.contains(&part));
        let are_whole = key
            .iter()
            .all(|part| self.center(part).is_none() || is_whole(self.component(part)));
        if are_whole {
            return self.ink.bitmap(&self.strokes(key));
        }
        let lines = key.iter().flat_map(|part| match self.center(part) {
            Some(_) => vec![*part],
            None => self.centers_of(part.stroke).collect(),
        });
        let strokes =
            lines.filter_map(|part| Stroke::new(self.points(&self.centers, &part).to_vec()));
        to_bitmap(&strokes.collect())
    }

    fn ink(&self, key: &[PieceKey]) -> Ink {
        let centers = key.iter().filter(|part| self.center(part).is_some());
        let points = centers.map(|part| self.points(&self.centers, part).to_vec());
        points.filter_map(Stroke::new).collect()
    }

    fn strokes(&self, key: &[PieceKey]) -> Vec<usize> {
        let mut components: Vec<usize> = key.iter().map(|part| self.component(part)).collect();
        components.sort_unstable();
        components.dedup();
        components
    }

    fn bounds(&self, key: &[PieceKey]) -> Bounds {
        let whole = key.iter().filter(|part| self.center(part).is_none());
        let boxes = whole.map(|part| self.ink.boxes()[part.stroke]);
        let has_centers = key.iter().any(|part| self.center(part).is_some());
        let centers = has_centers.then(|| self.box_of(&self.centers, key));
        let all = boxes.chain(centers).reduce(|all, own| all.union(&own));
        all.unwrap_or_else(|| bounds_of([]))
    }

    fn is_symbol(&self, _key: &[PieceKey]) -> bool {
        false
    }
}
