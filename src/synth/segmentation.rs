//! The groups of strokes that a segmentation of a number proposes wrongly: a part of a digit, or more than a digit.

use rand::RngCore;

use super::pen::{Pen, hypot, length};
use crate::{
    bitmap::Digit,
    ink::{Bounds, Ink, Point, Stroke},
};

/// The least width of a part, by its height. A narrower part may be a 1.
const MIN_ASPECT: f32 = 0.6;
/// The same of a part that bulges to the right. A narrower one may be a 7.
const MIN_ASPECT_OF_BULGE: f32 = 1.1;
/// The largest ratio of the distance between the ends of a steep part to its length. A straighter part may be a 1.
const MAX_STRAIGHTNESS: f32 = 0.8;
/// The least distance of two digits, in heights: they overlap.
const MIN_GAP: f32 = -0.15;
/// The least distance between a narrow digit and the next one, in heights: closer ones may look like one digit.
const MIN_GAP_OF_NARROW: f32 = 0.15;
/// The same of a digit whose part stands beside another digit: a part of a 0 on a 0 looks like its slash.
const MIN_GAP_OF_PART: f32 = 0.05;
/// The width of a narrow digit, in heights.
const NARROW: f32 = 0.25;
/// The least height of a part beside a digit, in heights of a digit. A lower one may be a stray mark, or the top of a 5.
const MIN_PART_HEIGHT: f32 = 0.35;

/// A way to group strokes wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongGroup {
    /// The first or the last part of a digit.
    Part,
    /// Two digits. They may overlap a little.
    Pair,
    /// Two digits between which the pen is not lifted.
    JoinedPair,
    /// A digit with the first part of the next one, or with the last part of the one before.
    WithPart,
}

/// The paths of the pen, in heights of a digit.
pub(super) type PenPaths = Vec<Vec<Point>>;

impl WrongGroup {
    /// All ways.
    pub const ALL: [Self; 4] = [Self::Part, Self::Pair, Self::JoinedPair, Self::WithPart];

    /// A wrong group of two neighbors, of which only one may count. `None` if it may look like a digit.
    pub fn of(self, neighbors: [(Digit, &Ink); 2], rng: &mut dyn RngCore) -> Option<Ink> {
        let paths = neighbors.map(|(digit, ink)| (digit, paths_of(ink)));
        let group = self.of_paths(paths, &mut Pen::new(rng))?;
        Some(group.into_iter().filter_map(Stroke::new).collect())
    }

    /// As [`WrongGroup::of`], of paths in heights of a digit.
    pub(super) fn of_paths(
        self,
        [(first, before), (second, after)]: [(Digit, PenPaths); 2],
        pen: &mut Pen,
    ) -> Option<PenPaths> {
        match self {
            Self::Part => part(first, &before, pen),
            Self::Pair => Some([before.clone(), beside(&before, after, MIN_GAP, pen)].concat()),
            Self::JoinedPair => {
                let after = beside(&before, after, MIN_GAP, pen);
                let mut joined = before;
                let mut rest = after.into_iter();
                joined.last_mut()?.extend(rest.next()?);
                joined.extend(rest);
                Some(joined)
            }
            Self::WithPart if pen.chance(0.5) => {
                let least = first_of_neighbor(second)?;
                let to = least + pen.uniform(0.0, 0.3);
                let after = beside(&before, after, MIN_GAP_OF_PART, pen);
                with(before, section(&after, 0.0, to))
            }
            Self::WithPart => {
                let from = 1.0 - last_of_neighbor(first, second)? - pen.uniform(0.0, 0.25);
                let after = beside(&before, after, MIN_GAP_OF_PART, pen);
                with(after, section(&before, from, 1.0))
            }
        }
    }
}

/// The strokes of some ink, scaled to a longer side of 1.
fn paths_of(ink: &Ink) -> PenPaths {
    let side = ink.bounds().map_or(1.0, |bounds| bounds.longer_side());
    let scale = 1.0 / (side as f32).max(f32::MIN_POSITIVE);
    let strokes = ink.strokes().iter();
    strokes
        .map(|stroke| stroke.points().iter().map(|&point| point * scale).collect())
        .collect()
}

/// The parts of each digit that are no digit: the shares of its path that its first part has, and its last part.
///
/// Other parts may be digits: the loop of a 6 or 9 is a 0, half an 8 a 0 or 5, a 7 without its bar a 7, the stem of a
/// 4, 7 or 9 a 1, a slashed 0 without its slash a 0.
fn part_shares(digit: Digit) -> [Option<(f32, f32)>; 2] {
    match digit.value() {
        0 => [Some((0.4, 0.6)), Some((0.4, 0.6))],
        2 => [Some((0.2, 0.4)), Some((0.3, 0.5))],
        3 => [Some((0.3, 0.5)), Some((0.3, 0.5))],
        4 => [Some((0.3, 0.5)), None],
        5 => [Some((0.2, 0.45)), Some((0.3, 0.45))],
        6 => [Some((0.4, 0.6)), None],
        8 => [Some((0.15, 0.3)), Some((0.15, 0.3))],
        9 => [Some((0.2, 0.35)), None],
        _ => [None; 2],
    }
}

/// The least share of the path of a next digit that makes a non-digit of the digit before. The top of a 5 or 7 alone
/// may belong to the digit before.
fn first_of_neighbor(next: Digit) -> Option<f32> {
    match next.value() {
        1 => None,
        5 | 7 => Some(0.35),
        _ => Some(0.2),
    }
}

/// The same of the digit before. Left of a 1, a small part is its flag; left of a 7, it is the start of its top.
fn last_of_neighbor(before: Digit, digit: Digit) -> Option<f32> {
    match (before.value(), digit.value()) {
        (1, _) | (_, 1 | 7) => None,
        _ => Some(0.2),
    }
}

fn part(digit: Digit, paths: &PenPaths, pen: &mut Pen) -> Option<PenPaths> {
    let is_last = pen.chance(0.5);
    let (least, most) = part_shares(digit)[usize::from(is_last)]?;
    if paths.len() > 1 && !matches!(digit.value(), 4 | 5) {
        return None;
    }
    let share = pen.uniform(least, most);
    let part = if is_last {
        section(paths, 1.0 - share, 1.0)
    } else {
        section(paths, 0.0, share)
    };
    match part.as_slice() {
        [path] if !may_be_digit(path) => Some(part),
        // Two strokes, as of a 4 with half its stem, look like more of the digit.
        _ => None,
    }
}

/// Whether a part is narrow or a steep straight line, as a 1, or bulges to the right, as a 7.
fn may_be_digit(path: &[Point]) -> bool {
    let (Some(bounds), [first, .., last]) = (Bounds::of(path), path) else {
        return true;
    };
    let (width, height) = (bounds.max.x - bounds.min.x, bounds.max.y - bounds.min.y);
    let chord = *last - *first;
    let is_steep = chord.y.abs() > 0.5 * chord.x.abs();
    let is_line = is_steep && hypot(chord) > MAX_STRAIGHTNESS * length(path);
    // Twice the area between the path and its chord: negative if a path that leads downward bulges to the right.
    let area: f32 = path
        .windows(2)
        .map(|ends| {
            let (a, b) = (ends[0] - *first, ends[1] - *first);
            a.y * b.x - a.x * b.y
        })
        .sum();
    let min_aspect = if area * chord.y.signum() < 0.0 {
        MIN_ASPECT_OF_BULGE
    } else {
        MIN_ASPECT
    };
    is_line || width < min_aspect * height
}

/// The paths between two shares of their length.
fn section(paths: &PenPaths, from: f32, to: f32) -> PenPaths {
    let total: f32 = paths.iter().map(|path| length(path)).sum();
    let mut done = 0.0;
    let mut sections = PenPaths::new();
    for path in paths {
        let mut section = Vec::new();
        for (index, &point) in path.iter().enumerate() {
            done += index.checked_sub(1).map_or(0.0, |i| hypot(point - path[i]));
            if (from * total..=to * total).contains(&done) {
                section.push(point);
            }
        }
        if !section.is_empty() {
            sections.push(section);
        }
    }
    sections
}

/// The next digit, moved to its place right of the one before.
fn beside(before: &PenPaths, mut next: PenPaths, min_gap: f32, pen: &mut Pen) -> PenPaths {
    let [left, right] = [before, &next].map(|paths| Bounds::of(paths.iter().flatten()));
    let (Some(left), Some(right)) = (left, right) else {
        return next;
    };
    let size = pen.normal(0.12).exp();
    let gap = if pen.chance(0.5) {
        pen.uniform(0.05, 0.4)
    } else {
        pen.uniform(MIN_GAP, 0.1)
    };
    let mut gap = gap.max(min_gap);
    let width = |bounds: &Bounds| bounds.max.x - bounds.min.x;
    if width(&left).min(width(&right)) < NARROW {
        gap = gap.max(MIN_GAP_OF_NARROW);
    }
    // Both stand on a line.
    let corner = Point::new(
        left.max.x + gap - size * right.min.x,
        left.max.y + pen.normal(0.06) - size * right.max.y,
    );
    for point in next.iter_mut().flatten() {
        *point = *point * size + corner;
    }
    next
}

/// Both, unless the part is too low.
fn with(digit: PenPaths, part: PenPaths) -> Option<PenPaths> {
    let bounds = Bounds::of(part.iter().flatten())?;
    (bounds.max.y - bounds.min.y > MIN_PART_HEIGHT).then(|| [digit, part].concat())
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// The width of the 0: its halves are wider than a 1.
    const WIDTH: f32 = 1.4;

    /// A 0 and a 1, each 1 high.
    fn zero_and_one() -> [(Digit, PenPaths); 2] {
        let oval = (0..=40).map(|i| {
            let (sin, cos) = (i as f32 * std::f32::consts::TAU / 40.0).sin_cos();
            Point::new(0.5 * WIDTH * (1.0 - sin), 0.5 - 0.5 * cos)
        });
        let line = (0..=20).map(|i| Point::new(0.0, i as f32 / 20.0));
        [
            (Digit::ALL[0], vec![oval.collect()]),
            (Digit::ALL[1], vec![line.collect()]),
        ]
    }

    /// Many groups of a kind; `None` where it may look like a digit.
    fn groups(kind: WrongGroup, neighbors: &[(Digit, PenPaths); 2]) -> Vec<Option<PenPaths>> {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let group = |_| kind.of_paths(neighbors.clone(), &mut Pen::new(&mut rng));
        (0..100).map(group).collect()
    }

    fn bounds(paths: &PenPaths) -> Bounds {
        Bounds::of(paths.iter().flatten()).expect("has points")
    }

    #[test]
    fn a_part_is_neither_the_digit_nor_a_one() {
        let [zero, one] = zero_and_one();
        let parts = groups(WrongGroup::Part, &[zero.clone(), one.clone()]);
        let parts: Vec<PenPaths> = parts.into_iter().flatten().collect();
        assert!(parts.len() > 20, "{}", parts.len());
        for part in &parts {
            let share = length(&part[0]) / length(&zero.1[0]);
            // A fortieth is lost at each end.
            assert!((0.34..0.61).contains(&share), "{share} of the oval");
            let bounds = bounds(part);
            let aspect = (bounds.max.x - bounds.min.x) / (bounds.max.y - bounds.min.y);
            assert!(aspect >= MIN_ASPECT, "as wide as no 1: {aspect}");
        }
        let none = groups(WrongGroup::Part, &[one.clone(), zero.clone()]);
        assert_eq!(none, vec![None; 100], "a part of a 1 is a 1");
        let slash = vec![Point::new(WIDTH, 0.0), Point::new(0.0, 1.0)];
        let slashed = (zero.0, [zero.1, vec![slash]].concat());
        let none = groups(WrongGroup::Part, &[slashed, one]);
        assert_eq!(none, vec![None; 100], "a 0 without its slash is a 0");
    }

    #[test]
    fn a_part_that_may_be_a_one_or_a_seven_is_a_digit() {
        let bowl = |width: f32| -> Vec<Point> {
            let point = |i: usize| {
                let (sin, cos) = (i as f32 * std::f32::consts::PI / 20.0).sin_cos();
                Point::new(width * sin, 0.5 - 0.5 * cos)
            };
            (0..=20).map(point).collect()
        };
        let corners = |corners: &[(f32, f32)]| -> Vec<Point> {
            corners.iter().map(|&(x, y)| Point::new(x, y)).collect()
        };
        let cases = [
            (bowl(0.8), true, "a bulge to the right is a 7"),
            (bowl(1.2), false, "unless it is wide"),
            (bowl(-0.8), false, "no digit opens to the right"),
            (bowl(-0.4), true, "but a 1 bends"),
            (corners(&[(0.0, 0.0), (0.9, 0.0), (0.9, 1.0)]), true, "a 7"),
            (
                corners(&[(0.0, 0.0), (0.0, 1.0), (0.9, 1.0)]),
                false,
                "an L",
            ),
            (
                corners(&[(0.7, 0.0), (0.3, 0.4), (0.0, 1.0)]),
                true,
                "a slanted 1",
            ),
            (
                corners(&[(0.0, 0.3), (0.5, 0.1), (1.0, 0.0)]),
                false,
                "the top of a 5",
            ),
        ];
        for (mut path, expected, reason) in cases {
            assert_eq!(may_be_digit(&path), expected, "{reason}");
            path.reverse();
            assert_eq!(may_be_digit(&path), expected, "{reason}, from its end");
        }
    }

    #[test]
    fn pairs_lie_side_by_side() {
        let neighbors = zero_and_one();
        for (kind, strokes) in [(WrongGroup::Pair, 2), (WrongGroup::JoinedPair, 1)] {
            for group in groups(kind, &neighbors) {
                let group = group.expect("any two digits are a pair");
                assert_eq!(group.len(), strokes, "{kind:?}");
                let bounds = bounds(&group);
                let gap = bounds.max.x - WIDTH;
                // Half of the gaps are up to 0.4; the size of the 1 varies only its height.
                assert!(
                    (MIN_GAP_OF_NARROW - 1e-5..0.41).contains(&gap),
                    "{kind:?}: {gap}"
                );
                let points: usize = group.iter().map(Vec::len).sum();
                assert_eq!(points, 41 + 21, "{kind:?} has all of both");
            }
        }
    }

    #[test]
    fn a_part_beside_a_digit_is_no_stray_mark() {
        let [zero, one] = zero_and_one();
        for neighbors in [[zero.clone(), zero.clone()], [one.clone(), zero.clone()]] {
            let groups = groups(WrongGroup::WithPart, &neighbors);
            let found: Vec<&PenPaths> = groups.iter().flatten().collect();
            assert!(found.len() > 10, "{}", found.len());
            for group in found {
                let part = group.last().expect("digit and part");
                let bounds = Bounds::of(part).expect("has points");
                assert!(bounds.max.y - bounds.min.y > MIN_PART_HEIGHT);
                let share = length(part) / length(&zero.1[0]);
                assert!(share < 0.75, "{share} of the oval, of any size");
            }
        }
        let none = groups(WrongGroup::WithPart, &[one.clone(), one]);
        assert_eq!(none, vec![None; 100], "a part of a 1 is a 1: a pair");
    }
}
