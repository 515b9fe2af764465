//! Straight lines that are printed on the paper, nearly level or upright, and how they are taken out of ink.
//!
//! All is said of level lines. Upright ones are the level ones of the transposed picture.

/// The steepest line: rise over run.
pub(super) const SLOPE: f32 = 0.1;
/// The room around a line for its blur, in pixels.
const BLUR: f32 = 1.0;

/// Ink on a line has more contrast than the line by this factor, and so much more.
const DARKER: [f32; 2] = [1.2, 0.06];

/// A straight line: `y = offset + slope * x`.
#[derive(Clone, Copy, Debug)]
pub(super) struct PrintedLine {
    pub(super) slope: f32,
    pub(super) offset: f32,
    pub(super) thickness: f32,
    /// Its first column, and the one after its last.
    pub(super) columns: [usize; 2],
}

impl PrintedLine {
    /// Its middle in a column.
    pub(super) fn at(&self, x: f32) -> f32 {
        self.offset + self.slope * x
    }

    /// Its length in columns.
    pub(super) fn length(&self) -> f32 {
        (self.columns[1] - self.columns[0]) as f32
    }
}

/// A run of marked pixels within a column.
#[derive(Clone, Copy)]
pub(super) struct ColumnRun {
    pub(super) column: usize,
    start: usize,
    pub(super) len: usize,
}

impl ColumnRun {
    pub(super) fn middle(&self) -> f32 {
        self.start as f32 + (self.len - 1) as f32 / 2.0
    }
}

/// All runs of marked pixels, column by column from the top.
pub(super) struct ColumnRuns {
    pub(super) all: Vec<ColumnRun>,
    /// The run of each pixel.
    of_pixel: Vec<Option<u32>>,
    width: usize,
}

impl ColumnRuns {
    pub(super) fn of(is_marked: &[bool], width: usize) -> Self {
        let height = is_marked.len() / width;
        let mut all = Vec::new();
        let mut of_pixel = vec![None; is_marked.len()];
        for column in 0..width {
            let mut start = 0;
            while start < height {
                let len = (start..height)
                    .take_while(|y| is_marked[y * width + column])
                    .count();
                if len > 0 {
                    for y in start..start + len {
                        of_pixel[y * width + column] = Some(all.len() as u32);
                    }
                    all.push(ColumnRun { column, start, len });
                }
                start += len.max(1);
            }
        }
        Self {
            all,
            of_pixel,
            width,
        }
    }

    /// The index of the run at a height in a column.
    pub(super) fn index_at(&self, x: usize, y: f32) -> Option<usize> {
        let height = self.of_pixel.len() / self.width;
        let y = y.round();
        let is_within = y >= 0.0 && y < height as f32 && x < self.width;
        let index = is_within.then(|| self.of_pixel[y as usize * self.width + x]);
        index.flatten().map(|index| index as usize)
    }

    /// The length of the run at a height in a column, 0 without one.
    pub(super) fn len_at(&self, x: usize, y: f32) -> usize {
        self.index_at(x, y).map_or(0, |index| self.all[index].len)
    }
}

/// Where a pixel is, relative to the lines of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LinePosition {
    Beside,
    /// In the middle of a line, where something thicker is.
    Thick,
    /// On a line, where nothing else is.
    Thin,
}

/// The pixels of level and of upright lines. What crosses a line does not belong to it, and neither does what is darker
/// than the line in one of the `colors`: the contrasts of all pixels to their paper.
pub(super) fn pixels_of_lines(
    is_marked: &[bool],
    width: usize,
    colors: &[&[f32]],
    [level, upright]: [&[PrintedLine]; 2],
) -> Vec<bool> {
    let height = is_marked.len() / width;
    let across = positions(&ColumnRuns::of(is_marked, width), level);
    let turned = transposed(is_marked, width);
    let down = positions(&ColumnRuns::of(&turned, height), upright);
    let down = transposed(&down, height);
    let both = across.into_iter().zip(down);
    let mut is_line: Vec<bool> = both
        .map(|both| match both {
            (LinePosition::Thin, _) | (_, LinePosition::Thin) => true,
            (across, down) => across != LinePosition::Beside && down != LinePosition::Beside,
        })
        .collect();
    for color in colors {
        let in_row = |x: usize, y: usize| (x < width && y < height).then(|| y * width + x);
        let dark_level = level
            .iter()
            .flat_map(|line| darker_than(line, color, in_row));
        let dark_upright = upright
            .iter()
            .flat_map(|line| darker_than(line, color, |y, x| in_row(x, y)));
        for index in dark_level.chain(dark_upright) {
            is_line[index] = false;
        }
    }
    is_line
}

/// The pixels within a line that are darker than it. `at` is the pixel at a place along the line and across it, `None`
/// beyond the picture.
fn darker_than(
    line: &PrintedLine,
    color: &[f32],
    at: impl Fn(usize, usize) -> Option<usize>,
) -> Vec<usize> {
    let reach = line.thickness / 2.0 + BLUR;
    let across = |x: usize| {
        let middle = line.at(x as f32).max(0.0);
        let rows = (middle - reach).ceil().max(0.0) as usize..=(middle + reach) as usize;
        rows.filter_map(|y| at(x, y)).collect::<Vec<usize>>()
    };
    let columns: Vec<Vec<usize>> = (line.columns[0]..line.columns[1]).map(across).collect();
    // A thin line lies between pixels in some columns.
    let darkest =
        |pixels: &Vec<usize>| pixels.iter().map(|&index| color[index]).fold(0.0, f32::max);
    let mut levels: Vec<f32> = columns.iter().map(darkest).collect();
    if levels.is_empty() {
        return Vec::new();
    }
    let half = levels.len() / 2;
    let level = *levels.select_nth_unstable_by(half, f32::total_cmp).1;
    let pixels = columns.into_iter().flatten();
    pixels
        .filter(|&index| color[index] > DARKER[0] * level + DARKER[1])
        .collect()
}

/// Where each pixel is, relative to level lines.
fn positions(runs: &ColumnRuns, lines: &[PrintedLine]) -> Vec<LinePosition> {
    let width = runs.width;
    let height = runs.of_pixel.len() / width;
    let mut positions = vec![LinePosition::Beside; runs.of_pixel.len()];
    for line in lines {
        let reach = line.thickness / 2.0 + BLUR;
        let [from, to] = line.columns;
        let beyond = (line.thickness + 2.0 * BLUR) as usize;
        for x in from.saturating_sub(beyond)..(to + beyond).min(width) {
            let middle = line.at(x as f32);
            let from = (middle - reach).ceil().max(0.0) as usize;
            let to = (middle + reach + 1.0).floor().max(0.0) as usize;
            for y in from..to.min(height) {
                let index = y * width + x;
                if runs.len_at(x, y as f32) as f32 <= line.thickness + 2.0 * BLUR {
                    positions[index] = LinePosition::Thin;
                } else if (y as f32 - middle).abs() <= line.thickness / 2.0 {
                    positions[index] = LinePosition::Thick;
                }
            }
        }
    }
    positions
}

/// The columns of a picture as rows.
pub(super) fn transposed<T: Copy>(pixels: &[T], width: usize) -> Vec<T> {
    let column = |x: usize| pixels.iter().skip(x).step_by(width).copied();
    (0..width).flat_map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ink_along_a_paler_line_stays() {
        let (width, height) = (60, 40);
        let line = PrintedLine {
            slope: 0.0,
            offset: 20.5,
            thickness: 2.0,
            columns: [0, width],
        };
        // The foot of a 2, as thick as the line and on it.
        let is_foot = |x: usize, y: usize| (20..40).contains(&x) && (20..22).contains(&y);
        let places = || (0..width * height).map(|index| (index % width, index / width));
        let is_marked: Vec<bool> = places().map(|(_, y)| (20..22).contains(&y)).collect();
        let contrast = |(x, y)| match (is_foot(x, y), (20..22).contains(&y)) {
            (true, _) => 0.8,
            (_, true) => 0.4,
            _ => 0.0,
        };
        let color: Vec<f32> = places().map(contrast).collect();
        for (colors, keeps_foot) in [(vec![], false), (vec![color.as_slice()], true)] {
            let is_line = pixels_of_lines(&is_marked, width, &colors, [&[line], &[]]);
            let gone = |(x, y)| is_line[y * width + x];
            assert_eq!(
                places().any(|(x, y)| is_foot(x, y) && gone((x, y))),
                !keeps_foot
            );
            let mut others = places().filter(|&(x, y)| (20..22).contains(&y) && !is_foot(x, y));
            assert!(others.all(gone), "the line goes");
        }
    }
}
