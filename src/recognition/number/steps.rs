//! The ways through the groups of a line, and the best division among them.

use std::collections::HashMap;

use super::lattice::{Group, GroupKind};
use crate::bitmap::Digit;

/// How far below the best division's score another one's may be, in nats, to count.
const MARGIN: f64 = 4.0;

/// A division of a line, the best one of some.
#[derive(Clone, Debug)]
pub(super) struct Division {
    pub(super) groups: Vec<Group>,
    /// How many of them are digits.
    length: usize,
    /// The logarithm of its weight.
    score: f64,
    /// The logarithm of the sum of the weights of those with the same digits: a dot may be one with a digit, or a mark.
    pub(super) same: f64,
    /// The logarithm of the sum of the weights of those of which it is the best one.
    total: f64,
}

/// The best divisions of a line.
#[derive(Clone, Debug)]
pub(super) struct LineDivisions {
    /// The best one of all.
    pub(super) best: Division,
    /// The best one of each number of digits, if lengths are known.
    pub(super) by_length: Vec<Division>,
    /// The logarithm of the weight of *not a number*.
    pub(super) none: f64,
}

impl LineDivisions {
    /// The logarithm of the weight of all divisions and *not a number*.
    fn total(&self) -> f64 {
        log_sum(self.best.total, self.none)
    }

    /// The probability of *not a number*.
    pub(super) fn none_probability(&self) -> f32 {
        (self.none - self.total()).exp() as f32
    }
}

/// One division of each line.
#[derive(Clone, Debug, Default)]
pub(super) struct ChosenDivisions {
    pub(super) divisions: Vec<Division>,
    /// How many digits they have together.
    length: usize,
    /// The logarithm of their weight.
    pub(super) score: f64,
    /// The logarithm of the sum of the weights of those with the same digits.
    pub(super) same: f64,
    /// The logarithm of the sum of the weights of those of which they are the best.
    pub(super) total: f64,
}

impl ChosenDivisions {
    /// The best of all, among which *not a number* is.
    pub(super) fn best(lines: &[LineDivisions]) -> Self {
        lines.iter().fold(Self::default(), |before, line| {
            let mut best = before.and(&line.best);
            best.total += line.total() - line.best.total;
            best
        })
    }

    /// The best whose digits together are as many as one of `lengths` says, if there are any.
    pub(super) fn of_lengths(lines: &[LineDivisions], lengths: &[usize]) -> Option<Self> {
        let mut chosen = vec![Self::default()];
        for line in lines {
            let mut longer: Vec<Self> = Vec::new();
            for before in &chosen {
                for division in &line.by_length {
                    let next = before.and(division);
                    match longer.iter_mut().find(|same| same.length == next.length) {
                        Some(same) => *same = same.or(&next),
                        None => longer.push(next),
                    }
                }
            }
            chosen = longer;
        }
        let fitting = chosen.into_iter();
        fitting
            .filter(|choice| lengths.contains(&choice.length))
            .reduce(|a, b| a.or(&b))
    }

    /// These, and a division of the next line.
    fn and(&self, next: &Division) -> Self {
        Self {
            divisions: self.divisions.iter().chain([next]).cloned().collect(),
            length: self.length + next.length,
            score: self.score + next.score,
            same: self.same + next.same,
            total: self.total + next.total,
        }
    }

    /// The better ones of both.
    fn or(&self, other: &Self) -> Self {
        let better = if self.score >= other.score {
            self
        } else {
            other
        };
        Self {
            total: log_sum(self.total, other.total),
            ..better.clone()
        }
    }
}

/// A group that leads from one state to another. A state is some first pieces of a line, all of them used, and the later
/// ones that are used already.
#[derive(Clone, Copy, Debug)]
struct LatticeStep {
    from: usize,
    to: usize,
    group: usize,
}

/// All ways to go on from some first pieces, in an order such that those to a state precede those from it.
#[derive(Debug)]
pub(super) struct Steps {
    steps: Vec<LatticeStep>,
    /// How many states they have.
    states: usize,
}

/// The state without pieces.
const START: usize = 0;
/// The state with all pieces.
const END: usize = 1;

/// The divisions that lead to a state.
#[derive(Clone, Copy, Debug)]
struct DivisionPath {
    /// The score of the best one.
    best: f64,
    /// The logarithm of the sum over all of them.
    total: f64,
    /// The last step of the best one.
    last: Option<usize>,
}

impl DivisionPath {
    const NONE: Self = Self {
        best: f64::NEG_INFINITY,
        total: f64::NEG_INFINITY,
        last: None,
    };
}

impl Steps {
    /// The steps through the groups of so many pieces; none if no way uses all pieces.
    pub(super) fn of(groups: &[Group], count: usize) -> Self {
        let (mut steps, mut states) = (Vec::new(), 2);
        let mut by_first: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (index, group) in groups.iter().enumerate() {
            by_first[group.first].push(index);
        }
        // The states of each number of first pieces, by the later pieces that are used already.
        let mut known: Vec<HashMap<u16, usize>> = vec![HashMap::new(); count + 1];
        known[count].insert(0, END);
        let mut ahead: Vec<Vec<(u16, usize)>> = vec![Vec::new(); count + 1];
        ahead[0].push((0, START));
        for first in 0..count {
            for (used, from) in std::mem::take(&mut ahead[first]) {
                for &group in &by_first[first] {
                    let mask = groups[group].mask;
                    if mask & used != 0 {
                        continue;
                    }
                    let all = mask | used;
                    let next = first + all.trailing_ones() as usize;
                    let used = (u32::from(all) >> all.trailing_ones()) as u16;
                    let to = *known[next].entry(used).or_insert_with(|| {
                        ahead[next].push((used, states));
                        states += 1;
                        states - 1
                    });
                    steps.push(LatticeStep { from, to, group });
                }
            }
        }
        if !steps.iter().any(|step: &LatticeStep| step.to == END) {
            steps.clear();
        }
        Self { steps, states }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether each group is in a division whose score is near the best one's.
    pub(super) fn near(&self, scores: &[f64]) -> Vec<bool> {
        let mut before = vec![f64::NEG_INFINITY; self.states];
        let mut after = before.clone();
        (before[START], after[END]) = (0.0, 0.0);
        for &LatticeStep { from, to, group } in &self.steps {
            before[to] = before[to].max(before[from] + scores[group]);
        }
        for &LatticeStep { from, to, group } in self.steps.iter().rev() {
            after[from] = after[from].max(after[to] + scores[group]);
        }
        let least = after[START] - MARGIN;
        let mut near = vec![false; scores.len()];
        for &LatticeStep { from, to, group } in &self.steps {
            near[group] |= before[from] + scores[group] + after[to] >= least;
        }
        near
    }

    /// The best division of all; with a `length`, the best one of each number of digits up to it.
    pub(super) fn best(
        &self,
        all: &[Group],
        scores: &[f64],
        length: Option<usize>,
    ) -> Vec<Division> {
        let width = length.map_or(1, |length| length + 1);
        let mut paths = vec![DivisionPath::NONE; self.states * width];
        let start = &mut paths[START * width];
        (start.best, start.total) = (0.0, 0.0);
        for (index, &LatticeStep { from, to, group }) in self.steps.iter().enumerate() {
            let counts = length.is_some() && all[group].kind == GroupKind::Digit;
            for digits in 0..width - usize::from(counts) {
                let DivisionPath { best, total, .. } = paths[from * width + digits];
                let to = &mut paths[to * width + digits + usize::from(counts)];
                if best + scores[group] > to.best {
                    to.best = best + scores[group];
                    to.last = Some(index);
                }
                if total > f64::NEG_INFINITY {
                    to.total = log_sum(to.total, total + scores[group]);
                }
            }
        }
        let division = |digits: usize| {
            let DivisionPath { best, total, .. } = paths[END * width + digits];
            let mut groups: Vec<Group> = Vec::new();
            let (mut state, mut left) = (END, digits);
            while let Some(step) = paths[state * width + left].last {
                let LatticeStep { from, group, .. } = self.steps[step];
                let group = &all[group];
                left -= usize::from(length.is_some() && group.kind == GroupKind::Digit);
                state = from;
                groups.push(group.clone());
            }
            groups.reverse();
            let is_digit = |group: &&Group| group.kind == GroupKind::Digit;
            (best > f64::NEG_INFINITY).then(|| Division {
                length: groups.iter().filter(is_digit).count(),
                groups,
                score: best,
                same: best,
                total,
            })
        };
        (0..width).filter_map(division).collect()
    }

    /// The logarithm of the sum of the weights of all divisions into these digits. `digit_of` is the digit of a group.
    pub(super) fn total_of(
        &self,
        digits: &[Digit],
        scores: &[f64],
        digit_of: impl Fn(usize) -> Option<Digit>,
    ) -> f64 {
        let width = digits.len() + 1;
        let mut totals = vec![f64::NEG_INFINITY; self.states * width];
        totals[START * width] = 0.0;
        for &LatticeStep { from, to, group } in &self.steps {
            let own = digit_of(group);
            for before in 0..width {
                let after = before + usize::from(own.is_some());
                let is_next = own.is_none() || own == digits.get(before).copied();
                let total = totals[from * width + before];
                if is_next && total > f64::NEG_INFINITY {
                    let to = &mut totals[to * width + after];
                    *to = log_sum(*to, total + scores[group]);
                }
            }
        }
        totals[END * width + digits.len()]
    }
}

fn log_sum(a: f64, b: f64) -> f64 {
    let (high, low) = (a.max(b), a.min(b));
    if low == f64::NEG_INFINITY {
        return high;
    }
    high + (low - high).exp().ln_1p()
}
