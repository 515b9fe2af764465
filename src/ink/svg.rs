//! A drawing as an SVG document.

use std::fmt::Write as _;

use super::{Bounds, Ink, Point, smooth};

/// The width of the pen, in units of the pad's side.
const PEN_WIDTH: f32 = 0.068;

/// The strokes as lines with round ends. A unit is the side of the pad. The document shows the pad and all ink.
pub fn to_svg(ink: &Ink) -> String {
    let pad = Bounds {
        min: Point::new(0.0, 0.0),
        max: Point::new(1.0, 1.0),
    };
    let pen = Point::new(PEN_WIDTH / 2.0, PEN_WIDTH / 2.0);
    let with_pen = ink.bounds().map(|Bounds { min, max }| Bounds {
        min: min - pen,
        max: max + pen,
    });
    let Bounds { min, max } = with_pen.map_or(pad, |bounds| pad.union(&bounds));
    let size = max - min;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"{} {} {} {}\" fill=\"none\" stroke=\"black\" \
         stroke-width=\"{PEN_WIDTH}\" stroke-linecap=\"round\" stroke-linejoin=\"round\">\n",
        min.x, min.y, size.x, size.y
    );
    for stroke in ink.strokes() {
        let path = smooth::flatten(stroke.points(), smooth::PAD_TOLERANCE);
        let mut command = "M";
        text += "<path d=\"";
        // A line to its own start is a dot.
        for point in path.iter().chain(path.first().filter(|_| path.len() == 1)) {
            // Writing to a string never fails.
            let _ = write!(text, "{command}{} {}", point.x, point.y);
            command = "L";
        }
        text += "\"/>\n";
    }
    text + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ink::Stroke;

    #[test]
    fn strokes_and_dots_are_paths() {
        let stroke = |points: &[(f32, f32)]| {
            Stroke::new(points.iter().map(|&(x, y)| Point::new(x, y)).collect())
        };
        let ink: Ink = [stroke(&[(0.5, 0.25), (0.5, 0.75)]), stroke(&[(0.25, 0.5)])]
            .into_iter()
            .flatten()
            .collect();
        let text = to_svg(&ink);
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[0].contains("viewBox=\"0 0 1 1\""),
            "the pad: {}",
            lines[0]
        );
        let paths = [
            "<path d=\"M0.5 0.25L0.5 0.75\"/>",
            "<path d=\"M0.25 0.5L0.25 0.5\"/>",
        ];
        assert_eq!(lines[1..3], paths, "a line and a dot");
        assert_eq!(lines[3], "</svg>", "the end");
        let outside: Ink = stroke(&[(1.5, 0.5)]).into_iter().collect();
        assert!(
            to_svg(&outside).contains("viewBox=\"0 0 1.534 1\""),
            "with all ink"
        );
    }
}
