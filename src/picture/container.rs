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
}

impl<'a> Container<'a> {
    pub(super) fn check(bytes: &'a [u8], format: ImageFormat) -> Result<Self, Fault> {
        let mut file = Cursor { bytes, place: 0 };
        let working_bytes = match format {
            ImageFormat::Jpeg => file.jpeg()?,
            ImageFormat::Png => file.png()?,
            ImageFormat::WebP => file.webp()?,
            ImageFormat::Gif => file.gif()?,
            ImageFormat::Tiff => file.tiff()?,
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
        })
    }
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
    fn jpeg(&mut self) -> Result<u64, Fault> {
        let (mut components, mut scans, mut is_progressive) = (0, 0, false);
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
                            components = segment.get(5).copied().unwrap_or_default();
                            is_progressive = marker == 0xc2;
                        }
                        _ => {}
                    }
                }
            }
        }
        // The decoder keeps the coefficients of all scans, two bytes each.
        let keeps_coefficients = is_progressive || scans > 1;
        Ok(2 * u64::from(components) * u64::from(keeps_coefficients))
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

    /// Adobe's TIFF 6.0, section 2: the tags of the first picture, and its strips or tiles.
    fn tiff(&mut self) -> Result<u64, Fault> {
        let is_little = self.take(4)?.starts_with(b"II");
        let number = |bytes: &[u8]| {
            let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
            if is_little {
                bytes.iter().rev().fold(0, add)
            } else {
                bytes.iter().fold(0, add)
            }
        };
        self.place = number(self.take(4)?) as usize;
        let count = number(self.take(2)?);
        let (mut offsets, mut sizes): (&[u8], &[u8]) = (&[], &[]);
        let (mut offset_width, mut size_width, mut bits, mut samples) = (1, 1, 8, 1);
        for _ in 0..count {
            let entry = self.take(12)?;
            let [tag, kind] = [&entry[..2], &entry[2..4]].map(number);
            let width = match kind {
                3 | 8 => 2_usize,
                4 | 9 | 11 | 13 => 4,
                5 | 10 | 12 | 16..=18 => 8,
                _ => 1,
            };
            let len = number(&entry[4..8]).saturating_mul(width as u64) as usize;
            let mut value = Cursor {
                bytes: &entry[8..],
                place: 0,
            };
            if len > 4 {
                value = Cursor {
                    bytes: self.bytes,
                    place: number(&entry[8..]) as usize,
                };
            }
            let value = value.take(len)?;
            let numbers = || value.chunks_exact(width).map(number);
            match tag {
                // The decoder prints to standard error when it expects a number and finds text.
                _ if kind == 2 && (254..=284).contains(&tag) && !matches!(tag, 269..=272) => {
                    return Err(Fault::Damaged);
                }
                258 => bits = numbers().next().unwrap_or(bits),
                277 => samples = numbers().next().unwrap_or(samples),
                273 | 324 => (offsets, offset_width) = (value, width),
                279 | 325 => (sizes, size_width) = (value, width),
                _ => {}
            }
        }
        self.place = self.bytes.len();
        let is_beyond =
            |(offset, size): (u64, u64)| offset.saturating_add(size) > self.place as u64;
        let offsets = offsets.chunks_exact(offset_width).map(number);
        let sizes = sizes.chunks_exact(size_width).map(number);
        if offsets.zip(sizes).any(is_beyond) {
            return Err(Fault::CutOff);
        }
        // The decoder holds two copies, and a strip beside them.
        Ok(2 * (bits * samples).div_ceil(8).clamp(1, 64))
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
        let mut text = tiff(entry(18, 2));
        text.extend([b'a'; 100]);
        let found = Container::check(&text, ImageFormat::Tiff);
        assert_eq!(found, Err(Fault::Damaged), "an orientation in words");
    }
}
