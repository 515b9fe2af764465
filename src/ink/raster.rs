//! A grey picture of any size, and a round pen that draws into it without jagged edges.

use super::Point;

/// Each pixel is measured at this many places across and down.
const SAMPLES: usize = 3;

/// A grey picture: row by row from the top left, 0 is paper, 1 is ink.
#[derive(Clone, Debug, PartialEq)]
pub struct Raster {
    width: usize,
    height: usize,
    pixels: Vec<f32>,
}

impl Raster {
    /// Takes `width * height` pixels, row by row; `None` if there are more or fewer. What is no number
    /// becomes paper.
    pub fn new(width: usize, height: usize, mut pixels: Vec<f32>) -> Option<Self> {
        if width.checked_mul(height) != Some(pixels.len()) {
            return None;
        }
        for pixel in &mut pixels {
            if !pixel.is_finite() {
                *pixel = 0.0;
            }
        }
        Some(Self {
            width,
            height,
            pixels,
        })
    }

    /// Pixels a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The pixels, row by row from the top left.
    pub fn pixels(&self) -> &[f32] {
        &self.pixels
    }

    /// The rows from the top; none where the picture has no width.
    pub(crate) fn rows(&self) -> impl DoubleEndedIterator<Item = &[f32]> + ExactSizeIterator {
        self.pixels.chunks_exact(self.width.max(1))
    }

    /// The ink's centre of mass with pixel `i` reaching from `i` to `i + 1`; `None` where nothing is inked.
    pub fn centre_of_mass(&self) -> Option<Point> {
        let (mut mass, mut along_x, mut along_y) = (0.0_f64, 0.0_f64, 0.0_f64);
        for (y, row) in self.rows().enumerate() {
            let mut of_row = 0.0;
            for (x, &pixel) in row.iter().enumerate() {
                of_row += f64::from(pixel);
                along_x += f64::from(pixel) * (x as f64 + 0.5);
            }
            mass += of_row;
            along_y += of_row * (y as f64 + 0.5);
        }
        (mass > 0.0).then(|| Point::new((along_x / mass) as f32, (along_y / mass) as f32))
    }

    /// Draws polylines, in pixels, with a round pen. Where they overlap the ink is one, as if it was cut from
    /// black paper: a pixel is what part of it lies under any of them, to about 0.02.
    pub fn draw(lines: &[Vec<Point>], pen_width_px: f32, width: usize, height: usize) -> Self {
        Self::draw_sampled(lines, pen_width_px, width, height, SAMPLES)
    }

    /// [`Raster::draw`] with one sample a pixel: a third of the precision in a ninth of the time.
    pub(super) fn sketch(lines: &[Vec<Point>], pen_width_px: f32, size: usize) -> Self {
        Self::draw_sampled(lines, pen_width_px, size, size, 1)
    }

    fn draw_sampled(
        lines: &[Vec<Point>],
        pen_width_px: f32,
        width: usize,
        height: usize,
        samples: usize,
    ) -> Self {
        let per_px = samples as f32;
        let radius = 0.5 * pen_width_px * per_px;
        let mut field = DistanceField::new(width * samples, height * samples, radius + 0.5);
        let place = |point: Point| Point::new(point.x * per_px, point.y * per_px);
        for line in lines {
            if let [only] = line[..] {
                field.add(place(only), place(only));
            }
            for ends in line.windows(2) {
                field.add(place(ends[0]), place(ends[1]));
            }
        }
        let mut pixels = vec![0.0; width * height];
        for (y, row) in field
            .squared
            .chunks_exact((width * samples).max(1))
            .enumerate()
        {
            for (x, &squared) in row.iter().enumerate() {
                if squared < field.reach * field.reach {
                    // A sample's own square is covered by the ink's edge in proportion to its distance.
                    let covered = (field.reach - squared.sqrt()).min(1.0);
                    pixels[y / samples * width + x / samples] += covered / (per_px * per_px);
                }
            }
        }
        Self {
            width,
            height,
            pixels,
        }
    }
}

/// The squared distance of each sample's centre to the nearest of the segments, where that is within reach.
struct DistanceField {
    width: usize,
    height: usize,
    reach: f32,
    squared: Vec<f32>,
}

impl DistanceField {
    fn new(width: usize, height: usize, reach: f32) -> Self {
        Self {
            width,
            height,
            reach,
            squared: vec![f32::INFINITY; width * height],
        }
    }

    fn add(&mut self, a: Point, b: Point) {
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        let squared_len = dx * dx + dy * dy;
        let per_squared_len = if squared_len > 0.0 {
            squared_len.recip()
        } else {
            0.0
        };
        for y in covered(
            a.y.min(b.y) - self.reach,
            a.y.max(b.y) + self.reach,
            self.height,
        ) {
            let sample_y = y as f32 + 0.5;
            // Only the part of the segment that is within reach of this row can be near to its samples.
            let (near, far) = part_within(a.y, dy, sample_y - self.reach, sample_y + self.reach);
            let (x0, x1) = (a.x + near * dx, a.x + far * dx);
            let columns = covered(x0.min(x1) - self.reach, x0.max(x1) + self.reach, self.width);
            let row = &mut self.squared[y * self.width..][..self.width];
            let from_a_y = sample_y - a.y;
            for x in columns {
                let from_a_x = x as f32 + 0.5 - a.x;
                let along = (from_a_x * dx + from_a_y * dy) * per_squared_len;
                let along = along.clamp(0.0, 1.0);
                let (off_x, off_y) = (from_a_x - along * dx, from_a_y - along * dy);
                row[x] = row[x].min(off_x * off_x + off_y * off_y);
            }
        }
    }
}

/// The samples whose centres lie between two places, cut to `0..len`.
fn covered(from: f32, to: f32, len: usize) -> std::ops::Range<usize> {
    let first = (from - 0.5).ceil().max(0.0) as usize;
    let past = (to + 0.5).floor().clamp(0.0, len as f32) as usize;
    first.min(past)..past
}

/// What part of `start + t * delta`, t in 0..=1, lies between two bounds (as far as it can be told).
fn part_within(start: f32, delta: f32, low: f32, high: f32) -> (f32, f32) {
    if delta == 0.0 {
        return (0.0, 1.0);
    }
    let (at_low, at_high) = ((low - start) / delta, (high - start) / delta);
    (
        at_low.min(at_high).clamp(0.0, 1.0),
        at_low.max(at_high).clamp(0.0, 1.0),
    )
}
