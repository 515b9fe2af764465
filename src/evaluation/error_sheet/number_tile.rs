//! A tile of the error sheet with a number: its ink, colored and bracketed digit by digit, and its caption.

use image::{Rgb, RgbImage};

use super::{INK, LARGE, MARGIN, SMALL, WEAK, WRONG};
use crate::{
    evaluation::numbers::ReadNumber,
    format,
    ink::{Bounds, Ink, Point, raster::Raster, smooth},
    picture::paint::{draw_text, mix},
    recognition::number::NumberDigit,
};

/// The room for the ink, in pixels.
const ROOM: [usize; 2] = [344, 76];
/// The heights below the ink: the bracket of a digit with its reading, and the caption.
const READING: usize = 22;
const CAPTION: usize = 24;
/// The size of a tile with its margins, in pixels. Three fit into the width of the sheet.
pub(super) const TILE: [usize; 2] = [
    ROOM[0] + 2 * MARGIN,
    ROOM[1] + READING + CAPTION + 2 * MARGIN,
];
/// The width of the pen, and the largest distance of a path from its curve, in pixels.
const PEN: f32 = 2.4;
const TOLERANCE: f32 = 0.1;
/// The distance of a bracket from its digit, and the length of its ends.
const GAP: f32 = 3.0;
const END: f32 = 3.0;
/// Digits have these colors in turn, so that a cut is seen.
const COLORS: [Rgb<u8>; 2] = [INK, Rgb([24, 100, 200])];
/// Ink that belongs to no digit.
const REST: Rgb<u8> = Rgb([190, 196, 206]);

/// Places of the ink on the sheet.
struct TilePlace {
    corner: [f32; 2],
    /// The left top of the ink, which is at the corner.
    origin: Point,
    scale: f32,
}

impl TilePlace {
    /// Fits the ink into the room of a tile, on its bottom.
    fn of(bounds: &Bounds, [left, top]: [usize; 2]) -> Self {
        let size = [bounds.max.x - bounds.min.x, bounds.max.y - bounds.min.y];
        let room = ROOM.map(|side| side as f32 - PEN);
        let fit = |axis: usize| room[axis] / size[axis].max(f32::MIN_POSITIVE);
        let scale = fit(0).min(fit(1));
        let above = room[1] - scale * size[1];
        Self {
            corner: [
                left as f32 + PEN / 2.0,
                top as f32 + PEN / 2.0 + above.max(0.0),
            ],
            origin: bounds.min,
            scale,
        }
    }

    fn on_sheet(&self, point: Point) -> Point {
        let off = [point.x - self.origin.x, point.y - self.origin.y];
        let [x, y] = [0, 1].map(|axis| self.corner[axis] + self.scale * off[axis]);
        Point::new(x, y)
    }
}

/// Draws the tile with its left top corner here.
pub(super) fn draw(sheet: &mut RgbImage, [left, top]: [usize; 2], read: &ReadNumber) {
    let Some(bounds) = read.labeled.ink.bounds() else {
        return;
    };
    let [left, top] = [left, top].map(|start| start + MARGIN);
    let place = TilePlace::of(&bounds, [left, top]);
    draw_ink(sheet, &read.labeled.ink, &place, REST);
    let mut count = 0;
    for digit in &read.division.digits {
        if !digit.is_digit {
            draw_ink(sheet, &digit.ink, &place, WEAK);
            continue;
        }
        let color = COLORS[count % COLORS.len()];
        draw_ink(sheet, &digit.ink, &place, color);
        // Which digit is wrong is known only where none is missing.
        let is_wrong = read.division.text().len() == read.labeled.text.len()
            && read.labeled.text[count..=count] != digit.digit.to_string();
        draw_bracket(sheet, digit, &place, if is_wrong { WRONG } else { color });
        count += 1;
    }
    draw_caption(sheet, [left, top + ROOM[1] + READING + CAPTION], read);
}

fn draw_ink(sheet: &mut RgbImage, ink: &Ink, place: &TilePlace, color: Rgb<u8>) {
    let strokes = ink.strokes().iter();
    let lines: Vec<Vec<Point>> = strokes
        .map(|stroke| {
            let points: Vec<Point> = stroke
                .points()
                .iter()
                .map(|&it| place.on_sheet(it))
                .collect();
            smooth::flatten(&points, TOLERANCE)
        })
        .collect();
    // In the pixels of this ink alone.
    let Some(Bounds { min, max }) = Bounds::of(lines.iter().flatten()) else {
        return;
    };
    let [left, top] = [min.x, min.y].map(|at| (at - PEN).max(0.0).floor());
    let [width, height] = [max.x - left, max.y - top].map(|side| (side + PEN) as usize + 1);
    let shifted = lines.iter().map(|line| {
        let shifted = line.iter().map(|point| *point - Point::new(left, top));
        shifted.collect()
    });
    let raster = Raster::draw(&shifted.collect::<Vec<_>>(), PEN, width, height);
    for (index, &ink) in raster.pixels().iter().enumerate() {
        let (x, y) = (left as usize + index % width, top as usize + index / width);
        if let Some(pixel) = sheet.get_pixel_mut_checked(x as u32, y as u32) {
            *pixel = mix(*pixel, color, ink.min(1.0));
        }
    }
}

/// Draws a bracket below a digit, and its reading below that.
fn draw_bracket(sheet: &mut RgbImage, digit: &NumberDigit, place: &TilePlace, color: Rgb<u8>) {
    let [min, max] = [digit.bounds.min, digit.bounds.max].map(|corner| place.on_sheet(corner));
    let [left, right] = [min.x - PEN / 2.0, max.x + PEN / 2.0].map(|x| x.max(0.0) as u32);
    let bottom = (max.y + PEN / 2.0 + GAP + END) as u32;
    let ends = (0..END as u32).flat_map(|above| [[left, bottom - above], [right, bottom - above]]);
    for [x, y] in (left..=right).map(|x| [x, bottom]).chain(ends) {
        if let Some(pixel) = sheet.get_pixel_mut_checked(x, y) {
            *pixel = color;
        }
    }
    // A digit of Roboto is 0.48 of its size wide.
    let x = f32::midpoint(left as f32, right as f32) - 0.24 * SMALL;
    let text = digit.digit.to_string();
    draw_text(sheet, &text, [x, bottom as f32 + 12.0], SMALL, color);
}

/// Draws "4207 > 4201 63%": the label, the reading and the confidence of the division.
fn draw_caption(sheet: &mut RgbImage, [left, baseline]: [usize; 2], read: &ReadNumber) {
    let found = read.text.as_deref().unwrap_or("no number");
    let confidence = f64::from(read.division.confidence());
    let percent = format::percent_number(confidence, 0) + "%";
    // Within the tile, however long the number is.
    let letters = (read.labeled.text.len() + found.len() + percent.len() + 3) as f32;
    let size = LARGE.min(ROOM[0] as f32 / (0.55 * letters));
    let mut x = left as f32;
    let parts = [
        (&*read.labeled.text, size, INK),
        (">", SMALL.min(size), WEAK),
        (found, size, WRONG),
        (&percent, SMALL.min(size), WEAK),
    ];
    for (text, size, color) in parts {
        let start = [x, baseline as f32 - 4.0];
        x = draw_text(sheet, text, start, size, color) + 0.2 * size;
    }
}

#[cfg(test)]
mod tests {
    use super::{super::PAPER, *};
    use crate::{
        bitmap::{CLASSES, Digit},
        evaluation::evaluation_set::LabeledNumber,
        ink::Stroke,
        model::calibration::Calibration,
        recognition::{Prediction, number::Number},
    };

    /// Two upright strokes, each a digit that is read as a 1, with this label.
    fn labeled(text: &str) -> LabeledNumber {
        let stroke = |x: f32| Stroke::new(vec![Point::new(x, 0.2), Point::new(x, 0.8)]);
        LabeledNumber {
            ink: [0.2, 0.6].into_iter().filter_map(stroke).collect(),
            text: text.to_owned(),
            spacing: None,
        }
    }

    fn tile(text: &str, found: Option<&str>) -> RgbImage {
        let mut logits = [0.0; CLASSES];
        logits[1] = 5.0;
        let one = Prediction::from_logits(&logits, &Calibration::default());
        assert_eq!(one.digit(), Digit::ALL[1], "each stroke is read as a 1");
        let labeled = labeled(text);
        let read = ReadNumber {
            division: Number::of_strokes(&labeled.ink, &one),
            labeled: &labeled,
            text: found.map(str::to_owned),
        };
        let mut sheet = RgbImage::from_pixel(TILE[0] as u32, TILE[1] as u32, PAPER);
        draw(&mut sheet, [0, 0], &read);
        sheet
    }

    /// How many pixels of a part of the tile have a color.
    fn count(sheet: &RgbImage, color: Rgb<u8>, rows: std::ops::Range<usize>) -> usize {
        let pixels = sheet.enumerate_pixels();
        pixels
            .filter(|(_, y, pixel)| rows.contains(&(*y as usize)) && **pixel == color)
            .count()
    }

    #[test]
    fn each_digit_has_its_color_and_a_wrong_one_a_red_bracket() {
        let ink = MARGIN..MARGIN + ROOM[1];
        let readings = ink.end..ink.end + READING;
        let right = tile("11", Some("17"));
        for color in COLORS {
            assert!(count(&right, color, ink.clone()) > 50, "a stroke");
            assert!(count(&right, color, readings.clone()) > 5, "its bracket");
        }
        assert_eq!(count(&right, WRONG, readings.clone()), 0, "both are 1");
        let wrong = tile("17", Some("11"));
        let [first, second] = COLORS.map(|color| count(&wrong, color, readings.clone()));
        assert!(
            first > 5 && second == 0,
            "the first is right: {first}, {second}"
        );
        assert!(
            count(&wrong, WRONG, readings.clone()) > 5,
            "the second is not"
        );
        let missing = tile("177", Some("11"));
        assert_eq!(count(&missing, WRONG, readings), 0, "any may be missing");
    }

    #[test]
    fn captions_stay_within_their_tile() {
        let long = "1234567890".repeat(6);
        let cases = [
            ("17", Some("11")),
            ("17", None),
            (long.as_str(), Some(long.as_str())),
        ];
        for (text, found) in cases {
            let sheet = tile(text, found);
            let caption = MARGIN + ROOM[1] + READING..TILE[1];
            let inked = |x: usize| {
                let mut rows = caption.clone();
                rows.any(|y| *sheet.get_pixel(x as u32, y as u32) != PAPER)
            };
            assert!((0..TILE[0]).any(inked), "{text}: there is a caption");
            assert!(!inked(0) && !inked(TILE[0] - 1), "{text}: it is whole");
        }
    }
}
