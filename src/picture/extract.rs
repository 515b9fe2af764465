//! The ink of a picture, without paper, dust and the table's edge.

use std::sync::Arc;

use image::{DynamicImage, Rgba32FImage, metadata::Orientation};

use super::{
    PictureInk, PictureSteps, PictureView, forms,
    paper::{PaperContrast, SMALLEST_SCENE},
    rules,
};
use crate::ink::raster::Raster;

/// The smallest contrast of ink to paper.
const MIN_CONTRAST: f32 = 0.06;
/// The smallest contrast of ink, in standard deviations of the paper's grain.
const MIN_CONTRAST_IN_NOISE: f32 = 4.5;
/// The fewest pixels of ink.
const FEWEST: usize = 20;
/// Red and blue are preferred to green if their contrast is this much larger. Cameras see best in green.
const CLEAR_GAIN: f32 = 1.15;
/// Ink in another color has at least one pixel for this many of the clearest color.
const OTHER_COLOR: usize = 10;
/// Components with less than this part of the largest one's ink are dust.
const DUST: f32 = 0.03;
/// A component along this part of the shorter side's length at the border is the table, if there is other ink.
const TABLE: f32 = 0.5;
/// What follows this part of the whole border is a table around a sheet.
const FOLLOWED: f32 = 0.75;
/// What is left of a rule is smaller than so many of its thicknesses. A pen is thicker.
const SPECK: f32 = 3.0;
/// This part of a side from its border is near it.
const NEAR_PART: usize = 10;
/// What reaches the border and is at most this part of the picture's width and height is the grain of a table.
const GRAIN: f32 = 0.15;
/// The smallest ink beside a table, relative to the largest component.
const BESIDE_TABLE: f32 = 0.01;
/// A frame's ink is within this part of its shorter side from its box. A round 0 leaves that border at its corners.
const FRAME_PART: usize = 10;
/// Bins of the histogram of contrast.
const BINS: usize = 256;
/// The longer side of the working copy: forty times the digit's in the bitmap.
const WORKING_SIDE: u32 = 800;
/// Opaque tones with a larger range than this are paper and ink, others are ink alone.
const TWO_TONES: f32 = 0.25;
/// Only pixels at least this opaque count for the range of tones.
const VISIBLE: f32 = 0.5;
/// Those that count where no pixel is [`VISIBLE`].
const FAINTLY_VISIBLE: f32 = 0.1;

/// The contrast of each pixel to the paper. Positive in the direction of the ink.
struct Contrast {
    pixels: Vec<f32>,
    /// The threshold between ink and paper.
    threshold: f32,
    /// The mean contrast of ink.
    level: f32,
    /// The standard deviation of the paper's grain.
    noise: f32,
}

impl Contrast {
    /// The contrast in one color; `None` without ink.
    fn of(pixels: &[f32], width: usize) -> Option<Self> {
        let PaperContrast { pixels, noise } = PaperContrast::of(pixels, width);
        let least = MIN_CONTRAST.max(MIN_CONTRAST_IN_NOISE * noise);
        let (mut threshold, mut level) = otsu(&pixels);
        if level < least {
            // Small ink in a large picture is too little for two classes of pixels. Grain rarely goes so far.
            let beyond = || pixels.iter().filter(|&&off| off > least);
            let count = beyond().count();
            if count >= FEWEST {
                level = beyond().sum::<f32>() / count as f32;
                threshold = level / 2.0;
            }
        }
        (level >= least).then_some(Self {
            pixels,
            threshold,
            level,
            noise,
        })
    }

    /// The largest contrast of each pixel in several colors.
    fn largest<'a>(colors: impl Iterator<Item = &'a Self>) -> Self {
        let (mut pixels, mut noise) = (Vec::new(), 0.0_f32);
        for color in colors {
            pixels.resize(color.pixels.len(), 0.0);
            for (largest, pixel) in pixels.iter_mut().zip(&color.pixels) {
                *largest = pixel.max(*largest);
            }
            noise = noise.max(color.noise);
        }
        let (threshold, level) = otsu(&pixels);
        Self {
            pixels,
            threshold,
            level,
            noise,
        }
    }

    /// Whether it shows clear ink that another contrast does not show: a digit in another color.
    fn adds_ink_to(&self, other: &Self) -> bool {
        let pixels = self.pixels.iter().zip(&other.pixels);
        let (mut added, mut known) = (0, 0);
        for (_, others) in pixels.filter(|(own, _)| **own > self.threshold) {
            added += usize::from(2.0 * others < other.threshold);
            known += usize::from(*others > other.threshold);
        }
        added * OTHER_COLOR > known
    }

    /// The pixels with paper at 0 and ink at 1. In a small picture, the gray of an edge tells its place and is kept. In
    /// a large one, it is blur.
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

/// The threshold between two classes of pixels in 0..=1, and the mean of the upper class (Otsu, "A threshold selection
/// method from gray-level histograms", 1979).
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

/// A connected component of ink.
#[derive(Clone, Copy, Default)]
pub(super) struct Component {
    mass: f32,
    /// The number of its pixels at the border of the picture.
    on_border: usize,
    /// The box around it: its first column and row, and its last ones.
    bounds: [usize; 4],
}

/// Removes dust, printed lines and frames, and a table that reaches in from the border. A component that is at most
/// `speck` pixels wide and high is dust, too: what is left of a rule.
fn keep_ink_only(pixels: &mut [f32], width: usize, speck: f32) {
    let (component_of, components) = components(pixels, width);
    let height = pixels.len() / width;
    let table = TABLE * width.min(height) as f32;
    let is_print = printed(&component_of, &components, width);
    let is_scene = width.min(height) >= SMALLEST_SCENE;
    let is_within = |index: usize| (components[index].on_border as f32) < table && !is_print[index];
    let is_grain = |index: usize| {
        let [left, top, right, bottom] = components[index].bounds;
        let is_small =
            |from: usize, to: usize, all: usize| (to - from) as f32 <= GRAIN * all as f32;
        is_scene
            && components[index].on_border > 0
            && is_small(left, right, width)
            && is_small(top, bottom, height)
    };
    let is_speck = |index: usize| {
        let [left, top, right, bottom] = components[index].bounds;
        ((right - left).max(bottom - top) as f32) < speck
    };
    // A digit that was cropped to its bounding box comes near all borders, but does not follow them.
    let is_table = |index: usize| {
        let Component {
            on_border,
            bounds: [left, top, right, bottom],
            ..
        } = components[index];
        let is_across = |from: usize, to: usize, all: usize| {
            let near = all.div_ceil(NEAR_PART);
            from <= near && to + near + 1 >= all
        };
        let is_cropped = is_across(left, right, width) && is_across(top, bottom, height);
        let around = FOLLOWED * 2.0 * (width + height) as f32;
        is_scene && on_border as f32 >= if is_cropped { around } else { table }
    };
    let largest = |kind: &dyn Fn(usize) -> bool| {
        let indices = (0..components.len()).filter(|&index| kind(index));
        indices
            .map(|index| components[index].mass)
            .fold(0.0, f32::max)
    };
    let (within, overall) = (largest(&is_within), largest(&|_| true));
    let has_others = within >= BESIDE_TABLE * overall;
    let least = DUST * if has_others { within } else { overall };
    let keeps: Vec<bool> = (0..components.len())
        .map(|index| {
            let is_ink = is_within(index) || !has_others && !is_table(index);
            let is_dust = components[index].mass < least || is_speck(index);
            is_ink && !is_dust && !is_grain(index)
        })
        .collect();
    for (pixel, component) in pixels.iter_mut().zip(component_of) {
        if !component.is_some_and(|index| keeps[index]) {
            *pixel = 0.0;
        }
    }
}

/// Whether each component is a thin line from border to border, or a frame around another component: ink along the sides
/// of its box alone, with all four corners.
fn printed(component_of: &[Option<usize>], components: &[Component], width: usize) -> Vec<bool> {
    let (height, count) = (component_of.len() / width, components.len());
    let pixels = || {
        let inked = component_of.iter().enumerate();
        inked.filter_map(|(index, component)| Some(((*component)?, index % width, index / width)))
    };
    let is_line = |&[left, top, right, bottom]: &[usize; 4]| {
        let spans = |from: usize, to: usize, all: usize| to - from + 1 >= all * 19 / 20;
        let is_thin = |from: usize, to: usize, all: usize| (to - from + 1) * 20 <= all;
        spans(left, right, width) && is_thin(top, bottom, height)
            || spans(top, bottom, height) && is_thin(left, right, width)
    };
    // Pixels inside a frame's border, and the four corners that have ink.
    let (mut inside, mut corners) = (vec![0_usize; count], vec![[false; 4]; count]);
    for (component, x, y) in pixels() {
        let [left, top, right, bottom] = components[component].bounds;
        let border = (right - left).min(bottom - top) / FRAME_PART;
        let near = [x - left, y - top, right - x, bottom - y].map(|way| way <= border);
        inside[component] += usize::from(near == [false; 4]);
        for (corner, sides) in [[0, 1], [2, 1], [0, 3], [2, 3]].into_iter().enumerate() {
            corners[component][corner] |= sides.iter().all(|&side| near[side]);
        }
    }
    let surrounds = |outer: &[usize; 4], inner: &[usize; 4]| {
        outer[0] < inner[0] && outer[1] < inner[1] && outer[2] > inner[2] && outer[3] > inner[3]
    };
    (0..count)
        .map(|index| {
            let own = &components[index].bounds;
            is_line(own)
                || inside[index] == 0
                    && corners[index] == [true; 4]
                    && components.iter().any(|other| surrounds(own, &other.bounds))
        })
        .collect()
}

/// The component of each pixel, and the components. Pixels that touch at a corner are connected.
pub(super) fn components(pixels: &[f32], width: usize) -> (Vec<Option<usize>>, Vec<Component>) {
    let height = pixels.len() / width;
    let mut component_of = vec![None; pixels.len()];
    let mut components = Vec::new();
    let mut open = Vec::new();
    for start in 0..pixels.len() {
        if pixels[start] == 0.0 || component_of[start].is_some() {
            continue;
        }
        let number = components.len();
        let mut component = Component {
            bounds: [width, height, 0, 0],
            ..Component::default()
        };
        component_of[start] = Some(number);
        open.push(start);
        while let Some(index) = open.pop() {
            let (x, y) = (index % width, index / width);
            component.mass += pixels[index];
            let is_outermost = x == 0 || y == 0 || x + 1 == width || y + 1 == height;
            component.on_border += usize::from(is_outermost);
            let [left, top, right, bottom] = component.bounds;
            component.bounds = [left.min(x), top.min(y), right.max(x), bottom.max(y)];
            for y in y.saturating_sub(1)..(y + 2).min(height) {
                for x in x.saturating_sub(1)..(x + 2).min(width) {
                    let next = y * width + x;
                    if pixels[next] > 0.0 && component_of[next].is_none() {
                        component_of[next] = Some(number);
                        open.push(next);
                    }
                }
            }
        }
        components.push(component);
    }
    (component_of, components)
}

/// Ink, from 0 for paper to 1, and the steps that led to it.
pub(super) struct FoundInk {
    pub(super) steps: PictureSteps,
    pub(super) ink: Raster,
}

/// A small opaque copy of a picture: red, green and blue, row by row, each in 0..=1.
pub(super) struct Sheet {
    width: usize,
    height: usize,
    /// Pixels of the picture per pixel of the copy.
    scale: u32,
    channels: [Vec<f32>; 3],
}

impl Sheet {
    /// Shrinks a picture by an integer factor, by area, rotates it, and puts paper behind transparent parts.
    pub(super) fn of(picture: &DynamicImage, orientation: Orientation) -> Self {
        let (from_width, from_height) = (picture.width(), picture.height());
        let factor = from_width.max(from_height).div_ceil(WORKING_SIDE).max(1);
        // A remainder at the right and at the bottom becomes separate pixels.
        let (width, height) = (from_width.div_ceil(factor), from_height.div_ceil(factor));
        let mut small = Vec::with_capacity((width * height) as usize * 4);
        for y in (0..from_height).step_by(factor as usize) {
            // A copy of the whole picture would take too much memory.
            let rows = picture.crop_imm(0, y, from_width, factor.min(from_height - y));
            let mut sums = vec![[0_u32; 5]; width as usize];
            for row in rows.into_rgba8().rows() {
                for (x, pixel) in row.enumerate() {
                    let [red, green, blue, alpha] = pixel.0.map(u32::from);
                    let values = [red * alpha, green * alpha, blue * alpha, alpha, 1];
                    let sum = &mut sums[x / factor as usize];
                    for (sum, value) in sum.iter_mut().zip(values) {
                        *sum += value;
                    }
                }
            }
            small.extend(sums.into_iter().flat_map(premultiplied));
        }
        let small = Rgba32FImage::from_raw(width, height, small).unwrap_or_default();
        let mut small = DynamicImage::from(small);
        small.apply_orientation(orientation);
        let (width, height) = (small.width() as usize, small.height() as usize);
        let small = small.into_rgba32f().into_raw();
        let pixels = small.as_chunks::<4>().0;
        let ground = ground(pixels);
        let channels = std::array::from_fn(|channel| {
            let composed = |pixel: &[f32; 4]| pixel[channel] + (1.0 - pixel[3]) * ground;
            pixels.iter().map(composed).collect()
        });
        Self {
            width,
            height,
            scale: factor,
            channels,
        }
    }

    /// A part of a copy: left, top, right and bottom, in its pixels.
    pub(super) fn of_part(view: &PictureView, [left, top, right, bottom]: [usize; 4]) -> Self {
        let channels = std::array::from_fn(|channel| {
            let places = (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y)));
            let byte = |(x, y)| view.rgb[3 * (y * view.size[0] + x) + channel];
            places.map(|place| f32::from(byte(place)) / 255.0).collect()
        });
        Self {
            width: right - left,
            height: bottom - top,
            scale: view.components.as_ref().map_or(1, PictureInk::scale),
            channels,
        }
    }

    /// Pixels of the picture per pixel of the copy.
    pub(super) fn scale(&self) -> u32 {
        self.scale
    }

    /// The ink and what led to it; `None` without ink.
    pub(super) fn ink(&self) -> Option<FoundInk> {
        let [red, green, blue] = &self.channels;
        let found = [(green, 1.0), (red, CLEAR_GAIN), (blue, CLEAR_GAIN)];
        let contrasts: Vec<(Contrast, f32)> = found
            .into_iter()
            .filter_map(|(pixels, gain)| Some((Contrast::of(pixels, self.width)?, gain)))
            .collect();
        let clearest = contrasts.iter().reduce(|best, other| {
            let is_clearer = other.0.level > other.1 * best.0.level;
            if is_clearer { other } else { best }
        });
        let clearest = &clearest?.0;
        let all = Contrast::largest(contrasts.iter().map(|(contrast, _)| contrast));
        let contrast = if all.adds_ink_to(clearest) {
            &all
        } else {
            clearest
        };
        let mut pixels = contrast.sharpened();
        let byte = |tone: f32| (tone.clamp(0.0, 1.0) * 255.0).round() as u8;
        let steps = PictureSteps {
            contrast: contrast
                .pixels
                .iter()
                .map(|it| byte(it / contrast.level))
                .collect(),
            ink: pixels.iter().map(|&it| byte(it)).collect(),
        };
        let mut is_marked: Vec<bool> = contrast
            .pixels
            .iter()
            .map(|&pixel| pixel > (0.25 * contrast.level).max(3.0 * contrast.noise))
            .collect();
        let colors = contrasts.iter().map(|(color, _)| color.pixels.as_slice());
        let colors: Vec<&[f32]> = colors.collect();
        let form = forms::remove(&mut pixels, &mut is_marked, self.width, &colors);
        let rule = rules::remove(&mut pixels, &is_marked, self.width, &colors);
        keep_ink_only(&mut pixels, self.width, SPECK * rule.max(form));
        let ink = Raster::new(self.width, self.height, pixels)?;
        Some(FoundInk { steps, ink })
    }

    /// Red, green and blue of each pixel.
    pub(super) fn rgb(&self) -> Arc<[u8]> {
        let byte = |tone: f32| (tone.clamp(0.0, 1.0) * 255.0).round() as u8;
        let [red, green, blue] = &self.channels;
        let pixels = red.iter().zip(green).zip(blue);
        let rgb = pixels.flat_map(|((&red, &green), &blue)| [red, green, blue].map(byte));
        rgb.collect()
    }

    /// Width and height in pixels.
    pub(super) fn size(&self) -> [usize; 2] {
        [self.width, self.height]
    }
}

/// The frame around ink: left, top, right and bottom, in pixels.
pub(super) fn frame(ink: &Raster) -> [usize; 4] {
    let mut frame = [ink.width(), ink.height(), 0, 0];
    for (y, row) in ink.rows().enumerate() {
        for (x, _) in row.iter().enumerate().filter(|(_, ink)| **ink > 0.0) {
            frame = [
                frame[0].min(x),
                frame[1].min(y),
                frame[2].max(x + 1),
                frame[3].max(y + 1),
            ];
        }
    }
    frame
}

/// The mean color times opacity, and the mean opacity, from sums of bytes.
fn premultiplied([red, green, blue, alpha, count]: [u32; 5]) -> [f32; 4] {
    let count = count as f32 * 255.0;
    let color = |sum: u32| sum as f32 / (count * 255.0);
    [color(red), color(green), color(blue), alpha as f32 / count]
}

/// The gray behind transparent parts. Ink alone gets paper of the opposite tone. A sheet with ink gets its own tone.
fn ground(pixels: &[[f32; 4]]) -> f32 {
    let tones = |least: f32| -> Vec<f32> {
        let visible = pixels.iter().filter(|pixel| pixel[3] >= least);
        let tone = |pixel: &[f32; 4]| (pixel[0] + pixel[1] + pixel[2]) / (3.0 * pixel[3]);
        visible.map(tone).collect()
    };
    let mut found = tones(VISIBLE);
    if found.is_empty() {
        found = tones(FAINTLY_VISIBLE);
    }
    found.sort_unstable_by(f32::total_cmp);
    let tone = |part: f32| found.get((found.len() as f32 * part) as usize).copied();
    let (Some(low), Some(middle), Some(high)) = (tone(0.02), tone(0.5), tone(0.98)) else {
        return 1.0;
    };
    let is_sheet = found.len() * 2 > pixels.len();
    if is_sheet && high - low > TWO_TONES {
        middle
    } else if middle < 0.5 {
        1.0
    } else {
        0.0
    }
}
