//! Lines that are printed on the paper, such as those of an exercise book.

use std::collections::BTreeMap;

use super::printed_lines::{ColumnRuns, PrintedLine, SLOPE, pixels_of_lines, transposed};

/// The thickness of a rule, relative to the shorter side. Pens are thicker.
const THICKNESS: f32 = 1.0 / 40.0;
/// A picture with a shorter side than this has no rules that can be told from a pen.
const SMALLEST: usize = 100;
/// The part of the picture's width that a rule covers: one of several, and a single one.
const COVERED: [f32; 2] = [0.7, 0.95];
/// The part of the width in which a rule is seen, at least. Ink may hide the rest.
const FEWEST_COVERED: f32 = 0.4;
/// Rules are further apart than this, in pixels.
const APART: f32 = 4.0;

/// Runs along one line: how many, and the sums of their offsets and lengths.
#[derive(Clone, Copy, Default)]
struct Votes {
    count: usize,
    offsets: f32,
    lens: f32,
}

/// Removes the rules from ink. What crosses a rule stays. `is_marked` says which pixels may be a rule's: these, and those
/// that are too pale to be ink. Returns the thickness of the thickest rule in pixels, 0 without rules.
pub(super) fn remove(ink: &mut [f32], is_marked: &[bool], width: usize, colors: &[&[f32]]) -> f32 {
    let height = is_marked.len() / width;
    if width.min(height) < SMALLEST {
        return 0.0;
    }
    let thickness = (THICKNESS * width.min(height) as f32).round() as usize;
    let across = rules(&ColumnRuns::of(is_marked, width), width, thickness);
    let turned = ColumnRuns::of(&transposed(is_marked, width), height);
    let down = rules(&turned, height, thickness);
    let is_rule = pixels_of_lines(is_marked, width, colors, [&across, &down]);
    for (ink, _) in ink.iter_mut().zip(is_rule).filter(|(_, is_rule)| *is_rule) {
        *ink = 0.0;
    }
    let both = across.iter().chain(&down);
    both.map(|rule| rule.thickness).fold(0.0, f32::max)
}

/// The rules among thin runs: each votes for all lines through it (Duda and Hart, "Use of the Hough transformation to
/// detect lines and curves in pictures", 1972).
fn rules(runs: &ColumnRuns, width: usize, thickness: usize) -> Vec<PrintedLine> {
    let thin = || runs.all.iter().filter(|run| run.len <= thickness);
    let covered = |part: f32| (part * width as f32) as usize;
    let steps = (SLOPE * width as f32).ceil() as i32;
    let mut all = Vec::new();
    for step in -steps..=steps {
        let slope = step as f32 / width as f32;
        let mut lines: BTreeMap<i32, Votes> = BTreeMap::new();
        for run in thin() {
            let offset = run.middle() - slope * run.column as f32;
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
                let [offset, mean_len] = [sum.offsets, sum.lens].map(|of| of / sum.count as f32);
                let rule = PrintedLine {
                    slope,
                    offset,
                    thickness: mean_len,
                    columns: [0, width],
                };
                // Ink hides a rule.
                let is_hidden = |x: &usize| runs.len_at(*x, rule.at(*x as f32)) > thickness;
                let hidden = (0..width).filter(is_hidden).count();
                all.push((sum.count + hidden, rule));
            }
        }
    }
    all.retain(|(count, _)| *count >= covered(COVERED[0]));
    all.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    // The best of those that run through the same place.
    let mut best: Vec<(usize, PrintedLine)> = Vec::new();
    let middle = |rule: &PrintedLine| rule.at((width / 2) as f32);
    for (count, rule) in all {
        let is_apart =
            |(_, other): &(usize, PrintedLine)| (middle(other) - middle(&rule)).abs() > APART;
        if best.iter().all(is_apart) {
            best.push((count, rule));
        }
    }
    if best.len() == 1 {
        best.retain(|(count, _)| *count >= covered(COVERED[1]));
    }
    best.into_iter().map(|(_, rule)| rule).collect()
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
        remove(&mut ink, &is_marked, SIDE, &[]);
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
