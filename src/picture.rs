//! From a photo, scan or screenshot (PNG, JPEG, BMP, WebP, GIF, PNM or TIFF) to a bitmap.
//!
//! The reader separates paper and ink automatically: dark on light or light on dark, on paper that may be unevenly lit or
//! transparent. The ink is then normalized as MNIST was.

use std::{io::Cursor, path::Path};

use image::{DynamicImage, ExtendedColorType, ImageDecoder as _, ImageFormat, ImageReader, Limits};

use crate::{
    bitmap::{Bitmap, PIXELS, SIDE},
    error::{InputError, Refusal},
    files::{read_bounded, write_atomically},
    ink::normalize::normalize,
};

mod extract;
mod pen_width;

/// The largest file, in bytes.
const MAX_FILE_BYTES: u64 = 64 << 20;
/// The longest side, in pixels.
const MAX_SIDE: u32 = 16_384;
/// The largest number of pixels. The cameras of phones have fewer.
const MAX_PIXELS: u64 = 128 << 20;
/// The most memory of a decoder, in bytes.
const MAX_DECODER_BYTES: u64 = 1 << 30;
/// A pixel of a 28×28 picture below this is paper. Lossy formats add faint pixels.
const FAINT: f32 = 0.1;

/// Reads the digit in a picture file.
///
/// # Errors
/// When the file cannot be read, is not a picture, is too large or is blank.
pub fn bitmap_from_path(path: &Path) -> Result<Bitmap, InputError> {
    let name = format!("the picture {}", path.display());
    let bytes = read_bounded(path, MAX_FILE_BYTES, &format!("read {name}"))?;
    bitmap_from_bytes(&bytes, &name)
}

/// Reads the digit in the bytes of a picture file. `name` is for the errors: "the picture a.png".
///
/// # Errors
/// As [`bitmap_from_path`].
pub fn bitmap_from_bytes(bytes: &[u8], name: &str) -> Result<Bitmap, InputError> {
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let expected = format!("at most {MAX_FILE_BYTES} bytes");
        return Err(refused(name, "a larger file".to_owned(), &expected));
    }
    let picture = decode(bytes, name)?;
    if let Some(bitmap) = as_mnist(&picture) {
        return Ok(bitmap);
    }
    extract::ink_of(&picture.into_rgba8())
        .and_then(|ink| normalize(&pen_width::like_mnist(ink)))
        .ok_or_else(|| {
            refused(
                name,
                "no ink that stands out from the paper".to_owned(),
                "a digit in clear contrast to its paper",
            )
        })
}

/// Writes a bitmap as an 8-bit grayscale PNG in MNIST's convention, light ink on black. Replaces an existing file.
///
/// # Errors
/// When the folder is not writable.
pub fn save_bitmap_png(bitmap: &Bitmap, path: &Path) -> Result<(), InputError> {
    save_png(
        &bitmap.to_bytes(),
        [SIDE, SIDE],
        ExtendedColorType::L8,
        path,
    )
}

/// Writes a picture of 8-bit red, green and blue as PNG. Replaces an existing file. `pixels` has
/// `width * height * 3` bytes, row by row from the top left; `size` is `[width, height]`.
///
/// # Errors
/// When the folder is not writable.
pub fn save_rgb_png(pixels: &[u8], size: [usize; 2], path: &Path) -> Result<(), InputError> {
    save_png(pixels, size, ExtendedColorType::Rgb8, path)
}

fn save_png(
    pixels: &[u8],
    size: [usize; 2],
    colors: ExtendedColorType,
    path: &Path,
) -> Result<(), InputError> {
    let mut png = Cursor::new(Vec::new());
    let [width, height] = size.map(|side| side as u32);
    let format = ImageFormat::Png;
    image::write_buffer_with_format(&mut png, pixels, width, height, colors, format).map_err(
        |error| {
            Refusal::new(
                format!("write {}", path.display()),
                format!("{width}×{height} pixels that the PNG encoder refuses ({error})"),
                "a picture that fits into PNG",
                "choose a smaller picture",
            )
        },
    )?;
    Ok(write_atomically(path, png.get_ref())?)
}

fn decode(bytes: &[u8], name: &str) -> Result<DynamicImage, InputError> {
    let no_picture = |found: String| {
        refused(
            name,
            found,
            "a PNG, JPEG, BMP, WebP, GIF, PNM or TIFF picture",
        )
    };
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| no_picture(format!("unreadable bytes ({error})")))?;
    if reader.format().is_none() {
        return Err(no_picture("another kind of file".to_owned()));
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    reader.limits(limits);
    let damaged = |error| no_picture(format!("a damaged or unusual picture ({error})"));
    let mut decoder = reader.into_decoder().map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(no_picture("a picture without pixels".to_owned()));
    }
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(refused(
            name,
            format!("{width}×{height} pixels"),
            &format!("at most {MAX_PIXELS} pixels"),
        ));
    }
    // A camera in portrait mode stores a rotated picture and its orientation. Without one, the picture stays.
    let orientation = decoder.orientation();
    let mut picture = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    if let Ok(orientation) = orientation {
        picture.apply_orientation(orientation);
    }
    Ok(picture)
}

/// The picture itself, if it has MNIST's size and its digit is already placed as in MNIST. Resampling would only blur
/// it.
fn as_mnist(picture: &DynamicImage) -> Option<Bitmap> {
    let side = SIDE as u32;
    if (picture.width(), picture.height()) != (side, side) || picture.color().has_alpha() {
        return None;
    }
    let gray = picture.to_luma8();
    let mut bytes = [0; PIXELS];
    bytes.copy_from_slice(gray.as_raw());
    let inverse = bytes.map(|byte| 255 - byte);
    [bytes, inverse]
        .iter()
        .map(Bitmap::from_bytes)
        .find(is_placed_as_mnist)
}

/// Whether the ink's bounding box is about 20 pixels long and its center of mass in the middle.
fn is_placed_as_mnist(bitmap: &Bitmap) -> bool {
    let inked = || {
        let pixels = bitmap.pixels().iter().enumerate();
        pixels.filter(|&(_, &pixel)| pixel >= FAINT)
    };
    let extent = |of: fn(usize) -> usize| {
        let low = inked().map(|(index, _)| of(index)).min()?;
        let high = inked().map(|(index, _)| of(index)).max()?;
        Some(high + 1 - low)
    };
    let center = |of: fn(usize) -> usize| {
        let mass: f32 = inked().map(|(_, pixel)| pixel).sum();
        let moment: f32 = inked()
            .map(|(index, pixel)| pixel * (of(index) as f32 + 0.5))
            .sum();
        moment / mass
    };
    let (column, row) = (|index| index % SIDE, |index| index / SIDE);
    let (Some(width), Some(height)) = (extent(column), extent(row)) else {
        return false;
    };
    // Faint pixels, which are not counted, may have been a row of the box or shifted the center.
    (18..=20).contains(&width.max(height))
        && [center(column), center(row)]
            .iter()
            .all(|center| (13.8..=15.2).contains(center))
}

fn refused(name: &str, found: String, expected: &str) -> InputError {
    Refusal::new(
        format!("read {name}"),
        found,
        expected,
        "choose another picture",
    )
    .into()
}
