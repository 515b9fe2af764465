//! The groups that may be digits, and the best division of a line into groups.

use std::collections::HashMap;

use super::pieces::{Piece, PieceKey};
use crate::ink::{Bounds, Point};

/// The pieces that a group may reach over, from its first one.
const REACH: usize = 8;
/// The most strokes of a digit.
const MAX_STROKES: usize = 4;
/// The widest group, in heights of the line.
const MAX_WIDTH: f32 = 1.7;
/// The widest gap within a group, in heights of the line.
const MAX_GAP: f32 = 0.45;
/// The width of a thin stroke, in heights of the line: overlaps are measured against no less.
const THIN: f32 = 0.1;
/// The largest cost of a group, in nats: one bad digit must not outweigh a whole line.
const MAX_COST: f32 = 8.0;

/// The features of a group, times [`WEIGHTS`], add up to its score.
const FEATURES: usize = 12;

/// A set of pieces: bit `i` is the piece `first + i`.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) first: usize,
    pub(super) mask: u16,
    /// Whether it is no digit, but the line that joins two digits.
    pub(super) is_ligature: bool,
    /// Its parts, in the order of the strokes. Touching parts of a stroke are one.
    pub(super) key: Vec<PieceKey>,
    pub(super) features: [f32; FEATURES],
}

/// The best division of a line.
#[derive(Clone, Debug)]
pub(super) struct Division {
    pub(super) groups: Vec<Group>,
    /// Its probability among all divisions.
    pub(super) probability: f32,
}

/// All groups of a line that may be digits.
#[derive(Debug)]
pub(super) struct Lattice<'a> {
    pieces: &'a [Piece],
    /// The height of the line.
    height: f32,
    groups: Vec<Group>,
}

impl<'a> Lattice<'a> {
    pub(super) fn new(pieces: &'a [Piece], height: f32) -> Self {
        let mut lattice = Self {
            pieces,
            height,
            groups: Vec::new(),
        };
        for (first, piece) in pieces.iter().enumerate() {
            lattice.extend(first, 1);
            if piece.is_cut == [true; 2] {
                lattice.push(first, 1, true);
            }
        }
        lattice
    }

    pub(super) fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Adds the group of `mask`, and all that grow from it by later pieces.
    fn extend(&mut self, first: usize, mask: u16) {
        self.push(first, mask, false);
        let own = self.bounds(first, mask);
        let last = first + mask.ilog2() as usize;
        for next in last + 1..self.pieces.len().min(first + REACH) {
            let other = self.pieces[next].bounds;
            let all = own.union(&other);
            if other.min.x - own.max.x <= MAX_GAP * self.height
                && all.max.x - all.min.x <= MAX_WIDTH * self.height
            {
                self.extend(first, mask | 1 << (next - first));
            }
        }
    }

    fn members(&self, first: usize, mask: u16) -> impl Iterator<Item = &Piece> {
        let in_reach = self.pieces[first..].iter().take(REACH).enumerate();
        in_reach
            .filter(move |&(i, _)| mask >> i & 1 == 1)
            .map(|(_, piece)| piece)
    }

    fn bounds(&self, first: usize, mask: u16) -> Bounds {
        union(self.members(first, mask).map(|piece| &piece.bounds))
    }

    /// Adds a group, unless it has too many strokes or a gap in a stroke.
    fn push(&mut self, first: usize, mask: u16, is_ligature: bool) {
        let mut key: Vec<PieceKey> = Vec::new();
        let mut pieces: Vec<&Piece> = self.members(first, mask).collect();
        pieces.sort_unstable_by_key(|piece| piece.key);
        let mut parts: Vec<Bounds> = Vec::new();
        for piece in pieces {
            match (key.last_mut(), parts.last_mut()) {
                (Some(part), Some(bounds)) if part.stroke == piece.key.stroke => {
                    if part.last != piece.key.first {
                        return;
                    }
                    part.last = piece.key.last;
                    *bounds = bounds.union(&piece.bounds);
                }
                _ => {
                    key.push(piece.key);
                    parts.push(piece.bounds);
                }
            }
        }
        if key.len() > MAX_STROKES {
            return;
        }
        let cuts: usize = self
            .members(first, mask)
            .map(|piece| cut_ends(piece, &key))
            .sum();
        let breaks = key
            .windows(2)
            .filter(|pair| pair[1].stroke != pair[0].stroke + 1)
            .count();
        let own = union(&parts);
        let width = (own.max.x - own.min.x) / self.height;
        let height = ((own.max.y - own.min.y) / self.height).max(0.02);
        let outside = self
            .pieces
            .iter()
            .enumerate()
            .filter(|&(i, _)| i < first || i >= first + REACH || mask >> (i - first) & 1 == 0);
        let (mut overlap, mut coverage) = (0.0_f32, 0.0_f32);
        for (_, other) in outside {
            let shared = shared_width(&own, &other.bounds) / self.height;
            let other_width = (other.bounds.max.x - other.bounds.min.x) / self.height;
            overlap = overlap.max(shared);
            coverage = coverage.max(shared / width.min(other_width).max(THIN));
        }
        let features = if is_ligature {
            let mut features = [0.0; FEATURES];
            features[8] = 1.0;
            features
        } else {
            [
                1.0,
                (key.len() - 1) as f32,
                0.0,
                (1.0 / height).ln().max(0.0),
                (width - 0.9).max(0.0),
                coverage.min(1.0),
                breaks as f32,
                cuts as f32,
                0.0,
                overlap,
                self.spread(&parts),
                0.0,
            ]
        };
        self.groups.push(Group {
            first,
            mask,
            is_ligature,
            key,
            features,
        });
    }

    /// How far the strokes of a group lie side by side: 0 if one of them lies above or below others with all its width,
    /// 1 if none does.
    fn spread(&self, parts: &[Bounds]) -> f32 {
        let covered = |(index, part): (usize, &Bounds)| {
            let others = parts.iter().enumerate().filter(|&(i, _)| i != index);
            let rest = union(others.map(|(_, other)| other));
            let widen = (0.5 * (THIN * self.height - (part.max.x - part.min.x))).max(0.0);
            let mut wide = *part;
            wide.min.x -= widen;
            wide.max.x += widen;
            shared_width(&wide, &rest) / (wide.max.x - wide.min.x)
        };
        if parts.len() < 2 {
            return 0.0;
        }
        1.0 - parts.iter().enumerate().map(covered).fold(0.0, f32::max)
    }

    /// The best division, where `cost` is what the network says of a group.
    pub(super) fn divide(&self, cost: impl Fn(&Group) -> f32) -> Division {
        let costs: Vec<f32> = self.groups.iter().map(cost).collect();
        let mut alone: Vec<f32> = vec![MAX_COST; self.pieces.len()];
        for (group, &cost) in self.groups.iter().zip(&costs) {
            if group.mask == 1 && !group.is_ligature {
                alone[group.first] = cost;
            }
        }
        let mut by_first: Vec<Vec<(f64, &Group)>> = vec![Vec::new(); self.pieces.len()];
        for (group, &cost) in self.groups.iter().zip(&costs) {
            let score = f64::from(self.score(group, cost, &alone));
            by_first[group.first].push((score, group));
        }
        best_division(&by_first)
    }

    /// The logarithm of a group's weight in a division.
    fn score(&self, group: &Group, cost: f32, alone: &[f32]) -> f32 {
        let mut features = group.features;
        if !group.is_ligature {
            // Per stroke: a division into fewer groups must not win because it has fewer costs.
            features[2] = cost.min(MAX_COST) * group.key.len() as f32;
            let are_whole = group.mask.count_ones() as usize == group.key.len();
            if group.key.len() > 1 && are_whole {
                features[11] = self.separability(group, alone);
            }
        }
        features
            .iter()
            .zip(WEIGHTS)
            .map(|(feature, weight)| feature * weight)
            .sum()
    }

    /// The least probability among a group's strokes to be a digit alone; 0 if one of them is small.
    fn separability(&self, group: &Group, alone: &[f32]) -> f32 {
        let members = (group.first..self.pieces.len())
            .take(REACH)
            .filter(|i| group.mask >> (i - group.first) & 1 == 1);
        let of_piece = |i: usize| {
            let bounds = &self.pieces[i].bounds;
            let is_tall = bounds.max.y - bounds.min.y > 0.6 * self.height;
            if is_tall { (-alone[i]).exp() } else { 0.0 }
        };
        members.map(of_piece).fold(1.0, f32::min)
    }
}

fn union<'a>(bounds: impl IntoIterator<Item = &'a Bounds>) -> Bounds {
    let all = bounds
        .into_iter()
        .copied()
        .reduce(|all, bounds| all.union(&bounds));
    all.unwrap_or(Bounds {
        min: Point::default(),
        max: Point::default(),
    })
}

fn shared_width(a: &Bounds, b: &Bounds) -> f32 {
    (a.max.x.min(b.max.x) - a.min.x.max(b.min.x)).max(0.0)
}

/// The ends of a piece where its stroke was cut, and the group ends too.
fn cut_ends(piece: &Piece, key: &[PieceKey]) -> usize {
    let part = key.iter().find(|part| part.stroke == piece.key.stroke);
    let ends = part.map_or([false; 2], |part| {
        [part.first == piece.key.first, part.last == piece.key.last]
    });
    (0..2)
        .filter(|&side| ends[side] && piece.is_cut[side])
        .count()
}

/// Some first pieces of a line, all of them used, and the later ones that are used already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct State {
    first: usize,
    used: u16,
}

/// The divisions that lead to a state.
#[derive(Clone, Debug)]
struct Paths<'a> {
    /// The score of the best one.
    best: f64,
    /// The logarithm of the sum over all of them.
    total: f64,
    /// The last step of the best one.
    from: Option<(State, &'a Group)>,
}

/// Dynamic programming from left to right. `by_first` has the scored groups by their first piece.
fn best_division(by_first: &[Vec<(f64, &Group)>]) -> Division {
    let mut paths: HashMap<State, Paths> = HashMap::new();
    let start = Paths {
        best: 0.0,
        total: 0.0,
        from: None,
    };
    let mut ahead: Vec<Vec<State>> = vec![Vec::new(); by_first.len() + 1];
    ahead[0].push(State { first: 0, used: 0 });
    paths.insert(ahead[0][0], start);
    for (first, groups) in by_first.iter().enumerate() {
        for state in std::mem::take(&mut ahead[first]) {
            let Paths { best, total, .. } = paths[&state];
            for &(score, group) in groups
                .iter()
                .filter(|(_, group)| group.mask & state.used == 0)
            {
                let all = group.mask | state.used;
                let steps = all.trailing_ones();
                let next = State {
                    first: first + steps as usize,
                    used: (u32::from(all) >> steps) as u16,
                };
                let to = paths.entry(next).or_insert_with(|| {
                    ahead[next.first].push(next);
                    Paths {
                        best: f64::NEG_INFINITY,
                        total: f64::NEG_INFINITY,
                        from: None,
                    }
                });
                if best + score > to.best {
                    to.best = best + score;
                    to.from = Some((state, group));
                }
                let high = to.total.max(total + score);
                let low = to.total.min(total + score);
                to.total = high + (low - high).exp().ln_1p();
            }
        }
    }
    let mut groups = Vec::new();
    let mut state = State {
        first: by_first.len(),
        used: 0,
    };
    let probability = paths
        .get(&state)
        .map_or(1.0, |end| (end.best - end.total).exp() as f32);
    while let Some((before, group)) = paths.get(&state).and_then(|paths| paths.from) {
        groups.push(group.clone());
        state = before;
    }
    groups.reverse();
    Division {
        groups,
        probability,
    }
}

/// The weights of the features: a digit; each further stroke; the network's cost for each stroke; −ln of the height below
/// the line's; the width above 0.9 heights; the part of a stroke that lies beside another group's; each jump in the order
/// of writing; each cut; a ligature; the overlap with another group's strokes, in heights; the spread of its own strokes;
/// the separability.
///
/// Fitted by maximum likelihood of the right divisions of 1,000 numbers and 400 single digits, composed of pen ink: see
/// "Numbers" in `docs/results.md`.
const WEIGHTS: [f32; FEATURES] = [
    0.3, -1.4, -1.94, -3.0, -1.7, -1.64, -0.88, -0.81, -1.99, -1.66, -0.22, -1.1,
];
