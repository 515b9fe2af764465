//! The input of a network, and the ten digits.

use std::fmt;

/// Width and height of a [`Bitmap`], in pixels.
pub const SIDE: usize = 28;
/// Pixels of a [`Bitmap`].
pub const PIXELS: usize = SIDE * SIDE;
/// The number of digits.
pub const CLASSES: usize = 10;

/// A 28×28 grayscale picture in MNIST's convention: row by row from the top left, 0 is paper, 1 is ink.
#[derive(Clone, PartialEq)]
pub struct Bitmap(Box<[f32; PIXELS]>);

impl Bitmap {
    /// A picture without ink.
    pub fn blank() -> Self {
        Self(Box::new([0.0; PIXELS]))
    }

    /// Clamps the pixels to 0..=1. NaN becomes 0.
    pub fn from_pixels(pixels: &[f32; PIXELS]) -> Self {
        let valid = |pixel: f32| {
            if pixel.is_nan() {
                0.0
            } else {
                pixel.clamp(0.0, 1.0)
            }
        };
        Self(Box::new(pixels.map(valid)))
    }

    /// Reads bytes as MNIST stores them: 0 is paper, 255 is ink.
    pub fn from_bytes(bytes: &[u8; PIXELS]) -> Self {
        Self(Box::new(bytes.map(|byte| f32::from(byte) / 255.0)))
    }

    /// The pixels, row by row from the top left, each in 0..=1.
    pub fn pixels(&self) -> &[f32; PIXELS] {
        &self.0
    }

    /// The pixels as MNIST stores them, rounded to the nearest of 0..=255.
    pub fn to_bytes(&self) -> [u8; PIXELS] {
        self.0.map(|pixel| (pixel * 255.0).round() as u8)
    }

    /// Whether there is no ink.
    pub fn is_blank(&self) -> bool {
        self.0.iter().all(|&pixel| pixel == 0.0)
    }
}

/// The picture in characters, so that a failed assertion is readable.
impl fmt::Debug for Bitmap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Bitmap")?;
        for row in self.0.chunks_exact(SIDE) {
            let shades = [' ', '.', ':', '+', '#', '@'];
            let line: String = row
                .iter()
                .map(|p| shades[(p * 5.0).round() as usize])
                .collect();
            writeln!(f, "|{line}|")?;
        }
        Ok(())
    }
}

/// One of the ten digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digit(u8);

impl Digit {
    /// All digits in order.
    pub const ALL: [Self; CLASSES] = {
        let mut all = [Self(0); CLASSES];
        let mut value = 0;
        while value < CLASSES {
            all[value] = Self(value as u8);
            value += 1;
        }
        all
    };

    /// The digit of a value, or `None` above 9.
    pub fn new(value: u8) -> Option<Self> {
        (usize::from(value) < CLASSES).then_some(Self(value))
    }

    /// Its value, 0..=9.
    pub fn value(self) -> u8 {
        self.0
    }

    /// Its value as an index.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The digit with the largest of ten values; the first of equal ones.
    pub fn of_largest(values: &[f32; CLASSES]) -> Self {
        let mut best = Self(0);
        for digit in Self::ALL {
            if values[digit.index()] > values[best.index()] {
                best = digit;
            }
        }
        best
    }
}

impl fmt::Display for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_stay_in_range() {
        let mut pixels = [0.5; PIXELS];
        pixels[0] = -1.0;
        pixels[1] = 7.0;
        pixels[2] = f32::NAN;
        pixels[3] = f32::INFINITY;
        let bitmap = Bitmap::from_pixels(&pixels);
        assert_eq!(
            bitmap.pixels()[..5],
            [0.0, 1.0, 0.0, 1.0, 0.5],
            "clamped; NaN becomes paper"
        );
    }

    #[test]
    fn bytes_survive_a_round_trip() {
        let bytes: [u8; PIXELS] = std::array::from_fn(|i| (i % 256) as u8);
        assert_eq!(
            Bitmap::from_bytes(&bytes).to_bytes(),
            bytes,
            "every byte value"
        );
    }

    #[test]
    fn only_ten_digits_exist() {
        assert_eq!(Digit::new(9).map(Digit::value), Some(9), "9 is a digit");
        assert_eq!(Digit::new(10), None, "10 is not");
        assert_eq!(
            Digit::ALL.map(Digit::index),
            std::array::from_fn(|i| i),
            "in order"
        );
    }

    #[test]
    fn the_first_of_the_largest_values_wins() {
        let mut values = [0.1; CLASSES];
        assert_eq!(Digit::of_largest(&values).value(), 0, "all equal");
        values[7] = 0.4;
        values[9] = 0.4;
        assert_eq!(Digit::of_largest(&values).value(), 7, "first of two");
    }
}
