//! A chart of the throughput against the size, with logarithmic axes, for one thread and for all.

use std::{
    fmt::{self, Write as _},
    fs, io,
    path::Path,
};

use digitpad::format;

/// The images per second of several sizes.
pub(crate) struct Curve {
    /// The meaning of the sizes.
    pub(crate) title: &'static str,
    /// Size, and images per second with one thread and with all.
    pub(crate) points: Vec<(usize, [f64; 2])>,
}

const SIDE: f64 = 380.0;
const HEIGHT: f64 = 300.0;
/// The left, right, top and bottom margins of a plot.
const MARGINS: [f64; 4] = [62.0, 18.0, 42.0, 44.0];
/// The name and color of each series.
const SERIES: [(&str, &str); 2] = [("one thread", "#8a94a6"), ("all threads", "#2f6fde")];

/// Writes a chart of two curves into `benches/growth.svg`, which the results page shows.
pub(crate) fn write(curves: &[Curve; 2]) -> io::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/growth.svg");
    let svg = draw(curves).map_err(io::Error::other)?;
    fs::write(path, svg)
}

fn draw(curves: &[Curve; 2]) -> Result<String, fmt::Error> {
    let mut svg = String::new();
    let width = 2.0 * SIDE;
    writeln!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" width="{width}" height="{HEIGHT}" font-family="sans-serif" font-size="11" fill="#505866">"##
    )?;
    writeln!(
        svg,
        r##"<rect width="{width}" height="{HEIGHT}" rx="8" fill="#ffffff"/>"##
    )?;
    // One scale for both, for comparison.
    let all = curves.iter().flat_map(|curve| &curve.points);
    let speeds = all.flat_map(|(_, speeds)| *speeds).map(f64::log10);
    let (low, high) = speeds.fold((f64::MAX, f64::MIN), |(low, high), speed| {
        (low.min(speed.floor()), high.max(speed.ceil()))
    });
    for (index, curve) in curves.iter().enumerate() {
        curve.draw(&mut svg, index as f64 * SIDE, (low, high))?;
    }
    writeln!(svg, "</svg>")?;
    Ok(svg)
}

impl Curve {
    /// Draws the curve at `x`. The scale is in powers of ten.
    fn draw(&self, svg: &mut String, x: f64, (low, high): (f64, f64)) -> fmt::Result {
        let [left, right, top, bottom] = MARGINS;
        let (left, right) = (x + left, x + SIDE - right);
        let down = |speed: f64| {
            let part = (speed.log10() - low) / (high - low);
            HEIGHT - bottom - part * (HEIGHT - top - bottom)
        };
        let last = (self.points.len() - 1) as f64;
        let along = |place: usize| left + 14.0 + (right - left - 28.0) * place as f64 / last;
        writeln!(
            svg,
            r##"<text x="{left}" y="22" font-size="13" fill="#2b303a">{}</text>"##,
            self.title
        )?;
        for power in low as i32..=high as i32 {
            let (speed, y) = (10_f64.powi(power), down(10_f64.powi(power)));
            writeln!(
                svg,
                r##"<path d="M{left} {y:.1}H{right}" stroke="#e2e5ea"/><text x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"##,
                left - 6.0,
                y + 4.0,
                format::count(speed as usize),
            )?;
        }
        for (place, (size, _)) in self.points.iter().enumerate() {
            let (x, y) = (along(place), HEIGHT - bottom + 18.0);
            writeln!(
                svg,
                r#"<text x="{x:.1}" y="{y}" text-anchor="middle">{size}</text>"#
            )?;
        }
        for (series, (name, color)) in SERIES.into_iter().enumerate() {
            let places = self.points.iter().enumerate();
            let places: Vec<_> = places
                .map(|(place, (_, speeds))| (along(place), down(speeds[series])))
                .collect();
            let line: Vec<String> = places
                .iter()
                .map(|(x, y)| format!("{x:.1},{y:.1}"))
                .collect();
            writeln!(
                svg,
                r#"<polyline points="{}" fill="none" stroke="{color}" stroke-width="2"/>"#,
                line.join(" ")
            )?;
            for (x, y) in places {
                writeln!(
                    svg,
                    r#"<circle cx="{x:.1}" cy="{y:.1}" r="3" fill="{color}"/>"#
                )?;
            }
            let (x, y) = (left + 14.0 + 110.0 * series as f64, HEIGHT - 8.0);
            writeln!(
                svg,
                r#"<circle cx="{x}" cy="{:.1}" r="4" fill="{color}"/><text x="{:.1}" y="{y}">{name}</text>"#,
                y - 4.0,
                x + 9.0,
            )?;
        }
        Ok(())
    }
}
