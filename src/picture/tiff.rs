//! TIFF pictures, by the decoder below `image`, which itself refuses palettes, gray with opacity, floating-point samples,
//! YCbCr (a JPEG in a TIFF) and BigTIFF.

use std::{borrow::Cow, io::Cursor, num::NonZeroUsize};

use image::{
    DynamicImage, ImageBuffer, Luma, LumaA, Pixel, Primitive, Rgb, Rgba, metadata::Orientation,
};
use tiff::{
    ColorType, TiffError, TiffResult, TiffUnsupportedError,
    decoder::{BufferLayoutPreference, Decoder, DecodingResult, Limits},
    tags::Tag,
};

use super::container::Container;
use crate::files::limits::PICTURE_MEMORY;

/// The first picture of a TIFF file, not yet decoded.
pub(super) struct Tiff<'a> {
    decoder: Decoder<Cursor<Cow<'a, [u8]>>>,
    /// Width and height in pixels.
    pub(super) size: [u32; 2],
    /// How the picture is to be turned.
    pub(super) orientation: Orientation,
    colors: Colors,
    /// The samples of a pixel, of which those beyond the colors are ignored.
    samples: usize,
    bits: u8,
    layout: BufferLayoutPreference,
}

/// What the samples of a pixel mean.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Colors {
    Gray,
    GrayAlpha,
    Rgb,
    Rgba,
    Cmyk,
    YCbCr,
    /// All reds, then all greens, then all blues, from 0 to 65,535.
    Palette(Vec<u16>),
}

impl Colors {
    /// The channels of the decoded picture.
    fn channels(&self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb | Self::Cmyk | Self::YCbCr | Self::Palette(_) => 3,
            Self::Rgba => 4,
        }
    }

    /// The channels of a pixel, from its samples. All are from 0 to 1.
    fn mix(&self, samples: [f32; 4]) -> [f32; 4] {
        let [first, second, third, fourth] = samples;
        match self {
            Self::Gray | Self::GrayAlpha | Self::Rgb | Self::Rgba => samples,
            Self::Cmyk => {
                let light = |ink: f32| (1.0 - ink) * (1.0 - fourth);
                [light(first), light(second), light(third), 1.0]
            }
            // ITU-R BT.601, as TIFF 6.0, section 21.
            Self::YCbCr => {
                let [blue, red] = [second, third].map(|chroma| chroma - 128.0 / 255.0);
                let rgb = [
                    first + 1.402 * red,
                    first - 0.344_136 * blue - 0.714_136 * red,
                    first + 1.772 * blue,
                ];
                let [r, g, b] = rgb.map(|level| level.clamp(0.0, 1.0));
                [r, g, b, 1.0]
            }
            Self::Palette(colors) => {
                let count = colors.len() / 3;
                let place = (first * count.saturating_sub(1) as f32).round() as usize;
                // Some writers multiply by 256 in place of 257; the upper byte is the color either way.
                let color = |channel: usize| {
                    let color = colors.get(channel * count + place);
                    f32::from(color.copied().unwrap_or_default() >> 8) / 255.0
                };
                [color(0), color(1), color(2), 1.0]
            }
        }
    }
}

impl<'a> Tiff<'a> {
    /// # Errors
    /// When the file is damaged, or of a kind that the decoder does not read.
    pub(super) fn open(container: &Container<'a>) -> TiffResult<Self> {
        let mut bytes = Cow::Borrowed(container.bytes);
        if let Some(place) = container.palette {
            // The decoder refuses palettes. As gray, it gives the places in the palette.
            bytes.to_mut()[place] = 1;
        }
        let mut limits = Limits::default();
        limits.decoding_buffer_size = PICTURE_MEMORY as usize;
        let mut decoder = Decoder::new(Cursor::new(bytes))?.with_limits(limits);
        let (width, height) = decoder.dimensions()?;
        let kind = decoder.colortype()?;
        let extra = decoder.find_tag_unsigned_vec::<u16>(Tag::ExtraSamples)?;
        let has_alpha = extra.is_some_and(|extra| matches!(extra.first(), Some(1 | 2)));
        let colors = match kind {
            ColorType::Gray(_) if container.palette.is_some() => {
                Colors::Palette(decoder.get_tag_u16_vec(Tag::ColorMap)?)
            }
            ColorType::Multiband { .. } if has_alpha => Colors::GrayAlpha,
            ColorType::Gray(_) | ColorType::Multiband { .. } => Colors::Gray,
            ColorType::GrayA(_) => Colors::GrayAlpha,
            ColorType::RGB(_) => Colors::Rgb,
            ColorType::RGBA(_) => Colors::Rgba,
            ColorType::CMYK(_) => Colors::Cmyk,
            ColorType::YCbCr(_) => Colors::YCbCr,
            other => return Err(TiffUnsupportedError::UnsupportedColorType(other).into()),
        };
        let bits = kind.bit_depth();
        if !matches!(bits, 1 | 2 | 4 | 8 | 16 | 32 | 64) {
            return Err(TiffUnsupportedError::UnsupportedBitsPerChannel(bits).into());
        }
        let orientation = decoder.find_tag_unsigned::<u8>(Tag::Orientation)?;
        let orientation = orientation.and_then(Orientation::from_exif);
        Ok(Self {
            size: [width, height],
            orientation: orientation.unwrap_or(Orientation::NoTransforms),
            colors,
            samples: usize::from(kind.num_samples()),
            bits,
            layout: decoder.image_buffer_layout()?,
            decoder,
        })
    }

    /// Bytes of the decoded samples.
    pub(super) fn decoded_bytes(&self) -> u64 {
        self.layout.complete_len as u64
    }

    /// Bytes of a pixel of the picture.
    pub(super) fn pixel_bytes(&self) -> u64 {
        (self.colors.channels() * if self.bits > 8 { 2 } else { 1 }) as u64
    }

    /// The picture, in 8 bits a channel, or in 16 where it has more.
    ///
    /// # Errors
    /// When the file is damaged, or of a kind that the decoder does not read.
    pub(super) fn read(mut self) -> TiffResult<DynamicImage> {
        let mut decoded = DecodingResult::U8(Vec::new());
        self.decoder.read_image_to_buffer(&mut decoded)?;
        let channels = self.colors.channels();
        let is_direct = self.layout.planes == 1
            && self.samples == channels
            && self.colors.mix([0.25; 4]) == [0.25; 4];
        let picture = match decoded {
            DecodingResult::U8(pixels) if is_direct && self.bits == 8 => {
                picture_of(channels, self.size, pixels)
            }
            DecodingResult::U16(pixels) if is_direct => picture_of(channels, self.size, pixels),
            _ if self.bits > 8 => picture_of(
                channels,
                self.size,
                self.mixed(&decoded, |level| (level * 65_535.0).round() as u16)?,
            ),
            _ => picture_of(
                channels,
                self.size,
                self.mixed(&decoded, |level| (level * 255.0).round() as u8)?,
            ),
        };
        picture.ok_or(TiffError::IntSizeError)
    }

    /// The channels of all pixels.
    fn mixed<T>(&self, decoded: &DecodingResult, sample: fn(f32) -> T) -> TiffResult<Vec<T>> {
        let levels = Levels::of(decoded, usize::from(self.bits))?;
        let [width, height] = self.size.map(|side| side as usize);
        let stride = |stride: Option<NonZeroUsize>| stride.map_or(0, |bytes| 8 * bytes.get());
        let [row_bits, plane_bits] = [self.layout.row_stride, self.layout.plane_stride].map(stride);
        let has_planes = self.layout.planes > 1;
        let (channels, read) = (self.colors.channels(), self.samples.min(4));
        let mut pixels = Vec::with_capacity(width * height * channels);
        for row in 0..height {
            for column in 0..width {
                let mut samples = [0.0; 4];
                for (number, value) in samples.iter_mut().enumerate().take(read) {
                    let (plane, place) = if has_planes {
                        (number, column)
                    } else {
                        (0, column * self.samples + number)
                    };
                    *value = levels.at(plane * plane_bits + row * row_bits, place);
                }
                let mixed = self.colors.mix(samples);
                pixels.extend(mixed[..channels].iter().map(|&level| sample(level)));
            }
        }
        Ok(pixels)
    }
}

/// Decoded samples as levels from 0 to 1.
struct Levels<'a> {
    decoded: &'a DecodingResult,
    bits: usize,
    /// The level of white. Floating-point samples end at 1, or at their largest value.
    white: f32,
}

impl<'a> Levels<'a> {
    fn of(decoded: &'a DecodingResult, bits: usize) -> TiffResult<Self> {
        let largest = |samples: &mut dyn Iterator<Item = f32>| samples.fold(1.0, f32::max);
        let white = match decoded {
            DecodingResult::U8(_) => ((1_u32 << bits) - 1) as f32,
            DecodingResult::U16(_) => f32::from(u16::MAX),
            DecodingResult::U32(_) => u32::MAX as f32,
            DecodingResult::F16(samples) => largest(&mut samples.iter().map(|s| s.to_f32())),
            DecodingResult::F32(samples) => largest(&mut samples.iter().copied()),
            DecodingResult::F64(samples) => largest(&mut samples.iter().map(|&s| s as f32)),
            _ => return Err(TiffUnsupportedError::UnsupportedDataType.into()),
        };
        Ok(Self {
            decoded,
            bits,
            white,
        })
    }

    /// The level of the sample at a place in a row that begins at a bit. Samples below 8 bits are packed.
    fn at(&self, row: usize, place: usize) -> f32 {
        let bit = row + place * self.bits;
        let index = bit / self.bits.max(8);
        let value = match self.decoded {
            DecodingResult::U8(samples) => samples
                .get(index)
                .map(|byte| f32::from(byte << (bit % 8) >> (8 - self.bits))),
            DecodingResult::U16(samples) => samples.get(index).map(|&sample| f32::from(sample)),
            DecodingResult::U32(samples) => samples.get(index).map(|&sample| sample as f32),
            DecodingResult::F16(samples) => samples.get(index).map(|sample| sample.to_f32()),
            DecodingResult::F32(samples) => samples.get(index).copied(),
            DecodingResult::F64(samples) => samples.get(index).map(|&sample| sample as f32),
            _ => None,
        };
        (value.unwrap_or_default() / self.white).clamp(0.0, 1.0)
    }
}

/// A picture with 1 to 4 channels; `None` if the samples are too few.
fn picture_of<T: Primitive>(
    channels: usize,
    [width, height]: [u32; 2],
    samples: Vec<T>,
) -> Option<DynamicImage>
where
    Luma<T>: Pixel<Subpixel = T>,
    LumaA<T>: Pixel<Subpixel = T>,
    Rgb<T>: Pixel<Subpixel = T>,
    Rgba<T>: Pixel<Subpixel = T>,
    DynamicImage: From<ImageBuffer<Luma<T>, Vec<T>>>
        + From<ImageBuffer<LumaA<T>, Vec<T>>>
        + From<ImageBuffer<Rgb<T>, Vec<T>>>
        + From<ImageBuffer<Rgba<T>, Vec<T>>>,
{
    match channels {
        1 => ImageBuffer::<Luma<T>, _>::from_raw(width, height, samples).map(Into::into),
        2 => ImageBuffer::<LumaA<T>, _>::from_raw(width, height, samples).map(Into::into),
        3 => ImageBuffer::<Rgb<T>, _>::from_raw(width, height, samples).map(Into::into),
        _ => ImageBuffer::<Rgba<T>, _>::from_raw(width, height, samples).map(Into::into),
    }
}

#[cfg(test)]
mod tests {
    use image::{ExtendedColorType, ImageFormat, RgbImage, codecs::jpeg::JpegEncoder};

    use super::*;

    /// A tag of a TIFF file: its number, and 16-bit values.
    type TagOf = (u16, &'static [u16]);

    /// How a file is written.
    #[derive(Clone, Copy)]
    struct Kind {
        is_big: bool,
        is_little: bool,
    }

    /// A picture of 2×2 pixels in both byte orders, as TIFF and as BigTIFF.
    fn files(tags: &[TagOf], strip: &[u8]) -> [Vec<u8>; 4] {
        [(false, false), (false, true), (true, false), (true, true)].map(|(is_big, is_little)| {
            let kind = Kind { is_big, is_little };
            file(tags, &[strip], kind)
        })
    }

    fn little(tags: &[TagOf], strips: &[&[u8]]) -> Vec<u8> {
        let kind = Kind {
            is_big: false,
            is_little: true,
        };
        file(tags, strips, kind)
    }

    fn file(tags: &[TagOf], strips: &[&[u8]], kind: Kind) -> Vec<u8> {
        let Kind { is_big, is_little } = kind;
        let number = |value: u64, width: usize| {
            let mut bytes = value.to_be_bytes()[8 - width..].to_vec();
            if is_little {
                bytes.reverse();
            }
            bytes
        };
        let wide = if is_big { 8 } else { 4 };
        let order = if is_little { b"II" } else { b"MM" };
        let mut bytes = order.to_vec();
        if is_big {
            bytes.extend([number(43, 2), number(8, 2), number(0, 2)].concat());
        } else {
            bytes.extend(number(42, 2));
        }
        // The values begin where the header ends: the strips, then what does not fit into a tag.
        let start = bytes.len() + wide;
        let mut values = Vec::new();
        let (mut offsets, mut sizes) = (Vec::new(), Vec::new());
        for strip in strips {
            offsets.push((start + values.len()) as u16);
            sizes.push(strip.len() as u16);
            values.extend(*strip);
        }
        let mut all: Vec<(u16, &[u16])> =
            vec![(256, &[2]), (257, &[2]), (273, &offsets), (279, &sizes)];
        all.extend(tags);
        all.sort_unstable();
        let mut entries = number(all.len() as u64, if is_big { 8 } else { 2 });
        for (tag, value) in all {
            let mut content = value
                .iter()
                .flat_map(|&value| number(value.into(), 2))
                .collect::<Vec<_>>();
            entries.extend(
                [
                    number(tag.into(), 2),
                    number(3, 2),
                    number(value.len() as u64, wide),
                ]
                .concat(),
            );
            if content.len() > wide {
                let place = start + values.len();
                values.append(&mut content);
                content = number(place as u64, wide);
            }
            content.resize(wide, 0);
            entries.append(&mut content);
        }
        bytes.extend(number((start + values.len()) as u64, wide));
        [bytes, values, entries, vec![0; wide]].concat()
    }

    fn read(file: &[u8]) -> DynamicImage {
        let container = Container::check(file, ImageFormat::Tiff).expect("whole");
        Tiff::open(&container)
            .expect("opens")
            .read()
            .expect("is read")
    }

    /// Compares the bytes of a picture in all four kinds of file.
    fn assert_read(tags: &[TagOf], strip: &[u8], expected: &[u8], reason: &str) {
        for file in files(tags, strip) {
            assert_eq!(read(&file).as_bytes(), expected, "{reason}");
        }
    }

    #[test]
    fn every_kind_of_color_is_read() {
        let strip: Vec<u8> = (0..20).map(|value| value * 10).collect();
        let cases: [(&[TagOf], &[u8], &str); 6] = [
            (&[(258, &[8]), (262, &[1])], &strip[..4], "gray"),
            (
                &[(258, &[8, 8]), (262, &[1]), (277, &[2]), (338, &[2])],
                &strip[..8],
                "gray with opacity",
            ),
            (
                &[(258, &[8, 8]), (262, &[1]), (277, &[2]), (338, &[0])],
                &[0, 20, 40, 60],
                "gray with something else",
            ),
            (
                &[(258, &[8, 8, 8]), (262, &[2]), (277, &[3])],
                &strip[..12],
                "colors",
            ),
            (
                &[(258, &[8, 8, 8, 8]), (262, &[2]), (277, &[4]), (338, &[2])],
                &strip[..16],
                "colors with opacity",
            ),
            (
                &[(258, &[8, 8, 8, 8]), (262, &[5]), (277, &[4])],
                // (255 - ink) * (255 - black) / 255.
                &[225, 216, 207, 156, 149, 141, 100, 94, 88, 56, 51, 47],
                "inks",
            ),
        ];
        for (tags, expected, reason) in cases {
            let samples = tags.iter().find(|(tag, _)| *tag == 277);
            let samples = samples.map_or(1, |(_, samples)| usize::from(samples[0]));
            assert_read(tags, &strip[..4 * samples], expected, reason);
        }
    }

    #[test]
    fn packed_samples_and_palettes_are_read() {
        // A row begins with a new byte.
        assert_read(
            &[(258, &[1]), (262, &[1])],
            &[0b0100_0000, 0b1000_0000],
            &[0, 255, 255, 0],
            "one bit",
        );
        assert_read(
            &[(258, &[4]), (262, &[1])],
            &[0x0f, 0x3c],
            &[0, 255, 51, 204],
            "four bits",
        );
        let colors = &[
            // Reds, greens and blues: once multiplied by 257, once by 256.
            0x1010, 0x2000, 0xffff, 0x0000, // red
            0x3030, 0x4000, 0xffff, 0x0000, // green
            0x5050, 0x6000, 0xffff, 0x0000, // blue
        ];
        assert_read(
            &[(258, &[2]), (262, &[3]), (320, colors)],
            &[0b0001_0000, 0b1011_0000],
            &[16, 48, 80, 32, 64, 96, 255, 255, 255, 0, 0, 0],
            "a palette of four colors",
        );
    }

    #[test]
    fn floating_point_samples_are_levels() {
        let tags: &[TagOf] = &[(258, &[32]), (262, &[1]), (339, &[3])];
        let levels = |values: [f32; 4]| {
            let file = little(tags, &[&values.map(f32::to_le_bytes).concat()]);
            read(&file).to_luma8().into_raw()
        };
        assert_eq!(levels([0.0, 0.2, 1.0, f32::NAN]), [0, 51, 255, 0]);
        assert_eq!(levels([-1.0, 50.0, 255.0, 0.0]), [0, 50, 255, 0]);
    }

    #[test]
    fn planes_are_put_together() {
        let tags: &[TagOf] = &[(258, &[8, 8, 8]), (262, &[2]), (277, &[3]), (284, &[2])];
        let file = little(tags, &[&[1, 2, 3, 4], &[11, 12, 13, 14], &[21, 22, 23, 24]]);
        let expected = [1, 11, 21, 2, 12, 22, 3, 13, 23, 4, 14, 24];
        assert_eq!(read(&file).as_bytes(), expected);
    }

    #[test]
    fn a_jpeg_in_a_tiff_keeps_its_colors() {
        let red = RgbImage::from_pixel(2, 2, image::Rgb([200, 30, 60]));
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, 100)
            .encode(&red, 2, 2, ExtendedColorType::Rgb8)
            .expect("encodes");
        let tags: &[TagOf] = &[
            (258, &[8, 8, 8]),
            (259, &[7]),
            (262, &[6]),
            (277, &[3]),
            (530, &[1, 1]),
        ];
        for file in files(tags, &jpeg) {
            for (found, expected) in read(&file)
                .as_bytes()
                .iter()
                .zip([200, 30, 60].iter().cycle())
            {
                // The JPEG rounds luma and chroma.
                assert!(found.abs_diff(*expected) <= 3, "{found}, not {expected}");
            }
        }
    }
}
