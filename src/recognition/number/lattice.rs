//! The groups of a line that may be digits, and their scores.

use super::{
    pieces::{Distances, Piece, PieceKey},
    ring::{is_through, is_within},
    steps::{LineDivisions, Steps},
};
use crate::{
    bitmap::Digit,
    ink::{Bounds, Point},
};

/// The pieces that a group may reach over, from its first one.
pub(super) const REACH: usize = 8;
/// The most strokes of a digit.
const MAX_STROKES: usize = 4;
/// The widest group, in heights of the line.
const MAX_WIDTH: f32 = 1.7;
/// The widest gap within a group, in heights of the line: a hat may be far from its 5.
const MAX_GAP: f32 = 0.7;
/// The tallest and the longest mark, in heights of the line.
const MAX_MARK: [f32; 2] = [0.3, 0.8];
/// The width of a thin stroke, in heights of the line: overlaps are measured against no less.
const THIN: f32 = 0.1;
/// The largest distance between the strokes of a digit that counts, in heights of the line.
pub(super) const FAR: f32 = 0.5;
/// The distance of strokes that touch, in heights of the line.
const TOUCH: f32 = 0.03;
/// The most of a stroke that lies beside another digit's in a plain number.
const PLAIN_COVERAGE: f32 = 0.5;
/// The largest cost of a group, in nats: one bad digit must not outweigh a whole line.
const MAX_COST: f32 = 8.0;

/// The longest dot, in heights of the line.
const MAX_DOT: f32 = 0.15;
/// The highest dash above the middle, in heights of the line.
const MAX_DASH_RISE: f32 = 0.25;
/// The least gap between a sign and its digit, in heights of the line.
const SIGN_GAP: f32 = 0.05;

/// The features of a group, times the [`Weights`], add up to its score.
const FEATURES: usize = 20;

/// What a group is in a division.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GroupKind {
    Digit,
    /// The line that joins two digits.
    Ligature,
    /// A dot or a dash, alone.
    Mark,
}

/// A set of pieces: bit `i` is the piece `first + i`.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) first: usize,
    pub(super) mask: u16,
    pub(super) kind: GroupKind,
    /// Its parts, in the order of the strokes. Touching parts of a stroke are one.
    pub(super) key: Vec<PieceKey>,
    pub(super) features: [f32; FEATURES],
}

/// All groups of a line that may be digits.
#[derive(Debug)]
pub(super) struct Lattice<'a> {
    pieces: &'a [Piece],
    /// The bounding box of each piece's whole stroke.
    strokes: Vec<Bounds>,
    distances: Distances,
    /// The height of the line.
    height: f32,
    /// Whether there is no other line.
    is_only_line: bool,
    weights: &'static Weights,
    groups: Vec<Group>,
    steps: Steps,
}

impl<'a> Lattice<'a> {
    pub(super) fn new(
        pieces: &'a [Piece],
        distances: Distances,
        height: f32,
        weights: &'static Weights,
        is_only_line: bool,
        is_plain: bool,
    ) -> Self {
        let stroke = |piece: &Piece| {
            let others = pieces.iter();
            let own = others.filter(|other| other.key.stroke == piece.key.stroke);
            union(own.map(|piece| &piece.bounds))
        };
        let mut lattice = Self {
            pieces,
            strokes: pieces.iter().map(stroke).collect(),
            distances,
            height,
            is_only_line,
            weights,
            groups: Vec::new(),
            steps: Steps::of(&[], 0),
        };
        for (first, piece) in pieces.iter().enumerate() {
            lattice.extend(first, 1);
            if piece.is_cut == [true; 2] {
                lattice.push(first, 1, GroupKind::Ligature);
            } else if lattice.is_mark(first) {
                lattice.push(first, 1, GroupKind::Mark);
            }
        }
        if is_plain {
            let covered = |group: &Group| group.features[5].max(group.features[14]);
            lattice
                .groups
                .retain(|group| covered(group) < PLAIN_COVERAGE);
        }
        lattice.steps = Steps::of(&lattice.groups, pieces.len());
        if lattice.steps.is_empty() {
            lattice.groups.clear();
        }
        lattice
    }

    /// Whether a stroke may be a dot, or a dash that is not as high as the hat of a 5. A stroke within another one is part
    /// of its digit: the dot or the slash of a 0, the bar of a 7. So is one that touches another: the bar of an H.
    fn is_mark(&self, index: usize) -> bool {
        let piece = &self.pieces[index];
        let length = piece.bounds.longer_side() as f32 / self.height;
        let height = (piece.bounds.max.y - piece.bounds.min.y) / self.height;
        let Bounds { min, max } = piece.bounds;
        let (x, y) = (f32::midpoint(min.x, max.x), f32::midpoint(min.y, max.y));
        let is_around = |Bounds { min, max }: &Bounds| {
            (min.x..=max.x).contains(&x) && (min.y..=max.y).contains(&y)
        };
        let strokes = self.pieces.iter().zip(&self.strokes);
        let mut others = strokes.filter(|(other, _)| other.key != piece.key);
        piece.is_cut == [false; 2]
            && !others.any(|(_, stroke)| is_around(stroke))
            && self.severed(index, 1) == 0.0
            && height <= MAX_MARK[0]
            && length <= MAX_MARK[1]
            && (length <= MAX_DOT || self.rise(&piece.bounds) <= MAX_DASH_RISE)
    }

    /// Whether the first piece of a group is a dash before the others, as in −3.
    fn is_sign(&self, first: usize, mask: u16) -> bool {
        let dash = self.pieces[first].bounds;
        let rest = self.bounds(first, mask & !1);
        let middle = |Bounds { min, max }: Bounds| f32::midpoint(min.y, max.y);
        let off = (middle(dash) - middle(rest)).abs();
        (rest.min.x - dash.max.x) >= SIGN_GAP * self.height
            && dash.longer_side() as f32 > MAX_DOT * self.height
            && off <= MAX_DASH_RISE * self.height
            && self.is_mark(first)
    }

    pub(super) fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Adds the group of `mask`, and all that grow from it by later pieces.
    fn extend(&mut self, first: usize, mask: u16) {
        self.push(first, mask, GroupKind::Digit);
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

    /// Adds a group, unless it has too many strokes, has a gap in a stroke, or lies within a ring.
    fn push(&mut self, first: usize, mask: u16, kind: GroupKind) {
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
        let begins_with_sign =
            kind == GroupKind::Digit && key.len() > 1 && self.is_sign(first, mask);
        if key.len() > MAX_STROKES || begins_with_sign {
            return;
        }
        let cuts: Vec<usize> = key
            .iter()
            .map(|part| cut_ends(part, self.members(first, mask)))
            .collect();
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
        for (index, other) in outside {
            let ring = &self.strokes[index];
            let is_held = other.is_of_ring && (is_within(&own, ring) || is_through(&own, ring));
            let is_own = || key.iter().any(|part| part.stroke == other.key.stroke);
            if is_held && kind == GroupKind::Digit && !is_own() {
                // No digit lies within a ring, or across it: the slash of a 0.
                return;
            }
            let shared = shared_width(&own, &other.bounds) / self.height;
            let other_width = (other.bounds.max.x - other.bounds.min.x) / self.height;
            overlap = overlap.max(shared);
            coverage = coverage.max(shared / width.min(other_width).max(THIN));
        }
        let mut features = [0.0; FEATURES];
        match kind {
            GroupKind::Ligature => features[8] = 1.0,
            GroupKind::Mark => {
                features[13] = 1.0;
                features[14] = coverage.min(1.0);
                features[18] = self.rise(&own);
            }
            GroupKind::Digit => {
                let is_all = self.is_only_line && mask.count_ones() as usize == self.pieces.len();
                features = [
                    1.0,
                    (key.len() - 1) as f32,
                    0.0,
                    (1.0 / height).ln().max(0.0),
                    (width - 0.9).max(0.0),
                    coverage.min(1.0),
                    breaks as f32,
                    cuts.iter().sum::<usize>() as f32,
                    0.0,
                    overlap,
                    self.spread(&parts),
                    0.0,
                    self.gap(&parts),
                    0.0,
                    0.0,
                    f32::from(u8::from(is_all)),
                    self.apart(first, mask),
                    self.severed(first, mask),
                    0.0,
                    cuts.iter().filter(|&&ends| ends == 2).count() as f32,
                ];
            }
        }
        self.groups.push(Group {
            first,
            mask,
            kind,
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

    /// The longest way from one stroke of a group to the next, in heights of the line, where each is reached from the
    /// nearest that is reached already.
    fn apart(&self, first: usize, mask: u16) -> f32 {
        let mut open: Vec<usize> = (first + 1..first + REACH)
            .filter(|i| mask >> (i - first) & 1 == 1)
            .collect();
        let mut reached = vec![first];
        let mut longest = 0.0_f32;
        while !open.is_empty() {
            let way = |&i: &usize| {
                let ways = reached.iter().map(|&j| self.way(i, j));
                ways.fold(FAR, f32::min)
            };
            let nearest = (0..open.len()).min_by(|&a, &b| way(&open[a]).total_cmp(&way(&open[b])));
            let next = open.swap_remove(nearest.unwrap_or(0));
            longest = longest.max(way(&next));
            reached.push(next);
        }
        longest
    }

    /// The distance of two pieces, in heights of the line; parts of one stroke have none.
    fn way(&self, i: usize, j: usize) -> f32 {
        if self.pieces[i].key.stroke == self.pieces[j].key.stroke {
            return 0.0;
        }
        self.distances.between(i, j) / self.height
    }

    /// How often a stroke of a group touches another group's.
    fn severed(&self, first: usize, mask: u16) -> f32 {
        let is_in = |i: usize| i >= first && i < first + REACH && mask >> (i - first) & 1 == 1;
        let touches = |i: usize, j: usize| {
            self.pieces[i].key.stroke != self.pieces[j].key.stroke && self.way(i, j) < TOUCH
        };
        let inside = (first..self.pieces.len().min(first + REACH)).filter(|&i| is_in(i));
        let pairs = inside.flat_map(|i| {
            let near = i.saturating_sub(REACH)..self.pieces.len().min(i + REACH + 1);
            near.filter(|&j| !is_in(j)).map(move |j| (i, j))
        });
        pairs.filter(|&(i, j)| touches(i, j)).count() as f32
    }

    /// How far a mark lies above the middle of the line, in heights of it: a hat does, a dot and a minus do not.
    fn rise(&self, own: &Bounds) -> f32 {
        let all = union(self.pieces.iter().map(|piece| &piece.bounds));
        let middle = f32::midpoint(all.min.y, all.max.y);
        ((middle - f32::midpoint(own.min.y, own.max.y)) / self.height).max(0.0)
    }

    /// The widest gap between the strokes of a group, in heights of the line.
    fn gap(&self, parts: &[Bounds]) -> f32 {
        let mut parts = parts.to_vec();
        parts.sort_by(|a, b| a.min.x.total_cmp(&b.min.x));
        let (mut right, mut gap) = (f32::MAX, 0.0_f32);
        for part in parts {
            gap = gap.max(part.min.x - right);
            right = if right == f32::MAX {
                part.max.x
            } else {
                right.max(part.max.x)
            };
        }
        gap / self.height
    }

    /// The groups without a cost that may matter: those of a division that is near the best one if they cost nothing.
    /// `cost` is what the network says of a group, if it has seen it. With a `length`, all of them.
    pub(super) fn wanted(
        &self,
        length: Option<usize>,
        cost: impl Fn(&Group) -> Option<f32>,
    ) -> Vec<&Group> {
        let costs: Vec<Option<f32>> = self.groups.iter().map(cost).collect();
        let near = self.steps.near(&self.scores(&costs));
        let matters = |index: usize| {
            let group = &self.groups[index];
            // What the network says of a stroke alone is a feature of others.
            let is_alone = group.mask == 1;
            group.kind == GroupKind::Digit && (near[index] || is_alone || length.is_some())
        };
        let unseen = (0..self.groups.len()).filter(|&index| costs[index].is_none());
        unseen
            .filter(|&index| matters(index))
            .map(|index| &self.groups[index])
            .collect()
    }

    /// The best division of all; with a `length`, also the best one of each number of digits up to it. All groups that
    /// are [`wanted`](Self::wanted) have a cost and a `digit`, the most probable one. `None` if no division has all pieces.
    pub(super) fn divide(
        &self,
        length: Option<usize>,
        cost: impl Fn(&Group) -> Option<f32>,
        digit: impl Fn(&Group) -> Option<Digit>,
    ) -> Option<LineDivisions> {
        let costs: Vec<Option<f32>> = self.groups.iter().map(cost).collect();
        let mut scores = self.scores(&costs);
        if length.is_none() {
            let near = self.steps.near(&scores);
            for (score, is_near) in scores.iter_mut().zip(near) {
                if !is_near {
                    *score = f64::NEG_INFINITY;
                }
            }
        }
        let digit_of = |group: &Group| match group.kind {
            GroupKind::Digit => digit(group),
            GroupKind::Ligature | GroupKind::Mark => None,
        };
        let best = |length| {
            let mut divisions = self.steps.best(&self.groups, &scores, length);
            for division in &mut divisions {
                let digits: Vec<Digit> = division.groups.iter().filter_map(digit_of).collect();
                division.same = self
                    .steps
                    .total_of(&digits, &scores, |index| digit_of(&self.groups[index]));
            }
            divisions
        };
        Some(LineDivisions {
            best: best(None).pop()?,
            by_length: length.map_or_else(Vec::new, |length| best(Some(length))),
            none: self.none_score(),
        })
    }

    /// The score of each group. One without a cost has the score that it has if it costs nothing: the most it can have.
    fn scores(&self, costs: &[Option<f32>]) -> Vec<f64> {
        let alone = self.alone(costs);
        let groups = self.groups.iter().zip(costs);
        groups
            .map(|(group, cost)| {
                let features = self.features(group, cost.unwrap_or(0.0), &alone);
                let weighted = features.iter().zip(&self.weights.group);
                let score: f32 = weighted.map(|(feature, weight)| feature * weight).sum();
                f64::from(score)
            })
            .collect()
    }

    /// The score of ink that is not a number.
    fn none_score(&self) -> f64 {
        let strokes = self.pieces.iter().filter(|piece| !piece.is_cut[0]).count();
        let [none, stroke] = self.weights.none;
        f64::from(none + stroke * strokes as f32)
    }

    /// The cost of each piece as a digit of its own.
    pub(super) fn alone(&self, costs: &[Option<f32>]) -> Vec<f32> {
        let mut alone = vec![MAX_COST; self.pieces.len()];
        for (group, cost) in self.groups.iter().zip(costs) {
            if group.mask == 1 && group.kind == GroupKind::Digit {
                alone[group.first] = cost.unwrap_or(MAX_COST);
            }
        }
        alone
    }

    /// All features of a group. Their weighted sum is the logarithm of its weight in a division.
    pub(super) fn features(&self, group: &Group, cost: f32, alone: &[f32]) -> [f32; FEATURES] {
        let mut features = group.features;
        if group.kind == GroupKind::Digit {
            // Per stroke: a division into fewer groups must not win because it has fewer costs.
            features[2] = cost.min(MAX_COST) * group.key.len() as f32;
            let are_whole = group.mask.count_ones() as usize == group.key.len();
            if group.key.len() > 1 && are_whole {
                features[11] = self.separability(group, alone);
            }
        }
        features
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

/// The ends of a part of a stroke, of these pieces among others, where the stroke was cut.
fn cut_ends<'a>(part: &PieceKey, pieces: impl Iterator<Item = &'a Piece>) -> usize {
    let own = pieces.filter(|piece| piece.key.stroke == part.stroke);
    let cuts = own.map(|piece| {
        let is_first = piece.is_cut[0] && piece.key.first == part.first;
        let is_last = piece.is_cut[1] && piece.key.last == part.last;
        usize::from(is_first) + usize::from(is_last)
    });
    cuts.sum()
}

/// What the features are worth.
#[derive(Debug)]
pub(super) struct Weights {
    /// Of a group: a digit; each further stroke; the network's cost for each stroke; −ln of the height below the line's;
    /// the width above 0.9 heights; the part of a stroke that lies beside another group's; each jump in the order of
    /// writing; each cut; a ligature; the overlap with another group's strokes, in heights; the spread of its own
    /// strokes; the separability; the widest gap between its strokes, in heights; a mark; the part of a mark that lies
    /// beside a group's stroke; a digit that has all strokes; the longest way between its strokes; each touch of another
    /// group's stroke; how far a mark lies above the middle; each stroke cut at both ends.
    group: [f32; FEATURES],
    /// The score of ink that is not a number, and what is added for each stroke.
    none: [f32; 2],
}

/// The weights of pen strokes, and of components of a picture.
///
/// Fitted by maximum likelihood of the right divisions of 1,500 numbers and 800 single digits, composed of pen ink; the last
/// one, and those of ink that is not a number, to 3,000 numbers, 800 single digits and 986 letters by the same writers.
/// The first one of these is one less than the fit says, because joined numbers pay for each letter that is refused. See
/// "Numbers" in `docs/results.md`.
pub(super) static PEN: Weights = Weights {
    group: [
        1.5, -1.35, -1.45, -4.1, -1.3, -1.41, -1.74, -1.14, -2.23, -2.31, 0.64, -0.76, -1.04,
        -0.72, -2.58, 0.1, -1.88, -0.31, -2.53, -1.44,
    ],
    none: [-0.27, -1.07],
};

/// The weights of the center lines of a picture. They have no order of writing, and a cut is a junction.
///
/// Fitted by maximum likelihood of the divisions that read the label: see "Pictures of numbers" in `docs/results.md`.
pub(super) static PICTURE: Weights = Weights {
    group: [
        1.04, -0.1, -0.5, -4.03, -1.23, -1.42, 0.0, 0.09, -0.93, -1.18, -0.14, -1.15, -0.7, -1.11,
        -2.66, -0.03, -0.44, -0.05, -2.57, 0.03,
    ],
    none: [2.44, -1.04],
};

// The network may only lower a score: `Lattice::wanted` relies on it.
const _: () = assert!(
    PEN.group[2] < 0.0 && PEN.group[11] < 0.0 && PICTURE.group[2] < 0.0 && PICTURE.group[11] < 0.0,
    "a cost lowers the score"
);
