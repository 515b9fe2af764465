//! Erasing: what of a stroke is near the way of the eraser.

use super::{Point, Stroke};

/// The shortest covered part of a segment, in units of the pad. A shorter one is a rounding error at a cut.
const MIN_CUT: f32 = 1e-4;

/// The way of the eraser between two samples, and the distance from it that it erases: a capsule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Swath {
    pub(super) from: Point,
    pub(super) to: Point,
    pub(super) reach: f32,
}

impl Swath {
    /// The parts of the stroke outside; `None` if all of it is. A part between two cuts is a stroke of its own.
    pub(super) fn cut(&self, stroke: &Stroke) -> Option<Vec<Stroke>> {
        let points = stroke.points();
        if let [dot] = points {
            return self.covered([*dot, *dot]).map(|_| Vec::new());
        }
        let (mut parts, mut part, mut is_cut) = (Vec::new(), Vec::new(), false);
        for ends in points.windows(2) {
            let (from, to) = (ends[0], ends[1]);
            if part.is_empty() {
                part.push(from);
            }
            let Some([enters, leaves]) = self.covered([from, to]) else {
                part.push(to);
                continue;
            };
            is_cut = true;
            let at = |t: f32| from + (to - from) * t;
            if enters > 0.0 {
                part.push(at(enters));
            }
            // A single point is the covered start of this segment.
            let before = std::mem::take(&mut part);
            parts.push(before);
            if leaves < 1.0 {
                part.extend([at(leaves), to]);
            }
        }
        parts.push(part);
        let left = parts.into_iter().filter(|part| part.len() > 1);
        is_cut.then(|| left.filter_map(Stroke::new).collect())
    }

    /// The covered part of a segment, from 0 at its start to 1 at its end. It has no gap, because a capsule is convex.
    fn covered(&self, [start, end]: [Point; 2]) -> Option<[f32; 2]> {
        let parts = [
            self.in_disc(self.from, start, end),
            self.in_disc(self.to, start, end),
            self.in_rectangle(start, end),
        ];
        let union = |one: [f32; 2], other: [f32; 2]| [one[0].min(other[0]), one[1].max(other[1])];
        let [enters, leaves] = parts.into_iter().flatten().reduce(union)?;
        let length = (leaves - enters) * (end - start).length();
        let is_whole = enters <= 0.0 && leaves >= 1.0;
        (is_whole || length > MIN_CUT).then_some([enters, leaves])
    }

    fn in_disc(&self, center: Point, start: Point, end: Point) -> Option<[f32; 2]> {
        let (along, off) = (end - start, start - center);
        let (a, b) = (along.dot(along), off.dot(along));
        let c = off.dot(off) - self.reach * self.reach;
        if a == 0.0 {
            return (c <= 0.0).then_some([0.0, 1.0]);
        }
        let root = (b * b - a * c).max(0.0).sqrt();
        let is_met = b * b >= a * c;
        within([0.0, 1.0], [(-b - root) / a, (-b + root) / a]).filter(|_| is_met)
    }

    fn in_rectangle(&self, start: Point, end: Point) -> Option<[f32; 2]> {
        let way = self.to - self.from;
        let length = way.length();
        if length == 0.0 {
            return None;
        }
        let ahead = way * length.recip();
        let aside = Point::new(-ahead.y, ahead.x);
        let (along, off) = (end - start, start - self.from);
        let slab = |axis: Point, [low, high]: [f32; 2]| {
            let (position, speed) = (off.dot(axis), along.dot(axis));
            if speed == 0.0 {
                return (low..=high).contains(&position).then_some([0.0, 1.0]);
            }
            let [one, other] = [low, high].map(|limit| (limit - position) / speed);
            within([0.0, 1.0], [one.min(other), one.max(other)])
        };
        let ahead = slab(ahead, [0.0, length])?;
        within(ahead, slab(aside, [-self.reach, self.reach])?)
    }
}

/// The common part of two intervals.
fn within(one: [f32; 2], other: [f32; 2]) -> Option<[f32; 2]> {
    let common = [one[0].max(other[0]), one[1].min(other[1])];
    (common[0] <= common[1]).then_some(common)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_the_way_of_the_eraser_is_cut_out() {
        // The stroke, the way of the eraser, and the first and the last point of each part that is left.
        type Case<'a> = (&'a [Point], [Point; 2], Option<&'a [[Point; 2]]>, &'a str);
        let p = Point::new;
        let line = [p(0.0, 0.5), p(0.3, 0.5), p(1.0, 0.5)];
        let angle = [p(0.0, 0.0), p(0.5, 0.0), p(0.5, 0.5)];
        let cases: [Case<'_>; 9] = [
            (&line, [p(0.5, 0.7), p(0.5, 0.7)], None, "out of reach"),
            (
                &line,
                [p(0.5, 0.4), p(0.5, 0.6)],
                Some(&[[p(0.0, 0.5), p(0.4, 0.5)], [p(0.6, 0.5), p(1.0, 0.5)]]),
                "across a segment",
            ),
            (
                &line,
                [p(0.3, 0.5), p(0.3, 0.5)],
                Some(&[[p(0.0, 0.5), p(0.2, 0.5)], [p(0.4, 0.5), p(1.0, 0.5)]]),
                "at rest on a sample",
            ),
            (
                &line,
                [p(0.2, 0.5), p(0.7, 0.5)],
                Some(&[[p(0.0, 0.5), p(0.1, 0.5)], [p(0.8, 0.5), p(1.0, 0.5)]]),
                "along the stroke",
            ),
            (
                &line,
                [p(0.0, 0.5), p(0.0, 0.5)],
                Some(&[[p(0.1, 0.5), p(1.0, 0.5)]]),
                "at its start",
            ),
            (
                &line,
                [p(1.0, 0.5), p(1.0, 0.5)],
                Some(&[[p(0.0, 0.5), p(0.9, 0.5)]]),
                "at its end",
            ),
            (&line, [p(0.0, 0.5), p(1.0, 0.5)], Some(&[]), "all of it"),
            (
                &angle,
                [p(0.5, 0.0), p(0.5, 0.0)],
                Some(&[[p(0.0, 0.0), p(0.4, 0.0)], [p(0.5, 0.1), p(0.5, 0.5)]]),
                "at a corner",
            ),
            (
                &[p(0.5, 0.5)],
                [p(0.45, 0.5), p(0.45, 0.5)],
                Some(&[]),
                "a dot",
            ),
        ];
        for (points, [from, to], expected, reason) in cases {
            let stroke = Stroke::new(points.to_vec()).expect(reason);
            let swath = Swath {
                from,
                to,
                reach: 0.1,
            };
            let parts = swath.cut(&stroke);
            let ends = parts.as_ref().map(|parts| {
                let ends =
                    |part: &Stroke| [part.points()[0], part.points()[part.points().len() - 1]];
                parts.iter().map(ends).collect::<Vec<_>>()
            });
            let found = ends.iter().flatten().flatten();
            let wanted = expected.iter().copied().flatten().flatten();
            assert_eq!(
                ends.as_ref().map(Vec::len),
                expected.map(<[_]>::len),
                "{reason}: {ends:?}"
            );
            for (found, wanted) in found.zip(wanted) {
                // The rounding of coordinates up to 1.
                let is_close = (*found - *wanted).length() < 1e-6;
                assert!(is_close, "{reason}: {found:?}, not {wanted:?}");
            }
            let again = parts
                .into_iter()
                .flatten()
                .filter_map(|part| swath.cut(&part));
            assert_eq!(again.count(), 0, "{reason}: nothing is left to cut");
        }
    }
}
