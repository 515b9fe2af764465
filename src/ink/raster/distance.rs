//! The distance of each sample of a picture to the nearest of many segments.

use std::ops::Range;

use super::Point;

/// Segments per row between two searches for covered samples.
const SEGMENTS_PER_SEARCH: u32 = 16;
/// The bits of a row.
const BITS: usize = u128::BITS as usize;

/// The squared distance of each sample's center to the nearest segment. It is exact from the distance where the pen
/// covers the whole sample up to the reach; covered samples are skipped. So a scribble over covered paper costs next to
/// nothing.
pub(super) struct DistanceField {
    width: usize,
    height: usize,
    reach: f32,
    /// A sample this near is covered, also after rounding.
    covered_squared: f32,
    squared: Vec<f32>,
    /// The columns of each row that are not covered yet: a bit for each, or for 2 to the power `shift` of a wide picture.
    open: Vec<u128>,
    shift: u32,
    /// The number of segments that reached each row.
    segments: Vec<u32>,
}

impl DistanceField {
    /// The distances to segments with these ends. `reach` is half the pen's width and half a sample.
    pub(super) fn of(segments: &[[Point; 2]], width: usize, height: usize, reach: f32) -> Self {
        let covered = reach * (1.0 - 1e-5) - 1.0;
        let mut field = Self {
            width,
            height,
            reach,
            covered_squared: covered * covered.max(0.0),
            squared: vec![f32::INFINITY; width * height],
            open: vec![u128::MAX; height],
            shift: width.div_ceil(BITS).next_power_of_two().trailing_zeros(),
            segments: vec![0; height],
        };
        for &[a, b] in segments {
            field.add(a, b);
        }
        field
    }

    /// The squared distances, row by row.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.squared.chunks_exact(self.width.max(1))
    }

    /// The covered part of a sample: linear in its distance from the ink's edge. `None` out of reach.
    pub(super) fn covered(&self, squared: f32) -> Option<f32> {
        (squared < self.reach * self.reach).then(|| (self.reach - squared.sqrt()).min(1.0))
    }

    fn add(&mut self, a: Point, b: Point) {
        let segment = Segment::new(a, b);
        let all_columns = self.bits(&self.reached(a.x, b.x, self.width));
        for y in self.reached(a.y, b.y, self.height) {
            if self.open[y] & all_columns != 0 {
                let columns = self.open_columns(&segment, y);
                if !columns.is_empty() {
                    self.add_to_row(y, columns, &segment);
                }
            }
        }
    }

    /// From the first to the last open column of a row that a segment may reach. Only the part of the segment near the
    /// row counts.
    fn open_columns(&self, segment: &Segment, y: usize) -> Range<usize> {
        let center = y as f32 + 0.5;
        let [low, high] = [-self.reach, self.reach].map(|reach| segment.x_at(center + reach));
        let reached = self.reached(low, high, self.width);
        let open = self.open[y] & self.bits(&reached);
        let first = (open.trailing_zeros() as usize) << self.shift;
        let past = (BITS - open.leading_zeros() as usize) << self.shift;
        reached.start.max(first)..reached.end.min(past)
    }

    /// Adds a segment to some samples of a row. Not inlined: the caller would prepare the loop for skipped rows, too.
    #[inline(never)]
    fn add_to_row(&mut self, y: usize, columns: Range<usize>, segment: &Segment) {
        let row = &mut self.squared[y * self.width..][..self.width];
        for (x, own) in columns.clone().zip(&mut row[columns]) {
            *own = own.min(segment.squared_distance(Point::new(x as f32 + 0.5, y as f32 + 0.5)));
        }
        self.segments[y] += 1;
        if self.segments[y].is_multiple_of(SEGMENTS_PER_SEARCH) {
            let columns = row.iter().enumerate();
            self.open[y] = columns.fold(0, |bits, (x, &squared)| {
                bits | u128::from(squared > self.covered_squared) << (x >> self.shift)
            });
        }
    }

    /// The bits of some columns.
    fn bits(&self, columns: &Range<usize>) -> u128 {
        if columns.is_empty() {
            return 0;
        }
        let (first, last) = (columns.start >> self.shift, (columns.end - 1) >> self.shift);
        u128::MAX << first & u128::MAX >> (BITS - 1 - last)
    }

    /// The samples along one axis whose centers are within reach of an interval.
    fn reached(&self, from: f32, to: f32, len: usize) -> Range<usize> {
        let (low, high) = (
            from.min(to) - self.reach - 0.5,
            from.max(to) + self.reach + 0.5,
        );
        // Rounded by casts, because `ceil` is a slow call on processors without an instruction for it.
        let first = low as usize + usize::from(low > low as usize as f32);
        let past = (high as usize).min(len);
        first.min(past)..past
    }
}

/// A line segment.
struct Segment {
    a: Point,
    chord: Point,
    per_squared_len: f32,
    /// The change of x per row. Infinite for a horizontal segment, which then spans all its columns in any row.
    per_row: f32,
    left: f32,
    right: f32,
}

impl Segment {
    fn new(a: Point, b: Point) -> Self {
        let chord = b - a;
        let squared_len = chord.dot(chord);
        Self {
            a,
            chord,
            per_squared_len: if squared_len > 0.0 {
                squared_len.recip()
            } else {
                0.0
            },
            per_row: chord.x / chord.y,
            left: a.x.min(b.x),
            right: a.x.max(b.x),
        }
    }

    /// The x of the segment at a y; beyond its ends, the x of the end.
    fn x_at(&self, y: f32) -> f32 {
        let x = self.a.x + (y - self.a.y) * self.per_row;
        x.max(self.left).min(self.right)
    }

    fn squared_distance(&self, point: Point) -> f32 {
        let from_a = point - self.a;
        let along = from_a.dot(self.chord) * self.per_squared_len;
        let off = from_a - self.chord * along.clamp(0.0, 1.0);
        off.dot(off)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The squared distances by brute force.
    fn plain(lines: &[[Point; 2]], width: usize, height: usize) -> Vec<f32> {
        let mut squared = vec![f32::INFINITY; width * height];
        for (index, squared) in squared.iter_mut().enumerate() {
            let (x, y) = ((index % width) as f32 + 0.5, (index / width) as f32 + 0.5);
            for [a, b] in lines {
                let (dx, dy) = (b.x - a.x, b.y - a.y);
                let squared_len = dx * dx + dy * dy;
                let along = ((x - a.x) * dx + (y - a.y) * dy) / squared_len.max(f32::MIN_POSITIVE);
                let along = along.clamp(0.0, 1.0);
                let (off_x, off_y) = (x - a.x - along * dx, y - a.y - along * dy);
                *squared = squared.min(off_x * off_x + off_y * off_y);
            }
        }
        squared
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn many_segments_cover_the_same_as_each_of_them(
            ends in prop::collection::vec((-9.0_f32..140.0, -9.0_f32..40.0), 2..400),
            (width, height) in (1_usize..300, 1_usize..30),
            reach in 0.6_f32..6.0,
        ) {
            let point = |&(x, y): &(f32, f32)| Point::new(x, y);
            let lines: Vec<_> = ends.windows(2).map(|ends| [point(&ends[0]), point(&ends[1])]).collect();
            let field = DistanceField::of(&lines, width, height, reach);
            let expected = plain(&lines, width, height);
            for (index, (&found, &expected)) in field.squared.iter().zip(&expected).enumerate() {
                let found = field.covered(found).unwrap_or(0.0);
                let expected = field.covered(expected).unwrap_or(0.0);
                // They divide by the squared length in a different order: a few ulps of coordinates up to 140.
                prop_assert!((found - expected).abs() < 2e-3, "sample {index}: {found}, not {expected}");
            }
        }
    }

    #[test]
    fn a_covered_sample_is_skipped() {
        let mut field = DistanceField::of(&[], 100, 9, 4.0);
        for _ in 0..SEGMENTS_PER_SEARCH {
            field.add(Point::new(0.0, 4.5), Point::new(100.0, 4.5));
        }
        let before = field.squared.clone();
        field.add(Point::new(20.0, 4.6), Point::new(80.0, 4.6));
        assert_eq!(
            field.squared[4 * 100..5 * 100],
            before[4 * 100..5 * 100],
            "the middle row is covered"
        );
        assert_ne!(field.squared, before, "the rows at the ink's edge are not");
    }
}
