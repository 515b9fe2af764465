//! Straight pieces of constant thickness in ink, nearly level: a printed line, or a stroke of a pen.
//!
//! A line is followed from run to run of neighboring columns. Where ink crosses it, it is looked for behind the ink (after
//! Yu and Jain, "A generic system for form dropout", 1996).

use super::printed_lines::{ColumnRun, ColumnRuns, PrintedLine, SLOPE};

/// The columns in which a line begins: thin runs side by side.
const SEED: usize = 9;
/// The distance of seeds that are tried.
const SEED_STEP: usize = 3;
/// The longest run of a line, relative to the picture's shorter side, and in pixels at least.
const THICKEST: (f32, usize) = (1.0 / 14.0, 3);
/// The largest distance of a run from its line, in pixels.
const OFF: f32 = 1.0;
/// The largest deviation of a line's runs, as a root mean square, in pixels.
const ROUGH: f32 = 0.7;
/// The longest gap, in columns.
const GAP: usize = 2;
/// A line ends behind ink at most so many columns from where it was seen.
const HIDDEN_END: usize = 12;
/// A line is looked for behind ink for so many columns, or so many of its own columns.
const HIDDEN: (usize, f32) = (12, 1.5);
/// The part of a line's columns that shows it alone.
const SEEN: f32 = 0.3;
/// A line is longer than so many of its thicknesses.
const SLENDER: f32 = 3.0;

/// The least squares line through the middles of runs.
#[derive(Clone, Copy, Default)]
struct RunFit {
    count: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
    yy: f64,
    lens: f64,
}

impl RunFit {
    fn add(&mut self, run: &ColumnRun) {
        let [x, y] = [run.column as f64, f64::from(run.middle())];
        self.count += 1.0;
        self.x += x;
        self.y += y;
        self.xx += x * x;
        self.xy += x * y;
        self.yy += y * y;
        self.lens += run.len as f64;
    }

    /// The sums of squares and products around the means: of columns, of both, and of rows.
    fn spread(&self) -> [f64; 3] {
        [
            self.xx - self.x * self.x / self.count,
            self.xy - self.x * self.y / self.count,
            self.yy - self.y * self.y / self.count,
        ]
    }

    fn slope(&self) -> f64 {
        let [xx, xy, _] = self.spread();
        let most = f64::from(SLOPE);
        (xy / xx.max(1.0)).clamp(-most, most)
    }

    fn at(&self, x: usize) -> f32 {
        let mean = self.y / self.count;
        (mean + self.slope() * (x as f64 - self.x / self.count)) as f32
    }

    fn deviation(&self) -> f32 {
        let [xx, xy, yy] = self.spread();
        let slope = self.slope();
        let off = yy - 2.0 * slope * xy + slope * slope * xx;
        (off.max(0.0) / self.count).sqrt() as f32
    }

    fn thickness(&self) -> f32 {
        (self.lens / self.count) as f32
    }

    /// Whether a run is as thick as the line.
    fn is_as_thick(&self, run: &ColumnRun) -> bool {
        run.len as f32 <= 1.15 * self.thickness() + 1.0
    }
}

/// A line that is being followed.
struct Follower<'a> {
    runs: &'a ColumnRuns,
    fit: RunFit,
    /// The runs that show the line alone.
    seen: Vec<usize>,
}

impl<'a> Follower<'a> {
    fn new(runs: &'a ColumnRuns, fit: RunFit) -> Self {
        Self {
            runs,
            fit,
            seen: Vec::new(),
        }
    }

    /// Follows the line from a column on, and returns the last column of it.
    fn follow(&mut self, columns: impl Iterator<Item = usize>, start: usize) -> usize {
        let (mut last, mut gap, mut hidden) = (start, 0, 0);
        for x in columns {
            let y = self.fit.at(x);
            let near = [y, y - 1.0, y + 1.0];
            let Some(index) = near.iter().find_map(|&y| self.runs.index_at(x, y)) else {
                gap += 1;
                if gap > GAP {
                    break;
                }
                continue;
            };
            let run = &self.runs.all[index];
            if self.fit.is_as_thick(run) && (run.middle() - y).abs() <= OFF {
                self.fit.add(run);
                self.seen.push(index);
                hidden = 0;
            } else {
                hidden += 1;
                let most = HIDDEN.0.max((HIDDEN.1 * self.fit.count as f32) as usize);
                if hidden > most {
                    break;
                }
            }
            gap = 0;
            if hidden <= HIDDEN_END {
                last = x;
            }
        }
        last
    }
}

/// The straight pieces in which at least `SEED` columns side by side show it alone.
pub(super) fn segments(is_marked: &[bool], width: usize) -> Vec<PrintedLine> {
    let height = is_marked.len() / width;
    let runs = ColumnRuns::of(is_marked, width);
    let thickest = (THICKEST.0 * width.min(height) as f32) as usize;
    let thickest = thickest.max(THICKEST.1);
    let mut is_used = vec![false; runs.all.len()];
    let mut segments = Vec::new();
    for (index, run) in runs.all.iter().enumerate() {
        if !run.column.is_multiple_of(SEED_STEP) || run.len > thickest || is_used[index] {
            continue;
        }
        let Some(fit) = seed(&runs, index, &is_used) else {
            continue;
        };
        // The slope of a short line is a guess. Followed once, it is known, and the line is followed again.
        let mut first = Follower::new(&runs, fit);
        first.follow(run.column + SEED..width, run.column);
        first.follow((0..run.column).rev(), run.column);
        let middle = (first.fit.x / first.fit.count) as usize;
        let mut again = Follower::new(&runs, first.fit);
        let to = again.follow(middle..width, middle);
        let from = again.follow((0..middle).rev(), middle);
        let line = PrintedLine {
            slope: again.fit.slope() as f32,
            offset: again.fit.at(0),
            thickness: again.fit.thickness(),
            columns: [from, to + 1],
        };
        let is_seen = again.seen.len() as f32 >= SEEN * line.length();
        let is_slender = line.length() >= SLENDER * line.thickness;
        let is_straight = again.fit.deviation() <= ROUGH && line.slope.abs() < SLOPE;
        if is_seen && is_slender && is_straight && again.seen.len() >= SEED {
            for index in again.seen {
                is_used[index] = true;
            }
            segments.push(line);
        }
    }
    segments
}

/// The line through thin runs side by side from one on; `None` if they are not straight.
fn seed(runs: &ColumnRuns, first: usize, is_used: &[bool]) -> Option<RunFit> {
    let mut run = &runs.all[first];
    let mut fit = RunFit::default();
    fit.add(run);
    for _ in 1..SEED {
        let next = runs.index_at(run.column + 1, run.middle())?;
        let next_run = &runs.all[next];
        let is_same = (next_run.middle() - run.middle()).abs() <= 1.0 && fit.is_as_thick(next_run);
        if !is_same || is_used[next] {
            return None;
        }
        run = next_run;
        fit.add(run);
    }
    (fit.deviation() <= ROUGH).then_some(fit)
}
