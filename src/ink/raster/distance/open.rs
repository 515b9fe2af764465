//! Which samples of a picture are worth looking at.

use std::ops::Range;

/// Which samples a segment could still change: a bit for each, row by row.
pub(super) struct OpenSamples {
    words_a_row: usize,
    words: Vec<u64>,
    /// The same for some rows at once: a bit is set where it is in any of them.
    bands: Vec<u64>,
}

impl OpenSamples {
    const BITS: usize = u64::BITS as usize;
    /// Rows of a band.
    const BAND: usize = 8;

    pub(super) fn all(width: usize, height: usize) -> Self {
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
    pub(super) fn within(&self, y: usize, columns: &Range<usize>) -> Range<usize> {
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

    /// Whether any of these columns is open in a row.
    pub(super) fn is_any(&self, y: usize, columns: &Range<usize>) -> bool {
        is_any(
            &self.words[y * self.words_a_row..][..self.words_a_row],
            columns,
        )
    }

    /// The next row from `y` on that may have any of these columns open: bands that have none are left out.
    pub(super) fn next_row(&self, mut y: usize, columns: &Range<usize>) -> usize {
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

    /// Columns and rows between which no sample is open: as many as are found by growing the longest such part of a
    /// row, a row at a time.
    pub(super) fn shut(&self) -> [Range<usize>; 2] {
        let height = self.words.len() / self.words_a_row.max(1);
        let whole = 0..self.words_a_row * Self::BITS;
        let parts = (0..height).map(|y| [self.longest_shut(y, &whole), y..y + 1]);
        let area = |[columns, rows]: &[Range<usize>; 2]| columns.len() * rows.len();
        let mut shut = parts.max_by_key(area).unwrap_or([0..0, 0..0]);
        loop {
            let [columns, rows] = &shut;
            let above = rows.start.checked_sub(1).map(|y| (y, y..rows.end));
            let below = (rows.end < height).then(|| (rows.end, rows.start..rows.end + 1));
            let grown = above.into_iter().chain(below);
            let grown = grown.map(|(y, rows)| [self.longest_shut(y, columns), rows]);
            match grown.max_by_key(area) {
                Some(larger) if area(&larger) > area(&shut) => shut = larger,
                _ => return shut,
            }
        }
    }

    /// The longest part of a row's columns of which none is open.
    fn longest_shut(&self, y: usize, columns: &Range<usize>) -> Range<usize> {
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

    /// Closes what is so in a row.
    pub(super) fn close_where(&mut self, y: usize, row: &[f32], is_closed: impl Fn(f32) -> bool) {
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

fn is_any(words: &[u64], columns: &Range<usize>) -> bool {
    let is_open =
        |word: usize| words[word] & OpenSamples::own_bits(word * OpenSamples::BITS, columns) != 0;
    OpenSamples::words_of(columns).any(is_open)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Case<'a> = (&'a [&'a str], [Range<usize>; 2], &'a str);

    #[test]
    fn what_is_shut_is_found_and_nothing_else() {
        // A point is paper, # is shut.
        let cases: [Case; 4] = [
            (&["....", "...."], [0..0, 0..1], "nothing"),
            (&["....", ".##.", ".##.", "...."], [1..3, 1..3], "a square"),
            (
                &["####.", ".####", "####."],
                [1..4, 0..3],
                "what three rows share",
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
            let [columns, rows] = open.shut();
            if columns.is_empty() {
                assert!(expected[0].is_empty(), "{reason}");
            } else {
                assert_eq!([columns, rows], expected, "{reason}");
            }
        }
    }
}
