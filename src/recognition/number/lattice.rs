//! The groups that may be digits, and the best division of a line into groups.

use std::collections::HashMap;

use super::pieces::{Distances, Piece, PieceKey};
use crate::ink::{Bounds, Point};

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
/// The largest cost of a group, in nats: one bad digit must not outweigh a whole line.
const MAX_COST: f32 = 8.0;

/// The longest dot, in heights of the line.
const MAX_DOT: f32 = 0.15;
/// The highest dash above the middle, in heights of the line.
const MAX_DASH_RISE: f32 = 0.25;

/// The features of a group, times [`WEIGHTS`], add up to its score.
const FEATURES: usize = 19;

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

/// The best division of a line.
#[derive(Clone, Debug)]
pub(super) struct Division {
    pub(super) groups: Vec<Group>,
    /// How many of them are digits.
    pub(super) length: usize,
    /// Its score.
    score: f64,
    /// Its probability among all divisions of this length, or of any length.
    pub(super) probability: f32,
}

/// All groups of a line that may be digits.
#[derive(Debug)]
pub(super) struct Lattice<'a> {
    pieces: &'a [Piece],
    distances: Distances,
    /// The height of the line.
    height: f32,
    /// Whether there is no other line.
    is_only_line: bool,
    groups: Vec<Group>,
}

impl<'a> Lattice<'a> {
    pub(super) fn new(
        pieces: &'a [Piece],
        distances: Distances,
        height: f32,
        is_only_line: bool,
    ) -> Self {
        let mut lattice = Self {
            pieces,
            distances,
            height,
            is_only_line,
            groups: Vec::new(),
        };
        for (first, piece) in pieces.iter().enumerate() {
            lattice.extend(first, 1);
            if piece.is_cut == [true; 2] {
                lattice.push(first, 1, GroupKind::Ligature);
            } else if lattice.is_mark(piece) {
                lattice.push(first, 1, GroupKind::Mark);
            }
        }
        lattice
    }

    /// Whether a stroke may be a dot, or a dash that is not as high as the hat of a 5. A stroke within another one is part
    /// of its digit: the dot or the slash of a 0, the bar of a 7.
    fn is_mark(&self, piece: &Piece) -> bool {
        let length = piece.bounds.longer_side() as f32 / self.height;
        let height = (piece.bounds.max.y - piece.bounds.min.y) / self.height;
        let Bounds { min, max } = piece.bounds;
        let (x, y) = (f32::midpoint(min.x, max.x), f32::midpoint(min.y, max.y));
        let is_around = |Bounds { min, max }: &Bounds| {
            (min.x..=max.x).contains(&x) && (min.y..=max.y).contains(&y)
        };
        let mut others = self.pieces.iter().filter(|other| other.key != piece.key);
        piece.is_cut == [false; 2]
            && !others.any(|other| is_around(&other.bounds))
            && height <= MAX_MARK[0]
            && length <= MAX_MARK[1]
            && (length <= MAX_DOT || self.rise(&piece.bounds) <= MAX_DASH_RISE)
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

    /// Adds a group, unless it has too many strokes or a gap in a stroke.
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
                    cuts as f32,
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

    /// The best division of all; with a `length`, the best one of each number of digits up to it. `cost` is what the
    /// network says of a group.
    pub(super) fn divide(
        &self,
        length: Option<usize>,
        cost: impl Fn(&Group) -> f32,
    ) -> Vec<Division> {
        let costs: Vec<f32> = self.groups.iter().map(cost).collect();
        let alone = self.alone(&costs);
        let mut by_first: Vec<Vec<(f64, &Group)>> = vec![Vec::new(); self.pieces.len()];
        for (group, &cost) in self.groups.iter().zip(&costs) {
            let features = self.features(group, cost, &alone);
            let weighted = features.iter().zip(WEIGHTS);
            let score: f32 = weighted.map(|(feature, weight)| feature * weight).sum();
            by_first[group.first].push((f64::from(score), group));
        }
        best_divisions(&by_first, length)
    }

    /// The cost of each piece as a digit of its own.
    pub(super) fn alone(&self, costs: &[f32]) -> Vec<f32> {
        let mut alone = vec![MAX_COST; self.pieces.len()];
        for (group, &cost) in self.groups.iter().zip(costs) {
            if group.mask == 1 && group.kind == GroupKind::Digit {
                alone[group.first] = cost;
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
    /// The number of digits so far, if it matters.
    length: usize,
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
fn best_divisions(by_first: &[Vec<(f64, &Group)>], length: Option<usize>) -> Vec<Division> {
    let mut paths: HashMap<State, Paths> = HashMap::new();
    let start = Paths {
        best: 0.0,
        total: 0.0,
        from: None,
    };
    let mut ahead: Vec<Vec<State>> = vec![Vec::new(); by_first.len() + 1];
    ahead[0].push(State {
        first: 0,
        used: 0,
        length: 0,
    });
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
                let counts = length.is_some() && group.kind == GroupKind::Digit;
                let next = State {
                    first: first + steps as usize,
                    used: (u32::from(all) >> steps) as u16,
                    length: state.length + usize::from(counts),
                };
                if length.is_some_and(|length| next.length > length) {
                    continue;
                }
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
                to.total = log_sum(to.total, total + score);
            }
        }
    }
    let ends = std::mem::take(&mut ahead[by_first.len()]);
    let division = |&end: &State| {
        let mut groups = Vec::new();
        let mut state = end;
        while let Some((before, group)) = paths[&state].from {
            groups.push(group.clone());
            state = before;
        }
        groups.reverse();
        let is_digit = |group: &&Group| group.kind == GroupKind::Digit;
        let Paths { best, total, .. } = paths[&end];
        Division {
            length: groups.iter().filter(is_digit).count(),
            groups,
            score: best,
            probability: (best - total).exp() as f32,
        }
    };
    ends.iter()
        .filter(|end| end.used == 0)
        .map(division)
        .collect()
}

fn log_sum(a: f64, b: f64) -> f64 {
    let (high, low) = (a.max(b), a.min(b));
    high + (low - high).exp().ln_1p()
}

/// The best division of each line, such that their digits together are as many as one of `lengths` says, if there are
/// any. `None` if there are none.
pub(super) fn choose(lines: Vec<Vec<Division>>, lengths: &[usize]) -> Option<Vec<Division>> {
    let mut chosen: Vec<(usize, f64, Vec<Division>)> = vec![(0, 0.0, Vec::new())];
    for line in lines {
        let mut longer: Vec<(usize, f64, Vec<Division>)> = Vec::new();
        for (count, score, before) in &chosen {
            for division in &line {
                let count = count + division.length;
                let score = score + division.score;
                let same = longer
                    .iter()
                    .position(|other| other.0 == count || lengths.is_empty());
                if same.is_some_and(|same| longer[same].1 >= score) {
                    continue;
                }
                let all = before.iter().chain([division]).cloned().collect();
                match same {
                    Some(same) => longer[same] = (count, score, all),
                    None => longer.push((count, score, all)),
                }
            }
        }
        chosen = longer;
    }
    let fitting = chosen
        .into_iter()
        .filter(|choice| lengths.is_empty() || lengths.contains(&choice.0));
    let best = fitting.max_by(|a, b| a.1.total_cmp(&b.1));
    best.map(|choice| choice.2)
}

/// The weights of the features: a digit; each further stroke; the network's cost for each stroke; −ln of the height below
/// the line's; the width above 0.9 heights; the part of a stroke that lies beside another group's; each jump in the order
/// of writing; each cut; a ligature; the overlap with another group's strokes, in heights; the spread of its own strokes;
/// the separability; the widest gap between its strokes, in heights; a mark; the part of a mark that lies beside a
/// group's stroke; a digit that has all strokes; the longest way between its strokes; each touch of another group's
/// stroke; how far a mark lies above the middle.
///
/// Fitted by maximum likelihood of the right divisions of 1,000 numbers and 400 single digits, composed of pen ink: see
/// "Numbers" in `docs/results.md`.
const WEIGHTS: [f32; FEATURES] = [
    1.5, -1.35, -1.45, -4.1, -1.3, -1.41, -1.74, -1.14, -2.23, -2.31, 0.64, -0.76, -1.04, -0.72,
    -2.58, 0.1, -1.88, -0.31, -2.53,
];
