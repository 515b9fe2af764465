//! The tone of the paper, all over a picture, though there is ink on it.

/// At most about this many pixels are looked at, evenly spread.
const SAMPLES: usize = 10_000;
/// Each round fits to the pixels that the one before took for paper.
const ROUNDS: usize = 8;
/// The part of the pixels that is paper in any picture of a digit.
const SURELY_PAPER: f32 = 0.3;
/// Paper is what is nearer to the surface than this many times what the surest part is.
const SPREAD: f32 = 4.0;
/// Paper is also what is nearer than this, as in drawn pictures, whose paper is all the same.
const LEAST_SPREAD: f32 = 0.03;
/// Coefficients of a surface of second degree.
const TERMS: usize = 6;
/// Keeps the surface flat where there is no paper to tell its shape.
const RIDGE: f64 = 1e-3;

/// A surface of second degree: enough for a lamp's light and a lens's dark corners.
pub(super) struct Paper {
    coefficients: [f64; TERMS],
    width: usize,
    height: usize,
    /// How far clean paper is from the surface: the standard deviation, estimated robustly.
    pub(super) noise: f32,
}

impl Paper {
    /// Finds the paper in a picture of `width` pixels a row, beginning with the tone of its border.
    pub(super) fn of(pixels: &[f32], width: usize) -> Self {
        let height = pixels.len() / width.max(1);
        let mut paper = Self {
            coefficients: [0.0; TERMS],
            width,
            height,
            noise: 0.0,
        };
        paper.coefficients[0] = f64::from(border_tone(pixels, width, height));
        let step = ((pixels.len() / SAMPLES) as f64).sqrt().max(1.0) as usize;
        let samples: Vec<(usize, usize, f32)> = (0..height)
            .step_by(step)
            .flat_map(|y| (0..width).step_by(step).map(move |x| (x, y)))
            .map(|(x, y)| (x, y, pixels[y * width + x]))
            .collect();
        for _ in 0..ROUNDS {
            let off = |&(x, y, tone): &(usize, usize, f32)| (tone - paper.tone(x, y)).abs();
            let mut offs: Vec<f32> = samples.iter().map(off).collect();
            let sure = (offs.len() as f32 * SURELY_PAPER) as usize;
            let sure_off = *offs.select_nth_unstable_by(sure, f32::total_cmp).1;
            let near = (SPREAD * sure_off).max(LEAST_SPREAD);
            let kept = samples.iter().filter(|sample| off(sample) <= near).copied();
            let (coefficients, noise) = paper.fit(kept);
            paper.coefficients = coefficients;
            paper.noise = noise;
        }
        paper
    }

    /// The tone of clean paper at a pixel, never quite black or white, so that it can be divided by.
    pub(super) fn tone(&self, x: usize, y: usize) -> f32 {
        let terms = self.terms(x, y);
        let tone: f64 = terms
            .iter()
            .zip(self.coefficients)
            .map(|(term, by)| term * by)
            .sum();
        tone.clamp(0.0, 1.0) as f32
    }

    fn terms(&self, x: usize, y: usize) -> [f64; TERMS] {
        let from_middle = |at: usize, len: usize| (2 * at + 1) as f64 / len as f64 - 1.0;
        let (x, y) = (from_middle(x, self.width), from_middle(y, self.height));
        [1.0, x, y, x * x, x * y, y * y]
    }

    /// Least squares over the samples, and the deviation from the surface before.
    fn fit(&self, samples: impl Iterator<Item = (usize, usize, f32)>) -> ([f64; TERMS], f32) {
        let mut equations = [[0.0; TERMS + 1]; TERMS];
        let (mut count, mut squares) = (0.0_f64, 0.0_f64);
        for (x, y, tone) in samples {
            let terms = self.terms(x, y);
            for (equation, term) in equations.iter_mut().zip(terms) {
                for (own, other) in equation.iter_mut().zip(terms) {
                    *own += term * other;
                }
                equation[TERMS] += term * f64::from(tone);
            }
            count += 1.0;
            squares += f64::from(tone - self.tone(x, y)).powi(2);
        }
        for (index, equation) in equations.iter_mut().enumerate().skip(1) {
            equation[index] += RIDGE * count;
        }
        (solve(equations), (squares / count.max(1.0)).sqrt() as f32)
    }
}

/// The median of the outermost pixels.
fn border_tone(pixels: &[f32], width: usize, height: usize) -> f32 {
    let depth = (width.min(height) / 16).max(1);
    let is_border = |x: usize, y: usize| x.min(width - 1 - x).min(y).min(height - 1 - y) < depth;
    let mut tones: Vec<f32> = pixels
        .iter()
        .enumerate()
        .filter(|&(index, _)| is_border(index % width, index / width))
        .map(|(_, &tone)| tone)
        .collect();
    let middle = tones.len() / 2;
    *tones.select_nth_unstable_by(middle, f32::total_cmp).1
}

/// Gauss's elimination; the equations are symmetric and positive definite, so no row need be moved.
fn solve(mut equations: [[f64; TERMS + 1]; TERMS]) -> [f64; TERMS] {
    for pivot in 0..TERMS {
        let by = equations[pivot];
        for (row, equation) in equations.iter_mut().enumerate() {
            if row != pivot {
                let factor = equation[pivot] / by[pivot];
                for (own, other) in equation.iter_mut().zip(by) {
                    *own -= factor * other;
                }
            }
        }
    }
    std::array::from_fn(|index| equations[index][TERMS] / equations[index][index])
}
