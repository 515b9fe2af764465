//! How far each place of a picture is from the nearest of many segments.

mod open;

use std::{
    ops::Range,
    panic,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use self::open::OpenSamples;
use super::Point;

/// Segments that reach a row between two looks at which of its samples are inked full.
const SEGMENTS_A_LOOK: u32 = 16;
/// With more segments than these, a second thread that takes some of them is worth starting: of that many it takes
/// a third of the time off, 0.2 ms.
const FEW_SEGMENTS: usize = 4_096;
/// Segments that a thread takes: so many that taking them costs nothing, so few that a late thread holds nobody up.
const SEGMENTS_AT_ONCE: usize = 256;

/// The squared distance of each sample's center to the nearest of the segments, where that is within reach and
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
    /// Columns and rows between which no sample is open.
    shut: [Range<usize>; 2],
    /// Of each row: the segments that have reached it.
    segments: Vec<u32>,
}

impl DistanceField {
    /// Of segments from one place to another; `reach` is how far from a segment's middle its ink ends, and half a
    /// sample.
    pub(super) fn of(
        segments: &[(Point, Point)],
        (width, height): (usize, usize),
        reach: f32,
    ) -> Self {
        let next = AtomicUsize::new(0);
        let part = || {
            let mut field = Self::new(width, height, reach);
            let take = || next.fetch_add(SEGMENTS_AT_ONCE, Ordering::Relaxed);
            let mut taken: u32 = 0;
            while let Some(rest @ [_, ..]) = segments.get(take()..) {
                for &(a, b) in rest.iter().take(SEGMENTS_AT_ONCE) {
                    field.add(a, b);
                }
                taken += 1;
                // Ever more rarely: what the first thousands shut is most of it.
                if taken > 1 && taken.is_power_of_two() {
                    field.shut = field.open.shut();
                }
            }
            field
        };
        if segments.len() <= FEW_SEGMENTS {
            return part();
        }
        thread::scope(|scope| {
            let other = thread::Builder::new().spawn_scoped(scope, part);
            let mut field = part();
            // Where the system gives no thread, this one has done all.
            match other.map(thread::ScopedJoinHandle::join) {
                Ok(Ok(other)) => field.unite(&other),
                Ok(Err(payload)) => panic::resume_unwind(payload),
                Err(_) => {}
            }
            field
        })
    }

    /// Brings the segments of another one of the same size into account.
    fn unite(&mut self, other: &Self) {
        for (own, other) in self.squared.iter_mut().zip(&other.squared) {
            *own = own.min(*other);
        }
    }

    /// Without any segment.
    fn new(width: usize, height: usize, reach: f32) -> Self {
        let full = reach * (1.0 - 1e-5) - 1.0;
        Self {
            width,
            height,
            reach,
            full_squared: if full > 0.0 { full * full } else { -1.0 },
            squared: vec![f32::INFINITY; width * height],
            open: OpenSamples::all(width, height),
            shut: [0..0, 0..0],
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
    fn add(&mut self, a: Point, b: Point) {
        let segment = Segment::new(a, b);
        let rows = self.reached(a.y, b.y, self.height);
        let all_columns = self.reached(a.x, b.x, self.width);
        let is_within = |inner: &Range<usize>, outer: &Range<usize>| {
            outer.start <= inner.start && inner.end <= outer.end
        };
        let [shut_columns, shut_rows] = &self.shut;
        let is_shut = is_within(&all_columns, shut_columns) && is_within(&rows, shut_rows);
        if all_columns.is_empty() || is_shut {
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

    /// The columns whose samples a segment can be near to in a row: only the part of it that is within reach of
    /// the row can.
    fn columns(&self, segment: &Segment, y: usize) -> Range<usize> {
        let y = y as f32 + 0.5;
        let (low, high) = (segment.x_at(y - self.reach), segment.x_at(y + self.reach));
        self.reached(low, high, self.width)
    }

    /// Brings a segment's squared distances of some of a row's samples into account. Not compiled into its caller,
    /// which would make its constants ready for the rows that are left out as well.
    #[inline(never)]
    fn add_to_row(&mut self, y: usize, columns: Range<usize>, segment: &Segment) {
        let row = &mut self.squared[y * self.width..][..self.width];
        for (x, own) in columns.clone().zip(&mut row[columns]) {
            *own = own.min(segment.squared_distance(x as f32 + 0.5, y as f32 + 0.5));
        }
        self.segments[y] += 1;
        if self.segments[y].is_multiple_of(SEGMENTS_A_LOOK) {
            let full_squared = self.full_squared;
            self.open
                .close_where(y, row, |squared| squared <= full_squared);
        }
    }

    /// The samples whose centers are within reach of what lies between two places, along one axis.
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

/// From one place to another.
struct Segment {
    a: Point,
    dx: f32,
    dy: f32,
    per_squared_len: f32,
    /// How much farther along the row it is a row farther down; infinite for one that lies, which then reaches from
    /// end to end in any row.
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

    /// Where along a row it comes by; above and below it, where its end is.
    fn x_at(&self, y: f32) -> f32 {
        let x = self.a.x + (y - self.a.y) * self.per_row;
        x.max(self.left).min(self.right)
    }

    /// From a place to the nearest of its own, squared.
    fn squared_distance(&self, x: f32, y: f32) -> f32 {
        let (from_a_x, from_a_y) = (x - self.a.x, y - self.a.y);
        let along = (from_a_x * self.dx + from_a_y * self.dy) * self.per_squared_len;
        let along = along.clamp(0.0, 1.0);
        let (off_x, off_y) = (from_a_x - along * self.dx, from_a_y - along * self.dy);
        off_x * off_x + off_y * off_y
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
            let field = DistanceField::of(&lines, (width, height), reach);
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
    fn two_threads_ink_what_one_would() {
        let ends = |index: usize| {
            let place = |index: usize| {
                let along = |step: f64| (index as f64 * step).fract() as f32;
                // The plastic number's powers: a sequence that fills a square evenly.
                Point::new(84.0 * along(0.754_877_67), 84.0 * along(0.569_840_3))
            };
            (place(index), place(index + 1))
        };
        let segments: Vec<_> = (0..3 * FEW_SEGMENTS).map(ends).collect();
        let mut alone = DistanceField::new(84, 84, 1.0);
        for &(a, b) in &segments {
            alone.add(a, b);
        }
        let shared = DistanceField::of(&segments, (84, 84), 1.0);
        let covered = |field: &DistanceField| -> Vec<_> {
            let squared = field.squared.iter();
            squared.map(|&squared| field.covered(squared)).collect()
        };
        assert_eq!(covered(&shared), covered(&alone), "to the bit");
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
