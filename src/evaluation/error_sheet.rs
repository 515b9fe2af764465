//! A contact sheet: many small pictures on one, each with what it shows and what it was read as.

use crate::bitmap::SIDE;

use super::{Measurement, Selection};

/// The most pictures on one sheet: so many can still be looked at.
pub const MOST: usize = 300;
/// Pictures beside each other.
const COLUMNS: usize = 15;
/// Pixels of the sheet for each of a picture's, and for each of a character's.
const SCALE: usize = 2;
/// The room of a picture with its caption and the paper around it, in pixels.
const TILE: [usize; 2] = [SIDE * SCALE + 16, SIDE * SCALE + GLYPH[1] * SCALE + 18];
/// From the tile's edge to the picture, in pixels.
const MARGIN: usize = 8;
/// The size of a character, in its own pixels.
const GLYPH: [usize; 2] = [5, 7];

const PAPER: [u8; 3] = [255, 255, 255];
const FRAME: [u8; 3] = [211, 215, 224];
const INK: [u8; 3] = [23, 26, 33];
/// Of what the picture was misclassified as.
const WRONG: [u8; 3] = [192, 43, 43];
/// Of how sure of it the model was.
const WEAK: [u8; 3] = [92, 100, 115];

/// The digits, a greater-than sign and a percent sign, row by row from the top, the leftmost pixel in
/// the highest of five bits.
const GLYPHS: [[u8; 7]; 12] = [
    [0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e],
    [0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e],
    [0x0e, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1f],
    [0x1f, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0e],
    [0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02],
    [0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e],
    [0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e],
    [0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08],
    [0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e],
    [0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c],
    [0x10, 0x08, 0x04, 0x02, 0x04, 0x08, 0x10],
    [0x18, 0x19, 0x02, 0x04, 0x08, 0x13, 0x03],
];

/// A picture of 8-bit red, green and blue, row by row from the top left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// `width * height * 3` bytes.
    pub pixels: Vec<u8>,
}

impl Sheet {
    /// The misclassified pictures, the worst first, at most [`MOST`] of them. Below each stands what it
    /// shows, what it was read as, and how sure of that the model was. Without any it is a blank tile.
    pub fn from_errors(measurement: &Measurement) -> Self {
        let indices = measurement.indices(Selection::Misclassified);
        let shown = &indices[..indices.len().min(MOST)];
        let columns = shown.len().clamp(1, COLUMNS);
        let mut sheet = Self::blank(columns, shown.len().div_ceil(columns).max(1));
        for (place, &index) in shown.iter().enumerate() {
            let [left, top] = [place % columns * TILE[0], place / columns * TILE[1]];
            sheet.tile(left, top, measurement, index);
        }
        sheet
    }

    fn blank(columns: usize, rows: usize) -> Self {
        let (width, height) = (columns * TILE[0], rows * TILE[1]);
        Self {
            width,
            height,
            pixels: PAPER.repeat(width * height),
        }
    }

    fn tile(&mut self, left: usize, top: usize, measurement: &Measurement, index: usize) {
        let (x, y) = (left + MARGIN, top + MARGIN);
        let side = SIDE * SCALE;
        self.fill([x - 1, y - 1], [side + 2, side + 2], FRAME);
        for (place, pixel) in measurement.bitmap(index).pixels().iter().enumerate() {
            let corner = [x + place % SIDE * SCALE, y + place / SIDE * SCALE];
            let mixed = std::array::from_fn(|channel| {
                let [paper, ink] = [PAPER, INK].map(|color| f32::from(color[channel]));
                (paper + (ink - paper) * pixel).round() as u8
            });
            self.fill(corner, [SCALE, SCALE], mixed);
        }
        let reading = &measurement.readings()[index];
        let below = y + side + 6;
        let advance = (GLYPH[0] + 1) * SCALE;
        let read = reading.prediction.digit();
        self.glyph([x, below], SCALE, reading.truth.index(), INK);
        self.glyph([x + advance, below], SCALE, 10, WEAK);
        self.glyph([x + 2 * advance, below], SCALE, read.index(), WRONG);
        self.percent([x + side, below], reading.prediction.confidence());
    }

    /// How sure the model was, in small characters that end at a place. 100 would claim too much.
    fn percent(&mut self, [right, top]: [usize; 2], confidence: f32) {
        let whole = ((confidence * 100.0).round() as usize).min(99);
        let advance = GLYPH[0] + 1;
        let low = top + GLYPH[1] * (SCALE - 1);
        for (place, glyph) in [11, whole % 10, whole / 10].into_iter().enumerate() {
            self.glyph([right - (place + 1) * advance, low], 1, glyph, WEAK);
        }
    }

    fn glyph(&mut self, [left, top]: [usize; 2], scale: usize, glyph: usize, color: [u8; 3]) {
        for (row, bits) in GLYPHS[glyph].iter().enumerate() {
            for column in 0..GLYPH[0] {
                if bits >> (GLYPH[0] - 1 - column) & 1 == 1 {
                    let corner = [left + column * scale, top + row * scale];
                    self.fill(corner, [scale, scale], color);
                }
            }
        }
    }

    fn fill(&mut self, [left, top]: [usize; 2], [width, height]: [usize; 2], color: [u8; 3]) {
        for y in top..top + height {
            let start = (y * self.width + left) * 3;
            for pixel in self.pixels[start..start + width * 3].as_chunks_mut().0 {
                *pixel = color;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::tests::measured;

    fn pixel(sheet: &Sheet, x: usize, y: usize) -> [u8; 3] {
        let start = (y * sheet.width + x) * 3;
        [0, 1, 2].map(|channel| sheet.pixels[start + channel])
    }

    #[test]
    fn each_misread_picture_has_its_tile() {
        let mut rows = vec![(4, 9, 255); 40];
        rows.extend([(1, 1, 255); 5]);
        let sheet = Sheet::from_errors(&measured(&rows));
        assert_eq!(
            [sheet.width, sheet.height],
            [COLUMNS * TILE[0], 3 * TILE[1]],
            "forty in three rows"
        );
        assert_eq!(sheet.pixels.len(), sheet.width * sheet.height * 3, "whole");
        // Each of these pictures has one inked pixel, the tenth of its first row.
        for place in 0..40 {
            let (left, top) = (place % COLUMNS * TILE[0], place / COLUMNS * TILE[1]);
            let ink = pixel(&sheet, left + MARGIN + 9 * SCALE, top + MARGIN);
            assert_eq!(ink, INK, "tile {place}");
        }
        let unused =
            &sheet.pixels[((2 * TILE[1] + MARGIN) * sheet.width + 10 * TILE[0]) * 3..][..3];
        assert_eq!(unused, PAPER, "there is no forty-first");
    }

    #[test]
    fn there_are_no_more_than_can_be_looked_at_and_none_is_no_fault() {
        let cases = [
            (0, [1, 1], "none"),
            (1, [1, 1], "one"),
            (16, [15, 2], "one more than a row"),
            (MOST + 7, [15, MOST / 15], "too many"),
        ];
        for (count, [columns, rows], reason) in cases {
            let sheet = Sheet::from_errors(&measured(&vec![(2, 3, 200); count]));
            let expected = [columns * TILE[0], rows * TILE[1]];
            assert_eq!([sheet.width, sheet.height], expected, "{reason}");
        }
    }

    #[test]
    fn characters_differ_from_each_other() {
        for (index, glyph) in GLYPHS.iter().enumerate() {
            assert!(
                glyph.iter().all(|row| *row < 32),
                "five pixels wide: {index}"
            );
            assert!(!GLYPHS[..index].contains(glyph), "its own form: {index}");
        }
    }
}
