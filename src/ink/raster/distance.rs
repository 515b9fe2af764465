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
        let all_columns = self.reached(a.x, b.x, self.width);
        if all_columns.is_empty() {
            return;
        }
        let squared_len = dx * dx + dy * dy;
        let per_squared_len = if squared_len > 0.0 {
            squared_len.recip()
        } else {
            0.0
        };
        let mut y = self.open.next_row(rows.start, &all_columns);
        while y < rows.end {
            let open = self.open.within(y, &all_columns);
            if !open.is_empty() {
                let sample_y = y as f32 + 0.5;
                // Only the part of the segment that is within reach of this row can be near to its samples.
                let (near, far) =
                    part_within(a.y, dy, sample_y - self.reach, sample_y + self.reach);
                let columns = self.reached(a.x + near * dx, a.x + far * dx, self.width);
                let columns = columns.start.max(open.start)..columns.end.min(open.end);
                self.add_to_row(y, &columns, |sample_x| {
                    let (from_a_x, from_a_y) = (sample_x - a.x, sample_y - a.y);
                    let along = (from_a_x * dx + from_a_y * dy) * per_squared_len;
                    let along = along.clamp(0.0, 1.0);
                    let (off_x, off_y) = (from_a_x - along * dx, from_a_y - along * dy);
                    off_x * off_x + off_y * off_y
                });
            }
            y = self.open.next_row(y + 1, &all_columns);
        }
    }

    /// Brings the squared distances of some of a row's samples into account.
    fn add_to_row(&mut self, y: usize, columns: &Range<usize>, squared: impl Fn(f32) -> f32) {
        let row = &mut self.squared[y * self.width..][..self.width];
        for x in columns.clone() {
            row[x] = row[x].min(squared(x as f32 + 0.5));
        }
        self.segments[y] += 1;
        if self.segments[y].is_multiple_of(SEGMENTS_A_LOOK) {
            let full_squared = self.full_squared;
            self.open
                .close_where(y, row, |squared| squared <= full_squared);
        }
    }

    /// The samples whose centres are within reach of what lies between two places, along one axis.
    fn reached(&self, from: f32, to: f32, len: usize) -> Range<usize> {
        let (low, high) = (
            from.min(to) - self.reach - 0.5,
            from.max(to) + self.reach + 0.5,
        );
        // Rounded up and down, as casts do it: where there is no instruction for it, `ceil` is a call.
        let first = low as usize + usize::from(low > low as usize as f32);
        let past = (high as usize).min(len);
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
    /// The same for some rows at once: a bit is set where it is in any of them.
    bands: Vec<u64>,
}

impl OpenSamples {
    const BITS: usize = u64::BITS as usize;
    /// Rows of a band.
    const BAND: usize = 8;

    fn all(width: usize, height: usize) -> Self {
        let words_a_row = width.div_ceil(Self::BITS);
        Self {
            words_a_row,
            words: vec![u64::MAX; words_a_row * height],
            bands: vec![u64::MAX; words_a_row * height.div_ceil(Self::BAND)],
        }
    }

    /// The bits of a word, which begins at `first`, that belong to some columns.
    fn own_bits(first: usize, columns: &Range<usize>) -> u64 {
        let low = columns.start.saturating_sub(first);
        let high = (first + Self::BITS).saturating_sub(columns.end);
        u64::MAX << low & u64::MAX >> high
    }

    /// The words that hold some columns.
    fn words_of(columns: &Range<usize>) -> Range<usize> {
        columns.start / Self::BITS..columns.end.div_ceil(Self::BITS)
    }

    /// From the first to the last of these columns that is open in a row; empty where none is.
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

    /// The next row from `y` on that may have any of these columns open: bands that have none are left out.
    fn next_row(&self, mut y: usize, columns: &Range<usize>) -> usize {
        while y.is_multiple_of(Self::BAND) {
            let start = y / Self::BAND * self.words_a_row;
            let Some(band) = self.bands.get(start..start + self.words_a_row) else {
                break;
            };
            let is_open =
                |word: usize| band[word] & Self::own_bits(word * Self::BITS, columns) != 0;
            if Self::words_of(columns).any(is_open) {
                break;
            }
            y += Self::BAND;
        }
        y
    }

    /// Closes what is so in a row.
    fn close_where(&mut self, y: usize, row: &[f32], is_closed: impl Fn(f32) -> bool) {
        let words = &mut self.words[y * self.words_a_row..][..self.words_a_row];
        for (word, samples) in words.iter_mut().zip(row.chunks(Self::BITS)) {
            let bits = samples.iter().enumerate();
            let closed = bits.map(|(bit, &squared)| u64::from(is_closed(squared)) << bit);
            *word &= !closed.fold(0, |all, bit| all | bit);
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
