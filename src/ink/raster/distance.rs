//! How far each place of a picture is from the nearest of many segments.

use std::ops::Range;

use super::Point;

/// Segments that reach a row between two looks at which of its samples are inked full.
const SEGMENTS_A_LOOK: u32 = 16;

/// The squared distance of each sample's centre to the nearest of the segments, where that is within reach and
/// more than a pen needs to ink the sample's whole square: nearer is not looked at. Where a scribble has covered
/// its paper, more of it then costs next to nothing.
pub(super) struct DistanceField {
    width: usize,
    height: usize,
    reach: f32,
    /// A sample this near is inked full, whatever rounding does.
    full_squared: f32,
    squared: Vec<f32>,
    open: OpenSamples,
    /// Of each row: the segments that have reached it.
    segments: Vec<u32>,
}

impl DistanceField {
    /// Without any segment; `reach` is how far from a segment's middle its ink ends, and half a sample.
    pub(super) fn new(width: usize, height: usize, reach: f32) -> Self {
        let full = reach * (1.0 - 1e-5) - 1.0;
        Self {
            width,
            height,
            reach,
            full_squared: if full > 0.0 { full * full } else { -1.0 },
            squared: vec![f32::INFINITY; width * height],
            open: OpenSamples::all(width, height),
            segments: vec![0; height],
        }
    }

    /// The rows' squared distances.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.squared.chunks_exact(self.width.max(1))
    }

    /// What part of a sample's own square is inked, in proportion to its distance from the ink's edge; `None`
    /// where the ink is out of reach.
    pub(super) fn covered(&self, squared: f32) -> Option<f32> {
        (squared < self.reach * self.reach).then(|| (self.reach - squared.sqrt()).min(1.0))
    }

    /// Brings a segment into account.
    pub(super) fn add(&mut self, a: Point, b: Point) {
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        let rows = self.reached(a.y, b.y, self.height);
        if !self.open.any(&rows, &self.reached(a.x, b.x, self.width)) {
            return;
        }
        let squared_len = dx * dx + dy * dy;
        let per_squared_len = if squared_len > 0.0 {
            squared_len.recip()
        } else {
            0.0
        };
        for y in rows {
            let sample_y = y as f32 + 0.5;
            // Only the part of the segment that is within reach of this row can be near to its samples.
            let (near, far) = part_within(a.y, dy, sample_y - self.reach, sample_y + self.reach);
            let columns = self.reached(a.x + near * dx, a.x + far * dx, self.width);
            let columns = self.open.within(y, &columns);
            let row = &mut self.squared[y * self.width..][..self.width];
            let from_a_y = sample_y - a.y;
            for (x, squared) in row[columns.clone()].iter_mut().enumerate() {
                let from_a_x = (columns.start + x) as f32 + 0.5 - a.x;
                let along = (from_a_x * dx + from_a_y * dy) * per_squared_len;
                let along = along.clamp(0.0, 1.0);
                let (off_x, off_y) = (from_a_x - along * dx, from_a_y - along * dy);
                *squared = squared.min(off_x * off_x + off_y * off_y);
            }
            self.segments[y] += 1;
            if self.segments[y].is_multiple_of(SEGMENTS_A_LOOK) {
                self.open
                    .close_where(y, row, |squared| squared <= self.full_squared);
            }
        }
    }

    /// The samples whose centres are within reach of what lies between two places, along one axis.
    fn reached(&self, from: f32, to: f32, len: usize) -> Range<usize> {
        let (low, high) = (from.min(to) - self.reach, from.max(to) + self.reach);
        let first = (low - 0.5).ceil().max(0.0) as usize;
        let past = (high + 0.5).floor().clamp(0.0, len as f32) as usize;
        first.min(past)..past
    }
}

/// What part of `start + t * delta`, t in 0..=1, lies between two bounds (as far as it can be told).
fn part_within(start: f32, delta: f32, low: f32, high: f32) -> (f32, f32) {
    if delta == 0.0 {
        return (0.0, 1.0);
    }
    let (at_low, at_high) = ((low - start) / delta, (high - start) / delta);
    (
        at_low.min(at_high).clamp(0.0, 1.0),
        at_low.max(at_high).clamp(0.0, 1.0),
    )
}

/// Which samples a segment could still change: a bit for each, row by row.
struct OpenSamples {
    words_a_row: usize,
    words: Vec<u64>,
}

impl OpenSamples {
    fn all(width: usize, height: usize) -> Self {
        let words_a_row = width.div_ceil(Self::BITS);
        Self {
            words_a_row,
            words: vec![u64::MAX; words_a_row * height],
        }
    }

    const BITS: usize = u64::BITS as usize;

    /// The words of a row that hold some columns, each with the bits that are theirs and set.
    fn words(
        &self,
        y: usize,
        columns: &Range<usize>,
    ) -> impl DoubleEndedIterator<Item = (usize, u64)> {
        let (start, end) = (columns.start, columns.end);
        let words = start / Self::BITS..end.div_ceil(Self::BITS);
        let row = y * self.words_a_row;
        words.map(move |word| {
            let first = word * Self::BITS;
            let low = start.saturating_sub(first);
            let high = Self::BITS - (end - first).min(Self::BITS);
            let own = u64::MAX << low & u64::MAX >> high;
            (first, self.words[row + word] & own)
        })
    }

    /// Whether any is open in a box.
    fn any(&self, rows: &Range<usize>, columns: &Range<usize>) -> bool {
        !columns.is_empty()
            && rows
                .clone()
                .any(|y| self.words(y, columns).any(|(_, open)| open != 0))
    }

    /// From the first to the last of these columns that is open in a row; empty where none is.
    fn within(&self, y: usize, columns: &Range<usize>) -> Range<usize> {
        if columns.is_empty() {
            return columns.clone();
        }
        let first = self.words(y, columns).find(|(_, open)| *open != 0);
        let last = self.words(y, columns).rfind(|(_, open)| *open != 0);
        match (first, last) {
            (Some((first, low)), Some((last, high))) => {
                first + low.trailing_zeros() as usize
                    ..last + Self::BITS - high.leading_zeros() as usize
            }
            _ => columns.start..columns.start,
        }
    }

    /// Closes what is so in a row.
    fn close_where(&mut self, y: usize, row: &[f32], is_closed: impl Fn(f32) -> bool) {
        let words = &mut self.words[y * self.words_a_row..][..self.words_a_row];
        for (word, samples) in words.iter_mut().zip(row.chunks(Self::BITS)) {
            let bits = samples.iter().enumerate();
            let closed = bits.map(|(bit, &squared)| u64::from(is_closed(squared)) << bit);
            *word &= !closed.fold(0, |all, bit| all | bit);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each sample's distance to each segment, one by one.
    fn plain(lines: &[(Point, Point)], width: usize, height: usize) -> Vec<f32> {
        let mut squared = vec![f32::INFINITY; width * height];
        for (index, squared) in squared.iter_mut().enumerate() {
            let (x, y) = ((index % width) as f32 + 0.5, (index / width) as f32 + 0.5);
            for (a, b) in lines {
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
        fn many_segments_ink_what_each_of_them_would(
            ends in prop::collection::vec((-9.0_f32..140.0, -9.0_f32..40.0), 2..400),
            (width, height) in (1_usize..140, 1_usize..30),
            reach in 0.6_f32..6.0,
        ) {
            let point = |&(x, y): &(f32, f32)| Point::new(x, y);
            let lines: Vec<_> = ends.windows(2).map(|ends| (point(&ends[0]), point(&ends[1]))).collect();
            let mut field = DistanceField::new(width, height, reach);
            for &(a, b) in &lines {
                field.add(a, b);
            }
            let expected = plain(&lines, width, height);
            for (index, (&found, &expected)) in field.squared.iter().zip(&expected).enumerate() {
                let found = field.covered(found).unwrap_or(0.0);
                let expected = field.covered(expected).unwrap_or(0.0);
                // Both divide and multiply by the segment's length in another order: an ulp or two
                // of coordinates up to 140.
                prop_assert!((found - expected).abs() < 2e-3, "sample {index}: {found}, not {expected}");
            }
        }
    }

    #[test]
    fn a_full_sample_is_left_alone() {
        let mut field = DistanceField::new(100, 9, 4.0);
        for _ in 0..SEGMENTS_A_LOOK {
            field.add(Point::new(0.0, 4.5), Point::new(100.0, 4.5));
        }
        let before = field.squared.clone();
        field.add(Point::new(20.0, 4.6), Point::new(80.0, 4.6));
        assert_eq!(
            field.squared[4 * 100..5 * 100],
            before[4 * 100..5 * 100],
            "the middle row is full"
        );
        assert_ne!(field.squared, before, "the rows at the ink's edge are not");
    }
}
