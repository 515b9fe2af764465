//! Lines that are printed on the paper, such as those of an exercise book.

use std::collections::BTreeMap;

/// The thickness of a rule, relative to the shorter side. Pens are thicker.
const THICKNESS: f32 = 1.0 / 40.0;
/// A picture with a shorter side than this has no rules that can be told from a pen.
const SMALLEST: usize = 100;
/// The steepest rule: rise over run.
const SLOPE: f32 = 0.1;
/// The part of the picture's width that a rule covers: one of several, and a single one.
const COVERED: [f32; 2] = [0.7, 0.95];
/// The part of the width in which a rule is seen, at least. Ink may hide the rest.
const FEWEST_COVERED: f32 = 0.4;
/// Rules are further apart than this, in pixels.
const APART: f32 = 4.0;
/// The room around a rule's line for its blur, in pixels.
const BLUR: f32 = 1.5;

/// A straight line through the picture: `y = offset + slope * x`.
#[derive(Clone, Copy)]
struct Rule {
    slope: f32,
    offset: f32,
    thickness: f32,
}

impl Rule {
    /// Its middle in a column.
    fn at(&self, x: usize) -> f32 {
        self.offset + self.slope * x as f32
    }
}

/// Runs along one line: how many, and the sums of their offsets and lengths.
#[derive(Clone, Copy, Default)]
struct Votes {
    count: usize,
    offsets: f32,
    lens: f32,
}

/// A run of marked pixels within a column.
#[derive(Clone, Copy)]
struct ColumnRun {
    column: usize,
    middle: f32,
    len: usize,
}

/// Removes the rules from ink. What crosses a rule stays. `is_marked` says which pixels may be a rule's: these, and those
/// that are too pale to be ink. Returns the thickness of the thickest rule in pixels, 0 without rules.
pub(super) fn remove(ink: &mut [f32], is_marked: &[bool], width: usize) -> f32 {
    let height = is_marked.len() / width;
    if width.min(height) < SMALLEST {
        return 0.0;
    }
    let thickness = (THICKNESS * width.min(height) as f32).round() as usize;
    let (across, thick_across) = on_rules(is_marked, width, thickness);
    let turned = transposed(is_marked, width);
    let (down, thick_down) = on_rules(&turned, height, thickness);
    let down = transposed(&down, height);
    for ((ink, across), down) in ink.iter_mut().zip(across).zip(down) {
        let is_crossing = across != RulePosition::Beside && down != RulePosition::Beside;
        if across == RulePosition::Thin || down == RulePosition::Thin || is_crossing {
            *ink = 0.0;
        }
    }
    thick_across.max(thick_down)
}

/// Where a pixel is, relative to the rules of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RulePosition {
    Beside,
    /// In the middle of a rule, where something thicker is.
    Thick,
    /// On a rule, where nothing else is.
    Thin,
}

/// Where each pixel is, relative to the rules that are nearly horizontal, and the thickness of the thickest one.
fn on_rules(is_marked: &[bool], width: usize, thickness: usize) -> (Vec<RulePosition>, f32) {
    let height = is_marked.len() / width;
    let mut thin = Vec::new();
    let mut run_of = vec![0_usize; is_marked.len()];
    for x in 0..width {
        let mut start = 0;
        while start < height {
            let len = (start..height)
                .take_while(|y| is_marked[y * width + x])
                .count();
            for y in start..start + len {
                run_of[y * width + x] = len;
            }
            if (1..=thickness).contains(&len) {
                let middle = start as f32 + (len - 1) as f32 / 2.0;
                thin.push(ColumnRun {
                    column: x,
                    middle,
                    len,
                });
            }
            start += len.max(1);
        }
    }
    let mut places = vec![RulePosition::Beside; is_marked.len()];
    let is_thick = |x: usize, y: f32| {
        let y = y.round();
        let is_within = y >= 0.0 && y < height as f32;
        is_within && run_of[y as usize * width + x] > thickness
    };
    let mut thickest = 0.0_f32;
    for rule in rules(&thin, width, is_thick) {
        thickest = thickest.max(rule.thickness);
        let reach = rule.thickness / 2.0 + BLUR;
        for x in 0..width {
            let middle = rule.at(x);
            let from = (middle - reach).ceil().max(0.0) as usize;
            let to = (middle + reach + 1.0).floor().max(0.0) as usize;
            for y in from..to.min(height) {
                let index = y * width + x;
                if run_of[index] as f32 <= rule.thickness + 2.0 * BLUR {
                    places[index] = RulePosition::Thin;
                } else if (y as f32 - middle).abs() <= rule.thickness / 2.0 {
                    places[index] = RulePosition::Thick;
                }
            }
        }
    }
    (places, thickest)
}

/// The rules among thin runs: each votes for all lines through it (Duda and Hart, "Use of the Hough transformation to
/// detect lines and curves in pictures", 1972).
fn rules(runs: &[ColumnRun], width: usize, is_thick: impl Fn(usize, f32) -> bool) -> Vec<Rule> {
    let covered = |part: f32| (part * width as f32) as usize;
    let steps = (SLOPE * width as f32).ceil() as i32;
    let mut all = Vec::new();
    for step in -steps..=steps {
        let slope = step as f32 / width as f32;
        let mut lines: BTreeMap<i32, Votes> = BTreeMap::new();
        for run in runs {
            let offset = run.middle - slope * run.column as f32;
            let votes = lines.entry(offset.round() as i32).or_default();
            votes.count += 1;
            votes.offsets += offset;
            votes.lens += run.len as f32;
        }
        for &line in lines.keys() {
            let mut sum = Votes::default();
            for votes in (line - 1..=line + 1).filter_map(|line| lines.get(&line)) {
                sum.count += votes.count;
                sum.offsets += votes.offsets;
                sum.lens += votes.lens;
            }
            if sum.count >= covered(FEWEST_COVERED) {
                let [offset, thickness] = [sum.offsets, sum.lens].map(|of| of / sum.count as f32);
                let rule = Rule {
                    slope,
                    offset,
                    thickness,
                };
                // Ink hides a rule.
                let hidden = (0..width).filter(|&x| is_thick(x, rule.at(x))).count();
                all.push((sum.count + hidden, rule));
            }
        }
    }
    all.retain(|(count, _)| *count >= covered(COVERED[0]));
    all.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    // The best of those that run through the same place.
    let mut best: Vec<(usize, Rule)> = Vec::new();
    let middle = |rule: &Rule| rule.at(width / 2);
    for (count, rule) in all {
        let is_apart = |(_, other): &(usize, Rule)| (middle(other) - middle(&rule)).abs() > APART;
        if best.iter().all(is_apart) {
            best.push((count, rule));
        }
    }
    if best.len() == 1 {
        best.retain(|(count, _)| *count >= covered(COVERED[1]));
    }
    best.into_iter().map(|(_, rule)| rule).collect()
}

/// The columns of a picture as rows.
fn transposed<T: Copy>(pixels: &[T], width: usize) -> Vec<T> {
    let column = |x: usize| pixels.iter().skip(x).step_by(width).copied();
    (0..width).flat_map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 120;

    /// A bar of ink, 8 pixels wide and 60 long, and what `rule` says of each pixel.
    fn without_rules(rule: impl Fn(usize, usize) -> bool) -> Vec<(usize, usize)> {
        let is_bar = |x: usize, y: usize| (56..64).contains(&x) && (30..90).contains(&y);
        let places = || (0..SIDE * SIDE).map(|index| (index % SIDE, index / SIDE));
        let is_marked: Vec<bool> = places().map(|(x, y)| is_bar(x, y) || rule(x, y)).collect();
        let mut ink: Vec<f32> = is_marked
            .iter()
            .map(|&mark| f32::from(u8::from(mark)))
            .collect();
        remove(&mut ink, &is_marked, SIDE);
        let wrong = places()
            .zip(&ink)
            .filter(|&((x, y), &ink)| (ink > 0.0) != is_bar(x, y));
        wrong.map(|(place, _)| place).collect()
    }

    #[test]
    fn rules_go_and_what_crosses_them_stays() {
        assert_eq!(without_rules(|_, _| false), [], "no rules");
        assert_eq!(without_rules(|_, y| y % 20 < 2), [], "lines");
        assert_eq!(without_rules(|x, _| x % 25 == 0), [], "columns");
        let tilted = |x: usize, y: usize| (y + x / 15 + 10).is_multiple_of(20);
        assert_eq!(without_rules(tilted), [], "tilted lines");
        let wrong = without_rules(|x, y| x.is_multiple_of(20) || y.is_multiple_of(20));
        // Where two rules cross within the bar, their crossing is missing.
        assert!(
            wrong.iter().all(|(x, y)| x % 20 == 0 && y % 20 == 0),
            "{wrong:?}"
        );
    }

    #[test]
    fn a_pen_is_no_rule() {
        let is_kept = |rule: &dyn Fn(usize, usize) -> bool| {
            let wrong = without_rules(rule);
            (0..SIDE).all(|x| !rule(x, 100) || wrong.contains(&(x, 100)))
        };
        assert!(is_kept(&|x, y| y == 100 && (20..90).contains(&x)), "a dash");
        assert!(is_kept(&|_, y| (98..104).contains(&y)), "as thick as a pen");
        assert!(
            is_kept(&|x, y| y == 100 && x < 110),
            "a single line that ends"
        );
    }
}
