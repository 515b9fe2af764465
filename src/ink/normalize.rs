//! MNIST's own way from a scanned digit to its 28×28 picture, for pictures that come as pixels.

use std::ops::Range;

use super::raster::Raster;
use crate::bitmap::{Bitmap, PIXELS, SIDE};

/// The side of the box that MNIST's digits fill.
const BOX: usize = 20;

/// Brings a digit to MNIST's place and size: the tight box of what is not 0, made square with paper,
/// is resampled by area to 20×20; the brightest pixel becomes 1; a shift by whole pixels puts the
/// center of mass into (14, 15] of 28, with pixel `i` reaching from `i` to `i + 1`, as far as the box
/// stays in the picture. `None` where there is no ink.
///
/// The rule is that of the QMNIST reconstruction (Yadav and Bottou, "Cold case: the lost MNIST
/// digits", 2019). It takes everything above 0 for ink, so paper must be clean.
pub fn normalize(gray: &Raster) -> Option<Bitmap> {
    let (columns, rows) = ink_box(gray)?;
    let side = columns.len().max(rows.len());
    // Beside the shorter side is paper, of whole cells, so that what is 20 pixels long already
    // isn't blurred; what that is off the middle, the center of mass makes up for.
    let cells = |ink: &Range<usize>| -> [Range<f64>; BOX] {
        let paper = ((side - ink.len()) * BOX / (2 * side)) as f64;
        let edge = |cell: f64| ink.start as f64 + (cell - paper) * side as f64 / BOX as f64;
        std::array::from_fn(|cell| edge(cell as f64)..edge(cell as f64 + 1.0))
    };
    let (cell_columns, cell_rows) = (cells(&columns), cells(&rows));

    let narrow: Vec<[f64; BOX]> = gray
        .rows()
        .skip(rows.start)
        .take(rows.len())
        .map(|row| {
            std::array::from_fn(|i| {
                overlaps(&cell_columns[i], &columns)
                    .map(|(x, part)| part * f64::from(row[x].max(0.0)))
                    .sum()
            })
        })
        .collect();
    let boxed = std::array::from_fn(|j| {
        let mut sums = [0.0; BOX];
        for (y, part) in overlaps(&cell_rows[j], &rows) {
            for (sum, value) in sums.iter_mut().zip(narrow[y - rows.start]) {
                *sum += part * value;
            }
        }
        sums
    });
    Some(place(&boxed))
}

/// The columns and rows between which there is ink.
fn ink_box(gray: &Raster) -> Option<(Range<usize>, Range<usize>)> {
    let is_ink = |pixel: &f32| *pixel > 0.0;
    let top = gray.rows().position(|row| row.iter().any(is_ink))?;
    let bottom = gray.rows().rposition(|row| row.iter().any(is_ink))?;
    let inked = || gray.rows().skip(top).take(bottom + 1 - top);
    let left = inked()
        .filter_map(|row| row.iter().position(is_ink))
        .min()?;
    let right = inked()
        .filter_map(|row| row.iter().rposition(is_ink))
        .max()?;
    Some((left..right + 1, top..bottom + 1))
}

/// Those of `pixels` that lie within a cell, each with the part of it that does.
fn overlaps(cell: &Range<f64>, pixels: &Range<usize>) -> impl Iterator<Item = (usize, f64)> {
    let Range { start, end } = *cell;
    let first = (start.floor().max(0.0) as usize).max(pixels.start);
    let past = (end.ceil().max(0.0) as usize).min(pixels.end);
    (first..past).map(move |pixel| {
        let part = end.min(pixel as f64 + 1.0) - start.max(pixel as f64);
        (pixel, part.max(0.0))
    })
}

/// Puts the box where its center of mass belongs and scales the brightest pixel to 1.
fn place(boxed: &[[f64; BOX]; BOX]) -> Bitmap {
    let (mut mass, mut along_x, mut along_y, mut brightest) = (0.0, 0.0, 0.0, 0.0_f64);
    for (y, row) in boxed.iter().enumerate() {
        for (x, &pixel) in row.iter().enumerate() {
            mass += pixel;
            along_x += pixel * (x as f64 + 0.5);
            along_y += pixel * (y as f64 + 0.5);
            brightest = brightest.max(pixel);
        }
    }
    // Ink that is symmetric lies on the bound; what sums round off must not decide there.
    let last = (SIDE / 2 + 1) as f64 + 1e-6;
    // Ink that is nearly all on one side is not pushed out of the picture; its box's paper may be.
    let shift = |along: f64, inked: Range<usize>| {
        let (least, most) = (-(inked.start as f64), SIDE as f64 - inked.end as f64);
        (last - along / mass).floor().clamp(least, most) as isize
    };
    let (columns, rows) = inked_part(boxed);
    let (left, top) = (
        shift(along_x, columns.clone()),
        shift(along_y, rows.clone()),
    );
    let mut pixels = [0.0; PIXELS];
    for y in rows {
        for x in columns.clone() {
            let place = (top + y as isize) * SIDE as isize + left + x as isize;
            pixels[place as usize] = (boxed[y][x] / brightest) as f32;
        }
    }
    Bitmap::from_pixels(&pixels)
}

/// The columns and rows of the box between which there is ink.
fn inked_part(boxed: &[[f64; BOX]; BOX]) -> (Range<usize>, Range<usize>) {
    let between = |is_inked: &dyn Fn(usize) -> bool| {
        let start = (0..BOX).find(|&i| is_inked(i)).unwrap_or(0);
        let end = (0..BOX)
            .rfind(|&i| is_inked(i))
            .map_or(start, |last| last + 1);
        start..end
    };
    (
        between(&|x| boxed.iter().any(|row| row[x] > 0.0)),
        between(&|y| boxed[y].iter().any(|&pixel| pixel > 0.0)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A raster of rows in characters: a digit is a tenth of ink, `#` is full ink.
    fn raster(rows: &[&str]) -> Raster {
        let pixels = rows
            .iter()
            .flat_map(|row| row.chars())
            .map(|shade| match shade {
                '#' => 1.0,
                shade => shade
                    .to_digit(10)
                    .map_or(0.0, |tenths| tenths as f32 / 10.0),
            });
        Raster::new(rows[0].len(), rows.len(), pixels.collect()).expect("rows of one length")
    }

    /// First and last column and row with ink.
    fn inked(bitmap: &Bitmap) -> [usize; 4] {
        let rows = Raster::new(SIDE, SIDE, bitmap.pixels().to_vec()).expect("a bitmap");
        let (columns, rows) = ink_box(&rows).expect("there is ink");
        [columns.start, columns.end - 1, rows.start, rows.end - 1]
    }

    #[test]
    fn the_rules_of_mnist() {
        let tall: &[&str] = &["..#.", "..#.", "..#.", "..#."];
        let cases: [(&[&str], [usize; 4], &str); 7] = [
            (&["#"], [5, 24, 5, 24], "a square fills the box"),
            (
                &["....", ".##.", ".##.", "...."],
                [5, 24, 5, 24],
                "paper around it is cut off",
            ),
            (
                tall,
                [12, 16, 5, 24],
                "the longer side is 20 and the aspect is kept",
            ),
            (&["####"], [5, 24, 12, 16], "also lying"),
            (
                &["##", "#."],
                [6, 25, 6, 25],
                "the center of mass, a sixth off, is centered",
            ),
            (&["#1", "11"], [8, 27, 8, 27], "gray weighs less"),
            (
                &["1##1", "....", "...1"],
                [4, 23, 12, 26],
                "ink is kept in the picture, not the paper of its box",
            ),
        ];
        for (rows, expected, reason) in cases {
            let bitmap = normalize(&raster(rows)).expect("there is ink");
            assert_eq!(inked(&bitmap), expected, "{reason}: {bitmap:?}");
        }
    }

    #[test]
    fn the_brightest_pixel_becomes_one() {
        let bitmap = normalize(&raster(&["1.", ".2"])).expect("there is ink");
        let brightest = bitmap.pixels().iter().copied().fold(0.0, f32::max);
        assert_eq!(brightest, 1.0, "two tenths were the most");
        let faint = bitmap.pixels().iter().copied().filter(|&pixel| pixel > 0.0);
        assert!(
            (faint.fold(1.0, f32::min) - 0.5).abs() < 1e-6,
            "and one tenth is half of it"
        );
    }

    #[test]
    fn paper_alone_is_no_digit() {
        let cases = [(0, 0), (1, 1), (28, 28)];
        for (width, height) in cases {
            let blank = Raster::new(width, height, vec![0.0; width * height]).expect("a raster");
            assert_eq!(normalize(&blank), None, "{width}×{height} without ink");
        }
        let negative = Raster::new(2, 1, vec![-1.0, -0.5]).expect("a raster");
        assert_eq!(normalize(&negative), None, "less than paper is no ink");
    }

    fn any_raster() -> impl Strategy<Value = (usize, usize, Vec<f32>)> {
        (1_usize..12, 1_usize..12).prop_flat_map(|(width, height)| {
            let pixel = prop_oneof![Just(0.0_f32), 0.1_f32..1.0];
            let pixels = prop::collection::vec(pixel, width * height);
            (Just(width), Just(height), pixels)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_ink_is_placed_as_mnist_placed_it((width, height, pixels) in any_raster()) {
            let picture = Raster::new(width, height, pixels).expect("a raster");
            let Some(bitmap) = normalize(&picture) else { return Ok(()) };
            let [left, right, top, bottom] = inked(&bitmap);
            prop_assert_eq!((right - left).max(bottom - top), 19, "20 pixels long");
            let placed = Raster::new(SIDE, SIDE, bitmap.pixels().to_vec()).expect("a bitmap");
            let center = placed.center_of_mass().expect("there is ink");
            // Ink that is all on one side would be pushed out of the picture: it stays in it.
            for (center, low, high) in [(center.x, left, right), (center.y, top, bottom)] {
                let centered = center > 14.0 - 1e-4 && center < 15.0 + 1e-4;
                prop_assert!(centered || low == 0 || high == SIDE - 1, "center at {}", center);
            }
        }

        #[test]
        fn paper_around_and_whole_enlargement_change_nothing(
            (width, height, pixels) in any_raster(),
            factor in 1_usize..5,
            left in 0_usize..7,
            top in 0_usize..7,
        ) {
            let (wide, high) = (width * factor + 9, height * factor + 9);
            let mut enlarged = vec![0.0; wide * high];
            for y in 0..height * factor {
                for x in 0..width * factor {
                    let pixel = pixels[y / factor * width + x / factor];
                    enlarged[(y + top) * wide + x + left] = pixel;
                }
            }
            let small = Raster::new(width, height, pixels).expect("a raster");
            let large = Raster::new(wide, high, enlarged).expect("a raster");
            match (normalize(&small), normalize(&large)) {
                (Some(a), Some(b)) => {
                    let off = a.pixels().iter().zip(b.pixels()).map(|(a, b)| (a - b).abs());
                    let off = off.fold(0.0, f32::max);
                    // A center of mass on the edge of a pixel may round to either side.
                    let center = |bitmap: &Bitmap| inked(bitmap);
                    prop_assert!(off < 1e-4 || center(&a) != center(&b), "off by {}", off);
                }
                (a, b) => prop_assert_eq!(a.is_some(), b.is_some()),
            }
        }
    }
}
