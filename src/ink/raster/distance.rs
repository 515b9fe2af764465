//! The distance of each sample of a picture to the nearest of many segments.

use std::{
    ops::Range,
    panic,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use super::Point;

/// Segments per row between two searches for covered samples.
const SEGMENTS_PER_SEARCH: u32 = 16;
/// With more segments than these, a second thread is worth starting. Here it saves a third of the time, 0.2 ms.
const SINGLE_THREAD_SEGMENTS: usize = 4_096;
/// Segments that a thread takes at once: enough to make taking cheap, few enough to share the work evenly.
const CHUNK_SEGMENTS: usize = 256;

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
    open: OpenSamples,
    /// A rectangle of columns and rows without an open sample.
    closed: [Range<usize>; 2],
    /// The number of segments that reached each row.
    segments: Vec<u32>,
}

impl DistanceField {
    /// The distances to segments with these ends. `reach` is half the pen's width and half a sample.
    pub(super) fn of(segments: &[[Point; 2]], width: usize, height: usize, reach: f32) -> Self {
        let next = AtomicUsize::new(0);
        let part = || {
            let mut field = Self::new(width, height, reach);
            let take = || next.fetch_add(CHUNK_SEGMENTS, Ordering::Relaxed);
            let mut taken: u32 = 0;
            while let Some(rest @ [_, ..]) = segments.get(take()..) {
                for &[a, b] in rest.iter().take(CHUNK_SEGMENTS) {
                    field.add(a, b);
                }
                taken += 1;
                // Ever more rarely: the first thousands of segments close most of the area.
                if taken > 1 && taken.is_power_of_two() {
                    field.closed = field.open.closed();
                }
            }
            field
        };
        if segments.len() <= SINGLE_THREAD_SEGMENTS {
            return part();
        }
        thread::scope(|scope| {
            let other = thread::Builder::new().spawn_scoped(scope, part);
            let mut field = part();
            // Without a second thread, this one has done everything.
            match other.map(thread::ScopedJoinHandle::join) {
                Ok(Ok(other)) => field.unite(&other),
                Ok(Err(payload)) => panic::resume_unwind(payload),
                Err(_) => {}
            }
            field
        })
    }

    /// The minimum of two fields of the same size.
    fn unite(&mut self, other: &Self) {
        for (own, other) in self.squared.iter_mut().zip(&other.squared) {
            *own = own.min(*other);
        }
    }

    /// A field without segments.
    fn new(width: usize, height: usize, reach: f32) -> Self {
        let covered = reach * (1.0 - 1e-5) - 1.0;
        Self {
            width,
            height,
            reach,
            covered_squared: if covered > 0.0 {
                covered * covered
            } else {
                -1.0
            },
            squared: vec![f32::INFINITY; width * height],
            open: OpenSamples::all(width, height),
            closed: [0..0, 0..0],
            segments: vec![0; height],
        }
    }

    /// The squared distances, row by row.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.squared.chunks_exact(self.width.max(1))
    }

    /// The covered part of a sample: linear in its distance from the ink's edge. `None` out of reach.
    pub(super) fn covered(&self, squared: f32) -> Option<f32> {
        (squared < self.reach * self.reach).then(|| (self.reach - squared.sqrt()).min(1.0))
    }

    /// Adds a segment.
    fn add(&mut self, a: Point, b: Point) {
        let segment = Segment::new(a, b);
        let rows = self.reached(a.y, b.y, self.height);
        let all_columns = self.reached(a.x, b.x, self.width);
        let is_within = |inner: &Range<usize>, outer: &Range<usize>| {
            outer.start <= inner.start && inner.end <= outer.end
        };
        let [closed_columns, closed_rows] = &self.closed;
        let is_closed = is_within(&all_columns, closed_columns) && is_within(&rows, closed_rows);
        if all_columns.is_empty() || is_closed {
            return;
        }
        let mut y = self.open.next_row(rows.start, &all_columns);
        while y < rows.end {
            if self.open.is_any(y, &all_columns) {
                let columns = self.columns(&segment, y);
                let columns = self.open.within(y, &columns);
                if !columns.is_empty() {
                    self.add_to_row(y, columns, &segment);
                }
            }
            y = self.open.next_row(y + 1, &all_columns);
        }
    }

    /// The columns of a row that a segment may reach. Only the part of the segment near the row counts.
    fn columns(&self, segment: &Segment, y: usize) -> Range<usize> {
        let y = y as f32 + 0.5;
        let (low, high) = (segment.x_at(y - self.reach), segment.x_at(y + self.reach));
        self.reached(low, high, self.width)
    }

    /// Adds a segment to some samples of a row. Not inlined: the caller would prepare the loop for skipped rows, too.
    #[inline(never)]
    fn add_to_row(&mut self, y: usize, columns: Range<usize>, segment: &Segment) {
        let row = &mut self.squared[y * self.width..][..self.width];
        for (x, own) in columns.clone().zip(&mut row[columns]) {
            *own = own.min(segment.squared_distance(x as f32 + 0.5, y as f32 + 0.5));
        }
        self.segments[y] += 1;
        if self.segments[y].is_multiple_of(SEGMENTS_PER_SEARCH) {
            let covered_squared = self.covered_squared;
            self.open
                .close_where(y, row, |squared| squared <= covered_squared);
        }
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
    dx: f32,
    dy: f32,
    per_squared_len: f32,
    /// The change of x per row. Infinite for a horizontal segment, which then spans all its columns in any row.
    per_row: f32,
    left: f32,
    right: f32,
}

impl Segment {
    fn new(a: Point, b: Point) -> Self {
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        let squared_len = dx * dx + dy * dy;
        let per_squared_len = if squared_len > 0.0 {
            squared_len.recip()
        } else {
            0.0
        };
        Self {
            a,
            dx,
            dy,
            per_squared_len,
            per_row: dx / dy,
            left: a.x.min(b.x),
            right: a.x.max(b.x),
        }
    }

    /// The x of the segment at a y; beyond its ends, the x of the end.
    fn x_at(&self, y: f32) -> f32 {
        let x = self.a.x + (y - self.a.y) * self.per_row;
        x.max(self.left).min(self.right)
    }

    /// The squared distance from a place to the segment.
    fn squared_distance(&self, x: f32, y: f32) -> f32 {
        let (from_a_x, from_a_y) = (x - self.a.x, y - self.a.y);
        let along = (from_a_x * self.dx + from_a_y * self.dy) * self.per_squared_len;
        let along = along.clamp(0.0, 1.0);
        let (off_x, off_y) = (from_a_x - along * self.dx, from_a_y - along * self.dy);
        off_x * off_x + off_y * off_y
    }
}

/// The samples that are not covered yet: a bit for each, row by row.
struct OpenSamples {
    words_a_row: usize,
    words: Vec<u64>,
    /// The union of some rows: a bit is set if it is set in any of them.
    bands: Vec<u64>,
}

impl OpenSamples {
    const BITS: usize = u64::BITS as usize;
    /// The rows of a band.
    const BAND: usize = 8;

    fn all(width: usize, height: usize) -> Self {
        let words_a_row = width.div_ceil(Self::BITS);
        Self {
            words_a_row,
            words: vec![u64::MAX; words_a_row * height],
            bands: vec![u64::MAX; words_a_row * height.div_ceil(Self::BAND)],
        }
    }

    /// The bits of a word that belong to some columns. The word begins at column `first`.
    fn own_bits(first: usize, columns: &Range<usize>) -> u64 {
        let low = columns.start.saturating_sub(first);
        let high = (first + Self::BITS).saturating_sub(columns.end);
        u64::MAX << low & u64::MAX >> high
    }

    /// The words of some columns.
    fn words_of(columns: &Range<usize>) -> Range<usize> {
        columns.start / Self::BITS..columns.end.div_ceil(Self::BITS)
    }

    /// From the first to the last open column in a part of a row; empty without any.
    fn within(&self, y: usize, columns: &Range<usize>) -> Range<usize> {
        let mut open = columns.end..columns.start;
        if !columns.is_empty() {
            for word in Self::words_of(columns) {
                let first = word * Self::BITS;
                let bits = self.words[y * self.words_a_row + word] & Self::own_bits(first, columns);
                if bits != 0 {
                    open.start = open.start.min(first + bits.trailing_zeros() as usize);
                    open.end = first + Self::BITS - bits.leading_zeros() as usize;
                }
            }
        }
        open
    }

    /// Whether a row has any of these columns open.
    fn is_any(&self, y: usize, columns: &Range<usize>) -> bool {
        is_any(
            &self.words[y * self.words_a_row..][..self.words_a_row],
            columns,
        )
    }

    /// The next row from `y` on that may have any of these columns open. Skips bands.
    fn next_row(&self, mut y: usize, columns: &Range<usize>) -> usize {
        while y.is_multiple_of(Self::BAND) {
            let start = y / Self::BAND * self.words_a_row;
            let Some(band) = self.bands.get(start..start + self.words_a_row) else {
                break;
            };
            if is_any(band, columns) {
                break;
            }
            y += Self::BAND;
        }
        y
    }

    /// A rectangle of columns and rows without an open sample. Found greedily: the longest closed part of a row grows
    /// row by row.
    fn closed(&self) -> [Range<usize>; 2] {
        let height = self.words.len() / self.words_a_row.max(1);
        let whole = 0..self.words_a_row * Self::BITS;
        let parts = (0..height).map(|y| [self.longest_closed(y, &whole), y..y + 1]);
        let area = |[columns, rows]: &[Range<usize>; 2]| columns.len() * rows.len();
        let mut closed = parts.max_by_key(area).unwrap_or([0..0, 0..0]);
        loop {
            let [columns, rows] = &closed;
            let above = rows.start.checked_sub(1).map(|y| (y, y..rows.end));
            let below = (rows.end < height).then(|| (rows.end, rows.start..rows.end + 1));
            let grown = above.into_iter().chain(below);
            let grown = grown.map(|(y, rows)| [self.longest_closed(y, columns), rows]);
            match grown.max_by_key(area) {
                Some(larger) if area(&larger) > area(&closed) => closed = larger,
                _ => return closed,
            }
        }
    }

    /// The longest part of a row's columns without an open one.
    fn longest_closed(&self, y: usize, columns: &Range<usize>) -> Range<usize> {
        let words = &self.words[y * self.words_a_row..];
        let (mut longest, mut start) = (0..0, columns.start);
        for x in columns.clone() {
            if words[x / Self::BITS] >> (x % Self::BITS) & 1 == 1 {
                start = x + 1;
            } else if x + 1 - start > longest.len() {
                longest = start..x + 1;
            }
        }
        longest
    }

    /// Closes the samples of a row that fulfill a condition.
    fn close_where(&mut self, y: usize, row: &[f32], is_closed: impl Fn(f32) -> bool) {
        let words = &mut self.words[y * self.words_a_row..][..self.words_a_row];
        for (word, samples) in words.iter_mut().zip(row.chunks(Self::BITS)) {
            let bits = samples.iter().enumerate();
            let bits = bits.map(|(bit, &squared)| u64::from(is_closed(squared)) << bit);
            *word &= !bits.fold(0, |all, bit| all | bit);
        }
        let band = y / Self::BAND;
        let rows = self.words[band * Self::BAND * self.words_a_row..].chunks(self.words_a_row);
        let whole = &mut self.bands[band * self.words_a_row..][..self.words_a_row];
        whole.fill(0);
        for row in rows.take(Self::BAND) {
            for (all, word) in whole.iter_mut().zip(row) {
                *all |= word;
            }
        }
    }
}

/// Whether any of these columns is open in a row's or a band's words.
fn is_any(words: &[u64], columns: &Range<usize>) -> bool {
    let is_open =
        |word: usize| words[word] & OpenSamples::own_bits(word * OpenSamples::BITS, columns) != 0;
    OpenSamples::words_of(columns).any(is_open)
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
            (width, height) in (1_usize..140, 1_usize..30),
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
    fn two_threads_give_the_same_as_one() {
        let ends = |index: usize| {
            let place = |index: usize| {
                let along = |step: f64| (index as f64 * step).fract() as f32;
                // Powers of the plastic number: a sequence that fills a square evenly.
                Point::new(84.0 * along(0.754_877_67), 84.0 * along(0.569_840_3))
            };
            [place(index), place(index + 1)]
        };
        let segments: Vec<_> = (0..3 * SINGLE_THREAD_SEGMENTS).map(ends).collect();
        let mut alone = DistanceField::new(84, 84, 1.0);
        for &[a, b] in &segments {
            alone.add(a, b);
        }
        let shared = DistanceField::of(&segments, 84, 84, 1.0);
        let covered = |field: &DistanceField| -> Vec<_> {
            let squared = field.squared.iter();
            squared.map(|&squared| field.covered(squared)).collect()
        };
        assert_eq!(covered(&shared), covered(&alone), "to the bit");
    }

    #[test]
    fn a_covered_sample_is_skipped() {
        let mut field = DistanceField::new(100, 9, 4.0);
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

    type Case<'a> = (&'a [&'a str], [Range<usize>; 2], &'a str);

    #[test]
    fn a_closed_rectangle_is_found() {
        // A point is open, # is closed.
        let cases: [Case; 4] = [
            (&["....", "...."], [0..0, 0..1], "nothing"),
            (&["....", ".##.", ".##.", "...."], [1..3, 1..3], "a square"),
            (
                &["####.", ".####", "####."],
                [1..4, 0..3],
                "the columns that three rows share",
            ),
            (
                &["#......", "######.", "#......"],
                [0..6, 1..2],
                "a long row rather than a column",
            ),
        ];
        for (rows, expected, reason) in cases {
            let mut open = OpenSamples::all(rows[0].len(), rows.len());
            for (y, row) in rows.iter().enumerate() {
                let row: Vec<f32> = row.bytes().map(|byte| f32::from(byte == b'#')).collect();
                open.close_where(y, &row, |value| value > 0.0);
            }
            let [columns, rows] = open.closed();
            if columns.is_empty() {
                assert!(expected[0].is_empty(), "{reason}");
            } else {
                assert_eq!([columns, rows], expected, "{reason}");
            }
        }
    }
}
