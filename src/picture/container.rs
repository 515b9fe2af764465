//! The structure of a picture file, checked before it is decoded. Decoders answer files that are cut off, and reserve
//! the memory that a damaged length asks for.

use image::ImageFormat;

/// Why a file is not decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The file ends before its picture does.
    CutOff,
    /// A length or a type contradicts the format.
    Damaged,
}

/// A picture file that is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Container<'a> {
    /// The file without what follows the picture.
    pub(super) bytes: &'a [u8],
    /// The decoder's memory beside the picture and the file, in bytes a pixel.
    pub(super) working_bytes: u64,
    /// The place of the 3 that says that a TIFF's pixels are those of a palette.
    pub(super) palette: Option<usize>,
}

impl<'a> Container<'a> {
    pub(super) fn check(bytes: &'a [u8], format: ImageFormat) -> Result<Self, Fault> {
        let mut file = Cursor { bytes, place: 0 };
        let mut palette = None;
        let working_bytes = match format {
            ImageFormat::Jpeg => file.jpeg()?.working_bytes,
            ImageFormat::Png => file.png()?,
            ImageFormat::WebP => file.webp()?,
            ImageFormat::Gif => file.gif()?,
            ImageFormat::Tiff => {
                let tags = file.tiff()?;
                palette = tags.palette;
                tags.working_bytes
            }
            // The decoders of BMP and PNM notice the end of the file, and meet no length but those of the picture. PNM's
            // holds a copy of up to eight bytes a pixel.
            _ => {
                file.place = bytes.len();
                8
            }
        };
        Ok(Self {
            bytes: &bytes[..file.place],
            working_bytes,
            palette,
        })
    }
}

/// TIFF's number of a compression: each strip or tile is a JPEG.
const JPEG_IN_TIFF: u64 = 7;
/// The pixels of a tile in a smaller picture.
const LARGE_TILE: u64 = 1 << 20;

/// What a JPEG says of its size.
#[derive(Clone, Copy)]
struct Frame {
    pixels: u64,
    working_bytes: u64,
}

/// What a TIFF says of its first picture.
struct TiffTags {
    working_bytes: u64,
    palette: Option<usize>,
}

/// A place in a file.
struct Cursor<'a> {
    bytes: &'a [u8],
    place: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let rest = self.bytes.get(self.place..).unwrap_or_default();
        let taken = rest.get(..count).ok_or(Fault::CutOff)?;
        self.place += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let taken = self.take(N)?.first_chunk();
        taken.copied().ok_or(Fault::CutOff)
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        Ok(self.array::<1>()?[0])
    }

    /// ITU-T T.81, annex B: segments up to the end of the image. Entropy-coded data lie between segments and hold no
    /// marker but restarts.
    fn jpeg(&mut self) -> Result<Frame, Fault> {
        let (mut pixels, mut components) = (0, 0);
        let (mut scans, mut is_progressive) = (0, false);
        loop {
            match self.jpeg_marker()? {
                0xd9 => break,
                // The start of the image, and a marker without a segment.
                0xd8 | 0x01 => {}
                marker => {
                    let len = usize::from(u16::from_be_bytes(self.array()?));
                    let segment = self.take(len.checked_sub(2).ok_or(Fault::Damaged)?)?;
                    match marker {
                        0xda => scans += 1,
                        0xc0..=0xc3 => {
                            let &[_, h, eight, w, idth, count, ..] = segment else {
                                return Err(Fault::Damaged);
                            };
                            let [height, width] = [[h, eight], [w, idth]].map(u16::from_be_bytes);
                            pixels = u64::from(height) * u64::from(width);
                            components = count;
                            is_progressive = marker == 0xc2;
                        }
                        _ => {}
                    }
                }
            }
        }
        // The decoder keeps the coefficients of all scans, two bytes each.
        let keeps_coefficients = is_progressive || scans > 1;
        Ok(Frame {
            pixels,
            working_bytes: 2 * u64::from(components) * u64::from(keeps_coefficients),
        })
    }

    fn jpeg_marker(&mut self) -> Result<u8, Fault> {
        loop {
            let rest = self.bytes.get(self.place..).unwrap_or_default();
            let skipped = rest.iter().position(|&byte| byte == 0xff);
            self.take(skipped.ok_or(Fault::CutOff)? + 1)?;
            match self.byte()? {
                // A byte of data, and a restart.
                0x00 | 0xd0..=0xd7 => {}
                // The first of two fill bytes.
                0xff => self.place -= 1,
                marker => return Ok(marker),
            }
        }
    }

    /// W3C's PNG, section 5: chunks up to the one of the end.
    fn png(&mut self) -> Result<u64, Fault> {
        self.take(8)?;
        loop {
            let len = u32::from_be_bytes(self.array()?);
            let kind = self.take(4)?;
            // A checksum follows.
            self.take(len as usize)?;
            self.take(4)?;
            if kind == b"IEND" {
                return Ok(0);
            }
        }
    }

    /// RFC 9649: a RIFF file of chunks, each padded to an even length.
    fn webp(&mut self) -> Result<u64, Fault> {
        self.take(4)?;
        let len = u32::from_le_bytes(self.array()?) as usize;
        let riff = self.bytes.get(8..).unwrap_or_default();
        let riff = riff.get(..len).ok_or(Fault::CutOff)?;
        let mut chunks = Cursor {
            bytes: riff,
            place: 4,
        };
        while chunks.place < riff.len() {
            chunks.take(4).map_err(|_short| Fault::Damaged)?;
            let len = chunks.array().map_err(|_short| Fault::Damaged)?;
            let len = u32::from_le_bytes(len) as usize;
            chunks.take(len).map_err(|_short| Fault::Damaged)?;
            // The last padding may be missing.
            chunks.place += len % 2;
        }
        self.take(len)?;
        // A frame, and the canvas of an animation or the planes of a lossy picture.
        Ok(8)
    }

    /// The format of 1989: blocks up to the trailer.
    fn gif(&mut self) -> Result<u64, Fault> {
        let screen: [u8; 13] = self.array()?;
        self.gif_colors(screen[10])?;
        loop {
            match self.byte()? {
                // An extension: its kind.
                0x21 => {
                    self.take(1)?;
                }
                // An image: its place, its colors and the size of its codes.
                0x2c => {
                    let frame: [u8; 9] = self.array()?;
                    self.gif_colors(frame[8])?;
                    self.take(1)?;
                }
                // Some programs end a block twice.
                0x00 => continue,
                // A frame that does not fill the screen is decoded apart.
                0x3b => return Ok(4),
                _ => return Err(Fault::Damaged),
            }
            while let len @ 1.. = self.byte()? {
                self.take(usize::from(len))?;
            }
        }
    }

    /// A table of colors, if the flags announce one.
    fn gif_colors(&mut self, flags: u8) -> Result<(), Fault> {
        if flags & 0x80 != 0 {
            self.take(3 << ((flags & 7) + 1))?;
        }
        Ok(())
    }

    /// Adobe's TIFF 6.0, section 2, and BigTIFF, whose numbers are wider: the tags of the first picture, and its strips
    /// or tiles.
    fn tiff(&mut self) -> Result<TiffTags, Fault> {
        let start = self.take(4)?;
        let is_little = start.starts_with(b"II");
        let is_big = start[2..4].contains(&43);
        let number = |bytes: &[u8]| {
            let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
            if is_little {
                bytes.iter().rev().fold(0, add)
            } else {
                bytes.iter().fold(0, add)
            }
        };
        // The width of an offset, and of the number of tags.
        let (wide, count) = if is_big { (8, 8) } else { (4, 2) };
        if is_big {
            self.take(4)?;
        }
        self.place = usize::try_from(number(self.take(wide)?)).map_err(|_large| Fault::CutOff)?;
        let count = number(self.take(count)?);
        let (mut offsets, mut sizes): (&[u8], &[u8]) = (&[], &[]);
        let (mut offset_width, mut size_width, mut bits, mut samples) = (1, 1, 8, 1);
        let (mut width, mut height, mut compression, mut palette) = (0, 0, 1, None);
        for _ in 0..count {
            let entry = self.take(4 + 2 * wide)?;
            let [tag, kind] = [&entry[..2], &entry[2..4]].map(number);
            let size = match kind {
                3 | 8 => 2_usize,
                4 | 9 | 11 | 13 => 4,
                5 | 10 | 12 | 16..=18 => 8,
                _ => 1,
            };
            let len = number(&entry[4..4 + wide]).saturating_mul(size as u64) as usize;
            let inline = &entry[4 + wide..];
            let mut value = Cursor {
                bytes: inline,
                place: 0,
            };
            if len > wide {
                value = Cursor {
                    bytes: self.bytes,
                    place: number(inline) as usize,
                };
            }
            let value = value.take(len)?;
            let numbers = || value.chunks_exact(size).map(number);
            let first = |default| numbers().next().unwrap_or(default);
            match tag {
                // The decoder prints to standard error when it expects a number and finds text.
                _ if kind == 2 && (254..=284).contains(&tag) && !matches!(tag, 269..=272) => {
                    return Err(Fault::Damaged);
                }
                256 => width = first(width),
                257 => height = first(height),
                258 => bits = first(bits),
                259 => compression = first(compression),
                262 if first(0) == 3 && len <= wide => {
                    let three = inline.iter().position(|&byte| byte == 3);
                    palette = three.map(|three| self.place - wide + three);
                }
                277 => samples = first(samples),
                273 | 324 => (offsets, offset_width) = (value, size),
                279 | 325 => (sizes, size_width) = (value, size),
                _ => {}
            }
        }
        self.place = self.bytes.len();
        // The decoder holds two copies, and a strip beside them.
        let mut working_bytes = 2 * bits.saturating_mul(samples).div_ceil(8).clamp(1, 64);
        let most = width.saturating_mul(height).max(LARGE_TILE);
        let offsets = offsets.chunks_exact(offset_width).map(number);
        let sizes = sizes.chunks_exact(size_width).map(number);
        for (offset, size) in offsets.zip(sizes) {
            let end = offset.saturating_add(size);
            let range = usize::try_from(offset).ok().zip(usize::try_from(end).ok());
            let chunk = range.and_then(|(start, end)| self.bytes.get(start..end));
            let chunk = chunk.ok_or(Fault::CutOff)?;
            if compression == JPEG_IN_TIFF {
                let mut chunk = Cursor {
                    bytes: chunk,
                    place: 0,
                };
                let frame = chunk.jpeg()?;
                if frame.pixels > most {
                    return Err(Fault::Damaged);
                }
                // The size of a strip is at most the picture's.
                working_bytes = working_bytes.max(2 * samples.clamp(1, 64) + frame.working_bytes);
            }
        }
        Ok(TiffTags {
            working_bytes,
            palette,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_picture_is_left_out() {
        let cases: [(ImageFormat, &[u8], usize); 4] = [
            (
                ImageFormat::Jpeg,
                b"\xff\xd8\xff\xfe\0\x04hi\xff\xff\xd9",
                11,
            ),
            (
                ImageFormat::Gif,
                b"GIF89a\x01\0\x01\0\0\0\0\x21\xfe\x01a\0\x3b",
                19,
            ),
            (
                ImageFormat::Png,
                b"\x89PNG\r\n\x1a\n\0\0\0\x01tESt....\x2a\0\0\0\0IEND....",
                33,
            ),
            (ImageFormat::WebP, b"RIFF\x0e\0\0\0WEBPEXIF\x02\0\0\0ab", 22),
        ];
        for (format, whole, len) in cases {
            for rest in [b"".as_slice(), b"\xff\xff\xff\xffEXIF"] {
                let file = [whole, rest].concat();
                let container = Container::check(&file, format).map(|whole| whole.bytes.len());
                assert_eq!(container, Ok(len), "{format:?}");
            }
            for cut in 0..len {
                let found = Container::check(&whole[..cut], format);
                assert_eq!(found, Err(Fault::CutOff), "{format:?}, {cut} bytes");
            }
        }
    }

    #[test]
    fn a_length_beyond_the_file_is_damage() {
        let webp = b"RIFF\x0e\0\0\0WEBPEXIF\xf0\xff\xff\xffab";
        let found = Container::check(webp, ImageFormat::WebP);
        assert_eq!(found, Err(Fault::Damaged), "4 GB of EXIF in a whole file");
        let entry = |tag: u8, kind: u8| [tag, 1, kind, 0, 100, 0, 0, 0, 8, 0, 0, 0];
        let tiff = |entry: [u8; 12]| [b"II*\0\x08\0\0\0\x01\0".as_slice(), &entry].concat();
        let cases = [
            (tiff(entry(17, 4)), Fault::CutOff, "strips beyond the file"),
            (tiff(entry(17, 2)), Fault::CutOff, "so is text"),
        ];
        for (bytes, fault, reason) in cases {
            let found = Container::check(&bytes, ImageFormat::Tiff);
            assert_eq!(found, Err(fault), "{reason}");
        }
        // 2×2 pixels, and a strip that is the start of a JPEG of 16,000×16,000.
        let jpeg = b"\xff\xd8\xff\xc0\0\x0b\x08\x3e\x80\x3e\x80\x01\x01\x11\0\xff\xd9";
        let tags = [(256_u16, 2_u32), (257, 2), (259, 7), (273, 8), (279, 17)];
        let mut bomb = [b"II*\0\x1c\0\0\0".as_slice(), jpeg, &[0; 3], &[5, 0]].concat();
        for (tag, value) in tags {
            bomb.extend(tag.to_le_bytes());
            bomb.extend([4_u8, 0, 1, 0, 0, 0]);
            bomb.extend(value.to_le_bytes());
        }
        let found = Container::check(&bomb, ImageFormat::Tiff);
        assert_eq!(found, Err(Fault::Damaged), "a strip of 256 million pixels");
        let mut text = tiff(entry(18, 2));
        text.extend([b'a'; 100]);
        let found = Container::check(&text, ImageFormat::Tiff);
        assert_eq!(found, Err(Fault::Damaged), "an orientation in words");
    }
}
