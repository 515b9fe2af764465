//! The tone of clean paper at each pixel, under the ink too, and the contrast to it.
//!
//! Paper is what remains when all that is darker and narrower than a square is filled with what surrounds it: a grayscale
//! closing (Serra, "Image Analysis and Mathematical Morphology", 1982). So the edge of a shadow, of a sheet or of a table
//! stays where it is, and light that changes slowly does no harm. Light ink is dark ink in the negative.

/// The side of the square, relative to the geometric mean of the picture's sides: wider than a thick pen in a picture
/// that is cropped to its digit, narrower than a shadow.
const SQUARE: f32 = 0.4;
/// The largest bias of the square, which keeps the brightest grain, in standard deviations of the grain.
const BIAS: f32 = 3.0;
/// The longer side of the copy that tells whether ink is dark or light.
const SMALL_SIDE: usize = 160;
/// A picture with a shorter side than this shows a digit alone, without shadows and tables.
pub(super) const SMALLEST_SCENE: usize = 64;
/// Rounds of the fit of a single tone. Each one uses the pixels near the tone of the previous one.
const ROUNDS: usize = 8;
/// The part of the pixels that is paper in every picture of a digit.
const SURELY_PAPER: f32 = 0.3;
/// The largest distance of paper from its tone, relative to the distance of the surest part.
const SPREAD: f32 = 4.0;
/// The smallest such distance, for screenshots, whose paper is uniform.
const MIN_SPREAD: f32 = 0.03;
/// The largest such distance, where most of the picture is ink.
const MAX_SPREAD: f32 = 0.25;
/// A step over so many pixels along the border is sharp, if it is larger than a part of all contrast.
const STEP: usize = 2;
const SHARP: f32 = 0.3;
/// The fewest sharp steps around a cropped digit.
const SHARP_STEPS: usize = 5;
/// Half the sides of the squares that it is filled with, in its pixels.
const RADII: [usize; 6] = [1, 2, 4, 8, 16, 32];

/// What lies beyond a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beyond {
    /// What lies at its border: more of a table or of a shadow.
    Border,
    /// Paper, because it is cropped to its digit.
    Paper,
}

impl Beyond {
    /// A picture is cropped to its digit if dark ink, with sharp edges, reaches all four sides, but is the smaller part
    /// of the border. A shadow or a table that reaches all sides is the larger part.
    fn of(small: &[f32], width: usize) -> Self {
        let height = small.len() / width;
        let (low, high) = small.iter().fold((1.0_f32, 0.0_f32), |(low, high), &tone| {
            (low.min(tone), high.max(tone))
        });
        let at = |x: usize, y: usize| small[y * width + x];
        let sides: [Vec<f32>; 4] = [
            (0..width).map(|x| at(x, 0)).collect(),
            (0..height).map(|y| at(width - 1, y)).collect(),
            (0..width).rev().map(|x| at(x, height - 1)).collect(),
            (0..height).rev().map(|y| at(0, y)).collect(),
        ];
        let is_dark = |tone: &f32| *tone < f32::midpoint(low, high);
        let around = sides.concat();
        let dark = around.iter().filter(|tone| is_dark(tone)).count();
        let next = around.iter().cycle().skip(STEP);
        let is_sharp = |(a, b): (&f32, &f32)| (a - b).abs() > SHARP * (high - low);
        let sharp = around
            .iter()
            .zip(next)
            .filter(|&pair| is_sharp(pair))
            .count();
        let reaches_all = sides.iter().all(|side| side.iter().any(is_dark));
        if reaches_all && 2 * dark < around.len() && sharp >= SHARP_STEPS * STEP {
            Self::Paper
        } else {
            Self::Border
        }
    }
}

/// How far ink stands out from its paper.
pub(super) struct PaperContrast {
    /// The contrast of each pixel to its paper, from 0 to 1.
    pub(super) pixels: Vec<f32>,
    /// The standard deviation of the paper's grain.
    pub(super) noise: f32,
}

impl PaperContrast {
    /// The contrast of tones in 0..=1, row by row.
    pub(super) fn of(tones: &[f32], width: usize) -> Self {
        if tones.is_empty() {
            return Self {
                pixels: Vec::new(),
                noise: 0.0,
            };
        }
        if width.min(tones.len() / width) < SMALLEST_SCENE {
            return Self::to_one_tone(tones, width);
        }
        let negative = |tones: &[f32]| tones.iter().map(|tone| 1.0 - tone).collect::<Vec<f32>>();
        let (small, small_width) = shrunk(tones, width);
        let light = negative(&small);
        if narrow_ink(&light, small_width) > narrow_ink(&small, small_width) {
            Self::of_dark_ink(&negative(tones), width, Beyond::of(&light, small_width))
        } else {
            Self::of_dark_ink(tones, width, Beyond::of(&small, small_width))
        }
    }

    /// The contrast to paper of a single tone. The first guess is the border's.
    fn to_one_tone(tones: &[f32], width: usize) -> Self {
        let mut paper = border_tone(tones, width);
        let mut noise = 0.0;
        for _ in 0..ROUNDS {
            let off = |tone: &f32| (tone - paper).abs();
            let near = SPREAD * quantile(tones.iter().map(off), SURELY_PAPER);
            let near = near.clamp(MIN_SPREAD, MAX_SPREAD);
            let kept: Vec<f32> = tones
                .iter()
                .copied()
                .filter(|tone| off(tone) <= near)
                .collect();
            let mean = |values: &mut dyn Iterator<Item = f32>| {
                values.sum::<f32>() / kept.len().max(1) as f32
            };
            let variance = mean(&mut kept.iter().map(|tone| (tone - paper).powi(2)));
            paper = mean(&mut kept.iter().copied());
            noise = variance.sqrt();
        }
        let signed = |tone: &f32| (paper - tone) / paper.max(1.0 - paper);
        let clear = |off: f32| {
            if off > (3.0 * noise).max(MIN_SPREAD) {
                off
            } else {
                0.0
            }
        };
        let dark: f32 = tones.iter().map(|tone| clear(signed(tone))).sum();
        let light: f32 = tones.iter().map(|tone| clear(-signed(tone))).sum();
        let sign = if dark >= light { 1.0 } else { -1.0 };
        let contrast = |tone: &f32| (sign * signed(tone)).clamp(0.0, 1.0);
        Self {
            pixels: tones.iter().map(contrast).collect(),
            noise,
        }
    }

    fn of_dark_ink(tones: &[f32], width: usize, beyond: Beyond) -> Self {
        let smooth = blurred(tones, width);
        let side = SQUARE * (tones.len() as f32).sqrt();
        let paper = filled(&smooth, width, (side / 2.0).round() as usize, beyond);
        let noise = grain(tones, &smooth);
        let bias = quantile(
            smooth.iter().zip(&paper).map(|(tone, paper)| paper - tone),
            0.5,
        );
        let bias = bias.min(BIAS * noise);
        let contrast = |((tone, mean), paper): ((&f32, &f32), &f32)| {
            // The edge of paper differs from its mean, but fills no square. A line of one pixel leaves a third of its
            // contrast in the mean.
            let off = (paper - bias - tone).min(3.0 * (paper - mean));
            // Ink absorbs the same part of the light in bright and dark places. On black paper, the added light counts.
            (off / paper.max(1.0 - paper)).clamp(0.0, 1.0)
        };
        let pixels = tones.iter().zip(&smooth).zip(&paper);
        Self {
            pixels: pixels.map(contrast).collect(),
            noise,
        }
    }
}

/// How much narrow dark ink there is. Ink is narrower than the paper that it encloses, so the smaller a square must be to
/// fill it, the more it tells.
fn narrow_ink(small: &[f32], width: usize) -> f32 {
    let of_square = |radius: usize| {
        let paper = filled(small, width, radius, Beyond::Border);
        let off: f32 = paper
            .iter()
            .zip(small)
            .map(|(paper, tone)| paper - tone)
            .sum();
        off / ((2 * radius + 1) as f32).powi(2)
    };
    RADII.map(of_square).into_iter().sum()
}

/// A small copy by whole blocks of pixels, and its width.
fn shrunk(tones: &[f32], width: usize) -> (Vec<f32>, usize) {
    let height = tones.len() / width;
    let factor = width.max(height).div_ceil(SMALL_SIDE);
    let [wide, high] = [width, height].map(|side| factor.min(side));
    let [across, down] = [width / wide, height / high];
    let block = |x: usize, y: usize| {
        let rows = tones.chunks_exact(width).skip(y * high).take(high);
        let sum: f32 = rows.flat_map(|row| &row[x * wide..][..wide]).sum();
        sum / (wide * high) as f32
    };
    let places = (0..down).flat_map(|y| (0..across).map(move |x| (x, y)));
    (places.map(|(x, y)| block(x, y)).collect(), across)
}

/// The mean of each pixel and its eight neighbors.
fn blurred(tones: &[f32], width: usize) -> Vec<f32> {
    let rows: Vec<&[f32]> = tones.chunks_exact(width).collect();
    let mut blurred = Vec::with_capacity(tones.len());
    for y in 0..rows.len() {
        let [above, below] = [rows[y.saturating_sub(1)], rows[(y + 1).min(rows.len() - 1)]];
        let sums = above.iter().zip(rows[y]).zip(below);
        let sums: Vec<f32> = sums
            .map(|((above, own), below)| above + own + below)
            .collect();
        let mean =
            |x: usize| (sums[x.saturating_sub(1)] + sums[x] + sums[(x + 1).min(width - 1)]) / 9.0;
        blurred.extend((0..width).map(mean));
    }
    blurred
}

/// The standard deviation of grain, from the differences to the mean of nine pixels. Only the smaller ones count, because
/// a small picture has ink nearly everywhere.
fn grain(tones: &[f32], smooth: &[f32]) -> f32 {
    let off = tones
        .iter()
        .zip(smooth)
        .map(|(tone, mean)| (tone - mean).abs());
    // So many of a normal distribution's absolute values are below this part of its standard deviation.
    let (part, of_deviation) = (0.3, 0.385);
    // The mean leaves eight ninths of the variance.
    quantile(off, part) / of_deviation * (9.0_f32 / 8.0).sqrt()
}

/// The median of the pixels at the border.
fn border_tone(tones: &[f32], width: usize) -> f32 {
    let height = tones.len() / width;
    let depth = (width.min(height) / 16).max(1);
    let is_border = |x: usize, y: usize| x.min(width - 1 - x).min(y).min(height - 1 - y) < depth;
    let border = tones.iter().enumerate();
    let border = border.filter(|(index, _)| is_border(index % width, index / width));
    quantile(border.map(|(_, &tone)| tone), 0.5)
}

/// The value below which a part of all values lies; 0 without values.
fn quantile(values: impl Iterator<Item = f32>, part: f32) -> f32 {
    let mut values: Vec<f32> = values.collect();
    let place = (values.len() as f32 * part) as usize;
    if values.is_empty() {
        return 0.0;
    }
    *values.select_nth_unstable_by(place, f32::total_cmp).1
}

/// The picture with all filled that is darker and narrower than a square of `2 * radius + 1` pixels.
fn filled(tones: &[f32], width: usize, radius: usize, beyond: Beyond) -> Vec<f32> {
    let len = 2 * radius + 1;
    let lighter = |a: f32, b: f32| if a > b { a } else { b };
    let darker = |a: f32, b: f32| if a < b { a } else { b };
    // What lies beyond, for the lightest and for the darkest of a square: `None` for the border itself.
    let (pad, black, white) = match beyond {
        Beyond::Border => (2 * radius, None, None),
        Beyond::Paper => (radius, Some(0.0), Some(1.0)),
    };
    let (grown, wide) = padded(tones, width, pad, black);
    let grown = along_rows(&grown, wide, len, lighter);
    let wide = wide - 2 * radius;
    let grown = along_columns(&grown, wide, len, lighter);
    let pad = if white.is_some() { radius } else { 0 };
    let (shrunk, wide) = padded(&grown, wide, pad, white);
    let shrunk = along_columns(&shrunk, wide, len, darker);
    along_rows(&shrunk, wide, len, darker)
}

/// A picture with so many more pixels on each side, of a tone or of the border's, and its width.
fn padded(tones: &[f32], width: usize, pad: usize, tone: Option<f32>) -> (Vec<f32>, usize) {
    let wide = width + 2 * pad;
    let edge = |end: f32| std::iter::repeat_n(tone.unwrap_or(end), pad);
    let mut rows = Vec::with_capacity(wide * (tones.len() / width + 2 * pad));
    for row in tones.chunks_exact(width) {
        rows.extend(
            edge(row[0])
                .chain(row.iter().copied())
                .chain(edge(row[width - 1])),
        );
    }
    let end = |row: &[f32]| match tone {
        Some(tone) => vec![tone; pad * wide],
        None => row.repeat(pad),
    };
    let (first, last) = (end(&rows[..wide]), end(&rows[rows.len() - wide..]));
    ([first, rows, last].concat(), wide)
}

/// The extreme of all windows of `len` values within each row (van Herk, "A fast algorithm for local minimum and maximum
/// filters on rectangular and octagonal kernels", 1992). A row becomes `len - 1` values shorter.
fn along_rows(
    pixels: &[f32],
    width: usize,
    len: usize,
    choose: impl Fn(f32, f32) -> f32 + Copy,
) -> Vec<f32> {
    let mut chosen = Vec::with_capacity(pixels.len());
    for row in pixels.chunks_exact(width) {
        chosen.extend(along_columns(row, 1, len, choose));
    }
    chosen
}

/// The extreme of all windows of `len` values within each column, as [`along_rows`].
fn along_columns(
    pixels: &[f32],
    width: usize,
    len: usize,
    choose: impl Fn(f32, f32) -> f32,
) -> Vec<f32> {
    let height = pixels.len() / width;
    // The extremes from the start of each block of rows, and to its end.
    let (mut before, mut after) = (pixels.to_vec(), pixels.to_vec());
    for y in 1..height {
        if !y.is_multiple_of(len) {
            let (above, own) = before[(y - 1) * width..][..2 * width].split_at_mut(width);
            own.iter_mut()
                .zip(above)
                .for_each(|(own, above)| *own = choose(*own, *above));
        }
        let y = height - y;
        if !y.is_multiple_of(len) {
            let (own, below) = after[(y - 1) * width..][..2 * width].split_at_mut(width);
            own.iter_mut()
                .zip(below)
                .for_each(|(own, below)| *own = choose(*own, *below));
        }
    }
    let ends = &before[(len - 1) * width..];
    after
        .iter()
        .zip(ends)
        .map(|(start, end)| choose(*start, *end))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 100;

    /// The contrast of a bar of 8×60 pixels with a tone, on paper with another tone at each place; and whether a pixel
    /// belongs to the bar. Pixels at its edge are left out: they are blurred.
    fn contrast(paper: impl Fn(usize, usize) -> f32, ink: f32) -> Vec<(bool, f32)> {
        let is_bar = |x: usize, y: usize| (46..54).contains(&x) && (20..80).contains(&y);
        let is_edge = |x: usize, y: usize| {
            matches!(x, 45 | 46 | 53 | 54) && (19..81).contains(&y)
                || matches!(y, 19 | 20 | 79 | 80) && (45..55).contains(&x)
        };
        let places = || (0..SIDE * SIDE).map(|index| (index % SIDE, index / SIDE));
        let tone = |(x, y)| {
            if is_bar(x, y) {
                ink * paper(x, y)
            } else {
                paper(x, y)
            }
        };
        let tones: Vec<f32> = places().map(tone).collect();
        let found = PaperContrast::of(&tones, SIDE);
        let found = places()
            .zip(found.pixels)
            .filter(|&((x, y), _)| !is_edge(x, y));
        found
            .map(|((x, y), contrast)| (is_bar(x, y), contrast))
            .collect()
    }

    #[test]
    fn paper_in_any_light_has_no_contrast_and_its_ink_has() {
        type Paper = fn(usize, usize) -> f32;
        let cases: [(Paper, &str); 6] = [
            (|_, _| 0.9, "even light"),
            (|x, _| 0.9 - 0.005 * x as f32, "light from a side"),
            (
                |x, _| if x < 50 { 0.9 } else { 0.5 },
                "the edge of a shadow",
            ),
            (|x, y| if x + y < 90 { 0.9 } else { 0.6 }, "a slanting edge"),
            (
                |x, y| if x.min(y) < 12 { 0.2 } else { 0.9 },
                "a table on two sides",
            ),
            (
                |x, y| {
                    let edge = x.min(y).min(SIDE - 1 - x).min(SIDE - 1 - y);
                    if edge < 10 { 0.25 } else { 0.9 }
                },
                "a table all around",
            ),
        ];
        for (paper, reason) in cases {
            for (is_bar, contrast) in contrast(paper, 0.2) {
                let expected = if is_bar { 0.6..=0.9 } else { 0.0..=0.05 };
                assert!(
                    expected.contains(&contrast),
                    "{reason}: {is_bar}, {contrast}"
                );
            }
        }
    }

    #[test]
    fn light_ink_is_the_negative_of_dark_ink() {
        let light = contrast(|_, _| 0.1, 9.0);
        let dark = contrast(|_, _| 0.9, 1.0 / 9.0);
        for ((is_bar, light), (_, dark)) in light.into_iter().zip(dark) {
            // 0.9 on 0.1 and 0.1 on 0.9.
            assert!((light - dark).abs() < 1e-5, "{is_bar}: {light}, {dark}");
        }
    }

    #[test]
    fn windows_keep_their_extreme() {
        let row = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];
        for len in 1..=row.len() {
            let expected: Vec<f32> = row
                .windows(len)
                .map(|window| window.iter().copied().fold(0.0, f32::max))
                .collect();
            assert_eq!(
                along_rows(&row, row.len(), len, f32::max),
                expected,
                "{len}"
            );
            assert_eq!(along_columns(&row, 1, len, f32::max), expected, "{len}");
        }
    }
}
