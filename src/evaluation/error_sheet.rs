//! The error sheet: one picture of the misclassified images, each with its true and its predicted digit, and of the
//! numbers that are not read rightly.

mod number_tile;

use image::{Rgb, RgbImage};

use super::{Evaluation, Selection, numbers::ReadNumber};
use crate::{
    bitmap::SIDE,
    format,
    picture::paint::{draw_text, mix},
};

/// The most images on one sheet.
pub const MAX_IMAGES: usize = 300;
/// The most numbers on one sheet.
const MAX_NUMBERS: usize = 150;
/// Images per row.
const COLUMNS: usize = 15;
/// Numbers per row.
const NUMBER_COLUMNS: usize = 3;
/// Pixels of the sheet per pixel of an image.
const SCALE: usize = 2;
/// Around an image, in pixels.
const MARGIN: usize = 8;
/// The height of the caption below an image, in pixels.
const CAPTION: usize = 18;
/// The size of an image with its caption and its margins, in pixels.
const TILE: [usize; 2] = [
    SIDE * SCALE + 2 * MARGIN,
    SIDE * SCALE + 2 * MARGIN + CAPTION,
];

/// The sizes of the digits and of the confidence, in pixels.
const LARGE: f32 = 19.0;
const SMALL: f32 = 13.0;

const PAPER: Rgb<u8> = Rgb([255, 255, 255]);
const FRAME: Rgb<u8> = Rgb([211, 215, 224]);
const INK: Rgb<u8> = Rgb([23, 26, 33]);
/// The predicted digit.
const WRONG: Rgb<u8> = Rgb([192, 43, 43]);
/// The confidence.
const WEAK: Rgb<u8> = Rgb([92, 100, 115]);

/// Draws the misclassified images by descending loss, at most [`MAX_IMAGES`] of them: "4 > 9" below an
/// image means a 4 that is predicted as 9; the confidence follows. Below them are the numbers that are not read
/// rightly: first those that are misread, the most confident first. Without any the sheet is one blank tile.
pub fn error_sheet(evaluation: &Evaluation, numbers: &[ReadNumber]) -> RgbImage {
    let indices = evaluation.indices(Selection::Misclassified);
    let indices = &indices[..indices.len().min(MAX_IMAGES)];
    let mut wrong: Vec<&ReadNumber> = numbers.iter().filter(|it| !it.is_right()).collect();
    wrong.sort_by(|a, b| {
        let by_text = b.text.is_some().cmp(&a.text.is_some());
        by_text.then(b.division.confidence().total_cmp(&a.division.confidence()))
    });
    wrong.truncate(MAX_NUMBERS);
    let columns = [indices.len().min(COLUMNS), wrong.len().min(NUMBER_COLUMNS)];
    let rows = [
        indices.len().div_ceil(COLUMNS),
        wrong.len().div_ceil(NUMBER_COLUMNS),
    ];
    let width = (columns[0] * TILE[0]).max(columns[1] * number_tile::TILE[0]);
    let top_of_numbers = rows[0] * TILE[1];
    let height = top_of_numbers + rows[1] * number_tile::TILE[1];
    let size = [width.max(TILE[0]), height.max(TILE[1])].map(|side| side as u32);
    let mut sheet = RgbImage::from_pixel(size[0], size[1], PAPER);
    for (place, &index) in indices.iter().enumerate() {
        let corner = [place % COLUMNS * TILE[0], place / COLUMNS * TILE[1]];
        draw_tile(&mut sheet, corner, evaluation, index);
    }
    for (place, number) in wrong.into_iter().enumerate() {
        let [width, height] = number_tile::TILE;
        let (column, row) = (place % NUMBER_COLUMNS, place / NUMBER_COLUMNS);
        let corner = [column * width, top_of_numbers + row * height];
        number_tile::draw(&mut sheet, corner, number);
    }
    sheet
}

/// Draws an image with its caption.
fn draw_tile(sheet: &mut RgbImage, corner: [usize; 2], evaluation: &Evaluation, index: usize) {
    let [left, top] = corner.map(|start| start + MARGIN);
    draw_image(sheet, [left, top], evaluation, index);
    let result = &evaluation.results()[index];
    let mut text = |text: &str, x: f32, size: f32, color| {
        let start = [x, (top + SIDE * SCALE + CAPTION) as f32];
        draw_text(sheet, text, start, size, color)
    };
    let prediction = &result.prediction;
    let mut x = text(&result.truth.to_string(), left as f32, LARGE, INK);
    x = text(">", x + 2.0, SMALL, WEAK);
    x = text(&prediction.digit().to_string(), x + 2.0, LARGE, WRONG);
    let percent = format::percent_number(f64::from(prediction.confidence()), 0) + "%";
    text(&percent, x + 3.0, SMALL, WEAK);
}

/// Draws an image and a frame around it.
fn draw_image(
    sheet: &mut RgbImage,
    [left, top]: [usize; 2],
    evaluation: &Evaluation,
    index: usize,
) {
    let side = SIDE * SCALE;
    for y in 0..side + 2 {
        for x in 0..side + 2 {
            sheet.put_pixel((left + x - 1) as u32, (top + y - 1) as u32, FRAME);
        }
    }
    let bitmap = evaluation.set().bitmap(index);
    for y in 0..side {
        for x in 0..side {
            let ink = bitmap.pixels()[y / SCALE * SIDE + x / SCALE];
            sheet.put_pixel((left + x) as u32, (top + y) as u32, mix(PAPER, INK, ink));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::evaluated, *};

    fn sheet(rows: &[(u8, u8, u8)]) -> RgbImage {
        error_sheet(&evaluated(rows), &[])
    }

    /// The pixels in a part of a tile that are not paper.
    fn inked(sheet: &RgbImage, tile: [usize; 2], rows: std::ops::Range<usize>) -> Vec<[u32; 2]> {
        let [left, top] = [tile[0] * TILE[0], tile[1] * TILE[1]];
        let places = rows.flat_map(|y| (0..TILE[0]).map(move |x| [x, y].map(|part| part as u32)));
        places
            .filter(|[x, y]| *sheet.get_pixel(left as u32 + x, top as u32 + y) != PAPER)
            .collect()
    }

    const BELOW_IMAGE: usize = MARGIN + SIDE * SCALE + 1;

    #[test]
    fn each_misclassified_image_has_its_tile() {
        let mut rows = vec![(4, 9, 255); 40];
        rows.extend([(1, 1, 255); 5]);
        let sheet = sheet(&rows);
        assert_eq!(
            [sheet.width() as usize, sheet.height() as usize],
            [COLUMNS * TILE[0], 3 * TILE[1]],
            "forty in three rows"
        );
        // Each of these images has one inked pixel, the tenth of its first row.
        for place in 0..40 {
            let (left, top) = (place % COLUMNS * TILE[0], place / COLUMNS * TILE[1]);
            let [x, y] = [left + MARGIN + 9 * SCALE, top + MARGIN].map(|at| at as u32);
            assert_eq!(*sheet.get_pixel(x, y), INK, "tile {place}");
        }
        let unused = inked(&sheet, [10, 2], 0..TILE[1]);
        assert!(unused.is_empty(), "there is no forty-first: {unused:?}");
    }

    #[test]
    fn captions_differ_by_digit_and_stay_below_their_image() {
        let captions: Vec<Vec<[u32; 2]>> = (0..10)
            .map(|digit| {
                let sheet = sheet(&[(digit, (digit + 1) % 10, 200)]);
                inked(&sheet, [0, 0], BELOW_IMAGE..TILE[1])
            })
            .collect();
        for (digit, caption) in captions.iter().enumerate() {
            assert!(caption.len() > 50, "there is a caption of {digit}");
            assert!(
                !captions[..digit].contains(caption),
                "{digit} has its own caption"
            );
            let edge = (TILE[0] - 1) as u32;
            let is_cut = |[x, y]: &[u32; 2]| *x == 0 || *x == edge || *y == TILE[1] as u32 - 1;
            assert!(!caption.iter().any(is_cut), "{digit} is within its tile");
        }
    }

    #[test]
    fn the_number_of_tiles_is_bounded() {
        let cases = [
            (0, [1, 1], "none"),
            (1, [1, 1], "one"),
            (16, [15, 2], "one more than a row"),
            (MAX_IMAGES + 7, [15, MAX_IMAGES / 15], "too many"),
        ];
        for (count, [columns, rows], reason) in cases {
            let sheet = sheet(&vec![(2, 3, 200); count]);
            let expected = [columns * TILE[0], rows * TILE[1]].map(|side| side as u32);
            assert_eq!([sheet.width(), sheet.height()], expected, "{reason}");
        }
    }
}
