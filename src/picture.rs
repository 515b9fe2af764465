//! From a photo, scan or screenshot (PNG, JPEG, BMP, WebP, GIF, PNM or TIFF) to a bitmap.
//!
//! The reader separates paper and ink automatically: dark on light or light on dark, on paper that may be unevenly lit or
//! transparent. The ink is then normalized as MNIST was.

use std::{
    fmt,
    io::{self, Cursor},
    path::Path,
    sync::Arc,
};

use image::{
    DynamicImage, ExtendedColorType, ImageDecoder as _, ImageError, ImageFormat, ImageReader,
    Limits, RgbaImage, metadata::Orientation,
};

pub use self::{
    center_lines::{CenterLine, CenterLines},
    components::PictureInk,
};
use self::{
    container::{Container, Fault},
    extract::{FoundInk, Sheet},
    tiff::Tiff,
};

use crate::{
    bitmap::{Bitmap, PIXELS, SIDE},
    error::{InputError, Refusal, excerpt},
    files::{
        kind::{content_of, picture_format},
        limits::{
            PICTURE_BYTES, PICTURE_EXTRA_MEMORY, PICTURE_MEMORY, PICTURE_PIXELS, PICTURE_SIDE,
        },
        read_bounded, write_atomically,
    },
    ink::{normalize::normalize, raster::Raster},
};

mod center_lines;
mod components;
mod container;
mod extract;
mod forms;
pub(crate) mod paint;
mod paper;
mod pen_width;
mod printed_lines;
mod rules;
mod segments;
mod tiff;

/// A pixel of a 28×28 picture below this is paper. Lossy formats add faint pixels.
const FAINT: f32 = 0.1;

/// A picture as it is, at most 800 pixels long.
#[derive(Clone, PartialEq)]
pub struct PictureView {
    /// Width and height in pixels.
    pub size: [usize; 2],
    /// Red, green and blue of each pixel, row by row from the top left.
    pub rgb: Arc<[u8]>,
    /// The part that is read: left, top, right and bottom, in pixels; `None` for all of it.
    pub part: Option<[usize; 4]>,
    /// The frame around the ink: left, top, right and bottom, in pixels.
    pub ink: [usize; 4],
    /// The ink, in which several digits may be found; `None` if the picture is one of MNIST's.
    pub components: Option<PictureInk>,
    steps: PictureSteps,
}

/// What led from the picture to its ink: each pixel from 0 for paper to 255. Empty in one of MNIST's.
#[derive(Clone, Default, PartialEq)]
struct PictureSteps {
    contrast: Vec<u8>,
    ink: Vec<u8>,
}

impl PictureSteps {
    /// The steps of a part, with paper around it.
    fn within(&self, size: [usize; 2], part: [usize; 4]) -> Self {
        Self {
            contrast: within(&self.contrast, size, part),
            ink: within(&self.ink, size, part),
        }
    }
}

/// A step from the picture to its ink.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PictureStep {
    /// The picture as it is.
    #[default]
    Picture,
    /// The contrast of each pixel to its paper.
    Contrast,
    /// The pixels that stand out from their paper.
    Ink,
    /// The ink without dust, printed lines and the edge of a table. This is read.
    Cleaned,
    /// The same ink, of which each digit has a part.
    Divided,
}

impl PictureStep {
    /// All steps, in order.
    pub const ALL: [Self; 5] = [
        Self::Picture,
        Self::Contrast,
        Self::Ink,
        Self::Cleaned,
        Self::Divided,
    ];
}

impl PictureView {
    /// A step as shades of gray, 0 for paper and 255 for ink, row by row; `None` for the picture itself, and where
    /// there are no steps.
    pub fn shades(&self, step: PictureStep) -> Option<Vec<u8>> {
        let ink = self.components.as_ref()?.raster();
        match step {
            PictureStep::Picture => None,
            PictureStep::Contrast => Some(self.steps.contrast.clone()),
            PictureStep::Ink => Some(self.steps.ink.clone()),
            PictureStep::Cleaned | PictureStep::Divided => {
                let byte = |ink: &f32| (ink * 255.0).round() as u8;
                Some(ink.pixels().iter().map(byte).collect())
            }
        }
    }

    /// Reads a part of the picture alone: left, top, right and bottom, in pixels.
    ///
    /// # Errors
    /// When the part is blank.
    pub fn read_part(&self, part: [usize; 4]) -> Result<ReadPicture, Refusal> {
        let [width, height] = self.size;
        let [left, top] = [part[0].min(width), part[1].min(height)];
        let [right, bottom] = [part[2].clamp(left, width), part[3].clamp(top, height)];
        let part = [left, top, right, bottom];
        let blank = || Refusal {
            remedy: "select another part".into(),
            ..blank("a part of the picture")
        };
        let sheet = Sheet::of_part(self, part);
        let is_empty = left == right || top == bottom;
        let found = (!is_empty).then(|| sheet.ink()).flatten();
        let FoundInk { steps, ink } = found.ok_or_else(blank)?;
        let pixels = within(ink.pixels(), self.size, part);
        let whole = Raster::new(width, height, pixels).ok_or_else(blank)?;
        let bitmap = normalize(&pen_width::like_mnist(ink)).ok_or_else(blank)?;
        let view = Self {
            size: self.size,
            rgb: Arc::clone(&self.rgb),
            part: Some(part),
            ink: extract::frame(&whole),
            components: Some(PictureInk::new(whole, sheet.scale())),
            steps: steps.within(self.size, part),
        };
        Ok(ReadPicture { bitmap, view })
    }
}

/// The pixels of a part, with paper around them.
fn within<T: Copy + Default>(pixels: &[T], size: [usize; 2], part: [usize; 4]) -> Vec<T> {
    let [left, top, right, _] = part;
    let mut all = vec![T::default(); size[0] * size[1]];
    let rows = all.chunks_exact_mut(size[0]).skip(top);
    for (row, own) in rows.zip(pixels.chunks_exact(right - left)) {
        row[left..right].copy_from_slice(own);
    }
    all
}

impl fmt::Debug for PictureView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PictureView")
            .field("size", &self.size)
            .field("ink", &self.ink)
            .finish_non_exhaustive()
    }
}

/// A picture with its digit.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadPicture {
    /// The digit as the network's input.
    pub bitmap: Bitmap,
    /// The picture as it is.
    pub view: PictureView,
}

/// Reads the digit in a picture file.
///
/// # Errors
/// When the file cannot be read, is not a picture, is cut off, is too large or is blank.
pub fn read(path: &Path) -> Result<ReadPicture, InputError> {
    let name = format!("the picture {}", excerpt(path.display()));
    let bytes = read_bounded(path, PICTURE_BYTES, &format!("read {name}"))?;
    Ok(from_bytes(&bytes, &name)?)
}

/// Reads the digit in a picture of 8-bit red, green, blue and opacity, row by row from the top left.
///
/// # Errors
/// When the picture is too large, blank, or has another number of pixels than its size says.
pub fn from_rgba(rgba: Vec<u8>, [width, height]: [usize; 2]) -> Result<ReadPicture, Refusal> {
    let name = "the picture of the clipboard";
    let pixels = (width as u64).saturating_mul(height as u64);
    let side = width.max(height) as u64;
    let image = (side <= u64::from(PICTURE_SIDE) && pixels <= PICTURE_PIXELS)
        .then(|| RgbaImage::from_raw(width as u32, height as u32, rgba))
        .flatten();
    let image = image.ok_or_else(|| {
        let found = format!("{width}×{height} pixels");
        let expected = format!("at most {PICTURE_PIXELS} pixels, {PICTURE_SIDE} a side");
        refused(name, &found, &expected)
    })?;
    from_image(&DynamicImage::from(image), Orientation::NoTransforms, name)
}

/// Reads the digit in the bytes of a picture file. Errors show `name`.
///
/// # Errors
/// As [`read`].
pub fn bitmap_from_bytes(bytes: &[u8], name: &str) -> Result<Bitmap, Refusal> {
    Ok(from_bytes(bytes, name)?.bitmap)
}

/// Reads the bytes of a picture file. Errors show `name`.
///
/// # Errors
/// As [`read`].
pub fn from_bytes(bytes: &[u8], name: &str) -> Result<ReadPicture, Refusal> {
    if bytes.len() as u64 > PICTURE_BYTES {
        let expected = format!("at most {PICTURE_BYTES} bytes");
        return Err(refused(name, "a larger file", &expected));
    }
    let (picture, orientation) = decode(bytes, name)?;
    from_image(&picture, orientation, name)
}

fn from_image(
    picture: &DynamicImage,
    orientation: Orientation,
    name: &str,
) -> Result<ReadPicture, Refusal> {
    if is_uniform(picture) {
        return Err(blank(name));
    }
    let sheet = Sheet::of(picture, orientation);
    let view = |sheet: &Sheet, ink: &Raster, steps: PictureSteps| PictureView {
        size: sheet.size(),
        rgb: sheet.rgb(),
        part: None,
        ink: extract::frame(ink),
        components: None,
        steps,
    };
    if let Some(bitmap) = as_mnist(picture, orientation) {
        let ink = Raster::new(SIDE, SIDE, bitmap.pixels().to_vec()).ok_or_else(|| blank(name))?;
        let view = view(&sheet, &ink, PictureSteps::default());
        return Ok(ReadPicture { bitmap, view });
    }
    let FoundInk { steps, ink } = sheet.ink().ok_or_else(|| blank(name))?;
    let mut view = view(&sheet, &ink, steps);
    let scale = sheet.scale();
    drop(sheet);
    let bitmap = normalize(&pen_width::like_mnist(ink.clone())).ok_or_else(|| blank(name))?;
    view.components = Some(PictureInk::new(ink, scale));
    Ok(ReadPicture { bitmap, view })
}

fn blank(name: &str) -> Refusal {
    refused(
        name,
        "no ink that stands out from the paper",
        "a digit in clear contrast to its paper",
    )
}

/// Whether all pixels are the same, as in an empty scan. Comparing is much quicker than looking for ink.
fn is_uniform(picture: &DynamicImage) -> bool {
    let bytes = picture.as_bytes();
    let pixel = usize::from(picture.color().bytes_per_pixel());
    bytes[pixel..] == bytes[..bytes.len() - pixel]
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
                format!("write {}", excerpt(path.display())),
                format!("{width}×{height} pixels that the PNG encoder refuses ({error})"),
                "a picture that fits into PNG",
                "choose a smaller picture",
            )
        },
    )?;
    Ok(write_atomically(path, png.get_ref())?)
}

/// The picture as it is stored, and the orientation that it is to be shown in.
fn decode(bytes: &[u8], name: &str) -> Result<(DynamicImage, Orientation), Refusal> {
    let formats = "a PNG, JPEG, BMP, WebP, GIF, PNM or TIFF picture";
    let format = picture_format(bytes)
        .filter(ImageFormat::reading_enabled)
        .ok_or_else(|| refused(name, content_of(bytes), formats))?;
    let cut_off = || refused(name, "a picture that is cut off", "a whole picture");
    let damaged = |error: &dyn fmt::Display| {
        let found = format!("a damaged or unusual picture ({})", excerpt(error));
        refused(name, &found, formats)
    };
    let container = Container::check(bytes, format).map_err(|fault| match fault {
        Fault::CutOff => cut_off(),
        Fault::Damaged => damaged(&"a wrong length or type"),
    })?;
    let has_container = !matches!(format, ImageFormat::Bmp | ImageFormat::Pnm);
    let failed = |error: ImageError| match &error {
        // Within a whole container, it is the decoder that expects too much.
        ImageError::IoError(reason)
            if reason.kind() == io::ErrorKind::UnexpectedEof && !has_container =>
        {
            cut_off()
        }
        _ => damaged(&error),
    };
    // The memory that a picture of this size may take beside its decoded bytes, with `working` bytes a pixel.
    let bounded = |[width, height]: [u32; 2], decoded: u64, working: u64| {
        let pixels = u64::from(width) * u64::from(height);
        if pixels == 0 {
            return Err(refused(name, "a picture without pixels", formats));
        }
        let working = pixels.saturating_mul(working);
        let memory = decoded
            .saturating_add(working)
            .saturating_add(2 * bytes.len() as u64);
        if width.max(height) > PICTURE_SIDE || pixels > PICTURE_PIXELS || memory > PICTURE_MEMORY {
            return Err(refused(
                name,
                &format!("{width}×{height} pixels, which take {} MB", memory >> 20),
                &format!(
                    "at most {PICTURE_PIXELS} pixels, {PICTURE_SIDE} a side and {} MB",
                    PICTURE_MEMORY >> 20
                ),
            ));
        }
        Ok(PICTURE_EXTRA_MEMORY + working)
    };
    if format == ImageFormat::Tiff {
        let picture = Tiff::open(&container).map_err(|error| damaged(&error))?;
        let working = container.working_bytes.max(picture.pixel_bytes());
        bounded(picture.size, picture.decoded_bytes(), working)?;
        let orientation = picture.orientation;
        let picture = picture.read().map_err(|error| damaged(&error))?;
        return Ok((picture, orientation));
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(PICTURE_EXTRA_MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(container.bytes), format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(failed)?;
    let size = decoder.dimensions().into();
    let most = bounded(size, decoder.total_bytes(), container.working_bytes)?;
    limits.max_alloc = Some(most);
    decoder.set_limits(limits).map_err(failed)?;
    // A camera in portrait mode stores a rotated picture and its orientation. Without one, the picture stays.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(failed)?;
    Ok((picture, orientation))
}

/// The picture itself, if it has MNIST's size and its digit is already placed as in MNIST. Resampling would only blur
/// it.
fn as_mnist(picture: &DynamicImage, orientation: Orientation) -> Option<Bitmap> {
    let side = SIDE as u32;
    if (picture.width(), picture.height()) != (side, side) || picture.color().has_alpha() {
        return None;
    }
    let mut picture = picture.clone();
    picture.apply_orientation(orientation);
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

fn refused(name: &str, found: &str, expected: &str) -> Refusal {
    Refusal::new(
        format!("read {name}"),
        found,
        expected,
        "choose another picture",
    )
}
