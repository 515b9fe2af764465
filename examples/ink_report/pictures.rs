//! Pictures without a digit: textures made by formulas, and printed words.

use std::{error::Error, f32::consts::TAU, io::Cursor};

use ab_glyph::{Font as _, FontRef, ScaleFont as _, point};
use digitpad::{bitmap::Bitmap, picture};
use image::{GrayImage, ImageFormat, Luma};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Draws a random picture of a kind.
pub(crate) type Draw = fn(&mut ChaCha8Rng) -> GrayImage;

/// The pictures of each kind.
const COUNT: usize = 100;
/// The side of a picture, in pixels.
const SIDE: u32 = 160;
/// The kinds of pictures.
pub(crate) const KINDS: [(&str, Draw); 7] = [
    ("gradients", gradient),
    ("edges", edge),
    ("stripes", stripes),
    ("checkerboards", checkerboard),
    ("noise", noise),
    ("clouds", clouds),
    ("printed words", word),
];
const FONT: &[u8] = include_bytes!("../../assets/fonts/Roboto-Regular.ttf");
const WORDS: [&str; 20] = [
    "paper", "House", "the", "and", "green", "Monday", "table", "WATER", "bread", "window", "EXIT",
    "north", "Garden", "milk", "train", "friend", "winter", "RED", "music", "open",
];

/// Bitmaps of pictures of a kind; `None` where no ink is found.
pub(crate) fn bitmaps(
    draw: fn(&mut ChaCha8Rng) -> GrayImage,
) -> Result<Vec<Option<Bitmap>>, Box<dyn Error>> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut bitmaps = Vec::new();
    for _ in 0..COUNT {
        let mut png = Cursor::new(Vec::new());
        draw(&mut rng).write_to(&mut png, ImageFormat::Png)?;
        bitmaps.push(picture::bitmap_from_bytes(png.get_ref(), "a picture").ok());
    }
    Ok(bitmaps)
}

/// A picture of the brightness at each place; x and y are 0..1.
fn picture(mut brightness: impl FnMut(f32, f32) -> f32) -> GrayImage {
    GrayImage::from_fn(SIDE, SIDE, |x, y| {
        let [x, y] = [x, y].map(|place| place as f32 / SIDE as f32);
        Luma([(brightness(x, y) * 255.0) as u8])
    })
}

/// The distance from the center in a random direction, -0.7..0.7.
fn along(rng: &mut ChaCha8Rng) -> impl Fn(f32, f32) -> f32 + use<> {
    let (sin, cos) = rng.random_range(0.0..TAU).sin_cos();
    move |x, y| (x - 0.5) * cos + (y - 0.5) * sin
}

fn gradient(rng: &mut ChaCha8Rng) -> GrayImage {
    let (along, steepness) = (along(rng), rng.random_range(0.2..1.0));
    picture(|x, y| 0.5 + steepness * along(x, y) / 1.5)
}

fn edge(rng: &mut ChaCha8Rng) -> GrayImage {
    let (along, place) = (along(rng), rng.random_range(-0.3..0.3));
    let width = rng.random_range(0.005..0.1);
    picture(|x, y| 0.5 + 0.45 * ((along(x, y) - place) / width).clamp(-1.0, 1.0))
}

fn stripes(rng: &mut ChaCha8Rng) -> GrayImage {
    let (along, waves) = (along(rng), rng.random_range(3.0..20.0));
    picture(|x, y| 0.5 + 0.45 * (along(x, y) * waves * TAU).sin())
}

fn checkerboard(rng: &mut ChaCha8Rng) -> GrayImage {
    let (a, b, waves) = (along(rng), along(rng), rng.random_range(2.0..8.0));
    let sign = |value: f32| (value * waves * TAU).sin().signum();
    picture(|x, y| 0.5 + 0.45 * sign(a(x, y)) * sign(b(x, y)))
}

fn noise(rng: &mut ChaCha8Rng) -> GrayImage {
    let strength = rng.random_range(0.1..0.5);
    picture(|_, _| 0.5 + strength * rng.random_range(-1.0..1.0))
}

/// Bright and dark blots: the sum of waves in random directions.
fn clouds(rng: &mut ChaCha8Rng) -> GrayImage {
    let waves: Vec<_> = (0..8)
        .map(|_| {
            (
                along(rng),
                rng.random_range(1.0..5.0),
                rng.random_range(0.0..TAU),
            )
        })
        .collect();
    picture(|x, y| {
        let waves = waves.iter();
        let sum: f32 = waves
            .map(|(along, count, phase)| (along(x, y) * count * TAU + phase).sin())
            .sum();
        0.5 + 0.1 * sum
    })
}

fn word(rng: &mut ChaCha8Rng) -> GrayImage {
    let mut picture = GrayImage::from_pixel(3 * SIDE, SIDE, Luma([240]));
    let font =
        FontRef::try_from_slice(FONT).map(|font| font.into_scaled(rng.random_range(30.0..70.0)));
    let Ok(font) = font else {
        return picture;
    };
    let mut x = 20.0;
    for character in WORDS[rng.random_range(0..WORDS.len())].chars() {
        let id = font.glyph_id(character);
        let glyph = id.with_scale_and_position(font.scale(), point(x, 100.0));
        x += font.h_advance(id);
        if let Some(outline) = font.outline_glyph(glyph) {
            let corner = outline.px_bounds().min;
            outline.draw(|column, row, coverage| {
                let place = (corner.x as u32 + column, corner.y as u32 + row);
                if let Some(pixel) = picture.get_pixel_mut_checked(place.0, place.1) {
                    pixel.0[0] = (240.0 - 200.0 * coverage.min(1.0)) as u8;
                }
            });
        }
    }
    picture
}
