//! Signed values as colors, with their scale; and strokes in a rectangle.

use std::sync::Arc;

use egui::{
    Align2, Color32, Mesh, Pos2, Rect, RichText, Shape, Stroke, Ui, UiBuilder, Vec2, pos2, vec2,
};

use crate::{
    app::state::explanation::ShownExplanation,
    bitmap::{Digit, SIDE},
    explanation::{Comparison, scale_limit},
    ink::{self, Bounds, Ink, PEN_WIDTH_PX, Point, smooth},
    model::file::Model,
    ui::theme::{self, Palette},
};

/// The height of a summary and of a scale, in points.
pub(super) const SUMMARY: f32 = 26.0;
pub(super) const SCALE: f32 = 34.0;

/// The end of a scale. It only grows while the pad has ink, and the model and the chosen rival stay, so that colors do not
/// jump.
#[derive(Debug, Default)]
pub(super) struct ColorScale {
    limit: f32,
    model: Option<Arc<Model>>,
    rival: Option<Digit>,
}

impl ColorScale {
    /// Grows for these values.
    pub(super) fn fit(
        &mut self,
        shown: &ShownExplanation,
        rival: Option<Digit>,
        values: impl Iterator<Item = f32>,
    ) {
        let model = &shown.model;
        let is_same = |own: &Arc<Model>| Arc::ptr_eq(own, model);
        if rival != self.rival || !self.model.as_ref().is_some_and(is_same) {
            self.reset();
            (self.model, self.rival) = (Some(Arc::clone(model)), rival);
        }
        self.limit = self.limit.max(scale_limit(values));
    }

    /// The end of the scale.
    pub(super) fn limit(&self) -> f32 {
        self.limit
    }

    /// Starts anew.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Draws the colors with their meaning.
    pub(super) fn ui(
        &self,
        ui: &Ui,
        rect: Rect,
        Comparison { winner, rival }: Comparison,
        color: impl Fn(f32) -> Color32,
    ) {
        const STEPS: usize = 40;
        let palette = Palette::of(ui.style());
        let strip = rect.with_max_y(rect.top() + 10.0);
        let mut mesh = Mesh::default();
        for step in 0..STEPS {
            let [left, right] = [step, step + 1]
                .map(|step| strip.left() + strip.width() * step as f32 / STEPS as f32);
            let part = Rect::from_min_max(pos2(left, strip.top()), pos2(right, strip.bottom()));
            let value = 2.0 * step as f32 / (STEPS - 1) as f32 - 1.0;
            mesh.add_colored_rect(part, color(value));
        }
        ui.painter().add(Shape::mesh(mesh));
        let below = strip.bottom() + 4.0;
        let texts = [
            (
                rect.left(),
                Align2::LEFT_TOP,
                format!("{} for {rival}", self.limit),
            ),
            (rect.center().x, Align2::CENTER_TOP, "0".to_owned()),
            (
                rect.right(),
                Align2::RIGHT_TOP,
                format!("{} for {winner}", self.limit),
            ),
        ];
        for (x, align, text) in texts {
            let font = theme::font(theme::SMALL);
            ui.painter()
                .text(pos2(x, below), align, text, font, palette.weak);
        }
    }
}

/// A line in the heavier weight with a lighter text behind it.
pub(super) fn summary_ui(ui: &mut Ui, rect: Rect, summary: &str, more: &str) {
    let place = rect.with_max_y(rect.top() + SUMMARY);
    ui.scope_builder(UiBuilder::new().max_rect(place), |ui| {
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(summary).font(theme::strong(theme::BODY)));
            ui.label(RichText::new(more).small().weak());
        });
    });
}

/// Draws 28×28 colors.
pub(super) fn pixels_ui(ui: &Ui, rect: Rect, color: impl Fn(usize) -> Color32) {
    let mut mesh = Mesh::default();
    let at = |cell: usize| rect.size() * (cell as f32 / SIDE as f32);
    for index in 0..SIDE * SIDE {
        let (column, row) = (index % SIDE, index / SIDE);
        let corner = |column: usize, row: usize| rect.min + vec2(at(column).x, at(row).y);
        let pixel = Rect::from_min_max(corner(column, row), corner(column + 1, row + 1));
        mesh.add_colored_rect(pixel, color(index));
    }
    ui.painter().add(Shape::mesh(mesh));
}

/// A drawing as large as its bitmap shows it.
pub(super) struct Fit {
    rect: Rect,
    center: Point,
    /// Points of the screen per unit of the pad.
    pub(super) scale: f32,
}

impl Fit {
    /// The share of the rectangle's side that the drawing fills without its pen: 18 of 28 pixels.
    const SHARE: f32 = 18.0 / SIDE as f32;
    /// A smaller drawing is not enlarged further, in units of the pad.
    const MIN_SIDE: f32 = 0.02;

    /// Strokes in the middle of a square.
    pub(super) fn of(ink: &Ink, rect: Rect) -> Self {
        let bounds = ink.bounds().unwrap_or(Bounds {
            min: Point::default(),
            max: Point::new(1.0, 1.0),
        });
        let side = (bounds.longer_side() as f32).max(Self::MIN_SIDE);
        Self {
            rect,
            center: (bounds.min + bounds.max) * 0.5,
            scale: Self::SHARE * rect.width() / side,
        }
    }

    /// Paths in the middle of a square.
    pub(super) fn of_paths<'a>(paths: impl Iterator<Item = &'a Vec<Point>>, rect: Rect) -> Self {
        let paths = paths.filter_map(|path| ink::Stroke::new(path.clone()));
        Self::of(&paths.collect(), rect)
    }

    /// The width of the pen that the network sees, in points.
    pub(super) fn pen(&self) -> f32 {
        PEN_WIDTH_PX / SIDE as f32 * self.rect.width()
    }

    pub(super) fn screen_from_pad(&self, point: Point) -> Pos2 {
        let off = point - self.center;
        self.rect.center() + Vec2::new(off.x, off.y) * self.scale
    }

    /// Draws a path with round ends.
    pub(super) fn path_ui(&self, ui: &Ui, path: &[Point], width: f32, color: Color32) {
        let points: Vec<Pos2> = path.iter().map(|&at| self.screen_from_pad(at)).collect();
        let painter = ui.painter();
        // A line of several points is cut off at sharp corners: each joint is a disc.
        for &point in &points {
            painter.circle_filled(point, width / 2.0, color);
        }
        for ends in points.windows(2) {
            painter.line_segment([ends[0], ends[1]], Stroke::new(width, color));
        }
    }

    /// Draws all strokes.
    pub(super) fn ink_ui(&self, ui: &Ui, ink: &Ink, width: f32, color: Color32) {
        for stroke in ink.strokes() {
            let path = smooth::flatten(stroke.points(), 0.5 / self.scale);
            self.path_ui(ui, &path, width, color);
        }
    }
}
