//! Printed forms: boxes and tables that digits are written in, combs and lines that they are written on.
//!
//! A line of a form is one by what it meets. Four lines that meet at right angles are a box if there is ink in it, if it
//! is as large as such a box, if it is one of a row, or if it is all ink there is and too wide for a 0. Ticks of the same
//! length and distance on a line are a comb. A line that is longer than the ink above it is an underline. So the strokes of
//! a digit are none: they enclose nothing, or are not straight.

use super::{
    printed_lines::{PrintedLine, SLOPE, pixels_of_lines, transposed},
    segments::segments,
};

/// The most lines of one direction. A picture with more is no form, but a texture.
const MOST: usize = 150;
/// Lines meet if they end within half of both thicknesses and so many pixels more of each other.
const MEET: f32 = 2.5;
/// The longest end that ink may hide, relative to the rest of the line.
const HIDDEN: f32 = 3.0;
/// Lines of a box have the same thickness up to this factor, and so many pixels more.
const SAME_THICKNESS: [f32; 2] = [1.6, 1.5];
/// The largest deviation from a right angle, as a slope, and for the roughness of ends so many pixels of a length more.
const SKEW: [f32; 2] = [0.04, 1.0];
/// The part of a side that has ink, at least.
const INKED: f32 = 0.95;
/// The shortest side of a box, in pixels.
const LEAST_SIDE: f32 = 12.0;
/// The thickest line of a box, relative to its shorter side.
const THICKEST: f32 = 0.12;
/// The part of a box's height over which it has ink.
const FILLED: f32 = 0.25;
/// Boxes have the same size up to this factor, and so many pixels more.
const SAME_SIZE: [f32; 2] = [1.08, 2.0];
/// The fewest empty boxes of the same size in a row.
const ROW: usize = 3;
/// The least width of a single empty box, relative to its height. A narrower one is a 0 of straight strokes.
const WIDE: f32 = 0.6;
/// The most ink beside a single empty box, relative to all: noise.
const REST: f32 = 0.02;
/// The fewest ticks of a comb.
const TICKS: usize = 3;
/// Ticks have the same length and thickness up to this factor, and some pixels more.
const SAME_TICKS: f32 = 1.25;
/// Ticks are off their place by at most this part of their distance, and so many pixels more.
const UNEVEN: [f32; 2] = [0.04, 1.0];
/// An underline is so many times as long as the ink above it is high.
const UNDERLINE: f32 = 1.5;
/// The thickest underline, relative to its length.
const THIN: f32 = 0.06;

/// Removes the lines of forms from ink and from the marked pixels, which are ink, and what is too pale to be ink. What
/// crosses a line stays. Returns the thickness of the thickest line in pixels, 0 without lines.
pub(super) fn remove(
    ink: &mut [f32],
    is_marked: &mut [bool],
    width: usize,
    colors: &[&[f32]],
) -> f32 {
    let Some(mut form) = PrintedForm::of(is_marked, width) else {
        return 0.0;
    };
    form.find_boxes();
    form.find_combs();
    form.find_underlines();
    let [level, upright] = form.printed();
    let is_line = pixels_of_lines(is_marked, width, colors, [&level, &upright]);
    for (index, _) in is_line.iter().enumerate().filter(|(_, is_line)| **is_line) {
        ink[index] = 0.0;
        is_marked[index] = false;
    }
    let all = level.iter().chain(&upright);
    all.map(|line| line.thickness).fold(0.0, f32::max)
}

/// A straight piece of ink, and whether it is printed.
struct FormLine {
    line: PrintedLine,
    is_printed: bool,
}

impl FormLine {
    /// Says that it is printed, from one place to another at least.
    fn print(&mut self, [from, to]: [f32; 2]) {
        let [first, last] = &mut self.line.columns;
        *first = (*first).min(from.max(0.0) as usize);
        *last = (*last).max(to.max(0.0) as usize);
        self.is_printed = true;
    }
}

/// The straight pieces of a picture's ink.
struct PrintedForm<'a> {
    is_marked: &'a [bool],
    width: usize,
    /// From top to bottom.
    level: Vec<FormLine>,
    /// From left to right.
    upright: Vec<FormLine>,
    /// The upright lines that meet each level one at a right angle and have its thickness.
    meeting: Vec<Vec<usize>>,
}

/// Two level and two upright lines that meet: top, bottom, left and right.
#[derive(Clone, Copy)]
struct FormBox {
    level: [usize; 2],
    upright: [usize; 2],
    /// Left, top, right and bottom, in pixels.
    bounds: [f32; 4],
    /// Whether no other line divides it.
    is_cell: bool,
}

impl FormBox {
    fn size(&self) -> [f32; 2] {
        let [left, top, right, bottom] = self.bounds;
        [right - left, bottom - top]
    }
}

/// Whether two lengths are the same up to a factor and an addend.
fn are_close([a, b]: [f32; 2], [factor, more]: [f32; 2]) -> bool {
    a.max(b) <= factor * a.min(b) + more
}

/// Where two lines cross.
fn crossing(level: &PrintedLine, upright: &PrintedLine) -> [f32; 2] {
    let x = (upright.offset + upright.slope * level.offset) / (1.0 - level.slope * upright.slope);
    [x, level.at(x)]
}

impl<'a> PrintedForm<'a> {
    /// `None` for a texture, and for squared paper.
    fn of(is_marked: &'a [bool], width: usize) -> Option<Self> {
        let height = is_marked.len() / width;
        let is_marked_at = |x: f32, y: f32| {
            let [x, y] = [x, y].map(|at| at.round().max(0.0) as usize);
            x < width && y < height && is_marked[y * width + x]
        };
        let mut level = segments(is_marked, width);
        let mut upright = segments(&transposed(is_marked, width), height);
        let closing = [
            closing_lines(&upright, &level, is_marked_at),
            closing_lines(&level, &upright, |x, y| is_marked_at(y, x)),
        ];
        let [more_level, more_upright] = closing;
        level.extend(more_level);
        upright.extend(more_upright);
        if level.len().max(upright.len()) > MOST {
            return None;
        }
        let sorted = |mut lines: Vec<PrintedLine>| {
            let middle = |line: &PrintedLine| {
                line.at(f32::midpoint(
                    line.columns[0] as f32,
                    line.columns[1] as f32,
                ))
            };
            lines.sort_by(|a, b| middle(a).total_cmp(&middle(b)));
            let unknown = |line| FormLine {
                line,
                is_printed: false,
            };
            lines.into_iter().map(unknown).collect::<Vec<_>>()
        };
        let (level, upright) = (sorted(level), sorted(upright));
        let meeting = level.iter().map(|level| {
            let upright = upright.iter().enumerate();
            let meeting = upright
                .filter(|(_, upright)| are_of_a_box(&level.line, &upright.line, is_marked_at));
            meeting.map(|(index, _)| index).collect()
        });
        Some(Self {
            is_marked,
            width,
            meeting: meeting.collect(),
            level,
            upright,
        })
    }

    /// The lines that are printed: level and upright ones.
    fn printed(&self) -> [Vec<PrintedLine>; 2] {
        [&self.level, &self.upright].map(|lines| {
            let printed = lines.iter().filter(|line| line.is_printed);
            printed.map(|line| line.line).collect()
        })
    }

    /// The marked pixels without some lines.
    fn without(&self, lines: [&[PrintedLine]; 2]) -> Vec<bool> {
        let is_line = pixels_of_lines(self.is_marked, self.width, &[], lines);
        let pixels = self.is_marked.iter().zip(is_line);
        pixels.map(|(&marked, line)| marked && !line).collect()
    }

    /// All boxes.
    fn boxes(&self) -> Vec<FormBox> {
        let mut boxes = Vec::new();
        for top in 0..self.level.len() {
            for bottom in top + 1..self.level.len() {
                let common: Vec<usize> = self.meeting[top]
                    .iter()
                    .copied()
                    .filter(|upright| self.meeting[bottom].contains(upright))
                    .collect();
                for (index, &left) in common.iter().enumerate() {
                    for (between, &right) in common[index + 1..].iter().enumerate() {
                        let divides = |line: usize| {
                            let meeting = &self.meeting[line];
                            meeting.contains(&left) && meeting.contains(&right)
                        };
                        let is_cell = between == 0 && !(top + 1..bottom).any(divides);
                        let found = self.form_box([top, bottom], [left, right], is_cell);
                        boxes.extend(found);
                    }
                }
            }
        }
        boxes
    }

    /// A box of four lines, if it is a rectangle of thin lines.
    fn form_box(&self, level: [usize; 2], upright: [usize; 2], is_cell: bool) -> Option<FormBox> {
        let lines = [
            level.map(|line| self.level[line].line),
            upright.map(|line| self.upright[line].line),
        ];
        let [[top, bottom], [left, right]] = lines;
        let corners = [crossing(&top, &left), crossing(&bottom, &right)];
        let bounds = [corners[0][0], corners[0][1], corners[1][0], corners[1][1]];
        let found = FormBox {
            level,
            upright,
            bounds,
            is_cell,
        };
        let [wide, high] = found.size();
        let least = wide.min(high);
        let is_thin = |line: &PrintedLine| line.thickness <= THICKEST * least;
        let are_parallel = |[a, b]: [PrintedLine; 2], length: f32| {
            (a.slope - b.slope).abs() <= SKEW[0] + SKEW[1] / length
        };
        let is_box = least >= LEAST_SIDE
            && lines.iter().flatten().all(is_thin)
            && are_parallel(lines[0], wide)
            && are_parallel(lines[1], high);
        is_box.then_some(found)
    }

    fn find_boxes(&mut self) {
        let boxes = self.boxes();
        if boxes.is_empty() {
            return;
        }
        let mut is_side = [
            vec![false; self.level.len()],
            vec![false; self.upright.len()],
        ];
        for found in &boxes {
            for line in found.level {
                is_side[0][line] = true;
            }
            for line in found.upright {
                is_side[1][line] = true;
            }
        }
        let sides = [(&self.level, &is_side[0]), (&self.upright, &is_side[1])];
        let [level, upright] = sides.map(|(lines, is_side)| {
            let sides = lines.iter().zip(is_side).filter(|(_, is_side)| **is_side);
            sides.map(|(line, _)| line.line).collect::<Vec<_>>()
        });
        let ink = self.without([&level, &upright]);
        let is_same = |a: &FormBox, b: &FormBox| {
            let sides = a.size().into_iter().zip(b.size());
            sides.into_iter().all(|(a, b)| are_close([a, b], SAME_SIZE))
        };
        let cells: Vec<FormBox> = boxes
            .iter()
            .copied()
            .filter(|found| found.is_cell)
            .collect();
        // Empty boxes side by side.
        let is_one_of_a_row = |found: &FormBox| {
            let wide = found.size()[0];
            let is_beside = |other: &&FormBox| {
                let [x, y] = [0, 1].map(|axis| (other.bounds[axis] - found.bounds[axis]).abs());
                is_same(found, other) && x >= wide - SAME_SIZE[1] && y <= SLOPE * x
            };
            cells.iter().filter(is_beside).count() + 1 >= ROW
        };
        let is_single = |found: &FormBox| boxes.len() == 1 && self.is_blank(found, &ink);
        let filled: Vec<FormBox> = cells
            .iter()
            .copied()
            .filter(|found| {
                self.is_filled(found, &ink) || is_one_of_a_row(found) || is_single(found)
            })
            .collect();
        for found in boxes {
            if filled.iter().any(|filled| is_same(filled, &found)) {
                let [left, top, right, bottom] = found.bounds;
                for line in found.level {
                    self.level[line].print([left, right]);
                }
                for line in found.upright {
                    self.upright[line].print([top, bottom]);
                }
            }
        }
    }

    /// Whether there is ink in a box, or at its sides, over a part of its height.
    fn is_filled(&self, found: &FormBox, ink: &[bool]) -> bool {
        let beyond = self.thickness(found) / 2.0 + MEET;
        let [left, top, right, bottom] = found.bounds;
        let [left, top] = [left - beyond, top].map(|side| side.max(0.0) as usize);
        let [right, bottom] = [right + beyond, bottom].map(|side| side.max(0.0) as usize);
        let rows = ink.chunks_exact(self.width).take(bottom).skip(top);
        // A single pixel is grain.
        let has_ink = |row: &&[bool]| {
            let row = &row[left.min(right)..right.min(self.width)];
            row.windows(2).any(|pair| pair[0] && pair[1])
        };
        let inked = rows.filter(has_ink).count();
        inked as f32 >= FILLED * found.size()[1]
    }

    /// Whether a box is all ink there is, without its sides, and is none that a pen draws: wide, with sharp corners.
    fn is_blank(&self, found: &FormBox, ink: &[bool]) -> bool {
        let [wide, high] = found.size();
        let is_corner = |level: &usize, upright: &usize| {
            let corner = crossing(&self.level[*level].line, &self.upright[*upright].line);
            let [x, y] = corner.map(|at| at.round().max(0.0) as usize);
            self.is_marked.get(y * self.width + x) == Some(&true)
        };
        let mut levels = found.level.iter();
        let count = |pixels: &[bool]| pixels.iter().filter(|&&is_inked| is_inked).count() as f32;
        wide >= WIDE * high
            && count(ink) <= REST * count(self.is_marked)
            && levels.all(|level| {
                found
                    .upright
                    .iter()
                    .all(|upright| is_corner(level, upright))
            })
    }

    /// The thickness of a box's thickest line.
    fn thickness(&self, found: &FormBox) -> f32 {
        let level = found.level.iter().map(|&line| &self.level[line]);
        let lines = level.chain(found.upright.iter().map(|&line| &self.upright[line]));
        lines.map(|line| line.line.thickness).fold(0.0, f32::max)
    }

    fn find_combs(&mut self) {
        for index in 0..self.level.len() {
            if self.level[index].is_printed {
                continue;
            }
            let base = self.level[index].line;
            let reach = |tick: &PrintedLine| tick.thickness + MEET;
            // Ticks that end at the line, above or below.
            for end in [0, 1] {
                let ticks: Vec<usize> = self.meeting[index]
                    .iter()
                    .copied()
                    .filter(|&tick| {
                        let tick = &self.upright[tick].line;
                        let y = crossing(&base, tick)[1];
                        (tick.columns[end] as f32 - y).abs() <= reach(tick) + base.thickness
                    })
                    .collect();
                if let Some(comb) = self.comb(&base, &ticks) {
                    self.level[index].is_printed = true;
                    for tick in comb {
                        self.upright[tick].is_printed = true;
                    }
                }
            }
        }
    }

    /// The ticks of a comb among upright lines that end at its line: one at each end, others at the same distances.
    fn comb(&self, base: &PrintedLine, ticks: &[usize]) -> Option<Vec<usize>> {
        let x = |tick: usize| crossing(base, &self.upright[tick].line)[0];
        let reach = base.thickness + 2.0 * MEET;
        let at = |place: f32, reach: f32, kind: &dyn Fn(usize) -> bool| {
            let near = ticks.iter().copied();
            near.filter(|&tick| (x(tick) - place).abs() <= reach && kind(tick))
                .min_by(|&a, &b| (x(a) - place).abs().total_cmp(&(x(b) - place).abs()))
        };
        let first = at(base.columns[0] as f32, reach, &|_| true)?;
        let size = |tick: usize| {
            let line = &self.upright[tick].line;
            [line.length(), line.thickness]
        };
        let is_same = |tick: usize| {
            let [long, thick] = size(first);
            let [own_long, own_thick] = size(tick);
            are_close([long, own_long], [SAME_TICKS, MEET])
                && are_close([thick, own_thick], [SAME_TICKS, 1.0])
        };
        let last = at(base.columns[1] as f32, reach, &is_same)?;
        let whole = x(last) - x(first);
        let combs = (TICKS - 1..=MOST).map_while(|cells| {
            let step = whole / cells as f32;
            let tick = |cell: usize| {
                at(
                    x(first) + cell as f32 * step,
                    UNEVEN[0] * step + UNEVEN[1],
                    &is_same,
                )
            };
            let found: Vec<usize> = (0..=cells).filter_map(tick).collect();
            (step >= LEAST_SIDE).then_some((found, cells + 1))
        });
        let combs = combs.filter(|(found, all)| found.len() >= TICKS && found.len() * 3 >= all * 2);
        combs.map(|(found, _)| found).max_by_key(Vec::len)
    }

    fn find_underlines(&mut self) {
        for index in 0..self.level.len() {
            let line = self.level[index].line;
            if self.level[index].is_printed || line.thickness > THIN * line.length() {
                continue;
            }
            let [mut level, upright] = self.printed();
            level.push(line);
            let ink = self.without([&level, &upright]);
            if self.is_underline(&line, &ink) {
                self.level[index].is_printed = true;
            }
        }
    }

    /// Whether a line is much longer than the other ink is high, and as long as that is wide.
    fn is_underline(&self, line: &PrintedLine, ink: &[bool]) -> bool {
        let rows = ink.chunks_exact(self.width).enumerate();
        let mut bounds = [usize::MAX, usize::MAX, 0, 0];
        for (y, row) in rows {
            for x in 1..self.width {
                if row[x - 1] && row[x] {
                    let [left, top, right, bottom] = bounds;
                    bounds = [left.min(x), top.min(y), right.max(x), bottom.max(y)];
                }
            }
        }
        let [left, top, right, bottom] = bounds;
        if top > bottom {
            return false;
        }
        let high = (bottom - top + 1) as f32;
        let beyond = 0.1 * line.length();
        high >= LEAST_SIDE.max(4.0 * line.thickness)
            && line.length() >= UNDERLINE * high
            && left as f32 + beyond >= line.columns[0] as f32
            && right as f32 - beyond <= line.columns[1] as f32
    }
}

/// Whether lines meet at a right angle and are as thick as each other. Ink may hide their ends.
fn are_of_a_box(
    level: &PrintedLine,
    upright: &PrintedLine,
    is_marked: impl Fn(f32, f32) -> bool,
) -> bool {
    let [x, y] = crossing(level, upright);
    let room = f32::midpoint(level.thickness, upright.thickness) + MEET;
    let reaches = |line: &PrintedLine, at: f32, is_marked: &dyn Fn(f32) -> bool| {
        let [from, to] = line.columns.map(|column| column as f32);
        let hidden = (from - at).max(at - to);
        if hidden <= room {
            return true;
        }
        let end = if at < from { at } else { to };
        let steps = hidden as usize;
        let inked = (0..steps)
            .filter(|&step| is_marked(end + step as f32))
            .count();
        hidden <= HIDDEN * line.length() && inked + 2 >= steps
    };
    let length = level.length().min(upright.length());
    are_close([level.thickness, upright.thickness], SAME_THICKNESS)
        && (level.slope + upright.slope).abs() <= SKEW[0] + SKEW[1] / length
        && reaches(level, x, &|x| is_marked(x, level.at(x)))
        && reaches(upright, y, &|y| is_marked(upright.at(y), y))
}

/// The fourth side of boxes with three sides, where ink hides it: from the end of one line to that of another, if a
/// line of the other direction joins their other ends. `is_marked` is for that direction.
fn closing_lines(
    lines: &[PrintedLine],
    others: &[PrintedLine],
    is_marked: impl Fn(f32, f32) -> bool,
) -> Vec<PrintedLine> {
    let end = |line: &PrintedLine, is_last: bool| {
        let inset = (line.thickness - 1.0) / 2.0;
        if is_last {
            line.columns[1] as f32 - 1.0 - inset
        } else {
            line.columns[0] as f32 + inset
        }
    };
    let mut closing = Vec::new();
    for (index, a) in lines.iter().enumerate() {
        for b in &lines[index + 1..] {
            let [a, b] = if a.offset <= b.offset { [a, b] } else { [b, a] };
            if !are_close([a.length(), b.length()], SAME_SIZE) {
                continue;
            }
            // The line that joins both at an end.
            let joining = |is_last: bool| {
                others.iter().find(|other| {
                    [a, b].into_iter().all(|line| {
                        let [x, y] = crossing(other, line);
                        let room = f32::midpoint(line.thickness, other.thickness) + MEET;
                        let [from, to] = other.columns.map(|column| column as f32);
                        (y - end(line, is_last)).abs() <= room
                            && (from - room..=to + room).contains(&x)
                            && are_close([line.thickness, other.thickness], SAME_THICKNESS)
                    })
                })
            };
            let (thickness, is_last) = match [joining(false), joining(true)] {
                [Some(joining), None] => (joining.thickness, true),
                [None, Some(joining)] => (joining.thickness, false),
                _ => continue,
            };
            let [from, to] = [a, b].map(|line| [line.at(end(line, is_last)), end(line, is_last)]);
            let slope = (to[1] - from[1]) / (to[0] - from[0]).max(1.0);
            let line = PrintedLine {
                slope,
                offset: from[1] - slope * from[0],
                thickness,
                columns: [from[0], to[0]].map(|x| x.round().max(0.0) as usize),
            };
            let [first, last] = line.columns;
            let is_inked = |x: &usize| {
                let [x, y] = [*x as f32, line.at(*x as f32)];
                [y, y - 1.0, y + 1.0].into_iter().any(|y| is_marked(x, y))
            };
            let inked = (first..last).filter(is_inked).count();
            if slope.abs() <= SLOPE
                && inked as f32 >= INKED * line.length()
                && line.length() >= LEAST_SIDE
            {
                closing.push(line);
            }
        }
    }
    closing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ink::{Point, raster::Raster};

    const SIDE: usize = 240;

    type Lines = Vec<[(f32, f32); 2]>;

    fn rectangle([left, top, right, bottom]: [f32; 4]) -> Lines {
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom)];
        (0..4).map(|i| [corners[i], corners[(i + 1) % 4]]).collect()
    }

    /// Which pixels lines cover, turned by a slope.
    fn drawn(lines: &Lines, pen: f32, slope: f32) -> Vec<bool> {
        let turned = |&(x, y): &(f32, f32)| Point::new(x - slope * y, y + slope * x);
        let lines: Vec<Vec<Point>> = lines
            .iter()
            .map(|line| line.iter().map(turned).collect())
            .collect();
        let ink = Raster::draw(&lines, pen, SIDE, SIDE);
        ink.pixels().iter().map(|&ink| ink >= 0.5).collect()
    }

    /// What stays of some print and some digits: the pixels of print that are far from the digits, and the pixels of
    /// the digits that are gone.
    fn wrong(print: &[bool], digits: &[bool]) -> [usize; 2] {
        let mut is_marked: Vec<bool> = print.iter().zip(digits).map(|(a, b)| a | b).collect();
        let mut ink: Vec<f32> = is_marked
            .iter()
            .map(|&is| f32::from(u8::from(is)))
            .collect();
        remove(&mut ink, &mut is_marked, SIDE, &[]);
        let is_near_a_digit = |index: usize| {
            let (x, y) = (index % SIDE, index / SIDE);
            let near = |at: usize| at.saturating_sub(3)..(at + 4).min(SIDE);
            near(y).any(|y| near(x).any(|x| digits[y * SIDE + x]))
        };
        let all = 0..print.len();
        let kept = all
            .clone()
            .filter(|&index| print[index] && ink[index] > 0.0);
        let gone = all.filter(|&index| digits[index] && ink[index] == 0.0);
        [
            kept.filter(|&index| !is_near_a_digit(index)).count(),
            gone.count(),
        ]
    }

    #[test]
    fn forms_go_and_digits_stay() {
        // A 4 and a 7 of straight strokes, the second one as high as `to`.
        let digits = |to: f32| -> Lines {
            vec![
                [(62.0, 95.0), (52.0, 125.0)],
                [(52.0, 125.0), (82.0, 125.0)],
                [(75.0, 105.0), (75.0, 145.0)],
                [(130.0, 95.0), (155.0, 95.0)],
                [(155.0, 95.0), (138.0, to)],
            ]
        };
        let boxes = [
            rectangle([40.0, 80.0, 95.0, 155.0]),
            rectangle([115.0, 80.0, 170.0, 155.0]),
        ];
        let edges = |top: f32, xs: &[f32]| -> Lines {
            xs.iter().map(|&x| [(x, top), (x, 155.0)]).collect()
        };
        let base = || vec![[(30.0, 155.0), (180.0, 155.0)]];
        let cells = [rectangle([30.0, 80.0, 180.0, 155.0]), edges(80.0, &[105.0])];
        let cases: [(Lines, &str); 6] = [
            (boxes.concat(), "two boxes"),
            (
                [boxes.concat(), rectangle([178.0, 80.0, 233.0, 155.0])].concat(),
                "and an empty one",
            ),
            (cells.concat(), "cells with a shared line"),
            (
                [base(), edges(135.0, &[30.0, 105.0, 180.0])].concat(),
                "a comb",
            ),
            (
                [base(), edges(80.0, &[30.0, 105.0, 180.0])].concat(),
                "cells without a top",
            ),
            (base(), "an underline"),
        ];
        for (print, reason) in cases {
            for slope in [0.0, 0.03, -0.03] {
                for thickness in [2.0, 4.0] {
                    for (to, fit) in [(145.0, "inside"), (154.0, "touching"), (170.0, "crossing")] {
                        let print = drawn(&print, thickness, slope);
                        let digits = drawn(&digits(to), 5.0, slope);
                        let [kept, gone] = wrong(&print, &digits);
                        // Crumbs of corners, which are dust; and the round end of a stroke in a line's blur.
                        assert!(
                            kept <= 6 && gone <= 6,
                            "{reason}, {fit}, {slope}, {thickness}: {kept} pixels stay, {gone} go"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_row_of_empty_boxes_goes() {
        let rectangles = [20.0, 90.0, 160.0].map(|x| rectangle([x, 80.0, x + 50.0, 140.0]));
        for (count, goes) in [(2, false), (3, true)] {
            let print = drawn(&rectangles[..count].concat(), 3.0, 0.01);
            let [kept, _] = wrong(&print, &vec![false; SIDE * SIDE]);
            assert_eq!(kept <= 6, goes, "{count} boxes: {kept} pixels stay");
        }
    }

    #[test]
    fn a_single_empty_box_goes_and_a_square_zero_stays() {
        let [left, top, right, bottom] = [60.0, 80.0, 120.0, 155.0];
        let printed = rectangle([left, top, right, bottom]);
        // The corners are round by a tenth of the height.
        let off = 7.5;
        let round = vec![
            [(left + off, top), (right - off, top)],
            [(right - off, top), (right, top + off)],
            [(right, top + off), (right, bottom - off)],
            [(right, bottom - off), (right - off, bottom)],
            [(right - off, bottom), (left + off, bottom)],
            [(left + off, bottom), (left, bottom - off)],
            [(left, bottom - off), (left, top + off)],
            [(left, top + off), (left + off, top)],
        ];
        let bent = vec![
            [(left, top), (90.0, top - 4.0)],
            [(90.0, top - 4.0), (right, top)],
            [(right, top), (right + 4.0, 118.0)],
            [(right + 4.0, 118.0), (right, bottom)],
            [(right, bottom), (left, bottom)],
            [(left, bottom), (left, top)],
        ];
        let mut open = printed.clone();
        open[3] = [(left, bottom), (left, top + 12.0)];
        let none = vec![false; SIDE * SIDE];
        for slope in [0.0, 0.03] {
            for pen in [2.0, 4.0] {
                let [kept, _] = wrong(&drawn(&printed, pen, slope), &none);
                assert!(kept <= 6, "{slope}, {pen}: {kept} pixels of the box stay");
                for (zero, reason) in [(&round, "round"), (&bent, "bent"), (&open, "open")] {
                    let zero = drawn(zero, pen, slope);
                    assert_eq!(wrong(&none, &zero), [0, 0], "{reason}, {slope}, {pen}");
                }
            }
        }
    }

    #[test]
    fn a_side_that_ink_hides_is_found() {
        // A 1 along the lower half of the right side and over the corner.
        let one = drawn(&vec![[(126.0, 115.0), (134.0, 175.0)]], 8.0, 0.0);
        let print = drawn(&rectangle([80.0, 80.0, 130.0, 160.0]), 3.0, 0.0);
        let [kept, gone] = wrong(&print, &one);
        let all = one.iter().filter(|&&inked| inked).count();
        // Where the 1 begins it is on the line, and no more than that.
        assert!(
            kept <= 6 && 10 * gone <= all,
            "{kept} pixels stay, {gone} of {all} go"
        );
    }

    #[test]
    fn digits_of_straight_strokes_are_not_forms() {
        let one = |x: f32| [(x, 80.0), (x, 155.0)];
        let zero = rectangle([60.0, 80.0, 100.0, 155.0]);
        let cases: [(Lines, &str); 8] = [
            (zero.clone(), "0"),
            (
                [zero.clone(), rectangle([130.0, 80.0, 170.0, 155.0])].concat(),
                "00",
            ),
            ([zero.clone(), vec![one(130.0)]].concat(), "01"),
            (
                [
                    rectangle([60.0, 80.0, 100.0, 118.0]),
                    rectangle([60.0, 118.0, 100.0, 155.0]),
                ]
                .concat(),
                "8",
            ),
            (vec![one(60.0), one(90.0), one(120.0), one(150.0)], "1111"),
            (vec![[(60.0, 80.0), (110.0, 80.0)], one(110.0)], "7"),
            (
                vec![
                    [(60.0, 80.0), (60.0, 125.0)],
                    [(60.0, 125.0), (110.0, 125.0)],
                    one(95.0),
                ],
                "4",
            ),
            (
                vec![
                    [(60.0, 100.0), (130.0, 100.0)],
                    [(60.0, 120.0), (130.0, 120.0)],
                ],
                "=",
            ),
        ];
        for (lines, reason) in cases {
            for pen in [3.0, 6.0, 10.0] {
                let digits = drawn(&lines, pen, 0.0);
                assert_eq!(
                    wrong(&vec![false; SIDE * SIDE], &digits),
                    [0, 0],
                    "{reason}, {pen}"
                );
            }
        }
    }
}
