//! Normalization to MNIST's 28×28 pictures: of ink, and of pictures that come as pixels.

use std::ops::Range;

use super::{Bounds, Ink, Point, Stroke, raster::Raster, smooth};
use crate::bitmap::{Bitmap, PIXELS, SIDE};

/// The longer side of MNIST's digits, in pixels.
const BOX: usize = 20;
/// The longer side of a path whose stroke, with the pen's width, fills the box.
const INNER_PX: f32 = BOX as f32 - PEN_WIDTH_PX;
/// The pen's width in the 28×28 picture, independent of the pad's pen.
///
/// Fitted to the 60,000 training images of MNIST, with 9,596 digits of real ink (Unipen, `train_r01_v07`). The mean
/// sum of pixels, over equally weighted classes, is 103.1 in MNIST and 103.8 with this pen (96.4 at 2.2 px, 111.0 at
/// 2.6 px). The mean sum per pixel of skeleton is 2.99 in MNIST (median 2.85) and 2.94 with this pen (median 2.90).
pub const PEN_WIDTH_PX: f32 = 2.4;
/// The mean center of mass of MNIST's digits, with pixel `i` from `i` to `i + 1`.
const CENTER_PX: f32 = 14.5;
/// Ink smaller than this part of the pad is a shaken dot, not a tiny digit. It is not enlarged.
const MIN_EXTENT: f64 = 0.02;
/// The largest distance of the drawn path from the spline. Rounding decides whether a path has a chord more, which moves
/// it by that much: no pixel changes by more than a hundredth.
const TOLERANCE_PX: f32 = 0.01;

/// Draws ink as MNIST would show it. `None` for ink without a stroke.
///
/// MNIST scaled scanned digits to a box of 20×20 pixels and shifted the box until the ink's center of mass was in the
/// middle of the picture. Here the vectors are scaled first and drawn then, with edges as sharp and a pen as wide as
/// MNIST's. So position, size and pen width of the drawing do not matter. MNIST shifted by whole pixels, so the
/// center of mass varies within a pixel. Here it is always at MNIST's mean, so that the picture follows the pen
/// without jumps.
pub fn to_bitmap(ink: &Ink) -> Option<Bitmap> {
    let (_, lines) = Placement::with_lines(ink)?;
    Some(bitmap(&lines))
}

/// The normalization of a drawing: how its strokes get into the 28×28 picture.
#[derive(Clone, Copy, Debug)]
pub struct Placement {
    /// The center of the samples' bounding box on the pad.
    center: (f64, f64),
    /// Pixels per unit of the pad.
    per_unit: f64,
    /// The center of the paths' bounding box, and their factor: a path may leave the bounding box of its samples.
    path_center: (f64, f64),
    path_scale: f32,
    /// Moves the center of mass to MNIST's mean.
    shift: Point,
}

/// How a drawing is normalized, in the drawing's own coordinates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guides {
    /// The box of the digit, with the width of the network's pen.
    pub digit: Bounds,
    /// The square that becomes MNIST's 20×20 pixels.
    pub frame: Bounds,
    /// The center of mass, which becomes the middle of the picture.
    pub center_of_mass: Point,
}

/// How ink is normalized. `None` for ink without a stroke.
pub fn guides(ink: &Ink) -> Option<Guides> {
    let (placement, lines) = Placement::in_box(ink)?;
    let in_picture = Bounds::of(lines.iter().flatten())?;
    let mass = Raster::sketch(&lines, PEN_WIDTH_PX, SIDE).center_of_mass()?;
    let around = |min: Point, max: Point| Bounds {
        min: placement.pad_from_box(min),
        max: placement.pad_from_box(max),
    };
    let pen = Point::new(PEN_WIDTH_PX / 2.0, PEN_WIDTH_PX / 2.0);
    let [first, last] = [SIDE - BOX, SIDE + BOX].map(|twice| twice as f32 / 2.0);
    Some(Guides {
        digit: around(in_picture.min - pen, in_picture.max + pen),
        frame: around(Point::new(first, first), Point::new(last, last)),
        center_of_mass: placement.pad_from_box(mass),
    })
}

impl Placement {
    /// The normalization of this drawing; `None` for ink without a stroke.
    pub fn of(ink: &Ink) -> Option<Self> {
        Some(Self::with_lines(ink)?.0)
    }

    /// Draws a part of the drawing, or other ink, where it lies in the picture of the whole. [`to_bitmap`] draws the
    /// whole in this way. Paper for ink without a stroke.
    pub fn draw(&self, ink: &Ink) -> Bitmap {
        let mut lines = self.smooth_paths(ink);
        self.center_by_box(&mut lines);
        move_by(&mut lines, self.shift);
        bitmap(&lines)
    }

    /// The side of a pixel of the picture, in units of the pad.
    pub fn pixel_size(&self) -> f32 {
        1.0 / (self.per_unit as f32 * self.path_scale)
    }

    /// The normalization, and the paths in the picture.
    fn with_lines(ink: &Ink) -> Option<(Self, Vec<Vec<Point>>)> {
        let (mut placement, mut lines) = Self::in_box(ink)?;
        placement.shift = shift_of_mass(&lines).unwrap_or_default();
        move_by(&mut lines, placement.shift);
        Some((placement, lines))
    }

    /// The normalization before the shift of the center of mass, and the paths in the middle of the picture.
    fn in_box(ink: &Ink) -> Option<(Self, Vec<Vec<Point>>)> {
        let bounds = ink.bounds()?;
        let mut placement = Self {
            center: bounds.center(),
            per_unit: f64::from(INNER_PX) / bounds.longer_side().max(MIN_EXTENT),
            path_center: (0.0, 0.0),
            path_scale: 1.0,
            shift: Point::default(),
        };
        let mut lines = placement.smooth_paths(ink);
        let bounds = Bounds::of(lines.iter().flatten())?;
        placement.path_center = bounds.center();
        placement.path_scale = INNER_PX / (bounds.longer_side() as f32).max(INNER_PX);
        placement.center_by_box(&mut lines);
        Some((placement, lines))
    }

    /// From the picture before the shift of the center of mass to the pad.
    fn pad_from_box(&self, point: Point) -> Point {
        let back = |at: f32, path_center: f64, center: f64| {
            let off = (f64::from(at) - SIDE as f64 / 2.0) / f64::from(self.path_scale);
            ((off + path_center) / self.per_unit + center) as f32
        };
        Point::new(
            back(point.x, self.path_center.0, self.center.0),
            back(point.y, self.path_center.1, self.center.1),
        )
    }

    /// The strokes' paths, scaled so that the samples' bounding box, with the pen's width, is 20 pixels long.
    fn smooth_paths(&self, ink: &Ink) -> Vec<Vec<Point>> {
        let (x, y) = self.center;
        let place = |at: f32, center: f64| ((f64::from(at) - center) * self.per_unit) as f32;
        let smooth = |stroke: &Stroke| {
            let points = stroke.points().iter();
            let points = points.map(|point| Point::new(place(point.x, x), place(point.y, y)));
            smooth::flatten(&points.collect::<Vec<_>>(), TOLERANCE_PX)
        };
        ink.strokes().iter().map(smooth).collect()
    }

    /// Centers the paths in the picture.
    fn center_by_box(&self, lines: &mut [Vec<Point>]) {
        let (x, y) = self.path_center;
        let middle = SIDE as f32 / 2.0;
        for point in lines.iter_mut().flatten() {
            point.x = (point.x - x as f32) * self.path_scale + middle;
            point.y = (point.y - y as f32) * self.path_scale + middle;
        }
    }
}

/// Draws paths. The pen is so wide that it covers a pixel wherever it is. So the brightest pixel is 1, as in MNIST.
fn bitmap(lines: &[Vec<Point>]) -> Bitmap {
    let raster = Raster::draw(lines, PEN_WIDTH_PX, SIDE, SIDE);
    Bitmap::from_pixels(&std::array::from_fn(|index| raster.pixels()[index]))
}

/// The shift of the center of mass to MNIST's mean, which moves no ink out of the picture.
fn shift_of_mass(lines: &[Vec<Point>]) -> Option<Point> {
    let center = Raster::sketch(lines, PEN_WIDTH_PX, SIDE).center_of_mass()?;
    let bounds = Bounds::of(lines.iter().flatten())?;
    let (low, high) = (PEN_WIDTH_PX / 2.0, SIDE as f32 - PEN_WIDTH_PX / 2.0);
    let shift = |center: f32, min: f32, max: f32| (CENTER_PX - center).clamp(low - min, high - max);
    Some(Point::new(
        shift(center.x, bounds.min.x, bounds.max.x),
        shift(center.y, bounds.min.y, bounds.max.y),
    ))
}

fn move_by(lines: &mut [Vec<Point>], shift: Point) {
    for point in lines.iter_mut().flatten() {
        *point = *point + shift;
    }
}

/// Normalizes a digit that comes as pixels, as MNIST did: the bounding box of the ink is resampled by area, so that its
/// longer side is 20 pixels; the brightest pixel becomes 1; a shift by whole pixels puts the center of mass into (14, 15] of
/// 28, with pixel `i` from `i` to `i + 1`, but no ink out of the picture. `None` without ink.
///
/// The rule is that of the QMNIST reconstruction (Yadav and Bottou, "Cold case: the lost MNIST digits", 2019). Every
/// value above 0 is ink, so the paper must be clean.
pub fn normalize(gray: &Raster) -> Option<Bitmap> {
    let pixel = |x: usize, y: usize| gray.pixels()[y * gray.width() + x];
    let [columns, rows] = ink_box([gray.width(), gray.height()], |x, y| pixel(x, y) > 0.0)?;
    let side = columns.len().max(rows.len());
    // The cells begin at the ink, so that a digit that is 20 pixels long is not blurred. The shift to the center of
    // mass does the rest.
    let cells = |ink: &Range<usize>| -> [Range<f64>; BOX] {
        let edge = |cell: usize| ink.start as f64 + (cell * side) as f64 / BOX as f64;
        std::array::from_fn(|cell| edge(cell)..edge(cell + 1))
    };
    let (cell_columns, cell_rows) = (cells(&columns), cells(&rows));

    let narrow = |y: usize| -> [f64; BOX] {
        std::array::from_fn(|i| {
            overlaps(&cell_columns[i], &columns)
                .map(|(x, part)| part * f64::from(pixel(x, y).max(0.0)))
                .sum()
        })
    };
    let narrow: Vec<[f64; BOX]> = rows.clone().map(narrow).collect();
    let boxed = std::array::from_fn(|j| {
        let mut sums = [0.0; BOX];
        for (y, part) in overlaps(&cell_rows[j], &rows) {
            for (sum, value) in sums.iter_mut().zip(narrow[y - rows.start]) {
                *sum += part * value;
            }
        }
        sums
    });
    place(&boxed)
}

/// The columns and rows of the ink's bounding box, in a picture of this width and height.
fn ink_box(
    [width, height]: [usize; 2],
    is_ink: impl Fn(usize, usize) -> bool,
) -> Option<[Range<usize>; 2]> {
    let is_inked_row = |&y: &usize| (0..width).any(|x| is_ink(x, y));
    let rows = (0..height).find(is_inked_row)?..(0..height).rfind(is_inked_row)? + 1;
    let is_inked_column = |&x: &usize| rows.clone().any(|y| is_ink(x, y));
    let columns = (0..width).find(is_inked_column)?..(0..width).rfind(is_inked_column)? + 1;
    Some([columns, rows])
}

/// The pixels that overlap a cell, each with the overlapping part.
fn overlaps(cell: &Range<f64>, pixels: &Range<usize>) -> impl Iterator<Item = (usize, f64)> {
    let Range { start, end } = *cell;
    let first = (start.floor().max(0.0) as usize).max(pixels.start);
    let past = (end.ceil().max(0.0) as usize).min(pixels.end);
    (first..past).map(move |pixel| {
        let part = end.min(pixel as f64 + 1.0) - start.max(pixel as f64);
        (pixel, part)
    })
}

/// Shifts the box by its center of mass and scales the brightest pixel to 1.
fn place(boxed: &[[f64; BOX]; BOX]) -> Option<Bitmap> {
    let (mut mass, mut along_x, mut along_y, mut brightest) = (0.0, 0.0, 0.0, 0.0_f64);
    for (y, row) in boxed.iter().enumerate() {
        for (x, &pixel) in row.iter().enumerate() {
            mass += pixel;
            along_x += pixel * (x as f64 + 0.5);
            along_y += pixel * (y as f64 + 0.5);
            brightest = brightest.max(pixel);
        }
    }
    // The center of symmetric ink lies exactly on the bound. Rounding must not decide.
    let last = (SIDE / 2 + 1) as f64 + 1e-6;
    // No ink may leave the picture.
    let shift = |along: f64, inked: &Range<usize>| {
        let (least, most) = (-(inked.start as f64), SIDE as f64 - inked.end as f64);
        (last - along / mass).floor().clamp(least, most) as isize
    };
    let [columns, rows] = ink_box([BOX, BOX], |x, y| boxed[y][x] > 0.0)?;
    let left = shift(along_x, &columns);
    let top = shift(along_y, &rows);
    let mut pixels = [0.0; PIXELS];
    for y in rows {
        for x in columns.clone() {
            let place = (top + y as isize) * SIDE as isize + left + x as isize;
            pixels[place as usize] = (boxed[y][x] / brightest) as f32;
        }
    }
    Some(Bitmap::from_pixels(&pixels))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A raster from characters: a digit is that many tenths of ink, `#` is full ink.
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

    /// The first and last column and row with ink.
    fn inked(bitmap: &Bitmap) -> [usize; 4] {
        let is_ink = |x: usize, y: usize| bitmap.pixels()[y * SIDE + x] > 0.0;
        let [columns, rows] = ink_box([SIDE, SIDE], is_ink).expect("there is ink");
        [columns.start, columns.end - 1, rows.start, rows.end - 1]
    }

    #[test]
    fn guides_are_around_the_drawing() {
        // An L, 0.4 high and 0.2 wide.
        let points = [(0.3, 0.2), (0.3, 0.6), (0.5, 0.6)].map(|(x, y)| Point::new(x, y));
        let ink: Ink = Stroke::new(points.to_vec()).into_iter().collect();
        let Guides {
            digit,
            frame,
            center_of_mass,
        } = guides(&ink).expect("there is ink");
        let pixel = 0.4 / INNER_PX;
        let pen = PEN_WIDTH_PX / 2.0 * pixel;
        let half = BOX as f32 / 2.0 * pixel;
        // The center of two legs of 0.4 and 0.2.
        let mass = ((0.4 * 0.3 + 0.2 * 0.4) / 0.6, (0.4 * 0.4 + 0.2 * 0.6) / 0.6);
        let cases = [
            (digit.min, (0.3 - pen, 0.2 - pen), 1e-4, "the box"),
            (digit.max, (0.5 + pen, 0.6 + pen), 1e-4, "the box"),
            (frame.min, (0.4 - half, 0.4 - half), 1e-4, "the square"),
            (frame.max, (0.4 + half, 0.4 + half), 1e-4, "the square"),
            // The pen's round ends and the corner count too.
            (center_of_mass, mass, 0.02, "the center of mass"),
        ];
        for (point, (x, y), tolerance, reason) in cases {
            let off = (point.x - x).abs().max((point.y - y).abs());
            assert!(off < tolerance, "{reason}: {point:?} is not {x}, {y}");
        }
        assert_eq!(guides(&Ink::default()), None, "without ink");
    }

    #[test]
    fn guides_are_around_a_curve_that_leaves_the_box_of_its_samples() {
        // An arch, whose top is above its samples: a wide one, and a high one that has to shrink to fit. On its side, too.
        let wide = [(0.3, 0.7), (0.4, 0.4), (0.6, 0.4), (0.7, 0.7)];
        let high = [(0.4, 0.9), (0.45, 0.4), (0.55, 0.4), (0.6, 0.9)];
        for (arch, feet) in [(wide, 0.7), (high, 0.9)] {
            for is_on_side in [false, true] {
                let points = arch.map(|(x, y)| {
                    let (x, y) = if is_on_side { (y, x) } else { (x, y) };
                    Point::new(x, y)
                });
                let ink: Ink = Stroke::new(points.to_vec()).into_iter().collect();
                let pixel = Placement::of(&ink).expect("a stroke").pixel_size();
                let pen = PEN_WIDTH_PX / 2.0 * pixel;
                let digit = guides(&ink).expect("a stroke").digit;
                let along = |point: Point| if is_on_side { point.x } else { point.y };
                let (top, bottom) = (along(digit.min) + pen, along(digit.max) - pen);
                assert!(top < 0.399, "the curve is beyond the samples: {top}");
                // The pad's coordinates are f32, a picture's about 28.
                assert!(
                    (bottom - feet).abs() < 1e-5,
                    "the feet are samples: {bottom}, not {feet}"
                );
            }
        }
    }

    #[test]
    fn the_rules_of_mnist() {
        let tall: &[&str] = &["..#.", "..#.", "..#.", "..#."];
        let cases: [(&[&str], [usize; 4], &str); 9] = [
            (&["#"], [5, 24, 5, 24], "a square fills the box"),
            (
                &["....", ".##.", ".##.", "...."],
                [5, 24, 5, 24],
                "the margin is cut off",
            ),
            (
                tall,
                [12, 16, 5, 24],
                "the longer side is 20 and the aspect is kept",
            ),
            (&["####"], [5, 24, 12, 16], "also a horizontal line"),
            (
                &["##", "#."],
                [6, 25, 6, 25],
                "the center of mass, a sixth off, is centered",
            ),
            (&["#1", "11"], [8, 27, 8, 27], "gray weighs less"),
            (
                &["1##1", "....", "...1"],
                [4, 23, 12, 26],
                "the box's padding may leave the picture",
            ),
            (
                &["#........1"],
                [8, 27, 14, 15],
                "no ink leaves the picture on the right",
            ),
            (&["1........#"], [0, 19, 14, 15], "the same on the left"),
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
    fn paper_alone_has_no_bitmap() {
        let cases = [(0, 0), (1, 1), (28, 28)];
        for (width, height) in cases {
            let blank = Raster::new(width, height, vec![0.0; width * height]).expect("a raster");
            assert_eq!(normalize(&blank), None, "{width}×{height} without ink");
        }
        let negative = Raster::new(2, 1, vec![-1.0, -0.5]).expect("a raster");
        assert_eq!(normalize(&negative), None, "negative values are not ink");
        let normalized = |middle: f32| normalize(&Raster::new(3, 1, vec![1.0, middle, 1.0])?);
        assert_eq!(normalized(-5.0), normalized(0.0), "also between ink");
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
        fn any_ink_is_20_pixels_long_and_centered((width, height, pixels) in any_raster()) {
            let picture = Raster::new(width, height, pixels).expect("a raster");
            let Some(bitmap) = normalize(&picture) else { return Ok(()) };
            let [left, right, top, bottom] = inked(&bitmap);
            prop_assert_eq!((right - left).max(bottom - top), 19, "20 pixels long");
            let placed = Raster::new(SIDE, SIDE, bitmap.pixels().to_vec()).expect("a bitmap");
            let center = placed.center_of_mass().expect("there is ink");
            // Ink that centering would push out of the picture stays at its edge.
            for (center, low, high) in [(center.x, left, right), (center.y, top, bottom)] {
                let centered = center > 14.0 - 1e-4 && center < 15.0 + 1e-4;
                prop_assert!(centered || low == 0 || high == SIDE - 1, "center at {}", center);
            }
        }

        #[test]
        fn margins_and_integer_scaling_change_nothing(
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
                    // A center of mass on the edge of a pixel may round to either side. Else only f64 rounds.
                    let center = |bitmap: &Bitmap| inked(bitmap);
                    prop_assert!(off < 1e-4 || center(&a) != center(&b), "off by {}", off);
                }
                (a, b) => prop_assert_eq!(a.is_some(), b.is_some()),
            }
        }
    }

    #[test]
    fn drawn_ink_is_20_pixels_long_and_its_mass_is_centered() {
        let turned = |points: &[(f32, f32)], turns: usize| -> Vec<Point> {
            let turn = |&(x, y): &(f32, f32)| (0..turns).fold((x, y), |(x, y), _| (1.0 - y, x));
            points
                .iter()
                .map(turn)
                .map(|(x, y)| Point::new(x, y))
                .collect()
        };
        let corner: &[(f32, f32)] = &[(0.3, 0.2), (0.3, 0.6), (0.5, 0.6)];
        // Its top is above its samples, so it shrinks.
        let arch = &[(0.4, 0.9), (0.45, 0.4), (0.55, 0.4), (0.6, 0.9)];
        // Most of its ink is at the left end. With its mass in the middle, the right end would be out of the picture.
        let flag: &[(f32, f32)] = &[
            (0.1, 0.25),
            (0.1, 0.75),
            (0.15, 0.25),
            (0.15, 0.75),
            (0.2, 0.25),
            (0.2, 0.75),
            (0.25, 0.25),
            (0.25, 0.5),
            (0.9, 0.5),
        ];
        for (points, is_at_edge) in [(corner, false), (arch, false), (flag, true)] {
            for turns in 0..4 {
                let ink: Ink = Stroke::new(turned(points, turns)).into_iter().collect();
                let bitmap = to_bitmap(&ink).expect("a stroke");
                let (_, in_box) = Placement::in_box(&ink).expect("a stroke");
                let ink_of = |bitmap: &Bitmap| bitmap.pixels().iter().sum::<f32>();
                let lost = ink_of(&super::bitmap(&in_box)) - ink_of(&bitmap);
                assert!(
                    lost.abs() < 0.1,
                    "{points:?}, {turns}: {lost} pixels of ink are lost"
                );
                let brightest = bitmap.pixels().iter().copied().fold(0.0, f32::max);
                assert_eq!(brightest, 1.0, "{points:?}, {turns}");
                let [left, right, top, bottom] = inked(&bitmap);
                let long = (right - left).max(bottom - top) + 1;
                // The ends may be within pixels.
                assert!(
                    (20..=21).contains(&long),
                    "{points:?}, {turns}: {long} pixels"
                );
                let far = [right, bottom, SIDE - 1 - left, SIDE - 1 - top][turns];
                assert_eq!(
                    far == SIDE - 1,
                    is_at_edge,
                    "{points:?}, {turns}: {bitmap:?}"
                );
                let placed = Raster::new(SIDE, SIDE, bitmap.pixels().to_vec()).expect("a bitmap");
                let center = placed.center_of_mass().expect("there is ink");
                let off = [CENTER_PX - center.x, CENTER_PX - center.y].map(f32::abs);
                // The center of mass is that of a coarser drawing.
                assert!(
                    is_at_edge || off[0].max(off[1]) < 0.05,
                    "{points:?}, {turns}: {center:?}"
                );
            }
        }
    }

    #[test]
    fn a_shaken_dot_stays_a_dot() {
        let points = [0.5, 0.501].map(|x| Point::new(x, 0.5)).to_vec();
        let ink: Ink = Stroke::new(points).into_iter().collect();
        let [left, right, top, bottom] = inked(&to_bitmap(&ink).expect("a stroke"));
        let size = [right - left, bottom - top].map(|size| size + 1);
        // The pen is 2.4 pixels wide.
        assert!(size.iter().all(|size| (3..=5).contains(size)), "{size:?}");
    }

    #[test]
    fn a_part_lies_where_it_lies_in_the_whole() {
        let line = |points: &[(f32, f32)]| {
            let points = points.iter().map(|&(x, y)| Point::new(x, y));
            Stroke::new(points.collect()).expect("points")
        };
        let strokes = [
            line(&[(0.1, 0.1), (0.2, 0.8)]),
            line(&[(0.7, 0.3), (0.5, 0.6), (0.8, 0.9)]),
        ];
        let whole: Ink = strokes.iter().cloned().collect();
        let placement = Placement::of(&whole).expect("strokes");
        assert_eq!(Some(placement.draw(&whole)), to_bitmap(&whole), "the whole");
        let parts = strokes.map(|stroke| placement.draw(&Ink::from_iter([stroke])));
        let whole = placement.draw(&whole);
        for (index, pixel) in whole.pixels().iter().enumerate() {
            let [a, b] = [0, 1].map(|part| parts[part].pixels()[index]);
            // The strokes are far from each other.
            assert!((pixel - a - b).abs() < 1e-6, "pixel {index}");
        }
        assert!(
            placement.draw(&Ink::default()).is_blank(),
            "no stroke is paper"
        );
        let size = placement.pixel_size() * 17.6;
        assert!(
            (size - 0.8).abs() < 0.01,
            "0.8 high without the pen: {size}"
        );
    }
}
