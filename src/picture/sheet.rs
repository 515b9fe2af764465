//! A picture made small enough to work on, one gray raster for each color.

use image::RgbaImage;

/// The longer side that is worked on: forty times that of the digit in the end.
const WORKING_SIDE: usize = 800;
/// Visible tones further apart than this are paper and ink; nearer, they are ink alone.
const TWO_TONES: f32 = 0.25;
/// Pixels less opaque than this are not asked for the tone of what is visible.
const VISIBLE: f32 = 0.5;

/// Red, green and blue of a picture, row by row, each in 0..=1, on an opaque ground.
pub(super) struct Sheet {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) channels: [Vec<f32>; 3],
}

impl Sheet {
    /// Shrinks a picture by a whole factor, by area, and lays what is transparent on paper.
    pub(super) fn of(picture: &RgbaImage) -> Self {
        let (from_width, from_height) = (picture.width() as usize, picture.height() as usize);
        let factor = from_width.max(from_height).div_ceil(WORKING_SIDE).max(1);
        // A thin strip left over at the right and at the bottom becomes pixels of its own.
        let (width, height) = (from_width.div_ceil(factor), from_height.div_ceil(factor));
        let mut sums = vec![[0_u32; 5]; width * height];
        for (y, row) in picture.rows().enumerate() {
            for (x, pixel) in row.enumerate() {
                let [red, green, blue, alpha] = pixel.0.map(u32::from);
                let sum = &mut sums[y / factor * width + x / factor];
                let values = [red * alpha, green * alpha, blue * alpha, alpha, 1];
                for (sum, value) in sum.iter_mut().zip(values) {
                    *sum += value;
                }
            }
        }
        let pixels: Vec<[f32; 4]> = sums.into_iter().map(premultiplied).collect();
        let ground = ground(&pixels);
        let channels = std::array::from_fn(|channel| {
            let composed = |pixel: &[f32; 4]| pixel[channel] + (1.0 - pixel[3]) * ground;
            pixels.iter().map(composed).collect()
        });
        Self {
            width,
            height,
            channels,
        }
    }
}

/// The mean color times its opacity, and the opacity, from sums of bytes.
fn premultiplied([red, green, blue, alpha, count]: [u32; 5]) -> [f32; 4] {
    let count = count as f32 * 255.0;
    let color = |sum: u32| sum as f32 / (count * 255.0);
    [color(red), color(green), color(blue), alpha as f32 / count]
}

/// The gray that a transparent picture is laid on. Ink alone on nothing gets paper of the other
/// tone, light or dark; a sheet with ink on it gets more of the sheet.
fn ground(pixels: &[[f32; 4]]) -> f32 {
    let mut tones: Vec<f32> = pixels
        .iter()
        .filter(|pixel| pixel[3] >= VISIBLE)
        .map(|pixel| (pixel[0] + pixel[1] + pixel[2]) / (3.0 * pixel[3]))
        .collect();
    tones.sort_unstable_by(f32::total_cmp);
    let tone = |part: f32| tones.get((tones.len() as f32 * part) as usize).copied();
    let (Some(low), Some(middle), Some(high)) = (tone(0.02), tone(0.5), tone(0.98)) else {
        return 1.0;
    };
    if high - low > TWO_TONES {
        middle
    } else if middle < 0.5 {
        1.0
    } else {
        0.0
    }
}
