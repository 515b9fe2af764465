//! Photos of handwriting: pen on paper, and what a camera makes of it.

use std::{error::Error, f32::consts::TAU};

use digitpad::ink::{Bounds, Ink, Point, raster::Raster, smooth};
use image::{DynamicImage, ImageBuffer, Rgb, codecs::jpeg::JpegEncoder, imageops};
use rand::{Rng as _, seq::IndexedRandom as _};
use rand_chacha::ChaCha8Rng;

/// Red, green and blue, each in 0..=1.
type Color = [f32; 3];

/// Black, blue, red and green ink, and pencil.
const INKS: [Color; 5] = [
    [0.08, 0.08, 0.1],
    [0.1, 0.2, 0.6],
    [0.7, 0.1, 0.15],
    [0.1, 0.4, 0.2],
    [0.42, 0.42, 0.44],
];
/// White, warm, yellow and recycled paper.
const PAPERS: [Color; 4] = [
    [0.97, 0.97, 0.97],
    [0.95, 0.92, 0.86],
    [0.96, 0.9, 0.6],
    [0.78, 0.76, 0.72],
];

/// What harms a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    None,
    Light,
    Blur,
    Noise,
    Jpeg,
    All,
}

impl Damage {
    pub(crate) const ALL: [Self; 6] = [
        Self::None,
        Self::Light,
        Self::Blur,
        Self::Noise,
        Self::Jpeg,
        Self::All,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Light => "light falling off",
            Self::Blur => "blur",
            Self::Noise => "noise",
            Self::Jpeg => "JPEG",
            Self::All => "all of these",
        }
    }

    fn has(self, other: Self) -> bool {
        self == other || self == Self::All
    }
}

/// How a photo is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Photo {
    damage: Damage,
    ink: Color,
    paper: Color,
    /// The height of a digit, in pixels.
    height_px: f32,
    /// The width of the pen, in heights of a digit.
    pen_width: f32,
    /// Paper on each side, in heights of a digit: left, top, right, bottom.
    margins: [f32; 4],
    /// The direction in which the light falls off, in radians, and the part of it that is lost on the way.
    light: (f32, f32),
    /// The part of the light that is lost in the corners.
    corners: f32,
    /// The standard deviation of the blur, in heights of a digit.
    blur: f32,
    /// The standard deviation of the noise, in 0..=1.
    noise: f32,
    /// The quality of a JPEG, from 1 to 100. Other photos are PNGs.
    quality: Option<u8>,
}

impl Photo {
    pub(crate) fn random(damage: Damage, rng: &mut ChaCha8Rng) -> Self {
        let mut between = |from: f32, to: f32| rng.random_range(from..to);
        let part_of = |kind: Damage, value: f32| if damage.has(kind) { value } else { 0.0 };
        let height_px = 20.0 * between(0.0, 10.0_f32.ln()).exp();
        let quality = between(30.0, 90.0) as u8;
        let paper_tone = between(0.8, 1.0);
        Self {
            damage,
            height_px,
            pen_width: between(0.03, 0.12),
            margins: [0; 4].map(|_: u8| between(0.2, 1.5)),
            light: (between(0.0, TAU), part_of(Damage::Light, between(0.2, 0.6))),
            corners: part_of(Damage::Light, between(0.0, 0.3)),
            blur: part_of(Damage::Blur, between(0.01, 0.04)),
            noise: part_of(Damage::Noise, between(0.02, 0.06)),
            quality: damage.has(Damage::Jpeg).then_some(quality),
            ink: *INKS.choose(rng).unwrap_or(&INKS[0]),
            paper: PAPERS
                .choose(rng)
                .unwrap_or(&PAPERS[0])
                .map(|tone| tone * paper_tone),
        }
    }

    pub(crate) fn damage(&self) -> Damage {
        self.damage
    }

    pub(crate) fn height_px(&self) -> f32 {
        self.height_px
    }

    pub(crate) fn extension(&self) -> &'static str {
        if self.quality.is_some() { "jpg" } else { "png" }
    }

    /// The file of a photo of this ink.
    pub(crate) fn take(&self, ink: &Ink, rng: &mut ChaCha8Rng) -> Result<Vec<u8>, Box<dyn Error>> {
        let covered = self.covered(ink).ok_or("a number without ink")?;
        let size = [covered.width(), covered.height()].map(|side| side as f32);
        let color = |x: u32, y: u32| {
            let ink = covered.pixels()[y as usize * covered.width() + x as usize];
            let light = self.light_at([x as f32 / size[0] - 0.5, y as f32 / size[1] - 0.5]);
            Rgb(std::array::from_fn(|channel| {
                let [paper, own] = [self.paper, self.ink].map(|color| color[channel]);
                light * (paper + (own - paper) * ink)
            }))
        };
        let [width, height] = size.map(|side| side as u32);
        let mut photo: ImageBuffer<Rgb<f32>, Vec<f32>> = ImageBuffer::from_fn(width, height, color);
        if self.blur > 0.0 {
            photo = imageops::blur(&photo, self.blur * self.height_px);
        }
        let mut noisy = |tone: f32| {
            let noise = if self.noise > 0.0 { gaussian(rng) } else { 0.0 };
            (255.0 * (tone + self.noise * noise))
                .round()
                .clamp(0.0, 255.0) as u8
        };
        let pixels = photo.pixels().flat_map(|pixel| pixel.0.map(&mut noisy));
        let photo: ImageBuffer<Rgb<u8>, Vec<u8>> =
            ImageBuffer::from_raw(width, height, pixels.collect()).ok_or("too few pixels")?;
        let photo = DynamicImage::from(photo);
        let mut file = std::io::Cursor::new(Vec::new());
        match self.quality {
            Some(quality) => {
                photo.write_with_encoder(JpegEncoder::new_with_quality(&mut file, quality))?;
            }
            None => photo.write_to(&mut file, image::ImageFormat::Png)?,
        }
        Ok(file.into_inner())
    }

    /// The light at a place, -0.5 to 0.5 each way.
    fn light_at(&self, [x, y]: [f32; 2]) -> f32 {
        let (direction, lost) = self.light;
        let (sin, cos) = direction.sin_cos();
        let way = (x * cos + y * sin) / (cos.abs() + sin.abs()) + 0.5;
        (1.0 - lost * way) * (1.0 - self.corners * 2.0 * (x * x + y * y))
    }

    /// The inked part of each pixel.
    fn covered(&self, ink: &Ink) -> Option<Raster> {
        let scale = self.height_px / digit_height(ink)?;
        let bounds = ink.bounds()?;
        let [left, top, right, bottom] = self.margins.map(|margin| margin * self.height_px);
        let place = |point: &Point| {
            Point::new(
                (point.x - bounds.min.x) * scale + left,
                (point.y - bounds.min.y) * scale + top,
            )
        };
        let strokes = ink.strokes().iter();
        let lines: Vec<Vec<Point>> = strokes
            .map(|stroke| {
                let points: Vec<Point> = stroke.points().iter().map(place).collect();
                smooth::flatten(&points, 0.05)
            })
            .collect();
        let pen_px = (self.pen_width * self.height_px).max(1.0);
        let Bounds { min, max } = bounds;
        let width = (max.x - min.x) * scale + left + right;
        let height = (max.y - min.y) * scale + top + bottom;
        Some(Raster::draw(
            &lines,
            pen_px,
            width as usize,
            height as usize,
        ))
    }
}

/// The height of a digit: the median of the strokes that are at least half as high as the highest one.
fn digit_height(ink: &Ink) -> Option<f32> {
    let bounds = ink.strokes().iter().filter_map(|stroke| {
        let stroke: Ink = [stroke.clone()].into_iter().collect();
        stroke.bounds()
    });
    let mut heights: Vec<f32> = bounds.map(|own| own.max.y - own.min.y).collect();
    heights.sort_by(f32::total_cmp);
    let highest = *heights.last()?;
    let tall = &heights[heights.partition_point(|&height| height < 0.5 * highest)..];
    Some(tall[tall.len() / 2])
}

/// A normal number (Box and Muller, "A note on the generation of random normal deviates", 1958).
fn gaussian(rng: &mut ChaCha8Rng) -> f32 {
    let radius = (-2.0 * (1.0 - rng.random::<f32>()).ln()).sqrt();
    radius * (TAU * rng.random::<f32>()).cos()
}
