//! The ink of a picture, without paper, dust and the table's edge.

use super::{paper::Paper, sheet::Sheet};
use crate::ink::raster::Raster;

/// Ink whose tone is nearer to the paper's than this is not told from it.
const LEAST_CONTRAST: f32 = 0.12;
/// Ink stands out from the paper's grain by at least this many standard deviations.
const LEAST_CONTRAST_IN_NOISE: f32 = 4.5;
/// A color is preferred to green, in which cameras see best, if its contrast is this much larger.
const CLEAR_GAIN: f32 = 1.15;
/// Pieces of less than this part of the largest one's ink are dust.
const DUST: f32 = 0.03;
/// A piece that takes this part of the shorter side from the border is the table, not ink, if there is ink beside it.
const TABLE: f32 = 0.5;
/// Less than this part of the largest piece's ink is not what is written beside a table.
const BESIDE_TABLE: f32 = 0.01;
/// Bins of the histogram that ink is told from paper by.
const BINS: usize = 256;

/// The ink, 0 for paper to 1; `None` where nothing stands out.
pub(super) fn ink_of(sheet: &Sheet) -> Option<Raster> {
    let [red, green, blue] = &sheet.channels;
    let mut best: Option<Contrast> = None;
    for (pixels, gain) in [(green, 1.0), (red, CLEAR_GAIN), (blue, CLEAR_GAIN)] {
        let contrast = Contrast::of(pixels, sheet.width);
        if let Some(contrast) = contrast
            && best
                .as_ref()
                .is_none_or(|best| contrast.level > gain * best.level)
        {
            best = Some(contrast);
        }
    }
    let contrast = best?;
    let mut pixels = contrast.sharpened();
    keep_ink_only(&mut pixels, sheet.width);
    Raster::new(sheet.width, sheet.height, pixels)
}

/// How much each pixel stands out from the paper, in the direction that the ink does.
struct Contrast {
    pixels: Vec<f32>,
    /// What parts ink from paper.
    threshold: f32,
    /// The mean of what is ink.
    level: f32,
    /// The paper's grain: its standard deviation.
    noise: f32,
}

impl Contrast {
    /// `None` where there is no ink, as far as one color can tell.
    fn of(pixels: &[f32], width: usize) -> Option<Self> {
        let paper = Paper::of(pixels, width);
        let signed: Vec<f32> = pixels
            .iter()
            .enumerate()
            .map(|(index, &tone)| {
                // What is left of the light is the same part of it in the lamp's light and in the
                // shade; on black, what is added counts.
                let paper = paper.tone(index % width, index / width);
                (paper - tone) / paper.max(1.0 - paper)
            })
            .collect();
        let beyond = |sign: f32| -> f32 {
            let clear = LEAST_CONTRAST.max(3.0 * paper.noise);
            signed
                .iter()
                .map(|off| sign * off)
                .filter(|off| *off > clear)
                .sum()
        };
        let sign = if beyond(1.0) >= beyond(-1.0) {
            1.0
        } else {
            -1.0
        };
        let pixels: Vec<f32> = signed
            .iter()
            .map(|off| (sign * off).clamp(0.0, 1.0))
            .collect();
        let (threshold, level) = otsu(&pixels);
        let least = LEAST_CONTRAST.max(LEAST_CONTRAST_IN_NOISE * paper.noise);
        (level >= least).then_some(Self {
            pixels,
            threshold,
            level,
            noise: paper.noise,
        })
    }

    /// The pixels with paper at 0 and ink at 1. In a small picture the gray of an edge says where
    /// the edge is and is kept; in a large one it is blur.
    fn sharpened(&self) -> Vec<f32> {
        let count = self
            .pixels
            .iter()
            .filter(|&&pixel| pixel > self.threshold)
            .count();
        let fine = ((count as f32).sqrt() / 60.0).clamp(0.0, 1.0);
        let low = (self.level * (0.05 + 0.3 * fine)).max(3.0 * self.noise);
        let high = (self.level * (1.0 - 0.35 * fine)).max(1.05 * low);
        let sharpen = |pixel: &f32| ((pixel - low) / (high - low)).clamp(0.0, 1.0);
        self.pixels.iter().map(sharpen).collect()
    }
}

/// The threshold that parts pixels in 0..=1 best into two groups, and the mean of the upper one
/// (Otsu, "A threshold selection method from gray-level histograms", 1979).
fn otsu(pixels: &[f32]) -> (f32, f32) {
    let mut histogram = [0_u32; BINS];
    for pixel in pixels {
        histogram[((pixel * BINS as f32) as usize).min(BINS - 1)] += 1;
    }
    let weighted = |(bin, &count): (usize, &u32)| (bin as f64 + 0.5) * f64::from(count);
    let total: f64 = histogram.iter().enumerate().map(weighted).sum();
    let count = pixels.len() as f64;
    let (mut below, mut sum_below) = (0.0, 0.0);
    let mut best = (0.0, 0.0, 0.0);
    for (bin, of_bin) in histogram.iter().enumerate() {
        below += f64::from(*of_bin);
        sum_below += weighted((bin, of_bin));
        let above = count - below;
        if below > 0.0 && above > 0.0 {
            let mean_above = (total - sum_below) / above;
            let between = below * above * (sum_below / below - mean_above).powi(2);
            if between > best.0 {
                best = (between, bin as f64 + 1.0, mean_above);
            }
        }
    }
    (best.1 as f32 / BINS as f32, best.2 as f32 / BINS as f32)
}

/// A piece of connected ink.
#[derive(Clone, Copy, Default)]
struct Piece {
    mass: f32,
    /// How many of its pixels are the picture's outermost.
    on_border: usize,
}

/// Removes dust, and what comes in from outside of the picture.
fn keep_ink_only(pixels: &mut [f32], width: usize) {
    let (piece_of, pieces) = pieces(pixels, width);
    let height = pixels.len() / width;
    let table = TABLE * width.min(height) as f32;
    let is_within = |piece: &Piece| (piece.on_border as f32) < table;
    let largest = |kind: &dyn Fn(&Piece) -> bool| {
        let masses = pieces.iter().filter(|piece| kind(piece));
        masses.map(|piece| piece.mass).fold(0.0, f32::max)
    };
    let (within, overall) = (largest(&is_within), largest(&|_| true));
    // A digit that was cut out at its own box reaches the border too.
    let has_table = within >= BESIDE_TABLE * overall;
    let is_ink = |piece: &Piece| !has_table || is_within(piece);
    let least = DUST * if has_table { within } else { overall };
    for (pixel, piece) in pixels.iter_mut().zip(piece_of) {
        let keep =
            piece.is_some_and(|piece: usize| pieces[piece].mass >= least && is_ink(&pieces[piece]));
        if !keep {
            *pixel = 0.0;
        }
    }
}

/// Which piece each pixel belongs to, and the pieces. Pixels that touch at a corner are connected.
fn pieces(pixels: &[f32], width: usize) -> (Vec<Option<usize>>, Vec<Piece>) {
    let height = pixels.len() / width;
    let mut piece_of = vec![None; pixels.len()];
    let mut pieces = Vec::new();
    let mut open = Vec::new();
    for start in 0..pixels.len() {
        if pixels[start] == 0.0 || piece_of[start].is_some() {
            continue;
        }
        let number = pieces.len();
        let mut piece = Piece::default();
        piece_of[start] = Some(number);
        open.push(start);
        while let Some(index) = open.pop() {
            let (x, y) = (index % width, index / width);
            piece.mass += pixels[index];
            let is_outermost = x == 0 || y == 0 || x + 1 == width || y + 1 == height;
            piece.on_border += usize::from(is_outermost);
            for y in y.saturating_sub(1)..(y + 2).min(height) {
                for x in x.saturating_sub(1)..(x + 2).min(width) {
                    let next = y * width + x;
                    if pixels[next] > 0.0 && piece_of[next].is_none() {
                        piece_of[next] = Some(number);
                        open.push(next);
                    }
                }
            }
        }
        pieces.push(piece);
    }
    (piece_of, pieces)
}
